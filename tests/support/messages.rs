//! The messages of the fake kernel: requests to nouns, nouns to answers.

use super::nouns::{
    ADDR_GEN_MODE, Addr, EINVAL, FOREVER, IFA_F_PERMANENT, Link, Refused, Route, Rule,
};
use super::octets::{
    Attrs, NLA_F_NESTED, Request, ip_in, ip_octets, put, put_ip, put_text, put_u32,
};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub const RTM_NEWLINK: u16 = 16;
pub const RTM_DELLINK: u16 = 17;
pub const RTM_GETLINK: u16 = 18;
pub const RTM_SETLINK: u16 = 19;
pub const RTM_NEWADDR: u16 = 20;
pub const RTM_DELADDR: u16 = 21;
pub const RTM_GETADDR: u16 = 22;
pub const RTM_NEWROUTE: u16 = 24;
pub const RTM_DELROUTE: u16 = 25;
pub const RTM_GETROUTE: u16 = 26;
pub const RTM_NEWRULE: u16 = 32;
pub const RTM_DELRULE: u16 = 33;
pub const RTM_GETRULE: u16 = 34;
pub const RTM_DELLINKPROP: u16 = 109;

/// Octets of the fixed header, and the attributes that our requests of this type may have.
pub fn layout(kind: u16) -> (usize, &'static [u16]) {
    match kind {
        RTM_GETLINK => (16, &[29]),
        RTM_SETLINK => (16, &[1, 3, 4, 10, 13, AF_SPEC]),
        RTM_NEWLINK => (16, &[1, 3, 5, LINKINFO]),
        RTM_DELLINK => (16, &[]),
        RTM_DELLINKPROP => (16, &[52, 52 | NLA_F_NESTED]),
        RTM_GETADDR => (8, &[]),
        RTM_NEWADDR => (8, &[1, 2, 3, 4, 6, 8]),
        RTM_DELADDR => (8, &[1, 2, 8]),
        RTM_GETROUTE => (12, &[15]),
        RTM_NEWROUTE => (12, &[1, 2, 4, 5, 6, 7, METRICS, 9, 11, 15, 18, 20]),
        RTM_DELROUTE => (12, &[1, 2, 4, 5, 6, 7, 15, 18]),
        RTM_GETRULE => (12, &[]),
        RTM_NEWRULE | RTM_DELRULE => (
            12,
            &[
                1, 2, 3, 4, 6, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24,
            ],
        ),
        _ => panic!("type {kind} is not modelled"),
    }
}

/// `IFLA_AF_SPEC` of a request.
pub const AF_SPEC: u16 = 26 | NLA_F_NESTED;

/// `IFLA_LINKINFO` of a request.
pub const LINKINFO: u16 = 18 | NLA_F_NESTED;

/// `RTA_METRICS` of a request.
const METRICS: u16 = 8 | NLA_F_NESTED;

/// The address in a request.
pub fn addr_in(request: &Request) -> Result<Addr, Refused> {
    let [family, len, flags, scope, ..] = request.header[..] else {
        panic!("no header");
    };
    // `inet6_rtm_newaddr` takes either, `rtm_to_ifaddr` wants the local one.
    let either = |kind, other| request.attrs.ip(kind).or(request.attrs.ip(other));
    let (local, peer) = match family {
        10 => (either(2, 1), either(1, 2)),
        _ => (request.attrs.ip(2), either(1, 2)),
    };
    let (Some(local), Some(peer)) = (local, peer) else {
        return Err(Refused(EINVAL, "ipv4: Local address is not supplied"));
    };
    assert_eq!(family, if local.is_ipv4() { 2 } else { 10 });
    assert_eq!(local.is_ipv4(), peer.is_ipv4());
    let lifetimes = request.attrs.get(6).map(|info| {
        assert_eq!(info.len(), 16);
        let word = |at: usize| u32::from_ne_bytes(info[at..at + 4].try_into().expect("a word"));
        (word(0), word(4))
    });
    let (preferred, valid) = lifetimes.unwrap_or((FOREVER, FOREVER));
    Ok(Addr {
        ifindex: request.word(4),
        local,
        len,
        peer,
        broadcast: request.attrs.ip(4).map(|addr| match addr {
            IpAddr::V4(addr) => addr,
            IpAddr::V6(_) => panic!("a broadcast address of IPv6"),
        }),
        flags: request.attrs.u32(8).unwrap_or(flags.into()),
        scope,
        label: request.attrs.get(3).map(|label| {
            assert!(local.is_ipv4() && label.len() < 16);
            String::from_utf8(label.to_vec()).expect("a label in ASCII")
        }),
        preferred,
        valid,
    })
}

