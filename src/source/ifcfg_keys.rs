//! The keys of `ifcfg-*` files: initscripts' sysconfig.txt, nm-settings-ifcfg-rh(5), and what both
//! read without saying so.

use super::Key;
use super::ifcfg::{FileFlag, FileNumber};
use super::key_table::{
    Names, key as ignored, key as read, numbered, pack_fields, pack_names, packed_len, row,
};
use super::put::Said;
use crate::model::config::{IpFlag, IpNumber, IpText, LinkFlag, LinkNumber, LinkText};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `DEVICE`: decides whether the file is used at all, like all up to [`Field::ForeignIfSet`].
    Device,
    /// `TYPE`.
    Type,
    /// `DEVICETYPE`.
    DeviceType,
    /// `BOOTPROTO`.
    Bootproto,
    /// `yes`: the file describes a virtual link.
    VirtualIfYes,
    /// Anything: the file describes a virtual link, or a port of one.
    VirtualIfSet,
    /// `MASTER`: a port unless `SLAVE=no`.
    Port,
    /// `yes`: the file needs wireless, 802.1X, DCB, PPP or ISDN.
    ForeignIfYes,
    /// Anything: the same.
    ForeignIfSet,
    /// An address: makes a file with a bad `BOOTPROTO` worth reading, and one for `lo`.
    Addr,
    /// Read together with other keys.
    Part,
    /// `no` asks for something that does not exist yet.
    LaterIfNo,
    /// It sets one value of the link, whatever else the file says.
    Set(Setting),
    /// Nothing reads it, and nobody is told.
    Silent,
    /// Left to the kernel.
    Kernel,
    /// Nothing reads it yet.
    Later,
}

/// A key that sets one value, whatever else the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What the value must be.
    pub kind: Kind,
    /// Whose value it is, and in the lower four bits its place in the row of that kind.
    place: u8,
}

impl Setting {
    /// Whose value it is.
    pub fn owner(self) -> u8 {
        self.place & !PLACE
    }

    /// Its place in the row of its kind.
    pub fn place(self) -> usize {
        usize::from(self.place & PLACE)
    }
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// A number; -1 stands for "unset".
    Number,
    /// The same, and so does 0.
    Positive,
    /// Seconds; a fraction is cut off.
    Seconds,
    /// An MTU; 0 stands for "unset".
    Mtu,
    /// A MAC.
    Mac,
    /// A text for DHCPv4 servers.
    Text(Said),
}

const PLACE: u8 = 0xf;

// Whose [`Values`](crate::model::said::Values) a key is about.
/// The link's.
pub const LINK: u8 = 0;
/// Those of its IPv4.
pub const V4: u8 = 0x10;
/// Those of its IPv6.
pub const V6: u8 = 0x20;
/// The file's: nobody needs to know but its reader.
const FILE: u8 = 0x30;

const fn set(kind: Kind, owner: u8, place: u8) -> Field {
    let place = owner | place;
    Field::Set(Setting { kind, place })
}

/// The names of [`KEYS`].
pub const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
/// What is done with each row of [`KEYS`] before [`IGNORED`].
static FIELDS: [Field; IGNORED as usize] = pack_fields(KEYS, Field::Silent);
/// The first of the rows that come in long runs.
const IGNORED: u16 = row(KEYS, "NAME");
/// The row behind each of these runs, and what is done with the run.
static RUNS: [(u16, Field); 7] = [
    (row(KEYS, "IPV6_ADDR_GEN_MODE"), MEANINGLESS),
    (row(KEYS, "LINKDELAY"), KERNEL),
    (row(KEYS, "PHYSDEV"), LATER),
    (row(KEYS, "IEEE_8021X_*"), OTHER_KIND),
    (row(KEYS, "NM_USER_*"), Field::ForeignIfSet),
    (row(KEYS, "IPV6TO4_*"), MEANINGLESS),
    (KEYS.len() as u16, LATER),
];

/// What is done with a row of [`KEYS`]; `None` beyond it.
#[inline(never)]
pub fn field(row: usize) -> Option<Field> {
    let of_run = || RUNS.iter().find(|run| row < run.0.into());
    FIELDS.get(row).copied().or_else(|| Some(of_run()?.1))
}

