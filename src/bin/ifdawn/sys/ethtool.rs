//! What ethtool(8) does, by generic netlink or by ioctl(2).
#![expect(unsafe_code, reason = "system calls")]

use super::call::{call, descriptor, new_socket};
use super::rtnl::Rtnl;
use ifdawn::diag::Errno;
use ifdawn::model::link::IfName;
use ifdawn::wire::ethtool::{COMMAND, CTRL_ATTR_FAMILY_ID, FAMILY, FEATURES, Part, Room, attrs_in};
use ifdawn::wire::ethtool_ioctl;
use ifdawn::wire::netlink::{attr_in, copy_to, messages};

use std::os::fd::{AsFd, OwnedFd};

/// `SIOCETHTOOL` (linux/sockios.h).
pub const SIOCETHTOOL: usize = 0x8946;

/// Where in a message its family is.
const KIND: usize = 4;

/// struct ifreq (netdevice(7)) with a pointer.
#[repr(C)]
struct Request {
    link: [u8; 16],
    data: usize,
    rest: [usize; 2],
}

/// See [`ifdawn::engine::Host::ethtool`].
#[inline(never)]
pub fn ask(link: &IfName, request: &mut [u8], room: &mut Room) -> Result<(), Errno> {
    let [answer, names, data] = room;
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
        && exchange(socket, FAMILY.as_flattened(), answer).is_ok()
    {
        let family = attr_in(attrs_in(answer), CTRL_ATTR_FAMILY_ID);
        copy_to(request, KIND, family);
        return exchange(socket, request, answer);
    }
    // no message
    answer.fill(0);
    ethtool_ioctl::exchange(request, data, ioctl)
}

/// Sends one request, and receives its answer.
#[inline(never)]
fn exchange(socket: &OwnedFd, request: &[u8], answer: &mut Part) -> Result<(), Errno> {
    let socket = Rtnl(socket.as_fd());
    socket.send(request)?;
    socket.receive(answer)?;
    let message = messages(answer).next();
    let outcome = message.ok_or(Errno::EIO)?.outcome();
    match outcome.and_then(|outcome| outcome.errno) {
        Some(errno) => Err(errno),
        None => Ok(()),
    }
}
