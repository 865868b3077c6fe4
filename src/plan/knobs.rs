//! Settings of IPv6 that the kernel has for each link: what they shall be.

use super::op::{Object, Op};
use crate::model::attr::{Attr, Value};
use crate::model::config::{Config, Dad, IpFlag, Method, Role, SourceKind};
use crate::model::desired::DesiredLink;
use crate::model::knob::{EUI64, Knob, NONE, RANDOM, STABLE_PRIVACY};
use crate::model::observed::Link;
use crate::text::scalar;
use core::net::IpAddr;

/// Routes to prefixes of any length count (RFC 4191).
const ANY_LEN: u32 = 128;

/// Temporary addresses are preferred to others.
const PREFERRED: u32 = 2;

/// What a setting of a link shall be; `None`: what it is.
#[inline(never)]
pub fn wanted(knob: Knob, shall: &DesiredLink, have: &Link, config: &Config<'_>) -> Option<u32> {
    let id = shall.id();
    let own = config.link(id)?;
    let (ip, asks, dad) = (&own.ipv6, shall.asks6, shall.dad);
    let said = config.number_of(id, knob.row().attr);
    let has_routes = !IpFlag::PeerRoutes.is_no(ip);
    let now = have.knobs.of(knob);
    let (is_meant, value) = match knob {
        Knob::DISABLE_IPV6 => {
            let is_disabled = ip.method == Method::Disabled && own.role == Role::Addressed;
            (is_disabled || dad.is_some(), is_disabled.into())
        }
        Knob::ACCEPT_RA if asks => {
            let forwards = matches!(have.knobs.of(Knob::FORWARDING), 1 | 2);
            let is_forced = said == Some(1) || now == 2 || forwards;
            (true, if is_forced { 2 } else { 1 })
        }
        Knob::ACCEPT_RA => {
            let is_static = ip.method == Method::Static && own.source == SourceKind::Ifcfg;
            (is_static || ip.method == Method::LinkLocal, 0)
        }
        Knob::AUTOCONF => (ip.method == Method::Auto, 1),
        Knob::DEFAULT_ROUTE => {
            let dev = &config.global.gateway_dev;
            let is_elsewhere = dev.is_some() && !shall.name.is(dev);
            let has_default = has_routes && !is_elsewhere && !IpFlag::DefaultRoute.is_no(ip);
            (asks, has_default.into())
        }
        Knob::ROUTE_LEN => (asks, if has_routes { ANY_LEN } else { 0 }),
        Knob::METRIC => (asks, shall.metric6),
        Knob::OPTIMISTIC => (dad == Some(Dad::Optimistic), 1),
        // What the kernel forms can be used at once where we look, or nobody does.
        Knob::ACCEPT_DAD => {
            let is_kernels = !dad?.is_not_kernels();
            (asks && (!is_kernels || now == 0), is_kernels.into())
        }
        Knob::ADDR_GEN_MODE => {
            // Where the kernel does not look for duplicates, the link-local address is ours to form, which the kernel
            // has formed where the link is up.
            let is_ours = dad?.is_not_kernels();
            match said {
                // what there was no secret for is random
                Some(STABLE_PRIVACY) => (now != RANDOM, STABLE_PRIVACY),
                Some(RANDOM) => (true, RANDOM),
                _ if is_ours => (now == EUI64 && !have.is_up(), NONE),
                Some(EUI64) => (true, EUI64),
                // of a link that is up it makes none
                _ => (now == NONE && !have.is_up(), EUI64),
            }
        }
        Knob::TEMPORARY => return said.map(|word| word.min(PREFERRED)),
        _ => return said,
    };
    is_meant.then_some(value)
}

/// The end of the addresses that a link forms; 0 where nothing is said of it.
pub fn token(shall: &DesiredLink, config: &Config<'_>) -> u64 {
    if shall.asks6
        && let Some(have) = config.attr_of(shall.id(), Attr::TOKEN)
        && let Value::Text(text) = have.value
        && let Some(IpAddr::V6(addr)) = scalar::ip(config.text(text))
    {
        return addr.to_bits() as u64;
    }
    0
}

impl Op<'_> {
    /// What the setting that it changes of a link shall be; of a link that goes down what it usually is.
    pub fn knob(&self) -> u32 {
        let knob = Knob(self.depth);
        if let (Object::Link(link), Some(have)) =
            (self.object, self.observed.by_index(self.ifindex()))
            && let Some(value) = wanted(knob, link, have, self.config)
        {
            return value;
        }
        knob.row().usual.into()
    }
}
