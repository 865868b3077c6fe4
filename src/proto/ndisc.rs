//! Router discovery on one link: RFC 4861 section 6.3 with the solicitations of RFC 7559, and what all routers
//! together say, kept as long as it lasts (RFC 4862 s.5.5.3, RFC 4191, RFC 8106, RFC 8781, RFC 8910).
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
//! * What became of items is said by [`Due::Changed`], which stays due until [`Ndisc::told`] was called, and not
//!   sooner than [`PAUSE`] after the last time: however many advertisements there are, who acts on them is called ten
//!   times a second at most, and the table is as large as it is.
//! * Chance is an xorshift generator that begins with a seed.

use super::backoff;
use super::dhcpv4::{FIRST, SECOND, after};
use crate::diag::Errno;
use crate::engine::Instant;
use crate::model::advert::{Advert, FLAGS, ITEM, Item, PLACES, What};
use crate::model::lease::Verdict;
use crate::text::parts;
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

/// What the time brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing, until [`Ndisc::deadline`].
    Nothing,
    /// A solicitation is to be sent; then [`Ndisc::sent`] is told.
    Solicit,
    /// Some of what is [kept](Ndisc::kept) has news; once they were seen to, [`Ndisc::told`] is.
    Changed,
}

/// What became of something that is kept, since the last time it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// Nothing.
    None,
    /// It lasts, or is preferred, for another time than was known.
    Lifetime,
    /// It says something else: flags, preference, numbers. Or it had gone and is back.
    Changed,
    /// It was not there.
    New,
    /// It is over, or was taken back; it is kept until that was told.
    Gone,
}

/// Something a router said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it is over.
    pub until: Instant,
    /// When what is formed of it is not preferred any more.
    pub preferred_until: Instant,
    /// Who said it.
    pub router: Ipv6Addr,
    /// What became of it.
    pub news: News,
    /// How it was said last; its seconds count from then.
    item: [u8; ITEM],
}

impl Kept {
    /// A place for one.
    const NONE: Kept = Kept {
        until: Instant(0),
        preferred_until: Instant(0),
        router: Ipv6Addr::UNSPECIFIED,
        news: News::None,
        item: [0; ITEM],
    };

    /// What was said. The seconds are those that were said when its times were last [told](News::Lifetime).
    pub fn item(&self) -> Item<'_> {
        Item(&self.item)
    }

    /// Whether there is something of this kind, and it lasts.
    fn is(&self, what: What) -> bool {
        self.item().is(what) && self.news != News::Gone
    }
}

/// See the module. All zeros: stopped, and never heard of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ndisc {
    state: State,
    /// Solicitations since the last time that nobody was a router.
    tries: u8,
    /// What there was no room for.
    left_out: u16,
    random: u32,
    /// Microseconds from the last solicitation to the next one; 0: there was none.
    pace: u32,
    /// When the next one is to be sent.
    next: Instant,
    /// When news may be told again.
    tell_at: Instant,
    kept: [Kept; PLACES],
}

impl Ndisc {
    /// Stopped, and never heard of a router.
    pub const NEW: Ndisc = Ndisc {
        state: State::Stopped,
        tries: 0,
        left_out: 0,
        random: 0,
        pace: 0,
        next: Instant(0),
        tell_at: Instant(0),
        kept: [Kept::NONE; PLACES],
    };

