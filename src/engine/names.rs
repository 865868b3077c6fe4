//! The rename stage: MAC rules carried out as one permutation, before anything else is looked at.
//!
//! A link that is up is renamed as it is where the kernel can (Linux 6.2). Whether it can is tried; where it
//! refuses, what it did of a batch is looked at, and the links go down, are renamed, come up, and get back
//! the addresses and routes that going down cost them, foreign ones included. When a batch fails halfway for
//! another reason, every link gets its old name back, and configuration goes on by MAC.

use super::complain::tell;
use super::observe::Asked;
use super::{AGAIN, Engine, Event, Host};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem, Sink, Subject};
use crate::machine::clear;
use crate::model::link::IfName;
use crate::packed::word;
use crate::plan::rename::{self, LiveRename, Renamer};
use crate::plan::{Act, Naming, Phase};
use crate::text::show::{Show, Text};
use crate::wire::netlink::{Message, aligned, append_attr, attrs};
use crate::wire::rtnetlink::{RTM_NEWROUTE, route};

/// How the rename stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Rules are followed.
    Followed,
    /// A batch failed: each link gets its old name back.
    TakenBack,
    /// Names stay as they are.
    GivenUp,
}

/// A link as it was before any rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its number.
    pub ifindex: u32,
    /// Its name.
    pub name: IfName,
    /// Whether it was up.
    pub was_up: bool,
}

