//! `ip=`: the forms of dracut.cmdline(7), of the kernel (Documentation/admin-guide/nfs/nfsroot.rst)
//! and of klibc's ipconfig, which is one grammar:
//!
//! ```text
//! ip=METHOD
//! ip=LINK:METHOD[:TAIL]
//! ip=CLIENT[/LEN]:[PEER/LEN|SERVER]:[GATEWAY]:[MASK|LEN]:[HOST]:[LINK]:[METHOD][:TAIL]
//! TAIL = MTU[:MAC] | DNS[:DNS]...
//! ```
//!
//! IPv6 addresses stand in brackets. Several words for one link add up: addresses accumulate, the last
//! gateway and the last method of a family count. What is no method is never taken for one. `ip=CLIENT`, and
//! nothing else, needs words of anaconda beside it.
//!
//! `ip6=` and `ipv6=` say the same of IPv6 only: `METHOD`, `CLIENT[/LEN]`, or `LINK` for router discovery.

use super::arg::{Arg, Done, Fields, Refused};
use super::key_table::{Names, key, pack_fields, pack_names, packed_len};
use super::{Key, firmware, other_arg};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::addr::{Cidr, Family, classful_len};
use crate::model::config::{
    AddrConfig, GlobalFlag, IpConfig, IpText, Leases, LinkId, Method, Role, Str,
};
use crate::text::parts;
use crate::text::scalar;
use core::net::{IpAddr, Ipv4Addr};

/// What one or several methods say of IPv4 and IPv6, one bit each; of a family they are silent about, they
/// change nothing.
type Methods = u16;

const DHCP: Methods = 0x1;
const AUTO: Methods = 0x2;
const DISABLED: Methods = 0x4;
const LINK_LOCAL: Methods = 0x8;
/// The bits of IPv4. Those of IPv6 are the next four.
const FAMILY: Methods = 0xf;
const V6: Methods = 0x10;
const FAMILY6: Methods = FAMILY * V6;
/// `on`: either family will do, so neither is required by itself.
const EITHER: Methods = 0x100 | AUTO | (AUTO * V6);
/// The first lease will do.
const SINGLE: Methods = 0x200 | DHCP;
/// BOOTP servers may answer.
const BOOTP: Methods = 0x400 | DHCP;
/// A table of the firmware has the answer; it stands alone.
const FIRMWARE: Methods = 0x800;
const NEITHER: Methods = DISABLED | (DISABLED * V6);
/// It is none, but one elsewhere, and most likely this is meant.
const MEANS_DHCP: Methods = 0x1000;
const MEANS_LINK6: Methods = 0x2000;

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static WORDS: [Methods; KEYS.len()] = pack_fields(KEYS, 0);

#[rustfmt::skip]
const KEYS: &[Key<Methods>] = &[
    key("dhcp", DHCP, "DHCPv4"),
    key("single-dhcp", SINGLE, "as dhcp, and the first lease will do"),
    key("on", EITHER, "either family"),
    key("any", EITHER, "as on"),
    key("auto", EITHER, "as on"),
    key("dhcp6", DHCP * V6, "DHCPv6"),
    key("auto6", AUTO * V6, "router discovery"),
    key("either6", AUTO * V6, "as auto6"),
    key("link6", LINK_LOCAL * V6, "link-local"),
    key("none", NEITHER, "the addresses of the word, or none"),
    key("off", NEITHER, "as none"),
    key("bootp", BOOTP, "DHCPv4, and BOOTP servers may answer"),
    key("both", BOOTP, "as bootp; the kernel's"),
    key("all", BOOTP, "as bootp; klibc's"),
    key("rarp", MEANS_DHCP, "the kernel's"),
    key("link-local", MEANS_LINK6, "NetworkManager's"),
    key("local6", MEANS_LINK6, "NetworkManager's"),
    key("ibft", FIRMWARE, "as the firmware says"),
    key("fw", FIRMWARE, "as ibft"),
];

const NTP: Complaint = Complaint::note(Problem::NtpServer, Effect::PartIgnored);

#[inline(always)]
fn word(text: &[u8]) -> Option<Methods> {
    WORDS.get(NAMES.find(text).row()).copied()
}

/// One method, or several between commas in any order.
#[inline(never)]
fn methods(text: &[u8]) -> Option<Methods> {
    let (mut all, mut rest) = (0, Some(text));
    while let Some(part) = parts::next(&mut rest, b',') {
        all |= word(parts::trim(part))?;
    }
    // DHCP and router discovery may be said of one family, anything else alone
    let is_one = |family: Methods| 0x11f_u16 >> (family & FAMILY) & 1 != 0;
    let is_right = all < FIRMWARE && is_one(all) && is_one(all / V6) || all == FIRMWARE;
    is_right.then_some(all)
}

/// Fields of the long form: a shorter one is as if those it has not were empty.
const GATEWAY: usize = firmware::GATEWAY;
const HOST: usize = firmware::HOST;
const LINK: usize = 5;
const METHOD: usize = 6;
const TAIL: usize = 7;

