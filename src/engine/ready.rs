//! What links wait for, and how it ended.

use super::{Engine, Event, Host, Instant};
use crate::diag::{Complaint, Effect, Problem, Severity, Subject};
use crate::model::config::{LinkConfig, LinkId, LinkNumber, Role, Wait};
use crate::model::observed::Link;
use crate::plan::resolve::LinkState;
use crate::wire::netlink::attr_in;
use crate::wire::rtnetlink::info::IFLA_INFO_DATA;

/// In the options of a bond: how LACP stands; in that, the other side's address (linux/if_link.h).
const IFLA_BOND_AD_INFO: u16 = 23;
const IFLA_BOND_AD_INFO_PARTNER_MAC: u16 = 5;

impl Engine<'_> {
    /// Whether `up` fails without a link that is so far. What was asked for by name is required, whatever the sources
    /// say of booting; a port that is not there is not: its master is, with its first port.
    pub(super) fn is_required(&self, link: &LinkConfig, state: LinkState) -> bool {
        (link.required || self.by_name())
            && state != LinkState::Held
            && (link.role != Role::Port || state != LinkState::WaitingDevice)
    }

    /// Whether links were asked for by their names.
    fn by_name(&self) -> bool {
        !self.goal.names.is_empty()
    }

    /// What the links that are not up wait for or lack, in one complaint each. Nobody waits for them any more.
    #[inline(never)]
    pub fn complain_about_missing(&mut self, host: &mut impl Host) {
        let mut n = 0_u16;
        while let Some((link, state)) = self.link_at(usize::from(n)) {
            if let Some(problem) = state.awaited() {
                let severity = if self.is_required(link, state) {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                let effect = match state.lacks_link() {
                    true => Effect::LinkSkipped,
                    false => Effect::MethodSkipped,
                };
                let complaint = Complaint::new(severity, problem, effect);
                self.complain_of(
                    host,
                    complaint,
                    link.origin,
                    Subject::Matches(&link.matches),
                );
                self.give_up(LinkId::new(n), problem);
            }
            n = n.wrapping_add(1);
        }
    }

    /// Puts down that what a configured link waited for did not come in time. Where no link was found there is
    /// nothing to put it down for.
    fn give_up(&mut self, id: LinkId, problem: Problem) {
        let mut n = 0_usize;
        while let Some(link) = self.desired.links.get(n) {
            if link.config == Some(id) {
                let ifindex = link.ifindex;
                self.put_down(ifindex, problem);
                self.fail(ifindex);
            }
            n = n.wrapping_add(1);
        }
    }

    /// Counts a link's state up from what was found and done, and how long to wait.
    pub(super) fn finish_links(&mut self, host: &mut impl Host) {
        let mut until = self.until;
        let mut n = 0_u16;
        while let Some((_, state)) = self.link_at(usize::from(n)) {
            if state == LinkState::Found {
                until = until.max(self.finish_link(LinkId::new(n), host));
            }
            let Some((link, state)) = self.link_at(usize::from(n)) else {
                break;
            };
            if (state.lacks_link() || state == LinkState::WaitingPort)
                && (link.required || self.by_name())
            {
                let seconds = LinkNumber::DeviceTimeout
                    .of(link)
                    .unwrap_or(self.config.global.timeouts.of(Wait::Device));
                let deadline = self.begun.after_seconds(seconds);
                until = until.max(deadline);
            }
            n = n.wrapping_add(1);
        }
        self.until = until;
    }

    /// The kernel's link of a configured one.
    pub(super) fn link_of(&self, id: LinkId) -> Option<&Link> {
        let mut links = self.desired.links.iter();
        let link = links.find(|link| link.config == Some(id))?;
        self.observed.by_index(link.ifindex)
    }

    /// Whether a link shall have ports and has none. Those that failed do not come later.
    pub(super) fn lacks_port(&self, link: &Link) -> bool {
        if self.observed.ports(link.ifindex).next().is_some() {
            return false;
        }
        let mut n = 0_usize;
        while let Some((port, state)) = self.link_at(n) {
            let is_gone = matches!(state, LinkState::Failed | LinkState::NotAsked);
            if !is_gone && link.name.is(&port.master) {
                return true;
            }
            n = n.wrapping_add(1);
        }
        false
    }

    /// Until when a bond waits for somebody who speaks LACP with it; `None` where somebody does, or nobody needs to.
    pub(super) fn partner_wait(&self, link: &Link) -> Option<Instant> {
        let options = attr_in(self.observed.info(link), IFLA_INFO_DATA);
        let lacp = attr_in(options, IFLA_BOND_AD_INFO);
        if attr_in(lacp, IFLA_BOND_AD_INFO_PARTNER_MAC) != [0; 6] {
            return None;
        }
        let since = self.when(link.ifindex, Event::Seen);
        let seconds = self.config.global.timeouts.of(Wait::Carrier);
        Some(since.unwrap_or(self.started).after_seconds(seconds))
    }
}
