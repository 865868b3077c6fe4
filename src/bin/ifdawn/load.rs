//! Finds the files of every source, reads them and hands their text to the readers.
//!
//! Order: the command line first, since it beats ifcfg on the same link and its readers want to know;
//! ifcfg files as initscripts order them.

use crate::cli::{Command, Opt, Options, Source};
use crate::sys::file::{self, Names, Path, Root};
use heapless::Vec;
use ifdawn::diag::{Diagnostic, Effect, Errno, Escaped, FileId, Problem, Severity, Sink};
use ifdawn::limits::{MAX_ASSIGNMENTS, MAX_FILE_OCTETS, MAX_FILES, MAX_VALUE};
use ifdawn::model::addr::Family;
use ifdawn::model::config::{Config, LinkId, RouteDev};
use ifdawn::model::index::Index;
use ifdawn::model::link::IfName;
use ifdawn::source::assignments::{Entry, Scratch};
use ifdawn::source::ifcfg::Defaults;
use ifdawn::source::{Context, cmdline, ifcfg, route_file, sysconfig};

/// Octets of the names in one directory.
const NAME_OCTETS: usize = 1024 * 1024;

/// Memory for reading: one file at a time.
pub struct Files {
    /// The file at hand, and one octet more where it is too long; also what the engine reads back.
    pub octets: [u8; MAX_FILE_OCTETS + 1],
    names: Vec<u8, NAME_OCTETS>,
    spans: Vec<(u32, u32), MAX_FILES>,
    entries: Vec<Entry, MAX_ASSIGNMENTS>,
    values: Vec<u8, MAX_FILE_OCTETS>,
    value: Vec<u8, MAX_VALUE>,
    slots: [u32; 2 * MAX_ASSIGNMENTS],
}

impl Files {
    /// Nothing read.
    pub const fn new() -> Files {
        Files {
            octets: [0; MAX_FILE_OCTETS + 1],
            names: Vec::new(),
            spans: Vec::new(),
            entries: Vec::new(),
            values: Vec::new(),
            value: Vec::new(),
            slots: [0; 2 * MAX_ASSIGNMENTS],
        }
    }
}

/// What a file is.
#[derive(Clone, Copy)]
enum Kind<'a> {
    Cmdline,
    Sysconfig,
    /// `ifcfg-NAME`.
    Ifcfg(&'a [u8]),
    /// `route-NAME`, `route6-NAME`.
    Route(Family, RouteDev),
}

impl<'a> Kind<'a> {
    /// By the last part of a path, as `check` takes it.
    fn of(path: &'a [u8]) -> Kind<'a> {
        let name = path.rsplit(|octet| *octet == b'/').next().unwrap_or(path);
        let dev = |link| IfName::new(link).map_or(RouteDev::Anywhere, RouteDev::Name);
        if let Some(link) = name.strip_prefix(b"ifcfg-") {
            Kind::Ifcfg(link)
        } else if let Some(link) = name.strip_prefix(b"route-") {
            Kind::Route(Family::V4, dev(link))
        } else if let Some(link) = name.strip_prefix(b"route6-") {
            Kind::Route(Family::V6, dev(link))
        } else if name == b"network" {
            Kind::Sysconfig
        } else {
            Kind::Cmdline
        }
    }
}

/// What the files of a directory are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// `*.conf`: kernel command lines.
    Cmdline,
    /// `ifcfg-*`.
    Ifcfg,
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
        defaults: Defaults::NONE,
    };
    if options.files.is_empty() {
        loader.sources();
    }
    for path in &options.files {
        loader.read(Place::Given, path, path, Kind::of(path));
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
}

