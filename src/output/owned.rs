//! `/run/ifdawn/owned-IF`: what we made on a link, written before it is made.
//!
//! The file is the authority for `down` and for what a later run may delete: addresses and routes that
//! are not in it are somebody else's. One line each:
//!
//! ```text
//! link 7
//! up
//! addr 192.0.2.5/24
//! addr 192.0.2.9/32 peer 192.0.2.10
//! route default via 192.0.2.1 proto 153
//! route6 default via 2001:db8::1 proto 153 metric 1
//! dns 192.0.2.53
//! search example.com
//! ```
//!
//! `link` is the number the link had: under another number the rest is gone with the old link. `up` says
//! that the link was down before.

use crate::model::addr::{Cidr, Family};
use crate::model::config::Config;
use crate::model::desired::{Desired, DesiredLink, Presence};
use crate::model::route::Route;
use crate::output::json::Octets;
use crate::plan::Plan;
use crate::plan::op::RouteWords;
use crate::source::route_file;
use crate::text::{lines, scalar};
use core::fmt::{self, Display};
use core::net::IpAddr;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The link's number.
    Link(u32),
    /// We took the link up.
    Up,
    /// An address.
    Addr(Cidr, Option<IpAddr>),
    /// A route.
    Route(Route),
    /// A name server the link brings.
    Dns(IpAddr),
    /// A search domain the link brings.
    Search(&'a [u8]),
    /// A line nobody of ours wrote.
    Unknown(&'a [u8]),
}

/// Reads a file back; `each` gets every item in order.
pub fn read<'a>(text: &'a [u8], each: &mut dyn FnMut(Item<'a>)) {
    for line in lines::lines(text) {
        if !line.octets.is_empty() && !line.octets.starts_with(b"#") {
            each(item(line.octets).unwrap_or(Item::Unknown(line.octets)));
        }
    }
}

fn item(line: &[u8]) -> Option<Item<'_>> {
    let (word, rest) = split_word(line);
    let rest = rest.trim_ascii();
    match word {
        b"link" => scalar::number(rest).map(Item::Link),
        b"up" => Some(Item::Up),
        b"addr" => {
            let (addr, rest) = split_word(rest);
            let addr = scalar::prefix(addr).ok()?;
            if rest.is_empty() {
                return Some(Item::Addr(addr, None));
            }
            let (b"peer", peer) = split_word(rest) else {
                return None;
            };
            scalar::ip(split_word(peer).0).map(|peer| Item::Addr(addr, Some(peer)))
        }
        b"route" | b"route6" => {
            let family = if word.ends_with(b"6") {
                Family::V6
            } else {
                Family::V4
            };
            route_file::parse_route(rest, family).map(Item::Route)
        }
        b"dns" => scalar::ip(rest).map(Item::Dns),
        b"search" => Some(Item::Search(rest)),
        _ => None,
    }
}

/// The text before the first blank, and the text after it.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let blank = text
        .iter()
        .position(|octet| *octet == b' ')
        .unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(blank).unwrap_or_default();
    (word, rest.get(1..).unwrap_or_default())
}

/// The text of the file for one link: what is ours already, and what is about to be made.
pub struct Owned<'a, 'm> {
    /// The link.
    pub link: &'a DesiredLink,
    /// What shall be there.
    pub desired: &'a Desired<'m>,
    /// What is about to be deleted: ours until it is gone.
    pub plan: &'a Plan<'m>,
    /// Name servers and search domains.
    pub config: &'a Config<'m>,
}

