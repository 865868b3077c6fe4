//! What is said to who runs hooks: what happened, to which link, and what scripts find in their environment
//! (NetworkManager-dispatcher(8)).
//!
//! ```text
//!  +-------+------+----+-------------------+----+- - -
//!  | event | name | \n | DEVICE_IFACE=eth0 | \n | ...
//!  +-------+------+----+-------------------+----+- - -
//! ```
//!
//! Who runs them may do everything, who says so may not, and is not believed: see [`Message::read`].

use crate::diag::Escaped;
use crate::engine::{Engine, FAMILIES};
use crate::model::addr::{Cidr, Family};
use crate::model::desired::{DesiredLink, What};
use crate::model::lease::Naming;
use crate::model::link::IfName;
use crate::output::lease;
use crate::output::owned::{self, List, Name, TakeName};
use crate::packed::{Packed, Word, packed, word};
use crate::text::parts;
use crate::text::show::{Show, Text, displayed};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What happened: the number of its action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A link has what it is configured to have. The action before it belongs to it.
    Up = 1,
    /// A link is about to be taken back.
    PreDown = 2,
    /// A link has nothing any more.
    Down = 3,
    /// A link that is up has another lease of DHCPv4.
    Dhcp4Change = 4,
    /// The same of DHCPv6.
    Dhcp6Change = 5,
    /// The host name was set.
    Hostname = 6,
    /// resolv.conf was written.
    DnsChange = 7,
}

/// What scripts are told of it, a line each. The first is what happens before a link is up.
pub const ACTIONS: Packed =
    packed!("pre-up\nup\npre-down\ndown\ndhcp4-change\ndhcp6-change\nhostname\ndns-change");

/// How many there are.
const COUNT: u8 = 8;

/// What the name of every variable begins with, before an underscore.
const PREFIXES: Packed = packed!("CONNECTION,DEVICE,IP4,IP6,DHCP4,DHCP6");

/// A message that may be acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'t> {
    /// The number of the action.
    pub event: u8,
    /// The name of a link, `none`, or nothing; and a NUL.
    pub name: &'t [u8],
    /// The variables, and what may be none.
    rest: &'t [u8],
}

impl<'t> Message<'t> {
    /// No event.
    pub const NONE: Message<'static> = Message {
        event: 0,
        name: b"",
        rest: b"",
    };

    /// Reads one, in which every line gets a NUL for an end. `None` for what is none: another event, or a name that
    /// no link has.
    pub fn read(octets: &'t mut [u8]) -> Option<Message<'t>> {
        for octet in &mut *octets {
            if *octet == b'\n' {
                *octet = 0;
            }
        }
        let (event, mut rest) = octets.split_first()?;
        let name = line(&mut rest)?;
        let is_fine = matches!(name, [0]) || IfName::new(parts::nth(name, 0, 0)).is_some();
        (is_fine && (1..COUNT).contains(event)).then_some(Message {
            event: *event,
            name,
            rest,
        })
    }
}

/// The variables, each with a NUL: printable ASCII, with a name that begins as one of ours does. What is none of them is
/// left out.
impl<'t> Iterator for Message<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        loop {
            let line = line(&mut self.rest)?;
            let text = parts::nth(line, 0, 0);
            if PREFIXES.position(parts::nth(text, b'_', 0)).is_some()
                && parts::has(text, b'=')
                && text.iter().all(|octet| matches!(octet, 0x20..=0x7e))
            {
                return Some(line);
            }
        }
    }
}

/// What stands before the next NUL, and that.
fn line<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    let end = rest.iter().position(|octet| *octet == 0)?;
    let (line, after) = rest.split_at_checked(end.wrapping_add(1))?;
    *rest = after;
    Some(line)
}

/// The variables of a link, behind the end of a line, a line each.
pub struct Environment<'a, 'm> {
    /// Who has it.
    pub engine: &'a Engine<'m>,
    /// Its name.
    pub name: &'a IfName,
    /// The link, where it is up.
    pub link: Option<&'a DesiredLink>,
}

