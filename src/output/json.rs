//! A JSON writer (RFC 8259): a template with `%` where values go.
//!
//! All that texts of one form have in common is in the template, keys and `null`s included; the caller gives
//! values in order. What is between `<` and `>` is one item of an array, which is written as often as
//! there are [items](Json::item); the caller says when there are no [more](Json::end). Where `|` follows, no item
//! is null.

use crate::packed::{Packed, Word, word};
use crate::text::show::{Show, Take, Text, displayed};
use crate::text::utf8;

/// Writes one text.
pub struct Json<'w> {
    out: Text<'w>,
    template: Packed,
    /// How much of the template is written.
    at: usize,
}

impl<'w> Json<'w> {
    /// Nothing written yet.
    pub fn new(out: &'w mut dyn Take, template: Packed) -> Self {
        Json {
            out: Text(out),
            template,
            at: 0,
        }
    }

    /// Begins an item of the array that is under way, or that is the next value.
    #[inline(never)]
    pub fn item(&mut self) {
        if self.go_on() == Some(&b'>') {
            self.out.octet(b',');
            self.skip(BACK);
        }
    }

    /// Ends the array that is under way, or that is the next value and has no item.
    #[inline(never)]
    pub fn end(&mut self) {
        let is_empty = self.go_on() == Some(&b'<');
        if is_empty {
            self.skip(1);
        }
        if self.template.0.get(self.at) == Some(&b'|') {
            self.at = self.at.wrapping_add(1);
            if is_empty {
                self.out.word(word!("null"));
            }
        }
    }

    /// From the mark at hand to the one at the other end of the array, by steps of 1 or [`BACK`].
    #[inline(never)]
    fn skip(&mut self, step: usize) {
        let mut depth = 0_usize;
        self.at = self.at.wrapping_sub(1);
        while let Some(unit) = self.template.0.get(self.at) {
            match unit {
                b'<' => depth = depth.wrapping_add(step),
                b'>' => depth = depth.wrapping_sub(step),
                _ => {}
            }
            if depth == 0 {
                break;
            }
            self.at = self.at.wrapping_add(step);
        }
        self.at = self.at.wrapping_add(1);
    }

    /// A string.
    #[inline(never)]
    pub fn text(&mut self, value: &dyn Show) {
        self.word(word!("\""));
        escape(value, &mut self.out);
        self.out.octet(b'"');
    }

    /// A string that is one word.
    #[inline(never)]
    pub fn string(&mut self, word: Word) {
        self.packed(word.text());
    }

    /// A string that is packed.
    #[inline(never)]
    pub fn packed(&mut self, value: Packed) {
        self.text(&value);
    }

    /// A string, or null where nothing is shown.
    #[inline(never)]
    pub fn text_or_null(&mut self, value: &dyn Show) {
        match is_written_as(value, b"") {
            true => self.word(word!("null")),
            false => self.text(value),
        }
    }

    /// A number.
    #[inline(never)]
    pub fn number(&mut self, value: u64) {
        self.go_on();
        self.out.number(value, 10);
    }

    /// A number, or null.
    #[inline(never)]
    pub fn number_or_null(&mut self, value: Option<u32>) {
        match value {
            Some(value) => self.number(value.into()),
            None => self.word(word!("null")),
        }
    }

    /// What is JSON already.
    #[inline(always)]
    pub fn raw(&mut self, value: &dyn Show) {
        self.go_on();
        value.show(&mut self.out);
    }

    /// `true` or `false`.
    #[inline(never)]
    pub fn boolean(&mut self, value: bool) {
        self.word(if value { word!("true") } else { word!("false") });
    }

    /// A word of JSON, or what a string begins with.
    #[inline(never)]
    pub fn word(&mut self, word: Word) {
        self.go_on();
        self.out.word(word);
    }

