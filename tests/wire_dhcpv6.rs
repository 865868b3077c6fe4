//! The octets of DHCPv6: dhcproto as an independent referee of what we write and read, octets that nobody would send,
//! and packets of others with the facts that tshark states of them, where these are at hand beside the project.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use dhcproto::v6::{
    DhcpOption, DhcpOptions, IAAddr, IANA, IAPD, IAPrefix, Message, MessageType, NtpSuboption,
    OptionCode, Status, StatusCode, UserClass, VendorClass,
};
use dhcproto::{Decodable, Decoder, Encodable};
use ifdawn::model::duid::Duid;
use ifdawn::model::lease6::{Field6, Kind, LEASED_OCTETS, Lease6, Verdict, leased};
use ifdawn::wire::dhcpv6::{self, HEADERS, Request};
use ifdawn::wire::ipv4::Checksum;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::Ipv6Addr;

const CLIENT: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 9];
const SERVER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1];

fn addr(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// The packet in which a server sends `message`, without a checksum.
fn packet(message: &[u8]) -> Vec<u8> {
    let [l0, l1] = u16::try_from(message.len() + 8).unwrap().to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, l0, l1, 17, 64];
    packet.extend(addr("fe80::1").octets());
    packet.extend(addr("fe80::9").octets());
    packet.extend([2, 35, 2, 34, l0, l1, 0, 0]);
    packet.extend(message);
    packet
}

/// What is heard of a message.
fn heard(message: &[u8]) -> Lease6 {
    let mut lease = Lease6::NONE;
    dhcpv6::read(&packet(message), Checksum::Partial, &mut lease);
    assert!(lease.is_sound(), "{message:x?}");
    lease
}

/// An address or prefix as it stands in a record.
fn item(preferred: u32, valid: u32, len: u8, addr: Ipv6Addr) -> Vec<u8> {
    [
        &preferred.to_be_bytes()[..],
        &valid.to_be_bytes(),
        &[len],
        &addr.octets(),
    ]
    .concat()
}

#[test]
fn requests_are_what_the_referee_reads() {
    let two = [
        item(7, 8, 128, addr("fd00::7")),
        item(9, 9, 128, addr("fd00::8")),
    ]
    .concat();
    let prefix = item(7, 8, 56, addr("fd00:aa::"));
    for (number, kind) in [
        (dhcpv6::SOLICIT, MessageType::Solicit),
        (dhcpv6::REQUEST, MessageType::Request),
        (dhcpv6::CONFIRM, MessageType::Confirm),
        (dhcpv6::RENEW, MessageType::Renew),
        (dhcpv6::REBIND, MessageType::Rebind),
        (dhcpv6::RELEASE, MessageType::Release),
        (dhcpv6::DECLINE, MessageType::Decline),
        (dhcpv6::INFORMATION_REQUEST, MessageType::InformationRequest),
    ] {
        let mut octets = [0xa5; 1_500];
        let client = Duid::new(CLIENT).unwrap();
        let request = Request {
            xid: 0xdeadbe,
            elapsed: 700,
            server: SERVER,
            iaid: [1, 2, 3, 4],
            addrs: Some(&two),
            prefixes: Some(&prefix),
            fqdn: b"host",
            vendor_class: b"vendor",
            user_class: b"user",
            ..Request::new(number, addr("fe80::9"), &client)
        };
        let len = dhcpv6::build(&request, &mut octets);
        let message = Message::decode(&mut Decoder::new(&octets[HEADERS..len])).unwrap();
        assert_eq!((message.msg_type(), message.xid_num()), (kind, 0xdeadbe));
        let iaaddr = |addr| {
            DhcpOption::IAAddr(IAAddr {
                addr,
                preferred_life: 0,
                valid_life: 0,
                opts: DhcpOptions::new(),
            })
        };
        let ia_na = [iaaddr(addr("fd00::7")), iaaddr(addr("fd00::8"))];
        let ia_pd = [DhcpOption::IAPrefix(IAPrefix {
            preferred_lifetime: 0,
            valid_lifetime: 0,
            prefix_len: 56,
            prefix_ip: addr("fd00:aa::"),
            opts: DhcpOptions::new(),
        })];
        let mut expected = vec![
            DhcpOption::ClientId(CLIENT.to_vec()),
            DhcpOption::ServerId(SERVER.to_vec()),
            DhcpOption::ElapsedTime(700),
            DhcpOption::IANA(IANA {
                id: 0x01020304,
                t1: 0,
                t2: 0,
                opts: ia_na.into_iter().collect(),
            }),
            DhcpOption::IAPD(IAPD {
                id: 0x01020304,
                t1: 0,
                t2: 0,
                opts: ia_pd.into_iter().collect(),
            }),
        ];
        if kind == MessageType::Solicit {
            expected.push(DhcpOption::RapidCommit);
        }
        let is_question = !matches!(
            kind,
            MessageType::Confirm | MessageType::Release | MessageType::Decline
        );
        if is_question {
            expected.push(DhcpOption::VendorClass(VendorClass {
                num: 0,
                data: vec![b"vendor".to_vec()],
            }));
            expected.push(DhcpOption::UserClass(UserClass {
                data: vec![b"user".to_vec()],
            }));
        }
        for option in &expected {
            let code = OptionCode::from(option);
            assert_eq!(message.opts().get(code), Some(option));
        }
        let mut rest = expected.len();
        if is_question {
            let Some(DhcpOption::ORO(list)) = message.opts().get(OptionCode::ORO) else {
                panic!("no list");
            };
            let mut codes = vec![23, 24, 39, 56, 59, 60, 82];
            if kind == MessageType::InformationRequest {
                codes.insert(0, 32);
            } else {
                rest += 1;
            }
            rest += 1;
            let codes: Vec<OptionCode> = codes.into_iter().map(OptionCode::from).collect();
            assert_eq!(list.opts, codes);
        }
        assert_eq!(message.opts().iter().count(), rest, "{kind:?}");
    }
}

