//! Who receives complaints, other than the log.

use crate::sys::file::Out;
use ifdawn::diag::{At, Diagnostic, Sink};
use ifdawn::packed::word;
use ifdawn::text::parts;
use ifdawn::text::show::Text;

/// Shows complaints with their line and a caret.
pub struct Report<'a, 'f> {
    /// How many there were of each [`ifdawn::diag::Severity`].
    pub counts: [u32; 3],
    /// Where they go.
    pub out: &'a mut Out<'f>,
}

impl Sink for Report<'_, '_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        if let Some(count) = self.counts.get_mut(diagnostic.complaint.severity as usize) {
            *count = count.saturating_add(1);
        }
        let severity = diagnostic.complaint.severity.word();
        let text = &mut Text(self.out);
        text.show(word!(""), &severity);
        text.show(word!(": "), diagnostic);
        text.octet(b'\n');
        if let Some(At { column, text, .. }) = diagnostic.at
            && !text.is_empty()
        {
            self.show(text, (column as usize).saturating_sub(1));
        }
    }
}

impl Report<'_, '_> {
    /// The part of the line around the column, one column an octet, and a caret below it.
    fn show(&mut self, line: &[u8], column: usize) {
        const BEFORE: usize = 40;
        const SHOWN: usize = 72;
        let start = column.saturating_sub(BEFORE);
        let text = &mut Text(self.out);
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
}

/// Takes no notice.
pub struct Silent;

impl Sink for Silent {
    fn report(&mut self, _: &Diagnostic<'_>) {}
}
