//! What is missing or differs of links.

use super::encode::options;
use super::rename::find_by_mac;
use super::{Act, Phase, Plan, knobs};
use crate::model::attr::{Attr, Scope, When};
use crate::model::config::{Config, NameRule};
use crate::model::desired::{Desired, DesiredLink};
use crate::model::knob::{ABSENT, Knob, STABLE_PRIVACY};
use crate::model::link::LinkKind;
use crate::model::observed::{AltName, Birth, Link, Observed};
use crate::wire::rtnetlink::info::{self, Options, Pick};

/// Whether a link says among its options what it lies on, and can be moved.
pub fn lies_in_data(kind: LinkKind) -> bool {
    matches!(kind.scope(), Scope::Vxlan | Scope::Tunnel)
}

/// The rule that gives a link other names or the length of its queue.
#[inline(never)]
pub fn rule_of<'c>(
    config: &'c Config<'_>,
    observed: &Observed<'_>,
    ifindex: u32,
) -> Option<&'c NameRule> {
    let link = observed.by_index(ifindex)?;
    config.name_rules.iter().find(|rule| {
        (rule.altnames.is_some() || rule.txqlen.is_some())
            // looked for among all links only where it may be found
            && link.has_mac(&rule.mac)
            && find_by_mac(observed, &rule.mac, &rule.name)
                .is_some_and(|found| found.ifindex == ifindex)
    })
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
    while let Some(&wanted) = desired.links.get(n) {
        if let Some(link) = observed.by_index(wanted.ifindex) {
            let mut diff = Diff {
                links: desired.links,
                observed,
                config,
                plan,
                n,
                wanted: &wanted,
                link,
            };
            diff.one();
        }
        n = n.wrapping_add(1);
    }
}

/// The comparison of one link.
struct Diff<'a, 'm> {
    links: &'a mut [DesiredLink],
    observed: &'a Observed<'a>,
    config: &'a Config<'a>,
    plan: &'a mut Plan<'m>,
    /// Its place in the table.
    n: usize,
    wanted: &'a DesiredLink,
    link: &'a Link,
}

