//! Timelines: milliseconds since there is an address to ask from, what is sent, what is heard, what there is then.

use super::*;
use crate::model::advert::{FLAGS, MANAGED, OTHER};
use crate::model::lease6::leased;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

/// When that is.
const START: u64 = 77_000_000_000;

/// Router one and router two.
const ONE: &str = "fe80::1";
const TWO: &str = "fe80::2";

fn at(ms: u64) -> Instant {
    Instant(START + ms * 1_000)
}

fn secs(secs: u64) -> Instant {
    at(secs * 1_000)
}

fn addr(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn started() -> Ndisc {
    let mut ndisc = Ndisc::NEW;
    ndisc.start(at(0), 0x2545_f491);
    ndisc
}

/// What is said, the octets in words: an address with a length, a text, flags.
type Said = (What, &'static str, u32);

fn octets(what: What, text: &str) -> Vec<u8> {
    match what {
        What::Link => text.bytes().cycle().take(8).collect(),
        What::Nothing | What::Router => vec![],
        What::Portal | What::Domain => text.into(),
        What::Pref64 => {
            let (prefix, len) = text.split_once('/').unwrap();
            [&[0; 8][..], &[len.parse().unwrap()], &addr(prefix).octets()].concat()
        }
        What::Server | What::Solicited | What::Advertised => addr(text).octets().to_vec(),
    }
}

/// An advertisement: kind, what, seconds.
fn says(router: &str, said: &[Said]) -> Advert {
    let mut advert = Advert::NONE;
    advert.judge(Verdict::Fine);
    advert.set_source(&addr(router).octets());
    for (what, text, valid) in said {
        assert!(advert.add(*what, *valid, &octets(*what, text)));
    }
    assert!(advert.is_sound());
    advert
}

/// The same.
macro_rules! says {
    ($router:expr, $($what:ident $text:literal $valid:expr),* $(,)?) => {
        says($router, &[$((What::$what, $text, $valid)),*])
    };
}

/// An advertisement that has flags for the link.
fn flags(router: &str, flags: u8) -> Advert {
    let mut advert = says!(router, Link "x" 1_800);
    advert.first_octets()[FLAGS] = flags;
    advert
}

/// Nothing happens before this time, and then this.
#[track_caller]
fn due(ndisc: &mut Ndisc, when: Instant, what: Due) {
    assert_eq!(ndisc.deadline(), when);
    let before = *ndisc;
    assert_eq!(ndisc.due(Instant(when.0 - 1)), Due::Nothing);
    assert!(*ndisc == before);
    let mut later = *ndisc;
    assert_eq!(ndisc.due(when), what);
    assert_eq!(later.due(Instant(when.0 + 1)), what, "it stays due");
}

/// What there is once a change is told at this time, which is told once: by whom, what, and the seconds it lasts.
#[track_caller]
fn changed(ndisc: &mut Ndisc, now: Instant) -> Vec<String> {
    assert_eq!(ndisc.due(now), Due::Changed);
    assert_ne!(ndisc.due(now), Due::Changed);
    all(ndisc, now)
}

fn all(ndisc: &Ndisc, now: Instant) -> Vec<String> {
    let line = |kept: &Kept| {
        let item = kept.item();
        let by = kept.router.octets()[15];
        let said = match item.what() {
            What::Link => format!("{:x}", item.flags()),
            What::Portal | What::Domain => String::from_utf8(item.octets().to_vec()).unwrap(),
            What::Pref64 => format!("{}", leased(item.octets()).unwrap().addr),
            What::Nothing | What::Router => "-".into(),
            What::Server | What::Solicited | What::Advertised => {
                format!("{}", Ipv6Addr::from(*item.addr()))
            }
        };
        format!(
            "{by} {:?} {said} {}",
            item.what(),
            now.seconds_until(kept.until)
        )
    };
    let mut lines: Vec<String> = ndisc.kept().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn all_zeros_is_new() {
    let mut ndisc = Ndisc::NEW;
    assert_eq!((ndisc.state(), ndisc.state() as u8), (State::Stopped, 0));
    assert_eq!(What::Nothing as u8, 0);
    assert_eq!(ndisc.deadline(), Instant(u64::MAX));
    assert_eq!(ndisc.due(Instant(u64::MAX - 1)), Due::Nothing);
    assert!(size_of::<Ndisc>() < 4_700, "{}", size_of::<Ndisc>());
}

#[test]
fn a_router_takes_two_messages_and_no_time() {
    let mut ndisc = started();
    due(&mut ndisc, at(0), Due::Send(Message::AskRouters));
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(
        at(2),
        &says!(ONE, Link "x" 9_000, Router "" 1_800, Server "2001:db8::53" 600, Domain "example.net" 600,
            Pref64 "64:ff9b::/96" 700, Portal "https://example.net/" 9_000),
    );
    assert_eq!(
        changed(&mut ndisc, at(2)),
        [
            "1 Domain example.net 600",
            "1 Link 0 9000",
            "1 Portal https://example.net/ 9000",
            "1 Pref64 64:ff9b::/96 700",
            "1 Router - 1800",
            "1 Server 2001:db8::53 600",
        ]
    );
    assert_eq!(ndisc.state(), State::Answered);
    assert_eq!(ndisc.due(at(2)), Due::Nothing);
    // No more is asked; what is over next is the server.
    due(&mut ndisc, at(600_002), Due::Changed);
    assert_eq!(
        all(&ndisc, at(600_002)),
        [
            "1 Link 0 8400",
            "1 Portal https://example.net/ 8400",
            "1 Pref64 64:ff9b::/96 100",
            "1 Router - 1200"
        ]
    );
    due(&mut ndisc, at(700_002), Due::Changed);
    due(&mut ndisc, at(1_800_002), Due::Changed);
}

#[test]
fn solicitations_become_slower() {
    let mut gaps = Vec::new();
    let mut ndisc = started();
    for n in 0..40 {
        let now = ndisc.deadline();
        assert_eq!(ndisc.due(now), Due::Send(Message::AskRouters));
        assert_eq!(ndisc.tries(), n);
        ndisc.sent(now, Ok(()));
        gaps.push(ndisc.deadline().0 - now.0);
    }
    let second = 1_000_000;
    assert_eq!(gaps[0], 250_000);
    assert!((900_000..=1_100_000).contains(&gaps[1]), "{}", gaps[1]);
    for pair in gaps[1..].windows(2) {
        let (least, most) = (pair[0] * 19 / 10 - 1, pair[0] * 21 / 10 + 1);
        let is_slowest = (3_240 * second..=3_960 * second).contains(&pair[1]);
        assert!((least..=most).contains(&pair[1]) || is_slowest, "{pair:?}");
    }
    assert!(gaps[15..].iter().all(|gap| *gap >= 3_240 * second));
    // By chance, and not ever the same.
    let slowest = &gaps[15..];
    assert!(slowest.iter().any(|gap| *gap < 3_500 * second));
    assert!(slowest.iter().any(|gap| *gap > 3_700 * second));
    let mut other = Ndisc::NEW;
    other.start(at(0), 7);
    other.sent(at(0), Ok(()));
    other.sent(at(0), Ok(()));
    assert_ne!(other.deadline().0 - at(0).0, gaps[1]);
}

#[test]
fn what_could_not_be_sent_is_tried_soon_and_does_not_count() {
    let mut ndisc = started();
    for n in 0..20 {
        due(&mut ndisc, at(n * 250), Due::Send(Message::AskRouters));
        ndisc.sent(at(n * 250), Err(Errno::ENOBUFS));
        assert_eq!(ndisc.tries(), 0);
    }
    due(&mut ndisc, at(5_000), Due::Send(Message::AskRouters));
    ndisc.sent(at(5_000), Ok(()));
    assert_eq!(ndisc.tries(), 1);
    assert_eq!(ndisc.deadline(), at(5_250));
}

#[test]
fn who_is_no_router_does_not_answer() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    let next = ndisc.deadline();
    ndisc.hear(
        at(1),
        &says!(ONE, Server "2001:db8::53" 600, Router "" 0, Link "x" 1_800),
    );
    assert_eq!(ndisc.state(), State::Soliciting);
    assert_eq!(
        changed(&mut ndisc, at(1)),
        ["1 Link 0 1800", "1 Server 2001:db8::53 600"]
    );
    due(&mut ndisc, next, Due::Send(Message::AskRouters));
    ndisc.sent(next, Ok(()));
    ndisc.hear(next, &says!(TWO, Router "" 5, Link "x" 1_800));
    changed(&mut ndisc, next);
    assert_eq!(ndisc.state(), State::Answered);
}

#[test]
fn carrier_that_comes_back_asks_anew_and_forgets_nothing() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(at(1), &says!(ONE, Router "" 1_800));
    changed(&mut ndisc, at(1));
    ndisc.stop();
    assert_eq!(ndisc.deadline(), at(1_800_001));
    // Heard all the same.
    ndisc.hear(at(5), &says!(TWO, Router "" 9_000));
    assert_eq!(ndisc.state(), State::Stopped);
    changed(&mut ndisc, at(101));
    ndisc.start(at(60_000), 7);
    ndisc.start(at(60_001), 8);
    due(&mut ndisc, at(60_000), Due::Send(Message::AskRouters));
    assert_eq!(ndisc.of(What::Router).count(), 2);
    ndisc.stop();
    assert_eq!(changed(&mut ndisc, at(1_800_001)), ["2 Router - 7200"]);
}

#[test]
fn a_router_that_goes_takes_nothing_else_with_it() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    let whole = says!(ONE, Server "2001:db8::53" 600, Router "" 1_800, Link "x" 1_800);
    ndisc.hear(at(1), &whole);
    ndisc.hear(at(2), &says!(TWO, Router "" 1_800));
    changed(&mut ndisc, at(2));
    ndisc.hear(
        at(5_000),
        &says!(ONE, Server "2001:db8::53" 600, Router "" 0, Link "x" 1_800),
    );
    assert_eq!(
        changed(&mut ndisc, at(5_000)),
        [
            "1 Link 0 1800",
            "1 Server 2001:db8::53 600",
            "2 Router - 1795"
        ]
    );
    assert_eq!(ndisc.state(), State::Answered, "there is another one");
    // When that goes too, it is asked again, but not at once.
    ndisc.hear(at(6_000), &says!(TWO, Router "" 0));
    assert_eq!(changed(&mut ndisc, at(6_000)).len(), 2);
    due(&mut ndisc, at(7_000), Due::Send(Message::AskRouters));
    // It comes back.
    ndisc.hear(at(7_100), &whole);
    let lines = changed(&mut ndisc, at(7_100));
    assert!(lines.contains(&"1 Router - 1800".into()), "{lines:?}");
    assert_eq!(ndisc.state(), State::Answered);
}

