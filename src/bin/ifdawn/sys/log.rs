//! Where people read what happened: one line, one write.
#![expect(unsafe_code, reason = "nix builds an address anew for every sendto(2)")]

use super::file;
use crate::cli::{Target, Verbosity};
use ifdawn::diag::{Diagnostic, LineBuf, Severity, Sink};
use ifdawn::limits::MAX_LINE;
use ifdawn::output::json::show;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::stat::Mode;
use nix::unistd::{isatty, write};
use std::fmt::{Display, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

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
            Target::Kmsg => open(
                c"/dev/kmsg",
                OFlag::O_WRONLY | OFlag::O_CLOEXEC,
                Mode::empty(),
            )
            .ok(),
            Target::Syslog => socket(
                AddressFamily::Unix,
                SockType::Datagram,
                SockFlag::SOCK_CLOEXEC,
                None,
            )
            .ok(),
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
            && isatty(file::stderr()).unwrap_or(false)
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
    pub fn live(&mut self, subject: &dyn Display, news: &dyn Display) {
        to_stderr(&format_args!("\x1b[Kifdawn: {subject}: {news}\n"));
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
        match &self.device {
            Some((Target::Syslog, device)) => send_to_syslog(device, line.as_bytes()),
            Some((Target::Kmsg | Target::Stderr, device)) => put(device.as_fd(), line.as_bytes()),
            None => put(file::stderr(), line.as_bytes()),
        }
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
    put(file::stderr(), line.as_bytes());
}

fn put(file: BorrowedFd<'_>, line: &[u8]) {
    let _ = write(file, line);
}

/// syslogd may be started anew, so there is no connection.
fn send_to_syslog(socket: &OwnedFd, line: &[u8]) {
    let (fd, to, size) = (
        socket.as_raw_fd(),
        (&raw const DEV_LOG).cast(),
        size_of::<Address>(),
    );
    // SAFETY: the line is as long as said, and the address is a sockaddr_un up to its path's NUL.
    unsafe {
        libc::sendto(
            fd,
            line.as_ptr().cast(),
            line.len(),
            0,
            to,
            size as libc::socklen_t,
        )
    };
}
