//! Dumps: strict, filtered where the kernel can, repeated when the tables changed under them.

use super::{Engine, Host, Settled};
use crate::diag::{Effect, Errno, Origin, Problem, Severity};
use crate::limits::MAX_LINKS;
use crate::model::config::{LinkConfig, LinkMatch};
use crate::model::desired::Presence;
use crate::model::link::Mac;
use crate::model::observed::{AltName, Link};
use crate::model::route::MAIN_TABLE;
use crate::plan::Full as TableFull;
use crate::plan::diff::{self, Ipv6};
use crate::wire::netlink::{self, Full, Message, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, Writer};
use crate::wire::rtnetlink::{RTM_NEWROUTE, addr, link, route};
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
pub(super) enum Dump {
    /// Links into [`Engine::observed`].
    Links,
    /// Addresses, compared as they pass.
    Addrs,
    /// Routes of a table (0: all), compared as they pass.
    Routes(u32),
    /// Addresses, compared with the stale ones.
    StaleAddrs,
    /// Routes, compared with the stale ones.
    StaleRoutes,
    /// Addresses of this link that somebody gave it.
    OthersAddrs(u32),
    /// Routes over this link that somebody made.
    OthersRoutes(u32),
    /// Addresses as octets into the restore buffer.
    SaveAddrs,
    /// Routes as octets into the restore buffer.
    SaveRoutes,
}

/// How a dump ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dumped {
    Whole,
    Interrupted,
}

