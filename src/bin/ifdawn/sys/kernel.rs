//! Which kernel this is.
#![expect(unsafe_code, reason = "system calls")]

use super::call;
use ifdawn::plan::rename::LiveRename;
use ifdawn::text::{parts, scalar};

/// Octets of a text in struct utsname (linux/utsname.h): system, node, release, version, machine, domain.
const TEXT: usize = 65;

/// Links that are up can be renamed since Linux 6.2; what an older kernel was given is found out by
/// trying.
#[inline(never)]
pub fn live_rename() -> LiveRename {
    let mut name = [0_u8; 6 * TEXT];
    let into = name.as_mut_ptr() as usize;
    // SAFETY: the kernel writes a whole utsname. Where it refuses, the numbers are missing.
    let _ = unsafe { call(libc::SYS_uname, into, 0, 0, 0, 0) };
    let release = name.get(2 * TEXT..3 * TEXT).unwrap_or_default();
    let (major, rest) = parts::split(release, b'.');
    let minor = parts::split(rest.unwrap_or_default(), b'.').0;
    match (scalar::number(major), scalar::number(minor)) {
        (Some(7..), _) | (Some(6), Some(2..)) => LiveRename::Proven,
        _ => LiveRename::Unknown,
    }
}
