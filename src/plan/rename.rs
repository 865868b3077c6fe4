//! MAC rules as a permutation of names: chains and cycles, with one temporary name per cycle.
//!
//! A rule says "the link with this MAC shall have this name" (initscripts' `rename_device`, udev's
//! persistent names, dracut's `ifname=`). The names already there are freed in the right order: the link
//! that holds a wanted name moves first, a cycle is opened through a temporary name, and a link that no
//! rule speaks of is moved aside.

use super::{Act, Naming, Phase, Plan, Rename};
use crate::diag::{Complaint, Effect, LineBuf, Origin, Problem, Sink, Subject};
use crate::limits::MAX_LINE;
use crate::model::config::{Config, NameRule};
use crate::model::link::{IfName, Mac};
use crate::model::observed::{KernelKind, Link, Observed, numbered};
use crate::packed::{Word, word};
use crate::text::show::Show;

/// Whether the kernel renames a link that is up (Linux 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveRename {
    /// It is tried.
    Tried,
    /// It answered EBUSY, or is too old.
    Refused,
}

/// The link with this MAC: by its permanent address first, then by the current one; a port by the former only, and
/// never a virtual link that shares the MAC of the one below it. Of several the one that has `name` already, else
/// the first.
#[inline(never)]
pub fn find_by_mac<'o>(
    observed: &'o Observed<'_>,
    mac: &Mac,
    name: &Option<IfName>,
) -> Option<&'o Link> {
    let mut best = None;
    let mut best_rank = 0;
    for link in observed.links.iter() {
        let rank = rank(link, mac, name);
        if rank > best_rank {
            best_rank = rank;
            best = Some(link);
        }
    }
    best
}

/// How well `link` fits, from 0 for not at all; see [`find_by_mac`].
fn rank(link: &Link, mac: &Mac, name: &Option<IfName>) -> u8 {
    let is_permanent = link.perm_mac == *mac;
    // Ports of a bond may all have the same MAC, but each its own permanent one.
    let is_current = link.master == 0 && link.mac == *mac;
    if !(is_permanent || is_current) || link.kind == KernelKind::Virtual || link.is_loopback() {
        return 0;
    }
    if !is_permanent && !link.perm_mac.is_unset() {
        return 1;
    }
    match (link.name.is(name), is_permanent) {
        (true, _) => 4,
        (false, true) => 3,
        (false, false) => 2,
    }
}

/// Everything that [`Renamer::assign`] and [`Renamer::order`] work on.
pub struct Renamer<'a, 'm> {
    /// What the sources said.
    pub config: &'a Config<'m>,
    /// The kernel's links; they get their new names.
    pub observed: &'a mut Observed<'m>,
    /// Gets the steps.
    pub plan: &'a mut Plan<'m>,
    /// Receives complaints.
    pub sink: &'a mut dyn Sink,
}

impl Renamer<'_, '_> {
    /// Which link each MAC rule means. The command line's rules come first; a name or link that is taken
    /// by an earlier rule is not given again.
    pub fn assign(&mut self) {
        for rule in self.config.name_rules.iter() {
            if let Some(name) = &rule.name
                && let Err(problem) = self.assign_one(rule, name)
            {
                let complaint = Complaint::warning(problem, Effect::NotRenamed);
                self.complain(complaint, rule.origin, Subject::Mac(&rule.mac), name);
            }
        }
    }

    /// Notes the name that one rule gives a link, if there is one.
    fn assign_one(&mut self, rule: &NameRule, name: &IfName) -> Result<(), Problem> {
        // one without a MAC is about links of a driver, a place or a name
        if rule.mac.is_unset() {
            return Ok(());
        }
        if *name == IfName::LO {
            return Err(Problem::NameOfLoopback);
        }
        let Some(link) = find_by_mac(self.observed, &rule.mac, &rule.name) else {
            return Ok(());
        };
        let ifindex = link.ifindex;
        if name.is(&link.rename_to) {
            return Ok(());
        }
        if link.rename_to.is_some() || self.who_becomes(name).is_some() {
            return Err(Problem::NameClaimed);
        }
        if link.settled
            && let Some(link) = self.observed.by_index_mut(ifindex)
        {
            link.rename_to = rule.name;
            link.renamed_by = rule.origin;
        }
        Ok(())
    }

