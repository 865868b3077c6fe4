//! What a client says.

use super::{CHADDR, COOKIE, DISCOVER, END, HEADER, MESSAGE_MAX, REQUEST};
use crate::model::link::Mac;
use crate::text::parts;
use crate::wire::ipv4::{self, HEADERS, Writer};
use core::net::Ipv4Addr;

/// Whether something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It is not.
    No,
    /// It is.
    Yes,
}

/// A message of a client. Which of the optional fields go with which message is the caller's to know (RFC
/// 2131 table 5), but for what only questions may carry: `secs`, `flags`, names and classes, and the
/// parameters asked for stand in DISCOVER and REQUEST alone, rapid commit (RFC 4039) in DISCOVER.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What it is (option 53).
    pub message: u8,
    /// `htype`, a number of ARP.
    pub arphrd: u16,
    /// `chaddr`. One of more than 16 octets, as InfiniBand has, is not sent, and the reply broadcast to a
    /// client without `ciaddr` (RFC 4390).
    pub mac: &'a Mac,
    /// `xid`.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// Whether the reply is to be broadcast.
    pub broadcast: Wanted,
    /// The address the client has, and answers for.
    pub ciaddr: Ipv4Addr,
    /// The address it would have (option 50); unspecified for none.
    pub requested: Ipv4Addr,
    /// The server it speaks to (option 54); unspecified for none.
    pub server: Ipv4Addr,
    /// Host name (option 12); empty for none, as with those that follow.
    pub hostname: &'a [u8],
    /// Client identifier with its type (option 61). Where it is empty, `htype` and the MAC, of InfiniBand its
    /// last 8 octets, the port's GUID: NetworkManager sends the same, and gets the same lease.
    pub client_id: &'a [u8],
    /// Vendor class (option 60).
    pub vendor_class: &'a [u8],
    /// User class (option 77): one instance of RFC 3004.
    pub user_class: &'a [u8],
    /// Whether a network without IPv4 may say so (RFC 8925).
    pub v6_only: Wanted,
    /// Type of service of the packet.
    pub tos: u8,
}

impl<'a> Request<'a> {
    /// A message of a client that says nothing of itself.
    pub fn new(message: u8, arphrd: u16, mac: &'a Mac) -> Request<'a> {
        Request {
            message,
            arphrd,
            mac,
            xid: 0,
            secs: 0,
            broadcast: Wanted::No,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            requested: Ipv4Addr::UNSPECIFIED,
            server: Ipv4Addr::UNSPECIFIED,
            hostname: &[],
            client_id: &[],
            vendor_class: &[],
            user_class: &[],
            v6_only: Wanted::No,
            tos: ipv4::CS6,
        }
    }
}

/// Writes the packet, from nobody to everybody, and returns its length. What is sent by other means stands
/// behind the headers ([`HEADERS`]). 0 if something does not fit.
#[inline(never)]
pub fn build(request: &Request<'_>, packet: &mut [u8]) -> usize {
    let mut w = Writer::new(packet);
    let is_question = matches!(request.message, DISCOVER..=REQUEST);
    let mac = request.mac.as_bytes();
    let (mut chaddr, mut id) = (mac, mac);
    if mac.len() > CHADDR {
        (chaddr, id) = (&[], parts::slice(mac, GUID, usize::MAX));
    }
    let [_, htype] = request.arphrd.to_be_bytes();
    let needs_broadcast = request.broadcast == Wanted::Yes || chaddr.is_empty();
    let (op, hlen) = (BOOTREQUEST, chaddr.len() as u8);
    let [x0, x1, x2, x3] = request.xid.to_be_bytes();
    let [c0, c1, c2, c3] = request.ciaddr.octets();
    let mut start = [
        op, htype, hlen, 0, x0, x1, x2, x3, 0, 0, 0, 0, c0, c1, c2, c3,
    ];
    if is_question {
        let [_, _, _, _, _, _, _, _, s0, s1, flags, ..] = &mut start;
        [*s0, *s1] = request.secs.to_be_bytes();
        if needs_broadcast && request.ciaddr.is_unspecified() {
            *flags = BROADCAST;
        }
    }
    w.at(HEADERS, &start);
    w.at(HEADERS + 28, chaddr);
    let [k0, k1, k2, k3] = COOKIE;
    w.at(
        HEADERS + HEADER,
        &[k0, k1, k2, k3, MESSAGE, 1, request.message],
    );
    let (head, id) = match request.client_id {
        [] => (Some(htype), id),
        id => (None, id),
    };
    w.headed(CLIENT_ID, head, id);
    w.addr(REQUESTED, request.requested);
    w.addr(SERVER, request.server);
    if is_question {
        w.option(HOSTNAME, request.hostname);
        w.option(VENDOR_CLASS, request.vendor_class);
        let class = request.user_class;
        w.headed(USER_CLASS, Some(class.len() as u8), class);
        let [size @ .., _, _] = &SIZE_AND_RAPID_COMMIT;
        w.octets(match request.message {
            DISCOVER => &SIZE_AND_RAPID_COMMIT,
            _ => size,
        });
        let asked = match request.v6_only {
            Wanted::Yes => PARAMETERS,
            Wanted::No => PARAMETERS.split_last().map_or(PARAMETERS, |(_, list)| list),
        };
        w.option(PARAMETER_LIST, asked);
    }
    w.octets(&[END]);

    let len = w.len.max(HEADERS + BOOTP);
    let Some(packet) = packet.get_mut(..len) else {
        return 0;
    };
    ipv4::seal(
        packet,
        request.tos,
        Ipv4Addr::UNSPECIFIED,
        Ipv4Addr::BROADCAST,
    );
    len
}

impl Writer<'_> {
    /// An option; none without `octets`.
    #[inline(never)]
    fn option(&mut self, code: u8, octets: &[u8]) {
        self.headed(code, None, octets);
    }

