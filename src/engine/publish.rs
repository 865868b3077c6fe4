//! What the engine tells others: a link's end state, resolv.conf, the host name, state.json.

use super::complain::{tell, write};
use super::leases::{NOTHING, lessee_of};
use super::{Engine, Event, Host, Instant, OutputFile, remove};
use crate::diag::{Complaint, Effect, Errno, LineBuf, Origin, Problem, Severity, Subject};
use crate::machine::clear;
use crate::model::addr::Family;
use crate::model::config::{GlobalText, LinkConfig, LinkId, LinkMatch, Method, SourceKind, Wait};
use crate::model::desired::{DesiredLink, FOREVER, What};
use crate::model::lease::Field;
use crate::model::lease6::Field6;
use crate::model::link::IfName;
use crate::model::observed::Observed;
use crate::output::hook::Hook;
use crate::output::json::{Octets, begins_with};
use crate::output::owned;
use crate::output::resolv_conf::{MARKER, ResolvConf};
use crate::output::state::{self, State};
use crate::packed::{Word, word};
use crate::plan::rename::find_by_mac;
use crate::plan::resolve::{LinkState, set_state};
use crate::plan::{Act, Step};
use crate::text::parts;
use crate::text::show::{Show, Text};
use heapless::VecView;

/// How many servers the resolver reads (`MAXNS`).
const SERVERS_READ: usize = 3;

/// What becomes of a resolv.conf that somebody else wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignResolvConf {
    /// It is kept, with a warning.
    Kept,
    /// It is replaced: in an initramfs nobody else's has a meaning.
    Replaced,
}

