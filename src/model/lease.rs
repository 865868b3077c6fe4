//! What somebody on the link said by DHCPv4, in a form of fixed size.
//!
//! Octets from the wire become a [`Lease`] in the jail and nowhere else: each option is decoded into its
//! slot, in one form only. A slot that is empty was not said. Who is handed a lease by the jail believes
//! nothing of it before [`Lease::is_sound`] looked at it again.
//!
//! ```text
//!  +---------+---------+----------- - -+---------+----------- - -
//!  | verdict | left out| length | octets        | length | octets        ...one slot for each Field
//!  +---------+---------+----------- - -+---------+----------- - -
//! ```

use super::addr::{Cidr, classful_len};
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};
use core::net::{IpAddr, Ipv4Addr};

/// Most routes of one lease that are kept.
pub use crate::limits::MAX_LEASE_ROUTES;

/// The form of a slot's octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any octets: a hardware address.
    Octets,
    /// A number in network byte order, of as many octets as the slot has room for.
    Number,
    /// A host name ([`scalar::is_hostname`]).
    Hostname,
    /// Printable ASCII without blanks, quotes, backslashes and what else means something to a shell.
    Text,
    /// From here on what may be said in parts. One IPv4 address.
    Addr,
    /// Domain names, separated by a blank ([`scalar::is_domain`]).
    Domains,
    /// IPv4 addresses, at least one.
    Addrs,
    /// Routes of nine octets: destination with its host bits cleared, prefix length, gateway (0: on the
    /// link).
    Routes,
}

/// Where the octets of a [`Field`] are, and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The option (RFC 2132) they come from; 0 for fields of the message's header.
    pub code: u8,
    /// Their form.
    pub kind: Kind,
    /// How many there may be.
    pub room: u16,
    /// Where the slot begins.
    at: u16,
}

/// Octets of a route in a slot.
pub const ROUTE_OCTETS: usize = 9;

/// Octets before the first slot: the verdict, and a bit for each field that was left out.
const HEAD: usize = 5;

macro_rules! slots {
    ($($(#[$doc:meta])* $field:ident $code:literal $kind:ident $room:expr, $key:literal;)*) => {
        /// What a lease may say; the doc of each names the key it has in `/run/ifdawn/lease-IF`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $($(#[$doc])* #[doc = concat!("`", $key, "`")] $field,)*
        }

        impl Field {
            /// All of them, in their order.
            pub const ALL: &[Field] = &[$(Field::$field),*];

            /// The slot of each.
            const SLOTS: &[Slot] = &laid_out([$(Slot {
                code: $code,
                kind: Kind::$kind,
                room: $room as u16,
                at: 0,
            }),*]);

            /// Octets of a whole lease.
            const OCTETS: usize = HEAD $(+ 2 + $room)*;

            /// The keys, joined by commas; empty for what is not kept. Behind them that of when the lease began.
            pub const KEYS: Packed = packed!(concat!($($key, ","),*, "UPTIME"));
        }
    };
}

slots! {
    /// What the message is (option 53); empty: BOOTP.
    Message 53 Number 1, "";
    /// `xid`.
    Xid 0 Number 4, "";
    /// `chaddr`, as long as `hlen` says; of ARP the sender's MAC, which has 20 octets on InfiniBand.
    Chaddr 0 Octets 20, "";
    /// Rapid commit (RFC 4039): 1 where the option is there.
    RapidCommit 80 Number 1, "";
    /// Seconds without IPv4 (RFC 8925).
    V6Only 108 Number 4, "";
    /// `yiaddr`: the address.
    Addr 0 Addr 4, "IPV4ADDR";
    /// Its netmask, contiguous.
    Mask 1 Addr 4, "IPV4NETMASK";
    /// Its broadcast address.
    Broadcast 28 Addr 4, "IPV4BROADCAST";
    /// The default gateway, whichever option it is from.
    Router 3 Addrs 4, "IPV4GATEWAY";
    /// Name servers.
    Dns 6 Addrs 64, "IPV4DNS";
    /// Host name.
    Hostname 12 Hostname 64, "HOSTNAME";
    /// Domain.
    Domain 15 Domains 255, "DNSDOMAIN";
    /// Search domains (RFC 3397).
    Search 119 Domains 512, "DOMAINSEARCH";
    /// `siaddr`: where the boot file is.
    NextServer 0 Addr 4, "ROOTSERVER";
    /// Root path.
    RootPath 17 Text 512, "ROOTPATH";
    /// Boot file: option 67, else `file`.
    Bootfile 67 Text 255, "filename";
    /// Its server's name: option 66, else `sname`.
    ServerName 66 Text 255, "SERVERNAME";
    /// Time servers.
    Ntp 42 Addrs 32, "NTPSERVERS";
    /// MTU of the link.
    Mtu 26 Number 2, "MTU";
    /// Who gave the lease.
    Server 54 Addr 4, "DHCPSERVER";
    /// Seconds it lasts; `u32::MAX` is for ever.
    LeaseTime 51 Number 4, "DHCPLEASETIME";
    /// Seconds until it is to be renewed (T1).
    RenewTime 58 Number 4, "DHCPRENEWALTIME";
    /// Seconds until any server is to be asked (T2).
    RebindTime 59 Number 4, "DHCPREBINDINGTIME";
    /// Routes but the default route: option 121 (RFC 3442), else 33.
    Routes 121 Routes (MAX_LEASE_ROUTES * ROUTE_OCTETS), "ROUTES";
}

/// The slots one after the other, each behind its length.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "what fails here is an error of the compiler"
)]
const fn laid_out<const N: usize>(mut slots: [Slot; N]) -> [Slot; N] {
    let (mut n, mut at) = (0, HEAD as u16);
    while n < N {
        slots[n].at = at;
        at += 2 + slots[n].room;
        n += 1;
    }
    slots
}

