//! The rtnetlink messages this program speaks (linux/rtnetlink.h, rtnetlink(7)).
//!
//! One file per object, each with `decode` for the payload of a message and one function per request.
//! A request is appended to a [`Writer`] and acknowledged only if it fails
//! or if [`Writer::acknowledge_last`] asks for it.

pub mod addr;
pub mod link;
pub mod route;

use super::netlink::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, Writer};
use crate::model::addr::Family;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// `AF_*` of a family.
fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    }
}

/// The family with this `AF_*`.
fn family_in(number: u8) -> Option<Family> {
    match number {
        AF_INET => Some(Family::V4),
        AF_INET6 => Some(Family::V6),
        _ => None,
    }
}

/// The address in `octets`; `None` if there are not as many as its family has.
#[inline(never)]
fn ip_in(family: Family, octets: &[u8]) -> Option<IpAddr> {
    Some(match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?)),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?)),
    })
}

/// As [`ip_in`], to where it stays.
#[inline(never)]
fn read_ip(family: Family, octets: &[u8], to: &mut Option<IpAddr>) {
    *to = ip_in(family, octets);
}

/// Appends an attribute with an address.
fn put_ip(w: &mut Writer<'_>, kind: u16, addr: &IpAddr) {
    match addr {
        IpAddr::V4(addr) => w.attr(kind, &addr.octets()),
        IpAddr::V6(addr) => w.attr(kind, &addr.octets()),
    }
}
