//! The DHCPv4 client of one link: RFC 2131 sections 3 and 4.4, with rapid commit (RFC 4039), IPv6-only
//! preferred (RFC 8925), address conflict detection (RFC 5227) and the answers of BOOTP servers (RFC 1534).
//!
//! | state | sends | hears | then |
//! |---|---|---|---|
//! | Rebooting | REQUEST of an earlier lease, six times | ACK: Probing or Bound; NAK: Pausing | Bound |
//! | Selecting | DISCOVER, ever slower | OFFER: Requesting; ACK with rapid commit, BOOTP: Probing or Bound | |
//! | Requesting | REQUEST of an offer, five times | ACK: Probing or Bound; NAK: Pausing | Selecting |
//! | Probing | ARP probe, three times | that somebody has the address: Declining | Bound |
//! | Bound | one ARP announcement | the same | T1: Renewing |
//! | Renewing | REQUEST to the lease's server | ACK: Bound; NAK: Pausing | T2: Rebinding |
//! | Rebinding | REQUEST to any server | ACK: Bound; NAK: Pausing | expiry: Selecting |
//! | Declining | DECLINE | | Pausing |
//! | Pausing | | | Selecting |
//! | Releasing | RELEASE | | Ended |
//!
//! With carrier it begins in Rebooting if there is an earlier lease, else in Selecting; without it is Stopped.
//!
//! * [`Client::due`] says what is to be sent or what became of the lease; it is asked again until it says
//!   [`Due::Nothing`], and then not before [`Client::deadline`].
//! * What is due stays due until [`Client::sent`] says what became of it.
//! * The record of the lease is its owner's, who replaces it whole by each reply that is [`Heard::Bound`] or
//!   [`Heard::Probing`]; here is its address, its server and its times.
//! * The clock goes on while the machine sleeps. T1, T2 and expiry are told by the time, in whatever order and
//!   however late `due` is asked, with carrier or without.
//! * Chance is an xorshift generator that begins with a seed.

mod fields;
pub(super) mod pace;
mod reply;
mod settings;

use crate::diag::{Errno, Problem};
use crate::engine::Instant;
use crate::model::lease::{Field, Lease};
use crate::proto::{Due, Heard, Message};
use core::net::Ipv4Addr;
pub use pace::xorshift;
use pace::{DECLINE_PAUSE, MAX_NAKS, MIN_V6ONLY_WAIT, SHUN, STEPS};
pub(super) use pace::{FIRST, SECOND, after, elapsed};
pub use settings::Settings;

/// Where a client is (RFC 2131 figure 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No carrier.
    Stopped,
    /// Asks whether an earlier lease is good here.
    Rebooting,
    /// Looks for a server.
    Selecting,
    /// Asks for what was offered.
    Requesting,
    /// Has a lease, and asks the link whether somebody has its address.
    Probing,
    /// Has a lease.
    Bound,
    /// Past T1: asks its server for more time.
    Renewing,
    /// Past T2: asks any server.
    Rebinding,
    /// Is about to tell the server that somebody else has the address.
    Declining,
    /// Waits, after a NAK, a DECLINE or option 108.
    Pausing,
    /// Is about to give the lease back.
    Releasing,
    /// Wants no lease any more.
    Ended,
}

impl State {
    /// The set of it alone.
    const fn only(self) -> u16 {
        1 << self as u16
    }

    /// Whether it is one of a set.
    fn is_of(self, states: u16) -> bool {
        states >> self as u16 & 1 != 0
    }
}

/// States that wait for the answer to a REQUEST; that asked all servers; whose address is in use; in which T2 counts.
const ASKING: u16 = ASKING_ALL | State::Requesting.only() | State::Renewing.only();
const ASKING_ALL: u16 = State::Rebooting.only() | State::Rebinding.only();
const IN_USE: u16 = State::Renewing.only() | State::Rebinding.only();
const BEFORE_T2: u16 = State::Bound.only() | State::Renewing.only();

