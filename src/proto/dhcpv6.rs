//! The DHCPv6 client of one link: RFC 8415 section 18.2, for addresses (IA_NA), prefixes (IA_PD) and what needs no
//! lease.
//!
//! | state | sends | hears | then |
//! |---|---|---|---|
//! | Confirming | CONFIRM of an earlier lease, four times | REPLY: Bound | Bound |
//! | Soliciting | SOLICIT, ever slower | ADVERTISE: Requesting; REPLY with rapid commit: Bound | |
//! | Requesting | REQUEST of an offer, ten times | REPLY: Bound | Soliciting |
//! | Bound | | | T1: Renewing |
//! | Renewing | RENEW to the lease's server | REPLY: Bound; NoBinding: Requesting | T2: Rebinding |
//! | Rebinding | REBIND to any server | the same | expiry: Soliciting |
//! | Declining | DECLINE of an address, four times | REPLY: Soliciting | Soliciting |
//! | Releasing | RELEASE, four times | REPLY: Ended | Ended |
//! | Informing | INFORMATION-REQUEST, ever slower | REPLY: Informed | |
//! | Informed | | | refresh time: Informing |
//!
//! With carrier it begins in Confirming if there is an earlier lease, else in Soliciting; in Informing where no lease
//! is wanted. NotOnLink, and all that is leased being withdrawn, leads to Soliciting from wherever it is.
//!
//! * [`Client::due`] says what is to be sent or what became of the lease; it is asked again until it says
//!   [`Due::Nothing`], and then not before [`Client::deadline`].
//! * What is due stays due until [`Client::sent`] says what became of it.
//! * The record of the lease is its owner's, who lends it: the best offer, then the lease, is put there. It is a
//!   lease while [`Client::has_lease`].
//! * RFC 8415 18.2.1 has a client collect offers for a second. One that gives all that is wanted is taken at once;
//!   so is any with the preference 255, and any after that second. Of others the best is taken when it ends: what
//!   gives more IAs, then what is preferred. Nor does it wait for up to a second before it says anything, as RFC 8415
//!   18.2.1 has it lest machines that start together ask together.
//! * A REPLY to a SOLICIT is the lease at once: rapid commit is always asked for. One to a REQUEST that gives nothing,
//!   whatever its status, leads to Soliciting. One to a RENEW or a REBIND changes nothing unless it says NoBinding or NotOnLink, or takes
//!   all back: it is asked again until T2, and until the lease is over. What gives at least one IA is a lease, and
//!   replaces the one before it whole: what a renewal does not give is given up, though RFC 8415 18.2.10.1 has it last.
//! * Nothing is sent to a server alone, so nothing is to be said by UseMulticast. RECONFIGURE, which is not
//!   authenticated, is told and no more.
//! * The clock goes on while the machine sleeps. T1, T2 and expiry are told by the time, in whatever order and
//!   however late `due` is asked, with carrier or without.
//! * Chance is an xorshift generator that begins with a seed.

mod fields;
mod hear;
mod pace;
mod reply;
mod settings;

use crate::diag::Errno;
use crate::engine::Instant;
use crate::model::lease6::{Field6, LEASED_OCTETS, Lease6};
use crate::proto::Due;
use crate::proto::dhcpv4::pace::{FIRST, SECOND, after, elapsed, xorshift};
use pace::{CONFIRMS, MAX_RT, MAX_TRIES};
pub use settings::Settings;

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No carrier.
    Stopped,
    /// Looks for a server.
    Soliciting,
    /// Asks for what was offered, or for what a server has forgotten.
    Requesting,
    /// Asks whether an earlier lease is good here.
    Confirming,
    /// Has a lease.
    Bound,
    /// Past T1: asks its server for more time.
    Renewing,
    /// Past T2: asks any server.
    Rebinding,
    /// Tells the server that somebody else has an address.
    Declining,
    /// Gives the lease back.
    Releasing,
    /// Asks for what needs no lease.
    Informing,
    /// Has it.
    Informed,
    /// Wants nothing any more.
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

