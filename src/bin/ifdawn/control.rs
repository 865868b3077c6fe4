//! What a supervisor is asked by other runs ([`ifdawn::wire::control`]). What somebody waits for stays unread in his
//! socket until it is over: it needs no place here.

use crate::cli::{Command, Opt};
use crate::reload;
use crate::run::{self, DONE, NO_SOURCE, NOT_UP, UP};
use crate::sys::file::HELD;
use crate::sys::log::Level;
use crate::sys::{self, clock, process, unix};
use crate::system::System;
use ifdawn::diag::{Complaint, Effect, Errno, Problem, Severity, Subject};
use ifdawn::engine::{Engine, Instant, Progress, Wish};
use ifdawn::model::link::IfName;
use ifdawn::packed::{Packed, packed, word};
use ifdawn::plan::resolve::LinkState;
use ifdawn::text::parts;
use ifdawn::text::show::{Show, Text};
use ifdawn::wire::control::{self, LONGEST, Op};

use std::os::fd::BorrowedFd;

/// Seconds in which who connected says what he wants.
const PATIENCE_SECONDS: u32 = 1;

/// Nobody is waited for.
const NEVER: Instant = Instant(u64::MAX);

/// Where a supervisor listens.
const CONTROL: Packed = packed!("/run/ifdawn/control");

/// A supervisor's side.
pub struct Control {
    listener: Option<BorrowedFd<'static>>,
    /// Who connected and did not ask yet, if anybody could; and until when he may, and nobody else is listened to.
    asking: Option<BorrowedFd<'static>>,
    until: Instant,
}

impl Control {
    /// Nobody listens.
    pub const NONE: Control = Control {
        listener: None,
        asking: None,
        until: NEVER,
    };

    /// What is waited for: who connects, one after the other, and who asks.
    pub fn files(&self) -> [Option<BorrowedFd<'static>>; 2] {
        [self.listener.filter(|_| self.until == NEVER), self.asking]
    }

    /// Until when.
    pub fn deadline(&self) -> Instant {
        self.until
    }
}

/// Says what is wrong with the socket, or with who uses it.
#[inline(never)]
fn failed(severity: Severity, errno: Errno, system: &mut System<'_>) -> u8 {
    let complaint = Complaint::new(severity, Problem::File, Effect::None);
    system.failed(complaint, errno, Subject::Name(&CONTROL));
    NOT_UP
}

/// Who listens, where somebody does. One who hangs is not waited for.
#[inline(never)]
fn supervisor(system: &mut System<'_>) -> Result<Option<BorrowedFd<'static>>, u8> {
    match unix::connect(&system.root) {
        Err(HELD) => Err(failed(Severity::Error, HELD, system)),
        reached => Ok(reached.ok()),
    }
}

/// Listens; [`DONE`] where another supervisor does. Without a socket there is nobody to be asked by, and all else works.
pub fn listen(system: &mut System<'_>) -> Result<(), u8> {
    if let Some(other) = supervisor(system)? {
        another(other, system);
        return Err(DONE);
    }
    // One that was killed left it.
    system.root.join(word!("/run/ifdawn/control"), b"").remove();
    match unix::listen(&system.root) {
        Ok(listener) => system.supervisor.control.listener = Some(listener),
        Err(errno) => _ = failed(Severity::Warning, errno, system),
    }
    Ok(())
}

/// Says that there is a supervisor.
#[inline(never)]
fn another(socket: BorrowedFd<'_>, system: &mut System<'_>) {
    let [pid, _] = unix::peer(socket);
    system.log.line(Level::Error, &Another { pid });
}

/// A supervisor that was there before.
struct Another {
    pid: u32,
}

impl Show for Another {
    fn show(&self, text: &mut Text<'_>) {
        text.show(word!("a supervisor runs already: process "), &self.pid);
        text.word(word!("; nothing was changed"));
    }
}

/// Listens no more, and lets those go who wait: a copy of us may live on.
pub fn end(system: &mut System<'_>) {
    if let Some(listener) = system.supervisor.control.listener.take() {
        system.root.join(word!("/run/ifdawn/control"), b"").remove();
        process::close(listener);
        while let Some(reader) = system.log.readers.pop() {
            process::close(reader);
        }
    }
}

/// The link that somebody asks about, behind `n` others.
#[inline(never)]
fn name(client: BorrowedFd<'_>, n: usize, system: &mut System<'_>) -> Option<IfName> {
    control::name(request(client, system).ok()?, n)
}

/// What somebody asks.
#[inline(never)]
fn request<'s>(client: BorrowedFd<'_>, system: &'s mut System<'_>) -> Result<&'s [u8], Errno> {
    let room = system.files.octets.get_mut(..LONGEST).unwrap_or_default();
    let len = sys::peek(client, room)?;
    Ok(parts::slice(room, 0, len as usize))
}

