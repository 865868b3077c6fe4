//! What the engine tells others: a link's end state, resolv.conf, the host name, state.json.

use super::{Engine, Host, Instant, OutputFile, Subject};
use crate::diag::{Effect, Errno, Origin, Problem, Severity};
use crate::model::config::{IpConfig, LinkConfig, LinkId, Method, SourceKind};
use crate::model::link::IfName;
use crate::output::json::Octets;
use crate::output::owned::{self, Item};
use crate::output::resolv_conf::MARKER;
use crate::output::state::{self, State};
use crate::plan::resolve::LinkState;
use crate::plan::{Act, Step};
use core::fmt::{self, Display, Write};

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
    /// Decides whether a link whose static part is done is up.
    pub(super) fn finish_link(&mut self, id: LinkId, host: &mut dyn Host) {
        let Some(config) = self.config.link(id).copied() else {
            return;
        };
        let mut state = LinkState::Up;
        let mut missing_for_good = None;
        for (ip, missing) in [
            (&config.ipv4, "DHCPv4 is not available in this version"),
            (
                &config.ipv6,
                "router discovery and DHCPv6 are not available in this version",
            ),
        ] {
            if is_available(ip) {
                continue;
            }
            let severity = match ip.required || !has_available(&config) {
                true => Severity::Error,
                false => Severity::Warning,
            };
            if severity == Severity::Error {
                state = LinkState::Failed;
                missing_for_good = Some(missing);
            }
            let problem = Problem::NotAvailable(missing);
            self.complain(
                host,
                severity,
                ip.origin,
                &Subject(config.matches),
                problem,
                Effect::MethodSkipped,
            );
        }
        if let Some(slot) = self.states.get_mut(usize::from(id.0)) {
            *slot = state;
        }
        for n in 0..self.desired.links.len() {
            let Some(link) = self
                .desired
                .links
                .get(n)
                .copied()
                .filter(|link| link.config == Some(id))
            else {
                continue;
            };
            if let Some(missing) = missing_for_good {
                self.remember_problem(link.ifindex, missing.as_bytes());
            }
            let now = host.now();
            self.mark(
                link.ifindex,
                if state == LinkState::Up {
                    "done"
                } else {
                    "failed"
                },
                now,
            );
            let just_up = |step: &Step| step.act == Act::Up && step.n == n as u32;
            let had_time = !self.plan.steps.iter().any(just_up);
            let has_carrier = self
                .observed
                .by_index(link.ifindex)
                .is_none_or(|link| link.has_carrier());
            if had_time && !has_carrier {
                self.complain(
                    host,
                    Severity::Warning,
                    link.origin,
                    &link.name,
                    Problem::NoCarrier,
                    Effect::None,
                );
            }
            if state == LinkState::Up {
                host.progress(
                    link.name,
                    &News {
                        engine: self,
                        ifindex: link.ifindex,
                    },
                );
            }
        }
    }

    /// Writes resolv.conf, the host name and the state.
    pub(super) fn publish(&mut self, host: &mut dyn Host) {
        self.publish_resolv_conf(host, None);
        self.publish_hostname(host);
    }

    /// The text resolv.conf shall have: `nameserver=` first, then the links of this run in the order of
    /// the configuration, then what other links brought in earlier runs. `without` is a link going down.
    pub fn gather_resolv_conf(&mut self, host: &mut dyn Host, without: Option<IfName>) {
        self.resolv_conf.clear();
        self.resolv_conf.add_link(&self.config, None);
        for n in 0..self.states.len() {
            let is_up = !matches!(
                self.states.get(n),
                None | Some(
                    LinkState::NotAsked | LinkState::WaitingDevice | LinkState::WaitingUdev
                )
            );
            if is_up {
                self.resolv_conf
                    .add_link(&self.config, u16::try_from(n).ok().map(LinkId));
            }
        }
        let (config, conf, desired) = (&mut self.config, &mut self.resolv_conf, &self.desired);
        let mut names = heapless::Vec::<IfName, 64>::new();
        host.owned_links(&mut |name| {
            if Some(name) != without && !desired.links.iter().any(|link| link.name == name) {
                let _ = names.push(name);
            }
        });
        for name in names {
            let _ = host.read(OutputFile::Owned(name), &mut |text| {
                owned::read(text, &mut |item| match item {
                    Item::Dns(addr) => conf.add_server(addr),
                    Item::Search(domain) => conf.add_domain(config, domain),
                    Item::Link(_)
                    | Item::Up
                    | Item::Addr(..)
                    | Item::Route(_)
                    | Item::Unknown(_) => {}
                });
            });
        }
    }

    /// Writes resolv.conf if it is ours and differs.
    pub fn publish_resolv_conf(&mut self, host: &mut dyn Host, without: Option<IfName>) {
        self.gather_resolv_conf(host, without);
        let found = self.resolv_conf_on_disk(host);
        match found {
            OnDisk::Same => {}
            OnDisk::Absent | OnDisk::Empty if self.resolv_conf.is_empty() => {}
            OnDisk::Foreign if self.resolv_conf.is_empty() => {}
            OnDisk::Foreign if self.foreign_resolv_conf == ForeignResolvConf::Kept => {
                let problem =
                    Problem::Says("was written by somebody else (its first line is not ours)");
                self.complain(
                    host,
                    Severity::Warning,
                    Origin::NONE,
                    &"resolv.conf",
                    problem,
                    Effect::FileKept,
                );
            }
            OnDisk::Absent | OnDisk::Empty | OnDisk::Ours | OnDisk::Foreign => {
                let written =
                    host.write(OutputFile::ResolvConf, &self.resolv_conf.text(&self.config));
                if let Err(errno) = written {
                    let problem = Problem::File(errno);
                    self.complain(
                        host,
                        Severity::Error,
                        Origin::NONE,
                        &"resolv.conf",
                        problem,
                        Effect::NotSet,
                    );
                }
                if self.resolv_conf.servers.len() > SERVERS_READ {
                    let problem = Problem::Says(
                        "names more than three servers; the resolver reads the first three",
                    );
                    self.complain(
                        host,
                        Severity::Note,
                        Origin::NONE,
                        &"resolv.conf",
                        problem,
                        Effect::None,
                    );
                }
            }
        }
    }

    fn resolv_conf_on_disk(&mut self, host: &mut dyn Host) -> OnDisk {
        let (config, conf) = (&self.config, &self.resolv_conf);
        let mut found = OnDisk::Absent;
        let _ = host.read(OutputFile::ResolvConf, &mut |text| {
            let mut compare = Compare(Some(text));
            let _ = write!(compare, "{}", conf.text(config));
            found = match text.split(|octet| *octet == b'\n').next() {
                _ if compare.0 == Some(b"") => OnDisk::Same,
                _ if text.trim_ascii().is_empty() => OnDisk::Empty,
                Some(first) if first == MARKER.as_bytes() => OnDisk::Ours,
                Some(_) | None => OnDisk::Foreign,
            };
        });
        found
    }

    /// Sets the host name if none is set, or the command line names one.
    fn publish_hostname(&mut self, host: &mut dyn Host) {
        let Some(name) = self.config.global.hostname else {
            return;
        };
        let wanted = self.config.text(name);
        let mut is_set = false;
        let read = host.read(OutputFile::Hostname, &mut |text| {
            let have = text.trim_ascii();
            let unset = matches!(
                have,
                b"" | b"localhost" | b"(none)" | b"localhost.localdomain"
            );
            is_set = have == wanted
                || !unset && self.config.global.hostname_source != SourceKind::Cmdline;
        });
        if read == Err(Errno::ENOENT) || is_set {
            return;
        }
        if let Err(errno) = host.write(OutputFile::Hostname, &Octets(wanted)) {
            self.complain(
                host,
                Severity::Error,
                Origin::NONE,
                &"hostname",
                Problem::File(errno),
                Effect::NotSet,
            );
        }
    }

    /// Whether resolv.conf would be written.
    pub fn resolv_conf_differs(&mut self, host: &mut dyn Host) -> bool {
        self.gather_resolv_conf(host, None);
        match self.resolv_conf_on_disk(host) {
            OnDisk::Same => false,
            OnDisk::Absent | OnDisk::Empty => !self.resolv_conf.is_empty(),
            OnDisk::Ours => true,
            OnDisk::Foreign => {
                self.foreign_resolv_conf == ForeignResolvConf::Replaced
                    && !self.resolv_conf.is_empty()
            }
        }
    }

    /// The lines that [`Engine::resolv_conf_differs`] was asked about.
    pub fn each_resolv_conf_line(&self, each: &mut dyn FnMut(&dyn Display)) {
        if !self.resolv_conf.search.is_empty() {
            let domains = self.resolv_conf.domains(&self.config);
            each(&format_args!("search{domains}"));
        }
        for server in self.resolv_conf.servers.iter() {
            each(&format_args!("nameserver {server}"));
        }
    }

    /// Writes state.json: the links of this run, and those of earlier runs that this one did not look at.
    pub fn publish_state(&mut self, host: &mut dyn Host) {
        self.write_state(host, None);
    }

    /// Writes state.json without a link that went down.
    pub fn publish_state_without(&mut self, host: &mut dyn Host, name: IfName) {
        self.write_state(host, Some(name));
    }

    fn write_state(&mut self, host: &mut dyn Host, without: Option<IfName>) {
        let mut old = heapless::Vec::<u8, { state::MAX_CARRIED }>::new();
        let mut carried = Ok(());
        let gone = |name: &[u8]| without.is_some_and(|without| without.as_bytes() == name);
        let _ = host.read(OutputFile::State, &mut |text| {
            carried = state::carry(
                text,
                &mut |name| gone(name) || self.reports_on(name),
                &mut old,
            );
        });
        if carried.is_err() {
            let problem = Problem::Says("was not written by us, or is too long to merge");
            self.complain(
                host,
                Severity::Warning,
                Origin::NONE,
                &"state.json",
                problem,
                Effect::PartIgnored,
            );
        }
        let text = State {
            engine: self,
            carried: &old,
        };
        if let Err(errno) = host.write(OutputFile::State, &text) {
            let problem = Problem::File(errno);
            self.complain(
                host,
                Severity::Warning,
                Origin::NONE,
                &"state.json",
                problem,
                Effect::NotSet,
            );
        }
    }

    fn reports_on(&self, name: &[u8]) -> bool {
        let asked = |(link, state): (&LinkConfig, &LinkState)| {
            *state != LinkState::NotAsked && link.name.is_some_and(|link| link.as_bytes() == name)
        };
        self.desired
            .links
            .iter()
            .any(|link| link.name.as_bytes() == name)
            || self.config.links.iter().zip(self.states.iter()).any(asked)
    }

    /// Adds a problem of a link to the state.
    pub(super) fn remember_problem(&mut self, ifindex: u32, problem: &[u8]) {
        if let Some(kept) = self.config.keep(problem) {
            let _ = self.problems.push((ifindex, kept));
        }
    }

    /// When the run began.
    pub fn started(&self) -> Instant {
        self.started
    }
}

