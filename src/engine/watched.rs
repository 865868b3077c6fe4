//! What becomes of managed links while a supervisor stays: somebody else takes one down, or its carrier comes and goes.
//!
//! A link that was up and is down, and that we did not take down, is somebody's will: it is left alone until it is up
//! again. One whose carrier is lost again and again rests: what it asks others, and its default routes, wait until
//! carrier has been there for a while.

use super::complain::say;
use super::{Engine, Host, Instant, Removal, remove};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::observed::Link;
use crate::proto::dad::NEVER;
use heapless::VecView;

/// What is remembered of a managed link from look to look.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Watched {
    ifindex: u32,
    /// What it was a port of: it goes down when that changes.
    master: u32,
    /// As [`Link::carrier_losses`].
    losses: u32,
    /// Losses of carrier since [`Watched::since`].
    recent: u32,
    /// How long it rests, as a power of two of seconds, plus one; 0: it does not.
    rest: u8,
    was_up: bool,
    had_carrier: bool,
    /// Whether somebody took it down.
    is_held: bool,
    since: Instant,
    /// When carrier was lost last.
    lost_at: Instant,
    /// When carrier came.
    carrier_at: Instant,
}

/// So many losses of carrier...
const LOSSES: u32 = 5;
/// ...in so many seconds, and a link rests.
const LOSSES_SECONDS: u32 = 10;
/// It rests for a second at first, and twice as long after each other loss, up to 32 s.
const LONGEST_REST: u8 = 6;
/// After so many seconds without another one that is forgotten.
const CALM_SECONDS: u32 = 60;

impl Watched {
    const NONE: Watched = Watched {
        ifindex: 0,
        master: 0,
        losses: 0,
        recent: 0,
        rest: 0,
        was_up: false,
        had_carrier: false,
        is_held: false,
        since: Instant(0),
        lost_at: Instant(0),
        carrier_at: Instant(0),
    };

    /// Until when it rests, once carrier is there.
    fn rests_until(&self) -> Instant {
        match self.rest.checked_sub(1) {
            Some(power) => self
                .carrier_at
                .after_seconds(1_u32.wrapping_shl(power.into())),
            None => Instant(0),
        }
    }

    /// Takes note of losses of carrier; whether it is the first time that it rests for them.
    fn count(&mut self, losses: u32, now: Instant) -> bool {
        if now >= self.since.after_seconds(LOSSES_SECONDS) {
            (self.since, self.recent) = (now, 0);
        }
        if now >= self.lost_at.after_seconds(CALM_SECONDS) {
            self.rest = 0;
        }
        self.lost_at = now;
        self.recent = self.recent.saturating_add(losses);
        if self.rest == 0 && self.recent < LOSSES {
            return false;
        }
        self.rest = self.rest.wrapping_add(1).min(LONGEST_REST);
        self.rest == 1
    }
}

impl Engine<'_> {
    /// Compares the links that were just looked at with what they were before.
    #[inline(never)]
    pub(super) fn watch_links(&mut self, host: &mut impl Host) {
        const TAKEN_DOWN: Complaint = Complaint::warning(Problem::TakenDown, Effect::LeftAlone);
        const FLAPS: Complaint = Complaint::warning(Problem::Flaps, Effect::Rests).with(LOSSES);
        let now = self.now;
        let observed = &self.observed;
        remove(self.watched, |it| observed.by_index(it.ifindex).is_none());
        let mut n = 0_usize;
        while let Some(watched) = self.watched.get_mut(n)
            && let Some(link) = self.observed.by_index_mut(watched.ifindex)
        {
            let was = *watched;
            let (is_up, has_carrier) = (link.is_up(), link.has_carrier());
            let is_managed = self.desired.link(was.ifindex).is_some();
            let is_taken_down = was.was_up && was.master == link.master && is_managed;
            (watched.was_up, watched.master) = (is_up, link.master);
            watched.is_held = !is_up && (was.is_held || is_taken_down);
            let losses = link.carrier_losses.wrapping_sub(was.losses);
            watched.losses = link.carrier_losses;
            let begins_to_rest = losses != 0 && watched.count(losses, now);
            if losses != 0 || !was.had_carrier || !has_carrier {
                watched.carrier_at = now;
            }
            if losses != 0 || (was.was_up, was.had_carrier) != (is_up, has_carrier) {
                forget_removals(self.removals, was.ifindex);
                self.repeats = 0;
            }
            watched.had_carrier = has_carrier;
            link.is_held = watched.is_held;
            link.rests = has_carrier && now < watched.rests_until();
            let (name, lower, is_held) = (link.name, link.lower, link.is_held);
            if begins_to_rest {
                say(host, FLAPS, &name);
            }
            if is_held != was.is_held {
                // What it lies on takes it down with itself, and that is told.
                if is_held && self.observed.by_index(lower).is_none_or(Link::is_up) {
                    say(host, TAKEN_DOWN, &name);
                }
                self.forget_marks(was.ifindex);
            }
            n = n.wrapping_add(1);
        }
    }

    /// From here on sees what becomes of managed links that are up.
    pub(super) fn begin_to_watch(&mut self) {
        if !self.goal.stays {
            return;
        }
        for wanted in self.desired.links.iter() {
            let is_it = |watched: &Watched| watched.ifindex == wanted.ifindex;
            if let Some(link) = self.observed.by_index(wanted.ifindex)
                && link.is_up()
                && !self.watched.iter().any(is_it)
            {
                let _ = self.watched.push(Watched {
                    ifindex: link.ifindex,
                    master: link.master,
                    losses: link.carrier_losses,
                    was_up: true,
                    had_carrier: true,
                    ..Watched::NONE
                });
            }
        }
    }

    /// Lets links that rested long enough go on; when the next one may.
    pub(super) fn wake_links(&mut self) -> Instant {
        let mut until = NEVER;
        for watched in self.watched.iter() {
            if let Some(link) = self.observed.by_index_mut(watched.ifindex)
                && link.rests
            {
                let end = watched.rests_until();
                link.rests = self.now < end;
                if link.rests {
                    until = until.min(end);
                } else {
                    self.look_again = true;
                }
            }
        }
        until
    }
}

/// We take a link down, or somebody wants it up: what it was does not count any more.
#[inline(never)]
pub(super) fn forget(watched: &mut VecView<Watched>, ifindex: u32) {
    remove(watched, |it| it.ifindex == ifindex);
}

/// What somebody took away of a link counts no more.
#[inline(never)]
pub(super) fn forget_removals(removals: &mut VecView<Removal>, ifindex: u32) {
    remove(removals, |it| it.ifindex == ifindex);
}