    /// Writes the template up to its next mark, or to its end.
    #[inline(never)]
    pub fn go_on(&mut self) -> Option<&'static u8> {
        let rest = self.template.0.get(self.at..)?;
        let is_mark = |unit: &u8| matches!(unit, b'%' | b'<' | b'>');
        let len = rest.iter().position(is_mark).unwrap_or(rest.len());
        let (written, rest) = rest.split_at_checked(len)?;
        Packed(written).show(&mut self.out);
        self.at = self.at.wrapping_add(len).wrapping_add(1);
        rest.first()
    }
}

/// A step back.
const BACK: usize = usize::MAX;

/// Whether a value is written as `text`.
#[inline(never)]
pub fn is_written_as(value: &dyn Show, text: &[u8]) -> bool {
    let mut rest = Rest(Some(text));
    value.show(&mut Text(&mut rest));
    matches!(rest.0, Some([]))
}

/// What follows what was taken, in the text it began with.
struct Rest<'t>(Option<&'t [u8]>);

impl Take for Rest<'_> {
    fn take(&mut self, octets: &[u8]) {
        self.0 = self.0.and_then(|rest| rest.strip_prefix(octets));
    }
}

/// Whether `text` begins with a value as [`Json::text`] writes it, after its first quote.
pub fn begins_with(text: &[u8], value: &dyn Show) -> bool {
    let mut rest = Rest(Some(text));
    escape(value, &mut Text(&mut rest));
    rest.0.is_some_and(|rest| rest.starts_with(b"\""))
}

/// Passes what is written of a value on as it stands between quotes (RFC 8259 s.7).
#[inline(never)]
fn escape(value: &dyn Show, f: &mut Text<'_>) {
    value.show(&mut Text(&mut Escape(f)));
}

/// Passes octets on as they stand between quotes.
struct Escape<'a, 'w>(&'a mut Text<'w>);

impl Take for Escape<'_, '_> {
    fn take(&mut self, octets: &[u8]) {
        let is_escaped = |octet: &u8| matches!(octet, ..0x20 | b'"' | b'\\');
        let mut rest = octets;
        loop {
            let len = rest.iter().position(is_escaped).unwrap_or(rest.len());
            let (plain, after) = rest.split_at_checked(len).unwrap_or_default();
            self.0.put(plain);
            let Some((octet, after)) = after.split_first() else {
                return;
            };
            match octet {
                ..0x20 => self.0.hex(word!("\\u00"), *octet),
                _ => self.0.put(&[b'\\', *octet]),
            }
            rest = after;
        }
    }
}

displayed!(Octets<'_>);

/// Octets as they are where they are UTF-8, each other octet as the character of its number.
#[derive(Clone, Copy)]
pub struct Octets<'a>(pub &'a [u8]);

impl Show for Octets<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let mut rest = self.0;
        while let [octet, after @ ..] = rest {
            let len = utf8::character(rest);
            let (shown, after) = match rest.split_at_checked(len) {
                Some(parts) if len > 0 => parts,
                _ => (&[0xc0 | octet >> 6, 0x80 | octet & 0x3f][..], after),
            };
            f.put(shown);
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::packed;
    use std::string::ToString;

    #[test]
    fn commas_and_escapes() {
        let mut out = heapless::Vec::<u8, 256>::new();
        let mut view = out.as_mut_view();
        const TEMPLATE: Packed =
            packed!(r#"{"a":[<%>],"b":[<{"c":[<%>],"d":%}>],"e":[<%[<%>]>],"f":null}"#);
        let mut json = Json::new(&mut view, TEMPLATE);
        json.item();
        json.number(1);
        json.item();
        json.text(&Octets(b"q\"\\\n\x1f\xff"));
        json.end();
        for n in 0..3 {
            json.item();
            for n in 0..n {
                json.item();
                json.number(n);
            }
            json.end();
            json.text_or_null(&Some("x").filter(|_| n > 0));
        }
        json.end();
        json.end();
        json.go_on();
        assert_eq!(
            str::from_utf8(&out).unwrap(),
            "{\"a\":[1,\"q\\\"\\\\\\u000a\\u001f\u{ff}\"],\"b\":[{\"c\":[],\"d\":null},\
             {\"c\":[0],\"d\":\"x\"},{\"c\":[0,1],\"d\":\"x\"}],\"e\":[],\"f\":null}"
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
