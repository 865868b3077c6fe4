//! What others read, and what we read back after a restart.
//!
//! Everything here is text made from values; where it is written is the host's affair.

pub mod hook;
pub mod json;
pub mod lease;
pub mod owned;
pub mod plan_json;
pub mod resolv_conf;
pub mod show;
pub mod state;
