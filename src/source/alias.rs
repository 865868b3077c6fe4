//! Files with more addresses of a link that another file describes: `ifcfg-LINK:LABEL` (an alias) and
//! `ifcfg-LINK-rangeN`. What they do not say they take from that file (initscripts' ifup-aliases).

use super::assignments::Entry;
use super::ifcfg::{Reader, field};
use super::ifcfg_keys::{
    BROADCAST, CLONENUM_START, DEVICE, GATEWAY, IPADDR, IPADDR_END, IPADDR_START, IPV6ADDR,
    NETMASK, NO_ALIASROUTING, ONPARENT, PREFIX,
};
use crate::diag::{Complaint, Effect, LineBuf, Problem};
use crate::model::addr::{Cidr, Family};
use crate::model::config::{AddrConfig, LinkId, Method, SourceKind};
use crate::model::link::IfName;
use crate::text::{parts, scalar};
use core::net::{IpAddr, Ipv4Addr};

const NO_LABEL: Complaint = Complaint::error(Problem::NotAnAlias, Effect::FileIgnored);
const NO_RANGE: Complaint = Complaint::error(Problem::NotARange, Effect::FileIgnored);
const NO_BASE: Complaint = Complaint::error(Problem::NoBase, Effect::FileIgnored);
const NO_NUMBER: Complaint = Complaint::error(Problem::NotANumber, Effect::KeyUnset);
const ON_CMDLINE: Complaint = Complaint::note(Problem::OnCmdline, Effect::FileIgnored);
const AGAIN: Complaint = Complaint::warning(Problem::Duplicate, Effect::AddrSkipped);

/// Octets of a label (`IFNAMSIZ`).
const MAX_LABEL: usize = 15;

/// The name of the link that an alias or range file belongs to; `None` for any other file.
pub(super) fn base(name: &[u8]) -> Option<&[u8]> {
    let colon = name.iter().rposition(|octet| *octet == b':');
    colon
        .or_else(|| name.windows(6).position(|part| part == b"-range"))
        .map(|at| parts::slice(name, 0, at))
}

impl<'a> Reader<'a, '_, '_> {
    /// Adds the addresses of the file `ifcfg-NAME`, of the link `base`; the link, if files of routes beside this one
    /// count.
    pub(super) fn alias(&mut self, mut name: &'a [u8], mut base: &'a [u8]) -> Option<LinkId> {
        for entry in self.file.iter() {
            if field(entry).is_none() {
                self.file.unknown(entry);
            }
        }
        if scalar::boolean(self.file.text(ONPARENT)) == Some(false) {
            return None;
        }
        let is_range = !parts::has(name, b':');
        // the file may be called after a name of its own
        let device = self.file.text(DEVICE);
        if !device.is_empty() && !is_range {
            name = device;
            base = self::base(device).unwrap_or(device);
        }
        let Some(id) = IfName::new(base).and_then(|base| self.file.cx.config.named(&base)) else {
            self.file.cx.complain_of_file(NO_BASE);
            return None;
        };
        self.id = id;
        *self.link = *self.file.cx.config.link(id)?;
        if self.link.source == SourceKind::Cmdline {
            self.file.cx.complain_of_file(ON_CMDLINE);
            return None;
        }
        match is_range {
            true => self.range(base)?,
            false => self.one(name, base)?,
        }
        let ip = &mut self.link.ipv4;
        if matches!(ip.method, Method::Disabled) && self.has_addr(Family::V4, None) {
            self.link.ipv4.method = Method::Static;
        }
        let has_routes =
            !is_range && scalar::boolean(self.file.text(NO_ALIASROUTING)) != Some(true);
        if has_routes
            && self.link.ipv4.gateway.is_none()
            && let Some(entry) = self.file.get(GATEWAY)
        {
            self.gateway(Family::V4, Some(entry));
        }
        self.required();
        *self.file.cx.config.link_mut(id)? = *self.link;
        has_routes.then_some(id)
    }