impl Show for Environment<'_, '_> {
    fn show(&self, f: &mut Text<'_>) {
        let config = &self.engine.config;
        f.show(word!("\nDEVICE_IFACE="), self.name);
        f.show(word!("\nDEVICE_IP_IFACE="), self.name);
        let id = match self.link {
            Some(link) => link.config,
            None => config.named(self.name),
        };
        if let Some(link) = id.and_then(|id| config.link(id)) {
            let file = config.file_name(link.origin.file);
            f.show(word!("\nCONNECTION_ID="), &Escaped(file));
        }
        if let Some(link) = self.link {
            for &family in FAMILIES {
                self.leased(link, family, f);
                let via = self.gateway(link, family, f);
                self.things(link, What::Addr, via, f);
                self.things(link, What::Route, via, f);
            }
        }
        f.octet(b'\n');
    }
}

displayed!(Environment<'_, '_>);

impl Environment<'_, '_> {
    /// What servers said, and name servers and search domains, whoever named them.
    fn leased(&self, link: &DesiredLink, family: Family, f: &mut Text<'_>) {
        let engine = self.engine;
        let lessee = engine.lessee(link.ifindex);
        if let Some(lessee) = lessee
            && lessee.has(family, engine.now)
        {
            lease::each(
                lessee.lease_of(family),
                Naming::Options,
                &mut |name, value| {
                    start(f, word!("\nDHCP"), family, word!("_"));
                    f.show(word!(""), &name);
                    f.show(word!("="), value);
                },
            );
        }
        for &list in &[List::Dns, List::Search] {
            let mut names = Names {
                f: &mut *f,
                list,
                family,
                is_begun: false,
            };
            owned::names(&engine.config, link.config, lessee, Some(link), &mut names);
        }
    }

    /// The gateway of the first default route, which is nowhere (0.0.0.0, `::`) where there is none.
    fn gateway(&self, link: &DesiredLink, family: Family, f: &mut Text<'_>) -> &IpAddr {
        for thing in self.engine.desired.things.iter() {
            let route = &thing.route;
            if thing.what == What::Route
                && thing.is_wanted_on(link.ifindex)
                && route.dst.is_default()
                && route.family() == family
                && let Some(via) = &route.via
            {
                start(f, word!("\nIP"), family, word!("_GATEWAY="));
                via.show(f);
                return via;
            }
        }
        nowhere(family)
    }

    /// Addresses, or routes, by their numbers, and how many there are.
    fn things(&self, link: &DesiredLink, what: What, gateway: &IpAddr, f: &mut Text<'_>) {
        let (ifindex, family) = (link.ifindex, Family::of(gateway));
        let (each, all) = match what {
            What::Addr => (word!("_ADDRESS_"), word!("_NUM_ADDRESSES=")),
            What::Route | What::Rule => (word!("_ROUTE_"), word!("_NUM_ROUTES=")),
        };
        let mut n = 0_u32;
        for thing in self.engine.desired.things.iter() {
            let route = &thing.route;
            if thing.what != what || !thing.is_wanted_on(ifindex) || route.dst.family() != family {
                continue;
            }
            if what == What::Addr {
                one(f, each, &mut n, &route.dst, gateway);
            } else if thing.oif() == ifindex && !route.dst.is_default() {
                let via = route.via.as_ref().unwrap_or(nowhere(family));
                one(f, each, &mut n, &route.dst, via);
                f.count(word!(" "), route.effective_metric());
            }
        }
        if what == What::Addr && family == Family::V6 {
            for held in self.engine.formed_on(ifindex) {
                one(f, each, &mut n, &held.addr, gateway);
            }
        }
        start(f, word!("\nIP"), family, all);
        n.show(f);
    }
}

/// Writes those of one list and family into one variable, if there are any.
struct Names<'a, 't> {
    f: &'a mut Text<'t>,
    list: List,
    family: Family,
    /// Whether the name of the variable is written.
    is_begun: bool,
}

