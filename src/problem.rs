//! What is wrong, and what follows from it: the words of complaints.

use crate::diag::{Quoted, put};
use crate::errno::Errno;
use core::fmt::{self, Display, Write};

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
