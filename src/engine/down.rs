//! `ifdawn down`: what `owned-IF` says we made is taken back, and nothing else.

use super::complain::say;
use super::observe::Asked;
use super::publish::what_is_there;
use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::desired::DesiredLink;
use crate::model::link::IfName;
use crate::model::observed::Link;
use crate::output::owned;
use crate::packed::word;
use crate::plan::{Act, Phase};
use crate::text::show::{Show, Text};
use crate::text::{parts, scalar};

impl Engine<'_> {
    /// Takes back what we made on the link `name`. What of it is not gone is among the errors of [`Engine::plan`].
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn down(&mut self, name: &IfName, host: &mut impl Host) -> Result<(), Errno> {
        self.observe_links(host)?;
        self.plan.clear();
        let ifindex = self.observed.by_name(name).map_or(0, |link| link.ifindex);
        if self.is_owned(ifindex, owned::MADE, ifindex, host) {
            if !self.is_free(ifindex, host) {
                self.stays(name, host);
                return Ok(());
            }
            // What lies on it goes before it.
            loop {
                let upper = self.observed.uppers(ifindex).next().map(|upper| upper.name);
                let Some(upper) = upper else {
                    break;
                };
                self.down(&upper, host)?;
                if self.plan.errors.any() {
                    return Ok(());
                }
                self.look_at_links(host)?;
            }
        }
        self.plan.clear();
        self.desired.clear();
        self.desired.add_link(ifindex, name, Origin::NONE);
        // Nothing of it is desired, so all that is ours is stale.
        self.recall_owned(host);
        let link = *self.desired.links.first().ok_or(Errno::ENODEV)?;
        let old_name = link.recalled.old_name;
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
        self.plan.steps.clear();
        let is_port = |port: &Link| port.ifindex == ifindex;
        if link.joined && self.observed.ports(link.master).any(is_port) {
            self.plan.push(Phase::Down, Act::Release, 0);
        }
        if link.owned_up || link.made {
            self.take_down(&link, host)?;
        }
        self.send_plan(host)?;
        if !self.plan.errors.any() {
            host.remove(OutputFile::Owned(&old_name));
            host.remove(OutputFile::Owned(name));
            host.remove(OutputFile::Lease(name));
        }
        self.publish_resolv_conf(host);
        self.publish_state(host);
        host.progress(&WentDown(&link));
        Ok(())
    }

    /// Takes down a link that was down before we came, or deletes one that we made, unless somebody else uses it: going
    /// down would cost them their routes and IPv6 addresses.
    fn take_down(&mut self, link: &DesiredLink, host: &mut impl Host) -> Result<(), Errno> {
        (self.examined, self.others) = (link.ifindex, false);
        self.dump_things(host, Asked::Others)?;
        if self.others {
            const IN_USE: Complaint = Complaint::warning(Problem::UsedByOthers, Effect::None);
            if link.made {
                self.stays(&link.name, host);
            } else {
                say(host, IN_USE, &link.name);
            }
            return Ok(());
        }
        let act = match link.made {
            true => Act::Unmake,
            false => Act::Down,
        };
        self.plan.push(Phase::Down, act, 0);
        Ok(())
    }

    /// A link that we made is not deleted.
    fn stays(&mut self, name: &IfName, host: &mut impl Host) {
        const IN_USE: Complaint = Complaint::error(Problem::UsedByOthers, Effect::None);
        say(host, IN_USE, name);
        self.plan.errors.add(Errno::EBUSY);
    }

    /// Whether everything that lies on a link is ours, and all its ports are.
    fn is_free(&self, ifindex: u32, host: &mut impl Host) -> bool {
        self.observed.links.iter().all(|link| {
            (link.master != ifindex || self.is_owned(link.ifindex, owned::JOINED, ifindex, host))
                && (link.lower != ifindex
                    || self.is_owned(link.ifindex, owned::MADE, link.ifindex, host)
                        && self.is_free(link.ifindex, host))
        })
    }

    /// Whether the file of a link says so of it: that we made it, or made it a port of the link `value`.
    #[inline(never)]
    fn is_owned(&self, ifindex: u32, word: usize, value: u32, host: &mut impl Host) -> bool {
        let Some(link) = self.observed.by_index(ifindex) else {
            return false;
        };
        let (mut is_its, mut is_so) = (false, false);
        for (said, number) in owned::lines(what_is_there(host, OutputFile::Owned(&link.name))) {
            let said = parts::position(owned::WORDS, said);
            let number = scalar::number(number);
            is_its |= said == Some(owned::LINK) && number == Some(ifindex);
            is_so |= said == Some(word) && number.is_none_or(|number| number == value);
        }
        is_its && is_so
    }
}

/// A link that went down.
struct WentDown<'a>(&'a DesiredLink);

impl Show for WentDown<'_> {
    fn show(&self, f: &mut Text<'_>) {
        self.0.name.show(f);
        f.word(match self.0.made {
            true => word!(": gone"),
            false => word!(": down"),
        });
    }
}
