//! Which addresses a link gets, which link a route goes to, and which metric a default route gets.

use super::encode::named;
use super::resolve::{LinkState, Resolver, is_named_by};
use crate::diag::{Complaint, Effect, Problem, Subject};
use crate::model::addr::{Cidr, Family, is_link_local};
use crate::model::attr::Attr;
use crate::model::config::{
    CarrierLoss, GlobalNumber, IpConfig, IpFlag, IpNumber, LinkConfig, LinkId, LinkMatch,
    RouteConfig, RouteDev,
};
use crate::model::desired::{DesiredLink, Standing, Thing, What};
use crate::model::observed::Link;
use crate::model::route::{More, Reach};
use crate::text::scalar;
use crate::wire::rtnetlink::route::nexthops;
use core::net::IpAddr;

impl Resolver<'_, '_> {
    /// The addresses that are configured of a link.
    #[inline(never)]
    pub(super) fn addrs(&mut self, id: LinkId, ifindex: u32, nodad: bool) {
        for addr in self.config.addrs.iter() {
            // zeros are no address: the kernel takes them and forgets
            if addr.link == id && !scalar::is_zeros(&addr.addr.addr) {
                let mut wanted = Thing::addr(ifindex, &addr.addr, &addr.peer, addr.origin);
                wanted.broadcast = addr.broadcast;
                if addr.broadcast.is_unspecified() && addr.peer.is_none() {
                    wanted.broadcast = addr.addr.broadcast();
                }
                wanted.route.scope = addr.scope;
                wanted.nodad = nodad && wanted.route.family() == Family::V6;
                wanted.route.more = addr.label.map(|label| More {
                    attrs: label,
                    text: label,
                });
                self.add(&wanted);
            }
        }
    }

    /// The default route of one family by `via`. Without an address of the family the gateway has no meaning.
    #[inline(never)]
    pub(super) fn gateway(
        &mut self,
        id: LinkId,
        link: &Link,
        ip: &IpConfig,
        gateway: &Option<IpAddr>,
    ) {
        const ELSEWHERE: Complaint = Complaint::note(Problem::ElsewhereGateway, Effect::NotSet);
        const NO_ADDR: Complaint = Complaint::warning(Problem::GatewayWithoutAddr, Effect::NotSet);
        const OFF_LINK: Complaint = Complaint::warning(Problem::OffLink, Effect::OnlinkUsed);
        let Some(via) = gateway else {
            return;
        };
        if IpFlag::DefaultRoute.is_no(ip) || via.is_unspecified() {
            return;
        }
        let family = Family::of(via);
        let near = self.near(link.ifindex, via);
        let has_addr = near & HAS_ADDR != 0;
        let on_link = is_link_local(via);
        let holds = |other: &RouteConfig| {
            matches!(other.dev, RouteDev::Link(dev) if dev == id)
                && other.route.via.is_none()
                && other.route.dst.contains(via)
        };
        let dev = &self.config.global.gateway_dev;
        if !has_addr && family == Family::V4 && ip.asks() {
            // Its lease brings one.
            return;
        }
        let complaint = if dev.is_some() && family == Family::V4 && !link.name.is(dev) {
            Some(ELSEWHERE)
        } else if !has_addr {
            Some(NO_ADDR)
        } else if !on_link && near & NEAR == 0 && !self.config.routes.iter().any(holds) {
            Some(OFF_LINK)
        } else {
            None
        };
        let mut reach = Reach::Checked;
        if let Some(complaint) = complaint {
            self.complain(complaint, ip.origin, Subject::Addr(via));
            if complaint.effect == Effect::NotSet {
                return;
            }
            reach = Reach::Onlink;
        }
        let mut wanted = self.route_of(id, link, ip, &Cidr::default(family), gateway);
        wanted.route.reach = reach;
        if let Some(config) = self.config.link(id).filter(|_| family == Family::V4) {
            if !config.src.is_unspecified() {
                wanted.route.src = Some(IpAddr::V4(config.src));
            }
            wanted.route.more = config.more;
        }
        self.add(&wanted);
    }

    /// A route of a link with the table and the metric of its family.
    #[inline(never)]
    pub(super) fn route_of(
        &self,
        id: LinkId,
        link: &Link,
        ip: &IpConfig,
        dst: &Cidr,
        via: &Option<IpAddr>,
    ) -> Thing {
        let mut wanted = Thing::via(link.ifindex, dst, via, ip.origin);
        wanted.route.metric = self.metric(id, link, ip, dst.family());
        if let Some(table) = IpNumber::Table.of(ip) {
            wanted.route.table = table;
        }
        wanted
    }

    /// The metric of the default route of a family, and of routes without their own.
    #[inline(never)]
    pub(super) fn metric(&self, id: LinkId, link: &Link, ip: &IpConfig, family: Family) -> u32 {
        match IpNumber::Metric.of(ip) {
            Some(metric) => metric,
            None => self.default_metric(id, link, family),
        }
    }

