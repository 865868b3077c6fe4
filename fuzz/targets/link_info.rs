//! Options of links as the kernel has them: the first octet says of which kind, the second how many of those that
//! follow are what the kernel shows, the rest are options, one a line. See [`config::link_info`].
#![no_main]

use ifdawn::model::attr::{ATTRS, Scope};
use ifdawn::model::link::LinkKind;
use ifdawn_fuzz::{Input, config, sow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let mut input = Input(data);
    let (kind, is_port) = input.choose(KINDS);
    let len = input.octet().into();
    let have = input.octets(len);
    let lines: Vec<&[u8]> = input.0.split(|octet| *octet == b'\n').collect();
    config::link_info(kind, is_port, have, &lines);
});

/// Kinds of links, and whether a port of one is meant.
const KINDS: &[(LinkKind, bool)] = &[
    (LinkKind::Infiniband, false),
    (LinkKind::Vlan, false),
    (LinkKind::Bond, false),
    (LinkKind::Bond, true),
    (LinkKind::Bridge, false),
    (LinkKind::Bridge, true),
    (LinkKind::Dummy, false),
    (LinkKind::Macvlan, false),
    (LinkKind::Ipvlan, false),
    (LinkKind::Vrf, false),
    (LinkKind::Vxlan, false),
    (LinkKind::Veth, false),
    (LinkKind::Ipip, false),
    (LinkKind::Gre, false),
    (LinkKind::Gretap, false),
    (LinkKind::Sit, false),
    (LinkKind::Ip6tnl, false),
    (LinkKind::Ip6gre, false),
];

/// Of each kind all its options, with a value that is one of most of them, and what the kernel shows of little.
fn seeds() -> Vec<Vec<u8>> {
    let of = |(n, (kind, is_port)): (usize, &(LinkKind, bool))| {
        let scope = match (kind.scope(), is_port) {
            (Scope::Bond, true) => Scope::BondPort,
            (Scope::Bridge, true) => Scope::BridgePort,
            (scope, _) => scope,
        };
        let values = "1 eth0 02:00:00:00:00:01 192.0.2.1,192.0.2.2 fd00::1;fd00::2 0:1,2:3";
        let names = ATTRS.iter().filter(|row| row.0 == scope);
        let lines = names.flat_map(|row| {
            values
                .split(' ')
                .map(|value| format!("{}={value}\n", row.1))
        });
        let number = if *is_port { 5 } else { 2 };
        let have = [12, 0, number, 0, 8, 0, 3, 0, 100, 0, 0, 0];
        [
            &[n as u8, have.len() as u8],
            &have[..],
            lines.collect::<String>().as_bytes(),
        ]
        .concat()
    };
    KINDS.iter().enumerate().map(of).collect()
}
