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
//! The keys are those of [`Field`](crate::model::lease::Field), klibc's where it has them; `UPTIME` is when the lease
//! began, in seconds since boot. Nothing that a shell could misread is in a [`Lease`](crate::model::lease::Lease), so a
//! value needs its quotes only. A file with anything in it that is not as written here is not read at all.
//!
//! `/run/ifdawn/lease6-IF` is the same of DHCPv6, with the keys of [`Field6`](crate::model::lease6::Field6): addresses
//! and prefixes stand before the seconds for which they are preferred and valid, DUIDs in hexadecimal.
//!
//! ```text
//! DEVICE='eth0'
//! PROTO='dhcp6'
//! IFINDEX='7'
//! UPTIME='12'
//! DHCP6SERVERID='00:03:00:01:02:00:00:00:00:01'
//! IPV6ADDR='2001:db8::64/128,3000,3600'
//! IPV6DNS='2001:db8::53 2001:db8::54'
//! ```

use crate::engine::Instant;
use crate::model::addr::{Cidr, Family, dotted};
use crate::model::index::{HASH_START, hash};
use crate::model::lease::{AnyLease, AnyLeaseMut, Form, Kind, Naming, ROUTE_OCTETS, number};
use crate::model::lease6::{LEASED_OCTETS, leased};
use crate::model::link::IfName;
use crate::model::slots::{self, Record};
use crate::output::json::is_written_as;
use crate::packed::{Packed, word};
use crate::text::show::{Hex, Show, Text, displayed};
use crate::text::{parts, scalar};
use core::net::IpAddr;

/// The text of the file.
pub struct LeaseFile<'a> {
    /// The link's name.
    pub name: &'a IfName,
    /// The link's number: under another one the lease is that of another link.
    pub ifindex: u32,
    /// When the lease began.
    pub began: Instant,
    /// What was said.
    pub lease: AnyLease<'a>,
}

impl Show for LeaseFile<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let began = (self.began.0 / 1_000_000) as u32;
        f.show(word!("DEVICE='"), self.name);
        f.word(word!("'\nPROTO='dhcp"));
        if self.lease.form == Form::Dhcp6 {
            f.word(word!("6"));
        }
        f.count(word!("'\nIFINDEX='"), self.ifindex);
        f.count(word!("'\nUPTIME='"), began);
        each(self.lease, Naming::Keys, &mut |key, value| {
            f.show(word!("'\n"), &key);
            f.show(word!("='"), value);
        });
        f.word(word!("'\n"));
    }
}

displayed!(LeaseFile<'_>);

/// Passes what each field is called on, and its value in words, but of what is not called so, or was not said.
#[inline(never)]
pub fn each(lease: AnyLease<'_>, naming: Naming, take: &mut dyn FnMut(Packed, &Value<'_>)) {
    let AnyLease { form, record } = lease;
    let mut name = match naming {
        Naming::Keys => 0,
        Naming::Options => usize::from(form.slots()).wrapping_add(1),
    };
    for n in 0..form.slots() {
        let slot = form.first().wrapping_add(n);
        let (octets, item) = (slots::get(record, slot), form.keys().item(name));
        name = name.wrapping_add(1);
        if !item.0.is_empty() && !octets.is_empty() {
            let kind = slots::row(slot).kind;
            let value = Value {
                naming,
                kind,
                octets,
            };
            take(item, &value);
        }
    }
}

/// A digest of what is written down of a lease; never 0.
pub fn digest(lease: AnyLease<'_>) -> u32 {
    let mut sum = HASH_START;
    each(lease, Naming::Keys, &mut |_, value| {
        sum = hash(sum, value.octets);
    });
    sum | 1
}

/// A field in words.
pub struct Value<'a> {
    naming: Naming,
    kind: Kind,
    octets: &'a [u8],
}

impl Show for Value<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let size = match self.kind {
            Kind::Number => return f.number(number(self.octets).into(), 10),
            Kind::Hostname | Kind::Domains | Kind::Text | Kind::Texts => {
                return f.put(self.octets);
            }
            Kind::Octets => return Hex(self.octets).show(f),
            Kind::Addr | Kind::Addrs => ADDR_OCTETS,
            Kind::Routes => ROUTE_OCTETS,
            Kind::Addrs6 => ADDR6_OCTETS,
            Kind::Leased => LEASED_OCTETS,
        };
        let mut before = word!("");
        for item in self.octets.chunks(size) {
            if let Some(leased) = &leased(item) {
                // An address is known to hooks without its length, and both without their seconds.
                match (self.naming, leased.addr.len) {
                    (Naming::Options, 128) => f.show(before, &leased.addr.addr),
                    _ => f.show(before, &leased.addr),
                }
                if self.naming == Naming::Keys {
                    f.count(word!(","), leased.preferred);
                    f.count(word!(","), leased.valid);
                }
            } else if let Some(addr) = item.as_array::<ADDR6_OCTETS>() {
                f.show(before, &IpAddr::from(*addr));
            } else if let Some((addr, more)) = item.split_first_chunk::<ADDR_OCTETS>() {
                dotted(f, before, addr);
                if let [len, gateway @ ..] = more {
                    f.count(word!("/"), (*len).into());
                    dotted(f, word!(","), gateway);
                }
            }
            before = word!(" ");
        }
    }
}

