//! Finds the files of every source, reads them and hands their text to the readers.
//!
//! Order: the command line first, since it beats ifcfg on the same link and its readers want to know;
//! ifcfg files as initscripts order them.

use crate::cli::{Command, Opt, Options, Source};
use crate::form::{BESIDE, Form, LAYERS, LINES, Listing};
use crate::sys::file::{self, Path, Root};
use crate::sys::names::{Names, Order};
use heapless::Vec;
use ifdawn::diag::{Complaint, Diagnostic, Effect, Errno, Escaped, FileId, Problem, Sink, Subject};
use ifdawn::limits::{MAX_ASSIGNMENTS, MAX_FILE_OCTETS};
use ifdawn::model::config::{Config, GlobalFlag, LinkFlag, LinkId, NameSource, Pieces, RouteDev};
use ifdawn::model::link::IfName;
use ifdawn::packed::{Word, word};
use ifdawn::source::assignments::{Entry, Scratch};
use ifdawn::source::ifcfg::Defaults;
use ifdawn::source::{Context, cmdline, ifcfg, name_rule, nbft, route_file, sysconfig};
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
    /// Of this form, whatever its name is.
    Is(Form),
    /// By the last part of its path, see [`Form`].
    Named,
    /// The same, beside the ifcfg file of this link.
    Beside(LinkId),
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
    let is_given = !options.files.is_empty();
    let mut loader = Loader {
        options,
        // what a person names is no file below the root
        root: if is_given { &Root::NONE } else { root },
        files,
        config,
        sink,
        defaults: Defaults::none(),
        nic: Pieces::NONE,
        filled: 0,
    };
    loader.tables();
    if !is_given {
        loader.sources();
    }
    for path in &options.files {
        loader.read(Place::Given, path, 0, Kind::Named);
    }
    route_file::finish(config);
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
    nic: Pieces,
    /// What of [`Files::octets`] is filled with a file and with what belongs to it, until that is parsed.
    filled: usize,
}

