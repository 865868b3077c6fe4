//! What the kernel shall have: configuration with link numbers filled in.

use super::addr::{Cidr, Family};
use super::attr::{Attr, Scope};
use super::config::{Dad, LinkId};
use super::index::HASH_START;
use super::link::{IfName, LinkKind, Mac};
use super::route::Route;
use crate::diag::{Errno, Origin, Problem};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use heapless::VecView;

pub(crate) use super::things::place_hash;
pub use super::things::{Full, Things};

/// What the kernel has of a desired thing; what is [`Presence::Mortal`] or beyond is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// Not seen.
    Missing,
    /// Another one in its place, made by us.
    DiffersOurs,
    /// Another one in its place, made by somebody else.
    DiffersForeign,
    /// The address itself, and its life ends at another time.
    Mortal,
    /// As desired.
    Same,
}

/// What `owned-IF` and the configuration say of a thing together; from [`Standing::Withdrawn`] on it shall not be
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It shall be there; no file says that we made it.
    Wanted,
    /// It shall be there, and we made it.
    Ours,
    /// It shall be there, and the kernel made it with an address of ours, with which it goes.
    Connected,
    /// It shall not be there as things are; no file says that we made it.
    Withdrawn,
    /// We made it, and it shall not be there any more.
    Stale,
}

impl Standing {
    /// What becomes of it when a file says that we made the thing.
    pub fn recalled(self) -> Standing {
        match self {
            Standing::Wanted | Standing::Ours => Standing::Ours,
            Standing::Connected => Standing::Connected,
            Standing::Withdrawn | Standing::Stale => Standing::Stale,
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
    /// MTU to set; 0: none.
    pub mtu: u32,
    /// MAC to set, if there is one.
    pub mac: Mac,
    /// How many links lie below it, one below the other.
    pub depth: u8,
    /// The link it shall be a port of, or that it leaves if it is free; 0: it is left where it is.
    pub master: u32,
    /// The kind that is made as; Ethernet where it is not made.
    pub port_of: LinkKind,
    /// The link it shall lie on, if it is made; 0 for none.
    pub lower: u32,
    /// Whether something of it differs that the kernel sets only when it makes the link, or while nothing uses it.
    pub remake: bool,
    /// The option of which that is so; `None`: it lies on another link.
    pub differs: Option<Attr>,
    /// What we did to it, now or as `owned-IF` says: [`UP`], [`MADE`], [`JOINED`], [`GEN_MODE`].
    pub done: u8,
    /// Whether sources speak of it, and none says that it is a port.
    pub is_free: bool,
    /// Where it was asked for.
    pub origin: Origin,
    /// Whether the plan changes something of it.
    pub touched: bool,
    /// Whether it asks for a lease.
    pub asks: bool,
    /// Whether it listens to routers, or asks for a lease of DHCPv6.
    pub asks6: bool,
    /// Who looks whether somebody else has its IPv6 addresses; `None`: they are nobody's business.
    pub dad: Option<Dad>,
    /// The metric of default routes that routers advertise on it.
    pub metric6: u32,
    /// A link-local address of it that can be used.
    pub local: Option<Ipv6Addr>,
    /// Whether what is leased to it is among what is desired.
    pub leased: bool,
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
            mtu: 0,
            mac: Mac::NONE,
            depth: 0,
            master: 0,
            port_of: LinkKind::Ethernet,
            lower: 0,
            remake: false,
            differs: None,
            done: 0,
            is_free: false,
            origin,
            touched: false,
            asks: false,
            asks6: false,
            dad: None,
            metric6: 0,
            local: None,
            leased: false,
            recalled: Recalled {
                file: Err(Errno::ENOENT),
                sum: HASH_START,
                old_name: name,
                problem: None,
            },
        }
    }
}

impl DesiredLink {
    /// What asked for it; of the loopback link [`LinkId::NONE`].
    #[inline(always)]
    pub fn id(&self) -> LinkId {
        self.config.unwrap_or(LinkId::NONE)
    }

    /// Whether we did this to it.
    pub fn did(&self, deed: u8) -> bool {
        self.done & deed != 0
    }

    /// Whether it shall be a port of a bond, for which it goes down.
    #[inline]
    pub fn in_bond(&self) -> bool {
        self.port_of.scope() == Scope::Bond
    }
}

/// Of [`DesiredLink::done`]: we took it up.
pub const UP: u8 = 1;
/// We made it.
pub const MADE: u8 = 2;
/// We made it a port of its master.
pub const JOINED: u8 = 4;
/// We changed how it forms IPv6 addresses.
pub const GEN_MODE: u8 = 8;

