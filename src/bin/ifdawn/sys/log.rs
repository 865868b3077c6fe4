//! Where people read what happened: one line, one write.
#![expect(unsafe_code, reason = "system calls")]

use super::file::{self, Root};
use super::{call, descriptor, write};
use crate::cli::{Target, Verbosity};
use ifdawn::diag::{Diagnostic, LineBuf, Severity, Sink};
use ifdawn::limits::MAX_LINE;
use ifdawn::output::json::show;

use std::fmt::{Display, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// syslog(3)'s facility "daemon" (24) and a level, as /dev/kmsg and /dev/log read them.
type Level = &'static str;
const ERROR: Level = "<27>";
const WARNING: Level = "<28>";
const INFORMATION: Level = "<30>";
const DEBUG: Level = "<31>";

/// struct sockaddr_un, cut after the path.
#[repr(C)]
struct Address(u16, [u8; 9]);

/// Where syslogd listens.
static DEV_LOG: Address = Address(libc::AF_UNIX as u16, *b"/dev/log\0");

/// Writes lines to where `--log` says.
pub struct Log {
    verbosity: Verbosity,
    device: Option<(Target, OwnedFd)>,
    /// Errors so far.
    pub errors: u32,
    /// Lines of live progress on the screen.
    live: usize,
}

impl Log {
    /// A log to `target`; standard error where that cannot be opened.
    pub fn new(target: Target, verbosity: Verbosity) -> Log {
        let device = match target {
            Target::Stderr => None,
            Target::Kmsg => Root::NONE
                .path(b"/dev/kmsg", b"")
                .open(libc::O_WRONLY, 0)
                .ok(),
            Target::Syslog => {
                super::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC).ok()
            }
        };
        Log {
            verbosity,
            device: device.map(|device| (target, device)),
            errors: 0,
            live: 0,
        }
    }

    /// Whether a person sits before it.
    pub fn is_terminal(&self) -> bool {
        self.device.is_none()
            && self.verbosity != Verbosity::Quiet
            && file::is_terminal(file::stderr())
    }

    /// Something that happened; `subject` is the link.
    pub fn news(&mut self, subject: &dyn Display, news: &dyn Display) {
        if self.verbosity != Verbosity::Quiet {
            self.line(INFORMATION, &format_args!("{subject}: {news}"));
        }
    }

    /// Something for `-v` only.
    pub fn trace(&mut self, what: &dyn Display) {
        if self.verbosity == Verbosity::Verbose {
            self.line(DEBUG, what);
        }
    }

    /// An error that is no diagnostic.
    pub fn error(&mut self, what: &dyn Display) {
        self.errors = self.errors.saturating_add(1);
        self.line(ERROR, what);
    }

    /// An error, and what it is about.
    pub fn failed(&mut self, what: &dyn Display, why: &dyn Display) {
        self.error(&format_args!("{what}: {why}"));
    }

    /// One line of live progress, below the lines that stay.
    pub fn live(&mut self, subject: &dyn Display, news: &str, seconds: u64) {
        to_stderr(&format_args!(
            "\x1b[Kifdawn: {subject}: {news}, {seconds} s\n"
        ));
        self.live = self.live.saturating_add(1);
    }

    /// Takes the live lines off the screen.
    pub fn clear_live(&mut self) {
        if self.live > 0 {
            to_stderr(&format_args!("\x1b[{}A\x1b[J", self.live));
            self.live = 0;
        }
    }

    fn line(&mut self, level: Level, text: &dyn Display) {
        self.clear_live();
        let mut line = LineBuf::<MAX_LINE>::new();
        if self.device.is_some() {
            let _ = line.write_str(level);
        }
        let _ = line.write_str("ifdawn: ");
        let _ = show(&mut line, text);
        line.finish();
        let file = match &self.device {
            Some((target, device)) => {
                if *target == Target::Syslog {
                    connect_to_syslog(device.as_fd());
                }
                device.as_fd()
            }
            None => file::stderr(),
        };
        let _ = write(file, line.as_bytes());
    }
}

impl Sink for Log {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let (level, shown) = match diagnostic.severity {
            Severity::Error => (ERROR, true),
            Severity::Warning => (WARNING, self.verbosity != Verbosity::Quiet),
            Severity::Note => (INFORMATION, self.verbosity == Verbosity::Verbose),
        };
        if diagnostic.severity == Severity::Error {
            self.errors = self.errors.saturating_add(1);
        }
        if shown {
            self.line(level, diagnostic);
        }
    }
}

/// Writes to standard error, which may be closed.
pub fn to_stderr(text: &dyn Display) {
    let mut line = LineBuf::<MAX_LINE>::new();
    let _ = show(&mut line, text);
    let _ = write(file::stderr(), line.as_bytes());
}

/// For each line: syslogd may have been started anew.
fn connect_to_syslog(socket: BorrowedFd<'_>) {
    let (to, size) = (&raw const DEV_LOG as usize, size_of::<Address>());
    // SAFETY: the address is a sockaddr_un up to its path's NUL.
    let _ = unsafe { call(libc::SYS_connect, descriptor(socket), to, size, 0, 0) };
}
