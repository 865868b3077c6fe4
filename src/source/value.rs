//! What may be asked of the value of a key, and what is said about it.

use super::Context;
use super::assignments::{Value, short};
use super::complaint::{Complaint, What, complain_at};
use super::key_table::Names;
use crate::diag::{Effect, Escaped, Problem, Severity};
use crate::model::addr::{Family, classful_len};
use crate::text::scalar;
use core::net::Ipv4Addr;

impl<'v> Value<'v> {
    /// Complains about the value.
    pub fn complain(self, complaint: Complaint, cx: &mut Context<'_, '_>) {
        self.complain_of(self.octets(), complaint, cx);
    }

    /// Complains about a part of the value.
    pub fn complain_of(self, part: &[u8], complaint: Complaint, cx: &mut Context<'_, '_>) {
        let place = self.place();
        complain_at(place, &Escaped(self.name()), part, complaint, cx);
    }

    /// What `parse` makes of it, or a complaint and `None`.
    pub fn parsed<T>(
        self,
        parse: fn(&[u8]) -> Option<T>,
        complaint: Complaint,
        cx: &mut Context<'_, '_>,
    ) -> Option<T> {
        let parsed = parse(self.octets());
        if parsed.is_none() {
            self.complain(complaint, cx);
        }
        parsed
    }

    /// The items of a list separated by blanks.
    pub fn items(self) -> impl Iterator<Item = &'v [u8]> {
        self.octets()
            .split(|octet| octet.is_ascii_whitespace())
            .filter(|item| !item.is_empty())
    }

    /// Whether the value of a key that nothing reads asks for anything: it is not empty and not `no`.
    #[inline(never)]
    pub fn asks(self) -> bool {
        let word = self.octets();
        !word.is_empty() && scalar::boolean(word) != Some(false)
    }

    /// Says that the table does not know the key.
    #[inline(never)]
    pub fn unknown(self, names: Names, cx: &mut Context<'_, '_>) {
        let mut place = self.place();
        let back = short(self.name().len()).wrapping_add(1);
        place.column = place.column.wrapping_sub(back);
        let name = Escaped(self.name());
        let nearest = Problem::UnknownKey(names.nearest(self.name()));
        let (severity, effect) = (Severity::Note, Effect::LineIgnored);
        cx.complain(severity, place, &name, b"", nearest, effect);
    }

    /// The prefix length of an IPv4 address without mask, by its class; with a warning.
    pub fn classful(self, addr: Ipv4Addr, cx: &mut Context<'_, '_>) -> u8 {
        let len = classful_len(addr);
        let class = match len {
            8 => What::NoMask8,
            16 => What::NoMask16,
            _ => What::NoMask24,
        };
        self.complain(Complaint::warning(class, Effect::Guessed), cx);
        len
    }

    /// The prefix length that a value holds, as number or netmask.
    pub fn mask(self, complaint: Complaint, cx: &mut Context<'_, '_>) -> Option<u8> {
        self.parsed(|text| scalar::prefix_len(text, Family::V4), complaint, cx)
    }
}
