//! Shell assignments, `KEY=value`, as `ifcfg` files use them: a line to key and raw value, a raw value to
//! its octets.
//!
//! The quoting is bash's, without anything that would have to be executed: single and double quotes,
//! `\`, `$'...'` (ANSI C), adjacent parts, one `;` and a `# comment` at the end. `$NAME` and `${NAME}`
//! expand what the caller knows; every other expansion is an error. A value is one word on one line.
//!
//! Total and linear; nothing is kept.

use super::lines::short;
use super::{parts, utf8};
use crate::diag::Problem;
use crate::limits::MAX_VALUE;
use core::ops::Range;
use heapless::VecView;

/// `KEY=value`; without a name what is none, and without either nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment<'a> {
    /// Letters, digits and `_`, no digit first.
    pub name: &'a [u8],
    /// Everything after the `=`, quotes included.
    pub raw: &'a [u8],
}

/// Values of variables.
pub trait Variables {
    /// Where the value of `name` stands among the values read so far; `None` if it is not set.
    fn variable(&self, name: &[u8]) -> Option<Range<usize>>;
}

/// Why a raw value has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub problem: Problem,
    /// Where, as an offset into the raw value.
    pub at: u32,
}

/// Takes a line apart. `export` before the key is accepted; blanks around `=` are not. Of a comment nothing is left.
pub fn split(line: &[u8]) -> Assignment<'_> {
    let mut raw = parts::trim_start(line);
    if raw.first() == Some(&b'#') {
        raw = b"";
    }
    let body = match parts::strip(raw, b"export") {
        Some(rest) if rest.first().is_some_and(is_blank) => parts::trim_start(rest),
        Some(_) | None => raw,
    };
    let name = name_prefix(body);
    match body.get(name.len()..) {
        Some([b'=', raw @ ..]) if !name.is_empty() => Assignment { name, raw },
        Some(_) | None => Assignment { name: b"", raw },
    }
}

/// Adds what `raw` means to `values`, where those of `variables` stand as well; after a fault they are as
/// they were.
///
/// # Errors
/// [`Problem::MaxAssignments`]: `values` is full.
pub fn unquote<V: Variables>(
    raw: &[u8],
    variables: &V,
    values: &mut VecView<u8>,
) -> Result<(), Fault> {
    let start = values.len();
    let mut word = Word {
        len: raw.len(),
        rest: raw,
        quote: NO_QUOTE,
        variables,
        longest: start.wrapping_add(MAX_VALUE),
        values,
        fault: None,
    };
    word.read(match is_old_escape(raw) {
        true => OLD_ESCAPED,
        false => ESCAPED,
    });
    let fault = word.fault;
    let value = values.get(start..).unwrap_or_default();
    let (problem, at) = match fault {
        Some(fault) => (fault.problem, fault.at),
        None if !utf8::is_valid(value) => (Problem::NotUtf8, 0),
        None => return Ok(()),
    };
    values.truncate(start);
    Err(Fault { problem, at })
}

/// A raw value being read.
struct Word<'a, V> {
    /// Octets in all.
    len: usize,
    /// What is not read yet.
    rest: &'a [u8],
    /// The quotes it stands in.
    quote: Quote,
    variables: &'a V,
    /// Every value; the one being read comes last.
    values: &'a mut VecView<u8>,
    /// Where it must end.
    longest: usize,
    /// The first thing wrong; what is read after it counts no more.
    fault: Option<Fault>,
}

/// Octets that do not always stand for themselves.
const SPECIAL: &[u8] = b"'\"\\$` \t\r\x0c;|&()<>";

/// Which of [`SPECIAL`] do not between quotes of one kind, a bit each.
type Quote = u16;
const NO_QUOTE: Quote = !0;
const SINGLE: Quote = 1;
const DOUBLE: Quote = 0b1_1110;
/// `$'...'`.
const ANSI_C: Quote = 0b101;

/// What loses its backslash in double quotes.
const ESCAPED: &[u8] = b"$`\"\\";
const OLD_ESCAPED: &[u8] = b"$`\"\\'~";

