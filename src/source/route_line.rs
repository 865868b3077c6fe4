//! One route as ip-route(8) takes it, `10.0.0.0/8 via 192.0.2.1 dev eth0 metric 5`, one rule as ip-rule(8) takes
//! it, and one line of `static-routes` (route(8)): one table of words for the three.

use super::route_words::{Form, Value};
use crate::diag::{LineBuf, Origin, Problem};
use crate::limits::MAX_VALUE;
use crate::model::addr::{Cidr, Family};
use crate::model::config::{Config, RouteConfig, RouteDev};
use crate::model::link::IfName;
use crate::model::route::Route;
use crate::text::parts;
use heapless::Vec;

/// Reads what follows `ip route add` or `ip rule add`, but for the link; `None` if it is no such thing.
#[inline(never)]
pub fn parse_route(
    words: &[u8],
    form: Form,
    family: Family,
    config: &mut Config<'_>,
) -> Option<Route> {
    let mut line = RouteLine::new(words, form, family);
    line.read(config).ok()?;
    Some(line.entry.route)
}

/// One line, and what it says. What is used most comes first, here and in [`Room`]: it is nearer.
#[repr(C)]
pub(super) struct RouteLine<'a> {
    /// The word read last; what made [`RouteLine::read`] fail.
    pub word: &'a [u8],
    /// What is not read yet.
    pub rest: &'a [u8],
    /// What it is.
    pub form: Form,
    /// Whether it has a destination.
    pub has_dst: bool,
    /// Whether the destination or the source had bits beyond its prefix length.
    pub had_host_bits: bool,
    /// What the word at hand means: see [`super::route_words::Word`].
    pub value: Value,
    /// The same.
    pub to: u8,
    /// `rtnh_hops` of the next hop at hand.
    pub weight: u8,
    /// `RTAX_LOCK`: metrics that are not to be changed.
    pub locks: u32,
    /// Octets from the first `nexthop` on; 0 until there is one.
    pub hops: usize,
    /// Where the next hops before the one at hand begin among the attributes.
    pub hops_at: usize,
    /// The route, complete once [`RouteLine::read`] succeeded; its link and place are for who adds it.
    pub entry: RouteConfig,
    /// The destination or the source as written, whichever came last; the name of a table, whose number is the
    /// metric.
    pub at: &'a [u8],
    /// `dev`.
    pub dev: Option<IfName>,
}

/// What a line says beyond the fields of a route, and where that goes.
#[repr(C)]
pub(super) struct Room<'a, 'r, 'm> {
    /// Where texts are kept.
    pub config: &'r mut Config<'m>,
    /// All that is to be read.
    pub all: &'a [u8],
    /// Metrics, as attributes.
    pub metrics: Vec<u8, MAX_METRICS>,
    /// What is shown of it.
    pub text: LineBuf<MAX_VALUE>,
    /// All of it.
    pub attrs: Vec<u8, MAX_ATTRS>,
}

/// Octets of all attributes: a next hop of 15 octets of text has 28.
const MAX_ATTRS: usize = 2 * MAX_VALUE;
/// Octets of all metrics: 16 numbers and a name.
const MAX_METRICS: usize = 256;

