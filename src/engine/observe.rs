//! Dumps: strict, filtered where the kernel can, repeated when the tables changed under them.

use super::{Engine, Host, Settled};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::limits::MAX_LINKS;
use crate::model::addr::Ip;
use crate::model::config::Config;
use crate::model::desired::Full as TableFull;
use crate::model::desired::{Presence, Standing};
use crate::model::observed::{AltName, Link};
use crate::model::route::MAIN_TABLE;
use crate::plan::diff::{self, Ipv6};
use crate::plan::resolve::is_named_by;
use crate::wire::netlink::{self, Full, Message, NLM_F_DUMP_INTR, Writer};
use crate::wire::rtnetlink::route::{self, Entry};
use crate::wire::rtnetlink::{RTM_NEWROUTE, addr, link};
use core::net::IpAddr;
use heapless::VecView;

/// Made by the kernel itself (linux/rtnetlink.h).
const RTPROT_KERNEL: u8 = 2;
/// Made by the kernel as a router advertisement says.
const RTPROT_RA: u8 = 9;

/// How often a dump that was interrupted is repeated before what it gave is taken.
const DUMP_TRIES: u32 = 10;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dump {
    /// Links into [`Engine::observed`].
    Links,
    /// Addresses.
    Addrs(Purpose),
    /// Routes.
    Routes(Purpose),
}

/// What becomes of addresses and routes as they pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// They are compared with the desired ones.
    Compare,
    /// Those of this link that somebody made are looked for.
    Others(u32),
    /// They go into the restore buffer as octets.
    Save,
}

/// Takes one message; `None`: there are more.
pub(super) type Each<'a> =
    dyn FnMut(&mut Engine<'_>, &mut dyn Host, &Message<'_>) -> Option<Result<(), Errno>> + 'a;

/// How a dump ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dumped {
    Whole,
    Interrupted,
}

