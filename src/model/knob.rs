//! Settings of IPv6 that the kernel has for each link.

use super::attr::{Attr, Scope};
use crate::packed::{Word, word};

/// One of them: a file below `/proc/sys/net/ipv6/conf` (Documentation/networking/ip-sysctl.rst of Linux).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knob(pub u8);

impl Knob {
    /// IPv6 is not spoken.
    pub const DISABLE_IPV6: Knob = Knob(0);
    /// Advertisements of routers count: 1, 2 even where packets are forwarded.
    pub const ACCEPT_RA: Knob = Knob(1);
    /// Addresses are formed as they say.
    pub const AUTOCONF: Knob = Knob(2);
    /// Default routes are taken from them.
    pub const DEFAULT_ROUTE: Knob = Knob(3);
    /// The longest prefix of a route that is taken from them (RFC 4191).
    pub const ROUTE_LEN: Knob = Knob(4);
    /// The metric of those default routes (Linux 5.12).
    pub const METRIC: Knob = Knob(5);
    /// Temporary addresses (RFC 8981): 1 are formed, 2 are preferred.
    pub const TEMPORARY: Knob = Knob(6);
    /// How often the kernel asks for a duplicate.
    pub const DAD_TRANSMITS: Knob = Knob(7);
    /// An address may be used before that is known (RFC 4429).
    pub const OPTIMISTIC: Knob = Knob(8);
    /// What the kernel forms is used only once it is known that nobody else has it.
    pub const ACCEPT_DAD: Knob = Knob(9);
    /// MTU, which is that of the link whenever it goes up.
    pub const MTU: Knob = Knob(10);
    /// `IN6_ADDR_GEN_MODE_*`; set by netlink.
    pub const ADDR_GEN_MODE: Knob = Knob(11);
    /// Packets of others are forwarded; never set.
    pub const FORWARDING: Knob = Knob(12);
    /// How many there are.
    pub const COUNT: u8 = 13;

    /// What there is to know of it.
    pub fn row(self) -> Row {
        *ROWS.get(usize::from(self.0)).unwrap_or(&FORWARDING)
    }
}

/// `IN6_ADDR_GEN_MODE_EUI64`.
pub const EUI64: u32 = 0;
/// `IN6_ADDR_GEN_MODE_NONE`: the kernel forms no link-local address.
pub const NONE: u32 = 1;
/// `IN6_ADDR_GEN_MODE_STABLE_PRIVACY`.
pub const STABLE_PRIVACY: u32 = 2;
/// `IN6_ADDR_GEN_MODE_RANDOM`.
pub const RANDOM: u32 = 3;

/// What there is to know of a setting.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its place in `IFLA_INET6_CONF` (`DEVCONF_*`, linux/ipv6.h).
    place: u8,
    /// The name of its file; of [`Knob::ADDR_GEN_MODE`] that of the secret which makes addresses stable.
    pub word: Word,
    /// The option that is its value, where there is one.
    pub attr: Attr,
    /// What it is where nobody changed it.
    pub usual: u16,
}

const fn row(place: u8, word: Word, usual: u16, attr: &str) -> Row {
    Row {
        place,
        word,
        usual,
        attr: Attr::of(Scope::Link, attr),
    }
}

const FORWARDING: Row = row(0, word!(""), 0, "token");

/// By [`Knob`].
static ROWS: [Row; Knob::COUNT as usize] = [
    row(26, word!("disable_ipv6"), 0, "token"),
    row(3, word!("accept_ra"), 1, "accept_ra"),
    row(5, word!("autoconf"), 1, "token"),
    row(17, word!("accept_ra_defrtr"), 1, "token"),
    row(21, word!("accept_ra_rt_info_max_plen"), 0, "token"),
    row(52, word!("ra_defrtr_metric"), 1_024, "token"),
    row(10, word!("use_tempaddr"), 0, "privacy"),
    row(6, word!("dad_transmits"), 1, "dad_transmits"),
    row(23, word!("optimistic_dad"), 0, "token"),
    row(27, word!("accept_dad"), 1, "token"),
    row(2, word!("mtu"), 0, "mtu6"),
    row(47, word!("stable_secret"), 0, "addr_gen_mode"),
    FORWARDING,
];

/// The settings of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs([u32; Knob::COUNT as usize]);

impl Knobs {
    /// Those of a link that the kernel has not shown: as nobody changed them.
    pub const UNKNOWN: Knobs = Knobs([UNKNOWN; Knob::COUNT as usize]);

    /// Those of a link without IPv6.
    pub const NONE: Knobs = Knobs([ABSENT; Knob::COUNT as usize]);

    /// Reads `IFLA_INET6_CONF`.
    pub fn read(&mut self, conf: &[[u8; 4]]) {
        for (value, row) in self.0.iter_mut().zip(&ROWS) {
            let octets = conf.get(usize::from(row.place));
            *value = octets.map_or(ABSENT, |octets| u32::from_ne_bytes(*octets));
        }
    }

    /// One of them; [`ABSENT`] where the kernel has it not.
    #[inline(never)]
    pub fn of(&self, knob: Knob) -> u32 {
        match self.0.get(usize::from(knob.0)) {
            Some(&UNKNOWN) | None => knob.row().usual.into(),
            Some(value) => *value,
        }
    }

    /// Takes one for changed.
    pub fn set(&mut self, knob: Knob, to: u32) {
        if let Some(value) = self.0.get_mut(usize::from(knob.0)) {
            *value = to;
        }
    }

    /// Whether the link speaks IPv6 at all, even where that is turned off.
    pub fn has_ipv6(&self) -> bool {
        self.of(Knob::DISABLE_IPV6) != ABSENT
    }
}

/// No value of any: of one that was not looked at, and of one that the kernel has not.
const UNKNOWN: u32 = u32::MAX;
/// No value of any: the kernel has it not.
pub const ABSENT: u32 = UNKNOWN ^ STABLE_PRIVACY;
