//! Who gets what: default routes and their metrics, gateways, links that "any" means, sources that name the
//! same link, names on the command line, `down`.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::kernel::Kernel;
use crate::support::nouns::{self, Addr, Link};
use ifdawn::engine::{Outcome, Progress};
use ifdawn::model::config::{Config, IpFlag, IpNumber, LinkId, LinkMatch, Method, RouteDev};
use ifdawn::model::link::IfName;
use ifdawn::plan::resolve::LinkState;

fn named(text: &str) -> LinkMatch {
    LinkMatch::Name(name(text))
}

/// `eth0` and so on, as many as `n`.
fn host(n: usize) -> FakeHost {
    let names = ["eth0", "eth1", "eth2", "eth3"];
    FakeHost::new(kernel_with(&names[..n]))
}

/// A link with addresses of both families and their gateways.
fn with_gateways(config: &mut Config<'_>, text: &str, number: u8) -> LinkId {
    let link = config.file(named(text));
    config.addr(link, &format!("10.0.{number}.5/24"));
    config.addr(link, &format!("2001:db8:{number}::5/64"));
    config.gateway(link, &format!("10.0.{number}.1"));
    config.gateway(link, &format!("2001:db8:{number}::1"));
    link
}

/// The default routes as `ip` prints them in the plan.
fn defaults(host: &mut FakeHost, say: &dyn Fn(&mut Config<'_>)) -> Vec<String> {
    let commands = plan(host, say);
    let routes = commands.into_iter().filter(|line| line.contains("default"));
    routes
        .map(|line| line.replace("route add default ", ""))
        .collect()
}

/// SEMANTICS "default-route metric": the first gets the kernel's own (IPv6: 1), the others 100 and their
/// place; the order of configuration decides, never that of the kernel.
#[test]
fn the_first_link_that_has_a_gateway_gets_the_best_metric() {
    let say = |config: &mut Config<'_>| {
        let plain = config.file(named("eth3"));
        config.addr(plain, "10.0.9.5/24");
        with_gateways(config, "eth2", 2);
        with_gateways(config, "eth0", 0);
    };
    assert_eq!(
        defaults(&mut host(4), &say),
        [
            "ip via 10.0.2.1 proto 153 dev eth2",
            "ip -6 via 2001:db8:2::1 proto 153 metric 1 dev eth2",
            "ip via 10.0.0.1 proto 153 metric 102 dev eth0",
            "ip -6 via 2001:db8::1 proto 153 metric 102 dev eth0",
        ]
    );
}

#[test]
fn the_boot_device_gets_the_best_metric_wherever_it_stands() {
    let say = |config: &mut Config<'_>| {
        with_gateways(config, "eth0", 0);
        config.global.bootdev = Some(with_gateways(config, "eth1", 1));
    };
    assert_eq!(
        defaults(&mut host(2), &say),
        [
            "ip via 10.0.0.1 proto 153 metric 100 dev eth0",
            "ip -6 via 2001:db8::1 proto 153 metric 100 dev eth0",
            "ip via 10.0.1.1 proto 153 dev eth1",
            "ip -6 via 2001:db8:1::1 proto 153 metric 1 dev eth1",
        ]
    );
}

#[test]
fn a_metric_that_is_given_counts() {
    let say = |config: &mut Config<'_>| {
        let eth0 = with_gateways(config, "eth0", 0);
        let link = config.link_mut(eth0).unwrap();
        IpNumber::Metric.set(&mut link.ipv4, Some(7_u32));
        IpNumber::Metric.set(&mut link.ipv6, Some(8_u32));
    };
    assert_eq!(
        defaults(&mut host(1), &say),
        [
            "ip via 10.0.0.1 proto 153 metric 7 dev eth0",
            "ip -6 via 2001:db8::1 proto 153 metric 8 dev eth0",
        ]
    );
}

