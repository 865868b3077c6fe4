//! Programs that are started: what they find, and what they do not inherit.
#![expect(unsafe_code, reason = "system calls")]

use super::file::{Path, Root};
use super::{call, process, signal};
use ifdawn::diag::Errno;
use ifdawn::packed::word;

use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};

/// The descriptor of who starts programs, behind the standard ones.
const SOCKET: usize = 3;

/// Becomes a copy of us that starts programs: in a session of its own, in `/`, where files are made as usual, and with
/// this socket alone, which it returns.
pub fn begin(socket: BorrowedFd<'_>, name: &'static CStr) -> BorrowedFd<'static> {
    process::leave_session();
    let _ = process::keep_only(socket, SOCKET);
    let make = |number, a| {
        // SAFETY: no pointers, or one to a text that ends with a NUL.
        let _ = unsafe { call(number, a, 0, 0, 0, 0) };
    };
    make(libc::SYS_chdir, c"/".as_ptr() as usize);
    make(libc::SYS_umask, 0o022);
    // SAFETY: the name ends with a NUL.
    let _ = unsafe { process::control(libc::PR_SET_NAME, name.as_ptr() as usize, 0) };
    if let Ok(null) = Root::NONE.open(word!("/dev/null"), libc::O_RDWR, 0) {
        let _ = process::become_descriptor(null.as_fd(), 0, 0);
    }
    signal::forget_children();
    // SAFETY: nobody closes it.
    unsafe { BorrowedFd::borrow_raw(SOCKET as i32) }
}

/// What a program is started with: pointers to its arguments, up to one that is NULL, and to its environment. What is
/// too much is left out.
pub struct Words<'w> {
    len: usize,
    pointers: [usize; MAX_WORDS + 1],
    words: PhantomData<&'w [u8]>,
}

/// How many there are at most, with an end of the arguments; the end of the environment is behind them.
const MAX_WORDS: usize = 512;

/// Where the environment begins: behind the program, two arguments, and their end.
const ENVIRONMENT: usize = 4;

impl<'w> Words<'w> {
    /// None.
    pub fn new() -> Words<'w> {
        Words {
            len: 0,
            pointers: [0; _],
            words: PhantomData,
        }
    }

    /// Adds one. It ends with a NUL; in the place of what does not is an empty one.
    #[inline(never)]
    pub fn put(&mut self, word: &'w [u8]) {
        let word = match word {
            [.., 0] => word,
            _ => b"\0",
        };
        if self.len < MAX_WORDS
            && let Some(pointer) = self.pointers.get_mut(self.len)
        {
            *pointer = word.as_ptr() as usize;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// What is added from here on is of the environment.
    pub fn begin_environment(&mut self) {
        self.len = ENVIRONMENT;
    }

    /// Becomes the program of this path in a process group of its own, or says why not.
    pub fn execute(&self, path: &Path) -> Errno {
        process::lead_group();
        for file in 0..SOCKET {
            // SAFETY: no pointers. The standard descriptors stay open when a program is started.
            let _ = unsafe { call(libc::SYS_fcntl, file, libc::F_SETFD as usize, 0, 0, 0) };
        }
        signal::reset(&signal::NONE);
        let [arguments, environment] =
            [0, ENVIRONMENT].map(|n| self.pointers.as_ptr().wrapping_add(n) as usize);
        // SAFETY: the path ends with a NUL, as does each word; each list of pointers ends with NULL.
        let result = unsafe {
            call(
                libc::SYS_execve,
                path.pointer(),
                arguments,
                environment,
                0,
                0,
            )
        };
        result.err().unwrap_or(Errno::EIO)
    }
}
