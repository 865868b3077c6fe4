//! Finds the files of every source, reads them and hands their text to the readers.
//!
//! Order: the command line first, since it beats ifcfg on the same link and its readers want to know;
//! ifcfg files as initscripts order them.

use crate::cli::{Command, Opt, Options, Source};
use crate::form::{
    ALWAYS, BESIDE, DROP_INS, Form, GIVEN, GIVEN_DIRECTORY, LAYERS, LINES, LISTED, MASKED,
    NIC_FILES, OPTIONAL, SHORT, STEPS, Step, Wanted, What,
};
use crate::report::Target;
use crate::sys::file::{self, Path, Root};
use crate::sys::names::Names;
use core::mem;
use heapless::Vec;
use ifdawn::diag::{Complaint, Diagnostic, Effect, Errno, Escaped, FileId, Problem, Sink, Subject};
use ifdawn::limits::{MAX_ASSIGNMENTS, MAX_FILE_OCTETS};
use ifdawn::model::config::{Config, GlobalFlag, LinkFlag, LinkId, NameSource, Pieces, RouteDev};
use ifdawn::model::link::IfName;
use ifdawn::packed::word;
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
    /// Some of the sources could not be read.
    pub are_lacking: bool,
    tables: Tables,
}

/// What assignments are scanned into.
struct Tables {
    entries: Vec<Entry, MAX_ASSIGNMENTS>,
    values: Vec<u8, MAX_FILE_OCTETS>,
    slots: [u32; 2 * MAX_ASSIGNMENTS],
}

impl Tables {
    // by itself, as what is written is nearer here
    #[inline(never)]
    fn scratch(&mut self) -> Scratch<'_> {
        Scratch::new(&mut self.entries, &mut self.values, &mut self.slots)
    }
}

impl Files {
    /// Nothing read.
    pub const fn new() -> Files {
        Files {
            octets: [0; MAX_FILE_OCTETS + 1],
            names: Names::new(),
            are_lacking: false,
            tables: Tables {
                entries: Vec::new(),
                values: Vec::new(),
                slots: [0; 2 * MAX_ASSIGNMENTS],
            },
        }
    }
}

/// Reads every source, or the files that `check` was given, into `config`, which is empty; complaints go to `sink`.
pub fn load(
    options: &Options,
    root: &Root<'_>,
    files: &mut Files,
    config: &mut Config<'_>,
    sink: Target<'_, '_>,
) {
    files.are_lacking = false;
    let is_given = !options.files.is_empty();
    let sources = match is_given {
        true => 0,
        false => sources(options, root),
    };
    Loader {
        options,
        // what a person names is no file below the root
        root: if is_given { &Root::NONE } else { root },
        files,
        config,
        sink: Capped {
            sink,
            left: u32::MAX,
            more: 0,
        },
        defaults: Defaults::none(),
        nic: Pieces::none(),
        filled: 0,
    }
    .load(sources);
}

/// Complaints about one file that are shown when links are brought up: a console is slow. `check` shows
/// every one.
const SHOWN: u32 = 50;

/// Passes the first complaints on and counts the others.
struct Capped<'a, 'r> {
    sink: Target<'a, 'r>,
    left: u32,
    more: u32,
}

impl Sink for Capped<'_, '_> {
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
struct Loader<'a, 'r, 'm> {
    options: &'a Options,
    root: &'a Root<'a>,
    files: &'a mut Files,
    config: &'a mut Config<'m>,
    sink: Capped<'a, 'r>,
    /// What `/etc/sysconfig/network` says.
    defaults: Defaults,
    /// The NIC of the firmware that is read.
    nic: Pieces,
    /// What of [`Files::octets`] is filled with a file and with what belongs to it.
    filled: usize,
}

