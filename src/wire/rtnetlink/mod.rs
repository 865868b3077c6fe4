//! The rtnetlink messages this program speaks (linux/rtnetlink.h, rtnetlink(7)).
//!
//! One file per object. [`decode`] reads addresses and routes alike, and [`change`] writes both; [`get`]
//! asks for any of them. A request is appended to a [`Writer`] and acknowledged only if it fails
//! or if [`Writer::acknowledge_last`] asks for it.

pub mod addr;
pub mod info;
mod info_value;
pub mod link;
pub mod route;

use super::netlink::{
    Attr, Full, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE, Writer, attrs, u32_in,
};
use crate::diag::Origin;
use crate::model::addr::{Cidr, Family};
use crate::model::desired::{Thing, What};
use crate::model::route::{Reach, Route, RouteKind};
use crate::model::rule::{FIB_RULE_INVERT, FRA_PROTOCOL};
use addr::{IFA_ADDRESS, IFA_CACHEINFO, IFA_FLAGS, IFA_LOCAL};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use route::{
    RTA_DST, RTA_ENCAP, RTA_GATEWAY, RTA_MULTIPATH, RTA_NH_ID, RTA_OIF, RTA_PREFSRC, RTA_PRIORITY,
    RTA_SRC, RTA_TABLE, RTA_VIA, RTM_F_CLONED, RTNH_F_ONLINK,
};

/// A link, or its changes.
pub const RTM_NEWLINK: u16 = 16;
/// A link is gone.
pub const RTM_DELLINK: u16 = 17;
/// Asks for links.
pub const RTM_GETLINK: u16 = 18;
/// Changes a link.
pub const RTM_SETLINK: u16 = 19;
/// An address.
pub const RTM_NEWADDR: u16 = 20;
/// An address is gone, or shall go.
pub const RTM_DELADDR: u16 = 21;
/// Asks for addresses.
pub const RTM_GETADDR: u16 = 22;
/// A route.
pub const RTM_NEWROUTE: u16 = 24;
/// A route is gone, or shall go.
pub const RTM_DELROUTE: u16 = 25;
/// Asks for routes.
pub const RTM_GETROUTE: u16 = 26;
/// A policy routing rule.
pub const RTM_NEWRULE: u16 = 32;
/// A policy routing rule is gone, or shall go.
pub const RTM_DELRULE: u16 = 33;
/// Asks for policy routing rules.
pub const RTM_GETRULE: u16 = 34;
/// Adds properties of a link, such as alternative names (Linux 5.5).
pub const RTM_NEWLINKPROP: u16 = 108;
/// Removes properties of a link, such as alternative names (Linux 5.5).
pub const RTM_DELLINKPROP: u16 = 109;

/// Any family (linux/socket.h).
pub const AF_UNSPEC: u8 = 0;
/// IPv4.
pub const AF_INET: u8 = 2;
/// IPv6.
pub const AF_INET6: u8 = 10;

/// Everywhere.
pub const RT_SCOPE_UNIVERSE: u8 = 0;
/// On the link.
pub const RT_SCOPE_LINK: u8 = 253;
/// On this machine.
pub const RT_SCOPE_HOST: u8 = 254;
/// Nowhere; of a deletion: any scope.
pub const RT_SCOPE_NOWHERE: u8 = 255;

/// What becomes of an address or a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is new: `EEXIST` where it is there.
    Add,
    /// It takes the place of another one, or of itself with other lifetimes.
    Replace,
    /// It goes.
    Delete,
}

impl Verb {
    /// Begins the request; `new` is the type of one for a new object, and the next one deletes.
    fn begin(self, w: &mut Writer<'_>, new: u16, seq: u32) {
        let (kind, flags) = match self {
            Verb::Add => (new, NLM_F_CREATE | NLM_F_EXCL),
            Verb::Replace => (new, NLM_F_CREATE | NLM_F_REPLACE),
            Verb::Delete => (new.wrapping_add(1), 0),
        };
        w.begin(kind, flags, seq);
    }
}

/// An address, a route or a rule as the kernel reports it. (In this order, as one octet says where the first 128 octets
/// are.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Seen {
    /// Whether `thing` says all of it: not where a route has several next hops, a next hop object or an
    /// encapsulation, or is of a type of the kernel's own (local, broadcast, multicast, anycast).
    pub is_plain: bool,
    /// `IFA_F_*` of an address; 0 of a route.
    pub flags: u32,
    /// What it is. Of an address the other end is always there, the protocol is 0.
    pub thing: Thing,
}

