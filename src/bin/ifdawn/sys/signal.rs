//! Signals, as something to read.
#![expect(unsafe_code, reason = "system calls")]

use super::{call, keep, opened};
use ifdawn::diag::Errno;

use std::os::fd::BorrowedFd;

/// Those that ask us to end.
static ENDING: u64 = 1 << (libc::SIGTERM - 1) | 1 << (libc::SIGINT - 1);

/// The one that a reader sends who went away.
static PIPE: u64 = 1 << (libc::SIGPIPE - 1);

/// Octets of a set of signals.
const SET: usize = 8;

/// From here on signals that ask us to end do not end us, but can be read here.
pub fn catch() -> Result<BorrowedFd<'static>, Errno> {
    block(&ENDING)?;
    let set = &raw const ENDING as usize;
    let flags = (libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) as usize;
    // SAFETY: the set is as long as said; signalfd4(2) opens a descriptor.
    let file = unsafe { opened(call(libc::SYS_signalfd4, usize::MAX, set, SET, flags, 0)) };
    file.map(keep)
}

/// A reader that went away makes writing to it fail, instead of killing us half-way.
pub fn survive_readers() {
    let _ = block(&PIPE);
}

/// Signals of this set do nothing but wait.
#[inline(never)]
fn block(set: &'static u64) -> Result<u32, Errno> {
    let (how, set) = (libc::SIG_BLOCK as usize, &raw const *set as usize);
    // SAFETY: the set is as long as said; the old one is not wanted.
    unsafe { call(libc::SYS_rt_sigprocmask, how, set, 0, SET, 0) }
}
