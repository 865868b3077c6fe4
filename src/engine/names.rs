//! The rename stage: MAC rules carried out as one permutation, before anything else is looked at.
//!
//! A link that is up is renamed as it is where the kernel can (Linux 6.2). Whether it can is tried with
//! one link before a batch holds more; where it refuses, the links go down, are renamed, come up, and get
//! back the addresses and routes that going down cost them, foreign ones included. When a batch fails
//! halfway, every link gets its old name back, and configuration goes on by MAC.

use super::observe::{Dump, append_message};
use super::{Engine, Host, Once};
use crate::diag::{Effect, Errno, Origin, Problem, Severity, Sink};
use crate::limits::BATCH_REQUESTS;
use crate::model::link::IfName;
use crate::plan::rename::{self, Assignment, LiveRename};
use crate::plan::{Act, Naming, Phase, Rename, Step};
use crate::wire::netlink::{self, Message, NLM_F_CREATE, NLM_F_EXCL, NLMSG_ERROR, Writer};
use core::ops::Range;

/// How the rename stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Rules are followed.
    Followed,
    /// A batch failed; names stay as they are.
    GivenUp,
}

/// A link as it was before any rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its number.
    pub ifindex: u32,
    /// Its name.
    pub name: IfName,
    /// Whether it was up.
    pub was_up: bool,
}

/// Whether a link was renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// At least one, or it was tried: look again.
    Some,
    /// Every name is as it shall be.
    None,
}

