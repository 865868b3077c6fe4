//! A step with its names filled in; as text it is the ip(8) command that does the same.

use super::{Act, Naming, Phase, Plan, Rename, Step};
use crate::diag::{Escaped, Origin};
use crate::model::addr::{Family, dotted};
use crate::model::config::Config;
use crate::model::desired::{Desired, DesiredLink, FOREVER, Thing, What};
use crate::model::link::IfName;
use crate::model::observed::Observed;
use crate::model::route::{Reach, Route, RouteKind};
use crate::packed::{Word, word};
use crate::text::show::{Show, Text, displayed};
use crate::text::{parts, utf8};
use crate::wire::rtnetlink::Verb;

/// One change of the kernel's state.
#[derive(Clone, Copy)]
pub struct Op<'a> {
    /// What is done.
    pub(super) act: Act,
    /// See [`Step::depth`].
    pub(super) depth: u8,
    ifindex: u32,
    name: Option<&'a IfName>,
    pub(super) config: &'a Config<'a>,
    pub(super) observed: &'a Observed<'a>,
    pub(super) object: Object<'a>,
}

/// What something is done to: a row of the table that [`Act`] names.
#[derive(Clone, Copy)]
pub(super) enum Object<'a> {
    /// A link that gets or loses a name.
    Renamed(&'a Rename),
    /// An address, a route or a rule.
    Thing(&'a Thing),
    /// A link.
    Link(&'a DesiredLink),
}

impl<'a> Op<'a> {
    /// The meaning of `step`; `None` for [`Act::Restore`], whose message is in the restore buffer, and for a step
    /// that points nowhere.
    #[inline(never)]
    pub fn of(
        step: Step,
        plan: &'a Plan<'_>,
        desired: &'a Desired<'_>,
        config: &'a Config<'_>,
        observed: &'a Observed<'_>,
    ) -> Option<Op<'a>> {
        let n = step.n as usize;
        let act = step.act;
        let (ifindex, name, object) = if step.phase <= Phase::UpAfterRename {
            let rename = plan.renames.get(n)?;
            let name = match act == Act::Up {
                true => &rename.to,
                false => &rename.from,
            };
            (rename.ifindex, Some(name), Object::Renamed(rename))
        } else if act >= Act::SetMac {
            let link = desired.links.get(n)?;
            (link.ifindex, Some(&link.name), Object::Link(link))
        } else if act == Act::Restore {
            return None;
        } else {
            let thing = desired.things.get(n)?;
            let name = desired.link(thing.ifindex).map(|link| &link.name);
            (thing.ifindex, name, Object::Thing(thing))
        };
        Some(Op {
            act,
            depth: step.depth,
            ifindex,
            name,
            config,
            observed,
            object,
        })
    }

    /// What asked for it.
    pub fn origin(&self) -> Origin {
        match self.object {
            Object::Renamed(rename) => rename.origin,
            Object::Thing(thing) => thing.origin,
            Object::Link(link) => {
                let mut origin = link.origin;
                for option in self.config.attrs_of(link.id()) {
                    if option.is_set_by(self.act, self.depth) {
                        origin = option.origin;
                    }
                }
                origin
            }
        }
    }

    /// The address, the route or the rule.
    pub fn thing(&self) -> Option<&Thing> {
        match self.object {
            Object::Thing(thing) => Some(thing),
            Object::Renamed(_) | Object::Link(_) => None,
        }
    }

    /// The link it acts on, or that a route without one is kept track of at.
    pub fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// What becomes of an address, a route or a rule.
    pub(super) fn verb(&self) -> Verb {
        if self.act == Act::Replace {
            Verb::Replace
        } else if self.act == Act::Delete {
            Verb::Delete
        } else {
            Verb::Add
        }
    }
}

impl Show for Op<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let mut before = word!("ip link set dev ");
        match self.object {
            Object::Thing(thing) => return self.show_thing(f, thing),
            Object::Link(link) => return self.show_link(f, before, link),
            Object::Renamed(rename) => {
                let mut between = word!(" name ");
                if rename.naming == Naming::DropAltName {
                    before = word!("ip link property del dev ");
                    between = word!(" altname ");
                }
                self.device(f, before);
                if self.act == Act::Rename {
                    shell_word(f, between, &rename.to);
                }
            }
        }
        self.show_up(f);
    }
}

