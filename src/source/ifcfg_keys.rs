//! The keys of `ifcfg-*` files: initscripts' sysconfig.txt, nm-settings-ifcfg-rh(5), and what both
//! read without saying so.

use super::Key;
use super::ifcfg::{FileFlag, FileNumber, FileText};
pub use super::ifcfg_field::*;
use super::ifcfg_field::{attr, set};
use super::key_table::{
    Names, key as ignored, key as read, numbered, pack_fields, pack_names, packed_len, row,
};
use super::put::Said;
use crate::model::addr::Family;
use crate::model::attr::{Attr, Scope};
use crate::model::config::{GlobalText, IpFlag, IpNumber, IpText, LinkFlag, LinkNumber, LinkText};
use crate::model::index::{HASH_START, hash};

/// The names of [`KEYS`].
pub const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
/// What is done with each row of [`KEYS`] before [`IGNORED`].
static FIELDS: [Field; IGNORED as usize] = pack_fields(KEYS, Field::Silent);
/// The first of the rows that come in long runs.
const IGNORED: u16 = row(KEYS, "NAME");
/// The row behind each of these runs, and what is done with the run.
static RUNS: [(u16, Field); 7] = [
    (row(KEYS, "NETWORKING"), MEANINGLESS),
    (row(KEYS, "ARPING_TRIES"), MACHINE),
    (row(KEYS, "SUBCHANNELS"), NEVER),
    (row(KEYS, "OVS_*"), S390),
    (row(KEYS, "IEEE_8021X_*"), OTHER_KIND),
    (row(KEYS, "NM_USER_*"), FOREIGN),
    (row(KEYS, "IPV6TO4_*"), MEANINGLESS),
];

/// What is done with a row of [`KEYS`]; `None` beyond it.
#[inline(never)]
pub fn field(row: usize) -> Option<Field> {
    let of_run = || {
        let run = RUNS.iter().find(|run| row < run.0.into());
        run.map_or(NEVER, |run| run.1)
    };
    let is_ours = row < KEYS.len();
    is_ours.then(|| FIELDS.get(row).copied().unwrap_or_else(of_run))
}

/// The hash of each name of [`SELDOM`].
static SELDOM_HASHES: [Hash; SELDOM.len()] = hashes(SELDOM);

/// What is kept of a hash. Of ten thousand keys that are in no table, one may be taken for one of [`SELDOM`] with
/// a chance of 1 in 25.
type Hash = [u8; 3];

const fn hashes<const SIZE: usize>(mut keys: &[Key<Field>]) -> [Hash; SIZE] {
    let mut hashes = [[0; 3]; SIZE];
    let mut room: &mut [Hash] = &mut hashes;
    while let ([key, more @ ..], [hash, rest @ ..]) = (keys, room) {
        *hash = stem_hash(key.name.as_bytes());
        (keys, room) = (more, rest);
    }
    hashes
}

/// The hash of a name without its number.
#[inline(never)]
const fn stem_hash(mut name: &[u8]) -> Hash {
    while let [stem @ .., b'0'..=b'9' | b'#'] = name {
        name = stem;
    }
    let [hash @ .., _] = hash(HASH_START, name).to_le_bytes();
    hash
}

/// Whether a key that is not in [`KEYS`] is one of [`SELDOM`].
pub fn is_seldom(name: &[u8]) -> bool {
    let hash = stem_hash(name);
    SELDOM_HASHES
        .iter()
        .position(|have| *have == hash)
        .is_some()
}

/// It has no meaning here.
const MEANINGLESS: Field = Field::Silent;
/// It is about a kind of link that is not configured: who asks for it has the file refused.
const FOREIGN: Field = Field::Foreign;
/// It belongs to a kind of link that is not configured: the file is refused as a whole.
const OTHER_KIND: Field = Field::Silent;
/// It is not done here.
const NEVER: Field = Field::Never;
/// It holds for the machine.
const MACHINE: Field = Field::Machine;
/// It is about s390.
const S390: Field = Field::S390;

