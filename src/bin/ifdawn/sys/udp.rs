//! Unicast to a server that gave us our address: renewing and releasing (RFC 2131 s.4.4.5); and the port to which
//! servers of DHCPv6 answer.
#![expect(unsafe_code, reason = "system calls")]

use super::call::{call, descriptor, keep, new_socket};
use ifdawn::diag::Errno;
use ifdawn::wire::ipv4;

use std::io::IoSlice;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// bootps and bootpc.
const SERVER: u16 = 67;
const CLIENT: u16 = 68;
/// dhcpv6-client.
const CLIENT6: u16 = 546;

/// Sends the payload of a packet, with its type of service, from our address on a link. Answers are heard as packets ([`super::packet`]); while the socket is
/// open the kernel does not tell the server that nobody listens.
pub fn send(
    ifindex: u32,
    src: Ipv4Addr,
    dst: Ipv4Addr,
    packet: &[u8],
) -> Result<BorrowedFd<'static>, Errno> {
    let socket = open(libc::AF_INET, ifindex, &address(src, CLIENT))?;
    let file = socket.as_fd();
    let tos = ipv4::tos(packet).into();
    let _ = super::set(file, libc::IPPROTO_IP, libc::IP_TOS, tos, 0);
    let payload = IoSlice::new(packet.get(ipv4::HEADERS..).unwrap_or_default());
    super::send(file, &address(dst, SERVER), &[payload])?;
    Ok(keep(socket))
}

/// Has the kernel not tell servers of DHCPv6 that nobody listens, as long as we run: answers are heard as packets, and
/// of what arrives here the least is kept, which nobody reads.
pub fn occupy() -> Result<(), Errno> {
    // struct sockaddr_in6 (ipv6(7)): family and port, then no address.
    let mut address = [0; 28];
    let [f0, f1, p0, p1, ..] = &mut address;
    [*f0, *f1] = (libc::AF_INET6 as u16).to_ne_bytes();
    [*p0, *p1] = CLIENT6.to_be_bytes();
    let socket = keep(open(libc::AF_INET6, 0, &address)?);
    super::set(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, 0, 0)
}

/// A socket of an address and port that others may have, too, on one link or (0) on all.
#[inline(never)]
fn open(family: libc::c_int, ifindex: u32, address: &[u8]) -> Result<OwnedFd, Errno> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let socket = new_socket(family, kind, 0)?;
    let file = socket.as_fd();
    super::set(file, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1, 0)?;
    // Before Linux 5.0 the route to the server decides.
    let link = ifindex as usize;
    let _ = super::set(file, libc::SOL_SOCKET, libc::SO_BINDTOIFINDEX, link, 0);
    super::bind(file, address)?;
    Ok(socket)
}

/// Octets that have not left yet.
pub fn pending(socket: BorrowedFd<'_>) -> u32 {
    let mut pending = 0_u32;
    let (what, into) = (libc::TIOCOUTQ as usize, &raw mut pending as usize);
    let file = descriptor(socket);
    // SAFETY: the kernel writes an int.
    let _ = unsafe { call(libc::SYS_ioctl, file, what, into, 0, 0) };
    pending
}

/// struct sockaddr_in (ip(7)).
fn address(addr: Ipv4Addr, port: u16) -> [u8; 16] {
    let [f0, f1] = (libc::AF_INET as u16).to_ne_bytes();
    let [p0, p1] = port.to_be_bytes();
    let [a, b, c, d] = addr.octets();
    [f0, f1, p0, p1, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0]
}
