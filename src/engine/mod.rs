//! Observe, resolve, compare, apply, wait: the loop without its file descriptors.
//!
//! ```text
//!  event -> dirty -> observe -> rename -> resolve -> compare -> write owned-IF -> apply -> publish
//! ```
//!
//! The engine is level-triggered: an event only says "look again", and looking again when nothing
//! changed sends nothing. The outside world is behind [`Host`]; a test's host is a model of the kernel.

mod apply;
mod complain;
mod describe6;
pub mod dhcp;
mod down;
mod ethtool;
mod event;
mod hear;
mod hooks;
mod host;
mod imagine;
mod knobs;
mod leases;
mod names;
mod observe;
mod overhear;
mod publish;
mod ready;
mod recall;
mod reload;
mod remake;
mod said;
mod six;
mod watched;
mod wish;

pub(crate) use event::when;
pub use event::{Event, Mark};
pub use host::{Host, Instant, OutputFile, Packet, Settled};
pub(crate) use leases::FAMILIES;
pub(crate) use names::{Names, Original};
pub(crate) use observe::Asked;
pub use publish::ForeignResolvConf;
pub use said::Said;
pub use watched::Watched;
pub use wish::Wish;

use crate::diag::{Errno, Sink};
use crate::limits::RESTORE_OCTETS;
use crate::model::config::{Config, LinkConfig, Str};
use crate::model::desired::Desired;
use crate::model::link::IfName;
use crate::model::observed::Observed;
use crate::output::resolv_conf::ResolvConf;
use crate::packed::{Word, word};
use crate::plan::links;
use crate::plan::rename::LiveRename;
use crate::plan::resolve::{Goal, LinkState, Resolver};
use crate::plan::stack::Stack;
use crate::plan::{Act, Phase, Plan, Step};
use crate::proto::{Addr6, Lessee};
use core::hint::black_box;
use heapless::{Vec, VecView};

/// How it ended, or stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything required is up.
    Up,
    /// Some of it is.
    Partial,
    /// Nothing of it is.
    Down,
    /// No source names any link.
    Nothing,
}

impl Outcome {
    /// The word used in JSON.
    pub fn word(self) -> Word {
        match self {
            Outcome::Up | Outcome::Nothing => word!("up"),
            Outcome::Partial => word!("partial"),
            Outcome::Down => word!("down"),
        }
    }
}

/// Whether there is more to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Everything is decided.
    Done,
    /// Something may still happen, until this time at most.
    Waiting(Instant),
}

/// How often it is looked at most before it is told how it stands.
const ROUNDS: u8 = 8;

/// What ends a look after which there is more to look at.
const AGAIN: Errno = Errno::EAGAIN;

/// Octets in transit.
pub struct Buffers<'m> {
    /// The datagram at hand: requests until they are sent, then their answers.
    pub datagram: &'m mut [u8],
    /// Messages that restore a link which went down to be renamed.
    pub restore: &'m mut Vec<u8, RESTORE_OCTETS>,
}