impl<'a> Diff<'a, '_> {
    #[inline(never)]
    fn push(&mut self, phase: Phase, act: Act) {
        self.plan
            .push_at(phase, self.wanted.depth, act, self.n as u32);
    }

    #[inline(never)]
    fn one(&mut self) {
        const STATUS: Attr = Attr::of(Scope::Link, "status");
        let (wanted, link, config) = (self.wanted, self.link, self.config);
        let id = wanted.id();
        let is_new = link.birth == Birth::Planned;
        if is_new {
            self.push(Phase::Make, Act::Make);
        }
        // What we made a port leaves again when it shall be none any more.
        let is_there = wanted.master == link.master;
        let moves = wanted.master != 0 && is_there == wanted.is_free;
        if moves {
            let (phase, act) = match wanted.is_free {
                true => (Phase::DownForOptions, Act::Release),
                false => (Phase::Master, Act::Enslave),
            };
            self.push(phase, act);
        }
        // A bond sees to the MACs of its ports.
        if !wanted.mac.is_none() && wanted.mac != link.mac && (moves || !wanted.in_bond()) {
            self.push(Phase::Attributes, Act::SetMac);
        }
        if wanted.mtu != 0 && wanted.mtu != link.mtu {
            self.push(Phase::Attributes, Act::SetMtu);
        }
        let [flags, mask] = config.flags_of(id);
        let rule = rule_of(config, self.observed, link.ifindex);
        let txqlen = rule.and_then(|rule| rule.txqlen);
        if (link.flags ^ flags) & mask != 0 || txqlen.unwrap_or(link.txqlen) != link.txqlen {
            self.push(Phase::Attributes, Act::SetFlags);
        }
        let mut n = 0;
        while let Some(rule) = rule
            && let Some(name) = &config.altname(rule, n)
        {
            let is_it = |have: &AltName| have.ifindex == link.ifindex && have.name == *name;
            if !self.observed.altnames.iter().any(is_it) {
                let (phase, act) = (Phase::Attributes, Act::AddAltName);
                self.plan.push_at(phase, n, act, self.n as u32);
            }
            n = n.wrapping_add(1);
        }
        self.knobs();
        let port = self.options(Act::SetPort);
        if port.kind != LinkKind::Ethernet && differs(&port).when.is_some() {
            self.push(Phase::PortOptions, Act::SetPort);
        }
        let goes_down = self.own(is_new);
        if (goes_down || moves && wanted.is_free || !link.is_up())
            && config.number_of(id, STATUS) != Some(0)
        {
            self.push(Phase::Up, Act::Up);
        }
    }

    /// The settings of IPv6.
    fn knobs(&mut self) {
        let (wanted, link, config) = (self.wanted, self.link, self.config);
        for n in 0..Knob::FORWARDING.0 {
            let have = link.knobs.of(Knob(n));
            let Some(shall) = knobs::wanted(Knob(n), wanted, link, config) else {
                continue;
            };
            if have == ABSENT || have == shall {
                continue;
            }
            let (phase, act) = match Knob(n) {
                // what is stable takes a secret
                Knob::ADDR_GEN_MODE if shall != STABLE_PRIVACY => {
                    (Phase::Attributes, Act::SetGenMode)
                }
                Knob::MTU => (Phase::JoinedOptions, Act::Knob),
                _ => (Phase::Knobs, Act::Knob),
            };
            self.plan.push_at(phase, n, act, self.n as u32);
        }
        let token = knobs::token(wanted, config);
        if link.knobs.has_ipv6() && token != 0 && token != link.token {
            // which the kernel takes only where advertisements of routers count
            self.push(Phase::Up, Act::SetToken);
        }
    }

    /// The options that a step sets.
    fn options(&self, act: Act) -> Options<'a> {
        options(act, self.wanted, self.config, self.observed)
    }

    /// The options of the link's kind, and the link that it lies on; whether it goes down for them.
    #[inline(never)]
    fn own(&mut self, is_new: bool) -> bool {
        let own = self.options(match is_new {
            true => Act::Make,
            false => Act::SetOptions,
        });
        let kind = own.kind;
        if !is_new && !info::is_kind(own.have, kind) {
            return false;
        }
        let mut differs = differs(&own);
        if differs.joined {
            self.push(Phase::JoinedOptions, Act::SetJoined);
        }
        // which it is of a new one
        if own.pick == Pick::All {
            return false;
        }
        if self.lies_elsewhere(kind) {
            (differs.when, differs.attr) = (Some(When::Made), None);
        }
        let Some(when) = differs.when else {
            return false;
        };
        let is_stuck = match when {
            When::Always | When::Down => false,
            When::Portless | When::Empty => !self.take_ports_out(),
            When::Made | When::Joined | When::Once => true,
        };
        if is_stuck {
            if let Some(wanted) = self.links.get_mut(self.n) {
                (wanted.remake, wanted.differs) = (true, differs.attr);
            }
            return false;
        }
        self.push(Phase::Attributes, Act::SetOptions);
        let goes_down = self.link.is_up() && matches!(when, When::Down | When::Empty);
        if goes_down {
            self.push(Phase::DownForOptions, Act::Down);
        }
        goes_down
    }

    /// Whether a link that cannot be moved lies on another one than it shall.
    fn lies_elsewhere(&self, kind: LinkKind) -> bool {
        let (have, wanted) = (self.link.lower, self.wanted.lower);
        if wanted == 0 || have == wanted || lies_in_data(kind) {
            return false;
        }
        // The kernel puts those that share a MAC on what others of their kind lie on.
        let lower = self.observed.by_index(wanted);
        kind.scope() != Scope::Macvlan || lower.is_none_or(|lower| lower.lower != have)
    }

    /// Lets the ports of the link go and join again, if all of them shall be its ports.
    #[inline(never)]
    fn take_ports_out(&mut self) -> bool {
        let ifindex = self.link.ifindex;
        let (steps, phases) = (self.plan.steps.len(), self.plan.phases);
        let mut others = self.observed.ports(ifindex).count();
        for (port, n) in self.links.iter().zip(0..) {
            if port.master == ifindex
                && let Some(link) = self.observed.by_index(port.ifindex)
                && link.master == ifindex
            {
                others = others.wrapping_sub(1);
                let (phase, depth) = (Phase::DownForOptions, port.depth);
                self.plan.push_at(phase, depth, Act::Release, n);
                self.plan.push_at(Phase::Master, depth, Act::Enslave, n);
            }
        }
        if others != 0 {
            self.plan.steps.truncate(steps);
            self.plan.phases = phases;
        }
        others == 0
    }
}

/// What of options differs; all that there is where all are meant.
#[inline(never)]
fn differs(options: &Options<'_>) -> info::Differs {
    let mut scratch = heapless::Vec::<u8, { info::OCTETS }>::new();
    options.put(&mut scratch, &mut |_| {})
}
