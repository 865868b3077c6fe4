//! `ifdawn down`: what `owned-IF` says we made is taken back, and nothing else.

use super::complain::say;
use super::observe::Asked;
use super::remake::key;
use super::{Engine, Event, Host, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::desired::{DesiredLink, GEN_MODE, MADE, UP};
use crate::model::knob::Knob;
use crate::model::link::IfName;
use crate::model::observed::Link;
use crate::output::hook::Hook;
use crate::output::owned;
use crate::packed::word;
use crate::plan::{Act, Phase};
use crate::text::scalar;
use crate::text::show::{Show, Text};

impl Engine<'_> {
    /// Takes back what we made on the link `name`. What of it is not gone is among the errors of [`Engine::plan`].
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn down(&mut self, name: &IfName, host: &mut impl Host) -> Result<(), Errno> {
        self.observe_links(host)?;
        let name = &self.name_now(name, host);
        let ifindex = self.observed.by_name(name).map_or(0, |link| link.ifindex);
        self.tell_hook(Hook::PreDown, ifindex, host);
        self.meet(ifindex, name, host);
        // It went with what it lay on.
        if self.when(key(name), Event::Done).is_some() {
            return Ok(());
        }
        let mut stays = false;
        let is_made = |link: &DesiredLink| link.did(MADE);
        if ifindex != 0 && self.desired.links.first().is_some_and(is_made) {
            // Whose its ports are, and what lies on it, other files say.
            for link in self.observed.links.iter() {
                (self.desired).add_link(link.ifindex, &link.name, Origin::NONE);
            }
            self.recall_owned(host);
            self.others = false;
            self.look_for_others(ifindex, host)?;
            stays = self.others;
            // What lies on it goes before it.
            let is_upper = |link: &&Link| link.lower == ifindex && !stays;
            while let Some(&Link { name, .. }) = self.observed.links.iter().find(is_upper) {
                self.down(&name, host)?;
                if self.plan.errors.any() {
                    return Ok(());
                }
                self.look_at_links(host)?;
            }
            self.meet(ifindex, name, host);
        }
        let link = self.desired.links.first().ok_or(Errno::ENODEV)?;
        let (done, master) = (link.done, link.master);
        let is_made = link.did(MADE);
        if let Err(errno) = link.recalled.file {
            let problem = match errno {
                Errno::ENOENT => Problem::NothingOfOurs,
                _ => Problem::File,
            };
            let complaint = Complaint::error(problem, Effect::NothingChanged).with_errno(errno);
            say(host, complaint, name);
            self.plan.errors.add(Errno::EBUSY);
            return Ok(());
        }
        self.give_back(ifindex, name, host);
        self.observe_things(host)?;
        self.send_plan(host)?;
        self.plan.steps.clear();
        if let Some(link) = self.observed.by_index(ifindex) {
            if master != 0 && link.master == master {
                self.plan.push(Phase::Down, Act::Release, 0);
            }
            if stays {
                const IN_USE: Complaint = Complaint::error(Problem::UsedByOthers, Effect::None);
                say(host, IN_USE, name);
                self.plan.errors.add(Errno::EBUSY);
            } else if is_made {
                self.plan.push(Phase::Down, Act::Unmake, 0);
            } else {
                if done & GEN_MODE != 0 && link.knobs.has_ipv6() {
                    let row = Knob::ADDR_GEN_MODE.0;
                    self.plan.push_at(Phase::Down, row, Act::SetGenMode, 0);
                    let row = Knob::ACCEPT_DAD.0;
                    self.plan.push_at(Phase::Knobs, row, Act::Knob, 0);
                }
                if done & UP != 0 {
                    self.take_down(ifindex, name, host)?;
                }
            }
        }
        self.send_plan(host)?;
        if !self.plan.errors.any() {
            if let Some(link) = self.desired.links.first() {
                host.remove(OutputFile::Owned(&link.recalled.old_name));
            }
            host.remove(OutputFile::Owned(name));
            host.remove(OutputFile::Lease(name));
            host.remove(OutputFile::Lease6(name));
            self.mark(key(name), Event::Done);
            host.progress(&WentDown { name, is_made });
            self.tell_down(ifindex, host);
        }
        self.publish_resolv_conf(host);
        self.publish_state(host);
        Ok(())
    }

    /// What a link is called that somebody renamed after we wrote down what we made on it.
    #[inline(never)]
    fn name_now(&self, name: &IfName, host: &mut impl Host) -> IfName {
        if self.observed.by_name(name).is_none()
            && let Ok(text) = host.read(OutputFile::Owned(name))
            && let Some((owned::LINK, number)) = owned::lines(text).next()
            && let Some(ifindex) = scalar::number(number)
            && let Some(link) = self.observed.by_index(ifindex)
        {
            return link.name;
        }
        *name
    }

    /// Desires a link of which nothing is configured: so all that is ours on it is stale.
    #[inline(never)]
    fn meet(&mut self, ifindex: u32, name: &IfName, host: &mut impl Host) {
        self.plan.clear();
        self.desired.clear();
        // Of all others it counts what is written down, as for a run that does not know them.
        self.states.clear();
        self.desired.add_link(ifindex, name, Origin::NONE);
        self.recall_owned(host);
    }

    /// Takes down a link that was down before we came, unless somebody else uses it: going down would cost them their
    /// routes and IPv6 addresses.
    fn take_down(
        &mut self,
        ifindex: u32,
        name: &IfName,
        host: &mut impl Host,
    ) -> Result<(), Errno> {
        const IN_USE: Complaint = Complaint::warning(Problem::UsedByOthers, Effect::None);
        (self.examined, self.others) = (ifindex, false);
        self.dump_things(host, Asked::Others)?;
        match self.others {
            true => say(host, IN_USE, name),
            false => self.plan.push(Phase::Down, Act::Down, 0),
        }
        Ok(())
    }
}

/// A link that went down.
struct WentDown<'a> {
    name: &'a IfName,
    is_made: bool,
}

impl Show for WentDown<'_> {
    fn show(&self, f: &mut Text<'_>) {
        self.name.show(f);
        f.word(match self.is_made {
            true => word!(": gone"),
            false => word!(": down"),
        });
    }
}
