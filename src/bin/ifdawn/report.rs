//! Who receives complaints, other than the log.

use crate::sys::file::Out;
use crate::sys::names::{Names, Order};
use ifdawn::diag::{At, Diagnostic, Sink};
use ifdawn::packed::word;
use ifdawn::text::parts;
use ifdawn::text::show::Text;

/// Keeps complaints with their line and a caret, and shows them in the order of their files, lines and columns.
pub struct Report<'a, 'f> {
    /// How many there were of each [`ifdawn::diag::Severity`].
    pub counts: [u32; 3],
    /// Whether a person reads it on a terminal that knows colours.
    pub colored: bool,
    /// Each as it is shown, behind [`KEY`] octets by which they are sorted.
    pub kept: &'a mut Names,
    /// Where they go.
    pub out: &'a mut Out<'f>,
}

/// Octets of file, line, column, and number of a complaint, each with its high octet first.
const KEY: usize = 16;

impl Sink for Report<'_, '_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let number = self.counts.iter().sum::<u32>();
        if let Some(count) = self.counts.get_mut(diagnostic.complaint.severity as usize) {
            *count = count.saturating_add(1);
        }
        // What is about no file comes first.
        let at = diagnostic.at.map_or([0; 3], |at| {
            [u32::from(at.id.0).saturating_add(1), at.line, at.column]
        });
        let colored = self.colored;
        let show = |text: &mut Text<'_>| {
            for number in at.into_iter().chain([number]) {
                text.put(&number.to_be_bytes());
            }
            show(diagnostic, colored, text);
        };
        // Where there is no room for more, what is kept is shown.
        if !self.kept.write(show) {
            self.flush();
            self.kept.write(show);
        }
    }
}

impl Report<'_, '_> {
    /// Shows what is kept.
    #[inline(never)]
    pub fn flush(&mut self) {
        self.kept.sort();
        for n in 0..self.kept.len() {
            let shown = self.kept.name(n).get(KEY..).unwrap_or_default();
            Text(self.out).put(shown);
        }
        self.kept.clear(Order::Octets);
    }
}

/// Writes a complaint and its line.
#[inline(never)]
fn show(diagnostic: &Diagnostic<'_>, colored: bool, text: &mut Text<'_>) {
    let severity = diagnostic.complaint.severity;
    // red, yellow, cyan
    let color = [b'1', b'3', b'6'].get(severity as usize);
    color_on(color.filter(|_| colored), text);
    text.show(word!(""), &severity.word());
    color_off(colored, text);
    text.show(word!(": "), diagnostic);
    text.octet(b'\n');
    if let Some(At {
        column, text: line, ..
    }) = diagnostic.at
        && !line.is_empty()
    {
        show_line(line, (column as usize).saturating_sub(1), text);
        // green
        color_on(Some(&b'2').filter(|_| colored), text);
        text.octet(b'^');
        color_off(colored, text);
        text.octet(b'\n');
    }
}

/// What makes the text bold, and gives it one of the terminal's colours, if any.
#[inline(never)]
fn color_on(color: Option<&u8>, text: &mut Text<'_>) {
    if let Some(color) = color {
        text.put(&[0x1b, b'[', b'1', b';', b'3', *color, b'm']);
    }
}

#[inline(never)]
fn color_off(colored: bool, text: &mut Text<'_>) {
    if colored {
        text.put(b"\x1b[m");
    }
}

/// The part of the line around the column, one column an octet, and the blanks before the caret below it.
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
}

/// Takes no notice.
pub struct Silent;

impl Sink for Silent {
    fn report(&mut self, _: &Diagnostic<'_>) {}
}
