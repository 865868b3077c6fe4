//! The nouns of the fake kernel: links, addresses, routes, refusals.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub const IFF_UP: u32 = 0x1;
pub const IFF_LOOPBACK: u32 = 0x8;
pub const IFA_F_SECONDARY: u32 = 0x1;
pub const IFA_F_NODAD: u32 = 0x2;
pub const IFA_F_TENTATIVE: u32 = 0x40;
pub const IFA_F_PERMANENT: u32 = 0x80;
pub const IFA_F_NOPREFIXROUTE: u32 = 0x200;
pub const FOREVER: u32 = u32::MAX;
pub const MAIN: u32 = 254;
pub const LOCAL: u32 = 255;
pub const LINK_SCOPE: u8 = 253;
pub const HOST_SCOPE: u8 = 254;
pub const NOWHERE: u8 = 255;
pub const UNICAST: u8 = 1;
pub const KERNEL: u8 = 2;

/// Why a request failed: the number and the extended acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub i32, pub &'static str);

pub const EPERM: i32 = 1;
pub const ENOENT: i32 = 2;
pub const ESRCH: i32 = 3;
pub const ENOMEM: i32 = 12;
pub const EBUSY: i32 = 16;
pub const EEXIST: i32 = 17;
pub const ENODEV: i32 = 19;
pub const EINVAL: i32 = 22;
pub const ERANGE: i32 = 34;
pub const ENOTEMPTY: i32 = 39;
pub const EOPNOTSUPP: i32 = 95;
pub const EADDRNOTAVAIL: i32 = 99;
pub const ENETDOWN: i32 = 100;
pub const ENETUNREACH: i32 = 101;
pub const EHOSTUNREACH: i32 = 113;

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// 0 lets [`super::kernel::Kernel::add_link`] choose.
    pub ifindex: u32,
    pub name: String,
    pub flags: u32,
    pub carrier: bool,
    /// How often carrier was lost.
    pub losses: u32,
    pub arphrd: u16,
    pub mtu: u32,
    pub max_mtu: u32,
    pub mac: Vec<u8>,
    pub perm_mac: Option<Vec<u8>>,
    pub master: u32,
    pub kind: Option<&'static str>,
    /// The link it lies on; 0 for none.
    pub lower: u32,
    /// Options of its kind, by their type.
    pub data: BTreeMap<u16, Vec<u8>>,
    /// Those it has as a port.
    pub port_data: BTreeMap<u16, Vec<u8>>,
    pub txqlen: u32,
    pub altnames: Vec<String>,
    /// `IFLA_INET6_CONF`: settings of IPv6 by their `DEVCONF_*`; empty for a link without IPv6.
    pub conf: Vec<u32>,
}

/// `DEVCONF_*`.
pub const MTU6: usize = 2;
pub const ACCEPT_RA: usize = 3;
pub const AUTOCONF: usize = 5;
pub const DAD_TRANSMITS: usize = 6;
pub const USE_TEMPADDR: usize = 10;
pub const ACCEPT_RA_DEFRTR: usize = 17;
pub const ACCEPT_RA_RT_INFO_MAX_PLEN: usize = 21;
pub const OPTIMISTIC_DAD: usize = 23;
pub const DISABLE_IPV6: usize = 26;
pub const ACCEPT_DAD: usize = 27;
pub const ADDR_GEN_MODE: usize = 47;
pub const RA_DEFRTR_METRIC: usize = 52;

/// Settings that nobody changed.
fn usual_conf() -> Vec<u32> {
    let mut conf = vec![0; 60];
    for (place, value) in [
        (MTU6, 1_500),
        (ACCEPT_RA, 1),
        (AUTOCONF, 1),
        (DAD_TRANSMITS, 1),
        (ACCEPT_RA_DEFRTR, 1),
        (ACCEPT_DAD, 1),
        (RA_DEFRTR_METRIC, 1_024),
    ] {
        conf[place] = value;
    }
    conf
}

