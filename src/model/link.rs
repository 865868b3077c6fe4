//! Links: their names, hardware addresses and kinds.

use crate::diag::Escaped;
use crate::packed::{Packed, packed};
use crate::text::show::{Hex, Show, Text, displayed};
use crate::text::steps::step;

/// Octets of a link name, its NUL included (`IFNAMSIZ`).
pub const IFNAMSIZ: usize = 16;

/// A link name: 1 to 15 octets, padded with NUL.
#[derive(Clone, Copy, Debug, Eq)]
pub struct IfName([u8; IFNAMSIZ]);

impl PartialEq for IfName {
    // Once, not at each of the many places where names are compared; and octet by octet, as the
    // compiler passes two registers for each name where it can read one in two steps.
    #[inline(never)]
    fn eq(&self, other: &IfName) -> bool {
        step(1);
        self.0.iter().eq(&other.0)
    }
}

impl IfName {
    /// The loopback link.
    pub const LO: IfName = IfName(*b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0");

    /// A name an administrator may give: what the kernel takes (`dev_valid_name`), and no `%`, which
    /// the kernel would read as a pattern.
    pub fn new(name: &[u8]) -> Option<IfName> {
        let plain = |octet: &u8| !matches!(octet, 0 | b'/' | b':' | b'%' | b' ' | b'\t'..=b'\r');
        if name == b"." || name == b".." || !name.iter().all(plain) {
            return None;
        }
        IfName::from_kernel(name)
    }

    /// As [`IfName::new`], in its place; whether it is one.
    #[inline(never)]
    pub fn read(name: &[u8], into: &mut Option<IfName>) -> bool {
        *into = IfName::new(name);
        into.is_some()
    }

    /// As [`IfName::new`], of as many octets as a name has room for.
    pub fn cut(name: &[u8]) -> Option<IfName> {
        let room = IFNAMSIZ.saturating_sub(1);
        IfName::new(name.get(..room).unwrap_or(name))
    }

    /// A name as the kernel reports it, with or without its NUL.
    pub fn from_kernel(name: &[u8]) -> Option<IfName> {
        let name = until_nul(name);
        let mut padded = [0; IFNAMSIZ];
        if name.is_empty() || name.len() >= IFNAMSIZ {
            return None;
        }
        padded.get_mut(..name.len())?.copy_from_slice(name);
        Some(IfName(padded))
    }

    /// The name and its padding, at least one NUL.
    pub fn padded(&self) -> &[u8; IFNAMSIZ] {
        &self.0
    }

    /// Whether `name` is this one.
    #[inline(never)]
    pub fn is(&self, name: &Option<IfName>) -> bool {
        name.as_ref() == Some(self)
    }

    /// The name without its padding.
    pub fn as_bytes(&self) -> &[u8] {
        until_nul(&self.0)
    }
}

/// A text of the kernel without its NUL and what follows.
#[inline(never)]
pub fn until_nul(octets: &[u8]) -> &[u8] {
    match octets.iter().position(|octet| *octet == 0) {
        Some(end) => octets.get(..end).unwrap_or_default(),
        None => octets,
    }
}

impl Show for IfName {
    fn show(&self, f: &mut Text<'_>) {
        Escaped(self.as_bytes()).show(f)
    }
}

/// A hardware address: 6 octets for Ethernet, 20 for InfiniBand, none where a link has none.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Mac {
    octets: [u8; 20],
    len: u8,
}

impl PartialEq for Mac {
    // As for `IfName`.
    #[inline(never)]
    fn eq(&self, other: &Mac) -> bool {
        step(1);
        self.len == other.len && self.octets.iter().eq(&other.octets)
    }
}

impl Mac {
    /// No hardware address.
    pub const NONE: Mac = Mac {
        octets: [0; 20],
        len: 0,
    };

    /// `None` if there are more than 20 octets.
    #[inline(never)]
    pub fn new(octets: &[u8]) -> Option<Mac> {
        (octets.len() <= 20).then(|| Mac::from_kernel(octets))
    }

    /// An address as the kernel reports it; one of more than 20 octets counts as none.
    #[inline(never)]
    pub fn from_kernel(octets: &[u8]) -> Mac {
        let mut mac = Mac::NONE;
        if let Some(room) = mac.octets.get_mut(..octets.len()) {
            room.copy_from_slice(octets);
            mac.len = octets.len() as u8;
        }
        mac
    }

    /// The octets.
    #[inline(never)]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether there is no address.
    pub fn is_none(&self) -> bool {
        self.len == 0
    }

    /// Whether there is no address, or one of zeros only.
    pub fn is_unset(&self) -> bool {
        self.octets.iter().all(|octet| *octet == 0)
    }
}

displayed!(IfName, Mac);

