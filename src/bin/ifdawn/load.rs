//! Finds the files of every source, reads them and hands their text to the readers.
//!
//! Order: the command line first, since it beats ifcfg on the same link and its readers want to know;
//! ifcfg files as initscripts order them.

use crate::cli::{Command, Opt, Options, Source};
use crate::sys::file::{self, Path, Root};
use crate::sys::names::Names;
use heapless::Vec;
use ifdawn::diag::{Complaint, Diagnostic, Effect, Errno, Escaped, FileId, Problem, Sink, Subject};
use ifdawn::limits::{MAX_ASSIGNMENTS, MAX_FILE_OCTETS};
use ifdawn::model::addr::Family;
use ifdawn::model::config::{Config, GlobalFlag, LinkId, RouteDev};
use ifdawn::model::link::IfName;
use ifdawn::packed::{Packed, Word, packed, word};
use ifdawn::source::assignments::{Entry, Scratch};
use ifdawn::source::firmware::{self, Nic};
use ifdawn::source::ifcfg::Defaults;
use ifdawn::source::{Context, cmdline, ifcfg, nbft, route_file, sysconfig};
use ifdawn::text::parts;

/// Memory for reading: one file at a time.
pub struct Files {
    /// The file at hand, and one octet more where it is too long; also what the engine reads back.
    pub octets: [u8; MAX_FILE_OCTETS + 1],
    /// The names in one directory.
    pub names: Names,
    entries: Vec<Entry, MAX_ASSIGNMENTS>,
    values: Vec<u8, MAX_FILE_OCTETS>,
    slots: [u32; 2 * MAX_ASSIGNMENTS],
}

impl Files {
    /// Nothing read.
    pub const fn new() -> Files {
        Files {
            octets: [0; MAX_FILE_OCTETS + 1],
            names: Names::new(),
            entries: Vec::new(),
            values: Vec::new(),
            slots: [0; 2 * MAX_ASSIGNMENTS],
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A kernel command line.
    Cmdline,
    /// By the last part of its path, see [`Form`].
    Named,
    /// The same, beside the ifcfg file of this link.
    Beside(LinkId),
    /// One value of a NIC, by its name.
    OfNic,
    /// The firmware's table for NVMe.
    Nbft,
}

/// How a file is read that is known by its name: by what stands before the first `-`, the forms of files beside
/// ifcfg files first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `route-NAME`.
    Route,
    /// `route6-NAME`.
    Route6,
    /// `ifcfg-NAME`.
    Ifcfg,
    /// `network`.
    Network,
    /// Any other name.
    Cmdline,
}

/// By [`Form`], but for the last one, how names begin.
const FORMS: Packed = packed!("route,route6,ifcfg,network");

/// How the names of files beside ifcfg files begin.
const BESIDE: [Word; 2] = [word!("route-"), word!("route6-")];

impl Form {
    /// What the file of this name is, and what stands behind `-`, "" for nothing.
    fn of(name: &[u8]) -> (Form, &[u8]) {
        let (prefix, link) = parts::split(name, b'-');
        let form = match (FORMS.position(prefix), link) {
            (Some(0), Some(_)) => Form::Route,
            (Some(1), Some(_)) => Form::Route6,
            (Some(2), Some(_)) => Form::Ifcfg,
            (Some(3), None) => Form::Network,
            _ => Form::Cmdline,
        };
        (form, link.unwrap_or_default())
    }

    /// Whether such files belong to the ifcfg file of the same name.
    fn is_beside(self) -> bool {
        (self as usize) < BESIDE.len()
    }
}

/// Whether the directory of ifcfg files is listed with this one.
fn is_listed(name: &[u8]) -> bool {
    ifcfg::is_ifcfg_file_name(name) || Form::of(name).0.is_beside()
}

/// Where a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where the command line says; it must be there.
    Given,
    /// Under the root; it need not be there.
    Rooted,
    /// Under the root, in a directory that lists it.
    Listed,
}

