//! Router discovery on one link: RFC 4861 section 6.3 with the solicitations of RFC 7559, and what all routers
//! together say, kept as long as it lasts (RFC 8106, RFC 8781, RFC 8910).
//!
//! | state | sends | then |
//! |---|---|---|
//! | Stopped | | a link-local address can be used: Soliciting |
//! | Soliciting | a solicitation, ever slower | somebody says to be a router: Answered |
//! | Answered | | nobody is one any more: Soliciting, after a while |
//!
//! * Advertisements are heard in each state. Each [`Item`] of one stands for itself: it lasts until its own time is
//!   over or its router takes it back, and what another router says of the same is another item. So a router that
//!   is none any more takes its default route back and nothing else.
//! * That something changed is said by [`Due::Changed`], and what there is now by [`Ndisc::of`]. It is not said sooner
//!   than [`PAUSE`] after the last time: however many advertisements there are, who acts on them is called ten times a
//!   second at most, and the table is as large as it is.
//! * Chance is an xorshift generator that begins with a seed.

use super::backoff;
use super::dhcpv4::{FIRST, SECOND, after};
use crate::diag::Errno;
use crate::engine::Instant;
use crate::limits::MAX_RA_KEPT;
use crate::model::advert::{Advert, ITEM, Item, What};
use crate::model::lease::Verdict;
use crate::proto::{Due, Message};
use core::net::Ipv6Addr;

/// Whether routers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is nothing to ask from: no carrier, or no link-local address.
    Stopped,
    /// They are.
    Soliciting,
    /// There is one.
    Answered,
}

/// Something a router said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it is over.
    pub until: Instant,
    /// Who said it.
    pub router: Ipv6Addr,
    item: [u8; ITEM],
}

impl Kept {
    /// A place for one.
    const NONE: Kept = Kept {
        until: Instant(0),
        router: Ipv6Addr::UNSPECIFIED,
        item: [0; ITEM],
    };

    /// What was said; its seconds count from when it was said last.
    pub fn item(&self) -> Item<'_> {
        Item(&self.item)
    }
}

/// See the module. All zeros: stopped, and never heard of a router. In memory the table comes last: small offsets make
/// short instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Ndisc {
    state: State,
    /// Solicitations since the last time that nobody was a router.
    tries: u8,
    /// Whether something changed since the last time that was told.
    is_changed: bool,
    random: u32,
    /// Microseconds from the last solicitation to the next one; 0: there was none.
    pace: u32,
    /// When the next one is to be sent.
    next: Instant,
    /// When a change may be told again.
    tell_at: Instant,
    kept: [Kept; MAX_RA_KEPT],
}

impl Ndisc {
    /// Stopped, and never heard of a router.
    pub const NEW: Ndisc = Ndisc {
        state: State::Stopped,
        tries: 0,
        is_changed: false,
        random: 0,
        pace: 0,
        next: Instant(0),
        tell_at: Instant(0),
        kept: [Kept::NONE; MAX_RA_KEPT],
    };

    /// There is a link-local address to ask from. The first solicitation is due at once: RFC 4861 s.6.3.7 waits for
    /// up to a second lest machines that start together ask together, and a router answers all of them by one
    /// advertisement.
    pub fn start(&mut self, now: Instant, seed: u32) {
        if self.state == State::Stopped {
            self.random = seed;
            self.solicit(now);
        }
    }

    /// There is none any more, or no carrier. What routers said is kept as long as it lasts.
    pub fn stop(&mut self) {
        self.state = State::Stopped;
    }

    /// Asks, from then on.
    fn solicit(&mut self, next: Instant) {
        (self.state, self.next) = (State::Soliciting, next);
        (self.tries, self.pace) = (0, 0);
    }

