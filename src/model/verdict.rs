//! What is to be said of a packet as a whole.

/// What is to be said of a packet as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was read.
    Unread = 0,
    /// It can be used.
    Fine = 1,
    /// It is nothing we listen to: another protocol, another port, a request.
    NotForUs = 2,
    /// Its lengths lie, or it is too short.
    Malformed = 3,
    /// Its checksum is wrong.
    BadChecksum = 4,
    /// It is ARP: of [`super::lease::Field`], `Addr` is the sender's address, `Chaddr` its MAC, `NextServer` the address
    /// it speaks to.
    Arp = 5,
    /// It is what a neighbour says of an address: see [`What::Solicited`](super::advert::What::Solicited).
    Neighbor = 6,
}

impl Verdict {
    /// That of an octet; what is none is [`Verdict::Malformed`].
    pub(super) fn of(octet: u8) -> Verdict {
        match octet {
            0 => Verdict::Unread,
            1 => Verdict::Fine,
            2 => Verdict::NotForUs,
            4 => Verdict::BadChecksum,
            5 => Verdict::Arp,
            6 => Verdict::Neighbor,
            _ => Verdict::Malformed,
        }
    }
}