/// `ip=`.
///
/// # Errors
/// The word was reported and has no effect.
#[inline(never)]
pub fn read(arg: &mut Arg<'_, '_, '_>) -> Done {
    if scalar::ipv4(arg.value).is_some() {
        return other_arg::piece(arg, firmware::CLIENT);
    }
    if arg.value.is_empty() {
        return Ok(());
    }
    let second = arg.field(1);
    let mut shift = 0;
    if methods(second).is_some()
        || !second.is_empty() && !is_address(second) && !is_address(arg.field(0))
    {
        shift = LINK;
    }
    if arg.len == 1 {
        shift = METHOD;
    }
    arg.split(shift);
    let mut said = Said::new(arg);
    said.read_client(arg)?;
    let (gateway, method) = (arg.field(GATEWAY), arg.field(METHOD));
    if said.family.is_none() && !gateway.is_empty() && !is_address(gateway) {
        return Err(Refused::of(GATEWAY, Problem::NotAnAddress));
    }
    if !method.is_empty() {
        said.methods = match methods(method) {
            Some(FIRMWARE) => {
                GlobalFlag::Ibft.set(&mut arg.cx.config.global, Some(true));
                return Ok(());
            }
            Some(methods) => methods,
            None => return Err(Refused::of(METHOD, intent(arg.value, method))),
        };
    } else if said.family.is_none() {
        said.methods = EITHER;
    }
    let gateway = arg.address(gateway);
    said.apply(arg)?;
    let id = said.client.link;
    let origin = arg.origin(arg.field(GATEWAY));
    let name = hostname(arg, arg.field(HOST));
    if let Some(link) = arg.cx.config.link_mut(id) {
        if let Some(via) = &gateway {
            let ip = link.ip_mut(Family::of(via));
            (ip.gateway, ip.origin) = (gateway, origin);
        }
        if name.is_some() {
            IpText::Hostname.set(&mut link.ipv4, name);
            IpText::Hostname.set(&mut link.ipv6, name);
        }
    }
    read_tail(arg, id, arg.len == KERNEL_FIELDS && shift == 0);
    Ok(())
}

#[inline(never)]
fn is_address(field: &[u8]) -> bool {
    scalar::cidr(field, &mut Cidr::default(Family::V4)) != Err(Problem::NotAnAddress)
}

/// `ip6=`, `ipv6=`: what is said of IPv6 only.
///
/// # Errors
/// The word was reported and has no effect.
pub fn read_v6(arg: &mut Arg<'_, '_, '_>) -> Done {
    let value = arg.value;
    if value.is_empty() {
        return Ok(());
    }
    // the link it is about is any
    let mut shift = METHOD;
    let mut said = Said::new(arg);
    let addr = &mut said.client.addr;
    addr.len = 64;
    if scalar::cidr(value, addr).is_ok() && addr.family() == Family::V6 {
        said.family = Some(Family::V6);
    } else if parts::is(value, b"no") {
        said.methods = DISABLED * V6;
    } else if let Some(all) = methods(value) {
        // what the word says of IPv4 elsewhere it says of IPv6 here
        said.methods = ((all & FAMILY) << 4) | (all & FAMILY6);
    } else {
        said.methods = AUTO * V6;
        shift = LINK;
    }
    arg.split(shift);
    said.apply(arg)
}

/// What is likely meant by a field of `value` that is no method.
fn intent(value: &[u8], field: &[u8]) -> Problem {
    if value.get(..17).and_then(scalar::mac).is_some() {
        return Problem::MeantMac;
    }
    match WORDS.get(NAMES.find_in(field, true).row()).copied() {
        Some(MEANS_DHCP) => Problem::MeantDhcp,
        Some(MEANS_LINK6) => Problem::MeantLink6,
        Some(_) => Problem::MeantLowerCase,
        None if is_address(field) => Problem::MeantAddress,
        None if field.len() == value.len() && !parts::has(field, b',') => Problem::MeantLink,
        None => Problem::MeantMethod,
    }
}

/// What a word says of its link.
struct Said {
    methods: Methods,
    /// That of the static address, if there is one.
    family: Option<Family>,
    /// The static address, and the place of the word.
    client: AddrConfig,
}

impl Said {
    /// Nothing yet.
    #[inline(never)]
    fn new(arg: &Arg<'_, '_, '_>) -> Said {
        Said {
            methods: 0,
            family: None,
            client: AddrConfig {
                link: LinkId::NONE,
                addr: Cidr::default(Family::V4),
                peer: None,
                broadcast: Ipv4Addr::UNSPECIFIED,
                label: None,
                scope: None,
                origin: arg.origin(arg.value),
            },
        }
    }

