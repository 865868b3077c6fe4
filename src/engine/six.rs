//! IPv6 of managed links: routers that are listened to, servers of DHCPv6 that are asked, and addresses of which it is
//! found out whether somebody else has them ([`Addr6`]).
//!
//! The kernel forms addresses of what routers say, and has their routes. What is heard here says which servers there
//! are to ask, and what they are asked.

use super::describe6::settings;
use super::dhcp::{TAKEN, lessee_mut};
use super::observe::Asked;
use super::{Engine, Event, Host, Instant, Packet, remove};
use crate::diag::{Errno, Problem};
use crate::model::addr::{Cidr, Family, is_link_local};
use crate::model::advert::Advert;
use crate::model::config::{Dad, LinkConfig};
use crate::model::desired::{Presence, Standing, What, link_mut};
use crate::model::knob::Knob;
use crate::model::observed::Link;
use crate::plan::{Act, Phase};
use crate::proto::Addr6;
use crate::proto::dad::NEVER;
use crate::proto::dhcpv4::xorshift;
use crate::proto::dhcpv6::{Client, State};
use crate::wire::rtnetlink::Seen;
use crate::wire::rtnetlink::addr::{IFA_F_DADFAILED, IFA_F_TENTATIVE, is_usable};
use crate::wire::{icmpv6, ipv6};
use core::net::IpAddr;
use heapless::VecView;

impl Engine<'_> {
    /// Asks who has addresses, where it is time to; when there is something to do again.
    #[inline(never)]
    pub(super) fn probe_addrs(&mut self, host: &mut impl Host) -> Instant {
        let now = self.now;
        let mut until = NEVER;
        let mut n = 0_usize;
        while let Some(held) = self.addrs6.get_mut(n) {
            n = n.wrapping_add(1);
            let ifindex = held.ifindex;
            let mut sent = None;
            if let Some((addr, nonce)) = held.due(now) {
                let result = match self.observed.by_index(ifindex) {
                    Some(link) => {
                        let len = icmpv6::ask_duplicates(addr, nonce, self.buffers.datagram);
                        transmit(link, Packet::Ipv6, self.buffers.datagram, len, host)
                    }
                    None => Err(Errno::ENETDOWN),
                };
                held.sent(now, result);
                sent = Some(result);
            }
            until = until.min(held.deadline());
            if let Some(sent) = sent {
                self.note_sent(ifindex, Event::Probe6, sent, host);
            }
        }
        until
    }

    /// Takes what a neighbour said of an address, which may be one of ours: it goes at the next look.
    pub(super) fn hear_neighbor(&mut self, ifindex: u32, said: &Advert) {
        if let Some(link) = self.observed.by_index(ifindex) {
            let (said, mac) = (said.first(), link.mac.as_bytes());
            for held in self.addrs6.iter_mut() {
                if held.ifindex == ifindex {
                    self.look_again |= held.hear(said, mac);
                }
            }
        }
    }

    /// Somebody else has an address of ours: says so, to its server too.
    #[inline(never)]
    fn lose_addr6(&mut self, ifindex: u32, addr: &[u8; 16], host: &mut impl Host) {
        self.look_again = true;
        self.say(ifindex, TAKEN, addr, host);
        self.put_down(ifindex, Problem::AddrTaken);
        if let Some(lessee) = lessee_mut(self.lessees, ifindex)
            && lessee.client6.taken(self.now, addr, &mut lessee.lease6)
        {
            self.forget(ifindex, Family::V6, host);
        }
    }

    /// Has the kernel look for duplicates on a link, once we do not: what it formed comes back with the next
    /// advertisement.
    fn leave_to_kernel(&mut self, ifindex: u32, host: &mut impl Host) {
        let kernel_looks = |link: &Link| link.knobs.of(Knob::ACCEPT_DAD) != 0;
        let mut links = self.desired.links.iter();
        if let Some(n) = links.position(|link| link.ifindex == ifindex)
            && !self.observed.by_index(ifindex).is_some_and(kernel_looks)
        {
            self.set_knob(n as u32, Knob::ACCEPT_DAD, 1, host);
        }
    }

    /// Takes note of an IPv6 address that the kernel has, and of how it stands among what is desired.
    #[inline(never)]
    pub(super) fn see_addr6(&mut self, seen: &mut Seen, known: Option<bool>) {
        let (thing, flags) = (&mut seen.thing, seen.flags);
        let ifindex = thing.ifindex;
        let link = self.desired.link_mut(ifindex);
        let (Some(link), IpAddr::V6(addr)) = (link, &thing.route.dst.addr) else {
            return;
        };
        let Some(dad) = link.dad else {
            return;
        };
        if is_usable(flags) {
            if is_link_local(&thing.route.dst.addr) {
                link.local = Some(*addr);
            } else {
                self.mark(ifindex, Event::Address);
            }
        }
        let carries = |link: &Link| link.carries();
        if !self.observed.by_index(ifindex).is_some_and(carries) {
            return;
        }
        if find(self.addrs6, ifindex, &thing.route.dst).is_none() {
            // Of what was there before us, somebody else has found out.
            let mut next = NEVER;
            if dad == Dad::Background && self.when(ifindex, Event::Up).is_some() {
                next = self.now;
            }
            let chance = xorshift(&mut self.seed);
            let held = Addr6::new(ifindex, thing.route.dst, next, chance);
            // What has no room is not looked after.
            let _ = self.addrs6.push(held);
        }
        let Some(held) = find(self.addrs6, ifindex, &thing.route.dst) else {
            return;
        };
        (held.flags, held.is_there) = (flags, true);
        held.lives = [thing.valid_secs, thing.preferred_secs];
        held.is_ours = known == Some(true);
        if held.is_duplicate && known.is_none() {
            // Whoever made it: without room it stays until the next look.
            (thing.standing, thing.presence) = (Standing::Stale, Presence::Same);
            let _ = self.desired.things.add(thing);
        }
    }

    /// After addresses were looked at: what was not seen is gone. What somebody else has is told, to its server too; it
    /// is not desired, and is not to come back.
    #[inline(never)]
    pub(super) fn withdraw_duplicates(&mut self, host: &mut impl Host) {
        let mut n = 0_usize;
        while let Some(held) = self.addrs6.get_mut(n) {
            n = n.wrapping_add(1);
            let ifindex = held.ifindex;
            let carries = |link: &Link| link.carries();
            // Of one with a time of its own the kernel does not say that somebody else has it: it goes.
            held.is_duplicate |= held.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) != 0
                && (!held.is_there || held.flags & IFA_F_DADFAILED != 0)
                // Of a link that is not ours any more nothing is seen.
                && self.desired.link(ifindex).is_some()
                && self.observed.by_index(ifindex).is_some_and(carries);
            if held.is_duplicate
                && !held.is_told
                && let IpAddr::V6(addr) = &held.addr.addr
            {
                let octets = addr.octets();
                held.is_told = true;
                self.lose_addr6(ifindex, &octets, host);
            }
        }
        remove(self.addrs6, |held| !held.is_there && !held.is_duplicate);
        n = 0;
        while let Some(thing) = self.desired.things.get_mut(n) {
            n = n.wrapping_add(1);
            if thing.what != What::Addr {
                continue;
            }
            let ifindex = thing.ifindex;
            if thing.yields
                && let Some(link) = link_mut(self.desired.links, ifindex)
                && link.local.is_some()
            {
                // It needs none of ours.
                thing.presence = Presence::Same;
            }
            let held = find(self.addrs6, ifindex, &thing.route.dst);
            if held.is_some_and(|held| held.is_duplicate) {
                let is_static = thing.standing != Standing::Stale && !thing.leased && !thing.yields;
                thing.standing = Standing::Stale;
                if is_static {
                    self.fail(ifindex);
                }
            }
        }
    }

    /// The IPv6 addresses of a managed link that the kernel forms, or somebody else added.
    pub(crate) fn formed_on(&self, ifindex: u32) -> impl Iterator<Item = &Addr6> {
        let held = self.addrs6.iter();
        held.filter(move |held| held.ifindex == ifindex && !held.is_ours && !held.is_duplicate)
    }

    /// Whether somebody may still say that he has an address of ours.
    pub fn is_probing(&self) -> bool {
        self.addrs6.iter().any(Addr6::is_probing)
    }

    /// Whether we find out who else has addresses of a link.
    pub fn looks_after_addrs(&self) -> bool {
        let mut links = self.desired.links.iter();
        links.any(|link| link.dad == Some(Dad::Background))
    }

    /// Looks which addresses there are, and deletes what somebody else has; changes nothing else.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn withdraw(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.look_again = false;
        self.asked = Asked::Compare;
        self.dump(host, Some(What::Addr))?;
        self.withdraw_duplicates(host);
        let mut n = 0_usize;
        while let Some(held) = self.addrs6.get(n) {
            n = n.wrapping_add(1);
            if held.is_duplicate {
                self.leave_to_kernel(held.ifindex, host);
            }
        }
        self.plan.clear();
        for (thing, n) in self.desired.things.iter().zip(0..) {
            let goes = thing.standing == Standing::Stale && thing.presence == Presence::Same;
            if goes && thing.what == What::Addr {
                self.plan.push(Phase::DeleteAddresses, Act::Delete, n);
            }
        }
        if !self.plan.steps.is_empty() {
            self.send_plan(host)?;
            self.disown(host);
            self.publish_state(host);
        }
        self.attend(host);
        Ok(())
    }
}

