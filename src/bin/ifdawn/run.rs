//! The commands, and the only loop.

use crate::cli::{Command, Opt, Options};
use crate::control;
use crate::load::{self, Files};
use crate::print;
use crate::show;
use crate::sockets::{Ether, in_words};
use crate::supervise::{self, Order};
use crate::sys::file;
use crate::sys::log::Level;
use crate::sys::names::Names;
use crate::sys::out::Out;
use crate::sys::rtnl::{self, Rtnl};
use crate::sys::start::{self, Arguments};
use crate::sys::{caps, clock, process};
use crate::system::{LOCK_MICROS, System};
use ifdawn::diag::{Complaint, Effect, Errno, Problem, Subject};
use ifdawn::engine::{Engine, ForeignResolvConf, Instant, Outcome, Progress, Said};
use ifdawn::limits::MAX_LINKS;
use ifdawn::model::config::{GlobalFlag, LinkMatch};
use ifdawn::model::link::IfName;
use ifdawn::model::statement::Statement;
use ifdawn::packed::{packed, word};
use ifdawn::plan::resolve::LinkState;
use ifdawn::text::show::{Show, Text};

/// Everything required is up.
pub const UP: u8 = 0;
/// Something required is not.
pub const NOT_UP: u8 = 1;
/// No source names any link.
const NOTHING: u8 = 3;
/// There is nothing for us to do, and there will not be.
pub const DONE: u8 = 125;

/// Microseconds that a change waits at most for answers that are about to come: a look at everything costs as much for
/// one lease as for ten.
const PATIENCE_MICROS: u32 = 1_000;

/// The same where all that changed is leases.
const PATIENCE_WITH_LEASES_MICROS: u32 = 4_000;

/// How many times as long as it looks a supervisor rests, when events never end; and how long it looks without a rest.
const REST: u64 = 8;
const CREDIT_MICROS: u64 = 1_000_000;

/// Seconds after which a supervisor complains again of what it complained of.
const FORGET_SECONDS: u32 = 600;

pub const NO_SOURCE: Complaint = Complaint::error(Problem::NoSource, Effect::None);
const FAILED: Complaint = Complaint::error(Problem::File, Effect::None);

/// Carries out the command; the exit code. Complaints that `check` shows are sorted in `kept`.
#[expect(
    clippy::too_many_arguments,
    reason = "parts of the memory, each borrowed by itself; together they would be copied"
)]
pub fn run<'m>(
    options: &'m Options,
    engine: &mut Engine<'m>,
    files: &mut Files,
    ether: &mut Ether,
    heard: &mut Heard,
    arguments: &Arguments,
    kept: &mut Names,
    out: &mut Out<'_>,
) -> u8 {
    let seed = arguments.seed;
    engine.seed = seed as u32 | 1;
    engine.xid_tag = (seed >> 48) as u16;
    engine.goal.names = &options.links;
    engine.goal.stays = options.command == Command::Watch;
    let mut system = System::new(options, files, ether, engine.xid_tag);
    if let Some(seconds) = options.timeout {
        engine.time_limit = clock::in_seconds(seconds);
    }
    match options.command {
        Command::Check => {
            let [no_color, ..] = arguments.environment;
            let colored = no_color.is_empty() && file::is_terminal(file::stdout());
            print::check(&mut system, engine, kept, colored, out)
        }
        Command::Plan if options.has(Opt::Json) => print::plan_json(&mut system, engine, out),
        Command::Plan => print::plan(&mut system, engine, out),
        Command::Show => show::show(&mut system, out),
        Command::Up | Command::Watch | Command::Down | Command::Reload => {
            system.supervisor.service.find(arguments, options);
            change(&mut system, engine, heard)
        }
    }
}

/// Brings up or takes back.
#[inline(never)]
fn change(system: &mut System<'_>, engine: &mut Engine<'_>, heard: &mut Heard) -> u8 {
    if !caps::may_configure() {
        return system.refused(Errno::EPERM);
    }
    if let Some(code) = control::hand_over(system) {
        return code;
    }
    if system.lock(engine.time_limit).is_err() {
        return NOT_UP;
    }
    if let Err(code) = supervise::begin(system) {
        return code;
    }
    // What another run took of the time is no link's and no udev's fault.
    system.begin(engine);
    system.read(engine, None);
    if GlobalFlag::Jail.is_no(&engine.config.global) {
        system.sockets.is_free = true;
    }
    if let Err(errno) = system.rtnl {
        return system.refused(errno);
    }
    match system.options.command {
        Command::Down => down(system, engine),
        Command::Up
        | Command::Watch
        | Command::Reload
        | Command::Plan
        | Command::Check
        | Command::Show => {
            let code = up(system, engine, heard);
            if system.options.has(Opt::Release) {
                return release(system, engine);
            }
            system.unlock();
            if (system.sockets.are_open() || engine.looks_after_addrs()) && process::fork() == Ok(0)
            {
                linger(system, engine, heard);
            }
            code
        }
    }
}

