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
//! gateway and the last method of a family count. What is no method is never taken for one.

use super::arg::{Arg, Device, Done, Fields, Reported, cidr_problem, family_mut, unbracketed};
use crate::diag::{Effect, Origin, Problem, Severity};
use crate::model::addr::{Cidr, Family, classful_len};
use crate::model::config::{AddrConfig, Leases, LinkId, Method, Server, SourceKind};
use crate::text::scalar::{self, CidrError};
use core::net::IpAddr;

/// What a method says of IPv4 and IPv6; of a family it is silent about, it changes nothing.
struct Row {
    word: &'static str,
    v4: Option<Method>,
    v6: Option<Method>,
}

const fn row(word: &'static str, v4: Option<Method>, v6: Option<Method>) -> Row {
    Row { word, v4, v6 }
}

/// The methods. `single-dhcp` and those with an IPv4 of [`Method::Auto`] say one thing more: see
/// [`Methods`].
const METHODS: [Row; 11] = [
    row("dhcp", Some(Method::Dhcp), None),
    row("single-dhcp", Some(Method::Dhcp), None),
    row("on", Some(Method::Auto), Some(Method::Auto)),
    row("any", Some(Method::Auto), Some(Method::Auto)),
    row("auto", Some(Method::Auto), Some(Method::Auto)),
    row("dhcp6", None, Some(Method::Dhcp)),
    row("auto6", None, Some(Method::Auto)),
    row("either6", None, Some(Method::Auto)),
    row("link6", None, Some(Method::LinkLocal)),
    row("none", Some(Method::Disabled), Some(Method::Disabled)),
    row("off", Some(Method::Disabled), Some(Method::Disabled)),
];

/// Words that are methods elsewhere, and what is likely meant.
const INTENTS: [(&str, &str); 6] = [
    ("bootp", "; dhcp is"),
    ("rarp", "; dhcp is"),
    ("both", "; on is"),
    ("all", "; on is"),
    ("link-local", "; link6 is"),
    ("local6", "; link6 is"),
];

/// A list of methods, joined.
#[derive(Clone, Copy)]
struct Methods {
    v4: Option<Method>,
    v6: Option<Method>,
    /// `on`: either family will do, so neither is required by itself.
    either: bool,
    leases: Leases,
}

impl Methods {
    /// Nothing said.
    const SILENT: Methods = Methods {
        v4: None,
        v6: None,
        either: false,
        leases: Leases::All,
    };

    /// `on`.
    const EITHER: Methods = Methods {
        v4: Some(Method::Auto),
        v6: Some(Method::Auto),
        either: true,
        leases: Leases::All,
    };

    /// One method, or several between commas in any order.
    fn parse(text: &[u8]) -> Option<Methods> {
        let mut all = Methods::SILENT;
        for word in text.split(|octet| *octet == b',') {
            let word = word.trim_ascii();
            let row = METHODS.iter().find(|row| row.word.as_bytes() == word)?;
            all.v4 = joined(all.v4, row.v4)?;
            all.v6 = joined(all.v6, row.v6)?;
            all.either |= row.v4 == Some(Method::Auto);
            if word == b"single-dhcp" {
                all.leases = Leases::First;
            }
        }
        Some(all)
    }

    fn of(&self, family: Family) -> Option<Method> {
        match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        }
    }
}

/// What two methods of one list say of a family; `None` (of the outer kind) if they contradict.
fn joined(one: Option<Method>, other: Option<Method>) -> Option<Option<Method>> {
    match (one, other) {
        (None, said) | (said, None) => Some(said),
        (Some(Method::Auto), Some(Method::Dhcp)) | (Some(Method::Dhcp), Some(Method::Auto)) => {
            Some(Some(Method::Dhcp))
        }
        (Some(one), Some(other)) => (one == other).then_some(Some(one)),
    }
}

/// `ip=`.
///
/// # Errors
/// The word was reported and has no effect.
pub fn read(arg: &mut Arg<'_, '_, '_>) -> Done {
    let whole = arg.fields();
    let mut fields = whole;
    let first = fields.one();
    if arg.value.is_empty() {
        return Ok(());
    }
    if fields.is_done() {
        return short(arg, b"", first, fields);
    }
    let second = fields.one();
    let is_client = is_address(first);
    if is_method(second) || !is_client && !second.is_empty() && !is_address(second) {
        return short(arg, first, second, fields);
    }
    long(arg, whole)
}

/// `METHOD`, `LINK:METHOD[:TAIL]`.
fn short(arg: &mut Arg<'_, '_, '_>, link: &[u8], method: &[u8], tail: Fields<'_>) -> Done {
    let said = Said {
        methods: methods(arg, method)?,
        device: arg.device(link)?,
        client: None,
        gateway: None,
    };
    let id = said.apply(arg)?;
    read_tail(arg, id, tail);
    Ok(())
}

