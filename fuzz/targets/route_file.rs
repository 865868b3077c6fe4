//! Files of routes and rules, of static routes and of names of tables: what is read is written to owned-IF, and
//! read from there again.
#![no_main]

use ifdawn::source::Key;
use ifdawn_fuzz::{config, sow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let files: Vec<&[u8]> = data.split(|octet| *octet == 0).collect();
    config::read(&files);
});

/// Every word with arguments of every sort, in a file of each kind.
fn seeds() -> Vec<Vec<u8>> {
    const ARGUMENTS: &[&str] = &[
        "5",
        "0x10/0xff",
        "1-7",
        "10.0.0.0/8",
        "fe80::1",
        "eth0",
        "lock 1400",
        "20ms",
        "ecn",
        "main",
    ];
    let mut seeds = Vec::new();
    let kinds = [
        ("r", "10.0.0.0/8"),
        ("6", "fd00::/8"),
        ("p", ""),
        ("P", ""),
        ("s", "any net 10.0.0.0"),
    ];
    for (kind, start) in kinds {
        for Key { name, .. } in ifdawn::source::route_file::WORDS {
            let lines = ARGUMENTS
                .iter()
                .map(|argument| format!("{start} {name} {argument}\n"));
            seeds.push(format!("{kind}{}", lines.collect::<String>()).into_bytes());
        }
    }
    let others: &[&str] = &[
        "t100 mine\n0x64 other # x\n\0r10/8 table mine nexthop via 10.0.0.1 dev a weight 2 nexthop via inet6 fe80::1 onlink\n",
        "6::/0 nexthop via fe80::1 dev a nexthop via fe80::2 dev b\nfd00::/8 from fd01::/16 pref high expires 5\n",
        "pfrom 10/8 to 11/8 not fwmark 1/3 iif a oif b ipproto tcp sport 1-2 dport 3 uidrange 0-1 table 5 pref 9\n",
        "Seth0 fd00::/8 fe80::1\n",
        "iWINDOW=5\nIPADDR=192.0.2.5\n\0pfwmark 1\n\0rlocal 10.0.0.1\n",
    ];
    seeds.extend(others.iter().map(|text| text.as_bytes().to_vec()));
    seeds
}
