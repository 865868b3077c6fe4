//! Files with more addresses of a link that another file describes: `ifcfg-LINK:LABEL` (an alias) and
//! `ifcfg-LINK-rangeN`. What they do not say they take from that file (initscripts' ifup-aliases).

use super::ifcfg::{NO_LEN, Reader, Use};
use super::ifcfg_keys::{
    CLONENUM_START, DEVICE, GATEWAY, IPADDR, IPADDR_END, IPADDR_START, IPV6ADDR, NO_ALIASROUTING,
    ONPARENT,
};
use crate::diag::{Complaint, Effect, LineBuf, Problem};
use crate::model::addr::Family;
use crate::model::config::SourceKind;
use crate::model::link::IfName;
use crate::text::{parts, scalar};

const NO_LABEL: Complaint = Complaint::error(Problem::NotAnAlias, Effect::FileIgnored);
const NO_RANGE: Complaint = Complaint::error(Problem::NotARange, Effect::FileIgnored);
const NO_BASE: Complaint = Complaint::error(Problem::NoBase, Effect::FileIgnored);
const ON_CMDLINE: Complaint = Complaint::note(Problem::OnCmdline, Effect::FileIgnored);

/// Octets of a label (`IFNAMSIZ`).
const MAX_LABEL: usize = 15;

/// The name of the link that an alias or range file belongs to; `None` for any other file.
pub(super) fn base(name: &[u8]) -> Option<&[u8]> {
    let (base, label) = parts::split(name, b':');
    if label.is_some() {
        return Some(base);
    }
    let at = name.windows(6).position(|part| parts::is(part, b"-range"));
    at.map(|at| parts::slice(name, 0, at))
}

