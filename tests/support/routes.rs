//! Routes in the tables of the fake kernel: which are taken, and which Linux makes itself.
//!
//! Not modelled: a gateway that a blackhole route covers, IPv6 routes of several links with one key.

use super::nouns::*;
use super::tables::{Maker, Tables};
use std::net::{IpAddr, Ipv4Addr};

impl Tables {
    /// Makes the kernel's own routes anew.
    pub fn refresh(&mut self) {
        let mut own = Vec::new();
        for addr in &self.addrs {
            let Some(link) = self.links.iter().find(|link| link.ifindex == addr.ifindex) else {
                continue;
            };
            own.extend(routes_of(addr, link));
        }
        self.routes.retain(|(maker, _)| *maker == Maker::Someone);
        own.retain(|own| self.routes.iter().all(|(_, route)| !route.same_place(own)));
        self.routes
            .extend(own.into_iter().map(|route| (Maker::Kernel, route)));
    }

    /// `replace` and `exclusive` are `NLM_F_REPLACE` and `NLM_F_EXCL`; `NLM_F_CREATE` is understood.
    pub fn new_route(
        &mut self,
        mut route: Route,
        replace: bool,
        exclusive: bool,
    ) -> Result<(), Refused> {
        let v4 = route.dst.is_ipv4();
        if route.len > if v4 { 32 } else { 128 } {
            return Err(Refused(EINVAL, "Invalid prefix length"));
        }
        let prefix = network(route.dst, route.len);
        if v4 && prefix != route.dst {
            return Err(Refused(EINVAL, "Invalid prefix for given prefix length"));
        }
        route.dst = prefix;
        if !v4 {
            (route.scope, route.tos) = (0, 0);
            route.metric = if route.metric == 0 {
                1_024
            } else {
                route.metric
            };
        }
        self.check_next_hop(&mut route)?;
        let is_local = |route: &Route, addr| {
            (route.table, route.kind) == (LOCAL, 2) && network(addr, route.len) == route.dst
        };
        if let Some(src) = route.src
            && (!v4 || route.kind == UNICAST)
            && !self.routes().any(|route| is_local(route, src))
        {
            let text = if v4 {
                "Invalid prefsrc address"
            } else {
                "Invalid source address"
            };
            return Err(Refused(EINVAL, text));
        }
        match self
            .routes
            .iter_mut()
            .find(|(_, have)| have.same_place(&route))
        {
            Some(_) if exclusive || !replace => return Err(Refused(EEXIST, "")),
            Some(have) => *have = (Maker::Someone, route),
            None => self.routes.push((Maker::Someone, route)),
        }
        Ok(())
    }

    /// `fib_check_nh`, `ip6_route_info_create`: finds the link where none is given.
    fn check_next_hop(&mut self, route: &mut Route) -> Result<(), Refused> {
        let v4 = route.dst.is_ipv4();
        if !route.hops.is_empty() {
            // as for one gateway
            for n in 0..route.hops.len() {
                let (oif, via) = route.hops[n];
                if oif == 0 {
                    let mut alone = Route {
                        via: Some(via),
                        hops: Vec::new(),
                        ..route.clone()
                    };
                    self.check_next_hop(&mut alone)?;
                    route.hops[n].0 = alone.oif;
                }
            }
            return match route.hops.iter().all(|(oif, _)| self.is_up(*oif)) {
                true => Ok(()),
                false => Err(Refused(ENETDOWN, "Nexthop device is not up")),
            };
        }
        if route.kind != UNICAST {
            if v4 && (route.oif != 0 || route.via.is_some()) {
                return Err(Refused(EINVAL, "Invalid rtm_type/device"));
            }
            // IPv6 ties it to the loopback link.
            route.oif = if v4 { 0 } else { 1 };
            return Ok(());
        }
        // IPv4 looks for the gateway first.
        let gateway_first = route.via.is_some_and(|via| via.is_ipv4()) && !route.onlink;
        if route.oif != 0 && !gateway_first {
            self.link(route.oif)?;
        }
        let Some(via) = route.via else {
            return match route.oif {
                0 => Err(Refused(EINVAL, "")),
                oif if self.is_up(oif) => Ok(()),
                _ if v4 => Err(Refused(ENETDOWN, "Device for nexthop is not up")),
                _ => Err(Refused(ENETDOWN, "Nexthop device is not up")),
            };
        };
        let down = Refused(ENETDOWN, "Nexthop device is not up");
        let text = "Egress device can not be loopback device for this route";
        let loopback = Refused(EINVAL, text);
        if route.onlink && route.oif == 0 {
            return Err(Refused(ENODEV, "Nexthop device required for onlink"));
        }
        if via.is_ipv6() && self.addrs.iter().any(|addr| addr.local == via) {
            return Err(Refused(EINVAL, "Gateway can not be a local address"));
        }
        if route.onlink {
            if v4 && route.scope >= LINK_SCOPE {
                return Err(Refused(EINVAL, "Nexthop has invalid scope"));
            }
            return if self.is_up(route.oif) {
                Ok(())
            } else {
                Err(down)
            };
        }
        if let IpAddr::V6(addr) = via
            && addr.is_unicast_link_local()
        {
            return match route.oif {
                0 => Err(Refused(EINVAL, "Egress device not specified")),
                1 => Err(loopback),
                oif if self.is_up(oif) => Ok(()),
                _ => Err(down),
            };
        }
        match self.on_link(via, route) {
            Some(1) if via.is_ipv6() => return Err(loopback),
            Some(oif) if !v4 || route.scope < LINK_SCOPE => route.oif = oif,
            _ if via.is_ipv4() => return Err(Refused(ENETUNREACH, "Nexthop has invalid gateway")),
            _ => return Err(Refused(EHOSTUNREACH, "")),
        }
        Ok(())
    }

