//! One word of the command line in its handler's hands: its fields, what it may add, and complaints.

use super::{Context, Place};
use crate::diag::{Effect, Escaped, Origin, Problem, Severity};
use crate::model::addr::Family;
use crate::model::config::{
    AddrConfig, Config, IpConfig, LinkConfig, LinkId, LinkMatch, Server, SourceKind, Timeouts,
};
use crate::model::link::{IfName, LinkKind};
use crate::text::cmdline::Word;
use crate::text::scalar::{self, CidrError};
use core::fmt::{self, Display};
use core::net::IpAddr;

/// The word is done with: what was wrong has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported;

/// What a handler answers.
pub type Done = Result<(), Reported>;

/// The parts of a value between `:` that are not in brackets. Every part, a missing one too, is a slice
/// of the value, which is how [`Arg::report`] knows its column.
#[derive(Clone, Copy)]
pub struct Fields<'w> {
    rest: &'w [u8],
    is_done: bool,
}

impl<'w> Fields<'w> {
    /// The first `N` fields, empty where there are fewer.
    pub fn take_all<const N: usize>(&mut self) -> [&'w [u8]; N] {
        let mut fields = [self.rest; N];
        self.fill(&mut fields);
        fields
    }

    #[inline(never)]
    fn fill(&mut self, fields: &mut [&'w [u8]]) {
        for field in fields {
            *field = self.one();
        }
    }

    /// The next field, empty after the last one.
    #[inline(never)]
    pub fn one(&mut self) -> &'w [u8] {
        self.next().unwrap_or(self.rest)
    }

    /// Whether nothing is left, not even an empty field.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// What is left, undivided.
    pub fn rest(&self) -> &'w [u8] {
        self.rest
    }
}

impl<'w> Iterator for Fields<'w> {
    type Item = &'w [u8];

    fn next(&mut self) -> Option<&'w [u8]> {
        if self.is_done {
            return None;
        }
        let mut bracketed = false;
        let mut end = 0_usize;
        for octet in self.rest {
            match octet {
                b'[' => bracketed = true,
                b']' => bracketed = false,
                b':' if !bracketed => break,
                _ => {}
            }
            end = end.saturating_add(1);
        }
        let (field, tail) = self.rest.split_at_checked(end)?;
        self.is_done = tail.is_empty();
        self.rest = tail.get(1..).unwrap_or(tail);
        Some(field)
    }
}

/// A link as words name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which link.
    pub matches: LinkMatch,
    /// Its name, where the word has one.
    pub name: Option<IfName>,
}

impl Device {
    /// A name, a MAC as `52-54-00-12-34-56` or `[52:54:00:12:34:56]`, `enx525400123456` (which is
    /// both), or nothing for any link.
    pub fn parse(text: &[u8]) -> Option<Device> {
        let name = IfName::new(text).filter(|_| scalar::ip(text).is_none() && !text.contains(&0));
        let matches = match (
            scalar::mac(unbracketed(text)).or(scalar::enx_mac(text)),
            name,
        ) {
            (Some(mac), _) => LinkMatch::Mac(mac),
            (None, Some(name)) => LinkMatch::Name(name),
            (None, None) if text.is_empty() => LinkMatch::Any,
            (None, None) => return None,
        };
        Some(Device { matches, name })
    }

    /// A link that is known by `matches` only.
    pub fn of(matches: LinkMatch) -> Device {
        let name = match matches {
            LinkMatch::Name(name) => Some(name),
            LinkMatch::Mac(_) | LinkMatch::Bootif(_) | LinkMatch::Any => None,
        };
        Device { matches, name }
    }

    /// Ethernet, unless name or MAC say InfiniBand.
    pub fn kind(&self) -> LinkKind {
        let is_long = matches!(self.matches, LinkMatch::Mac(mac) if mac.as_bytes().len() == 20);
        let is_ib = self.name.is_some_and(|name| {
            name.as_bytes().starts_with(b"ib") && !name.as_bytes().starts_with(b"ibft")
        });
        if is_long || is_ib {
            LinkKind::Infiniband
        } else {
            LinkKind::Ethernet
        }
    }
}

/// What is in brackets, or all of it.
pub fn unbracketed(text: &[u8]) -> &[u8] {
    scalar::unbracketed(text).unwrap_or(text)
}

/// One word in its handler's hands.
pub struct Arg<'w, 'c, 'm> {
    /// The reader's hands.
    pub cx: &'w mut Context<'c, 'm>,
    /// The word.
    pub word: Word<'w>,
    /// Its key as the table has it.
    pub name: &'static str,
    /// Its value, empty where there is none.
    pub value: &'w [u8],
}

