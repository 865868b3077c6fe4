//! All memory the program uses after start-up, in one value.
//!
//! [`Machine::new`] is all zero bits, so a `static` of it costs no octet in the file, and pages that no
//! table grows into are never mapped. Capacities are parameters: tests use small machines.

use crate::engine::{
    Asked, Buffers, Engine, ForeignResolvConf, Instant, Mark, Names, Original, Watched, Wish,
};
use crate::limits::{DATAGRAM_OCTETS, RESTORE_OCTETS};
use crate::model::attr::AttrConfig;
use crate::model::config::{
    AddrConfig, Config, Global, LinkConfig, NameRule, RouteConfig, Search, Server, Str,
};
use crate::model::desired::{Desired, DesiredLink, Thing, Things};
use crate::model::link::IfName;
use crate::model::observed::{AltName, Link, Observed};
use crate::model::rule::TableName;
use crate::output::resolv_conf::ResolvConf;
use crate::plan::rename::LiveRename;
use crate::plan::resolve::{Goal, LinkState};
use crate::plan::{Errors, Phases, Plan, Rename, Step};
use crate::proto::{Addr6, Lessee};
use heapless::{Vec, VecView};

/// Empties a table. One that is empty is not written to: tables stand on pages of their own, and one that was never
/// written to costs nothing.
pub fn clear<T>(table: &mut VecView<T>) {
    if !table.is_empty() {
        table.clear();
    }
}

/// Hashes of texts that are kept once; a power of two.
const SAME: usize = 4_096;

/// See the module. `LINKS`: configured links and everything there is about one of, and names of tables; `ADDRS`: policy rules too;
/// `ROUTES`: options of links too; `KERNEL`: links of the
/// kernel, and files; `THINGS`: addresses and routes together, those of earlier runs that go included; `STEPS`:
/// at least 48 times `LINKS`, three times `KERNEL`, twice `THINGS`, and twice the messages that [`RESTORE_OCTETS`]
/// hold; `SLOTS`: a power of two, more than `THINGS`; `TEXT`: octets of strings, of what the kernel shows of
/// kinds of links, and of other links in state.json.
pub struct Machine<
    const LINKS: usize,
    const KERNEL: usize,
    const ADDRS: usize,
    const ROUTES: usize,
    const THINGS: usize,
    const STEPS: usize,
    const SLOTS: usize,
    const TEXT: usize,
> {
    links: Vec<LinkConfig, LINKS>,
    addrs: Vec<AddrConfig, ADDRS>,
    routes: Vec<RouteConfig, ROUTES>,
    name_rules: Vec<NameRule, LINKS>,
    servers: Vec<Server, LINKS>,
    search: Vec<Search, LINKS>,
    files: Vec<Str, KERNEL>,
    strings: Vec<u8, TEXT>,
    rules: Vec<RouteConfig, ADDRS>,
    tables: Vec<TableName, LINKS>,
    attrs: Vec<AttrConfig, ROUTES>,
    attr_heads: Vec<u32, LINKS>,
    same: [u32; SAME],
    observed_links: Vec<Link, KERNEL>,
    altnames: Vec<AltName, KERNEL>,
    infos: Vec<u8, TEXT>,
    desired_links: Vec<DesiredLink, KERNEL>,
    things: Vec<Thing, THINGS>,
    slots: [u32; SLOTS],
    steps: Vec<Step, STEPS>,
    renames: Vec<Rename, KERNEL>,
    states: Vec<LinkState, LINKS>,
    depths: Vec<u8, LINKS>,
    originals: Vec<Original, KERNEL>,
    marks: Vec<Mark, KERNEL>,
    hooked: Vec<(u32, IfName), KERNEL>,
    problems: Vec<(u32, Str), LINKS>,
    leaving: Vec<(u32, IfName), LINKS>,
    wishes: Vec<(IfName, Wish), LINKS>,
    watched: Vec<Watched, KERNEL>,
    lessees: Vec<Lessee, LINKS>,
    addrs6: Vec<Addr6, ADDRS>,
    conf_text: Vec<u8, TEXT>,
    conf_servers: Vec<u8, TEXT>,
    datagram: [u8; DATAGRAM_OCTETS],
    restore: Vec<u8, RESTORE_OCTETS>,
}

impl<
    const LINKS: usize,
    const KERNEL: usize,
    const ADDRS: usize,
    const ROUTES: usize,
    const THINGS: usize,
    const STEPS: usize,
    const SLOTS: usize,
    const TEXT: usize,
