//! Desired minus observed.
//!
//! Links are compared as they are known. Addresses and routes are compared as they pass: each dumped one
//! marks the desired one it stands for ([`mark`]); what is unmarked afterwards is
//! missing. So a kernel full of foreign routes costs no memory, and nothing foreign is ever touched.
//! Only managed fields take part: an address is its link, octets, length, other end and end of life; a
//! route is its key, gateway, source and link.

use super::encode::Attrs;
use super::{Act, Phase, Plan, Step};
use crate::model::addr::Family;
use crate::model::config::Config;
use crate::model::desired::{Desired, Presence, Standing, Thing, What};
use crate::model::observed::Observed;
use crate::model::route::{PROTOCOL, Reach, Route};
use crate::wire::rtnetlink::{Seen, route};

/// Marks what is desired in whose place `seen`, read from `payload`, stands; whether it shall be there,
/// `None` where there is none.
pub fn mark(
    desired: &mut Desired<'_>,
    seen: &Seen,
    payload: &[u8],
    config: &Config<'_>,
    observed: &Observed<'_>,
) -> Option<bool> {
    let mut known = None;
    let mut attrs = Attrs::default();
    let ours = seen.thing.route.protocol == PROTOCOL;
    desired.things.each(&seen.thing, &mut |wanted| {
        let is_wanted = wanted.standing != Standing::Stale;
        if is_wanted || known.is_none() {
            known = Some(is_wanted);
        }
        let more = attrs.of(&wanted.route, config, observed);
        // metrics of others do not matter where we ask for none
        let exact = ours || wanted.standing != Standing::Wanted || !more.is_empty();
        if is_same(wanted, seen) && route::has_more(wanted.what, payload, more, exact) {
            if wanted.what == What::Rule && !is_wanted {
                // that the kernel chose
                wanted.route.metric = seen.thing.route.metric;
            }
            wanted.presence = match is_wanted && !wanted.lives_as(&seen.thing) {
                true => Presence::Mortal,
                false => Presence::Same,
            };
            if ours {
                wanted.standing = wanted.standing.recalled();
            }
        } else if wanted.presence != Presence::Same && wanted.what != What::Rule {
            wanted.presence = match ours {
                true => Presence::DiffersOurs,
                false => Presence::DiffersForeign,
            };
        }
    });
    known
}

/// Of an address the key is everything. Fields of a route that are not compared: protocol (a hint only), scope
/// and `onlink` (how it was added, not what it is), and the source address unless one is wanted. Of a rule that
/// is to go the protocol counts: others may have the same.
fn is_same(wanted: &Thing, seen: &Seen) -> bool {
    let (ours, theirs) = (&wanted.route, &seen.thing.route);
    match wanted.what {
        What::Addr => true,
        What::Route => {
            (seen.is_plain || theirs.reach == Reach::Hops)
                && ours.kind == theirs.kind
                && wanted.oif() == seen.thing.oif()
                && ours.via == theirs.via
                && (ours.src.is_none() || ours.src == theirs.src)
        }
        What::Rule => {
            ours.kind == theirs.kind
                && ours.reach == theirs.reach
                && (ours.metric == 0 || ours.metric == theirs.metric)
                && (wanted.standing != Standing::Stale || ours.protocol == theirs.protocol)
        }
    }
}

/// The kernel has one place for an IPv6 address, whatever its prefix length.
#[inline(never)]
fn is_in_the_way(desired: &Desired<'_>, stale: &Thing) -> bool {
    let mut things = desired.things.iter();
    stale.route.family() == Family::V6
        && things.any(|wanted| {
            wanted.what == What::Addr
                && wanted.is_wanted_on(stale.ifindex)
                && wanted.route.dst.addr == stale.route.dst.addr
        })
}

