//! The kind of a link and its options: `IFLA_LINKINFO` (linux/if_link.h).
//!
//! ```text
//!  IFLA_INFO_KIND text      IFLA_INFO_DATA       { attributes of the kind }
//!  IFLA_INFO_SLAVE_KIND text, IFLA_INFO_SLAVE_DATA { attributes of a port of such a link }
//! ```
//!
//! What is wanted is written as the kernel would have it, and what the kernel has is compared with that,
//! attribute by attribute: so one walk along the options makes, changes and compares.

use super::info_value::{append_octets, mapped, number_had, put_number, signed};
use super::link::{IFLA_IFNAME, IFLA_INFO_KIND};
use crate::diag::LineBuf;
use crate::model::attr::{Attr, AttrConfig, Form, Place, Scope, Value, When};
use crate::model::config::{Config, LinkId};
use crate::model::link::{IfName, LinkKind, until_nul};
use crate::model::observed::{Link, Observed};
use crate::text::parts;
use crate::wire::netlink::{append, append_attr, attr_in, end_attr, number_in};
use heapless::VecView;

/// In `IFLA_LINKINFO`: options of the link.
pub const IFLA_INFO_DATA: u16 = 2;
/// The kind of its master, as text.
pub const IFLA_INFO_SLAVE_KIND: u16 = 4;
/// Options it has as a port of that.
pub const IFLA_INFO_SLAVE_DATA: u16 = 5;

/// Octets that are enough for all options of any link: two lists of sixteen targets take half of them.
pub const OCTETS: usize = 1_024;

/// Which options are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Every one that can be had before ports join: for a link that is made, a port that joins.
    All,
    /// Those that are had otherwise; of a tunnel, which would forget the others, then all.
    Differing,
    /// Those that name a port.
    Joined,
    /// Whether a bridge speaks STP.
    Stp,
}

/// What of the wanted is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differs {
    /// The hardest of the times at which it can be had, those apart that are in [`Differs::joined`]; `None`: nothing
    /// is missing.
    pub when: Option<When>,
    /// The first option of which that is so; `None` too where it is the link below that differs.
    pub attr: Option<Attr>,
    /// A port that is there shall be the preferred one, and is not.
    pub joined: bool,
}

/// Whether a payload of `IFLA_LINKINFO` is that of a link of this kind.
pub fn is_kind(have: &[u8], kind: LinkKind) -> bool {
    let word = until_nul(attr_in(have, IFLA_INFO_KIND));
    kind.kernel_word().strip(word) == Some(b"")
}

/// Options of a link that are written, or compared only.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The configuration.
    pub config: &'a Config<'a>,
    /// Says the numbers of links.
    pub observed: &'a Observed<'a>,
    /// Whose they are.
    pub id: LinkId,
    /// The number of that link.
    pub ifindex: u32,
    /// That of the link it lies on, if it is made; 0 for none.
    pub lower: u32,
    /// The kind of that link.
    pub kind: LinkKind,
    /// Whether it is a port of a link of that kind, and its options as such are meant.
    pub is_port: bool,
    /// Which options.
    pub pick: Pick,
    /// What the kernel has: the payload of an `IFLA_LINKINFO`.
    pub have: &'a [u8],
}

impl Options<'_> {
    /// Appends the payload of an `IFLA_LINKINFO`, for which there must be [`OCTETS`]: the kind, and the options. What
    /// is returned is what was missing, which with [`Pick::All`] is all there is; `told` is told of each option.
    ///
    /// An option that the kernel does not show counts as one that it has as it shall be, as the kernel may lack it;
    /// addresses, lists and maps that it does not show are empty.
    #[inline(never)]
    pub fn put(&self, to: &mut VecView<u8>, told: &mut dyn FnMut(&AttrConfig)) -> Differs {
        let mut kind_attr = IFLA_INFO_KIND;
        let mut scope = self.kind.scope();
        if self.is_port {
            kind_attr = IFLA_INFO_SLAVE_KIND;
            scope = if scope == Scope::Bond {
                Scope::BondPort
            } else {
                Scope::BridgePort
            };
        }
        let mut word = LineBuf::<16>::new();
        word.unpack(self.kind.kernel_word());
        append_attr(to, kind_attr, word.as_bytes());
        let at = to.len();
        let data_attr = kind_attr.wrapping_add(1);
        append_attr(to, data_attr, &[]);
        let data = to.len();
        let mut walk = Walk {
            of: self,
            to,
            scope,
            pick: self.pick,
            have: &[],
            miimon: 0,
            differs: Differs::default(),
            told,
            text: &[],
            option: None,
            when: When::Always,
        };
        if self.pick == Pick::Differing {
            walk.have = attr_in(self.have, data_attr);
        }
        walk.options();
        if scope == Scope::Tunnel && walk.differs.when.is_some() && walk.pick != Pick::All {
            // the kernel begins anew with each change
            walk.to.truncate(data);
            walk.pick = Pick::All;
            walk.options();
        }
        let differs = walk.differs;
        end_attr(to, at);
        differs
    }

    /// The kernel's link with this name.
    fn link(&self, name: &[u8]) -> Option<&Link> {
        let name = IfName::from_kernel(name);
        name.and_then(|name| self.observed.by_name(&name))
    }

    /// Its number; 0 for none.
    fn index(&self, name: &[u8]) -> u32 {
        self.link(name).map_or(0, |link| link.ifindex)
    }
}

