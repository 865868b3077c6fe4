//! The octets of DHCPv4: dhcproto as an independent referee of what we write and read, octets that nobody
//! would send, and packets of others with the facts that tshark states of them, where these are at hand
//! beside the project.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use dhcproto::v4::{DhcpOption, HType, Message, MessageType, Opcode, OptionCode};
use dhcproto::{Decodable, Decoder, Encodable};
use ifdawn::model::lease::{Field, Kind, Lease, ROUTE_OCTETS, Verdict};
use ifdawn::model::link::Mac;
use ifdawn::wire::dhcpv4::{self, Request, Wanted};
use ifdawn::wire::ipv4::{self, Checksum, HEADERS};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];

fn addr(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

/// The packet in which a server sends `message`, without a UDP checksum.
fn packet(message: &[u8]) -> Vec<u8> {
    let len = u16::try_from(message.len() + 28).unwrap();
    let [l0, l1] = len.to_be_bytes();
    let mut packet = vec![0x45, 0, l0, l1, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend([192, 0, 2, 1, 255, 255, 255, 255]);
    let sum: u32 = packet
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]))
        .sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend([0, 67, 0, 68]);
    packet.extend((len - 20).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(message);
    packet
}

/// What is heard of a message.
fn heard(message: &[u8]) -> Lease {
    let mut lease = Lease::NONE;
    dhcpv4::read(&packet(message), Checksum::Complete, &mut lease);
    assert!(lease.is_sound());
    lease
}

/// A field as tshark would write it: addresses and names of a list are separated by `|`.
fn shown(lease: &Lease, field: Field) -> String {
    let octets = lease.get(field);
    let dotted = |octets: &[u8]| Ipv4Addr::from(<[u8; 4]>::try_from(octets).unwrap()).to_string();
    match field.slot().kind {
        Kind::Number => lease
            .number(field)
            .map_or(String::new(), |number| number.to_string()),
        Kind::Addr | Kind::Addrs => {
            let addrs: Vec<String> = octets.chunks(4).map(dotted).collect();
            addrs.join("|")
        }
        Kind::Hostname | Kind::Domains | Kind::Text | Kind::Texts => {
            String::from_utf8(octets.to_vec())
                .unwrap()
                .replace(' ', "|")
        }
        Kind::Octets | Kind::Addrs6 | Kind::Leased => {
            let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            pairs.join(":")
        }
        Kind::Routes => {
            let route = |route: &[u8]| {
                format!(
                    "{}/{}>{}",
                    dotted(&route[..4]),
                    route[4],
                    dotted(&route[5..])
                )
            };
            let routes: Vec<String> = octets.chunks(ROUTE_OCTETS).map(route).collect();
            routes.join("|")
        }
    }
}

/// A message with all that may be said.
fn request(message: u8, mac: &Mac) -> Request<'_> {
    Request {
        message,
        arphrd: 1,
        mac,
        xid: 0xdead_beef,
        secs: 7,
        broadcast: Wanted::Yes,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        requested: addr("192.0.2.7"),
        server: addr("192.0.2.1"),
        hostname: b"host",
        client_id: &[],
        vendor_class: b"vendor",
        user_class: b"user",
        v6_only: Wanted::Yes,
        tos: 0x80,
    }
}

/// What dhcproto reads of a request.
fn referee(request: &Request<'_>) -> Message {
    let mut packet = [0xa5; 1_500];
    let len = dhcpv4::build(request, &mut packet);
    let message = &packet[HEADERS..len];
    assert!(message.len() >= 300);
    Message::decode(&mut Decoder::new(message)).unwrap()
}