/// However often it does: a solicitation is sent once a second at most.
#[test]
fn a_router_that_comes_and_goes_is_not_asked_more() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    for n in 0..100_000 {
        let now = Instant(START + n * 10);
        let secs = if n % 2 == 0 { 1_800 } else { 0 };
        ndisc.hear(now, &says(ONE, &[(What::Router, "", secs)]));
        assert_ne!(ndisc.due(now), Due::Send(Message::AskRouters));
    }
    assert_eq!(ndisc.state(), State::Soliciting);
}

#[test]
fn a_router_that_is_silent_is_none_in_the_end() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(at(1), &says!(ONE, Router "" 30, Domain "a" 20));
    changed(&mut ndisc, at(1));
    due(&mut ndisc, at(20_001), Due::Changed);
    assert_eq!(all(&ndisc, at(20_001)), ["1 Router - 10"]);
    due(&mut ndisc, at(30_001), Due::Changed);
    assert_eq!(ndisc.state(), State::Soliciting);
    assert_eq!(ndisc.kept().count(), 0);
    due(&mut ndisc, at(31_001), Due::Send(Message::AskRouters));
}

#[test]
fn each_router_has_its_own_of_the_same() {
    let mut ndisc = started();
    let same = |router| says!(router, Pref64 "64:ff9b::/96" 600, Server "2001:db8::53" 600, Router "" 1_800);
    ndisc.hear(at(0), &same(ONE));
    ndisc.hear(at(0), &same(TWO));
    assert_eq!(changed(&mut ndisc, at(0)).len(), 6);
    ndisc.hear(at(500), &says!(ONE, Server "2001:db8::53" 0));
    assert_eq!(changed(&mut ndisc, at(500)).len(), 5);
    let left: Vec<u8> = ndisc
        .of(What::Server)
        .map(|kept| kept.router.octets()[15])
        .collect();
    assert_eq!(left, [2]);
}

