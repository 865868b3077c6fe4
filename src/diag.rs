//! Complaints: what was wrong, where, and what follows from it.
//!
//! Every complaint is one line of fixed grammar, written with one write:
//!
//! ```text
//! ifdawn: ifcfg-eth0:7:8: IPADDR: "10.0.0.300" is not an IPv4 address; line ignored
//!         |file      l c  subject token       problem                   effect
//! ```
//!
//! A [`Diagnostic`] borrows the text it complains about, so a [`Sink`] prints or counts it at once and
//! keeps nothing. Tests compare [`Problem`] and [`Effect`]; one test pins the wording.

pub use crate::errno::Errno;
use crate::model::config::Config;
pub(crate) use crate::problem::entry;
pub use crate::problem::{Effect, Problem};
use core::fmt::{self, Display, Write};
use heapless::VecView;

/// How bad it is. `check` exits 1 when there was an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something asked for was not understood or not done.
    Error,
    /// It was done, but probably not as meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word used in JSON and by `check`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// Number of a file in [`crate::model::config::Config::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId(pub u16);

/// Where a value came from: kept beside each value, so that a later failure can name its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// Column of the token, from 1; 65,535 stands for anything beyond.
    pub column: u16,
    /// Line, from 1; 0 where no line asked for it.
    pub line: u32,
}

impl Origin {
    /// For what no line asked for, such as the loopback link.
    pub const NONE: Origin = Origin {
        file: FileId(u16::MAX),
        column: 0,
        line: 0,
    };
}

/// A place in a text that is still at hand.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The file's name as the user knows it: `cmdline`, or a path.
    pub file: &'a [u8],
    /// Line, from 1; 0: the file as a whole.
    pub line: u32,
    /// Column in octets, from 1; 0: the line as a whole.
    pub column: u32,
    /// The line itself, without its end; empty when it is no longer at hand.
    pub text: &'a [u8],
}

impl<'a> At<'a> {
    /// The place of a value whose text is gone; `None` where no line asked for it.
    pub fn of(origin: Origin, config: &'a Config<'_>) -> Option<At<'a>> {
        (origin != Origin::NONE).then(|| At {
            file: config.file_name(origin.file),
            line: origin.line,
            column: u32::from(origin.column),
            text: b"",
        })
    }
}

/// One complaint.
#[derive(Clone, Copy)]
pub struct Diagnostic<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Where, if anywhere.
    pub at: Option<At<'a>>,
    /// The key (`IPADDR`, `ip=`), the link, or the command that failed; may be empty.
    pub subject: &'a dyn Display,
    /// The offending octets, printed quoted and escaped; empty for none.
    pub token: &'a [u8],
    /// What is wrong.
    pub problem: Problem<'a>,
    /// What follows.
    pub effect: Effect,
}

/// What a complaint says wherever it is made: mostly a constant, so that a place passes one reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub problem: Problem<'static>,
    /// What follows.
    pub effect: Effect,
}

impl Complaint {
    /// An error.
    pub const fn error(problem: Problem<'static>, effect: Effect) -> Complaint {
        Complaint::new(Severity::Error, problem, effect)
    }

    /// A warning.
    pub const fn warning(problem: Problem<'static>, effect: Effect) -> Complaint {
        Complaint::new(Severity::Warning, problem, effect)
    }

    /// A note.
    pub const fn note(problem: Problem<'static>, effect: Effect) -> Complaint {
        Complaint::new(Severity::Note, problem, effect)
    }

    const fn new(severity: Severity, problem: Problem<'static>, effect: Effect) -> Complaint {
        Complaint {
            severity,
            problem,
            effect,
        }
    }

    /// Makes it of `subject`, asked for at `origin`.
    #[inline(never)]
    pub fn report(
        &self,
        sink: &mut dyn Sink,
        config: &Config<'_>,
        origin: Origin,
        subject: &dyn Display,
    ) {
        sink.report(&Diagnostic {
            severity: self.severity,
            at: At::of(origin, config),
            subject,
            token: b"",
            problem: self.problem,
            effect: self.effect,
        });
    }
}

/// Receives complaints.
pub trait Sink {
    /// Takes one complaint; must not fail.
    fn report(&mut self, diagnostic: &Diagnostic<'_>);
}

/// Writes a word and the value after it.
#[inline(never)]
pub(crate) fn put(f: &mut fmt::Formatter<'_>, word: &str, value: &dyn Display) -> fmt::Result {
    f.write_str(word)?;
    value.fmt(f)
}

/// Writes a word and two hexadecimal digits after it.
#[inline(never)]
pub(crate) fn put_octet(w: &mut dyn Write, word: &str, octet: u8) -> fmt::Result {
    write!(w, "{word}{octet:02x}")
}

impl Diagnostic<'_> {
    /// The token and the problem: the `message` of the JSON form.
    pub fn message(&self) -> impl Display + '_ {
        Message(self)
    }
}

impl Display for Diagnostic<'_> {
    /// The line without the leading program name and without a line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            Escaped(at.file).fmt(f)?;
            number(f, at.line)?;
            number(f, at.column)?;
            f.write_str(": ")?;
        }
        self.subject.fmt(f)?;
        put(f, ": ", &Message(self))?;
        match self.effect.text() {
            "" => Ok(()),
            effect => put(f, "; ", &effect),
        }
    }
}