    /// An option of `head` and `octets`; none without `octets`. No option is split.
    #[inline(never)]
    fn headed(&mut self, code: u8, head: Option<u8>, octets: &[u8]) {
        let heads = usize::from(head.is_some());
        match u8::try_from(octets.len().saturating_add(heads)) {
            Ok(_) if octets.is_empty() => {}
            Ok(len) => {
                let start = [code, len, head.unwrap_or(0)];
                self.octets(parts::slice(&start, 0, heads.wrapping_add(2)));
                self.octets(octets);
            }
            Err(_) => self.len = usize::MAX,
        }
    }

    fn addr(&mut self, code: u8, addr: Ipv4Addr) {
        if !addr.is_unspecified() {
            self.option(code, &addr.octets());
        }
    }
}

/// Where the port's GUID begins in a MAC of InfiniBand.
const GUID: usize = 12;
/// How long a message we take (option 57), and rapid commit (option 80).
const SIZE_AND_RAPID_COMMIT: [u8; 6] = {
    let [high, low] = MESSAGE_MAX.to_be_bytes();
    [57, 2, high, low, 80, 0]
};

/// `op` of clients.
const BOOTREQUEST: u8 = 1;
/// The first bit of `flags`.
const BROADCAST: u8 = 0x80;
/// Least octets of a message: some relays and servers drop shorter ones (RFC 951, RFC 1542 s.2.1).
const BOOTP: usize = 300;

const HOSTNAME: u8 = 12;
const REQUESTED: u8 = 50;
const MESSAGE: u8 = 53;
const SERVER: u8 = 54;
const PARAMETER_LIST: u8 = 55;
const VENDOR_CLASS: u8 = 60;
const CLIENT_ID: u8 = 61;
const USER_CLASS: u8 = 77;

