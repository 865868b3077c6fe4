//! Files with more addresses of a link that another file describes: `ifcfg-LINK:LABEL` (an alias) and
//! `ifcfg-LINK-rangeN`. What they do not say they take from that file (initscripts' ifup-aliases).

use super::assignments::Entry;
use super::ifcfg::{Reader, field};
use super::ifcfg_keys::{
    CLONENUM_START, GATEWAY, IPADDR, IPADDR_END, IPADDR_START, IPV6ADDR, NO_ALIASROUTING, ONPARENT,
};
use crate::diag::{Complaint, Effect, LineBuf, Problem};
use crate::model::addr::Family;
use crate::model::config::{AddrConfig, LinkId, Method, SourceKind};
use crate::model::link::IfName;
use crate::text::{parts, scalar};
use core::net::Ipv4Addr;

const NO_LABEL: Complaint = Complaint::error(Problem::NotAnAlias, Effect::FileIgnored);
const NO_RANGE: Complaint = Complaint::error(Problem::NotARange, Effect::FileIgnored);
const NO_BASE: Complaint = Complaint::error(Problem::NoBase, Effect::FileIgnored);
const ON_CMDLINE: Complaint = Complaint::note(Problem::OnCmdline, Effect::FileIgnored);

/// Octets of a label (`IFNAMSIZ`).
const MAX_LABEL: usize = 15;

/// The name of the link that an alias or range file belongs to; `None` for any other file.
pub(super) fn base(name: &[u8]) -> Option<&[u8]> {
    let colon = name.iter().rposition(|octet| *octet == b':');
    colon
        .or_else(|| name.windows(6).position(|part| part == b"-range"))
        .map(|at| parts::slice(name, 0, at))
}

impl Reader<'_, '_, '_> {
    /// Adds the addresses of the file `ifcfg-NAME`, of the link `base`; the link, if files of routes beside this one
    /// count.
    #[inline(never)]
    pub(super) fn alias(&mut self, name: &[u8], base: &[u8]) -> Option<LinkId> {
        for entry in self.file.iter() {
            if field(entry).is_none() {
                self.file.unknown(entry);
            }
        }
        if self.says(ONPARENT, false) {
            return None;
        }
        let is_range = !parts::has(name, b':');
        let Some(id) = IfName::new(base).and_then(|base| self.file.cx.config.named(&base)) else {
            return self.refuse_alias(NO_BASE);
        };
        self.id = id;
        *self.link = *self.file.cx.config.link(id)?;
        let of_link = |have: &&AddrConfig| have.link == id && have.addr.family() == Family::V4;
        self.len = self
            .file
            .cx
            .config
            .addrs
            .iter()
            .find(of_link)
            .map(|have| have.addr.len);
        if self.link.source == SourceKind::Cmdline {
            return self.refuse_alias(ON_CMDLINE);
        }
        let (mut start, mut end) = (self.file.get(IPADDR_START), self.file.get(IPADDR_END));
        if !is_range {
            let mut label = name.iter().skip(base.len()).skip(1);
            let is_label = label.all(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
            if !is_label || name.len() == base.len() || name.len() > MAX_LABEL {
                return self.refuse_alias(NO_LABEL);
            }
            start = self.file.get(IPADDR);
            if start.is_none() {
                start = self.file.get_numbered(IPADDR, 1);
            }
            end = start;
        }
        self.series(start, end, name, base, is_range)?;
        if let Some(entry) = self.file.get(IPV6ADDR) {
            self.addrs6(entry);
        }
        if self.link.ipv4.method == Method::Disabled && self.has_addr(Family::V4, None) {
            self.link.ipv4.method = Method::Static;
        }
        let has_routes = !is_range && !self.says(NO_ALIASROUTING, true);
        let gateway = self.file.get(GATEWAY);
        if has_routes && gateway.is_some() && self.link.ipv4.gateway.is_none() {
            self.gateway(Family::V4, gateway);
        }
        self.required();
        *self.file.cx.config.link_mut(id)? = *self.link;
        has_routes.then_some(id)
    }

    /// Complains about the file.
    fn refuse_alias(&mut self, complaint: Complaint) -> Option<LinkId> {
        self.file.cx.complain_of_file(complaint);
        None
    }

    /// Adds the addresses from `start` to `end`, each with its label; `None` after a complaint.
    fn series(
        &mut self,
        start: Option<&Entry>,
        end: Option<&Entry>,
        name: &[u8],
        base: &[u8],
        is_range: bool,
    ) -> Option<()> {
        let (Some(start), Some(end)) = (start, end) else {
            return match is_range {
                true => self.refuse(None, NO_RANGE),
                false => Some(()),
            };
        };
        let first = self.file.ipv4(start, Effect::FileIgnored)?.to_bits();
        let last = self.file.ipv4(end, Effect::FileIgnored)?.to_bits();
        let mut number = scalar::number(self.file.text(CLONENUM_START)).unwrap_or(0);
        if first >> 8 != last >> 8 || first > last {
            return self.refuse(Some(end), NO_RANGE);
        }
        for addr in first..=last {
            let mut label = LineBuf::<32>::new();
            if is_range {
                label.put(base);
                label.put(b":");
                label.show(&number);
                number = number.wrapping_add(1);
            } else {
                label.put(name);
            }
            let kept = self.file.cx.keep_same(label.as_bytes());
            // one that is too long is left out
            self.label = kept.ok().filter(|_| label.as_bytes().len() <= MAX_LABEL);
            self.addr4(start, Ipv4Addr::from_bits(addr), 0);
        }
        self.label = None;
        Some(())
    }
}
