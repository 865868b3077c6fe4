//! Timelines: milliseconds since carrier, what the client sends, what it hears.

use super::*;
use crate::diag::Problem;
use crate::model::duid::Duid;
use crate::proto::{Heard, Message};
use crate::wire::dhcpv6::{ADVERTISE, CONFIRM, RECONFIGURE, REPLY, Request};
use core::net::Ipv6Addr;
use std::vec;
use std::vec::Vec;

const DUID: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 9];
const ME: Duid<'_> = Duid {
    head: [0, 3, 0, 1],
    id: &[2, 0, 0, 0, 0, 9],
};
const SERVER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
const OTHER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 2];
const IAID: [u8; 4] = [0, 0, 0, 9];
const ADDR: u16 = 0x64;
const SETTINGS: Settings = Settings {
    iaid: IAID,
    addrs: true,
    ..Settings::NONE
};
const BOTH: Settings = Settings {
    prefixes: true,
    ..SETTINGS
};
const STATELESS: Settings = Settings {
    addrs: false,
    ..SETTINGS
};
/// When carrier comes.
const START: u64 = 77_000_000_000;

fn at(ms: u64) -> Instant {
    Instant(START + ms * 1_000)
}

/// Whole milliseconds since then.
fn ms(at: Instant) -> u64 {
    assert!(at.0 >= START, "{at:?}");
    (at.0 - START) / 1_000
}

/// A client, and its owner's record.
#[derive(Clone, Debug, PartialEq)]
struct Scene {
    client: Client,
    held: Lease6,
}

/// An item of an IA: an address of fd00:99::/64 or, with a shorter length, a prefix of fd00:aa::/16.
fn item(host: u16, len: u8, preferred: u32, valid: u32) -> Vec<u8> {
    let addr = match len {
        128 => Ipv6Addr::new(0xfd00, 0x99, 0, 0, 0, 0, 0, host),
        _ => Ipv6Addr::new(0xfd00, 0xaa, 0, host << 8, 0, 0, 0, 0),
    };
    [
        &preferred.to_be_bytes()[..],
        &valid.to_be_bytes(),
        &[len],
        &addr.octets(),
    ]
    .concat()
}

fn addr(host: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0x99, 0, 0, 0, 0, 0, host)
}

impl Scene {
    fn stopped() -> Scene {
        let mut client = Client::NEW;
        client.stop();
        Scene {
            client,
            held: Lease6::NONE,
        }
    }

    fn started(settings: &Settings) -> Scene {
        let mut scene = Scene::stopped();
        scene.client.start(at(0), 0x2545_f491, settings);
        scene
    }

    /// With a lease of an hour, given at 4 ms: T1 after 1,000 s, T2 after 2,000 s.
    fn bound(settings: &Settings) -> Scene {
        let mut scene = Scene::started(settings);
        scene.send(0, Message::Solicit);
        assert_eq!(scene.recv(2, scene.says(ADVERTISE)), Heard::Offer);
        scene.send(2, Message::Request6);
        assert_eq!(scene.recv(4, scene.says(REPLY)), Heard::Bound);
        scene
    }

    /// What an honest server says: all that is wanted.
    fn says(&self, message: u8) -> Lease6 {
        let mut reply = Lease6::NONE;
        reply.put(Field6::Message, &[message]);
        reply.put(Field6::Xid, &self.client.xid().to_be_bytes()[1..]);
        reply.put(Field6::ClientId, DUID);
        reply.put(Field6::ServerId, SERVER);
        reply.put(Field6::Addrs, &item(ADDR, 128, 3_000, 3_600));
        if self.client.settings.prefixes {
            reply.put(Field6::Prefixes, &item(1, 56, 3_000, 3_600));
        }
        reply.put(Field6::RenewTime, &1_000_u32.to_be_bytes());
        reply.put(Field6::RebindTime, &2_000_u32.to_be_bytes());
        reply
    }

    /// The same in so many numbers.
    fn says_with(&self, message: u8, field: Field6, octets: &[u8]) -> Lease6 {
        with(self.says(message), field, octets)
    }

    /// This is due at this millisecond, and nothing before.
    #[track_caller]
    fn due(&mut self, when: u64, what: Due) {
        let deadline = self.client.deadline();
        assert_eq!(ms(deadline), when);
        let before = self.client;
        assert_eq!(self.client.due(Instant(deadline.0 - 1)), Due::Nothing);
        assert_eq!(self.client, before);
        assert_eq!(self.client.due(deadline), what);
    }

    /// This is sent at this millisecond, and nothing before.
    #[track_caller]
    fn send(&mut self, when: u64, message: Message) {
        let deadline = self.client.deadline();
        self.due(when, Due::Send(message));
        self.client.sent(deadline, Ok(()));
    }

    /// This is sent next; when, in milliseconds.
    #[track_caller]
    fn next(&mut self, message: Message) -> u64 {
        let mut deadline = self.client.deadline();
        // A pause may begin.
        if self.client.due(deadline) == Due::Nothing {
            deadline = self.client.deadline();
        }
        assert_eq!(self.client.due(deadline), Due::Send(message));
        self.client.sent(deadline, Ok(()));
        ms(deadline)
    }

    /// What is heard before anything is due.
    #[track_caller]
    fn recv(&mut self, when: u64, reply: Lease6) -> Heard {
        assert!(self.client.deadline() >= at(when));
        self.client.hear(at(when), &reply, &ME, &mut self.held)
    }

    /// What is due is filled in.
    fn filled(&self, message: Message) -> Request<'_> {
        let mut request = Request::new(message.number(), Ipv6Addr::UNSPECIFIED, &ME);
        self.client.fill(&self.held, &mut request);
        request
    }
}

