//! What the firmware configured to boot, as the `ip=` word that says the same: see [`super::ip_arg`].
//!
//! * iBFT, the iSCSI Boot Firmware Table, as Linux shows it in sysfs (Documentation/ABI/testing/sysfs-ibft): a
//!   directory for each NIC, a file for each value.
//! * Open Firmware (IEEE 1275): properties of `/chosen`, of which `bootpath` says how the kernel was loaded:
//!   `DEVICE:[speed=N,][duplex=half|full,][dhcp|bootp|rarp,]SERVER,FILE,CLIENT,GATEWAY,RETRIES,RETRIES,MASK,SIZE`;
//!   and the MAC at the device.
//! * NBFT, that of NVMe: [`super::nbft`].
//!
//! Complaints show that word in the place of a line.

use super::Context;
use super::arg::{Arg, Done};
use super::ip_arg;
use crate::diag::{Complaint, Effect, Escaped, LineBuf, Problem};
use crate::model::attr::{Attr, Scope};
use crate::model::config::{LinkMatch, Role, SourceKind};
use crate::model::link::{LinkKind, until_nul};
use crate::packed::{Packed, packed};
use crate::text::lines::Line;
use crate::text::show::{Hex, Show, Text};
use crate::text::{parts, scalar};
use core::net::{IpAddr, Ipv4Addr};
use heapless::Vec;

/// The names of files, by the [`Nic`]'s fields they say; a line for each [`Table`].
pub const FILES: Packed = packed!(concat!(
    "ip-addr,dhcp,gateway,subnet-mask,hostname,mac,origin,primary-dns,secondary-dns,vlan,,prefix-len\n",
    "client-ip,,gateway-ip,netmask-ip,client-name,,bootp-response,,,,bootpath\n",
    ",,,,,mac-address,local-mac-address\n",
));

/// Where files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `/sys/firmware/ibft/ethernetN`.
    Ibft,
    /// `/chosen` of the device tree.
    Chosen,
    /// The device it was booted from.
    Device,
    /// [`super::nbft`], which has no files of its own.
    Nbft,
}

/// One NIC: fields of `ip=` as texts, and [`VLAN`], [`OPTIONS`].
pub struct Nic {
    fields: [Vec<u8, 64>; FIELDS],
    /// Who says it.
    source: SourceKind,
    /// Whether it may be any where there is no MAC.
    is_any: bool,
}

const FIELDS: usize = 12;
/// The address.
pub const CLIENT: usize = 0;
/// The DHCP server, in the place of the boot server.
pub const SERVER: usize = 1;
/// The gateway.
pub const GATEWAY: usize = 2;
/// Prefix length or netmask.
pub const LEN: usize = 3;
/// The machine's name.
pub const HOST: usize = 4;
/// The MAC.
pub const MAC: usize = 5;
/// Where the address is from, in the place of the method: 3 is DHCP, 4 router discovery.
pub const ORIGIN: usize = 6;
/// The first name server; the second one follows.
pub const DNS: usize = 7;
/// VLAN id; 0 is none.
pub const VLAN: usize = 9;
/// Options of ethtool.
const OPTIONS: usize = 10;
/// In the place of [`LEN`].
const OTHER_LEN: usize = 11;

const LATER: Complaint = Complaint::note(Problem::Later, Effect::None);

impl Nic {
    /// Nothing said.
    pub const fn new(source: SourceKind) -> Nic {
        Nic {
            fields: [const { Vec::new() }; FIELDS],
            source,
            is_any: matches!(source, SourceKind::Cmdline),
        }
    }

    /// Says a field, in place of what was said.
    #[inline(never)]
    pub fn set(&mut self, n: usize, value: &dyn Show) {
        if let Some(field) = self.fields.get_mut(n) {
            field.clear();
            value.show(&mut Text(&mut field.as_mut_view()));
        }
    }

    /// Whether a field was said.
    pub fn has(&self, n: usize) -> bool {
        !self.field(n).is_empty()
    }

    fn field(&self, n: usize) -> &[u8] {
        self.fields.get(n).map_or(&[], |field| field.as_slice())
    }

    /// Takes what is in the file of a field.
    #[inline(never)]
    pub fn take(&mut self, table: Table, n: usize, octets: &[u8]) {
        let text = parts::trim(until_nul(octets));
        match (table, n, <[u8; 4]>::try_from(octets)) {
            (Table::Device, ..) => self.set(MAC, &Hex(octets)),
            (Table::Chosen, ORIGIN, _) => self.set(ORIGIN, &Escaped(FROM_DHCP)),
            (Table::Chosen, OPTIONS, _) => self.boot(text),
            (Table::Chosen, CLIENT | GATEWAY | LEN, Ok(octets)) => {
                self.set(n, &IpAddr::from(octets));
            }
            _ if text.is_empty() => {}
            _ => self.set(if n == OTHER_LEN { LEN } else { n }, &Escaped(text)),
        }
    }

