//! Who asks for a lease or listens to routers and who has something of them: the files that keep leases, and what a
//! link is still waited for.

use super::complain::{say, write};
use super::publish::what_is_there;
use super::{Engine, Event, Host, Instant, OutputFile, remove};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::addr::{Family, is_link_local};
use crate::model::config::{IpNumber, LinkConfig, LinkId, LinkNumber, Method, Wait};
use crate::model::desired::{DesiredLink, Presence, What};
use crate::model::lease::Field;
use crate::model::link::IfName;
use crate::model::observed::Link;
use crate::output::hook::Hook;
use crate::output::json::is_written_as;
use crate::output::lease::{self, LeaseFile};
use crate::plan::lease::needs_root;
use crate::plan::resolve::LinkState;
use crate::proto::Lessee;
use crate::proto::dad::NEVER;
use crate::proto::dhcpv4::State;
use crate::wire::rtnetlink::addr::{IFA_F_OPTIMISTIC, IFA_F_TENTATIVE};
use heapless::VecView;

/// Seconds that servers of DHCPv6 have after a router spoke of them, where there is an address without them.
const GRACE: u32 = 4;

/// Both families: leases have a file each.
pub(crate) const FAMILIES: &[Family] = &[Family::V4, Family::V6];

impl Engine<'_> {
    /// Sees that there is a client for each desired link that asks others for something, and for no other. What an
    /// earlier run leased is read back.
    pub(super) fn meet_lessees(&mut self, host: &mut impl Host) {
        const FULL: Complaint = Complaint::error(Problem::MaxDhcp, Effect::MethodSkipped);
        self.describe_again();
        let desired = &self.desired;
        // What another run wrote down, or removed, is what holds.
        remove(self.lessees, |lessee| {
            let link = desired.link(lessee.ifindex);
            !link.is_some_and(|link| {
                (link.asks || link.asks6)
                    && link.config == Some(lessee.config)
                    && are_kept(lessee, &link.name, host)
            })
        });
        for link in desired.links.iter() {
            let is_its = |lessee: &Lessee| lessee.ifindex == link.ifindex;
            if let Some(id) = link.config
                && (link.asks || link.asks6)
                && !self.lessees.iter().any(is_its)
            {
                match Lessee::add(self.lessees, link.ifindex, id) {
                    Some(_) if self.is_offline => {}
                    Some(lessee) => {
                        // What is not asked for is not had, though an earlier run did.
                        if link.asks {
                            recall(lessee, Family::V4, &link.name, host);
                        }
                        if link.asks6 {
                            recall(lessee, Family::V6, &link.name, host);
                        }
                        let is = self.observed.by_index(link.ifindex);
                        lessee.carrier_losses = is.map_or(0, |link| link.carrier_losses);
                    }
                    None => say(host, FULL, &link.name),
                }
            }
        }
    }

    /// Writes down what is leased, where that is not written yet.
    pub(super) fn keep_leases(&mut self, host: &mut impl Host) {
        let mut n = 0_usize;
        while let Some(lessee) = self.lessees.get_mut(n / 2) {
            let (family, hook) = match n % 2 {
                0 => (Family::V4, Hook::Dhcp4Change),
                _ => (Family::V6, Hook::Dhcp6Change),
            };
            n = n.wrapping_add(1);
            let ifindex = lessee.ifindex;
            if let Some(&DesiredLink { name, .. }) = self.desired.link(ifindex)
                && lessee.has(family, self.now)
                && !lessee.is_saved(family)
            {
                let text = &file(lessee, &name, family);
                let is_written = write(host, name_of(&name, family), text);
                lessee.set_saved(family, is_written);
                if lessee.is_news(family) {
                    self.tell_hook(hook, ifindex, host);
                }
            }
        }
    }

    /// What a family of a configured link waits for, and for how long at most; [`NOTHING`] where it has it, or asks
    /// for nothing. Of several links that one description fits, one is enough.
    pub(super) fn awaited(
        &self,
        id: LinkId,
        config: &LinkConfig,
        family: Family,
        host: &mut impl Host,
    ) -> (LinkState, Instant) {
        let (ip, first) = match family {
            Family::V4 => (&config.ipv4, LinkState::WaitingLease),
            Family::V6 => (&config.ipv6, LinkState::WaitingRa),
        };
        let method = match (family, ip.method) {
            (_, Method::Ignore | Method::Disabled)
            | (Family::V4, Method::Static | Method::LinkLocal) => return NOTHING,
            (Family::V4, Method::Dhcp | Method::Auto) => Method::Dhcp,
            // It waits for nobody.
            (Family::V6, Method::Auto) if self.has_addr(id, Family::V6) => Method::Static,
            (Family::V6, method) => method,
        };
        let timeouts = &self.config.global.timeouts;
        // No link of the description has a client yet.
        let mut wait = (first, Instant(0));
        for link in self.desired.links.iter() {
            if link.config != Some(id) {
                continue;
            }
            let ifindex = link.ifindex;
            let mut state = match family {
                Family::V4 => self.stage4(link),
                Family::V6 => self.stage6(link, method),
            };
            if state == LinkState::Up {
                return NOTHING;
            }
            if state == LinkState::Failed {
                continue;
            }
            let (since, seconds) = match (self.when(ifindex, Event::Carrier), state) {
                (Some(at), LinkState::WaitingDad) => (at, timeouts.of(Wait::Dad)),
                (Some(at), LinkState::WaitingRa) => (at, timeouts.of(Wait::Ipv6Auto)),
                (Some(at), _) => {
                    let seconds = IpNumber::DhcpTimeout.of(ip);
                    (at, seconds.unwrap_or(timeouts.dhcp_in_all()))
                }
                (None, _) => {
                    // A longer delay only: links that are quicker are not waited for.
                    let delay = LinkNumber::LinkDelay.of(config).unwrap_or(0);
                    let seconds = delay.max(timeouts.of(Wait::Carrier));
                    (self.when(ifindex, Event::Up).unwrap_or(self.now), seconds)
                }
            };
            let mut until = since.after_seconds(seconds);
            let is_of_lease = matches!(state, LinkState::WaitingLease | LinkState::WaitingLease6);
            if is_of_lease
                && self.now >= until.min(self.time_limit)
                && self
                    .lessee(ifindex)
                    .is_some_and(|it| it.has(family, self.now))
            {
                self.say_leased(ifindex, family, KEPT, host);
                return NOTHING;
            }
            if method == Method::Auto {
                until = until.min(self.grace(ifindex));
            }
            if !self
                .observed
                .by_index(ifindex)
                .is_some_and(Link::has_carrier)
            {
                state = LinkState::WaitingCarrier;
            }
            // The one that may take longest counts.
            if wait.1 < until {
                wait = (state, until);
            }
        }
        wait
    }

    /// How far DHCPv4 of a link is; [`LinkState::Failed`]: it gets no lease.
    fn stage4(&self, link: &DesiredLink) -> LinkState {
        let Some(lessee) = self.lessee(link.ifindex) else {
            return LinkState::Failed;
        };
        if lessee.v6_only {
            return LinkState::Up;
        }
        match lessee.client.state() {
            State::Bound | State::Renewing | State::Rebinding => {
                match needs_root(&self.config, lessee.config)
                    && lessee.lease.get(Field::RootPath).is_empty()
                {
                    true => LinkState::WaitingRoot,
                    false => LinkState::Up,
                }
            }
            State::Ended => LinkState::Failed,
            State::Stopped
            | State::Rebooting
            | State::Selecting
            | State::Requesting
            | State::Probing
            | State::Declining
            | State::Pausing
            | State::Releasing => LinkState::WaitingLease,
        }
    }

    /// How far IPv6 of a link is.
    fn stage6(&self, link: &DesiredLink, method: Method) -> LinkState {
        // IPv6 of it is the kernel's.
        if link.dad.is_none() {
            return LinkState::Up;
        }
        // What was just added, and is the kernel's to look after.
        let mut things = self.desired.things.iter();
        let mut is_tentative = things.any(|thing| {
            thing.what == What::Addr
                && thing.is_wanted_on(link.ifindex)
                && thing.route.family() == Family::V6
                && !thing.nodad
                && thing.presence == Presence::Missing
        });
        let mut has_addr = false;
        for held in self.addrs6.iter() {
            if held.ifindex == link.ifindex && !held.is_duplicate {
                let is_local = is_link_local(&held.addr.addr);
                has_addr |= held.is_usable() && !is_local;
                // Static addresses do without a link-local one.
                is_tentative |= held.flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)
                    == IFA_F_TENTATIVE
                    && !(is_local && method == Method::Static);
            }
        }
        let lessee = self.lessee(link.ifindex);
        let is_answered = lessee.is_some_and(|lessee| lessee.client6.is_answered());
        let asks = method == Method::Dhcp || lessee.is_some_and(|lessee| lessee.ndisc.flags() != 0);
        let is_heard = || self.when(link.ifindex, Event::Advertisement).is_some();
        let is_done = match method {
            Method::LinkLocal => link.local.is_some(),
            Method::Dhcp => has_addr && is_answered,
            Method::Auto => {
                has_addr
                    && (is_answered || !asks && is_heard() || self.now >= self.grace(link.ifindex))
            }
            Method::Ignore | Method::Disabled | Method::Static => !is_tentative,
        };
        if is_done {
            LinkState::Up
        } else if is_tentative {
            LinkState::WaitingDad
        } else if asks && !is_answered {
            LinkState::WaitingLease6
        } else {
            LinkState::WaitingRa
        }
    }

    /// Until when servers of DHCPv6 are waited for that a router spoke of, where a link has an address without them; or
    /// the router itself, whose word the kernel may have heard before us, or in another run. Without such an address
    /// there is no end.
    fn grace(&self, ifindex: u32) -> Instant {
        if self.when(ifindex, Event::Address).is_none() {
            return NEVER;
        }
        match self.when(ifindex, Event::Advertisement) {
            Some(at) => at.after_seconds(GRACE),
            None => {
                let since = self.when(ifindex, Event::Carrier);
                since.map_or(NEVER, |at| at.after_seconds(1))
            }
        }
    }

    /// Whether routers were asked on each link of a description, and none is there.
    pub(super) fn has_no_router(&self, id: LinkId) -> bool {
        let mut lessees = self.lessees.iter().filter(|lessee| lessee.config == id);
        lessees.all(|lessee| {
            lessee.ndisc.tries() > QUESTIONS
                && self.when(lessee.ifindex, Event::Advertisement).is_none()
        })
    }

    /// The lessee that a link is.
    #[inline(never)]
    pub(crate) fn lessee(&self, ifindex: u32) -> Option<&Lessee> {
        lessee_of(self.lessees, ifindex)
    }
}