#[test]
fn a_link_that_may_not_carry_the_default_route_does_not() {
    let without = |config: &mut Config<'_>| {
        let eth0 = with_gateways(config, "eth0", 0);
        let link = config.link_mut(eth0).unwrap();
        IpFlag::DefaultRoute.set(&mut link.ipv4, Some(false));
        IpFlag::DefaultRoute.set(&mut link.ipv6, Some(false));
        with_gateways(config, "eth1", 1);
    };
    let elsewhere = |config: &mut Config<'_>| {
        with_gateways(config, "eth0", 0);
        with_gateways(config, "eth1", 1);
        config.global.gateway_dev = Some(name("eth1"));
    };
    let only_eth1 = [
        "ip via 10.0.1.1 proto 153 dev eth1",
        "ip -6 via 2001:db8:1::1 proto 153 metric 1 dev eth1",
    ];
    assert_eq!(defaults(&mut host(2), &without), only_eth1);
    let metrics = [" metric 101", " metric 1"];
    let routes = defaults(&mut host(2), &elsewhere);
    let bare = |line: &String| {
        metrics
            .iter()
            .fold(line.clone(), |line, metric| line.replace(metric, ""))
    };
    let routes: Vec<String> = routes.iter().map(bare).collect();
    // GATEWAYDEV is a word of IPv4; IPv6 has IPV6_DEFAULTDEV.
    assert_eq!(
        routes,
        [
            "ip -6 via 2001:db8::1 proto 153 dev eth0",
            "ip via 10.0.1.1 proto 153 dev eth1",
            "ip -6 via 2001:db8:1::1 proto 153 dev eth1",
        ]
    );
}

#[test]
fn a_gateway_in_no_subnet_of_its_link_is_added_all_the_same_and_told() {
    let say = |config: &mut Config<'_>| {
        let link = config.file(named("eth0"));
        config.addr(link, "10.0.0.5/32");
        config.gateway(link, "192.0.2.1");
        config.addr(link, "2001:db8::5/128");
        config.gateway(link, "fe80::1");
    };
    let mut host = host(1);
    assert_eq!(
        defaults(&mut host, &say),
        [
            "ip via 192.0.2.1 proto 153 onlink dev eth0",
            "ip -6 via fe80::1 proto 153 metric 1 dev eth0",
        ]
    );
    host.complaints.clear();
    up(&mut host, &say);
    assert_eq!(
        host.complaints,
        ["warning: net:3:1: 192.0.2.1: is in no subnet of the link; added with onlink"]
    );
    assert_eq!(host.kernel.routes_of_others().len(), 2);
}

#[test]
fn a_route_on_the_link_makes_a_gateway_reachable() {
    let say = |config: &mut Config<'_>| {
        let link = config.file(named("eth0"));
        config.addr(link, "10.0.0.5/32");
        config.gateway(link, "192.0.2.1");
        config.route(RouteDev::Link(link), route("192.0.2.1/32", None));
    };
    let mut host = host(1);
    up(&mut host, &say);
    assert_eq!(host.complaints, [""; 0]);
    assert!(!host.kernel.tables.routes().any(|route| route.onlink));
}

/// Links of every sort; the candidates are `eth0`, `eth1`, and `ib0`.
fn zoo() -> FakeHost {
    let mut kernel = kernel_with(&[
        "eth0", "eth1", "wlan0", "wwan0", "eth4", "ib0", "dummy0", "veth0", "ppp0",
    ]);
    let mut change = |name: &str, change: &dyn Fn(&mut Link)| {
        let link = kernel
            .tables
            .links
            .iter_mut()
            .find(|link| link.name == name);
        change(link.unwrap());
    };
    change("eth4", &|link| link.master = 8);
    change("ib0", &|link| link.arphrd = 32);
    change("dummy0", &|link| link.kind = Some("dummy"));
    change("veth0", &|link| link.kind = Some("veth"));
    change("ppp0", &|link| link.arphrd = 512);
    FakeHost::new(kernel)
}

fn any(config: &mut Config<'_>, addr: Option<&str>) {
    let link = config.cmdline(LinkMatch::Any);
    if let Some(addr) = addr {
        config.addr(link, addr);
    }
}

fn ups(kernel: &Kernel) -> Vec<&str> {
    let ups = kernel.tables.links.iter().filter(|link| link.is_up());
    ups.map(|link| &link.name[..]).collect()
}

#[test]
fn any_means_ethernet_and_infiniband_with_a_device_behind() {
    let mut host = zoo();
    up(&mut host, &|config| any(config, None));
    assert_eq!(ups(&host.kernel), ["lo", "eth0", "eth1", "ib0"]);
}

#[test]
fn any_means_veth_where_no_link_has_a_device() {
    let mut host = zoo();
    host.kernel
        .tables
        .links
        .retain(|link| !["eth0", "eth1", "ib0"].contains(&&link.name[..]));
    up(&mut host, &|config| any(config, None));
    assert_eq!(ups(&host.kernel), ["lo", "veth0"]);
}

