//! The words of complaints: what may be wrong, and what follows from it.
//!
//! A reader complains in many places with few different words. What a place carries is a [`Complaint`],
//! a constant in an instruction; the words are lines of one text, since a pointer and a length for each
//! would take more room than the words.

use crate::errno::Errno;
use crate::packed::{Packed, packed};
use crate::text::parts;

/// An enum and the words of each of its variants, which are the lines of one text.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $texts:ident: $($variant:ident $text:literal,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        const $texts: Packed = packed!(concat!($($text, "\n",)*));
    };
}

words! {
    /// How bad it is. `check` exits 1 when there was an error.
    ///
    /// An error: something asked for was not understood or not done. A warning: it was done, but
    /// probably not as meant. A note: worth knowing.
    Severity, SEVERITIES:
    Error "error",
    Warning "warning",
    Note "note",
}

words! {
    /// What is wrong: the sentence that the subject and the quoted token began goes on with it.
    ///
    /// `$` stands for [`Complaint::number`], `!` for the name of the error of that number; what is before `@`
    /// is what did not come in time.
    Problem, PROBLEMS:
    NotAnAddress "is not an IP address",
    NotIpv4 "is not an IPv4 address",
    NotIpv6 "is not an IPv6 address",
    BadPrefix "is not a prefix length or netmask",
    NotAMac "is not a MAC address",
    NotALinkName "is not a link name (1-15 octets, no / : % or blank)",
    NotANumber "is not a number in range",
    NotABoolean "is neither yes nor no",
    NotAHostname "is not a host name",
    NotADomain "is not a domain name",
    NotAnMtu "is not an MTU (68-65535)",
    NotAClientId "is not a client identifier (01-02-03, or text after an at sign)",
    NotADuid "is not a DUID (00:04:11:22:.., or ll)",
    TooLong "is longer than 254 octets",
    UnknownMethod "is not a method",
    MeantDhcp "is not a method; dhcp is",
    MeantLink6 "is not a method; link6 is",
    MeantLowerCase "is not a method; methods are lower case",
    MeantAddress "is not a method; an address is ip=ADDRESS::GATEWAY:MASK::LINK:none",
    MeantLink "is not a method; a link is ip=LINK:dhcp",
    MeantMac "is not a method; a MAC with colons stands in brackets",
    MeantMethod "is not a method; one is dhcp, on, auto6, dhcp6, link6 or none",
    UnknownKey "unknown key",
    NotAnAssignment "is not KEY=value",
    BadQuoting "is not one shell word (check the quotes)",
    Expansion "needs a shell, and none is run",
    UnsetVariable "uses a variable not set in this file",
    NotUtf8 "is not UTF-8",
    Nul "NUL octet",
    MaxValue "longer than MAX_VALUE",
    MaxFileOctets "longer than MAX_FILE_OCTETS",
    NoLink "DEVICE or HWADDR is missing",
    NoArgument "an argument is missing",
    NoDestination "the destination is missing",
    NoGateway "its gateway or link is missing",
    ExtraField "is more than this form has",
    Duplicate "is there twice",
    NoMask "has no mask, /$ guessed",
    HostBits "has host bits, cleared",
    ByteOrderMark "begins with a byte order mark",
    Gap "follows a gap in the numbers",
    More "and $ more; `ifdawn check` shows them",
    File "!",
    Kernel "!",
    NotAVlanId "is not a VLAN id (1-4094)",
    NotAPkey "is not a partition key (0-ffff)",
    NotAnOption "is not an option of this kind of link",
    NotAWord "is none of its words",
    NeedsOther "needs an option that is not set",
    NotWith "is not set to what it needs",
    MappedTwice "says twice what becomes of a priority",
    NoParent "its parent is missing",
    NoMaster "its master is missing",
    OtherMaster "is not its only master",
    NotHere "belongs into an ifcfg file",
    PortAddr "is not for a port, which has no addresses",
    NoModule "is a kernel module that this image lacks",
    OtherKind "is a link of another kind",
    Differs "differs, and the link is in use by others",
    NotInKernel "is not taken by this kernel",
    Loop "is in a loop of links, or above one",
    PortMtu "has another MTU than its bond",
    SameVlan "is the VLAN of another link there",
    DelayClamped "is not 2-30 s: with STP the nearest of these counts",
    MaxInfo "more than INFO_OCTETS",
    NotPartition "is not the name of this partition",
    TeamAsBond "is made as a bond",
    VlanIfNone "is a VLAN if it is not there",
    Later "is read, and not all done yet",
    NotATable "is in no rt_tables",
    NotARule "is not a part of a rule that is read",
    NotAnAlias "is not a label",
    NotARange "is not a range of addresses of one /24",
    NoBase "belongs to no link of another file",
    NotAMatch "asks for what is not looked at",
    FirmwareSays "is what the firmware says",
    BadTable "is damaged",
    S390Only "is about s390 devices, and there are none",
    NotACommand "is not a command of ethtool",
    MaxAddrs "more than MAX_ADDRS",
    MaxAssignments "more than MAX_ASSIGNMENTS",
    MaxAttrs "more than MAX_ATTRS",
    MaxFiles "more than MAX_FILES",
    MaxKernelLinks "more than MAX_KERNEL_LINKS",
    MaxLinks "more than MAX_LINKS",
    MaxNameRules "more than MAX_NAME_RULES",
    MaxAltNames "more than MAX_ALTNAMES",
    MaxRoutes "more than MAX_ROUTES",
    MaxRules "more than MAX_RULES",
    MaxSearch "more than MAX_SEARCH",
    MaxServers "more than MAX_SERVERS",
    MaxStrings "more than MAX_STRINGS",
    MaxTables "more than MAX_TABLES",
    RestoreOctets "more than RESTORE_OCTETS",
    NtpServer "is the NTP server, and the clock is not set here",
    CmdlineResolver "is about a resolver; only resolv.conf is written",
    NotYet "is not supported",
    NoStaticProbe "is not supported yet for static addresses",
    NotRead "is not a part of a route that is read",
    Virtual "is a kind of link that is not made",
    Foreign "needs wireless, 802.1X, DCB, PPP, ISDN or Open vSwitch, not supported",
    NoIpv4ll "IPv4 link-local addresses are not supported yet",
    Ipv6Off "needs IPv6, off by IPV6INIT or IPV6_DISABLED",
    OnlyNamed "means that only named links are brought up",
    OnCmdline "is configured by the kernel command line",
    OnFile "is configured by an ifcfg file",
    NoIpaddr "has no IPADDR of the same number",
    GatewayAlone "is a gateway, and the file has no IPv4 address",
    NoDefroute "is a gateway, and the link may not have a default route",
    OtherGateway "is the gateway of another link",
    OffLink "is in no subnet of the link",
    ElsewhereGateway "is not used: GATEWAYDEV names another link",
    GatewayWithoutAddr "is the gateway of a family without an address",
    NoLinkOfRoute "goes to a link that nothing configures",
    NoSubnetOfRoute "has its gateway in no subnet of a link",
    Replaces "takes the place of a route of others",
    Yields "is in the place of a route of others",
    NoSuchLink "no such link",
    OtherMac "is not the MAC of the link with this name",
    NameTaken "is the name of a link no rule speaks of",
    NameOfLoopback "is the name of the loopback link",
    NameClaimed "is claimed by an earlier MAC rule",
    RenameTakenBack "a rename failed; every link has its old name",
    RenameStuck "a rename failed, and so did taking it back",
    NoDeviceYet "the device@ did not come in time",
    NoUdevYet "udev@ did not come in time",
    NoLowerYet "the link it lies on@ did not come in time",
    NoPortYet "its first port@ did not come in time",
    NoDadYet "the end of duplicate address detection@ did not come in time",
    NoCarrierYet "carrier@ did not come in time",
    NoLeaseYet "a DHCPv4 lease@ did not come in time",
    NoRootYet "a DHCPv4 lease with a root path@ did not come in time",
    NoPartnerYet "an LACP partner@ did not come in time",
    NoRaYet "an IPv6 address@ did not come in time",
    NoLease6Yet "a DHCPv6 lease@ did not come in time",
    NothingGiven "a DHCPv6 server gives no address",
    NotOnLink "a DHCPv6 server says that the lease is of another link",
    Reconfigure "a DHCPv6 server wants to be asked anew",
    MaxDhcp "more than MAX_DHCP",
    BadPacket "an answer was malformed",
    BadChecksum "an answer had a wrong checksum",
    OfferedAddr "a DHCPv4 server offers an address no host may have",
    OfferedMask "a DHCPv4 server offers an invalid netmask",
    OfferedServer "a DHCPv4 server does not say who it is",
    OfferedTime "a DHCPv4 server offers no lease time, or one below 4 s",
    OfferedOther "a DHCPv4 server answers what was not asked",
    BadAdvert "some of what a router says is invalid or too much",
    BadOption "option $ of the lease is invalid or too long",
    JailCrashed "the packet jail died",
    JailHung "the packet jail hangs",
    JailGivenUp "the packet jail died or hung too often",
    NoSeccomp "no seccomp in this kernel; DHCP needs ifdawn.jail=off",
    NotSent "nothing can be sent: !",
    LeaseKept "no server answered; the lease is still valid",
    LeaseEnded "the lease ended",
    Nak "the DHCPv4 server refuses the lease",
    NoCarrier "no carrier",
    AddrTaken "another host has this address",
    NothingOfOurs "nothing of ours is on it",
    UsedByOthers "is in use by others; it stays",
    WrittenByOthers "is not ours (see its first line)",
    ManyServers "names more than three servers; the resolver reads three",
    NotMerged "is not ours, or is too long to merge",
    OwnedNotUnderstood "a line of its owned file is not understood",
    UnsafeHook "is not root's alone to write, or not for root to run",
    HookExit "ended with exit code $",
    HookSignal "was ended by signal $",
    HookLate "took longer than $ s and was killed",
    TakenDown "taken down by somebody else",
    Removed "removed $ times in 10 s",
    Flaps "carrier lost $ times in 10 s",
    NoSource "no source names this link",
}

