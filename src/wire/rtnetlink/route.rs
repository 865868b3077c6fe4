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
use crate::model::addr::Family;
use crate::model::desired::Thing;
use crate::model::route::{Reach, Route, RouteKind};
use crate::wire::netlink::{Writer, aligned, attr_in, attrs, copy, number_in};
use core::net::IpAddr;
use core::ops::Range;

/// Destination; absent where it is everything.
pub const RTA_DST: u16 = 1;
/// Outgoing link.
pub const RTA_OIF: u16 = 4;
/// Gateway of the family of the destination.
pub const RTA_GATEWAY: u16 = 5;
/// Metric.
pub const RTA_PRIORITY: u16 = 6;
/// Preferred source address.
pub const RTA_PREFSRC: u16 = 7;
/// Several next hops.
pub const RTA_MULTIPATH: u16 = 9;
/// Table, where the header has no room for it.
pub const RTA_TABLE: u16 = 15;
/// Gateway of another family: `u16` family, address (Linux 5.2).
pub const RTA_VIA: u16 = 18;
/// Encapsulation.
pub const RTA_ENCAP: u16 = 22;
/// Next hop object (Linux 5.3).
pub const RTA_NH_ID: u16 = 30;

/// No table: look at `RTA_TABLE`.
pub const RT_TABLE_UNSPEC: u8 = 0;

/// The gateway is taken to be on the link.
pub const RTNH_F_ONLINK: u32 = 4;
/// An entry of the cache, not of a table.
pub const RTM_F_CLONED: u32 = 0x200;

/// Reads the rest of a route.
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
    if src_len != 0 || flags & RTM_F_CLONED != 0 {
        return None;
    }
    let route = &mut seen.thing.route;
    route.table = table.into();
    route.scope = Some(scope);
    (route.protocol, route.tos) = (protocol, tos);
    if flags & RTNH_F_ONLINK != 0 {
        route.reach = Reach::Onlink;
    }
    match RouteKind::of(kind) {
        Some(kind) => route.kind = kind,
        None => seen.is_plain = false,
    }
    let mut dst = Some(route.dst.addr);
    read_attr(family, rest, RTA_DST, &mut dst);
    route.dst.addr = dst?;
    read_attr(family, rest, RTA_GATEWAY, &mut route.via);
    if let Some((of, addr)) = attr_in(rest, RTA_VIA).split_first_chunk()
        && let Ok(of) = u8::try_from(u16::from_ne_bytes(*of))
        && let Some(of) = family_in(of)
    {
        read_ip(of, addr, &mut route.via);
    }
    read_attr(family, rest, RTA_PREFSRC, &mut route.src);
    route.table = number_in(rest, RTA_TABLE, route.table);
    route.metric = Some(number_in(rest, RTA_PRIORITY, 0)).filter(|metric| *metric != 0);
    for more in &[RTA_MULTIPATH, RTA_ENCAP, RTA_NH_ID] {
        seen.is_plain &= attr_in(rest, *more).is_empty();
    }
    seen.thing.ifindex = number_in(rest, RTA_OIF, 0);
    Some(())
}

/// The links that the next hops of a route in the payload of an `RTM_NEWROUTE` lead out of, where it has
/// several.
///
/// ```text
///  0      2      3      4              8
///  +------+------+------+--------------+----------------- - -
///  | len  |flags | hops | ifindex      | attributes, padded to 4   (struct rtnexthop)
///  +------+------+------+--------------+----------------- - -
/// ```
pub fn nexthops(payload: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = payload.get(multipath(payload)).unwrap_or_default();
    core::iter::from_fn(move || {
        let (&[l0, l1, _, _, i0, i1, i2, i3], _) = rest.split_first_chunk()?;
        rest = rest.get(nexthop_len(l0, l1)..).unwrap_or_default();
        Some(u32::from_ne_bytes([i0, i1, i2, i3]))
    })
}

