//! Config and the kernel's links to Desired: "which link" becomes a link number.
//!
//! The order of the configuration decides, never the order in which links appeared: metrics of default
//! routes (SEMANTICS: the boot device first, the others 100 and their place in the configuration), and
//! who configures a link that two sources name (the command line before ifcfg).

use super::rename::find_by_mac;
use super::stack::{NO_DEPTH, depth_of, find_lower, id_of, is_needed, name_of};
use crate::diag::{Complaint, Effect, LineBuf, Origin, Problem, Sink, Subject};
use crate::engine::Wish;
use crate::limits::MAX_LINE;
use crate::model::addr::{Cidr, Family};
use crate::model::attr::Attr;
use crate::model::config::{
    Config, Dad, GlobalNumber, LinkConfig, LinkFlag, LinkId, LinkMatch, LinkNumber, Method,
    SourceKind,
};
use crate::model::desired::{Desired, Thing, What};
use crate::model::knob::{Knob, NONE, STABLE_PRIVACY};
use crate::model::link::{IfName, LinkKind, Mac};
use crate::model::observed::{ARPHRD_ETHER, ARPHRD_INFINIBAND, Birth, KernelKind, Link, Observed};
use crate::proto::{Lessee, slaac};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use heapless::VecView;

pub use super::link_state::LinkState;

/// What this run is about.
#[derive(Clone, Copy)]
pub struct Goal<'a> {
    /// Link names given on the command line; none: every link that is to come up at boot.
    pub names: &'a [IfName],
    /// Whether it stays, and sees to what becomes of the links (`watch`).
    pub stays: bool,
    /// What is wanted of single links besides.
    pub wishes: &'a [(IfName, Wish)],
}

impl<'a> Goal<'a> {
    /// Every link that is to come up at boot.
    pub const ALL: Goal<'static> = Goal {
        names: &[],
        stays: false,
        wishes: &[],
    };

    /// The same with these wishes.
    pub fn with(self, wishes: &'a [(IfName, Wish)]) -> Goal<'a> {
        Goal { wishes, ..self }
    }

    /// Whether `link` is asked for; `is` is the kernel's link it matches, if known; `is_needed`: what lies on it is
    /// asked for. Who wants a link to be left alone means its ports and what lies on it too.
    #[inline(never)]
    pub fn wants(&self, link: &LinkConfig, is: Option<&Link>, is_needed: bool) -> bool {
        let is_it = |name: &IfName| name.is(&link.name) || is.is_some_and(|is| is.name == *name);
        let mut wanted = is_needed;
        if self.names.is_empty() {
            wanted |= link.onboot;
        }
        wanted |= self.names.iter().any(is_it);
        for (name, wish) in self.wishes {
            if is_it(name) {
                return *wish == Wish::Up;
            }
            let is_below =
                |lower: &LinkMatch| matches!(lower, LinkMatch::Name(lower) if lower == name);
            let has_part = name.is(&link.master) || link.lower.as_ref().is_some_and(is_below);
            wanted &= *wish == Wish::Up || !has_part;
        }
        wanted
    }
}

/// The addresses the kernel gives the loopback link when it comes up.
const LOOPBACK: [Cidr; 2] = [
    Cidr {
        addr: IpAddr::V4(Ipv4Addr::LOCALHOST),
        len: 8,
    },
    Cidr {
        addr: IpAddr::V6(Ipv6Addr::LOCALHOST),
        len: 128,
    },
];

/// Link-local addresses (RFC 3927); as initscripts do it, the links' routes differ by metric.
const ZEROCONF: Cidr = Cidr {
    addr: IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)),
    len: 16,
};
const ZEROCONF_METRIC: u32 = 1_000;

/// Everything that links and routes are resolved from.
pub struct Resolver<'a, 'm> {
    /// What the sources said.
    pub config: &'a Config<'m>,
    /// The kernel's links, renamed as the plan will.
    pub observed: &'a Observed<'m>,
    /// What this run is about.
    pub goal: Goal<'a>,
    /// Filled.
    pub desired: &'a mut Desired<'m>,
    /// One for each configured link, filled.
    pub states: &'a mut VecView<LinkState>,
    /// How deep each of them lies.
    pub depths: &'a VecView<u8>,
    /// Receives complaints.
    pub sink: &'a mut dyn Sink,
    /// Where the last route went, in [`Desired::links`]; begin with 0.
    pub last_link: usize,
    /// Links that have a lease, or ask for one.
    pub lessees: &'a VecView<Lessee>,
    /// Of the links that one description fits, the first one whose lease says where root is.
    pub root_link: Option<u32>,
}

