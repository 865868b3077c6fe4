//! DHCPv6 messages (RFC 8415): what a client says, and what is heard of servers.
//!
//! ```text
//!  0       1               4
//!  +-------+---------------+-------- - -
//!  | type  |transaction-id | options
//!  +-------+---------------+-------- - -
//!  +-------+-------+-------- - -
//!  | code  | len   | octets         of an option; of some these are options again
//!  +-------+-------+-------- - -
//! ```
//!
//! See [`crate::wire`] for the contract.

mod reply;
mod request;

use super::ipv6;
pub use reply::read;
pub use request::{Request, build};

/// Octets of the headers before a message.
pub const HEADERS: usize = ipv6::HEADER + 8;

/// Is there a server?
pub const SOLICIT: u8 = 1;
/// A server's offer.
pub const ADVERTISE: u8 = 2;
/// Takes an offer.
pub const REQUEST: u8 = 3;
/// Are these addresses good on this link?
pub const CONFIRM: u8 = 4;
/// Asks the lease's server for more time.
pub const RENEW: u8 = 5;
/// Asks any server.
pub const REBIND: u8 = 6;
/// The lease, or whatever else was asked for.
pub const REPLY: u8 = 7;
/// Gives the lease back.
pub const RELEASE: u8 = 8;
/// Somebody else has the address.
pub const DECLINE: u8 = 9;
/// A server would be asked anew.
pub const RECONFIGURE: u8 = 10;
/// Asks for what needs no lease.
pub const INFORMATION_REQUEST: u8 = 11;

/// Status codes (RFC 8415 s.21.13): all is well.
pub const SUCCESS: u32 = 0;
/// The server failed.
pub const UNSPEC_FAIL: u32 = 1;
/// The server has no binding for the IA.
pub const NO_BINDING: u32 = 3;
/// The addresses are none of this link.
pub const NOT_ON_LINK: u32 = 4;
/// The server is to be sent to as all are.
pub const USE_MULTICAST: u32 = 5;

/// Port of a client.
const CLIENT: [u8; 2] = 546_u16.to_be_bytes();
/// Port of a server.
const SERVER: [u8; 2] = 547_u16.to_be_bytes();

const IA_NA: u8 = 3;
const IAADDR: u8 = 5;
const IA_PD: u8 = 25;
const IAPREFIX: u8 = 26;
