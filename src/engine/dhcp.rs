//! Leases: a DHCPv4 client for each link that asks for one, between the kernel's links and what is desired.
//!
//! A client is met when its link is desired and forgotten when it is not. Its lease is one more layer of what is
//! desired (`plan/lease`); what it hears only says that there is something to look at again.

use super::complain::tell;
use super::describe6::{self, duid};
use super::leases::{KEPT, QUESTIONS, name_of, recall};
use super::six::{start6, transmit};
use super::{Engine, Event, Host, Instant, Packet, remove};
use crate::diag::{Complaint, Effect, Errno, Leased, Problem, Subject};
use crate::model::addr::Family;
use crate::model::advert::MANAGED;
use crate::model::config::{
    Config, GlobalNumber, IpText, Leases, LinkConfig, LinkFlag, LinkId, LinkText, Method,
};
use crate::model::lease::{AnyLease, Field};
use crate::model::link::IfName;
use crate::model::observed::{Link, Observed};
use crate::packed::word;
use crate::proto::dhcpv4::{Settings, State, xorshift};
use crate::proto::{Due, Lessee, Message, NEAR, after, slaac};
use crate::text::show::{Show, Text};
use crate::wire::arp::{self, Arp};
use crate::wire::dhcpv4::{self, Request};
use crate::wire::{dhcpv6, icmpv6, ipv4};
use core::hint::black_box;
use heapless::VecView;

