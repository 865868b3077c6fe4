//! What the firmware configured to boot, as the `ip=` word that says the same: see [`super::ip_arg`].
//!
//! * iBFT, the iSCSI Boot Firmware Table, as Linux shows it in sysfs (Documentation/ABI/testing/sysfs-ibft): a
//!   directory for each NIC, a file for each value.
//! * Open Firmware (IEEE 1275): properties of `/chosen`, of which `bootpath` says how the kernel was loaded:
//!   `DEVICE:[NAME=VALUE,]...[dhcp|bootp|rarp,]SERVER,FILE,CLIENT,GATEWAY,RETRIES,RETRIES,MASK,SIZE`; and the MAC
//!   at the device.
//! * NBFT, that of NVMe: [`super::nbft`].
//!
//! Complaints are about parts of that word.

use super::Context;
use super::arg::Arg;
use super::{ip_arg, virtual_arg};
use crate::diag::{Escaped, LineBuf};
use crate::limits::MAX_LINE;
use crate::model::addr::MAPPED;
use crate::model::config::{Config, Pieces, SourceKind};
use crate::model::link::until_nul;
use crate::packed::{Packed, packed};
use crate::text::show::{Hex, Show};
use crate::text::{parts, scalar};
use core::net::{IpAddr, Ipv4Addr};

/// The names of files: for iBFT in the order of the fields, and from [`TREE`] on the same in the device tree, as far
/// as there are such. Of two MACs there the one read last counts, as in Linux.
const NAMES: Packed = packed!(
    "ip-addr,subnet-mask,gateway,prefix-len,hostname,mac,origin,primary-dns,secondary-dns,vlan,dhcp,,\
    client-ip,,gateway-ip,netmask-ip,client-name,mac-address,bootp-response,local-mac-address,,,,bootpath"
);
const TREE: usize = 12;

/// The place of a file's name in the list of them.
pub fn field(name: &[u8]) -> Option<usize> {
    NAMES.position(name)
}

/// The address.
pub const CLIENT: usize = 0;
/// The netmask where there is no prefix length; it stands in the place of the boot server.
const MASK: usize = 1;
/// The gateway.
pub const GATEWAY: usize = 2;
/// Prefix length or netmask.
pub const LEN: usize = 3;
/// The machine's name.
pub const HOST: usize = 4;
/// The MAC.
pub const MAC: usize = 5;
/// Where the address is from, in the place of the method: 3 is DHCP, 4 router discovery.
const METHOD: usize = 6;
/// The first name server; the second one follows.
pub const DNS: usize = 7;
/// VLAN id; 0 is none.
pub const VLAN: usize = 9;
/// The DHCP server.
const SERVER: usize = 10;
/// The device it was booted from: then it may be any where there is no MAC.
const DEVICE: usize = 11;

/// [`Pieces::found`]: by DHCP.
const BY_DHCP: u32 = 3;
/// [`Pieces::found`]: by DHCP, and what it told the firmware does not count but for the family.
pub const LEASED: u32 = 5;
/// By [`Pieces::found`], with IPv4 and with IPv6.
const METHODS: Packed = packed!("none,none,none,dhcp,auto,dhcp\nnone,none,none,dhcp6,auto6,dhcp6");

impl Pieces {
    /// Says a field, in place of what was said.
    #[inline(never)]
    pub fn set(&mut self, cx: &mut Context<'_, '_>, n: usize, value: &dyn Show) {
        let mut text = LineBuf::<128>::new();
        text.show(value);
        if let CLIENT | SERVER = n {
            self.is_v6 |= parts::has(text.as_bytes(), b':');
        }
        if let Some(field) = self.fields.get_mut(n) {
            *field = cx.config.keep_same(text.as_bytes());
        }
    }

    /// Says a field that is written as octets: an address of 4 or 16, of IPv4 mapped too (RFC 4291 s.2.5.5.2), else a
    /// MAC.
    #[inline(never)]
    pub fn set_octets(&mut self, cx: &mut Context<'_, '_>, n: usize, octets: &[u8]) {
        let octets = parts::without(octets, MAPPED);
        if let Ok(octets) = <[u8; 4]>::try_from(octets) {
            self.set(cx, n, &IpAddr::from(octets));
        } else if let Ok(octets) = <[u8; 16]>::try_from(octets) {
            self.set(cx, n, &IpAddr::from(octets));
        } else {
            self.set(cx, n, &Hex(octets));
        }
    }

    /// What was said of a field; 0 is as good as nothing.
    #[inline(never)]
    fn field<'c>(&self, config: &'c Config<'_>, n: usize) -> &'c [u8] {
        match self.fields.get(n).map(|field| config.text_or_none(field)) {
            None | Some(b"0") => b"",
            Some(field) => field,
        }
    }

    /// The device it was booted from, "" for none.
    pub fn device<'c>(&self, config: &'c Config<'_>) -> &'c [u8] {
        self.field(config, DEVICE)
    }

