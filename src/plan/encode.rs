//! A step as one rtnetlink request.

use super::Naming;
use super::op::{Change, Op};
use crate::wire::netlink::{Attr, Full, Writer};
use crate::wire::rtnetlink::addr::{self, Addr};
use crate::wire::rtnetlink::link::{self, Admin};
use crate::wire::rtnetlink::route;

/// Appends the request for `op`.
///
/// # Errors
/// [`Full`] when it does not fit; then nothing of it was written.
#[inline(never)]
pub fn encode(op: &Op<'_>, w: &mut Writer<'_>, seq: u32) -> Result<(), Full> {
    let ifindex = op.ifindex();
    let (mut admin, mut kind) = (None, 0);
    let payload = match &op.change {
        Change::Up => {
            admin = Some(Admin::Up);
            &[]
        }
        Change::Down => {
            admin = Some(Admin::Down);
            &[]
        }
        Change::Mac(mac) => {
            kind = link::IFLA_ADDRESS;
            mac.as_bytes()
        }
        Change::Mtu(mtu) => {
            kind = link::IFLA_MTU;
            &mtu.to_ne_bytes()
        }
        Change::Rename(Naming::Rename, name) => {
            kind = link::IFLA_IFNAME;
            name.with_nul()
        }
        Change::Rename(Naming::DropAltName, name) => {
            return link::del_altname(w, seq, ifindex, **name);
        }
        Change::Addr(verb, addr, peer, broadcast) => {
            let mut addr = Addr::new(ifindex, **addr);
            addr.peer = **peer;
            addr.broadcast = *broadcast;
            return addr::change(w, seq, *verb, &addr);
        }
        Change::Route(verb, route) => {
            return route::change(w, seq, *verb, route.oif(ifindex), route);
        }
    };
    let attr = (kind != 0).then_some(Attr { kind, payload });
    link::set_link(w, seq, ifindex, admin, attr.as_slice())
}
