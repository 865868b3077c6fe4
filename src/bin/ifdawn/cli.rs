//! The command line. It is read by the tables that `--help` prints: a command or an option more is a row
//! more. Words are octets of the argument vector; the one that is refused is copied.

use crate::sys::start::Arguments;
use crate::sys::{self, file, out::Out, process};
use heapless::Vec;
use ifdawn::diag::{Escaped, LineBuf};
use ifdawn::limits::{MAX_FILES, MAX_LINE, MAX_LINKS};
use ifdawn::model::link::IfName;
use ifdawn::packed::{Packed, packed, word};
use ifdawn::source::Key;
use ifdawn::source::key_table::{Names, key, pack_fields, pack_names, packed_len};
use ifdawn::text::parts;
use ifdawn::text::scalar;
use ifdawn::text::show::Text;

/// A word that lives as long as the process.
pub type Word = &'static [u8];

/// The enums of commands and options, and their tables: for each row the commands it is about (every one, where
/// none is said), a bit for each, and a line, whose first word from a column on is its name.
macro_rules! table {
    ($($(#[$doc:meta])* $name:ident from $at:ident { $($row:ident $([$($about:ident)+])? $line:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $name {
                $(#[doc = $line] $row,)*
            }

            impl $name {
                const ALL: &[$name] = &[$($name::$row),*];
            }
        )*

        const LINES: Packed = packed!(concat!($($($line, "\n"),*),*));
        const KEYS: &[Key<Row>] = &[$($(
            key(name($line, $at), row($line, $at, EVERY_COMMAND $(& (0 $(| 1 << Command::$about as u8)+))?), $line),
        )*)*];
    };
}

/// What there is to know of a row.
#[derive(Clone, Copy)]
struct Row {
    /// The commands it is about, a bit for each, and whether it takes a value ([`VALUE`]).
    about: u8,
    /// The letter of its short form; 0 for none.
    letter: u8,
}

/// A bit that is no command's.
const VALUE: u8 = 1 << 7;

/// The name in a line: its first word from a column on.
const fn name(line: &'static str, at: usize) -> &'static str {
    let (_, line) = line.split_at(at);
    let (mut rest, mut len) = (line.as_bytes(), 0);
    while let [octet, more @ ..] = rest
        && *octet != b' '
    {
        (rest, len) = (more, len + 1);
    }
    line.split_at(len).0
}

/// What else a line says: the letter in front, and the name of a value behind the name.
const fn row(line: &'static str, at: usize, about: u8) -> Row {
    let (_, after) = line.split_at(at + name(line, at).len());
    let takes_value = matches!(after.as_bytes(), [b' ', b'A'..=b'Z', ..]);
    Row {
        about: if takes_value { about | VALUE } else { about },
        letter: match line.as_bytes() {
            [b'-', letter, ..] => *letter,
            _ => 0,
        },
    }
}

/// What can be wrong, and its words, after which the word that is wrong is shown.
macro_rules! wrongs {
    ($($name:ident $words:literal,)*) => {
        #[derive(Clone, Copy)]
        enum Wrong {
            $($name,)*
        }

        const WRONGS: Packed = packed!(concat!($($words, "\n"),*));
    };
}

wrongs! {
    NoSuchOption "no such option: ",
    TakesNoValue "takes no value: ",
    ValueIsMissing "a value is missing: ",
    NoSuchCommand "no such command: ",
    MaxFiles "more than MAX_FILES: ",
    NotALinkName "not a link name: ",
    MaxLinks "more than MAX_LINKS: ",
    NoCommand "no command",
    WhichLink "down: which link?",
    NotOfThisCommand "not an option of this command: ",
    Seconds "not a number of seconds: ",
    NotifyFd "--notify-fd: not an open descriptor: ",
    Log "--log: none of stderr,kmsg,syslog: ",
    Sources "--sources: none of cmdline,ifcfg,firmware: ",
}

const EVERY_COMMAND: u8 = !VALUE;
/// The row of the first option.
const OPTIONS: usize = Command::ALL.len();
const ROWS: usize = OPTIONS + Opt::ALL.len();

table! {
    /// What is asked for.
    Command from FIRST {
    Up          [Up]    "up    [IF...]    bring up what is configured, or IF...",
    Watch       [Watch] "watch [IF...]    as up, then stay: renew leases, mend, read changed files",
    Down        [Down]  "down  IF...      take back what was configured on IF",
    Reload      [Reload] "reload [IF...]   read the sources again, and make the difference",
    Plan        [Plan]  "plan  [IF...]    print what `up` would change, as ip(8) commands",
    Check       [Check] "check [FILE...]  say what is wrong",
    Show        [Show]  "show  [IF...]    print what became of links",
    }

    /// How it is to be done. A line has the short form, and from column [`LONG`] on the long one and the
    /// value's name if it takes one.
    Opt from LONG {
    Root                "    --root DIR           prefix of every file",
    Cmdline             "    --cmdline TEXT       use this kernel command line",
    CmdlineFile         "    --cmdline-file FILE  use the one in this file",
    Sources             "    --sources LIST       what to read: cmdline,ifcfg,firmware",
    IfcfgDir            "    --ifcfg-dir DIR      directory of ifcfg files",
    ResolvConf          "    --resolv-conf PATH   the resolver's file",
    Timeout             "    --timeout SECONDS    seconds to wait in all",
    HookTimeout [Watch] "    --hook-timeout SECONDS  watch: how long a hook may run",
    Release     [Down Watch] "    --release            down: give leases back; watch: do so at its end",
    NotifyFd    [Watch] "    --notify-fd N        write a line to this descriptor when all is up",
    Initramfs           "    --initramfs          behave as in an initramfs",
    Json        [Plan Show] "    --json               plan: the desired state; show: state.json",
    Offline     [Plan]  "    --offline            plan: ask no kernel",
    Verbose             "-v, --verbose            say more",
    Quiet               "-q, --quiet              say errors only",
    Log                 "    --log TARGET         stderr, kmsg or syslog",
    Help                "-h, --help               print this",
    Version             "-V, --version            print the version",
    }
}

/// Column of a command's name, and of an option's.
const FIRST: usize = 0;
const LONG: usize = 4;

static NAMES: [u8; packed_len(KEYS)] = pack_names(KEYS);
static TABLE: [Row; ROWS] = pack_fields(KEYS, row("", 0, 0));

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard error.
    Stderr,
    /// The kernel's log.
    Kmsg,
    /// syslogd.
    Syslog,
}

const TARGETS: [Target; 3] = [Target::Stderr, Target::Kmsg, Target::Syslog];

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Kernel command lines.
    Cmdline,
    /// ifcfg files and what belongs to them.
    Ifcfg,
    /// Tables of the firmware.
    Firmware,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors.
    Quiet,
    /// Errors, warnings, changes of state.
    Usual,
    /// Every operation, and notes.
    Verbose,
}