impl Resolver<'_, '_> {
    /// Fills `desired` and `states` but for leases and routes, which come in this order after it.
    pub fn links(&mut self) {
        self.desired.clear();
        self.states.clear();
        let _ = (self.states).resize(self.config.links.len(), LinkState::NotAsked);
        self.loopback();
        for turn in (0..TURNS).rev() {
            for (id, link) in self.config.links_with_ids() {
                if turn_of(link) == turn {
                    self.link(id, link);
                }
            }
        }
    }

    /// Adds the routes and the rules of the configuration.
    pub fn routes(&mut self) {
        for route in self.config.routes.iter() {
            self.route(What::Route, route);
        }
        for rule in self.config.rules.iter() {
            self.route(What::Rule, rule);
        }
    }

    /// The loopback link is always up; the kernel gives it its addresses when it comes up.
    fn loopback(&mut self) {
        let mut links = self.observed.links.iter();
        if let Some(lo) = links.find(|link| link.is_loopback() && !link.is_held) {
            self.desired.add_link(lo.ifindex, &lo.name, Origin::NONE);
            if lo.is_up() {
                for addr in &LOOPBACK {
                    // Without IPv6 it gives none, and takes none.
                    let is_spoken = lo.knobs.of(Knob::DISABLE_IPV6) == 0;
                    if is_spoken || addr.family() == Family::V4 {
                        self.add(&Thing::addr(lo.ifindex, addr, &None, Origin::NONE));
                    }
                }
            }
        }
    }

    #[inline(never)]
    fn link(&mut self, id: LinkId, config: &LinkConfig) {
        let observed = self.observed;
        let by_mac = |mac| find_by_mac(observed, mac, &config.name);
        let name = name_of(self.config, observed, id);
        let holder = name.as_ref().and_then(|name| observed.by_name(name));
        let is_made = config.made_kind().is_some();
        let mut state = LinkState::WaitingDevice;
        let named = match (&config.matches, self.config.rule_for(&config.name)) {
            (LinkMatch::Any, _) => return self.any(id, config),
            // A name that a rule gives is that of the rule's link, even where the rule could not be followed.
            (LinkMatch::Name(_), Some(rule)) => by_mac(&rule.mac),
            (LinkMatch::Name(_), None) => holder,
            // the MAC is that of the link it lies on
            (LinkMatch::Mac(_), None) if config.kind == LinkKind::Vlan => holder,
            (LinkMatch::Mac(mac), Some(rule)) if rule.mac != *mac => {
                state = LinkState::Failed;
                None
            }
            (LinkMatch::Mac(mac) | LinkMatch::Bootif(mac), _) => {
                let has_set_mac = |link: &&Link| !config.mac.is_none() && config.mac == link.mac;
                by_mac(mac).or(holder.filter(has_set_mac))
            }
        };
        if !self.goal.wants(config, named, is_needed(self.depths, id)) {
            return;
        }
        let is_refused = named.is_some_and(|link| link.birth == Birth::Refused);
        if depth_of(self.depths, id) == NO_DEPTH || is_refused {
            state = LinkState::Failed;
        } else if named.is_some_and(|link| link.is_held) {
            state = LinkState::Held;
        } else if let Some(link) = named {
            // Of a link that we make, udev has nothing to say that matters.
            if link.settled || is_made {
                return self.found(id, config, link);
            }
            state = LinkState::WaitingUdev;
        } else if is_made {
            state = LinkState::WaitingLower;
        } else if let LinkMatch::Mac(mac) = &config.matches
            && (holder.is_some() || state == LinkState::Failed)
        {
            self.other_mac(config, mac);
        }
        set_state(self.states, id, state);
    }

    /// The link that bears the name has another MAC than the one asked for.
    #[inline(never)]
    fn other_mac(&mut self, config: &LinkConfig, mac: &Mac) {
        const COMPLAINT: Complaint = Complaint::error(Problem::OtherMac, Effect::LinkSkipped);
        let mut origin = config.origin;
        for rule in self.config.name_rules.iter() {
            if rule.mac == *mac && rule.gives(&config.name) {
                origin = rule.origin;
                break;
            }
        }
        let mut token = LineBuf::<MAX_LINE>::new();
        token.show(mac);
        COMPLAINT.report_token(
            self.sink,
            self.config,
            origin,
            Subject::Hwaddr,
            token.as_bytes(),
        );
    }

