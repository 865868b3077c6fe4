//! Leases: a DHCPv4 client for each link that asks for one, between the kernel's links and what is desired.
//!
//! A client is met when its link is desired and forgotten when it is not. Its lease is one more layer of what is
//! desired (`plan/lease`); what it hears only says that there is something to look at again.

use super::complain::tell;
use super::leases::{KEPT, name_of, recall};
use super::six::start6;
use super::{Engine, Event, Host, Instant, Packet, remove};
use crate::diag::{Complaint, Effect, Errno, Leased, Problem, Subject};
use crate::model::addr::Family;
use crate::model::config::{
    Config, GlobalNumber, IpText, Leases, LinkConfig, LinkFlag, LinkId, LinkText, Method,
};
use crate::model::lease::{AnyLease, Field, Lease, Verdict};
use crate::model::link::IfName;
use crate::model::observed::{Link, Observed};
use crate::model::statement::{Form, Statement};
use crate::packed::word;
use crate::proto::Lessee;
use crate::proto::dhcpv4::{Client, Due, Heard, Message, Settings, State, Why, xorshift};
use crate::text::show::{Show, Text};
use crate::wire::arp::{self, Arp};
use crate::wire::dhcpv4::{self, Request, Wanted};
use crate::wire::ipv4;
use core::hint::black_box;
use core::net::Ipv4Addr;
use heapless::VecView;