impl<'a> RouteLine<'a> {
    /// Nothing read yet.
    #[inline(never)]
    pub fn new(line: &'a [u8], form: Form, family: Family) -> RouteLine<'a> {
        RouteLine {
            entry: RouteConfig {
                dev: RouteDev::Anywhere,
                route: Route::new(Cidr::default(family)),
                origin: Origin::NONE,
            },
            rest: line,
            word: line,
            at: line,
            dev: None,
            form,
            has_dst: false,
            had_host_bits: false,
            value: Value::Nothing,
            to: 0,
            weight: 0,
            locks: 0,
            hops: 0,
            hops_at: usize::MAX,
        }
    }

    /// Goes to the next word; not where there is no more, or a comment.
    #[inline(never)]
    pub fn next(&mut self) -> bool {
        match parts::next_word(&mut self.rest) {
            None | Some([b'#', ..]) => false,
            Some(word) => {
                self.word = word;
                true
            }
        }
    }

    /// Reads every word.
    #[inline(never)]
    pub fn read(&mut self, config: &mut Config<'_>) -> Result<(), Problem> {
        let read = self.read_words(&mut Room {
            config,
            all: self.rest,
            metrics: Vec::new(),
            text: LineBuf::new(),
            attrs: Vec::new(),
        });
        match read {
            Err(Problem::NotRead) if self.form == Form::Rule => Err(Problem::NotARule),
            _ => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Storage, describe_route};
    use super::*;
    use crate::model::config::Str;
    use crate::model::rule::TableName;
    use crate::wire::netlink::attrs;
    use crate::wire::rtnetlink::route::{RTA_METRICS, RTA_MULTIPATH};
    use std::format;
    use std::string::String;

    /// What a line says, and behind `+` what it says beyond the fields of a route; else the problem, and where.
    fn parsed_as(
        form: Form,
        line: &str,
        family: Family,
    ) -> Result<String, (Problem, usize, usize)> {
        let mut storage = Storage::default();
        let mut config = storage.config();
        let mine = config.keep(b"mine").unwrap();
        let table = TableName {
            name: mine,
            number: 100,
        };
        config.tables.push(table).unwrap();
        let mut words = RouteLine::new(line.as_bytes(), form, family);
        match words.read(&mut config) {
            Ok(()) => {
                let mut text = describe_route(&words.entry.route, words.dev);
                if let Some(more) = words.entry.route.more {
                    text += &format!(" + {}", config.text(more.text).escape_ascii());
                }
                Ok(text)
            }
            Err(what) => {
                let at = words.word.as_ptr() as usize - line.as_ptr() as usize;
                Err((what, at, words.word.len()))
            }
        }
    }

    fn parsed(line: &str, family: Family) -> Result<String, (Problem, usize, usize)> {
        parsed_as(Form::Route, line, family)
    }

    /// The attributes of a line as numbers and octets, a next hop's link by its name.
    fn attrs_of(form: Form, line: &str, family: Family) -> std::vec::Vec<String> {
        let mut storage = Storage::default();
        let mut config = storage.config();
        let words = line.as_bytes();
        let route = parse_route(words, form, family, &mut config).expect(line);
        let octets = route.more.map_or(&b""[..], |more| config.text(more.attrs));
        let mut all = std::vec::Vec::new();
        let mut list = attrs(octets);
        for attr in &mut list {
            all.push(match attr.kind {
                RTA_METRICS => {
                    let metrics = attrs(attr.payload);
                    let shown = metrics.map(|at| format!("{}={:?}", at.kind, at.payload));
                    format!("metrics {}", shown.collect::<std::vec::Vec<_>>().join(" "))
                }
                RTA_MULTIPATH if form == Form::Route => {
                    let mut hops = attr.payload.to_vec();
                    let mut shown = String::from("hops");
                    while let Some(&[len, 0, flags, weight, i0, i1, i2, i3]) = hops.first_chunk() {
                        let name = Str::numbered(u32::from_ne_bytes([i0, i1, i2, i3]));
                        let name = config.text_or_none(&name).escape_ascii();
                        let via = &hops[8..len.into()];
                        shown += &format!(" [{flags} {weight} {name} {via:?}]");
                        hops.drain(..usize::from(len));
                    }
                    shown
                }
                kind => format!("{kind}={:?}", attr.payload),
            });
        }
        assert!(list.rest().is_empty(), "{line}");
        all
    }

    #[test]
    fn lines_are_those_of_ip_route() {
        for (line, want) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.1", "10.0.0.1/32"),
            ("10/8 via 192.0.2.1", "10.0.0.0/8 via 192.0.2.1"),
            ("172.16/12", "172.16.0.0/12"),
            ("192.168.1/24 # comment", "192.168.1.0/24"),
            ("0/0 via 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
            (
                "to default via 192.0.2.1 dev eth0",
                "0.0.0.0/0 via 192.0.2.1 dev eth0",
            ),
            ("default via 0.0.0.0 dev eth0", "0.0.0.0/0 dev eth0"),
            ("via 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("via 192.0.2.1 10.0.0.0/8", "10.0.0.0/8 via 192.0.2.1"),
            ("10.0.0.0/8 via inet6 fe80::1", "10.0.0.0/8 via fe80::1"),
            ("10.0.0.0/8 via inet 192.0.2.1", "10.0.0.0/8 via 192.0.2.1"),
            ("10.0.0.0/8 metric 5", "10.0.0.0/8 metric 5"),
            ("10.0.0.0/8 preference 5", "10.0.0.0/8 metric 5"),
            (
                "10.0.0.0/8 priority 5 src 192.0.2.9",
                "10.0.0.0/8 src 192.0.2.9 metric 5",
            ),
            ("10.0.0.0/8 table 100", "10.0.0.0/8 table 100"),
            ("10.0.0.0/8 table main", "10.0.0.0/8"),
            ("10.0.0.0/8 table local", "10.0.0.0/8 table 255"),
            ("10.0.0.0/8 table default", "10.0.0.0/8 table 253"),
            ("10.0.0.0/8 proto static", "10.0.0.0/8 proto 4"),
            ("10.0.0.0/8 protocol 99", "10.0.0.0/8 proto 99"),
            ("10.0.0.0/8 scope link", "10.0.0.0/8 scope 253"),
            ("10.0.0.0/8 scope 200", "10.0.0.0/8 scope 200"),
            ("10.0.0.0/8 tos 0x10", "10.0.0.0/8 tos 16"),
            ("10.0.0.0/8 dsfield 10", "10.0.0.0/8 tos 16"),
            (
                "10.0.0.0/8 via 192.0.2.1 onlink",
                "10.0.0.0/8 via 192.0.2.1 onlink",
            ),
            ("unicast 10.0.0.0/8", "10.0.0.0/8"),
            ("blackhole 10.0.0.0/8", "blackhole 10.0.0.0/8"),
            ("unreachable default", "unreachable 0.0.0.0/0"),
            ("prohibit 10.0.0.1", "prohibit 10.0.0.1/32"),
            ("throw 10.0.0.0/8", "throw 10.0.0.0/8"),
            (
                " \t10.0.0.0/8\t via \t192.0.2.1 ",
                "10.0.0.0/8 via 192.0.2.1",
            ),
        ] {
            assert_eq!(parsed(line, Family::V4), Ok(want.into()), "{line}");
        }
        for (line, want) in [
            (
                "2001:db8::/32 via fe80::1 dev eth0",
                "2001:db8::/32 via fe80::1 dev eth0",
            ),
            ("default via fe80::1", "::/0 via fe80::1"),
            ("fd00::/8", "fd00::/8"),
            ("::/0 metric 1", "::/0 metric 1"),
            ("2001:db8::1", "2001:db8::1/128"),
        ] {
            assert_eq!(parsed(line, Family::V6), Ok(want.into()), "{line}");
        }
    }

    #[test]
    fn bad_lines_name_the_word() {
        use Problem::*;
        let other = NotRead;
        for (line, want) in [
            ("10.0.0.300/8", (NotIpv4, 0, 12)),
            ("10.0.0.0/33", (BadPrefix, 0, 11)),
            ("10.0.0.0/255.0.255.0", (BadPrefix, 0, 20)),
            ("010/8", (NotIpv4, 0, 5)),
            ("10", (NotIpv4, 0, 2)),
            ("1.2.3.4.5/8", (NotIpv4, 0, 11)),
            ("2001:db8::/32", (NotIpv4, 0, 13)),
            ("10.0.0.0/8 via fe80::1", (NotIpv4, 15, 7)),
            ("10.0.0.0/8 via", (NoArgument, 14, 0)),
            ("10.0.0.0/8 dev # eth0", (NoArgument, 21, 0)),
            ("10.0.0.0/8 dev a/b", (NotALinkName, 15, 3)),
            ("10.0.0.0/8 metric x", (NotANumber, 18, 1)),
            ("10.0.0.0/8 table 0", (NotANumber, 17, 1)),
            ("10.0.0.0/8 table yours", (NotATable, 17, 5)),
            ("10.0.0.0/8 proto 256", (NotANumber, 17, 3)),
            ("10.0.0.0/8 scope galaxy", (NotANumber, 17, 6)),
            ("10.0.0.0/8 tos 100", (NotANumber, 15, 3)),
            ("anycast 10.0.0.0/8", (other, 0, 7)),
            ("10.0.0.0/8 encap mpls 5", (other, 11, 5)),
            ("10.0.0.0/8 fwmark 5", (other, 11, 6)),
            ("10.0.0.0/8 gw 192.0.2.1", (other, 11, 2)),
            ("10.0.0.0/8 weight 5", (other, 18, 1)),
            ("10.0.0.0/8 from 10.0.0.0/8", (other, 16, 10)),
            ("10.0.0.0/8 pref high", (other, 16, 4)),
            ("10.0.0.0/8 expires 5", (other, 19, 1)),
            ("10.0.0.0/8 mtu", (NoArgument, 14, 0)),
            ("10.0.0.0/8 mtu lock", (NoArgument, 19, 0)),
            ("10.0.0.0/8 mtu x", (NotANumber, 15, 1)),
            ("10.0.0.0/8 mtu 5 mtu 6", (Duplicate, 21, 1)),
            ("10.0.0.0/8 rtt 5m", (NotANumber, 15, 2)),
            ("10.0.0.0/8 rtt 9999999s", (NotANumber, 15, 8)),
            ("10.0.0.0/8 congctl a/b", (NotALinkName, 19, 3)),
            ("10.0.0.0/8 realms 1/x", (NotANumber, 18, 3)),
            ("10.0.0.0/8 type of", (NotAWord, 16, 2)),
            ("10.0.0.0/8 nexthop weight 0", (NotANumber, 26, 1)),
            ("10.0.0.0/8 nexthop weight 257", (NotANumber, 26, 3)),
            ("10.0.0.0/8 nexthop via x nexthop", (NotIpv4, 23, 1)),
            ("10.0.0.0/8 nexthop via 192.0.2.1 metric 5", (other, 33, 6)),
            ("10.0.0.0/8 nexthop via 192.0.2.1 mtu 5", (other, 33, 3)),
            (
                "10.0.0.0/8 via 192.0.2.1 nexthop via 192.0.2.2",
                (other, 25, 7),
            ),
            ("nexthop via 192.0.2.1 10.0.0.0/8", (ExtraField, 22, 10)),
            ("10.0.0.0/8 192.0.2.0/24", (ExtraField, 11, 12)),
            ("dev eth0", (NoDestination, 0, 0)),
            ("", (NoDestination, 0, 0)),
        ] {
            assert_eq!(parsed(line, Family::V4), Err(want), "{line}");
        }
        assert_eq!(parsed("10.0.0.0/8", Family::V6), Err((NotIpv6, 0, 10)));
        assert_eq!(parsed("fd00::/129", Family::V6), Err((BadPrefix, 0, 10)));
    }

    #[test]
    fn what_a_route_has_beside_its_fields_becomes_attributes() {
        let v4 = |line| attrs_of(Form::Route, line, Family::V4);
        for (line, want) in [
            ("10/8", &[][..]),
            ("10/8 mtu 1400", &["metrics 2=[120, 5, 0, 0]"]),
            (
                "10/8 mtu lock 1400 window 0 hoplimit lock 9",
                &["metrics 2=[120, 5, 0, 0] 10=[9, 0, 0, 0] 1=[4, 4, 0, 0]"],
            ),
            (
                "10/8 rtt 5 rttvar 2ms rto_min 1s",
                &["metrics 4=[5, 0, 0, 0] 5=[8, 0, 0, 0] 13=[232, 3, 0, 0] 1=[0, 32, 0, 0]"],
            ),
            ("10/8 rtt 2s", &["metrics 4=[128, 62, 0, 0]"]),
            (
                "10/8 features ecn congctl cubic quickack 1",
                &["metrics 12=[1, 0, 0, 0] 16=[99, 117, 98, 105, 99, 0] 15=[1, 0, 0, 0]"],
            ),
            ("10/8 realms 3/4", &["11=[4, 0, 3, 0]"]),
            ("10/8 realm 7", &["11=[7, 0, 0, 0]"]),
            ("10/8 nhid 5", &["30=[5, 0, 0, 0]"]),
            ("10/8 ttl-propagate enabled", &["26=[1]"]),
            (
                "10/8 nexthop via 192.0.2.1 dev eth0 weight 3 nexthop via inet6 fe80::1 onlink",
                &["hops [0 2 eth0 [8, 0, 5, 0, 192, 0, 2, 1]] [4 0  \
                   [22, 0, 18, 0, 10, 0, 254, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]]"],
            ),
            (
                "10/8 mtu 9 nexthop dev a nexthop dev a weight 256",
                &["hops [0 0 a []] [0 255 a []]", "metrics 2=[9, 0, 0, 0]"],
            ),
        ] {
            assert_eq!(v4(line), want, "{line}");
        }
        let v6 = |line| attrs_of(Form::Route, line, Family::V6);
        assert_eq!(v6("::/0 pref low expires 5"), ["20=[3]", "23=[5, 0, 0, 0]"]);
        assert_eq!(v6("::/0 pref medium"), [""; 0]);
        let hops = v6("::/0 nexthop via fe80::1 dev a nexthop via fe80::2 dev b");
        assert_eq!(hops.len(), 1);
    }

    #[test]
    fn what_is_said_is_kept_with_one_blank_between_words() {
        for (line, want) in [
            (
                "10/8 mtu  lock\t1400 via 192.0.2.1 window 5 # 7",
                "10.0.0.0/8 via 192.0.2.1 + mtu lock 1400 window 5",
            ),
            (
                "10/8 nexthop  via 192.0.2.1 nexthop dev eth1 # x",
                "10.0.0.0/8 + nexthop via 192.0.2.1 nexthop dev eth1",
            ),
            // one alone is an ordinary route
            (
                "10/8 nexthop via 192.0.2.1 dev eth1 weight 5 onlink",
                "10.0.0.0/8 via 192.0.2.1 dev eth1 onlink",
            ),
            (
                "nexthop via 192.0.2.1 nexthop via 192.0.2.2",
                "0.0.0.0/0 + nexthop via 192.0.2.1 nexthop via 192.0.2.2",
            ),
            (
                "type blackhole 10/8 table mine equalize",
                "blackhole 10.0.0.0/8 table 100",
            ),
            ("10/8 table 0x64", "10.0.0.0/8 table 100"),
        ] {
            assert_eq!(parsed(line, Family::V4), Ok(want.into()), "{line}");
        }
        let line = "2001:db8::/32 from 2001:db8:1::7/48 pref high";
        let want = "2001:db8::/32 from 2001:db8:1::/48 + pref high";
        assert_eq!(parsed(line, Family::V6), Ok(want.into()));
        assert_eq!(
            parsed("2001:db8::/32 realms 5", Family::V6),
            Err((Problem::NotRead, 21, 1))
        );
        let long = format!("10/8 {}", "nexthop dev eth0 ".repeat(300));
        assert_eq!(parsed(&long, Family::V4).unwrap_err().0, Problem::MaxValue);
    }

    #[test]
    fn rules_are_those_of_ip_rule() {
        let rule = |line| parsed_as(Form::Rule, line, Family::V4);
        for (line, want) in [
            (
                "from 192.0.2.5 table mine",
                "0.0.0.0/0 from 192.0.2.5/32 table 100",
            ),
            (
                "from all to 10/8 lookup 5 pref 9",
                "10.0.0.0/8 metric 9 table 5",
            ),
            ("to default order 9", "0.0.0.0/0 metric 9"),
            (
                "from 10.1.2.3/16 tos 10 priority 0",
                "0.0.0.0/0 from 10.1.0.0/16 tos 16",
            ),
            (
                "fwmark 5 preference 7 proto static",
                "0.0.0.0/0 metric 7 proto 4",
            ),
            ("l3mdev", "0.0.0.0/0 table 0"),
            ("blackhole", "blackhole 0.0.0.0/0 table 0"),
            ("type prohibit", "prohibit 0.0.0.0/0 table 0"),
            ("priority 5 goto 9", "local 0.0.0.0/0 metric 5 table 0"),
            ("nop", "broadcast 0.0.0.0/0 table 0"),
        ] {
            assert_eq!(rule(line), Ok(format!("{want} + {line}")), "{line}");
        }
        use Problem::*;
        for (line, want) in [
            ("from", (NoArgument, 4, 0)),
            ("from 10.0.0.300", (NotIpv4, 5, 10)),
            ("from 2001:db8::1", (NotIpv4, 5, 11)),
            ("10.0.0.0/8", (NotARule, 0, 10)),
            ("from 10/8 via 192.0.2.1", (NotARule, 10, 3)),
            ("map-to 192.0.2.1", (NotARule, 0, 6)),
            ("table yours", (NotATable, 6, 5)),
            ("fwmark 5/x", (NotANumber, 7, 3)),
            ("uidrange 5", (NotANumber, 9, 1)),
            ("sport 5-65536", (NotANumber, 6, 7)),
            ("ipproto 256", (NotANumber, 8, 3)),
            ("ipproto carrier-pigeon", (NotANumber, 8, 14)),
            ("iif a/b", (NotALinkName, 4, 3)),
            ("iif a iif b", (Duplicate, 10, 1)),
            ("type local", (NotAWord, 5, 5)),
            ("to 10/8 to 11/8", (ExtraField, 11, 4)),
        ] {
            assert_eq!(rule(line), Err(want), "{line}");
        }
    }

    #[test]
    fn what_a_rule_asks_becomes_attributes() {
        for (line, want) in [
            ("from all", &[][..]),
            (
                "fwmark 0x10",
                &["16=[255, 255, 255, 255]", "10=[16, 0, 0, 0]"],
            ),
            ("fwmark 1/0xff", &["16=[255, 0, 0, 0]", "10=[1, 0, 0, 0]"]),
            ("fwmark 0/15", &["16=[15, 0, 0, 0]"]),
            ("fwmark 0", &[]),
            (
                "iif eth0 oif lo",
                &["3=[101, 116, 104, 48, 0]", "17=[108, 111, 0]"],
            ),
            ("dev eth0", &["3=[101, 116, 104, 48, 0]"]),
            ("l3mdev", &["19=[1]"]),
            ("uidrange 0-7", &["20=[0, 0, 0, 0, 7, 0, 0, 0]"]),
            ("ipproto tcp sport 22", &["22=[6]", "23=[22, 0, 22, 0]"]),
            ("dport 1-2", &["24=[1, 0, 2, 0]"]),
            ("tun_id 258", &["12=[0, 0, 0, 0, 0, 0, 1, 2]"]),
            ("suppress_ifgroup 0", &["13=[0, 0, 0, 0]"]),
            ("goto 9", &["4=[9, 0, 0, 0]"]),
            ("realms 1/2", &["11=[2, 0, 1, 0]"]),
        ] {
            assert_eq!(attrs_of(Form::Rule, line, Family::V4), want, "{line}");
        }
        let suppress = attrs_of(Form::Rule, "sup_pl 0", Family::V6);
        assert_eq!(suppress, ["14=[0, 0, 0, 0]"]);
    }

    #[test]
    fn lines_of_static_routes_are_those_of_route() {
        for (line, want) in [
            (
                "net 10.0.0.0 netmask 255.255.0.0 gw 192.0.2.1",
                "10.0.0.0/16 via 192.0.2.1",
            ),
            (
                "-net 10.0.0.0 gw 192.0.2.1 metric 5",
                "10.0.0.0/8 via 192.0.2.1 metric 5",
            ),
            ("host 192.0.2.7 dev eth1", "192.0.2.7/32 dev eth1"),
            ("net 10.0.0.0/9 gw 192.0.2.1", "10.0.0.0/9 via 192.0.2.1"),
            ("net default gw 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("default gw 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("-host 192.0.2.7 reject", "unreachable 192.0.2.7/32"),
            (
                "net 172.16.0.0 gw 192.0.2.1 mss 1300 window 5 irtt 300",
                "172.16.0.0/16 via 192.0.2.1 + advmss 1300 window 5 rtt 300",
            ),
        ] {
            assert_eq!(
                parsed_as(Form::Static, line, Family::V4),
                Ok(want.into()),
                "{line}"
            );
        }
        for (line, want) in [
            ("eth0 2001:db8::/32", "2001:db8::/32 dev eth0 metric 1"),
            (
                "eth0 2001:db8::/32 fe80::1 # x",
                "2001:db8::/32 via fe80::1 dev eth0 metric 1",
            ),
        ] {
            assert_eq!(
                parsed_as(Form::Static6, line, Family::V6),
                Ok(want.into()),
                "{line}"
            );
        }
        for (line, want) in [
            ("eth0", (Problem::NoArgument, 4, 0)),
            ("eth0 x", (Problem::NotIpv6, 5, 1)),
            ("eth0 ::/0 x", (Problem::NotIpv6, 10, 1)),
        ] {
            assert_eq!(
                parsed_as(Form::Static6, line, Family::V6),
                Err(want),
                "{line}"
            );
        }
    }
}
