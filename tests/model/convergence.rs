//! Random configurations on random kernels: what was asked for is there, asking again changes nothing, and
//! nothing of anybody else's is touched.
//!
//! Link `k` has `10.k.*` and `2001:db8:k:*` for what we may configure, `192.168.k.*` and `2001:db8:aaaa:k::*`
//! for what somebody else made. Each case runs one configuration, then another, then takes all of it back.

use crate::scene::*;
use crate::support::host::FakeHost;
use crate::support::kernel::Kernel;
use crate::support::nouns::{self, Addr, FOREVER, UNICAST};
use ifdawn::engine::Progress;
use ifdawn::model::addr::Cidr;
use ifdawn::model::config::{Config, LinkMatch, LinkNumber, RouteDev};
use ifdawn::model::route::{Route, RouteKind};
use ifdawn::source::route_file::Form;
use std::collections::BTreeSet;
use std::net::IpAddr;

const CASES: u64 = 1_500;

/// One link as a configuration describes it.
#[derive(Clone, Debug)]
struct Wanted {
    number: u8,
    by_mac: bool,
    mtu: Option<u32>,
    addrs: Vec<String>,
    gateways: Vec<String>,
    routes: Vec<Route>,
    /// Lines of a route file with more than fits a [`Route`]'s fields.
    lines: Vec<String>,
    rules: Vec<PoolRule>,
}

