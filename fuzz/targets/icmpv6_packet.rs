//! Packets of routers and neighbours as the jail reads them. The first octet says what the others are: an IPv6 packet,
//! one whose sum is not looked at, or an ICMPv6 message in a packet that is right.
#![no_main]

use ifdawn::model::advert::{Advert, Item, MANAGED, OTHER, What};
use ifdawn::model::lease6::{Verdict, leased};
use ifdawn::model::link::Mac;
use ifdawn::wire::icmpv6;
use ifdawn::wire::ipv4::Checksum;
use ifdawn::wire::ipv6;
use ifdawn_fuzz::sow;
use libfuzzer_sys::fuzz_target;
use std::net::Ipv6Addr;

const PACKET: u8 = 0;
const PARTIAL: u8 = 1;
const MESSAGE: u8 = 2;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let Some((kind, octets)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        PACKET => {
            hear(octets, Checksum::Complete);
        }
        PARTIAL => {
            hear(octets, Checksum::Partial);
        }
        _ => {
            let advert = hear(&packet(octets), Checksum::Complete);
            if advert.verdict() == Verdict::Fine {
                says(octets, &advert);
            }
        }
    }
});

/// A message from a router to all nodes, with the sum that belongs to it.
fn packet(message: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; ipv6::HEADER];
    packet.extend(message);
    for octet in packet.iter_mut().skip(ipv6::HEADER + 2).take(2) {
        *octet = 0;
    }
    ipv6::seal(
        &mut packet,
        ipv6::ICMPV6,
        &addr("fe80::1"),
        &addr("ff02::1"),
    );
    packet
}

fn addr(text: &str) -> Ipv6Addr {
    text.parse().expect("an address")
}

fn hear(packet: &[u8], checksum: Checksum) -> Advert {
    let (mut advert, mut other) = (Advert::NONE, Advert::NONE);
    other.octets_mut().fill(0xa5);
    icmpv6::read(packet, checksum, &mut advert);
    icmpv6::read(packet, checksum, &mut other);
    assert!(advert == other, "what was there before is gone");
    assert_ne!(advert.verdict(), Verdict::Unread);
    assert!(advert.is_sound());
    match advert.verdict() {
        Verdict::Fine => {
            let kinds: Vec<What> = advert.items().take(2).map(Item::what).collect();
            assert_eq!(kinds, [What::Link, What::Router]);
            assert!(advert.items().skip(2).all(|item| {
                !matches!(
                    item.what(),
                    What::Nothing | What::Link | What::Router | What::Solicited | What::Advertised
                )
            }));
            assert_eq!(advert.source().segments()[0] & 0xffc0, 0xfe80);
        }
        Verdict::Neighbor => {
            let kinds: Vec<What> = advert.items().map(Item::what).collect();
            assert!(matches!(kinds[..], [What::Solicited | What::Advertised]));
        }
        Verdict::Unread
        | Verdict::NotForUs
        | Verdict::Malformed
        | Verdict::BadChecksum
        | Verdict::Arp => {}
    }
    advert
}

/// What is said stands in the message: the octets of a prefix that has so many, and each label of a name.
fn says(message: &[u8], advert: &Advert) {
    let stands = |octets: &[u8]| {
        octets.is_empty() || message.windows(octets.len()).any(|window| window == octets)
    };
    for item in advert.items() {
        let octets = item.octets();
        match item.what() {
            What::Pref64 => {
                let prefix = leased(octets).expect("a prefix");
                assert!([32, 40, 48, 56, 64, 96].contains(&prefix.addr.len));
                assert!(stands(&octets[9..][..usize::from(prefix.addr.len / 8)]));
            }
            What::Server => {
                assert!(octets.len() == 16 && stands(octets));
                assert!(stands(&item.valid().to_be_bytes()));
            }
            What::Domain => assert!(octets.split(|octet| *octet == b'.').all(stands)),
            What::Portal => assert!(stands(octets)),
            What::Router => assert_eq!(item.valid().to_be_bytes()[2..], message[6..8]),
            What::Link => {
                assert_eq!(item.flags(), message[5] & (MANAGED | OTHER));
                assert_eq!(item.retrans_ms().to_be_bytes(), message[12..16]);
            }
            What::Nothing | What::Solicited | What::Advertised => unreachable!(),
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let of = |kind: u8, octets: &[u8]| [&[kind], octets].concat();
    let mut seeds = Vec::new();
    for message in messages() {
        seeds.push(of(PACKET, &packet(&message)));
        seeds.push(of(PARTIAL, &packet(&message)));
        seeds.push(of(MESSAGE, &message));
    }
    let mac = Mac::new(&[2, 0, 0, 0, 0, 9]).expect("a MAC");
    let mut room = [0; icmpv6::MAX];
    let len = icmpv6::ask_routers(&addr("fe80::9"), &mac, &mut room);
    seeds.push(of(PACKET, &room[..len]));
    let len = icmpv6::ask_duplicates(&addr("2001:db8::9"), &[1, 2, 3, 4, 5, 6], &mut room);
    seeds.push(of(PACKET, &room[..len]));
    seeds
}

/// Each option alone, all of them, and what neighbours say.
fn messages() -> Vec<Vec<u8>> {
    const PREFIX: [u8; 16] = [0x20, 1, 13, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const LIFETIME: [u8; 4] = [0, 0, 1, 0];
    let options: Vec<Vec<u8>> = vec![
        vec![1, 1, 2, 0, 0, 0, 0, 1],
        [
            &[3, 4, 64, 0xc0][..],
            &LIFETIME,
            &LIFETIME,
            &[0; 4],
            &PREFIX,
        ]
        .concat(),
        vec![5, 1, 0, 0, 0, 0, 5, 220],
        [&[24, 1, 0, 8][..], &LIFETIME].concat(),
        [&[24, 2, 48, 0x18][..], &LIFETIME, &PREFIX[..8]].concat(),
        [&[24, 3, 65, 0][..], &LIFETIME, &PREFIX].concat(),
        [&[25, 5, 0, 0][..], &LIFETIME, &PREFIX, &PREFIX].concat(),
        [
            &[31, 3, 0, 0][..],
            &LIFETIME,
            b"\x07example\x03net\0\x01a\0",
        ]
        .concat(),
        b"\x25\x04https://example.net/portal\0\0\0\0".to_vec(),
        [&[38, 2, 2, 1][..], &PREFIX[..12]].concat(),
    ];
    let header = [134, 0, 0, 0, 64, 0xc8, 7, 8, 0, 0, 0, 1, 0, 0, 0, 2];
    let mut messages: Vec<Vec<u8>> = options
        .iter()
        .map(|option| [&header, &option[..]].concat())
        .collect();
    messages.push([&header[..], &options.concat()].concat());
    for (kind, option) in [
        (135, [14, 1, 1, 2, 3, 4, 5, 6]),
        (136, [2, 1, 2, 0, 0, 0, 0, 7]),
    ] {
        messages.push([&[kind, 0, 0, 0, 0, 0, 0, 0][..], &PREFIX, &option].concat());
    }
    messages
}
