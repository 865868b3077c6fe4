//! The links as the kernel reports them.
//!
//! Addresses and routes are not kept: they are compared with the desired ones as they pass
//! (see [`crate::plan::diff`]), so no number of foreign routes can crowd out ours.

use super::desired::Full;
use super::knob::Knobs;
use super::link::{IfName, Mac};
use crate::diag::Origin;
use crate::machine::clear;
use crate::text::parts;
use heapless::VecView;

/// `IFF_UP`: administratively up.
pub const IFF_UP: u32 = 0x1;
/// `IFF_LOOPBACK`.
pub const IFF_LOOPBACK: u32 = 0x8;
/// `IFF_NOARP`: it speaks no ARP.
pub const IFF_NOARP: u32 = 0x80;
/// `IFF_PROMISC`: it takes all packets; in a dump as it was asked for, not where only a bridge needs it.
pub const IFF_PROMISC: u32 = 0x100;
/// `IFF_ALLMULTI`: it takes all multicast packets; the same.
pub const IFF_ALLMULTI: u32 = 0x200;
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

/// How we know of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    /// The kernel showed it.
    Seen,
    /// The plan makes it, under a number that we chose.
    Planned,
    /// The kernel refused to make it.
    Refused,
}

/// One link of the kernel, or one that the plan makes. In memory what is used most comes first: small offsets make short
/// instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Link {
    /// Its name, or the one it will have once the plan is carried out.
    pub name: IfName,
    /// Its number.
    pub ifindex: u32,
    /// `IFF_*`.
    pub flags: u32,
    /// MTU in octets.
    pub mtu: u32,
    /// The bond, bridge or VRF it belongs to; 0 for none.
    pub master: u32,
    /// The link it lies on; 0 for none.
    pub lower: u32,
    /// How often it lost carrier (`IFLA_CARRIER_DOWN_COUNT`, Linux 4.16).
    pub carrier_losses: u32,
    /// What tells whether anything of it changed: the same for what is the same.
    pub digest: u32,
    /// How many packets wait to be sent at most (`IFLA_TXQLEN`).
    pub txqlen: u32,
    /// Where its kind and options are among [`Observed::infos`], plus one; 0: they are not kept.
    pub info: u32,
    /// `ARPHRD_*`.
    pub arphrd: u16,
    /// How we know of it.
    pub birth: Birth,
    /// What it is made of.
    pub kind: KernelKind,
    /// Whether udev is done with it, or no udev runs.
    pub settled: bool,
    /// Whether somebody took it down: it is left alone.
    pub is_held: bool,
    /// Whether it has carrier that was lost again and again, and is not relied upon yet.
    pub rests: bool,
    /// Current MAC.
    pub mac: Mac,
    /// Permanent MAC (`IFLA_PERM_ADDRESS`, Linux 5.6); unset where the driver has none.
    pub perm_mac: Mac,
    /// The name it shall get, until the plan gives it.
    pub rename_to: Option<IfName>,
    /// Where what is meant for everybody on the link is sent.
    pub broadcast: Mac,
    /// What asked for the new name.
    pub renamed_by: Origin,
    /// What the IPv6 addresses that it forms end with; 0: nothing was said of that.
    pub token: u64,
    /// Its settings of IPv6.
    pub knobs: Knobs,
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
            digest: 0,
            broadcast: Mac::NONE,
            perm_mac: Mac::NONE,
            master: 0,
            lower: 0,
            txqlen: 0,
            info: 0,
            knobs: Knobs::UNKNOWN,
            token: 0,
            birth: Birth::Seen,
            kind: KernelKind::Device,
            settled: true,
            is_held: false,
            rests: false,
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

    /// The wire is connected, and has been for a while where that did not last.
    pub fn carries(&self) -> bool {
        self.has_carrier() && !self.rests
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
    /// Kinds and options of links that the configuration names, as the kernel shows them; before each its length in
    /// two octets.
    pub infos: &'m mut VecView<u8>,
    /// The greatest number that is left alone: that of a link, and as many as are kept free behind it.
    pub last_index: u32,
}

impl Observed<'_> {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.links.clear();
        clear(self.altnames);
        clear(self.infos);
        self.last_index = 0;
    }

    /// Keeps the payload of a link's `IFLA_LINKINFO`.
    ///
    /// # Errors
    /// [`Full`] if there is no room for it: nothing of it is kept.
    pub fn keep_info(&mut self, link: &mut Link, payload: &[u8]) -> Result<(), Full> {
        let start = self.infos.len();
        let len = u16::try_from(payload.len()).map_err(|_| Full)?;
        let kept = self.infos.extend_from_slice(&len.to_ne_bytes());
        if kept.is_err() || self.infos.extend_from_slice(payload).is_err() {
            self.infos.truncate(start);
            return Err(Full);
        }
        link.info = (start as u32).wrapping_add(1);
        Ok(())
    }

    /// The payload of a link's `IFLA_LINKINFO`; empty where none is kept.
    #[inline(never)]
    pub fn info(&self, link: &Link) -> &[u8] {
        let start = (link.info as usize).wrapping_sub(1);
        let Some((len, rest)) = parts::slice(self.infos, start, usize::MAX).split_first_chunk()
        else {
            return b"";
        };
        parts::slice(rest, 0, u16::from_ne_bytes(*len).into())
    }

    /// The ports of a link.
    pub fn ports(&self, ifindex: u32) -> impl Iterator<Item = &Link> {
        (self.links.iter()).filter(move |link| link.master == ifindex)
    }

    /// A number that no link has, for one that the plan makes.
    pub fn next_index(&mut self) -> u32 {
        self.last_index = self.last_index.wrapping_add(1);
        self.last_index
    }

    /// The link with this number.
    pub fn by_index(&self, ifindex: u32) -> Option<&Link> {
        numbered(self.links, ifindex)
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

/// The link with this number.
#[inline(never)]
pub fn numbered(links: &VecView<Link>, ifindex: u32) -> Option<&Link> {
    links.iter().find(|link| link.ifindex == ifindex)
}
