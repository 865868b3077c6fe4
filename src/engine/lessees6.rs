//! IPv6 of managed links, between the kernel's links and what is desired: routers that are listened to and servers of
//! DHCPv6 that are asked ([`Lessee6`]), and addresses of which it is found out whether somebody else has them
//! ([`Addr6`]).
//!
//! The kernel forms addresses of what routers say, and has their routes. What is heard here says which servers there
//! are to ask, and what they are asked.

use super::complain::tell;
use super::describe6::{describe, duid, settings};
use super::dhcp::NOT_SENT;
use super::leases6::{QUESTIONS, recall6};
use super::observe::Asked;
use super::{Engine, Event, Host, Instant, OutputFile, Packet, remove};
use crate::diag::{Complaint, Effect, Errno, Leased, Origin, Problem, Subject};
use crate::model::addr::is_link_local;
use crate::model::advert::MANAGED;
use crate::model::config::{Dad, LinkId, Method};
use crate::model::desired::{Desired, Presence, Standing, Thing, What};
use crate::model::duid::iaid;
use crate::model::lease::Verdict;
use crate::model::lease6::{Field6, LEASED_OCTETS, Lease6};
use crate::model::link::IfName;
use crate::model::observed::Link;
use crate::model::statement::{Form, Statement};
use crate::output::json::Octets;
use crate::packed::{Word, word};
use crate::plan::{Act, Phase};
use crate::proto::dad::{self, Check, RETRANS_MS};
use crate::proto::dhcpv4::xorshift;
use crate::proto::dhcpv6::{self, Heard, Message, Settings, State};
use crate::proto::{Addr6, Lessee6, ndisc, slaac};
use crate::wire::dhcpv6::{Request, build};
use crate::wire::rtnetlink::Seen;
use crate::wire::rtnetlink::addr::{IFA_F_DADFAILED, IFA_F_OPTIMISTIC, IFA_F_TENTATIVE};
use crate::wire::{icmpv6, ipv6};
use core::net::{IpAddr, Ipv6Addr};