#[test]
fn flags_are_those_of_all_routers() {
    let mut ndisc = started();
    ndisc.hear(at(0), &flags(ONE, MANAGED));
    ndisc.hear(at(0), &flags(TWO, OTHER));
    assert_eq!(ndisc.flags(), MANAGED | OTHER);
    changed(&mut ndisc, at(0));
    ndisc.hear(at(1_000), &flags(ONE, 0));
    assert_eq!(
        changed(&mut ndisc, at(1_000)),
        ["1 Link 0 1800", "2 Link 40 1799"]
    );
    assert_eq!(ndisc.flags(), OTHER);
    // They flip: it is told as often as there is somebody to tell.
    for n in 0..100_u64 {
        let flip = if n % 2 == 0 { MANAGED } else { OTHER };
        ndisc.hear(Instant(at(2_000).0 + n), &flags(ONE, flip));
    }
    let lines = changed(&mut ndisc, at(2_100));
    assert_eq!(lines, ["1 Link 40 1799", "2 Link 40 1797"]);
    assert_ne!(ndisc.due(at(2_500)), Due::Changed);
    assert_eq!(ndisc.due(at(1_803_000)), Due::Changed);
    assert_eq!(ndisc.flags(), 0);
}

#[test]
fn what_there_is_one_of_changes_in_place() {
    let mut ndisc = started();
    let said = |text| {
        says(
            ONE,
            &[
                (What::Router, "", 1_800),
                (What::Link, text, 1_800),
                (What::Portal, text, 1_800),
            ],
        )
    };
    ndisc.hear(at(0), &said("x"));
    changed(&mut ndisc, at(0));
    ndisc.hear(at(100), &said("x"));
    assert_eq!(ndisc.due(at(100)), Due::Nothing);
    ndisc.hear(at(100), &said("y"));
    assert_eq!(
        changed(&mut ndisc, at(100)),
        ["1 Link 0 1800", "1 Portal y 1800", "1 Router - 1800"]
    );
    let link = ndisc.of(What::Link).next().unwrap();
    assert_eq!(link.item().octets(), b"yyyyyyyy");
    // Another length is another prefix, another domain another one, and one that begins with the other one.
    ndisc.hear(
        at(200),
        &says!(ONE, Pref64 "2001:db8::/64" 600, Domain "a" 600),
    );
    ndisc.hear(
        at(200),
        &says!(ONE, Pref64 "2001:db8::/96" 600, Domain "ab" 600),
    );
    ndisc.hear(at(200), &says!(ONE, Domain "a" 600));
    assert_eq!(changed(&mut ndisc, at(200)).len(), 7);
}

