//! The octets of neighbour discovery: octets that nobody would send, and packets of others with the facts that tshark
//! states of them, where these are at hand beside the project.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use ifdawn::model::advert::{Advert, Item, MANAGED, OTHER, What};
use ifdawn::model::lease::Verdict;
use ifdawn::wire::icmpv6;
use ifdawn::wire::ipv4::Checksum;
use serde_json::Value;
use std::collections::BTreeSet;

/// What is heard of a packet whose checksum is not looked at; whatever it is, it is sound.
fn heard(packet: &[u8]) -> Advert {
    let mut advert = Advert::NONE;
    advert.octets_mut().fill(0xa5);
    icmpv6::read(packet, Checksum::Partial, &mut advert);
    assert!(advert.is_sound(), "{packet:?}");
    assert_ne!(advert.verdict(), Verdict::Unread);
    advert
}

/// The packet of a message, from a router to all nodes.
fn packet(message: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
    packet.extend([58, 255]);
    for start in [[0xfe, 0x80], [0xff, 2]] {
        packet.extend(start);
        packet.extend([0; 13]);
        packet.push(1);
    }
    packet.extend(message);
    if message.first() == Some(&135) {
        // Somebody who has no address yet.
        packet[8..24].fill(0);
    }
    packet
}

/// A message with each option there is, and one of a neighbour.
fn messages() -> [Vec<u8>; 2] {
    let prefix = [0x20, 1, 13, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut router = vec![134, 0, 0, 0, 64, 0xc8, 7, 8, 0, 0, 0, 1, 0, 0, 0, 2];
    router.extend([1, 1, 2, 0, 0, 0, 0, 1]);
    router.extend([3, 4, 64, 0xc0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    router.extend(prefix);
    router.extend([5, 1, 0, 0, 0, 0, 5, 220]);
    router.extend([24, 3, 48, 8, 0, 0, 1, 0]);
    router.extend(prefix);
    router.extend([24, 1, 0, 0, 0, 0, 1, 0]);
    router.extend([25, 3, 0, 0, 0, 0, 1, 0]);
    router.extend(prefix);
    router.extend([31, 4, 0, 0, 0, 0, 1, 0]);
    router.extend(b"\x07example\x03net\0\x03lab\0\0\0\0\0\0\0");
    router.extend(b"\x25\x04https://example.net/portal\0\0\0\0");
    router.extend([38, 2, 2, 0, 0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]);
    router.extend([99, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut neighbour = vec![136, 0, 0, 0, 0x20, 0, 0, 0];
    neighbour.extend([0x20, 1, 13, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    neighbour.extend([2, 1, 2, 0, 0, 0, 0, 7]);
    [router, neighbour]
}

#[test]
fn each_option_is_read() {
    let [router, neighbour] = messages();
    let advert = heard(&packet(&router));
    assert_eq!((advert.verdict(), advert.left_out()), (Verdict::Fine, 0));
    let kinds: Vec<What> = advert.items().map(Item::what).collect();
    let expected = [
        What::Link,
        What::Router,
        What::Server,
        What::Domain,
        What::Domain,
        What::Portal,
        What::Pref64,
    ];
    assert_eq!(kinds, expected);
    let advert = heard(&packet(&neighbour));
    assert_eq!(advert.verdict(), Verdict::Neighbor);
}

#[test]
fn every_truncation_and_every_octet_yields_what_is_sound() {
    for message in messages() {
        let mut packet = packet(&message);
        for len in 0..packet.len() {
            heard(&packet[..len]);
        }
        // With lengths that tell the truth.
        for len in 0..message.len() {
            heard(&self::packet(&message[..len]));
        }
        for at in 0..packet.len() {
            let octet = packet[at];
            for other in 0..=u8::MAX {
                packet[at] = other;
                heard(&packet);
            }
            packet[at] = octet;
        }
    }
}

/// What options consist of.
const WORDS: &[&[u8]] = &[
    &[0x20, 1, 13, 0xb8, 0, 1, 0, 0],
    &[0xfe, 0x80, 0, 0, 0, 0, 0, 0],
    &[0xff, 2, 0, 0, 0, 0, 0, 1],
    &[0; 8],
    &[0, 0, 1, 0, 0, 0, 1, 0],
    b"\x07example",
    b"\x03net\0\0\0\0",
    b"\x01a\0\x02bc\0\0",
    b"\xc0\0$;\x1b\0\0\0",
    b"https://",
];

/// Options of random words, types and lengths; some lie.
#[test]
fn random_options_yield_what_is_sound() {
    let mut state = 1_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let (mut fine, mut items) = (0, [0; 9]);
    for _ in 0..50_000 {
        let mut message = vec![[134, 134, 134, 135, 136][random(5)], 0, 0, 0];
        message.extend((0..12).map(|_| random(256) as u8));
        for _ in 0..random(12) {
            let eights = 1 + random(6);
            let lie = usize::from(random(60) == 0) * random(7);
            let code = [1, 2, 3, 5, 14, 24, 25, 31, 37, 38, 99][random(11)];
            let len = [0, 48, 64, 96, 128, random(256)][random(6)];
            message.extend([code, (eights ^ lie) as u8, len as u8, random(256) as u8]);
            message.extend(&WORDS[random(WORDS.len())][..4]);
            for _ in 1..eights {
                message.extend(WORDS[random(WORDS.len())]);
            }
        }
        let advert = heard(&packet(&message));
        fine += u32::from(matches!(
            advert.verdict(),
            Verdict::Fine | Verdict::Neighbor
        ));
        for item in advert.items() {
            items[item.what() as usize] += 1;
        }
    }
    assert!(
        fine > 1_000 && items[1..].iter().all(|count| *count > 100),
        "{fine} {items:?}"
    );
}

/// Where packets of others are.
const VECTORS: &str = "../shared/vectors/dhcp/packets.jsonl";

/// The packets from the IPv6 header on, each with its id and what else is known; none where there are no files.
fn vectors() -> Vec<(String, Vec<u8>, Value)> {
    let Ok(text) = std::fs::read_to_string(VECTORS) else {
        println!("note: no {VECTORS} beside the project; nothing was compared");
        return Vec::new();
    };
    let mut vectors = Vec::new();
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if vector["kind"] == "icmp6" {
            let id = vector["id"].as_str().unwrap().to_string();
            // The envelope of some is made up.
            let packet = match vector["linktype"] == 1 && vector["wrapped"] != true {
                true => octets(&vector["frame"])[14..].to_vec(),
                false => packet(&octets(&vector["payload"])),
            };
            vectors.push((id, packet, vector["tshark"].clone()));
        }
    }
    assert!(!vectors.is_empty());
    vectors
}

/// Octets in hexadecimal digits.
fn octets(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// What is said, in the words of tshark; sorted, as it says what is of one kind together.
fn facts(advert: &Advert) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    let mut say = |name: &str, value: String| {
        facts.insert(format!("{name} {value}"));
    };
    for item in advert.items() {
        match item.what() {
            What::Link => {
                say("managed", u8::from(item.flags() & MANAGED != 0).to_string());
                say("other", u8::from(item.flags() & OTHER != 0).to_string());
                say("retrans", item.retrans_ms().to_string());
            }
            What::Router => say("router", item.valid().to_string()),
            What::Server => say("server", std::net::Ipv6Addr::from(*item.addr()).to_string()),
            What::Domain => say("domain", String::from_utf8(item.octets().to_vec()).unwrap()),
            What::Portal | What::Pref64 | What::Nothing | What::Solicited | What::Advertised => {}
        }
    }
    facts
}

/// The same of tshark.
fn theirs(tshark: &Value) -> BTreeSet<String> {
    let list = |name: &str| -> Vec<String> {
        let text = tshark[&format!("icmpv6.{name}")].as_str().unwrap_or("");
        text.split('|')
            .filter(|part| !part.is_empty())
            .map(String::from)
            .collect()
    };
    let one = |name: &str| list(name).last().cloned().unwrap_or("0".into());
    let mut facts = BTreeSet::from([
        format!("managed {}", one("nd.ra.flag.m")),
        format!("other {}", one("nd.ra.flag.o")),
        format!("retrans {}", one("nd.ra.retrans_timer")),
        format!("router {}", one("nd.ra.router_lifetime")),
    ]);
    facts.extend(
        list("opt.rdnss")
            .iter()
            .map(|addr| format!("server {addr}")),
    );
    facts.extend(
        list("opt.dnssl")
            .iter()
            .map(|name| format!("domain {name}")),
    );
    facts
}

#[test]
fn facts_of_others_are_ours() {
    let (mut routers, mut neighbours, mut refused) = (0, 0, 0);
    for (id, packet, tshark) in vectors() {
        let advert = heard(&packet);
        let is_malformed = tshark["_ws.malformed"].is_string();
        let expected = match tshark["icmpv6.type"].as_str().unwrap() {
            // Who asks for it to send something there has another one.
            "135" if packet[8..24] != [0; 16] => Verdict::NotForUs,
            "134" | "135" | "136" if is_malformed => Verdict::Malformed,
            "134" => Verdict::Fine,
            "135" | "136" => Verdict::Neighbor,
            _ => Verdict::NotForUs,
        };
        assert_eq!(advert.verdict(), expected, "{id}");
        if expected == Verdict::Fine {
            routers += 1;
            assert_eq!(advert.left_out(), 0, "{id}");
            assert_eq!(facts(&advert), theirs(&tshark), "{id}");
        } else if expected == Verdict::Neighbor {
            neighbours += 1;
            assert_eq!(advert.first().addr()[..], packet[48..64], "{id}");
        } else {
            refused += 1;
        }
        // Whole as they were sent.
        let mut complete = Advert::NONE;
        icmpv6::read(&packet, Checksum::Complete, &mut complete);
        assert!(
            matches!(complete.verdict(), Verdict::BadChecksum) || complete == advert,
            "{id}"
        );
    }
    println!("{routers} of routers, {neighbours} of neighbours agree; {refused} are refused");
}

#[test]
fn packets_of_others_yield_what_is_sound() {
    for (_, packet, _) in vectors() {
        for len in 0..packet.len() {
            heard(&packet[..len]);
            let mut shorter = packet[..len].to_vec();
            if let Some(length) = shorter.get_mut(4..6) {
                length.copy_from_slice(&(len as u16).saturating_sub(40).to_be_bytes());
            }
            heard(&shorter);
        }
    }
}