/// What a copy of us does that nobody waits for: finds out whether somebody else has addresses that are in use already,
/// and takes these back, and closes what takes long to be closed. It holds nothing that who waits for us may wait for;
/// what it says to standard error is in the kernel's log.
fn linger(system: &mut System<'_>, engine: &mut Engine<'_>, heard: &mut Heard) -> ! {
    start::detach();
    system.sockets.forget_jail();
    system.lingers = true;
    let _ = settle(engine, system, heard);
    process::end()
}

/// Brings up, waits, says how it ended.
fn up(system: &mut System<'_>, engine: &mut Engine<'_>, heard: &mut Heard) -> u8 {
    let options = system.options;
    if load::is_initramfs(options, &system.root) {
        engine.foreign_resolv_conf = ForeignResolvConf::Replaced;
    }
    let mut code = UP;
    for name in engine.goal.names {
        if !engine.is_configured(name) {
            NO_SOURCE.say(&mut system.log, Subject::Link(name));
            code = NOT_UP;
        }
    }
    // Before the first look: what appears after it wakes us.
    let groups = match options.command {
        Command::Watch => rtnl::EVERYTHING,
        Command::Up
        | Command::Down
        | Command::Reload
        | Command::Plan
        | Command::Check
        | Command::Show => rtnl::LINKS,
    };
    let told = Rtnl::events(groups).map(|events| {
        system.told_by = [Some(events.0), system.udev.watch(&system.root)];
    });
    let settled = told.and_then(|()| settle(engine, system, heard));
    control::end(system);
    if let Err(errno) = settled {
        return system.refused(errno);
    }
    system.log.clear_live();
    engine.complain_about_missing(system);
    engine.publish_state(system);
    code = code.max(code_of(engine));
    if code == NOTHING {
        (system.log).line(Level::Error, &packed!("no source names any link"));
    }
    if options.command == Command::Reload
        && !system.files.are_lacking
        && let Err(errno) = system.try_lock().and_then(|()| engine.leave_others(system))
    {
        return system.refused(errno);
    }
    code
}

/// How it stands.
pub fn code_of(engine: &Engine<'_>) -> u8 {
    match engine.outcome() {
        Outcome::Nothing if engine.config.links.is_empty() => NOTHING,
        Outcome::Up | Outcome::Nothing => UP,
        Outcome::Partial | Outcome::Down => NOT_UP,
    }
}

/// Converges until everything is decided or the time is over; a supervisor until it is asked to end.
#[inline(never)]
fn settle(
    engine: &mut Engine<'_>,
    system: &mut System<'_>,
    heard: &mut Heard,
) -> Result<(), Errno> {
    let mut limit = Instant(u64::MAX);
    let mut forget = clock::in_seconds(FORGET_SECONDS);
    // Until when what is about to come is waited for, to be applied with what is there.
    let mut patience = Instant(u64::MAX);
    // Until when a supervisor that looked for so long is to rest, were it not for what it may have on credit.
    let mut rest = 0_u64;
    engine.look_at_everything();
    loop {
        let mut next = limit.min(engine.attend(system));
        let now = clock::now();
        if now >= limit {
            // What is waited for did not come: one look more.
            engine.look_at_everything();
        }
        if engine.look_again {
            let micros = match engine.is_news {
                true => PATIENCE_MICROS,
                false => PATIENCE_WITH_LEASES_MICROS,
            };
            patience = patience.min(clock::in_micros(micros));
            let mut until = patience.min(engine.expects_until);
            until.0 = until.0.max(rest.saturating_sub(CREDIT_MICROS));
            if now < until {
                next = next.min(until);
            } else if system.try_lock().is_err() {
                next = clock::in_micros(LOCK_MICROS);
            } else {
                patience = Instant(u64::MAX);
                let looked = look(engine, system).or_else(|errno| ask_again(errno, system))?;
                if system.options.command == Command::Watch {
                    let took = clock::now().0.saturating_sub(now.0);
                    rest = rest.max(now.0).saturating_add(took.saturating_mul(REST));
                }
                limit = match looked {
                    Progress::Done => return Ok(()),
                    Progress::Waiting(until) => until.min(system.udev.deadline()),
                };
                // Others may run while we wait.
                system.unlock();
                continue;
            }
        }
        let woken = wait(next, &mut heard.awaited, engine, system);
        if supervise::serve(woken >> SUPERVISORS, engine, system) == Order::End {
            return Ok(());
        }
        if now >= forget {
            system.said = Said::new();
            system.sockets.trust_jail();
            forget = clock::in_seconds(FORGET_SECONDS);
        }
        while let Some(ifindex) = system.sockets.hear(&mut heard.said) {
            engine.hear(ifindex, &mut heard.said, system);
        }
        if let Some(trouble) = system.sockets.trouble.take() {
            in_words(trouble).say(system, Subject::Dhcp);
        }
    }
}

