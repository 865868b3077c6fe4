//! Dumps: strict, filtered where the kernel can, repeated when the tables changed under them.

use super::complain::say;
use super::{Engine, Event, Host, Settled};
use crate::diag::{Complaint, Effect, Errno, Problem};
use crate::limits::MAX_LINKS;
use crate::model::addr::is_link_local;
use crate::model::config::NameRule;
use crate::model::desired::{Presence, RTPROT_KERNEL, What};
use crate::model::observed::{AltName, Link};
use crate::model::route::MAIN_TABLE;
use crate::model::route::RouteKind;
use crate::plan::diff;
use crate::plan::resolve::is_spoken_of;
use crate::wire::netlink::{self, Full, Message, NLM_F_DUMP_INTR, Writer};
use crate::wire::rtnetlink::{
    self, RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE, RTM_GETRULE, RTM_NEWADDR, RTM_NEWLINK,
    RTM_NEWROUTE, RTM_NEWRULE, Seen, addr, link, route,
};
use heapless::VecView;

/// Made by the kernel as a router advertisement says.
const RTPROT_RA: u8 = 9;

/// How often a dump that was interrupted is repeated before what it gave is taken.
const DUMP_TRIES: u32 = 10;

/// What the answers to the last datagram are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Links, for [`Engine::observed`].
    Links,
    /// Addresses or routes, to be compared with the desired ones.
    Compare,
    /// Addresses or routes, of which those that somebody made on the link that goes down are looked for.
    Others,
    /// Addresses or routes, which go into the restore buffer as octets.
    Save,
    /// What became of the plan's steps, from [`Engine::first_step`] on.
    Steps,
}

/// Numbers of links that we leave free behind those that there are: a module that the kernel loads for a link of ours
/// makes some of its own first (`tunl0`, `gre0`, `gretap0`, `erspan0`).
const SPARE_INDEXES: u32 = 16;

/// Adds a link, if there is room. (What `push` answers would be taken apart before it is copied.)
#[inline(never)]
fn push(links: &mut VecView<Link>, link: &Link) -> bool {
    let has_room = links.len() < links.capacity();
    let _ = links.push(*link);
    has_room
}

