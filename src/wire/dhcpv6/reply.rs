//! What is heard of servers.
//!
//! Where the length of an option lies the message is malformed; any other option that has not its form counts as
//! absent, and is marked as left out. What is in an IA is read as if it stood beside it: we ask for one of a kind, and
//! what it has for us is told by its options. Of options that should be there once lists and DUIDs are joined, and of
//! others the last one counts.

use crate::model::addr::is_link_local;
use crate::model::lease::Field;
use crate::model::lease6::{Field6, Lease6, Verdict};
use crate::model::slots;
use crate::text::parts;
use crate::wire::ipv4::Checksum;
use crate::wire::ipv6;
use crate::wire::option::decode;
use core::net::IpAddr;

/// Reads an IPv6 packet into `lease`; what was there before is gone. Its verdict stands first: of a packet that
/// is not [`Verdict::Fine`] the fields mean nothing.
#[inline(never)]
pub fn read(packet: &[u8], checksum: Checksum, lease: &mut Lease6) {
    *lease = Lease6::NONE;
    let verdict = match ipv6::open(packet, checksum, ipv6::UDP) {
        Ok((header, udp)) => datagram(header, udp, lease).unwrap_or(Verdict::Malformed),
        Err(verdict) => verdict,
    };
    lease.judge(verdict);
}

/// Puts what a datagram says; `None` where it is malformed. Servers and relays answer to the link-local address
/// that was sent from, so what is for another one may be from anywhere.
fn datagram(header: &[u8; ipv6::HEADER], udp: &[u8], lease: &mut Lease6) -> Option<Verdict> {
    let (&[_, _, _, _, l0, l1, _, _], _) = udp.split_first_chunk()?;
    let destination = header.last_chunk::<16>()?;
    if !is_link_local(&IpAddr::from(*destination)) {
        return Some(Verdict::NotForUs);
    }
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    let (&[message, ref xid @ ..], options) = udp.get(8..len)?.split_first_chunk::<4>()?;
    lease.add(Field6::Message, &[message]);
    lease.add(Field6::Xid, xid);
    let mut rest = options;
    while !rest.is_empty() {
        let whole = rest;
        let (code, mut octets) = next(&mut rest)?;
        match code {
            IA_NA | IA_PD => {
                let ([_, t1, t2, ..], _) = octets.as_chunks::<4>() else {
                    return None;
                };
                add_time(Field6::RenewTime, t1, lease);
                add_time(Field6::RebindTime, t2, lease);
                rest = parts::slice(whole, IN_IA, usize::MAX);
            }
            NTP_SERVER => {
                while !octets.is_empty() {
                    match next(&mut octets)? {
                        (1, server) => decode(Field6::Ntp.number(), server, &mut lease.0),
                        (3, server) => decode(Field6::NtpNames.number(), server, &mut lease.0),
                        _ => {}
                    }
                }
            }
            STATUS_CODE => {
                if let [high, low, ..] = *octets
                    && high | low != 0
                {
                    lease.add(Field6::Status, &[high, low]);
                }
            }
            _ => {
                for field in (FIRST..).take(Field6::ALL.len()) {
                    if slots::row(field).code == code {
                        decode(field, octets, &mut lease.0);
                    }
                }
            }
        }
    }
    Some(Verdict::Fine)
}

/// Puts a time, where it is not left to us.
fn add_time(field: Field6, seconds: &[u8; 4], lease: &mut Lease6) {
    if *seconds != [0; 4] {
        lease.add(field, seconds);
    }
}

/// The next option in `rest`, of which none that is read here has a code beyond 255; `None` at the end, and something is left where an option goes beyond it.
#[inline(never)]
fn next<'m>(rest: &mut &'m [u8]) -> Option<(u8, &'m [u8])> {
    let (&[c0, c1, l0, l1], after) = rest.split_first_chunk()?;
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    let (octets, after) = after.split_at_checked(len)?;
    *rest = after;
    let code = if c0 == 0 { c1 } else { 0 };
    Some((code, octets))
}

/// The first field.
const FIRST: u8 = Field::ALL.len() as u8;

/// Octets of an IA before what is in it, the header of its option included.
const IN_IA: usize = 16;