impl Loader<'_, '_> {
    fn sources(&mut self) {
        const NETWORK: &[u8] = b"/etc/sysconfig/network";
        const IFCFG_DIR: &[u8] = b"/etc/sysconfig/network-scripts";
        let sources = sources(self.options, self.root);
        let is_read = |source| sources & 1 << source as u8 != 0;
        if is_read(Source::Cmdline) {
            self.cmdline();
        }
        if is_read(Source::Ifcfg) {
            self.read(Place::Rooted, NETWORK, NETWORK, Kind::Sysconfig);
            let directory = self.options.value(Opt::IfcfgDir).unwrap_or(IFCFG_DIR);
            self.directory(directory, Listed::Ifcfg);
        }
        if is_read(Source::Firmware) && self.options.sources.is_some() {
            let problem = Problem::NotAvailable("firmware tables are not read by this version");
            self.complain(Severity::Warning, b"--sources", problem, Effect::None);
        }
        if is_read(Source::Cmdline) {
            let file = self.config.add_file(b"cmdline").unwrap_or(FileId(0));
            cmdline::finish(&mut Context {
                config: self.config,
                sink: self.sink,
                file,
                name: b"cmdline",
            });
        }
    }

    fn cmdline(&mut self) {
        if let Some(text) = self.options.value(Opt::Cmdline) {
            if let Some(copy) = self.files.octets.get_mut(..text.len()) {
                copy.copy_from_slice(text);
                self.parse(b"cmdline", Kind::Cmdline, text.len());
            }
        } else if let Some(path) = self.options.value(Opt::CmdlineFile) {
            self.read(Place::Given, path, path, Kind::Cmdline);
        } else {
            self.directory(b"/etc/cmdline.d", Listed::Cmdline);
            self.read(
                Place::Rooted,
                b"/etc/cmdline",
                b"/etc/cmdline",
                Kind::Cmdline,
            );
            self.read(Place::Rooted, b"/proc/cmdline", b"cmdline", Kind::Cmdline);
            self.directory(b"/run/initramfs/cmdline.d", Listed::Cmdline);
        }
    }

    /// Reads every file of a directory that has the right name, sorted.
    fn directory(&mut self, directory: &[u8], listed: Listed) {
        let path = Path::join(directory, b"/");
        let mut is_full = false;
        let mut names = Names::new(&mut self.files.names, &mut self.files.spans);
        let found = self.root.list(directory, &mut |name| {
            let is_wanted = match listed {
                Listed::Cmdline => name.ends_with(b".conf"),
                Listed::Ifcfg => ifcfg::is_ifcfg_file_name(name),
            };
            is_full |= is_wanted && names.push(name).is_err();
        });
        names.sort();
        match found {
            Err(Errno::ENOENT | file::TOO_LONG) | Ok(()) => {}
            Err(errno) => self.complain(
                Severity::Error,
                directory,
                Problem::File(errno),
                Effect::FileIgnored,
            ),
        }
        if is_full {
            self.complain(
                Severity::Error,
                directory,
                Problem::Full("MAX_FILES"),
                Effect::RestIgnored,
            );
        }
        let directory = path.as_bytes();
        for n in 0..self.files.spans.len() {
            let names = Names::again(&mut self.files.names, &mut self.files.spans);
            let path = Path::join(directory, names.name(n));
            let path = path.as_bytes();
            let name = path.get(directory.len()..).unwrap_or_default();
            match listed {
                Listed::Cmdline => self.read(Place::Listed, path, path, Kind::Cmdline),
                Listed::Ifcfg => self.read(Place::Listed, path, name, Kind::of(name)),
            }
        }
    }

    /// Reads one file, and the routes beside it where it is an ifcfg file that counts: those named after
    /// the file, and those named after the link where that is another name.
    fn read(&mut self, place: Place, path: &[u8], name: &[u8], kind: Kind<'_>) {
        let (Some(id), Kind::Ifcfg(file)) = (self.read_one(place, path, name, kind), kind) else {
            return;
        };
        let directory = path
            .strip_suffix(file)
            .and_then(|path| path.strip_suffix(b"ifcfg-"));
        let directory = directory.unwrap_or_default();
        let link = self.config.link(id).and_then(|link| link.name);
        let link = link.as_ref().map_or(file, |link| link.as_bytes());
        let names = [file, link];
        let names = names.iter().take(if file == link { 1 } else { 2 });
        for name in names {
            for (prefix, family) in [(&b"route-"[..], Family::V4), (b"route6-", Family::V6)] {
                let path = Path::join(Path::join(directory, prefix).as_bytes(), name);
                let name = path.as_bytes().get(directory.len()..).unwrap_or_default();
                let kind = Kind::Route(family, RouteDev::Link(id));
                self.read_one(place, path.as_bytes(), name, kind);
            }
        }
    }

