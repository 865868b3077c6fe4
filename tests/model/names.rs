//! MAC rules: every permutation of names ends as asked, whatever is up, and costs no address and no route.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::kernel::Kernel;
use crate::support::messages::{RTM_DELLINKPROP, RTM_SETLINK};
use crate::support::nouns::{self, Addr, EEXIST, EINVAL, Link};
use ifdawn::model::config::{Config, LinkMatch};
use std::collections::BTreeSet;

/// Links `eth0` up to `eth{n - 1}` with the numbers and MACs from 2 on; those in `ups` (bits) are up and
/// have addresses and routes of somebody else's, all of them.
fn machine(n: usize, ups: usize, live_rename: bool) -> FakeHost {
    let names: Vec<String> = (0..n).map(|number| format!("eth{number}")).collect();
    let mut kernel = kernel_with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    kernel.settings.live_rename = live_rename;
    take_up(&mut kernel, 1);
    for at in (0..n).filter(|at| ups >> at & 1 == 1) {
        give_things(&mut kernel, at as u32 + 2);
    }
    FakeHost::new(kernel)
}

fn give_things(kernel: &mut Kernel, ifindex: u32) {
    take_up(kernel, ifindex);
    for addr in ["10.0.{}.5/24", "2001:db8:{}::5/64", "2001:db8:ff:{}::5/128"] {
        let addr = cidr(&addr.replace("{}", &ifindex.to_string()));
        kernel.add_addr(Addr::new(ifindex, addr.addr, addr.len));
    }
    let fill = |text: &str| text.replace("{}", &ifindex.to_string());
    for (dst, via) in [
        ("172.16.{}.0/24", Some("10.0.{}.1")),
        ("172.17.{}.0/24", None),
        // In this order the second attempt brings the first one back.
        ("2001:db8:b{}::/64", Some("2001:db8:a{}::1")),
        ("2001:db8:a{}::/64", None),
        ("2001:db8:c{}::/64", Some("fe80::1")),
    ] {
        let mut route = nouns::route(&fill(dst), ifindex, via.map(fill).as_deref());
        if !route.dst.is_ipv4() {
            (route.scope, route.metric) = (0, 1_024);
        }
        kernel.add_route(route);
    }
}

fn rules(config: &mut Config<'_>, order: &[usize]) {
    for (number, to) in (2u8..).zip(order) {
        config.rule(mac(number), &format!("eth{to}"));
    }
}

/// The names by link number, loopback left out.
fn names(host: &FakeHost) -> Vec<String> {
    let links = host.kernel.tables.links.iter().skip(1);
    links.map(|link| link.name.clone()).collect()
}

fn names_after(order: &[usize]) -> Vec<String> {
    order.iter().map(|to| format!("eth{to}")).collect()
}

/// What must survive: addresses with their links, routes, who is up.
fn belongings(host: &FakeHost) -> BTreeSet<String> {
    let tables = &host.kernel.tables;
    let addrs = tables.addrs.iter();
    let addrs = addrs.map(|addr| format!("{}/{} dev {}", addr.local, addr.len, addr.ifindex));
    let routes = tables.routes().map(ToString::to_string);
    let ups = tables.links.iter().filter(|link| link.is_up());
    let ups = ups.map(|link| format!("{} is up", link.ifindex));
    addrs.chain(routes).chain(ups).collect()
}

/// Fails with what is lost and what is new, if there is anything.
fn survived(host: &FakeHost, before: &BTreeSet<String>, context: &str) {
    let now = belongings(host);
    let lost: Vec<&String> = before.difference(&now).collect();
    let new: Vec<&String> = now.difference(before).collect();
    assert!(
        lost.is_empty() && new.is_empty(),
        "{context}: lost {lost:#?}, new {new:#?}, sent {:#?}, said {:#?}",
        host.sent,
        host.complaints
    );
}

/// Carries a permutation out and checks everything about it.
fn permute(order: &[usize], ups: usize, live_rename: bool) {
    let mut host = machine(order.len(), ups, live_rename);
    let before = belongings(&host);
    up(&mut host, &|config| rules(config, order));
    assert_eq!(names(&host), names_after(order));
    survived(&host, &before, "");
    assert_eq!(host.said("error"), 0, "{:?}", host.complaints);
    let again = host.changes_in(|host| {
        up(host, &|config| rules(config, order));
    });
    assert_eq!(again, 0);
}

