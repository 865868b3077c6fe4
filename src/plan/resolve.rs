//! Config and the kernel's links to Desired: "which link" becomes a link number.
//!
//! The order of the configuration decides, never the order in which links appeared: metrics of default
//! routes (SEMANTICS: the boot device first, the others 100 and their place in the configuration), and
//! who configures a link that two sources name (the command line before ifcfg).

use super::rename::find_by_mac;
use crate::diag::{At, Diagnostic, Effect, LineBuf, Origin, Problem, Severity, Sink};
use crate::model::addr::Cidr;
use crate::model::config::{Config, LinkConfig, LinkId, LinkMatch, NameRule, RouteDev, SourceKind};
use crate::model::desired::{Desired, DesiredAddr, DesiredLink, Presence, addr_hash};
use crate::model::link::{IfName, Mac};
use crate::model::observed::{ARPHRD_ETHER, ARPHRD_INFINIBAND, KernelKind, Link, Observed};
use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use heapless::VecView;

/// How far a configured link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not asked for in this run.
    NotAsked,
    /// No link of the kernel matches yet.
    WaitingDevice,
    /// udev is not done with it.
    WaitingUdev,
    /// A link matches and is part of Desired.
    Found,
    /// Everything asked of it is done.
    Up,
    /// Something asked of it cannot be done.
    Failed,
}

/// How surely a description means one link.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Exact,
    Loose,
}

impl Strength {
    fn of(matches: LinkMatch) -> Strength {
        match matches {
            LinkMatch::Name(_) | LinkMatch::Mac(_) => Strength::Exact,
            LinkMatch::Bootif(_) | LinkMatch::Any => Strength::Loose,
        }
    }
}

/// What this run is about.
#[derive(Clone, Copy)]
pub struct Goal<'a> {
    /// Link names given on the command line; none: every link that is to come up at boot.
    pub names: &'a [IfName],
}

impl Goal<'_> {
    /// Whether `link` is asked for; `is` is the kernel's link it matches, if known.
    pub fn wants(&self, link: &LinkConfig, is: Option<&Link>) -> bool {
        if self.names.is_empty() {
            return link.onboot;
        }
        self.names
            .iter()
            .any(|name| link.name == Some(*name) || is.is_some_and(|is| is.name == *name))
    }
}

/// Everything that [`Resolver::resolve`] works on.
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
    /// Receives complaints.
    pub sink: &'a mut dyn Sink,
    /// Where the last route went, in [`Desired::links`]; begin with 0.
    pub last_link: usize,
}

impl Resolver<'_, '_> {
    /// Fills `desired` and `states`.
    pub fn resolve(&mut self) {
        let gateways = self.config.links.len().saturating_mul(2);
        let anywhere = self
            .config
            .routes
            .iter()
            .filter(|route| route.dev == RouteDev::Anywhere)
            .count();
        let routes = self.config.routes.len().saturating_add(gateways);
        let routes = routes.saturating_add(anywhere.saturating_mul(self.observed.links.len()));
        self.desired
            .reset(self.config.addrs.len().saturating_add(2), routes);
        self.states.clear();
        for _ in self.config.links.iter() {
            let _ = self.states.push(LinkState::NotAsked);
        }
        self.loopback();
        // Who names a link by its name or MAC comes before who means the boot link, or any link.
        for source in [SourceKind::Cmdline, SourceKind::Ifcfg] {
            for strength in [Strength::Exact, Strength::Loose] {
                let asked = |(_, link): &(LinkId, &LinkConfig)| {
                    link.source == source && Strength::of(link.matches) == strength
                };
                for (id, link) in self.config.links_with_ids().filter(asked) {
                    self.link(id, link);
                }
            }
        }
        for route in self.config.routes.iter() {
            self.route(route);
        }
    }

