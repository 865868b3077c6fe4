//! The plan, sent: a few datagrams of many requests, one acknowledgement each.
//!
//! Errors are always acknowledged, success only for the last request of a batch; so a batch is done when
//! its last request is answered. Every error is mapped back to its step by the sequence number, and to
//! the line of the configuration that asked for it.

use super::complain::write;
use super::observe::Asked;
use super::publish::ProblemText;
use super::remake::key;
use super::said::text_hash;
use super::{Engine, Event, Host, OutputFile, watched, when};
use crate::diag::{At, Complaint, Diagnostic, Effect, Errno, LineBuf, Problem, Severity, Subject};
use crate::limits::{BATCH_REQUESTS, MAX_LINE};
use crate::model::addr::Family;
use crate::model::config::{LinkNumber, Wait};
use crate::model::desired::{
    DesiredLink, GEN_MODE, JOINED, MADE, Presence, Standing, Thing, UP, What, link_mut,
};
use crate::model::index::HASH_START;
use crate::model::knob::Knob;
use crate::output::owned::Owned;
use crate::plan::encode::encode;
use crate::plan::op::Op;
use crate::plan::resolve::LinkState;
use crate::plan::{Act, Phase, Step};
use crate::text::parts;
use crate::wire::netlink::{Full, NLM_F_CREATE, NLM_F_EXCL, Writer, attrs};
use core::net::IpAddr;

/// The least MTU of a link with IPv6 (RFC 8200 section 5).
const IPV6_MIN_MTU: u32 = 1_280;
/// What the kernel says of a kind of link that it does not know.
const NO_MODULE: &[u8] = b"Unknown device type";
const IPV6_NEEDS: &[u8] = b"IPv6 needs an MTU of at least 1280";

/// What is put down of a link when a step does this to it.
const DEEDS: &[(Act, u8)] = &[
    (Act::Make, MADE),
    (Act::Up, UP),
    (Act::Enslave, JOINED),
    (Act::SetGenMode, GEN_MODE),
];

