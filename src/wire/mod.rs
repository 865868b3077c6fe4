//! Octets to values and back: netlink and rtnetlink, and what is on the link: ARP, IPv4, DHCPv4, IPv6,
//! ICMPv6, DHCPv6.
//!
//! The contract of every function below this module:
//!
//! * **No policy, no state, no I/O.** A function sees octets or values and returns the other; what to
//!   ask for and what an answer means is decided elsewhere.
//! * **Nothing panics, whatever the octets are.** Input is taken apart by `split_first_chunk`, `get` and
//!   array patterns only, so there is no index that could be wrong; lengths found in the input are
//!   compared, never trusted in arithmetic. Every loop consumes at least one header per round, so it ends.
//! * **Decoding is total.** Unknown attributes are skipped, as netlink(7) demands of a receiver. An
//!   attribute of a length its kind cannot have counts as absent. A message whose fixed header is short, or
//!   which is of a family we do not speak, is `None`.
//! * **Truncated input is read as far as it is whole.** A message or attribute that claims more octets
//!   than there are ends the iteration; it never yields a part of itself. What others sent over a link is not
//!   read so far: where its lengths lie, all of it is malformed.
//! * **Encoding is whole or nothing.** A request that does not fit leaves the
//!   [`netlink::Writer`] as it was and returns [`netlink::Full`]; a packet that does not fit has no length.
//!   Every octet of what is finished is written, padding included, so the buffer may hold anything before.
//!
//! Numbers of netlink are in host byte order (`from_ne_bytes`), as it is spoken with the local kernel only;
//! addresses and ports inside attributes, and all of a packet, are in network byte order. Constants keep
//! their uapi names.

pub mod arp;
pub mod control;
pub mod dhcpv4;
pub mod dhcpv6;
pub mod domain;
pub mod ethtool;
pub mod ethtool_ioctl;
pub mod icmpv6;
pub mod ipv4;
pub mod ipv6;
pub mod netlink;
mod option;
pub mod rtnetlink;
