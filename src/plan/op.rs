//! A step with its names filled in; as text it is the ip(8) command that does the same.

use super::{Act, Naming, Plan, Rename, StaleAddr, StaleRoute, Step};
use crate::diag::Origin;
use crate::model::addr::{Cidr, Family};
use crate::model::desired::{Desired, DesiredAddr, DesiredLink, DesiredRoute};
use crate::model::link::{IfName, Mac};
use crate::model::route::{MAIN_TABLE, Reach, Route, RouteKind};
use core::fmt::{self, Display, Write};
use core::net::IpAddr;

/// One change of the kernel's state.
#[derive(Clone, Copy)]
pub enum Op<'a> {
    /// Link up.
    Up(u32, IfName),
    /// Link down.
    Down(u32, IfName),
    /// One step of a permutation of names.
    Rename(&'a Rename),
    /// New MAC.
    SetMac(&'a DesiredLink, Mac),
    /// New MTU.
    SetMtu(&'a DesiredLink, u32),
    /// New address.
    AddAddr(&'a DesiredAddr, IfName),
    /// An address that is there loses its end of life.
    ChangeAddr(&'a DesiredAddr, IfName),
    /// An address goes.
    DelAddr(&'a StaleAddr),
    /// New route.
    AddRoute(&'a DesiredRoute, Option<IfName>),
    /// A route takes the place of another.
    ReplaceRoute(&'a DesiredRoute, Option<IfName>),
    /// A route goes.
    DelRoute(&'a StaleRoute),
}

impl<'a> Op<'a> {
    /// The meaning of `step`; `None` only for a step that points nowhere.
    pub fn of(step: Step, plan: &'a Plan<'_>, desired: &'a Desired<'_>) -> Option<Op<'a>> {
        let renamed = |n: u32| plan.renames.get(n as usize);
        let link = |n: u32| desired.links.get(n as usize);
        let addr = |n: u32| {
            let addr = desired.addrs.get(n as usize)?;
            Some((addr, desired.link(addr.ifindex)?.name))
        };
        let route = |n: u32| {
            let route = desired.routes.get(n as usize)?;
            Some((route, desired.link(route.oif()).map(|link| link.name)))
        };
        Some(match step.act {
            Act::DownRenamed(n) => {
                renamed(n).map(|rename| Op::Down(rename.ifindex, rename.from))?
            }
            Act::Rename(n) => Op::Rename(renamed(n)?),
            Act::UpRenamed(n) => renamed(n).map(|rename| Op::Up(rename.ifindex, rename.to))?,
            Act::SetMac(n) => link(n).and_then(|link| Some(Op::SetMac(link, link.mac?)))?,
            Act::SetMtu(n) => link(n).and_then(|link| Some(Op::SetMtu(link, link.mtu?)))?,
            Act::Up(n) => link(n).map(|link| Op::Up(link.ifindex, link.name))?,
            Act::AddAddr(n) => addr(n).map(|(addr, name)| Op::AddAddr(addr, name))?,
            Act::ChangeAddr(n) => addr(n).map(|(addr, name)| Op::ChangeAddr(addr, name))?,
            Act::AddRoute(n) => route(n).map(|(route, name)| Op::AddRoute(route, name))?,
            Act::ReplaceRoute(n) => route(n).map(|(route, name)| Op::ReplaceRoute(route, name))?,
            Act::DelRoute(n) => Op::DelRoute(plan.stale_routes.get(n as usize)?),
            Act::DelAddr(n) => Op::DelAddr(plan.stale_addrs.get(n as usize)?),
            Act::Down(n) => plan
                .downs
                .get(n as usize)
                .map(|link| Op::Down(link.ifindex, link.name))?,
        })
    }

    /// What asked for it.
    pub fn origin(&self) -> Origin {
        match self {
            Op::Up(..) | Op::Down(..) | Op::DelAddr(_) | Op::DelRoute(_) => Origin::NONE,
            Op::Rename(rename) => rename.origin,
            Op::SetMac(link, _) | Op::SetMtu(link, _) => link.origin,
            Op::AddAddr(addr, _) | Op::ChangeAddr(addr, _) => addr.origin,
            Op::AddRoute(route, _) | Op::ReplaceRoute(route, _) => route.origin,
        }
    }

    /// The link it acts on; 0 for routes without one.
    pub fn ifindex(&self) -> u32 {
        match self {
            Op::Up(ifindex, _) | Op::Down(ifindex, _) => *ifindex,
            Op::Rename(rename) => rename.ifindex,
            Op::SetMac(link, _) | Op::SetMtu(link, _) => link.ifindex,
            Op::AddAddr(addr, _) | Op::ChangeAddr(addr, _) => addr.ifindex,
            Op::DelAddr(stale) => stale.link.ifindex,
            Op::AddRoute(route, _) | Op::ReplaceRoute(route, _) => route.ifindex,
            Op::DelRoute(stale) => stale.link.ifindex,
        }
    }
}

impl Display for Op<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Op::Up(_, name) => write!(f, "ip link set dev {} up", Word(name)),
            Op::Down(_, name) => write!(f, "ip link set dev {} down", Word(name)),
            Op::Rename(Rename {
                from, to, naming, ..
            }) => match naming {
                Naming::Rename => write!(f, "ip link set dev {} name {}", Word(*from), Word(*to)),
                Naming::DropAltName => write!(
                    f,
                    "ip link property del dev {} altname {}",
                    Word(*from),
                    Word(*to)
                ),
            },
            Op::SetMac(link, mac) => write!(f, "ip link set dev {} address {mac}", Word(link.name)),
            Op::SetMtu(link, mtu) => write!(f, "ip link set dev {} mtu {mtu}", Word(link.name)),
            Op::AddAddr(addr, name) => {
                addr_command(f, "add", addr.addr, addr.peer, addr.broadcast, name)
            }
            Op::ChangeAddr(addr, name) => {
                addr_command(f, "change", addr.addr, addr.peer, addr.broadcast, name)
            }
            Op::DelAddr(stale) => {
                addr_command(f, "del", stale.addr, stale.peer, None, stale.link.name)
            }
            Op::AddRoute(route, name) => route_command(f, "add", &route.route, name),
            Op::ReplaceRoute(route, name) => route_command(f, "replace", &route.route, name),
            Op::DelRoute(stale) => {
                let name = Some(stale.link.name).filter(|_| stale.oif() != 0);
                route_command(f, "del", &stale.route, name)
            }
        }
    }
}

fn addr_command(
    f: &mut fmt::Formatter<'_>,
    verb: &str,
    addr: Cidr,
    peer: Option<IpAddr>,
    broadcast: Option<core::net::Ipv4Addr>,
    name: IfName,
) -> fmt::Result {
    match peer {
        Some(peer) => write!(f, "ip addr {verb} {} peer {peer}/{}", addr.addr, addr.len)?,
        None => write!(f, "ip addr {verb} {addr}")?,
    }
    if let Some(broadcast) = broadcast {
        write!(f, " brd {broadcast}")?;
    }
    write!(f, " dev {}", Word(name))
}

fn route_command(
    f: &mut fmt::Formatter<'_>,
    verb: &str,
    route: &Route,
    name: Option<IfName>,
) -> fmt::Result {
    let family = match route.family() {
        Family::V4 => "",
        Family::V6 => "-6 ",
    };
    write!(f, "ip {family}route {verb} {}", RouteWords(route))?;
    match name {
        Some(name) => write!(f, " dev {}", Word(name)),
        None => Ok(()),
    }
}

/// A name as one word of a shell: as it is where no shell could misread it, else in single quotes.
struct Word(IfName);

impl Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_bytes();
        let is_plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"._-@+".contains(octet);
        if name.iter().all(is_plain) {
            return self.0.fmt(f);
        }
        f.write_str("'")?;
        for chunk in name.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\'' => f.write_str("'\\''")?,
                    // No word of a plain shell can say it, and no console shall obey it.
                    '\0'..='\x1f' | '\x7f' => write!(f, "\\x{:02x}", u32::from(character))?,
                    _ => f.write_char(character)?,
                }
            }
            for octet in chunk.invalid() {
                write!(f, "\\x{octet:02x}")?;
            }
        }
        f.write_str("'")
    }
}

