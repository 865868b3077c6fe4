//! Timelines: milliseconds since there is an address to ask from, what is sent, what is heard, what is told.

use super::*;
use crate::model::advert::{Head, MANAGED, OTHER};
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

/// What is said, the octets in words: an address with a length, or a text.
type Said = (What, &'static str, u8, u32, u32);

fn octets(what: What, text: &str) -> (Vec<u8>, u8) {
    match what {
        What::Link => (text.bytes().cycle().take(13).collect(), 0),
        What::Nothing | What::Router => (vec![], 0),
        What::Portal | What::Domain => (text.into(), 0),
        What::OnLink | What::Autonomous | What::Route | What::Pref64 => {
            let (prefix, len) = text.split_once('/').unwrap();
            (addr(prefix).octets().to_vec(), len.parse().unwrap())
        }
        What::Server | What::Target => (addr(text).octets().to_vec(), 0),
    }
}

/// An advertisement: kind, what, flags, seconds, seconds preferred.
fn says(router: &str, said: &[Said]) -> Advert {
    let mut advert = Advert::NONE;
    advert.judge(Verdict::Fine);
    advert.set_source(&addr(router).octets());
    for (what, text, flags, valid, preferred) in said {
        let (octets, prefix_len) = octets(*what, text);
        advert.add(
            Head {
                what: *what,
                prefix_len,
                flags: *flags,
                valid: *valid,
                preferred: *preferred,
            },
            &octets,
        );
    }
    assert_eq!(advert.left_out(), 0);
    assert!(advert.is_sound());
    advert
}

/// The same, of things that are preferred as long as they last.
macro_rules! says {
    ($router:expr, $($what:ident $text:literal $valid:expr),* $(,)?) => {
        says($router, &[$((What::$what, $text, 0, $valid, $valid)),*])
    };
}

/// Nothing happens before this time, and then this.
#[track_caller]
fn due(ndisc: &mut Ndisc, when: Instant, what: Due) {
    assert_eq!(ndisc.deadline(), when);
    let before = ndisc.clone();
    assert_eq!(ndisc.due(Instant(when.0 - 1)), Due::Nothing);
    assert!(*ndisc == before);
    assert_eq!(ndisc.due(when), what);
    assert_eq!(ndisc.due(when), what, "it stays due");
}

/// What is told at this time: news, by whom, what, and the seconds it lasts from then on.
#[track_caller]
fn told(ndisc: &mut Ndisc, now: Instant) -> Vec<String> {
    assert_eq!(ndisc.due(now), Due::Changed);
    let lines = all(ndisc, now, |kept| kept.news != News::None);
    ndisc.told(now);
    assert_ne!(ndisc.due(now), Due::Changed);
    lines
}

fn all(ndisc: &Ndisc, now: Instant, is_it: impl Fn(&Kept) -> bool) -> Vec<String> {
    let line = |kept: &Kept| {
        let item = kept.item();
        let by = kept.router.octets()[15];
        let said = match item.what() {
            What::Link | What::Router => format!("{:x}", item.flags()),
            What::Portal | What::Domain => String::from_utf8(item.text().to_vec()).unwrap(),
            What::Nothing
            | What::OnLink
            | What::Autonomous
            | What::Route
            | What::Pref64
            | What::Server
            | What::Target => format!("{}/{}", item.addr(), item.prefix_len()),
        };
        let (valid, preferred) = (
            now.seconds_until(kept.until),
            now.seconds_until(kept.preferred_until),
        );
        format!(
            "{:?} {by} {:?} {said} {valid} {preferred}",
            kept.news,
            item.what()
        )
    };
    ndisc.kept().filter(|kept| is_it(kept)).map(line).collect()
}

#[test]
fn all_zeros_is_new() {
    let mut ndisc = Ndisc::NEW;
    assert_eq!((ndisc.state(), ndisc.state() as u8), (State::Stopped, 0));
    assert_eq!((News::None as u8, What::Nothing as u8), (0, 0));
    assert_eq!(ndisc.deadline(), Instant(u64::MAX));
    assert_eq!(ndisc.due(Instant(u64::MAX - 1)), Due::Nothing);
    assert!(size_of::<Ndisc>() < 9_600, "{}", size_of::<Ndisc>());
}

#[test]
fn a_router_takes_two_messages_and_no_time() {
    let mut ndisc = started();
    due(&mut ndisc, at(0), Due::Solicit);
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(
        at(2),
        &says!(ONE, OnLink "2001:db8::/64" 86_400, Autonomous "2001:db8::/64" 86_400,
            Server "2001:db8::53" 600, Domain "example.net" 600, Router "" 1_800, Link "x" 86_400),
    );
    assert_eq!(ndisc.state(), State::Answered);
    assert_eq!(
        told(&mut ndisc, at(2)),
        [
            "New 1 Link 0 86400 86400",
            "New 1 Router 0 1800 1800",
            "New 1 OnLink 2001:db8::/64 86400 86400",
            "New 1 Autonomous 2001:db8::/64 86400 86400",
            "New 1 Server 2001:db8::53/0 600 600",
            "New 1 Domain example.net 600 600",
        ]
    );
    assert_eq!(ndisc.due(at(2)), Due::Nothing);
    // No more is asked; what is over next is the server.
    due(&mut ndisc, at(600_002), Due::Changed);
    assert_eq!(
        told(&mut ndisc, at(600_002)),
        [
            "Gone 1 Server 2001:db8::53/0 0 0",
            "Gone 1 Domain example.net 0 0"
        ]
    );
    assert_eq!(ndisc.kept().count(), 4);
    due(&mut ndisc, at(1_800_002), Due::Changed);
}

#[test]
fn solicitations_become_slower() {
    let mut gaps = Vec::new();
    let mut ndisc = started();
    for n in 0..40 {
        let now = ndisc.deadline();
        assert_eq!(ndisc.due(now), Due::Solicit);
        assert_eq!(ndisc.tries(), n);
        ndisc.sent(now, Ok(()));
        gaps.push(ndisc.deadline().0 - now.0);
    }
    let second = 1_000_000;
    assert!((900_000..=1_100_000).contains(&gaps[0]), "{}", gaps[0]);
    for pair in gaps.windows(2) {
        let (least, most) = (pair[0] * 19 / 10 - 1, pair[0] * 21 / 10 + 1);
        let is_slowest = (3_240 * second..=3_960 * second).contains(&pair[1]);
        assert!((least..=most).contains(&pair[1]) || is_slowest, "{pair:?}");
    }
    assert!(gaps[14..].iter().all(|gap| *gap >= 3_240 * second));
    // By chance, and not ever the same.
    let slowest = &gaps[14..];
    assert!(slowest.iter().any(|gap| *gap < 3_500 * second));
    assert!(slowest.iter().any(|gap| *gap > 3_700 * second));
    let mut other = Ndisc::NEW;
    other.start(at(0), 7);
    other.sent(at(0), Ok(()));
    assert_ne!(other.deadline().0 - at(0).0, gaps[0]);
}

#[test]
fn what_could_not_be_sent_is_tried_soon_and_does_not_count() {
    let mut ndisc = started();
    for n in 0..20 {
        due(&mut ndisc, at(n * 250), Due::Solicit);
        ndisc.sent(at(n * 250), Err(Errno::ENOBUFS));
        assert_eq!(ndisc.tries(), 0);
    }
    due(&mut ndisc, at(5_000), Due::Solicit);
    ndisc.sent(at(5_000), Ok(()));
    let gap = ndisc.deadline().0 - at(5_000).0;
    assert!((900_000..=1_100_000).contains(&gap));
}

#[test]
fn who_is_no_router_does_not_answer() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    let next = ndisc.deadline();
    ndisc.hear(
        at(1),
        &says!(ONE, OnLink "2001:db8::/64" 600, Router "" 0, Link "x" 1_800),
    );
    assert_eq!(ndisc.state(), State::Soliciting);
    assert_eq!(
        told(&mut ndisc, at(1)),
        [
            "New 1 Link 0 1800 1800",
            "New 1 OnLink 2001:db8::/64 600 600"
        ]
    );
    due(&mut ndisc, next, Due::Solicit);
    ndisc.sent(next, Ok(()));
    ndisc.hear(next, &says!(TWO, Router "" 5, Link "x" 1_800));
    assert_eq!(ndisc.state(), State::Answered);
}

