//! What a message of a server means (RFC 8415 s.18.2.9, s.18.2.10).

use super::fields::TO_ONE;
use super::pace::{AT_ONCE, MIN_REFRESH, REFRESH};
use super::{Client, IN_USE, State};
use crate::diag::Problem;
use crate::engine::Instant;
use crate::model::duid::Duid;
use crate::model::lease6::{Field6, Lease6};
use crate::proto::Heard;
use crate::wire::dhcpv6::{ADVERTISE, NO_BINDING, NOT_ON_LINK, RECONFIGURE, REPLY, SUCCESS};

impl Client {
    /// A DHCPv6 message for port 546 of this link, whose client is known by `duid`. `held` is the owner's record.
    #[inline(never)]
    pub fn hear(
        &mut self,
        now: Instant,
        reply: &Lease6,
        duid: &Duid<'_>,
        held: &mut Lease6,
    ) -> Heard {
        let server = reply.get(Field6::ServerId);
        if !duid.is(reply.get(Field6::ClientId)) || server.is_empty() {
            return Heard::Nothing;
        }
        let message = reply.number_or(Field6::Message, 0) as u8;
        if message == RECONFIGURE {
            return Heard::Refused(Problem::Reconfigure);
        }
        let is_offer = message == ADVERTISE;
        let is_awaited = message == REPLY || is_offer && self.state == State::Soliciting;
        let is_of_other = self.state.is_of(TO_ONE) && server != held.get(Field6::ServerId);
        if !is_awaited
            || is_of_other
            || self.tries == 0
            || reply.number_or(Field6::Xid, NO_XID) != self.xid
        {
            return Heard::Nothing;
        }
        if let seconds @ 60..=86_400 = reply.number_or(Field6::SolMaxRt, 0) {
            self.max_rt = seconds;
        }
        let has = |is_wanted, leased| u32::from(is_wanted && !reply.get(leased).is_empty());
        let given = has(self.settings.addrs, Field6::Addrs)
            .wrapping_add(has(self.settings.prefixes, Field6::Prefixes));
        if is_offer {
            self.hear_offer(now, reply, given, held)
        } else {
            self.hear_reply(now, reply, given, held)
        }
    }

    /// An ADVERTISE (RFC 8415 18.2.9), in so many IAs of which something is given.
    fn hear_offer(&mut self, now: Instant, reply: &Lease6, given: u32, held: &mut Lease6) -> Heard {
        if given == 0 {
            return Heard::Refused(Problem::NothingGiven);
        }
        let preference = reply.number_or(Field6::Preference, 0);
        let worth = given.wrapping_shl(8).wrapping_add(preference);
        if worth <= self.best {
            return Heard::Nothing;
        }
        self.best = worth;
        *held = *reply;
        if given >= self.wanted() || preference == AT_ONCE || self.tries > 1 {
            self.ask(now, State::Requesting);
        }
        Heard::Offer
    }

    /// A REPLY (RFC 8415 18.2.10), in so many IAs of which something is given.
    fn hear_reply(&mut self, now: Instant, reply: &Lease6, given: u32, held: &mut Lease6) -> Heard {
        let state = self.state;
        let status = reply.number_or(Field6::Status, SUCCESS);
        if matches!(state, State::Declining | State::Releasing) {
            self.give_up(now);
            return Heard::Nothing;
        }
        if status == NOT_ON_LINK {
            self.give_up(now);
            return Heard::Refused(Problem::NotOnLink);
        }
        if status == NO_BINDING && state.is_of(IN_USE) {
            held.put(Field6::ServerId, reply.get(Field6::ServerId));
            self.ask(now, State::Requesting);
            return Heard::Offer;
        }
        if state == State::Confirming && status == SUCCESS {
            self.hold();
            return Heard::Bound;
        }
        if state == State::Informing && status == SUCCESS {
            *held = *reply;
            self.since = now;
            let seconds = reply.number_or(Field6::RefreshTime, REFRESH);
            self.ask(now.after_seconds(seconds.max(MIN_REFRESH)), State::Informed);
            return Heard::Informed;
        }
        if given > 0 {
            *held = *reply;
            if self.count(reply, now) {
                self.hold();
                return Heard::Bound;
            }
        }
        if given > 0 || state == State::Requesting {
            self.give_up(now);
        }
        Heard::Refused(Problem::NothingGiven)
    }
}

/// What no transaction has.
const NO_XID: u32 = u32::MAX;
