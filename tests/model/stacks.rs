//! Random stacks of links on random kernels: they are made in whatever order the configuration has them, asking again
//! changes nothing, other options are taken over, what cannot be made costs itself and what lies on it, and `down`
//! leaves the kernel as it was.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::kernel::Kernel;
use crate::support::messages::{RTM_DELLINK, RTM_NEWLINK};
use crate::support::nouns::{Addr, EEXIST, ENOMEM, Link};
use crate::support::stacks;
use ifdawn::engine::{Outcome, Progress};
use ifdawn::model::attr::{Attr, Scope, Value};
use ifdawn::model::config::{Config, LinkMatch, Role};
use ifdawn::model::link::LinkKind;

const CASES: u64 = 1_000;

/// A link as a configuration describes it. Numbers of others are their places in the stack, which has those below first.
#[derive(Clone, Debug)]
struct Node {
    name: String,
    kind: LinkKind,
    lower: Option<usize>,
    master: Option<usize>,
    /// Of those of its kind: see [`options`].
    choice: usize,
    addr: Option<String>,
}

/// Each option with its value, its type and what the kernel has then.
fn options(node: &Node) -> Vec<(Attr, u32, u16, Vec<u8>)> {
    let choice = u32::try_from(node.choice).expect("few");
    let word = |number: u32| number.to_ne_bytes().to_vec();
    let of_two = |number: u16| number.to_ne_bytes().to_vec();
    let number = u16::try_from(choice).expect("few") + 1;
    if node.kind == LinkKind::Bond {
        let mode = choice % 2;
        let miimon = 50 + choice;
        return vec![
            (Attr::BOND_MODE, mode, stacks::MODE, vec![mode as u8]),
            (Attr::MIIMON, miimon, stacks::MIIMON, word(miimon)),
        ];
    }
    if node.kind == LinkKind::Bridge {
        let priority = Attr::of(Scope::Bridge, "priority");
        return vec![(priority, number.into(), stacks::PRIORITY, of_two(number))];
    }
    if node.kind == LinkKind::Vlan {
        return vec![(
            Attr::VLAN_ID,
            number.into(),
            stacks::VLAN_ID,
            of_two(number),
        )];
    }
    if node.kind == LinkKind::Macvlan {
        let bit = choice % 3;
        let mode = Attr::of(Scope::Macvlan, "mode");
        return vec![(mode, bit, stacks::MACVLAN_MODE, word(1 << bit))];
    }
    Vec::new()
}

const KINDS: [(LinkKind, &str); 5] = [
    (LinkKind::Bond, "bond"),
    (LinkKind::Bridge, "bridge"),
    (LinkKind::Vlan, "vlan"),
    (LinkKind::Macvlan, "macvlan"),
    (LinkKind::Dummy, "dummy"),
];

fn kind_word(kind: LinkKind) -> Option<&'static str> {
    let found = KINDS.iter().find(|(of, _)| *of == kind);
    found.map(|(_, word)| *word)
}

/// Some NICs, and up to eight links on them and on each other.
fn stack(random: &mut Random) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for number in 0..2 + random.below(3) {
        nodes.push(node(format!("eth{}", number + 2), LinkKind::Ethernet));
    }
    for number in 0..2 + random.below(7) {
        let (kind, prefix) = KINDS[random.below(5)];
        let place = nodes.len();
        let mut new = node(format!("{prefix}{number}"), kind);
        // no two VLANs with one number, whatever becomes of it
        new.choice = 10 * number + random.below(10);
        let is_free = |n: usize| {
            nodes[n].master.is_none() && nodes.iter().all(|other| other.lower != Some(n))
        };
        let may_be_port = |n: &usize| match (kind, nodes[*n].kind) {
            (LinkKind::Bond, of) => of == LinkKind::Ethernet && is_free(*n),
            (LinkKind::Bridge, LinkKind::Ethernet | LinkKind::Bond | LinkKind::Vlan) => is_free(*n),
            _ => false,
        };
        let mut ports: Vec<usize> = (0..place).filter(may_be_port).collect();
        random.shuffle(&mut ports);
        ports.truncate(1 + random.below(3));
        if matches!(kind, LinkKind::Vlan | LinkKind::Macvlan) {
            let may_be_lower = |n: &usize| {
                nodes[*n].master.is_none() && !matches!(nodes[*n].kind, LinkKind::Macvlan)
            };
            let lowers: Vec<usize> = (0..place).filter(may_be_lower).collect();
            if lowers.is_empty() {
                continue;
            }
            new.lower = Some(lowers[random.below(lowers.len())]);
        }
        for port in ports {
            nodes[port].master = Some(place);
            nodes[port].addr = None;
        }
        if random.once_in(2) {
            new.addr = Some(format!("10.{place}.0.5/24"));
        }
        nodes.push(new);
    }
    nodes
}

