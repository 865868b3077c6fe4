//! Where the kernel has the options of links (linux/if_link.h, linux/if_tunnel.h), what ip-link(8) calls them, and
//! which kind of link has which.

use super::attr::{Attr, Scope};
use super::config::{Config, LinkId};
use super::link::LinkKind;
use super::observed::{IFF_ALLMULTI, IFF_NOARP, IFF_PROMISC};
use crate::diag::LineBuf;
use crate::packed::{Packed, packed};
use crate::text::parts;
use crate::text::show::Text;

/// How a value stands in the kernel's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
pub enum Form {
    /// Not at all: it is none of the link's kind, or not sent.
    None,
    /// A number of 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 16 bits of which the highest is set: a full member of the partition.
    Pkey,
    /// 16 bits in network order.
    Be16,
    /// The same, of the Ethernet type of a VLAN.
    Tag,
    /// 32 bits.
    U32,
    /// Hundredths of a second in 32 bits. The kernel rounds them down to its ticks.
    Time32,
    /// The same in 64 bits.
    Time64,
    /// Milliseconds in 32 bits, which a bond rounds down to a multiple of its `miimon`.
    Delay,
    /// A flag of a VLAN (`VLAN_FLAG_*`), which is the number.
    Bit,
    /// A bit of 32 by its number; of an ipvlan a number of 16 bits.
    Power,
    /// Key of GRE in network order, in both directions, with their flags; the number is that of packets that come.
    Key,
    /// The number of a link.
    Index,
    /// An IP address. From here on there is a text.
    Addr,
    /// Attributes numbered from 0, an address each.
    List,
    /// A hardware address.
    Mac,
    /// Attributes of type 1 (`IFLA_VLAN_QOS_MAPPING`): two numbers each, the latter 0 for none.
    Map,
    /// The header and the name of a link.
    Peer,
}

/// When the kernel takes another value than the one a link has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum When {
    /// Any time.
    Always,
    /// While the link is down.
    Down,
    /// While it has no ports.
    Portless,
    /// While it is down and has no ports.
    Empty,
    /// When the link is made.
    Made,
    /// Once the link whose name it is has joined.
    Joined,
    /// The same, and it is not compared later: the kernel goes on from there.
    Once,
}

/// Where the kernel has an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Type of the attribute in the data of the kind; see [`Form::Bit`]. Of a tunnel that of GRE
    /// (`IFLA_GRE_*`).
    pub number: u8,
    /// How the value stands there.
    pub form: Form,
    /// When it can be changed.
    pub when: When,
}

impl Place {
    /// That of an option that the kernel's kind has not.
    pub const NONE: Place = Place {
        number: 0,
        form: Form::None,
        when: When::Always,
    };
}

/// Options that ip-link(8) calls otherwise, by [`IP_WORDS`].
static IP_ROWS: [u8; 14] = [
    row(Scope::Link, "allmulti"),
    row(Scope::Vlan, "ingress"),
    row(Scope::Vlan, "egress"),
    row(Scope::Bond, "peer_notif_delay"),
    row(Scope::Bridge, "stp"),
    row(Scope::Bridge, "default_pvid"),
    row(Scope::Bridge, "hash_max"),
    row(Scope::BridgePort, "path_cost"),
    row(Scope::BridgePort, "hairpin_mode"),
    row(Scope::BridgePort, "unicast_flood"),
    row(Scope::BridgePort, "proxyarp"),
    row(Scope::Ib, "connected"),
    row(Scope::Vxlan, "port"),
    row(Scope::Pair, "peer"),
];

/// See [`IP_ROWS`].
const IP_WORDS: Packed = packed!(concat!(
    "allmulticast,ingress-qos-map,egress-qos-map,peer_notify_delay,stp_state,vlan_default_pvid,mcast_hash_max,",
    "cost,hairpin,flood,proxy_arp,mode,dstport,peer name"
));

const fn row(scope: Scope, name: &str) -> u8 {
    Attr::of(scope, name).number()
}

