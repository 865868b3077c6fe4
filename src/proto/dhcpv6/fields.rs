//! What is written of a client: into its messages, and elsewhere.

use super::{Client, State};
use crate::engine::Instant;
use crate::model::lease6::{Field6, Lease6};
use crate::wire::dhcpv6::Request;

/// States that speak to one server.
pub(super) const TO_ONE: u16 = State::Requesting.only()
    | State::Renewing.only()
    | State::Declining.only()
    | State::Releasing.only();

impl Client {
    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether a server gave what is asked for.
    pub fn is_answered(&self) -> bool {
        const ANSWERED: u16 = State::Bound.only()
            | State::Renewing.only()
            | State::Rebinding.only()
            | State::Informed.only();
        self.state.is_of(ANSWERED)
    }

    /// Since when the first answer is about to come, which takes a millisecond; 0: none is.
    pub fn expects_since(&self) -> Instant {
        const EXPECTING: u16 = State::Soliciting.only()
            | State::Requesting.only()
            | State::Confirming.only()
            | State::Informing.only();
        if self.state.is_of(EXPECTING) {
            self.begun
        } else {
            Instant(0)
        }
    }

    /// `transaction-id`.
    pub fn xid(&self) -> u32 {
        self.xid
    }

    /// Fills in what is the client's own of a message (RFC 8415 s.18.2). The prefixes that are there stay where a
    /// server is looked for, prefixes are wanted and none are had. Only addresses are confirmed: where these are good
    /// so are the prefixes, for which RFC 8415 18.2.12 has all be rebound.
    #[inline(never)]
    pub fn fill<'a>(&self, held: &'a Lease6, request: &mut Request<'a>) {
        request.xid = self.xid;
        request.elapsed = self.elapsed;
        request.iaid = self.settings.iaid;
        if self.state.is_of(TO_ONE) {
            request.server = held.get(Field6::ServerId);
        }
        if self.settings.addrs {
            request.addrs = Some(held.get(Field6::Addrs));
        }
        let prefixes = held.get(Field6::Prefixes);
        let is_hint = prefixes.is_empty() && self.state == State::Soliciting;
        let is_wanted = self.settings.prefixes && self.state != State::Confirming;
        if !(is_wanted && is_hint && request.prefixes.is_some()) {
            request.prefixes = is_wanted.then_some(prefixes);
        }
    }

    /// Whether there is a lease, in use or not.
    pub fn has_lease(&self) -> bool {
        self.expires_at != Instant(0)
    }

    /// When the lease, or what needs none, was given: its times count from there.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// T1.
    pub fn renew_at(&self) -> Instant {
        self.renew_at
    }

    /// T2.
    pub fn rebind_at(&self) -> Instant {
        self.rebind_at
    }

    /// The end of what is valid longest.
    pub fn expires_at(&self) -> Instant {
        self.expires_at
    }
}