/// Takes those flags from a route in the payload of an `RTM_NEWROUTE`, and from each of its next hops, that
/// only the kernel may set (`RTNH_F_DEAD`, `RTNH_F_LINKDOWN`, ...).
#[inline(never)]
pub fn clear_flags(payload: &mut [u8]) {
    let hops = multipath(payload);
    let flags = payload.get_mut(FLAGS..).and_then(<[u8]>::first_chunk_mut);
    if let Some(flags) = flags {
        *flags = (u32::from_ne_bytes(*flags) & RTNH_F_ONLINK).to_ne_bytes();
    }
    let mut rest = payload.get_mut(hops).unwrap_or_default();
    while let Some([l0, l1, flags, _]) = rest.first_chunk_mut() {
        *flags &= RTNH_F_ONLINK as u8;
        let len = nexthop_len(*l0, *l1);
        rest = rest.get_mut(len..).unwrap_or_default();
    }
}

/// Where the next hops stand in a payload, if there are several.
#[inline(never)]
fn multipath(payload: &[u8]) -> Range<usize> {
    let mut attrs = attrs(payload.get(HEADER..).unwrap_or_default());
    while let Some(attr) = attrs.next() {
        if attr.kind == RTA_MULTIPATH {
            let end = payload.len().saturating_sub(attrs.rest().len());
            return end.saturating_sub(aligned(attr.payload.len()))..end;
        }
    }
    0..0
}

/// Octets of a next hop and its padding.
fn nexthop_len(l0: u8, l1: u8) -> usize {
    aligned(usize::from(u16::from_ne_bytes([l0, l1]))).max(NEXTHOP)
}

/// Octets of an `rtmsg`, where its flags are, and octets of an `rtnexthop`.
const HEADER: usize = 12;
const FLAGS: usize = 8;
const NEXTHOP: usize = 8;

/// The scope of a route: that which was asked for, or as ip(8) chooses. IPv6 knows one only.
pub fn scope(route: &Route) -> u8 {
    match (route.family(), route.scope) {
        (Family::V6, _) => RT_SCOPE_UNIVERSE,
        (Family::V4, Some(scope)) => scope,
        (Family::V4, None) => match route.kind {
            RouteKind::Local => RT_SCOPE_HOST,
            RouteKind::Broadcast | RouteKind::Multicast => RT_SCOPE_LINK,
            RouteKind::Unicast if route.via.is_none() => RT_SCOPE_LINK,
            RouteKind::Unicast
            | RouteKind::Blackhole
            | RouteKind::Unreachable
            | RouteKind::Prohibit
            | RouteKind::Throw => RT_SCOPE_UNIVERSE,
        },
    }
}

/// Appends a route.
pub(super) fn put(w: &mut Writer<'_>, verb: Verb, thing: &Thing) {
    let route = &thing.route;
    let family = family_number(route.family());
    let scope = match verb {
        Verb::Add | Verb::Replace => scope(route),
        Verb::Delete => route.scope.unwrap_or(RT_SCOPE_NOWHERE),
    };
    let flags = match route.reach {
        Reach::Checked => 0,
        Reach::Onlink => RTNH_F_ONLINK,
    };
    let [f0, f1, f2, f3] = flags.to_ne_bytes();
    let (table, kind) = (short_table(route.table), route.kind.number());
    let (len, tos, protocol) = (route.dst.len, route.tos, route.protocol);
    w.header(&[
        family, len, 0, tos, table, protocol, scope, kind, f0, f1, f2, f3,
    ]);
    if !route.dst.is_default() {
        put_ip(w, RTA_DST, &route.dst.addr);
    }
    match &route.via {
        None => {}
        Some(via) if Family::of(via) == route.family() => put_ip(w, RTA_GATEWAY, via),
        Some(via) => put_rtvia(w, via),
    }
    if let Some(src) = &route.src {
        put_ip(w, RTA_PREFSRC, src);
    }
    put_number(w, RTA_OIF, thing.oif());
    put_number(w, RTA_PRIORITY, route.effective_metric());
    put_table(w, route.table);
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
