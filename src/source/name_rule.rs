//! Rules of udev (`70-persistent-net.rules` and others) and systemd's `.link` files, as far as they name links.
//!
//! Both ask for a MAC, a driver, a place or a name, and give a name, a MAC or an MTU. One that asks for anything
//! else is not understood: if it gives anything, it is said to be ignored. Nothing is run.

use super::key_table::{Names, key, pack_fields, pack_names, packed_len};
use super::{Context, Key, offset};
use crate::diag::{Complaint, Effect, LineBuf, Origin, Problem, Subject};
use crate::limits::{MAX_ALTNAMES, MAX_LINE};
use crate::model::config::{NameRule, NameSource};
use crate::model::link::{IfName, Mac};
use crate::packed::{Packed, packed};
use crate::text::lines::{Line, lines};
use crate::text::{parts, scalar};

/// What a key asks for or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name the link has, the driver, or where it is plugged in: patterns, which are not looked at.
    Pattern,
    /// One of several MACs; the MAC it gets.
    Mac,
    /// What every network device with hardware behind it has: a value of `USUAL`.
    Usual,
    /// What the MAC says already.
    Any,
    /// The name it gets.
    Name,
    /// The MTU it gets.
    Mtu,
    /// Other names it gets.
    AltNames,
    /// How many packets wait at most.
    Txqlen,
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
    key("KERNEL", Part::Pattern, "the name the link has, a pattern"),
    key("DRIVERS", Part::Pattern, "the driver, a pattern"),
    key("KERNELS", Part::Pattern, "where the link is plugged in, a pattern"),
    key("ID", Part::Pattern, "as KERNELS, older"),
    key("SUBSYSTEM", Part::Usual, "net"),
    key("ACTION", Part::Usual, "add"),
    key("SUBSYSTEMS", Part::Any, "the bus; not compared"),
    key("BUS", Part::Any, "as SUBSYSTEMS, older"),
    key("ATTR{type}", Part::Usual, "1 or 32"),
    key("ATTR{dev_id}", Part::Usual, "0x0"),
    key("MACAddress", Part::Mac, "[Match] the link's MAC, or several; [Link] the MAC it gets"),
    key("PermanentMACAddress", Part::Mac, "[Match] as MACAddress"),
    key("OriginalName", Part::Pattern, "[Match] the name the link has, patterns"),
    key("Driver", Part::Pattern, "[Match] its driver, patterns"),
    key("Path", Part::Pattern, "[Match] where it is plugged in, patterns"),
    key("Name", Part::Name, "[Link] the name it gets"),
    key("MTUBytes", Part::Mtu, "[Link] the MTU it gets, in octets or with K"),
    key("AlternativeName", Part::AltNames, "[Link] other names it gets, of 15 octets at most; may be there several times"),
    key("TransmitQueueLength", Part::Txqlen, "[Link] packets that wait at most"),
];

const LATER: Complaint = Complaint::note(Problem::Later, Effect::None);
const AGAIN: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);
/// What asks for more than is looked at is left to udev.
const LEFT: Complaint = Complaint::note(Problem::NotAMatch, Effect::PartIgnored);

/// What every network device with hardware behind it has, or any value at all.
const USUAL: Packed = packed!("net,add,1,32,0x0,?*,*");

/// One rule, as far as it is read. In this order: what is used most is nearest.
#[repr(C)]
struct Draft<'t> {
    /// Why it is not used.
    wrong: Option<Problem>,
    /// Octets of the file.
    own: usize,
    /// The MACs it asks for.
    macs: &'t [u8],
    /// Whether it asks for a name, a driver or a place (udev's `ID_PATH`), which is not looked at yet.
    has_pattern: bool,
    /// Whether it gives what no link gets yet, a MAC or an MTU.
    is_later: bool,
    /// What it gives.
    gift: &'t [u8],
    rule: NameRule,
}

