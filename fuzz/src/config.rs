//! What readers fill, on tables that an input can fill, and what must hold of it whatever was read.

use heapless::Vec;
use ifdawn::diag::{Diagnostic, FileId, Origin, Sink};
use ifdawn::machine::Machine;
use ifdawn::model::addr::Family;
use ifdawn::model::attr::{Attr, Scope, Value};
use ifdawn::model::config::{
    Config, IpText, LinkId, LinkMatch, NameSource, Pieces, RouteDev, SourceKind, Str,
};
use ifdawn::model::link::{IfName, LinkKind};
use ifdawn::model::observed::Link;
use ifdawn::model::route::Route;
use ifdawn::source::assignments::{Entry, Scratch};
use ifdawn::source::ifcfg::{self, Defaults};
use ifdawn::source::route_file::{Form, parse_route};
use ifdawn::source::{Context, Key, cmdline, name_rule, nbft, route_file, sysconfig};
use ifdawn::text::scalar;
use ifdawn::wire::netlink::attrs;
use ifdawn::wire::rtnetlink::info::{self, Pick};
use std::string::String;
use std::sync::{Mutex, PoisonError};

/// Looks at each complaint.
struct Ear {
    /// Whether what is complained of may stand beyond its line: a quoted word goes on over a line's end.
    goes_on: bool,
}

impl Sink for Ear {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let line = diagnostic.to_string();
        assert!(
            line.bytes().all(|octet| (b' '..=b'~').contains(&octet)),
            "{line:?}"
        );
        let at = diagnostic.at;
        assert!(
            // of what is known by its origin alone, the line is not at hand
            self.goes_on
                || at.line.octets.is_empty()
                || at.column as usize <= at.line.octets.len() + 1,
            "{line}"
        );
        assert!(!at.line.octets.contains(&b'\n'), "{line}");
    }
}

/// Each key of a table with each of several values.
pub fn assigned<H>(keys: &[Key<H>]) -> impl Iterator<Item = String> {
    const VALUES: &[&str] = &[
        "yes",
        "no",
        "5",
        "192.0.2.9",
        "fd00::9",
        "box.example",
        "01:02:03",
    ];
    keys.iter().flat_map(|key| {
        let number = if key.numbered { "1" } else { "" };
        VALUES
            .iter()
            .map(move |value| format!("{}{number}={value}", key.name))
    })
}

/// Tables so small that an input can fill them.
static MACHINE: Mutex<Machine<16, 12, 16, 32, 8, 8, 16, 512>> = Mutex::new(Machine::new());

/// The tables behind a [`Scratch`].
struct Tables {
    entries: Vec<Entry, 32>,
    values: Vec<u8, 5_000>,
    slots: [u32; 64],
}

/// A file, by its first octet: `c`ommand line, `n`etwork, `r`oute, route`6`, `p`olicy rules, of IPv6 `P`, `s`tatic
/// routes, of IPv6 `S`, `t`ables, `a`lias, ran`g`e, `u`dev, `.l`ink, N`B`FT, the files of a NIC of the `f`irmware
/// (`NAME=OCTETS`, an octet 254 between them), else ifcfg.
pub fn read(files: &[&[u8]]) {
    let tables = &mut Tables {
        entries: Vec::new(),
        values: Vec::new(),
        slots: [0; 64],
    };
    let mut machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let config = &mut machine.engine().config;
    config.clear();
    let mut defaults = Defaults::none();
    let mut dev = RouteDev::Anywhere;
    for (n, text) in files.iter().enumerate() {
        let Some((kind, text)) = text.split_first() else {
            continue;
        };
        // an alias and a range are those of the file before
        let link = match kind {
            b'a' => format!("eth{}:1", n.saturating_sub(1)),
            b'g' => format!("eth{}-range1", n.saturating_sub(1)),
            _ => format!("eth{n}"),
        };
        let name = format!("ifcfg-{link}");
        let scratch = &mut Scratch::new(&mut tables.entries, &mut tables.values, &mut tables.slots);
        let file = config.add_file(name.as_bytes()).unwrap_or(FileId(0));
        let sink = &mut Ear {
            goes_on: *kind == b'c',
        };
        let cx = &mut Context::new(config, sink, file, name.as_bytes(), text);
        match kind {
            b'c' => cmdline::read(cx),
            b'n' => sysconfig::read(&mut defaults, scratch, cx),
            b'u' => name_rule::read(NameSource::Udev, cx.text.len(), cx),
            b'l' => name_rule::read(NameSource::Link, cx.text.len(), cx),
            b'r' => route_file::read(Form::Route, Family::V4, dev, scratch, cx),
            b'6' => route_file::read(Form::Route, Family::V6, dev, scratch, cx),
            b'p' => route_file::read(Form::Rule, Family::V4, dev, scratch, cx),
            b'P' => route_file::read(Form::Rule, Family::V6, dev, scratch, cx),
            b's' => route_file::read(Form::Static, Family::V4, RouteDev::Anywhere, scratch, cx),
            b'S' => route_file::read(Form::Static6, Family::V6, RouteDev::Anywhere, scratch, cx),
            b't' => route_file::read(Form::Table, Family::V4, RouteDev::Anywhere, scratch, cx),
            b'B' => nbft::read(cx),
            b'f' => {
                let mut nic = Pieces::none();
                for file in text.split(|octet| *octet == 254) {
                    let mut halves = file.splitn(2, |octet| *octet == b'=');
                    if let (Some(name), Some(octets)) = (halves.next(), halves.next()) {
                        nic.take(name, octets, cx);
                    }
                }
                nic.put(cx);
            }
            _ => {
                let read = ifcfg::read(link.as_bytes(), &defaults, scratch, cx);
                dev = read.map_or(RouteDev::Anywhere, RouteDev::Link);
            }
        }
    }
    let sink = &mut Ear { goes_on: true };
    cmdline::finish(&mut Context::new(config, sink, FileId(0), b"cmdline", b""));
    is_sound(config);
    is_read_again(config);
}

