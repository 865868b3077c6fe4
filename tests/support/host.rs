//! The outside world of the engine, made of the fake kernel, a clock that stands still and a table of files.

use super::kernel::Kernel;
use super::nouns::*;
use ifdawn::diag::{Diagnostic, Errno, Severity, Sink};
use ifdawn::engine::{Host, Instant, OutputFile, Packet, Settled};
use ifdawn::model::link::{IfName, Mac};
use ifdawn::text::show::Show;
use ifdawn::wire::ethtool::Room;
use ifdawn::word;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;

/// See the module.
#[derive(Debug, Default)]
pub struct FakeHost {
    pub kernel: Kernel,
    /// Microseconds.
    pub now: u64,
    /// `owned-IF`, `state.json`, `resolv.conf`, `hostname`. A host name can be set where there is a file.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Links that udev is not done with.
    pub unsettled: BTreeSet<u32>,
    /// Every complaint, as `severity: line`, once.
    pub complaints: Vec<String>,
    /// Every progress line, as `link: news`.
    pub news: Vec<String>,
    /// Every operation that was sent, as its command.
    pub sent: Vec<String>,
    /// Every packet that was sent on a link: its number, what it is, whereto, octets.
    pub frames: Vec<(u32, Packet, Mac, Vec<u8>)>,
    /// Every datagram to a server: the link's number, from, to, octets.
    pub datagrams: Vec<(u32, Ipv4Addr, Ipv4Addr, Vec<u8>)>,
    /// Of the answers to the datagram with this number (from 0) so many fit the receive buffer.
    pub overrun: Option<(usize, usize)>,
    /// Nothing is told of links: none has changed.
    pub is_quiet: bool,
    /// The name of every file that was written, as often as it was.
    pub written: Vec<String>,
    answers: VecDeque<Vec<u8>>,
    owned: Vec<String>,
}

impl FakeHost {
    pub fn new(kernel: Kernel) -> FakeHost {
        FakeHost {
            kernel,
            ..FakeHost::default()
        }
    }

    /// The text of a file; empty where there is none.
    pub fn file(&self, name: &str) -> String {
        let octets = self.files.get(name).cloned().unwrap_or_default();
        String::from_utf8(octets).expect("text")
    }

    /// Complaints that contain `text`.
    pub fn said(&self, text: &str) -> usize {
        let has = |line: &&String| line.contains(text);
        self.complaints.iter().filter(has).count()
    }

    /// How many requests that change something `act` sends.
    pub fn changes_in(&mut self, act: impl FnOnce(&mut FakeHost)) -> usize {
        let before = self.kernel.changes();
        act(self);
        self.kernel.changes() - before
    }
}

/// A file's name in [`FakeHost::files`].
pub fn file_name(file: OutputFile<'_>) -> String {
    match file {
        OutputFile::Owned(link) => format!("owned-{link}"),
        OutputFile::Lease(link) => format!("lease-{link}"),
        OutputFile::Lease6(link) => format!("lease6-{link}"),
        OutputFile::Knob(link, knob) => format!("{link}{knob:?}"),
        OutputFile::MachineId => "machine-id".to_owned(),
        OutputFile::State => "state.json".to_owned(),
        OutputFile::ResolvConf => "resolv.conf".to_owned(),
        OutputFile::Hostname => "hostname".to_owned(),
    }
}

impl Sink for FakeHost {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let severity = match diagnostic.complaint.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let line = format!("{severity}: {diagnostic}");
        if !self.complaints.contains(&line) {
            self.complaints.push(line);
        }
    }
}

impl Host for FakeHost {
    fn now(&mut self) -> Instant {
        Instant(self.now)
    }