/// What is known of an address of a link.
#[inline(never)]
fn find<'a>(addrs6: &'a mut VecView<Addr6>, ifindex: u32, addr: &Cidr) -> Option<&'a mut Addr6> {
    let mut held = addrs6.iter_mut();
    held.find(|held| held.ifindex == ifindex && held.addr == *addr)
}

/// Sends a packet of this length to all, or to the group it is for.
#[inline(never)]
pub(super) fn transmit(
    link: &Link,
    kind: Packet,
    packet: &[u8],
    len: usize,
    host: &mut impl Host,
) -> Result<(), Errno> {
    let packet = packet.get(..len).unwrap_or_default();
    let group;
    let to = match kind {
        Packet::Ipv6 => {
            group = ipv6::group_mac(packet, &link.broadcast);
            &group
        }
        Packet::Dhcp | Packet::Probe | Packet::Announcement => &link.broadcast,
    };
    host.transmit(link.ifindex, kind, to, packet)
}

/// Has the client of a link begin that has carrier and a link-local address; `flags` are those of routers.
#[inline(never)]
pub(super) fn start6(
    client: &mut Client,
    config: &LinkConfig,
    link: &Link,
    flags: u8,
    now: Instant,
    seed: u32,
) {
    let settings = settings(config, link, flags);
    // What needs no lease is not asked for where there is one.
    if settings.addrs && matches!(client.state(), State::Informing | State::Informed) {
        client.stop();
    }
    client.start(now, seed, &settings);
}
