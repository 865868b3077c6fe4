//! The nouns: plain data, no I/O, no parsing.

pub mod addr;
pub mod advert;
pub mod attr;
mod attr_chain;
mod attr_kind;
pub mod config;
pub mod desired;
pub mod duid;
mod global;
pub mod index;
pub mod knob;
pub mod lease;
pub mod lease6;
pub mod link;
mod link_config;
pub mod observed;
mod place;
pub mod route;
pub mod rule;
pub mod said;
pub mod slots;
pub mod statement;
pub mod things;
mod verdict;
