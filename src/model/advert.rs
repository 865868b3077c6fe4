//! What a router said by a router advertisement (RFC 4861), or somebody of an address, in a form of fixed size.
//!
//! As with a [`Lease`](super::lease::Lease), octets from the wire become an [`Advert`] in the jail and nowhere else,
//! each option in one form only, and who is handed one believes nothing of it before [`Advert::is_sound`] looked at
//! it again. Whatever is said is an [`Item`], so that what several routers say can be kept in one table.
//!
//! ```text
//!  0       1       3       19              HEAD
//!  +-------+-------+-------+------- - - ------+------- - -
//!  |verdict|left   |source | item             | item         MAX_RA_ITEMS of them
//!  |       |out    |       |                  |
//!  +-------+-------+-------+------- - - ------+------- - -
//!  0       1       2                67      68      72      76
//!  +-------+-------+------- - - ----+-------+-------+-------+
//!  | what  | prefix| octets,        | flags | valid | pre-  |
//!  |       | length| zeros          |       |       | ferred|
//!  +-------+-------+------- - - ----+-------+-------+-------+
//!  |what it is known by             |what else is said      |
//! ```

use super::lease::{Verdict, is_text};
use super::link::until_nul;
use crate::limits::{
    MAX_RA_DOMAINS, MAX_RA_ITEMS, MAX_RA_PREF64, MAX_RA_PREFIXES, MAX_RA_ROUTES, MAX_RA_TEXT,
    MAX_RDNSS, MAX_ROUTERS,
};
use crate::text::scalar;
use core::net::Ipv6Addr;
use core::ops::Range;

/// What an [`Item`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing: there is no item.
    Nothing,
    /// Numbers for the link, behind one another in network byte order: Reachable Time and Retrans Timer in milliseconds,
    /// MTU (four octets each), Cur Hop Limit (an octet); 0: not said. Then from [`KNOWN_BY`] on the router's link-layer
    /// address. Its flags are [`MANAGED`] and [`OTHER`]. Of an advertisement the first item.
    Link,
    /// That the router is one for what has no other route. It has a [preference](Item::flags) and no octets. The
    /// second item.
    Router,
    /// URI of the captive portal's API (RFC 8910).
    Portal,
    /// A prefix whose addresses are on the link (PIO with L).
    OnLink,
    /// A prefix to form an address of (PIO with A).
    Autonomous,
    /// A prefix that the router is one for (RFC 4191), which has a preference.
    Route,
    /// The prefix of a NAT64 (RFC 8781).
    Pref64,
    /// A name server (RFC 8106).
    Server,
    /// A search domain (RFC 8106).
    Domain,
    /// What a neighbour says of an address: the address, and behind its 16 octets what the message is known by to
    /// who sent it, and zeros. Of what is [`ADVERTISED`] that is the link-layer address that is said, of what is asked
    /// the nonce (RFC 3971, RFC 7527). The one item.
    Target,
}

/// Flags of [`What::Link`], as they stand in the message: addresses are to be had by DHCPv6.
pub const MANAGED: u8 = 0x80;
/// The same of all else.
pub const OTHER: u8 = 0x40;
/// Flags of [`What::Target`], which is the type of the message: who has it is asked.
pub const SOLICITED: u8 = 135;
/// The same: it is said to be somebody's.
pub const ADVERTISED: u8 = 136;

/// Where the MTU is among the octets of [`What::Link`].
pub const MTU_AT: usize = 8;
/// Where Cur Hop Limit is there.
pub const HOPS: usize = 12;
/// Where among the octets of [`What::Target`] is what a message is known by, and of [`What::Link`] its router.
pub const KNOWN_BY: usize = 16;

/// What the octets of an item are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Any.
    Octets,
    /// A prefix that packets may be for: host bits cleared, not all of IPv6, not of a link only, no group.
    Prefix,
    /// An address that a machine may have, first.
    Addr,
    /// As [`scalar::is_domain`] says.
    Domain,
    /// As [`is_text`] says.
    Text,
}

/// A kind of items.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    what: What,
    form: Form,
    /// How many are kept of all routers of a link.
    room: u8,
    /// How many there are of all kinds before it.
    at: u8,
    /// Octets of an item that it is known by among those of a router: the kind alone where there is but one.
    pub key: u8,
}