    /// First, fourth and second field. A second field that is no peer is the boot server.
    fn read_client(&mut self, arg: &mut Arg<'_, '_, '_>) -> Done {
        let (client, second, mask) = (arg.field(0), arg.field(1), arg.field(3));
        let addr = &mut self.client.addr;
        addr.len = UNKNOWN;
        if !client.is_empty() {
            if let Err(error) = scalar::cidr(client, addr) {
                return Err(Refused::of(0, error));
            }
            if !scalar::is_zeros(&addr.addr) {
                self.family = Some(addr.family());
            }
        }
        if let Some(family) = self.family
            && !mask.is_empty()
        {
            match scalar::prefix_len(mask, family) {
                Some(len) => addr.len = len,
                None => return Err(Refused::of(3, Problem::BadPrefix)),
            }
        }
        let mut end = Cidr::default(Family::V4);
        end.len = UNKNOWN;
        match scalar::cidr(second, &mut end) {
            Ok(()) if scalar::is_zeros(&end.addr) => {}
            Ok(()) => {
                let is_host = addr.len == end.family().bits();
                let has_len = end.len != UNKNOWN;
                if self.family == Some(end.family()) && (is_host || has_len) {
                    addr.len = if has_len { end.len } else { addr.len };
                    self.client.peer = Some(end.addr);
                } else {
                    arg.cx.config.global.boot_server = Some(end.addr);
                }
            }
            Err(_) if second.is_empty() => {}
            Err(error) => arg.leave_out(second, error),
        }
        if self.family.is_some() && addr.len == UNKNOWN {
            addr.len = match addr.addr {
                IpAddr::V4(addr) => {
                    let len = classful_len(addr);
                    arg.complain(client, Complaint::no_mask(len));
                    len
                }
                IpAddr::V6(_) => 64,
            };
        }
        Ok(())
    }

    /// Joins the word to what earlier ones said of its link.
    #[inline(never)]
    fn apply(&mut self, arg: &mut Arg<'_, '_, '_>) -> Done {
        let mut name = arg.field(LINK);
        if parts::is(name, b"BOOTIF") {
            // initramfs-tools': the link that `BOOTIF=` means, which may come later
            arg.cx.config.global.boot_words.is_bootif = true;
            name = b"";
        }
        let id = arg.link(name, Role::Addressed)?;
        self.client.link = id;
        // whether the link has addresses of either family, and this one
        let (mut has_v4, mut has_v6, mut is_known) = (false, false, false);
        for have in arg.cx.config.addrs.iter() {
            if have.link == id {
                is_known |= have.addr == self.client.addr;
                match have.addr.family() {
                    Family::V4 => has_v4 = true,
                    Family::V6 => has_v6 = true,
                }
            }
        }
        if self.family.is_some() && !is_known {
            let added = arg.cx.add_addr(&self.client);
            arg.check_room(added);
        }
        let Some(link) = arg.cx.config.link_mut(id) else {
            return Ok(());
        };
        if self.methods & FAMILY != 0 {
            link.leases = match self.methods & SINGLE == SINGLE {
                true => Leases::First,
                false => Leases::All,
            };
            link.dhcp4.bootp = self.methods & BOOTP == BOOTP;
        }
        let (v4, v6) = (self.methods & FAMILY, (self.methods / V6) & FAMILY);
        self.apply_to(&mut link.ipv4, Family::V4, v4, has_v4);
        if v6 == 0 && v4 != 0 && link.ipv6.method == Method::Disabled {
            // DHCPv4 alone leaves IPv6 to the kernel, which an earlier `none` did not
            link.ipv6.method = Method::Ignore;
        }
        self.apply_to(&mut link.ipv6, Family::V6, v6, has_v6);
        Ok(())
    }

    /// What the word makes of a family by its bits of the methods; `has_addr`: whether the link has static addresses of
    /// it.
    #[inline(never)]
    fn apply_to(&self, ip: &mut IpConfig, family: Family, methods: Methods, has_addr: bool) {
        let is_client = self.family == Some(family);
        let is_either = self.methods & EITHER == EITHER;
        ip.method = match methods {
            0 | DISABLED if is_client => Method::Static,
            AUTO if is_client && is_either => Method::Static,
            DISABLED if has_addr => Method::Static,
            DISABLED if self.family.is_none() => Method::Disabled,
            0 | DISABLED => return,
            AUTO => Method::Auto,
            LINK_LOCAL => Method::LinkLocal,
            _ => Method::Dhcp,
        };
        ip.required = match ip.method {
            Method::Static => true,
            Method::Ignore | Method::Disabled => false,
            Method::Dhcp | Method::Auto | Method::LinkLocal => !is_either,
        };
        ip.origin = self.client.origin;
    }
}

/// [`Cidr::len`] where no length is given.
const UNKNOWN: u8 = u8::MAX;

/// The machine's name; none where the field is empty, or left out with a complaint.
#[inline(never)]
pub fn hostname(arg: &mut Arg<'_, '_, '_>, field: &[u8]) -> Option<Str> {
    if field.is_empty() {
        return None;
    }
    let mut name = None;
    let set = arg.cx.set_hostname(field, arg.source, &mut name);
    arg.check(field, set);
    name
}

/// The kernel's form has so many, and the last one is an NTP server.
const KERNEL_FIELDS: usize = 10;

/// `MTU[:MAC]`, or name servers. The MAC may be written with colons.
fn read_tail(arg: &mut Arg<'_, '_, '_>, id: LinkId, has_ntp: bool) {
    let mtu = arg.field(TAIL);
    if mtu.iter().all(u8::is_ascii_digit) {
        arg.mtu(TAIL, id);
        let rest = arg.rest(TAIL + 1);
        if let Some(mac) = &scalar::mac(scalar::unbracketed(rest)) {
            if let Some(link) = arg.cx.config.link_mut(id) {
                link.mac = *mac;
            }
            return;
        }
        if !mtu.is_empty() {
            if !rest.is_empty() {
                arg.leave_out(rest, Problem::NotAMac);
            }
            return;
        }
    }
    let mut servers = Fields(Some(arg.rest(TAIL)));
    while let Some(server) = servers.next() {
        if has_ntp && servers.0.is_none() && !server.is_empty() {
            return arg.complain(server, NTP);
        }
        arg.server(server, Some(id));
    }
}

