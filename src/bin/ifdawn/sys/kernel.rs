//! Which kernel this is.
#![expect(unsafe_code, reason = "system calls")]

use super::call;
use ifdawn::plan::rename::LiveRename;
use ifdawn::text::{parts, scalar};

/// Octets of a text in struct utsname (linux/utsname.h): system, node, release, version, machine, domain.
const TEXT: usize = 65;

/// Links that are up can be renamed since Linux 6.2; what an older kernel was given is found out by
/// trying.
pub fn live_rename() -> LiveRename {
    let mut name = [0_u8; 6 * TEXT];
    let into = name.as_mut_ptr() as usize;
    // SAFETY: the kernel writes a whole utsname. Where it refuses, the numbers are missing.
    let _ = unsafe { call(libc::SYS_uname, into, 0, 0, 0, 0) };
    let release = name.get(2 * TEXT..3 * TEXT).unwrap_or_default();
    let mut rest = Some(release);
    let mut version = 0;
    for _ in 0..2 {
        let number = parts::next(&mut rest, b'.').and_then(scalar::number);
        version = version << 16 | number.unwrap_or(0);
    }
    match version {
        0x6_0002.. => LiveRename::Proven,
        _ => LiveRename::Unknown,
    }
}
