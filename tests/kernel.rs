//! The fake kernel behaves as Linux does, where our tests rely on it.
//!
//! Requests come from the code under test, which `tests/wire.rs` has judged by other means.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/link_change.rs"]
mod link_change;
#[cfg(test)]
#[expect(dead_code, reason = "a part of it is for tests/model.rs")]
mod support;

use ifdawn::diag::Origin;
use ifdawn::model::addr::Cidr;
use ifdawn::model::desired::{Thing, What};
use ifdawn::model::link::{IfName, Mac};
use ifdawn::model::route::{Reach, Route, RouteKind};
use ifdawn::wire::netlink::{Full, NLA_F_NESTED, NLM_F_DUMP, NLM_F_DUMP_INTR, Writer, messages};
use ifdawn::wire::rtnetlink::link::{self, Admin};
use ifdawn::wire::rtnetlink::route::RTA_TABLE;
use ifdawn::wire::rtnetlink::{
    AF_INET, AF_UNSPEC, RTM_DELLINKPROP, RTM_GETLINK, RTM_GETROUTE, RTM_NEWROUTE, RTM_SETLINK,
    Seen, Verb, change, decode, get,
};
use link_change::LinkChange;
use std::net::IpAddr;
use support::kernel::Kernel;
use support::nouns::{self, Link};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn cidr(text: &str) -> Cidr {
    let (addr, len) = text.split_once('/').unwrap();
    Cidr::new(ip(addr), len.parse().unwrap()).unwrap()
}

/// The loopback link and `eth0`, number 2, both down.
fn kernel() -> Kernel {
    let mut kernel = Kernel::new();
    let eth0 = kernel.add_link(Link::new("eth0", [2, 0, 0, 0, 0, 2]));
    assert_eq!(eth0, 2);
    kernel
}

type Request<'r> = dyn Fn(&mut Writer<'_>, u32) -> Result<(), Full> + 'r;

