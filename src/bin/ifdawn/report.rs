//! Who receives complaints, other than the log.

use crate::sys::file::Out;
use ifdawn::diag::{At, Diagnostic, Sink};
use ifdawn::text::parts;

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
        self.out.show(&severity);
        self.out.put(b": ");
        self.out.show(diagnostic);
        self.out.put(b"\n");
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
        self.out.put(b"    ");
        for octet in parts::slice(line, start, SHOWN) {
            self.out.put(&[match octet {
                0x20..=0x7e => *octet,
                _ => b'.',
            }]);
        }
        self.out.put(b"\n    ");
        for _ in start..column.min(line.len()) {
            self.out.put(b" ");
        }
        self.out.put(b"^\n");
    }
}

/// Takes no notice.
pub struct Silent;

impl Sink for Silent {
    fn report(&mut self, _: &Diagnostic<'_>) {}
}