/// Where `promote_secondaries` is off, the primary IPv4 address of a subnet takes the others with it when
/// it goes, and the last address takes the routes: both are put back, once for a link, however many of its
/// addresses go.
#[inline(never)]
fn put_back(desired: &Desired<'_>, plan: &mut Plan<'_>, stale: &Thing) {
    let ifindex = stale.ifindex;
    let is_put_back = |step: &Step| {
        let wanted = desired.things.get(step.n as usize);
        step.phase == Phase::AddressesAgain && wanted.is_some_and(|addr| addr.ifindex == ifindex)
    };
    if stale.route.family() == Family::V6 || plan.steps.iter().any(is_put_back) {
        return;
    }
    let (before, mut has_addr) = (plan.steps.len(), false);
    for (wanted, n) in desired.things.iter().zip(0..) {
        let (ours, theirs) = (&wanted.route, &stale.route);
        if ours.family() == Family::V6 || !wanted.is_wanted_on(ifindex) {
            continue;
        }
        let (phase, act) = match (wanted.what, &ours.via) {
            (What::Addr, _) => {
                if ours.dst.len != theirs.dst.len || !ours.dst.contains(&theirs.dst.addr) {
                    continue;
                }
                has_addr = true;
                (Phase::AddressesAgain, Act::Replace)
            }
            (What::Rule, _) => continue,
            (What::Route, None) => (Phase::RoutesOnLinkAgain, Act::Add),
            (What::Route, Some(_)) => (Phase::RoutesViaAgain, Act::Add),
        };
        plan.push(phase, act, n);
    }
    if !has_addr {
        plan.steps.truncate(before);
    }
}

/// Fills `plan` with what is missing or differs of addresses and routes, and brings the whole plan into its order.
/// What is stale and there is deleted last, but first where it is in the way of what comes.
#[inline(never)]
pub fn diff(desired: &Desired<'_>, plan: &mut Plan<'_>) {
    for (thing, n) in desired.things.iter().zip(0..) {
        let act = match (thing.standing, thing.presence) {
            (Standing::Stale, Presence::Same) => Act::Delete,
            (Standing::Withdrawn | Standing::Stale, _) | (_, Presence::Same) => continue,
            (_, Presence::DiffersForeign) if thing.yields => continue,
            // It comes with the address.
            (Standing::Connected, presence)
                if presence != Presence::Missing || !has_addr(desired, thing) =>
            {
                continue;
            }
            (_, Presence::Missing) => Act::Add,
            (_, Presence::DiffersOurs | Presence::DiffersForeign | Presence::Mortal) => {
                Act::Replace
            }
        };
        let phase = match (thing.what, act == Act::Delete) {
            (What::Rule, true) => Phase::DeleteRules,
            (What::Rule, false) => Phase::Rules,
            (What::Route, true) => Phase::DeleteRoutes,
            (What::Route, false) => route_phase(&thing.route),
            (What::Addr, true) => {
                put_back(desired, plan, thing);
                match is_in_the_way(desired, thing) {
                    true => Phase::ReplaceAddresses,
                    false => Phase::DeleteAddresses,
                }
            }
            (What::Addr, false) => Phase::Addresses,
        };
        plan.push(phase, act, n);
    }
    plan.sort();
}

/// Whether an address is there that the kernel makes a route with.
fn has_addr(desired: &Desired<'_>, route: &Thing) -> bool {
    let mut things = desired.things.iter();
    things.any(|addr| {
        addr.what == What::Addr
            && addr.presence == Presence::Same
            && addr.is_wanted_on(route.ifindex)
            && addr.route.dst.len == route.route.dst.len
            && route.route.dst.contains(&addr.route.dst.addr)
    })
}

