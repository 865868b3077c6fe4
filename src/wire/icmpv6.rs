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
use super::netlink::{copy, copy_to};
use crate::model::addr::is_link_local;
use crate::model::advert::{Advert, FLAGS, KNOWN_BY, MANAGED, OTHER, What};
use crate::model::lease::Verdict;
use crate::model::lease6::LEASED_OCTETS;
use crate::model::link::{Mac, until_nul};
use crate::text::parts;
use core::net::{IpAddr, Ipv6Addr};

/// Octets of the longest that we say: to routers, over InfiniBand.
pub const MAX: usize = HEADER + MESSAGE;

/// Octets of the longest message: 8 and an option, or 8, an address and an option.
const MESSAGE: usize = 8 + 24;

/// Writes the IPv6 packet that asks which routers are there (RFC 4861 s.4.1), from an address of ours, which is said to
/// be at this MAC. Returns its length; more than there is room for if it does not fit.
pub fn ask_routers(src: &Ipv6Addr, mac: &Mac, packet: &mut [u8]) -> usize {
    ask(src, None, mac.as_bytes(), packet)
}

/// The same of the one that asks whether anybody else has an address (RFC 4862 s.5.4.2). It is known again by six octets
/// of chance where a link brings it back (RFC 7527).
pub fn ask_duplicates(addr: &Ipv6Addr, nonce: &[u8; 6], packet: &mut [u8]) -> usize {
    ask(&Ipv6Addr::UNSPECIFIED, Some(addr), nonce, packet)
}

/// Asks routers, or whether anybody else has an address. `known_by`: what stands in the option, if it is not empty.
#[inline(never)]
fn ask(src: &Ipv6Addr, target: Option<&Ipv6Addr>, known_by: &[u8], packet: &mut [u8]) -> usize {
    let mut message = [0; MESSAGE];
    let (mut kind, mut code, mut dst, mut len) = (ROUTER_SOLICITATION, SOURCE_MAC, ALL_ROUTERS, 8);
    if let Some(target) = target {
        copy_to(&mut message, len, &target.octets());
        (kind, code, dst, len) = (SOLICITATION, NONCE, solicited_node(target), 24);
    }
    message[0] = kind;
    if !known_by.is_empty() {
        let eights = known_by.len().wrapping_add(9) / 8;
        if let Some([first, second, room @ ..]) = message.get_mut(len..) {
            (*first, *second) = (code, eights as u8);
            copy(room, known_by);
        }
        len = eights.wrapping_mul(8).wrapping_add(len);
    }
    let packet_len = len.wrapping_add(HEADER);
    if let Some(packet) = packet.get_mut(..packet_len) {
        copy(packet.get_mut(HEADER..).unwrap_or_default(), &message);
        ipv6::seal(packet, ICMPV6, src, &dst);
    }
    packet_len
}

/// Reads an IPv6 packet into `advert`; what was there before is gone. Of a packet that is neither
/// [`Verdict::Fine`] nor [`Verdict::Neighbor`] the items mean nothing.
///
/// What routers and neighbours say counts only with a hop limit of 255, as no router lets it through (RFC 4861
/// s.6.1.2, s.7.1): all else is not for us.
#[inline(never)]
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
    let (src, _) = addrs.split_first_chunk::<16>()?;
    let (&[kind, code, _, _, _, flags, l0, l1], rest) = message.split_first_chunk()?;
    // Who only asks for an address to send something there has another one.
    let is_asked_to_send = kind == SOLICITATION && *src != [0; 16];
    let is_known = matches!(kind, ROUTER..=ADVERTISEMENT);
    if *hop_limit != HOP_LIMIT || code != 0 || !is_known || is_asked_to_send {
        return Some(Verdict::NotForUs);
    }
    advert.set_source(src);
    if kind == ROUTER && !is_link_local(&IpAddr::from(*src)) {
        return None;
    }
    let (what, len) = match kind {
        ROUTER => (What::Link, 8),
        SOLICITATION => (What::Solicited, 16),
        _ => (What::Advertised, 16),
    };
    let (fixed, mut rest) = rest.split_at_checked(len)?;
    // Options say more of it.
    if !advert.add(what, LEAST, fixed) {
        return None;
    }
    if kind == ROUTER {
        if let Some(octet) = advert.first_octets().get_mut(FLAGS) {
            *octet = flags & (MANAGED | OTHER);
        }
        let seconds = u16::from_be_bytes([l0, l1]);
        advert.add(What::Router, seconds.into(), &[]);
    }
    while let [_, eights @ 1..=u8::MAX, ..] = rest {
        let (option, after) = rest.split_at_checked(usize::from(*eights).wrapping_mul(8))?;
        rest = after;
        put(kind, option, advert);
    }
    let verdict = match kind {
        ROUTER => Verdict::Fine,
        _ => Verdict::Neighbor,
    };
    rest.is_empty().then_some(verdict)
}