    /// The loopback link is always up; the kernel gives it its addresses when it comes up.
    fn loopback(&mut self) {
        let Some(lo) = self.observed.links.iter().find(|link| link.is_loopback()) else {
            return;
        };
        self.add_link(None, lo, Origin::NONE);
        if lo.is_up() {
            let v4 = Cidr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8);
            let v6 = Cidr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 128);
            for addr in [v4, v6].into_iter().flatten() {
                self.add_addr(lo.ifindex, addr, None, None, Origin::NONE);
            }
        }
    }

    fn link(&mut self, id: LinkId, config: &LinkConfig) {
        let observed = self.observed;
        let by_mac = |mac| find_by_mac(observed, mac, config.name).map(|(_, link)| link);
        let rule = config.name.and_then(|name| self.rule(name));
        let named = match (config.matches, rule) {
            (LinkMatch::Any, _) => return self.any(id, config),
            // A name that a rule gives is that of the rule's link, even where the rule could not be followed.
            (LinkMatch::Name(_), Some(rule)) => by_mac(rule.mac),
            (LinkMatch::Name(name), None) => observed.by_name(name),
            (LinkMatch::Mac(mac), Some(rule)) if rule.mac != mac => {
                if self.goal.wants(config, None) {
                    self.other_mac(config, mac);
                    self.set_state(id, LinkState::Failed);
                }
                return;
            }
            (LinkMatch::Mac(mac) | LinkMatch::Bootif(mac), _) => by_mac(mac).or_else(|| {
                let named = config.name.and_then(|name| observed.by_name(name));
                named.filter(|link| Some(link.mac) == config.mac)
            }),
        };
        if !self.goal.wants(config, named) {
            return;
        }
        match (named, config.matches) {
            (Some(link), _) if link.settled => self.found(id, config, link),
            (Some(_), _) => self.set_state(id, LinkState::WaitingUdev),
            (None, matches) => {
                self.set_state(id, LinkState::WaitingDevice);
                let holder = config.name.and_then(|name| observed.by_name(name));
                if let (LinkMatch::Mac(mac), Some(_)) = (matches, holder) {
                    self.other_mac(config, mac);
                }
            }
        }
    }

    /// The MAC rule that gives `name`; that of the command line before that of a file.
    fn rule(&self, name: IfName) -> Option<&'_ NameRule> {
        let rules = || {
            self.config
                .name_rules
                .iter()
                .filter(move |rule| rule.name == name)
        };
        let first = rules().find(|rule| rule.source == SourceKind::Cmdline);
        first.or_else(|| rules().next())
    }

    /// The link that bears the name has another MAC than the one asked for.
    fn other_mac(&mut self, config: &LinkConfig, mac: Mac) {
        let mut rules = self.config.name_rules.iter();
        let rule = rules.find(|rule| rule.mac == mac && Some(rule.name) == config.name);
        let mut token = LineBuf::<60>::new();
        let _ = write!(token, "{mac}");
        self.sink.report(&Diagnostic {
            severity: Severity::Error,
            at: At::of(rule.map_or(config.origin, |rule| rule.origin), self.config),
            subject: &"HWADDR",
            token: token.as_bytes(),
            problem: Problem::OtherMac,
            effect: Effect::LinkSkipped,
        });
    }

    /// Every candidate link that no other configuration speaks of; one of them where an address is given.
    fn any(&mut self, id: LinkId, config: &LinkConfig) {
        if !self.goal.wants(config, None) && self.goal.names.is_empty() {
            return;
        }
        let observed = self.observed;
        // Who asks for a link by its name does not wait for what any link may be.
        let mut state = match self.goal.names.is_empty() {
            true => LinkState::WaitingDevice,
            false => LinkState::NotAsked,
        };
        let has_device = observed
            .links
            .iter()
            .any(|link| is_candidate(link, KernelKind::Device));
        let kind = if has_device {
            KernelKind::Device
        } else {
            KernelKind::Veth
        };
        let is_static = self.config.addrs.iter().any(|addr| addr.link == id);
        let with_carrier = observed
            .links
            .iter()
            .any(|link| is_candidate(link, kind) && link.has_carrier());
        for link in observed
            .links
            .iter()
            .filter(|link| is_candidate(link, kind))
        {
            if self.is_spoken_of(link) || !self.goal.wants(config, Some(link)) {
                continue;
            }
            if !link.settled {
                state = LinkState::WaitingUdev;
            } else if !is_static || link.has_carrier() == with_carrier {
                self.found(id, config, link);
                state = LinkState::Found;
                if is_static {
                    break;
                }
            }
        }
        self.set_state(id, state);
    }

    /// Whether a configuration names `link` by its name or MAC, asked for or not.
    fn is_spoken_of(&self, link: &Link) -> bool {
        self.config.links.iter().any(|other| match other.matches {
            LinkMatch::Name(name) => name == link.name,
            LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) => mac == link.mac || mac == link.perm_mac,
            LinkMatch::Any => false,
        })
    }

    fn found(&mut self, id: LinkId, config: &LinkConfig, link: &Link) {
        let claimed = self
            .desired
            .links
            .iter_mut()
            .find(|other| other.ifindex == link.ifindex);
        let other_source = claimed
            .as_ref()
            .and_then(|other| other.config)
            .and_then(|other| self.config.link(other));
        if other_source.is_some_and(|other| other.source > config.source) {
            let problem = Problem::Conflict("is configured by the command line");
            self.complain(
                Severity::Note,
                config.origin,
                config.name,
                &link.name,
                problem,
                Effect::LinkSkipped,
            );
            return;
        }
        match claimed {
            // Who names the link has said how it is configured.
            Some(_) if Strength::of(config.matches) == Strength::Loose => return,
            Some(earlier) => {
                earlier.config = earlier.config.or(Some(id));
                earlier.mtu = earlier.mtu.or(config.mtu);
                earlier.mac = earlier.mac.or(config.mac);
            }
            None => self.add_link(Some((id, config)), link, config.origin),
        }
        self.set_state(id, LinkState::Found);
        for addr in self.config.addrs.iter().filter(|addr| addr.link == id) {
            let usual = if addr.peer.is_none() {
                addr.addr.broadcast()
            } else {
                None
            };
            self.add_addr(
                link.ifindex,
                addr.addr,
                addr.peer,
                addr.broadcast.or(usual),
                addr.origin,
            );
        }
        for ip in [&config.ipv4, &config.ipv6] {
            self.gateway(id, link, ip);
        }
    }

    fn add_link(&mut self, config: Option<(LinkId, &LinkConfig)>, link: &Link, origin: Origin) {
        let added = self.desired.links.push(DesiredLink {
            config: config.map(|(id, _)| id),
            ifindex: link.ifindex,
            name: link.name,
            mtu: config.and_then(|(_, config)| config.mtu),
            mac: config.and_then(|(_, config)| config.mac),
            origin,
            owned_up: false,
            touched: false,
        });
        if added.is_err() {
            let name = Some(link.name);
            self.complain(
                Severity::Error,
                origin,
                name,
                &"",
                Problem::Full("MAX_LINKS"),
                Effect::LinkSkipped,
            );
        }
    }

    fn add_addr(
        &mut self,
        ifindex: u32,
        addr: Cidr,
        peer: Option<IpAddr>,
        broadcast: Option<Ipv4Addr>,
        origin: Origin,
    ) {
        if self.desired.find_addr(ifindex, addr, peer).is_some() {
            return;
        }
        let number = u32::try_from(self.desired.addrs.len()).unwrap_or(u32::MAX);
        let added = self.desired.addrs.push(DesiredAddr {
            ifindex,
            addr,
            peer,
            broadcast,
            origin,
            presence: Presence::Missing,
            owned: false,
        });
        match added {
            Ok(()) => self
                .desired
                .addr_index
                .insert(addr_hash(ifindex, addr), number),
            Err(_) => {
                self.complain(
                    Severity::Error,
                    origin,
                    None,
                    &addr,
                    Problem::Full("MAX_ADDRS"),
                    Effect::NotSet,
                );
            }
        }
    }

    fn set_state(&mut self, id: LinkId, state: LinkState) {
        if let Some(slot) = self.states.get_mut(usize::from(id.0)) {
            *slot = state;
        }
    }

    /// The subject is the link where it is known, else `what`.
    pub(super) fn complain(
        &mut self,
        severity: Severity,
        origin: Origin,
        link: Option<IfName>,
        what: &dyn core::fmt::Display,
        problem: Problem<'_>,
        effect: Effect,
    ) {
        let subject: &dyn core::fmt::Display = match &link {
            Some(link) => link,
            None => what,
        };
        self.sink.report(&Diagnostic {
            severity,
            at: At::of(origin, self.config),
            subject,
            token: b"",
            problem,
            effect,
        });
    }
}

