//! What the firmware says of its NICs, and command lines, several separated by an octet 255: see
//! [`config::read`].
#![no_main]

use ifdawn_fuzz::{config, sow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let mut data = data.to_vec();
    // a sum that is right: what is behind it is what can go wrong
    if let [b'B', b'N', b'B', b'F', b'T', _, _, _, _, _, sum, ..] = &mut data[..] {
        *sum = 0;
        let all = data[1..].iter().fold(0_u8, |all, octet| all.wrapping_sub(*octet));
        data[10] = all;
        config::read(&[&data]);
        return;
    }
    let files: Vec<&[u8]> = data.split(|octet| *octet == 255).collect();
    config::read(&files);
});

/// A table with one interface, whose sum is not right yet.
fn table(vlan: u8, origin: u8, mapped: &[u8; 12]) -> Vec<u8> {
    let mut octets = vec![0; 160 + 32 + 8 + 128];
    octets[..4].copy_from_slice(b"NBFT");
    let len = octets.len() as u16;
    octets[4..6].copy_from_slice(&len.to_le_bytes());
    octets[80] = 160;
    octets[84..88].copy_from_slice(&[32, 0, 1, 1]);
    octets[160..164].copy_from_slice(&[3, 1, 1, 3]);
    octets[176] = 200;
    octets[180] = 128;
    octets[192..196].copy_from_slice(b"host");
    let info = &mut octets[200..];
    info[11..17].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
    (info[17], info[19]) = (vlan, origin);
    for at in [20, 37, 56, 72] {
        info[at..at + 12].copy_from_slice(mapped);
        info[at + 12..at + 16].copy_from_slice(&[192, 0, 2, 5]);
    }
    info[36] = 24;
    info[104] = 192;
    info[108] = 4;
    [b"B", &octets[..]].concat()
}

fn seeds() -> Vec<Vec<u8>> {
    let v4 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
    let mut seeds: Vec<_> = SEEDS.iter().map(|seed| seed.to_vec()).collect();
    seeds.extend([table(0, 1, &v4), table(5, 1, &v4), table(0, 3, &[0x20; 12])]);
    seeds
}

const SEEDS: &[&[u8]] = &[
    b"fmac=02:00:00:00:00:01\xfeip-addr=192.0.2.5\n\xfeprefix-len=24\xfegateway=192.0.2.1\xfeprimary-dns=192.0.2.53\xfe\
      secondary-dns=192.0.2.54\xfeorigin=1\xfevlan=0\xfehostname=box.example",
    b"fmac=02:00:00:00:00:01\xfeip-addr=fd00::5\xfesubnet-mask=255.255.255.255\xfeorigin=4\xfedhcp=fd00::1\xfevlan=666",
    b"fmac=02:00:00:00:00:01\xfeorigin=3\xfevlan=7\xfffmac=02:00:00:00:00:01\xfeip-addr=192.0.2.7\xfevlan=8",
    b"fbootpath=/ethernet:speed=10,dhcp,192.0.2.1,file,192.0.2.5,192.0.2.1,5,5,255.255.000.000,512\0\xfe\
      local-mac-address=\x02\0\0\0\0\x01\xfeclient-name=box\0",
    b"fclient-ip=\xc0\0\x02\x05\xfegateway-ip=\xc0\0\x02\x01\xfenetmask-ip=\xf0\0\0\0\xfebootp-response=x\xfebootpath=/e",
    b"cip=192.0.2.5 netmask=24 gateway=192.0.2.1 mtu=1400 ksdevice=eth1\xffcBOOTIF=01-02-00-00-00-00-01",
    b"cbond=b:eth0,eth1:mode=1,primary=eth0:9000 vlan=b.5:b ip=b.5:dhcp ip6=eth2 bridge=br:b team=t:eth3:lacp",
];