/// See the module. All zeros: stopped, and never had a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// The small fields first: one octet says where they are in a `Lessee`.
#[repr(C)]
pub struct Client {
    state: State,
    /// Requests or probes that were sent in this state. In [`State::Bound`] 0 until the address is applied, in
    /// [`State::Selecting`] 0 unless [`SHUN`]ned.
    tries: u8,
    /// How slow DISCOVERs have become, from 0: none was sent.
    pace: u8,
    /// NAKs and conflicts since the last lease.
    naks: u8,
    secs: u16,
    xid: u32,
    random: u32,
    addr: Ipv4Addr,
    server: Ipv4Addr,
    /// What was asked of it: [`Settings`], with 0 for an address that is not probed.
    probe_ms: u32,
    bootp: bool,
    v6_only: bool,
    /// When something is to be sent, or a wait ends.
    next: Instant,
    /// When the next DISCOVER may leave.
    discover_at: Instant,
    /// When the client began to ask: the zero of `secs` and of their pace.
    begun: Instant,
    /// When it was asked for what is being answered: the lease counts from there.
    asked: Instant,
    /// When the lease was asked for.
    since: Instant,
    renew_at: Instant,
    rebind_at: Instant,
    /// 0: there is no lease.
    expires_at: Instant,
}

impl Client {
    /// Stopped, and never had a lease.
    pub const NEW: Client = Client {
        state: State::Stopped,
        tries: 0,
        pace: 0,
        naks: 0,
        secs: 0,
        xid: 0,
        random: 0,
        addr: Ipv4Addr::UNSPECIFIED,
        server: Ipv4Addr::UNSPECIFIED,
        probe_ms: 0,
        bootp: false,
        v6_only: false,
        next: Instant(0),
        discover_at: Instant(0),
        begun: Instant(0),
        asked: Instant(0),
        since: Instant(0),
        renew_at: Instant(0),
        rebind_at: Instant(0),
        expires_at: Instant(0),
    };

    /// Knows of an earlier lease that was asked for at this time, if it can be used; before
    /// [`Client::start`].
    pub fn recall(&mut self, lease: &Lease, asked: Instant) {
        self.asked = asked;
        let _ = self.take(lease);
    }

    /// Carrier came. The first message is due at once: RFC 2131 4.4.1 waits for 1 to 10 s lest machines that
    /// start together ask together, and a server of today serves thousands a second.
    pub fn start(&mut self, now: Instant, seed: u32, settings: &Settings) {
        if self.state != State::Stopped {
            return;
        }
        self.probe_ms = settings.probe_ms;
        (self.bootp, self.v6_only) = (settings.bootp, settings.v6_only);
        self.random = seed;
        self.xid = u32::from(settings.xid_tag) << 16;
        self.pace = 0;
        self.ask(
            now,
            if self.has_lease() {
                State::Rebooting
            } else {
                State::Selecting
            },
        );
    }

    /// Carrier went. The lease stays known, and expires when it does; but not one of an address that somebody else
    /// may have.
    pub fn stop(&mut self) {
        if self.state == State::Probing {
            self.expires_at = Instant(0);
        }
        if self.state < State::Releasing {
            self.state = State::Stopped;
        }
    }

    /// No lease is wanted any more; the one there is is given back, with or without carrier.
    pub fn end(&mut self, now: Instant) {
        // What was asked for may have been given by now.
        let is_held = (now < self.expires_at || self.state == State::Requesting)
            && !self.server.is_unspecified();
        if is_held || self.state == State::Releasing {
            self.leave(now, State::Releasing);
        } else {
            self.leave(Instant(u64::MAX), State::Ended);
        }
    }

    /// Somebody else has the address: the lease is lost (RFC 2131 3.1.5, RFC 5227 2.4).
    pub fn taken(&mut self, now: Instant) {
        if self.has_lease() && self.state != State::Stopped {
            self.leave(now, State::Declining);
        }
    }