    /// What is to be done now.
    #[inline(never)]
    pub fn due(&mut self, now: Instant) -> Due {
        let mut has_router = false;
        for kept in &mut self.kept {
            if !kept.item().is(What::Nothing) && now >= kept.until {
                kept.item[0] = What::Nothing as u8;
                self.is_changed = true;
            }
            has_router |= kept.item().is(What::Router);
        }
        if !has_router && self.state == State::Answered {
            // Not at once: who is there has just said so, and all hosts of the link have heard it.
            self.solicit(after(now, IRT.into()));
        }
        if self.is_changed && now >= self.tell_at {
            self.is_changed = false;
            self.tell_at = after(now, PAUSE);
            Due::Changed
        } else if self.state == State::Soliciting && now >= self.next {
            Due::Send(Message::AskRouters)
        } else {
            Due::Nothing
        }
    }

    /// A solicitation was sent, or could not be, and is tried again soon.
    pub fn sent(&mut self, now: Instant, result: Result<(), Errno>) {
        let mut micros = FIRST;
        if result.is_ok() {
            // The first one, or its answer, may be lost where carrier has just come.
            if self.tries > 0 {
                self.pace = backoff::next(self.pace, IRT, MRT, &mut self.random);
                micros = self.pace.into();
            }
            self.tries = self.tries.wrapping_add((self.tries < u8::MAX).into());
        }
        self.next = after(now, micros);
    }

    /// What a router said, which is to be [sound](Advert::is_sound).
    pub fn hear(&mut self, now: Instant, advert: &Advert) {
        if advert.verdict() != Verdict::Fine {
            return;
        }
        for item in advert.items() {
            // One that was there before carrier went is no answer.
            if item.is(What::Router) && item.valid() > 0 && self.state == State::Soliciting {
                self.state = State::Answered;
            }
            self.keep(now, &advert.source(), item);
        }
    }

    /// Takes one thing that a router said into the table, where there is room.
    #[inline(never)]
    fn keep(&mut self, now: Instant, router: &Ipv6Addr, item: Item<'_>) {
        let mut place = None;
        let mut is_new = true;
        for kept in &mut self.kept {
            let is_same = kept.item().said() == item.said();
            if kept.router == *router && (is_same || kept.item().is_replaced_by(item)) {
                (place, is_new) = (Some(kept), !is_same);
                break;
            }
            if kept.item().is(What::Nothing) {
                place = place.or(Some(kept));
            }
        }
        let Some(kept) = place else {
            return;
        };
        // What was never said is not taken back.
        if item.valid() > 0 || !kept.item().is(What::Nothing) {
            self.is_changed |= is_new;
            kept.until = now.after_seconds(item.valid());
            kept.router = *router;
            kept.item = *item.0;
        }
    }

    /// When [`Ndisc::due`] has something, unless something is heard before; never later.
    #[inline(never)]
    pub fn deadline(&self) -> Instant {
        let mut deadline = Instant(u64::MAX);
        if self.state == State::Soliciting {
            deadline = self.next;
        }
        if self.is_changed {
            deadline = deadline.min(self.tell_at);
        }
        for kept in &self.kept {
            if !kept.item().is(What::Nothing) {
                deadline = deadline.min(kept.until);
            }
        }
        deadline
    }

    /// Whether routers are asked.
    pub fn state(&self) -> State {
        self.state
    }

    /// How often they were since the last time that nobody was one, up to 255.
    pub fn tries(&self) -> u8 {
        self.tries
    }

    /// All that routers said and that lasted when [`Ndisc::due`] was asked.
    pub fn kept(&self) -> impl Iterator<Item = &Kept> {
        let is_there = |kept: &&Kept| !kept.item().is(What::Nothing);
        self.kept.iter().filter(is_there)
    }

    /// The same of a kind.
    pub fn of(&self, what: What) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(move |kept| kept.item().is(what))
    }

    /// The flags of [`What::Link`] that any router sets.
    pub fn flags(&self) -> u8 {
        self.of(What::Link)
            .fold(0, |flags, kept| flags | kept.item().flags())
    }
}

/// Microseconds: IRT of RFC 7559 s.2. That has four seconds, which a machine would start later where its first
/// solicitations are lost; a second, and one solicitation more before it, cost the link three more of them, once.
const IRT: u32 = SECOND as u32;
/// Microseconds: MRT of it.
const MRT: u32 = 3_600 * SECOND as u32;

/// Microseconds between two times that a change is told.
pub const PAUSE: u64 = SECOND / 10;

#[cfg(test)]
mod tests;