/// By [`What`].
#[rustfmt::skip]
const ROWS: &[Row] = &laid_out([
    row(What::Nothing,    Form::Octets, 0, KEY),
    row(What::Link,       Form::Octets, MAX_ROUTERS, 1),
    row(What::Router,     Form::Octets, MAX_ROUTERS, 1),
    row(What::Portal,     Form::Text,   MAX_ROUTERS, 1),
    row(What::OnLink,     Form::Prefix, MAX_RA_PREFIXES, KEY),
    row(What::Autonomous, Form::Prefix, MAX_RA_PREFIXES, KEY),
    row(What::Route,      Form::Prefix, MAX_RA_ROUTES, KEY),
    row(What::Pref64,     Form::Prefix, MAX_RA_PREF64, KEY),
    row(What::Server,     Form::Addr,   MAX_RDNSS, KEY),
    row(What::Domain,     Form::Domain, MAX_RA_DOMAINS, KEY),
    row(What::Target,     Form::Addr,   0, KEY),
]);

const fn row(what: What, form: Form, room: usize, key: usize) -> Row {
    Row {
        what,
        form,
        room: room as u8,
        at: 0,
        key: key as u8,
    }
}

/// The places one after the other.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "what fails here is an error of the compiler"
)]
const fn laid_out<const N: usize>(mut rows: [Row; N]) -> [Row; N] {
    let mut n = 1;
    while n < N {
        rows[n].at = rows[n - 1].at + rows[n - 1].room;
        n += 1;
    }
    rows
}

/// A row by its number.
fn row_of(what: u8) -> &'static Row {
    const NOTHING: &Row = &row(What::Nothing, Form::Octets, 0, KEY);
    ROWS.get(usize::from(what)).unwrap_or(NOTHING)
}

impl Row {
    /// Its places among those of all kinds.
    pub fn places(&self) -> Range<usize> {
        let at = usize::from(self.at);
        at..at.wrapping_add(self.room.into())
    }
}

/// Places of all kinds.
pub const PLACES: usize = 3 * MAX_ROUTERS
    + 2 * MAX_RA_PREFIXES
    + MAX_RA_ROUTES
    + MAX_RA_PREF64
    + MAX_RDNSS
    + MAX_RA_DOMAINS;

impl What {
    /// Its bit in [`Advert::left_out`].
    pub fn bit(self) -> u16 {
        1_u16.wrapping_shl(self as u32)
    }
}

/// What is said but for the octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is.
    pub what: What,
    /// Bits of a prefix; of no account of all else.
    pub prefix_len: u8,
    /// See [`Item::flags`].
    pub flags: u8,
    /// See [`Item::valid`].
    pub valid: u32,
    /// See [`Item::preferred`].
    pub preferred: u32,
}

/// Something that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a>(pub &'a [u8; ITEM]);

impl<'a> Item<'a> {
    /// What is known of its kind.
    pub fn row(self) -> &'static Row {
        row_of(self.0[0])
    }

    /// What it is.
    pub fn what(self) -> What {
        self.row().what
    }

    /// Whether it is this.
    pub fn is(self, what: What) -> bool {
        self.0[0] == what as u8
    }

    /// Bits of a prefix; 0 of all else.
    pub fn prefix_len(self) -> u8 {
        self.0[1]
    }

    /// What is said: 64 octets and a zero.
    pub fn octets(self) -> &'a [u8; 65] {
        let [_, _, rest @ ..] = self.0;
        rest.first_chunk().unwrap_or(&[0; 65])
    }

    /// Its address, or its prefix.
    pub fn addr(self) -> Ipv6Addr {
        Ipv6Addr::from(*self.octets().first_chunk().unwrap_or(&[0; 16]))
    }

    /// Its text.
    pub fn text(self) -> &'a [u8] {
        until_nul(self.octets())
    }

    /// Those of its kind; of [`What::Router`] and [`What::Route`] the preference as RFC 4191 s.2.1 writes it, which
    /// is how the kernel has it (`RTA_PREF`): 1 high, 0 medium, 3 low.
    pub fn flags(self) -> u8 {
        self.0[FLAGS]
    }

    /// Seconds it lasts from now on: `u32::MAX` for ever, 0 no more.
    pub fn valid(self) -> u32 {
        let [.., a, b, c, d, _, _, _, _] = *self.0;
        u32::from_ne_bytes([a, b, c, d])
    }

    /// Seconds that what is formed of [`What::Autonomous`] is preferred, no more than it lasts; of all else as many.
    pub fn preferred(self) -> u32 {
        let [.., a, b, c, d] = *self.0;
        u32::from_ne_bytes([a, b, c, d])
    }

    /// Whether it has its form.
    #[inline(never)]
    pub fn is_sound(self) -> bool {
        let octets = self.octets();
        let is_host = self.addr().to_bits() > 1 && octets[0] != 0xff;
        let has_form = match self.row().form {
            Form::Octets => true,
            Form::Prefix => {
                let mut network = *self.0;
                clear_host_bits(&mut network);
                let is_far = !matches!(octets, [0xfe, 0x80..=0xbf, ..]);
                is_host && is_far && matches!(self.prefix_len(), 1..=128) && network == *self.0
            }
            Form::Addr => is_host,
            Form::Domain => scalar::is_domain(self.text()),
            Form::Text => octets[0] != 0 && self.text().iter().all(|octet| is_text(*octet)),
        };
        has_form && self.preferred() <= self.valid()
    }
}

