//! The nouns: plain data, no I/O, no parsing.

pub mod addr;
pub mod config;
pub mod desired;
mod global;
pub mod index;
pub mod lease;
pub mod link;
pub mod observed;
pub mod route;
pub mod said;
