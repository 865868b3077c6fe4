//! Text taken apart at an octet, and lists of words written as one text.

use super::steps::step;

/// What stands before the next `separator` in `rest`, which keeps what stands after it. `None` once
/// nothing is left, not even an empty part.
#[inline(never)]
pub fn next<'t>(rest: &mut Option<&'t [u8]>, separator: u8) -> Option<&'t [u8]> {
    let text = (*rest)?;
    let end = text.iter().position(|octet| *octet == separator);
    let (part, tail) = text.split_at_checked(end.unwrap_or(text.len()))?;
    step(part.len());
    *rest = tail.get(1..);
    Some(part)
}

/// As [`next`]; empty where nothing is left.
#[inline(never)]
pub fn take<'t>(rest: &mut Option<&'t [u8]>, separator: u8) -> &'t [u8] {
    next(rest, separator).unwrap_or_default()
}

/// Both sides of the first `separator`; without one the second is `None`.
#[inline(always)]
pub fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut rest = Some(text);
    let part = take(&mut rest, separator);
    (part, rest)
}

/// What stands behind the first `separator`.
#[inline(never)]
pub fn after(text: &[u8], separator: u8) -> Option<&[u8]> {
    let mut rest = Some(text);
    next(&mut rest, separator);
    rest
}

/// The part with `n` others before it; empty where there is none.
#[inline(never)]
pub fn nth(text: &[u8], separator: u8, n: usize) -> &[u8] {
    let mut rest = Some(text);
    for _ in 0..n {
        next(&mut rest, separator);
    }
    take(&mut rest, separator)
}

/// What stands from `at` on, at most `len` octets of it.
#[inline(never)]
pub fn slice(text: &[u8], at: usize, len: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    rest.get(..len).unwrap_or(rest)
}

/// What follows `prefix` in `text`, if that begins so.
#[inline(never)]
pub fn strip<'t>(text: &'t [u8], prefix: &[u8]) -> Option<&'t [u8]> {
    text.strip_prefix(prefix)
}

/// `text` without `prefix`, if it begins so.
#[inline(never)]
pub fn without<'t>(text: &'t [u8], prefix: &[u8]) -> &'t [u8] {
    strip(text, prefix).unwrap_or(text)
}

/// What is a blank here.
#[inline(never)]
fn is_blank(octet: &u8) -> bool {
    octet.is_ascii_whitespace()
}

/// `text` without blanks in front. Each crate would have its own copy of the standard library's.
#[inline(never)]
pub fn trim_start(mut text: &[u8]) -> &[u8] {
    while let Some((first, rest)) = text.split_first()
        && is_blank(first)
    {
        text = rest;
    }
    text
}

/// `text` without blanks around it.
#[inline(never)]
pub fn trim(text: &[u8]) -> &[u8] {
    let mut text = trim_start(text);
    while let Some((last, rest)) = text.split_last()
        && is_blank(last)
    {
        text = rest;
    }
    text
}

/// The next word between blanks.
#[inline(never)]
pub fn next_word<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    let text = trim_start(rest);
    let end = text.iter().position(is_blank);
    let (word, tail) = text.split_at_checked(end.unwrap_or(text.len()))?;
    *rest = tail;
    (!word.is_empty()).then_some(word)
}

/// Whether an octet is a letter of ASCII, a digit, or one of `others`.
#[inline(never)]
pub fn is_plain(octet: u8, others: &[u8]) -> bool {
    octet.is_ascii_alphanumeric() || has(others, octet)
}

/// Whether two words are the same in any case.
#[inline(never)]
pub fn is_same_in_any_case(one: &[u8], other: &[u8]) -> bool {
    let mut octets = one.iter().zip(other);
    one.len() == other.len() && octets.all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// Whether two words are the same. Where one is constant, comparing them in place takes more room.
#[inline(never)]
pub fn is(one: &[u8], other: &[u8]) -> bool {
    one == other
}

/// Whether an octet is in `text`.
#[inline(never)]
pub fn has(text: &[u8], octet: u8) -> bool {
    after(text, octet).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_may_be_empty() {
        for (text, parts) in [
            ("", &[""][..]),
            ("a", &["a"]),
            (",a,,b,", &["", "a", "", "b", ""]),
        ] {
            let mut rest = Some(text.as_bytes());
            for (n, part) in parts.iter().enumerate() {
                assert_eq!(nth(text.as_bytes(), b',', n), part.as_bytes());
                assert_eq!(next(&mut rest, b','), Some(part.as_bytes()));
            }
            assert_eq!(next(&mut rest, b','), None);
            assert_eq!(nth(text.as_bytes(), b',', parts.len()), b"");
        }
    }

    #[test]
    fn words_stand_between_blanks() {
        let mut rest = &b" a  bc\t"[..];
        for word in [Some(&b"a"[..]), Some(b"bc"), None, None] {
            assert_eq!(next_word(&mut rest), word);
        }
    }
}