#[test]
fn carrier_that_comes_back_asks_anew_and_forgets_nothing() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(at(1), &says!(ONE, Router "" 1_800));
    told(&mut ndisc, at(1));
    ndisc.stop();
    assert_eq!(ndisc.deadline(), at(1_800_001));
    // Heard all the same.
    ndisc.hear(at(5), &says!(TWO, Router "" 9_000));
    assert_eq!(ndisc.state(), State::Stopped);
    told(&mut ndisc, at(101));
    ndisc.start(at(60_000), 7);
    ndisc.start(at(60_001), 8);
    due(&mut ndisc, at(60_000), Due::Solicit);
    assert_eq!(ndisc.of(What::Router).count(), 2);
    ndisc.stop();
    assert_eq!(told(&mut ndisc, at(1_800_001)), ["Gone 1 Router 0 0 0"]);
}

#[test]
fn a_router_that_goes_takes_its_default_route_only() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    let whole = says!(ONE, OnLink "2001:db8::/64" 600, Server "2001:db8::53" 600, Router "" 1_800, Link "x" 1_800);
    ndisc.hear(at(1), &whole);
    ndisc.hear(at(2), &says!(TWO, Router "" 1_800));
    told(&mut ndisc, at(2));
    ndisc.hear(at(5_000), &says!(ONE, OnLink "2001:db8::/64" 600, Server "2001:db8::53" 600, Router "" 0, Link "x" 1_800));
    let lines = told(&mut ndisc, at(5_000));
    assert_eq!(
        lines,
        [
            "Lifetime 1 Link 0 1800 1800",
            "Gone 1 Router 0 0 0",
            "Lifetime 1 OnLink 2001:db8::/64 600 600",
            "Lifetime 1 Server 2001:db8::53/0 600 600",
        ]
    );
    assert_eq!(ndisc.of(What::Router).count(), 1);
    assert_eq!(ndisc.state(), State::Answered, "there is another one");
    // When that goes too, it is asked again, but not at once.
    ndisc.hear(at(6_000), &says!(TWO, Router "" 0));
    assert_eq!(told(&mut ndisc, at(6_000)), ["Gone 2 Router 0 0 0"]);
    due(&mut ndisc, at(7_000), Due::Solicit);
    // It comes back.
    ndisc.hear(at(10_100), &whole);
    let lines = told(&mut ndisc, at(10_100));
    assert!(
        lines.contains(&"New 1 Router 0 1800 1800".into()),
        "{lines:?}"
    );
    assert_eq!(ndisc.state(), State::Answered);
}

