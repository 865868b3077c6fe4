//! Packets as the jail reads them. The first octet says what the others are: an IPv4 packet, one whose header's
//! sum is right, a DHCP message in a packet that is right, or ARP.
#![no_main]

use ifdawn::model::lease::{Field, Kind, Lease, Verdict, is_host};
use ifdawn::wire::arp::{self, Arp};
use ifdawn::wire::dhcpv4;
use ifdawn::wire::ipv4::Checksum;
use ifdawn_fuzz::{message, others, sow, survives_its_file};
use libfuzzer_sys::fuzz_target;

const PACKET: u8 = 0;
const MENDED: u8 = 1;
const MESSAGE: u8 = 2;
const ARP: u8 = 3;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let Some((kind, octets)) = data.split_first() else {
        return;
    };
    match kind % 4 {
        PACKET => {
            hear(octets, Checksum::Complete);
        }
        MENDED => {
            let mut packet = octets.to_vec();
            message::mend(&mut packet);
            hear(&packet, Checksum::Partial);
        }
        MESSAGE => {
            let lease = hear(&message::packet(octets), Checksum::Complete);
            if lease.verdict() == Verdict::Fine {
                says(octets, &lease);
            }
        }
        _ => {
            let (mut lease, mut other) = (Lease::NONE, dirty());
            arp::read(octets, &mut lease);
            arp::read(octets, &mut other);
            assert_eq!(lease, other, "what was there before is gone");
            judged(&lease);
        }
    }
});

/// A lease with all octets set.
fn dirty() -> Lease {
    let mut lease = Lease::NONE;
    lease.octets_mut().fill(0xa5);
    lease
}

fn hear(packet: &[u8], checksum: Checksum) -> Lease {
    let (mut lease, mut other) = (Lease::NONE, dirty());
    dhcpv4::read(packet, checksum, &mut lease);
    dhcpv4::read(packet, checksum, &mut other);
    assert_eq!(lease, other, "what was there before is gone");
    judged(&lease);
    lease
}

/// What was read can be believed, and kept.
fn judged(lease: &Lease) {
    let verdict = lease.verdict();
    assert_ne!(verdict, Verdict::Unread);
    if matches!(verdict, Verdict::Fine | Verdict::Arp) {
        assert!(lease.is_sound());
    }
    if verdict == Verdict::Fine {
        for field in Field::ALL {
            assert!(lease.get(*field).len() <= usize::from(field.slot().room));
        }
        for field in [Field::Addr, Field::Router, Field::Server, Field::NextServer] {
            assert!(
                lease.get(field).is_empty() || is_host(lease.addr(field)),
                "{field:?}"
            );
        }
        if !lease.addr(Field::Addr).is_unspecified() {
            survives_its_file(lease, 12);
        }
    }
}

/// Numbers and the server are those that the message has.
fn says(octets: &[u8], lease: &Lease) {
    assert_eq!(lease.get(Field::Xid), &octets[4..8]);
    for field in Field::ALL {
        let slot = field.slot();
        let is_plain = slot.kind == Kind::Number && *field != Field::RapidCommit;
        if slot.code == 0 || !is_plain && *field != Field::Server {
            continue;
        }
        let said = message::option(octets, slot.code);
        let is_usable = |said: &[u8]| {
            said.len() == usize::from(slot.room)
                && (*field != Field::Mtu || said >= &[0, 68][..])
                && (*field != Field::Server || matches!(said[0], 1..=126 | 128..=223))
        };
        match said {
            Some(said) if is_usable(&said) => assert_eq!(lease.get(*field), said, "{field:?}"),
            Some(_) => {
                assert_eq!(lease.get(*field), b"", "{field:?}");
                assert!(lease.left_out(*field), "{field:?}");
            }
            None => assert_eq!(lease.get(*field), b"", "{field:?}"),
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let of = |kind: u8, octets: &[u8]| [&[kind], octets].concat();
    let mut seeds = Vec::new();
    for said in message::seeds().into_iter().chain(others()) {
        seeds.push(of(PACKET, &message::packet(&said)));
        seeds.push(of(MENDED, &message::packet(&said)));
        seeds.push(of(MESSAGE, &said));
    }
    let mac = ifdawn::model::link::Mac::new(&message::MAC).expect("a MAC");
    for what in [Arp::Probe, Arp::Announcement] {
        let mut packet = [0; arp::MAX];
        let len = arp::build(what, &mac, 1, message::ADDR.into(), &mut packet);
        seeds.push(of(ARP, &packet[..len]));
    }
    seeds
}