/// Sends requests as one batch, numbered from 1; the number of each that failed, its error and what the
/// kernel said.
fn send(kernel: &mut Kernel, requests: &[&Request<'_>]) -> Vec<(u32, i32, String)> {
    let mut buffer = [0xa5; 4_096];
    let mut w = Writer::new(&mut buffer);
    for (request, seq) in requests.iter().zip(1..) {
        request(&mut w, seq).unwrap();
    }
    w.acknowledge_last();
    let mut failed = Vec::new();
    for datagram in kernel.receive_datagram(w.written()) {
        for message in messages(&datagram) {
            let outcome = message.outcome().unwrap();
            let said = String::from_utf8_lossy(outcome.said).into_owned();
            failed.extend(
                outcome
                    .errno
                    .map(|errno| (message.seq, errno.number().cast_signed(), said)),
            );
        }
    }
    failed
}

/// Sends one request; its error, or 0.
fn send_one(kernel: &mut Kernel, request: &Request<'_>) -> i32 {
    let failed = send(kernel, &[request]);
    failed.first().map_or(0, |(_, errno, _)| *errno)
}

fn set(kernel: &mut Kernel, ifindex: u32, change: LinkChange) -> i32 {
    send_one(kernel, &|w, seq| change.write(w, seq, ifindex))
}

fn rename(kernel: &mut Kernel, ifindex: u32, name: &str) -> i32 {
    let name = IfName::from_kernel(name.as_bytes());
    set(
        kernel,
        ifindex,
        LinkChange {
            name,
            ..LinkChange::default()
        },
    )
}

fn admin(kernel: &mut Kernel, ifindex: u32, admin: Admin) {
    let admin = Some(admin);
    let errno = set(
        kernel,
        ifindex,
        LinkChange {
            admin,
            ..LinkChange::default()
        },
    );
    assert_eq!(errno, 0);
}

fn thing(ifindex: u32, addr: &str) -> Thing {
    Thing::addr(ifindex, &cidr(addr), &None, Origin::NONE)
}

fn add(kernel: &mut Kernel, addr: &str) -> i32 {
    let addr = thing(2, addr);
    send_one(kernel, &|w, seq| change(w, seq, Verb::Add, &addr, &[]))
}

fn add_route(kernel: &mut Kernel, route: Route) -> i32 {
    send_one(kernel, &|w, seq| {
        change(
            w,
            seq,
            Verb::Add,
            &Thing::route(2, &route, Origin::NONE),
            &[],
        )
    })
}

fn via(dst: &str, gateway: &str) -> Route {
    Route {
        via: Some(ip(gateway)),
        ..Route::new(cidr(dst))
    }
}

#[test]
fn links_are_dumped_as_they_are() {
    let mut kernel = kernel();
    kernel.add_link(Link {
        ifindex: 77,
        kind: Some("veth"),
        lower: 99,
        master: 2,
        altnames: vec!["enp1s0".to_owned(), "longer-than-fifteen-octets".to_owned()],
        perm_mac: None,
        ..Link::new("va", [2, 0, 0, 0, 0, 77])
    });
    let mut buffer = [0; 64];
    let mut w = Writer::new(&mut buffer);
    get(&mut w, 9, RTM_GETLINK, 0).unwrap();
    for (per_datagram, datagrams) in [(100, 1), (2, 3), (1, 4), (3, 2)] {
        kernel.settings.per_datagram = per_datagram;
        let answers = kernel.receive_datagram(w.written());
        assert_eq!(answers.len(), datagrams);
        let all = answers.concat();
        let parts: Vec<_> = messages(&all).collect();
        assert!(parts.iter().all(|part| part.seq == 9));
        assert_eq!(parts[3].outcome().unwrap().errno, None);
        let eth0 = link::decode(parts[1].payload).unwrap();
        assert_eq!(eth0.perm_mac, Mac::new(&[2, 0, 0, 0, 0, 2]).unwrap());
        let va = link::decode(parts[2].payload).unwrap();
        assert_eq!((va.ifindex, va.master, va.perm_mac), (77, 2, Mac::NONE));
        let short: Vec<_> = link::altnames(parts[2].payload).collect();
        assert_eq!(short, [IfName::new(b"enp1s0").unwrap()]);
    }
    kernel.interrupt_next(RTM_GETLINK);
    for interrupted in [NLM_F_DUMP_INTR, 0] {
        let all = kernel.receive_datagram(w.written()).concat();
        assert!(messages(&all).all(|part| part.flags & NLM_F_DUMP_INTR == interrupted));
    }
    assert_eq!(kernel.count(RTM_GETLINK), 6);
    assert_eq!(kernel.changes(), 0);
}

#[test]
fn names_are_taken_busy_or_bad() {
    let mut kernel = kernel();
    kernel.add_link(Link {
        altnames: vec!["backup".to_owned()],
        ..Link::new("eth1", [2, 0, 0, 0, 0, 3])
    });
    assert_eq!(rename(&mut kernel, 2, "eth1"), nouns::EEXIST);
    assert_eq!(rename(&mut kernel, 2, "backup"), nouns::EEXIST);
    assert_eq!(rename(&mut kernel, 3, "backup"), nouns::EEXIST, "its own");
    assert_eq!(rename(&mut kernel, 2, "a/b"), nouns::EINVAL);
    assert_eq!(rename(&mut kernel, 2, "all"), nouns::EINVAL);
    assert_eq!(rename(&mut kernel, 9, "wan0"), nouns::ENODEV);
    assert_eq!(rename(&mut kernel, 2, "eth0"), 0);
    let backup = IfName::new(b"backup").unwrap();
    for errno in [0, nouns::ENOENT] {
        let sent = send_one(&mut kernel, &|w, seq| {
            let list = &link::altname_list(&backup);
            link::begin(w, RTM_DELLINKPROP, seq, 3, None);
            w.attr(link::IFLA_PROP_LIST | NLA_F_NESTED, list);
            w.finish()
        });
        assert_eq!(sent, errno);
    }
    assert_eq!(rename(&mut kernel, 2, "backup"), 0);
    admin(&mut kernel, 2, Admin::Up);
    assert_eq!(rename(&mut kernel, 2, "wan0"), 0);
    kernel.settings.live_rename = false;
    let down_and_name = LinkChange {
        admin: Some(Admin::Down),
        name: IfName::new(b"lan0"),
        ..LinkChange::default()
    };
    assert_eq!(
        set(&mut kernel, 2, down_and_name),
        nouns::EBUSY,
        "down comes later"
    );
    assert!(kernel.link("wan0").unwrap().is_up());
}

#[test]
fn what_was_done_before_an_error_stays() {
    let mut kernel = kernel();
    let mac = Mac::new(&[2, 0, 0, 0, 0, 9]);
    let change = LinkChange {
        mac,
        mtu: Some(9_001),
        admin: Some(Admin::Up),
        ..LinkChange::default()
    };
    let failed = send(&mut kernel, &[&|w, seq| change.write(w, seq, 2)]);
    let said = "mtu greater than device maximum".to_owned();
    assert_eq!(failed, [(1, nouns::EINVAL, said)]);
    let eth0 = kernel.link("eth0").unwrap();
    assert_eq!(
        (&eth0.mac[..], eth0.mtu, eth0.is_up()),
        (&[2, 0, 0, 0, 0, 9][..], 1_500, false)
    );
    let multicast = Mac::new(&[1, 0, 0, 0, 0, 9]);
    let change = LinkChange {
        mac: multicast,
        ..LinkChange::default()
    };
    assert_eq!(set(&mut kernel, 2, change), nouns::EADDRNOTAVAIL);
}

#[test]
fn down_costs_routes_and_ipv6_addresses() {
    let mut kernel = kernel();
    admin(&mut kernel, 2, Admin::Up);
    assert_eq!(kernel.addrs_of(2), ["fe80::ff:fe00:2/64"]);
    assert_eq!(add(&mut kernel, "192.0.2.5/24"), 0);
    assert_eq!(add(&mut kernel, "192.0.2.5/24"), nouns::EEXIST);
    assert_eq!(add(&mut kernel, "2001:db8::5/64"), 0);
    assert_eq!(
        add(&mut kernel, "2001:db8::5/48"),
        nouns::EEXIST,
        "whatever the length"
    );
    assert_eq!(add_route(&mut kernel, via("0.0.0.0/0", "192.0.2.1")), 0);
    assert_eq!(add_route(&mut kernel, via("::/0", "fe80::1")), 0);
    let connected = "192.0.2.0/24 dev 2 proto 2 scope 253 src 192.0.2.5";
    let shown = |kernel: &Kernel| {
        kernel
            .tables
            .routes()
            .any(|route| route.to_string() == connected)
    };
    assert!(shown(&kernel));
    admin(&mut kernel, 2, Admin::Down);
    assert_eq!(kernel.addrs_of(2), ["192.0.2.5/24"]);
    assert_eq!(kernel.routes_of_others(), [""; 0]);
    assert!(!shown(&kernel));
    admin(&mut kernel, 2, Admin::Up);
    assert!(shown(&kernel), "the kernel makes its own again");
    assert_eq!(kernel.routes_of_others(), [""; 0]);
    admin(&mut kernel, 1, Admin::Up);
    assert_eq!(kernel.addrs_of(1), ["127.0.0.1/8", "::1/128"]);
}

#[test]
fn addresses_go_with_what_depends_on_them() {
    let mut kernel = kernel();
    admin(&mut kernel, 2, Admin::Up);
    for addr in ["192.0.2.5/24", "192.0.2.6/24", "198.51.100.1/32"] {
        assert_eq!(add(&mut kernel, addr), 0);
    }
    let preferring = Route {
        src: Some(ip("192.0.2.5")),
        ..via("0.0.0.0/0", "192.0.2.1")
    };
    assert_eq!(add_route(&mut kernel, preferring), 0);
    let gone = thing(2, "192.0.2.5/24");
    for errno in [0, nouns::EADDRNOTAVAIL] {
        let sent = send_one(&mut kernel, &|w, seq| {
            change(w, seq, Verb::Delete, &gone, &[])
        });
        assert_eq!(sent, errno);
    }
    assert_eq!(
        kernel.addrs_of(2),
        ["fe80::ff:fe00:2/64", "198.51.100.1/32"]
    );
    assert_eq!(kernel.routes_of_others(), [""; 0]);
    kernel.add_addr(nouns::Addr::new(2, ip("192.0.2.5"), 24));
    assert_eq!(add(&mut kernel, "192.0.2.5/24"), nouns::EEXIST);
    let nowhere = thing(9, "192.0.2.5/24");
    assert_eq!(
        send_one(&mut kernel, &|w, seq| change(
            w,
            seq,
            Verb::Add,
            &nowhere,
            &[]
        )),
        nouns::ENODEV
    );
}

#[test]
fn the_last_ipv4_address_takes_the_routes_of_its_link_along() {
    let mut kernel = kernel();
    admin(&mut kernel, 2, Admin::Up);
    assert_eq!(add(&mut kernel, "192.0.2.5/24"), 0);
    assert_eq!(add(&mut kernel, "198.51.100.1/24"), 0);
    assert_eq!(add_route(&mut kernel, Route::new(cidr("10.0.0.0/8"))), 0);
    assert_eq!(add_route(&mut kernel, via("::/0", "fe80::1")), 0);
    for (addr, left) in [("192.0.2.5/24", 2), ("198.51.100.1/24", 1)] {
        let addr = thing(2, addr);
        let del = |w: &mut Writer<'_>, seq| change(w, seq, Verb::Delete, &addr, &[]);
        assert_eq!(send_one(&mut kernel, &del), 0);
        assert_eq!(kernel.routes_of_others().len(), left);
    }
}

#[test]
fn routes_need_a_link_that_is_up_and_a_gateway_on_it() {
    let mut kernel = kernel();
    assert_eq!(add(&mut kernel, "192.0.2.5/24"), 0);
    let on_link = Route::new(cidr("10.0.0.0/8"));
    let onlink = Route {
        reach: Reach::Onlink,
        ..via("203.0.113.0/24", "172.16.0.1")
    };
    assert_eq!(add_route(&mut kernel, on_link), nouns::ENETDOWN);
    assert_eq!(add_route(&mut kernel, onlink), nouns::ENETDOWN);
    assert_eq!(
        add_route(&mut kernel, via("10.0.0.0/8", "192.0.2.1")),
        nouns::ENETUNREACH
    );
    admin(&mut kernel, 2, Admin::Up);
    let host_bits = Route {
        dst: cidr("10.0.0.1/8"),
        ..on_link
    };
    let foreign_source = Route {
        src: Some(ip("192.0.2.7")),
        ..on_link
    };
    for (route, errno) in [
        (on_link, 0),
        (onlink, 0),
        (via("10.1.0.0/16", "192.0.2.1"), 0),
        (via("10.1.0.0/16", "192.0.2.9"), nouns::EEXIST),
        (via("10.2.0.0/16", "172.16.0.1"), nouns::ENETUNREACH),
        (via("10.2.0.0/16", "2001:db8::1"), nouns::EHOSTUNREACH),
        (via("2001:db8:1::/48", "2001:db8::1"), nouns::EHOSTUNREACH),
        (via("2001:db8:1::/48", "fe80::1"), 0),
        (via("10.2.0.0/16", "fe80::1"), 0),
        (host_bits, nouns::EINVAL),
        (foreign_source, nouns::EINVAL),
    ] {
        assert_eq!(add_route(&mut kernel, route), errno, "{route:?}");
    }
    let other = Route {
        metric: 1_024,
        ..via("2001:db8:1::/48", "fe80::2")
    };
    let replace = |w: &mut Writer<'_>, seq| {
        change(
            w,
            seq,
            Verb::Replace,
            &Thing::route(2, &other, Origin::NONE),
            &[],
        )
    };
    assert_eq!(send_one(&mut kernel, &replace), 0);
    let blackhole = Route {
        kind: RouteKind::Blackhole,
        ..Route::new(cidr("10.66.0.0/16"))
    };
    let forbid = |w: &mut Writer<'_>, seq| {
        change(
            w,
            seq,
            Verb::Add,
            &Thing::route(0, &blackhole, Origin::NONE),
            &[],
        )
    };
    assert_eq!(send_one(&mut kernel, &forbid), 0);
    assert_eq!(
        kernel.routes_of_others(),
        [
            "10.0.0.0/8 dev 2 proto 153 scope 253",
            "203.0.113.0/24 via 172.16.0.1 dev 2 proto 153 scope 0 onlink",
            "10.1.0.0/16 via 192.0.2.1 dev 2 proto 153 scope 0",
            "2001:db8:1::/48 via fe80::2 dev 2 proto 153 scope 0 metric 1024",
            "10.2.0.0/16 via fe80::1 dev 2 proto 153 scope 0",
            "type 6 10.66.0.0/16 proto 153 scope 0",
        ]
    );
    for errno in [0, nouns::ESRCH] {
        let sent = send_one(&mut kernel, &|w, seq| {
            change(
                w,
                seq,
                Verb::Delete,
                &Thing::route(2, &other, Origin::NONE),
                &[],
            )
        });
        assert_eq!(sent, errno);
    }
}

