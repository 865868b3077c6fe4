//! `ifdawn down`: what `owned-IF` says we made is taken back, and nothing else.

use super::complain::say;
use super::observe::Asked;
use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::link::IfName;
use crate::packed::word;
use crate::plan::{Act, Phase};
use crate::text::show::{Show, Text};

impl Engine<'_> {
    /// Takes back what we made on the link `name`. What of it is not gone is among the errors of [`Engine::plan`].
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn down(&mut self, name: &IfName, host: &mut impl Host) -> Result<(), Errno> {
        self.observe_links(host)?;
        self.plan.clear();
        self.desired.clear();
        let ifindex = self.observed.by_name(name).map_or(0, |link| link.ifindex);
        self.desired.add_link(ifindex, name, Origin::NONE);
        // Nothing of it is desired, so all that is ours is stale.
        self.recall_owned(host);
        let link = self.desired.links.first().ok_or(Errno::ENODEV)?;
        let (owned_up, old_name) = (link.owned_up, link.recalled.old_name);
        if let Err(errno) = link.recalled.file {
            let problem = match errno {
                Errno::ENOENT => Problem::NothingOfOurs,
                _ => Problem::File,
            };
            let complaint = Complaint::error(problem, Effect::NothingChanged).with_errno(errno);
            say(host, complaint, name);
            self.plan.errors.add(errno);
            return Ok(());
        }
        self.give_back(ifindex, name, host);
        self.observe_things(host)?;
        self.send_plan(host)?;
        if owned_up && ifindex != 0 {
            self.take_down(name, host)?;
        }
        if !self.plan.errors.any() {
            host.remove(OutputFile::Owned(&old_name));
            host.remove(OutputFile::Owned(name));
            host.remove(OutputFile::Lease(name));
        }
        self.publish_resolv_conf(host);
        self.publish_state(host);
        host.progress(&WentDown(name));
        Ok(())
    }

    /// Takes down a link that was down before we came, unless somebody else uses it: going down would cost
    /// them their routes and IPv6 addresses.
    fn take_down(&mut self, name: &IfName, host: &mut impl Host) -> Result<(), Errno> {
        self.others = false;
        self.dump_things(host, Asked::Others)?;
        if self.others {
            const IN_USE: Complaint = Complaint::warning(Problem::UsedByOthers, Effect::None);
            say(host, IN_USE, name);
            return Ok(());
        }
        self.plan.steps.clear();
        self.plan.push(Phase::Down, Act::Down, 0);
        self.send_plan(host)
    }
}

/// A link that went down.
struct WentDown<'a>(&'a IfName);

impl Show for WentDown<'_> {
    fn show(&self, f: &mut Text<'_>) {
        self.0.show(f);
        f.word(word!(": down"));
    }
}
