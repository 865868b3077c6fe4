//! The addresses, gateways, methods and name servers of an `ifcfg` file.

use super::Context;
use super::assignments::{Assignments, GAP, Value};
use super::complaint::{Complaint, What};
use super::ifcfg::{Defaults, Draft, is_one_of, next_item, split_at_octet};
use super::route_line::read_addr;
use crate::diag::{Effect, Origin};
use crate::model::addr::{Cidr, Family};
use crate::model::config::{AddrConfig, IpConfig, LinkId, Method, Search, Server, Str};
use crate::model::link::IfName;
use crate::text::scalar::{self, CidrError};
use core::net::{IpAddr, Ipv4Addr};

/// What `BOOTPROTO` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bootproto {
    /// `none`, `static`.
    Static,
    /// `dhcp`, `bootp`.
    Dhcp,
    /// `autoip`.
    LinkLocal,
}

impl Bootproto {
    /// `None` for a word that is no method.
    pub fn new(word: &[u8]) -> Option<Bootproto> {
        if is_one_of(word, b"none,static") {
            Some(Bootproto::Static)
        } else if is_one_of(word, b"dhcp,bootp") {
            Some(Bootproto::Dhcp)
        } else if is_one_of(word, b"autoip") {
            Some(Bootproto::LinkLocal)
        } else {
            None
        }
    }
}

/// Reads everything of both families into the link, and its addresses into the configuration.
pub(super) fn read(
    draft: &mut Draft,
    file: &Assignments<'_>,
    defaults: &Defaults,
    cx: &mut Context<'_, '_>,
) {
    let gateway = addrs4(draft.id, file, cx);
    method4(draft, file, cx);
    gateway4(draft, gateway, defaults, cx);
    ipv6(draft, file, defaults, cx);
    required(draft, cx);
    servers(draft.id, file, cx);
    search(draft.id, file, cx);
    if let Some(value) = file.get(b"DHCP_HOSTNAME") {
        match kept(value.octets(), scalar::is_hostname, NO_HOSTNAME, cx) {
            Ok(kept) => draft.link.ipv4.dhcp_hostname = Some(kept),
            Err(complaint) => value.complain(complaint, cx),
        }
    }
}

const UNSET: Effect = Effect::KeyUnset;
const SKIPPED: Effect = Effect::AddrSkipped;
const ADDRS_FULL: Complaint = Complaint::error(What::MaxAddrs, SKIPPED);
const SERVERS_FULL: Complaint = Complaint::error(What::MaxServers, Effect::PartIgnored);
const SEARCH_FULL: Complaint = Complaint::error(What::MaxSearch, Effect::PartIgnored);
const STRINGS_FULL: Complaint = Complaint::error(What::MaxStrings, Effect::PartIgnored);
const NO_ADDR4: Complaint = Complaint::error(What::NotIpv4, SKIPPED);
const NO_ADDR6: Complaint = Complaint::error(What::NotIpv6, SKIPPED);
const NO_PREFIX: Complaint = Complaint::error(What::BadPrefix, SKIPPED);
const NOT_IPV4: Complaint = Complaint::error(What::NotIpv4, UNSET);
const NOT_IP: Complaint = Complaint::error(What::NotAnAddress, UNSET);
const NO_DOMAIN: Complaint = Complaint::error(What::NotADomain, Effect::PartIgnored);
const NO_HOSTNAME: Complaint = Complaint::error(What::NotAHostname, UNSET);
const NO_METHOD: Complaint = Complaint::error(What::UnknownMethod, Effect::DefaultUsed);
const AGAIN: Complaint = Complaint::warning(What::Duplicate, Effect::LaterWins);
const LONELY: Complaint = Complaint::warning(What::NoIpaddr, UNSET);
const NO_ROUTER: Complaint = Complaint::warning(What::GatewayAlone, UNSET);
const NO_DEFROUTE: Complaint = Complaint::warning(What::NoDefroute, UNSET);
const OTHERS_ROUTER: Complaint = Complaint::warning(What::OtherGateway, UNSET);
const OFF6: Complaint = Complaint::warning(What::Ipv6Off, UNSET);

/// Whether the link has an address of `family`, and one whose prefix holds `near` if that is given.
fn has_addr(link: LinkId, family: Family, near: Option<&IpAddr>, cx: &Context<'_, '_>) -> bool {
    cx.config.addrs.iter().any(|entry| {
        entry.link == link
            && entry.addr.family() == family
            && near.is_none_or(|near| entry.addr.contains(near))
    })
}

