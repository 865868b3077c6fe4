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
    /// What every network device with hardware behind it has: one of [`USUAL`].
    Usual,
    /// What the MAC says already.
    Any,
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
    key("SUBSYSTEMS", Part::Any, "the bus; not compared"),
    key("BUS", Part::Any, "as SUBSYSTEMS, older"),
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
const USUAL: Packed = packed!("net,add,1,32,0x0,?*,*");

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
                Part::Name if value.contains(&b'$') => return Err(Problem::NotAMatch),
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
            Part::Any => return Ok(()),
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
        _ => Severity::Warning,
    };
    Complaint::new(severity, problem, Effect::PartIgnored)
}

#[inline(never)]
fn complain<'t>((line, part): Piece<'t>, complaint: Complaint, cx: &mut Context<'t, '_>) {
    cx.line = line;
    cx.complain(b"rule", part, complaint);
}

#[cfg(test)]
mod tests {
    use super::super::testing::Storage;
    use super::*;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// Each rule as `MAC->NAME`, with what else it asks for and gives, and each complaint.
    fn read_as(source: NameSource, text: &str) -> (Vec<String>, Vec<String>) {
        let mut tables = Storage::default();
        let heard = tables.read("rules", text, |cx| read(source, cx));
        let config = tables.config();
        let show = |rule: &NameRule| {
            let name = rule.name.map_or(String::from("-"), |name| name.to_string());
            let mut line = format!("{}->{name}@{}", rule.mac, rule.origin.line);
            for (word, text) in [
                ("name", rule.original),
                ("driver", rule.driver),
                ("path", rule.path),
            ] {
                if let Some(text) = text {
                    let text = core::str::from_utf8(config.text(text)).unwrap();
                    line += &format!(" {word}={text}");
                }
            }
            if let Some(mac) = rule.set_mac {
                line += &format!(" mac={mac}");
            }
            if let Some(mtu) = rule.mtu {
                line += &format!(" mtu={mtu}");
            }
            line
        };
        (config.name_rules.iter().map(show).collect(), heard.lines())
    }

    fn udev(text: &str) -> (Vec<String>, Vec<String>) {
        read_as(NameSource::Udev, text)
    }

    fn link(text: &str) -> (Vec<String>, Vec<String>) {
        read_as(NameSource::Link, text)
    }

    const NO_LINES: [&str; 0] = [];

    #[test]
    fn rules_as_generators_write_them() {
        for text in [
            "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", ATTR{address}==\"52:54:00:00:00:01\", \
             ATTR{dev_id}==\"0x0\", ATTR{type}==\"1\", NAME=\"lan0\"",
            "SUBSYSTEM==\"net\", SYSFS{address}==\"52:54:00:00:00:01\", NAME=\"lan0\" trailing",
            "ATTRS{address}==\"52:54:00:00:00:01\" , NAME:= \"lan0\"\r\n",
            "ATTR { address}==\"52:54:00:00:00:01\" NAME=\"x\"\nATTR{address} == \"52:54:00:00:00:01\",NAME=\"lan0\"",
        ] {
            let (rules, _) = udev(text);
            assert_eq!(rules.len(), 1, "{text}");
            assert!(
                rules[0].starts_with("52:54:00:00:00:01->lan0@"),
                "{rules:?}"
            );
        }
    }

    #[test]
    fn a_rule_goes_on_behind_a_backslash() {
        let text = "ATTR{address}==\"52:54:00:00:00:01\", \\\n NAME=\"a\"\nNAME=\"b\"\n";
        let (rules, said) = udev(text);
        assert_eq!(rules, ["52:54:00:00:00:01->a@2"]);
        assert_eq!(said, ["note 3:7 rule \"b\" NotAMatch PartIgnored"]);
        // at the end of the file too
        assert_eq!(
            udev("ATTR{address}==\"52:54:00:00:00:01\", NAME=\"a\" \\")
                .0
                .len(),
            1
        );
    }