#[cfg(test)]
mod tests {
    use crate::model::config::GlobalFlag;
    use crate::source::cmdline;
    use crate::source::testing::{Storage, shown};
    use std::string::String;
    use std::vec::Vec;

    /// The links and the complaints that `line` comes to.
    fn read(line: &str) -> (Vec<String>, Vec<String>) {
        let mut storage = Storage::default();
        let heard = storage.read("cmdline", line, cmdline::read);
        (shown(&storage.config()), heard.lines())
    }

    /// One row: a command line, and the links it comes to without a complaint.
    fn check(rows: &[(&str, &[&str])]) {
        for (line, links) in rows {
            let (found, complaints) = read(line);
            assert_eq!(found, *links, "{line}");
            assert!(complaints.is_empty(), "{line}: {complaints:?}");
        }
    }

    /// One row: a command line that comes to these links and these complaints.
    fn check_bad(rows: &[(&str, &[&str], &[&str])]) {
        for (line, links, complaints) in rows {
            let (found, heard) = read(line);
            assert_eq!(found, *links, "{line}");
            assert_eq!(heard, *complaints, "{line}");
        }
    }

    #[test]
    fn methods_alone_are_for_any_link() {
        check(&[
            ("ip=dhcp", &["any 4=dhcp! 6=ignore"]),
            ("ip=single-dhcp", &["any 4=dhcp! 6=ignore first"]),
            ("ip=bootp", &["any 4=dhcp! 6=ignore bootp"]),
            ("ip=eth0:both", &["eth0 4=dhcp! 6=ignore bootp"]),
            ("ip=:::::eth0:all", &["eth0 4=dhcp! 6=ignore bootp"]),
            ("ip=eth0:bootp,auto6", &["eth0 4=dhcp! 6=auto! bootp"]),
            ("ip=eth0:bootp ip=eth0:dhcp", &["eth0 4=dhcp! 6=ignore"]),
            (
                "ip=eth0:bootp ip=eth0:dhcp6",
                &["eth0 4=dhcp! 6=dhcp! bootp"],
            ),
            ("ip=on", &["any 4=auto 6=auto"]),
            ("ip=any", &["any 4=auto 6=auto"]),
            ("ip=auto", &["any 4=auto 6=auto"]),
            ("ip=dhcp6", &["any 4=disabled 6=dhcp!"]),
            ("ip=auto6", &["any 4=disabled 6=auto!"]),
            ("ip=either6", &["any 4=disabled 6=auto!"]),
            ("ip=link6", &["any 4=disabled 6=link-local!"]),
            ("ip=none", &["any 4=disabled 6=disabled"]),
            ("ip=off", &["any 4=disabled 6=disabled"]),
            ("ip=", &[]),
            ("ip", &[]),
            ("ip=:dhcp", &["any 4=dhcp! 6=ignore"]),
            ("ip=::::::dhcp", &["any 4=dhcp! 6=ignore"]),
            ("ip=:", &["any 4=auto 6=auto"]),
        ]);
    }

    #[test]
    fn methods_join_in_any_order() {
        check(&[
            ("ip=dhcp,dhcp6", &["any 4=dhcp! 6=dhcp!"]),
            ("ip=dhcp6,dhcp", &["any 4=dhcp! 6=dhcp!"]),
            ("ip=eth0:dhcp,auto6", &["eth0 4=dhcp! 6=auto!"]),
            ("ip=eth0:auto6,dhcp", &["eth0 4=dhcp! 6=auto!"]),
            ("ip=eth0:dhcp,link6", &["eth0 4=dhcp! 6=link-local!"]),
            ("ip=dhcp,dhcp", &["any 4=dhcp! 6=ignore"]),
            ("ip=off,none", &["any 4=disabled 6=disabled"]),
            ("ip=on,any", &["any 4=auto 6=auto"]),
            ("ip=auto,dhcp6", &["any 4=auto 6=dhcp"]),
            ("ip=single-dhcp,auto6", &["any 4=dhcp! 6=auto! first"]),
            ("\"ip=eth0:dhcp, dhcp6\"", &["eth0 4=dhcp! 6=dhcp!"]),
        ]);
    }

    #[test]
    fn every_method_works_with_a_link() {
        check(&[
            ("ip=eth0:dhcp", &["eth0 4=dhcp! 6=ignore"]),
            ("ip=eth0:on", &["eth0 4=auto 6=auto"]),
            ("ip=eth0:link6", &["eth0 4=disabled 6=link-local!"]),
            ("ip=eth0:single-dhcp", &["eth0 4=dhcp! 6=ignore first"]),
            ("ip=eth0:none", &["eth0 4=disabled 6=disabled"]),
            ("ip=:::::eth0:dhcp", &["eth0 4=dhcp! 6=ignore"]),
            ("ip=:::::eth0", &["eth0 4=auto 6=auto"]),
            ("ip=::::h:eth0:dhcp6", &["eth0 4=disabled 6=dhcp! host h"]),
        ]);
    }

