//! Packing, which is done while compiling.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails here is an error of the compiler"
)]

/// The unit that stands for the first of [`PARTS`].
pub(super) const FIRST: u8 = 0x80;

/// What a unit from [`FIRST`] on stands for: a part of two octets, or of two units before it. They were
/// chosen by joining the most frequent pair of neighbours in all texts, again and again (size-report/parts).
const PARTS: [&str; 128] = [
    "s ",
    "e ",
    "th",
    "t ",
    "in",
    "no",
    "  ",
    "is ",
    "IP",
    "re",
    "an",
    "on",
    "er",
    "IPV",
    "not ",
    "me",
    "lin",
    "IPV6",
    "d ",
    "TE",
    "or",
    ", ",
    "a ",
    "    ",
    "ou",
    "ne",
    "ON",
    "link",
    "is not ",
    "IPV6_",
    "the ",
    "MA",
    "IN",
    "y ",
    "fi",
    "\":",
    "RE",
    "RO",
    "DE",
    "an ",
    ",\"",
    "ti",
    "it",
    "te",
    "ar",
    "ER",
    "of",
    "le",
    "ME",
    "rd",
    "rd.",
    "AD",
    "TI",
    "t.",
    "ch",
    ": ",
    "ad",
    "res",
    "na",
    "ver",
    "de",
    "NE",
    "DH",
    "DHC",
    "RI",
    "ing",
    "LE",
    "of ",
    "se",
    "to",
    "UT",
    "wa",
    "co",
    "e th",
    "--",
    "CON",
    "T_",
    "WA",
    "no ",
    "or ",
    "ADD",
    "DHCP",
    "LA",
    "wh",
    "and ",
    "ST",
    "one ",
    "is not a ",
    "ING",
    "rd.ne",
    "mor",
    "more th",
    "more than ",
    "X_",
    "link ",
    "name",
    "time",
    "in ",
    "od",
    "ROU",
    "ROUTE",
    "rd.net.",
    "ta",
    "MAX_",
    "are ",
    "; ",
    "OR",
    "_*",
    "er ",
    "con",
    "as ",
    "AR",
    "add",
    "addres",
    "cp",
    "ATE",
    "ADDR",
    "ID",
    "al",
    "com",
    "more than MAX_",
    "lo",
    "if",
    "up",
    "le ",
    "dh",
    "dhcp",
    "IPV4",
];

/// Each of [`PARTS`] as the two units it consists of.
pub(super) const PAIRS: [[u8; 2]; PARTS.len()] = {
    let mut pairs = [[0; 2]; PARTS.len()];
    let mut n = 0;
    while n < PARTS.len() {
        pairs[n] = pair(n);
        n += 1;
    }
    pairs
};

/// The first way to divide a part into two units.
const fn pair(n: usize) -> [u8; 2] {
    let part = PARTS[n].as_bytes();
    let mut at = 0;
    while at < part.len() {
        let is_mark = matches!(part[at], b'\n' | b'%' | b'$' | b'!' | b'@' | b'<' | b'>');
        assert!(!is_mark, "a part with a mark");
        at += 1;
    }
    at = 1;
    while at < part.len() {
        let (left, right) = part.split_at(at);
        if let (Some(left), Some(right)) = (unit(left, n), unit(right, n)) {
            return [left, right];
        }
        at += 1;
    }
    panic!("a part that is not two units before it")
}

/// The unit for a text, of those before number `end`.
const fn unit(text: &[u8], end: usize) -> Option<u8> {
    if let [octet] = text {
        return Some(*octet);
    }
    let mut n = 0;
    while n < end {
        if is_same(PARTS[n].as_bytes(), text) {
            return Some(FIRST + n as u8);
        }
        n += 1;
    }
    None
}

/// Whether two texts are the same, while compiling.
pub const fn is_same(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b)
        && *x == *y
    {
        (a, b) = (rest_a, rest_b);
    }
    a.is_empty() && b.is_empty()
}

/// The text in units, and how many these are.
pub const fn pack<const LEN: usize>(text: &[u8]) -> ([u8; LEN], usize) {
    let mut units = [0; LEN];
    let mut len = 0;
    while len < text.len() {
        assert!(text[len] < FIRST, "not ASCII");
        units[len] = text[len];
        len += 1;
    }
    let mut n = 0;
    while n < PAIRS.len() {
        let [left, right] = PAIRS[n];
        let (mut from, mut to) = (0, 0);
        while from < len {
            units[to] = units[from];
            if units[from] == left && from + 1 < len && units[from + 1] == right {
                units[to] = FIRST + n as u8;
                from += 1;
            }
            from += 1;
            to += 1;
        }
        len = to;
        n += 1;
    }
    (units, len)
}

/// The first `LEN` of them.
pub const fn cut<const LEN: usize>(units: &[u8]) -> [u8; LEN] {
    let mut cut = [0; LEN];
    let mut n = 0;
    while n < LEN {
        cut[n] = units[n];
        n += 1;
    }
    cut
}