/// How the kernel is asked for what ethtool(8) sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The command of generic netlink's family that asks for it (`ETHTOOL_MSG_*_GET`).
    pub command: u8,
    /// Its attribute in the answer, or the first one of several.
    pub number: u8,
    /// Where it is in the struct of ioctl(2), or the first one of several.
    pub at: u8,
    /// Octets that it has there.
    pub len: u8,
}

const fn tool([command, number, at, len]: [u8; 4]) -> Tool {
    Tool {
        command,
        number,
        at,
        len,
    }
}

/// By row of [`Scope::Ethtool`].
static ETHTOOL: [Tool; 11] = [
    tool([4, 2, 11, 1]),
    tool([4, 5, 4, 4]),
    tool([4, 6, 8, 1]),
    tool([9, 2, 8, 4]),
    tool([9, 3, 12, 6]),
    tool([11, 3, 0, 0]),
    tool([15, 6, 20, 4]),
    tool([21, 2, 4, 4]),
    tool([19, 2, 4, 4]),
    tool([17, 6, 20, 4]),
    tool([13, 2, 4, 4]),
];

impl Attr {
    /// How the kernel is asked for it, where ethtool(8) sets it.
    pub fn ethtool(self) -> Option<&'static Tool> {
        const FIRST: u8 = row(Scope::Ethtool, "autoneg");
        let row = self.number().wrapping_sub(FIRST);
        ETHTOOL.get(usize::from(row))
    }

    /// Writes what ip-link(8) calls it.
    #[inline(never)]
    pub fn show_ip_word(self, f: &mut Text<'_>) {
        let number = self.number();
        let other = IP_ROWS.iter().position(|row| *row == number);
        let mut word = LineBuf::<NAME_OCTETS>::new();
        word.unpack(other.map_or(self.name(), |n| IP_WORDS.item(n)));
        let mut word = word.as_bytes();
        if let Some(rest) = parts::strip(word, b"multicast") {
            f.put(b"mcast");
            word = rest;
        }
        f.put(word);
    }
}

/// Octets of the longest name of an option.
const NAME_OCTETS: usize = 40;

/// By [`LinkKind`], of which options such a link has its own.
static SCOPES: [Scope; 21] = [
    Scope::Link,
    Scope::Ib,
    Scope::Vlan,
    Scope::Bond,
    Scope::Bond,
    Scope::Bridge,
    Scope::Link,
    Scope::Macvlan,
    Scope::Macvlan,
    Scope::Macvlan,
    Scope::Vrf,
    Scope::Vxlan,
    Scope::Pair,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Pair,
    Scope::Pair,
];

impl LinkKind {
    /// Whose options such a link has; a team is made as a bond.
    pub fn scope(self) -> Scope {
        let scope = SCOPES.get(self as usize);
        *scope.unwrap_or(&Scope::Link)
    }
}

impl Config<'_> {
    /// The kind of link that is made ([`super::link_config::LinkConfig::made_kind`]); Ethernet where none is.
    pub fn made_kind(&self, id: LinkId) -> LinkKind {
        let kind = self.link(id).and_then(|link| link.made_kind());
        kind.unwrap_or(LinkKind::Ethernet)
    }

    /// The flags of a link that are asked for, and which these are: `IFF_PROMISC`, `IFF_ALLMULTI`, `IFF_NOARP`.
    pub fn flags_of(&self, id: LinkId) -> [u32; 2] {
        let (mut flags, mut mask) = (0, 0);
        for (attr, flag, is_reverse) in [
            (Attr::PROMISC, IFF_PROMISC, 0),
            (Attr::ALLMULTI, IFF_ALLMULTI, 0),
            (Attr::ARP, IFF_NOARP, 1),
        ] {
            if let Some(value) = self.number_of(id, attr) {
                mask |= flag;
                flags |= flag.wrapping_mul(value ^ is_reverse);
            }
        }
        [flags, mask]
    }
}
