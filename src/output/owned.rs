//! `/run/ifdawn/owned-IF`: what we made on a link, written before it is made.
//!
//! The file is the authority for `down` and for what a later run may delete: addresses and routes that
//! are not in it are somebody else's. One line each:
//!
//! ```text
//! link 7
//! up
//! made
//! joined 9
//! addrgenmode
//! addr 192.0.2.5/24
//! addr 192.0.2.9/32 peer 192.0.2.10
//! route default via 192.0.2.1 proto 153
//! route6 default via 2001:db8::1 proto 153 metric 1
//! rule from 192.0.2.5 table 100
//! dns 192.0.2.53
//! search example.com
//! ```
//!
//! `link` is the number the link had: under another number the rest is gone with the old link. `up` says
//! that the link was down before, `made` that there was none, `joined` of which link we made it a port,
//! `addrgenmode` that we changed how it forms IPv6 addresses.

use crate::model::addr::{Family, dotted, is_link_local};
use crate::model::advert;
use crate::model::config::{Config, IpFlag, LinkId};
use crate::model::desired::{Desired, DesiredLink, JOINED, Thing, What};
use crate::model::lease::Field;
use crate::model::lease6::Field6;
use crate::model::link::IfName;
use crate::output::json::Octets;
use crate::packed::{Packed, packed, word};
use crate::proto::Lessee;
use crate::source::route_file::{Form, parse_route};
use crate::text::show::{Show, Text, displayed};
use crate::text::{parts, scalar};
use core::net::IpAddr;

/// The lines of a file: the place in [`WORDS`] of the word each begins with, beyond all where it has none, and what
/// follows it.
pub fn lines(text: &[u8]) -> Lines<'_> {
    Lines(Some(text))
}

/// See [`lines`].
pub struct Lines<'t>(Option<&'t [u8]>);

impl<'t> Iterator for Lines<'t> {
    type Item = (usize, &'t [u8]);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = parts::next(&mut self.0, b'\n')?;
            if !matches!(line, [] | [b'#' | b' ', ..]) {
                let mut rest = Some(line);
                let word = parts::next(&mut rest, b' ')?;
                let word = WORDS.position(word).unwrap_or(usize::MAX);
                return Some((word, rest.unwrap_or_default()));
            }
        }
    }
}

/// The words that lines begin with: those of [`List`] from 1 on, of what we did to the link from [`DONE`] on
/// ([`DesiredLink::done`]), of things from [`ADDR`] on, and of these routes and rules by family.
pub const WORDS: Packed =
    packed!("link,dns,search,up,made,joined,addrgenmode,addr,route,route6,rule,rule6");
/// The places of some of them.
pub const LINK: usize = 0;
/// See [`LINK`].
pub const DONE: usize = 3;
/// See [`LINK`].
pub const ADDR: usize = 7;

/// Reads the value of a line whose word has this place in [`WORDS`], [`ADDR`] or beyond, into what is an address
/// yet.
pub fn thing(word: usize, value: &[u8], into: &mut Thing, config: &mut Config<'_>) -> Option<()> {
    let route = word.wrapping_sub(ADDR + 1);
    if word == ADDR {
        let mut rest = value;
        scalar::prefix(parts::next_word(&mut rest)?, &mut into.route.dst).ok()?;
        if let Some(word) = parts::next_word(&mut rest) {
            into.route.via = scalar::ip(parts::trim_start(rest));
            return (word == b"peer" && into.route.via.is_some()).then_some(());
        }
        return Some(());
    }
    let family = match route & 1 {
        0 => Family::V4,
        _ => Family::V6,
    };
    let form = match route {
        0 | 1 => Form::Route,
        2 | 3 => Form::Rule,
        _ => return None,
    };
    into.what = form.what();
    into.route = parse_route(value, form, family, config)?;
    Some(())
}

/// The text of the file for one link: what is ours already, and what is about to be made.
pub struct Owned<'a, 'm> {
    /// The link.
    pub link: &'a DesiredLink,
    /// What shall be there.
    pub desired: &'a Desired<'m>,
    /// Name servers and search domains.
    pub config: &'a Config<'m>,
    /// What others gave to the link.
    pub lessee: Option<&'a Lessee>,
}

impl Owned<'_, '_> {
    /// Whether the link has name servers or search domains of its own.
    pub fn brings_names(&self) -> bool {
        let mut any = false;
        self.names(&mut any);
        any
    }

