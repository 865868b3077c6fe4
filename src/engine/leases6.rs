//! Who listens to routers and asks servers of DHCPv6, the files that keep leases of these, and what IPv6 of a link is
//! still waited for.

use super::complain::{say, write};
use super::publish::what_is_there;
use super::{Engine, Event, Host, Instant, OutputFile, remove};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::addr::is_link_local;
use crate::model::config::{IpNumber, LinkConfig, LinkId, Method, Wait};
use crate::model::link::IfName;
use crate::model::observed::Link;
use crate::output::json::is_written_as;
use crate::output::lease::{self, LeaseFile};
use crate::plan::resolve::LinkState;
use crate::proto::Lessee6;
use crate::proto::dad;
use crate::proto::dhcpv6::Client;
use crate::wire::rtnetlink::addr::{IFA_F_DADFAILED, IFA_F_OPTIMISTIC, IFA_F_TENTATIVE};

/// Seconds that a server of DHCPv6 has after a router spoke of it, where there is an address without it.
const GRACE: u32 = 4;

/// After so many questions without an answer there is no router.
pub(super) const QUESTIONS: u8 = 3;

impl Engine<'_> {
    /// The same as [`Engine::meet_lessees`] of IPv6.
    pub(super) fn meet_lessees6(&mut self, host: &mut impl Host) {
        const FULL: Complaint = Complaint::error(Problem::MaxDhcp, Effect::MethodSkipped);
        let desired = &self.desired;
        remove(self.lessees6, |lessee| {
            let link = desired.link(lessee.ifindex);
            !link.is_some_and(|link| {
                link.asks6
                    && link.config == Some(lessee.config)
                    && (!lessee.saved || is_kept(lessee, &link.name, host))
            })
        });
        for link in desired.links.iter() {
            let is_its = |lessee: &Lessee6| lessee.ifindex == link.ifindex;
            if let Some(id) = link.config
                && link.asks6
                && !self.lessees6.iter().any(is_its)
            {
                match Lessee6::add(self.lessees6, link.ifindex, id) {
                    Some(_) if self.is_offline => {}
                    Some(lessee) => recall6(lessee, &link.name, host),
                    None => say(host, FULL, &link.name),
                }
            }
        }
    }

    /// The same as [`Engine::keep_leases`] of DHCPv6.
    pub(super) fn keep_leases6(&mut self, host: &mut impl Host) {
        for lessee in self.lessees6.iter_mut() {
            if let Some(link) = self.desired.link(lessee.ifindex)
                && lessee.client.has_lease()
                && !lessee.saved
            {
                let file_of = OutputFile::Lease6(&link.name);
                lessee.saved = write(host, file_of, &file(lessee, &link.name));
            }
        }
    }

    /// What a configured link waits for before it has its IPv6, and for how long at most; `None` where it has it, or
    /// has nothing to wait for. Of several links that one description fits, one is enough.
    pub(super) fn wait6(&self, id: LinkId, config: &LinkConfig) -> Option<(LinkState, Instant)> {
        let ip = &config.ipv6;
        let timeouts = &self.config.global.timeouts;
        // No link of the description is looked after yet.
        let mut wait = (LinkState::WaitingRa, Instant(0));
        for link in self.desired.links.iter() {
            if link.config != Some(id) {
                continue;
            }
            // IPv6 of it is the kernel's.
            link.dad?;
            let ifindex = link.ifindex;
            let mut is_tentative = false;
            let mut has_addr = false;
            for held in self.addrs6.iter() {
                if held.check.ifindex == ifindex && held.check.state() != dad::State::Duplicate {
                    is_tentative |= is_tentative_with(held.flags);
                    has_addr |= !is_link_local(&held.addr.addr)
                        && held.flags & (IFA_F_DADFAILED) == 0
                        && !is_tentative_with(held.flags);
                }
            }
            let mut lessees = self.lessees6.iter();
            let lessee = lessees.find(|lessee| lessee.ifindex == ifindex);
            let client = lessee.map(|lessee| &lessee.client);
            let is_answered = client.is_some_and(Client::is_answered);
            let asks = lessee.is_some_and(|lessee| lessee.ndisc.flags() != 0) && !is_answered;
            let heard = self.when(ifindex, Event::Advertisement);
            let grace = heard.filter(|_| asks).map(|at| at.after_seconds(GRACE));
            let is_done = match ip.method {
                Method::LinkLocal => link.local.is_some(),
                Method::Auto => has_addr && grace.is_none_or(|until| self.now >= until),
                Method::Dhcp => is_answered && has_addr,
                Method::Ignore | Method::Disabled | Method::Static => !is_tentative,
            };
            if is_done {
                return None;
            }
            let asks_long = ip.method == Method::Dhcp || asks;
            let has_carrier = self
                .observed
                .by_index(ifindex)
                .is_some_and(Link::has_carrier);
            let carrier = self.when(ifindex, Event::Carrier);
            let up = self.when(ifindex, Event::Up).unwrap_or(self.now);
            let (mut state, since, seconds) = match (carrier, is_tentative) {
                (Some(since), true) => (LinkState::WaitingDad, since, timeouts.of(Wait::Dad)),
                (Some(since), false) if asks_long => {
                    let seconds = IpNumber::DhcpTimeout.of(ip);
                    let seconds = seconds.unwrap_or(timeouts.dhcp_in_all());
                    (LinkState::WaitingLease6, since, seconds)
                }
                (Some(since), false) => (LinkState::WaitingRa, since, timeouts.of(Wait::Ipv6Auto)),
                (None, _) => (LinkState::WaitingCarrier, up, timeouts.of(Wait::Carrier)),
            };
            if !has_carrier {
                state = LinkState::WaitingCarrier;
                if ip.method == Method::Static {
                    return None;
                }
            }
            let mut until = since.after_seconds(seconds);
            if has_addr && let Some(grace) = grace {
                until = until.min(grace);
            }
            if wait.1 < until {
                wait = (state, until);
            }
        }
        Some(wait)
    }

    /// Whether routers were asked on each link of a description, and none is there.
    pub(super) fn has_no_router(&self, id: LinkId) -> bool {
        let mut lessees = self.lessees6.iter().filter(|lessee| lessee.config == id);
        lessees.all(|lessee| {
            lessee.ndisc.tries() > QUESTIONS
                && self.when(lessee.ifindex, Event::Advertisement).is_none()
        })
    }
}