impl Engine<'_> {
    /// Sends what is due, and sees to leases that end and to links whose carrier came or went. When there is
    /// something to do again, unless something is heard before.
    #[inline(never)]
    pub fn attend(&mut self, host: &mut impl Host) -> Instant {
        self.now = host.now();
        let rested = self.wake_links();
        let mut n = 0_usize;
        while let Some(wanted) = self.desired.links.get(n) {
            let (ifindex, is_watched) = (wanted.ifindex, wanted.asks || wanted.dad.is_some());
            let link = self.observed.by_index(ifindex).filter(|_| is_watched);
            let is_up = link.is_some_and(Link::is_up);
            let has_carrier = link.is_some_and(Link::has_carrier);
            if is_up {
                self.mark(ifindex, Event::Up);
            }
            if has_carrier {
                self.mark(ifindex, Event::Carrier);
            }
            self.attend_to(ifindex, host);
            n = n.wrapping_add(1);
        }
        let mut until = self.probe_addrs(host).min(rested);
        let mut asked = Instant(0);
        for lessee in self.lessees.iter() {
            until = until.min(lessee.deadline());
            asked = asked.max(lessee.client.expects_since());
            asked = asked.max(lessee.client6.expects_since());
        }
        self.expects_until = after(asked, NEAR);
        until
    }

    /// Does what a link's lessee has to do, if it is one.
    #[inline(never)]
    pub(super) fn attend_to(&mut self, ifindex: u32, host: &mut impl Host) {
        let lessee = self.lessee(ifindex);
        if lessee.is_some_and(|lessee| lessee.config != LinkId::NONE) {
            self.begin(ifindex);
            while self.step(ifindex, host) {}
        }
    }

    /// Has the clients of a link begin where there is carrier, and stop where there is none.
    fn begin(&mut self, ifindex: u32) {
        let now = self.now;
        let (seed, tag) = (xorshift(&mut self.seed), self.xid_tag);
        let Some(lessee) = lessee_mut(self.lessees, ifindex) else {
            return;
        };
        let link = self.observed.by_index(ifindex);
        // Carrier may have gone and come back since the last look.
        let losses = link.map_or(0, |link| link.carrier_losses);
        let link = link.filter(|link| link.carries());
        if core::mem::replace(&mut lessee.carrier_losses, losses) != losses || link.is_none() {
            lessee.stop();
            // Where it leads now others may have them.
            for held in self.addrs6.iter_mut() {
                if held.ifindex == ifindex {
                    // Of no link: the next look will not see it.
                    (held.ifindex, held.is_duplicate) = (0, false);
                }
            }
        }
        let (Some(link), Some(wanted)) = (link, self.desired.link(ifindex)) else {
            return;
        };
        if wanted.leased {
            lessee.client.applied(now);
        }
        let Some(config) = self.config.link(lessee.config) else {
            return;
        };
        if wanted.asks && lessee.client.state() == State::Stopped {
            lessee.v6_only = false;
            let settings = Settings {
                xid_tag: tag,
                bootp: config.dhcp4.bootp,
                v6_only: does_without(config),
                probe_ms: config.dhcp4.probe_ms,
            };
            lessee.client.start(now, seed, &settings);
        }
        if wanted.asks6 && wanted.local.is_some() {
            lessee.ndisc.start(now, seed);
            let mut flags = lessee.ndisc.flags();
            if config.ipv6.method == Method::Dhcp || lessee.client6.has_lease() {
                flags = MANAGED;
            }
            if flags != 0 {
                start6(&mut lessee.client6, config, link, flags, now, seed);
            }
        }
    }

    /// Does the next thing that a link's lessee has to do; whether there was one.
    #[inline(never)]
    fn step(&mut self, ifindex: u32, host: &mut impl Host) -> bool {
        let now = self.now;
        let Some(lessee) = lessee_mut(self.lessees, ifindex) else {
            return false;
        };
        let (family, due) = lessee.due(now);
        match due {
            Due::Nothing => return false,
            Due::Send(message) => {
                let sent = self.transmit(ifindex, message, host);
                if let Some(lessee) = lessee_mut(self.lessees, ifindex) {
                    lessee.sent(message, now, sent);
                    // A router that was not there is not waited for any more.
                    self.look_again |=
                        message == Message::AskRouters && lessee.ndisc.tries() == QUESTIONS + 1;
                }
                self.note_sent(ifindex, sent_as(message), sent, host);
            }
            Due::Changed => self.look_again = true,
            Due::Bound => self.bound(ifindex, family, host),
            Due::Kept => {
                self.say_leased(ifindex, family, KEPT, host);
                self.bound(ifindex, family, host);
            }
            Due::Expired => self.lost(ifindex, family, ENDED, host),
        }
        true
    }

    /// Remembers and tells what was sent on a link, or why it was not.
    pub(super) fn note_sent(
        &mut self,
        ifindex: u32,
        event: Event,
        sent: Result<(), Errno>,
        host: &mut impl Host,
    ) {
        match sent {
            Ok(()) => self.note(ifindex, event, host),
            // The link went down: that is an event of its own.
            Err(Errno::ENETDOWN) => {}
            Err(errno) => self.say(ifindex, NOT_SENT.with_errno(errno), b"", host),
        }
    }

    /// Remembers and tells what was said or heard on a link.
    pub(super) fn note(&mut self, ifindex: u32, event: Event, host: &mut impl Host) {
        self.mark(ifindex, event);
        if let Some(link) = self.observed.by_index(ifindex) {
            host.trace(&Told {
                link: &link.name,
                event,
            });
        }
    }

    /// Complains about what a link is told, and names the address that it has or had, in octets, if it does.
    #[inline(never)]
    pub(super) fn say(
        &self,
        ifindex: u32,
        complaint: Complaint,
        addr: &[u8],
        host: &mut impl Host,
    ) {
        if let Some(link) = black_box(self).observed.by_index(ifindex) {
            let leased = Leased {
                link: &link.name,
                addr,
            };
            tell(host, complaint, Subject::Leased(&leased));
        }
    }

    /// The same of a lessee and the address of its lease, if that is of DHCPv4.
    #[inline(never)]
    pub(super) fn say_leased(
        &self,
        ifindex: u32,
        family: Family,
        complaint: Complaint,
        host: &mut impl Host,
    ) {
        if let Some(lessee) = self.lessee(ifindex) {
            let addr = match family {
                Family::V4 => lessee.lease.get(Field::Addr),
                Family::V6 => b"",
            };
            self.say(ifindex, complaint, addr, host);
        }
    }

    /// Says what of a lease is left out.
    #[inline(never)]
    pub(super) fn say_left_out(&self, ifindex: u32, lease: AnyLease<'_>, host: &mut impl Host) {
        const BAD: Complaint = Complaint::warning(Problem::BadOption, Effect::PartIgnored);
        for n in 0..lease.form.slots() {
            if let Some(code) = lease.left_out(n) {
                self.say(ifindex, BAD.with(code.into()), b"", host);
            }
        }
    }

    /// A lease of a link is no more, and why.
    pub(super) fn lost(
        &mut self,
        ifindex: u32,
        family: Family,
        complaint: Complaint,
        host: &mut impl Host,
    ) {
        self.say_leased(ifindex, family, complaint, host);
        self.forget(ifindex, family, host);
    }

    /// A lease of a link is no more.
    #[inline(never)]
    pub(super) fn forget(&mut self, ifindex: u32, family: Family, host: &mut impl Host) {
        self.look_again = true;
        if let Some((lessee, link)) = lessee(self.lessees, &self.observed, ifindex) {
            host.remove(name_of(&link.name, family));
            lessee.set_saved(family, false);
            self.forget_marks(ifindex);
        }
    }

    /// What is waited for on a link begins anew.
    #[inline(never)]
    pub(super) fn forget_marks(&mut self, ifindex: u32) {
        remove(self.marks, |mark| {
            let is_passed = matches!(mark.event, Event::Done | Event::Carrier | Event::Failed);
            mark.ifindex == ifindex && is_passed
        });
    }

    /// Sends what a client has to send.
    #[inline(never)]
    fn transmit(&mut self, ifindex: u32, what: Message, host: &mut impl Host) -> Result<(), Errno> {
        const GONE: Errno = Errno::ENODEV;
        let (lessee, link) = lessee(self.lessees, &self.observed, ifindex).ok_or(GONE)?;
        let client = &lessee.client;
        let packet = self.buffers.datagram.get_mut(..PACKET).ok_or(GONE)?;
        let local = self.desired.link(ifindex).and_then(|link| link.local);
        let of_mac = || slaac::form(&slaac::LINK_LOCAL, slaac::of_mac(&link.mac));
        let local = local.unwrap_or_else(of_mac);
        let mut kind = Packet::Ipv6;
        let number = what.number();
        let len = match what {
            Message::Probe => {
                kind = Packet::Probe;
                arp::build(Arp::Probe, &link.mac, link.arphrd, client.addr(), packet)
            }
            Message::Announce => {
                kind = Packet::Announcement;
                arp::build(
                    Arp::Announcement,
                    &link.mac,
                    link.arphrd,
                    client.addr(),
                    packet,
                )
            }
            Message::AskRouters => icmpv6::ask_routers(&local, &link.mac, packet),
            Message::Solicit
            | Message::Request6
            | Message::Confirm
            | Message::Renew6
            | Message::Rebind6
            | Message::Release6
            | Message::Decline6
            | Message::Inform => {
                let duid = duid(&self.config, lessee.config, link);
                let duid = duid.as_ref().ok_or(GONE)?;
                let mut request = dhcpv6::Request::new(number, local, duid);
                describe6::describe(&self.config, lessee.config, &mut request);
                lessee.client6.fill(&lessee.lease6, &mut request);
                dhcpv6::build(&request, packet)
            }
            Message::Discover
            | Message::Request
            | Message::Reboot
            | Message::Renew
            | Message::Rebind
            | Message::Decline
            | Message::Release => {
                kind = Packet::Dhcp;
                let mut request = Request::new(number, link.arphrd, &link.mac);
                client.fill(&mut request);
                describe(&self.config, lessee.config, &mut request);
                dhcpv4::build(&request, packet)
            }
        };
        if matches!(what, Message::Renew | Message::Release) {
            let packet = packet.get_mut(..len).unwrap_or_default();
            let (from, server) = (client.addr(), client.server());
            match host.unicast(ifindex, from, server, packet) {
                // A lease that is given back unused has no address to speak from: the link is told.
                Err(Errno::EADDRNOTAVAIL) => ipv4::seal(packet, ipv4::tos(packet), from, server),
                sent => return sent,
            }
        }
        transmit(link, kind, packet, len, host)
    }

    /// Tells the servers that leases are not used any more, where that is asked for: best while there is still an
    /// address to say it from.
    #[inline(never)]
    pub(super) fn give_back(&mut self, ifindex: u32, name: &IfName, host: &mut impl Host) {
        let id = self.config.named(name).unwrap_or(LinkId::NONE);
        let asks = |link: &LinkConfig| LinkFlag::Release.is_yes(link);
        if !self.releases && !self.config.link(id).is_some_and(asks) {
            return;
        }
        remove(self.lessees, |lessee| lessee.ifindex == ifindex);
        let Some(lessee) = Lessee::add(self.lessees, ifindex, id) else {
            return;
        };
        recall(lessee, Family::V4, name, host);
        recall(lessee, Family::V6, name, host);
        let (now, seed) = (self.now, self.seed);
        lessee.client.start(now, seed, &Settings::NONE);
        lessee.client.end(now);
        if let Some(link) = self.observed.by_index(ifindex)
            && let Some(config) = self.config.link(id)
        {
            start6(&mut lessee.client6, config, link, MANAGED, now, seed);
            lessee.client6.end(now);
        }
        while self.step(ifindex, host) {}
        host.flush();
    }

    /// A link has a lease, new or renewed, or what needs none.
    pub(super) fn bound(&mut self, ifindex: u32, family: Family, host: &mut impl Host) {
        self.look_again = true;
        let Some(lessee) = self.lessee(ifindex) else {
            return;
        };
        let config = lessee.config;
        self.say_left_out(ifindex, lessee.lease_of(family), host);
        let is_first = |link: &LinkConfig| link.leases == Leases::First && family == Family::V4;
        if self.config.link(config).is_some_and(is_first) {
            let mut n = 0_usize;
            while let Some(other) = self.lessees.get_mut(n) {
                let of = other.ifindex;
                if other.config == config && of != ifindex {
                    other.client.end(self.now);
                    self.forget(of, Family::V4, host);
                }
                n = n.wrapping_add(1);
            }
        }
    }
}

