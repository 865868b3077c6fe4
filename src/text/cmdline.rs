//! Words of a kernel command line, as `next_arg` in the kernel's lib/cmdline.c splits them.
//!
//! Blanks separate; double quotes protect blanks and are taken off around a value or around a whole
//! word; the first `=` that is not the first octet ends the key; a word `--` ends the text. Every other
//! octet, NUL and non-ASCII included, is just an octet.

use memchr::memchr;

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
        line: 1,
        line_start: 0,
        line_text: b"",
    };
    words.line_text = words.rest_of_line();
    words
}

/// See [`words`].
#[derive(Clone, Debug)]
pub struct Words<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
    line_text: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        while is_blank(self.peek()?) {
            self.advance();
        }
        let (line, line_text) = (self.line, self.line_text);
        let first_column = self.at.saturating_sub(self.line_start);
        let is_quoted = self.peek() == Some(b'"');
        if is_quoted {
            self.advance();
        }
        let start = self.at;
        let equals = self.scan(is_quoted);
        let body = self.text.get(start..self.at).unwrap_or_default();
        let (key, value) = match equals.and_then(|at| body.split_at_checked(at)) {
            Some((key, value)) => (key, Some(value.get(1..).unwrap_or_default())),
            None if is_quoted => (body.strip_suffix(b"\"").unwrap_or(body), None),
            None => (body, None),
        };
        if key == b"--" && value.is_none() {
            self.at = self.text.len();
            return None;
        }
        let mut skipped = if value.is_some() {
            usize::from(is_quoted)
                .saturating_add(key.len())
                .saturating_add(1)
        } else {
            0
        };
        let value = value.map(|value| match value.strip_prefix(b"\"") {
            Some(inside) => {
                skipped = skipped.saturating_add(1);
                inside.strip_suffix(b"\"").unwrap_or(inside)
            }
            None if is_quoted => value.strip_suffix(b"\"").unwrap_or(value),
            None => value,
        });
        Some(Word {
            key,
            value,
            line,
            column: column(first_column),
            value_column: column(first_column.saturating_add(skipped)),
            text: line_text,
        })
    }
}

impl<'a> Words<'a> {
    /// Goes to the end of the word; says where its `=` is, counted from here.
    fn scan(&mut self, is_quoted: bool) -> Option<usize> {
        let start = self.at;
        let mut inside = is_quoted;
        let mut equals = None;
        while let Some(octet) = self.peek() {
            match octet {
                b'"' => inside = !inside,
                b'=' if equals.is_none() && self.at > start => {
                    equals = Some(self.at.saturating_sub(start));
                }
                _ if !inside && is_blank(octet) => break,
                _ => {}
            }
            self.advance();
        }
        equals
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn advance(&mut self) {
        let ends_line = self.peek() == Some(b'\n');
        self.at = self.at.saturating_add(1);
        if ends_line {
            self.line = self.line.saturating_add(1);
            self.line_start = self.at;
            self.line_text = self.rest_of_line();
        }
    }

    /// Looked for once a line, so that the whole stays linear.
    fn rest_of_line(&self) -> &'a [u8] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

/// `isspace` of the C locale.
fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t'..=b'\r')
}

/// A count of octets as a column.
fn column(octets: usize) -> u32 {
    u32::try_from(octets).map_or(u32::MAX, |octets| octets.saturating_add(1))
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
