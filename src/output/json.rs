//! A JSON writer (RFC 8259): a template with `%` where values go.
//!
//! What a text has in common with all others of its form is in the template, keys and `null`s included;
//! the caller gives values in order, and arrays value by value.

use core::fmt::{self, Display, Write};

/// Writes one object. The writer below keeps its own errors: after one, it takes what comes and drops it.
pub struct Json<'w> {
    out: &'w mut dyn Write,
    /// What is still to be written of the template.
    template: &'static str,
    place: Place,
}

/// Where the next value goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the template's next `%`.
    Template,
    /// Into an array that is empty.
    First,
    /// Into an array, after another value.
    Later,
}

impl<'w> Json<'w> {
    /// Begins an object.
    pub fn new(out: &'w mut dyn Write, template: &'static str) -> Self {
        Json {
            out,
            template,
            place: Place::Template,
        }
    }

    /// Ends the object.
    pub fn close(self) {
        let _ = self.out.write_str(self.template);
    }

    /// Begins an object that is the next value.
    pub fn object(&mut self, template: &'static str) -> Json<'_> {
        self.advance();
        Json::new(self.out, template)
    }

    /// Begins an array that is the next value: until its [`end`](Self::end), values go into it.
    pub fn array(&mut self) {
        self.advance();
        self.place = Place::First;
    }

    /// Ends an array.
    pub fn end(&mut self) {
        self.place = Place::Template;
    }

    /// Adds values to an array that are JSON already, each after a comma.
    pub fn after_comma(&mut self, values: &[u8]) {
        let skipped = usize::from(self.place == Place::First);
        let _ = show(self.out, &Octets(values.get(skipped..).unwrap_or_default()));
    }

    /// A string.
    pub fn text(&mut self, value: &dyn Display) {
        self.advance();
        let _ = self.out.write_str("\"");
        let _ = show(&mut Escape(self.out), value);
        let _ = self.out.write_str("\"");
    }

    /// A string, or null.
    pub fn text_or_null(&mut self, value: Option<&dyn Display>) {
        match value {
            Some(value) => self.text(value),
            None => self.word("null"),
        }
    }

    /// A number, or null.
    pub fn number_or_null(&mut self, value: Option<u32>) {
        match value {
            Some(value) => self.number(u64::from(value)),
            None => self.word("null"),
        }
    }

    /// A number.
    pub fn number(&mut self, value: u64) {
        self.advance();
        let _ = show(self.out, &value);
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) {
        self.word(if value { "true" } else { "false" });
    }

    fn word(&mut self, word: &str) {
        self.advance();
        let _ = self.out.write_str(word);
    }

    /// Writes what comes before the next value.
    fn advance(&mut self) {
        let before = match self.place {
            Place::Template => {
                let at = self
                    .template
                    .bytes()
                    .position(|octet| octet == b'%')
                    .unwrap_or(self.template.len());
                let (before, rest) = self.template.split_at_checked(at).unwrap_or_default();
                self.template = rest.get(1..).unwrap_or_default();
                before
            }
            Place::First => {
                self.place = Place::Later;
                ""
            }
            Place::Later => ",",
        };
        let _ = self.out.write_str(before);
    }
}

/// An optional value as [`Json::text_or_null`] takes it.
pub fn shown<T: Display>(value: &Option<T>) -> Option<&dyn Display> {
    value.as_ref().map(|value| value as &dyn Display)
}

/// Writes one value.
pub fn show(out: &mut dyn Write, value: &dyn Display) -> fmt::Result {
    write!(out, "{value}")
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
            let (before, shown) = match character {
                '"' | '\\' => ("\\", character),
                '\0'..='\x0f' => ("\\u000", hex(character)),
                '\x10'..='\x1f' => ("\\u001", hex(character)),
                _ => ("", character),
            };
            self.0.write_str(before)?;
            self.0.write_char(shown)?;
        }
        Ok(())
    }
}

/// The last hexadecimal digit of a character's number.
fn hex(character: char) -> char {
    char::from_digit(u32::from(character) & 15, 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn commas_and_escapes() {
        let mut out = String::new();
        let mut json = Json::new(&mut out, r#"{"a":[%],"b":%,"c":[%],"d":null}"#);
        json.array();
        json.number(1);
        json.text(&Octets(b"q\"\\\n\x1f\xff"));
        let mut object = json.object(r#"{"x":%}"#);
        object.boolean(true);
        object.close();
        json.end();
        json.number_or_null(None);
        json.array();
        json.after_comma(b",2,3");
        json.end();
        json.close();
        assert_eq!(
            out,
            "{\"a\":[1,\"q\\\"\\\\\\u000a\\u001f\u{ff}\",{\"x\":true}],\"b\":null,\"c\":[2,3],\"d\":null}"
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
