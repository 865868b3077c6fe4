//! Leases as one more layer of what shall be: what the configuration says comes first.

use super::resolve::Resolver;
use super::routes::NEAR;
use crate::diag::{Complaint, Effect, Origin, Problem, Subject};
use crate::engine::Instant;
use crate::model::config::{Config, IpFlag, LinkConfig, LinkId, LinkMatch};
use crate::model::desired::Thing;
use crate::model::lease::{self, Field, ROUTE_OCTETS};
use crate::model::observed::Link;
use crate::model::route::Reach;
use crate::proto::Lessee;
use core::net::IpAddr;
use core::ops::RangeInclusive;

/// The MTUs that are taken from a lease: below the least of IPv6 (RFC 8200) the link would lose all of that, and
/// longer than a jumbo frame is none.
const MTUS: RangeInclusive<u32> = 1_280..=9_216;

impl Resolver<'_, '_> {
    /// Adds what is leased by either protocol.
    pub fn leases(&mut self, now: Instant) {
        let (config, observed, lessees) = (self.config, self.observed, self.lessees);
        for lessee in lessees.iter() {
            let is_first = self.root_link.is_none_or(|first| lessee.ifindex < first);
            if is_first
                && lessee.holds(now)
                && needs_root(config, lessee.config)
                && !lessee.lease.get(Field::RootPath).is_empty()
            {
                self.root_link = Some(lessee.ifindex);
            }
        }
        for lessee in lessees.iter() {
            if let Some(link) = observed.by_index(lessee.ifindex)
                && let Some(config) = config.link(lessee.config)
            {
                if lessee.holds(now) {
                    self.lease(config, link, lessee, now);
                }
                if lessee.client6.has_lease() {
                    self.lease6(config, lessee, now);
                }
            }
        }
    }

    #[inline(never)]
    fn lease(
        &mut self,
        config: &LinkConfig,
        link: &Link,
        lessee: &Lessee,
        now: Instant,
    ) -> Option<()> {
        let (id, lease) = (lessee.config, &lessee.lease);
        let ip = &config.ipv4;
        let cidr = lease.cidr();
        let addr = cidr.as_ref()?;
        let last = addr.broadcast();
        let mut wanted = Thing::addr(link.ifindex, addr, &None, ip.origin);
        wanted.broadcast = last;
        let given = lease.addr(Field::Broadcast);
        let has_broadcast = !last.is_unspecified();
        if has_broadcast && !given.is_unspecified() && addr.contains(&IpAddr::V4(given)) {
            wanted.broadcast = given;
        }
        wanted.valid_secs = lessee.valid_secs(now);
        wanted.preferred_secs = wanted.valid_secs;
        wanted.leased = true;
        self.add(&wanted);
        let mut mtu = lease.number_or(Field::Mtu, 0);
        if mtu != 0 && !MTUS.contains(&mtu) {
            mtu = 0;
            self.complain_of_option(Field::Mtu, ip.origin, link);
        }
        let desired = self.desired.link_mut(link.ifindex)?;
        if desired.mtu == 0 {
            desired.mtu = mtu;
        }
        desired.leased = true;
        let theirs = lease.addr(Field::Router);
        let leased = Some(IpAddr::V4(theirs));
        let mut router = &ip.gateway;
        if !IpFlag::PeerRoutes.is_no(ip) {
            let mut rest = lease.get(Field::Routes);
            while let Some((octets, after)) = rest.split_at_checked(ROUTE_OCTETS) {
                rest = after;
                if let Some((dst, via)) = &lease::route(octets)
                    && (!IpFlag::DefaultRoute.is_no(ip) || !dst.is_default())
                {
                    let mut wanted = self.route_of(id, link, ip, dst, via);
                    wanted.yields = !dst.is_default();
                    if let Some(via) = via
                        && self.near(link.ifindex, via) & NEAR == 0
                    {
                        wanted.route.reach = Reach::Onlink;
                    }
                    self.add(&wanted);
                }
            }
            let network = last.to_bits() & !u32::MAX.wrapping_shr(addr.len.into());
            if has_broadcast && (theirs == last || theirs.to_bits() == network) {
                self.complain_of_option(Field::Router, ip.origin, link);
            } else if router.is_none() {
                router = &leased;
            }
        }
        self.gateway(id, link, ip, router);
        Some(())
    }

    /// An option says what cannot be.
    fn complain_of_option(&mut self, field: Field, origin: Origin, link: &Link) {
        const BAD: Complaint = Complaint::warning(Problem::BadOption, Effect::PartIgnored);
        self.complain(
            BAD.with(field.slot().code.into()),
            origin,
            Subject::Link(&link.name),
        );
    }
}

/// Whether the lease of this link, or of one of these, must say where root is.
#[inline(never)]
pub(crate) fn needs_root(config: &Config<'_>, id: LinkId) -> bool {
    let global = &config.global;
    let is_any = |link: &LinkConfig| matches!(link.matches, LinkMatch::Any);
    global.dhcp_root
        && match global.bootdev {
            Some(bootdev) => bootdev == id,
            None => {
                let asking = config.links.iter().filter(|link| link.ipv4.asks());
                config.link(id).is_some_and(is_any) || asking.count() < 2
            }
        }
}
