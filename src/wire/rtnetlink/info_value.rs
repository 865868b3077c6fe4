//! Values of options in the form in which the kernel has them.

use crate::model::attr::Form;
use crate::text::{parts, scalar};
use crate::wire::netlink::{append, attrs};
use core::net::IpAddr;
use heapless::VecView;

/// Ethernet types of VLANs.
const ETH_P_8021Q: u32 = 0x8100;
const ETH_P_8021AD: u32 = 0x88a8;
/// Of a partition key.
const FULL_MEMBER: u32 = 0x8000;

/// Appends a hardware address or an IP address, which a text of the configuration is known to be.
#[inline(never)]
pub fn append_octets(to: &mut VecView<u8>, text: &[u8]) {
    if let Some(mac) = &scalar::mac(text) {
        return append(to, mac.as_bytes());
    }
    match scalar::ip(text) {
        Some(IpAddr::V4(addr)) => append(to, &addr.octets()),
        Some(IpAddr::V6(addr)) => append(to, &addr.octets()),
        None => {}
    }
}

/// A number of the configuration, perhaps a negative one.
#[inline(never)]
pub fn signed(text: &[u8]) -> u32 {
    let digits = parts::without(text, b"-");
    let number = scalar::number(digits).unwrap_or(0);
    match digits.len() == text.len() {
        true => number,
        false => number.wrapping_neg(),
    }
}

/// The number that an attribute of four or eight octets holds.
pub fn number_had(have: &[u8]) -> u32 {
    let low = match cfg!(target_endian = "big") {
        true => have.last_chunk(),
        false => have.first_chunk(),
    };
    low.copied().map_or(0, u32::from_ne_bytes)
}

/// Appends a number.
#[inline(never)]
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are as they are")]
pub fn put_number(to: &mut VecView<u8>, form: Form, mut value: u32) {
    value = match form {
        Form::Pkey => value | FULL_MEMBER,
        Form::Power => 1_u32.wrapping_shl(value),
        Form::Key => value.to_be(),
        Form::Tag if value == 0 => ETH_P_8021Q,
        Form::Tag => ETH_P_8021AD,
        _ => value,
    };
    let mut len = 4;
    if form <= Form::Tag {
        len = 2;
        if form >= Form::Be16 {
            value = (value as u16).to_be().into();
        }
        if form <= Form::U8 {
            len = 1;
        }
    } else if form == Form::Time64 {
        len = 8;
    }
    let octets = u64::from(value).to_ne_bytes();
    let at = match cfg!(target_endian = "big") {
        true => octets.len().wrapping_sub(len),
        false => 0,
    };
    append(to, parts::slice(&octets, at, len));
}

/// What a priority becomes in a map; 0 where that says nothing.
pub fn mapped(have: &[u8], from: u32) -> u32 {
    for pair in attrs(have) {
        if let ([first, then], []) = pair.payload.as_chunks()
            && u32::from_ne_bytes(*first) == from
        {
            return u32::from_ne_bytes(*then);
        }
    }
    0
}
