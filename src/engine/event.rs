//! What happens to links on their way up, and when it did for the first time.

use super::{Engine, Instant};
use heapless::VecView;

/// A step of a link's way up. The numbers are lines of the words of state.json.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It cannot be what it shall be.
    Failed = 3,
    /// A route of it began to wait for duplicate address detection.
    Dad = 8,
    /// The kernel has it.
    Seen = 15,
    /// It got its name.
    Renamed = 16,
    /// It is what it shall be.
    Done = 17,
    /// It is up.
    Up = 2,
    /// It has carrier.
    Carrier = 18,
    /// It asked for a lease.
    Discover = 19,
    /// It was offered one.
    Offer = 20,
    /// It asked for that one, or the one it had.
    Request = 21,
    /// It got it.
    Ack = 22,
    /// It asked whether somebody has the address.
    Probe = 23,
    /// It told others that it has the address.
    Announce = 24,
    /// It told the server that somebody else has the address.
    Decline = 25,
    /// It gave the lease back.
    Release = 26,
    /// It was told what ethtool(8) tells, or was so already.
    Tuned = 27,
    /// A router said something.
    Advertisement = 28,
    /// Routers were asked.
    Solicit = 29,
    /// It was asked whether somebody has an IPv6 address.
    Probe6 = 30,
    /// It has an IPv6 address that is of use beyond the link.
    Address = 31,
    /// Servers of DHCPv6 were asked.
    Solicit6 = 32,
    /// One offered something.
    Offer6 = 33,
    /// It was asked for, or asked about.
    Request6 = 34,
    /// It was given.
    Reply = 35,
}

impl Event {
    /// Whether it is of IPv6 alone.
    pub fn is_v6(self) -> bool {
        self as u8 >= Event::Advertisement as u8
    }
}

/// A step of a link's way up, with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The link.
    pub ifindex: u32,
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Instant,
}

impl Engine<'_> {
    /// Remembers that something happened to a link, where it is the first time, and returns when that was.
    #[inline(never)]
    pub(crate) fn mark(&mut self, ifindex: u32, event: Event) -> Instant {
        let at = self.now;
        if let Some(first) = self.when(ifindex, event) {
            return first;
        }
        match self.marks.push(Mark { ifindex, event, at }) {
            Ok(()) => at,
            // What is not remembered counts from the start, so that no wait begins again and again.
            Err(_) => self.started,
        }
    }

    /// When something happened to a link for the first time.
    pub(crate) fn when(&self, ifindex: u32, event: Event) -> Option<Instant> {
        when(self.marks, ifindex, event)
    }
}

/// The same as [`Engine::when`].
#[inline(never)]
pub(crate) fn when(marks: &VecView<Mark>, ifindex: u32, event: Event) -> Option<Instant> {
    for mark in marks.iter() {
        if mark.ifindex == ifindex && mark.event == event {
            return Some(mark.at);
        }
    }
    None
}
