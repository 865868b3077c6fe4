//! Packets as the jail reads them. The first octet says what the others are: an IPv6 packet, the same without a
//! checksum, or a DHCPv6 message in a packet that is right.
#![no_main]

use ifdawn::model::lease6::{Field6, Kind, LEASED_OCTETS, Lease6, Verdict, leased};
use ifdawn::wire::dhcpv6;
use ifdawn::wire::ipv4::Checksum;
use ifdawn_fuzz::{message6, sow, survives_its_file6};
use libfuzzer_sys::fuzz_target;

const PACKET: u8 = 0;
const UNSUMMED: u8 = 1;
const MESSAGE: u8 = 2;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let Some((kind, octets)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        PACKET => {
            hear(octets, Checksum::Complete);
        }
        UNSUMMED => {
            hear(octets, Checksum::Partial);
        }
        _ => {
            let lease = hear(&message6::packet(octets), Checksum::Complete);
            if lease.verdict() == Verdict::Fine {
                says(octets, &lease);
            }
        }
    }
});

fn hear(packet: &[u8], checksum: Checksum) -> Lease6 {
    let (mut lease, mut other) = (Lease6::NONE, Lease6::NONE);
    other.octets_mut().fill(0xa5);
    dhcpv6::read(packet, checksum, &mut lease);
    dhcpv6::read(packet, checksum, &mut other);
    assert_eq!(lease, other, "what was there before is gone");
    assert_ne!(lease.verdict(), Verdict::Unread);
    assert!(lease.is_sound());
    survives_its_file6(&lease, 12);
    for field in Field6::ALL {
        let slot = field.slot();
        let octets = lease.get(*field);
        assert!(octets.len() <= usize::from(slot.room));
        match slot.kind {
            Kind::Leased => {
                for item in octets.chunks(LEASED_OCTETS) {
                    let leased = leased(item).expect("sound");
                    assert!(leased.preferred <= leased.valid);
                    assert_eq!(leased.addr.network(), leased.addr.addr);
                    assert!(*field != Field6::Addrs || leased.addr.len == 128);
                }
            }
            Kind::Text | Kind::Texts | Kind::Domains => {
                assert!(octets.iter().all(|octet| (b' '..=b'~').contains(octet)));
                assert!(!octets.ends_with(b" ") && !octets.starts_with(b" "));
                assert!(!octets.iter().any(|octet| b"'\"\\$`;".contains(octet)));
            }
            _ => {}
        }
    }
    lease
}

/// What stands once in a message is what was read.
fn says(octets: &[u8], lease: &Lease6) {
    assert_eq!(lease.get(Field6::Message), &octets[..1]);
    assert_eq!(lease.get(Field6::Xid), &octets[1..4]);
    for field in [Field6::Preference, Field6::SolMaxRt, Field6::RefreshTime] {
        let slot = field.slot();
        let said = message6::option(octets, slot.code);
        let is_usable = |said: &&[u8]| said.len() == usize::from(slot.room);
        let usable = said.iter().rfind(|said| is_usable(said));
        assert_eq!(lease.get(field), *usable.unwrap_or(&&[][..]), "{field:?}");
        assert_eq!(
            lease.left_out(field),
            !said.iter().all(|said| is_usable(&said)),
            "{field:?}"
        );
    }
    // DUIDs are joined as long as there is room.
    for field in [Field6::ClientId, Field6::ServerId] {
        let (mut joined, mut is_left_out) = (Vec::new(), false);
        for said in message6::option(octets, field.slot().code) {
            if said.is_empty() || joined.len() + said.len() > usize::from(field.slot().room) {
                is_left_out = true;
            } else {
                joined.extend_from_slice(said);
            }
        }
        assert_eq!(lease.get(field), joined, "{field:?}");
        assert_eq!(lease.left_out(field), is_left_out, "{field:?}");
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let of = |kind: u8, octets: &[u8]| [&[kind], octets].concat();
    let mut seeds = Vec::new();
    for said in message6::seeds().into_iter().chain(ifdawn_fuzz::others()) {
        seeds.push(of(PACKET, &message6::packet(&said)));
        seeds.push(of(UNSUMMED, &message6::packet(&said)));
        seeds.push(of(MESSAGE, &said));
    }
    seeds
}