/// A walk along the options of a link.
struct Walk<'a> {
    of: &'a Options<'a>,
    to: &'a mut VecView<u8>,
    scope: Scope,
    pick: Pick,
    /// What the kernel has.
    have: &'a [u8],
    /// [`Attr::MIIMON`] of the kernel, 1 for none; 0 where it shall be another.
    miimon: u32,
    differs: Differs,
    told: &'a mut dyn FnMut(&AttrConfig),
    /// Of the option at hand, its value where that is no number.
    text: &'a [u8],
    /// That option; `None` for what is none.
    option: Option<&'a AttrConfig>,
    /// When it can be changed.
    when: When,
}

/// Flags of a VLAN: their values, and which of them are meant.
const IFLA_VLAN_FLAGS: u16 = 2;
/// The map of packets that go.
const IFLA_VLAN_EGRESS_QOS: u16 = 3;
/// An item of it.
const IFLA_VLAN_QOS_MAPPING: u16 = 1;
/// Of a bond, milliseconds between looks at carriers.
const IFLA_BOND_MIIMON: u16 = 3;
/// Of an ipvlan, what a macvlan has as its mode.
const IFLA_IPVLAN_FLAGS: u16 = 2;
/// The link that a VXLAN lies on.
const IFLA_VXLAN_LINK: u16 = 3;
/// The link that a tunnel lies on.
const IFLA_GRE_LINK: u16 = 1;
/// Flags of packets that come, and of those that go.
const IFLA_GRE_IFLAGS: u16 = 2;
const IFLA_GRE_OFLAGS: u16 = 3;
/// Key of packets that go.
const IFLA_GRE_OKEY: u16 = 5;
/// `GRE_KEY`: there is a key.
const GRE_KEY: u32 = 0x2000;
/// `MACVLAN_MODE_PASSTHRU`.
const PASSTHRU: u32 = 8;
/// By how much numbers of ipip, sit and ip6tnl are less than those of GRE.
const GRE_MORE: u16 = 4;
/// More than half the number of an IPv4 address of a VXLAN, that of an IPv6 one.
const IFLA_VXLAN_SIX: u16 = 15;
/// Of a bridge with STP, in hundredths of a second.
const MIN_FORWARD_DELAY: u32 = 200;
const MAX_FORWARD_DELAY: u32 = 3_000;
/// What ip(8) gives tunnels, from ipip on: a number and its value, then that of the hop limit and its. Over IPv6 the
/// former is the encapsulation limit; with ipip and sit what they carry (`IFLA_IPTUN_PROTO`), which is whatever fits.
static IP_DEFAULTS: [[u8; 4]; 6] = [
    [9, 0, 4, 0],
    NO_DEFAULTS,
    NO_DEFAULTS,
    [9, 0, 4, 0],
    [6, 4, 4, 64],
    [11, 4, 8, 64],
];
const NO_DEFAULTS: [u8; 4] = [0; 4];

