//! Error numbers of the kernel, and their names.

use crate::packed::{Packed, packed, word};
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
            None => Errno(NonZeroU32::MIN.saturating_add(4)),
        }
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

/// The errors that netlink and the files we touch answer with (asm-generic/errno*.h): a constant for each, and
/// its name as a line of [`NAMES`] in the order of [`NUMBERS`].
macro_rules! errors {
    ($($name:ident $number:literal $about:literal,)*) => {
        impl Errno {
            $(#[doc = $about] pub const $name: Errno = Errno::new($number);)*
        }

        const NUMBERS: &[u8] = &[$($number),*];
        const NAMES: Packed = packed!(concat!($(stringify!($name), "\n",)*));
    };
}

errors! {
    EPERM 1 "Operation not permitted.",
    ENOENT 2 "No such file or object.",
    ESRCH 3 "No such route (of a deletion).",
    EINTR 4 "Interrupted.",
    EIO 5 "Input/output error.",
    ENXIO 6 "No such device or address (of a socket that is opened as a file).",
    EAGAIN 11 "Nothing to read yet; held by somebody else.",
    ENOMEM 12 "No memory.",
    EACCES 13 "Permission denied.",
    EBUSY 16 "Busy; a link that is up cannot be renamed before Linux 6.2.",
    EEXIST 17 "Exists.",
    EXDEV 18 "On another file system.",
    ENODEV 19 "No such device.",
    ENOTDIR 20 "Not a directory.",
    EISDIR 21 "Is a directory.",
    EINVAL 22 "Invalid argument.",
    EFBIG 27 "File too large.",
    ENOSPC 28 "No space left.",
    EROFS 30 "Read-only file system.",
    EPIPE 32 "Nobody reads any more.",
    ERANGE 34 "Out of range.",
    ENAMETOOLONG 36 "Name too long.",
    ELOOP 40 "Too many symbolic links.",
    EMSGSIZE 90 "Message too long.",
    EOPNOTSUPP 95 "Not supported.",
    EADDRINUSE 98 "Address in use.",
    EADDRNOTAVAIL 99 "Address not available (of a deletion: it is gone).",
    ENETDOWN 100 "The link is down.",
    ENETUNREACH 101 "No route to the network.",
    ECONNRESET 104 "The other end closed it with something unread.",
    ENOBUFS 105 "Receive buffer overrun: events were lost.",
    ETIMEDOUT 110 "It took too long.",
    ECONNREFUSED 111 "Nobody listens.",
    EHOSTUNREACH 113 "No route to the host.",
}

displayed!(Errno);

impl Show for Errno {
    fn show(&self, f: &mut Text<'_>) {
        for (number, at) in NUMBERS.iter().zip(0..) {
            if u32::from(*number) == self.0.get() {
                return NAMES.line(at).show(f);
            }
        }
        f.count(word!("error "), self.0.get())
    }
}
