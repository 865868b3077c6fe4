//! The engine on a model of the kernel, with servers that say anything on two links: what they say never becomes an
//! address, a file or a line that it must not be, and two looks at one state change nothing the second time.
//!
//! ```text
//!  command line | more settings | operation | its octets | operation...
//! ```
#![no_main]

#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod support;

use ifdawn::diag::FileId;
use ifdawn::engine::{Engine, Instant, Packet};
use ifdawn::machine::Machine;
use ifdawn::model::config::Method;
use ifdawn::model::lease::{Field, Lease, Verdict, is_host};
use ifdawn::model::link::{IfName, Mac};
use ifdawn::model::statement::Statement;
use ifdawn::output::lease;
use ifdawn::proto::dhcpv4::{Client, State};
use ifdawn::source::{Context, cmdline};
use ifdawn::text::scalar;
use ifdawn::wire::arp::{self, Arp};
use ifdawn::wire::dhcpv4;
use ifdawn::wire::ipv4::Checksum;
use ifdawn_fuzz::{Input, message, sow};
use libfuzzer_sys::fuzz_target;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use support::host::FakeHost;
use support::kernel::Kernel;
use support::nouns::Link;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let input = &mut Input(data);
    let mut machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut engine = machine.engine();
    engine.clear();
    let mut scene = Scene::new(&mut engine, input);
    while !input.0.is_empty() && scene.host.now < 1 << 60 {
        scene.step(input);
    }
});

static MACHINE: Mutex<Machine<8, 16, 16, 64, 400, 8_192, 1_024, 16_384>> =
    Mutex::new(Machine::new());

const CMDLINES: &[&[u8]] = &[
    b"ip=dhcp",
    b"ip=eth0:dhcp ip=eth1:bootp",
    b"ip=single-dhcp rd.peerdns=0",
    b"ip=eth1:dhcp bootdev=eth1 netroot=dhcp",
    b"ip=192.0.2.5::192.0.2.1:24::eth0:none ip=eth1:dhcp:9000",
    b"ip=eth0:dhcp ip=eth1:auto6 nameserver=192.0.2.53",
];

const TAG: u16 = 0x1fda;
const START: u64 = 77_000_000_000;

struct Scene<'e, 'm> {
    engine: &'e mut Engine<'m>,
    host: FakeHost,
    text: &'static [u8],
    flags: u8,
}

impl<'e, 'm> Scene<'e, 'm> {
    fn new(engine: &'e mut Engine<'m>, input: &mut Input<'_>) -> Scene<'e, 'm> {
        let mut kernel = Kernel::new();
        for n in 0..2 {
            kernel.add_link(Link::new(&format!("eth{n}"), mac(n)));
        }
        let mut host = FakeHost::new(kernel);
        host.now = START;
        host.files
            .insert("hostname".to_owned(), b"localhost\n".to_vec());
        let mut scene = Scene {
            engine,
            host,
            text: input.choose(CMDLINES),
            flags: input.octet(),
        };
        scene.configure();
        scene
    }

