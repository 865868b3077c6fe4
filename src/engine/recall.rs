//! What we made in earlier runs, read back from `owned-IF`.
//!
//! What is desired still is ours; what is not is stale, and deleted if the kernel has it. The kernel is
//! asked a second time for that, and only then.

use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::addr::{Cidr, Family};
use crate::model::config::LinkId;
use crate::model::desired::{DesiredLink, addr_hash, route_hash};
use crate::model::route::Route;
use crate::output::json::is_written_as;
use crate::output::owned;
use crate::plan::{NamedLink, StaleAddr, StaleRoute};
use crate::text::scalar;
use crate::wire::rtnetlink::addr::Addr;

use super::observe::{Dump, Purpose};

/// What the file of one link has said so far.
pub(super) struct Recalled {
    link: NamedLink,
    config: Option<LinkId>,
    /// Whether it could be read.
    pub(super) read: Result<(), Errno>,
    /// It is of the link that has the name now.
    is_same_link: bool,
    /// We took the link up.
    pub(super) owned_up: bool,
    /// Name servers and search domains that the configuration still has.
    names: usize,
    /// It names something that is not desired.
    has_others: bool,
    /// Why some of it is left out.
    complaint: Option<&'static Complaint>,
}

const NOT_UNDERSTOOD: &Complaint =
    &left_out(Problem::Says("a line of its owned file is not understood"));
const ADDRS_FULL: &Complaint = &left_out(Problem::Full("MAX_ADDRS"));
const ROUTES_FULL: &Complaint = &left_out(Problem::Full("MAX_ROUTES"));

const fn left_out(problem: Problem<'static>) -> Complaint {
    Complaint::warning(problem, Effect::PartIgnored)
}

