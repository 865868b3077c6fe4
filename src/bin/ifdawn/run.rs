//! The commands, and the only loop.

use crate::cli::{Command, Opt, Options};
use crate::load::{self, Files};
use crate::report::{Report, Silent};
use crate::sys::clock::Woken;
use crate::sys::file::{self, Out, Path, Root};
use crate::sys::log::{Level, Log};
use crate::sys::rtnl::Rtnl;
use crate::sys::udev::Udev;
use crate::sys::{caps, clock, drain, keep};
use ifdawn::diag::{Complaint, Diagnostic, Effect, Errno, Escaped, Problem, Sink};
use ifdawn::engine::{
    EachFile, Engine, ForeignResolvConf, Host, Instant, Outcome, OutputFile, Progress, Said,
    Settled,
};
use ifdawn::limits::MAX_LINKS;
use ifdawn::model::config::LinkMatch;
use ifdawn::model::link::IfName;
use ifdawn::output::json::{Json, Octets};
use ifdawn::output::plan_json::{self, PLAN};
use ifdawn::packed::packed;
use ifdawn::plan::op::Op;
use ifdawn::plan::resolve::Goal;
use ifdawn::text::parts;
use ifdawn::text::show::{Parts, Show, Text};
use std::os::fd::BorrowedFd;

/// Everything required is up.
const UP: u8 = 0;
/// Something required is not.
pub const NOT_UP: u8 = 1;
/// No source names any link.
const NOTHING: u8 = 3;

/// Locked by a run.
const LOCK: &str = "/run/ifdawn/lock";

/// Seconds we wait for another run to end.
const LOCK_SECONDS: u32 = 60;

/// Microseconds between two looks whether it has: flock(2) wakes nobody who waits for a time.
const LOCK_MICROS: u64 = 20_000;

const NO_SOURCE: Complaint = Complaint::error(Problem::NoSource, Effect::None);
const FAILED: Complaint = Complaint::error(Problem::File, Effect::None);
const NOT_LOCKED: Complaint = Complaint::error(Problem::File, Effect::NotLocked);
const HELD: Complaint = Complaint::error(Problem::File, Effect::HeldByOthers);

/// Carries out the command; the exit code.
pub fn run(options: &Options, engine: &mut Engine<'_>, files: &mut Files, out: &mut Out<'_>) -> u8 {
    let root = Root::new(options.value(Opt::Root).unwrap_or_default());
    let mut system = System {
        options,
        root,
        log: Log::new(options.log, options.verbosity()),
        until: options.timeout.map_or(Instant(u64::MAX), |seconds| {
            clock::now().after_seconds(seconds)
        }),
        files,
        rtnl: Err(Errno::EIO),
        udev: Udev::UNASKED,
        said: Said::new(),
    };
    engine.live_rename = crate::sys::kernel::live_rename();
    match options.command {
        Command::Check => check(&mut system, engine, out),
        Command::Plan if options.has(Opt::Json) => plan_json(&mut system, engine, out),
        Command::Plan => plan(&mut system, engine, out),
        Command::Up | Command::Down => change(&mut system, engine),
    }
}

/// Parses only, and shows each complaint with its line.
#[inline(never)]
fn check(system: &mut System<'_>, engine: &mut Engine<'_>, out: &mut Out<'_>) -> u8 {
    let mut report = Report {
        out,
        counts: [0; 3],
    };
    system.read(engine, Some(&mut report));
    let mut words = Some(&b" errors, | warnings, | notes\n"[..]);
    for count in &report.counts {
        report.out.show(count);
        report
            .out
            .put(parts::next(&mut words, b'|').unwrap_or_default());
    }
    match report.counts {
        [0, ..] => UP,
        _ => NOT_UP,
    }
}

