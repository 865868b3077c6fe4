//! What is written of a client: into its messages (RFC 2131 table 5), and elsewhere.

use super::pace::{NEAR, after};
use super::{Client, State};
use crate::engine::Instant;
use crate::wire::dhcpv4::{Request, Wanted};
use core::net::Ipv4Addr;

impl Client {
    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Until when an answer is about to come to what it has asked first.
    pub fn expects_until(&self) -> Instant {
        if State::Stopped < self.state && self.state < State::Probing {
            after(self.asked, NEAR)
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
        self.pace.saturating_add(self.tries) >= answered.saturating_add(2)
    }

    /// `ciaddr`, which is also the address that is sent from; unspecified, as are those that follow, where there is
    /// none.
    pub fn ciaddr(&self) -> Ipv4Addr {
        self.in_one_of(HAS_ADDR, self.addr)
    }

    /// Requested address (option 50). A DISCOVER asks for the address of the last lease.
    pub fn requested(&self) -> Ipv4Addr {
        self.in_one_of(!HAS_ADDR, self.addr)
    }

    /// Fills in what is the client's own of a message.
    #[inline(never)]
    pub fn fill(&self, request: &mut Request<'_>) {
        request.xid = self.xid;
        request.secs = self.secs;
        if self.is_broadcast() {
            request.broadcast = Wanted::Yes;
        }
        request.ciaddr = self.ciaddr();
        request.requested = self.requested();
        request.server = self.server_id();
    }

    /// Server identifier (option 54).
    pub fn server_id(&self) -> Ipv4Addr {
        self.in_one_of(NAMES_SERVER, self.server)
    }

    /// An address that is filled in in these states only.
    fn in_one_of(&self, states: u32, addr: Ipv4Addr) -> Ipv4Addr {
        match states & 1 << self.state as u32 {
            0 => Ipv4Addr::UNSPECIFIED,
            _ => addr,
        }
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

/// The states, as a bit each, whose messages are of who has the address and speaks from it.
const HAS_ADDR: u32 =
    1 << State::Renewing as u32 | 1 << State::Rebinding as u32 | 1 << State::Releasing as u32;

/// Those whose messages say which server they are for.
const NAMES_SERVER: u32 =
    1 << State::Requesting as u32 | 1 << State::Declining as u32 | 1 << State::Releasing as u32;
