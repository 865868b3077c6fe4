//! The addresses, gateways, methods and name servers of an `ifcfg` file.

use super::assignments::Entry;
use super::ifcfg::{FileFlag, FileNumber, NO_LEN, Reader, unset};
use super::ifcfg_keys::{
    ARPCHECK, BOOTPROTO, BROADCAST, DEVTIMEOUT, DHCLIENT_IGNORE_GATEWAY, DNS, DOMAIN, Field,
    GATEWAY, IPADDR, IPV6_DEFAULTDEV, IPV6_DEFAULTGW, IPV6_DOMAIN, IPV6ADDR, IPV6ADDR_SECONDARIES,
    MY_INNER_IPADDR, NETMASK, PEER_INNER_IPADDR, PEER_OUTER_IPADDR, PREFIX, SEARCH,
};
use super::ifcfg_link::is_same_name;
use super::put::Said;
use crate::diag::{Complaint, Effect, Problem};
use crate::model::addr::{Cidr, Family, is_same};
use crate::model::config::{AddrConfig, IpFlag, IpText, LinkNumber, Method, Search, add};
use crate::model::link::IfName;
use crate::model::said::Flag;
use crate::packed::packed;
use crate::text::steps::step;
use crate::text::{parts, scalar};
use core::net::{IpAddr, Ipv4Addr};

/// Which method of [`METHODS`] a value of `BOOTPROTO` is.
#[inline(never)]
pub(super) fn method_number(word: &[u8]) -> Option<usize> {
    packed!("none,static,dhcp,bootp,autoip,ibft").position(word)
}

/// What each asks for; without addresses the first two leave nothing to be done.
static METHODS: [Method; 5] = [
    Method::Disabled,
    Method::Disabled,
    Method::Dhcp,
    Method::Dhcp,
    Method::LinkLocal,
];
/// `dhcp`.
const DHCP: usize = 2;
/// `bootp`.
const BOOTP: usize = 3;
/// `ibft`, for which a file is not used.
pub(super) const IBFT: usize = 5;

const UNSET: Effect = Effect::KeyUnset;
const SKIPPED: Effect = Effect::AddrSkipped;
const ADDRS_FULL: Complaint = Complaint::error(Problem::MaxAddrs, SKIPPED);
const SERVERS_FULL: Complaint = Complaint::error(Problem::MaxServers, Effect::PartIgnored);
const NO_ADDR6: Complaint = Complaint::error(Problem::NotIpv6, SKIPPED);
const NO_PREFIX: Complaint = Complaint::error(Problem::BadPrefix, SKIPPED);
const NOT_IP: Complaint = Complaint::error(Problem::NotAnAddress, UNSET);
const NO_METHOD: Complaint = Complaint::error(Problem::UnknownMethod, Effect::DefaultUsed);
const AGAIN: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);
const LONELY: Complaint = Complaint::warning(Problem::NoIpaddr, UNSET);
const NO_ROUTER: Complaint = Complaint::warning(Problem::GatewayAlone, UNSET);
const NO_DEFROUTE: Complaint = Complaint::warning(Problem::NoDefroute, UNSET);
const OTHERS_ROUTER: Complaint = Complaint::warning(Problem::OtherGateway, UNSET);
const OF_PORT: Complaint = Complaint::warning(Problem::PortAddr, UNSET);
const OFF6: Complaint = Complaint::warning(Problem::Ipv6Off, UNSET);

const NO_STATIC_PROBE: Complaint = Complaint::warning(Problem::NoStaticProbe, Effect::None);

/// Seconds that arping(8) of initscripts takes.
const ARPING_WAIT_S: u32 = 3;

impl<'a> Reader<'a, '_, '_> {
    /// Reads everything of both families into the link, and its addresses into the configuration.
    pub fn addresses(&mut self) {
        let gateway = self.addrs4();
        if let Err(what) = self.inner() {
            self.complain(Complaint::error(what, SKIPPED));
        }
        self.method4();
        self.gateway(Family::V4, gateway);
        if self.says(DHCLIENT_IGNORE_GATEWAY, true) && self.known.draft.link.ipv4.gateway.is_none()
        {
            IpFlag::DefaultRoute.set(&mut self.known.draft.link.ipv4, Some(false));
        }
        self.ipv6();
        self.required();
        let mut row = DOMAIN;
        if self.file.get(row).is_none() {
            row = SEARCH;
        }
        self.domains(row);
        self.domains(IPV6_DOMAIN);
        self.probe();
    }