    #[test]
    fn the_tail_is_mtu_and_mac_or_name_servers() {
        let mac = "eth0 4=dhcp! 6=ignore mtu 1400 mac 00:11:22:33:44:55";
        check(&[
            ("ip=eth0:dhcp:1400", &["eth0 4=dhcp! 6=ignore mtu 1400"]),
            ("ip=eth0:dhcp:0", &["eth0 4=dhcp! 6=ignore"]),
            ("ip=eth0:dhcp:1400:00:11:22:33:44:55", &[mac]),
            ("ip=eth0:dhcp:1400:00-11-22-33-44-55", &[mac]),
            ("ip=eth0:dhcp:1400:[00:11:22:33:44:55]", &[mac]),
            ("ip=:::::eth0:dhcp:1400:00:11:22:33:44:55", &[mac]),
            (
                "ip=eth0:dhcp::00:11:22:33:44:55",
                &["eth0 4=dhcp! 6=ignore mac 00:11:22:33:44:55"],
            ),
            (
                "ip=eth0:dhcp:192.0.2.1:[2001:db8::1]:192.0.2.3:",
                &["eth0 4=dhcp! 6=ignore dns 192.0.2.1 dns 2001:db8::1 dns 192.0.2.3"],
            ),
            (
                "ip=eth0:dhcp::192.0.2.1:0.0.0.0",
                &["eth0 4=dhcp! 6=ignore dns 192.0.2.1"],
            ),
            (
                "ip=:::::eth0:dhcp:192.0.2.1:192.0.2.2:192.0.2.3:192.0.2.4",
                &["eth0 4=dhcp! 6=ignore dns 192.0.2.1 dns 192.0.2.2 dns 192.0.2.3 dns 192.0.2.4"],
            ),
        ]);
    }

    #[test]
    fn an_ntp_server_is_noted() {
        check_bad(&[(
            "ip=:::::eth0:dhcp:192.0.2.1:192.0.2.2:192.0.2.3",
            &["eth0 4=dhcp! 6=ignore dns 192.0.2.1 dns 192.0.2.2"],
            &["note 1:39 ip= \"192.0.2.3\" NtpServer PartIgnored"],
        )]);
    }

    #[test]
    fn static_addresses_take_every_mask() {
        let v4 = "eth0 4=static! 6=ignore 10.0.0.5/24 via 10.0.0.1";
        let v6 = "eth0 4=disabled 6=static! 2001:db8::5/48 via 2001:db8::1";
        check(&[
            ("ip=10.0.0.5::10.0.0.1:255.255.255.0::eth0:none", &[v4]),
            ("ip=10.0.0.5::10.0.0.1:24::eth0:off", &[v4]),
            ("ip=10.0.0.5::10.0.0.1:24::eth0:", &[v4]),
            ("ip=10.0.0.5::10.0.0.1:24::eth0", &[v4]),
            ("ip=10.0.0.5/24::10.0.0.1:::eth0:none", &[v4]),
            ("ip=10.0.0.5/28::10.0.0.1:24::eth0:none", &[v4]),
            ("ip=10.0.0.5/255.255.255.0::10.0.0.1:::eth0", &[v4]),
            ("ip=[2001:db8::5]/48::[2001:db8::1]:::eth0:none", &[v6]),
            ("ip=[2001:db8::5/48]::[2001:db8::1]:::eth0", &[v6]),
            ("ip=[2001:db8::5]::[2001:db8::1]:48::eth0", &[v6]),
            (
                "ip=[2001:DB8::05]:::::eth0",
                &["eth0 4=disabled 6=static! 2001:db8::5/64"],
            ),
            (
                "ip=192.0.2.2::192.0.2.1:24:::",
                &["any 4=static! 6=ignore 192.0.2.2/24 via 192.0.2.1"],
            ),
            (
                "ip=10.0.0.5::0.0.0.0:24::eth0:none",
                &["eth0 4=static! 6=ignore 10.0.0.5/24"],
            ),
            ("ip=0.0.0.0::::::dhcp", &["any 4=dhcp! 6=ignore"]),
            (
                "ip=10.0.0.5/8::[fe80::1]:::eth0",
                &["eth0 4=static! 6=ignore 10.0.0.5/8 via fe80::1"],
            ),
        ]);
    }

    #[test]
    fn static_addresses_join_other_methods() {
        check(&[
            (
                "ip=10.0.0.5::10.0.0.1:24:h:eth0:dhcp",
                &["eth0 4=dhcp! 6=ignore 10.0.0.5/24 via 10.0.0.1 host h"],
            ),
            (
                "ip=10.0.0.5:::24::eth0:on",
                &["eth0 4=static! 6=auto 10.0.0.5/24"],
            ),
            (
                "ip=10.0.0.5:::24::eth0:dhcp6",
                &["eth0 4=static! 6=dhcp! 10.0.0.5/24"],
            ),
            (
                "ip=[2001:db8::5]:::::eth0:dhcp",
                &["eth0 4=dhcp! 6=static! 2001:db8::5/64"],
            ),
            (
                "ip=[2001:db8::5]:::::eth0:auto6",
                &["eth0 4=disabled 6=auto! 2001:db8::5/64"],
            ),
        ]);
    }