impl<V: Variables> Word<'_, V> {
    #[inline(never)]
    fn fail(&mut self, problem: Problem) {
        let at = self.len.wrapping_sub(self.rest.len()).wrapping_sub(1);
        let at = short(at);
        self.fault.get_or_insert(Fault { problem, at });
    }

    /// The next octet; where there is none, that is wrong.
    #[inline(never)]
    fn next(&mut self) -> u8 {
        match self.rest.split_off_first() {
            Some(octet) => *octet,
            None => {
                self.fail(Problem::BadQuoting);
                0
            }
        }
    }

    #[inline(never)]
    fn push(&mut self, octet: u8) {
        if octet == 0 {
            self.fail(Problem::Nul);
        } else if self.values.len() >= self.longest {
            self.fail(Problem::MaxValue);
        } else if self.values.push(octet).is_err() {
            self.fail(Problem::MaxAssignments);
        }
    }

    /// Reads all of it, in double quotes with a backslash before those of `escaped`.
    #[inline(never)]
    fn read(&mut self, escaped: &[u8]) {
        while self.fault.is_none() && !self.rest.is_empty() {
            let octet = self.next();
            let place = SPECIAL.iter().position(|special| *special == octet);
            match place.filter(|place| self.quote >> place & 1 != 0) {
                None => self.push(octet),
                Some(0 | 1) if self.quote != NO_QUOTE => self.quote = NO_QUOTE,
                Some(0) => self.quote = SINGLE,
                Some(1) => self.quote = DOUBLE,
                Some(2) if self.quote == ANSI_C => self.ansi_c_escape(),
                Some(2) => {
                    let octet = self.next();
                    if self.quote != NO_QUOTE && !parts::has(escaped, octet) {
                        self.push(b'\\');
                    }
                    self.push(octet);
                }
                Some(3) => self.dollar(),
                Some(4) => self.fail(Problem::Expansion),
                Some(5..=9) => return self.end(octet),
                Some(_) => self.fail(Problem::BadQuoting),
            }
        }
        if self.quote != NO_QUOTE {
            self.fail(Problem::BadQuoting);
        }
    }

    /// What may follow the value after its first `blank` or semicolon: blanks, one semicolon in all,
    /// then nothing or a comment.
    fn end(&mut self, blank: u8) {
        let mut rest = parts::trim_start(self.rest);
        if blank != b';' {
            rest = match rest {
                [b';', rest @ ..] => parts::trim_start(rest),
                _ => rest,
            };
        }
        if !matches!(rest.first(), None | Some(b'#')) {
            self.fail(Problem::BadQuoting);
        }
    }

    /// What follows a `$`: `'`, or a name with or without braces. A `$` before anything that means
    /// nothing to a shell stands for itself, but not in double quotes.
    #[inline(never)]
    fn dollar(&mut self) {
        let (inside, has_brace) = match self.rest {
            [b'\'', rest @ ..] if self.quote == NO_QUOTE => {
                self.rest = rest;
                self.quote = ANSI_C;
                return;
            }
            [b'{', inside @ ..] => (inside, true),
            inside => (inside, false),
        };
        let name = name_prefix(inside);
        let mut after = inside.get(name.len()..).unwrap_or_default();
        if name.is_empty() {
            let means = |next: &u8| parts::has(b"0123456789(?$@*#!-", *next);
            if has_brace || self.quote == DOUBLE || after.first().is_some_and(means) {
                return self.fail(Problem::Expansion);
            }
            self.push(b'$');
        } else {
            if has_brace && after.split_off_first() != Some(&b'}') {
                return self.fail(Problem::Expansion);
            }
            let Some(value) = self.variables.variable(name) else {
                return self.fail(Problem::UnsetVariable);
            };
            for at in value {
                let octet = self.values.get(at).copied();
                self.push(octet.unwrap_or_default());
            }
        }
        self.rest = after;
    }

    /// What follows a backslash in `$'...'`.
    #[inline(never)]
    fn ansi_c_escape(&mut self) {
        /// Each octet after what stands for it; above 0x80 it is how many hexadecimal digits follow at most.
        const ESCAPES: &[u8] =
            b"a\x07b\x08e\x1bE\x1bf\x0cn\nr\rt\tv\x0b??\"\"''\\\\x\x82u\x84U\x88";
        let from = self.rest;
        let octet = self.next();
        let (mut digits, mut radix) = (0, 16);
        for [escape, meant] in ESCAPES.as_chunks().0 {
            if *escape == octet {
                if *meant < 0x80 {
                    return self.push(*meant);
                }
                digits = meant & 0xf;
            }
        }
        if matches!(octet, b'0'..=b'7') {
            self.rest = from;
            (digits, radix) = (3, 8);
        }
        let is_character = digits > 3;
        let before = self.rest.len();
        let mut code = 0_u32;
        while digits > 0
            && let Some((digit, rest)) = self.rest.split_first()
            && let Some(digit) = char::from(*digit).to_digit(radix)
        {
            code = code.wrapping_mul(radix).wrapping_add(digit);
            self.rest = rest;
            digits = digits.wrapping_sub(1);
        }
        if self.rest.len() == before {
            self.push(b'\\');
            return self.push(octet);
        }
        if char::from_u32(code).is_none() {
            return self.fail(Problem::NotUtf8);
        }
        // RFC 3629 s.3
        let (lead, mut more) = match code {
            _ if !is_character => (0, 0_u32),
            0..=0x7f => (0, 0),
            0x80..=0x7ff => (0xc0, 6),
            0x800..=0xffff => (0xe0, 12),
            _ => (0xf0, 18),
        };
        self.push(lead | (code >> more).to_le_bytes()[0]);
        while more > 0 {
            more = more.wrapping_sub(6);
            self.push(0x80 | (code >> more).to_le_bytes()[0] & 0x3f);
        }
    }
}