#[test]
fn times_count_from_when_they_were_said_last() {
    let mut ndisc = Ndisc::NEW;
    let said = |valid| says(ONE, &[(What::Server, "2001:db8::53", valid)]);
    ndisc.hear(secs(0), &said(600));
    changed(&mut ndisc, secs(0));
    // Said again it lasts longer, which changes nothing.
    for (n, valid) in [(1, 600), (101, 600), (102, 86_400), (103, 5), (104, 700)] {
        ndisc.hear(secs(n), &said(valid));
        assert_eq!(ndisc.due(secs(n)), Due::Nothing);
        assert_eq!(ndisc.deadline(), secs(n + u64::from(valid)));
    }
    due(&mut ndisc, secs(804), Due::Changed);
    ndisc.hear(secs(900), &said(u32::MAX));
    assert_eq!(changed(&mut ndisc, secs(900)).len(), 1);
    assert_eq!(ndisc.deadline(), Instant(u64::MAX));
    // Taken back, and said again before anybody looked.
    ndisc.hear(secs(1_000), &said(0));
    ndisc.hear(secs(1_000), &said(600));
    assert_eq!(ndisc.due(secs(1_000)), Due::Nothing);
    ndisc.hear(secs(1_001), &said(0));
    assert_eq!(changed(&mut ndisc, secs(1_001)).len(), 0);
    // What was never said is not taken back.
    ndisc.hear(secs(1_002), &said(0));
    assert_eq!(ndisc.due(secs(1_002)), Due::Nothing);
}

#[test]
fn what_lasts_for_two_seconds_is_not_lost_while_it_is_said() {
    let mut ndisc = Ndisc::NEW;
    let mut told = 0;
    for n in 0..100 {
        ndisc.hear(at(n * 500), &says!(ONE, Server "2001:db8::53" 2));
        told += u32::from(ndisc.due(at(n * 500)) == Due::Changed);
        assert_eq!(ndisc.of(What::Server).count(), 1);
    }
    assert_eq!(told, 1);
    due(&mut ndisc, at(51_500), Due::Changed);
    assert_eq!(ndisc.of(What::Server).count(), 0);
}