fn node(name: String, kind: LinkKind) -> Node {
    Node {
        name,
        kind,
        lower: None,
        master: None,
        choice: 0,
        addr: None,
    }
}

/// Says all of them, in this order.
fn say(config: &mut Config<'_>, nodes: &[Node], order: &[usize]) {
    for n in order {
        let node = &nodes[*n];
        let id = config.file(LinkMatch::Name(name(&node.name)));
        let origin = {
            let link = config.link_mut(id).expect("a link");
            link.name = Some(name(&node.name));
            link.kind = node.kind;
            link.lower = node
                .lower
                .map(|lower| LinkMatch::Name(name(&nodes[lower].name)));
            link.master = node.master.map(|master| name(&nodes[master].name));
            if node.master.is_some() {
                link.role = Role::Port;
            }
            link.origin
        };
        for (attr, value, ..) in options(node) {
            config
                .set_attr(id, attr, Value::Number(value), origin)
                .expect("room");
        }
        if let Some(addr) = &node.addr {
            config.addr(id, addr);
        }
    }
}

fn order(random: &mut Random, nodes: &[Node]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    random.shuffle(&mut order);
    order
}

/// Two NICs more than are spoken of, one of them with somebody's bridge on it.
fn kernel(random: &mut Random, nodes: &[Node], absent: &[usize]) -> Kernel {
    let mut kernel = Kernel::new();
    for (n, node) in nodes.iter().enumerate() {
        if node.kind == LinkKind::Ethernet && !absent.contains(&n) {
            add_nic(&mut kernel, n, &node.name);
        }
    }
    let x0 = kernel.add_link(Link::new("x0", mac_octets(0x70)));
    let mut bridge = Link::new("theirs", mac_octets(0x71));
    (bridge.kind, bridge.perm_mac) = (Some("bridge"), None);
    let bridge = kernel.add_link(bridge);
    kernel.tables.set_master(x0, bridge).expect("a port");
    take_up(&mut kernel, bridge);
    kernel.add_addr(Addr::new(bridge, ip("192.168.9.9"), 24));
    let nic = kernel.add_link(Link::new("x1", mac_octets(0x72)));
    if random.once_in(2) {
        take_up(&mut kernel, nic);
    }
    kernel
}

fn add_nic(kernel: &mut Kernel, n: usize, name: &str) -> u32 {
    kernel.add_link(Link::new(name, mac_octets(u8::try_from(n).expect("few"))))
}

/// Whether what a node says is there; `is_there` says so of those it speaks of.
fn holds(kernel: &Kernel, nodes: &[Node], is_there: &dyn Fn(usize) -> bool) {
    let index = |n: usize| kernel.link(&nodes[n].name).map_or(0, |link| link.ifindex);
    for (n, node) in nodes.iter().enumerate() {
        let Some(link) = kernel.link(&node.name) else {
            assert!(!is_there(n), "{} is missing", node.name);
            continue;
        };
        assert!(is_there(n), "{} is there", node.name);
        assert_eq!(link.kind, kind_word(node.kind), "{}", node.name);
        assert!(link.is_up(), "{} is down", node.name);
        assert_eq!(link.lower, node.lower.map_or(0, index), "{}", node.name);
        if node.master.is_none_or(is_there) {
            assert_eq!(link.master, node.master.map_or(0, index), "{}", node.name);
        }
        for (_, _, kind, value) in options(node) {
            assert_eq!(
                link.data.get(&kind),
                Some(&value),
                "option {kind} of {}",
                node.name
            );
        }
        let addrs: Vec<String> = node.addr.iter().cloned().collect();
        let have = kernel.addrs_of(link.ifindex).into_iter();
        let have: Vec<String> = have.filter(|addr| !addr.starts_with("fe80")).collect();
        assert_eq!(have, addrs, "{}", node.name);
    }
}

/// What is there but for the loopback link.
fn snapshot(kernel: &Kernel) -> Vec<String> {
    let links = kernel.tables.links.iter().filter(|link| link.name != "lo");
    links
        .map(|link| {
            let addrs = kernel.addrs_of(link.ifindex);
            format!(
                "{} {} {} {:?} {:?} {addrs:?}",
                link.ifindex,
                link.name,
                link.master,
                link.mac,
                link.is_up()
            )
        })
        .collect()
}

