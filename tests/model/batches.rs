//! Many requests: few datagrams of at most 256 requests and 32 KiB, one acknowledgement each, counted rather
//! than timed.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::messages::{RTM_NEWROUTE, RTM_SETLINK};
use crate::support::nouns;
use crate::support::octets::NLM_F_ACK;
use ifdawn::engine::{Engine, Progress};
use ifdawn::machine::Machine;
use ifdawn::model::config::{Config, LinkMatch, RouteDev};
use ifdawn::plan::resolve::LinkState;
use std::sync::{Mutex, PoisonError};

/// Room for 10,001 routes.
type Wide = Machine<4, 16, 16, 10_001, 10_017, 24_576, 32_768, 4_096>;

static WIDE: Mutex<Wide> = Mutex::new(Machine::new());

fn with_wide_engine<R>(test: impl FnOnce(&mut Engine<'_>) -> R) -> R {
    let mut machine = WIDE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut engine = machine.engine();
    engine.clear();
    test(&mut engine)
}

/// One link, and so many routes; the route with number `n` (from 0) stands in line `n + 3`.
fn many_routes(config: &mut Config<'_>, routes: usize) {
    let link = config.file(LinkMatch::Name(name("eth0")));
    config.addr(link, "10.0.0.5/24");
    for number in 0..routes {
        let route = route(&destination(number), Some("10.0.0.1"));
        config.route(RouteDev::Link(link), route);
    }
}

/// In the order of the plan.
fn destination(number: usize) -> String {
    format!("172.{}.{}.0/24", 16 + number / 256, number % 256)
}

fn up_with(host: &mut FakeHost, routes: usize) -> (Progress, LinkState, usize) {
    let before = host.kernel.changes();
    let (progress, state) = with_wide_engine(|engine| {
        many_routes(&mut engine.config, routes);
        let progress = converge(engine, host);
        (progress, engine.states[0])
    });
    (progress, state, host.kernel.changes() - before)
}

fn acknowledged(host: &FakeHost) -> usize {
    let asked = |received: &&crate::support::kernel::Received| received.flags & NLM_F_ACK != 0;
    host.kernel.received.iter().filter(asked).count()
}

#[test]
fn routes_go_out_in_batches_with_one_acknowledgement_each() {
    for routes in [1, 253, 254, 1_000, 10_000] {
        let mut host = FakeHost::new(kernel_with(&["eth0"]));
        assert_eq!(
            up_with(&mut host, routes),
            (Progress::Done, LinkState::Up, routes + 3)
        );
        assert_eq!(host.kernel.routes_of_others().len(), routes);
        // Both links up, one address, the routes.
        let batches = (routes + 3).div_ceil(256);
        assert_eq!(acknowledged(&host), batches);
        // Links twice, since one came up; addresses; routes.
        assert_eq!(host.kernel.datagrams.len(), batches + 4);
        assert!(
            host.kernel
                .datagrams
                .iter()
                .all(|octets| *octets <= 32 * 1024)
        );

        let before = host.kernel.datagrams.len();
        assert_eq!(
            up_with(&mut host, routes),
            (Progress::Done, LinkState::Up, 0)
        );
        assert_eq!(host.kernel.datagrams.len() - before, 3, "three dumps");
    }
}

/// The work of looking at routes of somebody else's is a dump, however many there are.
#[test]
fn foreign_routes_cost_no_request_and_no_room() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    take_up(&mut host.kernel, 2);
    for number in 0..20_000 {
        let dst = format!(
            "10.{}.{}.{}/32",
            64 + number / 65_536,
            number / 256 % 256,
            number % 256
        );
        host.kernel.add_route(nouns::route(&dst, 2, None));
    }
    let before = host.kernel.changes();
    assert_eq!(up_with(&mut host, 3), (Progress::Done, LinkState::Up, 5));
    assert_eq!(host.kernel.changes() - before, 5);
    assert_eq!(up_with(&mut host, 3), (Progress::Done, LinkState::Up, 0));
    assert_eq!(host.kernel.routes_of_others().len(), 20_003);
    assert_eq!(host.said("more than MAX_"), 0);
}

/// The error of any request, at the edges of batches and inside, names the line of its route, and every
/// other route is there.
#[test]
fn an_error_in_any_batch_is_that_of_its_route_and_stops_nothing() {
    const ROUTES: usize = 600;
    for failing in [0, 1, 252, 253, 254, 508, 509, 510, ROUTES - 1] {
        let mut host = FakeHost::new(kernel_with(&["eth0"]));
        host.kernel.fail_after(failing, RTM_NEWROUTE, 12);
        let (_, state, _) = up_with(&mut host, ROUTES);
        let dst = destination(failing);
        let (line, rest) = (failing + 3, "ENOMEM, \"injected\"; not set");
        let command = format!("ip route add {dst} via 10.0.0.1 proto 153 dev eth0");
        assert_eq!(
            host.complaints,
            [format!("error: net:{line}:1: {command}: {rest}")]
        );
        assert_eq!(state, LinkState::Failed);
        let routes = host.kernel.routes_of_others();
        let is_there = routes.iter().any(|route| route.starts_with(&dst));
        assert_eq!((routes.len(), is_there), (ROUTES - 1, false));
    }
}

#[test]
fn a_flood_of_errors_is_told_in_full() {
    const ROUTES: usize = 600;
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    (0..ROUTES).for_each(|_| host.kernel.fail_next(RTM_NEWROUTE, 12));
    let (progress, state, sent) = up_with(&mut host, ROUTES);
    assert_eq!(
        (progress, state, sent),
        (Progress::Done, LinkState::Failed, ROUTES + 3)
    );
    assert_eq!(host.said("ENOMEM"), ROUTES);
    assert!(host.kernel.is_out_of_faults());
    assert_eq!(
        up_with(&mut host, ROUTES),
        (Progress::Done, LinkState::Up, ROUTES)
    );
}

/// The first batch of a stage fails as a whole; the batches after it are sent all the same.
#[test]
fn a_batch_that_fails_does_not_stop_the_next() {
    const ROUTES: usize = 600;
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    (0..253).for_each(|_| host.kernel.fail_next(RTM_NEWROUTE, 12));
    up_with(&mut host, ROUTES);
    assert_eq!(host.kernel.routes_of_others().len(), ROUTES - 253);
}

#[test]
fn a_link_that_stays_down_costs_only_what_needs_it_up() {
    let mut host = FakeHost::new(kernel_with(&["eth0"]));
    host.kernel.fail_after(1, RTM_SETLINK, 12);
    let (_, state, _) = up_with(&mut host, 300);
    assert_eq!(state, LinkState::Failed);
    assert_eq!(host.kernel.addrs_of(2), ["10.0.0.5/24"]);
    assert_eq!(host.said("ENETUNREACH") + host.said("ENETDOWN"), 300);
}