fn with(mut reply: Lease6, field: Field6, octets: &[u8]) -> Lease6 {
    reply.put(field, octets);
    reply
}

/// Without what is in its IAs, which have this status.
fn failing(reply: Lease6, status: u8) -> Lease6 {
    let mut reply = with(reply, Field6::Addrs, &[]);
    reply.put(Field6::Prefixes, &[]);
    if status != 0 {
        reply.put(Field6::Status, &[0, status]);
    }
    reply
}

#[test]
fn what_is_new_does_nothing() {
    let Scene { client, .. } = Scene::stopped();
    assert_eq!(client.state(), State::Stopped);
    assert_eq!(client.deadline(), Instant(u64::MAX));
    assert_eq!({ client }.due(Instant(u64::MAX - 1)), Due::Nothing);
    assert!(size_of::<Client>() <= 112, "{}", size_of::<Client>());
}

#[test]
fn a_lease_takes_four_messages_and_no_time() {
    let mut scene = Scene::started(&SETTINGS);
    let request = scene.filled(Message::Solicit);
    assert_eq!((request.server, request.elapsed), (&[][..], 0));
    assert_eq!((request.addrs, request.prefixes), (Some(&[][..]), None));
    assert_eq!(request.iaid, IAID);
    let first = scene.client.xid();
    assert_eq!((request.xid, first >> 24), (first, 0));
    scene.send(0, Message::Solicit);
    assert!(!scene.client.has_lease());
    assert_eq!(scene.recv(2, scene.says(ADVERTISE)), Heard::Offer);
    assert!(!scene.client.has_lease());
    // Each exchange is a transaction of its own.
    assert_ne!(scene.client.xid(), first);
    let request = scene.filled(Message::Request6);
    assert_eq!(request.server, SERVER);
    assert_eq!(request.addrs, Some(&item(ADDR, 128, 3_000, 3_600)[..]));
    scene.send(2, Message::Request6);
    assert_eq!(scene.recv(4, scene.says(REPLY)), Heard::Bound);
    assert_eq!(scene.client.state(), State::Bound);
    assert!(scene.client.has_lease());
    assert_eq!(scene.client.since(), at(4));
    assert_eq!(ms(scene.client.renew_at()), 1_000_004);
    assert_eq!(ms(scene.client.rebind_at()), 2_000_004);
    assert_eq!(ms(scene.client.expires_at()), 3_600_004);
    assert_eq!(ms(scene.client.deadline()), 1_000_004);
}

#[test]
fn rapid_commit_takes_two() {
    let mut scene = Scene::started(&SETTINGS);
    scene.send(0, Message::Solicit);
    let rapid = scene.says(REPLY);
    assert_eq!(scene.recv(1, rapid), Heard::Bound);
    assert_eq!(scene.client.state(), State::Bound);
    assert_eq!(scene.held, rapid);
}

#[test]
fn what_is_not_for_us_changes_nothing() {
    let mut scene = Scene::started(&SETTINGS);
    // Nothing was asked yet.
    assert_eq!(scene.recv(0, scene.says(ADVERTISE)), Heard::Nothing);
    scene.send(0, Message::Solicit);
    let before = scene.clone();
    let offer = scene.says(ADVERTISE);
    let xid = scene.client.xid();
    for (field, octets) in [
        (Field6::ClientId, &[][..]),
        (Field6::ClientId, &DUID[..9]),
        (Field6::ClientId, SERVER),
        (Field6::ServerId, &[]),
        (Field6::Xid, &(xid ^ 1).to_be_bytes()[1..]),
        (Field6::Xid, &[]),
        (Field6::Message, &[]),
        (Field6::Message, &[1]),
        (Field6::Message, &[12]),
        (Field6::Message, &[13]),
        (Field6::Message, &[255]),
    ] {
        assert_eq!(scene.recv(1, with(offer, field, octets)), Heard::Nothing);
        assert_eq!(scene, before, "{field:?} {octets:?}");
    }
    // In the states that do not wait for an ADVERTISE, or for nothing.
    let mut bound = Scene::bound(&SETTINGS);
    let before = bound.clone();
    for message in [ADVERTISE, REPLY] {
        assert_eq!(bound.recv(5, bound.says(message)), Heard::Nothing);
        assert_eq!(bound, before);
    }
    bound.send(1_000_004, Message::Renew6);
    let before = bound.clone();
    assert_eq!(bound.recv(1_000_005, bound.says(ADVERTISE)), Heard::Nothing);
    assert_eq!(bound, before);
}

#[test]
fn reconfigure_is_told_and_no_more() {
    let mut scene = Scene::bound(&SETTINGS);
    let before = scene.clone();
    let reconfigure = scene.says_with(RECONFIGURE, Field6::Xid, &[0; 3]);
    assert_eq!(
        scene.recv(5, reconfigure),
        Heard::Refused(Problem::Reconfigure)
    );
    let foreign = with(reconfigure, Field6::ClientId, OTHER);
    assert_eq!(scene.recv(5, foreign), Heard::Nothing);
    assert_eq!(scene, before);
}

