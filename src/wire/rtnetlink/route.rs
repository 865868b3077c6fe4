//! Routes: `rtmsg` and `RTA_*` (linux/rtnetlink.h).
//!
//! ```text
//!  0      1      2      3      4      5        6      7      8              12
//!  +------+------+------+------+------+--------+------+------+--------------+
//!  |family|dstlen|srclen| tos  |table |protocol|scope | type | rtm_flags    |
//!  +------+------+------+------+------+--------+------+------+--------------+
//! ```

use super::{
    RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_NOWHERE, RT_SCOPE_UNIVERSE, Seen, Verb, family_in,
    family_number, put_ip, read_attr, read_ip,
};
use crate::model::addr::{Cidr, Family};
use crate::model::desired::{Thing, What};
use crate::model::route::{Reach, Route, RouteKind};
use crate::model::rule::{FIB_RULE_INVERT, FRA_PROTOCOL};
use crate::wire::netlink::{Writer, aligned, attr_in, attrs, copy, number_in};
use core::net::IpAddr;

/// Destination; absent where it is everything.
pub const RTA_DST: u16 = 1;
/// Source (IPv6, rules); absent where it is everything.
pub const RTA_SRC: u16 = 2;
/// Outgoing link.
pub const RTA_OIF: u16 = 4;
/// Gateway of the family of the destination.
pub const RTA_GATEWAY: u16 = 5;
/// Metric.
pub const RTA_PRIORITY: u16 = 6;
/// Preferred source address.
pub const RTA_PREFSRC: u16 = 7;
/// Metrics: `RTAX_*` attributes.
pub const RTA_METRICS: u16 = 8;
/// Several next hops.
pub const RTA_MULTIPATH: u16 = 9;
/// Realms (IPv4).
pub const RTA_FLOW: u16 = 11;
/// Table, where the header has no room for it.
pub const RTA_TABLE: u16 = 15;
/// Gateway of another family: `u16` family, address (Linux 5.2).
pub const RTA_VIA: u16 = 18;
/// Preference of a router (IPv6).
pub const RTA_PREF: u16 = 20;
/// Encapsulation.
pub const RTA_ENCAP: u16 = 22;
/// Next hop object (Linux 5.3).
pub const RTA_NH_ID: u16 = 30;

/// Metrics that are not to be changed, a bit for each.
pub const RTAX_LOCK: u16 = 1;
/// Least retransmission timeout.
pub const RTAX_RTO_MIN: u16 = 13;
/// Round trip time.
pub const RTAX_RTT: u16 = 4;
/// Its variance.
pub const RTAX_RTTVAR: u16 = 5;

/// No table: look at `RTA_TABLE`.
pub const RT_TABLE_UNSPEC: u8 = 0;

/// The gateway is taken to be on the link.
pub const RTNH_F_ONLINK: u32 = 4;
/// An entry of the cache, not of a table.
pub const RTM_F_CLONED: u32 = 0x200;

