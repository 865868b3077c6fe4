//! What is done in the jail.

use crate::sys::packet::EtherType;
use ifdawn::model::statement::{Form, Statement};
use ifdawn::wire::ipv4::Checksum;
use ifdawn::wire::{arp, dhcpv4, dhcpv6, icmpv6, ipv6};

/// Reads a frame into the record of a statement that it belongs in.
pub fn read(what: EtherType, checksum: Checksum, frame: &[u8], said: &mut Statement) {
    said.form = Form::Lease;
    match (what, frame) {
        (EtherType::Ipv4, _) => dhcpv4::read(frame, checksum, &mut said.lease),
        (EtherType::Arp, _) => arp::read(frame, &mut said.lease),
        (EtherType::Ipv6, [_, _, _, _, _, _, ipv6::UDP, ..]) => {
            said.form = Form::Lease6;
            dhcpv6::read(frame, checksum, &mut said.lease6);
        }
        (EtherType::Ipv6, _) => {
            said.form = Form::Advert;
            icmpv6::read(frame, checksum, &mut said.advert);
        }
    }
}
