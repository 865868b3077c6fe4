//! Kinds and options of links: the table of `model::attr` against the kernel's header, what is written of it octet by
//! octet, what is compared, and all of it on the kernel of this machine, in a network namespace of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

#[cfg(test)]
#[path = "support/real_kernel.rs"]
mod real_kernel;

use ifdawn::diag::{LineBuf, Origin};
use ifdawn::engine::Engine;
use ifdawn::machine::Machine;
use ifdawn::model::attr::{ATTRS, Attr, Form, Kind, Place, Scope, Value, When};
use ifdawn::model::config::{LinkConfig, LinkId, LinkMatch, SourceKind};
use ifdawn::model::link::{IfName, LinkKind, Mac};
use ifdawn::model::observed::Link;
use ifdawn::text::show::{Show, Text};
use ifdawn::wire::netlink::{NLA_F_NESTED, Writer, attr_in, attrs};
use ifdawn::wire::rtnetlink::info::{self, Differs, Options, Pick};
use ifdawn::wire::rtnetlink::link::{self, Made, Request};
use ifdawn::wire::rtnetlink::{RTM_DELLINK, RTM_NEWLINK};
use real_kernel::Namespace;

type Small = Machine<4, 8, 4, 64, 8, 64, 16, 4096>;

const LINK: LinkId = LinkId::new(0);

fn name(text: &str) -> IfName {
    IfName::new(text.as_bytes()).unwrap()
}

/// Whose options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Those of a link of this kind.
    Own(LinkKind),
    /// Those of a port of one.
    Port(LinkKind),
}

/// Which, and what there is.
#[derive(Clone, Copy, Debug)]
enum Wanted<'a> {
    All,
    Differing(&'a [u8]),
    Joined,
    Stp,
}

/// A value in its canonical form.
fn value(engine: &mut Engine<'_>, attr: Attr, text: &str) -> Value {
    let kind = attr.row().1;
    if kind >= Kind::Name {
        return Value::Text(engine.config.keep_same(text.as_bytes()).unwrap());
    }
    let word = kind.words().position(text.as_bytes());
    Value::Number(word.map_or_else(|| text.parse().unwrap(), |word| word as u32))
}

/// Whose options: those of a link, or of a port.
fn scope(part: Part) -> Scope {
    match part {
        Part::Own(kind) => kind.scope(),
        Part::Port(LinkKind::Bond) => Scope::BondPort,
        Part::Port(_) => Scope::BridgePort,
    }
}

/// The number of the link itself.
const BOND: u32 = 5;

/// Does something with a configuration of one link, `x` on `lower0`, with these options: "name value name value".
/// The kernel has `lower0` as number 7, and `port0` as 8, which is a port of it, and `other0` as 9, which
/// is one of another link.
fn with<R>(part: Part, options: &str, act: impl FnOnce(&Engine<'_>) -> R) -> R {
    let mut machine = Box::new(Small::new());
    let mut engine = machine.engine();
    let mut config =
        LinkConfig::matching(LinkMatch::Name(name("x")), SourceKind::Ifcfg, Origin::NONE);
    config.lower = Some(LinkMatch::Name(name("lower0")));
    if let Part::Own(kind) = part {
        config.kind = kind;
    }
    assert_eq!(engine.config.add_link(&config), Some(LINK));
    let words: Vec<_> = options.split_whitespace().collect();
    for [name, text] in words.as_chunks().0 {
        let attr = Attr::find(scope(part), name.as_bytes());
        let attr = attr.unwrap_or_else(|| panic!("{name}"));
        let value = value(&mut engine, attr, text);
        engine
            .config
            .set_attr(LINK, attr, value, Origin::NONE)
            .unwrap();
    }
    for (number, text, master) in [(7, "lower0", 0), (8, "port0", BOND), (9, "other0", 6)] {
        engine
            .observed
            .links
            .push(Link {
                master,
                ..Link::new(number, name(text))
            })
            .unwrap();
    }
    act(&engine)
}

/// What is written, and what was missing.
fn put(part: Part, options: &str, wanted: Wanted<'_>) -> (Vec<u8>, Differs) {
    with(part, options, |engine| put_of(engine, part, wanted))
}

fn options<'a>(engine: &'a Engine<'_>, part: Part, wanted: Wanted<'a>) -> Options<'a> {
    let (kind, is_port) = match part {
        Part::Own(kind) => (kind, false),
        Part::Port(kind) => (kind, true),
    };
    let (pick, have) = match wanted {
        Wanted::All => (Pick::All, &b"not looked at"[..]),
        Wanted::Differing(have) => (Pick::Differing, have),
        Wanted::Joined => (Pick::Joined, &[][..]),
        Wanted::Stp => (Pick::Stp, &[][..]),
    };
    Options {
        config: &engine.config,
        observed: &engine.observed,
        id: LINK,
        ifindex: BOND,
        lower: 7,
        kind,
        is_port,
        pick,
        have,
    }
}

fn put_of(engine: &Engine<'_>, part: Part, wanted: Wanted<'_>) -> (Vec<u8>, Differs) {
    let mut to = heapless::Vec::<u8, { info::OCTETS }>::new();
    let differs = options(engine, part, wanted).put(&mut to, &mut |_| {});
    (to.to_vec(), differs)
}

/// The names of the options that are written.
fn told(part: Part, text: &str, wanted: Wanted<'_>) -> Vec<String> {
    with(part, text, |engine| {
        let mut to = heapless::Vec::<u8, { info::OCTETS }>::new();
        let mut names = vec![];
        options(engine, part, wanted).put(&mut to, &mut |option| {
            names.push(option.attr.name().to_string());
        });
        names
    })
}

/// What differs from `have`.
fn differs(part: Part, options: &str, have: &[u8]) -> Differs {
    put(part, options, Wanted::Differing(have)).1
}

/// A request about a link.
fn request(kind: u16, ifindex: u32, made: Option<Made<'_>>, info: &[u8]) -> Vec<u8> {
    let written = |fill| {
        let mut buffer = [fill; 2_048];
        let mut w = Writer::new(&mut buffer);
        let request = Request {
            kind,
            ifindex,
            flags: [0, 0],
            made,
            attr: link::IFLA_LINKINFO | NLA_F_NESTED,
        };
        request.put(&mut w, 1, info).unwrap();
        w.acknowledge_last();
        w.written().to_vec()
    };
    let octets = written(0xa5);
    assert_eq!(octets, written(0), "the fill shows");
    octets
}