    #[test]
    fn a_guessed_mask_is_said() {
        check_bad(&[
            (
                "ip=10.0.0.2:::::eth0:none",
                &["eth0 4=static! 6=ignore 10.0.0.2/8"],
                &["warning 1:4 ip= \"10.0.0.2\" NoMask(8) Guessed"],
            ),
            (
                "ip=172.16.0.2:::::eth0:none",
                &["eth0 4=static! 6=ignore 172.16.0.2/16"],
                &["warning 1:4 ip= \"172.16.0.2\" NoMask(16) Guessed"],
            ),
            (
                "ip=192.168.0.2:::::eth0:none",
                &["eth0 4=static! 6=ignore 192.168.0.2/24"],
                &["warning 1:4 ip= \"192.168.0.2\" NoMask(24) Guessed"],
            ),
        ]);
    }

    #[test]
    fn the_second_field_is_peer_or_boot_server() {
        let peer = "eth0 4=static! 6=ignore 10.0.0.2/32 peer 10.0.0.3";
        let plain = "eth0 4=static! 6=ignore 10.0.0.2/24";
        for (line, link, server) in [
            ("ip=10.0.0.2:10.0.0.3/32::::eth0:none", peer, None),
            ("ip=10.0.0.2:10.0.0.3::255.255.255.255::eth0", peer, None),
            ("ip=10.0.0.2/32:10.0.0.3::::eth0", peer, None),
            ("ip=10.0.0.2:10.0.0.9::24::eth0", plain, Some("10.0.0.9")),
            ("ip=10.0.0.2:0.0.0.0::24::eth0", plain, None),
            (
                "ip=10.0.0.2:[2001:db8::9]::24::eth0",
                plain,
                Some("2001:db8::9"),
            ),
            (
                "ip=10.0.0.2:10.0.0.3/30::24::eth0",
                "eth0 4=static! 6=ignore 10.0.0.2/30 peer 10.0.0.3",
                None,
            ),
            (
                "ip=:10.0.0.9::::eth0:dhcp",
                "eth0 4=dhcp! 6=ignore",
                Some("10.0.0.9"),
            ),
        ] {
            let mut storage = Storage::default();
            let heard = storage.read("cmdline", line, cmdline::read);
            let config = storage.config();
            assert_eq!(shown(&config), [link], "{line}");
            assert!(heard.0.is_empty(), "{line}: {:?}", heard.lines());
            let server = server.map(|server| server.parse().unwrap());
            assert_eq!(config.global.boot_server, server, "{line}");
        }
    }

    #[test]
    fn links_are_named_by_mac_as_well() {
        let by_mac = "52:54:00:12:34:56 4=dhcp! 6=ignore";
        check(&[
            ("ip=52-54-00-12-34-56:dhcp", &[by_mac]),
            ("ip=[52:54:00:12:34:56]:dhcp", &[by_mac]),
            ("ip=enx525400123456:dhcp", &[by_mac]),
            ("ip=:::::52-54-00-12-34-56:dhcp", &[by_mac]),
            ("ip=:::::[52:54:00:12:34:56]:dhcp", &[by_mac]),
            (
                "ip=52-54-00-12-34-56:dhcp ip=enx525400123456:auto6",
                &["52:54:00:12:34:56 4=dhcp! 6=auto!"],
            ),
        ]);
    }

    #[test]
    fn words_for_one_link_add_up() {
        check(&[
            (
                "ip=192.0.2.2/16:::::eth0 ip=[2001:db8::2]:::56::eth0",
                &["eth0 4=static! 6=static! 192.0.2.2/16 2001:db8::2/56"],
            ),
            ("ip=eth0:dhcp ip=eth0:auto6", &["eth0 4=dhcp! 6=auto!"]),
            ("ip=dhcp ip=dhcp6", &["any 4=dhcp! 6=dhcp!"]),
            ("ip=eth0:dhcp ip=eth0:none", &["eth0 4=disabled 6=disabled"]),
            ("ip=eth0:none ip=eth0:dhcp", &["eth0 4=dhcp! 6=ignore"]),
            ("ip=single-dhcp ip=dhcp", &["any 4=dhcp! 6=ignore"]),
            (
                "ip=10.0.0.5::10.0.0.1:24::eth0 ip=10.0.0.6::10.0.0.2:24::eth0",
                &["eth0 4=static! 6=ignore 10.0.0.5/24 10.0.0.6/24 via 10.0.0.2"],
            ),
            (
                "ip=10.0.0.5:::24::eth0:none ip=eth0:dhcp",
                &["eth0 4=dhcp! 6=ignore 10.0.0.5/24"],
            ),
            (
                "ip=eth0:dhcp ip=10.0.0.5:::24::eth0:none",
                &["eth0 4=static! 6=ignore 10.0.0.5/24"],
            ),
            (
                "ip=10.0.0.5:::24::eth0:none ip=eth0:none",
                &["eth0 4=static! 6=disabled 10.0.0.5/24"],
            ),
            (
                "ip=10.0.0.5:::24::eth0 ip=10.0.0.5:::24::eth0",
                &["eth0 4=static! 6=ignore 10.0.0.5/24"],
            ),
            (
                "ip=dhcp ip=eth1:none",
                &["any 4=dhcp! 6=ignore", "eth1 4=disabled 6=disabled"],
            ),
        ]);
    }