/// Reads the rest of a route, or of a rule: their messages have the same form.
pub(super) fn read(payload: &[u8], family: Family, seen: &mut Seen) -> Option<()> {
    let (header, rest) = payload.split_first_chunk::<HEADER>()?;
    let [
        _,
        _,
        src_len,
        tos,
        table,
        protocol,
        scope,
        kind,
        f0,
        f1,
        f2,
        f3,
    ] = *header;
    let flags = u32::from_ne_bytes([f0, f1, f2, f3]);
    let is_rule = seen.thing.what == What::Rule;
    if src_len > family.bits() || flags & RTM_F_CLONED != 0 && !is_rule {
        return None;
    }
    let route = &mut seen.thing.route;
    route.table = table.into();
    route.scope = Some(scope);
    (route.protocol, route.tos) = (protocol, tos);
    match RouteKind::of(kind) {
        Some(kind) => route.kind = kind,
        None => seen.is_plain = false,
    }
    let mut dst = Some(route.dst.addr);
    read_attr(family, rest, RTA_DST, &mut dst);
    route.dst.addr = dst?;
    let mut from = None;
    read_attr(family, rest, RTA_SRC, &mut from);
    if from.is_some() != (src_len != 0) {
        return None;
    }
    route.from = from.map(|addr| Cidr { addr, len: src_len });
    route.table = number_in(rest, RTA_TABLE, route.table);
    route.metric = Some(number_in(rest, RTA_PRIORITY, 0)).filter(|metric| *metric != 0);
    if is_rule {
        if flags & FIB_RULE_INVERT != 0 {
            route.reach = Reach::Inverted;
        }
        route.protocol = attr_in(rest, FRA_PROTOCOL).first().copied().unwrap_or(0);
        return Some(());
    }
    if flags & RTNH_F_ONLINK != 0 {
        route.reach = Reach::Onlink;
    }
    read_attr(family, rest, RTA_GATEWAY, &mut route.via);
    if let Some((of, addr)) = attr_in(rest, RTA_VIA).split_first_chunk()
        && let Ok(of) = u8::try_from(u16::from_ne_bytes(*of))
        && let Some(of) = family_in(of)
    {
        read_ip(of, addr, &mut route.via);
    }
    read_attr(family, rest, RTA_PREFSRC, &mut route.src);
    for more in &[RTA_MULTIPATH, RTA_NH_ID] {
        if !attr_in(rest, *more).is_empty() {
            (route.reach, route.via, seen.is_plain) = (Reach::Hops, None, false);
        }
    }
    seen.is_plain &= attr_in(rest, RTA_ENCAP).is_empty();
    seen.thing.ifindex = number_in(rest, RTA_OIF, 0);
    Some(())
}

/// Whether a route or a rule in the payload of a message has the attributes `ours` beside what is read of it; its
/// metrics count if they are `exact`. In `ours` goes the link that the kernel found where a next hop has none,
/// and the flags that only the kernel sets.
#[inline(never)]
pub fn has_more(what: What, payload: &[u8], ours: &mut [u8], exact: bool) -> bool {
    const ALL_METRICS: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
    // what a rule has beside its fields, but for its protocol; encapsulation, next hops, realms, preference
    const OF_RULE: &[u8] = &[3, 4, 10, 11, 12, 13, 14, 16, 17, 19, 20, 22, 23, 24];
    const OF_ROUTE: &[u8] = &[22, 30, 9];
    const IF_EXACT: &[u8] = &[22, 30, 9, 11, 20];
    let theirs = payload.get(HEADER..).unwrap_or_default();
    let mut hops = attr_in(theirs, RTA_MULTIPATH);
    each_hop(ours, &mut |flags, link| {
        if let Some(&[l0, l1, f, _, i0, i1, i2, i3]) = hops.first_chunk::<RTNEXTHOP>() {
            *flags |= f & !(RTNH_F_ONLINK as u8);
            if *link == [0; 4] {
                *link = [i0, i1, i2, i3];
            }
            hops = hops.get(nexthop_len(l0, l1)..).unwrap_or_default();
        }
    });
    let kinds = match (what, exact) {
        (What::Addr, _) => return true,
        (What::Rule, _) => OF_RULE,
        (What::Route, false) => OF_ROUTE,
        (What::Route, true) => IF_EXACT,
    };
    are_same(ours, theirs, kinds)
        && (!exact || {
            let [ours, theirs] = [ours, theirs].map(|octets| attr_in(octets, RTA_METRICS));
            are_same(ours, theirs, ALL_METRICS)
        })
}

/// Whether two lists have the same attributes of these types; an octet that is 0 is none.
#[inline(never)]
fn are_same(ours: &[u8], theirs: &[u8], kinds: &[u8]) -> bool {
    kinds.iter().all(|kind| {
        let theirs = attr_in(theirs, (*kind).into());
        attr_in(ours, (*kind).into()) == if theirs == [0] { &[] } else { theirs }
    })
}

