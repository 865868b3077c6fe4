//! Timelines: milliseconds since carrier, what the client sends, what it hears.

use super::*;
use std::vec::Vec;

/// An address that is filled in.
fn said(addr: Ipv4Addr) -> Option<Ipv4Addr> {
    (!addr.is_unspecified()).then_some(addr)
}

/// A field, and what it says.
type Said = (Field, &'static [u8]);

const MAC: &[u8] = &[2, 0, 0, 0, 0, 1];
const SERVER: [u8; 4] = [192, 0, 2, 1];
const OTHER: [u8; 4] = [192, 0, 2, 2];
const ADDR: [u8; 4] = [192, 0, 2, 5];
const SETTINGS: Settings = Settings {
    xid_tag: 0x1fda,
    ..Settings::NONE
};
const PROBING: Settings = Settings {
    probe_ms: 900,
    ..SETTINGS
};
/// When carrier comes.
const START: u64 = 77_000_000_000;

fn at(ms: u64) -> Instant {
    Instant(START + ms * 1_000)
}

fn ms(at: Instant) -> u64 {
    assert!(
        at.0 >= START && (at.0 - START).is_multiple_of(1_000),
        "{at:?}"
    );
    (at.0 - START) / 1_000
}

fn started(settings: &Settings) -> Client {
    let mut client = Client::NEW;
    client.start(at(0), 0x2545_f491, settings);
    client
}

/// What an honest server says.
fn says(client: &Client, message: u32) -> Lease {
    let mut reply = Lease::NONE;
    reply.put(Field::Message, &[message as u8]);
    reply.put(Field::Xid, &client.xid().to_be_bytes());
    reply.put(Field::Chaddr, MAC);
    reply.put(Field::Server, &SERVER);
    if message != NAK {
        reply.put(Field::Addr, &ADDR);
        reply.put(Field::Mask, &[255, 255, 255, 0]);
        reply.put(Field::Router, &SERVER);
        reply.put(Field::LeaseTime, &3_600_u32.to_be_bytes());
    }
    reply
}

fn with(mut reply: Lease, field: Field, octets: &[u8]) -> Lease {
    reply.put(field, octets);
    reply
}

fn lasting(reply: Lease, seconds: u32) -> Lease {
    with(reply, Field::LeaseTime, &seconds.to_be_bytes())
}

/// Nothing happens before this time, and then this.
#[track_caller]
fn due(client: &mut Client, when: u64, what: Due) {
    assert_eq!(ms(client.deadline()), when);
    let before = *client;
    assert_eq!(client.due(Instant(at(when).0 - 1)), Due::Nothing);
    assert_eq!(*client, before);
    assert_eq!(client.due(at(when)), what);
}

macro_rules! due {
    ($client:ident, $($when:literal $what:ident),+ $(,)?) => {
        $(due(&mut $client, $when, Due::$what);)+
    };
}

/// These messages are sent at these times, and nothing between.
macro_rules! send {
    ($client:ident, $($when:literal $what:ident),+ $(,)?) => {
        $(
            due(&mut $client, $when, Due::Send(Message::$what));
            $client.sent(at($when), Ok(()));
        )+
    };
}

/// This is heard before anything is due, and taken so.
macro_rules! recv {
    ($client:ident, $when:literal $reply:expr, $heard:expr) => {
        assert!($client.deadline() >= at($when), "{:?}", $client.deadline());
        let reply = $reply;
        assert_eq!($client.hear(at($when), &reply, MAC), $heard);
    };
}

/// With a lease of these seconds, asked for at 2 ms.
fn bound(seconds: u32) -> Client {
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    recv!(client, 2 lasting(says(&client, OFFER), seconds), Heard::Offer);
    send!(client, 2 Request);
    recv!(client, 4 lasting(says(&client, ACK), seconds), Heard::Bound);
    client
}

#[test]
fn all_zeros_is_new() {
    let client = Client::NEW;
    assert_eq!((client.state(), client.state() as u8), (State::Stopped, 0));
    assert_eq!(client.deadline(), Instant(u64::MAX));
    assert_eq!({ client }.due(Instant(u64::MAX - 1)), Due::Nothing);
    assert!(size_of::<Client>() <= 104, "{}", size_of::<Client>());
}

#[test]
fn a_lease_takes_four_messages_and_no_time() {
    let mut client = started(&SETTINGS);
    assert_eq!(client.xid() >> 16, 0x1fda);
    assert_eq!(
        (
            said(client.ciaddr()),
            said(client.requested()),
            said(client.server_id())
        ),
        (None, None, None)
    );
    send!(client, 0 Discover);
    recv!(client, 2 says(&client, OFFER), Heard::Offer);
    assert_eq!(said(client.requested()), Some(ADDR.into()));
    assert_eq!(said(client.server_id()), Some(SERVER.into()));
    let xid = client.xid();
    send!(client, 2 Request);
    recv!(client, 4 says(&client, ACK), Heard::Bound);
    assert_eq!((client.xid(), client.state()), (xid, State::Bound));
    // The lease counts from when it was asked for.
    assert_eq!(ms(client.renew_at()), 1_800_002);
    assert_eq!(ms(client.rebind_at()), 3_150_002);
    assert_eq!(ms(client.expires_at()), 3_600_002);
    // Nothing is announced before the address is there.
    assert_eq!(ms(client.deadline()), 1_800_002);
    client.applied(at(6));
    send!(client, 6 Announce);
    client.applied(at(7));
    assert_eq!(ms(client.deadline()), 1_800_002);
}

#[test]
fn discovers_become_slower() {
    let mut client = started(&SETTINGS);
    let mut when = Vec::new();
    for _ in 0..75 {
        let now = client.deadline();
        assert_eq!(client.due(now), Due::Send(Message::Discover));
        assert_eq!(u64::from(client.secs()), (now.0 - START) / 1_000_000);
        client.sent(now, Ok(()));
        when.push(now.0 - START);
    }
    assert_eq!(when[..3], [0, 250_000, 750_000]);
    let (mut steady, mut slow) = (Vec::new(), Vec::new());
    for pair in when[2..].windows(2) {
        match pair[0] < 60_000_000 {
            true => steady.push(pair[1] - pair[0]),
            false => slow.push(pair[1] - pair[0]),
        }
    }
    assert!(steady.iter().all(|gap| (900_000..1_100_000).contains(gap)));
    assert!(steady.iter().any(|gap| *gap < 950_000) && steady.iter().any(|gap| *gap > 1_050_000));
    assert!((55..=66).contains(&steady.len()), "{}", steady.len());
    for (gap, seconds) in slow.iter().zip([4, 8, 16, 32, 64, 64, 64, 64]) {
        let seconds = seconds * 1_000_000;
        assert!(
            (seconds - 1_000_000..seconds + 1_000_000).contains(gap),
            "{gap}"
        );
    }
    assert!(slow.len() >= 6);
}

#[test]
fn a_port_that_opens_late_costs_little_more() {
    for opens in [0, 1_000, 30_000, 45_000, 50_000].map(at) {
        let mut client = started(&SETTINGS);
        loop {
            let now = client.deadline();
            assert_eq!(client.due(now), Due::Send(Message::Discover));
            client.sent(now, Ok(()));
            if now >= opens {
                assert!(now.0 - opens.0 < 1_100_000);
                break;
            }
        }
    }
}

#[test]
fn the_broadcast_flag_comes_third() {
    let mut client = started(&SETTINGS);
    for (when, is_broadcast) in [(0, false), (250, false), (750, true)] {
        due(&mut client, when, Due::Send(Message::Discover));
        assert_eq!(client.is_broadcast(), is_broadcast);
        client.sent(at(when), Ok(()));
    }
    recv!(client, 760 says(&client, OFFER), Heard::Offer);
    assert!(client.is_broadcast());

    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    recv!(client, 1 says(&client, OFFER), Heard::Offer);
    for (when, is_broadcast) in [(1, false), (251, false), (751, true)] {
        due(&mut client, when, Due::Send(Message::Request));
        assert_eq!(client.is_broadcast(), is_broadcast);
        client.sent(at(when), Ok(()));
    }
    recv!(client, 760 says(&client, ACK), Heard::Bound);
    send!(client, 1_800_001 Renew);
    assert!(!client.is_broadcast());
}

#[test]
fn an_offer_without_ack_is_asked_for_five_times() {
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover, 250 Discover);
    recv!(client, 300 says(&client, OFFER), Heard::Offer);
    let xid = client.xid();
    send!(client, 300 Request, 550 Request, 1_050 Request, 2_050 Request, 3_050 Request);
    assert_eq!(client.secs(), 0);
    // The next DISCOVER is overdue. Pace and `secs` go on, the transaction is new.
    send!(client, 4_050 Discover);
    assert_eq!(client.secs(), 4);
    assert!(client.xid() != xid && client.xid() >> 16 == 0x1fda);
    assert!((4_950..5_150).contains(&((client.deadline().0 - START) / 1_000)));
}