#[test]
fn every_permutation_of_four_links_whatever_is_up() {
    for (number, order) in (0..).zip(permutations(4)) {
        for ups in 0..16 {
            for live_rename in [true, false] {
                case(number << 8 | ups as u64, || {
                    permute(&order, ups, live_rename)
                });
            }
        }
    }
}

#[test]
fn random_permutations_of_six_links() {
    for number in 0..300 {
        case(number, || {
            let mut random = Random::of_case(number);
            let mut order: Vec<usize> = (0..6).collect();
            random.shuffle(&mut order);
            permute(&order, random.below(64), random.once_in(2));
        });
    }
}

#[test]
fn links_stay_up_where_the_kernel_renames_them_so() {
    let mut host = machine(2, 0b11, true);
    up(&mut host, &|config| rules(config, &[1, 0]));
    assert_eq!(
        host.sent,
        [
            "ip link set dev eth0 name ifdawn2",
            "ip link set dev eth1 name eth0",
            "ip link set dev ifdawn2 name eth1",
        ]
    );
    assert_eq!(
        host.news,
        ["eth1: renamed from eth0", "eth0: renamed from eth1"]
    );
}

#[test]
fn links_go_down_to_be_renamed_where_the_kernel_refuses() {
    let mut host = machine(2, 0b10, false);
    up(&mut host, &|config| rules(config, &[1, 0]));
    // The first attempt gave eth0 its temporary name, and could not give that of eth1.
    assert_eq!(
        host.sent,
        [
            "ip link set dev eth0 name ifdawn2",
            "ip link set dev eth1 name eth0",
            "ip link set dev ifdawn2 name eth1",
            "ip link set dev eth1 down",
            "ip link set dev eth1 name eth0",
            "ip link set dev ifdawn2 name eth1",
            "ip link set dev eth0 up",
        ]
    );
}

#[test]
fn routes_come_back_to_a_link_without_carrier() {
    let mut host = machine(1, 0b1, false);
    host.kernel.tables.links[1].carrier = false;
    let before = belongings(&host);
    up(&mut host, &|config| config.rule(mac(2), "lan0"));
    assert_eq!(names(&host), ["lan0"]);
    survived(&host, &before, "");
}

#[test]
fn an_interrupted_dump_does_not_save_twice() {
    let sent_back = |interrupted: &[u16]| {
        let mut host = machine(2, 0b11, false);
        let before = belongings(&host);
        for dump in interrupted {
            host.kernel.interrupt_next(*dump);
        }
        up(&mut host, &|config| rules(config, &[1, 0]));
        survived(&host, &before, "");
        host.kernel.count(20) + host.kernel.count(24)
    };
    assert_eq!(sent_back(&[22, 26, 26]), sent_back(&[]));
}

#[test]
fn a_link_no_rule_speaks_of_is_moved_aside_and_said_so() {
    for live_rename in [true, false] {
        let mut host = machine(2, 0b11, live_rename);
        let before = belongings(&host);
        up(&mut host, &|config| config.rule(mac(2), "eth1"));
        assert_eq!(names(&host), ["eth1", "rename3"]);
        survived(&host, &before, "");
        let moved = "warning: :1:1: rename3: \"eth1\" is the name of a link no rule speaks of; \
                     that link is moved aside";
        assert_eq!(host.complaints, [moved]);
    }
}

#[test]
fn an_alternative_name_gives_way() {
    for (owner, ups) in [(2, 0b00), (3, 0b00), (2, 0b11), (3, 0b11)] {
        for live_rename in [true, false] {
            let mut host = machine(2, ups, live_rename);
            host.kernel.tables.link(owner).unwrap().altnames =
                vec!["lan0".to_owned(), "other".to_owned()];
            let before = belongings(&host);
            up(&mut host, &|config| config.rule(mac(2), "lan0"));
            assert_eq!(names(&host), ["lan0", "eth1"]);
            assert_eq!(host.kernel.tables.link(owner).unwrap().altnames, ["other"]);
            assert_eq!(host.kernel.count(RTM_DELLINKPROP), 1);
            survived(&host, &before, "");
        }
    }
}

#[test]
fn names_made_for_a_moment_are_nobody_elses() {
    let mut host = machine(2, 0, true);
    for name in ["ifdawn2", "ifdawn3", "rename4", "rename5"] {
        let mut link = Link::new(name, mac_octets(40 + host.kernel.tables.links.len() as u8));
        link.ifindex = 50 + host.kernel.tables.links.len() as u32;
        host.kernel.add_link(link);
    }
    up(&mut host, &|config| rules(config, &[1, 0]));
    assert_eq!(names(&host)[..2], ["eth1", "eth0"], "{:?}", host.complaints);
}