#[test]
fn solicits_become_slower() {
    let mut scene = Scene::started(&SETTINGS);
    let mut when = Vec::new();
    for _ in 0..20 {
        let deadline = scene.client.deadline();
        when.push(scene.next(Message::Solicit));
        let hundredths = (deadline.0 - START) / 10_000;
        assert_eq!(u64::from(scene.client.elapsed), hundredths.min(0xffff));
    }
    assert_eq!(when[0], 0);
    let mut last = 0;
    for (n, pair) in when.windows(2).enumerate() {
        let gap = pair[1] - pair[0];
        let least = match n {
            0 => 900,
            _ => (last * 19 / 10 - 1).min(3_240_000),
        };
        assert!(gap >= least, "{n}: {gap}");
        assert!(
            gap <= (last * 21 / 10 + 1).clamp(1_101, 3_960_000),
            "{n}: {gap}"
        );
        last = gap;
    }
    assert!(last >= 3_240_000);
}

#[test]
fn a_server_bounds_how_slow() {
    for (seconds, bound) in [(60_u32, 60), (86_400, 86_400), (59, 3_600), (86_401, 3_600)] {
        let mut scene = Scene::started(&SETTINGS);
        scene.send(0, Message::Solicit);
        let refusal = failing(scene.says(ADVERTISE), 2);
        let refusal = with(refusal, Field6::SolMaxRt, &seconds.to_be_bytes());
        assert_eq!(
            scene.recv(1, refusal),
            Heard::Refused(Problem::NothingGiven)
        );
        let mut gap = 0;
        let mut last = 0;
        for _ in 0..30 {
            let now = scene.next(Message::Solicit);
            (gap, last) = (now - last, now);
        }
        assert!(gap >= bound * 900 && gap <= bound * 1_100, "{gap}");
    }
}

#[test]
fn an_offer_of_less_than_is_wanted_waits_for_a_better_one() {
    let mut scene = Scene::started(&BOTH);
    scene.send(0, Message::Solicit);
    let less = scene.says_with(ADVERTISE, Field6::Prefixes, &[]);
    assert_eq!(scene.recv(1, less), Heard::Offer);
    assert_eq!(scene.client.state(), State::Soliciting);
    let mut lonely = scene.clone();
    let all = scene.says_with(ADVERTISE, Field6::ServerId, OTHER);
    assert_eq!(scene.recv(2, all), Heard::Offer);
    assert_eq!(scene.client.state(), State::Requesting);
    assert_eq!(scene.filled(Message::Request6).server, OTHER);

    let when = lonely.next(Message::Request6);
    assert!((900..1_100).contains(&when), "{when}");
    let request = lonely.filled(Message::Request6);
    assert_eq!(request.server, SERVER);
    assert_eq!(request.prefixes, Some(&[][..]));
    let part = lonely.says_with(REPLY, Field6::Prefixes, &[]);
    assert_eq!(lonely.recv(when + 1, part), Heard::Bound);
}

#[test]
fn of_offers_of_less_the_most_preferred_counts() {
    let from = |scene: &Scene, server, preference| {
        let offer = scene.says_with(ADVERTISE, Field6::Prefixes, &[]);
        let offer = with(offer, Field6::ServerId, server);
        with(offer, Field6::Preference, &[preference])
    };
    let mut scene = Scene::started(&BOTH);
    scene.send(0, Message::Solicit);
    assert_eq!(scene.recv(1, from(&scene, SERVER, 1)), Heard::Offer);
    assert_eq!(scene.recv(2, from(&scene, OTHER, 0)), Heard::Nothing);
    assert_eq!(scene.recv(2, from(&scene, OTHER, 1)), Heard::Nothing);
    let mut hurried = scene.clone();
    assert_eq!(scene.recv(3, from(&scene, OTHER, 2)), Heard::Offer);
    assert_eq!(scene.client.state(), State::Soliciting);
    let when = scene.next(Message::Request6);
    assert!((900..1_100).contains(&when), "{when}");
    assert_eq!(scene.filled(Message::Request6).server, OTHER);
    // What wants to be chosen before all others is.
    assert_eq!(hurried.recv(3, from(&hurried, OTHER, 255)), Heard::Offer);
    hurried.send(3, Message::Request6);

    // After the first wait it is the first one that is taken.
    let mut late = Scene::started(&BOTH);
    late.send(0, Message::Solicit);
    let when = late.next(Message::Solicit);
    assert_eq!(late.recv(when + 1, from(&late, SERVER, 0)), Heard::Offer);
    assert_eq!(late.client.state(), State::Requesting);
}

#[test]
fn offers_of_nothing_are_refused() {
    let mut scene = Scene::started(&BOTH);
    scene.send(0, Message::Solicit);
    let offer = scene.says(ADVERTISE);
    for refused in [
        failing(offer, 2),
        failing(offer, 6),
        with(failing(offer, 0), Field6::Status, &[0, 2]),
        failing(offer, 0),
    ] {
        let before = scene.clone();
        assert_eq!(
            scene.recv(1, refused),
            Heard::Refused(Problem::NothingGiven)
        );
        assert_eq!(scene, before);
    }
    // Of two IAs one may fail.
    let half = with(offer, Field6::Status, &[0, 6]);
    let half = with(half, Field6::Prefixes, &[]);
    assert_eq!(scene.recv(1, half), Heard::Offer);
    assert_eq!(scene.held.get(Field6::Prefixes), b"");
    assert_eq!(scene.held.get(Field6::Addrs).len(), LEASED_OCTETS);
}

