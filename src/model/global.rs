//! What the sources say once for the machine.

use super::config::{LinkId, LinkMatch, SourceKind, Str};
use super::link::IfName;
use super::said::{Values, flags, rows};
use crate::diag::{FileId, Origin};
use core::net::{IpAddr, Ipv4Addr};

/// One of [`Timeouts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// DHCP in all (`rd.net.timeout.dhcp`, before [`Wait::DhcpRetry`]).
    Dhcp,
    /// Factor of `Dhcp` (`rd.net.dhcp.retry`).
    DhcpRetry,
    /// Carrier after link up (`rd.net.timeout.carrier`, `rd.net.timeout.ifup`).
    Carrier,
    /// A named device to appear (`rd.net.timeout.iflink`).
    Device,
    /// Router discovery (`rd.net.timeout.ipv6auto`).
    Ipv6Auto,
    /// Duplicate address detection (`rd.net.timeout.ipv6dad`).
    Dad,
    /// The gateway to answer (`rd.net.timeout.route`).
    Route,
    /// DHCPv4 that is not required, once IPv6 is up (`rd.net.timeout.ip-required`).
    IpRequired,
}

/// Waits, in seconds, by [`Wait`]; `u32::MAX` is "for ever".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts(pub [u32; 8]);

impl Timeouts {
    /// The defaults of dracut.cmdline(7) and of NetworkManager in an initramfs.
    pub const DEFAULT: Timeouts = Timeouts([90, 1, 10, 60, 40, 50, 60, 20]);

    /// One of them.
    pub fn of(&self, wait: Wait) -> u32 {
        self.0.get(wait as usize).copied().unwrap_or_default()
    }

    /// Changes one of them.
    pub fn set(&mut self, wait: Wait, seconds: u32) {
        if let Some(of) = self.0.get_mut(wait as usize) {
            *of = seconds;
        }
    }

    /// DHCP, with its factor.
    pub fn dhcp_in_all(&self) -> u32 {
        self.of(Wait::Dhcp).saturating_mul(self.of(Wait::DhcpRetry))
    }
}

/// Who looks whether somebody else has an IPv6 address (`ifdawn.dad`). The numbers are those of the words of
/// [`Kind::Dad`](super::attr::Kind::Dad).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dad {
    /// We do, while it is used already.
    Background,
    /// The kernel does, before it is used.
    Kernel,
    /// The same, and it may be used for some things before (RFC 4429).
    Optimistic,
    /// Nobody does.
    Off,
}

impl Dad {
    /// By its number.
    pub fn numbered(number: u32) -> Dad {
        match number {
            1 => Dad::Kernel,
            2 => Dad::Optimistic,
            3 => Dad::Off,
            _ => Dad::Background,
        }
    }

    /// Whether the kernel does not look.
    pub fn is_not_kernels(self) -> bool {
        matches!(self, Dad::Background | Dad::Off)
    }
}

/// What becomes of the default routes of a link without carrier, while another link with carrier has one too
/// (`ifdawn.carrier-loss`). The numbers are those of the words of [`Kind::CarrierLoss`](super::attr::Kind::CarrierLoss).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierLoss {
    /// They go until carrier is back.
    Withdraw,
    /// They come last until then.
    Metric,
    /// Nothing.
    Keep,
}

/// Words about the link the machine boots from, kept until every word is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootWords {
    /// What they mean, by [`BootWord`].
    pub links: [Option<(LinkMatch, Origin)>; 3],
    /// Whether root comes over the network (`netroot=`, `root=dhcp`).
    pub netroot: bool,
    /// Whether `ip=` without a link is about that of [`BootWord::Bootif`] (`ip=::::HOST:BOOTIF`).
    pub is_bootif: bool,
    /// Fields of `ip=` in words of their own (anaconda's).
    pub pieces: Pieces,
    /// The last of them.
    pub pieces_origin: Origin,
}

impl BootWords {
    /// The link that a word means, and where the word stands.
    pub fn link(&self, word: BootWord) -> Option<&(LinkMatch, Origin)> {
        self.links.get(word as usize)?.as_ref()
    }
}

/// A word about the link the machine boots from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootWord {
    /// The link that `ip=` without a link means (`DEVICE=`, `ksdevice=`).
    Device,
    /// `bootdev=`.
    Bootdev,
    /// `BOOTIF=`, as [`LinkMatch::Bootif`].
    Bootif,
}

