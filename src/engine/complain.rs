//! Complaints of the engine.

use super::{Engine, Once, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem, Severity, Sink};
use crate::text::show::{Show, Text};

impl Engine<'_> {
    /// Complains about something that was asked for at `origin`, once.
    #[inline(never)]
    pub(crate) fn complain_of(
        &mut self,
        sink: &mut dyn Sink,
        complaint: Complaint,
        origin: Origin,
        subject: &dyn Show,
    ) {
        let mut once = Once {
            said: &mut self.said,
            sink,
        };
        complaint.report(&mut once, &self.config, origin, subject);
    }

    /// Complains about something that nobody asked for at one place, once.
    #[inline(never)]
    pub(crate) fn say(&mut self, sink: &mut dyn Sink, complaint: Complaint, subject: &dyn Show) {
        self.complain_of(sink, complaint, Origin::NONE, subject);
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
            self.say(sink, complaint.with_errno(errno), file);
        }
    }
}

/// The file as complaints name it.
impl Show for OutputFile {
    fn show(&self, f: &mut Text<'_>) {
        f.put(match self {
            OutputFile::State => b"state.json",
            OutputFile::ResolvConf => b"resolv.conf",
            OutputFile::Hostname => b"hostname",
            OutputFile::Owned(link) => return f.show("/run/ifdawn/owned-", link),
        })
    }
}
