//! `ETHTOOL_OPTS`: commands of ethtool(8) with `;` between them.
//!
//! A command that does not begin with `-` is what follows `-s LINK` (initscripts' ifup-eth). Words of `-s` are
//! options of their own; of every other command the pairs that are understood are kept as one text.

use super::assignments::Entry;
use super::ifcfg::Reader;
use crate::diag::{Complaint, Effect, LineBuf, Problem};
use crate::model::attr::{Attr, Scope, Value};
use crate::packed::packed;
use crate::text::{parts, scalar};

const LEFT_OUT: Effect = Effect::PartIgnored;
const NO_COMMAND: Complaint = Complaint::error(Problem::NotACommand, LEFT_OUT);
const NO_VALUE: Complaint = Complaint::error(Problem::NoArgument, LEFT_OUT);
const BAD_VALUE: Complaint = Complaint::error(Problem::NotAWord, LEFT_OUT);
const TOO_LONG: Complaint = Complaint::error(Problem::MaxStrings, LEFT_OUT);

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

/// Octets of the pairs of one command.
const MAX_PAIRS: usize = 512;

impl Reader<'_, '_, '_> {
    /// Reads every command.
    pub(super) fn ethtool(&mut self, entry: &Entry, value: &[u8]) {
        let mut commands = Some(value);
        while let Some(mut rest) = parts::next(&mut commands, b';') {
            let whole = rest;
            let command = match parts::next_word(&mut rest) {
                None => continue,
                Some(name @ [b'-', ..]) => {
                    // the link, which is this one whatever is written
                    let _ = parts::next_word(&mut rest);
                    let names = packed!(concat!(
                        "-s,--change,-K,--features,-G,--set-ring,-A,--pause,-C,--coalesce,",
                        "-L,--set-channels,--set-priv-flags,--set-priv-flags,--offload"
                    ));
                    match names.position(name) {
                        Some(OFFLOAD) => 1,
                        Some(n) => n >> 1,
                        None => {
                            self.file.complain_of(entry, name, NO_COMMAND);
                            continue;
                        }
                    }
                }
                Some(_) => {
                    rest = whole;
                    0
                }
            };
            let pairs = command.checked_sub(1).and_then(|n| PAIRS.get(n));
            self.pairs(entry, rest, pairs.copied());
        }
    }

    /// Names each with a value behind it, kept in `all` or each as an option of its own.
    fn pairs(&mut self, entry: &Entry, mut rest: &[u8], all: Option<Attr>) {
        let mut kept = LineBuf::<MAX_PAIRS>::new();
        // what an earlier command has set stays
        if let Some(all) = all
            && let Some(have) = self.file.cx.config.attr_of(self.id, all)
            && let Value::Text(text) = have.value
        {
            kept.put(self.file.cx.config.text(text));
        }
        while let Some(name) = parts::next_word(&mut rest) {
            let Some(value) = parts::next_word(&mut rest) else {
                self.file.complain_of(entry, name, NO_VALUE);
                break;
            };
            let Some(_) = all else {
                let origin = self.file.origin(entry);
                let cx = &mut *self.file.cx;
                match cx.put_attr(self.id, Scope::Ethtool, name, value, origin) {
                    Ok(()) => {}
                    Err(what @ Problem::NotAnOption) => {
                        let complaint = Complaint::error(what, LEFT_OUT);
                        self.file.complain_of(entry, name, complaint);
                    }
                    Err(what) => {
                        let complaint = Complaint::error(what, LEFT_OUT);
                        self.file.complain_of(entry, value, complaint);
                    }
                }
                continue;
            };
            let is_value = scalar::boolean(value).is_some() || scalar::number(value).is_some();
            if !is_value {
                self.file.complain_of(entry, value, BAD_VALUE);
                continue;
            }
            for word in [name, value] {
                if !kept.as_bytes().is_empty() {
                    kept.put(b" ");
                }
                kept.put(word);
            }
        }
        if let Some(all) = all.filter(|_| !kept.as_bytes().is_empty()) {
            let is_whole = kept.as_bytes().len() < MAX_PAIRS;
            match self.file.cx.keep_same(kept.as_bytes()) {
                Ok(text) if is_whole => self.put(entry, all, Value::Text(text)),
                Ok(_) | Err(_) => self.file.complain(entry, TOO_LONG),
            }
        }
        self.later(entry);
    }
}
