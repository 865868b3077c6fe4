//! Messages of the kernel's family `ethtool` of generic netlink (linux/ethtool_netlink.h): what ethtool(8) sets.
//!
//! ```text
//!  netlink header | command, 1, 0, 0 | HEADER { DEV_INDEX, FLAGS } | numbers and sets of bits
//!  set of bits: { SIZE, VALUE, MASK }
//! ```
//!
//! [`super::ethtool_ioctl`] says the same to kernels that have no such family.

use super::netlink::{
    NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST, NLMSG_HDRLEN, append_attr, attr_in, copy, copy_to,
    u32_in, until_nul,
};
use crate::diag::LineBuf;
use crate::model::attr::{Tool, Value};
use crate::model::config::{Config, LinkId};
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};
use heapless::VecView;

/// Octets of a request: every number of a command, or one set of bits.
pub const OCTETS: usize = 256;

/// `ETHTOOL_MSG_LINKMODES_GET`. What sets is for each command the next number.
pub const LINKMODES: u8 = 4;
/// `ETHTOOL_MSG_WOL_GET`.
pub const WOL: u8 = 9;
/// `ETHTOOL_MSG_FEATURES_GET`.
pub const FEATURES: u8 = 11;
/// `ETHTOOL_MSG_RINGS_GET`; from it on a command sets numbers that have names.
pub const RINGS: u8 = 15;

/// Octets of the family's header of a message.
const FAMILY_HEADER: usize = 4;
/// Octets of a request without any wish.
pub const REQUEST: usize = 40;
/// Where its command is.
pub const COMMAND: usize = 16;
/// Room for an answer: for its message, for names of features, and for the struct of [`super::ethtool_ioctl`].
pub type Room = [Part; 3];
/// A third of it.
pub type Part = [u8; PART];
const PART: usize = 8_192;
/// Where they begin there: behind three numbers.
const NAMES: usize = 12;
/// Octets of each of them, with its NUL (`ETH_GSTRING_LEN`), and of as many as there are bits (`netdev_features_t`).
const NAME: usize = 32;
const ALL_NAMES: usize = 64 * NAME;

const ETHTOOL_A_HEADER: u16 = 1;
const ETHTOOL_A_HEADER_DEV_INDEX: u16 = 1;
const ETHTOOL_A_HEADER_FLAGS: u16 = 3;
/// Sets of bits without their names.
const ETHTOOL_FLAG_COMPACT_BITSETS: u32 = 1;

const ETHTOOL_A_BITSET_SIZE: u16 = 2;
/// Which of them are on.
const ETHTOOL_A_BITSET_VALUE: u16 = 4;
const ETHTOOL_A_BITSET_MASK: u16 = 5;

/// All features; on are those that can be changed.
const ETHTOOL_A_FEATURES_HW: u8 = 2;
/// Those that are wished.
const ETHTOOL_A_FEATURES_WANTED: u16 = 3;
/// Those that are in effect.
const ETHTOOL_A_FEATURES_ACTIVE: u8 = 4;

/// Where the bits are in a set: behind how many there are, and a header.
const BITS: usize = 12;

/// `WAKE_*` in the order of their bits, in the letters of ethtool(8).
const WAKE: &[u8] = b"pumbagsf";

