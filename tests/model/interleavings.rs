//! A supervisor among events in any order: whatever came before, once the world is whole again so is what was
//! configured. And it makes progress: it either does something or waits for a time that is still to come.

use crate::leases::{ACK, NAK, OFFER, SECOND, answer, hear, last_message, want};
use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::messages::*;
use crate::support::nouns::{self, Addr, Link};
use ifdawn::engine::{Engine, Instant, Packet, Progress};
use ifdawn::model::config::{Config, LinkMatch, RouteDev};

const CASES: u64 = 300;
const EVENTS: usize = 60;

/// Looks in a row without time going by; of each the kernel may have changed something that asks for another.
const LOOKS_IN_A_ROW: u32 = 4;

/// Number and name of each link: a static one, one with a lease, one that a rule names.
const LINKS: [(u8, &str); 3] = [(2, "eth0"), (3, "eth1"), (4, "lan0")];
const LEASED: u32 = 3;

/// `IFA_F_TENTATIVE`
const TENTATIVE: u32 = 0x40;

fn configured(config: &mut Config<'_>) {
    let eth0 = config.file(LinkMatch::Name(name("eth0")));
    config.addr(eth0, "10.0.2.5/24");
    config.addr(eth0, "10.0.2.6/24");
    config.addr(eth0, "2001:db8:2::5/64");
    config.gateway(eth0, "10.0.2.1");
    config.route(
        RouteDev::Link(eth0),
        route("172.16.0.0/24", Some("10.0.2.1")),
    );
    let eth1 = config.file(LinkMatch::Name(name("eth1")));
    want(config, eth1);
    config.rule(mac(4), "lan0");
    let lan0 = config.file(LinkMatch::Name(name("lan0")));
    config.addr(lan0, "10.0.4.5/24");
    config.route(
        RouteDev::Link(lan0),
        route("172.17.0.0/24", Some("10.0.4.1")),
    );
}