words! {
    /// What follows from a problem.
    Effect, EFFECTS:
    None "",
    WordIgnored "word ignored",
    LineIgnored "line ignored",
    KeyUnset "key unset",
    PartIgnored "left out",
    DefaultUsed "default used",
    FileIgnored "file ignored",
    RestIgnored "rest ignored",
    LaterWins "the later one counts",
    Guessed "used so",
    OnlinkUsed "added with onlink",
    LinkSkipped "link skipped",
    NotRenamed "link not renamed",
    MovedAside "that link is moved aside",
    NotSet "not set",
    MethodSkipped "link not configured by it",
    FileKept "file kept",
    AnswerDropped "answer dropped",
    AddrTakenBack "address taken back",
    NothingChanged "nothing was changed",
    AddrSkipped "address not added",
    NotMade "link not made",
    NotLocked "going on without it",
    NotRun "not run",
    HeldByOthers "another run holds it, nothing was changed",
    LeftAlone "left alone until `ifdawn up`, or its link is up anew",
    Rests "it waits until carrier lasts",
}

impl Severity {
    /// The word used in JSON and by `check`.
    pub fn word(self) -> Packed {
        SEVERITIES.line(self as usize)
    }
}

impl Problem {
    /// The words.
    pub fn text(self) -> Packed {
        PROBLEMS.line(self as usize)
    }