    /// How long it is asked whether somebody else has an address: that of DHCPv4, for now.
    fn probe(&mut self) {
        let seconds = FileNumber::ArpingWait.of(&self.known.draft);
        let wait = match (
            FileNumber::AcdTimeout.of(&self.known.draft),
            FileFlag::ArpCheck.of(&self.known.draft),
        ) {
            (Some(ms), _) => ms,
            (None, Some(Flag::No)) => 0,
            (None, None) if seconds.is_none() => return,
            (None, _) => seconds.unwrap_or(ARPING_WAIT_S).saturating_mul(1000),
        };
        self.known.draft.link.dhcp4.probe_ms = wait;
        if wait > 0 && self.has_addr(Family::V4, None) {
            // the last of these three of the table that is there is what was said: ACD_TIMEOUT beats both others
            self.entry = None;
            for row in ARPCHECK..DEVTIMEOUT {
                self.at(row);
            }
            if self.entry.is_some() {
                self.complain(NO_STATIC_PROBE);
            }
        }
    }

    /// The first address that the link has of `family`, whose prefix holds `near` if that is given.
    #[inline(never)]
    pub(super) fn first_addr(&self, family: Family, near: Option<&IpAddr>) -> Option<&AddrConfig> {
        let addrs = self.file.cx.config.addrs.get(self.before..)?;
        addrs.iter().find(|entry| {
            step(1);
            entry.link == self.id
                && entry.addr.family() == family
                && near.is_none_or(|near| entry.addr.contains(near))
        })
    }

    /// Whether there is such an address.
    pub(super) fn has_addr(&self, family: Family, near: Option<&IpAddr>) -> bool {
        self.first_addr(family, near).is_some()
    }

    /// A link with IPv4 addresses has a method. Where a family has something to do, `IPVx_FAILURE_FATAL` says
    /// whether it is required; where the other has nothing to do, it is.
    #[inline(never)]
    pub(super) fn required(&mut self) {
        if self.known.draft.link.ipv4.method == Method::Disabled && self.has_addr(Family::V4, None)
        {
            self.known.draft.link.ipv4.method = Method::Static;
        }
        let used4 = self.is_used(Family::V4);
        let used6 = self.is_used(Family::V6);
        self.known.draft.link.ipv4.required =
            used4 && (!used6 || FileFlag::Fatal4.is_yes(&self.known.draft));
        self.known.draft.link.ipv6.required =
            used6 && (!used4 || FileFlag::Fatal6.is_yes(&self.known.draft));
    }

    #[inline(never)]
    fn is_used(&mut self, family: Family) -> bool {
        match self.known.draft.link.ip_mut(family).method {
            Method::Static | Method::Dhcp | Method::Auto | Method::LinkLocal => true,
            Method::Ignore | Method::Disabled => self.has_addr(family, None),
        }
    }

