//! What somebody takes away again and again is left alone: a supervisor does not fight for it.

use super::remake::key;
use super::{Engine, Event, Host, Instant};
use crate::diag::{Complaint, Effect, Errno, Problem, Subject};
use crate::model::desired::{Presence, Standing, What, place_hash};
use crate::plan::{Act, Phase, Step};
use heapless::VecView;

/// How often somebody took something away.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Removal {
    /// Its hash.
    key: u32,
    /// Its link; what is remembered by it of one that is made again.
    pub(super) ifindex: u32,
    /// How often since the first time that counts.
    times: u32,
    /// When that was.
    since: Instant,
}

/// How often is too often...
const TIMES: u32 = 5;
/// ...in so many seconds.
const SECONDS: u32 = 10;

impl Engine<'_> {
    /// Takes out of the plan what somebody else took away too often. What went with its link, or with an address of
    /// that, was not taken away.
    #[inline(never)]
    pub(super) fn respect_removals(&mut self, host: &mut impl Host) {
        const REMOVED: Complaint =
            Complaint::warning(Problem::Removed, Effect::NotAgain).with(TIMES);
        let mut n = 0_usize;
        while let Some(&step) = self.plan.steps.get(n)
            && self.goal.stays
        {
            n = n.wrapping_add(1);
            let Some(removal) = self.removal(step) else {
                continue;
            };
            let times = count(self.removals, &removal);
            if times == TIMES
                && let Some(op) = &self.op(step)
            {
                self.complain_of(host, REMOVED, op.origin(), Subject::Op(op));
            }
            if times < TIMES {
                continue;
            }
            if step.act == Act::Make {
                self.mark(removal.ifindex, Event::Failed);
                self.plan.errors.add(Errno::EBUSY);
                self.refuse_again();
            } else {
                n = n.wrapping_sub(1);
                self.plan.steps.remove(n);
            }
        }
    }

    /// What a step makes again; with no time where that does not count.
    fn removal(&self, step: Step) -> Option<Removal> {
        let mut removal = Removal {
            key: 0,
            ifindex: 0,
            times: self.is_first.into(),
            since: self.now,
        };
        if step.act == Act::Make {
            let link = self.desired.links.get(step.n as usize)?;
            // What is made again on another link went with the one it lay on.
            removal.ifindex = key(&link.name);
            removal.key = removal.ifindex ^ link.lower;
            return link.recalled.file.is_ok().then_some(removal);
        }
        let thing = self.desired.things.get(step.n as usize)?;
        let is_gone = matches!(thing.presence, Presence::Missing | Presence::DiffersForeign);
        let is_made = matches!(step.act, Act::Add | Act::Replace);
        if !is_made || !is_gone || !matches!(thing.standing, Standing::Ours | Standing::Connected) {
            return None;
        }
        removal.ifindex = thing.ifindex;
        removal.key = place_hash(thing) ^ thing.ifindex ^ thing.what as u32;
        if !self.is_calm || thing.what == What::Route && self.gets_addr(thing.ifindex) {
            removal.times = 0;
        }
        Some(removal)
    }

    /// Whether the plan gives a link an address.
    fn gets_addr(&self, ifindex: u32) -> bool {
        let mut steps = self.plan.steps.iter();
        let mut steps = (steps.by_ref()).take_while(|step| step.phase <= Phase::Addresses);
        steps.any(|step| step.phase == Phase::Addresses && self.link_of_step(*step) == ifindex)
    }
}

/// Counts a removal; how often that was.
#[inline(never)]
fn count(removals: &mut VecView<Removal>, removal: &Removal) -> u32 {
    let is_it = |it: &&mut Removal| (it.key, it.ifindex) == (removal.key, removal.ifindex);
    let Some(known) = removals.iter_mut().find(is_it) else {
        if removal.times != 0 {
            if removals.is_full() {
                removals.remove(0);
            }
            let _ = removals.push(*removal);
        }
        return removal.times;
    };
    if known.times >= TIMES {
        known.times = TIMES.wrapping_add(1);
    } else if removal.since >= known.since.after_seconds(SECONDS) {
        *known = *removal;
    } else {
        known.times = known.times.wrapping_add(removal.times);
    }
    known.times
}
