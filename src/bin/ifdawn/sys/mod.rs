//! System calls. The only place with `unsafe`: each block is one call wide.

mod bpf;
mod call;
pub mod caps;
pub mod clock;
pub mod ethtool;
pub mod file;
pub mod heap;
pub mod inotify;
pub mod jail;
pub mod kernel;
pub mod landlock;
pub mod log;
pub mod names;
pub mod out;
pub mod packet;
pub mod process;
pub mod rest;
pub mod rtnl;
pub mod seccomp;
pub mod signal;
pub mod spawn;
pub mod start;
pub mod udev;
pub mod udp;
pub mod unix;

use call::{bind, descriptor, opened, receive, send, socket};
pub use call::{call, drain, keep, peek, read, set, write};
