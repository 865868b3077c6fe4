//! ARP for IPv4 (RFC 826), as RFC 5227 uses it to find out who has an address, and to say so.
//!
//! ```text
//!  0       2       4       5       6       8         hln     4         hln     4
//!  +-------+-------+-------+-------+-------+----- - -+-------+----- - -+-------+
//!  | hrd   | pro   | hln   | pln   | op    | sha     | spa   | tha     | tpa   |
//!  +-------+-------+-------+-------+-------+----- - -+-------+----- - -+-------+
//! ```
//!
//! See [`crate::wire`] for the contract.

use super::netlink::copy;
use crate::model::lease::{Field, Lease, Verdict};
use crate::model::link::Mac;
use core::net::Ipv4Addr;

/// Octets of the longest one: InfiniBand.
pub const MAX: usize = HEADER + 2 * (20 + 4);

/// What is said of an address. Both are requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arp {
    /// Who has it? The sender does not say that it is his (RFC 5227 s.2.1.1).
    Probe,
    /// It is mine (RFC 5227 s.2.3).
    Announcement,
}

/// Writes one, and returns its length; 0 if it does not fit.
#[inline(never)]
pub fn build(arp: Arp, mac: &Mac, arphrd: u16, addr: Ipv4Addr, packet: &mut [u8]) -> usize {
    let mac = mac.as_bytes();
    let half = mac.len().wrapping_add(4);
    let len = half.wrapping_mul(2).wrapping_add(HEADER);
    let Some(packet) = packet.get_mut(..len) else {
        return 0;
    };
    packet.fill(0);
    let [h0, h1] = arphrd.to_be_bytes();
    copy(packet, &[h0, h1, 8, 0, mac.len() as u8, 4, 0, REQUEST]);
    let mut put = |at: usize, octets: &[u8]| copy(packet.get_mut(at..).unwrap_or_default(), octets);
    put(HEADER, mac);
    if arp == Arp::Announcement {
        put(len.wrapping_sub(half).wrapping_sub(4), &addr.octets());
    }
    put(len.wrapping_sub(4), &addr.octets());
    len
}

/// Reads a request or a reply into `lease`, as [`Verdict::Arp`] says; what was there before is gone.
pub fn read(packet: &[u8], lease: &mut Lease) {
    *lease = Lease::NONE;
    let verdict = said(packet, lease);
    lease.judge(verdict);
}

/// Puts what it says.
fn said(packet: &[u8], lease: &mut Lease) -> Verdict {
    let Some((&[_, _, p0, p1, hln, pln, o0, op], rest)) = packet.split_first_chunk::<HEADER>()
    else {
        return Verdict::Malformed;
    };
    if [p0, p1, o0] != [8, 0, 0] || !matches!(op, REQUEST | REPLY) {
        return Verdict::NotForUs;
    }
    let hln = usize::from(hln);
    let half = hln.wrapping_add(4);
    let (Some(sender), Some(target)) = (rest.get(..half), rest.get(half..half.wrapping_mul(2)))
    else {
        return Verdict::Malformed;
    };
    if pln != 4 {
        return Verdict::Malformed;
    }
    lease.put(Field::Chaddr, sender.get(..hln).unwrap_or_default());
    lease.put(Field::Addr, sender.get(hln..).unwrap_or_default());
    lease.put(Field::NextServer, target.get(hln..).unwrap_or_default());
    Verdict::Arp
}

/// `ares_op$REQUEST`.
const REQUEST: u8 = 1;
/// `ares_op$REPLY`.
const REPLY: u8 = 2;
/// Octets before the addresses.
const HEADER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::observed::{ARPHRD_ETHER, ARPHRD_INFINIBAND};
    use crate::testing::mac;
    use std::vec::Vec;

    fn built(arp: Arp, mac: &Mac, arphrd: u16) -> Vec<u8> {
        let mut packet = [0xa5; MAX];
        let len = build(arp, mac, arphrd, Ipv4Addr::new(192, 0, 2, 7), &mut packet);
        let mut exact = std::vec![0x5a; len];
        assert_eq!(
            build(arp, mac, arphrd, Ipv4Addr::new(192, 0, 2, 7), &mut exact),
            len
        );
        assert_eq!(exact, packet[..len]);
        assert!(packet[len..].iter().all(|octet| *octet == 0xa5));
        for len in 0..len {
            let mut short = std::vec![0xa5; len];
            assert_eq!(
                build(arp, mac, arphrd, Ipv4Addr::new(192, 0, 2, 7), &mut short),
                0
            );
            assert!(short.iter().all(|octet| *octet == 0xa5));
        }
        exact
    }

    #[test]
    fn a_probe_does_not_say_who_asks() {
        let expected = [
            0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 7,
        ];
        assert_eq!(built(Arp::Probe, &mac(9), ARPHRD_ETHER), expected);
    }

    #[test]
    fn an_announcement_is_from_and_to_the_address() {
        let expected = [
            0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 192, 0, 2, 7,
        ];
        assert_eq!(built(Arp::Announcement, &mac(9), ARPHRD_ETHER), expected);
    }

    #[test]
    fn addresses_of_infiniband_have_20_octets() {
        let mac = Mac::new(&[0xab; 20]).unwrap();
        let packet = built(Arp::Announcement, &mac, ARPHRD_INFINIBAND);
        assert_eq!(packet.len(), MAX);
        assert_eq!(packet[..8], [0, 32, 8, 0, 20, 4, 0, 1]);
        assert_eq!(packet[8..28], [0xab; 20]);
        assert_eq!(packet[28..32], [192, 0, 2, 7]);
        assert_eq!(packet[32..52], [0; 20]);
        assert_eq!(packet[52..], [192, 0, 2, 7]);
    }

    #[test]
    fn what_is_built_is_read() {
        let mut lease = Lease::NONE;
        lease.put(Field::Mtu, &[5, 220]);
        let mut packet = built(Arp::Probe, &mac(9), ARPHRD_ETHER);
        packet.extend([0; 18]);
        read(&packet, &mut lease);
        assert_eq!(lease.verdict(), Verdict::Arp);
        assert_eq!(lease.get(Field::Addr), [0; 4]);
        assert_eq!(lease.get(Field::Chaddr), mac(9).as_bytes());
        assert_eq!(lease.get(Field::NextServer), [192, 0, 2, 7]);
        assert_eq!(lease.get(Field::Mtu), b"", "what was there before is gone");
        packet[7] = REPLY;
        read(&packet, &mut lease);
        assert_eq!(lease.verdict(), Verdict::Arp);
    }

    #[test]
    fn what_is_not_arp_for_ipv4_is_refused() {
        let packet = built(Arp::Announcement, &mac(9), ARPHRD_ETHER);
        for (at, octet, verdict) in [
            (2, 0x86, Verdict::NotForUs),
            (3, 1, Verdict::NotForUs),
            (6, 1, Verdict::NotForUs),
            (7, 3, Verdict::NotForUs),
            (7, 0, Verdict::NotForUs),
            (4, 7, Verdict::Malformed),
            (4, 255, Verdict::Malformed),
            (5, 16, Verdict::Malformed),
        ] {
            let mut packet = packet.clone();
            packet[at] = octet;
            let mut lease = Lease::NONE;
            read(&packet, &mut lease);
            assert_eq!(lease.verdict(), verdict, "{at} {octet}");
        }
        for len in 0..packet.len() {
            let mut lease = Lease::NONE;
            read(&packet[..len], &mut lease);
            assert_eq!(lease.verdict(), Verdict::Malformed, "{len}");
        }
    }
}