/// Clears those of a prefix.
fn clear_host_bits(item: &mut [u8; ITEM]) {
    let [_, len, octets @ ..] = item;
    let mut left = *len;
    for octet in octets.iter_mut().take(16) {
        *octet &= !(0xff_u16 >> left.min(8)) as u8;
        left = left.saturating_sub(8);
    }
}

/// What a packet says. All zeros: nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert([u8; Advert::OCTETS]);

impl Advert {
    /// Octets of an advert.
    pub const OCTETS: usize = HEAD + MAX_RA_ITEMS * ITEM;

    /// Nothing said.
    pub const NONE: Advert = Advert([0; Advert::OCTETS]);

    /// As the jail sends it.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// To be filled with what the jail sent, and believed once it [`is_sound`](Advert::is_sound).
    pub fn octets_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// What is said of the packet: [`Verdict::Fine`] is what a router said, [`Verdict::Neighbor`] what somebody did
    /// of an address.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.0[0])
    }

    /// Says it.
    pub fn judge(&mut self, verdict: Verdict) {
        self.0[0] = verdict as u8;
    }

    /// What was there and not understood, or had no room: a bit each, by [`What`].
    pub fn left_out(&self) -> u16 {
        u16::from_ne_bytes([self.0[1], self.0[2]])
    }

    /// Says that something of this kind is left out.
    pub fn leave_out(&mut self, what: What) {
        [self.0[1], self.0[2]] = (self.left_out() | what.bit()).to_ne_bytes();
    }

    /// Who sent it.
    pub fn source(&self) -> Ipv6Addr {
        let [_, _, _, source @ ..] = &self.0;
        Ipv6Addr::from(*source.first_chunk().unwrap_or(&[0; 16]))
    }

    /// Says who.
    pub fn set_source(&mut self, source: &[u8; 16]) {
        let [_, _, _, room @ ..] = &mut self.0;
        if let Some(room) = room.first_chunk_mut() {
            *room = *source;
        }
    }

    /// The places of items.
    #[inline(never)]
    fn places(&mut self) -> &mut [[u8; ITEM]] {
        let places = self.0.get_mut(HEAD..).unwrap_or_default();
        places.as_chunks_mut().0
    }

    /// Says something more, for which there is a place: prefixes without their host bits, texts up to
    /// [`MAX_RA_TEXT`] octets. What has not its form or no place is [left out](Advert::leave_out).
    #[inline(never)]
    pub fn add(&mut self, head: Head, octets: &[u8]) {
        let mut places = self.places().iter_mut();
        if let Some(item) = places.find(|[what, ..]| *what == What::Nothing as u8) {
            let [what, len, room @ ..] = item;
            *what = head.what as u8;
            room.iter_mut()
                .zip(octets)
                .for_each(|(to, from)| *to = *from);
            if row_of(*what).form == Form::Prefix {
                *len = head.prefix_len;
                clear_host_bits(item);
            }
            set_head(item, head);
            if octets.len() <= MAX_RA_TEXT && Item(item).is_sound() {
                return;
            }
            *item = [0; ITEM];
        }
        self.leave_out(head.what);
    }

    /// Says flags and times of an item that is there anew.
    pub fn set(&mut self, n: usize, head: Head) {
        if let Some(item) = self.places().get_mut(n) {
            set_head(item, head);
        }
    }

    /// Says these octets of the first item, from there on.
    #[inline(never)]
    pub fn set_octets(&mut self, at: usize, octets: &[u8]) {
        if let Some([_, _, room @ .., _, _, _, _, _, _, _, _, _, _]) = self.places().first_mut() {
            let room = room.get_mut(at..).unwrap_or_default();
            room.iter_mut()
                .zip(octets)
                .for_each(|(to, from)| *to = *from);
        }
    }

    /// The first item, or nothing.
    pub fn first(&self) -> Item<'_> {
        let places = self.0.get(HEAD..).unwrap_or_default();
        Item(places.first_chunk().unwrap_or(&[0; ITEM]))
    }

    /// All items, in the order of the packet but for the first two.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let places = self.0.get(HEAD..).unwrap_or_default();
        let items = places.as_chunks().0.iter();
        items.map(Item).filter(|item| !item.is(What::Nothing))
    }

    /// Whether each item has its form.
    #[inline(never)]
    pub fn is_sound(&self) -> bool {
        self.items().all(Item::is_sound)
    }
}