/// The request for such a link.
fn made(kind: LinkKind, options: &str, ifindex: u32, text: &str, lower: u32) -> Vec<u8> {
    let (info, _) = put(Part::Own(kind), options, Wanted::All);
    let made = Made {
        name: &name(text),
        lower,
        mac: &Mac::NONE,
    };
    request(RTM_NEWLINK, ifindex, Some(made), &info)
}

fn changed(ifindex: u32, info: &[u8]) -> Vec<u8> {
    request(RTM_NEWLINK, ifindex, None, info)
}

/// linux/if_link.h, linux/if_tunnel.h and linux/veth.h once more: option, attribute, its number, form, when it is taken.
#[rustfmt::skip]
const HEADER: &[(Scope, &str, &str, u8, Form, When)] = {
    use Form::*;
    use Scope::*;
    use When::*;
    &[
        (Vlan, "id", "IFLA_VLAN_ID", 1, U16, Made),
        (Vlan, "egress", "IFLA_VLAN_EGRESS_QOS", 3, Map, Always),
        (Vlan, "ingress", "IFLA_VLAN_INGRESS_QOS", 4, Map, Always),
        (Vlan, "protocol", "IFLA_VLAN_PROTOCOL", 5, Tag, Made),
        (Vlan, "reorder_hdr", "VLAN_FLAG_REORDER_HDR", 1, Bit, Always),
        (Vlan, "gvrp", "VLAN_FLAG_GVRP", 2, Bit, Always),
        (Vlan, "loose_binding", "VLAN_FLAG_LOOSE_BINDING", 4, Bit, Always),
        (Vlan, "mvrp", "VLAN_FLAG_MVRP", 8, Bit, Always),
        (Vlan, "bridge_binding", "VLAN_FLAG_BRIDGE_BINDING", 16, Bit, Always),
        (Bond, "mode", "IFLA_BOND_MODE", 1, U8, Empty),
        (Bond, "active_slave", "IFLA_BOND_ACTIVE_SLAVE", 2, Index, Once),
        (Bond, "miimon", "IFLA_BOND_MIIMON", 3, U32, Always),
        (Bond, "updelay", "IFLA_BOND_UPDELAY", 4, Delay, Always),
        (Bond, "downdelay", "IFLA_BOND_DOWNDELAY", 5, Delay, Always),
        (Bond, "use_carrier", "IFLA_BOND_USE_CARRIER", 6, U8, Always),
        (Bond, "arp_interval", "IFLA_BOND_ARP_INTERVAL", 7, U32, Always),
        (Bond, "arp_ip_target", "IFLA_BOND_ARP_IP_TARGET", 8, List, Always),
        (Bond, "arp_validate", "IFLA_BOND_ARP_VALIDATE", 9, U32, Always),
        (Bond, "arp_all_targets", "IFLA_BOND_ARP_ALL_TARGETS", 10, U32, Always),
        (Bond, "primary", "IFLA_BOND_PRIMARY", 11, Index, Joined),
        (Bond, "primary_reselect", "IFLA_BOND_PRIMARY_RESELECT", 12, U8, Always),
        (Bond, "fail_over_mac", "IFLA_BOND_FAIL_OVER_MAC", 13, U8, Portless),
        (Bond, "xmit_hash_policy", "IFLA_BOND_XMIT_HASH_POLICY", 14, U8, Always),
        (Bond, "resend_igmp", "IFLA_BOND_RESEND_IGMP", 15, U32, Always),
        (Bond, "num_grat_arp", "IFLA_BOND_NUM_PEER_NOTIF", 16, U8, Always),
        (Bond, "num_unsol_na", "IFLA_BOND_NUM_PEER_NOTIF", 16, U8, Always),
        (Bond, "all_slaves_active", "IFLA_BOND_ALL_SLAVES_ACTIVE", 17, U8, Always),
        (Bond, "min_links", "IFLA_BOND_MIN_LINKS", 18, U32, Always),
        (Bond, "lp_interval", "IFLA_BOND_LP_INTERVAL", 19, U32, Always),
        (Bond, "packets_per_slave", "IFLA_BOND_PACKETS_PER_SLAVE", 20, U32, Always),
        (Bond, "lacp_rate", "IFLA_BOND_AD_LACP_RATE", 21, U8, Down),
        (Bond, "ad_select", "IFLA_BOND_AD_SELECT", 22, U8, Down),
        (Bond, "ad_actor_sys_prio", "IFLA_BOND_AD_ACTOR_SYS_PRIO", 24, U16, Always),
        (Bond, "ad_user_port_key", "IFLA_BOND_AD_USER_PORT_KEY", 25, U16, Down),
        (Bond, "ad_actor_system", "IFLA_BOND_AD_ACTOR_SYSTEM", 26, Mac, Always),
        (Bond, "tlb_dynamic_lb", "IFLA_BOND_TLB_DYNAMIC_LB", 27, U8, Down),
        (Bond, "peer_notif_delay", "IFLA_BOND_PEER_NOTIF_DELAY", 28, Delay, Always),
        (Bond, "lacp_active", "IFLA_BOND_AD_LACP_ACTIVE", 29, U8, Down),
        (Bond, "arp_missed_max", "IFLA_BOND_MISSED_MAX", 30, U8, Always),
        (Bond, "ns_ip6_target", "IFLA_BOND_NS_IP6_TARGET", 31, List, Always),
        (Bond, "coupled_control", "IFLA_BOND_COUPLED_CONTROL", 32, U8, Down),
        (BondPort, "queue_id", "IFLA_BOND_SLAVE_QUEUE_ID", 5, U16, Always),
        (BondPort, "prio", "IFLA_BOND_SLAVE_PRIO", 9, U32, Always),
        (Bridge, "forward_delay", "IFLA_BR_FORWARD_DELAY", 1, Time32, Always),
        (Bridge, "hello_time", "IFLA_BR_HELLO_TIME", 2, Time32, Always),
        (Bridge, "max_age", "IFLA_BR_MAX_AGE", 3, Time32, Always),
        (Bridge, "ageing_time", "IFLA_BR_AGEING_TIME", 4, Time32, Always),
        (Bridge, "stp", "IFLA_BR_STP_STATE", 5, U32, Always),
        (Bridge, "priority", "IFLA_BR_PRIORITY", 6, U16, Always),
        (Bridge, "vlan_filtering", "IFLA_BR_VLAN_FILTERING", 7, U8, Always),
        (Bridge, "vlan_protocol", "IFLA_BR_VLAN_PROTOCOL", 8, Tag, Always),
        (Bridge, "group_fwd_mask", "IFLA_BR_GROUP_FWD_MASK", 9, U16, Always),
        (Bridge, "group_address", "IFLA_BR_GROUP_ADDR", 20, Mac, Always),
        (Bridge, "multicast_router", "IFLA_BR_MCAST_ROUTER", 22, U8, Always),
        (Bridge, "multicast_snooping", "IFLA_BR_MCAST_SNOOPING", 23, U8, Always),
        (Bridge, "multicast_query_use_ifaddr", "IFLA_BR_MCAST_QUERY_USE_IFADDR", 24, U8, Always),
        (Bridge, "multicast_querier", "IFLA_BR_MCAST_QUERIER", 25, U8, Always),
        (Bridge, "hash_max", "IFLA_BR_MCAST_HASH_MAX", 27, U32, Always),
        (Bridge, "multicast_last_member_count", "IFLA_BR_MCAST_LAST_MEMBER_CNT", 28, U32, Always),
        (Bridge, "multicast_startup_query_count", "IFLA_BR_MCAST_STARTUP_QUERY_CNT", 29, U32, Always),
        (Bridge, "multicast_last_member_interval", "IFLA_BR_MCAST_LAST_MEMBER_INTVL", 30, Time64, Always),
        (Bridge, "multicast_membership_interval", "IFLA_BR_MCAST_MEMBERSHIP_INTVL", 31, Time64, Always),
        (Bridge, "multicast_querier_interval", "IFLA_BR_MCAST_QUERIER_INTVL", 32, Time64, Always),
        (Bridge, "multicast_query_interval", "IFLA_BR_MCAST_QUERY_INTVL", 33, Time64, Always),
        (Bridge, "multicast_query_response_interval", "IFLA_BR_MCAST_QUERY_RESPONSE_INTVL", 34, Time64, Always),
        (Bridge, "multicast_startup_query_interval", "IFLA_BR_MCAST_STARTUP_QUERY_INTVL", 35, Time64, Always),
        (Bridge, "default_pvid", "IFLA_BR_VLAN_DEFAULT_PVID", 39, U16, Always),
        (Bridge, "vlan_stats_enabled", "IFLA_BR_VLAN_STATS_ENABLED", 41, U8, Always),
        (BridgePort, "priority", "IFLA_BRPORT_PRIORITY", 2, U16, Always),
        (BridgePort, "path_cost", "IFLA_BRPORT_COST", 3, U32, Always),
        (BridgePort, "hairpin_mode", "IFLA_BRPORT_MODE", 4, U8, Always),
        (BridgePort, "multicast_fast_leave", "IFLA_BRPORT_FAST_LEAVE", 7, U8, Always),
        (BridgePort, "learning", "IFLA_BRPORT_LEARNING", 8, U8, Always),
        (BridgePort, "unicast_flood", "IFLA_BRPORT_UNICAST_FLOOD", 9, U8, Always),
        (BridgePort, "proxyarp", "IFLA_BRPORT_PROXYARP", 10, U8, Always),
        (BridgePort, "multicast_router", "IFLA_BRPORT_MULTICAST_ROUTER", 25, U8, Always),
        (BridgePort, "multicast_flood", "IFLA_BRPORT_MCAST_FLOOD", 27, U8, Always),
        (BridgePort, "neigh_suppress", "IFLA_BRPORT_NEIGH_SUPPRESS", 32, U8, Always),
        (BridgePort, "isolated", "IFLA_BRPORT_ISOLATED", 33, U8, Always),
        (Ib, "pkey", "IFLA_IPOIB_PKEY", 1, Pkey, Made),
        (Ib, "connected", "IFLA_IPOIB_MODE", 2, U16, Always),
        (Tunnel, "local", "IFLA_GRE_LOCAL", 6, Addr, Always),
        (Tunnel, "remote", "IFLA_GRE_REMOTE", 7, Addr, Always),
        (Tunnel, "ttl", "IFLA_GRE_TTL", 8, U8, Always),
        (Tunnel, "key", "IFLA_GRE_IKEY", 4, Key, Always),
        (Macvlan, "mode", "IFLA_MACVLAN_MODE", 1, Power, Always),
        (Vxlan, "id", "IFLA_VXLAN_ID", 1, U32, Made),
        (Vxlan, "remote", "IFLA_VXLAN_GROUP", 2, Addr, Always),
        (Vxlan, "group", "IFLA_VXLAN_GROUP", 2, Addr, Always),
        (Vxlan, "local", "IFLA_VXLAN_LOCAL", 4, Addr, Always),
        (Vxlan, "port", "IFLA_VXLAN_PORT", 15, Be16, Made),
        (Vrf, "table", "IFLA_VRF_TABLE", 1, U32, Made),
        (Pair, "peer", "VETH_INFO_PEER", 1, Peer, Made),
    ]
};

