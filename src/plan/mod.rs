//! The difference between what shall be and what is, in the order the kernel wants it.
//!
//! [`resolve`] turns configuration into [`crate::model::desired::Desired`], [`rename`] orders the MAC
//! rules as a permutation, [`diff`] compares and fills a [`Plan`], [`op`] gives each step a meaning and
//! its text as an ip(8) command, [`encode`] makes it a netlink request.

pub mod diff;
pub mod encode;
pub mod op;
pub mod rename;
pub mod resolve;
mod routes;

use crate::model::addr::Cidr;
use crate::model::link::IfName;
use crate::model::route::{Route, RouteKind};
use core::net::IpAddr;
use heapless::VecView;

/// When a step is carried out. The order of the variants is the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A link that cannot be renamed while up goes down.
    DownForRename,
    /// Names: alternative names out of the way, then the permutation.
    Rename,
    /// A link that went down to be renamed comes up again.
    UpAfterRename,
    /// What is best changed before the link is up: MAC, MTU.
    Attributes,
    /// Link up.
    Up,
    /// Addresses of ours in whose way the new ones would be: the same IPv6 address with another prefix
    /// length.
    ReplaceAddresses,
    /// Addresses.
    Addresses,
    /// Routes that need no gateway.
    RoutesOnLink,
    /// Routes with a gateway.
    RoutesVia,
    /// Default routes.
    RoutesDefault,
    /// Routes of ours that are no longer wanted.
    DeleteRoutes,
    /// Addresses of ours that are no longer wanted.
    DeleteAddresses,
    /// Addresses that may have gone with a primary one of their subnet.
    AddressesAgain,
    /// Routes without a gateway that may have gone with it too.
    RoutesOnLinkAgain,
    /// Routes with a gateway that may have gone with it too.
    RoutesViaAgain,
    /// Link down (`ifdawn down`).
    Down,
}

/// What a step acts on; the number points into the table named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Take down the link of [`Plan::renames`].
    DownRenamed(u32),
    /// One of [`Plan::renames`].
    Rename(u32),
    /// Bring up the link of [`Plan::renames`].
    UpRenamed(u32),
    /// Set the MAC of [`crate::model::desired::Desired::links`].
    SetMac(u32),
    /// Set its MTU.
    SetMtu(u32),
    /// Bring it up.
    Up(u32),
    /// Add one of [`crate::model::desired::Desired::addrs`].
    AddAddr(u32),
    /// Make it permanent.
    ChangeAddr(u32),
    /// Add one of [`crate::model::desired::Desired::routes`].
    AddRoute(u32),
    /// Put it in the place of another one.
    ReplaceRoute(u32),
    /// Delete one of [`Plan::stale_routes`].
    DelRoute(u32),
    /// Delete one of [`Plan::stale_addrs`].
    DelAddr(u32),
    /// Take down one of [`Plan::downs`].
    Down(u32),
}

/// One step: its phase is its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// When.
    pub phase: Phase,
    /// What.
    pub act: Act,
}

/// What happens to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The link gets the name.
    Rename,
    /// The link loses the alternative name `to`.
    DropAltName,
}

/// One step of a permutation of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The link.
    pub ifindex: u32,
    /// Its name before this step.
    pub from: IfName,
    /// The name given or freed.
    pub to: IfName,
    /// Which of the two.
    pub naming: Naming,
    /// Whether the link is up.
    pub is_up: bool,
    /// What asked for it.
    pub origin: crate::diag::Origin,
}

/// A table has no room left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A link number with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedLink {
    /// Its number.
    pub ifindex: u32,
    /// Its name.
    pub name: IfName,
}

/// An address we made and that is no longer wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleAddr {
    /// Its link.
    pub link: NamedLink,
    /// Address and prefix length.
    pub addr: Cidr,
    /// The other end.
    pub peer: Option<IpAddr>,
    /// Whether the kernel has it.
    pub seen: bool,
}

/// A route we made and that is no longer wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleRoute {
    /// Its link.
    pub link: NamedLink,
    /// The route.
    pub route: Route,
    /// Whether the kernel has it.
    pub seen: bool,
}

impl StaleRoute {
    /// The link it uses; 0 for kinds that use none.
    pub fn oif(&self) -> u32 {
        match self.route.kind {
            RouteKind::Unicast => self.link.ifindex,
            RouteKind::Blackhole
            | RouteKind::Unreachable
            | RouteKind::Prohibit
            | RouteKind::Throw => 0,
        }
    }
}

/// Steps in order, and what they act on where it is not in the desired state.
pub struct Plan<'m> {
    /// The steps; sorted once [`Plan::sort`] ran.
    pub steps: &'m mut VecView<Step>,
    /// The permutation of names, in order.
    pub renames: &'m mut VecView<Rename>,
    /// Addresses to delete.
    pub stale_addrs: &'m mut VecView<StaleAddr>,
    /// Routes to delete.
    pub stale_routes: &'m mut VecView<StaleRoute>,
    /// Links to take down.
    pub downs: &'m mut VecView<NamedLink>,
}

impl Plan<'_> {
    /// Forgets everything.
    #[inline(never)]
    pub fn clear(&mut self) {
        self.steps.clear();
        self.renames.clear();
        self.stale_addrs.clear();
        self.stale_routes.clear();
        self.downs.clear();
    }

    /// Adds a step. The table has room for every step the other tables can ask for.
    #[inline(never)]
    pub fn push(&mut self, phase: Phase, act: Act) {
        let pushed = self.steps.push(Step { phase, act });
        debug_assert!(pushed.is_ok());
    }

    /// Brings the steps into their order.
    pub fn sort(&mut self) {
        if !self.steps.is_sorted() {
            self.steps.sort_unstable();
        }
    }
}