/// What owned-IF says of a route or a rule says all of it.
fn is_read_again(config: &mut Config<'_>) {
    let routes = config.routes.iter().map(|route| (Form::Route, route.route));
    let rules = config.rules.iter().map(|rule| (Form::Rule, rule.route));
    let all: std::vec::Vec<(Form, Route)> = routes.chain(rules).collect();
    let tables: std::vec::Vec<_> = config.tables.iter().copied().collect();
    for (form, route) in all {
        let mut text = match form {
            Form::Rule => std::vec::Vec::new(),
            _ => format!("{route} ").into_bytes(),
        };
        text.extend(route.more.map_or(&b""[..], |more| config.text(more.text)));
        let Some(again) = parse_route(&text, form, route.family(), config) else {
            // the strings are full
            assert!(config.strings.len() > 300, "{:?}", shown(&text));
            continue;
        };
        assert_eq!(again, route, "{:?}", shown(&text));
    }
    assert_eq!(config.tables.len(), tables.len());
}

/// Every number is that of something, every text has its form.
fn is_sound(config: &Config<'_>) {
    let link = |id: LinkId| assert!(config.link(id).is_some(), "{id:?}");
    let text = |kept: Str| config.text(kept);
    let name = |name: IfName| assert_eq!(IfName::new(name.as_bytes()), Some(name));
    let hostname = |kept: Str| assert!(scalar::is_hostname(text(kept)), "{:?}", shown(text(kept)));
    for said in config.links.iter() {
        said.name.map(name);
        if let LinkMatch::Name(matched) = said.matches {
            name(matched);
        }
        IpText::Hostname.of(&said.ipv4).map(hostname);
        for kept in said.said.texts {
            assert!(
                kept.is_none_or(|kept| (1..=255).contains(&text(kept).len())),
                "{kept:?}"
            );
        }
    }
    for addr in config.addrs.iter() {
        if addr.link != LinkId::NONE {
            link(addr.link);
        }
        assert!(addr.addr.len <= Family::of(&addr.addr.addr).bits());
        if let Some(peer) = &addr.peer {
            assert_eq!(Family::of(peer), Family::of(&addr.addr.addr));
        }
    }
    for route in config.routes.iter() {
        match route.dev {
            RouteDev::Link(id) => link(id),
            RouteDev::Name(dev) => name(dev),
            RouteDev::Anywhere => {}
        }
        assert!(route.route.dst.len <= route.route.family().bits());
        assert_eq!(route.route.dst.network(), route.route.dst.addr);
    }
    for rule in config.name_rules.iter() {
        rule.name.map(name);
        assert!(matches!(rule.mac.as_bytes().len(), 0 | 6 | 20));
        assert!(rule.name.is_some() || rule.altnames.is_some() || rule.txqlen.is_some());
    }
    for (id, _) in config.links_with_ids() {
        for have in config.attrs_of(id) {
            if let Value::Text(kept) = have.value {
                assert!(!text(kept).is_empty(), "{have:?}");
            }
            let kind = have.attr.row().1;
            if let Value::Number(word) = have.value
                && !kind.words().0.is_empty()
            {
                assert!(!kind.word(word).0.is_empty(), "{have:?}");
            }
        }
    }
    for rule in config.rules.iter() {
        if let RouteDev::Link(id) = rule.dev {
            link(id);
        }
        let more = rule.route.more.expect("a text");
        assert!(!text(more.text).is_empty());
        let mut list = attrs(text(more.attrs));
        list.by_ref().for_each(drop);
        assert!(list.rest().is_empty(), "{:?}", shown(text(more.attrs)));
    }
    for server in config.servers.iter() {
        server.link.map(link);
    }
    for search in config.search.iter() {
        search.link.map(link);
        assert!(
            scalar::is_domain(text(search.domain)),
            "{:?}",
            shown(text(search.domain))
        );
    }
    for file in config.files.iter() {
        assert!(text(*file).starts_with(b"ifcfg-eth"));
    }
    config.global.bootdev.map(link);
    config.global.hostname.map(hostname);
    config.global.gateway_dev.map(name);
}

