//! What shall change of a link, by name; the library is asked with attributes.

use ifdawn::model::link::{IfName, Mac};
use ifdawn::wire::netlink::{Full, Writer};
use ifdawn::wire::rtnetlink::RTM_SETLINK;
use ifdawn::wire::rtnetlink::link::{Admin, IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, begin};

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
        begin(w, RTM_SETLINK, seq, ifindex, self.admin);
        if let Some(mac) = &self.mac {
            w.attr(IFLA_ADDRESS, mac.as_bytes());
        }
        if let Some(mtu) = self.mtu {
            w.attr_u32(IFLA_MTU, mtu);
        }
        if let Some(name) = &self.name {
            w.attr(IFLA_IFNAME, name.padded());
        }
        w.finish()
    }
}
