//! Links that lie on others: how deep they lie, which of them are to be made, and which cannot be.
//!
//! A link that is to be made is put among the kernel's, under a number that no link has: the kernel takes the number
//! that it is asked for (Linux 3.7), so what lies on the link, and its addresses and routes, are planned at once.

use super::rename::{find_by_mac, written_name};
use super::resolve::Goal;
use crate::diag::{Complaint, Effect, Problem, Sink, Subject};
use crate::model::attr::{Attr, Value};
use crate::model::config::{Config, LinkConfig, LinkId, LinkMatch};
use crate::model::link::{IfName, LinkKind};
use crate::model::observed::{Birth, KernelKind, Link, Observed};
use crate::packed::word;
use crate::text::show::{Show, Text};
use crate::wire::rtnetlink::info::is_kind;
use heapless::VecView;

/// So many links may lie one on the other; what lies deeper lies on itself, or the kernel would refuse it.
pub const MAX_DEPTH: u8 = 16;
/// The depth of a link that cannot be.
pub const NO_DEPTH: u8 = u8::MAX;
/// Beside the depth: a link that is asked for lies on it.
const NEEDED: u8 = 0x40;

/// Everything that it works on.
pub struct Stack<'a, 'm> {
    /// What the sources said.
    pub config: &'a Config<'m>,
    /// The kernel's links; gets those that are to be made.
    pub observed: &'a mut Observed<'m>,
    /// What this run is about.
    pub goal: Goal<'a>,
    /// One for each configured link, filled.
    pub depths: &'a mut VecView<u8>,
    /// Receives complaints.
    pub sink: &'a mut dyn Sink,
}

impl Stack<'_, '_> {
    /// Works out how deep each link lies, refuses what cannot be, and adds what is to be made.
    pub fn build(&mut self) {
        self.depths.clear();
        for link in self.config.links.iter() {
            // The link below may be one that nothing configures.
            let _ = self.depths.push(link.lower.is_some().into());
        }
        // Each round brings it one link further, whatever the order.
        for _ in 0..=MAX_DEPTH {
            if !self.relax() {
                break;
            }
        }
        let config = self.config;
        for depth in 0..=MAX_DEPTH {
            for (id, link) in config.links_with_ids() {
                if depth_of(self.depths, id) == depth && self.is_wanted(id) {
                    self.add(id, link, depth);
                }
            }
        }
    }

    /// Puts each link above those it lies on; whether that changed anything.
    fn relax(&mut self) -> bool {
        let config = self.config;
        let mut is_news = false;
        for (id, link) in config.links_with_ids() {
            let lower = link.lower.and_then(|lower| below(config, id, &lower));
            let master = link.master.and_then(|master| config.named(&master));
            is_news |= self.lies_on(Some(id), lower) | self.lies_on(master, Some(id));
        }
        is_news
    }

    #[inline(never)]
    fn lies_on(&mut self, upper: Option<LinkId>, lower: Option<LinkId>) -> bool {
        let (Some(upper), Some(lower)) = (upper, lower) else {
            return false;
        };
        let depth = depth_of(self.depths, lower)
            .wrapping_add(1)
            .min(MAX_DEPTH)
            .max(depth_of(self.depths, upper));
        let is_needed = self.is_wanted(upper);
        let mut is_news = false;
        if let Some(above) = self.depths.get_mut(upper.place()) {
            let before = *above;
            *above = depth | before & NEEDED;
            is_news = *above != before;
        }
        if let Some(below) = self.depths.get_mut(lower.place())
            && is_needed
        {
            is_news |= *below & NEEDED == 0;
            *below |= NEEDED;
        }
        is_news
    }

    /// Whether a link is asked for, or one that lies on it.
    fn is_wanted(&self, id: LinkId) -> bool {
        let link = self.config.link(id);
        is_needed(self.depths, id) || link.is_some_and(|link| self.goal.wants(link, None))
    }

