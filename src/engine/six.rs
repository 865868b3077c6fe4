//! IPv6 of managed links: routers that are listened to, servers of DHCPv6 that are asked, and addresses of which it is
//! found out whether somebody else has them ([`Addr6`]).
//!
//! The kernel forms addresses of what routers say, and has their routes. What is heard here says which servers there
//! are to ask, and what they are asked.

use super::describe6::settings;
use super::dhcp::TAKEN;
use super::observe::Asked;
use super::{Engine, Event, Host, Instant, Packet, remove};
use crate::diag::{Errno, Origin, Problem};
use crate::model::addr::is_link_local;
use crate::model::advert::{Advert, MANAGED};
use crate::model::config::{Dad, LinkConfig, Method};
use crate::model::desired::{Desired, Presence, Standing, Thing, What};
use crate::model::observed::Link;
use crate::plan::{Act, Phase};
use crate::proto::dad::{self, Check, RETRANS_MS};
use crate::proto::dhcpv4::xorshift;
use crate::proto::dhcpv6::State;
use crate::proto::{Addr6, Lessee};
use crate::wire::rtnetlink::Seen;
use crate::wire::rtnetlink::addr::is_usable;
use crate::wire::{icmpv6, ipv6};
use core::net::IpAddr;

impl Engine<'_> {
    /// Asks who has addresses, where it is time to; when there is something to do again.
    pub(super) fn probe_addrs(&mut self, host: &mut impl Host) -> Instant {
        let now = self.now;
        let mut until = Instant(u64::MAX);
        let mut n = 0_usize;
        while let Some(held) = self.addrs6.get_mut(n) {
            let check = &mut held.check;
            let due = check.due(now);
            if let dad::Due::Probe(nonce) = due
                && let Some(link) = self.observed.by_index(check.ifindex)
            {
                let len = icmpv6::ask_duplicates(&check.addr, &nonce, self.buffers.datagram);
                let sent = transmit(link, self.buffers.datagram, len, host);
                check.sent(now, sent);
            }
            until = until.min(check.deadline());
            n = n.wrapping_add(1);
            if due != dad::Due::Nothing && due != dad::Due::Unique {
                let ifindex = check.ifindex;
                self.note(ifindex, Event::Probe6, host);
            }
        }
        until
    }

    /// Takes what a neighbour said of an address. Where it is one of ours it goes, and its server is told.
    #[inline(never)]
    pub(super) fn hear_neighbor(&mut self, ifindex: u32, said: &Advert, host: &mut impl Host) {
        let Some(link) = self.observed.by_index(ifindex) else {
            return;
        };
        let mac = link.mac.as_bytes();
        let mut held = self.addrs6.iter_mut();
        let taken = held.find_map(|Addr6 { check, .. }| {
            (check.ifindex == ifindex && check.hear(said, mac)).then_some(check.addr)
        });
        let Some(addr) = taken else {
            return;
        };
        self.look_again = true;
        self.say(ifindex, TAKEN, &addr.octets(), host);
        self.put_down(ifindex, Problem::AddrTaken);
        let mut lessees = self.lessees.iter_mut();
        if let Some(n) = lessees.position(|lessee| lessee.ifindex == ifindex) {
            if let Some(lessee) = self.lessees.get_mut(n) {
                lessee.client6.taken(self.now, addr, &mut lessee.lease6);
            }
            self.attend_to(n, host);
        }
    }

    /// Takes note of an IPv6 address that the kernel has.
    #[inline(never)]
    pub(super) fn see_addr6(&mut self, seen: &Seen, is_ours: bool) {
        let thing = &seen.thing;
        let (ifindex, addr) = (thing.ifindex, thing.route.dst);
        let IpAddr::V6(host_addr) = addr.addr else {
            return;
        };
        let Some(link) = self.desired.link_mut(ifindex) else {
            return;
        };
        let Some(dad) = link.dad else {
            return;
        };
        let flags = seen.flags;
        let is_usable = is_usable(flags);
        let is_local = is_link_local(&addr.addr);
        if is_usable && is_local {
            link.local = Some(host_addr);
        }
        let has_carrier = |link: &Link| link.has_carrier();
        if !self.observed.by_index(ifindex).is_some_and(has_carrier) {
            return;
        }
        let is_it = |held: &&mut Addr6| held.check.ifindex == ifindex && held.addr == addr;
        let held = match self.addrs6.iter_mut().find(is_it) {
            Some(held) => held,
            None => {
                let times = u8::from(dad == Dad::Background);
                let seed = xorshift(&mut self.seed);
                let check = Check::new(ifindex, host_addr, self.now, seed, (times, RETRANS_MS));
                let held = Addr6 {
                    addr,
                    check,
                    flags,
                    valid_secs: 0,
                    preferred_secs: 0,
                    is_ours,
                    is_there: true,
                };
                // What has no room is not looked after.
                let _ = self.addrs6.push(held);
                match self.addrs6.last_mut() {
                    Some(held) => held,
                    None => return,
                }
            }
        };
        (held.flags, held.is_there, held.is_ours) = (flags, true, is_ours);
        (held.valid_secs, held.preferred_secs) = (thing.valid_secs, thing.preferred_secs);
        if is_usable && !is_local {
            self.mark(ifindex, Event::Address);
        }
    }

    /// Before addresses are looked at: none was seen.
    pub(super) fn forget_addrs6(&mut self) {
        for held in self.addrs6.iter_mut() {
            held.is_there = false;
        }
    }

    /// After that: what was not seen is gone. What somebody else has is not to come back. A link that has another
    /// link-local address needs none of ours.
    pub(super) fn drop_addrs6(&mut self) {
        let Desired { links, things } = &mut self.desired;
        for link in links.iter().filter(|link| link.local.is_some()) {
            for thing in things.iter_mut() {
                if thing.is_own_local() && thing.ifindex == link.ifindex {
                    thing.presence = Presence::Same;
                }
            }
        }
        remove(self.addrs6, |held| {
            !held.is_there && held.check.state() != dad::State::Duplicate
        });
    }

    /// Remembers the link-local addresses that were just added.
    pub(super) fn take_locals(&mut self) {
        let Desired { links, things } = &mut self.desired;
        for step in self.plan.steps.iter() {
            if step.act == Act::Add
                && step.errno.is_none()
                && let Some(thing) = things.get(step.n as usize)
                && thing.is_own_local()
                && let IpAddr::V6(addr) = thing.route.dst.addr
            {
                for link in links.iter_mut() {
                    if link.ifindex == thing.ifindex {
                        link.local = Some(addr);
                    }
                }
            }
        }
    }

    /// The IPv6 addresses of a managed link that the kernel forms, or somebody else added.
    pub(crate) fn formed_on(&self, ifindex: u32) -> impl Iterator<Item = &Addr6> {
        let held = self.addrs6.iter();
        held.filter(move |held| held.check.ifindex == ifindex && !held.is_ours)
    }

    /// Whether somebody may still say that he has an address of ours.
    pub fn is_probing(&self) -> bool {
        let mut held = self.addrs6.iter();
        held.any(|held| held.check.state() == dad::State::Probing)
    }

    /// Whether there may be addresses of which we find out whether somebody else has them; where there are, they are
    /// looked at once more: the last look saw those only that were there before it.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn look_at_addrs(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.forget_addrs6();
        self.asked = Asked::Compare;
        let looked = self.dump(host, Some(What::Addr));
        self.drop_addrs6();
        looked
    }

    /// Whether we find out who else has addresses of a link.
    pub fn looks_after_addrs(&self) -> bool {
        let mut links = self.desired.links.iter();
        links.any(|link| link.dad == Some(Dad::Background))
    }

    /// Deletes what somebody else has, and changes nothing else.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn withdraw(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.look_again = false;
        self.plan.clear();
        self.withdraw_duplicates();
        for (thing, n) in self.desired.things.iter().zip(0..) {
            let is_it = |held: &Addr6| {
                held.check.state() == dad::State::Duplicate
                    && held.check.ifindex == thing.ifindex
                    && held.addr == thing.route.dst
            };
            if thing.what == What::Addr && self.addrs6.iter().any(is_it) {
                self.plan.push(Phase::DeleteAddresses, Act::Delete, n);
            }
        }
        if !self.plan.steps.is_empty() {
            self.send_plan(host)?;
            self.disown(host);
            self.publish_state(host);
        }
        Ok(())
    }

    /// What somebody else has is not desired, and goes, whoever made it.
    pub(super) fn withdraw_duplicates(&mut self) {
        let mut n = 0_usize;
        while let Some(held) = self.addrs6.get(n) {
            if held.check.state() == dad::State::Duplicate {
                let ifindex = held.check.ifindex;
                let origin = self
                    .desired
                    .link(ifindex)
                    .map_or(Origin::NONE, |link| link.origin);
                let mut stale = Thing::addr(ifindex, &held.addr, &None, origin);
                stale.standing = Standing::Stale;
                let (mut is_known, mut is_static) = (false, false);
                self.desired.things.each(&stale, &mut |thing| {
                    is_known = true;
                    is_static |=
                        thing.standing != Standing::Stale && !thing.leased && !thing.yields;
                    thing.standing = Standing::Stale;
                });
                if !is_known {
                    // Without room it stays until the next look.
                    let _ = self.desired.things.add(&stale);
                }
                if is_static {
                    self.fail(ifindex);
                }
            }
            n = n.wrapping_add(1);
        }
    }
}

/// Sends a packet of this length to the group it is for.
#[inline(never)]
pub(super) fn transmit(
    link: &Link,
    packet: &[u8],
    len: usize,
    host: &mut impl Host,
) -> Result<(), Errno> {
    let packet = packet.get(..len).unwrap_or_default();
    let to = ipv6::group_mac(packet, &link.broadcast);
    host.transmit(link.ifindex, Packet::Ipv6, &to, packet)
}

/// Has the clients of a lessee begin whose link has carrier and a link-local address.
pub(super) fn start6(
    lessee: &mut Lessee,
    config: &LinkConfig,
    link: &Link,
    now: Instant,
    seed: u32,
) {
    lessee.ndisc.start(now, seed);
    let mut flags = lessee.ndisc.flags();
    if config.ipv6.method == Method::Dhcp {
        flags = MANAGED;
    }
    let settings = settings(config, link, flags);
    let client = &mut lessee.client6;
    if flags != 0 {
        // What needs no lease is not asked for where there is one.
        if settings.addrs && matches!(client.state(), State::Informing | State::Informed) {
            client.stop();
        }
        client.start(now, seed, &settings);
    }
}
