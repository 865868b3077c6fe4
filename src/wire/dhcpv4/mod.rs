//! DHCPv4 messages (RFC 2131 s.2, RFC 2132): what a client says, and what is heard of servers.
//!
//! ```text
//!  0    1     2    3     4    8     10     12      16      20      24      28      44     108   236     240
//!  +----+-----+----+-----+----+-----+------+-------+-------+-------+-------+-------+------+-----+-------+- - -
//!  | op |htype|hlen| hops| xid| secs| flags| ciaddr| yiaddr| siaddr| giaddr| chaddr| sname| file| cookie| options
//!  +----+-----+----+-----+----+-----+------+-------+-------+-------+-------+-------+------+-----+-------+- - -
//!  +------+-----+-------- - -
//!  | code | len | octets         of an option; PAD and END have a code only
//!  +------+-----+-------- - -
//! ```
//!
//! See [`crate::wire`] for the contract.

mod reply;
mod request;

pub use reply::read;
pub use request::{Request, Wanted, build};

/// Is there a server?
pub const DISCOVER: u8 = 1;
/// A server's offer.
pub const OFFER: u8 = 2;
/// Takes an offer, or asks for what a client had before.
pub const REQUEST: u8 = 3;
/// Somebody else has the address.
pub const DECLINE: u8 = 4;
/// The lease.
pub const ACK: u8 = 5;
/// There is none.
pub const NAK: u8 = 6;
/// Gives the lease back.
pub const RELEASE: u8 = 7;

/// What the options begin with.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// No option: one octet to skip.
const PAD: u8 = 0;
/// No option: the end of an area.
const END: u8 = 255;

/// Octets before the cookie.
const HEADER: usize = 236;
/// Octets of `chaddr`.
const CHADDR: usize = 16;
/// Octets of a UDP payload in a frame of 1,500, which is the longest message that we say to take.
const MESSAGE_MAX: u16 = 1_472;