displayed!(Op<'_>, Route);

impl Op<'_> {
    /// What becomes of an address or a route.
    #[inline(never)]
    fn show_thing(&self, f: &mut Text<'_>, thing: &Thing) {
        let verb = self.verb();
        let (command, replace) = match (thing.what, thing.route.family()) {
            (What::Addr, _) => (word!("ip addr "), word!("change ")),
            (What::Route, Family::V4) => (word!("ip route "), word!("replace ")),
            (What::Route, Family::V6) => (word!("ip -6 route "), word!("replace ")),
            (What::Rule, Family::V4) => (word!("ip rule "), word!("add ")),
            (What::Rule, Family::V6) => (word!("ip -6 rule "), word!("add ")),
        };
        let verb_word = match verb {
            Verb::Add => word!("add "),
            Verb::Replace => replace,
            Verb::Delete => word!("del "),
        };
        f.word(command);
        f.word(verb_word);
        match thing.what {
            What::Addr => AddrWords(thing).show(f),
            What::Route => thing.route.show(f),
            What::Rule => {}
        }
        if let Some(more) = &thing.route.more {
            let before = match thing.what {
                What::Addr => word!(" label "),
                What::Route => word!(" "),
                What::Rule => word!(""),
            };
            f.show(before, &Escaped(self.config.text(more.text)));
        }
        if thing.what == What::Rule {
            f.count(word!(" proto "), thing.route.protocol.into());
        }
        if thing.what != What::Rule && thing.route.oif(1) != 0 {
            self.device(f, word!(" dev "));
        }
        if thing.nodad && verb != Verb::Delete {
            f.word(word!(" nodad"));
        }
        if thing.valid_secs != FOREVER && verb != Verb::Delete {
            f.count(word!(" valid_lft "), thing.valid_secs);
            f.count(word!(" preferred_lft "), thing.preferred_secs);
        }
    }

    /// That a link goes up or down, where it does.
    pub(super) fn show_up(&self, f: &mut Text<'_>) {
        if self.act == Act::Up {
            f.word(word!(" up"));
        } else if self.act == Act::Down {
            f.word(word!(" down"));
        }
    }

    /// The link's name, if it has one, after `before`.
    #[inline(always)]
    pub(super) fn device(&self, f: &mut Text<'_>, before: Word) {
        if let Some(name) = self.name {
            shell_word(f, before, name);
        }
    }
}

/// A name as one word of a shell, after `before`: as it is where no shell could misread it, else in single
/// quotes.
#[inline(never)]
pub(super) fn shell_word(f: &mut Text<'_>, before: Word, name: &IfName) {
    f.word(before);
    let octets = name.as_bytes();
    let is_plain = |octet: &u8| parts::is_plain(*octet, b"._-@+");
    if octets.iter().all(is_plain) {
        return f.put(octets);
    }
    f.octet(b'\'');
    let is_utf8 = utf8::is_valid(octets);
    for octet in octets {
        match octet {
            b'\'' => f.word(word!("'\\''")),
            b' '..=b'~' => f.octet(*octet),
            0x80.. if is_utf8 => f.octet(*octet),
            // No word of a plain shell can say it, and no console shall obey it.
            _ => f.hex(word!("\\x"), *octet),
        }
    }
    f.octet(b'\'')
}

/// An address in the words of ip-address(8), without its link.
struct AddrWords<'a>(&'a Thing);

impl Show for AddrWords<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let addr = &self.0.route.dst;
        addr.addr.show(f);
        if let Some(peer) = &self.0.route.via {
            f.show(word!(" peer "), peer);
        }
        f.count(word!("/"), addr.len.into());
        if !self.0.broadcast.is_unspecified() {
            dotted(f, word!(" brd "), &self.0.broadcast.octets());
        }
        if let Some(scope) = &self.0.route.scope {
            f.count(word!(" scope "), (*scope).into());
        }
    }
}