    /// Reads one file; the link of an ifcfg file that counts.
    fn read_one(
        &mut self,
        place: Place,
        path: &[u8],
        name: &[u8],
        kind: Kind<'_>,
    ) -> Option<LinkId> {
        let octets = &mut self.files.octets;
        let found = match place {
            Place::Given => file::read_given(path, octets),
            Place::Rooted | Place::Listed => self.root.read_file(path, octets),
        };
        let len = match found {
            Ok(len) => len,
            Err(Errno::ENOENT)
                if place == Place::Rooted || matches!(kind, Kind::Route(_, RouteDev::Link(_))) =>
            {
                return None;
            }
            Err(errno) => {
                self.complain(
                    Severity::Error,
                    name,
                    Problem::File(errno),
                    Effect::FileIgnored,
                );
                return None;
            }
        };
        if len > MAX_FILE_OCTETS {
            self.complain(
                Severity::Error,
                name,
                Problem::TooLong("MAX_FILE_OCTETS"),
                Effect::RestIgnored,
            );
        }
        self.parse(name, kind, len.min(MAX_FILE_OCTETS))
    }

    /// Hands the first octets of [`Files::octets`] to their reader; the link of an ifcfg file that counts.
    fn parse(&mut self, name: &[u8], kind: Kind<'_>, len: usize) -> Option<LinkId> {
        let Some(file) = self.config.add_file(name) else {
            self.complain(
                Severity::Error,
                name,
                Problem::Full("MAX_FILES"),
                Effect::FileIgnored,
            );
            return None;
        };
        let files = &mut *self.files;
        let text = files.octets.get(..len).unwrap_or_default();
        let mut sink = Capped {
            left: match (self.options.command, self.options.has(Opt::Json)) {
                (Command::Check, _) | (_, true) => u32::MAX,
                (Command::Up | Command::Down | Command::Plan, false) => SHOWN,
            },
            sink: self.sink,
            more: 0,
        };
        let mut cx = Context {
            config: self.config,
            sink: &mut sink,
            file,
            name,
        };
        let mut scratch = Scratch {
            entries: &mut files.entries,
            values: &mut files.values,
            value: &mut files.value,
            index: Index::new(&mut files.slots),
        };
        let mut link = None;
        match kind {
            Kind::Cmdline => cmdline::read(text, &mut cx),
            Kind::Sysconfig => sysconfig::read(text, &mut self.defaults, &mut scratch, &mut cx),
            Kind::Ifcfg(name) => {
                link = ifcfg::read(text, name, &self.defaults, &mut scratch, &mut cx);
            }
            Kind::Route(family, dev) => route_file::read(text, family, dev, &mut scratch, &mut cx),
        }
        if sink.more > 0 {
            let problem = Problem::More(sink.more);
            self.complain(Severity::Error, name, problem, Effect::None);
        }
        link
    }

    fn complain(
        &mut self,
        severity: Severity,
        subject: &[u8],
        problem: Problem<'_>,
        effect: Effect,
    ) {
        self.sink.report(&Diagnostic {
            severity,
            at: None,
            subject: &Escaped(subject),
            token: b"",
            problem,
            effect,
        });
    }
}

/// What is read, a bit for each [`Source`]: as `--sources` says, else ifcfg, and in an initramfs or with
/// `--cmdline` the kernel command line too.
fn sources(options: &Options, root: &Root<'_>) -> u8 {
    let bit = |source, is_read| u8::from(is_read) << source as u8;
    let sources = options.sources.unwrap_or_else(|| {
        let initramfs = is_initramfs(options, root);
        bit(Source::Ifcfg, true) | bit(Source::Cmdline, initramfs)
    });
    let given = options.has(Opt::Cmdline) || options.has(Opt::CmdlineFile);
    sources | bit(Source::Cmdline, given)
}

/// dracut leaves `/etc/initrd-release`, initramfs-tools its `/scripts`.
pub fn is_initramfs(options: &Options, root: &Root<'_>) -> bool {
    options.has(Opt::Initramfs)
        || root.exists(b"/etc/initrd-release")
        || root.exists(b"/scripts/functions")
}