impl Show for Mac {
    fn show(&self, f: &mut Text<'_>) {
        Hex(self.as_bytes()).show(f)
    }
}

/// The kinds of link a source can describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A physical Ethernet link, or one that looks like it.
    Ethernet,
    /// IP over InfiniBand.
    Infiniband,
    /// VLAN (802.1Q).
    Vlan,
    /// Bond.
    Bond,
    /// Team, which is made as a bond.
    Team,
    /// Bridge.
    Bridge,
    /// Dummy.
    Dummy,
    /// MAC-based VLAN.
    Macvlan,
    /// The same, as a character device.
    Macvtap,
    /// Link that shares its parent's MAC.
    Ipvlan,
    /// Virtual routing and forwarding domain.
    Vrf,
    /// VXLAN (RFC 7348).
    Vxlan,
    /// One end of a pair.
    Veth,
    /// IPv4 in IPv4.
    Ipip,
    /// GRE over IPv4.
    Gre,
    /// Ethernet in GRE over IPv4.
    Gretap,
    /// IPv6 in IPv4.
    Sit,
    /// Anything in IPv6.
    Ip6tnl,
    /// GRE over IPv6.
    Ip6gre,
    /// A program's link of packets.
    Tun,
    /// A program's link of frames.
    Tap,
}

impl LinkKind {
    /// The words used in JSON, and what else `TYPE` of an `ifcfg` file calls some of them.
    pub const WORDS: Packed = packed!(concat!(
        "ethernet,infiniband,vlan,bond,team,bridge,dummy,macvlan,macvtap,ipvlan,vrf,vxlan,",
        "veth,ipip,gre,gretap,sit,ip6tnl,ip6gre,tun,tap,ctc,token ring,ipip6,gre6"
    ));

    /// The word used in JSON.
    pub fn word(self) -> Packed {
        LinkKind::WORDS.item(self as usize)
    }

    /// `IFLA_INFO_KIND` of such a link; empty for one that is a device. An InfiniBand link has a kind either way.
    pub fn kernel_word(self) -> Packed {
        packed!(concat!(
            ",ipoib,vlan,bond,bond,bridge,dummy,macvlan,macvtap,ipvlan,vrf,vxlan,",
            "veth,ipip,gre,gretap,sit,ip6tnl,ip6gre,tun,tun"
        ))
        .item(self as usize)
    }

    /// The kernel module that makes such links.
    pub fn module(self) -> Packed {
        packed!(concat!(
            ",ib_ipoib,8021q,bonding,bonding,bridge,dummy,macvlan,macvtap,ipvlan,vrf,vxlan,",
            "veth,ipip,ip_gre,ip_gre,sit,ip6_tunnel,ip6_gre,tun,tun"
        ))
        .item(self as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn names_are_what_the_kernel_takes() {
        assert_eq!(IfName::new(b"eth0.5").unwrap().to_string(), "eth0.5");
        assert!(IfName::new(b"exactly15octets").is_some());
        for bad in [
            &b""[..],
            b"sixteen-octets-x",
            b"a/b",
            b"a:b",
            b"a b",
            b"a\tb",
            b".",
            b"..",
            b"eth%d",
        ] {
            assert_eq!(IfName::new(bad), None, "{}", Escaped(bad));
        }
        assert_eq!(IfName::from_kernel(b"lo\0garbage"), IfName::new(b"lo"));
    }

    #[test]
    fn kinds_have_their_words() {
        for (kind, word) in [
            (LinkKind::Ethernet, "ethernet"),
            (LinkKind::Team, "team"),
            (LinkKind::Vxlan, "vxlan"),
            (LinkKind::Tap, "tap"),
        ] {
            assert_eq!(kind.word().to_string(), word);
        }
        for (kind, word, module) in [
            (LinkKind::Ethernet, "", ""),
            (LinkKind::Infiniband, "ipoib", "ib_ipoib"),
            (LinkKind::Vlan, "vlan", "8021q"),
            (LinkKind::Team, "bond", "bonding"),
            (LinkKind::Vxlan, "vxlan", "vxlan"),
            (LinkKind::Gretap, "gretap", "ip_gre"),
            (LinkKind::Ip6gre, "ip6gre", "ip6_gre"),
            (LinkKind::Tap, "tun", "tun"),
        ] {
            assert_eq!(kind.kernel_word().to_string(), word);
            assert_eq!(kind.module().to_string(), module);
        }
    }

    #[test]
    fn macs_print_in_lower_case() {
        let mac = Mac::new(&[0x52, 0x54, 0, 0xAB, 0xcd, 1]).unwrap();
        assert_eq!(mac.to_string(), "52:54:00:ab:cd:01");
        assert_eq!(Mac::new(&[1; 21]), None);
        assert!(Mac::NONE.is_unset() && Mac::new(&[0; 6]).unwrap().is_unset());
    }
}
