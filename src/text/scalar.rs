//! Single values: numbers, yes/no, MAC addresses, IP addresses, prefix lengths, host names.

use super::parts;
use crate::diag::Problem;
use crate::model::addr::{Cidr, Family};
use crate::model::link::Mac;
use crate::packed::packed;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A decimal number without sign: digits only, blanks around it ignored.
pub fn number(text: &[u8]) -> Option<u32> {
    digits(parts::trim(text), 10)
}

/// A number as an MTU in octets: 0, which stands for none, is `Some(None)`; `None` if the kernel takes
/// no such MTU.
pub fn mtu(number: Option<u32>) -> Option<Option<u32>> {
    match number {
        Some(0) => Some(None),
        Some(68..=65_535) => Some(number),
        Some(_) | None => None,
    }
}

/// At least one digit of base `radix`, and nothing else.
#[inline(never)]
fn digits(text: &[u8], radix: u32) -> Option<u32> {
    let mut sum = 0_u32;
    for octet in text {
        let digit = char::from(*octet).to_digit(radix)?;
        sum = sum.checked_mul(radix)?.checked_add(digit)?;
    }
    (!text.is_empty()).then_some(sum)
}

/// A hexadecimal number, digits only.
pub fn hex(text: &[u8]) -> Option<u32> {
    digits(text, 16)
}

/// One octet, of two hexadecimal digits at most.
pub fn hex_octet(text: &[u8]) -> Option<u8> {
    u8::try_from(digits(text, 16)?).ok()
}

/// `yes true t y 1 on` / `no false f n 0 off`, any case.
#[inline(never)]
pub fn boolean(text: &[u8]) -> Option<bool> {
    let n = packed!("no,yes,false,true,f,t,n,y,0,1,off,on").position(text)?;
    Some(n & 1 != 0)
}

/// A MAC address of 6 or 20 octets, in pairs of hexadecimal digits separated by `:` or `-` throughout.
#[inline(never)]
pub fn mac(text: &[u8]) -> Option<Mac> {
    match (text.len(), text.get(2)?) {
        (17 | 59, separator @ (b':' | b'-')) => hex_pairs(text, *separator),
        _ => None,
    }
}

/// The MAC behind a name made of one: `enx525400123456`.
pub fn enx_mac(name: &[u8]) -> Option<Mac> {
    let digits = parts::strip(name, b"enx").filter(|digits| digits.len() == 12);
    hex_pairs(digits?, 0)
}

/// Pairs of hexadecimal digits with `separator` between them; nothing where that is 0.
#[inline(never)]
fn hex_pairs(mut text: &[u8], separator: u8) -> Option<Mac> {
    let mut octets = [0; 20];
    let mut len = 0_usize;
    while let Some(octet) = octets.get_mut(len) {
        let (pair, rest) = text.split_at_checked(2)?;
        *octet = hex_octet(pair)?;
        len = len.wrapping_add(1);
        text = match rest {
            [] => return Mac::new(octets.get(..len)?),
            [first, more @ ..] if *first == separator => more,
            _ if separator == 0 => rest,
            _ => return None,
        };
    }
    None
}

/// Four decimal numbers without leading zeros, as `inet_pton` takes them.
#[inline(always)]
pub fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    ipv4_bits(text).map(Ipv4Addr::from_bits)
}

/// The same, the first one in the highest bits.
#[inline(never)]
pub fn ipv4_bits(text: &[u8]) -> Option<u32> {
    u32::try_from(dotted(text, false)?).ok()
}

/// As [`ipv4_bits`], and zeros may stand before each number.
pub fn ipv4_with_zeros(text: &[u8]) -> Option<u32> {
    u32::try_from(dotted(text, true)?).ok()
}

/// The first of such numbers, at least one, the rest taken to be 0; how many these are goes to `missing`.
pub fn ipv4_start(text: &[u8], missing: &mut u32) -> Option<Ipv4Addr> {
    let bits = dotted(text, false)?;
    *missing = (bits >> 32) as u32;
    Some(Ipv4Addr::from_bits(bits as u32))
}

