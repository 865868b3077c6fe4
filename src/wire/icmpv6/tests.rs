//! What is asked to the octet; what each option may say.

use super::*;
use crate::model::advert::{Item, OTHER};
use crate::model::lease6::leased;
use crate::testing::mac;
use crate::wire::ipv6::tests::{addr, packet};
use std::string::String;
use std::vec;
use std::vec::Vec;

const ROUTER_ADDR: &str = "fe80::1";

fn built(ask: impl Fn(&mut [u8]) -> usize) -> Vec<u8> {
    let mut room = [0xa5; MAX];
    let len = ask(&mut room);
    let mut exact = vec![0x5a; len];
    assert_eq!(ask(&mut exact), len);
    assert_eq!(exact, room[..len]);
    assert!(room[len..].iter().all(|octet| *octet == 0xa5));
    for short in 0..len {
        let mut short = vec![0xa5; short];
        assert!(ask(&mut short) > short.len());
    }
    exact
}

#[test]
fn routers_are_asked_from_an_address() {
    let asked = |src: &str, mac: &Mac| built(|packet| ask_routers(&addr(src), mac, packet));
    let with_mac = [133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 9];
    let expected = packet(ICMPV6, "fe80::ff:fe00:9", "ff02::2", &with_mac, 2);
    assert_eq!(asked("fe80::ff:fe00:9", &mac(9)), expected);
    let plain = &with_mac[..8];
    let expected = packet(ICMPV6, "fe80::ff:fe00:9", "ff02::2", plain, 2);
    assert_eq!(asked("fe80::ff:fe00:9", &Mac::NONE), expected);
}

#[test]
fn an_option_is_padded_on_infiniband() {
    let long = Mac::new(&[0xab; 20]).unwrap();
    let packet = built(|packet| ask_routers(&addr("fe80::9"), &long, packet));
    assert_eq!(packet.len(), MAX);
    assert_eq!(packet[48..50], [1, 3]);
    assert_eq!(packet[50..70], [0xab; 20]);
    assert_eq!(packet[70..], [0; 2]);
}

#[test]
fn a_probe_is_from_nobody_and_has_a_nonce() {
    let target = addr("2001:db8::12:3456");
    let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
    message.extend(target.octets());
    message.extend([14, 1, 1, 2, 3, 4, 5, 6]);
    let expected = packet(ICMPV6, "::", "ff02::1:ff12:3456", &message, 2);
    let asked = built(|packet| ask_duplicates(&target, &[1, 2, 3, 4, 5, 6], packet));
    assert_eq!(asked, expected);
    let mut advert = Advert::NONE;
    read(&expected, Checksum::Complete, &mut advert);
    assert_eq!(
        shown(&advert),
        "Solicited 2001:db8::12:3456 by 010203040506"
    );
    assert_eq!(advert.verdict(), Verdict::Neighbor);
}

fn heard(packet: &[u8]) -> Advert {
    let mut advert = Advert::NONE;
    advert.octets_mut().fill(0xa5);
    read(packet, Checksum::Complete, &mut advert);
    if matches!(advert.verdict(), Verdict::Fine | Verdict::Neighbor) {
        assert!(advert.is_sound());
    }
    advert
}

/// An advertisement with these options: 64 hops, medium preference, 1,800 s.
fn advertisement(options: &[u8]) -> Vec<u8> {
    let mut message = vec![134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend(options);
    message
}

fn router(message: &[u8]) -> Advert {
    heard(&packet(ICMPV6, ROUTER_ADDR, "ff02::1", message, 2))
}

/// What the options of an advertisement say, and `!` with what is left out.
fn options(options: &[u8]) -> String {
    let advert = router(&advertisement(options));
    assert_eq!(advert.verdict(), Verdict::Fine, "{options:?}");
    let text = shown(&advert);
    let said: Vec<&str> = text.splitn(3, "; ").collect();
    assert!(said[0].starts_with("Link ") && said[1].starts_with("Router "));
    std::format!("{}{}", said.get(2).unwrap_or(&""), left_out(&advert))
}

fn left_out(advert: &Advert) -> String {
    let all = advert.left_out();
    let kinds = [What::Pref64, What::Server, What::Domain];
    kinds
        .into_iter()
        .filter(|what| all & what.bit() != 0)
        .map(|what| std::format!("!{what:?}"))
        .collect()
}

fn shown(advert: &Advert) -> String {
    let hex = |octets: &[u8]| -> String {
        let mut text: String = octets
            .iter()
            .map(|octet| std::format!("{octet:02x}"))
            .collect();
        text.truncate(text.trim_end_matches("00").len());
        text
    };
    let shown = |item: Item<'_>| {
        let said: String = match item.what() {
            What::Portal | What::Domain => String::from_utf8(item.octets().to_vec()).unwrap(),
            What::Nothing | What::Link | What::Router => hex(item.octets()),
            What::Solicited | What::Advertised => {
                let by = hex(&item.known_by()[..48]);
                return std::format!("{:?} {} by {by}", item.what(), Ipv6Addr::from(*item.addr()));
            }
            What::Server => std::format!("{}", Ipv6Addr::from(*item.addr())),
            What::Pref64 => std::format!("{}", leased(item.octets()).unwrap().addr),
        };
        std::format!("{:?} {said} valid={}", item.what(), item.valid())
    };
    let items: Vec<String> = advert.items().map(shown).collect();
    items.join("; ")
}

