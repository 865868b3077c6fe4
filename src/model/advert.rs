//! What a router said by a router advertisement (RFC 4861), or somebody of an address, in a form of fixed size.
//!
//! As with a [`Lease`](super::lease::Lease), octets from the wire become an [`Advert`] in the jail and nowhere else,
//! each option in one form only, and who is handed one believes nothing of it before [`Advert::is_sound`] looked at
//! it again. Whatever is said is an [`Item`], so that what several routers say can be kept in one table.
//!
//! ```text
//!  0       1       3       19
//!  +-------+-------+-------+------- - - ------+------- - -
//!  |verdict|left   |source | item             | item         MAX_RA_ITEMS of them
//!  |       |out    |       |                  |
//!  +-------+-------+-------+------- - - ------+------- - -
//!  0       1       2                       66              70
//!  +-------+-------+---------- - - --------+---------- - - +
//!  | what  | len   | octets, zeros         | seconds       |
//!  +-------+-------+---------- - - --------+---------- - - +
//! ```
//!
//! What the kernel does by itself is not here: prefixes, routes and numbers of the link.

use super::lease6::{self, Field6, Verdict};
use crate::limits::{MAX_RA_ITEMS, MAX_RA_TEXT};
use crate::text::{parts, scalar};
use core::net::Ipv6Addr;

/// What an [`Item`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing: there is no item.
    Nothing,
    /// What counts for the link: Reachable Time and Retrans Timer ([`Item::retrans_ms`]) in milliseconds, four octets each
    /// in network byte order. Behind them the flags [`MANAGED`] and [`OTHER`].
    Link,
    /// Somebody asks who has an address: its 16 octets. Behind them the nonce by which who asks knows it again (RFC 3971,
    /// RFC 7527), and zeros.
    Solicited,
    /// Somebody says to have an address; the same with a link-layer address.
    Advertised,
    /// That the router is one for what has no other route. No octets.
    Router,
    /// URI of the captive portal's API (RFC 8910).
    Portal,
    /// The prefix of a NAT64 (RFC 8781), as [`leased`](lease6::leased) has it, without times.
    Pref64,
    /// A name server (RFC 8106): 16 octets.
    Server,
    /// A search domain (RFC 8106).
    Domain,
}

/// Flags of [`What::Link`], as they stand in the message: addresses are to be had by DHCPv6.
pub const MANAGED: u8 = 0x80;
/// The same of all else.
pub const OTHER: u8 = 0x40;

/// Where they are, behind its octets.
pub const FLAGS: usize = 8;

/// Where that is which a message about an address is known by, behind the address.
pub const KNOWN_BY: usize = 16;

impl What {
    /// Its bit in [`Advert::left_out`].
    pub fn bit(self) -> u16 {
        1_u16.wrapping_shl(self as u32)
    }

    /// Of an octet; what is none is nothing.
    fn of(octet: u8) -> What {
        const ALL: &[What] = &[
            What::Nothing,
            What::Link,
            What::Solicited,
            What::Advertised,
            What::Router,
            What::Portal,
            What::Pref64,
            What::Server,
            What::Domain,
        ];
        let what = ALL.get(usize::from(octet));
        what.copied().unwrap_or(What::Nothing)
    }
}

/// Something that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a>(pub &'a [u8; ITEM]);

impl<'a> Item<'a> {
    /// What it is.
    pub fn what(self) -> What {
        What::of(self.0[0])
    }

    /// Whether it is this.
    pub fn is(self, what: What) -> bool {
        self.0[0] == what as u8
    }