#[test]
fn an_offer_is_asked_for_ten_times() {
    let mut scene = Scene::started(&SETTINGS);
    scene.send(0, Message::Solicit);
    assert_eq!(scene.recv(1, scene.says(ADVERTISE)), Heard::Offer);
    let mut gaps = Vec::new();
    let mut last = scene.next(Message::Request6);
    for _ in 1..10 {
        let now = scene.next(Message::Request6);
        gaps.push(now - last);
        last = now;
    }
    assert!((900..1_101).contains(&gaps[0]), "{gaps:?}");
    for pair in gaps.windows(2) {
        let range = match pair[0] * 2 {
            30_001.. => 27_000..33_001,
            doubled => doubled * 19 / 20 - 2..doubled * 21 / 20 + 2,
        };
        assert!(range.contains(&pair[1]), "{gaps:?}");
    }
    let when = scene.next(Message::Solicit);
    assert!((27_000..33_100).contains(&(when - last)));
    assert_eq!(scene.recv(when, scene.says(ADVERTISE)), Heard::Offer);
    scene.send(when, Message::Request6);
}

#[test]
fn a_refused_request_looks_for_another_server() {
    let mut waits = Vec::new();
    let mut scene = Scene::started(&SETTINGS);
    let mut now = 0;
    for _ in 0..9 {
        let begun = now;
        now = scene.next(Message::Solicit);
        waits.push(now - begun);
        let offer = scene.says_with(ADVERTISE, Field6::Preference, &[255]);
        assert_eq!(scene.recv(now, offer), Heard::Offer);
        if scene.client.state() == State::Soliciting {
            now = scene.next(Message::Request6);
        } else {
            assert_eq!(scene.next(Message::Request6), now);
        }
        let refusal = failing(scene.says(REPLY), 2);
        assert_eq!(
            scene.recv(now, refusal),
            Heard::Refused(Problem::NothingGiven)
        );
    }
    assert_eq!(
        waits,
        [0, 0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000]
    );
    // One that is not of this link, or is over at once, is none either.
    let mut scene = Scene::started(&SETTINGS);
    scene.send(0, Message::Solicit);
    scene.recv(1, scene.says(ADVERTISE));
    scene.send(1, Message::Request6);
    let mut brief = scene.clone();
    let elsewhere = failing(scene.says(REPLY), 4);
    assert_eq!(scene.recv(2, elsewhere), Heard::Refused(Problem::NotOnLink));
    scene.send(2, Message::Solicit);
    let mut short = brief.clone();
    let over = brief.says_with(REPLY, Field6::Addrs, &item(ADDR, 128, 0, 0));
    assert_eq!(brief.recv(2, over), Heard::Refused(Problem::NothingGiven));
    assert!(!brief.client.has_lease());
    brief.send(2, Message::Solicit);
    let second = short.says_with(REPLY, Field6::Addrs, &item(ADDR, 128, 1, 1));
    assert_eq!(short.recv(2, second), Heard::Bound);
    short.due(1_002, Due::Expired);
    short.send(1_002, Message::Solicit);
}

#[test]
fn a_lease_is_renewed_in_time() {
    let mut scene = Scene::bound(&BOTH);
    scene.send(1_000_004, Message::Renew6);
    let request = scene.filled(Message::Renew6);
    assert_eq!((request.server, request.elapsed), (SERVER, 0));
    assert!(
        request
            .addrs
            .is_some_and(|addrs| addrs.len() == LEASED_OCTETS)
    );
    assert!(
        request
            .prefixes
            .is_some_and(|prefixes| prefixes.len() == LEASED_OCTETS)
    );
    let mut silent = scene.clone();
    assert_eq!(scene.recv(1_000_100, scene.says(REPLY)), Heard::Bound);
    assert_eq!(scene.client.since(), at(1_000_100));
    assert_eq!(ms(scene.client.deadline()), 2_000_100);

    // Whatever else it says it goes on until T2, and then asks all.
    let before = silent.client;
    let failed = failing(silent.says(REPLY), 1);
    assert_eq!(
        silent.recv(1_000_200, failed),
        Heard::Refused(Problem::NothingGiven)
    );
    assert_eq!(silent.client, before);
    let mut when = Vec::new();
    while silent.client.deadline() < silent.client.rebind_at() {
        when.push(silent.next(Message::Renew6));
    }
    assert!((1_009_000..1_011_100).contains(&when[0]));
    assert!(when.len() > 5 && when.windows(2).all(|pair| pair[1] - pair[0] < 661_000));
    silent.send(2_000_004, Message::Rebind6);
    assert_eq!(silent.filled(Message::Rebind6).server, b"");
    let mut lost = silent.clone();
    let other = silent.says_with(REPLY, Field6::ServerId, OTHER);
    assert_eq!(silent.recv(2_000_005, other), Heard::Bound);
    assert_eq!(silent.held.get(Field6::ServerId), OTHER);

    let mut rebinds = 0;
    while lost.client.deadline() < lost.client.expires_at() {
        lost.next(Message::Rebind6);
        rebinds += 1;
    }
    // After 10, 30, 70, 150, 310, 630 and 1,230 s.
    assert!((6..=7).contains(&rebinds), "{rebinds}");
    lost.due(3_600_004, Due::Expired);
    assert!(!lost.client.has_lease());
    lost.send(3_600_004, Message::Solicit);
    // The address of the last lease would be welcome.
    assert!(
        lost.filled(Message::Solicit)
            .addrs
            .is_some_and(|addrs| !addrs.is_empty())
    );
}

