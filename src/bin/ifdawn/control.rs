//! What a supervisor is asked by other runs: a datagram for each thing, answered by what is said meanwhile, and then an
//! exit code.
//!
//! ```text
//!  request:  +----+------+------- - -     answers:  +------+------------- - -   +------+
//!            | op | what | name                     | <27> | ifdawn: ...        | code |
//!            +----+------+------- - -               +------+------------- - -   +------+
//! ```

use crate::cli::{Command, Opt};
use crate::reload;
use crate::run::{self, DONE, NOT_UP, UP};
use crate::sys::log::{Level, READERS};
use crate::sys::{self, clock, process, unix};
use crate::system::System;
use ifdawn::diag::{Complaint, Effect, Errno, Problem, Subject};
use ifdawn::engine::{Engine, Instant, Progress, Wish};
use ifdawn::model::link::IfName;
use ifdawn::packed::{packed, word};
use ifdawn::text::parts;
use ifdawn::text::show::{Show, Text};

use std::io::IoSlice;
use std::os::fd::BorrowedFd;

/// What is asked. The numbers are sent.
#[derive(Clone, Copy)]
enum Op {
    /// That the sources are read again.
    Read,
    /// That a link comes up, whatever was wanted of it; or all of them, as at boot.
    Up,
    /// How it ended, of a link or of all.
    Wait,
    /// That a link is taken back.
    Down,
    /// The same, and its lease given back.
    Release,
    /// That `state.json` is written.
    State,
}

/// In the order of their numbers.
const OPS: [Op; 6] = [Op::Read, Op::Up, Op::Wait, Op::Down, Op::Release, Op::State];

/// Seconds in which who connected says what he wants.
const PATIENCE_SECONDS: u32 = 1;

/// Octets of the longest name of a link.
const NAME: usize = 15;

/// A supervisor's side.
pub struct Control {
    listener: Option<BorrowedFd<'static>>,
    /// Who connected and did not ask yet, and until when he may.
    asking: Option<BorrowedFd<'static>>,
    until: Instant,
    /// The links, or all of them, of those who are told how it ends, in the order of [`Log::readers`](crate::sys::log).
    waiting: [Option<IfName>; READERS],
}

impl Control {
    /// Nobody listens.
    pub const NONE: Control = Control {
        listener: None,
        asking: None,
        until: Instant(u64::MAX),
        waiting: [None; READERS],
    };

    /// What is waited for: who connects, one after the other, and who asks.
    pub fn files(&self) -> [Option<BorrowedFd<'static>>; 2] {
        [self.listener.filter(|_| self.asking.is_none()), self.asking]
    }

    /// Until when.
    pub fn deadline(&self) -> Instant {
        match self.asking {
            Some(_) => self.until,
            None => Instant(u64::MAX),
        }
    }
}

/// Listens; [`DONE`] where another supervisor does. Without a socket there is nobody to be asked by, and all else works.
pub fn listen(system: &mut System<'_>) -> Result<(), u8> {
    const DEAF: Complaint = Complaint::warning(Problem::File, Effect::None);
    match unix::listen(&system.root) {
        Ok(listener) => system.supervisor.control.listener = Some(listener),
        Err(Errno::EADDRINUSE) => {
            let [pid, _] = unix::connect(&system.root).map_or([0; 2], unix::peer);
            system.log.line(Level::Error, &Another { pid });
            return Err(DONE);
        }
        Err(errno) => system.failed(DEAF, errno, Subject::Name(&packed!("/run/ifdawn/control"))),
    }
    Ok(())
}

/// Listens no more: the next supervisor may.
pub fn end(system: &mut System<'_>) {
    if let Some(listener) = system.supervisor.control.listener.take() {
        process::close(listener);
    }
}

/// A supervisor that was there before.
struct Another {
    pid: u32,
}

impl Show for Another {
    fn show(&self, text: &mut Text<'_>) {
        text.show(word!("a supervisor runs already: process "), &self.pid);
    }
}

/// Takes who connects, and does what he asks.
pub fn serve(engine: &mut Engine<'_>, system: &mut System<'_>) {
    let control = &mut system.supervisor.control;
    if control.asking.is_none()
        && let Some(listener) = control.listener
        && let Ok(client) = unix::accept(listener)
    {
        let [_, uid] = unix::peer(client);
        if uid != 0 && uid != unix::own_user() {
            return process::close(client);
        }
        (control.asking, control.until) = (Some(client), clock::in_seconds(PATIENCE_SECONDS));
    }
    let Some(client) = control.asking else {
        return;
    };
    // One octet more than there may be.
    let mut request = [0; 1 + NAME + 1];
    let got = sys::receive(client, &mut request);
    if got == Err(Errno::EAGAIN) && clock::now() < control.until {
        return;
    }
    control.asking = None;
    let octets = got.map_or(&[][..], |len| parts::slice(&request, 0, len as usize));
    let Some((op, name)) = understood(octets) else {
        return process::close(client);
    };
    system.log.asker = Some(client);
    let code = perform(op, name, client, engine, system);
    system.log.asker = None;
    if let Some(code) = code {
        answer(client, code);
    }
}

/// What is asked, and of which link.
fn understood(request: &[u8]) -> Option<(Op, Option<IfName>)> {
    let (op, name) = request.split_first()?;
    let op = *OPS.get(usize::from(*op))?;
    match name {
        [] => Some((op, None)),
        name => Some((op, Some(IfName::new(name)?))),
    }
}

