//! Complaints that are the same wherever they are made.
//!
//! A reader complains in many places with few different words. What a place carries is a
//! [`Complaint`] of three octets, a constant in an instruction; the texts are in one string, since a
//! pointer and a length for each would take more room than the words.

use super::{Context, Place};
use crate::diag::{Effect, Problem, Severity};
use core::fmt::{self, Debug, Display};

/// A complaint without its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub problem: What,
    /// What follows.
    pub effect: Effect,
}

/// A [`Problem`]: that of the same name, or one with the text given here.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the first ones have the names of Problem")]
pub enum What {
    NotAnAddress,
    NotIpv4,
    NotIpv6,
    BadPrefix,
    NotAMac,
    NotALinkName,
    NotANumber,
    NotABoolean,
    NotAHostname,
    NotADomain,
    NotAnMtu,
    UnknownMethod,
    Duplicate,
    ExtraField,
    Nul,
    NotAnAssignment,
    /// [`Problem::NoMask`], for each class.
    NoMask8,
    NoMask16,
    NoMask24,
    /// `MAX_ADDRS`
    MaxAddrs,
    /// `MAX_ASSIGNMENTS`
    MaxAssignments,
    /// `MAX_LINKS`
    MaxLinks,
    /// `MAX_NAME_RULES`
    MaxNameRules,
    /// `MAX_ROUTES`
    MaxRoutes,
    /// `MAX_SEARCH`
    MaxSearch,
    /// `MAX_SERVERS`
    MaxServers,
    /// `MAX_STRINGS`
    MaxStrings,
    /// DEVICE or HWADDR
    NoLink,
    /// an argument
    NoArgument,
    /// the destination
    NoDestination,
    /// is left to the kernel
    LeftToKernel,
    /// is not supported yet
    NotYet,
    /// is not a part of a route that is read
    NotRead,
    /// alias and range files are not read yet
    AliasFile,
    /// means a virtual link, or a port of one, and those are not made yet
    Virtual,
    /// needs wireless, 802.1X, DCB, PPP or ISDN, which are not supported
    Foreign,
    /// begins with a byte order mark
    ByteOrderMark,
    /// follows a gap in the numbers
    Gap,
    /// has bits beyond its prefix length, they are cleared
    HostBits,
    /// means that only links which are named are brought up
    OnlyNamed,
    /// has no IPADDR of the same number
    NoIpaddr,
    /// is a gateway, and the file has no IPv4 address
    GatewayAlone,
    /// is a gateway, and the link may not have a default route
    NoDefroute,
    /// is configured by the kernel command line
    OnCmdline,
    /// is the gateway of another link
    OtherGateway,
    /// needs IPv6, which IPV6INIT or IPV6_DISABLED turns off
    Ipv6Off,
}

/// One line for each [`What`] from [`What::MaxAddrs`] on.
const TEXTS: &[u8] = b"\
    MAX_ADDRS\n\
    MAX_ASSIGNMENTS\n\
    MAX_LINKS\n\
    MAX_NAME_RULES\n\
    MAX_ROUTES\n\
    MAX_SEARCH\n\
    MAX_SERVERS\n\
    MAX_STRINGS\n\
    DEVICE or HWADDR\n\
    an argument\n\
    the destination\n\
    is left to the kernel\n\
    is not supported yet\n\
    is not a part of a route that is read\n\
    alias and range files are not read yet\n\
    means a virtual link, or a port of one, and those are not made yet\n\
    needs wireless, 802.1X, DCB, PPP or ISDN, which are not supported\n\
    begins with a byte order mark\n\
    follows a gap in the numbers\n\
    has bits beyond its prefix length, they are cleared\n\
    means that only links which are named are brought up\n\
    has no IPADDR of the same number\n\
    is a gateway, and the file has no IPv4 address\n\
    is a gateway, and the link may not have a default route\n\
    is configured by the kernel command line\n\
    is the gateway of another link\n\
    needs IPv6, which IPV6INIT or IPV6_DISABLED turns off\n";

