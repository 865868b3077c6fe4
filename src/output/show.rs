//! A link of state.json for people: what it is and how far on one line, and below it a line for each address, route
//! and so on, which begins with its key, so that grep(1) finds it. What is null or empty is left out.
//!
//! What is read is JSON of ours, or what became of it: nothing is trusted to be there, or to end.

use crate::packed::{Word, word};
use crate::text::parts;
use crate::text::show::Text;

/// What a line below the first one begins with.
const LINE: Word = word!("\n  ");

/// Shows the line of a link ([`link_line`](super::state::link_line)); whether with its timeline.
#[inline(never)]
pub fn show(line: &[u8], with_timeline: bool, text: &mut Text<'_>) {
    let (mut rest, mut key) = (line, &b""[..]);
    // How deep in objects and arrays: 1 in the link, 2 in an array or a lease of it.
    let mut depth = 0_u32;
    let mut before = word!("");
    while let Some((mark, after)) = rest.split_first() {
        // A quote and the string behind it, or another mark and the word behind it, which may be empty.
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
        rest = parts::slice(after, len.wrapping_add(is_string.into()), usize::MAX);
        if is_string && rest.first() == Some(&b':') {
            key = value;
            if !with_timeline && parts::is(key, b"timeline") {
                rest = parts::after(rest, b']').unwrap_or_default();
            }
            continue;
        }
        match mark {
            b'{' | b'[' => depth = depth.wrapping_add(1),
            b'}' | b']' => depth = depth.wrapping_sub(1),
            _ => {}
        }
        if depth == 2 && !is_string {
            before = LINE;
        }
        if value.is_empty() || !is_string && value.first() == Some(&b'n') {
            continue;
        }
        text.word(before);
        // Within a line a string shows what it is.
        if before == LINE || !is_string {
            string(key, text);
            text.octet(b' ');
        }
        string(value, text);
        before = word!(" ");
    }
    text.octet(b'\n');
}

/// Shows what stands between quotes, safe on a console.
#[inline(never)]
fn string(octets: &[u8], text: &mut Text<'_>) {
    let mut octets = octets.iter();
    while let Some(octet) = octets.next() {
        text.safe_octet(match octet {
            b'\\' => *octets.next().unwrap_or(octet),
            _ => *octet,
        });
    }
}