    /// What the device was told to boot with.
    fn boot(&mut self, path: &[u8]) {
        const NONE: u8 = FIELDS as u8;
        static PLACES: [u8; 7] = [
            NONE,
            NONE,
            CLIENT as u8,
            GATEWAY as u8,
            NONE,
            NONE,
            LEN as u8,
        ];
        let mut rest = parts::split(path, b':').1;
        self.is_any = true;
        if let Some(args) = rest {
            self.set(OPTIONS, &Escaped(args));
        }
        let mut places = PLACES.iter();
        while let Some(arg) = parts::next(&mut rest, b',') {
            if packed!("dhcp,bootp,rarp").position(arg).is_some() {
                self.set(ORIGIN, &Escaped(FROM_DHCP));
            } else if !parts::has(arg, b'=')
                && let Some(n) = places.next()
                && let Some(addr) = addr_with_zeros(arg)
            {
                self.set((*n).into(), &addr);
            }
        }
        if self.field(CLIENT).is_empty() || self.has(ORIGIN) {
            self.ask_dhcp();
        }
    }

    /// It was DHCP that told the firmware: of what it told, only the family counts.
    pub fn ask_dhcp(&mut self) {
        if !self.has(SERVER) {
            self.fields.swap(CLIENT, SERVER);
        }
        for n in [CLIENT, GATEWAY] {
            self.set(n, &"");
        }
        self.set(ORIGIN, &Escaped(FROM_DHCP));
    }

    /// Adds what was said as a link; a VLAN, and then the link it lies on.
    ///
    /// The context is that of the place it was read from. What has no MAC is no NIC.
    pub fn put(&mut self, cx: &mut Context<'_, '_>) {
        const METHODS: Packed = packed!("none,dhcp,auto\nnone,dhcp6,auto6");
        if !self.is_any && !self.has(MAC) {
            return;
        }
        let is_v6 = [CLIENT, SERVER]
            .iter()
            .any(|n| parts::has(self.field(*n), b':'));
        let method = match self.field(ORIGIN) {
            FROM_DHCP => 1,
            b"4" => 2,
            _ => 0,
        };
        let methods = METHODS.line(usize::from(is_v6));
        self.set(ORIGIN, &methods.item(method));
        self.set(SERVER, &"");
        if self.field(LEN) == b"0" {
            self.set(LEN, &"");
        }
        // a VLAN goes by its id until the word is read: its MAC is that of the link below it
        let device = if self.is_vlan() { VLAN } else { MAC };
        let mut word = LineBuf::<320>::new();
        for n in CLIENT..VLAN {
            let field = self.field(if n == MAC { device } else { n });
            let is_bracketed = parts::has(field, b':');
            word.put(if is_bracketed { b":[" } else { b":" });
            word.put(field);
            word.put(if is_bracketed { b"]" } else { b"" });
        }
        let word = word.as_bytes().get(1..).unwrap_or_default();
        let number = cx.line.number.max(1);
        let mut cx = Context::new(cx.config, cx.sink, cx.file, cx.name, b"");
        cx.line = Line {
            number,
            octets: word,
        };
        let arg = &mut Arg {
            name: b"ip",
            value: word,
            source: self.source,
            cx: &mut cx,
        };
        let _ = self.add(arg);
    }

    fn is_vlan(&self) -> bool {
        self.has(VLAN) && self.field(VLAN) != b"0"
    }

    fn add(&self, arg: &mut Arg<'_, '_, '_>) -> Done {
        ip_arg::read(arg)?;
        let id = arg.link(MAC, Role::Addressed)?;
        let origin = arg.origin(arg.value);
        let mut options = Some(self.field(OPTIONS));
        while let Some(option) = parts::next(&mut options, b',') {
            // what ethtool does not know is the firmware's own
            let _ = arg.cx.put_option(id, Scope::Ethtool, option, origin);
        }
        if !self.is_vlan() {
            return Ok(());
        }
        let Some(mac) = scalar::mac(self.field(MAC)) else {
            return arg.refuse_all(Problem::NotAMac);
        };
        arg.put(id, Attr::VLAN_ID, arg.field(MAC));
        let mut lower = arg.new_link();
        (lower.role, lower.matches) = (Role::Lower, LinkMatch::Mac(mac));
        if let Some(link) = arg.cx.config.link_mut(id) {
            (link.kind, link.lower) = (LinkKind::Vlan, Some(lower.matches));
            (link.name, link.matches) = (None, lower.matches);
        }
        arg.complain(arg.value, LATER);
        arg.put_link(&lower)?;
        Ok(())
    }
}