/// Octets of an address of either family.
const ADDR_OCTETS: usize = 4;
const ADDR6_OCTETS: usize = 16;

/// Reads the file of a link: when the lease began. `None`, and nothing is leased, where the file is not one of
/// ours, or of another link: what was read is not as it would be written.
pub fn read(text: &[u8], name: &IfName, ifindex: u32, lease: AnyLeaseMut<'_>) -> Option<Instant> {
    let AnyLeaseMut { form, record } = lease;
    record.fill(0);
    let (mut rest, mut began) = (Some(text), Instant(0));
    while let Some(line) = parts::next(&mut rest, b'\n') {
        if let (key, Some([b'\'', quoted @ ..])) = parts::split(line, b'=')
            && let Some(n) = form.keys().position(key)
            && let Some((_, value)) = quoted.split_last()
        {
            match n as u8 {
                n if n < form.slots() => {
                    read_field(form.first().wrapping_add(n), value, quoted, record);
                }
                _ => began = began.after_seconds(scalar::number(value).unwrap_or(0)),
            }
        }
    }
    let file = LeaseFile {
        name,
        ifindex,
        began,
        lease: AnyLease { form, record },
    };
    if is_written_as(&file, text) && slots::is_lease(form, record) {
        return Some(began);
    }
    record.fill(0);
    None
}

/// Reads the value of a field, which stands before a last quote in `quoted`. Of what consists of numbers these are
/// taken, whatever stands between them.
fn read_field(field: u8, value: &[u8], quoted: &[u8], record: &mut Record) {
    let slot = slots::row(field);
    let (mut width, mut radix) = (1, 10);
    match slot.kind {
        Kind::Hostname | Kind::Domains | Kind::Text | Kind::Texts => {
            return slots::add(record, field, value);
        }
        Kind::Addrs6 | Kind::Leased => return read_addrs(field, value, record),
        Kind::Number => width = slot.room.into(),
        Kind::Octets => radix = 16,
        Kind::Addr | Kind::Addrs | Kind::Routes => {}
    }
    let mut number = 0_u32;
    for octet in quoted {
        if let Some(digit) = char::from(*octet).to_digit(radix) {
            number = number.wrapping_mul(radix).wrapping_add(digit);
        } else {
            let octets = number.to_be_bytes();
            let before = octets.len().wrapping_sub(width);
            slots::add(record, field, parts::slice(&octets, before, width));
            number = 0;
        }
    }
}

