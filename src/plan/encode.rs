//! A step as one rtnetlink request.

use super::Naming;
use super::op::{Change, Op};
use crate::limits::MAX_VALUE;
use crate::model::config::{Config, Str};
use crate::model::link::IfName;
use crate::model::observed::{Link, Observed};
use crate::model::route::{Reach, Route};
use crate::wire::netlink::{Full, NLA_F_NESTED, Writer};
use crate::wire::rtnetlink::link::{self, Admin};
use crate::wire::rtnetlink::route::each_hop;
use crate::wire::rtnetlink::{self, RTM_DELLINKPROP, RTM_SETLINK};
use heapless::Vec;

/// What is asked beyond the fields of a route, as the kernel takes it.
#[derive(Default)]
pub struct Attrs(Vec<u8, { 2 * MAX_VALUE }>);

impl Attrs {
    /// The octets of [`Route::more`], with numbers of links in place of their names.
    #[inline(never)]
    pub fn of(&mut self, route: &Route, config: &Config<'_>, observed: &Observed<'_>) -> &mut [u8] {
        self.0.clear();
        if let Some(more) = &route.more {
            let _ = self.0.extend_from_slice(config.text(more.attrs));
        }
        if route.reach == Reach::Hops {
            each_hop(&mut self.0, &mut |_, link| {
                let name = u32::from_ne_bytes(*link);
                let found = named(name, config, observed);
                *link = found.map_or(0, |link| link.ifindex).to_ne_bytes();
            });
        }
        &mut self.0
    }
}

/// The link whose name is the [`Str`] with this number.
#[inline(never)]
pub(super) fn named<'o>(
    name: u32,
    config: &Config<'_>,
    observed: &'o Observed<'_>,
) -> Option<&'o Link> {
    let name = IfName::new(config.text(Str::numbered(name)?))?;
    observed.by_name(&name)
}

/// Appends the request for `op`.
///
/// # Errors
/// [`Full`] when it does not fit; then nothing of it was written.
#[inline(never)]
pub fn encode(
    op: &Op<'_>,
    observed: &Observed<'_>,
    w: &mut Writer<'_>,
    seq: u32,
) -> Result<(), Full> {
    let (mut request, mut admin) = (RTM_SETLINK, None);
    match &op.change {
        Change::Thing(verb, thing) => {
            let mut attrs = Attrs::default();
            let more = attrs.of(&thing.route, op.config, observed);
            return rtnetlink::change(w, seq, *verb, thing, more);
        }
        Change::Up => admin = Some(Admin::Up),
        Change::Down => admin = Some(Admin::Down),
        Change::Rename(Naming::DropAltName, _) => request = RTM_DELLINKPROP,
        Change::Rename(Naming::Rename, _) | Change::Mac(_) | Change::Mtu(_) | Change::Stack(..) => {
        }
    }
    link::begin(w, request, seq, op.ifindex(), admin);
    match &op.change {
        Change::Mac(mac) => w.attr(link::IFLA_ADDRESS, mac.as_bytes()),
        Change::Mtu(mtu) => w.attr_u32(link::IFLA_MTU, *mtu),
        Change::Rename(Naming::Rename, name) => w.attr(link::IFLA_IFNAME, name.padded()),
        Change::Rename(Naming::DropAltName, name) => {
            let list = &link::altname_list(name);
            w.attr(link::IFLA_PROP_LIST | NLA_F_NESTED, list);
        }
        Change::Up | Change::Down | Change::Thing(..) | Change::Stack(..) => {}
    }
    w.finish()
}
