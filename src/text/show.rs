//! Text on its way out: what can be shown, and who takes it.
//!
//! As [`core::fmt`], without columns and without failure: who takes the text keeps what went wrong.

use crate::packed::{Word, word};
use core::fmt;

/// Takes octets, piece by piece.
pub trait Take {
    /// Takes a piece.
    fn take(&mut self, octets: &[u8]);
}

/// Text for who takes it.
pub struct Text<'a>(pub &'a mut dyn Take);

impl Text<'_> {
    /// Octets as they are.
    #[inline(never)]
    pub fn put(&mut self, octets: &[u8]) {
        self.0.take(octets);
    }

    /// One octet.
    #[inline(never)]
    pub fn octet(&mut self, octet: u8) {
        self.put(&[octet]);
    }

    /// An octet, safe on a console and in a log: printable ASCII as it is, everything else as `\xNN`.
    #[inline(never)]
    pub fn safe_octet(&mut self, octet: u8) {
        match octet {
            0x20..=0x7e => self.octet(octet),
            _ => self.hex(word!("\\x"), octet),
        }
    }

    /// A word.
    #[inline(never)]
    pub fn word(&mut self, word: Word) {
        word.text().show(self);
    }

    /// A word and the value after it.
    #[inline(never)]
    pub fn show(&mut self, word: Word, value: &dyn Show) {
        self.word(word);
        value.show(self);
    }

    /// A word and a number after it.
    #[inline(never)]
    pub fn count(&mut self, word: Word, number: u32) {
        self.word(word);
        self.number(number.into(), 10);
    }

    /// A word and two hexadecimal digits after it.
    #[inline(never)]
    pub fn hex(&mut self, word: Word, octet: u8) {
        self.word(word);
        if octet < 0x10 {
            self.octet(b'0');
        }
        self.number(octet.into(), 16);
    }

    /// A number of base `radix`, at most 16.
    #[inline(never)]
    pub fn number(&mut self, number: u64, radix: u64) {
        let before = number.checked_div(radix).unwrap_or_default();
        if before != 0 {
            self.number(before, radix);
        }
        let digit = number.wrapping_sub(before.wrapping_mul(radix)) as u8;
        self.octet(match digit {
            0..=9 => digit.wrapping_add(b'0'),
            _ => digit.wrapping_add(b'a' - 10),
        });
    }
}

/// What can be shown.
pub trait Show {
    /// Passes what is written of it to `text`.
    fn show(&self, text: &mut Text<'_>);
}

impl Show for str {
    fn show(&self, text: &mut Text<'_>) {
        text.put(self.as_bytes());
    }
}

impl Show for u64 {
    fn show(&self, text: &mut Text<'_>) {
        text.number(*self, 10);
    }
}

impl Show for u32 {
    fn show(&self, text: &mut Text<'_>) {
        u64::from(*self).show(text);
    }
}

impl<S: Show + ?Sized> Show for &S {
    fn show(&self, text: &mut Text<'_>) {
        (**self).show(text);
    }
}

/// Nothing is shown of what is not there.
impl<S: Show> Show for Option<S> {
    fn show(&self, text: &mut Text<'_>) {
        if let Some(value) = self {
            value.show(text);
        }
    }
}

/// Octets in hexadecimal, two digits each, with colons between them.
pub struct Hex<'a>(pub &'a [u8]);

impl Show for Hex<'_> {
    fn show(&self, text: &mut Text<'_>) {
        let mut word = word!("");
        for octet in self.0 {
            text.hex(word, *octet);
            word = word!(":");
        }
    }
}

impl fmt::Display for dyn Show + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut displayed = Displayed {
            f,
            result: Ok(()),
            character: heapless::Vec::new(),
        };
        self.show(&mut Text(&mut displayed));
        displayed.result
    }
}

/// A text that is displayed.
struct Displayed<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    result: fmt::Result,
    /// One that came in part.
    character: heapless::Vec<u8, 4>,
}

impl Take for Displayed<'_, '_> {
    fn take(&mut self, octets: &[u8]) {
        for octet in octets {
            let _ = self.character.push(*octet);
            if let Ok(text) = str::from_utf8(&self.character) {
                self.result = self.result.and_then(|()| self.f.write_str(text));
                self.character.clear();
            }
        }
    }
}

/// [`fmt::Display`] of types that can be shown.
macro_rules! displayed {
    ($($name:ty),* $(,)?) => {$(
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (self as &dyn Show).fmt(f)
            }
        }
    )*};
}
pub(crate) use displayed;

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn written(value: &dyn Show) -> std::string::String {
        value.to_string()
    }

    #[test]
    fn numbers_have_no_zeros_before_them() {
        assert_eq!(written(&0_u32), "0");
        assert_eq!(written(&4_294_967_295_u32), "4294967295");
        assert_eq!(written(&u64::MAX), "18446744073709551615");
    }

    #[test]
    fn values_follow_their_words() {
        struct Octets(u8, u8);
        impl Show for Octets {
            fn show(&self, text: &mut Text<'_>) {
                text.hex(word!("\\x"), self.0);
                text.show(word!(" peer "), &Hex(&[self.1, 0]));
            }
        }
        assert_eq!(written(&Octets(0xa, 0xff)), "\\x0a peer ff:00");
    }
}