impl Engine<'_> {
    #[inline(never)]
    fn dump(&mut self, host: &mut dyn Host, dump: Dump) -> Result<(), Errno> {
        let kept = self.buffers.restore.len();
        for _ in 0..DUMP_TRIES {
            self.buffers.restore.truncate(kept);
            if self.dump_once(host, dump)? == Dumped::Whole {
                break;
            }
        }
        Ok(())
    }

    fn dump_once(&mut self, host: &mut dyn Host, dump: Dump) -> Result<Dumped, Errno> {
        let seq = self.next_seq();
        let mut writer = Writer::new(self.buffers.batch);
        match dump {
            Dump::Links => {
                self.observed.clear();
                link::get_links(&mut writer, seq)
            }
            Dump::Addrs(purpose) => {
                if purpose == Purpose::Compare {
                    for addr in self.desired.addrs.iter_mut() {
                        addr.presence = Presence::Missing;
                    }
                }
                addr::get_addrs(&mut writer, seq, None)
            }
            Dump::Routes(purpose) => {
                let mut table = 0;
                if purpose == Purpose::Compare {
                    table = MAIN_TABLE;
                    for route in self.desired.routes.iter_mut() {
                        route.presence = Presence::Missing;
                        if route.route.table != MAIN_TABLE {
                            table = 0;
                        }
                    }
                }
                route::get_routes(&mut writer, seq, None, Some(table))
            }
        }
        .map_err(|Full| Errno::EMSGSIZE)?;
        host.send(writer.written())?;
        let mut dumped = Dumped::Whole;
        self.answers(host, &mut |engine, host, message| {
            if message.seq != seq {
                return None;
            }
            if message.flags & NLM_F_DUMP_INTR != 0 {
                dumped = Dumped::Interrupted;
            }
            match message.outcome() {
                Some(outcome) => Some(outcome.errno.map_or(Ok(()), Err)),
                None => {
                    engine.see(host, dump, message);
                    None
                }
            }
        })?;
        Ok(dumped)
    }

    /// Receives messages and passes them to `each` until it says how that ended.
    #[inline(never)]
    pub(super) fn answers(
        &mut self,
        host: &mut dyn Host,
        each: &mut Each<'_>,
    ) -> Result<(), Errno> {
        // The buffer leaves the engine for as long as its octets are looked at.
        let reply = core::mem::take(&mut self.buffers.reply);
        let ended = loop {
            let len = match host.receive(reply) {
                Ok(len) => len,
                Err(errno) => break Err(errno),
            };
            let mut messages = netlink::messages(reply.get(..len).unwrap_or_default());
            if let Some(ended) = messages.find_map(|message| each(self, host, &message)) {
                break ended;
            }
        };
        self.buffers.reply = reply;
        ended
    }

    fn see(&mut self, host: &mut dyn Host, dump: Dump, message: &Message<'_>) {
        match dump {
            Dump::Links => {
                if let Some(link) = &mut link::decode(message.payload) {
                    self.see_link(host, link, message.payload);
                }
            }
            Dump::Addrs(purpose) => {
                if let Some(addr) = &addr::decode(message.payload) {
                    self.see_addr(host, purpose, addr, message);
                }
            }
            Dump::Routes(purpose) => {
                if let Some(entry) = &route::decode(message.payload) {
                    self.see_route(purpose, entry, message);
                }
            }
        }
    }

    fn see_link(&mut self, host: &mut dyn Host, link: &mut Link, payload: &[u8]) {
        const FULL: Complaint = Complaint::error(Problem::MaxKernelLinks, Effect::LinkSkipped);
        let capacity = self.observed.links.capacity();
        let spare = capacity.saturating_sub(self.observed.links.len());
        // Near the end of the table only links that the configuration may mean are remembered.
        if spare <= MAX_LINKS.min(capacity / 2) && !self.is_mentioned(link) {
            return;
        }
        let ifindex = link.ifindex;
        link.settled =
            self.has_rule(link) || link.is_loopback() || host.is_settled(ifindex) == Settled::Yes;
        for name in link::altnames(payload) {
            let _ = self.observed.altnames.push(AltName { ifindex, name });
        }
        if self.observed.links.push(*link).is_err() {
            self.complain_of(host, FULL, Origin::NONE, &link.name);
        }
        let now = host.now();
        self.mark(ifindex, "seen", now);
    }

    /// Whether a MAC rule of ours names the link: then udev has no say in its name.
    fn has_rule(&self, link: &Link) -> bool {
        let mut rules = self.config.name_rules.iter();
        rules.any(|rule| link.has_mac(&rule.mac))
    }

    /// Whether the configuration may mean the link.
    fn is_mentioned(&self, link: &Link) -> bool {
        let Config {
            links, name_rules, ..
        } = &self.config;
        link.is_loopback()
            || self.has_rule(link)
            || links
                .iter()
                .any(|config| link.name.is(&config.name) || is_named_by(link, config))
            || name_rules.iter().any(|rule| rule.name == link.name)
    }

    fn see_addr(
        &mut self,
        host: &mut dyn Host,
        purpose: Purpose,
        seen: &addr::Addr,
        message: &Message<'_>,
    ) {
        const TAKEN: Complaint = Complaint::error(Problem::AddrTaken, Effect::None);
        if purpose != Purpose::Compare {
            let is_permanent = seen.flags & addr::IFA_F_PERMANENT != 0;
            let by_kernel =
                matches!(seen.addr.addr, IpAddr::V6(addr) if addr.is_unicast_link_local());
            if self.concerns(purpose, seen.ifindex) {
                self.take(purpose, message, is_permanent && !by_kernel);
            }
            return;
        }
        self.has_ipv6.seen(seen.addr.family());
        let marked = diff::mark_addr(&mut self.desired, seen);
        if seen.flags & addr::IFA_F_DADFAILED != 0
            && let Some(addr) = marked
            && addr.standing != Standing::Stale
        {
            let origin = addr.origin;
            self.complain_of(host, TAKEN, origin, &Ip(&seen.addr.addr));
            self.fail(seen.ifindex);
        }
    }

    fn see_route(&mut self, purpose: Purpose, seen: &Entry, message: &Message<'_>) {
        if purpose == Purpose::Compare {
            return diff::mark_route(&mut self.desired, seen);
        }
        let (concerns, protocol) = match seen {
            Entry::Route(ifindex, route) => (self.concerns(purpose, *ifindex), route.protocol),
            Entry::Other { protocol, .. } => {
                let mut hops = route::nexthops(message.payload);
                let concerns = hops.any(|ifindex| self.concerns(purpose, ifindex));
                (concerns, *protocol)
            }
        };
        if concerns {
            let by_kernel = protocol == RTPROT_KERNEL || protocol == RTPROT_RA;
            self.take(purpose, message, !by_kernel);
        }
    }

    /// Whether something of this link is looked for.
    #[inline(never)]
    fn concerns(&self, purpose: Purpose, ifindex: u32) -> bool {
        match purpose {
            Purpose::Compare => false,
            Purpose::Others(link) => ifindex == link,
            Purpose::Save => self.goes_down(ifindex),
        }
    }

    /// Takes note of something that is looked for.
    #[inline(never)]
    fn take(&mut self, purpose: Purpose, message: &Message<'_>, is_of_others: bool) {
        match purpose {
            Purpose::Save => self.save(message),
            Purpose::Compare | Purpose::Others(_) => self.others |= is_of_others,
        }
    }

    pub(super) fn observe_links(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        self.dump(host, Dump::Links)
    }

    /// Asks for addresses and routes; to be compared only where there is something to compare them with.
    #[inline(never)]
    pub(super) fn dump_things(
        &mut self,
        host: &mut dyn Host,
        purpose: Purpose,
    ) -> Result<(), Errno> {
        let is_idle = |is_empty| purpose == Purpose::Compare && is_empty;
        if !is_idle(self.desired.addrs.is_empty()) {
            self.dump(host, Dump::Addrs(purpose))?;
        }
        if !is_idle(self.desired.routes.is_empty()) {
            self.dump(host, Dump::Routes(purpose))?;
        }
        Ok(())
    }

    /// Looks at addresses and routes, where any are desired or stale, and compares.
    pub(super) fn observe_things(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        self.has_ipv6 = Ipv6::Absent;
        self.dump_things(host, Purpose::Compare)?;
        diff::diff(&self.desired, self.has_ipv6, &mut self.plan);
        Ok(())
    }
}

/// Appends one message to `buffer`, to be sent as a request later: its type, its length, its payload. A
/// route loses the flags that only the kernel may set.
pub(super) fn append_message(
    buffer: &mut VecView<u8>,
    message: &Message<'_>,
) -> Result<(), TableFull> {
    let len = u16::try_from(message.payload.len()).map_err(|_| TableFull)?;
    let [k0, k1] = message.kind.to_ne_bytes();
    let [l0, l1] = len.to_ne_bytes();
    let start = buffer.len().saturating_add(4);
    if buffer.capacity().saturating_sub(start) < message.payload.len() {
        return Err(TableFull);
    }
    let _ = buffer.extend_from_slice(&[k0, k1, l0, l1]);
    let _ = buffer.extend_from_slice(message.payload);
    if message.kind == RTM_NEWROUTE {
        route::clear_flags(buffer.get_mut(start..).unwrap_or_default());
    }
    Ok(())
}
