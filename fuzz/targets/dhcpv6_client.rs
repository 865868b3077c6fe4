//! A client brought into each of its states, then whatever servers, the link and the clock may do.
//!
//! ```text
//!  state | settings | start | seed, 2 | operation | its octets | operation...
//! ```
#![no_main]

use ifdawn::diag::{Errno, Problem};
use ifdawn::engine::Instant;
use ifdawn::model::duid::Duid;
use ifdawn::model::lease6::{Field6, Lease6, leased};
use ifdawn::proto::dhcpv6::{Client, Settings, State};
use ifdawn::proto::{Due, Heard, Message};
use ifdawn::wire::dhcpv6::{self, Request};
use ifdawn_fuzz::message6::{CLIENT, IAID, SERVER, addr};
use ifdawn_fuzz::{Input, sow};
use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;
use std::net::Ipv6Addr;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let input = &mut Input(data);
    let mut scene = Scene::new(input);
    while !input.0.is_empty() && scene.now < END {
        scene.step(input);
    }
});

const STATES: &[State] = &[
    State::Stopped,
    State::Soliciting,
    State::Requesting,
    State::Confirming,
    State::Bound,
    State::Renewing,
    State::Rebinding,
    State::Declining,
    State::Releasing,
    State::Informing,
    State::Informed,
    State::Ended,
];

const ADVERTISE: u8 = dhcpv6::ADVERTISE;
const REPLY: u8 = dhcpv6::REPLY;
const SECOND: u64 = 1_000_000;

/// No clock comes so far.
const END: u64 = 1 << 63;

/// Most that is sent, or tried, in a minute in which carrier does not come, whatever servers and the owner do. The most
/// restless ones renew every 2 s, are refused each time, and begin anew.
const PER_MINUTE: usize = 300;
/// Most that is due at one time.
const AT_ONCE: usize = 8;

struct Scene {
    client: Client,
    settings: Settings,
    held: Lease6,
    now: u64,
    /// When something was sent since carrier came.
    sent: VecDeque<u64>,
    /// How many more cannot be sent.
    failures: u8,
}

impl Scene {
    fn new(input: &mut Input<'_>) -> Scene {
        let state = input.choose(STATES);
        let flags = input.octet();
        let is_stateless = matches!(state, State::Informing | State::Informed);
        let settings = Settings {
            iaid: IAID,
            addrs: !is_stateless && (flags & 1 == 0 || flags & 2 == 0),
            prefixes: !is_stateless && flags & 2 != 0,
        };
        let mut scene = Scene {
            client: Client::NEW,
            settings,
            held: Lease6::NONE,
            now: input.choose(&[0, 1, 77_000 * SECOND, 1 << 62]),
            sent: VecDeque::new(),
            failures: 0,
        };
        scene.client.stop();
        // An engine has chance that is never 0.
        scene.reach(state, u32::from(input.word()) << 8 | 1);
        assert_eq!(scene.client.state(), state);
        scene.check();
        scene
    }

    fn reach(&mut self, state: State, seed: u32) {
        if state == State::Stopped {
            return;
        }
        if state == State::Confirming {
            self.held = self.says(REPLY);
            self.client.recall(&self.held, Instant(self.now));
        }
        self.start(seed);
        let now = Instant(self.now);
        match state {
            State::Ended => return self.client.end(now),
            State::Soliciting | State::Confirming | State::Informing => return,
            State::Informed => {
                self.due();
                let mut reply = self.says(REPLY);
                assert_eq!(self.hear(&mut reply), Heard::Informed);
                return;
            }
            _ => {}
        }
        assert_eq!(self.due(), Due::Send(Message::Solicit));
        let mut offer = self.says(ADVERTISE);
        assert_eq!(self.hear(&mut offer), Heard::Offer);
        if state == State::Requesting {
            return;
        }
        assert_eq!(self.due(), Due::Send(Message::Request6));
        let mut reply = self.says(REPLY);
        assert_eq!(self.hear(&mut reply), Heard::Bound);
        match state {
            State::Renewing => self.now = self.client.renew_at().0,
            State::Rebinding => self.now = self.client.rebind_at().0,
            State::Declining => return self.taken(),
            State::Releasing => return self.client.end(now),
            _ => return,
        }
        self.client.due(Instant(self.now));
    }

