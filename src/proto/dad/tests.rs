//! Timelines: milliseconds since an address is used, what is sent, what is heard.

use super::*;
use crate::model::advert::KNOWN_BY;
use crate::model::advert::What::{Advertised as ADVERTISED, Solicited as SOLICITED};
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

fn begun(transmits: u8) -> Check {
    Check::new(7, addr(ADDR), at(0), 0x2545_f491, (transmits, RETRANS_MS))
}

/// Nothing happens before this time, and then this.
#[track_caller]
fn due(check: &mut Check, when: u64, what: Due) {
    assert_eq!(check.deadline(), at(when));
    let before = *check;
    assert_eq!(check.due(Instant(at(when).0 - 1)), Due::Nothing);
    assert_eq!(*check, before);
    assert_eq!(check.due(at(when)), what);
}

fn nonce(check: &Check) -> [u8; 6] {
    match { *check }.due(Instant(u64::MAX)) {
        Due::Probe(nonce) => nonce,
        Due::Nothing | Due::Unique => panic!("nothing to be sent"),
    }
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
fn an_address_is_unique_after_a_second_of_silence() {
    let mut check = begun(1);
    let nonce = nonce(&check);
    due(&mut check, 0, Due::Probe(nonce));
    due(&mut check, 0, Due::Probe(nonce));
    check.sent(at(0), Ok(()));
    due(&mut check, 1_000, Due::Unique);
    assert_eq!(
        (check.state(), check.deadline()),
        (State::Unique, Instant(u64::MAX))
    );
    assert_eq!(check.due(Instant(u64::MAX)), Due::Nothing);
}

#[test]
fn it_is_asked_as_often_and_as_fast_as_is_said() {
    let mut check = Check::new(7, addr(ADDR), at(0), 3, (3, 200));
    let nonce = nonce(&check);
    for when in [0, 200, 400] {
        due(&mut check, when, Due::Probe(nonce));
        check.sent(at(when), Ok(()));
    }
    due(&mut check, 600, Due::Unique);
    let mut unasked = begun(0);
    due(&mut unasked, 0, Due::Unique);
}

#[test]
fn what_could_not_be_sent_does_not_count() {
    let mut check = begun(1);
    let nonce = nonce(&check);
    for n in 0..5 {
        due(&mut check, n * 250, Due::Probe(nonce));
        check.sent(at(n * 250), Err(Errno::ENOBUFS));
    }
    due(&mut check, 1_250, Due::Probe(nonce));
    check.sent(at(1_250), Ok(()));
    due(&mut check, 2_250, Due::Unique);
}

#[test]
fn who_says_to_have_it_or_asks_for_it_from_nobody_has_it() {
    let own = nonce(&begun(1));
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
            "somebody would speak to us",
            says(SOLICITED, "fe80::1", ADDR, &[]),
            false,
        ),
        (
            "somebody probes another one",
            says(SOLICITED, "::", "2001:db8::1", &[]),
            false,
        ),
    ] {
        for sent in [false, true] {
            let mut check = begun(1);
            if sent {
                check.sent(at(0), Ok(()));
            }
            assert_eq!(check.hear(&advert, MAC), is_conflict, "{name}");
            let state = if is_conflict {
                State::Duplicate
            } else {
                State::Probing
            };
            assert_eq!(check.state(), state, "{name}");
            assert_eq!(check.deadline() == Instant(u64::MAX), is_conflict);
            if is_conflict {
                assert_eq!(check.due(at(5_000)), Due::Nothing, "it is said once");
                assert!(!check.hear(&advert, MAC), "it is said once");
            }
        }
    }
}

#[test]
fn without_a_mac_every_answer_is_of_somebody_else() {
    assert!(begun(1).hear(&says(ADVERTISED, ADDR, ADDR, &[]), b""));
}

#[test]
fn infiniband_knows_its_own_answers() {
    let long = [0xab; 20];
    assert!(!begun(1).hear(&says(ADVERTISED, ADDR, ADDR, &long), &long));
    let mut other = long;
    other[19] = 1;
    assert!(begun(1).hear(&says(ADVERTISED, ADDR, ADDR, &other), &long));
}

#[test]
fn what_is_said_later_or_is_nothing_is_not_heard() {
    let conflict = says(ADVERTISED, ADDR, ADDR, OTHER);
    let mut check = begun(0);
    due(&mut check, 0, Due::Unique);
    assert!(!check.hear(&conflict, MAC));
    assert_eq!(check.state(), State::Unique);
    for verdict in [
        Verdict::Fine,
        Verdict::Malformed,
        Verdict::BadChecksum,
        Verdict::NotForUs,
        Verdict::Unread,
    ] {
        let mut advert = conflict;
        advert.judge(verdict);
        assert!(!begun(1).hear(&advert, MAC), "{verdict:?}");
    }
    assert!(!begun(1).hear(&Advert::NONE, MAC));
}

#[test]
fn nonces_are_chance() {
    let nonces: Vec<[u8; 6]> = (1..100)
        .map(|seed| nonce(&Check::new(7, addr(ADDR), at(0), seed, (1, RETRANS_MS))))
        .collect();
    for (n, one) in nonces.iter().enumerate() {
        assert!(!nonces[n + 1..].contains(one));
        assert_ne!(*one, [0; 6]);
    }
}