/// A supervisor that got no answer asks again soon, unless it is not allowed to ask.
#[inline(never)]
fn ask_again(errno: Errno, system: &mut System<'_>) -> Result<Progress, Errno> {
    if system.options.command != Command::Watch || system.lingers || errno == Errno::EPERM {
        return Err(errno);
    }
    FAILED.with_errno(errno).say(system, Subject::Kernel);
    Ok(Progress::Waiting(clock::in_seconds(1)))
}

/// One look, and until when there is something to wait for. A supervisor always waits.
fn look(engine: &mut Engine<'_>, system: &mut System<'_>) -> Result<Progress, Errno> {
    if system.lingers {
        engine.withdraw(system)?;
        // It takes long to end.
        system.unlock();
        return Ok(match engine.is_probing() {
            true => Progress::Waiting(clock::in_seconds(1)),
            false => Progress::Done,
        });
    }
    let stays = system.options.command == Command::Watch;
    engine.converge(system)?;
    let progress = engine.progress();
    // What else is over shows at the next look: a wait of one second may be, and more to wait for.
    let is_decided = progress == Progress::Done || clock::now() >= engine.time_limit;
    if is_decided && !stays {
        return Ok(Progress::Done);
    }
    let limit = match progress {
        Progress::Waiting(until) if is_decided => until,
        Progress::Waiting(until) => until.min(engine.time_limit),
        Progress::Done => {
            engine.complain_about_missing(system);
            Instant(u64::MAX)
        }
    };
    if stays {
        engine.publish_state(system);
        supervise::looked(progress, engine, system)?;
        if is_decided {
            system.supervisor.service.ready(engine.outcome());
        }
    }
    Ok(Progress::Waiting(limit))
}

/// Takes back all that a supervisor looked after.
fn release(system: &mut System<'_>, engine: &mut Engine<'_>) -> u8 {
    if system.lock(Instant(u64::MAX)).is_err() {
        return NOT_UP;
    }
    match engine.release(system) {
        Ok(()) if !engine.plan.errors.any() => UP,
        Ok(()) => NOT_UP,
        Err(errno) => system.refused(errno),
    }
}

/// Takes back what was made on the links given.
fn down(system: &mut System<'_>, engine: &mut Engine<'_>) -> u8 {
    let mut code = UP;
    engine.releases = system.options.has(Opt::Release);
    for name in engine.goal.names {
        code = code.max(down_one(name, system, engine));
    }
    code
}

/// Takes back what was made on a link.
pub fn down_one(name: &IfName, system: &mut System<'_>, engine: &mut Engine<'_>) -> u8 {
    match engine.down(name, system) {
        Ok(()) if !engine.plan.errors.any() => return UP,
        Ok(()) => {}
        Err(errno) => system.failed(FAILED, errno, Subject::Link(name)),
    }
    NOT_UP
}

/// Memory of the loop.
pub struct Heard {
    /// What was said last.
    said: Statement,
    /// How far each configured link was when it was last told what it is waited for.
    awaited: [LinkState; MAX_LINKS],
}

impl Heard {
    /// Nothing.
    pub const NONE: Heard = Heard {
        said: Statement::NONE,
        awaited: [LinkState::NotAsked; MAX_LINKS],
    };
}

/// The place of a supervisor's files among those that are waited for.
const SUPERVISORS: usize = clock::FILES - supervise::FILES;

/// Returns when something happened, or at `until`, or a second later on a terminal. There each link that is waited
/// for has a live line, which counts the seconds; elsewhere one when that begins. A bit for each file that woke us.
#[inline(never)]
fn wait(
    until: Instant,
    awaited: &mut [LinkState],
    engine: &mut Engine<'_>,
    system: &mut System<'_>,
) -> u32 {
    let [links, udev] = system.told_by;
    let [f0, f1, f2, f3, f4] = supervise::files(system);
    let mut files = [links, udev, None, None, None, f0, f1, f2, f3, f4];
    let [_, _, packets @ .., _, _, _, _, _] = &mut files;
    let pause = system.sockets.awaited(packets);
    let pause = pause.min(supervise::deadline(system));
    let live = system.log.is_terminal();
    system.log.clear_live();
    let seconds = clock::now().0.saturating_sub(engine.started().0) / 1_000_000;
    for (n, before) in awaited.iter_mut().enumerate() {
        let Some((link, state)) = engine.link_at(n) else {
            break;
        };
        let is_new = state != *before;
        *before = state;
        if let Some(what) = state.awaited()
            && (live || is_new)
        {
            let text = Waiting {
                link: &link.matches,
                what,
                seconds: live.then_some(seconds),
            };
            system.log.progress(&text, live);
        }
    }
    let second = match live {
        true => clock::in_seconds(1),
        false => Instant(u64::MAX),
    };
    let until = until.min(pause).min(second);
    let woken = clock::wait(&files, until);
    if woken & 0b10 != 0 {
        engine.look_at_everything();
    }
    if woken & 0b01 != 0 {
        engine.listen(system);
    }
    woken
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
        text.show(word!(": waiting for "), &self.what.awaited());
        if let Some(seconds) = &self.seconds {
            text.show(word!(", "), seconds);
            text.word(word!(" s"));
        }
    }
}