fn supervisor(test: impl FnOnce(&mut Engine<'_>, &mut FakeHost)) {
    let mut host = FakeHost::new(kernel_with(&["eth0", "eth1", "eth2"]));
    host.now = SECOND;
    with_engine(|engine| {
        engine.goal.stays = true;
        configured(&mut engine.config);
        engine.start(Instant(host.now));
        engine.look_at_everything();
        test(engine, &mut host);
    });
}

/// As the program's loop does it until some time: waits for what comes next, does what is due, and looks.
fn go_on(engine: &mut Engine<'_>, host: &mut FakeHost, until: u64) -> u32 {
    let (mut limit, mut rounds, mut in_a_row) = (u64::MAX, 0_u32, 0_u32);
    while host.now < until {
        rounds += 1;
        let next = engine.attend(host).0.min(limit);
        if host.now >= limit {
            engine.look_at_everything();
        }
        if engine.look_again {
            in_a_row += 1;
            assert!(in_a_row <= LOOKS_IN_A_ROW, "looks in a row at {}", host.now);
            limit = match converge(engine, host) {
                Progress::Waiting(until) => until.0,
                Progress::Done => u64::MAX,
            };
            continue;
        }
        assert!(next > host.now, "it waits for {next}, at {}", host.now);
        in_a_row = 0;
        host.now = next.min(until);
    }
    rounds
}

/// The server says something to what it was asked last.
fn serve(engine: &mut Engine<'_>, host: &mut FakeHost, nak: bool) {
    let is_asked = |frame: &(u32, Packet, _, _)| frame.0 == LEASED && frame.1 == Packet::Dhcp;
    if !host.frames.iter().any(is_asked) {
        return;
    }
    let said = match last_message(host, LEASED).0 {
        1 => OFFER,
        3 if nak => NAK,
        3 => ACK,
        _ => return,
    };
    let said = answer(host, LEASED, said);
    hear(engine, LEASED, &said, host);
}

fn link_mut(host: &mut FakeHost, number: u8) -> Option<&mut Link> {
    let links = &mut host.kernel.tables.links;
    links.iter_mut().find(|link| link.ifindex == number.into())
}

fn set_carrier(host: &mut FakeHost, number: u8, carrier: bool) {
    if let Some(link) = link_mut(host, number) {
        link.losses += u32::from(link.carrier && !carrier);
        link.carrier = carrier;
    }
}

fn set_up(host: &mut FakeHost, number: u8, up: bool) {
    let _ = host.kernel.tables.set_flags(number.into(), up.into(), 1);
}

fn plug(host: &mut FakeHost, number: u8) {
    if link_mut(host, number).is_none() {
        let mut link = Link::new(&format!("new{number}"), mac_octets(number));
        link.ifindex = number.into();
        host.kernel.add_link(link);
    }
}

/// By somebody else, whether it is up or not.
fn rename(host: &mut FakeHost, number: u8, name: &str) {
    let _ = host.kernel.tables.rename(number.into(), name, false);
}

/// One thing happens.
fn event(random: &mut Random, engine: &mut Engine<'_>, host: &mut FakeHost) {
    let (number, named) = LINKS[random.below(LINKS.len())];
    let tables = &mut host.kernel.tables;
    let what = random.below(16);
    match what {
        0 => set_up(host, number, false),
        1 | 2 => set_up(host, number, true),
        3 => set_carrier(host, number, false),
        4 | 5 => set_carrier(host, number, true),
        6 => host.kernel.vanish_link(number.into()),
        7 => plug(host, number),
        8 => rename(host, number, &format!("theirs{number}")),
        9 => rename(host, number, named),
        10 if !tables.addrs.is_empty() => {
            let at = random.below(tables.addrs.len());
            let addr = tables.addrs[at].clone();
            // One that goes while it is tentative is taken for one that the kernel found to be another's.
            if addr.flags & TENTATIVE == 0 {
                let _ = tables.del_addr(&addr);
            }
        }
        11 => {
            let routes: Vec<_> = tables.routes_of_others().cloned().collect();
            if !routes.is_empty() {
                let _ = tables.del_route(&routes[random.below(routes.len())]);
            }
        }
        12 => {
            if link_mut(host, number).is_some_and(|link| link.is_up()) {
                let theirs = cidr(&format!("10.99.{number}.9/24"));
                let addr = Addr::new(number.into(), theirs.addr, theirs.len);
                let _ = host.kernel.tables.new_addr(addr);
                let dst = format!("10.99.{}.0/24", 100 + number);
                host.kernel
                    .add_route(nouns::route(&dst, number.into(), None));
            }
        }
        13 => {
            for _ in 0..random.below(3) {
                host.kernel
                    .interrupt_next([RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE][random.below(3)]);
            }
        }
        14 => {
            host.overrun = Some((
                host.kernel.datagrams.len() + random.below(3),
                random.below(3),
            ))
        }
        _ => serve(engine, host, random.once_in(4)),
    }
    // What becomes of links is always told before the next thing happens to one.
    if what < 8 || !random.once_in(3) {
        engine.look_at_everything();
    }
    let pause = random.below(3_000) as u64 * 1_000;
    go_on(engine, host, host.now + 1 + pause);
}

/// Nothing goes wrong any more, and everything is there and up. What somebody took away too often is looked after again
/// once its link was down.
fn heal(engine: &mut Engine<'_>, host: &mut FakeHost) {
    host.kernel.forgive();
    host.overrun = None;
    for up in [false, true] {
        for (number, named) in LINKS {
            plug(host, number);
            rename(host, number, named);
            set_carrier(host, number, true);
            set_up(host, number, up);
        }
        engine.look_at_everything();
        go_on(engine, host, host.now + SECOND);
    }
    // Whoever flapped rests for half a minute.
    for _ in 0..80 {
        serve(engine, host, false);
        go_on(engine, host, host.now + SECOND);
    }
}

/// What is there, but for what others made.
fn there(host: &FakeHost) -> Vec<String> {
    let mut found = host.kernel.routes_of_others();
    for (number, _) in LINKS {
        let link = host.kernel.tables.links.iter();
        let mut link = link.filter(|link| link.ifindex == number.into());
        let link = link.next().expect("a link");
        found.push(format!("{number}: {} {}", link.name, link.is_up()));
        let addrs = host.kernel.addrs_of(number.into());
        found.extend(addrs.iter().map(|addr| format!("{number}: {addr}")));
    }
    found.retain(|line| !line.contains("10.99."));
    found.sort();
    found
}

#[test]
fn events_in_any_order_end_in_the_same_state() {
    let mut wanted = Vec::new();
    supervisor(|engine, host| {
        heal(engine, host);
        wanted = there(host);
    });
    assert!(
        wanted.iter().any(|line| line == "3: 192.0.2.103/24"),
        "{wanted:#?}"
    );
    for number in 0..CASES {
        case(number, || {
            supervisor(|engine, host| {
                let mut random = Random::of_case(number);
                for _ in 0..EVENTS {
                    event(&mut random, engine, host);
                }
                heal(engine, host);
                assert_eq!(there(host), wanted);
                host.sent.clear();
                engine.look_at_everything();
                converge(engine, host);
                // Here the kernel's lifetimes stand still, so it says them again.
                host.sent.retain(|line| !line.contains("192.0.2.103/24"));
                assert_eq!(host.sent, [""; 0], "changes of what is as it shall be");
            });
        });
    }
}

/// Nobody answers for a day: it asks more and more rarely, and never wakes for nothing.
#[test]
fn a_day_without_answers_costs_few_rounds() {
    supervisor(|engine, host| {
        for (number, _) in LINKS {
            set_carrier(host, number, true);
        }
        let hour = go_on(engine, host, 3_600 * SECOND);
        assert!(hour < 400, "{hour} rounds in the first hour");
        let day = go_on(engine, host, 86_400 * SECOND);
        assert!(day < 6_000, "{day} rounds in a day");
    });
}

/// With its lease there is nothing to do until half of it is over.
#[test]
fn a_lease_is_slept_through() {
    supervisor(|engine, host| {
        heal(engine, host);
        host.is_quiet = true;
        let rounds = go_on(engine, host, host.now + 1_500 * SECOND);
        assert!(rounds <= 2, "{rounds} rounds");
    });
}