impl TakeName for Names<'_, '_> {
    fn name(&mut self, list: List, name: &Name<'_>) {
        let is_of_family = match *name {
            Name::Addr(addr) => Family::of(addr) == self.family,
            Name::Zoned(addr, _) => (addr.len() > 4) == (self.family == Family::V6),
            // Domains are of both.
            Name::Text(_) => true,
        };
        if list != self.list || !is_of_family {
            return;
        }
        if self.is_begun {
            self.f.octet(b' ');
        } else {
            let variable = match list {
                List::Dns => word!("_NAMESERVERS="),
                List::Search => word!("_DOMAINS="),
            };
            start(self.f, word!("\nIP"), self.family, variable);
        }
        self.is_begun = true;
        name.show(self.f);
    }
}

/// Writes an address or a route into the variable of the next number.
#[inline(never)]
fn one(f: &mut Text<'_>, each: Word, n: &mut u32, dst: &Cidr, via: &IpAddr) {
    start(f, word!("\nIP"), dst.family(), each);
    n.show(f);
    f.show(word!("="), dst);
    f.show(word!(" "), via);
    *n = n.wrapping_add(1);
}

/// No gateway.
fn nowhere(family: Family) -> &'static IpAddr {
    match family {
        Family::V4 => &IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => &IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

/// Begins a variable of a family.
#[inline(never)]
fn start(f: &mut Text<'_>, before: Word, family: Family, name: Word) {
    f.word(before);
    f.octet(match family {
        Family::V4 => b'4',
        Family::V6 => b'6',
    });
    f.word(name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::engine::Instant;
    use crate::machine::Machine;
    use crate::model::config::{LinkConfig, LinkMatch, Search, Server, SourceKind};
    use crate::model::desired::{Standing, Thing};
    use crate::model::lease::Field;
    use crate::proto::Lessee;
    use crate::testing::{cidr, ip, name, via};
    use std::string::ToString;
    use std::vec::Vec;

    type Tables = Machine<4, 4, 8, 16, 24, 600, 64, 256>;

    #[test]
    fn a_link_that_is_up_in_variables() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        let config = LinkConfig::matching(
            LinkMatch::Name(name("eth0")),
            SourceKind::Ifcfg,
            Origin::NONE,
        );
        let id = engine.config.add_link(&config);
        let link = DesiredLink {
            config: id,
            leased: true,
            ..DesiredLink::new(7, name("eth0"), Origin::NONE)
        };
        for addr in ["192.0.2.5/24", "2001:db8::5/64", "198.51.100.9/32"] {
            let thing = Thing::addr(7, &cidr(addr), &None, Origin::NONE);
            engine.desired.things.push(thing).unwrap();
        }
        for route in [
            via("0.0.0.0/0", "192.0.2.1"),
            via("0.0.0.0/0", "192.0.2.2"),
            via("10.0.0.0/8", "192.0.2.9"),
            via("2001:db8:7::/48", "fe80::7"),
        ] {
            let thing = Thing::route(7, &route, Origin::NONE);
            engine.desired.things.push(thing).unwrap();
        }
        // Of another link, and what goes.
        let other = Thing::addr(8, &cidr("192.0.2.8/24"), &None, Origin::NONE);
        engine.desired.things.push(other).unwrap();
        let stale = Thing {
            standing: Standing::Stale,
            ..Thing::addr(7, &cidr("192.0.2.7/24"), &None, Origin::NONE)
        };
        engine.desired.things.push(stale).unwrap();
        for addr in ["192.0.2.53", "2001:db8::53"] {
            let server = Server {
                link: id,
                addr: ip(addr),
            };
            engine.config.servers.push(server).unwrap();
        }
        let domain = engine.config.keep(b"a.example").unwrap();
        let search = Search { link: id, domain };
        engine.config.search.push(search).unwrap();
        let lessee = Lessee::add(engine.lessees, 7, id.unwrap()).unwrap();
        lessee.lease.put(Field::Addr, &[192, 0, 2, 5]);
        lessee.lease.put(Field::Domain, b"b.example");
        lessee.lease.put(Field::LeaseTime, &[0xff; 4]);
        lessee.recall(Family::V4, Instant(0));
        engine.desired.links.push(link).unwrap();
        let environment = |link| {
            Environment {
                engine: &engine,
                name: &name("eth0"),
                link,
            }
            .to_string()
        };
        assert_eq!(
            environment(Some(&link)),
            "\nDEVICE_IFACE=eth0\nDEVICE_IP_IFACE=eth0\nCONNECTION_ID=\n\
             DHCP4_IP_ADDRESS=192.0.2.5\nDHCP4_DOMAIN_NAME=b.example\nDHCP4_DHCP_LEASE_TIME=4294967295\n\
             IP4_NAMESERVERS=192.0.2.53\nIP4_DOMAINS=a.example b.example\nIP4_GATEWAY=192.0.2.1\n\
             IP4_ADDRESS_0=192.0.2.5/24 192.0.2.1\nIP4_ADDRESS_1=198.51.100.9/32 192.0.2.1\nIP4_NUM_ADDRESSES=2\n\
             IP4_ROUTE_0=10.0.0.0/8 192.0.2.9 0\nIP4_NUM_ROUTES=1\n\
             IP6_NAMESERVERS=2001:db8::53\nIP6_DOMAINS=a.example b.example\n\
             IP6_ADDRESS_0=2001:db8::5/64 ::\nIP6_NUM_ADDRESSES=1\n\
             IP6_ROUTE_0=2001:db8:7::/48 fe80::7 1024\nIP6_NUM_ROUTES=1\n"
        );
        assert_eq!(
            environment(None),
            "\nDEVICE_IFACE=eth0\nDEVICE_IP_IFACE=eth0\nCONNECTION_ID=\n"
        );
    }

    fn read(text: &[u8]) -> Option<(u8, Vec<u8>, Vec<Vec<u8>>)> {
        let mut octets = Vec::from(text);
        let message = Message::read(&mut octets)?;
        Some((
            message.event,
            message.name.into(),
            message.map(Vec::from).collect(),
        ))
    }

    #[test]
    fn a_message_is_read() {
        let variables = Vec::from([b"IP4_GATEWAY=192.0.2.1\0".to_vec(), b"DHCP6_X=\0".to_vec()]);
        let want = Some((1, b"eth0\0".to_vec(), variables));
        assert_eq!(read(b"\x01eth0\nIP4_GATEWAY=192.0.2.1\nDHCP6_X=\n"), want);
        assert_eq!(
            read(b"\x06none\n"),
            Some((6, b"none\0".to_vec(), Vec::new()))
        );
        assert_eq!(read(b"\x07\n"), Some((7, b"\0".to_vec(), Vec::new())));
    }

    #[test]
    fn what_is_no_message_is_not() {
        let bad: &[&[u8]] = &[
            b"",
            b"\x01",
            b"\x01eth0",
            b"\x00eth0\n",
            b"\x08eth0\n",
            b"\xffeth0\n",
            b"\x01a/b\n",
            b"\x01..\n",
            b"\x01a name of 16 oct\n",
        ];
        for bad in bad {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_variable_is_left_out() {
        let bad: &[&[u8]] = &[
            b"PATH=/tmp\n",
            b"LD_PRELOAD=/tmp/x\n",
            b"NM_DISPATCHER_ACTION=up\n",
            b"xIP4_A=1\n",
            b"IP4=_1\n",
            b"IP44_A=1\n",
            b"_=1\n",
            b"IP4_A\n",
            b"\n",
            b"IP4_A=\x1b\n",
            b"IP4_A=\xc3\xa4\n",
            b"IP4_A=cut",
        ];
        for bad in bad {
            let message = [b"\x01eth0\n", *bad].concat();
            assert_eq!(read(&message).unwrap().2, Vec::<Vec<u8>>::new(), "{bad:?}");
        }
    }

    #[test]
    fn each_event_has_its_action() {
        for (hook, action) in [
            (Hook::Up, "up"),
            (Hook::PreDown, "pre-down"),
            (Hook::Down, "down"),
            (Hook::Dhcp4Change, "dhcp4-change"),
            (Hook::Dhcp6Change, "dhcp6-change"),
            (Hook::Hostname, "hostname"),
            (Hook::DnsChange, "dns-change"),
        ] {
            assert_eq!(ACTIONS.line(hook as usize).to_string(), action);
        }
        assert_eq!(ACTIONS.line(0).to_string(), "pre-up");
        assert_eq!(ACTIONS.line(COUNT.into()).to_string(), "");
    }
}
