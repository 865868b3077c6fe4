//! The command line: normalised (`-h`, `--key=value`, `-vq`), then read by argh.

use crate::sys::file::{self, Out};
use crate::sys::start::Arguments;
use argh::FromArgs;
use ifdawn::model::link::IfName;
use std::fmt::Write;
use std::mem::take;
use std::num::{IntErrorKind, ParseIntError};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Bring up.
    Up,
    /// Take back.
    Down,
    /// Print what `up` would change.
    Plan,
    /// Parse only.
    Check,
}

/// Name, operands, and what it does.
const COMMANDS: [(Command, &str, &str, &str); 4] = [
    (
        Command::Up,
        "up",
        "[IF...]",
        "bring up what is configured, or only IF...",
    ),
    (
        Command::Down,
        "down",
        "IF...",
        "take back what was configured on IF",
    ),
    (
        Command::Plan,
        "plan",
        "[IF...]",
        "print, as ip(8) commands, what `up` would change now",
    ),
    (
        Command::Check,
        "check",
        "[FILE...]",
        "read the configuration and say what is wrong with it",
    ),
];

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard error.
    Stderr,
    /// /dev/kmsg.
    Kmsg,
    /// /dev/log.
    Syslog,
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

/// Which inputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The kernel command line.
    pub cmdline: bool,
    /// ifcfg files.
    pub ifcfg: bool,
    /// Firmware tables were asked for by name.
    pub firmware: bool,
}

/// Everything the command line says.
pub struct Options {
    /// The words of it that need no reading.
    pub args: Args,
    /// What to do.
    pub command: Command,
    /// What follows the command.
    pub operands: &'static [Word],
    /// Links of `up`, `down` and `plan`.
    pub links: Vec<IfName>,
    /// `--sources`, if given.
    pub sources: Option<Sources>,
    /// `-v`, `-q`.
    pub verbosity: Verbosity,
    /// `--log`.
    pub log: Target,
}

/// A word that lives as long as the process.
type Word = &'static str;

#[derive(FromArgs)]
/// Brings a Linux machine's network up before anything else runs.
pub struct Args {
    /// prefix of every file read or written
    #[argh(option, arg_name = "dir", default = "\"\"", from_str_fn(kept))]
    pub root: Word,
    /// use this kernel command line
    #[argh(option, arg_name = "text", from_str_fn(kept))]
    pub cmdline: Option<Word>,
    /// use the kernel command line in this file
    #[argh(option, arg_name = "file", from_str_fn(kept))]
    pub cmdline_file: Option<Word>,
    /// what to read, of cmdline,ifcfg,firmware
    #[argh(option, arg_name = "list", from_str_fn(kept))]
    sources: Option<Word>,
    /// where ifcfg files are (/etc/sysconfig/network-scripts)
    #[argh(
        option,
        arg_name = "dir",
        default = "\"/etc/sysconfig/network-scripts\"",
        from_str_fn(kept)
    )]
    pub ifcfg_dir: Word,
    /// the resolver's file (/etc/resolv.conf)
    #[argh(
        option,
        arg_name = "path",
        default = "\"/etc/resolv.conf\"",
        from_str_fn(kept)
    )]
    pub resolv_conf: Word,
    /// seconds to wait for everything
    #[argh(option, arg_name = "seconds", from_str_fn(seconds))]
    pub timeout: Option<u32>,
    /// behave as in an initramfs: read the kernel command line too
    #[argh(switch)]
    pub initramfs: bool,
    /// plan: print the desired state as JSON
    #[argh(switch)]
    pub json: bool,
    /// plan: ask no kernel
    #[argh(switch)]
    pub offline: bool,
    /// say more
    #[argh(switch, short = 'v')]
    verbose: bool,
    /// say errors only
    #[argh(switch, short = 'q')]
    quiet: bool,
    /// where to say it: stderr, kmsg or syslog
    #[argh(option, arg_name = "target", from_str_fn(kept))]
    log: Option<Word>,
    /// the command, and what follows it
    #[argh(positional, from_str_fn(kept))]
    words: Vec<Word>,
}

fn kept(word: &str) -> Result<Word, String> {
    Ok(String::from(word).leak())
}

fn seconds(word: &str) -> Result<u32, String> {
    word.parse().map_err(|error: ParseIntError| {
        String::from(match error.kind() {
            IntErrorKind::Empty => "cannot parse integer from empty string",
            IntErrorKind::PosOverflow => "number too large to fit in target type",
            IntErrorKind::InvalidDigit | IntErrorKind::NegOverflow | IntErrorKind::Zero | _ => {
                "invalid digit found in string"
            }
        })
    })
}

