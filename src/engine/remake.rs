//! Links that are made: those that the kernel refuses, and what lies on them; and those that are deleted to be made
//! anew, since the kernel does not change them.

use super::observe::Asked;
use super::{AGAIN, Engine, Event, Host, remove, when};
use crate::diag::{Complaint, Effect, Errno, LineBuf, Problem, Subject};
use crate::limits::MAX_LINE;
use crate::model::desired::MADE;
use crate::model::index::{HASH_START, hash};
use crate::model::link::IfName;
use crate::model::observed::Birth;
use crate::packed::packed;
use crate::plan::{Act, Phase};

impl Engine<'_> {
    /// A link could not be made. Whether it is looked at again before anybody is told: a link has taken
    /// its name or its number, as the bonding driver makes `bond0` when it is loaded for one.
    pub(super) fn is_not_made(&mut self, n: u32, errno: Errno, said: &[u8]) -> bool {
        let Some(link) = self.desired.links.get(n as usize) else {
            return false;
        };
        let (ifindex, key) = (link.ifindex, key(&link.name));
        let looks_again =
            errno == Errno::EEXIST && said.is_empty() && self.when(key, Event::Seen).is_none();
        // Once it is told, it is not asked for again: who is told of each try, as of a bridge that is made, refused an
        // option and deleted, would try for ever.
        self.mark(
            key,
            match looks_again {
                true => Event::Seen,
                false => Event::Failed,
            },
        );
        self.refuse(ifindex);
        looks_again
    }

    /// A link is not made, or left as it is.
    fn refuse(&mut self, ifindex: u32) {
        if let Some(link) = self.observed.by_index_mut(ifindex) {
            link.birth = Birth::Refused;
        }
        self.fail(ifindex);
    }

    /// Whether a link could not be made, or is left as it is.
    pub(super) fn is_refused(&self, ifindex: u32) -> bool {
        let link = self.observed.by_index(ifindex);
        link.is_some_and(|link| link.birth == Birth::Refused)
    }

    /// What was refused once in this run is not asked for again, and neither is what lies on what cannot be made, which
    /// stands behind it.
    pub(super) fn refuse_again(&mut self) {
        let mut n = 0_usize;
        while let Some(link) = self.observed.links.get(n) {
            if link.birth == Birth::Planned
                && (self.is_refused(link.lower)
                    || self.when(key(&link.name), Event::Failed).is_some())
            {
                self.refuse(link.ifindex);
            }
            n = n.wrapping_add(1);
        }
    }

    /// Leaves a plan alone that was carried out again and again and is still the same: there are options of which the
    /// kernel makes something else, without an error, and of each try we are told as of a change.
    pub(super) fn drop_repeated(&mut self) {
        const TRIES: u8 = 4;
        let mut sum = 0_u64;
        for step in self.plan.steps.iter() {
            // Of what is not as it shall be while we stay, somebody made it so: see `respect_removals`.
            let is_others = self.goal.stays && matches!(step.act, Act::Add | Act::Replace);
            if !is_others {
                sum = sum.wrapping_add(step.place());
            }
        }
        if sum != self.last_plan || sum == 0 {
            (self.last_plan, self.repeats) = (sum, 0);
        }
        if self.repeats == TRIES {
            return self.plan.clear();
        }
        self.repeats = self.repeats.wrapping_add(1);
    }

    /// Plans nothing but to delete the links that must be made anew, if there are any, and takes them for gone.
    /// A link that others use is left as it is, with everything that was planned for it.
    ///
    /// # Errors
    /// [`AGAIN`] where there are any; when the kernel cannot be asked.
    pub(super) fn plan_remake(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        let mut planned = Ok(());
        let mut next = 0_usize;
        while let Some(link) = self.desired.links.get(next) {
            let n = next;
            next = next.wrapping_add(1);
            if !link.remake {
                continue;
            }
            let (ifindex, key) = (link.ifindex, key(&link.name));
            let mut problem = Problem::Differs;
            self.others = false;
            self.look_for_others(ifindex, host)?;
            if self.when(key, Event::Renamed).is_some() {
                // That it was made anew was of no use.
                (problem, self.others) = (Problem::NotInKernel, true);
            }
            if self.others {
                if let Some(link) = self.desired.links.get(n) {
                    let mut token = LineBuf::<MAX_LINE>::new();
                    token.unpack(link.differs.map_or(packed!("link"), |attr| attr.name()));
                    let complaint = Complaint::error(problem, Effect::NothingChanged);
                    let (subject, token) = (Subject::Link(&link.name), token.as_bytes());
                    complaint.report_token(host, &self.config, link.origin, subject, token);
                }
                self.put_down(ifindex, problem);
                self.refuse(ifindex);
                self.plan.errors.add(Errno::EBUSY);
                continue;
            }
            self.mark(key, Event::Renamed);
            if planned.is_ok() {
                self.plan.clear();
            }
            planned = Err(AGAIN);
            self.plan.push(Phase::Unmake, Act::Unmake, n as u32);
            remove(self.observed.links, |gone| {
                gone.ifindex == ifindex || gone.lower == ifindex
            });
        }
        planned
    }

    /// Looks for what somebody else has on a link or on what lies on it, in [`Engine::others`]: with it all that would
    /// go.
    pub(super) fn look_for_others(
        &mut self,
        ifindex: u32,
        host: &mut impl Host,
    ) -> Result<(), Errno> {
        self.examined = ifindex;
        self.dump_things(host, Asked::Others)?;
        let mut n = 0_usize;
        while let Some(link) = self.observed.links.get(n) {
            let wanted = self.desired.link(link.ifindex);
            if link.master == ifindex {
                self.others |= wanted.is_none_or(|port| port.master != ifindex);
            }
            if link.lower == ifindex {
                let upper = link.ifindex;
                self.others |=
                    wanted.is_none_or(|upper| upper.config.is_none() && !upper.did(MADE));
                self.look_for_others(upper, host)?;
            }
            n = n.wrapping_add(1);
        }
        Ok(())
    }

    /// Adds to a plan that is only shown what was taken for gone.
    pub(super) fn recall_unmade(&mut self) {
        for (link, n) in self.desired.links.iter().zip(0..) {
            if when(self.marks, key(&link.name), Event::Renamed).is_some() {
                self.plan.push(Phase::Unmake, Act::Unmake, n);
            }
        }
        self.plan.sort();
    }
}

/// The number under which something is remembered of a link by its name, which no link has.
pub(super) fn key(name: &IfName) -> u32 {
    hash(HASH_START, name.as_bytes()) | 1 << 31
}