    /// Every candidate link that no other configuration speaks of; one of them where an address is given.
    fn any(&mut self, id: LinkId, config: &LinkConfig) {
        let is_at_boot = self.goal.names.is_empty() && config.onboot;
        let links = self.observed.links.as_slice();
        let mut best = 0;
        for link in links {
            best = best.max(candidate_rank(link));
        }
        // Who asks for a link by its name does not wait for what any link may be.
        let mut state = match is_at_boot {
            true => LinkState::WaitingDevice,
            false => LinkState::NotAsked,
        };
        let is_static = self.config.addrs.iter().any(|addr| addr.link == id);
        for link in links {
            let rank = candidate_rank(link);
            if rank == 0
                || rank & DEVICE != best & DEVICE
                || is_spoken_of(self.config, link)
                || !self.goal.wants(config, Some(link), false)
            {
                continue;
            }
            if link.is_held {
                state = LinkState::Held;
            } else if !link.settled {
                state = LinkState::WaitingUdev;
            } else if !is_static || rank == best {
                self.found(id, config, link);
                state = LinkState::Found;
                if is_static {
                    break;
                }
            }
        }
        set_state(self.states, id, state);
    }

    #[inline(never)]
    fn found(&mut self, id: LinkId, config: &LinkConfig, link: &Link) {
        if let Some(earlier) = self.desired.link(link.ifindex) {
            let other = earlier.config.and_then(|other| self.config.link(other));
            if let Some(other) = other.filter(|other| other.source > config.source) {
                let problem = match other.source {
                    SourceKind::Cmdline => Problem::OnCmdline,
                    SourceKind::Ifcfg | SourceKind::Firmware => Problem::OnFile,
                };
                let name = config.name.as_ref().unwrap_or(&link.name);
                let complaint = Complaint::note(problem, Effect::LinkSkipped);
                return self.complain(complaint, config.origin, Subject::Link(name));
            }
            // Who names the link has said how it is configured.
            if is_loose(&config.matches) {
                return;
            }
        }
        let metric6 = self.metric(id, link, &config.ipv6, Family::V6);
        let desired = &mut *self.desired;
        let mut on = 0;
        // What lies on another link can only be up while that is.
        if config.made_kind().is_some()
            && let Some(lower) = &config.lower
            && let Some(lower) = find_lower(self.observed, lower)
        {
            if lower.is_held {
                return set_state(self.states, id, LinkState::Held);
            }
            on = lower.ifindex;
            desired.add_link(on, &lower.name, config.origin);
        }
        let Some(wanted) = desired.add_link(link.ifindex, &link.name, config.origin) else {
            return;
        };
        if wanted.config.is_none() {
            wanted.config = Some(id);
            wanted.is_free = true;
            wanted.asks = config.ipv4.asks();
            wanted.asks6 = config.ipv6.asks();
            wanted.metric6 = metric6;
            wanted.depth = depth_of(self.depths, id);
        }
        if wanted.mtu == 0 {
            wanted.mtu = LinkNumber::Mtu.of(config).unwrap_or(0);
        }
        if wanted.mac.is_none() {
            wanted.mac = config.mac;
        }
        let mac = match wanted.mac.is_none() {
            true => link.mac,
            false => wanted.mac,
        };
        let ignores6 = matches!(config.ipv6.method, Method::Ignore | Method::Disabled);
        if wanted.dad.is_none() && !ignores6 && !link.is_loopback() {
            wanted.dad = Some(dad_of(self.config, id));
        }
        let nodad = wanted.dad.is_some_and(Dad::is_not_kernels);
        if on != 0 {
            wanted.lower = on;
        }
        wanted.is_free &= config.master.is_none();
        let of = id_of(self.config, config.master.as_ref());
        let master = config.master.as_ref();
        let master = master.map(|name| self.observed.by_name(name));
        if let Some(Some(master)) = master
            && master.birth != Birth::Refused
            && depth_of(self.depths, of) != NO_DEPTH
        {
            const OTHER_MTU: Complaint = Complaint::warning(Problem::PortMtu, Effect::KeyUnset);
            wanted.master = master.ifindex;
            wanted.port_of = self.config.made_kind(of);
            if let Some(bond) = self.config.link(of)
                && wanted.in_bond()
            {
                // It sets that of its ports.
                let mtu = core::mem::take(&mut wanted.mtu);
                if mtu != 0 && LinkNumber::Mtu.of(bond) != Some(mtu) {
                    self.complain(OTHER_MTU, config.origin, Subject::Link(&link.name));
                }
            }
        } else if master == Some(None) {
            const NO_MASTER: Complaint = Complaint::warning(Problem::NoMaster, Effect::None);
            self.complain(NO_MASTER, config.origin, Subject::Link(&link.name));
        }
        set_state(self.states, id, LinkState::Found);
        self.addrs(id, link.ifindex, nodad);
        let identifier = slaac::of_mac(&mac);
        let asked = self.config.number_of(id, Attr::ADDR_GEN_MODE).unwrap_or(0);
        // the kernel forms the address itself in the modes with this bit, and none of a link that is up in that of none
        let mode = link.knobs.of(Knob::ADDR_GEN_MODE);
        let by_kernel = (mode | asked) & STABLE_PRIVACY;
        let is_formed = nodad || mode == NONE && link.is_up();
        if is_formed && identifier != 0 && by_kernel == 0 {
            let local = slaac::form(&slaac::LINK_LOCAL, identifier);
            let local = Cidr {
                addr: IpAddr::V6(local),
                len: 64,
            };
            let mut wanted = Thing::addr(link.ifindex, &local, &None, config.ipv6.origin);
            (wanted.nodad, wanted.yields) = (nodad, true);
            self.add(&wanted);
        }
        let zeroconf = config.ipv4.method != Method::Disabled && !link.is_loopback();
        if zeroconf && LinkFlag::Nozeroconf.is_no(config) {
            let mut wanted = Thing::via(link.ifindex, &ZEROCONF, &None, config.origin);
            wanted.route.metric = link.ifindex.wrapping_add(ZEROCONF_METRIC);
            self.add(&wanted);
        }
        self.gateway(id, link, &config.ipv4, &config.ipv4.gateway);
        self.gateway(id, link, &config.ipv6, &config.ipv6.gateway);
    }

