//! What goes wrong between us and the kernel, and what it may cost.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::messages::*;
use crate::support::nouns::{Addr, EINVAL};
use ifdawn::diag::Errno;
use ifdawn::engine::Progress;
use ifdawn::model::config::{Config, LinkMatch, RouteDev};
use ifdawn::plan::resolve::LinkState;

const EPERM: i32 = 1;
const ENOMEM: i32 = 12;
const DUMPS: [u16; 3] = [RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE];

/// Two links with two addresses and two routes each; lines 1 to 10 of the imagined file.
fn two_links(config: &mut Config<'_>) {
    for number in [2, 3] {
        let link = config.file(LinkMatch::Name(name(&format!("eth{number}"))));
        config.addr(link, &format!("10.0.{number}.5/24"));
        config.addr(link, &format!("2001:db8:{number}::5/64"));
        let gateway = format!("10.0.{number}.1");
        let dst = format!("172.16.{number}.0/24");
        config.route(RouteDev::Link(link), route(&dst, Some(&gateway)));
        let dst = format!("2001:db8:f{number}::/64");
        config.route(RouteDev::Link(link), route(&dst, None));
    }
}

fn host() -> FakeHost {
    FakeHost::new(kernel_with(&["eth2", "eth3"]))
}

fn is_whole(host: &FakeHost, number: u8) -> bool {
    let (addrs, routes) = (
        host.kernel.addrs_of(number.into()),
        host.kernel.routes_of_others(),
    );
    let has = |list: &[String], text: &str| {
        let text = text.replace("{}", &number.to_string());
        list.iter().any(|line| line.starts_with(&text))
    };
    host.kernel
        .tables
        .links
        .iter()
        .any(|link| link.ifindex == u32::from(number) && link.is_up())
        && has(&addrs, "10.0.{}.5/24")
        && has(&addrs, "2001:db8:{}::5/64")
        && has(&routes, "172.16.{}.0/24 via 10.0.{}.1 dev {}")
        && has(&routes, "2001:db8:f{}::/64 dev {}")
}

#[test]
fn an_interrupted_dump_is_asked_for_again() {
    for dump in DUMPS {
        let mut host = host();
        up(&mut host, &two_links);
        let usual = host.kernel.count(dump);
        up(&mut host, &two_links);
        let usual = host.kernel.count(dump) - usual;
        for _ in 0..3 {
            host.kernel.interrupt_next(dump);
        }
        let before = host.kernel.count(dump);
        up(&mut host, &two_links);
        assert_eq!(host.kernel.count(dump) - before, usual + 3);
    }
}

#[test]
fn a_table_that_never_holds_still_is_taken_as_it_is() {
    for dump in DUMPS {
        let mut host = host();
        for _ in 0..100 {
            host.kernel.interrupt_next(dump);
        }
        up(&mut host, &two_links);
        assert!(is_whole(&host, 2) && is_whole(&host, 3));
        assert!(host.kernel.count(dump) <= 50);
    }
}

/// Whichever answers do not fit the receive buffer, the next look finds what was done.
#[test]
fn lost_answers_cost_a_second_look() {
    for datagram in 0..10 {
        for room in [0, 1, 3] {
            let mut host = host();
            host.overrun = Some((datagram, room));
            up(&mut host, &two_links);
            assert!(
                is_whole(&host, 2) && is_whole(&host, 3),
                "datagram {datagram}"
            );
            let again = host.changes_in(|host| {
                up(host, &two_links);
            });
            assert_eq!(again, 0, "datagram {datagram}");
        }
    }
}

/// A link that goes between the dump and any request is waited for; the other one is whole.
#[test]
fn a_link_that_vanishes_costs_only_itself() {
    for kind in [
        RTM_SETLINK,
        RTM_NEWADDR,
        RTM_NEWROUTE,
        RTM_GETADDR,
        RTM_GETROUTE,
    ] {
        for vanishing in [2, 3] {
            let mut host = host();
            host.kernel.vanish_before_next(kind, vanishing);
            let progress = up(&mut host, &two_links);
            assert!(
                matches!(progress, Progress::Waiting(_)),
                "type {kind}: {progress:?}"
            );
            let other = 5 - vanishing;
            assert!(
                is_whole(&host, other as u8),
                "type {kind}: {:?}",
                host.complaints
            );
        }
    }
}