/// Rows that are asked for by name.
macro_rules! named {
    ($($name:ident)*) => {
        $(#[doc = concat!("`", stringify!($name), "`.")] pub const $name: u16 = row(KEYS, stringify!($name));)*
    };
}
named! {
    ARPCHECK BONDING_MASTER BONDING_OPTS BOOTPROTO BRIDGE BROADCAST CLONENUM_START DELAY DEVICE DEVICETYPE DEVTIMEOUT DHCLIENT_IGNORE_GATEWAY
    DNS DOMAIN GATEWAY GATEWAYDEV HOSTNAME HWADDR IPADDR IPADDR_END IPADDR_START IPV6ADDR IPV6ADDR_SECONDARIES
    IPV6_DEFAULTDEV IPV6_DEFAULTGW IPV6_DOMAIN MASTER MY_INNER_IPADDR NETMASK NETWORKING NO_ALIASROUTING ONPARENT
    PEER_INNER_IPADDR PEER_OUTER_IPADDR PHYSDEV PKEY PKEY_ID PKEY_ID_NM PREFIX SEARCH SLAVE TEAM_CONFIG TYPE VID VLAN
    VLAN_FLAGS VRF
}

/// The keys. Rows that end with `*` stand last, so that an exact name is found before them.
#[rustfmt::skip]
pub const KEYS: &[Key<Field>] = &[
    read("DEVICE", Field::Part, "name of the link"),
    read("HWADDR", Field::Part, "MAC of the link; with DEVICE a MAC rule: the link is renamed"),
    read("DEVICETYPE", Field::Part, "Team or TeamPort; ovs is refused, nothing else is looked at"),
    read("TEAM_CONFIG", attr(Scope::Team, "config"), "a team, which is made as a bond: teamd's configuration, of which the name of the runner is read"),
    read("TYPE", Field::Part, "Ethernet, InfiniBand, Vlan, Bond, Team, Bridge, GRE, IPIP, GRE6, IPIP6, SIT, Tap, Tun, Veth, dummy, macvlan, macvtap, ipvlan, vrf or vxlan, any case; files of others are refused"),
    read("BONDING_MASTER", Field::Part, "a bond"),
    read("VLAN", Field::Shared, "a VLAN, even with TYPE=Ethernet"),
    read("IPV6TUNNELIPV4", attr(Scope::Tunnel, "remote"), "a SIT tunnel to this IPv4 address"),
    read("BONDING_OPTS", Field::Options(Scope::Bond), "a bond: its options, NAME=VALUE with blanks between them"),
    read("PKEY", Field::Part, "an InfiniBand partition of PHYSDEV"),
    read("BRIDGE", Field::Part, "the bridge it is a port of; a port has no addresses"),
    read("MASTER", Field::Part, "the bond it is a port of, unless SLAVE=no"),
    read("TEAM_MASTER", Field::Part, "the team it is a port of"),
    read("VRF", Field::Part, "the VRF it belongs to; it keeps its addresses"),
    read("SLAVE", Field::Part, "no: not a port"),
    read("ONBOOT", set(Kind::Flag, LINK | LinkFlag::Onboot as u8), "whether `up` brings the link up and requires it (yes)"),
    read("BOOTPROTO", Field::Part, "none, static, dhcp, bootp (dhcp, and BOOTP servers may answer), autoip, or ibft (nothing but what the firmware says), any case (none)"),
    numbered("IPADDR", Field::Addr, "IPv4 address"),
    numbered("PREFIX", Field::Part, "prefix length of IPADDRn; beats NETMASKn"),
    numbered("NETMASK", Field::Part, "netmask of IPADDRn; without either the address class"),
    numbered("BROADCAST", Field::Part, "broadcast address of IPADDRn where it is not the usual one"),
    numbered("GATEWAY", Field::Shared, "IPv4 default gateway; the last one counts"),
    read("DEFROUTE", set(Kind::Flag, V4 | IpFlag::DefaultRoute as u8), "whether the link may carry the IPv4 default route, that of DHCPv4 too (yes)"),
    read("PEERDNS", set(Kind::Flag, V4 | IpFlag::PeerDns as u8), "whether name servers of DHCPv4 are used (yes)"),
    read("PEERROUTES", set(Kind::Flag, V4 | IpFlag::PeerRoutes as u8), "whether routes of DHCPv4 are used, the default route included (yes)"),
    numbered("DNS", Field::Part, "name server of either family"),
    read("DOMAIN", Field::Part, "search domains"),
    read("SEARCH", Field::Part, "search domains where DOMAIN is not set"),
    read("MTU", set(Kind::Mtu, LINK | LinkNumber::Mtu as u8), "MTU in octets"),
    read("MACADDR", set(Kind::Mac, LINK), "MAC to give the link"),
    read("METRIC", set(Kind::Number, FILE | FileNumber::Metric as u8), "metric of IPv4 routes where IPV4_ROUTE_METRIC is not set"),
    read("IPV4_ROUTE_METRIC", set(Kind::Number, V4 | IpNumber::Metric as u8), "metric of IPv4 routes without their own"),
    read("IPV4_ROUTE_TABLE", set(Kind::Positive, V4 | IpNumber::Table as u8), "table of IPv4 routes without their own"),
    read("IPV4_FAILURE_FATAL", set(Kind::Flag, FILE | FileFlag::Fatal4 as u8), "whether IPv4 is required when IPv6 is configured too (no)"),
    read("IPV4_DHCP_TIMEOUT", set(Kind::Positive, V4 | IpNumber::DhcpTimeout as u8), "seconds for DHCPv4"),
    read("DHCP_HOSTNAME", set(Kind::Said(Said::Hostname), V4 | IpText::Hostname as u8), "host name to send"),
    read("DHCP_SEND_HOSTNAME", set(Kind::Flag, LINK | LinkFlag::SendHostname as u8), "whether a host name is sent (yes)"),
    read("DHCP_CLIENT_ID", set(Kind::Said(Said::Id), LINK | LinkText::ClientId as u8), "client identifier of DHCPv4: octets as 01:02:03, the first its type; mac; or a text (mac)"),
    read("DHCP_VENDOR_CLASS_IDENTIFIER", set(Kind::Said(Said::Class), LINK | LinkText::VendorClass as u8), "vendor class of DHCPv4 (option 60) and DHCPv6 (option 16, of enterprise 0)"),
    read("DHCP_USER_CLASS", set(Kind::Said(Said::Class), LINK | LinkText::UserClass as u8), "user class of DHCPv4 (option 77) and DHCPv6 (option 15); no other reader knows this key"),
    read("DHCPRELEASE", set(Kind::Flag, LINK | LinkFlag::Release as u8), "whether `down` gives the lease back (no)"),
    read("ARPCHECK", set(Kind::Flag, FILE | FileFlag::ArpCheck as u8), "whether an address of DHCPv4 is used only if nobody else has it (no); no beats ARPING_WAIT"),
    read("ARPING_WAIT", set(Kind::Number, FILE | FileNumber::ArpingWait as u8), "seconds to ask who has it (3), and asks; 0: do not"),
    read("ACD_TIMEOUT", set(Kind::Number, FILE | FileNumber::AcdTimeout as u8), "the same in milliseconds; beats both"),
    read("DEVTIMEOUT", set(Kind::Seconds, LINK | LinkNumber::DeviceTimeout as u8), "seconds to wait for the device"),
    read("IPV6INIT", set(Kind::Flag, FILE | FileFlag::Init6 as u8), "yes: configure IPv6; no: ignore IPv6 keys; unset: the kernel's defaults"),
    read("IPV6_DISABLED", set(Kind::Flag, FILE | FileFlag::Disabled6 as u8), "no IPv6 at all (no)"),
    read("IPV6_AUTOCONF", set(Kind::Flag, FILE | FileFlag::Autoconf6 as u8), "router discovery (yes unless IPV6FORWARDING)"),
    read("IPV6FORWARDING", set(Kind::Flag, FILE | FileFlag::Forwarding6 as u8), "default of IPV6_AUTOCONF; forwarding itself is not touched"),
    read("IPV6ADDR", Field::Addr, "IPv6 addresses, /64 where no length is given"),
    read("IPV6ADDR_SECONDARIES", Field::Addr, "more IPv6 addresses"),
    read("IPV6_DEFAULTGW", Field::Shared, "IPv6 default gateway, ADDRESS or ADDRESS%DEVICE"),
    read("DHCPV6C", set(Kind::Flag, FILE | FileFlag::Dhcp6 as u8), "DHCPv6 where IPV6_AUTOCONF=no (no)"),
    read("IPV6_DEFAULTDEV", Field::Shared, "the link that carries the IPv6 default route"),
    read("IPV6_DEFROUTE", set(Kind::Flag, V6 | IpFlag::DefaultRoute as u8), "whether the link may carry the IPv6 default route (yes)"),
    read("IPV6_PEERDNS", set(Kind::Flag, V6 | IpFlag::PeerDns as u8), "whether name servers of RA and DHCPv6 are used (yes)"),
    read("IPV6_PEERROUTES", set(Kind::Flag, V6 | IpFlag::PeerRoutes as u8), "whether routes of RA are used (yes)"),
    read("IPV6_FAILURE_FATAL", set(Kind::Flag, FILE | FileFlag::Fatal6 as u8), "whether IPv6 is required when IPv4 is configured too (no)"),
    read("IPV6_ROUTE_METRIC", set(Kind::Number, V6 | IpNumber::Metric as u8), "metric of IPv6 routes without their own"),
    read("IPV6_ROUTE_TABLE", set(Kind::Positive, V6 | IpNumber::Table as u8), "table of IPv6 routes without their own"),
    read("IPV6_DHCP_TIMEOUT", set(Kind::Positive, V6 | IpNumber::DhcpTimeout as u8), "seconds for DHCPv6"),

    read("PHYSDEV", Field::Part, "the link it lies on: parent of a VLAN, partition, tunnel, macvlan or VXLAN"),
    read("VID", Field::Part, "VLAN id (1-4094); else the digits at the end of DEVICE, as eth0.5 or vlan5"),
    read("VLAN_ID", Field::Part, "as VID"),
    read("VLAN_FLAGS", Field::Part, "GVRP, MVRP, LOOSE_BINDING, BRIDGE_BINDING, NO_REORDER_HDR; the keys for one of them beat it"),
    read("REORDER_HDR", attr(Scope::Vlan, "reorder_hdr"), "whether the tag is taken from packets of a VLAN (yes)"),
    read("GVRP", attr(Scope::Vlan, "gvrp"), "whether a VLAN speaks GVRP (no)"),
    read("MVRP", attr(Scope::Vlan, "mvrp"), "whether a VLAN speaks MVRP (no)"),
    read("VLAN_PROTOCOL", attr(Scope::Vlan, "protocol"), "802.1Q or 802.1ad (802.1Q)"),
    read("VLAN_INGRESS_PRIORITY_MAP", attr(Scope::Vlan, "ingress"), "priorities of packets that come, FROM:TO with commas between them"),
    read("VLAN_EGRESS_PRIORITY_MAP", attr(Scope::Vlan, "egress"), "priorities of packets that go"),
    read("BRIDGING_OPTS", Field::Options(Scope::Bridge), "options of a bridge or of a port of one, NAME=VALUE, names and units of the kernel's sysfs"),
    read("STP", attr(Scope::Bridge, "stp"), "spanning tree (no)"),
    read("DELAY", Field::Hundredths(Attr::of(Scope::Bridge, "forward_delay")), "forward delay of a bridge in seconds"),
    read("AGEING", Field::Hundredths(Attr::of(Scope::Bridge, "ageing_time")), "seconds that a bridge knows a MAC"),
    read("PRIO", attr(Scope::Bridge, "priority"), "bridge priority"),
    read("BRIDGE_VLANS", attr(Scope::Bridge, "vlans"), "VLANs of a bridge itself"),
    read("BRIDGE_MACADDR", set(Kind::Mac, LINK), "as MACADDR"),
    read("BRIDGE_PORT_VLANS", attr(Scope::BridgePort, "vlans"), "VLANs of a port of a bridge"),
    read("BOND_PORT_QUEUE_ID", attr(Scope::BondPort, "queue_id"), "transmit queue of a port of a bond"),
    read("BOND_PORT_PRIO", attr(Scope::BondPort, "prio"), "preference of a port of a bond"),
    read("TEAM_PORT_CONFIG", attr(Scope::Team, "port_config"), "teamd's configuration of a port"),
    read("CONNECTED_MODE", attr(Scope::Ib, "connected"), "connected mode of InfiniBand (no)"),
    read("PKEY_ID", Field::Part, "partition key, decimal or 0x..., with 0x8000 added; DEVICE is PHYSDEV.KEY"),
    read("PKEY_ID_NM", Field::Part, "partition key as it is"),
    read("MY_OUTER_IPADDR", attr(Scope::Tunnel, "local"), "this end of a tunnel"),
    read("PEER_OUTER_IPADDR", attr(Scope::Tunnel, "remote"), "the other end of a tunnel"),
    read("MY_INNER_IPADDR", Field::Addr, "address of a tunnel, as `ip addr add` takes it"),
    read("PEER_INNER_IPADDR", Field::Part, "address of the other end, unless it is PEER_OUTER_IPADDR"),
    read("IPV6TUNNELIPV4LOCAL", attr(Scope::Tunnel, "local"), "this end of a SIT tunnel"),
    read("TTL", attr(Scope::Tunnel, "ttl"), "time to live of packets of a tunnel; inherit: that of the packet inside (inherit)"),
    read("KEY", attr(Scope::Tunnel, "key"), "key of a GRE tunnel"),
    read("MACVLAN_MODE", attr(Scope::Macvlan, "mode"), "private, vepa, bridge, passthru or source; no other reader knows this key"),
    read("VXLAN_ID", attr(Scope::Vxlan, "id"), "VXLAN id; no other reader knows this key"),
    read("VXLAN_LOCAL", attr(Scope::Vxlan, "local"), "this end; no other reader knows this key"),
    read("VXLAN_REMOTE", attr(Scope::Vxlan, "remote"), "the other end; no other reader knows this key"),
    read("VXLAN_GROUP", attr(Scope::Vxlan, "group"), "multicast group; no other reader knows this key"),
    read("VXLAN_PORT", attr(Scope::Vxlan, "port"), "UDP port; no other reader knows this key"),
    read("VRF_TABLE", attr(Scope::Vrf, "table"), "routing table of a VRF; no other reader knows this key"),
    read("PEER", attr(Scope::Pair, "peer"), "the other end of a veth"),
    read("OWNER", attr(Scope::Pair, "owner"), "number of the user who may open a tap"),
    read("ETHTOOL_OPTS", Field::Ethtool, "as ethtool(8) takes them, with ; between them: -s (or nothing), -K, -G, -A, -C, -L and their long forms; --set-priv-flags"),
    read("ETHTOOL_WAKE_ON_LAN", attr(Scope::Ethtool, "wol"), "what wakes the machine"),

    read("SRCADDR", set(Kind::Source, LINK), "source address of the default route and of routes without their own"),
    read("SCOPE", set(Kind::AddrScope, LINK | LinkNumber::AddrScope as u8), "scope of the addresses, a number, global, site, link, host or nowhere; `scope` may stand before it"),
    read("WINDOW", Field::Window, "TCP window of the default route"),
    read("LINKDELAY", set(Kind::Number, LINK | LinkNumber::LinkDelay as u8), "seconds to wait for carrier"),
    read("NOROUTESET", set(Kind::Flag, LINK | LinkFlag::NoRoutes as u8), "yes: no route and rule files (no)"),
    read("NOZEROCONF", set(Kind::Flag, LINK | LinkFlag::Nozeroconf as u8), "no: the route 169.254.0.0/16 is added (yes)"),
    read("LINKSTATUS", attr(Scope::Link, "status"), "down: the link is not brought up (up)"),
    read("PROMISC", attr(Scope::Link, "promisc"), "promiscuous mode"),
    read("ACCEPT_ALL_MAC_ADDRESSES", attr(Scope::Link, "promisc"), "as PROMISC"),
    read("ALLMULTI", attr(Scope::Link, "allmulti"), "all multicast packets are taken"),
    read("ARP", attr(Scope::Link, "arp"), "whether ARP is spoken (yes)"),
    read("DHCP_FQDN", set(Kind::Said(Said::Hostname), FILE | FileText::Fqdn as u8), "host name to send; beats DHCP_HOSTNAME"),
    read("DHCP_IAID", attr(Scope::Link, "dhcp_iaid"), "identity of the link in the client identifier"),
    read("DHCP_REJECT_SERVERS", attr(Scope::Link, "reject_servers"), "DHCPv4 servers whose answers do not count"),
    read("DHCLIENT_IGNORE_GATEWAY", Field::Part, "yes: no default route from DHCPv4 (no)"),
    read("IPV4_REQUIRED_TIMEOUT", attr(Scope::Link, "ip_required_timeout"), "milliseconds that IPv6 waits for IPv4"),
    read("IPV6_REQUIRED_TIMEOUT", attr(Scope::Link, "ip6_required_timeout"), "milliseconds that IPv4 waits for IPv6"),
    read("GATEWAY_PING_TIMEOUT", attr(Scope::Link, "ping_timeout"), "seconds for the gateway to answer"),
    read("RES_OPTIONS", set(Kind::Said(Said::Class), GLOBAL | GlobalText::ResolvOptions as u8), "`options` of resolv.conf"),
    read("IPV6_RES_OPTIONS", set(Kind::Said(Said::Class), GLOBAL | GlobalText::ResolvOptions as u8), "as RES_OPTIONS"),
    read("IPV6_DOMAIN", Field::Part, "more search domains"),
    read("DHCPV6_HOSTNAME", set(Kind::Said(Said::Hostname), V6 | IpText::Hostname as u8), "host name for DHCPv6 servers (DHCP_HOSTNAME if there is a dot in it)"),
    read("DHCPV6_SEND_HOSTNAME", set(Kind::Flag, V6 | IpFlag::SendHostname as u8), "whether DHCPv6 servers get a host name (yes)"),
    read("DHCPV6_DUID", set(Kind::Said(Said::Duid), V6 | IpText::Duid as u8), "DUID: octets as 00:04:11:22:33, five at least, the first two its type; or ll, of the MAC (ll)"),
    read("DHCPV6_IAID", set(Kind::Iaid, V6 | IpNumber::Iaid as u8), "IAID: a number, in hexadecimal after 0x; or mac, the end of the MAC (mac)"),
    read("DHCPV6_PD_HINT", set(Kind::Said(Said::Prefix), V6 | IpText::Prefix as u8), "PREFIX/LENGTH to ask DHCPv6 for; ::/LENGTH for any of this length"),
    read("IPV6_TOKEN", attr(Scope::Link, "token"), "host part of IPv6 addresses"),
    read("IPV6_ADDR_GEN_MODE", attr(Scope::Link, "addr_gen_mode"), "how IPv6 addresses are made"),
    read("IPV6_PRIVACY", attr(Scope::Link, "privacy"), "temporary IPv6 addresses"),
    read("IPV6_MTU", attr(Scope::Link, "mtu6"), "MTU of IPv6"),
    read("IPV6_FORCE_ACCEPT_RA", attr(Scope::Link, "accept_ra"), "whether router advertisements count where packets are forwarded"),
    read("IPV6_DAD", attr(Scope::Link, "dad"), "background, kernel, optimistic or off: who looks whether somebody has an IPv6 address; beats ifdawn.dad="),
    read("IPV6_DAD_TRANSMITS", attr(Scope::Link, "dad_transmits"), "how often the kernel asks whether somebody has an IPv6 address"),
    read("CARRIER_LOSS", attr(Scope::Link, "carrier_loss"), "withdraw, metric or keep: what watch does to default routes of the link without carrier while another one has some; beats ifdawn.carrier-loss="),
    read("IPV6_RA_TIMEOUT", attr(Scope::Link, "ra_timeout"), "seconds for a router"),

    read("IPADDR_START", Field::Part, "of a file ifcfg-LINK-rangeN: the first address"),
    read("IPADDR_END", Field::Part, "the last one, in the same /24"),
    read("CLONENUM_START", Field::Part, "number of the first label LINK:N (0)"),
    read("ONPARENT", Field::Part, "of an alias file ifcfg-LINK:LABEL: no: not added (yes)"),
    read("NO_ALIASROUTING", Field::Part, "of an alias file: yes: its GATEWAY is not used (no)"),
    read("ROUTING_RULE_#", Field::Rule(Family::V4), "IPv4 rule, as `ip rule add` takes it"),
    read("ROUTING_RULE6_#", Field::Rule(Family::V6), "IPv6 rule"),
    read("ESSID", FOREIGN, "wireless"),
    read("KEY_MGMT", FOREIGN, "802.1X or wireless"),
    read("OVS_BRIDGE", FOREIGN, "a port of Open vSwitch"),
    read("DCB", FOREIGN, "data centre bridging"),

    ignored("NAME", MEANINGLESS, "a label"),
    ignored("UUID", MEANINGLESS, "NetworkManager's identity"),
    ignored("NM_CONTROLLED", MEANINGLESS, "who else may configure the link"),
    ignored("USERCTL", MEANINGLESS, "whether users may bring it up"),
    ignored("USERS", MEANINGLESS, "which users"),
    ignored("HOTPLUG", MEANINGLESS, "whether udev brings it up"),
    ignored("ZONE", MEANINGLESS, "firewalld's zone"),
    ignored("NETWORK", MEANINGLESS, "follows from address and mask"),
    ignored("BOOT", MEANINGLESS, "never had a meaning"),
    ignored("NETWORKING_IPV6", MEANINGLESS, "loaded the IPv6 module"),

    ignored("NETWORKING", MACHINE, "belongs into /etc/sysconfig/network"),
    ignored("HOSTNAME", MACHINE, "belongs into /etc/sysconfig/network"),
    ignored("GATEWAYDEV", MACHINE, "belongs into /etc/sysconfig/network"),

    ignored("ARPING_TRIES", NEVER, "duplicate address detection of static addresses is not done"),
    ignored("ARPCHECK#", NEVER, "duplicate address detection of static addresses is not done"),
    ignored("EXTRA_ROUTE_OPTS", NEVER, "options of the default route: write it into route-LINK"),
    ignored("GENERATE_MAC_ADDRESS_MASK", NEVER, "no random MACs are made"),
    ignored("HWADDR_BLACKLIST", NEVER, "the link is chosen by DEVICE or HWADDR"),
    ignored("IPV4_LINK_LOCAL", NEVER, "no addresses of RFC 3927 are taken"),
    ignored("IPV6_AUTOTUNNEL", NEVER, "sit0 is not made"),
    ignored("IPV6TO4INIT", NEVER, "6to4 was withdrawn (RFC 7526)"),
    ignored("QDISC#", NEVER, "traffic control is not set here"),
    ignored("FILTER#", NEVER, "traffic control is not set here"),
    ignored("TC_COMMIT", NEVER, "traffic control is not set here"),

    ignored("SUBCHANNELS", S390, "s390 device"),
    ignored("NETTYPE", S390, "s390 device"),
    ignored("PORTNAME", S390, "s390 device"),
    ignored("CTCPROT", S390, "s390 device"),
    ignored("OPTIONS", S390, "s390 device"),

    ignored("OVS_*", OTHER_KIND, "Open vSwitch"),
    ignored("WPA_*", OTHER_KIND, "wireless"),
    ignored("CIPHER_*", OTHER_KIND, "wireless"),
    read("IEEE_8021X_*", FOREIGN, "802.1X"),
    read("DCB_*", FOREIGN, "data centre bridging"),
    ignored("NM_USER_*", MEANINGLESS, "user data"),
    ignored("AUTOCONNECT_*", MEANINGLESS, "NetworkManager's profiles"),
    ignored("HOSTNAME_*", MEANINGLESS, "where NetworkManager takes the host name from"),
    ignored("IPV6TO4_*", NEVER, "6to4 was withdrawn (RFC 7526)"),
    ignored("MATCH_*", NEVER, "the link is chosen by DEVICE or HWADDR"),
    ignored("SRIOV_*", NEVER, "virtual functions are not set here"),
];

/// Keys without a meaning here that are seldom written. They are known by their hash: no misspelt key is taken for
/// one of them.
#[rustfmt::skip]
pub const SELDOM: &[Key<Field>] = &[
    ignored("LAST_CONNECT", MEANINGLESS, "a time stamp"),
    ignored("NETBOOT", MEANINGLESS, "written by dracut"),
    ignored("PROXY_METHOD", MEANINGLESS, "HTTP proxy"),
    ignored("PAC_URL", MEANINGLESS, "HTTP proxy"),
    ignored("PAC_SCRIPT", MEANINGLESS, "HTTP proxy"),
    ignored("BROWSER_ONLY", MEANINGLESS, "HTTP proxy"),
    ignored("CONNECTION_METERED", MEANINGLESS, "a label"),
    ignored("LLDP", MEANINGLESS, "NetworkManager's LLDP"),
    ignored("MDNS", MEANINGLESS, "systemd-resolved"),
    ignored("LLMNR", MEANINGLESS, "systemd-resolved"),
    ignored("DNS_OVER_TLS", MEANINGLESS, "systemd-resolved"),
    ignored("MUD_URL", MEANINGLESS, "DHCP option 161"),
    ignored("MPTCP_FLAGS", MEANINGLESS, "MPTCP"),
    ignored("MULTI_CONNECT", MEANINGLESS, "NetworkManager's profiles"),
    ignored("AUTH_RETRIES", MEANINGLESS, "NetworkManager's profiles"),
    ignored("WAIT_ACTIVATION_DELAY", MEANINGLESS, "NetworkManager's profiles"),
    ignored("STABLE_ID", MEANINGLESS, "NetworkManager's profiles"),
    ignored("SECONDARY_UUIDS", MEANINGLESS, "NetworkManager's profiles"),
    ignored("PERSISTENT_DHCLIENT", MEANINGLESS, "dhclient"),
    ignored("PERSISTENT_DHCLIENT_IPV6", MEANINGLESS, "dhclient"),
    ignored("DHCLIENTARGS", MEANINGLESS, "dhclient"),
    ignored("DHCPV6C_OPTIONS", MEANINGLESS, "dhclient"),
    ignored("DHCP_HOSTNAME_FLAGS", MEANINGLESS, "dynamic DNS"),
    ignored("NO_DHCP_HOSTNAME", MEANINGLESS, "ifup-post"),
    ignored("RESOLV_MODS", MEANINGLESS, "ifup-post"),
    ignored("MS_DNS#", MEANINGLESS, "ifup-post"),
    ignored("IPV4_DNS_PRIORITY", MEANINGLESS, "order of name servers"),
    ignored("IPV6_DNS_PRIORITY", MEANINGLESS, "order of name servers"),
    ignored("IPV4_AUTO_ROUTE_EXT_GW", MEANINGLESS, "VPN"),
    ignored("IPV6_AUTO_ROUTE_EXT_GW", MEANINGLESS, "VPN"),
    ignored("IPV4_REPLACE_LOCAL_RULE", MEANINGLESS, "rules"),
    ignored("IPV6_REPLACE_LOCAL_RULE", MEANINGLESS, "rules"),
    ignored("IPV6_PRIVACY_PREFER_PUBLIC_IP", MEANINGLESS, "temporary addresses"),
    ignored("IPV6_SET_SYSCTLS", MEANINGLESS, "ifup-ipv6"),
    ignored("IPV6_CONTROL_RADVD", MEANINGLESS, "radvd"),
    ignored("ARPUPDATE#", MEANINGLESS, "gratuitous ARP"),
    ignored("ARPING_UPDATE_WAIT", MEANINGLESS, "gratuitous ARP"),
    ignored("PARENTDEVICE", MEANINGLESS, "alias files: the name says it"),
    ignored("ETHTOOL_DELAY", MEANINGLESS, "waited after ethtool"),
    ignored("MASTER_UUID", MEANINGLESS, "NetworkManager's profiles"),
    ignored("BRIDGE_UUID", MEANINGLESS, "NetworkManager's profiles"),
    ignored("TEAM_MASTER_UUID", MEANINGLESS, "NetworkManager's profiles"),
    ignored("VRF_UUID", MEANINGLESS, "NetworkManager's profiles"),
    ignored("VLAN_NAME_TYPE", MEANINGLESS, "obsolete"),
    ignored("DHCPV6_HOSTNAME_FLAGS", MEANINGLESS, "dynamic DNS"),
    ignored("IPV6_ROUTER", MEANINGLESS, "forwarding"),
    ignored("MAC_ADDRESS_RANDOMIZATION", MEANINGLESS, "wireless"),
    ignored("LOCAL_IP", MEANINGLESS, "never had a meaning"),
    ignored("REMOTE_IP", MEANINGLESS, "never had a meaning"),
    ignored("BONDING_SLAVE#", MEANINGLESS, "SUSE"),
    ignored("BONDING_MODULE_OPTS", MEANINGLESS, "SUSE"),
    ignored("ETHERDEVICE", MEANINGLESS, "SUSE"),
    ignored("STARTMODE", MEANINGLESS, "SUSE"),
    ignored("LLADDR", MEANINGLESS, "SUSE"),
    ignored("FIREWALL", MEANINGLESS, "SUSE"),
    ignored("DHCLIENT6_MODE", MEANINGLESS, "SUSE"),
    ignored("DHCLIENT_SET_DEFAULT_ROUTE", MEANINGLESS, "SUSE"),
    ignored("PING", MEANINGLESS, "PPP"),
    ignored("PIDFILE", MEANINGLESS, "PPP"),
    ignored("NISDOMAIN", MEANINGLESS, "NIS"),
    ignored("NETWORKDELAY", MEANINGLESS, "waited"),
    ignored("NETWORKWAIT", MEANINGLESS, "waited"),
    ignored("WAIT_UNTIL_REACHABLE", MEANINGLESS, "waited"),
    ignored("IFDOWN_ON_SHUTDOWN", MEANINGLESS, "links are left alone at shutdown"),
    ignored("FORWARD_IPV4", MEANINGLESS, "obsolete"),
    ignored("PEERNTP", MEANINGLESS, "NTP servers of DHCP"),
    ignored("IPV6_RADVD_PIDFILE", MEANINGLESS, "radvd"),
    ignored("IPV6_RADVD_TRIGGER_ACTION", MEANINGLESS, "radvd"),
];

/// Keys of files that are refused as a whole, whatever else they hold: for the reference alone.
#[cfg(test)]
#[rustfmt::skip]
pub const KEYS_OF_REFUSED: &[Key<Field>] = &[
    ignored("PERSIST", OTHER_KIND, "PPP"),
    ignored("MODEMPORT", OTHER_KIND, "PPP"),
    ignored("LINESPEED", OTHER_KIND, "PPP"),
    ignored("DEFABORT", OTHER_KIND, "PPP"),
    ignored("WVDIALSECT", OTHER_KIND, "PPP"),
    ignored("ESCAPECHARS", OTHER_KIND, "PPP"),
    ignored("HARDFLOWCTL", OTHER_KIND, "PPP"),
    ignored("PPPOPTIONS", OTHER_KIND, "PPP"),
    ignored("PPPOE_EXTRA", OTHER_KIND, "PPP"),
    ignored("PPPD_EXTRA", OTHER_KIND, "PPP"),
    ignored("PAPNAME", OTHER_KIND, "PPP"),
    ignored("REMIP", OTHER_KIND, "PPP"),
    ignored("MRU", OTHER_KIND, "PPP"),
    ignored("DISCONNECTTIMEOUT", OTHER_KIND, "PPP"),
    ignored("RETRYTIMEOUT", OTHER_KIND, "PPP"),
    ignored("RETRYCONNECT", OTHER_KIND, "PPP"),
    ignored("MAXFAIL", OTHER_KIND, "PPP"),
    ignored("DEMAND", OTHER_KIND, "PPP"),
    ignored("IDLETIMEOUT", OTHER_KIND, "PPP"),
    ignored("BOOTTIMEOUT", OTHER_KIND, "PPP"),
    ignored("DEBUG", OTHER_KIND, "PPP"),
    ignored("PROVIDER", OTHER_KIND, "ISDN"),
    ignored("USER", OTHER_KIND, "ISDN"),
    ignored("PASSWORD", OTHER_KIND, "ISDN"),
    ignored("ENCAP", OTHER_KIND, "ISDN"),
    ignored("DIALMODE", OTHER_KIND, "ISDN"),
    ignored("SECURE", OTHER_KIND, "ISDN"),
    ignored("MSN", OTHER_KIND, "ISDN"),
    ignored("PHONE_IN", OTHER_KIND, "ISDN"),
    ignored("AREACODE", OTHER_KIND, "ISDN"),
    ignored("REGIONCODE", OTHER_KIND, "ISDN"),
    ignored("PHONE_OUT", OTHER_KIND, "ISDN"),
    ignored("BUNDLING", OTHER_KIND, "ISDN"),
    ignored("HUPTIMEOUT", OTHER_KIND, "ISDN"),
    ignored("LAYER", OTHER_KIND, "ISDN"),
    ignored("CALLBACK", OTHER_KIND, "ISDN"),
    ignored("CHARGEHUP", OTHER_KIND, "ISDN"),
    ignored("CHARGEINT", OTHER_KIND, "ISDN"),
    ignored("CBHUP", OTHER_KIND, "ISDN"),
    ignored("CBDELAY", OTHER_KIND, "ISDN"),
    ignored("DIALMAX", OTHER_KIND, "ISDN"),
    ignored("AUTH", OTHER_KIND, "ISDN"),
    ignored("IHUP", OTHER_KIND, "ISDN"),
    ignored("DELDEFAULTROUTE", OTHER_KIND, "ISDN"),
    ignored("CBCP", OTHER_KIND, "ISDN"),
    ignored("VJ", OTHER_KIND, "ISDN"),
    ignored("VJCCOMP", OTHER_KIND, "ISDN"),
    ignored("AC", OTHER_KIND, "ISDN"),
    ignored("PC", OTHER_KIND, "ISDN"),
    ignored("BSDCOMP", OTHER_KIND, "ISDN"),
    ignored("CCP", OTHER_KIND, "ISDN"),
    ignored("SLAVE_DEVICE", OTHER_KIND, "ISDN"),
    ignored("MODE", OTHER_KIND, "wireless"),
    ignored("NWID", OTHER_KIND, "wireless"),
    ignored("FREQ", OTHER_KIND, "wireless"),
    ignored("CHANNEL", OTHER_KIND, "wireless"),
    ignored("RATE", OTHER_KIND, "wireless"),
    ignored("BAND", OTHER_KIND, "wireless"),
    ignored("BSSID", OTHER_KIND, "wireless"),
    ignored("SECURITYMODE", OTHER_KIND, "wireless"),
    ignored("DEFAULTKEY", OTHER_KIND, "wireless"),
    ignored("KEY1", OTHER_KIND, "wireless"),
    ignored("KEY2", OTHER_KIND, "wireless"),
    ignored("KEY3", OTHER_KIND, "wireless"),
    ignored("KEY4", OTHER_KIND, "wireless"),
    ignored("SENS", OTHER_KIND, "wireless"),
    ignored("RTS", OTHER_KIND, "wireless"),
    ignored("FRAG", OTHER_KIND, "wireless"),
    ignored("IWCONFIG", OTHER_KIND, "wireless"),
    ignored("SPYIPS", OTHER_KIND, "wireless"),
    ignored("IWPRIV", OTHER_KIND, "wireless"),
    ignored("WOWLAN", OTHER_KIND, "wireless"),
    ignored("WIRELESS_ENC_KEY", OTHER_KIND, "wireless"),
    ignored("SSID_HIDDEN", OTHER_KIND, "wireless"),
    ignored("AP_ISOLATION", OTHER_KIND, "wireless"),
    ignored("BOND_IFACES", OTHER_KIND, "Open vSwitch"),
    ignored("OVSBOOTPROTO", OTHER_KIND, "Open vSwitch"),
    ignored("OVSDHCPINTERFACES", OTHER_KIND, "Open vSwitch"),
    ignored("SRC", OTHER_KIND, "IPsec"),
    ignored("DST", OTHER_KIND, "IPsec"),
    ignored("SRCNET", OTHER_KIND, "IPsec"),
    ignored("DSTNET", OTHER_KIND, "IPsec"),
    ignored("IKE_METHOD", OTHER_KIND, "IPsec"),
    ignored("IKE_CERTFILE", OTHER_KIND, "IPsec"),
    ignored("IKE_PEER_CERTFILE", OTHER_KIND, "IPsec"),
    ignored("IKE_DNSSEC", OTHER_KIND, "IPsec"),
    ignored("KEY_AH_IN", OTHER_KIND, "IPsec"),
    ignored("KEY_AH_OUT", OTHER_KIND, "IPsec"),
    ignored("KEY_ESP_IN", OTHER_KIND, "IPsec"),
    ignored("KEY_ESP_OUT", OTHER_KIND, "IPsec"),
    ignored("SPI_AH_IN", OTHER_KIND, "IPsec"),
    ignored("SPI_AH_OUT", OTHER_KIND, "IPsec"),
    ignored("SPI_ESP_IN", OTHER_KIND, "IPsec"),
    ignored("SPI_ESP_OUT", OTHER_KIND, "IPsec"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_own_name() {
        for (n, key) in KEYS.iter().enumerate() {
            assert!(!key.doc.is_empty() && key.name.len() < 64);
            let name = key.name.replace(['#', '*'], "1");
            assert_eq!(NAMES.find(name.as_bytes()).row(), n, "{name}");
            assert_eq!(field(n), Some(key.field), "{name}");
        }
        assert_eq!(field(KEYS.len()), None);
    }

    #[test]
    fn what_is_seldom_written_is_known() {
        for key in SELDOM {
            let name = key.name.replace('#', "1");
            assert!(is_seldom(name.as_bytes()) && !key.doc.is_empty(), "{name}");
            assert_eq!(NAMES.find(name.as_bytes()).row(), 32_767, "{name}");
        }
        assert!(!KEYS.iter().any(|key| is_seldom(key.name.as_bytes())));
        assert!(!is_seldom(b"PIDFILES") && !is_seldom(b""));
    }

    #[test]
    fn prefixes_stand_last() {
        let first = KEYS.iter().position(|key| key.name.ends_with('*')).unwrap();
        assert!(KEYS[first..].iter().all(|key| key.name.ends_with('*')));
    }
}