#[test]
fn a_router_that_is_silent_is_none_in_the_end() {
    let mut ndisc = started();
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(at(1), &says!(ONE, Router "" 30, Route "2001:db8:5::/48" 20));
    told(&mut ndisc, at(1));
    due(&mut ndisc, at(20_001), Due::Changed);
    assert_eq!(
        told(&mut ndisc, at(20_001)),
        ["Gone 1 Route 2001:db8:5::/48 0 0"]
    );
    due(&mut ndisc, at(30_001), Due::Changed);
    assert_eq!(ndisc.state(), State::Soliciting);
    assert_eq!(told(&mut ndisc, at(30_001)), ["Gone 1 Router 0 0 0"]);
    due(&mut ndisc, at(31_001), Due::Solicit);
}

#[test]
fn each_router_has_its_own_of_the_same() {
    let mut ndisc = started();
    let same = |router| says!(router, Autonomous "2001:db8::/64" 86_400, Server "2001:db8::53" 600, Router "" 1_800);
    ndisc.hear(at(0), &same(ONE));
    ndisc.hear(at(0), &same(TWO));
    assert_eq!(told(&mut ndisc, at(0)).len(), 6);
    ndisc.hear(at(500), &says!(ONE, Server "2001:db8::53" 0));
    assert_eq!(
        told(&mut ndisc, at(500)),
        ["Gone 1 Server 2001:db8::53/0 0 0"]
    );
    let left: Vec<u8> = ndisc
        .of(What::Server)
        .map(|kept| kept.router.octets()[15])
        .collect();
    assert_eq!(left, [2]);
}