/// The first item of a kind.
fn get(advert: &Advert, what: What) -> Option<Item<'_>> {
    advert.items().find(|item| item.what() == what)
}

/// An option of prefixes: to form addresses of, and on the link.
fn prefix(text: &str) -> Vec<u8> {
    let mut option = vec![3, 4, 64, 0xc0, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0, 0];
    option.extend(addr(text).octets());
    option
}

#[test]
fn the_header_says_what_counts_for_the_link() {
    let mut message = advertisement(&[]);
    message[4..8].copy_from_slice(&[255, 0b1110_1111, 0, 9]);
    message[8..16].copy_from_slice(&[0, 0, 1, 0, 0, 0, 2, 1]);
    let advert = router(&message);
    assert_eq!(advert.source(), addr(ROUTER_ADDR));
    assert_eq!(
        shown(&advert),
        "Link 0000010000000201 valid=9000; Router  valid=9"
    );
    let link = get(&advert, What::Link).unwrap();
    assert_eq!((link.retrans_ms(), link.flags()), (513, MANAGED | OTHER));
    for (flags, said) in [(0x3f, 0), (0x80, MANAGED), (0x40, OTHER)] {
        message[5] = flags;
        assert_eq!(get(&router(&message), What::Link).unwrap().flags(), said);
    }
}

/// Prefixes, MTU, routes, the MAC of the router.
#[test]
fn what_the_kernel_sees_to_is_not_read() {
    for option in [
        &[1, 1, 2, 0, 0, 0, 0, 1][..],
        &prefix("2001:db8::"),
        &[5, 1, 0, 0, 0, 0, 5, 220],
        &[24, 1, 0, 8, 0, 0, 0, 5],
        &[24, 2, 48, 8, 0, 0, 1, 0, 0x20, 1, 13, 0xb8, 0, 2, 0, 0],
    ] {
        assert_eq!(router(&advertisement(option)), router(&advertisement(&[])));
    }
}

#[test]
fn servers_are_one_or_more() {
    let mut option = vec![25, 5, 0, 0, 0, 0, 2, 0];
    option.extend(addr("2001:db8::53").octets());
    option.extend(addr("fe80::53").octets());
    assert_eq!(
        options(&option),
        "Server 2001:db8::53 valid=512; Server fe80::53 valid=512"
    );
    option[24..40].copy_from_slice(&addr("ff02::53").octets());
    assert_eq!(options(&option), "Server 2001:db8::53 valid=512!Server");
    option[1] = 4;
    option.truncate(32);
    assert_eq!(options(&option), "Server 2001:db8::53 valid=512!Server");
    assert_eq!(options(&[25, 1, 0, 0, 0, 0, 2, 0]), "");
}

#[test]
fn domains_are_names_and_zeros() {
    for (names, said) in [
        (
            &b"\x07example\x03net\0\x01a\0\0"[..],
            "Domain example.net valid=512; Domain a valid=512",
        ),
        (b"\0\0\0\0\0\0\0\0", ""),
        (b"\x01a\0\xc0\x03\0\0\0", "Domain a valid=512!Domain"),
        (
            b"\x01a\0\x01b\xc0\0\0",
            "Domain a valid=512; Domain b.a valid=512",
        ),
        (b"\x01a\0\x05b;rm\n", "Domain a valid=512!Domain"),
        (b"\x01a\0\x03b c\0", "Domain a valid=512!Domain"),
        (b"\x02-a\0\x02b_\0\0", "!Domain"),
        (b"\x07example", "!Domain"),
    ] {
        let mut option = vec![31, 0, 0, 0, 0, 0, 2, 0];
        option.extend(names);
        option.resize(option.len().next_multiple_of(8), 0);
        option[1] = (option.len() / 8) as u8;
        assert_eq!(options(&option), said, "{names:?}");
    }
}