    /// The address is on the link: it is announced if the lease is new. RFC 5227 2.3 announces twice; those who
    /// missed it ask by ARP.
    pub fn applied(&mut self, now: Instant) {
        if self.state == State::Bound && self.tries == 0 {
            self.tries = 1;
            self.next = now;
        }
    }

    /// What is to be done now.
    pub fn due(&mut self, now: Instant) -> Due {
        if self.has_lease() && now >= self.expires_at {
            self.expires_at = Instant(0);
            if self.state != State::Stopped {
                self.ask(now, State::Selecting);
            }
            return Due::Expired;
        }
        if self.state.is_of(BEFORE_T2) && now >= self.rebind_at {
            self.ask(now, State::Rebinding);
        } else if self.state == State::Bound && now >= self.renew_at {
            self.ask(now, State::Renewing);
        }
        if now < self.next {
            return Due::Nothing;
        }
        let Some(&(mut due, most)) = STEPS.get(self.state as usize) else {
            return Due::Nothing;
        };
        if self.tries >= most {
            if matches!(self.state, State::Rebooting | State::Probing) {
                let is_probed = self.state == State::Probing;
                self.hold(0);
                return if is_probed { Due::Bound } else { Due::Kept };
            }
            let is_silent = self.state == State::Requesting;
            self.ask(now, State::Selecting);
            if is_silent {
                self.tries = SHUN;
            }
            if now < self.next {
                return Due::Nothing;
            }
            due = Due::Send(Message::Discover);
        }
        // RFC 2131 4.4.1: a REQUEST has the `secs` of its DISCOVER.
        if self.state != State::Requesting {
            self.secs = elapsed(self.begun, now, SECOND);
        }
        due
    }

    /// What was due was sent, or could not be, and is tried again soon: but a renewal when its time comes, for
    /// there is no hurry, and a RELEASE never, for its server forgets the lease by itself.
    #[inline(never)]
    pub fn sent(&mut self, now: Instant, result: Result<(), Errno>) {
        let state = self.state;
        if state == State::Releasing {
            return self.leave(Instant(u64::MAX), State::Ended);
        }
        let is_in_use = state.is_of(IN_USE);
        let mut micros = if is_in_use { self.halve(now) } else { FIRST };
        if result.is_ok() {
            if self.tries == 0 || state == State::Selecting {
                self.asked = now;
            }
            if state == State::Declining {
                return self.pause(now, DECLINE_PAUSE);
            } else if state == State::Selecting {
                micros = self.slow_down(now);
                self.discover_at = after(now, micros);
                self.tries = self.tries.saturating_sub(1);
            } else if !is_in_use {
                micros = if state == State::Bound {
                    u64::MAX
                } else if state == State::Probing {
                    u64::from(self.probe_ms).wrapping_mul(1_000) / 3
                } else {
                    FIRST.wrapping_shl(self.tries.min(2).into())
                };
                self.tries = self.tries.wrapping_add(1);
            }
        }
        self.next = Instant(now.0.saturating_add(micros));
    }

