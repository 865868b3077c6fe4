//! Netlink octets for the fake kernel: stricter than the kernel, so that a sloppy encoder is caught.
//!
//! Anything an encoder of ours must never produce fails the test at once: a length that does not add up,
//! padding that is not zero, an attribute twice, a message that is no request.

use std::net::IpAddr;

pub const NLM_F_REQUEST: u16 = 1;
pub const NLM_F_MULTI: u16 = 2;
pub const NLM_F_ACK: u16 = 4;
pub const NLM_F_DUMP_INTR: u16 = 0x10;
pub const NLM_F_DUMP_FILTERED: u16 = 0x20;
pub const NLM_F_DUMP: u16 = 0x300;
pub const NLM_F_REPLACE: u16 = 0x100;
pub const NLM_F_EXCL: u16 = 0x200;
pub const NLM_F_CREATE: u16 = 0x400;
pub const NLM_F_CAPPED: u16 = 0x100;
pub const NLM_F_ACK_TLVS: u16 = 0x200;
pub const NLMSG_ERROR: u16 = 2;
pub const NLMSG_DONE: u16 = 3;
pub const NLA_F_NESTED: u16 = 0x8000;

/// One request, taken apart.
pub struct Request {
    pub kind: u16,
    pub flags: u16,
    pub seq: u32,
    /// The fixed header of the family.
    pub header: Vec<u8>,
    pub attrs: Attrs,
    /// The whole message, as an acknowledgement echoes it.
    pub octets: Vec<u8>,
}

impl Request {
    pub fn has(&self, flags: u16) -> bool {
        self.flags & flags == flags
    }

    /// A 32-bit number in the fixed header.
    pub fn word(&self, at: usize) -> u32 {
        u32_at(&self.header, at)
    }
}

/// Attributes by their type, `NLA_F_NESTED` included.
pub struct Attrs(Vec<(u16, Vec<u8>)>);

impl Attrs {
    /// Fails unless `octets` are attributes, each of a type in `known` and there once.
    pub fn parse(octets: &[u8], known: &[u16]) -> Attrs {
        let mut found: Vec<(u16, Vec<u8>)> = Vec::new();
        let mut rest = octets;
        while !rest.is_empty() {
            let len = usize::from(u16_at(rest, 0));
            let kind = u16_at(rest, 2);
            assert!(
                len >= 4 && len <= rest.len(),
                "attribute {kind}: length {len}"
            );
            assert!(known.contains(&kind), "attribute {kind} in this request?");
            assert!(
                found.iter().all(|(other, _)| *other != kind),
                "attribute {kind} twice"
            );
            let end = len.next_multiple_of(4);
            assert!(end <= rest.len(), "attribute {kind}: padding is missing");
            assert!(
                rest[len..end].iter().all(|octet| *octet == 0),
                "attribute {kind}: padding"
            );
            found.push((kind, rest[4..len].to_vec()));
            rest = &rest[end..];
        }
        Attrs(found)
    }

    /// Each of them, its type without flags.
    pub fn each(&self) -> impl Iterator<Item = (u16, Vec<u8>)> {
        let attrs = self.0.iter();
        attrs.map(|(kind, payload)| (kind & !NLA_F_NESTED, payload.clone()))
    }

    pub fn get(&self, kind: u16) -> Option<&[u8]> {
        let found = self.0.iter().find(|(have, _)| *have == kind);
        found.map(|(_, payload)| &payload[..])
    }

    pub fn u32(&self, kind: u16) -> Option<u32> {
        let payload = self.get(kind)?;
        assert_eq!(payload.len(), 4, "attribute {kind} is no u32");
        Some(u32_at(payload, 0))
    }

    /// A text that ends at its first NUL, behind which there is nothing else.
    pub fn text(&self, kind: u16) -> Option<String> {
        let payload = self.get(kind)?;
        let end = payload.iter().position(|octet| *octet == 0);
        let (text, padding) = payload.split_at(end.expect("a text without its end"));
        assert!(
            padding.iter().all(|octet| *octet == 0),
            "attribute {kind} is no text"
        );
        Some(String::from_utf8(text.to_vec()).expect("a text in ASCII"))
    }

    pub fn ip(&self, kind: u16) -> Option<IpAddr> {
        self.get(kind).map(ip_in)
    }
}

/// The requests of a datagram. `layout` gives the octets of the fixed header and the attributes that a
/// kind of request may have.
pub fn requests(datagram: &[u8], layout: fn(u16) -> (usize, &'static [u16])) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut rest = datagram;
    while !rest.is_empty() {
        assert!(rest.len() >= 16, "{} octets are no message", rest.len());
        let len = u32_at(rest, 0) as usize;
        assert!(
            len >= 16 && len <= rest.len() && len.is_multiple_of(4),
            "message length {len}"
        );
        let (octets, after) = rest.split_at(len);
        let kind = u16_at(octets, 4);
        let flags = u16_at(octets, 6);
        assert!(flags & NLM_F_REQUEST != 0, "type {kind}: no request");
        assert_eq!(u32_at(octets, 12), 0, "type {kind}: port");
        let (header, known) = layout(kind);
        assert!(len >= 16 + header, "type {kind}: length {len}");
        requests.push(Request {
            kind,
            flags,
            seq: u32_at(octets, 8),
            header: octets[16..16 + header].to_vec(),
            attrs: Attrs::parse(&octets[16 + header..], known),
            octets: octets.to_vec(),
        });
        rest = after;
    }
    requests
}

/// One message, padding included.
pub fn message(kind: u16, flags: u16, seq: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(16 + payload.len()).expect("a short message");
    let mut octets = len.to_ne_bytes().to_vec();
    octets.extend(kind.to_ne_bytes());
    octets.extend(flags.to_ne_bytes());
    octets.extend(seq.to_ne_bytes());
    octets.extend(4_242_u32.to_ne_bytes());
    octets.extend(payload);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// Appends an attribute.
pub fn put(to: &mut Vec<u8>, kind: u16, payload: &[u8]) {
    let len = u16::try_from(4 + payload.len()).expect("a short attribute");
    to.extend(len.to_ne_bytes());
    to.extend(kind.to_ne_bytes());
    to.extend(payload);
    to.resize(to.len().next_multiple_of(4), 0);
}

pub fn put_u32(to: &mut Vec<u8>, kind: u16, value: u32) {
    put(to, kind, &value.to_ne_bytes());
}

pub fn put_text(to: &mut Vec<u8>, kind: u16, text: &str) {
    put(to, kind, &[text.as_bytes(), &[0]].concat());
}

pub fn put_ip(to: &mut Vec<u8>, kind: u16, addr: &IpAddr) {
    put(to, kind, &ip_octets(addr));
}

pub fn ip_octets(addr: &IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

pub fn ip_in(octets: &[u8]) -> IpAddr {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return octets.into();
    }
    <[u8; 16]>::try_from(octets).expect("an address").into()
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes(octets[at..at + 2].try_into().expect("two octets"))
}

fn u32_at(octets: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(octets[at..at + 4].try_into().expect("four octets"))
}
