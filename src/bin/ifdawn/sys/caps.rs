//! What we may do.
#![expect(unsafe_code, reason = "capget(2) has no wrapper in nix")]

use nix::libc;

/// `CAP_NET_ADMIN` (linux/capability.h).
const CAP_NET_ADMIN: u32 = 12;

/// `_LINUX_CAPABILITY_VERSION_3`.
const VERSION: u32 = 0x2008_0522;

/// Whether links may be configured. Where the kernel does not say, it is left to it to refuse.
pub fn may_configure() -> bool {
    // Header: version, pid (0: ourselves). Data: effective, permitted, inheritable, twice.
    let mut header = [VERSION, 0];
    let mut data = [0_u32; 6];
    // SAFETY: both pointers are to arrays as long as version 3 of the call reads and writes.
    let result = unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), data.as_mut_ptr()) };
    let [effective, ..] = data;
    result != 0 || effective & (1 << CAP_NET_ADMIN) != 0
}
