//! `/run/ifdawn/lease-IF`: a DHCPv4 lease, for who mounts root or sets the clock, and for our next run.
//!
//! ```text
//! DEVICE='eth0'
//! PROTO='dhcp'
//! IFINDEX='7'
//! UPTIME='12'
//! IPV4ADDR='192.0.2.100'
//! IPV4NETMASK='255.255.255.0'
//! IPV4DNS='192.0.2.53 192.0.2.54'
//! DHCPLEASETIME='3600'
//! ROUTES='198.51.100.0/24,192.0.2.7 203.0.113.0/24,0.0.0.0'
//! ```
//!
//! The keys are those of [`Field`], klibc's where it has them; `UPTIME` is when the lease began, in seconds since
//! boot. Nothing that a shell could misread is in a [`Lease`], so a value needs its quotes only. A file with
//! anything in it that is not as written here is not read at all.

use crate::engine::Instant;
use crate::model::addr::dotted;
use crate::model::lease::{Field, Kind, Lease, ROUTE_OCTETS, number};
use crate::model::link::IfName;
use crate::output::json::is_written_as;
use crate::packed::{Packed, word};
use crate::text::show::{Show, Text, displayed};
use crate::text::{parts, scalar};

/// The text of the file.
pub struct LeaseFile<'a> {
    /// The link's name.
    pub name: &'a IfName,
    /// The link's number: under another one the lease is that of another link.
    pub ifindex: u32,
    /// When the lease began.
    pub began: Instant,
    /// What was said.
    pub lease: &'a Lease,
}

impl Show for LeaseFile<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let began = (self.began.0 / 1_000_000) as u32;
        f.show(word!("DEVICE='"), self.name);
        f.count(word!("'\nPROTO='dhcp'\nIFINDEX='"), self.ifindex);
        f.count(word!("'\nUPTIME='"), began);
        for field in Field::ALL {
            if let Some((key, value)) = &said(self.lease, *field) {
                f.show(word!("'\n"), key);
                f.show(word!("='"), value);
            }
        }
        f.word(word!("'\n"));
    }
}

displayed!(LeaseFile<'_>);

/// The key of a field and its value in words; `None` for what is not kept, or was not said.
#[inline(never)]
pub fn said(lease: &Lease, field: Field) -> Option<(Packed, Value<'_>)> {
    let octets = lease.get(field);
    if octets.is_empty() {
        return None;
    }
    let key = Field::KEYS.item(field as usize);
    let kind = field.slot().kind;
    (!key.0.is_empty()).then_some((key, Value { kind, octets }))
}

/// A field in words.
pub struct Value<'a> {
    kind: Kind,
    octets: &'a [u8],
}

impl Show for Value<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let size = match self.kind {
            Kind::Number => return f.number(number(self.octets).into(), 10),
            Kind::Addr | Kind::Addrs => ADDR_OCTETS,
            Kind::Routes => ROUTE_OCTETS,
            // The last ones are DHCPv6's.
            Kind::Hostname
            | Kind::Domains
            | Kind::Text
            | Kind::Octets
            | Kind::Texts
            | Kind::Addrs6
            | Kind::Leased => {
                return f.put(self.octets);
            }
        };
        let (mut octets, mut before) = (self.octets, word!(""));
        while let Some((item, rest)) = octets.split_at_checked(size)
            && let Some((addr, more)) = item.split_first_chunk::<ADDR_OCTETS>()
        {
            dotted(f, before, addr);
            if let [len, gateway @ ..] = more {
                f.count(word!("/"), (*len).into());
                dotted(f, word!(","), gateway);
            }
            (octets, before) = (rest, word!(" "));
        }
    }
}

/// Octets of an address.
const ADDR_OCTETS: usize = 4;

/// Reads the file of a link: when the lease began. `None`, and nothing is leased, where the file is not one of
/// ours, or of another link: what was read is not as it would be written.
pub fn read(text: &[u8], name: &IfName, ifindex: u32, lease: &mut Lease) -> Option<Instant> {
    *lease = Lease::NONE;
    let (mut rest, mut began) = (Some(text), Instant(0));
    while let Some(line) = parts::next(&mut rest, b'\n') {
        if let (key, Some([b'\'', quoted @ ..])) = parts::split(line, b'=')
            && let Some(n) = Field::KEYS.position(key)
            && let Some((_, value)) = quoted.split_last()
        {
            match Field::ALL.get(n) {
                Some(field) => read_field(*field, value, quoted, lease),
                None => began = began.after_seconds(scalar::number(value).unwrap_or(0)),
            }
        }
    }
    let file = LeaseFile {
        name,
        ifindex,
        began,
        lease,
    };
    if is_written_as(&file, text) && lease.is_sound() && !lease.addr(Field::Addr).is_unspecified() {
        return Some(began);
    }
    *lease = Lease::NONE;
    None
}