    /// `IPADDRn` with what belongs to it, and `DNSn`; returns the last `GATEWAYn`.
    fn addrs4(&mut self) -> Option<&'a Entry> {
        let mut gateway = None;
        for ordinal in 0..self.file.end {
            self.ordinal = ordinal;
            if !self.at(GATEWAY).is_empty() {
                if gateway.is_some() {
                    self.complain(AGAIN);
                }
                gateway = self.entry;
            }
            if self.next(IPADDR, 3) {
                self.addr4();
            } else if let Some(mask) = self.mask() {
                self.file.complain(mask, LONELY);
            }
            if self.next(DNS, 2) {
                self.server();
            }
        }
        self.ordinal = 0;
        gateway
    }

    /// Looks at a key whose numbers have no hole beyond `first`, if it is set.
    #[inline(never)]
    fn next(&mut self, row: u16, first: u32) -> bool {
        let entry = self.file.get_next(row, self.ordinal, first);
        if entry.is_some() {
            self.entry = entry;
        }
        entry.is_some()
    }

    /// `ADDRESS` or `ADDRESS#NAME`.
    fn server(&mut self) {
        let addr = scalar::ip(parts::nth(self.word(), b'#', 0));
        let Some(addr) = &addr else {
            return self.complain(NOT_IP);
        };
        let link = Some(self.id);
        let cx = &mut *self.file.cx;
        let mut servers = cx.config.servers.iter();
        let is_known = servers.any(|have| have.link == link && is_same(&have.addr, addr));
        if !is_known && cx.add_server(addr, link).is_err() {
            self.complain(SERVERS_FULL);
        }
    }

    /// `PREFIXn`, else `NETMASKn`.
    #[inline(never)]
    fn mask(&self) -> Option<&'a Entry> {
        let mut mask = self.file.get_numbered(PREFIX, self.ordinal);
        if mask.is_none() {
            mask = self.file.get_numbered(NETMASK, self.ordinal);
        }
        mask
    }

    /// The address that is looked at, if one is.
    #[inline(never)]
    pub(super) fn addr4(&mut self) {
        if let Some(entry) = self.entry
            && let Some(addr) = self.file.ipv4(entry, SKIPPED)
        {
            self.add_addr4(addr);
        }
    }

    /// The address with these bits, with the mask and broadcast address of its number; `None` after a complaint.
    #[inline(never)]
    pub(super) fn add_addr4(&mut self, bits: u32) -> Option<()> {
        let entry = self.entry?;
        let mask = self.mask();
        let mut cidr = Cidr {
            addr: IpAddr::V4(Ipv4Addr::from_bits(bits)),
            len: self.len,
        };
        if mask.is_some() || cidr.len == NO_LEN {
            self.file.mask4(entry, mask, SKIPPED, &mut cidr)?;
        }
        let given = self.file.get_numbered(BROADCAST, self.ordinal);
        let given = given.and_then(|entry| self.file.ipv4(entry, UNSET));
        let usual = cidr.broadcast();
        let have = self.add_addr(&cidr)?;
        if let Some(bits) = given
            && usual != Ipv4Addr::from_bits(bits)
        {
            have.broadcast = Ipv4Addr::from_bits(bits);
        }
        Some(())
    }

    /// Adds an address; `None` after a complaint.
    #[inline(never)]
    fn add_addr(&mut self, addr: &Cidr) -> Option<&mut AddrConfig> {
        let added = self.file.cx.add_addr(&AddrConfig {
            link: self.id,
            addr: *addr,
            peer: None,
            broadcast: Ipv4Addr::UNSPECIFIED,
            label: self.label,
            scope: LinkNumber::AddrScope
                .of(&self.known.draft.link)
                .map(|scope| scope as u8),
            origin: self.origin(),
        });
        if added.is_err() {
            return self.refuse(ADDRS_FULL);
        }
        self.file.cx.config.addrs.last_mut()
    }

    /// `BOOTPROTO`.
    fn method4(&mut self) {
        let word = self.at(BOOTPROTO);
        if word.is_empty() {
            return;
        }
        // one that is unknown is none
        let n = method_number(word).unwrap_or_else(|| {
            self.complain(NO_METHOD);
            0
        });
        self.known.draft.link.ipv4.origin = self.origin();
        self.known.draft.link.dhcp4.bootp = n == BOOTP;
        if let Some(method) = METHODS.get(n) {
            self.known.draft.link.ipv4.method = *method;
        }
    }

    /// Sets the gateway: that of the file, which is the last `GATEWAYn` for IPv4, else that of
    /// `/etc/sysconfig/network`.
    #[inline(never)]
    pub(super) fn gateway(&mut self, family: Family, entry: Option<&'a Entry>) {
        // the gateway for all links is for this one if one of its subnets holds it or it is there for this link
        let near = self.known.gateway(family).addr.as_ref();
        let near = near.filter(|_| entry.is_none() && !self.is_gateway_dev(family));
        let has_addr = self.has_addr(family, near);
        let known = &mut self.known;
        let (ip, given) = match family {
            Family::V4 => (&mut known.draft.link.ipv4, &known.gateway),
            Family::V6 => (&mut known.draft.link.ipv6, &known.gateway6),
        };
        let is_off = IpFlag::DefaultRoute.is_no(ip);
        if is_off {
            ip.gateway = None;
        }
        let Some(entry) = entry else {
            if has_addr && !is_off && ip.gateway.is_none() && given.addr.is_some() {
                ip.gateway = given.addr;
                ip.origin = given.origin;
            }
            return;
        };
        let complaint = if family == Family::V4 && !has_addr {
            NO_ROUTER
        } else if is_off {
            NO_DEFROUTE
        } else if let Err(what) = self.file.gateway(entry, family, &mut ip.gateway) {
            unset(what)
        } else {
            ip.origin = self.file.origin(entry);
            return;
        };
        self.file.complain(entry, complaint);
    }

    /// Whether the gateway of `/etc/sysconfig/network` is there for this link.
    fn is_gateway_dev(&self, family: Family) -> bool {
        match family {
            Family::V4 => {
                let device = &self.file.cx.config.global.gateway_dev;
                device.is_some() && is_same_name(device, &self.known.draft.link.name)
            }
            Family::V6 => self.known.gateway6_dev.is_some(),
        }
    }

    /// The method and the addresses of IPv6.
    fn ipv6(&mut self) {
        let is_disabled = FileFlag::Disabled6.is_yes(&self.known.draft);
        let is_off = is_disabled || FileFlag::Init6.is_no(&self.known.draft);
        // four keys that stand together in the table, DHCPV6C the last of them
        for row in IPV6ADDR..IPV6_DEFAULTDEV {
            let word = self.at(row);
            if is_off {
                if !word.is_empty() && scalar::boolean(word) != Some(false) {
                    self.complain(OFF6);
                }
            } else if row == IPV6ADDR || row == IPV6ADDR_SECONDARIES {
                self.addrs6(word);
            }
        }
        let has_addr = self.has_addr(Family::V6, None);
        let draft = &mut self.known.draft;
        let mut method = draft.link.ipv6.method;
        let is_on = FileFlag::Init6.is_yes(draft);
        if is_on {
            method = Method::LinkLocal;
            if has_addr {
                method = Method::Static;
            }
        }
        if FileFlag::Dhcp6.is_yes(draft) {
            method = Method::Dhcp;
        }
        // forwarding alone stands for no
        let autoconf = FileFlag::Autoconf6.of(draft);
        if is_on
            && autoconf != Some(Flag::No)
            && (autoconf.is_some() || !FileFlag::Forwarding6.is_yes(draft))
        {
            method = Method::Auto;
        }
        if is_off {
            method = Method::Ignore;
        }
        if is_disabled {
            method = Method::Disabled;
        }
        draft.link.ipv6.method = method;
        // servers of DHCPv6 are told the whole name of the host only
        let hostname = IpText::Hostname.of(&self.known.draft.link.ipv4);
        let name = self.file.cx.config.text_or_none(&hostname);
        if self.known.draft.link.ipv6.asks()
            && IpText::Hostname.of(&self.known.draft.link.ipv6).is_none()
            && parts::has(name, b'.')
        {
            IpText::Hostname.set(&mut self.known.draft.link.ipv6, hostname);
        }
        if !is_off {
            self.gateway6();
        }
    }

    /// Says that a port has no addresses, where the file gives some.
    pub(super) fn drop_addresses(&mut self) {
        self.entry = self.first(Field::Addr, packed!(""));
        if self.entry.is_none() && method_number(self.at(BOOTPROTO)) != Some(DHCP) {
            return;
        }
        self.complain(OF_PORT);
    }

    /// `MY_INNER_IPADDR` and `PEER_INNER_IPADDR`: the length is that of the peer, if there is one.
    ///
    /// # Errors
    /// What is wrong with one of them.
    fn inner(&mut self) -> Result<(), Problem> {
        let word = self.at(MY_INNER_IPADDR);
        if word.is_empty() {
            return Ok(());
        }
        let mut addr = Cidr::default(Family::V4);
        let mut peer = addr;
        scalar::prefix(word, &mut addr)?;
        let other = self.file.text(PEER_INNER_IPADDR);
        let outer = self.file.text(PEER_OUTER_IPADDR);
        let has_peer = !other.is_empty() && !parts::is(other, outer);
        if has_peer {
            scalar::prefix(other, &mut peer)?;
            addr.len = peer.len;
        }
        if let Some(have) = self.add_addr(&addr)
            && has_peer
        {
            have.peer = Some(peer.addr);
        }
        Ok(())
    }

    /// The items of an IPv6 address list.
    #[inline(never)]
    pub(super) fn addrs6(&mut self, mut rest: &'a [u8]) {
        while let Some(item) = parts::next_word(&mut rest) {
            let mut addr = Cidr::default(Family::V6);
            addr.len = 64;
            let what = match scalar::cidr(item, &mut addr) {
                Ok(()) if addr.family() == Family::V6 => {
                    self.add_addr(&addr);
                    continue;
                }
                Err(Problem::BadPrefix) => NO_PREFIX,
                Ok(()) | Err(_) => NO_ADDR6,
            };
            if let Some(entry) = self.entry {
                self.file.complain_of(entry, item, what);
            }
        }
    }

    /// The zone of `IPV6_DEFAULTGW`, else `IPV6_DEFAULTDEV`, which is looked at.
    #[inline(never)]
    pub(super) fn device6(&mut self) -> &'a [u8] {
        let zone = parts::nth(self.at(IPV6_DEFAULTGW), b'%', 1);
        if zone.is_empty() {
            return self.at(IPV6_DEFAULTDEV);
        }
        zone
    }

    /// `IPV6_DEFAULTGW` and `IPV6_DEFAULTDEV`, of the file, else of `/etc/sysconfig/network`.
    fn gateway6(&mut self) {
        let entry = self.file.get(IPV6_DEFAULTGW);
        let device = self.device6();
        let mut name = &IfName::new(device);
        if device.is_empty() && entry.is_none() {
            name = &self.known.gateway6_dev;
        }
        let is_said = !device.is_empty() || name.is_some();
        if is_said && !is_same_name(name, &self.known.draft.link.name) {
            IpFlag::DefaultRoute.set(&mut self.known.draft.link.ipv6, Some(false));
            if let Some(entry) = entry {
                self.known.draft.link.ipv6.gateway = None;
                return self.file.complain(entry, OTHERS_ROUTER);
            }
        }
        self.gateway(Family::V6, entry);
    }

    /// The items of a list of domains.
    #[inline(never)]
    fn domains(&mut self, row: u16) {
        let link = Some(self.id);
        let mut rest = self.at(row);
        while let Some(item) = parts::next_word(&mut rest) {
            let cx = &mut *self.file.cx;
            let mut kept = None;
            let mut put = cx.keep_said(Said::Domain, item, &mut kept);
            if let Some(domain) = kept
                && add(cx.config.search, &Search { domain, link }).is_none()
            {
                put = Err(Problem::MaxSearch);
            }
            if let Err(what) = put {
                self.leave_out(item, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg;
    use super::super::testing::{Heard, ScratchTables, Storage, context, describe};
    use super::*;
    use crate::diag::FileId;
    use crate::diag::Origin;
    use crate::model::config::LinkId;
    use crate::model::config::{Config, IpText};
    use crate::source::ifcfg::{Defaults, Gateway};
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn read_into(config: &mut Config<'_>, text: &str, defaults: &Defaults) -> Vec<String> {
        let (mut sink, mut scratch) = (Heard::default(), ScratchTables::empty());
        let text = format!("DEVICE=eth0\n{text}");
        let mut cx = context(config, &mut sink, b"ifcfg-eth0", text.as_bytes());
        ifcfg::read(b"eth0", defaults, &mut scratch.scratch(), &mut cx);
        sink.lines()
    }

    /// What is known of eth0 after its name, and the complaints.
    fn eth0_with(text: &str, defaults: &Defaults) -> (String, Vec<String>) {
        let mut tables = Storage::default();
        let mut config = tables.config();
        let said = read_into(&mut config, text, defaults);
        let links = describe(&config);
        let link = links.first().map(|link| link.replacen("eth0 | ", "", 1));
        (link.unwrap_or_default(), said)
    }

    fn eth0(text: &str) -> (String, Vec<String>) {
        eth0_with(text, &Defaults::none())
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
            ("BOOTPROTO=bootp", "dhcp required bootp | ignore"),
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
                std::vec!["error 2:11 BOOTPROTO \"dhcp4\" UnknownMethod FileIgnored".into()]
            )
        );
        assert_eq!(
            eth0("BOOTPROTO=x\nIPADDR=192.0.2.1\nPREFIX=24"),
            (
                "static 192.0.2.1/24 required | ignore".into(),
                std::vec!["error 2:11 BOOTPROTO \"x\" UnknownMethod DefaultUsed".into()]
            )
        );
        let (link, said) = eth0("BOOTPROTO=ibft");
        assert_eq!(link, "");
        assert_eq!(
            said,
            ["warning 2:11 BOOTPROTO \"ibft\" FirmwareSays FileIgnored"]
        );
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
                "note 2:9 IPADDR3 \"192.0.2.1\" Gap None",
            ),
            (
                "PREFIX=24",
                "disabled",
                "warning 2:8 PREFIX \"24\" NoIpaddr KeyUnset",
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
                "warning 4:9 GATEWAY \"192.0.2.2\" NoDefroute KeyUnset",
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
        assert!(said[0].contains("GatewayAlone"));
    }

    #[test]
    fn the_machines_gateway_goes_to_the_link_that_reaches_it() {
        let origin = Origin {
            file: FileId(3),
            line: 2,
            column: 9,
        };
        let defaults = Defaults {
            gateway: Gateway {
                addr: Some("192.0.2.254".parse().unwrap()),
                origin,
            },
            ..Defaults::none()
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
        let mut tables = Storage::default();
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
                "warning 2:16 IPV6_DEFAULTGW \"fe80::1%eth1\" OtherGateway KeyUnset",
            ),
            (
                "IPV6_DEFAULTGW=192.0.2.1",
                "ignore",
                "error 2:16 IPV6_DEFAULTGW \"192.0.2.1\" NotIpv6 KeyUnset",
            ),
            (
                "IPV6_DEFAULTGW=fe80::1\nIPV6_DEFROUTE=no",
                "ignore no-default",
                "warning 2:16 IPV6_DEFAULTGW \"fe80::1\" NoDefroute KeyUnset",
            ),
        ] {
            let (link, said) = eth0(text);
            assert_eq!(link, format!("disabled | {want}"));
            assert_eq!(said, [problem]);
        }
    }

    #[test]
    fn the_machines_ipv6_settings_are_defaults() {
        let gateway6 = Gateway {
            addr: Some("2001:db8::ff".parse().unwrap()),
            origin: Origin::NONE,
        };
        let mut defaults = Defaults {
            gateway6,
            ..Defaults::none()
        };
        defaults.draft.said.flags[FileFlag::Init6 as usize] = Some(Flag::Yes);
        defaults.draft.said.flags[FileFlag::Autoconf6 as usize] = Some(Flag::No);
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
                ..Defaults::none()
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
        let mut tables = Storage::default();
        let mut config = tables.config();
        let said = read_into(
            &mut config,
            "DNS2=2001:db8::53\nDNS1=192.0.2.53\nDNS3='192.0.2.54#dns.example'\nDNS4=192.0.2.53\n\
             DNS5=192.0.2.1:53\nDOMAIN=' a.example  b.example c_d '\nSEARCH=other.example\n\
             DHCP_HOSTNAME=host.example\n",
            &Defaults::none(),
        );
        let servers: Vec<String> = config.servers.iter().map(|s| s.addr.to_string()).collect();
        assert_eq!(servers, ["192.0.2.53", "2001:db8::53", "192.0.2.54"]);
        assert!(
            config
                .servers
                .iter()
                .all(|server| server.link == Some(LinkId::new(0)))
        );
        let search: Vec<&[u8]> = config
            .search
            .iter()
            .map(|s| config.text(s.domain))
            .collect();
        assert_eq!(search, [&b"a.example"[..], b"b.example"]);
        let hostname = IpText::Hostname
            .of(&config.links.first().unwrap().ipv4)
            .unwrap();
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
                "error 44:6 DNS9 \"192.0.2.9\" MaxServers PartIgnored",
                "error 34:10 IPADDR16 \"192.0.2.16\" MaxAddrs AddrSkipped",
                "error 45:8 SEARCH \"i\" MaxSearch PartIgnored",
            ]
        );
    }
}
