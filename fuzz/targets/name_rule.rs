//! Rules of udev and `.link` files, several separated by an octet 255: see [`config::read`].
#![no_main]

use ifdawn::source::name_rule;
use ifdawn_fuzz::{config, sow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let files: Vec<&[u8]> = data.split(|octet| *octet == 255).collect();
    config::read(&files);
});

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = SEEDS.iter().map(|seed| seed.to_vec()).collect();
    for key in name_rule::KEYS {
        let name = key.name;
        for op in ["==", "=", "!=", "+="] {
            seeds.push(format!("u{name}{op}\"52:54:00:00:00:01\", NAME=\"lan0\"\n").into_bytes());
        }
        seeds.push(format!("l[Match]\n{name}=eth0\n[Link]\n{name}=lan0\n").into_bytes());
    }
    seeds
}

const SEEDS: &[&[u8]] = &[
    b"uSUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", ATTR{address}==\"52:54:00:00:00:01\", ATTR{dev_id}==\"0x0\", \
      ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"lan0\"\n# comment\n",
    b"uATTR{address}==\"52:54:00:00:00:01|52:54:00:00:00:02\", \\\n NAME:=\"lan0\"\nDRIVERS==\"e1000\", NAME=\"a\"\n",
    b"l[Match]\nMACAddress=52:54:00:00:00:01 52-54-00-00-00-02\nDriver=e1000 virtio*\n[Link]\nName=lan0\nMTUBytes=1400\n",
    b"l[Match]\nMACAddress=52:54:00:00:00:01 \\\n 52:54:00:00:00:02\n[Link]\nName=lan1\n[\n[Link]\nMTUBytes=2K\n",
    b"l; comment\n[Match]\nPermanentMACAddress=52:54:00:00:00:03\n[Link]\nMACAddress=52:54:00:00:00:04\nNamePolicy=path\n\
      \xffuATTR{address}==\"52:54:00:00:00:03\", NAME=\"lan1\"\n\xffcifname=lan2:52:54:00:00:00:03\n\xffiHWADDR=52:54:00:00:00:03\n",
];
