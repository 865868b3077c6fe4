//! Complaints of the engine.

use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Origin, Problem, Severity, Subject};
use crate::model::link::IfName;
use crate::packed::{Word, word};
use crate::text::show::Show;
use core::hint::black_box;

/// What stable IPv6 addresses are made of.
pub(super) const SECRET: Word = word!("stable_secret");

impl Engine<'_> {
    /// Complains about something that was asked for at `origin`.
    #[inline(never)]
    pub(super) fn complain_of(
        &self,
        host: &mut impl Host,
        complaint: Complaint,
        origin: Origin,
        subject: Subject<'_>,
    ) {
        // Where the compiler sees what is looked at, each caller looks it up.
        complaint.report(host, black_box(&self.config), origin, subject);
    }
}

/// Complains about a link.
#[inline(never)]
pub(super) fn say(host: &mut impl Host, complaint: Complaint, link: &IfName) {
    tell(host, complaint, Subject::Link(link));
}

/// Complains about what stands in no file. Each caller would say who is told.
#[inline(never)]
pub(super) fn tell(host: &mut impl Host, complaint: Complaint, subject: Subject<'_>) {
    complaint.say(host, subject);
}

/// Writes a file, and says so where it cannot be written. Whether it was.
#[inline(never)]
pub(super) fn write(host: &mut impl Host, file: OutputFile<'_>, text: &dyn Show) -> bool {
    let Err(errno) = host.write(file, text) else {
        return true;
    };
    let (severity, subject) = match file {
        OutputFile::ResolvConf => (Severity::Error, Subject::ResolvConf),
        OutputFile::Hostname => (Severity::Error, Subject::Hostname),
        OutputFile::State => (Severity::Warning, Subject::State),
        OutputFile::Owned(link) => (Severity::Warning, Subject::Owned(link)),
        OutputFile::Lease(link) | OutputFile::Lease6(link) => {
            (Severity::Warning, Subject::Lease(link))
        }
        OutputFile::Knob(link, knob) if knob == SECRET => (Severity::Warning, Subject::Link(link)),
        // where they can only be read that is somebody's will
        OutputFile::Knob(link, _) => (Severity::Note, Subject::Link(link)),
        OutputFile::MachineId => return false,
    };
    let complaint = Complaint::new(severity, Problem::File, Effect::NotSet).with_errno(errno);
    tell(host, complaint, subject);
    false
}
