//! Routes: `rtmsg` and `RTA_*` (linux/rtnetlink.h).
//!
//! ```text
//!  0      1      2      3      4      5        6      7      8              12
//!  +------+------+------+------+------+--------+------+------+--------------+
//!  |family|dstlen|srclen| tos  |table |protocol|scope | type | rtm_flags    |
//!  +------+------+------+------+------+--------+------+------+--------------+
//! ```

use super::{
    RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_NOWHERE, RT_SCOPE_UNIVERSE, Verb, family_number, has,
    put_ip, set,
};
use crate::model::addr::{Cidr, Family};
use crate::model::desired::{Thing, What};
use crate::model::route::{Reach, Route, RouteKind};
use crate::model::rule::{FIB_RULE_INVERT, FRA_PROTOCOL};
use crate::wire::netlink::{Writer, aligned, attr_in, copy};
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
pub const RTAX_RTO_MIN: u8 = 13;
/// Round trip time.
pub const RTAX_RTT: u8 = 4;
/// Its variance.
pub const RTAX_RTTVAR: u8 = 5;

/// No table: look at `RTA_TABLE`.
pub const RT_TABLE_UNSPEC: u8 = 0;

/// The gateway is taken to be on the link.
pub const RTNH_F_ONLINK: u32 = 4;
/// An entry of the cache, not of a table.
pub const RTM_F_CLONED: u32 = 0x200;

/// Whether a route or a rule in the payload of a message has the attributes `ours` beside what is read of it; its
/// metrics count if they are `exact`. In `ours` goes the link that the kernel found where a next hop has none,
/// and the flags that only the kernel sets.
#[inline(never)]
pub fn has_more(what: What, payload: &[u8], ours: &mut [u8], exact: bool) -> bool {
    const ALL_METRICS: u32 = (1 << 18) - 2;
    // what a rule has beside its fields, but for its protocol
    const OF_RULE: u32 = set(&[3, 4, 10, 11, 12, 13, 14, 16, 17, 19, 20, 22, 23, 24]);
    const OF_ROUTE: u32 = set(&[RTA_ENCAP, RTA_NH_ID, RTA_MULTIPATH]);
    // of a rule they are among those above
    const IF_EXACT: u32 = set(&[RTA_FLOW, RTA_PREF]);
    let theirs = payload.get(HEADER..).unwrap_or_default();
    let mut hops = attr_in(theirs, RTA_MULTIPATH);
    each_hop(ours, &mut |flags, link| {
        if let Some([_, _, theirs, _, found @ ..]) = next_hop(&mut hops) {
            *flags |= theirs & !(RTNH_F_ONLINK as u8);
            if *link == [0; 4] {
                *link = *found;
            }
        }
    });
    let mut kinds = match what {
        What::Addr => return true,
        What::Rule => OF_RULE,
        What::Route => OF_ROUTE,
    };
    if exact {
        kinds |= IF_EXACT;
        let theirs = attr_in(theirs, RTA_METRICS);
        if !are_same(attr_in(ours, RTA_METRICS), theirs, ALL_METRICS) {
            return false;
        }
    }
    are_same(ours, theirs, kinds)
}

