//! Words to [`Config`]: one file per input format, each one table and its handlers.
//!
//! A reader is total: it takes the whole text, reports what it does not understand to a
//! [`Sink`], and goes on with the next line or word. It never looks at the system.

pub mod arg;
pub mod assignments;
pub mod boot_link;
pub mod cmdline;
pub mod ifcfg;
mod ifcfg_ip;
pub mod ifcfg_keys;
pub mod ip_arg;
pub mod key_table;
mod put;
pub mod route_arg;
pub mod route_file;
mod route_line;
pub mod sysconfig;
#[cfg(test)]
pub mod testing;
mod value;

use crate::diag::{At, Complaint, Diagnostic, Escaped, FileId, Origin, Sink, Subject};
use crate::model::config::Config;

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
    /// Number of the file, for [`Origin`].
    pub file: FileId,
    /// Name of the file, for complaints.
    pub name: &'a [u8],
}

/// A token's place in the text at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Line, from 1.
    pub line: u32,
    /// Column in octets, from 1.
    pub column: u32,
    /// The line's octets.
    pub text: &'a [u8],
}

impl Place<'_> {
    /// A file as a whole.
    pub const FILE: Place<'static> = Place {
        line: 0,
        column: 0,
        text: b"",
    };
}

impl Context<'_, '_> {
    /// The origin of what stands at `place`.
    #[inline(never)]
    pub fn origin(&self, place: &Place<'_>) -> Origin {
        Origin {
            file: self.file,
            column: u16::try_from(place.column).unwrap_or(u16::MAX),
            line: place.line,
        }
    }

    /// Complains about `token` at `place`.
    #[inline(never)]
    pub fn complain(
        &mut self,
        place: &Place<'_>,
        subject: &[u8],
        token: &[u8],
        complaint: Complaint,
    ) {
        self.report(
            place,
            Subject::Key(&Escaped(subject)),
            token,
            complaint,
            b"",
        );
    }

    /// Complains about the file as a whole.
    pub fn complain_of_file(&mut self, complaint: Complaint) {
        self.complain(&Place::FILE, b"file", b"", complaint);
    }

    /// As [`Context::complain`], with a [`Diagnostic::detail`].
    #[inline(never)]
    fn report(
        &mut self,
        place: &Place<'_>,
        subject: Subject<'_>,
        token: &[u8],
        complaint: Complaint,
        detail: &[u8],
    ) {
        let at = At {
            file: self.name,
            line: place.line,
            column: place.column,
            text: place.text,
        };
        self.sink.report(&Diagnostic {
            complaint,
            at: Some(at),
            subject,
            token,
            detail,
        });
    }
}
