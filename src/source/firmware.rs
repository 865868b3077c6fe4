//! What the firmware configured to boot, as the `ip=` word that says the same: see [`super::ip_arg`].
//!
//! * iBFT, the iSCSI Boot Firmware Table, as Linux shows it in sysfs (Documentation/ABI/testing/sysfs-ibft): a
//!   directory for each NIC, a file for each value.
//! * Open Firmware (IEEE 1275): properties of `/chosen`, of which `bootpath` says how the kernel was loaded:
//!   `DEVICE:[NAME=VALUE,]...[dhcp|bootp|rarp,]SERVER,FILE,CLIENT,GATEWAY,RETRIES,RETRIES,MASK,SIZE`; and the MAC
//!   at the device.
//! * NBFT, that of NVMe: [`super::nbft`].
//!
//! Complaints show that word in the place of a line.

use super::Context;
use super::arg::{Arg, Done};
use super::ip_arg;
use crate::diag::{Complaint, Effect, Escaped, LineBuf, Problem};
use crate::model::attr::Attr;
use crate::model::config::{LinkMatch, Role, SourceKind};
use crate::model::link::{LinkKind, until_nul};
use crate::packed::{Packed, packed};
use crate::text::lines::Line;
use crate::text::show::{Hex, Show, Text};
use crate::text::{parts, scalar};
use core::net::{IpAddr, Ipv4Addr};
use heapless::Vec;

/// The names of files, in the order of the [`Nic`]'s fields.
const IBFT: Packed =
    packed!("ip-addr,dhcp,gateway,prefix-len,hostname,mac,origin,primary-dns,secondary-dns,vlan");
/// The same in the device tree, as far as there are such. Of two MACs the one read last counts, as in Linux.
const TREE: Packed = packed!(
    "client-ip,,gateway-ip,netmask-ip,client-name,mac-address,bootp-response,local-mac-address,,,bootpath"
);

/// The field a file of this name is about.
#[inline(never)]
pub fn field(name: &[u8]) -> Option<(Written, usize)> {
    match IBFT.position(name) {
        Some(n) => Some((Written::Text, n)),
        None => TREE.position(name).map(|n| (Written::Octets, n)),
    }
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As text, in iBFT.
    Text,
    /// Addresses in octets, in the device tree.
    Octets,
}

/// One NIC: fields of `ip=` as texts, and more.
pub struct Nic {
    fields: [Vec<u8, 128>; FIELDS],
}

const FIELDS: usize = 11;
/// The address.
pub const CLIENT: usize = 0;
/// The DHCP server, in the place of the boot server.
const SERVER: usize = 1;
/// The gateway.
pub const GATEWAY: usize = 2;
/// Prefix length or netmask.
pub const LEN: usize = 3;
/// The machine's name.
pub const HOST: usize = 4;
/// The MAC.
pub const MAC: usize = 5;
/// Where the address is from, in the place of the method: 3 is DHCP, 4 router discovery.
const ORIGIN: usize = 6;
/// The first name server; the second one follows.
pub const DNS: usize = 7;
/// VLAN id; 0 is none.
pub const VLAN: usize = 9;
/// The device it was booted from: then it may be any where there is no MAC.
const DEVICE: usize = 10;

/// [`ORIGIN`]: DHCP.
const FROM_DHCP: &[u8] = b"3";
/// [`ORIGIN`]: DHCP, and what it told the firmware does not count.
const LEASED: &[u8] = b"5";

const LATER: Complaint = Complaint::note(Problem::Later, Effect::None);

