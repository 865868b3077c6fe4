//! The octets of netlink: neli as an independent referee of what we encode, captures of Linux 6.18 for
//! what we decode, and octets that nobody would send.
//!
//! Where neli does not know a number, it is compared with the literal one of the uapi header named beside
//! it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

#[path = "support/link_change.rs"]
mod link_change;

use ifdawn::diag::Errno;
use ifdawn::diag::Origin;
use ifdawn::machine::Machine;
use ifdawn::model::addr::{Cidr, Family};
use ifdawn::model::attr::{Attr as LinkAttr, Value};
use ifdawn::model::config::{Dad, LinkConfig, LinkMatch, SourceKind};
use ifdawn::model::desired::FOREVER;
use ifdawn::model::desired::{DesiredLink, Thing, What};
use ifdawn::model::knob::{ABSENT, Knob, Knobs};
use ifdawn::model::link::{IfName, Mac};
use ifdawn::model::observed::{IFF_LOWER_UP, IFF_NOARP, IFF_UP, KernelKind, Link};
use ifdawn::model::route::{PROTOCOL, Reach, Route, RouteKind};
use ifdawn::plan::{Act, Phase};
use ifdawn::wire::netlink::*;
use ifdawn::wire::rtnetlink::addr;
use ifdawn::wire::rtnetlink::info;
use ifdawn::wire::rtnetlink::link::{self, Admin, Made, Request};
use ifdawn::wire::rtnetlink::route;
use ifdawn::wire::rtnetlink::{self, *};
use link_change::LinkChange;
use neli::consts::nl::{NlmF, Nlmsg, NlmsgerrAttr};
use neli::consts::rtnl::{
    Arphrd, Ifa, IfaF, Iff, Ifla, IflaInfo, RtAddrFamily, RtScope, RtTable, Rta, RtaType, Rtm,
    RtmF, Rtn,
};
use neli::nl::{NlPayload, Nlmsghdr};
use neli::rtnl::{Ifaddrmsg, Ifinfomsg, Rtmsg};
use neli::types::{Buffer, NlBuffer, RtBuffer};
use neli::{FromBytesWithInput, Size};
use std::io::Cursor;
use std::net::IpAddr;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn cidr(text: &str) -> Cidr {
    let (addr, len) = text.split_once('/').unwrap();
    Cidr::new(ip(addr), len.parse().unwrap()).unwrap()
}

fn name(text: &str) -> IfName {
    IfName::new(text.as_bytes()).unwrap()
}

fn addr(ifindex: u32, text: &str) -> Thing {
    Thing::addr(ifindex, &cidr(text), &None, Origin::NONE)
}

fn peer(ifindex: u32, text: &str, peer: &str) -> Thing {
    Thing::addr(ifindex, &cidr(text), &Some(ip(peer)), Origin::NONE)
}

fn route_of(ifindex: u32, route: &Route) -> Thing {
    Thing::route(ifindex, route, Origin::NONE)
}

/// What is read of `thing`.
fn seen(thing: Thing) -> Seen {
    let mut thing = thing;
    if thing.what == What::Addr {
        thing.route.via = thing.route.via.or(Some(thing.route.dst.addr));
        thing.route.protocol = 0;
    }
    Seen {
        thing,
        is_plain: true,
        flags: 0,
    }
}