/// Whether this version can do what the family asks for.
fn is_available(ip: &IpConfig) -> bool {
    match ip.method {
        Method::Ignore | Method::Disabled | Method::Static => true,
        Method::LinkLocal | Method::Dhcp | Method::Auto => false,
    }
}

/// Whether a family that gives addresses is available.
fn has_available(config: &LinkConfig) -> bool {
    [&config.ipv4, &config.ipv6]
        .iter()
        .any(|ip| ip.method == Method::Static)
}

/// What stands in the place of resolv.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDisk {
    Absent,
    Empty,
    Same,
    Ours,
    Foreign,
}

/// Compares what is written with octets; ends as `Some("")` where they are equal.
struct Compare<'a>(Option<&'a [u8]>);

impl Write for Compare<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.and_then(|rest| rest.strip_prefix(text.as_bytes()));
        Ok(())
    }
}

/// A link's addresses, for the progress line.
struct News<'a, 'm> {
    engine: &'a Engine<'m>,
    ifindex: u32,
}

impl Display for News<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("up")?;
        for addr in self
            .engine
            .desired
            .addrs
            .iter()
            .filter(|addr| addr.ifindex == self.ifindex)
        {
            write!(f, ", {}", addr.addr)?;
        }
        let routes = self
            .engine
            .desired
            .routes
            .iter()
            .filter(|route| route.ifindex == self.ifindex);
        for via in routes
            .filter(|route| route.route.dst.is_default())
            .filter_map(|route| route.route.via)
        {
            write!(f, ", default via {via}")?;
        }
        Ok(())
    }
}