/// It has no meaning here.
const MEANINGLESS: Field = Field::Silent;
/// It belongs to a kind of link that is not configured: the file is refused as a whole.
const OTHER_KIND: Field = Field::Silent;
const KERNEL: Field = Field::Kernel;
const LATER: Field = Field::Later;

// Rows that are asked for by name.
/// `ACD_TIMEOUT`.
pub const ACD_TIMEOUT: u16 = row(KEYS, "ACD_TIMEOUT");
/// `ARPCHECK`.
pub const ARPCHECK: u16 = row(KEYS, "ARPCHECK");
/// `ARPING_WAIT`.
pub const ARPING_WAIT: u16 = row(KEYS, "ARPING_WAIT");
/// `BOOTPROTO`.
pub const BOOTPROTO: u16 = row(KEYS, "BOOTPROTO");
/// `BROADCAST`.
pub const BROADCAST: u16 = row(KEYS, "BROADCAST");
/// `DEVICE`.
pub const DEVICE: u16 = row(KEYS, "DEVICE");
/// `DHCPV6C`.
pub const DHCPV6C: u16 = row(KEYS, "DHCPV6C");
/// `DNS`.
pub const DNS: u16 = row(KEYS, "DNS");
/// `DOMAIN`.
pub const DOMAIN: u16 = row(KEYS, "DOMAIN");
/// `GATEWAY`.
pub const GATEWAY: u16 = row(KEYS, "GATEWAY");
/// `HWADDR`.
pub const HWADDR: u16 = row(KEYS, "HWADDR");
/// `IPADDR`.
pub const IPADDR: u16 = row(KEYS, "IPADDR");
/// `IPV6ADDR`.
pub const IPV6ADDR: u16 = row(KEYS, "IPV6ADDR");
/// `IPV6ADDR_SECONDARIES`.
pub const IPV6ADDR_SECONDARIES: u16 = row(KEYS, "IPV6ADDR_SECONDARIES");
/// `IPV6_DEFAULTDEV`.
pub const IPV6_DEFAULTDEV: u16 = row(KEYS, "IPV6_DEFAULTDEV");
/// `IPV6_DEFAULTGW`.
pub const IPV6_DEFAULTGW: u16 = row(KEYS, "IPV6_DEFAULTGW");
/// `NETMASK`.
pub const NETMASK: u16 = row(KEYS, "NETMASK");
/// `PREFIX`.
pub const PREFIX: u16 = row(KEYS, "PREFIX");
/// `SEARCH`.
pub const SEARCH: u16 = row(KEYS, "SEARCH");
/// `SLAVE`.
pub const SLAVE: u16 = row(KEYS, "SLAVE");
/// `TYPE`.
pub const TYPE: u16 = row(KEYS, "TYPE");

