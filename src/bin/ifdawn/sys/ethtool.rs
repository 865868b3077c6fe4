//! What ethtool(8) does, by generic netlink or by ioctl(2).
#![expect(unsafe_code, reason = "system calls")]

use super::call::{call, descriptor, new_socket};
use super::rtnl::Rtnl;
use ifdawn::diag::Errno;
use ifdawn::model::link::IfName;
use ifdawn::text::parts;
use ifdawn::wire::ethtool::{ATTRS, COMMAND, CTRL_ATTR_FAMILY_ID, FAMILY, FEATURES, Part};
use ifdawn::wire::ethtool_ioctl;
use ifdawn::wire::netlink::{attr_in, messages};

use std::os::fd::{AsFd, OwnedFd};

/// `SIOCETHTOOL` (linux/sockios.h).
const SIOCETHTOOL: usize = 0x8946;

/// struct ifreq (netdevice(7)) with a pointer.
#[repr(C)]
struct Request {
    link: [u8; 16],
    data: usize,
    rest: [usize; 2],
}

/// See [`ifdawn::engine::Host::ethtool`].
#[inline(never)]
pub fn ask(link: &IfName, request: &mut [u8], answer: &mut [u8]) -> Result<u32, Errno> {
    let ([answer, names, data, ..], _) = answer.as_chunks_mut() else {
        return Err(Errno::EMSGSIZE);
    };
    let ioctl = &mut |data: &mut Part| {
        let socket = new_socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)?;
        let request = Request {
            link: *link.padded(),
            data: data.as_mut_ptr() as usize,
            rest: [0; 2],
        };
        let (file, from) = (descriptor(socket.as_fd()), &raw const request as usize);
        // SAFETY: the request is a struct ifreq; no command of `ethtool_ioctl` takes more than a `Part`.
        unsafe { call(libc::SYS_ioctl, file, SIOCETHTOOL, from, 0, 0) }.map(|_| ())
    };
    if request.get(COMMAND) == Some(&FEATURES) {
        ethtool_ioctl::names(names, ioctl)?;
    }
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    let socket = new_socket(libc::AF_NETLINK, kind, libc::NETLINK_GENERIC);
    if let Ok(socket) = &socket
        && let Ok(len) = exchange(socket, FAMILY.as_flattened(), answer)
    {
        let known = parts::slice(answer, ATTRS, len as usize);
        if let Some(family) = attr_in(known, CTRL_ATTR_FAMILY_ID).first_chunk()
            && let Some([_, _, _, _, kind @ ..]) = request.first_chunk_mut::<6>()
        {
            *kind = *family;
        }
        return exchange(socket, request, answer);
    }
    ethtool_ioctl::exchange(request, data, ioctl)
}

/// Sends one request; how many octets the attributes of the answer have.
#[inline(never)]
fn exchange(socket: &OwnedFd, request: &[u8], answer: &mut [u8]) -> Result<u32, Errno> {
    let socket = Rtnl(socket.as_fd());
    socket.send(request)?;
    let len = socket.receive(answer)?;
    let message = messages(parts::slice(answer, 0, len)).next();
    let outcome = message.ok_or(Errno::EIO)?.outcome();
    match outcome.and_then(|outcome| outcome.errno) {
        Some(errno) => Err(errno),
        None => Ok(len.saturating_sub(ATTRS) as u32),
    }
}
