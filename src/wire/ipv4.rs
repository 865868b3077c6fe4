//! IPv4 and UDP headers around what a DHCP client says and hears (RFC 791, RFC 768), and the Internet
//! checksum (RFC 1071).
//!
//! ```text
//!  0       1       2       3       4       6       8       9       10      12      16      20
//!  +-------+-------+---------------+-------+-------+-------+-------+-------+-------+-------+- - -
//!  |ver|ihl| tos   | total length  | id    |flags, | ttl   |proto- |check- | src   | dst   | options
//!  |       |       |               |       |offset |       |col    |sum    |       |       |
//!  +-------+-------+---------------+-------+-------+-------+-------+-------+-------+-------+- - -
//!  +---------------+---------------+---------------+---------------+- - -
//!  | source port   | dst port      | length        | checksum      | payload
//!  +---------------+---------------+---------------+---------------+- - -
//! ```
//!
//! See [`crate::wire`] for the contract.

use super::netlink::copy;
use crate::model::lease::Verdict;
use core::net::Ipv4Addr;

/// Octets of both headers as they are written.
pub const HEADERS: usize = 28;

/// The type of service of network control, as systemd-networkd and NetworkManager send it (RFC 2474).
pub const CS6: u8 = 0xc0;

/// What the kernel says of a packet's UDP checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It is there.
    Complete,
    /// The sender's kernel left it to a device that has not seen the packet (`TP_STATUS_CSUMNOTREADY`).
    Partial,
}

/// Writes into a packet of zeros.
pub(super) struct Writer<'p> {
    packet: &'p mut [u8],
    /// Octets so far; more than the packet has once something did not fit.
    pub len: usize,
}

impl<'p> Writer<'p> {
    /// Of all zeros, and at its beginning.
    #[inline(never)]
    pub fn new(packet: &'p mut [u8]) -> Writer<'p> {
        packet.fill(0);
        Writer { packet, len: 0 }
    }

    /// Goes on at `len` with these.
    pub fn at(&mut self, len: usize, octets: &[u8]) {
        self.len = len;
        self.octets(octets);
    }

    /// Goes on with these.
    #[inline(never)]
    pub fn octets(&mut self, octets: &[u8]) {
        let len = self.len.saturating_add(octets.len());
        match self.packet.get_mut(self.len..len) {
            Some(room) => {
                copy(room, octets);
                self.len = len;
            }
            None => self.len = usize::MAX,
        }
    }
}

/// The type of service of a packet.
pub fn tos(packet: &[u8]) -> u8 {
    packet.get(1).copied().unwrap_or(CS6)
}

/// Writes both headers of a packet from port 68 to port 67, whose payload stands behind [`HEADERS`] octets
/// of room. A packet that is too short or too long stays as it is.
///
#[inline(never)]
pub fn seal(packet: &mut [u8], tos: u8, src: Ipv4Addr, dst: Ipv4Addr) {
    let Ok(len) = u16::try_from(packet.len()) else {
        return;
    };
    let Some(headers) = packet.first_chunk_mut::<HEADERS>() else {
        return;
    };
    let udp_len = len.wrapping_sub(HEADER as u16);
    let ([l0, l1], [u0, u1]) = (len.to_be_bytes(), udp_len.to_be_bytes());
    let ([s0, s1, s2, s3], [d0, d1, d2, d3]) = (src.octets(), dst.octets());
    *headers = [
        0x45, tos, l0, l1, 0, 0, 0, 0, 64, UDP, 0, 0, s0, s1, s2, s3, d0, d1, d2, d3, //
        0, CLIENT, 0, SERVER, u0, u1, 0, 0,
    ];
    let header_sum = !sum(headers.get(..HEADER).unwrap_or_default(), 0);
    let [_, _, _, _, _, _, _, _, _, _, h0, h1, ..] = headers;
    [*h0, *h1] = header_sum.to_be_bytes();
    // the addresses stand before it
    let summed = packet.get(ADDRS..).unwrap_or_default();
    let udp_sum = match !sum(summed, u32::from(udp_len).wrapping_add(UDP.into())) {
        0 => u16::MAX,
        sum => sum,
    };
    if let Some([.., u0, u1]) = packet.first_chunk_mut::<HEADERS>() {
        [*u0, *u1] = udp_sum.to_be_bytes();
    }
}

/// The payload of a UDP packet to port 68: no other one, and no fragment, comes from the socket. What follows the
/// lengths of IP and UDP is padding.
///
/// # Errors
/// [`Verdict::BadChecksum`], or [`Verdict::Malformed`] where a length is less than its header or more than there is.
pub fn open(packet: &[u8], checksummed: Checksum) -> Result<&[u8], Verdict> {
    let (&[first, _, l0, l1], _) = packet.split_first_chunk().ok_or(Verdict::Malformed)?;
    let header_len = usize::from(first & 0xf).wrapping_mul(4);
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    let (Some(header), Some(udp)) = (packet.get(..header_len), packet.get(header_len..len)) else {
        return Err(Verdict::Malformed);
    };
    if first >> 4 != 4 || header_len < HEADER {
        return Err(Verdict::Malformed);
    }
    if sum(header, 0) != u16::MAX {
        return Err(Verdict::BadChecksum);
    }
    let (&[_, _, _, _, u0, u1, c0, c1], _) = udp.split_first_chunk().ok_or(Verdict::Malformed)?;
    let len = usize::from(u16::from_be_bytes([u0, u1]));
    let payload = udp.get(UDP_HEADER..len).ok_or(Verdict::Malformed)?;
    if checksummed == Checksum::Complete && [c0, c1] != [0, 0] {
        let addrs = header.get(ADDRS..HEADER).unwrap_or_default();
        let udp = udp.get(..len).unwrap_or_default();
        if checksum(addrs, udp, UDP) != u16::MAX {
            return Err(Verdict::BadChecksum);
        }
    }
    Ok(payload)
}

/// The sum of a payload and its pseudo header.
#[inline(never)]
pub(super) fn checksum(addrs: &[u8], payload: &[u8], protocol: u8) -> u16 {
    let pseudo = (payload.len() as u32).wrapping_add(protocol.into());
    sum(payload, sum(addrs, pseudo).into())
}

/// The one's complement sum of octets and of what was summed before. Of whole checksummed octets it is
/// `u16::MAX`.
#[inline(never)]
pub(super) fn sum(octets: &[u8], before: u32) -> u16 {
    let (mut sum, mut shift) = (before, 8);
    for octet in octets {
        sum = sum.wrapping_add(u32::from(*octet) << shift);
        shift ^= 8;
    }
    sum = (sum & 0xffff).wrapping_add(sum >> 16);
    (sum.wrapping_add(sum >> 16)) as u16
}

/// `IPPROTO_UDP`.
const UDP: u8 = 17;
/// Port of a DHCP client.
const CLIENT: u8 = 68;
/// Port of a DHCP server.
const SERVER: u8 = 67;
/// Octets of an IPv4 header without options.
const HEADER: usize = 20;
/// Octets of a UDP header.
const UDP_HEADER: usize = 8;
/// Where the addresses begin.
const ADDRS: usize = 12;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    /// A packet as a server sends it.
    pub fn packet(payload: &[u8]) -> Vec<u8> {
        with_options(&[], payload)
    }

