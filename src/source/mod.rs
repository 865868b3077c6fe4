//! Words to [`Config`]: one file per input format, each one table and its handlers.
//!
//! A reader is total: it takes the whole text, reports what it does not understand to a
//! [`Sink`], and goes on with the next line or word. It never looks at the system.

mod alias;
pub mod arg;
pub mod assignments;
mod attrs;
pub mod boot_link;
pub mod cmdline;
mod ethtool_opts;
pub mod firmware;
pub mod ifcfg;
mod ifcfg_field;
mod ifcfg_ip;
pub mod ifcfg_keys;
mod ifcfg_kind;
mod ifcfg_link;
pub mod ip_arg;
pub mod key_table;
#[cfg(test)]
mod linear;
pub mod name_rule;
pub mod nbft;
mod other_arg;
mod put;
pub mod route_arg;
pub mod route_file;
mod route_line;
mod route_reader;
mod route_words;
pub mod sysconfig;
#[cfg(test)]
pub mod testing;
mod value;
mod virtual_arg;

use crate::diag::{At, Complaint, Diagnostic, FileId, Origin, Sink, Subject};
use crate::model::config::Config;
use crate::text::lines::{Line, Lines, short};

/// One row of an input's table.
pub struct Key<H: 'static> {
    /// The key as written; for a numbered key without its number.
    pub name: &'static str,
    /// Whether a number may follow the name (`IPADDR`, `IPADDR0`, `IPADDR12`).
    pub numbered: bool,
    /// What is done with it.
    pub field: H,
    /// One line for the reference.
    #[cfg(test)]
    pub doc: &'static str,
}

/// A reader's hands: the configuration it fills, the sink it complains to, and the file it reads.
pub struct Context<'a, 'm> {
    /// Filled by the reader.
    pub config: &'a mut Config<'m>,
    /// Receives every complaint.
    pub sink: &'a mut dyn Sink,
    /// What is in the file.
    pub text: &'a [u8],
    /// The file and the line being read, for origins and complaints.
    pub at: At<'a>,
}

impl<'a, 'm> Context<'a, 'm> {
    /// Hands for `text`, which is the whole file `file`, called `name`.
    pub fn new(
        config: &'a mut Config<'m>,
        sink: &'a mut dyn Sink,
        file: FileId,
        name: &'a [u8],
        text: &'a [u8],
    ) -> Context<'a, 'm> {
        Context {
            config,
            sink,
            text,
            at: At {
                id: file,
                file: name,
                line: Line::NONE,
                column: 0,
            },
        }
    }

    /// The column of `part`, a piece of the line; 0 for what is none.
    fn column(&self, part: &[u8]) -> u32 {
        let at = offset(part, self.at.line.octets);
        match at <= self.at.line.octets.len() {
            true => short(at.wrapping_add(1)),
            false => 0,
        }
    }

    /// Goes to the next of the lines that are left; not where there is none.
    #[inline(never)]
    fn next_line(&mut self, left: &mut Lines<'a>) -> bool {
        if let Some(line) = left.next() {
            self.at.line = line;
            return true;
        }
        false
    }

    /// Makes the line that of `part`, a piece of the text: this one, or one of those that are left.
    #[inline(never)]
    fn go_to(&mut self, part: &[u8], left: &mut Lines<'a>) {
        while offset(part, self.at.line.octets) > self.at.line.octets.len() && self.next_line(left)
        {
        }
    }

    /// The origin of `part`, a piece of the line.
    #[inline(never)]
    pub fn origin(&self, part: &[u8]) -> Origin {
        self.origin_at(self.at.line.number, self.column(part))
    }

    /// The origin of what stands in a column of a line.
    #[inline(never)]
    fn origin_at(&self, line: u32, column: u32) -> Origin {
        Origin {
            file: self.at.id,
            column: u16::try_from(column).unwrap_or(u16::MAX),
            line,
        }
    }

    /// Complains about `part`, a piece of the line.
    #[inline(never)]
    pub fn complain(&mut self, subject: Subject<'_>, part: &[u8], complaint: Complaint) {
        let column = self.column(part);
        self.report(column, subject, part, complaint, b"");
    }

    /// Complains about the file as a whole.
    pub fn complain_of_file(&mut self, complaint: Complaint) {
        self.at.line = Line::NONE;
        self.report(0, Subject::File, b"", complaint, b"");
    }

    /// Complains about what stands in a column of the line, quoted as `token`, with a [`Diagnostic::detail`].
    #[inline(never)]
    fn report(
        &mut self,
        column: u32,
        subject: Subject<'_>,
        token: &[u8],
        complaint: Complaint,
        detail: &[u8],
    ) {
        self.at.column = column;
        self.sink.report(&Diagnostic {
            complaint,
            at: &self.at,
            subject,
            token,
            detail,
        });
    }
}

/// Where `part`, a piece of `whole`, begins in it.
fn offset(part: &[u8], whole: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr())
}
