//! Full tables: what does not fit is told with the name of its limit, and the rest is applied.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::kernel::Kernel;
use crate::support::nouns::{self, Addr, Link};
use ifdawn::engine::{Engine, Progress};
use ifdawn::machine::Machine;
use ifdawn::model::config::{LinkMatch, RouteDev};
use ifdawn::source::{Context, cmdline};
use std::sync::{Mutex, PoisonError};

/// Two links, four of the kernel, four addresses, three routes, five of both that shall be there or go.
type Tiny = Machine<2, 4, 4, 3, 5, 64, 8, 4_096>;

static TINY: Mutex<Tiny> = Mutex::new(Machine::new());

fn with_tiny_engine<R>(test: impl FnOnce(&mut Engine<'_>) -> R) -> R {
    let mut machine = TINY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut engine = machine.engine();
    engine.clear();
    test(&mut engine)
}

/// Brings up what a kernel command line says.
fn boot(engine: &mut Engine<'_>, host: &mut FakeHost, text: &str) -> Progress {
    let file = engine.config.add_file(b"cmdline").unwrap();
    let (config, text) = (&mut engine.config, text.as_bytes());
    let mut cx = Context::new(config, host, file, b"cmdline", text);
    cmdline::read(&mut cx);
    cmdline::finish(&mut cx);
    converge(engine, host)
}

/// A command line that says one thing too many, and the limit that is named once.
fn one_too_many(text: &str, limit: &str) -> FakeHost {
    let mut host = FakeHost::new(kernel_with(&["eth0", "eth1"]));
    let progress = with_tiny_engine(|engine| boot(engine, &mut host, text));
    assert_eq!(progress, Progress::Done);
    let line = format!("more than {limit}");
    let all = host.said("more than MAX_");
    assert_eq!((host.said(&line), all), (1, 1), "{:#?}", host.complaints);
    host
}

const TWO_LINKS: &str = "ip=10.0.0.5:::24::eth0:none ip=10.0.1.5:::24::eth1:none";

fn both_are_up(host: &FakeHost) {
    for (ifindex, addr) in [(2, "10.0.0.5/24"), (3, "10.0.1.5/24")] {
        assert!(
            host.kernel.addrs_of(ifindex).contains(&addr.to_owned()),
            "{addr}"
        );
    }
}

#[test]
fn links() {
    let text = format!("{TWO_LINKS} ip=10.0.2.5:::24::eth2:none");
    both_are_up(&one_too_many(&text, "MAX_LINKS"));
}

#[test]
fn addresses() {
    let more =
        "ip=10.1.0.5:::24::eth0:none ip=10.1.1.5:::24::eth1:none ip=10.2.1.5:::24::eth1:none";
    let host = one_too_many(&format!("{TWO_LINKS} {more}"), "MAX_ADDRS");
    both_are_up(&host);
    let addrs: usize = [2, 3]
        .map(|ifindex| host.kernel.addrs_of(ifindex).len())
        .iter()
        .sum();
    assert_eq!(addrs, 2 + 4, "two of the kernel's own, and four");
}

#[test]
fn routes() {
    let more = "rd.route=172.16.0.0/24:10.0.0.1 rd.route=172.16.1.0/24:10.0.0.1 \
                rd.route=172.16.2.0/24:10.0.1.1:eth1 rd.route=172.16.3.0/24:10.0.1.1:eth1";
    let host = one_too_many(&format!("{TWO_LINKS} {more}"), "MAX_ROUTES");
    both_are_up(&host);
    assert_eq!(host.kernel.routes_of_others().len(), 3);
}

/// The default routes of gateways take their place beside the routes.
#[test]
fn default_routes() {
    let text = "ip=10.0.0.5::10.0.0.1:24::eth0:none ip=10.0.1.5:::24::eth1:none \
                rd.route=172.16.0.0/24:10.0.0.1 rd.route=172.16.1.0/24:10.0.0.1 \
                rd.route=172.16.2.0/24:10.0.1.1:eth1";
    let host = one_too_many(text, "MAX_ROUTES");
    assert_eq!(host.kernel.routes_of_others().len(), 3);
}

#[test]
fn name_rules() {
    let text = format!(
        "ifname=eth0:02:00:00:00:00:02 ifname=eth1:02:00:00:00:00:03 \
         ifname=eth2:02:00:00:00:00:04 {TWO_LINKS}"
    );
    both_are_up(&one_too_many(&text, "MAX_NAME_RULES"));
}

#[test]
fn name_servers() {
    let text =
        format!("{TWO_LINKS} nameserver=192.0.2.1 nameserver=192.0.2.2 nameserver=192.0.2.3");
    let host = one_too_many(&text, "MAX_SERVERS");
    let conf = host.file("resolv.conf");
    assert!(
        conf.ends_with("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"),
        "{conf}"
    );
}

/// Links that nothing speaks of are forgotten first; those it speaks of are known whatever their place.
#[test]
fn links_of_the_kernel_that_something_speaks_of_are_remembered() {
    let others: Vec<String> = (0..12).map(|number| format!("other{number}")).collect();
    for first in [true, false] {
        for word in [
            "ip=10.0.0.5:::24::eth0:none ip=10.0.1.5:::24::eth1:none",
            "ip=10.0.0.5:::24::02-00-00-00-00-21:none ip=10.0.1.5:::24::02-00-00-00-00-22:none",
        ] {
            let mut kernel = Kernel::new();
            let ours = [("eth0", 0x21), ("eth1", 0x22)];
            let others = others.iter().map(String::as_str).zip(0x30..);
            let mut links: Vec<(&str, u8)> = ours.into_iter().chain(others).collect();
            if !first {
                links.reverse();
            }
            for (name, number) in links {
                kernel.add_link(Link::new(name, mac_octets(number)));
            }
            let mut host = FakeHost::new(kernel);
            let progress = with_tiny_engine(|engine| boot(engine, &mut host, word));
            assert_eq!(progress, Progress::Done, "{word}");
            assert!(host.kernel.link("eth0").unwrap().is_up(), "{word}");
            assert!(host.kernel.link("eth1").unwrap().is_up(), "{word}");
        }
    }
}

#[test]
fn links_of_the_kernel() {
    let mut host = FakeHost::new(kernel_with(&["eth0", "eth1", "eth2", "eth3"]));
    with_tiny_engine(|engine| {
        let text = "ip=10.0.0.5:::24::eth0:none ip=10.0.1.5:::24::eth1:none \
                    ifname=eth2:02:00:00:00:00:04 ifname=eth3:02:00:00:00:00:05";
        boot(engine, &mut host, text)
    });
    let line = "error: eth3: more than MAX_KERNEL_LINKS; link skipped";
    assert_eq!(host.said(line), 1, "{:?}", host.complaints);
    both_are_up(&host);
}

/// More of somebody else's than there is room for on a link that must go down: what fits comes back.
#[test]
fn what_a_rename_saves() {
    const ROUTES: u16 = 4_000;
    let mut kernel = kernel_with(&["eth0"]);
    kernel.settings.live_rename = false;
    take_up(&mut kernel, 2);
    for number in 0..ROUTES {
        let mut route = nouns::route(&format!("2001:db8:{number:x}::/64"), 2, Some("fe80::1"));
        route.metric = 1_024;
        kernel.add_route(route);
    }
    let mut host = FakeHost::new(kernel);
    up(&mut host, &|config| config.rule(mac(2), "lan0"));
    assert!(host.kernel.link("lan0").is_some());
    let line = "error: restored routes: more than RESTORE_OCTETS; left out";
    assert_eq!(host.said(line), 1, "{:?}", host.complaints);
    let back = host.kernel.routes_of_others().len();
    assert!((2_900..4_000).contains(&back), "{back}");
}

/// A file of ours with more than the tables hold: what fits is deleted, and the limit is named.
#[test]
fn what_is_stale() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    let mut owned = "link 2\n".to_owned();
    for number in 0..6 {
        owned += &format!("addr 10.7.{number}.5/24\n");
        let theirs = cidr(&format!("10.7.{number}.5/24"));
        host.kernel.add_addr(Addr::new(2, theirs.addr, theirs.len));
    }
    host.files.insert("owned-eth0".to_owned(), owned.into());
    with_tiny_engine(|engine| {
        let link = engine.config.file(LinkMatch::Name(name("eth0")));
        engine.config.addr(link, "10.0.0.5/24");
        let route = route("172.16.0.0/24", None);
        engine.config.route(RouteDev::Link(link), route);
        converge(engine, &mut host)
    });
    assert_eq!(host.kernel.count(21), 3, "the wanted one takes a place");
    assert_eq!(host.said("more than MAX_ADDRS"), 1, "{:?}", host.complaints);
}
