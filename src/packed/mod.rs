//! The program's own texts, with one octet for each of the parts that are frequent in them.
//!
//! A text is written as it is read, and packed while compiling ([`packed!`](crate::packed!)): divided into as few
//! pieces as can be, each an octet or one of 161 parts, for which an octet stands. So ten octets of a complaint
//! take five. A line feed, and the octets that stand for values in templates, are in no part: texts can be
//! divided there while they are packed.

mod pack;
mod words;

use crate::text::parts;
use crate::text::show::{Show, Text, displayed};
use crate::text::steps::step;
use pack::{FIRST, LONGEST_PART, PAIRS};
pub use pack::{cut, is_same, pack};
pub use words::{Word, word};

/// A text, packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed(pub &'static [u8]);

impl Packed {
    /// Line `number`, from 0; empty beyond the last.
    #[inline(never)]
    pub fn line(self, number: usize) -> Packed {
        Packed(parts::nth(self.0, b'\n', number))
    }

    /// Item `number` of those that commas join, from 0; empty beyond the last.
    #[inline(never)]
    pub fn item(self, number: usize) -> Packed {
        Packed(parts::nth(self.0, b',', number))
    }

    /// Which of its items, which are joined by commas, `word` is, in any case.
    #[inline(never)]
    pub fn position(self, word: &[u8]) -> Option<usize> {
        let (mut rest, mut n) = (Some(self.0), 0_usize);
        while let Some(item) = parts::next(&mut rest, b',') {
            if let Some([]) = Packed(item).strip_in(word, true) {
                return Some(n);
            }
            n = n.wrapping_add(1);
        }
        None
    }

    /// What follows it in `text`, if that begins with it.
    pub fn strip(self, text: &[u8]) -> Option<&[u8]> {
        self.strip_in(text, false)
    }

    /// The same; whether in any case.
    #[inline(never)]
    pub fn strip_in(self, text: &[u8], any_case: bool) -> Option<&[u8]> {
        let mut rest = text;
        step(1);
        for unit in self.0 {
            rest = match pair(*unit) {
                Some(pair) => Packed(pair).strip_in(rest, any_case)?,
                None => {
                    let (first, after) = rest.split_first()?;
                    if first != unit && !(any_case && first.eq_ignore_ascii_case(unit)) {
                        return None;
                    }
                    after
                }
            };
        }
        Some(rest)
    }
}

impl Show for Packed {
    fn show(&self, text: &mut Text<'_>) {
        unpack(self.0, text);
    }
}

displayed!(Packed);

/// Units that are unpacked together.
const UNITS: usize = 4;

/// Passes the octets that `units` stand for to `text`, several at a time: each piece has a long way to go.
#[inline(never)]
pub fn unpack(units: &[u8], text: &mut Text<'_>) {
    for units in units.chunks(UNITS) {
        let mut piece = Piece::new();
        expand(units, &mut piece);
        text.put(&piece);
    }
}

/// What so many units stand for.
type Piece = heapless::Vec<u8, { UNITS * LONGEST_PART }>;

#[inline(never)]
fn expand(units: &[u8], piece: &mut Piece) {
    for unit in units {
        match pair(*unit) {
            Some(pair) => expand(pair, piece),
            None => _ = piece.push(*unit),
        }
    }
}

/// The two units a unit stands for.
fn pair(unit: u8) -> Option<&'static [u8; 2]> {
    if unit == b'\n' {
        return None;
    }
    PAIRS.get(usize::from(unit.wrapping_sub(FIRST)))
}

/// A [`Packed`] of a constant text.
#[doc(hidden)]
#[macro_export]
macro_rules! packed {
    ($text:expr) => {{
        const TEXT: &[u8] = $text.as_bytes();
        const PACKED: ([u8; TEXT.len()], usize) = $crate::packed::pack(TEXT);
        const CUT: [u8; PACKED.1] = $crate::packed::cut(&PACKED.0);
        $crate::packed::Packed(&CUT)
    }};
}
pub use packed;

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const WRITTEN: &str = "is not an IP address\n, { and $ more\n\nis not the name of the link";

    #[test]
    fn a_packed_text_is_shown_as_it_was_written() {
        let packed = packed!(WRITTEN);
        assert_eq!(packed.to_string(), WRITTEN);
        assert!(packed.0.len() < WRITTEN.len() * 2 / 3, "{}", packed.0.len());
        assert_eq!(packed!("").to_string(), "");
    }

    #[test]
    fn it_divides_into_its_lines() {
        let packed = packed!(WRITTEN);
        for (n, line) in WRITTEN.split('\n').enumerate() {
            assert_eq!(packed.line(n).to_string(), line);
        }
        assert_eq!(packed.line(4), Packed(b""));
    }

    #[test]
    fn a_word_has_its_place_in_a_list() {
        let list = packed!("dhcp,,link-local");
        for (word, place) in [
            (&b"DHCP"[..], Some(0)),
            (b"", Some(1)),
            (b"link-local", Some(2)),
            (b"link", None),
            (b"link-locals", None),
        ] {
            assert_eq!(list.position(word), place);
        }
    }

    #[test]
    fn a_text_begins_with_it_or_not() {
        let packed = packed!("IPV6ADDR");
        for (text, rest) in [
            (&b"IPV6ADDR"[..], Some(&b""[..])),
            (b"IPV6ADDR7", Some(b"7")),
            (b"IPV6ADD", None),
            (b"IPV6ADDS", None),
            (b"", None),
        ] {
            assert_eq!(packed.strip(text), rest);
        }
    }
}
