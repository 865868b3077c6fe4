//! What is done with the keys of `ifcfg-*` files, and how those are read that set one value.

use super::ifcfg::Reader;
use super::put::Said;
use super::route_words::{number, scope};
use crate::diag::Problem;
use crate::model::addr::Family;
use crate::model::attr::{Attr, Scope};
use crate::model::said::Number;
use crate::packed::packed;
use crate::text::{parts, scalar};

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
    /// `WINDOW`.
    Window,
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
    /// The IAID of DHCPv6; `mac` stands for "unset".
    Iaid,
    /// A number; -1 stands for "unset".
    Number,
    /// The same, and so does 0.
    Positive,
    /// An MTU; 0 stands for "unset".
    Mtu,
    /// A text for DHCP servers, or of resolv.conf.
    Said(Said),
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

impl Reader<'_, '_, '_> {
    /// Sets the one value that a key is for.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn set(&mut self, setting: Setting, word: &[u8]) -> Result<(), Problem> {
        let cx = &mut *self.file.cx;
        let link = &mut self.known.draft.link;
        let kind = setting.kind;
        if kind == Kind::Mac {
            let done = packed!("preserve,permanent,random,stable").position(word);
            if let Some(n) = done {
                return if n < 2 { Ok(()) } else { Err(Problem::NotYet) };
            }
            if let Some(mac) = &scalar::mac(word) {
                link.mac = *mac;
                return Ok(());
            }
            return Err(Problem::NotAMac);
        }
        if kind == Kind::Source {
            if let Some(addr) = scalar::ipv4(word) {
                link.src = addr;
                return Ok(());
            }
            return Err(Problem::NotIpv4);
        }
        let mut kept = None;
        if let Kind::Said(said) = kind {
            cx.keep_said(said, word, &mut kept)?;
        }
        let place = setting.place;
        let values = match place & !IN_ROW {
            LINK => &mut link.said,
            V4 => &mut link.ipv4.said,
            V6 => &mut link.ipv6.said,
            FILE => &mut self.known.draft.said,
            _ => &mut cx.config.global.said,
        };
        let n = usize::from(place & IN_ROW);
        if let Kind::Said(_) = kind {
            if let Some(text) = values.texts.get_mut(n) {
                *text = kept;
            }
            return Ok(());
        }
        if kind == Kind::Flag {
            let Some(flag) = scalar::boolean(word) else {
                return Err(Problem::NotABoolean);
            };
            if let Some(value) = values.flags.get_mut(n) {
                *value = Some(flag.into());
            }
            return Ok(());
        }
        let mut number = scalar::number(word);
        if kind == Kind::Seconds {
            number = scalar::number(parts::nth(word, b'.', 0));
        }
        if kind == Kind::AddrScope {
            // initscripts pass it to ip(8) as it stands
            number = scope(parts::without(word, b"scope "));
        }
        if kind == Kind::Iaid {
            number = self::number(word, 0);
        }
        // what stands for "unset"
        let is_none = kind == Kind::Iaid && parts::is(word, b"mac")
            || kind >= Kind::Positive && number == Some(0)
            || kind >= Kind::Number && kind < Kind::Mtu && word == b"-1";
        if is_none {
            return Ok(());
        }
        if kind == Kind::Mtu && scalar::mtu(number).is_none() {
            return Err(Problem::NotAnMtu);
        }
        let number = number.into();
        if number == Number::NONE {
            return Err(Problem::NotANumber);
        }
        if let Some(value) = values.numbers.get_mut(n) {
            *value = number;
        }
        Ok(())
    }
}
