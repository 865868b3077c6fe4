//! Who receives complaints about sources.

use crate::sys::log::Log;
use crate::sys::names::Names;
use ifdawn::diag::{Diagnostic, Sink};
use ifdawn::output::json::Json;
use ifdawn::packed::word;
use ifdawn::text::parts;
use ifdawn::text::show::{Show, Take, Text};

/// Where they go. An enum takes fewer octets than a table of methods for each.
pub enum Target<'a, 'r> {
    /// To where people read what happened.
    Log(&'a mut Log),
    /// Each with its line.
    Report(&'a mut Report<'r>),
    /// Into the diagnostics of an object.
    Json(&'a mut Json<'r>),
}

impl Sink for Target<'_, '_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        match self {
            Target::Log(log) => log.report(diagnostic),
            Target::Report(report) => report.report(diagnostic),
            Target::Json(json) => json.report(diagnostic),
        }
    }
}

/// Keeps complaints with their line and a caret, and shows them in the order of their files, lines and columns.
pub struct Report<'a> {
    /// How many there were of each [`ifdawn::diag::Severity`].
    pub counts: [u32; 3],
    /// Whether a person reads it on a terminal that knows colours.
    pub colored: bool,
    /// Each as it is shown, behind file, line, column, and its number, each with its high octet first.
    pub kept: &'a mut Names,
    /// Where they go.
    pub out: &'a mut dyn Take,
}

impl Sink for Report<'_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let at = diagnostic.at;
        // What is about no file comes first: its number is the largest.
        let file = u32::from(at.id.0.wrapping_add(1));
        if let Some(count) = self.counts.get_mut(diagnostic.complaint.severity as usize) {
            *count = count.saturating_add(1);
        }
        let key = [file, at.line.number, at.column, self.kept.len() as u32].map(u32::to_be_bytes);
        let (key, shown) = (key.as_flattened(), Shown(diagnostic, self.colored));
        // Where there is no room for more, what is kept is shown.
        if !self.kept.write(key, b"", &shown) {
            self.flush();
            self.kept.write(key, b"", &shown);
        }
    }
}

impl Report<'_> {
    /// Shows what is kept.
    #[inline(never)]
    pub fn flush(&mut self) {
        self.kept.sort(0);
        for n in 0..self.kept.len() {
            Text(self.out).put(self.kept.name(n));
        }
        self.kept.clear();
    }
}

/// What makes the word of a severity bold, and red, yellow or cyan (ECMA-48, SGR).
const COLORS: &[u8] = b"\x1b[1;31m\x1b[1;33m\x1b[1;36m";

/// Octets of one of them.
const COLOR: usize = 7;

/// A complaint and its line, in colours or not.
struct Shown<'d>(&'d Diagnostic<'d>, bool);

impl Show for Shown<'_> {
    fn show(&self, text: &mut Text<'_>) {
        let Shown(diagnostic, colored) = *self;
        let severity = diagnostic.complaint.severity;
        let len = if colored { COLOR } else { 0 };
        text.put(parts::slice(COLORS, COLOR * severity as usize, len));
        text.show(word!(""), &severity.word());
        text.put(parts::slice(b"\x1b[m", 0, len));
        text.show(word!(": "), diagnostic);
        text.octet(b'\n');
        let at = diagnostic.at;
        if !at.line.octets.is_empty() {
            show_line(at.line.octets, (at.column as usize).saturating_sub(1), text);
        }
    }
}

/// The part of the line around the column, one column an octet, and a caret below it.
fn show_line(line: &[u8], column: usize, text: &mut Text<'_>) {
    const BEFORE: usize = 40;
    const SHOWN: usize = 72;
    let start = column.saturating_sub(BEFORE);
    text.word(word!("    "));
    for octet in parts::slice(line, start, SHOWN) {
        text.octet(match octet {
            0x20..=0x7e => *octet,
            _ => b'.',
        });
    }
    text.word(word!("\n    "));
    for _ in start..column.min(line.len()) {
        text.octet(b' ');
    }
    text.word(word!("^\n"));
}
