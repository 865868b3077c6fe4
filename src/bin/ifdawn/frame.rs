//! What is done in the jail.

use crate::sys::packet::EtherType;
use ifdawn::model::lease::Lease;
use ifdawn::wire::ipv4::Checksum;
use ifdawn::wire::{arp, dhcpv4};

/// Reads a frame into a lease that says nothing yet.
pub fn read(what: EtherType, checksum: Checksum, frame: &[u8], lease: &mut Lease) {
    match what {
        EtherType::Ipv4 => dhcpv4::read(frame, checksum, lease),
        EtherType::Arp => arp::read(frame, lease),
    }
}
