//! Links that lie on others: how deep they lie, which of them are to be made, and which cannot be.
//!
//! A link that is to be made is put among the kernel's, under a number that no link has: the kernel takes the number
//! that it is asked for (Linux 3.7), so what lies on the link, and its addresses and routes, are planned at once.

use super::rename::{find_by_mac, written_name};
use super::resolve::Goal;
use crate::diag::{Complaint, Effect, Problem, Sink, Subject};
use crate::model::attr::{Attr, Value};
use crate::model::config::{Config, LinkConfig, LinkId, LinkMatch};
use crate::model::link::{IfName, LinkKind, Mac};
use crate::model::observed::{Birth, KernelKind, Link, Observed};
use crate::packed::word;
use crate::text::show::{Show, Text};
use crate::wire::rtnetlink::info::is_kind;
use heapless::VecView;

/// So many links may lie one on the other; what lies deeper lies on itself, or the kernel would refuse it.
pub const MAX_DEPTH: u8 = 16;
/// How many depths there are.
const DEPTHS: u8 = MAX_DEPTH + 1;
/// The depth of a link that cannot be.
pub const NO_DEPTH: u8 = 0x3f;
/// Beside the depth: a link that is asked for lies on it. One that cannot be is no longer needed.
const NEEDED: u8 = 0x40;

/// Everything that it works on.
pub struct Stack<'a, 'm> {
    /// What the sources said.
    pub config: &'a Config<'m>,
    /// The kernel's links; gets those that are to be made.
    pub observed: &'a mut Observed<'m>,
    /// What this run is about.
    pub goal: Goal<'a>,
    /// One for each configured link, filled.
    pub depths: &'a mut VecView<u8>,
    /// Receives complaints.
    pub sink: &'a mut dyn Sink,
}

impl Stack<'_, '_> {
    /// Works out how deep each link lies, refuses what cannot be, and adds what is to be made.
    #[inline(never)]
    pub fn build(&mut self) {
        self.depths.clear();
        while self.depths.push(0).is_ok() {}
        // Each round brings it one link further, whatever the order; no depth grows beyond the last.
        while self.relax() {}
        let config = self.config;
        for depth in 0..DEPTHS {
            for (id, link) in config.links_with_ids() {
                if depth_of(self.depths, id) == depth && self.is_wanted(id) {
                    self.add(id, link, depth);
                }
            }
        }
    }

    /// Puts each link above those it lies on; whether that changed anything.
    fn relax(&mut self) -> bool {
        let config = self.config;
        let mut is_news = false;
        for (id, link) in config.links_with_ids() {
            if let Some(lower) = &link.lower {
                // The link below may be one that nothing configures.
                is_news |= self.lies_on(id, below(config, lower));
            }
            is_news |= self.lies_on(id_of(config, link.master.as_ref()), id);
        }
        is_news
    }

    /// Puts one link, if there is one, above another; whether that changed anything.
    #[inline(never)]
    fn lies_on(&mut self, upper: LinkId, lower: LinkId) -> bool {
        let depth = depth_of(self.depths, lower)
            .wrapping_add(1)
            .min(MAX_DEPTH)
            .max(depth_of(self.depths, upper));
        let is_needed = self.is_wanted(upper);
        let mut is_news = false;
        if let Some(above) = self.depths.get_mut(upper.place()) {
            let before = *above;
            *above = depth | before & NEEDED;
            is_news = *above != before;
        }
        if let Some(below) = self.depths.get_mut(lower.place())
            && is_needed
        {
            is_news |= *below & NEEDED == 0;
            *below |= NEEDED;
        }
        is_news
    }

    /// Whether a link is asked for, or one that lies on it.
    fn is_wanted(&self, id: LinkId) -> bool {
        let is_needed = is_needed(self.depths, id);
        let link = self.config.link(id);
        link.is_some_and(|link| self.goal.wants(link, None, is_needed))
    }