    #[test]
    fn what_is_not_understood_is_told_by_its_first_part() {
        for (text, want) in [
            (
                "PROGRAM==\"x\", NAME=\"a\"",
                "note 1:11 rule \"x\" NotAMatch PartIgnored",
            ),
            (
                "KERNEL!=\"x\", NAME=\"a\"",
                "note 1:10 rule \"x\" NotAMatch PartIgnored",
            ),
            (
                "NAME=\"a\", RUN+=\"y\"",
                "note 1:17 rule \"y\" NotAMatch PartIgnored",
            ),
            (
                "NAME=\"$kernel\"",
                "note 1:7 rule \"$kernel\" NotAMatch PartIgnored",
            ),
            (
                "NAME=\"%k\"",
                "warning 1:7 rule \"%k\" NotALinkName PartIgnored",
            ),
            (
                "ATTR{address}==\"x\", NAME=\"a\"",
                "warning 1:17 rule \"x\" NotAMac PartIgnored",
            ),
        ] {
            let (rules, said) = udev(text);
            assert_eq!(rules, NO_LINES, "{text}");
            assert_eq!(said, [want], "{text}");
        }
        for silent in [
            "PROGRAM==\"x\", RUN+=\"y\"",
            "NAME==\"?*\", GOTO=\"end\"",
            "ATTR{address}==\"52:54:00:00:00:01\", NAME=\"\"",
            "NAME=\"unfinished",
            "NAME",
            "# NAME=\"a\"",
        ] {
            assert_eq!(udev(silent), (Vec::new(), Vec::new()), "{silent}");
        }
    }

    #[test]
    fn sections_of_a_link_file() {
        let (rules, said) = link(
            "[Match]\nMACAddress=52:54:00:00:00:01 52-54-00-00-00-02\nDriver=e1000\n\
             [Link]\n# Name=no\n;Name=no\nName = lan0\nMACAddress=52:54:00:00:00:09\nWakeOnLan=off\nMTUBytes=1400\n",
        );
        let more = "->lan0@10 driver=e1000 mac=52:54:00:00:00:09 mtu=1400";
        // the name is the first one's: of files the first counts
        assert_eq!(rules[0], format!("52:54:00:00:00:01{more}"));
        assert_eq!(said, ["note 10:10 rule \"1400\" Later None"]);
    }

    #[test]
    fn a_link_file_without_a_gift_is_silent() {
        for silent in [
            "[Match]\nProperty=x\n[Link]\nNamePolicy=path\n",
            "Name=a\n[Other]\nName=b\n",
            "",
        ] {
            assert_eq!(link(silent), (Vec::new(), Vec::new()), "{silent}");
        }
        let (rules, said) = link("[Match]\nProperty=x\n[Link]\nName=a\n");
        assert_eq!(rules, NO_LINES);
        assert_eq!(said, ["note 2:10 rule \"x\" NotAMatch PartIgnored"]);
    }

    #[test]
    fn patterns_are_kept_for_later() {
        let (rules, said) = link("[Match]\nOriginalName=en* eth?\nPath=pci-*\n[Link]\nName=a\n");
        assert_eq!(
            rules,
            [format!("{}->a@5 name=en* eth? path=pci-*", Mac::NONE)]
        );
        assert_eq!(said, ["note 5:6 rule \"a\" Later None"]);
    }

    #[test]
    fn of_two_rules_of_udev_the_later_counts_of_link_files_the_first() {
        let one = "ATTR{address}==\"52:54:00:00:00:01\", NAME=\"a\"\n";
        let (rules, said) = udev(&format!("{one}{}", one.replace("\"a\"", "\"b\"")));
        assert_eq!(rules, ["52:54:00:00:00:01->b@2"]);
        assert_eq!(
            said,
            ["warning 2:17 rule \"52:54:00:00:00:01\" Duplicate LaterWins"]
        );
        // one name for several links: there is mostly one of them
        let other = one.replace(":01", ":02");
        assert_eq!(udev(&format!("{one}{other}")).0.len(), 2);
        let (rules, _) = udev(&one.replace(":01", ":01|52:54:00:00:00:02"));
        assert_eq!(rules.len(), 2);
    }
}