#[test]
fn a_link_that_vanishes_with_its_addresses_going_is_no_error() {
    let mut host = host();
    up(&mut host, &two_links);
    host.kernel.vanish_before_next(RTM_DELADDR, 3);
    let fewer = |config: &mut Config<'_>| {
        for number in [2, 3] {
            let link = config.file(LinkMatch::Name(name(&format!("eth{number}"))));
            config.addr(link, &format!("10.0.{number}.5/24"));
        }
    };
    assert!(matches!(up(&mut host, &fewer), Progress::Waiting(_)));
    assert_eq!(host.said("error"), 0, "{:?}", host.complaints);
}

#[test]
fn no_permission_is_said_once_and_for_all() {
    let mut host = host();
    for kind in [RTM_SETLINK, RTM_NEWADDR, RTM_NEWROUTE] {
        for _ in 0..20 {
            host.kernel.fail_next(kind, EPERM);
        }
    }
    with_engine(|engine| {
        two_links(&mut engine.config);
        assert_eq!(engine.converge(&mut host), Err(Errno::EPERM));
    });
    assert_eq!(host.complaints, [""; 0]);
}

/// The line that asked for what the kernel refused is named, wherever in the batch it was.
#[test]
fn an_error_names_its_line_and_its_command() {
    for (kind, refused) in [
        (
            RTM_NEWADDR,
            "net:2:1: ip addr add 10.0.2.5/24 brd 10.0.2.255 dev eth2",
        ),
        (
            RTM_NEWADDR,
            "net:3:1: ip addr add 2001:db8:2::5/64 dev eth2 nodad",
        ),
        (
            RTM_NEWADDR,
            "net:7:1: ip addr add 10.0.3.5/24 brd 10.0.3.255 dev eth3",
        ),
        (
            RTM_NEWADDR,
            "net:8:1: ip addr add 2001:db8:3::5/64 dev eth3 nodad",
        ),
        (
            RTM_NEWROUTE,
            "net:5:1: ip -6 route add 2001:db8:f2::/64 proto 153 dev eth2",
        ),
        (
            RTM_NEWROUTE,
            "net:10:1: ip -6 route add 2001:db8:f3::/64 proto 153 dev eth3",
        ),
        (
            RTM_NEWROUTE,
            "net:4:1: ip route add 172.16.2.0/24 via 10.0.2.1 proto 153 dev eth2",
        ),
        (
            RTM_NEWROUTE,
            "net:9:1: ip route add 172.16.3.0/24 via 10.0.3.1 proto 153 dev eth3",
        ),
    ] {
        let mut host = host();
        let line = format!("error: {refused}: ENOMEM, \"injected\"; not set");
        let (_, command) = refused.split_once(": ").unwrap();
        let commands = plan(&mut host, &|config| two_links(config));
        let of_kind = |other: &&String| {
            (kind == RTM_NEWADDR) == other.starts_with("ip addr add") && other.contains(" add ")
        };
        // lo is down, so its addresses come with it.
        let at = commands
            .iter()
            .filter(of_kind)
            .position(|other| other == command);
        let at = at.unwrap_or_else(|| panic!("{command} is not in {commands:#?}"));
        host.kernel.fail_after(at, kind, ENOMEM);
        with_engine(|engine| {
            two_links(&mut engine.config);
            converge(engine, &mut host);
            let failed = if command.contains("dev eth2") { 0 } else { 1 };
            assert_eq!(engine.states[failed], LinkState::Failed);
            assert_eq!(engine.states[1 - failed], LinkState::Up);
        });
        assert!(
            host.complaints.contains(&line),
            "{line} is not in {:#?}",
            host.complaints
        );
        assert_eq!(host.said("ENOMEM"), 1);
        up(&mut host, &two_links);
        assert!(is_whole(&host, 2) && is_whole(&host, 3));
    }
}

