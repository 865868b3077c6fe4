//! The words of ip-route(8), ip-rule(8) and `static-routes` (route(8)), one table for the three, and what their
//! arguments are.

use super::Key;
use super::key_table::{Names, key, pack_fields, pack_names, packed_len, row};
use crate::diag::{LineBuf, Problem};
use crate::model::addr::{Cidr, Family};
use crate::model::route::RouteKind;
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};
use crate::wire::rtnetlink::route::{RTAX_RTT, RTAX_RTTVAR};
use core::net::IpAddr;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The arguments of `ip route add`.
    Route,
    /// The arguments of `ip rule add`.
    Rule,
    /// `any net TARGET gw ADDRESS` and so on: what `route add` takes behind `any`.
    Static,
    /// `LINK NET [GATEWAY]`, of IPv6.
    Static6,
    /// `NUMBER NAME` of a routing table.
    Table,
}

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is a destination, or a source: everything.
    Default,
    /// Nothing.
    Nothing,
    /// The gateway is on the link.
    Onlink,
    /// The rule is about what does not fit.
    Not,
    /// The table is that of a packet's VRF.
    L3mdev,
    /// A next hop begins.
    Nexthop,
    /// The route, or the action of the rule, is of this kind.
    Kind(RouteKind),
    /// Its argument is this field.
    With(Field),
    /// Its argument is the attribute of this type.
    Attr(Value, u8),
}

/// A field of a route that an argument becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Who made it.
    Protocol,
    /// A scope.
    Scope,
    /// A table, also one of rt_tables.
    Table,
    /// Type of service: two hexadecimal digits.
    Tos,
    /// Metric of a route, priority of a rule.
    Place,
    /// The weight of a next hop.
    Weight,
    /// The link.
    Dev,
    /// The destination.
    To,
    /// The same, without a mask of its class.
    Net,
    /// The netmask of the destination.
    Netmask,
    /// The source.
    From,
    /// The gateway, after `inet` or `inet6` of that family.
    Via,
    /// The preferred source address.
    Src,
    /// The kind.
    Type,
}

/// An attribute that an argument becomes: first metrics, `RTAX_*`, last what one family has. A number 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Value {
    /// A number, after `lock`.
    Metric,
    /// The same, in milliseconds with a unit.
    Time,
    /// The same, or `ecn`.
    Features,
    /// The same, a name.
    Congctl,
    /// A name of a link.
    Name,
    /// A number.
    Number,
    /// A number, also 0.
    From0,
    /// The rule to go on with.
    Goto,
    /// `MARK[/MASK]`.
    Mark,
    /// A number of 64 bits in network order.
    Tunnel,
    /// `FIRST[-LAST]` of ports.
    Ports,
    /// `FIRST-LAST` of users.
    Users,
    /// An octet: `enabled` or `disabled`.
    Switch,
    /// An octet: what IP carries.
    IpProto,
    /// `[FROM/]TO`, of IPv4.
    Realms,
    /// An octet: preference of a router, of IPv6.
    Pref,
    /// A number, of IPv6.
    Number6,
}

/// How a [`Value`] is written: what stands between two numbers, bits that each has at most, octets of the
/// attribute, the line of [`LISTS`].
pub(super) struct Shape {
    pub separator: u8,
    pub bits: u8,
    pub len: u8,
    pub list: u8,
}

/// By [`Value`].
#[rustfmt::skip]
pub(super) static SHAPES: [Shape; 17] = {
    const fn shape(separator: u8, bits: u8, len: u8, list: u8) -> Shape {
        Shape { separator, bits, len, list }
    }
    [
        shape(0, 32, 4, 0), shape(0, 32, 4, 0), shape(0, 32, 4, 6), shape(0, 32, 4, 0), shape(0, 32, 4, 0),
        shape(0, 32, 4, 0), shape(0, 32, 4, 0), shape(0, 32, 4, 0), shape(b'/', 32, 4, 0), shape(0, 32, 8, 0),
        shape(b'-', 16, 4, 0), shape(b'-', 32, 8, 0), shape(0, 8, 1, 4), shape(0, 8, 1, 5),
        shape(b'/', 32, 4, 0), shape(0, 8, 1, 7), shape(0, 32, 4, 0),
    ]
};

