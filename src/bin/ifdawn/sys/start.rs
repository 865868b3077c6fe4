//! The program's entry, called by the C library: what is needed of what Rust's own start-up does.
#![expect(
    unsafe_code,
    reason = "the C library knows its caller by an unmangled name, and arguments as pointers"
)]

use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::stat::Mode;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, IntoRawFd};

/// The words after the program's name.
pub struct Arguments(&'static [*const libc::c_char]);

impl Arguments {
    /// Their octets, in order.
    pub fn each(&self) -> impl Iterator<Item = &'static [u8]> {
        // SAFETY: the C library made each a string that ends with a NUL and lives as long as the process.
        self.0
            .iter()
            .map(|word| unsafe { CStr::from_ptr(*word) }.to_bytes())
    }
}

/// The C library's `main`.
///
/// # Safety
/// `words` are `count` pointers to strings that live as long as the process.
#[unsafe(no_mangle)]
unsafe extern "C" fn main(count: libc::c_int, words: *const *const libc::c_char) -> libc::c_int {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: the caller's promise.
    let words = unsafe { std::slice::from_raw_parts(words, count) };
    keep_standard_descriptors();
    ignore_sigpipe();
    crate::main(&Arguments(words.get(1..).unwrap_or_default())).into()
}

/// Opens descriptors 0 to 2 where they are closed: a socket that took the number of standard error would be
/// sent our complaints.
fn keep_standard_descriptors() {
    while let Ok(null) = open(c"/dev/null", OFlag::O_RDWR, Mode::empty()) {
        if null.as_raw_fd() > 2 {
            break;
        }
        let _ = null.into_raw_fd();
    }
}

/// A reader that went away makes writing to it fail, instead of killing us half-way.
fn ignore_sigpipe() {
    // struct sigaction of the kernel (asm-generic/signal.h): handler, flags, restorer, mask.
    let action = [libc::SIG_IGN, 0, 0, 0];
    let old: *const usize = std::ptr::null();
    // SAFETY: the action is as long as the kernel reads, the mask's length is said, the old one is not wanted.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            libc::SIGPIPE,
            action.as_ptr(),
            old,
            8_usize,
        )
    };
}
