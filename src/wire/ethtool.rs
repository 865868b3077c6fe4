//! Messages of the kernel's family `ethtool` of generic netlink (linux/ethtool_netlink.h): what ethtool(8) sets.
//!
//! ```text
//!  netlink header | command, 1, 0, 0 | HEADER { DEV_INDEX, FLAGS } | numbers and sets of bits
//!  set of bits: { SIZE, VALUE, MASK }, or { [NOMASK], BITS { BIT { INDEX, NAME, [VALUE: it is on] } .. } }
//! ```

use super::netlink::{
    NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST, aligned, append_attr, attr_in, attrs, copy, end_attr,
    until_nul,
};
use crate::model::attr::Value;
use crate::model::config::{Config, LinkId};
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};
use heapless::VecView;

/// Octets of a request. Names of features are 31 octets long at most, and those of all in one are 512.
pub const OCTETS: usize = 2_048;

/// `ETHTOOL_MSG_LINKMODES_GET`. What sets is for each command the next number.
pub const LINKMODES: u8 = 4;
/// `ETHTOOL_MSG_WOL_GET`.
pub const WOL: u8 = 9;
/// `ETHTOOL_MSG_FEATURES_GET`.
pub const FEATURES: u8 = 11;
/// `ETHTOOL_MSG_RINGS_GET`; from it on a command sets numbers that have names.
pub const RINGS: u8 = 15;

/// Octets of a request without any wish, and where its command is.
pub const REQUEST: usize = 40;
const COMMAND: usize = 16;

const ETHTOOL_A_HEADER: u16 = 1;
const ETHTOOL_A_HEADER_DEV_INDEX: u16 = 1;
const ETHTOOL_A_HEADER_FLAGS: u16 = 3;

const ETHTOOL_A_BITSET_BITS: u16 = 3;
const ETHTOOL_A_BITSET_BITS_BIT: u16 = 1;
const ETHTOOL_A_BITSET_BIT_NAME: u16 = 2;
const ETHTOOL_A_BITSET_BIT_VALUE: u16 = 3;

/// All features; on are those that can be changed.
const ETHTOOL_A_FEATURES_HW: u16 = 2;
/// Those that are in effect.
const ETHTOOL_A_FEATURES_ACTIVE: u16 = 4;

/// Where the bits are in a set that has as many as a number: behind how many there are, and a header.
pub const BITS: usize = 12;

/// `WAKE_*` in the order of their bits, in the letters of ethtool(8).
const WAKE: &[u8] = b"pumbagsf";

/// Of the commands from [`RINGS`] on, every second number one, the words of ethtool(8) in the order of attributes.
const NAMES: Packed = packed!(concat!(
    "rx,rx-mini,rx-jumbo,tx\n",
    "rx,tx,other,combined\n",
    "rx-usecs,rx-frames,rx-usecs-irq,rx-frames-irq,tx-usecs,tx-frames,tx-usecs-irq,tx-frames-irq,",
    "stats-block-usecs,adaptive-rx,adaptive-tx\n",
    "autoneg,rx,tx"
));

/// What ethtool(8) calls features by one short word each.
const FEATURE_WORDS: Packed = packed!("tx,sg,tso,rx,ufo,gso,gro,lro,rxvlan,txvlan,ntuple,rxhash");
/// The kernel's names of those; each of the first [`PREFIXES`] begins the names of several.
const FEATURE_NAMES: Packed = packed!(concat!(
    "tx-checksum-,tx-scatter-gather,tx-tcp,rx-checksum,tx-udp-fragmentation,tx-generic-segmentation,rx-gro,rx-lro,",
    "rx-vlan-hw-parse,tx-vlan-hw-insert,rx-ntuple-filter,rx-hashing"
));
const PREFIXES: usize = 3;

/// Two numbers of 16 bits.
const fn pair(one: u16, other: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (one.to_ne_bytes(), other.to_ne_bytes());
    [a, b, c, d]
}