impl Engine<'_> {
    /// Sends what is due, and sees to leases that end and to links whose carrier came or went. When there is
    /// something to do again, unless something is heard before.
    #[inline(never)]
    pub fn attend(&mut self, host: &mut impl Host) -> Instant {
        self.now = host.now();
        self.expects_until = Instant(0);
        let mut until = Instant(u64::MAX);
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
            n = n.wrapping_add(1);
        }
        n = 0;
        loop {
            self.attend_to(n, host);
            let Some(lessee) = self.lessees.get(n) else {
                return until.min(self.probe_addrs(host));
            };
            until = until.min(lessee.deadline());
            let expects = lessee.client.expects_until();
            let expects = expects.max(lessee.client6.expects_until());
            self.expects_until = self.expects_until.max(expects);
            n = n.wrapping_add(1);
        }
    }

    /// Does what lessee `n` has to do.
    #[inline(never)]
    pub(super) fn attend_to(&mut self, n: usize, host: &mut impl Host) {
        self.begin(n);
        while self.step(n, host) || self.step6(n, host) {}
    }

    /// Has the clients of lessee `n` begin where there is carrier, and stop where there is none.
    fn begin(&mut self, n: usize) {
        let now = self.now;
        let (seed, tag) = (xorshift(&mut self.seed), self.xid_tag);
        let Some(lessee) = self.lessees.get_mut(n) else {
            return;
        };
        let ifindex = lessee.ifindex;
        let link = self.observed.by_index(ifindex);
        let has_carrier = link.is_some_and(Link::has_carrier);
        // Carrier may have gone and come back since the last look.
        let losses = link.map_or(0, |link| link.carrier_losses);
        if core::mem::replace(&mut lessee.carrier_losses, losses) != losses || !has_carrier {
            lessee.stop();
            // Where it leads now others may have them.
            remove(self.addrs6, |held| held.check.ifindex == ifindex);
        }
        let Some(wanted) = self.desired.link(ifindex) else {
            return;
        };
        if wanted.leased {
            lessee.client.applied(now);
        }
        let Some(config) = self.config.link(lessee.config) else {
            return;
        };
        let Some(link) = link.filter(|_| has_carrier) else {
            return;
        };
        if wanted.asks && lessee.client.state() == State::Stopped {
            lessee.v6_only = false;
            lessee.client.start(now, seed, &settings(config, tag));
        }
        if wanted.asks6 && wanted.local.is_some() {
            start6(lessee, config, link, now, seed);
        }
    }

    /// Does the next thing that the DHCPv4 client of lessee `n` has to do; whether there was one.
    #[inline(never)]
    fn step(&mut self, n: usize, host: &mut impl Host) -> bool {
        let now = self.now;
        let Some(lessee) = self.lessees.get_mut(n) else {
            return false;
        };
        let ifindex = lessee.ifindex;
        match lessee.client.due(now) {
            Due::Nothing => return false,
            Due::Send(message) => {
                let sent = self.transmit(n, message, host);
                if let Some(lessee) = self.lessees.get_mut(n) {
                    lessee.client.sent(now, sent);
                }
                self.note_sent(ifindex, sent_as(message).1, sent, host);
            }
            Due::Bound => self.bound(n, host),
            Due::Kept => {
                self.say_leased(n, KEPT, host);
                self.bound(n, host);
            }
            Due::Expired => self.lost(n, ENDED, host),
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

    /// The same of lessee `n` and its DHCPv4 lease.
    #[inline(never)]
    fn say_leased(&self, n: usize, complaint: Complaint, host: &mut impl Host) {
        if let Some(lessee) = black_box(self).lessees.get(n) {
            let addr = lessee.lease.get(Field::Addr);
            self.say(lessee.ifindex, complaint, addr, host);
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

    /// The DHCPv4 lease of lessee `n` is no more, and why.
    fn lost(&mut self, n: usize, complaint: Complaint, host: &mut impl Host) {
        self.say_leased(n, complaint, host);
        self.forget(n, Family::V4, host);
    }

    /// A lease of lessee `n` is no more.
    #[inline(never)]
    pub(super) fn forget(&mut self, n: usize, family: Family, host: &mut impl Host) {
        self.look_again = true;
        if let Some((lessee, link)) = lessee(self.lessees, &self.observed, n) {
            host.remove(name_of(&link.name, family));
            if let Some(saved) = lessee.saved.get_mut(family as usize) {
                *saved = false;
            }
            let ifindex = lessee.ifindex;
            // What is waited for begins anew.
            remove(self.marks, |mark| {
                mark.ifindex == ifindex && matches!(mark.event, Event::Done | Event::Carrier)
            });
        }
    }

    /// Sends what a client has to send.
    #[inline(never)]
    fn transmit(&mut self, n: usize, what: Message, host: &mut impl Host) -> Result<(), Errno> {
        const GONE: Errno = Errno::ENODEV;
        let (lessee, link) = lessee(self.lessees, &self.observed, n).ok_or(GONE)?;
        let client = &lessee.client;
        let packet = self.buffers.datagram.get_mut(..PACKET).ok_or(GONE)?;
        let kind = match what {
            Message::Probe => Packet::Probe,
            Message::Announce => Packet::Announcement,
            Message::Discover
            | Message::Request
            | Message::Reboot
            | Message::Renew
            | Message::Rebind
            | Message::Decline
            | Message::Release => Packet::Dhcp,
        };
        let arp = match kind {
            Packet::Probe => Arp::Probe,
            Packet::Dhcp | Packet::Announcement | Packet::Ipv6 => Arp::Announcement,
        };
        let len = match sent_as(what).0 {
            0 => arp::build(arp, &link.mac, link.arphrd, client.addr(), packet),
            number => {
                let mut request = Request::new(number, link.arphrd, &link.mac);
                client.fill(&mut request);
                describe(&self.config, lessee.config, &mut request);
                dhcpv4::build(&request, packet)
            }
        };
        let packet = packet.get_mut(..len).unwrap_or_default();
        let (ifindex, server) = (link.ifindex, client.server());
        if matches!(what, Message::Renew | Message::Release) {
            let from = client.addr();
            match host.unicast(ifindex, from, server, packet) {
                // A lease that is given back unused has no address to speak from: the link is told.
                Err(Errno::EADDRNOTAVAIL) => ipv4::seal(packet, ipv4::tos(packet), from, server),
                sent => return sent,
            }
        }
        host.transmit(ifindex, kind, &link.broadcast, packet)
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
        self.lessees.clear();
        let Some(lessee) = Lessee::add(self.lessees, ifindex, id) else {
            return;
        };
        recall(lessee, name, host);
        let (now, seed) = (self.now, self.seed);
        if lessee.holds(now) {
            lessee.client.start(now, seed, &Settings::NONE);
            lessee.client.end(now);
            self.step(0, host);
        }
        self.give_back6(host);
    }

    /// Takes what somebody said on a link, as the jail read it, and answers at once: servers take their time.
    pub fn hear(&mut self, ifindex: u32, said: &mut Statement, host: &mut impl Host) {
        self.now = host.now();
        let mut lessees = self.lessees.iter();
        let of_link = lessees.position(|lessee| lessee.ifindex == ifindex);
        let verdict = said.verdict();
        let problem = match (verdict, of_link) {
            (Verdict::Neighbor, _) => return self.hear_neighbor(ifindex, &said.advert, host),
            (Verdict::Malformed, Some(_)) => Some(Problem::BadPacket),
            (Verdict::BadChecksum, Some(_)) => Some(Problem::BadChecksum),
            (Verdict::Fine | Verdict::Arp, Some(n)) => {
                let problem = match said.form {
                    Form::Lease => self.take_said(n, &said.lease, host),
                    Form::Lease6 => self.take_said6(n, &mut said.lease6, host),
                    Form::Advert => self.take_advert(n, &said.advert, host),
                };
                self.attend_to(n, host);
                problem
            }
            _ => None,
        };
        if let Some(problem) = problem {
            const DROPPED: Complaint =
                Complaint::warning(Problem::BadPacket, Effect::AnswerDropped);
            self.say(ifindex, Complaint { problem, ..DROPPED }, b"", host);
        }
    }

    /// Takes what was said to the DHCPv4 client of lessee `n`; why not.
    fn take_said(&mut self, n: usize, said: &Lease, host: &mut impl Host) -> Option<Problem> {
        let now = self.now;
        let (lessee, link) = lessee(self.lessees, &self.observed, n)?;
        let ifindex = lessee.ifindex;
        let mac = link.mac.as_bytes();
        match said.verdict() {
            Verdict::Unread
            | Verdict::NotForUs
            | Verdict::Malformed
            | Verdict::BadChecksum
            | Verdict::Neighbor => {}
            Verdict::Arp => {
                if is_conflict(said, &lessee.client, mac) {
                    lessee.client.taken(now);
                    self.lost(n, TAKEN, host);
                }
            }
            Verdict::Fine => {
                let chaddr = if mac.len() > 16 { b"" } else { mac };
                match lessee.client.hear(now, said, chaddr) {
                    Heard::Nothing => {}
                    Heard::Refused(why) => return Some(in_words(why)),
                    Heard::Offer => self.note(ifindex, Event::Offer, host),
                    heard @ (Heard::Bound | Heard::Probing) => {
                        lessee.lease = *said;
                        let [saved, _] = &mut lessee.saved;
                        *saved = false;
                        self.note(ifindex, Event::Ack, host);
                        if heard == Heard::Bound {
                            self.bound(n, host);
                        }
                    }
                    Heard::Nak => self.lost(n, NAK, host),
                    Heard::V6Only => {
                        lessee.v6_only = true;
                        self.forget(n, Family::V4, host);
                    }
                }
            }
        }
        None
    }

    /// Client `n` has a lease, new or renewed.
    fn bound(&mut self, n: usize, host: &mut impl Host) {
        self.look_again = true;
        let Some(lessee) = self.lessees.get(n) else {
            return;
        };
        let (ifindex, config) = (lessee.ifindex, lessee.config);
        self.say_left_out(ifindex, lessee.lease.any(), host);
        let is_first = |link: &LinkConfig| link.leases == Leases::First;
        if self.config.link(config).is_some_and(is_first) {
            let mut n = 0_usize;
            while let Some(other) = self.lessees.get_mut(n) {
                if other.config == config && other.ifindex != ifindex {
                    other.client.end(self.now);
                    self.forget(n, Family::V4, host);
                }
                n = n.wrapping_add(1);
            }
        }
    }
}

/// Client `n`, and its link.
#[inline(never)]
fn lessee<'a>(
    lessees: &'a mut VecView<Lessee>,
    observed: &'a Observed<'_>,
    n: usize,
) -> Option<(&'a mut Lessee, &'a Link)> {
    let lessee = lessees.get_mut(n)?;
    let link = observed.by_index(lessee.ifindex)?;
    Some((lessee, link))
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

/// What a configured link asks of its client.
fn settings(config: &LinkConfig, xid_tag: u16) -> Settings {
    Settings {
        xid_tag,
        bootp: config.dhcp4.bootp,
        v6_only: does_without(config),
        probe_ms: config.dhcp4.probe_ms,
    }
}

/// Whether a link can do without IPv4 (RFC 8925).
fn does_without(config: &LinkConfig) -> bool {
    let has_ipv6 = !matches!(config.ipv6.method, Method::Ignore | Method::Disabled);
    has_ipv6 && !config.ipv4.required
}

/// Why an answer is dropped, in words.
fn in_words(why: Why) -> Problem {
    match why {
        Why::Addr => Problem::OfferedAddr,
        Why::Mask => Problem::OfferedMask,
        Why::Server => Problem::OfferedServer,
        Why::LeaseTime => Problem::OfferedTime,
        Why::Other => Problem::OfferedOther,
    }
}

/// Whether somebody else has the address of a client, or asks for it as we do (RFC 5227 s.2.1.1).
fn is_conflict(said: &Lease, client: &Client, mac: &[u8]) -> bool {
    let says = |field, addr: Ipv4Addr| said.get(field) == addr.octets();
    let is_probe = || says(Field::Addr, Ipv4Addr::UNSPECIFIED);
    client.state() == State::Probing
        && said.get(Field::Chaddr) != mac
        && (says(Field::Addr, client.addr())
            || is_probe() && says(Field::NextServer, client.addr()))
}

/// The DHCP message type of a message, 0 for ARP, and what is remembered of it.
fn sent_as(message: Message) -> (u8, Event) {
    const REQUEST: (u8, Event) = (dhcpv4::REQUEST, Event::Request);
    const SENT: [(u8, Event); 9] = [
        (dhcpv4::DISCOVER, Event::Discover),
        REQUEST,
        REQUEST,
        REQUEST,
        REQUEST,
        (dhcpv4::DECLINE, Event::Decline),
        (dhcpv4::RELEASE, Event::Release),
        (0, Event::Probe),
        (0, Event::Announce),
    ];
    *SENT.get(message as usize).unwrap_or(&REQUEST)
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
    if does_without(link) {
        request.v6_only = Wanted::Yes;
    }
}

/// Octets of the longest packet we send.
const PACKET: usize = 1_500;

const NOT_SENT: Complaint = Complaint::error(Problem::NotSent, Effect::None);
pub(super) const ENDED: Complaint = Complaint::warning(Problem::LeaseEnded, Effect::AddrTakenBack);
const NAK: Complaint = Complaint::warning(Problem::Nak, Effect::AddrTakenBack);
pub(super) const TAKEN: Complaint = Complaint::error(Problem::AddrTaken, Effect::AddrTakenBack);