    /// The number of the link that shall have this name and is not renamed yet.
    #[inline(never)]
    fn who_becomes(&self, name: &IfName) -> Option<usize> {
        let mut links = self.observed.links.iter();
        links.position(|link| name.is(&link.rename_to))
    }

    /// Orders the names that links shall have into [`Plan::renames`], and gives them to the links.
    pub fn order(&mut self) {
        for first in 0..self.observed.links.len() {
            let free = self.follow(first);
            self.unwind(free);
        }
        for n in 0..self.plan.renames.len() as u32 {
            self.plan.push(Phase::Rename, Act::Rename, n);
        }
    }

    /// Follows the holders of wanted names from `first` until a name is free, freeing it where it must be;
    /// the link whose name is free now.
    #[inline(never)]
    fn follow(&mut self, first: usize) -> usize {
        const COMPLAINT: Complaint = Complaint::warning(Problem::NameTaken, Effect::MovedAside);
        let mut current = first;
        while let Some(link) = self.observed.links.get(current)
            && let Some(to) = link.rename_to
        {
            let origin = link.renamed_by;
            let mut links = self.observed.links.iter();
            let Some(holder) = links.position(|link| link.name == to) else {
                break;
            };
            if holder == current {
                break;
            }
            let held = self.observed.links.get(holder);
            let stays = held.is_none_or(|link| link.rename_to.is_none());
            if stays || holder == first {
                let word = if stays {
                    word!("rename")
                } else {
                    word!("ifdawn")
                };
                let made = made_name(word, self.observed, holder);
                if stays {
                    self.complain(COMPLAINT, origin, Subject::Link(&made), &to);
                }
                self.rename(holder, &made, origin);
                break;
            }
            current = holder;
        }
        current
    }

    /// Renames the link `last`, then the one that waits for the name it had, and so on.
    fn unwind(&mut self, last: usize) {
        let mut current = Some(last);
        while let Some(at) = current
            && let Some(link) = self.observed.links.get_mut(at)
            && let Some(to) = link.rename_to.take()
        {
            let (old, origin) = (link.name, link.renamed_by);
            self.rename(at, &to, origin);
            current = self.who_becomes(&old);
        }
    }

    /// Adds one step to [`Plan::renames`], an alternative name in its way before it.
    #[inline(never)]
    fn rename(&mut self, at: usize, to: &IfName, origin: Origin) {
        let Observed {
            links, altnames, ..
        } = &mut *self.observed;
        for altname in altnames.iter_mut() {
            if altname.name == *to
                && let Some(link) = numbered(links, altname.ifindex)
            {
                push(self.plan, link, to, Naming::DropAltName, origin);
                altname.ifindex = 0;
            }
        }
        if let Some(link) = links.get_mut(at)
            && link.name != *to
        {
            push(self.plan, link, to, Naming::Rename, origin);
            link.name = *to;
        }
    }

    /// Complains that `subject` cannot have `name`, or that another link has it.
    #[inline(never)]
    fn complain(
        &mut self,
        complaint: Complaint,
        origin: Origin,
        subject: Subject<'_>,
        name: &IfName,
    ) {
        complaint.report_token(self.sink, self.config, origin, subject, name.as_bytes());
    }
}

/// Adds a row to [`Plan::renames`].
#[inline(never)]
pub(crate) fn push(plan: &mut Plan<'_>, link: &Link, to: &IfName, naming: Naming, origin: Origin) {
    let rename = Rename {
        ifindex: link.ifindex,
        from: link.name,
        to: *to,
        naming,
        is_up: link.is_up(),
        origin,
    };
    let pushed = plan.renames.push(rename);
    debug_assert!(pushed.is_ok());
}

/// A name that begins with `word`, as much of it as there is room for.
#[inline(never)]
pub(crate) fn written_name(word: Word, rest: &dyn Show) -> IfName {
    let mut text = LineBuf::<MAX_LINE>::new();
    text.unpack(word.text());
    text.show(rest);
    IfName::cut(text.as_bytes()).unwrap_or(IfName::LO)
}