#[test]
fn stacks_are_made_changed_and_taken_back() {
    for number in 0..CASES {
        case(number, || {
            let random = &mut Random::of_case(number);
            let mut nodes = stack(random);
            let mut host = FakeHost::new(kernel(random, &nodes, &[]));
            let before = snapshot(&host.kernel);
            for _ in 0..2 {
                let order = order(random, &nodes);
                let progress = up(&mut host, &|config| say(config, &nodes, &order));
                assert_eq!(progress, Progress::Done);
                assert_eq!(host.said("error:"), 0, "{:#?}", host.complaints);
                holds(&host.kernel, &nodes, &|_| true);
                let again = host.changes_in(|host| {
                    up(host, &|config| say(config, &nodes, &order));
                });
                assert_eq!(again, 0, "the second run sends changes: {:#?}", host.sent);
                assert_eq!(
                    plan(&mut host, &|config| say(config, &nodes, &order)),
                    [""; 0]
                );
                for node in &mut nodes {
                    node.choice = 10 * (node.choice / 10) + random.below(10);
                }
            }
            for n in order(random, &nodes) {
                if host.files.contains_key(&format!("owned-{}", nodes[n].name)) {
                    assert!(down(&mut host, &nodes[n].name), "{:?}", host.complaints);
                }
            }
            assert_eq!(snapshot(&host.kernel), before);
        });
    }
}

#[test]
fn what_plan_shows_is_what_up_does() {
    for number in 0..CASES / 4 {
        case(number, || {
            let random = &mut Random::of_case(number);
            let nodes = stack(random);
            let mut host = FakeHost::new(kernel(random, &nodes, &[]));
            let order = order(random, &nodes);
            let shown = plan(&mut host, &|config| say(config, &nodes, &order));
            up(&mut host, &|config| say(config, &nodes, &order));
            assert_eq!(host.sent[..shown.len()], shown);
        });
    }
}

#[test]
fn nics_may_come_later() {
    for number in 0..CASES / 2 {
        case(number, || {
            let random = &mut Random::of_case(number);
            let nodes = stack(random);
            let nics = nodes
                .iter()
                .filter(|node| node.kind == LinkKind::Ethernet)
                .count();
            let absent: Vec<usize> = (0..nics).filter(|_| random.once_in(2)).collect();
            let mut host = FakeHost::new(kernel(random, &nodes, &absent));
            let order = order(random, &nodes);
            with_engine(|engine| {
                say(&mut engine.config, &nodes, &order);
                converge(engine, &mut host);
                assert_eq!(host.said("error:"), 0, "{:#?}", host.complaints);
                holds(&host.kernel, &nodes, &|n| may_be(&nodes, n, &absent, None));
                for nic in &absent {
                    add_nic(&mut host.kernel, *nic, &nodes[*nic].name);
                    host.sent.clear();
                    converge(engine, &mut host);
                }
                assert_eq!(host.said("error:"), 0, "{:#?}", host.complaints);
                assert_eq!(engine.progress(), Progress::Done);
                assert_eq!(engine.outcome(), Outcome::Up);
            });
            holds(&host.kernel, &nodes, &|_| true);
        });
    }
}

/// Whether a node can be there without some, and without a kind.
fn may_be(nodes: &[Node], n: usize, absent: &[usize], missing: Option<&str>) -> bool {
    let node = &nodes[n];
    let is_missing = missing.is_some() && kind_word(node.kind) == missing;
    !absent.contains(&n)
        && !is_missing
        && node
            .lower
            .is_none_or(|lower| may_be(nodes, lower, absent, missing))
}

#[test]
fn a_kind_without_a_module_costs_itself_and_what_lies_on_it() {
    for number in 0..CASES / 2 {
        case(number, || {
            let random = &mut Random::of_case(number);
            let nodes = stack(random);
            let missing = KINDS[random.below(5)].1;
            let mut host = FakeHost::new(kernel(random, &nodes, &[]));
            host.kernel.settings.missing = vec![missing];
            let order = order(random, &nodes);
            let progress = up(&mut host, &|config| say(config, &nodes, &order));
            assert_eq!(progress, Progress::Done);
            let there = |n: usize| may_be(&nodes, n, &[], Some(missing));
            holds(&host.kernel, &nodes, &there);
            let lacks = |n: &usize| {
                let lower = nodes[*n].lower;
                kind_word(nodes[*n].kind) == Some(missing) && lower.is_none_or(there)
            };
            let told = (0..nodes.len()).filter(lacks).count();
            assert_eq!(
                host.said("is a kernel module"),
                told,
                "{:#?}",
                host.complaints
            );
            assert_eq!(host.said("error:"), told, "{:#?}", host.complaints);
            for n in (0..nodes.len()).filter(|n| !there(*n)) {
                let speaks = |line: &&String| line.split(' ').any(|word| word == nodes[n].name);
                let lines: Vec<&String> = host.sent.iter().filter(speaks).collect();
                assert!(
                    lines.iter().all(|line| line.starts_with("ip link add ")),
                    "{lines:?}"
                );
                assert!(
                    lacks(&n)
                        || lines
                            .iter()
                            .all(|line| !line.contains(&format!("name {} ", nodes[n].name)))
                );
                assert!(
                    !host.files.contains_key(&format!("owned-{}", nodes[n].name)),
                    "{}",
                    nodes[n].name
                );
            }
        });
    }
}