/// A part of a place; 0 is none.
#[inline(never)]
fn number(f: &mut fmt::Formatter<'_>, number: u32) -> fmt::Result {
    match number {
        0 => Ok(()),
        _ => put(f, ":", &number),
    }
}

struct Message<'a>(&'a Diagnostic<'a>);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.token.is_empty() {
            put(f, "", &Quoted(self.0.token))?;
            f.write_str(" ")?;
        }
        self.0.problem.fmt(f)
    }
}

/// Octets as text that is safe on a console and in a log: printable ASCII as it is, `"` and `\` with a
/// backslash, everything else as `\xNN`, and no more than 160 octets.
#[derive(Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 160;
        let shown = self.0.get(..SHOWN).unwrap_or(self.0);
        for &octet in shown {
            if matches!(octet, b'"' | b'\\') {
                f.write_char('\\')?;
            }
            match octet {
                0x20..=0x7e => f.write_char(octet as char)?,
                _ => put_octet(f, "\\x", octet)?,
            }
        }
        if self.0.len() > SHOWN {
            f.write_str("...")?;
        }
        Ok(())
    }
}

/// Octets between quotes.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        put(f, "\"", &Escaped(self.0))?;
        f.write_str("\"")
    }
}

/// A line under construction that never fails: what does not fit is cut, and the cut is shown.
pub struct LineBuf<const N: usize> {
    octets: heapless::Vec<u8, N>,
}

impl<const N: usize> LineBuf<N> {
    /// An empty line.
    pub const fn new() -> Self {
        LineBuf {
            octets: heapless::Vec::new(),
        }
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }

    /// Ends the line: a line feed, and `...` before it where something was cut.
    pub fn finish(&mut self) {
        if self.octets.len() >= N {
            self.octets.truncate(N.saturating_sub(4));
            let _ = self.octets.extend_from_slice(b"...");
        }
        let _ = self.octets.push(b'\n');
    }
}

impl<const N: usize> Default for LineBuf<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Write for LineBuf<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        append(&mut self.octets, text.as_bytes());
        Ok(())
    }
}

/// Adds as much as there is room for.
fn append(line: &mut VecView<u8>, text: &[u8]) {
    let room = line.capacity().saturating_sub(line.len());
    let taken = text.get(..room).unwrap_or(text);
    let _ = line.extend_from_slice(taken);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_line_names_place_token_problem_and_effect() {
        let d = Diagnostic {
            severity: Severity::Error,
            at: Some(At {
                file: b"ifcfg-eth0",
                line: 7,
                column: 8,
                text: b"IPADDR=10.0.0.300",
            }),
            subject: &"IPADDR",
            token: b"10.0.0.300",
            problem: Problem::NotIpv4,
            effect: Effect::LineIgnored,
        };
        assert_eq!(
            d.to_string(),
            "ifcfg-eth0:7:8: IPADDR: \"10.0.0.300\" is not an IPv4 address; line ignored"
        );
    }

    #[test]
    fn every_problem_and_effect_has_its_words() {
        for (problem, words) in [
            (Problem::Says("free text"), "free text"),
            (Problem::NotAnAddress, "is not an IP address"),
            (Problem::NotAnMtu, "is not an MTU (68-65535)"),
            (Problem::UnknownMethod(", none"), "is not a method, none"),
            (Problem::UnknownKey(""), "unknown"),
            (Problem::UnknownKey("IPADDR"), "unknown; IPADDR?"),
            (Problem::NotAnAssignment, "is not KEY=value"),
            (Problem::Missing("a thing"), "a thing is missing"),
            (Problem::Duplicate, "is there twice"),
            (Problem::NoMask(24), "has no mask, /24 guessed"),
            (Problem::Full("MAX_LINKS"), "one more than MAX_LINKS"),
            (Problem::TooLong("MAX_LINE"), "longer than MAX_LINE"),
            (Problem::File(Errno::EACCES), "EACCES"),
            (Problem::File(Errno(9_999)), "error 9999"),
            (Problem::Kernel(Errno::EPERM, b""), "EPERM"),
            (
                Problem::Kernel(Errno(113), b"a\n"),
                "EHOSTUNREACH, \"a\\x0a\"",
            ),
            (Problem::NoSuchLink, "no such link"),
            (Problem::TimedOut("udev"), "udev did not come in time"),
            (Problem::NotUtf8, "is not UTF-8"),
            (Problem::More(3), "and 3 more; `ifdawn check` shows them"),
        ] {
            assert_eq!(problem.to_string(), words);
        }
        assert_eq!(Effect::None.text(), "");
        assert_eq!(Effect::WordIgnored.text(), "word ignored");
        assert_eq!(Effect::AddrSkipped.text(), "address not added");
    }

    #[test]
    fn control_octets_never_reach_the_console() {
        assert_eq!(Escaped(b"a\x1b[2J\"\xff").to_string(), "a\\x1b[2J\\\"\\xff");
    }

    #[test]
    fn a_cut_line_shows_the_cut() {
        let mut line = LineBuf::<16>::new();
        write!(line, "{}", "x".repeat(40)).unwrap();
        line.finish();
        assert_eq!(line.as_bytes(), b"xxxxxxxxxxxx...\n");
    }
}
