//! Addresses with their prefix length.

use crate::packed::{Word, word};
use crate::text::parts;
use crate::text::show::{Show, Text, displayed};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address family of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4 (`AF_INET`).
    V4,
    /// IPv6 (`AF_INET6`).
    V6,
}

impl Family {
    /// The family of `addr`.
    pub fn of(addr: &IpAddr) -> Family {
        match addr {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }

    /// Octets of an address: 4 or 16.
    pub fn octets(self) -> usize {
        match self {
            Family::V4 => 4,
            Family::V6 => 16,
        }
    }

    /// Bits of an address: 32 or 128.
    pub fn bits(self) -> u8 {
        match self {
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }
}

/// What an IPv4 address has before it as an IPv6 address (RFC 4291 s.2.5.5.2).
pub const MAPPED: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Whether two addresses are one. Compared in place they take more room.
#[inline(never)]
pub fn is_same(one: &IpAddr, other: &IpAddr) -> bool {
    one == other
}

/// Whether an IPv6 address is one of its link only, fe80::/10 (RFC 4291 s.2.5.6).
pub fn is_link_local(addr: &IpAddr) -> bool {
    matches!(addr, IpAddr::V6(addr) if addr.to_bits() >> 118 == 0xfe80 >> 6)
}

/// An address and the length of its prefix. `len` is at most 32 or 128; [`Cidr::new`] sees to it.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Cidr {
    /// The address, host bits included.
    pub addr: IpAddr,
    /// Prefix length in bits.
    pub len: u8,
}

impl PartialEq for Cidr {
    #[inline(never)]
    fn eq(&self, other: &Cidr) -> bool {
        self.len == other.len && self.addr == other.addr
    }
}

impl Cidr {
    /// `None` if `len` is too large for the family.
    pub fn new(addr: IpAddr, len: u8) -> Option<Cidr> {
        (len <= Family::of(&addr).bits()).then_some(Cidr { addr, len })
    }

    /// The address with a full prefix.
    pub fn host(addr: IpAddr) -> Cidr {
        Cidr {
            addr,
            len: Family::of(&addr).bits(),
        }
    }

    /// `0.0.0.0/0` or `::/0`.
    #[inline(never)]
    pub fn default(family: Family) -> Cidr {
        // All octets are written first: those that IPv4 has no use for cost more.
        let mut everything = Cidr {
            addr: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            len: 0,
        };
        if family == Family::V4 {
            everything.addr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        }
        everything
    }

    /// The family of the address.
    pub fn family(&self) -> Family {
        Family::of(&self.addr)
    }

    /// The address with its host bits cleared.
    pub fn network(&self) -> IpAddr {
        masked(self.addr, self.len)
    }

    /// Whether `addr` lies in the prefix.
    #[inline(never)]
    pub fn contains(&self, addr: &IpAddr) -> bool {
        is_same(&masked(*addr, self.len), &self.network())
    }

    /// Whether the prefix covers everything.
    pub fn is_default(&self) -> bool {
        self.len == 0
    }

