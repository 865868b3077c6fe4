//! Settings of IPv6 that the kernel has for each link, one file each below `/proc/sys/net/ipv6/conf` and all in one
//! attribute of a link (`IFLA_INET6_CONF`): what they shall be.

use super::op::Op;
use crate::model::attr::{Attr, Scope, Value};
use crate::model::config::{Config, Dad, IpFlag, Method, SourceKind};
use crate::model::desired::DesiredLink;
use crate::model::knob::{Knob, RANDOM, STABLE_PRIVACY};
use crate::model::observed::Link;
use crate::text::scalar;
use core::net::IpAddr;

/// `IN6_ADDR_GEN_MODE_NONE`: the kernel forms no link-local address.
const NONE: u32 = 1;

/// What a setting of a link shall be; `None`: what it is.
#[inline(never)]
pub fn wanted(knob: Knob, wanted: &DesiredLink, link: &Link, config: &Config<'_>) -> Option<u32> {
    const MTU: Attr = Attr::of(Scope::Link, "mtu6");
    const PRIVACY: Attr = Attr::of(Scope::Link, "privacy");
    const TRANSMITS: Attr = Attr::of(Scope::Link, "dad_transmits");
    const FORCE: Attr = Attr::of(Scope::Link, "accept_ra");
    let id = wanted.id();
    let own = config.link(id)?;
    let ip = &own.ipv6;
    let is_managed = wanted.dad.is_some();
    let asks = wanted.asks6.then_some(());
    let routes = !IpFlag::PeerRoutes.is_no(ip);
    match knob {
        Knob::DISABLE_IPV6 if is_managed => Some(0),
        Knob::DISABLE_IPV6 => (ip.method == Method::Disabled).then_some(1),
        Knob::ACCEPT_RA if wanted.asks6 => {
            let forwards = link.knobs.of(Knob::FORWARDING) == 1;
            let is_forced = forwards || config.number_of(id, FORCE) == Some(1);
            Some(u32::from(is_forced || link.knobs.of(knob) == 2).wrapping_add(1))
        }
        Knob::ACCEPT_RA => {
            let is_off = is_managed && own.source == SourceKind::Ifcfg;
            (is_off || ip.method == Method::LinkLocal).then_some(0)
        }
        Knob::AUTOCONF => (ip.method == Method::Auto).then_some(1),
        Knob::DEFAULT_ROUTE => {
            let dev = &config.global.gateway_dev;
            let has_default = !IpFlag::DefaultRoute.is_no(ip);
            let is_it = dev.is_none() || wanted.name.is(dev);
            asks.map(|()| u32::from(routes && has_default && is_it))
        }
        Knob::ROUTE_LEN => asks.map(|()| if routes { 128 } else { 0 }),
        Knob::METRIC => asks.map(|()| wanted.metric6),
        Knob::TEMPORARY => config.number_of(id, PRIVACY).map(|word| word.min(1) << 1),
        Knob::MTU => config.number_of(id, MTU),
        Knob::DAD_TRANSMITS => config.number_of(id, TRANSMITS),
        Knob::OPTIMISTIC => (wanted.dad == Some(Dad::Optimistic)).then_some(1),
        Knob::ADDR_GEN_MODE => gen_mode(wanted, link, config),
        _ => None,
    }
}

impl Op<'_> {
    /// What the setting that it changes of a link shall be.
    pub fn knob(&self, link: &DesiredLink) -> u32 {
        let have = self.observed.by_index(link.ifindex);
        let knob = have.and_then(|have| wanted(Knob(self.depth), link, have, self.config));
        knob.or(link.old_gen_mode).unwrap_or(0)
    }
}

/// How the kernel shall form addresses. Where it does not look for duplicates, the link-local address is ours to form,
/// which the kernel has formed where the link is up. What was told to be stable is random where there is no secret.
fn gen_mode(wanted: &DesiredLink, link: &Link, config: &Config<'_>) -> Option<u32> {
    let have = link.knobs.of(Knob::ADDR_GEN_MODE);
    let asked = config.number_of(wanted.id(), Attr::ADDR_GEN_MODE);
    match (asked, wanted.dad?) {
        (Some(STABLE_PRIVACY), _) if wanted.lacks_secret || have == RANDOM => Some(RANDOM),
        (Some(STABLE_PRIVACY | RANDOM), _) => asked,
        (_, dad) if dad.is_not_kernels() => (!link.is_up()).then_some(NONE),
        (Some(0 | NONE), _) => asked,
        _ => (have == NONE).then_some(0),
    }
}

/// The end of the addresses that a link forms; 0 where nothing is said of it.
pub fn token(wanted: &DesiredLink, config: &Config<'_>) -> u64 {
    let said = config
        .attr_of(wanted.id(), Attr::TOKEN)
        .map(|have| have.value);
    match said {
        Some(Value::Text(text)) if wanted.asks6 => match scalar::ip(config.text(text)) {
            Some(IpAddr::V6(addr)) => addr.to_bits() as u64,
            _ => 0,
        },
        _ => 0,
    }
}
