//! What becomes of links and of what is ours on them while a supervisor stays, and what it leaves alone: it fights
//! nobody.
//!
//! A link that was up and is down without our doing is somebody's will: it is left alone until it is up again. So is
//! what somebody takes away again and again, until its link changes. A link whose carrier is lost as often rests: what
//! it asks others, and its default routes, wait until carrier has been there for a while.

use super::complain::say;
use super::remake::key;
use super::{Engine, Event, Host, Instant, remove};
use crate::diag::{Complaint, Effect, Problem, Subject};
use crate::limits::MAX_REMOVALS;
use crate::model::desired::{MADE, Presence, Standing, What, place_hash};
use crate::model::observed::{IFF_LOWER_UP, IFF_UP, Link};
use crate::proto::dad::NEVER;
use heapless::VecView;

/// What is remembered of a link, or of something on it, from look to look.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Watched {
    /// What it is about; 0: the link itself.
    key: u32,
    /// The link; of one that was made the same as `key`, since it has another number each time.
    ifindex: u32,
    /// How often somebody took it away, or carrier was lost, since the first time that counts.
    times: u32,
    /// What it was a port of: the link goes down when that changes.
    master: u32,
    /// `IFF_*`.
    flags: u32,
    /// As [`Link::carrier_losses`].
    losses: u32,
    /// Whether somebody took the link down.
    is_held: bool,
    since: Instant,
    /// When the link or its carrier came or went.
    carrier_at: Instant,
}

/// How often is too often...
const TIMES: u32 = 5;
/// ...in so many seconds.
const SECONDS: u32 = 10;
/// A link rests for a second at first, and twice as long for each other loss of carrier, up to 2^5 s.
const LONGEST_REST: u32 = 5;
/// After so many seconds without any it does not.
const CALM_SECONDS: u32 = 60;

const REMOVED: Complaint = Complaint::warning(Problem::Removed, Effect::LeftAlone).with(TIMES);

impl Watched {
    /// Nothing is known of it.
    const NONE: Watched = Watched {
        key: 0,
        ifindex: 0,
        times: 0,
        master: 0,
        flags: 0,
        losses: 0,
        is_held: false,
        since: Instant(0),
        carrier_at: Instant(0),
    };

    /// Until when the link rests, once carrier is there.
    fn rests_until(&self) -> Instant {
        match self.times.checked_sub(TIMES) {
            Some(more) => {
                let seconds = 1_u32.wrapping_shl(more.min(LONGEST_REST));
                self.carrier_at.after_seconds(seconds)
            }
            None => Instant(0),
        }
    }

    /// Counts so many times more, anew where it began before `from`; whether that makes it too often. What was too often
    /// stays so.
    #[inline(never)]
    fn count(&mut self, times: u32, from: Instant, now: Instant) -> bool {
        let is_over = self.times < TIMES && now >= self.since.after_seconds(SECONDS);
        if is_over || self.since < from {
            (self.since, self.times) = (now, 0);
        }
        let before = self.times;
        self.times = before.saturating_add(times);
        before < TIMES && self.times >= TIMES
    }
}

/// What is remembered, from now on if nothing was and there is room for so many (0: it is only looked for); of more, the
/// oldest thing that was taken away is forgotten.
#[inline(never)]
fn recall(
    watched: &mut VecView<Watched>,
    key: u32,
    ifindex: u32,
    room: usize,
) -> Option<&mut Watched> {
    let is_it = |it: &Watched| (it.key, it.ifindex) == (key, ifindex);
    if let Some(n) = watched.iter().position(is_it) {
        return watched.get_mut(n);
    }
    if room == 0 {
        return None;
    }
    if watched.len() >= room
        && let Some(n) = watched.iter().position(|it| it.key != 0)
    {
        watched.remove(n);
    }
    let pushed = watched.push(Watched {
        key,
        ifindex,
        ..Watched::NONE
    });
    // Of a full table the last one is another one.
    watched.last_mut().filter(|_| pushed.is_ok())
}

