//! Where a supervisor may write from some moment on (Landlock: linux/landlock.h, Linux 5.13).
//!
//! Reading stays free. Nothing is executed; and signals are sent to copies of us only, where the kernel sees to that, too.
#![expect(unsafe_code, reason = "system calls")]

use super::call::{call, descriptor, keep, opened};
use ifdawn::diag::Errno;

use std::os::fd::{AsFd, OwnedFd};

/// `LANDLOCK_CREATE_RULESET_VERSION`.
const VERSION: usize = 1;
/// `LANDLOCK_RULE_PATH_BENEATH`.
const PATH_BENEATH: usize = 1;

/// `LANDLOCK_ACCESS_FS_*`: those of reading, of writing to files, of replacing files.
const READ: u64 = 1 << 2 | 1 << 3;
const WRITE: u64 = 1 << 1 | 1 << 14;
const REPLACE: u64 = 1 << 5 | 1 << 8 | WRITE;

/// Rights about files before version 1, which has one more than these, and the last version that has one more again.
/// (Later ones are not about writing.)
const RIGHTS: u32 = 12;
const LAST: u32 = 3;

/// The version that knows of signals.
const SIGNALS: u32 = 6;

/// What is allowed so far.
pub struct Rules {
    ruleset: OwnedFd,
    handled: u64,
}

impl Rules {
    /// Nothing.
    ///
    /// # Errors
    /// Where the kernel has no Landlock, or it is switched off.
    pub fn new() -> Result<Rules, Errno> {
        // SAFETY: no pointers; it returns the version.
        let version = unsafe { call(libc::SYS_landlock_create_ruleset, 0, 0, VERSION, 0, 0) }?;
        let handled = ((1 << (RIGHTS + version.min(LAST))) - 1) & !READ;
        // struct landlock_ruleset_attr, of which an older kernel takes what is zeros: rights about files, and (none)
        // about TCP, LANDLOCK_SCOPE_SIGNAL.
        let attr = [handled, 0, u64::from(version >= SIGNALS) << 1];
        let (from, size) = (attr.as_ptr() as usize, size_of_val(&attr));
        // SAFETY: the attributes are as long as said; it opens a descriptor.
        let ruleset =
            unsafe { opened(call(libc::SYS_landlock_create_ruleset, from, size, 0, 0, 0)) }?;
        Ok(Rules { ruleset, handled })
    }

    /// A file may be written; or below a directory files may be, and made, replaced and removed.
    ///
    /// It stays open as long as we run: the kernel forgets the files of /proc that nobody has open, and
    /// rules about them.
    #[inline(never)]
    pub fn allow(&self, file: OwnedFd) {
        let file = keep(file);
        // A directory has all of these rights, and what is none only two of them.
        for rights in [REPLACE, WRITE] {
            // struct landlock_path_beneath_attr, packed: rights, a descriptor.
            let attr = [rights & self.handled, descriptor(file) as u64];
            let (ruleset, from) = (descriptor(self.ruleset.as_fd()), attr.as_ptr() as usize);
            // SAFETY: the attribute is longer than what is read of it.
            let added = unsafe {
                call(
                    libc::SYS_landlock_add_rule,
                    ruleset,
                    PATH_BENEATH,
                    from,
                    0,
                    0,
                )
            };
            if added.is_ok() {
                break;
            }
        }
    }

    /// From here on nothing else may be written.
    pub fn confine(self) -> Result<(), Errno> {
        let ruleset = descriptor(self.ruleset.as_fd());
        // SAFETY: no pointers.
        unsafe { call(libc::SYS_landlock_restrict_self, ruleset, 0, 0, 0, 0) }.map(|_| ())
    }
}
