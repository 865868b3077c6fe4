//! The outside world of the engine: options, files, netlink, udev, sockets, the log.

use crate::cli::{Opt, Options};
use crate::form::Wanted;
use crate::hooks;
use crate::load::{self, Files};
use crate::report::Target;
use crate::run::NOT_UP;
use crate::sockets::{Ether, Sockets};
use crate::supervise::Supervisor;
use crate::sys::file::{self, Lock, Path, Root};
use crate::sys::log::{Level, Log};
use crate::sys::rtnl::Rtnl;
use crate::sys::udev::Udev;
use crate::sys::{clock, drain, ethtool, keep};
use ifdawn::diag::{Complaint, Diagnostic, Effect, Errno, LineBuf, Problem, Sink, Subject};
use ifdawn::engine::{Engine, Host, Instant, OutputFile, Packet, Said, Settled};
use ifdawn::model::link::{IfName, Mac};
use ifdawn::output::hook::Hook;
use ifdawn::packed::{Word, packed, word};
use ifdawn::text::parts;
use ifdawn::text::show::Show;
use ifdawn::wire::ethtool::Room;
use std::net::Ipv4Addr;
use std::os::fd::BorrowedFd;

/// Locked by a run.
const LOCK: Word = word!("/run/ifdawn/lock");

/// Seconds we wait for another run to end.
const LOCK_SECONDS: u32 = 60;

/// Microseconds between two looks whether it has: flock(2) wakes nobody who waits for a time.
pub const LOCK_MICROS: u32 = 20_000;

const FAILED: Complaint = Complaint::error(Problem::File, Effect::None);
const NOT_LOCKED: Complaint = Complaint::error(Problem::File, Effect::NotLocked);
const HELD: Complaint = Complaint::error(Problem::File, Effect::HeldByOthers);

/// The real world. What is large stands last: small offsets make short instructions.
#[repr(C)]
pub struct System<'a> {
    /// What the command line says.
    pub options: &'a Options,
    /// Prefix of every file.
    pub root: Root<'a>,
    /// Where people read what happened.
    pub log: Log,
    /// The kernel, or why it cannot be asked.
    pub rtnl: Result<Rtnl<'static>, Errno>,
    /// udev.
    pub udev: Udev,
    /// What tells of links: the kernel, udev.
    pub told_by: [Option<BorrowedFd<'static>>; 2],
    lock: Option<BorrowedFd<'static>>,
    /// Whether we are a copy that only sees to addresses which somebody else may have.
    pub lingers: bool,
    /// What links say.
    pub sockets: Sockets<'a>,
    /// What a supervisor has besides.
    pub supervisor: Supervisor,
    /// Room for a file or what else is read, until the next one is.
    pub files: &'a mut Files,
    /// What was complained about already.
    pub said: Said,
}

impl<'a> System<'a> {
    /// Nothing asked yet. (By itself, as what is written is nearer here.)
    #[inline(never)]
    pub fn new(
        options: &'a Options,
        files: &'a mut Files,
        ether: &'a mut Ether,
        xid_tag: u16,
    ) -> System<'a> {
        System {
            options,
            root: Root::new(options.value(Opt::Root).unwrap_or_default()),
            log: Log::new(options.log, options.verbosity()),
            rtnl: Err(Errno::EIO),
            udev: Udev::UNASKED,
            sockets: Sockets::new(ether, xid_tag),
            supervisor: Supervisor::NONE,
            lingers: false,
            told_by: [None; 2],
            files,
            lock: None,
            said: Said::new(),
        }
    }

    /// From here on the kernel and udev are asked, and time counts.
    #[inline(never)]
    pub fn begin(&mut self, engine: &mut Engine<'_>) {
        engine.start(clock::now());
        self.udev.look(&self.root);
        self.rtnl = Rtnl::requests();
    }

    /// Says why the kernel did not answer.
    #[inline(never)]
    pub fn refused(&mut self, errno: Errno) -> u8 {
        match errno {
            Errno::EPERM => self.log.line(
                Level::Error,
                &packed!("the kernel refuses changes (CAP_NET_ADMIN); nothing was changed"),
            ),
            _ => self.failed(FAILED, errno, Subject::Kernel),
        }
        NOT_UP
    }

    /// Complains to the log of what failed.
    #[inline(never)]
    pub fn failed(&mut self, complaint: Complaint, errno: Errno, subject: Subject<'_>) {
        complaint.with_errno(errno).say(&mut self.log, subject);
    }

    /// Reads the sources; complaints go to `sink`, else to the log.
    pub fn read(&mut self, engine: &mut Engine<'_>, sink: Option<Target<'_, '_>>) {
        load::load(
            self.options,
            &self.root,
            self.files,
            &mut engine.config,
            sink.unwrap_or(Target::Log(&mut self.log)),
        );
    }

    /// One run at a time. Where there can be no lock file, the network comes up all the same.
    pub fn lock(&mut self, time_limit: Instant) -> Result<(), Errno> {
        let deadline = clock::in_seconds(LOCK_SECONDS).min(time_limit);
        if self.lock.is_none() {
            match self.open_lock() {
                Ok(file) => self.lock = Some(file),
                Err(errno) => self.failed(NOT_LOCKED, errno, Subject::Lock),
            }
        }
        while let Err(errno) = self.try_lock() {
            if errno != file::HELD || clock::now() >= deadline {
                self.failed(HELD, errno, Subject::Lock);
                return Err(errno);
            }
            clock::sleep(LOCK_MICROS);
        }
        Ok(())
    }

    /// Takes the lock again, or says who has it ([`file::HELD`]).
    pub fn try_lock(&self) -> Result<(), Errno> {
        self.lock
            .map_or(Ok(()), |file| file::lock(file, Lock::Held))
    }

    /// Lets others run.
    #[inline(never)]
    pub fn unlock(&self) {
        if let Some(file) = self.lock {
            let _ = file::lock(file, Lock::Free);
        }
    }

    /// Where a file of ours is.
    #[inline(never)]
    fn path(&self, file: OutputFile<'_>) -> Path {
        let (mut root, mut knob) = (&self.root, LineBuf::<64>::new());
        let (word, name) = match file {
            OutputFile::State => (word!("/run/ifdawn/state.json"), &b""[..]),
            OutputFile::MachineId => (word!("/etc/machine-id"), &b""[..]),
            OutputFile::ResolvConf => (word!(""), resolv_conf(self.options)),
            OutputFile::Hostname => (word!("/proc/sys/kernel/hostname"), &b""[..]),
            OutputFile::Owned(link) => (word!("/run/ifdawn/owned-"), link.as_bytes()),
            OutputFile::Lease(link) => (word!("/run/ifdawn/lease-"), link.as_bytes()),
            OutputFile::Lease6(link) => (word!("/run/ifdawn/lease6-"), link.as_bytes()),
            OutputFile::Knob(link, name) => {
                // the network namespace's own, whatever the root
                root = &Root::NONE;
                knob.put(link.as_bytes());
                knob.put(b"/");
                knob.unpack(name.text());
                (word!("/proc/sys/net/ipv6/conf/"), knob.as_bytes())
            }
        };
        root.join(word, name)
    }

    /// What state.json says, and where to complain of it.
    pub fn state(&mut self) -> Result<(&[u8], &mut Log), Errno> {
        let path = self.path(OutputFile::State);
        let octets = &mut self.files.octets;
        let len = path.read(octets, false)?;
        Ok((parts::slice(octets, 0, len as usize), &mut self.log))
    }

    fn open_lock(&self) -> Result<BorrowedFd<'static>, Errno> {
        self.root.make_directory(word!("/run"))?;
        self.root.make_directory(word!("/run/ifdawn"))?;
        let flags = libc::O_CREAT | libc::O_RDWR;
        self.root.open(LOCK, flags, 0o600).map(keep)
    }
}

