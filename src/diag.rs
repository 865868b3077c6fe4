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

pub use crate::complaint::{Complaint, Effect, Problem, Severity};
pub use crate::errno::Errno;
use crate::model::config::Config;
use crate::packed::{Packed, unpack, word};
pub use crate::subject::{Leased, Subject};
use crate::text::lines::Line;
use crate::text::show::{Show, Take, Text, displayed};
use core::slice;
use heapless::VecView;

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
    /// The file, in the order in which files are read.
    pub id: FileId,
    /// The file's name as the user knows it: `cmdline`, or a path.
    pub file: &'a [u8],
    /// The line; none: the file as a whole. Its octets are none when they are no longer at hand.
    pub line: Line<'a>,
    /// Column in octets, from 1; 0: the line as a whole.
    pub column: u32,
}

impl<'a> At<'a> {
    /// No place.
    pub const NONE: At<'static> = At {
        id: Origin::NONE.file,
        file: b"",
        line: Line::NONE,
        column: 0,
    };

    /// The place of a value whose text is gone, but for that of a command line; none where no line asked for it.
    pub fn of(origin: Origin, config: &'a Config<'_>) -> At<'a> {
        At {
            id: origin.file,
            file: config.file_name(origin.file),
            line: Line {
                number: origin.line,
                octets: match config.global.cmdline {
                    Some((file, kept)) if file == origin.file && origin.line == 1 => {
                        config.text(kept)
                    }
                    _ => b"",
                },
            },
            column: u32::from(origin.column),
        }
    }
}

/// One complaint.
#[derive(Clone, Copy)]
pub struct Diagnostic<'a> {
    /// What is said.
    pub complaint: Complaint,
    /// Where; [`At::NONE`] where no line asked for it.
    pub at: &'a At<'a>,
    /// The key (`IPADDR`, `ip=`), the link, or the command that failed.
    pub subject: Subject<'a>,
    /// The offending octets, printed quoted and escaped; empty for none.
    pub token: &'a [u8],
    /// The kernel's own words about [`Problem::Kernel`], the units ([`Packed`]) of the key that
    /// [`Problem::UnknownKey`] was probably meant to be; may be empty.
    pub detail: &'a [u8],
}

impl Complaint {
    /// Makes it of `subject`, which no line asked for.
    #[inline(never)]
    pub fn say(self, sink: &mut dyn Sink, subject: Subject<'_>) {
        sink.report(&Diagnostic {
            complaint: self,
            at: &At::NONE,
            subject,
            token: b"",
            detail: b"",
        });
    }

    /// Makes it of `subject`, asked for at `origin`.
    #[inline(never)]
    pub fn report(
        self,
        sink: &mut dyn Sink,
        config: &Config<'_>,
        origin: Origin,
        subject: Subject<'_>,
    ) {
        self.report_token(sink, config, origin, subject, b"");
    }

    /// The same, with what is wrong.
    #[inline(never)]
    pub fn report_token(
        self,
        sink: &mut dyn Sink,
        config: &Config<'_>,
        origin: Origin,
        subject: Subject<'_>,
        token: &[u8],
    ) {
        sink.report(&Diagnostic {
            complaint: self,
            at: &At::of(origin, config),
            subject,
            token,
            detail: b"",
        });
    }
}

/// Receives complaints.
pub trait Sink {
    /// Takes one complaint; must not fail.
    fn report(&mut self, diagnostic: &Diagnostic<'_>);
}

impl Diagnostic<'_> {
    /// The token and the problem: the `message` of the JSON form.
    pub fn message(&self) -> Message<'_> {
        Message(self)
    }
}

impl Show for Diagnostic<'_> {
    /// The line without the leading program name and without a line end.
    fn show(&self, f: &mut Text<'_>) {
        let at = self.at;
        if at.id != Origin::NONE.file {
            Escaped(at.file).show(f);
            for number in [at.line.number, at.column] {
                if number > 0 {
                    f.count(word!(":"), number);
                }
            }
            f.word(word!(": "));
        }
        self.subject.show(f);
        f.word(word!(": "));
        self.message().show(f);
        match self.complaint.effect.text() {
            Packed([]) => {}
            effect => f.show(word!("; "), &effect),
        }
    }
}

/// What is wrong, in words.
impl Show for Complaint {
    fn show(&self, f: &mut Text<'_>) {
        for unit in self.problem.text().0 {
            match unit {
                b'$' => self.number.show(f),
                b'!' => Errno::new(self.number.cast_signed()).show(f),
                b'@' => {}
                _ => unpack(slice::from_ref(unit), f),
            }
        }
    }
}

/// See [`Diagnostic::message`].
pub struct Message<'a>(&'a Diagnostic<'a>);

