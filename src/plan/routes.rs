//! Which link a route goes to, and which metric a default route gets.

use super::resolve::{LinkState, Resolver};
use crate::diag::{Effect, Origin, Problem, Severity};
use crate::model::addr::{Cidr, Family};
use crate::model::config::{IpConfig, LinkId, LinkMatch, Method, RouteConfig, RouteDev};
use crate::model::desired::{DesiredLink, DesiredRoute, Presence, route_hash};
use crate::model::observed::Link;
use crate::model::route::{Reach, Route};
use core::net::IpAddr;

impl Resolver<'_, '_> {
    /// The default route of one family. Without an address of the family the gateway has no meaning.
    pub(super) fn gateway(&mut self, id: LinkId, link: &Link, ip: &IpConfig) {
        let Some(via) = ip.gateway.filter(|via| !via.is_unspecified()) else {
            return;
        };
        let family = Family::of(&via);
        let elsewhere = |dev| family == Family::V4 && dev != link.name;
        let addrs = || {
            let of_link = self.config.addrs.iter().filter(|addr| addr.link == id);
            of_link.filter(|addr| addr.addr.family() == family)
        };
        if !ip.default_route {
            return;
        }
        if self.config.global.gateway_dev.is_some_and(elsewhere) {
            let problem = Problem::Says("is not used: GATEWAYDEV names another link");
            self.complain(
                Severity::Note,
                ip.origin,
                None,
                &via,
                problem,
                Effect::NotSet,
            );
            return;
        }
        if addrs().next().is_none() {
            let problem = Problem::Says("is the gateway of a family without an address");
            self.complain(
                Severity::Warning,
                ip.origin,
                None,
                &via,
                problem,
                Effect::NotSet,
            );
            return;
        }
        let mut route = Route::new(Cidr::default(family));
        route.via = Some(via);
        route.table = ip.table.unwrap_or(route.table);
        route.metric = ip.metric.or_else(|| self.default_metric(id, link, family));
        let holds = |dst: Cidr| dst.contains(&via);
        let on_link = addrs().any(|addr| holds(addr.addr) || addr.peer == Some(via))
            || self.config.routes.iter().any(|other| {
                other.dev == RouteDev::Link(id)
                    && other.route.via.is_none()
                    && holds(other.route.dst)
            })
            || matches!(via, IpAddr::V6(via) if via.is_unicast_link_local());
        if !on_link {
            route.reach = Reach::Onlink;
            self.complain(
                Severity::Warning,
                ip.origin,
                None,
                &via,
                Problem::OffLink,
                Effect::OnlinkUsed,
            );
        }
        self.add_route(link.ifindex, route, ip.origin);
    }

    /// SEMANTICS "default-route metric": the boot device gets 0 (IPv6: 1, as 0 means 1,024 there), the
    /// others 100 and their place. Where no boot device is named it is the first that may have a default
    /// route.
    fn default_metric(&self, id: LinkId, link: &Link, family: Family) -> Option<u32> {
        let may = |ip: &IpConfig| {
            ip.default_route
                && (ip.gateway.is_some() || matches!(ip.method, Method::Dhcp | Method::Auto))
        };
        let mut links = self.config.links_with_ids();
        let first = || {
            links
                .find(|(_, link)| link.onboot && (may(&link.ipv4) || may(&link.ipv6)))
                .map(|(id, _)| id)
        };
        let bootdev = self.config.global.bootdev.or_else(first);
        if bootdev.is_none_or(|bootdev| bootdev == id || self.means(bootdev, link)) {
            return match family {
                Family::V4 => None,
                Family::V6 => Some(1),
            };
        }
        let same = |other: &&DesiredLink| other.config == Some(id) && other.ifindex < link.ifindex;
        let place =
            usize::from(id.0).saturating_add(self.desired.links.iter().filter(same).count());
        u32::try_from(place)
            .ok()
            .map(|place| place.saturating_add(100))
    }

