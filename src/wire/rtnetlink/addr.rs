//! Addresses: `ifaddrmsg` and `IFA_*` (linux/if_addr.h).
//!
//! ```text
//!  0      1         2      3      4              8
//!  +------+---------+------+------+--------------+
//!  |family|prefixlen|flags |scope | ifa_index    |
//!  +------+---------+------+------+--------------+
//! ```

use super::{RT_SCOPE_HOST, RT_SCOPE_UNIVERSE, Seen, family_number, put_ip, read_attr};
use crate::model::addr::Family;
use crate::model::desired::{FOREVER, Thing};
use crate::wire::netlink::{Writer, attr_in, number_in};

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
/// Somebody else has it (IPv6).
pub const IFA_F_DADFAILED: u32 = 0x08;
/// Duplicate address detection is not finished (IPv6).
pub const IFA_F_TENTATIVE: u32 = 0x40;
/// No lifetime.
pub const IFA_F_PERMANENT: u32 = 0x80;
/// No route for its prefix.
pub const IFA_F_NOPREFIXROUTE: u32 = 0x200;

/// Reads the rest of an address: its octets, link, other end, flags and end of life.
pub(super) fn read(payload: &[u8], family: Family, seen: &mut Seen) -> Option<()> {
    let (&[_, _, flags, _, i0, i1, i2, i3], rest) = payload.split_first_chunk()?;
    let ifindex = u32::from_ne_bytes([i0, i1, i2, i3]);
    let thing = &mut seen.thing;
    (thing.ifindex, thing.route.table) = (ifindex, ifindex);
    thing.route.protocol = 0;
    seen.flags = flags.into();
    // Without another end both attributes, or the only one, hold the address itself.
    read_attr(family, rest, IFA_ADDRESS, &mut thing.route.via);
    let mut own = thing.route.via;
    read_attr(family, rest, IFA_LOCAL, &mut own);
    thing.route.dst.addr = own?;
    seen.flags = number_in(rest, IFA_FLAGS, seen.flags);
    if let ([_, valid, _, _], []) = attr_in(rest, IFA_CACHEINFO).as_chunks() {
        thing.valid_secs = u32::from_ne_bytes(*valid);
    }
    Some(())
}

/// Appends an address; its scope is that which was asked for, or that which ip(8) chooses.
pub(super) fn put(w: &mut Writer<'_>, thing: &Thing, label: &[u8]) {
    let addr = &thing.route.dst;
    let scope = match (thing.route.scope, addr.addr.is_loopback()) {
        (Some(scope), _) => scope,
        (None, true) => RT_SCOPE_HOST,
        (None, false) => RT_SCOPE_UNIVERSE,
    };
    let first = [family_number(addr.family()), addr.len, 0, scope];
    w.header([first, thing.ifindex.to_ne_bytes()].as_flattened());
    put_ip(w, IFA_LOCAL, &addr.addr);
    put_ip(
        w,
        IFA_ADDRESS,
        thing.route.via.as_ref().unwrap_or(&addr.addr),
    );
    if !label.is_empty() {
        w.attr(IFA_LABEL, label);
    }
    if let Some(broadcast) = thing.broadcast {
        w.attr(IFA_BROADCAST, &broadcast.octets());
    }
    if thing.valid_secs != FOREVER {
        // struct ifa_cacheinfo: preferred, valid, and two times that only the kernel gives.
        let life = thing.valid_secs.to_ne_bytes();
        w.attr(IFA_CACHEINFO, [life, life, [0; 4], [0; 4]].as_flattened());
    }
}