#[test]
fn places_are_those_of_the_kernels_header() {
    for (scope, name, _) in ATTRS {
        let attr = Attr::of(*scope, name);
        let row = HEADER.iter().find(|row| (row.0, row.1) == (*scope, name));
        let want = row.map_or(Place::NONE, |row| Place {
            number: row.3,
            form: row.4,
            when: row.5,
        });
        assert_eq!(attr.place(), want, "{scope:?} {name}");
    }
    let found = HEADER
        .iter()
        .filter(|row| Attr::find(row.0, row.1.as_bytes()).is_some());
    assert_eq!(found.count(), HEADER.len());
}

/// The constants of C enumerations.
fn enumerated(text: &str) -> std::collections::HashMap<&str, u32> {
    let mut all = std::collections::HashMap::new();
    let mut next = 0;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("enum") {
            next = 0;
        }
        let word = line.split([',', ' ', '\t']).next().unwrap_or("");
        if line.starts_with("enum") || !word.starts_with(['I', 'V']) || line.ends_with(';') {
            continue;
        }
        if let Some((_, number)) = line.split_once('=') {
            let number = number.trim().trim_end_matches(',').trim();
            let hex = number
                .strip_prefix("0x")
                .map(|hex| u32::from_str_radix(hex, 16));
            next = hex.unwrap_or_else(|| number.parse()).unwrap_or(next);
        }
        all.insert(word, next);
        next += 1;
    }
    all
}

