//! What we may do (capabilities(7)).
#![expect(unsafe_code, reason = "system calls")]

use super::{call, process};
use ifdawn::diag::Errno;

/// `CAP_DAC_OVERRIDE` (linux/capability.h), as a bit: files of others are ours.
pub const DAC_OVERRIDE: u32 = 1 << 1;
/// `CAP_NET_BIND_SERVICE`: ports below 1024.
pub const NET_BIND_SERVICE: u32 = 1 << 10;
/// `CAP_NET_ADMIN`: links, addresses, routes.
pub const NET_ADMIN: u32 = 1 << 12;
/// `CAP_NET_RAW`: packet sockets.
pub const NET_RAW: u32 = 1 << 13;

/// `_LINUX_CAPABILITY_VERSION_3`.
const VERSION: u32 = 0x2008_0522;

/// Numbers that capabilities may have.
const NUMBERS: usize = 64;

/// Calls capget(2) or capset(2) for ourselves.
fn exchange(number: libc::c_long, data: &mut [u32; 6]) -> Result<(), Errno> {
    // Version, pid (0: ourselves).
    let mut header = [VERSION, 0];
    let (header, data) = (header.as_mut_ptr() as usize, data.as_mut_ptr() as usize);
    // SAFETY: both pointers are to arrays as long as version 3 of the calls reads and writes.
    unsafe { call(number, header, data, 0, 0, 0) }.map(|_| ())
}

/// Whether links may be configured. Where the kernel does not say, it is left to it to refuse.
pub fn may_configure() -> bool {
    // Effective, permitted, inheritable, twice.
    let mut data = [0; 6];
    let result = exchange(libc::SYS_capget, &mut data);
    let [effective, ..] = data;
    result.is_err() || effective & NET_ADMIN != 0
}

/// Gives up all capabilities but these. What is executed never gets any other one.
///
/// # Errors
/// [`Errno::EPERM`] without `CAP_SETPCAP`: what is executed may get others.
pub fn keep_only(kept: u32) -> Result<(), Errno> {
    let mut bounded = Ok(());
    // Not every number is one. The last, 0, is, and is not kept.
    for number in (0..NUMBERS).rev() {
        if u64::from(kept) >> number & 1 == 0 {
            // SAFETY: no pointers.
            bounded = unsafe { process::control(libc::PR_CAPBSET_DROP, number, 0) };
        }
    }
    let mut data = [0; 6];
    exchange(libc::SYS_capget, &mut data)?;
    let [_, permitted, ..] = data;
    let kept = permitted & kept;
    // Ambient ones are inheritable ones.
    exchange(libc::SYS_capset, &mut [kept, kept, 0, 0, 0, 0])?;
    bounded
}
