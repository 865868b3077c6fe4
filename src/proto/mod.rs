//! Protocols, without their sockets and clocks: what is heard and the time go in, what is to be sent and when to
//! come back comes out. Deadlines are absolute, chance is a seed.

pub mod backoff;
pub mod dad;
pub mod dhcpv4;
pub mod dhcpv6;
mod message;
pub mod ndisc;
pub mod slaac;

pub use dad::Addr6;

use crate::diag::Errno;
use crate::engine::Instant;
use crate::model::addr::Family;
use crate::model::config::LinkId;
use crate::model::lease::{AnyLease, Lease};
use crate::model::lease6::Lease6;
use crate::output::lease::digest;
use core::mem::replace;
pub(crate) use dhcpv4::pace::{NEAR, after};
use dhcpv4::{Client, State};
use heapless::VecView;
pub use message::{Due, Heard, Message};
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
    /// Whether the leases are written down, by [`Family`].
    pub saved: [bool; 2],
    /// Digests of what hooks know of them, the same; 0: nothing.
    pub digests: [u32; 2],
    /// How often its link had lost carrier at the last look.
    pub carrier_losses: u32,
    /// A digest of what it says of itself, while its configuration is read again.
    pub description: u32,
    /// How far DHCPv4 is.
    pub client: Client,
    /// What routers said.
    pub ndisc: Ndisc,
    /// How far DHCPv6 is.
    pub client6: dhcpv6::Client,
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
            digests: [0; 2],
            carrier_losses: 0,
            description: 0,
            client: Client::NEW,
            ndisc: Ndisc::NEW,
            client6: dhcpv6::Client::NEW,
            lease: Lease::NONE,
            lease6: Lease6::NONE,
        };
        lessees.push(lessee).ok()?;
        let lessee = lessees.last_mut()?;
        lessee.client6.stop();
        Some(lessee)
    }

    /// Has no carrier, or lost it for a while.
    pub fn stop(&mut self) {
        self.client.stop();
        self.client6.stop();
        self.ndisc.stop();
    }

    /// Knows of an earlier lease of a family, as it is held now, that was asked for or given at this time.
    #[inline(never)]
    pub fn recall(&mut self, family: Family, began: Instant) {
        match family {
            Family::V4 => self.client.recall(&self.lease, began),
            Family::V6 => self.client6.recall(&self.lease6, began),
        }
    }

    /// What is to be done now, and by which family.
    pub fn due(&mut self, now: Instant) -> (Family, Due) {
        let due = self.client.due(now);
        if due != Due::Nothing {
            return (Family::V4, due);
        }
        let due = self.ndisc.due(now);
        if due != Due::Nothing {
            return (Family::V6, due);
        }
        (Family::V6, self.client6.due(now))
    }

    /// What was due was sent, or could not be.
    pub fn sent(&mut self, what: Message, now: Instant, result: Result<(), Errno>) {
        if what < Message::AskRouters {
            self.client.sent(now, result);
        } else if what > Message::AskRouters {
            self.client6.sent(now, result);
        } else {
            self.ndisc.sent(now, result);
        }
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

    /// When the lease of a family was asked for or given: its times count from there.
    pub fn since(&self, family: Family) -> Instant {
        match family {
            Family::V4 => self.client.since(),
            Family::V6 => self.client6.since(),
        }
    }

    /// Whether there is a lease of a family.
    #[inline(never)]
    pub fn has(&self, family: Family, now: Instant) -> bool {
        match family {
            Family::V4 => self.holds(now),
            Family::V6 => self.client6.has_lease(),
        }
    }

    /// What is leased to it by a family.
    pub fn lease_of(&self, family: Family) -> AnyLease<'_> {
        match family {
            Family::V4 => self.lease.any(),
            Family::V6 => self.lease6.any(),
        }
    }

    /// Whether the lease of a family is another one than when this was last asked; the first one is not.
    pub fn is_news(&mut self, family: Family) -> bool {
        let is = digest(self.lease_of(family));
        let Some(known) = self.digests.get_mut(family as usize) else {
            return false;
        };
        let was = replace(known, is);
        was != 0 && was != is
    }

    /// Whether the lease of a family is written down.
    pub fn is_saved(&self, family: Family) -> bool {
        self.saved.get(family as usize) == Some(&true)
    }

    /// The same, from now on.
    pub fn set_saved(&mut self, family: Family, is_saved: bool) {
        if let Some(saved) = self.saved.get_mut(family as usize) {
            *saved = is_saved;
        }
    }

    /// Seconds it may be used from now on; [`FOREVER`](crate::model::desired::FOREVER) for one that never ends.
    pub fn valid_secs(&self, now: Instant) -> u32 {
        now.seconds_until(self.client.expires_at())
    }
}