#[test]
fn flags_are_those_of_all_routers() {
    let mut ndisc = started();
    let link = |router, flags, valid| says(router, &[(What::Link, "x", flags, valid, valid)]);
    ndisc.hear(at(0), &link(ONE, MANAGED, 1_800));
    ndisc.hear(at(0), &link(TWO, OTHER, 1_800));
    assert_eq!(ndisc.flags(), MANAGED | OTHER);
    told(&mut ndisc, at(0));
    ndisc.hear(at(1_000), &link(ONE, 0, 1_800));
    assert_eq!(told(&mut ndisc, at(1_000)), ["Changed 1 Link 0 1800 1800"]);
    assert_eq!(ndisc.flags(), OTHER);
    // It flips: it is told as often as there is somebody to tell.
    for n in 0..100_u64 {
        let flags = if n % 2 == 0 { MANAGED } else { 0 };
        ndisc.hear(Instant(at(2_000).0 + n), &link(ONE, flags, 1_800));
    }
    assert_eq!(told(&mut ndisc, at(2_100)), ["Changed 1 Link 0 1799 1799"]);
    assert_eq!(ndisc.due(at(1_801_000)), Due::Changed);
    assert_eq!(ndisc.flags(), 0);
}

#[test]
fn numbers_and_preferences_change_in_place() {
    let mut ndisc = started();
    let said = |text, flags| {
        says(
            ONE,
            &[
                (What::Router, "", flags, 1_800, 1_800),
                (What::Link, text, 0, 1_800, 1_800),
                (What::Portal, text, 0, 1_800, 1_800),
            ],
        )
    };
    ndisc.hear(at(0), &said("x", 0));
    told(&mut ndisc, at(0));
    ndisc.hear(at(100), &said("x", 0));
    assert_eq!(ndisc.due(at(100)), Due::Nothing);
    ndisc.hear(at(100), &said("y", 3));
    assert_eq!(
        told(&mut ndisc, at(100)),
        [
            "Changed 1 Link 0 1800 1800",
            "Changed 1 Router 3 1800 1800",
            "Changed 1 Portal y 1800 1800"
        ]
    );
    assert_eq!(
        ndisc.of(What::Link).next().unwrap().item().octets()[..14],
        *b"yyyyyyyyyyyyy\0"
    );
    // Another length is another prefix, and another domain another one.
    ndisc.hear(
        at(200),
        &says!(ONE, Route "2001:db8::/64" 600, Domain "a" 600),
    );
    ndisc.hear(
        at(200),
        &says!(ONE, Route "2001:db8::/65" 600, Domain "b" 600),
    );
    assert_eq!(told(&mut ndisc, at(200)).len(), 4);
}

