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

use super::lease::number;
use super::link::Mac;
use crate::text::parts;

/// A DUID: its type and two octets more, and what is left of it. It has at least an octet behind these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duid<'a> {
    /// How it begins.
    pub head: [u8; 4],
    /// What follows.
    pub id: &'a [u8],
}

impl<'a> Duid<'a> {
    /// Any octets; `None` where there are too few.
    pub fn new(octets: &'a [u8]) -> Option<Duid<'a>> {
        let (head, id) = octets.split_first_chunk()?;
        Duid { head: *head, id }.sound()
    }

    /// Of a link's address, of type LL; `arphrd` is a number of ARP. `None` for a link without an address.
    pub fn of_link(arphrd: u16, mac: &'a Mac) -> Option<Duid<'a>> {
        let [h0, h1] = arphrd.to_be_bytes();
        let head = [0, LL, h0, h1];
        let id = mac.as_bytes();
        Duid { head, id }.sound()
    }

    /// Whether these are its octets.
    pub fn is(&self, octets: &[u8]) -> bool {
        parts::strip(octets, &self.head).is_some_and(|id| parts::is(id, self.id))
    }

    fn sound(self) -> Option<Duid<'a>> {
        (!self.id.is_empty()).then_some(self)
    }
}

/// The IAID of both IAs of a link: the last four octets of its address, so that it is the same each time.
pub fn iaid(mac: &Mac) -> [u8; 4] {
    number(mac.as_bytes()).to_be_bytes()
}

const LL: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::observed::{ARPHRD_ETHER, ARPHRD_INFINIBAND};
    use crate::testing::mac;

    fn octets(duid: Option<Duid<'_>>) -> std::vec::Vec<u8> {
        let duid = duid.unwrap();
        let octets = [&duid.head, duid.id].concat();
        assert!(duid.is(&octets));
        octets
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
        assert_eq!(octets(Duid::new(&[0, 2, 9, 9, 9])), [0, 2, 9, 9, 9]);
    }

    #[test]
    fn a_duid_has_a_type_and_more() {
        assert_eq!(Duid::of_link(ARPHRD_ETHER, &Mac::NONE), None);
        for len in 0..5 {
            assert_eq!(Duid::new(&std::vec![1; len]), None, "{len}");
        }
        assert_eq!(octets(Duid::new(&[1; 130])).len(), 130);
    }

    #[test]
    fn only_its_own_octets_are_it() {
        let duid = Duid::new(&[0, 4, 7, 8, 9]).unwrap();
        for other in [
            &[][..],
            &[0, 4, 7, 8],
            &[0, 4, 7, 8, 8],
            &[0, 3, 7, 8, 9],
            &[0, 4, 7, 8, 9, 9],
        ] {
            assert!(!duid.is(other), "{other:?}");
        }
    }

    #[test]
    fn an_iaid_is_the_end_of_the_address() {
        assert_eq!(iaid(&Mac::new(&[1, 2, 3, 4, 5, 6]).unwrap()), [3, 4, 5, 6]);
        assert_eq!(iaid(&Mac::new(&[1, 2, 3]).unwrap()), [0, 1, 2, 3]);
        assert_eq!(iaid(&Mac::NONE), [0; 4]);
    }
}