impl Show for Message<'_> {
    fn show(&self, f: &mut Text<'_>) {
        if !self.0.token.is_empty() {
            quoted(f, self.0.token);
            f.octet(b' ');
        }
        let complaint = self.0.complaint;
        complaint.show(f);
        match (self.0.detail, complaint.problem) {
            (b"", _) => {}
            (name, Problem::UnknownKey) => {
                f.word(word!("; "));
                unpack(name, f);
                f.octet(b'?')
            }
            (said, _) => {
                f.word(word!(", "));
                quoted(f, said);
            }
        }
    }
}

/// Octets as text that is safe on a console and in a log: printable ASCII as it is, `"` and `\` with a
/// backslash, everything else as `\xNN`, and no more than 160 octets.
#[derive(Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl Show for Escaped<'_> {
    fn show(&self, f: &mut Text<'_>) {
        const SHOWN: usize = 160;
        let shown = self.0.get(..SHOWN).unwrap_or(self.0);
        for &octet in shown {
            if matches!(octet, b'"' | b'\\') {
                f.octet(b'\\');
            }
            f.safe_octet(octet);
        }
        if self.0.len() > SHOWN {
            f.word(word!("..."));
        }
    }
}

/// Octets between quotes.
#[inline(never)]
fn quoted(f: &mut Text<'_>, octets: &[u8]) {
    f.show(word!("\""), &Escaped(octets));
    f.octet(b'"');
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

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.octets.clear();
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }

    /// Adds octets.
    pub fn put(&mut self, octets: &[u8]) {
        append(&mut self.octets, octets);
    }

    /// Adds a text of the program's own.
    pub fn unpack(&mut self, text: Packed) {
        put_packed(&mut self.octets, text);
    }

    /// Adds what is written of a value.
    pub fn show(&mut self, value: &dyn Show) {
        show(&mut self.octets, value);
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

displayed!(Diagnostic<'_>, Message<'_>, Escaped<'_>);

/// Adds what is written of a value, as much as there is room for.
#[inline(never)]
fn show(mut line: &mut VecView<u8>, value: &dyn Show) {
    value.show(&mut Text(&mut line));
}

/// The same of a packed text.
#[inline(never)]
fn put_packed(mut line: &mut VecView<u8>, text: Packed) {
    unpack(text.0, &mut Text(&mut line));
}

impl Take for &mut VecView<u8> {
    fn take(&mut self, octets: &[u8]) {
        append(self, octets);
    }
}

/// Adds as much as there is room for.
#[inline(never)]
fn append(line: &mut VecView<u8>, text: &[u8]) {
    // most pieces are one octet
    if let [octet] = text {
        let _ = line.push(*octet);
        return;
    }
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
            complaint: Complaint::error(Problem::NotIpv4, Effect::LineIgnored),
            at: &At {
                id: FileId(0),
                file: b"ifcfg-eth0",
                line: Line {
                    number: 7,
                    octets: b"IPADDR=10.0.0.300",
                },
                column: 8,
            },
            subject: Subject::Key(&Escaped(b"IPADDR")),
            token: b"10.0.0.300",
            detail: b"",
        };
        assert_eq!(
            d.to_string(),
            "ifcfg-eth0:7:8: IPADDR: \"10.0.0.300\" is not an IPv4 address; line ignored"
        );
    }

    #[test]
    fn problems_hold_numbers_and_errors() {
        let say = |problem, number, detail| {
            let d = Diagnostic {
                complaint: Complaint::error(problem, Effect::None).with(number),
                at: &At::NONE,
                subject: Subject::None,
                token: b"",
                detail,
            };
            d.message().to_string()
        };
        for (problem, number, detail, words) in [
            (Problem::UnknownMethod, 0, &b""[..], "is not a method"),
            (Problem::MeantDhcp, 0, b"", "is not a method; dhcp is"),
            (Problem::UnknownKey, 0, b"", "unknown key"),
            (Problem::UnknownKey, 0, b"IPADDR", "unknown key; IPADDR?"),
            (Problem::NoMask, 24, b"", "has no mask, /24 guessed"),
            (Problem::MaxLinks, 0, b"", "more than MAX_LINKS"),
            (Problem::File, 13, b"", "EACCES"),
            (Problem::File, 9_999, b"", "error 9999"),
            (Problem::Kernel, 1, b"", "EPERM"),
            (Problem::Kernel, 113, b"a\n", "EHOSTUNREACH, \"a\\x0a\""),
            (
                Problem::More,
                3,
                b"",
                "and 3 more; `ifdawn check` shows them",
            ),
        ] {
            assert_eq!(say(problem, number, detail), words);
        }
    }

    #[test]
    fn control_octets_never_reach_the_console() {
        assert_eq!(Escaped(b"a\x1b[2J\"\xff").to_string(), "a\\x1b[2J\\\"\\xff");
    }

    #[test]
    fn a_cut_line_shows_the_cut() {
        let mut line = LineBuf::<16>::new();
        line.put(&[b'x'; 40]);
        line.finish();
        assert_eq!(line.as_bytes(), b"xxxxxxxxxxxx...\n");
    }
}
