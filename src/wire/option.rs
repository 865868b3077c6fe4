//! What is in an option of DHCPv4 or DHCPv6, put in the form of its field.
//!
//! See [`crate::wire`] for the contract.

use super::domain::{self, Name};
use crate::model::lease::{Field, Kind, is_host};
use crate::model::lease6::{Field6, LEASED_OCTETS};
use crate::model::link::until_nul;
use crate::model::slots::{self, Record};
use crate::text::parts;
use core::net::Ipv4Addr;

/// Puts an option in the form of its field, or leaves it out: of a list what can be used, of routers the first one of
/// that. Our own name need not be fully qualified (RFC 4704 s.4.2).
#[inline(never)]
pub(super) fn decode(field: u8, octets: &[u8], record: &mut Record) {
    let kind = slots::row(field).kind;
    let (mut name, mut leased) = (Name::new(), [0; LEASED_OCTETS]);
    let (mut at, mut len) = (0, usize::MAX);
    if field == FQDN {
        at = 1;
    }
    if kind == Kind::Leased {
        len = LEASED_OCTETS;
    }
    let mut rest = parts::slice(octets, at, len);
    if field == RAPID_COMMIT && rest.is_empty() {
        rest = &[1];
    }
    loop {
        let mut size = usize::MAX;
        if kind == Kind::Addrs {
            size = 4;
        } else if kind == Kind::Addrs6 {
            size = 16;
        } else if kind == Kind::Texts {
            size = slots::number(take(&mut rest, 2)) as usize;
            if size > rest.len() {
                size = 0;
            }
        }
        let is_name = kind == Kind::Domains && field != DOMAIN;
        let item = if is_name {
            if !domain::next(octets, &mut rest, &mut name) && field != FQDN {
                name.clear();
            }
            &name
        } else {
            let item = take(&mut rest, size);
            if matches!(kind, Kind::Hostname | Kind::Text | Kind::Domains) {
                parts::trim(until_nul(item))
            } else if field == ADDRS {
                rearranged(item, &mut leased)
            } else {
                item
            }
        };
        let is_word = is_name | (kind == Kind::Texts);
        let is_words = is_word & parts::has(item, b' ');
        if item.is_empty() | is_words || !is_usable(field, kind, item) {
            slots::leave_out(record, field);
        } else {
            slots::add(record, field, item);
            if field == ROUTER {
                return;
            }
        }
        if rest.is_empty() || item.is_empty() {
            return;
        }
    }
}

/// Takes so many octets, or all that there are.
#[inline(never)]
fn take<'m>(rest: &mut &'m [u8], octets: usize) -> &'m [u8] {
    let all = *rest;
    *rest = parts::slice(all, octets, usize::MAX);
    parts::slice(all, 0, octets)
}

/// Whether a value has its form, and can be one of its field: a mask is contiguous and not 0, an MTU at least 68 (RFC
/// 791), and an IPv4 address but that of a broadcast somebody's own.
fn is_usable(field: u8, kind: Kind, octets: &[u8]) -> bool {
    if !slots::is_sound(field, octets) {
        return false;
    }
    let number = slots::number(octets);
    match field {
        MTU => number >= 68,
        MASK => number != 0 && !number & (!number).wrapping_add(1) == 0,
        BROADCAST => true,
        _ => !matches!(kind, Kind::Addr | Kind::Addrs) || is_host(Ipv4Addr::from_bits(number)),
    }
}

/// An address and its lifetimes in the order of a prefix; as it is what is none.
fn rearranged<'a>(octets: &'a [u8], leased: &'a mut [u8; LEASED_OCTETS]) -> &'a [u8] {
    if let Some((addr, times)) = octets.split_first_chunk::<16>()
        && let Some(times) = times.first_chunk::<8>()
    {
        let [a, b, c, d, e, f, g, h, len, end @ ..] = leased;
        [*a, *b, *c, *d, *e, *f, *g, *h] = *times;
        *len = 128;
        *end = *addr;
        return leased;
    }
    octets
}

/// Fields of which not only their kind counts.
const RAPID_COMMIT: u8 = Field::RapidCommit.number();
const MASK: u8 = Field::Mask.number();
const BROADCAST: u8 = Field::Broadcast.number();
const ROUTER: u8 = Field::Router.number();
const DOMAIN: u8 = Field::Domain.number();
const MTU: u8 = Field::Mtu.number();
const ADDRS: u8 = Field6::Addrs.number();
const FQDN: u8 = Field6::Fqdn.number();
