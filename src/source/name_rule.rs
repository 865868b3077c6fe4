//! What rules of udev and `.link` files have in common: they ask for a MAC, a driver, a place or a name, and give
//! a name. One that asks for anything else is not understood, and is said to be ignored if it gives a name.

use super::Context;
use crate::diag::{Complaint, Effect, Origin, Problem};
use crate::model::config::{NameRule, NameSource};
use crate::model::link::{IfName, Mac};
use crate::packed::packed;
use crate::source::put::RulePut;
use crate::text::lines::Line;
use crate::text::scalar;
use heapless::Vec;

/// What a key of either asks for or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One of several MACs.
    Mac,
    /// The name the link has, a glob.
    Original,
    /// The driver, a glob.
    Driver,
    /// Where it is plugged in, a glob.
    Path,
    /// What is so of every network device, with the values of [`is_usual`].
    Usual,
    /// The name it gets.
    Name,
    /// The MTU it gets.
    Mtu,
    /// The MAC it gets.
    SetMac,
    /// Nothing that is looked at.
    Other,
}

/// MACs of one rule.
const MAX_MACS: usize = 32;

/// One rule, as far as it is read.
pub struct Draft<'t> {
    rule: NameRule,
    macs: Vec<Mac, MAX_MACS>,
    /// The first that is not understood: its line, key, value, and what is wrong.
    wrong: Option<(Line<'t>, &'t [u8], &'t [u8], Problem)>,
    /// What gives something.
    given: (Line<'t>, &'t [u8], &'t [u8]),
}

impl<'t> Draft<'t> {
    /// Asks for nothing and gives nothing.
    pub fn new(source: NameSource) -> Draft<'t> {
        Draft {
            rule: NameRule {
                name: None,
                ..NameRule::new(Mac::NONE, IfName::LO, source, Origin::NONE)
            },
            macs: Vec::new(),
            wrong: None,
            given: (Line::NONE, b"", b""),
        }
    }

    /// Takes a key of the line at hand.
    #[inline(never)]
    pub fn set(&mut self, part: Part, key: &'t [u8], value: &'t [u8], cx: &mut Context<'t, '_>) {
        if let Err(problem) = self.take(part, value, cx) {
            self.wrong.get_or_insert((cx.line, key, value, problem));
        }
        if matches!(part, Part::Name | Part::Mtu | Part::SetMac) && !value.is_empty() {
            self.given = (cx.line, key, value);
            self.rule.origin = cx.origin(value);
        }
    }

    fn take(&mut self, part: Part, value: &[u8], cx: &mut Context<'_, '_>) -> Result<(), Problem> {
        let rule = &mut self.rule;
        let glob = match part {
            Part::Name => {
                rule.name = IfName::new(value);
                let is_given = rule.name.is_some() || value.is_empty();
                return is_given.then_some(()).ok_or(Problem::NotALinkName);
            }
            Part::SetMac => {
                rule.set_mac = scalar::mac(value);
                return rule.set_mac.map(|_| ()).ok_or(Problem::NotAMac);
            }
            Part::Mtu => {
                let (digits, unit) = match value {
                    [digits @ .., b'K'] => (digits, 1_024),
                    _ => (value, 1),
                };
                let octets = scalar::number(digits).and_then(|number| number.checked_mul(unit));
                rule.mtu = scalar::mtu(octets).flatten();
                return rule.mtu.map(|_| ()).ok_or(Problem::NotAnMtu);
            }
            _ if is_usual(value) => return Ok(()),
            Part::Mac => {
                for mac in value.split(is_between).filter(|mac| !mac.is_empty()) {
                    let mac = scalar::mac(mac).ok_or(Problem::NotAMac)?;
                    self.macs.push(mac).map_err(|_| Problem::MaxNameRules)?;
                }
                return Ok(());
            }
            Part::Original => &mut rule.original,
            Part::Driver => &mut rule.driver,
            Part::Path => &mut rule.path,
            Part::Usual | Part::Other => return Err(Problem::NotAMatch),
        };
        if value.starts_with(b"!") {
            return Err(Problem::NotAMatch);
        }
        *glob = Some(cx.keep_same(value)?);
        Ok(())
    }

    /// Adds the rule, once for each MAC, if it gives anything and is understood; `ignored` is what it costs
    /// otherwise.
    #[inline(never)]
    pub fn finish(mut self, ignored: Effect, cx: &mut Context<'t, '_>) {
        let (line, key, value) = self.given;
        if line == Line::NONE {
            return;
        }
        let rule = &mut self.rule;
        let has_glob = rule.original.is_some() || rule.driver.is_some() || rule.path.is_some();
        if self.macs.is_empty() && !has_glob {
            self.wrong
                .get_or_insert((line, key, value, Problem::NotAMatch));
        }
        if let Some((line, key, value, problem)) = self.wrong {
            let complaint = match problem {
                Problem::NotAMatch => Complaint::note(problem, ignored),
                _ => Complaint::warning(problem, ignored),
            };
            cx.line = line;
            cx.complain(key, value, complaint);
            return;
        }
        cx.line = line;
        if self.macs.is_empty() || rule.set_mac.is_some() || rule.mtu.is_some() {
            cx.complain(key, value, LATER);
        }
        if self.macs.is_empty() {
            let _ = self.macs.push(Mac::NONE);
        }
        for mac in &self.macs {
            rule.mac = *mac;
            match cx.add_rule(rule) {
                Ok(RulePut::Kept) => {}
                Ok(RulePut::Replaced) => cx.complain(key, value, AGAIN),
                Err(full) => cx.complain(key, value, Complaint::error(full, ignored)),
            }
        }
    }
}

const LATER: Complaint = Complaint::note(Problem::Later, Effect::None);
const AGAIN: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);

fn is_between(octet: &u8) -> bool {
    matches!(octet, b'|' | b' ' | b'\t')
}

/// Whether one of the values is what every network device with hardware behind it has, or any value at all.
fn is_usual(value: &[u8]) -> bool {
    let mut values = value.split(is_between);
    values.any(|value| {
        packed!("net,add,pci,usb,virtio,1,32,0x0,?*,*")
            .position(value)
            .is_some()
    })
}
