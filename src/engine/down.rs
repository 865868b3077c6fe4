//! `ifdawn down`: what `owned-IF` says we made is taken back, and nothing else.

use super::observe::{Dump, Purpose};
use super::{Engine, Host, OutputFile};
use crate::diag::{Effect, Errno, Origin, Problem, Severity};
use crate::model::link::IfName;
use crate::output::owned::{self, Item};
use crate::plan::diff;
use crate::plan::{Act, Full, NamedLink, Phase, StaleAddr, StaleRoute};

impl Engine<'_> {
    /// Takes back what we made on the link `name`; whether all of it is gone.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn down(&mut self, name: IfName, host: &mut dyn Host) -> Result<bool, Errno> {
        self.observe_links(host)?;
        self.plan.clear();
        self.desired.reset(0, 0);
        let ifindex = self.observed.by_name(&name).map(|link| link.ifindex);
        let mut is_same = false;
        let mut is_full = false;
        let mut was_down = false;
        let plan = &mut self.plan;
        let read = host.read(OutputFile::Owned(name), &mut |text| {
            owned::read(text, &mut |item| {
                let link = NamedLink {
                    ifindex: ifindex.unwrap_or(0),
                    name,
                };
                let added = match item {
                    Item::Link(number) => {
                        is_same = Some(number) == ifindex;
                        Ok(())
                    }
                    // Another link has the name now: what we made went with the old one.
                    _ if !is_same => Ok(()),
                    Item::Up => {
                        was_down = true;
                        Ok(())
                    }
                    Item::Addr(addr, peer) => {
                        let stale = StaleAddr {
                            link,
                            addr,
                            peer,
                            seen: true,
                        };
                        plan.stale_addrs.push(stale).map_err(|_| Full)
                    }
                    Item::Route(route) => {
                        let stale = StaleRoute {
                            link,
                            route,
                            seen: true,
                        };
                        plan.stale_routes.push(stale).map_err(|_| Full)
                    }
                    Item::Dns(_) | Item::Search(_) => Ok(()),
                    Item::Unknown(_) => Err(Full),
                };
                is_full |= added.is_err();
            });
        });
        if let Err(errno) = read {
            let problem = match errno {
                Errno::ENOENT => Problem::Says("nothing of ours is on it"),
                other => Problem::File(other),
            };
            self.complain(
                host,
                Severity::Error,
                Origin::NONE,
                &name,
                problem,
                Effect::NothingChanged,
            );
            return Ok(false);
        }
        if is_full {
            let problem = Problem::Says("its owned file has lines that are not ours, or too many");
            self.complain(
                host,
                Severity::Warning,
                Origin::NONE,
                &name,
                problem,
                Effect::PartIgnored,
            );
        }
        diff::delete_stale(&self.desired, &mut self.plan);
        self.plan.sort();
        self.apply(host)?;
        let mut all_gone = self.failed.is_empty();
        if let Some(ifindex) = ifindex.filter(|_| was_down) {
            all_gone &= self.take_down(NamedLink { ifindex, name }, host)?;
        }
        if all_gone {
            host.remove(OutputFile::Owned(name));
        }
        self.publish_resolv_conf(host, Some(name));
        self.publish_state_without(host, name);
        host.progress(name, &"down");
        Ok(all_gone)
    }

    /// Takes down a link that was down before we came, unless somebody else uses it: going down would cost
    /// them their routes and IPv6 addresses. Whether it went as it should.
    fn take_down(&mut self, link: NamedLink, host: &mut dyn Host) -> Result<bool, Errno> {
        self.others = false;
        self.dump(host, Dump::Addrs(Purpose::Others(link.ifindex)))?;
        self.dump(host, Dump::Routes(Purpose::Others(link.ifindex)))?;
        if self.others {
            let problem = Problem::Says("has addresses or routes of somebody else; it stays up");
            let name = link.name;
            self.complain(
                host,
                Severity::Warning,
                Origin::NONE,
                &name,
                problem,
                Effect::None,
            );
            return Ok(true);
        }
        self.plan.clear();
        self.plan.switch(link, Phase::Down, Act::DownRenamed);
        self.apply(host)?;
        Ok(self.failed.is_empty())
    }
}
