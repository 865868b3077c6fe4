//! MAC rules as a permutation of names: chains and cycles, with one temporary name per cycle.
//!
//! A rule says "the link with this MAC shall have this name" (initscripts' `rename_device`, udev's
//! persistent names, dracut's `ifname=`). The names already there are freed in the right order: the link
//! that holds a wanted name moves first, a cycle is opened through a temporary name, and a link that no
//! rule speaks of is moved aside.

use super::{Act, Naming, Phase, Plan, Rename};
use crate::diag::{At, Diagnostic, Effect, LineBuf, Origin, Problem, Severity, Sink};
use crate::model::config::{Config, SourceKind};
use crate::model::link::{IfName, Mac};
use crate::model::observed::{KernelKind, Link, Observed};
use core::fmt::{Display, Write};
use heapless::VecView;

/// Whether the kernel renames a link that is up (Linux 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveRename {
    /// Not tried yet.
    Unknown,
    /// It does.
    Proven,
    /// It answered EBUSY.
    Refused,
}

/// A link and the name it shall have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Number in [`Observed::links`].
    pub link: u16,
    /// The name.
    pub to: IfName,
    /// What asked for it.
    pub origin: Origin,
    /// Where it stands.
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not looked at.
    Pending,
    /// Waits for the link that holds its name; the assignment that waits for this one, if any.
    Waiting(Option<u16>),
    /// Done.
    Done,
}

impl Assignment {
    /// An assignment to be ordered.
    pub fn new(link: u16, to: IfName, origin: Origin) -> Assignment {
        Assignment {
            link,
            to,
            origin,
            state: State::Pending,
        }
    }
}

/// The link with this MAC: by its permanent address first, then by the current one; never a port, nor a
/// virtual link that shares the MAC of the one below it. Of several the one that has `name` already, else
/// the first.
pub fn find_by_mac<'o>(
    observed: &'o Observed<'_>,
    mac: Mac,
    name: Option<IfName>,
) -> Option<(usize, &'o Link)> {
    let candidates = || {
        let plain = |link: &Link| {
            link.master == 0 && link.kind != KernelKind::Virtual && !link.is_loopback()
        };
        observed
            .links
            .iter()
            .enumerate()
            .filter(move |(_, link)| plain(link))
    };
    let permanent = |link: &Link| link.perm_mac == mac;
    let current =
        |link: &Link| link.mac == mac && (link.perm_mac.is_unset() || link.perm_mac == mac);
    let named = |link: &Link| Some(link.name) == name;
    candidates()
        .find(|(_, link)| named(link) && (permanent(link) || current(link)))
        .or_else(|| candidates().find(|(_, link)| permanent(link)))
        .or_else(|| candidates().find(|(_, link)| current(link)))
        .or_else(|| candidates().find(|(_, link)| link.mac == mac))
}

/// Which link each MAC rule means. The command line's rules come first; a name or link that is taken by
/// an earlier rule is not given again.
pub fn assign(
    config: &Config<'_>,
    observed: &Observed<'_>,
    assignments: &mut VecView<Assignment>,
    sink: &mut dyn Sink,
) {
    assignments.clear();
    for source in [SourceKind::Cmdline, SourceKind::Ifcfg] {
        for rule in config
            .name_rules
            .iter()
            .filter(|rule| rule.source == source)
        {
            if rule.name == IfName::LO {
                let problem = Problem::Says("is the name of the loopback link");
                let effect = Effect::NotRenamed;
                complain(
                    config,
                    sink,
                    rule.origin,
                    &rule.mac,
                    rule.name,
                    problem,
                    effect,
                );
                continue;
            }
            let Some((at, link)) = find_by_mac(observed, rule.mac, Some(rule.name)) else {
                continue;
            };
            let Ok(at) = u16::try_from(at) else { continue };
            let taken = assignments
                .iter()
                .find(|other| other.link == at || other.to == rule.name)
                .copied();
            let problem = match taken {
                Some(other) if other.link == at && other.to == rule.name => continue,
                Some(_) => Problem::Conflict("is claimed by an earlier MAC rule"),
                None if !link.settled => continue,
                None if assignments
                    .push(Assignment::new(at, rule.name, rule.origin))
                    .is_ok() =>
                {
                    continue;
                }
                None => Problem::Full("MAX_NAME_RULES"),
            };
            complain(
                config,
                sink,
                rule.origin,
                &rule.mac,
                rule.name,
                problem,
                Effect::NotRenamed,
            );
        }
    }
}

