//! What a frame says, as the jail read it.

use super::advert::Advert;
use super::lease::{Lease, Verdict};
use super::lease6::Lease6;

/// Which record of a [`Statement`] says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// DHCPv4 or ARP.
    Lease,
    /// DHCPv6.
    Lease6,
    /// ICMPv6: a router, or somebody of an address.
    Advert,
}

/// What one frame says, in one of three records; what the others hold is of no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The record that counts.
    pub form: Form,
    /// See [`Form::Lease`].
    pub lease: Lease,
    /// See [`Form::Lease6`].
    pub lease6: Lease6,
    /// See [`Form::Advert`].
    pub advert: Advert,
}

impl Statement {
    /// Nothing said.
    pub const NONE: Statement = Statement {
        form: Form::Lease,
        lease: Lease::NONE,
        lease6: Lease6::NONE,
        advert: Advert::NONE,
    };

    /// The record that counts, to be sent, and to be filled where it arrives.
    #[inline(never)]
    pub fn octets_mut(&mut self) -> &mut [u8] {
        match self.form {
            Form::Lease => self.lease.octets_mut(),
            Form::Lease6 => self.lease6.octets_mut(),
            Form::Advert => self.advert.octets_mut(),
        }
    }

    /// What is said of the frame; what has not its form is malformed.
    pub fn verdict(&self) -> Verdict {
        let (verdict, is_sound) = match self.form {
            Form::Lease => (self.lease.verdict(), self.lease.is_sound()),
            Form::Lease6 => (self.lease6.verdict(), self.lease6.is_sound()),
            Form::Advert => (self.advert.verdict(), self.advert.is_sound()),
        };
        if is_sound {
            verdict
        } else {
            Verdict::Malformed
        }
    }
}