impl Engine<'_> {
    /// Decides whether a link whose static part is done is up; until when its lease is waited for.
    #[inline(never)]
    pub(super) fn finish_link(&mut self, id: LinkId, host: &mut impl Host) -> Instant {
        let Some(config) = self.config.link(id) else {
            return Instant(0);
        };
        let (state, until) = self.stage(id, config, host);
        // Of any link, those without a lease go on asking.
        let is_any = matches!(config.matches, LinkMatch::Any);
        set_state(self.states, id, state);
        let mut n = 0_usize;
        while let Some(link) = self.desired.links.get(n)
            && state.awaited().is_none()
        {
            if link.config == Some(id) && (link.leased || !link.asks || !is_any) {
                self.tell_carrier(link, n as u32, host);
                self.finish_desired(n, link.ifindex, state, host);
            }
            n = n.wrapping_add(1);
        }
        until
    }

    /// How far a link is whose static part is done, and until when it is waited for.
    fn stage(&self, id: LinkId, config: &LinkConfig, host: &mut impl Host) -> (LinkState, Instant) {
        const ALONE: Complaint = Complaint::warning(Problem::NoPartnerYet, Effect::None);
        if let Some(link) = self.link_of(id) {
            if self.lacks_port(link) {
                return (LinkState::WaitingPort, Instant(0));
            }
            if let Some(until) = self.partner_wait(link) {
                if self.now < until {
                    // Nothing tells of a partner.
                    return (
                        LinkState::WaitingPartner,
                        until.min(self.now.after_seconds(1)),
                    );
                }
                self.complain_of_link(ALONE, config.origin, config, host);
            }
        }
        let (ipv4, ipv6) = (&config.ipv4, &config.ipv6);
        let (mut four, mut six) = (
            self.awaited(id, config, Family::V4, host),
            self.awaited(id, config, Family::V6, host),
        );
        // What does not come in time, and whose.
        let (mut given_up, mut origin) = (LinkState::Up, ipv4.origin);
        if six.0 == LinkState::Up {
            let is_managed = !matches!(ipv6.method, Method::Ignore | Method::Disabled);
            if !ipv4.required && (is_managed || self.has_addr(id, Family::V6)) {
                let seconds = self.config.global.timeouts.of(Wait::IpRequired);
                four.1 = four.1.min(self.begun.after_seconds(seconds));
                four.1 = four.1.min(self.time_limit);
                if self.now >= four.1 {
                    (given_up, four) = (four.0, NOTHING);
                }
            }
        } else if four.0 == LinkState::Up && (ipv4.asks() || self.has_addr(id, Family::V4)) {
            // What IPv4 comes without is waited for only where it was asked for, and while a router may be there.
            let is_absent = config.source == SourceKind::Cmdline && self.has_no_router(id);
            if is_absent && ipv6.required {
                (given_up, origin) = (LinkState::WaitingRa, ipv6.origin);
            }
            if is_absent || !ipv6.required {
                six = NOTHING;
            }
        }
        // Of both the one that is waited for longer.
        let (mut state, until) = match four.0 == LinkState::Up || four.1 < six.1 {
            true => six,
            false => four,
        };
        let (mut severity, mut problem) = (Severity::Warning, given_up.awaited());
        // This version has no link-local addresses of IPv4.
        if state == LinkState::Up && ipv4.method == Method::LinkLocal {
            problem = Some(Problem::NoIpv4ll);
            if ipv4.required || !self.has_addr(id, Family::V6) {
                (state, severity) = (LinkState::Failed, Severity::Error);
            }
        }
        if let Some(problem) = problem {
            let complaint = Complaint::new(severity, problem, Effect::MethodSkipped);
            self.complain_of_link(complaint, origin, config, host);
        }
        (state, until)
    }

    /// Complains of a configured link.
    #[inline(never)]
    fn complain_of_link(
        &self,
        complaint: Complaint,
        origin: Origin,
        config: &LinkConfig,
        host: &mut impl Host,
    ) {
        self.complain_of(host, complaint, origin, Subject::Matches(&config.matches));
    }

    /// Whether the configuration gives a link an address of this family.
    pub(super) fn has_addr(&self, id: LinkId, family: Family) -> bool {
        let mut addrs = self.config.addrs.iter();
        addrs.any(|addr| addr.link == id && addr.addr.family() == family)
    }

    /// Complains about the desired link `n` where it has no carrier, unless it just came up.
    fn tell_carrier(&self, link: &DesiredLink, n: u32, host: &mut impl Host) {
        const NO_CARRIER: Complaint = Complaint::warning(Problem::NoCarrier, Effect::None);
        let just_up = |step: &Step| step.act == Act::Up && step.n == n;
        let observed = self.observed.by_index(link.ifindex);
        if observed.is_some_and(|link| !link.has_carrier()) && !self.plan.steps.iter().any(just_up)
        {
            self.complain_of(host, NO_CARRIER, link.origin, Subject::Link(&link.name));
        }
    }

    /// Tells how the desired link `n` ended.
    fn finish_desired(&mut self, n: usize, ifindex: u32, state: LinkState, host: &mut impl Host) {
        if state == LinkState::Failed {
            self.mark(ifindex, Event::Failed);
            self.put_down(ifindex, Problem::NoIpv4ll);
        } else if self.mark(ifindex, Event::Done) == self.now {
            self.forget_problems(ifindex);
            host.progress(&News { engine: self, n });
        }
    }

    /// Writes resolv.conf and the host name.
    pub(super) fn publish(&mut self, host: &mut impl Host) {
        self.publish_resolv_conf(host);
        self.publish_hostname(host);
    }

    /// The text resolv.conf shall have: `nameserver=` first, then the links in the order of the configuration,
    /// as this run or an earlier one brought them up, then other links. A link that goes down is desired, and
    /// nothing configures it.
    fn gather_resolv_conf(&mut self, host: &mut impl Host) {
        let (config, conf) = (&self.config, &mut self.resolv_conf);
        let links = &*self.desired.links;
        let lessees = &*self.lessees;
        conf.begin();
        owned::names(config, None, None, None, conf);
        for (id, link) in config.links_with_ids() {
            let state = self.states.get(id.place());
            if state.is_some_and(|state| *state != LinkState::NotAsked && !state.lacks_link()) {
                owned::names(config, Some(id), None, None, conf);
                for desired in links.iter() {
                    if desired.config == Some(id) {
                        let lessee = lessee_of(lessees, desired.ifindex);
                        owned::names(config, Some(id), lessee, Some(desired), conf);
                    }
                }
            } else if let Some(name) = name_of(link, &self.observed) {
                add_others(conf, links, &self.observed, name, host);
            }
        }
        host.list_owned();
        let mut n = 0;
        while let Some(name) = &host.owned(n) {
            add_others(conf, links, &self.observed, name, host);
            n = n.wrapping_add(1);
        }
        let options = GlobalText::ResolvOptions.of(&config.global);
        conf.end(config.text_or_none(&options));
    }

    /// Writes resolv.conf if it is ours and differs.
    #[inline(never)]
    pub fn publish_resolv_conf(&mut self, host: &mut impl Host) {
        const FOREIGN: Complaint = Complaint::warning(Problem::WrittenByOthers, Effect::FileKept);
        const TOO_MANY: Complaint = Complaint::note(Problem::ManyServers, Effect::None);
        let complaint = match self.compare_resolv_conf(host) {
            OnDisk::AsItShallBe => return,
            OnDisk::Foreign => FOREIGN,
            OnDisk::Differs => {
                if write(host, OutputFile::ResolvConf, &Octets(self.resolv_conf.text)) {
                    host.hook(Hook::DnsChange, b"", &Octets(b"\n"));
                }
                let unread = parts::nth(self.resolv_conf.servers, b'\n', SERVERS_READ);
                if unread.is_empty() {
                    return;
                }
                TOO_MANY
            }
        };
        tell(host, complaint, Subject::ResolvConf);
    }

    /// Gathers what resolv.conf shall be, and compares it with what stands in its place.
    #[inline(never)]
    fn compare_resolv_conf(&mut self, host: &mut impl Host) -> OnDisk {
        self.gather_resolv_conf(host);
        let conf = &self.resolv_conf;
        let text = what_is_there(host, OutputFile::ResolvConf);
        let is_ours = parts::nth(text, b'\n', 0) == MARKER.as_bytes();
        if text == &**conf.text || conf.is_empty() && !is_ours {
            OnDisk::AsItShallBe
        } else if is_ours
            || self.foreign_resolv_conf == ForeignResolvConf::Replaced
            || parts::trim(text).is_empty()
        {
            OnDisk::Differs
        } else {
            OnDisk::Foreign
        }
    }

    /// The host name of the first lease that has one; empty without any.
    fn leased_hostname(&self) -> &[u8] {
        for link in self.desired.links.iter() {
            if let Some(lessee) = self.lessee(link.ifindex) {
                let mut name: &[u8] = b"";
                if link.leased {
                    name = lessee.lease.get(Field::Hostname);
                }
                if name.is_empty() && lessee.client6.holds() {
                    name = lessee.lease6.get(Field6::Fqdn);
                }
                if !name.is_empty() {
                    return name;
                }
            }
        }
        b""
    }

    /// Sets the host name if none is set, or the command line names one.
    fn publish_hostname(&self, host: &mut impl Host) {
        let wanted = match self.config.global.hostname {
            Some(name) => self.config.text(name),
            None => self.leased_hostname(),
        };
        let of_cmdline = self.config.global.hostname_source == SourceKind::Cmdline;
        let have = match host.read(OutputFile::Hostname) {
            Err(Errno::ENOENT) => return,
            have => parts::trim(have.unwrap_or_default()),
        };
        if have == wanted
            || wanted.is_empty()
            || !of_cmdline && UNSET_HOSTNAMES.text().position(have).is_none()
        {
            return;
        }
        if write(host, OutputFile::Hostname, &Octets(wanted)) {
            host.hook(Hook::Hostname, b"none", &Octets(b"\n"));
        }
    }

    /// Whether resolv.conf would be written.
    pub fn resolv_conf_differs(&mut self, host: &mut impl Host) -> bool {
        self.compare_resolv_conf(host) == OnDisk::Differs
    }

    /// The text that [`Engine::resolv_conf_differs`] was asked about.
    pub fn resolv_conf(&self) -> &[u8] {
        self.resolv_conf.text
    }

    /// Writes state.json: the links of this run, and those of earlier runs that this one did not look at.
    #[inline(never)]
    pub fn publish_state(&mut self, host: &mut impl Host) {
        const NOT_MERGED: Complaint = Complaint::warning(Problem::NotMerged, Effect::PartIgnored);
        let text = what_is_there(host, OutputFile::State);
        if !self.carry(text) {
            tell(host, NOT_MERGED, Subject::State);
        }
        write(host, OutputFile::State, &State(self));
    }

    /// Puts the lines of an earlier state.json that are of other links where the name servers of resolv.conf were,
    /// which is written before it; whether it is ours, and not too long.
    pub(crate) fn carry(&mut self, text: &[u8]) -> bool {
        clear(self.resolv_conf.servers);
        if !state::is_ours(text) {
            return text.is_empty();
        }
        let mut rest = Some(text);
        while let Some(line) = state::next_link(&mut rest, &|name| {
            !name.is_empty() && !self.has_looked_at(name)
        }) {
            let carried = &mut *self.resolv_conf.servers;
            let len = carried.len();
            if carried.extend_from_slice(b",\n").is_err()
                || carried.extend_from_slice(line).is_err()
            {
                carried.truncate(len);
                return false;
            }
        }
        true
    }

    /// Whether a line of state.json, from the name on, is of a link that this run has looked at.
    #[inline(never)]
    fn has_looked_at(&self, line: &[u8]) -> bool {
        let is_it = |name: &IfName| begins_with(line, &Octets(name.as_bytes()));
        let mut n = 0_usize;
        while let Some((link, state)) = self.link_at(n) {
            if state != LinkState::NotAsked && link.name.as_ref().is_some_and(is_it) {
                return true;
            }
            n = n.wrapping_add(1);
        }
        let mut links = self.observed.links.iter();
        links.any(|link| link.is_held && is_it(&link.name))
            || self.desired.links.iter().any(|link| is_it(&link.name))
    }

    /// Adds a problem of a link to the state.
    #[inline(never)]
    pub(super) fn remember_problem(&mut self, ifindex: u32, problem: &ProblemText) {
        if let Some(kept) = self.config.keep(problem.as_bytes()) {
            let _ = self.problems.push((ifindex, kept));
        }
    }

    /// Adds a problem of a link that is not there in words.
    #[inline(never)]
    pub(super) fn put_down(&mut self, ifindex: u32, problem: Problem) {
        let mut text = ProblemText::new();
        text.show(&Complaint::note(problem, Effect::None));
        self.remember_problem(ifindex, &text);
    }

    /// Forgets the problems of a link, but where somebody else has an address of it: that is not over.
    #[inline(never)]
    fn forget_problems(&mut self, ifindex: u32) {
        let mut held = self.addrs6.iter();
        if held.any(|held| held.is_duplicate && held.ifindex == ifindex) {
            return;
        }
        remove(self.problems, |problem| problem.0 == ifindex);
    }

    /// When the run began.
    pub fn started(&self) -> Instant {
        self.started
    }
}