impl Field {
    /// Where and what it is.
    pub fn slot(self) -> Slot {
        *self.row()
    }

    /// The same in place.
    fn row(self) -> &'static Slot {
        const NONE: &Slot = &Slot {
            code: 0,
            kind: Kind::Octets,
            room: 0,
            at: 0,
        };
        Self::SLOTS.get(self as usize).unwrap_or(NONE)
    }

    /// Its bit in [`Lease::bits`].
    pub(crate) fn bit(self) -> u32 {
        1_u32.wrapping_shl(self as u32)
    }
}

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
    /// It is ARP: [`Field::Addr`] is the sender's address, [`Field::Chaddr`] its MAC,
    /// [`Field::NextServer`] the address it speaks to.
    Arp = 5,
}

/// What a lease says. All zeros: nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease([u8; Lease::OCTETS]);

impl Lease {
    /// Octets of a lease.
    pub const OCTETS: usize = Field::OCTETS;

    /// Nothing said.
    pub const NONE: Lease = Lease([0; Lease::OCTETS]);

    /// As the jail sends it.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// To be filled with what the jail sent, and believed once it [`is_sound`](Lease::is_sound).
    pub fn octets_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// What is said of the packet.
    pub fn verdict(&self) -> Verdict {
        match self.0 {
            [0, ..] => Verdict::Unread,
            [1, ..] => Verdict::Fine,
            [2, ..] => Verdict::NotForUs,
            [4, ..] => Verdict::BadChecksum,
            [5, ..] => Verdict::Arp,
            [..] => Verdict::Malformed,
        }
    }

    /// Says it.
    pub fn judge(&mut self, verdict: Verdict) {
        let [first, ..] = &mut self.0;
        *first = verdict as u8;
    }

    /// Which fields were there and not understood, or had no room: a bit each, by their order.
    pub(crate) fn bits(&self) -> u32 {
        let [_, a, b, c, d, ..] = self.0;
        u32::from_ne_bytes([a, b, c, d])
    }

    /// Whether `field` was there and is left out, in whole or in part.
    pub fn left_out(&self, field: Field) -> bool {
        self.bits() & field.bit() != 0
    }

    /// Says that a field is left out, in whole or in part.
    pub fn leave_out(&mut self, field: Field) {
        let bits = (self.bits() | field.bit()).to_ne_bytes();
        let [_, a, b, c, d, ..] = &mut self.0;
        [*a, *b, *c, *d] = bits;
    }

    /// The octets of a field; empty where it was not said.
    #[inline(never)]
    pub fn get(&self, field: Field) -> &[u8] {
        let slot = field.row();
        let at = usize::from(slot.at);
        let len = self.0.get(at..).and_then(<[u8]>::first_chunk);
        let len = len.map_or(0, |len| u16::from_ne_bytes(*len));
        parts::slice(&self.0, at.wrapping_add(2), len.min(slot.room).into())
    }

    /// Says nothing of a field any more.
    pub fn clear(&mut self, field: Field) {
        let at = usize::from(field.row().at);
        if let Some([a, b, ..]) = self.0.get_mut(at..) {
            [*a, *b] = [0; 2];
        }
    }

    /// Says a field anew; what does not fit is not said at all, and the field [left out](Lease::leave_out).
    pub fn put(&mut self, field: Field, octets: &[u8]) {
        self.clear(field);
        self.add(field, octets);
    }

