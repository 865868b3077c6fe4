//! What a client sends, how often and how long it waits, and why not as RFC 2131 says.

use super::{Client, State};
use crate::engine::Instant;
use crate::proto::{Due, Message};

impl Client {
    /// Microseconds from a DISCOVER to the next one.
    #[inline(never)]
    pub(super) fn slow_down(&mut self, now: Instant) -> u64 {
        let is_young = now.0.saturating_sub(self.begun.0) < STEADY_FOR;
        if self.pace < STEADY || !is_young {
            self.pace = self.pace.wrapping_add(1).min(MAX_PACE);
        }
        let (mut doublings, mut spread) = (self.pace.wrapping_sub(1), 0);
        if self.pace >= STEADY {
            spread = SECOND as u32 / 10;
        }
        if self.pace > STEADY {
            (doublings, spread) = (self.pace, SECOND as u32);
        }
        let least = (FIRST as u32)
            .wrapping_shl(doublings.into())
            .wrapping_sub(spread);
        let choices = spread.wrapping_mul(2) | 1;
        let chance = self.chance().checked_rem(choices).unwrap_or(0);
        least.wrapping_add(chance).into()
    }

    /// RFC 2131 4.4.5: microseconds from a renewal to the next one, half of the time until T2 or the end.
    pub(super) fn halve(&self, now: Instant) -> u64 {
        let (begin, end) = if self.state == State::Renewing {
            (self.renew_at, self.rebind_at)
        } else {
            (self.rebind_at, self.expires_at)
        };
        let least = (end.0.wrapping_sub(begin.0) / 8).clamp(SECOND, MAX_LEAST);
        let half = end.0.saturating_sub(now.0) / 2;
        half.max(least)
    }

    /// The next number of chance.
    pub(super) fn chance(&mut self) -> u32 {
        xorshift(&mut self.random)
    }
}

/// The next number of chance: xorshift32 (Marsaglia).
#[inline(never)]
pub fn xorshift(random: &mut u32) -> u32 {
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    *random
}

/// How many units of so many microseconds have passed, as many as there is room for.
#[inline(never)]
pub(in crate::proto) fn elapsed(since: Instant, now: Instant, unit: u64) -> u16 {
    let units = now.0.saturating_sub(since.0).checked_div(unit);
    units.unwrap_or(0).min(0xffff) as u16
}

/// This many microseconds after, which are no more than clocks have.
pub(crate) fn after(now: Instant, micros: u64) -> Instant {
    Instant(now.0.wrapping_add(micros))
}

/// What each [`State`] sends once it is time, and how often before it is over.
pub(super) const STEPS: &[(Due, u8)] = &[
    (Due::Nothing, u8::MAX),
    (Due::Send(Message::Reboot), REBOOTS),
    (Due::Send(Message::Discover), u8::MAX),
    (Due::Send(Message::Request), REQUESTS),
    (Due::Send(Message::Probe), PROBES),
    (Due::Send(Message::Announce), u8::MAX),
    (Due::Send(Message::Renew), u8::MAX),
    (Due::Send(Message::Rebind), u8::MAX),
    (Due::Send(Message::Decline), u8::MAX),
    (Due::Nothing, 0),
    (Due::Send(Message::Release), u8::MAX),
    (Due::Nothing, u8::MAX),
];

/// Microseconds.
pub(in crate::proto) const SECOND: u64 = 1_000_000;

/// Until a message is sent the second time, or tried again when it could not be sent; twice that until the third
/// time. RFC 2131 4.1 waits for 4 s: a server on the link answers within milliseconds, and a lost frame would
/// cost a boot these 4 s.
pub(in crate::proto) const FIRST: u64 = SECOND / 4;

/// In this time a server on the link answers, where it does not look for the address first.
pub(crate) const NEAR: u64 = SECOND / 1_000;

/// The pace of DISCOVERs from the third on: a second, +-10 %. RFC 2131 4.1 doubles: a port in spanning tree drops
/// everything for 30 to 50 s and then opens, and the next DISCOVER shall come soon after.
const STEADY: u8 = 3;

/// So long after the first DISCOVER it is no more steady.
const STEADY_FOR: u64 = 60 * SECOND;

/// The paces after that are those of RFC 2131 4.1: 4 s, doubled each time until it is 64 s, +-1 s.
const MAX_PACE: u8 = STEADY + 5;

/// An offer is asked for so often; an earlier lease, which may still be good, once more. RFC 2131 3.1.5 waits
/// for 60 s: another server may be faster.
const REQUESTS: u8 = 5;
const REBOOTS: u8 = 6;

/// Who offered and did not give is not listened to until the second DISCOVER after that: another server gets its
/// chance, however much slower it is, and a lossy link gets its own again.
pub(super) const SHUN: u8 = 2;

/// RFC 5227 1.1: PROBE_NUM. The probes and the wait after the last take a third of the time each, as PROBE_MAX,
/// PROBE_MAX and ANNOUNCE_WAIT do; PROBE_WAIT, which is there lest machines that start together probe together,
/// is left out, as the random delay before the first DISCOVER is.
const PROBES: u8 = 3;

/// The least time between two renewals is an eighth of the time there is, but no less than a second, and no more
/// than RFC 2131 4.4.5 says: its 60 s would let a lease of two minutes be asked for once.
const MAX_LEAST: u64 = 60 * SECOND;

/// RFC 2131 3.1.5, in seconds.
pub(super) const DECLINE_PAUSE: u32 = 10;

/// RFC 8925 3.4: MIN_V6ONLY_WAIT, in seconds. Option 108 counts where an address is asked for; one in use is
/// renewed all the same.
pub(super) const MIN_V6ONLY_WAIT: u32 = 300;

/// Pauses double up to 64 s.
pub(super) const MAX_NAKS: u8 = 7;