    /// Passes them to `each`.
    fn names(&self, each: &mut dyn TakeName) {
        if self.link.config.is_some() {
            let id = self.link.config;
            names(self.config, id, self.lessee, Some(self.link), each);
        }
    }
}

impl Show for Owned<'_, '_> {
    fn show(&self, f: &mut Text<'_>) {
        let link = self.link;
        f.show(word!("# What ifdawn made on "), &link.name);
        f.show(word!("; `ifdawn down "), &link.name);
        f.word(word!("` undoes it.\n"));
        line(f, LINK, &link.ifindex);
        for word in DONE..ADDR {
            let deed = 1_u8.wrapping_shl(word.wrapping_sub(DONE) as u32);
            if deed == JOINED && link.did(deed) {
                line(f, word, &link.master);
            } else if link.did(deed) {
                WORDS.item(word).show(f);
                f.octet(b'\n');
            }
        }
        for thing in self.desired.things.iter() {
            if thing.ifindex == link.ifindex && thing.is_ours() {
                let is_v6 = usize::from(thing.route.family() == Family::V6);
                let word = match thing.what {
                    What::Addr => ADDR,
                    What::Route => is_v6.wrapping_add(ADDR + 1),
                    What::Rule => is_v6.wrapping_add(ADDR + 3),
                };
                line(f, word, &Words(thing, self.config));
            }
        }
        self.names(f);
    }
}

displayed!(Owned<'_, '_>);

/// A thing in the words of ip(8), without its link.
pub struct Words<'a>(pub &'a Thing, pub &'a Config<'a>);

impl Show for Words<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let Words(thing, config) = self;
        let route = &thing.route;
        let mut before = word!("");
        match thing.what {
            What::Addr => {
                route.dst.show(f);
                if let Some(peer) = &route.via {
                    f.show(word!(" peer "), peer);
                }
                return;
            }
            What::Route => {
                route.show(f);
                before = word!(" ");
            }
            What::Rule => {}
        }
        if let Some(more) = &route.more {
            f.show(before, &Octets(config.text(more.text)));
        }
    }
}

/// What a name is for, by the place of its word in [`WORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Name servers.
    Dns = 1,
    /// Search domains.
    Search = 2,
}

/// A name server or a search domain.
pub enum Name<'a> {
    /// A server.
    Addr(&'a IpAddr),
    /// The octets of one, of which each link has its own where it is link-local, and the link that has it.
    Zoned(&'a [u8], &'a IfName),
    /// What is written as it is.
    Text(&'a [u8]),
}

impl Show for Name<'_> {
    fn show(&self, f: &mut Text<'_>) {
        match *self {
            Name::Addr(addr) => addr.show(f),
            Name::Zoned(addr, link) => zoned(addr, link, f),
            Name::Text(text) => Octets(text).show(f),
        }
    }
}