/// [`ORIGIN`]: DHCP.
pub const FROM_DHCP: &[u8] = b"3";

/// An address that is not all zeros, with or without zeros before its numbers.
fn addr_with_zeros(text: &[u8]) -> Option<IpAddr> {
    let (mut bits, mut count) = (0_u32, 0_u32);
    for part in text.split(|octet| *octet == b'.') {
        let octet = u8::try_from(scalar::number(part)?).ok()?;
        (bits, count) = (bits << 8 | u32::from(octet), count.wrapping_add(1));
    }
    (count == 4 && bits != 0).then(|| IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::{Config, LinkId};
    use crate::source::testing::{Storage, shown, stacked};
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// What becomes of files with these names: `file=octets`, in the order they are read in.
    fn read(files: &[(Table, &str, &[u8])]) -> (Storage, Vec<String>) {
        let mut nic = Nic::new(SourceKind::Firmware);
        for (table, name, octets) in files {
            let names = FILES.line(*table as usize).to_string();
            let n = names.split(',').position(|have| have == *name).unwrap();
            nic.take(*table, n, octets);
        }
        let mut storage = Storage::default();
        let heard = storage.read("ethernet0", "", |cx| nic.put(cx));
        (storage, heard.lines())
    }

    fn ibft(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let files: Vec<_> = (files.iter())
            .map(|(name, text)| (Table::Ibft, *name, text.as_bytes()))
            .collect();
        let (mut storage, told) = read(&files);
        (shown(&storage.config()), told)
    }

    const MAC_FILE: (&str, &str) = ("mac", "00:53:00:ab:00:01\n");

    #[test]
    fn a_nic_of_ibft_is_as_its_files_say() {
        let start = "00:53:00:ab:00:01 4=";
        for (files, want) in [
            (
                &[
                    ("ip-addr", "192.0.2.5\n"),
                    ("subnet-mask", "255.255.252.0"),
                    ("prefix-len", "22\n"),
                    ("gateway", "192.0.2.1"),
                    ("primary-dns", "192.0.2.53"),
                    ("secondary-dns", "192.0.2.54"),
                    ("origin", "1\n"),
                    ("vlan", "0\n"),
                ][..],
                "static! 6=ignore 192.0.2.5/22 via 192.0.2.1 dns 192.0.2.53 dns 192.0.2.54",
            ),
            (
                &[
                    ("ip-addr", "192.0.2.5"),
                    ("subnet-mask", "255.255.0.0"),
                    ("dhcp", "0.0.0.0"),
                ],
                "static! 6=ignore 192.0.2.5/16",
            ),
            (
                &[
                    ("gateway", "192.0.2.1"),
                    ("hostname", "a.example"),
                    ("origin", "3"),
                ],
                "dhcp! 6=ignore via 192.0.2.1 host a.example",
            ),
            (
                &[
                    ("ip-addr", "192.0.2.5"),
                    ("prefix-len", "24"),
                    ("origin", "3"),
                    ("dhcp", "192.0.2.1"),
                ],
                "dhcp! 6=ignore 192.0.2.5/24",
            ),
            (
                &[
                    ("ip-addr", "2001:db8::5"),
                    ("subnet-mask", "255.255.255.255"),
                    ("prefix-len", "64"),
                    ("origin", "4"),
                ],
                "disabled 6=auto! 2001:db8::5/64",
            ),
            (
                &[("ip-addr", "::"), ("dhcp", "2001:db8::1"), ("origin", "3")],
                "disabled 6=dhcp!",
            ),
            (&[("origin", "1")], "disabled 6=disabled"),
        ] {
            let all = [files, &[MAC_FILE]].concat();
            let (links, told) = ibft(&all);
            assert_eq!(links, [std::format!("{start}{want}")]);
            assert!(told.is_empty(), "{told:?}");
        }
        let (links, told) = ibft(&[("ip-addr", "192.0.2.5"), ("origin", "3")]);
        assert!(links.is_empty() && told.is_empty());
    }

    #[test]
    fn what_is_wrong_is_shown_in_the_word_that_says_the_same() {
        for (name, value, what) in [
            (
                "ip-addr",
                "aa.bb.cc.dd",
                "error 1:1 ip= \"aa.bb.cc.dd\" NotAnAddress WordIgnored",
            ),
            (
                "gateway",
                "bb.cc",
                "error 1:12 ip= \"bb.cc\" NotAnAddress PartIgnored",
            ),
            ("primary-dns", "10000.500.250.1", "PartIgnored"),
            (
                "secondary-dns",
                "blah.foo",
                "error 1:43 ip= \"blah.foo\" NotAnAddress PartIgnored",
            ),
            (
                "prefix-len",
                "33",
                "error 1:13 ip= \"33\" BadPrefix WordIgnored",
            ),
            ("vlan", "4095", "NotANumber PartIgnored"),
            ("hostname", "a b", "NotAHostname PartIgnored"),
        ] {
            let files = [
                ("ip-addr", "192.0.2.5"),
                ("prefix-len", "24"),
                MAC_FILE,
                (name, value),
            ];
            let told = ibft(&files).1;
            assert!(told[0].ends_with(what), "{told:?}");
        }
    }

    #[test]
    fn a_vlan_is_known_by_the_mac_below_it() {
        let files = [
            (Table::Ibft, "ip-addr", &b"192.0.2.5"[..]),
            (Table::Ibft, "prefix-len", b"24"),
            (Table::Ibft, "mac", b"00:53:00:ab:00:01"),
            (Table::Ibft, "vlan", b"666\n"),
        ];
        let (mut storage, told) = read(&files);
        assert_eq!(
            stacked(&storage.config()),
            [
                "00:53:00:ab:00:01 vlan on 00:53:00:ab:00:01 id=666 static/ignore",
                "00:53:00:ab:00:01 ethernet disabled/ignore"
            ]
        );
        assert!(told.concat().ends_with("Later None"), "{told:?}");
    }

    fn open_firmware(config: &Config<'_>) -> String {
        let speed = config.number_of(LinkId::new(0), Attr::of(Scope::Ethtool, "speed"));
        std::format!("{} {speed:?}", shown(config).concat())
    }

    #[test]
    fn open_firmware_says_what_it_booted_with() {
        let mac = (
            Table::Device,
            "local-mac-address",
            &[0xac, 0x7f, 0x3e, 0xe5, 0xd8, 0x18][..],
        );
        let path = |path: &'static [u8]| (Table::Chosen, "bootpath", path);
        for (files, want) in [
            (
                &[
                    (Table::Chosen, "client-ip", &[10, 43, 2, 3][..]),
                    (Table::Chosen, "client-name", b"abc\0"),
                    (Table::Chosen, "bootp-response", &[2, 1]),
                    path(b"/ethernet:10.0.0.1,/tftpboot/vmlinux\0"),
                    mac,
                ][..],
                "ac:7f:3e:e5:d8:18 4=dhcp! 6=ignore host abc None",
            ),
            (
                &[path(
                    b"/ethernet:speed=10,duplex=half,192.168.32.1,yaboot,192.168.32.2,192.168.32.1,5,5,255.255.000.000,512\0",
                )],
                "any 4=static! 6=ignore 192.168.32.2/16 via 192.168.32.1 Some(10)",
            ),
            (
                &[path(b"/l-lan@3:speed=auto,000.000.000.000,,000.000.000.000,,5,5,,512\0"), mac],
                "ac:7f:3e:e5:d8:18 4=dhcp! 6=ignore None",
            ),
            (
                &[
                    (Table::Chosen, "client-ip", &[10, 43, 2, 3]),
                    (Table::Chosen, "gateway-ip", &[10, 43, 2, 254]),
                    (Table::Chosen, "netmask-ip", &[255, 255, 255, 0]),
                    path(b"/ethernet\0"),
                    mac,
                ],
                "ac:7f:3e:e5:d8:18 4=static! 6=ignore 10.43.2.3/24 via 10.43.2.254 None",
            ),
            (&[path(b"/ethernet:dhcp,192.0.2.1,,192.0.2.5,\0")], "any 4=dhcp! 6=ignore None"),
            (&[mac], "ac:7f:3e:e5:d8:18 4=disabled 6=disabled None"),
            (&[(Table::Chosen, "client-ip", &[10, 43, 2, 3])], " None"),
        ] {
            let (mut storage, told) = read(files);
            assert_eq!(open_firmware(&storage.config()), want);
            assert!(told.is_empty(), "{told:?}");
        }
    }
}