/// See the module. In memory what is used most comes first: small offsets make short instructions.
#[repr(C)]
pub struct Engine<'m> {
    /// The number of the last request, and of the first one of its datagram.
    pub(crate) seq: u32,
    pub(crate) first_seq: u32,
    /// The step that the first request of the datagram carries out.
    pub(crate) first_step: u32,
    pub(crate) asked: Asked,
    /// Whether the tables changed under the last dump.
    pub(crate) was_interrupted: bool,
    /// How often the same plan was carried out, one look after the other and without an error.
    pub(crate) repeats: u8,
    /// Whether a link that is up is renamed as it is.
    pub live_rename: LiveRename,
    pub(crate) names: Names,
    pub(crate) restore_overflow: bool,
    /// Whether no kernel is asked: its links are those that the configuration names, and it has nothing else.
    pub is_offline: bool,
    /// Whether the link that is examined has anything that somebody else made.
    pub(crate) others: bool,
    /// Whether [`Engine::down`] gives leases back, whatever the configuration says (`--release`).
    pub releases: bool,
    /// Whether this is the first look of [`Engine::converge`], and no link has changed since the last one.
    pub(crate) is_calm: bool,
    /// Whether links may have changed since they were last looked at.
    pub(crate) links_changed: bool,
    /// Whether it is told of anything that [`Engine::converge`] may mend.
    pub is_news: bool,
    /// The kernel's number of the socket that requests are sent by.
    pub(crate) port: u32,
    /// Whether what is desired may have changed since [`Engine::converge`].
    pub look_again: bool,
    /// What becomes of a resolv.conf of somebody else's.
    pub foreign_resolv_conf: ForeignResolvConf,
    /// When the outside world was last asked or heard.
    pub(crate) now: Instant,
    /// Links that ask servers or routers.
    pub lessees: &'m mut VecView<Lessee>,
    /// How far each configured link is.
    pub states: &'m mut VecView<LinkState>,
    /// What shall be.
    pub desired: Desired<'m>,
    /// The kernel's links.
    pub observed: Observed<'m>,
    /// IPv6 addresses of managed links.
    pub(crate) addrs6: &'m mut VecView<Addr6>,
    /// What is to be done.
    pub plan: Plan<'m>,
    /// How deep each configured link lies.
    pub depths: &'m mut VecView<u8>,
    /// The link of which it is looked for what somebody else made.
    pub(crate) examined: u32,
    /// Until when servers are about to answer, as [`Engine::attend`] found.
    pub expects_until: Instant,
    /// When the last wait for something ends; 0: nothing is waited for.
    pub(crate) until: Instant,
    pub(crate) started: Instant,
    /// When the sources were read: waits count from there.
    pub(crate) begun: Instant,
    /// Links that were configured when the sources were read again, as number and name.
    pub(crate) leaving: &'m mut VecView<(u32, IfName)>,
    /// The sum of the steps of the last plan.
    pub(crate) last_plan: u64,
    pub(crate) buffers: Buffers<'m>,
    pub(crate) originals: &'m mut VecView<Original>,
    pub(crate) marks: &'m mut VecView<Mark>,
    /// Links that hooks were told are up, and what they were called then.
    pub(crate) hooked: &'m mut VecView<(u32, IfName)>,
    /// What a link's problems were.
    pub problems: &'m mut VecView<(u32, Str)>,
    /// What is wanted of links that were spoken of one by one, the oldest first.
    pub wishes: &'m mut VecView<(IfName, Wish)>,
    /// Links as they were when they were looked at, and what somebody took away of them.
    pub watched: &'m mut VecView<Watched>,
    pub(crate) resolv_conf: ResolvConf<'m>,
    /// Chance; never 0.
    pub seed: u32,
    /// The upper half of the `xid` of every DHCP message: the filter of a socket lets nothing else in.
    pub xid_tag: u16,
    /// When the time for everything is over (`--timeout`).
    pub time_limit: Instant,
    /// What this run is about.
    pub goal: Goal<'m>,
    /// What the sources said.
    pub config: Config<'m>,
}

