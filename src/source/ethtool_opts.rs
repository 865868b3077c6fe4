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
            rest = parts::trim_start(rest);
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
        let whole = rest;
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
            kept.put(parts::trim(whole));
            let text = cx
                .keep_same(kept.as_bytes())
                .map_err(|what| (whole, what))?;
            self.put(entry, *all, Value::Text(text));
        }
        Ok(())
    }
}