/// Where a family has something to do, `IPVx_FAILURE_FATAL` says whether it is required; where the
/// other has nothing to do, it is.
#[inline(never)]
fn required(draft: &mut Draft, cx: &Context<'_, '_>) {
    let used = |ip: &IpConfig, family| match ip.method {
        Method::Static | Method::Dhcp | Method::Auto | Method::LinkLocal => true,
        Method::Ignore | Method::Disabled => has_addr(draft.id, family, None, cx),
    };
    let used4 = used(&draft.link.ipv4, Family::V4);
    let used6 = used(&draft.link.ipv6, Family::V6);
    draft.link.ipv4.required = used4 && (!used6 || draft.fatal4 == Some(true));
    draft.link.ipv6.required = used6 && (!used4 || draft.fatal6 == Some(true));
}

/// `IPADDRn` and what belongs to it; returns the last `GATEWAYn`.
#[inline(never)]
fn addrs4<'v>(
    link: LinkId,
    file: &'v Assignments<'v>,
    cx: &mut Context<'_, '_>,
) -> Option<Value<'v>> {
    let mut gateway = None;
    for ordinal in 0..file.end {
        if let Some(value) = file.get_numbered(b"GATEWAY", ordinal) {
            if gateway.is_some() {
                value.complain(AGAIN, cx);
            }
            gateway = Some(value);
        }
        let prefix = file.get_numbered(b"PREFIX", ordinal);
        let mask = prefix.or_else(|| file.get_numbered(b"NETMASK", ordinal));
        if let Some(value) = file.get_numbered(b"IPADDR", ordinal) {
            if file.gap_before(b"IPADDR", ordinal, 3) {
                value.complain(GAP, cx);
            }
            let broadcast = file.get_numbered(b"BROADCAST", ordinal);
            addr4(link, value, mask, broadcast, cx);
        } else if let Some(mask) = mask {
            mask.complain(LONELY, cx);
        }
    }
    gateway
}

/// One address; `None` after a complaint.
fn addr4(
    link: LinkId,
    value: Value<'_>,
    mask: Option<Value<'_>>,
    broadcast: Option<Value<'_>>,
    cx: &mut Context<'_, '_>,
) -> Option<()> {
    let addr = value.parsed(scalar::ipv4, NO_ADDR4, cx)?;
    let len = match mask {
        Some(mask) => mask.mask(NO_PREFIX, cx)?,
        None => value.classful(addr, cx),
    };
    let addr = Cidr {
        addr: IpAddr::V4(addr),
        len,
    };
    let broadcast = broadcast
        .and_then(|value| value.parsed(scalar::ipv4, NOT_IPV4, cx))
        .filter(|given| addr.broadcast() != Some(*given));
    push_addr(link, addr, broadcast, value, cx);
    Some(())
}

#[inline(never)]
fn push_addr(
    link: LinkId,
    addr: Cidr,
    broadcast: Option<Ipv4Addr>,
    value: Value<'_>,
    cx: &mut Context<'_, '_>,
) {
    let entry = AddrConfig {
        link,
        addr,
        peer: None,
        broadcast,
        origin: cx.origin(value.place()),
    };
    if cx.config.addrs.push(entry).is_err() {
        value.complain(ADDRS_FULL, cx);
    }
}

/// `BOOTPROTO`. Without one the link is static if it has addresses.
#[inline(never)]
fn method4(draft: &mut Draft, file: &Assignments<'_>, cx: &mut Context<'_, '_>) {
    let ip = &mut draft.link.ipv4;
    let default = match has_addr(draft.id, Family::V4, None, cx) {
        true => Method::Static,
        false => Method::Disabled,
    };
    let Some(value) = file.get(b"BOOTPROTO") else {
        if ip.method == Method::Disabled {
            ip.method = default;
        }
        return;
    };
    ip.origin = cx.origin(value.place());
    ip.method = match Bootproto::new(value.octets()) {
        Some(Bootproto::Static) => default,
        Some(Bootproto::Dhcp) => Method::Dhcp,
        Some(Bootproto::LinkLocal) => Method::LinkLocal,
        None => {
            value.complain(NO_METHOD, cx);
            default
        }
    };
}

/// A gateway that `/etc/sysconfig/network` gives.
struct Default {
    gateway: Option<(IpAddr, Origin)>,
    /// Whether it counts even if none of the link's subnets holds it.
    anywhere: bool,
}

