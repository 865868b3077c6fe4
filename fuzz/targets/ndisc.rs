//! What routers and neighbours may say, and when, beside what is to be kept of it.
//!
//! ```text
//!  start | seed | operation | its octets | operation...
//! ```
#![no_main]

use ifdawn::diag::Errno;
use ifdawn::engine::Instant;
use ifdawn::limits::MAX_RA_KEPT;
use ifdawn::model::addr::Cidr;
use ifdawn::model::advert::{Advert, FLAGS, Item, KNOWN_BY, SAID, What};
use ifdawn::model::lease::Verdict;
use ifdawn::proto::ndisc::{Ndisc, PAUSE, State};
use ifdawn::proto::{Addr6, Due, Message};
use ifdawn_fuzz::{Input, sow};
use libfuzzer_sys::fuzz_target;
use std::collections::{HashMap, VecDeque};
use std::net::Ipv6Addr;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let input = &mut Input(data);
    let mut scene = Scene {
        ndisc: Box::new(Ndisc::NEW),
        check: Addr6::new(7, ours(), Instant(0), input.word().into()),
        now: input.choose(&[0, 1, 77_000 * SECOND, 1 << 62]),
        model: HashMap::new(),
        sent: VecDeque::new(),
        told: VecDeque::new(),
    };
    while !input.0.is_empty() && scene.now < END {
        scene.step(input);
    }
});

const SECOND: u64 = 1_000_000;
/// No clock comes so far.
const END: u64 = 1 << 63;
fn ours() -> Cidr {
    let addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
    Cidr {
        addr: addr.into(),
        len: 64,
    }
}
const MAC: &[u8] = &[2, 0, 0, 0, 0, 9];

/// What routers say.
const KINDS: &[What] = &[
    What::Link,
    What::Router,
    What::Portal,
    What::Pref64,
    What::Server,
    What::Domain,
];

/// Who said it, and what it is known by.
type Key = (Ipv6Addr, Vec<u8>);

struct Scene {
    ndisc: Box<Ndisc>,
    check: Addr6,
    now: u64,
    /// When what was said is over, if there was room for it.
    model: HashMap<Key, u64>,
    sent: VecDeque<u64>,
    told: VecDeque<u64>,
}

impl Scene {
    fn step(&mut self, input: &mut Input<'_>) {
        let now = Instant(self.now);
        match input.octet() % 8 {
            0 => self.now += 1 << (input.octet() % 42),
            1 => {
                let deadline = self.ndisc.deadline().0;
                if deadline < END {
                    let about = deadline.saturating_add_signed(input.choose(&[0, -1, 1]));
                    self.now = self.now.max(about);
                }
            }
            2 => {
                if self.ndisc.state() == State::Stopped {
                    self.sent.clear();
                }
                self.ndisc.start(now, input.word().into());
            }
            3 => self.ndisc.stop(),
            4 => self.neighbour(input),
            5 => {
                // What a jail that somebody else has taken may answer.
                let mut advert = self.says(input);
                let octets = advert.octets_mut();
                let at = usize::from(input.word()) % octets.len();
                for (octet, other) in octets[at..].iter_mut().zip(input.octets(8)) {
                    *octet = *other;
                }
                if advert.is_sound() {
                    self.hear(&advert);
                }
            }
            _ => {
                let advert = self.says(input);
                for _ in 0..=input.octet() % 4 {
                    self.hear(&advert);
                }
            }
        }
        self.settle(input.octet());
    }