/// Reads rules of udev ([`NameSource::Udev`]), or a `.link` file ([`NameSource::Link`]): the first `own` octets, and
/// behind it its drop-ins, which complaints do not show. Behind a backslash a rule goes on, and so does a value in a
/// `.link` file: there the backslash is a blank.
#[inline(never)]
pub fn read(source: NameSource, own: usize, cx: &mut Context<'_, '_>) {
    let is_file = source == NameSource::Link;
    let mut draft = Draft::new(source, own);
    let mut is_link = false;
    // where the line begins that goes on; beyond all where none does
    let mut start = usize::MAX;
    let mut left = lines(cx.text);
    while cx.next_line(&mut left) {
        let mut rest = parts::trim(cx.at.line.octets);
        let at = offset(rest, cx.text);
        if at >= own {
            cx.at.line = Line::NONE;
        }
        let goes_on = rest.ends_with(b"\\");
        match rest {
            [b'#' | b';', ..] => continue,
            [b'[', ..] => is_link = parts::is(rest, b"[Link]"),
            _ => {}
        }
        if is_file {
            start = start.min(at);
            if goes_on {
                continue;
            }
            let len = at.wrapping_add(rest.len()).wrapping_sub(start);
            rest = parts::slice(cx.text, start, len);
            start = usize::MAX;
        }
        while draft.item(&mut rest, is_link, cx).is_some() {}
        if !is_file && !goes_on {
            draft.finish(cx);
            draft = Draft::new(source, own);
        }
    }
    draft.finish(cx);
}