/// Everything the command line says. In memory what is long comes last: small offsets make short
/// instructions.
#[repr(C)]
pub struct Options {
    /// What to do.
    pub command: Command,
    /// `--log`.
    pub log: Target,
    /// `--sources`: a bit for each [`Source`], 0 where it is not given.
    pub sources: u8,
    /// The command's bit in [`Row::about`]; 0 while there is none.
    about: u8,
    /// `--timeout`.
    pub timeout: Option<u32>,
    /// `--hook-timeout`.
    pub hook_timeout: Option<u32>,
    /// `--notify-fd`.
    pub notify_fd: Option<u32>,
    /// By option, what it was given: a value, or for what takes none its word.
    values: [Option<Word>; Opt::ALL.len()],
    /// The first thing wrong, in words.
    refusal: LineBuf<MAX_LINE>,
    /// Links of `up`, `down` and `plan`.
    pub links: Vec<IfName, MAX_LINKS>,
    /// Files of `check`.
    pub files: Vec<Word, MAX_FILES>,
}

impl Options {
    /// Nothing said yet.
    pub const fn new() -> Options {
        Options {
            command: Command::Up,
            links: Vec::new(),
            files: Vec::new(),
            sources: 0,
            timeout: None,
            hook_timeout: None,
            notify_fd: None,
            log: Target::Stderr,
            values: [None; _],
            about: 0,
            refusal: LineBuf::new(),
        }
    }

    /// The value of an option; for one that takes none the word it was given in. The last one given counts.
    pub fn value(&self, option: Opt) -> Option<Word> {
        *self.values.get(option as usize)?
    }

    /// Whether an option was given.
    pub fn has(&self, option: Opt) -> bool {
        self.value(option).is_some()
    }

    /// `-v` and `-q`; of both, `-v`.
    #[inline(never)]
    pub fn verbosity(&self) -> Verbosity {
        match (self.has(Opt::Verbose), self.has(Opt::Quiet)) {
            (true, _) => Verbosity::Verbose,
            (false, true) => Verbosity::Quiet,
            (false, false) => Verbosity::Usual,
        }
    }