/// Words and their numbers, from line 1 on: `RTPROT_*`, `RT_SCOPE_*` (linux/rtnetlink.h), tables that every
/// system has, `IPPROTO_*` (linux/in.h), `RTAX_FEATURE_*`, `ICMPV6_ROUTER_PREF_*` (linux/icmpv6.h).
const LISTS: Packed = packed!(
    "
redirect=1 kernel=2 boot=3 static=4 ra=9 dhcp=16
global=0 universe=0 site=200 link=253 host=254 nowhere=255
main=254 local=255 default=253
disabled=0 enabled=1
icmp=1 tcp=6 udp=17 dccp=33 ipv6-icmp=58 sctp=132
ecn=1
medium=0 high=1 low=3"
);

static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static WORDS: [Word; KEYS.len()] = pack_fields(KEYS, Word::Nothing);

/// The words: first those of `static-routes` only, then those of routes, then those of routes and rules, then
/// those of rules only. Those of every other line come first: they are looked for one after another.
#[rustfmt::skip]
pub const KEYS: &[Key<Word>] = &[
    key("net", Word::With(Field::Net), "static-routes: destination, without a mask of its class"),
    key("-net", Word::With(Field::Net), "static-routes: as `net`"),
    key("host", Word::With(Field::To), "static-routes: destination"),
    key("-host", Word::With(Field::To), "static-routes: as `host`"),
    key("netmask", Word::With(Field::Netmask), "static-routes: netmask of the destination"),
    key("gw", Word::With(Field::Via), "static-routes: gateway"),
    key("mss", Word::Attr(Value::Metric, 8), "static-routes: as `advmss`"),
    key("irtt", Word::Attr(Value::Time, 4), "static-routes: as `rtt`"),
    key("reject", Word::Kind(RouteKind::Unreachable), "static-routes: as `unreachable`"),
    key("via", Word::With(Field::Via), "gateway, after `inet` or `inet6` of that family"),
    key("dev", Word::With(Field::Dev), "link"),
    key("metric", Word::With(Field::Place), "metric"),
    key("src", Word::With(Field::Src), "preferred source address"),
    key("scope", Word::With(Field::Scope), "number or name of the scope"),
    key("onlink", Word::Onlink, "the gateway is taken to be on the link"),
    key("mtu", Word::Attr(Value::Metric, 2), "MTU, not above that of the path after `lock`"),
    key("nexthop", Word::Nexthop, "one of several: `via`, `dev`, `weight`, `onlink`"),
    key("weight", Word::With(Field::Weight), "share of a next hop, 1-256"),
    key("oif", Word::With(Field::Dev), "as `dev`"),
    key("window", Word::Attr(Value::Metric, 3), "largest TCP window in octets"),
    key("rtt", Word::Attr(Value::Time, 4), "first guess of the round trip time, in 1/8 ms, `ms` or `s`"),
    key("rttvar", Word::Attr(Value::Time, 5), "first guess of its variance, in 1/4 ms, `ms` or `s`"),
    key("rto_min", Word::Attr(Value::Time, 13), "least retransmission timeout, `ms` or `s`"),
    key("ssthresh", Word::Attr(Value::Metric, 6), "slow start threshold"),
    key("cwnd", Word::Attr(Value::Metric, 7), "bound of the congestion window"),
    key("advmss", Word::Attr(Value::Metric, 8), "segment size that is announced"),
    key("reordering", Word::Attr(Value::Metric, 9), "packets that may overtake one"),
    key("hoplimit", Word::Attr(Value::Metric, 10), "hop limit"),
    key("initcwnd", Word::Attr(Value::Metric, 11), "first congestion window"),
    key("features", Word::Attr(Value::Features, 12), "`ecn`, or a number"),
    key("initrwnd", Word::Attr(Value::Metric, 14), "first receive window"),
    key("quickack", Word::Attr(Value::Metric, 15), "whether segments are acknowledged at once"),
    key("congctl", Word::Attr(Value::Congctl, 16), "name of the congestion control"),
    key("fastopen_no_cookie", Word::Attr(Value::Metric, 17), "TCP Fast Open without a cookie"),
    key("expires", Word::Attr(Value::Number6, 23), "seconds until it goes, of IPv6"),
    key("nhid", Word::Attr(Value::Number, 30), "next hop object"),
    key("pref", Word::Attr(Value::Pref, 20), "preference of a router: `low`, `medium`, `high`, of IPv6"),
    key("ttl-propagate", Word::Attr(Value::Switch, 26), "`enabled` or `disabled`"),
    key("equalize", Word::Nothing, "nothing, as in ip(8)"),
    key("unicast", Word::Kind(RouteKind::Unicast), "forward packets"),
    key("local", Word::Kind(RouteKind::Local), "take packets"),
    key("broadcast", Word::Kind(RouteKind::Broadcast), "take packets as broadcasts"),
    key("multicast", Word::Kind(RouteKind::Multicast), "a multicast route"),
    key("throw", Word::Kind(RouteKind::Throw), "go on with the next rule"),
    key("default", Word::Default, "0.0.0.0/0 or ::/0"),
    key("to", Word::With(Field::To), "destination"),
    key("table", Word::With(Field::Table), "number, main, local, default or a name of rt_tables"),
    key("from", Word::With(Field::From), "source"),
    key("proto", Word::With(Field::Protocol), "number or name of who made it"),
    key("protocol", Word::With(Field::Protocol), "as `proto`"),
    key("any", Word::Default, "as `default`"),
    key("all", Word::Default, "as `default`"),
    key("priority", Word::With(Field::Place), "metric of a route, place of a rule"),
    key("preference", Word::With(Field::Place), "as `priority`"),
    key("tos", Word::With(Field::Tos), "type of service, hexadecimal"),
    key("dsfield", Word::With(Field::Tos), "as `tos`"),
    key("type", Word::With(Field::Type), "kind of a route, action of a rule"),
    key("realms", Word::Attr(Value::Realms, 11), "`[FROM/]TO`, numbers, of IPv4"),
    key("realm", Word::Attr(Value::Realms, 11), "as `realms`"),
    key("blackhole", Word::Kind(RouteKind::Blackhole), "drop packets silently"),
    key("unreachable", Word::Kind(RouteKind::Unreachable), "answer \"host unreachable\""),
    key("prohibit", Word::Kind(RouteKind::Prohibit), "answer \"administratively prohibited\""),
    key("lookup", Word::With(Field::Table), "rule: as `table`"),
    key("pref", Word::With(Field::Place), "rule: as `priority`"),
    key("order", Word::With(Field::Place), "rule: as `priority`"),
    key("not", Word::Not, "rule: about what does not fit"),
    key("iif", Word::Attr(Value::Name, 3), "rule: link that packets came by"),
    key("dev", Word::Attr(Value::Name, 3), "rule: as `iif`"),
    key("oif", Word::Attr(Value::Name, 17), "rule: link that a socket is bound to"),
    key("fwmark", Word::Attr(Value::Mark, 10), "rule: `MARK[/MASK]`"),
    key("uidrange", Word::Attr(Value::Users, 20), "rule: `FIRST-LAST`"),
    key("ipproto", Word::Attr(Value::IpProto, 22), "rule: number, tcp, udp, icmp, sctp, dccp or ipv6-icmp"),
    key("sport", Word::Attr(Value::Ports, 23), "rule: `FIRST[-LAST]`"),
    key("dport", Word::Attr(Value::Ports, 24), "rule: `FIRST[-LAST]`"),
    key("tun_id", Word::Attr(Value::Tunnel, 12), "rule: number of a tunnel"),
    key("l3mdev", Word::L3mdev, "rule: the table is that of the packet's VRF"),
    key("suppress_prefixlength", Word::Attr(Value::From0, 14), "rule: leaves out routes of a length up to this"),
    key("sup_pl", Word::Attr(Value::From0, 14), "rule: as `suppress_prefixlength`"),
    key("suppress_ifgroup", Word::Attr(Value::From0, 13), "rule: leaves out routes of links in this group"),
    key("sup_group", Word::Attr(Value::From0, 13), "rule: as `suppress_ifgroup`"),
    key("goto", Word::Attr(Value::Goto, 4), "rule: go on with the rule of this priority"),
    key("nop", Word::Kind(RouteKind::Broadcast), "rule: go on with the next one"),
];

