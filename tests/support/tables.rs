//! The tables of the fake kernel, and what Linux does with them.
//!
//! Observed on Linux 6.18; errors and texts are the kernel's own. What Linux makes itself (local, broadcast
//! and prefix routes, `127.0.0.1`, `::1`, IPv6 link-local addresses) is made here too.

use super::nouns::*;
use super::octets::ip_in;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the kernel made a route itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Kernel,
    Someone,
}

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    pub links: Vec<Link>,
    pub addrs: Vec<Addr>,
    pub(super) routes: Vec<(Maker, Route)>,
    /// By priority, those of IPv4 first.
    pub rules: Vec<Rule>,
}

impl Tables {
    /// So many seconds later.
    pub fn age(&mut self, seconds: u32) {
        for addr in &mut self.addrs {
            for life in [&mut addr.preferred, &mut addr.valid] {
                if *life != FOREVER {
                    *life -= seconds;
                }
            }
        }
    }

    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().map(|(_, route)| route)
    }

    /// The routes that the kernel did not make itself.
    pub fn routes_of_others(&self) -> impl Iterator<Item = &Route> {
        let made = self
            .routes
            .iter()
            .filter(|(maker, _)| *maker == Maker::Someone);
        made.map(|(_, route)| route)
    }

    /// `fib_nl_newrule`: without a priority, one before the second of all.
    pub fn new_rule(&mut self, mut rule: Rule) -> Result<(), Refused> {
        let of_family = |have: &&Rule| have.v4 == rule.v4;
        if rule.priority == 0 {
            let second = self.rules.iter().filter(of_family).nth(1);
            rule.priority = second.map_or(0, |rule| rule.priority.saturating_sub(1));
        }
        if self.rules.contains(&rule) {
            return Err(Refused(EEXIST, ""));
        }
        let is_after = |have: &Rule| (!have.v4, have.priority) > (!rule.v4, rule.priority);
        let at = self.rules.iter().position(is_after);
        self.rules.insert(at.unwrap_or(self.rules.len()), rule);
        Ok(())
    }

    /// `fib_nl_delrule`: the first one that is as `wanted` says; 0 and what is not there say nothing.
    pub fn del_rule(&mut self, wanted: &Rule) -> Result<(), Refused> {
        let or_any = |wanted: u32, have: u32| wanted == 0 || wanted == have;
        let is_it = |have: &Rule| {
            (have.v4, have.dst, have.from, have.tos)
                == (wanted.v4, wanted.dst, wanted.from, wanted.tos)
                && or_any(wanted.table, have.table)
                && or_any(wanted.action.into(), have.action.into())
                && or_any(wanted.priority, have.priority)
                && or_any(wanted.protocol.into(), have.protocol.into())
                && wanted.more.iter().all(|more| have.more.contains(more))
        };
        let at = self
            .rules
            .iter()
            .position(is_it)
            .ok_or(Refused(ENOENT, ""))?;
        let gone = self.rules.remove(at);
        assert_ne!(gone.protocol, KERNEL, "{gone}: the kernel's own");
        Ok(())
    }

    pub fn link(&mut self, ifindex: u32) -> Result<&mut Link, Refused> {
        let link = self.links.iter_mut().find(|link| link.ifindex == ifindex);
        link.ok_or(Refused(ENODEV, ""))
    }

    /// The link of an address in a request.
    fn link_of(&self, addr: &Addr) -> Result<&Link, Refused> {
        let link = self.links.iter().find(|link| link.ifindex == addr.ifindex);
        let text = match addr.local {
            IpAddr::V4(_) => "ipv4: Device not found",
            IpAddr::V6(_) => "ipv6: Unable to find the interface",
        };
        link.ok_or(Refused(ENODEV, text))
    }

    /// Whether the link of a route has a carrier; of one without a link, that nothing says it has none.
    pub fn has_carrier(&self, route: &Route) -> bool {
        let mut links = self.links.iter().filter(|link| route.uses(link.ifindex));
        links.all(|link| link.carrier || link.flags & IFF_LOOPBACK != 0)
    }

    pub(super) fn is_up(&self, ifindex: u32) -> bool {
        self.links
            .iter()
            .any(|link| link.ifindex == ifindex && link.is_up())
    }

    /// `dev_change_name`: `busy` says whether a link that is up refuses.
    pub fn rename(&mut self, ifindex: u32, name: &str, busy: bool) -> Result<(), Refused> {
        if name.len() > 15 {
            return Err(Refused(ERANGE, ""));
        }
        let link = self.link(ifindex)?;
        if busy && link.is_up() {
            return Err(Refused(EBUSY, ""));
        }
        if link.name == name {
            return Ok(());
        }
        let bad = |c: char| matches!(c, '/' | ':' | '%') || c.is_ascii_whitespace();
        if matches!(name, "" | "." | ".." | "all" | "default") || name.contains(bad) {
            return Err(Refused(EINVAL, ""));
        }
        let has_it = |link: &Link| link.name == name || link.altnames.iter().any(|alt| alt == name);
        if self.links.iter().any(has_it) {
            return Err(Refused(EEXIST, ""));
        }
        name.clone_into(&mut self.link(ifindex)?.name);
        Ok(())
    }

    pub fn set_mac(&mut self, ifindex: u32, mac: &[u8]) -> Result<(), Refused> {
        let link = self.link(ifindex)?;
        if mac.len() != link.mac.len() {
            return Err(Refused(EINVAL, ""));
        }
        let multicast = mac.len() == 6 && mac[0] & 1 != 0;
        if multicast || mac.iter().all(|octet| *octet == 0) {
            return Err(Refused(EADDRNOTAVAIL, ""));
        }
        link.mac = mac.to_vec();
        Ok(())
    }

    pub fn set_mtu(&mut self, ifindex: u32, mtu: u32) -> Result<(), Refused> {
        let link = self.link(ifindex)?;
        if mtu < 68 {
            return Err(Refused(EINVAL, "mtu less than device minimum"));
        }
        if mtu > link.max_mtu {
            return Err(Refused(EINVAL, "mtu greater than device maximum"));
        }
        link.mtu = mtu;
        if mtu < 1_280 {
            self.forget_v6(ifindex);
        }
        self.refresh();
        Ok(())
    }

    pub fn set_flags(&mut self, ifindex: u32, flags: u32, change: u32) -> Result<(), Refused> {
        let link = self.link(ifindex)?.clone();
        let needs_lower = matches!(link.kind, Some("vlan" | "macvlan"));
        if flags & change & IFF_UP != 0 && needs_lower && !self.is_up(link.lower) {
            return Err(Refused(ENETDOWN, ""));
        }
        let link = self.link(ifindex)?;
        let was_up = link.is_up();
        link.flags = (link.flags & !change) | (flags & change);
        match (was_up, link.is_up()) {
            (false, true) => self.came_up(ifindex),
            (true, false) => self.went_down(ifindex),
            (true, true) | (false, false) => {}
        }
        self.refresh();
        Ok(())
    }

    fn came_up(&mut self, ifindex: u32) {
        let Ok(link) = self.link(ifindex) else { return };
        let link = link.clone();
        let have = |addrs: &[Addr], local: IpAddr| {
            let is_it = |addr: &Addr| (addr.ifindex, addr.local) == (ifindex, local);
            addrs.iter().any(is_it)
        };
        if link.flags & IFF_LOOPBACK != 0 {
            for (addr, len) in [
                (Ipv4Addr::LOCALHOST.into(), 8),
                (Ipv6Addr::LOCALHOST.into(), 128),
            ] {
                if !have(&self.addrs, addr) {
                    let scope = HOST_SCOPE;
                    self.addrs.push(Addr {
                        scope,
                        ..Addr::new(ifindex, addr, len)
                    });
                }
            }
        } else if let ([a, b, c, d, e, f], true) =
            (&link.mac[..], link.carrier && link.mtu >= 1_280)
            && link.conf.get(ADDR_GEN_MODE) != Some(&1)
        {
            let id = [a ^ 2, *b, *c, 0xff, 0xfe, *d, *e, *f];
            let local = [[0xfe, 0x80, 0, 0, 0, 0, 0, 0], id].concat();
            let local = ip_in(&local);
            let flags = IFA_F_PERMANENT | IFA_F_TENTATIVE;
            let scope = LINK_SCOPE;
            if !have(&self.addrs, local) {
                self.addrs.push(Addr {
                    flags,
                    scope,
                    ..Addr::new(ifindex, local, 64)
                });
            }
        }
    }

    /// Routes and IPv6 addresses go, IPv4 addresses stay.
    fn went_down(&mut self, ifindex: u32) {
        self.routes.retain(|(_, route)| !route.uses(ifindex));
        self.forget_v6(ifindex);
    }

    fn forget_v6(&mut self, ifindex: u32) {
        self.addrs
            .retain(|addr| addr.ifindex != ifindex || addr.local.is_ipv4());
        let is_v6 = |route: &Route| route.dst.is_ipv6() && route.kind == UNICAST;
        self.routes
            .retain(|(_, route)| !(is_v6(route) && route.uses(ifindex)));
    }

    /// Takes a link away, as if it were unplugged.
    pub fn remove_link(&mut self, ifindex: u32) {
        let uppers = self.links.iter().filter(|link| link.lower == ifindex);
        let uppers: Vec<u32> = uppers.map(|link| link.ifindex).collect();
        uppers.iter().for_each(|upper| self.remove_link(*upper));
        for port in self.links.iter_mut().filter(|link| link.master == ifindex) {
            port.master = 0;
            port.port_data.clear();
            if let Some(mac) = &port.perm_mac {
                port.mac.clone_from(mac);
            }
        }
        self.links.retain(|link| link.ifindex != ifindex);
        self.addrs.retain(|addr| addr.ifindex != ifindex);
        self.routes.retain(|(_, route)| !route.uses(ifindex));
        self.refresh();
    }

    pub fn del_altname(&mut self, ifindex: u32, name: &str) -> Result<(), Refused> {
        let altnames = &mut self.link(ifindex)?.altnames;
        let before = altnames.len();
        altnames.retain(|alt| alt != name);
        if altnames.len() < before {
            return Ok(());
        }
        let taken = |link: &Link| link.name == name || link.altnames.iter().any(|alt| alt == name);
        let elsewhere = self.links.iter().any(taken);
        Err(Refused(if elsewhere { EINVAL } else { ENOENT }, ""))
    }

    pub fn new_addr(&mut self, mut addr: Addr) -> Result<(), Refused> {
        let v4 = addr.local.is_ipv4();
        if addr.len > if v4 { 32 } else { 128 } {
            return Err(Refused(EINVAL, "Invalid prefix length"));
        }
        if addr.preferred > addr.valid || addr.valid == 0 {
            return Err(Refused(EINVAL, "address lifetime invalid"));
        }
        let loopback = self.link_of(&addr)?.flags & IFF_LOOPBACK != 0;
        let same = |have: &Addr| {
            have.ifindex == addr.ifindex
                && have.local == addr.local
                && (!v4 || have.same_prefix(&addr))
        };
        if self.addrs.iter().any(same) {
            let text = if v4 {
                "ipv4: Address already assigned"
            } else {
                "ipv6: address already assigned"
            };
            return Err(Refused(EEXIST, text));
        }
        addr.flags &= !(IFA_F_SECONDARY | IFA_F_TENTATIVE | IFA_F_PERMANENT);
        if addr.valid == FOREVER {
            addr.flags |= IFA_F_PERMANENT;
        }
        if v4
            && self
                .addrs
                .iter()
                .any(|have| have.local.is_ipv4() && have.same_prefix(&addr))
        {
            addr.flags |= IFA_F_SECONDARY;
        }
        if !v4 {
            addr.scope = 0;
            if !loopback && addr.flags & IFA_F_NODAD == 0 {
                addr.flags |= IFA_F_TENTATIVE;
            }
        }
        self.addrs.push(addr);
        self.refresh();
        Ok(())
    }

    /// Gives an address that is there other lifetimes (`NLM_F_REPLACE`); whether there is one.
    pub fn change_addr(&mut self, wanted: &Addr) -> bool {
        let is_it = |have: &&mut Addr| {
            (have.ifindex, have.local) == (wanted.ifindex, wanted.local)
                && (wanted.local.is_ipv6() || have.same_prefix(wanted))
        };
        let Some(have) = self.addrs.iter_mut().find(is_it) else {
            return false;
        };
        (have.preferred, have.valid) = (wanted.preferred, wanted.valid);
        match wanted.valid {
            FOREVER => have.flags |= IFA_F_PERMANENT,
            _ => have.flags &= !IFA_F_PERMANENT,
        }
        true
    }

    /// Of IPv4, the first address of a prefix takes those after it along (`promote_secondaries=0`), an
    /// address takes the routes along that prefer it, and the last of a link all routes of the link.
    pub fn del_addr(&mut self, addr: &Addr) -> Result<(), Refused> {
        self.link_of(addr)?;
        let is_it = |have: &Addr| have.local == addr.local && have.same_prefix(addr);
        let v4 = addr.local.is_ipv4();
        let Some(at) = self.addrs.iter().position(is_it) else {
            let text = if v4 {
                "ipv4: Address not found"
            } else {
                "ipv6: address not found"
            };
            return Err(Refused(EADDRNOTAVAIL, text));
        };
        let gone = self.addrs.remove(at);
        let takes_along = |have: &Addr| {
            v4 && gone.flags & IFA_F_SECONDARY == 0
                && have.flags & IFA_F_SECONDARY != 0
                && have.same_prefix(&gone)
        };
        let mut sources = vec![gone.local];
        sources.extend(
            self.addrs
                .extract_if(.., |have| takes_along(have))
                .map(|have| have.local),
        );
        let on_link = |have: &Addr| have.ifindex == gone.ifindex && have.local.is_ipv4();
        if v4 && !self.addrs.iter().any(on_link) {
            let goes = |route: &Route| route.dst.is_ipv4() && route.uses(gone.ifindex);
            self.routes.retain(|(_, route)| !goes(route));
        }
        sources
            .into_iter()
            .for_each(|source| self.forget_source(source));
        self.refresh();
        Ok(())
    }

    /// Routes that prefer a source address which is no longer there: IPv4 ones of the main table go, IPv6
    /// ones forget it.
    fn forget_source(&mut self, gone: IpAddr) {
        if self.addrs.iter().any(|have| have.local == gone) {
            return;
        }
        let prefers = |route: &Route| route.src == Some(gone) && route.table == MAIN;
        self.routes
            .retain(|(_, route)| gone.is_ipv6() || !prefers(route));
        for (_, route) in &mut self.routes {
            route.src = route.src.filter(|src| gone.is_ipv4() || *src != gone);
        }
    }
}