/// A route in the words of ip-route(8), without its link: what route files hold and `owned-IF` keeps.
impl Show for Route {
    fn show(&self, f: &mut Text<'_>) {
        if self.kind != RouteKind::Unicast {
            self.kind.word().show(f);
            f.octet(b' ');
        }
        match self.dst.is_default() {
            true => f.word(word!("default")),
            false => self.dst.show(f),
        }
        if let Some(via) = &self.via {
            let word = match Family::of(via) == self.family() {
                true => word!(" via "),
                false => word!(" via inet6 "),
            };
            f.show(word, via);
        }
        if let Some(src) = &self.src {
            f.show(word!(" src "), src);
        }
        if !self.from.is_default() {
            f.show(word!(" from "), &self.from);
        }
        // ip(8) reads this one number as hexadecimal whatever its prefix.
        if self.tos != 0 {
            f.hex(word!(" tos 0x"), self.tos);
        }
        if self.table != self.kind.usual_table() {
            f.count(word!(" table "), self.table);
        }
        f.count(word!(" proto "), self.protocol.into());
        if let Some(scope) = &self.scope {
            f.count(word!(" scope "), (*scope).into());
        }
        if self.metric != 0 {
            f.count(word!(" metric "), self.metric);
        }
        match self.reach {
            Reach::Checked | Reach::Hops | Reach::Inverted => {}
            Reach::Onlink => f.word(word!(" onlink")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::link::Mac;
    use crate::source::testing::Storage;
    use crate::testing::{cidr, ip, name, via};
    use core::net::Ipv4Addr;
    use std::string::{String, ToString};

    fn text(name: &str, act: Act, object: Object<'_>) -> String {
        let name = &IfName::from_kernel(name.as_bytes()).unwrap();
        let mut storage = Storage::default();
        let mut links = crate::machine::Machine::<1, 1, 1, 1, 1, 1, 2, 1>::new();
        Op {
            act,
            depth: 0,
            ifindex: 2,
            name: Some(name),
            config: &storage.config(),
            observed: &links.engine().observed,
            object,
        }
        .to_string()
    }

    fn link_text(name: &str, act: Act) -> String {
        let from = IfName::from_kernel(name.as_bytes()).unwrap();
        let mut link = DesiredLink::new(2, from, Origin::NONE);
        (link.mtu, link.mac) = (9_000, Mac::new(&[2, 0, 0, 0, 0, 9]).unwrap());
        text(name, act, Object::Link(&link))
    }

    #[test]
    fn links_are_changed_by_ip_link() {
        for (act, command) in [
            (Act::Up, "ip link set dev eth0 up"),
            (Act::Down, "ip link set dev eth0 down"),
            (
                Act::SetMac,
                "ip link set dev eth0 address 02:00:00:00:00:09",
            ),
            (Act::SetMtu, "ip link set dev eth0 mtu 9000"),
            (Act::Release, "ip link set dev eth0 nomaster"),
            (Act::Unmake, "ip link del dev eth0"),
        ] {
            assert_eq!(link_text("eth0", act), command);
        }
        for (act, naming, command) in [
            (
                Act::Rename,
                Naming::Rename,
                "ip link set dev eth0 name lan0",
            ),
            (
                Act::Rename,
                Naming::DropAltName,
                "ip link property del dev eth0 altname lan0",
            ),
            (Act::Up, Naming::Rename, "ip link set dev eth0 up"),
            (Act::Down, Naming::Rename, "ip link set dev eth0 down"),
        ] {
            let rename = Rename {
                ifindex: 2,
                from: name("eth0"),
                to: name("lan0"),
                naming,
                is_up: true,
                origin: Origin::NONE,
            };
            assert_eq!(text("eth0", act, Object::Renamed(&rename)), command);
        }
    }

    #[test]
    fn addresses_are_changed_by_ip_addr() {
        for (addr, peer, words) in [
            (
                "192.0.2.5/24",
                None,
                "192.0.2.5/24 brd 192.0.2.255 dev eth0",
            ),
            ("192.0.2.5/31", None, "192.0.2.5/31 dev eth0"),
            (
                "192.0.2.5/32",
                Some("192.0.2.9"),
                "192.0.2.5 peer 192.0.2.9/32 dev eth0",
            ),
            ("2001:db8::5/64", None, "2001:db8::5/64 dev eth0"),
            (
                "2001:db8::5/128",
                Some("2001:db8::9"),
                "2001:db8::5 peer 2001:db8::9/128 dev eth0",
            ),
        ] {
            let (addr, peer) = (&cidr(addr), &Option::map(peer, ip));
            let broadcast = match peer {
                Some(_) => Ipv4Addr::UNSPECIFIED,
                None => addr.broadcast(),
            };
            let without = words.replace(" brd 192.0.2.255", "");
            for (verb, broadcast, command) in [
                (Act::Add, broadcast, ["ip addr add ", words].concat()),
                (Act::Replace, broadcast, ["ip addr change ", words].concat()),
                (
                    Act::Delete,
                    Ipv4Addr::UNSPECIFIED,
                    ["ip addr del ", &without].concat(),
                ),
            ] {
                let thing = Thing {
                    broadcast,
                    ..Thing::addr(2, addr, peer, Origin::NONE)
                };
                assert_eq!(text("eth0", verb, Object::Thing(&thing)), command);
            }
        }
    }

    #[test]
    fn routes_are_changed_by_ip_route() {
        let plain = Route::new(cidr("172.16.0.0/12"));
        let everything = Route {
            src: Some(ip("192.0.2.5")),
            table: 300,
            metric: 7,
            scope: Some(200),
            protocol: 4,
            tos: 16,
            reach: Reach::Onlink,
            ..via("172.16.0.0/12", "192.0.2.1")
        };
        for (wanted, family, words) in [
            (plain, "", "172.16.0.0/12 proto 153"),
            (
                via("0.0.0.0/0", "192.0.2.1"),
                "",
                "default via 192.0.2.1 proto 153",
            ),
            (
                via("172.16.0.0/12", "2001:db8::1"),
                "",
                "172.16.0.0/12 via inet6 2001:db8::1 proto 153",
            ),
            (
                Route::new(cidr("192.0.2.1/32")),
                "",
                "192.0.2.1/32 proto 153",
            ),
            (
                via("::/0", "fe80::1"),
                "-6 ",
                "default via fe80::1 proto 153",
            ),
            (
                Route {
                    metric: 1,
                    ..via("::/0", "fe80::1")
                },
                "-6 ",
                "default via fe80::1 proto 153 metric 1",
            ),
            (
                everything,
                "",
                "172.16.0.0/12 via 192.0.2.1 src 192.0.2.5 tos 0x10 table 300 proto 4 scope 200 metric 7 onlink",
            ),
        ] {
            for (verb, word) in [
                (Act::Add, "add"),
                (Act::Replace, "replace"),
                (Act::Delete, "del"),
            ] {
                let thing = Thing::route(2, &wanted, Origin::NONE);
                assert_eq!(
                    text("eth0", verb, Object::Thing(&thing)),
                    std::format!("ip {family}route {word} {words} dev eth0")
                );
            }
        }
    }

    #[test]
    fn routes_that_lead_nowhere_name_no_link() {
        for kind in RouteKind::ALL {
            let word = kind.word();
            let nowhere = Route {
                kind,
                table: kind.usual_table(),
                ..Route::new(cidr("10.0.0.0/8"))
            };
            let nowhere = Thing::route(2, &nowhere, Origin::NONE);
            let device = match kind {
                RouteKind::Unicast => continue,
                RouteKind::Local | RouteKind::Broadcast | RouteKind::Multicast => " dev eth0",
                RouteKind::Blackhole
                | RouteKind::Unreachable
                | RouteKind::Prohibit
                | RouteKind::Throw => "",
            };
            let command = std::format!("ip route del {word} 10.0.0.0/8 proto 153{device}");
            assert_eq!(text("eth0", Act::Delete, Object::Thing(&nowhere)), command);
            assert_eq!(
                text("eth0", Act::Add, Object::Thing(&nowhere)),
                command.replace("del", "add")
            );
        }
    }

    /// Octets of a name that the kernel took from somebody else never reach a console as they are.
    #[test]
    fn names_are_escaped() {
        let command = "ip link set dev 'a\\x1b[2J' up";
        assert_eq!(link_text("a\x1b[2J", Act::Up), command);
    }
}