impl Engine<'_> {
    /// Writes `owned-IF` for every link that gets something, before it gets it, and tells of foreign routes
    /// that give way.
    pub(super) fn claim(&mut self, host: &mut impl Host) {
        const YIELDS: Complaint = Complaint::warning(Problem::Yields, Effect::NotSet);
        const REPLACES: Complaint = Complaint::warning(Problem::Replaces, Effect::None);
        for thing in self.desired.things.iter() {
            if thing.presence == Presence::DiffersForeign && thing.standing < Standing::Connected {
                let complaint = match thing.yields {
                    true => YIELDS,
                    false => REPLACES,
                };
                let subject = Subject::Cidr(&thing.route.dst);
                self.complain_of(host, complaint, thing.origin, subject);
            }
        }
        for step in self.plan.steps.iter() {
            if self.is_off(*step) {
                continue;
            }
            let ifindex = self.link_of_step(*step);
            if let Some(link) = self.desired.link_mut(ifindex) {
                // One that came while we asked for it: the bonding driver's own `bond0`.
                let came = when(self.marks, key(&link.name), Event::Seen).is_some();
                // The loopback link is nobody's, but a file may have given it more.
                link.touched |= link.config.is_some();
                if came {
                    link.done |= MADE;
                }
                for (act, deed) in DEEDS {
                    if step.act == *act {
                        link.done |= deed;
                    }
                }
            }
        }
        self.write_owned(host);
    }

    /// Writes the files that are not as they shall be. A link of which nothing is ours has none.
    #[inline(never)]
    fn write_owned(&mut self, host: &mut impl Host) {
        let mut n = 0_usize;
        while let Some(link) = self.desired.links.get(n) {
            let text = Owned {
                link,
                desired: &self.desired,
                config: &self.config,
                lessee: self.lessee(link.ifindex),
            };
            let file = OutputFile::Owned(&link.name);
            // The first time there is nothing to compare with, and 20,000 routes are many to write twice.
            let sum = match link.recalled.sum {
                HASH_START => 0,
                _ => text_hash(&text),
            };
            let is_made = link.touched || link.recalled.file.is_ok() || text.brings_names();
            if is_made && (link.recalled.sum == sum || write(host, file, &text)) {
                if link.recalled.old_name != link.name {
                    host.remove(OutputFile::Owned(&link.recalled.old_name));
                }
                if let Some(link) = self.desired.links.get_mut(n) {
                    link.recalled.sum = sum;
                }
            }
            n = n.wrapping_add(1);
        }
    }

    /// What the kernel refused to make is not ours, and what it deleted is ours no longer.
    pub(super) fn disown(&mut self, host: &mut impl Host) {
        let mut is_news = false;
        for step in self.plan.steps.iter() {
            let is_done = step.errno.is_none();
            if !is_done
                && step.act.is_of_stack()
                && let Some(link) = self.desired.links.get_mut(step.n as usize)
            {
                if step.act == Act::Make {
                    link.done &= !MADE;
                    link.touched = false;
                    host.remove(OutputFile::Owned(&link.name));
                }
                if step.act == Act::Enslave {
                    link.done &= !JOINED;
                }
                is_news = true;
            }
            let Some(thing) = self.desired.things.get_mut(step.n as usize) else {
                continue;
            };
            let now = match (step.act, is_done) {
                (Act::Delete, true) => (Presence::Missing, Standing::Stale),
                (Act::Add, false) => (Presence::Same, Standing::Wanted),
                (Act::Add, true) => {
                    // It can be spoken from at once.
                    if thing.is_own_local()
                        && let IpAddr::V6(addr) = &thing.route.dst.addr
                        && let Some(link) = link_mut(self.desired.links, thing.ifindex)
                    {
                        link.local = Some(*addr);
                    }
                    continue;
                }
                _ => continue,
            };
            is_news = true;
            (thing.presence, thing.standing) = now;
        }
        if is_news {
            self.write_owned(host);
        }
    }

    /// Sends the plan in batches; each of its steps knows whether it failed.
    #[inline(never)]
    pub(super) fn send_plan(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        let mut next = 0;
        while let Some(&step) = self.plan.steps.get(next) {
            let Step { n, act, depth, .. } = step;
            let end = self.batch_end(next);
            if end == next {
                if let Some(step) = self.plan.steps.get_mut(next) {
                    step.errno = Some(Errno::ENODEV);
                }
                next = next.wrapping_add(1);
                continue;
            }
            self.asked = Asked::Steps;
            self.first_step = next as u32;
            self.first_seq = self.seq.wrapping_add(1);
            if act >= Act::Ethtool {
                // no request of rtnetlink
                next = next.wrapping_add(1);
                let Some(op) = &self.op(step) else {
                    continue;
                };
                host.trace(op);
                if act == Act::Knob {
                    let value = op.knob();
                    self.set_knob(n, Knob(depth), value, host);
                    continue;
                }
                let ifindex = op.ifindex();
                self.mark(ifindex, Event::Tuned);
                if let Err(errno) = self.ethtool(n, depth, true, host) {
                    self.refused(host, 0, errno, b"")?;
                }
                continue;
            }
            let mut writer = Writer::new(self.buffers.datagram);
            while let Some(step) = self.plan.steps.get(next)
                && next < end
            {
                let seq = self.seq.wrapping_add(1);
                let op = Op::of(
                    *step,
                    &self.plan,
                    &self.desired,
                    &self.config,
                    &self.observed,
                );
                let encoded = match &op {
                    Some(op) => {
                        let encoded = encode(op, &mut writer, seq);
                        if encoded.is_ok() {
                            host.trace(op);
                            if matches!(
                                step.act,
                                Act::Down | Act::Enslave | Act::Release | Act::Unmake
                            ) {
                                watched::forget(self.watched, op.ifindex());
                            }
                        }
                        encoded
                    }
                    None => encode_saved(self.buffers.restore, step.n, &mut writer, seq),
                };
                if encoded.is_err() {
                    break;
                }
                self.seq = seq;
                next = next.wrapping_add(1);
            }
            if writer.requests() == 0 {
                return Err(Errno::EMSGSIZE);
            }
            writer.acknowledge_last();
            host.send(writer.written())?;
            self.answers(host)?;
            self.refuse_again();
        }
        Ok(())
    }

    /// Says what the kernel refused of the last batch's requests, where it matters.
    ///
    /// # Errors
    /// [`Errno::EPERM`]: we may not change anything. `errno` where we asked for something.
    pub(super) fn refused(
        &mut self,
        host: &mut impl Host,
        number: u32,
        errno: Errno,
        said: &[u8],
    ) -> Result<(), Errno> {
        if self.asked != Asked::Steps {
            return Err(errno);
        }
        let at = self.first_step.wrapping_add(number) as usize;
        let Some(step) = self.plan.steps.get_mut(at) else {
            return Ok(());
        };
        // The bonding driver has it for ports and options that it does not take.
        if errno == Errno::EPERM && !step.act.is_of_stack() {
            return Err(errno);
        }
        let (n, act, phase) = (step.n, step.act, step.phase);
        if is_harmless(act, phase, errno) {
            return Ok(());
        }
        step.errno = Some(errno);
        if act == Act::Make && self.is_not_made(n, errno, said) {
            self.plan.errors.add(Errno::ENODEV);
            return Ok(());
        }
        self.plan.errors.add(errno);
        // One that cannot be renamed while up has a name that others of the batch are to get.
        if phase == Phase::Rename && self.plan.errors.have(Errno::EBUSY) {
            return Ok(());
        }
        if errno == Errno::EINVAL && self.waits_for_dad(n, act) {
            return Ok(());
        }
        self.tell_refused(host, at, errno, said);
        Ok(())
    }

    /// Says that the kernel refused a step. Where somebody asked for it, its link fails.
    fn tell_refused(&mut self, host: &mut impl Host, at: usize, errno: Errno, said: &[u8]) {
        let Some(step) = self.plan.steps.get(at) else {
            return;
        };
        let Some(op) = &self.op(*step) else {
            return;
        };
        let ifindex = op.ifindex();
        let link = self.observed.by_index(ifindex);
        let wanted = self.desired.link(ifindex);
        let mtu = match wanted.map_or(0, |link| link.mtu) {
            0 => link.map_or(IPV6_MIN_MTU, |link| link.mtu),
            mtu => mtu,
        };
        let said = match op.thing() {
            Some(thing) if mtu < IPV6_MIN_MTU && thing.route.family() == Family::V6 => IPV6_NEEDS,
            _ => said,
        };
        let is_no_failure = match op.thing() {
            Some(thing) => thing.yields,
            None if step.act == Act::SetMtu => self.is_mtu_leased(wanted),
            // A link is of use without what ethtool(8) sets, and how the kernel forms addresses.
            None => step.act >= Act::SetGenMode,
        };
        let severity = match link.is_some_and(|link| link.is_loopback()) {
            true => Severity::Note,
            false if is_no_failure => Severity::Warning,
            false => Severity::Error,
        };
        let mut diagnostic = Diagnostic {
            complaint: Complaint::new(severity, Problem::Kernel, Effect::NotSet).with_errno(errno),
            at: &At::of(op.origin(), &self.config),
            subject: Subject::Op(op),
            token: b"",
            detail: said,
        };
        let mut module = LineBuf::<MAX_LINE>::new();
        if step.act == Act::Make
            && said == NO_MODULE
            && let Some(wanted) = wanted
        {
            let kind = self.config.made_kind(wanted.id());
            module.unpack(kind.module());
            diagnostic.complaint = Complaint::error(Problem::NoModule, Effect::NotMade);
            diagnostic.subject = Subject::Link(&wanted.name);
            (diagnostic.token, diagnostic.detail) = (module.as_bytes(), b"");
        }
        host.report(&diagnostic);
        let mut problem = ProblemText::new();
        problem.show(&diagnostic);
        self.remember_problem(ifindex, &problem);
        // A link that is gone may come back: it is looked for again.
        if errno != Errno::ENODEV && severity == Severity::Error {
            self.fail(ifindex);
        }
    }

    /// What a step means.
    #[inline(never)]
    pub fn op(&self, step: Step) -> Option<Op<'_>> {
        Op::of(
            step,
            &self.plan,
            &self.desired,
            &self.config,
            &self.observed,
        )
    }

    /// The number of the link that a step is about; 0 for none.
    #[inline(never)]
    pub(super) fn link_of_step(&self, step: Step) -> u32 {
        self.op(step).map_or(0, |op| op.ifindex())
    }

    /// Where a datagram ends at the latest that begins with step `start`; there, where that is not sent. What is made
    /// has one for each depth, so that nothing is asked of what lies on a link that could not be made.
    #[inline(never)]
    fn batch_end(&self, start: usize) -> usize {
        let is_apart = |step: &Step| {
            matches!(step.phase, Phase::Make | Phase::Unmake) || step.act >= Act::Ethtool
        };
        let rest = self.plan.steps.get(start..).unwrap_or_default();
        let mut end = start;
        for step in rest.iter().take(BATCH_REQUESTS) {
            let first = rest.first().unwrap_or(step);
            let goes_along = (first.phase, first.depth) == (step.phase, step.depth)
                || !is_apart(first) && !is_apart(step);
            if !goes_along || self.is_off(*step) {
                break;
            }
            end = end.wrapping_add(1);
        }
        end
    }

    /// Whether a step is about a link that could not be made.
    pub fn is_off(&self, step: Step) -> bool {
        if !self.plan.errors.any() {
            return false;
        }
        let to_master = matches!(step.act, Act::Enslave | Act::SetPort);
        let link = self.desired.links.get(step.n as usize);
        to_master && link.is_some_and(|link| self.is_refused(link.master))
            || self.is_refused(self.link_of_step(step))
    }

    /// Whether a DHCP server asked for the MTU of a link, which is of use without it.
    fn is_mtu_leased(&self, link: Option<&DesiredLink>) -> bool {
        let config = link.and_then(|link| self.config.link(link.config?));
        config.is_some_and(|config| LinkNumber::Mtu.of(config).is_none())
    }

    /// The configured link behind `ifindex` is not what it shall be.
    pub(super) fn fail(&mut self, ifindex: u32) {
        if let Some(state) = self.state_mut(ifindex) {
            *state = LinkState::Failed;
        }
    }

    /// How far the configured link behind `ifindex` is.
    fn state_mut(&mut self, ifindex: u32) -> Option<&mut LinkState> {
        let id = self.desired.link(ifindex)?.config?;
        self.states.get_mut(id.place())
    }

    /// Whether a route waits for an IPv6 address of ours to be its source: the kernel takes none before it
    /// knows that nobody else has it. That has its time; then it is a failure.
    fn waits_for_dad(&mut self, n: u32, act: Act) -> bool {
        if !matches!(act, Act::Add | Act::Replace) {
            return false;
        }
        let Some(route) = self.desired.things.get(n as usize) else {
            return false;
        };
        let ifindex = route.ifindex;
        let Some(src @ IpAddr::V6(_)) = route.route.src else {
            return false;
        };
        let is_source = |thing: &Thing| thing.what == What::Addr && thing.route.dst.addr == src;
        if !self.desired.things.iter().any(is_source) {
            return false;
        }
        let until = self.mark(ifindex, Event::Dad);
        let until = until.after_seconds(self.config.global.timeouts.of(Wait::Dad));
        let now = self.now;
        match self.state_mut(ifindex) {
            Some(state @ (LinkState::Found | LinkState::WaitingDad)) if now < until => {
                *state = LinkState::WaitingDad;
            }
            _ => return false,
        }
        self.until = self.until.max(until);
        true
    }
}