/// A route in the words of ip-route(8), without its link: what route files hold and `owned-IF` keeps.
pub struct RouteWords<'a>(pub &'a Route);

impl Display for RouteWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = self.0;
        if route.kind != RouteKind::Unicast {
            write!(f, "{} ", route.kind.word())?;
        }
        match route.dst.is_default() {
            true => f.write_str("default")?,
            false => route.dst.fmt(f)?,
        }
        if let Some(via) = route.via {
            let other = Family::of(&via) != route.family();
            write!(f, " via {}{via}", if other { "inet6 " } else { "" })?;
        }
        if let Some(src) = route.src {
            write!(f, " src {src}")?;
        }
        // ip(8) reads this one number as hexadecimal whatever its prefix.
        if route.tos != 0 {
            write!(f, " tos {:#04x}", route.tos)?;
        }
        for (word, number) in [
            (
                " table",
                Some(route.table).filter(|table| *table != MAIN_TABLE),
            ),
            (" proto", Some(u32::from(route.protocol))),
            (" scope", route.scope.map(u32::from)),
            (" metric", route.metric),
        ] {
            if let Some(number) = number {
                write!(f, "{word} {number}")?;
            }
        }
        match route.reach {
            Reach::Checked => Ok(()),
            Reach::Onlink => f.write_str(" onlink"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::desired::Presence;
    use crate::plan::{NamedLink, Naming};
    use std::string::ToString;

    fn name(text: &str) -> IfName {
        IfName::new(text.as_bytes()).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn cidr(text: &str) -> Cidr {
        let (addr, len) = text.split_once('/').unwrap();
        Cidr::new(ip(addr), len.parse().unwrap()).unwrap()
    }

    fn link() -> DesiredLink {
        DesiredLink {
            config: None,
            ifindex: 2,
            name: name("eth0"),
            mtu: None,
            mac: None,
            origin: Origin::NONE,
            owned_up: false,
            touched: false,
        }
    }

    fn rename(naming: Naming, to: &str) -> Rename {
        Rename {
            ifindex: 2,
            from: name("eth0"),
            to: name(to),
            naming,
            is_up: true,
            origin: Origin::NONE,
        }
    }

    fn addr(addr: &str, peer: Option<&str>) -> DesiredAddr {
        let addr = cidr(addr);
        DesiredAddr {
            ifindex: 2,
            addr,
            peer: peer.map(ip),
            broadcast: if peer.is_none() {
                addr.broadcast()
            } else {
                None
            },
            origin: Origin::NONE,
            presence: Presence::Missing,
            owned: false,
        }
    }

    fn route(route: Route) -> DesiredRoute {
        DesiredRoute {
            ifindex: 2,
            route,
            origin: Origin::NONE,
            presence: Presence::Missing,
            owned: false,
        }
    }

    fn via(dst: &str, via: &str) -> Route {
        Route {
            via: Some(ip(via)),
            ..Route::new(cidr(dst))
        }
    }

    const ETH0: NamedLink = NamedLink {
        ifindex: 2,
        name: IfName::LO,
    };

    #[test]
    fn links_are_changed_by_ip_link() {
        let (eth0, mac) = (name("eth0"), Mac::new(&[2, 0, 0, 0, 0, 9]).unwrap());
        let (renamed, dropped) = (
            rename(Naming::Rename, "lan0"),
            rename(Naming::DropAltName, "lan0"),
        );
        for (op, text) in [
            (Op::Up(2, eth0), "ip link set dev eth0 up"),
            (Op::Down(2, eth0), "ip link set dev eth0 down"),
            (Op::Rename(&renamed), "ip link set dev eth0 name lan0"),
            (
                Op::Rename(&dropped),
                "ip link property del dev eth0 altname lan0",
            ),
            (
                Op::SetMac(&link(), mac),
                "ip link set dev eth0 address 02:00:00:00:00:09",
            ),
            (Op::SetMtu(&link(), 9_000), "ip link set dev eth0 mtu 9000"),
        ] {
            assert_eq!(op.to_string(), text);
            assert_eq!(op.ifindex(), 2);
        }
    }

    #[test]
    fn addresses_are_changed_by_ip_addr() {
        let eth0 = name("eth0");
        for (wanted, text) in [
            (
                addr("192.0.2.5/24", None),
                "192.0.2.5/24 brd 192.0.2.255 dev eth0",
            ),
            (addr("192.0.2.5/31", None), "192.0.2.5/31 dev eth0"),
            (
                addr("192.0.2.5/32", Some("192.0.2.9")),
                "192.0.2.5 peer 192.0.2.9/32 dev eth0",
            ),
            (addr("2001:db8::5/64", None), "2001:db8::5/64 dev eth0"),
            (
                addr("2001:db8::5/128", Some("2001:db8::9")),
                "2001:db8::5 peer 2001:db8::9/128 dev eth0",
            ),
        ] {
            let stale = StaleAddr {
                link: NamedLink { name: eth0, ..ETH0 },
                addr: wanted.addr,
                peer: wanted.peer,
                seen: true,
            };
            let without = text.replace(" brd 192.0.2.255", "");
            assert_eq!(
                Op::AddAddr(&wanted, eth0).to_string(),
                ["ip addr add ", text].concat()
            );
            assert_eq!(
                Op::ChangeAddr(&wanted, eth0).to_string(),
                ["ip addr change ", text].concat()
            );
            assert_eq!(
                Op::DelAddr(&stale).to_string(),
                ["ip addr del ", &without].concat()
            );
        }
    }

    #[test]
    fn routes_are_changed_by_ip_route() {
        let plain = Route::new(cidr("172.16.0.0/12"));
        let everything = Route {
            src: Some(ip("192.0.2.5")),
            table: 300,
            metric: Some(7),
            scope: Some(200),
            protocol: 4,
            tos: 16,
            reach: Reach::Onlink,
            ..via("172.16.0.0/12", "192.0.2.1")
        };
        for (wanted, family, text) in [
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
                    metric: Some(1),
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
            let (eth0, wanted) = (Some(name("eth0")), route(wanted));
            let stale = StaleRoute {
                link: NamedLink {
                    name: name("eth0"),
                    ..ETH0
                },
                route: wanted.route,
                seen: true,
            };
            for (op, verb) in [
                (Op::AddRoute(&wanted, eth0), "add"),
                (Op::ReplaceRoute(&wanted, eth0), "replace"),
                (Op::DelRoute(&stale), "del"),
            ] {
                assert_eq!(
                    op.to_string(),
                    std::format!("ip {family}route {verb} {text} dev eth0")
                );
                assert_eq!(op.ifindex(), 2);
            }
        }
    }

    #[test]
    fn routes_that_lead_nowhere_name_no_link() {
        for (kind, _, word) in RouteKind::ALL.into_iter().skip(1) {
            let nowhere = Route {
                kind,
                ..Route::new(cidr("10.0.0.0/8"))
            };
            let stale = StaleRoute {
                link: ETH0,
                route: nowhere,
                seen: true,
            };
            let text = std::format!("ip route del {word} 10.0.0.0/8 proto 153");
            assert_eq!(Op::DelRoute(&stale).to_string(), text);
            assert_eq!(
                Op::AddRoute(&route(nowhere), None).to_string(),
                text.replace("del", "add")
            );
        }
    }

    /// Octets of a name that the kernel took from somebody else never reach a console as they are.
    #[test]
    fn names_are_escaped() {
        let odd = IfName::from_kernel(b"a\x1b[2J").unwrap();
        assert_eq!(Op::Up(2, odd).to_string(), "ip link set dev 'a\\x1b[2J' up");
    }
}