impl Display for Owned<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ifindex = self.link.ifindex;
        let ours = |presence, owned| presence != Presence::Same || owned;
        writeln!(
            f,
            "# What ifdawn made on {0}; `ifdawn down {0}` undoes it.\nlink {ifindex}",
            self.link.name
        )?;
        if self.link.owned_up {
            f.write_str("up\n")?;
        }
        for addr in self.desired.addrs.iter() {
            // One that was there and only lost its end of life is still somebody else's.
            let is_new = addr.presence == Presence::Missing;
            if addr.ifindex == ifindex && (is_new || addr.owned) {
                addr_line(f, &addr.addr, addr.peer.as_ref())?;
            }
        }
        for stale in self.plan.stale_addrs.iter() {
            if stale.link.ifindex == ifindex && stale.seen {
                addr_line(f, &stale.addr, stale.peer.as_ref())?;
            }
        }
        for route in self.desired.routes.iter() {
            if route.ifindex == ifindex && ours(route.presence, route.owned) {
                route_line(f, &route.route)?;
            }
        }
        for stale in self.plan.stale_routes.iter() {
            if stale.link.ifindex == ifindex && stale.seen {
                route_line(f, &stale.route)?;
            }
        }
        let Some(id) = self.link.config else {
            return Ok(());
        };
        for server in self
            .config
            .servers
            .iter()
            .filter(|server| server.link == Some(id))
        {
            line(f, "dns ", &server.addr)?;
        }
        for search in self
            .config
            .search
            .iter()
            .filter(|search| search.link == Some(id))
        {
            line(f, "search ", &Octets(self.config.text(search.domain)))?;
        }
        Ok(())
    }
}

fn addr_line(f: &mut fmt::Formatter<'_>, addr: &Cidr, peer: Option<&IpAddr>) -> fmt::Result {
    match peer {
        Some(peer) => writeln!(f, "addr {addr} peer {peer}"),
        None => line(f, "addr ", addr),
    }
}

fn route_line(f: &mut fmt::Formatter<'_>, route: &Route) -> fmt::Result {
    let word = match route.family() {
        Family::V4 => "route ",
        Family::V6 => "route6 ",
    };
    line(f, word, &RouteWords(route))
}

