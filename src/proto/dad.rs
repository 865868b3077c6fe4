//! Duplicate address detection after the fact: RFC 4862 section 5.4 for an address that is used already, with the
//! nonces of RFC 7527.
//!
//! | state | sends | hears | then |
//! |---|---|---|---|
//! | new | a solicitation for the address from none | that somebody has it or probes it: duplicate | asked |
//! | asked | | the same, for [`RETRANS_TIMER`] | |
//! | duplicate, or none | | | |
//!
//! Nobody waits for it. RFC 4862 does not use an address for a second or two, and RFC 4429, which does, tells nobody
//! where it is. Here the kernel answers for it from the first moment on, as for one that was verified: where it is a
//! duplicate two machines have it until that shows, which takes as long as an answer does. The random delay of
//! s.5.4.2 is left out, as that before the first solicitation to routers is.
//!
//! The kernel must not probe the address itself (`IFA_F_NODAD`): its questions would be those of somebody else.

use super::dhcpv4::{FIRST, SECOND, after};
use crate::diag::Errno;
use crate::engine::Instant;
use crate::model::addr::Cidr;
use crate::model::advert::{Item, What};
use crate::wire::rtnetlink::addr;
use core::net::{IpAddr, Ipv6Addr};

/// An IPv6 address that a managed link was seen to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Addr6 {
    /// Its link.
    pub ifindex: u32,
    /// `IFA_F_*`.
    pub flags: u32,
    /// Seconds that it may be used, and those that new connections may, from when it was seen last.
    pub lives: [u32; 2],
    /// When something is to be sent, or the wait for an answer ends; never, where nobody is asked any more.
    next: Instant,
    nonce: [u8; 6],
    /// Whether the solicitation was sent.
    is_asked: bool,
    /// Whether somebody else has it.
    pub is_duplicate: bool,
    /// Whether that was told.
    pub is_told: bool,
    /// Whether it is one that was asked for.
    pub is_ours: bool,
    /// Whether the last look saw it.
    pub is_there: bool,
    /// The address, and how long its prefix is.
    pub addr: Cidr,
}

impl Addr6 {
    /// Begins to check an address of a link that has carrier, from `next` on; chance makes its solicitation known.
    pub fn new(ifindex: u32, addr: Cidr, next: Instant, chance: u32) -> Addr6 {
        let [a, b, c, d] = chance.to_ne_bytes();
        Addr6 {
            ifindex,
            flags: 0,
            lives: [0; 2],
            next,
            nonce: [a, b, c, d, 0, 0],
            is_asked: false,
            is_duplicate: false,
            is_told: false,
            is_ours: false,
            is_there: false,
            addr,
        }
    }

    /// What a solicitation is to be sent about now, and its nonce, if one is
    /// ([`ask_duplicates`](crate::wire::icmpv6::ask_duplicates)). Then [`Addr6::sent`] is told.
    pub fn due(&mut self, now: Instant) -> Option<(&Ipv6Addr, &[u8; 6])> {
        if now < self.next {
            return None;
        }
        match &self.addr.addr {
            IpAddr::V6(addr) if !self.is_asked => Some((addr, &self.nonce)),
            IpAddr::V4(_) | IpAddr::V6(_) => {
                self.next = NEVER;
                None
            }
        }
    }

    /// It was sent, or could not be, and is tried again soon.
    pub fn sent(&mut self, now: Instant, result: Result<(), Errno>) {
        self.is_asked = result.is_ok();
        let micros = if self.is_asked { RETRANS_TIMER } else { FIRST };
        self.next = after(now, micros);
    }

    /// What a neighbour on this link, whose MAC is `mac`, said, and whether it shows that somebody else has the address.
    ///
    /// What we said ourselves is no conflict, if the link brings it back: a solicitation has our nonce; an answer, which
    /// is the kernel's, our MAC.
    #[inline(never)]
    pub fn hear(&mut self, said: Item<'_>, mac: &[u8]) -> bool {
        let is_advertised = said.is(What::Advertised);
        let own: &[u8] = if is_advertised { mac } else { &self.nonce };
        let is_own = said.known_by().starts_with(own) && !own.is_empty();
        let is_conflict =
            self.is_probing() && self.addr.addr == Ipv6Addr::from(*said.addr()) && !is_own;
        if is_conflict {
            (self.next, self.is_duplicate) = (NEVER, true);
        }
        is_conflict
    }

    /// Whether somebody may still say that he has it.
    pub fn is_probing(&self) -> bool {
        self.next != NEVER
    }

    /// When [`Addr6::due`] has something; never later.
    pub fn deadline(&self) -> Instant {
        self.next
    }

    /// Whether it may be used.
    pub fn is_usable(&self) -> bool {
        addr::is_usable(self.flags)
    }
}

/// After every deadline.
pub const NEVER: Instant = Instant(u64::MAX);

/// Microseconds that an answer may take (RFC 4861 s.10).
pub const RETRANS_TIMER: u64 = SECOND;

#[cfg(test)]
mod tests;