/// `GENL_ID_CTRL`, the family which knows the others.
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
/// The number of a family, in the answer to [`FAMILY`].
pub const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

/// Flags of requests: the answer is followed by an acknowledgement.
const FLAGS: u16 = NLM_F_REQUEST | NLM_F_ACK;

/// Asks for the number of our family.
pub static FAMILY: [[u8; 4]; 8] = [
    pair(32, 0),
    pair(GENL_ID_CTRL, FLAGS),
    [0; 4],
    [0; 4],
    [CTRL_CMD_GETFAMILY, 1, 0, 0],
    pair(12, CTRL_ATTR_FAMILY_NAME),
    *b"etht",
    *b"ool\0",
];

/// The request of a command that asks, whose family is not known yet.
#[inline(never)]
pub fn request(to: &mut VecView<u8>, ifindex: u32, command: u8) {
    // ETHTOOL_FLAG_COMPACT_BITSETS: no list of names
    let flags = u32::from(command == WOL);
    let words = [
        [0; 4],
        pair(0, FLAGS),
        [0; 4],
        [0; 4],
        [command, 1, 0, 0],
        pair(20, ETHTOOL_A_HEADER | NLA_F_NESTED),
        pair(8, ETHTOOL_A_HEADER_DEV_INDEX),
        ifindex.to_ne_bytes(),
        pair(8, ETHTOOL_A_HEADER_FLAGS),
        flags.to_ne_bytes(),
    ];
    let _ = to.extend_from_slice(words.as_flattened());
    end(to);
}

/// A request ends where it ends.
fn end(request: &mut VecView<u8>) {
    let len = request.len() as u32;
    copy(request, &len.to_ne_bytes());
}

/// Makes a request that asks one that sets, to which it appends what the configuration says otherwise than `have`, the
/// attributes of the answer to `command`. Whether there is all that it speaks of: what a device has not, or cannot change, is left out.
#[inline(never)]
pub fn put(
    to: &mut VecView<u8>,
    config: &Config<'_>,
    id: LinkId,
    command: u8,
    have: &[u8],
) -> bool {
    let mut is_all = true;
    if let Some(octet) = to.get_mut(COMMAND) {
        *octet = command.wrapping_add(1);
    }
    for option in config.attrs_of(id) {
        let Some((of, number)) = option.attr.ethtool() else {
            continue;
        };
        if of == command {
            is_all &= match option.value {
                Value::Number(value) => put_number(to, have, number.into(), 0, value),
                Value::Text(text) => {
                    let text = config.text(text);
                    match command {
                        WOL => wakes(to, have, number.into(), text),
                        _ => words(to, have, number.into(), command, text),
                    }
                }
            };
        }
    }
    end(to);
    is_all
}

/// Appends the attribute as it is had, with another number in it, if it is another one; whether there is any.
#[inline(never)]
fn put_number(to: &mut VecView<u8>, have: &[u8], kind: u16, at: usize, value: u32) -> bool {
    let have = attr_in(have, kind & !NLA_F_NESTED);
    let had = parts::slice(have, at, 4);
    let value = &value.to_ne_bytes();
    let value = parts::slice(value, 0, had.len());
    if had != value {
        append_attr(to, kind, have);
        let at = to.len().wrapping_sub(aligned(have.len())).wrapping_add(at);
        copy(to.get_mut(at..).unwrap_or_default(), value);
    }
    !had.is_empty()
}

/// What wakes the machine, in letters.
fn wakes(to: &mut VecView<u8>, have: &[u8], number: u16, letters: &[u8]) -> bool {
    let (mut wanted, mut is_all) = (0, true);
    for letter in letters {
        match WAKE.iter().position(|known| known == letter) {
            Some(bit) => wanted |= 1_u32.wrapping_shl(bit as u32),
            // nothing does
            None => is_all = *letter == b'd',
        }
    }
    is_all && put_number(to, have, number | NLA_F_NESTED, BITS, wanted)
}