/// The keys. Rows that end with `*` stand last, so that an exact name is found before them.
#[rustfmt::skip]
pub const KEYS: &[Key<Field>] = &[
    read("DEVICE", Field::Device, "name of the link"),
    read("HWADDR", Field::Part, "MAC of the link; with DEVICE a MAC rule: the link is renamed"),
    read("TYPE", Field::Type, "Ethernet or InfiniBand; files of other kinds are refused"),
    read("DEVICETYPE", Field::DeviceType, "Team, TeamPort and ovs are refused"),
    read("ONBOOT", set(Kind::Flag, LINK, LinkFlag::Onboot as u8), "whether `up` brings the link up and requires it (yes)"),
    read("BOOTPROTO", Field::Bootproto, "none, static, dhcp, bootp (dhcp, and BOOTP servers may answer) or autoip, any case (none)"),
    numbered("IPADDR", Field::Addr, "IPv4 address"),
    numbered("PREFIX", Field::Part, "prefix length of IPADDRn; beats NETMASKn"),
    numbered("NETMASK", Field::Part, "netmask of IPADDRn; without either the address class"),
    numbered("BROADCAST", Field::Part, "broadcast address of IPADDRn where it is not the usual one"),
    numbered("GATEWAY", Field::Part, "IPv4 default gateway; the last one counts"),
    read("DEFROUTE", set(Kind::Flag, V4, IpFlag::DefaultRoute as u8), "whether the link may carry the IPv4 default route, that of DHCPv4 too (yes)"),
    read("PEERDNS", set(Kind::Flag, V4, IpFlag::PeerDns as u8), "whether name servers of DHCPv4 are used (yes)"),
    read("PEERROUTES", set(Kind::Flag, V4, IpFlag::PeerRoutes as u8), "whether routes of DHCPv4 are used, the default route included (yes)"),
    numbered("DNS", Field::Part, "name server of either family"),
    read("DOMAIN", Field::Part, "search domains"),
    read("SEARCH", Field::Part, "search domains where DOMAIN is not set"),
    read("MTU", set(Kind::Mtu, LINK, LinkNumber::Mtu as u8), "MTU in octets"),
    read("MACADDR", set(Kind::Mac, LINK, 0), "MAC to give the link"),
    read("METRIC", set(Kind::Number, FILE, FileNumber::Metric as u8), "metric of IPv4 routes where IPV4_ROUTE_METRIC is not set"),
    read("IPV4_ROUTE_METRIC", set(Kind::Number, V4, IpNumber::Metric as u8), "metric of IPv4 routes without their own"),
    read("IPV4_ROUTE_TABLE", set(Kind::Positive, V4, IpNumber::Table as u8), "table of IPv4 routes without their own"),
    read("IPV4_FAILURE_FATAL", set(Kind::Flag, FILE, FileFlag::Fatal4 as u8), "whether IPv4 is required when IPv6 is configured too (no)"),
    read("IPV4_DHCP_TIMEOUT", set(Kind::Positive, V4, IpNumber::DhcpTimeout as u8), "seconds for DHCPv4"),
    read("DHCP_HOSTNAME", set(Kind::Text(Said::Hostname), V4, IpText::Hostname as u8), "host name to send"),
    read("DHCP_SEND_HOSTNAME", set(Kind::Flag, LINK, LinkFlag::SendHostname as u8), "whether a host name is sent (yes)"),
    read("DHCP_CLIENT_ID", set(Kind::Text(Said::Id), LINK, LinkText::ClientId as u8), "client identifier of DHCPv4: octets as 01:02:03, the first its type; mac; or a text (mac)"),
    read("DHCP_VENDOR_CLASS_IDENTIFIER", set(Kind::Text(Said::Class), LINK, LinkText::VendorClass as u8), "vendor class of DHCPv4 (option 60)"),
    read("DHCP_USER_CLASS", set(Kind::Text(Said::Class), LINK, LinkText::UserClass as u8), "user class of DHCPv4 (option 77); no other reader knows this key"),
    read("DHCPRELEASE", set(Kind::Flag, LINK, LinkFlag::Release as u8), "whether `down` gives the lease back (no)"),
    read("ARPCHECK", set(Kind::Flag, FILE, FileFlag::ArpCheck as u8), "whether an address of DHCPv4 is used only if nobody else has it (no); no beats ARPING_WAIT"),
    read("ARPING_WAIT", set(Kind::Number, FILE, FileNumber::ArpingWait as u8), "seconds to ask who has it (3), and asks; 0: do not"),
    read("ACD_TIMEOUT", set(Kind::Number, FILE, FileNumber::AcdTimeout as u8), "the same in milliseconds; beats both"),
    read("DEVTIMEOUT", set(Kind::Seconds, LINK, LinkNumber::DeviceTimeout as u8), "seconds to wait for the device"),
    read("NOZEROCONF", Field::LaterIfNo, "`no` asks for the route 169.254.0.0/16, which is not made yet"),
    read("IPV6INIT", set(Kind::Flag, FILE, FileFlag::Init6 as u8), "yes: configure IPv6; no: ignore IPv6 keys; unset: the kernel's defaults"),
    read("IPV6_DISABLED", set(Kind::Flag, FILE, FileFlag::Disabled6 as u8), "no IPv6 at all (no)"),
    read("IPV6_AUTOCONF", set(Kind::Flag, FILE, FileFlag::Autoconf6 as u8), "router discovery (yes unless IPV6FORWARDING)"),
    read("IPV6FORWARDING", set(Kind::Flag, FILE, FileFlag::Forwarding6 as u8), "default of IPV6_AUTOCONF; forwarding itself is not touched"),
    read("DHCPV6C", set(Kind::Flag, FILE, FileFlag::Dhcp6 as u8), "DHCPv6 where IPV6_AUTOCONF=no (no)"),
    read("IPV6ADDR", Field::Addr, "IPv6 addresses, /64 where no length is given"),
    read("IPV6ADDR_SECONDARIES", Field::Addr, "more IPv6 addresses"),
    read("IPV6_DEFAULTGW", Field::Part, "IPv6 default gateway, ADDRESS or ADDRESS%DEVICE"),
    read("IPV6_DEFAULTDEV", Field::Part, "the link that carries the IPv6 default route"),
    read("IPV6_DEFROUTE", set(Kind::Flag, V6, IpFlag::DefaultRoute as u8), "whether the link may carry the IPv6 default route (yes)"),
    read("IPV6_PEERDNS", set(Kind::Flag, V6, IpFlag::PeerDns as u8), "whether name servers of RA and DHCPv6 are used (yes)"),
    read("IPV6_PEERROUTES", set(Kind::Flag, V6, IpFlag::PeerRoutes as u8), "whether routes of RA are used (yes)"),
    read("IPV6_FAILURE_FATAL", set(Kind::Flag, FILE, FileFlag::Fatal6 as u8), "whether IPv6 is required when IPv4 is configured too (no)"),
    read("IPV6_ROUTE_METRIC", set(Kind::Number, V6, IpNumber::Metric as u8), "metric of IPv6 routes without their own"),
    read("IPV6_ROUTE_TABLE", set(Kind::Positive, V6, IpNumber::Table as u8), "table of IPv6 routes without their own"),
    read("IPV6_DHCP_TIMEOUT", set(Kind::Positive, V6, IpNumber::DhcpTimeout as u8), "seconds for DHCPv6"),

    read("VLAN", Field::VirtualIfYes, "a VLAN: refused"),
    read("BONDING_MASTER", Field::VirtualIfYes, "a bond: refused"),
    read("BONDING_OPTS", Field::VirtualIfSet, "a bond: refused"),
    read("MASTER", Field::Port, "a port of a bond: refused unless SLAVE=no"),
    read("SLAVE", Field::Part, "no: not a port"),
    read("BRIDGE", Field::VirtualIfSet, "a port of a bridge: refused"),
    read("TEAM_CONFIG", Field::VirtualIfSet, "a team: refused"),
    read("TEAM_MASTER", Field::VirtualIfSet, "a port of a team: refused"),
    read("OVS_BRIDGE", Field::VirtualIfSet, "a port of Open vSwitch: refused"),
    read("VRF", Field::VirtualIfSet, "a port of a VRF: refused"),
    read("PKEY", Field::VirtualIfYes, "an InfiniBand partition: refused"),
    read("IPV6TUNNELIPV4", Field::VirtualIfSet, "a SIT tunnel: refused"),
    read("ESSID", Field::ForeignIfSet, "wireless: refused"),
    read("KEY_MGMT", Field::ForeignIfSet, "802.1X or wireless: refused"),
    read("DCB", Field::ForeignIfYes, "data centre bridging: refused"),

    ignored("NAME", MEANINGLESS, "a label"),
    ignored("UUID", MEANINGLESS, "NetworkManager's identity"),
    ignored("NM_CONTROLLED", MEANINGLESS, "who else may configure the link"),
    ignored("USERCTL", MEANINGLESS, "whether users may bring it up"),
    ignored("USERS", MEANINGLESS, "which users"),
    ignored("HOTPLUG", MEANINGLESS, "whether udev brings it up"),
    ignored("ZONE", MEANINGLESS, "firewalld's zone"),
    ignored("NETWORK", MEANINGLESS, "follows from address and mask"),
    ignored("BOOT", MEANINGLESS, "never had a meaning"),
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
    ignored("PARENTDEVICE", MEANINGLESS, "alias files"),
    ignored("ONPARENT", MEANINGLESS, "alias files"),
    ignored("NO_ALIASROUTING", MEANINGLESS, "alias files"),

    ignored("IPV6_ADDR_GEN_MODE", KERNEL, "how interface identifiers are made"),
    ignored("IPV6_PRIVACY", KERNEL, "temporary addresses"),
    ignored("IPV6_FORCE_ACCEPT_RA", KERNEL, "router discovery while forwarding"),
    ignored("IPV6_ROUTER", KERNEL, "forwarding"),

    ignored("LINKDELAY", LATER, "extra wait for carrier"),
    ignored("LINKSTATUS", LATER, "leave the link down"),
    ignored("ETHTOOL_OPTS", LATER, "ethtool settings"),
    ignored("ETHTOOL_DELAY", LATER, "wait after ethtool"),
    ignored("ETHTOOL_WAKE_ON_LAN", LATER, "wake-on-LAN"),
    ignored("ARPCHECK#", LATER, "duplicate address detection of static addresses"),
    ignored("ARPING_TRIES", LATER, "duplicate address detection of static addresses"),
    ignored("SRCADDR", LATER, "source address of the default route"),
    ignored("SCOPE", LATER, "scope of the addresses"),
    ignored("WINDOW", LATER, "TCP window of the default route"),
    ignored("EXTRA_ROUTE_OPTS", LATER, "options of the default route"),
    ignored("NOROUTESET", LATER, "no route files"),
    ignored("PROMISC", LATER, "promiscuous mode"),
    ignored("ALLMULTI", LATER, "all multicast"),
    ignored("ARP", LATER, "ARP on or off"),
    ignored("ACCEPT_ALL_MAC_ADDRESSES", LATER, "promiscuous mode"),
    ignored("GENERATE_MAC_ADDRESS_MASK", LATER, "random MAC"),
    ignored("HWADDR_BLACKLIST", LATER, "MACs the file is not for"),
    ignored("DHCP_FQDN", LATER, "DHCP option 81"),
    ignored("DHCP_IAID", LATER, "DHCP option 61"),
    ignored("DHCP_REJECT_SERVERS", LATER, "servers not to take"),
    ignored("DHCLIENT_IGNORE_GATEWAY", LATER, "no default route from DHCP"),
    ignored("IPV4_REQUIRED_TIMEOUT", LATER, "wait for IPv4 (ms)"),
    ignored("IPV6_REQUIRED_TIMEOUT", LATER, "wait for IPv6 (ms)"),
    ignored("IPV6_RA_TIMEOUT", LATER, "seconds for router discovery"),
    ignored("GATEWAY_PING_TIMEOUT", LATER, "wait for the gateway"),
    ignored("IPV4_LINK_LOCAL", LATER, "RFC 3927"),
    ignored("IPV6_TOKEN", LATER, "interface identifier"),
    ignored("IPV6_MTU", LATER, "IPv6 MTU"),
    ignored("IPV6_DOMAIN", LATER, "search domains"),
    ignored("RES_OPTIONS", LATER, "options of resolv.conf"),
    ignored("IPV6_RES_OPTIONS", LATER, "options of resolv.conf"),
    ignored("ROUTING_RULE_#", LATER, "IPv4 rule"),
    ignored("ROUTING_RULE6_#", LATER, "IPv6 rule"),
    ignored("GATEWAYDEV", LATER, "belongs in /etc/sysconfig/network"),
    ignored("SUBCHANNELS", LATER, "s390 device"),
    ignored("NETTYPE", LATER, "s390 device"),
    ignored("PORTNAME", LATER, "s390 device"),
    ignored("CTCPROT", LATER, "s390 device"),
    ignored("OPTIONS", LATER, "s390 device"),
    ignored("CONNECTED_MODE", LATER, "InfiniBand connected mode"),
    ignored("QDISC#", LATER, "traffic control"),
    ignored("FILTER#", LATER, "traffic control"),
    ignored("TC_COMMIT", LATER, "traffic control"),
    ignored("IPADDR_START", LATER, "range files"),
    ignored("IPADDR_END", LATER, "range files"),
    ignored("CLONENUM_START", LATER, "range files"),
    ignored("IPV6TO4INIT", LATER, "6to4"),

    ignored("PHYSDEV", OTHER_KIND, "VLAN, InfiniBand partition"),
    ignored("VID", OTHER_KIND, "VLAN"),
    ignored("REORDER_HDR", OTHER_KIND, "VLAN"),
    ignored("GVRP", OTHER_KIND, "VLAN"),
    ignored("MVRP", OTHER_KIND, "VLAN"),
    ignored("PKEY_ID", OTHER_KIND, "InfiniBand partition"),
    ignored("PKEY_ID_NM", OTHER_KIND, "InfiniBand partition"),
    ignored("STP", OTHER_KIND, "bridge"),
    ignored("DELAY", OTHER_KIND, "bridge"),
    ignored("PRIO", OTHER_KIND, "bridge"),
    ignored("AGEING", OTHER_KIND, "bridge"),
    ignored("BRIDGING_OPTS", OTHER_KIND, "bridge and its ports"),
    ignored("MASTER_UUID", OTHER_KIND, "port"),
    ignored("TEAM_MASTER_UUID", OTHER_KIND, "port"),
    ignored("TEAM_PORT_CONFIG", OTHER_KIND, "port"),
    ignored("BOND_IFACES", OTHER_KIND, "Open vSwitch"),
    ignored("OWNER", OTHER_KIND, "TAP"),
    ignored("PEER", OTHER_KIND, "veth"),
    ignored("TTL", OTHER_KIND, "tunnel"),
    ignored("KEY#", OTHER_KIND, "tunnel, wireless"),
    ignored("IPV6TUNNELIPV4LOCAL", OTHER_KIND, "tunnel"),
    ignored("MODE", OTHER_KIND, "wireless"),
    ignored("NWID", OTHER_KIND, "wireless"),
    ignored("FREQ", OTHER_KIND, "wireless"),
    ignored("CHANNEL", OTHER_KIND, "wireless"),
    ignored("RATE", OTHER_KIND, "wireless"),
    ignored("BAND", OTHER_KIND, "wireless"),
    ignored("SECURITYMODE", OTHER_KIND, "wireless"),
    ignored("DEFAULTKEY", OTHER_KIND, "wireless"),

    ignored("VLAN_*", OTHER_KIND, "VLAN"),
    ignored("BRIDGE_*", OTHER_KIND, "bridge and its ports"),
    ignored("BOND_PORT_*", OTHER_KIND, "port of a bond"),
    ignored("OVS_*", OTHER_KIND, "Open vSwitch"),
    ignored("MY_*", OTHER_KIND, "tunnel"),
    ignored("PEER_*", OTHER_KIND, "tunnel"),
    ignored("WPA_*", OTHER_KIND, "wireless"),
    ignored("CIPHER_*", OTHER_KIND, "wireless"),
    read("IEEE_8021X_*", Field::ForeignIfSet, "802.1X: refused"),
    read("DCB_*", Field::ForeignIfSet, "data centre bridging: refused"),
    ignored("NM_USER_*", MEANINGLESS, "user data"),
    ignored("AUTOCONNECT_*", MEANINGLESS, "NetworkManager's profiles"),
    ignored("HOSTNAME_*", MEANINGLESS, "where NetworkManager takes the host name from"),
    ignored("IPV6TO4_*", LATER, "6to4"),
    ignored("DHCPV6_*", LATER, "DHCPv6 options"),
    ignored("MATCH_*", LATER, "other ways to choose a link"),
    ignored("SRIOV_*", LATER, "virtual functions"),
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
    fn prefixes_stand_last() {
        let first = KEYS.iter().position(|key| key.name.ends_with('*')).unwrap();
        assert!(KEYS[first..].iter().all(|key| key.name.ends_with('*')));
    }
}