/// What `owned-IF` said of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// Whether it could be read.
    pub file: Result<(), Errno>,
    /// The hash of the file that bears the link's name.
    pub sum: u32,
    /// The name in the name of the file, which the link may have lost since.
    pub old_name: IfName,
    /// Why some of it is left out.
    pub problem: Option<Problem>,
}

/// What a [`Thing`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An address of a link.
    Addr,
    /// A route.
    Route,
    /// A policy routing rule.
    Rule,
}

impl What {
    /// All of them.
    pub const ALL: &[What] = &[What::Addr, What::Route, What::Rule];

    /// That there is room for no more of them.
    pub fn full(self) -> Problem {
        match self {
            What::Addr => Problem::MaxAddrs,
            What::Route => Problem::MaxRoutes,
            What::Rule => Problem::MaxRules,
        }
    }
}

/// An address, a route or a rule that shall be there, or that we made and shall be there no more: see
/// [`Standing`].
///
/// | field | of an address | of a route or rule |
/// |---|---|---|
/// | `route.dst` | the address and its prefix length | the destination |
/// | `route.via` | the other end | the gateway |
/// | `route.table` | its link | the table |
/// | `route.more` | its label | see [`crate::model::route::More`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// The small fields first: one octet says where they are.
#[repr(C)]
pub struct Thing {
    /// Which of the three it is.
    pub what: What,
    /// What the kernel has.
    pub presence: Presence,
    /// Whether it shall be there, and who made it.
    pub standing: Standing,
    /// Whether it gives way to a route that somebody else has in its place: a server's wish is no reason to take
    /// another one's. Of an address: to any other one that can be used as the link-local address of its link.
    pub yields: bool,
    /// Whether it is a leased address.
    pub leased: bool,
    /// Whether the kernel does not look whether somebody else has it, of an IPv6 address.
    pub nodad: bool,
    /// Its link; of a route where it is kept track of, even for kinds that use none (blackhole).
    pub ifindex: u32,
    /// What it consists of.
    pub route: Route,
    /// Broadcast address (IPv4), of an address; unspecified: none.
    pub broadcast: Ipv4Addr,
    /// Seconds an address may be used, from when the links were looked at; [`FOREVER`].
    pub valid_secs: u32,
    /// The same of new connections; no more than `valid_secs`.
    pub preferred_secs: u32,
    /// Where it was asked for.
    pub origin: Origin,
}

/// Made by the kernel itself (linux/rtnetlink.h).
pub const RTPROT_KERNEL: u8 = 2;

/// The metric of IPv6 routes that the kernel makes with addresses (`IP6_RT_PRIO_ADDRCONF`, linux/ipv6_route.h).
const ADDRCONF_METRIC: u32 = 256;

/// A life that never ends, in seconds.
pub const FOREVER: u32 = u32::MAX;

impl Thing {
    /// A route that shall be there and was not seen.
    #[inline(never)]
    pub fn route(ifindex: u32, route: &Route, origin: Origin) -> Thing {
        Thing {
            what: What::Route,
            presence: Presence::Missing,
            standing: Standing::Wanted,
            ifindex,
            route: *route,
            yields: false,
            leased: false,
            broadcast: Ipv4Addr::UNSPECIFIED,
            valid_secs: FOREVER,
            preferred_secs: FOREVER,
            nodad: false,
            origin,
        }
    }

    /// A plain route that shall be there and was not seen.
    #[inline(never)]
    pub fn via(ifindex: u32, dst: &Cidr, via: &Option<IpAddr>, origin: Origin) -> Thing {
        let mut route = Route::new(*dst);
        route.via = *via;
        Thing::route(ifindex, &route, origin)
    }

    /// An address that shall be there and was not seen.
    #[inline(never)]
    pub fn addr(ifindex: u32, addr: &Cidr, peer: &Option<IpAddr>, origin: Origin) -> Thing {
        // no address has a source: of either family it is the same
        let mut thing = Thing::via(ifindex, &Cidr::default(Family::V4), peer, origin);
        thing.what = What::Addr;
        (thing.route.dst, thing.route.table) = (*addr, ifindex);
        thing
    }

