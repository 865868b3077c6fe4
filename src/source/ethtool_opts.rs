//! `ETHTOOL_OPTS`: commands of ethtool(8) with `;` between them.
//!
//! A command that does not begin with `-` is what follows `-s LINK` (initscripts' ifup-eth). Words of `-s` are
//! options of their own; the words of every other command are kept as one text.

use super::assignments::Entry;
use super::ifcfg::Reader;
use crate::diag::{Effect, LineBuf, Problem};
use crate::model::attr::{Attr, AttrConfig, Scope, Value};
use crate::packed::packed;
use crate::text::{parts, scalar};

const LEFT_OUT: Effect = Effect::PartIgnored;

/// The options behind every two names of a command but the first two, which set one option with each pair.
static PAIRS: [Attr; 6] = [
    Attr::of(Scope::Ethtool, "feature"),
    Attr::of(Scope::Ethtool, "ring"),
    Attr::of(Scope::Ethtool, "pause"),
    Attr::of(Scope::Ethtool, "coalesce"),
    Attr::of(Scope::Ethtool, "channels"),
    Attr::of(Scope::Ethtool, "priv"),
];
/// The place of the third name of the first of them.
const OFFLOAD: usize = 14;

/// Octets of the pairs of one kind.
const MAX_PAIRS: usize = 512;

impl Reader<'_, '_, '_> {
    /// Reads every command.
    #[inline(never)]
    pub(super) fn ethtool(&mut self, entry: &Entry) {
        let mut commands = Some(self.file.octets(entry));
        while let Some(mut rest) = parts::next(&mut commands, b';') {
            rest = parts::trim(rest);
            if rest.is_empty() {
                continue;
            }
            let mut command = 0;
            if let [b'-', ..] = rest
                && let Some(name) = parts::next_word(&mut rest)
            {
                let names = packed!(concat!(
                    "-s,--change,-K,--features,-G,--set-ring,-A,--pause,-C,--coalesce,",
                    "-L,--set-channels,--set-priv-flags,,--offload"
                ));
                command = match names.position(name) {
                    Some(OFFLOAD) => 1,
                    Some(n) => n >> 1,
                    None => {
                        self.error(entry, name, Problem::NotACommand, LEFT_OUT);
                        continue;
                    }
                };
                // the link, which is this one whatever is written
                let _ = parts::next_word(&mut rest);
            }
            let all = command.checked_sub(1).and_then(|n| PAIRS.get(n));
            if let Err((word, what)) = self.pairs(entry, rest, all) {
                self.error(entry, word, what, LEFT_OUT);
            }
        }
    }

    /// Names each with a value behind it, kept in `all` behind those of earlier commands, or each as an option.
    ///
    /// # Errors
    /// The word that is wrong, and why.
    #[inline(never)]
    fn pairs<'t>(
        &mut self,
        entry: &Entry,
        mut rest: &'t [u8],
        all: Option<&Attr>,
    ) -> Result<(), (&'t [u8], Problem)> {
        let whole = parts::trim_start(rest);
        if whole.is_empty() {
            return Err((whole, Problem::NoArgument));
        }
        let origin = self.file.origin(entry);
        while let Some(name) = parts::next_word(&mut rest) {
            let value = parts::next_word(&mut rest).unwrap_or_default();
            let cx = &mut *self.file.cx;
            let is_value = scalar::boolean(value).is_some() || scalar::number(value).is_some();
            let done = match all {
                None => cx.put_attr(self.id, Scope::Ethtool, name, value, origin),
                Some(_) if is_value => Ok(()),
                Some(_) => Err(Problem::NotAWord),
            };
            done.map_err(|what| (name, what))?;
        }
        if let Some(all) = all {
            let cx = &mut *self.file.cx;
            let mut kept = LineBuf::<MAX_PAIRS>::new();
            if let Some(AttrConfig {
                value: Value::Text(text),
                ..
            }) = cx.config.attr_of(self.id, *all)
            {
                kept.put(cx.config.text(*text));
                kept.put(b" ");
            }
            kept.put(whole);
            let text = cx
                .keep_same(kept.as_bytes())
                .map_err(|what| (whole, what))?;
            self.put(entry, *all, Value::Text(text));
        }
        Ok(())
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
