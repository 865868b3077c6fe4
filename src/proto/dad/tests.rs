//! Timelines: milliseconds since an address is used, what is sent, what is heard.

use super::*;
use crate::model::advert::What::{Advertised as ADVERTISED, Solicited as SOLICITED};
use crate::model::advert::{Advert, KNOWN_BY};
use crate::model::lease::Verdict;
use std::vec::Vec;

const START: u64 = 77_000_000_000;
const MAC: &[u8] = &[2, 0, 0, 0, 0, 9];
const OTHER: &[u8] = &[2, 0, 0, 0, 0, 7];
const ADDR: &str = "2001:db8::ff:fe00:9";

fn at(ms: u64) -> Instant {
    Instant(START + ms * 1_000)
}

fn addr(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn begun() -> Addr6 {
    began_with(0x2545_f491)
}

fn began_with(chance: u32) -> Addr6 {
    let addr = Cidr {
        addr: addr(ADDR).into(),
        len: 64,
    };
    Addr6::new(7, addr, at(0), chance)
}

/// Nothing happens before this time, and then this: a solicitation, or the last wait ends.
#[track_caller]
fn due(held: &mut Addr6, when: u64, is_sent: bool) {
    assert_eq!(held.deadline(), at(when));
    let before = *held;
    assert_eq!(held.due(Instant(at(when).0 - 1)), None);
    assert_eq!(*held, before);
    assert_eq!(held.due(at(when)).is_some(), is_sent);
}

fn nonce(held: &Addr6) -> [u8; 6] {
    *{ *held }.due(at(1_000_000)).unwrap().1
}

/// What a neighbour says from one address about another one, and what it is known by.
fn says(what: What, source: &str, target: &str, known_by: &[u8]) -> Advert {
    let mut advert = Advert::NONE;
    advert.judge(Verdict::Neighbor);
    advert.set_source(&addr(source).octets());
    assert!(advert.add(what, 0, &addr(target).octets()));
    advert.first_octets()[KNOWN_BY..][..known_by.len()].copy_from_slice(known_by);
    advert
}

#[test]
fn nobody_has_an_address_after_a_second_of_silence() {
    let mut held = begun();
    due(&mut held, 0, true);
    due(&mut held, 0, true);
    held.sent(at(0), Ok(()));
    assert!(held.is_probing());
    due(&mut held, 1_000, false);
    assert_eq!(held.deadline(), NEVER);
    assert!(!held.is_probing() && !held.is_duplicate);
    assert_eq!(held.due(at(1_000_000)), None);
}

#[test]
fn what_could_not_be_sent_does_not_count() {
    let mut held = begun();
    for n in 0..5 {
        due(&mut held, n * 250, true);
        held.sent(at(n * 250), Err(Errno::ENOBUFS));
    }
    due(&mut held, 1_250, true);
    held.sent(at(1_250), Ok(()));
    due(&mut held, 2_250, false);
}

#[test]
fn who_says_to_have_it_or_asks_for_it_from_nobody_has_it() {
    let own = nonce(&begun());
    for (name, advert, is_conflict) in [
        ("it is mine", says(ADVERTISED, ADDR, ADDR, OTHER), true),
        (
            "it is mine, says a router",
            says(ADVERTISED, "fe80::1", ADDR, OTHER),
            true,
        ),
        (
            "it is mine, wherever",
            says(ADVERTISED, ADDR, ADDR, &[]),
            true,
        ),
        (
            "it is ours, said by our kernel",
            says(ADVERTISED, ADDR, ADDR, MAC),
            false,
        ),
        (
            "another one is mine",
            says(ADVERTISED, "fe80::1", "2001:db8::1", OTHER),
            false,
        ),
        (
            "another one probes it",
            says(SOLICITED, "::", ADDR, &[9, 8, 7, 6, 5, 4]),
            true,
        ),
        (
            "one without a nonce probes it",
            says(SOLICITED, "::", ADDR, &[]),
            true,
        ),
        (
            "we probe it, and hear that",
            says(SOLICITED, "::", ADDR, &own),
            false,
        ),
        (
            "somebody probes another one",
            says(SOLICITED, "::", "2001:db8::1", &[]),
            false,
        ),
    ] {
        for sent in [false, true] {
            let mut held = begun();
            if sent {
                held.sent(at(0), Ok(()));
            }
            assert_eq!(held.hear(advert.first(), MAC), is_conflict, "{name}");
            assert_eq!(held.is_duplicate, is_conflict, "{name}");
            assert_eq!(held.deadline() == NEVER, is_conflict);
            if is_conflict {
                assert_eq!(held.due(at(5_000)), None, "it is said once");
                assert!(!held.hear(advert.first(), MAC), "it is said once");
            }
        }
    }
}

#[test]
fn without_a_mac_every_answer_is_of_somebody_else() {
    assert!(begun().hear(says(ADVERTISED, ADDR, ADDR, &[]).first(), b""));
}

#[test]
fn infiniband_knows_its_own_answers() {
    let long = [0xab; 20];
    assert!(!begun().hear(says(ADVERTISED, ADDR, ADDR, &long).first(), &long));
    let mut other = long;
    other[19] = 1;
    assert!(begun().hear(says(ADVERTISED, ADDR, ADDR, &other).first(), &long));
}

#[test]
fn what_is_said_later_is_not_heard() {
    let conflict = says(ADVERTISED, ADDR, ADDR, OTHER);
    let mut held = begun();
    held.sent(at(0), Ok(()));
    due(&mut held, 1_000, false);
    assert!(!held.hear(conflict.first(), MAC));
    assert!(!held.is_duplicate);
    let mut unasked = Addr6::new(7, held.addr, NEVER, 1);
    assert!(!unasked.hear(conflict.first(), MAC));
    assert!(!begun().hear(Advert::NONE.first(), MAC));
}

#[test]
fn nonces_are_chance() {
    let nonces: Vec<[u8; 6]> = (1..100).map(|chance| nonce(&began_with(chance))).collect();
    for (n, one) in nonces.iter().enumerate() {
        assert!(!nonces[n + 1..].contains(one));
        assert_ne!(*one, [0; 6]);
    }
}
