//! The words of ip-route(8), ip-rule(8) and `static-routes` (route(8)), one table for the three, and what their
//! arguments are.

use super::Key;
use super::key_table::{Names, key, pack_fields, pack_names, packed_len, row};
use crate::diag::{LineBuf, Problem};
use crate::model::addr::{Cidr, Family};
use crate::model::route::RouteKind;
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};
use crate::wire::rtnetlink::route::RTAX_RTT;
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
pub struct Word {
    /// What becomes of its argument.
    pub value: Value,
    /// The type of an attribute, the number of a kind.
    pub to: u8,
}

/// What becomes of the argument of a word. Those without one come first, then what is no number, then numbers
/// that become fields, then attributes: among these metrics (`RTAX_*`), from [`Value::Time`] to [`Value::Congctl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Value {
    /// It is a destination, or a source, itself: everything.
    Default,
    /// Nothing.
    Nothing,
    /// The gateway is on the link; the rule is about what does not fit.
    Reach,
    /// The table is that of a packet's VRF.
    L3mdev,
    /// A next hop begins.
    Nexthop,
    /// The route, or the action of the rule, is of this kind.
    Kind,
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
    /// The link.
    Dev,
    /// A word for the kind.
    Type,
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
    /// A next hop object. A number 0 is none, here and below.
    Hop,
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
    /// `[FROM/]TO`, of IPv4.
    Realms,
    /// Milliseconds with a unit, after `lock`.
    Time,
    /// A number, after `lock`.
    Metric,
    /// The same, or `ecn`.
    Features,
    /// The same, a name.
    Congctl,
    /// A name of a link.
    Name,
    /// A number, also 0.
    From0,
    /// An octet: `enabled` or `disabled`.
    Switch,
    /// An octet: what IP carries.
    IpProto,
    /// An octet: preference of a router, of IPv6.
    Pref,
    /// A number, of IPv6.
    Number6,
}

impl Value {
    /// Whether it is one of `values`.
    pub const fn is_in(self, values: u64) -> bool {
        values >> self as u8 & 1 != 0
    }
}

/// Some of them, for [`Value::is_in`].
const fn set(mut values: &[Value]) -> u64 {
    let mut set = 0;
    while let [value, rest @ ..] = values {
        set |= 1 << *value as u8;
        values = rest;
    }
    set
}

/// What a next hop may have. A destination after one is complained of as such.
pub(super) const OF_HOP: u64 = set(&[
    Value::Default,
    Value::Nothing,
    Value::Reach,
    Value::Nexthop,
    Value::Via,
    Value::Dev,
    Value::Weight,
]);
/// What IPv4 has not, and what IPv6 has not.
pub(super) const NOT_V4: u64 = set(&[Value::Pref, Value::Number6]);
pub(super) const NOT_V6: u64 = set(&[Value::Realms]);

/// How the number of a [`Value`] is written.
pub(super) struct Shape {
    /// What stands between two numbers.
    pub separator: u8,
    /// Bits that each has at most.
    pub bits: u8,
    /// Octets of the attribute.
    pub len: u8,
    /// The line of [`LISTS`], or [`HEX`].
    pub list: u8,
}

/// By [`Value`], from [`Value::Protocol`] on.
#[rustfmt::skip]
pub(super) static SHAPES: [Shape; 23] = {
    const fn shape(separator: u8, bits: u8, len: u8, list: u8) -> Shape {
        Shape { separator, bits, len, list }
    }
    [
        shape(0, 8, 0, 1), shape(0, 8, 0, 2), shape(0, 32, 0, 3), shape(0, 8, 0, HEX), shape(0, 32, 0, 0),
        shape(0, 32, 0, 0), shape(0, 32, 4, 0), shape(0, 32, 4, 0), shape(b'/', 32, 4, 0), shape(0, 32, 8, 0),
        shape(b'-', 16, 4, 0), shape(b'-', 32, 8, 0), shape(b'/', 32, 4, 0), shape(0, 32, 4, 0), shape(0, 32, 4, 0),
        shape(0, 32, 4, 6), shape(0, 0, 0, 0), shape(0, 0, 0, 0), shape(0, 32, 4, 0), shape(0, 8, 1, 4),
        shape(0, 8, 1, 5), shape(0, 8, 1, 7), shape(0, 32, 4, 0),
    ]
};

