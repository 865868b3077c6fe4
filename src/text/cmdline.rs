//! Words of a kernel command line, as `next_arg` in the kernel's lib/cmdline.c splits them.
//!
//! Blanks separate; double quotes protect blanks and are taken off around a value or around a whole
//! word; the first `=` that is not the first octet ends the key; a word `--` ends the text. Every other
//! octet, NUL and non-ASCII included, is just an octet.

use super::lines::{lines, short};

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What stands before `=`, or the whole word.
    pub key: &'a [u8],
    /// What stands after `=`, without quotes around it.
    pub value: Option<&'a [u8]>,
    /// Line the word begins on, from 1.
    pub line: u32,
    /// Column in octets of the word, from 1.
    pub column: u32,
    /// Column in octets of the value, quotes not included; of the word where there is no value.
    pub value_column: u32,
    /// The line's octets.
    pub text: &'a [u8],
}

/// The words of `text`, up to a word `--`.
pub fn words(text: &[u8]) -> Words<'_> {
    let mut words = Words {
        text,
        at: 0,
        line: 0,
        line_at: 0,
        line_text: b"",
    };
    words.begin_line();
    words
}

/// See [`words`].
#[derive(Clone, Debug)]
pub struct Words<'a> {
    text: &'a [u8],
    at: usize,
    /// Number, offset and octets of the line.
    line: u32,
    line_at: usize,
    line_text: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<Word<'a>> {
        while is_blank(self.peek()?) {
            self.advance();
        }
        let (line, line_at, text) = (self.line, self.line_at, self.line_text);
        let column = |at: usize| short(at.wrapping_sub(line_at).wrapping_add(1));
        let first_column = column(self.at);
        let mut is_quoted = self.peek() == Some(b'"');
        if is_quoted {
            self.advance();
        }
        let start = self.at;
        let mut equals = None;
        let mut inside = is_quoted;
        while let Some(octet) = self.peek() {
            match octet {
                b'"' => inside = !inside,
                b'=' if self.at > start => equals = equals.or(Some(self.at)),
                _ if !inside && is_blank(octet) => break,
                _ => {}
            }
            self.advance();
        }
        let whole = self.text.get(start..self.at)?;
        let mut word = Word {
            key: whole,
            value: None,
            line,
            column: first_column,
            value_column: first_column,
            text,
        };
        if let Some(equals) = equals {
            let mut value_at = equals.wrapping_add(1);
            word.key = self.text.get(start..equals)?;
            if self.text.get(value_at..self.at)?.starts_with(b"\"") {
                value_at = value_at.wrapping_add(1);
                is_quoted = true;
            }
            word.value = Some(without_quote(self.text.get(value_at..self.at)?, is_quoted));
            word.value_column = column(value_at);
        } else {
            word.key = without_quote(whole, is_quoted);
            if word.key == b"--" {
                self.at = self.text.len();
                return None;
            }
        }
        Some(word)
    }
}

impl Words<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline(never)]
    fn advance(&mut self) {
        let ends_line = self.peek() == Some(b'\n');
        self.at = self.at.wrapping_add(1);
        if ends_line {
            self.begin_line();
        }
    }

    /// The line's octets are looked for once a line, so that the whole stays linear.
    #[inline(never)]
    fn begin_line(&mut self) {
        self.line = self.line.wrapping_add(1);
        self.line_at = self.at;
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.line_text = lines(rest).next().map_or(b"", |line| line.octets);
    }
}

/// `text` without the quote at its end where it `is_quoted`.
fn without_quote(text: &[u8], is_quoted: bool) -> &[u8] {
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

    fn pairs(text: &str) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        words(text.as_bytes())
            .map(|word| (word.key.to_vec(), word.value.map(<[u8]>::to_vec)))
            .collect()
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
                    let value = value.map(|value| value.as_bytes().to_vec());
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
            .map(|word| (word.line, word.column, word.value_column))
            .collect();
        assert_eq!(
            places,
            [(1, 1, 1), (1, 8, 11), (2, 2, 5), (2, 10, 13), (2, 16, 16)]
        );
        let lines: Vec<_> = words(text).map(|word| word.text).collect();
        assert_eq!(lines.first(), Some(&&b"quiet  ip=dhcp"[..]));
        assert_eq!(lines.last(), Some(&&b"\tx=\"y z\" \"k=v\" bare"[..]));
    }

    #[test]
    fn a_quoted_line_feed_counts_for_what_follows() {
        let places: Vec<_> = words(b"a=\"b\nc\" d")
            .map(|word| (word.line, word.column))
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
