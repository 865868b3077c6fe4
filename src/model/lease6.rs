//! What somebody on the link said by DHCPv6, in a form of fixed size.
//!
//! As a [`Lease`](super::lease::Lease): octets from the wire become a [`Lease6`] in the jail and nowhere else, and
//! who is handed one believes nothing of it before [`Lease6::is_sound`] looked at it again.

use super::addr::{Cidr, is_link_local};
use super::lease::Field;
use super::slots::{self, record};
use crate::limits::{MAX_DUID, MAX_IA_ADDRS, MAX_IA_PREFIXES, MAX_LEASE_DOMAINS, MAX_RDNSS};
use crate::packed::{Packed, packed};
use core::net::{IpAddr, Ipv6Addr};
pub use slots::{Kind, Slot, Verdict};

record! {
    /// What a server says. All zeros: nothing.
    Lease6, Dhcp6;
    /// What a server may say; the doc of each names the key it has where a lease is written down.
    ///
    /// [`Slot::code`] is the option's number; of what has none of its own it is that of the IA_NA.
    Field6, from Field::ALL.len(), then "UPTIME";
    /// What the message is (RFC 8415 s.7.3).
    Message 3 Number 1, "";
    /// `transaction-id`.
    Xid 3 Number 3, "";
    /// DUID of whom it is said to.
    ClientId 1 Octets MAX_DUID, "";
    /// DUID of who says it.
    ServerId 2 Octets MAX_DUID, "DHCP6SERVERID", "DHCP6_SERVER_ID";
    /// How much the server wants to be chosen.
    Preference 7 Number 1, "";
    /// Status of the message, or of an IA, that is no success.
    Status 13 Number 2, "";
    /// Seconds of the longest pause between two SOLICITs (and INFORMATION-REQUESTs: INF_MAX_RT is not read).
    SolMaxRt 82 Number 4, "";
    /// Seconds until what was said without a lease is to be asked for again.
    RefreshTime 32 Number 4, "DHCP6REFRESHTIME";
    /// The addresses of its IA_NA.
    Addrs 5 Leased MAX_IA_ADDRS * LEASED_OCTETS, "IPV6ADDR", "IP6_ADDRESS";
    /// The prefixes of its IA_PD.
    Prefixes 26 Leased MAX_IA_PREFIXES * LEASED_OCTETS, "IPV6PREFIX", "IP6_PREFIX";
    /// Seconds until the lease is to be renewed: T1 of an IA.
    RenewTime 3 Number 4, "DHCP6RENEWALTIME", "RENEW";
    /// Seconds until any server is to be asked: T2.
    RebindTime 3 Number 4, "DHCP6REBINDINGTIME", "REBIND";
    /// Name servers (RFC 3646).
    Dns 23 Addrs6 MAX_RDNSS * 16, "IPV6DNS", "DHCP6_NAME_SERVERS";
    /// Search domains (RFC 3646).
    Search 24 Domains MAX_LEASE_DOMAINS, "IPV6DOMAINSEARCH", "DHCP6_DOMAIN_SEARCH";
    /// Our name, as the server has it (RFC 4704).
    Fqdn 39 Domains 255, "HOSTNAME", "FQDN_FQDN";
    /// Time servers (RFC 5908).
    Ntp 56 Addrs6 64, "NTPSERVERS", "NTP_SERVERS";
    /// Names of time servers (RFC 5908).
    NtpNames 56 Domains 255, "NTPNAMES";
    /// URL of the boot file (RFC 5970).
    BootfileUrl 59 Text 512, "BOOTFILEURL", "BOOTFILE_URL";
    /// Its parameters (RFC 5970).
    BootfileParams 60 Texts 512, "BOOTFILEPARAMS";
}

/// Octets of an address or prefix in a slot: as an IAPREFIX option has it.
///
/// ```text
///  0           4           8       9                               25
///  +-----------+-----------+-------+-------------------------- - - +
///  | preferred | valid     | length| address
///  +-----------+-----------+-------+-------------------------- - - +
/// ```
pub const LEASED_OCTETS: usize = 25;

/// An address or a prefix, and the seconds for which it is leased; `u32::MAX` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leased {
    /// A single address has a prefix of 128 bits.
    pub addr: Cidr,
    /// It may be used anew, at most as long as it is valid.
    pub preferred: u32,
    /// It may be used; 0 for what is to be used no more.
    pub valid: u32,
}

/// An address or prefix of [`LEASED_OCTETS`]; `None` for what has not its form, or no host can have.
#[inline(never)]
pub fn leased(octets: &[u8]) -> Option<Leased> {
    let (&[p0, p1, p2, p3, v0, v1, v2, v3, len], host) = octets.split_first_chunk()?;
    let addr = Ipv6Addr::from(*<&[u8; 16]>::try_from(host).ok()?);
    let (preferred, valid) = (
        u32::from_be_bytes([p0, p1, p2, p3]),
        u32::from_be_bytes([v0, v1, v2, v3]),
    );
    let addr = Cidr::new(IpAddr::V6(addr), len)?;
    let is_plain = is_host(host) && !is_link_local(&addr.addr) && addr.network() == addr.addr;
    (is_plain && preferred <= valid).then_some(Leased {
        addr,
        preferred,
        valid,
    })
}

/// Whether a machine may have this address: it is not multicast, unspecified, loopback, nor one that stands for
/// an IPv4 address.
#[inline(never)]
pub fn is_host(octets: &[u8]) -> bool {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.len() == 16 && zeros < 10 && !octets.starts_with(&[0xff])
}

/// Whether octets have the form of their field; none at all do.
pub fn is_sound(field: Field6, octets: &[u8]) -> bool {
    slots::is_sound(field.number(), octets)
}
