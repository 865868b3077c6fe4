//! A fake kernel: octets of requests in, octets of answers out.
//!
//! What it understands: dumps of links, addresses, routes and rules; `RTM_SETLINK`, `RTM_DELLINKPROP`, and NEW
//! and DEL of links ([`super::stacks`]), addresses, routes and rules. Anything else fails the test. Every request of a datagram is processed,
//! whatever became of those before it; each acknowledgement is a datagram of its own, as in Linux.

use super::messages::*;
use super::nouns::{
    ADDR_GEN_MODE, Addr, EINVAL, ENOENT, EOPNOTSUPP, IFA_F_TENTATIVE, KERNEL, LOCAL, Link, MAIN,
    Refused, Route, Rule,
};
use super::octets::*;
use super::tables::Tables;
use std::collections::VecDeque;
use std::net::IpAddr;

/// How this kernel differs from a Linux of today.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Links that are up can be renamed (Linux 6.2).
    pub live_rename: bool,
    /// Dumps are filtered as asked (`NETLINK_GET_STRICT_CHK`, Linux 4.20).
    pub strict_check: bool,
    /// Errors echo the header of the request only (`NETLINK_CAP_ACK`).
    pub cap_ack: bool,
    /// Errors say what is wrong (`NETLINK_EXT_ACK`).
    pub ext_ack: bool,
    /// `IFLA_PERM_ADDRESS` (Linux 5.6).
    pub perm_address: bool,
    /// How many messages of a dump one datagram holds; `NLMSG_DONE` comes apart if the limit is reached.
    pub per_datagram: usize,
    /// Kinds of links that no module makes.
    pub missing: Vec<&'static str>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            live_rename: true,
            strict_check: true,
            cap_ack: true,
            ext_ack: true,
            perm_address: true,
            per_datagram: 100,
            missing: Vec::new(),
        }
    }
}

/// Something that goes wrong at the next request of a type.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Nothing,
    Fails(i32),
    LinkVanishes(u32),
    DumpIsInterrupted,
}

/// One request that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    pub kind: u16,
    pub flags: u16,
    pub seq: u32,
}

fn is_dump(kind: u16) -> bool {
    matches!(kind, RTM_GETLINK | RTM_GETADDR | RTM_GETROUTE | RTM_GETRULE)
}

/// The fake kernel.
#[derive(Debug, Default)]
pub struct Kernel {
    pub settings: Settings,
    pub tables: Tables,
    /// Every request so far.
    pub received: Vec<Received>,
    /// Octets of every datagram so far.
    pub datagrams: Vec<usize>,
    faults: VecDeque<(u16, Fault)>,
    /// Answers that still get through.
    room: Option<usize>,
    overrun: bool,
}

impl Kernel {
    /// A kernel that has the loopback link only, down, as after boot.
    pub fn new() -> Kernel {
        let mut kernel = Kernel::default();
        kernel.add_link(Link::loopback());
        for (v4, priority, table) in [
            (true, 0, LOCAL),
            (true, 32_766, MAIN),
            (true, 32_767, 253),
            (false, 0, LOCAL),
            (false, 32_766, MAIN),
        ] {
            kernel.tables.rules.push(Rule::new(v4, priority, table));
        }
        kernel
    }

    /// Adds a link and returns its number. It comes without addresses, so it should be down.
    pub fn add_link(&mut self, mut link: Link) -> u32 {
        let links = &mut self.tables.links;
        if link.ifindex == 0 {
            link.ifindex = links.iter().map(|link| link.ifindex).max().unwrap_or(0) + 1;
        }
        assert!(
            links
                .iter()
                .all(|have| have.ifindex != link.ifindex && have.name != link.name)
        );
        let ifindex = link.ifindex;
        links.push(link);
        links.sort_by_key(|link| link.ifindex);
        ifindex
    }

    /// Adds a route as somebody else would, whatever it is.
    pub fn add_route(&mut self, route: Route) {
        self.tables.insert_route(route);
    }

    /// Adds an address as somebody else would.
    pub fn add_addr(&mut self, addr: Addr) {
        self.tables.new_addr(addr).expect("an address that fits");
        // It has been there for a while.
        if let Some(addr) = self.tables.addrs.last_mut() {
            addr.flags &= !IFA_F_TENTATIVE;
        }
    }

