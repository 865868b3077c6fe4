//! Sockets of this machine (unix(7)): that by which a supervisor is asked, to which only who has our rights can connect,
//! and datagrams to other programs.
#![expect(unsafe_code, reason = "system calls")]

use super::call::{self, keep, new_socket, opened};
use super::descriptor;
use super::file::Root;
use ifdawn::diag::{Errno, LineBuf};
use ifdawn::packed::word;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Requests that wait for others.
const BACKLOG: usize = 16;

/// Octets of `sun_path`, with the NUL at its end.
const PATH: usize = 108;

/// `struct sockaddr_un`: a family, and a path that is kept open where it is too long to be written down.
struct Address {
    octets: LineBuf<{ PATH + 2 }>,
    _directory: Option<OwnedFd>,
}

fn address(root: &Root<'_>) -> Result<Address, Errno> {
    let path = root.join(word!("/run/ifdawn/control"), b"");
    let mut octets = LineBuf::new();
    octets.put(&(libc::AF_UNIX as u16).to_ne_bytes());
    let mut directory = None;
    if path.as_bytes().len() < PATH {
        octets.put(path.as_bytes());
    } else {
        let file = root.open(word!("/run/ifdawn"), libc::O_PATH, 0)?;
        octets.put(b"/proc/self/fd/");
        octets.show(&(file.as_raw_fd() as u32));
        octets.put(b"/control");
        directory = Some(file);
    }
    Ok(Address {
        octets,
        _directory: directory,
    })
}

/// Listens; [`Errno::EADDRINUSE`] where somebody does already.
pub fn listen(root: &Root<'_>) -> Result<BorrowedFd<'static>, Errno> {
    let address = address(root)?;
    let socket = socket(libc::SOCK_NONBLOCK)?;
    let file = descriptor(socket.as_fd());
    // SAFETY: no pointers. What it has here, its file has once it is bound.
    let _ = unsafe { call::call(libc::SYS_fchmod, file, 0o600, 0, 0, 0) };
    let bind = || super::bind(socket.as_fd(), address.octets.as_bytes());
    let mut bound = bind();
    if bound == Err(Errno::EADDRINUSE) && connect(root).err() == Some(Errno::ECONNREFUSED) {
        // One that was killed left it.
        root.join(word!("/run/ifdawn/control"), b"").remove();
        bound = bind();
    }
    bound?;
    // SAFETY: no pointers.
    unsafe { call::call(libc::SYS_listen, file, BACKLOG, 0, 0, 0) }?;
    Ok(keep(socket))
}

/// Connects to who listens.
pub fn connect(root: &Root<'_>) -> Result<BorrowedFd<'static>, Errno> {
    let address = address(root)?;
    let socket = socket(0)?;
    call::connect(socket.as_fd(), address.octets.as_bytes())?;
    Ok(keep(socket))
}

fn socket(flags: libc::c_int) -> Result<OwnedFd, Errno> {
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC | flags;
    new_socket(libc::AF_UNIX, kind, 0)
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