    /// Adds a link, if it is to be made and can be.
    fn add(&mut self, id: LinkId, link: &LinkConfig, depth: u8) {
        let config = self.config;
        let Some(kind) = link.made_kind() else {
            return;
        };
        if depth == MAX_DEPTH {
            return self.refuse(id, link, Problem::Loop);
        }
        let lower_id = link.lower.and_then(|lower| below(config, id, &lower));
        if lower_id.is_some_and(|lower| depth_of(self.depths, lower) == NO_DEPTH) {
            return self.set_depth(id, NO_DEPTH);
        }
        // The name is that of the rule's link.
        let Some(name) = name_of(config, self.observed, id) else {
            return;
        };
        if config.rule_for(&Some(name)).is_some() {
            return;
        }
        if let Some(have) = self.observed.by_name(&name) {
            let info = self.observed.info(have);
            let is_it = have.birth != Birth::Seen
                || link.kind == LinkKind::Ethernet
                || is_kind(info, kind)
                || info.is_empty() && have.kind != KernelKind::Device;
            if !is_it {
                self.refuse(id, link, Problem::OtherKind);
            }
            return;
        }
        let (mut lower, mut mtu) = (0, 1_500);
        if let Some(matches) = &link.lower {
            let Some(link) = find_lower(self.observed, matches) else {
                return;
            };
            (lower, mtu) = (link.ifindex, link.mtu);
        }
        if kind == LinkKind::Vlan && self.is_there_twice(id, link) {
            return self.refuse(id, link, Problem::SameVlan);
        }
        let ifindex = self.observed.next_index();
        let mut made = Link::new(ifindex, name);
        (made.kind, made.birth) = (KernelKind::Virtual, Birth::Planned);
        (made.lower, made.mtu, made.mac) = (lower, mtu, link.mac);
        // There is room: links that nothing speaks of were left out of the table in time.
        let _ = self.observed.links.push(made);
        // Its other end is made with it.
        if let Some(peer) = config.attr_of(id, Attr::PEER)
            && let Value::Text(peer) = peer.value
            && let Some(peer) = IfName::new(config.text(peer))
            && self.observed.by_name(&peer).is_none()
        {
            let mut other = Link::new(self.observed.next_index(), peer);
            (other.kind, other.lower) = (KernelKind::Virtual, ifindex);
            let _ = self.observed.links.push(other);
        }
    }

    /// Whether an earlier link is the VLAN of this id on the same link.
    fn is_there_twice(&self, id: LinkId, link: &LinkConfig) -> bool {
        let config = self.config;
        let key = |id| {
            let protocol = config.number_of(id, Attr::VLAN_PROTOCOL);
            (config.number_of(id, Attr::VLAN_ID), protocol.unwrap_or(0))
        };
        let key_here = key(id);
        let mut earlier = config.links_with_ids().take(id.place());
        earlier.any(|(other, there)| {
            key(other) == key_here
                && there.made_kind() == Some(LinkKind::Vlan)
                && there.lower == link.lower
                && depth_of(self.depths, other) != NO_DEPTH
                && self.is_wanted(other)
        })
    }

    fn refuse(&mut self, id: LinkId, link: &LinkConfig, problem: Problem) {
        let complaint = Complaint::error(problem, Effect::NotMade);
        let subject = Subject::Matches(&link.matches);
        complaint.report(self.sink, self.config, link.origin, subject);
        self.set_depth(id, NO_DEPTH);
    }

    fn set_depth(&mut self, id: LinkId, depth: u8) {
        if let Some(slot) = self.depths.get_mut(id.place()) {
            *slot = depth;
        }
    }
}

/// How deep a configured link lies, or [`NO_DEPTH`].
#[inline(never)]
pub fn depth_of(depths: &VecView<u8>, id: LinkId) -> u8 {
    match depths.get(id.place()) {
        None => 0,
        Some(&NO_DEPTH) => NO_DEPTH,
        Some(depth) => depth & !NEEDED,
    }
}

/// Whether a link that is asked for lies on it.
pub fn is_needed(depths: &VecView<u8>, id: LinkId) -> bool {
    let depth = depths.get(id.place()).copied().unwrap_or(0);
    depth & NEEDED != 0 && depth != NO_DEPTH
}

/// The configured link that another one lies on.
fn below(config: &Config<'_>, id: LinkId, lower: &LinkMatch) -> Option<LinkId> {
    if let LinkMatch::Name(name) = lower {
        return config.named(name);
    }
    let mut links = config.links_with_ids();
    // A VLAN without a name is known by the MAC of the link below.
    let found = links.find(|(other, link)| *other != id && link.matches == *lower);
    found.map(|(id, _)| id)
}

/// The kernel's link that another one lies on.
#[inline(never)]
pub fn find_lower<'o>(observed: &'o Observed<'_>, lower: &LinkMatch) -> Option<&'o Link> {
    match lower {
        LinkMatch::Name(name) => observed.by_name(name),
        LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) => find_by_mac(observed, mac, &None),
        LinkMatch::Any => None,
    }
}

/// The name of a configured link; one of the firmware's VLANs has the end of that of the link below, a dot and its
/// id.
pub fn name_of(config: &Config<'_>, observed: &Observed<'_>, id: LinkId) -> Option<IfName> {
    let link = config.link(id)?;
    if link.name.is_some() || link.kind != LinkKind::Vlan {
        return link.name;
    }
    let lower = find_lower(observed, &link.lower?)?;
    let tagged = Tagged(lower.name.as_bytes(), config.number_of(id, Attr::VLAN_ID)?);
    Some(written_name(word!(""), &tagged))
}

/// A VLAN's name.
struct Tagged<'a>(&'a [u8], u32);

impl Show for Tagged<'_> {
    fn show(&self, f: &mut Text<'_>) {
        /// As many as leave room for a dot and four digits. Of a name made of a MAC the last ones differ.
        const OCTETS: usize = 10;
        f.put(self.0.last_chunk::<OCTETS>().map_or(self.0, |end| end));
        f.count(word!("."), self.1);
    }
}