#[test]
fn what_a_server_has_forgotten_is_asked_for_anew() {
    for asks in [Message::Renew6, Message::Rebind6] {
        let mut scene = Scene::bound(&SETTINGS);
        let mut now = scene.next(Message::Renew6);
        while asks == Message::Rebind6 && scene.client.state() != State::Rebinding {
            let deadline = scene.client.deadline();
            let due = scene.client.due(deadline);
            scene.client.sent(deadline, Ok(()));
            assert!(matches!(due, Due::Send(_)));
            now = ms(deadline) + 1;
        }
        // Only its own server is asked for more time, and any one after that.
        let server = if asks == Message::Renew6 {
            SERVER
        } else {
            OTHER
        };
        let foreign = failing(scene.says_with(REPLY, Field6::ServerId, OTHER), 3);
        if asks == Message::Renew6 {
            assert_eq!(scene.recv(now, foreign), Heard::Nothing);
        }
        let forgotten = failing(scene.says_with(REPLY, Field6::ServerId, server), 3);
        assert_eq!(scene.recv(now, forgotten), Heard::Offer);
        // The address is in use as long as it is valid.
        assert!(scene.client.has_lease());
        assert_eq!(ms(scene.client.expires_at()), 3_600_004);
        let deadline = scene.client.deadline();
        assert_eq!(scene.next(Message::Request6), now);
        let request = scene.filled(Message::Request6);
        assert_eq!(request.server, server);
        assert!(request.addrs.is_some_and(|addrs| !addrs.is_empty()));
        let mut refused = scene.clone();
        let reply = scene.says_with(REPLY, Field6::ServerId, server);
        assert_eq!(scene.recv(now, reply), Heard::Bound);
        assert_eq!(scene.client.since(), at(now));

        let refusal = failing(refused.says_with(REPLY, Field6::ServerId, server), 2);
        assert_eq!(
            refused.recv(now, refusal),
            Heard::Refused(Problem::NothingGiven)
        );
        assert_eq!(refused.client.due(deadline), Due::Expired);
        assert!(!refused.client.has_lease());
        assert_eq!(refused.next(Message::Solicit), now);
    }
}

#[test]
fn what_is_withdrawn_is_lost() {
    // Kea renumbers: a new address, and the old one without time.
    let mut scene = Scene::bound(&SETTINGS);
    scene.send(1_000_004, Message::Renew6);
    let both = [item(7, 128, 3_000, 3_600), item(ADDR, 128, 0, 0)].concat();
    let mut gone = scene.clone();
    let renumbered = scene.says_with(REPLY, Field6::Addrs, &both);
    assert_eq!(scene.recv(1_000_005, renumbered), Heard::Bound);
    assert_eq!(scene.held.get(Field6::Addrs), both);
    assert_eq!(ms(scene.client.expires_at()), 4_600_005);

    let withdrawn = gone.says_with(REPLY, Field6::Addrs, &item(ADDR, 128, 0, 0));
    assert_eq!(
        gone.recv(1_000_005, withdrawn),
        Heard::Refused(Problem::NothingGiven)
    );
    gone.due(1_000_005, Due::Expired);
    gone.send(1_000_005, Message::Solicit);

    let mut moved = Scene::bound(&SETTINGS);
    moved.send(1_000_004, Message::Renew6);
    let elsewhere = failing(moved.says(REPLY), 4);
    assert_eq!(
        moved.recv(1_000_005, elsewhere),
        Heard::Refused(Problem::NotOnLink)
    );
    moved.due(1_000_005, Due::Expired);
}

#[test]
fn what_a_renewal_gives_is_the_lease() {
    let mut scene = Scene::bound(&BOTH);
    scene.send(1_000_004, Message::Renew6);
    let mut reply = scene.says_with(REPLY, Field6::Prefixes, &[]);
    reply.put(Field6::Status, &[0, 6]);
    assert_eq!(scene.recv(1_000_504, reply), Heard::Bound);
    assert_eq!(scene.held.get(Field6::Addrs), item(ADDR, 128, 3_000, 3_600));
    assert_eq!(scene.held.get(Field6::Prefixes), b"");
    // It is asked for again with the rest.
    scene.send(2_000_504, Message::Renew6);
    assert_eq!(scene.filled(Message::Renew6).prefixes, Some(&[][..]));
    assert_eq!(scene.recv(2_000_505, scene.says(REPLY)), Heard::Bound);
    assert_eq!(scene.held.get(Field6::Prefixes), item(1, 56, 3_000, 3_600));
}

