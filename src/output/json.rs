//! A JSON writer (RFC 8259): templates with `%` where values go.
//!
//! What a text has in common with all others of its form is in the template, keys and `null`s included;
//! the caller gives values in order. An object ends with the last value of its template, an array where
//! the caller says so.

use crate::diag::put_octet;
use core::fmt::{self, Display, Write};

/// Writes one value. Nothing here fails: after an error of the writer below, it takes what comes and
/// drops it.
pub struct Json<'w> {
    out: &'w mut dyn Write,
    /// The objects and arrays begun and not ended, the innermost last.
    open: heapless::Vec<Open, 8>,
}

/// An object or array that is not ended.
struct Open {
    /// What is still to be written: an object's template, or what goes before an array's next value.
    rest: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
}

impl<'w> Json<'w> {
    /// Nothing written yet.
    pub fn new(out: &'w mut dyn Write) -> Self {
        Json {
            out,
            open: heapless::Vec::new(),
        }
    }

    /// Begins an object that is the next value.
    pub fn object(&mut self, template: &'static str) {
        self.begin(template, Kind::Object);
    }

    /// Begins an array that is the next value: until its [`end`](Self::end), values go into it.
    pub fn array(&mut self) {
        self.begin("%", Kind::Array);
    }

    /// Ends an array, or the outermost object.
    pub fn end(&mut self) {
        self.end_objects();
        self.open.pop();
    }

    /// A string.
    #[inline(never)]
    pub fn text(&mut self, value: &dyn Display) {
        self.word("\"");
        let _ = show(&mut Escape(self.out), value);
        let _ = self.out.write_str("\"");
    }

    /// A string that is at hand.
    #[inline(never)]
    pub fn string(&mut self, value: &str) {
        self.text(&value);
    }

    /// A string, or null.
    #[inline(never)]
    pub fn text_or_null<T: Display>(&mut self, value: Option<&T>) {
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
    pub fn raw(&mut self, value: &dyn Display) {
        self.word("");
        let _ = show(self.out, value);
    }

    /// `true` or `false`.
    #[inline(never)]
    pub fn boolean(&mut self, value: bool) {
        self.word(if value { "true" } else { "false" });
    }

    #[inline(never)]
    fn begin(&mut self, rest: &'static str, kind: Kind) {
        self.word("");
        let _ = self.open.push(Open { rest, kind });
    }

    /// Writes what comes before the next value, and `word`.
    #[inline(never)]
    fn word(&mut self, word: &str) {
        self.end_objects();
        if let Some(open) = self.open.last_mut()
            && let Some((before, rest)) = split(open.rest)
        {
            let _ = self.out.write_str(before);
            open.rest = match open.kind {
                Kind::Object => rest,
                Kind::Array => ",%",
            };
        }
        let _ = self.out.write_str(word);
    }

    /// Ends the objects that have every value.
    #[inline(never)]
    fn end_objects(&mut self) {
        while let Some(open) = self.open.last()
            && split(open.rest).is_none()
        {
            let _ = self.out.write_str(open.rest);
            self.open.pop();
        }
    }
}

/// What stands before and after the first `%`.
#[inline(never)]
fn split(template: &'static str) -> Option<(&'static str, &'static str)> {
    let at = template.bytes().position(|octet| octet == b'%')?;
    Some((template.get(..at)?, template.get(at.wrapping_add(1)..)?))
}

/// Writes one value.
#[inline(never)]
pub fn show(out: &mut dyn Write, value: &dyn Display) -> fmt::Result {
    write!(out, "{value}")
}

/// Whether a value is written as `text`.
#[inline(never)]
pub fn is_written_as(value: &dyn Display, text: &[u8]) -> bool {
    let mut compare = Compare(Some(text));
    let _ = show(&mut compare, value);
    compare.0 == Some(b"")
}

/// Compares what is written with octets; ends as `Some("")` where they are equal.
struct Compare<'a>(Option<&'a [u8]>);

impl Write for Compare<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.and_then(|rest| rest.strip_prefix(text.as_bytes()));
        Ok(())
    }
}

/// Octets as they are where they are UTF-8, each other octet as the character of its number.
#[derive(Clone, Copy)]
pub struct Octets<'a>(pub &'a [u8]);

impl Display for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        loop {
            let valid = match str::from_utf8(rest) {
                Ok(text) => return f.write_str(text),
                Err(error) => error.valid_up_to(),
            };
            let (text, wrong) = rest.split_at_checked(valid).unwrap_or_default();
            f.write_str(str::from_utf8(text).unwrap_or_default())?;
            let Some((octet, after)) = wrong.split_first() else {
                return Ok(());
            };
            f.write_char(char::from(*octet))?;
            rest = after;
        }
    }
}

/// Escapes what passes through.
struct Escape<'w>(&'w mut dyn Write);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if matches!(character, '"' | '\\') {
                self.0.write_char('\\')?;
            }
            match character {
                '\0'..='\x1f' => put_octet(self.0, "\\u00", character as u8)?,
                _ => self.0.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn commas_and_escapes() {
        let mut out = String::new();
        let mut json = Json::new(&mut out);
        json.object(r#"{"a":[%],"b":%,"c":[%],"d":null}"#);
        json.array();
        json.raw(&1);
        json.text(&Octets(b"q\"\\\n\x1f\xff"));
        json.object(r#"{"x":%}"#);
        json.boolean(true);
        json.object("{}");
        json.end();
        json.number_or_null(None);
        json.array();
        json.raw(&"2,3");
        json.end();
        json.end();
        assert_eq!(
            out,
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
