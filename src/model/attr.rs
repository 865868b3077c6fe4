//! Options of links: a table of their names and of what may be said of them.
//!
//! What is special to one kind of link is no field of its own but a row here: readers of `bond=`,
//! `BONDING_OPTS`, `BRIDGING_OPTS`, `ETHTOOL_OPTS` and of keys for one option look names up and have values
//! checked by the row. Names and units are the kernel's.

pub use super::attr_chain::AttrConfig;
pub use super::attr_kind::Kind;
use super::config::Str;
pub use super::place::{Form, Place, Tool, When};
use crate::packed::{self, Packed, packed};
use crate::text::parts;

/// What kind of link an option is for. The same name may be there for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any link.
    Link,
    /// A VLAN.
    Vlan,
    /// A bond.
    Bond,
    /// A port of a bond.
    BondPort,
    /// A bridge.
    Bridge,
    /// A port of a bridge.
    BridgePort,
    /// A team, or a port of one.
    Team,
    /// IP over InfiniBand.
    Ib,
    /// A tunnel: ipip, gre, gretap, sit, ip6tnl, ip6gre.
    Tunnel,
    /// A macvlan, macvtap or ipvlan.
    Macvlan,
    /// A VXLAN.
    Vxlan,
    /// A VRF.
    Vrf,
    /// A veth, tun or tap.
    Pair,
    /// What ethtool(8) sets.
    Ethtool,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr(u8);

/// A [`Place`], or that of none.
macro_rules! place {
    () => {
        Place::NONE
    };
    ($number:literal $form:ident $when:ident) => {
        Place {
            number: $number,
            form: Form::$form,
            when: When::$when,
        }
    };
}

/// Makes the table. What is there at run time are the names in one packed text, an octet a row, and three more for
/// those that the kernel has with a kind: what stands behind the name and the kind of value is their [`Place`].
macro_rules! attributes {
    ($($scope:ident { $($name:literal $kind:ident $($number:literal $form:ident $when:ident)?, $doc:literal;)* })*) => {
        /// Every option: whom it is for, its name, and one line for the reference.
        pub const ATTRS: &[(Scope, &str, &str)] = &[$($((Scope::$scope, $name, $doc),)*)*];
        const NAMES: Packed = packed!(concat!($($($name, "\n",)*)*));
        static ROWS: [Kind; ATTRS.len()] = [$($(Kind::$kind,)*)*];
        const ALL_PLACES: [Place; ATTRS.len()] = [$($(place!($($number $form $when)?),)*)*];
        /// Of the rows from [`FIRST_PLACE`] on.
        static PLACES: [Place; PLACED] = placed(&ALL_PLACES);
        /// The first row of each.
        static SCOPES: [(Scope, u8); 14] = [$((Scope::$scope, first(Scope::$scope)),)*];
    };
}

/// The first row of an option that the kernel has with a kind.
const FIRST_PLACE: u8 = first(Scope::Vlan);
/// How many rows there are up to the last such one.
const PLACED: usize = (first(Scope::Ethtool) - FIRST_PLACE) as usize;

/// The rows from [`FIRST_PLACE`] on.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "what fails here is an error of the compiler"
)]
const fn placed(all: &[Place]) -> [Place; PLACED] {
    let (mut places, mut n) = ([Place::NONE; PLACED], 0);
    while n < PLACED {
        places[n] = all[n + FIRST_PLACE as usize];
        n += 1;
    }
    places
}

/// The first row of a scope.
const fn first(scope: Scope) -> u8 {
    let (mut rest, mut row) = (ATTRS, 0_u8);
    while let [(of, ..), more @ ..] = rest
        && *of as u8 != scope as u8
    {
        (rest, row) = (more, row.wrapping_add(1));
    }
    row
}

