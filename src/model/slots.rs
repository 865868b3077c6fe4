//! Records of fixed size, in which what somebody said on a link leaves the jail: a slot for each thing that may be
//! said, empty where it was not.
//!
//! ```text
//!  +---------+---------+----------- - -+---------+----------- - -
//!  | verdict | left out| length | octets        | length | octets        ...one slot for each field
//!  +---------+---------+----------- - -+---------+----------- - -
//! ```
//!
//! There are two of them, [`Lease`](super::lease::Lease) and [`Lease6`](super::lease6::Lease6), of one size, so that
//! what is here is there once: a slot is known by its number, those of DHCPv6 being counted after those of DHCPv4.

use super::lease::{self, ROUTE_OCTETS, route};
use super::lease6::{self, LEASED_OCTETS, is_host, leased};
pub use super::verdict::Verdict;
use crate::packed::Packed;
use crate::text::{parts, scalar};

/// The form of a slot's octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number in network byte order, of as many octets as the slot has room for.
    Number,
    /// A host name ([`scalar::is_hostname`]).
    Hostname,
    /// Printable ASCII without blanks, quotes, backslashes and what else means something to a shell.
    Text,
    /// From here on what may be said in parts. Domain names, separated by a blank ([`scalar::is_domain`]).
    Domains,
    /// Texts, separated by a blank.
    Texts,
    /// One IPv4 address.
    Addr,
    /// IPv4 addresses, at least one.
    Addrs,
    /// Routes of nine octets: destination with its host bits cleared, prefix length, gateway (0: on the
    /// link).
    Routes,
    /// IPv6 addresses, at least one.
    Addrs6,
    /// Addresses or prefixes with their lifetimes ([`lease6::leased`]).
    Leased,
    /// Any octets: a hardware address, a DUID.
    Octets,
}

/// Where the octets of a field are, and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The option they come from (RFC 2132; [`crate::wire::dhcpv6`]); 0 for what is no option's.
    pub code: u8,
    /// Their form.
    pub kind: Kind,
    /// How many there may be.
    pub room: u16,
    /// Where the slot begins.
    at: u16,
}

impl Slot {
    /// One that has no place yet.
    pub(super) const fn new(code: u8, kind: Kind, room: usize) -> Slot {
        Slot {
            code,
            kind,
            room: room as u16,
            at: 0,
        }
    }
}

/// Whose record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// DHCPv4's: [`Lease`](lease::Lease).
    Dhcp4,
    /// DHCPv6's: [`Lease6`](lease6::Lease6).
    Dhcp6,
}

impl Form {
    /// The keys of its fields where it is written down, joined by commas; empty for what is not kept. Behind them that
    /// of when the lease began, and what hooks know them as.
    pub fn keys(self) -> Packed {
        match self {
            Form::Dhcp4 => lease::Field::KEYS,
            Form::Dhcp6 => lease6::Field6::KEYS,
        }
    }

    /// The number of its first slot.
    pub(crate) fn first(self) -> u8 {
        match self {
            Form::Dhcp4 => 0,
            Form::Dhcp6 => lease::Field::ALL.len() as u8,
        }
    }

    /// How many slots there are.
    pub(crate) fn slots(self) -> u8 {
        match self {
            Form::Dhcp4 => lease::Field::ALL.len() as u8,
            Form::Dhcp6 => lease6::Field6::ALL.len() as u8,
        }
    }
}

/// What the fields of a record are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By the keys of a file, which [`Form::keys`] begins with.
    Keys,
    /// By the names that hooks know, which stand behind those.
    Options,
}

/// A record of either form.
#[derive(Clone, Copy, Debug)]
pub struct AnyLease<'a> {
    /// Its form.
    pub(crate) form: Form,
    pub(crate) record: &'a Record,
}

impl AnyLease<'_> {
    /// The option that field `n` is from, where that was left out.
    pub fn left_out(&self, n: u8) -> Option<u8> {
        let number = self.form.first().wrapping_add(n);
        (bits(self.record) & bit(number) != 0).then(|| row(number).code)
    }
}

