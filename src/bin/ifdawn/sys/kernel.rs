//! Which kernel this is.
#![expect(
    unsafe_code,
    reason = "uname(2), without a feature of nix for one call"
)]

use ifdawn::plan::rename::LiveRename;
use ifdawn::text::scalar;
use nix::libc;
use std::mem::MaybeUninit;

/// Links that are up can be renamed since Linux 6.2; what an older kernel was given is found out by
/// trying.
pub fn live_rename() -> LiveRename {
    let mut name = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the pointer is to a whole utsname.
    let result = unsafe { libc::uname(name.as_mut_ptr()) };
    // SAFETY: all zeros are a utsname already.
    let release = unsafe { name.assume_init() }
        .release
        .map(|octet| octet as u8);
    let mut numbers = release
        .split(|octet| !octet.is_ascii_digit())
        .map(scalar::number);
    match (result, numbers.next().flatten(), numbers.next().flatten()) {
        (0, Some(7..), _) | (0, Some(6), Some(2..)) => LiveRename::Proven,
        _ => LiveRename::Unknown,
    }
}