/// A reply with all that the referee can write.
fn reply(kind: MessageType) -> Vec<u8> {
    let mut message = Message::new_with_id(kind, [1, 2, 3]);
    let status = |status| {
        DhcpOption::StatusCode(StatusCode {
            status,
            msg: "in words".into(),
        })
    };
    let iaaddr = DhcpOption::IAAddr(IAAddr {
        addr: addr("fd00:99::7"),
        preferred_life: 3_000,
        valid_life: 4_000,
        opts: [status(Status::Success)].into_iter().collect(),
    });
    let iaprefix = DhcpOption::IAPrefix(IAPrefix {
        preferred_lifetime: 3_000,
        valid_lifetime: 4_000,
        prefix_len: 62,
        prefix_ip: addr("fd00:aa::"),
        opts: DhcpOptions::new(),
    });
    let options = [
        DhcpOption::ClientId(CLIENT.to_vec()),
        DhcpOption::ServerId(SERVER.to_vec()),
        DhcpOption::Preference(10),
        DhcpOption::RapidCommit,
        status(Status::Success),
        DhcpOption::IANA(IANA {
            id: 9,
            t1: 1_000,
            t2: 2_000,
            opts: [iaaddr, status(Status::Success)].into_iter().collect(),
        }),
        DhcpOption::IAPD(IAPD {
            id: 9,
            t1: 1_000,
            t2: 2_000,
            opts: [iaprefix].into_iter().collect(),
        }),
        DhcpOption::DomainNameServers(vec![addr("fd00:99::53"), addr("fe80::54")]),
        DhcpOption::DomainSearchList(vec![
            "lab.test".parse().unwrap(),
            // The referee compresses names that end alike, which RFC 8415 s.10 forbids.
            "example.net".parse().unwrap(),
        ]),
        DhcpOption::InformationRefreshTime(1_800),
        DhcpOption::NtpServer(vec![
            NtpSuboption::ServerAddress(addr("fd00:99::7b")),
            NtpSuboption::FQDN("ntp.lab.test".parse().unwrap()),
        ]),
    ];
    for option in options {
        message.opts_mut().insert(option);
    }
    message.to_vec().unwrap()
}

#[test]
fn replies_are_what_the_referee_wrote() {
    let lease = heard(&reply(MessageType::Reply));
    assert_eq!(lease.verdict(), Verdict::Fine);
    let servers = [addr("fd00:99::53").octets(), addr("fe80::54").octets()].concat();
    for (field, octets) in [
        (Field6::Message, &[7][..]),
        (Field6::Xid, &[1, 2, 3]),
        (Field6::ClientId, CLIENT),
        (Field6::ServerId, SERVER),
        (Field6::Preference, &[10]),
        (Field6::Status, &[]),
        (Field6::Addrs, &item(3_000, 4_000, 128, addr("fd00:99::7"))),
        (Field6::Prefixes, &item(3_000, 4_000, 62, addr("fd00:aa::"))),
        (Field6::RenewTime, &[0, 0, 3, 0xe8]),
        (Field6::RebindTime, &[0, 0, 7, 0xd0]),
        (Field6::Dns, &servers),
        (Field6::Search, b"lab.test example.net"),
        (Field6::RefreshTime, &[0, 0, 7, 8]),
        (Field6::Ntp, &addr("fd00:99::7b").octets()),
        (Field6::NtpNames, b"ntp.lab.test"),
    ] {
        assert_eq!(lease.get(field), octets, "{field:?}");
        assert!(!lease.left_out(field), "{field:?}");
    }
}