impl Reader<'_, '_, '_> {
    /// Adds the addresses of the file `ifcfg-NAME`, of the link `base`; `None` if files of routes beside this one do
    /// not count, or if it is not used.
    #[inline(never)]
    pub(super) fn alias(&mut self, name: &[u8], base: &[u8]) -> Option<()> {
        self.before = 0;
        self.keys(Use::None);
        if self.says(ONPARENT, false) {
            return None;
        }
        let mut id = IfName::new(base).and_then(|base| self.file.cx.config.named(&base));
        if id.is_none() && parts::is(base, b"lo") {
            // what it has anyway needs no file of its own
            let link = &mut self.known.draft.link;
            link.name = Some(IfName::LO);
            link.identify(&None);
            id = self.file.cx.config.add_link(link);
        }
        let Some(id) = id else {
            return self.refuse(NO_BASE);
        };
        self.id = id;
        self.known.draft.link = *self.file.cx.config.link(id)?;
        if self.known.draft.link.source == SourceKind::Cmdline {
            return self.refuse(ON_CMDLINE);
        }
        self.len = self
            .first_addr(Family::V4, None)
            .map_or(NO_LEN, |have| have.addr.len);
        let label = parts::after(name, b':');
        if let Some(label) = label {
            let is_octet = |octet: &u8| parts::is_plain(*octet, b"_");
            let device = self.at(DEVICE);
            if !(device.is_empty() || parts::is(device, name))
                || label.is_empty()
                || !label.iter().all(is_octet)
                || name.len() > MAX_LABEL
            {
                return self.refuse(NO_LABEL);
            }
            self.label = self.file.cx.config.keep_same(name);
            // IPADDR0 where there is no IPADDR
            self.entry = None;
            self.ordinal = 1;
            self.at(IPADDR);
            self.ordinal = 0;
            self.at(IPADDR);
            self.addr4();
        } else {
            self.range(base)?;
        }
        self.label = None;
        let list = self.at(IPV6ADDR);
        self.addrs6(list);
        let has_routes = label.is_some() && !self.says(NO_ALIASROUTING, true);
        if has_routes
            && self.known.draft.link.ipv4.gateway.is_none()
            && let Some(entry) = self.file.get(GATEWAY)
        {
            self.gateway(Family::V4, Some(entry));
        }
        self.required();
        has_routes.then_some(())
    }

    /// Adds the addresses from one to another, each with its label.
    fn range(&mut self, base: &[u8]) -> Option<()> {
        let (start, end) = (self.bound(IPADDR_START)?, self.bound(IPADDR_END)?);
        let number = scalar::number(self.file.text(CLONENUM_START)).unwrap_or(0);
        let more = end.wrapping_sub(start);
        if start >> 8 != end >> 8 || more > 0xff {
            return self.refuse(NO_RANGE);
        }
        self.at(IPADDR_START);
        for n in 0..more.wrapping_add(1) {
            let mut label = LineBuf::<64>::new();
            label.put(base);
            label.put(b":");
            label.show(&number.wrapping_add(n));
            // one that is too long is left out
            self.label = None;
            if label.as_bytes().len() <= MAX_LABEL {
                self.label = self.file.cx.config.keep_same(label.as_bytes());
            }
            self.add_addr4(start.wrapping_add(n));
        }
        Some(())
    }

    /// An end of a range, which is looked at.
    #[inline(never)]
    fn bound(&mut self, row: u16) -> Option<u32> {
        if self.at(row).is_empty() {
            self.entry = None;
            return self.refuse(NO_RANGE);
        }
        self.file.ipv4(self.entry?, Effect::FileIgnored)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg::{self, Defaults};
    use super::super::testing::{Heard, ScratchTables, Storage, context};
    use crate::diag::{Escaped, Origin};
    use crate::model::config::{Config, LinkConfig, LinkMatch, SourceKind};
    use crate::model::link::IfName;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    const BASE: &str = "DEVICE=eth0\nIPADDR=192.0.2.1\nPREFIX=25\n";

    /// Reads files one after another: every address with its label and its link's method, then the complaints.
    fn read_into(config: &mut Config<'_>, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let (mut sink, mut scratch) = (Heard::default(), ScratchTables::empty());
        for (name, text) in files {
            let mut cx = context(config, &mut sink, b"ifcfg-x", text.as_bytes());
            ifcfg::read(
                name.as_bytes(),
                &Defaults::none(),
                &mut scratch.scratch(),
                &mut cx,
            );
        }
        let addrs = config.addrs.iter().map(|have| {
            let label = have.label.map_or(&b"-"[..], |label| config.text(label));
            format!("{} {}", have.addr, Escaped(label))
        });
        (addrs.collect(), sink.lines())
    }

    fn read(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        read_into(&mut Storage::default().config(), files)
    }

    #[test]
    fn an_alias_has_its_label_and_the_mask_of_its_link() {
        for (name, text, want) in [
            ("eth0:1", "IPADDR=192.0.2.2", "192.0.2.2/25 eth0:1"),
            (
                "eth0:web_1",
                "DEVICE=eth0:web_1\nIPADDR0=192.0.2.2\nPREFIX=32",
                "192.0.2.2/32 eth0:web_1",
            ),
            (
                "eth0:1",
                "IPADDR=192.0.2.2\nNETMASK=255.255.255.0",
                "192.0.2.2/24 eth0:1",
            ),
            ("eth0:1", "IPV6ADDR=2001:db8::1", "2001:db8::1/64 -"),
        ] {
            let (addrs, said) = read(&[("eth0", BASE), (name, text)]);
            assert_eq!(said, [""; 0], "{text}");
            assert_eq!(addrs, ["192.0.2.1/25 -", want]);
        }
        // nothing is inherited where there is nothing
        let (addrs, said) = read(&[
            ("eth0", "DEVICE=eth0\nBOOTPROTO=dhcp"),
            ("eth0:1", "IPADDR=192.0.2.2"),
        ]);
        assert_eq!(addrs, ["192.0.2.2/24 eth0:1"]);
        assert_eq!(
            said,
            ["warning 1:8 IPADDR \"192.0.2.2\" NoMask(24) Guessed"]
        );
    }

    #[test]
    fn an_alias_adds_to_its_link() {
        let mut tables = Storage::default();
        let mut config = tables.config();
        let alias = "IPADDR=192.0.2.2\nPREFIX=24\nGATEWAY=192.0.2.254\nMTU=9000\nONBOOT=no\n";
        let (_, said) = read_into(&mut config, &[("eth0", "DEVICE=eth0"), ("eth0:1", alias)]);
        assert_eq!(said, [""; 0]);
        assert_eq!(
            super::super::testing::describe(&config),
            ["eth0 | static 192.0.2.2/24 via 192.0.2.254 required | ignore"]
        );
        for (more, via) in [("", "192.0.2.1"), ("NO_ALIASROUTING=yes", "192.0.2.1")] {
            let mut tables = Storage::default();
            let mut config = tables.config();
            let base = "DEVICE=eth0\nIPADDR=192.0.2.9\nPREFIX=24\nGATEWAY=192.0.2.1\n";
            read_into(
                &mut config,
                &[("eth0", base), ("eth0:1", &format!("{alias}{more}"))],
            );
            assert_eq!(config.links[0].ipv4.gateway, Some(via.parse().unwrap()));
        }
        let mut tables = Storage::default();
        let mut config = tables.config();
        let alias = format!("{alias}NO_ALIASROUTING=yes");
        read_into(&mut config, &[("eth0", BASE), ("eth0:1", &alias)]);
        assert_eq!(config.links[0].ipv4.gateway, None);
    }

    #[test]
    fn what_is_no_alias_costs_its_file() {
        for (name, text, what) in [
            (
                "eth0:web-1",
                "IPADDR=192.0.2.2",
                "error 0:0 file NotAnAlias FileIgnored",
            ),
            (
                "eth0:1",
                "DEVICE=eth0:2\nIPADDR=192.0.2.2",
                "error 1:8 DEVICE \"eth0:2\" NotAnAlias FileIgnored",
            ),
            (
                "eth0:",
                "IPADDR=192.0.2.2",
                "error 0:0 file NotAnAlias FileIgnored",
            ),
            (
                "eth0:01234567890",
                "IPADDR=192.0.2.2",
                "error 0:0 file NotAnAlias FileIgnored",
            ),
            (
                "eth1:1",
                "IPADDR=192.0.2.2",
                "error 0:0 file NoBase FileIgnored",
            ),
            (
                "eth0:1",
                "IPADDR=x",
                "error 1:8 IPADDR \"x\" NotIpv4 AddrSkipped",
            ),
            (
                "eth0:1",
                "IPADDR=192.0.2.2\nPREFIX=33",
                "error 2:8 PREFIX \"33\" BadPrefix AddrSkipped",
            ),
            (
                "eth0:1",
                "IPADR=192.0.2.2",
                "note 1:1 IPADR UnknownKey(\"IPADDR\") LineIgnored",
            ),
        ] {
            let (addrs, said) = read(&[("eth0", BASE), (name, text)]);
            assert_eq!(addrs, ["192.0.2.1/25 -"], "{name}");
            assert_eq!(said, [what]);
        }
        let (addrs, said) = read(&[("eth0", BASE), ("eth0:1", "IPADDR=192.0.2.2\nONPARENT=no")]);
        assert_eq!((addrs.len(), said.len()), (1, 0));
        let mut tables = Storage::default();
        let mut config = tables.config();
        let eth0 = LinkMatch::Name(IfName::new(b"eth0").unwrap());
        config
            .add_link(&LinkConfig::matching(
                eth0,
                SourceKind::Cmdline,
                Origin::NONE,
            ))
            .unwrap();
        let (addrs, said) = read_into(&mut config, &[("eth0:1", "IPADDR=192.0.2.2")]);
        assert_eq!(addrs, [""; 0]);
        assert_eq!(said, ["note 0:0 file OnCmdline FileIgnored"]);
    }

    #[test]
    fn a_range_is_of_one_24() {
        let range = |text: &str| read(&[("eth0", BASE), ("eth0-range0", text)]);
        let (addrs, said) =
            range("IPADDR_START=192.0.2.9\nIPADDR_END=192.0.2.11\nCLONENUM_START=7\n");
        assert_eq!(said, [""; 0]);
        assert_eq!(
            addrs[1..],
            [
                "192.0.2.9/25 eth0:7",
                "192.0.2.10/25 eth0:8",
                "192.0.2.11/25 eth0:9"
            ]
        );
        for (text, what) in [
            (
                "IPADDR_START=192.0.2.9",
                "error 0:0 file NotARange FileIgnored",
            ),
            (
                "IPADDR_START=192.0.2.9\nIPADDR_END=192.0.2.8",
                "error 2:12 IPADDR_END \"192.0.2.8\" NotARange FileIgnored",
            ),
            (
                "IPADDR_START=192.0.2.9\nIPADDR_END=192.0.3.10",
                "error 2:12 IPADDR_END \"192.0.3.10\" NotARange FileIgnored",
            ),
            (
                "IPADDR_START=x\nIPADDR_END=192.0.2.8",
                "error 1:14 IPADDR_START \"x\" NotIpv4 FileIgnored",
            ),
        ] {
            let (addrs, said) = range(text);
            assert_eq!(addrs.len(), 1, "{text}");
            assert_eq!(said, [what]);
        }
        // a label that does not fit is left out
        let base = "DEVICE=long-name-of-15\nIPADDR=192.0.2.1\nPREFIX=24";
        let text = "IPADDR_START=192.0.2.255\nIPADDR_END=192.0.2.255";
        let (addrs, _) = read(&[("long-name-of-15", base), ("long-name-of-15-range0", text)]);
        assert_eq!(addrs[1..], ["192.0.2.255/24 -"]);
    }
}