impl Engine<'_> {
    /// Fills [`Engine::plan`] with the permutation of names, and gives [`Engine::observed`] the new ones.
    #[inline(never)]
    pub(crate) fn plan_names(&mut self, sink: &mut dyn Sink) {
        let mut renamer = Renamer {
            config: &self.config,
            observed: &mut self.observed,
            plan: &mut self.plan,
            sink,
        };
        match self.names {
            Names::Followed => renamer.assign(),
            Names::TakenBack => {
                for original in self.originals.iter() {
                    if let Some(link) = renamer.observed.by_index_mut(original.ifindex) {
                        link.rename_to = Some(original.name);
                    }
                }
            }
            Names::GivenUp => {}
        }
        renamer.order();
        self.remember_names();
        self.plan_downs_and_ups();
    }

    /// Brings the names one step further. What was interrupted in an earlier call is finished in this one.
    ///
    /// # Errors
    /// [`AGAIN`] where a name was changed or could not be; when the kernel cannot be asked.
    pub(super) fn rename(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        const STUCK: Complaint = Complaint::error(Problem::RenameStuck, Effect::NotRenamed);
        self.plan.clear();
        self.plan_names(host);
        if self.plan.steps.is_empty() {
            if !self.originals.is_empty() {
                self.finish_names(host)?;
            }
            return Ok(());
        }
        if self.plan.phases.have(Phase::DownForRename) {
            self.dump_things(host, Asked::Save)?;
        }
        self.send_plan(host)?;
        let errors = self.plan.errors;
        if !errors.any() {
            return Err(AGAIN);
        }
        if self.live_rename == LiveRename::Tried && errors.have(Errno::EBUSY) {
            self.live_rename = LiveRename::Refused;
        } else if self.names == Names::Followed {
            self.names = Names::TakenBack;
        } else {
            self.names = Names::GivenUp;
            tell(host, STUCK, Subject::MacRules);
        }
        Err(AGAIN)
    }

    /// Keeps the names the links had before anything was sent, and whether they were up.
    fn remember_names(&mut self) {
        for rename in self.plan.renames.iter() {
            let is_new = |link: &Original| link.ifindex != rename.ifindex;
            if rename.naming == Naming::Rename && self.originals.iter().all(is_new) {
                let _ = self.originals.push(Original {
                    ifindex: rename.ifindex,
                    name: rename.from,
                    was_up: rename.is_up,
                });
            }
        }
    }

    /// Takes down before its first rename what cannot be renamed while up, and takes up again after its last
    /// what was up before and is not, whatever came between.
    fn plan_downs_and_ups(&mut self) {
        for original in self.originals.iter() {
            let Some(link) = self.observed.by_index(original.ifindex) else {
                continue;
            };
            let (mut first, mut last) = (None, self.plan.renames.len() as u32);
            for (rename, n) in self.plan.renames.iter().zip(0..) {
                if rename.ifindex == link.ifindex && rename.naming == Naming::Rename {
                    first = first.or(Some(n));
                    last = n;
                }
            }
            match (link.is_up(), first) {
                _ if !original.was_up => continue,
                (true, Some(first)) if self.live_rename == LiveRename::Refused => {
                    let (phase, act) = (Phase::DownForRename, Act::Down);
                    self.plan.push(phase, act, first);
                }
                (true, _) => continue,
                (false, Some(_)) => {}
                (false, None) => {
                    let to = &link.name;
                    rename::push(&mut self.plan, link, to, Naming::Rename, Origin::NONE);
                }
            }
            self.plan.push(Phase::UpAfterRename, Act::Up, last);
        }
        self.plan.sort();
    }

    /// Tells how it ended, and restores what going down cost.
    fn finish_names(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        const TAKEN_BACK: Complaint =
            Complaint::error(Problem::RenameTakenBack, Effect::NotRenamed);
        match self.names {
            Names::Followed => self.tell_names(host),
            Names::TakenBack => {
                self.names = Names::GivenUp;
                tell(host, TAKEN_BACK, Subject::MacRules);
            }
            Names::GivenUp => {}
        }
        self.restore(host)?;
        clear(self.originals);
        Ok(())
    }

    fn tell_names(&mut self, host: &mut impl Host) {
        let mut n = 0_usize;
        while let Some(Original { ifindex, name, .. }) = self.originals.get(n) {
            if let Some(link) = self.observed.by_index(*ifindex) {
                host.progress(&Rename {
                    from: name,
                    to: &link.name,
                });
                self.mark(*ifindex, Event::Renamed);
            }
            n = n.wrapping_add(1);
        }
    }

    /// Whether the plan takes a link down to rename it, or to set an option.
    pub(super) fn goes_down(&self, ifindex: u32) -> bool {
        let mut steps = self.plan.steps.iter();
        steps.any(|step| step.act == Act::Down && self.link_of_step(*step) == ifindex)
    }

    /// Keeps an address or a route of a link that goes down, to be sent as a request later: as an attribute whose
    /// type is that of the message. A route loses the flags that only the kernel may set.
    pub(super) fn save(&mut self, message: &Message<'_>) {
        const NLA_HDRLEN: usize = 4;
        let saved = &mut *self.buffers.restore;
        let start = saved.len().wrapping_add(NLA_HDRLEN);
        let end = start.wrapping_add(aligned(message.payload.len()));
        if end > saved.capacity() {
            self.restore_overflow = true;
            return;
        }
        append_attr(saved, message.kind, message.payload);
        if message.kind == RTM_NEWROUTE {
            route::clear_flags(saved.get_mut(start..).unwrap_or_default());
        }
    }

    /// Sends back what was saved, twice: gateways need the routes to them first. What the kernel restored
    /// by itself is there already, which is no error.
    pub(super) fn restore(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        const FULL: Complaint = Complaint::error(Problem::RestoreOctets, Effect::PartIgnored);
        if core::mem::take(&mut self.restore_overflow) {
            tell(host, FULL, Subject::RestoredRoutes);
        }
        self.plan.clear();
        for _ in 0..2 {
            let saved = &self.buffers.restore;
            let mut messages = attrs(saved);
            let mut at = 0;
            while messages.next().is_some() {
                self.plan.push(Phase::AddressesAgain, Act::Restore, at);
                at = saved.len().wrapping_sub(messages.rest().len()) as u32;
            }
        }
        self.send_plan(host)?;
        clear(self.buffers.restore);
        Ok(())
    }
}

/// A link's new name is told with its old one.
struct Rename<'a> {
    from: &'a IfName,
    to: &'a IfName,
}

impl Show for Rename<'_> {
    fn show(&self, f: &mut Text<'_>) {
        self.to.show(f);
        f.show(word!(": renamed from "), self.from);
    }
}
