//! Complaints of the engine.

use super::{Engine, Once, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem, Severity, Sink, put};
use core::fmt::{self, Display};

impl Engine<'_> {
    /// Complains about something that was asked for at `origin`, once.
    #[inline(never)]
    pub(crate) fn complain_of(
        &mut self,
        sink: &mut dyn Sink,
        complaint: Complaint,
        origin: Origin,
        subject: &dyn Display,
    ) {
        let mut once = Once {
            said: &mut self.said,
            sink,
        };
        complaint.report(&mut once, &self.config, origin, subject);
    }

    /// Complains about a file that could not be written.
    #[inline(never)]
    pub(crate) fn complain_of_file(
        &mut self,
        sink: &mut dyn Sink,
        file: &OutputFile,
        written: Result<(), Errno>,
    ) {
        if let Err(errno) = written {
            let severity = match file {
                OutputFile::ResolvConf | OutputFile::Hostname => Severity::Error,
                OutputFile::Owned(_) | OutputFile::State => Severity::Warning,
            };
            let complaint = Complaint::new(severity, Problem::File, Effect::NotSet);
            self.complain_of(sink, complaint.with_errno(errno), Origin::NONE, file);
        }
    }
}

/// The file as complaints name it.
impl Display for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OutputFile::State => "state.json",
            OutputFile::ResolvConf => "resolv.conf",
            OutputFile::Hostname => "hostname",
            OutputFile::Owned(link) => return put(f, "/run/ifdawn/owned-", link),
        })
    }
}