    /// An advertisement of a router.
    fn says(&self, input: &mut Input<'_>) -> Advert {
        let mut advert = Advert::NONE;
        advert.judge(Verdict::Fine);
        advert.set_source(&[
            0xfe,
            0x80,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            input.octet() % 8,
        ]);
        for n in 0..input.octet() % 16 {
            let what = input.choose(KINDS);
            let valid = input.choose(&[0, 1, 2, 3, 60, 1_800, 7_200, 7_201, 86_400, u32::MAX]);
            let name = [b'a' + input.octet() % 26; 3];
            let [more, _, _] = name;
            let server = [0x20, 1, 13, 0xb8, more, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let prefix = [&[0; 8][..], &[input.choose(&[48, 64, 96])], &server].concat();
            let octets: &[u8] = match what {
                What::Portal | What::Domain => &name,
                What::Server => &server,
                What::Pref64 => &prefix,
                What::Link => &[more; 8],
                _ => &[],
            };
            assert!(advert.add(what, valid, octets));
            if n == 0 && what == What::Link {
                advert.first_octets()[FLAGS] = input.octet();
            }
        }
        assert!(advert.is_sound());
        advert
    }

    fn hear(&mut self, advert: &Advert) {
        self.ndisc.hear(Instant(self.now), advert);
        if advert.verdict() != Verdict::Fine {
            return;
        }
        for item in advert.items() {
            let key = (advert.source(), known_by(item));
            let until = Instant(self.now).after_seconds(item.valid()).0;
            let mut kept = self.ndisc.kept();
            let is_kept = kept.any(|kept| (kept.router, known_by(kept.item())) == key);
            if is_kept {
                self.model.insert(key, until);
            } else {
                self.model.remove(&key);
                let is_full = self.ndisc.kept().count() == MAX_RA_KEPT;
                assert!(is_full || item.valid() == 0, "there was room");
            }
        }
        self.check();
    }

    /// A neighbour speaks of our address or of another one.
    fn neighbour(&mut self, input: &mut Input<'_>) {
        let mut advert = Advert::NONE;
        advert.judge(input.choose(&[Verdict::Neighbor, Verdict::Neighbor, Verdict::Fine]));
        let kind = input.choose(&[What::Solicited, What::Advertised]);
        let source = input.choose(&[0, 0, 0xfe]);
        advert.set_source(&[source; 16]);
        let target = input.choose(&[9, 9, 8]);
        let octets = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, target).octets();
        assert!(advert.add(kind, 0, &octets));
        let is_ours = input.octet() & 1 != 0 && kind == What::Advertised;
        let known_by = if is_ours { MAC } else { input.octets(6) };
        advert.first_octets()[KNOWN_BY..][..known_by.len()].copy_from_slice(known_by);
        let (was_probing, was_duplicate) = (self.check.is_probing(), self.check.is_duplicate);
        let is_conflict = self.check.hear(advert.first(), MAC);
        if is_conflict {
            assert!(was_probing && target == 9 && !is_ours);
            assert!(self.check.is_duplicate && !self.check.is_probing());
        } else {
            let now = (self.check.is_probing(), self.check.is_duplicate);
            assert_eq!(now, (was_probing, was_duplicate));
        }
    }

    /// Does what is due now.
    fn settle(&mut self, how: u8) {
        let now = Instant(self.now);
        for _ in 0..3 {
            match self.ndisc.due(now) {
                Due::Nothing => break,
                Due::Send(Message::AskRouters) => {
                    let is_sent = how & 1 == 0;
                    self.ndisc
                        .sent(now, if is_sent { Ok(()) } else { Err(Errno::ENOBUFS) });
                    self.sent.push_back(self.now);
                }
                Due::Changed => self.told.push_back(self.now),
                due => panic!("{due:?}"),
            }
        }
        assert_eq!(self.ndisc.due(now), Due::Nothing, "no end of what is due");
        let deadline = self.ndisc.deadline().0;
        assert!(deadline > self.now, "asked again at once");
        let mut early = *self.ndisc;
        assert_eq!(
            early.due(Instant(deadline - 1)),
            Due::Nothing,
            "due before the deadline"
        );
        assert_eq!(early.deadline().0, deadline);
        // How often: ten times a second, and four times a second where nothing can be sent.
        keep_young(&mut self.told, self.now, PAUSE);
        assert!(self.told.len() <= 1);
        assert!(self.ndisc.kept().all(|kept| kept.until > now));
        keep_young(&mut self.sent, self.now, SECOND);
        assert!(self.sent.len() <= 5);
        self.check();
    }

    fn check(&self) {
        let mut keys = HashMap::new();
        for kept in self.ndisc.kept() {
            assert!(kept.item().is_sound());
            let key = (kept.router, known_by(kept.item()));
            // What was broken and sound all the same may stand for a known item in other words.
            if let Some(until) = self.model.get(&key) {
                assert_eq!(kept.until.0, *until, "{kept:?}");
            }
            assert!(keys.insert(key, ()).is_none(), "kept twice");
        }
        for (key, until) in &self.model {
            assert!(
                *until <= self.now || keys.contains_key(key),
                "{key:?} is lost"
            );
        }
    }
}

/// The octets that an item is known by.
fn known_by(item: Item<'_>) -> Vec<u8> {
    let is_one = item.is_replaced_by(item);
    item.0[..if is_one { 1 } else { SAID }].to_vec()
}

fn keep_young(times: &mut VecDeque<u64>, now: u64, micros: u64) {
    times.retain(|time| time + micros > now);
}

/// A router that comes, goes, changes its mind; many; one that is broken; neighbours.
fn seeds() -> Vec<Vec<u8>> {
    let router = |operation: u8, octets: &[u8]| [&[operation][..], octets, &[0, 0]].concat();
    let items = |valid: u8| {
        let mut octets = vec![1, 9];
        for what in 0..6 {
            octets.extend([what, 1, 0, valid, 2, what]);
        }
        octets
    };
    let mut seeds = Vec::new();
    for start in 0..4 {
        let begin = [&[0, 3, start][..], &[2, 1, 2, 0]].concat();
        for valid in 0..10 {
            let mut seed = begin.clone();
            seed.extend(router(6, &items(valid)));
            seed.extend([0, 20, 0, 1, 0, 0]);
            seed.extend(router(6, &items(9 - valid)));
            seed.extend([1, 0, 0, 3, 0, 1, 1, 0, 2, 0, 0, 0]);
            seed.extend(router(5, &items(valid)));
            seed.extend([4, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 0]);
            seeds.push(seed);
        }
    }
    seeds
}