impl Engine<'_> {
    /// Asks for what [`Engine::asked`] says, of this sort or links. An interrupted dump is repeated.
    #[inline(never)]
    pub(super) fn dump(&mut self, host: &mut impl Host, what: Option<What>) -> Result<(), Errno> {
        let get = match what {
            None => RTM_GETLINK,
            Some(What::Addr) => RTM_GETADDR,
            Some(What::Route) => RTM_GETROUTE,
            Some(What::Rule) => RTM_GETRULE,
        };
        let kept = self.buffers.restore.len();
        for _ in 0..DUMP_TRIES {
            self.buffers.restore.truncate(kept);
            let mut table = 0;
            match what {
                None => self.forget_links(),
                Some(what) if self.asked == Asked::Compare => table = self.forget_presence(what),
                Some(_) => {}
            }
            let seq = self.seq.wrapping_add(1);
            (self.seq, self.first_seq) = (seq, seq);
            let mut writer = Writer::new(self.buffers.datagram);
            rtnetlink::get(&mut writer, seq, get, table).map_err(|Full| Errno::EMSGSIZE)?;
            host.send(writer.written())?;
            self.was_interrupted = false;
            self.answers(host)?;
            if !self.was_interrupted {
                break;
            }
        }
        Ok(())
    }

    /// Takes nothing of what is compared for seen; the table that all routes are in, 0 for several.
    fn forget_presence(&mut self, what: What) -> u32 {
        let mut table = match what {
            What::Addr | What::Rule => 0,
            What::Route => MAIN_TABLE,
        };
        if what == What::Addr {
            for held in self.addrs6.iter_mut() {
                held.is_there = false;
            }
        }
        for thing in self.desired.things.iter_mut() {
            if thing.what == what {
                thing.presence = Presence::Missing;
                if thing.route.table != MAIN_TABLE {
                    table = 0;
                }
            }
        }
        table
    }

    /// Receives the answers to the requests from [`Engine::first_seq`] on until the last one,
    /// [`Engine::seq`], is answered.
    #[inline(never)]
    pub(super) fn answers(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        // The buffer leaves the engine for as long as its octets are looked at.
        let reply = core::mem::take(&mut self.buffers.datagram);
        let ended = self.answers_in(reply, host);
        self.buffers.datagram = reply;
        ended
    }

    fn answers_in(&mut self, reply: &mut [u8], host: &mut impl Host) -> Result<(), Errno> {
        let mut collected = Ok(());
        loop {
            let len = host.receive(reply)?;
            self.now = host.now();
            for message in netlink::messages(reply.get(..len).unwrap_or_default()) {
                self.port = message.port;
                let number = message.seq.wrapping_sub(self.first_seq);
                if number > self.seq.wrapping_sub(self.first_seq) {
                    continue;
                }
                self.was_interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
                let Some(outcome) = message.outcome() else {
                    self.see(host, &message);
                    continue;
                };
                if let Some(errno) = outcome.errno {
                    let refused = self.refused(host, number, errno, outcome.said);
                    collected = collected.and(refused);
                }
                if message.seq == self.seq {
                    return collected;
                }
            }
        }
    }

    #[inline(never)]
    fn see(&mut self, host: &mut impl Host, message: &Message<'_>) {
        let what = match message.kind {
            RTM_NEWLINK => {
                if let Some(link) = &mut link::decode(message.payload) {
                    self.see_link(host, link, message.payload);
                }
                return;
            }
            RTM_NEWADDR => What::Addr,
            RTM_NEWROUTE => What::Route,
            RTM_NEWRULE => What::Rule,
            _ => return,
        };
        let mut seen = Seen::nothing();
        if seen.read(what, message.payload).is_some() {
            self.see_thing(&mut seen, message);
        }
    }

    #[inline(never)]
    fn see_link(&mut self, host: &mut impl Host, link: &mut Link, payload: &[u8]) {
        const FULL: Complaint = Complaint::error(Problem::MaxKernelLinks, Effect::LinkSkipped);
        let spare = link.ifindex.saturating_add(SPARE_INDEXES);
        self.observed.last_index = self.observed.last_index.max(spare);
        let capacity = self.observed.links.capacity();
        let spare = capacity.wrapping_sub(self.observed.links.len());
        // Near the end of the table only links that the configuration may mean are remembered.
        let has_rule = self.has_rule(link);
        let is_spoken_of = is_spoken_of(&self.config, link);
        let is_meant = has_rule || is_spoken_of || self.is_mentioned(link);
        if spare <= MAX_LINKS.min(capacity / 2) && !is_meant {
            return;
        }
        let ifindex = link.ifindex;
        link.settled = has_rule || link.is_loopback() || host.is_settled(ifindex) == Settled::Yes;
        link.digest = link::digest(payload).map_or(0, |(_, digest)| digest);
        for name in link::altnames(payload) {
            let _ = self.observed.altnames.push(AltName { ifindex, name });
        }
        if is_spoken_of {
            const NO_INFO: Complaint = Complaint::warning(Problem::MaxInfo, Effect::None);
            let info = link::info(payload);
            if self.observed.keep_info(link, info).is_err() {
                say(host, NO_INFO, &link.name);
            }
        }
        if !push(self.observed.links, link) {
            say(host, FULL, &link.name);
        }
        self.mark(ifindex, Event::Seen);
    }

    /// Whether a MAC rule of ours names the link: then udev has no say in its name.
    fn has_rule(&self, link: &Link) -> bool {
        let mut rules = self.config.name_rules.iter();
        rules.any(|rule| rule.name.is_some() && !rule.mac.is_unset() && link.has_mac(&rule.mac))
    }

    /// Whether the configuration names the link.
    fn is_mentioned(&self, link: &Link) -> bool {
        let is_meant = |rule: &NameRule| link.name.is(&rule.name);
        link.is_loopback()
            || self.config.named(&link.name).is_some()
            || self.config.name_rules.iter().any(is_meant)
    }

    #[inline(never)]
    fn see_thing(&mut self, seen: &mut Seen, message: &Message<'_>) {
        let thing = &seen.thing;
        let (addr, protocol) = (&thing.route.dst.addr, thing.route.protocol);
        if self.asked == Asked::Compare {
            let known = diff::mark(
                &mut self.desired,
                seen,
                message.payload,
                &self.config,
                &self.observed,
            );
            if thing.what == What::Addr {
                self.see_addr6(seen, known);
            }
            return;
        }
        // The kernel has those of addresses again as soon as it has the addresses.
        let is_of_addr = thing.what == What::Route
            && protocol == RTPROT_KERNEL
            && matches!(
                thing.route.kind,
                RouteKind::Local | RouteKind::Broadcast | RouteKind::Multicast
            );
        let concerns = match seen.is_plain {
            true => !is_of_addr && self.concerns(thing.oif()),
            false => {
                let attrs = message.payload.get(route::HEADER..).unwrap_or_default();
                route::nexthops(attrs).any(|ifindex| self.concerns(ifindex))
            }
        };
        if concerns {
            let mut is_ours = false;
            self.desired.things.each(thing, &mut |_| is_ours = true);
            let by_kernel = match thing.what {
                What::Addr => seen.flags & addr::IFA_F_PERMANENT == 0 || is_link_local(addr),
                What::Route | What::Rule => protocol == RTPROT_KERNEL || protocol == RTPROT_RA,
            };
            self.take(message, !by_kernel && !is_ours);
        }
    }

    /// Whether something of this link is looked for.
    #[inline(never)]
    fn concerns(&self, ifindex: u32) -> bool {
        match self.asked {
            Asked::Others => self.examined == ifindex,
            Asked::Save => self.goes_down(ifindex),
            Asked::Links | Asked::Compare | Asked::Steps => false,
        }
    }

    /// Takes note of something that is looked for.
    fn take(&mut self, message: &Message<'_>, is_of_others: bool) {
        match self.asked {
            Asked::Save => self.save(message),
            Asked::Links | Asked::Compare | Asked::Others | Asked::Steps => {
                self.others |= is_of_others;
            }
        }
    }

    /// Looks at the links, where any may have changed since they were last looked at.
    #[inline(never)]
    pub(super) fn observe_links(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.now = host.now();
        if self.is_offline {
            self.imagine_links();
            return Ok(());
        }
        // What changes from here on is told again.
        self.listen(host);
        self.links_changed |= host.have_links_changed();
        (self.is_news, self.look_again) = (false, false);
        self.is_calm = !core::mem::take(&mut self.links_changed) && !self.observed.links.is_empty();
        if self.is_calm {
            return Ok(());
        }
        self.look_at_links(host)
    }

    /// Looks at the links. What was told of them until now is still told.
    pub(super) fn look_at_links(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.asked = Asked::Links;
        let looked = self.dump(host, None);
        match looked {
            Ok(()) => self.watch_links(host),
            Err(_) => self.forget_links(),
        }
        looked
    }

    /// Forgets the kernel's links.
    #[inline(never)]
    pub(super) fn forget_links(&mut self) {
        self.observed.clear();
    }

    /// Asks for addresses and routes; to be compared only where there is something to compare them with. Rules are
    /// looked at in this case only: they are not lost with a link.
    #[inline(never)]
    pub(super) fn dump_things(&mut self, host: &mut impl Host, asked: Asked) -> Result<(), Errno> {
        self.asked = asked;
        for &what in What::ALL {
            let mut things = self.desired.things.iter();
            // Of managed links all addresses are looked at.
            let is_all = what == What::Addr || asked != Asked::Compare && what != What::Rule;
            if is_all || things.any(|thing| thing.what == what) {
                self.dump(host, Some(what))?;
            }
        }
        Ok(())
    }

    /// Looks at addresses and routes, where any are desired or stale, and compares.
    pub(super) fn observe_things(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        if !self.is_offline {
            self.dump_things(host, Asked::Compare)?;
            self.withdraw_duplicates(host);
            self.respect_removals(host);
        }
        diff::diff(&self.desired, &mut self.plan);
        Ok(())
    }
}