/// The same, to be filled.
#[derive(Debug)]
pub struct AnyLeaseMut<'a> {
    /// Its form.
    pub(crate) form: Form,
    pub(crate) record: &'a mut Record,
}

/// A record.
pub(crate) type Record = [u8; OCTETS];

/// Octets of a record: as many as the larger of both has.
pub const OCTETS: usize = if lease::FIELDS_END > lease6::FIELDS_END {
    lease::FIELDS_END
} else {
    lease6::FIELDS_END
};

/// Octets before the first slot: the verdict, and a bit for each field that was left out.
pub(super) const HEAD: usize = 5;

/// The slots of both.
const SLOTS: &[Slot] = &{
    let mut all = [Slot::new(0, Kind::Octets, 0); lease::SLOTS.len() + lease6::SLOTS.len()];
    let first = lay_out(&mut all, lease::SLOTS, 0);
    lay_out(&mut all, lease6::SLOTS, first);
    all
};

/// Puts slots one after the other, each behind its length, from a number on; the next number.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "what fails here is an error of the compiler"
)]
const fn lay_out(all: &mut [Slot], slots: &[Slot], first: usize) -> usize {
    let (mut n, mut at) = (0, HEAD as u16);
    while n < slots.len() {
        all[first + n] = slots[n];
        all[first + n].at = at;
        at += 2 + slots[n].room;
        n += 1;
    }
    first + n
}

/// A slot.
#[inline(never)]
pub(crate) fn row(number: u8) -> &'static Slot {
    const NONE: &Slot = &Slot::new(0, Kind::Octets, 0);
    SLOTS.get(usize::from(number)).unwrap_or(NONE)
}

/// Which fields are left out: a bit each, by the last five bits of their numbers.
pub(super) fn bits(record: &Record) -> u32 {
    let [_, a, b, c, d, ..] = *record;
    u32::from_ne_bytes([a, b, c, d])
}

/// Its bit in [`bits`].
pub(super) fn bit(number: u8) -> u32 {
    1_u32.wrapping_shl(number.into())
}

/// Says that a field is left out.
pub(crate) fn leave_out(record: &mut Record, number: u8) {
    let bits = (bits(record) | bit(number)).to_ne_bytes();
    let [_, a, b, c, d, ..] = record;
    [*a, *b, *c, *d] = bits;
}

/// The octets of a field.
#[inline(never)]
pub(crate) fn get(record: &Record, number: u8) -> &[u8] {
    let slot = row(number);
    let at = usize::from(slot.at);
    let len = record.get(at..).and_then(<[u8]>::first_chunk);
    let len = len.map_or(0, |len| u16::from_ne_bytes(*len));
    parts::slice(record, at.wrapping_add(2), len.min(slot.room).into())
}

/// Says nothing of a field.
pub(super) fn clear(record: &mut Record, number: u8) {
    let at = usize::from(row(number).at);
    if let Some([a, b, ..]) = record.get_mut(at..) {
        [*a, *b] = [0; 2];
    }
}

/// Says more of a field that is said in parts, of words behind a blank; any other one anew.
#[inline(never)]
pub(crate) fn add(record: &mut Record, number: u8, octets: &[u8]) {
    let slot = row(number);
    if let Some([a, b, room @ ..]) = record.get_mut(slot.at.into()..)
        && let Some(room) = room.get_mut(..slot.room.into())
    {
        let mut said = match slot.kind as u8 >= Kind::Domains as u8 {
            true => usize::from(u16::from_ne_bytes([*a, *b])),
            false => 0,
        };
        if said > 0
            && matches!(slot.kind, Kind::Domains | Kind::Texts)
            && let Some(blank) = room.get_mut(said)
        {
            *blank = b' ';
            said = said.wrapping_add(1);
        }
        let len = said.wrapping_add(octets.len());
        if let Some(room) = room.get_mut(said..len) {
            [*a, *b] = (len as u16).to_ne_bytes();
            room.copy_from_slice(octets);
            return;
        }
    }
    leave_out(record, number);
}

