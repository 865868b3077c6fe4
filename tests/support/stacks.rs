//! Links that lie on others, in the fake kernel: what the drivers of bonds, bridges, VLANs and macvlans do, as
//! far as the library can tell. Plain numbers are shown from the beginning, as their drivers do.

use super::messages::LINKINFO;
use super::nouns::*;
use super::octets::{Attrs, NLA_F_NESTED, NLM_F_CREATE, NLM_F_EXCL, Request};
use super::tables::Tables;
use std::collections::BTreeMap;

/// `IFLA_BOND_MODE`, `IFLA_BOND_MIIMON`.
pub const MODE: u16 = 1;
pub const MIIMON: u16 = 3;
/// `IFLA_BR_FORWARD_DELAY`, `IFLA_BR_STP_STATE`, `IFLA_BR_PRIORITY`.
pub const FORWARD_DELAY: u16 = 1;
pub const STP_STATE: u16 = 5;
pub const PRIORITY: u16 = 6;
/// `IFLA_VLAN_ID`, `IFLA_VLAN_PROTOCOL`.
pub const VLAN_ID: u16 = 1;
pub const VLAN_PROTOCOL: u16 = 5;
/// `IFLA_MACVLAN_MODE`.
pub const MACVLAN_MODE: u16 = 1;

const KINDS: [&str; 5] = ["bond", "bridge", "vlan", "macvlan", "dummy"];

fn defaults(kind: &str) -> BTreeMap<u16, Vec<u8>> {
    let word = |number: u32| number.to_ne_bytes().to_vec();
    BTreeMap::from_iter(match kind {
        "bond" => vec![(MODE, vec![0]), (MIIMON, word(0))],
        "bridge" => vec![
            (FORWARD_DELAY, word(1_500)),
            (STP_STATE, word(0)),
            (PRIORITY, vec![0, 0x80]),
        ],
        "vlan" => vec![(VLAN_PROTOCOL, vec![0x81, 0])],
        "macvlan" => vec![(MACVLAN_MODE, word(1))],
        _ => Vec::new(),
    })
}

/// A kind, which needs no NUL at its end (`NLA_STRING`).
fn kind_in(info: &Attrs, number: u16) -> Option<String> {
    let text = info.get(number)?.to_vec();
    Some(String::from_utf8(text).expect("a text in ASCII"))
}

/// The attributes in a nest.
fn data(nest: &[u8]) -> BTreeMap<u16, Vec<u8>> {
    let known = (1..64).flat_map(|kind| [kind, kind | NLA_F_NESTED]);
    let known: Vec<u16> = known.collect();
    Attrs::parse(nest, &known).each().collect()
}

impl Tables {
    /// `rtnl_newlink`: a new link, or with no flags other options of one that is there.
    pub fn new_link(&mut self, request: &Request, missing: &[&str]) -> Result<(), Refused> {
        let info = request.attrs.get(LINKINFO).expect("a kind");
        let nested = [1, 2, 4, 5, 2 | NLA_F_NESTED, 5 | NLA_F_NESTED];
        let info = Attrs::parse(info, &nested);
        let nest = |kind: u16| info.get(kind | NLA_F_NESTED).or(info.get(kind));
        let own = nest(2).map(data).unwrap_or_default();
        if request.has(NLM_F_CREATE) {
            assert!(request.has(NLM_F_EXCL), "flags {:x}", request.flags);
            let kind = kind_in(&info, 1).expect("a kind");
            let name = request.attrs.text(3).expect("a name");
            let has_it = |link: &Link| link.name == name || link.ifindex == request.word(4);
            if self.links.iter().any(has_it) {
                return Err(Refused(EEXIST, ""));
            }
            if missing.contains(&&*kind) {
                return Err(Refused(EOPNOTSUPP, "Unknown device type"));
            }
            let known = KINDS.into_iter().find(|known| *known == kind);
            let kind = known.unwrap_or_else(|| panic!("kind {kind} is not modelled"));
            let lower = request.attrs.u32(5).unwrap_or(0);
            return self.make(request, name, kind, lower, own);
        }
        let ifindex = request.word(4);
        if let Some(ports) = nest(5).map(data) {
            let master = self.link(ifindex)?.master;
            let kind = self.link(master).map(|master| master.kind);
            if kind
                != Ok(KINDS
                    .into_iter()
                    .find(|kind| Some((*kind).to_owned()) == kind_in(&info, 4)))
            {
                return Err(Refused(EINVAL, ""));
            }
            self.link(ifindex)?.port_data.extend(ports);
        }
        self.change(ifindex, own)
    }