#[test]
fn times_that_are_left_to_us_follow_from_the_shortest() {
    let never = u32::MAX;
    for (t1, t2, items, renew, rebind, end) in [
        (0, 0, vec![item(1, 128, 1_000, 2_000)], 500, 800, 2_000),
        (
            0,
            0,
            vec![item(1, 128, 1_000, 2_000), item(2, 128, 500, 900)],
            250,
            400,
            2_000,
        ),
        // What is deprecated does not count, unless all is.
        (
            0,
            0,
            vec![item(1, 128, 0, 1_000), item(2, 128, 500, 900)],
            250,
            400,
            1_000,
        ),
        (0, 0, vec![item(1, 128, 0, 1_000)], 500, 800, 1_000),
        (0, 600, vec![item(1, 128, 1_000, 2_000)], 500, 600, 2_000),
        (0, 400, vec![item(1, 128, 1_000, 2_000)], 400, 400, 2_000),
        (700, 0, vec![item(1, 128, 1_000, 2_000)], 700, 800, 2_000),
        // T1 after T2.
        (900, 0, vec![item(1, 128, 1_000, 2_000)], 500, 800, 2_000),
        (601, 600, vec![item(1, 128, 1_000, 2_000)], 500, 800, 2_000),
        (600, 600, vec![item(1, 128, 1_000, 2_000)], 600, 600, 2_000),
        (1, 1, vec![item(1, 128, 1_000, 2_000)], 2, 2, 2_000),
        (0, 0, vec![item(1, 128, 4, 4)], 2, 2, 4),
        (
            never,
            never,
            vec![item(1, 128, never, never)],
            never,
            never,
            never,
        ),
        // T1 beyond the end: there is no renewing.
        (
            5_000,
            6_000,
            vec![item(1, 128, 1_000, 2_000)],
            5_000,
            6_000,
            2_000,
        ),
    ] {
        let mut scene = Scene::started(&SETTINGS);
        scene.send(0, Message::Solicit);
        let mut lease = scene.says(REPLY);
        lease.put(Field6::Addrs, &items.concat());
        for (field, time) in [(Field6::RenewTime, t1), (Field6::RebindTime, t2)] {
            let octets = u32::to_be_bytes(time);
            lease.put(field, if time == 0 { &[] } else { &octets });
        }
        assert_eq!(scene.recv(0, lease), Heard::Bound);
        let client = &scene.client;
        let seconds = |at: Instant| match at {
            Instant(u64::MAX) => u64::from(never),
            at => ms(at) / 1_000,
        };
        assert_eq!(seconds(client.renew_at()), u64::from(renew), "{t1} {t2}");
        assert_eq!(seconds(client.rebind_at()), u64::from(rebind), "{t1} {t2}");
        assert_eq!(seconds(client.expires_at()), u64::from(end), "{t1} {t2}");
        let first = renew.min(rebind).min(end);
        assert_eq!(seconds(client.deadline()), u64::from(first));
    }
    // Without T1 and T2, and for ever, it is as good as never.
    let mut scene = Scene::started(&SETTINGS);
    scene.send(0, Message::Solicit);
    let mut lease = scene.says(REPLY);
    lease.put(Field6::Addrs, &item(1, 128, never, never));
    lease.put(Field6::RenewTime, &[]);
    lease.put(Field6::RebindTime, &[]);
    assert_eq!(scene.recv(0, lease), Heard::Bound);
    assert!(ms(scene.client.renew_at()) > 1_000 * 50 * 365 * 86_400);
    assert_eq!(scene.client.expires_at(), Instant(u64::MAX));
}

#[test]
fn an_earlier_lease_is_confirmed() {
    let earlier = Scene::bound(&SETTINGS).held;
    let mut scene = Scene::stopped();
    scene.held = earlier;
    scene.client.recall(&earlier, Instant(START - 60_000_000));
    scene.client.start(at(0), 1, &SETTINGS);
    scene.due(0, Due::Send(Message::Confirm));
    let request = scene.filled(Message::Confirm);
    assert_eq!((request.message, request.server), (CONFIRM, &[][..]));
    assert!(request.addrs.is_some_and(|addrs| !addrs.is_empty()));
    scene.client.sent(at(0), Ok(()));
    let says =
        |scene: &Scene, status: &[u8]| failing(scene.says_with(REPLY, Field6::Status, status), 0);
    let (mut silent, mut elsewhere, mut failed) = (scene.clone(), scene.clone(), scene.clone());
    // The lease is the earlier one.
    for status in [&[0, 0][..], &[]] {
        let mut scene = scene.clone();
        assert_eq!(scene.recv(1, says(&scene, status)), Heard::Bound);
        assert_eq!((scene.client.state(), scene.held), (State::Bound, earlier));
        assert_eq!(ms(scene.client.deadline()), 940_000);
    }
    assert_eq!(
        elsewhere.recv(1, says(&elsewhere, &[0, 4])),
        Heard::Refused(Problem::NotOnLink)
    );
    elsewhere.due(1, Due::Expired);
    elsewhere.send(1, Message::Solicit);

    assert_eq!(
        failed.recv(1, says(&failed, &[0, 1])),
        Heard::Refused(Problem::NothingGiven)
    );
    assert_eq!(failed.client.state(), State::Confirming);

    // Nobody says anything for about nine seconds: it is as good as it was.
    for _ in 1..4 {
        silent.next(Message::Confirm);
    }
    let end = silent.client.deadline();
    assert!(at(8_100) <= end && end < at(10_000), "{end:?}");
    assert_eq!(silent.client.due(end), Due::Kept);
    assert_eq!(silent.client.state(), State::Bound);
    assert_eq!(ms(silent.client.deadline()), 940_000);
}

#[test]
fn of_a_lease_with_prefixes_the_addresses_are_confirmed() {
    let mut scene = Scene::bound(&BOTH);
    let earlier = scene.held;
    scene.client.stop();
    assert_eq!(ms(scene.client.deadline()), 3_600_004);
    assert_eq!(scene.client.due(at(60_000)), Due::Nothing);
    scene.client.start(at(60_000), 1, &BOTH);
    scene.due(60_000, Due::Send(Message::Confirm));
    let request = scene.filled(Message::Confirm);
    assert_eq!((request.message, request.server), (CONFIRM, &[][..]));
    assert_eq!(request.addrs, Some(&item(ADDR, 128, 3_000, 3_600)[..]));
    assert_eq!(request.prefixes, None);
    scene.client.sent(at(60_000), Ok(()));
    let mut forgotten = scene.clone();
    let good = failing(scene.says(REPLY), 0);
    assert_eq!(scene.recv(60_001, good), Heard::Bound);
    assert!(scene.held == earlier && scene.client.since() == at(4));
    let unknown = failing(forgotten.says(REPLY), 3);
    assert_eq!(forgotten.recv(60_001, unknown), Heard::Offer);
    forgotten.send(60_001, Message::Request6);
}

