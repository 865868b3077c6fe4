//! IPv6 headers around what is said and heard of routers, neighbours and DHCPv6 servers (RFC 8200), and the
//! checksum behind them, which covers the addresses too (RFC 8200 s.8.1).
//!
//! ```text
//!  0       4       6       7       8                   24                  40
//!  +-------+-------+-------+-------+------- - - -------+------- - - -------+- - -
//!  |ver,   |payload|next   |hop    | src               | dst               | payload
//!  |tc,flow|length |header |limit  |                   |                   |
//!  +-------+-------+-------+-------+------- - - -------+------- - - -------+- - -
//! ```
//!
//! See [`crate::wire`] for the contract.

use super::ipv4::{CS6, Checksum, checksum};
use super::netlink::copy_to;
use crate::model::lease::Verdict;
use crate::model::link::Mac;
use core::net::Ipv6Addr;

/// Octets of a header.
pub const HEADER: usize = 40;

/// `IPPROTO_ICMPV6`.
pub const ICMPV6: u8 = 58;
/// `IPPROTO_UDP`.
pub const UDP: u8 = 17;

/// All routers of the link (RFC 4291 s.2.7.1).
pub const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Where those listen who have an address (RFC 4291 s.2.7.1): its solicited-node group.
pub fn solicited_node(addr: &Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = addr.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// Where a frame for the group that a packet is for goes on a link with this broadcast address: on Ethernet as RFC 2464
/// s.7 says it, on InfiniBand RFC 4391 s.4, where all but the signature of IPv6 and the group is as in the broadcast
/// address. Where there is no group, or a link of another kind, to all.
#[inline(never)]
pub fn group_mac(packet: &[u8], broadcast: &Mac) -> Mac {
    let all = broadcast.as_bytes();
    let header = packet.first_chunk::<HEADER>();
    let group = header.and_then(|header| header.last_chunk::<10>());
    let (ethernet, mut infiniband);
    let mac = match (group, <&[u8; 20]>::try_from(all)) {
        (Some(group), Ok(all)) => {
            infiniband = *all;
            [infiniband[6], infiniband[7]] = [0x60, 0x1b];
            if let Some(end) = infiniband.last_chunk_mut() {
                *end = *group;
            }
            infiniband.as_slice()
        }
        (Some([.., a, b, c, d]), Err(_)) if all.len() == 6 => {
            ethernet = [0x33, 0x33, *a, *b, *c, *d];
            &ethernet
        }
        _ => all,
    };
    Mac::from_kernel(mac)
}

/// Writes the header of a packet whose payload, ICMPv6 or UDP with a checksum of zero, stands behind [`HEADER`]
/// octets of room, that checksum, and the length of UDP. A packet that is too short or too long stays as it is.
///
/// Its hop limit is 255, which says that no router was on the way.
#[inline(never)]
pub fn seal(packet: &mut [u8], protocol: u8, src: &Ipv6Addr, dst: &Ipv6Addr) {
    let Some((header, payload)) = packet.split_first_chunk_mut::<HEADER>() else {
        return;
    };
    let Ok(len) = u16::try_from(payload.len()) else {
        return;
    };
    let [l0, l1] = len.to_be_bytes();
    let [v0, v1, v2, v3, p0, p1, next, hops, addrs @ ..] = header;
    let fixed = [0x60 | CS6 >> 4, CS6 << 4, 0, 0, l0, l1, protocol, HOP_LIMIT];
    [*v0, *v1, *v2, *v3, *p0, *p1, *next, *hops] = fixed;
    let (source, destination) = addrs.split_at_mut(16);
    source.copy_from_slice(&src.octets());
    destination.copy_from_slice(&dst.octets());
    let mut at = 2;
    if protocol == UDP {
        at = 6;
        copy_to(payload, 4, &[l0, l1]);
    }
    let sum = match !checksum(addrs, payload, protocol) {
        0 => u16::MAX,
        sum => sum,
    };
    if let Some([a, b, ..]) = payload.get_mut(at..) {
        [*a, *b] = sum.to_be_bytes();
    }
}

/// The header and the payload of a packet of `protocol` that has no other header between them: no other one comes from
/// the socket. (One of a neighbour
/// must not be fragmented, RFC 6980, and nobody else puts anything there.) What follows its length is padding.
///
/// # Errors
/// [`Verdict::BadChecksum`], or [`Verdict::Malformed`] where it is not
/// IPv6, or its length more than there is.
#[inline(never)]
pub fn open(
    packet: &[u8],
    checksummed: Checksum,
    protocol: u8,
) -> Result<(&[u8; HEADER], &[u8]), Verdict> {
    let (header, rest) = packet
        .split_first_chunk::<HEADER>()
        .ok_or(Verdict::Malformed)?;
    let [first, _, _, _, l0, l1, _, _, addrs @ ..] = header;
    let len = usize::from(u16::from_be_bytes([*l0, *l1]));
    let payload = rest.get(..len).ok_or(Verdict::Malformed)?;
    if first >> 4 != 6 {
        return Err(Verdict::Malformed);
    }
    if checksummed == Checksum::Complete && checksum(addrs, payload, protocol) != u16::MAX {
        return Err(Verdict::BadChecksum);
    }
    Ok((header, payload))
}

/// Of all that we send; what a neighbour says counts with no other (RFC 4861 s.6.1, s.7.1).
pub const HOP_LIMIT: u8 = 255;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wire::ipv4::tests::rfc_1071;
    use std::vec;
    use std::vec::Vec;

    /// An address.
    pub fn addr(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    /// A packet whose payload has its checksum at this place, as a neighbour sends it.
    pub fn packet(protocol: u8, src: &str, dst: &str, payload: &[u8], at: usize) -> Vec<u8> {
        let mut packet = vec![0x6c, 0, 0, 0];
        packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        packet.extend([protocol, 255]);
        packet.extend(addr(src).octets());
        packet.extend(addr(dst).octets());
        packet.extend(payload);
        checksum_anew(&mut packet, at);
        packet
    }

    /// RFC 8200 s.8.1 to the letter, for a packet whose length tells the truth.
    pub fn checksum_anew(packet: &mut [u8], at: usize) {
        packet[HEADER + at..HEADER + at + 2].fill(0);
        let mut pseudo = packet[8..HEADER].to_vec();
        pseudo.extend(((packet.len() - HEADER) as u32).to_be_bytes());
        pseudo.extend([0, 0, 0, packet[6]]);
        pseudo.extend(&packet[HEADER..]);
        let sum = match rfc_1071(&pseudo) {
            0 => 0xffff,
            sum => sum,
        };
        packet[HEADER + at..HEADER + at + 2].copy_from_slice(&sum.to_be_bytes());
    }

    #[test]
    fn headers_are_written_whole() {
        for (protocol, at) in [(ICMPV6, 2), (UDP, 6)] {
            for len in [8, 9, 64, 1_001] {
                let mut payload: Vec<u8> = (0..len).map(|n| (n * 7) as u8).collect();
                payload[at..at + 2].fill(0);
                if protocol == UDP {
                    payload[4..6].copy_from_slice(&(len as u16).to_be_bytes());
                }
                let mut ours = vec![0xa5; HEADER];
                ours.extend(&payload);
                seal(&mut ours, protocol, &addr("fe80::1"), &addr("ff02::2"));
                let theirs = packet(protocol, "fe80::1", "ff02::2", &payload, at);
                assert_eq!(ours, theirs);
                let (header, opened) = open(&ours, Checksum::Complete, protocol).unwrap();
                assert_eq!((&header[..], opened), ours.split_at(HEADER));
            }
        }
    }

    #[test]
    fn a_sum_of_zero_is_sent_as_ones() {
        let mut packet = vec![0; HEADER + 10];
        let none = Ipv6Addr::UNSPECIFIED;
        seal(&mut packet, UDP, &none, &none);
        let before: [u8; 2] = packet[HEADER + 6..HEADER + 8].try_into().unwrap();
        packet[HEADER + 6..HEADER + 8].fill(0);
        packet[HEADER + 8..].copy_from_slice(&before);
        seal(&mut packet, UDP, &none, &none);
        assert_eq!(packet[HEADER + 6..HEADER + 8], [0xff; 2]);
        assert!(open(&packet, Checksum::Complete, UDP).is_ok());
    }

    #[test]
    fn packets_without_room_stay_as_they_are() {
        for len in [0, HEADER - 1, HEADER + 65_536] {
            let mut packet = vec![0xa5; len];
            seal(&mut packet, UDP, &ALL_ROUTERS, &ALL_ROUTERS);
            assert_eq!(packet, vec![0xa5; len]);
        }
    }

    #[test]
    fn padding_is_not_payload() {
        let mut packet = packet(UDP, "fe80::1", "ff02::2", b"\0\0\0\0\0\0\0\0pay", 6);
        packet.extend([0xa5; 30]);
        let (_, payload) = open(&packet, Checksum::Complete, UDP).unwrap();
        assert_eq!(payload.len(), 11);
    }

    #[test]
    fn what_is_another_protocol_is_told_from_what_is_broken() {
        use Verdict::{BadChecksum, Malformed};
        let whole = packet(ICMPV6, "fe80::1", "ff02::2", &[133, 0, 0, 0, 0, 0, 0, 0], 2);
        for (name, at, octet, verdict) in [
            ("version 4", 0, 0x45, Malformed),
            ("longer than the frame", 5, 9, Malformed),
            ("longer than the frame", 4, 1, Malformed),
            ("shorter than it was", 5, 7, BadChecksum),
            ("a source", 23, 2, BadChecksum),
            ("a destination", 39, 1, BadChecksum),
            ("a payload", 47, 1, BadChecksum),
        ] {
            let mut packet = whole.clone();
            packet[at] = octet;
            assert_eq!(
                open(&packet, Checksum::Complete, ICMPV6),
                Err(verdict),
                "{name}"
            );
            let is_whole = verdict == BadChecksum;
            assert_eq!(
                open(&packet, Checksum::Partial, ICMPV6).is_ok(),
                is_whole,
                "{name}"
            );
        }
        for len in 0..whole.len() {
            let cut = open(&whole[..len], Checksum::Complete, ICMPV6);
            assert_eq!(cut, Err(Malformed), "{len}");
        }
    }

    #[test]
    fn groups_have_their_macs() {
        let group = solicited_node(&addr("2001:db8::1:2:f345:6789"));
        assert_eq!(group, addr("ff02::1:ff45:6789"));
        let packet = packet(ICMPV6, "::", &std::format!("{group}"), &[135; 24], 2);
        let mac = |octets: &[u8]| Mac::new(octets).unwrap();
        let ethernet = mac(&[0xff; 6]);
        let expected = mac(&[0x33, 0x33, 0xff, 0x45, 0x67, 0x89]);
        assert_eq!(group_mac(&packet, &ethernet), expected);
        // As `ipv6_ib_mc_map` of the kernel.
        let mut long = [
            0, 0xff, 0xff, 0xff, 0xff, 0x12, 0x40, 0x1b, 0x80, 7, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
            0xff, 0xff,
        ];
        let infiniband = mac(&long);
        long[6] = 0x60;
        long[10..].copy_from_slice(&[0, 0, 0, 0, 0, 1, 0xff, 0x45, 0x67, 0x89]);
        assert_eq!(group_mac(&packet, &infiniband), mac(&long));
        // What is broken is sent to all, as on links of other kinds everything is.
        for broadcast in [ethernet, infiniband] {
            assert_eq!(group_mac(&packet[..HEADER - 1], &broadcast), broadcast);
        }
        for other in [&[][..], &[0xff; 4], &[0xff; 8]] {
            assert_eq!(group_mac(&packet, &mac(other)), mac(other));
        }
    }
}