/// Puts flags and times.
fn set_head(item: &mut [u8; ITEM], head: Head) {
    let [.., flags, v0, v1, v2, v3, p0, p1, p2, p3] = item;
    *flags = head.flags;
    [*v0, *v1, *v2, *v3] = head.valid.to_ne_bytes();
    [*p0, *p1, *p2, *p3] = head.preferred.to_ne_bytes();
}

/// Octets before the items.
const HEAD: usize = 19;
/// Octets of an item: those it is known by, the flags, two times.
pub const ITEM: usize = KEY + 1 + 4 + 4;
/// What it is, the length of its prefix, its octets and a zero.
const KEY: usize = 2 + MAX_RA_TEXT + 1;
/// Where the flags are: up to here and with them is what does not change by itself.
pub const FLAGS: usize = KEY;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn head(what: What, prefix_len: u8) -> Head {
        Head {
            what,
            prefix_len,
            flags: 0,
            valid: 7,
            preferred: 7,
        }
    }

    fn addr(text: &str) -> [u8; 16] {
        text.parse::<Ipv6Addr>().unwrap().octets()
    }

    #[test]
    fn rows_stand_where_their_kind_says() {
        let mut end = 0;
        for (n, row) in ROWS.iter().enumerate() {
            assert_eq!(row.what as usize, n);
            assert_eq!(row.places().start, end);
            end = row.places().end;
        }
        assert_eq!(end, PLACES);
        assert_eq!(What::Nothing as u8, 0);
        assert_eq!(row_of(200).what, What::Nothing);
        assert_eq!(ITEM, 76);
    }

    #[test]
    fn all_zeros_is_sound_and_says_nothing() {
        assert!(Advert::NONE.is_sound());
        assert_eq!(Advert::NONE.items().count(), 0);
        assert_eq!(Advert::NONE.verdict(), Verdict::Unread);
        assert_eq!(Advert::NONE.first().what(), What::Nothing);
    }

    /// What is written is read: every field, and no other one.
    #[test]
    fn items_keep_what_they_say() {
        let mut advert = Advert::NONE;
        advert.set_source(&addr("fe80::1"));
        advert.judge(Verdict::Fine);
        advert.add(
            Head {
                what: What::Link,
                prefix_len: 9,
                flags: MANAGED,
                valid: 0x0102_0304,
                preferred: 0x0102_0303,
            },
            &[0xab; 12],
        );
        advert.add(head(What::Router, 0), &[]);
        advert.add(head(What::Route, 61), &addr("2001:db8:0:f::1"));
        advert.add(head(What::Domain, 3), b"example.net");
        advert.set_octets(MTU_AT, &[1, 2, 3, 4]);
        advert.set(
            1,
            Head {
                flags: 3,
                ..head(What::Router, 0)
            },
        );
        let items: Vec<Item<'_>> = advert.items().collect();
        let [link, router, route, domain] = items[..] else {
            panic!("{}", items.len());
        };
        assert_eq!(advert.first(), link);
        assert_eq!(
            (link.what(), link.prefix_len(), link.flags()),
            (What::Link, 0, MANAGED)
        );
        assert_eq!((link.valid(), link.preferred()), (0x0102_0304, 0x0102_0303));
        assert_eq!(
            link.octets()[..13],
            [
                0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 1, 2, 3, 4, 0
            ]
        );
        assert_eq!(
            (router.what(), router.flags(), router.valid()),
            (What::Router, 3, 7)
        );
        assert_eq!(
            (route.prefix_len(), route.addr().octets()),
            (61, addr("2001:db8:0:8::"))
        );
        assert_eq!(
            (domain.text(), domain.prefix_len()),
            (&b"example.net"[..], 0)
        );
        assert_eq!(advert.source().octets(), addr("fe80::1"));
        assert_eq!((advert.verdict(), advert.left_out()), (Verdict::Fine, 0));
        assert!(advert.is_sound());
    }

    #[test]
    fn what_has_not_its_form_is_left_out() {
        let long = [b'a'; 64];
        for (what, len, octets, is_fine) in [
            (What::Server, 0, &addr("2001:db8::53")[..], true),
            (What::Server, 0, &addr("fe80::53"), true),
            (What::Server, 0, &addr("::"), false),
            (What::Server, 0, &addr("::1"), false),
            (What::Server, 0, &addr("ff02::fb"), false),
            (What::Server, 0, &[], false),
            (What::OnLink, 64, &addr("2001:db8::"), true),
            (What::OnLink, 128, &addr("2001:db8::1"), true),
            (What::OnLink, 129, &addr("2001:db8::1"), false),
            (What::OnLink, 0, &addr("2001:db8::1"), false),
            (What::OnLink, 64, &addr("fe80::"), false),
            (What::OnLink, 64, &addr("febf:ffff::"), false),
            (What::OnLink, 64, &addr("fec0::"), true),
            (What::OnLink, 9, &addr("ff80::"), false),
            (What::Pref64, 96, &addr("64:ff9b::"), true),
            (What::Domain, 0, b"a.b-c.example", true),
            (What::Domain, 0, b"a b", false),
            (What::Domain, 0, b"", false),
            (What::Domain, 0, b"a..b", false),
            (What::Portal, 0, b"https://example.net/?a=%20#b", true),
            (What::Portal, 0, &long, true),
            (What::Portal, 0, b"https://example.net/$(reboot)", false),
            (What::Portal, 0, b"https://example.net/'", false),
            (What::Portal, 0, b"https://example.net/\x1b", false),
            (What::Portal, 0, b"", false),
            (What::Portal, 0, &[b'a'; 65], false),
            (What::Target, 0, &addr("fe80::1"), true),
            (What::Target, 0, &addr("ff02::1"), false),
        ] {
            let mut advert = Advert::NONE;
            advert.add(head(what, len), octets);
            let left_out = if is_fine { 0 } else { what.bit() };
            assert_eq!(advert.left_out(), left_out, "{what:?} {octets:?}/{len}");
            assert_eq!(advert.items().count(), is_fine.into());
        }
        let mut advert = Advert::NONE;
        advert.add(
            Head {
                preferred: 8,
                ..head(What::Autonomous, 64)
            },
            &addr("2001:db8::"),
        );
        assert_eq!(advert.left_out(), What::Autonomous.bit());
    }

    /// What a jail that somebody else has taken may answer.
    #[test]
    fn what_is_not_sound_is_known() {
        let mut advert = Advert::NONE;
        advert.add(head(What::OnLink, 64), &addr("2001:db8::"));
        advert.add(head(What::Domain, 0), b"example.net");
        assert!(advert.is_sound());
        for (at, octet) in [
            (HEAD + 1, 0),
            (HEAD + 1, 200),
            (HEAD + 2, 0xff),
            (HEAD + 10, 1),
            (HEAD + ITEM - 1, 1),
            (HEAD + ITEM + 2, b'$'),
            (HEAD + ITEM + 2, 0),
            (HEAD + 5 * ITEM, What::Server as u8),
            (HEAD + 5 * ITEM, What::Portal as u8),
        ] {
            let mut broken = advert;
            broken.octets_mut()[at] = octet;
            assert!(!broken.is_sound(), "{at}");
        }
        let mut whole = advert;
        whole.octets_mut().fill(0xff);
        assert!(whole.is_sound(), "kinds that nobody knows say nothing");
        assert!(whole.items().all(|item| item.what() == What::Nothing));
    }

    #[test]
    fn there_is_an_end_of_places() {
        let mut advert = Advert::NONE;
        for n in 0..MAX_RA_ITEMS + 1 {
            assert_eq!(advert.left_out(), 0);
            advert.add(head(What::Server, 0), &[n as u8 + 1; 16]);
        }
        assert_eq!(advert.left_out(), What::Server.bit());
        assert_eq!(advert.items().count(), MAX_RA_ITEMS);
        assert!(advert.is_sound());
    }
}