#[test]
fn requests_are_what_the_referee_reads() {
    let mac = Mac::new(&MAC).unwrap();
    for (number, kind) in [
        (dhcpv4::DISCOVER, MessageType::Discover),
        (dhcpv4::REQUEST, MessageType::Request),
        (dhcpv4::DECLINE, MessageType::Decline),
        (dhcpv4::RELEASE, MessageType::Release),
    ] {
        let message = referee(&Request {
            ciaddr: match number {
                dhcpv4::RELEASE => addr("192.0.2.7"),
                _ => Ipv4Addr::UNSPECIFIED,
            },
            ..request(number, &mac)
        });
        let is_question = !matches!(kind, MessageType::Decline | MessageType::Release);
        assert_eq!(message.opcode(), Opcode::BootRequest);
        assert_eq!(message.htype(), HType::Eth);
        assert_eq!((message.chaddr(), message.xid()), (&MAC[..], 0xdead_beef));
        assert_eq!(message.secs(), if is_question { 7 } else { 0 });
        assert_eq!(message.flags().broadcast(), is_question);
        assert_eq!(message.yiaddr(), Ipv4Addr::UNSPECIFIED);
        assert_eq!(message.siaddr(), Ipv4Addr::UNSPECIFIED);
        assert_eq!(message.giaddr(), Ipv4Addr::UNSPECIFIED);
        assert_eq!((message.fname(), message.sname()), (None, None));

        let parameters = [
            1, 121, 3, 6, 12, 15, 17, 26, 28, 33, 42, 51, 54, 58, 59, 66, 67, 119, 108,
        ];
        let mut expected = vec![
            DhcpOption::MessageType(kind),
            DhcpOption::ClientIdentifier([&[1], &MAC[..]].concat()),
            DhcpOption::RequestedIpAddress(addr("192.0.2.7")),
            DhcpOption::ServerIdentifier(addr("192.0.2.1")),
        ];
        if is_question {
            expected.extend([
                DhcpOption::MaxMessageSize(1_472),
                DhcpOption::Hostname("host".into()),
                DhcpOption::ClassIdentifier(b"vendor".to_vec()),
                DhcpOption::UserClass(b"\x04user".to_vec()),
                DhcpOption::ParameterRequestList(parameters.map(OptionCode::from).to_vec()),
            ]);
        }
        if kind == MessageType::Discover {
            expected.push(DhcpOption::RapidCommit);
        }
        for option in &expected {
            let code = OptionCode::from(option);
            assert_eq!(message.opts().get(code), Some(option));
        }
        assert_eq!(message.opts().iter().count(), expected.len());
    }
}

/// A reply with all that is read, as the referee writes it.
fn reply() -> Vec<u8> {
    let mut message = Message::default();
    message
        .set_opcode(Opcode::BootReply)
        .set_xid(0xdead_beef)
        .set_chaddr(&MAC)
        .set_yiaddr(addr("192.0.2.7"))
        .set_siaddr(addr("192.0.2.3"))
        .set_fname_str("file")
        .set_sname_str("server");
    let options = [
        DhcpOption::MessageType(MessageType::Ack),
        DhcpOption::ServerIdentifier(addr("192.0.2.1")),
        DhcpOption::AddressLeaseTime(3_600),
        DhcpOption::Renewal(1_800),
        DhcpOption::Rebinding(3_150),
        DhcpOption::RapidCommit,
        DhcpOption::SubnetMask(addr("255.255.255.0")),
        DhcpOption::BroadcastAddr(addr("192.0.2.255")),
        DhcpOption::Router(vec![addr("192.0.2.254")]),
        DhcpOption::DomainNameServer(vec![addr("192.0.2.53"), addr("192.0.2.54")]),
        DhcpOption::NtpServers(vec![addr("192.0.2.123")]),
        DhcpOption::Hostname("host".into()),
        DhcpOption::DomainName("example.net".into()),
        DhcpOption::DomainSearch(vec![
            "example.net".parse().unwrap(),
            "a.example.net".parse().unwrap(),
            "example.org".parse().unwrap(),
        ]),
        DhcpOption::RootPath("192.0.2.3:/srv/root".into()),
        DhcpOption::InterfaceMtu(1_400),
        DhcpOption::StaticRoutingTable(vec![(addr("10.0.0.0"), addr("192.0.2.8"))]),
        DhcpOption::ClasslessStaticRoute(vec![
            ("10.1.2.0/24".parse().unwrap(), addr("192.0.2.9")),
            ("0.0.0.0/0".parse().unwrap(), addr("192.0.2.10")),
            ("10.1.3.128/25".parse().unwrap(), Ipv4Addr::UNSPECIFIED),
        ]),
    ];
    for option in options {
        message.opts_mut().insert(option);
    }
    message.to_vec().unwrap()
}

