//! Words of a kernel command line, as `next_arg` in the kernel's lib/cmdline.c splits them.
//!
//! Blanks separate; double quotes protect blanks and are taken off around a value or around a whole
//! word; the first `=` that is not the first octet ends the key; a word `--` ends the text. Every other
//! octet, NUL and non-ASCII included, is just an octet.

use super::parts;

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What stands before `=`, or the whole word.
    pub key: &'a [u8],
    /// What stands after `=`, without quotes around it; nothing, at the word's start, where there is no `=`.
    pub value: &'a [u8],
}

/// The words of a text, up to a word `--`.
#[derive(Clone, Debug)]
pub struct Words<'a>(pub &'a [u8]);

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let start = self.0.iter().position(|octet| !is_blank(*octet))?;
        let text = self.0.get(start..)?;
        let mut inside = false;
        let end = text.iter().position(|octet| {
            inside ^= *octet == b'"';
            !inside && is_blank(*octet)
        });
        let (whole, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.0 = rest;
        let (whole, is_quoted) = opened(whole);
        let (before, value) = parts::split(parts::slice(whole, 1, whole.len()), b'=');
        let key = parts::slice(whole, 0, before.len().wrapping_add(1));
        if let Some(value) = value {
            let (value, is_opened) = opened(value);
            let value = closed(value, is_quoted || is_opened);
            return Some(Word { key, value });
        }
        let key = closed(key, is_quoted);
        if key == b"--" {
            self.0 = b"";
            return None;
        }
        let value = parts::slice(key, 0, 0);
        Some(Word { key, value })
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
#[inline(always)]
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
        Words(text.as_bytes())
            .map(|word| (word.key.to_vec(), word.value.to_vec()))
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
                    let value = value.unwrap_or_default().as_bytes().to_vec();
                    (key.as_bytes().to_vec(), value)
                })
                .collect();
            assert_eq!(pairs(text), expected, "{text:?}");
        }
    }

    #[test]
    fn parts_are_those_of_the_text() {
        let text = b"quiet  ip=dhcp\r\n\tx=\"y z\" \"k=v\" bare";
        let at = |part: &[u8]| part.as_ptr() as usize - text.as_ptr() as usize;
        let places: Vec<_> = Words(text)
            .map(|word| (at(word.key), at(word.value)))
            .collect();
        assert_eq!(places, [(0, 0), (7, 10), (17, 20), (26, 28), (31, 31)]);
    }

    #[test]
    fn nothing_follows_the_end() {
        let mut iter = Words(b"-- a");
        assert_eq!((iter.next(), iter.next()), (None, None));
    }

    #[test]
    fn every_truncation_is_read() {
        for (text, _) in KERNEL {
            let octets = text.as_bytes();
            for end in 0..=octets.len() {
                assert!(Words(&octets[..end]).count() <= end);
            }
        }
    }
}