#[test]
fn and_of_the_one_installed_here() {
    let mut checked = 0;
    for file in ["if_link.h", "if_tunnel.h", "if_vlan.h"] {
        let Ok(text) = std::fs::read_to_string(format!("/usr/include/linux/{file}")) else {
            continue;
        };
        let numbers = enumerated(&text);
        for (_, name, constant, number, ..) in HEADER {
            if let Some(have) = numbers.get(constant) {
                assert_eq!(*have, u32::from(*number), "{name} {constant}");
                checked += 1;
            }
        }
    }
    println!("{checked} of {}", HEADER.len());
    assert!(checked == 0 || checked > 80);
}

/// The options in a payload of `IFLA_LINKINFO`: type and octets of each.
fn data(part: Part, info: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let number = match part {
        Part::Own(_) => 2,
        Part::Port(_) => 5,
    };
    let options = attrs(attr_in(info, number));
    options
        .map(|attr| (attr.kind, attr.payload.to_vec()))
        .collect()
}

fn nested(items: &[(u16, &[u8])]) -> Vec<u8> {
    let one = |(kind, octets): &(u16, &[u8])| {
        let len = (octets.len() + 4) as u16;
        [&len.to_ne_bytes(), &kind.to_ne_bytes(), *octets].concat()
    };
    items.iter().flat_map(one).collect()
}

fn n32(value: u32) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}

const fn own(kind: LinkKind) -> Part {
    Part::Own(kind)
}

#[test]
fn each_form_is_written_as_the_kernel_reads_it() {
    use LinkKind::*;
    let pair = |from, to| [n32(from), n32(to)].concat();
    let v6 = |last| [&[0xfd][..], &[0; 14], &[last]].concat();
    let mut peer = [[0; 4], 8_u32.to_ne_bytes(), [0; 4], [0; 4]].concat();
    peer.extend(nested(&[(3, b"port0")]));
    peer.resize(28, 0);
    type Case<'a> = (Part, &'a str, &'a [(u16, Vec<u8>)]);
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        (own(Vlan), "id 5 protocol 802.1ad gvrp 1 loose_binding 0 bridge_binding 1 egress 0:1,2:9 ingress 9:8", &[
            (1, vec![5, 0]), (5, vec![0x88, 0xa8]),
            (3, nested(&[(1, &pair(0, 1)), (1, &pair(2, 1))])),
            (4, nested(&[(1, &pair(1, 8))])),
            (2, pair(18, 22)),
        ]),
        (own(Vlan), "protocol 802.1Q", &[(5, vec![0x81, 0])]),
        (own(Bond), "mode 802.3ad miimon 100 updelay 250 ad_user_port_key 1023 ad_actor_system 02:00:00:00:00:01 arp_validate all", &[
            (1, vec![4]), (3, n32(100)), (4, n32(250)), (25, vec![0xff, 3]), (26, vec![2, 0, 0, 0, 0, 1]), (9, n32(3)),
        ]),
        (own(Team), "mode active-backup primary port0 active_slave port0 arp_ip_target 192.0.2.1,192.0.2.2 ns_ip6_target fd00::1", &[
            (1, vec![1]),
            (8, nested(&[(0, &[192, 0, 2, 1]), (1, &[192, 0, 2, 2])])),
            (31, nested(&[(0, &v6(1))])),
        ]),
        (Part::Port(Bond), "queue_id 3 prio -5", &[(5, vec![3, 0]), (9, n32(u32::MAX - 4))]),
        (own(Bridge), "stp 1 forward_delay 0 priority 100 multicast_querier_interval 12501 hash_elasticity 3", &[
            (5, n32(1)), (1, n32(200)), (6, vec![100, 0]), (32, 12_501_u64.to_ne_bytes().to_vec()),
        ]),
        (own(Bridge), "stp 0 forward_delay 0", &[(5, n32(0)), (1, n32(0))]),
        (own(Bridge), "forward_delay 9000 stp 1", &[(1, n32(3_000)), (5, n32(1))]),
        (Part::Port(Bridge), "priority 32 path_cost 100 hairpin_mode 1", &[(2, vec![32, 0]), (3, n32(100)), (4, vec![1])]),
        (own(Infiniband), "pkey 6 connected 1", &[(1, vec![6, 0x80]), (2, vec![1, 0])]),
        (own(Macvlan), "mode bridge", &[(1, n32(4))]),
        (own(Macvtap), "mode source", &[(1, n32(16))]),
        (own(Ipvlan), "mode private", &[(2, vec![1, 0])]),
        (own(Ipvlan), "mode vepa", &[(2, vec![2, 0])]),
        (own(Ipvlan), "mode bridge", &[(2, vec![0, 0])]),
        (own(Vrf), "table 10", &[(1, n32(10))]),
        (own(Veth), "peer port0", &[(1, peer)]),
        (own(Vxlan), "id 5 port 4789 remote 192.0.2.2", &[
            (3, n32(7)), (1, n32(5)), (15, vec![0x12, 0xb5]), (2, vec![192, 0, 2, 2]),
        ]),
        (own(Vxlan), "local fd00::1 group fd00::2", &[(3, n32(7)), (17, v6(1)), (16, v6(2))]),
        (own(Ipip), "local 192.0.2.1 remote 192.0.2.2 ttl 9 key 5", &[
            (1, n32(7)), (2, vec![192, 0, 2, 1]), (3, vec![192, 0, 2, 2]), (4, vec![9]), (9, vec![0]),
        ]),
        (own(Sit), "remote 192.0.2.2", &[(1, n32(7)), (3, vec![192, 0, 2, 2]), (4, vec![0]), (9, vec![0])]),
        (own(Gre), "remote 192.0.2.2 ttl 9 key 5", &[
            (1, n32(7)), (7, vec![192, 0, 2, 2]), (8, vec![9]),
            (2, vec![0x20, 0]), (4, vec![0, 0, 0, 5]), (3, vec![0x20, 0]), (5, vec![0, 0, 0, 5]),
        ]),
        (own(Ip6tnl), "remote fd00::2", &[(1, n32(7)), (3, v6(2)), (4, vec![64]), (6, vec![4])]),
        (own(Ip6gre), "ttl 9", &[(1, n32(7)), (8, vec![9]), (11, vec![4])]),
        (own(Dummy), "", &[]),
    ];
    for (part, options, want) in cases {
        let (info, differs) = put(*part, options, Wanted::All);
        let sorted = |mut all: Vec<(u16, Vec<u8>)>| {
            all.sort();
            all
        };
        let have = sorted(data(*part, &info));
        assert_eq!(have, sorted(want.to_vec()), "{part:?} {options}");
        let is_some = !want.is_empty();
        assert_eq!(attrs(&info).count(), 2);
        assert_eq!(differs.when.is_some(), is_some, "{part:?} {options}");
        assert_eq!(differs.joined, options.contains("primary"));
    }
    let (info, _) = put(
        own(Team),
        "primary port0 active_slave gone0 mode 1",
        Wanted::Joined,
    );
    assert_eq!(data(own(Team), &info), [(11, n32(8))]);
    for (part, number, word) in [
        (own(Team), 1, "bond"),
        (own(Infiniband), 1, "ipoib"),
        (Part::Port(Bridge), 4, "bridge"),
        (Part::Port(Team), 4, "bond"),
    ] {
        let (info, _) = put(part, "", Wanted::All);
        assert_eq!(attr_in(&info, number), word.as_bytes());
        if let Part::Own(kind) = part {
            assert!(info::is_kind(&info, kind) && !info::is_kind(&info, Bridge));
        }
    }
}

