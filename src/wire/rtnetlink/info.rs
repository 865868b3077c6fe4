//! The kind of a link and its options: `IFLA_LINKINFO` (linux/if_link.h).
//!
//! ```text
//!  IFLA_INFO_KIND text      IFLA_INFO_DATA       { attributes of the kind }
//!  IFLA_INFO_SLAVE_KIND text, IFLA_INFO_SLAVE_DATA { attributes of a port of such a link }
//! ```
//!
//! What is wanted is written as the kernel would have it, and what the kernel has is compared with that,
//! attribute by attribute: so one walk along the options makes, changes and compares.

use super::link::{IFLA_IFNAME, IFLA_INFO_KIND};
use crate::diag::LineBuf;
use crate::model::attr::{Attr, AttrConfig, Form, Kind, Place, Scope, Value, When};
use crate::model::config::{Config, LinkId, LinkMatch};
use crate::model::link::{IfName, LinkKind, until_nul};
use crate::model::observed::Observed;
use crate::text::{parts, scalar};
use crate::wire::netlink::{append, append_attr, attr_in, attrs, end_attr, number_in, u32_in};
use core::net::IpAddr;
use heapless::VecView;

/// In `IFLA_LINKINFO`: options of the link.
pub const IFLA_INFO_DATA: u16 = 2;
/// The kind of its master, as text.
pub const IFLA_INFO_SLAVE_KIND: u16 = 4;
/// Options it has as a port of that.
pub const IFLA_INFO_SLAVE_DATA: u16 = 5;