#[test]
fn who_does_not_give_is_not_asked_twice_in_a_row() {
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    recv!(client, 1 says(&client, OFFER), Heard::Offer);
    send!(client, 1 Request, 251 Request, 751 Request, 1_751 Request, 2_751 Request, 3_751 Discover);
    recv!(client, 3_752 says(&client, OFFER), Heard::Nothing);
    let mut lonely = client;
    recv!(client, 3_760 with(says(&client, OFFER), Field::Server, &OTHER), Heard::Offer);
    send!(client, 3_760 Request);
    assert_eq!(said(client.server_id()), Some(OTHER.into()));
    // If there is nobody else it gets another chance.
    let now = lonely.deadline();
    assert_eq!(lonely.due(now), Due::Send(Message::Discover));
    lonely.sent(now, Ok(()));
    let mut rapid = lonely;
    assert_eq!(lonely.hear(now, &says(&lonely, OFFER), MAC), Heard::Offer);
    let ack = with(says(&rapid, ACK), Field::RapidCommit, &[1]);
    assert_eq!(rapid.hear(now, &ack, MAC), Heard::Bound);
    assert_eq!(rapid.expires_at(), now.after_seconds(3_600));
}

#[test]
fn silence_does_not_hasten_a_slow_pace() {
    let mut client = started(&SETTINGS);
    let mut now = at(0);
    while now < at(200_000) {
        now = client.deadline();
        assert_eq!(client.due(now), Due::Send(Message::Discover));
        client.sent(now, Ok(()));
    }
    let next = client.deadline();
    assert!(next > now.after_seconds(30));
    assert_eq!(client.hear(now, &says(&client, OFFER), MAC), Heard::Offer);
    for _ in 0..5 {
        let now = client.deadline();
        assert_eq!(client.due(now), Due::Send(Message::Request));
        client.sent(now, Ok(()));
    }
    assert_eq!(client.due(client.deadline()), Due::Nothing);
    assert_eq!(
        (client.state(), client.deadline()),
        (State::Selecting, next)
    );
}

/// A server that offers and never gives, for two hours.
#[test]
fn an_offer_without_ack_makes_no_storm() {
    let mut client = started(&SETTINGS);
    let mut sends = Vec::new();
    while client.deadline() < at(7_200_000) {
        let now = client.deadline();
        let Due::Send(_) = client.due(now) else {
            continue;
        };
        client.sent(now, Ok(()));
        sends.push(now);
        client.hear(now, &says(&client, OFFER), MAC);
    }
    let in_first_minute = sends.iter().filter(|now| **now < at(60_000)).count();
    assert!(in_first_minute <= 100, "{in_first_minute}");
    assert!(sends.len() < 900, "{}", sends.len());
}