    /// A new process.
    fn configure(&mut self) {
        let (engine, flags) = (&mut *self.engine, self.flags);
        engine.clear();
        let (config, sink) = (&mut engine.config, &mut self.host);
        let cx = &mut Context::new(config, sink, FileId(0), b"cmdline", self.text);
        cmdline::read(cx);
        cmdline::finish(cx);
        for link in engine.config.links.iter_mut() {
            link.dhcp4.probe_ms = if flags & 1 != 0 { 900 } else { 0 };
            link.dhcp4.bootp |= flags & 2 != 0;
            if flags & 4 != 0 {
                link.ipv4.required = false;
                link.ipv6.method = Method::Auto;
            }
        }
        engine.releases = flags & 8 != 0;
        engine.xid_tag = TAG;
        engine.seed = 0x2545_f491;
        engine.start(Instant(self.host.now));
        self.converge();
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let n = usize::from(input.octet());
        let ifindex = 2 + (n as u32 & 1);
        match n >> 1 & 7 {
            0 | 1 => {
                let said = self.packet(ifindex, input);
                self.hear(ifindex, &said);
            }
            2 => {
                let mut said = self.packet(ifindex, input);
                let octets = said.octets_mut();
                let at = usize::from(input.word()) % octets.len();
                let len = usize::from(input.octet() % 64);
                for (octet, other) in octets[at..].iter_mut().zip(input.octets(len)) {
                    *octet = *other;
                }
                self.hear(ifindex, &said);
            }
            3 => {
                let mut packet = [0; arp::MAX];
                let what = input.choose(&[Arp::Probe, Arp::Announcement]);
                let addr = [192, 0, 2, input.choose(&[5, 1, 9])];
                let from = Mac::new(&mac(input.octet())).expect("a MAC");
                let len = arp::build(what, &from, 1, addr.into(), &mut packet);
                let mut said = Lease::NONE;
                arp::read(&packet[..len], &mut said);
                self.hear(ifindex, &said);
            }
            4 => {
                let deadline = self.engine.attend(&mut self.host).0;
                if deadline < 1 << 60 {
                    self.host.now = self.host.now.max(deadline);
                }
                self.attend();
            }
            5 => {
                self.host.now += 1 << (input.octet() % 36);
                self.attend();
            }
            6 => {
                let mut links = self.host.kernel.tables.links.iter_mut();
                if let Some(link) = links.find(|link| link.ifindex == ifindex) {
                    link.carrier = input.octet() & 1 != 0;
                }
                self.converge();
            }
            _ => match input.octet() % 4 {
                0 => self.configure(),
                1 => {
                    let name = IfName::new(format!("eth{}", n & 1).as_bytes()).expect("a name");
                    self.engine
                        .down(&name, &mut self.host)
                        .expect("the kernel can be asked");
                    self.configure();
                }
                _ => self.converge(),
            },
        }
        if self.engine.look_again {
            self.converge();
        }
    }

    /// A reply that is meant for this link, with options of the input in it.
    fn packet(&self, ifindex: u32, input: &mut Input<'_>) -> Lease {
        let mut clients = self.engine.lessees.iter();
        let client = clients
            .find(|lessee| lessee.ifindex == ifindex)
            .map(|lessee| &lessee.client);
        let xid = client.map_or(0, Client::xid);
        let server = client
            .map(Client::server_id)
            .filter(|server| !server.is_unspecified());
        let kind = input.choose(&[2, 5, 6, 0]);
        let server = server.map_or(message::SERVER, |server| server.octets());
        let options: &[(u8, &[u8])] = &[
            (53, &[kind]),
            (54, &server),
            (51, &[0, 0, 0, 60]),
            (1, &[255, 255, 255, 0]),
            (80, &[]),
        ];
        let is_bootp = usize::from(kind == 0);
        let mut message = message::reply(&options[is_bootp..]);
        message[4..8].copy_from_slice(&xid.to_be_bytes());
        message[28..34].copy_from_slice(&mac(ifindex as u8 - 2));
        let len = usize::from(input.octet());
        let more = input.octets(len);
        message.splice(240..240, more.iter().copied());
        let mut said = Lease::NONE;
        dhcpv4::read(&message::packet(&message), Checksum::Complete, &mut said);
        said
    }

    fn hear(&mut self, ifindex: u32, said: &Lease) {
        let is_good = said.verdict() == Verdict::Fine && said.is_sound();
        let leases: Vec<_> = self
            .engine
            .lessees
            .iter()
            .map(|lessee| lessee.lease)
            .collect();
        let mut statement = Statement {
            lease: *said,
            ..Statement::NONE
        };
        self.engine.hear(ifindex, &mut statement, &mut self.host);
        if !is_good {
            let kept = self.engine.lessees.iter().map(|lessee| lessee.lease);
            assert!(kept.eq(leases), "what is not sound was taken");
        }
        self.attend();
    }

    fn attend(&mut self) {
        let until = self.engine.attend(&mut self.host);
        assert!(until.0 > self.host.now);
        for (_, what, _, packet) in self.host.frames.drain(..) {
            match what {
                Packet::Ipv6 => assert!((48..=1_500).contains(&packet.len())),
                Packet::Dhcp => assert!((328..=1_500).contains(&packet.len())),
                Packet::Probe | Packet::Announcement => assert_eq!(packet.len(), 28),
            }
        }
    }

