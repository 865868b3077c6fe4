//! What clients say, and what they make of the time and of answers.

use crate::diag::Problem;
use crate::wire::{dhcpv4, dhcpv6};

/// What is to be sent: what DHCPv4 is made of, then what IPv6 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Message {
    /// DHCPDISCOVER, with option 80.
    Discover,
    /// DHCPREQUEST for an offer.
    Request,
    /// DHCPREQUEST for an earlier lease.
    Reboot,
    /// DHCPREQUEST to the lease's server alone.
    Renew,
    /// DHCPREQUEST to any server.
    Rebind,
    /// DHCPDECLINE.
    Decline,
    /// DHCPRELEASE to the lease's server alone, from the address.
    Release,
    /// ARP probe for the address.
    Probe,
    /// ARP announcement of the address.
    Announce,
    /// Router solicitation.
    AskRouters,
    /// SOLICIT of DHCPv6, as all that follow.
    Solicit,
    /// REQUEST.
    Request6,
    /// CONFIRM.
    Confirm,
    /// RENEW.
    Renew6,
    /// REBIND.
    Rebind6,
    /// RELEASE.
    Release6,
    /// DECLINE.
    Decline6,
    /// INFORMATION-REQUEST.
    Inform,
}

impl Message {
    /// Its DHCP message type; 0 where it has none.
    pub fn number(self) -> u8 {
        const NUMBERS: [u8; 18] = [
            dhcpv4::DISCOVER,
            dhcpv4::REQUEST,
            dhcpv4::REQUEST,
            dhcpv4::REQUEST,
            dhcpv4::REQUEST,
            dhcpv4::DECLINE,
            dhcpv4::RELEASE,
            0,
            0,
            0,
            dhcpv6::SOLICIT,
            dhcpv6::REQUEST,
            dhcpv6::CONFIRM,
            dhcpv6::RENEW,
            dhcpv6::REBIND,
            dhcpv6::RELEASE,
            dhcpv6::DECLINE,
            dhcpv6::INFORMATION_REQUEST,
        ];
        *NUMBERS.get(self as usize).unwrap_or(&0)
    }
}

/// What the time brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing, until the client's deadline.
    Nothing,
    /// This is to be sent; then the client is told what became of it.
    Send(Message),
    /// Nobody else has the address: the lease is bound.
    Bound,
    /// No server spoke, and the earlier lease is still valid: it is bound.
    Kept,
    /// The lease is over.
    Expired,
    /// Routers say something else than they did.
    Changed,
}

/// What a message of a server was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing for us, or nothing now.
    Nothing,
    /// It is ours and cannot be used.
    Refused(Problem),
    /// It is the offer we take, or the best so far; or says that a server is to be asked for the lease anew.
    Offer,
    /// It is the lease to be, once [`Due::Bound`] says so.
    Probing,
    /// It is the lease, new or renewed, or says that the earlier one is good here.
    Bound,
    /// It is what needs no lease.
    Informed,
    /// There is no lease, or no more.
    Nak,
    /// There is no lease: the network needs no IPv4.
    V6Only,
}
