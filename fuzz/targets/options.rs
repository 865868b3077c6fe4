//! Options of links, one a line: the first octet says of which kind. See [`config::options`].
#![no_main]

use ifdawn::model::attr::{ATTRS, Scope};
use ifdawn_fuzz::{config, sow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let Some(scope) = SCOPES.get(usize::from(*first) % SCOPES.len()) else {
        return;
    };
    let lines: Vec<&[u8]> = text.split(|octet| *octet == b'\n').collect();
    config::options(*scope, &lines);
});

const SCOPES: &[Scope] = &[
    Scope::Link,
    Scope::Vlan,
    Scope::Bond,
    Scope::BondPort,
    Scope::Bridge,
    Scope::BridgePort,
    Scope::Team,
    Scope::Ib,
    Scope::Tunnel,
    Scope::Macvlan,
    Scope::Vxlan,
    Scope::Vrf,
    Scope::Pair,
    Scope::Ethtool,
];

/// Every option with values of several forms.
fn seeds() -> Vec<Vec<u8>> {
    let of = |(scope, name, _): &(Scope, &str, &str)| {
        let first = SCOPES.iter().position(|of| of == scope).unwrap_or(0) as u8;
        let values =
            "1 yes 802.3ad eth0 02:00:00:00:00:01 192.0.2.1,192.0.2.2 fd00::1;fd00::2 0:1,2:3";
        let line = |value| format!("{name}={value}\n").into_bytes();
        let lines = values.split(' ').flat_map(line);
        [first].into_iter().chain(lines).collect()
    };
    ATTRS.iter().map(of).collect()
}