/// Sets the gateway: that of the file, else the default.
#[inline(never)]
fn gateway(
    draft: &mut Draft,
    family: Family,
    value: Option<Value<'_>>,
    default: &Default,
    cx: &mut Context<'_, '_>,
) {
    let ip = match family {
        Family::V4 => &mut draft.link.ipv4,
        Family::V6 => &mut draft.link.ipv6,
    };
    if let Some(value) = value {
        let addr = match family {
            Family::V4 => value.octets(),
            Family::V6 => split_at_octet(value.octets(), b'%').0,
        };
        let mut gateway = None;
        let read = read_addr(addr, family, &mut gateway);
        let complaint = if family == Family::V4 && !has_addr(draft.id, family, None, cx) {
            NO_ROUTER
        } else if let Err(problem) = read {
            Complaint::error(problem, UNSET)
        } else if !ip.default_route {
            NO_DEFROUTE
        } else {
            ip.gateway = gateway;
            ip.origin = cx.origin(value.place());
            return;
        };
        value.complain(complaint, cx);
    } else if let (None, Some((addr, origin))) = (ip.gateway, &default.gateway) {
        let near = (!default.anywhere).then_some(addr);
        if has_addr(draft.id, family, near, cx) {
            ip.gateway = (!addr.is_unspecified()).then_some(*addr);
            ip.origin = *origin;
        }
    }
    if !ip.default_route {
        ip.gateway = None;
    }
}

/// The last `GATEWAYn`, else that of `/etc/sysconfig/network` if one of the link's subnets holds it or
/// `GATEWAYDEV` names the link.
#[inline(never)]
fn gateway4(
    draft: &mut Draft,
    value: Option<Value<'_>>,
    defaults: &Defaults,
    cx: &mut Context<'_, '_>,
) {
    let name = draft.link.name;
    let default = Default {
        gateway: defaults.gateway.map(|(addr, at)| (IpAddr::V4(addr), at)),
        anywhere: name.is_some() && cx.config.global.gateway_dev == name,
    };
    gateway(draft, Family::V4, value, &default, cx);
}

/// The method and the addresses of IPv6.
#[inline(never)]
fn ipv6(draft: &mut Draft, file: &Assignments<'_>, defaults: &Defaults, cx: &mut Context<'_, '_>) {
    if draft.disabled6 == Some(true) || draft.init6 == Some(false) {
        draft.link.ipv6.method = match draft.disabled6 {
            Some(true) => Method::Disabled,
            Some(false) | None => Method::Ignore,
        };
        let mut keys = V6_KEYS;
        while let Some(key) = next_item(&mut keys) {
            if let Some(value) = file.get(key)
                && scalar::boolean(value.octets()) != Some(false)
            {
                value.complain(OFF6, cx);
            }
        }
        return;
    }
    let mut keys = V6_ADDRS;
    while let Some(key) = next_item(&mut keys) {
        if let Some(value) = file.get(key) {
            for item in value.items() {
                addr6(draft.id, value, item, cx);
            }
        }
    }
    let dhcp = draft.dhcp6 == Some(true);
    let forwards = draft.forwarding6 == Some(true);
    let method = match draft.init6 {
        Some(_) if draft.autoconf6.unwrap_or(!forwards) => Method::Auto,
        Some(_) | None if dhcp => Method::Dhcp,
        Some(_) if has_addr(draft.id, Family::V6, None, cx) => Method::Static,
        Some(_) => Method::LinkLocal,
        None => draft.link.ipv6.method,
    };
    draft.link.ipv6.method = method;
    gateway6(draft, file, defaults, cx);
}

const V6_ADDRS: &[u8] = b"IPV6ADDR,IPV6ADDR_SECONDARIES";
/// What `IPV6INIT=no` and `IPV6_DISABLED=yes` turn off.
const V6_KEYS: &[u8] = b"IPV6ADDR,IPV6ADDR_SECONDARIES,IPV6_DEFAULTGW,DHCPV6C";

/// One item of an IPv6 address list.
fn addr6(link: LinkId, value: Value<'_>, item: &[u8], cx: &mut Context<'_, '_>) {
    let complaint = match scalar::cidr(item) {
        Ok((addr @ IpAddr::V6(_), len)) => {
            let len = len.unwrap_or(64);
            return push_addr(link, Cidr { addr, len }, None, value, cx);
        }
        Ok((IpAddr::V4(_), _)) | Err(CidrError::Addr) => NO_ADDR6,
        Err(CidrError::Len) => NO_PREFIX,
    };
    value.complain_of(item, complaint, cx);
}