/// The name of a link, or of the one with its MAC.
fn name_of<'l>(link: &'l LinkConfig, observed: &'l Observed<'_>) -> Option<&'l IfName> {
    let by_mac = || Some(&find_by_mac(observed, link.matches.mac()?, &None)?.name);
    link.name.as_ref().or_else(by_mac)
}

/// Adds what an earlier run brought up, unless this one has the link, or somebody took it down.
#[inline(never)]
fn add_others(
    conf: &mut ResolvConf<'_>,
    links: &VecView<DesiredLink>,
    observed: &Observed<'_>,
    name: &IfName,
    host: &mut impl Host,
) {
    let is_held = observed.by_name(name).is_some_and(|link| link.is_held);
    if !is_held && !links.iter().any(|link| link.name == *name) {
        conf.add_owned(what_is_there(host, OutputFile::Owned(name)));
    }
}

/// As much of a problem as state.json has room for.
pub(super) type ProblemText = LineBuf<240>;

/// The text of a file; of what is there and no file (a FIFO, a socket, a directory) one that is not ours. Where
/// nothing can be read, writing tells why.
#[inline(never)]
pub(super) fn what_is_there<'h>(host: &'h mut impl Host, file: OutputFile<'_>) -> &'h [u8] {
    match host.read(file) {
        Ok(text) => text,
        Err(Errno::EINVAL | Errno::EISDIR | Errno::ENXIO) => b"?",
        Err(_) => b"",
    }
}