    /// The link with this name.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.tables.links.iter().find(|link| link.name == name)
    }

    /// The addresses of a link as `ADDRESS/LEN`.
    pub fn addrs_of(&self, ifindex: u32) -> Vec<String> {
        let of_link = self
            .tables
            .addrs
            .iter()
            .filter(|addr| addr.ifindex == ifindex);
        of_link
            .map(|addr| format!("{}/{}", addr.local, addr.len))
            .collect()
    }

    /// The routes that the kernel did not make itself, as text.
    pub fn routes_of_others(&self) -> Vec<String> {
        self.tables
            .routes_of_others()
            .map(Route::to_string)
            .collect()
    }

    /// The rules that the kernel did not make itself, as text.
    pub fn rules_of_others(&self) -> Vec<String> {
        let rules = self.tables.rules.iter();
        let made = rules.filter(|rule| rule.protocol != KERNEL);
        made.map(Rule::to_string).collect()
    }

    /// Requests of a type so far.
    pub fn count(&self, kind: u16) -> usize {
        self.received
            .iter()
            .filter(|received| received.kind == kind)
            .count()
    }

    /// Requests so far that change something.
    pub fn changes(&self) -> usize {
        self.received
            .iter()
            .filter(|received| !is_dump(received.kind))
            .count()
    }

    /// The next request of this type fails and does nothing. Several calls are used up one by one.
    pub fn fail_next(&mut self, kind: u16, errno: i32) {
        self.faults.push_back((kind, Fault::Fails(errno)));
    }

    /// The request of this type after so many others fails and does nothing.
    pub fn fail_after(&mut self, others: usize, kind: u16, errno: i32) {
        let others = std::iter::repeat_n((kind, Fault::Nothing), others);
        self.faults.extend(others);
        self.fail_next(kind, errno);
    }

    /// Nothing more goes wrong.
    pub fn forgive(&mut self) {
        self.faults.clear();
    }

    /// Whether everything that was to go wrong did.
    pub fn is_out_of_faults(&self) -> bool {
        self.faults.is_empty()
    }

    /// The next dump of this type says that it may be incomplete (`NLM_F_DUMP_INTR`).
    pub fn interrupt_next(&mut self, kind: u16) {
        self.faults.push_back((kind, Fault::DumpIsInterrupted));
    }

    /// The link is gone by the time of the next request of this type.
    pub fn vanish_before_next(&mut self, kind: u16, ifindex: u32) {
        self.faults.push_back((kind, Fault::LinkVanishes(ifindex)));
    }

    /// The link is gone.
    pub fn vanish_link(&mut self, ifindex: u32) {
        self.tables.remove_link(ifindex);
    }

    /// Of the answers to the next datagram only so many fit the receive buffer.
    pub fn overrun_after(&mut self, answers: usize) {
        self.room = Some(answers);
    }

    /// Whether answers were lost since the last call: what `recv` says with `ENOBUFS`, before it hands
    /// out those that were not.
    pub fn take_overrun(&mut self) -> bool {
        std::mem::take(&mut self.overrun)
    }

    /// Processes a datagram and returns the answers, a datagram each.
    pub fn receive_datagram(&mut self, datagram: &[u8]) -> Vec<Vec<u8>> {
        self.datagrams.push(datagram.len());
        let mut answers = Vec::new();
        for request in requests(datagram, layout) {
            let (kind, flags, seq) = (request.kind, request.flags, request.seq);
            self.received.push(Received { kind, flags, seq });
            answers.extend(self.process(&request));
        }
        let room = self.room.take().unwrap_or(usize::MAX);
        self.overrun |= answers.len() > room;
        answers.truncate(room);
        answers
    }

    fn process(&mut self, request: &Request) -> Vec<Vec<u8>> {
        let mut interrupted = 0;
        let mut done = None;
        if let Some(at) = self
            .faults
            .iter()
            .position(|(kind, _)| *kind == request.kind)
        {
            match self.faults.remove(at) {
                Some((_, Fault::Fails(errno))) => done = Some(Err(Refused(errno, "injected"))),
                Some((_, Fault::LinkVanishes(ifindex))) => self.vanish_link(ifindex),
                Some((_, Fault::DumpIsInterrupted)) => interrupted = NLM_F_DUMP_INTR,
                Some((_, Fault::Nothing)) | None => {}
            }
        }
        if is_dump(request.kind) && done.is_none() {
            assert!(request.has(NLM_F_DUMP), "type {}: no dump", request.kind);
            return self.dump(request, interrupted);
        }
        let done = done.unwrap_or_else(|| self.change(request));
        match done {
            Ok(()) if request.flags & NLM_F_ACK == 0 => Vec::new(),
            Ok(()) => vec![self.acknowledgement(request, Refused(0, ""))],
            Err(refused) => vec![self.acknowledgement(request, refused)],
        }
    }

    /// `netlink_ack`
    fn acknowledgement(&self, request: &Request, Refused(errno, said): Refused) -> Vec<u8> {
        let mut payload = (-errno).to_ne_bytes().to_vec();
        let mut flags = 0;
        if errno == 0 || self.settings.cap_ack {
            flags |= NLM_F_CAPPED;
            payload.extend(&request.octets[..16]);
        } else {
            payload.extend(&request.octets);
        }
        if self.settings.ext_ack && !said.is_empty() {
            flags |= NLM_F_ACK_TLVS;
            put_u32(&mut payload, 2, 16);
            put_text(&mut payload, 1, said);
        }
        message(NLMSG_ERROR, flags, request.seq, &payload)
    }

    fn change(&mut self, request: &Request) -> Result<(), Refused> {
        match request.kind {
            RTM_SETLINK => self.set_link(request),
            RTM_NEWLINK => self.tables.new_link(request, &self.settings.missing),
            RTM_DELLINK => self.tables.del_link(request.word(4)),
            RTM_DELLINKPROP => self.del_altname(request),
            RTM_NEWADDR => {
                assert!(request.has(NLM_F_CREATE), "flags {:x}", request.flags);
                let (replace, exclusive) = (request.has(NLM_F_REPLACE), request.has(NLM_F_EXCL));
                assert!(replace != exclusive, "flags {:x}", request.flags);
                let addr = addr_in(request)?;
                match replace && self.tables.change_addr(&addr) {
                    true => Ok(()),
                    false => self.tables.new_addr(addr),
                }
            }
            RTM_DELADDR => self.tables.del_addr(&addr_in(request)?),
            RTM_NEWROUTE => {
                assert!(request.has(NLM_F_CREATE), "flags {:x}", request.flags);
                let (replace, exclusive) = (request.has(NLM_F_REPLACE), request.has(NLM_F_EXCL));
                assert!(replace != exclusive, "flags {:x}", request.flags);
                self.tables
                    .new_route(route_in(request)?, replace, exclusive)
            }
            RTM_DELROUTE => self.tables.del_route(&route_in(request)?),
            RTM_NEWRULE => {
                assert!(
                    request.has(NLM_F_CREATE | NLM_F_EXCL) && !request.has(NLM_F_REPLACE),
                    "flags {:x}",
                    request.flags
                );
                self.tables.new_rule(rule_in(request))
            }
            RTM_DELRULE => self.tables.del_rule(&rule_in(request)),
            kind => panic!("type {kind}"),
        }
    }

    /// `do_setlink`: what was done before an error stays.
    fn set_link(&mut self, request: &Request) -> Result<(), Refused> {
        let ifindex = request.word(4);
        self.tables.link(ifindex)?;
        if let Some(mac) = request.attrs.get(1) {
            self.tables.set_mac(ifindex, mac)?;
        }
        if let Some(mtu) = request.attrs.u32(4) {
            self.tables.set_mtu(ifindex, mtu)?;
        }
        if let Some(name) = request.attrs.text(3) {
            self.tables
                .rename(ifindex, &name, !self.settings.live_rename)?;
        }
        let (flags, change) = (request.word(8), request.word(12));
        assert!(
            flags & !change == 0,
            "flags {flags:x} outside of change {change:x}"
        );
        self.tables.set_flags(ifindex, flags, change)?;
        if let Some(master) = request.attrs.u32(10) {
            self.tables.set_master(ifindex, master)?;
        }
        if let Some(spec) = request.attrs.get(AF_SPEC) {
            let spec = Attrs::parse(spec, &[10]);
            let inet6 = Attrs::parse(spec.get(10).expect("AF_INET6"), &[7, 8]);
            if let Some(mode) = inet6.get(8) {
                self.tables.link(ifindex)?.conf[ADDR_GEN_MODE] = mode[0].into();
            }
        }
        if let Some(txqlen) = request.attrs.u32(13) {
            self.tables.link(ifindex)?.txqlen = txqlen;
        }
        Ok(())
    }

    fn del_altname(&mut self, request: &Request) -> Result<(), Refused> {
        if request.has(NLM_F_EXCL) {
            return Err(Refused(EOPNOTSUPP, "Bulk delete is not supported"));
        }
        let Some(list) = request.attrs.get(52 | NLA_F_NESTED) else {
            return Err(Refused(EINVAL, "NLA_F_NESTED is missing"));
        };
        let list = Attrs::parse(list, &[53]);
        let name = list.text(53).ok_or(Refused(EINVAL, ""))?;
        self.tables.del_altname(request.word(4), &name)
    }

    fn dump(&self, request: &Request, interrupted: u16) -> Vec<Vec<u8>> {
        let strict = self.settings.strict_check;
        let mut errno = 0_i32;
        let mut flags = NLM_F_MULTI | interrupted;
        let mut parts: Vec<(u16, Vec<u8>)> = Vec::new();
        match request.kind {
            RTM_GETLINK => {
                assert!(
                    request.header.iter().all(|octet| *octet == 0),
                    "link dump header"
                );
                let links = self.tables.links.iter();
                parts.extend(links.map(|link| (RTM_NEWLINK, self.shown(link))));
            }
            RTM_GETADDR => {
                assert!(request.header[1..4] == [0; 3], "address dump header");
                let ifindex = request.word(4);
                let wanted = |addr: &&Addr| {
                    let family = if addr.local.is_ipv4() { 2 } else { 10 };
                    [0, family].contains(&request.header[0])
                        && (!strict || ifindex == 0 || addr.ifindex == ifindex)
                };
                if strict && ifindex != 0 {
                    flags |= NLM_F_DUMP_FILTERED;
                }
                let addrs = self.tables.addrs.iter().filter(wanted);
                parts.extend(addrs.map(|addr| (RTM_NEWADDR, addr_octets(addr))));
            }
            RTM_GETRULE => {
                assert_eq!(request.header, [0; 12], "rule dump header");
                let rules = self.tables.rules.iter();
                parts.extend(rules.map(|rule| (RTM_NEWRULE, rule_octets(rule))));
            }
            _ => {
                let family = request.header[0];
                let table = request.attrs.u32(15).unwrap_or(request.header[4].into());
                let rest = [&request.header[1..4], &request.header[5..]].concat();
                assert!(rest.iter().all(|octet| *octet == 0), "route dump header");
                let in_table = |route: &&Route| !strict || table == 0 || route.table == table;
                let of_family = |route: &&Route| {
                    matches!(
                        (family, route.dst),
                        (0, _) | (2, IpAddr::V4(_)) | (10, IpAddr::V6(_))
                    )
                };
                let routes = self.tables.routes().filter(in_table).filter(of_family);
                let shown = |route| route_octets(route, self.tables.has_carrier(route));
                parts.extend(routes.map(|route| (RTM_NEWROUTE, shown(route))));
                if strict && table != 0 {
                    flags |= NLM_F_DUMP_FILTERED;
                    if family != 0 && parts.is_empty() && ![MAIN, LOCAL].contains(&table) {
                        errno = ENOENT;
                    }
                }
            }
        }
        self.datagrams_of(request.seq, flags, &parts, errno)
    }

    fn datagrams_of(
        &self,
        seq: u32,
        flags: u16,
        parts: &[(u16, Vec<u8>)],
        errno: i32,
    ) -> Vec<Vec<u8>> {
        let mut datagrams: Vec<Vec<u8>> = Vec::new();
        let whole = |(kind, payload): &(u16, Vec<u8>)| message(*kind, flags, seq, payload);
        for chunk in parts.chunks(self.settings.per_datagram) {
            datagrams.push(chunk.iter().flat_map(whole).collect());
        }
        let done = message(NLMSG_DONE, flags, seq, &(-errno).to_ne_bytes());
        match datagrams.last_mut() {
            Some(last) if parts.len() < self.settings.per_datagram => last.extend(done),
            _ => datagrams.push(done),
        }
        datagrams
    }

    fn shown(&self, link: &Link) -> Vec<u8> {
        let mut link = link.clone();
        if !self.settings.perm_address {
            link.perm_mac = None;
        }
        let master = self
            .tables
            .links
            .iter()
            .find(|of| of.ifindex == link.master);
        link_octets(&link, master.and_then(|master| master.kind))
    }
}