/// `IPV6_DEFAULTGW` and `IPV6_DEFAULTDEV`, of the file, else of `/etc/sysconfig/network`.
#[inline(never)]
fn gateway6(
    draft: &mut Draft,
    file: &Assignments<'_>,
    defaults: &Defaults,
    cx: &mut Context<'_, '_>,
) {
    let name = draft.link.name;
    let value = file.get(b"IPV6_DEFAULTGW");
    let zone = value.and_then(|value| split_at_octet(value.octets(), b'%').1);
    let device = zone.or_else(|| file.get(b"IPV6_DEFAULTDEV").map(Value::octets));
    let is_other = match (device, value) {
        (Some(device), _) => IfName::new(device) != name,
        (None, None) => defaults.gateway6_dev.is_some() && defaults.gateway6_dev != name,
        (None, Some(_)) => false,
    };
    if is_other {
        draft.link.ipv6.default_route = false;
    }
    if let (true, Some(value)) = (is_other, value) {
        draft.link.ipv6.gateway = None;
        return value.complain(OTHERS_ROUTER, cx);
    }
    let default = Default {
        gateway: defaults.gateway6.map(|(addr, at)| (IpAddr::V6(addr), at)),
        anywhere: defaults.gateway6_dev.is_some(),
    };
    gateway(draft, Family::V6, value, &default, cx);
}

/// `DNSn`: `ADDRESS` or `ADDRESS#NAME`.
#[inline(never)]
fn servers(link: LinkId, file: &Assignments<'_>, cx: &mut Context<'_, '_>) {
    for ordinal in 0..file.end {
        let Some(value) = file.get_numbered(b"DNS", ordinal) else {
            continue;
        };
        if file.gap_before(b"DNS", ordinal, 2) {
            value.complain(GAP, cx);
        }
        let Some(addr) = scalar::ip(split_at_octet(value.octets(), b'#').0) else {
            value.complain(NOT_IP, cx);
            continue;
        };
        let server = Server {
            addr,
            link: Some(link),
        };
        let known = cx.config.servers.contains(&server);
        if !known && cx.config.servers.push(server).is_err() {
            value.complain(SERVERS_FULL, cx);
        }
    }
}

/// `DOMAIN`, else `SEARCH`.
#[inline(never)]
fn search(link: LinkId, file: &Assignments<'_>, cx: &mut Context<'_, '_>) {
    let Some(value) = file.get(b"DOMAIN").or_else(|| file.get(b"SEARCH")) else {
        return;
    };
    for item in value.items() {
        let pushed = kept(item, scalar::is_domain, NO_DOMAIN, cx).and_then(|domain| {
            let link = Some(link);
            let search = Search { domain, link };
            cx.config.search.push(search).map_err(|_| SEARCH_FULL)
        });
        if let Err(complaint) = pushed {
            value.complain_of(item, complaint, cx);
        }
    }
}

