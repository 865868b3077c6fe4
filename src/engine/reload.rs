//! The sources are read again: what was configured and is not any more is taken back, clients that would say the same
//! of themselves go on.

use super::names::Names;
use super::remake::key;
use super::{Engine, Event, Host, Wish, remove};
use crate::diag::Errno;
use crate::model::config::{IpFlag, IpNumber, LinkFlag, LinkId};
use crate::model::index::{HASH_START, hash};

impl Engine<'_> {
    /// Forgets the configuration, which is to be read again before the next look. What is configured now is remembered:
    /// [`Engine::leave`] sees to what is not any more.
    pub fn forget_config(&mut self, host: &mut impl Host) {
        self.begun = host.now();
        self.names = Names::Followed;
        self.remember_configured();
        let mut n = 0_usize;
        while let Some(lessee) = self.lessees.get(n) {
            let description = self.description(lessee.config);
            if let Some(lessee) = self.lessees.get_mut(n) {
                (lessee.description, lessee.config) = (description, LinkId::NONE);
            }
            n = n.wrapping_add(1);
        }
        // What could not be made is tried again.
        remove(self.marks, |mark| mark.event == Event::Failed);
        self.problems.clear();
        self.config.clear();
        self.look_at_everything();
    }

    /// Puts down the links that are configured now.
    fn remember_configured(&mut self) {
        self.leaving.clear();
        for link in self.desired.links.iter() {
            if link.config.is_some() {
                let _ = self.leaving.push((link.ifindex, link.name));
                // What became of it in an earlier life is another thing.
                let key = key(&link.name);
                remove(self.marks, |mark| mark.ifindex == key);
            }
        }
    }

    /// Gives the clients that were left without a configuration that of their links, where they say the same of
    /// themselves with it.
    pub(super) fn describe_again(&mut self) {
        let mut n = 0_usize;
        while let Some(lessee) = self.lessees.get(n) {
            let ifindex = lessee.ifindex;
            if lessee.config == LinkId::NONE
                && let Some(id) = self.desired.link(ifindex).and_then(|link| link.config)
                && lessee.description == self.description(id)
                && let Some(lessee) = self.lessees.get_mut(n)
            {
                lessee.config = id;
            }
            n = n.wrapping_add(1);
        }
    }

    /// A digest of what the client of a configured link says of itself, and of how it asks.
    #[inline(never)]
    fn description(&self, id: LinkId) -> u32 {
        let Some(link) = self.config.link(id) else {
            return 0;
        };
        let mut sum = HASH_START;
        let mut add = |octets: &[u8]| sum = hash(hash(sum, octets), b"\n");
        add(self.config.text_or_none(&self.config.global.hostname));
        // All of them are for DHCP.
        for said in [&link.said, &link.ipv4.said, &link.ipv6.said] {
            for text in &said.texts {
                add(self.config.text_or_none(text));
            }
        }
        add(&[
            link.dhcp4.bootp.into(),
            link.ipv4.asks().into(),
            link.ipv6.asks().into(),
            link.ipv6.method as u8,
            LinkFlag::SendHostname.is_no(link).into(),
            IpFlag::SendHostname.is_no(&link.ipv6).into(),
        ]);
        add(&link.dhcp4.probe_ms.to_ne_bytes());
        add(&IpNumber::Iaid.of(&link.ipv6).unwrap_or(0).to_ne_bytes());
        sum
    }

    /// After the first look with another configuration: what is not configured any more is taken back. What still is,
    /// but would not come up by itself, stays.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn leave(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        let Engine {
            leaving, desired, ..
        } = self;
        remove(leaving, |(ifindex, _)| {
            let link = desired.link(*ifindex);
            link.is_some_and(|link| link.config.is_some())
        });
        self.take_back(host)
    }

    /// What is not configured any more stays as it is.
    pub fn leave_none(&mut self) {
        self.leaving.clear();
    }

    /// The same for a run that knows of no other configuration: what earlier runs made on links that are none of ours
    /// is taken back.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn leave_others(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.miss_others(host);
        self.leave(host)
    }

    /// What earlier runs made on links that are not configured is taken back with what is not any more.
    pub fn miss_others(&mut self, host: &mut impl Host) {
        host.list_owned();
        let mut n = 0;
        while let Some(name) = host.owned(n) {
            let names = self.goal.names;
            if names.is_empty() || names.contains(&name) {
                let link = self.observed.by_name(&name);
                let row = (link.map_or(0, |link| link.ifindex), name);
                if self.config.named(&name).is_none() && !self.leaving.contains(&row) {
                    let _ = self.leaving.push(row);
                }
            }
            n = n.wrapping_add(1);
        }
    }

    /// Takes back all that is configured, and gives leases back.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn release(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        self.releases = true;
        self.remember_configured();
        self.take_back(host)
    }

    fn take_back(&mut self, host: &mut impl Host) -> Result<(), Errno> {
        while let Some((ifindex, name)) = self.leaving.pop() {
            let link = self.observed.by_index(ifindex);
            let name = link.map_or(name, |link| link.name);
            if self.releases || self.config.named(&name).is_none() {
                self.down(&name, host)?;
                self.forget_past(&name);
            } else {
                // `ONBOOT=no` says nothing of now.
                self.wish(&name, Wish::Up);
            }
            self.look_at_everything();
        }
        Ok(())
    }
}
