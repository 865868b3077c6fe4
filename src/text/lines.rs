//! Lines of a text file, with their numbers.

use memchr::memchr;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u32,
    /// Its octets, without line feed and without one carriage return before it.
    pub octets: &'a [u8],
}

/// The lines of `octets`. A last line without a line feed counts; nothing after the last one does not.
pub fn lines(octets: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = octets;
    let mut number = 0_u32;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at_checked(end)?;
        rest = tail.get(1..).unwrap_or_default();
        number = number.saturating_add(1);
        Some(Line {
            number,
            octets: line.strip_suffix(b"\r").unwrap_or(line),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_every_kind() {
        let found: std::vec::Vec<_> = lines(b"a\r\n\nb")
            .map(|line| (line.number, line.octets))
            .collect();
        assert_eq!(found, [(1, &b"a"[..]), (2, b""), (3, b"b")]);
        assert_eq!(lines(b"").count(), 0);
        assert_eq!(lines(b"x\n").count(), 1);
    }
}