impl Link {
    /// An Ethernet device that is down and has a carrier.
    pub fn new(name: &str, mac: [u8; 6]) -> Link {
        Link {
            ifindex: 0,
            name: name.to_owned(),
            flags: 0x1002,
            carrier: true,
            losses: 0,
            arphrd: 1,
            mtu: 1_500,
            max_mtu: 9_000,
            mac: mac.to_vec(),
            perm_mac: Some(mac.to_vec()),
            master: 0,
            kind: None,
            lower: 0,
            data: BTreeMap::new(),
            port_data: BTreeMap::new(),
            txqlen: 1_000,
            altnames: Vec::new(),
            conf: usual_conf(),
        }
    }

    pub fn loopback() -> Link {
        Link {
            flags: IFF_LOOPBACK,
            arphrd: 772,
            mtu: 65_536,
            max_mtu: 65_536,
            perm_mac: None,
            ..Link::new("lo", [0; 6])
        }
    }

    pub fn is_up(&self) -> bool {
        self.flags & IFF_UP != 0
    }

    /// `IFF_*` as a dump shows them: `IFF_RUNNING` and `IFF_LOWER_UP` follow the carrier.
    pub fn shown_flags(&self) -> u32 {
        let running = if self.is_up() && self.carrier {
            0x1_0040
        } else {
            0
        };
        self.flags | running
    }
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addr {
    pub ifindex: u32,
    pub local: IpAddr,
    pub len: u8,
    /// The other end; the address itself where there is none.
    pub peer: IpAddr,
    pub broadcast: Option<Ipv4Addr>,
    pub flags: u32,
    pub scope: u8,
    pub label: Option<String>,
    pub preferred: u32,
    pub valid: u32,
}

impl Addr {
    pub fn new(ifindex: u32, local: IpAddr, len: u8) -> Addr {
        Addr {
            ifindex,
            local,
            len,
            peer: local,
            broadcast: None,
            flags: IFA_F_PERMANENT,
            scope: 0,
            label: None,
            preferred: FOREVER,
            valid: FOREVER,
        }
    }

    /// Whether both have the same prefix on the same link.
    pub fn same_prefix(&self, other: &Addr) -> bool {
        self.ifindex == other.ifindex
            && self.len == other.len
            && network(self.peer, self.len) == network(other.peer, other.len)
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub dst: IpAddr,
    pub len: u8,
    pub tos: u8,
    pub table: u32,
    pub protocol: u8,
    pub scope: u8,
    /// `RTN_*`.
    pub kind: u8,
    /// 0 for none.
    pub oif: u32,
    pub via: Option<IpAddr>,
    pub src: Option<IpAddr>,
    pub metric: u32,
    pub onlink: bool,
    /// More than one: instead of `oif` and `via`.
    pub hops: Vec<(u32, IpAddr)>,
    /// `rtnh_hops` of each of them; none: 0.
    pub weights: Vec<u8>,
    /// Source prefix (IPv6).
    pub from: Option<(IpAddr, u8)>,
    /// `RTA_METRICS`, `RTA_FLOW`, `RTA_PREF`.
    pub more: Vec<(u16, Vec<u8>)>,
}

impl Route {
    /// A unicast route in the main table without anything else.
    pub fn new(dst: IpAddr, len: u8) -> Route {
        Route {
            dst,
            len,
            tos: 0,
            table: MAIN,
            protocol: 3,
            scope: 0,
            kind: UNICAST,
            oif: 0,
            via: None,
            src: None,
            metric: 0,
            onlink: false,
            hops: Vec::new(),
            weights: Vec::new(),
            from: None,
            more: Vec::new(),
        }
    }

    /// Whether the kernel takes both for one entry.
    pub fn same_place(&self, other: &Route) -> bool {
        let key = |r: &Route| (r.dst, r.len, r.from, r.table, r.tos, r.metric);
        key(self) == key(other)
    }

