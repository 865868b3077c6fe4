//! The difference between what shall be and what is, in the order the kernel wants it.
//!
//! [`stack`] adds the links that are to be made, [`resolve`] turns configuration into
//! [`crate::model::desired::Desired`], [`rename`] orders the MAC rules as a permutation, [`links`] and [`diff`] compare
//! and fill a [`Plan`], [`op`] gives each step a meaning and its text as an ip(8) command, [`encode`] makes it a netlink
//! request.

pub mod diff;
pub mod encode;
pub mod knobs;
pub(crate) mod lease;
mod lease6;
pub mod link_state;
mod link_words;
pub mod links;
pub mod op;
pub mod rename;
pub mod resolve;
mod routes;
pub mod stack;

use crate::diag::{Errno, Origin};
use crate::machine::clear;
use crate::model::link::IfName;
use heapless::VecView;

/// When a step is carried out. The order of the variants is the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A link that cannot be renamed while up goes down.
    DownForRename,
    /// Names: alternative names out of the way, then the permutation.
    Rename,
    /// A link that went down to be renamed comes up again.
    UpAfterRename,
    /// Links that we made go, those first that lie on others.
    Unmake,
    /// Links are made, those first that others lie on.
    Make,
    /// A link goes down, or loses its ports, since the kernel sets an option only so.
    DownForOptions,
    /// What is best changed before the link is up: MAC, MTU, options of its kind.
    Attributes,
    /// Links become ports of others.
    Master,
    /// What a port may be told only as one.
    PortOptions,
    /// What ethtool(8) sets.
    Ethtool,
    /// Settings of IPv6 that have a file each.
    Knobs,
    /// Link up.
    Up,
    /// What a link may be told only once it is up, or a port is in.
    JoinedOptions,
    /// Addresses of ours in whose way the new ones would be: the same IPv6 address with another prefix
    /// length.
    ReplaceAddresses,
    /// Addresses.
    Addresses,
    /// Routes that need no gateway.
    RoutesOnLink,
    /// Routes with a gateway.
    RoutesVia,
    /// Default routes.
    RoutesDefault,
    /// Policy routing rules.
    Rules,
    /// Policy routing rules of ours that are no longer wanted.
    DeleteRules,
    /// Routes of ours that are no longer wanted.
    DeleteRoutes,
    /// Addresses of ours that are no longer wanted.
    DeleteAddresses,
    /// Addresses that may have gone with a primary one of their subnet.
    AddressesAgain,
    /// Routes without a gateway that may have gone with it too.
    RoutesOnLinkAgain,
    /// Routes with a gateway that may have gone with it too.
    RoutesViaAgain,
    /// Link down (`ifdawn down`).
    Down,
}

/// What a step does; its number points into the table named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Act {
    /// One of [`Plan::renames`].
    Rename,
    /// Add one of [`crate::model::desired::Desired::things`].
    Add,
    /// Put it in the place of another one, or make it permanent.
    Replace,
    /// Delete it.
    Delete,
    /// Send what was saved at this place of the restore buffer.
    Restore,
    /// Set the MAC of one of [`crate::model::desired::Desired::links`]. Those that follow are of this table too.
    SetMac,
    /// Set its MTU.
    SetMtu,
    /// Bring it up; up to [`Phase::UpAfterRename`] the link of one of [`Plan::renames`].
    Up,
    /// Take it down; the same.
    Down,
    /// Make it.
    Make,
    /// Delete it.
    Unmake,
    /// Set the options of its kind that are not as they shall be.
    SetOptions,
    /// Make it a port of its master.
    Enslave,
    /// Take it out of its master.
    Release,
    /// Set the options it has as a port.
    SetPort,
    /// Set the options that speak of its ports.
    SetJoined,
    /// Set what packets it takes, whether it speaks ARP, and how many packets may wait.
    SetFlags,
    /// Give it another name; [`Step::depth`] says which of those of its rule.
    AddAltName,
    /// Set how it forms IPv6 addresses.
    SetGenMode,
    /// Set what they end with.
    SetToken,
    /// Set what ethtool(8) sets; [`Step::depth`] says which of its commands. From here on it is
    /// nothing that rtnetlink is asked for.
    Ethtool,
    /// Set one of [`Knob`](crate::model::knob::Knob), which [`Step::depth`] says.
    Knob,
}