> Machine<LINKS, KERNEL, ADDRS, ROUTES, THINGS, STEPS, SLOTS, TEXT>
{
    /// Empty tables.
    pub const fn new() -> Self {
        Machine {
            links: Vec::new(),
            addrs: Vec::new(),
            routes: Vec::new(),
            name_rules: Vec::new(),
            servers: Vec::new(),
            search: Vec::new(),
            files: Vec::new(),
            strings: Vec::new(),
            rules: Vec::new(),
            tables: Vec::new(),
            attrs: Vec::new(),
            attr_heads: Vec::new(),
            same: [0; SAME],
            observed_links: Vec::new(),
            altnames: Vec::new(),
            infos: Vec::new(),
            desired_links: Vec::new(),
            things: Vec::new(),
            slots: [0; SLOTS],
            steps: Vec::new(),
            renames: Vec::new(),
            states: Vec::new(),
            depths: Vec::new(),
            originals: Vec::new(),
            marks: Vec::new(),
            hooked: Vec::new(),
            problems: Vec::new(),
            leaving: Vec::new(),
            wishes: Vec::new(),
            watched: Vec::new(),
            lessees: Vec::new(),
            addrs6: Vec::new(),
            conf_text: Vec::new(),
            conf_servers: Vec::new(),
            datagram: [0; DATAGRAM_OCTETS],
            restore: Vec::new(),
        }
    }

    /// The engine over these tables. What an earlier one left in them is still there:
    /// [`Engine::clear`] forgets it.
    pub fn engine(&mut self) -> Engine<'_> {
        Engine {
            config: Config {
                links: &mut self.links,
                addrs: &mut self.addrs,
                routes: &mut self.routes,
                name_rules: &mut self.name_rules,
                servers: &mut self.servers,
                search: &mut self.search,
                files: &mut self.files,
                strings: &mut self.strings,
                rules: &mut self.rules,
                tables: &mut self.tables,
                attrs: &mut self.attrs,
                attr_heads: &mut self.attr_heads,
                same: &mut self.same,
                global: Global::none(),
            },
            observed: Observed {
                links: &mut self.observed_links,
                altnames: &mut self.altnames,
                infos: &mut self.infos,
                last_index: 0,
            },
            desired: Desired {
                links: &mut self.desired_links,
                things: Things::new(&mut self.things, &mut self.slots),
            },
            plan: Plan {
                steps: &mut self.steps,
                renames: &mut self.renames,
                phases: Phases::default(),
                errors: Errors::default(),
            },
            states: &mut self.states,
            depths: &mut self.depths,
            problems: &mut self.problems,
            leaving: &mut self.leaving,
            wishes: &mut self.wishes,
            watched: &mut self.watched,
            lessees: &mut self.lessees,
            addrs6: &mut self.addrs6,
            seed: 1,
            xid_tag: 0,
            look_again: false,
            now: Instant(0),
            releases: false,
            time_limit: Instant(u64::MAX),
            foreign_resolv_conf: ForeignResolvConf::Kept,
            originals: &mut self.originals,
            marks: &mut self.marks,
            hooked: &mut self.hooked,
            resolv_conf: ResolvConf {
                text: &mut self.conf_text,
                servers: &mut self.conf_servers,
            },
            buffers: Buffers {
                datagram: &mut self.datagram,
                restore: &mut self.restore,
            },
            seq: 0,
            first_seq: 0,
            asked: Asked::Links,
            is_calm: false,
            links_changed: false,
            is_news: true,
            port: 0,
            first_step: 0,
            is_offline: false,
            live_rename: LiveRename::Tried,
            names: Names::Followed,
            started: Instant(0),
            begun: Instant(0),
            last_plan: 0,
            expects_until: Instant(0),
            until: Instant(0),
            restore_overflow: false,
            goal: Goal::ALL,
            examined: 0,
            others: false,
            was_interrupted: false,
            repeats: 0,
        }
    }
}

impl<
    const LINKS: usize,
    const KERNEL: usize,
    const ADDRS: usize,
    const ROUTES: usize,
    const THINGS: usize,
    const STEPS: usize,
    const SLOTS: usize,
    const TEXT: usize,
> Default for Machine<LINKS, KERNEL, ADDRS, ROUTES, THINGS, STEPS, SLOTS, TEXT>
{
    fn default() -> Self {
        Self::new()
    }
}
