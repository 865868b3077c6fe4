//! IPv6 of managed links: routers that are listened to, servers of DHCPv6 that are asked, and addresses of which it is
//! found out whether somebody else has them ([`Addr6`]).
//!
//! The kernel forms addresses of what routers say, and has their routes. What is heard here says which servers there
//! are to ask, and what they are asked.

use super::describe6::{describe, duid, settings};
use super::dhcp::{ENDED, TAKEN};
use super::leases::{KEPT, QUESTIONS};
use super::observe::Asked;
use super::{Engine, Event, Host, Instant, Packet, remove};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::addr::{Family, is_link_local};
use crate::model::advert::{Advert, MANAGED};
use crate::model::config::{Dad, LinkConfig, Method};
use crate::model::desired::{Desired, Presence, Standing, Thing, What};
use crate::model::lease6::Lease6;
use crate::model::observed::Link;
use crate::plan::{Act, Phase};
use crate::proto::dad::{self, Check, RETRANS_MS};
use crate::proto::dhcpv4::xorshift;
use crate::proto::dhcpv6::{self, Heard, Message, State};
use crate::proto::{Addr6, Lessee, ndisc, slaac};
use crate::wire::dhcpv6::{Request, build};
use crate::wire::rtnetlink::Seen;
use crate::wire::rtnetlink::addr::is_usable;
use crate::wire::{icmpv6, ipv6};
use core::net::{IpAddr, Ipv6Addr};

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

    /// Does the next thing that lessee `n` has to do by IPv6; whether there was one.
    #[inline(never)]
    pub(super) fn step6(&mut self, n: usize, host: &mut impl Host) -> bool {
        let now = self.now;
        let Some(lessee) = self.lessees.get_mut(n) else {
            return false;
        };
        let ifindex = lessee.ifindex;
        let ndisc = &mut lessee.ndisc;
        match ndisc.due(now) {
            ndisc::Due::Nothing => {}
            ndisc::Due::Solicit => {
                let Some(link) = self.observed.by_index(ifindex) else {
                    return false;
                };
                let local = self.desired.link(ifindex).and_then(|link| link.local);
                let local = local.unwrap_or(Ipv6Addr::UNSPECIFIED);
                let len = icmpv6::ask_routers(&local, &link.mac, self.buffers.datagram);
                let sent = transmit(link, self.buffers.datagram, len, host);
                ndisc.sent(now, sent);
                // A router that was not there is not waited for any more.
                self.look_again |= ndisc.tries() == QUESTIONS + 1;
                self.note_sent(ifindex, Event::Solicit, sent, host);
                return true;
            }
            ndisc::Due::Changed => {
                self.look_again = true;
                return true;
            }
        }
        match lessee.client6.due(now) {
            dhcpv6::Due::Nothing => return false,
            dhcpv6::Due::Send(message) => {
                let sent = self.transmit6(n, message, host);
                if let Some(lessee) = self.lessees.get_mut(n) {
                    lessee.client6.sent(now, sent);
                }
                self.note_sent(ifindex, sent_as(message), sent, host);
            }
            dhcpv6::Due::Kept => {
                self.say(ifindex, KEPT, b"", host);
                self.look_again = true;
            }
            dhcpv6::Due::Expired => {
                self.say(ifindex, ENDED, b"", host);
                self.forget(n, Family::V6, host);
            }
        }
        true
    }

    /// Sends what the DHCPv6 client of lessee `n` has to send.
    #[inline(never)]
    fn transmit6(&mut self, n: usize, what: Message, host: &mut impl Host) -> Result<(), Errno> {
        const GONE: Errno = Errno::ENODEV;
        let lessee = self.lessees.get(n).ok_or(GONE)?;
        let ifindex = lessee.ifindex;
        let link = self.observed.by_index(ifindex).ok_or(GONE)?;
        let local = self.desired.link(ifindex).and_then(|link| link.local);
        let duid = duid(&self.config, lessee.config, link).ok_or(GONE)?;
        let mut request = Request::new(what as u8, local.ok_or(GONE)?, &duid);
        describe(&self.config, lessee.config, &mut request);
        lessee.client6.fill(&lessee.lease6, &mut request);
        let packet = self.buffers.datagram.get_mut(..PACKET).unwrap_or_default();
        let len = build(&request, packet);
        transmit(link, packet, len, host)
    }

    /// Gives the lease of DHCPv6 back that the first lessee has, from the link-local address that we form.
    pub(super) fn give_back6(&mut self, host: &mut impl Host) {
        let (now, seed) = (self.now, self.seed);
        let Some(lessee) = self.lessees.first_mut() else {
            return;
        };
        let ifindex = lessee.ifindex;
        if let Some(link) = self.observed.by_index(ifindex)
            && let Some(config) = self.config.link(lessee.config)
            && let Some(wanted) = self.desired.link_mut(ifindex)
            && lessee.client6.has_lease()
        {
            let local = slaac::form(&slaac::LINK_LOCAL, slaac::of_mac(&link.mac));
            wanted.local = Some(local);
            lessee
                .client6
                .start(now, seed, &settings(config, link, MANAGED));
            lessee.client6.end(now);
            self.step6(0, host);
        }
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

    /// Takes what a router said on the link of lessee `n`.
    pub(super) fn take_advert(
        &mut self,
        n: usize,
        said: &Advert,
        host: &mut impl Host,
    ) -> Option<Problem> {
        let lessee = self.lessees.get_mut(n)?;
        let ifindex = lessee.ifindex;
        lessee.ndisc.hear(self.now, said);
        self.note(ifindex, Event::Advertisement, host);
        if said.left_out() != 0 {
            const SOME: Complaint = Complaint::warning(Problem::BadAdvert, Effect::PartIgnored);
            self.say(ifindex, SOME, b"", host);
        }
        None
    }

    /// Takes what a server said to the DHCPv6 client of lessee `n`; why not.
    pub(super) fn take_said6(
        &mut self,
        n: usize,
        said: &mut Lease6,
        host: &mut impl Host,
    ) -> Option<Problem> {
        let lessee = self.lessees.get_mut(n)?;
        let ifindex = lessee.ifindex;
        let link = self.observed.by_index(ifindex)?;
        let duid = duid(&self.config, lessee.config, link)?;
        match lessee
            .client6
            .hear(self.now, said, &duid, &mut lessee.lease6)
        {
            Heard::Nothing => {}
            Heard::Refused(dhcpv6::Why::NothingGiven) => return Some(Problem::NothingGiven),
            Heard::Refused(dhcpv6::Why::NotOnLink) => return Some(Problem::NotOnLink),
            Heard::Reconfigure => return Some(Problem::Reconfigure),
            Heard::Offer => self.note(ifindex, Event::Offer6, host),
            Heard::Bound | Heard::Informed => {
                let [_, saved] = &mut lessee.saved;
                *saved = false;
                self.look_again = true;
                self.note(ifindex, Event::Reply, host);
                let lessee = self.lessees.get(n)?;
                self.say_left_out(ifindex, lessee.lease6.any(), host);
            }
        }
        None
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
fn transmit(link: &Link, packet: &[u8], len: usize, host: &mut impl Host) -> Result<(), Errno> {
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

/// What is remembered of a message.
fn sent_as(message: Message) -> Event {
    match message {
        Message::Solicit | Message::InformationRequest => Event::Solicit6,
        Message::Release => Event::Release,
        Message::Decline => Event::Decline,
        Message::Request | Message::Confirm | Message::Renew | Message::Rebind => Event::Request6,
    }
}

/// Octets of the longest packet we send: what any link takes.
const PACKET: usize = 1_280;