#[test]
fn lifetimes_are_told_when_they_moved() {
    let mut ndisc = Ndisc::NEW;
    let said = |valid, preferred| {
        says(
            ONE,
            &[(What::Autonomous, "2001:db8::/64", 0, valid, preferred)],
        )
    };
    ndisc.hear(secs(0), &said(86_400, 14_400));
    told(&mut ndisc, secs(0));
    // As fast as time goes: RFC 4861 s.6.2.1, AdvValidLifetime with a fixed end.
    for n in 1..100 {
        ndisc.hear(secs(n), &said(86_400 - n as u32, 14_400 - n as u32));
        assert_eq!(ndisc.due(secs(n)), Due::Nothing);
    }
    // By little, which adds up.
    ndisc.hear(secs(101), &said(86_300, 14_300));
    assert_eq!(ndisc.due(secs(101)), Due::Nothing);
    ndisc.hear(secs(102), &said(86_300, 14_300));
    assert_eq!(
        told(&mut ndisc, secs(102)),
        ["Lifetime 1 Autonomous 2001:db8::/64 86300 14300"]
    );
    // Not preferred any more, preferred again, for ever.
    for (n, valid, preferred) in [
        (110, 86_300, 0),
        (120, 86_300, 5),
        (130, u32::MAX, u32::MAX),
    ] {
        ndisc.hear(secs(n), &said(valid, preferred));
        let line = format!("Lifetime 1 Autonomous 2001:db8::/64 {valid} {preferred}");
        assert_eq!(told(&mut ndisc, secs(n)), [line]);
    }
    assert_eq!(ndisc.deadline(), Instant(u64::MAX));
}

#[test]
fn what_lasts_for_two_seconds_is_not_lost_while_it_is_said() {
    let mut ndisc = Ndisc::NEW;
    let mut told = 0;
    for n in 0..100 {
        ndisc.hear(at(n * 500), &says!(ONE, Server "2001:db8::53" 2));
        if ndisc.due(at(n * 500)) == Due::Changed {
            told += 1;
            ndisc.told(at(n * 500));
        }
        assert_eq!(ndisc.of(What::Server).count(), 1);
    }
    // As often as it takes for the times known to be right to a second.
    assert_eq!(told, 34);
    assert_eq!(ndisc.due(at(51_501)), Due::Changed);
    assert_eq!(ndisc.of(What::Server).count(), 0);
}

/// RFC 4862 s.5.5.3 e.
#[test]
fn nobody_takes_an_address_in_less_than_two_hours() {
    for (before, said, after) in [
        (86_400, 90_000, 90_000),
        (86_400, 7_201, 7_201),
        (86_400, 7_200, 7_200),
        (86_400, 5, 7_200),
        (86_400, 0, 7_200),
        (7_000, 5, 7_000),
        (7_000, 0, 7_000),
        (7_000, 7_100, 7_100),
        (5, 0, 5),
        (u32::MAX, 0, 7_200),
    ] {
        let mut ndisc = started();
        let says = |valid| {
            says(
                ONE,
                &[
                    (What::Autonomous, "2001:db8::/64", 0, valid, 0),
                    (What::OnLink, "2001:db8::/64", 0, valid, valid),
                ],
            )
        };
        ndisc.hear(at(0), &says(before));
        told(&mut ndisc, at(0));
        ndisc.hear(at(1), &says(said));
        let _ = ndisc.due(at(101));
        let lasts = |what| {
            ndisc
                .of(what)
                .next()
                .map(|kept| at(1).seconds_until(kept.until))
        };
        let autonomous = lasts(What::Autonomous).unwrap();
        assert!(
            autonomous.abs_diff(after) <= 1,
            "{before} {said}: {autonomous}"
        );
        // But the prefix is on the link as long as it is said to be.
        let on_link = lasts(What::OnLink).unwrap_or(0);
        assert!(on_link.abs_diff(said) <= 1, "{before} {said}: {on_link}");
    }
    let mut ndisc = started();
    ndisc.hear(at(0), &says!(ONE, Autonomous "2001:db8::/64" 0));
    assert_eq!(
        ndisc.kept().count(),
        0,
        "what was never said is not taken back"
    );
}