impl Engine<'_> {
    /// Reads the file of each desired link.
    #[inline(never)]
    pub(super) fn recall_owned(&mut self, host: &mut dyn Host) {
        for n in 0..self.desired.links.len() {
            let Some(&DesiredLink {
                ifindex,
                name,
                config,
                ..
            }) = self.desired.links.get(n)
            else {
                continue;
            };
            let recalled = self.recall(host, NamedLink { ifindex, name }, config);
            let has_changed = recalled.has_others || recalled.names != self.count_names(config);
            if let Some(link) = self.desired.links.get_mut(n) {
                link.owned_up |= recalled.owned_up;
                link.touched |= has_changed;
            }
            if let Err(errno) = recalled.read
                && errno != Errno::ENOENT
            {
                self.complain_of(host, &left_out(Problem::File(errno)), Origin::NONE, &name);
            }
        }
    }

    /// How many name servers and search domains a link brings.
    fn count_names(&self, link: Option<LinkId>) -> usize {
        let mut count = 0_usize;
        if let Some(link) = link {
            let _ = owned::names(&self.config, link, &mut |_, _| {
                count = count.wrapping_add(1);
                Ok(())
            });
        }
        count
    }

    /// Whether a link brings what is written so.
    fn has_name(&self, link: Option<LinkId>, word: &[u8], written: &[u8]) -> bool {
        let mut has_it = false;
        if let Some(link) = link {
            let _ = owned::names(&self.config, link, &mut |known, name| {
                has_it |= known.as_bytes() == word && is_written_as(name, written);
                Ok(())
            });
        }
        has_it
    }

    /// Reads the file of one link: what is desired is ours, what is not is stale.
    #[inline(never)]
    pub(super) fn recall(
        &mut self,
        host: &mut dyn Host,
        link: NamedLink,
        config: Option<LinkId>,
    ) -> Recalled {
        let mut recalled = Recalled {
            link,
            config,
            read: Ok(()),
            is_same_link: false,
            owned_up: false,
            names: 0,
            has_others: false,
            complaint: None,
        };
        match host.read(OutputFile::Owned(link.name)) {
            Err(errno) => recalled.read = Err(errno),
            Ok(text) => {
                for (word, rest) in owned::lines(text) {
                    if self.recall_line(word, rest, &mut recalled).is_none() {
                        recalled.complaint = Some(NOT_UNDERSTOOD);
                    }
                }
            }
        }
        if let Some(complaint) = recalled.complaint {
            self.complain_of(host, complaint, Origin::NONE, &link.name);
        }
        recalled
    }

    /// `None` for a line nobody of ours wrote.
    #[inline(never)]
    fn recall_line(&mut self, word: &[u8], rest: &[u8], recalled: &mut Recalled) -> Option<()> {
        let link = recalled.link;
        if word == b"link" {
            recalled.is_same_link = scalar::number(rest) == Some(link.ifindex);
        } else if !recalled.is_same_link {
            // Another link has the name now: what we made went with the old one.
        } else if word == b"up" {
            recalled.owned_up = true;
        } else if word == b"addr" {
            let mut stale = StaleAddr {
                link,
                addr: Cidr::default(Family::V4),
                peer: None,
                seen: false,
            };
            owned::addr(rest, &mut stale.addr, &mut stale.peer)?;
            let at = self
                .desired
                .find_addr(link.ifindex, &stale.addr, &stale.peer);
            if let Some(addr) = at.and_then(|at| self.desired.addrs.get_mut(at)) {
                addr.owned = true;
            } else {
                recalled.has_others = true;
                if self.plan.stale_addrs.push(stale).is_err() {
                    recalled.complaint = Some(ADDRS_FULL);
                }
            }
        } else if word == b"dns" || word == b"search" {
            if word == b"dns" {
                scalar::ip(rest)?;
            }
            match self.has_name(recalled.config, word, rest) {
                true => recalled.names = recalled.names.wrapping_add(1),
                false => recalled.has_others = true,
            }
        } else {
            let mut stale = StaleRoute {
                link,
                route: Route::new(Cidr::default(Family::V4)),
                seen: false,
            };
            owned::route(word, rest, &mut stale.route)?;
            let at = self.desired.find_route(&stale.route.key());
            match at.and_then(|at| self.desired.routes.get_mut(at)) {
                Some(route) if route.ifindex == link.ifindex => route.owned = true,
                Some(_) | None => {
                    recalled.has_others = true;
                    if self.plan.stale_routes.push(stale).is_err() {
                        recalled.complaint = Some(ROUTES_FULL);
                    }
                }
            }
        }
        Some(())
    }

    /// Finds out which of the stale things the kernel has. The indexes serve the stale tables from here
    /// on, since nothing desired is looked for any more.
    pub(super) fn observe_stale(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        if !self.plan.stale_addrs.is_empty() {
            self.desired.addr_index.reset(self.plan.stale_addrs.len());
            for (stale, n) in self.plan.stale_addrs.iter().zip(0u32..) {
                let hash = addr_hash(stale.link.ifindex, &stale.addr);
                self.desired.addr_index.insert(hash, n);
            }
            self.dump(host, Dump::Addrs(Purpose::Stale))?;
        }
        if !self.plan.stale_routes.is_empty() {
            self.desired.route_index.reset(self.plan.stale_routes.len());
            for (stale, n) in self.plan.stale_routes.iter().zip(0u32..) {
                let hash = route_hash(&stale.route.key());
                self.desired.route_index.insert(hash, n);
            }
            self.dump(host, Dump::Routes(Purpose::Stale))?;
        }
        Ok(())
    }

    pub(super) fn see_stale_addr(&mut self, seen: &Addr) {
        let stale = &mut self.plan.stale_addrs;
        let hash = addr_hash(seen.ifindex, &seen.addr);
        let found = self.desired.addr_index.find(hash, |n| {
            stale.get(n as usize).is_some_and(|stale| {
                stale.link.ifindex == seen.ifindex
                    && stale.addr == seen.addr
                    && stale.peer == seen.peer
            })
        });
        if let Some(stale) = found.and_then(|n| stale.get_mut(n as usize)) {
            stale.seen = true;
        }
    }

    pub(super) fn see_stale_route(&mut self, ifindex: u32, seen: &Route) {
        let stale = &mut self.plan.stale_routes;
        let key = seen.key();
        let found = self.desired.route_index.find(route_hash(&key), |n| {
            stale.get(n as usize).is_some_and(|stale| {
                stale.route.key() == key
                    && stale.oif() == ifindex
                    && stale.route.kind == seen.kind
                    && stale.route.via == seen.via
            })
        });
        if let Some(stale) = found.and_then(|n| stale.get_mut(n as usize)) {
            stale.seen = true;
        }
    }
}