/// Reads every source, or the files that `check` was given, into `config`; complaints go to `sink`.
pub fn load(
    options: &Options,
    root: &Root<'_>,
    files: &mut Files,
    config: &mut Config<'_>,
    sink: &mut dyn Sink,
) {
    config.clear();
    let mut loader = Loader {
        options,
        root,
        files,
        config,
        sink,
        defaults: Defaults::none(),
        nic: Nic::none(),
    };
    if options.files.is_empty() {
        loader.sources();
    }
    for path in &options.files {
        loader.read(Place::Given, path, 0, Kind::Named);
    }
}

/// Complaints about one file that are shown when links are brought up: a console is slow. `check` shows
/// every one.
const SHOWN: u32 = 50;

/// Passes the first complaints on and counts the others.
struct Capped<'a> {
    sink: &'a mut dyn Sink,
    left: u32,
    more: u32,
}

impl Sink for Capped<'_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.sink.report(diagnostic);
            }
            None => self.more = self.more.saturating_add(1),
        }
    }
}

/// Reads files into one configuration.
struct Loader<'a, 'm> {
    options: &'a Options,
    root: &'a Root<'a>,
    files: &'a mut Files,
    config: &'a mut Config<'m>,
    sink: &'a mut dyn Sink,
    /// What `/etc/sysconfig/network` says.
    defaults: Defaults,
    /// The NIC of the firmware that is read.
    nic: Nic,
}

impl Loader<'_, '_> {
    #[inline(never)]
    fn sources(&mut self) {
        const IFCFG_DIR: &[u8] = b"/etc/sysconfig/network-scripts";
        let sources = sources(self.options, self.root);
        let is_read = |source| sources & 1 << source as u8 != 0;
        if is_read(Source::Cmdline) {
            self.cmdline();
        }
        if is_read(Source::Ifcfg) {
            self.read(Place::Rooted, b"/etc/sysconfig/network", 0, Kind::Named);
            let directory = self.options.value(Opt::IfcfgDir).unwrap_or(IFCFG_DIR);
            self.directory(directory, Kind::Named);
        }
        if is_read(Source::Firmware) {
            if !is_read(Source::Cmdline) {
                // no word can ask for it
                GlobalFlag::Ibft.set(&mut self.config.global, Some(true));
            }
            self.firmware();
        }
        if is_read(Source::Cmdline) {
            let file = self.config.add_file(b"cmdline").unwrap_or(FileId(0));
            let (config, sink) = (&mut *self.config, &mut *self.sink);
            cmdline::finish(&mut Context::new(config, sink, file, b"cmdline", b""));
        }
    }

    /// Reads what the firmware says: iBFT and Open Firmware where they are asked for, NBFT where it is not declined.
    fn firmware(&mut self) {
        let global = &self.config.global;
        let reads_ibft = GlobalFlag::Ibft.is_yes(global);
        let reads_nbft = !GlobalFlag::NoNbft.is_yes(global);
        if reads_ibft {
            for n in b'0'..=b'9' {
                self.nic(&[n], word!("/sys/firmware/ibft/ethernet"));
            }
            self.nic(b"chosen", word!("/sys/firmware/devicetree/base/"));
        }
        if reads_nbft {
            self.directory(b"/sys/firmware/acpi/tables", Kind::Nbft);
        }
    }

    /// Reads a NIC whose values are files of a directory; of what it was booted from where that is said.
    #[inline(never)]
    fn nic(&mut self, name: &[u8], before: Word) {
        self.nic = Nic::none();
        let path = Path::join(b"", before, name);
        let path = path.as_bytes();
        self.directory(path, Kind::OfNic);
        if !self.nic.device().is_empty() {
            let device = Path::join(b"", before, self.nic.device());
            self.directory(device.as_bytes(), Kind::OfNic);
        }
        let file = self.config.add_file(path).unwrap_or(FileId(0));
        let cx = &mut Context::new(self.config, self.sink, file, path, b"");
        self.nic.put(cx);
    }

    fn cmdline(&mut self) {
        if let Some(text) = self.options.value(Opt::Cmdline) {
            if let Some(copy) = self.files.octets.get_mut(..text.len()) {
                copy.copy_from_slice(text);
                self.parse(b"cmdline", Kind::Cmdline, text.len());
            }
        } else if let Some(path) = self.options.value(Opt::CmdlineFile) {
            self.read(Place::Given, path, 0, Kind::Cmdline);
        } else {
            self.directory(b"/etc/cmdline.d", Kind::Cmdline);
            self.read(Place::Rooted, b"/etc/cmdline", 0, Kind::Cmdline);
            self.read(
                Place::Rooted,
                b"/proc/cmdline",
                b"/proc/".len(),
                Kind::Cmdline,
            );
            self.directory(b"/run/initramfs/cmdline.d", Kind::Cmdline);
        }
    }