impl What {
    #[inline(never)]
    fn text(self) -> &'static str {
        let number = (self as usize).wrapping_sub(What::MaxAddrs as usize);
        let text = TEXTS.split(|octet| *octet == b'\n').nth(number);
        core::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
    }

    /// In words.
    pub fn problem(self) -> Problem<'static> {
        match self {
            What::UnknownMethod => Problem::UnknownMethod(""),
            What::NotAnAddress => Problem::NotAnAddress,
            What::NotIpv4 => Problem::NotIpv4,
            What::NotIpv6 => Problem::NotIpv6,
            What::BadPrefix => Problem::BadPrefix,
            What::NotAMac => Problem::NotAMac,
            What::NotALinkName => Problem::NotALinkName,
            What::NotANumber => Problem::NotANumber,
            What::NotABoolean => Problem::NotABoolean,
            What::NotAHostname => Problem::NotAHostname,
            What::NotADomain => Problem::NotADomain,
            What::NotAnMtu => Problem::NotAnMtu,
            What::Duplicate => Problem::Duplicate,
            What::ExtraField => Problem::ExtraField,
            What::Nul => Problem::Nul,
            What::NotAnAssignment => Problem::NotAnAssignment,
            What::NoMask8 => Problem::NoMask(8),
            What::NoMask16 => Problem::NoMask(16),
            What::NoMask24 => Problem::NoMask(24),
            What::MaxAddrs
            | What::MaxAssignments
            | What::MaxLinks
            | What::MaxNameRules
            | What::MaxRoutes
            | What::MaxSearch
            | What::MaxServers
            | What::MaxStrings => Problem::Full(self.text()),
            What::NoLink | What::NoArgument | What::NoDestination => Problem::Missing(self.text()),
            What::LeftToKernel => Problem::Ignored(self.text()),
            What::NotYet | What::NotRead | What::AliasFile | What::Virtual | What::Foreign => {
                Problem::NotAvailable(self.text())
            }
            What::ByteOrderMark | What::Gap | What::HostBits | What::OnlyNamed => {
                Problem::Says(self.text())
            }
            What::NoIpaddr
            | What::GatewayAlone
            | What::NoDefroute
            | What::OnCmdline
            | What::OtherGateway
            | What::Ipv6Off => Problem::Conflict(self.text()),
        }
    }
}

impl Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.problem(), f)
    }
}

impl Complaint {
    /// An error.
    pub const fn error(problem: What, effect: Effect) -> Complaint {
        Complaint {
            severity: Severity::Error,
            problem,
            effect,
        }
    }

    /// A warning.
    pub const fn warning(problem: What, effect: Effect) -> Complaint {
        Complaint {
            severity: Severity::Warning,
            problem,
            effect,
        }
    }

    /// A note.
    pub const fn note(problem: What, effect: Effect) -> Complaint {
        Complaint {
            severity: Severity::Note,
            problem,
            effect,
        }
    }
}

/// Complains about `token` at `place`.
#[inline(never)]
pub fn complain_at(
    place: Place<'_>,
    subject: &dyn Display,
    token: &[u8],
    complaint: Complaint,
    cx: &mut Context<'_, '_>,
) {
    let Complaint {
        severity,
        problem,
        effect,
    } = complaint;
    cx.complain(severity, place, subject, token, problem.problem(), effect);
}

/// Complains about the file as a whole.
pub fn complain_of_file(complaint: Complaint, cx: &mut Context<'_, '_>) {
    const WHOLE: Place<'static> = Place {
        line: 0,
        column: 0,
        text: b"",
    };
    complain_at(WHOLE, &"file", b"", complaint, cx);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_its_text() {
        assert_eq!(What::MaxAddrs.problem(), Problem::Full("MAX_ADDRS"));
        let last = Problem::Conflict("needs IPv6, which IPV6INIT or IPV6_DISABLED turns off");
        assert_eq!(What::Ipv6Off.problem(), last);
    }
}
