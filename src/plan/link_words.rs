//! What is done to links that are made, as ip-link(8) commands.

use super::Act;
use super::links::{joins_bond, master_kind};
use super::op::{Op, shell_word};
use crate::diag::Escaped;
use crate::model::attr::{Attr, AttrConfig, Form, Kind, Scope, Value, When};
use crate::model::config::LinkId;
use crate::model::desired::DesiredLink;
use crate::model::link::{IfName, LinkKind};
use crate::model::observed::{IFF_ALLMULTI, IFF_NOARP, IFF_PROMISC};
use crate::packed::{Packed, packed, word};
use crate::text::parts;
use crate::text::show::{Show, Text};
use crate::wire::ethtool;
use crate::wire::netlink::attr_in;
use crate::wire::rtnetlink::info::{self, IFLA_INFO_DATA, IFLA_INFO_SLAVE_DATA, Part, Pick};

/// The bit with which a partition's key says that the machine is a full member.
const FULL_MEMBER: u32 = 0x8000;

impl Op<'_> {
    /// What is done to a link that lies on others, or that others belong to.
    pub(super) fn show_stack(&self, f: &mut Text<'_>, act: Act, depth: u8, link: &DesiredLink) {
        if act == Act::Ethtool {
            return self.show_ethtool(f, depth, link);
        }
        if act == Act::Make {
            return self.show_made(f, link);
        }
        let command = match act {
            Act::Unmake => packed!("ip link del dev "),
            _ => packed!("ip link set dev "),
        };
        command.show(f);
        shell_word(f, word!(""), &link.name);
        match act {
            Act::Enslave => {
                let is_up = self.observed.by_index(link.ifindex);
                if is_up.is_some_and(|link| link.is_up()) && joins_bond(self.config, link.config) {
                    f.word(word!(" down"));
                }
                self.named(f, packed!(" master "), link.master);
            }
            Act::Release => packed!(" nomaster").show(f),
            Act::SetFlags => {
                let id = link.config.unwrap_or(LinkId::NONE);
                let [flags, mask] = self.config.flags_of(id);
                for (flag, text) in [
                    (IFF_PROMISC, packed!(" promisc ")),
                    (IFF_ALLMULTI, packed!(" allmulticast ")),
                    (IFF_NOARP, packed!(" arp ")),
                ] {
                    if mask & flag != 0 {
                        text.show(f);
                        on_off(f, (flags & flag != 0) != (flag == IFF_NOARP));
                    }
                }
            }
            Act::SetTxqlen => {
                let id = link.config.unwrap_or(LinkId::NONE);
                packed!(" txqueuelen ").show(f);
                let number = self.config.number_of(id, Attr::TXQUEUELEN);
                f.count(word!(""), number.unwrap_or_default());
            }
            Act::SetOptions | Act::SetJoined | Act::SetPort => self.show_set(f, act, link),
            _ => {}
        }
    }

    /// A command of ethtool(8), by what asks for what it sets.
    fn show_ethtool(&self, f: &mut Text<'_>, command: u8, link: &DesiredLink) {
        let by_command = packed!("-s,-K,--set-priv-flags,-G,-L,-C,-A");
        packed!("ethtool ").show(f);
        let n = command.saturating_sub(ethtool::WOL) >> 1;
        by_command.item(n.into()).show(f);
        shell_word(f, word!(" "), &link.name);
        for option in self.config.attrs_of(link.config.unwrap_or(LinkId::NONE)) {
            if !option.is_set_by(Act::Ethtool, command) {
                continue;
            }
            f.octet(b' ');
            match option.value {
                Value::Text(text) if n != 0 => Escaped(self.config.text(text)).show(f),
                _ => self.option(f, LinkKind::Ethernet, option),
            }
        }
    }

    /// The name of the link with this number, after `before`.
    fn named(&self, f: &mut Text<'_>, before: Packed, ifindex: u32) {
        if let Some(link) = self.observed.by_index(ifindex) {
            before.show(f);
            shell_word(f, word!(""), &link.name);
        }
    }

    fn show_made(&self, f: &mut Text<'_>, link: &DesiredLink) {
        let Some((id, kind)) = self.made(link) else {
            return;
        };
        let lower = self
            .observed
            .by_index(link.ifindex)
            .map_or(0, |link| link.lower);
        let lies_in_data = matches!(kind.scope(), Scope::Vxlan | Scope::Tunnel);
        packed!("ip link add ").show(f);
        if !lies_in_data && lower != 0 {
            self.named(f, packed!("link "), lower);
            f.octet(b' ');
        }
        packed!("name ").show(f);
        shell_word(f, word!(""), &link.name);
        if !link.mac.is_none() {
            f.show(word!(" address "), &link.mac);
        }
        packed!(" type ").show(f);
        kind.kernel_word().show(f);
        if lies_in_data {
            self.named(f, packed!(" dev "), lower);
        }
        self.show_options(f, id, Part::Own(kind), Pick::All);
    }

    fn show_set(&self, f: &mut Text<'_>, act: Act, link: &DesiredLink) {
        let Some(id) = link.config else {
            return;
        };
        let Some(have) = self.observed.by_index(link.ifindex) else {
            return;
        };
        packed!(" type ").show(f);
        let mut pick = Pick::Differing(self.observed.info(have));
        if act == Act::SetPort {
            let Some(kind) = master_kind(self.config, id) else {
                return;
            };
            if have.master != link.master {
                pick = Pick::All;
            }
            kind.kernel_word().show(f);
            packed!("_slave").show(f);
            return self.show_options(f, id, Part::Port(kind), pick);
        }
        let Some((id, kind)) = self.made(link) else {
            return;
        };
        if act == Act::SetJoined {
            pick = Pick::Joined;
        }
        kind.kernel_word().show(f);
        self.show_options(f, id, Part::Own(kind), pick);
    }

    /// The configuration of a link and the kind it is made as.
    fn made(&self, link: &DesiredLink) -> Option<(LinkId, LinkKind)> {
        let id = link.config?;
        Some((id, self.config.link(id)?.made_kind()?))
    }

    /// The options that are picked: those that are among what would be sent.
    fn show_options(&self, f: &mut Text<'_>, id: LinkId, part: Part, pick: Pick<'_>) {
        let mut sent = heapless::Vec::<u8, { info::OCTETS }>::new();
        info::put(&mut sent, self.config, id, part, pick, self.observed);
        let (kind, data) = match part {
            Part::Own(kind) => (kind, IFLA_INFO_DATA),
            Part::Port(kind) => (kind, IFLA_INFO_SLAVE_DATA),
        };
        let scope = part.scope();
        let data = attr_in(&sent, data);
        for have in self.config.attrs_of(id) {
            let place = have.attr.place();
            let is_joined = place.when >= When::Joined;
            let is_picked = match pick {
                _ if place.form == Form::None => false,
                Pick::All => !is_joined,
                Pick::Joined => is_joined,
                Pick::Only(only) => only == have.attr,
                // of these all are sent, or their numbers are others
                Pick::Differing(_) if matches!(scope, Scope::Tunnel | Scope::Vxlan) => {
                    scope == Scope::Tunnel || place.when != When::Made
                }
                Pick::Differing(_) => match place.form {
                    Form::Bit => flags_sent(data) & u32::from(place.number) != 0,
                    Form::Power => !data.is_empty(),
                    _ => !attr_in(data, place.number.into()).is_empty(),
                },
            };
            if is_picked && have.attr.row().0 == scope {
                f.octet(b' ');
                self.option(f, kind, have);
            }
        }
    }

    /// An option and its value.
    fn option(&self, f: &mut Text<'_>, kind: LinkKind, have: &AttrConfig) {
        let (scope, form) = have.attr.row();
        if kind != LinkKind::Ipvlan {
            have.attr.ip_word().show(f);
            f.octet(b' ');
        }
        match have.value {
            Value::Number(number) => match form {
                Kind::Bool if scope == Scope::Ib => {
                    let words = packed!("datagram,connected");
                    words.item(number as usize).show(f);
                }
                Kind::Bool if matches!(scope, Scope::Vlan | Scope::BridgePort | Scope::Ethtool) => {
                    on_off(f, number != 0);
                }
                Kind::Short if scope == Scope::Ib => {
                    packed!("0x").show(f);
                    f.number((number | FULL_MEMBER).into(), 16);
                }
                _ if !form.words().0.is_empty() => form.word(number).show(f),
                _ => f.count(word!(""), number),
            },
            Value::Text(text) => {
                let text = self.config.text(text);
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
    /// Whether it is what a step sets: what a command of ethtool(8) does.
    pub(super) fn is_set_by(&self, act: Act, command: u8) -> bool {
        let of = self.attr.ethtool();
        act == Act::Ethtool && of.is_some_and(|(of, _)| of == command)
    }
}

/// The flags of a VLAN that are sent.
fn flags_sent(data: &[u8]) -> u32 {
    const IFLA_VLAN_FLAGS: u16 = 2;
    let mask = parts::slice(attr_in(data, IFLA_VLAN_FLAGS), 4, 8);
    mask.first_chunk().copied().map_or(0, u32::from_ne_bytes)
}

fn on_off(f: &mut Text<'_>, is_on: bool) {
    match is_on {
        true => packed!("on").show(f),
        false => packed!("off").show(f),
    }
}