/// Such numbers are hexadecimal with or without `0x`, as ip(8) reads them.
pub(super) const HEX: u8 = 8;

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

/// The word for an argument that becomes no attribute, or for none.
const fn word(value: Value) -> Word {
    Word { value, to: 0 }
}

/// The word for an attribute of this type.
const fn option(value: Value, to: u8) -> Word {
    Word { value, to }
}

/// The word for a kind.
const fn kind(kind: RouteKind) -> Word {
    option(Value::Kind, kind as u8)
}

static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static WORDS: [Word; KEYS.len()] = pack_fields(KEYS, word(Value::Nothing));

/// The words: first those of `static-routes` only, then those of routes, then those of routes and rules, then
/// those of rules only. Those of every other line come first: they are looked for one after another.
#[rustfmt::skip]
pub const KEYS: &[Key<Word>] = &[
    key("net", word(Value::Net), "static-routes: destination, without a mask of its class"),
    key("-net", word(Value::Net), "static-routes: as `net`"),
    key("host", word(Value::To), "static-routes: destination"),
    key("-host", word(Value::To), "static-routes: as `host`"),
    key("netmask", word(Value::Netmask), "static-routes: netmask of the destination"),
    key("gw", word(Value::Via), "static-routes: gateway"),
    key("mss", option(Value::Metric, 8), "static-routes: as `advmss`"),
    key("irtt", option(Value::Time, 4), "static-routes: as `rtt`"),
    key("reject", kind(RouteKind::Unreachable), "static-routes: as `unreachable`"),
    key("via", word(Value::Via), "gateway, after `inet` or `inet6` of that family"),
    key("dev", word(Value::Dev), "link"),
    key("metric", word(Value::Place), "metric"),
    key("src", word(Value::Src), "preferred source address"),
    key("scope", word(Value::Scope), "number or name of the scope"),
    key("onlink", word(Value::Reach), "the gateway is taken to be on the link"),
    key("mtu", option(Value::Metric, 2), "MTU, not above that of the path after `lock`"),
    key("nexthop", word(Value::Nexthop), "one of several: `via`, `dev`, `weight`, `onlink`"),
    key("weight", word(Value::Weight), "share of a next hop, 1-256"),
    key("oif", word(Value::Dev), "as `dev`"),
    key("window", option(Value::Metric, 3), "largest TCP window in octets"),
    key("rtt", option(Value::Time, 4), "first guess of the round trip time, in 1/8 ms, `ms` or `s`"),
    key("rttvar", option(Value::Time, 5), "first guess of its variance, in 1/4 ms, `ms` or `s`"),
    key("rto_min", option(Value::Time, 13), "least retransmission timeout, `ms` or `s`"),
    key("ssthresh", option(Value::Metric, 6), "slow start threshold"),
    key("cwnd", option(Value::Metric, 7), "bound of the congestion window"),
    key("advmss", option(Value::Metric, 8), "segment size that is announced"),
    key("reordering", option(Value::Metric, 9), "packets that may overtake one"),
    key("hoplimit", option(Value::Metric, 10), "hop limit"),
    key("initcwnd", option(Value::Metric, 11), "first congestion window"),
    key("features", option(Value::Features, 12), "`ecn`, or a number"),
    key("initrwnd", option(Value::Metric, 14), "first receive window"),
    key("quickack", option(Value::Metric, 15), "whether segments are acknowledged at once"),
    key("congctl", option(Value::Congctl, 16), "name of the congestion control"),
    key("fastopen_no_cookie", option(Value::Metric, 17), "TCP Fast Open without a cookie"),
    key("expires", option(Value::Number6, 23), "seconds until it goes, of IPv6"),
    key("nhid", option(Value::Hop, 30), "next hop object"),
    key("pref", option(Value::Pref, 20), "preference of a router: `low`, `medium`, `high`, of IPv6"),
    key("ttl-propagate", option(Value::Switch, 26), "`enabled` or `disabled`"),
    key("equalize", word(Value::Nothing), "nothing, as in ip(8)"),
    key("unicast", kind(RouteKind::Unicast), "forward packets"),
    key("local", kind(RouteKind::Local), "take packets"),
    key("broadcast", kind(RouteKind::Broadcast), "take packets as broadcasts"),
    key("multicast", kind(RouteKind::Multicast), "a multicast route"),
    key("throw", kind(RouteKind::Throw), "go on with the next rule"),
    key("default", word(Value::Default), "0.0.0.0/0 or ::/0"),
    key("to", word(Value::To), "destination"),
    key("table", word(Value::Table), "number, main, local, default or a name of rt_tables"),
    key("from", word(Value::From), "source"),
    key("proto", word(Value::Protocol), "number or name of who made it"),
    key("protocol", word(Value::Protocol), "as `proto`"),
    key("any", word(Value::Default), "as `default`"),
    key("all", word(Value::Default), "as `default`"),
    key("priority", word(Value::Place), "metric of a route, place of a rule"),
    key("preference", word(Value::Place), "as `priority`"),
    key("tos", word(Value::Tos), "type of service, hexadecimal"),
    key("dsfield", word(Value::Tos), "as `tos`"),
    key("type", word(Value::Type), "kind of a route, action of a rule"),
    key("realms", option(Value::Realms, 11), "`[FROM/]TO`, numbers, of IPv4"),
    key("realm", option(Value::Realms, 11), "as `realms`"),
    key("blackhole", kind(RouteKind::Blackhole), "drop packets silently"),
    key("unreachable", kind(RouteKind::Unreachable), "answer \"host unreachable\""),
    key("prohibit", kind(RouteKind::Prohibit), "answer \"administratively prohibited\""),
    key("lookup", word(Value::Table), "rule: as `table`"),
    key("pref", word(Value::Place), "rule: as `priority`"),
    key("order", word(Value::Place), "rule: as `priority`"),
    key("not", word(Value::Reach), "rule: about what does not fit"),
    key("iif", option(Value::Name, 3), "rule: link that packets came by"),
    key("dev", option(Value::Name, 3), "rule: as `iif`"),
    key("oif", option(Value::Name, 17), "rule: link that a socket is bound to"),
    key("fwmark", option(Value::Mark, 10), "rule: `MARK[/MASK]`"),
    key("uidrange", option(Value::Users, 20), "rule: `FIRST-LAST`"),
    key("ipproto", option(Value::IpProto, 22), "rule: number, tcp, udp, icmp, sctp, dccp or ipv6-icmp"),
    key("sport", option(Value::Ports, 23), "rule: `FIRST[-LAST]`"),
    key("dport", option(Value::Ports, 24), "rule: `FIRST[-LAST]`"),
    key("tun_id", option(Value::Tunnel, 12), "rule: number of a tunnel"),
    key("l3mdev", word(Value::L3mdev), "rule: the table is that of the packet's VRF"),
    key("suppress_prefixlength", option(Value::From0, 14), "rule: leaves out routes of a length up to this"),
    key("sup_pl", option(Value::From0, 14), "rule: as `suppress_prefixlength`"),
    key("suppress_ifgroup", option(Value::From0, 13), "rule: leaves out routes of links in this group"),
    key("sup_group", option(Value::From0, 13), "rule: as `suppress_ifgroup`"),
    key("goto", option(Value::Goto, 4), "rule: go on with the rule of this priority"),
    key("nop", kind(RouteKind::Broadcast), "rule: go on with the next one"),
];

