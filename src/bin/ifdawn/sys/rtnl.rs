//! The rtnetlink sockets: one for requests, one for events.
#![expect(unsafe_code, reason = "system calls")]

use super::{call, descriptor};
use ifdawn::diag::Errno;

use std::os::fd::BorrowedFd;

/// What is told: links, and IPv6 addresses (duplicate address detection ends): `RTNLGRP_LINK`, `RTNLGRP_IPV6_IFADDR`,
/// as bits.
pub const LINKS: u32 = 1 << 0 | 1 << 8;

/// That, and what somebody may take away: `RTNLGRP_IPV4_IFADDR`, `_ROUTE`, `_RULE`, `RTNLGRP_IPV6_ROUTE`, `_RULE`.
pub const EVERYTHING: u32 = LINKS | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 18;

/// Octets of events that may wait for us.
const EVENTS_OCTETS: usize = 4 * 1024 * 1024;

/// Seconds without an answer of the kernel before we give up: it answers at once, or never.
const ANSWER_SECONDS: usize = 10;

/// A socket of netlink: to the kernel's routing subsystem, but for those of [`super::ethtool`].
#[derive(Clone, Copy)]
pub struct Rtnl<'a>(pub BorrowedFd<'a>);

impl Rtnl<'static> {
    /// For requests: strict about filters, with the kernel's own words in errors.
    pub fn requests() -> Result<Rtnl<'static>, Errno> {
        let socket = Rtnl::bound(0, 0)?;
        // Both are missing from kernels before 4.20 and 4.12; then answers are longer and errors shorter.
        socket.set(libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, 1);
        socket.set(libc::SOL_NETLINK, libc::NETLINK_EXT_ACK, 1);
        socket.set(libc::SOL_SOCKET, libc::SO_RCVTIMEO, ANSWER_SECONDS);
        Ok(socket)
    }

    /// For events of these groups; never waits.
    pub fn events(groups: u32) -> Result<Rtnl<'static>, Errno> {
        let socket = Rtnl::bound(libc::SOCK_NONBLOCK, groups)?;
        socket.set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, EVENTS_OCTETS);
        Ok(socket)
    }

    fn bound(flags: libc::c_int, groups: u32) -> Result<Rtnl<'static>, Errno> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | flags;
        let socket = super::socket(libc::AF_NETLINK, kind)?;
        // struct sockaddr_nl (linux/netlink.h): family, padding, port, groups.
        let [f0, f1] = (libc::AF_NETLINK as u16).to_ne_bytes();
        let [g0, g1, g2, g3] = groups.to_ne_bytes();
        super::bind(socket, &[f0, f1, 0, 0, 0, 0, 0, 0, g0, g1, g2, g3])?;
        Ok(Rtnl(socket))
    }

    /// Sets an option, where the kernel has it.
    fn set(&self, level: libc::c_int, option: libc::c_int, value: usize) {
        let _ = super::set(self.0, level, option, value, 0);
    }
}

impl Rtnl<'_> {
    /// Sends one datagram.
    pub fn send(&self, requests: &[u8]) -> Result<(), Errno> {
        let (from, len) = (requests.as_ptr() as usize, requests.len());
        // SAFETY: the requests are as long as said; there is no address, so its length is not read.
        unsafe { call(libc::SYS_sendto, descriptor(self.0), from, len, 0, 0) }.map(|_| ())
    }

    /// Receives one datagram; [`Errno::EMSGSIZE`] if it does not fit.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        super::receive(self.0, buffer).map(|len| len as usize)
    }
}
