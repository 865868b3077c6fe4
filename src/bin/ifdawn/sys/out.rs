//! Text on its way to a file.

use super::log::to_stderr;
use super::write;
use crate::run::NOT_UP;
use ifdawn::diag::Errno;
use ifdawn::text::show::Take;
use std::os::fd::BorrowedFd;

/// Text on its way to a file descriptor, less than a page at a time, so that the stack grows by no more than
/// one at a time. The first error ends it.
#[repr(C)]
pub struct Out<'f> {
    file: BorrowedFd<'f>,
    pub(super) result: Result<(), Errno>,
    pending: heapless::Vec<u8, 3072>,
}

impl<'f> Out<'f> {
    /// Nothing written yet.
    pub fn new(file: BorrowedFd<'f>) -> Self {
        Out {
            file,
            result: Ok(()),
            pending: heapless::Vec::new(),
        }
    }

    /// Writes what is pending.
    #[inline(never)]
    pub fn flush(&mut self) {
        if self.result.is_ok() {
            self.result = write_whole(self.file, &self.pending);
        }
        self.pending.clear();
    }

    /// Writes what is pending, the last of what a person asked for: the exit code, which is not `code`
    /// where they do not get all of it.
    pub fn end(&mut self, code: u8) -> u8 {
        self.flush();
        match self.result {
            Ok(()) => code,
            Err(errno) => {
                to_stderr(b"ifdawn: standard output: ", &errno, b"\n");
                NOT_UP
            }
        }
    }
}

impl Take for Out<'_> {
    fn take(&mut self, octets: &[u8]) {
        if self.pending.extend_from_slice(octets).is_err() {
            self.flush();
            if self.result.is_ok() {
                self.result = write_whole(self.file, octets);
            }
        }
    }
}

/// Nothing interrupts a call that writes: signals that are not ignored end us.
#[inline(never)]
fn write_whole(file: BorrowedFd<'_>, mut rest: &[u8]) -> Result<(), Errno> {
    while !rest.is_empty() {
        let written = match write(file, rest)? {
            0 => return Err(Errno::EIO),
            written => written as usize,
        };
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}
