//! DHCPv4 messages of servers, built by hand, and what they say, read the slow way.

use ifdawn::wire::ipv4::{HEADERS, seal};
use std::net::Ipv4Addr;

/// Octets before the cookie.
const HEADER: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// `chaddr` of every seed.
pub const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// `yiaddr` of every seed.
pub const ADDR: [u8; 4] = [192, 0, 2, 5];
/// Server, router and name server of every seed.
pub const SERVER: [u8; 4] = [192, 0, 2, 1];

/// A reply with these options, END not included.
pub fn reply(options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut message = vec![0; HEADER];
    message[..4].copy_from_slice(&[2, 1, 6, 0]);
    message[4..8].copy_from_slice(&[1, 2, 3, 4]);
    message[16..20].copy_from_slice(&ADDR);
    message[20..24].copy_from_slice(&SERVER);
    message[28..34].copy_from_slice(&MAC);
    message.extend(COOKIE);
    for (code, octets) in options {
        message.extend([*code, octets.len() as u8]);
        message.extend(*octets);
    }
    message
}

/// The packet that carries a message from a server to a client.
pub fn packet(message: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; HEADERS];
    packet.extend(message);
    seal(&mut packet, 0, SERVER.into(), Ipv4Addr::BROADCAST);
    // The other way round, which no sum sees.
    if packet[21] != 0 {
        packet.swap(21, 23);
    }
    packet
}

/// Makes the sum of an IPv4 header right, where there is one.
pub fn mend(packet: &mut [u8]) {
    let len = packet
        .first()
        .map_or(0, |first| usize::from(first & 15) * 4);
    if len < 20 || packet.len() < len {
        return;
    }
    packet[10..12].fill(0);
    let words = packet[..len].chunks(2);
    let mut sum: u32 = words
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    packet[10..12].copy_from_slice(&(!sum as u16).to_be_bytes());
}

/// All octets of an option of a well-formed message; `None` where there is none, or the message is not well-formed.
pub fn option(message: &[u8], code: u8) -> Option<Vec<u8>> {
    let mut areas = vec![message[HEADER..].strip_prefix(&COOKIE)?];
    let overload = joined(&areas, 52)?.unwrap_or_default();
    if let [overload @ 1..=3] = overload[..] {
        areas.extend((overload & 1 != 0).then_some(&message[108..236]));
        areas.extend((overload & 2 != 0).then_some(&message[44..108]));
    }
    joined(&areas, code)?
}

fn joined(areas: &[&[u8]], code: u8) -> Option<Option<Vec<u8>>> {
    let mut joined: Option<Vec<u8>> = None;
    for area in areas {
        let mut at = 0;
        while at < area.len() && area[at] != 255 {
            if area[at] == 0 {
                at += 1;
                continue;
            }
            let len = usize::from(*area.get(at + 1)?);
            let octets = area.get(at + 2..at + 2 + len)?;
            if area[at] == code {
                joined.get_or_insert_default().extend(octets);
            }
            at += 2 + len;
        }
    }
    Some(joined)
}

/// Replies that have one of everything.
pub fn seeds() -> Vec<Vec<u8>> {
    let usual: &[(u8, &[u8])] = &[
        (53, &[5]),
        (54, &SERVER),
        (51, &[0, 0, 14, 16]),
        (58, &[0, 0, 7, 8]),
        (59, &[0, 0, 12, 78]),
        (1, &[255, 255, 255, 0]),
        (28, &[192, 0, 2, 255]),
        (3, &SERVER),
        (6, &[192, 0, 2, 1, 198, 51, 100, 1]),
        (12, b"box"),
        (15, b"example.com"),
    ];
    let with = |more: &[(u8, &[u8])]| {
        let mut message = reply(&[usual, more].concat());
        message.push(255);
        message
    };
    let long: Vec<u8> = [24, 198, 51, 100, 192, 0, 2, 7].repeat(30);
    let mut seeds = vec![
        with(&[]),
        with(&[(80, &[]), (108, &[0, 0, 1, 44])]),
        with(&[(26, &[5, 120]), (42, &SERVER), (17, b"nbd:192.0.2.1:root")]),
        with(&[(66, b"boot.example\0"), (67, b"pxe/grub.efi")]),
        with(&[(
            33,
            &[198, 51, 100, 7, 192, 0, 2, 7, 10, 0, 0, 0, 192, 0, 2, 8],
        )]),
        with(&[(
            121,
            &[
                0, 192, 0, 2, 9, 24, 198, 51, 100, 192, 0, 2, 7, 32, 10, 0, 0, 1, 0, 0, 0, 0,
            ],
        )]),
        with(&[(121, &long[..240]), (121, &long)]),
        with(&[
            (119, b"\x03eng\x07example\x03com\0\x05sales\xc0\x04"),
            (119, b"\x01x\xc0\x12"),
        ]),
        with(&[
            (61, &[1, 2, 0, 0, 0, 0, 1]),
            (82, b"\x01\x04port"),
            (125, &[0; 9]),
        ]),
        reply(&[(53, &[2]), (54, &SERVER), (0, &[])]),
        reply(&[(53, &[6]), (54, &SERVER), (56, b"no")]),
        reply(&[]),
    ];
    // Overload: options in `file`, in `sname`, in both.
    for overload in 1..=3 {
        let mut message = with(&[(52, &[overload])]);
        message[44..61].copy_from_slice(b"\x43\x04boot\x03\x04\xc0\x00\x02\x01\x79\x00\xff\0\0");
        message[108..124]
            .copy_from_slice(b"\x77\x05\x01a\x01b\0\x2a\x04\xc0\x00\x02\x03\x00\xff\0");
        seeds.push(message);
    }
    let mut named = with(&[]);
    named[44..56].copy_from_slice(b"boot.example");
    named[108..116].copy_from_slice(b"pxelinux");
    seeds.push(named);
    seeds
}
