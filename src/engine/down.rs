//! `ifdawn down`: what `owned-IF` says we made is taken back, and nothing else.

use super::observe::{Dump, Purpose};
use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::link::IfName;
use crate::plan::diff;
use crate::plan::{Act, NamedLink, Phase};

impl Engine<'_> {
    /// Takes back what we made on the link `name`; whether all of it is gone.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    #[inline(never)]
    pub fn down(&mut self, name: IfName, host: &mut dyn Host) -> Result<bool, Errno> {
        self.observe_links(host)?;
        self.plan.clear();
        self.desired.reset(0, 0);
        let ifindex = self.observed.by_name(&name).map(|link| link.ifindex);
        let link = NamedLink {
            ifindex: ifindex.unwrap_or(0),
            name,
        };
        // Nothing is desired, so all that is ours is stale.
        let recalled = self.recall(host, link, None);
        if let Err(errno) = recalled.read {
            let problem = match errno {
                Errno::ENOENT => Problem::Says("nothing of ours is on it"),
                other => Problem::File(other),
            };
            let complaint = Complaint::error(problem, Effect::NothingChanged);
            self.complain_of(host, &complaint, Origin::NONE, &name);
            return Ok(false);
        }
        for stale in self.plan.stale_addrs.iter_mut() {
            stale.seen = true;
        }
        for stale in self.plan.stale_routes.iter_mut() {
            stale.seen = true;
        }
        diff::delete_stale(&self.desired, &mut self.plan);
        self.plan.sort();
        self.apply(host)?;
        let mut all_gone = self.failed.is_empty();
        if recalled.owned_up {
            all_gone &= self.take_down(link, host)?;
        }
        if all_gone {
            host.remove(OutputFile::Owned(name));
        }
        self.publish_resolv_conf(host, Some(name));
        self.publish_state(host, Some(name));
        host.progress(name, &"down");
        Ok(all_gone)
    }

    /// Takes down a link that was down before we came, unless somebody else uses it: going down would cost
    /// them their routes and IPv6 addresses. Whether it went as it should.
    #[inline(never)]
    fn take_down(&mut self, link: NamedLink, host: &mut dyn Host) -> Result<bool, Errno> {
        self.others = false;
        self.dump(host, Dump::Addrs(Purpose::Others(link.ifindex)))?;
        self.dump(host, Dump::Routes(Purpose::Others(link.ifindex)))?;
        if self.others {
            const IN_USE: Complaint = Complaint::warning(
                Problem::Says("has addresses or routes of somebody else; it stays up"),
                Effect::None,
            );
            self.complain_of(host, &IN_USE, Origin::NONE, &link.name);
            return Ok(true);
        }
        self.plan.clear();
        self.plan.switch(link, Phase::Down, Act::DownRenamed);
        self.apply(host)?;
        Ok(self.failed.is_empty())
    }
}
