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
use core::fmt::{self, Display, Write};

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

/// What is wrong. [`Display`] continues the sentence that the subject and the quoted token began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem<'a> {
    /// Neither an IPv4 nor an IPv6 address.
    NotAnAddress,
    /// Not an IPv4 address.
    NotIpv4,
    /// Not an IPv6 address.
    NotIpv6,
    /// Prefix length or netmask out of range or not contiguous.
    BadPrefix,
    /// Not a MAC address of 6 or 20 octets.
    NotAMac,
    /// Not a link name: 1 to 15 octets without `/`, `:`, `%` and blanks.
    NotALinkName,
    /// Not a number, or out of range.
    NotANumber,
    /// Not a yes/no word.
    NotABoolean,
    /// Not a host name (RFC 1123, at most 64 octets).
    NotAHostname,
    /// Not a domain name.
    NotADomain,
    /// Not an MTU the kernel takes (68 to 65,535; with IPv6 at least 1,280).
    NotAnMtu,
    /// `ip=` with a method nobody knows; the second text is the likely intent.
    UnknownMethod(&'static str),
    /// A key or option that is not in the table, and the nearest one that is ("" for none).
    UnknownKey(&'static str),
    /// Known, and deliberately without effect.
    Ignored(&'static str),
    /// Known, belongs to a feature this version does not have.
    NotAvailable(&'static str),
    /// A line that is no assignment.
    NotAnAssignment,
    /// Quotes that do not close, or shell syntax that is not a plain word.
    BadQuoting,
    /// `$(...)`, backticks, `${x:-y}`: nothing is ever executed.
    Expansion,
    /// `$NAME` where NAME is not set before.
    UnsetVariable,
    /// A value the format requires is missing; the text names it.
    Missing(&'static str),
    /// More fields than the form has.
    ExtraField,
    /// Contradicts another part of the same input.
    Conflict(&'static str),
    /// Said before; the later one counts.
    Duplicate,
    /// No mask given: guessed from the address class (RFC 791).
    NoMask(u8),
    /// The gateway is in no subnet of the link.
    OffLink,
    /// A table is full; the text names its constant in [`crate::limits`].
    Full(&'static str),
    /// A line, value or file that is longer than its limit.
    TooLong(&'static str),
    /// A NUL octet in a text file.
    Nul,
    /// A file that could not be read or written.
    File(Errno),
    /// The kernel refused, and its own words (extended acknowledgement), or "".
    Kernel(Errno, &'a [u8]),
    /// No link has this name or MAC.
    NoSuchLink,
    /// The link with this name has another MAC; the text says which.
    OtherMac,
    /// Several links match one rule.
    Ambiguous,
    /// The name is taken by a link no rule speaks of.
    NameTaken,
    /// Did not appear, answer or settle in time; the text names what.
    TimedOut(&'static str),
    /// The link has no carrier.
    NoCarrier,
    /// A foreign route with the same destination and metric stood in the way.
    Replaces,
    /// Free text for what happens once.
    Says(&'static str),
    /// Not UTF-8.
    NotUtf8,
    /// So many more complaints, which `check` shows.
    More(u32),
}

impl Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Problem::NotAnAddress => "is not an IP address",
            Problem::NotIpv4 => "is not an IPv4 address",
            Problem::NotIpv6 => "is not an IPv6 address",
            Problem::BadPrefix => "is not a prefix length or contiguous netmask",
            Problem::NotAMac => "is not a MAC address",
            Problem::NotALinkName => "is not a link name (1-15 octets, no '/', ':', '%' or blank)",
            Problem::NotANumber => "is not a number in range",
            Problem::NotABoolean => "is neither yes nor no",
            Problem::NotAHostname => "is not a host name",
            Problem::NotADomain => "is not a domain name",
            Problem::NotAnMtu => "is not an MTU (68-65535)",
            Problem::UnknownMethod(intent) => return write!(f, "is not a method{intent}"),
            Problem::UnknownKey("") => "unknown",
            Problem::UnknownKey(nearest) => return write!(f, "unknown; {nearest}?"),
            Problem::Ignored(why)
            | Problem::NotAvailable(why)
            | Problem::Conflict(why)
            | Problem::Says(why) => why,
            Problem::NotAnAssignment => "is not KEY=value",
            Problem::BadQuoting => "is not one shell word (check the quotes)",
            Problem::Expansion => "needs a shell, and none is ever run",
            Problem::UnsetVariable => "uses a variable that is not set in this file",
            Problem::Missing(what) => return write!(f, "{what} is missing"),
            Problem::ExtraField => "is more than this form has",
            Problem::Duplicate => "is there twice",
            Problem::NoMask(len) => return write!(f, "has no mask, /{len} guessed"),
            Problem::OffLink => "is in no subnet of the link",
            Problem::Full(limit) => return write!(f, "one more than {limit}"),
            Problem::TooLong(limit) => return write!(f, "longer than {limit}"),
            Problem::Nul => "NUL octet",
            Problem::File(errno) => return write!(f, "{errno}"),
            Problem::Kernel(errno, b"") => return write!(f, "{errno}"),
            Problem::Kernel(errno, said) => return write!(f, "{errno}, \"{}\"", Escaped(said)),
            Problem::NoSuchLink => "no such link",
            Problem::OtherMac => "is not the MAC of the link with this name",
            Problem::Ambiguous => "matches several links, the first is taken",
            Problem::NameTaken => "is the name of a link no rule speaks of",
            Problem::TimedOut(what) => return write!(f, "{what} did not come in time"),
            Problem::NoCarrier => "no carrier",
            Problem::Replaces => "takes the place of a route somebody else made",
            Problem::NotUtf8 => "is not UTF-8",
            Problem::More(more) => return write!(f, "and {more} more; `ifdawn check` shows them"),
        };
        f.write_str(text)
    }
}

/// What follows from a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes.
    None,
    /// This word of the command line has no effect.
    WordIgnored,
    /// This line has no effect.
    LineIgnored,
    /// This key is as if unset.
    KeyUnset,
    /// This field or list item is left out, the rest of the word or line counts.
    PartIgnored,
    /// The default is used.
    DefaultUsed,
    /// This file has no effect.
    FileIgnored,
    /// The rest of the file has no effect.
    RestIgnored,
    /// The later one counts.
    LaterWins,
    /// The earlier one counts.
    EarlierWins,
    /// Used as guessed.
    Guessed,
    /// The route is added with `onlink`.
    OnlinkUsed,
    /// The link is left alone.
    LinkSkipped,
    /// The link keeps its name.
    NotRenamed,
    /// The other link is moved to the name given.
    MovedAside,
    /// Not done.
    NotSet,
    /// The link was not configured by this method.
    MethodSkipped,
    /// The file is kept as it is.
    FileKept,
    /// Nothing was changed.
    NothingChanged,
    /// The address is not added.
    AddrSkipped,
}

impl Effect {
    /// The words after the semicolon; "" for [`Effect::None`].
    pub fn text(self) -> &'static str {
        match self {
            Effect::None => "",
            Effect::WordIgnored => "word ignored",
            Effect::LineIgnored => "line ignored",
            Effect::KeyUnset => "key unset",
            Effect::PartIgnored => "left out",
            Effect::DefaultUsed => "default used",
            Effect::FileIgnored => "file ignored",
            Effect::RestIgnored => "the rest of it ignored",
            Effect::LaterWins => "the later one counts",
            Effect::EarlierWins => "the first one counts",
            Effect::Guessed => "used so",
            Effect::OnlinkUsed => "added with onlink",
            Effect::LinkSkipped => "link skipped",
            Effect::NotRenamed => "link not renamed",
            Effect::MovedAside => "that link is moved aside",
            Effect::NotSet => "not set",
            Effect::MethodSkipped => "link not configured by it",
            Effect::FileKept => "file kept",
            Effect::NothingChanged => "nothing was changed",
            Effect::AddrSkipped => "address not added",
        }
    }
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
        if let Some(at) = self.at {
            write!(f, "{}:", Escaped(at.file))?;
            if at.line > 0 {
                write!(f, "{}:", at.line)?;
            }
            if at.column > 0 {
                write!(f, "{}:", at.column)?;
            }
            f.write_char(' ')?;
        }
        write!(f, "{}: {}", self.subject, Message(self))?;
        let effect = self.effect.text();
        if !effect.is_empty() {
            write!(f, "; {effect}")?;
        }
        Ok(())
    }
}

struct Message<'a>(&'a Diagnostic<'a>);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.token.is_empty() {
            write!(f, "\"{}\" ", Escaped(self.0.token))?;
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
        for &octet in self.0.iter().take(SHOWN) {
            match octet {
                b'"' | b'\\' => {
                    f.write_char('\\')?;
                    f.write_char(octet as char)?;
                }
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
        let room = N.saturating_sub(self.octets.len());
        let taken = text
            .as_bytes()
            .get(..room.min(text.len()))
            .unwrap_or_default();
        let _ = self.octets.extend_from_slice(taken);
        Ok(())
    }
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