/// Puts options into a bond, a port or whatever `scope` is about; what was kept is kept again as it is.
pub fn options(scope: Scope, options: &[&[u8]]) {
    let mut machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let config = &mut machine.engine().config;
    config.clear();
    let file = config.add_file(b"ifcfg-eth0").unwrap_or(FileId(0));
    let (sink, text) = (&mut Ear { goes_on: true }, options.concat());
    let mut cx = Context::new(config, sink, file, b"ifcfg-eth0", &text);
    let eth0 = IfName::new(b"eth0").expect("a name");
    let Ok(id) = cx.link_named(&eth0, SourceKind::Ifcfg, Origin::NONE) else {
        return;
    };
    for option in options {
        let name = option
            .split(|octet| *octet == b'=')
            .next()
            .unwrap_or_default();
        if cx.put_option(id, scope, option, Origin::NONE).is_err() {
            continue;
        }
        let attr = Attr::find(scope, name).expect("it was put");
        let kept = cx.config.attr_of(id, attr).map(|have| have.value);
        let shown = match (kept, attr.row().1) {
            (Some(Value::Number(word)), kind) if !kind.words().0.is_empty() => {
                kind.word(word).to_string().into_bytes()
            }
            (Some(Value::Number(number)), _) => number.to_string().into_bytes(),
            (Some(Value::Text(text)), _) => cx.config.text(text).to_vec(),
            (None, _) => panic!("it is not there"),
        };
        cx.put_attr(id, scope, name, &shown, Origin::NONE)
            .expect("it is canonical");
        assert_eq!(cx.config.attr_of(id, attr).map(|have| have.value), kept);
    }
    if scope == Scope::Bond {
        cx.settle_bond(id);
    }
    is_sound(config);
}

/// Options of a link of a kind, or of a port of one: what is written is whole, and no difference to itself; what the
/// kernel shows may be anything.
pub fn link_info(kind: LinkKind, is_port: bool, have: &[u8], lines: &[&[u8]]) {
    let mut machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut engine = machine.engine();
    engine.config.clear();
    engine.observed.clear();
    let eth0 = IfName::new(b"eth0").expect("a name");
    let _ = engine.observed.links.push(Link::new(7, eth0));
    let config = &mut engine.config;
    let file = config.add_file(b"ifcfg-x").unwrap_or(FileId(0));
    let (sink, text) = (&mut Ear { goes_on: true }, lines.concat());
    let mut cx = Context::new(config, sink, file, b"ifcfg-x", &text);
    let name = IfName::new(b"x").expect("a name");
    let Ok(id) = cx.link_named(&name, SourceKind::Ifcfg, Origin::NONE) else {
        return;
    };
    let scope = match (kind.scope(), is_port) {
        (Scope::Bond, true) => Scope::BondPort,
        (_, true) => Scope::BridgePort,
        (scope, false) => scope,
    };
    for line in lines {
        // two names of one attribute, and a priority that is there twice, are what the later says
        let is_double =
            line.starts_with(b"num_unsol") || line.starts_with(b"group=") || line.contains(&b':');
        if !is_double
            || matches!(scope, Scope::Vxlan | Scope::Bridge | Scope::Tunnel)
                && !line.starts_with(b"group=")
        {
            let _ = cx.put_option(id, scope, line, Origin::NONE);
        }
    }
    if let Some(link) = cx.config.link_mut(id) {
        link.lower = Some(LinkMatch::Name(eth0));
    }
    let put = |pick, have: &[u8]| {
        let options = info::Options {
            config: &engine.config,
            observed: &engine.observed,
            id,
            ifindex: 1,
            lower: 7,
            kind,
            is_port,
            pick,
            have,
        };
        let mut to = Vec::<u8, { info::OCTETS }>::new();
        let differs = options.put(&mut to, &mut |_| {});
        for outer in attrs(&to) {
            let mut inner = attrs(outer.payload);
            inner.by_ref().for_each(drop);
            assert!(outer.kind & 1 != 0 || inner.rest().is_empty(), "cut");
        }
        assert!(to.len() < info::OCTETS - 64, "nearly full");
        (to, differs)
    };
    let (all, _) = put(Pick::All, &[]);
    let (_, none) = put(Pick::Differing, &all);
    assert_eq!((none.when, none.attr), (None, None));
    put(Pick::Joined, &[]);
    put(Pick::Differing, have);
    let (word, options) = if is_port { (4_u16, 5_u16) } else { (1, 2) };
    let mut shown = std::vec::Vec::new();
    for (kind, octets) in [(word, &b"bond"[..]), (options, have)] {
        shown.extend((octets.len() as u16 + 4).to_ne_bytes());
        shown.extend(kind.to_ne_bytes());
        shown.extend(octets);
        shown.resize(shown.len().next_multiple_of(4), 0);
    }
    put(Pick::Differing, &shown);
}

fn shown(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}
