//! Protocols, without their sockets and clocks: what is heard and the time go in, what is to be sent and when to
//! come back comes out. Deadlines are absolute, chance is a seed.

pub mod backoff;
pub mod dad;
pub mod dhcpv4;
pub mod dhcpv6;
pub mod ndisc;
pub mod slaac;

use crate::engine::Instant;
use crate::model::addr::Cidr;
use crate::model::config::LinkId;
use crate::model::desired::FOREVER;
use crate::model::lease::{Field, Lease};
use crate::model::lease6::Lease6;
use crate::wire::rtnetlink::addr;
use dhcpv4::{Client, State};
use heapless::VecView;
use ndisc::Ndisc;

/// A link that asks others on it for something: servers of DHCPv4 or DHCPv6, or routers.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Lessee {
    /// The link.
    pub ifindex: u32,
    /// What asked for it.
    pub config: LinkId,
    /// Whether its network needs no IPv4 (RFC 8925).
    pub v6_only: bool,
    /// Whether the leases are written down, by [`Family`](crate::model::addr::Family).
    pub saved: [bool; 2],
    /// How often its link had lost carrier at the last look.
    pub carrier_losses: u32,
    /// How far DHCPv4 is.
    pub client: Client,
    /// How far DHCPv6 is.
    pub client6: dhcpv6::Client,
    /// What routers said.
    pub ndisc: Ndisc,
    /// What is leased to it by DHCPv4, while it [`holds`](Lessee::holds) that.
    pub lease: Lease,
    /// What servers of DHCPv6 said, while there is a lease ([`dhcpv6::Client::has_lease`]) or none is needed.
    pub lease6: Lease6,
}

impl Lessee {
    /// Adds one that has no lease and does not ask yet; `None` where there is no room.
    #[inline(never)]
    pub fn add(lessees: &mut VecView<Lessee>, ifindex: u32, config: LinkId) -> Option<&mut Lessee> {
        let lessee = Lessee {
            ifindex,
            config,
            v6_only: false,
            saved: [false; 2],
            carrier_losses: 0,
            client: Client::NEW,
            client6: dhcpv6::Client::NEW,
            ndisc: Ndisc::NEW,
            lease: Lease::NONE,
            lease6: Lease6::NONE,
        };
        lessees.push(lessee).ok()?;
        lessees.last_mut()
    }

    /// Has no carrier, or lost it for a while.
    pub fn stop(&mut self) {
        self.client.stop();
        self.client6.stop();
        self.ndisc.stop();
    }

    /// When it has something to do again.
    pub fn deadline(&self) -> Instant {
        let six = self.client6.deadline().min(self.ndisc.deadline());
        six.min(self.client.deadline())
    }

    /// Whether the lease is in use.
    pub fn holds(&self, now: Instant) -> bool {
        self.client.state() != State::Probing && now < self.client.expires_at()
    }

    /// When it was asked for; 0 of one that never ends.
    pub fn began(&self) -> Instant {
        let secs = self.lease.number_or(Field::LeaseTime, FOREVER);
        match self.client.expires_at() {
            Instant(u64::MAX) => Instant(0),
            end => Instant(
                end.0
                    .saturating_sub(u64::from(secs).saturating_mul(1_000_000)),
            ),
        }
    }

    /// Seconds it may be used from now on; [`FOREVER`] for one that never ends.
    pub fn valid_secs(&self, now: Instant) -> u32 {
        now.seconds_until(self.client.expires_at())
    }
}

/// An IPv6 address that a managed link was seen to have.
#[derive(Clone, Copy, Debug)]
pub struct Addr6 {
    /// The address, and how long its prefix is.
    pub addr: Cidr,
    /// Its link, and whether somebody else has it.
    pub check: dad::Check,
    /// `IFA_F_*`.
    pub flags: u32,
    /// Seconds that it may be used, from when it was seen last.
    pub valid_secs: u32,
    /// The same of new connections.
    pub preferred_secs: u32,
    /// Whether it is one that was asked for.
    pub is_ours: bool,
    /// Whether the last look saw it.
    pub is_there: bool,
}

impl Addr6 {
    /// Whether it may be used.
    pub fn is_usable(&self) -> bool {
        addr::is_usable(self.flags)
    }
}