/// What `ip=` would say, in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Its fields, by their place; and what goes beyond it, see [`crate::source::firmware`].
    pub fields: [Option<Str>; 12],
    /// How the address was found: a number of iBFT.
    pub found: u32,
    /// Whether it is of IPv6.
    pub is_v6: bool,
}

impl Pieces {
    /// Nothing said. Not a constant: it is written in one place.
    #[inline(never)]
    pub const fn none() -> Pieces {
        Pieces::ZEROS
    }

    const ZEROS: Pieces = Pieces {
        fields: [None; 12],
        found: 0,
        is_v6: false,
    };
}

/// What is said once for the machine. In the order of [`LinkConfig`](super::config::LinkConfig).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Global {
    /// Whether the network is required even if no link is named, once every word is read.
    pub neednet: bool,
    /// Whether a lease must say where root is (`netroot=dhcp`, `root=dhcp`).
    pub dhcp_root: bool,
    /// Whether gateways must answer before a link is done (`netroot=`, `rd.net.timeout.route=`).
    pub probe_gateway: bool,
    /// Which input named the machine: one from the command line is set even over a name that is set already.
    pub hostname_source: SourceKind,
    /// The link whose lease provides root (`bootdev=`, `BOOTIF=`, else the first of several `ip=`).
    pub bootdev: Option<LinkId>,
    /// Host name.
    pub hostname: Option<Str>,
    /// What was said in so many words: [`GlobalFlag`], [`GlobalText`].
    pub said: Values,
    /// The only link that may carry the default route (`GATEWAYDEV`).
    pub gateway_dev: Option<IfName>,
    /// The boot server (second field of `ip=`), for who mounts root over NFS.
    pub boot_server: Option<IpAddr>,
    /// Waits.
    pub timeouts: Timeouts,
    /// See [`BootWords`].
    pub boot_words: BootWords,
    /// The first line of the last kernel command line and its file: what is known once every word is read is shown in
    /// it.
    pub cmdline: Option<(FileId, Str)>,
}

impl Global {
    /// Nothing said. Not a constant, most of whose octets would be zeros in the file.
    #[inline(never)]
    pub fn none() -> Global {
        let mut global = Global::ZEROS;
        global.timeouts = Timeouts::DEFAULT;
        global.boot_server = None;
        global.boot_words.links = [None; 3];
        global.boot_words.pieces_origin = Origin::NONE;
        global
    }

    /// Zeros only, as those of [`LinkConfig`](super::config::LinkConfig).
    const ZEROS: Global = Global {
        hostname: None,
        hostname_source: SourceKind::Firmware,
        said: Values::NOTHING,
        timeouts: Timeouts([0; 8]),
        bootdev: None,
        gateway_dev: None,
        neednet: false,
        dhcp_root: false,
        probe_gateway: false,
        boot_server: Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        boot_words: BootWords {
            links: [Some((LinkMatch::Any, ZERO_ORIGIN)); 3],
            netroot: false,
            is_bootif: false,
            pieces: Pieces::ZEROS,
            pieces_origin: ZERO_ORIGIN,
        },
        cmdline: None,
    };
}

/// Zeros only.
pub(super) const ZERO_ORIGIN: Origin = Origin {
    file: FileId(0),
    column: 0,
    line: 0,
};

flags! {
    /// Yes or no, of the machine.
    pub GlobalFlag of Global;
    /// Tables of the firmware are read that say how to reach iSCSI targets, or what was booted from (no).
    Ibft,
    /// The network is required even if no link is named (no).
    Neednet,
    /// Name servers of DHCP and RA are used (yes).
    PeerDns,
    /// `BOOTIF=` counts (yes).
    Bootif,
    /// What servers say is read in a jail only (yes).
    Jail,
    /// That of NVMe is not read (no).
    NoNbft,
}

rows! {
    /// Texts of the machine.
    pub GlobalText in texts: Global;
    /// Vendor class of every link of the command line.
    VendorClass,
    /// What `options` of resolv.conf holds.
    ResolvOptions,
}

rows! {
    /// Numbers of the machine.
    pub GlobalNumber in numbers: Global;
    /// Type of service of DHCPv4 packets, an octet (CS6).
    DhcpTos,
    /// [`Dad`] (background).
    Dad,
    /// [`CarrierLoss`] (withdraw).
    CarrierLoss,
}
