//! Signals, as something to read.
#![expect(unsafe_code, reason = "system calls")]

use super::clock::now;
use super::{call, keep, opened, read};
use ifdawn::diag::Errno;
use ifdawn::engine::Instant;

use std::os::fd::BorrowedFd;

/// Those that a supervisor is told things by.
static CAUGHT: u64 = 1 << (libc::SIGTERM - 1)
    | 1 << (libc::SIGINT - 1)
    | 1 << (libc::SIGHUP - 1)
    | 1 << (libc::SIGUSR1 - 1)
    | 1 << (libc::SIGCHLD - 1);

/// The one that a reader sends who went away.
static PIPE: u64 = 1 << (libc::SIGPIPE - 1);

/// The one of a child that ended.
pub static CHILD: u64 = 1 << (libc::SIGCHLD - 1);

/// None.
pub static NONE: u64 = 0;

/// Octets of a set of signals.
const SET: usize = 8;

/// From here on these signals do not end us, but can be read here.
pub fn catch() -> Result<BorrowedFd<'static>, Errno> {
    let set = &raw const CAUGHT as usize;
    let flags = (libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) as usize;
    // SAFETY: the set is as long as said; signalfd4(2) opens a descriptor.
    let file = unsafe { opened(call(libc::SYS_signalfd4, usize::MAX, set, SET, flags, 0)) }?;
    block(&CAUGHT)?;
    Ok(keep(file))
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
fn block(set: &'static u64) -> Result<u32, Errno> {
    mask(libc::SIG_BLOCK, set)
}

#[inline(never)]
fn mask(how: libc::c_int, set: &'static u64) -> Result<u32, Errno> {
    let (how, set) = (how as usize, &raw const *set as usize);
    // SAFETY: the set is as long as said; the old one is not wanted.
    unsafe { call(libc::SYS_rt_sigprocmask, how, set, 0, SET, 0) }
}

/// Has no process wait for us to ask how it ended.
pub fn forget_children() {
    act(libc::SIGCHLD as usize, libc::SIG_IGN);
}

/// Has all signals do what they do by default, but for this set, of which all wait.
pub fn reset(waiting: &'static u64) {
    for signal in 1..=SET * 8 {
        act(signal, libc::SIG_DFL);
    }
    let _ = mask(libc::SIG_SETMASK, waiting);
}

/// What is done at a signal.
fn act(signal: usize, what: usize) {
    // struct sigaction, as the kernel has it: what is done, flags, no way back, no set.
    let action = [what, 0, 0, 0];
    // SAFETY: the action is as long as the kernel reads; nothing of ours is called by it.
    let _ = unsafe {
        call(
            libc::SYS_rt_sigaction,
            signal,
            &raw const action as usize,
            0,
            SET,
            0,
        )
    };
}

/// Waits until a child ends, of which [`CHILD`] waits, or until the time.
pub fn wait_for_child(until: Instant) {
    let left = until.0.saturating_sub(now().0);
    let time = [left / 1_000_000, left % 1_000_000 * 1_000];
    let (set, time) = (&raw const CHILD as usize, &raw const time as usize);
    // SAFETY: the set is as long as said, one timespec is read; what else is known of the signal is not wanted.
    let _ = unsafe { call(libc::SYS_rt_sigtimedwait, set, 0, time, SET, 0) };
}
