//! The links as the kernel reports them.
//!
//! Addresses and routes are not kept: they are compared with the desired ones as they pass
//! (see [`crate::plan::diff`]), so no number of foreign routes can crowd out ours.

use super::link::{IfName, Mac};
use crate::diag::Origin;
use heapless::VecView;

/// `IFF_UP`: administratively up.
pub const IFF_UP: u32 = 0x1;
/// `IFF_LOOPBACK`.
pub const IFF_LOOPBACK: u32 = 0x8;
/// `IFF_LOWER_UP`: carrier. (`IFF_RUNNING` lags behind it by up to a second.)
pub const IFF_LOWER_UP: u32 = 0x1_0000;

/// `ARPHRD_ETHER`.
pub const ARPHRD_ETHER: u16 = 1;
/// `ARPHRD_INFINIBAND`.
pub const ARPHRD_INFINIBAND: u16 = 32;

/// What the kernel says a link is made of (`IFLA_INFO_KIND`, and whether it lies on another link).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelKind {
    /// No kind: a device with a driver, or loopback.
    Device,
    /// `veth`: counts as a device where nothing else does (a container).
    Veth,
    /// Anything else: VLAN, bond, bridge, macvlan, tunnel, dummy and so on.
    Virtual,
}

/// One link of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub ifindex: u32,
    /// Its name, or the one it will have once the plan is carried out.
    pub name: IfName,
    /// `IFF_*`.
    pub flags: u32,
    /// `ARPHRD_*`.
    pub arphrd: u16,
    /// MTU in octets.
    pub mtu: u32,
    /// Current MAC.
    pub mac: Mac,
    /// How often it lost carrier (`IFLA_CARRIER_DOWN_COUNT`, Linux 4.16).
    pub carrier_losses: u32,
    /// Where what is meant for everybody on the link is sent.
    pub broadcast: Mac,
    /// Permanent MAC (`IFLA_PERM_ADDRESS`, Linux 5.6); unset where the driver has none.
    pub perm_mac: Mac,
    /// The bond, bridge or VRF it belongs to; 0 for none.
    pub master: u32,
    /// What it is made of.
    pub kind: KernelKind,
    /// Whether udev is done with it, or no udev runs.
    pub settled: bool,
    /// The name it shall get, until the plan gives it.
    pub rename_to: Option<IfName>,
    /// What asked for that.
    pub renamed_by: Origin,
}

impl Link {
    /// A device that is down and of which nothing else is known.
    #[inline(never)]
    pub fn new(ifindex: u32, name: IfName) -> Link {
        Link {
            ifindex,
            name,
            flags: 0,
            arphrd: ARPHRD_ETHER,
            mtu: 1_500,
            mac: Mac::NONE,
            carrier_losses: 0,
            broadcast: Mac::NONE,
            perm_mac: Mac::NONE,
            master: 0,
            kind: KernelKind::Device,
            settled: true,
            rename_to: None,
            renamed_by: Origin::NONE,
        }
    }

    /// Administratively up.
    pub fn is_up(&self) -> bool {
        self.flags & IFF_UP != 0
    }

    /// Whether this is its MAC, current or permanent.
    #[inline(always)]
    pub fn has_mac(&self, mac: &Mac) -> bool {
        *mac == self.mac || *mac == self.perm_mac
    }

    /// The wire is connected.
    pub fn has_carrier(&self) -> bool {
        self.flags & IFF_LOWER_UP != 0
    }

    /// The loopback link.
    pub fn is_loopback(&self) -> bool {
        self.flags & IFF_LOOPBACK != 0
    }
}

/// An alternative name short enough to stand in the way of a rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AltName {
    /// The link that has it; 0 once the plan takes it away.
    pub ifindex: u32,
    /// The name.
    pub name: IfName,
}

/// The kernel's links.
pub struct Observed<'m> {
    /// Links, in order of their dump (by number on most kernels).
    pub links: &'m mut VecView<Link>,
    /// Alternative names.
    pub altnames: &'m mut VecView<AltName>,
}

impl Observed<'_> {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.links.clear();
        self.altnames.clear();
    }

    /// The link with this number.
    #[inline(never)]
    pub fn by_index(&self, ifindex: u32) -> Option<&Link> {
        self.links.iter().find(|link| link.ifindex == ifindex)
    }

    /// The same, to be changed.
    #[inline(never)]
    pub fn by_index_mut(&mut self, ifindex: u32) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.ifindex == ifindex)
    }

    /// The link with this name.
    #[inline(never)]
    pub fn by_name(&self, name: &IfName) -> Option<&Link> {
        self.links.iter().find(|link| link.name == *name)
    }
}
