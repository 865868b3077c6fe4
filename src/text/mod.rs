//! Octets to words. Borrowed, total, never panics, never loops, linear in its input.
//! And the way back: what is [`show`]n.

pub mod assign;
pub mod cmdline;
pub mod lines;
pub mod parts;
pub mod scalar;
pub mod show;
pub mod steps;
pub mod utf8;
