//! What is written of a client: into its messages (RFC 2131 table 5), and elsewhere.

use super::{Client, IN_USE, State};
use crate::engine::Instant;
use crate::wire::dhcpv4::{Request, Wanted};
use core::net::Ipv4Addr;

impl Client {
    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Since when the first answer is about to come, which takes a millisecond; 0: none is.
    pub fn expects_since(&self) -> Instant {
        if State::Stopped < self.state && self.state < State::Probing {
            self.asked
        } else {
            Instant(0)
        }
    }

    /// `xid`.
    pub fn xid(&self) -> u32 {
        self.xid
    }

    /// `secs` of what is due.
    pub fn secs(&self) -> u16 {
        self.secs
    }

    /// Whether `flags` has the broadcast bit: on after two messages that nobody answered, for links and servers
    /// that cannot do without, off before, so that nobody else is woken.
    pub fn is_broadcast(&self) -> bool {
        let answered = u8::from(self.state == State::Requesting);
        self.pace.wrapping_add(self.tries) >= answered | 2
    }

    /// `ciaddr`, which is also the address that is sent from; unspecified, as are those that follow, where there is
    /// none.
    pub fn ciaddr(&self) -> Ipv4Addr {
        self.only_in(IN_USE | State::Releasing.only(), self.addr)
    }

    /// An address that is filled in in these states only.
    fn only_in(&self, states: u16, addr: Ipv4Addr) -> Ipv4Addr {
        match self.state.is_of(states) {
            true => addr,
            false => Ipv4Addr::UNSPECIFIED,
        }
    }

    /// Requested address (option 50). A DISCOVER asks for the address of the last lease.
    pub fn requested(&self) -> Ipv4Addr {
        self.only_in(!(IN_USE | State::Releasing.only()), self.addr)
    }

    /// Fills in what is the client's own of a message.
    #[inline(never)]
    pub fn fill(&self, request: &mut Request<'_>) {
        request.xid = self.xid;
        request.secs = self.secs;
        if self.is_broadcast() {
            request.broadcast = Wanted::Yes;
        }
        if self.v6_only {
            request.v6_only = Wanted::Yes;
        }
        request.ciaddr = self.ciaddr();
        request.requested = self.requested();
        request.server = self.server_id();
    }

    /// Server identifier (option 54).
    pub fn server_id(&self) -> Ipv4Addr {
        const NAMED: u16 =
            State::Requesting.only() | State::Declining.only() | State::Releasing.only();
        self.only_in(NAMED, self.server)
    }

    /// Who gave the lease; unspecified: a BOOTP server.
    pub fn server(&self) -> Ipv4Addr {
        self.server
    }

    /// The address that is asked for, probed or had; unspecified: none.
    pub fn addr(&self) -> Ipv4Addr {
        self.addr
    }

    /// Whether there is a lease, in use or not.
    pub fn has_lease(&self) -> bool {
        self.expires_at != Instant(0)
    }

    /// When the lease was asked for: its times count from there.
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

    /// The lease's end.
    pub fn expires_at(&self) -> Instant {
        self.expires_at
    }
}
