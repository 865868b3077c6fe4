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
use crate::model::attr::{Attr, Form, Kind, Place, Scope, Value, When};
use crate::model::config::{Config, LinkId, LinkMatch};
use crate::model::link::{IfName, LinkKind, Mac, until_nul};
use crate::model::observed::Observed;
use crate::text::{parts, scalar};
use crate::wire::netlink::{aligned, append_attr, attr_in, attrs, end_attr, number_in, u32_in};
use core::net::IpAddr;
use heapless::VecView;

/// In `IFLA_LINKINFO`: options of the link.
pub const IFLA_INFO_DATA: u16 = 2;
/// The kind of its master, as text.
pub const IFLA_INFO_SLAVE_KIND: u16 = 4;
/// Options it has as a port of that.
pub const IFLA_INFO_SLAVE_DATA: u16 = 5;

/// Octets that are enough for all options of any link: two lists of sixteen targets take half of them.
pub const OCTETS: usize = 1_024;

/// Whose options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those of a link of this kind.
    Own(LinkKind),
    /// Those of a port of a link of this kind.
    Port(LinkKind),
}

impl Part {
    /// Which options these are.
    pub fn scope(self) -> Scope {
        match self {
            Part::Own(kind) => kind.scope(),
            Part::Port(kind) => match kind.scope() {
                Scope::Bond => Scope::BondPort,
                _ => Scope::BridgePort,
            },
        }
    }
}

/// Which options are written.
#[derive(Clone, Copy, Debug)]
pub enum Pick<'a> {
    /// Every one that can be had before ports join: for a link that is made, a port that joins.
    All,
    /// Those that this payload of `IFLA_LINKINFO` has otherwise; of a tunnel, which would forget the others, then all.
    Differing(&'a [u8]),
    /// Those that name a port.
    Joined,
    /// This one.
    Only(Attr),
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
    /// The rows of all options that are written, as a bit each.
    rows: [u8; 16],
}

impl Differs {
    /// Whether an option is among those that are written.
    pub fn has(&self, attr: Attr) -> bool {
        let (octet, bit) = place_of(attr);
        self.rows.get(octet).is_some_and(|octet| octet & bit != 0)
    }

    fn note(&mut self, when: When, attr: Option<Attr>) {
        if let Some(attr) = attr {
            let (octet, bit) = place_of(attr);
            if let Some(octet) = self.rows.get_mut(octet) {
                *octet |= bit;
            }
        }
        if self.when < Some(when) {
            (self.when, self.attr) = (Some(when), attr);
        }
    }
}

fn place_of(attr: Attr) -> (usize, u8) {
    let number = attr.number();
    ((number >> 3).into(), 1 << (number & 7))
}

/// Whether a payload of `IFLA_LINKINFO` is that of a link of this kind.
pub fn is_kind(have: &[u8], kind: LinkKind) -> bool {
    let word = until_nul(attr_in(have, IFLA_INFO_KIND));
    kind.kernel_word().strip(word) == Some(b"")
}

/// Compares only; see [`put`].
pub fn differs(
    config: &Config<'_>,
    id: LinkId,
    part: Part,
    have: &[u8],
    observed: &Observed<'_>,
) -> Differs {
    let mut scratch = heapless::Vec::<u8, OCTETS>::new();
    put(
        &mut scratch,
        config,
        id,
        part,
        Pick::Differing(have),
        observed,
    )
}

