//! Configuration files of several kinds, separated by an octet 255: see [`config::read`].
#![no_main]

use ifdawn::source::{ifcfg_keys, sysconfig};
use ifdawn_fuzz::{config, sow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let files: Vec<&[u8]> = data.split(|octet| *octet == 255).collect();
    config::read(&files);
});

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = SEEDS.iter().map(|seed| seed.to_vec()).collect();
    let of = |line: String| format!("iBOOTPROTO=dhcp\n{line}\n").into_bytes();
    seeds.extend(config::assigned(ifcfg_keys::KEYS).map(of));
    let of = |line: String| format!("n{line}\n").into_bytes();
    seeds.extend(config::assigned(sysconfig::KEYS).map(of));
    seeds
}

const SEEDS: &[&[u8]] = &[
    b"iDEVICE=eth0\nONBOOT=yes\nBOOTPROTO=static\nIPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nDNS1=192.0.2.53\n\
      DOMAIN=\"example.com example.org\"\nMTU=1400\n\xffr198.51.100.0/24 via 192.0.2.7 metric 5\ndefault via 192.0.2.1\n",
    b"nNETWORKING=yes\nHOSTNAME=box.example\nGATEWAY=192.0.2.1\nGATEWAYDEV=eth1\nIPV6INIT=no\n\
      \xffiBOOTPROTO=dhcp\nDHCP_HOSTNAME=box\nDHCP_CLIENT_ID=01:02:03\nDHCP_VENDOR_CLASS_IDENTIFIER='a b'\n",
    b"iIPADDR0=192.0.2.5\nNETMASK0=255.255.255.0\nIPADDR1=198.51.100.5\nPREFIX1=32\nSCOPE=\"peer 192.0.2.9\"\nBROADCAST=192.0.2.255\n\
      \xffrADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nGATEWAY0=192.0.2.1\nMETRIC0=7\nOPTIONS0=\"onlink\"\n",
    b"iIPV6INIT=yes\nIPV6ADDR=fd00::5/64\nIPV6ADDR_SECONDARIES=\"fd00::6/64 fd00::7\"\nIPV6_DEFAULTGW=fd00::1%eth0\n\
      IPV6_AUTOCONF=no\n\xff6fd01::/64 via fd00::1 dev eth0 src fd00::5\nblackhole fd02::/32\n",
    b"iHWADDR=02:00:00:00:00:01\nMACADDR='02:00:00:00:00:02'\nTYPE=Ethernet\nNAME=$'a\\x41\\n'\nDEVICE=lan0\nARPCHECK=no\n\
      ARPING_WAIT=2\nACD_TIMEOUT=3\nIPV4_FAILURE_FATAL=yes\nMETRIC=5\nDEFROUTE=no\nPEERDNS=no\n",
    b"iBOOTPROTO=bootp\nDEVICE=\"et\"'h'0\\\n\nBOOTPROTO=none # x\nexport FOO=$(reboot)\nUSERCTL=no;ONBOOT=no\n",
    b"iTYPE=Bond\nBONDING_OPTS='mode=4 miimon=100 arp_interval=9 arp_ip_target=+192.0.2.1 lacp_rate=fast'\n\xff\
      iMASTER=bond0\nSLAVE=yes\nDEVICE=eth1\nBOND_PORT_QUEUE_ID=3\nETHTOOL_OPTS='-K x tso off; -G x rx 1; wol g'\n",
    b"iVLAN=yes\nDEVICE=eth0.5\nVLAN_FLAGS='GVRP,NO_REORDER_HDR'\nVLAN_EGRESS_PRIORITY_MAP=0:1\nPHYSDEV=eth9\nVID=7\n\
      \xffaIPADDR=192.0.2.9\nGATEWAY=192.0.2.1\nIPV6ADDR=fd00::9\n",
    b"iDEVICE=eth0\nIPADDR=192.0.2.5\nPREFIX=24\n\xffgIPADDR_START=192.0.2.9\nIPADDR_END=192.0.2.12\nCLONENUM_START=4294967295\n",
    b"iTYPE=GRE\nMY_OUTER_IPADDR=192.0.2.1\nPEER_OUTER_IPADDR=192.0.2.2\nMY_INNER_IPADDR=10.0.0.1\nPEER_INNER_IPADDR=10.0.0.2/30\n\
      TTL=inherit\n\xffiPKEY=yes\nPHYSDEV=ib0\nPKEY_ID=0x8004\nDEVICE=ib0.1\n\xffiTEAM_CONFIG='{\"runner\":{\"name\":\"lacp\"}}'\n",
    b"iTYPE=Bridge\n\xffiDEVICE=lo\n\xffiVLAN=yes\nDEVICE=eth0.5\n\xffcip=eth0:dhcp\xffiDEVICE=eth0\nBOOTPROTO=static\n",
];
