//! System calls. The only place with `unsafe`: each block is one call wide.

pub mod caps;
pub mod clock;
pub mod file;
pub mod heap;
pub mod kernel;
pub mod log;
pub mod rtnl;
pub mod start;
pub mod udev;

use ifdawn::diag::Errno;

/// The library's error number of one from nix.
pub fn errno(errno: nix::errno::Errno) -> Errno {
    Errno(errno as i32)
}