#[test]
fn changes_are_told_ten_times_a_second_at_most() {
    let mut ndisc = started();
    ndisc.hear(at(0), &says!(ONE, Server "2001:db8::1" 600));
    assert_eq!(changed(&mut ndisc, at(0)), ["1 Server 2001:db8::1 600"]);
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(at(1), &says!(ONE, Server "2001:db8::2" 600));
    ndisc.hear(at(2), &says!(ONE, Server "2001:db8::1" 0));
    ndisc.hear(at(3), &says!(ONE, Server "2001:db8::3" 600));
    ndisc.hear(at(4), &says!(ONE, Server "2001:db8::3" 0));
    ndisc.hear(
        at(5),
        &says!(ONE, Server "2001:db8::4" 0, Server "2001:db8::5" 700),
    );
    // What is over is so at once, and is told when it is time.
    assert_eq!(ndisc.due(at(6)), Due::Nothing);
    due(&mut ndisc, at(100), Due::Changed);
    assert_eq!(
        all(&ndisc, at(100)),
        ["1 Server 2001:db8::2 599", "1 Server 2001:db8::5 699"]
    );
}

/// 100,000 advertisements in a second, each of another router or with something else.
#[test]
fn a_flood_costs_neither_memory_nor_many_looks() {
    let mut ndisc = started();
    let (mut told, mut random) = (0, 1);
    for n in 0..100_000_u64 {
        let now = Instant(START + n * 10);
        let mut chance = || crate::proto::dhcpv4::xorshift(&mut random) % 1_000;
        let router = format!("fe80::{:x}", chance() % 10);
        let mut advert = says(&router, &[(What::Router, "", 9_000)]);
        for _ in 0..3 {
            let server = addr(&format!("2001:db8:{:x}::", chance() % 50)).octets();
            advert.add(What::Server, chance(), &server);
        }
        ndisc.hear(now, &advert);
        told += u32::from(ndisc.due(now) == Due::Changed);
        assert!(ndisc.deadline() > now);
        assert!(ndisc.kept().count() <= MAX_RA_KEPT);
    }
    assert!((9..=11).contains(&told), "{told}");
    assert_eq!(ndisc.kept().count(), MAX_RA_KEPT, "it was full");
    // The same said a hundred thousand times is no change.
    let mut ndisc = started();
    let advert = says!(ONE, Router "" 1_800, Server "2001:db8::53" 86_400);
    let mut told = 0;
    for n in 0..100_000_u64 {
        let now = Instant(START + n * 10);
        ndisc.hear(now, &advert);
        told += u32::from(ndisc.due(now) == Due::Changed);
    }
    assert_eq!(told, 1);
}

#[test]
fn what_has_no_room_is_not_kept_until_there_is() {
    let mut ndisc = Ndisc::NEW;
    let server = |n: usize, valid| {
        let mut advert = says(ONE, &[]);
        let octets = addr(&format!("2001:db8::{n}")).octets();
        assert!(advert.add(What::Server, valid, &octets));
        advert
    };
    for n in 1..=MAX_RA_KEPT {
        ndisc.hear(at(0), &server(n, 600));
    }
    assert_eq!(changed(&mut ndisc, at(0)).len(), MAX_RA_KEPT);
    ndisc.hear(at(200), &server(90, 600));
    ndisc.hear(at(200), &server(91, 0));
    assert_eq!(ndisc.due(at(200)), Due::Nothing);
    // What is known is heard all the same, and makes room when it goes.
    ndisc.hear(at(400), &server(3, 0));
    assert_eq!(changed(&mut ndisc, at(400)).len(), MAX_RA_KEPT - 1);
    ndisc.hear(at(600), &server(90, 600));
    let lines = changed(&mut ndisc, at(600));
    assert_eq!(lines.len(), MAX_RA_KEPT);
    assert!(lines.contains(&"1 Server 2001:db8::90 600".into()));
}

#[test]
fn what_is_no_advertisement_of_a_router_is_not_heard() {
    let mut ndisc = started();
    for verdict in [
        Verdict::Neighbor,
        Verdict::Malformed,
        Verdict::NotForUs,
        Verdict::BadChecksum,
        Verdict::Unread,
        Verdict::Arp,
    ] {
        let mut advert = says!(ONE, Router "" 1_800, Server "2001:db8::53" 600);
        advert.judge(verdict);
        ndisc.hear(at(0), &advert);
        assert_eq!(
            (ndisc.kept().count(), ndisc.state()),
            (0, State::Soliciting)
        );
    }
}