/// After so many questions without an answer there is no router.
pub(super) const QUESTIONS: u8 = 3;

/// A family of a link has what it asks for.
pub(super) const NOTHING: (LinkState, Instant) = (LinkState::Up, Instant(0));

/// The lessee that a link is.
pub(super) fn lessee_of(lessees: &VecView<Lessee>, ifindex: u32) -> Option<&Lessee> {
    lessees.iter().find(|lessee| lessee.ifindex == ifindex)
}

/// Where the lease of a family is written down.
pub(super) fn name_of(link: &IfName, family: Family) -> OutputFile<'_> {
    match family {
        Family::V4 => OutputFile::Lease(link),
        Family::V6 => OutputFile::Lease6(link),
    }
}

/// What is written down of a lease.
#[inline(never)]
fn file<'a>(lessee: &'a Lessee, name: &'a IfName, family: Family) -> LeaseFile<'a> {
    LeaseFile {
        name,
        ifindex: lessee.ifindex,
        began: lessee.since(family),
        lease: lessee.lease_of(family),
    }
}

/// Whether leases that were written down still are as they are.
#[inline(never)]
fn are_kept(lessee: &Lessee, name: &IfName, host: &mut impl Host) -> bool {
    FAMILIES.iter().all(|&family| {
        let is_as_written = |host| {
            let text = what_is_there(host, name_of(name, family));
            is_written_as(&file(lessee, name, family), text)
        };
        !lessee.is_saved(family) || is_as_written(host)
    })
}

/// Reads what an earlier run wrote down of a lease, where there is none. One that is to begin yet is of another boot.
#[inline(never)]
pub(super) fn recall(lessee: &mut Lessee, family: Family, name: &IfName, host: &mut impl Host) {
    let now = host.now();
    let Ok(text) = host.read(name_of(name, family)) else {
        return;
    };
    let lease = match family {
        Family::V4 => lessee.lease.any_mut(),
        Family::V6 => lessee.lease6.any_mut(),
    };
    let began = lease::read(text, name, lessee.ifindex, lease);
    if let Some(began) = began.filter(|at| *at <= now) {
        lessee.recall(family, began);
        // Else it is written anew.
        lessee.set_saved(family, lessee.since(family) == began);
    }
}

pub(super) const KEPT: Complaint = Complaint::note(Problem::LeaseKept, Effect::None);
