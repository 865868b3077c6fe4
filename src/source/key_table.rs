//! Tables of [`Key`]s in the form that is searched at run time.
//!
//! A table is written as `const KEYS: &[Key<H>]`, one row per key, and exists only while compiling.
//! What the program carries is [`Names`], all names in one string, and one [`Action`] of an octet or two
//! per row: a pointer in a position-independent program costs 40 octets, a name 12.
//!
//! A name that ends with `*` stands for every key that begins so.

use super::{Handling, Key};

/// What is done with a key: [`Handling`] without its pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<H: 'static> {
    /// This handler reads it.
    Read(H),
    /// Nothing, and why.
    Ignored(Why),
}

/// Why a known key has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It means nothing to this program; nobody is told.
    Meaningless,
    /// Part of a kind of file that is refused as a whole; nobody is told again.
    OtherKind,
    /// The kernel's default is kept; worth a note.
    Kernel,
    /// It would mean something, but nothing does it yet; worth a warning.
    Later,
}

/// For [`Handling::Ignored`]: see [`Why::Meaningless`].
pub const MEANINGLESS: &str = "has no meaning here";
/// For [`Handling::Ignored`]: see [`Why::OtherKind`].
pub const OTHER_KIND: &str = "belongs to a kind of link that is not configured";
/// For [`Handling::Ignored`]: see [`Why::Kernel`].
pub const KERNEL: &str = "is left to the kernel";
/// For [`Handling::Ignored`]: see [`Why::Later`].
pub const LATER: &str = "is not supported yet";

impl Why {
    /// The reason behind one of the texts above.
    const fn of(text: &str) -> Why {
        match text.as_bytes() {
            [b'b', ..] => Why::OtherKind,
            [b'i', b's', b' ', b'l', ..] => Why::Kernel,
            [b'i', ..] => Why::Later,
            _ => Why::Meaningless,
        }
    }
}

/// A row that reads `name` with `handler`; `doc` is one line for the reference.
pub const fn read<H>(name: &'static str, handler: H, doc: &'static str) -> Key<H> {
    key(name, Handling::Read(handler), doc)
}

/// As [`read`], for a name that a number may follow.
pub const fn numbered<H>(name: &'static str, handler: H, doc: &'static str) -> Key<H> {
    let mut key = key(name, Handling::Read(handler), doc);
    key.numbered = true;
    key
}

/// A row without effect; a name that ends with `#` may be followed by a number.
pub const fn ignored<H>(name: &'static str, why: &'static str, doc: &'static str) -> Key<H> {
    key(name, Handling::Ignored(why), doc)
}

const fn key<H>(name: &'static str, handling: Handling<H>, doc: &'static str) -> Key<H> {
    let _ = doc;
    Key {
        name,
        numbered: false,
        handling,
        #[cfg(test)]
        doc,
    }
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

/// The actions. `SIZE` is the number of rows.
pub const fn pack_actions<H: Copy, const SIZE: usize>(mut keys: &[Key<H>]) -> [Action<H>; SIZE] {
    let mut packed = [Action::Ignored(Why::Meaningless); SIZE];
    let mut room: &mut [Action<H>] = &mut packed;
    while let [key, more @ ..] = keys {
        room = put(
            room,
            match key.handling {
                Handling::Read(handler) => Action::Read(handler),
                Handling::Ignored(why) => Action::Ignored(Why::of(why)),
            },
        );
        keys = more;
    }
    packed
}

/// The handlers, with those of `ignored` where there is none: for keys nobody is told of, keys left
/// to the kernel, and keys nothing reads yet. `SIZE` is the number of rows. With a handler of one
/// octet, rows take half the room of [`pack_actions`].
pub const fn pack_fields<H: Copy, const SIZE: usize>(
    mut keys: &[Key<H>],
    ignored: [H; 3],
) -> [H; SIZE] {
    let [silent, kernel, later] = ignored;
    let mut packed = [silent; SIZE];
    let mut room: &mut [H] = &mut packed;
    while let [key, more @ ..] = keys {
        room = put(
            room,
            match key.handling {
                Handling::Read(handler) => handler,
                Handling::Ignored(why) => match Why::of(why) {
                    Why::Meaningless | Why::OtherKind => silent,
                    Why::Kernel => kernel,
                    Why::Later => later,
                },
            },
        );
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

/// A key that is in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its row.
    pub row: u16,
    /// 0 for a key without number, else its number plus one.
    pub ordinal: u32,
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
    pub fn find(self, name: &[u8]) -> Option<Found> {
        let (stem, ordinal) = numbered_stem(name);
        for ((head, candidate), row) in self.iter().zip(0u16..) {
            let exact = candidate == name;
            if exact || head & PREFIX != 0 && name.starts_with(candidate) {
                return Some(Found { row, ordinal: 0 });
            }
            if head & NUMBERED != 0 && ordinal != 0 && candidate == stem {
                return Some(Found { row, ordinal });
            }
        }
        None
    }

    /// The name that `name` was probably meant to be, in any case and with up to two neighbouring
    /// octets wrong, missing or too many; "" for none.
    pub fn nearest(self, name: &[u8]) -> &'static str {
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
        core::str::from_utf8(best).unwrap_or_default()
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
        read("DEVICE", 1, "name"),
        numbered("IPADDR", 2, "address"),
        ignored("ROUTING_RULE_#", LATER, "rule"),
        ignored("IPV6", KERNEL, "kernel"),
        ignored("BRIDGE_*", OTHER_KIND, "bridge"),
        ignored("UUID", MEANINGLESS, "id"),
    ];
    static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
    static ACTIONS: [Action<u8>; KEYS.len()] = pack_actions(KEYS);

    #[test]
    fn keys_are_found_by_name_number_and_prefix() {
        let names = Names(&PACKED);
        let found = |name: &str| names.find(name.as_bytes()).map(|f| (f.row, f.ordinal));
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
    fn actions_keep_their_reason() {
        assert_eq!(ACTIONS[0], Action::Read(1));
        for (row, why) in [
            (2, Why::Later),
            (3, Why::Kernel),
            (4, Why::OtherKind),
            (5, Why::Meaningless),
        ] {
            assert_eq!(ACTIONS[row], Action::Ignored(why));
        }
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
            assert_eq!(names.nearest(name.as_bytes()), want, "{name}");
        }
    }
}