    /// Adds a link, if it is to be made and can be.
    fn add(&mut self, id: LinkId, link: &LinkConfig, depth: u8) {
        let config = self.config;
        let Some(kind) = link.made_kind() else {
            return;
        };
        if depth == MAX_DEPTH {
            return self.refuse(id, link, Problem::Loop);
        }
        if let Some(lower) = &link.lower
            && depth_of(self.depths, below(config, lower)) == NO_DEPTH
        {
            return self.cannot_be(id);
        }
        let Some(name) = &name_of(config, self.observed, id) else {
            return;
        };
        // The name is that of the rule's link.
        if config.rule_for(&link.name).is_some() {
            return;
        }
        if let Some(have) = self.observed.by_name(name) {
            let info = self.observed.info(have);
            let is_it = have.birth != Birth::Seen
                || link.kind == LinkKind::Ethernet
                || is_kind(info, kind)
                || info.is_empty() && have.kind != KernelKind::Device;
            if !is_it {
                self.refuse(id, link, Problem::OtherKind);
            }
            return;
        }
        let mut lower = 0;
        if let Some(matches) = &link.lower {
            let Some(below) = find_lower(self.observed, matches) else {
                return;
            };
            lower = below.ifindex;
            if kind == LinkKind::Vlan && self.is_there_twice(id, matches) {
                return self.refuse(id, link, Problem::SameVlan);
            }
        }
        lower = plan_link(self.observed, name, lower, Some(&link.mac));
        // Its other end is made with it.
        if let Some(peer) = config.attr_of(id, Attr::PEER)
            && let Value::Text(peer) = peer.value
            && let Some(peer) = IfName::new(config.text(peer))
            && self.observed.by_name(&peer).is_none()
        {
            plan_link(self.observed, &peer, lower, None);
        }
    }

    /// Whether an earlier link is the VLAN of this id on the same link.
    fn is_there_twice(&self, id: LinkId, lower: &LinkMatch) -> bool {
        let config = self.config;
        for (other, there) in config.links_with_ids() {
            if other == id {
                break;
            }
            if tag_of(config, other) == tag_of(config, id)
                && there.lower.as_ref() == Some(lower)
                && self.is_wanted(other)
            {
                return true;
            }
        }
        false
    }

    fn refuse(&mut self, id: LinkId, link: &LinkConfig, problem: Problem) {
        let complaint = Complaint::error(problem, Effect::NotMade);
        let subject = Subject::Matches(&link.matches);
        complaint.report(self.sink, self.config, link.origin, subject);
        self.cannot_be(id);
    }

    #[inline(never)]
    fn cannot_be(&mut self, id: LinkId) {
        if let Some(slot) = self.depths.get_mut(id.place()) {
            *slot = NO_DEPTH;
        }
    }
}

/// Adds a virtual link on another one, which is made with this MAC, or else is there with another; its number. There is
/// room: links that nothing speaks of were left out of the table in time.
#[inline(never)]
fn plan_link(observed: &mut Observed<'_>, name: &IfName, lower: u32, made: Option<&Mac>) -> u32 {
    let mut link = Link::new(observed.next_index(), *name);
    if let Some(other) = observed.links.first() {
        link.knobs = other.knobs;
    }
    (link.kind, link.lower) = (KernelKind::Virtual, lower);
    if let Some(mac) = made {
        // Which MTU it gets is not known: any that is wanted is set.
        (link.birth, link.mtu, link.mac) = (Birth::Planned, u32::MAX, *mac);
    }
    let _ = observed.links.push(link);
    link.ifindex
}

/// How deep a configured link lies, or [`NO_DEPTH`].
#[inline(never)]
pub fn depth_of(depths: &VecView<u8>, id: LinkId) -> u8 {
    depths.get(id.place()).map_or(0, |depth| depth & NO_DEPTH)
}

/// Whether a link that is asked for lies on it.
pub fn is_needed(depths: &VecView<u8>, id: LinkId) -> bool {
    depths
        .get(id.place())
        .is_some_and(|depth| depth & NEEDED != 0)
}

