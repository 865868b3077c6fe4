//! What is done with the keys of `ifcfg-*` files.

use crate::model::addr::Family;
use crate::model::attr::{Attr, Scope};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// It sets one value, whatever else the file says.
    Set(Setting),
    /// Nothing reads it, and nobody is told.
    Silent,
    /// Nothing reads it, and who asks for it is told.
    Never,
    /// It is about the devices of another machine.
    S390,
    /// `/etc/sysconfig/network` may have it: in an `ifcfg` file nothing reads it, and who asks for it is told.
    Machine,
    /// Read together with other keys, in `/etc/sysconfig/network` too.
    Shared,
    /// Read together with other keys.
    Part,
    /// An address: makes a file with a bad `BOOTPROTO` worth reading, and one for `lo`.
    Addr,
    /// Unless it says no, the file needs wireless, 802.1X, DCB, PPP, ISDN or Open vSwitch.
    Foreign,
    /// It sets an option of the link.
    Attr(Attr),
    /// The same, in seconds, where the kernel has hundredths of them.
    Hundredths(Attr),
    /// Options of a bond, a bridge or a port of one: `NAME=VALUE ...`.
    Options(Scope),
    /// `ETHTOOL_OPTS`.
    Ethtool,
    /// `ROUTING_RULE_n`, `ROUTING_RULE6_n`.
    Rule(Family),
}

/// A key that sets one value, whatever else the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What the value must be.
    pub kind: Kind,
    /// Where it goes.
    pub place: Place,
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// Seconds; a fraction is cut off.
    Seconds,
    /// A scope of addresses.
    AddrScope,
    /// A number; -1 stands for "unset".
    Number,
    /// The same, and so does 0.
    Positive,
    /// An MTU; 0 stands for "unset".
    Mtu,
    /// A host name for DHCP servers.
    Hostname,
    /// A text for DHCPv4 servers, or of resolv.conf.
    Class,
    /// A client identifier of DHCPv4.
    Id,
    /// The MAC to give the link.
    Mac,
    /// The source address of its routes.
    Source,
}

/// Whose [`Values`](crate::model::said::Values) a key is about, and in the lower four bits its place in the row
/// of its kind.
pub type Place = u8;

/// The bits of a [`Place`] that count within a row.
pub const IN_ROW: Place = 0xf;

/// The link's.
pub const LINK: Place = 0;
/// Those of its IPv4.
pub const V4: Place = 0x10;
/// Those of its IPv6.
pub const V6: Place = 0x20;
/// The file's: nobody needs to know but its reader.
pub const FILE: Place = 0x30;
/// The machine's.
pub const GLOBAL: Place = 0x40;

pub(super) const fn set(kind: Kind, place: Place) -> Field {
    Field::Set(Setting { kind, place })
}

/// An option of the link.
pub(super) const fn attr(scope: Scope, name: &str) -> Field {
    Field::Attr(Attr::of(scope, name))
}
