//! What a client says.

use super::{
    CLIENT, IA_NA, IA_PD, IAADDR, IAPREFIX, INFORMATION_REQUEST, REBIND, RENEW, REQUEST, SERVER,
    SOLICIT,
};
use crate::model::duid::Duid;
use crate::model::lease6::LEASED_OCTETS;
use crate::text::parts;
use crate::wire::ipv4::Writer;
use crate::wire::ipv6;
use core::net::Ipv6Addr;

/// A message of a client. Which server and which IAs go with which message is the caller's to know (RFC 8415
/// s.18.2); what only questions may carry (names, classes, and the list of what is asked for) stands in no other,
/// and rapid commit in SOLICIT alone.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What it is: less than 32.
    pub message: u8,
    /// The link-local address it is sent from.
    pub src: Ipv6Addr,
    /// `transaction-id`: 24 bits.
    pub xid: u32,
    /// Hundredths of a second since the first message of the transaction.
    pub elapsed: u16,
    /// DUID of the client.
    pub duid: &'a Duid<'a>,
    /// DUID of the server it speaks to; empty for none.
    pub server: &'a [u8],
    /// IAID of both IAs.
    pub iaid: [u8; 4],
    /// The IA_NA, with these addresses ([`crate::model::lease6::leased`]); `None` for no IA_NA. One without anything
    /// stands in questions only.
    pub addrs: Option<&'a [u8]>,
    /// The IA_PD, with these prefixes, of which unspecified ones ask for their length; `None` for no IA_PD.
    pub prefixes: Option<&'a [u8]>,
    /// Host name (RFC 4704); empty for none, as with those that follow. One with a dot is fully qualified.
    pub fqdn: &'a [u8],
    /// Vendor class: of no enterprise, as that of DHCPv4 (IANA's Private Enterprise Number 0).
    pub vendor_class: &'a [u8],
    /// User class.
    pub user_class: &'a [u8],
}

impl<'a> Request<'a> {
    /// A message of a client that says nothing but who it is.
    pub fn new(message: u8, src: Ipv6Addr, duid: &'a Duid<'a>) -> Request<'a> {
        Request {
            message,
            src,
            xid: 0,
            elapsed: 0,
            duid,
            server: &[],
            iaid: [0; 4],
            addrs: None,
            prefixes: None,
            fqdn: &[],
            vendor_class: &[],
            user_class: &[],
        }
    }
}

/// Writes the packet, to all servers and relays of the link, and returns its length. 0 if something does not fit.
#[inline(never)]
pub fn build(request: &Request<'_>, packet: &mut [u8]) -> usize {
    let mut w = Writer::new(packet);
    let [_, x0, x1, x2] = request.xid.to_be_bytes();
    let ([c0, c1], [s0, s1]) = (CLIENT, SERVER);
    let message = request.message;
    w.at(
        ipv6::HEADER,
        &[c0, c1, s0, s1, 0, 0, 0, 0, message, x0, x1, x2],
    );
    w.long_option(CLIENT_ID, &request.duid.head, request.duid.id);
    w.long_option(SERVER_ID, &[], request.server);
    w.long_option(ELAPSED_TIME, &[], &request.elapsed.to_be_bytes());
    if message == SOLICIT {
        w.header(RAPID_COMMIT, 0);
    }
    let is_question = QUESTIONS.wrapping_shr(message.into()) & 1 != 0;
    w.ia(IA_NA, &request.iaid, &request.addrs, is_question);
    w.ia(IA_PD, &request.iaid, &request.prefixes, is_question);
    if is_question {
        let mut options = OPTIONS;
        // RFC 4704 s.5: where there is nothing to bind a name to, it is not said.
        if message != INFORMATION_REQUEST {
            w.name(request.fqdn);
            options = parts::slice(OPTIONS, 2, OPTIONS.len());
        }
        w.long_option(OPTION_REQUEST, &[], options);
        let [l0, l1] = (request.vendor_class.len() as u16).to_be_bytes();
        w.long_option(VENDOR_CLASS, &[0, 0, 0, 0, l0, l1], request.vendor_class);
        let head = (request.user_class.len() as u16).to_be_bytes();
        w.long_option(USER_CLASS, &head, request.user_class);
    }
    let len = w.len;
    let Some(packet) = packet.get_mut(..len) else {
        return 0;
    };
    ipv6::seal(packet, ipv6::UDP, &request.src, &SERVERS);
    len
}