/// The links that the next hops in the attributes of a route lead out of, where it has several.
///
/// ```text
///  0      2      3      4              8
///  +------+------+------+--------------+----------------- - -
///  | len  |flags | hops | ifindex      | attributes, padded to 4   (struct rtnexthop)
///  +------+------+------+--------------+----------------- - -
/// ```
pub fn nexthops(attrs: &[u8]) -> NextHops<'_> {
    NextHops(attr_in(attrs, RTA_MULTIPATH))
}

/// See [`nexthops`].
pub struct NextHops<'a>(&'a [u8]);

impl Iterator for NextHops<'_> {
    type Item = u32;

    #[inline(never)]
    fn next(&mut self) -> Option<u32> {
        let (&[l0, l1, _, _, i0, i1, i2, i3], _) = self.0.split_first_chunk()?;
        self.0 = self.0.get(nexthop_len(l0, l1)..).unwrap_or_default();
        Some(u32::from_ne_bytes([i0, i1, i2, i3]))
    }
}

/// Takes those flags from a route in the payload of an `RTM_NEWROUTE`, and from each of its next hops, that
/// only the kernel may set (`RTNH_F_DEAD`, `RTNH_F_LINKDOWN`, ...).
#[inline(never)]
pub fn clear_flags(payload: &mut [u8]) {
    let flags = payload.get_mut(FLAGS..).and_then(<[u8]>::first_chunk_mut);
    if let Some(flags) = flags {
        *flags = (u32::from_ne_bytes(*flags) & RTNH_F_ONLINK).to_ne_bytes();
    }
    each_hop(
        payload.get_mut(HEADER..).unwrap_or_default(),
        &mut |flags, _| {
            *flags &= RTNH_F_ONLINK as u8;
        },
    );
}

/// Passes the flags and the link of each next hop in the attributes of a route to `each`, if it has several.
#[inline(never)]
pub fn each_hop(octets: &mut [u8], each: &mut dyn FnMut(&mut u8, &mut [u8; 4])) {
    let mut all = attrs(octets);
    let mut hops = 0..0;
    while let Some(attr) = all.next() {
        if attr.kind == RTA_MULTIPATH {
            let end = octets.len().saturating_sub(all.rest().len());
            hops = end.saturating_sub(aligned(attr.payload.len()))..end;
            break;
        }
    }
    let mut rest = octets.get_mut(hops).unwrap_or_default();
    while let Some([l0, l1, flags, _, link @ ..]) = rest.first_chunk_mut::<RTNEXTHOP>() {
        each(flags, link);
        let len = nexthop_len(*l0, *l1);
        rest = rest.get_mut(len..).unwrap_or_default();
    }
}

/// Octets of a next hop and its padding.
fn nexthop_len(l0: u8, l1: u8) -> usize {
    aligned(usize::from(u16::from_ne_bytes([l0, l1]))).max(RTNEXTHOP)
}

/// Octets of an `rtmsg` and where its flags are.
pub const HEADER: usize = 12;
const FLAGS: usize = 8;
/// Octets of an `rtnexthop`.
pub const RTNEXTHOP: usize = 8;

/// The scope of a route: that which was asked for, or as ip(8) chooses. IPv6 knows one only.
pub fn scope(route: &Route) -> u8 {
    match (route.family(), route.scope) {
        (Family::V6, _) => RT_SCOPE_UNIVERSE,
        (Family::V4, Some(scope)) => scope,
        (Family::V4, None) => match route.kind {
            RouteKind::Local => RT_SCOPE_HOST,
            RouteKind::Broadcast | RouteKind::Multicast => RT_SCOPE_LINK,
            RouteKind::Unicast if route.via.is_none() && route.reach != Reach::Hops => {
                RT_SCOPE_LINK
            }
            RouteKind::Unicast
            | RouteKind::Blackhole
            | RouteKind::Unreachable
            | RouteKind::Prohibit
            | RouteKind::Throw => RT_SCOPE_UNIVERSE,
        },
    }
}