    /// What did not come in time.
    pub fn awaited(self) -> Packed {
        Packed(parts::nth(self.text().0, b'@', 0))
    }
}

impl Effect {
    /// The words after the semicolon; "" for [`Effect::None`].
    pub fn text(self) -> Packed {
        EFFECTS.line(self as usize)
    }
}

/// What a complaint says wherever it is made. In this order and size, a constant is one short instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Complaint {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub problem: Problem,
    /// What follows.
    pub effect: Effect,
    /// What the problem's words speak of.
    pub number: u32,
}

impl Complaint {
    /// An error.
    pub const fn error(problem: Problem, effect: Effect) -> Complaint {
        Complaint::new(Severity::Error, problem, effect)
    }

    /// A warning.
    pub const fn warning(problem: Problem, effect: Effect) -> Complaint {
        Complaint::new(Severity::Warning, problem, effect)
    }

    /// A note.
    pub const fn note(problem: Problem, effect: Effect) -> Complaint {
        Complaint::new(Severity::Note, problem, effect)
    }

    /// Any of them.
    pub const fn new(severity: Severity, problem: Problem, effect: Effect) -> Complaint {
        Complaint {
            severity,
            problem,
            effect,
            number: 0,
        }
    }

    /// What is said of a part of a value. Of what is there twice the later part counts, and else it is left out.
    #[inline(never)]
    pub fn of_part(what: Problem) -> Complaint {
        if what == Problem::Duplicate {
            return Complaint::warning(what, Effect::LaterWins);
        }
        Complaint::error(what, Effect::PartIgnored)
    }

    /// No mask given: guessed from the address class (RFC 791).
    pub const fn no_mask(len: u8) -> Complaint {
        Complaint::warning(Problem::NoMask, Effect::Guessed).with(len as u32)
    }

    /// With its number.
    pub const fn with(self, number: u32) -> Complaint {
        Complaint { number, ..self }
    }

    /// [`Problem::File`], or another one that has an error.
    pub const fn with_errno(self, errno: Errno) -> Complaint {
        self.with(errno.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn each_has_its_words() {
        let last = "no source names this link";
        for (text, want) in [
            (Severity::Note.word(), "note"),
            (Problem::NotAnAddress.text(), "is not an IP address"),
            (Problem::NoSource.text(), last),
            (Effect::None.text(), ""),
            (Effect::WordIgnored.text(), "word ignored"),
            (Effect::AddrSkipped.text(), "address not added"),
        ] {
            assert_eq!(text.to_string(), want);
        }
    }
}