    /// A DHCP message for port 68 of this link, whose MAC is `mac` (empty on InfiniBand, RFC 4390).
    pub fn hear(&mut self, now: Instant, reply: &Lease, mac: &[u8]) -> Heard {
        let message = reply.number_or(Field::Message, BOOTREPLY);
        let is_awaited = if self.state == State::Selecting {
            message == OFFER
                || message == ACK && reply.number_or(Field::RapidCommit, 0) > 0
                || message == BOOTREPLY && self.bootp
        } else {
            self.state.is_of(ASKING) && (message == ACK || message == NAK)
        };
        if !is_awaited
            || reply.number_or(Field::Xid, 0) != self.xid
            || reply.get(Field::Chaddr) != mac
        {
            return Heard::Nothing;
        }
        let server = reply.addr(Field::Server);
        let is_of_other = server != self.server;
        if message == NAK {
            return self.hear_nak(now, server);
        }
        let is_in_use = self.state.is_of(IN_USE);
        if self.v6_only && !is_in_use && !reply.get(Field::V6Only).is_empty() {
            let wait = reply.number_or(Field::V6Only, 0);
            self.pause(now, wait.max(MIN_V6ONLY_WAIT));
            return Heard::V6Only;
        }
        if message == OFFER && self.tries > 0 && !is_of_other {
            return Heard::Nothing;
        }
        let is_other = reply.number_or(Field::Addr, 0) != self.addr.to_bits()
            || self.state == State::Requesting && is_of_other;
        if is_other && self.state != State::Selecting {
            return Heard::Refused(Problem::OfferedOther);
        }
        if let Some(why) = self.take(reply) {
            return Heard::Refused(why);
        }
        if message == OFFER {
            self.expires_at = Instant(0);
            self.turn(now, State::Requesting);
            return Heard::Offer;
        }
        self.pace = 0;
        // An address that was kept is on the link: it was probed when it came there.
        let is_kept = is_in_use || self.state == State::Rebooting;
        if self.probe_ms > 0 && !is_kept {
            self.turn(now, State::Probing);
            return Heard::Probing;
        }
        self.hold(is_in_use.into());
        Heard::Bound
    }

    /// A NAK counts from the server that was asked; where all were asked, from any that says who it is.
    fn hear_nak(&mut self, now: Instant, server: Ipv4Addr) -> Heard {
        let asks_all = self.state.is_of(ASKING_ALL);
        if server.is_unspecified() || !asks_all && server != self.server {
            return Heard::Refused(Problem::OfferedOther);
        }
        self.pause(now, 0);
        Heard::Nak
    }

    /// When [`Client::due`] has something, unless something is heard before; never later.
    pub fn deadline(&self) -> Instant {
        let mut deadline = self.next;
        if self.state == State::Stopped {
            deadline = Instant(u64::MAX);
        }
        if self.has_lease() {
            deadline = deadline.min(if self.state == State::Bound {
                self.renew_at
            } else if self.state == State::Renewing {
                self.rebind_at
            } else {
                self.expires_at
            });
        }
        deadline
    }

    /// Begins a transaction.
    fn ask(&mut self, now: Instant, state: State) {
        self.turn(now, state);
        self.asked = now;
        if state == State::Selecting && self.pace > 0 {
            self.next = now.max(self.discover_at);
        } else {
            self.begun = now;
        }
        self.xid = self.xid & 0xffff_0000 | self.chance() >> 16;
    }

    /// Goes to a state that sends at once.
    fn turn(&mut self, now: Instant, state: State) {
        self.state = state;
        self.tries = 0;
        self.next = now;
    }

    /// Has the lease; `tries` as [`State::Bound`] means it.
    fn hold(&mut self, tries: u8) {
        self.turn(Instant(u64::MAX), State::Bound);
        self.tries = tries;
        self.naks = 0;
    }

    /// Has no lease any more.
    #[inline(never)]
    fn leave(&mut self, next: Instant, state: State) {
        self.turn(next, state);
        self.begun = next;
        self.pace = 0;
        self.expires_at = Instant(0);
    }

    /// Has no lease any more, and looks for one after so many seconds, but not for this address. The first time
    /// that a lease is refused costs no time; then 1, 2, 4 to 64 s, until there is one.
    fn pause(&mut self, now: Instant, seconds: u32) {
        let backoff = 1_u32.wrapping_shl(self.naks.into()) / 2;
        self.naks = self.naks.wrapping_add(1).min(MAX_NAKS);
        self.addr = Ipv4Addr::UNSPECIFIED;
        self.leave(now.after_seconds(seconds.max(backoff)), State::Pausing);
    }
}

/// Message types (RFC 2132 9.6), which have one octet; that of BOOTP for none.
const BOOTREPLY: u32 = u32::MAX;
const OFFER: u32 = 2;
const ACK: u32 = 5;
const NAK: u32 = 6;

#[cfg(test)]
mod tests;
