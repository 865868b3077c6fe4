//! One link as a source describes it.

use super::addr::Family;
use super::config::{LinkMatch, SourceKind};
use super::global::ZERO_ORIGIN;
use super::link::{IfName, LinkKind, Mac};
use super::route::More;
use super::said::{Values, flags, rows};
use crate::diag::Origin;
use crate::packed::{Packed, packed};
use core::net::{IpAddr, Ipv4Addr};

/// How addresses of one family come to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Left to the kernel's defaults.
    Ignore,
    /// No addresses of this family.
    Disabled,
    /// The addresses given.
    Static,
    /// DHCPv4, or DHCPv6 solicited at once.
    Dhcp,
    /// IPv4: DHCPv4, not required by itself. IPv6: router discovery, and DHCPv6 as it says.
    Auto,
    /// Link-local addresses only.
    LinkLocal,
}

impl Method {
    /// The word used in JSON.
    pub fn word(self) -> Packed {
        packed!("ignore\ndisabled\nstatic\ndhcp\nauto\nlink-local").line(self as usize)
    }
}

/// What one family of a link is asked to be. In [`LinkConfig`]'s order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IpConfig {
    /// How addresses come. Static addresses given beside another method are added as well.
    pub method: Method,
    /// Whether the link counts as up only with this family.
    pub required: bool,
    /// The default gateway.
    pub gateway: Option<IpAddr>,
    /// Where the gateway was given, else where the method was.
    pub origin: Origin,
    /// What was said in so many words: [`IpFlag`], [`IpNumber`], [`IpText`].
    pub said: Values,
}

impl IpConfig {
    /// The defaults, with `method`.
    pub const fn new(method: Method, origin: Origin) -> IpConfig {
        IpConfig {
            method,
            gateway: None,
            origin,
            ..IpConfig::ZEROS
        }
    }

    /// Zeros only.
    const ZEROS: IpConfig = IpConfig {
        method: Method::Ignore,
        required: false,
        gateway: Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        origin: ZERO_ORIGIN,
        said: Values::NOTHING,
    };

    /// Whether addresses come from others on the link.
    pub fn asks(&self) -> bool {
        match self.method {
            Method::Dhcp | Method::Auto => true,
            Method::Ignore | Method::Disabled | Method::Static | Method::LinkLocal => false,
        }
    }
}

flags! {
    /// Yes or no, of one family.
    pub IpFlag of IpConfig;
    /// Whether the link may carry the default route (yes).
    DefaultRoute,
    /// Whether name servers of DHCP or RA are used (yes).
    PeerDns,
    /// Whether routes of DHCP or RA are used (yes).
    PeerRoutes,
    /// Of IPv6: whether DHCPv6 servers get a host name (yes).
    SendHostname,
}

rows! {
    /// Numbers of one family.
    pub IpNumber in numbers: IpConfig;
    /// Metric of the default route and of routes without their own.
    Metric,
    /// Table of the default route and of routes without their own.
    Table,
    /// Seconds until DHCP has failed ([`super::config::Wait::Dhcp`]).
    DhcpTimeout,
    /// Of IPv6: the IAID of DHCPv6.
    Iaid,
}

rows! {
    /// Texts of one family.
    pub IpText in texts: IpConfig;
    /// Host name to send.
    Hostname,
    /// Of IPv6: the DUID of DHCPv6.
    Duid,
    /// Of IPv6: the prefix to ask DHCPv6 for, as [`super::lease6::leased`] has it, without lifetimes.
    Prefix,
}

/// What is done with the answers of DHCPv4 servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dhcp4Config {
    /// Whether answers of BOOTP servers are taken too (`BOOTPROTO=bootp`, `ip=bootp`).
    pub bootp: bool,
    /// Milliseconds that are taken to find out whether somebody else has the address (RFC 5227); 0: it is
    /// not asked.
    pub probe_ms: u32,
}

impl Dhcp4Config {
    /// Nothing said.
    pub const NONE: Dhcp4Config = Dhcp4Config {
        bootp: false,
        probe_ms: 0,
    };
}

/// Which leases are kept where one description fits several links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// One on every link that gets one.
    All,
    /// The first one; the others are released (`ip=single-dhcp`).
    First,
}

/// What a link is there for; of two words about it the first one of these counts, but for ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Something says which addresses it has.
    Addressed,
    /// Another link lies on it: by itself it has no addresses.
    Lower,
    /// It was named, and nothing says which addresses it has.
    Named,
    /// It is a port of its [`LinkConfig::master`], and has no addresses.
    Port,
}

