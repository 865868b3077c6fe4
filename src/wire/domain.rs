//! Domain names as RFC 1035 s.3.1 writes them, without the pointers of its s.4.1.4: so DHCPv6 (RFC 8415 s.10) and
//! routers (RFC 8106 s.5.2) say them.
//!
//! See [`crate::wire`] for the contract.

use heapless::Vec;

/// A name as text. One of 253 octets is the longest that can be written down.
pub type Name = Vec<u8, 255>;

/// Takes the next name out of `rest` into `name`, with a dot between its labels, and says whether there is one. Zeros
/// before it are padding.
///
/// Where there is none, something is left in either if what is there is no name, and nothing at the end.
#[inline(never)]
pub fn next(rest: &mut &[u8], name: &mut Name) -> bool {
    name.clear();
    while let Some((len, after)) = rest.split_first() {
        let len = usize::from(*len);
        if len == 0 {
            *rest = after;
            if !name.is_empty() {
                return true;
            }
            continue;
        }
        let Some((label, after)) = after.split_at_checked(len).filter(|_| len < 64) else {
            return false;
        };
        let dot: &[u8] = if name.is_empty() { b"" } else { b"." };
        if name.extend_from_slice(dot).is_err() || name.extend_from_slice(label).is_err() {
            return false;
        }
        *rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// The names, and `!` where there is something else.
    fn names(octets: &[u8]) -> Vec<String> {
        let (mut rest, mut name, mut names) = (octets, Name::new(), Vec::new());
        while next(&mut rest, &mut name) {
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
