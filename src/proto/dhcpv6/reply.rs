//! What is kept of a reply.

use super::Client;
use crate::engine::Instant;
use crate::model::lease6::{Field6, LEASED_OCTETS, Lease6};

impl Client {
    /// Counts T1, T2 and the end of a lease from this time. T1 and T2 that a server leaves to us, or that contradict
    /// each other, are a half and four fifths of the shortest time (RFC 8415 s.21.4, which lets an IA of the latter be
    /// discarded). Whether there is a lease.
    #[inline(never)]
    pub(super) fn count(&mut self, lease: &Lease6, from: Instant) -> bool {
        let (mut shortest, mut longest) = (u32::MAX, 0);
        for leased in LEASED {
            let (items, _) = lease.get(leased).as_chunks::<LEASED_OCTETS>();
            for &[p0, p1, p2, p3, v0, v1, v2, v3, ..] in items {
                longest = longest.max(u32::from_be_bytes([v0, v1, v2, v3]));
                // What may be used no more, or not anew, is not renewed for its own sake.
                let preferred = u32::from_be_bytes([p0, p1, p2, p3]);
                if preferred > 0 {
                    shortest = shortest.min(preferred);
                }
            }
        }
        let tenth = shortest.min(longest) / 10;
        let (usual_t1, usual_t2) = (tenth.wrapping_mul(5), tenth.wrapping_mul(8));
        let mut t2 = lease.number_or(Field6::RebindTime, usual_t2);
        let mut t1 = lease.number_or(Field6::RenewTime, t2.min(usual_t1));
        if t1 > t2 {
            (t1, t2) = (usual_t1, usual_t2);
        }
        let t1 = t1.max(MIN_RENEW);
        if longest == 0 {
            return false;
        }
        self.since = from;
        self.renew_at = from.after_seconds(t1);
        self.rebind_at = from.after_seconds(t2.max(t1));
        self.expires_at = from.after_seconds(longest);
        true
    }
}

/// What is leased in an IA_NA and in an IA_PD.
const LEASED: [Field6; 2] = [Field6::Addrs, Field6::Prefixes];

/// Seconds. A T1 shorter than that is not believed: who says so would be asked without end.
const MIN_RENEW: u32 = 2;
