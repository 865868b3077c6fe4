//! What is missing or differs of links.

use super::encode::options;
use super::{Act, Phase, Plan};
use crate::model::attr::{Attr, Scope, When};
use crate::model::config::{Config, LinkId};
use crate::model::desired::{Desired, DesiredLink};
use crate::model::link::LinkKind;
use crate::model::observed::{Birth, Link, Observed};
use crate::wire::rtnetlink::info;

/// The kind of link that the configured master of a link is made as.
pub fn master_kind(config: &Config<'_>, id: LinkId) -> Option<LinkKind> {
    let master = config.named(config.link(id)?.master.as_ref()?)?;
    config.link(master)?.made_kind()
}

/// Whether a link shall be a port of a bond, for which it goes down.
pub fn joins_bond(config: &Config<'_>, id: LinkId) -> bool {
    master_kind(config, id).is_some_and(|kind| kind.scope() == Scope::Bond)
}

/// Fills `plan` with what is missing or differs of links.
#[inline(never)]
pub fn diff_links(
    desired: &mut Desired<'_>,
    observed: &Observed<'_>,
    config: &Config<'_>,
    plan: &mut Plan<'_>,
) {
    let mut n = 0_usize;
    while let Some(wanted) = desired.links.get(n) {
        if let Some(link) = observed.by_index(wanted.ifindex) {
            let mut diff = Diff {
                links: desired.links,
                observed,
                config,
                plan,
                n: n as u32,
                wanted,
                link,
                is_new: link.birth == Birth::Planned,
                differs: None,
            };
            diff.one();
            let differs = diff.differs;
            if let Some(wanted) = desired.links.get_mut(n) {
                (wanted.remake, wanted.differs) = (differs.is_some(), differs.flatten());
            }
        }
        n = n.wrapping_add(1);
    }
}

/// The comparison of one link.
struct Diff<'a, 'm> {
    links: &'a [DesiredLink],
    observed: &'a Observed<'a>,
    config: &'a Config<'a>,
    plan: &'a mut Plan<'m>,
    /// Its place in the table.
    n: u32,
    wanted: &'a DesiredLink,
    link: &'a Link,
    /// Whether it is to be made.
    is_new: bool,
    /// What differs that the kernel does not change ([`DesiredLink::differs`]).
    differs: Option<Option<Attr>>,
}

impl Diff<'_, '_> {
    #[inline(never)]
    fn push(&mut self, phase: Phase, act: Act) {
        self.plan.push_at(phase, self.wanted.depth, act, self.n);
    }

    fn one(&mut self) {
        const STATUS: Attr = Attr::of(Scope::Link, "status");
        let (wanted, link, config) = (self.wanted, self.link, self.config);
        let id = wanted.config.unwrap_or(LinkId::NONE);
        if self.is_new {
            self.push(Phase::Make, Act::Make);
        }
        let joins = wanted.master != 0 && link.master != wanted.master;
        // A bond sees to the MACs of its ports.
        let is_in = wanted.master != 0 && !joins && joins_bond(config, id);
        if !wanted.mac.is_none() && wanted.mac != link.mac && !is_in {
            self.push(Phase::Attributes, Act::SetMac);
        }
        if wanted.mtu != 0 && (self.is_new || wanted.mtu != link.mtu) {
            self.push(Phase::Attributes, Act::SetMtu);
        }
        if joins {
            self.push(Phase::Master, Act::Enslave);
        }
        let mut stays_down = false;
        if let Some(id) = wanted.config {
            let [flags, mask] = config.flags_of(id);
            let txqlen = config.number_of(id, Attr::TXQUEUELEN);
            if (link.flags ^ flags) & mask != 0 || txqlen.unwrap_or(link.txqlen) != link.txqlen {
                self.push(Phase::Attributes, Act::SetFlags);
            }
            self.options(id);
            if wanted.master != 0
                && let Some(differs) = self.differs(Act::SetPort)
                && differs.when.is_some()
            {
                self.push(Phase::PortOptions, Act::SetPort);
            }
            stays_down = config.number_of(id, STATUS) == Some(0);
        }
        if !link.is_up() && !stays_down {
            self.push(Phase::Up, Act::Up);
        }
    }

    /// What a step that sets options would set.
    fn differs(&self, act: Act) -> Option<info::Differs> {
        let options = options(act, self.wanted, self.config, self.observed)?;
        let mut scratch = heapless::Vec::<u8, { info::OCTETS }>::new();
        Some(options.put(&mut scratch, &mut |_| {}))
    }

    /// The options of the link's kind, and the link that it lies on.
    fn options(&mut self, id: LinkId) {
        let (config, observed, link) = (self.config, self.observed, self.link);
        let Some(kind) = config.link(id).and_then(|link| link.made_kind()) else {
            return;
        };
        let info = observed.info(link);
        if !self.is_new && !info::is_kind(info, kind) {
            return;
        }
        let act = match self.is_new {
            true => Act::Make,
            false => Act::SetOptions,
        };
        let Some(mut differs) = self.differs(act) else {
            return;
        };
        if differs.joined {
            self.push(Phase::JoinedOptions, Act::SetJoined);
        }
        if self.is_new {
            return;
        }
        if self.lies_elsewhere(id, kind) {
            (differs.when, differs.attr) = (Some(When::Made), None);
        }
        let Some(when) = differs.when else {
            return;
        };
        let has_ports = observed.ports(link.ifindex).next().is_some();
        let needs_ports_out = has_ports && matches!(when, When::Portless | When::Empty);
        if when >= When::Made || needs_ports_out && !self.take_ports_out() {
            self.differs = Some(differs.attr);
            return;
        }
        if link.is_up() && matches!(when, When::Down | When::Empty) {
            self.push(Phase::DownForOptions, Act::Down);
            self.push(Phase::Up, Act::Up);
        }
        self.push(Phase::Attributes, Act::SetOptions);
    }

    /// Whether a link that cannot be moved lies on another one than it shall.
    fn lies_elsewhere(&self, id: LinkId, kind: LinkKind) -> bool {
        let lower = self.config.link(id).and_then(|link| link.lower.as_ref());
        let lower = lower.and_then(|lower| super::stack::find_lower(self.observed, lower));
        let Some(lower) = lower else {
            return false;
        };
        // The kernel puts those that share a MAC on what others of their kind lie on.
        let is_there = self.link.lower == lower.ifindex
            || kind.scope() == Scope::Macvlan && self.link.lower == lower.lower;
        !is_there && matches!(kind.scope(), Scope::Vlan | Scope::Ib | Scope::Macvlan)
    }

    /// Lets the ports of the link go and join again, if all of them shall be its ports.
    fn take_ports_out(&mut self) -> bool {
        let ifindex = self.link.ifindex;
        let is_ours = |port: &Link| {
            let mut links = self.links.iter();
            links.any(|link| link.ifindex == port.ifindex && link.master == ifindex)
        };
        if !self.observed.ports(ifindex).all(is_ours) {
            return false;
        }
        for (port, n) in self.links.iter().zip(0..) {
            let is_in = self.observed.by_index(port.ifindex);
            if is_in.is_some_and(|link| link.master == ifindex) {
                let (phase, depth) = (Phase::DownForOptions, port.depth);
                self.plan.push_at(phase, depth, Act::Release, n);
                self.plan.push_at(Phase::Master, depth, Act::Enslave, n);
            }
        }
        true
    }
}
