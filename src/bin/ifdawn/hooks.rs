//! Hooks: scripts that are run when something happens (NetworkManager-dispatcher(8)).
//!
//! Who runs them is the spawner, a copy of us that was made while we might still do everything. It is told by [`tell`],
//! is not waited for, and believes nothing (see [`Message`]). For each event it makes a copy of itself, which looks for
//! scripts, starts those of `no-wait.d` at once, and runs the others one by one when its turn comes.

use crate::form::Wanted;
use crate::load::Files;
use crate::sys::file::{Path, Root};
use crate::sys::log::Log;
use crate::sys::names::Names;
use crate::sys::spawn::Words;
use crate::sys::{clock, jail, process, read, set, signal, spawn, write};
use crate::system::System;
use ifdawn::diag::{
    At, Complaint, Diagnostic, Effect, Errno, Escaped, LineBuf, Problem, Sink, Subject,
};
use ifdawn::limits::MAX_LINE;
use ifdawn::output::hook::{ACTIONS, Hook, Message};
use ifdawn::packed::{Packed, Word, packed, word};
use ifdawn::source::ifcfg::{ending, is_left_over};
use ifdawn::text::parts;
use ifdawn::text::show::Show;

use std::os::fd::BorrowedFd;

/// Where scripts are. One masks those of its name in weaker directories, which follow.
static DIRECTORIES: [Word; 3] = [
    word!("/etc/ifdawn/hooks.d"),
    word!("/etc/NetworkManager/dispatcher.d"),
    word!("/usr/lib/NetworkManager/dispatcher.d"),
];

/// Octets of a message; what does not fit is left out.
const MAX_MESSAGE: usize = 16_384;

/// Seconds a script may run.
const SECONDS: u32 = 600;

/// Events that wait for their turn. The next one waits until all of them had it.
const MAX_WAITING: u32 = 32;

/// What a socket holds of messages, in octets: as much as a thousand links say that come up at once.
const BACKLOG: usize = 4 * 1024 * 1024;

const NOT_RUN: Complaint = Complaint::warning(Problem::File, Effect::NotRun);
const UNSAFE: Complaint = Complaint::warning(Problem::UnsafeHook, Effect::NotRun);

/// What complaints call all scripts of an event.
const HOOKS: Escaped<'static> = Escaped(b"hooks");

/// Starts the spawner, if there is anything to spawn.
pub fn start(system: &mut System<'_>) {
    if !DIRECTORIES.iter().any(|path| system.root.exists(*path)) {
        return;
    }
    let [Some(ours), Some(theirs)] = jail::pair() else {
        return;
    };
    process::do_not_wait(ours);
    let (level, option) = (libc::SOL_SOCKET, libc::SO_SNDBUFFORCE);
    let _ = set(ours, level, option, BACKLOG, 0);
    match process::fork() {
        Ok(0) => serve(system, theirs),
        Ok(_) => system.supervisor.spawner = Some(ours),
        Err(errno) => system.failed(NOT_RUN, errno, Subject::Key(&HOOKS)),
    }
    process::close(theirs);
}

/// Tells the spawner of an event. What cannot be told is said.
#[inline(never)]
pub fn tell(system: &mut System<'_>, hook: Hook, name: &[u8], environment: &dyn Show) {
    let Some(spawner) = system.supervisor.spawner else {
        return;
    };
    let action = hook as u8;
    // Nobody has names there now, and has had before.
    let names = &mut system.files.names;
    names.clear();
    names.write(&[action], name, environment);
    let message = parts::slice(names.whole(0), 0, MAX_MESSAGE);
    if let Err(errno) = write(spawner, message) {
        complain(system, NOT_RUN.with_errno(errno), HOOKS, action, name);
    }
}

/// Whether a file of this name is a script, and no leftover of an editor or a package manager.
pub fn is_hook_name(name: &[u8]) -> bool {
    const LEFT_OVER: Packed = packed!(".rpmsave,.rpmorig,.rpmnew,.swp");
    !name.starts_with(b".")
        && !is_left_over(name, LEFT_OVER)
        && !ending(name).starts_with(b".dpkg-")
}