impl Writer<'_> {
    /// An option of `head` and `octets`; none without `octets`.
    #[inline(never)]
    fn long_option(&mut self, code: u8, head: &[u8], octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        self.header(code, head.len().saturating_add(octets.len()));
        self.octets(head);
        self.octets(octets);
    }

    /// Code and length of an option.
    #[inline(never)]
    fn header(&mut self, code: u8, len: usize) {
        let [.., l0, l1] = len.to_be_bytes();
        self.octets(&[0, code, l0, l1]);
    }

    /// An IA, if there is one, with what is leased or wanted, without lifetimes (RFC 8415 s.21.6, s.21.22): it is the server's to say
    /// how long.
    #[inline(never)]
    fn ia(&mut self, code: u8, iaid: &[u8], leased: &Option<&[u8]>, is_question: bool) {
        let Some(leased) = leased else {
            return;
        };
        if leased.is_empty() && !is_question {
            return;
        }
        let (mut inner, mut size) = (IAADDR, LEASED_OCTETS - 1);
        if code == IA_PD {
            (inner, size) = (IAPREFIX, LEASED_OCTETS);
        }
        let (items, _) = leased.as_chunks::<LEASED_OCTETS>();
        let octets = items.len().wrapping_mul(size.wrapping_add(4));
        self.header(code, octets.wrapping_add(IA_HEADER));
        self.octets(iaid);
        self.skip();
        for [_, _, _, _, _, _, _, _, prefix @ ..] in items {
            self.header(inner, size);
            if code == IA_PD {
                self.skip();
            }
            // A prefix has its length, an address has none.
            self.octets(parts::slice(prefix, LEASED_OCTETS.wrapping_sub(size), size));
            if code == IA_NA {
                self.skip();
            }
        }
    }

    /// Leaves two numbers 0: T1 and T2, or lifetimes.
    fn skip(&mut self) {
        self.len = self.len.saturating_add(8);
    }

    /// A host name (RFC 4704 s.4): that the server is to see to its AAAA record, and its labels, of a fully qualified
    /// one with the root's.
    #[inline(never)]
    fn name(&mut self, name: &[u8]) {
        if name.is_empty() {
            return;
        }
        let name = name.strip_suffix(b".").unwrap_or(name);
        let root = usize::from(parts::has(name, b'.'));
        self.header(FQDN, name.len().wrapping_add(root).wrapping_add(2));
        self.octets(&[SERVER_UPDATES]);
        let mut rest = Some(name);
        while let Some(label) = parts::next(&mut rest, b'.') {
            self.octets(&[label.len() as u8]);
            self.octets(label);
        }
        self.len = self.len.saturating_add(root);
    }
}

/// All_DHCP_Relay_Agents_and_Servers.
const SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);

/// The messages that ask for something, a bit each by their numbers.
const QUESTIONS: u32 =
    1 << SOLICIT | 1 << REQUEST | 1 << RENEW | 1 << REBIND | 1 << INFORMATION_REQUEST;

/// Octets of an IA before what is in it.
const IA_HEADER: usize = 12;
/// The S bit of the FQDN option.
const SERVER_UPDATES: u8 = 1;

const CLIENT_ID: u8 = 1;
const SERVER_ID: u8 = 2;
const OPTION_REQUEST: u8 = 6;
const ELAPSED_TIME: u8 = 8;
const RAPID_COMMIT: u8 = 14;
const USER_CLASS: u8 = 15;
const VENDOR_CLASS: u8 = 16;
const FQDN: u8 = 39;