#[test]
fn replies_of_the_referee_are_read() {
    let lease = heard(&reply());
    assert_eq!(lease.verdict(), Verdict::Fine);
    for (field, text) in [
        (Field::Message, "5"),
        (Field::Xid, "3735928559"),
        (Field::Chaddr, "02:00:00:00:00:09"),
        (Field::RapidCommit, "1"),
        (Field::V6Only, ""),
        (Field::Addr, "192.0.2.7"),
        (Field::Mask, "255.255.255.0"),
        (Field::Broadcast, "192.0.2.255"),
        (Field::Router, "192.0.2.10"),
        (Field::Dns, "192.0.2.53|192.0.2.54"),
        (Field::Hostname, "host"),
        (Field::Domain, "example.net"),
        (Field::Search, "example.net|a.example.net|example.org"),
        (Field::NextServer, "192.0.2.3"),
        (Field::RootPath, "192.0.2.3:/srv/root"),
        (Field::Bootfile, "file"),
        (Field::ServerName, "server"),
        (Field::Ntp, "192.0.2.123"),
        (Field::Mtu, "1400"),
        (Field::Server, "192.0.2.1"),
        (Field::LeaseTime, "3600"),
        (Field::RenewTime, "1800"),
        (Field::RebindTime, "3150"),
        (Field::Routes, "10.1.2.0/24>192.0.2.9|10.1.3.128/25>0.0.0.0"),
    ] {
        assert_eq!(shown(&lease, field), text, "{field:?}");
        assert!(!lease.left_out(field), "{field:?}");
    }
}

/// The referee's reply, and one with areas in `file` and `sname` and options of several pieces.
fn replies() -> [Vec<u8>; 2] {
    let mut overloaded = reply();
    overloaded.truncate(240);
    overloaded.extend([
        52, 1, 3, 53, 1, 2, 54, 4, 192, 0, 2, 1, 51, 2, 0, 0, 119, 3, 1, b'a', 0,
    ]);
    overloaded.extend([121, 4, 24, 10, 1, 2, 255]);
    let file = [
        51, 2, 14, 16, 119, 3, 1, b'b', 0xc0, 121, 4, 192, 0, 2, 9, 255,
    ];
    let sname = [
        119, 1, 0, 12, 4, b'h', b'o', b's', b't', 1, 4, 255, 255, 255, 0, 255,
    ];
    overloaded[108..236].fill(0);
    overloaded[108..108 + file.len()].copy_from_slice(&file);
    overloaded[44..108].fill(0);
    overloaded[44..44 + sname.len()].copy_from_slice(&sname);
    [reply(), overloaded]
}

#[test]
fn areas_are_read_as_one() {
    let [_, overloaded] = replies();
    let lease = heard(&overloaded);
    assert_eq!(lease.verdict(), Verdict::Fine);
    for (field, text) in [
        (Field::LeaseTime, "3600"),
        (Field::Search, "a|b.a"),
        (Field::Routes, "10.1.2.0/24>192.0.2.9"),
        (Field::Hostname, "host"),
        (Field::Mask, "255.255.255.0"),
        (Field::Bootfile, ""),
        (Field::ServerName, ""),
    ] {
        assert_eq!(shown(&lease, field), text, "{field:?}");
    }
}