/// The payload of an `RTM_NEWADDR`.
pub fn addr_octets(addr: &Addr) -> Vec<u8> {
    let v4 = addr.local.is_ipv4();
    let family = if v4 { 2 } else { 10 };
    let mut to = vec![family, addr.len, (addr.flags & 0xff) as u8, addr.scope];
    to.extend(addr.ifindex.to_ne_bytes());
    put_ip(&mut to, 1, &addr.peer);
    if v4 || addr.peer != addr.local {
        put_ip(&mut to, 2, &addr.local);
    }
    if let Some(broadcast) = addr.broadcast {
        put(&mut to, 4, &broadcast.octets());
    }
    put_u32(&mut to, 8, addr.flags);
    let times = [addr.preferred, addr.valid, 777, 777].map(u32::to_ne_bytes);
    put(&mut to, 6, times.as_flattened());
    assert_eq!(addr.flags & IFA_F_PERMANENT != 0, addr.valid == FOREVER);
    to
}

/// The route in a request.
pub fn route_in(request: &Request) -> Result<Route, Refused> {
    let [family, len, src_len, tos, table, protocol, scope, kind, ..] = request.header[..] else {
        panic!("no header");
    };
    let any: IpAddr = match family {
        2 => [0; 4].into(),
        10 => [0; 16].into(),
        _ => panic!("family {family}"),
    };
    let dst = request.attrs.ip(1).unwrap_or(any);
    let gateway = request.attrs.ip(5);
    let same_family = |addr: &IpAddr| addr.is_ipv4() == any.is_ipv4();
    assert!(same_family(&dst) && gateway.as_ref().is_none_or(same_family));
    let other = request.attrs.get(18).map(|rtvia| {
        let (family, addr) = rtvia.split_at(2);
        let addr = ip_in(addr);
        let number: u16 = if addr.is_ipv4() { 2 } else { 10 };
        assert!(family == number.to_ne_bytes() && !same_family(&addr) && gateway.is_none());
        addr
    });
    let flags = request.word(8);
    assert!(flags & !0x15 == 0, "flags {flags:x}");
    if family == 2 && flags & 0x11 != 0 {
        let text = "Invalid rtm_flags - can not contain DEAD or LINKDOWN";
        return Err(Refused(EINVAL, text));
    }
    let hops = request.attrs.get(9).map(hops_in).unwrap_or_default();
    let more = [METRICS, 11, 20].into_iter();
    let more = more.filter_map(|kind| Some((kind & 0xff, request.attrs.get(kind)?.to_vec())));
    // a preference of 0 is none
    let more = more.filter(|(_, octets)| *octets != [0]).collect();
    Ok(Route {
        dst,
        len,
        tos,
        table: request.attrs.u32(15).unwrap_or(table.into()),
        protocol,
        scope,
        kind,
        oif: request.attrs.u32(4).unwrap_or(0),
        via: gateway.or(other),
        src: request.attrs.ip(7),
        metric: request.attrs.u32(6).unwrap_or(0),
        onlink: flags & 4 != 0,
        hops: hops.iter().map(|(_, hop)| *hop).collect(),
        weights: hops.iter().map(|(weight, _)| *weight).collect(),
        from: prefix_in(request, 2, src_len),
        more,
    })
}