    /// What is said, but for the seconds.
    #[inline(never)]
    pub fn octets(self) -> &'a [u8] {
        let [_, len, octets @ .., _, _, _, _] = self.0;
        parts::slice(octets, 0, (*len).into())
    }

    /// Its address.
    pub fn addr(self) -> &'a [u8; 16] {
        let [_, _, octets @ ..] = self.0;
        octets.first_chunk().unwrap_or(&[0; 16])
    }

    /// What a message about an address is known by to who sent it, and what follows.
    pub fn known_by(self) -> &'a [u8] {
        &self.0[2 + KNOWN_BY..]
    }

    /// Retrans Timer in milliseconds, of [`What::Link`]; 0: not said.
    pub fn retrans_ms(self) -> u32 {
        let [_, _, _, _, _, _, a, b, c, d, ..] = *self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    /// The flags of [`What::Link`].
    pub fn flags(self) -> u8 {
        self.0[2 + FLAGS]
    }

    /// Seconds it lasts from now on: `u32::MAX` for ever, 0 no more.
    pub fn valid(self) -> u32 {
        let [.., a, b, c, d] = *self.0;
        u32::from_ne_bytes([a, b, c, d])
    }

    /// All but the seconds.
    pub fn said(self) -> Option<&'a [u8; SAID]> {
        self.0.first_chunk()
    }

    /// Whether it stands no more when the same router says this: of some kinds there is one only.
    pub fn is_replaced_by(self, other: Item<'_>) -> bool {
        self.0[0] == other.0[0] && self.0[0] <= What::Portal as u8
    }

    /// Whether it has its form: that of such a thing that a DHCPv6 server says.
    #[inline(never)]
    pub fn is_sound(self) -> bool {
        let octets = self.octets();
        let (field, octets) = match self.what() {
            What::Nothing | What::Link | What::Router => return true,
            What::Domain => return scalar::is_domain(octets),
            What::Portal => (Field6::BootfileUrl, octets),
            What::Pref64 => (Field6::Prefixes, octets),
            What::Server | What::Solicited | What::Advertised => {
                (Field6::Dns, parts::slice(octets, 0, KNOWN_BY))
            }
        };
        !octets.is_empty() && lease6::is_sound(field, octets)
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

    /// The octets of the first item, and the zeros behind them.
    pub fn first_octets(&mut self) -> &mut [u8] {
        self.0.get_mut(HEAD + 2..HEAD + SAID).unwrap_or_default()
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

    /// Says something more, which lasts for so many seconds. What has not its form, more than [`MAX_RA_TEXT`] octets, or
    /// no place is [left out](Advert::left_out): whether it is not.
    #[inline(never)]
    pub fn add(&mut self, what: What, valid: u32, octets: &[u8]) -> bool {
        let places = self.0.get_mut(HEAD..).unwrap_or_default();
        let mut places = places.as_chunks_mut::<ITEM>().0.iter_mut();
        if let Some(item) = places.find(|[what, ..]| *what == What::Nothing as u8) {
            let [kind, len, room @ .., a, b, c, d] = item;
            if let Some(room) = room.get_mut(..octets.len()) {
                (*kind, *len) = (what as u8, octets.len() as u8);
                room.copy_from_slice(octets);
                [*a, *b, *c, *d] = valid.to_ne_bytes();
                if Item(item).is_sound() {
                    return true;
                }
                *item = [0; ITEM];
            }
        }
        self.leave_out(what);
        false
    }

    /// Says that something of this kind is left out.
    pub fn leave_out(&mut self, what: What) {
        [self.0[1], self.0[2]] = (self.left_out() | what.bit()).to_ne_bytes();
    }

    /// The first item, or nothing.
    pub fn first(&self) -> Item<'_> {
        let places = self.0.get(HEAD..).unwrap_or_default();
        Item(places.first_chunk().unwrap_or(&[0; ITEM]))
    }

    /// All items.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let places = self.0.get(HEAD..).unwrap_or_default();
        let items = places.as_chunks().0.iter();
        items.map(Item).filter(|item| !item.is(What::Nothing))
    }

    /// Whether each item has its form.
    #[inline(never)]
    pub fn is_sound(&self) -> bool {
        let places = self.0.get(HEAD..).unwrap_or_default();
        places
            .as_chunks()
            .0
            .iter()
            .all(|item| Item(item).is_sound())
    }
}