fn octets(addr: &IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

/// What `request` writes, whatever was in the buffer before.
fn encode(request: impl Fn(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
    let written = |fill: u8| {
        let mut buffer = [fill; 512];
        let mut w = Writer::new(&mut buffer);
        request(&mut w).unwrap();
        assert_eq!(w.requests(), 1);
        w.written().to_vec()
    };
    let octets = written(0xa5);
    assert_eq!(octets, written(0), "the fill shows");
    assert_eq!(octets, written(0xff), "the fill shows");
    octets
}

/// The one request in `octets` as neli reads it: flags, seq and payload.
fn referee<P>(octets: &[u8], kind: Rtm) -> (NlmF, u32, P)
where
    P: FromBytesWithInput<Input = usize> + Size + Clone,
{
    let mut cursor = Cursor::new(octets);
    let buffer = NlBuffer::<Rtm, P>::from_bytes_with_input(&mut cursor, octets.len()).unwrap();
    let messages: Vec<Nlmsghdr<Rtm, P>> = buffer.into_iter().collect();
    let [message] = &messages[..] else {
        panic!("{} messages", messages.len());
    };
    assert_eq!(message.nl_type(), &kind);
    assert_eq!(*message.nl_len() as usize, octets.len());
    assert_eq!(*message.nl_pid(), 0);
    let NlPayload::Payload(payload) = message.nl_payload() else {
        panic!("no payload");
    };
    (*message.nl_flags(), *message.nl_seq(), payload.clone())
}

/// The attributes as neli reads them, as pairs.
fn pairs<T: RtaType + Copy>(attrs: &RtBuffer<T, Buffer>) -> Vec<(T, Vec<u8>)> {
    let pair = |attr: &neli::rtnl::Rtattr<T, Buffer>| {
        (*attr.rta_type(), attr.rta_payload().as_ref().to_vec())
    };
    attrs.iter().map(pair).collect()
}

fn num(value: u32) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}

#[test]
fn constants_are_those_of_neli() {
    for (ours, theirs) in [
        (NLM_F_REQUEST, NlmF::REQUEST),
        (NLM_F_MULTI, NlmF::MULTI),
        (NLM_F_ACK, NlmF::ACK),
        (NLM_F_DUMP_INTR, NlmF::DUMP_INTR),
        (NLM_F_DUMP_FILTERED, NlmF::DUMP_FILTERED),
        (NLM_F_DUMP, NlmF::DUMP),
        (NLM_F_REPLACE, NlmF::REPLACE),
        (NLM_F_EXCL, NlmF::EXCL),
        (NLM_F_CREATE, NlmF::CREATE),
        (NLM_F_CAPPED, NlmF::CAPPED),
        (NLM_F_ACK_TLVS, NlmF::ACK_TLVS),
    ] {
        assert_eq!(ours, u16::from(theirs));
    }
    for (ours, theirs) in [
        (NLMSG_NOOP, u16::from(Nlmsg::Noop)),
        (NLMSG_ERROR, u16::from(Nlmsg::Error)),
        (NLMSG_DONE, u16::from(Nlmsg::Done)),
        (NLMSG_OVERRUN, u16::from(Nlmsg::Overrun)),
        (NLMSGERR_ATTR_MSG, u16::from(NlmsgerrAttr::Msg)),
        (RTM_NEWLINK, u16::from(Rtm::Newlink)),
        (RTM_DELLINK, u16::from(Rtm::Dellink)),
        (RTM_GETLINK, u16::from(Rtm::Getlink)),
        (RTM_SETLINK, u16::from(Rtm::Setlink)),
        (RTM_NEWADDR, u16::from(Rtm::Newaddr)),
        (RTM_DELADDR, u16::from(Rtm::Deladdr)),
        (RTM_GETADDR, u16::from(Rtm::Getaddr)),
        (RTM_NEWROUTE, u16::from(Rtm::Newroute)),
        (RTM_DELROUTE, u16::from(Rtm::Delroute)),
        (RTM_GETROUTE, u16::from(Rtm::Getroute)),
        (link::IFLA_ADDRESS, u16::from(Ifla::Address)),
        (link::IFLA_IFNAME, u16::from(Ifla::Ifname)),
        (link::IFLA_MTU, u16::from(Ifla::Mtu)),
        (link::IFLA_LINK, u16::from(Ifla::Link)),
        (link::IFLA_MASTER, u16::from(Ifla::Master)),
        (link::IFLA_LINKINFO, u16::from(Ifla::Linkinfo)),
        (link::IFLA_TXQLEN, u16::from(Ifla::Txqlen)),
        (link::IFLA_LINK_NETNSID, u16::from(Ifla::LinkNetnsid)),
        (link::IFLA_EXT_MASK, u16::from(Ifla::ExtMask)),
        (link::IFLA_PROP_LIST, u16::from(Ifla::PropList)),
        (link::IFLA_ALT_IFNAME, u16::from(Ifla::AltIfname)),
        (link::IFLA_PERM_ADDRESS, u16::from(Ifla::PermAddress)),
        (link::IFLA_INFO_KIND, u16::from(IflaInfo::Kind)),
        (info::IFLA_INFO_DATA, u16::from(IflaInfo::Data)),
        (info::IFLA_INFO_SLAVE_KIND, u16::from(IflaInfo::SlaveKind)),
        (info::IFLA_INFO_SLAVE_DATA, u16::from(IflaInfo::SlaveData)),
        (addr::IFA_ADDRESS, u16::from(Ifa::Address)),
        (addr::IFA_LOCAL, u16::from(Ifa::Local)),
        (addr::IFA_BROADCAST, u16::from(Ifa::Broadcast)),
        (addr::IFA_CACHEINFO, u16::from(Ifa::Cacheinfo)),
        (addr::IFA_FLAGS, u16::from(Ifa::Flags)),
        (route::RTA_DST, u16::from(Rta::Dst)),
        (route::RTA_OIF, u16::from(Rta::Oif)),
        (route::RTA_GATEWAY, u16::from(Rta::Gateway)),
        (route::RTA_PRIORITY, u16::from(Rta::Priority)),
        (route::RTA_PREFSRC, u16::from(Rta::Prefsrc)),
        (route::RTA_MULTIPATH, u16::from(Rta::Multipath)),
        (route::RTA_TABLE, u16::from(Rta::Table)),
    ] {
        assert_eq!(ours, theirs);
    }
    for (ours, theirs) in [
        (AF_UNSPEC, u8::from(RtAddrFamily::Unspecified)),
        (AF_INET, u8::from(RtAddrFamily::Inet)),
        (AF_INET6, u8::from(RtAddrFamily::Inet6)),
        (RT_SCOPE_UNIVERSE, u8::from(RtScope::Universe)),
        (RT_SCOPE_LINK, u8::from(RtScope::Link)),
        (RT_SCOPE_HOST, u8::from(RtScope::Host)),
        (RT_SCOPE_NOWHERE, u8::from(RtScope::Nowhere)),
        (route::RT_TABLE_UNSPEC, u8::from(RtTable::Unspec)),
        (RouteKind::Unicast.number(), u8::from(Rtn::Unicast)),
        (RouteKind::Local.number(), u8::from(Rtn::Local)),
        (RouteKind::Broadcast.number(), u8::from(Rtn::Broadcast)),
        (RouteKind::Multicast.number(), u8::from(Rtn::Multicast)),
        (RouteKind::Blackhole.number(), u8::from(Rtn::Blackhole)),
        (RouteKind::Unreachable.number(), u8::from(Rtn::Unreachable)),
        (RouteKind::Prohibit.number(), u8::from(Rtn::Prohibit)),
        (RouteKind::Throw.number(), u8::from(Rtn::Throw)),
    ] {
        assert_eq!(ours, theirs);
    }
    for (ours, theirs) in [
        (addr::IFA_F_SECONDARY, IfaF::SECONDARY),
        (addr::IFA_F_NODAD, IfaF::NODAD),
        (addr::IFA_F_DADFAILED, IfaF::DADFAILED),
        (addr::IFA_F_TENTATIVE, IfaF::TENTATIVE),
        (addr::IFA_F_PERMANENT, IfaF::PERMANENT),
    ] {
        assert_eq!(ours, u32::from(theirs.bits()));
    }
    assert_eq!(IFF_UP, Iff::UP.bits());
    assert_eq!(IFF_LOWER_UP, Iff::LOWERUP.bits());
    assert_eq!(route::RTM_F_CLONED, RtmF::CLONED.bits());
}

/// linux/rtnetlink.h, linux/if_addr.h, linux/if_link.h, linux/netlink.h
#[test]
fn constants_that_neli_lacks_are_those_of_the_headers() {
    assert_eq!(RTM_DELLINKPROP, 109);
    assert_eq!(link::RTEXT_FILTER_SKIP_STATS, 1 << 3);
    assert_eq!(addr::IFA_F_NOPREFIXROUTE, 0x200);
    assert_eq!(
        (route::RTA_VIA, route::RTA_ENCAP, route::RTA_NH_ID),
        (18, 22, 30)
    );
    assert_eq!(route::RTNH_F_ONLINK, 4);
    assert_eq!((NLA_F_NESTED, NLA_F_NET_BYTEORDER), (1 << 15, 1 << 14));
}

#[test]
fn dumps_are_asked_for_as_neli_reads_it() {
    let dump = NlmF::REQUEST | NlmF::DUMP;
    let octets = encode(|w| get(w, 7, RTM_GETLINK, 0));
    let (flags, seq, message): (_, _, Ifinfomsg) = referee(&octets, Rtm::Getlink);
    assert_eq!((flags, seq), (dump, 7));
    assert_eq!(message.ifi_family(), &RtAddrFamily::Unspecified);
    assert_eq!(message.ifi_type(), &Arphrd::from(0));
    assert_eq!(*message.ifi_index(), 0);
    assert_eq!(pairs(message.rtattrs()), [(Ifla::ExtMask, num(8))]);

    let octets = encode(|w| get(w, u32::MAX, RTM_GETADDR, 0));
    let (flags, seq, message): (_, _, Ifaddrmsg) = referee(&octets, Rtm::Getaddr);
    assert_eq!((flags, seq), (dump, u32::MAX));
    assert_eq!(message.ifa_family(), &RtAddrFamily::Unspecified);
    assert_eq!(*message.ifa_prefixlen(), 0);
    assert_eq!(message.ifa_flags(), &IfaF::empty());
    assert_eq!(message.ifa_scope(), &RtScope::Universe);
    assert_eq!(*message.ifa_index(), 0);
    assert_eq!(pairs(message.rtattrs()), []);

    for (table, attrs) in [
        (0, vec![]),
        (254, vec![(Rta::Table, num(254))]),
        (1_000, vec![(Rta::Table, num(1_000))]),
    ] {
        let octets = encode(|w| get(w, 9, RTM_GETROUTE, table));
        let (flags, seq, message): (_, _, Rtmsg) = referee(&octets, Rtm::Getroute);
        assert_eq!((flags, seq), (dump, 9));
        assert_eq!(message.rtm_family(), &RtAddrFamily::Unspecified);
        assert_eq!(message.rtm_table(), &RtTable::Unspec);
        let zeros = [
            message.rtm_dst_len(),
            message.rtm_src_len(),
            message.rtm_tos(),
        ];
        assert_eq!(zeros, [&0; 3]);
        assert_eq!(u8::from(*message.rtm_protocol()), 0);
        assert_eq!(message.rtm_scope(), &RtScope::Universe);
        assert_eq!(message.rtm_type(), &Rtn::Unspec);
        assert_eq!(message.rtm_flags(), &RtmF::empty());
        assert_eq!(pairs(message.rtattrs()), attrs);
    }
}

#[test]
fn links_are_changed_as_neli_reads_it() {
    let mac = Mac::new(&[2, 0, 0, 0, 0, 9]);
    let all = LinkChange {
        admin: Some(Admin::Up),
        name: Some(name("wan0")),
        mtu: Some(1_400),
        mac,
    };
    let down = LinkChange {
        admin: Some(Admin::Down),
        ..LinkChange::default()
    };
    let longest = LinkChange {
        name: Some(name("exactly15octets")),
        ..LinkChange::default()
    };
    let all_attrs = vec![
        (Ifla::Address, vec![2, 0, 0, 0, 0, 9]),
        (Ifla::Mtu, num(1_400)),
        (Ifla::Ifname, b"wan0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
    ];
    let longest_attrs = vec![(Ifla::Ifname, b"exactly15octets\0".to_vec())];
    for (change, up, mask, attrs) in [
        (all, Iff::UP, Iff::UP, all_attrs),
        (down, Iff::empty(), Iff::UP, vec![]),
        (longest, Iff::empty(), Iff::empty(), longest_attrs),
    ] {
        let octets = encode(|w| change.write(w, 3, 77));
        let (flags, seq, message): (_, _, Ifinfomsg) = referee(&octets, Rtm::Setlink);
        assert_eq!((flags, seq), (NlmF::REQUEST, 3));
        assert_eq!(message.ifi_family(), &RtAddrFamily::Unspecified);
        assert_eq!(*message.ifi_index(), 77);
        assert_eq!((message.ifi_flags(), message.ifi_change()), (&up, &mask));
        assert_eq!(pairs(message.rtattrs()), attrs);
    }
}

#[test]
fn links_are_made_changed_and_deleted_as_neli_reads_it() {
    // as `info::Options::put` writes it
    let info = b"\x08\0\x01\0vlan\x0c\0\x02\0\x06\0\x01\0\x05\0\0\0";
    let name = &name("eth0.5");
    let mac = &Mac::new(&[2, 0, 0, 0, 0, 9]).unwrap();
    let new = NlmF::REQUEST | NlmF::CREATE | NlmF::EXCL;
    let made = |lower, mac| Some(Made { name, lower, mac });
    let said = (Ifla::Ifname, name.padded().to_vec());
    let address = (Ifla::Address, mac.as_bytes().to_vec());
    for (kind, made, flags, attrs) in [
        (
            RTM_NEWLINK,
            made(7, mac),
            new,
            vec![said.clone(), address, (Ifla::Link, num(7))],
        ),
        (RTM_NEWLINK, made(0, &Mac::NONE), new, vec![said]),
        (RTM_NEWLINK, None, NlmF::REQUEST, vec![]),
        (RTM_DELLINK, None, NlmF::REQUEST, vec![]),
        (RTM_NEWLINKPROP, None, new | NlmF::APPEND, vec![]),
    ] {
        let request = Request {
            kind,
            ifindex: 900,
            flags: [IFF_UP, IFF_UP | IFF_NOARP],
            made,
            attr: link::IFLA_LINKINFO,
        };
        let octets = encode(|w| request.put(w, 3, info));
        let (have, seq, message): (_, _, Ifinfomsg) = referee(&octets, Rtm::from(kind));
        assert_eq!((have, seq), (flags, 3));
        assert_eq!(*message.ifi_index(), 900);
        assert_eq!(message.ifi_flags(), &Iff::UP);
        assert_eq!(message.ifi_change(), &(Iff::UP | Iff::NOARP));
        let mut have = pairs(message.rtattrs());
        let (last, nested) = have.pop().unwrap();
        assert_eq!((have, last), (attrs, Ifla::Linkinfo));
        let mut cursor = Cursor::new(&nested[..]);
        let nested =
            RtBuffer::<IflaInfo, Buffer>::from_bytes_with_input(&mut cursor, nested.len()).unwrap();
        let [(IflaInfo::Kind, word), (IflaInfo::Data, data)] = &pairs(&nested)[..] else {
            panic!("other attributes");
        };
        assert_eq!((&word[..], &data[..]), (&b"vlan"[..], &info[12..]));
        let empty = encode(|w| request.put(w, 3, &[]));
        assert_eq!(empty.len(), octets.len() - info.len() - 4);
    }
}

/// How a link forms IPv6 addresses is told by attributes in one of the family in `IFLA_AF_SPEC`, which neli reads as
/// attributes of any kind.
#[test]
fn how_addresses_are_formed_is_told_as_neli_reads_it() {
    let mut tables = Machine::<4, 4, 4, 16, 16, 256, 32, 256>::new();
    let mut engine = tables.engine();
    let matches = LinkMatch::Name(name("va"));
    let config = LinkConfig::matching(matches, SourceKind::Ifcfg, Origin::NONE);
    let id = engine.config.add_link(&config).unwrap();
    let token = engine.config.keep_same(b"::1:2:3:4").unwrap();
    let token = Value::Text(token);
    engine
        .config
        .set_attr(id, LinkAttr::TOKEN, token, Origin::NONE);
    let wanted = DesiredLink {
        config: Some(id),
        asks6: true,
        dad: Some(Dad::Background),
        ..DesiredLink::new(77, name("va"), Origin::NONE)
    };
    assert!(engine.desired.links.push(wanted).is_ok());
    assert!(
        engine
            .observed
            .links
            .push(Link::new(77, name("va")))
            .is_ok()
    );
    for (depth, act, kind, value) in [
        (Knob::ADDR_GEN_MODE.0, Act::SetGenMode, 8, vec![1]),
        (
            0,
            Act::SetToken,
            7,
            vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4],
        ),
    ] {
        engine.plan.clear();
        engine.plan.push_at(Phase::Attributes, depth, act, 0);
        let step = *engine.plan.steps.first().unwrap();
        let op = engine.op(step).unwrap();
        let octets = encode(|w| ifdawn::plan::encode::encode(&op, w, 3));
        let (flags, seq, message): (_, _, Ifinfomsg) = referee(&octets, Rtm::Setlink);
        assert_eq!((flags, seq, *message.ifi_index()), (NlmF::REQUEST, 3, 77));
        assert_eq!(message.ifi_change(), &Iff::empty());
        let [(kind_of_all, of_families)] = &pairs(message.rtattrs())[..] else {
            panic!("one attribute");
        };
        assert_eq!(
            u16::from(*kind_of_all),
            u16::from(Ifla::AfSpec) | NLA_F_NESTED
        );
        let [family] = &attrs(of_families).collect::<Vec<_>>()[..] else {
            panic!("one family");
        };
        // AF_INET6 of linux/socket.h, IFLA_INET6_* of linux/if_link.h
        assert_eq!(family.kind, 10);
        assert_eq!(family.payload, attr(kind, &value));
    }
}

/// The settings of IPv6 in the dump of a link: `DEVCONF_*` of linux/ipv6.h.
#[test]
fn settings_of_ipv6_are_read_from_the_dump() {
    let link = |more: &[Vec<u8>]| link::decode(&link_payload(0, more)).unwrap();
    let knobs = |numbers: &[u32]| {
        let conf: Vec<u8> = numbers.iter().flat_map(|number| num(*number)).collect();
        let inet6 = [attr(1, &num(0)), attr(2, &conf), attr(7, &[7; 16])].concat();
        // AF_INET comes first
        link(&[attr(26, &[attr(2, &num(9)), attr(10, &inet6)].concat())])
    };
    let all: Vec<u32> = (100..160).collect();
    let read = knobs(&all);
    for (knob, place) in [
        (Knob::DISABLE_IPV6, 26),
        (Knob::ACCEPT_RA, 3),
        (Knob::AUTOCONF, 5),
        (Knob::DEFAULT_ROUTE, 17),
        (Knob::ROUTE_LEN, 21),
        (Knob::METRIC, 52),
        (Knob::TEMPORARY, 10),
        (Knob::DAD_TRANSMITS, 6),
        (Knob::OPTIMISTIC, 23),
        (Knob::ACCEPT_DAD, 27),
        (Knob::MTU, 2),
        (Knob::ADDR_GEN_MODE, 47),
        (Knob::FORWARDING, 0),
    ] {
        assert_eq!(read.knobs.of(knob), 100 + place, "{knob:?}");
    }
    assert_eq!(read.token, 0x0707_0707_0707_0707);
    assert!(read.knobs.has_ipv6());
    // Linux 5.11 has no metric
    let older = knobs(all.get(..52).unwrap());
    assert_eq!(older.knobs.of(Knob::METRIC), ABSENT);
    assert_eq!(older.knobs.of(Knob::ADDR_GEN_MODE), 147);
    for without in [link(&[]), link(&[attr(26, &attr(2, &num(9)))])] {
        assert!(!without.knobs.has_ipv6() && without.token == 0);
        assert_eq!(without.knobs.of(Knob::ACCEPT_RA), ABSENT);
    }
}

#[test]
fn alternative_names_are_removed_without_excl() {
    let list = link::altname_list(&name("eno1"));
    let octets = encode(|w| {
        link::begin(w, RTM_DELLINKPROP, 3, 77, None);
        w.attr(link::IFLA_PROP_LIST | NLA_F_NESTED, &list);
        w.finish()
    });
    let (flags, seq, message): (_, _, Ifinfomsg) = referee(&octets, Rtm::from(109));
    assert_eq!((flags, seq), (NlmF::REQUEST, 3));
    assert_eq!(*message.ifi_index(), 77);
    let [(kind, list)] = &pairs(message.rtattrs())[..] else {
        panic!("not one attribute");
    };
    assert_eq!(u16::from(*kind), u16::from(Ifla::PropList) | NLA_F_NESTED);
    let mut cursor = Cursor::new(&list[..]);
    let list = RtBuffer::<Ifla, Buffer>::from_bytes_with_input(&mut cursor, list.len()).unwrap();
    let padded = b"eno1\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    assert_eq!(pairs(&list), [(Ifla::AltIfname, padded)]);
}

#[test]
fn addresses_are_added_and_removed_as_neli_reads_it() {
    let v4 = Thing {
        broadcast: "192.0.2.255".parse().unwrap(),
        ..addr(77, "192.0.2.5/24")
    };
    let peer = peer(77, "10.9.9.1/32", "10.9.9.2");
    let v6 = addr(77, "2001:db8::5/64");
    let loopback = addr(1, "127.0.0.1/8");
    let broadcast = (Ifa::Broadcast, vec![192, 0, 2, 255]);
    for (addr, family, scope, more) in [
        (v4, RtAddrFamily::Inet, RtScope::Universe, vec![broadcast]),
        (peer, RtAddrFamily::Inet, RtScope::Universe, vec![]),
        (v6, RtAddrFamily::Inet6, RtScope::Universe, vec![]),
        (loopback, RtAddrFamily::Inet, RtScope::Host, vec![]),
    ] {
        let local = octets(&addr.route.dst.addr);
        let other = addr.route.via.map_or(local.clone(), |peer| octets(&peer));
        let key = vec![(Ifa::Local, local), (Ifa::Address, other)];
        let add = NlmF::REQUEST | NlmF::CREATE | NlmF::EXCL;
        for (octets, kind, flags, attrs) in [
            (
                encode(|w| change(w, 1, Verb::Add, &addr, &[])),
                Rtm::Newaddr,
                add,
                [key.clone(), more.clone()].concat(),
            ),
            (
                encode(|w| change(w, 1, Verb::Delete, &addr, &[])),
                Rtm::Deladdr,
                NlmF::REQUEST,
                [key, more].concat(),
            ),
        ] {
            let (got_flags, seq, message): (_, _, Ifaddrmsg) = referee(&octets, kind);
            assert_eq!((got_flags, seq), (flags, 1));
            assert_eq!(message.ifa_family(), &family);
            assert_eq!(*message.ifa_prefixlen(), addr.route.dst.len);
            assert_eq!(message.ifa_flags().bits(), 0);
            assert_eq!(message.ifa_scope(), &scope);
            assert_eq!(*message.ifa_index(), addr.ifindex);
            assert_eq!(pairs(message.rtattrs()), attrs);
        }
    }
}

/// Kind and payload.
type RawAttr = (u16, Vec<u8>);

/// Routes that differ in everything a request can say, with the attributes expected beside link and table.
fn sample_routes() -> Vec<(Route, Vec<RawAttr>)> {
    let via = |dst: &str, gateway: &str| Route {
        via: Some(ip(gateway)),
        ..Route::new(cidr(dst))
    };
    let fe80_1 = octets(&ip("fe80::1"));
    let rtvia = [&10_u16.to_ne_bytes()[..], &fe80_1].concat();
    vec![
        (
            Route {
                metric: 100,
                src: Some(ip("192.0.2.5")),
                ..via("0.0.0.0/0", "192.0.2.1")
            },
            vec![
                (5, vec![192, 0, 2, 1]),
                (7, vec![192, 0, 2, 5]),
                (6, num(100)),
            ],
        ),
        (
            Route {
                tos: 0x10,
                table: 70_000,
                ..Route::new(cidr("198.51.100.0/24"))
            },
            vec![(1, vec![198, 51, 100, 0])],
        ),
        (
            Route {
                reach: Reach::Onlink,
                table: 255,
                protocol: 3,
                ..via("203.0.113.0/25", "172.16.0.1")
            },
            vec![(1, vec![203, 0, 113, 0]), (5, vec![172, 16, 0, 1])],
        ),
        (
            via("10.2.0.0/16", "fe80::1"),
            vec![(1, vec![10, 2, 0, 0]), (18, rtvia)],
        ),
        (
            Route {
                scope: Some(RT_SCOPE_HOST),
                ..Route::new(cidr("10.3.0.1/32"))
            },
            vec![(1, vec![10, 3, 0, 1])],
        ),
        (via("::/0", "fe80::1"), vec![(5, fe80_1), (6, num(1_024))]),
        (
            Route {
                metric: 5,
                ..Route::new(cidr("2001:db8::/32"))
            },
            vec![(1, octets(&ip("2001:db8::"))), (6, num(5))],
        ),
        (
            Route {
                kind: RouteKind::Blackhole,
                ..Route::new(cidr("10.66.0.0/16"))
            },
            vec![(1, vec![10, 66, 0, 0])],
        ),
    ]
}

#[test]
fn routes_are_added_and_removed_as_neli_reads_it() {
    for (route, mut attrs) in sample_routes() {
        let thing = route_of(77, &route);
        attrs.push((15, num(route.table)));
        if route.kind == RouteKind::Unicast {
            attrs.push((4, num(77)));
        }
        attrs.sort();
        let create = NlmF::REQUEST | NlmF::CREATE;
        for (octets, kind, flags, scope) in [
            (
                encode(|w| change(w, 5, Verb::Add, &thing, &[])),
                Rtm::Newroute,
                create | NlmF::EXCL,
                route::scope(&route),
            ),
            (
                encode(|w| change(w, 5, Verb::Replace, &thing, &[])),
                Rtm::Newroute,
                create | NlmF::REPLACE,
                route::scope(&route),
            ),
            (
                encode(|w| change(w, 5, Verb::Delete, &thing, &[])),
                Rtm::Delroute,
                NlmF::REQUEST,
                route.scope.unwrap_or(255),
            ),
        ] {
            let (got_flags, seq, message): (_, _, Rtmsg) = referee(&octets, kind);
            assert_eq!((got_flags, seq), (flags, 5));
            let family = match route.family() {
                Family::V4 => RtAddrFamily::Inet,
                Family::V6 => RtAddrFamily::Inet6,
            };
            assert_eq!(message.rtm_family(), &family);
            assert_eq!(*message.rtm_dst_len(), route.dst.len);
            assert_eq!(*message.rtm_src_len(), 0);
            assert_eq!(*message.rtm_tos(), route.tos);
            assert_eq!(message.rtm_table(), &RtTable::Unspec);
            assert_eq!(u8::from(*message.rtm_protocol()), route.protocol);
            assert_eq!(u8::from(*message.rtm_scope()), scope);
            assert_eq!(u8::from(*message.rtm_type()), route.kind.number());
            let onlink = u32::from(route.reach == Reach::Onlink) * 4;
            // neli has no name for the bit, so it is looked for in the octets.
            assert_eq!(octets[24..28], onlink.to_ne_bytes());
            let mut got: Vec<RawAttr> = pairs(message.rtattrs())
                .into_iter()
                .map(|(kind, payload)| (u16::from(kind), payload))
                .collect();
            got.sort();
            assert_eq!(got, attrs, "{route:?}");
        }
    }
}

#[test]
fn scopes_are_those_ip_chooses() {
    let on_link = Route::new(cidr("10.0.0.0/8"));
    let via = Route {
        via: Some(ip("192.0.2.1")),
        ..on_link
    };
    let blackhole = Route {
        kind: RouteKind::Blackhole,
        ..on_link
    };
    let asked_for = Route {
        scope: Some(RT_SCOPE_HOST),
        ..via
    };
    let v6 = Route {
        scope: Some(RT_SCOPE_HOST),
        ..Route::new(cidr("2001:db8::/32"))
    };
    assert_eq!(
        [on_link, via, blackhole, asked_for, v6].map(|route| route::scope(&route)),
        [253, 0, 0, 254, 0]
    );
}

#[test]
fn what_is_written_is_read_back() {
    for addr in [
        addr(77, "192.0.2.5/24"),
        addr(1, "127.0.0.1/8"),
        peer(77, "2001:db8::5/128", "2001:db8::6"),
        peer(u32::MAX, "192.0.2.5/8", "10.0.0.1"),
    ] {
        let octets = encode(|w| change(w, 1, Verb::Add, &addr, &[]));
        let message = messages(&octets).next().unwrap();
        assert_eq!(decode(What::Addr, message.payload), Some(seen(addr)));
    }
    for (route, _) in sample_routes() {
        let thing = route_of(77, &route);
        let octets = encode(|w| change(w, 1, Verb::Add, &thing, &[]));
        let message = messages(&octets).next().unwrap();
        let metric = route.effective_metric();
        let as_sent = Route {
            scope: Some(route::scope(&route)),
            metric,
            ..route
        };
        assert_eq!(
            decode(What::Route, message.payload),
            Some(seen(route_of(thing.oif(), &as_sent)))
        );
    }
    let change = LinkChange {
        admin: Some(Admin::Up),
        name: Some(name("wan0")),
        mtu: Some(9_000),
        mac: Mac::new(&[6; 20]),
    };
    let octets = encode(|w| change.write(w, 1, 77));
    let message = messages(&octets).next().unwrap();
    let link = Link {
        flags: IFF_UP,
        arphrd: 0,
        mtu: 9_000,
        mac: Mac::new(&[6; 20]).unwrap(),
        knobs: Knobs::NONE,
        ..Link::new(77, name("wan0"))
    };
    assert_eq!(link::decode(message.payload), Some(link));
}

#[test]
fn a_request_that_does_not_fit_leaves_no_trace() {
    let change = LinkChange {
        name: Some(name("wan0")),
        ..LinkChange::default()
    };
    let one = encode(|w| change.write(w, 1, 1));
    let route = route_of(77, &sample_routes()[0].0);
    let full = encode(|w| rtnetlink::change(w, 2, Verb::Add, &route, &[]));
    for room in 0..full.len() {
        let mut buffer = vec![0xa5; one.len() + room];
        let mut w = Writer::new(&mut buffer);
        change.write(&mut w, 1, 1).unwrap();
        let big = rtnetlink::change(&mut w, 2, Verb::Add, &route, &[]);
        assert_eq!(big, Err(Full), "room for {room} of {}", full.len());
        assert_eq!((w.written(), w.requests()), (&one[..], 1));
        w.clear();
        assert_eq!((w.written(), w.requests()), (&[][..], 0));
        // What is smaller than the one that failed still fits.
        change.write(&mut w, 1, 1).unwrap();
        assert_eq!(w.written(), one);
    }
    let mut w = Writer::new(&mut []);
    assert_eq!(get(&mut w, 1, RTM_GETLINK, 0), Err(Full));
    w.acknowledge_last();
    assert_eq!(w.written(), []);
}

#[test]
fn an_attribute_longer_than_its_length_field_does_not_fit() {
    let mut buffer = vec![0; 200_000];
    let payload = vec![1; 65_535];
    let mut w = Writer::new(&mut buffer);
    w.begin(RTM_SETLINK, 0, 1);
    w.attr(1, &payload[..65_531]);
    w.finish().unwrap();
    w.begin(RTM_SETLINK, 0, 2);
    w.attr(1, &payload);
    assert_eq!(w.finish(), Err(Full));
    assert_eq!(
        messages(w.written()).map(|m| m.seq).collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn only_the_last_request_of_a_batch_is_acknowledged() {
    let mut buffer = [0xa5; 256];
    let mut w = Writer::new(&mut buffer);
    for seq in 1..=3 {
        LinkChange::default().write(&mut w, seq, 1).unwrap();
    }
    w.begin(RTM_SETLINK, 0, 9);
    w.acknowledge_last();
    w.acknowledge_last();
    let flags: Vec<_> = messages(w.written()).map(|m| (m.seq, m.flags)).collect();
    assert_eq!(flags, [(1, 1), (2, 1), (3, 5)]);
    w.clear();
    w.acknowledge_last();
    assert_eq!(w.written(), []);
}

/// One message: header, payload and padding.
fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut octets = num(16 + payload.len() as u32);
    octets.extend(kind.to_ne_bytes());
    octets.extend(flags.to_ne_bytes());
    octets.extend(num(42));
    octets.extend(num(0));
    octets.extend(payload);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// One attribute: header, payload and padding.
fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut octets = (4 + payload.len() as u16).to_ne_bytes().to_vec();
    octets.extend(kind.to_ne_bytes());
    octets.extend(payload);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// linux/netlink.h: `nlmsgerr`; net/netlink/af_netlink.c: `netlink_ack`
#[test]
fn acknowledgements_tell_number_and_text() {
    let text = attr(1, b"mtu greater than device maximum\0");
    let offset = attr(2, &num(20));
    let request = message(RTM_SETLINK, 5, &[7; 30]);
    let header = &request[..16];
    let said = &b"mtu greater than device maximum"[..];
    let inval = (-22_i32).to_ne_bytes();
    for (kind, flags, payload, errno, expected) in [
        (2, 0x100, [&[0; 4], header].concat(), None, &b""[..]),
        (2, 0x000, [&inval, &request[..]].concat(), Some(22), b""),
        (2, 0x100, [&inval, header].concat(), Some(22), b""),
        (
            2,
            0x300,
            [&inval, header, &offset, &text].concat(),
            Some(22),
            said,
        ),
        (
            2,
            0x200,
            [&inval, &request[..], &text, &offset].concat(),
            Some(22),
            said,
        ),
        (2, 0x300, [&[0; 4], header, &text].concat(), None, said),
        // The attribute is there, but the flag is not.
        (2, 0x100, [&inval, header, &text].concat(), Some(22), b""),
        // Only the error number; nothing; too little; the worst number.
        (2, 0x200, inval.to_vec(), Some(22), b""),
        (2, 0, vec![], Some(5), b""),
        (3, 0, vec![0; 3], Some(5), b""),
        (2, 0, i32::MIN.to_ne_bytes().to_vec(), Some(i32::MIN), b""),
        (3, 0x2, vec![0; 4], None, b""),
        (3, 0x202, [&inval[..], &text].concat(), Some(22), said),
    ] {
        let octets = message(kind, flags, &payload);
        let got = messages(&octets).next().unwrap();
        assert_eq!(got.seq, 42);
        let outcome = got.outcome().unwrap();
        assert_eq!(
            (outcome.errno, outcome.said),
            (errno.map(Errno::new), expected)
        );
    }
    for kind in [NLMSG_NOOP, NLMSG_OVERRUN, RTM_NEWLINK] {
        assert_eq!(
            messages(&message(kind, 0, &[])).next().unwrap().outcome(),
            None
        );
    }
}

/// The words of a header are those of the machine; the captures are of a little-endian one.
#[cfg(target_endian = "little")]
mod captured {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.chunks(2).map(|pair| octet(pair).unwrap()).collect()
    }

    /// `va`, one end of a veth pair, with the alternative names `backup0` and one too long for a name.
    /// Statistics and the settings of address families are cut out.
    const LINK: &str = "
     a0010000100002000100000000000000000001004d00000043100100000000000700030076610000
     08000d00e803000005001000060000000500110000000000050043000000000008000400dc050000
     080032004400000008003300ffff000008001b000000000008001e000000000008003d0000000000
     08001f000200000008002800ffff0000080029000000010008003a000000010008003f0000000100
     080040000000010008003b00f8ff070008003c00ffff000008004200000000000800200002000000
     0500210001000000080023000400000008002f000200000008003000020000000600440000000000
     060045000000000005002700000000000a00010002000000000900000a000200ffffffffffff0000
     1000120009000100766574680000000008000500630000000c0006006e6f71756575650024000e00
     0000000000000000000000000000000000000000000000000000000000000000380034800c003500
     6261636b7570300026003500612d6e616d652d6c6f6e6765722d7468616e2d6669667465656e2d6f
     637465747300000004003e8004004180";

    /// `192.0.2.5/24`, `10.9.9.1 peer 10.9.9.2/32`, `2001:db8::5/64` with lifetimes and flags.
    const ADDRS: [&str; 3] = [
        "54000000140022000100000000000000021880004d00000008000100c000020508000200c0000205
         08000400c00002ff0700030076610000080008008000000014000600ffffffffffffffff1d150400
         1d150400",
        "4c000000140022000100000000000000022080004d000000080001000a090902080002000a090901
         0700030076610000080008008000000014000600ffffffffffffffff1e1504001e150400",
        "480000001400220001000000000000000a4002004d0000001400010020010db80000000000000000
         00000005140006002c010000580200001e1504001e1504000800080002020000",
    ];

    /// Default by gateway; a prefix route; two next hops; gateway of IPv6 in table 1000; IPv6.
    const ROUTES: [&str; 5] = [
        "4400000018002200010000000000000002000000fe9900010000000008000f00fe00000008000600
         6400000008000700c000020508000500c0000201080004004d000000",
        "3c00000018002200010000000000000002200000fe02fd010000000008000f00fe00000008000100
         0a090902080007000a090901080004004d000000",
        "5000000018002200010000000000000002100000fe0300010000000008000f00fe00000008000100
         0a32000024000900100000004d00000008000500c0000214100000004d00000008000500c0000215",
        "4c00000018002200010000000000000002100000fc0300010400000008000f00e803000008000100
         0a020000160012000a0020010db80000000000000000000000010000080004004d000000",
        "880000001800220001000000000000000a300000fe9900010000000008000f00fe00000014000100
         20010db8000900000000000000000000080006000004000014000500fe8000000000000000000000
         00000001080004004d00000024000c00000000000000000000000000000000000000000000000000
         00000000000000000500140000000000",
    ];

    /// How often the captured link had lost carrier.
    const LOSSES: u32 = 2;

    fn link() -> Link {
        Link {
            ifindex: 77,
            name: name("va"),
            flags: 0x1_1043,
            arphrd: 1,
            mtu: 1_500,
            mac: Mac::new(&[2, 0, 0, 0, 0, 9]).unwrap(),
            carrier_losses: LOSSES,
            broadcast: Mac::new(&[0xff; 6]).unwrap(),
            txqlen: 1_000,
            kind: KernelKind::Veth,
            knobs: Knobs::NONE,
            ..Link::new(77, name("va"))
        }
    }

    fn addrs() -> [Seen; 3] {
        [
            Seen {
                flags: addr::IFA_F_PERMANENT,
                ..seen(addr(77, "192.0.2.5/24"))
            },
            Seen {
                flags: addr::IFA_F_PERMANENT,
                ..seen(peer(77, "10.9.9.1/32", "10.9.9.2"))
            },
            Seen {
                flags: addr::IFA_F_NODAD | addr::IFA_F_NOPREFIXROUTE,
                ..seen(Thing {
                    valid_secs: 600,
                    preferred_secs: 300,
                    ..addr(77, "2001:db8::5/64")
                })
            },
        ]
    }

    fn routes() -> [Seen; 5] {
        let route = |dst: &str, via: Option<&str>| Route {
            via: via.map(ip),
            scope: Some(RT_SCOPE_UNIVERSE),
            ..Route::new(cidr(dst))
        };
        let several = Route {
            reach: Reach::Hops,
            protocol: 3,
            ..route("10.50.0.0/16", None)
        };
        let plain = |route: Route| seen(route_of(77, &route));
        [
            plain(Route {
                src: Some(ip("192.0.2.5")),
                metric: 100,
                ..route("0.0.0.0/0", Some("192.0.2.1"))
            }),
            plain(Route {
                src: Some(ip("10.9.9.1")),
                protocol: 2,
                scope: Some(RT_SCOPE_LINK),
                ..route("10.9.9.2/32", None)
            }),
            Seen {
                is_plain: false,
                ..seen(route_of(0, &several))
            },
            plain(Route {
                table: 1_000,
                protocol: 3,
                reach: Reach::Onlink,
                ..route("10.2.0.0/16", Some("2001:db8::1"))
            }),
            plain(Route {
                metric: 1_024,
                ..route("2001:db8:9::/48", Some("fe80::1"))
            }),
        ]
    }

    #[test]
    fn a_dump_is_read() {
        let datagram = hex(LINK);
        let message = messages(&datagram).next().unwrap();
        assert_eq!((message.kind, message.flags, message.seq), (16, 2, 1));
        assert_eq!(link::decode(message.payload), Some(link()));
        let short: Vec<IfName> = link::altnames(message.payload).collect();
        assert_eq!(short, [name("backup0")]);

        let datagram = ADDRS.map(hex).concat();
        let got: Vec<_> = messages(&datagram)
            .map(|m| decode(What::Addr, m.payload))
            .collect();
        assert_eq!(got, addrs().map(Some));

        let datagram = ROUTES.map(hex).concat();
        let got: Vec<_> = messages(&datagram)
            .map(|m| decode(What::Route, m.payload))
            .collect();
        assert_eq!(got, routes().map(Some));
    }

    #[test]
    fn a_cut_datagram_yields_its_whole_messages_only() {
        let datagram = everything();
        let whole: Vec<Message<'_>> = messages(&datagram).collect();
        assert_eq!(whole.len(), 9);
        for len in 0..datagram.len() {
            let cut: Vec<Message<'_>> = messages(&datagram[..len]).collect();
            assert!(cut.len() < whole.len());
            assert_eq!(cut[..], whole[..cut.len()], "cut to {len}");
        }
    }

    #[test]
    fn a_cut_payload_lacks_attributes_but_has_no_wrong_ones() {
        let datagram = hex(LINK);
        let payload = messages(&datagram).next().unwrap().payload;
        for len in 0..payload.len() {
            let cut = &payload[..len];
            assert!(link::altnames(cut).all(|alt| alt == name("backup0")));
            let Some(got) = link::decode(cut) else {
                continue;
            };
            assert!([0, LOSSES].contains(&got.carrier_losses));
            let expected = Link {
                carrier_losses: got.carrier_losses,
                broadcast: if got.broadcast == Mac::NONE {
                    Mac::NONE
                } else {
                    link().broadcast
                },
                mtu: if got.mtu == 0 { 0 } else { 1_500 },
                mac: if got.mac == Mac::NONE {
                    Mac::NONE
                } else {
                    link().mac
                },
                kind: if got.mac == Mac::NONE {
                    KernelKind::Device
                } else {
                    got.kind
                },
                txqlen: if got.txqlen == 0 { 0 } else { 1_000 },
                // the other end, which it lies on where its kind is not known
                lower: if got.kind == KernelKind::Device {
                    got.lower
                } else {
                    0
                },
                ..link()
            };
            assert_eq!(got, expected, "cut to {len}");
        }
        for (text, whole) in ADDRS.iter().zip(addrs()) {
            let datagram = hex(text);
            let payload = messages(&datagram).next().unwrap().payload;
            for len in 0..payload.len() {
                if let Some(got) = decode(What::Addr, &payload[..len]) {
                    let whole = (77, whole.thing.route.dst.len);
                    assert_eq!((got.thing.ifindex, got.thing.route.dst.len), whole);
                    assert!([FOREVER, 600].contains(&got.thing.valid_secs));
                }
            }
        }
        for text in ROUTES {
            let datagram = hex(text);
            let payload = messages(&datagram).next().unwrap().payload;
            for len in 0..payload.len() {
                let _ = decode(What::Route, &payload[..len]);
            }
        }
    }

    /// Everything captured, as one datagram.
    fn everything() -> Vec<u8> {
        let texts = [&[LINK][..], &ADDRS, &ROUTES].concat();
        texts.into_iter().flat_map(hex).collect()
    }

    #[test]
    fn flipped_octets_never_panic_nor_loop() {
        let datagram = everything();
        let mut random = Xorshift(0x9e37_79b9);
        for _ in 0..50_000 {
            let mut octets = datagram.clone();
            for _ in 0..1 + random.next() % 6 {
                let at = random.next() as usize % octets.len();
                octets[at] = random.next() as u8;
            }
            read_everything(&octets);
        }
    }
}

/// xorshift32 (Marsaglia)
struct Xorshift(u32);

impl Xorshift {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

/// Reads `octets` in every way there is; fails if an iterator yields more than fits.
fn read_everything(octets: &[u8]) {
    let mut total = 0;
    for message in messages(octets) {
        total += 16 + message.payload.len();
        let _ = message.outcome();
        let payload = message.payload;
        let attr_octets: usize = attrs(payload).map(|attr| 4 + attr.payload.len()).sum();
        assert!(attr_octets <= payload.len());
        if let Some(link) = link::decode(payload) {
            assert!(!link.name.as_bytes().is_empty());
        }
        assert!(link::altnames(payload).all(|name| name.as_bytes().len() < 16));
        for (what, verb) in [(What::Addr, Verb::Add), (What::Route, Verb::Delete)] {
            if let Some(seen) = decode(what, payload) {
                let dst = &seen.thing.route.dst;
                assert!(dst.len <= dst.family().bits());
                encode(|w| change(w, 1, verb, &seen.thing, &[]));
            }
        }
    }
    assert!(total <= octets.len());
}

#[test]
fn garbage_never_panics_nor_loops() {
    let mut random = Xorshift(1);
    for _ in 0..50_000 {
        let len = random.next() as usize % 200;
        let mut octets: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
        read_everything(&octets);
        // The same behind a header that lets it in.
        if len >= 16 {
            octets[..4].copy_from_slice(&num(len as u32));
            octets[16..]
                .iter_mut()
                .step_by(2)
                .for_each(|octet| *octet %= 32);
            read_everything(&octets);
        }
    }
}

#[test]
fn lengths_that_lie_end_the_iteration() {
    let whole = message(RTM_NEWLINK, 0, &[1, 2, 3]);
    for lie in [0, 1, 15, 40, u32::MAX, i32::MAX as u32] {
        let mut octets = [whole.clone(), whole.clone()].concat();
        octets[20..24].copy_from_slice(&num(lie));
        assert_eq!(messages(&octets).count(), 1, "length {lie}");
    }
    // Padding that is missing at the very end does not matter.
    let got = messages(&whole[..19]).next().unwrap();
    assert_eq!(got.payload, [1, 2, 3]);
    for lie in [0_u16, 3, 9, u16::MAX] {
        let mut octets = [attr(1, &[1]), attr(2, &[2])].concat();
        octets[8..10].copy_from_slice(&lie.to_ne_bytes());
        assert_eq!(attrs(&octets).count(), 1, "length {lie}");
    }
    let flagged = attr(0xc000 | 5, &[]);
    assert_eq!(
        attrs(&flagged).next().unwrap(),
        Attr {
            kind: 5,
            payload: &[]
        }
    );
}

/// An `RTM_NEWLINK` payload of a link named `x`.
fn link_payload(family: u8, more: &[Vec<u8>]) -> Vec<u8> {
    let header = [[family, 0, 1, 0], [7, 0, 0, 0], [0; 4], [0; 4]].concat();
    [header, attr(3, b"x\0"), more.concat()].concat()
}

#[test]
fn kinds_tell_devices_from_what_is_made_of_them() {
    let info = |kind: &[u8]| attr(18, &[attr(2, &[0; 8]), attr(1, kind)].concat());
    let on = attr(5, &num(3));
    for (more, kind) in [
        (vec![], KernelKind::Device),
        (vec![on.clone()], KernelKind::Device),
        (vec![attr(18, &attr(4, b"bond\0"))], KernelKind::Device),
        (vec![info(b"veth\0")], KernelKind::Veth),
        (vec![info(b"veth"), on.clone()], KernelKind::Veth),
        (vec![info(b"vlan\0"), on.clone()], KernelKind::Virtual),
        (vec![info(b"bridge\0")], KernelKind::Virtual),
        (vec![info(b"ipoib\0")], KernelKind::Device),
        (vec![info(b"ipoib\0"), on.clone()], KernelKind::Virtual),
        (vec![info(b"dsa\0"), on], KernelKind::Device),
    ] {
        let link = link::decode(&link_payload(0, &more)).unwrap();
        assert_eq!(link.kind, kind);
        // the other end is not below
        let lies = more.contains(&attr(5, &num(3))) && kind != KernelKind::Veth;
        assert_eq!(link.lower, if lies { 3 } else { 0 });
    }
    let elsewhere = [attr(5, &num(3)), attr(37, &num(0))];
    assert_eq!(link::decode(&link_payload(0, &elsewhere)).unwrap().lower, 0);
}

#[test]
fn what_is_no_link_message_is_none() {
    assert!(link::decode(&link_payload(AF_UNSPEC, &[])).is_some());
    // Of a bridge and of IPv6: a part of the link only.
    assert_eq!(link::decode(&link_payload(7, &[])), None);
    assert_eq!(link::decode(&link_payload(AF_INET6, &[])), None);
    // Nameless; a name too long.
    assert_eq!(link::decode(&[0; 16]), None);
    let long = [vec![0; 16], attr(3, b"sixteen-octets-x\0")].concat();
    assert_eq!(link::decode(&long), None);
    // Attributes of a wrong length count as absent.
    let odd = [
        attr(4, &[5; 3]),
        attr(10, &[5; 8]),
        attr(1, &[5; 21]),
        attr(54, &[5; 6]),
    ];
    let link = link::decode(&link_payload(0, &odd)).unwrap();
    assert_eq!((link.mtu, link.master, link.mac), (0, 0, Mac::NONE));
    assert_eq!(link.perm_mac, Mac::new(&[5; 6]).unwrap());
}

#[test]
fn addresses_and_routes_outside_our_families_are_none() {
    let address =
        |family: u8, len: u8, more: &[u8]| [&[family, len, 0, 0, 1, 0, 0, 0], more].concat();
    let v4 = attr(1, &[192, 0, 2, 1]);
    assert!(decode(What::Addr, &address(2, 32, &v4)).is_some());
    assert_eq!(decode(What::Addr, &address(2, 33, &v4)), None);
    assert_eq!(decode(What::Addr, &address(10, 32, &v4)), None);
    assert_eq!(decode(What::Addr, &address(45, 8, &attr(2, &[9]))), None);
    assert_eq!(decode(What::Addr, &address(2, 32, &[])), None);

    let route = |header: [u8; 12], more: &[u8]| decode(What::Route, &[&header, more].concat());
    let plain = [2, 24, 0, 0, 254, 2, 253, 1, 0, 0, 0, 0];
    let dst = attr(1, &[192, 0, 2, 0]);
    let is_plain = |seen: Option<Seen>| seen.unwrap().is_plain;
    assert!(is_plain(route(plain, &dst)));
    let with = |at: usize, octet: u8| {
        let mut header = plain;
        header[at] = octet;
        route(header, &dst)
    };
    assert_eq!(with(0, 28), None, "MPLS");
    assert_eq!(with(1, 33), None, "prefix length");
    assert_eq!(with(2, 8), None, "a source prefix without its address");
    if cfg!(target_endian = "little") {
        assert_eq!(with(9, 2), None, "cloned");
    }
    assert_eq!(route(plain, &attr(1, &[192, 0, 2])), None, "destination");
    for octet in [0, 4, 10, 11] {
        assert!(!is_plain(with(7, octet)), "type {octet}");
    }
    for kind in RouteKind::ALL {
        let seen = with(7, kind.number()).unwrap();
        assert_eq!((seen.is_plain, seen.thing.route.kind), (true, kind));
    }
    for kind in [9, 22, 30] {
        let more = [dst.clone(), attr(kind, &num(1))].concat();
        let seen = route(plain, &more).unwrap();
        assert_eq!((seen.is_plain, seen.thing.route.protocol), (false, 2));
    }
    // A blackhole of IPv6 is tied to the loopback link, which says nothing.
    let blackhole = [10, 0, 0, 0, 254, 153, 0, 6, 0, 0, 0, 0];
    assert_eq!(route(blackhole, &attr(4, &num(1))).unwrap().thing.oif(), 0);
    assert_eq!(PROTOCOL, 153);
}
