//! Complaints that are the same wherever they are made.
//!
//! A reader complains in many places with few different words. What a place carries is a
//! [`Complaint`] of three octets, a constant in an instruction; the texts are in one string, since a
//! pointer and a length for each would take more room than the words.

use crate::diag::{Effect, Problem, Severity};
use crate::model::addr::classful_len;
use crate::text::parts;
use crate::text::scalar::CidrError;
use core::fmt::{self, Debug};
use core::net::Ipv4Addr;

/// A complaint without its place. Aligned, so that it is one register and not three octets of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(4))]
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
    BadQuoting,
    Expansion,
    UnsetVariable,
    NotUtf8,
    NoSuchLink,
    /// [`Problem::TooLong`]
    MaxValue,
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
    /// its gateway or its link
    NoGateway,
    /// is left to the kernel
    LeftToKernel,
    /// asks for a virtual link
    CmdlineVirtual,
    /// is about firmware
    CmdlineFirmware,
    /// is about s390 channel devices
    CmdlineS390,
    /// is about a resolver
    CmdlineResolver,
    /// is not available yet
    CmdlineNotYet,
    /// is a firmware source
    FirmwareMethod,
    /// stands where the NTP server does
    NtpServer,
    /// dhcp is a method
    MeantDhcp,
    /// on is a method
    MeantOn,
    /// link6 is a method
    MeantLink6,
    /// methods are lower case
    MeantLowerCase,
    /// how an address is given
    MeantAddress,
    /// how a link is given
    MeantLink,
    /// how a MAC is given
    MeantMac,
    /// some methods
    MeantMethod,
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
    its gateway or its link\n\
    is left to the kernel\n\
    asks for a virtual link, which is not available yet\n\
    is about firmware, which is not read yet\n\
    is about s390 channel devices, which are not set up here\n\
    is about a resolver, and only resolv.conf is written\n\
    is not available yet\n\
    is a firmware source, which is not read yet\n\
    stands where the NTP server does, and the clock is not set here\n\
    ; dhcp is\n\
    ; on is\n\
    ; link6 is\n\
    ; methods are lower case\n\
    ; an address is ip=ADDRESS::GATEWAY:MASK::LINK:none\n\
    ; a link is ip=LINK:dhcp\n\
    ; a MAC with colons stands in brackets\n\
    ; one is dhcp, on, auto6, dhcp6, link6 or none\n\
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
    /// Its line of [`TEXTS`]; "" where it has none.
    #[inline(never)]
    fn text(self) -> &'static str {
        let number = (self as usize).checked_sub(What::MaxAddrs as usize);
        let text = number.and_then(|number| parts::nth(TEXTS, b'\n', number));
        core::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
    }

    /// The prefix length of the class of an address without mask, and [`Problem::NoMask`] with it.
    pub fn no_mask(addr: Ipv4Addr) -> (u8, What) {
        let len = classful_len(addr);
        let what = match len {
            8 => What::NoMask8,
            16 => What::NoMask16,
            _ => What::NoMask24,
        };
        (len, what)
    }

    /// In words.
    pub fn problem(self) -> Problem<'static> {
        let text = self.text();
        match self {
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
            What::BadQuoting => Problem::BadQuoting,
            What::Expansion => Problem::Expansion,
            What::UnsetVariable => Problem::UnsetVariable,
            What::NotUtf8 => Problem::NotUtf8,
            What::NoSuchLink => Problem::NoSuchLink,
            What::MaxValue => Problem::TooLong("MAX_VALUE"),
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
            | What::MaxStrings => Problem::Full(text),
            What::NoLink | What::NoArgument | What::NoDestination | What::NoGateway => {
                Problem::Missing(text)
            }
            What::LeftToKernel
            | What::CmdlineVirtual
            | What::CmdlineFirmware
            | What::CmdlineS390
            | What::CmdlineResolver
            | What::CmdlineNotYet
            | What::FirmwareMethod
            | What::NtpServer => Problem::Ignored(text),
            What::UnknownMethod
            | What::MeantDhcp
            | What::MeantOn
            | What::MeantLink6
            | What::MeantLowerCase
            | What::MeantAddress
            | What::MeantLink
            | What::MeantMac
            | What::MeantMethod => Problem::UnknownMethod(text),
            What::NotYet | What::NotRead | What::AliasFile | What::Virtual | What::Foreign => {
                Problem::NotAvailable(text)
            }
            What::ByteOrderMark | What::Gap | What::HostBits | What::OnlyNamed => {
                Problem::Says(text)
            }
            What::NoIpaddr
            | What::GatewayAlone
            | What::NoDefroute
            | What::OnCmdline
            | What::OtherGateway
            | What::Ipv6Off => Problem::Conflict(text),
        }
    }
}

impl From<CidrError> for What {
    fn from(error: CidrError) -> What {
        match error {
            CidrError::Addr => What::NotAnAddress,
            CidrError::Len => What::BadPrefix,
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