/// States that wait for a REPLY about a lease that is in use; in which T2 counts.
const IN_USE: u16 = State::Confirming.only() | State::Renewing.only() | State::Rebinding.only();
const BEFORE_T2: u16 = State::Bound.only() | State::Renewing.only();

/// Nothing is to be done.
const NEVER: Instant = Instant(u64::MAX);

/// See the module. All zeros: never had a lease; it is to be [stopped](Client::stop) before it is asked for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// The small fields first: one octet says where they are in a `Lessee`.
#[repr(C)]
pub struct Client {
    state: State,
    /// Messages that were sent in this state, or could not be.
    tries: u8,
    /// Leases that were refused or lost since the last one.
    refusals: u8,
    /// Hundredths of a second that the transaction has taken.
    elapsed: u16,
    /// How good the offer is that is held; 0: there is none.
    best: u32,
    xid: u32,
    random: u32,
    settings: Settings,
    /// Seconds (SOL_MAX_RT, INF_MAX_RT).
    max_rt: u32,
    /// Milliseconds of the last wait (RT).
    rt: u32,
    /// When something is to be sent, or a wait ends.
    next: Instant,
    /// When the transaction began.
    begun: Instant,
    /// When the lease was given.
    since: Instant,
    renew_at: Instant,
    rebind_at: Instant,
    /// 0: there is no lease.
    expires_at: Instant,
}

impl Client {
    /// All zeros.
    pub const NEW: Client = Client {
        state: State::Stopped,
        tries: 0,
        refusals: 0,
        elapsed: 0,
        best: 0,
        xid: 0,
        random: 0,
        settings: Settings::NONE,
        max_rt: 0,
        rt: 0,
        next: Instant(0),
        begun: Instant(0),
        since: Instant(0),
        renew_at: Instant(0),
        rebind_at: Instant(0),
        expires_at: Instant(0),
    };

    /// Knows of an earlier lease that was given at this time; before [`Client::start`].
    pub fn recall(&mut self, lease: &Lease6, given: Instant) {
        self.count(lease, given);
        self.wait(NEVER);
    }

    /// Carrier came, and there is a link-local address. The first message is due at once.
    pub fn start(&mut self, now: Instant, seed: u32, settings: &Settings) {
        if self.state != State::Stopped {
            return;
        }
        self.settings = *settings;
        self.random = seed;
        self.max_rt = MAX_RT;
        self.refusals = 0;
        let state = if self.wanted() == 0 {
            // One that was wanted before is nobody's now.
            self.expires_at = Instant(0);
            State::Informing
        } else if self.has_lease() {
            State::Confirming
        } else {
            State::Soliciting
        };
        self.ask(now, state);
    }

    /// Carrier went. The lease stays known, and expires when it does.
    pub fn stop(&mut self) {
        if !matches!(
            self.state,
            State::Declining | State::Releasing | State::Ended
        ) {
            self.ask(NEVER, State::Stopped);
        }
    }

    /// Nothing is wanted any more; the lease there is is given back, with or without carrier, by one that was started
    /// once: else it does not know what it had.
    pub fn end(&mut self, now: Instant) {
        // What was asked for may have been given by now.
        let is_held = now < self.expires_at || self.state == State::Requesting;
        if is_held && self.random > 0 {
            self.leave(now, State::Releasing);
        } else if self.state != State::Releasing {
            self.leave(NEVER, State::Ended);
        }
    }

    /// Somebody else has an address of the lease, which is lost (RFC 8415 18.2.8); the server is told of this address.
    pub fn taken(&mut self, now: Instant, addr: &[u8; 16], held: &mut Lease6) {
        let (items, _) = held.get(Field6::Addrs).as_chunks();
        let item = items.iter().find(|item| item.ends_with(addr));
        if let Some(&item) = item
            && self.has_lease()
            && self.state != State::Stopped
        {
            let item: [u8; LEASED_OCTETS] = item;
            held.put(Field6::Addrs, &item);
            held.clear(Field6::Prefixes);
            self.leave(now, State::Declining);
        }
    }