impl Seen {
    /// Nothing read yet.
    pub fn nothing() -> Seen {
        Seen {
            thing: Thing::route(0, &Route::new(Cidr::default(Family::V4)), Origin::NONE),
            is_plain: true,
            flags: 0,
        }
    }

    /// Reads the address, the route or the rule in the payload of an `RTM_NEW*` or `RTM_DEL*`.
    ///
    /// `None` for other families than IPv4 and IPv6, for prefix lengths beyond the family, for an address
    /// without its octets, and for cached entries, which take no place that a [`Route`] could have.
    #[inline(never)]
    pub fn read(&mut self, what: What, payload: &[u8]) -> Option<()> {
        let (header, mut rest) = payload.split_first_chunk::<8>()?;
        let [family, len, more @ ..] = *header;
        let family = family_in(family)?;
        let thing = &mut self.thing;
        let route = &mut thing.route;
        thing.what = what;
        route.dst = Cidr::default(family);
        let mut wanted = OF_ROUTE;
        if what == What::Addr {
            wanted = OF_ADDR;
            let [flags, _, i0, i1, i2, i3] = more;
            thing.ifindex = u32::from_ne_bytes([i0, i1, i2, i3]);
            route.table = thing.ifindex;
            route.protocol = 0;
            self.flags = flags.into();
        } else {
            route.from = route.dst;
            let flags;
            (flags, rest) = rest.split_first_chunk()?;
            let flags = u32::from_ne_bytes(*flags);
            let [src_len, tos, table, protocol, scope, kind] = more;
            route.from.len = src_len;
            (route.tos, route.table, route.protocol) = (tos, table.into(), protocol);
            route.scope = Some(scope);
            match RouteKind::of(kind) {
                Some(kind) => route.kind = kind,
                None => self.is_plain = false,
            }
            if what == What::Rule {
                wanted = OF_RULE;
                route.protocol = 0;
                if flags & FIB_RULE_INVERT != 0 {
                    route.reach = Reach::Inverted;
                }
            } else if flags & RTM_F_CLONED != 0 {
                return None;
            } else if flags & RTNH_F_ONLINK != 0 {
                route.reach = Reach::Onlink;
            }
        }
        route.dst.len = len;
        let is_addr = what == What::Addr;
        // of an address its octets, of another thing its source
        let mut is_there = false;
        for Attr { kind, payload } in attrs(rest) {
            if !has(wanted, kind) {
                continue;
            }
            let mut octets = payload;
            let number = u32_in(octets).unwrap_or(0);
            let addr = match kind {
                IFA_ADDRESS if is_addr => route.via.insert(NO_ADDR),
                IFA_LOCAL if is_addr => {
                    is_there = true;
                    &mut route.dst.addr
                }
                RTA_DST => &mut route.dst.addr,
                RTA_SRC => {
                    is_there = true;
                    &mut route.from.addr
                }
                RTA_VIA => {
                    // behind the family
                    octets = octets.get(2..).unwrap_or_default();
                    route.via.insert(NO_ADDR)
                }
                RTA_GATEWAY => route.via.insert(NO_ADDR),
                RTA_PREFSRC => route.src.insert(NO_ADDR),
                _ => {
                    match kind {
                        RTA_OIF => thing.ifindex = number,
                        RTA_TABLE => route.table = number,
                        IFA_CACHEINFO if is_addr => {
                            if let ([preferred, valid, _, _], []) = octets.as_chunks() {
                                thing.preferred_secs = u32::from_ne_bytes(*preferred);
                                thing.valid_secs = u32::from_ne_bytes(*valid);
                            }
                        }
                        RTA_PRIORITY => route.metric = number,
                        IFA_FLAGS => self.flags = number,
                        FRA_PROTOCOL => route.protocol = octets.first().copied().unwrap_or(0),
                        RTA_ENCAP => self.is_plain = false,
                        _ => (self.is_plain, route.reach) = (false, Reach::Hops),
                    }
                    continue;
                }
            };
            read_ip(octets, addr)?;
        }
        if is_addr && !is_there {
            // without another end it has one attribute only
            route.dst.addr = route.via?;
        }
        if route.reach == Reach::Hops {
            route.via = None;
        }
        let is_whole = is_there || route.from.is_default();
        (is_whole && route.family() == family && len <= family.bits()).then_some(())
    }
}