/// We take a link down, or somebody wants it up: what became of it until now counts no more.
#[inline(never)]
pub(super) fn forget(watched: &mut VecView<Watched>, ifindex: u32) {
    remove(watched, |it| it.ifindex == ifindex);
}

impl Engine<'_> {
    /// Compares the links that were just looked at with what they were before.
    #[inline(never)]
    pub(super) fn watch_links(&mut self, host: &mut impl Host) {
        const TAKEN_DOWN: Complaint = Complaint::warning(Problem::TakenDown, Effect::LeftAlone);
        const FLAPS: Complaint = Complaint::warning(Problem::Flaps, Effect::Rests).with(TIMES);
        if !self.goal.stays {
            return;
        }
        let now = self.now;
        let mut n = 0_usize;
        while let Some(link) = self.observed.links.get_mut(n) {
            n = n.wrapping_add(1);
            let Link {
                ifindex,
                name,
                lower,
                flags,
                master,
                ..
            } = *link;
            let Some(watched) = recall(self.watched, 0, ifindex, usize::MAX) else {
                return;
            };
            let was = *watched;
            let was_up = was.flags & IFF_UP != 0;
            let losses = link.carrier_losses.wrapping_sub(was.losses);
            let has_changed = (was.flags ^ flags) & (IFF_UP | IFF_LOWER_UP) != 0 || losses != 0;
            let is_managed = self.desired.link(ifindex).is_some();
            let is_taken_down = was_up && was.master == master && is_managed;
            watched.is_held = flags & IFF_UP == 0 && (was.is_held || is_taken_down);
            (watched.flags, watched.master) = (flags, master);
            watched.losses = link.carrier_losses;
            let mut said = None;
            if has_changed {
                let mut from = Instant(0);
                if now >= was.carrier_at.after_seconds(CALM_SECONDS) {
                    from = now;
                }
                if was_up && is_managed && watched.count(losses, from, now) {
                    said = Some(FLAPS);
                }
                watched.carrier_at = now;
                self.repeats = 0;
            }
            link.is_held = watched.is_held;
            link.rests = link.has_carrier() && now < watched.rests_until();
            if watched.is_held != was.is_held {
                // What it lies on takes it down with itself, and that is told.
                if !was.is_held && self.observed.by_index(lower).is_none_or(Link::is_up) {
                    said = Some(TAKEN_DOWN);
                }
                self.forget_marks(ifindex);
            }
            if let Some(said) = said {
                say(host, said, &name);
            }
        }
        self.miss_links(host);
    }

    /// Forgets links that are gone. Who deletes one that we made again and again has it so.
    fn miss_links(&mut self, host: &mut impl Host) {
        let mut n = 0_usize;
        while let Some(watched) = self.watched.get(n) {
            let (ifindex, is_key) = (watched.ifindex, watched.key == watched.ifindex);
            if is_key || self.observed.by_index(ifindex).is_some() {
                n = n.wrapping_add(1);
                continue;
            }
            self.watched.remove(n);
            if let Some(&wanted) = self.desired.link(ifindex)
                && wanted.did(MADE)
                // Or it went with the one it lay on.
                && (wanted.lower == 0 || self.observed.by_index(wanted.lower).is_some())
            {
                let key = key(&wanted.name);
                if let Some(watched) = recall(self.watched, key, key, usize::MAX)
                    && watched.count(1, self.begun, self.now)
                {
                    say(host, REMOVED, &wanted.name);
                    self.mark(key, Event::Failed);
                }
            }
        }
    }

    /// Takes what somebody else took away too often for what it shall be. What went with its link, or with an address
    /// of that, was not taken away.
    #[inline(never)]
    pub(super) fn respect_removals(&mut self, host: &mut impl Host) {
        // The link of the last address that is gone, and of the last one that stays so, with the routes that need it.
        let (mut last_addr, mut without_addr) = (0, 0);
        let mut n = 0_usize;
        while let Some(thing) = self.desired.things.get_mut(n)
            && self.goal.stays
        {
            n = n.wrapping_add(1);
            let is_gone = matches!(thing.presence, Presence::Missing | Presence::DiffersForeign);
            let ifindex = thing.ifindex;
            if !is_gone || thing.standing >= Standing::Withdrawn {
                continue;
            }
            if thing.what == What::Route && ifindex == without_addr {
                thing.presence = Presence::Same;
            }
            let counted = matches!(thing.standing, Standing::Ours | Standing::Connected);
            if !counted || thing.presence == Presence::Same {
                continue;
            }
            let mut counts = self.is_calm;
            match thing.what {
                What::Addr => last_addr = ifindex,
                What::Route => counts &= ifindex != last_addr,
                What::Rule => {}
            }
            let room = match counts {
                true => self.observed.links.len().wrapping_add(MAX_REMOVALS),
                false => 0,
            };
            // From the last change of its link on, or of the configuration.
            let link = recall(self.watched, 0, ifindex, usize::MAX);
            let from = link.map_or(self.begun, |link| link.carrier_at.max(self.begun));
            let key = place_hash(thing) ^ thing.what as u32;
            if let Some(watched) = recall(self.watched, key, ifindex, room) {
                let is_news = watched.count(counts.into(), from, self.now);
                if watched.times >= TIMES {
                    thing.presence = Presence::Same;
                    if thing.what == What::Addr {
                        without_addr = ifindex;
                    }
                }
                let thing = *thing;
                if is_news {
                    self.complain_of(host, REMOVED, thing.origin, Subject::Cidr(&thing.route.dst));
                }
            }
        }
    }

    /// Lets links that rested long enough go on; when the next one may.
    pub(super) fn wake_links(&mut self) -> Instant {
        let mut until = NEVER;
        for link in self.observed.links.iter_mut() {
            if link.rests
                && let Some(watched) = recall(self.watched, 0, link.ifindex, usize::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;
    use heapless::Vec;

    /// What is remembered, by key and link.
    fn rows(watched: &VecView<Watched>) -> std::vec::Vec<(u32, u32)> {
        watched.iter().map(|it| (it.key, it.ifindex)).collect()
    }

    #[test]
    fn the_oldest_removal_goes_and_no_link() {
        let mut table = Vec::<Watched, 4>::new();
        let table: &mut VecView<Watched> = &mut table;
        assert!(recall(table, 0, 2, usize::MAX).is_some());
        assert!(recall(table, 7, 2, 0).is_none(), "it is only looked for");
        for key in [7, 8, 9] {
            assert_eq!(recall(table, key, 2, 3).unwrap().key, key);
        }
        assert_eq!(rows(table), [(0, 2), (8, 2), (9, 2)]);
        assert!(recall(table, 8, 2, 0).is_some());
        assert_eq!(rows(table), [(0, 2), (8, 2), (9, 2)]);
        // A table without room hands out nobody else's.
        assert!(recall(table, 0, 3, usize::MAX).is_some());
        assert!(recall(table, 0, 4, usize::MAX).is_none());
        forget(table, 2);
        assert_eq!(rows(table), [(0, 3)]);
    }

    #[test]
    fn five_times_in_ten_seconds_is_too_often() {
        let at = |seconds: u64| Instant(seconds * 1_000_000);
        let mut watched = Watched::NONE;
        for second in [20, 22, 24, 29] {
            assert!(!watched.count(1, at(0), at(second)));
        }
        // The first one is ten seconds ago.
        assert!(!watched.count(1, at(0), at(30)));
        assert_eq!(watched.times, 1);
        assert!(!watched.count(3, at(0), at(31)));
        assert!(watched.count(1, at(0), at(32)));
        assert!(!watched.count(1, at(0), at(9_999)), "it is told once");
        assert!(watched.times >= TIMES, "and stays so");
        assert!(
            !watched.count(1, at(33), at(10_000)),
            "until something else counts"
        );
        assert_eq!(watched.times, 1);
    }
}