    /// Whether both have the same place in the kernel's tables; see [`Route::is_in_place_of`]. That of an address is
    /// its link, address, prefix length and other end, which is the address itself where there is none. The
    /// kernel has any number of rules in one place.
    pub(super) fn is_in_place_of(&self, other: &Thing) -> bool {
        self.what == other.what
            && self.route.is_in_place_of(&other.route)
            && match self.what {
                What::Addr => self.end() == other.end(),
                What::Route => self.route.effective_metric() == other.route.effective_metric(),
                What::Rule => true,
            }
    }

    /// Whether it is `other`, on the same link, with the same place; two rules must be equal.
    pub fn is_on_link_of(&self, other: &Thing) -> bool {
        self.ifindex == other.ifindex && (self.what != What::Rule || self.route == other.route)
    }

    /// The other end of an address.
    fn end(&self) -> &IpAddr {
        let route = &self.route;
        route.via.as_ref().unwrap_or(&route.dst.addr)
    }

    /// Whether the address `seen` lives as long: what the kernel and we count differs by parts of seconds, and
    /// a long life need not be renewed for little. One of a century is as good as one without an end.
    pub fn lives_as(&self, seen: &Thing) -> bool {
        let (wanted, seen) = (self.valid_secs, seen.valid_secs);
        wanted.abs_diff(seen) <= (wanted / 64).saturating_add(1)
    }

    /// Whether the link of this number shall have it.
    pub fn is_wanted_on(&self, ifindex: u32) -> bool {
        self.ifindex == ifindex && self.standing < Standing::Withdrawn
    }

    /// The route that the kernel makes with an address; `None` where there is none.
    pub fn connected(&self) -> Option<Thing> {
        let (route, family) = (&self.route, self.route.family());
        if self.what != What::Addr || route.via.is_some() || route.dst.len == family.bits() {
            return None;
        }
        let dst = Cidr {
            addr: route.dst.network(),
            len: route.dst.len,
        };
        let mut route = Thing::via(self.ifindex, &dst, &None, self.origin);
        (route.standing, route.yields) = (Standing::Connected, true);
        route.route.protocol = RTPROT_KERNEL;
        match family {
            Family::V4 => route.route.src = Some(self.route.dst.addr),
            Family::V6 => route.route.metric = ADDRCONF_METRIC,
        }
        Some(route)
    }

    /// Whether it is the link-local address that we form for a link.
    pub fn is_own_local(&self) -> bool {
        self.yields && self.what == What::Addr
    }

    /// Whether it is ours, now or once the plan is carried out; one that is about to be deleted is ours
    /// until it is gone.
    pub fn is_ours(&self) -> bool {
        match self.standing {
            // An address that was there and only lost its end of life is still somebody else's.
            Standing::Wanted if self.yields => self.presence < Presence::DiffersForeign,
            Standing::Wanted => self.presence < Presence::Mortal,
            Standing::Ours => true,
            Standing::Connected | Standing::Withdrawn => false,
            Standing::Stale => self.presence == Presence::Same,
        }
    }

    /// The link a route uses; 0 for kinds that use none.
    #[inline(never)]
    pub fn oif(&self) -> u32 {
        self.route.oif(self.ifindex)
    }
}

/// Everything that shall be there, and behind it what we made and shall be there no more.
#[repr(C)]
pub struct Desired<'m> {
    /// Links.
    pub links: &'m mut VecView<DesiredLink>,
    /// Addresses and routes.
    pub things: Things<'m>,
}

impl<'m> Desired<'m> {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.links.clear();
        self.things.clear();
    }

    /// The desired link with this number; one of which nothing but this is known is added where there is none. There
    /// is room for each link of the kernel.
    #[inline(never)]
    pub fn add_link(
        &mut self,
        ifindex: u32,
        name: &IfName,
        origin: Origin,
    ) -> Option<&mut DesiredLink> {
        if self.link(ifindex).is_none() {
            let added = self.links.push(DesiredLink::new(ifindex, *name, origin));
            debug_assert!(added.is_ok());
        }
        self.link_mut(ifindex)
    }

    /// The desired link with this number.
    #[inline(never)]
    pub fn link(&self, ifindex: u32) -> Option<&DesiredLink> {
        self.links.iter().find(|link| link.ifindex == ifindex)
    }

    /// The same, to be changed.
    #[inline(never)]
    pub fn link_mut(&mut self, ifindex: u32) -> Option<&mut DesiredLink> {
        link_mut(self.links, ifindex)
    }
}

/// The desired link with this number.
#[inline(never)]
pub fn link_mut(links: &mut VecView<DesiredLink>, ifindex: u32) -> Option<&mut DesiredLink> {
    links.iter_mut().find(|link| link.ifindex == ifindex)
}
