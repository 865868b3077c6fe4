//! A client brought into each of its states, then whatever servers, the link and the clock may do.
//!
//! ```text
//!  state | settings | start | seed, 2 | operation | its octets | operation...
//! ```
#![no_main]

use ifdawn::diag::Errno;
use ifdawn::engine::Instant;
use ifdawn::model::lease::{Field, Lease, is_host};
use ifdawn::proto::dhcpv4::{Client, Settings, State};
use ifdawn::proto::{Due, Heard, Message};
use ifdawn_fuzz::message::{ADDR, MAC, SERVER};
use ifdawn_fuzz::{Input, sow};
use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let input = &mut Input(data);
    let mut scene = Scene::new(input);
    while !input.0.is_empty() && scene.now < END {
        scene.step(input);
    }
});

const STATES: &[State] = &[
    State::Stopped,
    State::Rebooting,
    State::Selecting,
    State::Requesting,
    State::Probing,
    State::Bound,
    State::Renewing,
    State::Rebinding,
    State::Declining,
    State::Pausing,
    State::Releasing,
    State::Ended,
];

const OFFER: u8 = 2;
const ACK: u8 = 5;
const NAK: u8 = 6;
const TAG: u16 = 0x1fda;
const SECOND: u64 = 1_000_000;

/// No clock comes so far.
const END: u64 = 1 << 63;

/// Most that is sent, or tried, in a minute in which carrier does not come, whatever servers do. The most restless
/// one gives leases of 4 s, but late, and refuses every renewal: a REQUEST to renew, a DISCOVER, four REQUESTs, three
/// probes and an announcement in 2 s.
const PER_MINUTE: usize = 300;
/// Most that is due at one time.
const AT_ONCE: usize = 8;

struct Scene {
    client: Client,
    settings: Settings,
    now: u64,
    /// The record of the lease, as the client's owner keeps it.
    held: Lease,
    /// Whether somebody else may have its address: it was to be probed, and is not to the end.
    in_doubt: bool,
    /// When something was sent since carrier came.
    sent: VecDeque<u64>,
    /// How many more cannot be sent.
    failures: u8,
}

impl Scene {
    fn new(input: &mut Input<'_>) -> Scene {
        let state = input.choose(STATES);
        let flags = input.octet();
        let settings = Settings {
            xid_tag: TAG,
            bootp: flags & 1 != 0,
            v6_only: flags & 2 != 0,
            probe_ms: match flags >> 2 & 3 {
                _ if state == State::Probing => 900,
                _ if state > State::Probing => 0,
                0 | 1 => 0,
                2 => 3_000,
                _ => u32::MAX,
            },
        };
        let mut scene = Scene {
            client: Client::NEW,
            settings,
            now: input.choose(&[0, 1, 77_000 * SECOND, 1 << 62]),
            held: Lease::NONE,
            in_doubt: false,
            sent: VecDeque::new(),
            failures: 0,
        };
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
        if state == State::Rebooting {
            let lease = self.says(ACK);
            self.recall(&lease, self.now);
        }
        self.start(seed);
        if state < State::Requesting {
            return;
        }
        if state == State::Ended {
            return self.client.end(Instant(self.now));
        }
        assert_eq!(self.due(), Due::Send(Message::Discover));
        let offer = self.says(OFFER);
        assert_eq!(self.hear(&offer), Heard::Offer);
        if state == State::Requesting {
            return;
        }
        assert_eq!(self.due(), Due::Send(Message::Request));
        if state == State::Pausing {
            let nak = self.says(NAK);
            self.hear(&nak);
            return;
        }
        let ack = self.says(ACK);
        self.hear(&ack);
        match state {
            State::Renewing => self.now = self.client.renew_at().0,
            State::Rebinding => self.now = self.client.rebind_at().0,
            State::Declining => return self.client.taken(Instant(self.now)),
            State::Releasing => return self.client.end(Instant(self.now)),
            _ => return,
        }
        self.client.due(Instant(self.now));
    }

