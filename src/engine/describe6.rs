//! What a configured link says of itself by DHCPv6.

use crate::model::advert::MANAGED;
use crate::model::config::{Config, LinkConfig, LinkId};
use crate::model::duid::{Duid, iaid};
use crate::model::observed::Link;
use crate::proto::dhcpv6::Settings;
use crate::wire::dhcpv6::Request;

/// What the client of a link is told; `flags` are those of routers.
pub(super) fn settings(_: &Config<'_>, _: &LinkConfig, link: &Link, flags: u8) -> Settings {
    Settings {
        iaid: iaid(&link.mac),
        addrs: flags & MANAGED != 0,
        ..Settings::NONE
    }
}

/// Who a link is.
pub(super) fn duid(_: &Config<'_>, _: LinkId, link: &Link) -> Option<Duid> {
    Duid::of_link(link.arphrd, &link.mac)
}

/// What a message says beside that.
pub(super) fn describe<'c>(_: &'c Config<'_>, _: LinkId, _: &mut Request<'c>) {}
