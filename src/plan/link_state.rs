//! How far configured links are.

use crate::diag::Problem;

/// How far a configured link is. The numbers are lines of the words of state.json.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not asked for in this run.
    NotAsked = 0,
    /// A link matches and is part of Desired.
    Found = 1,
    /// Everything asked of it is done.
    Up = 2,
    /// Something asked of it cannot be done.
    Failed = 3,
    /// No link of the kernel matches yet.
    WaitingDevice = 4,
    /// udev is not done with it.
    WaitingUdev = 5,
    /// The link it lies on is not there.
    WaitingLower = 6,
    /// None of its ports is there.
    WaitingPort = 7,
    /// A route of it waits for duplicate address detection.
    WaitingDad = 8,
    /// It has no carrier, and so no lease.
    WaitingCarrier = 9,
    /// It has no lease.
    WaitingLease = 10,
    /// Its lease does not say where root is.
    WaitingRoot = 11,
    /// Nobody speaks LACP with it.
    WaitingPartner = 12,
    /// No router said anything of use.
    WaitingRa = 13,
    /// It has no lease of DHCPv6.
    WaitingLease6 = 14,
    /// Somebody took it down.
    Held = 36,
}

impl LinkState {
    /// Whether a link is waited for before anything can be asked of it; one that is held is, by nobody.
    pub fn lacks_link(self) -> bool {
        matches!(
            self,
            LinkState::WaitingDevice
                | LinkState::WaitingUdev
                | LinkState::WaitingLower
                | LinkState::Held
        )
    }

    /// What is waited for: that it did not come in time.
    #[inline(never)]
    pub fn awaited(self) -> Option<Problem> {
        /// From [`LinkState::WaitingDevice`] on.
        const LATE: &[Problem] = &[
            Problem::NoDeviceYet,
            Problem::NoUdevYet,
            Problem::NoLowerYet,
            Problem::NoPortYet,
            Problem::NoDadYet,
            Problem::NoCarrierYet,
            Problem::NoLeaseYet,
            Problem::NoRootYet,
            Problem::NoPartnerYet,
            Problem::NoRaYet,
            Problem::NoLease6Yet,
        ];
        let n = (self as usize).wrapping_sub(LinkState::WaitingDevice as usize);
        LATE.get(n).copied()
    }
}