#[test]
fn every_truncation_and_every_octet_yields_a_sound_lease() {
    for mut message in replies() {
        for len in 0..message.len() {
            heard(&message[..len]);
        }
        for at in 0..message.len() {
            let octet = message[at];
            for other in 0..=u8::MAX {
                message[at] = other;
                heard(&message);
            }
            message[at] = octet;
        }
        let mut packet = packet(&message);
        for at in 0..packet.len() {
            for bit in 0..8 {
                packet[at] ^= 1 << bit;
                for checksum in [Checksum::Complete, Checksum::Partial] {
                    let mut lease = Lease::NONE;
                    dhcpv4::read(&packet, checksum, &mut lease);
                    assert!(lease.is_sound());
                }
                packet[at] ^= 1 << bit;
            }
        }
    }
}

/// What options consist of.
const WORDS: &[&[u8]] = &[
    &[192, 0, 2, 1],
    &[24, 10, 1, 2, 192, 0, 2, 9],
    &[0, 192, 0, 2, 9],
    b"\x01a\x00",
    b"\x02bc",
    b"\xc0\x00",
    b"\x00",
    b"ab.c",
    b" ",
    b"$;",
];

/// Options of random words and codes that are read; some lengths lie.
#[test]
fn random_options_yield_a_sound_lease() {
    let mut state = 1_u32;
    let mut random = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let codes: Vec<u8> = Field::ALL
        .iter()
        .map(|field| field.slot().code)
        .filter(|code| !matches!(code, 0 | 53))
        .collect();
    let (mut fine, mut routes, mut names) = (0, 0, 0);
    for _ in 0..20_000 {
        let mut message = reply();
        message.truncate(240);
        message.extend([52, 1, random(5) as u8]);
        while message.len() < 500 {
            let code = match random(10) {
                0 => 33,
                _ => codes[random(codes.len() as u32) as usize],
            };
            let mut octets = Vec::new();
            for _ in 0..random(9) {
                match random(WORDS.len() as u32 + 1) as usize {
                    n if n < WORDS.len() => octets.extend(WORDS[n]),
                    _ => octets.push(random(256) as u8),
                }
            }
            let lie = u32::from(random(60) == 0) * random(200);
            message.extend([code, (octets.len() + lie as usize) as u8]);
            message.extend(octets);
        }
        message.extend([255; 2]);
        for area in [44..108, 108..236] {
            message[area].fill_with(|| random(30) as u8);
        }
        let lease = heard(&message);
        fine += u32::from(lease.verdict() == Verdict::Fine);
        routes += u32::from(!lease.get(Field::Routes).is_empty());
        names += u32::from(!lease.get(Field::Search).is_empty());
    }
    assert!(
        fine > 100 && routes > 100 && names > 100,
        "{fine} {routes} {names}"
    );
}

/// Where packets of others are.
const VECTORS: &str = "../shared/vectors/dhcp/packets.jsonl";

/// The facts of tshark, and what they are to us.
const FACTS: &[(&str, Field)] = &[
    ("dhcp.option.dhcp", Field::Message),
    ("dhcp.id", Field::Xid),
    ("dhcp.ip.your", Field::Addr),
    ("dhcp.ip.server", Field::NextServer),
    ("dhcp.option.subnet_mask", Field::Mask),
    ("dhcp.option.broadcast_address", Field::Broadcast),
    ("dhcp.option.router", Field::Router),
    ("dhcp.option.domain_name_server", Field::Dns),
    ("dhcp.option.hostname", Field::Hostname),
    ("dhcp.option.domain_name", Field::Domain),
    (
        "dhcp.option.dhcp_dns_domain_search_list_fqdn",
        Field::Search,
    ),
    ("dhcp.option.ntp_server", Field::Ntp),
    ("dhcp.option.interface_mtu", Field::Mtu),
    ("dhcp.option.dhcp_server_id", Field::Server),
    ("dhcp.option.ip_address_lease_time", Field::LeaseTime),
    ("dhcp.option.renewal_time_value", Field::RenewTime),
    ("dhcp.option.rebinding_time_value", Field::RebindTime),
    ("dhcp.option.static_route.ip", Field::Routes),
    ("dhcp.option.classless_static_route", Field::Routes),
];