#[test]
fn the_first_usable_offer_wins() {
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    let bad = with(says(&client, OFFER), Field::Addr, &SERVER);
    recv!(client, 1 bad, Heard::Refused(Problem::OfferedAddr));
    recv!(client, 2 with(says(&client, OFFER), Field::Server, &OTHER), Heard::Offer);
    for _ in 0..100_000 {
        recv!(client, 2 says(&client, OFFER), Heard::Nothing);
    }
    assert_eq!(said(client.server_id()), Some(OTHER.into()));
    send!(client, 2 Request);
    // Of another server, and with another address.
    recv!(client, 3 says(&client, ACK), Heard::Refused(Problem::OfferedOther));
    let ack = with(says(&client, ACK), Field::Server, &OTHER);
    recv!(client, 3 with(ack, Field::Addr, &[192, 0, 2, 6]), Heard::Refused(Problem::OfferedOther));
    recv!(client, 4 ack, Heard::Bound);
    assert_eq!(client.server(), Ipv4Addr::from(OTHER));
}

#[test]
fn what_is_not_for_us_is_nothing() {
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    let before = client;
    let offer = says(&client, OFFER);
    let xid = client.xid().wrapping_add(1).to_be_bytes();
    recv!(client, 1 with(offer, Field::Xid, &xid), Heard::Nothing);
    recv!(client, 1 with(offer, Field::Xid, &[]), Heard::Nothing);
    recv!(client, 1 with(offer, Field::Chaddr, &[2, 0, 0, 0, 0, 2]), Heard::Nothing);
    recv!(client, 1 with(offer, Field::Chaddr, &[]), Heard::Nothing);
    // Without rapid commit nobody may give what was not asked for; nobody may NAK what was not either.
    for message in [1, 3, 4, ACK, NAK, 7, 8, 9, 10, 255] {
        recv!(client, 1 says(&client, message), Heard::Nothing);
    }
    recv!(client, 1 with(offer, Field::Message, &[]), Heard::Nothing);
    assert_eq!(client, before);
    // InfiniBand has no chaddr.
    let offer = with(offer, Field::Chaddr, &[]);
    assert_eq!(client.hear(at(1), &offer, &[]), Heard::Offer);
}

#[test]
fn what_nobody_could_use_is_refused() {
    let mut left_out = Lease::NONE;
    left_out.leave_out(Field::Mask);
    let cases: &[(&[Said], Problem)] = &[
        (&[(Field::Addr, &[])], Problem::OfferedAddr),
        (&[(Field::Addr, &[0, 0, 0, 0])], Problem::OfferedAddr),
        (&[(Field::Addr, &[0, 1, 2, 3])], Problem::OfferedAddr),
        (&[(Field::Addr, &[127, 0, 0, 1])], Problem::OfferedAddr),
        (&[(Field::Addr, &[224, 0, 0, 1])], Problem::OfferedAddr),
        (&[(Field::Addr, &[240, 0, 0, 1])], Problem::OfferedAddr),
        (
            &[(Field::Addr, &[255, 255, 255, 255])],
            Problem::OfferedAddr,
        ),
        (&[(Field::Addr, &[192, 0, 2, 0])], Problem::OfferedAddr),
        (&[(Field::Addr, &[192, 0, 2, 255])], Problem::OfferedAddr),
        (
            &[(Field::Addr, &[192, 0, 2, 255]), (Field::Mask, &[])],
            Problem::OfferedAddr,
        ),
        (&[(Field::Addr, &SERVER)], Problem::OfferedAddr),
        (
            &[(Field::Addr, &SERVER), (Field::Router, &[])],
            Problem::OfferedAddr,
        ),
        (&[(Field::Router, &ADDR)], Problem::OfferedAddr),
        (&[(Field::Mask, &[0, 0, 0, 0])], Problem::OfferedMask),
        (&[(Field::Server, &[])], Problem::OfferedServer),
        (&[(Field::Server, &[0, 0, 0, 0])], Problem::OfferedServer),
        (
            &[(Field::Server, &[255, 255, 255, 255])],
            Problem::OfferedServer,
        ),
        (&[(Field::LeaseTime, &[])], Problem::OfferedTime),
        (&[(Field::LeaseTime, &[0, 0, 0, 0])], Problem::OfferedTime),
        (&[(Field::LeaseTime, &[0, 0, 0, 3])], Problem::OfferedTime),
    ];
    for (fields, why) in cases {
        let mut client = started(&SETTINGS);
        send!(client, 0 Discover);
        let change = |reply| {
            fields
                .iter()
                .fold(reply, |reply, (field, octets)| with(reply, *field, octets))
        };
        let before = client;
        recv!(client, 1 change(says(&client, OFFER)), Heard::Refused(*why));
        assert_eq!(client, before, "{fields:?}");
        let rapid = with(change(says(&client, ACK)), Field::RapidCommit, &[1]);
        recv!(client, 1 rapid, Heard::Refused(*why));
        assert_eq!(client, before, "{fields:?}");
        // Neither does a lease in use become it.
        let mut client = bound(3_600);
        send!(client, 1_800_002 Renew);
        let before = client;
        let heard = client.hear(at(1_800_003), &change(says(&client, ACK)), MAC);
        assert!(matches!(heard, Heard::Refused(_)), "{fields:?}");
        assert_eq!(client, before);
        // Nor is it recalled, where a file could not do without.
        let mut client = Client::NEW;
        client.recall(&change(says(&client, ACK)), at(0));
        assert_eq!(
            Client {
                asked: Instant(0),
                ..client
            },
            Client::NEW
        );
    }
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    let mut offer = with(says(&client, OFFER), Field::Mask, &[]);
    offer.leave_out(Field::Mask);
    recv!(client, 1 offer, Heard::Refused(Problem::OfferedMask));
    // A /31 and a /32 have no edges.
    for mask in [[255, 255, 255, 254], [255; 4]] {
        let mut client = started(&SETTINGS);
        send!(client, 0 Discover);
        let offer = with(says(&client, OFFER), Field::Addr, &[192, 0, 2, 4]);
        recv!(client, 1 with(offer, Field::Mask, &mask), Heard::Offer);
    }
}

#[test]
fn rapid_commit_takes_two_messages() {
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    recv!(client, 2 with(says(&client, ACK), Field::RapidCommit, &[1]), Heard::Bound);
    assert_eq!(ms(client.expires_at()), 3_600_000);
    assert_eq!(client.addr(), Ipv4Addr::from(ADDR));
}

