//! What the kernel shall have: configuration with link numbers filled in.

use super::addr::Cidr;
use super::config::LinkId;
use super::index::{Index, hash};
use super::link::{IfName, Mac};
use super::route::{Route, RouteKey};
use crate::diag::Origin;
use core::net::{IpAddr, Ipv4Addr};
use heapless::VecView;

/// What the kernel has of a desired thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not seen.
    Missing,
    /// As desired.
    Same,
    /// Another one in its place, made by us.
    DiffersOurs,
    /// Another one in its place, made by somebody else.
    DiffersForeign,
}

/// A link that shall be up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DesiredLink {
    /// What asked for it; `None` for the loopback link.
    pub config: Option<LinkId>,
    /// Its number.
    pub ifindex: u32,
    /// Its name once renamed.
    pub name: IfName,
    /// MTU to set.
    pub mtu: Option<u32>,
    /// MAC to set.
    pub mac: Option<Mac>,
    /// Where it was asked for.
    pub origin: Origin,
    /// Whether we took it up, now or as `owned-IF` says.
    pub owned_up: bool,
    /// Whether the plan changes something of it.
    pub touched: bool,
}

/// An address that shall be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DesiredAddr {
    /// Its link.
    pub ifindex: u32,
    /// Address and prefix length.
    pub addr: Cidr,
    /// The other end.
    pub peer: Option<IpAddr>,
    /// Broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
    /// Where it was asked for.
    pub origin: Origin,
    /// What the kernel has.
    pub presence: Presence,
    /// Whether `owned-IF` says that we made it.
    pub owned: bool,
}

/// A route that shall be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DesiredRoute {
    /// Its link: where it is kept track of, even for kinds that use none (blackhole).
    pub ifindex: u32,
    /// The route.
    pub route: Route,
    /// Where it was asked for.
    pub origin: Origin,
    /// What the kernel has.
    pub presence: Presence,
    /// Whether `owned-IF` says that we made it.
    pub owned: bool,
}

impl DesiredRoute {
    /// The link it uses; 0 for kinds that use none.
    pub fn oif(&self) -> u32 {
        self.route.oif(self.ifindex)
    }
}

/// Everything that shall be there.
pub struct Desired<'m> {
    /// Links.
    pub links: &'m mut VecView<DesiredLink>,
    /// Addresses.
    pub addrs: &'m mut VecView<DesiredAddr>,
    /// Routes.
    pub routes: &'m mut VecView<DesiredRoute>,
    /// Finds addresses by [`addr_hash`].
    pub addr_index: Index<'m>,
    /// Finds routes by [`route_hash`].
    pub route_index: Index<'m>,
}

impl Desired<'_> {
    /// Forgets everything and makes room for so many addresses and routes.
    pub fn reset(&mut self, addrs: usize, routes: usize) {
        self.links.clear();
        self.addrs.clear();
        self.routes.clear();
        self.addr_index.reset(addrs);
        self.route_index.reset(routes);
    }

    /// The number of the desired address with this link, address, prefix length and other end: what makes
    /// two addresses the same to the kernel.
    pub fn find_addr(&self, ifindex: u32, addr: &Cidr, peer: &Option<IpAddr>) -> Option<usize> {
        let is_it = |n: u32| {
            let is_it = |have: &DesiredAddr| {
                have.ifindex == ifindex && have.addr == *addr && have.peer == *peer
            };
            self.addrs.get(n as usize).is_some_and(is_it)
        };
        self.addr_index
            .find(addr_hash(ifindex, addr), is_it)
            .map(|n| n as usize)
    }

    /// The number of the desired route with this key.
    pub fn find_route(&self, key: &RouteKey) -> Option<usize> {
        let is_it = |n: u32| {
            self.routes
                .get(n as usize)
                .is_some_and(|have| have.route.key() == *key)
        };
        self.route_index
            .find(route_hash(key), is_it)
            .map(|n| n as usize)
    }

    /// The desired link with this number.
    #[inline(never)]
    pub fn link(&self, ifindex: u32) -> Option<&DesiredLink> {
        self.links.iter().find(|link| link.ifindex == ifindex)
    }

    /// The same, to be changed.
    #[inline(never)]
    pub fn link_mut(&mut self, ifindex: u32) -> Option<&mut DesiredLink> {
        self.links.iter_mut().find(|link| link.ifindex == ifindex)
    }
}

/// For [`Desired::addr_index`].
pub fn addr_hash(ifindex: u32, addr: &Cidr) -> u32 {
    cidr_hash(addr, &ifindex.to_ne_bytes())
}

/// For [`Desired::route_index`].
pub fn route_hash(key: &RouteKey) -> u32 {
    let tos = u32::from(key.tos).to_ne_bytes();
    let rest = [key.table.to_ne_bytes(), key.metric.to_ne_bytes(), tos];
    cidr_hash(&key.dst, rest.as_flattened())
}

#[inline(never)]
fn cidr_hash(cidr: &Cidr, rest: &[u8]) -> u32 {
    let octets: &[u8] = match &cidr.addr {
        IpAddr::V4(addr) => &addr.octets(),
        IpAddr::V6(addr) => &addr.octets(),
    };
    hash(&[octets, &[cidr.len], rest])
}