    /// What an honest server says.
    fn says(&self, message: u8) -> Lease {
        let mut reply = Lease::NONE;
        reply.judge(ifdawn::model::lease::Verdict::Fine);
        reply.put(Field::Message, &[message]);
        reply.put(Field::Xid, &self.client.xid().to_be_bytes());
        reply.put(Field::Chaddr, &MAC);
        let server = match self.client.server_id() {
            none if none.is_unspecified() => SERVER,
            server => server.octets(),
        };
        reply.put(Field::Server, &server);
        if message != NAK {
            let addr = self.client.addr();
            let addr = if addr.is_unspecified() {
                ADDR
            } else {
                addr.octets()
            };
            reply.put(Field::Addr, &addr);
            reply.put(Field::Mask, &[255, 255, 255, 0]);
            reply.put(Field::LeaseTime, &3_600_u32.to_be_bytes());
        }
        reply
    }

    fn recall(&mut self, lease: &Lease, asked: u64) {
        self.client.recall(lease, Instant(asked));
        if self.client.has_lease() {
            self.held = *lease;
            self.in_doubt = false;
        }
    }

    fn start(&mut self, seed: u32) {
        if self.client.state() == State::Stopped {
            self.sent.clear();
        }
        self.client.start(Instant(self.now), seed, &self.settings);
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.octet() % 8 {
            0 => {
                let micros = 1_u64 << (input.octet() % 42);
                self.now += micros;
                self.settle();
            }
            1 => {
                let deadline = self.client.deadline().0;
                if deadline < END {
                    self.now = self
                        .now
                        .max(deadline.saturating_add_signed(input.choose(&[0, -1, 1])));
                }
                self.settle();
            }
            2 => {
                let message = input.choose(&[ACK, NAK, OFFER, 0, 1, 255]);
                let mut reply = self.says(message);
                if message == 0 {
                    reply.put(Field::Message, &[]);
                }
                for _ in 0..input.octet() % 4 {
                    let field = input.choose(Field::ALL);
                    let len = usize::from(input.octet() % 32);
                    reply.put(field, input.octets(len));
                }
                self.hear(&reply);
            }
            3 => self.serve(input),
            4 => self.befall(input),
            5 => {
                let mut reply = self.says(input.choose(&[ACK, OFFER]));
                let octets = reply.octets_mut();
                let at = usize::from(input.word()) % octets.len();
                let len = usize::from(input.octet() % 64);
                for (octet, other) in octets[at..].iter_mut().zip(input.octets(len)) {
                    *octet = *other;
                }
                if reply.is_sound() {
                    self.hear(&reply);
                }
            }
            6 => self.failures = input.octet(),
            _ => {
                let field = input.choose(&[Field::Xid, Field::Chaddr]);
                let mut reply = self.says(input.choose(&[ACK, NAK, OFFER]));
                let mut octets = reply.get(field).to_vec();
                let at = usize::from(input.octet()) % octets.len();
                octets[at] ^= input.octet().max(1);
                reply.put(field, &octets);
                assert_eq!(self.hear(&reply), Heard::Nothing);
            }
        }
        self.check();
    }

    /// What the link, or the owner, does.
    fn befall(&mut self, input: &mut Input<'_>) {
        let now = Instant(self.now);
        match input.octet() % 8 {
            0 => self.client.stop(),
            1 | 2 => self.start(u32::from(input.word())),
            3 => self.client.taken(now),
            4 => self.client.end(now),
            5 if self.client.state() == State::Stopped => {
                let mut lease = self.says(input.choose(&[ACK, OFFER]));
                lease.put(Field::Message, &[]);
                lease.put(Field::LeaseTime, input.octets(4));
                let ago = u64::from(input.word()) * SECOND;
                self.recall(&lease, self.now.saturating_sub(ago));
            }
            _ => self.client.applied(now),
        }
        self.settle();
    }