/// Octets of the longest option: sixteen IPv6 addresses.
const PAYLOAD: usize = 320;
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
            scope = match scope {
                Scope::Bond => Scope::BondPort,
                _ => Scope::BridgePort,
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
            miimon_differs: false,
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
        if to.len() == data {
            to.truncate(at);
        } else {
            end_attr(to, at);
        }
        differs
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
    /// Whether the kernel has another [`Attr::MIIMON`].
    miimon_differs: bool,
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
/// The other end.
const IFLA_GRE_REMOTE: u16 = 7;
/// `GRE_KEY`: there is a key.
const GRE_KEY: u32 = 0x2000;
/// `MACVLAN_MODE_PASSTHRU`.
const PASSTHRU: u32 = 8;
/// Of ipip, sit and ip6tnl; numbers from there on are by so many less than those of GRE.
const IFLA_IPTUN_REMOTE: u16 = 3;
const GRE_MORE: u16 = 4;
/// More than half the number of an IPv4 address of a VXLAN, that of an IPv6 one.
const IFLA_VXLAN_SIX: u16 = 15;
/// Ethernet types of VLANs.
const ETH_P_8021Q: u32 = 0x8100;
const ETH_P_8021AD: u32 = 0x88a8;
/// Of a bridge with STP, in hundredths of a second.
const MIN_FORWARD_DELAY: u32 = 200;
const MAX_FORWARD_DELAY: u32 = 3_000;
/// Of a partition key.
const FULL_MEMBER: u32 = 0x8000;
/// Hop limit and encapsulation limit that ip(8) gives tunnels over IPv6.
const IP6_TTL: u32 = 64;
const IP6_ENCAP_LIMIT: u32 = 4;

impl Walk<'_> {
    /// The option at hand is not as it shall be.
    fn note(&mut self, when: When) {
        let attr = self.option.map(|option| option.attr);
        if self.differs.when < Some(when) {
            (self.differs.when, self.differs.attr) = (Some(when), attr);
        }
        if let Some(option) = self.option
            && (self.is_all() || self.scope != Scope::Tunnel)
        {
            (self.told)(option);
        }
    }

    /// Whether everything is written.
    fn is_all(&self) -> bool {
        self.pick == Pick::All
    }

    fn options(&mut self) {
        let config = self.of.config;
        (self.option, self.when) = (None, When::Always);
        let is_gre = matches!(
            self.of.kind,
            LinkKind::Gre | LinkKind::Gretap | LinkKind::Ip6gre
        );
        let below = match self.scope {
            Scope::Vxlan => IFLA_VXLAN_LINK,
            Scope::Tunnel => IFLA_GRE_LINK,
            _ => 0,
        };
        if below != 0
            && let Some(link) = config.link(self.of.id)
            && let Some(LinkMatch::Name(name)) = &link.lower
        {
            self.text = name.as_bytes();
            self.put(below, Form::Index, 0);
        }
        let had = number_in(self.have, IFLA_BOND_MIIMON, 0);
        let miimon = config.number_of(self.of.id, Attr::MIIMON).unwrap_or(had);
        self.miimon_differs = miimon != had;
        let had = attr_in(self.have, IFLA_VLAN_FLAGS);
        let had = had.first_chunk().copied().map_or(0, u32::from_ne_bytes);
        // flags of a VLAN, and which of them are meant
        let (mut flags, mut mask) = (0, 0);
        for option in config.attrs_of(self.of.id) {
            let attr = option.attr;
            let is_left_out = self.pick == Pick::Stp && attr != Attr::STP;
            if attr.row().0 != self.scope || is_left_out {
                continue;
            }
            let Place {
                number,
                mut form,
                when,
            } = attr.place();
            let mut number = u16::from(number);
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
                    if self.is_all() || had & bit != value {
                        self.note(when);
                    }
                    continue;
                }
                Form::Be16 if attr.row().1 == Kind::Protocol => {
                    value = if value == 0 {
                        ETH_P_8021Q
                    } else {
                        ETH_P_8021AD
                    };
                }
                Form::Delay => {
                    let over = value.checked_rem(miimon);
                    value = value.wrapping_sub(over.unwrap_or(0));
                }
                Form::Time32 if attr == Attr::FORWARD_DELAY => {
                    if config.number_of(self.of.id, Attr::STP) == Some(1) {
                        value = value.clamp(MIN_FORWARD_DELAY, MAX_FORWARD_DELAY);
                    }
                }
                Form::Power if self.of.kind == LinkKind::Ipvlan => {
                    // private, vepa and bridge are 0, 1 and 2 with us, and 1, 2 and 0 there
                    value = value.wrapping_add(1).checked_rem(3).unwrap_or(0);
                    (number, form) = (IFLA_IPVLAN_FLAGS, Form::U16);
                }
                Form::Power => value = 1_u32.wrapping_shl(value),
                Form::Pkey => value |= FULL_MEMBER,
                Form::Key => {
                    for (flags, key) in
                        [(IFLA_GRE_IFLAGS, number), (IFLA_GRE_OFLAGS, IFLA_GRE_OKEY)]
                    {
                        if is_gre {
                            self.put(key, Form::Key, value);
                            // of all this, the option is told of once
                            self.option = None;
                            self.put(flags, Form::Be16, GRE_KEY);
                        }
                    }
                    continue;
                }
                _ => {
                    if self.scope == Scope::Tunnel && !is_gre {
                        number = number.wrapping_sub(GRE_MORE);
                    }
                }
            }
            self.put(number, form, value);
        }
        if mask != 0 && (self.is_all() || (had ^ flags) & mask != 0) {
            let flags = [flags.to_ne_bytes(), mask.to_ne_bytes()];
            append_attr(self.to, IFLA_VLAN_FLAGS, flags.as_flattened());
        }
        // what ip(8) gives tunnels over IPv6, and the kernel does not
        let [ttl, limit] = match self.of.kind {
            LinkKind::Ip6tnl => [4, 6],
            LinkKind::Ip6gre => [8, 11],
            _ => return,
        };
        self.option = None;
        self.when = When::Always;
        self.put(limit, Form::U8, IP6_ENCAP_LIMIT);
        if config.number_of(self.of.id, Attr::TUNNEL_TTL).is_none() {
            self.put(ttl, Form::U8, IP6_TTL);
        }
    }

    /// An attribute, unless it is as it is had or is not picked.
    #[inline(never)]
    fn put(&mut self, mut number: u16, form: Form, mut value: u32) {
        let (text, mut when) = (self.text, self.when);
        if matches!(form, Form::Index | Form::Peer) {
            let name = IfName::from_kernel(text);
            let found = name.and_then(|name| self.of.observed.by_name(&name));
            value = found.map_or(0, |link| link.ifindex);
            if value == 0 && form == Form::Index {
                return;
            }
        }
        if form == Form::Addr && self.scope == Scope::Vxlan {
            let mut other = number.wrapping_div(2).wrapping_add(IFLA_VXLAN_SIX);
            if parts::has(text, b':') {
                core::mem::swap(&mut number, &mut other);
            }
            if !attr_in(self.have, other).is_empty() {
                // the family stays as it was
                when = When::Made;
            }
        }
        let have = attr_in(self.have, number);
        let had = number_had(have);
        let is_joined = when >= When::Joined;
        if is_joined && had != value && (self.is_all() || when == When::Joined) {
            self.differs.joined = true;
        }
        if is_joined != (self.pick == Pick::Joined) {
            return;
        }
        let mut payload = heapless::Vec::<u8, PAYLOAD>::new();
        let to = payload.as_mut_view();
        // an option that is not shown may be one that this kernel lacks; these are empty then
        let mut is_sparse = true;
        match form {
            Form::Addr => append_ip(to, text),
            Form::List => {
                let (mut rest, mut n) = (Some(text), 0_u16);
                while let Some(item) = parts::next(&mut rest, b',') {
                    let at = to.len();
                    append_attr(to, n, &[]);
                    append_ip(to, item);
                    end_attr(to, at);
                    n = n.wrapping_add(1);
                }
            }
            Form::Map => {
                let mut rest = Some(text);
                while let Some(item) = parts::next(&mut rest, b',') {
                    let (from, into) = parts::split(item, b':');
                    let (mut from, mut into) = (signed(from), signed(into.unwrap_or_default()));
                    // a VLAN has eight priorities
                    if number == IFLA_VLAN_EGRESS_QOS {
                        into &= 7;
                    } else {
                        from &= 7;
                    }
                    let pair = [from.to_ne_bytes(), into.to_ne_bytes()];
                    if into != mapped(have, from) {
                        append_attr(to, IFLA_VLAN_QOS_MAPPING, pair.as_flattened());
                    }
                }
            }
            Form::Mac | Form::Peer => {
                is_sparse = false;
                if form == Form::Peer {
                    // struct ifinfomsg
                    let head = [[0; 4], value.to_ne_bytes(), [0; 4], [0; 4]];
                    append(to, head.as_flattened());
                    append_attr(to, IFLA_IFNAME, text);
                } else if let Some(mac) = &scalar::mac(text) {
                    append(to, mac.as_bytes());
                }
            }
            _ => {
                is_sparse = form == Form::Index;
                if form == Form::Power && (value | had) & PASSTHRU != 0 {
                    when = When::Made;
                }
                let is_time = matches!(form, Form::Time32 | Form::Time64);
                if is_time && value.wrapping_sub(had) == 1 {
                    // which the kernel made of it
                    value = had;
                }
                put_number(to, form, value);
            }
        }
        let mut is_same = match form {
            Form::Map => to.is_empty(),
            _ if have.is_empty() => !is_sparse,
            // of which the kernel keeps it as a multiple
            Form::Delay if self.miimon_differs => false,
            _ => *to == *have,
        };
        if form == Form::Addr && number == remote(self.of.kind) && is_zeros(to) != is_zeros(have) {
            // whether it is a point-to-point link
            when = When::Made;
        }
        is_same &= self.pick == Pick::Differing;
        if !is_same {
            self.note(when);
            append_attr(self.to, number, to);
        }
    }
}