    /// Reads every file of a directory that has the right name, sorted: `*.conf`, or `ifcfg-*` each with the
    /// files beside it.
    fn directory(&mut self, directory: &[u8], kind: Kind) {
        let (is_wanted, shown, is_given): (fn(&[u8]) -> bool, _, _) = match kind {
            Kind::Cmdline => (|name| name.ends_with(b".conf"), 0, false),
            Kind::OfNic => (|name| firmware::field(name).is_some(), 0, false),
            Kind::Nbft => (|name| name.starts_with(b"NBFT"), 0, false),
            Kind::Named | Kind::Beside(_) => (
                is_listed,
                directory.len().wrapping_add(1),
                self.options.has(Opt::IfcfgDir),
            ),
        };
        match self.root.list(directory, is_wanted, &mut self.files.names) {
            Ok(()) => {}
            Err(Errno::ENOENT | file::TOO_LONG) if !is_given => {}
            Err(errno) => self.failed(directory, errno),
        }
        if self.files.names.is_full {
            self.complain(directory, DIRECTORY_FULL);
        }
        self.files.names.sort();
        for n in 0..self.files.names.len() {
            let name = self.files.names.name(n);
            if kind == Kind::Named && Form::of(name).0 != Form::Ifcfg {
                continue;
            }
            let path = Path::join(directory, word!("/"), name);
            self.read(Place::Listed, path.as_bytes(), shown, kind);
        }
    }

    /// Reads one file, and those beside it where it is an ifcfg file that counts: those named after
    /// the file, and those named after the link where that is another name. In complaints the file is
    /// called by its path from `shown` on.
    fn read(&mut self, place: Place, path: &[u8], shown: usize, kind: Kind) {
        let Some(id) = self.read_one(place, path, shown, kind) else {
            return;
        };
        let (directory, file) = split_at_last_part(path);
        let link = self.config.link(id).and_then(|link| link.name);
        let mut name = parts::split(file, b'-').1.unwrap_or_default();
        let link = link.as_ref().map_or(name, |link| link.as_bytes());
        loop {
            for prefix in BESIDE {
                let path = Path::join(directory, prefix, name);
                let path = path.as_bytes();
                let file = path.get(directory.len()..).unwrap_or_default();
                // what the list has not, needs not be looked for
                if place != Place::Listed || self.files.names.has(file) {
                    self.read_one(place, path, directory.len(), Kind::Beside(id));
                }
            }
            if name == link {
                return;
            }
            name = link;
        }
    }

    /// Reads one file; the link of an ifcfg file that counts.
    fn read_one(&mut self, place: Place, path: &[u8], shown: usize, kind: Kind) -> Option<LinkId> {
        let name = path.get(shown..).unwrap_or_default();
        let octets = &mut self.files.octets;
        let root = match place {
            Place::Given => &Root::NONE,
            Place::Rooted | Place::Listed => self.root,
        };
        let path = root.path(path);
        // JSON is made in two passes: a pipe would be empty in the second one.
        let found = match place == Place::Given && !self.options.has(Opt::Json) {
            true => path.read_given(octets),
            false => path.read(octets),
        };
        let need_not_be = place == Place::Rooted || matches!(kind, Kind::Beside(_));
        match found {
            Ok(len) => {
                let len = len as usize;
                if len > MAX_FILE_OCTETS {
                    self.complain(name, TOO_LONG);
                }
                self.parse(name, kind, len.min(MAX_FILE_OCTETS))
            }
            Err(Errno::ENOENT) if need_not_be => None,
            Err(errno) => {
                self.failed(name, errno);
                None
            }
        }
    }

