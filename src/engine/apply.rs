//! The plan, sent: a few datagrams of many requests, one acknowledgement each.
//!
//! Errors are always acknowledged, success only for the last request of a batch; so a batch is done when
//! its last request is answered. Every error is mapped back to its step by the sequence number, and to
//! the line of the configuration that asked for it.

use super::{Engine, Host, OutputFile};
use crate::diag::{At, Diagnostic, Effect, Errno, LineBuf, Origin, Problem, Severity, Sink};
use crate::limits::BATCH_REQUESTS;
use crate::model::desired::Presence;
use crate::output::owned::Owned;
use crate::plan::encode::encode;
use crate::plan::op::Op;
use crate::plan::resolve::LinkState;
use crate::plan::{Act, NamedLink, Phase, Step};
use crate::wire::netlink::{self, Full, NLMSG_ERROR, Writer};
use core::fmt::Write;
use core::ops::Range;

/// How a plan was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// Every step was tried.
    Whole,
    /// A link vanished: look again.
    LinkGone,
}

/// What a refused step means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It is so already.
    Harmless,
    /// The link is not there any more.
    LinkGone,
    /// Something asked for is not there.
    Failure,
}

impl Engine<'_> {
    /// Writes `owned-IF` for every link that gets something, before it gets it.
    pub(super) fn claim(&mut self, host: &mut dyn Host) {
        for n in 0..self.plan.steps.len() {
            let Some(step) = self.plan.steps.get(n).copied() else {
                continue;
            };
            let ifindex = self.op(step).map(|op| op.ifindex());
            let touched = self
                .desired
                .links
                .iter_mut()
                .find(|link| Some(link.ifindex) == ifindex);
            if let Some(link) = touched {
                link.touched = true;
                link.owned_up |= matches!(step.act, Act::Up(_));
            }
        }
        self.write_owned(host);
    }

    fn write_owned(&mut self, host: &mut dyn Host) {
        for n in 0..self.desired.links.len() {
            let Some(link) = self.desired.links.get(n).copied() else {
                continue;
            };
            // The loopback link is nobody's, but a file may have given it more.
            let is_it = |stale: NamedLink| stale.ifindex == link.ifindex;
            let has_stale = self.plan.stale_addrs.iter().any(|stale| is_it(stale.link))
                || self.plan.stale_routes.iter().any(|stale| is_it(stale.link));
            if !link.touched || link.config.is_none() && !has_stale {
                continue;
            }
            let text = Owned {
                link: &link,
                desired: &self.desired,
                plan: &self.plan,
                config: &self.config,
            };
            if let Err(errno) = host.write(OutputFile::Owned(link.name), &text) {
                let problem = Problem::File(errno);
                self.complain(
                    host,
                    Severity::Warning,
                    Origin::NONE,
                    &OwnedFile(link.name),
                    problem,
                    Effect::NotSet,
                );
            }
        }
    }

    /// Carries out the whole plan.
    pub(super) fn apply(&mut self, host: &mut dyn Host) -> Result<Applied, Errno> {
        self.warn_of_replacements(host);
        let steps = 0..self.plan.steps.len();
        let applied = self.send_steps(host, steps)?;
        self.disown_failed(host);
        Ok(applied)
    }

    /// What the kernel refused is not ours.
    fn disown_failed(&mut self, host: &mut dyn Host) {
        let mut is_news = false;
        for (at, _) in self.failed.iter() {
            match self.plan.steps.get(*at as usize).map(|step| step.act) {
                Some(Act::AddAddr(n)) => {
                    if let Some(addr) = self.desired.addrs.get_mut(n as usize) {
                        (addr.presence, addr.owned) = (Presence::Same, false);
                        is_news = true;
                    }
                }
                Some(Act::AddRoute(n)) => {
                    if let Some(route) = self.desired.routes.get_mut(n as usize) {
                        (route.presence, route.owned) = (Presence::Same, false);
                        is_news = true;
                    }
                }
                Some(_) | None => {}
            }
        }
        if is_news {
            self.write_owned(host);
        }
    }

    pub(super) fn op(&self, step: Step) -> Option<Op<'_>> {
        Op::of(step, &self.plan, &self.desired)
    }

    /// Sends the steps in batches; [`Engine::failed`] tells which failed.
    pub(super) fn send_steps(
        &mut self,
        host: &mut dyn Host,
        steps: Range<usize>,
    ) -> Result<Applied, Errno> {
        let mut applied = Applied::Whole;
        let mut next = steps.start;
        self.failed.clear();
        while next < steps.end {
            let first_seq = self.seq.wrapping_add(1);
            let from = next;
            let mut writer = Writer::new(self.buffers.batch);
            while next < steps.end && writer.requests() < BATCH_REQUESTS {
                let step = self.plan.steps.get(next).copied();
                let op = step.and_then(|step| Op::of(step, &self.plan, &self.desired));
                if let Some(op) = op {
                    let seq = first_seq
                        .wrapping_add(u32::try_from(next.saturating_sub(from)).unwrap_or(0));
                    if encode(&op, &mut writer, seq) == Err(Full) {
                        break;
                    }
                    host.trace(&op);
                }
                next = next.saturating_add(1);
            }
            if next == from {
                return Err(Errno::EMSGSIZE);
            }
            writer.acknowledge_last();
            self.requests = self.requests.saturating_add(writer.requests() as u64);
            host.send(writer.written())?;
            self.seq = first_seq
                .wrapping_add(u32::try_from(next.saturating_sub(from)).unwrap_or(0))
                .wrapping_sub(1);
            if self.collect(host, first_seq, from..next)? == Applied::LinkGone {
                applied = Applied::LinkGone;
            }
        }
        Ok(applied)
    }

    /// Reads answers until the last request of the batch is answered.
    fn collect(
        &mut self,
        host: &mut dyn Host,
        first_seq: u32,
        steps: Range<usize>,
    ) -> Result<Applied, Errno> {
        let reply = core::mem::take(&mut self.buffers.reply);
        let mut applied = Ok(Applied::Whole);
        let last = steps.end.saturating_sub(steps.start).saturating_sub(1);
        'answers: loop {
            let len = match host.receive(reply) {
                Ok(len) => len,
                Err(errno) => {
                    applied = Err(errno);
                    break;
                }
            };
            for message in netlink::messages(reply.get(..len).unwrap_or_default()) {
                let number = message.seq.wrapping_sub(first_seq) as usize;
                if message.kind != NLMSG_ERROR || number > last {
                    continue;
                }
                if let Some(outcome) = message.outcome()
                    && let Some(errno) = outcome.errno
                {
                    match self.refused(
                        host,
                        steps.start.saturating_add(number),
                        errno,
                        outcome.said,
                    ) {
                        Refusal::Harmless | Refusal::Failure => {}
                        Refusal::LinkGone => applied = Ok(Applied::LinkGone),
                    }
                    if errno == Errno::EPERM && applied.is_ok() {
                        applied = Err(errno);
                    }
                }
                if number == last {
                    break 'answers;
                }
            }
        }
        self.buffers.reply = reply;
        applied
    }

    fn refused(&mut self, host: &mut dyn Host, at: usize, errno: Errno, said: &[u8]) -> Refusal {
        let Some(step) = self.plan.steps.get(at).copied() else {
            return Refusal::Harmless;
        };
        // What is put back after a deletion is looked at again anyway, and told then.
        let is_again = (Phase::AddressesAgain..=Phase::RoutesViaAgain).contains(&step.phase);
        let refusal = match is_again {
            true => Refusal::Harmless,
            false => refusal(step.act, errno),
        };
        if refusal == Refusal::Harmless || errno == Errno::EPERM {
            return refusal;
        }
        let _ = self
            .failed
            .push((u32::try_from(at).unwrap_or(u32::MAX), errno));
        if matches!(step.phase, Phase::Rename) && errno == Errno::EBUSY {
            return refusal;
        }
        let Some(op) = Op::of(step, &self.plan, &self.desired) else {
            return refusal;
        };
        let of_lo = self
            .observed
            .by_index(op.ifindex())
            .is_some_and(|link| link.is_loopback());
        let diagnostic = Diagnostic {
            severity: if of_lo {
                Severity::Note
            } else {
                Severity::Error
            },
            at: At::of(op.origin(), &self.config),
            subject: &op,
            token: b"",
            problem: Problem::Kernel(errno, said),
            effect: Effect::NotSet,
        };
        super::Once {
            said: &mut self.said,
            sink: host,
        }
        .report(&diagnostic);
        let ifindex = op.ifindex();
        let mut text = LineBuf::<240>::new();
        let _ = write!(text, "{diagnostic}");
        self.remember_problem(ifindex, text.as_bytes());
        if refusal == Refusal::Failure && !of_lo {
            self.fail(ifindex);
        }
        refusal
    }

    /// The configured link behind `ifindex` is not what it shall be.
    pub(super) fn fail(&mut self, ifindex: u32) {
        let id = self.desired.link(ifindex).and_then(|link| link.config);
        if let Some(state) = id.and_then(|id| self.states.get_mut(usize::from(id.0))) {
            *state = LinkState::Failed;
        }
    }

    fn warn_of_replacements(&mut self, host: &mut dyn Host) {
        for n in 0..self.plan.steps.len() {
            let Some(Step {
                act: Act::ReplaceRoute(route),
                ..
            }) = self.plan.steps.get(n)
            else {
                continue;
            };
            let Some(route) = self.desired.routes.get(*route as usize).copied() else {
                continue;
            };
            if route.presence == Presence::DiffersForeign {
                let dst = route.route.dst;
                self.complain(
                    host,
                    Severity::Warning,
                    route.origin,
                    &dst,
                    Problem::Replaces,
                    Effect::None,
                );
            }
        }
    }
}

