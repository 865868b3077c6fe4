//! Duplicate address detection after the fact: RFC 4862 section 5.4 for an address that is used already, with the
//! nonces of RFC 7527.
//!
//! | state | sends | hears | then |
//! |---|---|---|---|
//! | Probing | solicitations for the address from none | that somebody has it or probes it: Duplicate | Unique |
//! | Unique, Duplicate | | | |
//!
//! Nobody waits for it. RFC 4862 does not use an address for a second or two, and RFC 4429, which does, tells nobody
//! where it is. Here the kernel answers for it from the first moment on, as for one that was verified: where it is a
//! duplicate two machines have it until that shows, which takes as long as an answer does. The random delay of
//! s.5.4.2 is left out, as that before the first solicitation to routers is.
//!
//! The kernel must not probe the address itself (`IFA_F_NODAD`): its questions would be those of somebody else.

use super::dhcpv4::{FIRST, after, xorshift};
use crate::diag::Errno;
use crate::engine::Instant;
use crate::model::advert::{Advert, What};
use crate::model::lease::Verdict;
use core::net::Ipv6Addr;

/// What is known of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has said anything yet.
    Probing,
    /// Nobody else has it.
    Unique,
    /// Somebody else has it.
    Duplicate,
}

/// What the time brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing, until [`Check::deadline`].
    Nothing,
    /// A solicitation is to be sent: [`ask_duplicates`](crate::wire::icmpv6::ask_duplicates) with this
    /// nonce. Then [`Check::sent`] is told.
    Probe([u8; 6]),
    /// Nobody else has the address.
    Unique,
}

/// An address of a link that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// The link.
    pub ifindex: u32,
    /// The address.
    pub addr: Ipv6Addr,
    state: State,
    /// Solicitations that are still to be sent.
    left: u8,
    nonce: [u8; 6],
    retrans_ms: u32,
    /// When something is to be sent, or the last wait ends.
    next: Instant,
}

impl Check {
    /// Begins to check an address of a link that has carrier: so many times (`dad_transmits`; 0: nobody is asked), each
    /// with so many milliseconds for an answer (Retrans Timer; [`RETRANS_MS`] where no router says one).
    pub fn new(
        ifindex: u32,
        addr: Ipv6Addr,
        now: Instant,
        seed: u32,
        (transmits, retrans_ms): (u8, u32),
    ) -> Check {
        let mut random = seed.max(1);
        let [a, b, c, d] = xorshift(&mut random).to_ne_bytes();
        let [e, f, ..] = xorshift(&mut random).to_ne_bytes();
        Check {
            ifindex,
            addr,
            state: State::Probing,
            left: transmits,
            nonce: [a, b, c, d, e, f],
            retrans_ms,
            next: now,
        }
    }

    /// What is known.
    pub fn state(&self) -> State {
        self.state
    }

    /// What is to be done now.
    pub fn due(&mut self, now: Instant) -> Due {
        if self.state != State::Probing || now < self.next {
            Due::Nothing
        } else if self.left > 0 {
            Due::Probe(self.nonce)
        } else {
            self.state = State::Unique;
            Due::Unique
        }
    }

    /// A solicitation was sent, or could not be, and is tried again soon.
    pub fn sent(&mut self, now: Instant, result: Result<(), Errno>) {
        let mut micros = FIRST;
        if result.is_ok() {
            self.left = self.left.saturating_sub(1);
            micros = u64::from(self.retrans_ms).wrapping_mul(1_000);
        }
        self.next = after(now, micros);
    }

    /// What a neighbour on this link, whose MAC is `mac`, said, which is to be [sound](Advert::is_sound); and whether it
    /// shows that somebody else has the address. Who only asks for it to send something there has another one.
    ///
    /// What we said ourselves is no conflict, if the link brings it back: a solicitation has our nonce; an answer, which
    /// is the kernel's, our MAC.
    pub fn hear(&mut self, advert: &Advert, mac: &[u8]) -> bool {
        let said = advert.first();
        let is_advertised = said.is(What::Advertised);
        let is_for_it = is_advertised || advert.source().is_unspecified();
        let own: &[u8] = if is_advertised { mac } else { &self.nonce };
        let is_own = said.known_by().starts_with(own) && !own.is_empty();
        let is_conflict = advert.verdict() == Verdict::Neighbor
            && self.state == State::Probing
            && said.addr() == self.addr
            && is_for_it
            && !is_own;
        if is_conflict {
            self.state = State::Duplicate;
        }
        is_conflict
    }

    /// When [`Check::due`] has something; never later.
    pub fn deadline(&self) -> Instant {
        match self.state {
            State::Probing => self.next,
            State::Unique | State::Duplicate => Instant(u64::MAX),
        }
    }
}

/// RETRANS_TIMER of RFC 4861 s.10.
pub const RETRANS_MS: u32 = 1_000;

#[cfg(test)]
mod tests;