/// As a kernel shows a link.
fn shown(part: Part, options: &[(u16, &[u8])]) -> Vec<u8> {
    let (info, _) = put(part, "", Wanted::All);
    let kind = attrs(&info).next().unwrap();
    let mut items = vec![];
    for (number, octets) in options {
        items.extend(nested(&[(*number, *octets)]));
        items.resize(items.len().next_multiple_of(4), 0);
    }
    let mut all = nested(&[(kind.kind, kind.payload)]);
    all.resize(all.len().next_multiple_of(4), 0);
    all.extend(nested(&[(kind.kind + 1, &items)]));
    all
}

#[test]
fn what_the_kernel_makes_of_a_value_is_no_difference() {
    use LinkKind::*;
    let pair = |from, to| nested(&[(1, &[n32(from), n32(to)].concat())]);
    type Case<'a> = (
        Part,
        &'a str,
        &'a [(u16, &'a [u8])],
        Option<(When, &'a str)>,
    );
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        // ticks
        (own(Bridge), "ageing_time 12345", &[(4, &n32(12_344))], None),
        (own(Bridge), "ageing_time 12345", &[(4, &n32(12_346))], Some((When::Always, "ageing_time"))),
        (own(Bridge), "ageing_time 12345", &[(4, &n32(12_343))], Some((When::Always, "ageing_time"))),
        (own(Bridge), "multicast_query_interval 0", &[(33, &[0; 8])], None),
        // multiples of miimon, which the delays follow
        (own(Bond), "miimon 100 updelay 250", &[(3, &n32(100)), (4, &n32(200))], None),
        (own(Bond), "updelay 250", &[(3, &n32(100)), (4, &n32(200))], None),
        (own(Bond), "updelay 250", &[(3, &n32(50)), (4, &n32(200))], Some((When::Always, "updelay"))),
        (own(Bond), "updelay 200 miimon 50", &[(3, &n32(100)), (4, &n32(200))], Some((When::Always, "updelay"))),
        // what is not shown
        (own(Bridge), "vlan_filtering 1", &[], None),
        (own(Bond), "ad_actor_system 02:00:00:00:00:01", &[], None),
        (own(Bond), "arp_ip_target 192.0.2.1", &[], Some((When::Always, "arp_ip_target"))),
        (own(Vlan), "gvrp 0 mvrp 0", &[], None),
        (own(Vlan), "gvrp 0 mvrp 1", &[], Some((When::Always, "mvrp"))),
        (own(Vlan), "gvrp 0", &[(2, &[3, 0, 0, 0, 255, 255, 255, 255])], Some((When::Always, "gvrp"))),
        (own(Vlan), "gvrp 1", &[(2, &[3, 0, 0, 0, 255, 255, 255, 255])], None),
        // maps
        (own(Vlan), "egress 1:2", &[(3, &[pair(0, 5), pair(1, 2)].concat())], None),
        (own(Vlan), "egress 1:3", &[(3, &pair(1, 2))], Some((When::Always, "egress"))),
        (own(Vlan), "egress 1:0", &[(3, &pair(2, 2))], None),
        (own(Vlan), "egress 1:0", &[(3, &pair(1, 2))], Some((When::Always, "egress"))),
        (own(Vlan), "ingress 1:0", &[], None),
        (own(Vlan), "ingress 1:1", &[], Some((When::Always, "ingress"))),
        // the hardest counts, and of those the first
        (own(Bond), "miimon 1 lacp_rate 1 ad_select 1", &[(3, &n32(2)), (21, &[0]), (22, &[0])], Some((When::Down, "lacp_rate"))),
        (own(Bond), "fail_over_mac 1 mode 2", &[(1, &[1]), (13, &[0])], Some((When::Empty, "mode"))),
        (own(Bond), "fail_over_mac 1 mode 1", &[(1, &[1]), (13, &[0])], Some((When::Portless, "fail_over_mac"))),
        (own(Vlan), "id 5", &[(1, &[6, 0])], Some((When::Made, "id"))),
        // modes that cannot be left
        (own(Macvlan), "mode bridge", &[(1, &n32(2))], Some((When::Always, "mode"))),
        (own(Macvlan), "mode bridge", &[(1, &n32(8))], Some((When::Made, "mode"))),
        (own(Macvlan), "mode passthru", &[(1, &n32(1))], Some((When::Made, "mode"))),
        (own(Macvlan), "mode passthru", &[(1, &n32(8))], None),
        // families, and whether a tunnel has another end
        (own(Vxlan), "remote fd00::1", &[(2, &[192, 0, 2, 1]), (3, &n32(7))], Some((When::Made, "remote"))),
        (own(Vxlan), "remote 192.0.2.2", &[(2, &[192, 0, 2, 1]), (3, &n32(7))], Some((When::Always, "remote"))),
        (own(Vxlan), "remote 192.0.2.2", &[(3, &n32(7))], Some((When::Always, "remote"))),
        (own(Gre), "remote 192.0.2.2", &[(7, &[0; 4]), (1, &n32(7))], Some((When::Made, "remote"))),
        (own(Gre), "remote 192.0.2.2", &[(7, &[192, 0, 2, 1]), (1, &n32(7))], Some((When::Always, "remote"))),
        (own(Sit), "remote 192.0.2.2", &[(3, &[0; 4]), (1, &n32(7))], Some((When::Made, "remote"))),
        (own(Gretap), "remote 192.0.2.2", &[(7, &[0; 4]), (1, &n32(7))], Some((When::Always, "remote"))),
        (own(Ipip), "ttl 5", &[(1, &n32(7)), (4, &[5])], None),
        // the link below
        (own(Gre), "ttl 5", &[(1, &n32(9)), (8, &[5])], Some((When::Always, ""))),
        (own(Veth), "peer port0", &[], None),
        (Part::Port(Bond), "prio -5", &[(9, &n32(u32::MAX - 4))], None),
        (Part::Port(Bond), "prio -5", &[(9, &n32(5))], Some((When::Always, "prio"))),
    ];
    for (part, options, have, want) in cases {
        let differs = differs(*part, options, &shown(*part, have));
        let want = want.map(|(when, text)| {
            (
                when,
                (!text.is_empty()).then(|| Attr::of(scope(*part), text)),
            )
        });
        let got = differs.when.map(|when| (when, differs.attr));
        assert_eq!(got, want, "{part:?} {options} {have:?}");
    }
    for (options, have, joined) in [
        ("primary port0", None, true),
        ("primary port0", Some(7), true),
        ("primary port0", Some(8), false),
        ("primary lower0", Some(8), false),
        ("primary lower0", None, false),
        ("primary other0", None, false),
        ("primary gone0", Some(7), false),
        ("active_slave port0", Some(7), false),
    ] {
        let have = have.map(|number| shown(own(Bond), &[(11, &n32(number)), (2, &n32(number))]));
        let differs = differs(own(Bond), options, &have.unwrap_or_default());
        assert_eq!(
            differs,
            Differs {
                joined,
                ..Differs::default()
            },
            "{options}"
        );
    }
}