/// Whether two lists have the same attributes of these types. What was not asked for the kernel shows as an octet
/// that is 0, or as a number of ones (`FRA_SUPPRESS_PREFIXLEN`).
#[inline(never)]
fn are_same(ours: &[u8], theirs: &[u8], kinds: u32) -> bool {
    (0..32).filter(|kind| has(kinds, *kind)).all(|kind| {
        let theirs = attr_in(theirs, kind);
        let ours = attr_in(ours, kind);
        ours == theirs || ours.is_empty() && (theirs == [0] || theirs == [0xff; 4])
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
pub fn nexthops(attrs: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = attr_in(attrs, RTA_MULTIPATH);
    core::iter::from_fn(move || {
        let [_, _, _, _, link @ ..] = next_hop(&mut rest)?;
        Some(u32::from_ne_bytes(*link))
    })
}

/// Takes the next of several next hops.
#[inline(never)]
fn next_hop<'h>(rest: &mut &'h [u8]) -> Option<&'h [u8; RTNEXTHOP]> {
    let hop = rest.first_chunk::<RTNEXTHOP>()?;
    let [l0, l1, ..] = hop;
    *rest = rest.get(nexthop_len(*l0, *l1)..).unwrap_or_default();
    Some(hop)
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
    let hops = attr_in(octets, RTA_MULTIPATH);
    let at = hops.as_ptr().addr().wrapping_sub(octets.as_ptr().addr());
    let hops = at..at.wrapping_add(hops.len());
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
    // by the number of the kind; everywhere for those behind
    const USUAL: [u8; 6] = [
        0,
        RT_SCOPE_LINK,
        RT_SCOPE_HOST,
        RT_SCOPE_LINK,
        0,
        RT_SCOPE_LINK,
    ];
    let usual = USUAL.get(usize::from(route.kind.number())).copied();
    let goes_on = route.via.is_some() || route.reach == Reach::Hops;
    match route.scope {
        _ if route.family() == Family::V6 => RT_SCOPE_UNIVERSE,
        Some(scope) => scope,
        None if route.kind == RouteKind::Unicast && goes_on => RT_SCOPE_UNIVERSE,
        None => usual.unwrap_or(RT_SCOPE_UNIVERSE),
    }
}

/// Appends a route or a rule, and the attributes `more`.
pub(super) fn put(w: &mut Writer<'_>, verb: Verb, thing: &Thing, more: &[u8]) {
    let route = &thing.route;
    let is_rule = thing.what == What::Rule;
    let family = route.family();
    let mut header = [0; HEADER];
    let [
        h_family,
        len,
        src_len,
        tos,
        _,
        protocol,
        scope,
        kind,
        flags,
        ..,
    ] = &mut header;
    *h_family = family_number(family);
    (*len, *src_len, *tos) = (route.dst.len, route.from.len, route.tos);
    *kind = route.kind.number();
    *flags = match route.reach {
        Reach::Checked | Reach::Hops => 0,
        Reach::Onlink => RTNH_F_ONLINK as u8,
        Reach::Inverted => FIB_RULE_INVERT as u8,
    };
    // of a rule the kernel has other uses for these octets
    if !is_rule {
        *protocol = route.protocol;
        *scope = match verb {
            Verb::Add | Verb::Replace => self::scope(route),
            Verb::Delete => route.scope.unwrap_or(RT_SCOPE_NOWHERE),
        };
    }
    w.header(&header);
    put_net(w, RTA_DST, &route.dst);
    put_net(w, RTA_SRC, &route.from);
    if let Some(via) = &route.via {
        let mut room = [0; MAX_RTVIA];
        let (kind, octets) = gateway(family, via, &mut room);
        w.attr(kind, octets);
    }
    if let Some(src) = &route.src {
        put_ip(w, RTA_PREFSRC, src);
    }
    put_number(w, RTA_TABLE, route.table);
    let metric = match is_rule {
        // the kernel chooses a priority where none is given
        true => route.metric,
        false => route.effective_metric(),
    };
    put_number(w, RTA_PRIORITY, metric);
    if is_rule {
        w.attr(FRA_PROTOCOL, &[route.protocol]);
    } else {
        put_number(w, RTA_OIF, thing.oif());
    }
    if is_rule || verb != Verb::Delete {
        w.header(more);
    }
}

/// Appends a prefix, unless it is everything.
fn put_net(w: &mut Writer<'_>, kind: u16, net: &Cidr) {
    if !net.is_default() {
        put_ip(w, kind, &net.addr);
    }
}

/// The attribute for the gateway of a route of `family`, or of a next hop of one; `room` is for its octets.
#[inline(never)]
pub fn gateway<'r>(family: Family, via: &IpAddr, room: &'r mut [u8; MAX_RTVIA]) -> (u16, &'r [u8]) {
    let of = Family::of(via);
    let [f0, f1, addr @ ..] = room;
    [*f0, *f1] = u16::from(family_number(of)).to_ne_bytes();
    match via {
        IpAddr::V4(via) => copy(addr, &via.octets()),
        IpAddr::V6(via) => *addr = via.octets(),
    }
    let (kind, at) = match of == family {
        true => (RTA_GATEWAY, 2),
        false => (RTA_VIA, 0),
    };
    let end = of.octets().wrapping_add(2);
    (kind, room.get(at..end).unwrap_or_default())
}

/// Octets of an `RTA_VIA` with an IPv6 address.
pub const MAX_RTVIA: usize = 18;

/// Appends a number other than 0.
pub(super) fn put_number(w: &mut Writer<'_>, kind: u16, number: u32) {
    if number != 0 {
        w.attr_u32(kind, number);
    }
}
