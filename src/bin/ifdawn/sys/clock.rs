//! The clock that goes on in suspend.
#![expect(unsafe_code, reason = "system calls")]

use super::{call, descriptor, keep, opened};
use ifdawn::diag::Errno;
use ifdawn::engine::Instant;

use std::os::fd::{AsRawFd, BorrowedFd};

/// Microseconds of `CLOCK_BOOTTIME`.
pub fn now() -> Instant {
    Instant(micros(libc::CLOCK_BOOTTIME))
}

/// Microseconds of `CLOCK_MONOTONIC`, which stands still in suspend: others use it.
pub fn monotonic() -> u64 {
    micros(libc::CLOCK_MONOTONIC)
}

/// Microseconds of a clock.
#[inline(never)]
fn micros(clock: libc::c_int) -> u64 {
    let mut now = [0_u64; 2];
    let (clock, into) = (clock as usize, now.as_mut_ptr() as usize);
    // SAFETY: the kernel writes one timespec: seconds and nanoseconds.
    let _ = unsafe { call(libc::SYS_clock_gettime, clock, into, 0, 0, 0) };
    let [seconds, nanos] = now;
    seconds.wrapping_mul(1_000_000).wrapping_add(nanos / 1_000)
}

/// This long from now.
#[inline(never)]
pub fn in_seconds(seconds: u32) -> Instant {
    now().after_seconds(seconds)
}

/// The same.
#[inline(never)]
pub fn in_micros(micros: u32) -> Instant {
    Instant(now().0.saturating_add(u64::from(micros)))
}

/// Waits for nothing but the time.
#[inline(never)]
pub fn sleep(micros: u32) {
    wait(&[None; FILES], in_micros(micros));
}

/// What wakes us at a time, however much of it was slept away: the time that ppoll(2) waits does not go on in suspend.
pub fn timer() -> Result<BorrowedFd<'static>, Errno> {
    let clock = libc::CLOCK_BOOTTIME as usize;
    let flags = (libc::TFD_CLOEXEC | libc::TFD_NONBLOCK) as usize;
    // SAFETY: no pointers; timerfd_create(2) opens a descriptor.
    let file = unsafe { opened(call(libc::SYS_timerfd_create, clock, flags, 0, 0, 0)) };
    file.map(keep)
}

/// Sets it, and forgets that it woke us.
fn set(timer: BorrowedFd<'_>, until: Instant) {
    // struct itimerspec: how often again (never), and when: seconds and nanoseconds. 0 would be never.
    let until = until.0.max(1);
    let time = [0, 0, until / 1_000_000, until % 1_000_000 * 1_000];
    let (flags, from) = (libc::TFD_TIMER_ABSTIME as usize, time.as_ptr() as usize);
    // SAFETY: one itimerspec is read; the old one is not wanted.
    let _ = unsafe {
        call(
            libc::SYS_timerfd_settime,
            descriptor(timer),
            flags,
            from,
            0,
            0,
        )
    };
}

/// Files that are waited for at once.
pub const FILES: usize = 10;

/// Waits until one of the files has something to read (or an error to tell), or until the time: the last file is
/// a [`timer`], where there is one. A bit for each file that has, by its place; none: the time, or a signal.
pub fn wait(files: &[Option<BorrowedFd<'_>>; FILES], until: Instant) -> u32 {
    if let [.., Some(timer)] = files {
        set(*timer, until);
    }
    let left = until.0.saturating_sub(now().0);
    // struct pollfd: int descriptor (a negative one is left out), short events and what came of them.
    const NONE: libc::pollfd = libc::pollfd {
        fd: 0,
        events: 0,
        revents: 0,
    };
    let mut polled = [NONE; FILES];
    for (polled, file) in polled.iter_mut().zip(files) {
        polled.fd = file.map_or(-1, |file| file.as_raw_fd());
        polled.events = libc::POLLIN;
    }
    let mut time = [left / 1_000_000, left % 1_000_000 * 1_000];
    let (from, time) = (polled.as_mut_ptr() as usize, time.as_mut_ptr() as usize);
    // SAFETY: as many files as said, one timespec (the time that was left is written to it), no mask of signals.
    let _ = unsafe { call(libc::SYS_ppoll, from, polled.len(), time, 0, 0) };
    let bit = |ready, polled: &libc::pollfd| ready << 1 | u32::from(polled.revents != 0);
    polled.iter().rev().fold(0, bit)
}
