//! When the sources have changed, and that they are read again.
//!
//! What is being written is not read: a file that was written to counts when it is closed, one that was put into its
//! place at once, and then nothing may happen for [`SETTLE`]. Symbolic links are not followed: what they lead to may
//! change unseen, until SIGHUP.

use crate::cli::{Opt, Source};
use crate::form::{ALWAYS, Form, LAYERS, STEPS, Wanted};
use crate::load::last_part;
use crate::sys::file::Path;
use crate::sys::log::Level;
use crate::sys::{clock, inotify, read};
use crate::system::System;
use ifdawn::diag::{Complaint, Effect, Escaped, Problem, Subject};
use ifdawn::engine::{Engine, Instant, Said};
use ifdawn::model::index::{HASH_START, hash};
use ifdawn::packed::{packed, word};

use std::os::fd::BorrowedFd;

/// Microseconds in which nothing happens before the sources are read.
const SETTLE: u32 = 200_000;

/// Never.
const NEVER: Instant = Instant(u64::MAX);

const EVENTS: u32 = libc::IN_CREATE
    | libc::IN_OPEN
    | libc::IN_MODIFY
    | libc::IN_CLOSE
    | libc::IN_MOVE
    | libc::IN_DELETE
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_ONLYDIR;

/// What of it does not say that a file is another one.
const HARMLESS: u32 = libc::IN_OPEN | libc::IN_MODIFY | libc::IN_CLOSE_NOWRITE;

/// What is known of changes.
pub struct Changes {
    /// Tells of them.
    pub inotify: Option<BorrowedFd<'static>>,
    /// When the sources are to be read.
    due: Instant,
    /// Files that were written to and not closed yet, and new ones, and new ones that are open, a bit for each name.
    written: u64,
    made: u64,
    open: u64,
}

impl Changes {
    /// Nothing watched.
    pub const NONE: Changes = Changes {
        inotify: None,
        due: NEVER,
        written: 0,
        made: 0,
        open: 0,
    };

    /// Until when nothing may happen, if it has not.
    pub fn deadline(&self) -> Instant {
        match self.is_writing() {
            false => self.due,
            true => NEVER,
        }
    }

    /// Whether somebody writes what is read.
    fn is_writing(&self) -> bool {
        self.written | self.open != 0
    }

    /// The sources are to be read as soon as nobody writes them.
    pub fn ask(&mut self) {
        self.due = self.due.min(clock::now());
    }

    /// Takes note of an event.
    fn note(&mut self, mask: u32, name: &[u8]) {
        let is = |bits| mask & bits != 0;
        if is(libc::IN_Q_OVERFLOW) {
            (self.written, self.made, self.open) = (0, 0, 0);
        } else if !name.is_empty() && !is(libc::IN_ISDIR) && !is_source(name) {
            return;
        }
        let bit = 1_u64 << (hash(HASH_START, name) & 63);
        let clear = |of: &mut u64| *of &= !bit;
        if is(libc::IN_CREATE) {
            self.made |= bit;
        }
        if is(libc::IN_OPEN) {
            self.open |= self.made & bit;
        }
        if is(libc::IN_MODIFY) {
            self.written |= bit;
        }
        if is(libc::IN_CLOSE | libc::IN_MOVE | libc::IN_DELETE) {
            clear(&mut self.open);
            clear(&mut self.made);
        }
        if !is(HARMLESS) {
            if !is(libc::IN_CREATE) {
                clear(&mut self.written);
            }
            self.due = clock::in_micros(SETTLE);
        }
    }
}

/// Whether a file of this name may be one that is read.
fn is_source(name: &[u8]) -> bool {
    let form = Form::of(name);
    if form == Form::Cmdline {
        return Wanted::Conf.has(name);
    }
    form != Form::Ifcfg || Wanted::Ifcfg.has(name)
}

/// Watches the directories that are read.
#[inline(never)]
pub fn watch(system: &mut System<'_>) {
    let changes = &mut system.supervisor.changes;
    if changes.inotify.is_none() {
        changes.inotify = inotify::open().ok();
    }
    let Some(inotify) = changes.inotify else {
        return;
    };
    for step in &STEPS {
        if step.asked & (ALWAYS | 1 << Source::Ifcfg as u8) == 0 {
            continue;
        }
        let path = Path::join(b"", step.path, b"");
        let path = path.as_bytes();
        let path = match (step.wanted, system.options.value(Opt::IfcfgDir)) {
            (Wanted::Ifcfg, Some(given)) => given,
            // the directory of a file
            (Wanted::File, _) => path.strip_suffix(last_part(path)).unwrap_or(path),
            _ => path,
        };
        for layer in LAYERS.iter().take(usize::from(step.layer) + 1) {
            let path = Path::join(b"", *layer, path);
            inotify::watch(inotify, &system.root.path(path.as_bytes()), EVENTS);
        }
    }
}

/// Hears what changed.
pub fn hear(system: &mut System<'_>) {
    let mut buffer = [0; 4_096];
    let Some(inotify) = system.supervisor.changes.inotify else {
        return;
    };
    while let Ok(len @ 1..) = read(inotify, &mut buffer) {
        let mut events = buffer.get(..len as usize).unwrap_or_default();
        while let Some((mask, name)) = inotify::next(&mut events) {
            system.supervisor.changes.note(mask, name);
        }
    }
}

/// Reads the sources again, where it is time to.
pub fn reload_if_due(engine: &mut Engine<'_>, system: &mut System<'_>) {
    if clock::now() >= system.supervisor.changes.deadline() {
        reload(engine, system);
    }
}

/// Reads the sources again, as soon as nobody writes them. The next look makes the difference. Where the directory of
/// ifcfg files is gone nothing changes, and while a file cannot be read no link goes: it is not said that there shall be
/// none.
#[inline(never)]
pub fn reload(engine: &mut Engine<'_>, system: &mut System<'_>) {
    const GONE: Complaint = Complaint::error(Problem::File, Effect::NothingChanged);
    let changes = &mut system.supervisor.changes;
    changes.due = NEVER;
    if changes.is_writing() {
        return changes.ask();
    }
    watch(system);
    let directory = match system.options.value(Opt::IfcfgDir) {
        Some(given) => system.root.path(given),
        None => (system.root).join(word!("/etc/sysconfig/network-scripts"), b""),
    };
    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    if let Err(errno) = directory.open(flags, 0) {
        let path = Escaped(directory.as_bytes());
        return system.failed(GONE, errno, Subject::Key(&path));
    }
    (system.log).line(Level::News, &packed!("sources are read again"));
    system.supervisor.service.reloading();
    system.said = Said::new();
    engine.forget_config(system);
    system.read(engine, None);
    if system.files.are_lacking {
        engine.leave_none();
    }
}