/// Whether the kernel does not use an address yet.
fn is_tentative_with(flags: u32) -> bool {
    flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC | IFA_F_DADFAILED) == IFA_F_TENTATIVE
}

/// What is written down of a lease.
fn file<'a>(lessee: &'a Lessee6, name: &'a IfName) -> LeaseFile<'a> {
    LeaseFile {
        name,
        ifindex: lessee.ifindex,
        began: lessee.client.since(),
        lease: lessee.lease.any(),
    }
}

/// Whether a lease is written down as it is.
#[inline(never)]
fn is_kept(lessee: &Lessee6, name: &IfName, host: &mut impl Host) -> bool {
    let text = what_is_there(host, OutputFile::Lease6(name));
    is_written_as(&file(lessee, name), text)
}

/// Reads what an earlier run wrote down of a lease, which is to have none.
#[inline(never)]
pub(super) fn recall6(lessee: &mut Lessee6, name: &IfName, host: &mut impl Host) {
    let now = host.now();
    let Ok(text) = host.read(OutputFile::Lease6(name)) else {
        return;
    };
    if let Some(began) = lease::read(text, name, lessee.ifindex, lessee.lease.any_mut())
        && began <= now
    {
        lessee.client.recall(&lessee.lease, began);
        lessee.saved = true;
    }
}