#[test]
fn any_with_an_address_is_one_link_with_a_carrier_if_there_is_one() {
    let addr = Some("10.0.0.5/24");
    let mut host = zoo();
    up(&mut host, &|config| any(config, addr));
    assert_eq!(ups(&host.kernel), ["lo", "eth0"]);
    let mut host = zoo();
    take_up(&mut host.kernel, 3);
    up(&mut host, &|config| any(config, addr));
    assert!(host.kernel.addrs_of(3).contains(&"10.0.0.5/24".to_owned()));
    assert_eq!(ups(&host.kernel), ["lo", "eth1"]);
}

#[test]
fn any_means_no_link_that_something_else_speaks_of() {
    let mut host = zoo();
    up(&mut host, &|config| {
        any(config, None);
        let by_name = config.file(named("eth0"));
        config.link_mut(by_name).unwrap().onboot = false;
        let by_mac = config.file(LinkMatch::Mac(mac(3)));
        config.link_mut(by_mac).unwrap().onboot = false;
    });
    assert_eq!(ups(&host.kernel), ["lo", "ib0"]);
}

#[test]
fn the_command_line_beats_a_file_on_the_same_link() {
    let say = |config: &mut Config<'_>| {
        let file = with_gateways(config, "eth0", 0);
        config.route(
            RouteDev::Link(file),
            route("172.16.0.0/24", Some("10.0.0.1")),
        );
        let word = config.cmdline(LinkMatch::Mac(mac(2)));
        config.addr(word, "10.7.0.5/24");
    };
    let mut host = host(1);
    up(&mut host, &say);
    assert_eq!(
        host.kernel.addrs_of(2),
        ["fe80::ff:fe00:2/64", "10.7.0.5/24"]
    );
    assert_eq!(host.kernel.routes_of_others(), [""; 0]);
    let note = "note: net:1:1: eth0: is configured by the kernel command line; link skipped";
    assert_eq!(host.complaints, [note]);
}

fn up_named(
    host: &mut FakeHost,
    names: &[IfName],
    say: &dyn Fn(&mut Config<'_>),
) -> (Progress, Vec<LinkState>) {
    with_engine(|engine| {
        say(&mut engine.config);
        engine.goal.names = names.to_vec().leak();
        engine.converge(host).unwrap();
        (engine.progress(), engine.states.iter().copied().collect())
    })
}

#[test]
fn only_links_that_are_named_come_up() {
    let say = |config: &mut Config<'_>| {
        with_gateways(config, "eth0", 0);
        let eth1 = with_gateways(config, "eth1", 1);
        config.link_mut(eth1).unwrap().onboot = false;
    };
    let mut host = host(2);
    let (progress, states) = up_named(&mut host, &[name("eth1")], &say);
    assert_eq!(progress, Progress::Done);
    assert_eq!(states, [LinkState::NotAsked, LinkState::Up]);
    assert_eq!(ups(&host.kernel), ["lo", "eth1"]);
    up(&mut host, &say);
    assert_eq!(ups(&host.kernel), ["lo", "eth0", "eth1"]);
    assert!(
        host.kernel.addrs_of(3).contains(&"10.0.1.5/24".to_owned()),
        "eth1 keeps what it has"
    );
}

/// `up eth1` waits for nothing but eth1, whatever else the configuration says about any link.
#[test]
fn a_named_link_does_not_wait_for_what_any_link_may_be() {
    let say = |config: &mut Config<'_>| {
        any(config, None);
        with_gateways(config, "eth1", 1);
    };
    let mut host = host(2);
    let (progress, states) = up_named(&mut host, &[name("eth1")], &say);
    assert_eq!(
        (progress, states[1]),
        (Progress::Done, LinkState::Up),
        "{states:?}"
    );
    assert_eq!(ups(&host.kernel), ["lo", "eth1"]);
}

#[test]
fn any_means_the_link_that_is_named() {
    let mut host = host(3);
    let (progress, states) = up_named(&mut host, &[name("eth1")], &|config| any(config, None));
    assert_eq!((progress, states), (Progress::Done, vec![LinkState::Up]));
    assert_eq!(ups(&host.kernel), ["lo", "eth1"]);
}