/// Reads the value of a field, which stands before a last quote in `quoted`. Of what consists of numbers these are
/// taken, whatever stands between them.
fn read_field(field: Field, value: &[u8], quoted: &[u8], lease: &mut Lease) {
    let slot = field.slot();
    let width = match slot.kind {
        Kind::Hostname
        | Kind::Domains
        | Kind::Text
        | Kind::Octets
        | Kind::Texts
        | Kind::Addrs6
        | Kind::Leased => {
            return lease.add(field, value);
        }
        Kind::Number => slot.room.into(),
        Kind::Addr | Kind::Addrs | Kind::Routes => 1,
    };
    let mut number = 0_u32;
    for octet in quoted {
        match octet.wrapping_sub(b'0') {
            digit @ 0..=9 => number = number.wrapping_mul(10).wrapping_add(digit.into()),
            _ => {
                let octets = number.to_be_bytes();
                let before = octets.len().wrapping_sub(width);
                lease.add(field, parts::slice(&octets, before, width));
                number = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    fn lease() -> Lease {
        let mut lease = Lease::NONE;
        for (field, octets) in [
            (Field::Message, &[5][..]),
            (Field::Xid, &[1, 2, 3, 4]),
            (Field::Addr, &[192, 0, 2, 100]),
            (Field::Mask, &[255, 255, 255, 0]),
            (Field::Router, &[192, 0, 2, 1]),
            (Field::Dns, &[192, 0, 2, 53, 192, 0, 2, 54]),
            (Field::Hostname, b"box"),
            (Field::Search, b"a.example b.example"),
            (Field::RootPath, b"nbd:192.0.2.1:root"),
            (Field::Mtu, &[0x05, 0x78]),
            (Field::LeaseTime, &[0xff; 4]),
            (
                Field::Routes,
                &[
                    198, 51, 100, 0, 24, 192, 0, 2, 7, 203, 0, 113, 0, 24, 0, 0, 0, 0,
                ],
            ),
        ] {
            lease.put(field, octets);
            assert!(!lease.left_out(field));
        }
        lease
    }

    fn eth0() -> IfName {
        IfName::new(b"eth0").unwrap()
    }

    fn text(lease: &Lease) -> String {
        LeaseFile {
            name: &eth0(),
            ifindex: 7,
            began: Instant(12_500_000),
            lease,
        }
        .to_string()
    }

    #[test]
    fn the_file_reads_as_klibc_users_expect() {
        let want = "DEVICE='eth0'\nPROTO='dhcp'\nIFINDEX='7'\nUPTIME='12'\nIPV4ADDR='192.0.2.100'\n\
            IPV4NETMASK='255.255.255.0'\nIPV4GATEWAY='192.0.2.1'\nIPV4DNS='192.0.2.53 192.0.2.54'\n\
            HOSTNAME='box'\nDOMAINSEARCH='a.example b.example'\nROOTPATH='nbd:192.0.2.1:root'\nMTU='1400'\n\
            DHCPLEASETIME='4294967295'\nROUTES='198.51.100.0/24,192.0.2.7 203.0.113.0/24,0.0.0.0'\n";
        assert_eq!(text(&lease()), want);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut read_back = Lease::NONE;
        let began = read(text(&lease()).as_bytes(), &eth0(), 7, &mut read_back);
        assert_eq!(began, Some(Instant(12_000_000)));
        for field in Field::ALL {
            let is_kept = !Field::KEYS.item(*field as usize).0.is_empty();
            let want = lease();
            let want = if is_kept { want.get(*field) } else { b"" };
            assert_eq!(read_back.get(*field), want, "{field:?}");
        }
    }

    #[test]
    fn a_file_of_another_link_or_of_somebody_else_is_not_read() {
        let whole = text(&lease());
        let mut lease = Lease::NONE;
        assert_eq!(read(whole.as_bytes(), &eth0(), 8, &mut lease), None);
        for (part, other) in [
            ("UPTIME='12'\n", ""),
            ("IPV4ADDR='192.0.2.100'\n", ""),
            ("IFINDEX='7'\n", ""),
            ("'192.0.2.1'", "192.0.2.1"),
            ("192.0.2.53 ", "192.0.2.353 "),
            ("='box'", "='$(reboot)'"),
            ("='1400'", "='140000'"),
            ("='1400'", "='1400 1400'"),
            ("MTU=", "MTV="),
            ("MTU='1400'", "='5'"),
            ("/24,192", "/33,192"),
            ("198.51.100.0/24", "198.51.100.1/24"),
            ("nbd:", "nbd: "),
            ("PROTO='dhcp'", "PROTO"),
            ("DEVICE='eth0'", "DEVICE='eth9'"),
            (
                "DEVICE='eth0'\nPROTO='dhcp'\n",
                "PROTO='dhcp'\nDEVICE='eth0'\n",
            ),
            ("IFINDEX='7'", "IFINDEX='07'"),
            ("IFINDEX='7'\n", "IFINDEX='7'\nNEW=''\n"),
        ] {
            assert!(whole.contains(part), "{part}");
            let text = whole.replacen(part, other, 1);
            assert_eq!(
                read(text.as_bytes(), &eth0(), 7, &mut lease),
                None,
                "{part} {other}"
            );
        }
    }

    /// A torn file is not read, but where it ends with a line.
    #[test]
    fn a_torn_file_is_not_read() {
        let whole = text(&lease());
        for len in 0..whole.len() {
            let mut lease = Lease::NONE;
            let torn = &whole.as_bytes()[..len];
            let is_read = read(torn, &eth0(), 7, &mut lease).is_some();
            let ends_a_line = whole.as_bytes()[len] == b'\n' || torn.ends_with(b"\n");
            assert!(!is_read || ends_a_line, "{len}");
            assert!(lease.is_sound());
        }
    }
}