/// Takes who connects, where somebody does, and does what he asks.
#[inline(never)]
pub fn serve(connects: bool, engine: &mut Engine<'_>, system: &mut System<'_>) {
    let control = &mut system.supervisor.control;
    if connects && let Some(listener) = control.listener {
        // Without a descriptor for him he waits: to try at once again would never end.
        control.asking = unix::accept(listener).ok();
        control.until = clock::in_seconds(PATIENCE_SECONDS);
    }
    if control.until == NEVER {
        return;
    }
    let is_late = clock::now() >= control.until;
    let Some(client) = control.asking else {
        if is_late {
            control.until = NEVER;
        }
        return;
    };
    let asked = match request(client, system) {
        Err(Errno::EAGAIN) if !is_late => return,
        Ok([]) => None,
        Ok(request) => Some(control::read(request).ok_or(Errno::EINVAL)),
        Err(errno) => Some(Err(errno)),
    };
    let control = &mut system.supervisor.control;
    (control.asking, control.until) = (None, NEVER);
    let Some(asked) = asked.filter(|_| system.log.readers.push(client).is_ok()) else {
        return process::close(client);
    };
    let [_, user] = unix::peer(client);
    let code = match asked {
        _ if user != 0 && user != unix::own_user() => {
            Some(failed(Severity::Warning, Errno::EPERM, system))
        }
        Ok(op) => perform(op, client, engine, system),
        Err(errno) => Some(failed(Severity::Warning, errno, system)),
    };
    if let Some(code) = code {
        system.log.readers.pop();
        answer(client, code);
    }
}

/// Does it; `None` where it is to be told later how it ends.
fn perform(
    op: Op,
    client: BorrowedFd<'_>,
    engine: &mut Engine<'_>,
    system: &mut System<'_>,
) -> Option<u8> {
    let mut n = 0;
    match op {
        Op::State => {
            engine.publish_state(system);
            return Some(UP);
        }
        Op::Reload => {
            reload::reload(engine, system);
            if !system.files.are_lacking {
                engine.miss_others(system);
            }
        }
        Op::Up => {
            reload::reload(engine, system);
            while let Some(link) = &name(client, n, system) {
                n = n.wrapping_add(1);
                match engine.is_configured(link) {
                    true => engine.wish(link, Wish::Up),
                    false => NO_SOURCE.say(&mut system.log, Subject::Link(link)),
                }
            }
            if n == 0 {
                engine.wish_as_at_boot();
            }
        }
        Op::Down | Op::Release => {
            if system.lock(clock::in_seconds(PATIENCE_SECONDS)).is_err() {
                return Some(NOT_UP);
            }
            // All of them first: what went with another one is not missed.
            while let Some(link) = &name(client, n, system) {
                n = n.wrapping_add(1);
                engine.wish(link, Wish::Down);
            }
            engine.releases = op == Op::Release;
            let mut code = UP;
            n = 0;
            while let Some(link) = &name(client, n, system) {
                n = n.wrapping_add(1);
                code |= run::down_one(link, system, engine);
            }
            engine.releases = false;
            engine.look_at_everything();
            system.unlock();
            return Some(code);
        }
    }
    engine.look_at_everything();
    None
}