/// Takes name servers and search domains.
pub trait TakeName {
    /// Takes one.
    fn name(&mut self, list: List, name: &Name<'_>);
}

/// Passes the name servers and search domains of a link, or of none, to `each`, and those that others gave to the
/// desired link, if it wants any. A domain that several of them gave is passed on for each.
#[inline(never)]
pub fn names(
    config: &Config<'_>,
    link: Option<LinkId>,
    lessee: Option<&Lessee>,
    desired: Option<&DesiredLink>,
    each: &mut dyn TakeName,
) {
    for server in config.servers.iter() {
        if LinkId::is_same(server.link, link) {
            each.name(List::Dns, &Name::Addr(&server.addr));
        }
    }
    for search in config.search.iter() {
        if LinkId::is_same(search.link, link) {
            each.name(List::Search, &Name::Text(config.text(search.domain)));
        }
    }
    let (Some(lessee), Some(desired)) = (lessee, desired) else {
        return;
    };
    let Some(link) = config.link(lessee.config) else {
        return;
    };
    let name = &desired.name;
    if desired.leased && !IpFlag::PeerDns.is_no(&link.ipv4) {
        let lease = &lessee.lease;
        pass(lease.get(Field::Dns), 4, name, each);
        let domains = match lease.get(Field::Search) {
            [] => lease.get(Field::Domain),
            search => search,
        };
        pass(domains, 0, name, each);
    }
    if !IpFlag::PeerDns.is_no(&link.ipv6) {
        let servers = lessee.lease6.get(Field6::Dns);
        pass(servers, ADDR6_OCTETS, name, each);
        pass(lessee.lease6.get(Field6::Search), 0, name, each);
        for kept in lessee.ndisc.kept() {
            let octets = kept.item().octets();
            if kept.item().is(advert::What::Domain) {
                pass(octets, 0, name, each);
            } else if kept.item().is(advert::What::Server)
                && !servers.chunks(ADDR6_OCTETS).any(|server| server == octets)
            {
                pass(octets, ADDR6_OCTETS, name, each);
            }
        }
    }
}

/// Passes addresses of so many octets on, or where that is 0 the domains of a text.
#[inline(never)]
fn pass(octets: &[u8], size: usize, link: &IfName, each: &mut dyn TakeName) {
    let mut rest = octets;
    if size == 0 {
        while let Some(domain) = parts::next_word(&mut rest) {
            each.name(List::Search, &Name::Text(domain));
        }
    }
    while let Some((addr, after)) = rest.split_at_checked(size)
        && size > 0
    {
        rest = after;
        each.name(List::Dns, &Name::Zoned(addr, link));
    }
}

/// Octets of an IPv6 address.
const ADDR6_OCTETS: usize = 16;

/// An address; of one that each link has its own of, with the link (RFC 4007 section 11).
fn zoned(addr: &[u8], link: &IfName, f: &mut Text<'_>) {
    let Some(addr) = addr.as_array::<ADDR6_OCTETS>() else {
        return dotted(f, word!(""), addr);
    };
    let addr = IpAddr::from(*addr);
    addr.show(f);
    if is_link_local(&addr) {
        f.show(word!("%"), link);
    }
}

/// Whether there is any.
impl TakeName for bool {
    fn name(&mut self, _: List, _: &Name<'_>) {
        *self = true;
    }
}

/// A line for each.
impl TakeName for Text<'_> {
    fn name(&mut self, list: List, name: &Name<'_>) {
        line(self, list as usize, name);
    }
}