#[test]
fn without_carrier_a_lease_ends_when_it_does() {
    let mut scene = Scene::bound(&SETTINGS);
    scene.client.stop();
    scene.due(3_600_004, Due::Expired);
    assert_eq!(scene.client.deadline(), Instant(u64::MAX));
    assert_eq!(scene.client.due(at(9_000_000)), Due::Nothing);
    scene.client.start(at(9_000_000), 1, &SETTINGS);
    scene.send(9_000_000, Message::Solicit);
    // Whatever it did, it does it no more.
    scene.recv(9_000_001, scene.says(ADVERTISE));
    scene.send(9_000_001, Message::Request6);
    let refusal = failing(scene.says(REPLY), 2);
    scene.recv(9_000_002, refusal);
    scene.client.stop();
    assert_eq!(scene.client.due(at(9_000_002)), Due::Nothing);
    assert_eq!(scene.client.state(), State::Stopped);
}

#[test]
fn a_conflict_is_declined() {
    let mut scene = Scene::started(&BOTH);
    scene.send(0, Message::Solicit);
    let mut lease = scene.says(REPLY);
    lease.add(Field6::Addrs, &item(7, 128, 3_000, 3_600));
    assert_eq!(scene.recv(1, lease), Heard::Bound);
    scene
        .client
        .taken(at(2), &addr(7).octets(), &mut scene.held);
    assert!(!scene.client.has_lease() && scene.held.is_sound());
    let request = scene.filled(Message::Decline6);
    assert_eq!(request.server, SERVER);
    assert_eq!(request.addrs, Some(&item(7, 128, 3_000, 3_600)[..]));
    assert_eq!(request.prefixes, Some(&[][..]));
    scene.send(2, Message::Decline6);
    let mut silent = scene.clone();
    assert_eq!(scene.recv(3, failing(scene.says(REPLY), 0)), Heard::Nothing);
    scene.send(3, Message::Solicit);
    // Declined again and again, it takes its time.
    let rapid = scene.says(REPLY);
    assert_eq!(scene.recv(4, rapid), Heard::Bound);
    let when: Vec<u64> = (0..3).map(|_| silent.next(Message::Decline6)).collect();
    assert!(
        (900..1_200).contains(&when[0]) && (6_000..8_300).contains(&when[2]),
        "{when:?}"
    );
    let when = silent.next(Message::Solicit);
    assert!((13_000..17_500).contains(&when), "{when}");
    // There is nothing that somebody could have taken.
    let before = silent.clone();
    silent
        .client
        .taken(at(when), &addr(7).octets(), &mut silent.held);
    assert_eq!(silent, before);
}

#[test]
fn conflicts_without_end_take_their_time() {
    let mut scene = Scene::started(&SETTINGS);
    let (mut now, mut waits) = (0, Vec::new());
    for _ in 0..9 {
        let begun = now;
        now = scene.next(Message::Solicit);
        waits.push(now - begun);
        let rapid = scene.says(REPLY);
        assert_eq!(scene.recv(now, rapid), Heard::Bound);
        scene
            .client
            .taken(at(now), &addr(ADDR).octets(), &mut scene.held);
        assert_eq!(scene.next(Message::Decline6), now);
        assert_eq!(
            scene.recv(now, failing(scene.says(REPLY), 0)),
            Heard::Nothing
        );
    }
    assert_eq!(
        waits,
        [0, 0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000]
    );
    // A lease that lasted begins anew.
    scene.next(Message::Solicit);
    let rapid = scene.says(REPLY);
    assert_eq!(scene.recv(now, rapid), Heard::Bound);
    now = scene.next(Message::Renew6);
    assert_eq!(scene.recv(now, scene.says(REPLY)), Heard::Bound);
    scene
        .client
        .taken(at(now), &addr(ADDR).octets(), &mut scene.held);
    assert_eq!(scene.next(Message::Decline6), now);
    assert_eq!(
        scene.recv(now, failing(scene.says(REPLY), 0)),
        Heard::Nothing
    );
    assert_eq!(scene.next(Message::Solicit), now);
}

#[test]
fn a_lease_is_given_back() {
    let mut scene = Scene::bound(&BOTH);
    scene.client.end(at(5));
    assert!(!scene.client.has_lease());
    scene.due(5, Due::Send(Message::Release6));
    let request = scene.filled(Message::Release6);
    assert_eq!(request.server, SERVER);
    assert!(request.addrs.is_some_and(|addrs| !addrs.is_empty()));
    assert!(
        request
            .prefixes
            .is_some_and(|prefixes| !prefixes.is_empty())
    );
    let mut unsent = scene.clone();
    scene.client.sent(at(5), Ok(()));
    let mut silent = scene.clone();
    let (mut stopped, status) = (scene.clone(), failing(scene.says(REPLY), 0));
    assert_eq!(scene.recv(6, status), Heard::Nothing);
    assert_eq!(scene.client.due(at(6)), Due::Nothing);
    assert_eq!(
        (scene.client.state(), scene.client.deadline()),
        (State::Ended, Instant(u64::MAX))
    );
    (0..3).for_each(|_| {
        silent.next(Message::Release6);
    });
    let end = silent.client.deadline();
    assert_eq!(silent.client.due(end), Due::Nothing);
    assert_eq!(silent.client.state(), State::Ended);
    for tries in 0..4 {
        let when = at(5 + 250 * tries);
        assert_eq!(unsent.client.due(when), Due::Send(Message::Release6));
        unsent.client.sent(when, Err(Errno::ENETDOWN));
    }
    assert_eq!(unsent.client.due(at(1_005)), Due::Nothing);
    assert_eq!(unsent.client.state(), State::Ended);
    stopped.client.stop();
    assert_eq!(stopped.client.state(), State::Releasing);

    let mut never = Scene::stopped();
    never.client.recall(&silent.says(REPLY), at(0));
    never.client.end(at(5));
    assert_eq!(never.client.state(), State::Ended);

    // What was asked for may have been given.
    let mut asked = Scene::started(&SETTINGS);
    asked.send(0, Message::Solicit);
    let mut unasked = asked.clone();
    asked.recv(1, asked.says(ADVERTISE));
    asked.send(1, Message::Request6);
    asked.client.end(at(2));
    asked.send(2, Message::Release6);
    unasked.client.end(at(2));
    assert_eq!(unasked.client.state(), State::Ended);
    unasked.client.start(at(3), 1, &SETTINGS);
    assert_eq!(unasked.client.state(), State::Ended);
}