    /// The same with options of IP.
    fn with_options(options: &[u8], payload: &[u8]) -> Vec<u8> {
        let header_len = 20 + options.len();
        let udp_len = u16::try_from(8 + payload.len()).unwrap();
        let len = u16::try_from(header_len).unwrap() + udp_len;
        let mut packet = vec![0x40 | (header_len / 4) as u8, 0];
        packet.extend(len.to_be_bytes());
        packet.extend([0, 1, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 7]);
        packet.extend(options);
        packet.extend([0, 67, 0, 68]);
        packet.extend(udp_len.to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(payload);
        checksum_anew(&mut packet);
        packet
    }

    /// Both checksums, for a packet whose lengths tell the truth.
    fn checksum_anew(packet: &mut [u8]) {
        let header_len = usize::from(packet[0] & 0xf) * 4;
        packet[10..12].fill(0);
        packet[header_len + 6..header_len + 8].fill(0);
        let mut pseudo = packet[12..20].to_vec();
        pseudo.extend([0, 17]);
        pseudo.extend(&packet[header_len + 4..header_len + 6]);
        pseudo.extend(&packet[header_len..]);
        let udp = rfc_1071(&pseudo);
        packet[header_len + 6..header_len + 8].copy_from_slice(&udp.to_be_bytes());
        let header = rfc_1071(&packet[..header_len]);
        packet[10..12].copy_from_slice(&header.to_be_bytes());
    }

    /// RFC 1071 s.1 to the letter.
    pub fn rfc_1071(octets: &[u8]) -> u16 {
        let mut sum = 0_u64;
        for pair in octets.chunks(2) {
            sum += u64::from(u16::from_be_bytes([
                pair[0],
                pair.get(1).copied().unwrap_or(0),
            ]));
        }
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap()
    }

    #[test]
    fn the_example_of_rfc_1071_adds_up() {
        let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(sum(&octets, 0), 0xddf2);
        assert_eq!(sum(&octets, 1), 0xddf3);
        assert_eq!(sum(&[0xff; 65_535], 0), 0xff00);
    }

    #[test]
    fn headers_are_written_whole() {
        for payload in [&b""[..], b"a", b"abcd", &[0; 300]] {
            let mut packet = vec![0xa5; HEADERS];
            packet.extend(payload);
            let (src, dst) = (
                "0.0.0.0".parse().unwrap(),
                "255.255.255.255".parse().unwrap(),
            );
            seal(&mut packet, 0x80, src, dst);
            let len = u16::try_from(packet.len()).unwrap();
            let mut expected = vec![0x45, 0x80];
            expected.extend(len.to_be_bytes());
            expected.extend([0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]);
            expected.extend([0, 68, 0, 67]);
            expected.extend((len - 20).to_be_bytes());
            expected.extend([0, 0]);
            expected.extend(payload);
            checksum_anew(&mut expected);
            assert_eq!(packet, expected);
        }
    }

    #[test]
    fn a_sum_of_zero_is_sent_as_ones() {
        let mut packet = [0; 30];
        seal(
            &mut packet,
            CS6,
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
        );
        let before = u16::from_be_bytes([packet[26], packet[27]]);
        packet[28..].copy_from_slice(&before.to_be_bytes());
        seal(
            &mut packet,
            CS6,
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
        );
        assert_eq!(packet[26..28], [0xff, 0xff]);
    }

    #[test]
    fn packets_without_room_stay_as_they_are() {
        for len in [0, HEADERS - 1, 65_536] {
            let mut packet = vec![0xa5; len];
            seal(&mut packet, CS6, Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
            assert_eq!(packet, vec![0xa5; len]);
        }
    }

    #[test]
    fn padding_and_options_are_not_payload() {
        for options in [0, 4, 40] {
            for payload in [&b""[..], b"x", b"payload"] {
                let mut packet = with_options(&vec![1; options], payload);
                assert_eq!(open(&packet, Checksum::Complete), Ok(payload));
                packet.extend([0xa5; 30]);
                assert_eq!(open(&packet, Checksum::Complete), Ok(payload));
            }
        }
    }

    #[test]
    fn udp_may_be_shorter_than_ip_says() {
        let mut packet = packet(b"payload");
        packet[25] = 8 + 3;
        packet[26..28].fill(0);
        assert_eq!(open(&packet, Checksum::Complete), Ok(&b"pay"[..]));
    }

    #[test]
    fn what_is_not_for_a_client_is_told_from_what_is_broken() {
        use Verdict::{BadChecksum, Malformed};
        for (name, at, octet, verdict) in [
            ("version 6", 0, 0x65, Malformed),
            ("ihl 16", 0, 0x44, Malformed),
            ("ihl 0", 0, 0x40, Malformed),
            ("length beyond the frame", 3, 36, Malformed),
            ("length short of a header", 3, 19, Malformed),
            ("length short of both", 3, 27, Malformed),
            ("length 0", 3, 0, Malformed),
            ("UDP longer than IP", 25, 16, Malformed),
            ("UDP shorter than its header", 25, 7, Malformed),
            ("UDP length 0", 25, 0, Malformed),
            ("payload", 28, 0xa5, BadChecksum),
            (
                "any source port, with a sum that knows it not",
                21,
                1,
                BadChecksum,
            ),
        ] {
            let mut packet = packet(b"payload");
            packet[at] = octet;
            packet[10..12].fill(0);
            let header_sum = rfc_1071(&packet[..20]);
            packet[10..12].copy_from_slice(&header_sum.to_be_bytes());
            assert_eq!(open(&packet, Checksum::Complete), Err(verdict), "{name}");
        }
        let mut bad_header = packet(b"payload");
        bad_header[8] = 63;
        assert_eq!(open(&bad_header, Checksum::Partial), Err(BadChecksum));
    }

    #[test]
    fn a_checksum_that_is_not_there_is_not_verified() {
        let mut packet = packet(b"payload");
        packet[27] ^= 0xff;
        assert_eq!(open(&packet, Checksum::Complete), Err(Verdict::BadChecksum));
        assert_eq!(open(&packet, Checksum::Partial), Ok(&b"payload"[..]));
        packet[26..28].fill(0);
        assert_eq!(open(&packet, Checksum::Complete), Ok(&b"payload"[..]));
    }

    #[test]
    fn every_truncation_is_malformed() {
        let packet = with_options(&[1; 8], b"payload");
        for len in 0..packet.len() {
            assert_eq!(
                open(&packet[..len], Checksum::Complete),
                Err(Verdict::Malformed),
                "{len}"
            );
        }
    }
}
