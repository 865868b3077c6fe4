//! What whoever supervises us is told: by datagrams, as sd_notify(3) says, and by a descriptor, as s6 wants it.
//!
//! Nobody is waited for. What a service manager that is busy does not take is told again.

use crate::cli::Options;
use crate::sys::file::HELD;
use crate::sys::start::Arguments;
use crate::sys::{clock, process, unix, write};
use ifdawn::diag::LineBuf;
use ifdawn::engine::{Instant, Outcome};
use ifdawn::packed::{Packed, Word, packed, word};
use ifdawn::text::scalar;
use ifdawn::text::show::Show;

use std::os::fd::{AsRawFd, BorrowedFd};

/// Microseconds between two signs of life at least.
const MIN_PERIOD: u32 = 10_000;

/// Microseconds after which it is tried again.
const AGAIN: u32 = 1_000_000;

/// Whoever supervises us.
pub struct Service {
    socket: Option<BorrowedFd<'static>>,
    /// Where a line is written once.
    line: Option<BorrowedFd<'static>>,
    stage: Stage,
    /// How everything stood when it was ready, in a word.
    status: Word,
    /// Microseconds between two signs of life; 0: none are wanted.
    period: u32,
    /// When there is something to tell next.
    next: Instant,
}

/// How far we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not everything is decided yet.
    Starting,
    /// It is, and that is to be told.
    Due,
    /// That was told.
    Ready,
}

/// Whether somebody took it, or nobody ever will.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    NotYet,
}

impl Service {
    /// Nobody.
    pub const NONE: Service = Service {
        socket: None,
        line: None,
        stage: Stage::Starting,
        status: word!("up"),
        period: 0,
        next: Instant(u64::MAX),
    };

    /// Looks whom the environment and the options name.
    pub fn find(&mut self, arguments: &Arguments, options: &Options) {
        self.line = options.notify_fd.map(process::file);
        let [_, path, within, pid] = arguments.environment;
        let socket = unix::datagrams().ok();
        self.socket = socket.filter(|socket| unix::connect_to(*socket, path).is_ok());
        let is_ours = pid.is_empty() || scalar::number(pid) == Some(process::id());
        if self.socket.is_some() && is_ours && !within.is_empty() {
            // More than an hour is half an hour.
            self.period = scalar::number(within).unwrap_or(u32::MAX) / 2;
            if self.period != 0 {
                self.period = self.period.max(MIN_PERIOD);
                self.next = Instant(0);
            }
        }
    }

    /// Until when we may sleep.
    pub fn deadline(&self) -> Instant {
        self.next
    }

    /// Everything is decided: it is told once.
    pub fn ready(&mut self, outcome: Outcome) {
        if self.stage == Stage::Starting {
            self.stage = Stage::Due;
            self.status = outcome.word();
            self.attend();
        }
    }

    /// The configuration is read anew: from here on not everything is decided.
    pub fn reloading(&mut self) {
        if self.stage == Stage::Ready {
            // It is compared with times of another clock than ours.
            self.tell(packed!("RELOADING=1\nMONOTONIC_USEC="), &clock::monotonic());
            self.stage = Stage::Starting;
        }
    }

    /// We end.
    pub fn stopping(&self) {
        self.tell(packed!("STOPPING="), &1_u32);
    }

    /// Tells what is due.
    #[inline(never)]
    pub fn attend(&mut self) {
        if clock::now() >= self.next {
            self.next = Instant(u64::MAX);
            if self.period != 0 {
                self.tell(packed!("WATCHDOG="), &1_u32);
                self.next = clock::in_micros(self.period);
            }
        }
        if self.stage == Stage::Due {
            if let Some(line) = self.line.take() {
                let _ = write(line, b"\n");
                // Complaints go to the standard ones.
                if line.as_raw_fd() > 2 {
                    process::close(line);
                }
            }
            match self.tell(packed!("READY=1\nSTATUS="), &self.status.text()) {
                Told::Yes => self.stage = Stage::Ready,
                Told::NotYet => self.next = self.next.min(clock::in_micros(AGAIN)),
            }
        }
    }

    #[inline(never)]
    fn tell(&self, what: Packed, value: &dyn Show) -> Told {
        let mut text = LineBuf::<64>::new();
        text.unpack(what);
        text.show(value);
        match self.socket.map(|socket| write(socket, text.as_bytes())) {
            Some(Err(HELD)) => Told::NotYet,
            Some(Ok(_) | Err(_)) | None => Told::Yes,
        }
    }
}
