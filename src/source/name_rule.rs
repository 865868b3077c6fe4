//! Rules of udev (`70-persistent-net.rules` and others) and systemd's `.link` files, as far as they name links.
//!
//! Both ask for a MAC, a driver, a place or a name, and give a name, a MAC or an MTU. One that asks for anything
//! else is not understood: if it gives anything, it is said to be ignored. Nothing is run.

use super::Context;
use super::Key;
use super::key_table::{Names, key, pack_fields, pack_names, packed_len};
use super::put::RulePut;
use crate::diag::{Complaint, Effect, Origin, Problem, Severity};
use crate::model::config::{NameRule, NameSource};
use crate::model::link::{IfName, Mac};
use crate::packed::{Packed, packed};
use crate::text::lines::{Line, lines};
use crate::text::{parts, scalar};

/// What a key asks for or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One of several MACs; the MAC it gets.
    Mac,
    /// The name the link has, a pattern.
    Original,
    /// The driver, a pattern.
    Driver,
    /// Where it is plugged in, a pattern.
    Path,
    /// What every network device with hardware behind it has, with one of [`USUAL`].
    Usual,
    /// The name it gets.
    Name,
    /// The MTU it gets.
    Mtu,
    /// Nothing that is looked at.
    Other,
}

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static PARTS: [Part; KEYS.len()] = pack_fields(KEYS, Part::Other);

/// The keys of rules, and of the sections of `.link` files.
#[rustfmt::skip]
pub const KEYS: &[Key<Part>] = &[
    key("ATTR{address}", Part::Mac, "== the MAC, or several with | between them; = the MAC the link gets"),
    key("ATTRS{address}", Part::Mac, "as ATTR{address}"),
    key("SYSFS{address}", Part::Mac, "as ATTR{address}, older"),
    key("NAME", Part::Name, "the name the link gets"),
    key("KERNEL", Part::Original, "the name the link has, a pattern"),
    key("DRIVERS", Part::Driver, "the driver, a pattern"),
    key("KERNELS", Part::Path, "where the link is plugged in, a pattern"),
    key("ID", Part::Path, "as KERNELS, older"),
    key("SUBSYSTEM", Part::Usual, "net"),
    key("ACTION", Part::Usual, "add"),
    key("SUBSYSTEMS", Part::Usual, "pci, usb or virtio"),
    key("BUS", Part::Usual, "as SUBSYSTEMS, older"),
    key("ATTR{type}", Part::Usual, "1 or 32"),
    key("ATTR{dev_id}", Part::Usual, "0x0"),
    key("MACAddress", Part::Mac, "[Match] the link's MAC, or several; [Link] the MAC it gets"),
    key("PermanentMACAddress", Part::Mac, "[Match] as MACAddress"),
    key("OriginalName", Part::Original, "[Match] the name the link has, patterns"),
    key("Driver", Part::Driver, "[Match] its driver, patterns"),
    key("Path", Part::Path, "[Match] where it is plugged in, patterns"),
    key("Name", Part::Name, "[Link] the name it gets"),
    key("MTUBytes", Part::Mtu, "[Link] the MTU it gets, in octets or with K"),
];

const LATER: Complaint = Complaint::note(Problem::Later, Effect::None);
const AGAIN: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);

/// What every network device with hardware behind it has, or any value at all.
const USUAL: Packed = packed!("net,add,pci,usb,virtio,1,32,0x0,?*,*");

/// A part of a line.
type Piece<'t> = (Line<'t>, &'t [u8]);

/// One rule, as far as it is read.
struct Draft<'t> {
    rule: NameRule,
    /// The MACs it asks for.
    macs: Piece<'t>,
    /// What it gives.
    gift: Piece<'t>,
    /// The first thing that is not understood, and why.
    wrong: Option<(Piece<'t>, Problem)>,
}

/// Reads rules of udev ([`NameSource::Udev`]), or a `.link` file ([`NameSource::Link`]).
#[inline(never)]
pub fn read(source: NameSource, cx: &mut Context<'_, '_>) {
    let is_link = source == NameSource::Link;
    let mut draft = Draft::new(source);
    let mut section = &b""[..];
    for line in lines(cx.text) {
        cx.line = line;
        let mut rest = parts::trim(line.octets);
        match rest {
            [b'#' | b';', ..] => continue,
            [b'[', ..] => section = rest,
            _ => {}
        }
        let last = rest.ends_with(b"\\");
        if is_link {
            let is_gift = section == b"[Link]";
            if let (key, Some(value)) = parts::split(rest, b'=')
                && (is_gift || section == b"[Match]")
            {
                draft.take(key, is_gift, parts::trim(value), cx);
            }
            continue;
        }
        while let Some((key, is_gift, value)) = next_item(&mut rest) {
            draft.take(key, is_gift, value, cx);
        }
        // a rule goes on behind a backslash
        if !last {
            draft.finish(cx);
            draft = Draft::new(source);
        }
    }
    draft.finish(cx);
}