impl Engine<'_> {
    /// Fills [`Engine::plan`] with the permutation of names, and gives [`Engine::observed`] the new ones.
    pub(super) fn plan_names(&mut self, sink: &mut dyn Sink, live: LiveRename) {
        if self.names == Names::GivenUp || self.config.name_rules.is_empty() {
            return;
        }
        let sink = &mut Once {
            said: &mut self.said,
            sink,
        };
        rename::assign(&self.config, &self.observed, self.assignments, sink);
        rename::order(
            &self.config,
            &mut self.observed,
            self.assignments,
            live,
            &mut self.plan,
            sink,
        );
        self.plan.sort();
    }

    /// Carries the permutation out. What was interrupted in an earlier call is finished in this one.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub(super) fn rename(&mut self, host: &mut dyn Host) -> Result<Renamed, Errno> {
        self.plan.clear();
        let attempt = match self.live_rename {
            LiveRename::Unknown | LiveRename::Proven => LiveRename::Proven,
            LiveRename::Refused => LiveRename::Refused,
        };
        self.plan_names(host, attempt);
        if self.plan.steps.is_empty() && self.originals.is_empty() {
            return Ok(Renamed::None);
        }
        self.remember_names();
        let goes_down = |step: &Step| step.phase == Phase::DownForRename;
        if self.plan.steps.first().is_some_and(goes_down) {
            self.dump(host, Dump::SaveAddrs)?;
            self.dump(host, Dump::SaveRoutes)?;
        }
        let whole = 0..self.plan.steps.len();
        let proof = self.proof();
        self.send_steps(host, whole.start..proof)?;
        let is_busy = |(_, errno): &(u32, Errno)| *errno == Errno::EBUSY;
        if self.live_rename != LiveRename::Refused && self.failed.iter().any(is_busy) {
            self.live_rename = LiveRename::Refused;
            return Ok(Renamed::Some);
        }
        if self.failed.is_empty() && proof < whole.end {
            self.live_rename = LiveRename::Proven;
            self.send_steps(host, proof..whole.end)?;
        }
        match self.failed.is_empty() {
            true => self.tell_names(host),
            false => self.roll_back(host)?,
        }
        if self.live_rename == LiveRename::Refused {
            self.bring_back(host)?;
        }
        self.originals.clear();
        Ok(Renamed::Some)
    }

    /// The end of the first batch: behind the first rename of a link that is up, unless live rename is
    /// proven or not used.
    fn proof(&self) -> usize {
        let live = |step: &Step| {
            let Act::Rename(n) = step.act else {
                return false;
            };
            let rename = self.plan.renames.get(n as usize);
            rename.is_some_and(|rename| rename.is_up && rename.naming == Naming::Rename)
        };
        match self.live_rename {
            LiveRename::Proven | LiveRename::Refused => self.plan.steps.len(),
            LiveRename::Unknown => {
                let first = self.plan.steps.iter().position(live);
                first.map_or(self.plan.steps.len(), |first| first.saturating_add(1))
            }
        }
    }

    /// Keeps the names the links had before anything was sent, and whether they were up.
    fn remember_names(&mut self) {
        for rename in self.plan.renames.iter() {
            let is_new = |link: &Original| link.ifindex != rename.ifindex;
            if rename.naming == Naming::Rename && self.originals.iter().all(is_new) {
                let _ = self.originals.push(Original {
                    ifindex: rename.ifindex,
                    name: rename.from,
                    was_up: rename.is_up,
                });
            }
        }
    }

    /// Takes up again what was up before and is not, whatever came between, and restores what going down
    /// cost it.
    fn bring_back(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        self.observe_links(host)?;
        self.plan.clear();
        for original in self.originals.iter().filter(|link| link.was_up) {
            let link = self.observed.by_index(original.ifindex);
            if let Some(link) = link.filter(|link| !link.is_up()) {
                let number = u32::try_from(self.plan.renames.len()).unwrap_or(u32::MAX);
                let _ = self.plan.renames.push(Rename {
                    ifindex: link.ifindex,
                    from: link.name,
                    to: link.name,
                    naming: Naming::Rename,
                    is_up: false,
                    origin: Origin::NONE,
                });
                self.plan.push(Phase::UpAfterRename, Act::UpRenamed(number));
            }
        }
        let steps = 0..self.plan.steps.len();
        self.send_steps(host, steps)?;
        self.restore(host)
    }

    fn tell_names(&mut self, host: &mut dyn Host) {
        let now = host.now();
        for n in 0..self.originals.len() {
            let Some(original) = self.originals.get(n).copied() else {
                continue;
            };
            let Some(link) = self.observed.by_index(original.ifindex).copied() else {
                continue;
            };
            self.mark(link.ifindex, "renamed", now);
            host.progress(link.name, &format_args!("renamed from {}", original.name));
        }
    }

    /// Gives every link its old name back and follows no more rules.
    fn roll_back(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        self.observe_links(host)?;
        self.plan.clear();
        self.assignments.clear();
        for original in self.originals.iter() {
            let at = self
                .observed
                .links
                .iter()
                .position(|link| link.ifindex == original.ifindex);
            if let Some(at) = at.and_then(|at| u16::try_from(at).ok()) {
                let _ = self
                    .assignments
                    .push(Assignment::new(at, original.name, Origin::NONE));
            }
        }
        let sink = &mut Once {
            said: &mut self.said,
            sink: host,
        };
        // Where nothing was refused for being up, a link that is up is renamed as it is.
        let live = match self.live_rename {
            LiveRename::Unknown | LiveRename::Proven => LiveRename::Proven,
            LiveRename::Refused => LiveRename::Refused,
        };
        rename::order(
            &self.config,
            &mut self.observed,
            self.assignments,
            live,
            &mut self.plan,
            sink,
        );
        self.plan.sort();
        let steps = 0..self.plan.steps.len();
        self.send_steps(host, steps)?;
        self.names = Names::GivenUp;
        let problem = match self.failed.is_empty() {
            true => Problem::Says("a rename failed; every link has its old name again"),
            false => Problem::Says("a rename failed, and so did taking it back"),
        };
        self.complain(
            host,
            Severity::Error,
            Origin::NONE,
            &"MAC rules",
            problem,
            Effect::NotRenamed,
        );
        Ok(())
    }

    /// Whether the plan takes the link down to rename it.
    pub(super) fn goes_down(&self, ifindex: u32) -> bool {
        let is_it = |rename: &Rename| rename.is_up && rename.ifindex == ifindex;
        self.plan.renames.iter().any(is_it)
    }

    pub(super) fn save(&mut self, message: &Message<'_>) {
        if append_message(self.buffers.restore, message).is_err() {
            self.restore_overflow = true;
        }
    }

    /// Sends back what was saved, twice: gateways need the routes to them first. What the kernel restored
    /// by itself is there already, which is no error.
    fn restore(&mut self, host: &mut dyn Host) -> Result<(), Errno> {
        if core::mem::take(&mut self.restore_overflow) {
            let problem = Problem::Full("RESTORE_OCTETS");
            self.complain(
                host,
                Severity::Error,
                Origin::NONE,
                &"restored routes",
                problem,
                Effect::PartIgnored,
            );
        }
        for _ in 0..2 {
            let mut rest = 0..self.buffers.restore.len();
            while !rest.is_empty() {
                rest = self.restore_batch(host, rest)?;
            }
        }
        self.buffers.restore.clear();
        Ok(())
    }

    /// Sends as many saved messages as one datagram holds, and returns what is left.
    fn restore_batch(
        &mut self,
        host: &mut dyn Host,
        mut rest: Range<usize>,
    ) -> Result<Range<usize>, Errno> {
        let mut seq = self.seq;
        let mut writer = Writer::new(self.buffers.batch);
        while writer.requests() < BATCH_REQUESTS {
            let saved = self.buffers.restore.get(rest.clone()).unwrap_or_default();
            let Some((kind, payload)) = first_message(saved) else {
                rest.start = rest.end;
                break;
            };
            writer.begin(kind, NLM_F_CREATE | NLM_F_EXCL, seq.wrapping_add(1));
            writer.header(payload);
            if writer.finish().is_err() {
                break;
            }
            seq = seq.wrapping_add(1);
            rest.start = rest
                .start
                .saturating_add(payload.len())
                .saturating_add(SAVED_HEADER);
        }
        if writer.requests() == 0 {
            return Ok(rest.end..rest.end);
        }
        writer.acknowledge_last();
        host.send(writer.written())?;
        self.seq = seq;
        let reply = core::mem::take(&mut self.buffers.reply);
        let answered = await_answer(host, reply, seq);
        self.buffers.reply = reply;
        answered.map(|()| rest)
    }
}

/// Octets before each saved message: its type and length.
const SAVED_HEADER: usize = 4;

/// The first saved message: its type and payload.
fn first_message(saved: &[u8]) -> Option<(u16, &[u8])> {
    let ([k0, k1, l0, l1], rest) = saved.split_first_chunk::<SAVED_HEADER>()?;
    let len = usize::from(u16::from_ne_bytes([*l0, *l1]));
    Some((u16::from_ne_bytes([*k0, *k1]), rest.get(..len)?))
}

/// Reads answers until that to `seq`; errors of single messages do not matter here.
fn await_answer(host: &mut dyn Host, reply: &mut [u8], seq: u32) -> Result<(), Errno> {
    loop {
        let len = host.receive(reply)?;
        let mut messages = netlink::messages(reply.get(..len).unwrap_or_default());
        if messages.any(|message| message.kind == NLMSG_ERROR && message.seq == seq) {
            return Ok(());
        }
    }
}