#[test]
fn news_come_ten_times_a_second_at_most() {
    let mut ndisc = started();
    ndisc.hear(at(0), &says!(ONE, Server "2001:db8::1" 600));
    assert_eq!(
        told(&mut ndisc, at(0)),
        ["New 1 Server 2001:db8::1/0 600 600"]
    );
    ndisc.sent(at(0), Ok(()));
    ndisc.hear(at(1), &says!(ONE, Server "2001:db8::2" 600));
    ndisc.hear(at(2), &says!(ONE, Server "2001:db8::1" 0));
    ndisc.hear(at(3), &says!(ONE, Server "2001:db8::3" 600));
    ndisc.hear(at(4), &says!(ONE, Server "2001:db8::3" 0));
    ndisc.hear(at(5), &says!(ONE, Server "2001:db8::1" 700));
    due(&mut ndisc, at(100), Due::Changed);
    assert_eq!(
        told(&mut ndisc, at(100)),
        [
            "Changed 1 Server 2001:db8::1/0 699 699",
            "New 1 Server 2001:db8::2/0 599 599",
            "Gone 1 Server 2001:db8::3/0 0 0",
        ]
    );
}

/// What was not told yet is as it was said last.
#[test]
fn news_that_wait_are_the_greatest() {
    let said = |flags, valid| says(ONE, &[(What::Route, "2001:db8::/48", flags, valid, valid)]);
    for (before, flags, valid, news) in [
        (News::New, 0, 600, "New 1 Route 2001:db8::/48 600 600"),
        (News::New, 3, 600, "New 1 Route 2001:db8::/48 600 600"),
        (News::New, 0, 900, "New 1 Route 2001:db8::/48 900 900"),
        (News::New, 0, 0, "Gone 1 Route 2001:db8::/48 0 0"),
        (
            News::Changed,
            1,
            900,
            "Changed 1 Route 2001:db8::/48 900 900",
        ),
        (
            News::Changed,
            0,
            900,
            "Changed 1 Route 2001:db8::/48 900 900",
        ),
        (
            News::Lifetime,
            0,
            900,
            "Lifetime 1 Route 2001:db8::/48 900 900",
        ),
        (
            News::Lifetime,
            1,
            900,
            "Changed 1 Route 2001:db8::/48 900 900",
        ),
        (News::Gone, 0, 600, "Changed 1 Route 2001:db8::/48 600 600"),
        (News::Gone, 0, 0, "Gone 1 Route 2001:db8::/48 0 0"),
    ] {
        let mut ndisc = Ndisc::NEW;
        ndisc.hear(at(0), &said(0, 600));
        if before != News::New {
            told(&mut ndisc, at(0));
        }
        match before {
            News::None | News::New => {}
            News::Lifetime => ndisc.hear(at(0), &said(0, 700)),
            News::Changed => ndisc.hear(at(0), &said(1, 600)),
            News::Gone => ndisc.hear(at(0), &said(0, 0)),
        }
        ndisc.hear(at(0), &said(flags, valid));
        let when = if before == News::New { 0 } else { 100 };
        let lines = told(&mut ndisc, at(when));
        let expected = match when {
            0 => news.into(),
            _ => news
                .replace("900 900", "899 899")
                .replace("600 600", "599 599"),
        };
        assert_eq!(lines, [expected], "{before:?} {flags} {valid}");
    }
}

