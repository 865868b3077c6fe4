//! What the values of options may be: ranges of numbers, words, and forms of text.

use crate::packed::{Packed, packed};

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Kind {
    /// Yes or no, kept as 1 or 0.
    Bool,
    /// A decimal number: 0-255.
    Octet,
    /// 0-2.
    Router,
    /// 0-63 (`BR_MAX_PORT_PRIORITY`, net/bridge/br_private.h of Linux, as all of bridges here).
    PortPriority,
    /// 0-1,023.
    Key,
    /// 0-4,094.
    Pvid,
    /// 0-65,535.
    Short,
    /// 0-16,777,215.
    Vni,
    /// 0-2,147,483,647.
    Natural,
    /// 0-4,294,967,295.
    Any,
    /// 1-255.
    Count,
    /// 1-4,094.
    Vlan,
    /// 1-65,535.
    Port,
    /// 1-2,147,483,647.
    Positive,
    /// 100-1,000: 1-10 s (`BR_MIN_HELLO_TIME`).
    Hello,
    /// 600-4,000: 6-40 s (`BR_MIN_MAX_AGE`).
    MaxAge,
    /// One of several words, or its number; kept as the kernel's number, from 0: `BOND_MODE_*`.
    Mode,
    /// `BOND_ARP_VALIDATE_*`.
    Validate,
    /// `BOND_ARP_TARGETS_*`.
    Targets,
    /// `BOND_PRI_RESELECT_*`.
    Reselect,
    /// `BOND_FOM_*`.
    FailOverMac,
    /// `BOND_XMIT_POLICY_*`.
    Hash,
    /// `AD_LACP_*`.
    LacpRate,
    /// `BOND_AD_*`.
    Select,
    /// Ethernet types of VLANs: 0x8100 and 0x88a8.
    Protocol,
    /// The bit of `MACVLAN_MODE_*`.
    Macvlan,
    /// `DUPLEX_*`.
    Duplex,
    /// Of a link.
    Status,
    /// [`Dad`](super::config::Dad).
    Dad,
    /// [`CarrierLoss`](super::config::CarrierLoss).
    CarrierLoss,
    /// `IN6_ADDR_GEN_MODE_*`, and words for what the kernel does anyway.
    AddrGenMode,
    /// `use_tempaddr` of the kernel, of which each word behind 1 means 2.
    Privacy,
    /// A link name.
    Name,
    /// A MAC.
    Mac,
    /// An IPv6 address.
    Ip6,
    /// An address of either family.
    Ip,
    /// IPv4 addresses, 16 at most (`BOND_MAX_ARP_TARGETS`), kept with commas between them.
    IpList4,
    /// IPv6 addresses, 16 at most (`BOND_MAX_NS_TARGETS`).
    IpList6,
    /// A number from -2,147,483,647 to 2,147,483,647, kept as it is written.
    Signed,
    /// Pairs of priorities, `FROM:TO`, kept with commas between them.
    Map,
    /// Any text.
    Text,
}

/// By [`Kind`], from the first one on that has any, the words of each.
const WORDS: Packed = packed!(concat!(
    "balance-rr,active-backup,balance-xor,broadcast,802.3ad,balance-tlb,balance-alb\n",
    "none,active,backup,all,filter,filter_active,filter_backup\n",
    "any,all\n",
    "always,better,failure\n",
    "none,active,follow\n",
    "layer2,layer3+4,layer2+3,encap2+3,encap3+4,vlan+srcmac\n",
    "slow,fast\n",
    "stable,bandwidth,count\n",
    "802.1Q,802.1ad\n",
    "private,vepa,bridge,passthru,source\n",
    "half,full\n",
    "down,up\n",
    "background,kernel,optimistic,off\n",
    "withdraw,metric,keep\n",
    "eui64,none,stable-privacy,random,default,default-or-eui64\n",
    "no,,yes,rfc3041,rfc4941\n",
));

/// By [`Kind`], the largest number, without those that are none.
static MOST: [u32; Kind::Mode as usize] = [
    1,
    255,
    2,
    63,
    1_023,
    4_094,
    65_535,
    0xff_ffff,
    0x7fff_ffff,
    u32::MAX,
    255,
    4_094,
    65_535,
    0x7fff_ffff,
    1_000,
    4_000,
];

impl Kind {
    /// Whether a number is in the range of a kind of numbers.
    pub fn has(self, number: u32) -> bool {
        let least = if self == Kind::Hello {
            100
        } else if self == Kind::MaxAge {
            600
        } else {
            u32::from(self >= Kind::Count)
        };
        let most = MOST.get(self as usize);
        most.is_some_and(|most| (least..=*most).contains(&number))
    }

    /// Its words, with commas between them; empty where it has none.
    pub fn words(self) -> Packed {
        match (self as usize).checked_sub(Kind::Mode as usize) {
            Some(line) => WORDS.line(line),
            None => Packed(b""),
        }
    }

    /// The word of a number; empty beyond the last.
    pub fn word(self, number: u32) -> Packed {
        self.words().item(number as usize)
    }
}