/// Octets before the items.
const HEAD: usize = 19;
/// Octets of an item.
pub const ITEM: usize = SAID + 4;
/// What it is, and its octets.
pub const SAID: usize = 2 + MAX_RA_TEXT;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn addr(text: &str) -> [u8; 16] {
        text.parse::<Ipv6Addr>().unwrap().octets()
    }

    /// A prefix as it is said.
    fn prefix(text: &str, len: u8) -> Vec<u8> {
        [&[0; 8][..], &[len], &addr(text)].concat()
    }

    #[test]
    fn kinds_stand_where_their_number_says() {
        for octet in 0..=u8::MAX {
            let what = What::of(octet);
            let is_one = what as u8 == octet;
            assert!(is_one || octet > What::Domain as u8 && what == What::Nothing);
        }
        assert_eq!(What::Nothing as u8, 0);
        assert_eq!(ITEM, 70);
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
        let said = [1, 2, 3, 4, 5, 6, 7, 8];
        assert!(advert.add(What::Link, 0x0102_0304, &said));
        assert!(advert.add(What::Router, 7, &[]));
        assert!(advert.add(What::Pref64, 7, &prefix("2001:db8:0:8::", 61)));
        assert!(advert.add(What::Domain, 8, b"example.net"));
        let room = advert.first_octets();
        (room[FLAGS], room[63]) = (MANAGED, 9);
        assert_eq!(room.len(), 64);
        let items: Vec<Item<'_>> = advert.items().collect();
        let [link, router, pref64, domain] = items[..] else {
            panic!("{}", items.len());
        };
        assert_eq!(advert.first(), link);
        assert_eq!((link.what(), link.flags()), (What::Link, MANAGED));
        assert_eq!(
            (link.valid(), link.retrans_ms()),
            (0x0102_0304, 0x0506_0708)
        );
        assert_eq!(link.octets(), said);
        assert_eq!((router.what(), router.valid()), (What::Router, 7));
        assert!(router.octets().is_empty());
        let network = lease6::leased(pref64.octets()).unwrap().addr;
        assert_eq!(std::format!("{network}"), "2001:db8:0:8::/61");
        assert_eq!((domain.octets(), domain.valid()), (&b"example.net"[..], 8));
        assert_eq!(advert.source().octets(), addr("fe80::1"));
        assert_eq!((advert.verdict(), advert.left_out()), (Verdict::Fine, 0));
        assert!(advert.is_sound());
    }

    #[test]
    fn of_some_kinds_there_is_one_only() {
        let mut advert = Advert::NONE;
        for (what, octets, is_one) in [
            (What::Link, &[7; 8][..], true),
            (What::Router, &[], true),
            (What::Portal, b"a", true),
            (What::Pref64, &prefix("64:ff9b::", 96), false),
            (What::Server, &addr("2001:db8::53"), false),
            (What::Domain, b"a", false),
        ] {
            advert.add(what, 7, octets);
            for item in advert.items() {
                let last = advert.items().last().unwrap();
                let is_its = item.what() == what;
                assert_eq!(item.is_replaced_by(last), is_its && is_one);
                assert_eq!(item.said() == last.said(), is_its);
            }
        }
        // Another time is the same.
        let mut later = Advert::NONE;
        later.add(What::Link, 8, &[7; 8]);
        assert_eq!(later.first().said(), advert.first().said());
        assert_ne!(later.first(), advert.first());
    }

    #[test]
    fn what_has_not_its_form_is_left_out() {
        let long = [b'a'; 64];
        for (what, octets, is_fine) in [
            (What::Server, &addr("2001:db8::53")[..], true),
            (What::Server, &addr("fe80::53"), true),
            (What::Server, &addr("::"), false),
            (What::Server, &addr("::1"), false),
            (What::Server, &addr("ff02::fb"), false),
            (What::Server, &[], false),
            (What::Server, &addr("2001:db8::53")[..8], false),
            (What::Pref64, &prefix("64:ff9b::", 96), true),
            (What::Pref64, &prefix("2001:db8::", 32), true),
            (What::Pref64, &prefix("2001:db8::1", 128), true),
            (What::Pref64, &prefix("2001:db8::1", 129), false),
            (What::Pref64, &prefix("2001:db8::1", 96), false),
            (What::Pref64, &prefix("2001:db8::", 0), false),
            (What::Pref64, &prefix("fe80::", 64), false),
            (What::Pref64, &prefix("febf:ffff::", 64), false),
            (What::Pref64, &prefix("fec0::", 64), true),
            (What::Pref64, &prefix("ff80::", 9), false),
            (What::Pref64, &addr("64:ff9b::"), false),
            (What::Domain, b"a.b-c.example", true),
            (What::Domain, b"a b", false),
            (What::Domain, b"", false),
            (What::Domain, b"a..b", false),
            (What::Portal, b"https://example.net/?a=%20#b", true),
            (What::Portal, &long, true),
            (What::Portal, b"https://example.net/$(reboot)", false),
            (What::Portal, b"https://example.net/'", false),
            (What::Portal, b"https://example.net/\x1b", false),
            (What::Portal, b"", false),
            (What::Portal, &[b'a'; 65], false),
            (What::Solicited, &addr("fe80::1"), true),
            (
                What::Advertised,
                &[&addr("fe80::1")[..], &[7; 48]].concat(),
                true,
            ),
            (What::Advertised, &addr("ff02::1"), false),
        ] {
            let mut advert = Advert::NONE;
            assert_eq!(advert.add(what, 7, octets), is_fine, "{what:?} {octets:?}");
            assert_eq!(advert.left_out(), if is_fine { 0 } else { what.bit() });
            assert_eq!(advert.items().count(), usize::from(is_fine));
            // Of what was left out nothing stays.
            assert!(advert.add(What::Router, 7, &[]));
            let mut other = Advert::NONE;
            other.add(What::Router, 7, &[]);
            assert!(is_fine || advert.first() == other.first());
        }
    }

    /// What a jail that somebody else has taken may answer.
    #[test]
    fn what_is_not_sound_is_known() {
        let mut advert = Advert::NONE;
        advert.add(What::Pref64, 7, &prefix("2001:db8::", 64));
        advert.add(What::Domain, 7, b"example.net");
        assert!(advert.is_sound());
        for (at, octet) in [
            (HEAD + 1, 24),
            (HEAD + 1, 255),
            (HEAD + 2, 0xff),
            (HEAD + 10, 20),
            (HEAD + 11, 0xff),
            (HEAD + ITEM + 1, 12),
            (HEAD + ITEM + 1, 0),
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
            let is_there = advert.add(What::Server, 7, &[n as u8 + 1; 16]);
            assert_eq!(is_there, n < MAX_RA_ITEMS);
        }
        assert_eq!(advert.left_out(), What::Server.bit());
        assert_eq!(advert.items().count(), MAX_RA_ITEMS);
        assert!(advert.is_sound());
    }
}