/// Prints what `up` would change.
#[inline(never)]
fn plan(system: &mut System<'_>, engine: &mut Engine<'_>, out: &mut Out<'_>) -> u8 {
    let options = system.options;
    let goal = Goal {
        names: &options.links,
    };
    system.read(engine, None);
    engine.is_offline = options.has(Opt::Offline);
    if !engine.is_offline {
        system.begin(engine);
    }
    if let Err(errno) = engine.plan(goal, system) {
        return system.refused(errno);
    }
    for step in engine.plan.steps.iter() {
        if let Some(op) = &Op::of(*step, &engine.plan, &engine.desired) {
            out.show(op);
            out.put(b"\n");
        }
    }
    if !engine.is_offline && engine.resolv_conf_differs(system) {
        // All but the mark, which is the first line.
        let mut rest = parts::split(engine.resolv_conf(), b'\n').1;
        while let Some(line @ [_, ..]) = parts::next(&mut rest, b'\n') {
            out.put(b"# ");
            out.show(&Escaped(resolv_conf(options)));
            out.put(b": ");
            out.show(&Octets(line));
            out.put(b"\n");
        }
    }
    UP
}

/// The configuration as JSON. Its diagnostics come last, so the sources are read twice: once for the
/// links, once for the complaints, which then need not be kept.
#[inline(never)]
fn plan_json(system: &mut System<'_>, engine: &mut Engine<'_>, out: &mut Out<'_>) -> u8 {
    system.read(engine, Some(&mut Silent));
    let mut json = Json::new(out, PLAN);
    plan_json::begin(&mut json, &engine.config);
    system.read(engine, Some(&mut json));
    plan_json::end(json);
    UP
}

/// Brings up or takes back.
#[inline(never)]
fn change(system: &mut System<'_>, engine: &mut Engine<'_>) -> u8 {
    if !caps::may_configure() {
        return system.refused(Errno::EPERM);
    }
    if system.lock().is_err() {
        return NOT_UP;
    }
    // What another run took of the time is no link's and no udev's fault.
    system.begin(engine);
    system.read(engine, None);
    if let Err(errno) = system.rtnl {
        return system.refused(errno);
    }
    match system.options.command {
        Command::Down => down(system, engine),
        Command::Up | Command::Plan | Command::Check => up(system, engine),
    }
}

/// Brings up, waits, says how it ended.
#[inline(never)]
fn up(system: &mut System<'_>, engine: &mut Engine<'_>) -> u8 {
    let options = system.options;
    if load::is_initramfs(options, &system.root) {
        engine.foreign_resolv_conf = ForeignResolvConf::Replaced;
    }
    let mut code = UP;
    for name in &options.links {
        if !engine.is_configured(name) {
            NO_SOURCE.say(&mut system.log, name);
            code = NOT_UP;
        }
    }
    if let Err(errno) = settle(engine, system) {
        return system.refused(errno);
    }
    system.log.clear_live();
    engine.complain_about_missing(system);
    engine.publish_state(system, None);
    match engine.outcome() {
        Outcome::Up => code,
        Outcome::Nothing if engine.config.links.is_empty() => {
            system
                .log
                .line(Level::Error, &packed!("no source names any link"));
            NOTHING
        }
        Outcome::Nothing => code,
        Outcome::Partial | Outcome::Down => NOT_UP,
    }
}

/// Converges until everything is decided or the time is over.
#[inline(never)]
fn settle(engine: &mut Engine<'_>, system: &mut System<'_>) -> Result<(), Errno> {
    let goal = Goal {
        names: &system.options.links,
    };
    // Before the first look: what appears after it wakes us.
    let mut events = Events::subscribe(system)?;
    let mut overruns = 0;
    loop {
        let until = match engine.converge(goal, system) {
            Ok(Progress::Done) => return Ok(()),
            Ok(Progress::Waiting(until)) => until.min(system.until),
            // Answers were lost: what is there shows at the next look.
            Err(Errno::ENOBUFS) if overruns < 8 => {
                overruns += 1;
                continue;
            }
            Err(errno) => return Err(errno),
        };
        if clock::now() >= until {
            return Ok(());
        }
        events.wait(until, engine, system);
    }
}

/// Takes back what was made on the links given.
#[inline(never)]
fn down(system: &mut System<'_>, engine: &mut Engine<'_>) -> u8 {
    let mut code = UP;
    for name in &system.options.links {
        match engine.down(name, system) {
            Ok(true) => continue,
            Ok(false) => {}
            Err(errno) => FAILED.with_errno(errno).say(&mut system.log, name),
        }
        code = NOT_UP;
    }
    code
}

