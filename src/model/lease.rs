//! What somebody on the link said by DHCPv4, in a form of fixed size.
//!
//! Octets from the wire become a [`Lease`] in the jail and nowhere else: each option is decoded into its
//! slot, in one form only. A slot that is empty was not said. Who is handed a lease by the jail believes
//! nothing of it before [`Lease::is_sound`] looked at it again.

use super::addr::{Cidr, classful_len};
use super::slots::{self, record};
use crate::packed::{Packed, packed};
use core::net::{IpAddr, Ipv4Addr};

use crate::limits::MAX_LEASE_DOMAINS;
/// Most routes of one lease that are kept.
pub use crate::limits::MAX_LEASE_ROUTES;
pub use slots::{AnyLease, AnyLeaseMut, Form, Kind, Naming, Slot, Verdict, is_text, number};

/// Octets of a route in a slot.
pub const ROUTE_OCTETS: usize = 9;

record! {
    /// What a lease says. All zeros: nothing.
    Lease, Dhcp4;
    /// What a lease may say; the doc of each names the key it has in `/run/ifdawn/lease-IF`; behind
    /// that its name for hooks.
    Field, from 0, then "UPTIME";
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
    Addr 0 Addr 4, "IPV4ADDR", "IP_ADDRESS";
    /// Its netmask, contiguous.
    Mask 1 Addr 4, "IPV4NETMASK", "SUBNET_MASK";
    /// Its broadcast address.
    Broadcast 28 Addr 4, "IPV4BROADCAST", "BROADCAST_ADDRESS";
    /// The default gateway, whichever option it is from.
    Router 3 Addrs 4, "IPV4GATEWAY", "ROUTERS";
    /// Name servers.
    Dns 6 Addrs 64, "IPV4DNS", "DOMAIN_NAME_SERVERS";
    /// Host name.
    Hostname 12 Hostname 64, "HOSTNAME", "HOST_NAME";
    /// Domain.
    Domain 15 Domains 255, "DNSDOMAIN", "DOMAIN_NAME";
    /// Search domains (RFC 3397).
    Search 119 Domains MAX_LEASE_DOMAINS, "DOMAINSEARCH", "DOMAIN_SEARCH";
    /// `siaddr`: where the boot file is.
    NextServer 0 Addr 4, "ROOTSERVER", "NEXT_SERVER";
    /// Root path.
    RootPath 17 Text 512, "ROOTPATH", "ROOT_PATH";
    /// Boot file: option 67, else `file`.
    Bootfile 67 Text 255, "filename", "BOOTFILE_NAME";
    /// Its server's name: option 66, else `sname`.
    ServerName 66 Text 255, "SERVERNAME", "TFTP_SERVER_NAME";
    /// Time servers.
    Ntp 42 Addrs 32, "NTPSERVERS", "NTP_SERVERS";
    /// MTU of the link.
    Mtu 26 Number 2, "MTU", "INTERFACE_MTU";
    /// Who gave the lease.
    Server 54 Addr 4, "DHCPSERVER", "DHCP_SERVER_IDENTIFIER";
    /// Seconds it lasts; `u32::MAX` is for ever.
    LeaseTime 51 Number 4, "DHCPLEASETIME", "DHCP_LEASE_TIME";
    /// Seconds until it is to be renewed (T1).
    RenewTime 58 Number 4, "DHCPRENEWALTIME", "DHCP_RENEWAL_TIME";
    /// Seconds until any server is to be asked (T2).
    RebindTime 59 Number 4, "DHCPREBINDINGTIME", "DHCP_REBINDING_TIME";
    /// Routes but the default route: option 121 (RFC 3442), else 33.
    Routes 121 Routes MAX_LEASE_ROUTES * ROUTE_OCTETS, "ROUTES";
}

impl Lease {
    /// The address of a field that holds one; unspecified where none was said.
    #[inline(never)]
    pub fn addr(&self, field: Field) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.number_or(field, 0))
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
pub fn is_sound(field: Field, octets: &[u8]) -> bool {
    slots::is_sound(field.number(), octets)
}
