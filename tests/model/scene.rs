//! What every test of the model needs: an engine on small tables, short ways to write configurations, and
//! random numbers.

use crate::support::host::FakeHost;
use crate::support::kernel::Kernel;
use crate::support::nouns::Link;
use ifdawn::diag::{FileId, Origin};
use ifdawn::engine::{Engine, Progress};
use ifdawn::machine::Machine;
use ifdawn::model::addr::{Cidr, Family};
use ifdawn::model::config::{
    AddrConfig, Config, IpConfig, LinkConfig, LinkId, LinkMatch, Method, NameRule, NameSource,
    RouteConfig, RouteDev, SourceKind,
};
use ifdawn::model::link::{IfName, Mac};
use ifdawn::model::route::Route;
use ifdawn::source::route_file::{Form, parse_route};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Tables large enough for every test that does not fill them.
type Small = Machine<16, 64, 64, 256, 320, 8_192, 1_024, 65_536>;

static SMALL: Mutex<Small> = Mutex::new(Machine::new());

/// Runs `test` with an engine that knows nothing: a new process.
pub fn with_engine<R>(test: impl FnOnce(&mut Engine<'_>) -> R) -> R {
    let mut machine = SMALL.lock().unwrap_or_else(PoisonError::into_inner);
    let mut engine = machine.engine();
    engine.clear();
    engine.wishes.clear();
    engine.watched.clear();
    test(&mut engine)
}

/// `ifdawn up` in a process of its own.
pub fn up(host: &mut FakeHost, say: &dyn Fn(&mut Config<'_>)) -> Progress {
    with_engine(|engine| {
        say(&mut engine.config);
        converge(engine, host)
    })
}

/// As the program's loop does it.
pub fn converge(engine: &mut Engine<'_>, host: &mut FakeHost) -> Progress {
    engine.converge(host).expect("the kernel can be asked");
    engine.progress()
}

/// What `ifdawn plan` would print in a process of its own.
pub fn plan(host: &mut FakeHost, say: &dyn Fn(&mut Config<'_>)) -> Vec<String> {
    with_engine(|engine| {
        say(&mut engine.config);
        engine.plan(host).expect("the kernel can be asked");
        commands(engine)
    })
}

/// The plan as text.
pub fn commands(engine: &Engine<'_>) -> Vec<String> {
    let op = |step| engine.op(step);
    let steps = engine.plan.steps.iter();
    let steps = steps.filter(|step| !engine.is_off(**step));
    steps
        .map(|step| op(*step).expect("an operation").to_string())
        .collect()
}

/// `ifdawn down` in a process of its own.
pub fn down(host: &mut FakeHost, link: &str) -> bool {
    with_engine(|engine| {
        engine.down(&name(link), host).expect("it can be asked");
        !engine.plan.errors.any()
    })
}

pub fn name(text: &str) -> IfName {
    IfName::new(text.as_bytes()).expect("a link name")
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub fn cidr(text: &str) -> Cidr {
    let (addr, len) = text.split_once('/').expect("a prefix");
    Cidr::new(ip(addr), len.parse().expect("a length")).expect("a prefix")
}

/// The MAC that [`eth`] gives a link.
pub fn mac(number: u8) -> Mac {
    Mac::new(&mac_octets(number)).expect("a MAC")
}

pub fn mac_octets(number: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, number]
}

/// A kernel with `lo` and `names`: numbers and MACs from 2 on, all of them down.
pub fn kernel_with(names: &[&str]) -> Kernel {
    let mut kernel = Kernel::new();
    for (name, number) in names.iter().zip(2u8..) {
        kernel.add_link(Link::new(name, mac_octets(number)));
    }
    kernel
}

/// Takes a link up as somebody else would.
pub fn take_up(kernel: &mut Kernel, ifindex: u32) {
    kernel.tables.set_flags(ifindex, 1, 1).expect("a link");
}

/// A place in the file that [`Words`] registers.
pub fn line(line: u32) -> Origin {
    Origin {
        file: FileId(0),
        column: 1,
        line,
    }
}

/// Short ways to say what a source says. Each line of the imagined file is one call.
pub trait Words {
    /// A link, by name or MAC, that a file describes.
    fn file(&mut self, matches: LinkMatch) -> LinkId;
    /// The same from the kernel command line.
    fn cmdline(&mut self, matches: LinkMatch) -> LinkId;
    fn addr(&mut self, link: LinkId, addr: &str);
    fn gateway(&mut self, link: LinkId, via: &str);
    fn route(&mut self, dev: RouteDev, route: Route);
    fn rule(&mut self, mac: Mac, name: &str);
    /// A line of a file of routes, or of rules.
    fn line(&mut self, form: Form, link: LinkId, words: &str);
}

impl Words for Config<'_> {
    fn file(&mut self, matches: LinkMatch) -> LinkId {
        add_link(self, matches, SourceKind::Ifcfg)
    }

    fn cmdline(&mut self, matches: LinkMatch) -> LinkId {
        add_link(self, matches, SourceKind::Cmdline)
    }

    fn addr(&mut self, link: LinkId, addr: &str) {
        let addr = cidr(addr);
        let ip = ip_of(self, link, addr.family());
        ip.method = Method::Static;
        let origin = next_line(self);
        let added = self.addrs.push(AddrConfig {
            link,
            addr,
            peer: None,
            broadcast: core::net::Ipv4Addr::UNSPECIFIED,
            label: None,
            scope: None,
            origin,
        });
        added.expect("room for an address");
    }

    fn gateway(&mut self, link: LinkId, via: &str) {
        let via = ip(via);
        let origin = next_line(self);
        let ip = ip_of(self, link, Family::of(&via));
        (ip.gateway, ip.origin) = (Some(via), origin);
    }

    fn route(&mut self, dev: RouteDev, route: Route) {
        let origin = next_line(self);
        let added = self.routes.push(RouteConfig { dev, route, origin });
        added.expect("room for a route");
    }

    fn line(&mut self, form: Form, link: LinkId, words: &str) {
        let origin = next_line(self);
        let family = match words.contains("::") {
            true => Family::V6,
            false => Family::V4,
        };
        let route = parse_route(words.as_bytes(), form, family, self);
        let route = route.unwrap_or_else(|| panic!("{words}"));
        let dev = RouteDev::Link(link);
        let table = match form {
            Form::Rule => &mut self.rules,
            Form::Route | Form::Static | Form::Static6 | Form::Table => &mut self.routes,
        };
        let added = table.push(RouteConfig { dev, route, origin });
        added.expect("room for a line");
    }

    fn rule(&mut self, mac: Mac, to: &str) {
        let origin = next_line(self);
        let added = self
            .name_rules
            .push(NameRule::new(&mac, &name(to), NameSource::Ifcfg, origin));
        added.expect("room for a rule");
    }
}

fn add_link(config: &mut Config<'_>, matches: LinkMatch, source: SourceKind) -> LinkId {
    if config.files.is_empty() {
        config.add_file(b"net").expect("room for a file");
    }
    let link = LinkConfig::matching(matches, source, next_line(config));
    config.add_link(&link).expect("room for a link")
}

fn ip_of<'c>(config: &'c mut Config<'_>, link: LinkId, family: Family) -> &'c mut IpConfig {
    let link = config.link_mut(link).expect("a link");
    match family {
        Family::V4 => &mut link.ipv4,
        Family::V6 => &mut link.ipv6,
    }
}

/// As many lines as there are things in the configuration.
fn next_line(config: &Config<'_>) -> Origin {
    let gateways = config.links.iter().flat_map(|link| [link.ipv4, link.ipv6]);
    let gateways = gateways.filter(|ip| ip.gateway.is_some()).count();
    let things = config.links.len() + config.addrs.len() + config.routes.len();
    let things = things + config.name_rules.len() + config.rules.len() + gateways;
    line(u32::try_from(things).expect("few lines") + 1)
}

/// A route through a gateway, or on the link.
pub fn route(dst: &str, via: Option<&str>) -> Route {
    Route {
        via: via.map(ip),
        ..Route::new(cidr(dst))
    }
}

/// xorshift64*: the same numbers for the same seed, everywhere.
pub struct Random(pub u64);

impl Random {
    /// The numbers of one case of a test.
    pub fn of_case(case: u64) -> Random {
        Random((case + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 to `end`, which is not among them.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("31 bits") % end
    }

    /// Once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// Names the case when `act` fails in it: the number is its seed.
pub fn case<R>(number: u64, act: impl FnOnce() -> R) -> R {
    struct Named(u64);
    impl Drop for Named {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("in case {}", self.0);
            }
        }
    }
    let named = Named(number);
    let result = act();
    drop(named);
    result
}

/// All orders of `0..n`.
pub fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..n {
        let longer = |order: &Vec<usize>| {
            let rest = (0..n).filter(|item| !order.contains(item));
            let longer = rest.map(|item| [&order[..], &[item]].concat());
            longer.collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}