/// A line of a rule file, its priority, and what is shown of it before and behind its protocol.
type PoolRule = (String, Option<usize>, String, &'static str);

/// An address as text, with its link.
type Place = (u32, String);

#[test]
fn what_was_asked_for_is_there_and_nothing_else_changed() {
    for number in 0..CASES {
        case(number, || converge_twice(&mut Random::of_case(number)));
    }
}

fn converge_twice(random: &mut Random) {
    let links = 1 + random.below(4);
    let (first, second) = (wish(random, links), wish(random, links));
    let mut host = FakeHost::new(somebody_elses_kernel(random, links));
    let before = Snapshot::of(&host.kernel);

    run(&mut host, random, &first);
    holds(&host, &first);
    before.is_kept(&host, &[&first]);

    run(&mut host, random, &second);
    holds(&host, &second);
    before.is_kept(&host, &[&first, &second]);
    before.has_nothing_stale(&host, &first, &second);

    let again = host.changes_in(|host| run(host, &mut Random(1), &second));
    assert_eq!(again, 0, "the second run sends changes: {:?}", host.sent);
    assert_eq!(plan(&mut host, &|config| say(config, &second)), [""; 0]);

    for wanted in first.iter().chain(&second) {
        let link = link_name(wanted.number);
        if host.files.contains_key(&format!("owned-{link}")) {
            assert!(down(&mut host, &link), "{:?}", host.complaints);
        }
    }
    before.is_kept_after_down(&host, &[&first, &second]);
}

fn link_name(number: u8) -> String {
    format!("eth{number}")
}

fn run(host: &mut FakeHost, random: &mut Random, wish: &[Wanted]) {
    for dump in [18, 22, 26, 34] {
        if random.once_in(8) {
            host.kernel.interrupt_next(dump);
        }
    }
    let progress = up(host, &|config| say(config, wish));
    assert_eq!(progress, Progress::Done);
    let errors = host.said("error:");
    assert_eq!(errors, 0, "{:#?}", host.complaints);
}

/// A configuration of some of the links, in any order.
fn wish(random: &mut Random, links: usize) -> Vec<Wanted> {
    let mut numbers: Vec<u8> = (2u8..).take(links).collect();
    random.shuffle(&mut numbers);
    numbers.truncate(1 + random.below(links));
    numbers
        .iter()
        .map(|number| wanted(random, *number))
        .collect()
}

fn wanted(random: &mut Random, number: u8) -> Wanted {
    let mut wanted = Wanted {
        number,
        by_mac: random.once_in(3),
        mtu: random
            .once_in(3)
            .then(|| 1_400 + 100 * random.below(3) as u32),
        addrs: Vec::new(),
        gateways: Vec::new(),
        routes: Vec::new(),
        lines: Vec::new(),
        rules: Vec::new(),
    };
    for _ in 0..random.below(4) {
        let rule = pool_rule(random, number);
        if !wanted.rules.contains(&rule) {
            wanted.rules.push(rule);
        }
    }
    for v4 in [true, false] {
        for _ in 0..random.below(4) {
            let addr = pool_addr(random, number, v4);
            let is_new = |other: &String| host_part(other) != host_part(&addr);
            if wanted.addrs.iter().all(is_new) {
                wanted.addrs.push(addr);
            }
        }
        let of_family = |addr: &&String| addr.contains('.') == v4;
        let nets: Vec<String> = wanted.addrs.iter().filter(of_family).cloned().collect();
        if nets.is_empty() {
            continue;
        }
        let gateway = |random: &mut Random| gateway_in(&nets[random.below(nets.len())]);
        if random.once_in(2) {
            let gateway = gateway(random);
            wanted.gateways.push(gateway);
        }
        for _ in 0..random.below(4) {
            let via = random.once_in(2).then(|| gateway(random));
            let mut route = route(&pool_net(random, number, v4), via.as_deref());
            route.metric = if random.once_in(3) {
                20 + random.below(2) as u32
            } else {
                0
            };
            let kinds = [
                RouteKind::Unicast,
                RouteKind::Blackhole,
                RouteKind::Unreachable,
            ];
            if via.is_none() {
                route.kind = kinds[random.below(3)];
            }
            if !wanted.routes.iter().any(|other| same_place(other, &route)) {
                wanted.routes.push(route);
            }
        }
        let [one, other] = [gateway(random), gateway(random)];
        let dst = match v4 {
            true => format!("198.19.{number}.0/24"),
            false => format!("2001:db8:d{number}::/64"),
        };
        let dev = link_name(number);
        wanted.lines.extend(match random.below(6) {
            0 => Some(format!("{dst} via {one} mtu lock 1400 window 5000")),
            1 => Some(format!("{dst} via {one} mtu 1300")),
            2 => Some(format!("{dst} via {one}")),
            3 if one != other => Some(format!(
                "{dst} nexthop via {one} weight 3 nexthop via {other} dev {dev}"
            )),
            4 if !v4 => Some(format!("{dst} via {one} pref high from 2001:db8:7::/48")),
            _ => None,
        });
    }
    wanted
}

/// Whether the kernel takes both for one route.
fn same_place(route: &Route, other: &Route) -> bool {
    route.is_in_place_of(other) && route.effective_metric() == other.effective_metric()
}

fn pool_rule(random: &mut Random, number: u8) -> PoolRule {
    let n = random.below(3);
    let place = Some(1_000 + n);
    let rule = |line: String, place, shown: String, more| (line, place, shown, more);
    match random.below(4) {
        0 => rule(
            format!("from 10.{number}.{n}.9 table 5"),
            None,
            format!(" from 10.{number}.{n}.9/32 table 5"),
            "",
        ),
        1 => rule(
            format!("fwmark 7/0xff  lookup {number} pref {}", 1_000 + n),
            place,
            format!(" table {number}"),
            " 10=[7, 0, 0, 0] 16=[255, 0, 0, 0]",
        ),
        2 => rule(
            format!("from 2001:db8:{number}::/48 table 1000"),
            None,
            format!(" -6 from 2001:db8:{number}::/48 table 1000"),
            "",
        ),
        _ => rule(
            format!("not to 10.{number}.0.0/16 prohibit priority {}", 1_000 + n),
            place,
            format!(" not to 10.{number}.0.0/16 action 8"),
            "",
        ),
    }
}

fn pool_addr(random: &mut Random, number: u8, v4: bool) -> String {
    let (net, host) = (random.below(3), 2 + random.below(4));
    match v4 {
        true => format!("10.{number}.{net}.{host}/24"),
        false => cidr(&format!("2001:db8:{number}:{net}::{host}/64")).to_string(),
    }
}

fn pool_net(random: &mut Random, number: u8, v4: bool) -> String {
    let net = random.below(4);
    match v4 {
        true => format!("172.{number}.{net}.0/24"),
        false => format!("2001:db8:f{number}:{net}::/64"),
    }
}

fn gateway_in(net: &str) -> String {
    match net.rsplit_once(['.', ':']) {
        Some((net, _)) if net.contains('.') => format!("{net}.1"),
        Some((net, _)) => format!("{net}:1"),
        None => panic!("{net}"),
    }
}

fn host_part(addr: &str) -> IpAddr {
    cidr(addr).addr
}

fn say(config: &mut Config<'_>, wish: &[Wanted]) {
    for wanted in wish {
        let matches = match wanted.by_mac {
            true => LinkMatch::Mac(mac(wanted.number)),
            false => LinkMatch::Name(name(&link_name(wanted.number))),
        };
        let link = config.file(matches);
        LinkNumber::Mtu.set(config.link_mut(link).unwrap(), wanted.mtu);
        for addr in &wanted.addrs {
            config.addr(link, addr);
        }
        for gateway in &wanted.gateways {
            config.gateway(link, gateway);
        }
        for route in &wanted.routes {
            config.route(RouteDev::Link(link), *route);
        }
        for line in &wanted.lines {
            config.line(Form::Route, link, line);
        }
        for (rule, ..) in &wanted.rules {
            config.line(Form::Rule, link, rule);
        }
    }
}

/// Links, up or not, with addresses and routes of somebody else's; some of them are what we would make.
fn somebody_elses_kernel(random: &mut Random, links: usize) -> Kernel {
    let names: Vec<String> = (2u8..).take(links).map(link_name).collect();
    let mut kernel = kernel_with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    kernel.settings.per_datagram = 1 + random.below(9);
    kernel.settings.strict_check = random.once_in(2);
    kernel.settings.cap_ack = random.once_in(2);
    kernel.settings.ext_ack = random.once_in(2);
    for number in (2u8..).take(links) {
        let ifindex = u32::from(number);
        if random.once_in(2) {
            take_up(&mut kernel, ifindex);
            let anchors = [
                format!("192.168.{number}.9/24"),
                format!("2001:db8:aaaa:{number}::9/64"),
            ];
            for anchor in anchors {
                kernel.add_addr(somebody_elses_addr(ifindex, &anchor));
            }
            somebody_elses_things(random, &mut kernel, number);
        }
    }
    for number in (2u8..).take(links) {
        if random.once_in(3) {
            let (v4, table) = (random.once_in(2), 5 + random.below(2) as u32);
            let from = match v4 {
                true => (ip(&format!("10.{number}.1.9")), 32),
                false => (ip(&format!("2001:db8:{number}::")), 48),
            };
            let rule = nouns::Rule {
                from: Some(from),
                table: if v4 { table } else { 1_000 },
                protocol: 3,
                ..nouns::Rule::new(v4, 0, 0)
            };
            kernel.tables.new_rule(rule).expect("a rule that fits");
        }
    }
    kernel
}

fn somebody_elses_things(random: &mut Random, kernel: &mut Kernel, number: u8) {
    let ifindex = u32::from(number);
    for v4 in [true, false] {
        for _ in 0..random.below(3) {
            let mut addr = somebody_elses_addr(ifindex, &pool_addr(random, number, v4));
            if random.once_in(4) {
                (addr.preferred, addr.valid) = (1_800, 3_600);
            }
            // Linux deletes the IPv4 addresses of a prefix with the first one, whoever made them.
            let have = |have: &Addr| match v4 {
                true => have.same_prefix(&addr),
                false => have.local == addr.local,
            };
            if !kernel.tables.addrs.iter().any(have) {
                kernel.add_addr(addr);
            }
        }
        let gateway = match v4 {
            true => format!("192.168.{number}.1"),
            false => format!("2001:db8:aaaa:{number}::1"),
        };
        let default = if v4 { "0.0.0.0/0" } else { "::/0" };
        let elsewhere = if v4 {
            "198.18.0.0/24"
        } else {
            "2001:db8:eeee::/64"
        };
        let ours = pool_net(random, number, v4);
        let ours_too = pool_net(random, number, v4);
        for (dst, via) in [
            (default, true),
            (elsewhere, true),
            (&ours, true),
            (&ours_too, false),
        ] {
            let mut route = nouns::route(
                dst,
                ifindex,
                Some(&gateway).filter(|_| via).map(String::as_str),
            );
            if !v4 {
                (route.scope, route.metric) = (0, 1_024);
            }
            if dst == default && random.once_in(2) {
                route.metric = if v4 { 0 } else { 1 };
            }
            let place = |have: &nouns::Route| have.same_place(&route);
            if random.once_in(2) && !kernel.tables.routes().any(place) {
                kernel.add_route(route);
            }
        }
    }
}

fn somebody_elses_addr(ifindex: u32, addr: &str) -> Addr {
    let addr = cidr(addr);
    Addr::new(ifindex, addr.addr, addr.len)
}

/// Everything the configuration says holds in the kernel.
fn holds(host: &FakeHost, wish: &[Wanted]) {
    let kernel = &host.kernel;
    assert!(kernel.link("lo").unwrap().is_up());
    for wanted in wish {
        let link = kernel.link(&link_name(wanted.number)).unwrap();
        assert!(link.is_up(), "{} is down", link.name);
        assert!(
            wanted.mtu.is_none_or(|mtu| mtu == link.mtu),
            "{}: mtu",
            link.name
        );
        for addr in &wanted.addrs {
            let Cidr { addr, len } = cidr(addr);
            let is_it = |have: &&Addr| (have.ifindex, have.local) == (link.ifindex, addr);
            let have = kernel.tables.addrs.iter().find(is_it);
            let have = have.unwrap_or_else(|| panic!("{}: {addr} is missing", link.name));
            assert_eq!(
                (have.len, have.valid, have.preferred),
                (len, FOREVER, FOREVER),
                "{addr}"
            );
        }
    }
    let rules = kernel.rules_of_others();
    for wanted in wish {
        for (line, place, shown, more) in &wanted.rules {
            let is_it = |rule: &String| {
                let (priority, rest) = rule.split_once(':').expect("a priority");
                let of = |protocol| rest == format!("{shown} proto {protocol}{more}");
                place.is_none_or(|place| place.to_string() == priority) && (of(3) || of(153))
            };
            assert!(rules.iter().any(is_it), "{line} is missing in {rules:#?}");
        }
        for line in &wanted.lines {
            let dst = line.split(' ').next().expect("a destination");
            let mut routes = kernel.tables.routes().map(ToString::to_string);
            let is_it = |route: String| {
                route.starts_with(dst)
                    && route.contains("nexthop") == line.contains("nexthop")
                    && route.contains(" 8=") == line.contains("mtu")
                    && route.contains("20=[1]") == line.contains("pref high")
            };
            assert!(routes.any(is_it), "{line} is missing");
        }
    }
    for (number, route) in routes_of(wish) {
        let is_there = |have: &nouns::Route| is_it(have, u32::from(number), &route);
        let routes: Vec<String> = kernel.tables.routes().map(ToString::to_string).collect();
        let found = kernel.tables.routes().any(is_there);
        assert!(found, "eth{number}: {route:?} is missing in {routes:#?}");
    }
}

/// The routes of a configuration with the number of their link, default routes with their metric.
fn routes_of(wish: &[Wanted]) -> Vec<(u8, Route)> {
    let boot = wish.iter().position(|wanted| !wanted.gateways.is_empty());
    let mut routes = Vec::new();
    for (place, wanted) in wish.iter().enumerate() {
        routes.extend(wanted.routes.iter().map(|route| (wanted.number, *route)));
        for gateway in &wanted.gateways {
            let v4 = gateway.contains('.');
            let mut default = route(if v4 { "0.0.0.0/0" } else { "::/0" }, Some(gateway));
            default.metric = match (boot == Some(place), v4) {
                (true, true) => 0,
                (true, false) => 1,
                (false, _) => 100 + place as u32,
            };
            routes.push((wanted.number, default));
        }
    }
    routes
}

fn same_key(have: &nouns::Route, route: &Route) -> bool {
    let (dst, metric) = (&route.dst, route.effective_metric());
    (have.dst, have.len, have.metric) == (dst.addr, dst.len, metric) && have.table == route.table
}

fn is_it(have: &nouns::Route, ifindex: u32, route: &Route) -> bool {
    let has_link = have.oif == ifindex || route.kind != RouteKind::Unicast;
    same_key(have, route) && has_link && have.via == route.via && have.kind == route.kind.number()
}

/// What somebody else made.
struct Snapshot {
    addrs: Vec<Addr>,
    routes: Vec<nouns::Route>,
    rules: Vec<nouns::Rule>,
}

impl Snapshot {
    fn of(kernel: &Kernel) -> Snapshot {
        let routes = kernel.tables.routes_of_others().cloned().collect();
        let addrs = kernel.tables.addrs.iter();
        Snapshot {
            addrs: addrs
                .filter(|addr| !is_kernels_own(addr))
                .cloned()
                .collect(),
            routes,
            rules: kernel.tables.rules.clone(),
        }
    }

    /// What was there and never in the way is there as it was. An address with an end became ours where
    /// it was asked for, and a route gave way where another was asked for in its place.
    fn is_kept(&self, host: &FakeHost, wishes: &[&Vec<Wanted>]) {
        let tables = &host.kernel.tables;
        for addr in self.addrs.iter().filter(|addr| !became_ours(addr, wishes)) {
            let same = |have: &Addr| place(have) == place(addr) && have.valid == addr.valid;
            assert!(
                tables.addrs.iter().any(same),
                "{:?} of somebody else's is gone",
                place(addr)
            );
        }
        for rule in &self.rules {
            assert!(
                tables.rules.contains(rule),
                "{rule} of somebody else's is gone"
            );
        }
        for route in self.routes.iter().filter(|route| !gave_way(route, wishes)) {
            assert!(
                tables.routes().any(|have| have == route),
                "{route} of somebody else's is gone"
            );
        }
    }

    /// What the first configuration made and the second does not want is gone from the links of the second.
    fn has_nothing_stale(&self, host: &FakeHost, first: &[Wanted], second: &[Wanted]) {
        for wanted in second {
            let ifindex = u32::from(wanted.number);
            let mut allowed: BTreeSet<Place> = self.addrs.iter().map(place).collect();
            allowed.extend(wanted.addrs.iter().map(|addr| (ifindex, addr.clone())));
            let here = host
                .kernel
                .tables
                .addrs
                .iter()
                .filter(|addr| addr.ifindex == ifindex);
            for addr in here.filter(|addr| !is_kernels_own(addr)) {
                assert!(allowed.contains(&place(addr)), "{:?} is stale", place(addr));
            }
        }
        let numbers: Vec<u8> = second.iter().map(|wanted| wanted.number).collect();
        let lines = |wish: &[Wanted]| -> Vec<String> {
            let lines = wish.iter().flat_map(|wanted| wanted.lines.clone());
            let dst = lines.filter_map(|line| line.split(' ').next().map(String::from));
            dst.collect()
        };
        let rules = |wish: &[Wanted]| -> Vec<String> {
            let rules = wish.iter().flat_map(|wanted| wanted.rules.clone());
            let shown = rules.map(|(_, _, shown, more)| format!("{shown} proto 153{more}"));
            shown.collect()
        };
        let gone = first
            .iter()
            .filter(|wanted| numbers.contains(&wanted.number));
        let gone: Vec<Wanted> = gone.cloned().collect();
        let (wanted_lines, wanted_rules) = (lines(second), rules(second));
        for dst in lines(&gone) {
            let mut routes = host.kernel.tables.routes().map(ToString::to_string);
            let is_left = routes.any(|route| route.starts_with(&dst));
            assert!(wanted_lines.contains(&dst) || !is_left, "{dst} is stale");
        }
        for rule in rules(&gone) {
            let mut have = host.kernel.rules_of_others().into_iter();
            let is_left = have.any(|have| have.ends_with(&rule));
            assert!(wanted_rules.contains(&rule) || !is_left, "{rule} is stale");
        }
        let ours = routes_of(second);
        for (number, route) in routes_of(first)
            .iter()
            .filter(|(number, _)| numbers.contains(number))
        {
            let stays = ours.iter().any(|(_, other)| same_place(other, route));
            let was_there = self.routes.iter().any(|have| same_key(have, route));
            let is_there = |have: &nouns::Route| is_it(have, u32::from(*number), route);
            let found = host.kernel.tables.routes().any(is_there);
            assert!(
                stays || was_there || !found,
                "eth{number}: {route:?} is stale"
            );
        }
    }

    /// Nothing of ours is left, and what was there and never in the way is.
    fn is_kept_after_down(&self, host: &FakeHost, wishes: &[&Vec<Wanted>]) {
        self.is_kept(host, wishes);
        let was: BTreeSet<Place> = self.addrs.iter().map(place).collect();
        for addr in host
            .kernel
            .tables
            .addrs
            .iter()
            .filter(|addr| !is_kernels_own(addr))
        {
            assert!(was.contains(&place(addr)), "{:?} is left", place(addr));
        }
        for route in host.kernel.tables.routes_of_others() {
            assert!(self.routes.contains(route), "{route} is left");
        }
        for rule in &host.kernel.tables.rules {
            assert!(self.rules.contains(rule), "{rule} is left");
        }
    }
}

fn place(addr: &Addr) -> Place {
    (addr.ifindex, format!("{}/{}", addr.local, addr.len))
}

fn is_kernels_own(addr: &Addr) -> bool {
    let link_local =
        |addr: IpAddr| matches!(addr, IpAddr::V6(addr) if addr.is_unicast_link_local());
    addr.local.is_loopback() || link_local(addr.local)
}

fn became_ours(addr: &Addr, wishes: &[&Vec<Wanted>]) -> bool {
    let wants = |wanted: &Wanted| {
        u32::from(wanted.number) == addr.ifindex && wanted.addrs.contains(&place(addr).1)
    };
    addr.valid != FOREVER && wishes.iter().any(|wish| wish.iter().any(wants))
}

fn gave_way(route: &nouns::Route, wishes: &[&Vec<Wanted>]) -> bool {
    let takes_place = |(number, wanted): &(u8, Route)| {
        same_key(route, wanted) && !is_it(route, u32::from(*number), wanted)
    };
    assert_eq!(route.kind, UNICAST);
    wishes
        .iter()
        .any(|wish| routes_of(wish).iter().any(takes_place))
}