impl Act {
    /// Whether it is done to one of [`crate::model::desired::Desired::links`], and only a virtual link or one with
    /// options needs it.
    pub fn is_of_stack(self) -> bool {
        self >= Act::Make && self < Act::SetGenMode
    }
}

/// One step. In memory the number comes first, so that its place is one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Step {
    /// Its number in a table.
    pub n: u32,
    /// What.
    pub act: Act,
    /// When.
    pub phase: Phase,
    /// Its turn among those of its phase, lowest first: how deep the link lies.
    pub depth: u8,
    /// Why it failed, where it matters.
    pub errno: Option<Errno>,
}

impl Step {
    /// Its place among the others.
    pub(crate) fn place(&self) -> u64 {
        (self.phase as u64) << 48
            | u64::from(self.depth) << 40
            | (self.act as u64) << 32
            | u64::from(self.n)
    }
}

/// What happens to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The link gets the name.
    Rename,
    /// The link loses the alternative name `to`.
    DropAltName,
}

/// One step of a permutation of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The link.
    pub ifindex: u32,
    /// Its name before this step.
    pub from: IfName,
    /// The name given or freed.
    pub to: IfName,
    /// Which of the two.
    pub naming: Naming,
    /// Whether the link is up.
    pub is_up: bool,
    /// What asked for it.
    pub origin: Origin,
}

/// Steps in order, and what they act on where it is not in the desired state.
pub struct Plan<'m> {
    /// The steps; sorted once [`Plan::sort`] ran.
    pub steps: &'m mut VecView<Step>,
    /// The permutation of names, in order.
    pub renames: &'m mut VecView<Rename>,
    /// The phases that steps are of.
    pub phases: Phases,
    /// The errors that steps failed with.
    pub errors: Errors,
}

/// Some phases, as a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases(u64);

impl Phases {
    /// Whether `phase` is one of them.
    pub fn have(self, phase: Phase) -> bool {
        self.0 & 1 << phase as u32 != 0
    }

    /// Whether one of them is `phase` or comes after it.
    pub fn reach(self, phase: Phase) -> bool {
        self.0 >> phase as u32 != 0
    }
}

/// Some errors, as a bit each; those with great numbers share one with others, which only [`Errors::any`] is asked
/// about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors(u64);

impl Errors {
    /// Adds one.
    pub fn add(&mut self, errno: Errno) {
        self.0 |= 1_u64.wrapping_shl(errno.number());
    }

    /// Whether `errno` is one of them.
    pub fn have(self, errno: Errno) -> bool {
        self.0 & 1_u64.wrapping_shl(errno.number()) != 0
    }

    /// Whether there is any.
    pub fn any(self) -> bool {
        self.0 != 0
    }
}

impl Plan<'_> {
    /// Forgets everything.
    #[inline(never)]
    pub fn clear(&mut self) {
        clear(self.steps);
        clear(self.renames);
        self.phases = Phases::default();
        self.errors = Errors::default();
    }

    /// Adds a step. The table has room for every step the other tables can ask for.
    pub fn push(&mut self, phase: Phase, act: Act, n: u32) {
        self.push_at(phase, 0, act, n);
    }

    /// The same, of a link that lies so deep.
    #[inline(never)]
    pub fn push_at(&mut self, phase: Phase, depth: u8, act: Act, n: u32) {
        self.phases.0 |= 1 << phase as u32;
        let pushed = self.steps.push(Step {
            n,
            act,
            phase,
            depth,
            errno: None,
        });
        debug_assert!(pushed.is_ok());
    }

    /// Brings the steps into their order: Shell's sort, with the gaps of Knuth.
    #[inline(never)]
    pub fn sort(&mut self) {
        let steps = self.steps.as_mut_slice();
        let mut gap = 1;
        while gap < steps.len() {
            gap = gap.wrapping_mul(3).wrapping_add(1);
        }
        while gap > 0 {
            for end in gap..steps.len() {
                let mut at = end;
                while let Some(before) = at.checked_sub(gap)
                    && let Some([low, .., high]) = steps.get_mut(before..=at)
                    && low.place() > high.place()
                {
                    core::mem::swap(low, high);
                    at = before;
                }
            }
            gap /= 3;
        }
    }
}