    /// What an honest server says.
    fn says(&self, message: u8) -> Lease6 {
        let mut reply = Lease6::NONE;
        reply.judge(ifdawn::model::lease6::Verdict::Fine);
        reply.put(Field6::Message, &[message]);
        reply.put(Field6::Xid, &self.client.xid().to_be_bytes()[1..]);
        reply.put(Field6::ClientId, &CLIENT);
        reply.put(Field6::ServerId, &SERVER);
        let times = [0, 0, 14, 16, 0, 0, 14, 16];
        reply.put(Field6::Addrs, &[&times[..], &[128], &addr(7)].concat());
        if self.settings.prefixes {
            reply.put(Field6::Prefixes, &[&times[..], &[64], &addr(0)].concat());
        }
        reply
    }

    fn start(&mut self, seed: u32) {
        if self.client.state() == State::Stopped {
            self.sent.clear();
        }
        self.client.start(Instant(self.now), seed, &self.settings);
    }

    fn taken(&mut self) {
        let addr = Ipv6Addr::from(addr(7));
        self.client
            .taken(Instant(self.now), &addr.octets(), &mut self.held);
        assert!(self.held.is_sound());
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.octet() % 8 {
            0 => {
                self.now += 1_u64 << (input.octet() % 42);
                self.settle();
            }
            1 => {
                let deadline = self.client.deadline().0;
                if deadline < END {
                    let near = deadline.saturating_add_signed(input.choose(&[0, -1, 1]));
                    self.now = self.now.max(near);
                }
                self.settle();
            }
            2 => {
                let mut reply = self.says(input.choose(&[REPLY, ADVERTISE, 10, 0, 1, 255]));
                for _ in 0..input.octet() % 4 {
                    let field = input.choose(Field6::ALL);
                    let len = usize::from(input.octet() % 32);
                    reply.put(field, input.octets(len));
                }
                if reply.is_sound() {
                    self.hear(&mut reply);
                }
            }
            3 => self.serve(input),
            4 => self.befall(input),
            5 => {
                let mut reply = self.says(input.choose(&[REPLY, ADVERTISE]));
                let octets = reply.octets_mut();
                let at = usize::from(input.word()) % octets.len();
                let len = usize::from(input.octet() % 64);
                for (octet, other) in octets[at..].iter_mut().zip(input.octets(len)) {
                    *octet = *other;
                }
                if reply.is_sound() {
                    self.hear(&mut reply);
                }
            }
            6 => self.failures = input.octet(),
            _ => {
                let field = input.choose(&[Field6::Xid, Field6::ClientId]);
                let mut reply = self.says(input.choose(&[REPLY, ADVERTISE]));
                let mut octets = reply.get(field).to_vec();
                let at = usize::from(input.octet()) % octets.len();
                octets[at] ^= input.octet().max(1);
                reply.put(field, &octets);
                assert_eq!(self.hear(&mut reply), Heard::Nothing);
            }
        }
        self.check();
    }

    /// What the link, or the owner, does.
    fn befall(&mut self, input: &mut Input<'_>) {
        match input.octet() % 8 {
            0 => self.client.stop(),
            1 | 2 => self.start(u32::from(input.word())),
            3 | 4 => self.taken(),
            5 => self.client.end(Instant(self.now)),
            _ if self.client.state() == State::Stopped => {
                let mut lease = self.says(REPLY);
                lease.put(Field6::RenewTime, input.octets(4));
                if lease.is_sound() {
                    let ago = u64::from(input.word()) * SECOND;
                    self.client
                        .recall(&lease, Instant(self.now.saturating_sub(ago)));
                    self.held = lease;
                }
            }
            _ => {}
        }
        self.settle();
    }