/// Complains of what became of a script, or of all of an event.
#[inline(never)]
fn complain(
    sink: &mut dyn Sink,
    complaint: Complaint,
    script: Escaped<'_>,
    action: u8,
    name: &[u8],
) {
    let mut token = LineBuf::<64>::new();
    token.unpack(ACTIONS.line(action.into()));
    token.put(b" ");
    token.put(name);
    sink.report(&Diagnostic {
        complaint,
        at: &At::NONE,
        subject: Subject::Key(&script),
        token: parts::trim(token.as_bytes()),
        detail: b"",
    });
}

/// The spawner. It ends with who tells it of events; what it was told before is still done.
fn serve(system: &mut System<'_>, socket: BorrowedFd<'_>) -> ! {
    let options = system.options;
    let limit = options.hook_timeout.unwrap_or(SECONDS);
    let socket = spawn::begin(socket, c"ifdawn-hooks");
    let mut log = Log::new(options.log, options.verbosity());
    process::forget();
    let Files { octets, names, .. } = &mut *system.files;
    let mut runner = Runner {
        root: system.root,
        limit,
        log: &mut log,
        names,
        action: 0,
        message: Message::NONE,
        held: None,
    };
    let octets = octets.get_mut(..MAX_MESSAGE).unwrap_or_default();
    let (mut before, mut waiting) = (None, 0_u32);
    while let Ok(len @ 1..) = read(socket, octets) {
        // An event's turn comes when nobody holds the other end of the last one's socket any more.
        let [turn, held] = jail::pair();
        if process::fork() == Ok(0) {
            close(turn);
            let octets = octets.get_mut(..len as usize).unwrap_or_default();
            if let Some(message) = Message::read(octets) {
                (runner.message, runner.held) = (message, held);
                runner.run(before);
            }
            process::end();
        }
        close(held);
        close(before);
        before = turn;
        waiting = waiting.wrapping_add(1);
        if waiting.is_multiple_of(MAX_WAITING) {
            process::ended(None);
        }
    }
    process::end()
}

fn close(file: Option<BorrowedFd<'_>>) {
    if let Some(file) = file {
        process::close(file);
    }
}

/// Who runs the scripts of one event.
struct Runner<'a> {
    root: Root<'a>,
    /// Seconds for each.
    limit: u32,
    log: &'a mut Log,
    names: &'a mut Names,
    /// What is done, by its number.
    action: u8,
    message: Message<'a>,
    /// Whoever comes next waits until nobody has it.
    held: Option<BorrowedFd<'static>>,
}

/// When a script is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// At once, beside others.
    AtOnce,
    /// When its turn comes.
    InTurn,
}

