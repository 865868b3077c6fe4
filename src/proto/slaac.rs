//! Addresses that a host forms by itself of a prefix of 64 bits (RFC 4862 s.5.5.3, RFC 4291 s.2.5.1) and 64 bits of its
//! own: `IN6_ADDR_GEN_MODE_EUI64` of the kernel. Those that stay secret (RFC 7217) or that change (RFC 8981) the kernel
//! forms itself.

use crate::model::link::Mac;
use core::net::Ipv6Addr;

/// The prefix of link-local addresses (RFC 4291 s.2.5.6).
pub const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);

/// The address of a prefix of 64 bits and an identifier: [`of_mac`], or the end of an administrator's token.
pub fn form(prefix: &Ipv6Addr, identifier: u64) -> Ipv6Addr {
    let network = prefix.to_bits() >> 64;
    Ipv6Addr::from_bits(network << 64 | u128::from(identifier))
}

/// The identifier that is made of a MAC, a modified EUI-64, as RFC 2464 s.4 and, on InfiniBand, RFC 4391 s.8 say; 0 where
/// it makes none.
#[inline(never)]
pub fn of_mac(mac: &Mac) -> u64 {
    /// What says that it is of a vendor.
    const UNIVERSAL: u64 = 2 << 56;
    // Of Ethernet, or the GUID of a port of InfiniBand, which is its end.
    let add = |number, octet: &u8| number << 8 | u64::from(*octet);
    let number = mac.as_bytes().iter().fold(0, add);
    match mac.as_bytes().len() {
        6 => (number >> 24 << 40 | 0xff_fe00_0000 | number & 0xff_ffff) ^ UNIVERSAL,
        20 => number | UNIVERSAL,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    fn mac(octets: &[u8]) -> Mac {
        Mac::new(octets).unwrap()
    }

    #[test]
    fn a_mac_makes_the_addresses_of_rfc_2464() {
        let mut guid = [0xab; 20];
        guid[12..].copy_from_slice(&[0, 2, 0xc9, 3, 0, 0x12, 0x34, 0x56]);
        for (prefix, octets, expected) in [
            (
                LINK_LOCAL,
                &[0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde][..],
                "fe80::3656:78ff:fe9a:bcde",
            ),
            (
                addr("2001:db8:1:2::"),
                &[0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde],
                "2001:db8:1:2:3656:78ff:fe9a:bcde",
            ),
            (
                addr("2001:db8::7"),
                &[2, 0, 0, 0, 0, 9],
                "2001:db8::ff:fe00:9",
            ),
            (LINK_LOCAL, &guid, "fe80::202:c903:12:3456"),
        ] {
            assert_eq!(form(&prefix, of_mac(&mac(octets))), addr(expected));
        }
        for octets in [&[][..], &[1; 4], &[1; 7], &[1; 8], &[1; 16]] {
            assert_eq!(of_mac(&mac(octets)), 0);
        }
    }

    #[test]
    fn a_token_is_the_last_half() {
        let token = addr("2001:db8:ffff:ffff::53").to_bits() as u64;
        assert_eq!(form(&addr("2001:db8::"), token), addr("2001:db8::53"));
    }
}
