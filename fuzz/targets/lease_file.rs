//! Lease files, as somebody may have left them in `/run`: what is read writes back to what reads the same.
#![no_main]

use ifdawn::model::lease::{Field, Lease};
use ifdawn::model::lease6::{Field6, Lease6};
use ifdawn::output::lease::read;
use ifdawn::wire::{dhcpv4, dhcpv6, ipv4::Checksum};
use ifdawn_fuzz::{
    IFINDEX, eth0, lease_file, message, message6, sow, survives_its_file, survives_its_file6,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let mut lease = Lease::NONE;
    if let Some(began) = read(data, &eth0(), IFINDEX, lease.any_mut()) {
        assert!(lease.is_sound() && !lease.addr(Field::Addr).is_unspecified());
        for (n, field) in Field::ALL.iter().enumerate() {
            let is_kept = !Field::KEYS.item(n).0.is_empty();
            assert!(is_kept || lease.get(*field).is_empty(), "{field:?} is not kept");
        }
        assert_eq!(began.0 % 1_000_000, 0);
        survives_its_file(&lease, (began.0 / 1_000_000) as u32);
    }
    let mut lease = Lease6::NONE;
    if let Some(began) = read(data, &eth0(), IFINDEX, lease.any_mut()) {
        assert!(lease.is_sound());
        for (n, field) in Field6::ALL.iter().enumerate() {
            let is_kept = !Field6::KEYS.item(n).0.is_empty();
            assert!(is_kept || lease.get(*field).is_empty(), "{field:?} is not kept");
        }
        assert_eq!(began.0 % 1_000_000, 0);
        survives_its_file6(&lease, (began.0 / 1_000_000) as u32);
    }
});

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for message in message::seeds() {
        let mut lease = Lease::NONE;
        dhcpv4::read(&message::packet(&message), Checksum::Complete, &mut lease);
        seeds.push(lease_file(lease.any(), 12).into_bytes());
    }
    for message in message6::seeds() {
        let mut lease = Lease6::NONE;
        dhcpv6::read(&message6::packet(&message), Checksum::Complete, &mut lease);
        seeds.push(lease_file(lease.any(), 12).into_bytes());
    }
    seeds
}