    #[inline(never)]
    pub(super) fn complain(&mut self, complaint: Complaint, origin: Origin, subject: Subject<'_>) {
        complaint.report(self.sink, self.config, origin, subject);
    }
}

/// Who looks for duplicates of a link's IPv6 addresses.
fn dad_of(config: &Config<'_>, id: LinkId) -> Dad {
    let own = config.number_of(id, Attr::DAD);
    Dad::numbered(own.or(GlobalNumber::Dad.of(&config.global)).unwrap_or(0))
}

/// Puts down how far a configured link is.
#[inline(never)]
pub(crate) fn set_state(states: &mut VecView<LinkState>, id: LinkId, state: LinkState) {
    if let Some(slot) = states.get_mut(id.place()) {
        *slot = state;
    }
}

/// When the turn of a link comes, highest first: that of a stronger source, and in it of who names a link by its
/// name or MAC before who means the boot link, or any link.
fn turn_of(config: &LinkConfig) -> u8 {
    (config.source as u8) << 1 | u8::from(!is_loose(&config.matches))
}

/// How many turns there are.
const TURNS: u8 = (SourceKind::Cmdline as u8 + 1) << 1;

/// Whether a description means the boot link or any link, not one by its name or MAC.
fn is_loose(matches: &LinkMatch) -> bool {
    matches!(matches, LinkMatch::Bootif(_) | LinkMatch::Any)
}

/// Whether a source names `link` by its name or MAC, asked for or not.
#[inline(never)]
pub(crate) fn is_spoken_of(config: &Config<'_>, link: &Link) -> bool {
    config.links.iter().any(|other| is_named_by(link, other))
}

/// Whether `config` names `link` by its name or MAC, asked for or not.
#[inline(never)]
pub(crate) fn is_named_by(link: &Link, config: &LinkConfig) -> bool {
    match &config.matches {
        LinkMatch::Name(name) => *name == link.name,
        LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) => link.has_mac(mac),
        LinkMatch::Any => false,
    }
}