/// The id of a VLAN and its Ethernet type; 0 for what is none.
#[inline(never)]
fn tag_of(config: &Config<'_>, id: LinkId) -> u32 {
    let protocol = config.number_of(id, Attr::VLAN_PROTOCOL).unwrap_or(0);
    config.number_of(id, Attr::VLAN_ID).unwrap_or(0) | protocol << 16
}

/// The configured link that another one lies on. One that is known by its MAC is a device, which lies on nothing.
fn below(config: &Config<'_>, lower: &LinkMatch) -> LinkId {
    match lower {
        LinkMatch::Name(name) => id_of(config, Some(name)),
        LinkMatch::Mac(_) | LinkMatch::Bootif(_) | LinkMatch::Any => LinkId::NONE,
    }
}

/// The configured link with this name, [`LinkId::NONE`] for none.
#[inline(never)]
pub fn id_of(config: &Config<'_>, name: Option<&IfName>) -> LinkId {
    let link = name.and_then(|name| config.named(name));
    link.unwrap_or(LinkId::NONE)
}

/// The kernel's link that another one lies on.
#[inline(never)]
pub fn find_lower<'o>(observed: &'o Observed<'_>, lower: &LinkMatch) -> Option<&'o Link> {
    match lower {
        LinkMatch::Name(name) => observed.by_name(name),
        LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) => find_by_mac(observed, mac, &None),
        LinkMatch::Any => None,
    }
}

/// The name of a configured link; one of the firmware's VLANs has the end of that of the link below, a dot and its
/// id.
pub fn name_of(config: &Config<'_>, observed: &Observed<'_>, id: LinkId) -> Option<IfName> {
    let link = config.link(id)?;
    if link.name.is_some() || link.kind != LinkKind::Vlan {
        return link.name;
    }
    let lower = find_lower(observed, link.lower.as_ref()?)?;
    let tagged = Tagged(lower.name.as_bytes(), config.number_of(id, Attr::VLAN_ID)?);
    Some(written_name(word!(""), &tagged))
}

/// A VLAN's name.
struct Tagged<'a>(&'a [u8], u32);