#[test]
fn a_flood_costs_neither_memory_nor_many_news() {
    let mut ndisc = started();
    let (mut told, mut random) = (0, 1);
    for n in 0..100_000_u64 {
        let now = Instant(START + n * 10);
        let mut chance = || crate::proto::dhcpv4::xorshift(&mut random) % 1_000;
        let router = format!("fe80::{:x}", chance() % 10);
        let mut advert = says(&router, &[(What::Router, "", 0, 9_000, 9_000)]);
        let prefix = addr(&format!("2001:db8:{:x}::", chance() % 50)).octets();
        for what in [What::OnLink, What::Autonomous, What::Route, What::Server] {
            advert.add(
                Head {
                    what,
                    prefix_len: 64,
                    flags: 0,
                    valid: chance(),
                    preferred: 0,
                },
                &prefix,
            );
        }
        ndisc.hear(now, &advert);
        if ndisc.due(now) == Due::Changed {
            told += 1;
            let full = What::Router.bit() | What::OnLink.bit() | What::Autonomous.bit();
            assert_eq!(ndisc.left_out() & full, if told == 1 { 0 } else { full });
            ndisc.told(now);
        }
        for (what, room) in [
            (What::Router, 4),
            (What::OnLink, 16),
            (What::Autonomous, 16),
            (What::Route, 16),
            (What::Server, 8),
        ] {
            assert!(ndisc.of(what).count() <= room, "{what:?}");
        }
    }
    assert!((9..=11).contains(&told), "{told}");
    // The same said a hundred thousand times is no news.
    let mut ndisc = started();
    let advert = says!(ONE, Router "" 1_800, Autonomous "2001:db8::/64" 86_400);
    let mut told = 0;
    for n in 0..100_000_u64 {
        ndisc.hear(Instant(START + n * 10), &advert);
        if ndisc.due(Instant(START + n * 10)) == Due::Changed {
            told += 1;
            ndisc.told(Instant(START + n * 10));
        }
    }
    assert_eq!(told, 1);
}

#[test]
fn what_has_no_room_is_left_out_until_there_is() {
    let mut ndisc = started();
    let server = |n: u32, valid| {
        let mut advert = says(ONE, &[]);
        let octets = addr(&format!("2001:db8::{n}")).octets();
        advert.add(
            Head {
                what: What::Server,
                prefix_len: 0,
                flags: 0,
                valid,
                preferred: valid,
            },
            &octets,
        );
        advert
    };
    for n in 1..9 {
        ndisc.hear(at(0), &server(n, 600));
    }
    assert_eq!(ndisc.left_out(), 0);
    ndisc.hear(at(0), &server(9, 600));
    assert_eq!(ndisc.left_out(), What::Server.bit());
    assert_eq!(told(&mut ndisc, at(0)).len(), 8);
    assert_eq!(ndisc.left_out(), 0);
    ndisc.hear(at(200), &server(3, 0));
    told(&mut ndisc, at(200));
    ndisc.hear(at(400), &server(9, 600));
    assert_eq!(
        told(&mut ndisc, at(400)),
        ["New 1 Server 2001:db8::9/0 600 600"]
    );
    // What the jail had no room for.
    let mut advert = says!(ONE, Router "" 1_800);
    advert.leave_out(What::Domain);
    ndisc.hear(at(500), &advert);
    assert_eq!(ndisc.left_out(), What::Domain.bit());
}

#[test]
fn all_there_is_room_for_fits_at_once() {
    let mut ndisc = started();
    let mut expected = 0;
    for n in 0..20_u32 {
        let router = format!("fe80::{n}");
        let mut advert = says(
            &router,
            &[
                (What::Router, "", 0, 600, 600),
                (What::Link, "x", 0, 600, 600),
                (What::Portal, "x", 0, 600, 600),
            ],
        );
        let prefix = addr(&format!("2001:db8:{n}::")).octets();
        for what in [
            What::OnLink,
            What::Autonomous,
            What::Route,
            What::Pref64,
            What::Server,
        ] {
            advert.add(
                Head {
                    what,
                    prefix_len: 64,
                    flags: 0,
                    valid: 600,
                    preferred: 600,
                },
                &prefix,
            );
        }
        let domain = [b'a' + n as u8; 60];
        advert.add(
            Head {
                what: What::Domain,
                prefix_len: 0,
                flags: 0,
                valid: 600,
                preferred: 600,
            },
            &domain,
        );
        ndisc.hear(at(0), &advert);
        expected = expected.max(ndisc.kept().count());
    }
    assert_eq!(ndisc.kept().count(), PLACES);
    assert_eq!(told(&mut ndisc, at(0)).len(), PLACES);
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