#[test]
fn every_truncation_and_every_changed_octet_is_read_or_refused() {
    let whole = packet(&reply(MessageType::Reply));
    let mut lease = Lease6::NONE;
    for len in 0..whole.len() {
        dhcpv6::read(&whole[..len], Checksum::Partial, &mut lease);
        assert_eq!(lease.verdict(), Verdict::Malformed, "{len}");
        assert!(lease.is_sound());
    }
    let (mut fine, mut others) = (0, 0);
    for at in 0..whole.len() {
        let mut packet = whole.clone();
        for octet in 0..=255 {
            packet[at] = octet;
            dhcpv6::read(&packet, Checksum::Partial, &mut lease);
            assert!(lease.is_sound(), "{at} {octet}");
            if lease.verdict() == Verdict::Fine {
                fine += 1;
            } else {
                others += 1;
            }
        }
    }
    assert!(fine > 0 && others > 0, "{fine} {others}");
    // A record that another process wrote is not believed.
    let whole = heard(&reply(MessageType::Reply));
    let mut unsound = 0;
    for at in 0..Lease6::OCTETS {
        let mut lease = whole;
        lease.octets_mut()[at] ^= 0xff;
        unsound += u32::from(!lease.is_sound());
    }
    assert!(unsound > 0);
}

/// Where packets of others are.
const VECTORS: &str = "../shared/vectors/dhcp/packets.jsonl";