impl<'w> Arg<'w, '_, '_> {
    /// The fields of the value.
    pub fn fields(&self) -> Fields<'w> {
        Fields {
            rest: self.value,
            is_done: false,
        }
    }

    /// Where a field stands.
    pub fn origin(&self, field: &[u8]) -> Origin {
        self.cx.origin(self.place(field))
    }

    fn place(&self, field: &[u8]) -> Place<'w> {
        let value = self.value;
        let offset = field
            .as_ptr()
            .addr()
            .checked_sub(value.as_ptr().addr())
            .filter(|offset| *offset <= value.len())
            .and_then(|offset| u32::try_from(offset).ok());
        Place {
            line: self.word.line,
            column: self.word.value_column.saturating_add(offset.unwrap_or(0)),
            text: self.word.text,
        }
    }

    /// Complains about a field.
    pub fn report(
        &mut self,
        severity: Severity,
        field: &[u8],
        problem: Problem<'_>,
        effect: Effect,
    ) {
        let place = self.place(field);
        let subject = Subject(self.name);
        self.cx
            .complain(severity, place, &subject, field, problem, effect);
    }

    /// The word has no effect.
    #[inline(never)]
    pub fn refuse(&mut self, field: &[u8], problem: Problem<'_>) -> Reported {
        self.report(Severity::Error, field, problem, Effect::WordIgnored);
        Reported
    }

    /// The word has no effect because of an address or its length.
    pub fn refuse_cidr(&mut self, field: &[u8], error: CidrError) -> Reported {
        self.refuse(field, cidr_problem(error))
    }

    /// The field has no effect.
    #[inline(never)]
    pub fn leave_out(&mut self, field: &[u8], problem: Problem<'_>) {
        self.report(Severity::Error, field, problem, Effect::PartIgnored);
    }

    /// What the word adds is more than a table takes.
    #[inline(never)]
    pub fn full(&mut self, limit: &'static str) -> Reported {
        self.leave_out(self.value, Problem::Full(limit));
        Reported
    }

    /// An address; `None` for an empty field and for `0.0.0.0` and `::`. What is no address is left out.
    pub fn address(&mut self, field: &[u8]) -> Option<IpAddr> {
        let addr = scalar::ip(field);
        if addr.is_none() && !field.is_empty() {
            self.leave_out(field, Problem::NotAnAddress);
        }
        addr.filter(|addr| !addr.is_unspecified())
    }

    /// A link; empty for any.
    pub fn device(&mut self, field: &[u8]) -> Result<Device, Reported> {
        Device::parse(field).ok_or_else(|| self.refuse(field, Problem::NotALinkName))
    }

    /// Yes or no; a bare word and an empty value are yes, and so, with a complaint, is anything else.
    pub fn boolean(&mut self) -> bool {
        let value = self.value;
        let said = scalar::boolean(value);
        if said.is_none() && !value.is_empty() {
            self.report(
                Severity::Error,
                value,
                Problem::NotABoolean,
                Effect::DefaultUsed,
            );
        }
        said.unwrap_or(true)
    }

    /// Sets a number of seconds, at least `least`; `infinity` is for ever.
    pub fn seconds(&mut self, least: u32, of: fn(&mut Timeouts) -> &mut u32) -> Done {
        let value = self.value;
        let seconds = match value {
            b"infinity" => Some(u32::MAX),
            digits => scalar::number(digits).filter(|seconds| *seconds >= least),
        };
        let seconds = seconds.ok_or_else(|| self.refuse(value, Problem::NotANumber))?;
        *of(&mut self.cx.config.global.timeouts) = seconds;
        Ok(())
    }

    /// The link the command line describes for `device`, made where it is the first to name it.
    pub fn link(&mut self, device: Device) -> Result<LinkId, Reported> {
        let origin = self.origin(self.value);
        find_link(self.cx.config, device.matches)
            .or_else(|| self.cx.config.add_link(new_link(device, origin)))
            .ok_or_else(|| self.full("MAX_LINKS"))
    }

    /// Adds an address, unless the link has it.
    pub fn add_addr(&mut self, addr: AddrConfig) {
        let addrs = &mut self.cx.config.addrs;
        let is_known = addrs
            .iter()
            .any(|have| have.link == addr.link && have.addr == addr.addr);
        if !is_known && addrs.push(addr).is_err() {
            self.full("MAX_ADDRS");
        }
    }

    /// Adds a name server: one of no link behind the others of no link, before those of links.
    pub fn add_server(&mut self, server: Server) {
        let servers = &mut self.cx.config.servers;
        let goes_last = server.link.is_some();
        let mut carried = server;
        if servers.is_full() {
            self.full("MAX_SERVERS");
            return;
        }
        for have in servers
            .iter_mut()
            .filter(|have| !goes_last && have.link.is_some())
        {
            core::mem::swap(have, &mut carried);
        }
        if servers.push(carried).is_err() {
            self.full("MAX_SERVERS");
        }
    }
}

