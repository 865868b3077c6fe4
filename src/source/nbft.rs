//! The NVMe Boot Firmware Table (NVM Express Boot Specification 1.0, section 3): what the firmware configured to
//! reach NVMe subsystems over TCP.
//!
//! ```text
//!  0       4       8       9                     64         80              84      86      87
//!  +-------+-------+-------+-- - - - - - - - - --+-- - - - -+---------------+-------+-------+-------+- -
//!  |"NBFT" | length| major | ACPI header         | control  | HFIs: offset  | octets| flags | count |
//!  +-------+-------+-------+-- - - - - - - - - --+-- - - - -+---------------+-------+-------+-------+- -
//! HFI  0 id (3)  1 index  2 flags (1 valid)  3 transport (3 TCP)  16 offset of its info  20 octets of it
//! info 0 id (7)  6 flags (4 DHCP)  11 MAC  17 VLAN  19 origin  20 address  36 prefix length  37 gateway
//!      54 metric  56, 72 name servers  88 DHCP server  104 offset of the host name  108 octets of it
//! ```
//!
//! Numbers are little-endian, offsets are from the table's start, addresses have 16 octets.

use super::Context;
use super::firmware::{CLIENT, DNS, GATEWAY, HOST, LEASED, LEN, MAC, VLAN};
use crate::diag::{Complaint, Effect, Escaped, Problem};
use crate::model::config::{Pieces, SourceKind};
use crate::model::link::until_nul;

/// Reads one table, which is the text.
#[inline(never)]
pub fn read(cx: &mut Context<'_, '_>) {
    const BAD: Complaint = Complaint::error(Problem::BadTable, Effect::RestIgnored);
    if read_all(cx).is_none() {
        cx.complain_of_file(BAD);
    }
}

/// `None`: something is outside the table.
fn read_all(cx: &mut Context<'_, '_>) -> Option<()> {
    let table = part(cx.text, 0, number(cx.text, 4, 4))?;
    // octets of each HFI, and behind flags of one octet their count
    let (mut at, hfis) = (number(table, 80, 4), number(table, 84, 4));
    let len = hfis & 0xffff;
    let sum = table
        .iter()
        .fold(0_u8, |sum, octet| sum.wrapping_add(*octet));
    if !table.starts_with(b"NBFT") || len < 22 || sum != 0 {
        return None;
    }
    for _ in 0..hfis >> 24 {
        let hfi = part(table, at, len)?;
        at = at.wrapping_add(len);
        // valid, and TCP
        if number(hfi, 2, 2) & 0xff01 == 0x301 {
            let info = part(table, number(hfi, 16, 4), number(hfi, 20, 2))?;
            let mut nic = Pieces::none();
            fill(&mut nic, table, info, cx)?;
            nic.join(SourceKind::Firmware, cx);
        }
    }
    Some(())
}

/// The fields of a NIC, where each stands in the info, and its octets; none are the offset and the length of a text.
static INFO: [(u8, u8, u8); 8] = [
    (CLIENT as u8, 20, 16),
    (GATEWAY as u8, 37, 16),
    (LEN as u8, 36, 1),
    (HOST as u8, 104, 0),
    (MAC as u8, 11, 6),
    (DNS as u8, 56, 16),
    (DNS as u8 + 1, 72, 16),
    (VLAN as u8, 17, 2),
];

/// What an HFI says.
fn fill(nic: &mut Pieces, table: &[u8], info: &[u8], cx: &mut Context<'_, '_>) -> Option<()> {
    const DHCP: usize = 4;
    for (field, at, len) in &INFO {
        let (field, at, len) = (usize::from(*field), usize::from(*at), usize::from(*len));
        let octets = part(info, at, len)?;
        match len {
            0 => {
                let len = number(info, at.wrapping_add(4), 2);
                let text = part(table, number(info, at, 4), len)?;
                nic.set(cx, field, &Escaped(until_nul(text)));
            }
            1 | 2 => nic.set(cx, field, &(number(info, at, len) as u32)),
            _ => nic.set_octets(cx, field, octets),
        }
    }
    // its flag, its origin, or a server: the last octets of an address, mapped or not
    if number(info, 6, 1) & DHCP != 0 || number(info, 19, 1) == 3 || number(info, 100, 4) != 0 {
        nic.found = LEASED;
    }
    Some(())
}

/// A piece of a table.
#[inline(never)]
fn part(table: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    table.get(at..)?.get(..len)
}

