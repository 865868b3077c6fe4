//! A step as one rtnetlink request.

use super::op::{Change, Op};
use super::{Act, Naming};
use crate::limits::MAX_VALUE;
use crate::model::attr::{Attr, Scope, Value};
use crate::model::config::{Config, LinkId, Str};
use crate::model::desired::DesiredLink;
use crate::model::link::IfName;
use crate::model::observed::{Birth, Link, Observed};
use crate::model::route::{Reach, Route};
use crate::text::parts;
use crate::wire::netlink::{Full, NLA_F_NESTED, Writer, append_attr};
use crate::wire::rtnetlink::info::{self, Part, Pick};
use crate::wire::rtnetlink::link::{self, Admin, Made};
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
        Change::Stack(act, _, link) => return stack(op, *act, link, w, seq),
        Change::Rename(Naming::Rename, _) | Change::Mac(_) | Change::Mtu(_) => {}
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

/// Appends the request for what is done to a link of a stack; nothing for what is no request of rtnetlink.
#[inline(never)]
fn stack(
    op: &Op<'_>,
    act: Act,
    link: &DesiredLink,
    w: &mut Writer<'_>,
    seq: u32,
) -> Result<(), Full> {
    let (config, observed) = (op.config, op.observed);
    let id = link.config.unwrap_or(LinkId::NONE);
    let master = observed.by_index(link.master);
    let named = master.and_then(|master| config.named(&master.name));
    let master_kind = config.made_kind(named.unwrap_or(LinkId::NONE));
    let mut pick = Pick::All;
    let (mut lower, mut ifindex) = (0, link.ifindex);
    if let Some(have) = observed.by_index(link.ifindex) {
        lower = have.lower;
        // what is made, and what joins, has none yet
        if have.birth == Birth::Seen && (act == Act::SetOptions || have.master == link.master) {
            pick = Pick::Differing(observed.info(have));
        }
    }
    let mut part = Part::Own(config.made_kind(id));
    match act {
        Act::Make => pick = Pick::All,
        Act::SetJoined => pick = Pick::Joined,
        Act::SetPort => part = Part::Port(master_kind),
        Act::SetOptions => {}
        Act::Unmake => {
            if link.replaces != 0 {
                ifindex = link.replaces;
            }
            return link::unmake(w, seq, ifindex);
        }
        Act::Enslave | Act::Release => {
            let (mut to, mut admin) = (0, None);
            if act == Act::Enslave {
                to = link.master;
                if master_kind.scope() == Scope::Bond {
                    // which takes only what is down, and takes it up
                    admin = Some(Admin::Down);
                }
            }
            link::begin(w, RTM_SETLINK, seq, ifindex, admin);
            w.attr_u32(link::IFLA_MASTER, to);
            return w.finish();
        }
        Act::SetFlags => {
            let [flags, mask] = config.flags_of(id);
            link::begin_flags(w, seq, ifindex, flags, mask);
            return w.finish();
        }
        Act::SetTxqlen => {
            let number = config.number_of(id, Attr::TXQUEUELEN);
            link::begin(w, RTM_SETLINK, seq, ifindex, None);
            w.attr_u32(link::IFLA_TXQLEN, number.unwrap_or_default());
            return w.finish();
        }
        Act::AddAltName => {
            let mut list = Info::new();
            let names = config.attr_of(id, Attr::ALTNAME).map(|have| have.value);
            if let Some(Value::Text(names)) = names {
                let mut names = config.text(names);
                while let Some(name) = parts::next_word(&mut names) {
                    append_attr(&mut list, link::IFLA_ALT_IFNAME, name);
                }
            }
            return link::add_altnames(w, seq, ifindex, &list);
        }
        _ => return Ok(()),
    }
    let mut info = Info::new();
    if act == Act::SetOptions && config.number_of(id, Attr::STP) == Some(0) {
        // first, as delays that are right without it are refused with it
        info::put(&mut info, config, id, part, Pick::Only(Attr::STP), observed);
        link::change(w, seq, ifindex, &info)?;
        info.clear();
    }
    info::put(&mut info, config, id, part, pick, observed);
    if act != Act::Make {
        return link::change(w, seq, ifindex, &info);
    }
    let made = Made {
        ifindex,
        name: &link.name,
        lower,
        mac: &link.mac,
        // set later: the link below may have too small a one yet
        mtu: 0,
        info: &info,
    };
    link::make(w, seq, &made)
}

/// Kind and options of a link, or its alternative names.
type Info = Vec<u8, { info::OCTETS }>;