    /// A server that answers, or does not, whatever is sent, for a while: a type for each question, how long its
    /// leases are, and how fast it is.
    fn serve(&mut self, input: &mut Input<'_>) {
        let to_discover = input.choose(&[OFFER, ACK, 0, NAK, 255]);
        let to_request = input.choose(&[ACK, NAK, 255]);
        let to_renew = input.choose(&[NAK, ACK, 255]);
        let seconds: u32 = input.choose(&[4, 5, 60, 3_600, u32::MAX]);
        let micros = input.choose(&[0, 1_000, 200_000, SECOND, 3_700_000]);
        let is_other = input.octet() & 1 != 0;
        let is_applied = input.octet() & 1 == 0;
        for n in 0..input.octet() {
            let due = self.due();
            let message = match due {
                Due::Nothing => {
                    let deadline = self.client.deadline().0;
                    if deadline >= END {
                        return;
                    }
                    self.now = deadline;
                    continue;
                }
                Due::Send(Message::Discover) => to_discover,
                Due::Send(Message::Request | Message::Reboot) => to_request,
                Due::Send(Message::Renew | Message::Rebind) => to_renew,
                Due::Send(_) | Due::Bound | Due::Kept | Due::Expired | Due::Changed => 255,
            };
            if message != 255 {
                let until = self.client.deadline().0;
                self.now = (self.now + micros).min(until);
                let mut reply = self.says(message);
                reply.put(Field::RapidCommit, &[1]);
                if message == 0 {
                    reply.put(Field::Message, &[]);
                }
                if message != NAK {
                    reply.put(Field::LeaseTime, &seconds.to_be_bytes());
                }
                if is_other && due == Due::Send(Message::Discover) {
                    reply.put(Field::Server, &[192, 0, 2, 200 + n % 16]);
                }
                self.hear(&reply);
            }
            if is_applied {
                self.client.applied(Instant(self.now));
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
                assert_eq!(STATES[state as usize], state);
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
            Due::Bound => {
                assert_eq!((before.state(), state), (State::Probing, State::Bound));
                self.in_doubt = false;
            }
            Due::Kept => assert_eq!((before.state(), state), (State::Rebooting, State::Bound)),
            Due::Expired => {
                assert!(before.has_lease() && before.expires_at() <= now);
                assert!(!self.client.has_lease());
            }
            Due::Changed => panic!("no router is heard"),
        }
        self.check();
        due
    }

    fn count(&mut self) {
        self.sent.push_back(self.now);
        while self
            .sent
            .front()
            .is_some_and(|first| first + 60 * SECOND <= self.now)
        {
            self.sent.pop_front();
        }
        assert!(
            self.sent.len() <= PER_MINUTE,
            "{} a minute",
            self.sent.len()
        );
    }

    /// What is filled in, by RFC 2131 table 5.
    fn describe(&self, message: Message) {
        let client = &self.client;
        let has_ciaddr = !client.ciaddr().is_unspecified();
        let has_server = !client.server_id().is_unspecified();
        let asks = !client.requested().is_unspecified();
        match message {
            Message::Discover => assert!(!has_ciaddr && !has_server),
            Message::Request => assert!(!has_ciaddr && asks && has_server),
            Message::Decline => assert!(!has_ciaddr && asks),
            Message::Reboot => assert!(!has_ciaddr && asks && !has_server),
            Message::Renew | Message::Rebind => assert!(has_ciaddr && !has_server),
            Message::Release => assert!(has_ciaddr && has_server),
            Message::Probe | Message::Announce => assert!(is_host(client.addr())),
            _ => panic!("{message:?}"),
        }
        if message == Message::Renew || message == Message::Release {
            assert!(is_host(client.server()));
        }
        assert!(!has_ciaddr || !asks);
    }

    fn hear(&mut self, reply: &Lease) -> Heard {
        let before = self.client;
        let heard = self.client.hear(Instant(self.now), reply, &MAC);
        let client = &self.client;
        let message = reply.number(Field::Message);
        if heard != Heard::Nothing {
            assert_eq!(reply.number(Field::Xid), Some(before.xid()));
            assert_eq!(reply.get(Field::Chaddr), MAC);
            assert!(message.is_some() || before.state() == State::Selecting && self.settings.bootp);
        }
        match heard {
            Heard::Nothing | Heard::Refused(_) => assert_eq!(*client, before),
            Heard::Offer => {
                assert_eq!(
                    (before.state(), client.state()),
                    (State::Selecting, State::Requesting)
                );
                assert_eq!(client.addr(), reply.addr(Field::Addr));
                assert_eq!(client.server(), reply.addr(Field::Server));
            }
            Heard::Probing | Heard::Bound => {
                assert_eq!(client.addr(), reply.addr(Field::Addr));
                let is_asked = matches!(
                    before.state(),
                    State::Rebooting | State::Requesting | State::Renewing | State::Rebinding
                );
                assert!(is_asked || before.state() == State::Selecting);
                assert!(!is_asked || client.addr() == before.addr());
                assert!(message == Some(ACK.into()) || message.is_none());
                assert!(client.expires_at().0 >= 4 * SECOND);
                self.held = *reply;
                self.in_doubt = heard == Heard::Probing;
            }
            Heard::Informed => panic!("there are leases only"),
            Heard::Nak => {
                assert_eq!(client.state(), State::Pausing);
                assert!(client.addr().is_unspecified());
            }
            Heard::V6Only => {
                assert!(self.settings.v6_only && client.state() == State::Pausing);
                assert!(client.deadline().0 >= self.now + 300 * SECOND);
            }
        }
        self.check();
        heard
    }

    /// What always holds.
    fn check(&self) {
        let client = &self.client;
        let state = client.state();
        match state {
            State::Stopped => {}
            State::Rebooting
            | State::Probing
            | State::Bound
            | State::Renewing
            | State::Rebinding => {
                assert!(client.has_lease(), "{state:?}");
            }
            State::Selecting
            | State::Requesting
            | State::Declining
            | State::Pausing
            | State::Releasing
            | State::Ended => assert!(!client.has_lease(), "{state:?}"),
        }
        if client.has_lease() {
            assert!(is_host(client.addr()));
            assert!(!self.in_doubt || state == State::Probing);
            assert_eq!(client.addr(), self.held.addr(Field::Addr));
            assert!(client.renew_at() <= client.rebind_at());
            assert!(client.rebind_at() <= client.expires_at());
        }
        assert!(client.xid() == 0 || client.xid() >> 16 == u32::from(TAG));
    }
}

/// What is sent in a state.
fn sends(state: State) -> Option<Message> {
    match state {
        State::Rebooting => Some(Message::Reboot),
        State::Selecting => Some(Message::Discover),
        State::Requesting => Some(Message::Request),
        State::Probing => Some(Message::Probe),
        State::Bound => Some(Message::Announce),
        State::Renewing => Some(Message::Renew),
        State::Rebinding => Some(Message::Rebind),
        State::Declining => Some(Message::Decline),
        State::Releasing => Some(Message::Release),
        State::Stopped | State::Pausing | State::Ended => None,
    }
}

/// Each state with each of several beginnings.
fn seeds() -> Vec<Vec<u8>> {
    let operations: &[&[u8]] = &[
        &[1, 0, 2, 2, 0, 1, 0, 2, 0, 0, 4, 5, 1, 0, 1, 0],
        &[1, 0, 2, 0, 0, 4, 5, 1, 0, 1, 1, 4, 3, 1, 0, 1, 0],
        &[1, 0, 2, 1, 0, 1, 0, 1, 0, 2, 1, 0, 1, 2],
        &[3, 0, 0, 1, 0, 0, 0, 0, 60, 3, 1, 0, 0, 0, 0, 1, 0, 60],
        &[3, 2, 0, 1, 1, 1, 1, 0, 60, 3, 4, 2, 2, 0, 0, 0, 0, 60],
        &[0, 20, 0, 25, 0, 30, 0, 35, 6, 9, 1, 0, 1, 0, 1, 0, 0, 40],
        &[
            4, 0, 4, 1, 1, 2, 1, 0, 4, 4, 1, 0, 4, 0, 4, 5, 0, 0, 0, 14, 16, 0, 9, 4, 1, 7, 7,
        ],
        &[
            2, 0, 2, 4, 4, 0, 0, 1, 44, 9, 4, 10, 0, 0, 1, 5, 0, 1, 20, 4, 0, 1, 2, 3, 7, 0, 0, 0,
            1,
        ],
    ];
    let mut seeds = Vec::new();
    for state in 0..STATES.len() as u8 {
        for (n, operations) in (0..).zip(operations) {
            let mut seed = vec![state, n * 3, n, 18, n];
            seed.extend(*operations);
            seeds.push(seed);
        }
    }
    seeds
}