attributes! {
    Link {
        "status" Status, "whether the link is brought up";
        "promisc" Bool, "all packets are taken";
        "allmulti" Bool, "all multicast packets are taken";
        "arp" Bool, "whether ARP is spoken";
        "reject_servers" Text, "DHCPv4 servers whose answers do not count";
        "dhcp_iaid" Text, "identity of the link in a DHCP client identifier";
        "ping_timeout" Any, "seconds for the gateway to answer";
        "ip_required_timeout" Any, "milliseconds for IPv4";
        "token" Ip6, "host part of IPv6 addresses";
        "addr_gen_mode" AddrGenMode, "how IPv6 addresses are made";
        "privacy" Privacy, "temporary IPv6 addresses";
        "mtu6" Positive, "MTU of IPv6 in octets";
        "accept_ra" Bool, "router advertisements count even where packets are forwarded";
        "ra_timeout" Any, "seconds for a router";
        "ip6_required_timeout" Any, "milliseconds for IPv6";
        "dad" Dad, "who looks for duplicates of IPv6 addresses";
        "dad_transmits" Octet, "how often the kernel asks for a duplicate";
        "carrier_loss" CarrierLoss, "what becomes of default routes without carrier";
    }
    Vlan {
        "id" Vlan 1 U16 Made, "VLAN id";
        "protocol" Protocol 5 Tag Made, "Ethernet type";
        "reorder_hdr" Bool 1 Bit Always, "the tag is taken from packets";
        "gvrp" Bool 2 Bit Always, "GVRP is spoken";
        "mvrp" Bool 8 Bit Always, "MVRP is spoken";
        "loose_binding" Bool 4 Bit Always, "its state is not that of its parent";
        "bridge_binding" Bool 16 Bit Always, "its state is that of the bridge's ports";
        "ingress" Map 4 Map Always, "priorities of packets that come";
        "egress" Map 3 Map Always, "priorities of packets that go";
    }
    Bond {
        "mode" Mode 1 U8 Empty, "how ports are used";
        "miimon" Natural 3 U32 Always, "milliseconds between looks at carriers";
        "updelay" Natural 4 Delay Always, "milliseconds until a port with carrier is used";
        "downdelay" Natural 5 Delay Always, "milliseconds until a port without carrier is not";
        "peer_notif_delay" Any 28 Delay Always, "milliseconds between notifications";
        "arp_interval" Natural 7 U32 Always, "milliseconds between ARP probes";
        "arp_missed_max" Count 30 U8 Always, "probes that may be lost";
        "arp_ip_target" IpList4 8 List Always, "whom ARP asks for";
        "ns_ip6_target" IpList6 31 List Always, "whom neighbour discovery asks for";
        "arp_validate" Validate 9 U32 Always, "which ports ARP is checked on";
        "arp_all_targets" Targets 10 U32 Always, "how many targets must answer";
        "resend_igmp" Octet 15 U32 Always, "membership reports after a change";
        "num_grat_arp" Octet 16 U8 Always, "notifications after a change";
        "num_unsol_na" Octet 16 U8 Always, "as `num_grat_arp`";
        "min_links" Natural 18 U32 Always, "ports with carrier it needs";
        "lp_interval" Positive 19 U32 Always, "seconds between learning packets";
        "packets_per_slave" Short 20 U32 Always, "packets before the next port's turn";
        "primary" Name 11 Index Joined, "port that is preferred";
        "active_slave" Name 2 Index Once, "port that is used at first";
        "primary_reselect" Reselect 12 U8 Always, "when the preferred port is used again";
        "fail_over_mac" FailOverMac 13 U8 Portless, "which MACs ports have";
        "xmit_hash_policy" Hash 14 U8 Always, "what a packet's port depends on";
        "lacp_rate" LacpRate 21 U8 Down, "how often the partner is asked to speak";
        "lacp_active" Bool 29 U8 Down, "LACP is spoken first";
        "ad_select" Select 22 U8 Down, "which aggregator is used";
        "ad_user_port_key" Key 25 U16 Down, "port key";
        "ad_actor_sys_prio" Port 24 U16 Always, "system priority";
        "ad_actor_system" Mac 26 Mac Always, "MAC of the system";
        "use_carrier" Bool 6 U8 Always, "how carriers are looked at";
        "tlb_dynamic_lb" Bool 27 U8 Down, "load is shared anew";
        "all_slaves_active" Bool 17 U8 Always, "copies on other ports are taken";
        "coupled_control" Bool 32 U8 Down, "LACP's coupled state machine";
    }
    BondPort {
        "queue_id" Short 5 U16 Always, "transmit queue";
        "prio" Signed 9 U32 Always, "preference of the port";
    }
    Bridge {
        "stp" Bool 5 U32 Always, "spanning tree";
        "forward_delay" Any 1 Time32 Always, "hundredths of a second in a state";
        "hello_time" Hello 2 Time32 Always, "hundredths of a second between hellos";
        "max_age" MaxAge 3 Time32 Always, "hundredths of a second that a message counts";
        "ageing_time" Any 4 Time32 Always, "hundredths of a second that a MAC is known";
        "priority" Short 6 U16 Always, "bridge priority";
        "vlan_filtering" Bool 7 U8 Always, "VLANs are kept apart";
        "vlan_protocol" Protocol 8 Tag Always, "Ethernet type";
        "default_pvid" Pvid 39 U16 Always, "VLAN of packets without tag";
        "vlan_stats_enabled" Bool 41 U8 Always, "packets of VLANs are counted";
        "group_fwd_mask" Short 9 U16 Always, "link-local groups that are forwarded";
        "group_address" Mac 20 Mac Always, "MAC of spanning tree packets";
        "multicast_router" Router 22 U8 Always, "0: never, 1: as learned, 2: always";
        "multicast_snooping" Bool 23 U8 Always, "IGMP and MLD are listened to";
        "multicast_querier" Bool 25 U8 Always, "members are asked for";
        "multicast_query_use_ifaddr" Bool 24 U8 Always, "queries come from its address";
        "hash_max" Any 27 U32 Always, "groups there may be";
        "hash_elasticity" Any, "nothing since Linux 5.0";
        "multicast_last_member_count" Any 28 U32 Always, "queries before a group is left";
        "multicast_last_member_interval" Any 30 Time64 Always, "hundredths of a second between those";
        "multicast_membership_interval" Any 31 Time64 Always, "hundredths of a second a member counts";
        "multicast_querier_interval" Any 32 Time64 Always, "hundredths of a second another querier counts";
        "multicast_query_interval" Any 33 Time64 Always, "hundredths of a second between queries";
        "multicast_query_response_interval" Any 34 Time64 Always, "hundredths of a second to answer";
        "multicast_startup_query_count" Any 29 U32 Always, "queries at first";
        "multicast_startup_query_interval" Any 35 Time64 Always, "hundredths of a second between those";
        "vlans" Text, "VLANs of the bridge itself";
    }
    BridgePort {
        "priority" PortPriority 2 U16 Always, "port priority";
        "path_cost" Port 3 U32 Always, "cost of the path";
        "hairpin_mode" Bool 4 U8 Always, "packets may go back where they came from";
        "isolated" Bool 33 U8 Always, "nothing goes to other isolated ports";
        "learning" Bool 8 U8 Always, "MACs are learned";
        "unicast_flood" Bool 9 U8 Always, "packets for unknown MACs go here";
        "multicast_flood" Bool 27 U8 Always, "packets for unknown groups go here";
        "multicast_fast_leave" Bool 7 U8 Always, "a group is left at once";
        "multicast_router" Octet 25 U8 Always, "as of the bridge";
        "proxyarp" Bool 10 U8 Always, "ARP is answered here";
        "neigh_suppress" Bool 32 U8 Always, "ARP that can be answered does not go here";
        "vlans" Text, "VLANs of the port";
    }
    Team {
        "config" Text, "teamd's configuration";
        "port_config" Text, "teamd's configuration of the port";
    }
    Ib {
        "pkey" Short 1 Pkey Made, "partition key";
        "connected" Bool 2 U16 Always, "connected mode";
    }
    Tunnel {
        "local" Ip 6 Addr Always, "this end";
        "remote" Ip 7 Addr Always, "the other end";
        "ttl" Octet 8 U8 Always, "time to live; 0 is that of the packet inside";
        "key" Any 4 Key Always, "key in both directions";
    }
    Macvlan {
        "mode" Macvlan 1 Power Always, "whom it speaks to";
    }
    Vxlan {
        "id" Vni 1 U32 Made, "VXLAN id";
        "local" Ip 4 Addr Always, "this end";
        "remote" Ip 2 Addr Always, "the other end";
        "group" Ip 2 Addr Always, "multicast group of all ends";
        "port" Port 15 Be16 Made, "UDP port";
    }
    Vrf {
        "table" Any 1 U32 Made, "routing table";
    }
    Pair {
        "peer" Name 1 Peer Made, "the other end";
        "owner" Any, "user who may open it";
    }
    Ethtool {
        "autoneg" Bool, "speed and duplex are negotiated";
        "speed" Any, "Mb/s";
        "duplex" Duplex, "half or full";
        "wol" Text, "what wakes the machine, in ethtool's letters";
        "sopass" Mac, "password of SecureOn";
        "feature" Text, "features, each followed by on or off";
        "ring" Text, "ring sizes, each name followed by its number";
        "pause" Text, "autoneg, rx and tx, each followed by on or off";
        "coalesce" Text, "interrupt moderation, each name followed by its value";
        "channels" Text, "rx, tx, other and combined, each followed by its number";
        "priv" Text, "private flags, each followed by on or off";
    }
}

