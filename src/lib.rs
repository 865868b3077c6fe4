//! The map of ifdawn: what is where, and which way the data flows.
//!
//! ```text
//!  text                         values                    changes              kernel
//!  /proc/cmdline  \  text/      source/
//!  ifcfg-*, route-*,  -> words -> tables -> Config \ resolve
//!  sysconfig         /                              > Desired \ diff
//!                                                  /           > Plan [Op...] -> encode -> rtnetlink
//!                                        Observed /             \ Show = the ip(8) command
//!                                             ^------------------- dumps; events only say "look again"
//! ```
//!
//! No arrow goes back. Parsers never look at the system ("any link" is a *value* in
//! [`model::config::Config`], resolved later), and events of the kernel only mark the picture dirty:
//! [`engine`] observes again, compares again and sends what differs.
//!
//! | room | what | knows nothing of |
//! |---|---|---|
//! | [`text`] | octets to words: command line, shell assignments, scalars; and how values are shown | what words mean |
//! | [`source`] | words to [`model::config::Config`]; one table per input format | the kernel |
//! | [`model`] | the nouns: plain data, and how each is written | where text comes from, netlink |
//! | [`wire`] | octets to values and back: netlink, rtnetlink | policy, state |
//! | [`proto`] | protocols as `(now, input) -> output` | octets, sockets, clocks |
//! | [`plan`] | the difference, in order, as [`plan::op::Op`]s | text |
//! | [`engine`] | observe, resolve, compare, apply, wait | file descriptors |
//! | [`output`] | what others read: resolv.conf, state, the plan as JSON | how it was made |
//! | [`limits`], [`diag`] | every capacity; every complaint, and whom it is about: a step of the plan too | |
//! | [`packed`] | our own texts, packed while compiling | |
//!
//! Everything that holds a file descriptor is in `src/bin/ifdawn/`, behind [`engine::Host`].
//! The library allocates nothing, contains no `unsafe`, and does not recurse but to unpack a text, as deep
//! as parts of texts consist of others.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

#[cfg(test)]
extern crate std;

mod complaint;
pub mod diag;
pub mod engine;
mod errno;
pub mod limits;
pub mod machine;
pub mod model;
pub mod output;
pub mod packed;
pub mod plan;
pub mod proto;
pub mod source;
mod subject;
#[cfg(test)]
mod testing;
pub mod text;
pub mod wire;