    fn converge(&mut self) {
        let (engine, host) = (&mut *self.engine, &mut self.host);
        engine.converge(host).expect("the kernel can be asked");
        if !host.complaints.iter().any(|line| line.contains(": ip ")) && !engine.look_again {
            let changes = host.changes_in(|host| {
                engine.converge(host).expect("the kernel can be asked");
            });
            assert_eq!(changes, 0, "{:?} {:?}", host.sent, host.complaints);
        }
        self.attend();
        self.check();
    }

    fn check(&mut self) {
        let host = &mut self.host;
        for lessee in self
            .engine
            .lessees
            .iter()
            .filter(|lessee| lessee.client.has_lease())
        {
            assert_eq!(lessee.lease.addr(Field::Addr), lessee.client.addr());
        }
        for addr in &host.kernel.tables.addrs {
            let IpAddr::V4(local) = addr.local else {
                continue;
            };
            let is_leased = self.engine.lessees.iter().any(|lessee| {
                lessee.ifindex == addr.ifindex
                    && lessee.client.state() != State::Probing
                    && lessee.client.addr() == local
            });
            assert!(
                addr.ifindex == 1 || is_leased || local.octets() == [192, 0, 2, 5],
                "{addr:?}"
            );
            assert!(addr.ifindex == 1 || is_host(local), "{addr:?}");
        }
        for (name, octets) in &host.files {
            let is_plain = |octet: &u8| *octet == b'\n' || (b' '..=b'~').contains(octet);
            assert!(
                octets.iter().all(is_plain),
                "{name}: {}",
                octets.escape_ascii()
            );
            if let Some(link) = name.strip_prefix("lease-") {
                let ifindex = host.kernel.link(link).expect("a link").ifindex;
                let mut kept = Lease::NONE;
                let link = &IfName::new(link.as_bytes()).expect("a name");
                let began = lease::read(octets, link, ifindex, kept.any_mut());
                assert!(began.is_some(), "{name}");
            } else if name == "hostname" {
                assert!(scalar::is_hostname(octets.trim_ascii()));
            }
        }
        for line in host.complaints.iter().chain(&host.sent).chain(&host.news) {
            assert!(
                line.bytes().all(|octet| (b' '..=b'~').contains(&octet)),
                "{line:?}"
            );
        }
        host.complaints.clear();
        host.sent.clear();
        host.news.clear();
    }
}

fn mac(n: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, n]
}

/// Each command line with a lease on one link and then on both, and what may be said in it.
fn seeds() -> Vec<Vec<u8>> {
    let options: &[&[u8]] = &[
        b"",
        b"\x03\x04\xc0\x00\x02\x01\x06\x08\xc0\x00\x02\x01\xc6\x33\x64\x01\x0c\x03box\x0f\x0bexample.com",
        b"\x79\x14\x00\xc0\x00\x02\x09\x18\xc6\x33\x64\xc0\x00\x02\x07\x20\x0a\x00\x00\x01\x00\x00\x00\x00",
        b"\x1a\x02\x05\x78\x11\x0anbd:a:root\x77\x0a\x03eng\x04test\x00",
        b"\x6c\x04\x00\x00\x01\x2c\x43\x04boot\x2a\x04\xc0\x00\x02\x03",
    ];
    let mut seeds = Vec::new();
    for (n, options) in (0..).zip(options.iter().cycle().take(2 * CMDLINES.len())) {
        let mut seed = vec![n, n];
        for operation in [0, 0, 1, 1] {
            let kind = operation & 1;
            for kind in [kind, 1] {
                seed.extend([operation, kind, options.len() as u8]);
                seed.extend(*options);
            }
            seed.extend([14, 2]);
        }
        seed.extend([
            8, 8, 8, 10, 24, 6, 0, 7, 8, 12, 0, 12, 1, 0, 2, 0, 0, 8, 10, 30, 8, 14,
        ]);
        seeds.push(seed);
    }
    seeds
}