/// What is asked for, the most wanted first: servers that run out of room leave out what stands last. Routes
/// stand before routers (RFC 3442). The last one is asked for only where IPv4 can be done without.
const PARAMETERS: &[u8] = &[
    1, 121, 3, 6, 12, 15, 17, 26, 28, 33, 42, 51, 54, 58, 59, 66, 67, 119, 108,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::observed::{ARPHRD_ETHER, ARPHRD_INFINIBAND};
    use crate::testing::mac;
    use crate::wire::dhcpv4::{DECLINE, RELEASE};
    use std::vec;
    use std::vec::Vec;

    /// A message with everything that may be said.
    fn full<'a>(message: u8, mac: &'a Mac, arphrd: u16) -> Request<'a> {
        Request {
            message,
            arphrd,
            mac,
            xid: 0xdead_beef,
            secs: 0x0102,
            broadcast: Wanted::Yes,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            requested: Ipv4Addr::new(192, 0, 2, 7),
            server: Ipv4Addr::new(192, 0, 2, 1),
            hostname: b"a",
            client_id: &[],
            vendor_class: b"bc",
            user_class: b"def",
            v6_only: Wanted::Yes,
            tos: 0x80,
        }
    }

    /// The message built, whatever was in the buffer before.
    fn built(request: &Request<'_>) -> Vec<u8> {
        let mut packet = [0xa5; 1_500];
        let len = build(request, &mut packet);
        let mut clean = vec![0; len];
        assert_eq!(
            build(request, &mut clean),
            len,
            "the room it takes is enough"
        );
        assert_eq!(packet[..len], clean, "the fill shows");
        clean[HEADERS..].to_vec()
    }

    /// The options, without the padding of a short message.
    fn options(message: &[u8]) -> &[u8] {
        let options = &message[HEADER + 4..];
        let end = options.iter().rposition(|octet| *octet == END).unwrap();
        assert!(options[end + 1..].iter().all(|octet| *octet == 0));
        &options[..end]
    }

    #[test]
    fn a_question_may_say_everything() {
        let mac = mac(9);
        let message = built(&full(DISCOVER, &mac, ARPHRD_ETHER));
        let mut header = vec![1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 1, 2, 0x80, 0];
        header.extend([0; 16]);
        header.extend([2, 0, 0, 0, 0, 9]);
        header.resize(HEADER, 0);
        header.extend(COOKIE);
        assert_eq!(message[..HEADER + 4], header);
        let expected = [
            &[53, 1, 1, 61, 7, 1, 2, 0, 0, 0, 0, 9][..],
            &[50, 4, 192, 0, 2, 7, 54, 4, 192, 0, 2, 1],
            &[12, 1, b'a', 60, 2, b'b', b'c', 77, 4, 3, b'd', b'e', b'f'],
            &[57, 2, 5, 192, 80, 0, 55, 19],
            &[1, 121, 3, 6, 12, 15, 17, 26, 28, 33, 42, 51, 54, 58, 59],
            &[66, 67, 119, 108],
        ];
        assert_eq!(options(&message), expected.concat());
    }

    #[test]
    fn what_is_not_wanted_is_not_said() {
        let mac = mac(9);
        let message = built(&Request {
            broadcast: Wanted::No,
            requested: Ipv4Addr::UNSPECIFIED,
            server: Ipv4Addr::UNSPECIFIED,
            hostname: &[],
            client_id: &[0, 7],
            vendor_class: &[],
            user_class: &[],
            v6_only: Wanted::No,
            ..full(REQUEST, &mac, ARPHRD_ETHER)
        });
        assert_eq!(message.len(), 300);
        assert_eq!(message[8..12], [1, 2, 0, 0]);
        let expected = [
            &[53, 1, 3, 61, 2, 0, 7, 57, 2, 5, 192, 55, 18][..],
            &PARAMETERS[..18],
        ];
        assert_eq!(options(&message), expected.concat());
    }

    #[test]
    fn rapid_commit_goes_with_discover_only() {
        let mac = mac(9);
        for (message, has_it) in [(DISCOVER, true), (REQUEST, false)] {
            let message = built(&full(message, &mac, ARPHRD_ETHER));
            let options = options(&message);
            assert_eq!(options.windows(3).any(|w| w == [80, 0, 55]), has_it);
        }
    }

    /// RFC 2131 table 5: no list of parameters, no size, no names, no classes, no seconds, no flags.
    #[test]
    fn who_gives_back_asks_for_nothing() {
        let mac = mac(9);
        for message in [DECLINE, RELEASE] {
            let built = built(&Request {
                ciaddr: Ipv4Addr::new(192, 0, 2, 7),
                ..full(message, &mac, ARPHRD_ETHER)
            });
            assert_eq!(built[8..16], [0, 0, 0, 0, 192, 0, 2, 7]);
            let expected = [
                &[53, 1, message, 61, 7, 1, 2, 0, 0, 0, 0, 9][..],
                &[50, 4, 192, 0, 2, 7, 54, 4, 192, 0, 2, 1],
            ];
            assert_eq!(options(&built), expected.concat());
        }
    }

    #[test]
    fn infiniband_follows_rfc_4390() {
        let octets: Vec<u8> = (1..=20).collect();
        let mac = Mac::new(&octets).unwrap();
        let request = Request {
            broadcast: Wanted::No,
            ..full(DISCOVER, &mac, ARPHRD_INFINIBAND)
        };
        let message = built(&request);
        assert_eq!(message[..4], [1, 32, 0, 0]);
        assert_eq!(message[10..12], [0x80, 0]);
        assert_eq!(message[28..HEADER], [0; HEADER - 28]);
        let id = [61, 9, 32, 13, 14, 15, 16, 17, 18, 19, 20];
        assert_eq!(options(&message)[3..14], id);
        // Who answers for the address gets it by unicast.
        let message = built(&Request {
            ciaddr: Ipv4Addr::new(192, 0, 2, 7),
            ..request
        });
        assert_eq!(message[10..16], [0, 0, 192, 0, 2, 7]);
    }

    #[test]
    fn what_does_not_fit_is_not_begun() {
        let mac = mac(9);
        let request = full(DISCOVER, &mac, ARPHRD_ETHER);
        for len in 0..HEADERS + BOOTP {
            assert_eq!(build(&request, &mut vec![0xa5; len]), 0);
        }
        let long = [b'x'; 256];
        for (len, built_len) in [(254, 1), (255, 0), (256, 0)] {
            let request = Request {
                user_class: &long[..len],
                ..request
            };
            let len = build(&request, &mut [0; 1_500]);
            assert_eq!(len > 0, built_len == 1);
        }
        let request = Request {
            hostname: &long[..255],
            client_id: &long[..255],
            vendor_class: &long[..255],
            user_class: &long[..254],
            ..request
        };
        let whole = built(&request).len() + HEADERS;
        for len in 0..whole {
            assert_eq!(build(&request, &mut vec![0xa5; len]), 0, "{len}");
        }
        let too_long = Request {
            hostname: &long,
            ..request
        };
        assert_eq!(build(&too_long, &mut [0; 4_096]), 0);
    }
}