impl Attr {
    /// Whether a link takes all packets.
    pub const PROMISC: Attr = Attr::of(Scope::Link, "promisc");
    /// Whether it takes all multicast packets.
    pub const ALLMULTI: Attr = Attr::of(Scope::Link, "allmulti");
    /// Whether it speaks ARP.
    pub const ARP: Attr = Attr::of(Scope::Link, "arp");
    /// Who looks for duplicates of its IPv6 addresses.
    pub const DAD: Attr = Attr::of(Scope::Link, "dad");
    /// What becomes of its default routes when it has no carrier.
    pub const CARRIER_LOSS: Attr = Attr::of(Scope::Link, "carrier_loss");
    /// What the IPv6 addresses that it forms end with.
    pub const TOKEN: Attr = Attr::of(Scope::Link, "token");
    /// How its IPv6 addresses are made.
    pub const ADDR_GEN_MODE: Attr = Attr::of(Scope::Link, "addr_gen_mode");
    /// Id of a VLAN.
    pub const VLAN_ID: Attr = Attr::of(Scope::Vlan, "id");
    /// Its Ethernet type.
    pub const VLAN_PROTOCOL: Attr = Attr::of(Scope::Vlan, "protocol");
    /// Mode of a bond.
    pub const BOND_MODE: Attr = Attr::of(Scope::Bond, "mode");
    /// Spanning tree.
    pub const STP: Attr = Attr::of(Scope::Bridge, "stp");
    /// Hundredths of a second in a state of spanning tree.
    pub const FORWARD_DELAY: Attr = Attr::of(Scope::Bridge, "forward_delay");
    /// Milliseconds between looks at carriers.
    pub const MIIMON: Attr = Attr::of(Scope::Bond, "miimon");
    /// The other end of a tunnel.
    pub const REMOTE: Attr = Attr::of(Scope::Tunnel, "remote");
    /// Key of a GRE tunnel.
    pub const KEY: Attr = Attr::of(Scope::Tunnel, "key");
    /// Time to live of a tunnel's packets.
    pub const TUNNEL_TTL: Attr = Attr::of(Scope::Tunnel, "ttl");
    /// The other end of a pair.
    pub const PEER: Attr = Attr::of(Scope::Pair, "peer");
    /// Partition key.
    pub const PKEY: Attr = Attr::of(Scope::Ib, "pkey");

