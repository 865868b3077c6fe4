//! A step as one rtnetlink request.

use super::Naming;
use super::op::{Change, Op};
use crate::wire::netlink::{Attr, Full, NLA_F_NESTED, Writer};
use crate::wire::rtnetlink::link::{self, Admin};
use crate::wire::rtnetlink::{self, RTM_DELLINKPROP, RTM_SETLINK};

/// Appends the request for `op`.
///
/// # Errors
/// [`Full`] when it does not fit; then nothing of it was written.
#[inline(never)]
pub fn encode(op: &Op<'_>, w: &mut Writer<'_>, seq: u32) -> Result<(), Full> {
    let (mut request, mut admin, mut kind) = (RTM_SETLINK, None, 0);
    let payload: &[u8] = match &op.change {
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
            name.padded()
        }
        Change::Rename(Naming::DropAltName, name) => {
            request = RTM_DELLINKPROP;
            kind = link::IFLA_PROP_LIST | NLA_F_NESTED;
            &link::altname_list(name)
        }
        Change::Thing(verb, thing) => return rtnetlink::change(w, seq, *verb, thing),
    };
    let attr = (kind != 0).then_some(Attr { kind, payload });
    link::change(w, request, seq, op.ifindex(), admin, attr)
}
