//! Complaints of the engine.

use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Origin, Problem, Severity};
use crate::text::show::{Show, Text};

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
        complaint.report(host, &self.config, origin, subject);
    }
}

/// Writes a file, and says so where it cannot be written. Whether it was.
#[inline(never)]
pub(super) fn write(host: &mut impl Host, file: OutputFile<'_>, text: &dyn Show) -> bool {
    let Err(errno) = host.write(file, text) else {
        return true;
    };
    let severity = match file {
        OutputFile::ResolvConf | OutputFile::Hostname => Severity::Error,
        OutputFile::Owned(_) | OutputFile::State => Severity::Warning,
    };
    Complaint::new(severity, Problem::File, Effect::NotSet)
        .with_errno(errno)
        .say(host, &file);
    false
}

/// The file as complaints name it.
impl Show for OutputFile<'_> {
    fn show(&self, f: &mut Text<'_>) {
        f.put(match self {
            OutputFile::State => b"state.json",
            OutputFile::ResolvConf => b"resolv.conf",
            OutputFile::Hostname => b"hostname",
            OutputFile::Owned(link) => return f.show("/run/ifdawn/owned-", link),
        })
    }
}