/// `CLIENT:PEER:GATEWAY:MASK:HOST:LINK[:METHOD[:TAIL]]`.
fn long(arg: &mut Arg<'_, '_, '_>, mut fields: Fields<'_>) -> Done {
    let [client, peer, gateway, mask, host, link, method] = fields.take_all();
    let client = Client::read(arg, client, mask, peer)?;
    if client.is_none() && !gateway.is_empty() && !is_address(gateway) {
        return Err(arg.refuse(gateway, Problem::NotAnAddress));
    }
    let said = Said {
        device: arg.device(link)?,
        methods: match (method, client) {
            (b"", None) => Methods::EITHER,
            (b"", Some(_)) => Methods::SILENT,
            _ => methods(arg, method)?,
        },
        client,
        gateway: arg.address(gateway).map(|via| (via, arg.origin(gateway))),
    };
    let id = said.apply(arg)?;
    set_hostname(arg, id, host);
    read_tail(arg, id, fields);
    Ok(())
}

fn is_address(field: &[u8]) -> bool {
    !matches!(scalar::cidr(field), Err(CidrError::Addr))
}

fn is_method(field: &[u8]) -> bool {
    is_firmware(field) || Methods::parse(field).is_some()
}

fn is_firmware(field: &[u8]) -> bool {
    matches!(field, b"ibft" | b"fw")
}

fn methods(arg: &mut Arg<'_, '_, '_>, field: &[u8]) -> Result<Methods, Reported> {
    if is_firmware(field) {
        let problem = Problem::Ignored("is a firmware source, which is not read yet");
        arg.report(Severity::Warning, field, problem, Effect::WordIgnored);
        return Err(Reported);
    }
    Methods::parse(field).ok_or_else(|| {
        let is_alone = field.len() == arg.value.len();
        let is_mac = arg.value.get(..17).and_then(scalar::mac).is_some();
        let intent = if is_mac {
            "; a MAC with colons stands in brackets"
        } else {
            intent(field, is_alone)
        };
        let problem = Problem::UnknownMethod(intent);
        arg.refuse(field, problem)
    })
}

/// What is likely meant by a word that is no method.
fn intent(field: &[u8], is_alone: bool) -> &'static str {
    let is = |word: &str| word.as_bytes().eq_ignore_ascii_case(field);
    if let Some((_, meant)) = INTENTS.iter().find(|(word, _)| is(word)) {
        meant
    } else if METHODS.iter().any(|row| is(row.word)) {
        "; methods are lower case"
    } else if is_address(field) {
        "; an address is ip=ADDRESS::GATEWAY:MASK::LINK:none"
    } else if is_alone && !field.contains(&b',') {
        "; a link is ip=LINK:dhcp"
    } else {
        "; one is dhcp, on, auto6, dhcp6, link6 or none"
    }
}

/// The static address of a word.
#[derive(Clone, Copy)]
struct Client {
    addr: Cidr,
    peer: Option<IpAddr>,
    origin: Origin,
}

impl Client {
    /// First, fourth and second field. A second field that is no peer is the boot server.
    fn read(
        arg: &mut Arg<'_, '_, '_>,
        client: &[u8],
        mask: &[u8],
        peer: &[u8],
    ) -> Result<Option<Client>, Reported> {
        let (addr, mut len) = match (client, scalar::cidr(client)) {
            (b"", _) => (None, None),
            (_, Ok((addr, len))) => (Some(addr).filter(|addr| !addr.is_unspecified()), len),
            (_, Err(error)) => return Err(arg.refuse_cidr(client, error)),
        };
        let family = addr.as_ref().map(Family::of);
        if let Some(family) = family
            && !mask.is_empty()
        {
            len = scalar::prefix_len(mask, family);
            if len.is_none() {
                return Err(arg.refuse(mask, Problem::BadPrefix));
            }
        }
        let is_host = len.is_some() && len == family.map(Family::bits);
        let peer = match scalar::cidr(peer) {
            Err(error) => {
                if !peer.is_empty() {
                    arg.leave_out(peer, cidr_problem(error));
                }
                None
            }
            Ok((end, _)) if end.is_unspecified() => None,
            Ok((end, end_len))
                if family == Some(Family::of(&end)) && (is_host || end_len.is_some()) =>
            {
                len = end_len.or(len);
                Some(end)
            }
            Ok((server, _)) => {
                arg.cx.config.global.boot_server = Some(server);
                None
            }
        };
        let Some(addr) = addr else { return Ok(None) };
        let len = len.unwrap_or_else(|| guessed_len(arg, client, addr));
        Ok(Some(Client {
            addr: Cidr { addr, len },
            peer,
            origin: arg.origin(client),
        }))
    }
}

