//! Leases of DHCPv6 as one more layer of what shall be.

use super::resolve::Resolver;
use crate::engine::Instant;
use crate::model::config::Dad;
use crate::model::desired::Thing;
use crate::model::lease6::{Field6, LEASED_OCTETS, leased};

impl Resolver<'_, '_> {
    /// Adds the addresses that are leased. Their routes are the kernel's, as routers say.
    pub fn leases6(&mut self, now: Instant) {
        let (config, lessees) = (self.config, self.lessees);
        for lessee in lessees.iter() {
            let Some(link) = config.link(lessee.config) else {
                continue;
            };
            if !lessee.client6.has_lease() {
                continue;
            }
            let desired = self.desired.link(lessee.ifindex);
            let dad = desired.and_then(|link| link.dad);
            for item in lessee.lease6.get(Field6::Addrs).chunks(LEASED_OCTETS) {
                let Some(leased) = &leased(item) else {
                    continue;
                };
                let since = lessee.client6.since();
                let left = |secs| now.seconds_until(since.after_seconds(secs));
                let mut wanted = Thing::addr(lessee.ifindex, &leased.addr, &None, link.ipv6.origin);
                wanted.valid_secs = left(leased.valid);
                wanted.preferred_secs = left(leased.preferred);
                wanted.leased = true;
                wanted.nodad = dad.is_some_and(Dad::is_not_kernels);
                if wanted.valid_secs > 0 {
                    self.add(&wanted);
                }
            }
        }
    }
}