    /// What is to be done now.
    #[inline(never)]
    pub fn due(&mut self, now: Instant) -> Due {
        let had_lease = self.has_lease();
        if now < self.next {
            return Due::Nothing;
        }
        if had_lease && now >= self.expires_at {
            let is_stopped = self.state == State::Stopped;
            self.leave(now, State::Soliciting);
            if is_stopped {
                self.stop();
            }
            return Due::Expired;
        }
        if self.state.is_of(BEFORE_T2) && now >= self.rebind_at {
            self.ask(now, State::Rebinding);
        } else if self.state == State::Confirming && self.tries == CONFIRMS {
            self.hold();
            return Due::Kept;
        } else if self.tries >= self.step().most {
            let then = self.step().then;
            if then == State::Soliciting {
                self.seek(now);
                if had_lease {
                    return Due::Expired;
                }
            } else {
                self.ask(if then == State::Ended { NEVER } else { now }, then);
            }
        } else if self.best > 0 {
            // The second for offers is over.
            self.ask(now, State::Requesting);
        }
        if now < self.next {
            return Due::Nothing;
        }
        // RFC 8415 s.21.9: hundredths of a second.
        self.elapsed = elapsed(self.begun, now, SECOND / 100);
        self.step().due
    }

    /// What was due was sent, or could not be, and is tried again soon, as often.
    #[inline(never)]
    pub fn sent(&mut self, now: Instant, result: Result<(), Errno>) {
        let micros = match result {
            Ok(()) => self.slow_down(),
            Err(_) => FIRST,
        };
        self.tries = self.tries.wrapping_add((self.tries < MAX_TRIES).into());
        self.wait(after(now, micros));
    }

    /// When [`Client::due`] has something, unless something is heard before; never later.
    pub fn deadline(&self) -> Instant {
        self.next
    }

    /// Has nothing to do until then, unless the state or the lease ends before.
    fn wait(&mut self, until: Instant) {
        self.next = until;
        if self.has_lease() {
            self.next = self.next.min(self.expires_at);
        }
        if self.state.is_of(BEFORE_T2) {
            self.next = self.next.min(self.rebind_at);
        }
    }

    /// How many IAs are wanted; 0: what needs no lease is all.
    fn wanted(&self) -> u32 {
        u32::from(self.settings.addrs).wrapping_add(self.settings.prefixes.into())
    }

    /// Begins a transaction.
    #[inline(never)]
    fn ask(&mut self, now: Instant, state: State) {
        self.state = state;
        self.tries = 0;
        self.rt = 0;
        self.best = 0;
        self.begun = now;
        self.xid = xorshift(&mut self.random) >> 8;
        self.wait(now);
    }

    /// Sends no more of what it sends: what follows is due.
    fn give_up(&mut self, now: Instant) {
        self.tries = u8::MAX;
        self.next = now;
    }

    /// Has the lease. One that lasted is no refusal's successor: a new one may be somebody else's yet.
    fn hold(&mut self) {
        if self.state.is_of(IN_USE) {
            self.refusals = 0;
        }
        self.ask(self.renew_at, State::Bound);
    }

    /// Has no lease any more.
    #[inline(never)]
    fn leave(&mut self, next: Instant, state: State) {
        self.expires_at = Instant(0);
        self.ask(next, state);
    }

    /// Has no lease any more, and looks for another one. The first time costs no time; each one after that a second more
    /// than the last, until there is one that lasts.
    fn seek(&mut self, now: Instant) {
        let pause = self.refusals;
        self.refusals = pause.wrapping_add((pause < u8::MAX).into());
        self.leave(now.after_seconds(pause.into()), State::Soliciting);
    }
}

#[cfg(test)]
mod tests;
