//! Words of a kernel command line, as `next_arg` in the kernel's lib/cmdline.c splits them.
//!
//! Blanks separate; double quotes protect blanks and are taken off around a value or around a whole
//! word; the first `=` that is not the first octet ends the key; a word `--` ends the text. Every other
//! octet, NUL and non-ASCII included, is just an octet.

use super::lines::{self, Line};
use super::parts;

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What stands before `=`, or the whole word.
    pub key: &'a [u8],
    /// What stands after `=`, without quotes around it; nothing, at the word's start, where there is no `=`.
    pub value: &'a [u8],
    /// The line it begins on.
    pub line: Line<'a>,
}

/// The words of `text`, up to a word `--`.
#[inline(never)]
pub fn words(text: &[u8]) -> Words<'_> {
    let mut words = Words {
        rest: text,
        line: Line::NONE,
    };
    words.begin_line();
    words
}

/// See [`words`].
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a [u8],
    line: Line<'a>,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<Word<'a>> {
        while is_blank(*self.rest.first()?) {
            self.advance();
        }
        let (start, line) = (self.rest, self.line);
        let mut inside = false;
        while let Some(octet) = self.rest.first()
            && (inside || !is_blank(*octet))
        {
            inside ^= *octet == b'"';
            self.advance();
        }
        let len = start.len().wrapping_sub(self.rest.len());
        let (whole, is_quoted) = opened(parts::slice(start, 0, len));
        let mut word = Word {
            key: whole,
            value: whole.get(..0).unwrap_or_default(),
            line,
        };
        let (before, value) = parts::split(parts::slice(whole, 1, len), b'=');
        if let Some(value) = value {
            word.key = parts::slice(whole, 0, before.len().wrapping_add(1));
            let (value, is_opened) = opened(value);
            word.value = closed(value, is_quoted || is_opened);
        } else {
            word.key = closed(whole, is_quoted);
            if word.key == b"--" {
                self.rest = b"";
                return None;
            }
        }
        Some(word)
    }
}

impl Words<'_> {
    #[inline(never)]
    fn advance(&mut self) {
        if self.rest.split_off_first() == Some(&b'\n') {
            self.begin_line();
        }
    }

    /// The line's octets are looked for once a line, so that the whole stays linear.
    #[inline(never)]
    fn begin_line(&mut self) {
        self.line.number = self.line.number.wrapping_add(1);
        self.line.octets = lines::first(self.rest);
    }
}

/// `text` without a quote at its start, and whether there was one.
fn opened(text: &[u8]) -> (&[u8], bool) {
    match text {
        [b'"', inside @ ..] => (inside, true),
        _ => (text, false),
    }
}

/// `text` without the quote at its end where it `is_quoted`.
fn closed(text: &[u8], is_quoted: bool) -> &[u8] {
    match text {
        [inside @ .., b'"'] if is_quoted => inside,
        _ => text,
    }
}

/// `isspace` of the C locale.
fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    type Pair<'a> = (&'a str, Option<&'a str>);

    fn pairs(text: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        words(text.as_bytes())
            .map(|word| (word.key.to_vec(), word.value.to_vec()))
            .collect()
    }

    fn column(word: &Word<'_>, part: &[u8]) -> usize {
        part.as_ptr() as usize - word.line.octets.as_ptr() as usize + 1
    }

    /// What `next_arg` and `parse_args` of Linux 6.12 make of the same octets.
    const KERNEL: &[(&str, &[Pair<'_>])] = &[
        ("", &[]),
        (" \t\r\n\x0b\x0c", &[]),
        ("a b=c", &[("a", None), ("b", Some("c"))]),
        ("a=", &[("a", Some(""))]),
        ("a=b=c", &[("a", Some("b=c"))]),
        ("=", &[("=", None)]),
        ("=a", &[("=a", None)]),
        ("=a=b", &[("=a", Some("b"))]),
        ("a=\"b c\" d", &[("a", Some("b c")), ("d", None)]),
        ("\"a=b c\" d", &[("a", Some("b c")), ("d", None)]),
        ("\"a b\" c", &[("a b", None), ("c", None)]),
        ("a=b\"c d\"e", &[("a", Some("b\"c d\"e"))]),
        ("a=\"b\"c", &[("a", Some("b\"c"))]),
        ("a=\"", &[("a", Some(""))]),
        ("a=\"b c", &[("a", Some("b c"))]),
        ("\"a=\"b\"", &[("a", Some("b"))]),
        ("\"", &[("", None)]),
        ("\"\"", &[("", None)]),
        ("a -- b", &[("a", None)]),
        ("a \"--\" b", &[("a", None)]),
        (
            "a --b --=c",
            &[("a", None), ("--b", None), ("--", Some("c"))],
        ),
        (
            "h\u{e9}=\u{e9} b",
            &[("h\u{e9}", Some("\u{e9}")), ("b", None)],
        ),
        ("a\0b=c\0 d", &[("a\0b", Some("c\0")), ("d", None)]),
        ("a\nb\r\nc", &[("a", None), ("b", None), ("c", None)]),
    ];

    #[test]
    fn words_are_the_kernels() {
        for (text, expected) in KERNEL {
            let expected: Vec<_> = expected
                .iter()
                .map(|(key, value)| {
                    let value = value.unwrap_or_default().as_bytes().to_vec();
                    (key.as_bytes().to_vec(), value)
                })
                .collect();
            assert_eq!(pairs(text), expected, "{text:?}");
        }
    }

    #[test]
    fn places_are_those_of_word_and_value() {
        let text = b"quiet  ip=dhcp\r\n\tx=\"y z\" \"k=v\" bare";
        let places: Vec<_> = words(text)
            .map(|word| {
                (
                    word.line.number,
                    column(&word, word.key),
                    column(&word, word.value),
                )
            })
            .collect();
        assert_eq!(
            places,
            [(1, 1, 1), (1, 8, 11), (2, 2, 5), (2, 11, 13), (2, 16, 16)]
        );
        let lines: Vec<_> = words(text).map(|word| word.line.octets).collect();
        assert_eq!(lines.first(), Some(&&b"quiet  ip=dhcp"[..]));
        assert_eq!(lines.last(), Some(&&b"\tx=\"y z\" \"k=v\" bare"[..]));
    }

    #[test]
    fn a_quoted_line_feed_counts_for_what_follows() {
        let places: Vec<_> = words(b"a=\"b\nc\" d")
            .map(|word| (word.line.number, column(&word, word.key)))
            .collect();
        assert_eq!(places, [(1, 1), (2, 4)]);
    }

    #[test]
    fn nothing_follows_the_end() {
        let mut iter = words(b"-- a");
        assert_eq!((iter.next(), iter.next()), (None, None));
    }

    #[test]
    fn every_truncation_is_read() {
        for (text, _) in KERNEL {
            let octets = text.as_bytes();
            for end in 0..=octets.len() {
                assert!(words(&octets[..end]).count() <= end);
            }
        }
    }
}
