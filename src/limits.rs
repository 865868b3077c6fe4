//! Every fixed capacity: its value, why it is that large, and what is reported when it is reached.
//!
//! Nothing here costs memory before it is used: the tables live in `.bss` and pages that are never
//! touched are never mapped. An entry beyond a limit is dropped with a diagnostic that names the
//! constant; everything below the limit is applied.

/// Links the configuration may describe (`ifcfg-*` files and links named by `ip=`).
pub const MAX_LINKS: usize = 1_024;

/// Links of the kernel that are remembered by name, and their short alternative names. Links that the
/// configuration does not mention are forgotten first.
pub const MAX_KERNEL_LINKS: usize = 8_192;

/// Addresses of all links together. Those of earlier runs that go have their place beside these and the
/// routes, in one table for as many as both limits allow.
pub const MAX_ADDRS: usize = 8_192;

/// Routes of all links together; for those of earlier runs see [`MAX_ADDRS`].
pub const MAX_ROUTES: usize = 131_072;

/// DHCPv4 clients: links that ask for a lease.
pub const MAX_DHCP: usize = 1_024;

/// Routes of one lease. A frame of 1,500 octets has room for 160 of the shortest.
pub const MAX_LEASE_ROUTES: usize = 256;

/// Octets of a DUID: two of its type and up to 128 (RFC 8415 s.11.1).
pub const MAX_DUID: usize = 130;

/// Addresses of one IA_NA. Servers give one.
pub const MAX_IA_ADDRS: usize = 4;

/// Prefixes of one IA_PD.
pub const MAX_IA_PREFIXES: usize = 4;

/// Name servers that a router or a DHCPv6 server names. The resolver reads three.
pub const MAX_RDNSS: usize = 8;

/// Octets of a text of an advertisement: a search domain, or the URI of a captive portal.
pub const MAX_RA_TEXT: usize = 64;

/// Things that one advertisement says: two of its router, a portal, servers, domains.
pub const MAX_RA_ITEMS: usize = 24;

/// Such things that are kept of all routers of a link.
pub const MAX_RA_KEPT: usize = 48;

/// Octets of the search domains of one lease, with a blank between them.
pub const MAX_LEASE_DOMAINS: usize = 512;

/// MAC rules (`ifname=`, `HWADDR` with `DEVICE`).
pub const MAX_NAME_RULES: usize = 1_024;

/// Other names that one of them gives.
pub const MAX_ALTNAMES: u8 = 16;

/// Policy routing rules of all files.
pub const MAX_RULES: usize = MAX_ADDRS;

/// Options of all links together: a VLAN's id, a bond's mode, what ethtool(8) sets.
pub const MAX_ATTRS: usize = MAX_ROUTES;

/// Names of routing tables (`rt_tables`).
pub const MAX_TABLES: usize = MAX_LINKS;

/// Name servers of all links together.
pub const MAX_SERVERS: usize = 1_024;

/// Search domains of all links together.
pub const MAX_SEARCH: usize = 1_024;

/// Files that configuration is read from; each has a number in [`crate::diag::Origin`].
pub const MAX_FILES: usize = 8_192;

/// Octets of all texts the configuration keeps: host names, domains, file names, policy rules.
pub const MAX_STRINGS: usize = 4 * 1024 * 1024;

/// Octets of what the kernel shows of kinds and options of the links that the configuration names: a bond's are
/// 600. Beyond it a link counts as one that has the options it shall have.
pub const INFO_OCTETS: usize = MAX_STRINGS;

/// Octets of one configuration file. 131,072 routes of 80 octets fit.
pub const MAX_FILE_OCTETS: usize = 16 * 1024 * 1024;

/// Octets of one shell value (`KEY=value`) after unquoting.
pub const MAX_VALUE: usize = 4_096;

/// Assignments in one `ifcfg` file.
pub const MAX_ASSIGNMENTS: usize = 32_768;

/// Octets of one diagnostic line, four of them for the priority where a log has one. The kernel's log keeps 976 of a line, its own prefix included.
pub const MAX_LINE: usize = 960;

/// Things of which it is remembered that somebody took them away; of more the oldest is forgotten.
pub const MAX_REMOVALS: usize = 64;

/// Octets of one netlink datagram: more requests would not fit a default `SO_SNDBUF` (EMSGSIZE), and the
/// kernel's largest dump buffer is not larger.
pub const DATAGRAM_OCTETS: usize = 32 * 1024;

/// Requests in one netlink batch: a flood of error acknowledgements must fit the receive buffer.
pub const BATCH_REQUESTS: usize = 256;

/// Octets of the netlink messages that restore a link which had to go down to be renamed.
pub const RESTORE_OCTETS: usize = 256 * 1024;