/// The row of `mss`.
const MSS: usize = row(KEYS, "mss") as usize;

/// What ip-route(8) says in place of a word of `route add`, by its row: of `mss` and `irtt`, which stand together.
pub(super) fn alias(row: usize) -> Option<&'static [u8]> {
    let alias = parts::nth(b"advmss,rtt", b',', row.checked_sub(MSS)?);
    (!alias.is_empty()).then_some(alias)
}

/// The first rows of words of routes, of routes and rules, of rules.
const ROUTE: usize = row(KEYS, "via") as usize;
const COMMON: usize = row(KEYS, "default") as usize;
const RULE: usize = row(KEYS, "lookup") as usize;

/// Octets of the packed names before a row.
const fn octets_before(row: usize) -> usize {
    packed_len(KEYS.split_at(row).0)
}

/// The row of what a word means in a line of this form; beyond the last for nothing.
#[inline(never)]
pub(super) fn row_of(form: Form, word: &[u8]) -> usize {
    const ROUTE_AT: usize = octets_before(ROUTE);
    const COMMON_AT: usize = octets_before(COMMON);
    const RULE_AT: usize = octets_before(RULE);
    let (row, from, to) = match form {
        Form::Route => (ROUTE, ROUTE_AT, RULE_AT),
        Form::Rule => (COMMON, COMMON_AT, PACKED.len()),
        Form::Static | Form::Static6 | Form::Table => (0, 0, RULE_AT),
    };
    // most words are addresses, and need not be looked for
    let names = match word {
        [b'0'..=b'9', ..] => &[],
        _ => PACKED.get(from..to).unwrap_or_default(),
    };
    Names(names).find(word).row().wrapping_add(row)
}