/// Names, each with a value behind it.
fn words(to: &mut VecView<u8>, have: &[u8], number: u16, command: u8, mut text: &[u8]) -> bool {
    let (at, mut is_all) = (to.len(), true);
    append_attr(to, number | NLA_F_NESTED, &[]);
    let list = to.len();
    append_attr(to, ETHTOOL_A_BITSET_BITS | NLA_F_NESTED, &[]);
    let start = to.len();
    if command != FEATURES {
        to.truncate(at);
    }
    while let Some(word) = parts::next_word(&mut text) {
        let value = parts::next_word(&mut text).unwrap_or_default();
        let is_on = scalar::boolean(value) == Some(true);
        if command == FEATURES {
            is_all &= feature(to, have, word, is_on);
            continue;
        }
        let names = NAMES.line(usize::from(command.wrapping_sub(RINGS) >> 1));
        let value = scalar::number(value).unwrap_or(is_on.into());
        is_all &= match names.position(word) {
            Some(n) => put_number(to, have, number.wrapping_add(n as u16), 0, value),
            None => false,
        };
    }
    if command == FEATURES {
        end_attr(to, list);
        end_attr(to, at);
        if to.len() == start {
            to.truncate(at);
        }
    }
    is_all
}

/// A feature is on or not, or several that have one word; whether the device has it so, or can have.
fn feature(to: &mut VecView<u8>, have: &[u8], word: &[u8], is_on: bool) -> bool {
    let short = FEATURE_WORDS.position(word);
    let mut is_there = false;
    let all = attr_in(have, ETHTOOL_A_FEATURES_HW);
    let active = attr_in(have, ETHTOOL_A_FEATURES_ACTIVE);
    for bit in attrs(attr_in(all, ETHTOOL_A_BITSET_BITS)) {
        let name = until_nul(attr_in(bit.payload, ETHTOOL_A_BITSET_BIT_NAME));
        let rest = match short {
            None => parts::strip(name, word),
            Some(short) => FEATURE_NAMES.item(short).strip(name),
        };
        let is_prefix = short.is_some_and(|short| short < PREFIXES);
        if !rest.is_some_and(|rest| rest.is_empty() || is_prefix) {
            continue;
        }
        // its number and its name, as they are in each list; more only if it is on
        let mut of_bit = attrs(bit.payload);
        let _ = (of_bit.next(), of_bit.next());
        let more = of_bit.rest().len();
        let can_change = more != 0;
        let len = bit.payload.len().wrapping_sub(more);
        let this = parts::slice(bit.payload, 0, len);
        let mut places = active.windows(len.max(1));
        let is_same = places.any(|octets| octets == this) == is_on;
        is_there |= is_same | can_change;
        if !is_same && can_change {
            let at = to.len();
            append_attr(to, ETHTOOL_A_BITSET_BITS_BIT | NLA_F_NESTED, this);
            if is_on {
                append_attr(to, ETHTOOL_A_BITSET_BIT_VALUE, &[]);
            }
            end_attr(to, at);
        }
    }
    is_there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::machine::Machine;
    use crate::model::attr::{Attr, Scope};
    use crate::model::config::{LinkConfig, LinkMatch, SourceKind};
    use heapless::Vec;

    type Octets = Vec<u8, OCTETS>;

    fn attr(to: &mut VecView<u8>, kind: u16, payload: &[u8]) {
        append_attr(to, kind, payload);
    }

    fn nest(kind: u16, parts: &[(u16, &[u8])]) -> Octets {
        let mut to = Octets::new();
        attr(&mut to, kind, &[]);
        for (kind, payload) in parts {
            attr(&mut to, *kind, payload);
        }
        end_attr(&mut to, 0);
        to
    }

    /// What is sent, without headers, to a device that answers `have`; `None` where it lacks something.
    fn sent(name: &str, value: &[u8], command: u8, have: &[u8]) -> (bool, Octets) {
        let mut tables = std::boxed::Box::new(Machine::<2, 2, 2, 16, 16, 64, 32, 1_024>::new());
        let mut engine = tables.engine();
        let link = LinkConfig::matching(LinkMatch::Any, SourceKind::Ifcfg, Origin::NONE);
        let id = engine.config.add_link(&link).unwrap();
        let text = engine.config.keep_same(value).unwrap();
        let value = match scalar::number(value) {
            Some(number) => Value::Number(number),
            None => Value::Text(text),
        };
        let option = Attr::find(Scope::Ethtool, name.as_bytes()).unwrap();
        let set = engine.config.set_attr(id, option, value, Origin::NONE);
        assert!(set.is_some());
        let mut to = Octets::new();
        request(&mut to, 9, command);
        let is_all = put(&mut to, &engine.config, id, command, have);
        assert_eq!(to[COMMAND], command + 1, "the request sets");
        assert_eq!(to[..4], (to.len() as u32).to_ne_bytes());
        let rest = Vec::from_slice(&to[REQUEST..]).unwrap();
        (is_all, rest)
    }

    #[test]
    fn what_wakes_it_is_a_set_of_bits() {
        let set = |bits: u32, mask: u32| {
            let (bits, mask) = (bits.to_ne_bytes(), mask.to_ne_bytes());
            nest(
                2 | NLA_F_NESTED,
                &[(2, &8_u32.to_ne_bytes()), (4, &bits), (5, &mask)],
            )
        };
        // phy and magic packets, as the device has them
        let have = set(0b10_0001, 0b10_0011);
        for (letters, wanted) in [
            ("pg", None),
            ("g", Some(0b10_0000)),
            ("d", Some(0)),
            ("ug", Some(0b10_0010)),
        ] {
            let want = wanted.map_or(Octets::new(), |bits| set(bits, 0b10_0011));
            assert_eq!(
                sent("wol", letters.as_bytes(), WOL, &have),
                (true, want),
                "{letters}"
            );
        }
        assert_eq!(sent("wol", b"x", WOL, &have), (false, Octets::new()));
        assert!(
            !sent("wol", b"g", WOL, &[]).0,
            "a device that nothing wakes"
        );
    }

    #[test]
    fn numbers_are_as_long_as_the_devices() {
        let mut have = Octets::new();
        attr(&mut have, 2, &[1]);
        attr(&mut have, 5, &10_u32.to_ne_bytes());
        attr(&mut have, 6, &256_u32.to_ne_bytes());
        attr(&mut have, 9, &512_u32.to_ne_bytes());
        let mut speed = Octets::new();
        attr(&mut speed, 5, &100_u32.to_ne_bytes());
        assert_eq!(sent("speed", b"100", LINKMODES, &have), (true, speed));
        assert_eq!(
            sent("speed", b"10", LINKMODES, &have),
            (true, Octets::new())
        );
        let mut autoneg = Octets::new();
        attr(&mut autoneg, 2, &[0]);
        assert_eq!(sent("autoneg", b"0", LINKMODES, &have), (true, autoneg));
        let mut rings = Octets::new();
        attr(&mut rings, 9, &1024_u32.to_ne_bytes());
        assert_eq!(sent("ring", b"rx 256 tx 1024", RINGS, &have), (true, rings));
        assert!(!sent("ring", b"rx-mini 5", RINGS, &have).0);
        assert!(!sent("ring", b"bogus 5", RINGS, &have).0);
    }

    #[test]
    fn no_answer_does_harm() {
        let bit = nest(1, &[(1, &[0; 4]), (2, b"rx-gro\0"), (3, &[])]);
        let list = nest(3, &[(1, &bit[4..])]);
        let all = nest(2, &[(3, &list[4..])]);
        for len in 0..=all.len() {
            let _ = sent("feature", b"gro off tx on", FEATURES, &all[..len]);
        }
        assert!(sent("feature", b"gro on", FEATURES, &all).0);
    }
}