/// In place of an address that is about to be read.
const NO_ADDR: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The attributes that are read of an address, of a route, of a rule.
const OF_ADDR: u32 = set(&[IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS]);
const OF_ROUTE: u32 = set(&[
    RTA_DST,
    RTA_SRC,
    RTA_GATEWAY,
    RTA_VIA,
    RTA_PREFSRC,
    RTA_OIF,
    RTA_TABLE,
    RTA_PRIORITY,
    RTA_ENCAP,
    RTA_MULTIPATH,
    RTA_NH_ID,
]);
const OF_RULE: u32 = set(&[RTA_DST, RTA_SRC, RTA_TABLE, RTA_PRIORITY, FRA_PROTOCOL]);

/// Types of attributes, for [`has`].
const fn set(mut kinds: &[u16]) -> u32 {
    let mut set = 0;
    while let [kind, rest @ ..] = kinds {
        set |= 1 << *kind;
        kinds = rest;
    }
    set
}

/// Whether a type is one of those in `set`.
fn has(set: u32, kind: u16) -> bool {
    set.checked_shr(kind.into()).is_some_and(|set| set & 1 != 0)
}

/// What [`Seen::read`] reads.
pub fn decode(what: What, payload: &[u8]) -> Option<Seen> {
    let mut seen = Seen::nothing();
    seen.read(what, payload)?;
    Some(seen)
}

/// Adds an address, a route or a rule for good, or removes it. `more` is what [`Route::more`] says: attributes, in
/// which next hops have the numbers of their links; or the label of an address.
///
/// The address goes that has this link, address, other end and prefix length. Where the first IPv4 address
/// of a prefix goes, the kernel removes the others of the same prefix too, unless `promote_secondaries` is
/// set.
///
/// Of the routes that are as `thing` says, the one with the least metric goes. Link, metric, gateway and
/// scope say nothing where they are 0 or `None`, so an on-link IPv4 route without a scope also means one
/// with a gateway; take the route as it was dumped. The protocol always counts.
pub fn change(
    w: &mut Writer<'_>,
    seq: u32,
    verb: Verb,
    thing: &Thing,
    more: &[u8],
) -> Result<(), Full> {
    // by [`What`]
    const KINDS: [u16; 3] = [RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE];
    let kind = KINDS.get(thing.what as usize).copied();
    verb.begin(w, kind.unwrap_or_default(), seq);
    match thing.what {
        What::Addr => addr::put(w, thing, more),
        What::Route | What::Rule => route::put(w, verb, thing, more),
    }
    w.finish()
}

/// Asks for all links, addresses, routes or rules, as `kind` says (`RTM_GET*`); for the routes of one table only,
/// unless that is 0. The kernel heeds the table under `NETLINK_GET_STRICT_CHK` (Linux 4.20) only, so the
/// answer may hold others all the same.
pub fn get(w: &mut Writer<'_>, seq: u32, kind: u16, table: u32) -> Result<(), Full> {
    w.begin(kind, NLM_F_DUMP, seq);
    match kind {
        RTM_GETLINK => {
            w.header(&[0; 16]);
            w.attr_u32(link::IFLA_EXT_MASK, link::RTEXT_FILTER_SKIP_STATS);
        }
        RTM_GETADDR => w.header(&[0; 8]),
        _ => {
            w.header(&[0; route::HEADER]);
            route::put_number(w, RTA_TABLE, table);
        }
    }
    w.finish()
}

/// `AF_*` of a family.
fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    }
}

/// The family with this `AF_*`.
#[inline(never)]
fn family_in(number: u8) -> Option<Family> {
    match number {
        AF_INET => Some(Family::V4),
        AF_INET6 => Some(Family::V6),
        _ => None,
    }
}

/// Reads the address in `octets`; `None` where that is none.
#[inline(never)]
fn read_ip(octets: &[u8], to: &mut IpAddr) -> Option<()> {
    if let Some(octets) = octets.as_array() {
        *to = IpAddr::V4(Ipv4Addr::from_octets(*octets));
    } else if let Some(octets) = octets.as_array() {
        *to = IpAddr::V6(Ipv6Addr::from_octets(*octets));
    } else {
        return None;
    }
    Some(())
}

/// Appends an attribute with an address.
fn put_ip(w: &mut Writer<'_>, kind: u16, addr: &IpAddr) {
    match addr {
        IpAddr::V4(addr) => w.attr(kind, &addr.octets()),
        IpAddr::V6(addr) => w.attr(kind, &addr.octets()),
    }
}