/// A link that `ip=dhcp` may mean: Ethernet or InfiniBand with a device behind it, not a port, not
/// wireless; where no link has a device, a `veth`. 0 for none of them, more for one that is better.
#[inline(never)]
fn candidate_rank(link: &Link) -> u8 {
    let kind = match link.kind {
        KernelKind::Device => DEVICE,
        KernelKind::Veth => VETH,
        KernelKind::Virtual => return 0,
    };
    let is_wireless = matches!(link.name.as_bytes(), [b'w', b'l' | b'w', ..]);
    if link.master != 0
        || link.is_loopback()
        || is_wireless
        || !matches!(link.arphrd, ARPHRD_ETHER | ARPHRD_INFINIBAND)
    {
        return 0;
    }
    kind | u8::from(link.has_carrier())
}

/// What ranks of candidates are made of; that of one with carrier is greater by one.
const VETH: u8 = 2;
const DEVICE: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostic;
    use crate::machine::Machine;
    use crate::model::config::{AddrConfig, RouteConfig, RouteDev};
    use crate::model::knob::Knobs;
    use crate::model::observed::{IFF_LOOPBACK, IFF_LOWER_UP, IFF_UP};
    use crate::model::route::{More, Route};
    use crate::testing::{self, cidr, ip, mac, name};
    use std::string::{String, ToString};
    use std::vec::Vec;

    type Tables = Machine<8, 8, 16, 16, 32, 96, 64, 64>;

    struct Told(Vec<String>);

    impl Sink for Told {
        fn report(&mut self, told: &Diagnostic<'_>) {
            self.0
                .push(std::format!("{}: {told}", told.complaint.severity.word()));
        }
    }

    fn link(ifindex: u32, text: &str) -> Link {
        let flags = if text == "lo" { IFF_LOOPBACK } else { 0 };
        testing::link(ifindex, text, flags)
    }

    /// `lo`, `eth0` and `eth1` with the numbers from 1 on.
    fn kernel() -> Vec<Link> {
        [(1, "lo"), (2, "eth0"), (3, "eth1")]
            .map(|(ifindex, text)| link(ifindex, text))
            .into()
    }

    fn say(
        config: &mut Config<'_>,
        matches: LinkMatch,
        source: SourceKind,
        addrs: &[&str],
    ) -> LinkId {
        let id = config
            .add_link(&LinkConfig::matching(matches, source, Origin::NONE))
            .unwrap();
        for addr in addrs {
            let addr = AddrConfig {
                link: id,
                addr: cidr(addr),
                peer: None,
                broadcast: Ipv4Addr::UNSPECIFIED,
                label: None,
                scope: None,
                origin: Origin::NONE,
            };
            config.addrs.push(addr).unwrap();
        }
        id
    }

    /// What shall be: `up LINK`, `addr ADDRESS dev N`, `route WORDS dev N`; the states; what is told.
    fn resolved(
        links: &[Link],
        names: &[&str],
        fill: &dyn Fn(&mut Config<'_>),
    ) -> (Vec<String>, Vec<LinkState>, Vec<String>) {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        links
            .iter()
            .for_each(|link| engine.observed.links.push(*link).unwrap());
        fill(&mut engine.config);
        let names: Vec<IfName> = names.iter().map(|text| name(text)).collect();
        let mut told = Told(Vec::new());
        let mut resolver = Resolver {
            config: &engine.config,
            observed: &engine.observed,
            goal: Goal {
                names: &names,
                ..Goal::ALL
            },
            desired: &mut engine.desired,
            states: engine.states,
            depths: engine.depths,
            sink: &mut told,
            last_link: 0,
            lessees: engine.lessees,
            root_link: None,
        };
        resolver.links();
        resolver.routes();
        let mut shall = Vec::new();
        shall.extend(
            engine
                .desired
                .links
                .iter()
                .map(|link| std::format!("up {}", link.name)),
        );
        let of = |what| {
            engine
                .desired
                .things
                .iter()
                .filter(move |thing| thing.what == what)
        };
        let addrs = of(What::Addr);
        shall
            .extend(addrs.map(|addr| std::format!("addr {} dev {}", addr.route.dst, addr.ifindex)));
        let routes = of(What::Route);
        shall.extend(routes.map(|wanted| {
            let mut words = wanted.route.to_string().replace(" proto 153", "");
            words += if wanted.route.more.is_some() {
                " +"
            } else {
                ""
            };
            std::format!("route {words} dev {}", wanted.ifindex)
        }));
        (shall, engine.states.iter().copied().collect(), told.0)
    }

    const FILE: SourceKind = SourceKind::Ifcfg;

    #[test]
    fn loopback_is_always_up_and_has_its_addresses_from_the_kernel() {
        let mut links = kernel();
        assert_eq!(resolved(&links, &[], &|_| {}).0, ["up lo"]);
        links[0].flags |= IFF_UP;
        links[0].knobs = Knobs::UNKNOWN;
        let all = ["up lo", "addr 127.0.0.1/8 dev 1", "addr ::1/128 dev 1"];
        assert_eq!(resolved(&links, &["eth7"], &|_| {}).0, all);
        for turned_off in [false, true] {
            links[0].knobs = Knobs::NONE;
            if turned_off {
                links[0].knobs.set(Knob::DISABLE_IPV6, 1);
            }
            assert_eq!(resolved(&links, &["eth7"], &|_| {}).0, all[..2]);
        }
    }

    #[test]
    fn links_are_found_by_name_and_by_mac() {
        let (shall, states, told) = resolved(&kernel(), &[], &|config| {
            say(config, LinkMatch::Mac(mac(3)), FILE, &["192.0.2.3/24"]);
            say(
                config,
                LinkMatch::Name(name("eth0")),
                FILE,
                &["192.0.2.2/24"],
            );
            say(
                config,
                LinkMatch::Name(name("eth7")),
                FILE,
                &["192.0.2.7/24"],
            );
            say(config, LinkMatch::Bootif(mac(9)), FILE, &["192.0.2.9/24"]);
        });
        let all = [
            "up lo",
            "up eth1",
            "up eth0",
            "addr 192.0.2.3/24 dev 3",
            "addr 192.0.2.2/24 dev 2",
        ];
        assert_eq!(shall, all);
        use LinkState::{Found, WaitingDevice};
        assert_eq!(states, [Found, Found, WaitingDevice, WaitingDevice]);
        assert_eq!(told, [""; 0]);
    }

    #[test]
    fn only_links_asked_for_are_looked_at() {
        let fill = |config: &mut Config<'_>| {
            let eth0 = say(config, LinkMatch::Name(name("eth0")), FILE, &[]);
            config.link_mut(eth0).unwrap().onboot = false;
            say(config, LinkMatch::Mac(mac(3)), FILE, &[]);
        };
        use LinkState::{Found, NotAsked};
        for (names, states) in [
            (&[][..], [NotAsked, Found]),
            (&["eth0"], [Found, NotAsked]),
            (&["eth1"], [NotAsked, Found]),
            (&["eth0", "eth1"], [Found, Found]),
            (&["eth9"], [NotAsked, NotAsked]),
        ] {
            assert_eq!(resolved(&kernel(), names, &fill).1, states, "{names:?}");
        }
    }

    #[test]
    fn the_command_line_has_the_link_to_itself() {
        let (shall, states, told) = resolved(&kernel(), &[], &|config| {
            say(
                config,
                LinkMatch::Name(name("eth0")),
                FILE,
                &["192.0.2.2/24"],
            );
            say(
                config,
                LinkMatch::Mac(mac(2)),
                SourceKind::Cmdline,
                &["192.0.2.9/24"],
            );
        });
        assert_eq!(shall, ["up lo", "up eth0", "addr 192.0.2.9/24 dev 2"]);
        assert_eq!(states, [LinkState::NotAsked, LinkState::Found]);
        assert_eq!(
            told,
            ["note: eth0: is configured by the kernel command line; link skipped"]
        );
    }

    #[test]
    fn two_descriptions_of_one_link_add_up() {
        let (shall, _, _) = resolved(&kernel(), &[], &|config| {
            say(
                config,
                LinkMatch::Name(name("eth0")),
                FILE,
                &["192.0.2.2/24", "192.0.2.3/24"],
            );
            say(
                config,
                LinkMatch::Mac(mac(2)),
                FILE,
                &["192.0.2.3/24", "2001:db8::2/64"],
            );
        });
        let addrs = [
            "addr 192.0.2.2/24 dev 2",
            "addr 192.0.2.3/24 dev 2",
            "addr 2001:db8::2/64 dev 2",
        ];
        assert_eq!(shall[..2], ["up lo", "up eth0"]);
        assert_eq!(shall[2..], addrs);
    }

    #[test]
    fn any_with_an_address_takes_the_first_link_with_a_carrier() {
        let fill = |config: &mut Config<'_>| {
            say(
                config,
                LinkMatch::Any,
                SourceKind::Cmdline,
                &["192.0.2.2/24"],
            );
        };
        let mut links = kernel();
        assert_eq!(
            resolved(&links, &[], &fill).0,
            ["up lo", "up eth0", "addr 192.0.2.2/24 dev 2"]
        );
        links[2].flags = IFF_UP | IFF_LOWER_UP;
        assert_eq!(
            resolved(&links, &[], &fill).0,
            ["up lo", "up eth1", "addr 192.0.2.2/24 dev 3"]
        );
        links.iter_mut().for_each(|link| link.settled = false);
        assert_eq!(resolved(&links, &[], &fill).1, [LinkState::WaitingUdev]);
        assert_eq!(
            resolved(&links[..1], &[], &fill).1,
            [LinkState::WaitingDevice]
        );
    }

    /// SEMANTICS "default-route metric".
    #[test]
    fn default_routes_by_order_of_configuration() {
        let fill = |bootdev: Option<u16>, config: &mut Config<'_>| {
            for (text, net) in [("eth1", 1), ("eth0", 0)] {
                let addr = std::format!("10.0.{net}.5/24");
                let addr6 = std::format!("2001:db8:{net}::5/64");
                let id = say(config, LinkMatch::Name(name(text)), FILE, &[&addr, &addr6]);
                let link = config.link_mut(id).unwrap();
                link.ipv4.gateway = Some(ip(&std::format!("10.0.{net}.1")));
                link.ipv6.gateway = Some(ip("fe80::1"));
            }
            config.global.bootdev = bootdev.map(LinkId::new);
        };
        for (bootdev, routes) in [
            (
                None,
                [
                    "default via 10.0.1.1 dev 3",
                    "default via fe80::1 metric 1 dev 3",
                    "default via 10.0.0.1 metric 101 dev 2",
                    "default via fe80::1 metric 101 dev 2",
                ],
            ),
            (
                Some(1),
                [
                    "default via 10.0.1.1 metric 100 dev 3",
                    "default via fe80::1 metric 100 dev 3",
                    "default via 10.0.0.1 dev 2",
                    "default via fe80::1 metric 1 dev 2",
                ],
            ),
        ] {
            let (shall, _, told) = resolved(&kernel(), &[], &|config| fill(bootdev, config));
            let shall: Vec<&str> = shall
                .iter()
                .filter_map(|line| line.strip_prefix("route "))
                .collect();
            assert_eq!(shall, routes);
            assert_eq!(told, [""; 0]);
        }
    }

    /// Of a gateway and addresses: the default route, and whether its being off the link is told.
    #[test]
    fn gateways() {
        for (addrs, gateway, route) in [
            (
                &["10.0.0.5/24"][..],
                "10.0.0.1",
                Some("default via 10.0.0.1"),
            ),
            (&["10.0.0.5/24"], "0.0.0.0", None),
            (
                &["10.0.0.5/24"],
                "10.0.1.1",
                Some("default via 10.0.1.1 onlink"),
            ),
            (
                &["10.0.0.5/24", "10.0.1.5/24"],
                "10.0.1.1",
                Some("default via 10.0.1.1"),
            ),
            (&["2001:db8::5/64"], "10.0.0.1", None),
            (
                &["2001:db8::5/64"],
                "fe80::1",
                Some("default via fe80::1 metric 1"),
            ),
            (
                &["2001:db8::5/64"],
                "2001:db8:1::1",
                Some("default via 2001:db8:1::1 metric 1 onlink"),
            ),
        ] {
            let (shall, _, told) = resolved(&kernel(), &[], &|config| {
                let id = say(config, LinkMatch::Name(name("eth0")), FILE, addrs);
                let via = ip(gateway);
                let link = config.link_mut(id).unwrap();
                let ip = if via.is_ipv4() {
                    &mut link.ipv4
                } else {
                    &mut link.ipv6
                };
                ip.gateway = Some(via);
            });
            let found = shall.iter().find_map(|line| line.strip_prefix("route "));
            assert_eq!(
                found,
                route.map(|route| std::format!("{route} dev 2")).as_deref()
            );
            let is_plain = |route: &str| !route.ends_with("onlink");
            let nothing_to_tell = route.map_or(gateway == "0.0.0.0", is_plain);
            assert_eq!(told.len(), usize::from(!nothing_to_tell));
        }
    }

    #[test]
    fn of_two_routes_in_one_place_the_later_counts() {
        let (shall, _, told) = resolved(&kernel(), &[], &|config| {
            let id = say(
                config,
                LinkMatch::Name(name("eth0")),
                FILE,
                &["10.0.0.5/24"],
            );
            for via in ["10.0.0.1", "10.0.0.2", "10.0.0.2"] {
                let route = Route {
                    via: Some(ip(via)),
                    ..Route::new(cidr("172.16.0.0/12"))
                };
                let route = RouteConfig {
                    dev: RouteDev::Link(id),
                    route,
                    origin: Origin::NONE,
                };
                config.routes.push(route).unwrap();
            }
        });
        assert_eq!(
            shall.last().unwrap(),
            "route 172.16.0.0/12 via 10.0.0.2 dev 2"
        );
        assert_eq!((shall.len(), told.len()), (4, 1), "{told:?}");
    }

    #[test]
    fn a_default_route_has_the_source_and_the_options_of_its_link() {
        let more = |config: &mut Config<'_>| {
            let kept = config.keep_same(b"window 5000").unwrap();
            More {
                attrs: kept,
                text: kept,
            }
        };
        let (shall, _, told) = resolved(&kernel(), &[], &|config| {
            let addrs = ["192.0.2.2/24", "2001:db8::2/64"];
            let id = say(config, LinkMatch::Name(name("eth0")), FILE, &addrs);
            let more = more(config);
            let link = config.link_mut(id).unwrap();
            (link.src, link.more) = ([192, 0, 2, 2].into(), Some(more));
            link.ipv4.gateway = Some(ip("192.0.2.1"));
            link.ipv6.gateway = Some(ip("2001:db8::1"));
        });
        assert_eq!(
            shall[4..],
            [
                "route default via 192.0.2.1 src 192.0.2.2 + dev 2",
                "route default via 2001:db8::1 metric 1 dev 2"
            ]
        );
        assert_eq!(told, [""; 0]);
    }

    #[test]
    fn addresses_have_their_scope_and_label() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        engine.observed.links.push(link(2, "eth0")).unwrap();
        say(
            &mut engine.config,
            LinkMatch::Name(name("eth0")),
            FILE,
            &["192.0.2.2/24"],
        );
        let label = engine.config.keep(b"eth0:1").unwrap();
        let addr = engine.config.addrs.get_mut(0).unwrap();
        (addr.scope, addr.label) = (Some(253), Some(label));
        let mut told = Told(Vec::new());
        let mut resolver = Resolver {
            config: &engine.config,
            observed: &engine.observed,
            goal: Goal::ALL,
            desired: &mut engine.desired,
            states: engine.states,
            depths: engine.depths,
            sink: &mut told,
            last_link: 0,
            lessees: engine.lessees,
            root_link: None,
        };
        resolver.links();
        let addr = &engine.desired.things[0];
        let more = addr.route.more.map(|more| engine.config.text(more.attrs));
        assert_eq!((addr.route.scope, more), (Some(253), Some(&b"eth0:1"[..])));
        let n = engine.plan.steps.len() as u32;
        engine
            .plan
            .push(crate::plan::Phase::Addresses, crate::plan::Act::Add, n);
        let step = *engine.plan.steps.first().unwrap();
        let op = crate::plan::op::Op::of(
            step,
            &engine.plan,
            &engine.desired,
            &engine.config,
            &engine.observed,
        );
        assert_eq!(
            op.unwrap().to_string(),
            "ip addr add 192.0.2.2/24 brd 192.0.2.255 scope 253 label eth0:1 dev eth0"
        );
    }

    /// SEMANTICS "169.254.0.0/16 zeroconf route": only where it is written out.
    #[test]
    fn link_local_addresses_have_a_route_only_if_asked() {
        let zeroconf = |said: Option<bool>| {
            let (shall, _, _) = resolved(&kernel(), &[], &|config| {
                let addrs = ["192.0.2.2/24"];
                let id = say(config, LinkMatch::Name(name("eth0")), FILE, &addrs);
                let eth1 = say(config, LinkMatch::Name(name("eth1")), FILE, &[]);
                for id in [id, eth1] {
                    LinkFlag::Nozeroconf.set(config.link_mut(id).unwrap(), said);
                }
                config.link_mut(id).unwrap().ipv4.method = Method::Static;
            });
            shall[4..].to_vec()
        };
        let route = ["route 169.254.0.0/16 metric 1002 dev 2"];
        assert_eq!(zeroconf(Some(false)), route);
        assert_eq!(zeroconf(None), [""; 0]);
        assert_eq!(zeroconf(Some(true)), [""; 0]);
    }
}