/// A field's number, or this one where there is none.
#[inline(never)]
pub(super) fn number_or(record: &Record, field: u8, default: u32) -> u32 {
    match get(record, field) {
        [] => default,
        octets => number(octets),
    }
}

/// A number in network byte order.
#[inline(never)]
pub fn number(octets: &[u8]) -> u32 {
    let add = |sum: u32, octet: &u8| sum << 8 | u32::from(*octet);
    octets.iter().fold(0, add)
}

/// Whether a record is a lease that was written down: each field has its form, and in one of DHCPv4 there is an address.
/// What DHCPv6 says may be of use without one.
pub(crate) fn is_lease(form: Form, record: &Record) -> bool {
    let addr = number_or(record, lease::Field::Addr.number(), 0);
    are_sound(record, form.first(), form.slots().into()) && (form == Form::Dhcp6 || addr != 0)
}

/// Whether so many fields from this number on have their form.
#[inline(never)]
pub(super) fn are_sound(record: &Record, first: u8, fields: usize) -> bool {
    (first..).take(fields).all(|n| is_sound(n, get(record, n)))
}

/// Whether octets have the form of their field; none at all do.
#[inline(never)]
pub(crate) fn is_sound(number: u8, octets: &[u8]) -> bool {
    let slot = row(number);
    if octets.is_empty() {
        return true;
    }
    /// Octets of a piece: the whole has as many.
    const WHOLE: usize = usize::MAX;
    /// Pieces with blanks between them.
    const WORDS: usize = 0;
    let is_text = |text: &[u8]| text.iter().all(|octet| is_text(*octet));
    let (size, has_form): (usize, fn(&[u8]) -> bool) = match slot.kind {
        Kind::Number | Kind::Addr => return octets.len() == usize::from(slot.room),
        Kind::Octets => return true,
        Kind::Addrs => return octets.len().is_multiple_of(4),
        Kind::Hostname => (WHOLE, scalar::is_hostname),
        Kind::Domains => (WORDS, scalar::is_domain),
        Kind::Text => (WHOLE, is_text),
        Kind::Texts => (WORDS, is_text),
        Kind::Routes => (ROUTE_OCTETS, |octets| route(octets).is_some()),
        Kind::Addrs6 => (16, is_host),
        Kind::Leased => (LEASED_OCTETS, |octets| leased(octets).is_some()),
    };
    if size != WORDS {
        return octets.chunks(size).all(has_form);
    }
    let mut rest = Some(octets);
    while let Some(word) = parts::next(&mut rest, b' ') {
        if !has_form(word) {
            return false;
        }
    }
    true
}

/// Whether an octet may stand in a [`Kind::Text`]: what paths, URLs and iSCSI names are made of, and nothing
/// that a shell, a quoted word or a console would take for its own.
pub fn is_text(octet: u8) -> bool {
    parts::is_plain(octet, b"/:.,-_=@+%~[]#?&")
}

