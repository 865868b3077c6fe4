//! Sockets of this machine (unix(7)): that by which a supervisor is asked, to which only who has our rights can connect,
//! and datagrams to other programs.
#![expect(unsafe_code, reason = "system calls")]

use super::call::{self, keep, new_socket, opened};
use super::descriptor;
use super::file::Root;
use ifdawn::diag::{Errno, LineBuf};
use ifdawn::packed::word;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Seconds after which one who takes nobody is not waited for any more.
const PATIENCE: usize = 1;

/// Requests that wait for others.
const BACKLOG: usize = 16;

/// Octets of `sun_path`, with the NUL at its end.
const PATH: usize = 108;

/// `struct sockaddr_un`, cut after the path.
#[repr(C)]
struct Address(u16, [u8; 8]);

/// That of the socket, as it is seen from its directory: from elsewhere its path may be too long.
static CONTROL: Address = Address(libc::AF_UNIX as u16, *b"control\0");

/// Makes a socket, and has this call bind it to the socket's file, or connect it. Nobody but us waits here for another
/// directory, and we have one thread.
#[inline(never)]
fn reach(root: &Root<'_>, what: libc::c_long) -> Result<BorrowedFd<'static>, Errno> {
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    let socket = new_socket(libc::AF_UNIX, kind, 0)?;
    let timeout = libc::SO_SNDTIMEO;
    call::set(socket.as_fd(), libc::SOL_SOCKET, timeout, PATIENCE, 0)?;
    let here = Root::NONE.open(word!("."), libc::O_PATH, 0)?;
    let there = root.open(word!("/run/ifdawn"), libc::O_PATH, 0)?;
    let file = descriptor(socket.as_fd());
    let (address, size) = (&raw const CONTROL as usize, size_of_val(&CONTROL));
    // SAFETY: no pointers. What the socket may be used for here, its file may be once it is bound.
    let _ = unsafe { call::call(libc::SYS_fchmod, file, 0o600, 0, 0, 0) };
    go_to(&there)?;
    // SAFETY: the address ends with a NUL, and is as long as said.
    let done = unsafe { call::call(what, file, address, size, 0, 0) };
    let _ = go_to(&here);
    done.map(|_| keep(socket))
}

#[inline(never)]
fn go_to(directory: &OwnedFd) -> Result<u32, Errno> {
    let file = descriptor(directory.as_fd());
    // SAFETY: no pointers.
    unsafe { call::call(libc::SYS_fchdir, file, 0, 0, 0, 0) }
}

/// Listens, where nobody does.
pub fn listen(root: &Root<'_>) -> Result<BorrowedFd<'static>, Errno> {
    let socket = reach(root, libc::SYS_bind)?;
    // SAFETY: no pointers.
    unsafe { call::call(libc::SYS_listen, descriptor(socket), BACKLOG, 0, 0, 0) }?;
    Ok(socket)
}

/// Connects to who listens.
///
/// # Errors
/// [`Errno::EAGAIN`] where so many wait already that there is no room, and there was none for a second.
pub fn connect(root: &Root<'_>) -> Result<BorrowedFd<'static>, Errno> {
    reach(root, libc::SYS_connect)
}

/// The next who connected.
pub fn accept(listener: BorrowedFd<'_>) -> Result<BorrowedFd<'static>, Errno> {
    let flags = (libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK) as usize;
    // SAFETY: no address is asked for; accept4(2) opens a descriptor.
    unsafe {
        opened(call::call(
            libc::SYS_accept4,
            descriptor(listener),
            0,
            0,
            flags,
            0,
        ))
    }
    .map(keep)
}

/// The process at the other end, and its user.
pub fn peer(socket: BorrowedFd<'_>) -> [u32; 2] {
    // struct ucred: pid, uid, gid
    let mut who = [0, u32::MAX, 0];
    let mut len = size_of_val(&who) as u32;
    let (level, option) = (libc::SOL_SOCKET as usize, libc::SO_PEERCRED as usize);
    let (into, len) = (who.as_mut_ptr() as usize, &raw mut len as usize);
    // SAFETY: the kernel writes no more than the length says.
    let _ = unsafe {
        call::call(
            libc::SYS_getsockopt,
            descriptor(socket),
            level,
            option,
            into,
            len,
        )
    };
    let [pid, uid, _] = who;
    [pid, uid]
}

/// Our user.
pub fn own_user() -> u32 {
    // SAFETY: no pointers.
    unsafe { call::call(libc::SYS_geteuid, 0, 0, 0, 0, 0) }.unwrap_or_default()
}

/// A socket of datagrams that never waits: who reads nothing is not waited for.
pub fn datagrams() -> Result<BorrowedFd<'static>, Errno> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    call::socket(libc::AF_UNIX, kind)
}

/// Has what is written go to the socket of this path, or (with `@` in front) of this name.
#[inline(never)]
pub fn connect_to(socket: BorrowedFd<'_>, path: &[u8]) -> Result<(), Errno> {
    if path.len() > PATH {
        return Err(Errno::ENAMETOOLONG);
    }
    let mut address = LineBuf::<{ PATH + 2 }>::new();
    address.put(&(libc::AF_UNIX as u16).to_ne_bytes());
    match path {
        [b'@', name @ ..] => {
            address.put(b"\0");
            address.put(name);
        }
        _ => address.put(path),
    }
    call::connect(socket, address.as_bytes())
}