    fn make(
        &mut self,
        request: &Request,
        name: String,
        kind: &'static str,
        lower: u32,
        own: BTreeMap<u16, Vec<u8>>,
    ) -> Result<(), Refused> {
        let ifindex = request.word(4);
        assert_ne!(ifindex, 0, "we choose the number");
        let mut link = Link::new(&name, [2, 0xee, 0, 0, 0, 0]);
        (link.ifindex, link.kind, link.perm_mac) = (ifindex, Some(kind), None);
        link.mac[2..].copy_from_slice(&ifindex.to_be_bytes());
        (link.data, link.lower) = (defaults(kind), lower);
        link.data.extend(own);
        if matches!(kind, "vlan" | "macvlan") {
            if lower == 0 {
                return Err(Refused(EINVAL, ""));
            }
            let below = self.link(lower)?;
            link.mtu = below.mtu;
            if kind == "vlan" {
                link.mac = below.mac.clone();
            }
        }
        let is_same = |have: &Link| (have.lower, &have.data) == (lower, &link.data);
        if kind == "vlan"
            && self
                .links
                .iter()
                .any(|have| have.kind == Some("vlan") && is_same(have))
        {
            return Err(Refused(EEXIST, "VLAN device already exists"));
        }
        if let Some(mac) = request.attrs.get(1) {
            link.mac = mac.to_vec();
        }
        self.links.push(link);
        self.links.sort_by_key(|link| link.ifindex);
        Ok(())
    }

    /// What a driver refuses is refused before anything is changed.
    fn change(&mut self, ifindex: u32, own: BTreeMap<u16, Vec<u8>>) -> Result<(), Refused> {
        let has_ports = self.links.iter().any(|port| port.master == ifindex);
        let link = self.link(ifindex)?;
        for (kind, value) in &own {
            match (link.kind, *kind) {
                (Some("bond"), MODE) if link.is_up() => {
                    return Err(Refused(EPERM, "option mode: unable to set"));
                }
                (Some("bond"), MODE) if has_ports => return Err(Refused(ENOTEMPTY, "")),
                (Some("vlan"), VLAN_ID | VLAN_PROTOCOL) => panic!("the kernel ignores it"),
                _ => {}
            }
            assert_ne!(
                link.data.get(kind),
                Some(value),
                "option {kind} of {}: as it was",
                link.name
            );
        }
        link.data.extend(own);
        Ok(())
    }

    /// `do_set_master`
    pub fn set_master(&mut self, ifindex: u32, master: u32) -> Result<(), Refused> {
        let before = self.link(ifindex)?.master;
        if before != 0 {
            let port = self.link(ifindex)?;
            port.master = 0;
            port.port_data.clear();
            if self
                .link(before)
                .is_ok_and(|bond| bond.kind == Some("bond"))
            {
                let port = self.link(ifindex)?;
                port.mac = port.perm_mac.clone().expect("a NIC");
                self.set_flags(ifindex, 0, 1)?;
            }
        }
        if master == 0 {
            return Ok(());
        }
        let (kind, mac) = self
            .link(master)
            .map(|link| (link.kind, link.mac.clone()))?;
        let is_first = self.links.iter().all(|port| port.master != master);
        let port = self.link(ifindex)?;
        match kind {
            Some("bond") if port.is_up() => {
                return Err(Refused(EPERM, "Device can not be enslaved while up"));
            }
            Some("bond" | "bridge") => {}
            _ => return Err(Refused(EOPNOTSUPP, "")),
        }
        port.master = master;
        if kind == Some("bond") {
            let first = port.mac.clone();
            match is_first {
                true => self.link(master)?.mac = first,
                false => self.link(ifindex)?.mac = mac,
            }
            return self.set_flags(ifindex, 1, 1);
        }
        Ok(())
    }

    /// `rtnl_dellink`
    pub fn del_link(&mut self, ifindex: u32) -> Result<(), Refused> {
        if self.link(ifindex)?.kind.is_none() {
            return Err(Refused(EOPNOTSUPP, ""));
        }
        self.remove_link(ifindex);
        Ok(())
    }
}
