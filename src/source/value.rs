//! What a value is read as, and what is said about one that is not.

use super::assignments::{Entry, File};
use super::route_words::read_addr;
use crate::diag::{Complaint, Effect, Problem};
use crate::model::addr::{Cidr, Family, classful_len};
use crate::text::{parts, scalar};
use core::net::{IpAddr, Ipv4Addr};

impl File<'_, '_, '_> {
    /// The value as the bits of an IPv4 address, or a complaint and `None`.
    #[inline(never)]
    pub fn ipv4(&mut self, entry: &Entry, effect: Effect) -> Option<u32> {
        let addr = scalar::ipv4_bits(self.octets(entry));
        if addr.is_none() {
            self.complain(entry, Complaint::error(Problem::NotIpv4, effect));
        }
        addr
    }

    /// The value as a gateway of `family`: all zeros is none, and for IPv6 a `%ZONE` may follow.
    #[inline(never)]
    pub fn gateway(
        &self,
        entry: &Entry,
        family: Family,
        into: &mut Option<IpAddr>,
    ) -> Result<(), Problem> {
        let mut addr = Some(self.octets(entry));
        if family == Family::V6 {
            addr = parts::next(&mut addr, b'%');
        }
        read_addr(addr.unwrap_or_default(), family, into)
    }

    /// The IPv4 address that `entry` gives, with the prefix length that `mask` says as number or netmask,
    /// else that of its class, with a warning. `None` after a complaint.
    pub fn cidr4(
        &mut self,
        entry: &Entry,
        mask: Option<&Entry>,
        effect: Effect,
        into: &mut Cidr,
    ) -> Option<()> {
        into.addr = IpAddr::V4(Ipv4Addr::from_bits(self.ipv4(entry, effect)?));
        self.mask4(entry, mask, effect, into)
    }

    /// As [`File::cidr4`], of an address that is known.
    #[inline(never)]
    pub fn mask4(
        &mut self,
        entry: &Entry,
        mask: Option<&Entry>,
        effect: Effect,
        into: &mut Cidr,
    ) -> Option<()> {
        if let Some(mask) = mask {
            let len = scalar::prefix_len(self.octets(mask), Family::V4);
            if len.is_none() {
                self.complain(mask, Complaint::error(Problem::BadPrefix, effect));
            }
            into.len = len?;
        } else {
            let IpAddr::V4(addr) = into.addr else {
                return None;
            };
            into.len = classful_len(addr);
            self.complain(entry, Complaint::no_mask(into.len));
        }
        Some(())
    }
}