/// Where we differ, and why.
const DIFFERENCES: &[(&str, &str, &[&str])] = &[
    (
        "dhcp.option.classless_static_route",
        "tshark counts in option 249, which is not asked for",
        &[
            "elicited/dnsmasq-full.pcap#2",
            "elicited/dnsmasq-mms576.pcap#1",
            "elicited/dnsmasq-rapid.pcap#1",
            "elicited/isc-full.pcap#1",
            "elicited/isc-full.pcap#2",
            "elicited/isc-long.pcap#1",
            "elicited/isc-long.pcap#2",
            "elicited/isc-mms576.pcap#1",
            "elicited/kea-full.pcap#1",
            "elicited/kea-full.pcap#2",
        ],
    ),
    (
        "dhcp.option.dhcp_dns_domain_search_list_fqdn",
        "528 octets of names; the first of them are kept, as many as fit into 512",
        &["elicited/isc-long.pcap#1", "elicited/isc-long.pcap#2"],
    ),
];

/// The packets, each with its id, its UDP payload and what else is known; none where there are no files.
fn vectors() -> Vec<(String, Vec<u8>, Value)> {
    let Ok(text) = std::fs::read_to_string(VECTORS) else {
        println!("note: no {VECTORS} beside the project; nothing was compared");
        return Vec::new();
    };
    let mut vectors = Vec::new();
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if vector["kind"] == "dhcp4" {
            let id = vector["id"].as_str().unwrap().to_string();
            vectors.push((id, octets(&vector["payload"]), vector));
        }
    }
    assert!(!vectors.is_empty());
    vectors
}

