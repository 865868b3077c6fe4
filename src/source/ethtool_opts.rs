//! `ETHTOOL_OPTS`: commands of ethtool(8) with `;` between them.
//!
//! A command that does not begin with `-` is what follows `-s LINK` (initscripts' ifup-eth). Words of `-s` are
//! options of their own; the words of every other command are kept as one text.

use super::ifcfg::Reader;
use crate::diag::{LineBuf, Problem};
use crate::limits::MAX_LINE;
use crate::model::attr::{Attr, AttrConfig, Scope, Value};
use crate::packed::packed;
use crate::text::{parts, scalar};

/// What every two names of a command set: an option with each pair of words, or with [`OPTIONS`] one named by
/// the first word of each pair.
static COMMANDS: [Attr; 8] = [
    OPTIONS,
    Attr::of(Scope::Ethtool, "feature"),
    Attr::of(Scope::Ethtool, "ring"),
    Attr::of(Scope::Ethtool, "pause"),
    Attr::of(Scope::Ethtool, "coalesce"),
    Attr::of(Scope::Ethtool, "channels"),
    Attr::of(Scope::Ethtool, "priv"),
    Attr::of(Scope::Ethtool, "feature"),
];
/// Stands for all options that have words of their own.
const OPTIONS: Attr = Attr::of(Scope::Ethtool, "speed");

impl Reader<'_, '_, '_> {
    /// Reads every command, and complains of the parts that are wrong.
    pub(super) fn ethtool(&mut self, commands: &[u8]) {
        let mut commands = Some(commands);
        while let Some(command) = parts::next(&mut commands, b';') {
            let mut rest = parts::trim(command);
            if rest.is_empty() {
                continue;
            }
            let mut attr = &OPTIONS;
            if let [b'-', ..] = rest
                && let Some(name) = parts::next_word(&mut rest)
            {
                let names = packed!(concat!(
                    "-s,--change,-K,--features,-G,--set-ring,-A,--pause,-C,--coalesce,",
                    "-L,--set-channels,--set-priv-flags,,--offload"
                ));
                let known = names.position(name).and_then(|n| COMMANDS.get(n >> 1));
                let Some(known) = known else {
                    self.leave_out(name, Problem::NotACommand);
                    continue;
                };
                attr = known;
                // the link, which is this one whatever is written
                let _ = parts::next_word(&mut rest);
            }
            self.pairs(parts::trim_start(rest), *attr);
        }
    }

    /// Names each with a value behind it, kept behind those of earlier commands, or each as an option. A wrong one
    /// ends the command.
    #[inline(never)]
    fn pairs(&mut self, whole: &[u8], attr: Attr) {
        let origin = self.origin();
        let cx = &mut *self.file.cx;
        let (part, what) = 'wrong: {
            let mut rest = whole;
            if whole.is_empty() {
                break 'wrong (whole, Problem::NoArgument);
            }
            while let Some(name) = parts::next_word(&mut rest) {
                let value = parts::next_word(&mut rest).unwrap_or_default();
                if attr == OPTIONS {
                    let put = cx.put_attr(self.id, Scope::Ethtool, name, value, origin);
                    if let Err(what) = put {
                        break 'wrong (name, what);
                    }
                } else if scalar::boolean(value).is_none() && scalar::number(value).is_none() {
                    break 'wrong (name, Problem::NotAWord);
                }
            }
            if attr == OPTIONS {
                return;
            }
            let mut kept = LineBuf::<MAX_LINE>::new();
            if let Some(AttrConfig {
                value: Value::Text(text),
                ..
            }) = cx.config.attr_of(self.id, attr)
            {
                kept.put(cx.config.text(*text));
                kept.put(b" ");
            }
            kept.put(whole);
            match cx.put_text(self.id, attr, kept.as_bytes(), origin) {
                Ok(()) => return,
                Err(what) => (whole, what),
            }
        };
        self.leave_out(part, what);
    }
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg::{self, Defaults};
    use super::super::testing::{Heard, ScratchTables, Storage, context, made_of};
    use crate::model::config::LinkId;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn read(value: &str) -> (String, Vec<String>) {
        let (mut tables, mut scratch) = (Storage::default(), ScratchTables::empty());
        let (mut config, mut sink) = (tables.config(), Heard::default());
        let text = format!("DEVICE=eth0\nETHTOOL_OPTS=\"{value}\"\n");
        let mut cx = context(&mut config, &mut sink, b"ifcfg-x", text.as_bytes());
        ifcfg::read(b"x", &Defaults::none(), &mut scratch.scratch(), &mut cx);
        let mut said = sink.lines();
        said.retain(|line| !line.contains(" Later "));
        (made_of(&config, LinkId::new(0)), said)
    }

    #[test]
    fn commands_set_options() {
        for (value, want) in [
            ("", ""),
            (" ; ", ""),
            (
                "autoneg off speed 100 duplex full",
                " autoneg=0 speed=100 duplex=full",
            ),
            ("-s eth0 wol g", " wol=g"),
            (
                "-s ${DEVICE} wol g sopass 01:02:03:04:05:06",
                " wol=g sopass=01:02:03:04:05:06",
            ),
            (
                "-K eth0 tso off  gro on; --offload x lro off;-G eth0 rx 4096",
                " feature=tso off  gro on lro off ring=rx 4096",
            ),
            ("-A eth0 autoneg off rx on", " pause=autoneg off rx on"),
            (
                "-C eth0 adaptive-rx on rx-usecs 3; -L eth0 combined 4",
                " coalesce=adaptive-rx on rx-usecs 3 channels=combined 4",
            ),
            (
                "--set-priv-flags eth0 x on; --features eth0 a on",
                " priv=x on feature=a on",
            ),
        ] {
            let (have, said) = read(value);
            assert_eq!(said, [""; 0], "{value}");
            assert_eq!(have, format!("ethernet{want}"));
        }
    }

    #[test]
    fn a_wrong_word_costs_its_command() {
        for (value, want, what) in [
            (
                "-Q eth0 x on; speed 10",
                " speed=10",
                "2:14 ETHTOOL_OPTS \"-Q\" NotACommand",
            ),
            (
                "speed 10 port tp",
                " speed=10",
                "2:14 ETHTOOL_OPTS \"port\" NotAnOption",
            ),
            (
                "duplex some speed 10",
                "",
                "2:14 ETHTOOL_OPTS \"duplex\" NotAWord",
            ),
            ("speed", "", "2:14 ETHTOOL_OPTS \"speed\" NotANumber"),
            (
                "-K eth0 tso maybe; -G eth0 rx 1",
                " ring=rx 1",
                "2:14 ETHTOOL_OPTS \"tso\" NotAWord",
            ),
            ("-K eth0", "", "2:14 ETHTOOL_OPTS NoArgument"),
            ("-G eth0 rx", "", "2:14 ETHTOOL_OPTS \"rx\" NotAWord"),
        ] {
            let (have, said) = read(value);
            assert_eq!(have, format!("ethernet{want}"), "{value}");
            assert_eq!(said, [format!("error {what} PartIgnored")]);
        }
    }
}