    /// The link that reaches a gateway directly. A route of IPv4 with a wider scope does not count.
    fn on_link(&self, via: IpAddr, wanted: &Route) -> Option<u32> {
        let fits = |route: &&Route| {
            route.dst.is_ipv4() == via.is_ipv4()
                && route.kind == UNICAST
                && route.tos == 0
                && (route.table == MAIN || route.table == wanted.table)
                && (wanted.oif == 0 || route.oif == wanted.oif)
                && (via.is_ipv6() || route.scope >= LINK_SCOPE)
                && network(via, route.len) == route.dst
        };
        let best = self.routes().filter(fits).max_by_key(|route| route.len)?;
        best.via.is_none().then_some(best.oif)
    }

    /// Adds a route without looking at it.
    pub fn insert_route(&mut self, route: Route) {
        self.routes.push((Maker::Someone, route));
    }

    /// Removes the route with the least metric that is as `wanted` says; 0, `None` and [`NOWHERE`] say nothing.
    pub fn del_route(&mut self, wanted: &Route) -> Result<(), Refused> {
        let v4 = wanted.dst.is_ipv4();
        if v4 && network(wanted.dst, wanted.len) != wanted.dst {
            return Err(Refused(EINVAL, "Invalid prefix for given prefix length"));
        }
        let or_any = |wanted: u32, have: u32| wanted == 0 || wanted == have;
        let is_it = |(_, have): &(Maker, Route)| {
            (have.dst, have.len, have.from, have.table)
                == (wanted.dst, wanted.len, wanted.from, wanted.table)
                && (!v4 || have.tos == wanted.tos)
                && (!v4 || wanted.scope == NOWHERE || wanted.scope == have.scope)
                && (!v4 || or_any(wanted.kind.into(), have.kind.into()))
                && or_any(wanted.protocol.into(), have.protocol.into())
                && or_any(wanted.oif, have.oif)
                && or_any(wanted.metric, have.metric)
                && (wanted.via.is_none() || wanted.via == have.via)
                && (!v4 || wanted.src.is_none() || wanted.src == have.src)
        };
        let in_table =
            |(_, have): &(Maker, Route)| (have.table, have.dst.is_ipv4()) == (wanted.table, v4);
        if !self.routes.iter().any(in_table) {
            return Err(Refused(ESRCH, "FIB table does not exist"));
        }
        let found = self.routes.iter().enumerate();
        let found = found.filter(|(_, have)| is_it(have));
        let first = found.min_by_key(|(_, (_, have))| have.metric);
        let (at, _) = first.ok_or(Refused(ESRCH, ""))?;
        let (maker, route) = self.routes.remove(at);
        assert_eq!(maker, Maker::Someone, "{route}: the kernel's own");
        Ok(())
    }
}

/// The routes that Linux makes for an address.
fn routes_of(addr: &Addr, link: &Link) -> Vec<Route> {
    let v4 = addr.local.is_ipv4();
    let base = Route {
        table: LOCAL,
        protocol: KERNEL,
        oif: addr.ifindex,
        ..Route::new(addr.local, if v4 { 32 } else { 128 })
    };
    let prefix = network(addr.peer, addr.len);
    let with_prefix = addr.flags & IFA_F_NOPREFIXROUTE == 0 && link.is_up();
    if !v4 {
        let local = Route {
            kind: 2,
            ..base.clone()
        };
        let mut routes = vec![local];
        if with_prefix && !prefix.is_loopback() {
            let place = Route {
                dst: prefix,
                len: addr.len,
                table: MAIN,
                metric: 256,
                ..base
            };
            routes.push(place);
        }
        return routes;
    }
    let base = Route {
        src: Some(addr.local),
        scope: HOST_SCOPE,
        kind: 2,
        ..base
    };
    let mut routes = vec![base.clone()];
    let first = addr.flags & IFA_F_SECONDARY == 0;
    let proper = prefix != addr.local || addr.len < 32;
    if with_prefix && first && proper {
        let place = Route {
            dst: prefix,
            len: addr.len,
            ..base.clone()
        };
        routes.push(match link.flags & IFF_LOOPBACK {
            0 => Route {
                table: MAIN,
                scope: LINK_SCOPE,
                kind: UNICAST,
                ..place
            },
            _ => place,
        });
    }
    let mut broadcasts: Vec<IpAddr> = Vec::new();
    broadcasts.extend(addr.broadcast.map(IpAddr::V4));
    if let (IpAddr::V4(prefix), true) = (prefix, first && addr.len < 31) {
        let last = prefix.to_bits() | (u32::MAX >> addr.len);
        broadcasts.push(Ipv4Addr::from_bits(last).into());
    }
    broadcasts.dedup();
    for dst in broadcasts.into_iter().filter(|_| link.is_up()) {
        routes.push(Route {
            dst,
            scope: LINK_SCOPE,
            kind: 3,
            ..base.clone()
        });
    }
    routes
}