impl<'t> Draft<'t> {
    /// Asks for nothing and gives nothing.
    #[inline(never)]
    fn new(source: NameSource, own: usize) -> Draft<'t> {
        Draft {
            rule: NameRule {
                mac: Mac::NONE,
                name: None,
                altnames: None,
                txqlen: None,
                source,
                origin: Origin::NONE,
            },
            own,
            macs: b"",
            has_pattern: false,
            is_later: false,
            gift: b"",
            wrong: None,
        }
    }

    /// Takes the next `KEY OP "VALUE"` of a rule, or the `KEY=VALUE` of a line of a `.link` file; `None` where there
    /// is something else.
    fn item(&mut self, rest: &mut &'t [u8], is_link: bool, cx: &mut Context<'t, '_>) -> Option<()> {
        let is_op = |octet: &u8| parts::has(b"=!+-:", *octet);
        let (key, after) = rest.split_at_checked(rest.iter().position(is_op)?)?;
        let mut is_gift = is_link;
        let mut value = after.get(1..)?;
        *rest = b"";
        if self.rule.source == NameSource::Udev {
            is_gift = !after.starts_with(b"==");
            let mut quoted = Some(value);
            parts::next(&mut quoted, b'"');
            value = parts::next(&mut quoted, b'"')?;
            *rest = parts::without(parts::trim_start(quoted?), b",");
        }
        let part = PARTS.get(NAMES.find(parts::trim(key)).row());
        let part = *part.unwrap_or(&Part::Other);
        self.take(part, is_gift, parts::trim(value), cx);
        Some(())
    }

    /// Takes what a part gives, or else asks for.
    #[inline(never)]
    fn take(&mut self, part: Part, is_gift: bool, value: &'t [u8], cx: &mut Context<'t, '_>) {
        let rule = &mut self.rule;
        let (is_right, problem) = match (part, is_gift) {
            (_, false) if USUAL.position(value).is_some() => return,
            (Part::Any, false) => return,
            (Part::Mac, false) => {
                self.macs = value;
                return;
            }
            (Part::Pattern, false) => {
                self.has_pattern = true;
                return;
            }
            (Part::Name, true) => {
                let is_name = IfName::read(value, &mut rule.name);
                (is_name, Problem::NotALinkName)
            }
            (Part::Mac, true) => {
                self.is_later = true;
                (scalar::mac(value).is_some(), Problem::NotAMac)
            }
            (Part::Mtu, true) => {
                // with M or G behind it, it is none
                let (digits, unit) = match value {
                    [digits @ .., b'K'] => (digits, 1_024),
                    digits => (digits, 1),
                };
                let mtu = scalar::number(digits).map(|number| number.saturating_mul(unit));
                if scalar::mtu(mtu).is_none() {
                    return cx.complain(Subject::Rule, value, left_out(Problem::NotAnMtu));
                }
                self.is_later = true;
                (true, Problem::NotAnMtu)
            }
            (Part::AltNames, true) => {
                let mut names = LineBuf::<MAX_LINE>::new();
                let before = rule.altnames;
                // none at all takes back what was there before
                if let Some(before) = before
                    && !value.is_empty()
                {
                    names.put(cx.config.text(before));
                }
                let mut rest = value;
                while let Some(name) = parts::next_word(&mut rest) {
                    if IfName::new(name).is_some() {
                        names.put(b" ");
                        names.put(name);
                    } else {
                        cx.complain(Subject::Rule, name, left_out(Problem::NotALinkName));
                    }
                }
                rule.altnames = cx.config.keep(names.as_bytes());
                if cx.config.altname(rule, MAX_ALTNAMES).is_some() {
                    rule.altnames = before;
                    return cx.complain(Subject::Rule, value, left_out(Problem::MaxAltNames));
                }
                (rule.altnames.is_some(), Problem::MaxStrings)
            }
            (Part::Txqlen, true) => {
                rule.txqlen = scalar::number(value);
                if rule.txqlen.is_none() {
                    return cx.complain(Subject::Rule, value, left_out(Problem::NotANumber));
                }
                (true, Problem::NotANumber)
            }
            // what else systemd gives a link is no reason to give it no name
            (_, true) if rule.source == NameSource::Link => return,
            _ => (false, Problem::NotAMatch),
        };
        if is_gift && problem != Problem::NotAMatch && !value.is_empty() {
            self.gift = value;
            rule.origin = cx.origin(value);
        }
        // what stands for a value of udev's is left to it
        let is_template = is_gift && parts::has(value, b'$');
        if is_template {
            self.wrong = Some(Problem::NotAMatch);
        } else if !is_right {
            self.wrong = Some(problem);
        }
    }

    /// Adds the rule, once for each MAC, if it gives anything and is understood.
    #[inline(never)]
    fn finish(&mut self, cx: &mut Context<'t, '_>) {
        if self.gift.is_empty() {
            return;
        }
        let rule = &mut self.rule;
        let has_mac = !self.macs.is_empty();
        if !has_mac && !self.has_pattern {
            self.wrong = Some(Problem::NotAMatch);
        }
        let is_later = !has_mac || self.is_later;
        if let Some(what) = self.wrong.or(is_later.then_some(Problem::Later)) {
            complain(self.own, self.gift, what, cx);
        }
        if self.wrong.is_some() {
            return;
        }
        if !has_mac {
            let _ = cx.add_rule(rule);
        }
        let mut rest = Some(self.macs);
        while let Some(value) = match rule.source {
            NameSource::Link => rest.as_mut().and_then(parts::next_word),
            NameSource::Udev | NameSource::Ifcfg | NameSource::Cmdline => {
                parts::next(&mut rest, b'|')
            }
        } {
            if value.is_empty() || value == b"\\" {
                continue;
            }
            let put = match scalar::mac(value) {
                None => Err(Problem::NotAMac),
                Some(mac) => {
                    rule.mac = mac;
                    cx.add_rule(rule)
                }
            };
            if let Err(what) = put {
                complain(self.own, value, what, cx);
            }
        }
    }
}