impl Loader<'_, '_, '_> {
    /// Reads these sources, a bit for each [`Source`], and the files that were given.
    fn load(&mut self, sources: u8) {
        let reads_cmdline = sources & 1 << Source::Cmdline as u8 != 0;
        if !reads_cmdline {
            // no word can ask for it
            GlobalFlag::Ibft.set(&mut self.config.global, Some(true));
        }
        let mut asked = sources | ALWAYS;
        for step in &STEPS {
            if asked & step.asked == 0 {
                continue;
            }
            let path = Path::join(b"", step.path, b"");
            let path = path.as_bytes();
            let global = &self.config.global;
            match step.wanted {
                Wanted::File => self.read(path, step.what),
                Wanted::Cmdline => {
                    if let Some(text) = self.options.value(Opt::Cmdline) {
                        if let Some(copy) = self.files.octets.get_mut(..text.len()) {
                            copy.copy_from_slice(text);
                            self.filled = text.len();
                            self.parse(CMDLINE, step.what, text.len(), None);
                            self.filled = 0;
                        }
                    } else if let Some(path) = self.options.value(Opt::CmdlineFile) {
                        self.read(path, step.what);
                    } else {
                        continue;
                    }
                    asked &= !step.asked;
                }
                Wanted::Nic if !GlobalFlag::Ibft.is_yes(global) => {}
                Wanted::Nic => {
                    let mut rest = Some(&b"0,1,2,3,4,5,6,7,8,9,chosen"[..]);
                    while let Some(name) = parts::next(&mut rest, b',') {
                        self.nic(name);
                    }
                }
                Wanted::Nbft if GlobalFlag::NoNbft.is_yes(global) => {}
                Wanted::Ifcfg if let Some(path) = self.options.value(Opt::IfcfgDir) => {
                    self.directory(path, &GIVEN_DIRECTORY);
                }
                Wanted::Conf
                | Wanted::Ifcfg
                | Wanted::Rules
                | Wanted::Links
                | Wanted::DropIns
                | Wanted::Nbft
                | Wanted::Owned
                | Wanted::Hooks => self.directory(path, step),
            }
        }
        if reads_cmdline {
            self.parse(CMDLINE, What::new(Form::CmdlineEnd, 0), 0, None);
        }
        for path in &self.options.files {
            self.read(path, What::new(Form::Named, GIVEN));
        }
    }

    /// Reads a NIC whose values are files of a directory; of what it was booted from where that is said.
    fn nic(&mut self, name: &[u8]) {
        let before = match name {
            [_] => word!("/sys/firmware/ibft/ethernet"),
            _ => word!("/sys/firmware/devicetree/base/"),
        };
        self.nic = Pieces::none();
        let path = Path::join(b"", before, name);
        let path = path.as_bytes();
        self.directory(path, &NIC_FILES);
        let device = self.nic.device(self.config);
        if !device.is_empty() {
            let device = Path::join(b"", before, device);
            self.directory(device.as_bytes(), &NIC_FILES);
        }
        self.parse(path, What::new(Form::Nic, 0), 0, None);
    }

    /// Reads every file that is wanted of a directory, or of several ones in order of their strength, sorted; of
    /// files with one name that in the strongest directory, which masks the others. An ifcfg file is followed by
    /// those beside it, a `.link` file by its drop-ins.
    #[inline(never)]
    fn directory(&mut self, directory: &[u8], step: &Step) {
        let path = |layer: u8| {
            let layer = LAYERS.get(usize::from(layer));
            Path::join(b"", *layer.unwrap_or(&word!("")), directory)
        };
        let mut layer = step.layer.min(1);
        // the names of drop-ins come and go behind those of the files they are beside
        let end = self.files.names.end();
        self.files.names.beside = 0;
        while layer <= step.layer {
            self.files.names.directory = layer;
            let path = path(layer);
            let listed = (self.root).list(path.as_bytes(), step.wanted, &mut self.files.names);
            match listed {
                Ok(()) => {}
                Err(Errno::ENOENT | file::TOO_LONG) if step.asked != 0 => {}
                Err(errno) => self.failed(path.as_bytes(), errno),
            }
            layer = layer.wrapping_add(1);
        }
        if self.files.names.is_full {
            self.complain(directory, DIRECTORY_FULL);
        }
        self.files.names.sort(end.0);
        for n in end.0..self.files.names.len() {
            let names = &self.files.names;
            let name = names.name(n);
            if n > end.0 && names.name(n.wrapping_sub(1)) == name {
                continue;
            }
            let path = Path::join(path(names.directory(n)).as_bytes(), word!("/"), name);
            self.read(path.as_bytes(), step.what);
        }
        self.files.names.cut(end);
    }

    /// Reads one file, and those beside it where it is an ifcfg file that counts: those named after
    /// the file, and those named after the link where that is another name.
    #[inline(never)]
    fn read(&mut self, path: &[u8], what: What) {
        let Some(id) = self.read_one(path, what, None) else {
            return;
        };
        let file = last_part(path);
        let directory = parts::slice(path, 0, path.len().wrapping_sub(file.len()));
        let mut name = parts::after(file, b'-').unwrap_or_default();
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
            for (prefix, form) in &BESIDE {
                // what the list has not, needs not be looked for
                if what.bits & LISTED == 0 || self.files.names.beside >> *form as u8 & 1 != 0 {
                    let path = Path::join(directory, *prefix, name);
                    let bits = what.bits | OPTIONAL | SHORT;
                    self.read_one(path.as_bytes(), What::new(*form, bits), Some(id));
                }
            }
            if name == link {
                return;
            }
            name = link;
        }
    }

    /// Reads one file, which may be beside the ifcfg file of a link; the link of an ifcfg file that counts.
    #[inline(never)]
    fn read_one(&mut self, path: &[u8], what: What, beside: Option<LinkId>) -> Option<LinkId> {
        let is = |bit| what.bits & bit != 0;
        let name = if is(SHORT) { last_part(path) } else { path };
        let octets = (self.files.octets.get_mut(self.filled..)).unwrap_or_default();
        let root = if is(GIVEN) { &Root::NONE } else { self.root };
        let file = root.path(path);
        // JSON is made in two passes: a pipe would be empty in the second one.
        let found = file.read(octets, is(GIVEN) && !self.options.has(Opt::Json));
        match found {
            Ok(len) => {
                self.filled = self.filled.wrapping_add(len as usize);
                if self.filled > MAX_FILE_OCTETS {
                    self.filled = MAX_FILE_OCTETS;
                    self.complain(name, TOO_LONG);
                }
                let own = self.filled;
                if let Form::LinkFile | Form::DropIn = what.form
                    && let Some(end) = self.files.octets.get_mut(own..)
                    && let Some(end) = end.first_chunk_mut()
                {
                    // the next one begins with a line, and in no section
                    *end = *b"\n[\n\n";
                    self.filled = own.wrapping_add(end.len());
                }
                if what.form == Form::DropIn {
                    return None;
                }
                if what.form == Form::LinkFile {
                    self.drop_ins(path);
                }
                let link = self.parse(name, what, own, beside);
                self.filled = 0;
                return link;
            }
            Err(Errno::EISDIR) if what.form == Form::Named => {
                self.directory(path, &GIVEN_DIRECTORY);
            }
            Err(Errno::ENOENT) if is(OPTIONAL) => {}
            // a link to /dev/null
            Err(Errno::EINVAL) if is(MASKED) => {}
            Err(errno) => self.failed(name, errno),
        }
        None
    }

    /// Reads what is beside a `.link` file, and in directories of the same name in other layers, behind it.
    fn drop_ins(&mut self, path: &[u8]) {
        let len = last_part(path).len().wrapping_add(LINKS.len());
        let file = parts::slice(path, path.len().wrapping_sub(len), path.len());
        let directory = Path::join(file, word!("."), b"d");
        self.directory(directory.as_bytes(), &DROP_INS);
    }

    /// Hands what was read to its reader, of which `own` octets are of the file; the link of an ifcfg file that counts.
    #[inline(never)]
    fn parse(
        &mut self,
        name: &[u8],
        what: What,
        own: usize,
        beside: Option<LinkId>,
    ) -> Option<LinkId> {
        let file = match self.config.add_file(name) {
            Some(file) => file,
            // what is no file is not left out
            None if own == 0 => FileId(0),
            None => {
                self.complain(name, FULL);
                return None;
            }
        };
        let files = &mut *self.files;
        let text = parts::slice(&files.octets, 0, self.filled);
        if self.options.command != Command::Check && !self.options.has(Opt::Json) {
            self.sink.left = SHOWN;
        }
        let mut cx = Context::new(self.config, &mut self.sink, file, name, text);
        let mut scratch = files.tables.scratch();
        let mut link = None;
        let part = last_part(name);
        let of = parts::after(part, b'-').unwrap_or_default();
        let form = if what.form == Form::Named {
            Form::of(part)
        } else {
            what.form
        };
        match form {
            Form::Route
            | Form::Route6
            | Form::Rule
            | Form::Rule6
            | Form::Tables
            | Form::Static
            | Form::Static6 => {
                let dev = match (beside, IfName::new(of)) {
                    (Some(id), _) => RouteDev::Link(id),
                    (None, Some(name)) if (form as usize) < BESIDE.len() => RouteDev::Name(name),
                    (None, _) => RouteDev::Anywhere,
                };
                if let Some((lines, family)) = LINES.get(form as usize) {
                    route_file::read(*lines, *family, dev, &mut scratch, &mut cx);
                }
            }
            Form::Ifcfg => link = ifcfg::read(of, &self.defaults, &mut scratch, &mut cx),
            Form::Network => sysconfig::read(&mut self.defaults, &mut scratch, &mut cx),
            Form::UdevRules | Form::LinkFile | Form::DropIn => {
                let source = match form == Form::UdevRules {
                    true => NameSource::Udev,
                    false => NameSource::Link,
                };
                name_rule::read(source, own, &mut cx);
            }
            Form::NicFile => self.nic.take(part, text, &mut cx),
            Form::Nic => self.nic.put(&mut cx),
            Form::Nbft => nbft::read(&mut cx),
            Form::Cmdline => cmdline::read(&mut cx),
            Form::CmdlineEnd => cmdline::finish(&mut cx),
            Form::Named => {}
        }
        self.sink.left = u32::MAX;
        let more = mem::take(&mut self.sink.more);
        if more > 0 {
            self.complain(name, MORE.with(more));
        }
        link
    }

    fn failed(&mut self, subject: &[u8], errno: Errno) {
        self.files.are_lacking = true;
        self.complain(subject, FAILED.with_errno(errno));
    }

    #[inline(never)]
    fn complain(&mut self, subject: &[u8], complaint: Complaint) {
        complaint.say(&mut self.sink, Subject::Key(&Escaped(subject)));
    }
}

const FULL: Complaint = Complaint::error(Problem::MaxFiles, Effect::FileIgnored);
const DIRECTORY_FULL: Complaint = Complaint::error(Problem::MaxFiles, Effect::RestIgnored);
const TOO_LONG: Complaint = Complaint::error(Problem::MaxFileOctets, Effect::RestIgnored);
const FAILED: Complaint = Complaint::error(Problem::File, Effect::FileIgnored);
const MORE: Complaint = Complaint::error(Problem::More, Effect::None);

/// What a kernel command line is called.
const CMDLINE: &[u8] = b"cmdline";

/// In front of the name of a `.link` file, in each of [`LAYERS`].
const LINKS: &[u8] = b"/systemd/network/";

/// What follows the last slash of a path.
#[inline(never)]
pub fn last_part(path: &[u8]) -> &[u8] {
    path.rsplit(|octet| *octet == b'/').next().unwrap_or(path)
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