impl Engine<'_> {
    /// Forgets what another engine left in the tables, but for [`Engine::wishes`] and what became of links: they
    /// outlive what is read anew.
    pub fn clear(&mut self) {
        self.config.clear();
        self.observed.clear();
        self.desired.clear();
        self.plan.clear();
        self.states.clear();
        self.depths.clear();
        self.problems.clear();
        self.marks.clear();
        self.hooked.clear();
        self.lessees.clear();
        self.addrs6.clear();
        self.buffers.restore.clear();
    }

    /// Sets the clock's zero, from which waits and the timeline count.
    pub fn start(&mut self, now: Instant) {
        (self.started, self.begun) = (now, now);
    }

    /// Observes, compares and fills [`Engine::plan`]; changes nothing. Names in the plan are those the
    /// links will have.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn plan(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.observe_links(host)?;
        loop {
            self.plan.clear();
            self.plan_names(host);
            self.compare(host)?;
            match self.plan_remake(host) {
                Err(AGAIN) => {}
                planned => break planned?,
            }
        }
        self.recall_unmade();
        Ok(())
    }

    /// Makes the kernel what it shall be, as far as its links are there. [`Engine::progress`] says whether there is
    /// more to wait for.
    ///
    /// # Errors
    /// When the kernel cannot be asked, or refuses everything ([`Errno::EPERM`]).
    #[inline(never)]
    pub fn converge(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.look_again = false;
        let mut round = Ok(());
        // A link that vanishes or is renamed under our hands is looked at again, and all of them where answers were
        // lost, a bounded number of times.
        for _ in 0..ROUNDS {
            round = self.round(host);
            if !matches!(round, Err(AGAIN | Errno::ENOBUFS | Errno::EBUSY)) {
                break;
            }
            self.forget_links();
        }
        if round != Err(AGAIN) {
            round?;
        }
        // Before anything else: servers take their time.
        self.attend(host);
        self.finish_links(host);
        self.tell_hooks(host);
        self.publish(host);
        Ok(())
    }

    /// Looks, and does what is to be done; [`AGAIN`] where there is more to look at.
    #[inline(never)]
    fn round(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.until = Instant(0);
        self.observe_links(host)?;
        self.rename(host)?;
        self.plan.clear();
        self.compare(host)?;
        let planned = self.plan_remake(host);
        if planned == Err(AGAIN) {
            self.send_plan(host)?;
        }
        planned?;
        if self.plan.phases.have(Phase::DownForOptions) {
            self.dump_things(host, Asked::Save)?;
        }
        self.drop_repeated();
        // Before its address is there: who is killed between the two would ask for another one.
        self.keep_leases(host);
        self.claim(host);
        self.send_plan(host)?;
        self.disown(host);
        let (phases, errors) = (self.plan.phases, self.plan.errors);
        if errors.any() {
            self.repeats = 0;
        }
        if phases.have(Phase::DownForOptions) {
            self.restore(host)?;
        }
        // The kernel may drop more than was deleted: secondary addresses go with their primary one.
        let has_more = phases.have(Phase::DownForOptions) || phases.reach(Phase::DeleteRoutes);
        // Once its ports are in, a bond may be told which one it prefers.
        let joins = |step: &Step| step.act == Act::Enslave && step.errno.is_none();
        let has_joined = self.plan.steps.iter().any(joins);
        if errors.have(Errno::ENODEV)
            || phases.have(Phase::Make)
            || has_joined
            || has_more && !errors.any()
        {
            return Err(AGAIN);
        }
        if phases.have(Phase::Up) {
            // Only for the clients: what was told meanwhile asks for a whole look.
            self.look_at_links(host)?;
        }
        Ok(())
    }

    /// Whether there is more to wait for, as [`Engine::converge`] found.
    pub fn progress(&self) -> Progress {
        match self.now < self.until {
            true => Progress::Waiting(self.until),
            false => Progress::Done,
        }
    }

    /// Whether a source names the link, or speaks of any link.
    #[inline(never)]
    pub fn is_configured(&self, name: &IfName) -> bool {
        self.config
            .links
            .iter()
            .any(|link| link.name.is_none() || name.is(&link.name))
    }

    /// Whether everything required is up.
    #[inline(never)]
    pub fn outcome(&self) -> Outcome {
        let (mut is_asked, mut is_up, mut is_missing) = (false, false, false);
        let mut n = 0_usize;
        while let Some((link, state)) = self.link_at(n) {
            if state != LinkState::NotAsked {
                is_asked = true;
                is_up |= state == LinkState::Up;
                is_missing |= state != LinkState::Up && self.is_required(link, state);
            }
            n = n.wrapping_add(1);
        }
        match (is_asked, is_missing, is_up) {
            (false, _, _) => Outcome::Nothing,
            (true, false, _) => Outcome::Up,
            (true, true, true) => Outcome::Partial,
            (true, true, false) => Outcome::Down,
        }
    }

    #[inline(never)]
    fn resolve(&mut self, host: &mut impl Host) {
        let mut stack = Stack {
            config: &self.config,
            observed: &mut self.observed,
            goal: self.goal.with(self.wishes),
            depths: self.depths,
            sink: host,
        };
        stack.build();
        self.refuse_again();
        self.resolver(host).links();
        self.meet_lessees(host);
        let now = self.now;
        let mut resolver = self.resolver(host);
        resolver.leases(now);
        resolver.routes();
        if resolver.goal.stays {
            resolver.withdraw();
            resolver.connected();
        }
    }

    /// Resolve, read what is ours, look at addresses and routes, compare.
    #[inline(never)]
    fn compare(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.resolve(host);
        if !self.is_offline {
            self.recall_owned(host);
        }
        links::diff_links(
            &mut self.desired,
            &self.observed,
            &self.config,
            &mut self.plan,
        );
        self.compare_ethtool(host);
        self.observe_things(host)
    }

    /// The configured link number `n`, and how far it is.
    #[inline(never)]
    pub fn link_at(&self, n: usize) -> Option<(&LinkConfig, LinkState)> {
        // Where the compiler sees what is looked at, each caller looks it up.
        let engine = black_box(self);
        let state = engine.states.get(n)?;
        Some((engine.config.links.get(n)?, *state))
    }
}

impl<'m> Engine<'m> {
    /// What fills the desired state.
    #[inline(never)]
    fn resolver<'a>(&'a mut self, sink: &'a mut dyn Sink) -> Resolver<'a, 'm> {
        Resolver {
            config: &self.config,
            observed: &self.observed,
            goal: self.goal.with(self.wishes),
            desired: &mut self.desired,
            states: self.states,
            depths: self.depths,
            sink,
            last_link: 0,
            lessees: self.lessees,
            root_link: None,
        }
    }
}

/// Removes what `is_it` fits, and keeps the order of the rest. Shorter than [`VecView::retain`], which has a loop
/// for what stands before the first one that goes, and another one.
fn remove<T>(table: &mut VecView<T>, mut is_it: impl FnMut(&T) -> bool) {
    while let Some(n) = table.iter().position(&mut is_it) {
        table.remove(n);
    }
}