#[test]
fn bootp_is_for_ever_where_it_is_wanted() {
    let bootp = |client: &Client| {
        let reply = with(says(client, OFFER), Field::Message, &[]);
        with(with(reply, Field::Server, &[]), Field::LeaseTime, &[])
    };
    let mut client = started(&Settings {
        bootp: true,
        ..SETTINGS
    });
    send!(client, 0 Discover);
    recv!(client, 2 bootp(&client), Heard::Bound);
    assert_eq!(client.deadline(), Instant(u64::MAX));
    client.end(at(5));
    assert_eq!(client.state(), State::Ended);

    // One that says how long asks everybody, as it knows nobody.
    let mut client = started(&Settings {
        bootp: true,
        ..SETTINGS
    });
    send!(client, 0 Discover);
    recv!(client, 2 lasting(bootp(&client), 80), Heard::Bound);
    send!(client, 70_000 Rebind);
}

#[test]
fn a_message_type_that_is_none_is_not_bootp() {
    let mut client = started(&Settings {
        bootp: true,
        ..SETTINGS
    });
    send!(client, 0 Discover);
    recv!(client, 2 with(says(&client, OFFER), Field::Message, &[0]), Heard::Nothing);
}

#[test]
fn for_ever_needs_no_renewal() {
    let client = bound(u32::MAX);
    assert_eq!(client.deadline(), Instant(u64::MAX));
    for at in [client.renew_at(), client.rebind_at(), client.expires_at()] {
        assert_eq!(at, Instant(u64::MAX));
    }
    assert_eq!({ client }.due(Instant(u64::MAX - 1)), Due::Nothing);
}

#[test]
fn t1_and_t2_are_in_order_or_the_usual_ones() {
    const NONE: u32 = u32::MAX - 1;
    for (lease, t1, t2, renew, rebind) in [
        (3_600_u32, NONE, NONE, 1_800, 3_150),
        (3_600, 900, 1_800, 900, 1_800),
        (3_600, 900, NONE, 900, 3_150),
        (3_600, NONE, 3_599, 1_800, 3_599),
        (3_600, NONE, 1_800, 1_800, 3_150),
        (3_600, 1_800, 1_800, 1_800, 3_150),
        (3_600, 10, 3_600, 1_800, 3_150),
        (3_600, 4_000, 5_000, 1_800, 3_150),
        (3_600, 1, 2, 1_800, 3_150),
        (3_600, 0, 0, 1_800, 3_150),
        (3_600, u32::MAX, u32::MAX, 1_800, 3_150),
        (4, NONE, NONE, 2, 3),
        (u32::MAX - 1, NONE, NONE, 2_147_483_647, 3_758_096_382),
    ] {
        let mut client = started(&SETTINGS);
        send!(client, 0 Discover);
        let mut reply = lasting(with(says(&client, ACK), Field::RapidCommit, &[1]), lease);
        for (field, value) in [(Field::RenewTime, t1), (Field::RebindTime, t2)] {
            if value != NONE {
                reply.put(field, &value.to_be_bytes());
            }
        }
        recv!(client, 0 reply, Heard::Bound);
        assert_eq!(ms(client.renew_at()), renew * 1_000);
        assert_eq!(ms(client.rebind_at()), rebind * 1_000);
        assert_eq!(ms(client.expires_at()), u64::from(lease) * 1_000);
    }
}

#[test]
fn a_lease_counts_from_the_first_request_and_the_last_discover() {
    let mut client = started(&SETTINGS);
    send!(client, 0 Discover, 250 Discover);
    let mut rapid = client;
    recv!(rapid, 300 with(says(&rapid, ACK), Field::RapidCommit, &[1]), Heard::Bound);
    assert_eq!(ms(rapid.expires_at()), 3_600_250);
    recv!(client, 260 says(&client, OFFER), Heard::Offer);
    send!(client, 260 Request, 510 Request, 1_010 Request);
    recv!(client, 1_020 says(&client, ACK), Heard::Bound);
    assert_eq!(ms(client.expires_at()), 3_600_260);
    client.stop();
    client.start(at(2_000), 5, &SETTINGS);
    send!(client, 2_000 Reboot, 2_250 Reboot);
    recv!(client, 2_300 says(&client, ACK), Heard::Bound);
    assert_eq!(ms(client.expires_at()), 3_602_000);
    send!(client, 1_802_000 Renew, 2_477_000 Renew);
    recv!(client, 2_477_001 says(&client, ACK), Heard::Bound);
    assert_eq!(ms(client.expires_at()), 6_077_000);
}

#[test]
fn an_hour_is_renewed_rebound_and_over() {
    let mut client = bound(3_600);
    send!(client, 1_800_002 Renew);
    assert_eq!(
        (
            said(client.ciaddr()),
            said(client.requested()),
            said(client.server_id())
        ),
        (Some(ADDR.into()), None, None)
    );
    assert_eq!((client.server(), client.secs()), (SERVER.into(), 0));
    // Half of what is left until T2 each time, and at least a minute.
    send!(client, 2_475_002 Renew, 2_812_502 Renew, 2_981_252 Renew);
    due(&mut client, 3_065_627, Due::Send(Message::Renew));
    assert_eq!(client.secs(), 1_265);
    client.sent(at(3_065_627), Ok(()));
    send!(client, 3_125_627 Renew);
    // The same until the end. A quarter of an eighth of an hour is less than a minute.
    send!(client, 3_150_002 Rebind);
    assert_eq!(
        (said(client.ciaddr()), said(client.server_id())),
        (Some(ADDR.into()), None)
    );
    send!(client, 3_375_002 Rebind, 3_487_502 Rebind, 3_543_752 Rebind);
    due!(client, 3_600_002 Expired);
    assert!(!client.has_lease());
}