/// Tells who asked how it ended, and lets him go.
#[inline(never)]
fn answer(client: BorrowedFd<'_>, code: u8) {
    // Who is let go with his request unread is told that alone.
    let _ = sys::read(client, &mut [0]);
    let _ = sys::write(client, &[code]);
    process::close(client);
}

/// After a look: tells those who wait for what is decided how it ended.
#[inline(never)]
pub fn looked(progress: Progress, engine: &mut Engine<'_>, system: &mut System<'_>) {
    let mut n = 0;
    while let Some(client) = system.log.readers.get(n).copied() {
        if let Some(code) = ended(client, progress == Progress::Done, engine, system) {
            system.log.readers.swap_remove(n);
            answer(client, code);
        } else {
            n = n.wrapping_add(1);
        }
    }
}

/// How it ended, what somebody waits for.
fn ended(
    client: BorrowedFd<'_>,
    is_over: bool,
    engine: &Engine<'_>,
    system: &mut System<'_>,
) -> Option<u8> {
    let (mut n, mut code) = (0, UP);
    while let Some(link) = &name(client, n, system) {
        n = n.wrapping_add(1);
        let state = engine.state_of(link);
        if state.awaited().is_some() && !is_over {
            return None;
        }
        if state != LinkState::Up {
            code = NOT_UP;
        }
    }
    match n {
        0 => is_over.then(|| run::code_of(engine)),
        _ => Some(code),
    }
}

/// Hands a command over to the supervisor, where one runs; how it ended.
#[inline(never)]
pub fn hand_over(system: &mut System<'_>) -> Option<u8> {
    let options = system.options;
    let op = match options.command {
        Command::Up => Op::Up,
        Command::Reload => Op::Reload,
        Command::Down if options.has(Opt::Release) => Op::Release,
        Command::Down => Op::Down,
        Command::Watch | Command::Plan | Command::Check | Command::Show => return None,
    };
    let socket = match supervisor(system) {
        Ok(socket) => socket?,
        Err(code) => return Some(code),
    };
    // It has sources of its own.
    if OWN.iter().any(|option| options.has(*option)) {
        another(socket, system);
        return Some(NOT_UP);
    }
    let deadline = match options.timeout {
        Some(seconds) => clock::in_seconds(seconds),
        None => NEVER,
    };
    Some(ask(op, socket, deadline, system))
}

/// Has a supervisor that runs write its state. Who may not ask reads what was written last.
pub fn refresh(system: &mut System<'_>) {
    if let Ok(Some(socket)) = supervisor(system) {
        let deadline = clock::in_seconds(PATIENCE_SECONDS);
        ask(Op::State, socket, deadline, system);
    }
}

/// Options that say what is read, or where is written what comes of it.
const OWN: [Opt; 6] = [
    Opt::Cmdline,
    Opt::CmdlineFile,
    Opt::Sources,
    Opt::IfcfgDir,
    Opt::ResolvConf,
    Opt::Initramfs,
];

/// Asks a supervisor for something, and shows what it says until it is done; how it ended.
#[inline(never)]
fn ask(op: Op, socket: BorrowedFd<'_>, deadline: Instant, system: &mut System<'_>) -> u8 {
    let mut files = [None; clock::FILES];
    files[0] = Some(socket);
    let octets = &mut system.files.octets;
    let mut sent = Err(Errno::EINVAL);
    if let Some(room) = octets.first_chunk_mut() {
        let len = control::write(op, &system.options.links, room);
        sent = sys::write(socket, parts::slice(room, 0, len));
    }
    let errno = loop {
        if let Err(errno) = sent {
            break errno;
        }
        if clock::wait(&files, deadline) == 0 {
            break Errno::ETIMEDOUT;
        }
        let len = sys::read(socket, octets);
        match len.map(|len| parts::slice(octets, 0, len as usize)) {
            Ok([]) => break Errno::ECONNRESET,
            Ok([code]) => return *code,
            Ok(line) => system.log.pass_on(line),
            Err(errno) => break errno,
        }
    };
    failed(Severity::Error, errno, system)
}