    fn send(&mut self, requests: &[u8]) -> Result<(), Errno> {
        assert!(requests.len() <= 32 * 1024, "more than a socket takes");
        if let Some((at, room)) = self.overrun
            && at == self.kernel.datagrams.len()
        {
            self.kernel.overrun_after(room);
        }
        let answers = self.kernel.receive_datagram(requests);
        self.answers.extend(answers);
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        if self.kernel.take_overrun() {
            return Err(Errno::ENOBUFS);
        }
        let answer = self.answers.pop_front();
        let answer = answer.expect("the engine waits for an answer that never comes");
        let room = buffer.get_mut(..answer.len()).ok_or(Errno::EMSGSIZE)?;
        room.copy_from_slice(&answer);
        Ok(answer.len())
    }

    fn have_links_changed(&mut self) -> bool {
        !self.is_quiet
    }

    fn is_settled(&mut self, ifindex: u32) -> Settled {
        match self.unsettled.contains(&ifindex) {
            true => Settled::NotYet,
            false => Settled::Yes,
        }
    }

    fn read(&mut self, file: OutputFile<'_>) -> Result<&[u8], Errno> {
        let file = self.files.get(&file_name(file));
        file.map(Vec::as_slice).ok_or(Errno::ENOENT)
    }

    fn write(&mut self, file: OutputFile<'_>, text: &dyn Show) -> Result<(), Errno> {
        let text = text.to_string().into_bytes();
        if let OutputFile::Knob(link, knob) = file {
            let names = [
                (word!("mtu"), MTU6),
                (word!("accept_ra"), ACCEPT_RA),
                (word!("autoconf"), AUTOCONF),
                (word!("dad_transmits"), DAD_TRANSMITS),
                (word!("use_tempaddr"), USE_TEMPADDR),
                (word!("accept_ra_defrtr"), ACCEPT_RA_DEFRTR),
                (
                    word!("accept_ra_rt_info_max_plen"),
                    ACCEPT_RA_RT_INFO_MAX_PLEN,
                ),
                (word!("optimistic_dad"), OPTIMISTIC_DAD),
                (word!("disable_ipv6"), DISABLE_IPV6),
                (word!("accept_dad"), ACCEPT_DAD),
                (word!("ra_defrtr_metric"), RA_DEFRTR_METRIC),
            ];
            let links = &mut self.kernel.tables.links;
            let link = links.iter_mut().find(|of| of.name == link.to_string());
            let link = link
                .filter(|link| !link.conf.is_empty())
                .ok_or(Errno::ENOENT)?;
            let known = names.iter().find(|(name, _)| *name == knob);
            let (_, place) = known.expect("a setting that is modelled");
            let text = std::str::from_utf8(&text).expect("a number");
            link.conf[*place] = text.parse().expect("a number");
            return Ok(());
        }
        self.written.push(file_name(file));
        self.files.insert(file_name(file), text);
        Ok(())
    }

    fn remove(&mut self, file: OutputFile<'_>) {
        self.files.remove(&file_name(file));
    }

    fn list_owned(&mut self) {
        let names = self
            .files
            .keys()
            .filter_map(|name| name.strip_prefix("owned-"));
        self.owned = names.map(str::to_owned).collect();
    }

    fn owned(&self, n: usize) -> Option<IfName> {
        let name = self.owned.get(n)?;
        Some(IfName::from_kernel(name.as_bytes()).expect("a link name"))
    }

    fn ethtool(&mut self, _: &IfName, _: &mut [u8], _: &mut Room) -> Result<(), Errno> {
        Err(Errno::EOPNOTSUPP)
    }

    fn progress(&mut self, news: &dyn Show) {
        self.news.push(news.to_string());
    }

    fn transmit(
        &mut self,
        ifindex: u32,
        what: Packet,
        to: &Mac,
        packet: &[u8],
    ) -> Result<(), Errno> {
        self.frames.push((ifindex, what, *to, packet.to_vec()));
        Ok(())
    }

    fn unicast(
        &mut self,
        ifindex: u32,
        from: Ipv4Addr,
        to: Ipv4Addr,
        packet: &[u8],
    ) -> Result<(), Errno> {
        self.datagrams.push((ifindex, from, to, packet.to_vec()));
        Ok(())
    }

    fn trace(&mut self, what: &dyn Show) {
        self.sent.push(what.to_string());
    }
}