impl Nic {
    /// Nothing said.
    #[inline(never)]
    pub const fn none() -> Nic {
        Nic {
            fields: [const { Vec::new() }; FIELDS],
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

    /// What was said of a field; 0 is as good as nothing.
    #[inline(never)]
    fn field(&self, n: usize) -> &[u8] {
        match self.fields.get(n).map(|field| field.as_slice()) {
            None | Some(b"0") => b"",
            Some(field) => field,
        }
    }

    /// The device it was booted from, "" for none.
    pub fn device(&self) -> &[u8] {
        self.field(DEVICE)
    }

    /// Takes what is in the file of a name.
    #[inline(never)]
    pub fn take(&mut self, name: &[u8], octets: &[u8]) {
        let text = parts::trim(until_nul(octets));
        let Some((written, n)) = field(name) else {
            return;
        };
        match (written, n, <[u8; 4]>::try_from(octets)) {
            // in the place of a name server stands another MAC
            (Written::Octets, MAC | DNS, _) => self.set(MAC, &Hex(octets)),
            (Written::Octets, ORIGIN, _) => self.set(ORIGIN, &Escaped(FROM_DHCP)),
            (Written::Octets, DEVICE, _) => self.boot(text),
            (Written::Octets, CLIENT | GATEWAY | LEN, Ok(octets)) => {
                self.set(n, &IpAddr::from(octets));
            }
            (_, _, _) => self.set(n, &Escaped(text)),
        }
    }

    /// What the device was told to boot with: `DEVICE:ARGUMENTS`.
    fn boot(&mut self, path: &[u8]) {
        /// By the place of an argument, which field it is; 11 is none.
        static PLACES: [u8; 7] = [11, 11, CLIENT as u8, GATEWAY as u8, 11, 11, LEN as u8];
        let mut rest = Some(path);
        let device = parts::next(&mut rest, b':').unwrap_or_default();
        self.set(DEVICE, &Escaped(device));
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
    }

    /// It was DHCP that told the firmware: of what it told, only the family counts.
    pub fn ask_dhcp(&mut self) {
        self.set(ORIGIN, &Escaped(LEASED));
    }

    /// Adds what was said as a link; a VLAN, and then the link it lies on. What has no MAC is no NIC, unless
    /// something was booted from it.
    ///
    /// The context is that of the place it was read from.
    pub fn put(&mut self, cx: &mut Context<'_, '_>) {
        const METHODS: Packed = packed!("none,dhcp,auto\nnone,dhcp6,auto6");
        let mut is_known = !self.field(MAC).is_empty();
        if !self.device().is_empty() {
            is_known = true;
            if self.field(CLIENT).is_empty() || !self.field(ORIGIN).is_empty() {
                self.ask_dhcp();
            }
        }
        let is_v6 = parts::has(self.field(CLIENT), b':') || parts::has(self.field(SERVER), b':');
        let mut first = CLIENT;
        let method = match self.field(ORIGIN) {
            LEASED => {
                first = LEN;
                1
            }
            FROM_DHCP => 1,
            b"4" => 2,
            _ => 0,
        };
        self.set(ORIGIN, &METHODS.line(usize::from(is_v6)).item(method));
        self.set(SERVER, &"");
        // a VLAN goes by its id until the word is read: its MAC is that of the link below it
        let is_vlan = !self.field(VLAN).is_empty();
        let mut word = LineBuf::<512>::new();
        for n in CLIENT..VLAN {
            let field = match n {
                _ if n < first => b"",
                MAC if is_vlan => self.field(VLAN),
                n => self.field(n),
            };
            let is_bracketed = parts::has(field, b':');
            word.put(if is_bracketed { b":[" } else { b":" });
            word.put(field);
            word.put(if is_bracketed { b"]" } else { b"" });
        }
        if is_known {
            let word = word.as_bytes().get(1..).unwrap_or_default();
            say(cx, SourceKind::Firmware, word, &mut |arg| self.add(arg));
        }
    }

    fn add(&self, arg: &mut Arg<'_, '_, '_>) -> Done {
        if self.field(VLAN).is_empty() {
            return Ok(());
        }
        let vlan = arg.field(MAC);
        let id = arg.link(vlan, Role::Addressed)?;
        arg.put(id, Attr::VLAN_ID, vlan);
        arg.complain(arg.value, LATER);
        let Some(mac) = scalar::mac(self.field(MAC)) else {
            return arg.refuse_all(Problem::NotAMac);
        };
        let mut lower = arg.new_link();
        (lower.role, lower.matches) = (Role::Lower, LinkMatch::Mac(mac));
        if let Some(link) = arg.cx.config.link_mut(id) {
            (link.kind, link.lower) = (LinkKind::Vlan, Some(lower.matches));
            (link.name, link.matches) = (None, lower.matches);
        }
        arg.put_link(&lower)?;
        Ok(())
    }
}

/// Reads an `ip=` word that was made of other words or values, and goes on.
pub fn say(
    cx: &mut Context<'_, '_>,
    source: SourceKind,
    word: &[u8],
    go_on: &mut dyn FnMut(&mut Arg<'_, '_, '_>) -> Done,
) {
    let number = cx.line.number.max(1);
    let mut cx = Context::new(cx.config, cx.sink, cx.file, cx.name, b"");
    cx.line = Line {
        number,
        octets: word,
    };
    let arg = &mut Arg {
        name: b"ip",
        value: word,
        source,
        cx: &mut cx,
    };
    if ip_arg::read(arg).is_ok() {
        // what is wrong was reported
        let _ = go_on(arg);
    }
}

/// An address that is not all zeros, with or without zeros before its numbers.
fn addr_with_zeros(text: &[u8]) -> Option<IpAddr> {
    let (mut bits, mut rest) = (0_u32, Some(text));
    for _ in 0..4 {
        let part = parts::next(&mut rest, b'.')?;
        let octet = scalar::number(part).filter(|octet| *octet < 0x100)?;
        bits = bits << 8 | octet;
    }
    (bits != 0).then(|| IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{Storage, shown, stacked};
    use std::string::String;
    use std::vec::Vec;

    /// What becomes of files with these names: `file=octets`, in the order they are read in.
    fn read(files: &[(&str, &[u8])]) -> (Storage, Vec<String>) {
        let mut nic = Nic::none();
        for (name, octets) in files {
            nic.take(name.as_bytes(), octets);
        }
        let mut storage = Storage::default();
        let heard = storage.read("ethernet0", "", |cx| nic.put(cx));
        (storage, heard.lines())
    }

    fn ibft(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let files: Vec<_> = (files.iter())
            .map(|(name, text)| (*name, text.as_bytes()))
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
                    ("prefix-len", "16"),
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
            ("ip-addr", &b"192.0.2.5"[..]),
            ("prefix-len", b"24"),
            ("mac", b"00:53:00:ab:00:01"),
            ("vlan", b"666\n"),
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

    #[test]
    fn open_firmware_says_what_it_booted_with() {
        let mac = (
            "local-mac-address",
            &[0xac, 0x7f, 0x3e, 0xe5, 0xd8, 0x18][..],
        );
        let path = |path: &'static [u8]| ("bootpath", path);
        for (files, want) in [
            (
                &[
                    ("client-ip", &[10, 43, 2, 3][..]),
                    ("client-name", b"abc\0"),
                    ("bootp-response", &[2, 1]),
                    path(b"/ethernet:10.0.0.1,/tftpboot/vmlinux\0"),
                    mac,
                ][..],
                "ac:7f:3e:e5:d8:18 4=dhcp! 6=ignore host abc",
            ),
            (
                &[path(
                    b"/ethernet:speed=10,duplex=half,192.168.32.1,yaboot,192.168.32.2,192.168.32.1,5,5,255.255.000.000,512\0",
                )],
                "any 4=static! 6=ignore 192.168.32.2/16 via 192.168.32.1",
            ),
            (
                &[path(b"/l-lan@3:speed=auto,000.000.000.000,,000.000.000.000,,5,5,,512\0"), mac],
                "ac:7f:3e:e5:d8:18 4=dhcp! 6=ignore",
            ),
            (
                &[
                    ("client-ip", &[10, 43, 2, 3][..]),
                    ("gateway-ip", &[10, 43, 2, 254]),
                    ("netmask-ip", &[255, 255, 255, 0]),
                    path(b"/ethernet\0"),
                    mac,
                ],
                "ac:7f:3e:e5:d8:18 4=static! 6=ignore 10.43.2.3/24 via 10.43.2.254",
            ),
            (&[path(b"/ethernet:dhcp,192.0.2.1,,192.0.2.5,\0")], "any 4=dhcp! 6=ignore"),
            (&[mac], "ac:7f:3e:e5:d8:18 4=disabled 6=disabled"),
            (&[("client-ip", &[10, 43, 2, 3][..])], ""),
            (&[("unknown", &b"x"[..])], ""),
        ] {
            let (mut storage, told) = read(files);
            assert_eq!(shown(&storage.config()).concat(), want);
            assert!(told.is_empty(), "{told:?}");
        }
    }
}