/// What is wrong with the command line, and the word that shows it.
struct Refusal(&'static str, Word);

/// Reads the arguments; an exit code where there is nothing more to do.
pub fn options(arguments: &Arguments) -> Result<Options, u8> {
    read(arguments).map_err(|refusal| match refusal {
        Some(Refusal(problem, word)) => {
            crate::sys::log::to_stderr(&format_args!(
                "ifdawn: {problem}{word}\nTry: ifdawn --help\n"
            ));
            2
        }
        None => 0,
    })
}

/// `None` as an error: what was asked for is said.
fn read(arguments: &Arguments) -> Result<Options, Option<Refusal>> {
    let mut words = Vec::new();
    for argument in arguments.each() {
        let word = str::from_utf8(argument).map_err(|_| Refusal("an argument is not UTF-8", ""))?;
        normalise(word, &mut words);
    }
    match words.as_slice() {
        [] => Err(Some(Refusal("no command", ""))),
        ["--version" | "-V", ..] => {
            say(concat!("ifdawn ", env!("CARGO_PKG_VERSION"), "\n"));
            Err(None)
        }
        words if asks_for_help(words) => {
            help(words);
            Err(None)
        }
        words => {
            let args = Args::from_args(&["ifdawn"], words);
            let args = args.map_err(|exit| Refusal(exit.output.leak().trim_ascii(), ""))?;
            understand(args).map_err(Some)
        }
    }
}

/// Options that a value follows, which may look like anything.
const TAKES_VALUE: [Word; 8] = [
    "--root",
    "--cmdline",
    "--cmdline-file",
    "--sources",
    "--ifcfg-dir",
    "--resolv-conf",
    "--timeout",
    "--log",
];

/// Whether `--help` stands where an option does, and not as the value of one.
fn asks_for_help(words: &[Word]) -> bool {
    let mut is_value = false;
    words.iter().any(|word| {
        let is_help = *word == "--help" && !is_value;
        is_value = TAKES_VALUE.contains(word) && !is_value;
        is_help
    })
}

/// Splits `--key=value` and `-vq`, and turns `-h` and a first `help` into `--help`.
fn normalise(word: Word, words: &mut Vec<Word>) {
    let is_long = word.starts_with("--");
    let equals = word
        .bytes()
        .position(|octet| octet == b'=')
        .filter(|_| is_long);
    if words.last().is_some_and(|last| TAKES_VALUE.contains(last)) {
        words.push(word);
    } else if word == "-h" || word == "help" && words.is_empty() {
        words.push("--help");
    } else if let Some((key, value)) = equals.and_then(|at| word.split_at_checked(at)) {
        words.push(key);
        words.push(value.get(1..).unwrap_or_default());
    } else if word.len() > 2 && word.starts_with('-') && !is_long {
        for letter in word.chars().skip(1) {
            let mut flag = String::from("-");
            flag.push(letter);
            words.push(flag.leak());
        }
    } else {
        words.push(word);
    }
}

fn understand(mut args: Args) -> Result<Options, Refusal> {
    let Some((word, operands)) = take(&mut args.words).leak().split_first() else {
        return Err(Refusal(
            "Required positional arguments not provided:\n    command",
            "",
        ));
    };
    let Some((command, ..)) = COMMANDS.iter().find(|(_, name, ..)| name == word) else {
        return Err(Refusal("no command ", word));
    };
    let mut links = Vec::new();
    if *command != Command::Check {
        for name in operands {
            let link = IfName::new(name.as_bytes());
            links.push(link.ok_or(Refusal("not a link name: ", name))?);
        }
    }
    if *command == Command::Down && links.is_empty() {
        return Err(Refusal("down: which link?", ""));
    }
    Ok(Options {
        command: *command,
        links,
        sources: args.sources.map(sources).transpose()?,
        verbosity: match (args.verbose, args.quiet) {
            (true, _) => Verbosity::Verbose,
            (false, true) => Verbosity::Quiet,
            (false, false) => Verbosity::Usual,
        },
        log: match args.log {
            None | Some("stderr") => Target::Stderr,
            Some("kmsg") => Target::Kmsg,
            Some("syslog") => Target::Syslog,
            Some(other) => return Err(Refusal("--log: not stderr, kmsg or syslog: ", other)),
        },
        operands,
        args,
    })
}

fn sources(list: Word) -> Result<Sources, Refusal> {
    let mut sources = Sources {
        cmdline: false,
        ifcfg: false,
        firmware: false,
    };
    let mut rest = Some(list);
    while let Some(source) = rest {
        let comma = source.bytes().position(|octet| octet == b',');
        let (source, after) = source.split_at(comma.unwrap_or(source.len()));
        rest = after.get(1..);
        match source {
            "cmdline" => sources.cmdline = true,
            "ifcfg" => sources.ifcfg = true,
            "firmware" => sources.firmware = true,
            other => {
                return Err(Refusal(
                    "--sources: not cmdline, ifcfg or firmware: ",
                    other,
                ));
            }
        }
    }
    Ok(sources)
}

/// The commands, or one of them, and every option.
fn help(words: &[Word]) {
    let mut out = Out::new(file::stdout());
    let asked = COMMANDS.iter().find(|(_, name, ..)| words.contains(name));
    match asked {
        Some((_, name, operands, does)) => {
            let _ = write!(out, "ifdawn {name} {operands}\n  {does}\n");
        }
        None => {
            for (_, name, operands, does) in &COMMANDS {
                let _ = writeln!(out, "ifdawn {name:5} {operands:9}  {does}");
            }
        }
    }
    if let Err(exit) = Args::from_args(&["ifdawn"], &["--help"]) {
        const OPTIONS: &[u8] = b"\nOptions:";
        let at = exit
            .output
            .as_bytes()
            .windows(OPTIONS.len())
            .position(|part| part == OPTIONS);
        let _ = out.write_str(at.and_then(|at| exit.output.get(at..)).unwrap_or_default());
    }
    let _ = out.write_str("\nExit: 0 everything required is up, 1 something is not, 2 usage, 3 no source names any link.\n");
    out.flush();
}

fn say(text: &str) {
    let _ = nix::unistd::write(file::stdout(), text.as_bytes());
}