    /// SEMANTICS "default-route metric": the boot device gets 0 (IPv6: 1, as 0 means 1,024 there), the
    /// others 100 and their place. Where no boot device is named it is the first that may have a default
    /// route.
    fn default_metric(&self, id: LinkId, link: &Link, family: Family) -> u32 {
        let may =
            |ip: &IpConfig| !IpFlag::DefaultRoute.is_no(ip) && (ip.gateway.is_some() || ip.asks());
        let may = |link: &&LinkConfig| link.onboot && (may(&link.ipv4) || may(&link.ipv6));
        let boot = match self.config.global.bootdev {
            Some(bootdev) => self.config.link(bootdev),
            None => self.config.links.iter().find(may),
        };
        // Though another description may configure the link.
        let is_it = |boot: &LinkConfig| {
            let own = self.config.link(id);
            own.is_some_and(|own| core::ptr::eq(own, boot)) || is_named_by(link, boot)
        };
        let is_boot = boot.is_none_or(is_it);
        let mut before = 0_u32;
        for other in self.desired.links.iter() {
            if other.config == Some(id) && other.ifindex < link.ifindex {
                before = before.wrapping_add(1);
            }
        }
        // Of several links that one description fits, the one whose lease says where root is.
        let is_first = self
            .root_link
            .map_or(before == 0, |root| root == link.ifindex);
        match (is_boot && is_first, family) {
            (true, Family::V4) => 0,
            (true, Family::V6) => 1,
            (false, _) => u32::from(id.number())
                .wrapping_add(before)
                .wrapping_add(100),
        }
    }

    #[inline(never)]
    pub(super) fn route(&mut self, what: What, config: &RouteConfig) {
        let is_one_link = match config.dev {
            RouteDev::Link(id) => {
                let link = self.config.link(id);
                link.is_none_or(|link| !matches!(link.matches, LinkMatch::Any))
            }
            RouteDev::Name(_) => true,
            // one that leads nowhere goes to the first link there is
            RouteDev::Anywhere => !config.route.has_link(),
        };
        let mut is_used = false;
        let attrs = (config.route.more).map_or(&b""[..], |more| self.config.text(more.attrs));
        let is_there = |name| name == 0 || named(name, self.config, self.observed).is_some();
        // What leads out of a link that is not there goes nowhere.
        let mut links = self.desired.links.len();
        if config.route.reach == Reach::Hops && !nexthops(attrs).all(is_there) {
            links = 0;
        }
        // Routes of one link come one after another: where the last one went is looked at first.
        let mut n = self.last_link;
        for _ in 0..links {
            if n >= self.desired.links.len() {
                n = 0;
            }
            if let Some(link) = self.desired.links.get(n)
                && self.goes_to(link, config)
            {
                if !self.waits_for_lease(link, &config.route.via) {
                    let mut wanted = Thing::route(link.ifindex, &config.route, config.origin);
                    wanted.what = what;
                    self.add(&wanted);
                }
                self.last_link = n;
                is_used = true;
                if is_one_link {
                    return;
                }
            }
            n = n.wrapping_add(1);
        }
        if !is_used {
            self.homeless(config);
        }
    }

    /// Whether the lease that is to come may bring the subnet that a gateway is in.
    fn waits_for_lease(&self, link: &DesiredLink, via: &Option<IpAddr>) -> bool {
        let Some(via @ IpAddr::V4(_)) = via else {
            return false;
        };
        link.asks && !link.leased && self.near(link.ifindex, via) & IN_SUBNET == 0
    }

    /// Says that no link takes a route, unless one may still come, or was not asked for.
    #[inline(never)]
    fn homeless(&mut self, config: &RouteConfig) {
        const NO_LINK: Complaint = Complaint::warning(Problem::NoLinkOfRoute, Effect::NotSet);
        const NO_SUBNET: Complaint = Complaint::warning(Problem::NoSubnetOfRoute, Effect::NotSet);
        let complaint = match &config.dev {
            RouteDev::Link(id) if self.is_found(*id) => NO_LINK,
            RouteDev::Link(_) => return,
            RouteDev::Name(name) => {
                if self.config.named(name).is_some() {
                    return;
                }
                NO_LINK
            }
            RouteDev::Anywhere => NO_SUBNET,
        };
        let waits_for_lease = |link: &DesiredLink| self.waits_for_lease(link, &config.route.via);
        if self.goal.names.is_empty()
            && !self.states.iter().any(|state| state.lacks_link())
            && !self.desired.links.iter().any(waits_for_lease)
        {
            self.complain(complaint, config.origin, Subject::Cidr(&config.route.dst));
        }
    }

    #[inline(never)]
    fn goes_to(&self, link: &DesiredLink, config: &RouteConfig) -> bool {
        match &config.dev {
            RouteDev::Link(id) => {
                let merged = |config: &LinkConfig| link.name.is(&config.name);
                link.config == Some(*id)
                    || self.is_found(*id) && self.config.link(*id).is_some_and(merged)
            }
            RouteDev::Name(name) => *name == link.name,
            RouteDev::Anywhere => {
                let route = &config.route;
                link.config.is_some() && (!route.has_link() || self.reaches(link, &route.via))
            }
        }
    }