/// The same as bits; how many are missing stands in the bits above.
#[inline(never)]
fn dotted(text: &[u8], with_zeros: bool) -> Option<u64> {
    let (mut bits, mut left, mut rest) = (0_u32, 4_u32, Some(text));
    while let Some(part) = parts::next(&mut rest, b'.') {
        let number = digits(part, 10)?;
        if number > 255 || left == 0 || !with_zeros && matches!(part, [b'0', _, ..]) {
            return None;
        }
        left = left.wrapping_sub(1);
        bits = bits << 8 | number;
    }
    let bits = bits.wrapping_shl(left.wrapping_mul(8));
    Some(u64::from(left) << 32 | u64::from(bits))
}

/// An IPv6 address without brackets and without a zone (RFC 4291 s.2.2).
fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    const WHOLE: usize = 16;
    // With room for a last number that is too much.
    let mut octets = [0; WHOLE + 4];
    // How many there are, and how many of them stand before `::`.
    let (mut len, mut head) = (0_usize, usize::MAX);
    let mut rest = Some(text);
    while let Some(group) = parts::next(&mut rest, b':') {
        if group.is_empty() && head > WHOLE {
            let after = match len {
                0 => rest?.strip_prefix(b":")?,
                _ => rest?,
            };
            rest = Some(after).filter(|after| !after.is_empty());
            head = len;
            continue;
        }
        let (number, size) = match ipv4_bits(group).filter(|_| rest.is_none()) {
            Some(bits) => (bits, 4),
            None => (digits(group, 16).filter(|_| group.len() <= 4)? << 16, 2),
        };
        *octets.get_mut(len..)?.first_chunk_mut()? = number.to_be_bytes();
        len = len.wrapping_add(size);
    }
    // `::` stands for one group at least
    if len > WHOLE || (len == WHOLE) != (head > WHOLE) {
        return None;
    }
    // what stands behind it goes to the end
    let mut end = WHOLE;
    while len > head {
        (len, end) = (len.wrapping_sub(1), end.wrapping_sub(1));
        octets.swap(len, end);
    }
    octets.first_chunk::<WHOLE>().copied().map(Ipv6Addr::from)
}

/// An address of either family, IPv6 with or without brackets.
#[inline(never)]
pub fn ip(text: &[u8]) -> Option<IpAddr> {
    match ipv4_bits(text) {
        Some(bits) => Some(IpAddr::V4(Ipv4Addr::from_bits(bits))),
        None => ipv6(unbracketed(text)).map(IpAddr::V6),
    }
}

/// Forgets an address of zeros only, which stands for none.
#[inline(never)]
pub fn forget_zeros(addr: &mut Option<IpAddr>) {
    if addr.as_ref().is_some_and(is_zeros) {
        *addr = None;
    }
}

/// Whether an address is one of zeros only.
#[inline(never)]
pub fn is_zeros(addr: &IpAddr) -> bool {
    addr.is_unspecified()
}

/// What is inside `[...]`, or all of it.
pub fn unbracketed(text: &[u8]) -> &[u8] {
    match text {
        [b'[', inside @ .., b']'] => inside,
        _ => text,
    }
}

/// A prefix length, or for IPv4 a contiguous netmask.
#[inline(never)]
pub fn prefix_len(text: &[u8], family: Family) -> Option<u8> {
    let Some(len) = number(text) else {
        let host_bits = !ipv4_bits(text).filter(|_| family == Family::V4)?;
        let is_contiguous = host_bits & host_bits.wrapping_add(1) == 0;
        return is_contiguous.then(|| host_bits.leading_zeros().to_le_bytes()[0]);
    };
    (len <= family.bits().into()).then_some(len as u8)
}

