//! `route-NAME` and `route6-NAME`, in both of their forms, and single route lines.
//!
//! | form | which files | what |
//! |---|---|---|
//! | keys | IPv4 files with a line `ADDRESSn=` | `ADDRESSn`, `NETMASKn`, `GATEWAYn`, `METRICn`, `OPTIONSn` |
//! | lines | all others | the arguments of `ip route add`, see ip-route(8) |
//!
//! A bad line or number costs that route. Linear, and quick: such files have had 100,000 lines.

use super::assignments::{self, Assignments, GAP, Scratch, Value, is_text, plain_text, short};
use super::complaint::{Complaint, What, complain_at};
use super::key_table::{Names, numbered, pack_names, packed_len};
use super::route_line::RouteLine;
pub use super::route_line::{RouteError, parse_route};
use super::{Context, Key, Place};
use crate::diag::Effect;
use crate::model::addr::{Cidr, Family};
use crate::model::config::{RouteConfig, RouteDev};
use crate::model::link::IfName;
use crate::text::lines::lines;
use crate::text::scalar;
use core::net::IpAddr;

/// Reads a whole file of `family` for the link `dev`.
pub fn read(
    text: &[u8],
    family: Family,
    dev: RouteDev,
    scratch: &mut Scratch<'_>,
    cx: &mut Context<'_, '_>,
) {
    let target = Target {
        dev,
        name: match dev {
            RouteDev::Link(id) => cx.config.link(id).and_then(|link| link.name),
            RouteDev::Name(name) => Some(name),
            RouteDev::Anywhere => None,
        },
    };
    if family == Family::V4 && lines(text).any(|line| is_address_key(line.octets)) {
        let file = assignments::scan(text, NAMES, scratch, cx);
        return read_keys(&file, &target, cx);
    }
    for line in lines(plain_text(text, cx)) {
        let first = line.octets.trim_ascii_start().first();
        if matches!(first, None | Some(b'#')) || !is_text(line, cx) {
            continue;
        }
        let mut words = RouteLine::new(line.octets, family);
        let read = words.read();
        let mut place = Place {
            line: line.number,
            column: column(words.dst_at),
            text: line.octets,
        };
        if let Err(what) = read {
            let token = words.last_word();
            place.column = column(words.at.saturating_sub(token.len()));
            let complaint = Complaint::error(what, Effect::LineIgnored);
            complain_at(place, &"route", token, complaint, cx);
            continue;
        }
        if words.clear_host_bits() {
            let token = words.dst_word();
            complain_at(place, &"route", token, HOST_BITS, cx);
        }
        if push(&words, &target, place, cx).is_none() {
            return;
        }
    }
}

/// The link a file is for.
struct Target {
    dev: RouteDev,
    name: Option<IfName>,
}

const FULL: Complaint = Complaint::error(What::MaxRoutes, Effect::RestIgnored);
/// A gateway or mask whose number has no `ADDRESS`.
const NO_DESTINATION: Complaint = Complaint::warning(What::NoDestination, Effect::KeyUnset);
const NO_ADDR: Complaint = Complaint::error(What::NotIpv4, Effect::LineIgnored);
const NO_PREFIX: Complaint = Complaint::error(What::BadPrefix, Effect::LineIgnored);
const NO_METRIC: Complaint = Complaint::error(What::NotANumber, Effect::LineIgnored);
const HOST_BITS: Complaint = Complaint::warning(What::HostBits, Effect::Guessed);

/// `ADDRESSn=`: the sign of the key form.
#[inline(never)]
fn is_address_key(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let Some(rest) = line.strip_prefix(b"ADDRESS") else {
        return false;
    };
    let digits = rest
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    digits > 0 && rest.get(digits) == Some(&b'=')
}

/// Adds a route; `None` if there is no room for more.
#[inline(never)]
fn push(
    line: &RouteLine<'_>,
    target: &Target,
    place: Place<'_>,
    cx: &mut Context<'_, '_>,
) -> Option<()> {
    let entry = RouteConfig {
        dev: match line.dev {
            Some(name) if target.name != line.dev => RouteDev::Name(name),
            Some(_) | None => target.dev,
        },
        route: line.route,
        origin: cx.origin(place),
    };
    let pushed = cx.config.routes.push(entry).ok();
    if pushed.is_none() {
        complain_at(place, &"route", b"", FULL, cx);
    }
    pushed
}

fn column(at: usize) -> u32 {
    short(at.wrapping_add(1))
}

/// The keys of the key form; all are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part;

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);

/// The keys of the key form.
pub const KEYS: &[Key<Part>] = &[
    numbered("ADDRESS", Part, "destination"),
    numbered(
        "NETMASK",
        Part,
        "its netmask; without one the address class",
    ),
    numbered("GATEWAY", Part, "gateway"),
    numbered("METRIC", Part, "metric"),
    numbered("OPTIONS", Part, "further arguments of `ip route add`"),
];

