//! Single values: numbers, yes/no, MAC addresses, IP addresses, prefix lengths, host names.

use crate::model::addr::{Cidr, Family};
use crate::model::link::Mac;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// A decimal number without sign: digits only, blanks around it ignored.
pub fn number(text: &[u8]) -> Option<u32> {
    let digits = text.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |sum, octet| {
        let digit = octet.checked_sub(b'0').filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

/// `yes true t y 1 on` / `no false f n 0 off`, any case.
pub fn boolean(text: &[u8]) -> Option<bool> {
    const YES: [&[u8]; 6] = [b"yes", b"true", b"t", b"y", b"1", b"on"];
    const NO: [&[u8]; 6] = [b"no", b"false", b"f", b"n", b"0", b"off"];
    let is = |word: &&[u8]| word.eq_ignore_ascii_case(text);
    if YES.iter().any(is) {
        Some(true)
    } else if NO.iter().any(is) {
        Some(false)
    } else {
        None
    }
}

/// A MAC address of 6 or 20 octets, in pairs of hexadecimal digits separated by `:` or `-` throughout.
pub fn mac(text: &[u8]) -> Option<Mac> {
    let separator = *text.get(2)?;
    if !matches!(separator, b':' | b'-') {
        return None;
    }
    let mut octets = heapless::Vec::<u8, 20>::new();
    for pair in text.split(|octet| *octet == separator) {
        octets.push(hex_pair(pair)?).ok()?;
    }
    matches!(octets.len(), 6 | 20)
        .then(|| Mac::new(&octets))
        .flatten()
}

/// Two hexadecimal digits.
fn hex_pair(pair: &[u8]) -> Option<u8> {
    let [high, low] = *pair else { return None };
    let digit = |octet: u8| {
        (octet as char)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    digit(high)?.checked_mul(16)?.checked_add(digit(low)?)
}

/// The MAC behind a name made of one: `enx525400123456`.
pub fn enx_mac(name: &[u8]) -> Option<Mac> {
    let digits = name
        .strip_prefix(b"enx")
        .filter(|digits| digits.len() == 12)?;
    let mut octets = [0; 6];
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = hex_pair(pair)?;
    }
    Mac::new(&octets)
}

/// Four decimal numbers without leading zeros, as `inet_pton` takes them.
pub fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    Ipv4Addr::from_str(core::str::from_utf8(text).ok()?).ok()
}

/// An IPv6 address without brackets and without a zone.
pub fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    Ipv6Addr::from_str(core::str::from_utf8(text).ok()?).ok()
}

/// An address of either family, IPv6 with or without brackets.
pub fn ip(text: &[u8]) -> Option<IpAddr> {
    match unbracketed(text) {
        Some(inside) => ipv6(inside).map(IpAddr::V6),
        None => ipv4(text)
            .map(IpAddr::V4)
            .or_else(|| ipv6(text).map(IpAddr::V6)),
    }
}

/// What is inside `[...]`.
pub fn unbracketed(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"[")?.strip_suffix(b"]")
}

/// A prefix length, or for IPv4 a contiguous netmask.
pub fn prefix_len(text: &[u8], family: Family) -> Option<u8> {
    if let Some(len) = number(text) {
        return u8::try_from(len).ok().filter(|len| *len <= family.bits());
    }
    match family {
        Family::V4 => netmask_len(ipv4(text)?),
        Family::V6 => None,
    }
}

/// The prefix length of a contiguous netmask.
pub fn netmask_len(mask: Ipv4Addr) -> Option<u8> {
    let bits = mask.to_bits();
    (bits.leading_ones() == bits.count_ones())
        .then(|| u8::try_from(bits.count_ones()).ok())
        .flatten()
}

/// An address with an optional prefix length: `192.0.2.5/24`, `[2001:db8::1]/64`, `[2001:db8::1/64]`.
/// A mask may be dotted. Says which part is wrong by its variant of the error.
pub fn cidr(text: &[u8]) -> Result<(IpAddr, Option<u8>), CidrError> {
    let text = unbracketed(text).unwrap_or(text);
    let (addr, len) = match text.iter().position(|octet| *octet == b'/') {
        Some(slash) => {
            let (addr, len) = text.split_at_checked(slash).unwrap_or((text, b""));
            (addr, Some(len.get(1..).unwrap_or_default()))
        }
        None => (text, None),
    };
    let addr = ip(addr).ok_or(CidrError::Addr)?;
    let len = len
        .map(|len| prefix_len(len, Family::of(&addr)).ok_or(CidrError::Len))
        .transpose()?;
    Ok((addr, len))
}

