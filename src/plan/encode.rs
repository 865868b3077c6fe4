//! A step as one rtnetlink request.

use super::links::rule_of;
use super::op::{Object, Op};
use super::{Act, Naming, knobs};
use crate::limits::MAX_VALUE;
use crate::model::attr::Attr;
use crate::model::config::{Config, Str};
use crate::model::desired::DesiredLink;
use crate::model::link::{IfName, LinkKind};
use crate::model::observed::{IFF_UP, Link, Observed};
use crate::model::route::{Reach, Route};
use crate::text::parts;
use crate::wire::netlink::{Full, NLA_F_NESTED, Writer, append_attr, end_attr};
use crate::wire::rtnetlink::info::{self, Options, Pick};
use crate::wire::rtnetlink::link::{self, Made, Request};
use crate::wire::rtnetlink::route::each_hop;
use crate::wire::rtnetlink::{
    self, AF_INET6, RTM_DELLINK, RTM_DELLINKPROP, RTM_NEWLINK, RTM_NEWLINKPROP, RTM_SETLINK,
};
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

/// Appends the request for `op`; nothing for what is none of rtnetlink.
///
/// # Errors
/// [`Full`] when it does not fit; then nothing of it was written.
#[inline(never)]
pub fn encode(op: &Op<'_>, w: &mut Writer<'_>, seq: u32) -> Result<(), Full> {
    if let Object::Thing(thing) = op.object {
        let mut attrs = Attrs::default();
        let more = attrs.of(&thing.route, op.config, op.observed);
        return rtnetlink::change(w, seq, op.verb(), thing, more);
    }
    encode_link(op, w, seq)
}

/// The same, for what is done to a link.
#[inline(never)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others have no attribute and no flags"
)]
fn encode_link(op: &Op<'_>, w: &mut Writer<'_>, seq: u32) -> Result<(), Full> {
    let (act, config) = (op.act, op.config);
    let up_if = |is| if is { IFF_UP } else { 0 };
    let mut request = Request {
        kind: RTM_SETLINK,
        ifindex: op.ifindex(),
        flags: [
            up_if(act == Act::Up),
            up_if(matches!(act, Act::Up | Act::Down)),
        ],
        made: None,
        attr: 0,
    };
    let mut info = Vec::<u8, { info::OCTETS }>::new();
    let (list, number);
    let payload = match op.object {
        Object::Renamed(rename) if act == Act::Rename => match rename.naming {
            Naming::Rename => {
                request.attr = link::IFLA_IFNAME;
                &rename.to.padded()[..]
            }
            Naming::DropAltName => {
                request.kind = RTM_DELLINKPROP;
                request.attr = link::IFLA_PROP_LIST | NLA_F_NESTED;
                list = link::altname_list(&rename.to);
                &list
            }
        },
        Object::Renamed(_) | Object::Thing(_) => &[],
        Object::Link(wanted) => {
            let id = wanted.id();
            let mut options = op.options(wanted);
            if options.kind != LinkKind::Ethernet {
                request.kind = RTM_NEWLINK;
                request.attr = link::IFLA_LINKINFO | NLA_F_NESTED;
                if act == Act::Make {
                    request.made = Some(Made {
                        name: &wanted.name,
                        lower: wanted.lower,
                        mac: &wanted.mac,
                    });
                } else if act == Act::SetOptions && config.number_of(id, Attr::STP) == Some(0) {
                    // first, as delays that are right without it are refused with it
                    options.pick = Pick::Stp;
                    options.put(&mut info, &mut |_| {});
                    request.put(w, seq, &info)?;
                    info.clear();
                    options.pick = Pick::Differing;
                }
                options.put(&mut info, &mut |_| {});
                &info
            } else {
                let rule = || rule_of(config, op.observed, op.ifindex());
                let (mut attr, mut value, mut len) = (0, 0, size_of::<u32>());
                match act {
                    Act::SetMac => {
                        request.attr = link::IFLA_ADDRESS;
                        return request.put(w, seq, wanted.mac.as_bytes());
                    }
                    Act::SetMtu => {
                        attr = link::IFLA_MTU;
                        value = wanted.mtu;
                    }
                    Act::Enslave => {
                        attr = link::IFLA_MASTER;
                        value = wanted.master;
                        if wanted.in_bond() {
                            // which takes only what is down, and takes it up
                            request.flags = [0, IFF_UP];
                        }
                    }
                    Act::Release => attr = link::IFLA_MASTER,
                    Act::SetFlags => {
                        request.flags = config.flags_of(id);
                        attr = link::IFLA_TXQLEN;
                        match rule().and_then(|rule| rule.txqlen) {
                            Some(txqlen) => value = txqlen,
                            None => len = 0,
                        }
                    }
                    Act::AddAltName => {
                        request.kind = RTM_NEWLINKPROP;
                        request.attr = link::IFLA_PROP_LIST | NLA_F_NESTED;
                        let name = rule().and_then(|rule| config.altname(rule, op.depth));
                        list = link::altname_list(&name.unwrap_or(IfName::LO));
                        return request.put(w, seq, &list);
                    }
                    Act::SetGenMode | Act::SetToken => {
                        let (mut kind, mut len) = (link::IFLA_INET6_ADDR_GEN_MODE, 1);
                        let mut value = u128::from(op.knob()).to_le_bytes();
                        if act == Act::SetToken {
                            (kind, len) = (link::IFLA_INET6_TOKEN, size_of::<u128>());
                            value = u128::from(knobs::token(wanted, config)).to_be_bytes();
                        }
                        append_attr(&mut info, AF_INET6.into(), &[]);
                        append_attr(&mut info, kind, parts::slice(&value, 0, len));
                        end_attr(&mut info, 0);
                        request.attr = link::IFLA_AF_SPEC | NLA_F_NESTED;
                        return request.put(w, seq, &info);
                    }
                    Act::Unmake => (request.kind, len) = (RTM_DELLINK, 0),
                    _ => len = 0,
                }
                request.attr = attr;
                number = value.to_ne_bytes();
                number.get(..len).unwrap_or_default()
            }
        }
    };
    request.put(w, seq, payload)
}

impl Op<'_> {
    /// The options of a link that it is about; their kind is Ethernet where it is about none.
    pub(super) fn options(&self, wanted: &DesiredLink) -> Options<'_> {
        options(self.act, wanted, self.config, self.observed)
    }
}

/// The options of a link that something is about; their kind is Ethernet where it is about none.
#[inline(never)]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are about no options"
)]
pub(super) fn options<'a>(
    act: Act,
    wanted: &DesiredLink,
    config: &'a Config<'_>,
    observed: &'a Observed<'_>,
) -> Options<'a> {
    let id = wanted.id();
    let have = observed.by_index(wanted.ifindex);
    let mut kind = config.made_kind(id);
    let mut pick = Pick::All;
    match act {
        Act::Make => {}
        Act::SetOptions => pick = Pick::Differing,
        Act::SetJoined => pick = Pick::Joined,
        Act::SetPort => {
            kind = wanted.port_of;
            if have.is_some_and(|have| have.master == wanted.master) {
                pick = Pick::Differing;
            }
        }
        _ => kind = LinkKind::Ethernet,
    }
    Options {
        config,
        observed,
        id,
        ifindex: wanted.ifindex,
        lower: wanted.lower,
        kind,
        is_port: act == Act::SetPort,
        pick,
        have: have.map_or(&[], |have| observed.info(have)),
    }
}