    /// The row of this name, which must be in the table: for constants (`const`), as a program that calls it holds all
    /// of [`ATTRS`].
    #[expect(
        clippy::panic,
        clippy::as_conversions,
        reason = "what fails here is an error of the compiler"
    )]
    pub const fn of(scope: Scope, name: &str) -> Attr {
        let (mut rest, mut row) = (ATTRS, 0_u8);
        while let [(of, is, _), more @ ..] = rest {
            if *of as u8 == scope as u8 && packed::is_same(is.as_bytes(), name.as_bytes()) {
                return Attr(row);
            }
            (rest, row) = (more, row.wrapping_add(1));
        }
        panic!("no such option")
    }

    /// The option of this name, written as the kernel does.
    #[inline(never)]
    pub fn find(scope: Scope, name: &[u8]) -> Option<Attr> {
        let mut rest = Some(NAMES.0);
        let mut row = 0_u8;
        while let Some(is) = parts::next(&mut rest, b'\n') {
            let attr = Attr(row);
            if matches!(Packed(is).strip(name), Some([])) && attr.row().0 == scope {
                return Some(attr);
            }
            row = row.wrapping_add(1);
        }
        None
    }

    /// Its name.
    pub fn name(self) -> Packed {
        NAMES.line(self.0.into())
    }

    /// The row of what is the same to the kernel, which has two names for some.
    pub fn row_set(self) -> u8 {
        const GRAT_ARP: Attr = Attr::of(Scope::Bond, "num_grat_arp");
        const UNSOL_NA: Attr = Attr::of(Scope::Bond, "num_unsol_na");
        const VXLAN_REMOTE: Attr = Attr::of(Scope::Vxlan, "remote");
        const VXLAN_GROUP: Attr = Attr::of(Scope::Vxlan, "group");
        match self {
            UNSOL_NA => GRAT_ARP.0,
            VXLAN_GROUP => VXLAN_REMOTE.0,
            Attr(row) => row,
        }
    }

    /// Its row.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Where the kernel has it.
    pub fn place(self) -> Place {
        let place = PLACES.get(usize::from(self.0.wrapping_sub(FIRST_PLACE)));
        *place.unwrap_or(&Place::NONE)
    }

    /// Whom it is for, and what its value must be.
    #[inline(never)]
    pub fn row(self) -> (Scope, Kind) {
        let mut scope = Scope::Link;
        for (of, first) in &SCOPES {
            if *first <= self.0 {
                scope = *of;
            }
        }
        let kind = ROWS.get(usize::from(self.0));
        (scope, *kind.unwrap_or(&Kind::Text))
    }
}

