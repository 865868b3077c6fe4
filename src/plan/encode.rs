//! A step as one rtnetlink request.

use super::op::Op;
use super::{Naming, StaleAddr};
use crate::model::desired::DesiredAddr;
use crate::wire::netlink::{Full, Writer};
use crate::wire::rtnetlink::Create;
use crate::wire::rtnetlink::addr::{self, Addr};
use crate::wire::rtnetlink::link::{self, Admin, LinkChange};
use crate::wire::rtnetlink::route;

/// Appends the request for `op`.
///
/// # Errors
/// [`Full`] when it does not fit; then nothing of it was written.
pub fn encode(op: &Op<'_>, w: &mut Writer<'_>, seq: u32) -> Result<(), Full> {
    let mut change = LinkChange::default();
    match *op {
        Op::Up(..) => change.admin = Some(Admin::Up),
        Op::Down(..) => change.admin = Some(Admin::Down),
        Op::SetMac(_, mac) => change.mac = Some(mac),
        Op::SetMtu(_, mtu) => change.mtu = Some(mtu),
        Op::Rename(rename) => match rename.naming {
            Naming::Rename => change.name = Some(rename.to),
            Naming::DropAltName => return link::del_altname(w, seq, rename.ifindex, rename.to),
        },
        Op::AddAddr(wanted, _) => {
            return addr::new_addr(w, seq, Create::Exclusive, &desired_addr(wanted));
        }
        Op::ChangeAddr(wanted, _) => {
            return addr::new_addr(w, seq, Create::Replace, &desired_addr(wanted));
        }
        Op::DelAddr(StaleAddr {
            link, addr, peer, ..
        }) => {
            let mut stale = Addr::new(link.ifindex, *addr);
            stale.peer = *peer;
            return addr::del_addr(w, seq, &stale);
        }
        Op::AddRoute(wanted, _) => {
            return route::new_route(w, seq, Create::Exclusive, wanted.oif(), &wanted.route);
        }
        Op::ReplaceRoute(wanted, _) => {
            return route::new_route(w, seq, Create::Replace, wanted.oif(), &wanted.route);
        }
        Op::DelRoute(stale) => return route::del_route(w, seq, stale.oif(), &stale.route),
    }
    link::set_link(w, seq, op.ifindex(), &change)
}

fn desired_addr(wanted: &DesiredAddr) -> Addr {
    let mut addr = Addr::new(wanted.ifindex, wanted.addr);
    addr.peer = wanted.peer;
    addr.broadcast = wanted.broadcast;
    addr
}