impl Walk<'_> {
    /// The option at hand is not as it shall be.
    #[inline(never)]
    fn note(&mut self, when: When) {
        let attr = self.option.map(|option| option.attr);
        if self.differs.when < Some(when) {
            (self.differs.when, self.differs.attr) = (Some(when), attr);
        }
        if let Some(option) = self.option
            && (self.pick == Pick::All || self.scope != Scope::Tunnel)
        {
            (self.told)(option);
        }
    }

    #[inline(never)]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are as they are")]
    fn options(&mut self) {
        let (config, kind, scope) = (self.of.config, self.of.kind, self.scope);
        (self.option, self.when) = (None, When::Always);
        let is_gre = matches!(kind, LinkKind::Gre | LinkKind::Gretap | LinkKind::Ip6gre);
        let lower = self.of.lower;
        if let Scope::Vxlan | Scope::Tunnel = scope
            && lower != 0
        {
            // of a VXLAN 3, of a tunnel 1
            let number = if scope == Scope::Vxlan {
                IFLA_VXLAN_LINK
            } else {
                IFLA_GRE_LINK
            };
            self.put(number, Form::Index, lower);
        }
        let had = number_in(self.have, IFLA_BOND_MIIMON, 0);
        self.miimon = had.max(1);
        if config
            .number_of(self.of.id, Attr::MIIMON)
            .is_some_and(|miimon| miimon != had)
        {
            self.miimon = 0;
        }
        let had = number_had(attr_in(self.have, IFLA_VLAN_FLAGS));
        // flags of a VLAN, and which of them are meant
        let (mut flags, mut mask) = (0, 0);
        for option in config.attrs_of(self.of.id) {
            let attr = option.attr;
            if attr.row().0 != scope || self.pick == Pick::Stp && attr != Attr::STP {
                continue;
            }
            let Place {
                number,
                mut form,
                when,
            } = attr.place();
            let mut number = u16::from(number);
            if scope == Scope::Tunnel && !is_gre {
                number = number.wrapping_sub(GRE_MORE);
            }
            (self.option, self.when) = (Some(option), when);
            let mut value = match option.value {
                Value::Number(value) => value,
                Value::Text(text) => {
                    self.text = config.text(text);
                    signed(self.text)
                }
            };
            match form {
                Form::None => continue,
                Form::Bit => {
                    let bit = u32::from(number);
                    value = value.wrapping_mul(bit);
                    (flags, mask) = (flags | value, mask | bit);
                    if self.pick == Pick::All || had & bit != value {
                        self.note(when);
                    }
                    continue;
                }
                Form::Index => {
                    if let Some(port) = self.of.link(self.text) {
                        value = port.ifindex;
                        let is_other = number_in(self.have, number, 0) != value;
                        // one that is no port of it is not shown
                        let is_port = port.master == self.of.ifindex;
                        let counts = self.pick == Pick::All || when == When::Joined && is_port;
                        self.differs.joined |= is_other && counts;
                        if self.pick == Pick::Joined {
                            append_attr(self.to, number, &value.to_ne_bytes());
                            self.note(when);
                        }
                    }
                    continue;
                }
                Form::Time32
                    if attr == Attr::FORWARD_DELAY
                        && config.number_of(self.of.id, Attr::STP) == Some(1) =>
                {
                    value = value.clamp(MIN_FORWARD_DELAY, MAX_FORWARD_DELAY);
                }
                Form::Power if kind == LinkKind::Ipvlan => {
                    // private, vepa and bridge are 0, 1 and 2 with us, and 1, 2 and 0 there
                    value = match value {
                        2 => 0,
                        value => value.wrapping_add(1),
                    };
                    (number, form) = (IFLA_IPVLAN_FLAGS, Form::U16);
                }
                Form::Addr if scope == Scope::Vxlan => {
                    let mut other = number.wrapping_div(2).wrapping_add(IFLA_VXLAN_SIX);
                    if parts::has(self.text, b':') {
                        core::mem::swap(&mut number, &mut other);
                    }
                    if !attr_in(self.have, other).is_empty() {
                        // the family stays as it was
                        self.when = When::Made;
                    }
                }
                Form::Peer => value = self.of.index(self.text),
                Form::Key => {
                    if is_gre {
                        self.put(number, Form::Key, value);
                        // of all this, the option is told of once
                        self.option = None;
                        self.put(IFLA_GRE_IFLAGS, Form::Be16, GRE_KEY);
                        self.put(IFLA_GRE_OKEY, Form::Key, value);
                        self.put(IFLA_GRE_OFLAGS, Form::Be16, GRE_KEY);
                    }
                    continue;
                }
                // what is a point-to-point link if it has another end
                Form::Addr
                    if attr == Attr::REMOTE
                        && number_in(self.have, number, 0) == 0
                        && matches!(kind, LinkKind::Gre | LinkKind::Ipip | LinkKind::Sit) =>
                {
                    self.when = When::Made;
                }
                _ => {}
            }
            self.put(number, form, value);
        }
        if mask != 0 && (self.pick == Pick::All || (had ^ flags) & mask != 0) {
            let flags = [flags.to_ne_bytes(), mask.to_ne_bytes()];
            append_attr(self.to, IFLA_VLAN_FLAGS, flags.as_flattened());
        }
        // what ip(8) gives tunnels, and the kernel does not
        (self.option, self.when) = (None, When::Always);
        let row = (kind as usize).wrapping_sub(LinkKind::Ipip as usize);
        let [other, value, ttl, hops] = *IP_DEFAULTS.get(row).unwrap_or(&NO_DEFAULTS);
        if other != 0 {
            self.put(other.into(), Form::U8, value.into());
            if config.number_of(self.of.id, Attr::TUNNEL_TTL).is_none() {
                self.put(ttl.into(), Form::U8, hops.into());
            }
        }
    }

    /// An attribute, unless it is as it is had or is not picked.
    #[inline(never)]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are as they are")]
    fn put(&mut self, number: u16, form: Form, mut value: u32) {
        if self.pick == Pick::Joined {
            return;
        }
        let at = self.to.len();
        append_attr(self.to, number, &[]);
        let start = self.to.len();
        let have = attr_in(self.have, number);
        let had = number_had(have);
        if form >= Form::Addr {
            self.put_text(number, form, value);
        } else {
            let rounds = match form {
                Form::Time32 | Form::Time64 => 2,
                Form::Delay => self.miimon,
                _ => 0,
            };
            if value.wrapping_sub(had) < rounds {
                // which the kernel made of it
                value = had;
            }
            put_number(self.to, form, value);
        }
        let to = &mut *self.to;
        // an option that is not shown may be one that this kernel lacks; these are empty then
        let is_sparse = matches!(form, Form::Index | Form::Addr | Form::List);
        let is_same = match form {
            Form::Map => to.len() == start,
            // which is kept as a multiple of that
            Form::Delay if self.miimon == 0 => false,
            _ if have.is_empty() => !is_sparse,
            _ => parts::is(parts::slice(to, start, usize::MAX), have),
        };
        if is_same && self.pick == Pick::Differing {
            to.truncate(at);
            return;
        }
        end_attr(to, at);
        let mut when = self.when;
        // a mode that is not left and not entered
        if form == Form::Power && (1_u32.wrapping_shl(value) | had) & PASSTHRU != 0 {
            when = When::Made;
        }
        self.note(when);
    }

    /// What is no number but in the text of the option at hand.
    #[inline(never)]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are addresses")]
    fn put_text(&mut self, number: u16, form: Form, index: u32) {
        let mut rest = Some(self.text);
        match form {
            Form::List => {
                let mut n = 0_u16;
                while let Some(item) = parts::next(&mut rest, b',') {
                    let at = self.to.len();
                    append_attr(self.to, n, &[]);
                    append_octets(self.to, item);
                    end_attr(self.to, at);
                    n = n.wrapping_add(1);
                }
            }
            Form::Map => {
                while let Some(item) = parts::next(&mut rest, b',') {
                    let mut pair = Some(item);
                    let mut from = signed(parts::take(&mut pair, b':'));
                    let mut into = signed(parts::take(&mut pair, b':'));
                    // a VLAN has eight priorities
                    if number == IFLA_VLAN_EGRESS_QOS {
                        into &= 7;
                    } else {
                        from &= 7;
                    }
                    if into != mapped(attr_in(self.have, number), from) {
                        let pair = [from.to_ne_bytes(), into.to_ne_bytes()];
                        append_attr(self.to, IFLA_VLAN_QOS_MAPPING, pair.as_flattened());
                    }
                }
            }
            Form::Peer => {
                // struct ifinfomsg
                let index = index.to_ne_bytes();
                append(self.to, [[0; 4], index, [0; 4], [0; 4]].as_flattened());
                append_attr(self.to, IFLA_IFNAME, self.text);
            }
            _ => append_octets(self.to, self.text),
        }
    }
}