    /// The broadcast address of an IPv4 prefix shorter than /31 (RFC 919, RFC 3021); unspecified for another one.
    #[inline(never)]
    pub fn broadcast(&self) -> Ipv4Addr {
        match self.addr {
            IpAddr::V4(addr) if self.len < 31 => {
                let host_bits = u32::MAX.wrapping_shr(self.len.into());
                Ipv4Addr::from_bits(addr.to_bits() | host_bits)
            }
            IpAddr::V4(_) | IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        }
    }
}

impl Show for Cidr {
    fn show(&self, f: &mut Text<'_>) {
        self.addr.show(f);
        f.count(word!("/"), self.len.into());
    }
}

displayed!(Cidr);

/// RFC 5952.
impl Show for IpAddr {
    fn show(&self, f: &mut Text<'_>) {
        match self {
            IpAddr::V4(addr) => dotted(f, word!(""), &addr.octets()),
            IpAddr::V6(addr) => match parts::strip(&addr.octets(), MAPPED) {
                Some(octets) => dotted(f, word!("::ffff:"), octets),
                None => groups(f, &addr.octets()),
            },
        }
    }
}

/// A word, and octets in decimal after it with dots between them.
#[inline(never)]
pub fn dotted(f: &mut Text<'_>, word: Word, octets: &[u8]) {
    for (octet, n) in octets.iter().zip(0..) {
        match n {
            0 => f.word(word),
            _ => f.octet(b'.'),
        }
        f.number((*octet).into(), 10);
    }
}

/// The first of the longest runs of two or more zeros is left out.
fn groups(f: &mut Text<'_>, octets: &[u8; 16]) {
    let (groups, _) = octets.as_chunks::<2>();
    let (mut zeros, mut longest, mut end) = (0_u32, 1, 9_u32);
    for (group, after) in groups.iter().zip(1..) {
        zeros = match group {
            [0, 0] => zeros.wrapping_add(1),
            _ => 0,
        };
        if zeros > longest {
            (longest, end) = (zeros, after);
        }
    }
    let start = end.wrapping_sub(longest);
    for (group, n) in groups.iter().zip(0..) {
        if n == start {
            f.word(word!("::"));
        }
        if !(start..end).contains(&n) {
            if n > 0 && n != end {
                f.octet(b':');
            }
            f.number(u16::from_be_bytes(*group).into(), 16);
        }
    }
}

/// `addr` with the bits after the first `len` cleared.
fn masked(addr: IpAddr, len: u8) -> IpAddr {
    match addr {
        IpAddr::V4(addr) => {
            let host_bits = u64::from(u32::MAX).wrapping_shr(len.into()) as u32;
            IpAddr::V4(Ipv4Addr::from_bits(addr.to_bits() & !host_bits))
        }
        IpAddr::V6(addr) => {
            let (mut octets, mut left) = (addr.octets(), u32::from(len));
            for octet in &mut octets {
                *octet &= !(0xff_u32 >> left.min(8)).to_le_bytes()[0];
                left = left.saturating_sub(8);
            }
            IpAddr::V6(Ipv6Addr::from_octets(octets))
        }
    }
}

/// The prefix length of the address class (RFC 791): 8, 16 or 24.
#[inline(never)]
pub fn classful_len(addr: Ipv4Addr) -> u8 {
    match addr.octets() {
        [0..=127, ..] => 8,
        [128..=191, ..] => 16,
        [192..=255, ..] => 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn cidr(addr: &str, len: u8) -> Cidr {
        Cidr::new(addr.parse().unwrap(), len).unwrap()
    }

    /// Every pattern of zeros among the groups, and what looks like IPv4.
    #[test]
    fn addresses_are_written_as_the_standard_library_does() {
        let mut all = std::vec::Vec::from(
            [
                "0.0.0.0",
                "192.0.2.5",
                "255.255.255.255",
                "::ffff:192.0.2.5",
                "::192.0.2.5",
            ]
            .map(|text| text.parse::<IpAddr>().unwrap()),
        );
        for zeros in 0..=u8::MAX {
            let group = |n: u8| if zeros & 1 << n == 0 { 0x0db8 >> n } else { 0 };
            all.push([0, 1, 2, 3, 4, 5, 6, 7].map(group).into());
        }
        for addr in all {
            assert_eq!((&addr as &dyn Show).to_string(), addr.to_string());
        }
    }

    #[test]
    fn prefixes_contain_their_hosts_only() {
        let net = cidr("192.0.2.130", 25);
        assert!(net.contains(&"192.0.2.255".parse().unwrap()));
        assert!(!net.contains(&"192.0.2.1".parse().unwrap()));
        assert!(!net.contains(&"::ffff:192.0.2.255".parse().unwrap()));
        assert!(cidr("::", 0).contains(&"2001:db8::1".parse().unwrap()));
        assert!(cidr("0.0.0.0", 0).contains(&"255.255.255.255".parse().unwrap()));
    }

    #[test]
    fn broadcast_follows_rfc_3021() {
        let none = Ipv4Addr::UNSPECIFIED;
        let last = cidr("192.0.2.5", 24).broadcast();
        assert_eq!(last, "192.0.2.255".parse::<Ipv4Addr>().unwrap());
        assert_eq!(cidr("192.0.2.5", 31).broadcast(), none);
        assert_eq!(cidr("10.1.2.3", 0).broadcast(), Ipv4Addr::BROADCAST);
        assert_eq!(cidr("2001:db8::1", 64).broadcast(), none);
    }

    #[test]
    fn lengths_beyond_the_family_are_refused() {
        assert_eq!(Cidr::new("192.0.2.1".parse().unwrap(), 33), None);
        assert_eq!(Cidr::new("::1".parse().unwrap(), 129), None);
    }
}