/// A value as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, a yes or no, or the number of a word.
    Number(u32),
    /// Anything else in its canonical form.
    Text(Str),
}

#[cfg(test)]
mod tests {
    use super::Kind::*;
    use super::*;
    use std::string::ToString;

    #[test]
    fn each_name_is_found_among_those_of_its_scope() {
        for (row, (scope, name, doc)) in (0..).zip(ATTRS) {
            let attr = Attr::find(*scope, name.as_bytes());
            assert_eq!(attr, Some(Attr(row)), "{scope:?} {name} is there twice");
            assert_eq!(attr.unwrap().name().to_string(), *name);
            assert_eq!(attr.unwrap().row().0, *scope);
            assert!(!doc.is_empty());
        }
        assert_eq!(Attr::find(Scope::Bond, b"stp"), None);
        assert_eq!(Attr::find(Scope::Bond, b"mii"), None);
        assert_eq!(Attr::of(Scope::Bond, "miimon"), Attr(Attr::BOND_MODE.0 + 1));
    }

    #[test]
    fn what_is_one_to_the_kernel_is_known_as_one() {
        for (row, (scope, name, _)) in (0..).zip(ATTRS) {
            for (other, (of, ..)) in (0..).zip(ATTRS) {
                let place = Attr(row).place();
                let is_one = row != other
                    && scope == of
                    && place == Attr(other).place()
                    && place != Place::NONE;
                let is_known = row != other && Attr(row).row_set() == Attr(other).row_set();
                assert_eq!(is_one, is_known, "{scope:?} {name}");
            }
        }
    }

    #[test]
    fn words_have_the_kernels_numbers() {
        for (list, number, word) in [
            (Mode, 4, "802.3ad"),
            (Hash, 5, "vlan+srcmac"),
            (Protocol, 1, "802.1ad"),
            (Duplex, 1, "full"),
            (Duplex, 2, ""),
        ] {
            assert_eq!(list.word(number).to_string(), word);
        }
    }

    #[test]
    fn ranges_end_where_the_kernels_do() {
        for (range, least, most) in [
            (Octet, 0, 255),
            (Router, 0, 2),
            (PortPriority, 0, 63),
            (Key, 0, 1_023),
            (Pvid, 0, 4_094),
            (Short, 0, 65_535),
            (Vni, 0, 16_777_215),
            (Natural, 0, 2_147_483_647),
            (Any, 0, u32::MAX),
            (Count, 1, 255),
            (Vlan, 1, 4_094),
            (Port, 1, 65_535),
            (Positive, 1, 2_147_483_647),
            (Hello, 100, 1_000),
            (MaxAge, 600, 4_000),
        ] {
            assert!(range.has(least) && range.has(most), "{range:?}");
            assert!(least == 0 || !range.has(least - 1), "{range:?}");
            assert!(most == u32::MAX || !range.has(most + 1), "{range:?}");
        }
    }
}