/// The lessee that a link is, and the link.
#[inline(never)]
pub(super) fn lessee<'a>(
    lessees: &'a mut VecView<Lessee>,
    observed: &'a Observed<'_>,
    ifindex: u32,
) -> Option<(&'a mut Lessee, &'a Link)> {
    Some((lessee_mut(lessees, ifindex)?, observed.by_index(ifindex)?))
}

/// The lessee that a link is.
#[inline(never)]
pub(super) fn lessee_mut(lessees: &mut VecView<Lessee>, ifindex: u32) -> Option<&mut Lessee> {
    lessees.iter_mut().find(|lessee| lessee.ifindex == ifindex)
}

/// What a client said or was told.
struct Told<'a> {
    link: &'a IfName,
    event: Event,
}

impl Show for Told<'_> {
    fn show(&self, f: &mut Text<'_>) {
        self.link.show(f);
        let by = match self.event.is_v6() {
            true => word!(": IPv6 "),
            false => word!(": DHCPv4 "),
        };
        f.show(by, &self.event.word());
    }
}

/// Whether a link can do without IPv4 (RFC 8925).
fn does_without(config: &LinkConfig) -> bool {
    let has_ipv6 = !matches!(config.ipv6.method, Method::Ignore | Method::Disabled);
    has_ipv6 && !config.ipv4.required
}

