//! Routes: `rtmsg` and `RTA_*` (linux/rtnetlink.h).
//!
//! ```text
//!  0      1      2      3      4      5        6      7      8              12
//!  +------+------+------+------+------+--------+------+------+--------------+
//!  |family|dstlen|srclen| tos  |table |protocol|scope | type | rtm_flags    |
//!  +------+------+------+------+------+--------+------+------+--------------+
//! ```

use super::{
    AF_UNSPEC, RT_SCOPE_LINK, RT_SCOPE_NOWHERE, RT_SCOPE_UNIVERSE, RTM_GETROUTE, RTM_NEWROUTE,
    Verb, family_in, family_number, ip_in, put_ip, read_ip,
};
use crate::model::addr::{Cidr, Family};
use crate::model::route::{Reach, Route, RouteKey, RouteKind};
use crate::wire::netlink::{Full, NLM_F_DUMP, Writer, aligned, attr_in, attrs, number_in};
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

/// What stands at one place of the kernel's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A route, and its link; 0 for kinds without one.
    Route(u32, Route),
    /// Something that [`Route`] cannot say: several next hops, a next hop object, an encapsulation, or
    /// a type of the kernel's own (local, broadcast, multicast, anycast).
    Other {
        /// The place it takes.
        key: RouteKey,
        /// `rtm_protocol`.
        protocol: u8,
    },
}

/// The entry in the payload of an `RTM_NEWROUTE` or `RTM_DELROUTE`.
///
/// `None` for what takes no place a [`Route`] could have: other families, cached entries, routes that
/// depend on the source address; and for prefix lengths beyond the family.
#[inline(never)]
pub fn decode(payload: &[u8]) -> Option<Entry> {
    let (header, rest) = payload.split_first_chunk::<12>()?;
    let [
        family,
        dst_len,
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
    let family = family_in(family)?;
    if src_len != 0 || flags & RTM_F_CLONED != 0 || dst_len > family.bits() {
        return None;
    }
    let has = |kind| !attr_in(rest, kind).is_empty();
    let mut dst = Cidr::default(family);
    if has(RTA_DST) {
        dst.addr = ip_in(family, attr_in(rest, RTA_DST))?;
    }
    dst.len = dst_len;
    let mut route = Route::new(dst);
    read_ip(family, attr_in(rest, RTA_GATEWAY), &mut route.via);
    if let Some((of, addr)) = attr_in(rest, RTA_VIA).split_first_chunk()
        && let Ok(of) = u8::try_from(u16::from_ne_bytes(*of))
        && let Some(of) = family_in(of)
    {
        read_ip(of, addr, &mut route.via);
    }
    read_ip(family, attr_in(rest, RTA_PREFSRC), &mut route.src);
    route.table = number_in(rest, RTA_TABLE, u32::from(table));
    route.metric = Some(number_in(rest, RTA_PRIORITY, 0)).filter(|metric| *metric != 0);
    route.scope = Some(scope);
    (route.protocol, route.tos) = (protocol, tos);
    if flags & RTNH_F_ONLINK != 0 {
        route.reach = Reach::Onlink;
    }
    let is_plain = !has(RTA_MULTIPATH) && !has(RTA_ENCAP) && !has(RTA_NH_ID);
    let known = RouteKind::of(kind).filter(|_| is_plain);
    let Some(kind) = known else {
        let key = route.key();
        return Some(Entry::Other { key, protocol });
    };
    route.kind = kind;
    // IPv6 ties the others to the loopback link.
    let ifindex = number_in(rest, RTA_OIF, 0);
    Some(Entry::Route(route.oif(ifindex), route))
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
        (Family::V4, None) if route.kind == RouteKind::Unicast && route.via.is_none() => {
            RT_SCOPE_LINK
        }
        (Family::V4, None) => RT_SCOPE_UNIVERSE,
    }
}

/// Asks for all routes, or for those of one family, one table, or both. The kernel heeds `table` under
/// `NETLINK_GET_STRICT_CHK` (Linux 4.20) only, so the answer may hold others all the same. It answers
/// `ENOENT` if a family is given and has no such table.
pub fn get_routes(
    w: &mut Writer<'_>,
    seq: u32,
    family: Option<Family>,
    table: Option<u32>,
) -> Result<(), Full> {
    w.begin(RTM_GETROUTE, NLM_F_DUMP, seq);
    let table = table.unwrap_or(u32::from(RT_TABLE_UNSPEC));
    let family = family.map_or(AF_UNSPEC, family_number);
    w.header(&[family, 0, 0, 0, short_table(table), 0, 0, 0, 0, 0, 0, 0]);
    put_table(w, table);
    w.finish()
}

/// Adds or removes a route; `ifindex` is 0 for kinds without a link.
///
/// Of those that are as `route` says, the one with the least metric goes. Link, metric, gateway and scope
/// say nothing where they are 0 or `None`, so an on-link IPv4 route without a scope also means one with a
/// gateway; take the route as it was dumped. The protocol always counts.
pub fn change(
    w: &mut Writer<'_>,
    seq: u32,
    verb: Verb,
    ifindex: u32,
    route: &Route,
) -> Result<(), Full> {
    verb.begin(w, RTM_NEWROUTE, seq);
    let scope = match verb {
        Verb::Add | Verb::Replace => scope(route),
        Verb::Delete => route.scope.unwrap_or(RT_SCOPE_NOWHERE),
    };
    put_route(w, ifindex, route, scope);
    w.finish()
}

/// Appends a route's header and attributes.
fn put_route(w: &mut Writer<'_>, ifindex: u32, route: &Route, scope: u8) {
    let family = family_number(route.family());
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
    match route.via {
        None => {}
        Some(via) if Family::of(&via) == route.family() => put_ip(w, RTA_GATEWAY, &via),
        Some(via) => put_rtvia(w, &via),
    }
    if ifindex != 0 {
        w.attr_u32(RTA_OIF, ifindex);
    }
    if let Some(src) = route.src {
        put_ip(w, RTA_PREFSRC, &src);
    }
    let metric = route.effective_metric();
    if metric != 0 {
        w.attr_u32(RTA_PRIORITY, metric);
    }
    put_table(w, route.table);
}

/// Appends a gateway of the family that the destination is not of.
fn put_rtvia(w: &mut Writer<'_>, via: &IpAddr) {
    let mut rtvia = [0; 18];
    let family = u16::from(family_number(Family::of(via))).to_ne_bytes();
    let addr: &[u8] = match via {
        IpAddr::V4(addr) => &addr.octets(),
        IpAddr::V6(addr) => &addr.octets(),
    };
    let octets = family.iter().chain(addr);
    rtvia
        .iter_mut()
        .zip(octets)
        .for_each(|(to, from)| *to = *from);
    let len = family.len().saturating_add(addr.len());
    w.attr(RTA_VIA, rtvia.get(..len).unwrap_or_default());
}

/// `rtm_table`.
fn short_table(table: u32) -> u8 {
    u8::try_from(table).unwrap_or(RT_TABLE_UNSPEC)
}

/// Appends the table, if `rtm_table` has no room for it.
fn put_table(w: &mut Writer<'_>, table: u32) {
    if table > u32::from(u8::MAX) {
        w.attr_u32(RTA_TABLE, table);
    }
}
