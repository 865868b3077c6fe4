//! Addresses: `ifaddrmsg` and `IFA_*` (linux/if_addr.h).
//!
//! ```text
//!  0      1         2      3      4              8
//!  +------+---------+------+------+--------------+
//!  |family|prefixlen|flags |scope | ifa_index    |
//!  +------+---------+------+------+--------------+
//! ```

use super::{
    AF_UNSPEC, RT_SCOPE_HOST, RT_SCOPE_UNIVERSE, RTM_GETADDR, RTM_NEWADDR, Verb, family_in,
    family_number, ip_in, put_ip, read_ip,
};
use crate::model::addr::Cidr;
use crate::wire::netlink::{Full, NLM_F_DUMP, Writer, attr_in, number_in};
use core::net::{IpAddr, Ipv4Addr};

/// The other end, or the address itself where there is none.
pub const IFA_ADDRESS: u16 = 1;
/// The address itself; of IPv6 only where it has another end.
pub const IFA_LOCAL: u16 = 2;
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

/// A lifetime that never ends.
pub const FOREVER: u32 = u32::MAX;

/// One address of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addr {
    /// Its link.
    pub ifindex: u32,
    /// Address and prefix length. With a `peer` the length is that of the peer's prefix.
    pub addr: Cidr,
    /// The other end.
    pub peer: Option<IpAddr>,
    /// Broadcast address to set; what the kernel has is not read.
    pub broadcast: Option<Ipv4Addr>,
    /// `IFA_F_*`, as the kernel says.
    pub flags: u32,
    /// `RT_SCOPE_*`. The kernel sets that of an IPv6 address itself.
    pub scope: u8,
    /// How long it may be used, in seconds from now, as the kernel says; [`FOREVER`].
    pub valid_lft_secs: u32,
}

impl Addr {
    /// An address without peer, broadcast address, flags and end. Its scope is that which ip(8)
    /// chooses.
    #[inline(never)]
    pub fn new(ifindex: u32, addr: Cidr) -> Addr {
        Addr {
            ifindex,
            addr,
            peer: None,
            broadcast: None,
            flags: 0,
            scope: if addr.addr.is_loopback() {
                RT_SCOPE_HOST
            } else {
                RT_SCOPE_UNIVERSE
            },
            valid_lft_secs: FOREVER,
        }
    }
}

/// The address in the payload of an `RTM_NEWADDR` or `RTM_DELADDR`; `None` for other families than IPv4
/// and IPv6, without an address, and with a prefix length beyond the family.
#[inline(never)]
pub fn decode(payload: &[u8]) -> Option<Addr> {
    let (header, rest) = payload.split_first_chunk::<8>()?;
    let [family, len, flags, scope, i0, i1, i2, i3] = *header;
    let family = family_in(family)?;
    if len > family.bits() {
        return None;
    }
    // Without another end both attributes, or the only one, hold the address itself.
    let other = attr_in(rest, IFA_ADDRESS);
    let mut own = attr_in(rest, IFA_LOCAL);
    if own.len() != family.octets() {
        own = other;
    }
    let ifindex = u32::from_ne_bytes([i0, i1, i2, i3]);
    let own_ip = ip_in(family, own)?;
    let mut addr = Addr::new(ifindex, Cidr { addr: own_ip, len });
    if own != other {
        read_ip(family, other, &mut addr.peer);
    }
    addr.flags = number_in(rest, IFA_FLAGS, u32::from(flags));
    addr.scope = scope;
    if let ([_, valid, _, _], []) = attr_in(rest, IFA_CACHEINFO).as_chunks() {
        addr.valid_lft_secs = u32::from_ne_bytes(*valid);
    }
    Some(addr)
}

/// Asks for all addresses, or for those of one link. The kernel heeds `ifindex` under
/// `NETLINK_GET_STRICT_CHK` (Linux 4.20) only, so the answer may hold others all the same.
pub fn get_addrs(w: &mut Writer<'_>, seq: u32, ifindex: Option<u32>) -> Result<(), Full> {
    w.begin(RTM_GETADDR, NLM_F_DUMP, seq);
    put_header(w, [AF_UNSPEC, 0, 0, 0], ifindex.unwrap_or(0));
    w.finish()
}

/// Adds an address for good, or removes the one with this link, address, peer and prefix length. Where the
/// first IPv4 address of a prefix goes, the kernel removes the others of the same prefix too, unless
/// `promote_secondaries` is set.
pub fn change(w: &mut Writer<'_>, seq: u32, verb: Verb, addr: &Addr) -> Result<(), Full> {
    verb.begin(w, RTM_NEWADDR, seq);
    let family = family_number(addr.addr.family());
    put_header(w, [family, addr.addr.len, 0, addr.scope], addr.ifindex);
    put_ip(w, IFA_LOCAL, &addr.addr.addr);
    put_ip(
        w,
        IFA_ADDRESS,
        addr.peer.as_ref().unwrap_or(&addr.addr.addr),
    );
    if let Some(broadcast) = addr.broadcast {
        w.attr(IFA_BROADCAST, &broadcast.octets());
    }
    w.finish()
}

/// Appends an `ifaddrmsg`.
fn put_header(w: &mut Writer<'_>, first: [u8; 4], ifindex: u32) {
    w.header([first, ifindex.to_ne_bytes()].as_flattened());
}