    /// There is a link-local address to ask from. The first solicitation is due at once: RFC 4861 s.6.3.7 waits for
    /// up to a second lest machines that start together ask together, and a router answers all of them by one
    /// advertisement.
    pub fn start(&mut self, now: Instant, seed: u32) {
        if self.state == State::Stopped {
            self.random = seed.max(1);
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
    pub fn due(&mut self, now: Instant) -> Due {
        let (mut has_news, mut has_router) = (false, false);
        for kept in &mut self.kept {
            if now >= kept.until && !kept.is(What::Nothing) {
                kept.news = News::Gone;
            }
            has_news |= kept.news != News::None;
            has_router |= kept.is(What::Router);
        }
        if !has_router && self.state == State::Answered {
            // Not at once: who is there has just said so, and all hosts of the link have heard it.
            self.solicit(after(now, IRT.into()));
        }
        if has_news && now >= self.tell_at {
            Due::Changed
        } else if self.state == State::Soliciting && now >= self.next {
            Due::Solicit
        } else {
            Due::Nothing
        }
    }

    /// A solicitation was sent, or could not be, and is tried again soon.
    pub fn sent(&mut self, now: Instant, result: Result<(), Errno>) {
        let mut micros = FIRST;
        if result.is_ok() {
            self.pace = backoff::next(self.pace, IRT, MRT, &mut self.random);
            self.tries = self.tries.saturating_add(1);
            micros = self.pace.into();
        }
        self.next = after(now, micros);
    }

    /// The news were seen to.
    pub fn told(&mut self, now: Instant) {
        self.tell_at = after(now, PAUSE);
        self.left_out = 0;
        for kept in &mut self.kept {
            if kept.news == News::Gone {
                *kept = Kept::NONE;
            }
            kept.news = News::None;
        }
    }

    /// What a router said, which is to be [sound](Advert::is_sound).
    pub fn hear(&mut self, now: Instant, advert: &Advert) {
        if advert.verdict() != Verdict::Fine {
            return;
        }
        self.left_out |= advert.left_out();
        for item in advert.items() {
            if item.is(What::Router) && item.valid() > 0 && self.state == State::Soliciting {
                self.state = State::Answered;
            }
            self.keep(now, &advert.source(), item);
        }
    }

    /// Takes one thing that a router said into the table.
    #[inline(never)]
    fn keep(&mut self, now: Instant, router: &Ipv6Addr, item: Item<'_>) {
        let row = item.row();
        let key = parts::slice(item.0, 0, row.key.into());
        let mut place = None;
        for kept in self.kept.get_mut(row.places()).unwrap_or_default() {
            if kept.item().is(What::Nothing) {
                place = place.or(Some(kept));
            } else if kept.router == *router && kept.item.starts_with(key) {
                place = Some(kept);
                break;
            }
        }
        let Some(kept) = place else {
            self.left_out |= item.what().bit();
            return;
        };
        let mut until = now.after_seconds(item.valid());
        let preferred_until = now.after_seconds(item.preferred());
        let moved = |from: Instant, to: Instant| from.0.abs_diff(to.0) > LITTLE;
        let mut news = News::New;
        if !kept.item().is(What::Nothing) {
            if item.is(What::Autonomous) {
                // RFC 4862 s.5.5.3 e: nobody makes an address last less than two hours by saying so.
                until = until.max(kept.until.min(now.after_seconds(TWO_HOURS)));
            }
            let said = parts::slice(item.0, 0, FLAGS + 1);
            news = if kept.news == News::Gone || !kept.item.starts_with(said) {
                News::Changed
            } else if moved(kept.until, until) || moved(kept.preferred_until, preferred_until) {
                News::Lifetime
            } else {
                return;
            };
            if kept.news != News::Gone {
                news = news.max(kept.news);
            }
        } else if item.valid() == 0 {
            return;
        }
        if until <= now {
            news = News::Gone;
        }
        kept.until = until;
        kept.preferred_until = preferred_until;
        kept.router = *router;
        kept.news = news;
        kept.item = *item.0;
    }

    /// When [`Ndisc::due`] has something, unless something is heard before; never later.
    pub fn deadline(&self) -> Instant {
        let mut deadline = Instant(u64::MAX);
        if self.state == State::Soliciting {
            deadline = self.next;
        }
        for kept in &self.kept {
            if kept.news != News::None {
                deadline = deadline.min(self.tell_at);
            } else if !kept.is(What::Nothing) {
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

    /// What there was no room for since the last time that news were told: a bit each, by [`What`].
    pub fn left_out(&self) -> u16 {
        self.left_out
    }

    /// All that routers said, with what is [gone](News::Gone) since the last time.
    pub fn kept(&self) -> impl Iterator<Item = &Kept> {
        let is_there = |kept: &&Kept| !kept.item().is(What::Nothing);
        self.kept.iter().filter(is_there)
    }

    /// What lasts of a kind.
    pub fn of(&self, what: What) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(move |kept| kept.is(what))
    }

    /// The flags of [`What::Link`] that any router sets.
    pub fn flags(&self) -> u8 {
        self.of(What::Link)
            .fold(0, |flags, kept| flags | kept.item().flags())
    }
}

/// Microseconds: IRT of RFC 7559 s.2. That has four seconds, which a machine would start later where its first
/// solicitation is lost; a second costs the link two more of them, once.
const IRT: u32 = SECOND as u32;
/// Microseconds: MRT of it.
const MRT: u32 = 3_600 * SECOND as u32;

/// Microseconds between two times that news are told.
pub const PAUSE: u64 = SECOND / 10;

/// Microseconds: a time that moves by no more moved in the network, or with the clock here. What is known of it stays:
/// else many such steps would be a long way that nobody was told of.
const LITTLE: u64 = SECOND;

/// Seconds.
const TWO_HOURS: u32 = 7_200;

#[cfg(test)]
mod tests;
