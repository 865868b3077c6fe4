//! What tests share: a kernel made of plain tables that speaks rtnetlink, and the engine's world around it.
//!
//! It decodes requests itself, without the code under test, so that no mistake cancels out.

pub mod host;
pub mod kernel;
pub mod messages;
pub mod nouns;
pub mod octets;
pub mod routes;
pub mod stacks;
pub mod tables;
