//! What we may do.
#![expect(unsafe_code, reason = "system calls")]

use super::call;

/// `CAP_NET_ADMIN` (linux/capability.h).
const CAP_NET_ADMIN: u32 = 12;

/// `_LINUX_CAPABILITY_VERSION_3`.
const VERSION: u32 = 0x2008_0522;

/// Whether links may be configured. Where the kernel does not say, it is left to it to refuse.
pub fn may_configure() -> bool {
    // Header: version, pid (0: ourselves). Data: effective, permitted, inheritable, twice.
    let mut header = [VERSION, 0];
    let mut data = [0_u32; 6];
    let (header, into) = (header.as_mut_ptr() as usize, data.as_mut_ptr() as usize);
    // SAFETY: both pointers are to arrays as long as version 3 of the call reads and writes.
    let result = unsafe { call(libc::SYS_capget, header, into, 0, 0, 0) };
    let [effective, ..] = data;
    result.is_err() || effective & (1 << CAP_NET_ADMIN) != 0
}
