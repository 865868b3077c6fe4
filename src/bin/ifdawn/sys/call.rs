//! One way to the kernel, and the calls that several files make.
#![expect(
    unsafe_code,
    reason = "one way to the kernel costs an eighth of the C library's wrappers"
)]

use ifdawn::diag::Errno;

use std::io::IoSlice;
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
pub fn descriptor(file: BorrowedFd<'_>) -> usize {
    file.as_raw_fd() as usize
}

/// Takes over a descriptor that a call has opened.
///
/// # Safety
/// `result` is that of a call that opens one.
pub unsafe fn opened(result: Result<u32, Errno>) -> Result<OwnedFd, Errno> {
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

/// Reads what is there already from a descriptor that does not wait, and forgets it; whether there was anything.
pub fn drain(file: BorrowedFd<'_>) -> bool {
    let mut buffer = [0; 1024];
    let mut was_any = false;
    loop {
        match read(file, &mut buffer) {
            Ok(_) => was_any = true,
            Err(Errno::EAGAIN) => return was_any,
            // Something was lost.
            Err(_) => return true,
        }
    }
}

/// A socket for as long as we run; its protocol is the family's first: rtnetlink, UDP, and none of packets.
pub fn socket(family: libc::c_int, kind: libc::c_int) -> Result<BorrowedFd<'static>, Errno> {
    new_socket(family, kind, 0).map(keep)
}

/// A socket; protocol 0 is the family's first.
#[inline(never)]
pub fn new_socket(
    family: libc::c_int,
    kind: libc::c_int,
    protocol: libc::c_int,
) -> Result<OwnedFd, Errno> {
    let (family, kind, protocol) = (family as usize, kind as usize, protocol as usize);
    // SAFETY: no pointers; socket(2) opens a descriptor.
    unsafe { opened(call(libc::SYS_socket, family, kind, protocol, 0, 0)) }
}

/// Gives a socket its address, which is as bind(2) takes it for its family.
#[inline(never)]
pub fn bind(socket: BorrowedFd<'_>, address: &[u8]) -> Result<(), Errno> {
    let (from, size) = (address.as_ptr() as usize, address.len());
    // SAFETY: the address is as long as said.
    let bound = unsafe { call(libc::SYS_bind, descriptor(socket), from, size, 0, 0) };
    bound.map(|_| ())
}

/// Gives a socket its other end, at an address as connect(2) takes it for its family.
#[inline(never)]
pub fn connect(socket: BorrowedFd<'_>, address: &[u8]) -> Result<(), Errno> {
    let (to, size) = (address.as_ptr() as usize, address.len());
    // SAFETY: the address is as long as said.
    let done = unsafe { call(libc::SYS_connect, descriptor(socket), to, size, 0, 0) };
    done.map(|_| ())
}

/// Sets an option of a socket to two words; a number is an int, of which the kernel reads the first octets.
///
/// # Safety
/// A word that is a pointer is one to what the kernel reads.
#[inline(never)]
pub unsafe fn set_raw(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    a: usize,
    b: usize,
) -> Result<(), Errno> {
    let value = [a, b];
    let (level, option) = (level as usize, option as usize);
    let (from, size) = (value.as_ptr() as usize, size_of_val(&value));
    let file = descriptor(socket);
    // SAFETY: the value is as long as said, and as the caller promises.
    let done = unsafe { call(libc::SYS_setsockopt, file, level, option, from, size) };
    done.map(|_| ())
}

/// Sets an option of a socket that is a number or two.
pub fn set(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    a: usize,
    b: usize,
) -> Result<(), Errno> {
    // SAFETY: no pointers. (The one option that takes them is not set by numbers.)
    unsafe { set_raw(socket, level, option, a, b) }
}

/// Sends one datagram, in parts, to an address or (an empty one) to the other end, which may be gone.
#[inline(never)]
pub fn send(socket: BorrowedFd<'_>, address: &[u8], parts: &[IoSlice<'_>]) -> Result<(), Errno> {
    let message = Message {
        address: [address.as_ptr() as usize, address.len()],
        parts: [parts.as_ptr() as usize, parts.len()],
        control: [0; 2],
        flags: 0,
    };
    let from = &raw const message as usize;
    let flags = libc::MSG_NOSIGNAL as usize;
    // SAFETY: the message, its address and its parts are as long as said; nothing is written.
    let sent = unsafe { call(libc::SYS_sendmsg, descriptor(socket), from, flags, 0, 0) };
    sent.map(|_| ())
}

/// Receives one datagram; [`Errno::EMSGSIZE`] if it does not fit.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<u32, Errno> {
    receive_from(socket, buffer, &mut Received::default(), 0)
}

/// Looks at the datagram that would be received, which stays where it is. Nobody is waited for.
pub fn peek(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<u32, Errno> {
    let how = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    receive_from(socket, buffer, &mut Received::default(), how)
}

/// What comes with a datagram.
#[derive(Default)]
#[repr(C)]
pub struct Received {
    /// The beginning of its sender's address.
    pub address: [u32; 2],
    /// The beginning of what the kernel says of it, behind a header of four numbers.
    pub control: [u32; 10],
}

/// Receives one datagram, and what comes with it; [`Errno::EMSGSIZE`] if it does not fit.
#[inline(never)]
pub fn receive_from(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    from: &mut Received,
    how: libc::c_int,
) -> Result<u32, Errno> {
    let (address, control) = (&mut from.address, &mut from.control);
    let octets = [buffer.as_mut_ptr() as usize, buffer.len()];
    loop {
        let mut message = Message {
            address: [address.as_mut_ptr() as usize, size_of_val(address)],
            parts: [octets.as_ptr() as usize, 1],
            control: [control.as_mut_ptr() as usize, size_of_val(control)],
            flags: 0,
        };
        let into = &raw mut message as usize;
        let flags = (how | libc::MSG_TRUNC) as usize;
        // SAFETY: the message, and what it points to, is as long as said; any octets are numbers.
        match unsafe { call(libc::SYS_recvmsg, descriptor(socket), into, flags, 0, 0) } {
            Ok(got) if got as usize > buffer.len() => return Err(Errno::EMSGSIZE),
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}

/// struct msghdr (socket(7)): pointers with lengths.
#[repr(C)]
struct Message {
    address: [usize; 2],
    /// Pairs of a pointer and a length.
    parts: [usize; 2],
    control: [usize; 2],
    flags: usize,
}
