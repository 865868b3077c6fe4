//! Complaints of the engine.

use super::publish::what_is_there;
use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Origin, Problem, Severity};
use crate::model::link::IfName;
use crate::output::json::is_written_as;
use crate::text::show::{Show, Text};
use core::hint::black_box;

impl Engine<'_> {
    /// Complains about something that was asked for at `origin`.
    #[inline(never)]
    pub(super) fn complain_of(
        &self,
        host: &mut impl Host,
        complaint: Complaint,
        origin: Origin,
        subject: &dyn Show,
    ) {
        // Where the compiler sees what is looked at, each caller looks it up.
        complaint.report(host, black_box(&self.config), origin, subject);
    }
}

/// Complains about a link.
#[inline(never)]
pub(super) fn say(host: &mut impl Host, complaint: Complaint, link: &IfName) {
    complaint.say(host, link);
}

/// Writes a file, and says so where it cannot be written. Whether it was.
#[inline(never)]
pub(super) fn write(host: &mut impl Host, file: OutputFile<'_>, text: &dyn Show) -> bool {
    let Err(errno) = host.write(file, text) else {
        return true;
    };
    let severity = match file {
        OutputFile::ResolvConf | OutputFile::Hostname => Severity::Error,
        OutputFile::Owned(_) | OutputFile::Lease(_) | OutputFile::State => Severity::Warning,
    };
    Complaint::new(severity, Problem::File, Effect::NotSet)
        .with_errno(errno)
        .say(host, &file);
    false
}

/// Writes a file that is not yet as it shall be. Whether it is now.
#[inline(never)]
pub(super) fn update(host: &mut impl Host, file: OutputFile<'_>, text: &dyn Show) -> bool {
    is_written_as(text, what_is_there(host, file)) || write(host, file, text)
}

/// The file as complaints name it.
impl Show for OutputFile<'_> {
    fn show(&self, f: &mut Text<'_>) {
        f.put(match self {
            OutputFile::State => b"state.json",
            OutputFile::ResolvConf => b"resolv.conf",
            OutputFile::Hostname => b"hostname",
            OutputFile::Owned(link) => return f.show("/run/ifdawn/owned-", link),
            OutputFile::Lease(link) => return f.show("/run/ifdawn/lease-", link),
        })
    }
}