/// The real world.
struct System<'a> {
    options: &'a Options,
    root: Root<'a>,
    log: Log,
    /// `--timeout`.
    until: Instant,
    files: &'a mut Files,
    rtnl: Result<Rtnl, Errno>,
    udev: Udev,
    said: Said,
}

impl System<'_> {
    /// From here on the kernel and udev are asked, and time counts.
    #[inline(never)]
    fn begin(&mut self, engine: &mut Engine<'_>) {
        engine.start(clock::now());
        self.udev = Udev::new(&self.root);
        self.rtnl = Rtnl::requests();
    }

    /// Says why the kernel did not answer.
    #[inline(never)]
    fn refused(&mut self, errno: Errno) -> u8 {
        match errno {
            Errno::EPERM => self.log.line(
                Level::Error,
                &packed!("the kernel refuses changes (CAP_NET_ADMIN); nothing was changed"),
            ),
            _ => FAILED
                .with_errno(errno)
                .say(&mut self.log, &"the kernel cannot be asked"),
        }
        NOT_UP
    }

    /// Reads the sources; complaints go to `sink`, else to the log.
    fn read(&mut self, engine: &mut Engine<'_>, sink: Option<&mut dyn Sink>) {
        load::load(
            self.options,
            &self.root,
            self.files,
            &mut engine.config,
            sink.unwrap_or(&mut self.log),
        );
    }

    /// One run at a time. Where there can be no lock file, the network comes up all the same.
    fn lock(&mut self) -> Result<(), Errno> {
        let deadline = clock::now().after_seconds(LOCK_SECONDS).min(self.until);
        let file = match self.open_lock() {
            Ok(file) => file,
            Err(errno) => {
                NOT_LOCKED.with_errno(errno).say(&mut self.log, &LOCK);
                return Ok(());
            }
        };
        while let Err(errno) = file::lock(file) {
            if errno != file::HELD || clock::now() >= deadline {
                HELD.with_errno(errno).say(&mut self.log, &LOCK);
                return Err(errno);
            }
            clock::wait(
                [None, None],
                Instant(clock::now().0.saturating_add(LOCK_MICROS)),
            );
        }
        Ok(())
    }

    /// Where a file of ours is.
    #[inline(never)]
    fn path(&self, file: OutputFile<'_>) -> Path {
        let (directory, name) = match file {
            OutputFile::State => (&b"/run/ifdawn/state.json"[..], &b""[..]),
            OutputFile::ResolvConf => (resolv_conf(self.options), &b""[..]),
            OutputFile::Hostname => (&b"/proc/sys/kernel/hostname"[..], &b""[..]),
            OutputFile::Owned(link) => (&b"/run/ifdawn/owned-"[..], link.as_bytes()),
        };
        self.root.join(directory, name)
    }

    fn open_lock(&self) -> Result<BorrowedFd<'static>, Errno> {
        self.root.make_directory(b"/run")?;
        self.root.make_directory(RUN)?;
        let flags = libc::O_CREAT | libc::O_RDWR;
        self.root.open(LOCK.as_bytes(), flags, 0o600).map(keep)
    }
}

fn resolv_conf(options: &Options) -> &[u8] {
    options
        .value(Opt::ResolvConf)
        .unwrap_or(b"/etc/resolv.conf")
}

impl Sink for System<'_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        if self.said.is_new(diagnostic) {
            self.log.report(diagnostic);
        }
    }
}