#[test]
fn two_rules_for_one_name_or_one_link_are_told_and_the_first_counts() {
    let mut host = machine(3, 0, true);
    up(&mut host, &|config| {
        config.rule(mac(2), "lan0");
        config.rule(mac(3), "lan0");
        config.rule(mac(2), "lan1");
    });
    assert_eq!(names(&host), ["lan0", "eth1", "eth2"]);
    assert_eq!(host.said("is claimed by an earlier MAC rule"), 2);
}

/// A failure at every step of every batch: no link has lost its name, none has a name made for a moment,
/// and nothing is missing.
#[test]
fn a_rename_that_fails_halfway_is_taken_back() {
    for (number, order) in (0..).zip(permutations(3)) {
        for ups in 0..8 {
            for live_rename in [true, false] {
                let is_done = |step: usize| fail_at(&order, ups, live_rename, step, EEXIST);
                case(number << 8 | ups as u64, || {
                    let steps = (0..64).find(|step| is_done(*step));
                    assert!(steps.is_some());
                });
            }
        }
    }
}

#[test]
fn random_failures_of_longer_permutations_are_taken_back() {
    for number in 0..300 {
        case(number, || {
            let mut random = Random::of_case(number);
            let mut order: Vec<usize> = (0..6).collect();
            random.shuffle(&mut order);
            fail_at(
                &order,
                random.below(64),
                random.once_in(2),
                random.below(24),
                EINVAL,
            );
        });
    }
}

/// Whether the batches ended before `step`.
fn fail_at(order: &[usize], ups: usize, live_rename: bool, step: usize, errno: i32) -> bool {
    let mut host = machine(order.len(), ups, live_rename);
    let (before, old_names) = (belongings(&host), names(&host));
    host.kernel.fail_after(step, RTM_SETLINK, errno);
    up(&mut host, &|config| rules(config, order));
    let context = format!(
        "{order:?} up {ups:b} live {live_rename} step {step}: {:#?}",
        host.sent
    );
    if !host.kernel.is_out_of_faults() {
        assert_eq!(names(&host), names_after(order), "{context}");
        return true;
    }
    let names = names(&host);
    assert!(
        names == old_names || names == names_after(order),
        "{names:?} {context}"
    );
    // A link that the kernel does not let come up again has lost what a link loses when it goes down.
    if host.said(" up: E") == 0 {
        survived(&host, &before, &context);
    }
    // A batch of which the kernel refuses a link that is up is tried again, whatever else of it failed.
    let is_made_up_for = names == names_after(order);
    assert!(host.said("error") > 0 || is_made_up_for, "{context}");
    false
}

/// Answers that are lost while links are down to be renamed cost nothing either.
#[test]
fn lost_answers_during_a_rename_cost_nothing() {
    for (number, order) in (0..).zip(permutations(3)) {
        for live_rename in [true, false] {
            for datagram in 0..12 {
                case(number << 8 | datagram as u64, || {
                    let mut host = machine(3, 0b101, live_rename);
                    let before = belongings(&host);
                    host.overrun = Some((datagram, 0));
                    up(&mut host, &|config| rules(config, &order));
                    assert_eq!(names(&host), names_after(&order));
                    let context = format!("{order:?} live {live_rename} datagram {datagram}");
                    survived(&host, &before, &context);
                });
            }
        }
    }
}

/// Where names stay as they are, each link is still configured as its own MAC says.
#[test]
fn configuration_goes_on_by_mac_where_names_cannot() {
    let say = |config: &mut Config<'_>| {
        rules(config, &[1, 0]);
        for (number, addr) in [(2, "192.0.2.2/24"), (3, "192.0.2.3/24")] {
            let link = config.file(LinkMatch::Mac(mac(number)));
            let to = if number == 2 { "eth1" } else { "eth0" };
            config.link_mut(link).unwrap().name = Some(name(to));
            config.addr(link, addr);
        }
    };
    let mut host = machine(2, 0b00, true);
    host.kernel.fail_after(1, RTM_SETLINK, EINVAL);
    up(&mut host, &say);
    assert_eq!(names(&host), ["eth0", "eth1"]);
    for ifindex in [2, 3] {
        let addr = format!("192.0.2.{ifindex}/24");
        assert!(
            host.kernel.addrs_of(ifindex).contains(&addr),
            "{addr} is elsewhere"
        );
    }
    assert_eq!(
        host.said("a rename failed; every link has its old name; link not renamed"),
        1
    );
}

