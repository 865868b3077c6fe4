//! Tables of [`Key`]s in the form that is searched at run time.
//!
//! A table is written as `const KEYS: &[Key<H>]`, one row per key, and exists only while compiling.
//! What the program carries is [`Names`], all names in one packed text, and one `H` of an octet or two per
//! row: a pointer in a position-independent program costs 40 octets, a name 7.
//!
//! A name that ends with `*` stands for every key that begins so, one that ends with `#` may be followed
//! by a number.

use super::Key;
use crate::diag::LineBuf;
use crate::packed::{self, Packed};
use crate::text::scalar;

/// A row for `name`; `doc` is one line for the reference.
pub const fn key<H>(name: &'static str, field: H, doc: &'static str) -> Key<H> {
    let _ = doc;
    Key {
        name,
        numbered: false,
        field,
        #[cfg(test)]
        doc,
    }
}

/// As [`key`], for a name that a number may follow.
pub const fn numbered<H>(name: &'static str, field: H, doc: &'static str) -> Key<H> {
    let mut key = key(name, field, doc);
    key.numbered = true;
    key
}

/// Any key that begins so.
const PREFIX: u8 = 0x40;
/// A number may follow.
const NUMBERED: u8 = 0x80;
/// Units of the name.
const LEN: u8 = 0x3f;
/// The longest name.
const MAX_NAME: usize = 63;

/// Octets of the packed names.
pub const fn packed_len<H>(mut keys: &[Key<H>]) -> usize {
    let mut len = 0_usize;
    while let [key, more @ ..] = keys {
        len = len.wrapping_add(1).wrapping_add(pack_stem(key).1);
        keys = more;
    }
    len
}

/// The names, packed, each after an octet with its units and flags. `SIZE` is [`packed_len`].
pub const fn pack_names<H, const SIZE: usize>(mut keys: &[Key<H>]) -> [u8; SIZE] {
    let mut packed = [0; SIZE];
    let mut room: &mut [u8] = &mut packed;
    while let [key, more @ ..] = keys {
        let (units, len) = pack_stem(key);
        let (mut name, _) = units.split_at(len);
        room = put(room, len.to_le_bytes()[0] | stem(key).1);
        while let [unit, rest @ ..] = name {
            room = put(room, *unit);
            name = rest;
        }
        keys = more;
    }
    packed
}

/// What is done with each row. `SIZE` is the number of rows; `none` is not kept.
pub const fn pack_fields<H: Copy, const SIZE: usize>(mut keys: &[Key<H>], none: H) -> [H; SIZE] {
    let mut packed = [none; SIZE];
    let mut room: &mut [H] = &mut packed;
    while let [key, more @ ..] = keys {
        room = put(room, key.field);
        keys = more;
    }
    packed
}

const fn put<T: Copy>(room: &mut [T], value: T) -> &mut [T] {
    match room {
        [slot, rest @ ..] => {
            *slot = value;
            rest
        }
        [] => &mut [],
    }
}

/// The fixed part of a key's name, and its flags.
const fn stem<H>(key: &Key<H>) -> (&'static [u8], u8) {
    match (key.name.as_bytes(), key.numbered) {
        ([stem @ .., b'*'], _) => (stem, PREFIX),
        ([stem @ .., b'#'], _) | (stem, true) => (stem, NUMBERED),
        (name, false) => (name, 0),
    }
}

/// The fixed part of a key's name in units, and how many these are.
const fn pack_stem<H>(key: &Key<H>) -> ([u8; MAX_NAME], usize) {
    packed::pack(stem(key).0)
}

