//! Neighbour discovery (RFC 4861): what we ask routers and neighbours, and what is heard of them.
//!
//! ```text
//!  0      1      2          4      5       6          8          12         16
//!  +------+------+----------+------+-------+----------+----------+----------+- - -
//!  | 134  | code | checksum | hop  | flags | router   | reachable| retrans  | options      advertisement of a router
//!  |      |      |          | limit|       | lifetime | time     | timer    |
//!  +------+------+----------+------+-------+----------+----------+----------+- - -
//!  | 135, | code | checksum | flags, reserved         | target, 16 octets   | options      of a neighbour
//!  | 136  |      |          |                         |                     |
//!  +------+------+----------+-------------------------+---------------------+- - -
//!  +------+------+----------- - -
//!  | type | len  | octets          an option; `len` counts eights, and the two of the head
//!  +------+------+----------- - -
//! ```
//!
//! See [`crate::wire`] for the contract.

use super::domain;
use super::ipv4::Checksum;
use super::ipv6::{self, ALL_ROUTERS, HEADER, HOP_LIMIT, ICMPV6, solicited_node};
use super::netlink::copy;
use crate::model::addr::is_link_local;
use crate::model::advert::{
    ADVERTISED, Advert, HOPS, Head, KNOWN_BY, MANAGED, MTU_AT, OTHER, SOLICITED, What,
};
use crate::model::lease::Verdict;
use crate::model::link::{Mac, until_nul};
use crate::text::parts;
use core::net::{IpAddr, Ipv6Addr};

/// Octets of the longest that we say: to routers, over InfiniBand.
pub const MAX: usize = HEADER + MESSAGE;

/// Writes the IPv6 packet that asks which routers are there (RFC 4861 s.4.1), from an address of ours, which is said to
/// be at this MAC, or from none, which says no more. Returns its length; more than there is room for if it does not fit.
pub fn ask_routers(src: &Ipv6Addr, mac: &Mac, packet: &mut [u8]) -> usize {
    let mac = mac.as_bytes();
    let mut message = [0; MESSAGE];
    let [kind, _, _, _, _, _, _, _, code, eights, room @ ..] = &mut message;
    *kind = ROUTER_SOLICITATION;
    let mut len = 8;
    if !src.is_unspecified() && !mac.is_empty() {
        *code = SOURCE_MAC;
        *eights = (mac.len().wrapping_add(9) / 8) as u8;
        copy(room, mac);
        len = usize::from(*eights).wrapping_mul(8).wrapping_add(len);
    }
    send(parts::slice(&message, 0, len), src, &ALL_ROUTERS, packet)
}

/// The same of the one that asks whether anybody else has an address (RFC 4862 s.5.4.2). It is known again by six octets
/// of chance where a link brings it back (RFC 7527).
pub fn ask_duplicates(addr: &Ipv6Addr, nonce: &[u8; 6], packet: &mut [u8]) -> usize {
    let mut message = [0; MESSAGE];
    let [kind, _, _, _, _, _, _, _, about @ ..] = &mut message;
    *kind = SOLICITATION;
    copy(about, &addr.octets());
    if let Some([code, eights, room @ ..]) = about.get_mut(16..) {
        (*code, *eights) = (NONCE, 1);
        copy(room, nonce);
    }
    let group = solicited_node(addr);
    send(&message, &Ipv6Addr::UNSPECIFIED, &group, packet)
}

/// Puts a message and its header into a packet where it fits, and returns its length.
#[inline(never)]
fn send(message: &[u8], src: &Ipv6Addr, dst: &Ipv6Addr, packet: &mut [u8]) -> usize {
    let len = message.len().wrapping_add(HEADER);
    if let Some(packet) = packet.get_mut(..len) {
        copy(packet.get_mut(HEADER..).unwrap_or_default(), message);
        ipv6::seal(packet, ICMPV6, src, dst);
    }
    len
}

/// Reads an IPv6 packet into `advert`; what was there before is gone. Of a packet that is neither
/// [`Verdict::Fine`] nor [`Verdict::Neighbor`] the items mean nothing.
///
/// What routers and neighbours say counts only with a hop limit of 255, as no router lets it through (RFC 4861
/// s.6.1.2, s.7.1): all else is not for us.
pub fn read(packet: &[u8], checksum: Checksum, advert: &mut Advert) {
    *advert = Advert::NONE;
    let verdict = match ipv6::open(packet, checksum, ICMPV6) {
        Ok((header, message)) => heard(header, message, advert).unwrap_or(Verdict::Malformed),
        Err(verdict) => verdict,
    };
    advert.judge(verdict);
}

