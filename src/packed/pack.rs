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
    "t ",
    "th",
    "in",
    "no",
    "  ",
    "er",
    "re",
    "is ",
    "an",
    "IP",
    "IPV",
    "me",
    "not ",
    "lin",
    "or",
    "a ",
    "on",
    "d ",
    "ne",
    "ou",
    "IPV6",
    "ER",
    "    ",
    "le",
    "link",
    "IN",
    ", ",
    "DH",
    "DHC",
    "te",
    "ON",
    "MA",
    "the ",
    "de",
    "DHCP",
    "TE",
    "ti",
    "se",
    "IPV6_",
    "of",
    "DE",
    "RE",
    "ME",
    "RO",
    "an ",
    "is not ",
    "\":",
    ": ",
    "na",
    "fi",
    "er ",
    " s",
    "ad",
    "res",
    "y ",
    "AD",
    "TI",
    "if",
    "ta",
    ",\"",
    "wa",
    "al",
    "ST",
    "to",
    "net",
    "NE",
    "rd",
    "name",
    "of ",
    "un",
    "rd.",
    "it",
    "ing",
    "up",
    "wn",
    "ha",
    "ac",
    "ar",
    "UT",
    "co",
    "LE",
    "ro",
    "ADD",
    "EN",
    "RI",
    "lo",
    "--",
    "dev",
    "add",
    "WA",
    "ch",
    "than ",
    "time",
    "or ",
    "in ",
    "rou",
    "cp",
    "en",
    "CON",
    "; ",
    "addres",
    "v4",
    "dh",
    "dhcp",
    "LA",
    "link ",
    "as",
    "T_",
    "ADDR",
    "ING",
    "IPV4",
    "ver",
    "mor",
    "more ",
    "more than ",
    "X_",
    "ip",
    "is not a ",
    "da",
    "MAX_",
    "AR",
    "DEV",
    "DHCPv4",
    "rd.net",
    "rd.net.",
    "is",
    "ed",
    "me ",
    "ATE",
    "ifda",
    "ifdawn",
    "AC",
    "OR",
    "_*",
    "no ",
    "more than MAX_",
    "ack",
    "SE",
    "ho",
    "et",
    "run",
    "ROU",
    "ROUTE",
    "OP",
    "TIME",
    "ID",
    "rc",
    "do",
    "    --",
    "CE",
    "AME",
    "DN",
    "ri",
    "NET",
    "pro",
    "DHCP_",
    "FI",
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
