//! Policy routing rules (ip-rule(8), linux/fib_rules.h): as [`super::route::Route`]s, whose messages have the same
//! form.

use super::config::Str;

/// `FRA_IIFNAME`.
pub const FRA_IIFNAME: u16 = 3;
/// `FRA_FWMARK`.
pub const FRA_FWMARK: u16 = 10;
/// `FRA_FWMASK`.
pub const FRA_FWMASK: u16 = 16;
/// `FRA_L3MDEV`.
pub const FRA_L3MDEV: u16 = 19;
/// `FRA_PROTOCOL`.
pub const FRA_PROTOCOL: u16 = 21;

/// `FIB_RULE_INVERT`: the rule is about what does not fit (`not`).
pub const FIB_RULE_INVERT: u32 = 2;

/// The name of a routing table (`rt_tables`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableName {
    /// The name.
    pub name: Str,
    /// The table.
    pub number: u32,
}
