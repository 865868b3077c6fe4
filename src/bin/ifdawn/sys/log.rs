//! Where people read what happened: one line, one write.

use super::file::{self, Root};
use super::{keep, unix, write};
use crate::cli::{Target, Verbosity};
use ifdawn::diag::{Diagnostic, LineBuf, Severity, Sink};
use ifdawn::limits::MAX_LINE;
use ifdawn::packed::word;

use ifdawn::text::show::Show;
use std::os::fd::BorrowedFd;

/// What a line is.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub enum Level {
    /// An error.
    Error,
    /// A complaint about what was done all the same.
    Warning,
    /// Something that happened.
    News,
    /// A complaint for `-v` only.
    Note,
    /// Something else for `-v` only.
    Trace,
}

/// For each [`Level`], syslog(3)'s facility "daemon" (24) and a level, as /dev/kmsg and /dev/log read them.
const PRIORITIES: &str = "<27><28><30><30><31>";

/// Octets of one of them.
const PRIORITY_OCTETS: usize = 4;

/// Writes lines to where `--log` says.
pub struct Log {
    /// The first [`Level`] that is not shown.
    end: u8,
    target: Target,
    device: Option<BorrowedFd<'static>>,
    /// Lines of live progress on the screen.
    live: u32,
    /// Who wait for how something ends: all is said to them too, but what is for `-v` only.
    pub readers: heapless::Vec<BorrowedFd<'static>, READERS>,
}

/// How many may wait at once.
const READERS: usize = 64;

impl Log {
    /// A log to `target`; standard error where that cannot be opened, or does not take a line.
    pub fn new(target: Target, verbosity: Verbosity) -> Log {
        let device = match target {
            Target::Stderr => None,
            Target::Kmsg => Root::NONE
                .open(word!("/dev/kmsg"), libc::O_WRONLY, 0)
                .ok()
                .map(keep),
            // A syslogd that reads nothing is not waited for.
            Target::Syslog => unix::datagrams().ok(),
        };
        Log {
            end: 2 * verbosity as u8 + 1,
            target,
            device,
            live: 0,
            readers: heapless::Vec::new(),
        }
    }

    /// Shows nothing from here on.
    pub fn mute(&mut self) {
        self.end = 0;
    }

    /// Whether a person sits before it.
    pub fn is_terminal(&self) -> bool {
        self.device.is_none()
            && self.end > Level::Warning as u8
            && file::is_terminal(file::stderr())
    }

    /// One line of progress; a live one goes below the other live lines, and those stay on the screen.
    #[inline(always)]
    pub fn progress(&mut self, text: &dyn Show, is_live: bool) {
        let above = std::mem::take(&mut self.live);
        self.line(Level::News, text);
        self.live = above.wrapping_add(is_live.into());
    }

    /// Takes the live lines off the screen.
    pub fn clear_live(&mut self) {
        if self.live > 0 {
            to_stderr(b"\x1b[", &self.live, b"A\x1b[J");
            self.live = 0;
        }
    }

    /// Says what stands for itself.
    #[inline(never)]
    pub fn line(&mut self, level: Level, text: &dyn Show) {
        let is_for_readers = level < Level::Note;
        if level as u8 >= self.end && !is_for_readers {
            return;
        }
        let mut line = LineBuf::<MAX_LINE>::new();
        let at = PRIORITY_OCTETS * level as usize;
        line.put(
            PRIORITIES
                .get(at..at + PRIORITY_OCTETS)
                .unwrap_or_default()
                .as_bytes(),
        );
        line.put(b"ifdawn: ");
        line.show(text);
        line.finish();
        let line = line.as_bytes();
        if is_for_readers {
            for reader in &self.readers {
                let _ = write(*reader, line);
            }
        }
        if (level as u8) < self.end {
            self.put(line);
        }
    }

    /// Says what another run said: a line with its priority. What was quiet there is so here.
    pub fn pass_on(&mut self, line: &[u8]) {
        if self.end > Level::News as u8 || line.starts_with(b"<27>") {
            self.put(line);
        }
    }

    /// Writes a line with its priority.
    #[inline(never)]
    fn put(&mut self, line: &[u8]) {
        self.clear_live();
        if let Some(device) = self.device {
            if self.target == Target::Syslog {
                // For each line: syslogd may have been started anew.
                let _ = unix::connect_to(device, b"/dev/log");
            }
            if write(device, line).is_ok() {
                return;
            }
        }
        let _ = write(
            file::stderr(),
            line.get(PRIORITY_OCTETS..).unwrap_or_default(),
        );
    }
}

impl Sink for Log {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let level = match diagnostic.complaint.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Note => Level::Note,
        };
        self.line(level, diagnostic);
    }
}

/// Writes a short value and what stands around it to standard error, which may be closed.
pub fn to_stderr(before: &[u8], value: &dyn Show, after: &[u8]) {
    let mut line = LineBuf::<64>::new();
    line.put(before);
    line.show(value);
    line.put(after);
    let _ = write(file::stderr(), line.as_bytes());
}
