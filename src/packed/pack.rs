//! Packing, which is done while compiling.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails here is an error of the compiler"
)]

/// The unit that stands for the first of [`PARTS`]. Behind the last octet it goes on from 0, with control
/// characters: of these only the line feed is in texts.
pub(super) const FIRST: u8 = 0x80;

/// The place of the line feed in [`PAIRS`], which stands for itself.
const LINE_FEED: usize = b'\n'.wrapping_sub(FIRST) as usize;

/// What units from [`FIRST`] on stand for: a part of two octets, or of two units before it. They were
/// chosen by joining the most frequent pair of neighbours in all texts, again and again (size-report/parts).
const PARTS: [&str; 159] = [
    "s ",
    "e ",
    "th",
    "t ",
    "no",
    "in",
    "  ",
    "er",
    "is ",
    "IP",
    "re",
    "an",
    "IPV",
    "not ",
    "me",
    "a ",
    "or",
    "lin",
    "IPV6",
    "ER",
    "d ",
    "on",
    "    ",
    "ne",
    "ou",
    "le",
    "IN",
    "DH",
    "DHC",
    "link",
    "ON",
    ", ",
    "MA",
    "the ",
    "TE",
    "DHCP",
    "IPV6_",
    "of",
    "te",
    "RE",
    "an ",
    "is not ",
    "\":",
    "ti",
    "ME",
    "RO",
    "fi",
    "DE",
    "se",
    "er ",
    "AD",
    ",\"",
    " s",
    "y ",
    "ST",
    "res",
    "TI",
    ": ",
    "de",
    "NE",
    "wa",
    "of ",
    "ad",
    "net",
    "rd",
    "rd.",
    "na",
    "to",
    "UT",
    "ta",
    "LE",
    "ha",
    "EN",
    "RI",
    "it",
    "ing",
    "co",
    "ac",
    "ADD",
    "WA",
    "al",
    "than ",
    "--",
    "time",
    "in ",
    "ar",
    "up",
    "name",
    "CON",
    "LA",
    "en",
    "T_",
    "add",
    "addres",
    "v4",
    "cp",
    "ING",
    "IPV4",
    "if",
    "ver",
    "ch",
    "mor",
    "more ",
    "more than ",
    "X_",
    "or ",
    "as",
    "; ",
    "is not a ",
    "dh",
    "dhcp",
    "ADDR",
    "lo",
    "MAX_",
    "out",
    "AR",
    "rd.net",
    "rd.net.",
    "is",
    "link ",
    "ro",
    "ATE",
    "DHCPv4",
    "AC",
    "OR",
    "_*",
    "no ",
    "com",
    "more than MAX_",
    "ack",
    "SE",
    "ed",
    "DEV",
    "ROU",
    "ROUTE",
    "OP",
    "ID",
    "    --",
    "ye",
    "AME",
    "DN",
    "NET",
    "DHCP_",
    "FI",
    "di",
    "wi",
    "un",
    "AL",
    "NAME",
    "SER",
    "d ye",
    "ri",
    "OT",
    "TIME",
    "s\":",
    "D_",
    "line",
    "our",
    "ce",
];

/// Each of [`PARTS`] as the two units it consists of, by its unit.
pub(super) const PAIRS: [[u8; 2]; PARTS.len() + 1] = {
    let mut pairs = [[0; 2]; PARTS.len() + 1];
    let mut n = 0;
    while n < PARTS.len() {
        pairs[place(n)] = pair(n);
        n += 1;
    }
    pairs
};

/// The place of a part in [`PAIRS`].
const fn place(n: usize) -> usize {
    n + (n >= LINE_FEED) as usize
}

/// The unit that stands for a part.
const fn code(n: usize) -> u8 {
    FIRST.wrapping_add(place(n) as u8)
}

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
            return Some(code(n));
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
        assert!(matches!(text[len], b' '..=b'~' | b'\n'), "not printable");
        units[len] = text[len];
        len += 1;
    }
    let mut n = 0;
    while n < PARTS.len() {
        let [left, right] = PAIRS[place(n)];
        let (mut from, mut to) = (0, 0);
        while from < len {
            units[to] = units[from];
            if units[from] == left && from + 1 < len && units[from + 1] == right {
                units[to] = code(n);
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