/// The first rows of words of routes, of routes and rules, of rules.
const ROUTE: usize = row(KEYS, "via") as usize;
const COMMON: usize = row(KEYS, "default") as usize;
const RULE: usize = row(KEYS, "lookup") as usize;

/// Octets of the packed names before a row.
const fn octets_before(row: usize) -> usize {
    packed_len(KEYS.split_at(row).0)
}

/// What a next hop may have.
pub(super) const OF_HOP: &[Field] = &[Field::Via, Field::Dev, Field::Weight];

/// What a word means in a line of this form.
#[inline(never)]
pub(super) fn meaning(form: Form, word: &[u8]) -> Option<Word> {
    const ROUTE_AT: usize = octets_before(ROUTE);
    const COMMON_AT: usize = octets_before(COMMON);
    const RULE_AT: usize = octets_before(RULE);
    let (row, from, to) = match form {
        Form::Route => (ROUTE, ROUTE_AT, RULE_AT),
        Form::Rule => (COMMON, COMMON_AT, PACKED.len()),
        Form::Static | Form::Static6 | Form::Table => (0, 0, RULE_AT),
    };
    let found = Names(PACKED.get(from..to)?).find(word).row();
    WORDS.get(found.wrapping_add(row)).copied()
}

/// A number, hexadecimal after `0x`, or that of a word in a line of [`LISTS`].
#[inline(never)]
pub(super) fn number(word: &[u8], list: u8) -> Result<u32, Problem> {
    let mut names = LineBuf::<MAX_NAMES>::new();
    names.show(&LISTS.line(list.into()));
    let mut rest = Some(names.as_bytes());
    let mut digits = word;
    while let Some(name) = parts::next(&mut rest, b' ') {
        let (name, number) = parts::split(name, b'=');
        if name == word {
            digits = number.unwrap_or_default();
        }
    }
    let number = match digits.strip_prefix(b"0x") {
        Some(digits) => scalar::hex(digits),
        None => scalar::number(digits),
    };
    number.ok_or(Problem::NotANumber)
}