const IA_NA: u8 = 3;
const IA_PD: u8 = 25;
const STATUS_CODE: u8 = 13;
const NTP_SERVER: u8 = 56;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lease6::LEASED_OCTETS;
    use crate::wire::dhcpv6::REPLY;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    /// The packet in which a server sends a message to port 546 of fe80::9, without a checksum.
    fn packet(message: &[u8]) -> Vec<u8> {
        let len = u16::try_from(message.len() + 8).unwrap().to_be_bytes();
        let mut packet = vec![0x60, 0, 0, 0, len[0], len[1], 17, 64];
        for host in [1, 9] {
            packet.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
        }
        packet.extend([2, 35, 2, 34, len[0], len[1], 0, 0]);
        packet.extend(message);
        packet
    }

    fn read_of(packet: &[u8]) -> Lease6 {
        let mut lease = Lease6::NONE;
        lease.put(Field6::Dns, &[0xfd; 16]);
        lease.leave_out(Field6::Dns);
        read(packet, Checksum::Partial, &mut lease);
        assert!(lease.is_sound());
        lease
    }

    /// What is heard of a REPLY with these options.
    fn lease(options: &[u8]) -> Lease6 {
        let mut message = vec![REPLY, 1, 2, 3];
        message.extend(options);
        read_of(&packet(&message))
    }

    fn option(code: u8, octets: &[u8]) -> Vec<u8> {
        let len = u16::try_from(octets.len()).unwrap().to_be_bytes();
        [&[0, code, len[0], len[1]][..], octets].concat()
    }

    fn ia(code: u8, t1: u32, t2: u32, inner: &[u8]) -> Vec<u8> {
        let head = [
            &[0, 0, 0, 9][..],
            &t1.to_be_bytes(),
            &t2.to_be_bytes(),
            inner,
        ];
        option(code, &head.concat())
    }

    /// fd00:99::HOST.
    fn addr(host: u8) -> [u8; 16] {
        [0xfd, 0, 0, 0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]
    }

    fn iaaddr(host: u8, preferred: u32, valid: u32, inner: &[u8]) -> Vec<u8> {
        let times = [preferred.to_be_bytes(), valid.to_be_bytes()].concat();
        option(5, &[&addr(host)[..], &times, inner].concat())
    }

    /// An item of the record.
    fn item(host: u8, preferred: u32, valid: u32) -> Vec<u8> {
        let times = [preferred.to_be_bytes(), valid.to_be_bytes()].concat();
        [&times[..], &[128], &addr(host)].concat()
    }

    /// A field as text, and `!` where something of it is left out.
    fn shown(lease: &Lease6, field: Field6) -> String {
        let octets = lease.get(field);
        let mut text = String::from_utf8_lossy(octets).into_owned();
        if field == Field6::Dns {
            let hosts: Vec<String> = octets
                .chunks(16)
                .map(|addr| std::format!("{}", addr[15]))
                .collect();
            text = hosts.join(" ");
        }
        if lease.left_out(field) {
            text.push('!');
        }
        text
    }

    #[track_caller]
    fn assert_said(code: u8, field: Field6, table: &[(&[u8], &str)]) {
        for (octets, expected) in table {
            let lease = lease(&option(code, octets));
            assert_eq!(lease.verdict(), Verdict::Fine, "{octets:x?}");
            assert_eq!(shown(&lease, field), *expected, "{octets:x?}");
        }
    }

    #[test]
    fn options_go_to_their_slots() {
        let dns = [addr(0x53), addr(0x54)].concat();
        let ntp = [option(1, &addr(7)), option(3, b"\x03ntp\x01x\0")].concat();
        let all = [
            option(1, &[0, 3, 0, 1, 9]),
            option(2, &[0, 2, 7]),
            option(7, &[255]),
            option(14, &[]),
            option(13, b"\x00\x00fine"),
            option(23, &dns),
            option(24, b"\x03lab\x04test\0\x01a\0"),
            option(32, &[0, 0, 7, 8]),
            option(39, b"\x01\x02vm"),
            option(56, &ntp),
            option(59, b"http://[fd00:99::8]/boot.efi"),
            option(60, b"\x00\x01a\x00\x03b=c"),
            option(82, &[0, 0, 0x1c, 0x20]),
            // Unknown ones, of any length.
            option(17, &[1, 2, 3, 4, 5]),
            vec![1, 1, 0, 1, 7],
            vec![0xff, 0xff, 0, 0],
            // No option has the number 0, though fields have that are no options.
            option(0, &[2]),
        ];
        let lease = lease(&all.concat());
        assert_eq!((lease.verdict(), lease.bits()), (Verdict::Fine, 0));
        for (field, octets) in [
            (Field6::Message, &[7][..]),
            (Field6::Xid, &[1, 2, 3]),
            (Field6::ClientId, &[0, 3, 0, 1, 9]),
            (Field6::ServerId, &[0, 2, 7]),
            (Field6::Preference, &[255]),
            (Field6::Status, &[]),
            (Field6::Dns, &dns),
            (Field6::Search, b"lab.test a"),
            (Field6::RefreshTime, &[0, 0, 7, 8]),
            (Field6::Fqdn, b"vm"),
            (Field6::Ntp, &addr(7)),
            (Field6::NtpNames, b"ntp.x"),
            (Field6::BootfileUrl, b"http://[fd00:99::8]/boot.efi"),
            (Field6::BootfileParams, b"a b=c"),
            (Field6::SolMaxRt, &[0, 0, 0x1c, 0x20]),
            (Field6::Addrs, &[]),
            (Field6::RenewTime, &[]),
        ] {
            assert_eq!(lease.get(field), octets, "{field:?}");
        }
    }

    #[test]
    fn ias_have_what_is_in_them() {
        let prefix = [&[0, 0, 0, 5, 0, 0, 0, 6, 56][..], &addr(0)].concat();
        let inner = [
            iaaddr(1, 3, 4, &[]),
            iaaddr(2, 0, 0, &option(13, &[0, 0])),
            option(13, b"\x00\x00ok"),
        ];
        let options = [
            ia(3, 100, 200, &inner.concat()),
            ia(25, 50, 300, &option(26, &prefix)),
        ];
        let lease = lease(&options.concat());
        assert_eq!((lease.verdict(), lease.bits()), (Verdict::Fine, 0));
        assert_eq!(
            lease.get(Field6::Addrs),
            [item(1, 3, 4), item(2, 0, 0)].concat()
        );
        assert_eq!(lease.number(Field6::Status), None);
        assert_eq!(lease.get(Field6::Prefixes), prefix);
        // The last ones.
        assert_eq!(lease.number(Field6::RenewTime), Some(50));
        assert_eq!(lease.number(Field6::RebindTime), Some(300));
    }

    #[test]
    fn times_of_zero_are_not_said() {
        for (times, t1, t2) in [
            ([(0, 0), (0, 0)], None, None),
            ([(0, 0), (5, 9)], Some(5), Some(9)),
            ([(5, 9), (0, 0)], Some(5), Some(9)),
            ([(5, 0), (0, 7)], Some(5), Some(7)),
            (
                [(u32::MAX, u32::MAX), (0, 0)],
                Some(u32::MAX),
                Some(u32::MAX),
            ),
            ([(u32::MAX, u32::MAX), (1, 2)], Some(1), Some(2)),
        ] {
            let [(a1, a2), (p1, p2)] = times;
            let lease = lease(&[ia(3, a1, a2, &[]), ia(25, p1, p2, &[])].concat());
            assert_eq!(lease.number(Field6::RenewTime), t1, "{times:?}");
            assert_eq!(lease.number(Field6::RebindTime), t2, "{times:?}");
        }
    }

    #[test]
    fn an_ia_of_nothing_has_a_status() {
        let inner = iaaddr(1, 3, 4, &[]);
        for len in 0..12 {
            let short = lease(&option(25, &vec![0; len]));
            assert_eq!(short.verdict(), Verdict::Malformed, "{len}");
        }
        let refused = lease(&ia(3, 0, 0, &option(13, b"\x00\x02none left")));
        assert_eq!(refused.number(Field6::Status), Some(2));
        // That of one is that of the message, whatever others say.
        let both = [
            option(13, b"\0\0fine"),
            ia(25, 0, 0, &option(13, &[0, 6])),
            ia(3, 0, 0, &[inner, option(13, &[0, 0])].concat()),
        ];
        let both = lease(&both.concat());
        assert_eq!(both.number(Field6::Status), Some(6));
        assert_eq!(both.get(Field6::Addrs), item(1, 3, 4));
        assert_eq!(lease(&option(13, &[0])).number(Field6::Status), None);
    }

    #[test]
    fn addresses_that_nobody_can_have_are_left_out() {
        let refused = [
            iaaddr(1, 5, 4, &[]),
            option(5, &[0; 24]),
            option(5, &[[0xff, 2].to_vec(), vec![0; 22]].concat()),
            option(5, &[[0xfe, 0x80].to_vec(), vec![7; 22]].concat()),
            option(5, &[0xfd; 23]),
            option(5, &[]),
        ];
        for refused in refused {
            let lease = lease(&ia(
                3,
                0,
                0,
                &[refused.clone(), iaaddr(2, 3, 4, &[])].concat(),
            ));
            assert_eq!(lease.get(Field6::Addrs), item(2, 3, 4), "{refused:x?}");
            assert!(lease.left_out(Field6::Addrs), "{refused:x?}");
        }
        let prefix = |len, addr: &[u8]| [&[0, 0, 0, 5, 0, 0, 0, 6, len][..], addr].concat();
        for refused in [
            prefix(129, &addr(0)),
            prefix(56, &addr(1)),
            prefix(0, &[0; 16]),
            prefix(8, &[[0xff].to_vec(), vec![0; 15]].concat()),
            prefix(56, &addr(0)[..15]),
        ] {
            let lease = lease(&ia(25, 0, 0, &option(26, &refused)));
            assert!(lease.get(Field6::Prefixes).is_empty(), "{refused:x?}");
            assert!(lease.left_out(Field6::Prefixes), "{refused:x?}");
        }
        let many: Vec<u8> = (1..=9).flat_map(|host| iaaddr(host, 3, 4, &[])).collect();
        let many = lease(&ia(3, 0, 0, &many));
        assert_eq!(many.get(Field6::Addrs).len(), 4 * LEASED_OCTETS);
        assert!(many.left_out(Field6::Addrs));
    }

    #[test]
    fn options_of_a_wrong_form_are_left_out() {
        let good = [addr(1), addr(2)].concat();
        let dns: &[(&[u8], &str)] = &[
            (&good, "1 2"),
            (&good[..31], "1!"),
            (&good[..15], "!"),
            (&[], "!"),
            (&[0; 16], "!"),
            (&[0xff; 16], "!"),
        ];
        assert_said(23, Field6::Dns, dns);
        let nine: Vec<u8> = (1..=9).flat_map(addr).collect();
        assert_eq!(
            shown(&lease(&option(23, &nine)), Field6::Dns),
            "1 2 3 4 5 6 7 8!"
        );
        let numbers: &[(u8, Field6, usize)] = &[
            (7, Field6::Preference, 1),
            (32, Field6::RefreshTime, 4),
            (82, Field6::SolMaxRt, 4),
        ];
        for (code, field, len) in numbers {
            for wrong in (0..*len).chain([len + 1]) {
                let lease = lease(&option(*code, &vec![0; wrong]));
                assert!(
                    lease.get(*field).is_empty() && lease.left_out(*field),
                    "{field:?}"
                );
            }
        }
        for len in [0, 131, 500] {
            let lease = lease(&option(2, &vec![7; len]));
            assert!(lease.get(Field6::ServerId).is_empty() && lease.left_out(Field6::ServerId));
        }
        assert_eq!(lease(&option(2, &[7; 130])).get(Field6::ServerId), [7; 130]);
    }

    #[test]
    fn names_and_texts_have_bounds() {
        let search: &[(&[u8], &str)] = &[
            (b"\x01a\0", "a"),
            (b"\x01a\0\x02bc\x01d\0", "a bc.d"),
            (b"\x01a\0\x01b", "a!"),
            (b"\x01a\0\x01_\0\x01c\0", "a c!"),
            (b"\x03a b\0\x01c\0", "c!"),
            (b"\x01a\0\xc0\x03", "a!"),
            (b"\x01a\0\x01b\xc0\x00", "a b.a"),
            (b"\x01a", "!"),
            (b"", "!"),
            (b"\0", "!"),
        ];
        assert_said(24, Field6::Search, search);
        let own: &[(&[u8], &str)] = &[
            (b"\x01\x02vm", "vm"),
            (b"\x06\x02vm\x03lab\0", "vm.lab"),
            (b"\x06\x02vm\x03lab", "vm.lab"),
            (b"\x06\x02v_", "!"),
            (b"\x06", "!"),
            (b"", "!"),
        ];
        assert_said(39, Field6::Fqdn, own);
        let params: &[(&[u8], &str)] = &[
            (b"\x00\x01a", "a"),
            (b"\x00\x01a\x00\x02bc", "a bc"),
            (b"\x00\x01a\x00\x03b c\x00\x01d", "a d!"),
            (b"\x00\x01a\x00\x01$\x00\x01d", "a d!"),
            (b"\x00\x01a\x00\x05bc", "a!"),
            (b"\x00\x01a\x00", "a!"),
            (b"\x00\x00", "!"),
            (b"", "!"),
        ];
        assert_said(60, Field6::BootfileParams, params);
        let url: &[(&[u8], &str)] = &[
            (b"tftp://[fd00::1]/a.efi", "tftp://[fd00::1]/a.efi"),
            (b"http://x/$(reboot)", "!"),
            (b"http://x/a b", "!"),
            (b"a\0b", "a"),
            (&[b'x'; 513], "!"),
            (b"", "!"),
        ];
        assert_said(59, Field6::BootfileUrl, url);
        let many: Vec<u8> = (0..100_u8)
            .flat_map(|n| std::format!("\x08domain{n:02}\0").into_bytes())
            .collect();
        let many = lease(&option(24, &many));
        assert!(
            many.get(Field6::Search).ends_with(b"domain56"),
            "{}",
            shown(&many, Field6::Search)
        );
        assert!(many.left_out(Field6::Search));
    }

    #[test]
    fn lengths_that_lie_are_malformed() {
        let whole = [
            option(1, &[0, 3, 0, 1, 9]),
            ia(
                3,
                0,
                0,
                &[
                    iaaddr(1, 3, 4, &option(13, b"\x00\x00")),
                    option(13, b"\x00\x00"),
                ]
                .concat(),
            ),
            option(56, &option(1, &addr(7))),
        ]
        .concat();
        assert_eq!(lease(&whole).verdict(), Verdict::Fine);
        let mut ends = vec![0];
        let mut rest = &whole[..];
        while next(&mut rest).is_some() {
            ends.push(whole.len() - rest.len());
        }
        for len in 0..whole.len() {
            let verdict = match ends.contains(&len) {
                true => Verdict::Fine,
                false => Verdict::Malformed,
            };
            assert_eq!(lease(&whole[..len]).verdict(), verdict, "{len}");
        }
        // The option in another one goes beyond it, though not beyond the message.
        let beyond = [option(56, &[0, 1, 0]), option(14, &[])].concat();
        assert_eq!(lease(&beyond).verdict(), Verdict::Malformed);
        for len in 0..4 {
            assert_eq!(
                read_of(&packet(&[7, 0, 0, 0][..len])).verdict(),
                Verdict::Malformed
            );
        }
    }

    #[test]
    fn what_is_not_for_a_client_is_told_from_what_is_broken() {
        let whole = packet(&[REPLY, 0, 0, 0, 0, 14, 0, 0]);
        for (name, at, octet, verdict) in [
            ("version 4", 0, 0x45, Verdict::Malformed),
            ("for all", 24, 0xff, Verdict::NotForUs),
            ("for a global address", 24, 0xfd, Verdict::NotForUs),
            ("for fec0::9", 25, 0xc0, Verdict::NotForUs),
            ("UDP longer than IP", 45, 17, Verdict::Malformed),
            ("UDP shorter than its header", 45, 7, Verdict::Malformed),
            ("UDP length 0", 45, 0, Verdict::Malformed),
            ("an option cut off", 45, 15, Verdict::Malformed),
        ] {
            let mut packet = whole.clone();
            packet[at] = octet;
            assert_eq!(read_of(&packet).verdict(), verdict, "{name}");
        }
        let mut lease = Lease6::NONE;
        read(&whole, Checksum::Complete, &mut lease);
        assert_eq!(lease.verdict(), Verdict::BadChecksum);
        for len in 0..whole.len() {
            assert_eq!(
                read_of(&whole[..len]).verdict(),
                Verdict::Malformed,
                "{len}"
            );
        }
    }
}