    /// Reads the arguments; an exit code where there is nothing more to do.
    pub fn read(&mut self, words: &mut Arguments, out: &mut Out<'_>) -> Result<(), u8> {
        let mut only_operands = false;
        while let Some(word) = words.next() {
            match word {
                [b'-', after @ ..] if !only_operands => match after {
                    b"-" => only_operands = true,
                    [] | [b'-', ..] => {
                        let (name, given) = parts::split(word, b'=');
                        self.option(find(name), given, word, words);
                    }
                    letters => {
                        for letter in letters {
                            let row = TABLE.iter().position(|row| row.letter == *letter);
                            self.option(row.unwrap_or(ROWS), None, word, words);
                        }
                    }
                },
                _ => self.operand(word),
            }
        }
        self.understand();
        if self.has(Opt::Version) {
            Text(out).put(concat!("ifdawn ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
            return Err(0);
        }
        if self.has(Opt::Help) {
            self.help(out);
            return Err(0);
        }
        if self.refusal.as_bytes().is_empty() {
            return Ok(());
        }
        self.refusal.put(b"\nTry: ifdawn --help\n");
        let _ = sys::write(file::stderr(), self.refusal.as_bytes());
        Err(2)
    }

    #[inline(never)]
    fn option(&mut self, row: usize, given: Option<Word>, word: Word, words: &mut Arguments) {
        let Some(Row { about, .. }) = TABLE.get(row) else {
            return self.refuse(Wrong::NoSuchOption, word);
        };
        let value = match (about & VALUE != 0, given) {
            (true, None) => words.next(),
            (false, None) => Some(word),
            (true, Some(_)) => given,
            (false, Some(_)) => return self.refuse(Wrong::TakesNoValue, word),
        };
        match value {
            Some(_) => self.set(row.wrapping_sub(OPTIONS), value),
            None => self.refuse(Wrong::ValueIsMissing, word),
        }
    }

    fn set(&mut self, option: usize, value: Option<Word>) {
        if let Some(slot) = self.values.get_mut(option) {
            *slot = value;
        }
    }

    fn operand(&mut self, word: Word) {
        let wrong = if self.about == 0 {
            if let Some(command) = Command::ALL.get(find(word)) {
                self.command = *command;
                self.about = 1 << *command as u8;
                return;
            }
            if word == b"help" {
                return self.set(Opt::Help as usize, Some(word));
            }
            Wrong::NoSuchCommand
        } else if self.command == Command::Check {
            if self.files.push(word).is_ok() {
                return;
            }
            Wrong::MaxFiles
        } else if let Some(link) = &IfName::new(word) {
            if self.links.push(*link).is_ok() {
                return;
            }
            Wrong::MaxLinks
        } else {
            Wrong::NotALinkName
        };
        self.refuse(wrong, word);
    }

    /// Reads the values, and sees what is missing.
    fn understand(&mut self) {
        let missing = match self.command {
            _ if self.about == 0 => Some(Wrong::NoCommand),
            Command::Down if self.links.is_empty() => Some(Wrong::WhichLink),
            Command::Up
            | Command::Watch
            | Command::Down
            | Command::Reload
            | Command::Plan
            | Command::Check
            | Command::Show => None,
        };
        if let Some(wrong) = missing {
            self.refuse(wrong, b"");
        }
        let mut option = 0_usize;
        while let Some(given) = self.values.get(option) {
            if let (Some(word), Some(row)) = (given, TABLE.get(OPTIONS + option))
                && row.about & self.about == 0
            {
                self.refuse(Wrong::NotOfThisCommand, word);
            }
            option = option.wrapping_add(1);
        }
        self.timeout = self.seconds(Opt::Timeout);
        self.hook_timeout = self.seconds(Opt::HookTimeout);
        if let Some(word) = self.value(Opt::NotifyFd) {
            // Before we open anything.
            self.notify_fd =
                scalar::number(word).filter(|file| process::keep_for_us(*file).is_ok());
            if self.notify_fd.is_none() {
                self.refuse(Wrong::NotifyFd, word);
            }
        }
        if let Some(word) = self.value(Opt::Log) {
            let row = packed!("stderr,kmsg,syslog").position(word);
            match row.and_then(|row| TARGETS.get(row)) {
                Some(target) => self.log = *target,
                None => self.refuse(Wrong::Log, word),
            }
        }
        let mut list = self.value(Opt::Sources);
        while let Some(word) = parts::next(&mut list, b',') {
            match packed!("cmdline,ifcfg,firmware").position(word) {
                Some(row) => self.sources |= 1 << row,
                None => self.refuse(Wrong::Sources, word),
            }
        }
    }

    /// The value of an option that is a number of seconds.
    #[inline(never)]
    fn seconds(&mut self, option: Opt) -> Option<u32> {
        let word = self.value(option)?;
        let seconds = scalar::number(word);
        if seconds.is_none() {
            self.refuse(Wrong::Seconds, word);
        }
        seconds
    }

    #[inline(never)]
    fn refuse(&mut self, wrong: Wrong, word: &[u8]) {
        if self.refusal.as_bytes().is_empty() {
            self.refusal.put(b"ifdawn: ");
            self.refusal.unpack(WRONGS.line(wrong as usize));
            self.refusal.show(&Escaped(word));
        }
    }

    /// The commands, or the one that is asked about, and its options.
    fn help(&self, out: &mut Out<'_>) {
        let about = match self.about {
            0 => EVERY_COMMAND,
            command => command,
        };
        let text = &mut Text(out);
        let mut before = word!("ifdawn ");
        for (Row { about: of, .. }, row) in TABLE.iter().zip(0..) {
            if row == OPTIONS {
                text.word(word!("\nOptions:\n"));
                before = word!("  ");
            }
            if of & about != 0 {
                text.show(before, &LINES.line(row));
                text.octet(b'\n');
            }
        }
        text.show(word!(""), &packed!(
            "\nExit: 0 everything required is up, 1 it is not, 2 usage, 3 no source names a link, 125 not to be started again.\n"
        ));
    }
}

/// The row of a name; beyond all of them for what is none.
fn find(name: &[u8]) -> usize {
    Names(&NAMES).find(name).row()
}