/// The prefix length where none is given.
fn guessed_len(arg: &mut Arg<'_, '_, '_>, client: &[u8], addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(addr) => {
            let len = classful_len(addr);
            arg.report(
                Severity::Warning,
                client,
                Problem::NoMask(len),
                Effect::Guessed,
            );
            len
        }
        IpAddr::V6(_) => 64,
    }
}

/// A word that was understood.
struct Said {
    device: Device,
    methods: Methods,
    client: Option<Client>,
    gateway: Option<(IpAddr, Origin)>,
}

impl Said {
    /// Joins the word to what earlier ones said of its link.
    fn apply(&self, arg: &mut Arg<'_, '_, '_>) -> Result<LinkId, Reported> {
        let id = arg.link(self.device)?;
        if let Some(client) = self.client {
            arg.add_addr(AddrConfig {
                link: id,
                addr: client.addr,
                peer: client.peer,
                broadcast: None,
                origin: client.origin,
            });
        }
        let origin = arg.origin(arg.value);
        for family in [Family::V4, Family::V6] {
            let addrs = &arg.cx.config.addrs;
            let is_its = |have: &AddrConfig| have.link == id && have.addr.family() == family;
            let is_known = addrs.iter().any(is_its);
            let Some(link) = arg.cx.config.link_mut(id) else {
                continue;
            };
            if self.methods.v4.is_some() {
                link.leases = self.methods.leases;
            }
            let ip = family_mut(link, family);
            if let Some(method) = self.method(family, ip.method, is_known) {
                ip.method = method;
                ip.required = self.requires(method);
                ip.origin = origin;
            }
            if let Some((via, origin)) = self.gateway
                && Family::of(&via) == family
            {
                ip.gateway = Some(via);
                ip.origin = origin;
            }
        }
        Ok(id)
    }

    /// What the word makes of a family that was `before`; `is_known`: whether the link has static
    /// addresses of it. DHCPv4 alone leaves IPv6 to the kernel, which an earlier `none` did not.
    fn method(&self, family: Family, before: Method, is_known: bool) -> Option<Method> {
        let is_client = self
            .client
            .is_some_and(|client| client.addr.family() == family);
        let revives =
            family == Family::V6 && before == Method::Disabled && self.methods.v4.is_some();
        match self.methods.of(family) {
            None if is_client => Some(Method::Static),
            None => revives.then_some(Method::Ignore),
            Some(Method::Auto) if is_client && self.methods.either => Some(Method::Static),
            Some(Method::Disabled) if is_known => Some(Method::Static),
            Some(Method::Disabled) if self.client.is_some() => None,
            said @ Some(_) => said,
        }
    }

    /// Whether the link is not up without the family.
    fn requires(&self, method: Method) -> bool {
        match method {
            Method::Static => true,
            Method::Ignore | Method::Disabled => false,
            Method::Dhcp | Method::Auto | Method::LinkLocal => !self.methods.either,
        }
    }
}

/// Fifth field: the machine's name, also sent by DHCP.
fn set_hostname(arg: &mut Arg<'_, '_, '_>, id: LinkId, field: &[u8]) {
    if field.is_empty() {
        return;
    }
    if !scalar::is_hostname(field) {
        arg.leave_out(field, Problem::NotAHostname);
        return;
    }
    let Some(name) = arg.cx.config.keep(field) else {
        arg.full("MAX_STRINGS");
        return;
    };
    arg.cx.config.global.hostname = Some(name);
    arg.cx.config.global.hostname_source = SourceKind::Cmdline;
    if let Some(link) = arg.cx.config.link_mut(id) {
        link.ipv4.dhcp_hostname = Some(name);
        link.ipv6.dhcp_hostname = Some(name);
    }
}