/// Whether `raw` is one double-quoted string as NetworkManager's svEscape() wrote it until 2016: with a
/// backslash also before `'` and `~`, and nothing special without one.
fn is_old_escape(raw: &[u8]) -> bool {
    let special = |octet: &u8| parts::has(OLD_ESCAPED, *octet);
    let mut octets = raw.iter();
    if octets.next() != Some(&b'"') {
        return false;
    }
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => return octets.next().is_none(),
            b'\\' if octets.next().is_some_and(special) => {}
            octet if special(octet) => return false,
            _ => {}
        }
    }
    false
}

/// The longest name at the start of `text`; empty if there is none.
fn name_prefix(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|octet| !(octet.is_ascii_alphanumeric() || *octet == b'_'))
        .unwrap_or(text.len());
    match text.first() {
        Some(b'0'..=b'9') | None => &[],
        Some(_) => text.get(..end).unwrap_or_default(),
    }
}

fn is_blank(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    struct Known;

    impl Variables for Known {
        fn variable(&self, name: &[u8]) -> Option<Range<usize>> {
            match name {
                b"DEVICE" => Some(0..4),
                b"EMPTY" => Some(0..0),
                _ => None,
            }
        }
    }

    fn value(raw: &str) -> Result<String, Fault> {
        let mut values = heapless::Vec::<u8, 6_000>::from_slice(b"eth0").unwrap();
        let read = unquote(raw.as_bytes(), &Known, &mut values);
        let value = String::from_utf8(values[4..].to_vec()).unwrap();
        read.map(|()| value)
    }

    fn fault(problem: Problem, at: u32) -> Result<String, Fault> {
        Err(Fault { problem, at })
    }

    #[test]
    fn a_line_is_an_assignment_or_nothing() {
        let found = |line: &'static str| {
            let Assignment { name, raw } = split(line.as_bytes());
            let text = |octets| core::str::from_utf8(octets).unwrap();
            match (name, raw) {
                (b"", b"") => ("", 0, ""),
                (b"", _) => ("?", 0, ""),
                _ => {
                    let at = name.as_ptr() as usize - line.as_ptr() as usize;
                    (text(name), at, text(raw))
                }
            }
        };
        for (line, want) in [
            ("A=b", ("A", 0, "b")),
            (" \t_a1= x ", ("_a1", 2, " x ")),
            ("export  A=b=c", ("A", 8, "b=c")),
            ("export=b", ("export", 0, "b")),
            ("exportA=b", ("exportA", 0, "b")),
            ("A=", ("A", 0, "")),
            ("", ("", 0, "")),
            ("  # A=b", ("", 0, "")),
            (" A =b", ("?", 0, "")),
            ("A+=b", ("?", 0, "")),
            ("1A=b", ("?", 0, "")),
            ("=b", ("?", 0, "")),
            ("export", ("?", 0, "")),
            ("export A", ("?", 0, "")),
            ("if true; then", ("?", 0, "")),
            (". ./file", ("?", 0, "")),
            ("\u{feff}A=b", ("?", 0, "")),
        ] {
            assert_eq!(found(line), want, "{line}");
        }
    }

    #[test]
    fn quoting_is_that_of_bash() {
        for (raw, want) in [
            ("", ""),
            ("plain", "plain"),
            ("a#b", "a#b"),
            ("#b", "#b"),
            ("a=~*?!{}[]", "a=~*?!{}[]"),
            ("a # comment", "a"),
            ("  # comment", ""),
            ("a;", "a"),
            ("a ; # comment", "a"),
            (";", ""),
            ("a\r", "a"),
            ("'a b'\r ", "a b"),
            ("a\u{b}b", "a\u{b}b"),
            (r"\a\ \;", "a ;"),
            (r#"'a\'"b"c"#, r"a\bc"),
            (r#""a\"\\\$\`\n b""#, r#"a"\$`\n b"#),
            (r#""it\'s \~""#, "it's ~"),
            (r#""it\'s ~""#, r"it\'s ~"),
            (r#""\'"x"#, r"\'x"),
            (r#"$"a""#, "$a"),
            ("$", "$"),
            ("a$=b", "a$=b"),
            (
                r"$'\a\b\e\E\f\n\r\t\v\?\q'",
                "\x07\x08\x1b\x1b\x0c\n\r\t\x0b?\\q",
            ),
            (r#"$'\'\"\\'"#, r#"'"\"#),
            (r"$'\101\x41\x4q\u41\U0001F600z'", "AA\x04qA\u{1f600}z"),
            (r"$'\xg\ug'", r"\xg\ug"),
            (r"$'\501'", "A"),
        ] {
            assert_eq!(value(raw), Ok(want.into()), "{raw}");
        }
    }

    #[test]
    fn variables_of_the_file_expand_and_nothing_is_run() {
        for (raw, want) in [
            ("$DEVICE.5", "eth0.5"),
            ("${DEVICE}x", "eth0x"),
            ("\"-K ${DEVICE} gso off\"", "-K eth0 gso off"),
            ("'$DEVICE'", "$DEVICE"),
            ("\\$DEVICE", "$DEVICE"),
            ("a${EMPTY}b", "ab"),
        ] {
            assert_eq!(value(raw), Ok(want.into()), "{raw}");
        }
        for raw in [
            "$(id)",
            "`id`",
            "\"`id`\"",
            "\"$(id)\"",
            "${DEVICE:-x}",
            "${DEVICE",
            "${}",
            "$1",
            "$$",
            "\"$\"",
            "$((1))",
        ] {
            assert_eq!(value(raw).unwrap_err().problem, Problem::Expansion, "{raw}");
        }
        assert_eq!(value("ab$NONE"), fault(Problem::UnsetVariable, 2));
    }

    #[test]
    fn what_is_not_one_word_is_refused() {
        for (raw, at) in [
            ("a b", 1),
            (" x", 0),
            ("a; b", 1),
            ("a;;", 1),
            ("a ; ;", 1),
            ("\"a\" \"b\"", 3),
            ("'a", 1),
            ("\"a", 1),
            ("\"a\\", 2),
            ("$'a", 2),
            ("a\\", 1),
            ("a|b", 1),
            ("a&", 1),
            ("(a)", 0),
            ("a>b", 1),
        ] {
            assert_eq!(value(raw), fault(Problem::BadQuoting, at), "{raw}");
        }
    }

    #[test]
    fn values_are_text_of_bounded_length() {
        assert_eq!(value("a\0b"), fault(Problem::Nul, 1));
        assert_eq!(value(r"$'\0'"), fault(Problem::Nul, 3));
        assert_eq!(value(r"$'\xe9'"), fault(Problem::NotUtf8, 0));
        assert_eq!(value(r"$'\uD800'").unwrap_err().problem, Problem::NotUtf8);
        assert_eq!(value(&"x".repeat(MAX_VALUE)), Ok("x".repeat(MAX_VALUE)));
        let long = value(&"x".repeat(MAX_VALUE + 1));
        assert_eq!(long, fault(Problem::MaxValue, MAX_VALUE as u32));
        let expanded = value(&"$DEVICE".repeat(MAX_VALUE / 4 + 1))
            .unwrap_err()
            .problem;
        assert_eq!(expanded, Problem::MaxValue);
    }

    #[test]
    fn no_truncation_panics() {
        let raw = br#"a"b\"$DEVICE${DEVICE}"'c'$'\x41\u0041\101' ; # d"#;
        let mut out = heapless::Vec::<u8, 64>::new();
        for end in 0..=raw.len() {
            for start in 0..end {
                let _ = unquote(&raw[start..end], &Known, &mut out);
                let _ = split(&raw[start..end]);
            }
        }
        let every: Vec<u8> = (0..=255).collect();
        let _ = unquote(&every, &Known, &mut out);
    }
}
