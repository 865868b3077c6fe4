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
//! What is configured is sent as it stands. Without that it is of type LL: the same each time, and in the next system, without being kept.

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

    /// Of a link's address, of type LL; `arphrd` is a number of ARP. `None` for a link without an address.
    pub fn of_link(arphrd: u16, mac: &Mac) -> Option<Duid> {
        let [h0, h1] = arphrd.to_be_bytes();
        let mac = Some(mac.as_bytes()).filter(|mac| !mac.is_empty())?;
        Duid::joined(&[0, LL, h0, h1], mac)
    }

    /// As it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
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

const LL: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::observed::{ARPHRD_ETHER, ARPHRD_INFINIBAND};
    use crate::testing::mac;

    fn octets(duid: Option<Duid>) -> std::vec::Vec<u8> {
        duid.unwrap().as_bytes().to_vec()
    }

    #[test]
    fn that_of_a_link_is_as_rfc_8415_draws_it() {
        assert_eq!(
            octets(Duid::of_link(ARPHRD_ETHER, &mac(9))),
            [0, 3, 0, 1, 2, 0, 0, 0, 0, 9]
        );
        let infiniband = Mac::new(&[7; 20]).unwrap();
        let duid = octets(Duid::of_link(ARPHRD_INFINIBAND, &infiniband));
        assert_eq!((duid.len(), &duid[..5]), (24, &[0, 3, 0, 32, 7][..]));
        assert_eq!(octets(Duid::new(&[9, 9, 9])), [9, 9, 9]);
    }

    #[test]
    fn a_duid_has_bounds() {
        assert_eq!(Duid::of_link(ARPHRD_ETHER, &Mac::NONE), None);
        for len in [0, 1, 2, 131, 1_000] {
            assert_eq!(Duid::new(&std::vec![1; len]), None, "{len}");
        }
        assert_eq!(octets(Duid::new(&[1; 130])).len(), 130);
    }

    #[test]
    fn an_iaid_is_the_end_of_the_address() {
        assert_eq!(iaid(&Mac::new(&[1, 2, 3, 4, 5, 6]).unwrap()), [3, 4, 5, 6]);
        assert_eq!(iaid(&Mac::new(&[1, 2, 3]).unwrap()), [0; 4]);
        assert_eq!(iaid(&Mac::NONE), [0; 4]);
    }
}
