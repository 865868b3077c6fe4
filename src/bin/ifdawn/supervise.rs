//! What only a supervisor does beside the loop: it hears of what people and programs want of it.
//!
//! [`begin`] comes before anything is read, [`files`] and [`deadline`] before each wait, [`serve`] after it, and
//! [`looked`] after each look at the kernel.

use crate::cli::Command;
use crate::confine;
use crate::control::{self, Control};
use crate::hooks;
use crate::reload::{self, Changes};
use crate::service::Service;
use crate::sys::{clock, process, rest, signal};
use crate::system::System;
use ifdawn::diag::Errno;
use ifdawn::engine::{Engine, Instant, Progress};

use std::os::fd::BorrowedFd;

/// Files that a supervisor waits for beside those of everybody.
pub const FILES: usize = 5;

/// What a supervisor has open.
pub struct Supervisor {
    /// Signals, as something to read; none: we are no supervisor, or signals end us.
    signals: Option<BorrowedFd<'static>>,
    /// Who runs hooks, where there are any.
    pub spawner: Option<BorrowedFd<'static>>,
    /// What wakes us after a suspend.
    timer: Option<BorrowedFd<'static>>,
    /// What is known of changes of the sources.
    pub changes: Changes,
    /// Who asks for something.
    pub control: Control,
    /// Who supervises us.
    pub service: Service,
}

impl Supervisor {
    /// Nothing open.
    pub const NONE: Supervisor = Supervisor {
        signals: None,
        spawner: None,
        timer: None,
        changes: Changes::NONE,
        control: Control::NONE,
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

/// Becomes a supervisor, where that is asked for; an exit code where there is one already.
#[inline(never)]
pub fn begin(system: &mut System<'_>) -> Result<(), u8> {
    if system.options.command == Command::Watch {
        control::listen(system)?;
        // While we may still do everything, and signals do what they do by default.
        hooks::start(system);
        system.supervisor.signals = signal::catch().ok();
        reload::watch(system);
        system.supervisor.timer = clock::timer().ok();
        // Last: what comes before may do more.
        confine::confine(system);
    }
    Ok(())
}

/// What is waited for.
pub fn files(system: &System<'_>) -> [Option<BorrowedFd<'static>>; FILES] {
    let Supervisor {
        signals,
        timer,
        changes,
        control,
        ..
    } = &system.supervisor;
    let [listener, asking] = control.files();
    [*signals, changes.inotify, listener, asking, *timer]
}

/// Until when at most.
pub fn deadline(system: &System<'_>) -> Instant {
    let Supervisor {
        changes,
        control,
        service,
        ..
    } = &system.supervisor;
    let until = changes.deadline().min(control.deadline());
    until.min(service.deadline())
}

/// Does what is asked for; `woken` has a bit for each of [`files`], lowest first.
#[inline(never)]
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
    control::serve(woken & 4 != 0, engine, system);
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
pub fn looked(
    progress: Progress,
    engine: &mut Engine<'_>,
    system: &mut System<'_>,
) -> Result<(), Errno> {
    engine.leave(system)?;
    // After what was taken back comes another look.
    if !engine.look_again {
        control::looked(progress, engine, system);
        if progress == Progress::Done {
            rest::rest(system.files);
        }
    }
    Ok(())
}
