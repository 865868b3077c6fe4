//! `rd.route=NET[/LEN]:[GATEWAY][:LINK]` (dracut.cmdline(7)); IPv6 in brackets, the length inside or
//! behind them; `default` and dotted masks as well.

use super::arg::{Arg, Done, Refused, find_link};
use crate::diag::Problem;
use crate::model::addr::{Cidr, Family};
use crate::model::config::{LinkMatch, RouteConfig, RouteDev};
use crate::model::desired::What;
use crate::model::route::Route;
use crate::text::{parts, scalar};

/// `rd.route=`. A link named by its MAC must have been named by an earlier word.
///
/// # Errors
/// The word was reported and has no effect.
pub fn read(arg: &mut Arg<'_, '_, '_>) -> Done {
    let (dst, gateway) = (arg.field(0), arg.field(1));
    let mut via = scalar::ip(gateway);
    if via.is_none() && !gateway.is_empty() {
        return Err(Refused::of(1, Problem::NotAnAddress));
    }
    scalar::forget_zeros(&mut via);
    let family = via.as_ref().map_or(Family::V4, Family::of);
    let mut prefix = Cidr::default(family);
    if !parts::is(dst, b"default")
        && let Err(error) = scalar::prefix(dst, &mut prefix)
    {
        return Err(Refused::of(0, error));
    }
    if prefix.family() == Family::V6 && via.is_some() && family == Family::V4 {
        return Err(Refused::of(1, Problem::NotIpv6));
    }
    let mut link = arg.new_link();
    arg.device(arg.field(2), &mut link)?;
    let entry = &mut RouteConfig {
        dev: RouteDev::Anywhere,
        route: Route::new(prefix),
        origin: arg.origin(dst),
    };
    entry.route.via = via;
    let by_mac = link.matches.mac();
    if let LinkMatch::Any = link.matches {
        if via.is_none() {
            return Err(Refused::of(0, Problem::NoGateway));
        }
    } else if let Some(id) = by_mac.and(find_link(arg.cx.config, arg.source, &link.matches)) {
        entry.dev = RouteDev::Link(id);
    } else if let Some(name) = &link.name {
        entry.dev = RouteDev::Name(*name);
    } else {
        return Err(Refused::of(2, Problem::NoSuchLink));
    }
    arg.end(3);
    let added = arg.cx.add_route(What::Route, entry);
    arg.check_room(added);
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
        let heard = storage.read("cmdline", line, cmdline::read);
        let config = storage.config();
        let show = |route: &super::RouteConfig| {
            let via = route
                .route
                .via
                .map_or(String::new(), |via| format!(" via {via}"));
            let dev = match route.dev {
                RouteDev::Link(id) => format!(" dev #{}", id.number()),
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
            ("", "10 rd.route= NotAnAddress WordIgnored"),
            (":192.0.2.1:eth0", "10 rd.route= NotAnAddress WordIgnored"),
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
                "10 rd.route= \"10.0.0.0/8\" NoGateway WordIgnored",
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
        let (routes, heard) = read(&"rd.route=10.0.0.0/8::eth0 ".repeat(33));
        assert_eq!((routes.len(), heard.len()), (32, 1));
        assert!(heard[0].ends_with("MaxRoutes PartIgnored"));
    }

    #[test]
    fn every_truncation_is_read() {
        let line = "rd.route=[2001:DB8:3::/48]:[2001:DB8:2::1]:[52:54:00:12:34:56]:x";
        for end in 0..=line.len() {
            read(&line[..end]);
        }
    }
}