#[test]
fn short_leases_are_renewed_too() {
    let mut client = bound(120);
    send!(client, 60_002 Renew, 82_502 Renew, 93_752 Renew, 99_377 Renew);
    send!(client, 105_002 Rebind, 112_502 Rebind, 116_252 Rebind, 118_127 Rebind);
    due!(client, 120_002 Expired);

    let mut client = bound(10);
    send!(client, 5_002 Renew, 6_502 Renew, 7_502 Renew);
    send!(client, 8_002 Rebind, 9_002 Rebind);
    due!(client, 10_002 Expired);

    let mut client = bound(4);
    send!(client, 2_002 Renew, 3_002 Rebind);
    due!(client, 4_002 Expired);
}

#[test]
fn a_renewal_is_quiet() {
    let mut client = bound(3_600);
    client.applied(at(5));
    send!(client, 5 Announce, 1_800_002 Renew);
    let xid = client.xid();
    recv!(client, 1_800_003 says(&client, ACK), Heard::Bound);
    client.applied(at(1_800_004));
    assert_eq!(ms(client.deadline()), 3_600_002);
    assert_eq!(ms(client.expires_at()), 5_400_002);
    // Another server may answer a rebinding; it is the lease's from then on.
    send!(client, 3_600_002 Renew);
    assert!(client.xid() != xid);
    let now = client.rebind_at();
    assert_eq!(client.due(now), Due::Send(Message::Rebind));
    client.sent(now, Ok(()));
    let ack = with(says(&client, ACK), Field::Server, &OTHER);
    assert_eq!(client.hear(now, &ack, MAC), Heard::Bound);
    assert_eq!(client.server(), Ipv4Addr::from(OTHER));
    // It may not give another address.
    let now = client.renew_at();
    assert_eq!(client.due(now), Due::Send(Message::Renew));
    client.sent(now, Ok(()));
    let ack = with(says(&client, ACK), Field::Addr, &[192, 0, 2, 6]);
    assert_eq!(
        client.hear(now, &ack, MAC),
        Heard::Refused(Problem::OfferedOther)
    );
}

#[test]
fn the_clock_goes_on_while_we_sleep() {
    for (woken, what, state) in [
        (1_800_001, Due::Nothing, State::Bound),
        (2_000_000, Due::Send(Message::Renew), State::Renewing),
        (3_200_000, Due::Send(Message::Rebind), State::Rebinding),
        (3_600_002, Due::Expired, State::Selecting),
        (u64::from(u32::MAX), Due::Expired, State::Selecting),
    ] {
        let mut client = bound(3_600);
        assert_eq!(client.due(at(woken)), what);
        assert_eq!(client.state(), state);
        let mut client = bound(3_600);
        client.applied(at(4));
        assert_eq!(client.due(at(4)), Due::Send(Message::Announce));
        client.stop();
        let is_over = woken >= 3_600_002;
        assert_eq!(
            client.due(at(woken)),
            if is_over { Due::Expired } else { Due::Nothing }
        );
        assert_eq!(client.due(at(woken)), Due::Nothing);
    }
    // An answer that waited through the lease's end is no lease.
    let mut client = bound(3_600);
    send!(client, 1_800_002 Renew);
    let ack = says(&client, ACK);
    assert_eq!(client.hear(at(9_000_000), &ack, MAC), Heard::Bound);
    assert_eq!(client.due(at(9_000_000)), Due::Expired);
}

#[test]
fn an_expired_lease_is_looked_for_anew() {
    let mut client = bound(4);
    assert_eq!(client.due(at(10_000)), Due::Expired);
    let begun = at(10_000);
    for after in [0, 250, 750] {
        let now = Instant(begun.0 + after * 1_000);
        assert_eq!(client.deadline(), now);
        assert_eq!(client.due(now), Due::Send(Message::Discover));
        assert_eq!(
            (client.secs(), said(client.requested())),
            (0, Some(ADDR.into()))
        );
        client.sent(now, Ok(()));
    }
}

#[test]
fn carrier_lost_and_found_asks_for_the_same() {
    let mut client = bound(3_600);
    client.stop();
    assert_eq!(ms(client.deadline()), 3_600_002);
    client.start(at(10_000), 5, &SETTINGS);
    assert_eq!(
        (
            said(client.requested()),
            said(client.server_id()),
            said(client.ciaddr())
        ),
        (Some(ADDR.into()), None, None)
    );
    send!(client, 10_000 Reboot, 10_250 Reboot);
    recv!(client, 10_300 says(&client, ACK), Heard::Bound);
    assert_eq!(ms(client.expires_at()), 3_610_000);
    client.applied(at(10_301));
    send!(client, 10_301 Announce);
    // A lease that ended meanwhile is none.
    client.stop();
    due!(client, 3_610_000 Expired);
    client.start(at(3_700_000), 5, &SETTINGS);
    send!(client, 3_700_000 Discover);
    // Without a look at the time too.
    let mut client = bound(3_600);
    client.stop();
    client.start(at(3_700_000), 5, &SETTINGS);
    assert_eq!(client.due(at(3_700_000)), Due::Expired);
    send!(client, 3_700_000 Discover);
    // Carrier that is there already changes nothing.
    let before = client;
    client.start(at(3_700_001), 6, &PROBING);
    assert_eq!(client, before);
}

#[test]
fn silence_keeps_an_earlier_lease() {
    let mut client = Client::NEW;
    client.recall(&lasting(says(&Client::NEW, ACK), 100), at(0));
    assert_eq!(client.deadline(), at(100_000));
    client.start(at(10_000), 5, &SETTINGS);
    send!(
        client, 10_000 Reboot, 10_250 Reboot, 10_750 Reboot, 11_750 Reboot, 12_750 Reboot, 13_750 Reboot
    );
    due!(client, 14_750 Kept);
    assert_eq!(client.state(), State::Bound);
    client.applied(at(14_750));
    send!(client, 14_750 Announce, 50_000 Renew);
    // Unless its time is up.
    let mut client = Client::NEW;
    client.recall(&lasting(says(&Client::NEW, ACK), 12), at(0));
    client.start(at(10_000), 5, &SETTINGS);
    send!(client, 10_000 Reboot, 10_250 Reboot, 10_750 Reboot, 11_750 Reboot);
    due!(client, 12_000 Expired);
    send!(client, 12_000 Discover, 12_250 Discover, 12_750 Discover);
}

