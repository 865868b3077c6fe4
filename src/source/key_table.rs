//! Tables of [`Key`]s in the form that is searched at run time.
//!
//! A table is written as `const KEYS: &[Key<H>]`, one row per key, and exists only while compiling.
//! What the program carries is [`Names`], all names in one string, and one `H` of an octet or two per
//! row: a pointer in a position-independent program costs 40 octets, a name 12.
//!
//! A name that ends with `*` stands for every key that begins so, one that ends with `#` may be followed
//! by a number.

use super::Key;

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
/// Octets of the name.
const LEN: u8 = 0x3f;

/// Octets of the packed names.
pub const fn packed_len<H>(mut keys: &[Key<H>]) -> usize {
    let mut len = 0_usize;
    while let [key, more @ ..] = keys {
        len = len.wrapping_add(1).wrapping_add(stem(key).0.len());
        keys = more;
    }
    len
}

/// The names, each after an octet with its length and flags. `SIZE` is [`packed_len`].
pub const fn pack_names<H, const SIZE: usize>(mut keys: &[Key<H>]) -> [u8; SIZE] {
    let mut packed = [0; SIZE];
    let mut room: &mut [u8] = &mut packed;
    while let [key, more @ ..] = keys {
        let (mut name, flags) = stem(key);
        room = put(room, name.len().to_le_bytes()[0] | flags);
        while let [octet, rest @ ..] = name {
            room = put(room, *octet);
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
        if is_same(key.name.as_bytes(), name.as_bytes()) {
            return row;
        }
        row = row.wrapping_add(1);
        keys = more;
    }
    assert!(name.is_empty(), "no such key");
    row
}

const fn is_same(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b)
        && *x == *y
    {
        (a, b) = (rest_a, rest_b);
    }
    a.is_empty() && b.is_empty()
}

impl Names {
    /// Flags and stem of each row.
    fn iter(self) -> impl Iterator<Item = (u8, &'static [u8])> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (head, tail) = rest.split_first()?;
            let (name, more) = tail.split_at_checked(usize::from(head & LEN))?;
            rest = more;
            Some((*head, name))
        })
    }

    /// The first row that speaks of `name`.
    #[inline(never)]
    pub fn find(self, name: &[u8]) -> Found {
        let (stem, number) = numbered_stem(name);
        for ((head, candidate), row) in self.iter().zip(0u16..) {
            let ordinal = if candidate == name {
                0
            } else if head & PREFIX != 0 && name.starts_with(candidate) {
                Found::ANY
            } else if head & NUMBERED != 0 && number != 0 && candidate == stem {
                number
            } else {
                continue;
            };
            return Found::new(row, ordinal);
        }
        Found::UNKNOWN
    }

    /// The name that `name` was probably meant to be, in any case and with up to two neighbouring
    /// octets wrong, missing or too many; "" for none.
    pub fn nearest(self, name: &[u8]) -> &'static [u8] {
        let name = numbered_stem(name).0;
        let mut best: &[u8] = b"";
        let mut least = match name.len() {
            0..=4 => 2,
            _ => 3,
        };
        for (_, candidate) in self.iter() {
            let distance = distance(name, candidate);
            if distance < least {
                least = distance;
                best = candidate;
            }
        }
        best
    }
}

/// Splits `IPADDR12` into `IPADDR` and 13; the second is 0 if there is no number, or one with a leading
/// zero or beyond [`MAX_NUMBER`].
fn numbered_stem(name: &[u8]) -> (&[u8], u32) {
    let end = name
        .iter()
        .rposition(|octet| !octet.is_ascii_digit())
        .map_or(0, |last| last.wrapping_add(1));
    let (stem, digits) = name.split_at_checked(end).unwrap_or((name, b""));
    let number = match digits {
        [b'0', _, ..] => None,
        _ => crate::text::scalar::number(digits).filter(|number| *number <= MAX_NUMBER),
    };
    (stem, number.map_or(0, |number| number.wrapping_add(1)))
}

/// The largest number of a numbered key.
pub const MAX_NUMBER: u32 = 32_767;

/// Octets that differ once the common start and end are taken off.
fn distance(mut a: &[u8], mut b: &[u8]) -> usize {
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b)
        && x.eq_ignore_ascii_case(y)
    {
        (a, b) = (rest_a, rest_b);
    }
    while let ([rest_a @ .., x], [rest_b @ .., y]) = (a, b)
        && x.eq_ignore_ascii_case(y)
    {
        (a, b) = (rest_a, rest_b);
    }
    a.len().max(b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(names.nearest(name.as_bytes()), want.as_bytes(), "{name}");
        }
    }
}