/// Complains about a part of this line or of another one; of what is behind the file, about the file.
#[inline(never)]
fn complain<'t>(own: usize, part: &'t [u8], what: Problem, cx: &mut Context<'t, '_>) {
    match offset(part, cx.text) < own {
        true => cx.go_to(part, &mut lines(cx.text)),
        false => cx.at.line = Line::NONE,
    }
    let complaint = if what == Problem::Later {
        LATER
    } else if what == Problem::NotAMatch {
        LEFT
    } else if what == Problem::Duplicate {
        AGAIN
    } else {
        left_out(what)
    };
    cx.complain(Subject::Rule, part, complaint);
}

fn left_out(what: Problem) -> Complaint {
    Complaint::warning(what, Effect::PartIgnored)
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
        let heard = tables.read("rules", text, |cx| read(source, text.len(), cx));
        let config = tables.config();
        let show = |rule: &NameRule| {
            let name = rule.name.map_or(String::from("-"), |name| name.to_string());
            let mut line = format!("{}->{name}@{}", rule.mac, rule.origin.line);
            if let Some(text) = rule.altnames {
                let text = core::str::from_utf8(config.text(text)).unwrap();
                line += &format!(" altnames={text}");
            }
            if let Some(txqlen) = rule.txqlen {
                line += &format!(" txqlen={txqlen}");
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
    fn other_names_add_up() {
        let has_mac = "[Match]\nMACAddress=52:54:00:00:00:01\n[Link]\n";
        let (rules, said) = link(&format!(
            "{has_mac}AlternativeName=lan uplink\nTransmitQueueLength=77\nName=eth5\nAlternativeName=wan\n"
        ));
        let want = "52:54:00:00:00:01->eth5@7 altnames= lan uplink wan txqlen=77";
        assert_eq!((rules, said), (Vec::from([want.to_string()]), Vec::new()));
        let (rules, said) = link(&format!("{has_mac}AlternativeName=lan\n"));
        assert_eq!(rules, ["52:54:00:00:00:01->-@4 altnames= lan"]);
        assert_eq!(said, NO_LINES);
        let (rules, _) = link(&format!(
            "{has_mac}AlternativeName=lan\nAlternativeName=\nAlternativeName=wan\n"
        ));
        assert_eq!(rules, ["52:54:00:00:00:01->-@6 altnames= wan"]);
    }

    #[test]
    fn a_wrong_gift_costs_itself() {
        for (line, left, what) in [
            (
                "AlternativeName=a/b lan 0123456789abcdef",
                " altnames= lan",
                &[
                    "5:17 rule \"a/b\" NotALinkName",
                    "5:25 rule \"0123456789abcdef\" NotALinkName",
                ][..],
            ),
            (
                "AlternativeName=a b c d e f g h i j k l m n o p q",
                "@4",
                &["5:17 rule \"a b c d e f g h i j k l m n o p q\" MaxAltNames"],
            ),
            ("TransmitQueueLength=x", "", &["5:21 rule \"x\" NotANumber"]),
            ("MTUBytes=7M", "", &["5:10 rule \"7M\" NotAnMtu"]),
        ] {
            let (rules, said) = link(&format!(
                "[Match]\nMACAddress=52:54:00:00:00:01\n[Link]\nName=eth5\n{line}\n"
            ));
            assert_eq!(rules.len(), 1, "{line}");
            assert!(
                rules[0].starts_with("52:54:00:00:00:01->eth5@"),
                "{rules:?}"
            );
            assert!(rules[0].ends_with(left), "{rules:?}");
            let want = what
                .iter()
                .map(|what| format!("warning {what} PartIgnored"));
            assert_eq!(said, want.collect::<Vec<_>>());
        }
    }

    #[test]
    fn drop_ins_say_it_better_and_are_not_shown() {
        let read = |own: &str, drop_ins: &str| {
            let mut tables = Storage::default();
            let heard = tables.read("rules", format!("{own}\n[\n{drop_ins}"), |cx| {
                read(NameSource::Link, own.len(), cx);
            });
            let rules = tables.config().name_rules.iter();
            let rules: Vec<_> = rules
                .map(|rule| (rule.name.unwrap().to_string(), rule.origin.line))
                .collect();
            (rules, heard.lines())
        };
        let own = "[Match]\nMACAddress=52:54:00:00:00:01\n[Link]\nName=a";
        let a = |line| ("a".to_string(), line);
        assert_eq!(read(own, ""), (Vec::from([a(4)]), Vec::new()));
        assert_eq!(
            read(own, "[Link]\nName=b\n[\n[Link]\nName=c\n"),
            (Vec::from([("c".to_string(), 0)]), Vec::new())
        );
        let (rules, said) = read(own, "[Link]\nMTUBytes=2K\n");
        assert_eq!(rules, [a(0)]);
        assert_eq!(said, ["note 0:0 rule \"2K\" Later None"]);
        let (rules, said) = read(
            "[Match]\nMACAddress=52:54:00:00:00:01 x",
            "[Link]\nName=a\n",
        );
        assert_eq!(rules, [a(0)]);
        assert_eq!(said, ["warning 2:30 rule \"x\" NotAMac PartIgnored"]);
        let (rules, said) = read(own, "[Match]\nType=wlan\n");
        assert_eq!((rules.len(), said.len()), (0, 1));
    }

    #[test]
    fn a_value_of_a_link_file_goes_on_behind_a_backslash() {
        let text = "[Match]\nMACAddress=\\\n52:54:00:00:00:02 \\\n  y\n[Link]\nName=a\n";
        let (rules, said) = link(text);
        assert_eq!(rules, ["52:54:00:00:00:02->a@6"]);
        assert_eq!(said, ["warning 4:3 rule \"y\" NotAMac PartIgnored"]);
        let (rules, _) = link("[Match]\nDriver=a \\\n b\\\n\n[Link]\nName=a\n[Match]\nPath=x");
        assert_eq!(rules, [format!("{}->a@6", Mac::NONE)]);
    }

    #[test]
    fn an_mtu_may_be_in_units() {
        for (value, is_mtu) in [
            ("1400", true),
            ("2K", true),
            ("63K", true),
            ("64K", false),
            ("9999999K", false),
            ("1M", false),
            ("1G", false),
            ("K", false),
            ("2k", false),
            ("1K5", false),
        ] {
            let mut tables = Storage::default();
            let text = format!("[Match]\nDriver=a\n[Link]\nMTUBytes={value}\n");
            let heard = tables.read("rules", &text, |cx| read(NameSource::Link, text.len(), cx));
            let what = if is_mtu { "Later" } else { "NotAnMtu" };
            assert_eq!(heard.lines().len(), 1, "{value}");
            assert!(heard.lines()[0].contains(what), "{value}");
        }
    }

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
    fn what_is_not_understood_is_told() {
        for (text, want) in [
            (
                "PROGRAM==\"x\", NAME=\"a\"",
                "note 1:21 rule \"a\" NotAMatch PartIgnored",
            ),
            (
                "KERNEL!=\"x\", NAME=\"a\"",
                "note 1:20 rule \"a\" NotAMatch PartIgnored",
            ),
            (
                "NAME=\"a\", RUN+=\"y\"",
                "note 1:7 rule \"a\" NotAMatch PartIgnored",
            ),
            (
                "NAME=\"$kernel\"",
                "note 1:7 rule \"$kernel\" NotAMatch PartIgnored",
            ),
            ("NAME=\"%k\"", "note 1:7 rule \"%k\" NotAMatch PartIgnored"),
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
        let more = "->lan0@10";
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
        assert_eq!(said, ["note 4:6 rule \"a\" NotAMatch PartIgnored"]);
    }

    #[test]
    fn patterns_are_for_later() {
        let (rules, said) = link("[Match]\nOriginalName=en* eth?\nPath=pci-*\n[Link]\nName=a\n");
        assert_eq!(rules, [format!("{}->a@5", Mac::NONE)]);
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
