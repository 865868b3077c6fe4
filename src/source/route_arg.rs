//! `rd.route=NET[/LEN]:[GATEWAY][:LINK]` (dracut.cmdline(7)); IPv6 in brackets, the length inside or
//! behind them; `default` and dotted masks as well.

use super::arg::{Arg, Done, find_link};
use crate::diag::{Effect, Problem, Severity};
use crate::model::addr::{Cidr, Family};
use crate::model::config::{LinkMatch, RouteConfig, RouteDev};
use crate::model::route::Route;
use crate::text::scalar;

/// `rd.route=`. A link named by its MAC must have been named by an earlier word.
///
/// # Errors
/// The word was reported and has no effect.
pub fn read(arg: &mut Arg<'_, '_, '_>) -> Done {
    let mut fields = arg.fields();
    let [dst, gateway, link] = fields.take_all();
    let via = match scalar::ip(gateway) {
        None if !gateway.is_empty() => {
            return Err(arg.refuse(gateway, Problem::NotAnAddress));
        }
        via => via.filter(|via| !via.is_unspecified()),
    };
    let prefix = match dst {
        b"default" => Cidr::default(via.as_ref().map_or(Family::V4, Family::of)),
        text => scalar::prefix(text).map_err(|error| arg.refuse_cidr(dst, error))?,
    };
    if prefix.family() == Family::V6 && via.is_some_and(|via| via.is_ipv4()) {
        return Err(arg.refuse(gateway, Problem::NotIpv6));
    }
    let device = arg.device(link)?;
    let known = find_link(arg.cx.config, device.matches).map(RouteDev::Link);
    let dev = match (device.matches, device.name) {
        (LinkMatch::Any, _) => RouteDev::Anywhere,
        (LinkMatch::Name(name), _) => RouteDev::Name(name),
        (LinkMatch::Mac(_) | LinkMatch::Bootif(_), name) => known
            .or(name.map(RouteDev::Name))
            .ok_or_else(|| arg.refuse(link, Problem::NoSuchLink))?,
    };
    if via.is_none() && dev == RouteDev::Anywhere {
        return Err(arg.refuse(dst, Problem::Missing("its gateway or its link")));
    }
    if !fields.is_done() {
        let problem = Problem::ExtraField;
        arg.report(
            Severity::Warning,
            fields.rest(),
            problem,
            Effect::PartIgnored,
        );
    }
    let origin = arg.origin(dst);
    let mut route = Route::new(prefix);
    route.via = via;
    let route = RouteConfig { dev, route, origin };
    if arg.cx.config.routes.push(route).is_err() {
        return Err(arg.full("MAX_ROUTES"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::config::RouteDev;
    use crate::source::cmdline;
    use crate::source::testing::Storage;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    /// The routes as `dst via gateway dev link`, and the complaints.
    fn read(line: &str) -> (Vec<String>, Vec<String>) {
        let mut storage = Storage::default();
        let heard = storage.read("cmdline", |cx| cmdline::read(line.as_bytes(), cx));
        let config = storage.config();
        let show = |route: &super::RouteConfig| {
            let via = route
                .route
                .via
                .map_or(String::new(), |via| format!(" via {via}"));
            let dev = match route.dev {
                RouteDev::Link(id) => format!(" dev #{}", id.0),
                RouteDev::Name(name) => format!(" dev {name}"),
                RouteDev::Anywhere => String::new(),
            };
            format!("{}{via}{dev}", route.route.dst)
        };
        (config.routes.iter().map(show).collect(), heard.lines())
    }

    #[test]
    fn every_form_is_a_route() {
        for (value, route) in [
            ("10.0.0.0/8:192.0.2.1", "10.0.0.0/8 via 192.0.2.1"),
            (
                "10.0.0.0/8:192.0.2.1:eth0",
                "10.0.0.0/8 via 192.0.2.1 dev eth0",
            ),
            ("10.0.0.0/255.0.0.0:192.0.2.1", "10.0.0.0/8 via 192.0.2.1"),
            ("10.1.2.3/8:192.0.2.1", "10.0.0.0/8 via 192.0.2.1"),
            ("10.1.2.3:192.0.2.1", "10.1.2.3/32 via 192.0.2.1"),
            ("10.0.0.0/8::eth0", "10.0.0.0/8 dev eth0"),
            ("10.0.0.0/8:0.0.0.0:eth0", "10.0.0.0/8 dev eth0"),
            ("default:192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("default::eth0", "0.0.0.0/0 dev eth0"),
            ("default:[2001:db8::1]", "::/0 via 2001:db8::1"),
            ("0.0.0.0/0:192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            (
                "[2001:DB8:3::/48]:[2001:DB8:2::1]:ens10",
                "2001:db8:3::/48 via 2001:db8:2::1 dev ens10",
            ),
            (
                "[2001:db8::]/32:[2001:db8::1]:eth0",
                "2001:db8::/32 via 2001:db8::1 dev eth0",
            ),
            ("[2001:db8::5]::eth0", "2001:db8::5/128 dev eth0"),
            (
                "10.0.0.0/8:[2001:db8::1]:eth0",
                "10.0.0.0/8 via 2001:db8::1 dev eth0",
            ),
            (
                "10.0.0.0/8:192.0.2.1:enx525400123456",
                "10.0.0.0/8 via 192.0.2.1 dev enx525400123456",
            ),
        ] {
            let found = read(&format!("rd.route={value}"));
            assert_eq!(
                found,
                (std::vec![String::from(route)], Vec::new()),
                "{value}"
            );
        }
    }

    #[test]
    fn a_mac_means_a_link_that_was_named() {
        let line = "ip=52-54-00-12-34-56:dhcp rd.route=10.0.0.0/8::[52:54:00:12:34:56]";
        assert_eq!(read(line).0, ["10.0.0.0/8 dev #0"]);
    }

    #[test]
    fn bad_routes_cost_the_word() {
        for (value, complaint) in [
            ("", "10 rd.route= \"\" NotAnAddress WordIgnored"),
            (
                ":192.0.2.1:eth0",
                "10 rd.route= \"\" NotAnAddress WordIgnored",
            ),
            (
                "10.0.0.0/33:192.0.2.1",
                "10 rd.route= \"10.0.0.0/33\" BadPrefix WordIgnored",
            ),
            (
                "10.0.0.0/8:gw",
                "21 rd.route= \"gw\" NotAnAddress WordIgnored",
            ),
            (
                "10.0.0.0/8",
                "10 rd.route= \"10.0.0.0/8\" Missing(\"its gateway or its link\") WordIgnored",
            ),
            (
                "10.0.0.0/8::a/b",
                "22 rd.route= \"a/b\" NotALinkName WordIgnored",
            ),
            (
                "[2001:db8::/32]:192.0.2.1",
                "26 rd.route= \"192.0.2.1\" NotIpv6 WordIgnored",
            ),
            (
                "10.0.0.0/8::52-54-00-12-34-56",
                "22 rd.route= \"52-54-00-12-34-56\" NoSuchLink WordIgnored",
            ),
        ] {
            let expected = format!("error 1:{complaint}");
            let found = read(&format!("rd.route={value}"));
            assert_eq!(found, (Vec::new(), std::vec![expected]), "{value}");
        }
    }

    #[test]
    fn a_fourth_field_is_left_out() {
        let (routes, heard) = read("rd.route=10.0.0.0/8:192.0.2.1:eth0:x:y");
        assert_eq!(routes, ["10.0.0.0/8 via 192.0.2.1 dev eth0"]);
        assert_eq!(
            heard,
            ["warning 1:36 rd.route= \"x:y\" ExtraField PartIgnored"]
        );
    }

    #[test]
    fn a_full_table_is_reported() {
        let (routes, heard) = read(&"rd.route=10.0.0.0/8::eth0 ".repeat(17));
        assert_eq!((routes.len(), heard.len()), (16, 1));
        assert!(heard[0].ends_with("Full(\"MAX_ROUTES\") PartIgnored"));
    }

    #[test]
    fn every_truncation_is_read() {
        let line = "rd.route=[2001:DB8:3::/48]:[2001:DB8:2::1]:[52:54:00:12:34:56]:x";
        for end in 0..=line.len() {
            read(&line[..end]);
        }
    }
}