#[test]
fn a_nak_ends_an_earlier_lease_at_once() {
    let mut client = bound(3_600);
    client.stop();
    client.start(at(10_000), 5, &SETTINGS);
    send!(client, 10_000 Reboot);
    recv!(client, 10_002 with(says(&client, NAK), Field::Server, &[]), Heard::Refused(Problem::OfferedOther));
    recv!(client, 10_002 with(says(&client, NAK), Field::Server, &OTHER), Heard::Nak);
    assert!(!client.has_lease());
    send!(client, 10_002 Discover);
    assert_eq!(said(client.requested()), None);
}

#[test]
fn only_those_who_were_asked_may_refuse() {
    let mut client = bound(3_600);
    recv!(client, 5 says(&client, NAK), Heard::Nothing);
    send!(client, 1_800_002 Renew);
    let forged = with(says(&client, NAK), Field::Server, &OTHER);
    recv!(client, 1_800_003 forged, Heard::Refused(Problem::OfferedOther));
    let mut renewing = client;
    recv!(renewing, 1_800_003 says(&renewing, NAK), Heard::Nak);
    let now = client.rebind_at();
    assert_eq!(client.due(now), Due::Send(Message::Rebind));
    client.sent(now, Ok(()));
    let nak = with(says(&client, NAK), Field::Server, &OTHER);
    assert_eq!(client.hear(now, &nak, MAC), Heard::Nak);

    let mut client = started(&SETTINGS);
    send!(client, 0 Discover);
    recv!(client, 1 says(&client, OFFER), Heard::Offer);
    send!(client, 1 Request);
    recv!(client, 2 with(says(&client, NAK), Field::Server, &OTHER), Heard::Refused(Problem::OfferedOther));
    recv!(client, 2 says(&client, NAK), Heard::Nak);
    send!(client, 2 Discover);
}

#[test]
fn naks_make_no_storm() {
    let mut client = started(&SETTINGS);
    let mut now = at(0);
    for pause in [0, 1, 2, 4, 8, 16, 32, 64, 64, 64] {
        assert_eq!(client.deadline(), now);
        assert_eq!(client.due(now), Due::Send(Message::Discover));
        client.sent(now, Ok(()));
        assert_eq!(client.hear(now, &says(&client, OFFER), MAC), Heard::Offer);
        assert_eq!(client.due(now), Due::Send(Message::Request));
        client.sent(now, Ok(()));
        let nak = says(&client, NAK);
        assert_eq!(client.hear(now, &nak, MAC), Heard::Nak);
        assert_eq!(client.hear(now, &nak, MAC), Heard::Nothing);
        now = now.after_seconds(pause);
    }
    // A lease makes good for all of them.
    client.due(now);
    client.sent(now, Ok(()));
    client.hear(
        now,
        &with(says(&client, ACK), Field::RapidCommit, &[1]),
        MAC,
    );
    assert_eq!((client.state(), client.naks), (State::Bound, 0));
}

#[test]
fn an_address_is_probed_where_asked() {
    let mut client = started(&PROBING);
    send!(client, 0 Discover);
    recv!(client, 1 says(&client, OFFER), Heard::Offer);
    send!(client, 1 Request);
    recv!(client, 2 says(&client, ACK), Heard::Probing);
    client.applied(at(2));
    send!(client, 2 Probe, 302 Probe, 602 Probe);
    due!(client, 902 Bound);
    client.applied(at(903));
    send!(client, 903 Announce, 1_800_001 Renew);
    recv!(client, 1_800_002 says(&client, ACK), Heard::Bound);
    assert_eq!(ms(client.expires_at()), 5_400_001);
}

#[test]
fn an_address_that_was_not_probed_to_the_end_is_not_held() {
    let mut client = started(&PROBING);
    send!(client, 0 Discover);
    recv!(client, 1 with(says(&client, ACK), Field::RapidCommit, &[1]), Heard::Probing);
    send!(client, 1 Probe);
    client.stop();
    assert!(!client.has_lease());
    assert_eq!(client.deadline(), Instant(u64::MAX));
    client.start(at(50), 3, &PROBING);
    assert_eq!(said(client.requested()), Some(ADDR.into()));
    send!(client, 50 Discover);
}

#[test]
fn a_taken_address_is_declined() {
    let mut client = started(&PROBING);
    send!(client, 0 Discover);
    recv!(client, 1 with(says(&client, ACK), Field::RapidCommit, &[1]), Heard::Probing);
    send!(client, 1 Probe);
    client.taken(at(50));
    client.taken(at(50));
    assert!(!client.has_lease());
    assert_eq!(
        (said(client.requested()), said(client.ciaddr())),
        (Some(ADDR.into()), None)
    );
    assert_eq!(said(client.server_id()), Some(SERVER.into()));
    send!(client, 50 Decline);
    recv!(client, 60 says(&client, OFFER), Heard::Nothing);
    send!(client, 10_050 Discover);
    assert_eq!((said(client.requested()), client.secs()), (None, 0));
    // Later conflicts wait as long, a lease that was lost in use too.
    let mut client = bound(3_600);
    client.taken(at(100_000));
    send!(client, 100_000 Decline);
    assert_eq!(client.secs(), 0);
    send!(client, 110_000 Discover, 110_250 Discover);
    // Nobody has the address of one that has none.
    let before = client;
    client.taken(at(110_251));
    assert_eq!(client, before);
    // Nor of one without carrier.
    let mut client = bound(3_600);
    client.stop();
    let before = client;
    client.taken(at(100));
    assert_eq!(client, before);
    // A BOOTP server has no identifier.
    client.server = Ipv4Addr::UNSPECIFIED;
    client.start(at(100), 5, &SETTINGS);
    client.taken(at(100));
    assert_eq!(
        (client.state(), said(client.server_id())),
        (State::Declining, None)
    );
    send!(client, 100 Decline);
}