/// A number of `len` octets; where it is outside, one so large that what it stands for is outside too.
#[inline(never)]
fn number(table: &[u8], at: usize, len: usize) -> usize {
    let octets = part(table, at, len).map(|octets| octets.iter().rev());
    octets.map_or(usize::MAX, |octets| {
        octets.fold(0, |number, octet| number << 8 | usize::from(*octet))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{Storage, shown, stacked};
    use std::format;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    /// One interface: its flags, VLAN, origin, address, prefix length, gateway and host name.
    type Hfi = (u8, u16, u8, &'static str, u8, &'static str, &'static str);

    fn mapped(addr: &str) -> [u8; 16] {
        match addr.parse().unwrap() {
            core::net::IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
            core::net::IpAddr::V6(addr) => addr.octets(),
        }
    }

    /// A table of such interfaces, with a sum of 0.
    fn table(hfis: &[Hfi]) -> Vec<u8> {
        let mut octets = vec![0; 160 + 32 * hfis.len()];
        octets[..4].copy_from_slice(b"NBFT");
        octets[80] = 160;
        octets[84..88].copy_from_slice(&[32, 0, 1, hfis.len() as u8]);
        for (n, (flags, vlan, origin, addr, len, gateway, host)) in hfis.iter().enumerate() {
            let name = octets.len() as u32;
            octets.extend(host.as_bytes());
            let info = octets.len() as u32;
            let desc = 160 + 32 * n;
            octets[desc..desc + 4].copy_from_slice(&[3, n as u8 + 1, 1, 3]);
            octets[desc + 16..desc + 20].copy_from_slice(&info.to_le_bytes());
            octets[desc + 20] = 128;
            let mut piece = vec![0; 128];
            piece[0] = 7;
            piece[6] = *flags;
            piece[11..17].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
            piece[17..19].copy_from_slice(&vlan.to_le_bytes());
            piece[19] = *origin;
            piece[20..36].copy_from_slice(&mapped(addr));
            piece[36] = *len;
            piece[37..53].copy_from_slice(&mapped(gateway));
            piece[104..108].copy_from_slice(&name.to_le_bytes());
            piece[108] = host.len() as u8;
            octets.extend(piece);
        }
        let len = octets.len() as u32;
        octets[4..8].copy_from_slice(&len.to_le_bytes());
        seal(&mut octets);
        octets
    }

    fn seal(octets: &mut [u8]) {
        octets[9] = 0;
        octets[9] = octets
            .iter()
            .fold(0_u8, |sum, octet| sum.wrapping_sub(*octet));
    }

    fn read_octets(octets: &[u8]) -> (Storage, Vec<String>) {
        let mut storage = Storage::default();
        let heard = storage.read("NBFT", octets, read);
        (storage, heard.lines())
    }

    #[test]
    fn interfaces_are_as_the_table_says() {
        for (hfi, want) in [
            (
                (1, 0, 1, "192.0.2.5", 24, "192.0.2.1", "a.example"),
                "4=static! 6=ignore 192.0.2.5/24 via 192.0.2.1 host a.example",
            ),
            (
                (7, 0, 3, "192.0.2.5", 24, "0.0.0.0", ""),
                "4=dhcp! 6=ignore",
            ),
            (
                (5, 0, 1, "192.0.2.5", 24, "0.0.0.0", ""),
                "4=dhcp! 6=ignore",
            ),
            ((1, 0, 3, "2001:db8::5", 64, "::", ""), "4=disabled 6=dhcp!"),
            (
                (1, 0, 1, "2001:db8::5", 0, "2001:db8::1", ""),
                "4=disabled 6=static! 2001:db8::5/64 via 2001:db8::1",
            ),
        ] {
            let (mut storage, told) = read_octets(&table(&[hfi]));
            assert_eq!(
                shown(&storage.config()),
                [format!("02:00:00:00:00:01 {want}")]
            );
            assert!(told.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn two_vlans_lie_on_one_link() {
        let vlan = |id| (1, id, 1, "192.0.2.5", 24, "::", "");
        let (mut storage, _) = read_octets(&table(&[vlan(11), vlan(12)]));
        let mac = "02:00:00:00:00:01";
        assert_eq!(
            stacked(&storage.config()),
            [
                format!("{mac} vlan on {mac} id=11 static/ignore"),
                format!("{mac} ethernet disabled/ignore"),
                format!("{mac} vlan on {mac} id=12 static/ignore"),
            ]
        );
    }

    #[test]
    fn others_than_valid_ones_of_tcp_do_not_count() {
        for (at, octet) in [(162, 0), (163, 1)] {
            let mut octets = table(&[(1, 0, 1, "192.0.2.5", 24, "::", "")]);
            octets[at] = octet;
            seal(&mut octets);
            let (mut storage, told) = read_octets(&octets);
            assert!(storage.config().links.is_empty() && told.is_empty());
        }
    }

    #[test]
    fn a_damaged_table_is_said_to_be() {
        let whole = table(&[(1, 0, 1, "192.0.2.5", 24, "::", "x")]);
        let damaged = |at: usize, octet: u8| {
            let mut octets = whole.clone();
            octets[at] = octet;
            seal(&mut octets);
            octets
        };
        for octets in [
            damaged(0, b'X'),
            damaged(5, 9),
            damaged(81, 9),
            damaged(84, 3),
            damaged(87, 9),
            damaged(177, 9),
            damaged(180, 100),
            damaged(193 + 105, 9),
            [&whole[..], b"more"].concat()[1..].to_vec(),
        ] {
            let (mut storage, told) = read_octets(&octets);
            assert!(storage.config().links.len() < 2);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains("BadTable RestIgnored"), "{told:?}");
        }
        assert!(read_octets(&[&whole[..], b"more"].concat()).1.is_empty());
        for end in 0..whole.len() {
            assert_eq!(read_octets(&whole[..end]).1.len(), 1);
        }
    }
}
