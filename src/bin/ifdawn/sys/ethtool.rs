//! What ethtool(8) does, by generic netlink.

use super::call::new_socket;
use super::rtnl::Rtnl;
use ifdawn::diag::Errno;
use ifdawn::text::parts;
use ifdawn::wire::ethtool::{CTRL_ATTR_FAMILY_ID, FAMILY};
use ifdawn::wire::netlink::{attr_in, messages};

use std::os::fd::AsFd;

/// Octets of the header of a family's message.
const HEADER: usize = 4;

/// See [`ifdawn::engine::Host::ethtool`].
#[inline(never)]
pub fn ask<'a>(request: &mut [u8], answer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
    let known = exchange(FAMILY.as_flattened(), answer)?;
    if let Some([_, _, _, _, kind @ ..]) = request.first_chunk_mut::<6>()
        && let Some(family) = attr_in(known, CTRL_ATTR_FAMILY_ID).first_chunk()
    {
        *kind = *family;
    }
    exchange(request, answer)
}

/// Sends one request by a socket of its own; the attributes of the answer.
#[inline(never)]
fn exchange<'a>(request: &[u8], answer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    let socket = new_socket(libc::AF_NETLINK, kind, libc::NETLINK_GENERIC)?;
    let socket = Rtnl(socket.as_fd());
    socket.send(request)?;
    let len = socket.receive(answer)?;
    let message = messages(parts::slice(answer, 0, len)).next();
    let message = message.ok_or(Errno::EIO)?;
    match message.outcome() {
        Some(outcome) => outcome.errno.map_or(Ok(&[]), Err),
        None => Ok(parts::slice(message.payload, HEADER, usize::MAX)),
    }
}