/// Writes one line of a word, by its place in [`WORDS`], and a value.
#[inline(never)]
fn line(f: &mut Text<'_>, word: usize, value: &dyn Show) {
    WORDS.item(word).show(f);
    f.show(word!(" "), value);
    f.octet(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::machine::Machine;
    use crate::model::addr::Cidr;
    use crate::model::config::{Search, Server};
    use crate::model::desired::{Presence, Standing, Thing, UP};
    use crate::model::link::IfName;
    use crate::model::route::{Reach, Route, RouteKind};
    use crate::source::testing::Storage;
    use crate::testing::{cidr, ip, via};
    use std::string::{String, ToString};
    use std::vec::Vec;

    type Tables = Machine<4, 4, 8, 16, 24, 80, 64, 64>;

    /// Routes of every sort.
    fn routes() -> Vec<Route> {
        let mut routes = Vec::from([
            Route::new(cidr("10.0.0.0/8")),
            via("0.0.0.0/0", "192.0.2.1"),
            via("::/0", "fe80::1"),
            via("172.16.0.0/12", "2001:db8::1"),
            Route {
                metric: 1,
                ..via("::/0", "2001:db8::1")
            },
            Route {
                src: Some(ip("192.0.2.5")),
                table: 300,
                metric: 7,
                scope: Some(200),
                protocol: 4,
                tos: 16,
                reach: Reach::Onlink,
                ..via("172.20.0.0/16", "192.0.2.1")
            },
        ]);
        for kind in RouteKind::ALL.into_iter().skip(1) {
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

    fn with_file<R>(presence: Presence, standing: Standing, use_it: impl FnOnce(&str) -> R) -> R {
        let mut tables = Tables::new();
        let engine = tables.engine();
        let (mut desired, mut config) = (engine.desired, engine.config);
        for (addr, peer) in [
            ("192.0.2.5/24", None),
            ("2001:db8::5/64", None),
            ("192.0.2.9/32", Some("192.0.2.10")),
        ] {
            let (addr, peer) = (cidr(addr), peer.map(ip));
            let addr = Thing {
                presence,
                standing,
                ..Thing::addr(7, &addr, &peer, Origin::NONE)
            };
            desired.things.push(addr).unwrap();
            desired.things.push(Thing { ifindex: 8, ..addr }).unwrap();
        }
        for route in routes() {
            let route = Thing {
                presence,
                standing,
                ..Thing::route(7, &route, Origin::NONE)
            };
            desired.things.push(route).unwrap();
        }
        for (number, link) in [
            (53, Some(LinkId::new(0))),
            (54, Some(LinkId::new(1))),
            (55, None),
        ] {
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
            config: Some(LinkId::new(0)),
            done: if standing == Standing::Ours { UP } else { 0 },
            ..DesiredLink::new(7, IfName::new(b"eth0").unwrap(), Origin::NONE)
        };
        let text = Owned {
            link: &link,
            desired: &desired,
            config: &config,
            lessee: None,
        }
        .to_string();
        use_it(&text)
    }

    #[test]
    fn what_is_written_is_read_back() {
        for presence in [Presence::Missing, Presence::DiffersForeign, Presence::Same] {
            with_file(presence, Standing::Ours, |text| {
                let said = said(text.as_bytes());
                let mut all = Vec::from(["link 7".to_string(), "up ".to_string()]);
                for (addr, peer) in [
                    ("192.0.2.5/24", None),
                    ("2001:db8::5/64", None),
                    ("192.0.2.9/32", Some("192.0.2.10")),
                ] {
                    all.push(std::format!("{:?}", Some((cidr(addr), peer.map(ip)))));
                }
                all.extend(
                    routes()
                        .into_iter()
                        .map(|route| std::format!("{:?}", Some(route))),
                );
                all.extend(["dns 192.0.2.53", "search net53.example"].map(String::from));
                assert_eq!(said, all, "{text}");
            });
        }
    }

    fn thing_of(word: &[u8], words: &[u8]) -> Option<Thing> {
        let mut storage = Storage::default();
        let mut read = Thing::addr(7, &Cidr::default(Family::V4), &None, Origin::NONE);
        let word = WORDS.position(word)?;
        thing(word, words, &mut read, &mut storage.config()).map(|()| read)
    }

    fn addr_of(words: &[u8]) -> Option<(Cidr, Option<IpAddr>)> {
        thing_of(b"addr", words).map(|thing| (thing.route.dst, thing.route.via))
    }

    fn route_of(word: &[u8], words: &[u8]) -> Option<Route> {
        thing_of(word, words).map(|thing| thing.route)
    }

    /// The words of each line, without the first one where that has no place, or its value.
    fn said(text: &[u8]) -> Vec<String> {
        let mut said = Vec::new();
        for (word, rest) in super::lines(text) {
            let word = WORDS.item(word.min(99)).to_string();
            said.push(match &*word {
                "addr" => std::format!("{:?}", addr_of(rest)),
                "route" | "route6" => std::format!("{:?}", route_of(word.as_bytes(), rest)),
                _ => std::format!("{word} {}", Octets(rest)),
            });
        }
        said
    }

    #[test]
    fn what_was_there_before_us_is_not_in_it() {
        with_file(Presence::Same, Standing::Wanted, |text| {
            let lines: Vec<&str> = text.lines().collect();
            let head = "# What ifdawn made on eth0; `ifdawn down eth0` undoes it.";
            assert_eq!(
                lines,
                [head, "link 7", "dns 192.0.2.53", "search net53.example"]
            );
        });
    }

    #[test]
    fn values_nobody_of_ours_wrote_are_none() {
        for words in [
            "",
            "192.0.2.5/33",
            "x/24",
            "192.0.2.5/24 peer",
            "192.0.2.5/24 peer x",
            "192.0.2.5/24 dev eth0",
        ] {
            assert_eq!(addr_of(words.as_bytes()), None, "{words}");
        }
        for (word, words) in [
            ("route", ""),
            ("route", "via"),
            ("route6", "10.0.0.0/8 via x"),
            ("router", "10.0.0.0/8"),
        ] {
            assert_eq!(route_of(word.as_bytes(), words.as_bytes()), None, "{words}");
        }
    }

    #[test]
    fn what_is_no_item_is_passed_over() {
        assert_eq!(said(b"# a b\n\n#\nup\n\x1b[2J\n"), ["up ", " "]);
    }

    /// Any octets are read without a panic, and a torn file gives a prefix of its items.
    #[test]
    fn a_torn_file_gives_what_its_whole_lines_say() {
        with_file(Presence::Missing, Standing::Ours, |text| {
            let whole = said(text.as_bytes());
            for len in 0..text.len() {
                let torn = said(&text.as_bytes()[..len]);
                let kept = torn.len().saturating_sub(1);
                assert_eq!(torn[..kept], whole[..kept], "{len}");
            }
        });
    }
}