/// Of the commands from [`RINGS`] on, every second number one, the words of ethtool(8) in the order of attributes.
const NUMBERS: Packed = packed!(concat!(
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

/// Asks for the number of our family.
pub static FAMILY: [[u8; 4]; 8] = [
    pair(32, 0),
    pair(GENL_ID_CTRL, NLM_F_REQUEST),
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
    let words = [
        [0; 4],
        pair(0, NLM_F_REQUEST | NLM_F_ACK),
        [0; 4],
        [0; 4],
        [command, 1, 0, 0],
        pair(20, ETHTOOL_A_HEADER | NLA_F_NESTED),
        pair(8, ETHTOOL_A_HEADER_DEV_INDEX),
        ifindex.to_ne_bytes(),
        pair(8, ETHTOOL_A_HEADER_FLAGS),
        ETHTOOL_FLAG_COMPACT_BITSETS.to_ne_bytes(),
    ];
    let _ = to.extend_from_slice(words.as_flattened());
    end(to);
}

/// A request ends where it ends.
fn end(request: &mut VecView<u8>) {
    let len = request.len() as u32;
    copy(request, &len.to_ne_bytes());
}

/// The attributes of an answer; none where it was a struct.
#[inline(never)]
pub fn attrs_in(answer: &Part) -> &[u8] {
    const START: usize = NLMSG_HDRLEN + FAMILY_HEADER;
    let [l0, l1, l2, l3, ..] = *answer;
    let len = u32::from_ne_bytes([l0, l1, l2, l3]) as usize;
    parts::slice(answer, START, len.saturating_sub(START))
}

/// Makes a request that asks one that sets, to which it appends what the configuration says otherwise than the answer to
/// `command`, which is changed too where it is a struct. Whether there is all that the configuration speaks of: what a
/// device has not, or cannot change, is left out.
#[inline(never)]
pub fn put(
    to: &mut VecView<u8>,
    config: &Config<'_>,
    id: LinkId,
    command: u8,
    [answer, names, data]: &mut Room,
) -> bool {
    if let Some(octet) = to.get_mut(COMMAND) {
        *octet = command.wrapping_add(1);
    }
    let mut put = Put {
        to,
        have: attrs_in(answer),
        names,
        data,
        is_all: true,
        wanted: 0,
        mask: 0,
    };
    for option in config.attrs_of(id) {
        if let Some(tool) = option.attr.ethtool()
            && tool.command == command
        {
            match option.value {
                Value::Number(value) => put.value(tool, 0, &value.to_ne_bytes()),
                Value::Text(text) => put.text(tool, config.text(text)),
            }
        }
    }
    put.end()
}

/// A request in the making.
struct Put<'a> {
    to: &'a mut VecView<u8>,
    /// The attributes of the answer.
    have: &'a [u8],
    /// A struct in their place, where there are none.
    data: &'a mut Part,
    /// Names of features, behind three numbers.
    names: &'a Part,
    /// Features that shall be on, and those that change.
    wanted: u64,
    mask: u64,
    /// See [`put`].
    is_all: bool,
}

impl Put<'_> {
    /// Appends an attribute as it is had, with other octets in it, if they are others. It is the one after `n` others.
    #[inline(never)]
    fn value(&mut self, tool: &Tool, n: u8, value: &[u8]) {
        let mut kind = u16::from(tool.number.wrapping_add(n));
        let have = attr_in(self.have, kind);
        let place = usize::from(tool.at.wrapping_add(n.wrapping_mul(4)));
        let mut at = 0;
        if have.len() > BITS {
            (kind, at) = (kind | NLA_F_NESTED, BITS);
        }
        let (from, behind) = match self.have {
            [] => (self.data.as_slice(), place),
            _ => (have, at),
        };
        let had = parts::slice(from, behind, tool.len.into());
        let value = parts::slice(value, 0, had.len());
        if had.is_empty() {
            self.is_all = false;
        } else if had != value {
            // behind the header
            let at = self.to.len().wrapping_add(4).wrapping_add(at);
            append_attr(self.to, kind, have);
            copy_to(self.to, at, value);
            copy_to(self.data, place, value);
        }
    }

    /// What is said by letters, or by names with a value behind each; or a password.
    #[inline(never)]
    fn text(&mut self, tool: &Tool, mut text: &[u8]) {
        if tool.command == WOL {
            if let Some(password) = &scalar::mac(text) {
                return self.value(tool, 0, password.as_bytes());
            }
            let mut wanted = 0_u32;
            for letter in text {
                match WAKE.iter().position(|known| known == letter) {
                    Some(bit) => wanted |= 1_u32.wrapping_shl(bit as u32),
                    // nothing does
                    None if *letter == b'd' => {}
                    None => {
                        self.is_all = false;
                        return;
                    }
                }
            }
            return self.value(tool, 0, &wanted.to_ne_bytes());
        }
        while let Some(word) = parts::next_word(&mut text) {
            let value = parts::next_word(&mut text).unwrap_or_default();
            let is_on = scalar::boolean(value) == Some(true);
            if tool.command == FEATURES {
                self.feature(word, is_on);
                continue;
            }
            let names = NUMBERS.line(usize::from(tool.command.wrapping_sub(RINGS) >> 1));
            let value = scalar::number(value).unwrap_or(is_on.into());
            match names.position(word) {
                Some(n) => self.value(tool, n as u8, &value.to_ne_bytes()),
                None => self.is_all = false,
            }
        }
    }

    /// A feature is on or not, or several that have one word.
    #[inline(never)]
    fn feature(&mut self, word: &[u8], is_on: bool) {
        let mut start = LineBuf::<NAME>::new();
        let mut most_rest = 0;
        match FEATURE_WORDS.position(word) {
            None => start.put(word),
            Some(short) => {
                start.unpack(FEATURE_NAMES.item(short));
                if short < PREFIXES {
                    most_rest = NAME;
                }
            }
        }
        let (mut these, mut bit) = (0, 1_u64);
        for name in parts::slice(self.names, NAMES, ALL_NAMES).chunks(NAME) {
            let rest = parts::strip(until_nul(name), start.as_bytes());
            if rest.is_some_and(|rest| rest.len() <= most_rest) {
                these |= bit;
            }
            bit = bit.wrapping_shl(1);
        }
        let value = if is_on { these } else { 0 };
        let differs = these & (self.bits(ETHTOOL_A_FEATURES_ACTIVE) ^ value);
        let changes = differs & self.bits(ETHTOOL_A_FEATURES_HW);
        // some are as they shall be, or can be
        self.is_all &= these & !differs | changes != 0;
        self.wanted = self.wanted & !these | value;
        self.mask = self.mask & !these | changes;
    }

    /// The bits of a set, of which there are 64 at most.
    #[inline(never)]
    fn bits(&self, number: u8) -> u64 {
        let set = attr_in(attr_in(self.have, number.into()), ETHTOOL_A_BITSET_VALUE);
        let (from, at, step): (&[u8], _, _) = match self.have {
            // struct ethtool_gfeatures: each set has a word in each block of four
            [] => (self.data, usize::from(number).wrapping_mul(4), 16),
            _ => (set, 0, 4),
        };
        let word = |at| u64::from(u32_in(parts::slice(from, at, 4)).unwrap_or(0));
        word(at.wrapping_add(step)) << 32 | word(at)
    }

    /// Appends what is said of features.
    fn end(self) -> bool {
        if self.mask != 0 {
            let (w0, m0) = (self.wanted as u32, self.mask as u32);
            let (w1, m1) = ((self.wanted >> 32) as u32, (self.mask >> 32) as u32);
            let [w0, m0, w1, m1] = [
                w0.to_ne_bytes(),
                m0.to_ne_bytes(),
                w1.to_ne_bytes(),
                m1.to_ne_bytes(),
            ];
            let set = [
                pair(8, ETHTOOL_A_BITSET_SIZE),
                u64::BITS.to_ne_bytes(),
                pair(12, ETHTOOL_A_BITSET_VALUE),
                w0,
                w1,
                pair(12, ETHTOOL_A_BITSET_MASK),
                m0,
                m1,
            ];
            append_attr(
                self.to,
                ETHTOOL_A_FEATURES_WANTED | NLA_F_NESTED,
                set.as_flattened(),
            );
            // struct ethtool_sfeatures: which ones of each word are meant, and on
            let blocks = [m0, w0, m1, w1];
            copy_to(self.data, 8, blocks.as_flattened());
        }
        end(self.to);
        self.is_all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::machine::Machine;
    use crate::model::attr::{Attr, Scope};
    use crate::model::config::{LinkConfig, LinkMatch, SourceKind};
    use crate::wire::netlink::end_attr;
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

    /// Where the attributes of an answer begin.
    const ATTRS: usize = 20;

    /// Names of features, in the order of their bits here.
    const NAMED: [&[u8]; 5] = [
        b"tx-tcp-segmentation",
        b"rx-gro",
        b"tx-tcp6-segmentation",
        b"rx-gro-list",
        b"rx-lro",
    ];

    /// What is sent, without headers, to a device that answers `have`, or `data` by ioctl(2), and what becomes of that;
    /// whether it has all.
    fn told(
        name: &str,
        value: &[u8],
        command: u8,
        have: &[u8],
        data: &[u8],
    ) -> (bool, Octets, std::vec::Vec<u8>) {
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
        let mut room = [[0; PART]; 3];
        let [answer, names, of_ioctl] = &mut room;
        if !have.is_empty() {
            let len = ATTRS + have.len();
            copy(answer, &(len as u32).to_ne_bytes());
            copy_to(answer, ATTRS, have);
        }
        for (n, name) in NAMED.iter().enumerate() {
            copy_to(names, NAMES + n * NAME, name);
        }
        copy(of_ioctl, data);
        let mut to = Octets::new();
        request(&mut to, 9, command);
        let is_all = put(&mut to, &engine.config, id, command, &mut room);
        assert_eq!(to[COMMAND], command + 1, "the request sets");
        assert_eq!(to[..4], (to.len() as u32).to_ne_bytes());
        let rest = Vec::from_slice(&to[REQUEST..]).unwrap();
        let [_, _, of_ioctl] = &room;
        (is_all, rest, of_ioctl[..data.len()].to_vec())
    }

    /// What is sent, without headers, to a device that answers `have`; `false` where it lacks something.
    fn sent(name: &str, value: &[u8], command: u8, have: &[u8]) -> (bool, Octets) {
        let (is_all, sent, _) = told(name, value, command, have, &[]);
        (is_all, sent)
    }

    /// A struct of these words as ioctl(2) sets it, if the device has all and it differs.
    fn set(name: &str, value: &[u8], command: u8, words: &[u32]) -> std::vec::Vec<u32> {
        let data: std::vec::Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let (is_all, sent, set) = told(name, value, command, &[], &data);
        assert!(is_all);
        assert_eq!(sent.is_empty(), set == data, "whether it is sent");
        let (set, _) = set.as_chunks();
        set.iter().map(|word| u32::from_ne_bytes(*word)).collect()
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
        let header = nest(1, &[(1, &[9, 0, 0, 0])]);
        let is_all = sent("wol", b"g", WOL, &header).0;
        assert!(!is_all, "a device that nothing wakes");
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

    /// A set of these bits.
    fn bits(bits: u64) -> Octets {
        nest(0, &[(2, &64_u32.to_ne_bytes()), (4, &bits.to_ne_bytes())])
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn features_are_sets_of_bits() {
        // rx-gro, the second segmentation and rx-gro-list can be changed; the first segmentation and rx-gro are on
        let all = bits(0b01110);
        let active = bits(0b00011);
        let have = nest(0, &[(2, &all[4..]), (4, &active[4..])]);
        for (value, is_all, wanted) in [
            ("gro on", true, None),
            ("tso on", true, Some((0b101, 0b100))),
            ("tso off", true, None),
            ("gro off tso on", true, Some((0b101, 0b110))),
            ("gro off gro on", true, None),
            ("rx-gro-list on", true, Some((0b1000, 0b1000))),
            ("rx-g on", false, None),
            ("lro on gro off", false, Some((0b10000, 0b10))),
            ("lro off", true, None),
        ] {
            let want = wanted.map_or(Octets::new(), |(value, mask): (u64, u64)| {
                let (value, mask) = (value.to_ne_bytes(), mask.to_ne_bytes());
                let size = 64_u32.to_ne_bytes();
                nest(3 | NLA_F_NESTED, &[(2, &size), (4, &value), (5, &mask)])
            });
            let have = sent("feature", value.as_bytes(), FEATURES, &have[4..]);
            assert_eq!(have, (is_all, want), "{value}");
        }
        // struct ethtool_gfeatures; its first words are the command and how many blocks there are
        let words = [0x3a, 2, 0b01110, 9, 0b00011, 9, 0, 9, 0, 9];
        for (value, want) in [
            ("gro on", words),
            ("tso on", [0x3a, 2, 0b100, 0b101, 0, 0, 0, 9, 0, 9]),
        ] {
            assert_eq!(set("feature", value.as_bytes(), FEATURES, &words), want);
        }
    }

    #[test]
    fn structs_of_ioctl_are_changed_where_they_stand() {
        // struct ethtool_ringparam, ethtool_coalesce, ethtool_pauseparam, ethtool_channels: the command, and numbers
        let counted: [u32; 12] = core::array::from_fn(|n| n as u32 * 100);
        for (name, value, command, at, want) in [
            ("ring", "rx 7", 15, 5, 7),
            ("ring", "tx 8", 15, 8, 8),
            ("coalesce", "rx-usecs 3", 19, 1, 3),
            ("coalesce", "adaptive-tx on", 19, 11, 1),
            ("pause", "autoneg on", 21, 1, 1),
            ("pause", "tx off", 21, 3, 0),
            ("channels", "combined 4", 17, 8, 4),
            ("wol", "ug", 9, 2, 0b10_0010),
            ("speed", "1000", 4, 1, 1_000),
        ] {
            let mut words = counted;
            words[at] = want;
            let have = set(name, value.as_bytes(), command, &counted);
            assert_eq!(have, words, "{name} {value}");
            assert_eq!(set(name, value.as_bytes(), command, &words), words);
        }
        let octets = |name, value: &[u8], command| {
            let (_, _, octets) = told(name, value, command, &[], &[9; 20]);
            let changed = octets.iter().enumerate().filter(|(_, octet)| **octet != 9);
            changed.map(|(at, octet)| (at, *octet)).collect()
        };
        let duplex: std::vec::Vec<_> = octets("duplex", b"1", 4);
        assert_eq!(duplex, [(8, 1)]);
        assert_eq!(octets("autoneg", b"0", 4), [(11, 0)]);
        let password = octets("sopass", b"01:02:03:04:05:06", 9);
        assert_eq!(
            password,
            [(12, 1), (13, 2), (14, 3), (15, 4), (16, 5), (17, 6)]
        );
    }

    #[test]
    fn a_password_is_six_octets() {
        let have = nest(3, &[]);
        let (is_all, _) = sent("sopass", b"01:02:03:04:05:06", WOL, &have);
        assert!(!is_all, "a device that has none");
        let mut have = Octets::new();
        attr(&mut have, 3, &[0; 6]);
        let mut want = Octets::new();
        attr(&mut want, 3, &[1, 2, 3, 4, 5, 6]);
        let sent = sent("sopass", b"01:02:03:04:05:06", WOL, &have);
        assert_eq!(sent, (true, want));
    }

    #[test]
    fn no_answer_does_harm() {
        let set = bits(0b00010);
        let all = nest(0, &[(2, &set[4..]), (4, &set[4..])]);
        for len in 1..all.len() - 4 {
            let _ = sent("feature", b"gro off tx on", FEATURES, &all[4..][..len]);
        }
        assert!(sent("feature", b"gro on", FEATURES, &all[4..]).0);
    }
}