/// What is remembered of a message that was sent.
fn sent_as(message: Message) -> Event {
    const EVENTS: [Event; 18] = [
        Event::Discover,
        Event::Request,
        Event::Request,
        Event::Request,
        Event::Request,
        Event::Decline,
        Event::Release,
        Event::Probe,
        Event::Announce,
        Event::Solicit,
        Event::Solicit6,
        Event::Request6,
        Event::Request6,
        Event::Request6,
        Event::Request6,
        Event::Release,
        Event::Decline,
        Event::Solicit6,
    ];
    *EVENTS.get(message as usize).unwrap_or(&Event::Request)
}

/// What a configured link says of itself.
#[inline(never)]
fn describe<'c>(config: &'c Config<'_>, id: LinkId, request: &mut Request<'c>) {
    if let Some(tos) = GlobalNumber::DhcpTos.of(&config.global) {
        request.tos = tos as u8;
    }
    let Some(link) = config.link(id) else {
        return;
    };
    if !LinkFlag::SendHostname.is_no(link) {
        let name = IpText::Hostname.of(&link.ipv4).or(config.global.hostname);
        request.hostname = config.text_or_none(&name);
    }
    request.client_id = config.text_or_none(&LinkText::ClientId.of(link));
    request.vendor_class = config.text_or_none(&LinkText::VendorClass.of(link));
    request.user_class = config.text_or_none(&LinkText::UserClass.of(link));
}

/// Octets of the longest packet we send.
const PACKET: usize = 1_500;

const NOT_SENT: Complaint = Complaint::error(Problem::NotSent, Effect::None);
pub(super) const ENDED: Complaint = Complaint::warning(Problem::LeaseEnded, Effect::AddrTakenBack);
pub(super) const NAK: Complaint = Complaint::warning(Problem::Nak, Effect::AddrTakenBack);
pub(super) const TAKEN: Complaint = Complaint::error(Problem::AddrTaken, Effect::AddrTakenBack);