/// One link as a source describes it. What is read most often stands first, where it is reached by the
/// shorter instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LinkConfig {
    /// The input it comes from.
    pub source: SourceKind,
    /// What kind of link it is.
    pub kind: LinkKind,
    /// What it is there for.
    pub role: Role,
    /// Which leases are kept.
    pub leases: Leases,
    /// Whether it is to be renamed to `name` (a MAC rule).
    pub rename: bool,
    /// Whether `up` without arguments brings it up.
    pub onboot: bool,
    /// Whether `up` fails without it.
    pub required: bool,
    /// The word, or the file (line 0).
    pub origin: Origin,
    /// The name the link has or shall have; `None` where only a MAC or "any" is known.
    pub name: Option<IfName>,
    /// Which link.
    pub matches: LinkMatch,
    /// The bond, team, bridge or VRF it is a port of.
    pub master: Option<IfName>,
    /// The link it lies on: parent of a VLAN, macvlan, VXLAN, tunnel or partition.
    pub lower: Option<LinkMatch>,
    /// IPv4.
    pub ipv4: IpConfig,
    /// IPv6.
    pub ipv6: IpConfig,
    /// DHCPv4.
    pub dhcp4: Dhcp4Config,
    /// MAC to give it.
    pub mac: Mac,
    /// Source address of its IPv4 default route (`SRCADDR`).
    pub src: Ipv4Addr,
    /// What is asked of its IPv4 default route beyond that: its TCP window.
    pub more: Option<More>,
    /// What was said in so many words: [`LinkFlag`], [`LinkNumber`], [`LinkText`].
    pub said: Values,
}

impl LinkConfig {
    /// A link with this name or MAC, with nothing asked of it but to be up.
    pub const fn matching(matches: LinkMatch, source: SourceKind, origin: Origin) -> LinkConfig {
        let mut link = LinkConfig::new(source, origin);
        if let LinkMatch::Name(name) = matches {
            link.name = Some(name);
        }
        link.matches = matches;
        link
    }

    /// Any link, with nothing asked of it but to be up.
    #[inline(never)]
    pub const fn new(source: SourceKind, origin: Origin) -> LinkConfig {
        let mut link = LinkConfig::ZEROS;
        link.source = source;
        link.origin = origin;
        link.onboot = true;
        link.required = true;
        link.lower = None;
        link.ipv4.method = Method::Disabled;
        link.ipv4.gateway = None;
        link.ipv4.origin = origin;
        link.ipv6.gateway = None;
        link.ipv6.origin = origin;
        link
    }

    /// Zeros only, which are written in one go, and take no room in the program.
    const ZEROS: LinkConfig = LinkConfig {
        matches: LinkMatch::Any,
        name: None,
        rename: false,
        kind: LinkKind::Ethernet,
        source: SourceKind::Firmware,
        origin: ZERO_ORIGIN,
        onboot: false,
        required: false,
        mac: Mac::NONE,
        role: Role::Addressed,
        lower: Some(LinkMatch::Any),
        master: None,
        src: Ipv4Addr::UNSPECIFIED,
        more: None,
        said: Values::NOTHING,
        leases: Leases::All,
        ipv4: IpConfig::ZEROS,
        ipv6: IpConfig::ZEROS,
        dhcp4: Dhcp4Config::NONE,
    };

    /// The kind of link it is made as where there is none of its name; `None` for a device, which is waited for, and
    /// for what a program makes. Without a word about its kind, a link that lies on another is a VLAN.
    #[inline(never)]
    pub fn made_kind(&self) -> Option<LinkKind> {
        let mut kind = self.kind;
        if let LinkKind::Ethernet | LinkKind::Infiniband = kind {
            self.lower?;
            if kind == LinkKind::Ethernet {
                kind = LinkKind::Vlan;
            }
        }
        (!matches!(kind, LinkKind::Tun | LinkKind::Tap)).then_some(kind)
    }

    /// What it is asked in one family.
    pub fn ip_mut(&mut self, family: Family) -> &mut IpConfig {
        match family {
            Family::V4 => &mut self.ipv4,
            Family::V6 => &mut self.ipv6,
        }
    }
}

flags! {
    /// Yes or no, of a link.
    pub LinkFlag of LinkConfig;
    /// Whether `up` without arguments brings it up (yes), unless nothing is to be brought up.
    Onboot,
    /// Whether our host name is sent by DHCPv4 (yes).
    SendHostname,
    /// Whether `down` gives the lease of DHCPv4 back (no).
    Release,
    /// Whether the files of routes and rules beside its file are left alone (no).
    NoRoutes,
    /// Whether it has no route for link-local addresses (yes).
    Nozeroconf,
}

rows! {
    /// Numbers of a link.
    pub LinkNumber in numbers: LinkConfig;
    /// MTU to give it, in octets.
    Mtu,
    /// Seconds to wait for the device ([`super::config::Wait::Device`]).
    DeviceTimeout,
    /// Seconds to wait for carrier ([`super::config::Wait::Carrier`]).
    LinkDelay,
    /// `RT_SCOPE_*` of its addresses.
    AddrScope,
}

rows! {
    /// What DHCP servers are told of a link.
    pub LinkText in texts: LinkConfig;
    /// Client identifier (option 61), its type included; 1 and the MAC without one.
    ClientId,
    /// Vendor class (option 60; of DHCPv6 16).
    VendorClass,
    /// User class (option 77, RFC 3004; of DHCPv6 15).
    UserClass,
}