/// Octets in hexadecimal digits.
fn octets(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// Frames that are not opened, and why.
const UNOPENED: &[(&str, Verdict, &str)] = &[
    (
        "arkime/wireshark-dhcp.pcap#4",
        Verdict::BadChecksum,
        "captured before the sender's device made the checksum of the header, which a receiver never sees",
    ),
    (
        "android/testPadAndOverloadedOptionsOffer.14",
        Verdict::Malformed,
        "IP's length is an octet more than the frame has",
    ),
];

/// Frames as they were captured, some from a machine whose UDP checksums were partial. UDP's length may be
/// less than what is there.
#[test]
fn headers_of_others_are_opened() {
    let (mut opened, mut complete) = (0, 0);
    let mut unopened = Vec::new();
    for (id, payload, vector) in vectors() {
        if vector["linktype"] != 1 || vector["wrapped"] == true {
            continue;
        }
        let frame = octets(&vector["frame"]);
        let Some(packet) = frame[12..].strip_prefix(&[8, 0]) else {
            continue;
        };
        // What the filter of the socket lets through.
        let header = usize::from(packet[0] & 0xf) * 4;
        let port = packet.get(header + 2..header + 4);
        let is_whole = packet[6] & 0x3f == 0 && packet[7] == 0;
        if packet[9] != 17 || !is_whole || port.is_some_and(|port| port != [0, 68]) {
            continue;
        }
        match ipv4::open(packet, Checksum::Partial) {
            Ok(ours) => {
                assert!(
                    payload.starts_with(ours) && ours.len() + 1 >= payload.len(),
                    "{id}"
                );
                opened += 1;
                complete += u32::from(ipv4::open(packet, Checksum::Complete).is_ok());
            }
            Err(verdict) => unopened.push((id, verdict)),
        }
    }
    println!("{opened} packets to port 68, {complete} with a whole checksum; {unopened:?}");
    let listed = UNOPENED
        .iter()
        .map(|(id, verdict, _)| (id.to_string(), *verdict));
    assert!(unopened.is_empty() && opened == 0 || unopened.into_iter().eq(listed));
}

#[test]
fn packets_of_others_yield_sound_leases() {
    for (_, payload, _) in vectors() {
        for len in 0..=payload.len() {
            heard(&payload[..len]);
        }
    }
}

/// A fact of tshark in our words; `None` where it does not say.
fn fact(facts: &Value, name: &str) -> Option<String> {
    let has_classless = facts["dhcp.option.classless_static_route"].is_string();
    let Some(text) = facts[name].as_str() else {
        let may_be_from_others = name.contains("route");
        return (!may_be_from_others).then(String::new);
    };
    let first = || text.split('|').next().unwrap().to_string();
    match name {
        "dhcp.id" => {
            let xid = u32::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap();
            Some(xid.to_string())
        }
        "dhcp.ip.your" | "dhcp.ip.server" if text == "0.0.0.0" => Some(String::new()),
        "dhcp.option.router" if has_classless => None,
        "dhcp.option.router" => Some(first()),
        "dhcp.option.static_route.ip" if has_classless => None,
        "dhcp.option.static_route.ip" => {
            let gateways = facts["dhcp.option.static_route.router"].as_str().unwrap();
            let route = |(dst, gateway): (&str, &str)| {
                let [a, b, c, d] = addr(dst).octets();
                match a {
                    // No network of its class: a host.
                    0..=127 if [b, c, d] != [0; 3] => format!("{dst}/32>{gateway}"),
                    128..=191 if [c, d] != [0; 2] => format!("{dst}/32>{gateway}"),
                    192..=255 if d != 0 => format!("{dst}/32>{gateway}"),
                    0..=127 => format!("{a}.0.0.0/8>{gateway}"),
                    128..=191 => format!("{a}.{b}.0.0/16>{gateway}"),
                    192..=255 => format!("{a}.{b}.{c}.0/24>{gateway}"),
                }
            };
            let routes: Vec<String> = text
                .split('|')
                .zip(gateways.split('|'))
                .map(route)
                .collect();
            Some(routes.join("|"))
        }
        "dhcp.option.classless_static_route" => {
            let route = |digits: &str| {
                let octet = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
                let octets: Vec<u8> = (0..digits.len()).step_by(2).map(octet).collect();
                let (dst, gateway) = octets[1..].split_at(octets.len() - 5);
                let mut whole = [0; 4];
                whole[..dst.len()].copy_from_slice(dst);
                let gateway = <[u8; 4]>::try_from(gateway).unwrap();
                (octets[0] > 0).then(|| {
                    let (dst, gateway) = (Ipv4Addr::from(whole), Ipv4Addr::from(gateway));
                    format!("{dst}/{}>{gateway}", octets[0])
                })
            };
            let routes: Vec<String> = text.split('|').filter_map(route).collect();
            Some(routes.join("|"))
        }
        _ => Some(text.to_string()),
    }
}

#[test]
fn facts_of_others_are_ours() {
    let (mut compared, mut agree) = (0, 0);
    let mut found = BTreeSet::new();
    for (id, payload, vector) in vectors() {
        let facts = &vector["tshark"];
        if facts["dhcp.type"] != "2" || facts["_ws.malformed"].is_string() {
            continue;
        }
        let lease = heard(&payload);
        let mut differs = |name: &'static str, ours: &str, theirs: &str| {
            let is_listed = |(fact, _, packets): &(&str, &str, &[&str])| {
                *fact == name && packets.contains(&id.as_str())
            };
            found.insert((name, id.clone()));
            if !DIFFERENCES.iter().any(is_listed) {
                println!("{id}: {name}: ours {ours:?}, theirs {theirs:?}");
            }
        };
        compared += 1;
        if lease.verdict() != Verdict::Fine {
            differs("", &format!("{:?}", lease.verdict()), "");
            continue;
        }
        compared += FACTS.len();
        agree += 1;
        for (name, field) in FACTS {
            let ours = shown(&lease, *field);
            match fact(facts, name) {
                Some(theirs) if theirs != ours => differs(name, &ours, &theirs),
                Some(_) | None => agree += 1,
            }
        }
    }
    println!("{agree} of {compared} facts agree");
    let listed: BTreeSet<(&str, String)> = DIFFERENCES
        .iter()
        .flat_map(|(name, _, ids)| ids.iter().map(|id| (*name, id.to_string())))
        .collect();
    assert!(
        compared == 0 || found == listed,
        "what differs is not what is listed"
    );
}
