//! Signals, as something to read.
#![expect(unsafe_code, reason = "system calls")]

use super::{call, keep, opened};
use ifdawn::diag::Errno;

use std::os::fd::BorrowedFd;

/// Those that ask us to end.
const ENDING: u64 = 1 << (libc::SIGTERM - 1) | 1 << (libc::SIGINT - 1);

/// Octets of a set of signals.
const SET: usize = 8;

/// From here on signals that ask us to end do not end us, but can be read here.
pub fn catch() -> Result<BorrowedFd<'static>, Errno> {
    let set = &raw const ENDING_SET as usize;
    let block = libc::SIG_BLOCK as usize;
    // SAFETY: the set is as long as said; the old one is not wanted.
    unsafe { call(libc::SYS_rt_sigprocmask, block, set, 0, SET, 0) }?;
    let flags = (libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) as usize;
    // SAFETY: the set is as long as said; signalfd4(2) opens a descriptor.
    let file = unsafe { opened(call(libc::SYS_signalfd4, usize::MAX, set, SET, flags, 0)) };
    file.map(keep)
}

static ENDING_SET: u64 = ENDING;