/// On-link routes first, since gateways may lie in them; default routes last.
fn route_phase(route: &Route) -> Phase {
    match (&route.via, route.reach) {
        _ if route.dst.is_default() => Phase::RoutesDefault,
        (None, Reach::Checked | Reach::Onlink | Reach::Inverted) => Phase::RoutesOnLink,
        (Some(_), _) | (None, Reach::Hops) => Phase::RoutesVia,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::machine::Machine;
    use crate::model::desired::DesiredLink;
    use crate::model::link::{IfName, Mac};
    use crate::model::observed::IFF_UP;
    use crate::model::route::{Reach, RouteKind};
    use crate::plan::links::diff_links;
    use crate::testing::{cidr, ip, link, via};

    fn want_addr(desired: &mut Desired<'_>, addr: &str, peer: Option<&str>) {
        let wanted = Thing::addr(2, &cidr(addr), &peer.map(ip), Origin::NONE);
        desired.things.add(&wanted).unwrap();
    }

    fn want_route(desired: &mut Desired<'_>, route: Route) {
        let wanted = Thing::route(2, &route, Origin::NONE);
        desired.things.add(&wanted).unwrap();
    }

    fn seen(thing: Thing) -> Seen {
        Seen {
            thing,
            is_plain: true,
            flags: 0,
        }
    }

    type Tables = Machine<4, 4, 8, 8, 16, 64, 32, 64>;

    #[test]
    fn an_address_is_its_link_octets_length_and_other_end() {
        let wanted = |addr, peer| {
            let mut thing = Thing::addr(2, &cidr(addr), &Option::map(peer, ip), Origin::NONE);
            thing.route.protocol = 0;
            seen(thing)
        };
        let elsewhere = Thing::addr(3, &cidr("192.0.2.5/24"), &None, Origin::NONE);
        let elsewhere = seen(elsewhere);
        let mut mortal = wanted("192.0.2.5/24", None);
        mortal.thing.valid_secs = 60;
        let mut flagged = Seen {
            flags: 0xff,
            ..wanted("192.0.2.5/24", Some("192.0.2.5"))
        };
        flagged.thing.broadcast = [192, 0, 2, 0].into();
        for (seen, first, second) in [
            (
                wanted("192.0.2.5/24", None),
                Presence::Same,
                Presence::Missing,
            ),
            (
                wanted("192.0.2.5/24", Some("192.0.2.9")),
                Presence::Missing,
                Presence::Same,
            ),
            (flagged, Presence::Same, Presence::Missing),
            (mortal, Presence::Mortal, Presence::Missing),
            (
                wanted("192.0.2.5/25", None),
                Presence::Missing,
                Presence::Missing,
            ),
            (
                wanted("192.0.2.6/24", None),
                Presence::Missing,
                Presence::Missing,
            ),
            (elsewhere, Presence::Missing, Presence::Missing),
        ] {
            let mut tables = Tables::new();
            let engine = tables.engine();
            let mut desired = engine.desired;
            want_addr(&mut desired, "192.0.2.5/24", None);
            want_addr(&mut desired, "192.0.2.5/24", Some("192.0.2.9"));
            mark(&mut desired, &seen, &[], &engine.config, &engine.observed);
            let marks = [desired.things[0].presence, desired.things[1].presence];
            assert_eq!(marks, [first, second], "{seen:?}");
        }
    }

    #[test]
    fn a_route_is_its_key_gateway_source_and_link() {
        let wanted = via("10.0.0.0/8", "192.0.2.1");
        let theirs = Route {
            protocol: 3,
            scope: Some(0),
            reach: Reach::Onlink,
            src: Some(ip("192.0.2.5")),
            ..wanted
        };
        let other_gateway = via("10.0.0.0/8", "192.0.2.2");
        let (ours, foreign) = (Presence::DiffersOurs, Presence::DiffersForeign);
        let route = |ifindex, route: Route| seen(Thing::route(ifindex, &route, Origin::NONE));
        let multipath = Seen {
            is_plain: false,
            ..route(
                2,
                Route {
                    protocol: 3,
                    ..wanted
                },
            )
        };
        for (seen, presence, owned) in [
            (route(2, wanted), Presence::Same, true),
            (route(2, theirs), Presence::Same, false),
            (route(3, wanted), ours, false),
            (route(2, other_gateway), ours, false),
            (
                route(
                    2,
                    Route {
                        protocol: 3,
                        ..other_gateway
                    },
                ),
                foreign,
                false,
            ),
            (
                route(
                    0,
                    Route {
                        kind: RouteKind::Blackhole,
                        via: None,
                        ..theirs
                    },
                ),
                foreign,
                false,
            ),
            (multipath, foreign, false),
            (
                route(
                    2,
                    Route {
                        metric: 1,
                        ..wanted
                    },
                ),
                Presence::Missing,
                false,
            ),
            (
                route(
                    2,
                    Route {
                        table: 100,
                        ..wanted
                    },
                ),
                Presence::Missing,
                false,
            ),
            (
                route(2, Route { tos: 4, ..wanted }),
                Presence::Missing,
                false,
            ),
            (
                route(2, via("10.0.0.0/9", "192.0.2.1")),
                Presence::Missing,
                false,
            ),
        ] {
            let mut tables = Tables::new();
            let engine = tables.engine();
            let mut desired = engine.desired;
            want_route(&mut desired, wanted);
            mark(&mut desired, &seen, &[], &engine.config, &engine.observed);
            let is_ours = desired.things[0].standing == Standing::Ours;
            assert_eq!(
                (desired.things[0].presence, is_ours),
                (presence, owned),
                "{seen:?}"
            );
        }
    }

    #[test]
    fn the_right_route_counts_whatever_is_seen_after_it() {
        let mut tables = Tables::new();
        let engine = tables.engine();
        let mut desired = engine.desired;
        let wanted = via("::/0", "fe80::1");
        want_route(&mut desired, wanted);
        let other = Route {
            protocol: 3,
            ..via("::/0", "fe80::2")
        };
        for route in [other, wanted, other] {
            let route = Route {
                metric: 1_024,
                ..route
            };
            let seen = seen(Thing::route(2, &route, Origin::NONE));
            mark(&mut desired, &seen, &[], &engine.config, &engine.observed);
        }
        assert_eq!(desired.things[0].presence, Presence::Same);
    }

    /// Whatever the order of configuration, the kernel is asked in an order it can follow.
    #[test]
    fn steps_are_in_the_order_of_their_phases() {
        let mut tables = Tables::new();
        let engine = tables.engine();
        let (mut desired, observed, mut plan) = (engine.desired, engine.observed, engine.plan);
        want_route(&mut desired, via("0.0.0.0/0", "172.16.0.1"));
        want_route(&mut desired, via("172.16.0.0/12", "192.0.2.1"));
        want_route(&mut desired, Route::new(cidr("192.0.2.1/32")));
        desired.things[1].presence = Presence::DiffersOurs;
        want_addr(&mut desired, "192.0.2.5/32", None);
        let wanted = DesiredLink {
            mtu: 9_000,
            mac: Mac::from_kernel(&[2; 6]),
            ..DesiredLink::new(2, IfName::LO, Origin::NONE)
        };
        assert!(
            desired.links.push(wanted).is_ok() && observed.links.push(link(2, "eth0", 0)).is_ok()
        );
        plan.push(Phase::Down, Act::Down, 0);
        for (presence, last) in [(Presence::Same, 9), (Presence::Missing, 10)] {
            want_addr(&mut desired, &std::format!("192.0.2.{last}/32"), None);
            want_route(
                &mut desired,
                via(&std::format!("{last}.0.0.0/8"), "192.0.2.1"),
            );
            for thing in desired.things.iter_mut().rev().take(2) {
                (thing.presence, thing.standing) = (presence, Standing::Stale);
            }
        }
        diff_links(&mut desired, &observed, &engine.config, &mut plan);
        diff(&desired, &mut plan);
        let acts = plan.steps.iter().map(|step| (step.act, step.n));
        assert_eq!(
            acts.collect::<std::vec::Vec<_>>(),
            [
                (Act::SetMac, 0),
                (Act::SetMtu, 0),
                (Act::Up, 0),
                (Act::Add, 3),
                (Act::Add, 2),
                (Act::Replace, 1),
                (Act::Add, 0),
                (Act::Delete, 5),
                (Act::Delete, 4),
                (Act::Down, 0),
            ]
        );
        assert!(plan.steps.is_sorted_by_key(|step| step.phase));
    }

    #[test]
    fn what_is_as_it_shall_be_is_left_out() {
        let mut tables = Tables::new();
        let engine = tables.engine();
        let (mut desired, observed, mut plan) = (engine.desired, engine.observed, engine.plan);
        want_addr(&mut desired, "192.0.2.5/24", None);
        want_route(&mut desired, via("0.0.0.0/0", "192.0.2.1"));
        desired.things[0].presence = Presence::Same;
        desired.things[1].presence = Presence::Same;
        assert!(observed.links.push(link(2, "eth0", IFF_UP)).is_ok());
        diff_links(&mut desired, &observed, &engine.config, &mut plan);
        diff(&desired, &mut plan);
        assert!(plan.steps.is_empty());
    }
}
