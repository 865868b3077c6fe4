//! What a link of a stack waits for once it is made.

use super::{Engine, Event, Instant};
use crate::model::config::{LinkId, Wait};
use crate::model::observed::Link;
use crate::plan::resolve::LinkState;
use crate::wire::netlink::attr_in;
use crate::wire::rtnetlink::info::IFLA_INFO_DATA;

/// In the options of a bond: how LACP stands; in that, the other side's address (linux/if_link.h).
const IFLA_BOND_AD_INFO: u16 = 23;
const IFLA_BOND_AD_INFO_PARTNER_MAC: u16 = 5;

impl Engine<'_> {
    /// The kernel's link of a configured one.
    fn link_of(&self, id: LinkId) -> Option<&Link> {
        let mut links = self.desired.links.iter();
        let link = links.find(|link| link.config == Some(id))?;
        self.observed.by_index(link.ifindex)
    }

    /// Whether a link shall have ports and has none. Those that failed do not come later.
    pub(super) fn lacks_port(&self, id: LinkId) -> bool {
        let Some(link) = self.link_of(id) else {
            return false;
        };
        let mut ports = self.config.links_with_ids();
        self.observed.ports(link.ifindex).next().is_none()
            && ports.any(|(port, of)| {
                let state = self.states.get(port.place());
                link.name.is(&of.master)
                    && !matches!(state, Some(LinkState::Failed | LinkState::NotAsked))
            })
    }

    /// Until when a bond waits for somebody who speaks LACP with it; `None` where somebody does, or nobody needs to.
    pub(super) fn partner_wait(&self, id: LinkId) -> Option<Instant> {
        let link = self.link_of(id)?;
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
