//! The rtnetlink sockets: one for requests, one for events.
#![expect(unsafe_code, reason = "system calls")]

use super::{call, descriptor};
use ifdawn::diag::Errno;

use std::os::fd::BorrowedFd;

/// `RTNLGRP_LINK` and `RTNLGRP_IPV6_IFADDR`, as bits.
const GROUPS: u32 = 1 << 0 | 1 << 8;

/// Seconds without an answer of the kernel before we give up: it answers at once, or never.
const ANSWER_SECONDS: usize = 10;

/// struct sockaddr_nl (linux/netlink.h).
#[repr(C)]
struct Address {
    family: u16,
    padding: u16,
    port: u32,
    groups: u32,
}

/// A socket to the kernel's routing subsystem.
#[derive(Clone, Copy)]
pub struct Rtnl(pub BorrowedFd<'static>);

impl Rtnl {
    /// For requests: strict about filters, with the kernel's own words in errors.
    pub fn requests() -> Result<Rtnl, Errno> {
        let socket = Rtnl::bound(0, 0)?;
        // Both are missing from kernels before 4.20 and 4.12; then answers are longer and errors shorter.
        socket.set(libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, [1, 0]);
        socket.set(libc::SOL_NETLINK, libc::NETLINK_EXT_ACK, [1, 0]);
        socket.set(libc::SOL_SOCKET, libc::SO_RCVTIMEO, [ANSWER_SECONDS, 0]);
        Ok(socket)
    }

    /// For events of links, and of IPv6 addresses (duplicate address detection ends); never waits.
    pub fn events() -> Result<Rtnl, Errno> {
        Rtnl::bound(libc::SOCK_NONBLOCK, GROUPS)
    }

    fn bound(flags: libc::c_int, groups: u32) -> Result<Rtnl, Errno> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | flags;
        let socket = super::socket(libc::AF_NETLINK, kind)?;
        let address = Address {
            family: libc::AF_NETLINK as u16,
            padding: 0,
            port: 0,
            groups,
        };
        let (to, size) = (&raw const address as usize, size_of::<Address>());
        // SAFETY: the address is as long as said.
        unsafe { call(libc::SYS_bind, descriptor(socket), to, size, 0, 0) }?;
        Ok(Rtnl(socket))
    }

    /// Sets an option; a switch is an int, of which the kernel reads the first octets.
    fn set(&self, level: libc::c_int, option: libc::c_int, value: [usize; 2]) {
        let (level, option) = (level as usize, option as usize);
        let (from, size) = (value.as_ptr() as usize, size_of_val(&value));
        let file = descriptor(self.0);
        // SAFETY: the value is as long as said.
        let _ = unsafe { call(libc::SYS_setsockopt, file, level, option, from, size) };
    }

    /// Sends one datagram.
    pub fn send(&self, requests: &[u8]) -> Result<(), Errno> {
        let (from, len) = (requests.as_ptr() as usize, requests.len());
        // SAFETY: the requests are as long as said; there is no address, so its length is not read.
        unsafe { call(libc::SYS_sendto, descriptor(self.0), from, len, 0, 0) }.map(|_| ())
    }

    /// Receives one datagram; [`Errno::EMSGSIZE`] if it does not fit.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let file = descriptor(self.0);
        let (into, len) = (buffer.as_mut_ptr() as usize, buffer.len());
        loop {
            let flags = libc::MSG_TRUNC as usize;
            // SAFETY: the buffer is as long as said; no address is asked for, so no length of it is written.
            match unsafe { call(libc::SYS_recvfrom, file, into, len, flags, 0) } {
                Ok(got) if got as usize > len => return Err(Errno::EMSGSIZE),
                Err(Errno::EINTR) => {}
                done => return done.map(|got| got as usize),
            }
        }
    }
}