/// What the word of a row means.
pub(super) fn word_of(row: usize) -> Option<Word> {
    WORDS.get(row).copied()
}

/// What a word means in a line of this form.
pub(super) fn meaning(form: Form, word: &[u8]) -> Option<Word> {
    word_of(row_of(form, word))
}

/// A number, hexadecimal after `0x` or where `list` says so, or that of a word in a line of [`LISTS`].
#[inline(never)]
pub(super) fn number(word: &[u8], list: u8) -> Option<u32> {
    let mut names = LineBuf::<MAX_NAMES>::new();
    names.unpack(LISTS.line(list.into()));
    let mut rest = Some(names.as_bytes());
    let mut digits = word;
    while let Some(name) = parts::next(&mut rest, b' ') {
        if let Some([b'=', number @ ..]) = parts::strip(name, word) {
            digits = number;
        }
    }
    match parts::strip(digits, b"0x") {
        Some(digits) => scalar::hex(digits),
        None if list == HEX => scalar::hex(digits),
        None => scalar::number(digits),
    }
}

/// A scope, by its number or name.
pub(super) fn scope(word: &[u8]) -> Option<u32> {
    number(word, 2).filter(|scope| *scope <= 255)
}

/// Octets of a line of [`LISTS`].
const MAX_NAMES: usize = 64;

/// Milliseconds, with a unit in the kernel's (linux/rtnetlink.h: `rtt` in eighths, `rttvar` in quarters).
pub(super) fn time(word: &[u8], kind: u8) -> Option<u32> {
    let digits = word
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let (digits, unit) = word.split_at_checked(digits)?;
    // in eighths, in quarters, in ones
    let scale = 8_u32
        .wrapping_shr(kind.wrapping_sub(RTAX_RTT).into())
        .max(1);
    let unit = match packed!(",ms,msec,msecs,s,sec,secs").position(unit)? {
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
    if is_word && meaning(form, word).is_some_and(|word| word.value == Value::Default) {
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
    let start = parts::take(&mut rest, b'/');
    let addr = scalar::ipv4_start(start, &mut missing).ok_or(Problem::NotIpv4)?;
    into.addr = IpAddr::V4(addr);
    into.len = match rest {
        Some(len) => scalar::prefix_len(len, family).ok_or(Problem::BadPrefix)?,
        None if missing > 0 => return Err(Problem::NotIpv4),
        None => 32,
    };
    Ok(())
}