/// What is asked for. The first one, the time to ask again, is asked for only where there is no lease (RFC 8415
/// s.21.23).
const OPTIONS: &[u8] = &[0, 32, 0, 23, 0, 24, 0, 39, 0, 56, 0, 59, 0, 60, 0, 82];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dhcpv6::HEADERS;
    use crate::wire::dhcpv6::{CONFIRM, DECLINE, RELEASE};
    use crate::wire::ipv4::Checksum;
    use std::vec;
    use std::vec::Vec;

    const SRC: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);

    /// The shortest DUID.
    const ME: Duid<'_> = Duid {
        head: [0, 4, 7, 8],
        id: &[9],
    };

    /// An address or prefix with lifetimes that are not to be said.
    const ADDR: [u8; LEASED_OCTETS] = [
        1, 2, 3, 4, 5, 6, 7, 8, 128, 0xfd, 0, 0, 0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
    ];

    /// A message with everything that may be said.
    fn full(message: u8) -> Request<'static> {
        Request {
            message,
            src: SRC,
            xid: 0xff_da_be_ef,
            elapsed: 0x0102,
            duid: &Duid {
                head: [0, 3, 0, 1],
                id: &[2, 0, 0, 0, 0, 9],
            },
            server: &[0, 4, 7],
            iaid: [0xa, 0xb, 0xc, 0xd],
            addrs: Some(&ADDR),
            prefixes: Some(&ADDR),
            fqdn: b"a.bc",
            vendor_class: b"vc",
            user_class: b"u",
        }
    }

    /// The message built, whatever was in the buffer before.
    fn built(request: &Request<'_>) -> Vec<u8> {
        let mut packet = [0xa5; 1_500];
        let len = build(request, &mut packet);
        let mut clean = vec![0; len];
        assert_eq!(build(request, &mut clean), len, "the room is enough");
        assert_eq!(packet[..len], clean, "the fill shows");
        let (header, udp) = ipv6::open(&clean, Checksum::Complete, ipv6::UDP).unwrap();
        assert_eq!(header[8..24], SRC.octets());
        assert_eq!(
            Ipv6Addr::from(<[u8; 16]>::try_from(&header[24..]).unwrap()),
            "ff02::1:2".parse::<Ipv6Addr>().unwrap()
        );
        assert_eq!(udp[..4], [2, 34, 2, 35]);
        let len = u16::from_be_bytes([udp[4], udp[5]]);
        assert_eq!(usize::from(len), udp.len());
        udp[8..].to_vec()
    }

    /// What only questions say.
    const OF_QUESTIONS: &[u8] = &[
        0, 39, 0, 7, 1, 1, b'a', 2, b'b', b'c', 0, // FQDN
        0, 16, 0, 8, 0, 0, 0, 0, 0, 2, b'v', b'c', // vendor class
        0, 15, 0, 3, 0, 1, b'u', // user class
    ];

    #[test]
    fn each_message_says_what_it_may() {
        let client = [0, 1, 0, 10, 0, 3, 0, 1, 2, 0, 0, 0, 0, 9];
        let server = [0, 2, 0, 3, 0, 4, 7];
        let elapsed = [0, 8, 0, 2, 1, 2];
        let mut ia_na = vec![0, 3, 0, 40, 0xa, 0xb, 0xc, 0xd, 0, 0, 0, 0, 0, 0, 0, 0];
        ia_na.extend([0, 5, 0, 24]);
        ia_na.extend(&ADDR[9..]);
        ia_na.extend([0; 8]);
        let mut ia_pd = vec![0, 25, 0, 41, 0xa, 0xb, 0xc, 0xd, 0, 0, 0, 0, 0, 0, 0, 0];
        ia_pd.extend([0, 26, 0, 25, 0, 0, 0, 0, 0, 0, 0, 0]);
        ia_pd.extend(&ADDR[8..]);
        let list = [0, 6, 0, 14];
        for message in 1..=11 {
            let rapid: &[u8] = if message == SOLICIT {
                &[0, 14, 0, 0]
            } else {
                &[]
            };
            let mut expected = [
                &[message, 0xda, 0xbe, 0xef][..],
                &client,
                &server,
                &elapsed,
                rapid,
                &ia_na,
                &ia_pd,
            ]
            .concat();
            match message {
                SOLICIT | REQUEST | RENEW | REBIND => {
                    expected.extend(&OF_QUESTIONS[..11]);
                    expected.extend(list);
                    expected.extend(&OPTIONS[2..]);
                    expected.extend(&OF_QUESTIONS[11..]);
                }
                INFORMATION_REQUEST => {
                    expected.extend([0, 6, 0, 16]);
                    expected.extend(OPTIONS);
                    expected.extend(&OF_QUESTIONS[11..]);
                }
                _ => {}
            }
            assert_eq!(built(&full(message)), expected, "{message}");
        }
        for message in [CONFIRM, DECLINE, RELEASE] {
            assert!(!built(&full(message)).windows(4).any(|w| w == list));
        }
    }

    #[test]
    fn what_is_not_wanted_is_not_said() {
        let message = built(&Request::new(RENEW, SRC, &ME));
        let mut expected = vec![
            5, 0, 0, 0, 0, 1, 0, 5, 0, 4, 7, 8, 9, 0, 8, 0, 2, 0, 0, 0, 6, 0, 14,
        ];
        expected.extend(&OPTIONS[2..]);
        assert_eq!(message, expected);
        // An IA of nothing asks for anything, where something is asked.
        for kind in [SOLICIT, REQUEST, RENEW, REBIND, CONFIRM, DECLINE, RELEASE] {
            let message = built(&Request {
                addrs: Some(&[]),
                prefixes: Some(&[]),
                ..Request::new(kind, SRC, &ME)
            });
            let start = [kind, 0, 0, 0, 0, 1, 0, 5, 0, 4, 7, 8, 9, 0, 8, 0, 2, 0, 0];
            let ia_na = [0, 3, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let ia_pd = [0, 25, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let mut expected = start.to_vec();
            if kind == SOLICIT {
                expected.extend([0, 14, 0, 0]);
            }
            if matches!(kind, SOLICIT | REQUEST | RENEW | REBIND) {
                expected.extend([ia_na, ia_pd].concat());
                expected.extend([0, 6, 0, 14]);
                expected.extend(&OPTIONS[2..]);
            }
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn names_end_with_the_root_where_they_are_whole() {
        for (name, octets) in [
            (&b"vm"[..], &b"\x01\x02vm"[..]),
            (b"vm.", b"\x01\x02vm"),
            (b"a.b", b"\x01\x01a\x01b\0"),
            (b"a.b.", b"\x01\x01a\x01b\0"),
            (b"a-b.example.net", b"\x01\x03a-b\x07example\x03net\0"),
        ] {
            let message = built(&Request {
                fqdn: name,
                ..Request::new(REQUEST, SRC, &ME)
            });
            let mut option = vec![0, 39, 0, octets.len() as u8];
            option.extend(octets);
            assert!(
                message.windows(option.len()).any(|part| part == option),
                "{name:?}: {message:x?}"
            );
        }
    }

    #[test]
    fn several_addresses_are_said() {
        let two = [ADDR, ADDR].concat();
        let message = built(&Request {
            addrs: Some(&two),
            ..Request::new(RELEASE, SRC, &ME)
        });
        assert_eq!(message[19..23], [0, 3, 0, 12 + 2 * 28]);
        assert_eq!(message.len(), 19 + 16 + 2 * 28);
    }

    #[test]
    fn what_does_not_fit_is_not_begun() {
        let request = full(SOLICIT);
        let whole = built(&request).len() + HEADERS;
        for len in 0..whole {
            assert_eq!(build(&request, &mut vec![0xa5; len]), 0, "{len}");
        }
        let long = [b'x'; 1_500];
        let request = Request {
            user_class: &long,
            ..request
        };
        assert_eq!(build(&request, &mut [0; 1_500]), 0);
    }
}
