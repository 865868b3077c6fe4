//! What changes in directories (inotify(7)).
#![expect(unsafe_code, reason = "system calls")]

use super::file::Path;
use super::{call, descriptor, keep, opened};
use ifdawn::diag::Errno;
use ifdawn::text::parts;

use std::os::fd::BorrowedFd;

/// Tells of what is asked for by [`watch`]; never waits.
pub fn open() -> Result<BorrowedFd<'static>, Errno> {
    let flags = libc::IN_NONBLOCK | libc::IN_CLOEXEC;
    // SAFETY: no pointers; inotify_init1(2) opens a descriptor.
    unsafe { opened(call(libc::SYS_inotify_init1, flags as usize, 0, 0, 0, 0)) }.map(keep)
}

/// Has it tell of these events in a directory, where there is one.
#[inline(never)]
pub fn watch(inotify: BorrowedFd<'_>, path: &Path, events: u32) {
    let (file, path) = (descriptor(inotify), path.pointer());
    // SAFETY: the path ends with a NUL.
    let _ = unsafe {
        call(
            libc::SYS_inotify_add_watch,
            file,
            path,
            events as usize,
            0,
            0,
        )
    };
}

/// The first of several events: its bits, and the name of what it is about, which is empty where that is the
/// directory itself.
pub fn next<'e>(events: &mut &'e [u8]) -> Option<(u32, &'e [u8])> {
    // struct inotify_event: a descriptor, a mask, a cookie, the length of the name with its NULs.
    let (head, rest) = events.split_first_chunk::<16>()?;
    let [_, _, _, _, m0, m1, m2, m3, _, _, _, _, l0, l1, l2, l3] = *head;
    let len = u32::from_ne_bytes([l0, l1, l2, l3]) as usize;
    let (name, after) = rest.split_at_checked(len)?;
    *events = after;
    Some((u32::from_ne_bytes([m0, m1, m2, m3]), parts::nth(name, 0, 0)))
}