/// What is dumped can be deleted as it was dumped.
#[test]
fn routes_of_one_protocol_are_found_and_removed() {
    let mut kernel = kernel();
    admin(&mut kernel, 2, Admin::Up);
    assert_eq!(add(&mut kernel, "192.0.2.5/24"), 0);
    let in_table = Route {
        table: 1_000,
        tos: 16,
        ..via("10.1.0.0/16", "192.0.2.1")
    };
    for route in [
        in_table,
        via("::/0", "fe80::1"),
        via("10.2.0.0/16", "fe80::1"),
    ] {
        assert_eq!(add_route(&mut kernel, route), 0);
    }
    kernel.add_route(nouns::route("10.9.0.0/16", 2, Some("192.0.2.9")));
    kernel.add_route(nouns::Route {
        hops: vec![(2, ip("192.0.2.1")), (2, ip("192.0.2.2"))],
        ..nouns::route("10.8.0.0/16", 0, None)
    });
    let dump = |kernel: &mut Kernel, family, table| {
        let mut buffer = [0; 64];
        let mut w = Writer::new(&mut buffer);
        w.begin(RTM_GETROUTE, NLM_F_DUMP, 1);
        w.header(&[family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        w.attr_u32(RTA_TABLE, table);
        w.finish().unwrap();
        let all = kernel.receive_datagram(w.written()).concat();
        let end = messages(&all).last().unwrap().outcome().unwrap().errno;
        let entries = messages(&all).filter_map(|part| decode(What::Route, part.payload));
        (
            entries.collect::<Vec<_>>(),
            end.map_or(0, |errno| errno.number().cast_signed()),
        )
    };
    assert_eq!(dump(&mut kernel, AF_INET, 1_000).0.len(), 1);
    assert_eq!(dump(&mut kernel, AF_INET, 4_321), (vec![], nouns::ENOENT));
    let (entries, end) = dump(&mut kernel, AF_UNSPEC, 0);
    assert_eq!(end, 0);
    let is_other = |entry: &&Seen| !entry.is_plain && entry.thing.route.protocol == 3;
    assert_eq!(entries.iter().filter(is_other).count(), 1);
    let is_ours = |entry: &&Seen| entry.is_plain && entry.thing.route.protocol == 153;
    for Seen { thing, .. } in entries.iter().filter(is_ours) {
        let sent = send_one(&mut kernel, &|w, seq| {
            change(w, seq, Verb::Delete, thing, &[])
        });
        assert_eq!(sent, 0, "{thing:?}");
    }
    assert_eq!(kernel.routes_of_others().len(), 2);
}

#[test]
fn a_batch_goes_on_after_an_error() {
    for (cap_ack, ext_ack) in [(true, true), (false, true), (true, false)] {
        let mut kernel = kernel();
        (kernel.settings.cap_ack, kernel.settings.ext_ack) = (cap_ack, ext_ack);
        let up = LinkChange {
            admin: Some(Admin::Up),
            ..LinkChange::default()
        };
        let addr = thing(2, "192.0.2.5/24");
        let default = via("0.0.0.0/0", "192.0.2.1");
        let requests: [&Request<'_>; 5] = [
            &|w, seq| {
                change(
                    w,
                    seq,
                    Verb::Add,
                    &Thing::route(2, &default, Origin::NONE),
                    &[],
                )
            },
            &|w, seq| up.write(w, seq, 2),
            &|w, seq| change(w, seq, Verb::Add, &addr, &[]),
            &|w, seq| {
                change(
                    w,
                    seq,
                    Verb::Add,
                    &Thing::route(2, &default, Origin::NONE),
                    &[],
                )
            },
            &|w, seq| {
                change(
                    w,
                    seq,
                    Verb::Add,
                    &Thing::route(2, &default, Origin::NONE),
                    &[],
                )
            },
        ];
        let failed = send(&mut kernel, &requests);
        let text = if ext_ack {
            "Nexthop has invalid gateway"
        } else {
            ""
        };
        let expected = [
            (1, nouns::ENETUNREACH, text.to_owned()),
            (5, nouns::EEXIST, String::new()),
        ];
        assert_eq!(failed, expected);
        assert_eq!(kernel.routes_of_others().len(), 1);
        assert_eq!((kernel.count(RTM_NEWROUTE), kernel.datagrams.len()), (3, 1));
    }
}

#[test]
fn faults_happen_once_and_where_they_are_asked_for() {
    let mut kernel = kernel();
    kernel.fail_next(RTM_SETLINK, nouns::EBUSY);
    assert_eq!(add(&mut kernel, "192.0.2.5/24"), 0);
    assert_eq!(rename(&mut kernel, 2, "wan0"), nouns::EBUSY);
    assert_eq!(rename(&mut kernel, 2, "wan0"), 0);
    let up = LinkChange {
        admin: Some(Admin::Up),
        ..LinkChange::default()
    };
    kernel.vanish_before_next(RTM_SETLINK, 2);
    assert_eq!(set(&mut kernel, 2, up), nouns::ENODEV);
    assert!(kernel.link("wan0").is_none() && kernel.addrs_of(2).is_empty());

    let mut kernel = self::kernel();
    kernel.overrun_after(1);
    let up_9 = |w: &mut Writer<'_>, seq| up.write(w, seq, 9);
    assert_eq!(send(&mut kernel, &[&up_9, &up_9]).len(), 1);
    assert!(kernel.take_overrun() && !kernel.take_overrun());
    kernel.vanish_link(2);
    assert_eq!(set(&mut kernel, 2, up), nouns::ENODEV);
    let received: Vec<_> = kernel
        .received
        .iter()
        .map(|r| (r.kind, r.seq, r.flags))
        .collect();
    assert_eq!(received, [(19, 1, 1), (19, 2, 5), (19, 1, 5)]);
}
