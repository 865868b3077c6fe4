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
use dhcpv4::{Client, State};
use heapless::VecView;
use ndisc::Ndisc;

/// A link that asks for a DHCPv4 lease.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Lessee {
    /// The link.
    pub ifindex: u32,
    /// What asked for it.
    pub config: LinkId,
    /// Whether its network needs no IPv4 (RFC 8925).
    pub v6_only: bool,
    /// Whether the lease is written down.
    pub saved: bool,
    /// How far it is.
    pub client: Client,
    /// What is leased to it, while it [`holds`](Lessee::holds) that.
    pub lease: Lease,
    /// How often its link had lost carrier at the last look.
    pub carrier_losses: u32,
}

impl Lessee {
    /// Adds one that has no lease and does not ask yet; `None` where there is no room.
    #[inline(never)]
    pub fn add(lessees: &mut VecView<Lessee>, ifindex: u32, config: LinkId) -> Option<&mut Lessee> {
        let lessee = Lessee {
            ifindex,
            config,
            client: Client::NEW,
            v6_only: false,
            saved: false,
            carrier_losses: 0,
            lease: Lease::NONE,
        };
        lessees.push(lessee).ok()?;
        lessees.last_mut()
    }

    /// Whether the lease is in use.
    pub fn holds(&self, now: Instant) -> bool {
        self.client.state() != State::Probing && now < self.client.expires_at()
    }

    /// When it was asked for; 0 of one that never ends.
    pub fn began(&self) -> Instant {
        let secs = self.lease.number(Field::LeaseTime).unwrap_or(FOREVER);
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

/// A link that listens to routers, or asks for a lease of DHCPv6.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Lessee6 {
    /// The link.
    pub ifindex: u32,
    /// What asked for it.
    pub config: LinkId,
    /// Whether the lease is written down.
    pub saved: bool,
    /// The digit that the kernel had for its link as `accept_dad` before us; 0: it was not asked yet.
    pub accept_dad: u8,
    /// How often its link had lost carrier at the last look.
    pub carrier_losses: u32,
    /// What servers of DHCPv6 are asked.
    pub client: dhcpv6::Client,
    /// What routers said.
    pub ndisc: Ndisc,
    /// What servers said, while [`dhcpv6::Client::has_lease`], or is informed.
    pub lease: Lease6,
}

impl Lessee6 {
    /// Adds one that knows nothing and does not ask yet; `None` where there is no room.
    #[inline(never)]
    pub fn add(
        lessees: &mut VecView<Lessee6>,
        ifindex: u32,
        config: LinkId,
    ) -> Option<&mut Lessee6> {
        let lessee = Lessee6 {
            ifindex,
            config,
            saved: false,
            accept_dad: 0,
            carrier_losses: 0,
            client: dhcpv6::Client::NEW,
            ndisc: Ndisc::NEW,
            lease: Lease6::NONE,
        };
        lessees.push(lessee).ok()?;
        lessees.last_mut()
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
    /// Whether the last look saw it.
    pub is_there: bool,
}