/// The packets, each with its id, its UDP payload and what else is known; none where there are no files.
fn vectors() -> Vec<(String, Vec<u8>, Value)> {
    let Ok(text) = std::fs::read_to_string(VECTORS) else {
        println!("note: no {VECTORS} beside the project; nothing was compared");
        return Vec::new();
    };
    let mut vectors = Vec::new();
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if vector["kind"] == "dhcp6" {
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

#[test]
fn packets_of_others_yield_sound_leases() {
    for (_, payload, _) in vectors() {
        for len in 0..=payload.len() {
            heard(&payload[..len]);
        }
        for at in 0..payload.len() {
            let mut payload = payload.clone();
            for octet in [0, 1, 0xff, payload[at] ^ 1, payload[at] ^ 0x80] {
                payload[at] = octet;
                heard(&payload);
            }
        }
    }
}

/// A field as tshark would write it.
fn shown(lease: &Lease6, field: Field6) -> String {
    let octets = lease.get(field);
    let number = || lease.number(field).map_or(String::new(), |n| n.to_string());
    let items = || {
        octets
            .chunks(LEASED_OCTETS)
            .map(|item| leased(item).unwrap())
    };
    if field == Field6::Xid {
        return format!("0x{:06x}", lease.number_or(field, 0));
    }
    let parts: Vec<String> = match field.slot().kind {
        Kind::Number => vec![number()],
        Kind::Octets => vec![octets.iter().map(|octet| format!("{octet:02x}")).collect()],
        Kind::Leased => items()
            .map(|item| match item.addr.len {
                128 => format!("{} {} {}", item.addr.addr, item.preferred, item.valid),
                _ => format!("{} {} {}", item.addr, item.preferred, item.valid),
            })
            .collect(),
        Kind::Addrs6 => octets
            .chunks(16)
            .map(|octets| Ipv6Addr::from(<[u8; 16]>::try_from(octets).unwrap()).to_string())
            .collect(),
        Kind::Domains
        | Kind::Text
        | Kind::Texts
        | Kind::Hostname
        | Kind::Addr
        | Kind::Addrs
        | Kind::Routes => {
            let text = String::from_utf8(octets.to_vec()).unwrap();
            return text.replace(' ', "|");
        }
    };
    parts.join("|")
}

/// What tshark says of several facts at once, in our words.
fn joined(facts: &Value, names: &[&str]) -> Vec<String> {
    let columns: Vec<Vec<&str>> = names
        .iter()
        .map(|name| {
            facts[*name]
                .as_str()
                .map_or(Vec::new(), |text| text.split('|').collect())
        })
        .collect();
    (0..columns[0].len())
        .map(|n| {
            let row: Vec<&str> = columns
                .iter()
                .map(|column| *column.get(n).unwrap_or(&"?"))
                .collect();
            row.join(" ")
        })
        .collect()
}

/// Where we differ (in what field; `None`: we read nothing of it), and why.
const DIFFERENCES: &[(&str, Option<Field6>, &str)] = &[
    (
        "tcpdump/dhcpv6-ia-ta.pcap#2",
        Some(Field6::Addrs),
        "temporary addresses are not asked for",
    ),
    (
        "tcpdump/dhcpv6-ia-ta.pcap#4",
        Some(Field6::Addrs),
        "temporary addresses are not asked for",
    ),
    (
        "systemd/fuzz-dhcp6-client/crash-initial3",
        Some(Field6::Addrs),
        "tshark reads no further where an address ends with an octet that is no option",
    ),
    (
        "systemd/fuzz-dhcp6-client/crash-buf-size",
        None,
        "an option goes beyond the message",
    ),
    (
        "systemd/fuzz-dhcp6-client/oss-fuzz-10746",
        None,
        "an option goes beyond the message",
    ),
];

#[test]
fn facts_of_others_are_ours() {
    let (mut compared, mut agree) = (0, 0);
    let mut found = BTreeSet::new();
    for (id, payload, vector) in vectors() {
        let facts = &vector["tshark"];
        let is_reply = matches!(facts["dhcpv6.msgtype"].as_str(), Some("2" | "7" | "10"));
        if !is_reply || facts["_ws.malformed"].is_string() {
            continue;
        }
        let lease = heard(&payload);
        let text = |name: &str| facts[name].as_str().unwrap_or("").to_string();
        let duids = text("dhcpv6.duid.bytes");
        let duids: Vec<&str> = duids.split('|').collect();
        let options = text("dhcpv6.option.type");
        let of = |code| {
            let mut with_duid = options
                .split('|')
                .filter(|option| matches!(*option, "1" | "2"));
            let n = with_duid.position(|option| option == code);
            n.map_or(String::new(), |n| duids[n].to_string())
        };
        let prefixes: Vec<String> = joined(
            facts,
            &[
                "dhcpv6.iaprefix.pref_addr",
                "dhcpv6.iaprefix.pref_len",
                "dhcpv6.iaprefix.pref_lifetime",
                "dhcpv6.iaprefix.valid_lifetime",
            ],
        );
        let theirs = [
            (Field6::Message, text("dhcpv6.msgtype")),
            (Field6::Xid, text("dhcpv6.xid")),
            (Field6::ClientId, of("1")),
            (Field6::ServerId, of("2")),
            (Field6::Preference, text("dhcpv6.option_preference")),
            (Field6::Dns, text("dhcpv6.dns_server")),
            (
                Field6::Search,
                text("dhcpv6.search_list_entry")
                    .replace(".|", "|")
                    .trim_end_matches('.')
                    .to_string(),
            ),
            (
                Field6::Addrs,
                joined(
                    facts,
                    &[
                        "dhcpv6.iaaddr.ip",
                        "dhcpv6.iaaddr.pref_lifetime",
                        "dhcpv6.iaaddr.valid_lifetime",
                    ],
                )
                .join("|"),
            ),
            (
                Field6::Prefixes,
                prefixes
                    .iter()
                    .map(|prefix| prefix.replacen(' ', "/", 1))
                    .collect::<Vec<String>>()
                    .join("|"),
            ),
        ];
        for (field, theirs) in theirs {
            compared += 1;
            let is_fine = lease.verdict() == Verdict::Fine;
            let ours = shown(&lease, field);
            if is_fine && ours == theirs {
                agree += 1;
                continue;
            }
            let field = is_fine.then_some(field);
            let is_listed = |row: &(&str, Option<Field6>, &str)| row.0 == id && row.1 == field;
            if !DIFFERENCES.iter().any(is_listed) {
                println!("{id}: {field:?}: ours {ours:?}, theirs {theirs:?}");
            }
            found.insert((id.clone(), format!("{field:?}")));
        }
    }
    println!("{agree} of {compared} facts agree");
    let listed: BTreeSet<(String, String)> = DIFFERENCES
        .iter()
        .map(|(id, field, _)| (id.to_string(), format!("{field:?}")))
        .collect();
    assert!(
        compared == 0 || found == listed,
        "what differs is not what is listed"
    );
}