/// Puts what a message says; `None` where it is malformed.
fn heard(header: &[u8; HEADER], message: &[u8], advert: &mut Advert) -> Option<Verdict> {
    let [_, _, _, _, _, _, _, hop_limit, addrs @ ..] = header;
    let ([src, dst], _) = addrs.as_chunks::<16>() else {
        return None;
    };
    let (&[kind, code, _, _, first, second, l0, l1], rest) = message.split_first_chunk()?;
    if *hop_limit != HOP_LIMIT || code != 0 || !matches!(kind, ROUTER..=ADVERTISEMENT) {
        return Some(Verdict::NotForUs);
    }
    advert.set_source(src);
    let is_router = kind == ROUTER;
    let mut len = 8;
    let mut said = head(What::Link, second & (MANAGED | OTHER), LEAST);
    if !is_router {
        len = 16;
        said = head(What::Target, kind, 0);
    }
    let (fixed, mut rest) = rest.split_at_checked(len)?;
    advert.add(said, fixed);
    let is_from_nobody = *src == [0; 16];
    let is_to_many = dst[0] == 0xff;
    let is_proper = if is_router {
        advert.set_octets(HOPS, &[first]);
        let flags = preference(second).unwrap_or(0);
        let seconds = u16::from_be_bytes([l0, l1]).into();
        advert.add(head(What::Router, flags, seconds), &[]);
        is_link_local(&IpAddr::from(*src))
    } else if kind == ADVERTISED {
        !is_to_many || first & ASKED_FOR == 0
    } else {
        is_to_many || !is_from_nobody
    };
    while let [code, eights @ 1..=u8::MAX, ..] = rest {
        let (option, after) = rest.split_at_checked(usize::from(*eights).wrapping_mul(8))?;
        let row = OPTIONS.iter().find(|row| {
            row.code == *code && row.of == kind && (row.least..=row.most).contains(eights)
        });
        if let Some(row) = row {
            put(row, option, advert)?;
        }
        rest = after;
    }
    let is_whole = rest.is_empty() && advert.left_out() & What::Target.bit() == 0;
    let verdict = match is_router {
        true => Verdict::Fine,
        false => Verdict::Neighbor,
    };
    (is_whole && is_proper).then_some(verdict)
}

/// An option that is read.
struct Row {
    /// The type of the message it stands in, and its own.
    of: u8,
    code: u8,
    /// Its length.
    least: u8,
    most: u8,
    /// What it says; [`What::Target`] is what the first item is known by.
    what: What,
    /// Where the octets begin that say it.
    at: u8,
}

/// RFC 4861 s.4.6 but for those that name another one. Of another length they are unknown.
#[rustfmt::skip]
const OPTIONS: &[Row] = &[
    row(ROUTER, SOURCE_MAC, (1, 255), What::Target, 2),
    row(ROUTER,      3, (4, 4),   What::OnLink, 16),
    row(ROUTER,      5, (1, 1),   What::Link, 4),
    // RFC 4191 s.2.3.
    row(ROUTER,     24, (1, 3),   What::Route, 8),
    // RFC 8106 s.5.1.
    row(ROUTER,     25, (3, 255), What::Server, 8),
    // RFC 8106 s.5.2.
    row(ROUTER,     31, (2, 255), What::Domain, 8),
    // RFC 8910 s.2.3.
    row(ROUTER,     37, (1, 255), What::Portal, 2),
    // RFC 8781 s.4.
    row(ROUTER,     38, (2, 2),   What::Pref64, 4),
    // RFC 3971 s.5.3.2.
    row(SOLICITED, NONCE, (1, 255), What::Target, 2),
    row(SOLICITED, SOURCE_MAC, (1, 255), What::Nothing, 2),
    row(ADVERTISED,  2, (1, 255), What::Target, 2),
];

const fn row(of: u8, code: u8, (least, most): (u8, u8), what: What, at: u8) -> Row {
    Row {
        of,
        code,
        least,
        most,
        what,
        at,
    }
}