/// The next `KEY OP "VALUE"` of a rule, and whether OP is other than `==`; `None` where something else follows.
#[inline(never)]
fn next_item<'t>(rest: &mut &'t [u8]) -> Option<(&'t [u8], bool, &'t [u8])> {
    let is_op = |octet: &u8| matches!(octet, b'=' | b'!' | b'+' | b'-' | b':');
    let (before, after) = parts::split(rest, b'"');
    let (value, after) = parts::split(after?, b'"');
    *rest = parts::trim_start(after?);
    // the comma that mostly follows is no part of the next key
    *rest = rest.strip_prefix(b",").unwrap_or(rest);
    let (key, op) = before.split_at_checked(before.iter().position(is_op)?)?;
    Some((key, parts::trim(op) != b"==", value))
}

impl<'t> Draft<'t> {
    /// Asks for nothing and gives nothing.
    #[inline(never)]
    fn new(source: NameSource) -> Draft<'t> {
        let mut rule = NameRule::new(Mac::NONE, IfName::LO, source, Origin::NONE);
        rule.name = None;
        Draft {
            rule,
            macs: (Line::NONE, b""),
            gift: (Line::NONE, b""),
            wrong: None,
        }
    }

    /// Takes a key of the line at hand and what it gives, or else asks for.
    #[inline(never)]
    fn take(&mut self, key: &[u8], is_gift: bool, value: &'t [u8], cx: &mut Context<'t, '_>) {
        let piece = (cx.line, value);
        if let Err(problem) = self.set(key, is_gift, piece, cx)
            && self.wrong.is_none()
        {
            self.wrong = Some((piece, problem));
        }
    }

    fn set(
        &mut self,
        key: &[u8],
        is_gift: bool,
        piece: Piece<'t>,
        cx: &mut Context<'t, '_>,
    ) -> Result<(), Problem> {
        let rule = &mut self.rule;
        let part = PARTS.get(NAMES.find(parts::trim(key)).row());
        let part = *part.unwrap_or(&Part::Other);
        let value = piece.1;
        if is_gift {
            if matches!(part, Part::Name | Part::Mac | Part::Mtu) && !value.is_empty() {
                self.gift = piece;
            }
            match part {
                Part::Name => rule.name = Some(IfName::new(value).ok_or(Problem::NotALinkName)?),
                Part::Mac => rule.set_mac = Some(scalar::mac(value).ok_or(Problem::NotAMac)?),
                Part::Mtu => {
                    let mtu = scalar::mtu(scalar::number(value));
                    rule.mtu = mtu.ok_or(Problem::NotAnMtu)?;
                }
                // what else systemd gives a link is no reason to give it no name
                _ if rule.source == NameSource::Link => {}
                _ => return Err(Problem::NotAMatch),
            }
            return Ok(());
        }
        if USUAL.position(value).is_some() {
            return Ok(());
        }
        let pattern = match part {
            Part::Mac => {
                self.macs = piece;
                return Ok(());
            }
            Part::Original => &mut rule.original,
            Part::Driver => &mut rule.driver,
            Part::Path => &mut rule.path,
            Part::Usual | Part::Name | Part::Mtu | Part::Other => return Err(Problem::NotAMatch),
        };
        *pattern = Some(cx.keep_same(value)?);
        Ok(())
    }

    /// Adds the rule, once for each MAC, if it gives anything and is understood.
    #[inline(never)]
    fn finish(&mut self, cx: &mut Context<'t, '_>) {
        if self.gift.1.is_empty() {
            return;
        }
        let rule = &mut self.rule;
        cx.line = self.gift.0;
        rule.origin = cx.origin(self.gift.1);
        let has_mac = !self.macs.1.is_empty();
        if !has_mac && [rule.original, rule.driver, rule.path] == [None; 3] {
            self.wrong.get_or_insert((self.gift, Problem::NotAMatch));
        }
        if let Some((piece, problem)) = self.wrong {
            return complain(piece, not_used(problem), cx);
        }
        if !has_mac || rule.set_mac.is_some() || rule.mtu.is_some() {
            complain(self.gift, LATER, cx);
        }
        for value in (self.macs.1).split(|octet| matches!(octet, b'|' | b' ')) {
            if has_mac {
                rule.mac = scalar::mac(value).unwrap_or(Mac::NONE);
            }
            let put = match has_mac && rule.mac.is_unset() {
                true => Err(Problem::NotAMac),
                false => cx.add_rule(rule),
            };
            let complaint = match put {
                Ok(RulePut::Kept) => continue,
                Ok(RulePut::Replaced) => AGAIN,
                Err(problem) => not_used(problem),
            };
            complain((self.macs.0, value), complaint, cx);
        }
    }
}

/// What asks for more than is looked at is left to udev, what is wrong is not.
fn not_used(problem: Problem) -> Complaint {
    let severity = match problem {
        Problem::NotAMatch => Severity::Note,
        _ => Severity::Error,
    };
    Complaint::new(severity, problem, Effect::PartIgnored)
}

#[inline(never)]
fn complain<'t>((line, part): Piece<'t>, complaint: Complaint, cx: &mut Context<'t, '_>) {
    cx.line = line;
    cx.complain(b"rule", part, complaint);
}