impl Engine<'_> {
    /// Sends what is due, as [`Engine::attend`] does; when there is something to do again.
    #[inline(never)]
    pub(super) fn attend6(&mut self, host: &mut impl Host) -> Instant {
        let mut until = Instant(u64::MAX);
        let mut n = 0_usize;
        while let Some(wanted) = self.desired.links.get(n) {
            if wanted.dad.is_some()
                && let Some(&link) = self.observed.by_index(wanted.ifindex)
            {
                self.mark_link(&link);
            }
            n = n.wrapping_add(1);
        }
        n = 0;
        loop {
            self.attend_to6(n, host);
            let Some(lessee) = self.lessees6.get(n) else {
                break;
            };
            until = until.min(lessee.client.deadline());
            until = until.min(lessee.ndisc.deadline());
            self.expects_until = self.expects_until.max(lessee.client.expects_until());
            n = n.wrapping_add(1);
        }
        n = 0;
        loop {
            self.probe(n, host);
            let Some(addr) = self.addrs6.get(n) else {
                return until;
            };
            until = until.min(addr.check.deadline());
            n = n.wrapping_add(1);
        }
    }

    /// Asks who has address `n`, where it is time to.
    fn probe(&mut self, n: usize, host: &mut impl Host) {
        let now = self.now;
        let Some(held) = self.addrs6.get_mut(n) else {
            return;
        };
        let check = &mut held.check;
        if let dad::Due::Probe(nonce) = check.due(now)
            && let Some(link) = self.observed.by_index(check.ifindex)
        {
            let len = icmpv6::ask_duplicates(&check.addr, &nonce, self.buffers.datagram);
            let sent = transmit(link, self.buffers.datagram, len, host);
            check.sent(now, sent);
            let ifindex = check.ifindex;
            self.note6(ifindex, Event::Probe6, host);
        }
    }

    /// Does what lessee `n` has to do.
    #[inline(never)]
    fn attend_to6(&mut self, n: usize, host: &mut impl Host) {
        while self.step6(n, host) {}
    }

    /// Does the next thing that lessee `n` has to do; whether there was one.
    #[inline(never)]
    fn step6(&mut self, n: usize, host: &mut impl Host) -> bool {
        let now = self.now;
        let seed = xorshift(&mut self.seed);
        let Some(lessee) = self.lessees6.get_mut(n) else {
            return false;
        };
        let ifindex = lessee.ifindex;
        let (Some(link), Some(wanted), Some(config)) = (
            self.observed.by_index(ifindex),
            self.desired.link(ifindex),
            self.config.link(lessee.config),
        ) else {
            return false;
        };
        let has_carrier = link.has_carrier();
        let (client, ndisc) = (&mut lessee.client, &mut lessee.ndisc);
        let losses = link.carrier_losses;
        if core::mem::replace(&mut lessee.carrier_losses, losses) != losses || !has_carrier {
            client.stop();
            ndisc.stop();
            // On another link others may have them.
            remove(self.addrs6, |held| held.check.ifindex == ifindex);
        }
        let mut flags = ndisc.flags();
        if config.ipv6.method == Method::Dhcp {
            flags = MANAGED;
        }
        if has_carrier && let Some(local) = wanted.local {
            ndisc.start(now, seed);
            let settings = settings(config, link, flags);
            if flags != 0 {
                // What needs no lease is asked for no more where there is one.
                if settings.addrs && matches!(client.state(), State::Informing | State::Informed) {
                    client.stop();
                }
                client.start(now, seed, &settings);
            }
            let due = ndisc.due(now);
            if due == ndisc::Due::Solicit {
                let len = icmpv6::ask_routers(&local, &link.mac, self.buffers.datagram);
                let sent = transmit(link, self.buffers.datagram, len, host);
                ndisc.sent(now, sent);
                // One that was not there is not waited for any more.
                self.look_again |= ndisc.tries() == QUESTIONS + 1;
                self.note6(ifindex, Event::Solicit, host);
                self.tell_unsent(ifindex, sent, host);
                return true;
            }
        }
        self.step_client(n, host)
    }

    /// Does the next thing that the DHCPv6 client of lessee `n` has to do; whether there was one.
    fn step_client(&mut self, n: usize, host: &mut impl Host) -> bool {
        let now = self.now;
        let Some(lessee) = self.lessees6.get_mut(n) else {
            return false;
        };
        let ifindex = lessee.ifindex;
        if lessee.ndisc.due(now) == ndisc::Due::Changed {
            lessee.ndisc.told(now);
            self.look_again = true;
            return true;
        }
        match lessee.client.due(now) {
            dhcpv6::Due::Nothing => return false,
            dhcpv6::Due::Send(message) => {
                let sent = self.transmit6(n, message, host);
                if let Some(lessee) = self.lessees6.get_mut(n) {
                    lessee.client.sent(now, sent);
                }
                self.note6(ifindex, sent_as(message), host);
                self.tell_unsent(ifindex, sent, host);
            }
            dhcpv6::Due::Kept => {
                self.say6(ifindex, KEPT, None, host);
                self.look_again = true;
            }
            dhcpv6::Due::Expired => self.lost6(n, ENDED, host),
        }
        true
    }

    /// Says why something was not sent. That a link went down is an event of its own.
    fn tell_unsent(&self, ifindex: u32, sent: Result<(), Errno>, host: &mut impl Host) {
        if let Err(errno) = sent
            && errno != Errno::ENETDOWN
        {
            self.say6(ifindex, NOT_SENT.with_errno(errno), None, host);
        }
    }

    /// Sends what the DHCPv6 client of lessee `n` has to send.
    #[inline(never)]
    fn transmit6(&mut self, n: usize, what: Message, host: &mut impl Host) -> Result<(), Errno> {
        const GONE: Errno = Errno::ENODEV;
        let lessee = self.lessees6.get(n).ok_or(GONE)?;
        let ifindex = lessee.ifindex;
        let link = self.observed.by_index(ifindex).ok_or(GONE)?;
        let local = self.desired.link(ifindex).and_then(|link| link.local);
        let duid = duid(&self.config, lessee.config, link).ok_or(GONE)?;
        let mut request = Request::new(what as u8, local.ok_or(GONE)?, duid.as_bytes());
        describe(&self.config, lessee.config, &mut request);
        lessee.client.fill(&lessee.lease, &mut request);
        let packet = self.buffers.datagram.get_mut(..PACKET).unwrap_or_default();
        let len = build(&request, packet);
        transmit(link, packet, len, host)
    }

    /// Remembers and tells what was said or heard on a link.
    fn note6(&mut self, ifindex: u32, event: Event, host: &mut impl Host) {
        self.mark(ifindex, event);
        if let Some(link) = self.observed.by_index(ifindex) {
            host.trace(&super::dhcp::Told {
                link: &link.name,
                by: word!(": IPv6 "),
                event,
            });
        }
    }

    /// Complains about a link, or an address of it.
    #[inline(never)]
    fn say6(
        &self,
        ifindex: u32,
        complaint: Complaint,
        addr: Option<Ipv6Addr>,
        host: &mut impl Host,
    ) {
        if let Some(link) = self.observed.by_index(ifindex) {
            let octets = addr.unwrap_or(Ipv6Addr::UNSPECIFIED).octets();
            let leased = Leased {
                link: &link.name,
                addr: if addr.is_some() { &octets } else { &[] },
            };
            tell(host, complaint, Subject::Leased(&leased));
        }
    }

    /// The lease of lessee `n` is no more, and why.
    fn lost6(&mut self, n: usize, complaint: Complaint, host: &mut impl Host) {
        self.look_again = true;
        let Some(lessee) = self.lessees6.get_mut(n) else {
            return;
        };
        lessee.saved = false;
        let ifindex = lessee.ifindex;
        self.say6(ifindex, complaint, None, host);
        if let Some(link) = self.observed.by_index(ifindex) {
            host.remove(OutputFile::Lease6(&link.name));
        }
        remove(self.marks, |mark| {
            mark.ifindex == ifindex && matches!(mark.event, Event::Done | Event::Carrier)
        });
    }

    /// Takes what somebody said by IPv6 on a link, and answers at once.
    #[inline(never)]
    pub(super) fn hear6(&mut self, ifindex: u32, said: &mut Statement, host: &mut impl Host) {
        const MALFORMED: Complaint = Complaint::warning(Problem::BadPacket, Effect::AnswerDropped);
        let Some(link) = self.observed.by_index(ifindex) else {
            return;
        };
        let mac = link.mac;
        let (verdict, is_sound) = match said.form {
            Form::Lease6 => (said.lease6.verdict(), said.lease6.is_sound()),
            Form::Advert | Form::Lease => (said.advert.verdict(), said.advert.is_sound()),
        };
        let mut lessees = self.lessees6.iter();
        let of_link = lessees.position(|lessee| lessee.ifindex == ifindex);
        match verdict {
            Verdict::Malformed | Verdict::BadChecksum => {
                self.say6(ifindex, MALFORMED, None, host);
            }
            _ if !is_sound => self.say6(ifindex, MALFORMED, None, host),
            Verdict::Neighbor => {
                let mut n = 0_usize;
                while let Some(held) = self.addrs6.get_mut(n) {
                    if held.check.ifindex == ifindex
                        && held.check.hear(&said.advert, mac.as_bytes())
                    {
                        self.is_duplicate(n, host);
                    }
                    n = n.wrapping_add(1);
                }
            }
            Verdict::Fine => {
                if let Some(n) = of_link {
                    self.hear_fine(n, said, host);
                    self.attend_to6(n, host);
                }
            }
            Verdict::Unread | Verdict::NotForUs | Verdict::Arp => {}
        }
    }

    /// What a router or a server said, to lessee `n`.
    fn hear_fine(&mut self, n: usize, said: &mut Statement, host: &mut impl Host) {
        let now = self.now;
        let Some(lessee) = self.lessees6.get_mut(n) else {
            return;
        };
        let ifindex = lessee.ifindex;
        if said.form == Form::Advert {
            lessee.ndisc.hear(now, &said.advert);
            return self.note6(ifindex, Event::Advertisement, host);
        }
        let Some(link) = self.observed.by_index(ifindex) else {
            return;
        };
        let Some(duid) = duid(&self.config, lessee.config, link) else {
            return;
        };
        let (client, held) = (&mut lessee.client, &mut lessee.lease);
        match client.hear(now, &mut said.lease6, duid.as_bytes(), held) {
            Heard::Nothing => {}
            Heard::Refused(why) => {
                let problem = match why {
                    dhcpv6::Why::NothingGiven => Problem::NothingGiven,
                    dhcpv6::Why::NotOnLink => Problem::NotOnLink,
                };
                self.say6(
                    ifindex,
                    Complaint::warning(problem, Effect::None),
                    None,
                    host,
                );
            }
            Heard::Reconfigure => {
                const ASKED: Complaint =
                    Complaint::note(Problem::Reconfigure, Effect::AnswerDropped);
                self.say6(ifindex, ASKED, None, host);
            }
            Heard::Offer => self.note6(ifindex, Event::Offer6, host),
            Heard::Bound | Heard::Informed => {
                lessee.saved = false;
                self.look_again = true;
                let left_out = lessee.lease.bits();
                self.note6(ifindex, Event::Reply, host);
                for field in Field6::ALL {
                    if left_out & field.bit() != 0 {
                        const BAD: Complaint =
                            Complaint::warning(Problem::BadOption, Effect::PartIgnored);
                        let number = field.slot().code.into();
                        self.say6(ifindex, BAD.with(number), None, host);
                    }
                }
            }
        }
    }

    /// Somebody else has address `n`, which goes, and its server is told.
    fn is_duplicate(&mut self, n: usize, host: &mut impl Host) {
        const TAKEN: Complaint = Complaint::error(Problem::AddrTaken, Effect::AddrTakenBack);
        self.look_again = true;
        let Some(held) = self.addrs6.get(n) else {
            return;
        };
        let (ifindex, addr) = (held.check.ifindex, held.check.addr);
        self.say6(ifindex, TAKEN, Some(addr), host);
        let mut lessees = self.lessees6.iter_mut().zip(0..);
        let of_link = lessees.find(|(lessee, _)| lessee.ifindex == ifindex);
        if let Some((lessee, n)) = of_link
            && has_addr(&lessee.lease, &addr)
        {
            lessee.client.taken(self.now, addr, &mut lessee.lease);
            self.attend_to6(n, host);
        }
    }

    /// Takes note of an IPv6 address that the kernel has.
    #[inline(never)]
    pub(super) fn see_addr6(&mut self, seen: &Seen, is_asked_for: bool, host: &mut impl Host) {
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
        if is_usable(flags) && is_link_local(&addr.addr) {
            link.local = Some(host_addr);
        }
        if flags & IFA_F_DADFAILED != 0 && !is_asked_for {
            const TAKEN: Complaint = Complaint::error(Problem::AddrTaken, Effect::None);
            self.say6(ifindex, TAKEN, Some(host_addr), host);
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
        (held.flags, held.is_there) = (flags, true);
        (held.valid_secs, held.preferred_secs) = (thing.valid_secs, thing.preferred_secs);
        if is_usable(flags) && !is_link_local(&addr.addr) {
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

    /// Has the kernel use at once what it forms, on links whose addresses it does not look after: until
    /// [`Engine::give_back_dad`]. Where it cannot be told, it looks, and its word is waited for.
    pub(super) fn take_dad(&mut self, host: &mut impl Host) {
        for lessee in self.lessees6.iter_mut() {
            if let Some(link) = self.desired.link(lessee.ifindex)
                && lessee.accept_dad == 0
                && link.dad.is_some_and(Dad::is_not_kernels)
            {
                let file = OutputFile::Knob(&link.name, ACCEPT_DAD);
                let before = host
                    .read(file)
                    .map_or(0, |text| *text.first().unwrap_or(&b'0'));
                lessee.accept_dad = before.max(b'0');
                if before > b'0' && host.write(file, &Octets(b"0")).is_err() {
                    lessee.accept_dad = b'0';
                }
            }
        }
    }

    /// Gives back what [`Engine::take_dad`] took: from here on nobody looks after what the kernel forms.
    pub fn give_back_dad(&mut self, host: &mut impl Host) {
        for lessee in self.lessees6.iter() {
            if let Some(link) = self.desired.link(lessee.ifindex)
                && lessee.accept_dad > b'0'
            {
                let file = OutputFile::Knob(&link.name, ACCEPT_DAD);
                let _ = host.write(file, &Octets(&[lessee.accept_dad]));
            }
        }
    }

    /// The same as [`Engine::give_back`] of DHCPv6, from the link-local address that the link has, or we form.
    pub(super) fn give_back6(&mut self, ifindex: u32, name: &IfName, host: &mut impl Host) {
        self.lessees6.clear();
        let link = self.observed.by_index(ifindex);
        let local = link.map_or(0, |link| slaac::of_mac(&link.mac));
        if let Some(wanted) = self.desired.link_mut(ifindex) {
            wanted.local = Some(slaac::form(&slaac::LINK_LOCAL, local));
        }
        let (now, seed) = (self.now, self.seed);
        let id = self.config.named(name).unwrap_or(LinkId::NONE);
        if let Some(link) = link
            && let Some(lessee) = Lessee6::add(self.lessees6, ifindex, id)
        {
            recall6(lessee, name, host);
            if lessee.client.has_lease() {
                let settings = Settings {
                    iaid: iaid(&link.mac),
                    addrs: true,
                    prefixes: true,
                };
                lessee.client.start(now, seed, &settings);
                lessee.client.end(now);
                self.step_client(0, host);
            }
        }
        self.lessees6.clear();
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
        let is_ours = |held: &Addr6| {
            let mut things = self.desired.things.iter();
            things.any(|thing| {
                thing.what == What::Addr
                    && thing.ifindex == held.check.ifindex
                    && thing.route.dst == held.addr
            })
        };
        let mut held = self.addrs6.iter();
        core::iter::from_fn(move || {
            held.find(|held| held.check.ifindex == ifindex && !is_ours(held))
        })
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
        self.send_plan(host)?;
        self.disown(host);
        self.publish_state(host);
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

/// Whether an address may be spoken from.
fn is_usable(flags: u32) -> bool {
    flags & IFA_F_OPTIMISTIC != 0 || flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) == 0
}

/// Whether an address is leased.
fn has_addr(lease: &Lease6, addr: &Ipv6Addr) -> bool {
    let mut items = lease.get(Field6::Addrs).chunks(LEASED_OCTETS);
    items.any(|item| item.ends_with(&addr.octets()))
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

/// See [`Engine::take_dad`].
const ACCEPT_DAD: Word = word!("accept_dad");

const KEPT: Complaint = Complaint::note(Problem::LeaseKept, Effect::None);
const ENDED: Complaint = Complaint::warning(Problem::LeaseEnded, Effect::AddrTakenBack);
