//! Error numbers of the kernel, and their names.

use crate::packed::{Packed, packed};
use crate::text::show::{Show, Text, displayed};
use core::num::NonZeroU32;

/// An error number of the kernel, positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(NonZeroU32);

impl Errno {
    /// The error with this number, whatever its sign; 0 counts as [`Errno::EIO`].
    pub const fn new(number: i32) -> Errno {
        match NonZeroU32::new(number.unsigned_abs()) {
            Some(number) => Errno(number),
            None => Errno::EIO,
        }
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }

    /// Operation not permitted.
    pub const EPERM: Errno = Errno::new(1);
    /// No such file or object.
    pub const ENOENT: Errno = Errno::new(2);
    /// No such route (of a deletion).
    pub const ESRCH: Errno = Errno::new(3);
    /// Interrupted.
    pub const EINTR: Errno = Errno::new(4);
    /// Input/output error.
    pub const EIO: Errno = Errno(NonZeroU32::MIN.saturating_add(4));
    /// No such device or address (of a socket that is opened as a file).
    pub const ENXIO: Errno = Errno::new(6);
    /// Permission denied.
    pub const EACCES: Errno = Errno::new(13);
    /// Busy; a link that is up cannot be renamed before Linux 6.2.
    pub const EBUSY: Errno = Errno::new(16);
    /// Exists.
    pub const EEXIST: Errno = Errno::new(17);
    /// No such device.
    pub const ENODEV: Errno = Errno::new(19);
    /// Is a directory.
    pub const EISDIR: Errno = Errno::new(21);
    /// Invalid argument.
    pub const EINVAL: Errno = Errno::new(22);
    /// File too large.
    pub const EFBIG: Errno = Errno::new(27);
    /// Message too long.
    pub const EMSGSIZE: Errno = Errno::new(90);
    /// Not supported.
    pub const EOPNOTSUPP: Errno = Errno::new(95);
    /// Address not available (of a deletion: it is gone).
    pub const EADDRNOTAVAIL: Errno = Errno::new(99);
    /// Receive buffer overrun: events were lost.
    pub const ENOBUFS: Errno = Errno::new(105);
}

/// The errors that netlink and the files we touch answer with (asm-generic/errno*.h); their names are the
/// lines of [`NAMES`].
const NUMBERS: &[u8] = &[
    1, 2, 3, 5, 6, 11, 12, 13, 16, 17, 19, 20, 21, 22, 27, 28, 30, 32, 34, 36, 40, 90, 95, 98, 99,
    100, 101, 105, 113,
];

/// See [`NUMBERS`].
const NAMES: Packed = packed!(
    "\
EPERM
ENOENT
ESRCH
EIO
ENXIO
EAGAIN
ENOMEM
EACCES
EBUSY
EEXIST
ENODEV
ENOTDIR
EISDIR
EINVAL
EFBIG
ENOSPC
EROFS
EPIPE
ERANGE
ENAMETOOLONG
ELOOP
EMSGSIZE
EOPNOTSUPP
EADDRINUSE
EADDRNOTAVAIL
ENETDOWN
ENETUNREACH
ENOBUFS
EHOSTUNREACH"
);

displayed!(Errno);

impl Show for Errno {
    fn show(&self, f: &mut Text<'_>) {
        for (number, at) in NUMBERS.iter().zip(0..) {
            if u32::from(*number) == self.0.get() {
                return NAMES.line(at).show(f);
            }
        }
        f.count("error ", self.0.get())
    }
}