/// Host names that count as none.
const UNSET_HOSTNAMES: Word = word!(",localhost,(none),localhost.localdomain");

/// What stands in the place of resolv.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDisk {
    /// Nothing is to be written.
    AsItShallBe,
    /// Something else, of ours, or nothing.
    Differs,
    /// Somebody else's, which is kept.
    Foreign,
}

/// A link's addresses, for the progress line.
struct News<'a, 'm> {
    engine: &'a Engine<'m>,
    n: usize,
}

impl Show for News<'_, '_> {
    fn show(&self, f: &mut Text<'_>) {
        let Some(link) = self.engine.desired.links.get(self.n) else {
            return;
        };
        link.name.show(f);
        f.word(word!(": up"));
        for thing in self.engine.desired.things.iter() {
            if !thing.is_wanted_on(link.ifindex) {
                continue;
            }
            match (thing.what, &thing.route.via) {
                (What::Addr, _) => {
                    f.show(word!(", "), &thing.route.dst);
                    if thing.valid_secs != FOREVER {
                        f.count(word!(" for "), thing.valid_secs);
                        f.word(word!(" s"));
                    }
                }
                (What::Route, Some(via)) if thing.route.dst.is_default() => {
                    f.show(word!(", default via "), via);
                }
                (What::Route | What::Rule, _) => {}
            }
        }
        for held in self.engine.formed_on(link.ifindex) {
            f.show(word!(", "), &held.addr);
        }
    }
}
