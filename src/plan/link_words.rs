//! What is done to links that are made, as ip-link(8) commands.

use super::links::{lies_in_data, rule_of};
use super::op::{Op, shell_word};
use super::{Act, knobs};
use crate::diag::Escaped;
use crate::model::attr::{Attr, AttrConfig, Kind, Scope, Value};
use crate::model::desired::DesiredLink;
use crate::model::knob::Knob;
use crate::model::link::{IfName, LinkKind};
use crate::packed::{Word, packed, word};
use crate::text::show::{Show, Text};
use crate::wire::ethtool;
use crate::wire::rtnetlink::info;
use core::net::{IpAddr, Ipv6Addr};

/// The bit with which a partition's key says that the machine is a full member.
const FULL_MEMBER: u32 = 0x8000;

impl Op<'_> {
    /// What is done to a link, as what `ip link set` does if nothing else is said.
    pub(super) fn show_link(&self, f: &mut Text<'_>, mut before: Word, link: &DesiredLink) {
        let act = self.act;
        let options = self.options(link);
        let kind = options.kind;
        let lies_in_data = lies_in_data(kind);
        if act == Act::Make {
            f.word(word!("ip link add"));
            if !lies_in_data {
                self.named(f, word!(" link "), link.lower);
            }
            before = word!(" name ");
        } else if act == Act::Unmake {
            before = word!("ip link del dev ");
        } else if act == Act::AddAltName {
            before = word!("ip link property add dev ");
        } else if act == Act::Ethtool {
            packed!(concat!(
                "ethtool -s ,ethtool -K ,ethtool --set-priv-flags ,ethtool -G ,ethtool -L ,ethtool -C ,",
                "ethtool -A "
            ))
            .item((self.depth.saturating_sub(ethtool::WOL) >> 1).into())
            .show(f);
            before = word!("");
        }
        let knob = Knob(self.depth);
        let is_file = act == Act::Knob && knob != Knob::ADDR_GEN_MODE;
        if is_file {
            before = word!("sysctl -w net/ipv6/conf/");
        } else if act == Act::SetToken {
            before = word!("ip token set dev ");
        }
        shell_word(f, before, &link.name);
        self.show_up(f);
        if is_file {
            f.show(word!("/"), &knob.row().word.text());
            f.count(word!("="), self.knob());
        } else if act == Act::SetToken {
            let token = Ipv6Addr::from_bits(knobs::token(link, self.config).into());
            f.show(word!(" "), &IpAddr::V6(token));
        } else if let Act::SetGenMode | Act::Knob = act {
            let words = packed!("eui64,none,stable_secret,random");
            f.show(word!(" addrgenmode "), &words.item(self.knob() as usize));
        }
        if act == Act::SetMtu {
            f.count(word!(" mtu "), link.mtu);
        } else if act == Act::Enslave {
            if link.in_bond() {
                f.word(word!(" down"));
            }
            self.named(f, word!(" master "), link.master);
        } else if act == Act::Release {
            f.word(word!(" nomaster"));
        } else if let Act::SetFlags | Act::AddAltName = act
            && let Some(rule) = rule_of(self.config, self.observed, link.ifindex)
        {
            if act == Act::AddAltName
                && let Some(name) = &self.config.altname(rule, self.depth)
            {
                shell_word(f, word!(" altname "), name);
            } else if act == Act::SetFlags
                && let Some(txqlen) = rule.txqlen
            {
                f.count(word!(" txqueuelen "), txqlen);
            }
        }
        if act == Act::SetMac || act == Act::Make && !link.mac.is_none() {
            f.show(word!(" address "), &link.mac);
        }
        for have in self.config.attrs_of(link.id()) {
            if have.is_set_by(act, self.depth) {
                self.option(f, kind, have);
            }
        }
        if kind == LinkKind::Ethernet {
            return;
        }
        f.word(word!(" type "));
        kind.kernel_word().show(f);
        if act == Act::SetPort {
            f.word(word!("_slave"));
        } else if lies_in_data && act == Act::Make {
            self.named(f, word!(" dev "), link.lower);
        }
        let mut sent = heapless::Vec::<u8, { info::OCTETS }>::new();
        options.put(&mut sent, &mut |option| self.option(f, kind, option));
    }

    /// The name of the link with this number, after `before`.
    fn named(&self, f: &mut Text<'_>, before: Word, ifindex: u32) {
        if let Some(link) = self.observed.by_index(ifindex) {
            shell_word(f, before, &link.name);
        }
    }

    /// An option and its value.
    fn option(&self, f: &mut Text<'_>, kind: LinkKind, have: &AttrConfig) {
        let (scope, form) = have.attr.row();
        f.octet(b' ');
        let is_text = self.act == Act::Ethtool && self.depth > ethtool::WOL;
        if kind != LinkKind::Ipvlan && !is_text {
            have.attr.show_ip_word(f);
            f.octet(b' ');
        }
        match have.value {
            Value::Number(number) => {
                // a bit each
                const ON_OFF: u32 = 1 << Scope::Vlan as u32
                    | 1 << Scope::BridgePort as u32
                    | 1 << Scope::Link as u32
                    | 1 << Scope::Ethtool as u32;
                let is_on_off = ON_OFF.wrapping_shr(scope as u32) & 1 != 0;
                let words = match (form, scope) {
                    (Kind::Bool, Scope::Ib) => packed!("datagram,connected"),
                    (Kind::Bool, _) if is_on_off => packed!("off,on"),
                    _ => form.words(),
                };
                if !words.0.is_empty() {
                    words.item(number as usize).show(f);
                } else if have.attr == Attr::PKEY {
                    f.word(word!("0x"));
                    f.number((number | FULL_MEMBER).into(), 16);
                } else {
                    f.count(word!(""), number);
                }
            }
            Value::Text(text) => {
                let text = self.config.text(text);
                if is_text {
                    return Escaped(text).show(f);
                }
                if form == Kind::Name
                    && let Some(name) = &IfName::new(text)
                {
                    return shell_word(f, word!(""), name);
                }
                for octet in text {
                    // pairs of a map are words of their own
                    f.octet(match octet {
                        b',' if form == Kind::Map => b' ',
                        octet => *octet,
                    });
                }
            }
        }
    }
}

impl AttrConfig {
    /// Whether it is what a step sets that sets flags, or what a command of ethtool(8) does.
    pub(super) fn is_set_by(&self, act: Act, depth: u8) -> bool {
        match self.attr {
            Attr::PROMISC | Attr::ALLMULTI | Attr::ARP => act == Act::SetFlags,
            attr => act == Act::Ethtool && attr.ethtool().is_some_and(|tool| tool.command == depth),
        }
    }
}