/// What an error of a step means: what is there already, or gone already, is as it shall be.
fn refusal(act: Act, errno: Errno) -> Refusal {
    match (act, errno) {
        (Act::AddRoute(_), Errno::EEXIST) => Refusal::Harmless,
        (
            Act::DelAddr(_) | Act::DelRoute(_),
            Errno::EADDRNOTAVAIL | Errno::ESRCH | Errno::ENODEV,
        ) => Refusal::Harmless,
        (_, Errno::ENODEV) => Refusal::LinkGone,
        _ => Refusal::Failure,
    }
}

/// The file's name in a complaint.
struct OwnedFile(crate::model::link::IfName);

impl core::fmt::Display for OwnedFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "/run/ifdawn/owned-{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Instant, Settled};
    use crate::machine::Machine;
    use crate::model::addr::Cidr;
    use crate::model::desired::{DesiredLink, DesiredRoute};
    use crate::model::link::IfName;
    use crate::model::route::Route;
    use crate::wire::netlink::{NLM_F_ACK, messages};
    use core::fmt::Display;
    use std::collections::VecDeque;
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// A kernel that refuses the requests with these numbers (from 0) and acknowledges as asked.
    #[derive(Default)]
    struct Yes {
        refuses: Vec<usize>,
        /// Octets and requests of every datagram.
        sent: Vec<(usize, usize)>,
        /// Requests that were to be acknowledged.
        acknowledged: Vec<usize>,
        answers: VecDeque<[u8; 36]>,
        said: Vec<String>,
    }

    impl Sink for Yes {
        fn report(&mut self, diagnostic: &Diagnostic<'_>) {
            self.said.push(diagnostic.to_string());
        }
    }

    impl Host for Yes {
        fn now(&mut self) -> Instant {
            Instant(0)
        }

        fn send(&mut self, requests: &[u8]) -> Result<(), Errno> {
            let first: usize = self.sent.iter().map(|(_, requests)| requests).sum();
            let mut number = first;
            for message in messages(requests) {
                let errno = if self.refuses.contains(&number) {
                    -12_i32
                } else {
                    0
                };
                if message.flags & NLM_F_ACK != 0 {
                    self.acknowledged.push(number);
                }
                if errno != 0 || message.flags & NLM_F_ACK != 0 {
                    let mut answer = [0; 36];
                    answer[..4].copy_from_slice(&36_u32.to_ne_bytes());
                    answer[4..6].copy_from_slice(&NLMSG_ERROR.to_ne_bytes());
                    answer[8..12].copy_from_slice(&message.seq.to_ne_bytes());
                    answer[16..20].copy_from_slice(&errno.to_ne_bytes());
                    self.answers.push_back(answer);
                }
                number += 1;
            }
            self.sent.push((requests.len(), number - first));
            Ok(())
        }

        fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
            let answer = self
                .answers
                .pop_front()
                .expect("an answer that never comes");
            buffer[..36].copy_from_slice(&answer);
            Ok(36)
        }

        fn is_settled(&mut self, _: u32) -> Settled {
            Settled::Yes
        }

        fn read(&mut self, _: OutputFile, _: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
            Err(Errno::ENOENT)
        }

        fn write(&mut self, _: OutputFile, _: &dyn Display) -> Result<(), Errno> {
            Ok(())
        }

        fn remove(&mut self, _: OutputFile) {}

        fn owned_links(&mut self, _: &mut dyn FnMut(IfName)) {}

        fn progress(&mut self, _: IfName, _: &dyn Display) {}

        fn trace(&mut self, _: &Op<'_>) {}
    }

    const ROUTES: usize = 100;

    /// A plan of a hundred routes, sent through a batch of `octets`.
    fn send(host: &mut Yes, octets: usize, seq: u32) -> Result<Applied, Errno> {
        let mut batch = std::vec![0xa5; octets];
        let mut tables = Machine::<4, 4, 4, ROUTES, 256, 256, 64>::new();
        let mut engine = tables.engine();
        (engine.buffers.batch, engine.seq) = (&mut batch, seq);
        let (config, origin, name) = (None, Origin::NONE, IfName::LO);
        let (owned_up, touched, mtu, mac) = (false, false, None, None);
        let link = DesiredLink {
            config,
            ifindex: 2,
            name,
            mtu,
            mac,
            origin,
            owned_up,
            touched,
        };
        engine.desired.links.push(link).unwrap();
        for number in 0..100 {
            let route = Route::new(Cidr::new([10, 0, number, 0].into(), 24).unwrap());
            let (presence, owned) = (Presence::Missing, false);
            let origin = Origin {
                line: u32::from(number) + 1,
                ..Origin {
                    column: 1,
                    ..Origin::NONE
                }
            };
            let route = DesiredRoute {
                ifindex: 2,
                route,
                origin,
                presence,
                owned,
            };
            engine.desired.routes.push(route).unwrap();
            engine
                .plan
                .push(Phase::RoutesOnLink, Act::AddRoute(number.into()));
        }
        let steps = 0..engine.plan.steps.len();
        let applied = engine.send_steps(host, steps);
        assert_eq!(engine.failed.len(), host.refuses.len());
        applied
    }

    /// Each request has 16 + 12 octets of headers, and two attributes of 8 octets.
    const REQUEST: usize = 44;

    #[test]
    fn a_batch_is_as_long_as_its_buffer_and_loses_nothing_between() {
        for (octets, in_batch) in [
            (REQUEST, 1),
            (10 * REQUEST, 10),
            (10 * REQUEST + REQUEST - 1, 10),
            (7 * REQUEST, 7),
        ] {
            let mut host = Yes::default();
            assert_eq!(send(&mut host, octets, 0), Ok(Applied::Whole));
            assert_eq!(host.sent.len(), ROUTES.div_ceil(in_batch));
            let (last, whole) = host.sent.split_last().unwrap();
            assert!(
                whole
                    .iter()
                    .all(|sent| *sent == (in_batch * REQUEST, in_batch))
            );
            assert_eq!(last.1, ROUTES - whole.len() * in_batch);
            let ends: Vec<usize> = (1..=whole.len())
                .map(|batch| batch * in_batch - 1)
                .collect();
            assert_eq!(
                host.acknowledged,
                [&ends[..], &[ROUTES - 1]].concat(),
                "one, at the end"
            );
        }
    }

    #[test]
    fn a_request_longer_than_the_buffer_ends_it() {
        let mut host = Yes::default();
        assert_eq!(send(&mut host, REQUEST - 4, 0), Err(Errno::EMSGSIZE));
        assert!(host.sent.is_empty());
    }

    /// Wherever in a batch it fails, first, last or between, and where sequence numbers begin anew.
    #[test]
    fn an_error_is_that_of_its_request() {
        for seq in [0, 7, u32::MAX - 15, u32::MAX] {
            let mut host = Yes {
                refuses: Vec::from([0, 4, 9, 10, 50, 99]),
                ..Yes::default()
            };
            assert_eq!(send(&mut host, 10 * REQUEST, seq), Ok(Applied::Whole));
            let refused = host.refuses.iter().map(|number| {
                let line = number + 1;
                std::format!(
                    ":{line}:1: ip route add 10.0.{number}.0/24 proto 153 dev lo: ENOMEM; not set"
                )
            });
            assert_eq!(host.said, refused.collect::<Vec<_>>(), "{seq}");
        }
    }
}