/// `MTU[:MAC]`, or name servers. The MAC may be written with colons.
fn read_tail(arg: &mut Arg<'_, '_, '_>, id: LinkId, tail: Fields<'_>) {
    let mut fields = tail;
    let mtu = fields.one();
    let rest = fields.rest();
    if mtu.iter().all(u8::is_ascii_digit) {
        set_mtu(arg, id, mtu);
        let mac = scalar::mac(unbracketed(rest));
        if mac.is_some() {
            if let Some(link) = arg.cx.config.link_mut(id) {
                link.mac = mac;
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
    read_servers(arg, id, tail);
}

fn set_mtu(arg: &mut Arg<'_, '_, '_>, id: LinkId, field: &[u8]) {
    let mtu = match scalar::number(field) {
        Some(0) => return,
        Some(mtu) if (68..=65_535).contains(&mtu) => Some(mtu),
        _ if field.is_empty() => return,
        _ => None,
    };
    if mtu.is_none() {
        arg.leave_out(field, Problem::NotAnMtu);
    } else if let Some(link) = arg.cx.config.link_mut(id) {
        link.mtu = mtu;
    }
}

/// Name servers. In the kernel's form, which has ten fields, the last one is an NTP server.
fn read_servers(arg: &mut Arg<'_, '_, '_>, id: LinkId, servers: Fields<'_>) {
    let is_kernel_form = arg.fields().count() == 10;
    for (n, field) in servers.enumerate() {
        if n == 2 && is_kernel_form && !field.is_empty() {
            let problem =
                Problem::Ignored("stands where the NTP server does, and the clock is not set here");
            arg.report(Severity::Note, field, problem, Effect::PartIgnored);
            return;
        }
        if let Some(addr) = arg.address(field) {
            let link = Some(id);
            arg.add_server(Server { addr, link });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::source::cmdline;
    use crate::source::testing::{Storage, shown};
    use std::string::String;
    use std::vec::Vec;

    /// The links and the complaints that `line` comes to.
    fn read(line: &str) -> (Vec<String>, Vec<String>) {
        let mut storage = Storage::default();
        let heard = storage.read("cmdline", |cx| cmdline::read(line.as_bytes(), cx));
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
            &[
                "note 1:39 ip= \"192.0.2.3\" Ignored(\"stands where the NTP server does, and the clock is not set here\") PartIgnored",
            ],
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
            let heard = storage.read("cmdline", |cx| cmdline::read(line.as_bytes(), cx));
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
        const METHODS: &str = "\"; one is dhcp, on, auto6, dhcp6, link6 or none\"";
        for (line, column, token, intent) in [
            ("ip=eth0", 4, "eth0", "\"; a link is ip=LINK:dhcp\""),
            ("ip=DHCP", 4, "DHCP", "\"; methods are lower case\""),
            ("ip=bootp", 4, "bootp", "\"; dhcp is\""),
            ("ip=link-local", 4, "link-local", "\"; link6 is\""),
            (
                "ip=10.0.0.5",
                4,
                "10.0.0.5",
                "\"; an address is ip=ADDRESS::GATEWAY:MASK::LINK:none\"",
            ),
            ("ip=eth0:foobar", 9, "foobar", METHODS),
            ("ip=:foobar", 5, "foobar", METHODS),
            ("ip=dhcp,foo", 4, "dhcp,foo", METHODS),
            ("ip=none,dhcp", 4, "none,dhcp", METHODS),
            ("ip=eth0:dhcp6,link6", 9, "dhcp6,link6", METHODS),
            ("ip=10.0.0.5:::24:h:eth0:bogus", 25, "bogus", METHODS),
            (
                "ip=52:54:00:12:34:56:dhcp",
                7,
                "54",
                "\"; a MAC with colons stands in brackets\"",
            ),
        ] {
            let complaint =
                std::format!("error 1:{column} ip= {token:?} UnknownMethod({intent}) WordIgnored");
            assert_eq!(read(line), (Vec::new(), std::vec![complaint]), "{line}");
        }
    }

    #[test]
    fn firmware_is_left_for_later() {
        for (line, column) in [("ip=ibft", 4), ("ip=eth0:fw", 9), ("ip=:::::eth0:ibft", 14)] {
            let (links, heard) = read(line);
            assert!(links.is_empty());
            let start = std::format!("warning 1:{column} ip= ");
            assert!(heard.concat().starts_with(&start), "{heard:?}");
            assert!(
                heard.concat().ends_with(
                    "Ignored(\"is a firmware source, which is not read yet\") WordIgnored"
                )
            );
        }
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
        storage.read("cmdline", |cx| cmdline::read(line, cx));
        let config = storage.config();
        let name = config.text(config.global.hostname.unwrap());
        assert_eq!(name, b"h2.example.com");
        assert_eq!(config.global.hostname_source, super::SourceKind::Cmdline);
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
        assert!(heard[0].ends_with("Full(\"MAX_LINKS\") PartIgnored"));

        let mut line = String::from("ip=10.0.0.100:::24::eth0 ");
        for n in 1..17 {
            line += &std::format!("ip=10.0.0.{n}:::24::eth0 ");
        }
        assert!(read(&line).1[0].ends_with("Full(\"MAX_ADDRS\") PartIgnored"));

        let servers = ":192.0.2.1".repeat(9);
        let (_, heard) = read(&std::format!("ip=eth0:dhcp{servers}"));
        assert!(heard[0].ends_with("Full(\"MAX_SERVERS\") PartIgnored"));

        let host = std::format!("ip=::::{}:eth0:dhcp ", "x".repeat(63));
        let (_, heard) = read(&host.repeat(9));
        assert!(heard[0].ends_with("Full(\"MAX_STRINGS\") PartIgnored"));
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
