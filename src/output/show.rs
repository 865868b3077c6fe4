//! A link of state.json for people: a heading with its name and how far it is, and below it a line for each other
//! value, which begins with its key, so that grep(1) finds it. What is null or empty has no line.
//!
//! What is read is JSON of ours, or what became of it: nothing is trusted to be there, or to end.

use crate::packed::{packed, word};
use crate::text::parts;
use crate::text::show::{Show, Text};

/// Shows the line of a link ([`link_line`](super::state::link_line)); whether with its timeline.
#[inline(never)]
pub fn show(line: &[u8], with_timeline: bool, text: &mut Text<'_>) {
    const NAME: Option<usize> = Some(0);
    const STATE: Option<usize> = Some(1);
    const TIMELINE: Option<usize> = Some(2);
    for is_heading in [true, false] {
        let mut values = Values::of(line);
        let mut is_line_open = is_heading;
        while let Some((mark, value)) = values.next() {
            let is_string = mark == b'"';
            // An object in an array is one line.
            if is_line_open && !is_heading && !is_string && values.depth <= 2 {
                text.octet(b'\n');
                is_line_open = false;
            }
            // Where it is a word: that of null, of true or of false?
            let word = if is_string { None } else { value.first() };
            let place = packed!("name,state,timeline").position(values.label);
            let belongs_here = match place {
                NAME | STATE => is_heading,
                TIMELINE => with_timeline && !is_heading,
                _ => !is_heading,
            };
            if value.is_empty() || !belongs_here || word == Some(&b'n') && !is_heading {
                continue;
            }
            if is_heading {
                if place == STATE {
                    text.word(word!(": "));
                }
                string(text, value);
                continue;
            }
            if !is_line_open {
                is_line_open = true;
                text.word(word!("  "));
                if word == Some(&b'f') {
                    text.word(word!("no "));
                }
                match packed!("addresses,routes,problems").position(values.label) {
                    Some(place) => packed!("address,route,problem").item(place).show(text),
                    None => string(text, values.label),
                }
            }
            // Strings of an array need no key.
            if values.key != values.label && (values.depth == 2 || !is_string) {
                text.octet(b' ');
                string(text, values.key);
            }
            if !matches!(word, Some(b't' | b'f')) {
                text.octet(b' ');
                string(text, value);
            }
        }
        if is_line_open {
            text.octet(b'\n');
        }
    }
}

/// Shows what stands between quotes, safe on a console; of what is escaped the control characters stay so.
#[inline(never)]
fn string(text: &mut Text<'_>, mut rest: &[u8]) {
    while let [first, after @ ..] = rest {
        let (octet, after) = match rest {
            [b'\\', octet @ (b'"' | b'\\'), after @ ..] => (octet, after),
            _ => (first, after),
        };
        text.safe_octet(*octet);
        rest = after;
    }
}

/// The values of an object, one after another.
struct Values<'t> {
    rest: &'t [u8],
    /// In how many objects and arrays we are.
    depth: u32,
    /// The key in the outermost object.
    label: &'t [u8],
    /// The key before this value.
    key: &'t [u8],
}

impl<'t> Values<'t> {
    fn of(text: &'t [u8]) -> Values<'t> {
        Values {
            rest: text,
            depth: 0,
            label: b"",
            key: b"",
        }
    }

    /// A quote and the string behind it, or another mark and the word behind it, which may be empty. Keys are kept.
    #[inline(never)]
    fn next(&mut self) -> Option<(u8, &'t [u8])> {
        loop {
            let (mark, after) = self.rest.split_first()?;
            let is_string = *mark == b'"';
            let ends = if is_string { "\"" } else { "\",:{}[]" };
            let mut len = 0_usize;
            while let Some(octet) = after.get(len)
                && !parts::has(ends.as_bytes(), *octet)
            {
                // What is behind a backslash ends nothing.
                len = len.wrapping_add(if *octet == b'\\' { 2 } else { 1 });
            }
            let value = parts::slice(after, 0, len);
            self.rest = parts::slice(after, len.wrapping_add(is_string.into()), usize::MAX);
            match mark {
                b'{' | b'[' => self.depth = self.depth.wrapping_add(1),
                b'}' | b']' => self.depth = self.depth.wrapping_sub(1),
                b'"' if self.rest.first() == Some(&b':') => {
                    self.key = value;
                    if self.depth == 1 {
                        self.label = value;
                    }
                    continue;
                }
                _ => {}
            }
            return Some((*mark, value));
        }
    }
}