/// A prefix in a request.
fn prefix_in(request: &Request, kind: u16, len: u8) -> Option<(IpAddr, u8)> {
    let addr = request.attrs.ip(kind);
    assert_eq!(addr.is_some(), len != 0, "attribute {kind}");
    addr.map(|addr| (addr, len))
}

/// The weight, the link and the gateway of each.
fn hops_in(mut octets: &[u8]) -> Vec<(u8, (u32, IpAddr))> {
    let mut hops = Vec::new();
    while let Some((&[len, 0, flags, weight, i0, i1, i2, i3], _)) = octets.split_first_chunk() {
        let (hop, rest) = octets.split_at(len.into());
        assert_eq!(flags, 0, "onlink is not modelled");
        let gateway = Attrs::parse(&hop[8..], &[5]);
        let via = gateway.ip(5).expect("next hops with gateways only");
        hops.push((weight, (u32::from_ne_bytes([i0, i1, i2, i3]), via)));
        octets = rest;
    }
    assert!(octets.is_empty(), "next hops");
    hops
}

/// The rule in a request.
pub fn rule_in(request: &Request) -> Rule {
    let [family, dst_len, src_len, tos, table, 0, 0, action, ..] = request.header[..] else {
        panic!("a rule's header: {:?}", request.header);
    };
    let known = layout(RTM_NEWRULE).1;
    let more = known
        .iter()
        .filter(|kind| ![1, 2, 6, 15, 21].contains(*kind));
    let more = more.filter_map(|kind| Some((*kind, request.attrs.get(*kind)?.to_vec())));
    let protocol = request.attrs.get(21).expect("a protocol");
    Rule {
        v4: family == 2,
        dst: prefix_in(request, 1, dst_len),
        from: prefix_in(request, 2, src_len),
        tos,
        table: request.attrs.u32(15).unwrap_or(table.into()),
        action,
        flags: request.word(8),
        priority: request.attrs.u32(6).unwrap_or(0),
        protocol: protocol[0],
        more: more.collect(),
    }
}

/// The payload of an `RTM_NEWRULE`.
pub fn rule_octets(rule: &Rule) -> Vec<u8> {
    let len = |prefix: &Option<(IpAddr, u8)>| prefix.map_or(0, |(_, len)| len);
    let mut to = vec![
        if rule.v4 { 2 } else { 10 },
        len(&rule.dst),
        len(&rule.from),
        rule.tos,
        u8::try_from(rule.table).unwrap_or(252),
        0,
        0,
        rule.action,
    ];
    to.extend(rule.flags.to_ne_bytes());
    put_u32(&mut to, 15, rule.table);
    for (kind, octets) in &rule.more {
        put(&mut to, *kind, octets);
    }
    put(&mut to, 21, &[rule.protocol]);
    if rule.priority != 0 {
        put_u32(&mut to, 6, rule.priority);
    }
    for (kind, prefix) in [(1, rule.dst), (2, rule.from)] {
        if let Some((addr, _)) = prefix {
            put_ip(&mut to, kind, &addr);
        }
    }
    to
}

