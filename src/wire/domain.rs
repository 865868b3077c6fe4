//! Domain names as RFC 1035 s.3.1 writes them: so DHCPv6 (RFC 8415 s.10), routers (RFC 8106 s.5.2) and, with the
//! pointers of its s.4.1.4, DHCPv4 (RFC 3397) say them. The pointers are read of whoever uses them.
//!
//! See [`crate::wire`] for the contract.

use crate::text::parts;
use heapless::Vec;

/// A name as text. One of 253 octets is the longest that can be written down.
pub type Name = Vec<u8, 255>;

/// Takes the next name out of `rest`, which is the end of `whole`, into `name`, with a dot between its labels, and says
/// whether there is one. Zeros before it are padding. A pointer is an offset in `whole` and points before the name it
/// stands in, and one after another to ever earlier octets, so names end.
///
/// Where there is none, something is left in either if what is there is no name, and nothing at the end.
#[inline(never)]
pub fn next<'m>(whole: &'m [u8], rest: &mut &'m [u8], name: &mut Name) -> bool {
    name.clear();
    let (mut at, mut limit) = (*rest, whole.len().wrapping_sub(rest.len()));
    let mut is_away = false;
    loop {
        let (after, is_end) = match *at {
            [0, ref after @ ..] => (after, !name.is_empty()),
            [len @ 1..=63, ref after @ ..] => {
                let dot: &[u8] = if name.is_empty() { b"" } else { b"." };
                let Some((label, after)) = after.split_at_checked(len.into()) else {
                    return false;
                };
                if name.extend_from_slice(dot).is_err() || name.extend_from_slice(label).is_err() {
                    return false;
                }
                (after, false)
            }
            [high @ 0xc0..=0xff, low, ref after @ ..] => {
                let target = usize::from(high & 0x3f) << 8 | usize::from(low);
                if target >= limit {
                    return false;
                }
                if !is_away {
                    *rest = after;
                }
                (limit, is_away) = (target, true);
                (parts::slice(whole, target, usize::MAX), false)
            }
            [..] => return false,
        };
        at = after;
        if !is_away {
            *rest = at;
        }
        if is_end {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// The names, and `!` where there is something else.
    fn names(octets: &[u8]) -> Vec<String> {
        let (mut rest, mut name, mut names) = (octets, Name::new(), Vec::new());
        while next(octets, &mut rest, &mut name) {
            names.push(String::from_utf8(name.to_vec()).unwrap());
        }
        if !rest.is_empty() || !name.is_empty() {
            names.push("!".into());
        }
        names
    }

    #[test]
    fn names_end_with_a_zero() {
        for (octets, expected) in [
            (&b""[..], &[][..]),
            (b"\0\0\0", &[]),
            (b"\x01a\x02bc\0", &["a.bc"]),
            (b"\x01a\0\x01b\x01c\0\0\0\0", &["a", "b.c"]),
            (b"\0\x01a\0", &["a"]),
            (b"\x01a", &["!"]),
            (b"\x01a\0\x01", &["a", "!"]),
            (b"\x01a\0\x02b", &["a", "!"]),
            (b"\xc0\x00\0", &["!"]),
            (b"\x01a\xc0\x00", &["!"]),
            (b"\x40", &["!"]),
            (b"\x01a\0\x01b\xc0\x00\x01c\0", &["a", "b.a", "c"]),
            (b"\x01a\0\xc0\x00\xc0\x03", &["a", "a", "a"]),
            (b"\x01a\0\xc0\x03\x01c\0", &["a", "!"]),
        ] {
            assert_eq!(names(octets), expected, "{octets:?}");
        }
    }

    #[test]
    fn names_are_as_long_as_their_room() {
        let label = |len: u8| {
            let mut label = std::vec![len];
            label.resize(usize::from(len) + 1, b'x');
            label
        };
        let mut octets = [label(63), label(63), label(63), label(63)].concat();
        octets.push(0);
        assert_eq!(names(&octets)[0].len(), 255);
        octets.pop();
        octets.extend(b"\x01a\0");
        assert_eq!(names(&octets), ["!"]);
        // A label has 63 octets at most: what is longer is a pointer, or nothing.
        for len in [64, 0x80, 0xc0] {
            octets = label(len);
            octets.push(0);
            assert_eq!(names(&octets), ["!"]);
        }
    }
}
