//! Kinds and options of links: the table of `model::attr` against the kernel's header, what is written of it octet by
//! octet, what is compared, and all of it on the kernel of this machine, in a network namespace of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

#[cfg(test)]
#[path = "support/real_kernel.rs"]
mod real_kernel;

use ifdawn::diag::Origin;
use ifdawn::engine::Engine;
use ifdawn::machine::Machine;
use ifdawn::model::attr::{ATTRS, Attr, Form, Kind, Place, Scope, Value, When};
use ifdawn::model::config::{LinkConfig, LinkId, LinkMatch, SourceKind};
use ifdawn::model::link::{IfName, LinkKind, Mac};
use ifdawn::model::observed::Link;
use ifdawn::wire::netlink::{Writer, attr_in};
use ifdawn::wire::rtnetlink::info::{self, Differs, Part, Pick};
use ifdawn::wire::rtnetlink::link::{self, Made};
use real_kernel::Namespace;

type Small = Machine<4, 8, 4, 64, 8, 64, 16, 4096>;

const LINK: LinkId = LinkId::new(0);

fn name(text: &str) -> IfName {
    IfName::new(text.as_bytes()).unwrap()
}

/// A value in its canonical form.
fn value(engine: &mut Engine<'_>, attr: Attr, text: &str) -> Value {
    let kind = attr.row().1;
    if kind >= Kind::Name {
        return Value::Text(engine.config.keep_same(text.as_bytes()).unwrap());
    }
    let word = kind.words().position(text.as_bytes());
    Value::Number(word.map_or_else(|| text.parse().unwrap(), |word| word as u32))
}

/// Whose options: those of a link, or of a port.
fn scope(part: Part) -> Scope {
    match part {
        Part::Own(kind) => kind.scope(),
        Part::Port(LinkKind::Bond) => Scope::BondPort,
        Part::Port(_) => Scope::BridgePort,
    }
}

/// Does something with a configuration of one link, `x` on `lower0`, with these options: "name value name value".
/// The kernel has `lower0` as number 7, `port0` as 8.
fn with<R>(part: Part, options: &str, act: impl FnOnce(&Engine<'_>) -> R) -> R {
    let mut machine = Box::new(Small::new());
    let mut engine = machine.engine();
    let mut config = LinkConfig::new(LinkMatch::Name(name("x")), SourceKind::Ifcfg, Origin::NONE);
    config.lower = Some(LinkMatch::Name(name("lower0")));
    if let Part::Own(kind) = part {
        config.kind = kind;
    }
    assert_eq!(engine.config.add_link(&config), Some(LINK));
    let words: Vec<_> = options.split_whitespace().collect();
    for pair in words.chunks(2) {
        let attr = Attr::find(scope(part), pair[0].as_bytes());
        let attr = attr.unwrap_or_else(|| panic!("{}", pair[0]));
        let value = value(&mut engine, attr, pair[1]);
        engine
            .config
            .set_attr(LINK, attr, value, Origin::NONE)
            .unwrap();
    }
    for (number, text) in [(7, "lower0"), (8, "port0")] {
        engine
            .observed
            .links
            .push(Link::new(number, name(text)))
            .unwrap();
    }
    act(&engine)
}

/// What is written, and what was missing.
fn put(part: Part, options: &str, pick: Pick<'_>) -> (Vec<u8>, Differs) {
    with(part, options, |engine| {
        let mut to = heapless::Vec::<u8, { info::OCTETS }>::new();
        let differs = info::put(&mut to, &engine.config, LINK, part, pick, &engine.observed);
        (to.to_vec(), differs)
    })
}

/// What differs from `have`.
fn differs(part: Part, options: &str, have: &[u8]) -> Differs {
    with(part, options, |engine| {
        info::differs(&engine.config, LINK, part, have, &engine.observed)
    })
}

/// The request for such a link.
fn made(kind: LinkKind, options: &str, ifindex: u32, text: &str, lower: u32) -> Vec<u8> {
    let (info, _) = put(Part::Own(kind), options, Pick::All);
    let mut buffer = [0xa5; 2_048];
    let mut w = Writer::new(&mut buffer);
    let made = Made {
        ifindex,
        name: &name(text),
        lower,
        mac: &Mac::NONE,
        mtu: 0,
        info: &info,
    };
    link::make(&mut w, 1, &made).unwrap();
    w.acknowledge_last();
    w.written().to_vec()
}

fn changed(ifindex: u32, info: &[u8]) -> Vec<u8> {
    let mut buffer = [0xa5; 2_048];
    let mut w = Writer::new(&mut buffer);
    link::change(&mut w, 1, ifindex, info).unwrap();
    w.acknowledge_last();
    w.written().to_vec()
}

#[test]
fn this_kernel_makes_them() {
    let Some(mut kernel) = Namespace::new() else {
        return;
    };
    for (kind, options, text, index, lower) in [
        (
            LinkKind::Bridge,
            "stp 0 forward_delay 0 ageing_time 12345 priority 100 multicast_query_interval 12501 group_address 01:80:c2:00:00:05",
            "br0",
            900,
            0,
        ),
        (LinkKind::Veth, "peer v1", "v0", 910, 0),
        (LinkKind::Macvlan, "mode vepa", "mv0", 901, 900),
        (
            LinkKind::Vxlan,
            "id 5 port 4789 local 192.0.2.1 remote 192.0.2.2 ttl 9",
            "vx0",
            902,
            0,
        ),
        (
            LinkKind::Vxlan,
            "id 6 port 4789 local fd00::1 remote fd00::2",
            "vx1",
            903,
            0,
        ),
    ] {
        let request = made(kind, options, index, text, lower);
        assert_eq!(kernel.send(&request), "0", "{text}");
        let shown = kernel.link(index);
        let have = attr_in(&shown[16..], link::IFLA_LINKINFO).to_vec();
        let part = Part::Own(kind);
        println!(
            "{text} {:?}\n{}",
            differs(part, options, &have),
            kernel.run(&format!("ip -d -j link show {text}"))
        );
        assert_eq!(differs(part, options, &have), Differs::default(), "{text}");
    }
}
