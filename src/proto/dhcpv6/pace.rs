//! What a client sends, how often and how long it waits (RFC 8415 s.7.6, s.15).

use super::{Client, State};
use crate::proto::backoff;
use crate::proto::dhcpv4::SECOND;
use crate::proto::{Due, Message};

/// What a state sends once it is time.
pub(super) struct Step {
    pub due: Due,
    /// Seconds until it is sent the second time (IRT).
    irt: u8,
    /// Most seconds between two times (MRT); 0: no bound of its own.
    mrt: u16,
    /// How often it is sent (MRC).
    pub most: u8,
    /// What follows.
    pub then: State,
}

const fn step(message: Message, irt: u8, mrt: u16, most: u8, then: State) -> Step {
    let due = Due::Send(message);
    Step {
        due,
        irt,
        mrt,
        most,
        then,
    }
}

const NOTHING: Step = wait(u8::MAX, State::Ended);

const fn wait(most: u8, then: State) -> Step {
    Step {
        due: Due::Nothing,
        irt: 0,
        mrt: 0,
        most,
        then,
    }
}

/// In the order of the states. SOLICIT and INFORMATION-REQUEST have the bounds that servers may tell.
const STEPS: &[Step] = &[
    NOTHING,
    step(Message::Solicit, 1, 0, u8::MAX, State::Soliciting),
    step(Message::Request6, 1, 30, 10, State::Soliciting),
    step(Message::Confirm, 1, 3, u8::MAX, State::Soliciting),
    wait(0, State::Renewing),
    step(Message::Renew6, 10, 600, u8::MAX, State::Soliciting),
    step(Message::Rebind6, 10, 600, u8::MAX, State::Soliciting),
    step(Message::Decline6, 1, 0, 4, State::Soliciting),
    step(Message::Release6, 1, 0, 4, State::Ended),
    step(Message::Inform, 1, 0, u8::MAX, State::Soliciting),
    wait(0, State::Informing),
    NOTHING,
];

impl Client {
    /// What its state sends.
    pub(super) fn step(&self) -> &'static Step {
        STEPS.get(self.state as usize).unwrap_or(&NOTHING)
    }

    /// Microseconds until it is sent again (RT, RFC 8415 s.15). Who offers has a second, give or take a tenth.
    #[inline(never)]
    pub(super) fn slow_down(&mut self) -> u64 {
        let step = self.step();
        let most = match step.mrt {
            0 => self.max_rt,
            mrt => mrt.into(),
        };
        let (first, most) = (u32::from(step.irt).wrapping_mul(MS), most.wrapping_mul(MS));
        self.rt = backoff::next(self.rt, first, most, &mut self.random);
        u64::from(self.rt).wrapping_mul(MILLISECOND)
    }
}

/// Milliseconds of a second, and microseconds of one of them.
const MS: u32 = 1_000;
const MILLISECOND: u64 = SECOND / 1_000;

/// Most tries that are counted: more than any state has, but one that is given up.
pub(super) const MAX_TRIES: u8 = u8::MAX - 1;

/// Seconds of RFC 8415 s.7.6: SOL_MAX_RT and INF_MAX_RT, until a server says otherwise.
pub(super) const MAX_RT: u32 = 3_600;

/// CONFIRM is sent so often: the last wait ends after about nine seconds, CNF_MAX_RD having ten.
pub(super) const CONFIRMS: u8 = 4;

/// Information refresh times in seconds: that where none is said, and the least one (RFC 8415 s.21.23).
pub(super) const REFRESH: u32 = 86_400;
pub(super) const MIN_REFRESH: u32 = 600;

/// Preference of a server that is taken at once (RFC 8415 s.18.2.1).
pub(super) const AT_ONCE: u32 = 255;