/// The names of a table.
#[derive(Clone, Copy)]
pub struct Names(pub &'static [u8]);

/// What a key is in a table, in one number: its row, and 0 for a key without number, else its number plus
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found(u32);

impl Found {
    /// No row speaks of it.
    pub const UNKNOWN: Found = Found(u32::MAX);
    /// In place of the number: the row speaks of every key that begins so.
    const ANY: u32 = 0x1_ffff;

    /// The key of this row with this number.
    pub fn new(row: u16, ordinal: u32) -> Found {
        Found(u32::from(row) << 17 | ordinal & Found::ANY)
    }

    /// Beyond every table for [`Found::UNKNOWN`].
    pub fn row(self) -> usize {
        (self.0 >> 17) as usize
    }

    /// 0 for a key without number, else its number plus one.
    pub fn ordinal(self) -> u32 {
        match self.is_one() {
            true => self.0 & Found::ANY,
            false => 0,
        }
    }

    /// Whether there is no other key of this row and number.
    pub fn is_one(self) -> bool {
        self.0 & Found::ANY != Found::ANY
    }

    /// For an index over such keys.
    pub fn hash(self) -> u32 {
        let hash = self.0.wrapping_mul(0x9e37_79b1);
        hash ^ hash >> 15
    }
}

/// The row of `name`, which is one of `keys`.
pub const fn row<H>(mut keys: &[Key<H>], name: &str) -> u16 {
    let mut row = 0_u16;
    while let [key, more @ ..] = keys {
        if packed::is_same(key.name.as_bytes(), name.as_bytes()) {
            return row;
        }
        row = row.wrapping_add(1);
        keys = more;
    }
    assert!(name.is_empty(), "no such key");
    row
}

impl Names {
    /// Each row: its flags, and behind them its stem in units.
    fn iter(self) -> impl Iterator<Item = &'static [u8]> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let len = usize::from(rest.first()? & LEN);
            let (row, more) = rest.split_at_checked(len.wrapping_add(1))?;
            rest = more;
            Some(row)
        })
    }

    /// The first row that speaks of `name`.
    #[inline(never)]
    pub fn find(self, name: &[u8]) -> Found {
        self.find_in(name, false)
    }

    /// The same; whether in any case.
    #[inline(never)]
    pub fn find_in(self, name: &[u8], any_case: bool) -> Found {
        for (row, packed) in (0..).zip(self.iter()) {
            let Some((head, candidate)) = packed.split_first() else {
                break;
            };
            let Some(rest) = Packed(candidate).strip_in(name, any_case) else {
                continue;
            };
            let ordinal = match rest {
                [] => 0,
                _ if head & PREFIX != 0 => Found::ANY,
                [b'0', _, ..] => continue,
                digits if head & NUMBERED != 0 => match scalar::number(digits) {
                    Some(number @ 0..=MAX_NUMBER) => number.wrapping_add(1),
                    _ => continue,
                },
                _ => continue,
            };
            return Found::new(row, ordinal);
        }
        Found::UNKNOWN
    }

    /// The name that `name` was probably meant to be, in any case and with up to two neighbouring
    /// octets wrong, missing or too many; "" for none. In units.
    pub fn nearest(self, mut name: &[u8]) -> &'static [u8] {
        while let [stem @ .., b'0'..=b'9'] = name {
            name = stem;
        }
        let mut best = &b""[..];
        let mut least = match name.len() {
            0..=4 => 2,
            _ => 3,
        };
        for row in self.iter() {
            let units = row.get(1..).unwrap_or_default();
            let mut candidate = LineBuf::<MAX_NAME>::new();
            candidate.unpack(Packed(units));
            let distance = distance(name, candidate.as_bytes());
            if distance < least {
                least = distance;
                best = units;
            }
        }
        best
    }
}

/// The largest number of a numbered key.
pub const MAX_NUMBER: u32 = 32_767;

/// Octets that differ once the common start and end are taken off.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let is_same = |pair: &(&u8, &u8)| pair.0.eq_ignore_ascii_case(pair.1);
    let start = a.iter().zip(b).take_while(is_same).count();
    let end = a.iter().rev().zip(b.iter().rev());
    let common = start.wrapping_add(end.take_while(is_same).count());
    let (least, most) = (a.len().min(b.len()), a.len().max(b.len()));
    most.wrapping_sub(common.min(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::testing::unpacked;

    const KEYS: &[Key<u8>] = &[
        key("DEVICE", 1, "name"),
        numbered("IPADDR", 2, "address"),
        key("ROUTING_RULE_#", 3, "rule"),
        key("IPV6", 4, "kernel"),
        key("BRIDGE_*", 5, "bridge"),
        key("UUID", 6, "id"),
    ];
    static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
    static FIELDS: [u8; KEYS.len()] = pack_fields(KEYS, 0);

    #[test]
    fn keys_are_found_by_name_number_and_prefix() {
        let names = Names(&PACKED);
        let found = |name: &str| {
            let found = names.find(name.as_bytes());
            (found != Found::UNKNOWN).then(|| (found.row(), found.ordinal()))
        };
        for (name, want) in [
            ("DEVICE", Some((0, 0))),
            ("IPADDR", Some((1, 0))),
            ("IPADDR0", Some((1, 1))),
            ("IPADDR32767", Some((1, 32_768))),
            ("IPADDR32768", None),
            ("IPADDR01", None),
            ("ROUTING_RULE_3", Some((2, 4))),
            ("DEVICE0", None),
            ("IPV6", Some((3, 0))),
            ("BRIDGE_PORTS", Some((4, 0))),
            ("BRIDGE", None),
            ("device", None),
            ("", None),
            ("7", None),
        ] {
            assert_eq!(found(name), want, "{name}");
        }
    }

    #[test]
    fn fields_are_in_order() {
        assert_eq!(FIELDS, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn the_nearest_name_is_close() {
        let names = Names(&PACKED);
        for (name, want) in [
            ("device", "DEVICE"),
            ("DEVCIE", "DEVICE"),
            ("IPADR", "IPADDR"),
            ("IPADR0", "IPADDR"),
            ("UIUD", ""),
            ("UUD", "UUID"),
            ("NETMASK", ""),
            ("", ""),
        ] {
            assert_eq!(unpacked(names.nearest(name.as_bytes())), *want, "{name}");
        }
    }
}
