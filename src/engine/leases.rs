//! Who asks for a lease and who has one: the files that keep leases, and what a link is still waited for.

use super::complain::{say, write};
use super::publish::what_is_there;
use super::{Engine, Event, Host, Instant, OutputFile, remove};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::config::{IpNumber, LinkConfig, LinkId, LinkNumber, Wait};
use crate::model::desired::DesiredLink;
use crate::model::lease::{Field, Lease};
use crate::model::link::IfName;
use crate::model::observed::Link;
use crate::output::json::is_written_as;
use crate::output::lease::{self, LeaseFile};
use crate::output::owned::Given;
use crate::plan::lease::needs_root;
use crate::plan::resolve::LinkState;
use crate::proto::dhcpv4::State;
use crate::proto::{Lessee, Lessee6};
use heapless::VecView;

impl Engine<'_> {
    /// Sees that there is a client for each desired link that asks for a lease, and for no other. What an
    /// earlier run leased is read back.
    pub(super) fn meet_lessees(&mut self, host: &mut impl Host) {
        const FULL: Complaint = Complaint::error(Problem::MaxDhcp, Effect::MethodSkipped);
        let desired = &self.desired;
        // What another run wrote down, or removed, is what holds.
        remove(self.lessees, |lessee| {
            let link = desired.link(lessee.ifindex);
            !link.is_some_and(|link| {
                link.asks
                    && link.config == Some(lessee.config)
                    && (!lessee.saved || is_kept(lessee, &link.name, host))
            })
        });
        for link in desired.links.iter() {
            let is_its = |lessee: &Lessee| lessee.ifindex == link.ifindex;
            if let Some(id) = link.config
                && link.asks
                && !self.lessees.iter().any(is_its)
            {
                match Lessee::add(self.lessees, link.ifindex, id) {
                    Some(_) if self.is_offline => {}
                    Some(lessee) => recall(lessee, &link.name, host),
                    None => say(host, FULL, &link.name),
                }
            }
        }
    }

    /// Writes down what is leased, where that is not written yet.
    pub(super) fn keep_leases(&mut self, host: &mut impl Host) {
        for lessee in self.lessees.iter_mut() {
            if let Some(link) = self.desired.link(lessee.ifindex)
                && lessee.holds(self.now)
                && !lessee.saved
            {
                let file_of = OutputFile::Lease(&link.name);
                lessee.saved = write(host, file_of, &file(lessee, &link.name));
            }
        }
    }

    /// What a configured link waits for before it has its lease, and for how long at most; `None` where it has
    /// one, or asks for none. Of several links that one description fits, one is enough.
    pub(super) fn lease_wait(
        &self,
        id: LinkId,
        config: &LinkConfig,
        host: &mut impl Host,
    ) -> Option<(LinkState, Instant)> {
        let now = self.now;
        if !config.ipv4.asks() {
            return None;
        }
        let timeouts = &self.config.global.timeouts;
        let dhcp_secs = IpNumber::DhcpTimeout.of(&config.ipv4);
        let dhcp_secs = dhcp_secs.unwrap_or(timeouts.dhcp_in_all());
        let carrier_secs = timeouts.of(Wait::Carrier);
        // a longer delay only: links that are quicker are not waited for
        let carrier_secs = LinkNumber::LinkDelay
            .of(config)
            .map_or(carrier_secs, |delay| delay.max(carrier_secs));
        let needs_root = needs_root(&self.config, id);
        // No link of the description has a client yet.
        let mut wait = (LinkState::WaitingLease, Instant(0));
        for (lessee, n) in self.lessees.iter().zip(0..) {
            if lessee.config != id {
                continue;
            }
            let has_root = !needs_root || !lessee.lease.get(Field::RootPath).is_empty();
            let state = lessee.client.state();
            let is_bound = matches!(state, State::Bound | State::Renewing | State::Rebinding);
            if is_bound && has_root || lessee.v6_only {
                return None;
            }
            if state == State::Ended {
                continue;
            }
            let ifindex = lessee.ifindex;
            let link = self.observed.by_index(ifindex);
            let has_carrier = link.is_some_and(Link::has_carrier);
            let (since, seconds) = match self.when(ifindex, Event::Carrier) {
                Some(at) => (at, dhcp_secs),
                None => (self.when(ifindex, Event::Up).unwrap_or(now), carrier_secs),
            };
            let until = since.after_seconds(seconds);
            if has_root && now >= until.min(self.time_limit) && lessee.holds(now) {
                self.say(n, KEPT, host);
                return None;
            }
            let state = match (has_carrier, is_bound) {
                (false, _) => LinkState::WaitingCarrier,
                (true, true) => LinkState::WaitingRoot,
                (true, false) => LinkState::WaitingLease,
            };
            // The one that may take longest counts.
            if wait.1 < until {
                wait = (state, until);
            }
        }
        Some(wait)
    }

    /// The lease that a link has.
    pub(crate) fn lease_of(&self, link: &DesiredLink) -> Option<&Lease> {
        lease_of(self.lessees, link)
    }

    /// What routers and servers gave to a link.
    pub(crate) fn given_to<'e>(&'e self, link: &'e DesiredLink) -> Given<'e> {
        given_to(self.lessees, self.lessees6, link)
    }
}

/// What is written down of a lease.
fn file<'a>(lessee: &'a Lessee, name: &'a IfName) -> LeaseFile<'a> {
    LeaseFile {
        name,
        ifindex: lessee.ifindex,
        began: lessee.began(),
        lease: lessee.lease.any(),
    }
}

/// Whether a lease is written down as it is.
#[inline(never)]
fn is_kept(lessee: &Lessee, name: &IfName, host: &mut impl Host) -> bool {
    let text = what_is_there(host, OutputFile::Lease(name));
    is_written_as(&file(lessee, name), text)
}

/// Reads what an earlier run wrote down of a lease, which is to have none. One that is to begin yet is of
/// another boot.
#[inline(never)]
pub(super) fn recall(lessee: &mut Lessee, name: &IfName, host: &mut impl Host) {
    let now = host.now();
    let Ok(text) = host.read(OutputFile::Lease(name)) else {
        return;
    };
    if let Some(began) = lease::read(text, name, lessee.ifindex, lessee.lease.any_mut())
        && began <= now
    {
        lessee.client.recall(&lessee.lease, began);
        // Else it is written anew.
        lessee.saved = lessee.began() == began;
    }
}

/// The lease that a link has: what is leased is among what is desired.
#[inline(never)]
pub(super) fn lease_of<'l>(lessees: &'l VecView<Lessee>, link: &DesiredLink) -> Option<&'l Lease> {
    let mut lessees = lessees.iter();
    let has = |lessee: &&Lessee| lessee.ifindex == link.ifindex && link.leased;
    lessees.find(has).map(|lessee| &lessee.lease)
}

/// The same as [`Engine::given_to`].
#[inline(never)]
pub(super) fn given_to<'l>(
    lessees: &'l VecView<Lessee>,
    lessees6: &'l VecView<Lessee6>,
    link: &'l DesiredLink,
) -> Given<'l> {
    let mut six = lessees6.iter();
    Given {
        name: &link.name,
        lease: lease_of(lessees, link),
        six: six.find(|lessee| lessee.ifindex == link.ifindex),
    }
}

pub(super) const KEPT: Complaint = Complaint::note(Problem::LeaseKept, Effect::None);
