//! DHCPv6 messages of servers, built by hand, and what they say, read the slow way.

use ifdawn::wire::ipv6::{HEADER, UDP, seal};
use std::net::Ipv6Addr;

/// DUID of the client of every seed.
pub const CLIENT: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 9];
/// DUID of the server of every seed.
pub const SERVER: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
/// IAID of every seed.
pub const IAID: [u8; 4] = [0, 0, 0, 9];

/// fd00:99::HOST.
pub fn addr(host: u8) -> [u8; 16] {
    let mut addr = [0; 16];
    [addr[0], addr[3], addr[15]] = [0xfd, 0x99, host];
    addr
}

/// An option.
pub fn option_of(code: u16, octets: &[u8]) -> Vec<u8> {
    let len = (octets.len() as u16).to_be_bytes();
    [&code.to_be_bytes()[..], &len, octets].concat()
}

/// An IA of this kind, with T1 and T2 of an hour's lease.
pub fn ia(code: u16, inner: &[u8]) -> Vec<u8> {
    option_of(
        code,
        &[&IAID[..], &[0, 0, 7, 8], &[0, 0, 11, 64], inner].concat(),
    )
}

/// An address of an hour.
pub fn iaaddr(host: u8, inner: &[u8]) -> Vec<u8> {
    let times = [0, 0, 14, 16, 0, 0, 14, 16];
    option_of(5, &[&addr(host)[..], &times, inner].concat())
}

/// A prefix of an hour.
pub fn iaprefix(len: u8) -> Vec<u8> {
    let times = [0, 0, 14, 16, 0, 0, 14, 16];
    option_of(26, &[&times[..], &[len], &addr(0)].concat())
}

/// The packet that carries a message from a server to a client.
pub fn packet(message: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; HEADER];
    packet.extend([2, 35, 2, 34]);
    packet.extend((message.len() as u16 + 8).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(message);
    let at = |host| Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host);
    seal(&mut packet, UDP, &at(1), &at(9));
    packet
}

/// All options of a code that a well-formed message has on its first level, or in an IA.
pub fn option(message: &[u8], code: u8) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut at = 4;
    while at + 4 <= message.len() {
        let len = usize::from(u16::from_be_bytes([message[at + 2], message[at + 3]]));
        if message[at..at + 2] == [0, code] {
            found.push(&message[at + 4..at + 4 + len]);
        }
        at += match message[at..at + 2] {
            [0, 3 | 25] => 16,
            _ => 4 + len,
        };
    }
    found
}

/// A message of a server with these options.
pub fn reply(message: u8, options: &[Vec<u8>]) -> Vec<u8> {
    let head = [
        vec![message, 1, 2, 3],
        option_of(1, &CLIENT),
        option_of(2, &SERVER),
    ];
    [head.concat(), options.concat()].concat()
}

/// Messages that have one of everything.
pub fn seeds() -> Vec<Vec<u8>> {
    let both = [ia(3, &iaaddr(7, &[])), ia(25, &iaprefix(56))];
    let ntp = [
        option_of(1, &addr(8)),
        option_of(2, &addr(9)),
        option_of(3, b"\x03ntp\x07example\0"),
    ];
    vec![
        reply(2, &both),
        reply(7, &both),
        reply(
            7,
            &[both.concat(), option_of(14, &[]), option_of(7, &[255])],
        ),
        reply(
            7,
            &[
                option_of(13, b"\x00\x00fine"),
                option_of(23, &[addr(1), addr(2)].concat()),
            ],
        ),
        reply(
            7,
            &[
                option_of(24, b"\x03lab\x04test\0\x01a\0"),
                option_of(31, &addr(3)),
            ],
        ),
        reply(
            7,
            &[option_of(32, &[0, 0, 7, 8]), option_of(39, b"\x01\x02vm")],
        ),
        reply(7, &[option_of(56, &ntp.concat())]),
        reply(
            7,
            &[
                option_of(59, b"tftp://[fd00::1]/a"),
                option_of(60, b"\x00\x01a\x00\x02bc"),
            ],
        ),
        reply(
            7,
            &[option_of(82, &[0, 0, 0, 60]), option_of(83, &[0, 1, 0, 0])],
        ),
        reply(
            2,
            &[
                ia(3, &option_of(13, b"\x00\x02no")),
                ia(25, &option_of(13, b"\x00\x06no")),
            ],
        ),
        reply(
            7,
            &[ia(
                3,
                &[iaaddr(1, &option_of(13, &[0, 1])), iaaddr(2, &[])].concat(),
            )],
        ),
        reply(
            7,
            &[ia(
                3,
                &(1..9)
                    .flat_map(|host| iaaddr(host, &[]))
                    .collect::<Vec<u8>>(),
            )],
        ),
        reply(7, &[option_of(13, &[0, 4])]),
        reply(10, &[option_of(19, &[5]), option_of(11, &[0; 28])]),
        vec![13, 0, 0, 0],
        vec![1, 1, 2, 3],
    ]
}
