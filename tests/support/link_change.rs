//! What shall change of a link, by name; the library is asked with attributes.

use ifdawn::model::link::{IfName, Mac};
use ifdawn::wire::netlink::{Attr, Full, Writer};
use ifdawn::wire::rtnetlink::RTM_SETLINK;
use ifdawn::wire::rtnetlink::link::{Admin, IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, change};

/// What is `None` stays as it is.
#[derive(Clone, Copy, Default)]
pub struct LinkChange {
    pub admin: Option<Admin>,
    pub name: Option<IfName>,
    pub mtu: Option<u32>,
    pub mac: Option<Mac>,
}

impl LinkChange {
    /// Appends the request.
    pub fn write(&self, w: &mut Writer<'_>, seq: u32, ifindex: u32) -> Result<(), Full> {
        let mtu = self.mtu.map(u32::to_ne_bytes);
        let name = self.name.as_ref().map(IfName::padded);
        let attrs = [
            (IFLA_ADDRESS, self.mac.as_ref().map(Mac::as_bytes)),
            (IFLA_MTU, mtu.as_ref().map(|mtu| &mtu[..])),
            (IFLA_IFNAME, name.map(|name| &name[..])),
        ];
        let attrs: Vec<_> = attrs
            .into_iter()
            .filter_map(|(kind, payload)| payload.map(|payload| Attr { kind, payload }))
            .collect();
        change(w, RTM_SETLINK, seq, ifindex, self.admin, attrs)
    }
}
