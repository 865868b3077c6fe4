//! What is not there yet: devices, udev.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::nouns::Link;
use ifdawn::engine::{Engine, Instant, Outcome, Progress};
use ifdawn::model::config::{Config, LinkMatch, LinkNumber, RouteDev, Wait};
use ifdawn::plan::resolve::LinkState;

const MINUTE: u64 = 60_000_000;

fn two_links(config: &mut Config<'_>) {
    for number in [0, 1] {
        let link = config.file(LinkMatch::Name(name(&format!("eth{number}"))));
        config.addr(link, &format!("10.0.{number}.5/24"));
        config.gateway(link, &format!("10.0.{number}.1"));
    }
}

fn begin(engine: &mut Engine<'_>, host: &FakeHost) {
    two_links(&mut engine.config);
    engine.start(Instant(host.now));
}

#[test]
fn a_device_that_appears_is_configured_and_nothing_else_is_touched() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    host.now = 5_000_000;
    with_engine(|engine| {
        begin(engine, &host);
        let waiting = Progress::Waiting(Instant(host.now + MINUTE));
        assert_eq!(converge(engine, &mut host), waiting);
        assert_eq!(engine.states[..], [LinkState::Up, LinkState::WaitingDevice]);
        assert_eq!(engine.outcome(), Outcome::Partial);

        host.now += 1_000_000;
        let before = host.kernel.changes();
        assert_eq!(converge(engine, &mut host), waiting);
        assert_eq!(
            host.kernel.changes(),
            before,
            "nothing came, nothing is sent"
        );

        host.kernel.add_link(Link::new("eth1", mac_octets(9)));
        host.sent.clear();
        assert_eq!(converge(engine, &mut host), Progress::Done);
        assert_eq!(engine.outcome(), Outcome::Up);
    });
    assert_eq!(
        host.sent,
        [
            "ip link set dev eth1 up",
            "ip addr add 10.0.1.5/24 brd 10.0.1.255 dev eth1",
            "ip route add default via 10.0.1.1 proto 153 metric 101 dev eth1",
        ]
    );
    assert_eq!(host.complaints, [""; 0]);
}

#[test]
fn waiting_ends() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    with_engine(|engine| {
        begin(engine, &host);
        host.now = MINUTE - 1;
        assert_eq!(
            converge(engine, &mut host),
            Progress::Waiting(Instant(MINUTE))
        );
        host.now = MINUTE;
        assert_eq!(converge(engine, &mut host), Progress::Done);
        engine.complain_about_missing(&mut host);
        assert_eq!(engine.outcome(), Outcome::Partial);
    });
    assert_eq!(
        host.complaints,
        ["error: net:4:1: eth1: the device did not come in time; link skipped"]
    );
}

#[test]
fn the_longest_wait_counts_and_for_ever_is_for_ever() {
    for (seconds, until) in [
        ([5, 90], 90_000_000),
        ([7, 2], 7_000_000),
        ([1, u32::MAX], u64::MAX),
    ] {
        let mut host = FakeHost::new(kernel_with(&[]));
        with_engine(|engine| {
            begin(engine, &host);
            for (link, seconds) in engine.config.links.iter_mut().zip(seconds) {
                match seconds {
                    // which only the machine's own wait can be
                    u32::MAX => engine.config.global.timeouts.set(Wait::Device, seconds),
                    _ => LinkNumber::DeviceTimeout.set(link, Some(seconds)),
                }
            }
            assert_eq!(
                converge(engine, &mut host),
                Progress::Waiting(Instant(until))
            );
        });
    }
}

#[test]
fn nobody_waits_for_a_link_that_is_not_required() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    with_engine(|engine| {
        begin(engine, &host);
        engine.config.links[1].required = false;
        assert_eq!(converge(engine, &mut host), Progress::Done);
        assert_eq!(engine.outcome(), Outcome::Up);
    });
}

#[test]
fn a_link_is_not_touched_before_udev_is_done_with_it() {
    let mut host = FakeHost::new(kernel_with(&["eth0", "eth1"]));
    host.unsettled.insert(3);
    with_engine(|engine| {
        begin(engine, &host);
        assert!(matches!(converge(engine, &mut host), Progress::Waiting(_)));
        assert_eq!(engine.states[..], [LinkState::Up, LinkState::WaitingUdev]);
        assert!(!host.kernel.link("eth1").unwrap().is_up());
        host.unsettled.clear();
        assert_eq!(converge(engine, &mut host), Progress::Done);
        assert!(host.kernel.link("eth1").unwrap().is_up());
    });
}