    /// Says more of a field that is said in parts, any other one anew; what does not fit is [left out](Lease::leave_out).
    #[inline(never)]
    pub fn add(&mut self, field: Field, octets: &[u8]) {
        let slot = field.row();
        if let Some([a, b, room @ ..]) = self.0.get_mut(slot.at.into()..) {
            let said = match slot.kind as u8 >= Kind::Addr as u8 {
                true => usize::from(u16::from_ne_bytes([*a, *b])),
                false => 0,
            };
            let len = said.wrapping_add(octets.len());
            if len <= usize::from(slot.room)
                && let Some(room) = room.get_mut(said..len)
            {
                [*a, *b] = (len as u16).to_ne_bytes();
                room.copy_from_slice(octets);
                return;
            }
        }
        self.leave_out(field);
    }

    /// A field's number.
    #[inline(never)]
    pub fn number(&self, field: Field) -> Option<u32> {
        let octets = self.get(field);
        (!octets.is_empty()).then(|| number(octets))
    }

    /// The same, or this one where there is none.
    #[inline(never)]
    pub fn number_or(&self, field: Field, default: u32) -> u32 {
        self.number(field).unwrap_or(default)
    }

    /// A field's address, or the first one; unspecified where none was said.
    #[inline(never)]
    pub fn addr(&self, field: Field) -> Ipv4Addr {
        Ipv4Addr::from(*self.get(field).first_chunk().unwrap_or(&[0; 4]))
    }

    /// The prefix length of the address: its mask, else its class.
    pub fn prefix_len(&self) -> u8 {
        match self.get(Field::Mask) {
            [] => classful_len(self.addr(Field::Addr)),
            mask => number(mask).leading_ones() as u8,
        }
    }

    /// The address and its prefix length.
    pub fn cidr(&self) -> Option<Cidr> {
        let addr = self.addr(Field::Addr);
        Cidr::new(IpAddr::V4(addr), self.prefix_len()).filter(|_| !addr.is_unspecified())
    }

    /// Whether each field has its form.
    #[inline(never)]
    pub fn is_sound(&self) -> bool {
        Field::ALL
            .iter()
            .all(|field| is_sound(*field, self.get(*field)))
    }
}

/// A number in network byte order.
#[inline(never)]
pub fn number(octets: &[u8]) -> u32 {
    let add = |sum: u32, octet: &u8| sum << 8 | u32::from(*octet);
    octets.iter().fold(0, add)
}

/// A route of nine octets; `None` for what has not its form.
#[inline(never)]
pub fn route(octets: &[u8]) -> Option<(Cidr, Option<IpAddr>)> {
    let &[n0, n1, n2, n3, len, g0, g1, g2, g3] = octets else {
        return None;
    };
    let dst = Cidr::new(IpAddr::from([n0, n1, n2, n3]), len)?;
    let gateway = Ipv4Addr::from([g0, g1, g2, g3]);
    // What this machine says to itself, or to many, goes nowhere.
    let is_elsewhere = n0 < 224 && (n0 != 127 || len < 8);
    let is_plain =
        is_elsewhere && dst.network() == dst.addr && (gateway.is_unspecified() || is_host(gateway));
    is_plain.then_some((
        dst,
        (!gateway.is_unspecified()).then_some(IpAddr::V4(gateway)),
    ))
}

/// Whether a machine may have this address: not 0.0.0.0/8, loopback, multicast, reserved or broadcast.
#[inline(never)]
pub fn is_host(addr: Ipv4Addr) -> bool {
    let [first, ..] = addr.octets();
    matches!(first, 1..=126 | 128..=223)
}

/// Whether octets have the form of their field; none at all do.
#[inline(never)]
pub fn is_sound(field: Field, octets: &[u8]) -> bool {
    let slot = field.row();
    if octets.is_empty() {
        return true;
    }
    match slot.kind {
        Kind::Number | Kind::Addr => octets.len() == usize::from(slot.room),
        Kind::Addrs => octets.len().is_multiple_of(4),
        Kind::Hostname => scalar::is_hostname(octets),
        Kind::Domains => {
            let mut rest = Some(octets);
            core::iter::from_fn(|| parts::next(&mut rest, b' ')).all(scalar::is_domain)
        }
        Kind::Text => octets.iter().all(|octet| is_text(*octet)),
        Kind::Routes => octets
            .chunks(ROUTE_OCTETS)
            .all(|octets| route(octets).is_some()),
        Kind::Octets => true,
    }
}

/// Whether an octet may stand in a [`Kind::Text`]: what paths, URLs and iSCSI names are made of, and nothing
/// that a shell, a quoted word or a console would take for its own.
pub fn is_text(octet: u8) -> bool {
    parts::is_plain(octet, b"/:.,-_=@+%~[]#?&")
}
