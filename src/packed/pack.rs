//! Packing, which is done while compiling.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails here is an error of the compiler"
)]

/// The unit that stands for the first of [`PARTS`]. Behind the last octet it goes on from 0, with control
/// characters: of these only the line feed is in texts.
pub(super) const FIRST: u8 = b'~';

/// The place of the line feed in [`PAIRS`], which stands for itself.
const LINE_FEED: usize = b'\n'.wrapping_sub(FIRST) as usize;

/// What units from [`FIRST`] on stand for: a part of two octets, or of two units before it. They were
/// chosen by joining frequent pairs of neighbours in all texts, again and again (size-report/parts).
const PARTS: [&str; 161] = [
    "  ",
    " s",
    "\":",
    ", ",
    ",\"",
    "--",
    ": ",
    "; ",
    "AC",
    "AD",
    "AR",
    "AT",
    "DE",
    "DH",
    "DO",
    "EN",
    "ER",
    "ES",
    "E_",
    "FI",
    "ID",
    "IN",
    "IP",
    "LA",
    "LE",
    "MA",
    "ME",
    "NE",
    "ON",
    "OR",
    "OT",
    "RE",
    "SE",
    "ST",
    "TI",
    "TR",
    "T_",
    "UT",
    "WA",
    "a ",
    "ac",
    "ad",
    "al",
    "an",
    "ar",
    "au",
    "ce",
    "ch",
    "co",
    "cp",
    "d ",
    "da",
    "de",
    "dh",
    "do",
    "e ",
    "en",
    "er",
    "et",
    "fi",
    "ge",
    "ha",
    "ho",
    "if",
    "in",
    "ip",
    "is",
    "it",
    "l ",
    "la",
    "le",
    "lo",
    "ma",
    "me",
    "ne",
    "no",
    "of",
    "on",
    "or",
    "ou",
    "rd",
    "re",
    "ri",
    "ro",
    "s ",
    "se",
    "st",
    "t ",
    "ta",
    "te",
    "th",
    "ti",
    "to",
    "un",
    "up",
    "ve",
    "wa",
    "wn",
    "x-",
    "y ",
    "ys",
    " of",
    "ADD",
    "AME",
    "CON",
    "DEV",
    "DHC",
    "ING",
    "IPV",
    "LAN",
    "OUT",
    "SER",
    "add",
    "ame",
    "an ",
    "ble",
    "com",
    "con",
    "dev",
    "er ",
    "in ",
    "ing",
    "is ",
    "lan",
    "lin",
    "mor",
    "net",
    "or ",
    "rd.",
    "res",
    "rou",
    "run",
    "ver",
    "    ",
    " of ",
    "ADDR",
    "DHCP",
    "IPV6",
    "NAME",
    "ROUT",
    "TIME",
    "dhcp",
    "hat ",
    "ifda",
    "link",
    "name",
    "none",
    "not ",
    "ress",
    "the ",
    "time",
    "IPV6_",
    "link ",
    "route",
    "than ",
    "ifdawn",
    "address",
    "e than ",
    "is not ",
    "is not a ",
    "more than ",
];

/// Octets of the longest of them.
pub(super) const LONGEST_PART: usize = {
    let (mut longest, mut n) = (0, 0);
    while n < PARTS.len() {
        if PARTS[n].len() > longest {
            longest = PARTS[n].len();
        }
        n += 1;
    }
    longest
};

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
        let is_mark = matches!(
            part[at],
            b'\n' | b'%' | b'$' | b'!' | b'@' | b'<' | b'>' | b'|'
        );
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

/// The last of the parts that begin with an octet, and for each part the one before it that begins so too; their
/// number is none. (The compiler stops where it has too much to do.)
const BEGINNING: ([usize; FIRST as usize], [usize; PARTS.len()]) = {
    let (mut last, mut before) = ([PARTS.len(); _], [0; _]);
    let mut n = 0;
    while n < PARTS.len() {
        let first = PARTS[n].as_bytes()[0] as usize;
        (before[n], last[first], n) = (last[first], n, n + 1);
    }
    (last, before)
};

/// The text in as few units as can be, and how many these are.
pub const fn pack<const LEN: usize>(text: &[u8]) -> ([u8; LEN], usize) {
    // From the end: the first of the fewest units for what follows, its octets, and how many units there are.
    let mut fewest = [(0, 0, 0); LEN];
    let mut at = text.len();
    while at > 0 {
        at -= 1;
        let (_, rest) = text.split_at(at);
        assert!(matches!(rest[0], b' '..FIRST | b'\n'), "not printable");
        fewest[at] = (rest[0], 1, usize::MAX);
        let (mut unit, mut len, mut n) = (rest[0], 1, BEGINNING.0[rest[0] as usize]);
        loop {
            let behind = at + len;
            let count = if behind < text.len() {
                fewest[behind].2 + 1
            } else {
                1
            };
            if count <= fewest[at].2 {
                fewest[at] = (unit, len, count);
            }
            while n < PARTS.len() && !begins(rest, PARTS[n].as_bytes()) {
                n = BEGINNING.1[n];
            }
            if n == PARTS.len() {
                break;
            }
            (unit, len, n) = (code(n), PARTS[n].len(), BEGINNING.1[n]);
        }
    }
    let (mut units, mut len) = ([0; LEN], 0);
    while at < text.len() {
        units[len] = fewest[at].0;
        at += fewest[at].1;
        len += 1;
    }
    (units, len)
}

/// Whether a text begins with a part.
const fn begins(text: &[u8], part: &[u8]) -> bool {
    text.len() >= part.len() && is_same(text.split_at(part.len()).0, part)
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