#[test]
fn udev_has_no_say_in_a_link_that_a_rule_names() {
    let mut host = FakeHost::new(kernel_with(&["eth7"]));
    host.unsettled.insert(2);
    let progress = up(&mut host, &|config| {
        config.rule(mac(2), "eth0");
        let link = config.file(LinkMatch::Name(name("eth0")));
        config.addr(link, "10.0.0.5/24");
    });
    assert_eq!(progress, Progress::Done);
    assert!(host.kernel.link("eth0").unwrap().is_up());
}

#[test]
fn a_link_with_another_mac_than_asked_for_is_told_and_left_alone() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    let say = |config: &mut Config<'_>| {
        let link = config.file(LinkMatch::Mac(mac(77)));
        config.link_mut(link).unwrap().name = Some(name("eth0"));
        config.addr(link, "10.0.0.5/24");
    };
    assert!(matches!(up(&mut host, &say), Progress::Waiting(_)));
    assert!(!host.kernel.link("eth0").unwrap().is_up());
    let line = "is not the MAC of the link with this name; link skipped";
    assert_eq!(host.said(line), 1, "{:?}", host.complaints);
}

#[test]
fn a_link_that_bears_the_mac_it_was_given_is_known_again() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    host.kernel.settings.perm_address = false;
    let say = |config: &mut Config<'_>| {
        let link = config.file(LinkMatch::Mac(mac(2)));
        let link = config.link_mut(link).unwrap();
        (link.name, link.mac) = (Some(name("eth0")), mac(99));
    };
    assert_eq!(up(&mut host, &say), Progress::Done);
    assert_eq!(host.kernel.link("eth0").unwrap().mac, mac_octets(99));
    let again = host.changes_in(|host| assert_eq!(up(host, &say), Progress::Done));
    assert_eq!(again, 0);
}

#[test]
fn a_link_without_carrier_is_done_and_told_at_the_second_look() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    host.kernel.tables.links[1].carrier = false;
    let say = |config: &mut Config<'_>| {
        let link = config.file(LinkMatch::Name(name("eth0")));
        config.addr(link, "10.0.0.5/24");
        config.route(
            RouteDev::Link(link),
            route("172.16.0.0/24", Some("10.0.0.1")),
        );
    };
    assert_eq!(up(&mut host, &say), Progress::Done);
    up(&mut host, &say);
    assert_eq!(host.complaints, ["warning: net:1:1: eth0: no carrier"]);
    assert_eq!(host.kernel.routes_of_others().len(), 1);
}

/// A route is refused as long as duplicate address detection of its source runs: it is tried again, and is
/// a failure when that has had its time.
#[test]
fn a_route_waits_for_duplicate_address_detection_of_its_source() {
    let src = "2001:db8::5";
    for ends in [true, false] {
        let mut host = FakeHost::new(kernel_with(&["eth0"]));
        host.now = 5_000_000;
        with_engine(|engine| {
            let config = &mut engine.config;
            let link = config.file(LinkMatch::Name(name("eth0")));
            config.addr(link, &format!("{src}/64"));
            config.global.timeouts.set(Wait::Dad, 3);
            let route = ifdawn::model::route::Route {
                src: Some(ip(src)),
                ..route("2001:db8:1::/48", Some("2001:db8::1"))
            };
            config.route(RouteDev::Link(link), route);
            engine.start(Instant(host.now));
            let until = Progress::Waiting(Instant(host.now + 3_000_000));
            for _ in 0..2 {
                host.kernel.fail_next(24, 22);
                assert_eq!(converge(engine, &mut host), until);
                assert_eq!(engine.states[..], [LinkState::WaitingDad]);
                assert!(!host.file("owned-eth0").contains("route6"));
                host.now += 1_000_000;
            }
            assert_eq!(host.said("error"), 0, "{:?}", host.complaints);
            if !ends {
                host.now += 1_000_000;
                host.kernel.fail_next(24, 22);
            }
            assert_eq!(converge(engine, &mut host), Progress::Done);
            let state = match ends {
                true => LinkState::Up,
                false => LinkState::Failed,
            };
            assert_eq!(engine.states[..], [state]);
            assert_eq!(host.said("error: net:"), usize::from(!ends));
        });
    }
}
