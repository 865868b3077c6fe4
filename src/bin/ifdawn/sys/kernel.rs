//! Which kernel this is.
#![expect(unsafe_code, reason = "system calls")]

use super::call;
use ifdawn::plan::rename::LiveRename;

/// Octets of a text in struct utsname (linux/utsname.h): system, node, release, version, machine, domain.
const TEXT: usize = 65;

/// Links that are up can be renamed since Linux 6.2; what an older kernel was given beyond that only shows where it
/// is tried.
pub fn live_rename() -> LiveRename {
    let mut name = [0_u8; 6 * TEXT];
    let into = name.as_mut_ptr() as usize;
    // SAFETY: the kernel writes a whole utsname. Where it refuses, the numbers are missing.
    let _ = unsafe { call(libc::SYS_uname, into, 0, 0, 0, 0) };
    let release = name.get(2 * TEXT..3 * TEXT).unwrap_or_default();
    match release {
        [b'0'..=b'5', b'.', ..] | [b'6', b'.', b'0' | b'1', b'.', ..] | [0, ..] | [] => {
            LiveRename::Refused
        }
        _ => LiveRename::Tried,
    }
}