#[test]
fn only_what_differs_is_sent_but_of_a_tunnel_all() {
    use LinkKind::*;
    let have = shown(
        own(Bond),
        &[(1, &[1]), (3, &n32(100)), (4, &n32(200)), (12, &[1])],
    );
    let options = "mode 1 miimon 50 updelay 200 primary_reselect 2 gone 0".replace(" gone 0", "");
    let (info, _) = put(own(Bond), &options, Wanted::Differing(&have));
    assert_eq!(
        data(own(Bond), &info),
        [(3, n32(50)), (4, n32(200)), (12, vec![2])]
    );
    let have = shown(own(Gre), &[(1, &n32(7)), (7, &[192, 0, 2, 2]), (8, &[9])]);
    let options = "remote 192.0.2.2 ttl 9";
    let (info, _) = put(own(Gre), options, Wanted::Differing(&have));
    assert_eq!(data(own(Gre), &info), []);
    let options = "remote 192.0.2.2 ttl 8";
    let (info, _) = put(own(Gre), options, Wanted::Differing(&have));
    assert_eq!(
        data(own(Gre), &info),
        [(1, n32(7)), (7, vec![192, 0, 2, 2]), (8, vec![8])]
    );
    let have = shown(own(Vlan), &[(2, &[1, 0, 0, 0, 255, 255, 255, 255])]);
    let (info, _) = put(own(Vlan), "reorder_hdr 1 gvrp 0", Wanted::Differing(&have));
    assert_eq!(data(own(Vlan), &info), []);
    let (info, _) = put(own(Vlan), "reorder_hdr 1 gvrp 1", Wanted::Differing(&have));
    assert_eq!(data(own(Vlan), &info), [(2, [n32(3), n32(3)].concat())]);
}