/// Orders `assignments` into [`Plan::renames`] and gives the links of `observed` their new names.
pub fn order(
    config: &Config<'_>,
    observed: &mut Observed<'_>,
    assignments: &mut VecView<Assignment>,
    live: LiveRename,
    plan: &mut Plan<'_>,
    sink: &mut dyn Sink,
) {
    for first in 0..assignments.len() {
        if assignments
            .get(first)
            .is_some_and(|assignment| assignment.state == State::Pending)
        {
            let last = follow(config, observed, assignments, first, plan, sink);
            unwind(observed, assignments, last, plan);
        }
    }
    let needs_down = |rename: &Rename| {
        rename.is_up && rename.naming == Naming::Rename && live != LiveRename::Proven
    };
    for n in 0..plan.renames.len() {
        let Some(rename) = plan.renames.get(n).copied() else {
            continue;
        };
        let number = u32::try_from(n).unwrap_or(u32::MAX);
        if needs_down(&rename) {
            let same = |other: &Rename| other.ifindex == rename.ifindex && needs_down(other);
            if !plan.renames.iter().take(n).any(same) {
                plan.push(Phase::DownForRename, Act::DownRenamed(number));
            }
            if !plan.renames.iter().skip(n).skip(1).any(same) {
                plan.push(Phase::UpAfterRename, Act::UpRenamed(number));
            }
        }
        plan.push(Phase::Rename, Act::Rename(number));
    }
}

/// Follows the holders of wanted names from `first` until a name is free, freeing it where it must be;
/// the assignment whose name is free now.
fn follow(
    config: &Config<'_>,
    observed: &mut Observed<'_>,
    assignments: &mut VecView<Assignment>,
    first: usize,
    plan: &mut Plan<'_>,
    sink: &mut dyn Sink,
) -> usize {
    let mut current = first;
    let mut waiting = None;
    loop {
        let Some(assignment) = assignments.get_mut(current) else {
            return first;
        };
        assignment.state = State::Waiting(waiting);
        let (to, link, origin) = (
            assignment.to,
            usize::from(assignment.link),
            assignment.origin,
        );
        let Some(holder) = observed.links.iter().position(|link| link.name == to) else {
            return current;
        };
        if holder == link {
            return current;
        }
        let next = assignments
            .iter()
            .position(|other| usize::from(other.link) == holder);
        match next {
            Some(next) if next == first => {
                let temporary = made_name("ifdawn", observed, holder);
                rename(observed, holder, temporary, origin, plan);
                return current;
            }
            Some(next) => {
                waiting = u16::try_from(current).ok();
                current = next;
            }
            None => {
                let aside = made_name("rename", observed, holder);
                complain(
                    config,
                    sink,
                    origin,
                    &aside,
                    to,
                    Problem::NameTaken,
                    Effect::MovedAside,
                );
                rename(observed, holder, aside, origin, plan);
                return current;
            }
        }
    }
}

/// Carries out the assignments that wait for one another, from `last` back.
fn unwind(
    observed: &mut Observed<'_>,
    assignments: &mut VecView<Assignment>,
    last: usize,
    plan: &mut Plan<'_>,
) {
    let mut current = Some(last);
    while let Some(assignment) = current.and_then(|at| assignments.get_mut(at)) {
        let State::Waiting(waiting) = assignment.state else {
            return;
        };
        assignment.state = State::Done;
        rename(
            observed,
            usize::from(assignment.link),
            assignment.to,
            assignment.origin,
            plan,
        );
        current = waiting.map(usize::from);
    }
}

/// Adds one step to [`Plan::renames`], an alternative name in its way before it.
fn rename(observed: &mut Observed<'_>, at: usize, to: IfName, origin: Origin, plan: &mut Plan<'_>) {
    let owner = observed
        .altnames
        .iter()
        .find(|altname| altname.name == to)
        .map(|altname| altname.ifindex);
    if let Some(link) = owner
        .and_then(|ifindex| observed.by_index(ifindex))
        .copied()
    {
        push(plan, &link, to, Naming::DropAltName, origin);
        observed.altnames.retain(|altname| altname.name != to);
    }
    if let Some(link) = observed.links.get_mut(at)
        && link.name != to
    {
        push(plan, link, to, Naming::Rename, origin);
        link.name = to;
    }
}

fn push(plan: &mut Plan<'_>, link: &Link, to: IfName, naming: Naming, origin: Origin) {
    let rename = Rename {
        ifindex: link.ifindex,
        from: link.name,
        to,
        naming,
        is_up: link.is_up(),
        origin,
    };
    let pushed = plan.renames.push(rename);
    debug_assert!(pushed.is_ok());
}

/// A name made of `word` and the link's number, which nobody has; of a few more numbers where somebody
/// has it.
fn made_name(word: &str, observed: &Observed<'_>, at: usize) -> IfName {
    const STEP: u32 = 100_000;
    const TRIES: usize = 64;
    let ifindex = observed.links.get(at).map_or(0, |link| link.ifindex);
    let numbers = (0..TRIES).scan(ifindex, |number, _| {
        let this = *number;
        *number = this.wrapping_add(STEP);
        Some(this)
    });
    let mut last = IfName::LO;
    for number in numbers {
        let mut text = LineBuf::<15>::new();
        let _ = write!(text, "{word}{number}");
        last = IfName::new(text.as_bytes()).unwrap_or(last);
        let is_other = observed.altnames.iter().any(|altname| altname.name == last);
        if observed.by_name(last).is_none() && !is_other {
            break;
        }
    }
    last
}

