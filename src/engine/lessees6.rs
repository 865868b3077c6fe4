//! Links that are managed by IPv6, and what is said on them.

use super::{Engine, Host};
use crate::model::statement::Statement;

impl Engine<'_> {
    /// Takes what a router, a neighbour or a server of DHCPv6 said on a link, as the jail read it.
    pub(super) fn hear6(&mut self, _: u32, _: &mut Statement, _: &mut impl Host) {}
}
