//! Signals, as something to read.
#![expect(unsafe_code, reason = "system calls")]

use super::{call, keep, opened, read};
use ifdawn::diag::Errno;

use std::os::fd::BorrowedFd;

/// Those that a supervisor is told things by.
static CAUGHT: u64 = 1 << (libc::SIGTERM - 1)
    | 1 << (libc::SIGINT - 1)
    | 1 << (libc::SIGHUP - 1)
    | 1 << (libc::SIGUSR1 - 1)
    | 1 << (libc::SIGCHLD - 1);

/// The one that a reader sends who went away.
static PIPE: u64 = 1 << (libc::SIGPIPE - 1);

/// Octets of a set of signals.
const SET: usize = 8;

/// From here on these signals do not end us, but can be read here.
pub fn catch() -> Result<BorrowedFd<'static>, Errno> {
    block(&CAUGHT)?;
    let set = &raw const CAUGHT as usize;
    let flags = (libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) as usize;
    // SAFETY: the set is as long as said; signalfd4(2) opens a descriptor.
    let file = unsafe { opened(call(libc::SYS_signalfd4, usize::MAX, set, SET, flags, 0)) };
    file.map(keep)
}

/// The number of a signal that came, if one did; of several the first.
pub fn next(file: BorrowedFd<'_>) -> Option<i32> {
    // struct signalfd_siginfo (signalfd(2)) begins with the number.
    let mut info = [0; 128];
    read(file, &mut info).ok()?;
    let (number, _) = info.split_first_chunk()?;
    Some(i32::from_ne_bytes(*number))
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