/// Keeps a text that is valid; else says why not.
#[inline(never)]
fn kept(
    text: &[u8],
    is_valid: fn(&[u8]) -> bool,
    invalid: Complaint,
    cx: &mut Context<'_, '_>,
) -> Result<Str, Complaint> {
    match is_valid(text) {
        true => cx.config.keep(text).ok_or(STRINGS_FULL),
        false => Err(invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg;
    use super::super::ifcfg_testing::{Collector, ScratchTables, Tables, context, describe};
    use super::*;
    use crate::diag::FileId;
    use crate::model::config::Config;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn read_into(config: &mut Config<'_>, text: &str, defaults: &Defaults) -> Vec<String> {
        let (mut sink, mut scratch) = (Collector::default(), ScratchTables::empty());
        let mut cx = context(config, &mut sink, b"ifcfg-eth0");
        let text = format!("DEVICE=eth0\n{text}");
        ifcfg::read(
            text.as_bytes(),
            b"eth0",
            defaults,
            &mut scratch.scratch(),
            &mut cx,
        );
        sink.lines()
    }

    /// What is known of eth0 after its name, and the complaints.
    fn eth0_with(text: &str, defaults: &Defaults) -> (String, Vec<String>) {
        let mut tables = Tables::empty();
        let mut config = tables.config();
        let said = read_into(&mut config, text, defaults);
        let links = describe(&config);
        let link = links.first().map(|link| link.replacen("eth0 | ", "", 1));
        (link.unwrap_or_default(), said)
    }

    fn eth0(text: &str) -> (String, Vec<String>) {
        eth0_with(text, &Defaults::NONE)
    }

    /// As [`eth0`], for a text nothing is wrong with.
    fn clean(text: &str) -> String {
        let (link, said) = eth0(text);
        assert_eq!(said, [""; 0], "{text}");
        link
    }

    #[test]
    fn the_method_follows_bootproto_in_any_case() {
        for (text, want) in [
            ("BOOTPROTO=dhcp", "dhcp required | ignore"),
            ("BOOTPROTO=DHCP", "dhcp required | ignore"),
            ("BOOTPROTO=bootp", "dhcp required | ignore"),
            ("BOOTPROTO=autoip", "link-local required | ignore"),
            ("BOOTPROTO=none", "disabled | ignore"),
            ("BOOTPROTO=", "disabled | ignore"),
            (
                "BOOTPROTO=Static\nIPADDR=192.0.2.1\nPREFIX=24",
                "static 192.0.2.1/24 required | ignore",
            ),
            (
                "IPADDR=192.0.2.1\nPREFIX=24",
                "static 192.0.2.1/24 required | ignore",
            ),
            (
                "BOOTPROTO=dhcp\nIPADDR=192.0.2.1\nPREFIX=24",
                "dhcp 192.0.2.1/24 required | ignore",
            ),
        ] {
            assert_eq!(clean(text), want, "{text}");
        }
    }

    #[test]
    fn an_unknown_method_needs_an_address_to_mean_anything() {
        assert_eq!(
            eth0("BOOTPROTO=dhcp4"),
            (
                String::new(),
                std::vec!["error 2:11 BOOTPROTO \"dhcp4\" UnknownMethod(\"\") FileIgnored".into()]
            )
        );
        assert_eq!(
            eth0("BOOTPROTO=x\nIPADDR=192.0.2.1\nPREFIX=24"),
            (
                "static 192.0.2.1/24 required | ignore".into(),
                std::vec!["error 2:11 BOOTPROTO \"x\" UnknownMethod(\"\") DefaultUsed".into()]
            )
        );
        let (link, said) = eth0("BOOTPROTO=ibft");
        assert_eq!(link, "");
        assert!(said[0].starts_with("warning 2:11 BOOTPROTO \"ibft\" NotAvailable"));
    }

    #[test]
    fn addresses_are_those_of_all_numbers() {
        for (text, want) in [
            ("IPADDR0=192.0.2.1\nPREFIX0=24", "192.0.2.1/24"),
            (
                "IPADDR1=192.0.2.2\nNETMASK1=255.255.255.128",
                "192.0.2.2/25",
            ),
            // the prefix beats the mask
            (
                "IPADDR=192.0.2.1\nPREFIX=25\nNETMASK=255.255.255.0",
                "192.0.2.1/25",
            ),
            (
                "IPADDR=192.0.2.1\nPREFIX=\nNETMASK=255.255.255.0",
                "192.0.2.1/24",
            ),
            (
                "IPADDR2=192.0.2.3\nPREFIX2=32\nIPADDR1=192.0.2.2\nPREFIX1=32\nIPADDR=192.0.2.1\nPREFIX=32",
                "192.0.2.1/32 192.0.2.2/32 192.0.2.3/32",
            ),
            // in the order of numbers, not of digits
            (
                "IPADDR2=192.0.2.3\nPREFIX2=32\nIPADDR3=192.0.2.4\nPREFIX3=31",
                "192.0.2.3/32 192.0.2.4/31",
            ),
            (
                "IPADDR=192.0.2.1\nPREFIX=24\nBROADCAST=192.0.2.255\nNETWORK=192.0.2.0",
                "192.0.2.1/24",
            ),
            (
                "IPADDR=192.0.2.1\nPREFIX=24\nBROADCAST=192.0.2.0",
                "192.0.2.1/24 brd 192.0.2.0",
            ),
            ("NET=192.0.2\nIPADDR=$NET.7\nPREFIX=24", "192.0.2.7/24"),
        ] {
            let (link, said) = eth0(text);
            assert_eq!(link, format!("static {want} required | ignore"), "{text}");
            assert!(said.is_empty() || text.starts_with("NET="), "{said:?}");
        }
    }

    #[test]
    fn what_is_guessed_or_missing_is_said() {
        for (text, addrs, want) in [
            (
                "IPADDR=10.1.2.3",
                "static 10.1.2.3/8 required",
                "warning 2:8 IPADDR \"10.1.2.3\" NoMask(8) Guessed",
            ),
            (
                "IPADDR=172.16.0.1",
                "static 172.16.0.1/16 required",
                "warning 2:8 IPADDR \"172.16.0.1\" NoMask(16) Guessed",
            ),
            (
                "IPADDR=224.0.0.1",
                "static 224.0.0.1/24 required",
                "warning 2:8 IPADDR \"224.0.0.1\" NoMask(24) Guessed",
            ),
            (
                "IPADDR3=192.0.2.1\nPREFIX3=24",
                "static 192.0.2.1/24 required",
                "note 2:9 IPADDR3 \"192.0.2.1\" Says(\"follows a gap in the numbers\") None",
            ),
            (
                "PREFIX=24",
                "disabled",
                "warning 2:8 PREFIX \"24\" Conflict(\"has no IPADDR of the same number\") KeyUnset",
            ),
            (
                "IPADDR=10.0.0.300\nPREFIX=24",
                "disabled",
                "error 2:8 IPADDR \"10.0.0.300\" NotIpv4 AddrSkipped",
            ),
            (
                "IPADDR=10.0.0.3/24\nPREFIX=24",
                "disabled",
                "error 2:8 IPADDR \"10.0.0.3/24\" NotIpv4 AddrSkipped",
            ),
            (
                "IPADDR=10.0.0.3\nPREFIX=33",
                "disabled",
                "error 3:8 PREFIX \"33\" BadPrefix AddrSkipped",
            ),
            (
                "IPADDR=10.0.0.3\nNETMASK=255.0.255.0",
                "disabled",
                "error 3:9 NETMASK \"255.0.255.0\" BadPrefix AddrSkipped",
            ),
            (
                "IPADDR=10.0.0.3\nPREFIX=24\nBROADCAST=x",
                "static 10.0.0.3/24 required",
                "error 4:11 BROADCAST \"x\" NotIpv4 KeyUnset",
            ),
        ] {
            let (link, said) = eth0(text);
            assert_eq!(link, format!("{addrs} | ignore"), "{text}");
            assert_eq!(said, [want]);
        }
    }

    #[test]
    fn the_last_gateway_counts() {
        let file = |more: &str| format!("IPADDR=192.0.2.1\nPREFIX=24\n{more}");
        assert_eq!(
            clean(&file("GATEWAY=192.0.2.254")),
            "static 192.0.2.1/24 via 192.0.2.254 required | ignore"
        );
        assert_eq!(
            clean(&file("GATEWAY=0.0.0.0")),
            "static 192.0.2.1/24 required | ignore"
        );
        for (more, gateway, want) in [
            (
                "GATEWAY1=192.0.2.2\nGATEWAY=192.0.2.3",
                " via 192.0.2.2",
                "warning 4:10 GATEWAY1 \"192.0.2.2\" Duplicate LaterWins",
            ),
            ("GATEWAY=x", "", "error 4:9 GATEWAY \"x\" NotIpv4 KeyUnset"),
            (
                "GATEWAY=192.0.2.2\nDEFROUTE=no",
                "",
                "warning 4:9 GATEWAY \"192.0.2.2\" Conflict(\"is a gateway, and the link may not have a default route\") KeyUnset",
            ),
        ] {
            let (link, said) = eth0(&file(more));
            let link = link.replace(" no-default", "");
            assert_eq!(
                link,
                format!("static 192.0.2.1/24{gateway} required | ignore")
            );
            assert_eq!(said, [want]);
        }
        let (link, said) = eth0("BOOTPROTO=dhcp\nGATEWAY=192.0.2.2");
        assert_eq!(link, "dhcp required | ignore");
        assert!(said[0].contains("the file has no IPv4 address"));
    }

    #[test]
    fn the_machines_gateway_goes_to_the_link_that_reaches_it() {
        let origin = Origin {
            file: FileId(3),
            line: 2,
            column: 9,
        };
        let defaults = Defaults {
            gateway: Some(("192.0.2.254".parse().unwrap(), origin)),
            ..Defaults::NONE
        };
        for (text, want) in [
            (
                "IPADDR=192.0.2.1\nPREFIX=24",
                "static 192.0.2.1/24 via 192.0.2.254 required | ignore",
            ),
            (
                "IPADDR=192.0.2.1\nPREFIX=24\nGATEWAY=192.0.2.2",
                "static 192.0.2.1/24 via 192.0.2.2 required | ignore",
            ),
            (
                "IPADDR=10.0.0.1\nPREFIX=24",
                "static 10.0.0.1/24 required | ignore",
            ),
            ("BOOTPROTO=dhcp", "dhcp required | ignore"),
            (
                "IPADDR=192.0.2.1\nPREFIX=24\nDEFROUTE=no",
                "static 192.0.2.1/24 required no-default | ignore",
            ),
        ] {
            let (link, said) = eth0_with(text, &defaults);
            assert_eq!((&*link, said.len()), (want, 0), "{text}");
        }
        // GATEWAYDEV names the link: even off its subnets
        let mut tables = Tables::empty();
        let mut config = tables.config();
        config.global.gateway_dev = IfName::new(b"eth0");
        read_into(&mut config, "IPADDR=10.0.0.1\nPREFIX=24", &defaults);
        let link = config.links.first().unwrap();
        assert_eq!(link.ipv4.gateway.unwrap().to_string(), "192.0.2.254");
        assert_eq!(link.ipv4.origin, origin);
    }

    #[test]
    fn the_method_of_ipv6_follows_its_keys() {
        for (text, want) in [
            ("", "ignore"),
            ("IPV6_AUTOCONF=yes", "ignore"),
            ("IPV6ADDR=2001:db8::1", "ignore 2001:db8::1/64 required"),
            ("DHCPV6C=yes", "dhcp required"),
            ("IPV6INIT=no", "ignore"),
            ("IPV6INIT=no\nDHCPV6C=no", "ignore"),
            ("IPV6_DISABLED=yes", "disabled"),
            ("IPV6_DISABLED=yes\nIPV6INIT=yes", "disabled"),
            ("IPV6INIT=yes", "auto required"),
            ("IPV6INIT=yes\nDHCPV6C=yes", "auto required"),
            (
                "IPV6INIT=yes\nIPV6ADDR=2001:db8::1/60",
                "auto 2001:db8::1/60 required",
            ),
            ("IPV6INIT=yes\nIPV6FORWARDING=yes", "link-local required"),
            ("IPV6INIT=yes\nIPV6_AUTOCONF=no", "link-local required"),
            (
                "IPV6INIT=yes\nIPV6_AUTOCONF=no\nDHCPV6C=yes",
                "dhcp required",
            ),
            (
                "IPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6ADDR_SECONDARIES='2001:db8::1/64 2001:db8::2'",
                "static 2001:db8::1/64 2001:db8::2/64 required",
            ),
        ] {
            assert_eq!(clean(text), format!("disabled | {want}"), "{text}");
        }
    }

    #[test]
    fn ipv6_turned_off_says_what_it_turns_off() {
        for (off, method) in [("IPV6INIT=no", "ignore"), ("IPV6_DISABLED=yes", "disabled")] {
            let (link, said) = eth0(&format!(
                "{off}\nIPV6ADDR=2001:db8::1\nIPV6_DEFAULTGW=2001:db8::2\nDHCPV6C=yes"
            ));
            assert_eq!(link, format!("disabled | {method}"));
            let starts = [
                "warning 3:10 IPV6ADDR",
                "warning 4:16 IPV6_DEFAULTGW",
                "warning 5:9 DHCPV6C",
            ];
            assert_eq!(said.len(), 3);
            for (said, start) in said.iter().zip(starts) {
                assert!(
                    said.starts_with(start) && said.ends_with(" KeyUnset"),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn bad_ipv6_addresses_cost_themselves() {
        let (link, said) = eth0("IPV6ADDR='2001:db8::1/129 192.0.2.1 fe80::1%eth0 2001:db8::2/64'");
        assert_eq!(link, "disabled | ignore 2001:db8::2/64 required");
        assert_eq!(
            said,
            [
                "error 2:10 IPV6ADDR \"2001:db8::1/129\" BadPrefix AddrSkipped",
                "error 2:10 IPV6ADDR \"192.0.2.1\" NotIpv6 AddrSkipped",
                "error 2:10 IPV6ADDR \"fe80::1%eth0\" NotIpv6 AddrSkipped",
            ]
        );
    }

    #[test]
    fn the_ipv6_gateway_may_name_its_link() {
        for (text, want) in [
            ("IPV6_DEFAULTGW=2001:db8::ff", "ignore via 2001:db8::ff"),
            ("IPV6_DEFAULTGW=fe80::1%eth0", "ignore via fe80::1"),
            (
                "IPV6_DEFAULTGW=fe80::1\nIPV6_DEFAULTDEV=eth0",
                "ignore via fe80::1",
            ),
            ("IPV6_DEFAULTGW=::", "ignore"),
            ("IPV6_DEFAULTDEV=eth1", "ignore no-default"),
        ] {
            assert_eq!(clean(text), format!("disabled | {want}"), "{text}");
        }
        for (text, want, problem) in [
            (
                "IPV6_DEFAULTGW=fe80::1%eth1",
                "ignore no-default",
                "warning 2:16 IPV6_DEFAULTGW \"fe80::1%eth1\" Conflict(\"is the gateway of another link\") KeyUnset",
            ),
            (
                "IPV6_DEFAULTGW=192.0.2.1",
                "ignore",
                "error 2:16 IPV6_DEFAULTGW \"192.0.2.1\" NotIpv6 KeyUnset",
            ),
            (
                "IPV6_DEFAULTGW=fe80::1\nIPV6_DEFROUTE=no",
                "ignore no-default",
                "warning 2:16 IPV6_DEFAULTGW \"fe80::1\" Conflict(\"is a gateway, and the link may not have a default route\") KeyUnset",
            ),
        ] {
            let (link, said) = eth0(text);
            assert_eq!(link, format!("disabled | {want}"));
            assert_eq!(said, [problem]);
        }
    }

    #[test]
    fn the_machines_ipv6_settings_are_defaults() {
        let gateway6 = Some(("2001:db8::ff".parse().unwrap(), Origin::NONE));
        let defaults = Defaults {
            init6: Some(true),
            autoconf6: Some(false),
            gateway6,
            ..Defaults::NONE
        };
        for (text, want) in [
            ("", "link-local required"),
            ("IPV6_AUTOCONF=yes", "auto required"),
            ("IPV6INIT=no", "ignore"),
            (
                "IPV6ADDR=2001:db8::1",
                "static 2001:db8::1/64 via 2001:db8::ff required",
            ),
            ("IPV6ADDR=2001:db8:1::1", "static 2001:db8:1::1/64 required"),
        ] {
            let (link, _) = eth0_with(text, &defaults);
            assert_eq!(link, format!("disabled | {want}"), "{text}");
        }
        for (dev, want) in [
            ("eth0", " via 2001:db8::ff required"),
            ("eth1", " required no-default"),
        ] {
            let defaults = Defaults {
                gateway6,
                gateway6_dev: IfName::new(dev.as_bytes()),
                ..Defaults::NONE
            };
            let (link, _) = eth0_with("IPV6ADDR=2001:db8:1::1", &defaults);
            assert_eq!(link, format!("disabled | ignore 2001:db8:1::1/64{want}"));
        }
    }

    #[test]
    fn a_family_alone_is_required_two_as_they_say() {
        let both = |more: &str| clean(&format!("BOOTPROTO=dhcp\nIPV6INIT=yes\n{more}"));
        assert_eq!(both(""), "dhcp | auto");
        assert_eq!(both("IPV4_FAILURE_FATAL=yes"), "dhcp required | auto");
        assert_eq!(both("IPV6_FAILURE_FATAL=yes"), "dhcp | auto required");
        assert_eq!(
            clean("BOOTPROTO=dhcp\nIPV4_FAILURE_FATAL=no"),
            "dhcp required | ignore"
        );
    }

    #[test]
    fn servers_and_domains_keep_their_order() {
        let mut tables = Tables::empty();
        let mut config = tables.config();
        let said = read_into(
            &mut config,
            "DNS2=2001:db8::53\nDNS1=192.0.2.53\nDNS3='192.0.2.54#dns.example'\nDNS4=192.0.2.53\n\
             DNS5=192.0.2.1:53\nDOMAIN=' a.example  b.example c_d '\nSEARCH=other.example\n\
             DHCP_HOSTNAME=host.example\n",
            &Defaults::NONE,
        );
        let servers: Vec<String> = config.servers.iter().map(|s| s.addr.to_string()).collect();
        assert_eq!(servers, ["192.0.2.53", "2001:db8::53", "192.0.2.54"]);
        assert!(
            config
                .servers
                .iter()
                .all(|server| server.link == Some(LinkId(0)))
        );
        let search: Vec<&[u8]> = config
            .search
            .iter()
            .map(|s| config.text(s.domain))
            .collect();
        assert_eq!(search, [&b"a.example"[..], b"b.example"]);
        let hostname = config.links.first().unwrap().ipv4.dhcp_hostname.unwrap();
        assert_eq!(config.text(hostname), b"host.example");
        assert_eq!(
            said,
            [
                "error 6:6 DNS5 \"192.0.2.1:53\" NotAnAddress KeyUnset",
                "error 7:8 DOMAIN \"c_d\" NotADomain PartIgnored",
            ]
        );
    }

    #[test]
    fn full_tables_cost_what_does_not_fit() {
        let mut text: String = (0..17)
            .map(|n| format!("IPADDR{n}=192.0.2.{n}\nPREFIX{n}=24\n"))
            .collect();
        for n in 1..10 {
            text += &format!("DNS{n}=192.0.2.{n}\n");
        }
        text += "SEARCH='a b c d e f g h i'\n";
        let (_, said) = eth0(&text);
        assert_eq!(
            said,
            [
                "error 34:10 IPADDR16 \"192.0.2.16\" Full(\"MAX_ADDRS\") AddrSkipped",
                "error 44:6 DNS9 \"192.0.2.9\" Full(\"MAX_SERVERS\") PartIgnored",
                "error 45:8 SEARCH \"i\" Full(\"MAX_SEARCH\") PartIgnored",
            ]
        );
    }
}
