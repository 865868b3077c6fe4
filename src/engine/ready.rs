//! What a link of a stack waits for once it is made.

use super::{Engine, Event, Instant};
use crate::model::config::{LinkId, LinkNumber, Wait};
use crate::plan::resolve::LinkState;
use crate::wire::netlink::attr_in;
use crate::wire::rtnetlink::info::IFLA_INFO_DATA;

/// In the options of a bond: how LACP stands; in that, the other side's address (linux/if_link.h).
const IFLA_BOND_AD_INFO: u16 = 23;
const IFLA_BOND_AD_INFO_PARTNER_MAC: u16 = 5;

impl Engine<'_> {
    /// What a configured link lacks of a stack, and until when that is waited for.
    pub(super) fn stack_wait(&self, id: LinkId) -> Option<(LinkState, Instant)> {
        let config = self.config.link(id)?;
        let mut links = self.desired.links.iter();
        let link = links.find(|link| link.config == Some(id))?;
        let link = self.observed.by_index(link.ifindex)?;
        let timeouts = &self.config.global.timeouts;
        let mut ports = self.config.links_with_ids();
        // Those that failed do not come later.
        let may_have_ports = ports.any(|(port, of)| {
            let state = self.states.get(port.place());
            of.master == Some(link.name)
                && !matches!(state, Some(LinkState::Failed | LinkState::NotAsked))
        });
        if may_have_ports && self.observed.ports(link.ifindex).next().is_none() {
            let seconds = LinkNumber::DeviceTimeout.of(config);
            let seconds = seconds.unwrap_or(timeouts.of(Wait::Device));
            return Some((LinkState::WaitingPort, self.started.after_seconds(seconds)));
        }
        let options = attr_in(self.observed.info(link), IFLA_INFO_DATA);
        let lacp = attr_in(options, IFLA_BOND_AD_INFO);
        let partner = attr_in(lacp, IFLA_BOND_AD_INFO_PARTNER_MAC);
        if !partner.is_empty() && partner.iter().all(|octet| *octet == 0) {
            let since = self.when(link.ifindex, Event::Seen).unwrap_or(self.started);
            let until = since.after_seconds(timeouts.of(Wait::Carrier));
            return Some((LinkState::WaitingPartner, until));
        }
        None
    }
}