#[test]
fn conflicts_without_end_become_rarer() {
    let mut client = started(&PROBING);
    let mut now = at(0);
    for pause in [10, 10, 10, 10, 10, 16, 32, 64, 64] {
        assert_eq!(client.due(now), Due::Send(Message::Discover));
        client.sent(now, Ok(()));
        let ack = with(says(&client, ACK), Field::RapidCommit, &[1]);
        assert_eq!(client.hear(now, &ack, MAC), Heard::Probing);
        client.taken(now);
        assert_eq!(client.due(now), Due::Send(Message::Decline));
        client.sent(now, Ok(()));
        now = now.after_seconds(pause);
        assert_eq!(client.deadline(), now);
    }
}

#[test]
fn a_network_may_need_no_ipv4() {
    let wanted = Settings {
        v6_only: true,
        ..SETTINGS
    };
    for (value, pause) in [(0_u32, 300_000), (299, 300_000), (1_800, 1_800_000)] {
        for message in [OFFER, ACK] {
            let says_so = |client: &Client| {
                let reply = with(says(client, message), Field::V6Only, &value.to_be_bytes());
                with(with(reply, Field::Addr, &[]), Field::RapidCommit, &[1])
            };
            let mut client = started(&wanted);
            send!(client, 0 Discover);
            recv!(client, 5 says_so(&client), Heard::V6Only);
            assert_eq!(
                (client.state(), client.has_lease()),
                (State::Pausing, false)
            );
            due(&mut client, 5 + pause, Due::Send(Message::Discover));
            // Who did not ask does not care.
            let mut client = started(&SETTINGS);
            send!(client, 0 Discover);
            recv!(client, 5 says_so(&client), Heard::Refused(Problem::OfferedAddr));
        }
    }
    // A new link is a new network.
    let mut client = started(&wanted);
    send!(client, 0 Discover);
    recv!(client, 5 with(says(&client, OFFER), Field::V6Only, &[255; 4]), Heard::V6Only);
    assert_eq!(client.deadline(), Instant(u64::MAX));
    client.stop();
    client.start(at(10), 5, &wanted);
    send!(client, 10 Discover);
}

#[test]
fn the_end_gives_back_what_there_is() {
    let mut client = bound(3_600);
    client.end(at(10));
    assert_eq!(
        (said(client.ciaddr()), said(client.server_id())),
        (Some(ADDR.into()), Some(SERVER.into()))
    );
    client.end(at(10));
    assert_eq!(client.due(at(10)), Due::Send(Message::Release));
    // Once, even if it could not be sent.
    client.sent(at(10), Err(Errno::ENOBUFS));
    assert_eq!(
        (client.state(), client.deadline()),
        (State::Ended, Instant(u64::MAX))
    );
    client.stop();
    client.start(at(20), 5, &SETTINGS);
    assert_eq!(
        (client.state(), client.due(at(30))),
        (State::Ended, Due::Nothing)
    );

    let mut client = started(&SETTINGS);
    client.end(at(0));
    assert_eq!(
        (client.state(), client.due(at(30))),
        (State::Ended, Due::Nothing)
    );

    let mut client = Client::NEW;
    client.recall(&says(&Client::NEW, ACK), at(0));
    client.end(at(1));
    assert_eq!(client.due(at(1)), Due::Send(Message::Release));
}

#[test]
fn what_could_not_be_sent_is_sent_later() {
    let mut client = started(&SETTINGS);
    for when in [0, 250, 500] {
        due(&mut client, when, Due::Send(Message::Discover));
        // It is due until somebody says what became of it.
        assert_eq!(client.due(at(when)), Due::Send(Message::Discover));
        client.sent(at(when), Err(Errno::ENOBUFS));
    }
    send!(client, 750 Discover, 1_000 Discover, 1_500 Discover);
}

#[test]
fn a_renewal_that_cannot_be_sent_waits_its_time() {
    let mut client = bound(3_600);
    let asked = client.asked;
    for when in [1_800_002, 2_475_002, 2_812_502] {
        due(&mut client, when, Due::Send(Message::Renew));
        client.sent(at(when), Err(Errno::ENOBUFS));
    }
    send!(client, 2_981_252 Renew);
    assert_eq!(client.asked, at(2_981_252));
    assert!(asked < client.asked);
    // A network that needs no IPv4 lets those who have an address keep it.
    client.v6_only = true;
    recv!(client, 2_981_253 with(says(&client, ACK), Field::V6Only, &[255; 4]), Heard::Bound);
    assert_eq!(ms(client.expires_at()), 6_581_252);
}

/// A client in each state, with what was sent last answered or not.
fn everywhere() -> Vec<Client> {
    let mut all = std::vec![Client::NEW, started(&SETTINGS), started(&PROBING)];
    let settings = Settings {
        bootp: true,
        v6_only: true,
        ..PROBING
    };
    let mut client = started(&settings);
    client.sent(at(0), Ok(()));
    all.push(client);
    client.hear(at(1), &says(&client, OFFER), MAC);
    all.push(client);
    client.sent(at(1), Ok(()));
    all.push(client);
    client.hear(at(2), &says(&client, ACK), MAC);
    all.push(client);
    let mut declining = client;
    declining.taken(at(3));
    all.push(declining);
    declining.sent(at(3), Ok(()));
    all.push(declining);
    for when in [2, 302, 602, 902] {
        client.due(at(when));
        client.sent(at(when), Ok(()));
    }
    all.push(client);
    let mut releasing = client;
    releasing.end(at(903));
    all.push(releasing);
    releasing.sent(at(903), Ok(()));
    all.push(releasing);
    let mut stopped = client;
    stopped.stop();
    all.push(stopped);
    stopped.start(at(950), 7, &settings);
    all.push(stopped);
    for when in [client.renew_at(), client.rebind_at()] {
        client.due(when);
        all.push(client);
        client.sent(when, Ok(()));
        all.push(client);
    }
    all
}