/// The same, of an octet.
pub(super) fn octet(word: &[u8], list: u8) -> Result<u8, Problem> {
    u8::try_from(number(word, list)?).map_err(|_| Problem::NotANumber)
}

/// A scope, by its number or name.
pub(super) fn scope(word: &[u8]) -> Option<u32> {
    octet(word, 2).ok().map(u32::from)
}

/// Octets of a line of [`LISTS`].
const MAX_NAMES: usize = 64;

/// Milliseconds, with a unit in the kernel's (linux/rtnetlink.h: `rtt` in eighths, `rttvar` in quarters).
pub(super) fn time(word: &[u8], kind: u16) -> Option<u32> {
    let digits = word
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let (digits, unit) = word.split_at_checked(digits)?;
    let scale: u32 = match kind {
        RTAX_RTT => 8,
        RTAX_RTTVAR => 4,
        _ => 1,
    };
    let unit = match parts::position(b",ms,msec,msecs,s,sec,secs", unit)? {
        0 => 1,
        1..=3 => scale,
        _ => scale.wrapping_mul(1_000),
    };
    scalar::number(digits)?.checked_mul(unit)
}

/// Reads an address of `family`; all zeros is none.
#[inline(never)]
pub(super) fn read_addr(
    word: &[u8],
    family: Family,
    into: &mut Option<IpAddr>,
) -> Result<(), Problem> {
    let addr = match word.first() {
        Some(b'[') => None,
        _ => scalar::ip(word),
    };
    if addr.as_ref().map(Family::of) != Some(family) {
        return Err(match family {
            Family::V4 => Problem::NotIpv4,
            Family::V6 => Problem::NotIpv6,
        });
    }
    *into = addr;
    scalar::forget_zeros(into);
    Ok(())
}

/// A prefix, or a word for everything.
pub(super) fn read_net(word: &[u8], form: Form, into: &mut Cidr) -> Result<(), Problem> {
    let is_word = word.first().is_some_and(u8::is_ascii_lowercase);
    if is_word && meaning(form, word) == Some(Word::Default) {
        return Ok(());
    }
    read_prefix(word, into)
}

/// Reads an address, or an address with a length, of the family that `into` has; `10/8` is
/// `10.0.0.0/8`.
fn read_prefix(word: &[u8], into: &mut Cidr) -> Result<(), Problem> {
    let family = into.family();
    if family == Family::V6 {
        let read = scalar::prefix(word, into);
        if read == Err(Problem::NotAnAddress) || into.family() == Family::V4 {
            return Err(Problem::NotIpv6);
        }
        return read;
    }
    let mut rest = Some(word);
    let mut missing = 0;
    let start = parts::next(&mut rest, b'/').unwrap_or_default();
    let addr = scalar::ipv4_start(start, &mut missing).ok_or(Problem::NotIpv4)?;
    into.addr = IpAddr::V4(addr);
    into.len = match rest {
        Some(len) => scalar::prefix_len(len, family).ok_or(Problem::BadPrefix)?,
        None if missing > 0 => return Err(Problem::NotIpv4),
        None => 32,
    };
    Ok(())
}

/// One or two hexadecimal digits.
pub(super) fn hex(word: &[u8]) -> Option<u32> {
    let octet = scalar::hex_octet(word).filter(|_| word.len() <= 2);
    octet.map(u32::from)
}