    /// A server that answers whatever is sent for a while: a status for each question, how long its leases are, and how
    /// fast it is; and whether somebody else has the address each time.
    fn serve(&mut self, input: &mut Input<'_>) {
        let offers = input.choose(&[Some(ADVERTISE), Some(REPLY), None]);
        let to_request = input.choose(&[Some(0), Some(2), Some(4), Some(1), None]);
        let to_renew = input.choose(&[Some(4), Some(3), Some(0), Some(2), None]);
        let seconds: u32 = input.choose(&[4, 5, 60, 3_600, u32::MAX, 3, 0]);
        let micros = input.choose(&[0, 1_000, 200_000, SECOND, 3_700_000]);
        let is_taken = input.octet() & 1 != 0;
        for _ in 0..input.octet() {
            let (message, status) = match self.due() {
                Due::Nothing => {
                    let deadline = self.client.deadline().0;
                    if deadline >= END {
                        return;
                    }
                    self.now = deadline;
                    continue;
                }
                Due::Send(Message::Solicit) => (offers, Some(0)),
                Due::Send(Message::Request6 | Message::Confirm) => (Some(REPLY), to_request),
                Due::Send(Message::Renew6 | Message::Rebind6) => (Some(REPLY), to_renew),
                Due::Send(_) => (Some(REPLY), Some(0)),
                Due::Bound | Due::Kept | Due::Expired | Due::Changed => (None, None),
            };
            if let (Some(message), Some(status)) = (message, status) {
                let until = self.client.deadline().0;
                self.now = (self.now + micros).min(until);
                let mut reply = self.says(message);
                reply.put(Field6::Status, &[0, status]);
                let times = [seconds.to_be_bytes(), seconds.to_be_bytes()].concat();
                reply.put(Field6::Addrs, &[&times[..], &[128], &addr(7)].concat());
                if self.hear(&mut reply) == Heard::Bound && is_taken {
                    self.taken();
                }
            }
            self.check();
        }
    }

    /// Does all that is due now.
    fn settle(&mut self) {
        let mut many = 0;
        while self.due() != Due::Nothing {
            many += 1;
            assert!(many <= AT_ONCE, "no end of what is due");
        }
        let deadline = self.client.deadline().0;
        assert!(deadline > self.now, "asked again at once");
        let mut early = self.client;
        assert_eq!(
            early.due(Instant(deadline - 1)),
            Due::Nothing,
            "due before the deadline"
        );
        assert_eq!(
            (early.state(), early.deadline().0),
            (self.client.state(), deadline)
        );
    }

    /// Does the next thing that is due.
    fn due(&mut self) -> Due {
        let now = Instant(self.now);
        let before = self.client;
        let due = self.client.due(now);
        let state = self.client.state();
        match due {
            Due::Nothing => assert!(self.client.deadline() > now, "due later and not then"),
            Due::Send(message) => {
                assert_eq!(sends(state), Some(message));
                self.count();
                self.describe(message);
                let result = match self.failures {
                    0 => Ok(()),
                    _ => Err(Errno::ENODEV),
                };
                self.failures = self.failures.saturating_sub(1);
                self.client.sent(now, result);
            }
            Due::Kept => assert_eq!((before.state(), state), (State::Confirming, State::Bound)),
            Due::Expired => {
                assert!(before.has_lease() && !self.client.has_lease());
            }
            Due::Bound | Due::Changed => panic!("{due:?}"),
        }
        self.check();
        due
    }

    fn count(&mut self) {
        self.sent.push_back(self.now);
        let is_over = |first: &u64| first + 60 * SECOND <= self.now;
        while self.sent.front().is_some_and(is_over) {
            self.sent.pop_front();
        }
        assert!(
            self.sent.len() <= PER_MINUTE,
            "{} a minute",
            self.sent.len()
        );
    }

    /// What is filled in, and that it can be sent.
    fn describe(&self, message: Message) {
        let duid = Duid::new(&CLIENT).expect("a DUID");
        let mut request = Request::new(message.number(), Ipv6Addr::LOCALHOST, &duid);
        self.client.fill(&self.held, &mut request);
        let is_to_one = matches!(
            message,
            Message::Request6 | Message::Renew6 | Message::Decline6 | Message::Release6
        );
        assert_eq!(request.server.is_empty(), !is_to_one, "{message:?}");
        assert_eq!(request.addrs.is_some(), self.settings.addrs);
        let are_asked_for = self.settings.prefixes && message != Message::Confirm;
        assert_eq!(request.prefixes.is_some(), are_asked_for);
        assert!(request.xid < 1 << 24);
        assert!(dhcpv6::build(&request, &mut [0; 1_500]) > 0);
    }