/// Every `ADDRESSn` of the key form.
#[inline(never)]
fn read_keys(file: &Assignments<'_>, target: &Target, cx: &mut Context<'_, '_>) {
    for value in file.iter().filter(|value| value.row().is_none()) {
        value.unknown(NAMES, cx);
    }
    for ordinal in 1..file.end {
        let Some(value) = file.get_numbered(b"ADDRESS", ordinal) else {
            for stem in [&b"GATEWAY"[..], b"NETMASK"] {
                if let Some(lonely) = file.get_numbered(stem, ordinal) {
                    lonely.complain(NO_DESTINATION, cx);
                }
            }
            continue;
        };
        if file.gap_before(b"ADDRESS", ordinal, 1) {
            value.complain(GAP, cx);
        }
        let options = file.get_numbered(b"OPTIONS", ordinal);
        let octets = options.map_or(&b""[..], Value::octets);
        let mut line = RouteLine::new(octets, Family::V4);
        if keyed_route(&mut line, options, file, value, ordinal, cx).is_some()
            && push(&line, target, value.place(), cx).is_none()
        {
            return;
        }
    }
}

/// One route of the key form, in a line that holds its options; `None` after a complaint.
#[inline(never)]
fn keyed_route(
    line: &mut RouteLine<'_>,
    options: Option<Value<'_>>,
    file: &Assignments<'_>,
    value: Value<'_>,
    ordinal: u32,
    cx: &mut Context<'_, '_>,
) -> Option<()> {
    let addr = value.parsed(scalar::ipv4, NO_ADDR, cx)?;
    let len = match file.get_numbered(b"NETMASK", ordinal) {
        Some(mask) => mask.mask(NO_PREFIX, cx)?,
        None => value.classful(addr, cx),
    };
    line.route.dst = Cidr {
        addr: IpAddr::V4(addr),
        len,
    };
    // options may not have a destination of their own
    line.dst_len = 1;
    if let Err(what) = line.read() {
        let complaint = Complaint::error(what, Effect::LineIgnored);
        let value = options.unwrap_or(value);
        value.complain_of(line.last_word(), complaint, cx);
        return None;
    }
    if line.clear_host_bits() {
        value.complain(HOST_BITS, cx);
    }
    if let Some(value) = file.get_numbered(b"METRIC", ordinal) {
        let metric = value.parsed(scalar::number, NO_METRIC, cx)?;
        line.route.metric = Some(metric);
    }
    if let Some(value) = file.get_numbered(b"GATEWAY", ordinal) {
        let addr = value.parsed(scalar::ipv4, NO_ADDR, cx)?;
        line.route.via = Some(IpAddr::V4(addr)).filter(|addr| !addr.is_unspecified());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg_testing::{Collector, ScratchTables, Tables, context, describe_route};
    use super::*;
    use crate::model::config::{Config, LinkConfig, LinkMatch, SourceKind};
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn read_into(
        config: &mut Config<'_>,
        text: &str,
        family: Family,
    ) -> (Vec<String>, Vec<String>) {
        let eth0 = LinkMatch::Name(IfName::new(b"eth0").unwrap());
        let link = LinkConfig::new(eth0, SourceKind::Ifcfg, crate::diag::Origin::NONE);
        let dev = RouteDev::Link(config.add_link(link).unwrap());
        let (mut sink, mut scratch) = (Collector::default(), ScratchTables::empty());
        let mut cx = context(config, &mut sink, b"route-eth0");
        read(
            text.as_bytes(),
            family,
            dev,
            &mut scratch.scratch(),
            &mut cx,
        );
        let routes = config.routes.iter().map(|entry| match entry.dev {
            RouteDev::Name(name) => describe_route(&entry.route, Some(name)),
            RouteDev::Link(_) | RouteDev::Anywhere => describe_route(&entry.route, None),
        });
        (routes.collect(), sink.lines())
    }

    fn file(text: &str, family: Family) -> (Vec<String>, Vec<String>) {
        read_into(&mut Tables::empty().config(), text, family)
    }

    #[test]
    fn a_bad_line_costs_itself() {
        let (routes, said) = file(
            "# comment\r\n\r\n10.0.0.0/8 via 192.0.2.1 dev eth0\r\n 10.1.2.3/16 dev eth1\r\n\
             \t192.0.2.0/24 nexthop via x\r\ndefault via 192.0.2.254",
            Family::V4,
        );
        assert_eq!(
            routes,
            [
                "10.0.0.0/8 via 192.0.2.1",
                "10.1.0.0/16 dev eth1",
                "0.0.0.0/0 via 192.0.2.254"
            ]
        );
        assert_eq!(
            said,
            [
                "warning 4:2 route \"10.1.2.3/16\" Says(\"has bits beyond its prefix length, they are cleared\") Guessed",
                "error 5:15 route \"nexthop\" NotAvailable(\"is not a part of a route that is read\") LineIgnored",
            ]
        );
    }

    #[test]
    fn origins_point_at_the_destination() {
        let mut tables = Tables::empty();
        let mut config = tables.config();
        read_into(&mut config, "\nblackhole 10.0.0.0/8\n", Family::V4);
        let origin = config.routes.first().unwrap().origin;
        assert_eq!((origin.line, origin.column), (2, 11));
    }

    #[test]
    fn the_key_form_takes_every_number() {
        let (routes, said) = file(
            "ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nGATEWAY0=192.0.2.1\n\
             ADDRESS1=10.1.0.0\nNETMASK1=16\nMETRIC1=5\nOPTIONS1='table 7 onlink'\n\
             ADDRESS3=172.16.0.0\nGATEWAY3=0.0.0.0\n",
            Family::V4,
        );
        assert_eq!(
            routes,
            [
                "10.0.0.0/8 via 192.0.2.1",
                "10.1.0.0/16 metric 5 table 7 onlink",
                "172.16.0.0/16"
            ]
        );
        assert_eq!(
            said,
            [
                "note 8:10 ADDRESS3 \"172.16.0.0\" Says(\"follows a gap in the numbers\") None",
                "warning 8:10 ADDRESS3 \"172.16.0.0\" NoMask(16) Guessed",
            ]
        );
    }

    #[test]
    fn a_bad_number_costs_its_route() {
        for (text, want) in [
            (
                "ADDRESS0=x\nNETMASK0=255.0.0.0",
                "error 1:10 ADDRESS0 \"x\" NotIpv4 LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=255.0.255.0",
                "error 2:10 NETMASK0 \"255.0.255.0\" BadPrefix LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=8\nGATEWAY0=x",
                "error 3:10 GATEWAY0 \"x\" NotIpv4 LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=8\nMETRIC0=x",
                "error 3:9 METRIC0 \"x\" NotANumber LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=8\nOPTIONS0='10.0.0.0/8'",
                "error 3:10 OPTIONS0 \"10.0.0.0/8\" ExtraField LineIgnored",
            ),
        ] {
            assert_eq!(file(text, Family::V4), (Vec::new(), std::vec![want.into()]));
        }
        let (routes, said) = file(
            "ADDRESS0=10.0.0.1\nNETMASK0=8\nPREFIX0=8\nip route\n",
            Family::V4,
        );
        assert_eq!(routes, ["10.0.0.0/8"]);
        assert_eq!(
            said,
            [
                "error 4:1 line \"ip route\" NotAnAssignment LineIgnored",
                "note 3:1 PREFIX0 UnknownKey(\"\") LineIgnored",
                "warning 1:10 ADDRESS0 \"10.0.0.1\" Says(\"has bits beyond its prefix length, they are cleared\") Guessed",
            ]
        );
    }

    #[test]
    fn the_form_is_chosen_by_a_numbered_address() {
        assert!(is_address_key(b" \tADDRESS000="));
        for line in [&b"ADDRESS="[..], b"ADDRESS0", b"XADDRESS0=", b""] {
            assert!(!is_address_key(line));
        }
        // IPv6 files have lines only
        let (routes, said) = file("ADDRESS0=x\n", Family::V6);
        assert_eq!((routes.len(), said.len()), (0, 1));
    }

    #[test]
    fn a_full_table_ends_the_file_with_one_complaint() {
        let lines: String = (0..40).map(|n| format!("10.{n}.0.0/16\n")).collect();
        let (routes, said) = file(&lines, Family::V4);
        assert_eq!(routes.len(), 32);
        assert_eq!(said, ["error 33:1 route Full(\"MAX_ROUTES\") RestIgnored"]);
        let keys: String = (0..40)
            .map(|n| format!("ADDRESS{n}=10.{n}.0.0\n"))
            .collect();
        let (routes, said) = file(&keys, Family::V4);
        assert_eq!(routes.len(), 32);
        assert!(
            said.last()
                .unwrap()
                .ends_with("Full(\"MAX_ROUTES\") RestIgnored")
        );
    }

    #[test]
    fn no_truncation_panics() {
        let text = "blackhole 10/8 via inet6 fe80::1 dev eth0 metric 5 src 192.0.2.1 table main \
            proto static scope link tos 0x10 onlink\nADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\n";
        for end in 0..=text.len() {
            file(&text[..end], Family::V4);
            file(&text[end..], Family::V6);
        }
    }
}