    /// Whether it leads out of this link.
    pub fn uses(&self, ifindex: u32) -> bool {
        self.oif == ifindex || self.hops.iter().any(|(oif, _)| *oif == ifindex)
    }
}

/// `DST via GATEWAY dev N table T proto P scope S metric M src SRC onlink`, what is not there left out.
impl Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != UNICAST {
            write!(f, "type {} ", self.kind)?;
        }
        write!(f, "{}/{}", self.dst, self.len)?;
        if let Some(via) = self.via {
            write!(f, " via {via}")?;
        }
        for (oif, via) in &self.hops {
            write!(f, " nexthop via {via} dev {oif}")?;
        }
        for (word, number) in [("dev", self.oif), ("tos", u32::from(self.tos))] {
            if number != 0 {
                write!(f, " {word} {number}")?;
            }
        }
        if self.table != MAIN {
            write!(f, " table {}", self.table)?;
        }
        write!(f, " proto {} scope {}", self.protocol, self.scope)?;
        if self.metric != 0 {
            write!(f, " metric {}", self.metric)?;
        }
        if let Some(src) = self.src {
            write!(f, " src {src}")?;
        }
        if let Some((from, len)) = self.from {
            write!(f, " from {from}/{len}")?;
        }
        for (kind, octets) in &self.more {
            write!(f, " {kind}={octets:?}")?;
        }
        f.write_str(if self.onlink { " onlink" } else { "" })
    }
}

/// A policy routing rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub v4: bool,
    pub dst: Option<(IpAddr, u8)>,
    pub from: Option<(IpAddr, u8)>,
    pub tos: u8,
    pub table: u32,
    /// `FR_ACT_*`.
    pub action: u8,
    /// `FIB_RULE_*`.
    pub flags: u32,
    /// 0 in a request: the kernel chooses, or any.
    pub priority: u32,
    pub protocol: u8,
    /// All other attributes, in order of their types.
    pub more: Vec<(u16, Vec<u8>)>,
}

impl Rule {
    /// A rule for everything, as the kernel makes its own.
    pub fn new(v4: bool, priority: u32, table: u32) -> Rule {
        Rule {
            v4,
            dst: None,
            from: None,
            tos: 0,
            table,
            action: 1,
            flags: 0,
            priority,
            protocol: KERNEL,
            more: vec![(14, vec![0xff; 4])],
        }
    }
}

/// `PRIORITY: not from P to P tos T table T action A proto P KIND=OCTETS`, what is not there left out.
impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.v4 { "" } else { " -6" };
        write!(f, "{}:{family}", self.priority)?;
        f.write_str(if self.flags & 2 != 0 { " not" } else { "" })?;
        for (word, prefix) in [("from", self.from), ("to", self.dst)] {
            if let Some((addr, len)) = prefix {
                write!(f, " {word} {addr}/{len}")?;
            }
        }
        for (word, number) in [("tos", self.tos.into()), ("table", self.table)] {
            if number != 0 {
                write!(f, " {word} {number}")?;
            }
        }
        if self.action != 1 {
            write!(f, " action {}", self.action)?;
        }
        write!(f, " proto {}", self.protocol)?;
        for (kind, octets) in &self.more {
            if (*kind, &octets[..]) != (14, &[0xff; 4]) {
                write!(f, " {kind}={octets:?}")?;
            }
        }
        Ok(())
    }
}

/// `addr` with the bits after the first `len` cleared.
pub fn network(addr: IpAddr, len: u8) -> IpAddr {
    match addr {
        IpAddr::V4(addr) => {
            let host = u32::MAX.checked_shr(len.into()).unwrap_or(0);
            Ipv4Addr::from_bits(addr.to_bits() & !host).into()
        }
        IpAddr::V6(addr) => {
            let host = u128::MAX.checked_shr(len.into()).unwrap_or(0);
            Ipv6Addr::from_bits(addr.to_bits() & !host).into()
        }
    }
}

/// A route of the main table as a test writes it.
pub fn route(dst: &str, oif: u32, via: Option<&str>) -> Route {
    let (addr, len) = dst.split_once('/').expect("a prefix");
    Route {
        oif,
        via: via.map(|via| via.parse().expect("an address")),
        scope: if via.is_none() { LINK_SCOPE } else { 0 },
        ..Route::new(
            addr.parse().expect("an address"),
            len.parse().expect("a length"),
        )
    }
}
