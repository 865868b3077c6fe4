//! What we made in earlier runs, read back from `owned-IF`.
//!
//! What is desired still is ours; what is not is stale, and deleted if the kernel has it. The kernel is
//! asked a second time for that, and only then.

use super::{Engine, Host, OutputFile};
use crate::diag::{Effect, Errno, Origin, Problem, Severity};
use crate::model::desired::{addr_hash, route_hash};
use crate::model::route::Route;
use crate::output::owned::{self, Item};
use crate::plan::{NamedLink, StaleAddr, StaleRoute};
use crate::wire::rtnetlink::addr::Addr;

use super::observe::{Dump, Purpose};

/// What one file has said so far.
struct Recalled {
    /// It is of the link that has the name now.
    is_same_link: bool,
    /// Name servers and search domains that the configuration still has.
    names: usize,
    /// It names others.
    has_others: bool,
}

impl Engine<'_> {
    /// Reads the file of each desired link.
    pub(super) fn recall_owned(&mut self, host: &mut dyn Host) {
        for n in 0..self.desired.links.len() {
            let Some(link) = self.desired.links.get(n) else {
                continue;
            };
            let link = NamedLink {
                ifindex: link.ifindex,
                name: link.name,
            };
            let mut recalled = Recalled {
                is_same_link: false,
                names: 0,
                has_others: false,
            };
            let mut problem = None;
            let read = host.read(OutputFile::Owned(link.name), &mut |text| {
                owned::read(text, &mut |item| {
                    if let Err(refused) = self.recall(n, link, item, &mut recalled) {
                        problem = Some(refused);
                    }
                });
            });
            if let Err(errno) = read
                && errno != Errno::ENOENT
            {
                problem = Some(Problem::File(errno));
            }
            if recalled.has_others || recalled.names != self.names_of(n) {
                self.touch(n);
            }
            if let Some(problem) = problem {
                let effect = Effect::PartIgnored;
                self.complain(
                    host,
                    Severity::Warning,
                    Origin::NONE,
                    &link.name,
                    problem,
                    effect,
                );
            }
        }
    }

    /// How many name servers and search domains the desired link `n` brings.
    fn names_of(&self, n: usize) -> usize {
        let Some(id @ Some(_)) = self.desired.links.get(n).map(|link| link.config) else {
            return 0;
        };
        let servers = self
            .config
            .servers
            .iter()
            .filter(|server| server.link == id);
        let search = self.config.search.iter().filter(|search| search.link == id);
        servers.count().saturating_add(search.count())
    }

    fn touch(&mut self, n: usize) {
        if let Some(link) = self.desired.links.get_mut(n) {
            link.touched = true;
        }
    }

    fn recall(
        &mut self,
        n: usize,
        link: NamedLink,
        item: Item<'_>,
        recalled: &mut Recalled,
    ) -> Result<(), Problem<'static>> {
        let id = self.desired.links.get(n).and_then(|link| link.config);
        match item {
            Item::Link(ifindex) => recalled.is_same_link = ifindex == link.ifindex,
            _ if !recalled.is_same_link => {}
            Item::Up => {
                if let Some(link) = self.desired.links.get_mut(n) {
                    link.owned_up = true;
                }
            }
            Item::Addr(addr, peer) => {
                let at = self.desired.find_addr(link.ifindex, &addr, &peer);
                match at.and_then(|at| self.desired.addrs.get_mut(at)) {
                    Some(addr) => addr.owned = true,
                    None => {
                        self.touch(n);
                        let stale = StaleAddr {
                            link,
                            addr,
                            peer,
                            seen: false,
                        };
                        let pushed = self.plan.stale_addrs.push(stale);
                        pushed.map_err(|_| Problem::Full("MAX_ADDRS"))?;
                    }
                }
            }
            Item::Route(route) => {
                let at = self.desired.find_route(&route.key());
                match at.and_then(|at| self.desired.routes.get_mut(at)) {
                    Some(route) if route.ifindex == link.ifindex => route.owned = true,
                    Some(_) | None => {
                        self.touch(n);
                        let stale = StaleRoute {
                            link,
                            route,
                            seen: false,
                        };
                        let pushed = self.plan.stale_routes.push(stale);
                        pushed.map_err(|_| Problem::Full("MAX_ROUTES"))?;
                    }
                }
            }
            Item::Dns(addr) => {
                let mut servers = self.config.servers.iter();
                let is_known = servers.any(|server| server.link == id && server.addr == addr);
                recalled.count(is_known);
            }
            Item::Search(domain) => {
                let config = &self.config;
                let is_it = |kept| config.text(kept) == domain;
                let mut search = config.search.iter();
                recalled.count(search.any(|search| search.link == id && is_it(search.domain)));
            }
            Item::Unknown(_) => {
                return Err(Problem::Says("a line of its owned file is not understood"));
            }
        }
        Ok(())
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
            let is_it = |stale: &StaleAddr| {
                stale.link.ifindex == seen.ifindex
                    && stale.addr == seen.addr
                    && stale.peer == seen.peer
            };
            stale.get(n as usize).is_some_and(is_it)
        });
        if let Some(stale) = found.and_then(|n| stale.get_mut(n as usize)) {
            stale.seen = true;
        }
    }

    pub(super) fn see_stale_route(&mut self, ifindex: u32, seen: &Route) {
        let stale = &mut self.plan.stale_routes;
        let key = seen.key();
        let found = self.desired.route_index.find(route_hash(&key), |n| {
            let is_it = |stale: &StaleRoute| {
                stale.route.key() == key
                    && stale.oif() == ifindex
                    && stale.route.kind == seen.kind
                    && stale.route.via == seen.via
            };
            stale.get(n as usize).is_some_and(is_it)
        });
        if let Some(stale) = found.and_then(|n| stale.get_mut(n as usize)) {
            stale.seen = true;
        }
    }
}

impl Recalled {
    fn count(&mut self, is_known: bool) {
        match is_known {
            true => self.names = self.names.saturating_add(1),
            false => self.has_others = true,
        }
    }
}