impl Host for System<'_> {
    fn now(&mut self) -> Instant {
        clock::now()
    }

    fn send(&mut self, requests: &[u8]) -> Result<(), Errno> {
        self.rtnl?.send(requests)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.rtnl?.receive(buffer)
    }

    fn is_settled(&mut self, ifindex: u32) -> Settled {
        let before = self.udev.overdue;
        let settled = self.udev.is_settled(&self.root, ifindex);
        if self.udev.overdue && !before {
            let text =
                packed!("udev: is not done with every link in time; they are taken as they are");
            self.log.line(Level::News, &text);
        }
        settled
    }

    fn read(&mut self, file: OutputFile<'_>) -> Result<&[u8], Errno> {
        let path = self.path(file);
        let octets = &mut self.files.octets;
        let len = path.read(octets)?;
        Ok(octets.get(..len as usize).unwrap_or_default())
    }

    fn write(&mut self, file: OutputFile<'_>, text: &dyn Show) -> Result<(), Errno> {
        let path = self.path(file);
        match file {
            OutputFile::Hostname => path.write_in_place(text),
            OutputFile::Owned(_) | OutputFile::State | OutputFile::ResolvConf => path.replace(text),
        }
    }

    #[inline(never)]
    fn remove_owned(&mut self, link: &IfName) {
        self.path(OutputFile::Owned(link)).remove();
    }

    fn owned_files(&mut self, each: &mut EachFile<'_>) {
        let _ = self.root.list(RUN, |_| true, &mut self.files.names);
        self.files.names.sort();
        for n in 0..self.files.names.len() {
            let name = self.files.names.name(n).strip_prefix(OWNED);
            if let Some(link) = name.and_then(IfName::new) {
                each(&link, Host::read(self, OutputFile::Owned(&link)));
            }
        }
    }

    fn progress(&mut self, link: &IfName, news: &dyn Show) {
        self.log.line(Level::News, &Parts(&[link, &": ", news]));
    }

    fn trace(&mut self, op: &Op<'_>) {
        self.log.line(Level::Trace, op);
    }
}

/// Where most of them are.
const RUN: &[u8] = b"/run/ifdawn";

/// How the names of the files begin that say what is ours.
const OWNED: &[u8] = b"owned-";

/// What wakes the loop: links of the kernel, and udev being done with one.
struct Events {
    files: [Option<BorrowedFd<'static>>; 2],
    /// What each configured link was last said to be waited for.
    said: [Option<Problem>; MAX_LINKS],
}

impl Events {
    fn subscribe(system: &System<'_>) -> Result<Events, Errno> {
        let links = Rtnl::events()?.0;
        Ok(Events {
            files: [Some(links), system.udev.watch(&system.root)],
            said: [None; MAX_LINKS],
        })
    }

    /// Returns when something happened, or at `until`. On a terminal a live line for each link that is
    /// waited for counts the seconds.
    #[inline(never)]
    fn wait(&mut self, until: Instant, engine: &Engine<'_>, system: &mut System<'_>) {
        let until = match system.udev.deadline() {
            Some(deadline) => deadline.min(until),
            None => until,
        };
        let live = system.log.is_terminal();
        loop {
            system.log.clear_live();
            self.show_waiting(engine, &mut system.log, live);
            let next = match live {
                true => clock::now().after_seconds(1).min(until),
                false => until,
            };
            let woken = clock::wait(self.files, next);
            for file in self.files.iter().flatten() {
                drain(*file);
            }
            if woken == Woken::ByFile || clock::now() >= until {
                return;
            }
        }
    }

    /// One line for each link that is waited for: a live one, or one when it begins.
    fn show_waiting(&mut self, engine: &Engine<'_>, log: &mut Log, live: bool) {
        let seconds = clock::now().0.saturating_sub(engine.started().0) / 1_000_000;
        for (n, said) in self.said.iter_mut().enumerate() {
            let Some((link, state)) = engine.link_at(n) else {
                return;
            };
            let before = *said;
            *said = state.awaited();
            let Some(what) = *said else {
                continue;
            };
            let text = Waiting {
                link: &link.matches,
                what,
                seconds: live.then_some(seconds),
            };
            if live {
                log.live(&text);
            } else if *said != before {
                log.line(Level::News, &text);
            }
        }
    }
}

/// What a link is waited for, and how long in all.
struct Waiting<'a> {
    link: &'a LinkMatch,
    what: Problem,
    seconds: Option<u64>,
}

impl Show for Waiting<'_> {
    fn show(&self, text: &mut Text<'_>) {
        self.link.show(text);
        text.show(": waiting for ", &self.what.awaited());
        if let Some(seconds) = &self.seconds {
            text.show(", ", seconds);
            text.put(b" s");
        }
    }
}