#[test]
fn a_name_that_was_taken_meanwhile_is_looked_at_again() {
    let nodes = [node("du0".to_owned(), LinkKind::Dummy)];
    let mut host = FakeHost::new(kernel(&mut Random(1), &nodes, &[]));
    // of a name that is taken, the kernel says nothing more
    host.kernel.settings.ext_ack = false;
    host.kernel.fail_next(RTM_NEWLINK, EEXIST);
    up(&mut host, &|config| say(config, &nodes, &[0]));
    assert_eq!(host.said(""), 0, "{:?}", host.complaints);
    holds(&host.kernel, &nodes, &|_| true);
}

#[test]
fn a_refusal_is_told_once_and_not_tried_for_ever() {
    let nodes = [node("du0".to_owned(), LinkKind::Dummy)];
    for errno in [EEXIST, ENOMEM] {
        let mut host = FakeHost::new(kernel(&mut Random(1), &nodes, &[]));
        host.kernel.settings.ext_ack = false;
        with_engine(|engine| {
            say(&mut engine.config, &nodes, &[0]);
            for _ in 0..9 {
                host.kernel.fail_next(RTM_NEWLINK, errno);
            }
            for _ in 0..5 {
                converge(engine, &mut host);
            }
            assert_eq!(engine.outcome(), Outcome::Down);
        });
        assert_eq!(host.said("error:"), 1, "{:?}", host.complaints);
        assert!(host.kernel.count(RTM_NEWLINK) <= 2);
    }
}

#[test]
fn what_others_use_is_not_made_anew() {
    let mut nodes = vec![
        node("eth2".to_owned(), LinkKind::Ethernet),
        node("vl0".to_owned(), LinkKind::Vlan),
    ];
    nodes[1].lower = Some(0);
    let mut host = FakeHost::new(kernel(&mut Random(1), &nodes, &[]));
    up(&mut host, &|config| say(config, &nodes, &[0, 1]));
    let vlan = host.kernel.link("vl0").expect("it").ifindex;
    host.kernel.add_addr(Addr::new(vlan, ip("192.168.1.1"), 24));
    nodes[1].choice = 3;
    let sent = host.changes_in(|host| {
        up(host, &|config| say(config, &nodes, &[0, 1]));
    });
    assert_eq!(sent, 0, "{:?}", host.sent);
    assert_eq!(
        host.said("differs, and the link is in use by others"),
        1,
        "{:?}",
        host.complaints
    );
    assert!(!down(&mut host, "vl0"), "nor is it deleted");
    assert_eq!(host.kernel.count(RTM_DELLINK), 0);
}

#[test]
fn what_others_have_on_a_bond_outlives_another_mode() {
    let mut nodes = vec![
        node("eth2".to_owned(), LinkKind::Ethernet),
        node("bond0".to_owned(), LinkKind::Bond),
    ];
    nodes[0].master = Some(1);
    nodes[1].addr = Some("10.1.0.5/24".to_owned());
    let mut host = FakeHost::new(kernel(&mut Random(1), &nodes, &[]));
    up(&mut host, &|config| say(config, &nodes, &[0, 1]));
    let bond = host.kernel.link("bond0").expect("it").ifindex;
    let theirs = ip("2001:db8:9::9");
    host.kernel.add_addr(Addr::new(bond, theirs, 64));
    nodes[1].choice = 1;
    up(&mut host, &|config| say(config, &nodes, &[0, 1]));
    assert_eq!(host.said(""), 0, "{:?}", host.complaints);
    let has_it = |addr: &Addr| (addr.ifindex, addr.local) == (bond, theirs);
    assert!(
        host.kernel.tables.addrs.iter().any(has_it),
        "{:#?}",
        host.sent
    );
    host.kernel
        .tables
        .del_addr(&Addr::new(bond, theirs, 64))
        .expect("it is there");
    holds(&host.kernel, &nodes, &|_| true);
}