/// The attribute with the other end, where only a link that is made can begin or cease to have one; or 0.
fn remote(kind: LinkKind) -> u16 {
    match kind {
        LinkKind::Gre => IFLA_GRE_REMOTE,
        LinkKind::Ipip | LinkKind::Sit => IFLA_IPTUN_REMOTE,
        _ => 0,
    }
}

fn is_zeros(octets: &[u8]) -> bool {
    octets.iter().all(|octet| *octet == 0)
}

/// Appends an address, which a text of the configuration is known to be.
#[inline(never)]
fn append_ip(to: &mut VecView<u8>, text: &[u8]) {
    match scalar::ip(text) {
        Some(IpAddr::V4(addr)) => append(to, &addr.octets()),
        Some(IpAddr::V6(addr)) => append(to, &addr.octets()),
        None => {}
    }
}

/// A number of the configuration, perhaps a negative one.
fn signed(text: &[u8]) -> u32 {
    let digits = parts::without(text, b"-");
    let number = scalar::number(digits).unwrap_or(0);
    if digits.len() == text.len() {
        number
    } else {
        number.wrapping_neg()
    }
}

/// The number that an attribute of four or eight octets holds; 0 for others.
fn number_had(have: &[u8]) -> u32 {
    match have.try_into() {
        Ok(octets) => u64::from_ne_bytes(octets) as u32,
        Err(_) => u32_in(have).unwrap_or(0),
    }
}

/// Appends a number.
fn put_number(to: &mut VecView<u8>, form: Form, mut value: u32) {
    let len = match form {
        Form::U8 => 1,
        Form::U16 | Form::Pkey => 2,
        Form::Be16 => {
            value = (value as u16).to_be().into();
            2
        }
        Form::Key => {
            value = value.to_be();
            4
        }
        Form::Time64 => 8,
        _ => 4,
    };
    let octets = u64::from(value).to_ne_bytes();
    let at = if cfg!(target_endian = "big") {
        octets.len().wrapping_sub(len)
    } else {
        0
    };
    append(to, parts::slice(&octets, at, len));
}

/// What a priority becomes in a map; 0 where that says nothing.
fn mapped(have: &[u8], from: u32) -> u32 {
    for pair in attrs(have) {
        if let ([first, then], []) = pair.payload.as_chunks()
            && u32::from_ne_bytes(*first) == from
        {
            return u32::from_ne_bytes(*then);
        }
    }
    0
}