/// Appends a route or a rule, and the attributes `more`.
pub(super) fn put(w: &mut Writer<'_>, verb: Verb, thing: &Thing, more: &[u8]) {
    let route = &thing.route;
    let is_rule = thing.what == What::Rule;
    let family = family_number(route.family());
    let mut scope = match verb {
        Verb::Add | Verb::Replace => scope(route),
        Verb::Delete => route.scope.unwrap_or(RT_SCOPE_NOWHERE),
    };
    let flags = match route.reach {
        Reach::Checked | Reach::Hops => 0,
        Reach::Onlink => RTNH_F_ONLINK,
        Reach::Inverted => FIB_RULE_INVERT,
    };
    let (mut protocol, mut metric) = (route.protocol, route.effective_metric());
    if is_rule {
        // the kernel has other uses for these octets, and chooses a priority where none is given
        (scope, protocol) = (0, 0);
        metric = route.metric.unwrap_or(0);
    }
    let [f0, f1, f2, f3] = flags.to_ne_bytes();
    let (table, kind) = (short_table(route.table), route.kind.number());
    let (len, tos) = (route.dst.len, route.tos);
    let src_len = route.from.as_ref().map_or(0, |from| from.len);
    w.header(&[
        family, len, src_len, tos, table, protocol, scope, kind, f0, f1, f2, f3,
    ]);
    if !route.dst.is_default() {
        put_ip(w, RTA_DST, &route.dst.addr);
    }
    if let Some(from) = &route.from {
        put_ip(w, RTA_SRC, &from.addr);
    }
    if let Some(via) = &route.via {
        put_gateway(w, route.family(), via);
    }
    if let Some(src) = &route.src {
        put_ip(w, RTA_PREFSRC, src);
    }
    put_number(w, RTA_PRIORITY, metric);
    put_table(w, route.table);
    if is_rule {
        w.attr(FRA_PROTOCOL, &[route.protocol]);
    } else {
        put_number(w, RTA_OIF, thing.oif());
    }
    if is_rule || verb != Verb::Delete {
        w.header(more);
    }
}

/// Appends the gateway of a route of `family`, or of a next hop of one.
pub fn put_gateway(w: &mut Writer<'_>, family: Family, via: &IpAddr) {
    match Family::of(via) == family {
        true => put_ip(w, RTA_GATEWAY, via),
        false => put_rtvia(w, via),
    }
}

/// Appends a number other than 0.
fn put_number(w: &mut Writer<'_>, kind: u16, number: u32) {
    if number != 0 {
        w.attr_u32(kind, number);
    }
}

/// Appends a gateway of the family that the destination is not of.
fn put_rtvia(w: &mut Writer<'_>, via: &IpAddr) {
    let mut rtvia = [0; 18];
    let [f0, f1, room @ ..] = &mut rtvia;
    [*f0, *f1] = u16::from(family_number(Family::of(via))).to_ne_bytes();
    match via {
        IpAddr::V4(addr) => {
            copy(room, &addr.octets());
            w.attr(RTA_VIA, rtvia.first_chunk::<6>().unwrap_or(&[0; 6]));
        }
        IpAddr::V6(addr) => {
            *room = addr.octets();
            w.attr(RTA_VIA, &rtvia);
        }
    }
}

/// `rtm_table`.
pub(super) fn short_table(table: u32) -> u8 {
    u8::try_from(table).unwrap_or(RT_TABLE_UNSPEC)
}

/// Appends the table, if `rtm_table` has no room for it.
pub(super) fn put_table(w: &mut Writer<'_>, table: u32) {
    if table > u32::from(u8::MAX) {
        w.attr_u32(RTA_TABLE, table);
    }
}