/// What could not be deleted is still ours, and deleted the next time.
#[test]
fn a_deletion_that_failed_is_tried_again() {
    for kind in [RTM_DELADDR, RTM_DELROUTE] {
        let mut host = host();
        up(&mut host, &two_links);
        let bare = |config: &mut Config<'_>| {
            for number in [2, 3] {
                let link = config.file(LinkMatch::Name(name(&format!("eth{number}"))));
                config.addr(link, &format!("10.0.{number}.5/24"));
            }
        };
        for _ in 0..40 {
            host.kernel.fail_next(kind, ENOMEM);
        }
        up(&mut host, &bare);
        assert!(host.said("ENOMEM") > 0);
        let mut healed = FakeHost::new(host.kernel);
        healed.kernel.forgive();
        healed.files = host.files;
        up(&mut healed, &bare);
        for number in [2, 3] {
            let addrs = healed.kernel.addrs_of(number);
            let left = addrs.iter().any(|addr| addr.starts_with("2001:db8"));
            assert!(!left, "{addrs:?}");
        }
        assert_eq!(healed.kernel.routes_of_others(), [""; 0]);
    }
}

/// IPv6 has one place for an address, whatever its prefix length.
#[test]
fn an_ipv6_address_with_another_prefix_length_is_no_success() {
    let mut host = host();
    take_up(&mut host.kernel, 2);
    let theirs = cidr("2001:db8:2::5/128");
    host.kernel.add_addr(Addr::new(2, theirs.addr, theirs.len));
    let say = |config: &mut Config<'_>| {
        let link = config.file(LinkMatch::Name(name("eth2")));
        config.addr(link, "2001:db8:2::5/64");
    };
    let state = with_engine(|engine| {
        say(&mut engine.config);
        converge(engine, &mut host);
        engine.states[0]
    });
    let addrs = host.kernel.addrs_of(2);
    let is_there = addrs.contains(&"2001:db8:2::5/64".to_owned());
    assert!(
        is_there || state == LinkState::Failed,
        "{state:?} with {addrs:?}"
    );
    assert!(is_there || host.said("error") == 1, "{:?}", host.complaints);
}

#[test]
fn an_address_that_somebody_else_has_is_told() {
    let mut host = host();
    up(&mut host, &two_links);
    for addr in &mut host.kernel.tables.addrs {
        addr.flags |= if addr.ifindex == 3 && !addr.local.is_ipv4() {
            0x8
        } else {
            0
        };
    }
    up(&mut host, &two_links);
    assert_eq!(
        host.complaints,
        [
            "error: eth3: 2001:db8:3::5: another host has this address; address taken back",
            "error: eth3: fe80::ff:fe00:3: another host has this address; address taken back",
        ]
    );
}

#[test]
fn what_a_link_of_another_number_had_is_nobodys() {
    let mut host = host();
    take_up(&mut host.kernel, 2);
    let theirs = cidr("10.9.9.9/24");
    host.kernel.add_addr(Addr::new(2, theirs.addr, theirs.len));
    let owned = "link 77\nup\naddr 10.9.9.9/24\n";
    host.files.insert("owned-eth2".to_owned(), owned.into());
    up(&mut host, &two_links);
    assert!(host.kernel.addrs_of(2).contains(&"10.9.9.9/24".to_owned()));
    assert!(!host.file("owned-eth2").contains("10.9.9.9"));
}

#[test]
fn lines_nobody_wrote_in_a_file_of_ours_are_told_and_cost_themselves() {
    let mut host = host();
    take_up(&mut host.kernel, 2);
    let ours = cidr("10.9.9.9/24");
    host.kernel.add_addr(Addr::new(2, ours.addr, ours.len));
    let owned = "link 2\naddr 10.9.9.9/77\n\u{1b}[2J\naddr 10.9.9.9/24\n";
    host.files.insert("owned-eth2".to_owned(), owned.into());
    up(&mut host, &two_links);
    assert!(!host.kernel.addrs_of(2).contains(&"10.9.9.9/24".to_owned()));
    assert_eq!(
        host.said("warning: eth2: a line of its owned file is not understood; left out"),
        1
    );
}

#[test]
fn a_refusal_of_the_rest_leaves_nothing_half_said() {
    let mut host = host();
    host.kernel.settings.ext_ack = false;
    // behind what both links are told of IPv6
    host.kernel.fail_after(2, RTM_SETLINK, EINVAL);
    up(&mut host, &two_links);
    // The first link to come up is lo, which is worth a note only.
    assert_eq!(
        host.complaints,
        ["note: ip link set dev lo up: EINVAL; not set"]
    );
    assert!(is_whole(&host, 2) && is_whole(&host, 3));
}
