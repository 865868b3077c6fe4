//! What is done with the keys of `ifcfg-*` files.

use super::put::Said;
use crate::model::addr::Family;
use crate::model::attr::{Attr, Scope};
use crate::model::link::LinkKind;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `DEVICE`.
    Device,
    /// `TYPE`.
    Type,
    /// `DEVICETYPE`.
    DeviceType,
    /// `BOOTPROTO`.
    Bootproto,
    /// `yes`: the link is of this kind.
    KindIfYes(LinkKind),
    /// Anything: the link is of this kind.
    KindIfSet(LinkKind),
    /// The link whose port it is, where a port has options of this scope.
    Master(Scope),
    /// `yes`: the file needs wireless, 802.1X, DCB, PPP, ISDN or Open vSwitch.
    ForeignIfYes,
    /// Anything: the same.
    ForeignIfSet,
    /// An address: makes a file with a bad `BOOTPROTO` worth reading, and one for `lo`.
    Addr,
    /// Read together with other keys.
    Part,
    /// It sets one value of the link, whatever else the file says.
    Set(Setting),
    /// It sets an option of the link.
    Attr(Attr),
    /// The same, in seconds, where the kernel has hundredths of them.
    Seconds(Attr),
    /// Options of a bond, a bridge or a port of one: `NAME=VALUE ...`.
    Options(Scope),
    /// `ETHTOOL_OPTS`.
    Ethtool,
    /// `ROUTING_RULE_n`, `ROUTING_RULE6_n`.
    Rule(Family),
    /// Nothing reads it, and nobody is told.
    Silent,
    /// Nothing reads it, and who asks for it is told.
    Never,
    /// It is about the devices of another machine.
    S390,
}

/// A key that sets one value, whatever else the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What the value must be.
    pub kind: Kind,
    /// Whose value it is, and in the lower four bits its place in the row of that kind.
    place: u8,
}

impl Setting {
    /// Whose value it is.
    pub fn owner(self) -> u8 {
        self.place & !PLACE
    }

    /// Its place in the row of its kind.
    pub fn place(self) -> usize {
        usize::from(self.place & PLACE)
    }
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Flag,
    /// A number; -1 stands for "unset".
    Number,
    /// The same, and so does 0.
    Positive,
    /// Seconds; a fraction is cut off.
    Seconds,
    /// An MTU; 0 stands for "unset".
    Mtu,
    /// A MAC.
    Mac,
    /// An IPv4 address.
    Addr,
    /// A scope of addresses.
    Scope,
    /// A text for DHCPv4 servers, or of resolv.conf.
    Text(Said),
}

const PLACE: u8 = 0xf;

// Whose [`Values`](crate::model::said::Values) a key is about.
/// The link's.
pub const LINK: u8 = 0;
/// Those of its IPv4.
pub const V4: u8 = 0x10;
/// Those of its IPv6.
pub const V6: u8 = 0x20;
/// The file's: nobody needs to know but its reader.
pub const FILE: u8 = 0x30;
/// The machine's.
pub const GLOBAL: u8 = 0x40;

pub(super) const fn set(kind: Kind, owner: u8, place: u8) -> Field {
    let place = owner | place;
    Field::Set(Setting { kind, place })
}

/// An option of the link.
pub(super) const fn attr(scope: Scope, name: &str) -> Field {
    Field::Attr(Attr::of(scope, name))
}