impl Loader<'_, '_> {
    #[inline(never)]
    fn sources(&mut self) {
        const STATIC_ROUTES: &[u8] =
            b"/etc/sysconfig/static-routes,/etc/sysconfig/static-routes-ipv6";
        const IFCFG_DIR: &[u8] = b"/etc/sysconfig/network-scripts";
        let sources = sources(self.options, self.root);
        let is_read = |source| sources & 1 << source as u8 != 0;
        if is_read(Source::Cmdline) {
            self.cmdline();
        }
        if is_read(Source::Ifcfg) {
            self.read(Place::Rooted, b"/etc/sysconfig/network", 0, Kind::Named);
            let directory = self.options.value(Opt::IfcfgDir).unwrap_or(IFCFG_DIR);
            self.directory(directory, Listing::Ifcfg);
            let mut rest = Some(STATIC_ROUTES);
            while let Some(path) = parts::next(&mut rest, b',') {
                self.read(Place::Rooted, path, 0, Kind::Named);
            }
            self.directory(b"/udev/rules.d", Listing::Rules);
            self.directory(b"/systemd/network", Listing::Links);
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

    /// Names of routing tables, as ip(8) looks for them; those of the system's administrator come first.
    fn tables(&mut self) {
        const DIRECTORIES: &[u8] =
            b"/etc/iproute2/rt_tables.d,/usr/share/iproute2/rt_tables.d,/usr/lib/iproute2/rt_tables.d";
        let mut rest = Some(DIRECTORIES);
        while let Some(directory) = parts::next(&mut rest, b',') {
            let file = directory.strip_suffix(b".d").unwrap_or_default();
            self.read(Place::Rooted, file, 0, Kind::Named);
            self.directory(directory, Listing::Tables);
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
            self.directory(b"/sys/firmware/acpi/tables", Listing::Nbft);
        }
    }

    /// Reads a NIC whose values are files of a directory; of what it was booted from where that is said.
    #[inline(never)]
    fn nic(&mut self, name: &[u8], before: Word) {
        self.nic = Pieces::NONE;
        let path = Path::join(b"", before, name);
        let path = path.as_bytes();
        self.directory(path, Listing::Nic);
        let device = self.nic.device(self.config);
        if !device.is_empty() {
            let device = Path::join(b"", before, device);
            self.directory(device.as_bytes(), Listing::Nic);
        }
        self.parse(path, Kind::Is(Form::Nic), 0);
    }

    fn cmdline(&mut self) {
        if let Some(text) = self.options.value(Opt::Cmdline) {
            if let Some(copy) = self.files.octets.get_mut(..text.len()) {
                copy.copy_from_slice(text);
                self.filled = text.len();
                self.parse(b"cmdline", Kind::Is(Form::Cmdline), text.len());
            }
        } else if let Some(path) = self.options.value(Opt::CmdlineFile) {
            self.read(Place::Given, path, 0, Kind::Is(Form::Cmdline));
        } else {
            self.directory(b"/etc/cmdline.d", Listing::Words);
            self.read(Place::Rooted, b"/etc/cmdline", 0, Kind::Is(Form::Cmdline));
            self.read(
                Place::Rooted,
                b"/proc/cmdline",
                b"/proc/".len(),
                Kind::Is(Form::Cmdline),
            );
            self.directory(b"/run/initramfs/cmdline.d", Listing::Words);
        }
    }

    /// Reads every file that is wanted of a directory, or of several ones in order of their strength, sorted; of
    /// files with one name that in the strongest directory, which masks the others. An ifcfg file is followed by
    /// those beside it, a `.link` file by its drop-ins.
    #[inline(never)]
    fn directory(&mut self, directory: &[u8], of: Listing) {
        let is_given = of == Listing::Ifcfg
            && (self.options.has(Opt::IfcfgDir) || !self.options.files.is_empty());
        let (is_wanted, layers) = of.names();
        let path = |layer: u8| {
            let layer = LAYERS.get(usize::from(layer));
            Path::join(b"", *layer.unwrap_or(&word!("")), directory)
        };
        // the names of drop-ins come and go behind those of the files they are beside
        let end = if of == Listing::DropIns {
            self.files.names.end()
        } else {
            (0, 0)
        };
        self.files.names.cut(end);
        self.files.names.order = match layers.start {
            0 => Order::Counted,
            _ => Order::Octets,
        };
        for layer in layers {
            self.files.names.directory = layer;
            let path = path(layer);
            match (self.root).list(path.as_bytes(), is_wanted, &mut self.files.names) {
                Ok(()) => {}
                Err(Errno::ENOENT | file::TOO_LONG) if !is_given => {}
                Err(errno) => self.failed(path.as_bytes(), errno),
            }
        }
        if self.files.names.is_full {
            self.complain(directory, DIRECTORY_FULL);
        }
        self.files.names.sort(end.0);
        for n in end.0..self.files.names.len() {
            let at = |n| parts::split(self.files.names.name(n), 0);
            let (name, layer) = at(n);
            let is_beside = of == Listing::Ifcfg && !name.starts_with(b"ifcfg-");
            if is_beside || at(n.wrapping_sub(1)).0 == name {
                continue;
            }
            let layer = layer.and_then(<[u8]>::first).copied().unwrap_or_default();
            let path = Path::join(path(layer).as_bytes(), word!("/"), name);
            let (shown, kind) = match of {
                Listing::Words => (0, Kind::Is(Form::Cmdline)),
                Listing::Tables => (0, Kind::Is(Form::Tables)),
                Listing::Nic => (0, Kind::Is(Form::NicFile)),
                Listing::Nbft => (0, Kind::Is(Form::Nbft)),
                Listing::Links => (0, Kind::Is(Form::LinkFile)),
                Listing::DropIns => (0, Kind::Is(Form::DropIn)),
                Listing::Ifcfg => (directory.len().wrapping_add(1), Kind::Named),
                Listing::Rules => (0, Kind::Named),
            };
            self.read(Place::Listed, path.as_bytes(), shown, kind);
        }
        self.files.names.cut(end);
    }

    /// Reads one file, and those beside it where it is an ifcfg file that counts: those named after
    /// the file, and those named after the link where that is another name. In complaints the file is
    /// called by its path from `shown` on.
    fn read(&mut self, place: Place, path: &[u8], shown: usize, kind: Kind) {
        let Some(id) = self.read_one(place, path, shown, kind) else {
            return;
        };
        let (directory, file) = split_at_last_part(path);
        let mut name = parts::split(file, b'-').1.unwrap_or_default();
        let config = self.config.link(id);
        if config.is_some_and(|link| LinkFlag::NoRoutes.is_yes(link)) {
            return;
        }
        // an alias file has none but its own
        let link = config
            .and_then(|link| link.name)
            .filter(|_| !parts::has(name, b':'));
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
        let octets = (self.files.octets.get_mut(self.filled..)).unwrap_or_default();
        let root = match place {
            Place::Given => &Root::NONE,
            Place::Rooted | Place::Listed => self.root,
        };
        let file = root.path(path);
        // JSON is made in two passes: a pipe would be empty in the second one.
        let found = match place == Place::Given && !self.options.has(Opt::Json) {
            true => file.read_given(octets),
            false => file.read(octets),
        };
        let need_not_be = place == Place::Rooted || matches!(kind, Kind::Beside(_));
        match found {
            Ok(len) => {
                self.filled = self.filled.wrapping_add(len as usize);
                if self.filled > MAX_FILE_OCTETS {
                    self.filled = MAX_FILE_OCTETS;
                    self.complain(name, TOO_LONG);
                }
                let own = self.filled;
                if let Kind::Is(Form::LinkFile | Form::DropIn) = kind
                    && let Some(end) = self.files.octets.get_mut(own..)
                    && let Some(end) = end.first_chunk_mut()
                {
                    // the next one begins with a line, and in no section
                    *end = *b"\n[\n";
                    self.filled = own.wrapping_add(end.len());
                }
                match kind {
                    Kind::Is(Form::DropIn) => return None,
                    Kind::Is(Form::LinkFile) => self.drop_ins(path),
                    Kind::Is(_) | Kind::Named | Kind::Beside(_) => {}
                }
                self.parse(name, kind, own)
            }
            Err(Errno::EISDIR) if !self.options.files.is_empty() && place == Place::Given => {
                self.directory(path, Listing::Ifcfg);
                None
            }
            Err(Errno::ENOENT) if need_not_be => None,
            // a link to /dev/null masks files of its name
            Err(Errno::EINVAL)
                if place == Place::Listed && self.files.names.order == Order::Octets =>
            {
                None
            }
            Err(errno) => {
                self.failed(name, errno);
                None
            }
        }
    }

    /// Reads what is beside a `.link` file, and in directories of the same name in other layers, behind it.
    #[inline(never)]
    fn drop_ins(&mut self, path: &[u8]) {
        let len = split_at_last_part(path)
            .1
            .len()
            .wrapping_add(b"/systemd/network/".len());
        let file = path.get(path.len().wrapping_sub(len)..).unwrap_or_default();
        let directory = Path::join(file, word!("."), b"d");
        self.directory(directory.as_bytes(), Listing::DropIns);
    }

    /// Hands what was read to its reader, of which `own` octets are of the file; the link of an ifcfg file that counts.
    fn parse(&mut self, name: &[u8], kind: Kind, own: usize) -> Option<LinkId> {
        let filled = std::mem::take(&mut self.filled);
        let Some(file) = self.config.add_file(name) else {
            self.complain(name, FULL);
            return None;
        };
        let files = &mut *self.files;
        let text = files.octets.get(..filled).unwrap_or_default();
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
            Kind::Is(form) => (form, &b""[..]),
            Kind::Named | Kind::Beside(_) => Form::of(split_at_last_part(name).1),
        };
        let dev = || match kind {
            Kind::Beside(id) => RouteDev::Link(id),
            Kind::Named if matches!(form, Form::Static | Form::Static6) => RouteDev::Anywhere,
            Kind::Named | Kind::Is(_) => IfName::new(of).map_or(RouteDev::Anywhere, RouteDev::Name),
        };
        match form {
            Form::Route
            | Form::Route6
            | Form::Rule
            | Form::Rule6
            | Form::Tables
            | Form::Static
            | Form::Static6 => {
                if let Some((lines, family)) = LINES.get(form as usize) {
                    route_file::read(*lines, *family, dev(), &mut scratch, &mut cx);
                }
            }
            Form::Ifcfg => link = ifcfg::read(of, &self.defaults, &mut scratch, &mut cx),
            Form::Network => sysconfig::read(&mut self.defaults, &mut scratch, &mut cx),
            Form::UdevRules => name_rule::read(NameSource::Udev, own, &mut cx),
            Form::LinkFile | Form::DropIn => name_rule::read(NameSource::Link, own, &mut cx),
            Form::NicFile => self.nic.take(split_at_last_part(name).1, text, &mut cx),
            Form::Nic => self.nic.put(&mut cx),
            Form::Nbft => nbft::read(&mut cx),
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
