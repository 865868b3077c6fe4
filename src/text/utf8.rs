//! UTF-8 (RFC 3629). The standard library's judge is made for long texts, and brings a table.

/// Octets of the character in front; 0 where none begins.
#[inline(never)]
pub fn character(text: &[u8]) -> usize {
    let Some(first) = text.first() else {
        return 0;
    };
    match first {
        0..=0x7f => return 1,
        0xc2..=0xf7 => {}
        _ => return 0,
    }
    let len = first.leading_ones();
    let mut code = u32::from(*first) & 0x7f_u32.wrapping_shr(len);
    for n in 1..len {
        match text.get(n as usize) {
            Some(octet @ 0x80..=0xbf) => code = code << 6 | u32::from(octet & 0x3f),
            _ => return 0,
        }
    }
    // What takes fewer octets, too, and what is none.
    let least = 1_u32.wrapping_shl(len.wrapping_mul(5).wrapping_sub(4));
    match code {
        0xd800..=0xdfff | 0x11_0000.. => 0,
        _ if code < least => 0,
        _ => len as usize,
    }
}

/// Whether all of it is UTF-8.
#[inline(never)]
pub fn is_valid(mut text: &[u8]) -> bool {
    while let len @ 1.. = character(text) {
        text = text.get(len..).unwrap_or_default();
    }
    text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Every first octet with what may and may not follow it.
    #[test]
    fn the_standard_library_agrees() {
        const AFTER: [u8; 9] = [0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
        for first in 0..=u8::MAX {
            let mut texts = Vec::from([Vec::from([first])]);
            for _ in 0..3 {
                let longer = texts
                    .iter()
                    .flat_map(|text| AFTER.map(|octet| [text.as_slice(), &[octet]].concat()));
                texts = longer.collect();
                for text in &texts {
                    assert_eq!(is_valid(text), str::from_utf8(text).is_ok(), "{text:x?}");
                }
            }
            assert_eq!(is_valid(&[first]), first.is_ascii());
        }
        assert!(is_valid(b""));
    }
}
