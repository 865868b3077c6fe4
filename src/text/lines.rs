//! Lines of a text file, with their numbers.

use super::parts;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u32,
    /// Its octets, without line feed and without one carriage return before it.
    pub octets: &'a [u8],
}

impl Line<'_> {
    /// None, where a file as a whole is meant.
    pub const NONE: Line<'static> = Line {
        number: 0,
        octets: b"",
    };
}

/// The lines of `octets`. A last line without a line feed counts; nothing after the last one does not.
pub fn lines(octets: &[u8]) -> Lines<'_> {
    Lines {
        rest: octets,
        number: 0,
    }
}

/// The octets of the first line; none where there is no line.
pub fn first(mut octets: &[u8]) -> &[u8] {
    split_off(&mut octets)
}

/// Takes the first line off.
#[inline(never)]
fn split_off<'a>(octets: &mut &'a [u8]) -> &'a [u8] {
    let mut rest = Some(*octets);
    let line = parts::take(&mut rest, b'\n');
    *octets = rest.unwrap_or_default();
    match line {
        [line @ .., b'\r'] => line,
        _ => line,
    }
}

/// See [`lines`].
pub struct Lines<'a> {
    rest: &'a [u8],
    number: u32,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        self.number = self.number.saturating_add(1);
        Some(Line {
            number: self.number,
            octets: split_off(&mut self.rest),
        })
    }
}

/// Offsets, lengths and columns in a text, which has at most [`crate::limits::MAX_FILE_OCTETS`].
pub fn short(number: usize) -> u32 {
    number as u32
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