macro_rules! record {
    (
        $(#[$record_doc:meta])* $record:ident, $form:ident;
        $(#[$fields_doc:meta])* $fields:ident, from $first:expr, then $then:literal;
        $($(#[$doc:meta])* $field:ident $code:literal $kind:ident $room:expr, $key:literal $(, $option:literal)?;)*
    ) => {
        $(#[$fields_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $fields {
            $($(#[$doc])* #[doc = concat!("`", $key, "`")] $field,)*
        }

        /// The slot of each field.
        pub(super) const SLOTS: &[Slot] = &[$(Slot::new($code, Kind::$kind, $room)),*];

        /// Where the last slot ends.
        pub(super) const FIELDS_END: usize = slots::HEAD $(+ 2 + $room)*;

        impl $fields {
            /// All of them, in their order.
            pub const ALL: &[$fields] = &[$($fields::$field),*];

            /// The keys, joined by commas; empty for what is not kept. Behind them that of when the lease began, and
            /// what hooks know them as; empty for what they are not told.
            pub const KEYS: Packed = packed!(concat!($($key, ","),*, $then $(, "," $(, $option)?)*));

            /// The number of its slot.
            pub(crate) const fn number(self) -> u8 {
                ($first as u8).wrapping_add(self as u8)
            }

            /// Where and what it is.
            pub fn slot(self) -> &'static Slot {
                slots::row(self.number())
            }

            /// Its bit among those of the fields that are left out.
            pub(crate) fn bit(self) -> u32 {
                slots::bit(self.number())
            }
        }

        $(#[$record_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $record(pub(crate) slots::Record);

        impl $record {
            /// Octets of a record that say something.
            pub const OCTETS: usize = FIELDS_END;

            /// Nothing said.
            pub const NONE: $record = $record([0; slots::OCTETS]);

            /// As one of either form.
            pub fn any(&self) -> slots::AnyLease<'_> {
                slots::AnyLease {
                    form: slots::Form::$form,
                    record: &self.0,
                }
            }

            /// The same, to be filled.
            pub fn any_mut(&mut self) -> slots::AnyLeaseMut<'_> {
                slots::AnyLeaseMut {
                    form: slots::Form::$form,
                    record: &mut self.0,
                }
            }

            /// As the jail sends it.
            pub fn octets(&self) -> &[u8] {
                self.0.get(..FIELDS_END).unwrap_or_default()
            }

            /// To be filled with what the jail sent, and believed once it [`is_sound`](Self::is_sound).
            pub fn octets_mut(&mut self) -> &mut [u8] {
                self.0.get_mut(..FIELDS_END).unwrap_or_default()
            }

            /// What is said of the packet.
            pub fn verdict(&self) -> Verdict {
                let [verdict, ..] = self.0;
                Verdict::of(verdict)
            }

            /// Says it.
            pub fn judge(&mut self, verdict: Verdict) {
                let [first, ..] = &mut self.0;
                *first = verdict as u8;
            }

            /// Which fields were there and not understood, or had no room: a bit each.
            pub(crate) fn bits(&self) -> u32 {
                slots::bits(&self.0)
            }

            /// Whether `field` was there and is left out, in whole or in part.
            pub fn left_out(&self, field: $fields) -> bool {
                self.bits() & field.bit() != 0
            }

            /// Says that a field is left out, in whole or in part.
            pub fn leave_out(&mut self, field: $fields) {
                slots::leave_out(&mut self.0, field.number());
            }

            /// The octets of a field; empty where it was not said.
            pub fn get(&self, field: $fields) -> &[u8] {
                slots::get(&self.0, field.number())
            }

            /// Says nothing of a field any more.
            pub fn clear(&mut self, field: $fields) {
                slots::clear(&mut self.0, field.number());
            }

            /// Says a field anew; what does not fit is not said at all, and the field
            /// [left out](Self::leave_out).
            pub fn put(&mut self, field: $fields, octets: &[u8]) {
                self.clear(field);
                self.add(field, octets);
            }

            /// Says more of a field that is said in parts, any other one anew; what does not fit is
            /// [left out](Self::leave_out).
            pub fn add(&mut self, field: $fields, octets: &[u8]) {
                slots::add(&mut self.0, field.number(), octets);
            }

            /// A field's number.
            #[inline(never)]
            pub fn number(&self, field: $fields) -> Option<u32> {
                let octets = self.get(field);
                (!octets.is_empty()).then(|| slots::number(octets))
            }

            /// The same, or this one where there is none.
            pub fn number_or(&self, field: $fields, default: u32) -> u32 {
                slots::number_or(&self.0, field.number(), default)
            }

            /// Whether each field has its form.
            pub fn is_sound(&self) -> bool {
                slots::are_sound(&self.0, $first as u8, $fields::ALL.len())
            }
        }
    };
}
pub(super) use record;
