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

/// What each [`Problem`] says, in the order of [`Problem::sentence`]; `$` stands for what it holds.
const SENTENCES: &str = "\
$
is not an IP address
is not an IPv4 address
is not an IPv6 address
is not a prefix length or contiguous netmask
is not a MAC address
is not a link name (1-15 octets, no '/', ':', '%' or blank)
is not a number in range
is neither yes nor no
is not a host name
is not a domain name
is not an MTU (68-65535)
is not a method$
unknown
is not KEY=value
is not one shell word (check the quotes)
needs a shell, and none is ever run
uses a variable that is not set in this file
$ is missing
is more than this form has
is there twice
has no mask, /$ guessed
is in no subnet of the link
one more than $
longer than $
NUL octet
no such link
is not the MAC of the link with this name
matches several links, the first is taken
is the name of a link no rule speaks of
$ did not come in time
no carrier
takes the place of a route somebody else made
is not UTF-8
and $ more; `ifdawn check` shows them";

impl Problem<'_> {
    /// Its line in [`SENTENCES`].
    fn sentence(&self) -> u8 {
        match self {
            Problem::Ignored(_)
            | Problem::NotAvailable(_)
            | Problem::Conflict(_)
            | Problem::File(_)
            | Problem::Kernel(..)
            | Problem::Says(_) => 0,
            Problem::NotAnAddress => 1,
            Problem::NotIpv4 => 2,
            Problem::NotIpv6 => 3,
            Problem::BadPrefix => 4,
            Problem::NotAMac => 5,
            Problem::NotALinkName => 6,
            Problem::NotANumber => 7,
            Problem::NotABoolean => 8,
            Problem::NotAHostname => 9,
            Problem::NotADomain => 10,
            Problem::NotAnMtu => 11,
            Problem::UnknownMethod(_) => 12,
            Problem::UnknownKey(_) => 13,
            Problem::NotAnAssignment => 14,
            Problem::BadQuoting => 15,
            Problem::Expansion => 16,
            Problem::UnsetVariable => 17,
            Problem::Missing(_) => 18,
            Problem::ExtraField => 19,
            Problem::Duplicate => 20,
            Problem::NoMask(_) => 21,
            Problem::OffLink => 22,
            Problem::Full(_) => 23,
            Problem::TooLong(_) => 24,
            Problem::Nul => 25,
            Problem::NoSuchLink => 26,
            Problem::OtherMac => 27,
            Problem::Ambiguous => 28,
            Problem::NameTaken => 29,
            Problem::TimedOut(_) => 30,
            Problem::NoCarrier => 31,
            Problem::Replaces => 32,
            Problem::NotUtf8 => 33,
            Problem::More(_) => 34,
        }
    }

    /// What stands for `$`.
    fn held(&self) -> &dyn Display {
        if let Problem::NoMask(len) = self {
            len
        } else if let Problem::More(number) = self {
            number
        } else if let Problem::File(errno) | Problem::Kernel(errno, _) = self {
            errno
        } else if let Problem::UnknownMethod(text)
        | Problem::Ignored(text)
        | Problem::NotAvailable(text)
        | Problem::Missing(text)
        | Problem::Conflict(text)
        | Problem::Full(text)
        | Problem::TooLong(text)
        | Problem::TimedOut(text)
        | Problem::Says(text) = self
        {
            text
        } else {
            &""
        }
    }
}

impl Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in entry(SENTENCES, self.sentence()).bytes() {
            match octet {
                b'$' => self.held().fmt(f)?,
                _ => f.write_char(char::from(octet))?,
            }
        }
        if let Problem::UnknownKey(nearest) = self
            && !nearest.is_empty()
        {
            put(f, "; ", nearest)?;
            f.write_str("?")?;
        }
        if let Problem::Kernel(_, said) = self
            && !said.is_empty()
        {
            put(f, ", ", &Quoted(said))?;
        }
        Ok(())
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

/// What each [`Effect`] says, in their order.
const EFFECTS: &str = "
word ignored
line ignored
key unset
left out
default used
file ignored
the rest of it ignored
the later one counts
the first one counts
used so
added with onlink
link skipped
link not renamed
that link is moved aside
not set
link not configured by it
file kept
nothing was changed
address not added";

impl Effect {
    /// The words after the semicolon; "" for [`Effect::None`].
    pub fn text(self) -> &'static str {
        entry(EFFECTS, self as u8)
    }
}

/// Line `number`, from 0, of a table of words: one text, since a slice for each line takes 16 octets more.
#[inline(never)]
pub(crate) fn entry(table: &'static str, number: u8) -> &'static str {
    let mut lines = table.as_bytes().split(|octet| *octet == b'\n');
    let line = lines.nth(usize::from(number)).unwrap_or_default();
    str::from_utf8(line).unwrap_or_default()
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
struct Quoted<'a>(&'a [u8]);

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