/// Where resolv.conf is.
pub fn resolv_conf(options: &Options) -> &[u8] {
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

    fn event(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let [kernel, _] = self.told_by;
        Rtnl(kernel.ok_or(Errno::EAGAIN)?).receive(buffer)
    }

    fn have_links_changed(&mut self) -> bool {
        let [kernel, udev] = self.told_by;
        // Where nobody tells, they may change any time.
        udev.is_some_and(drain) || kernel.is_none()
    }

    fn is_settled(&mut self, ifindex: u32) -> Settled {
        self.udev.is_settled(&self.root, ifindex, &mut self.log)
    }

    fn read(&mut self, file: OutputFile<'_>) -> Result<&[u8], Errno> {
        let path = self.path(file);
        let octets = &mut self.files.octets;
        let len = path.read(octets, false)?;
        Ok(octets.get(..len as usize).unwrap_or_default())
    }

    fn write(&mut self, file: OutputFile<'_>, text: &dyn Show) -> Result<(), Errno> {
        let path = self.path(file);
        match file {
            OutputFile::Knob(..) | OutputFile::Hostname => path.write_in_place(text),
            OutputFile::Owned(_)
            | OutputFile::Lease6(_)
            | OutputFile::Lease(_)
            | OutputFile::MachineId
            | OutputFile::State
            | OutputFile::ResolvConf => path.replace(text),
        }
    }

    #[inline(never)]
    fn remove(&mut self, file: OutputFile<'_>) {
        self.path(file).remove();
    }

    fn list_owned(&mut self) {
        self.files.names.clear();
        self.files.names.directory = 0;
        let _ = self.root.list(RUN, Wanted::Owned, &mut self.files.names);
        self.files.names.sort(0);
    }

    fn owned(&self, n: usize) -> Option<IfName> {
        owned(self.files.names.name(n))
    }

    fn ethtool(&mut self, link: &IfName, request: &mut [u8], room: &mut Room) -> Result<(), Errno> {
        ethtool::ask(link, request, room)
    }

    fn progress(&mut self, news: &dyn Show) {
        self.log.line(Level::News, news);
    }

    fn transmit(
        &mut self,
        ifindex: u32,
        what: Packet,
        to: &Mac,
        packet: &[u8],
    ) -> Result<(), Errno> {
        self.sockets.transmit(ifindex, what, to, packet)
    }

    fn unicast(
        &mut self,
        ifindex: u32,
        from: Ipv4Addr,
        to: Ipv4Addr,
        packet: &[u8],
    ) -> Result<(), Errno> {
        self.sockets.unicast(ifindex, from, to, packet)
    }

    fn flush(&mut self) {
        self.sockets.flush();
    }

    fn hook(&mut self, hook: Hook, name: &[u8], environment: &dyn Show) {
        hooks::tell(self, hook, name, environment);
    }

    fn trace(&mut self, what: &dyn Show) {
        self.log.line(Level::Trace, what);
    }
}

/// Where most of them are.
pub const RUN: &[u8] = b"/run/ifdawn";

/// The name of the link that a file of this name says what is ours of.
#[inline(never)]
pub fn owned(file: &[u8]) -> Option<IfName> {
    parts::strip(file, b"owned-").and_then(IfName::new)
}
