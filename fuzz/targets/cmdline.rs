//! Kernel command lines, several separated by an octet 255.
#![no_main]

use ifdawn::source::cmdline;
use ifdawn_fuzz::{config, sow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let lines: Vec<Vec<u8>> = data.split(|octet| *octet == 255).map(|line| [b"c", line].concat()).collect();
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    config::read(&lines);
});

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = SEEDS.iter().map(|seed| seed.to_vec()).collect();
    seeds.extend(config::assigned(cmdline::KEYS).map(String::into_bytes));
    seeds
}

const SEEDS: &[&[u8]] = &[
    b"ip=dhcp rd.neednet=1 netroot=dhcp",
    b"ip=192.0.2.5::192.0.2.1:255.255.255.0:box:eth0:none:192.0.2.53:192.0.2.54",
    b"ip=[fd00::5]::[fd00::1]:64:box:eth0:none ip=eth1:auto6:9000:02-00-00-00-00-07",
    b"ip=eth0:dhcp ip=eth1:single-dhcp ip=eth2:bootp bootdev=eth1 nameserver=192.0.2.53 nameserver=fd00::53",
    b"ifname=lan0:02:00:00:00:00:01 ifname=lan1:02:00:00:00:00:02 BOOTIF=01-02-00-00-00-00-01 rd.bootif=0",
    b"rd.route=198.51.100.0/24:192.0.2.1:eth0 rd.route=[fd01::]/64:[fd00::1] rd.peerdns=0",
    b"rd.net.dhcp.client-id=eth0:01:02:03 rd.net.dhcp.vendor-class=\"a b\" rd.net.dhcp.retry=3",
    b"rd.net.timeout.dhcp=30 rd.net.timeout.carrier=5 rd.net.timeout.ifup=20 ifdawn.jail=off root=dhcp",
    b"vlan=eth0.5:eth0 bond=bond0:eth0,eth1 team=t:eth0 bridge=br0:eth0 rd.znet=qeth ip=ibft",
    b"root=\"quo ted\" quiet -- init\xffip=eth0:dhcp\nip=eth0:static",
];
