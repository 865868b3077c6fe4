//! What only a supervisor does beside the loop: it hears of what people and programs want of it.
//!
//! [`begin`] comes before anything is read, [`files`] and [`deadline`] before each wait, [`serve`] after it, and
//! [`looked`] after each look at the kernel.

use crate::cli::Command;
use crate::confine;
use crate::reload::{self, Changes};
use crate::service::Service;
use crate::sys::{process, signal};
use crate::system::System;
use ifdawn::diag::Errno;
use ifdawn::engine::{Engine, Instant};

use std::os::fd::BorrowedFd;

/// Files that a supervisor waits for beside those of everybody.
pub const FILES: usize = 4;

/// What a supervisor has open.
pub struct Supervisor {
    /// Signals, as something to read; none: we are no supervisor, or signals end us.
    signals: Option<BorrowedFd<'static>>,
    /// What is known of changes of the sources.
    pub changes: Changes,
    /// Who supervises us.
    pub service: Service,
}

impl Supervisor {
    /// Nothing open.
    pub const NONE: Supervisor = Supervisor {
        signals: None,
        changes: Changes::NONE,
        service: Service::NONE,
    };
}

/// What to do after a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Go on.
    GoOn,
    /// End, and leave the network as it is.
    End,
}

/// Becomes a supervisor, where that is asked for.
pub fn begin(system: &mut System<'_>) {
    if system.options.command == Command::Watch {
        system.supervisor.signals = signal::catch().ok();
        reload::watch(system);
        // Last: what comes before may do more.
        confine::confine(system);
    }
}

/// What is waited for.
pub fn files(system: &System<'_>) -> [Option<BorrowedFd<'static>>; FILES] {
    let Supervisor {
        signals, changes, ..
    } = &system.supervisor;
    [*signals, changes.inotify, None, None]
}

/// Until when at most.
pub fn deadline(system: &System<'_>) -> Instant {
    let Supervisor {
        changes, service, ..
    } = &system.supervisor;
    changes.deadline().min(service.deadline())
}

/// Does what is asked for; `woken` has a bit for each of [`files`], lowest first.
pub fn serve(woken: u32, engine: &mut Engine<'_>, system: &mut System<'_>) -> Order {
    if woken & 1 != 0
        && let Some(file) = system.supervisor.signals
    {
        while let Some(signal) = signal::next(file) {
            match signal {
                libc::SIGTERM | libc::SIGINT => {
                    system.supervisor.service.stopping();
                    return Order::End;
                }
                libc::SIGHUP => system.supervisor.changes.ask(),
                libc::SIGCHLD => reap(system),
                libc::SIGUSR1 => engine.publish_state(system),
                _ => {}
            }
        }
    }
    if woken & 2 != 0 {
        reload::hear(system);
    }
    reload::reload_if_due(engine, system);
    system.supervisor.service.attend();
    Order::GoOn
}

/// The first process of all takes care of those whose parent ended. The jail may be among them.
fn reap(system: &mut System<'_>) {
    if process::id() == 1 {
        while let Some(pid) = process::reap() {
            system.sockets.reaped(pid);
        }
    }
}

/// A look is over.
///
/// # Errors
/// When the kernel cannot be asked.
pub fn looked(engine: &mut Engine<'_>, system: &mut System<'_>) -> Result<(), Errno> {
    engine.leave(system)
}