/// A name made of `word` and the link's number, which nobody has; of another number where somebody has it.
fn made_name(word: Word, observed: &Observed<'_>, at: usize) -> IfName {
    const STEP: u32 = 100_000;
    let link = observed.links.get(at);
    let mut number = link.map_or(0, |link| link.ifindex);
    loop {
        let name = written_name(word, &number);
        let mut altnames = observed.altnames.iter();
        if observed.by_name(&name).is_none() && !altnames.any(|altname| altname.name == name) {
            return name;
        }
        number = number.wrapping_add(STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostic;
    use crate::engine::Engine;
    use crate::machine::Machine;
    use crate::model::config::NameSource;
    use crate::model::observed::{AltName, IFF_LOOPBACK, IFF_UP};
    use crate::testing::{link, mac, name};
    use std::string::{String, ToString};
    use std::vec::Vec;

    type Tables = Machine<8, 8, 2, 2, 4, 64, 8, 64>;

    /// What is refused or moved aside, as `subject "token" problem`.
    struct Told(Vec<String>);

    impl Sink for Told {
        fn report(&mut self, told: &Diagnostic<'_>) {
            self.0
                .push(std::format!("{}: {}", told.subject, told.message()));
        }
    }

    fn renamer<'a, 'm>(engine: &'a mut Engine<'m>, told: &'a mut Told) -> Renamer<'a, 'm> {
        Renamer {
            config: &engine.config,
            observed: &mut engine.observed,
            plan: &mut engine.plan,
            sink: told,
        }
    }

    /// The commands that carry `rules` (link number, name) out, and what is told. Links have the numbers
    /// from 2 on; a name that ends in `^` is that of a link that is up.
    fn ordered(
        links: &[&str],
        rules: &[(u8, &str)],
        live: LiveRename,
    ) -> (Vec<String>, Vec<String>) {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        for (text, ifindex) in links.iter().zip(2..) {
            let flags = if text.ends_with('^') { IFF_UP } else { 0 };
            engine
                .observed
                .links
                .push(link(ifindex, text.trim_end_matches('^'), flags))
                .unwrap();
        }
        for (number, to) in rules {
            let rule = NameRule::new(&mac(*number), &name(to), NameSource::Ifcfg, Origin::NONE);
            engine.config.name_rules.push(rule).unwrap();
        }
        let mut told = Told(Vec::new());
        engine.live_rename = live;
        engine.plan_names(&mut told);
        let op = |step: &crate::plan::Step| engine.op(*step).unwrap().to_string();
        let commands = engine.plan.steps.iter().map(op);
        (
            commands
                .map(|text| text.replace("ip link set dev ", ""))
                .collect(),
            told.0,
        )
    }

    #[test]
    fn chains_begin_at_their_free_end_and_cycles_have_one_name_for_a_moment() {
        for (links, rules, commands) in [
            (&["eth0"][..], &[(2, "lan0")][..], &["eth0 name lan0"][..]),
            (&["eth0"], &[(2, "eth0")], &[]),
            (&["eth0"], &[(9, "lan0")], &[]),
            (
                &["eth0", "eth1", "eth2"],
                &[(2, "eth1"), (3, "eth2"), (4, "lan0")],
                &["eth2 name lan0", "eth1 name eth2", "eth0 name eth1"],
            ),
            (
                &["eth0", "eth1"],
                &[(2, "eth1"), (3, "eth0")],
                &["eth0 name ifdawn2", "eth1 name eth0", "ifdawn2 name eth1"],
            ),
            (
                &["eth0", "eth1", "eth2"],
                &[(2, "eth1"), (3, "eth2"), (4, "eth0")],
                &[
                    "eth0 name ifdawn2",
                    "eth2 name eth0",
                    "eth1 name eth2",
                    "ifdawn2 name eth1",
                ],
            ),
            (
                &["a", "b", "c", "d"],
                &[(2, "b"), (3, "a"), (4, "d"), (5, "c")],
                &[
                    "a name ifdawn2",
                    "b name a",
                    "ifdawn2 name b",
                    "c name ifdawn4",
                    "d name c",
                    "ifdawn4 name d",
                ],
            ),
        ] {
            assert_eq!(
                ordered(links, rules, LiveRename::Tried),
                (owned(commands), owned(&[])),
                "{rules:?}"
            );
            assert_eq!(
                ordered(links, rules, LiveRename::Refused),
                (owned(commands), owned(&[])),
                "{rules:?}"
            );
        }
    }

    fn owned(lines: &[&str]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_that_are_up_go_down_once_unless_the_kernel_can_do_without() {
        let (links, rules) = (&["eth0^", "eth1"], &[(2, "eth1"), (3, "eth0")]);
        let names = ["eth0 name ifdawn2", "eth1 name eth0", "ifdawn2 name eth1"];
        let around = [&["eth0 down"], &names[..], &["eth1 up"]].concat();
        assert_eq!(ordered(links, rules, LiveRename::Refused).0, around);
        assert_eq!(ordered(links, rules, LiveRename::Tried).0, names);
    }

    #[test]
    fn a_link_no_rule_speaks_of_moves_aside() {
        let (commands, told) = ordered(&["eth0", "eth1"], &[(2, "eth1")], LiveRename::Tried);
        assert_eq!(commands, ["eth1 name rename3", "eth0 name eth1"]);
        assert_eq!(
            told,
            ["rename3: \"eth1\" is the name of a link no rule speaks of"]
        );
    }

    #[test]
    fn the_first_of_two_rules_for_a_name_or_a_link_counts() {
        let rules = [(2, "lan0"), (2, "lan1"), (3, "lan0"), (2, "lan0")];
        let (commands, told) = ordered(&["eth0", "eth1"], &rules, LiveRename::Tried);
        assert_eq!(commands, ["eth0 name lan0"]);
        let both = ["02:00:00:00:00:02: \"lan1\"", "02:00:00:00:00:03: \"lan0\""];
        assert_eq!(
            told,
            both.map(|rule| std::format!("{rule} is claimed by an earlier MAC rule"))
        );
    }

    #[test]
    fn an_alternative_name_is_dropped_before_its_name_is_given() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        for (text, ifindex) in [("eth0", 2), ("eth1", 3)] {
            engine.observed.links.push(link(ifindex, text, 0)).unwrap();
        }
        for text in ["lan0", "other"] {
            engine
                .observed
                .altnames
                .push(AltName {
                    ifindex: 3,
                    name: name(text),
                })
                .unwrap();
        }
        engine.observed.links[0].rename_to = Some(name("lan0"));
        let mut told = Told(Vec::new());
        renamer(&mut engine, &mut told).order();
        let steps = engine.plan.steps.iter();
        let commands: Vec<String> = steps
            .map(|step| engine.op(*step).unwrap().to_string())
            .collect();
        assert_eq!(
            commands,
            [
                "ip link property del dev eth1 altname lan0",
                "ip link set dev eth0 name lan0"
            ]
        );
        let left = engine.observed.altnames.iter().map(|left| left.ifindex);
        assert_eq!(left.filter(|ifindex| *ifindex != 0).count(), 1);
    }

    /// A change of the first link of three, all with the current MAC 2; its permanent MAC is 9.
    type Change = fn(&mut Link);

    #[test]
    fn a_mac_means_the_link_it_belongs_to_for_good() {
        let bonded: Change = |link| link.master = 7;
        let rows: &[(Change, u8, Option<u32>)] = &[
            (|_| {}, 9, Some(2)),
            (|_| {}, 2, Some(3)),
            (bonded, 9, Some(2)),
            (|link| link.kind = KernelKind::Virtual, 9, None),
            (|link| link.flags = IFF_LOOPBACK, 9, None),
            (|link| link.kind = KernelKind::Veth, 9, Some(2)),
            (|_| {}, 8, None),
        ];
        for (change, number, found) in rows {
            let mut tables = Tables::new();
            let engine = tables.engine();
            for ifindex in [2, 3, 4] {
                let text = std::format!("eth{ifindex}");
                let mut link = Link {
                    mac: mac(2),
                    perm_mac: mac(2),
                    ..link(ifindex, &text, 0)
                };
                if ifindex == 2 {
                    link.perm_mac = mac(9);
                    change(&mut link);
                }
                engine.observed.links.push(link).unwrap();
            }
            let find =
                |name| find_by_mac(&engine.observed, &mac(*number), &name).map(|link| link.ifindex);
            assert_eq!(find(None), *found, "MAC {number}");
            if *number == 2 {
                assert_eq!(
                    find(Some(name("eth4"))),
                    Some(4),
                    "of two the one that has the name"
                );
            }
        }
    }
}
