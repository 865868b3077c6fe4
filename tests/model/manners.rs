//! A supervisor among others: who takes a link down, or takes things away, is not fought; carrier comes and goes.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::nouns::{self, Addr};
use crate::support::tables::Tables;
use ifdawn::engine::{Engine, Outcome, Wish};
use ifdawn::model::config::{Config, GlobalNumber, LinkMatch};
use ifdawn::model::link::LinkKind;
use ifdawn::plan::resolve::LinkState;

const SECOND: u64 = 1_000_000;
const IFF_UP: u32 = 1;

/// `eth0`, `eth1` and so on with addresses and gateways of both families.
fn configured(config: &mut Config<'_>, links: u8) {
    for number in 0..links {
        let link = config.file(LinkMatch::Name(name(&format!("eth{number}"))));
        config.addr(link, &format!("10.0.{number}.5/24"));
        config.addr(link, &format!("2001:db8:{number}::5/64"));
        config.gateway(link, &format!("10.0.{number}.1"));
        config.gateway(link, &format!("2001:db8:{number}::1"));
    }
}

/// A supervisor of so many links, all of them up; the number of the first one is 2.
fn watching(links: u8, test: impl FnOnce(&mut Engine<'_>, &mut FakeHost)) {
    watching_as(links, |_| {}, test);
}

/// The same of links of which something more is said.
fn watching_as(
    links: u8,
    say: impl FnOnce(&mut Config<'_>),
    test: impl FnOnce(&mut Engine<'_>, &mut FakeHost),
) {
    let names = ["eth0", "eth1", "eth2"];
    let mut host = FakeHost::new(kernel_with(&names[..links.into()]));
    host.now = SECOND;
    with_engine(|engine| {
        engine.goal.stays = true;
        configured(&mut engine.config, links);
        say(&mut engine.config);
        look(engine, &mut host);
        look(engine, &mut host);
        test(engine, &mut host);
    });
}

/// As the loop does it, a moment later.
fn look(engine: &mut Engine<'_>, host: &mut FakeHost) {
    host.now += 1_000;
    engine.attend(host);
    converge(engine, host);
    engine.attend(host);
}

fn set_up(host: &mut FakeHost, ifindex: u32, up: bool) {
    let flags = if up { IFF_UP } else { 0 };
    host.kernel
        .tables
        .set_flags(ifindex, flags, IFF_UP)
        .unwrap();
}

fn is_up(host: &FakeHost, name: &str) -> bool {
    host.kernel.link(name).unwrap().is_up()
}

const TAKEN_DOWN: &str = "warning: eth0: taken down by somebody else; left alone until `ifdawn up`, or its link is up anew";

#[test]
fn a_link_that_somebody_takes_down_stays_down() {
    watching(2, |engine, host| {
        let before = host.kernel.tables.clone();
        set_up(host, 2, false);
        let changes = host.changes_in(|host| {
            for _ in 0..3 {
                look(engine, host);
            }
        });
        assert_eq!((changes, is_up(host, "eth0")), (0, false));
        assert_eq!(host.complaints, [TAKEN_DOWN]);
        assert_eq!(engine.states[..], [LinkState::Held, LinkState::Up]);
        assert_eq!(engine.outcome(), Outcome::Up, "nobody asks for it");
        engine.publish_state(host);
        assert!(host.file("state.json").contains(r#""state":"held""#));
        assert!(
            host.file("owned-eth0").contains("10.0.0.5/24"),
            "it is still ours"
        );
        // He takes it up again: it is as it was.
        set_up(host, 2, true);
        look(engine, host);
        assert_eq!(engine.states[..], [LinkState::Up, LinkState::Up]);
        assert_same(host, &before);
        engine.publish_state(host);
        assert!(!host.file("state.json").contains("held"));
        assert_eq!(
            host.news
                .iter()
                .filter(|line| line.starts_with("eth0: up"))
                .count(),
            2
        );
    });
}

/// Whatever order the kernel has it in.
fn assert_same(host: &FakeHost, before: &Tables) {
    let all = |tables: &Tables| {
        let mut all: Vec<String> = tables.routes().map(ToString::to_string).collect();
        all.extend(
            tables
                .addrs
                .iter()
                .map(|addr| format!("{}/{} {}", addr.local, addr.len, addr.ifindex)),
        );
        all.extend(
            tables
                .links
                .iter()
                .map(|link| format!("{} {:x}", link.name, link.flags)),
        );
        all.sort();
        all
    };
    assert_eq!(all(&host.kernel.tables), all(before));
}

#[test]
fn who_is_asked_to_takes_it_up_again() {
    watching(1, |engine, host| {
        let before = host.kernel.tables.clone();
        set_up(host, 2, false);
        look(engine, host);
        assert!(!is_up(host, "eth0"));
        engine.wish(&name("eth0"), Wish::Up);
        look(engine, host);
        assert_same(host, &before);
        assert_eq!(host.said("taken down"), 1);
    });
}

#[test]
fn who_does_not_stay_takes_it_up() {
    watching(1, |engine, host| {
        let before = host.kernel.tables.clone();
        engine.goal.stays = false;
        engine.watched.clear();
        set_up(host, 2, false);
        look(engine, host);
        assert_same(host, &before);
        assert_eq!(host.complaints, [""; 0]);
    });
}

#[test]
fn down_and_up_between_two_looks_costs_nothing() {
    watching(1, |engine, host| {
        let before = host.kernel.tables.clone();
        for _ in 0..1_000 {
            set_up(host, 2, false);
            set_up(host, 2, true);
            look(engine, host);
        }
        assert_same(host, &before);
        assert_eq!(host.complaints, [""; 0]);
    });
}

/// A bond takes a port down that it lets go.
#[test]
fn a_link_that_leaves_its_master_was_not_taken_down() {
    watching(1, |engine, host| {
        let link = host.kernel.tables.link(2).unwrap();
        link.master = 1;
        look(engine, host);
        host.kernel.tables.link(2).unwrap().master = 0;
        set_up(host, 2, false);
        look(engine, host);
        assert!(is_up(host, "eth0"));
        assert_eq!(host.said("taken down"), 0);
    });
}

#[test]
fn a_link_that_comes_back_is_another_one() {
    watching(2, |engine, host| {
        set_up(host, 2, false);
        look(engine, host);
        host.kernel.vanish_link(2);
        look(engine, host);
        let mut link = nouns::Link::new("eth0", mac_octets(2));
        link.ifindex = 9;
        host.kernel.add_link(link);
        look(engine, host);
        assert!(is_up(host, "eth0"));
        assert!(host.kernel.addrs_of(9).contains(&"10.0.0.5/24".to_owned()));
    });
}

#[test]
fn what_is_not_to_be_up_is_not_asked_for() {
    watching(2, |engine, host| {
        engine.wish(&name("eth0"), Wish::Down);
        let changes = host.changes_in(|host| {
            look(engine, host);
            set_up(host, 2, false);
            look(engine, host);
        });
        assert_eq!((changes, is_up(host, "eth0")), (0, false));
        assert_eq!(engine.states[..], [LinkState::NotAsked, LinkState::Up]);
        assert_eq!(host.complaints, [""; 0], "whose will it is is known");
        engine.wish(&name("eth0"), Wish::Up);
        look(engine, host);
        assert!(is_up(host, "eth0"));
    });
}

/// Deletes the default route of IPv4, and has it be looked at.
fn remove_default(engine: &mut Engine<'_>, host: &mut FakeHost) {
    let tables = &mut host.kernel.tables;
    let route = tables
        .routes_of_others()
        .find(|route| route.dst.is_unspecified() && route.dst.is_ipv4());
    let route = route.expect("a default route").clone();
    tables.del_route(&route).unwrap();
    host.is_quiet = true;
    look(engine, host);
    host.is_quiet = false;
}

fn has_default(host: &FakeHost) -> bool {
    host.kernel
        .routes_of_others()
        .iter()
        .any(|route| route.starts_with("0.0.0.0/0"))
}

const LEFT: &str = "warning: net:4:1: 0.0.0.0/0: removed 5 times in 10 s; left alone until `ifdawn up`, or its link is up anew";

#[test]
fn what_is_removed_again_and_again_is_left_alone() {
    watching(1, |engine, host| {
        for _ in 0..4 {
            remove_default(engine, host);
            assert!(has_default(host));
        }
        assert_eq!(host.complaints, [""; 0]);
        remove_default(engine, host);
        assert!(!has_default(host));
        assert_eq!(host.complaints, [LEFT]);
        let changes = host.changes_in(|host| {
            host.now += 3_600 * SECOND;
            look(engine, host);
        });
        assert_eq!(
            (changes, has_default(host)),
            (0, false),
            "however long it takes"
        );
        // Whoever wants it up wants all of it.
        engine.wish(&name("eth0"), Wish::Up);
        look(engine, host);
        assert!(has_default(host));
        // As does whoever takes the link down and up.
        for _ in 0..5 {
            remove_default(engine, host);
        }
        assert!(!has_default(host));
        set_up(host, 2, false);
        look(engine, host);
        set_up(host, 2, true);
        look(engine, host);
        assert!(has_default(host));
    });
}

#[test]
fn what_is_removed_now_and_then_comes_back() {
    watching(1, |engine, host| {
        for _ in 0..20 {
            remove_default(engine, host);
            assert!(has_default(host));
            host.now += 3 * SECOND;
        }
        assert_eq!(host.complaints, [""; 0]);
    });
}

/// The kernel deletes what used an address; that is not said of the routes.
#[test]
fn what_goes_with_an_address_was_not_removed() {
    watching(1, |engine, host| {
        let addr = host
            .kernel
            .tables
            .addrs
            .iter()
            .find(|addr| addr.local == ip("10.0.0.5"));
        let addr = addr.expect("an address").clone();
        for _ in 0..4 {
            host.kernel.tables.del_addr(&addr).unwrap();
            assert!(!has_default(host));
            host.is_quiet = true;
            look(engine, host);
            assert!(has_default(host));
        }
        for _ in 0..4 {
            remove_default(engine, host);
            assert!(has_default(host));
        }
        assert_eq!(host.complaints, [""; 0]);
    });
}

/// Pulls the cable, or plugs it in.
fn set_carrier(host: &mut FakeHost, ifindex: u32, carrier: bool) {
    let link = host
        .kernel
        .tables
        .links
        .iter_mut()
        .find(|link| link.ifindex == ifindex);
    let link = link.expect("a link");
    link.losses += u32::from(link.carrier && !carrier);
    link.carrier = carrier;
}

/// The default routes: which link each leads out of, and the metric.
fn defaults(host: &FakeHost) -> Vec<(u32, u32)> {
    let routes = host.kernel.tables.routes_of_others();
    let routes = routes.filter(|route| route.dst.is_unspecified() && route.len == 0);
    let mut all: Vec<_> = routes.map(|route| (route.oif, route.metric)).collect();
    all.sort_unstable();
    all
}

const BOTH: [(u32, u32); 4] = [(2, 0), (2, 1), (3, 101), (3, 101)];

#[test]
fn without_carrier_default_routes_give_way_to_those_of_a_link_with_carrier() {
    watching(2, |engine, host| {
        assert_eq!(defaults(host), BOTH);
        let addrs = host.kernel.addrs_of(2);
        set_carrier(host, 2, false);
        look(engine, host);
        assert_eq!(defaults(host), [(3, 101); 2]);
        assert_eq!(host.kernel.addrs_of(2), addrs, "addresses stay");
        assert!(
            !host.file("owned-eth0").contains("default"),
            "what is gone is not ours"
        );
        // The last one stays.
        set_carrier(host, 3, false);
        look(engine, host);
        assert_eq!(defaults(host), BOTH);
        set_carrier(host, 2, true);
        look(engine, host);
        assert_eq!(defaults(host), [(2, 0), (2, 1)]);
        set_carrier(host, 3, true);
        look(engine, host);
        assert_eq!(defaults(host), BOTH);
        assert!(host.file("owned-eth0").contains("default"));
        assert_eq!(host.said("removed"), 0);
    });
}

/// A route that somebody else made is nobody's to take away.
#[test]
fn a_default_route_that_was_there_stays_without_carrier() {
    let mut host = FakeHost::new(kernel_with(&["eth0", "eth1"]));
    take_up(&mut host.kernel, 2);
    let addr = cidr("10.0.0.5/24");
    host.kernel.add_addr(Addr::new(2, addr.addr, addr.len));
    host.kernel
        .add_route(nouns::route("0.0.0.0/0", 2, Some("10.0.0.1")));
    with_engine(|engine| {
        engine.goal.stays = true;
        configured(&mut engine.config, 2);
        look(engine, &mut host);
        set_carrier(&mut host, 2, false);
        look(engine, &mut host);
        assert_eq!(defaults(&host), [(2, 0), (3, 101), (3, 101)]);
    });
}

#[test]
fn who_wants_default_routes_to_stay_or_come_last_has_it_so() {
    let policy = |number: u32| {
        move |config: &mut Config<'_>| {
            GlobalNumber::CarrierLoss.set(&mut config.global, Some(number));
        }
    };
    let lost = |engine: &mut Engine<'_>, host: &mut FakeHost| {
        set_carrier(host, 2, false);
        look(engine, host);
        let while_lost = defaults(host);
        set_carrier(host, 2, true);
        look(engine, host);
        assert_eq!(defaults(host), BOTH);
        while_lost
    };
    watching_as(2, policy(1), |engine, host| {
        let last = [(2, 20_000), (2, 20_001), (3, 101), (3, 101)];
        assert_eq!(lost(engine, host), last);
    });
    watching_as(2, policy(2), |engine, host| {
        assert_eq!(lost(engine, host), BOTH)
    });
    // Who does not stay leaves them.
    watching(2, |engine, host| {
        engine.goal.stays = false;
        assert_eq!(lost(engine, host), BOTH);
    });
}

/// Loses carrier and gets it back, and is looked at both times.
fn flap(engine: &mut Engine<'_>, host: &mut FakeHost) {
    set_carrier(host, 2, false);
    look(engine, host);
    set_carrier(host, 2, true);
    look(engine, host);
}

#[test]
fn a_link_that_flaps_rests() {
    const FLAPS: &str = "warning: eth0: carrier lost 5 times in 10 s; it waits until carrier lasts";
    // Nobody looks for duplicates: there is nothing else to wait for.
    let no_dad = |config: &mut Config<'_>| GlobalNumber::Dad.set(&mut config.global, Some(3_u32));
    watching_as(2, no_dad, |engine, host| {
        for _ in 0..4 {
            flap(engine, host);
            assert_eq!(defaults(host), BOTH);
        }
        assert_eq!(host.said("10 s"), 0);
        // 1 s, then 2, at last 32.
        for seconds in [1, 2, 4, 8, 16, 32, 32] {
            flap(engine, host);
            assert_eq!(defaults(host), [(3, 101); 2]);
            let until = engine.attend(host);
            let at = until.0 - host.now;
            assert!(
                (seconds * SECOND - 1_000..=seconds * SECOND).contains(&at),
                "{at}"
            );
            host.now = until.0 - 2_000;
            look(engine, host);
            assert_eq!(defaults(host), [(3, 101); 2]);
            host.now = until.0;
            engine.attend(host);
            assert!(engine.look_again);
            host.is_quiet = true;
            look(engine, host);
            host.is_quiet = false;
            assert_eq!(defaults(host), BOTH);
        }
        assert_eq!(host.said("10 s"), 1);
        assert_eq!(host.said(FLAPS), 1);
        // A minute of calm, and it is forgotten.
        host.now += 61 * SECOND;
        flap(engine, host);
        assert_eq!(defaults(host), BOTH);
    });
}

/// Many losses between two looks are as many.
#[test]
fn losses_that_nobody_saw_count() {
    watching(2, |engine, host| {
        for _ in 0..5 {
            set_carrier(host, 2, false);
            set_carrier(host, 2, true);
        }
        look(engine, host);
        assert_eq!(host.said("carrier lost"), 1);
        assert_eq!(defaults(host), [(3, 101); 2]);
    });
}

/// Whatever happens in whatever order, once it is over and everything may come up it is as it was at first; and no
/// look ends in another one for ever.
#[test]
fn whatever_happens_ends_as_it_began() {
    for number in 0..200 {
        case(number, || {
            let mut random = Random::of_case(number);
            watching(3, |engine, host| {
                let before = host.kernel.tables.clone();
                for _ in 0..40 {
                    let link = 2 + random.below(3) as u32;
                    match random.below(9) {
                        0 => set_up(host, link, false),
                        1 => set_up(host, link, true),
                        2 => set_carrier(host, link, false),
                        3 => set_carrier(host, link, true),
                        4 => {
                            let tables = &host.kernel.tables;
                            let route = tables.routes_of_others().nth(random.below(4));
                            let route = route.cloned();
                            if let Some(route) = route {
                                host.kernel.tables.del_route(&route).unwrap();
                            }
                        }
                        5 => {
                            let addrs = &host.kernel.tables.addrs;
                            let addr = addrs[random.below(addrs.len())].clone();
                            if addr.ifindex != 1 {
                                host.kernel.tables.del_addr(&addr).unwrap();
                            }
                        }
                        6 => host.now += SECOND * random.below(20) as u64,
                        7 => engine.wish(&name("eth1"), [Wish::Up, Wish::Down][random.below(2)]),
                        _ => host.is_quiet = random.once_in(2),
                    }
                    look(engine, host);
                    let until = engine.attend(host);
                    assert!(until.0 > host.now, "it waits for something");
                }
                host.is_quiet = false;
                for (text, link) in [("eth0", 2), ("eth1", 3), ("eth2", 4)] {
                    set_carrier(host, link, true);
                    engine.wish(&name(text), Wish::Up);
                }
                host.now += 3_600 * SECOND;
                look(engine, host);
                look(engine, host);
                assert_same(host, &before);
                let changes = host.changes_in(|host| look(engine, host));
                assert_eq!(changes, 0);
            });
        });
    }
}

#[test]
fn a_made_link_that_is_deleted_again_and_again_is_left_alone() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    host.now = SECOND;
    with_engine(|engine| {
        engine.goal.stays = true;
        let link = engine.config.file(LinkMatch::Name(name("br0")));
        engine.config.link_mut(link).unwrap().kind = LinkKind::Bridge;
        engine.config.addr(link, "10.0.0.5/24");
        look(engine, &mut host);
        for times in 0..5 {
            let ifindex = host.kernel.link("br0").expect("it is made").ifindex;
            host.kernel.vanish_link(ifindex);
            look(engine, &mut host);
            assert_eq!(host.kernel.link("br0").is_some(), times < 4, "{times}");
        }
        assert_eq!(
            host.said("warning: br0: removed 5 times in 10 s; left alone"),
            1
        );
        look(engine, &mut host);
        assert!(host.kernel.link("br0").is_none());
        engine.wish(&name("br0"), Wish::Up);
        look(engine, &mut host);
        assert!(host.kernel.link("br0").is_some());
        for _ in 0..5 {
            let ifindex = host.kernel.link("br0").expect("it is made").ifindex;
            host.kernel.vanish_link(ifindex);
            look(engine, &mut host);
        }
        assert!(host.kernel.link("br0").is_none());
    });
}

/// What needs an address that is left alone is left alone with it.
#[test]
fn an_address_that_is_removed_again_and_again_takes_its_routes_along() {
    watching(1, |engine, host| {
        let addrs = &host.kernel.tables.addrs;
        let addr = addrs.iter().find(|addr| addr.local == ip("10.0.0.5"));
        let addr = addr.expect("an address").clone();
        for _ in 0..5 {
            host.kernel.tables.del_addr(&addr).unwrap();
            host.is_quiet = true;
            look(engine, host);
        }
        assert!(!has_default(host) && !host.kernel.addrs_of(2).contains(&"10.0.0.5/24".to_owned()));
        assert_eq!(host.complaints.len(), 1, "{:?}", host.complaints);
        assert_eq!(host.said("10.0.0.5/24: removed 5 times in 10 s"), 1);
        let changes = host.changes_in(|host| look(engine, host));
        assert_eq!((changes, engine.outcome()), (0, Outcome::Up));
        engine.wish(&name("eth0"), Wish::Up);
        look(engine, host);
        assert!(has_default(host));
    });
}