/// An address with an optional prefix length: `192.0.2.5/24`, `[2001:db8::1]/64`, `[2001:db8::1/64]`.
/// A mask may be dotted. `into` keeps its length where none is given; after an error it means nothing.
///
/// # Errors
/// Which part is wrong.
#[inline(never)]
pub fn cidr(text: &[u8], into: &mut Cidr) -> Result<(), Problem> {
    let mut rest = Some(unbracketed(text));
    let addr = parts::next(&mut rest, b'/').and_then(ip);
    into.addr = addr.ok_or(Problem::NotAnAddress)?;
    if let Some(len) = rest {
        into.len = prefix_len(len, into.family()).ok_or(Problem::BadPrefix)?;
    }
    Ok(())
}

/// A prefix with its length, a full one where none is given. After an error `into` means nothing.
///
/// # Errors
/// Which part is wrong.
#[inline(never)]
pub fn prefix(text: &[u8], into: &mut Cidr) -> Result<(), Problem> {
    into.len = u8::MAX;
    cidr(text, into)?;
    into.len = into.len.min(into.family().bits());
    Ok(())
}

/// RFC 1123: labels of letters, digits and `-`, not at their ends, at most 63 octets each, 64 in all
/// (`HOST_NAME_MAX`).
pub fn is_hostname(text: &[u8]) -> bool {
    text.len() <= 64 && is_domain(text)
}

/// A domain name: as a host name, up to 253 octets, a final dot allowed.
#[inline(never)]
pub fn is_domain(text: &[u8]) -> bool {
    let text = match text {
        [text @ .., b'.'] => text,
        _ => text,
    };
    let mut rest = Some(text);
    while let Some(label) = parts::next(&mut rest, b'.') {
        let is_plain = |octet: &u8| parts::is_plain(*octet, b"-");
        if !(1..=63).contains(&label.len())
            || matches!(label, [b'-', ..] | [.., b'-'])
            || !label.iter().all(is_plain)
        {
            return false;
        }
    }
    text.len() <= 253
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
        let cidr = |text: &[u8]| {
            let mut into = Cidr {
                len: u8::MAX,
                ..Cidr::default(Family::V4)
            };
            let given = |into: Cidr| (into.addr, (into.len != u8::MAX).then_some(into.len));
            cidr(text, &mut into).map(|()| given(into))
        };
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(cidr(b"[2001:db8::1]/64"), Ok((v6, Some(64))));
        assert_eq!(cidr(b"[2001:db8::1/64]"), Ok((v6, Some(64))));
        assert_eq!(cidr(b"2001:db8::1"), Ok((v6, None)));
        assert_eq!(cidr(b"192.0.2.1/255.255.255.0").unwrap().1, Some(24));
        assert_eq!(cidr(b"192.0.2.1/255.0.255.0"), Err(Problem::BadPrefix));
        assert_eq!(cidr(b"192.0.2.1/33"), Err(Problem::BadPrefix));
        assert_eq!(cidr(b"192.0.2.01"), Err(Problem::NotAnAddress));
        assert_eq!(
            cidr(b"[192.0.2.1]"),
            Ok(("192.0.2.1".parse().unwrap(), None))
        );
    }

    /// Random texts of the octets addresses are made of: most are none, some are.
    #[test]
    fn addresses_are_those_that_std_reads() {
        const PIECES: &[&str] = &[
            ":",
            "::",
            ".",
            "0",
            "00",
            "1",
            "9",
            "25",
            "255",
            "256",
            "a",
            "F",
            "ffff",
            "10000",
            "g",
            "192.0.2.1",
            "1:2:3:4:5:6:7:8",
            "2001:db8",
        ];
        let mut state = 1_u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let (mut fours, mut sixes) = (0, 0);
        for _ in 0..200_000 {
            let pieces = random(9);
            let text: std::string::String =
                (0..pieces).map(|_| PIECES[random(PIECES.len())]).collect();
            assert_eq!(ipv4(text.as_bytes()), text.parse().ok(), "{text}");
            assert_eq!(ipv6(text.as_bytes()), text.parse().ok(), "{text}");
            fours += u32::from(ipv4(text.as_bytes()).is_some());
            sixes += u32::from(ipv6(text.as_bytes()).is_some());
        }
        assert!(fours > 100 && sixes > 100, "{fours} {sixes}");
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
