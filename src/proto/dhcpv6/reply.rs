//! What of a reply is ours, and what is kept of it.

use super::Client;
use crate::engine::Instant;
use crate::model::lease6::{Field6, LEASED_OCTETS, Lease6};
use crate::text::parts;
use crate::wire::dhcpv6::SUCCESS;

/// What a message says of an IA: its IAID, its status, and what is in it.
type Ia = [Field6; 3];

/// The IA_NA and the IA_PD.
static IAS: [Ia; 2] = [
    [Field6::AddrIaid, Field6::AddrStatus, Field6::Addrs],
    [Field6::PrefixIaid, Field6::PrefixStatus, Field6::Prefixes],
];

impl Client {
    /// Forgets what is in an IA that is not ours, or has a status that is no success. In how many IAs there is
    /// something, and the first such status.
    #[inline(never)]
    pub(super) fn sift(&self, reply: &mut Lease6) -> (u32, u32) {
        let top = reply.number_or(Field6::Status, SUCCESS);
        let (mut given, mut first) = (0_u32, top);
        for [iaid, status, leased] in &IAS {
            let status = reply.number_or(*status, top);
            if first == SUCCESS {
                first = status;
            }
            if !parts::is(reply.get(*iaid), &self.settings.iaid) || status != SUCCESS {
                reply.clear(*leased);
            }
            if !reply.get(*leased).is_empty() {
                given = given.wrapping_add(1);
            }
        }
        (given, first)
    }

    /// Counts T1, T2 and the end of a lease from this time. T1 and T2 that a server leaves to us are a half and four
    /// fifths of the shortest time (RFC 8415 s.21.4). Whether there is a lease.
    #[inline(never)]
    pub(super) fn count(&mut self, lease: &Lease6, from: Instant) -> bool {
        let (mut shortest, mut longest) = (u32::MAX, 0);
        for [.., leased] in &IAS {
            for item in lease.get(*leased).chunks(LEASED_OCTETS) {
                let ([preferred, valid, ..], _) = item.as_chunks() else {
                    continue;
                };
                let valid = u32::from_be_bytes(*valid);
                longest = longest.max(valid);
                // What may be used no more, or not anew, is not renewed for its own sake.
                let preferred = u32::from_be_bytes(*preferred);
                if preferred > 0 {
                    shortest = shortest.min(preferred);
                }
            }
        }
        let tenth = shortest.min(longest) / 10;
        let t2 = lease.number_or(Field6::RebindTime, tenth.wrapping_mul(8));
        let t1 = lease.number_or(Field6::RenewTime, t2.min(tenth.wrapping_mul(5)));
        let t1 = t1.max(MIN_RENEW);
        if longest < MIN_VALID {
            return false;
        }
        self.since = from;
        self.renew_at = from.after_seconds(t1);
        self.rebind_at = from.after_seconds(t2.max(t1));
        self.expires_at = from.after_seconds(longest);
        true
    }
}

/// Seconds. A T1 shorter than that is not believed: who says so would be asked without end.
const MIN_RENEW: u32 = 2;

/// Seconds. What is valid for less has no T1 we believe, and is as good as nothing.
const MIN_VALID: u32 = 2 * MIN_RENEW;
