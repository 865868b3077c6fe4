//! The rtnetlink sockets: one for requests, one for events.
#![expect(
    unsafe_code,
    reason = "neli's socket lends its descriptor as a bare number only"
)]

use super::errno;
use ifdawn::diag::Errno;
use neli::consts::socket::NlFamily;
use neli::socket::NlSocket;
use nix::sys::socket::{MsgFlags, NetlinkAddr, bind, recv, send, setsockopt, sockopt};
use nix::sys::time::TimeVal;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// `RTNLGRP_LINK`, as a bit.
const LINK_GROUP: u32 = 1;

/// Seconds without an answer of the kernel before we give up: it answers at once, or never.
const ANSWER_SECONDS: i64 = 10;

/// A socket to the kernel's routing subsystem.
pub struct Rtnl(NlSocket);

impl Rtnl {
    /// For requests: strict about filters, with the kernel's own words in errors.
    pub fn requests() -> Result<Rtnl, Errno> {
        let socket = Rtnl::bound(0)?;
        // Both are missing from kernels before 4.20 and 4.12; then answers are longer and errors shorter.
        let _ = socket.0.enable_strict_checking(true);
        let _ = socket.0.enable_ext_ack(true);
        let _ = setsockopt(
            &socket,
            sockopt::ReceiveTimeout,
            &TimeVal::new(ANSWER_SECONDS, 0),
        );
        Ok(socket)
    }

    /// For events of links.
    pub fn events() -> Result<Rtnl, Errno> {
        Rtnl::bound(LINK_GROUP)
    }

    fn bound(groups: u32) -> Result<Rtnl, Errno> {
        let socket = NlSocket::new(NlFamily::Route).map_err(io)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups)).map_err(errno)?;
        Ok(Rtnl(socket))
    }

    /// Sends one datagram.
    pub fn send(&self, requests: &[u8]) -> Result<(), Errno> {
        send(self.0.as_raw_fd(), requests, MsgFlags::empty())
            .map(|_| ())
            .map_err(errno)
    }

    /// Receives one datagram; [`Errno::EMSGSIZE`] if it does not fit.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        loop {
            match recv(self.0.as_raw_fd(), buffer, MsgFlags::MSG_TRUNC) {
                Ok(len) if len <= buffer.len() => return Ok(len),
                Ok(_) => return Err(Errno::EMSGSIZE),
                Err(nix::errno::Errno::EINTR) => {}
                Err(other) => return Err(errno(other)),
            }
        }
    }

    /// Throws away what is queued: events only say "look again".
    pub fn drain(&self) {
        let mut buffer = [0; 4096];
        while recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok() {}
    }
}

impl AsFd for Rtnl {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open for as long as the socket, which is borrowed.
        unsafe { BorrowedFd::borrow_raw(self.0.as_raw_fd()) }
    }
}

impl AsRawFd for Rtnl {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

fn io(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno)
}