/// Puts what a whole option says, or leaves it out. What is asked for by no name of an RFC is of RFC 4861 s.4.6. One of
/// another length than it has there is unknown.
#[inline(never)]
fn put(kind: u8, option: &[u8], advert: &mut Advert) {
    let Some((&[code, eights, len, flags, v0, v1, v2, v3], mut rest)) = option.split_first_chunk()
    else {
        return;
    };
    let valid = u32::from_be_bytes([v0, v1, v2, v3]);
    if kind != ROUTER {
        let is_known_by = if kind == SOLICITATION {
            NONCE
        } else {
            TARGET_MAC
        };
        if code == is_known_by {
            let known_by = parts::slice(option, 2, usize::MAX);
            copy_to(advert.first_octets(), KNOWN_BY, known_by);
        }
        return;
    }
    match code {
        SERVERS => {
            for server in rest.chunks(16) {
                advert.add(What::Server, valid, server);
            }
        }
        DOMAINS => {
            let mut name = domain::Name::new();
            let whole = rest;
            while domain::next(whole, &mut rest, &mut name) {
                advert.add(What::Domain, valid, &name);
            }
            if !rest.is_empty() || !name.is_empty() {
                advert.leave_out(What::Domain);
            }
        }
        PORTAL => {
            let uri = until_nul(parts::slice(option, 2, usize::MAX));
            advert.add(What::Portal, LEAST, uri);
        }
        PREF64 if eights == 2 => {
            // Behind lifetimes that are not said the length, and the octets of the prefix.
            let mut prefix = [0; LEASED_OCTETS];
            copy_to(&mut prefix, 8, parts::slice(option, 3, 13));
            let bits = PREF64_LENS.get(usize::from(flags & 7));
            prefix[8] = bits.copied().unwrap_or(0);
            let seconds = u16::from_be_bytes([len, flags & !7]);
            advert.add(What::Pref64, seconds.into(), &prefix);
        }
        _ => {}
    }
}

/// Types of messages.
const ROUTER_SOLICITATION: u8 = 133;
const ROUTER: u8 = 134;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;

/// Options.
const SOURCE_MAC: u8 = 1;
const TARGET_MAC: u8 = 2;
/// RFC 3971 s.5.3.2.
const NONCE: u8 = 14;
/// RFC 8106 s.5.1.
const SERVERS: u8 = 25;
/// RFC 8106 s.5.2.
const DOMAINS: u8 = 31;
/// RFC 8910 s.2.3.
const PORTAL: u8 = 37;
/// RFC 8781 s.4.
const PREF64: u8 = 38;

/// The prefix lengths that RFC 8781 s.4 has a number for. 0 is none.
const PREF64_LENS: [u8; 8] = [96, 64, 56, 48, 40, 32, 0, 0];

/// Seconds: what has no time of its own counts as long as RFC 4861 s.6.2.1 lets a router be one that says no more.
const LEAST: u32 = 9_000;

#[cfg(test)]
mod tests;
