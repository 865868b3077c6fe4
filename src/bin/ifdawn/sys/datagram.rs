//! Datagrams to other programs of this machine (unix(7)).

use super::call::connect;
use ifdawn::diag::Errno;

use std::os::fd::BorrowedFd;

/// Octets of a path in struct sockaddr_un.
const MAX_PATH: usize = 108;

/// A socket of datagrams that never waits: who reads nothing is not waited for.
pub fn socket() -> Result<BorrowedFd<'static>, Errno> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    super::socket(libc::AF_UNIX, kind)
}

/// Has what is written go to the socket of this path, or (with `@` in front) of this name.
#[inline(never)]
pub fn connect_to(socket: BorrowedFd<'_>, path: &[u8]) -> Result<(), Errno> {
    let [f0, f1] = (libc::AF_UNIX as u16).to_ne_bytes();
    // struct sockaddr_un: family, path.
    let mut address = heapless::Vec::<u8, { 2 + MAX_PATH }>::new();
    let _ = address.extend_from_slice(&[f0, f1]);
    address
        .extend_from_slice(path)
        .map_err(|_| Errno::ENAMETOOLONG)?;
    if let Some(first @ b'@') = address.get_mut(2) {
        *first = 0;
    }
    connect(socket, &address)
}