    /// Hands the first octets of [`Files::octets`] to their reader; the link of an ifcfg file that counts.
    fn parse(&mut self, name: &[u8], kind: Kind, len: usize) -> Option<LinkId> {
        let Some(file) = self.config.add_file(name) else {
            self.complain(name, FULL);
            return None;
        };
        let files = &mut *self.files;
        let text = files.octets.get(..len).unwrap_or_default();
        let mut sink = Capped {
            left: match (self.options.command, self.options.has(Opt::Json)) {
                (Command::Check, _) | (_, true) => u32::MAX,
                (Command::Up | Command::Watch | Command::Down | Command::Plan, false) => SHOWN,
            },
            sink: self.sink,
            more: 0,
        };
        let mut cx = Context::new(self.config, &mut sink, file, name, text);
        let mut scratch = Scratch::new(&mut files.entries, &mut files.values, &mut files.slots);
        let mut link = None;
        let (form, of) = match kind {
            Kind::Cmdline | Kind::OfNic | Kind::Nbft => (Form::Cmdline, &b""[..]),
            Kind::Named | Kind::Beside(_) => Form::of(split_at_last_part(name).1),
        };
        let dev = || match kind {
            Kind::Beside(id) => RouteDev::Link(id),
            Kind::Named | Kind::Cmdline | Kind::OfNic | Kind::Nbft => {
                IfName::new(of).map_or(RouteDev::Anywhere, RouteDev::Name)
            }
        };
        match form {
            Form::Route => route_file::read(Family::V4, dev(), &mut scratch, &mut cx),
            Form::Route6 => route_file::read(Family::V6, dev(), &mut scratch, &mut cx),
            Form::Ifcfg => link = ifcfg::read(of, &self.defaults, &mut scratch, &mut cx),
            Form::Network => sysconfig::read(&mut self.defaults, &mut scratch, &mut cx),
            Form::Cmdline if kind == Kind::OfNic => {
                self.nic.take(split_at_last_part(name).1, text);
            }
            Form::Cmdline if kind == Kind::Nbft => nbft::read(&mut cx),
            Form::Cmdline => cmdline::read(&mut cx),
        }
        if sink.more > 0 {
            let more = MORE.with(sink.more);
            self.complain(name, more);
        }
        link
    }

    fn failed(&mut self, subject: &[u8], errno: Errno) {
        self.complain(subject, FAILED.with_errno(errno));
    }

    #[inline(never)]
    fn complain(&mut self, subject: &[u8], complaint: Complaint) {
        complaint.say(self.sink, Subject::Key(&Escaped(subject)));
    }
}

const FULL: Complaint = Complaint::error(Problem::MaxFiles, Effect::FileIgnored);
const DIRECTORY_FULL: Complaint = Complaint::error(Problem::MaxFiles, Effect::RestIgnored);
const TOO_LONG: Complaint = Complaint::error(Problem::MaxFileOctets, Effect::RestIgnored);
const FAILED: Complaint = Complaint::error(Problem::File, Effect::FileIgnored);
const MORE: Complaint = Complaint::error(Problem::More, Effect::None);

/// A path up to its last slash, and what follows.
fn split_at_last_part(path: &[u8]) -> (&[u8], &[u8]) {
    let slash = path.iter().rposition(|octet| *octet == b'/');
    path.split_at_checked(slash.map_or(0, |slash| slash.saturating_add(1)))
        .unwrap_or_default()
}

/// What is read, a bit for each [`Source`]: as `--sources` says, else ifcfg, with `--cmdline` the kernel command
/// line too, and in an initramfs everything.
fn sources(options: &Options, root: &Root<'_>) -> u8 {
    let mut sources = options.sources;
    let reads_cmdline = options.has(Opt::Cmdline) || options.has(Opt::CmdlineFile);
    if sources == 0 {
        sources = match is_initramfs(options, root) {
            true => u8::MAX,
            false => 1 << Source::Ifcfg as u8,
        };
    }
    sources | u8::from(reads_cmdline) << Source::Cmdline as u8
}

/// dracut leaves `/etc/initrd-release`, initramfs-tools its `/scripts`.
pub fn is_initramfs(options: &Options, root: &Root<'_>) -> bool {
    options.has(Opt::Initramfs)
        || root.exists(word!("/etc/initrd-release"))
        || root.exists(word!("/scripts/functions"))
}