/// A link that `ip=dhcp` may mean: Ethernet or InfiniBand with a device behind it, not a port, not
/// wireless. `kind` is [`KernelKind::Veth`] where no link has a device.
fn is_candidate(link: &Link, kind: KernelKind) -> bool {
    let wireless = [&b"wl"[..], b"ww"]
        .iter()
        .any(|prefix| link.name.as_bytes().starts_with(prefix));
    link.kind == kind
        && link.master == 0
        && !link.is_loopback()
        && !wireless
        && matches!(link.arphrd, ARPHRD_ETHER | ARPHRD_INFINIBAND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::model::config::{AddrConfig, RouteConfig};
    use crate::model::link::Mac;
    use crate::model::observed::{IFF_LOOPBACK, IFF_LOWER_UP, IFF_UP};
    use crate::model::route::Route;
    use crate::plan::op::RouteWords;
    use std::string::{String, ToString};
    use std::vec::Vec;

    type Tables = Machine<8, 8, 16, 16, 96, 32, 64>;

    struct Told(Vec<String>);

    impl Sink for Told {
        fn report(&mut self, told: &Diagnostic<'_>) {
            self.0
                .push(std::format!("{}: {told}", told.severity.word()));
        }
    }

    fn name(text: &str) -> IfName {
        IfName::new(text.as_bytes()).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn cidr(text: &str) -> Cidr {
        let (addr, len) = text.split_once('/').unwrap();
        Cidr::new(ip(addr), len.parse().unwrap()).unwrap()
    }

    fn mac(number: u32) -> Mac {
        Mac::new(&[2, 0, 0, 0, 0, u8::try_from(number).unwrap()]).unwrap()
    }

    fn link(ifindex: u32, text: &str) -> Link {
        Link {
            ifindex,
            name: name(text),
            flags: if text == "lo" { IFF_LOOPBACK } else { 0 },
            arphrd: ARPHRD_ETHER,
            mtu: 1_500,
            mac: mac(ifindex),
            perm_mac: mac(ifindex),
            master: 0,
            kind: KernelKind::Device,
            settled: true,
        }
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
            .add_link(LinkConfig::new(matches, source, Origin::NONE))
            .unwrap();
        for addr in addrs {
            let addr = AddrConfig {
                link: id,
                addr: cidr(addr),
                peer: None,
                broadcast: None,
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
        Resolver {
            config: &engine.config,
            observed: &engine.observed,
            goal: Goal { names: &names },
            desired: &mut engine.desired,
            states: engine.states,
            sink: &mut told,
            last_link: 0,
        }
        .resolve();
        let mut shall = Vec::new();
        shall.extend(
            engine
                .desired
                .links
                .iter()
                .map(|link| std::format!("up {}", link.name)),
        );
        let addrs = engine.desired.addrs.iter();
        shall.extend(addrs.map(|addr| std::format!("addr {} dev {}", addr.addr, addr.ifindex)));
        let routes = engine.desired.routes.iter();
        shall.extend(routes.map(|wanted| {
            let words = RouteWords(&wanted.route)
                .to_string()
                .replace(" proto 153", "");
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
        let all = ["up lo", "addr 127.0.0.1/8 dev 1", "addr ::1/128 dev 1"];
        assert_eq!(resolved(&links, &["eth7"], &|_| {}).0, all);
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
            ["note: eth0: is configured by the command line; link skipped"]
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
            config.global.bootdev = bootdev.map(LinkId);
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
}
