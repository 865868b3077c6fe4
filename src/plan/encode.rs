//! A step as one rtnetlink request.

use super::links::{joins_bond, master_kind};
use super::op::{Change, Op};
use super::{Act, Naming};
use crate::limits::MAX_VALUE;
use crate::model::attr::{Attr, Value};
use crate::model::config::{Config, LinkId, Str};
use crate::model::desired::{DesiredLink, Thing};
use crate::model::link::IfName;
use crate::model::observed::{IFF_UP, Link, Observed};
use crate::model::route::{Reach, Route};
use crate::text::parts;
use crate::wire::netlink::{Full, NLA_F_NESTED, Writer, append, append_attr};
use crate::wire::rtnetlink::info::{self, Options, Pick};
use crate::wire::rtnetlink::link::{self, Made, Request};
use crate::wire::rtnetlink::route::each_hop;
use crate::wire::rtnetlink::{
    self, RTM_DELLINK, RTM_DELLINKPROP, RTM_NEWLINK, RTM_NEWLINKPROP, RTM_SETLINK, Verb,
};
use heapless::{Vec, VecView};

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
pub fn encode(
    op: &Op<'_>,
    observed: &Observed<'_>,
    w: &mut Writer<'_>,
    seq: u32,
) -> Result<(), Full> {
    let mut payload = Vec::<u8, { info::OCTETS }>::new();
    let to = payload.as_mut_view();
    let mut request = Request {
        kind: RTM_SETLINK,
        ifindex: op.ifindex(),
        flags: [0, 0],
        made: None,
        attr: link::IFLA_LINKINFO | NLA_F_NESTED,
    };
    match &op.change {
        Change::Thing(verb, thing) => return change(op, observed, w, seq, *verb, thing),
        Change::Up => request.flags = [IFF_UP, IFF_UP],
        Change::Down => request.flags = [0, IFF_UP],
        Change::Rename(Naming::Rename, name) => {
            request.attr = link::IFLA_IFNAME;
            append(to, name.padded());
        }
        Change::Rename(Naming::DropAltName, name) => {
            request.kind = RTM_DELLINKPROP;
            request.attr = link::IFLA_PROP_LIST | NLA_F_NESTED;
            append(to, &link::altname_list(name));
        }
        Change::Mac(mac) => {
            request.attr = link::IFLA_ADDRESS;
            append(to, mac.as_bytes());
        }
        Change::Mtu(mtu) => {
            request.attr = link::IFLA_MTU;
            append(to, &mtu.to_ne_bytes());
        }
        Change::Stack(act, _, wanted) => {
            let Some(mut options) = op.options(*act, wanted) else {
                if !of_stack(op, *act, wanted, &mut request, to) {
                    return Ok(());
                }
                return request.put(w, seq, to);
            };
            request.kind = RTM_NEWLINK;
            if *act == Act::Make {
                let have = observed.by_index(wanted.ifindex);
                request.made = Some(Made {
                    name: &wanted.name,
                    lower: have.map_or(0, |have| have.lower),
                    mac: &wanted.mac,
                });
            } else if *act == Act::SetOptions
                && op.config.number_of(options.id, Attr::STP) == Some(0)
            {
                // first, as delays that are right without it are refused with it
                options.pick = Pick::Stp;
                options.put(to, &mut |_| {});
                request.put(w, seq, to)?;
                to.clear();
                options.pick = Pick::Differing;
            }
            options.put(to, &mut |_| {});
        }
    }
    request.put(w, seq, to)
}

/// Appends the request for an address, a route or a rule.
#[inline(never)]
fn change(
    op: &Op<'_>,
    observed: &Observed<'_>,
    w: &mut Writer<'_>,
    seq: u32,
    verb: Verb,
    thing: &Thing,
) -> Result<(), Full> {
    let mut attrs = Attrs::default();
    let more = attrs.of(&thing.route, op.config, observed);
    rtnetlink::change(w, seq, verb, thing, more)
}

impl Op<'_> {
    /// The options of a link that it is about; `None` where it is about none.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the others are about no options"
    )]
    pub(super) fn options(&self, act: Act, wanted: &DesiredLink) -> Option<Options<'_>> {
        let (config, observed) = (self.config, self.observed);
        let id = wanted.config?;
        let have = observed.by_index(wanted.ifindex)?;
        let mut kind = config.made_kind(id);
        let pick = match act {
            Act::Make => Pick::All,
            Act::SetOptions => Pick::Differing,
            Act::SetJoined => Pick::Joined,
            Act::SetPort => {
                kind = master_kind(config, id)?;
                if have.master == wanted.master {
                    Pick::Differing
                } else {
                    Pick::All
                }
            }
            _ => return None,
        };
        Some(Options {
            config,
            observed,
            id,
            kind,
            is_port: act == Act::SetPort,
            pick,
            have: observed.info(have),
        })
    }
}

/// Prepares a request about a link of a stack that is not about options; whether there is one.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are about options, or no requests of rtnetlink"
)]
fn of_stack(
    op: &Op<'_>,
    act: Act,
    wanted: &DesiredLink,
    request: &mut Request<'_>,
    to: &mut VecView<u8>,
) -> bool {
    let config = op.config;
    let id = wanted.config.unwrap_or(LinkId::NONE);
    let mut number = 0;
    match act {
        Act::Release => request.attr = link::IFLA_MASTER,
        Act::Enslave => {
            request.attr = link::IFLA_MASTER;
            number = wanted.master;
            if joins_bond(config, id) {
                // which takes only what is down, and takes it up
                request.flags = [0, IFF_UP];
            }
        }
        Act::SetTxqlen => {
            request.attr = link::IFLA_TXQLEN;
            number = config.number_of(id, Attr::TXQUEUELEN).unwrap_or(0);
        }
        Act::SetFlags => {
            request.flags = config.flags_of(id);
            return true;
        }
        Act::Unmake => {
            request.kind = RTM_DELLINK;
            if wanted.replaces != 0 {
                request.ifindex = wanted.replaces;
            }
            return true;
        }
        Act::AddAltName => {
            request.kind = RTM_NEWLINKPROP;
            request.attr = link::IFLA_PROP_LIST | NLA_F_NESTED;
            let names = config.attr_of(id, Attr::ALTNAME).map(|have| have.value);
            if let Some(Value::Text(names)) = names {
                let mut names = config.text(names);
                while let Some(name) = parts::next_word(&mut names) {
                    append_attr(to, link::IFLA_ALT_IFNAME, name);
                }
            }
            return true;
        }
        _ => return false,
    }
    append(to, &number.to_ne_bytes());
    true
}
