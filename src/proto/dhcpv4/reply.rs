//! Whether a reply can be used, and what is kept of it.

use super::Client;
use crate::diag::Problem;
use crate::model::lease::{Field, Lease, is_host};

impl Client {
    /// Takes address, server and times of a lease, from when it was asked for; or says why it is of no use to
    /// anybody, and takes nothing. What has no message type (BOOTP, or what was kept in a file) may have no server,
    /// and lasts for ever if it does not say.
    #[inline(never)]
    pub(super) fn take(&mut self, reply: &Lease) -> Option<Problem> {
        let is_bootp = reply.get(Field::Message).is_empty();
        let addr = reply.addr(Field::Addr);
        let server = reply.addr(Field::Server);
        let router = reply.number_or(Field::Router, 0);
        if !is_host(addr) || server == addr || router == addr.to_bits() {
            return Some(Problem::OfferedAddr);
        }
        let len = reply.prefix_len();
        if len == 0 || reply.left_out(Field::Mask) {
            return Some(Problem::OfferedMask);
        }
        let host_bits = u32::MAX.checked_shr(len.into()).unwrap_or(0);
        let host = addr.to_bits() & host_bits;
        if len < 31 && (host == 0 || host == host_bits) {
            return Some(Problem::OfferedAddr);
        }
        if !(is_host(server) || is_bootp && server.is_unspecified()) {
            return Some(Problem::OfferedServer);
        }
        let default = if is_bootp { u32::MAX } else { 0 };
        let lease = reply.number_or(Field::LeaseTime, default);
        if lease < MIN_LEASE {
            return Some(Problem::OfferedTime);
        }
        self.addr = addr;
        self.server = server;
        self.count(reply, lease);
        None
    }

    /// T1 and T2: as the server says where they are in order, else after a half and seven eighths of the lease
    /// (RFC 2131 4.4.5, without its random fuzz: links get their leases at different times).
    fn count(&mut self, reply: &Lease, lease: u32) {
        let usual_t1 = lease / 2;
        let usual_t2 = (u64::from(lease) * 7 / 8) as u32;
        let mut t1 = reply.number_or(Field::RenewTime, usual_t1);
        let mut t2 = reply.number_or(Field::RebindTime, usual_t2);
        if t1 < MIN_RENEW || t1 >= t2 || t2 >= lease {
            (t1, t2) = (usual_t1, usual_t2);
        }
        if lease == u32::MAX {
            (t1, t2) = (lease, lease);
        }
        if self.server.is_unspecified() {
            t1 = t2;
        }
        self.since = self.asked;
        self.renew_at = self.asked.after_seconds(t1);
        self.rebind_at = self.asked.after_seconds(t2);
        self.expires_at = self.asked.after_seconds(lease);
    }
}

/// Seconds. A T1 shorter than that is not believed: who says so would be asked without end.
const MIN_RENEW: u32 = 2;

/// Seconds. A lease shorter than that has no T1 we believe, so it is none.
const MIN_LEASE: u32 = 2 * MIN_RENEW;