    /// Takes what is in the file of a name.
    #[inline(never)]
    pub fn take(&mut self, name: &[u8], octets: &[u8], cx: &mut Context<'_, '_>) {
        let text = parts::trim(until_nul(octets));
        let Some(n) = field(name) else {
            return;
        };
        match n.checked_sub(TREE) {
            Some(METHOD) => self.found = BY_DHCP,
            Some(DEVICE) => self.boot(text, cx),
            Some(HOST) => self.set(cx, HOST, &Escaped(text)),
            // in the place of a name server stands another MAC
            Some(DNS) => self.set_octets(cx, MAC, octets),
            Some(n) => self.set_octets(cx, n, octets),
            // older kernels have no prefix-len, which is read before
            None if n == MASK => {
                if self.field(cx.config, LEN).is_empty() {
                    self.set(cx, LEN, &Escaped(text));
                }
            }
            None if n == METHOD => self.found = scalar::number(text).unwrap_or_default(),
            None => self.set(cx, n, &Escaped(text)),
        }
    }

    /// What the device was told to boot with: `DEVICE:ARGUMENTS`.
    fn boot(&mut self, path: &[u8], cx: &mut Context<'_, '_>) {
        /// By the place of an argument, which field it is; 12 is none.
        static PLACES: [u8; 7] = [12, 12, CLIENT as u8, GATEWAY as u8, 12, 12, LEN as u8];
        let mut rest = Some(path);
        let device = parts::take(&mut rest, b':');
        self.set(cx, DEVICE, &Escaped(device));
        let mut places = PLACES.iter();
        while let Some(arg) = parts::next(&mut rest, b',') {
            if packed!("dhcp,bootp,rarp").position(arg).is_some() {
                self.found = BY_DHCP;
            } else if !parts::has(arg, b'=')
                && let Some(n) = places.next()
                && let Some(bits @ 1..) = scalar::ipv4_with_zeros(arg)
            {
                self.set(cx, (*n).into(), &IpAddr::V4(Ipv4Addr::from_bits(bits)));
            }
        }
    }

    /// Adds what files say as a link. What has no MAC is no NIC, unless something was booted from it.
    ///
    /// The context is that of the place it was read from.
    #[inline(never)]
    pub fn put(&mut self, cx: &mut Context<'_, '_>) {
        let is_booted = !self.device(cx.config).is_empty();
        if is_booted && (self.found != 0 || self.field(cx.config, CLIENT).is_empty()) {
            self.found = LEASED;
        }
        if is_booted || !self.field(cx.config, MAC).is_empty() {
            self.join(SourceKind::Firmware, cx);
        }
    }

    /// Reads the word that says the same; where it is of a VLAN, then what lies below it.
    #[inline(never)]
    pub fn join(&self, source: SourceKind, cx: &mut Context<'_, '_>) {
        let config = &*cx.config;
        let methods = METHODS.line(usize::from(self.is_v6));
        let mut word = LineBuf::<MAX_LINE>::new();
        let mut first = CLIENT;
        if self.found == LEASED {
            word.put(b":::");
            first = LEN;
        }
        // a VLAN goes by its id until the word is read: its MAC is that of the link below it
        let is_vlan = !self.field(config, VLAN).is_empty();
        for n in first..VLAN {
            let of = if n == MAC && is_vlan { VLAN } else { n };
            let field = self.field(config, of);
            let is_bracketed = parts::has(field, b':');
            word.put(if is_bracketed { b":[" } else { b":" });
            word.put(field);
            word.put(if is_bracketed { b"]" } else { b"" });
            if n == METHOD {
                word.unpack(methods.item(self.found as usize));
            }
        }
        let end = word.as_bytes().len();
        word.put(self.field(config, MAC));
        let mac = parts::slice(word.as_bytes(), end, usize::MAX);
        // without the first colon
        let word = parts::slice(word.as_bytes(), 1, end.wrapping_sub(1));
        let arg = &mut Arg::new(cx, source, b"ip", word);
        arg.split(0);
        let done = ip_arg::read(arg);
        if arg.settle(done)
            && is_vlan
            && let Ok(id) = virtual_arg::put_vlan(arg, arg.field(MAC), mac)
            && let Some(link) = arg.cx.config.link_mut(id)
            && let Some(lower) = link.lower
        {
            (link.name, link.matches) = (None, lower);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::{Storage, shown, stacked};
    use std::string::String;
    use std::vec::Vec;

    /// What becomes of files with these names: `file=octets`, in the order they are read in.
    fn read(files: &[(&str, &[u8])]) -> (Storage, Vec<String>) {
        let mut nic = Pieces::none();
        let mut storage = Storage::default();
        let heard = storage.read("ethernet0", "", |cx| {
            for (name, octets) in files {
                nic.take(name.as_bytes(), octets, cx);
            }
            nic.put(cx);
        });
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
                "error 0:0 ip= \"aa.bb.cc.dd\" NotAnAddress WordIgnored",
            ),
            (
                "gateway",
                "bb.cc",
                "error 0:0 ip= \"bb.cc\" NotAnAddress PartIgnored",
            ),
            ("primary-dns", "10000.500.250.1", "PartIgnored"),
            (
                "secondary-dns",
                "blah.foo",
                "error 0:0 ip= \"blah.foo\" NotAnAddress PartIgnored",
            ),
            (
                "prefix-len",
                "33",
                "error 0:0 ip= \"33\" BadPrefix WordIgnored",
            ),
            ("vlan", "4095", "ip= \"4095\" NotAVlanId WordIgnored"),
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
        assert!(told.is_empty(), "{told:?}");
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