#[test]
fn each_option_that_is_written_is_told_of_once() {
    use LinkKind::*;
    let have = shown(
        own(Bond),
        &[(1, &[1]), (3, &n32(100)), (4, &n32(200)), (12, &[1])],
    );
    let gre = shown(own(Gre), &[(1, &n32(7)), (8, &[9])]);
    for (part, options, pick, want) in [
        (
            own(Bond),
            "mode 1 miimon 50 updelay 200 primary port0",
            Wanted::All,
            "mode miimon updelay",
        ),
        (
            own(Bond),
            "mode 1 miimon 50 updelay 200 primary port0",
            Wanted::Joined,
            "primary",
        ),
        (
            own(Bond),
            "mode 1 miimon 50 updelay 200 primary port0",
            Wanted::Differing(&have),
            "miimon updelay",
        ),
        (
            own(Vlan),
            "id 5 gvrp 1 mvrp 0 egress 0:1",
            Wanted::All,
            "id gvrp mvrp egress",
        ),
        (
            own(Vlan),
            "gvrp 1 mvrp 0 egress 0:1",
            Wanted::Differing(&[]),
            "gvrp egress",
        ),
        (
            own(Gre),
            "remote 192.0.2.1 key 5 ttl 9",
            Wanted::All,
            "remote key ttl",
        ),
        (own(Gre), "ttl 9", Wanted::Differing(&gre), ""),
        (
            own(Gre),
            "remote 192.0.2.1 key 5 ttl 9",
            Wanted::Differing(&gre),
            "remote key ttl",
        ),
        (own(Ip6tnl), "ttl 9", Wanted::All, "ttl"),
        (own(Bridge), "stp 0 forward_delay 0", Wanted::Stp, "stp"),
    ] {
        assert_eq!(
            told(part, options, pick).join(" "),
            want,
            "{part:?} {options} {pick:?}"
        );
    }
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as u32 % sides
    }

    fn ip(&mut self, is_six: bool) -> String {
        let last = self.roll(250) + 1;
        if is_six {
            format!("fd00::{last:x}")
        } else {
            format!("192.0.2.{last}")
        }
    }

    fn ips(&mut self, is_six: bool) -> String {
        let count = self.roll(16) + 1;
        let all: Vec<_> = (0..count).map(|_| self.ip(is_six)).collect();
        all.join(",")
    }

    fn value(&mut self, part: Part, name: &str, kind: Kind) -> String {
        let is_six = matches!(part, Part::Own(LinkKind::Ip6tnl | LinkKind::Ip6gre));
        match kind {
            Kind::Bool => self.roll(2).to_string(),
            Kind::Octet | Kind::Count => (self.roll(200) + 1).to_string(),
            Kind::Router => self.roll(3).to_string(),
            Kind::PortPriority => self.roll(64).to_string(),
            Kind::Key => self.roll(1_024).to_string(),
            Kind::Vlan | Kind::Pvid => (self.roll(4_094) + 1).to_string(),
            Kind::Hello => (self.roll(901) + 100).to_string(),
            Kind::MaxAge => (self.roll(3_401) + 600).to_string(),
            Kind::Short | Kind::Port => (self.roll(65_535) + 1).to_string(),
            Kind::Any | Kind::Natural | Kind::Positive | Kind::Vni => {
                (self.roll(0xff_ffff) + 1).to_string()
            }
            Kind::Name => "port0".to_owned(),
            Kind::Mac => format!("02:00:00:00:00:{:02x}", self.roll(256)),
            Kind::Ip | Kind::Ip6 => self.ip(is_six),
            Kind::IpList4 => self.ips(false),
            Kind::IpList6 => self.ips(true),
            Kind::Signed => (self.roll(2_000) as i32 - 1_000).to_string(),
            Kind::Map => (0..8)
                .map(|n| format!("{n}:{}", self.roll(7) + 1))
                .collect::<Vec<_>>()
                .join(","),
            Kind::Text
            | Kind::Duplex
            | Kind::Status
            | Kind::Dad
            | Kind::CarrierLoss
            | Kind::AddrGenMode
            | Kind::Privacy => panic!("{name}"),
            Kind::Mode
            | Kind::Validate
            | Kind::Targets
            | Kind::Reselect
            | Kind::FailOverMac
            | Kind::Hash
            | Kind::LacpRate
            | Kind::Select
            | Kind::Protocol
            | Kind::Macvlan => {
                let most = kind.words().to_string().split(',').count() as u32;
                let most = if part == own(LinkKind::Ipvlan) {
                    3
                } else {
                    most
                };
                self.roll(most).to_string()
            }
        }
    }
}

#[test]
fn what_was_written_is_no_difference_and_any_other_value_is_one() {
    use LinkKind::*;
    let parts: Vec<_> = [
        Infiniband, Vlan, Bond, Team, Bridge, Dummy, Macvlan, Macvtap, Ipvlan, Vrf, Vxlan, Veth,
        Ipip, Gre, Gretap, Sit, Ip6tnl, Ip6gre,
    ]
    .map(own)
    .into_iter()
    .chain([Part::Port(Bond), Part::Port(Bridge)])
    .collect();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for round in 0..20 {
        for part in &parts {
            let rows: Vec<_> = HEADER
                .iter()
                // which are the same attributes as others, and what is not compared
                .filter(|row| row.0 == scope(*part) && !matches!(row.1, "num_unsol_na" | "group"))
                .filter(|_| round == 0 || dice.roll(3) > 0)
                .collect();
            let mut values: Vec<_> = rows
                .iter()
                .map(|row| dice.value(*part, row.1, Attr::of(row.0, row.1).row().1))
                .collect();
            let text = |values: &[String]| -> String {
                let pairs = rows.iter().zip(values);
                pairs
                    .map(|(row, value)| format!("{} {value} ", row.1))
                    .collect()
            };
            let before = text(&values);
            let (have, all) = put(*part, &before, Wanted::All);
            assert!(all.when.is_some() || data(*part, &have).is_empty());
            let none = differs(*part, &before, &have);
            assert_eq!((none.when, none.attr), (None, None), "{part:?} {before}");
            let (nothing, _) = put(*part, &before, Wanted::Differing(&have));
            assert_eq!(data(*part, &nothing), []);
            // and octets that were cut
            with(*part, &before, |engine| {
                for len in 0..have.len() {
                    let cut = &have[..len];
                    put_of(engine, *part, Wanted::Differing(cut));
                }
            });
            let Some(n) = (!rows.is_empty()).then(|| dice.roll(rows.len() as u32) as usize) else {
                continue;
            };
            let row = rows[n];
            values[n] = dice.value(*part, row.1, Attr::of(row.0, row.1).row().1);
            let after = text(&values);
            let (other, _) = put(*part, &after, Wanted::All);
            if other == have || matches!(row.4, Form::Peer) {
                continue;
            }
            let found = differs(*part, &after, &have);
            let (sent, _) = put(*part, &after, Wanted::Differing(&have));
            assert!(!data(*part, &sent).is_empty(), "{part:?} {before} {after}");
            let attr = found.attr.unwrap();
            let form = attr.place().form;
            // which depend on it
            let is_delay =
                row.1 == "miimon" && form == Form::Delay || row.1 == "stp" && form == Form::Time32;
            assert!(
                is_delay || attr == Attr::of(row.0, row.1),
                "{part:?} {after}"
            );
            assert!(found.when >= Some(row.5), "{part:?} {after}");
        }
    }
}