    /// `IPADDR` and `IPV6ADDR` of an alias.
    fn one(&mut self, name: &[u8], base: &[u8]) -> Option<()> {
        let label = parts::slice(name, base.len().wrapping_add(1), name.len());
        let is_label = label
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
        if label.is_empty() || !is_label || name.len() > MAX_LABEL {
            let complaint = NO_LABEL;
            match self.file.get(DEVICE) {
                Some(entry) => self.file.complain(entry, complaint),
                None => self.file.cx.complain_of_file(complaint),
            }
            return None;
        }
        for number in [0, 1] {
            if let Some(entry) = self.file.get_numbered(IPADDR, number)
                && let Some(addr) = self.file.ipv4(entry, Effect::AddrSkipped)
            {
                self.labelled(entry, addr, name);
            }
        }
        if let Some(entry) = self.file.get(IPV6ADDR) {
            self.addrs6(entry);
        }
        Some(())
    }

    /// `IPADDR_START` to `IPADDR_END`.
    fn range(&mut self, base: &[u8]) -> Option<()> {
        let (start, end) = (self.file.get(IPADDR_START), self.file.get(IPADDR_END));
        let first = start.and_then(|entry| scalar::ipv4(self.file.octets(entry)));
        let last = end.and_then(|entry| scalar::ipv4(self.file.octets(entry)));
        let (Some(entry), Some(first), Some(last)) = (start, first, last) else {
            self.refuse(start.or(end), NO_RANGE);
            return None;
        };
        let (first, last) = (first.to_bits(), last.to_bits());
        if first >> 8 != last >> 8 || first > last {
            self.refuse(end, NO_RANGE);
            return None;
        }
        let mut number = 0;
        if let Some(entry) = self.file.get(CLONENUM_START) {
            match scalar::number(self.file.octets(entry)) {
                Some(said) => number = said,
                None => self.file.complain(entry, NO_NUMBER),
            }
        }
        for addr in first..=last {
            let mut label = LineBuf::<32>::new();
            label.put(base);
            label.put(b":");
            label.show(&number);
            number = number.wrapping_add(1);
            self.labelled(entry, Ipv4Addr::from_bits(addr), label.as_bytes());
        }
        Some(())
    }

    /// Adds an address with its label; a label that is too long is left out.
    fn labelled(&mut self, entry: &Entry, addr: Ipv4Addr, label: &[u8]) {
        let mut mask = self.file.get(PREFIX);
        if mask.is_none() {
            mask = self.file.get(NETMASK);
        }
        let mut cidr = Cidr::default(Family::V4);
        cidr.addr = IpAddr::V4(addr);
        let mut all = self.file.cx.config.addrs.iter();
        let of_link = |have: &&AddrConfig| have.link == self.id && have.addr.family() == Family::V4;
        let base = all.find(of_link).map(|have| have.addr.len);
        let mut addrs = self.file.cx.config.addrs.iter();
        if addrs.any(|have| have.link == self.id && have.addr.addr == cidr.addr) {
            return self.file.complain(entry, AGAIN);
        }
        match (mask, base) {
            (None, Some(len)) => cidr.len = len,
            (mask, _) => {
                if self
                    .file
                    .mask4(entry, mask, Effect::AddrSkipped, &mut cidr)
                    .is_none()
                {
                    return;
                }
            }
        }
        let broadcast = self.file.get(BROADCAST);
        let broadcast = broadcast.and_then(|entry| self.file.ipv4(entry, Effect::KeyUnset));
        let broadcast = broadcast.filter(|given| cidr.broadcast() != Some(*given));
        self.label = self
            .file
            .cx
            .keep_same(label)
            .ok()
            .filter(|_| label.len() <= MAX_LABEL);
        self.add_addr(entry, &cidr, broadcast);
        self.label = None;
    }
}