/// What [`cidr`] could not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CidrError {
    /// The address.
    Addr,
    /// The prefix length.
    Len,
}

/// A prefix with its length, a full one where none is given.
pub fn prefix(text: &[u8]) -> Result<Cidr, CidrError> {
    let (addr, len) = cidr(text)?;
    Ok(Cidr {
        addr,
        len: len.unwrap_or(Family::of(&addr).bits()),
    })
}

/// RFC 1123: labels of letters, digits and `-`, not at their ends, at most 63 octets each, 64 in all
/// (`HOST_NAME_MAX`).
pub fn is_hostname(text: &[u8]) -> bool {
    text.len() <= 64 && is_domain(text)
}

/// A domain name: as a host name, up to 253 octets, a final dot allowed.
pub fn is_domain(text: &[u8]) -> bool {
    let text = text.strip_suffix(b".").unwrap_or(text);
    text.len() <= 253
        && text.split(|octet| *octet == b'.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .iter()
                    .all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
                && label.first() != Some(&b'-')
                && label.last() != Some(&b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_are_decimal_and_bounded() {
        assert_eq!(number(b"4294967295"), Some(u32::MAX));
        assert_eq!(number(b" 42 "), Some(42));
        for bad in [&b""[..], b"4294967296", b"-1", b"+1", b"0x10", b"1 2"] {
            assert_eq!(number(bad), None);
        }
    }

    #[test]
    fn booleans_take_the_words_of_both_worlds() {
        assert_eq!(boolean(b"YES"), Some(true));
        assert_eq!(boolean(b"Off"), Some(false));
        assert_eq!(boolean(b"maybe"), None);
        assert_eq!(boolean(b""), None);
    }

    #[test]
    fn macs_of_both_lengths_and_separators() {
        assert_eq!(
            mac(b"52-54-00-12-34-AB").unwrap().to_string(),
            "52:54:00:12:34:ab"
        );
        assert!(mac(b"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33").is_some());
        for bad in [
            &b"52:54:00:12:34"[..],
            b"52:54-00:12:34:56",
            b"52:54:00:12:34:5g",
            b"5254.0012.3456",
            b"",
            b"5",
        ] {
            assert_eq!(mac(bad), None);
        }
        assert_eq!(enx_mac(b"enx525400123456"), mac(b"52:54:00:12:34:56"));
        assert_eq!(enx_mac(b"enx52540012345"), None);
    }

    #[test]
    fn addresses_take_brackets_and_masks() {
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(cidr(b"[2001:db8::1]/64"), Ok((v6, Some(64))));
        assert_eq!(cidr(b"[2001:db8::1/64]"), Ok((v6, Some(64))));
        assert_eq!(cidr(b"2001:db8::1"), Ok((v6, None)));
        assert_eq!(cidr(b"192.0.2.1/255.255.255.0").unwrap().1, Some(24));
        assert_eq!(cidr(b"192.0.2.1/255.0.255.0"), Err(CidrError::Len));
        assert_eq!(cidr(b"192.0.2.1/33"), Err(CidrError::Len));
        assert_eq!(cidr(b"192.0.2.01"), Err(CidrError::Addr));
        assert_eq!(
            cidr(b"[192.0.2.1]"),
            Ok(("192.0.2.1".parse().unwrap(), None))
        );
    }

    #[test]
    fn host_names_follow_rfc_1123() {
        assert!(is_hostname(b"a-1.example.com"));
        for bad in [
            &b""[..],
            b"-a",
            b"a-",
            b"a..b",
            b"a_b",
            b"a b",
            "x".repeat(65).as_bytes(),
        ] {
            assert!(!is_hostname(bad));
        }
        assert!(is_domain(b"example.com.") && !is_domain(b"."));
    }
}