impl Runner<'_> {
    fn run(&mut self, mut before: Option<BorrowedFd<'_>>) {
        signal::reset(&signal::CHILD);
        let last = self.message.event;
        self.action = last.wrapping_sub(u8::from(last == Hook::Up as u8));
        while self.action <= last {
            self.list();
            self.pass(When::AtOnce);
            if let Some(before) = before.take() {
                let _ = read(before, &mut [0]);
            }
            self.pass(When::InTurn);
            self.action = self.action.wrapping_add(1);
        }
    }

    /// Looks which scripts there are.
    fn list(&mut self) {
        self.names.clear();
        self.names.directory = 0;
        while usize::from(self.names.directory) < DIRECTORIES.len() {
            self.names.directory = self.names.directory.wrapping_add(1);
            let path = self.path(self.names.directory, b"");
            let _ = Root::NONE.list(path.as_bytes(), Wanted::Hooks, self.names);
        }
        self.names.sort(0);
    }

    /// That of a script, or of the directory of this number, from 1 on.
    #[inline(never)]
    fn path(&self, directory: u8, name: &[u8]) -> Path {
        let mut rest = LineBuf::<MAX_LINE>::new();
        rest.put(b"/");
        // pre-up, pre-down: 0, 2
        if self.action & !2 == 0 {
            rest.unpack(ACTIONS.line(self.action.into()));
            rest.put(b".d/");
        }
        rest.put(name);
        let directory = DIRECTORIES.get(usize::from(directory).wrapping_sub(1));
        let directory = *directory.unwrap_or(&word!(""));
        self.root.join(directory, rest.as_bytes())
    }

    /// Runs those whose time it is, in their order.
    #[inline(never)]
    fn pass(&mut self, when: When) {
        for n in 0..self.names.len() {
            let name = self.names.name(n);
            if name == self.names.name(n.wrapping_sub(1)) {
                continue;
            }
            let path = &self.path(self.names.directory(n), name);
            if when != when_of(path) || !self.is_fine(path) {
                continue;
            }
            if when == When::InTurn {
                self.start(path);
            } else if process::fork() == Ok(0) {
                close(self.held);
                self.start(path);
                process::end();
            }
        }
    }

    /// Whether a script is one that only root can have put there. Of what is no file, or is empty, nothing is said: it
    /// masks others.
    fn is_fine(&mut self, path: &Path) -> bool {
        let status = path.status();
        if status.kind() != libc::S_IFREG || status.size == 0 {
            return false;
        }
        // Set-UID, to be written by others, to be run by its owner.
        let is_fine = status.user == 0 && status.mode & 0o4122 == 0o100;
        if !is_fine {
            self.complain(UNSAFE, path);
        }
        is_fine
    }

    /// Runs a script.
    #[inline(never)]
    fn start(&mut self, path: &Path) {
        let forked = process::fork();
        let errno = match forked {
            Ok(0) => self.execute(path),
            Ok(child) => return self.attend(child, path),
            Err(errno) => errno,
        };
        self.complain(NOT_RUN.with_errno(errno), path);
        if forked == Ok(0) {
            process::end();
        }
    }

    /// Waits for a script, and says how it ended if that is not well.
    fn attend(&mut self, child: u32, path: &Path) {
        let mut until = clock::in_seconds(self.limit);
        let mut late = false;
        let status = loop {
            if let Some(status) = process::ended(Some(child)) {
                break status;
            }
            if clock::now() >= until {
                // Again, where it leads no group yet.
                process::kill_group(child);
                (late, until) = (true, clock::in_seconds(1));
            }
            signal::wait_for_child(until);
        };
        let (problem, number) = match (status & 0x7f, status >> 8 & 0xff) {
            _ if late => (Problem::HookLate, self.limit),
            (0, 0) => return,
            (0, code) => (Problem::HookExit, code),
            (signal, _) => (Problem::HookSignal, signal),
        };
        let complaint = Complaint::warning(problem, Effect::None).with(number);
        self.complain(complaint, path);
    }

    /// Becomes a script, or says why not.
    fn execute(&self, path: &Path) -> Errno {
        let mut variable = LineBuf::<64>::new();
        variable.unpack(word!("NM_DISPATCHER_ACTION=").text());
        let action = variable.as_bytes().len();
        variable.unpack(ACTIONS.line(self.action.into()));
        variable.put(b"\0");
        let variable = variable.as_bytes();
        let mut words = Words::new();
        words.put(path.whole());
        words.put(self.message.name);
        words.put(variable.get(action..).unwrap_or_default());
        words.begin_environment();
        words.put(b"PATH=/usr/sbin:/usr/bin:/sbin:/bin\0");
        words.put(variable);
        for variable in self.message {
            words.put(variable);
        }
        words.execute(path)
    }

    #[inline(never)]
    fn complain(&mut self, complaint: Complaint, path: &Path) {
        let name = parts::nth(self.message.name, 0, 0);
        complain(
            self.log,
            complaint,
            Escaped(path.as_bytes()),
            self.action,
            name,
        );
    }
}

/// When a script is run: a link into a directory `no-wait.d` at once.
fn when_of(path: &Path) -> When {
    let mut target = Path::join(path.as_bytes(), word!(""), b"");
    target.follow();
    match target.before_name().ends_with(b"/no-wait.d/") {
        true => When::AtOnce,
        false => When::InTurn,
    }
}
