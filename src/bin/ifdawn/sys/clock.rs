//! The clock that goes on in suspend.
#![expect(
    unsafe_code,
    reason = "the C library's clock_gettime(2) looks for a faster way than a few calls pay for"
)]

use ifdawn::engine::Instant;
use nix::libc;

/// Microseconds of `CLOCK_BOOTTIME`.
pub fn now() -> Instant {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes one timespec.
    unsafe { libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_BOOTTIME, &raw mut now) };
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let micros = u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000;
    Instant(seconds.saturating_mul(1_000_000).saturating_add(micros))
}