#[test]
fn down_takes_back_what_was_made_and_nothing_else() {
    let mut host = host(2);
    take_up(&mut host.kernel, 2);
    let theirs = cidr("10.0.0.5/24");
    host.kernel.add_addr(Addr::new(2, theirs.addr, theirs.len));
    host.kernel
        .add_route(nouns::route("198.18.0.0/24", 2, Some("10.0.0.1")));
    let before = (host.kernel.addrs_of(2), host.kernel.routes_of_others());
    let say = |config: &mut Config<'_>| {
        with_gateways(config, "eth0", 0);
        with_gateways(config, "eth1", 1);
    };
    up(&mut host, &say);
    assert!(
        down(&mut host, "eth0") && down(&mut host, "eth1"),
        "{:?}",
        host.complaints
    );
    assert_eq!(
        (host.kernel.addrs_of(2), host.kernel.routes_of_others()),
        before
    );
    // eth0 was up before, eth1 was not.
    assert_eq!(ups(&host.kernel), ["lo", "eth0"]);
    let left: Vec<&String> = host
        .files
        .keys()
        .filter(|name| name.starts_with("owned-"))
        .collect();
    assert_eq!(left, [""; 0]);
    let again = host.changes_in(|host| assert!(!down(host, "eth0")));
    assert_eq!(
        (
            again,
            host.said("error: eth0: nothing of ours is on it; nothing was changed")
        ),
        (0, 1)
    );
}

#[test]
fn a_link_that_was_ready_is_nobodys_to_take_down() {
    let mut host = host(1);
    take_up(&mut host.kernel, 2);
    let theirs = cidr("10.0.0.5/24");
    host.kernel.add_addr(Addr::new(2, theirs.addr, theirs.len));
    let say = |config: &mut Config<'_>| {
        let link = config.file(named("eth0"));
        config.addr(link, "10.0.0.5/24");
    };
    up(&mut host, &say);
    let again = host.changes_in(|host| {
        up(host, &say);
    });
    assert_eq!(again, 0);
    assert!(!down(&mut host, "eth0"));
    assert_eq!(host.kernel.addrs_of(2).len(), 2);
}

#[test]
fn a_method_of_a_later_version_is_told_and_fails_its_link() {
    let mut host = host(1);
    let outcome = with_engine(|engine| {
        let link = engine.config.cmdline(named("eth0"));
        let link = engine.config.link_mut(link).unwrap();
        (link.ipv4.method, link.ipv4.required) = (Method::LinkLocal, true);
        converge(engine, &mut host);
        engine.outcome()
    });
    assert_eq!(outcome, Outcome::Down);
    assert_eq!(
        host.said("error: net:1:1: eth0: IPv4 link-local addresses are not supported yet"),
        1
    );
    assert_eq!(ups(&host.kernel), ["lo", "eth0"]);
}

/// A route whose link nothing configures still goes to that link (`dev` of a route line, `rd.route=`).
#[test]
fn a_route_goes_to_the_link_it_names_or_its_loss_is_told() {
    let mut host = host(2);
    take_up(&mut host.kernel, 3);
    up(&mut host, &|config| {
        let link = config.file(named("eth0"));
        config.addr(link, "10.0.0.5/24");
        config.route(RouteDev::Name(name("eth1")), route("198.18.0.0/24", None));
    });
    let routes = host.kernel.routes_of_others();
    let is_there = routes
        .iter()
        .any(|route| route.starts_with("198.18.0.0/24 dev 3"));
    assert!(
        is_there || host.said("net:3:1") == 1,
        "{routes:?} {:?}",
        host.complaints
    );
}

#[test]
fn a_route_to_anywhere_goes_where_its_gateway_is() {
    let say = |config: &mut Config<'_>| {
        for (text, number) in [("eth0", 0), ("eth1", 1)] {
            let link = config.file(named(text));
            config.addr(link, &format!("10.0.{number}.5/24"));
        }
        config.route(RouteDev::Anywhere, route("198.18.0.0/24", Some("10.0.1.1")));
        config.route(
            RouteDev::Anywhere,
            route("198.18.1.0/24", Some("10.0.77.1")),
        );
    };
    let mut host = host(2);
    up(&mut host, &say);
    assert_eq!(
        host.kernel.routes_of_others(),
        ["198.18.0.0/24 via 10.0.1.1 dev 3 proto 153 scope 0"]
    );
}

/// That it could be reached by a route is no subnet.
#[test]
fn a_route_to_anywhere_does_not_go_where_only_a_route_leads() {
    let mut host = host(2);
    up(&mut host, &|config| {
        for (number, addr) in [(0, "10.0.0.5/24"), (1, "10.0.1.5/24")] {
            let link = config.file(named(&format!("eth{number}")));
            config.addr(link, addr);
        }
        config.route(RouteDev::Name(name("eth1")), route("10.1.0.0/16", None));
        config.route(RouteDev::Anywhere, route("172.16.0.0/12", Some("10.1.1.1")));
    });
    assert_eq!(host.said("has its gateway in no subnet of a link"), 1);
    assert!(host.sent.iter().all(|line| !line.contains("172.16")));
}