/// What is wrong with an address or its length.
pub fn cidr_problem(error: CidrError) -> Problem<'static> {
    match error {
        CidrError::Addr => Problem::NotAnAddress,
        CidrError::Len => Problem::BadPrefix,
    }
}

/// The link the command line describes for `matches`.
#[inline(never)]
pub fn find_link(config: &Config<'_>, matches: LinkMatch) -> Option<LinkId> {
    let mut links = config.links_with_ids();
    links
        .find(|(_, link)| link.source == SourceKind::Cmdline && link.matches == matches)
        .map(|(id, _)| id)
}

/// A link of the command line with nothing asked of it but to be up.
#[inline(never)]
pub fn new_link(device: Device, origin: Origin) -> LinkConfig {
    let mut link = LinkConfig::new(device.matches, SourceKind::Cmdline, origin);
    link.name = device.name;
    link.kind = device.kind();
    link
}

/// What the link is asked in one family.
pub fn family_mut(link: &mut LinkConfig, family: Family) -> &mut IpConfig {
    match family {
        Family::V4 => &mut link.ipv4,
        Family::V6 => &mut link.ipv6,
    }
}

/// The key as it is written.
struct Subject(&'static str);

impl Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(self.0.as_bytes()).fmt(f)?;
        f.write_str("=")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn split(text: &str) -> Vec<(&str, usize)> {
        let fields = Fields {
            rest: text.as_bytes(),
            is_done: false,
        };
        let at = |field: &[u8]| field.as_ptr().addr() - text.as_ptr().addr();
        fields
            .map(|field| (core::str::from_utf8(field).unwrap(), at(field)))
            .collect()
    }

    #[test]
    fn colons_in_brackets_do_not_separate() {
        assert_eq!(split(""), [("", 0)]);
        assert_eq!(split("a::b:"), [("a", 0), ("", 2), ("b", 3), ("", 5)]);
        assert_eq!(
            split("[2001:db8::1]/64:x"),
            [("[2001:db8::1]/64", 0), ("x", 17)]
        );
        assert_eq!(split("[a:b"), [("[a:b", 0)]);
        assert_eq!(split("a]:b"), [("a]", 0), ("b", 3)]);
    }

    #[test]
    fn devices_are_names_macs_or_both() {
        let mac = scalar::mac(b"52:54:00:12:34:56").unwrap();
        for text in ["52-54-00-12-34-56", "[52:54:00:12:34:56]"] {
            let device = Device::parse(text.as_bytes()).unwrap();
            assert_eq!((device.matches, device.name), (LinkMatch::Mac(mac), None));
        }
        let both = Device::parse(b"enx525400123456").unwrap();
        assert_eq!(both.matches, LinkMatch::Mac(mac));
        assert_eq!(both.name, IfName::new(b"enx525400123456"));
        assert_eq!(Device::parse(b"").unwrap().matches, LinkMatch::Any);
        for bad in [
            &b"thisnameiswaytoolong"[..],
            b"a/b",
            b"a b",
            b"10.0.0.5",
            b"::1",
            b"eth0\0",
        ] {
            assert_eq!(Device::parse(bad), None, "{}", Escaped(bad));
        }
    }

    #[test]
    fn infiniband_shows_in_name_or_mac() {
        let kind = |text: &str| Device::parse(text.as_bytes()).unwrap().kind();
        assert_eq!(kind("ib1"), LinkKind::Infiniband);
        assert_eq!(kind("ibs2"), LinkKind::Infiniband);
        assert_eq!(kind("ibft0"), LinkKind::Ethernet);
        assert_eq!(kind("eth0"), LinkKind::Ethernet);
        assert_eq!(
            kind("00-11-22-33-44-55-66-77-88-99-aa-bb-cc-dd-ee-ff-00-11-22-33"),
            LinkKind::Infiniband
        );
    }
}
