//! Who receives complaints, other than the log.

use crate::sys::file::Out;
use ifdawn::diag::{At, Diagnostic, Sink};
use std::fmt::{Display, Write};

/// Shows complaints with their line and a caret.
pub struct Report<'f> {
    /// Where they go.
    pub out: Out<'f>,
    /// How many there were of each [`ifdawn::diag::Severity`].
    pub counts: [u32; 3],
}

impl Sink for Report<'_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        if let Some(count) = self.counts.get_mut(diagnostic.severity as usize) {
            *count = count.saturating_add(1);
        }
        let _ = writeln!(self.out, "{}: {diagnostic}", diagnostic.severity.word());
        if let Some(At { column, text, .. }) = diagnostic.at
            && !text.is_empty()
        {
            self.show(text, (column as usize).saturating_sub(1));
        }
    }
}

impl Report<'_> {
    /// The part of the line around the column, and a caret below it.
    fn show(&mut self, line: &[u8], column: usize) {
        const BEFORE: usize = 40;
        const SHOWN: usize = 72;
        let start = column.saturating_sub(BEFORE);
        let end = start.saturating_add(SHOWN).min(line.len());
        let shown = line.get(start..end).unwrap_or_default();
        let caret = line.get(start..column).map_or(0, |before| before.len());
        let _ = writeln!(self.out, "    {}\n    {:caret$}^", Printable(shown), "");
    }
}

/// A source line as it looks, one column an octet.
struct Printable<'a>(&'a [u8]);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for octet in self.0 {
            f.write_char(if matches!(octet, 0x20..=0x7e) {
                char::from(*octet)
            } else {
                '.'
            })?;
        }
        Ok(())
    }
}

/// Takes no notice.
pub struct Silent;

impl Sink for Silent {
    fn report(&mut self, _: &Diagnostic<'_>) {}
}