/// Until nothing is due; the messages that were sent.
fn drain(client: &mut Client, now: Instant, sent: &mut Vec<Message>) {
    for _ in 0..8 {
        match client.due(now) {
            Due::Nothing => {
                assert!(client.deadline() > now, "{client:?} {now:?}");
                return;
            }
            Due::Send(message) => {
                sent.push(message);
                client.sent(now, Ok(()));
            }
            Due::Bound | Due::Kept => {
                assert_eq!(client.state(), State::Bound);
                client.applied(now);
            }
            Due::Expired => assert!(!client.has_lease()),
            Due::Changed => panic!("{client:?}"),
        }
    }
    panic!("no end: {client:?}");
}

#[test]
fn everything_may_happen_everywhere() {
    let mut states = Vec::new();
    for client in everywhere() {
        states.push(client.state());
        let times = [
            at(0),
            at(903),
            client.deadline(),
            Instant(client.deadline().0.saturating_sub(1)),
            Instant(0),
            Instant(u64::MAX - 1),
        ];
        for now in times.map(|now| now.min(Instant(u64::MAX - 1))) {
            let mut outcomes = Vec::new();
            for message in 0..=10 {
                for (field, octets) in [
                    (Field::Chaddr, MAC),
                    (Field::RapidCommit, &[1][..]),
                    (Field::V6Only, &[0, 0, 1, 0]),
                    (Field::V6Only, &[255; 4]),
                    (Field::Addr, &OTHER),
                    (Field::Server, &OTHER),
                    (Field::Server, &[]),
                    (Field::LeaseTime, &[255; 4]),
                    (Field::LeaseTime, &[0; 4]),
                ] {
                    let mut client = client;
                    let reply = with(says(&client, message), field, octets);
                    let reply = if message == 0 {
                        with(reply, Field::Message, &[])
                    } else {
                        reply
                    };
                    client.hear(now, &reply, MAC);
                    outcomes.push(client);
                }
            }
            let acts: [&dyn Fn(&mut Client); 9] = [
                &|client| client.stop(),
                &|client| client.start(now, 0, &PROBING),
                &|client| client.end(now),
                &|client| client.taken(now),
                &|client| client.applied(now),
                &|client| client.sent(now, Ok(())),
                &|client| client.recall(&says(&Client::NEW, ACK), now),
                &|client| {
                    client.due(now);
                },
                &|_| {},
            ];
            for act in acts {
                let mut client = client;
                act(&mut client);
                outcomes.push(client);
            }
            for mut client in outcomes {
                drain(&mut client, now, &mut Vec::new());
                client.sent(now, Err(Errno::EIO));
                client.due(now);
            }
        }
    }
    for state in 0..=State::Ended as u8 {
        assert!(states.iter().any(|there| *there as u8 == state), "{state}");
    }
}

/// Hours of servers that are lossy, lie, or say what nobody asked.
#[test]
fn storms_change_nothing_that_holds() {
    let mut leases = 0;
    for seed in 1..=150_u32 {
        let mut chance = Client {
            random: seed.wrapping_mul(0x9e37_79b9),
            ..Client::NEW
        };
        let mut below = move |n: u32| chance.chance() % n;
        let settings = Settings {
            bootp: below(2) == 0,
            v6_only: below(4) == 0,
            probe_ms: [0, 900][below(2) as usize],
            ..SETTINGS
        };
        let honesty = 1 + below(8);
        let mut client = Client::NEW;
        client.start(at(0), seed, &settings);
        let mut now = at(0);
        let mut given: Option<Lease> = None;
        let mut sends: Vec<Instant> = Vec::new();
        for _ in 0..1_500 {
            let mut sent = Vec::new();
            drain(&mut client, now, &mut sent);
            sends.extend(sent.iter().map(|_| now));
            if below(200) == 0 {
                client.taken(now);
            }
            if below(400) == 0 {
                client.stop();
                client.start(now, below(u32::MAX), &settings);
            }
            let usual = match sent.last() {
                Some(Message::Discover) => OFFER,
                Some(_) => ACK,
                None => below(8),
            };
            let mut reply = says(&client, usual);
            for _ in 0..below(honesty) {
                match below(9) {
                    0 => reply.put(Field::Message, &[below(10) as u8]),
                    1 => reply.put(Field::Message, &[]),
                    2 => reply.put(Field::Xid, &below(u32::MAX).to_be_bytes()),
                    3 => reply.put(Field::Server, &below(u32::MAX).to_be_bytes()),
                    4 => reply.put(Field::Addr, &below(u32::MAX).to_be_bytes()),
                    5 => reply.put(Field::RapidCommit, &[1]),
                    6 => reply.put(Field::LeaseTime, &below(20).to_be_bytes()),
                    7 => reply.put(Field::RenewTime, &below(20).to_be_bytes()),
                    _ => reply.put(Field::V6Only, &below(20).to_be_bytes()),
                }
            }
            for _ in 0..below(3) {
                match client.hear(now, &reply, MAC) {
                    Heard::Bound | Heard::Probing => {
                        leases += 1;
                        given = Some(reply);
                        client.applied(now);
                    }
                    Heard::Nak | Heard::V6Only => assert!(!client.has_lease()),
                    Heard::Nothing | Heard::Refused(_) | Heard::Offer => {}
                    Heard::Informed => panic!("{client:?}"),
                }
            }
            if client.has_lease() {
                let lease = given.unwrap();
                assert_eq!(lease.addr(Field::Addr), client.addr());
                assert!(client.renew_at() <= client.rebind_at());
                assert!(client.rebind_at() <= client.expires_at());
            }
            drain(&mut client, now, &mut sent);
            let until = client.deadline().min(now.after_seconds(100_000));
            now = match below(4) {
                0 => Instant(now.0 + u64::from(below(1_000_000))),
                1 => Instant(until.0 + u64::from(below(5_000_000))),
                _ => until,
            };
        }
        for window in sends.windows(240) {
            let minute = window[239].0 - window[0].0;
            assert!(minute >= 60_000_000, "{seed}: {minute}");
        }
    }
    assert!(leases > 1_000, "{leases}");
}
