//! Policy routing rules (ip-rule(8), linux/fib_rules.h).

use super::addr::Family;
use super::config::{LinkId, Str};
use crate::diag::Origin;

/// `FR_ACT_TO_TBL`: go on with a table.
pub const TO_TABLE: u8 = 1;

/// `FIB_RULE_INVERT`: the rule is about what does not fit (`not`).
pub const INVERT: u32 = 2;

/// `FRA_DST`.
pub const FRA_DST: u16 = 1;
/// `FRA_SRC`.
pub const FRA_SRC: u16 = 2;
/// `FRA_IIFNAME`.
pub const FRA_IIFNAME: u16 = 3;
/// `FRA_FWMARK`.
pub const FRA_FWMARK: u16 = 10;

/// One rule. All that is asked of a packet beside the fields here is in [`Rule::attrs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// IPv4 or IPv6.
    pub family: Family,
    /// Bits of the destination.
    pub dst_len: u8,
    /// Bits of the source.
    pub src_len: u8,
    /// Type of service.
    pub tos: u8,
    /// `FR_ACT_*`.
    pub action: u8,
    /// `FIB_RULE_*`.
    pub flags: u32,
    /// The table; 0 for an action without one.
    pub table: u32,
    /// Its place; `None`: the kernel chooses.
    pub priority: Option<u32>,
    /// `FRA_*` attributes as the kernel takes them, in ascending order, without table and priority.
    pub attrs: Str,
    /// As written, one blank between words.
    pub text: Str,
}

/// One rule of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleConfig {
    /// The link whose file it is in.
    pub link: LinkId,
    /// The rule.
    pub rule: Rule,
    /// Where it was given.
    pub origin: Origin,
}

/// The name of a routing table (`rt_tables`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableName {
    /// The name.
    pub name: Str,
    /// The table.
    pub number: u32,
}
