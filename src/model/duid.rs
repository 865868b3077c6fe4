//! DHCP unique identifiers (RFC 8415 s.11, RFC 6355), and the identifier of a link's IAs.
//!
//! ```text
//!  0       2
//!  +-------+-------------------------------------------- - -
//!  | 1 LLT | hardware type, time, link-layer address
//!  | 2 EN  | enterprise number, identifier
//!  | 3 LL  | hardware type, link-layer address
//!  | 4 UUID| UUID
//!  +-------+-------------------------------------------- - -
//! ```
//!
//! Without configuration it is of type LL: the same each time, and in the next system, without being kept.

use super::link::Mac;
use crate::limits::MAX_DUID;
use crate::text::parts;
use heapless::Vec;

/// A DUID. It has at least an octet behind its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duid(Vec<u8, MAX_DUID>);

impl Duid {
    /// Any octets; `None` where there are too few or too many.
    pub fn new(octets: &[u8]) -> Option<Duid> {
        Duid::joined(octets, &[]).filter(|duid| duid.0.len() > 2)
    }

    /// Of a link's address; `arphrd` is a number of ARP. `None` for a link without an address.
    pub fn of_link(arphrd: u16, mac: &Mac) -> Option<Duid> {
        let [h0, h1] = arphrd.to_be_bytes();
        Duid::of(&[0, LL, h0, h1], mac.as_bytes())
    }

    /// Of a link's address and the time that it was made at, in seconds since the year 2000.
    pub fn of_link_and_time(arphrd: u16, seconds: u32, mac: &Mac) -> Option<Duid> {
        let ([h0, h1], [s0, s1, s2, s3]) = (arphrd.to_be_bytes(), seconds.to_be_bytes());
        Duid::of(&[0, LLT, h0, h1, s0, s1, s2, s3], mac.as_bytes())
    }

    /// Of a machine's UUID (RFC 6355).
    pub fn of_uuid(uuid: &[u8; 16]) -> Option<Duid> {
        Duid::of(&[0, UUID], uuid)
    }

    /// What a vendor identifies the machine by, and the vendor's number.
    pub fn of_vendor(enterprise: u32, id: &[u8]) -> Option<Duid> {
        let [e0, e1, e2, e3] = enterprise.to_be_bytes();
        Duid::of(&[0, EN, e0, e1, e2, e3], id)
    }

    /// As it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `None` without `id`.
    fn of(head: &[u8], id: &[u8]) -> Option<Duid> {
        Duid::joined(head, id).filter(|_| !id.is_empty())
    }

    #[inline(never)]
    fn joined(head: &[u8], id: &[u8]) -> Option<Duid> {
        let mut octets = Vec::new();
        octets.extend_from_slice(head).ok()?;
        octets.extend_from_slice(id).ok()?;
        Some(Duid(octets))
    }
}

/// The IAID of both IAs of a link: the last four octets of its address, so that it is the same each time.
pub fn iaid(mac: &Mac) -> [u8; 4] {
    let mac = mac.as_bytes();
    let last = parts::slice(mac, mac.len().saturating_sub(4), 4);
    *last.first_chunk().unwrap_or(&[0; 4])
}

const LLT: u8 = 1;
const EN: u8 = 2;
const LL: u8 = 3;
const UUID: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::observed::{ARPHRD_ETHER, ARPHRD_INFINIBAND};
    use crate::testing::mac;

    fn octets(duid: Option<Duid>) -> std::vec::Vec<u8> {
        duid.unwrap().as_bytes().to_vec()
    }

    #[test]
    fn each_type_is_as_rfc_8415_draws_it() {
        assert_eq!(
            octets(Duid::of_link(ARPHRD_ETHER, &mac(9))),
            [0, 3, 0, 1, 2, 0, 0, 0, 0, 9]
        );
        let infiniband = Mac::new(&[7; 20]).unwrap();
        let duid = octets(Duid::of_link(ARPHRD_INFINIBAND, &infiniband));
        assert_eq!((duid.len(), &duid[..5]), (24, &[0, 3, 0, 32, 7][..]));
        assert_eq!(
            octets(Duid::of_link_and_time(ARPHRD_ETHER, 0x01020304, &mac(9))),
            [0, 1, 0, 1, 1, 2, 3, 4, 2, 0, 0, 0, 0, 9]
        );
        let uuid = octets(Duid::of_uuid(&[5; 16]));
        assert_eq!((uuid.len(), &uuid[..3]), (18, &[0, 4, 5][..]));
        assert_eq!(octets(Duid::of_vendor(9, &[7])), [0, 2, 0, 0, 0, 9, 7]);
        assert_eq!(octets(Duid::new(&[9, 9, 9])), [9, 9, 9]);
    }

    #[test]
    fn a_duid_has_bounds() {
        assert_eq!(Duid::of_link(ARPHRD_ETHER, &Mac::NONE), None);
        assert_eq!(Duid::of_vendor(9, &[]), None);
        for len in [0, 1, 2, 131, 1_000] {
            assert_eq!(Duid::new(&std::vec![1; len]), None, "{len}");
        }
        assert_eq!(octets(Duid::new(&[1; 130])).len(), 130);
        assert_eq!(octets(Duid::of_vendor(9, &[1; 124])).len(), 130);
        assert_eq!(Duid::of_vendor(9, &[1; 125]), None);
    }

    #[test]
    fn an_iaid_is_the_end_of_the_address() {
        assert_eq!(iaid(&Mac::new(&[1, 2, 3, 4, 5, 6]).unwrap()), [3, 4, 5, 6]);
        assert_eq!(iaid(&Mac::new(&[1, 2, 3]).unwrap()), [0; 4]);
        assert_eq!(iaid(&Mac::NONE), [0; 4]);
    }
}