#[test]
fn what_needs_no_lease_is_asked_for_again() {
    let mut scene = Scene::started(&STATELESS);
    let request = scene.filled(Message::Inform);
    assert_eq!((request.addrs, request.prefixes), (None, None));
    scene.send(0, Message::Inform);
    let mut reply = failing(scene.says(REPLY), 0);
    reply.put(Field6::Dns, &addr(0x53).octets());
    let failed = with(reply, Field6::Status, &[0, 1]);
    assert_eq!(scene.recv(1, failed), Heard::Refused(Problem::NothingGiven));
    for (seconds, refresh) in [(None, 86_400), (Some(1_800), 1_800), (Some(1), 600)] {
        let mut scene = scene.clone();
        let mut reply = reply;
        if let Some(seconds) = seconds {
            reply.put(Field6::RefreshTime, &u32::to_be_bytes(seconds));
        }
        assert_eq!(scene.recv(1, reply), Heard::Informed);
        assert_eq!((scene.client.state(), scene.held), (State::Informed, reply));
        assert!(!scene.client.has_lease());
        scene.send(refresh * 1_000 + 1, Message::Inform);
    }
    let for_ever = with(reply, Field6::RefreshTime, &[0xff; 4]);
    let mut bounded = scene.clone();
    assert_eq!(scene.recv(1, for_ever), Heard::Informed);
    assert_eq!(scene.client.deadline(), Instant(u64::MAX));
    scene.client.end(at(2));
    assert_eq!(scene.client.state(), State::Ended);

    // A lease of which nothing is wanted any more is none.
    let mut changed = Scene::bound(&SETTINGS);
    changed.client.stop();
    changed.client.start(at(5), 1, &STATELESS);
    assert!(!changed.client.has_lease());
    changed.send(5, Message::Inform);

    let slow = with(bounded.says(REPLY), Field6::SolMaxRt, &60_u32.to_be_bytes());
    let slow = with(slow, Field6::Status, &[0, 1]);
    assert_eq!(bounded.recv(1, slow), Heard::Refused(Problem::NothingGiven));
    let when: Vec<u64> = (0..12).map(|_| bounded.next(Message::Inform)).collect();
    assert!(
        (54_000..66_000).contains(&(when[11] - when[10])),
        "{when:?}"
    );
}

#[test]
fn what_could_not_be_sent_is_tried_again_soon() {
    let mut scene = Scene::started(&SETTINGS);
    scene.due(0, Due::Send(Message::Solicit));
    scene.client.sent(at(0), Err(Errno::EADDRNOTAVAIL));
    scene.due(250, Due::Send(Message::Solicit));
    scene.client.sent(at(250), Ok(()));
    assert_eq!(scene.client.elapsed, 25);
    assert!((1_150..1_350).contains(&ms(scene.client.deadline())));
}

#[test]
fn tries_are_counted_however_many_there_are() {
    let mut scene = Scene::started(&SETTINGS);
    (0..1_000).for_each(|_| {
        scene.next(Message::Solicit);
    });
    let last = scene.next(Message::Solicit);
    assert!(scene.next(Message::Solicit) - last >= 3_240_000);
    assert_eq!(scene.client.refusals, 0);
    assert_eq!(
        scene.recv(ms(scene.client.deadline()) - 1, scene.says(ADVERTISE)),
        Heard::Offer
    );
}

#[test]
fn however_late_it_is_asked_all_is_told() {
    let mut scene = Scene::bound(&SETTINGS);
    let mut late = scene.clone();
    assert_eq!(late.client.due(at(2_500_000)), Due::Send(Message::Rebind6));
    assert_eq!(scene.client.due(at(9_000_000)), Due::Expired);
    assert_eq!(scene.client.due(at(9_000_000)), Due::Send(Message::Solicit));
    assert_eq!(scene.client.elapsed, 0);
}

#[test]
fn prefixes_are_asked_for_by_a_hint() {
    let hint = [&[0; 8][..], &[56], &[0; 16]].concat();
    let settings = Settings {
        addrs: false,
        ..BOTH
    };
    let scene = Scene::started(&settings);
    let mut request = Request::new(1, Ipv6Addr::UNSPECIFIED, &ME);
    request.prefixes = Some(&hint);
    scene.client.fill(&scene.held, &mut request);
    assert_eq!((request.addrs, request.prefixes), (None, Some(&hint[..])));
    let unwanted = Scene::started(&SETTINGS);
    unwanted.client.fill(&unwanted.held, &mut request);
    assert_eq!((request.addrs, request.prefixes), (Some(&[][..]), None));
    let mut scene = Scene::started(&settings);
    scene.send(0, Message::Solicit);
    let only = with(scene.says(ADVERTISE), Field6::Addrs, &[]);
    assert_eq!(scene.recv(1, only), Heard::Offer);
    let mut request = Request::new(3, Ipv6Addr::UNSPECIFIED, &ME);
    request.prefixes = Some(&hint);
    scene.client.fill(&scene.held, &mut request);
    assert_eq!(request.prefixes, Some(&item(1, 56, 3_000, 3_600)[..]));
}