/// The same where the configuration knows the link by the name that a rule gives (`ifname=`, `ip=`).
#[test]
fn configuration_by_a_name_that_could_not_be_given_goes_to_the_link_of_its_rule() {
    let mut host = machine(2, 0b00, true);
    host.kernel.fail_after(1, RTM_SETLINK, EINVAL);
    up(&mut host, &|config| {
        rules(config, &[1, 0]);
        let eth0 = config.cmdline(LinkMatch::Name(name("eth0")));
        config.addr(eth0, "192.0.2.5/24");
    });
    assert_eq!(names(&host), ["eth0", "eth1"]);
    // The rules say that the link with the second MAC is eth0.
    let of = |ifindex: u32| {
        host.kernel
            .addrs_of(ifindex)
            .contains(&"192.0.2.5/24".to_owned())
    };
    assert!(of(3) && !of(2), "the other link was configured");
}

/// A route of several next hops over two links that go down to be renamed, one of them without a carrier.
#[test]
fn a_route_of_several_next_hops_comes_back() {
    let mut host = machine(2, 0b11, false);
    host.kernel.tables.links[2].carrier = false;
    let hops = vec![(2, ip("10.0.2.1")), (3, ip("10.0.3.1"))];
    let several = nouns::route("172.20.0.0/16", 0, None);
    host.kernel.add_route(nouns::Route {
        scope: 0,
        hops,
        ..several
    });
    let before = belongings(&host);
    up(&mut host, &|config| rules(config, &[1, 0]));
    assert_eq!(names(&host), ["eth1", "eth0"]);
    survived(&host, &before, "");
}

/// `owned-IF` says which link it is of: what was made under an old name is still ours under the new one.
mod files_of_old_names {
    use super::*;

    fn say(config: &mut Config<'_>, link: &str, addr: &str) {
        let link = config.file(LinkMatch::Name(name(link)));
        config.addr(link, addr);
    }

    fn v4_addrs(host: &FakeHost, ifindex: u32) -> Vec<String> {
        let mut addrs = host.kernel.addrs_of(ifindex);
        addrs.retain(|addr| !addr.contains(':'));
        addrs
    }

    fn owned_files(host: &FakeHost) -> Vec<&str> {
        let names = host.files.keys();
        names
            .filter_map(|name| name.strip_prefix("owned-"))
            .collect()
    }

    #[test]
    fn they_are_read_and_go() {
        let mut host = machine(1, 0, true);
        up(&mut host, &|config| say(config, "eth0", "10.0.0.5/24"));
        assert_eq!(owned_files(&host), ["eth0"]);
        up(&mut host, &|config| {
            config.rule(mac(2), "lan0");
            say(config, "lan0", "10.0.1.5/24");
        });
        assert_eq!(v4_addrs(&host, 2), ["10.0.1.5/24"]);
        assert_eq!(owned_files(&host), ["lan0"]);
        let text = host.file("owned-lan0");
        assert!(text.contains("\nup\n"), "we took it up once: {text}");
    }

    #[test]
    fn somebody_else_renamed_the_link() {
        let mut host = machine(1, 0, true);
        up(&mut host, &|config| say(config, "eth0", "10.0.0.5/24"));
        host.kernel.tables.rename(2, "usb0", false).unwrap();
        assert!(down(&mut host, "usb0"));
        assert_eq!(v4_addrs(&host, 2), [""; 0]);
        assert!(!host.kernel.tables.links[1].is_up(), "{:?}", host.sent);
        assert_eq!(owned_files(&host), [""; 0]);
    }

    #[test]
    fn two_links_changed_places() {
        let mut host = machine(2, 0, true);
        let both = |config: &mut Config<'_>, octet: u8| {
            say(config, "eth0", &format!("10.0.0.{octet}/24"));
            say(config, "eth1", &format!("10.0.1.{octet}/24"));
        };
        up(&mut host, &|config| both(config, 5));
        up(&mut host, &|config| {
            rules(config, &[1, 0]);
            both(config, 6);
        });
        assert_eq!(v4_addrs(&host, 2), ["10.0.1.6/24"]);
        assert_eq!(v4_addrs(&host, 3), ["10.0.0.6/24"]);
        assert_eq!(owned_files(&host), ["eth0", "eth1"]);
        assert!(host.file("owned-eth0").contains("\nlink 3\n"));
        assert!(host.file("owned-eth1").contains("\nlink 2\n"));
    }
}