/// Puts what a whole option says, or leaves it out; `None` where it makes the message malformed.
fn put(row: &Row, option: &[u8], advert: &mut Advert) -> Option<()> {
    let (&[_, _, len, flags, v0, v1, v2, v3], rest) = option.split_first_chunk()?;
    let mut octets = option.get(row.at.into()..)?;
    let mut said = head(row.what, 0, u32::from_be_bytes([v0, v1, v2, v3]));
    said.prefix_len = len;
    match row.what {
        What::OnLink => {
            if flags & AUTONOMOUS != 0 {
                let preferred = u32::from_be_bytes(*rest.first_chunk()?);
                let what = What::Autonomous;
                advert.add(
                    Head {
                        what,
                        preferred,
                        ..said
                    },
                    octets,
                );
            }
            if flags & ON_LINK == 0 {
                return Some(());
            }
        }
        What::Route => {
            let has_room = usize::from(len).div_ceil(8) <= octets.len();
            match preference(flags).filter(|_| has_room) {
                Some(preference) => said.flags = preference,
                // Which none has.
                None => said.prefix_len = u8::MAX,
            }
            if said.prefix_len == 0 {
                // It says it better than the header (RFC 4191 s.3.1).
                advert.set(1, said);
                return Some(());
            }
        }
        What::Pref64 => {
            let word = u16::from_be_bytes([len, flags]);
            said = head(What::Pref64, 0, (word & !7).into());
            let len = PREF64_LENS.get(usize::from(word & 7));
            said.prefix_len = len.copied().unwrap_or(0);
        }
        What::Server => {
            while let Some((server, rest)) = octets.split_at_checked(16) {
                advert.add(said, server);
                octets = rest;
            }
            if octets.is_empty() {
                return Some(());
            }
            // Half an address is left, which is none.
            octets = &[];
        }
        What::Domain => {
            let mut name = domain::Name::new();
            while domain::next(&mut octets, &mut name) {
                advert.add(said, &name);
            }
            if octets.is_empty() && name.is_empty() {
                return Some(());
            }
            // Something is left, which is none.
            octets = &[];
        }
        What::Portal => {
            said = head(What::Portal, 0, LEAST);
            octets = until_nul(octets);
        }
        What::Link if said.valid < LEAST_MTU => return Some(()),
        What::Link => {
            advert.set_octets(MTU_AT, octets);
            return Some(());
        }
        What::Target => {
            advert.set_octets(KNOWN_BY, octets);
            return Some(());
        }
        // Nobody is at no MAC (RFC 4861 s.7.1.1).
        What::Nothing => return (!advert.source().is_unspecified()).then_some(()),
        What::Router | What::Autonomous => {}
    }
    advert.add(said, octets);
    Some(())
}

/// Of something that is preferred as long as it lasts.
fn head(what: What, flags: u8, valid: u32) -> Head {
    Head {
        what,
        prefix_len: 0,
        flags,
        valid,
        preferred: valid,
    }
}

/// A preference (RFC 4191 s.2.1) among these flags; `None` for the one that is reserved.
fn preference(flags: u8) -> Option<u8> {
    Some(flags >> 3 & 3).filter(|preference| *preference != 2)
}

/// Octets of the longest message that we send.
const MESSAGE: usize = 8 + 24;

/// Types of messages.
const ROUTER_SOLICITATION: u8 = 133;
const ROUTER: u8 = 134;
const SOLICITATION: u8 = SOLICITED;
const ADVERTISEMENT: u8 = ADVERTISED;

/// Of an advertisement of a neighbour: it is an answer.
const ASKED_FOR: u8 = 0x40;

/// Options.
const SOURCE_MAC: u8 = 1;
const NONCE: u8 = 14;

/// Flags of a prefix.
const ON_LINK: u8 = 0x80;
const AUTONOMOUS: u8 = 0x40;

/// RFC 8200 s.5.
const LEAST_MTU: u32 = 1_280;

/// The prefix lengths that RFC 8781 s.4 has a number for.
const PREF64_LENS: &[u8] = &[96, 64, 56, 48, 40, 32];

/// Seconds: what has no time of its own counts as long as RFC 4861 s.6.2.1 lets a router be one that says no more.
const LEAST: u32 = 9_000;

#[cfg(test)]
mod tests;