fn complain(
    config: &Config<'_>,
    sink: &mut dyn Sink,
    origin: Origin,
    subject: &dyn Display,
    name: IfName,
    problem: Problem<'_>,
    effect: Effect,
) {
    sink.report(&Diagnostic {
        severity: Severity::Warning,
        at: At::of(origin, config),
        subject,
        token: name.as_bytes(),
        problem,
        effect,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::model::config::NameRule;
    use crate::model::observed::{ARPHRD_ETHER, AltName, IFF_LOOPBACK, IFF_UP};
    use crate::plan::op::Op;
    use std::string::{String, ToString};
    use std::vec::Vec;

    type Tables = Machine<8, 8, 2, 2, 64, 4, 64>;

    /// What is refused or moved aside, as `subject "token" problem`.
    struct Told(Vec<String>);

    impl Sink for Told {
        fn report(&mut self, told: &Diagnostic<'_>) {
            self.0
                .push(std::format!("{}: {}", told.subject, told.message()));
        }
    }

    fn mac(number: u8) -> Mac {
        Mac::new(&[2, 0, 0, 0, 0, number]).unwrap()
    }

    fn name(text: &str) -> IfName {
        IfName::new(text.as_bytes()).unwrap()
    }

    fn link(ifindex: u32, text: &str, flags: u32) -> Link {
        let mac = mac(u8::try_from(ifindex).unwrap());
        Link {
            ifindex,
            name: name(text),
            flags,
            arphrd: ARPHRD_ETHER,
            mtu: 1_500,
            mac,
            perm_mac: mac,
            master: 0,
            kind: KernelKind::Device,
            settled: true,
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
            let source = SourceKind::Ifcfg;
            let rule = NameRule {
                mac: mac(*number),
                name: name(to),
                source,
                origin: Origin::NONE,
            };
            engine.config.name_rules.push(rule).unwrap();
        }
        let mut told = Told(Vec::new());
        assign(
            &engine.config,
            &engine.observed,
            engine.assignments,
            &mut told,
        );
        let (config, observed) = (&engine.config, &mut engine.observed);
        order(
            config,
            observed,
            engine.assignments,
            live,
            &mut engine.plan,
            &mut told,
        );
        engine.plan.sort();
        let op = |step: &crate::plan::Step| {
            Op::of(*step, &engine.plan, &engine.desired)
                .unwrap()
                .to_string()
        };
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
                ordered(links, rules, LiveRename::Proven),
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
        for live in [LiveRename::Refused, LiveRename::Unknown] {
            assert_eq!(ordered(links, rules, live).0, around);
        }
        assert_eq!(ordered(links, rules, LiveRename::Proven).0, names);
    }

    #[test]
    fn a_link_no_rule_speaks_of_moves_aside() {
        let (commands, told) = ordered(&["eth0", "eth1"], &[(2, "eth1")], LiveRename::Proven);
        assert_eq!(commands, ["eth1 name rename3", "eth0 name eth1"]);
        assert_eq!(
            told,
            ["rename3: \"eth1\" is the name of a link no rule speaks of"]
        );
    }

    #[test]
    fn the_first_of_two_rules_for_a_name_or_a_link_counts() {
        let rules = [(2, "lan0"), (2, "lan1"), (3, "lan0"), (2, "lan0")];
        let (commands, told) = ordered(&["eth0", "eth1"], &rules, LiveRename::Proven);
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
        engine
            .assignments
            .push(Assignment::new(0, name("lan0"), Origin::NONE))
            .unwrap();
        let (config, observed) = (&engine.config, &mut engine.observed);
        let mut told = Told(Vec::new());
        order(
            config,
            observed,
            engine.assignments,
            LiveRename::Proven,
            &mut engine.plan,
            &mut told,
        );
        let steps = engine.plan.steps.iter();
        let commands: Vec<String> = steps
            .map(|step| {
                Op::of(*step, &engine.plan, &engine.desired)
                    .unwrap()
                    .to_string()
            })
            .collect();
        assert_eq!(
            commands,
            [
                "ip link property del dev eth1 altname lan0",
                "ip link set dev eth0 name lan0"
            ]
        );
        assert_eq!(engine.observed.altnames.len(), 1);
    }

    /// A change of the first link of three, all with the current MAC 2; its permanent MAC is 9.
    type Change = fn(&mut Link);

    #[test]
    fn a_mac_means_the_link_it_belongs_to_for_good() {
        let bonded: Change = |link| link.master = 7;
        let rows: &[(Change, u8, Option<u32>)] = &[
            (|_| {}, 9, Some(2)),
            (|_| {}, 2, Some(3)),
            (bonded, 9, None),
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
            let find = |name| {
                find_by_mac(&engine.observed, mac(*number), name).map(|(_, link)| link.ifindex)
            };
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
