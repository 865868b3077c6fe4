//! Datagrams of the kernel. What is decoded can be asked for, and what is asked for decodes.
#![no_main]

use ifdawn::model::desired::What;
use ifdawn::wire::netlink::{Writer, attrs, messages};
use ifdawn::wire::rtnetlink::{
    RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE, Verb, change, decode, get, link, route,
};
use ifdawn_fuzz::sow;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    for message in messages(data) {
        message.outcome();
        let payload = message.payload;
        link::decode(payload);
        link::altnames(payload).for_each(drop);
        route::nexthops(payload).for_each(drop);
        for what in [What::Addr, What::Route, What::Rule] {
            let mut ours = payload.get(route::HEADER..).unwrap_or_default().to_vec();
            route::has_more(what, payload, &mut ours, true);
        }
        for attr in attrs(payload) {
            attrs(attr.payload).for_each(drop);
        }
        let mut cleared = payload.to_vec();
        route::clear_flags(&mut cleared);
        let once = cleared.clone();
        route::clear_flags(&mut cleared);
        assert_eq!(cleared, once);
        for what in [What::Addr, What::Route, What::Rule] {
            if let Some(seen) = decode(what, payload) {
                for verb in [Verb::Add, Verb::Replace, Verb::Delete] {
                    let buffer = &mut [0xa5; 512];
                    let w = &mut Writer::new(buffer);
                    change(w, 1, verb, &seen.thing, &[]).expect("room");
                    let mut asked = messages(w.written());
                    let message = asked.next().expect("a message");
                    assert_eq!((message.seq, asked.next()), (1, None));
                    let again = decode(what, message.payload).expect("it decodes");
                    assert_eq!(again.thing.what, seen.thing.what);
                    assert_eq!(again.thing.oif(), seen.thing.oif());
                    if what == What::Route {
                        assert_eq!(again.thing.route.via, seen.thing.route.via);
                    }
                }
            }
        }
    }
});

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let attr = |kind: u16, payload: &[u8]| {
        let mut octets = (payload.len() as u16 + 4).to_ne_bytes().to_vec();
        octets.extend(kind.to_ne_bytes());
        octets.extend(payload);
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    };
    let mut said = |kind: u16, flags: u16, parts: &[&[u8]]| {
        let payload = parts.concat();
        let mut octets = (payload.len() as u32 + 16).to_ne_bytes().to_vec();
        octets.extend(kind.to_ne_bytes());
        octets.extend(flags.to_ne_bytes());
        octets.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        octets.extend(payload);
        seeds.push(octets);
    };
    let eth0 = [0, 0, 1, 0, 2, 0, 0, 0, 0x43, 0x10, 1, 0, 0, 0, 0, 0];
    let kind = attr(1, b"veth\0");
    let names = attr(53, b"enp1s0\0");
    said(
        16,
        2,
        &[
            &eth0,
            &attr(3, b"eth0\0"),
            &attr(1, &[2, 0, 0, 0, 0, 1]),
            &attr(2, &[255; 6]),
            &attr(4, &1_500_u32.to_ne_bytes()),
            &attr(18, &kind),
            &attr(52, &names),
        ],
    );
    let addr = [192, 0, 2, 5];
    said(
        20,
        2,
        &[
            &[2, 24, 0, 0, 2, 0, 0, 0],
            &attr(1, &addr),
            &attr(2, &addr),
            &attr(4, &[192, 0, 2, 255]),
        ],
    );
    said(
        20,
        2,
        &[
            &[10, 64, 0, 0, 2, 0, 0, 0],
            &attr(1, &[0xfd; 16]),
            &attr(8, &[0x80, 0, 0, 0]),
        ],
    );
    let default = [2, 0, 0, 0, 254, 16, 0, 1, 0, 0, 0, 0];
    said(
        24,
        2,
        &[
            &default,
            &attr(15, &[254, 0, 0, 0]),
            &attr(5, &addr),
            &attr(4, &[2, 0, 0, 0]),
            &attr(6, &[9, 0, 0, 0]),
        ],
    );
    let hop = [&[16, 0, 4, 0, 2, 0, 0, 0][..], &attr(5, &addr)].concat();
    said(24, 2, &[&default, &attr(9, &hop.repeat(2))]);
    let via = [&10_u16.to_ne_bytes()[..], &[0xfe; 16]].concat();
    said(
        24,
        2,
        &[
            &[2, 24, 0, 0, 254, 16, 0, 1, 0, 0, 0, 0],
            &attr(1, &[192, 0, 2, 0]),
            &attr(18, &via),
        ],
    );
    said(
        2,
        0x300,
        &[&(-22_i32).to_ne_bytes(), &[0; 16], &attr(1, b"no\0")],
    );
    said(3, 2, &[&[0; 4]]);
    for kind in [RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE] {
        let buffer = &mut [0; 128];
        let w = &mut Writer::new(buffer);
        get(w, 1, kind, 254).expect("room");
        seeds.push(w.written().to_vec());
    }
    seeds.push(seeds.concat());
    seeds
}