    /// Whether the description `id` is of this link, though another one configures it.
    fn means(&self, id: LinkId, link: &Link) -> bool {
        self.config
            .link(id)
            .is_some_and(|config| match config.matches {
                LinkMatch::Name(name) => name == link.name,
                LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) => {
                    mac == link.mac || mac == link.perm_mac
                }
                LinkMatch::Any => false,
            })
    }

    pub(super) fn route(&mut self, config: &RouteConfig) {
        let is_one_link = match config.dev {
            RouteDev::Link(id) => {
                let matches = self.config.link(id).map(|link| link.matches);
                matches != Some(LinkMatch::Any)
            }
            RouteDev::Name(_) => true,
            RouteDev::Anywhere => false,
        };
        let mut is_used = false;
        // Routes of one link come one after another: where the last one went is looked at first.
        let start = if is_one_link { self.last_link } else { 0 };
        for n in (start..self.desired.links.len()).chain(0..start) {
            let Some(link) = self.desired.links.get(n) else {
                continue;
            };
            if self.goes_to(link, config) {
                let ifindex = link.ifindex;
                self.add_route(ifindex, config.route, config.origin);
                is_used = true;
                if is_one_link {
                    self.last_link = n;
                    return;
                }
            }
        }
        if !is_used {
            self.homeless(config);
        }
    }

    /// Says that no link takes a route, unless one may still come, or was not asked for.
    fn homeless(&mut self, config: &RouteConfig) {
        let waits =
            |state: &LinkState| matches!(state, LinkState::WaitingDevice | LinkState::WaitingUdev);
        let is_described = |name| self.config.links.iter().any(|link| link.name == Some(name));
        if !self.goal.names.is_empty() || self.states.iter().any(waits) {
            return;
        }
        let problem = match config.dev {
            RouteDev::Link(_) => return,
            RouteDev::Name(name) if is_described(name) => return,
            RouteDev::Name(_) => Problem::Says("goes to a link that nothing configures"),
            RouteDev::Anywhere => Problem::Says("has its gateway in no subnet of a link"),
        };
        let dst = config.route.dst;
        self.complain(
            Severity::Warning,
            config.origin,
            None,
            &dst,
            problem,
            Effect::NotSet,
        );
    }

    fn goes_to(&self, link: &DesiredLink, config: &RouteConfig) -> bool {
        let is_named = |name| name == Some(link.name);
        match config.dev {
            RouteDev::Link(id) => {
                let is_found = self.states.get(usize::from(id.0)) == Some(&LinkState::Found);
                let merged = || self.config.link(id).is_some_and(|link| is_named(link.name));
                link.config == Some(id) || is_found && merged()
            }
            RouteDev::Name(name) => is_named(Some(name)),
            RouteDev::Anywhere => link.config.is_some() && self.reaches(link, config.route.via),
        }
    }

    /// Whether a route without a link of its own goes here: the boot device, else where the subnet of a
    /// static address holds the gateway.
    fn reaches(&self, link: &DesiredLink, via: Option<IpAddr>) -> bool {
        match (self.config.global.bootdev, via) {
            (Some(bootdev), _) => link.config == Some(bootdev),
            (None, Some(via)) => self
                .desired
                .addrs
                .iter()
                .any(|addr| addr.ifindex == link.ifindex && addr.addr.contains(&via)),
            (None, None) => false,
        }
    }

    /// Adds a route; one with the same key gives way, since the kernel has one place for both.
    fn add_route(&mut self, ifindex: u32, route: Route, origin: Origin) {
        let wanted = DesiredRoute {
            ifindex,
            route,
            origin,
            presence: Presence::Missing,
            owned: false,
        };
        if let Some(same) = self.desired.find_route(route.key()) {
            let Some(same) = self.desired.routes.get_mut(same) else {
                return;
            };
            let differs = same.route != route || same.ifindex != ifindex;
            *same = wanted;
            if differs {
                self.complain(
                    Severity::Warning,
                    origin,
                    None,
                    &route.dst,
                    Problem::Duplicate,
                    Effect::LaterWins,
                );
            }
            return;
        }
        let number = u32::try_from(self.desired.routes.len()).unwrap_or(u32::MAX);
        match self.desired.routes.push(wanted) {
            Ok(()) => self
                .desired
                .route_index
                .insert(route_hash(route.key()), number),
            Err(_) => {
                self.complain(
                    Severity::Error,
                    origin,
                    None,
                    &route.dst,
                    Problem::Full("MAX_ROUTES"),
                    Effect::NotSet,
                );
            }
        }
    }
}