/// Writes one line.
pub(super) fn line(f: &mut fmt::Formatter<'_>, word: &str, value: &dyn Display) -> fmt::Result {
    f.write_str(word)?;
    value.fmt(f)?;
    f.write_str("\n")
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::machine::Machine;
    use crate::model::config::{LinkId, Search, Server};
    use crate::model::desired::{DesiredAddr, DesiredRoute};
    use crate::model::link::IfName;
    use crate::model::route::{Reach, RouteKind};
    use std::string::{String, ToString};
    use std::vec::Vec;

    type Tables = Machine<4, 4, 8, 16, 80, 32, 64>;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn cidr(text: &str) -> Cidr {
        let (addr, len) = text.split_once('/').unwrap();
        Cidr::new(ip(addr), len.parse().unwrap()).unwrap()
    }

    fn via(dst: &str, via: &str) -> Route {
        Route {
            via: Some(ip(via)),
            ..Route::new(cidr(dst))
        }
    }

    /// Routes of every sort.
    fn routes() -> Vec<Route> {
        let mut routes = Vec::from([
            Route::new(cidr("10.0.0.0/8")),
            via("0.0.0.0/0", "192.0.2.1"),
            via("::/0", "fe80::1"),
            via("172.16.0.0/12", "2001:db8::1"),
            Route {
                metric: Some(1),
                ..via("::/0", "2001:db8::1")
            },
            Route {
                src: Some(ip("192.0.2.5")),
                table: 300,
                metric: Some(7),
                scope: Some(200),
                protocol: 4,
                tos: 16,
                reach: Reach::Onlink,
                ..via("172.20.0.0/16", "192.0.2.1")
            },
        ]);
        for (kind, ..) in RouteKind::ALL.into_iter().skip(1) {
            routes.push(Route {
                kind,
                ..Route::new(cidr("10.9.0.0/16"))
            });
        }
        routes.push(Route {
            kind: RouteKind::Blackhole,
            ..Route::new(cidr("2001:db8:9::/48"))
        });
        routes
    }

    fn with_file<R>(presence: Presence, owned: bool, use_it: impl FnOnce(&str) -> R) -> R {
        let mut tables = Tables::new();
        let engine = tables.engine();
        let (desired, mut config) = (engine.desired, engine.config);
        for (addr, peer) in [
            ("192.0.2.5/24", None),
            ("2001:db8::5/64", None),
            ("192.0.2.9/32", Some("192.0.2.10")),
        ] {
            let (addr, peer) = (cidr(addr), peer.map(ip));
            let addr = DesiredAddr {
                ifindex: 7,
                addr,
                peer,
                broadcast: None,
                origin: Origin::NONE,
                presence,
                owned,
            };
            desired.addrs.push(addr).unwrap();
            desired
                .addrs
                .push(DesiredAddr { ifindex: 8, ..addr })
                .unwrap();
        }
        for route in routes() {
            let route = DesiredRoute {
                ifindex: 7,
                route,
                origin: Origin::NONE,
                presence,
                owned,
            };
            desired.routes.push(route).unwrap();
        }
        for (number, link) in [(53, Some(LinkId(0))), (54, Some(LinkId(1))), (55, None)] {
            let domain = config
                .keep(std::format!("net{number}.example").as_bytes())
                .unwrap();
            config.search.push(Search { domain, link }).unwrap();
            config
                .servers
                .push(Server {
                    addr: IpAddr::from([192, 0, 2, number]),
                    link,
                })
                .unwrap();
        }
        let link = DesiredLink {
            config: Some(LinkId(0)),
            ifindex: 7,
            name: IfName::new(b"eth0").unwrap(),
            mtu: None,
            mac: None,
            origin: Origin::NONE,
            owned_up: owned,
            touched: true,
        };
        let text = Owned {
            link: &link,
            desired: &desired,
            plan: &engine.plan,
            config: &config,
        }
        .to_string();
        use_it(&text)
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (presence, owned) in [
            (Presence::Missing, true),
            (Presence::DiffersForeign, true),
            (Presence::Same, true),
        ] {
            with_file(presence, owned, |text| {
                let mut items = Vec::new();
                read(text.as_bytes(), &mut |item| items.push(item));
                let mut all = Vec::from([Item::Link(7), Item::Up]);
                all.push(Item::Addr(cidr("192.0.2.5/24"), None));
                all.push(Item::Addr(cidr("2001:db8::5/64"), None));
                all.push(Item::Addr(cidr("192.0.2.9/32"), Some(ip("192.0.2.10"))));
                all.extend(routes().into_iter().map(Item::Route));
                all.extend([Item::Dns(ip("192.0.2.53")), Item::Search(b"net53.example")]);
                assert_eq!(items, all, "{text}");
            });
        }
    }

    #[test]
    fn what_was_there_before_us_is_not_in_it() {
        with_file(Presence::Same, false, |text| {
            let lines: Vec<&str> = text.lines().collect();
            let head = "# What ifdawn made on eth0; `ifdawn down eth0` undoes it.";
            assert_eq!(
                lines,
                [head, "link 7", "dns 192.0.2.53", "search net53.example"]
            );
        });
    }

    #[test]
    fn lines_nobody_of_ours_wrote_are_said_to_be_so() {
        for line in [
            "",
            "link",
            "link x",
            "link -1",
            "addr",
            "addr 192.0.2.5/33",
            "addr x/24",
            "addr 192.0.2.5/24 peer",
            "addr 192.0.2.5/24 dev eth0",
            "route",
            "route via",
            "route6 10.0.0.0/8 via x",
            "dns",
            "dns x",
            "upx",
            "\u{1b}[2J",
            "address 192.0.2.5/24",
        ] {
            let mut items: Vec<String> = Vec::new();
            read(line.as_bytes(), &mut |item| {
                items.push(std::format!("{item:?}"))
            });
            let is_unknown = items.iter().all(|item| item.starts_with("Unknown"));
            assert!(
                is_unknown && items.len() == usize::from(!line.is_empty()),
                "{line:?}: {items:?}"
            );
        }
    }

    /// Any octets are read without a panic, and a torn file gives a prefix of its items.
    #[test]
    fn a_torn_file_gives_what_its_whole_lines_say() {
        with_file(Presence::Missing, true, |text| {
            let items = |text: &[u8]| {
                let mut items: Vec<String> = Vec::new();
                read(text, &mut |item| items.push(std::format!("{item:?}")));
                items
            };
            let whole = items(text.as_bytes());
            for len in 0..text.len() {
                let torn = items(&text.as_bytes()[..len]);
                let kept = torn.len().saturating_sub(1);
                assert_eq!(torn[..kept], whole[..kept], "{len}");
            }
        });
    }
}