/// The payload of an `RTM_NEWROUTE`; `carrier` is that of its link.
pub fn route_octets(route: &Route, carrier: bool) -> Vec<u8> {
    let v4 = route.dst.is_ipv4();
    let family = if v4 { 2 } else { 10 };
    let table = u8::try_from(route.table).unwrap_or(252);
    let mut to = vec![
        family,
        route.len,
        route.from.map_or(0, |(_, len)| len),
        route.tos,
        table,
        route.protocol,
        route.scope,
        route.kind,
    ];
    to.extend((u32::from(route.onlink) * 4 + u32::from(!carrier) * 0x10).to_ne_bytes());
    put_u32(&mut to, 15, route.table);
    if route.len != 0 {
        put_ip(&mut to, 1, &route.dst);
    }
    if let Some((from, _)) = route.from {
        put_ip(&mut to, 2, &from);
    }
    for (kind, octets) in &route.more {
        put(&mut to, *kind, octets);
    }
    if !v4 && route.more.iter().all(|(kind, _)| *kind != 20) {
        put(&mut to, 20, &[0]);
    }
    if !v4 || route.metric != 0 {
        put_u32(&mut to, 6, route.metric);
    }
    if let Some(src) = route.src {
        put_ip(&mut to, 7, &src);
    }
    match route.via {
        None => {}
        Some(via) if via.is_ipv4() == v4 => put_ip(&mut to, 5, &via),
        Some(via) => put(
            &mut to,
            18,
            &[&10_u16.to_ne_bytes()[..], &ip_octets(&via)].concat(),
        ),
    }
    if route.oif != 0 {
        put_u32(&mut to, 4, route.oif);
    }
    if !route.hops.is_empty() {
        let mut hops = Vec::new();
        for (n, (oif, via)) in route.hops.iter().enumerate() {
            let len: u16 = if v4 { 16 } else { 28 };
            hops.extend(len.to_ne_bytes());
            let weight = route.weights.get(n).copied().unwrap_or(0);
            // `RTNH_F_LINKDOWN`
            hops.extend([u8::from(!carrier) * 0x10, weight]);
            hops.extend(oif.to_ne_bytes());
            put_ip(&mut hops, 5, via);
        }
        put(&mut to, 9, &hops);
    }
    to
}

fn data_octets(data: &BTreeMap<u16, Vec<u8>>) -> Vec<u8> {
    let mut to = Vec::new();
    for (kind, payload) in data {
        put(&mut to, *kind, payload);
    }
    to
}

/// The payload of an `RTM_NEWLINK`.
pub fn link_octets(link: &Link, master_kind: Option<&str>) -> Vec<u8> {
    let mut to = vec![0, 0];
    to.extend(link.arphrd.to_ne_bytes());
    for word in [link.ifindex, link.shown_flags(), 0] {
        to.extend(word.to_ne_bytes());
    }
    put_text(&mut to, 3, &link.name);
    put_u32(&mut to, 13, link.txqlen);
    put(&mut to, 16, &[if link.is_up() { 6 } else { 2 }]);
    put_u32(&mut to, 4, link.mtu);
    put_u32(&mut to, 48, link.losses);
    put(&mut to, 2, &vec![0xff; link.mac.len()]);
    put_u32(&mut to, 50, 68);
    put_u32(&mut to, 51, link.max_mtu);
    if link.master != 0 {
        put_u32(&mut to, 10, link.master);
    }
    put_text(&mut to, 6, "noqueue");
    put(&mut to, 1, &link.mac);
    if let Some(mac) = &link.perm_mac {
        put(&mut to, 54, mac);
    }
    let mut info = Vec::new();
    if let Some(kind) = link.kind {
        put_text(&mut info, 1, kind);
        put(&mut info, 2, &data_octets(&link.data));
    }
    if let Some(kind) = master_kind {
        put_text(&mut info, 4, kind);
        put(&mut info, 5, &data_octets(&link.port_data));
    }
    if !info.is_empty() {
        put(&mut to, 18, &info);
    }
    if link.lower != 0 {
        put_u32(&mut to, 5, link.lower);
    }
    if !link.conf.is_empty() {
        let words: Vec<_> = link.conf.iter().map(|value| value.to_ne_bytes()).collect();
        let mut inet6 = Vec::new();
        put(&mut inet6, 2, words.as_flattened());
        put(&mut inet6, 8, &[link.conf[ADDR_GEN_MODE] as u8]);
        let mut spec = Vec::new();
        put(&mut spec, 10, &inet6);
        put(&mut to, 26, &spec);
    }
    if !link.altnames.is_empty() {
        let mut list = Vec::new();
        for name in &link.altnames {
            put_text(&mut list, 53, name);
        }
        put(&mut to, 52 | NLA_F_NESTED, &list);
    }
    to
}