    fn hear(&mut self, reply: &mut Lease6) -> Heard {
        let (before, was_held, whole) = (self.client, self.held, *reply);
        let now = Instant(self.now);
        let duid = Duid::new(&CLIENT).expect("a DUID");
        let heard = self.client.hear(now, reply, &duid, &mut self.held);
        let client = &self.client;
        if heard != Heard::Nothing {
            assert_eq!(whole.get(Field6::ClientId), CLIENT);
            assert!(!whole.get(Field6::ServerId).is_empty());
        }
        match heard {
            Heard::Nothing | Heard::Refused(Problem::Reconfigure) => {
                assert_eq!(self.held, was_held)
            }
            Heard::Refused(_) => assert_eq!(client.has_lease(), before.has_lease()),
            Heard::Offer => assert!(matches!(
                client.state(),
                State::Soliciting | State::Requesting
            )),
            Heard::Bound => {
                assert!(client.has_lease() && client.state() == State::Bound);
                assert!(client.expires_at() >= client.since().after_seconds(1));
            }
            Heard::Informed => assert_eq!(client.state(), State::Informed),
            Heard::Probing | Heard::Nak | Heard::V6Only => panic!("{heard:?}"),
        }
        assert!(self.held.is_sound());
        for item in self.held.get(Field6::Addrs).chunks(25) {
            assert!(leased(item).is_some());
        }
        self.check();
        heard
    }

    /// What always holds.
    fn check(&self) {
        let client = &self.client;
        let state = client.state();
        match state {
            State::Stopped | State::Requesting => {}
            State::Confirming | State::Bound | State::Renewing | State::Rebinding => {
                assert!(client.has_lease(), "{state:?}");
                assert!(!self.held.get(Field6::ServerId).is_empty());
            }
            State::Soliciting
            | State::Declining
            | State::Releasing
            | State::Informing
            | State::Informed
            | State::Ended => assert!(!client.has_lease(), "{state:?}"),
        }
        if client.has_lease() {
            assert!(client.renew_at() <= client.rebind_at());
        }
        assert!(client.xid() < 1 << 24);
    }
}

/// What is sent in a state.
fn sends(state: State) -> Option<Message> {
    match state {
        State::Soliciting => Some(Message::Solicit),
        State::Requesting => Some(Message::Request6),
        State::Confirming => Some(Message::Confirm),
        State::Renewing => Some(Message::Renew6),
        State::Rebinding => Some(Message::Rebind6),
        State::Declining => Some(Message::Decline6),
        State::Releasing => Some(Message::Release6),
        State::Informing => Some(Message::Inform),
        State::Stopped | State::Bound | State::Informed | State::Ended => None,
    }
}

/// Each state with each of several beginnings.
fn seeds() -> Vec<Vec<u8>> {
    let operations: &[&[u8]] = &[
        &[1, 0, 2, 1, 0, 1, 0, 2, 0, 0, 4, 5, 1, 0, 1, 0],
        &[1, 0, 2, 0, 0, 4, 3, 1, 0, 1, 1, 4, 3, 1, 0, 1, 0],
        &[3, 0, 0, 0, 0, 0, 0, 60, 3, 0, 0, 1, 0, 1, 1, 60],
        &[3, 1, 1, 1, 0, 2, 1, 60, 3, 0, 3, 3, 2, 0, 0, 60],
        &[0, 20, 0, 25, 0, 30, 0, 35, 6, 9, 1, 0, 1, 0, 1, 0, 0, 40],
        &[
            4, 0, 4, 1, 1, 2, 1, 0, 4, 5, 1, 0, 4, 0, 4, 6, 0, 0, 14, 16, 9, 4, 1, 7, 7,
        ],
        &[2, 0, 1, 11, 2, 0, 3, 9, 2, 0, 2, 14, 2, 0, 4, 7, 0, 0, 0, 1],
    ];
    let mut seeds = Vec::new();
    for state in 0..STATES.len() as u8 {
        for (n, operations) in (0..).zip(operations) {
            let mut seed = vec![state, n * 5, n, 18, n];
            seed.extend(*operations);
            seeds.push(seed);
        }
    }
    seeds
}
