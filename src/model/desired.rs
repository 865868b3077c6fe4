//! What the kernel shall have: configuration with link numbers filled in.

use super::addr::Cidr;
use super::config::LinkId;
use super::index::{Index, hash};
use super::link::{IfName, Mac};
use super::route::{Route, RouteKey};
use crate::diag::{Errno, Origin, Problem};
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

/// What `owned-IF` and the configuration say of a thing together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It shall be there; no file says that we made it.
    Wanted,
    /// It shall be there, and we made it.
    Ours,
    /// We made it, and it shall not be there any more.
    Stale,
}

impl Standing {
    /// What becomes of it when a file says that we made the thing.
    pub fn recalled(self) -> Standing {
        match self {
            Standing::Wanted | Standing::Ours => Standing::Ours,
            Standing::Stale => Standing::Stale,
        }
    }
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
    /// What `owned-IF` said.
    pub recalled: Recalled,
}

impl DesiredLink {
    /// A link that shall be up and of which nothing else is known.
    pub fn new(ifindex: u32, name: IfName, origin: Origin) -> DesiredLink {
        DesiredLink {
            config: None,
            ifindex,
            name,
            mtu: None,
            mac: None,
            origin,
            owned_up: false,
            touched: false,
            recalled: Recalled {
                file: Err(Errno::ENOENT),
                old_name: name,
                problem: None,
            },
        }
    }
}

/// What `owned-IF` said of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// Whether it could be read.
    pub file: Result<(), Errno>,
    /// The name in the name of the file, which the link may have lost since.
    pub old_name: IfName,
    /// Why some of it is left out.
    pub problem: Option<Problem>,
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
    /// Whether it shall be there, and who made it.
    pub standing: Standing,
}

impl DesiredAddr {
    /// Whether the link of this number shall have it.
    pub fn is_wanted_on(&self, ifindex: u32) -> bool {
        self.ifindex == ifindex && self.standing != Standing::Stale
    }
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
    /// Whether it shall be there, and who made it.
    pub standing: Standing,
}

impl DesiredRoute {
    /// Whether the link of this number shall have it.
    pub fn is_wanted_on(&self, ifindex: u32) -> bool {
        self.ifindex == ifindex && self.standing != Standing::Stale
    }

    /// The link it uses; 0 for kinds that use none.
    pub fn oif(&self) -> u32 {
        self.route.oif(self.ifindex)
    }
}

/// A table has no room left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Everything that shall be there, and behind it what we made and shall be there no more.
#[repr(C)]
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
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.links.clear();
        self.addrs.clear();
        self.routes.clear();
        self.addr_index.clear();
        self.route_index.clear();
    }

    /// Adds an address.
    #[inline(never)]
    pub fn add_addr(&mut self, addr: &DesiredAddr) -> Result<(), Full> {
        self.addrs.push(*addr).map_err(|_| Full)?;
        let first = self.addr_index.make_room(self.addrs.len());
        for n in first..self.addrs.len() {
            if let Some(addr) = self.addrs.get(n) {
                let hash = addr_hash(addr.ifindex, &addr.addr);
                self.addr_index.insert(hash, n as u32);
            }
        }
        Ok(())
    }

    /// Adds a route.
    #[inline(never)]
    pub fn add_route(&mut self, route: &DesiredRoute) -> Result<(), Full> {
        self.routes.push(*route).map_err(|_| Full)?;
        let first = self.route_index.make_room(self.routes.len());
        for n in first..self.routes.len() {
            if let Some(route) = self.routes.get(n) {
                let hash = route_hash(&route.route.key());
                self.route_index.insert(hash, n as u32);
            }
        }
        Ok(())
    }

    /// The address with this link, address, prefix length and other end: what makes two addresses the same
    /// to the kernel.
    #[inline(never)]
    pub fn find_addr(
        &mut self,
        ifindex: u32,
        addr: &Cidr,
        peer: &Option<IpAddr>,
    ) -> Option<&mut DesiredAddr> {
        let is_it = |n: u32| {
            let is_it = |have: &DesiredAddr| {
                have.ifindex == ifindex && have.addr == *addr && have.peer == *peer
            };
            self.addrs.get(n as usize).is_some_and(is_it)
        };
        let n = self.addr_index.find(addr_hash(ifindex, addr), is_it)?;
        self.addrs.get_mut(n as usize)
    }

    /// Passes each route with this key to `each`: at most one that shall be there, and those of its place
    /// that shall not.
    #[inline(never)]
    pub fn each_route(&mut self, key: &RouteKey, each: &mut dyn FnMut(&mut DesiredRoute)) {
        for n in self.route_index.entries(route_hash(key)) {
            if let Some(route) = self.routes.get_mut(n as usize)
                && route.route.key() == *key
            {
                each(route);
            }
        }
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