impl Engine<'_> {
    pub(super) fn dump(&mut self, host: &mut dyn Host, dump: Dump) -> Result<(), Errno> {
        // The buffer leaves the engine for as long as its octets are looked at.
        let reply = core::mem::take(&mut self.buffers.reply);
        let kept = self.buffers.restore.len();
        let mut result = Ok(Dumped::Interrupted);
        for _ in 0..DUMP_TRIES {
            self.buffers.restore.truncate(kept);
            result = self.dump_once(host, dump, reply);
            if result != Ok(Dumped::Interrupted) {
                break;
            }
        }
        self.buffers.reply = reply;
        result.map(|_| ())
    }

    fn dump_once(
        &mut self,
        host: &mut dyn Host,
        dump: Dump,
        reply: &mut [u8],
    ) -> Result<Dumped, Errno> {
        let seq = self.next_seq();
        let mut writer = Writer::new(self.buffers.batch);
        match dump {
            Dump::Links => {
                self.observed.clear();
                link::get_links(&mut writer, seq)
            }
            Dump::Addrs => {
                self.desired
                    .addrs
                    .iter_mut()
                    .for_each(|addr| addr.presence = Presence::Missing);
                addr::get_addrs(&mut writer, seq, None)
            }
            Dump::Routes(table) => {
                self.desired
                    .routes
                    .iter_mut()
                    .for_each(|route| route.presence = Presence::Missing);
                route::get_routes(
                    &mut writer,
                    seq,
                    None,
                    Some(table).filter(|table| *table != 0),
                )
            }
            Dump::SaveAddrs | Dump::StaleAddrs | Dump::OthersAddrs(_) => {
                addr::get_addrs(&mut writer, seq, None)
            }
            Dump::SaveRoutes | Dump::StaleRoutes | Dump::OthersRoutes(_) => {
                route::get_routes(&mut writer, seq, None, None)
            }
        }
        .map_err(|Full| Errno::EMSGSIZE)?;
        host.send(writer.written())?;
        let mut dumped = Dumped::Whole;
        loop {
            let len = host.receive(reply)?;
            for message in netlink::messages(reply.get(..len).unwrap_or_default()) {
                if message.seq != seq {
                    continue;
                }
                if message.flags & NLM_F_DUMP_INTR != 0 {
                    dumped = Dumped::Interrupted;
                }
                match message.kind {
                    NLMSG_DONE | NLMSG_ERROR => {
                        let errno = message.outcome().and_then(|outcome| outcome.errno);
                        return errno.map_or(Ok(dumped), Err);
                    }
                    _ => self.see(host, dump, &message),
                }
            }
        }
    }

    fn see(&mut self, host: &mut dyn Host, dump: Dump, message: &Message<'_>) {
        match dump {
            Dump::Links => {
                if let Some(link) = link::decode(message.payload) {
                    self.see_link(host, link, message.payload);
                }
            }
            Dump::Addrs => {
                if let Some(addr) = addr::decode(message.payload) {
                    self.has_ipv6.seen(addr.addr.family());
                    self.see_addr(host, &addr);
                }
            }
            Dump::Routes(_) => {
                if let Some(entry) = route::decode(message.payload) {
                    diff::mark_route(&mut self.desired, &entry);
                }
            }
            Dump::OthersAddrs(ifindex) => {
                let is_given = |seen: addr::Addr| {
                    let v6 =
                        matches!(seen.addr.addr, IpAddr::V6(addr) if addr.is_unicast_link_local());
                    let is_permanent = seen.flags & addr::IFA_F_PERMANENT != 0;
                    seen.ifindex == ifindex && is_permanent && !v6
                };
                self.others |= addr::decode(message.payload).is_some_and(is_given);
            }
            Dump::OthersRoutes(ifindex) => {
                if let Some(route::Entry::Route(oif, route)) = route::decode(message.payload) {
                    let by_kernel = [RTPROT_KERNEL, RTPROT_RA].contains(&route.protocol);
                    self.others |= oif == ifindex && !by_kernel;
                }
            }
            Dump::StaleAddrs => {
                if let Some(addr) = addr::decode(message.payload) {
                    self.see_stale_addr(&addr);
                }
            }
            Dump::StaleRoutes => {
                if let Some(route::Entry::Route(ifindex, route)) = route::decode(message.payload) {
                    self.see_stale_route(ifindex, &route);
                }
            }
            Dump::SaveAddrs => {
                if addr::decode(message.payload).is_some_and(|addr| self.goes_down(addr.ifindex)) {
                    self.save(message);
                }
            }
            Dump::SaveRoutes => {
                if let Some(route::Entry::Route(ifindex, _)) = route::decode(message.payload)
                    && self.goes_down(ifindex)
                {
                    self.save(message);
                }
            }
        }
    }

    fn see_link(&mut self, host: &mut dyn Host, mut link: Link, payload: &[u8]) {
        let spare = self
            .observed
            .links
            .capacity()
            .saturating_sub(self.observed.links.len());
        // Near the end of the table only links that the configuration may mean are remembered.
        if spare <= MAX_LINKS.min(self.observed.links.capacity() / 2) && !self.is_mentioned(&link) {
            return;
        }
        link.settled = self.has_rule(&link)
            || link.is_loopback()
            || host.is_settled(link.ifindex) == Settled::Yes;
        for name in link::altnames(payload) {
            let _ = self.observed.altnames.push(AltName {
                ifindex: link.ifindex,
                name,
            });
        }
        if self.observed.links.push(link).is_err() {
            let problem = Problem::Full("MAX_KERNEL_LINKS");
            self.complain(
                host,
                Severity::Error,
                Origin::NONE,
                &link.name,
                problem,
                Effect::LinkSkipped,
            );
        }
        let now = host.now();
        self.mark(link.ifindex, "seen", now);
    }

    /// Whether a MAC rule of ours names the link: then udev has no say in its name.
    fn has_rule(&self, link: &Link) -> bool {
        let is_it = |mac| mac == link.mac || mac == link.perm_mac;
        self.config.name_rules.iter().any(|rule| is_it(rule.mac))
    }

    /// Whether the configuration may mean the link.
    fn is_mentioned(&self, link: &Link) -> bool {
        let is_mac = |mac: Mac| mac == link.mac || mac == link.perm_mac;
        let is_meant = |config: &LinkConfig| match config.matches {
            LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) if is_mac(mac) => true,
            LinkMatch::Name(_) | LinkMatch::Mac(_) | LinkMatch::Bootif(_) | LinkMatch::Any => {
                config.name == Some(link.name)
            }
        };
        link.is_loopback()
            || self.has_rule(link)
            || self.config.links.iter().any(is_meant)
            || self
                .config
                .name_rules
                .iter()
                .any(|rule| rule.name == link.name)
    }

    fn see_addr(&mut self, host: &mut dyn Host, seen: &addr::Addr) {
        let Some(at) = diff::mark_addr(&mut self.desired, seen) else {
            return;
        };
        if seen.flags & addr::IFA_F_DADFAILED == 0 {
            return;
        }
        let Some(origin) = self.desired.addrs.get(at).map(|addr| addr.origin) else {
            return;
        };
        let problem = Problem::Says("somebody else on the link has this address");
        self.complain(
            host,
            Severity::Error,
            origin,
            &seen.addr.addr,
            problem,
            Effect::None,
        );
        self.fail(seen.ifindex);
    }

    pub(super) fn observe_links(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        self.dump(host, Dump::Links)
    }

    pub(super) fn observe_addrs(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        self.has_ipv6 = Ipv6::Absent;
        match self.desired.addrs.is_empty() {
            true => Ok(()),
            false => self.dump(host, Dump::Addrs),
        }
    }

    pub(super) fn observe_routes(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        if self.desired.routes.is_empty() {
            return Ok(());
        }
        let only_main = self
            .desired
            .routes
            .iter()
            .all(|route| route.route.table == MAIN_TABLE);
        self.dump(host, Dump::Routes(if only_main { MAIN_TABLE } else { 0 }))
    }
}

/// Appends one message to `buffer`, to be sent as a request later: its type, its length, its payload. A
/// route loses the flags that only the kernel may set (`RTNH_F_DEAD`, `RTNH_F_LINKDOWN`, ...).
pub(super) fn append_message(
    buffer: &mut VecView<u8>,
    message: &Message<'_>,
) -> Result<(), TableFull> {
    let len = u16::try_from(message.payload.len()).map_err(|_| TableFull)?;
    let [k0, k1] = message.kind.to_ne_bytes();
    let [l0, l1] = len.to_ne_bytes();
    let room = buffer.capacity().saturating_sub(buffer.len());
    if room < message.payload.len().saturating_add(4) {
        return Err(TableFull);
    }
    let start = buffer.len().saturating_add(4);
    let _ = buffer.extend_from_slice(&[k0, k1, l0, l1]);
    let _ = buffer.extend_from_slice(message.payload);
    let flags = start.saturating_add(8)..start.saturating_add(12);
    if message.kind == RTM_NEWROUTE
        && let Some(flags) = buffer.get_mut(flags)
        && let Ok(octets) = <[u8; 4]>::try_from(&*flags)
    {
        let kept = u32::from_ne_bytes(octets) & route::RTNH_F_ONLINK;
        flags.copy_from_slice(&kept.to_ne_bytes());
    }
    Ok(())
}