/// Does it; `None` where it is to be told later how it ends.
fn perform(
    op: Op,
    name: Option<IfName>,
    client: BorrowedFd<'static>,
    engine: &mut Engine<'_>,
    system: &mut System<'_>,
) -> Option<u8> {
    match (op, &name) {
        (Op::Read, _) => reload::reload(engine, system),
        (Op::State, _) => engine.publish_state(system),
        (Op::Up, None) => engine.forget_wishes(),
        (Op::Up, Some(link)) if engine.is_configured(link) => engine.wish(link, Wish::Up),
        (Op::Up, Some(link)) => {
            run::NO_SOURCE.say(&mut system.log, Subject::Link(link));
            return Some(NOT_UP);
        }
        (Op::Wait, _) => {
            let readers = system.log.readers.iter_mut();
            let mut places = readers.zip(&mut system.supervisor.control.waiting);
            let Some((reader, waiting)) = places.find(|(reader, _)| reader.is_none()) else {
                return Some(NOT_UP);
            };
            (*reader, *waiting) = (Some(client), name);
            engine.look_at_everything();
            return None;
        }
        (Op::Down | Op::Release, None) => return Some(NOT_UP),
        (Op::Down | Op::Release, Some(link)) => {
            if system.lock(clock::in_seconds(PATIENCE_SECONDS)).is_err() {
                return Some(NOT_UP);
            }
            engine.wish(link, Wish::Down);
            engine.releases = matches!(op, Op::Release);
            let code = run::down_one(link, system, engine);
            engine.releases = false;
            engine.look_at_everything();
            system.unlock();
            return Some(code);
        }
    }
    Some(UP)
}

/// Tells who asked how it ended, and lets him go.
fn answer(client: BorrowedFd<'_>, code: u8) {
    let _ = sys::send(client, b"", &[IoSlice::new(&[code])]);
    process::close(client);
}

/// After a look: tells those who wait for what is decided how it ended.
pub fn looked(progress: Progress, engine: &mut Engine<'_>, system: &mut System<'_>) {
    let waiting = &system.supervisor.control.waiting;
    for (reader, name) in system.log.readers.iter_mut().zip(waiting) {
        if let Some(client) = *reader
            && (progress == Progress::Done || !engine.is_awaited(name.as_ref()))
        {
            *reader = None;
            let code = match name {
                None => run::code_of(engine),
                Some(name) if engine.is_link_up(name) => UP,
                Some(_) => NOT_UP,
            };
            answer(client, code);
        }
    }
}

/// Hands a command over to the supervisor, where one runs; how it ended.
pub fn hand_over(system: &mut System<'_>) -> Option<u8> {
    let options = system.options;
    if !matches!(
        options.command,
        Command::Up | Command::Down | Command::Reload
    ) {
        return None;
    }
    process::close(unix::connect(&system.root).ok()?);
    for option in OWN {
        if options.has(option) {
            let text =
                packed!("a supervisor runs, which has sources of its own; nothing was changed");
            system.log.line(Level::Error, &text);
            return Some(NOT_UP);
        }
    }
    let down = if options.has(Opt::Release) {
        Op::Release
    } else {
        Op::Down
    };
    let steps: &[Op] = if options.command == Command::Down {
        &[down]
    } else if options.command == Command::Reload {
        &[Op::Read, Op::Wait]
    } else {
        &[Op::Read, Op::Up, Op::Wait]
    };
    let deadline = match options.timeout {
        Some(seconds) => clock::in_seconds(seconds),
        None => Instant(u64::MAX),
    };
    let mut code = UP;
    for op in steps {
        let is_one = matches!(op, Op::Read) || options.links.is_empty();
        if is_one {
            code = code.max(ask(*op, b"", deadline, system));
            continue;
        }
        for link in &options.links {
            code = code.max(ask(*op, link.as_bytes(), deadline, system));
        }
    }
    Some(code)
}

/// Has a supervisor that runs write its state. Who may not ask reads what was written last.
pub fn refresh(system: &mut System<'_>) {
    if let Ok(socket) = unix::connect(&system.root) {
        process::close(socket);
        ask(Op::State, b"", clock::in_seconds(PATIENCE_SECONDS), system);
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
fn ask(op: Op, name: &[u8], deadline: Instant, system: &mut System<'_>) -> u8 {
    const FAILED: Complaint = Complaint::error(Problem::File, Effect::None);
    let asked = unix::connect(&system.root).and_then(|socket| {
        sys::send(
            socket,
            b"",
            &[IoSlice::new(&[op as u8]), IoSlice::new(name)],
        )?;
        let mut files = [None; clock::FILES];
        files[0] = Some(socket);
        let mut said = [0; 1_024];
        loop {
            if clock::wait(&files, deadline) == 0 {
                return Err(Errno::ETIMEDOUT);
            }
            let len = sys::receive(socket, &mut said)?;
            match parts::slice(&said, 0, len as usize) {
                [] => return Err(Errno::ECONNRESET),
                [code] => return Ok(*code),
                line => system.log.pass_on(line),
            }
        }
    });
    asked.unwrap_or_else(|errno| {
        system.failed(
            FAILED,
            errno,
            Subject::Name(&packed!("/run/ifdawn/control")),
        );
        NOT_UP
    })
}
