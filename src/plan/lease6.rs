//! Leases of DHCPv6 as one more layer of what shall be.

use super::resolve::Resolver;
use crate::engine::Instant;
use crate::model::config::{Dad, LinkConfig};
use crate::model::desired::Thing;
use crate::model::lease6::{Field6, LEASED_OCTETS, leased};
use crate::proto::Lessee;

impl Resolver<'_, '_> {
    /// Adds the addresses that are leased. Their routes are the kernel's, as routers say.
    pub(super) fn lease6(&mut self, config: &LinkConfig, lessee: &Lessee, now: Instant) {
        let ifindex = lessee.ifindex;
        let dad = self.desired.link(ifindex).and_then(|link| link.dad);
        let nodad = dad.is_some_and(Dad::is_not_kernels);
        for item in lessee.lease6.get(Field6::Addrs).chunks(LEASED_OCTETS) {
            let Some(leased) = &leased(item) else {
                continue;
            };
            let since = lessee.client6.since();
            let left = |secs| now.seconds_until(since.after_seconds(secs));
            let mut wanted = Thing::addr(ifindex, &leased.addr, &None, config.ipv6.origin);
            wanted.valid_secs = left(leased.valid);
            wanted.preferred_secs = left(leased.preferred);
            (wanted.leased, wanted.nodad) = (true, nodad);
            if wanted.valid_secs > 0 {
                self.add(&wanted);
            }
        }
    }
}