/// Appends the request that makes again what was saved at `at`.
fn encode_saved(saved: &[u8], at: u32, w: &mut Writer<'_>, seq: u32) -> Result<(), Full> {
    let mut messages = attrs(parts::slice(saved, at as usize, usize::MAX));
    let message = messages.next().ok_or(Full)?;
    w.begin(message.kind, NLM_F_CREATE | NLM_F_EXCL, seq);
    w.header(message.payload);
    w.finish()
}

/// Whether an error of a step means that all is as it shall be: what is there already, or gone already.
/// What is put back after a deletion is looked at again anyway, and told then.
#[inline(always)]
fn is_harmless(act: Act, phase: Phase, errno: Errno) -> bool {
    match act {
        _ if (Phase::AddressesAgain..=Phase::RoutesViaAgain).contains(&phase) => true,
        Act::Add => errno == Errno::EEXIST && phase >= Phase::RoutesOnLink,
        // or that went with the link below
        Act::Delete | Act::Unmake => matches!(
            errno,
            Errno::EADDRNOTAVAIL | Errno::ESRCH | Errno::ENODEV | Errno::ENOENT
        ),
        // A port that is not ready yet.
        Act::SetJoined => errno == Errno::EINVAL,
        Act::Rename
        | Act::SetMac
        | Act::SetMtu
        | Act::Up
        | Act::Down
        | Act::Replace
        | Act::Restore
        | Act::Make
        | Act::SetOptions
        | Act::Enslave
        | Act::Release
        | Act::SetPort
        | Act::SetFlags
        | Act::AddAltName
        | Act::Ethtool
        | Act::SetGenMode
        | Act::SetToken
        | Act::Knob => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Origin, Sink};
    use crate::engine::{Instant, Packet, Settled};
    use crate::machine::Machine;
    use crate::model::addr::Cidr;
    use crate::model::link::{IfName, Mac};
    use crate::model::route::Route;
    use crate::text::show::Show;
    use crate::wire::ethtool::Room;
    use crate::wire::netlink::{NLM_F_ACK, NLMSG_ERROR, messages};
    use core::net::Ipv4Addr;
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

        fn have_links_changed(&mut self) -> bool {
            true
        }

        fn is_settled(&mut self, _: u32) -> Settled {
            Settled::Yes
        }

        fn read(&mut self, _: OutputFile<'_>) -> Result<&[u8], Errno> {
            Err(Errno::ENOENT)
        }

        fn write(&mut self, _: OutputFile<'_>, _: &dyn Show) -> Result<(), Errno> {
            Ok(())
        }

        fn remove(&mut self, _: OutputFile<'_>) {}

        fn list_owned(&mut self) {}

        fn owned(&self, _: usize) -> Option<IfName> {
            None
        }

        fn ethtool(&mut self, _: &IfName, _: &mut [u8], _: &mut Room) -> Result<(), Errno> {
            Err(Errno::EOPNOTSUPP)
        }

        fn progress(&mut self, _: &dyn Show) {}

        fn transmit(&mut self, _: u32, _: Packet, _: &Mac, _: &[u8]) -> Result<(), Errno> {
            Ok(())
        }

        fn unicast(&mut self, _: u32, _: Ipv4Addr, _: Ipv4Addr, _: &[u8]) -> Result<(), Errno> {
            Ok(())
        }

        fn trace(&mut self, _: &dyn Show) {}
    }

    const ROUTES: usize = 100;

    /// A plan of a hundred routes, sent through a batch of `octets`.
    fn send(host: &mut Yes, octets: usize, seq: u32) -> Result<(), Errno> {
        let mut batch = std::vec![0xa5; octets];
        let mut tables = Machine::<4, 4, 4, ROUTES, ROUTES, 256, 256, 64>::new();
        let mut engine = tables.engine();
        (engine.buffers.datagram, engine.seq) = (&mut batch, seq);
        let link = DesiredLink::new(2, IfName::LO, Origin::NONE);
        engine.desired.links.push(link).unwrap();
        let file = engine.config.add_file(b"net").unwrap();
        for number in 0..100 {
            let route = Route::new(Cidr::new([10, 0, number, 0].into(), 24).unwrap());
            let origin = Origin {
                file,
                line: u32::from(number) + 1,
                column: 1,
            };
            let route = Thing::route(2, &route, origin);
            engine.desired.things.push(route).unwrap();
            engine
                .plan
                .push(Phase::RoutesOnLink, Act::Add, number.into());
        }
        let applied = engine.send_plan(host);
        let failed = engine.plan.steps.iter().filter(|step| step.errno.is_some());
        assert_eq!(failed.count(), host.refuses.len());
        applied
    }

    /// Each request has 16 + 12 octets of headers, and three attributes of 8 octets.
    const REQUEST: usize = 52;

    #[test]
    fn a_batch_is_as_long_as_its_buffer_and_loses_nothing_between() {
        for (octets, in_batch) in [
            (REQUEST, 1),
            (10 * REQUEST, 10),
            (10 * REQUEST + REQUEST - 1, 10),
            (7 * REQUEST, 7),
        ] {
            let mut host = Yes::default();
            assert_eq!(send(&mut host, octets, 0), Ok(()));
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
            assert_eq!(send(&mut host, 10 * REQUEST, seq), Ok(()));
            let refused = host.refuses.iter().map(|number| {
                let line = number + 1;
                std::format!(
                    "net:{line}:1: ip route add 10.0.{number}.0/24 proto 153 dev lo: ENOMEM; not set"
                )
            });
            assert_eq!(host.said, refused.collect::<Vec<_>>(), "{seq}");
        }
    }
}