    #[test]
    fn what_is_no_method_configures_nothing() {
        const METHODS: &str = "MeantMethod";
        for (line, column, token, intent) in [
            ("ip=eth0", 4, "eth0", "MeantLink"),
            ("ip=DHCP", 4, "DHCP", "MeantLowerCase"),
            ("ip=rarp", 4, "rarp", "MeantDhcp"),
            ("ip=bootp,none", 4, "bootp,none", METHODS),
            ("ip=link-local", 4, "link-local", "MeantLink6"),
            ("ip=10.0.0.5/24", 4, "10.0.0.5/24", "MeantAddress"),
            ("ip=eth0:foobar", 9, "foobar", METHODS),
            ("ip=:foobar", 5, "foobar", METHODS),
            ("ip=dhcp,foo", 4, "dhcp,foo", METHODS),
            ("ip=none,dhcp", 4, "none,dhcp", METHODS),
            ("ip=eth0:dhcp6,link6", 9, "dhcp6,link6", METHODS),
            ("ip=10.0.0.5:::24:h:eth0:bogus", 25, "bogus", METHODS),
            ("ip=52:54:00:12:34:56:dhcp", 7, "54", "MeantMac"),
        ] {
            let complaint = std::format!("error 1:{column} ip= {token:?} {intent} WordIgnored");
            assert_eq!(read(line), (Vec::new(), std::vec![complaint]), "{line}");
        }
    }

    #[test]
    fn firmware_is_asked_and_nothing_else_said_of_the_link() {
        for word in [
            "ip=ibft",
            "ip=fw",
            "ip=eth0:ibft",
            "ip=192.0.2.5:::24::eth0:ibft",
        ] {
            let mut storage = Storage::default();
            let heard = storage.read("cmdline", word, cmdline::read);
            assert!(heard.0.is_empty(), "{word}: {:?}", heard.lines());
            let config = storage.config();
            assert!(config.links.is_empty() && GlobalFlag::Ibft.is_yes(&config.global));
        }
        let (links, heard) = read("ip=ibft,dhcp");
        assert!(
            links.is_empty() && heard[0].ends_with("MeantMethod WordIgnored"),
            "{heard:?}"
        );
    }

    #[test]
    fn words_of_ipv6_leave_ipv4_alone() {
        check(&[
            ("ip6=on", &["any 4=disabled 6=auto!"]),
            ("ip6=auto ip=dhcp", &["any 4=dhcp! 6=auto!"]),
            ("ip=dhcp ip6=dhcp", &["any 4=dhcp! 6=dhcp!"]),
            ("ip=dhcp ipv6=no", &["any 4=dhcp! 6=disabled"]),
            ("ip=eth0:dhcp ip6=eth0", &["eth0 4=dhcp! 6=auto!"]),
            ("ip6=off", &["any 4=disabled 6=disabled"]),
            (
                "ipv6=2001:db8::5/48",
                &["any 4=disabled 6=static! 2001:db8::5/48"],
            ),
            (
                "ipv6=2001:db8::5",
                &["any 4=disabled 6=static! 2001:db8::5/64"],
            ),
            ("ip6=", &[]),
        ]);
        check_bad(&[(
            "ip6=10.0.0.5",
            &[],
            &["error 1:5 ip6= \"10.0.0.5\" NotALinkName WordIgnored"],
        )]);
    }

    #[test]
    fn a_bad_part_costs_the_word_where_it_decides() {
        check_bad(&[
            (
                "ip=thisnameiswaytoolong:dhcp",
                &[],
                &["error 1:4 ip= \"thisnameiswaytoolong\" NotALinkName WordIgnored"],
            ),
            (
                "ip=10.0.0.5:::24::a/b:none",
                &[],
                &["error 1:19 ip= \"a/b\" NotALinkName WordIgnored"],
            ),
            (
                "ip=10.0.0.5:dhcp",
                &[],
                &["error 1:4 ip= \"10.0.0.5\" NotALinkName WordIgnored"],
            ),
            (
                "ip=eth0::",
                &[],
                &["error 1:4 ip= \"eth0\" NotAnAddress WordIgnored"],
            ),
            (
                "ip=10.0.5::10.0.0.1:24::eth0:none",
                &[],
                &["error 1:4 ip= \"10.0.5\" NotAnAddress WordIgnored"],
            ),
            (
                "ip=10.0.0.5::10.0.0.1:33::eth0:none",
                &[],
                &["error 1:23 ip= \"33\" BadPrefix WordIgnored"],
            ),
            (
                "ip=10.0.0.5::10.0.0.1:255.0.255.0::eth0:none",
                &[],
                &["error 1:23 ip= \"255.0.255.0\" BadPrefix WordIgnored"],
            ),
            (
                "ip=10.0.0.5/33:::::eth0",
                &[],
                &["error 1:4 ip= \"10.0.0.5/33\" BadPrefix WordIgnored"],
            ),
            (
                "ip=[2001:db8::5]:::129::eth0",
                &[],
                &["error 1:20 ip= \"129\" BadPrefix WordIgnored"],
            ),
            (
                "ip=[2001:db8::5]:::255.255.255.0::eth0",
                &[],
                &["error 1:20 ip= \"255.255.255.0\" BadPrefix WordIgnored"],
            ),
            (
                "ip=::dhcp",
                &[],
                &["error 1:6 ip= \"dhcp\" NotAnAddress WordIgnored"],
            ),
        ]);
    }

