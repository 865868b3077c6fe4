//! Addresses: `ifaddrmsg` and `IFA_*` (linux/if_addr.h).
//!
//! ```text
//!  0      1         2      3      4              8
//!  +------+---------+------+------+--------------+
//!  |family|prefixlen|flags |scope | ifa_index    |
//!  +------+---------+------+------+--------------+
//! ```

use super::{RT_SCOPE_HOST, RT_SCOPE_UNIVERSE, family_number, put_ip};
use crate::model::desired::{FOREVER, Thing};
use crate::wire::netlink::Writer;
use core::net::IpAddr;

/// The other end, or the address itself where there is none.
pub const IFA_ADDRESS: u16 = 1;
/// The address itself; of IPv6 only where it has another end.
pub const IFA_LOCAL: u16 = 2;
/// Label of an IPv4 address.
pub const IFA_LABEL: u16 = 3;
/// Broadcast address.
pub const IFA_BROADCAST: u16 = 4;
/// Lifetimes: preferred, valid, and two time stamps.
pub const IFA_CACHEINFO: u16 = 6;
/// All flags; the header has room for eight only.
pub const IFA_FLAGS: u16 = 8;

/// A further IPv4 address in the prefix of another one, or a temporary IPv6 address.
pub const IFA_F_SECONDARY: u32 = 0x01;
/// No duplicate address detection (IPv6).
pub const IFA_F_NODAD: u32 = 0x02;
/// It may be used for some things while it is tentative (IPv6, RFC 4429).
pub const IFA_F_OPTIMISTIC: u32 = 0x04;
/// Somebody else has it (IPv6).
pub const IFA_F_DADFAILED: u32 = 0x08;
/// Duplicate address detection is not finished (IPv6).
pub const IFA_F_TENTATIVE: u32 = 0x40;
/// No lifetime.
pub const IFA_F_PERMANENT: u32 = 0x80;
/// No route for its prefix.
pub const IFA_F_NOPREFIXROUTE: u32 = 0x200;

/// Whether an IPv6 address with these flags may be used.
pub fn is_usable(flags: u32) -> bool {
    flags & IFA_F_OPTIMISTIC != 0 || flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) == 0
}

/// Appends an address; its scope is that which was asked for, or that which ip(8) chooses.
pub(super) fn put(w: &mut Writer<'_>, thing: &Thing, label: &[u8]) {
    let addr = &thing.route.dst;
    let usual = match addr.addr {
        IpAddr::V4(addr) if addr.is_loopback() => RT_SCOPE_HOST,
        // of IPv6 the kernel chooses it
        IpAddr::V4(_) | IpAddr::V6(_) => RT_SCOPE_UNIVERSE,
    };
    let scope = thing.route.scope.unwrap_or(usual);
    let first = [family_number(addr.family()), addr.len, 0, scope];
    w.header([first, thing.ifindex.to_ne_bytes()].as_flattened());
    put_ip(w, IFA_LOCAL, &addr.addr);
    put_ip(
        w,
        IFA_ADDRESS,
        thing.route.via.as_ref().unwrap_or(&addr.addr),
    );
    w.attr(IFA_LABEL, label);
    if !thing.broadcast.is_unspecified() {
        w.attr(IFA_BROADCAST, &thing.broadcast.octets());
    }
    if thing.nodad {
        w.attr_u32(IFA_FLAGS, IFA_F_NODAD);
    }
    if thing.valid_secs != FOREVER {
        // struct ifa_cacheinfo: preferred, valid, and two times that only the kernel gives.
        let preferred = thing.preferred_secs.to_ne_bytes();
        let valid = thing.valid_secs.to_ne_bytes();
        w.attr(
            IFA_CACHEINFO,
            [preferred, valid, [0; 4], [0; 4]].as_flattened(),
        );
    }
}