/// Reads IPv6 addresses, of leased ones with what stands behind each. What is none is not written so.
fn read_addrs(field: u8, value: &[u8], record: &mut Record) {
    let mut rest = Some(value);
    while let Some(item) = parts::next(&mut rest, b' ') {
        let (mut addr, mut times) = (Cidr::default(Family::V6), Some(item));
        let _ = scalar::cidr(parts::take(&mut times, b','), &mut addr);
        if slots::row(field).kind == Kind::Leased {
            for _ in 0..2 {
                let seconds = scalar::number(parts::take(&mut times, b',')).unwrap_or(0);
                slots::add(record, field, &seconds.to_be_bytes());
            }
            slots::add(record, field, &[addr.len]);
        }
        if let IpAddr::V6(addr) = addr.addr {
            slots::add(record, field, &addr.octets());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lease::{Field, Lease};
    use crate::model::lease6::{Field6, Lease6};
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
        text_of(lease.any())
    }

    fn text_of(lease: AnyLease<'_>) -> String {
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
        let began = read(text(&lease()).as_bytes(), &eth0(), 7, read_back.any_mut());
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
        assert_eq!(read(whole.as_bytes(), &eth0(), 8, lease.any_mut()), None);
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
                read(text.as_bytes(), &eth0(), 7, lease.any_mut()),
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
            let is_read = read(torn, &eth0(), 7, lease.any_mut()).is_some();
            let ends_a_line = whole.as_bytes()[len] == b'\n' || torn.ends_with(b"\n");
            assert!(!is_read || ends_a_line, "{len}");
            assert!(lease.is_sound());
        }
    }

    /// One of DHCPv6, with all that is kept of it.
    fn lease6() -> Lease6 {
        let times = |preferred: u32, valid: u32| [preferred.to_be_bytes(), valid.to_be_bytes()];
        let addr = |host: u8| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host];
        let of = |times: [[u8; 4]; 2], len: u8, host| {
            [&times.concat()[..], &[len], &addr(host)].concat()
        };
        let addrs = [
            of(times(3_000, 3_600), 128, 0x64),
            of(times(0, u32::MAX), 128, 0x65),
        ];
        let mut lease = Lease6::NONE;
        for (field, octets) in [
            (Field6::Message, &[7][..]),
            (Field6::Xid, &[1, 2, 3]),
            (Field6::ClientId, &[0, 3, 0, 1, 9]),
            (Field6::ServerId, &[0, 2, 0, 0xab, 0xf]),
            (Field6::RefreshTime, &[0, 0, 2, 88]),
            (Field6::Addrs, &addrs.concat()),
            (Field6::Prefixes, &of(times(7, 8), 56, 0)),
            (Field6::RenewTime, &[0, 0, 0, 9]),
            (Field6::RebindTime, &[0, 0, 0, 10]),
            (Field6::Dns, &[addr(0x53), addr(0x54)].concat()),
            (Field6::Search, b"a.example b.example"),
            (Field6::Fqdn, b"vm.example"),
            (Field6::Ntp, &addr(7)),
            (Field6::NtpNames, b"ntp.example"),
            (Field6::BootfileUrl, b"http://[2001:db8::9]/boot.efi"),
            (Field6::BootfileParams, b"a b=c"),
        ] {
            lease.put(field, octets);
            assert!(!lease.left_out(field));
        }
        lease
    }

    #[test]
    fn the_file_of_dhcpv6_has_addresses_with_their_times() {
        let want = "DEVICE='eth0'\nPROTO='dhcp6'\nIFINDEX='7'\nUPTIME='12'\nDHCP6SERVERID='00:02:00:ab:0f'\n\
            DHCP6REFRESHTIME='600'\nIPV6ADDR='2001:db8::64/128,3000,3600 2001:db8::65/128,0,4294967295'\n\
            IPV6PREFIX='2001:db8::/56,7,8'\nDHCP6RENEWALTIME='9'\nDHCP6REBINDINGTIME='10'\n\
            IPV6DNS='2001:db8::53 2001:db8::54'\nIPV6DOMAINSEARCH='a.example b.example'\n\
            HOSTNAME='vm.example'\nNTPSERVERS='2001:db8::7'\nNTPNAMES='ntp.example'\n\
            BOOTFILEURL='http://[2001:db8::9]/boot.efi'\n\
            BOOTFILEPARAMS='a b=c'\n";
        assert_eq!(text_of(lease6().any()), want);
    }

    #[test]
    fn what_is_written_of_dhcpv6_is_read_back() {
        let mut read_back = Lease6::NONE;
        let text = text_of(lease6().any());
        let began = read(text.as_bytes(), &eth0(), 7, read_back.any_mut());
        assert_eq!(began, Some(Instant(12_000_000)));
        for field in Field6::ALL {
            let is_kept = !Field6::KEYS.item(*field as usize).0.is_empty();
            let want = lease6();
            let want = if is_kept { want.get(*field) } else { b"" };
            assert_eq!(read_back.get(*field), want, "{field:?}");
        }
        // What needs no lease is kept without one.
        let mut only = Lease6::NONE;
        only.put(Field6::Dns, read_back.get(Field6::Dns));
        let text = text_of(only.any());
        assert!(read(text.as_bytes(), &eth0(), 7, read_back.any_mut()).is_some());
        assert!(read_back == only);
    }

    #[test]
    fn a_file_of_dhcpv6_that_is_not_as_written_is_not_read() {
        let whole = text_of(lease6().any());
        for (part, other) in [
            ("PROTO='dhcp6'", "PROTO='dhcp'"),
            ("DHCP6SERVERID=", "DHCPSERVER="),
            ("00:02:00:ab:0f", "00:02:00:ab:f"),
            ("00:02:00:ab:0f", "00:02:00:AB:0f"),
            ("00:02:00:ab:0f", "00:02:00:1ab:0f"),
            ("::64/128,", "::64,"),
            ("::64/128,", "::64/64,"),
            ("::64/128,", "::64/129,"),
            ("::64/128", "[::64/128]"),
            ("::/56", "::1/56"),
            ("2001:db8::64/", "fe80::64/"),
            ("2001:db8::64/", "192.0.2.5/"),
            (",3000,3600", ",3600,3000"),
            (",3000,3600", ",3000"),
            (",3000,3600", ",3000,3600,1"),
            (",3600 2001", ",3600  2001"),
            (",0,4294967295", ",0,4294967296"),
            ("2001:db8::53 ", "2001:0db8::53 "),
            ("2001:db8::53 ", "ff02::53 "),
            ("2001:db8::53 ", "2001:db8::53/128 "),
            ("a b=c", "a b\"c"),
            ("vm.example", "vm.$example"),
        ] {
            assert!(whole.contains(part), "{part}");
            let text = whole.replacen(part, other, 1);
            let mut lease = Lease6::NONE;
            let began = read(text.as_bytes(), &eth0(), 7, lease.any_mut());
            assert_eq!(began, None, "{part} {other}");
            assert!(lease == Lease6::NONE, "{part} {other}");
        }
    }
}