impl Show for Tagged<'_> {
    fn show(&self, f: &mut Text<'_>) {
        /// As many as leave room for a dot and four digits. Of a name made of a MAC the last ones differ.
        const OCTETS: usize = 10;
        f.put(self.0.last_chunk::<OCTETS>().map_or(self.0, |end| end));
        f.count(word!("."), self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::model::observed::IFF_UP;
    use crate::plan::links::diff_links;
    use crate::plan::resolve::{LinkState, Resolver};
    use crate::source::testing::Heard;
    use crate::source::{Context, cmdline};
    use crate::testing::{link, name};
    use crate::wire::rtnetlink::info::{OCTETS, Options, Pick};
    use std::string::{String, ToString};
    use std::sync::{Mutex, PoisonError};
    use std::vec::Vec;

    type Tables = Machine<16, 64, 16, 64, 32, 512, 64, 8_192>;

    /// A link of the kernel: its number, its name, `IFF_*`, what it is a port of, what it lies on; and the
    /// command line that makes one as it is.
    type Have<'a> = (u32, &'a str, u32, u32, u32, &'a str);

    fn read(engine: &mut crate::engine::Engine<'_>, line: &str, heard: &mut Heard) {
        let file = engine.config.add_file(b"cmdline").unwrap();
        let line = line.as_bytes();
        let mut cx = Context::new(&mut engine.config, heard, file, b"cmdline", line);
        cmdline::read(&mut cx);
        cmdline::finish(&mut cx);
    }

    /// Too large for the stack of a test, and used by one after the other.
    static TABLES: Mutex<Tables> = Mutex::new(Tables::new());

    /// `IFLA_LINKINFO` of the first link that is made of a command line.
    fn info_of(line: &str) -> Vec<u8> {
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut engine = tables.engine();
        engine.clear();
        read(&mut engine, line, &mut Heard::default());
        let mut links = engine.config.links_with_ids();
        let Some((id, _)) = links.find(|(_, link)| link.made_kind().is_some()) else {
            return Vec::new();
        };
        let mut to = heapless::Vec::<u8, OCTETS>::new();
        let options = Options {
            config: &engine.config,
            observed: &engine.observed,
            id,
            ifindex: 0,
            lower: 0,
            kind: engine.config.made_kind(id),
            is_port: false,
            pick: Pick::All,
            have: b"",
        };
        options.put(&mut to, &mut |_| {});
        to.to_vec()
    }

    struct Planned {
        commands: Vec<String>,
        told: Vec<String>,
        states: Vec<LinkState>,
        /// Links that must be made anew, with the option for which they must.
        remade: Vec<String>,
    }

    /// What is planned for a command line where the kernel has these links.
    fn planned(line: &str, names: &[&str], links: &[Have<'_>]) -> Planned {
        let infos: Vec<Vec<u8>> = links.iter().map(|link| info_of(link.5)).collect();
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut engine = tables.engine();
        engine.clear();
        let mut heard = Heard::default();
        read(&mut engine, line, &mut heard);
        for ((ifindex, text, flags, master, lower, _), info) in links.iter().zip(infos) {
            let mut link = link(*ifindex, text, *flags);
            (link.master, link.lower) = (*master, *lower);
            if !info.is_empty() {
                link.kind = KernelKind::Virtual;
            }
            engine.observed.keep_info(&mut link, &info).unwrap();
            engine.observed.last_index = engine.observed.last_index.max(*ifindex);
            engine.observed.links.push(link).unwrap();
        }
        let names: Vec<IfName> = names.iter().map(|text| name(text)).collect();
        let goal = Goal {
            names: &names,
            ..Goal::ALL
        };
        let mut stack = Stack {
            config: &engine.config,
            observed: &mut engine.observed,
            goal,
            depths: engine.depths,
            sink: &mut heard,
        };
        stack.build();
        let mut resolver = Resolver {
            config: &engine.config,
            observed: &engine.observed,
            goal,
            desired: &mut engine.desired,
            states: engine.states,
            depths: engine.depths,
            sink: &mut heard,
            last_link: 0,
            lessees: engine.lessees,
            root_link: None,
        };
        resolver.links();
        diff_links(
            &mut engine.desired,
            &engine.observed,
            &engine.config,
            &mut engine.plan,
        );
        engine.plan.sort();
        let steps = engine.plan.steps.iter();
        let commands = steps
            .map(|step| engine.op(*step).unwrap().to_string())
            .map(|text| text.replace("ip link ", "").replace("set dev ", ""));
        let remade = engine.desired.links.iter().filter(|link| link.remake);
        Planned {
            commands: commands.collect(),
            told: heard.lines(),
            states: engine.states.to_vec(),
            remade: remade
                .map(|link| {
                    let attr = link.differs.map(|attr| attr.name().to_string());
                    std::format!("{} {}", link.name, attr.unwrap_or_default())
                })
                .collect(),
        }
    }

    const NICS: &[Have<'_>] = &[(2, "eth0", IFF_UP, 0, 0, ""), (5, "eth1", 0, 0, 0, "")];

    /// As [`planned`], where nothing is wrong and all links are there.
    fn commands(line: &str, links: &[Have<'_>]) -> Vec<String> {
        let planned = planned(line, &[], links);
        assert_eq!(planned.told, [""; 0], "{line}");
        assert_eq!(planned.remade, [""; 0], "{line}");
        let is_found = |state: &LinkState| *state == LinkState::Found;
        assert!(planned.states.iter().all(is_found), "{line}");
        planned.commands
    }

    const WORDS: [&str; 4] = [
        "bond=bond0:eth0,eth1:mode=1,primary=eth1",
        "vlan=bond0.5:bond0",
        "vlan=bond0.5.6:bond0.5",
        "bridge=br0:bond0.5.6",
    ];

    #[test]
    fn what_others_lie_on_is_made_first_in_whatever_order_they_are_said() {
        let want = [
            "add name bond0 type bond mode active-backup",
            "add link bond0 name bond0.5 type vlan id 5",
            "add link bond0.5 name bond0.5.6 type vlan id 6",
            "add name br0 type bridge stp_state 0 forward_delay 0",
            "eth0 down master bond0",
            "eth1 down master bond0",
            "bond0.5.6 master br0",
            "eth1 up",
            "bond0 up",
            "bond0.5 up",
            "bond0.5.6 up",
            "br0 up",
            "bond0 type bond primary eth1",
        ];
        for first in 0..4 {
            for second in 0..4 {
                let mut words = WORDS;
                words.swap(0, first);
                words.swap(1, second);
                let mut have = commands(&words.join(" "), NICS);
                // ports in whatever order
                if have.get(4).unwrap().starts_with("eth1") {
                    have.swap(4, 5);
                }
                assert_eq!(have, want, "{words:?}");
            }
        }
    }

    #[test]
    fn what_is_as_it_shall_be_is_left_alone() {
        let have = [
            (2, "eth0", IFF_UP, 7, 0, ""),
            (3, "eth1", IFF_UP, 7, 0, ""),
            (7, "bond0", IFF_UP, 0, 0, "bond=bond0::mode=1"),
            (8, "bond0.5", IFF_UP, 0, 7, "vlan=bond0.5:bond0"),
            (9, "bond0.5.6", IFF_UP, 10, 8, "vlan=bond0.5.6:bond0.5"),
            (10, "br0", IFF_UP, 0, 0, "bridge=br0:"),
        ];
        let line = WORDS.join(" ").replace(",primary=eth1", "");
        assert_eq!(commands(&line, &have), [""; 0]);
        // a port that comes late joins, and nothing else happens
        let late = have.map(|(ifindex, name, flags, master, lower, made)| {
            let flags = if ifindex == 3 { 0 } else { flags };
            let master = if ifindex == 3 { 0 } else { master };
            (ifindex, name, flags, master, lower, made)
        });
        assert_eq!(
            commands(&line, &late),
            ["eth1 down master bond0", "eth1 up"]
        );
    }

    fn bond_of_eth0(made: &str) -> [Have<'_>; 2] {
        [
            (2, "eth0", IFF_UP, 7, 0, ""),
            (7, "bond0", IFF_UP, 0, 0, made),
        ]
    }

    #[test]
    fn options_are_set_when_the_kernel_takes_them() {
        for (line, made, want) in [
            (
                "miimon=100",
                "miimon=50",
                &["bond0 type bond miimon 100"][..],
            ),
            (
                "mode=4,lacp_rate=1",
                "mode=4,lacp_rate=0",
                &["bond0 down", "bond0 type bond lacp_rate fast", "bond0 up"],
            ),
            (
                "mode=1,miimon=100",
                "mode=0,miimon=100",
                &[
                    "bond0 down",
                    "eth0 nomaster",
                    "bond0 type bond mode active-backup",
                    "eth0 down master bond0",
                    "bond0 up",
                ],
            ),
            (
                "fail_over_mac=1",
                "fail_over_mac=0",
                &[
                    "eth0 nomaster",
                    "bond0 type bond fail_over_mac active",
                    "eth0 down master bond0",
                ],
            ),
        ] {
            let made = std::format!("bond=bond0::{made}");
            let line = std::format!("bond=bond0:eth0:{line}");
            let mut have = commands(&line, &bond_of_eth0(&made));
            have.sort();
            let mut want: Vec<&str> = want.to_vec();
            want.sort_unstable();
            assert_eq!(have, want, "{line}");
        }
        let planned = planned(
            "bond=bond0:eth0:mode=1",
            &[],
            &[
                (2, "eth0", IFF_UP, 7, 0, ""),
                (3, "other", IFF_UP, 7, 0, ""),
                (7, "bond0", IFF_UP, 0, 0, "bond=bond0::mode=0"),
            ],
        );
        assert_eq!(planned.commands, [""; 0], "somebody else's port stays in");
        assert_eq!(planned.remade, ["bond0 mode"]);
    }

    #[test]
    fn what_cannot_be_changed_is_made_anew() {
        let have = |lower, made| {
            [
                (2, "eth0", IFF_UP, 0, 0, ""),
                (3, "eth1", IFF_UP, 0, 0, ""),
                (7, "vlan5", IFF_UP, 0, lower, made),
            ]
        };
        for (lower, made, want) in [
            (2, "vlan=vlan5:eth0", &[][..]),
            (2, "vlan=vlan6:eth0", &["vlan5 id"]),
            (3, "vlan=vlan5:eth0", &["vlan5 "]),
        ] {
            let planned = planned("vlan=vlan5:eth0", &[], &have(lower, made));
            assert_eq!(planned.remade, want, "{made}");
            assert_eq!(planned.commands, [""; 0]);
        }
    }

    #[test]
    fn what_cannot_be_is_told_and_costs_itself() {
        let bond = "bond=bond0:eth0,bond0.5 vlan=bond0.5:bond0 vlan=vlan7:eth1";
        let looped = planned(bond, &[], NICS);
        assert_eq!(
            looped.told,
            [
                "error 1:6 bond0 Loop NotMade",
                "error 1:6 bond0.5 Loop NotMade",
                "warning 1:6 eth0 NoMaster None"
            ]
        );
        assert_eq!(
            looped.commands,
            [
                "add link eth1 name vlan7 type vlan id 7",
                "eth1 up",
                "vlan7 up"
            ]
        );
        let of_another_kind = [
            (2, "eth0", IFF_UP, 0, 0, ""),
            (7, "br0", 0, 0, 0, "bond=bond0:"),
        ];
        for (line, told) in [
            ("bridge=br0:eth0", "error 1:8 br0 OtherKind NotMade"),
            (
                "bridge=br0:eth0 vlan=vlan5:br0",
                "error 1:8 br0 OtherKind NotMade",
            ),
            ("bond=eth0:", "error 1:6 eth0 OtherKind NotMade"),
        ] {
            let planned = planned(line, &[], &of_another_kind);
            assert_eq!(planned.told, [told]);
            assert_eq!(planned.commands, [""; 0], "{line}");
            assert_eq!(planned.states.first(), Some(&LinkState::Failed));
        }
        let twice = planned(
            "vlan=vlan5:eth0 vlan=eth0.5:eth0 vlan=eth1.5:eth1",
            &[],
            NICS,
        );
        assert_eq!(twice.told, ["error 1:22 eth0.5 SameVlan NotMade"]);
        let missing = planned("vlan=vlan5:eth9 vlan=vlan5.6:vlan5", &[], NICS);
        assert_eq!(missing.states.first(), Some(&LinkState::WaitingDevice));
        assert!(
            missing
                .states
                .iter()
                .skip(1)
                .all(|state| *state == LinkState::WaitingLower)
        );
    }

    #[test]
    fn what_is_asked_for_brings_what_it_lies_on() {
        let line = std::format!("{} vlan=vlan9:eth1", WORDS.join(" "));
        let some = planned(&line, &["bond0.5"], NICS).commands;
        assert_eq!(
            some,
            [
                "add name bond0 type bond mode active-backup",
                "add link bond0 name bond0.5 type vlan id 5",
                "eth0 down master bond0",
                "eth1 down master bond0",
                "eth1 up",
                "bond0 up",
                "bond0.5 up",
                "bond0 type bond primary eth1",
            ]
        );
        assert_eq!(planned(&line, &["eth0"], NICS).commands, [""; 0]);
    }
}