    #[test]
    fn a_bad_part_costs_itself_where_it_does_not() {
        let plain = "eth0 4=static! 6=ignore 10.0.0.5/24";
        let dhcp = "eth0 4=dhcp! 6=ignore";
        check_bad(&[
            (
                "ip=10.0.0.5::badgw:24::eth0:none",
                &[plain],
                &["error 1:14 ip= \"badgw\" NotAnAddress PartIgnored"],
            ),
            (
                "ip=10.0.0.5:nfs::24::eth0:none",
                &[plain],
                &["error 1:13 ip= \"nfs\" NotAnAddress PartIgnored"],
            ),
            (
                "ip=10.0.0.5:10.0.0.6/99::24::eth0",
                &[plain],
                &["error 1:13 ip= \"10.0.0.6/99\" BadPrefix PartIgnored"],
            ),
            (
                "ip=::::bad_host:eth0:dhcp",
                &[dhcp],
                &["error 1:8 ip= \"bad_host\" NotAHostname PartIgnored"],
            ),
            (
                "ip=eth0:dhcp:99999",
                &[dhcp],
                &["error 1:14 ip= \"99999\" NotAnMtu PartIgnored"],
            ),
            (
                "ip=eth0:dhcp:67",
                &[dhcp],
                &["error 1:14 ip= \"67\" NotAnMtu PartIgnored"],
            ),
            (
                "ip=eth0:dhcp:1500:00:11:22",
                &["eth0 4=dhcp! 6=ignore mtu 1500"],
                &["error 1:19 ip= \"00:11:22\" NotAMac PartIgnored"],
            ),
            (
                "ip=eth0:dhcp:abc:192.0.2.1",
                &["eth0 4=dhcp! 6=ignore dns 192.0.2.1"],
                &["error 1:14 ip= \"abc\" NotAnAddress PartIgnored"],
            ),
        ]);
    }

    #[test]
    fn the_last_host_name_counts() {
        let mut storage = Storage::default();
        let line = b"ip=::::h1:eth0:dhcp ip=::::h2.example.com:eth1:dhcp";
        storage.read("cmdline", line, cmdline::read);
        let config = storage.config();
        let name = config.text(config.global.hostname.unwrap());
        assert_eq!(name, b"h2.example.com");
        assert_eq!(
            config.global.hostname_source,
            crate::model::config::SourceKind::Cmdline
        );
        assert_eq!(
            shown(&config),
            [
                "eth0 4=dhcp! 6=ignore host h1",
                "eth1 4=dhcp! 6=ignore host h2.example.com"
            ]
        );
    }

    #[test]
    fn full_tables_are_reported() {
        let mut line = String::new();
        for n in 0..17 {
            line += &std::format!("ip=10.0.0.{n}:::24::eth{n} ");
        }
        let (links, heard) = read(&line);
        assert_eq!(links.len(), 16);
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert!(heard[0].ends_with("MaxLinks PartIgnored"));

        let mut line = String::from("ip=10.0.0.100:::24::eth0 ");
        for n in 1..17 {
            line += &std::format!("ip=10.0.0.{n}:::24::eth0 ");
        }
        assert!(read(&line).1[0].ends_with("MaxAddrs PartIgnored"));

        let servers = ":192.0.2.1".repeat(9);
        let (_, heard) = read(&std::format!("ip=eth0:dhcp{servers}"));
        assert!(heard[0].ends_with("MaxServers PartIgnored"));

        let host = std::format!("ip=::::{}:eth0:dhcp ", "x".repeat(63));
        let (_, heard) = read(&host.repeat(9));
        assert!(heard[0].ends_with("MaxStrings PartIgnored"));
    }

    #[test]
    fn every_truncation_is_read() {
        for line in [
            "ip=10.0.0.2:10.0.0.3/32:10.0.0.1:255.255.255.0:host:eth0:dhcp,dhcp6:1500:00:11:22:33:44:55",
            "ip=[2001:db8::5/48]:[2001:db8::6]:[2001:db8::1]:64:h:[52:54:00:12:34:56]:none:[2001:db8::53]:192.0.2.1:192.0.2.2",
            "ip=eth0:single-dhcp::192.0.2.1:192.0.2.2 ip=enx525400123456:link6 ip=ibft ip=[",
        ] {
            for end in 0..=line.len() {
                read(&line[..end]);
                read(&line[end..]);
                read(&std::format!("ip={}", &line[end..]));
            }
        }
    }
}