#[test]
fn this_kernel_makes_them_and_changes_them() {
    use LinkKind::*;
    let Some(mut kernel) = Namespace::new() else {
        return;
    };
    for (index, text) in [(7, "lower0"), (6, "bridge0")] {
        assert_eq!(kernel.send(&made(Bridge, "stp 0", index, text, 0)), "0");
    }
    assert_eq!(kernel.run("ip link add index 8 name port0 type veth peer name port1; ip link set port0 master bridge0"), "");
    #[rustfmt::skip]
    let cases = [
        (own(Bridge), 900, 0, BRIDGE, "priority 7 multicast_querier 1 stp 0 forward_delay 0"),
        (own(Veth), 910, 0, "peer va1", "peer va1"),
        (own(Macvlan), 901, 7, "mode vepa", "mode private"),
        (own(Vxlan), 902, 0, "id 5 port 4789 local 192.0.2.1 remote 192.0.2.2", "id 5 port 4789 local 192.0.2.9 remote 192.0.2.3"),
        (own(Vxlan), 903, 0, "id 6 port 4789 local fd00::1 remote fd00::2", "id 6 port 4789 remote fd00::3"),
        (Part::Port(Bridge), 8, 0, "priority 8", BRIDGE_PORT),
    ];
    for (part, index, lower, first, then) in cases {
        if let Part::Own(kind) = part {
            let text = format!("x{index}");
            assert_eq!(
                kernel.send(&made(kind, first, index, &text, lower)),
                "0",
                "{first}"
            );
            assert_eq!(
                kernel.send(&made(kind, first, index, &text, lower)),
                "17",
                "EEXIST"
            );
        }
        for options in [first, then, then] {
            let shown = kernel.link(index);
            let link = link::decode(&shown).unwrap();
            // that of a VXLAN is said among its options
            let lies_on = if index == 902 || index == 903 {
                7
            } else {
                lower
            };
            assert_eq!((link.lower, link.txqlen), (lies_on, 1_000));
            let have = attr_in(&shown[16..], link::IFLA_LINKINFO).to_vec();
            let found = differs(part, options, &have);
            assert!(found.when <= Some(When::Always), "{options}: {found:?}");
            let (info, _) = put(part, options, Wanted::Differing(&have));
            assert_eq!(found.when.is_some(), !data(part, &info).is_empty());
            if part == own(Bridge) && options.contains("stp 0") {
                // as a request of its own: see `plan::encode`
                let (stp, _) = put(part, options, Wanted::Stp);
                assert_eq!(data(part, &stp), [(5, n32(0))]);
                assert_eq!(kernel.send(&changed(index, &stp)), "0");
            }
            if found.when.is_some() {
                let said = kernel.send(&changed(index, &info));
                assert_eq!(said, "0", "{options} {:?}", data(part, &info));
            }
            let shown = kernel.link(index);
            let have = attr_in(&shown[16..], link::IFLA_LINKINFO).to_vec();
            assert_eq!(
                differs(part, options, &have),
                Differs::default(),
                "{options}"
            );
            // and ip(8) calls them so
            assert_eq!(kernel.run(&ip_link(part, index, options)), "", "{options}");
            let shown = kernel.link(index);
            let again = attr_in(&shown[16..], link::IFLA_LINKINFO);
            let but_timers = |info| {
                let mut all = data(part, info);
                all.retain(|(number, _)| {
                    !matches!(part, Part::Own(Bridge)) || !(16..20).contains(number)
                });
                all
            };
            assert_eq!(but_timers(again), but_timers(&have), "{options}");
        }
    }
    let unmake = request(RTM_DELLINK, 7, None, &[]);
    assert_eq!(kernel.send(&unmake), "0");
    assert_eq!(kernel.send(&unmake), "19", "ENODEV");
    assert!(
        kernel.run("ip link show x901").contains("does not exist"),
        "it went with what it lay on"
    );
}

struct IpWord(Attr);

impl Show for IpWord {
    fn show(&self, f: &mut Text<'_>) {
        self.0.show_ip_word(f);
    }
}

/// As ip(8) would set options of a link that is there.
fn ip_link(part: Part, index: u32, options: &str) -> String {
    let (name, kind) = match part {
        Part::Own(LinkKind::Veth) => return String::new(),
        Part::Own(kind) => (format!("x{index}"), kind.kernel_word().to_string()),
        Part::Port(kind) => ("port0".to_owned(), format!("{}_slave", kind.kernel_word())),
    };
    let words: Vec<_> = options.split_whitespace().collect();
    let mut said = String::new();
    for [option, text] in words.as_chunks().0 {
        // which no VXLAN can have otherwise
        if kind == "vxlan" && matches!(*option, "id" | "port") {
            continue;
        }
        let attr = Attr::of(scope(part), option);
        let text = match (part, attr.row().1, *text) {
            (Part::Port(_), Kind::Bool, "1") => "on",
            (Part::Port(_), Kind::Bool, _) => "off",
            (.., text) => text,
        };
        let mut word = LineBuf::<64>::new();
        word.show(&IpWord(attr));
        said += &format!(" {} {text}", String::from_utf8_lossy(word.as_bytes()));
    }
    format!("ip link set dev {name} type {kind}{said}")
}

const BRIDGE: &str = "stp 1 forward_delay 1501 hello_time 300 max_age 1999 ageing_time 12345 priority 100 \
    group_fwd_mask 8 group_address 01:80:c2:00:00:05 multicast_router 2 multicast_snooping 1 multicast_querier 0 \
    multicast_query_use_ifaddr 1 hash_max 512 multicast_last_member_count 3 multicast_last_member_interval 101 \
    multicast_membership_interval 26001 multicast_querier_interval 25501 multicast_query_interval 12501 \
    multicast_query_response_interval 1001 multicast_startup_query_count 3 multicast_startup_query_interval 3125";
const BRIDGE_PORT: &str = "priority 9 path_cost 77 hairpin_mode 1 isolated 1 learning 0 unicast_flood 0 \
    multicast_flood 0 multicast_fast_leave 1 multicast_router 2 proxyarp 1 neigh_suppress 1";
