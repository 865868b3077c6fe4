//! Addresses that a host forms by itself of a prefix of 64 bits (RFC 4862 s.5.5.3, RFC 4291 s.2.5.1) and 64 bits of its
//! own: `IN6_ADDR_GEN_MODE_*` of the kernel.

use crate::model::link::Mac;
use core::net::Ipv6Addr;

/// The prefix of link-local addresses (RFC 4291 s.2.5.6).
pub const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);

/// The address of a prefix of 64 bits and an identifier: [`of_mac`], [`stable`], or the end of an administrator's token.
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
    let number = number(mac);
    match mac.as_bytes().len() {
        6 => (number >> 24 << 40 | 0xff_fe00_0000 | number & 0xff_ffff) ^ UNIVERSAL,
        20 => number | UNIVERSAL,
        _ => 0,
    }
}

/// A MAC as a number: that of Ethernet, or the GUID of a port of InfiniBand, which is its end.
fn number(mac: &Mac) -> u64 {
    let add = |number, octet: &u8| number << 8 | u64::from(*octet);
    mac.as_bytes().iter().fold(0, add)
}

/// An identifier that is ever the same in a network and another one in each (RFC 7217 s.5, without a Network_ID): of a
/// `secret` that nobody else knows, the prefix, what the `link` is known by whatever its name (as with the kernel its
/// permanent MAC), and how many addresses of this prefix were duplicates.
///
/// F is half of a block of Speck (Beaulieu and others, 2013; ISO/IEC 29167-22), which is a pseudorandom function: its
/// key is as wide as a `stable_secret` of the kernel, all that F depends on is one block, and it is three lines, where a
/// hash is a page. The kernel itself takes SHA-1 of a block of its own: its addresses are others. That an identifier is
/// one of the reserved (RFC 5453) happens once in 10^12 times, and is not looked for.
#[inline(never)]
pub fn stable(secret: &[u8; 16], prefix: &Ipv6Addr, link: &Mac, duplicates: u8) -> u64 {
    let network = (prefix.to_bits() >> 64) as u64;
    let link = number(link) ^ u64::from(duplicates) << 56;
    speck(u128::from_be_bytes(*secret), network, link)
}

/// The second half of a block of Speck128/128.
fn speck(key: u128, mut x: u64, mut y: u64) -> u64 {
    let (mut l, mut k) = ((key >> 64) as u64, key as u64);
    for n in 0..32 {
        round(&mut x, &mut y, k);
        round(&mut l, &mut k, n);
    }
    y
}

/// A round of it, of a block or of the key.
fn round(x: &mut u64, y: &mut u64, key: u64) {
    *x = x.rotate_right(8).wrapping_add(*y) ^ key;
    *y = y.rotate_left(3) ^ *x;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SECRET: &[u8; 16] = &[7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

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

    #[test]
    fn stable_identifiers_differ_by_all_they_depend_on() {
        let mut all = BTreeSet::new();
        let ours = mac(&[2, 0, 0, 0, 0, 9]);
        for (secret, prefix, link, duplicates) in [
            (SECRET, "2001:db8::", ours, 0),
            (SECRET, "2001:db8:0:1::", ours, 0),
            (SECRET, "2001:db8::", ours, 1),
            (SECRET, "2001:db8::", ours, 255),
            (SECRET, "2001:db8::", mac(&[2, 0, 0, 0, 0, 10]), 0),
            (SECRET, "2001:db8::", mac(&[0xab; 20]), 0),
            (SECRET, "2001:db8::", Mac::NONE, 0),
            (&[7; 16], "2001:db8::", ours, 0),
        ] {
            let prefix = addr(prefix);
            let identifier = stable(secret, &prefix, &link, duplicates);
            assert_eq!(stable(secret, &prefix, &link, duplicates), identifier);
            all.insert(identifier);
        }
        assert_eq!(all.len(), 8);
        // A bit more or less changes half of the bits.
        let mut changed = 0;
        for bit in 0..128 {
            let secret = (u128::from_be_bytes(*SECRET) ^ 1 << bit).to_be_bytes();
            let other = stable(&secret, &addr("2001:db8::"), &ours, 0);
            changed += (other ^ stable(SECRET, &addr("2001:db8::"), &ours, 0)).count_ones();
        }
        assert!((28 * 128..36 * 128).contains(&changed), "{changed}");
    }

    /// What was once given must be given ever after: also by the next version.
    #[test]
    fn stable_identifiers_stay() {
        let ours = mac(&[2, 0, 0, 0, 0, 9]);
        let identifier = stable(SECRET, &addr("2001:db8::1"), &ours, 0);
        assert_eq!(
            form(&addr("2001:db8::"), identifier),
            addr("2001:db8::8abb:61f6:767b:2721")
        );
    }

    /// The designers' own: key, plaintext, half of the ciphertext.
    #[test]
    fn the_vector_of_speck_is_ours() {
        let (key, x, y) = (
            0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
            0x6c61_7669_7571_6520,
            0x7469_2065_6461_6d20,
        );
        assert_eq!(speck(key, x, y), 0x7860_fedf_5c57_0d18);
    }
}