#[test]
fn a_portal_lasts_as_long_as_a_router_may() {
    let uri = b"https://portal.example.net/api?x=%20#y";
    let mut option = vec![37, 5];
    option.extend(uri);
    option.resize(40, 0);
    let advert = router(&advertisement(&option));
    let said = get(&advert, What::Portal).unwrap();
    assert_eq!((said.octets(), said.valid()), (&uri[..], 9_000));
    option[9] = b'"';
    let advert = router(&advertisement(&option));
    assert!(get(&advert, What::Portal).is_none());
    assert_eq!(advert.left_out(), What::Portal.bit());
    let mut long = vec![37, 32];
    long.resize(256, b'x');
    let advert = router(&advertisement(&long));
    assert_eq!(advert.left_out(), What::Portal.bit());
    assert_eq!(
        router(&advertisement(&[37, 1, 0, 0, 0, 0, 0, 0])).left_out(),
        What::Portal.bit()
    );
}

#[test]
fn prefixes_of_nat64_have_six_lengths() {
    for (code, len) in [(0, 96), (1, 64), (2, 56), (3, 48), (4, 40), (5, 32)] {
        let option = [
            38,
            2,
            2,
            8 | code,
            0x20,
            1,
            13,
            0xb8,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        let said = std::format!("Pref64 2001:db8::/{len} valid=520");
        assert_eq!(options(&option), said);
    }
    for code in [6, 7] {
        let option = [
            38,
            2,
            2,
            8 | code,
            0,
            0x64,
            0xff,
            0x9b,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        assert_eq!(options(&option), "!Pref64");
    }
    let option = [
        38, 2, 0xff, 0xf8, 0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    assert_eq!(options(&option), "Pref64 64:ff9b::/96 valid=65528");
    let mut long = option.to_vec();
    long[1] = 3;
    long.extend([0; 8]);
    assert_eq!(options(&long), "");
}

#[test]
fn lengths_that_lie_make_a_message_malformed() {
    for (octets, verdict) in [
        (&[][..], Verdict::Fine),
        (&[99, 1, 0, 0, 0, 0, 0, 0], Verdict::Fine),
        (&[99, 0, 0, 0, 0, 0, 0, 0], Verdict::Malformed),
        (&[3, 0], Verdict::Malformed),
        (&[99], Verdict::Malformed),
        (&[99, 1], Verdict::Malformed),
        (&[99, 2, 0, 0, 0, 0, 0, 0], Verdict::Malformed),
        (&[99, 1, 0, 0, 0, 0, 0, 0, 1], Verdict::Malformed),
    ] {
        assert_eq!(
            router(&advertisement(octets)).verdict(),
            verdict,
            "{octets:?}"
        );
    }
    for message in [
        advertisement(&prefix("2001:db8::")),
        about(136, 0, "2001:db8::5", &[2, 1, 2, 0, 0, 0, 0, 7]),
    ] {
        let end = if message[0] == 134 { 16 } else { 24 };
        let whole = packet(ICMPV6, ROUTER_ADDR, "ff02::1", &message, 2);
        for len in 0..message.len() {
            let mut packet = whole.clone();
            packet[5] = len as u8;
            let mut advert = Advert::NONE;
            read(&packet, Checksum::Partial, &mut advert);
            let is_malformed = advert.verdict() == Verdict::Malformed;
            assert_eq!(is_malformed, len != end, "{len}");
            read(&packet[..HEADER + len], Checksum::Complete, &mut advert);
            assert_ne!(advert.verdict(), Verdict::Fine, "{len}");
        }
    }
}

#[test]
fn only_neighbours_count() {
    let message = advertisement(&[]);
    let whole = packet(ICMPV6, ROUTER_ADDR, "ff02::1", &message, 2);
    for hops in 0..255 {
        let mut packet = whole.clone();
        packet[7] = hops;
        assert_eq!(heard(&packet).verdict(), Verdict::NotForUs);
    }
    for src in ["2001:db8::1", "::", "fec0::1", "ff02::1"] {
        let packet = packet(ICMPV6, src, "ff02::1", &message, 2);
        assert_eq!(heard(&packet).verdict(), Verdict::Malformed, "{src}");
    }
    for (at, octet) in [(0, 133), (0, 137), (0, 128), (0, 0), (1, 1)] {
        let mut message = message.clone();
        message[at] = octet;
        assert_eq!(router(&message).verdict(), Verdict::NotForUs);
    }
    let mut broken = whole.clone();
    broken[42] ^= 1;
    assert_eq!(heard(&broken).verdict(), Verdict::BadChecksum);
    let mut partial = Advert::NONE;
    read(&broken, Checksum::Partial, &mut partial);
    assert_eq!(partial.verdict(), Verdict::Fine);
}

/// A message of a neighbour about an address.
fn about(kind: u8, flags: u8, target: &str, options: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0, flags, 0, 0, 0];
    message.extend(addr(target).octets());
    message.extend(options);
    message
}

#[test]
fn neighbours_speak_of_addresses() {
    const TARGET: &str = "2001:db8::5";
    const GROUP: &str = "ff02::1:ff00:5";
    let mac = [2, 1, 2, 0, 0, 0, 0, 7];
    let src_mac = [1, 1, 2, 0, 0, 0, 0, 7];
    for (message, src, dst, said) in [
        (
            about(136, 0x20, TARGET, &mac),
            TARGET,
            "ff02::1",
            "136 by 020000000007",
        ),
        (
            about(136, 0x60, TARGET, &mac),
            TARGET,
            "fe80::9",
            "136 by 020000000007",
        ),
        (
            about(136, 0x20, TARGET, &[]),
            "fe80::7",
            "ff02::1",
            "136 by ",
        ),
        (about(136, 0x20, "ff02::5", &mac), TARGET, "ff02::1", ""),
        (about(135, 0, TARGET, &[]), "::", GROUP, "135 by "),
        (
            about(135, 0, TARGET, &[]),
            "::",
            "ff02::1:ff00:6",
            "135 by ",
        ),
        // Who asks for it to send something there has another one.
        (about(135, 0, TARGET, &src_mac), "fe80::9", GROUP, "-"),
        (about(135, 0, TARGET, &[]), "fe80::9", TARGET, "-"),
        (about(135, 0, "ff02::5", &[]), "::", GROUP, ""),
        (about(135, 0, "::", &[]), "::", GROUP, ""),
        (
            about(135, 0, TARGET, &[14, 0, 1, 2, 3, 4, 5, 6]),
            "::",
            GROUP,
            "",
        ),
    ] {
        let advert = heard(&packet(ICMPV6, src, dst, &message, 2));
        let verdict = match said {
            "" => Verdict::Malformed,
            "-" => Verdict::NotForUs,
            _ => Verdict::Neighbor,
        };
        assert_eq!(advert.verdict(), verdict, "{src} {dst} {message:?}");
        if verdict != Verdict::Neighbor {
            continue;
        }
        assert_eq!(advert.source(), addr(src));
        let is_asked = advert.first().is(What::Solicited);
        let kind = if is_asked { 135 } else { 136 };
        let text = shown(&advert);
        let (_, by) = text.split_once(&std::format!("{TARGET} by ")).unwrap();
        assert_eq!(std::format!("{kind} by {by}"), said);
    }
}

#[test]
fn a_neighbour_is_no_router() {
    let option = prefix("2001:db8::");
    let message = about(136, 0, "2001:db8::5", &option);
    let advert = heard(&packet(ICMPV6, ROUTER_ADDR, "ff02::1", &message, 2));
    assert_eq!(advert.items().count(), 1);
}

#[test]
fn what_has_no_room_is_left_out_and_the_whole_is_not() {
    let mut all = Vec::new();
    for n in 0..1_000_u16 {
        let mut option = prefix("2001:db8::");
        option[20..22].copy_from_slice(&n.to_be_bytes());
        all.extend(option);
    }
    let mut portal = vec![37, 31];
    portal.extend([b'x'; 246]);
    all.extend(portal);
    let advert = router(&advertisement(&all));
    assert_eq!(advert.verdict(), Verdict::Fine);
    assert_eq!(advert.left_out(), What::Portal.bit());
    assert_eq!(
        advert.items().count(),
        2,
        "a thousand prefixes take no room"
    );
    // As many as there are places for.
    for (servers, left_out) in [(22, 0), (23, What::Server.bit())] {
        let mut option = vec![25, servers * 2 + 1, 0, 0, 0, 0, 2, 0];
        for n in 1..=servers {
            option.extend(addr(&std::format!("2001:db8::{n}")).octets());
        }
        let advert = router(&advertisement(&option));
        assert_eq!(
            (advert.verdict(), advert.left_out()),
            (Verdict::Fine, left_out)
        );
        assert_eq!(advert.items().count(), 24);
    }
}