    fn is_found(&self, id: LinkId) -> bool {
        self.states.get(id.place()) == Some(&LinkState::Found)
    }

    /// Whether a route without a link of its own goes here: the boot device, else where the subnet of a
    /// static address holds the gateway.
    fn reaches(&self, link: &DesiredLink, via: &Option<IpAddr>) -> bool {
        if let Some(bootdev) = self.config.global.bootdev {
            return link.config == Some(bootdev);
        }
        let Some(via) = via else {
            return false;
        };
        self.near(link.ifindex, via) & IN_SUBNET != 0
    }

    /// Has default routes of links without carrier give way to those of links with carrier, as long as that is so.
    pub fn withdraw(&mut self) {
        /// What is added to the metric of one that comes last, as NetworkManager does.
        const LAST: u32 = 20_000;
        for n in 0..self.desired.things.len() {
            let Some(&(mut thing)) = self.desired.things.get(n) else {
                return;
            };
            let (dst, table) = (&thing.route.dst, thing.route.table);
            let is_instead = |other: &Thing| {
                other.route.table == table
                    && other.route.dst == *dst
                    && self.carries(other) == Some(true)
            };
            if self.carries(&thing) != Some(false) || !self.desired.things.iter().any(is_instead) {
                continue;
            }
            let id = self
                .desired
                .link(thing.ifindex)
                .map_or(LinkId::NONE, DesiredLink::id);
            let own = self.config.number_of(id, Attr::CARRIER_LOSS);
            let policy = own.or(GlobalNumber::CarrierLoss.of(&self.config.global));
            if policy == Some(CarrierLoss::Keep as u32) {
                continue;
            }
            if let Some(thing) = self.desired.things.get_mut(n) {
                thing.standing = Standing::Withdrawn;
            }
            if policy == Some(CarrierLoss::Metric as u32) {
                thing.route.metric = thing.route.effective_metric().saturating_add(LAST);
                self.add(&thing);
            }
        }
    }

    /// Adds the routes that the kernel makes with addresses: what needs them is of no use without. Where the link belongs
    /// to another one, they are not in the usual table.
    pub fn connected(&mut self) {
        for n in 0..self.desired.things.len() {
            let addr = self.desired.things.get(n);
            let Some(route) = &addr.and_then(Thing::connected) else {
                continue;
            };
            let link = self.observed.by_index(route.ifindex);
            let mut is_known = link.is_none_or(|link| link.master != 0 || link.is_loopback());
            (self.desired.things).each(route, &mut |_| is_known = true);
            if !is_known {
                // Without room it is not looked after.
                let _ = self.desired.things.add(route);
            }
        }
    }

    /// Whether the link of a default route carries anything; `None` of what is none.
    fn carries(&self, thing: &Thing) -> Option<bool> {
        let is_default = thing.what == What::Route && thing.route.dst.is_default();
        let link = self.observed.by_index(thing.oif()).filter(|_| is_default)?;
        Some(link.carries())
    }

    /// How near `via` is to a link: [`HAS_ADDR`], [`IN_SUBNET`] and [`ROUTED`] together.
    #[inline(never)]
    pub(super) fn near(&self, ifindex: u32, via: &IpAddr) -> u8 {
        let mut near = 0;
        for thing in self.desired.things.iter() {
            let route = &thing.route;
            if thing.oif() != ifindex || route.family() != Family::of(via) {
                continue;
            }
            let contains = route.dst.contains(via);
            let is_other_end = route.via.as_ref() == Some(via);
            near |= match (thing.what, &route.via) {
                (What::Addr, _) if contains || is_other_end => HAS_ADDR | IN_SUBNET,
                (What::Addr, _) => HAS_ADDR,
                (What::Route, None) if contains => ROUTED,
                (What::Route | What::Rule, _) => 0,
            };
        }
        near
    }

    /// Adds an address or a route; another route with the same key gives way, since the kernel has one
    /// place for both.
    #[inline(never)]
    pub(super) fn add(&mut self, wanted: &Thing) {
        const DUPLICATE: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);
        let mut complaint = None;
        let mut is_there = false;
        let things = &mut self.desired.things;
        things.each(wanted, &mut |same| {
            let is_it = same.ifindex == wanted.ifindex && same.route == wanted.route;
            let is_rule = wanted.what == What::Rule;
            is_there |= is_it || !is_rule;
            if !is_it && !is_rule {
                *same = *wanted;
                complaint = Some(DUPLICATE);
            }
        });
        if !is_there && things.add(wanted).is_err() {
            complaint = Some(Complaint::error(wanted.what.full(), Effect::NotSet));
        }
        if let Some(complaint) = complaint {
            self.complain(complaint, wanted.origin, Subject::Cidr(&wanted.route.dst));
        }
    }
}

/// A link has an address of the family.
const HAS_ADDR: u8 = 1;
/// It has one in whose subnet, or at whose other end, the gateway is.
const IN_SUBNET: u8 = 2;
/// A route of it that needs no gateway leads there (RFC 3442 has such routes in a lease).
const ROUTED: u8 = 4;
/// Either of these.
pub(super) const NEAR: u8 = IN_SUBNET | ROUTED;
