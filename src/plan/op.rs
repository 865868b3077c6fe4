//! A step with its names filled in; as text it is the ip(8) command that does the same.

use super::{Act, Naming, Plan, Step};
use crate::diag::{Escaped, Origin};
use crate::model::addr::{Family, dotted};
use crate::model::config::{Config, LinkId};
use crate::model::desired::{Desired, DesiredLink, FOREVER, Thing, What};
use crate::model::link::{IfName, Mac};
use crate::model::observed::Observed;
use crate::model::route::{Reach, Route, RouteKind};
use crate::packed::{Word, word};
use crate::text::show::{Show, Text, displayed};
use crate::text::{parts, utf8};
use crate::wire::rtnetlink::Verb;

/// One change of the kernel's state.
#[derive(Clone, Copy)]
pub struct Op<'a> {
    ifindex: u32,
    name: Option<&'a IfName>,
    origin: Origin,
    pub(super) config: &'a Config<'a>,
    pub(super) observed: &'a Observed<'a>,
    pub(super) change: Change<'a>,
}

/// What changes.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    /// Link up.
    Up,
    /// Link down.
    Down,
    /// One step of a permutation of names.
    Rename(Naming, &'a IfName),
    /// New MAC.
    Mac(&'a Mac),
    /// New MTU.
    Mtu(u32),
    /// An address, a route or a rule.
    Thing(Verb, &'a Thing),
    /// What is done to a link by the acts of [`Act::is_of_stack`], with the depth of the step.
    Stack(Act, u8, &'a DesiredLink),
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
        let (ifindex, name, origin, change) = match act {
            Act::Rename | Act::DownRenamed | Act::UpRenamed => {
                let rename = plan.renames.get(n)?;
                let (name, change) = if act == Act::Rename {
                    (&rename.from, Change::Rename(rename.naming, &rename.to))
                } else if act == Act::DownRenamed {
                    (&rename.from, Change::Down)
                } else {
                    (&rename.to, Change::Up)
                };
                (rename.ifindex, Some(name), rename.origin, change)
            }
            Act::SetMac | Act::SetMtu | Act::Up | Act::Down => {
                let link = desired.links.get(n)?;
                let change = if act == Act::SetMac {
                    Change::Mac(&link.mac)
                } else if act == Act::SetMtu {
                    Change::Mtu(link.mtu)
                } else if act == Act::Up {
                    Change::Up
                } else {
                    Change::Down
                };
                (link.ifindex, Some(&link.name), link.origin, change)
            }
            Act::Add | Act::Replace | Act::Delete => {
                let thing = desired.things.get(n)?;
                let change = Change::Thing(step.verb(), thing);
                let name = desired.link(thing.ifindex).map(|link| &link.name);
                (thing.ifindex, name, thing.origin, change)
            }
            Act::Restore => return None,
            Act::Make
            | Act::Unmake
            | Act::SetOptions
            | Act::Enslave
            | Act::Release
            | Act::SetPort
            | Act::SetJoined
            | Act::SetFlags
            | Act::SetTxqlen
            | Act::AddAltName
            | Act::Ethtool => {
                let link = desired.links.get(n)?;
                let change = Change::Stack(act, step.depth, link);
                let mut origin = link.origin;
                for option in config.attrs_of(link.config.unwrap_or(LinkId::NONE)) {
                    if option.is_set_by(act, step.depth) {
                        origin = option.origin;
                    }
                }
                (link.ifindex, Some(&link.name), origin, change)
            }
        };
        Some(Op {
            ifindex,
            name,
            origin,
            config,
            observed,
            change,
        })
    }

    /// What asked for it.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The address, the route or the rule.
    pub fn thing(&self) -> Option<&Thing> {
        match &self.change {
            Change::Thing(_, thing) => Some(thing),
            Change::Up
            | Change::Down
            | Change::Rename(..)
            | Change::Mac(_)
            | Change::Mtu(_)
            | Change::Stack(..) => None,
        }
    }

    /// The link it acts on, or that a route without one is kept track of at.
    pub fn ifindex(&self) -> u32 {
        self.ifindex
    }
}

impl Step {
    /// What becomes of an address or a route.
    fn verb(self) -> Verb {
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
        let command = match &self.change {
            Change::Thing(verb, thing) => return self.show_thing(f, *verb, thing),
            Change::Stack(act, depth, link) => return self.show_stack(f, *act, *depth, link),
            Change::Rename(Naming::DropAltName, _) => word!("ip link property del dev "),
            Change::Rename(Naming::Rename, _)
            | Change::Up
            | Change::Down
            | Change::Mac(_)
            | Change::Mtu(_) => word!("ip link set dev "),
        };
        self.device(f, command);
        match &self.change {
            Change::Rename(Naming::DropAltName, name) => shell_word(f, word!(" altname "), name),
            Change::Rename(Naming::Rename, name) => shell_word(f, word!(" name "), name),
            Change::Up => f.word(word!(" up")),
            Change::Down => f.word(word!(" down")),
            Change::Mac(mac) => f.show(word!(" address "), *mac),
            Change::Mtu(mtu) => f.count(word!(" mtu "), *mtu),
            Change::Thing(..) | Change::Stack(..) => {}
        }
    }
}

displayed!(Op<'_>, Route);

impl Op<'_> {
    /// What becomes of an address or a route.
    #[inline(never)]
    fn show_thing(&self, f: &mut Text<'_>, verb: Verb, thing: &Thing) {
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
        if thing.valid_secs != FOREVER && verb != Verb::Delete {
            f.count(word!(" valid_lft "), thing.valid_secs);
            f.count(word!(" preferred_lft "), thing.valid_secs);
        }
    }

    /// The link's name, if it has one, after `before`.
    #[inline(always)]
    fn device(&self, f: &mut Text<'_>, before: Word) {
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
    use crate::source::testing::Storage;
    use crate::testing::{cidr, ip, name, via};
    use core::net::Ipv4Addr;
    use std::string::{String, ToString};

    fn text(name: &str, change: Change<'_>) -> String {
        let name = &IfName::from_kernel(name.as_bytes()).unwrap();
        let mut storage = Storage::default();
        let mut links = crate::machine::Machine::<1, 1, 1, 1, 1, 1, 2, 1>::new();
        Op {
            ifindex: 2,
            name: Some(name),
            origin: Origin::NONE,
            config: &storage.config(),
            observed: &links.engine().observed,
            change,
        }
        .to_string()
    }

    #[test]
    fn links_are_changed_by_ip_link() {
        let (lan0, mac) = (name("lan0"), Mac::new(&[2, 0, 0, 0, 0, 9]).unwrap());
        for (change, command) in [
            (Change::Up, "ip link set dev eth0 up"),
            (Change::Down, "ip link set dev eth0 down"),
            (
                Change::Rename(Naming::Rename, &lan0),
                "ip link set dev eth0 name lan0",
            ),
            (
                Change::Rename(Naming::DropAltName, &lan0),
                "ip link property del dev eth0 altname lan0",
            ),
            (
                Change::Mac(&mac),
                "ip link set dev eth0 address 02:00:00:00:00:09",
            ),
            (Change::Mtu(9_000), "ip link set dev eth0 mtu 9000"),
        ] {
            assert_eq!(text("eth0", change), command);
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
                (Verb::Add, broadcast, ["ip addr add ", words].concat()),
                (
                    Verb::Replace,
                    broadcast,
                    ["ip addr change ", words].concat(),
                ),
                (
                    Verb::Delete,
                    Ipv4Addr::UNSPECIFIED,
                    ["ip addr del ", &without].concat(),
                ),
            ] {
                let thing = Thing {
                    broadcast,
                    ..Thing::addr(2, addr, peer, Origin::NONE)
                };
                assert_eq!(text("eth0", Change::Thing(verb, &thing)), command);
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
                (Verb::Add, "add"),
                (Verb::Replace, "replace"),
                (Verb::Delete, "del"),
            ] {
                let thing = Thing::route(2, &wanted, Origin::NONE);
                assert_eq!(
                    text("eth0", Change::Thing(verb, &thing)),
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
            assert_eq!(text("eth0", Change::Thing(Verb::Delete, &nowhere)), command);
            assert_eq!(
                text("eth0", Change::Thing(Verb::Add, &nowhere)),
                command.replace("del", "add")
            );
        }
    }

    /// Octets of a name that the kernel took from somebody else never reach a console as they are.
    #[test]
    fn names_are_escaped() {
        let command = "ip link set dev 'a\\x1b[2J' up";
        assert_eq!(text("a\x1b[2J", Change::Up), command);
    }
}
