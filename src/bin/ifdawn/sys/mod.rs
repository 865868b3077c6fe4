//! System calls. The only place with `unsafe`: each block is one call wide.
#![expect(
    unsafe_code,
    reason = "one way to the kernel costs an eighth of the C library's wrappers"
)]

pub mod caps;
pub mod clock;
pub mod file;
pub mod heap;
pub mod kernel;
pub mod log;
pub mod names;
pub mod rtnl;
pub mod start;
pub mod udev;

use ifdawn::diag::Errno;

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// Makes the system call of this number; what it returns is a descriptor or a length, below 2^31. A call
/// that takes a sixth argument may be made so if it does not look at it because another one is NULL.
///
/// # Safety
/// The arguments are what the call takes; each pointer among them is to as much as it reads or writes.
#[inline(never)]
pub unsafe fn call(
    number: libc::c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
) -> Result<u32, Errno> {
    // SAFETY: the caller's promise.
    let result = unsafe { enter(number, a, b, c, d, e) } as i32;
    u32::try_from(result).map_err(|_| Errno::new(result))
}

/// The kernel's answer: an error number is negative.
///
/// # Safety
/// As [`call`].
#[cfg(target_arch = "x86_64")]
unsafe fn enter(number: libc::c_long, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let result;
    // SAFETY: the caller's promise; syscall(2) names the registers that are read and lost.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// The kernel's answer: an error number is negative.
///
/// # Safety
/// As [`call`].
#[cfg(not(target_arch = "x86_64"))]
unsafe fn enter(number: libc::c_long, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    // SAFETY: the caller's promise.
    match unsafe { libc::syscall(number, a, b, c, d, e) } {
        // SAFETY: the C library's error number of this thread.
        -1 => -(unsafe { *libc::__errno_location() } as isize),
        result => result as isize,
    }
}

/// A file descriptor as an argument of [`call`].
fn descriptor(file: BorrowedFd<'_>) -> usize {
    file.as_raw_fd() as usize
}

/// Takes over a descriptor that a call has opened.
///
/// # Safety
/// `result` is that of a call that opens one.
unsafe fn opened(result: Result<u32, Errno>) -> Result<OwnedFd, Errno> {
    // SAFETY: the caller's promise; descriptors are numbers of 31 bits.
    result.map(|file| unsafe { OwnedFd::from_raw_fd(file as i32) })
}

/// Keeps a descriptor open for as long as we run.
pub fn keep(file: OwnedFd) -> BorrowedFd<'static> {
    // SAFETY: nobody closes it any more.
    unsafe { BorrowedFd::borrow_raw(file.into_raw_fd()) }
}

/// Reads once.
pub fn read(file: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<u32, Errno> {
    let (octets, len) = (buffer.as_mut_ptr() as usize, buffer.len());
    // SAFETY: the buffer is as long as said.
    unsafe { call(libc::SYS_read, descriptor(file), octets, len, 0, 0) }
}

/// Writes once.
pub fn write(file: BorrowedFd<'_>, octets: &[u8]) -> Result<u32, Errno> {
    let (octets, len) = (octets.as_ptr() as usize, octets.len());
    // SAFETY: the octets are as many as said.
    unsafe { call(libc::SYS_write, descriptor(file), octets, len, 0, 0) }
}

/// Reads what is there already from a descriptor that does not wait, and forgets it.
pub fn drain(file: BorrowedFd<'_>) {
    let mut buffer = [0; 1024];
    while read(file, &mut buffer).is_ok() {}
}

/// A socket for as long as we run; its protocol is the family's first, which is rtnetlink's.
pub fn socket(family: libc::c_int, kind: libc::c_int) -> Result<BorrowedFd<'static>, Errno> {
    // SAFETY: no pointers; socket(2) opens a descriptor.
    let socket = unsafe {
        opened(call(
            libc::SYS_socket,
            family as usize,
            kind as usize,
            0,
            0,
            0,
        ))
    };
    socket.map(keep)
}