/// Appends the payload of the `IFLA_LINKINFO` of a configured link, for which there must be [`OCTETS`]: the kind, and
/// the options that `pick` says. What is returned is what was missing, which with [`Pick::All`] is all there is.
///
/// An option that the kernel does not show counts as one that it has as it shall be, as the kernel may lack it;
/// addresses, lists and maps that it does not show are empty. `observed` says the numbers of links.
#[inline(never)]
pub fn put(
    to: &mut VecView<u8>,
    config: &Config<'_>,
    id: LinkId,
    part: Part,
    pick: Pick<'_>,
    observed: &Observed<'_>,
) -> Differs {
    let (kind, kind_attr) = match part {
        Part::Own(kind) => (kind, IFLA_INFO_KIND),
        Part::Port(kind) => (kind, IFLA_INFO_SLAVE_KIND),
    };
    let scope = part.scope();
    let mut word = LineBuf::<16>::new();
    word.unpack(kind.kernel_word());
    append_attr(to, kind_attr, word.as_bytes());
    let at = to.len();
    let data_attr = kind_attr.wrapping_add(1);
    append_attr(to, data_attr, &[]);
    let data = to.len();
    let have = match pick {
        Pick::Differing(have) => attr_in(have, data_attr),
        Pick::All | Pick::Joined | Pick::Only(_) => &[],
    };
    let had = number_in(have, IFLA_BOND_MIIMON, 0);
    let miimon = config.number_of(id, Attr::MIIMON).unwrap_or(had);
    let mut walk = Walk {
        miimon,
        miimon_differs: miimon != had,
        to,
        config,
        observed,
        id,
        kind,
        scope,
        pick,
        have,
        differs: Differs::default(),
    };
    walk.options();
    if scope == Scope::Tunnel && walk.differs.when.is_some() {
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

/// A walk along the options of a link.
struct Walk<'a, 'm> {
    to: &'a mut VecView<u8>,
    config: &'a Config<'m>,
    observed: &'a Observed<'m>,
    id: LinkId,
    kind: LinkKind,
    scope: Scope,
    pick: Pick<'a>,
    /// What the kernel has.
    have: &'a [u8],
    /// Milliseconds between looks at carriers of a bond, and whether the kernel has others.
    miimon: u32,
    miimon_differs: bool,
    differs: Differs,
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
/// Flags of packets that come; the next one is of those that go.
const IFLA_GRE_IFLAGS: u16 = 2;
/// Key of packets that come; the next one is of those that go.
const IFLA_GRE_IKEY: u16 = 4;
/// The other end.
const IFLA_GRE_REMOTE: u16 = 7;
/// `GRE_KEY`: there is a key.
const GRE_KEY: u32 = 0x2000;
/// `MACVLAN_MODE_PASSTHRU`.
const PASSTHRU: u32 = 8;
/// Of ipip, sit and ip6tnl; their numbers from there to the type of service are by so many less than those of GRE.
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
const IP6_TTL: u8 = 64;
const IP6_ENCAP_LIMIT: u8 = 4;

impl Walk<'_, '_> {
    /// The number of the link with this name; 0 for none.
    fn index(&self, name: &[u8]) -> u32 {
        let name = IfName::from_kernel(name);
        let found = name.and_then(|name| self.observed.by_name(&name));
        found.map_or(0, |link| link.ifindex)
    }

    fn is_all(&self) -> bool {
        matches!(self.pick, Pick::All)
    }

    fn options(&mut self) {
        let config = self.config;
        let had = attr_in(self.have, IFLA_VLAN_FLAGS);
        let had = had.first_chunk().copied().map_or(0, u32::from_ne_bytes);
        // flags of a VLAN, and which of them are meant
        let (mut flags, mut mask) = (0, 0);
        let below = match self.scope {
            Scope::Vxlan => IFLA_VXLAN_LINK,
            Scope::Tunnel => IFLA_GRE_LINK,
            _ => 0,
        };
        if below != 0
            && let Some(LinkMatch::Name(name)) = config.link(self.id).and_then(|link| link.lower)
        {
            let name = name.as_bytes();
            self.put(below, Form::Index, 0, name, When::Always, None);
        }
        for option in config.attrs_of(self.id) {
            let place = option.attr.place();
            let is_left_out = matches!(self.pick, Pick::Only(only) if only != option.attr);
            if option.attr.row().0 != self.scope || is_left_out {
                continue;
            }
            match option.value {
                Value::Number(value) if place.form == Form::Bit => {
                    let bit = u32::from(place.number);
                    let wanted = bit.wrapping_mul(value);
                    (flags, mask) = (flags | wanted, mask | bit);
                    if self.is_all() || had & bit != wanted {
                        self.differs.note(place.when, Some(option.attr));
                    }
                }
                Value::Number(value) => self.option(option.attr, place, value, b""),
                Value::Text(text) => {
                    let text = config.text(text);
                    let number = scalar::number(text.strip_prefix(b"-").unwrap_or(text));
                    let mut number = number.unwrap_or(0);
                    if text.starts_with(b"-") {
                        number = number.wrapping_neg();
                    }
                    self.option(option.attr, place, number, text);
                }
            }
        }
        if mask != 0 && (self.is_all() || (had ^ flags) & mask != 0) {
            let flags = [flags.to_ne_bytes(), mask.to_ne_bytes()];
            append_attr(self.to, IFLA_VLAN_FLAGS, flags.as_flattened());
        }
        if self.is_all() && matches!(self.kind, LinkKind::Ip6tnl | LinkKind::Ip6gre) {
            // what ip(8) gives them, and the kernel does not
            let is_gre = self.kind == LinkKind::Ip6gre;
            let (ttl, limit) = if is_gre { (8, 11) } else { (4, 6) };
            if config.number_of(self.id, Attr::TUNNEL_TTL).is_none() {
                append_attr(self.to, ttl, &[IP6_TTL]);
            }
            append_attr(self.to, limit, &[IP6_ENCAP_LIMIT]);
        }
    }

    /// An option that is no flag: its number or its text.
    fn option(&mut self, attr: Attr, place: Place, mut value: u32, text: &[u8]) {
        let Place {
            number,
            mut form,
            when,
        } = place;
        let mut number = u16::from(number);
        let is_gre = matches!(
            self.kind,
            LinkKind::Gre | LinkKind::Gretap | LinkKind::Ip6gre
        );
        if self.scope == Scope::Tunnel && !is_gre && (6..=9).contains(&number) {
            number = number.wrapping_sub(GRE_MORE);
        }
        if attr.row().1 == Kind::Protocol {
            value = if value == 0 {
                ETH_P_8021Q
            } else {
                ETH_P_8021AD
            };
        }
        match form {
            Form::None => return,
            Form::Delay => {
                let over = value.checked_rem(self.miimon);
                value = value.wrapping_sub(over.unwrap_or(0));
            }
            Form::Time32 if attr == Attr::FORWARD_DELAY => {
                if self.config.number_of(self.id, Attr::STP) == Some(1) {
                    value = value.clamp(MIN_FORWARD_DELAY, MAX_FORWARD_DELAY);
                }
            }
            Form::Power if self.kind == LinkKind::Ipvlan => {
                // bridge, private and vepa are 2, 0 and 1 with us, and from 0 on there
                value = value.wrapping_add(1).checked_rem(3).unwrap_or(0);
                (number, form) = (IFLA_IPVLAN_FLAGS, Form::U16);
            }
            Form::Power => value = 1_u32.wrapping_shl(value),
            Form::Pkey => value |= FULL_MEMBER,
            Form::Key => {
                for way in 0..2_u16 {
                    if is_gre && number >> way & 1 != 0 {
                        let flags = IFLA_GRE_IFLAGS.wrapping_add(way);
                        self.put(flags, Form::Be16, GRE_KEY, b"", when, Some(attr));
                        let key = IFLA_GRE_IKEY.wrapping_add(way);
                        self.put(key, Form::Key, value, b"", when, Some(attr));
                    }
                }
                return;
            }
            _ => {}
        }
        self.put(number, form, value, text, when, Some(attr));
    }

    /// An attribute, unless it is as it is had or is not picked.
    #[inline(never)]
    fn put(
        &mut self,
        mut number: u16,
        form: Form,
        mut value: u32,
        text: &[u8],
        mut when: When,
        attr: Option<Attr>,
    ) {
        if matches!(form, Form::Index | Form::Peer) {
            value = self.index(text);
            if value == 0 && form == Form::Index {
                return;
            }
        }
        if form == Form::Addr && self.scope == Scope::Vxlan {
            let six = number.wrapping_div(2).wrapping_add(IFLA_VXLAN_SIX);
            let mut families = [number, six];
            if parts::has(text, b':') {
                families.reverse();
            }
            let [this, other] = families;
            number = this;
            if !attr_in(self.have, other).is_empty() {
                // the family stays as it was
                when = When::Made;
            }
        }
        let have = attr_in(self.have, number);
        let had = u32_in(have);
        let is_joined = when >= When::Joined;
        if is_joined && had != Some(value) && (self.is_all() || when == When::Joined) {
            self.differs.joined = true;
        }
        if is_joined != matches!(self.pick, Pick::Joined) {
            return;
        }
        if form == Form::Power && (value | had.unwrap_or(0)) & PASSTHRU != 0 {
            when = When::Made;
        }
        let at = self.to.len();
        append_attr(self.to, number, &[]);
        let start = self.to.len();
        let to = &mut *self.to;
        // an option that is not shown may be one that this kernel lacks; these are empty then
        let is_sparse = matches!(form, Form::Index | Form::Addr | Form::List | Form::Map);
        let mut is_same = have.is_empty() && !is_sparse;
        match form {
            Form::Mac => append(to, scalar::mac(text).unwrap_or(Mac::NONE).as_bytes()),
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
                    let number_of = |text| scalar::number(text).unwrap_or(0);
                    let mut pair = [number_of(from), number_of(into.unwrap_or_default())];
                    // a VLAN has eight priorities
                    if let Some(priority) =
                        pair.get_mut(usize::from(number == IFLA_VLAN_EGRESS_QOS))
                    {
                        *priority &= 7;
                    }
                    let pair = pair.map(u32::to_ne_bytes);
                    append_attr(to, IFLA_VLAN_QOS_MAPPING, pair.as_flattened());
                }
            }
            Form::Peer => {
                if let Some(name) = IfName::from_kernel(text) {
                    // struct ifinfomsg
                    let head = [[0; 4], value.to_ne_bytes(), [0; 4], [0; 4]];
                    append(to, head.as_flattened());
                    append_attr(to, IFLA_IFNAME, name.padded());
                }
            }
            _ => {
                // of a time, a tick less is what the kernel's rounding leaves
                let is_time = matches!(form, Form::Time32 | Form::Time64);
                for value in [value.saturating_sub(is_time.into()), value] {
                    to.truncate(start);
                    put_number(to, form, value);
                    is_same |= to.get(start..) == Some(have);
                }
            }
        }
        let wanted = self.to.get(start..).unwrap_or_default();
        is_same |= wanted == have;
        if form == Form::Map {
            is_same = is_mapped(wanted, have);
        }
        if form == Form::Delay && self.miimon_differs {
            // of which the kernel keeps it as a multiple
            is_same = false;
        }
        if form == Form::Addr && number == remote(self.kind) && is_zeros(wanted) != is_zeros(have) {
            // whether it is a point-to-point link
            when = When::Made;
        }
        if is_same && matches!(self.pick, Pick::Differing(_)) {
            self.to.truncate(at);
            return;
        }
        self.differs.note(when, attr);
        end_attr(self.to, at);
        let end = aligned(self.to.len());
        let _ = self.to.resize(end, 0);
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

/// There is room for it: [`OCTETS`].
fn append(to: &mut VecView<u8>, octets: &[u8]) {
    let _ = to.extend_from_slice(octets);
}

/// Appends an address, which a text of the configuration is known to be.
fn append_ip(to: &mut VecView<u8>, text: &[u8]) {
    match scalar::ip(text) {
        Some(IpAddr::V4(addr)) => append(to, &addr.octets()),
        Some(IpAddr::V6(addr)) => append(to, &addr.octets()),
        None => {}
    }
}

/// Appends a number.
fn put_number(to: &mut VecView<u8>, form: Form, value: u32) {
    let short = value as u16;
    match form {
        Form::U8 => append(to, &[value as u8]),
        Form::U16 | Form::Pkey => append(to, &short.to_ne_bytes()),
        Form::Be16 => append(to, &short.to_be_bytes()),
        Form::Key => append(to, &value.to_be_bytes()),
        Form::Time64 => append(to, &u64::from(value).to_ne_bytes()),
        _ => append(to, &value.to_ne_bytes()),
    }
}

/// Whether each wanted pair is among those that are had, where a pair with 0 is not shown.
fn is_mapped(wanted: &[u8], have: &[u8]) -> bool {
    attrs(wanted).all(|pair| {
        let (from, into) = pair.payload.split_at_checked(4).unwrap_or_default();
        let found = attrs(have).find(|pair| pair.payload.starts_with(from));
        let found = found.and_then(|pair| pair.payload.get(4..));
        found.unwrap_or(&[0; 4]) == into
    })
}
