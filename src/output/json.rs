//! A JSON writer (RFC 8259): templates with `%` where values go.
//!
//! What a text has in common with all others of its form is in the template, keys and `null`s included;
//! the caller gives values in order. An object ends with the last value of its template. `[%]` is an array:
//! values go into it until the caller ends it.

use crate::text::show::{Show, Text, displayed};

/// Writes one value. Nothing here fails: after an error of the writer below, it takes what comes and
/// drops it.
pub struct Json<'w> {
    out: Text<'w>,
    /// What is still to be written of each object and array that is not ended, the innermost last.
    open: heapless::Vec<&'static str, 8>,
}

/// What is to be written of an array that has a value, as often as there are more. Nothing follows its
/// `%`: so it stays, and so an object's template must not end with one.
const NEXT: &str = ",%";

impl<'w> Json<'w> {
    /// Nothing written yet.
    pub fn new(out: &'w mut dyn FnMut(&[u8])) -> Self {
        Json {
            out: Text(out),
            open: heapless::Vec::new(),
        }
    }

    /// Begins an object that is the next value.
    #[inline(never)]
    pub fn object(&mut self, template: &'static str) {
        self.word("");
        let _ = self.open.push(template);
    }

    /// Ends the array that is under way, or that is the next value and has none; then the outermost object.
    #[inline(never)]
    pub fn end(&mut self) {
        self.end_objects();
        if self
            .open
            .last()
            .is_some_and(|open| open.len() != NEXT.len())
        {
            self.before();
        }
        self.open.pop();
    }

    /// A string.
    #[inline(never)]
    pub fn text(&mut self, value: &dyn Show) {
        self.word("\"");
        self.out.show("", &Escaped(value));
        self.out.put(b"\"");
    }

    /// A string that is at hand.
    #[inline(never)]
    pub fn string(&mut self, value: &str) {
        self.text(&value);
    }

    /// A string, or null.
    #[inline(never)]
    pub fn text_or_null<T: Show>(&mut self, value: Option<&T>) {
        match value {
            Some(value) => self.text(value),
            None => self.word("null"),
        }
    }

    /// A number, or null.
    #[inline(never)]
    pub fn number_or_null(&mut self, value: Option<u32>) {
        match value {
            Some(value) => self.raw(&value),
            None => self.word("null"),
        }
    }

    /// What is JSON already: a number, or values with commas between them.
    #[inline(never)]
    pub fn raw(&mut self, value: &dyn Show) {
        self.word("");
        self.out.show("", value);
    }

    /// `true` or `false`.
    #[inline(never)]
    pub fn boolean(&mut self, value: bool) {
        self.word(if value { "true" } else { "false" });
    }

    /// Writes what comes before the next value, and `word`.
    #[inline(never)]
    fn word(&mut self, word: &str) {
        self.end_objects();
        self.before();
        self.out.put(word.as_bytes());
    }

    /// Writes what comes before the next value.
    #[inline(never)]
    fn before(&mut self) {
        if let Some(open) = self.open.last_mut()
            && let Some((before, rest)) = split(open)
        {
            self.out.put(before.as_bytes());
            if !rest.is_empty() {
                *open = rest;
            }
            if before.as_bytes().ends_with(b"[") {
                let _ = self.open.push(NEXT);
            }
        }
    }

    /// Ends the objects that have every value.
    #[inline(never)]
    fn end_objects(&mut self) {
        while let Some(open) = self.open.last()
            && split(open).is_none()
        {
            self.out.put(open.as_bytes());
            self.open.pop();
        }
    }
}

/// What stands before and after the first `%`.
#[inline(never)]
fn split(template: &'static str) -> Option<(&'static str, &'static str)> {
    let at = template.bytes().position(|octet| octet == b'%')?;
    let (before, rest) = template.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Passes what is written of a value to `each`, piece by piece.
#[inline(never)]
pub fn pieces(value: &dyn Show, each: &mut dyn FnMut(&[u8])) {
    value.show(&mut Text(each));
}

/// Whether a value is written as `text`.
pub fn is_written_as(value: &dyn Show, text: &[u8]) -> bool {
    after_written(value, text) == Some(b"")
}

/// What follows a value in `text`, if that begins with what is written of the value.
#[inline(never)]
fn after_written<'t>(value: &dyn Show, text: &'t [u8]) -> Option<&'t [u8]> {
    let mut rest = Some(text);
    pieces(value, &mut |piece| {
        rest = rest.and_then(|rest| rest.strip_prefix(piece));
    });
    rest
}

/// Whether `text` begins with a value as [`Json::text`] writes it, after its first quote.
#[inline(never)]
pub fn begins_with(text: &[u8], value: &dyn Show) -> bool {
    after_written(&Escaped(value), text).is_some_and(|rest| rest.starts_with(b"\""))
}

/// A value as it stands between quotes (RFC 8259 s.7).
struct Escaped<'a>(&'a dyn Show);

impl Show for Escaped<'_> {
    fn show(&self, f: &mut Text<'_>) {
        pieces(self.0, &mut |piece| {
            for octet in piece {
                if matches!(octet, b'"' | b'\\') {
                    f.octet(b'\\');
                }
                match octet {
                    ..0x20 => f.hex("\\u00", *octet),
                    _ => f.octet(*octet),
                }
            }
        });
    }
}

displayed!(Octets<'_>);

/// Octets as they are where they are UTF-8, each other octet as the character of its number.
#[derive(Clone, Copy)]
pub struct Octets<'a>(pub &'a [u8]);

impl Show for Octets<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let mut rest = self.0;
        loop {
            let valid = match str::from_utf8(rest) {
                Ok(_) => return f.put(rest),
                Err(error) => error.valid_up_to(),
            };
            let (text, wrong) = rest.split_at_checked(valid).unwrap_or_default();
            f.put(text);
            let Some((octet, after)) = wrong.split_first() else {
                return;
            };
            f.put(&[0xc0 | octet >> 6, 0x80 | octet & 0x3f]);
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn commas_and_escapes() {
        let mut out = Vec::new();
        let mut each = |piece: &[u8]| out.extend_from_slice(piece);
        let mut json = Json::new(&mut each);
        json.object(r#"{"a":[%],"b":%,"c":[%],"d":null}"#);
        json.raw(&1_u32);
        json.text(&Octets(b"q\"\\\n\x1f\xff"));
        json.object(r#"{"x":%}"#);
        json.boolean(true);
        json.object("{}");
        json.end();
        json.number_or_null(None);
        json.raw(&"2,3");
        json.end();
        json.end();
        assert_eq!(
            str::from_utf8(&out).unwrap(),
            "{\"a\":[1,\"q\\\"\\\\\\u000a\\u001f\u{ff}\",{\"x\":true},{}],\"b\":null,\"c\":[2,3],\"d\":null}"
        );
    }

    #[test]
    fn octets_that_are_no_utf8_are_shown_one_by_one() {
        assert_eq!(
            Octets("a\u{e9}\u{1f600}".as_bytes()).to_string(),
            "a\u{e9}\u{1f600}"
        );
        assert_eq!(
            Octets(b"\xe2\x82A\xf0\x90\x80\xff").to_string(),
            "\u{e2}\u{82}A\u{f0}\u{90}\u{80}\u{ff}"
        );
    }
}
