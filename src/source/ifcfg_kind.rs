//! What kind of link an `ifcfg` file is for, what it is made of, and its options.

use super::assignments::Entry;
use super::ifcfg::{Reader, field};
use super::ifcfg_keys::{
    DEVICE, DEVICETYPE, Field, IPV6TUNNELIPV4, PHYSDEV, PKEY, PKEY_ID, PKEY_ID_NM, SLAVE,
    TEAM_CONFIG, TYPE, VID, VLAN_FLAGS, VLAN_ID,
};
use crate::diag::{Complaint, Effect, LineBuf, Problem};
use crate::model::attr::{Attr, Kind, Scope, Value};
use crate::model::config::{LinkMatch, Role};
use crate::model::link::{IfName, LinkKind};
use crate::packed::packed;
use crate::text::show::Hex;
use crate::text::{parts, scalar};

/// The kinds of [`kind_of`], as `TYPE` calls them.
static KINDS: [LinkKind; 25] = [
    LinkKind::Ethernet,
    LinkKind::Ethernet,
    LinkKind::Ethernet,
    LinkKind::Infiniband,
    LinkKind::Vlan,
    LinkKind::Bond,
    LinkKind::Team,
    LinkKind::Bridge,
    LinkKind::Dummy,
    LinkKind::Macvlan,
    LinkKind::Macvtap,
    LinkKind::Ipvlan,
    LinkKind::Vrf,
    LinkKind::Vxlan,
    LinkKind::Veth,
    LinkKind::Ipip,
    LinkKind::Gre,
    LinkKind::Gretap,
    LinkKind::Sit,
    LinkKind::Ip6tnl,
    LinkKind::Ip6tnl,
    LinkKind::Ip6gre,
    LinkKind::Ip6gre,
    LinkKind::Tap,
    LinkKind::Tun,
];

/// What kind of link a value of `TYPE` means.
#[inline(never)]
pub(super) fn kind_of(word: &[u8]) -> Option<LinkKind> {
    let kind = packed!(concat!(
        "ethernet,ctc,token ring,infiniband,vlan,bond,team,bridge,dummy,macvlan,macvtap,ipvlan,vrf,vxlan,",
        "veth,ipip,gre,gretap,sit,ipip6,ip6tnl,gre6,ip6gre,tap,tun"
    ));
    KINDS.get(kind.position(word)?).copied()
}

const UNSET: Effect = Effect::KeyUnset;
const NO_ID: Complaint = Complaint::error(Problem::NotAVlanId, Effect::FileIgnored);
const NO_PARENT: Complaint = Complaint::error(Problem::NoParent, Effect::FileIgnored);
const NO_PKEY: Complaint = Complaint::error(Problem::NotAPkey, Effect::FileIgnored);
const BAD_ID: Complaint = Complaint::error(Problem::NotAVlanId, UNSET);
const NO_NAME: Complaint = Complaint::error(Problem::NotALinkName, UNSET);
const OTHER_NAME: Complaint = Complaint::warning(Problem::NotPartition, UNSET);
const OTHER_MASTER: Complaint = Complaint::warning(Problem::NotAnOption, Effect::LineIgnored);
const NOT_ETHERNET: Complaint = Complaint::warning(Problem::NotAnOption, Effect::Guessed);
const AS_BOND: Complaint = Complaint::note(Problem::TeamAsBond, Effect::None);

/// The flags of a VLAN, in the order of their words in `VLAN_FLAGS`; the first one is on unless it says no.
static FLAGS: [Attr; 5] = [
    REORDER_HDR,
    Attr::of(Scope::Vlan, "gvrp"),
    Attr::of(Scope::Vlan, "mvrp"),
    Attr::of(Scope::Vlan, "loose_binding"),
    Attr::of(Scope::Vlan, "bridge_binding"),
];
const REORDER_HDR: Attr = Attr::of(Scope::Vlan, "reorder_hdr");
const ADMIN_DOWN: Attr = Attr::of(Scope::Link, "admin_down");

impl Reader<'_, '_, '_> {
    /// Finds out what kind of link it is, and whose port: of several keys the one counts that stands first in the
    /// table.
    #[inline(never)]
    pub(super) fn kind(&mut self) {
        let (mut of_kind, mut of_master) = (None::<&Entry>, None::<&Entry>);
        for entry in self.file.iter() {
            let word = self.file.octets(entry);
            let kind = match field(entry) {
                _ if word.is_empty() => None,
                Some(Field::KindIfYes(kind)) if scalar::boolean(word) == Some(true) => Some(kind),
                Some(Field::KindIfSet(kind)) => Some(kind),
                Some(Field::Options(Scope::Bond)) => Some(LinkKind::Bond),
                Some(Field::Type) => kind_of(word).filter(|kind| *kind != LinkKind::Ethernet),
                Some(Field::DeviceType) if parts::is_same(word, b"team") => Some(LinkKind::Team),
                Some(Field::Master(scope)) => {
                    let is_port = scope != Scope::BondPort
                        || scalar::boolean(self.file.text(SLAVE)) != Some(false);
                    if !is_port {
                        continue;
                    }
                    let (won, lost) = match of_master {
                        Some(first) if first.row() < entry.row() => (first, Some(entry)),
                        lost => (entry, lost),
                    };
                    if let Some(lost) = lost {
                        self.file.complain(lost, OTHER_MASTER);
                    }
                    if of_master.is_none_or(|first| entry.row() < first.row()) {
                        self.port = Some(scope);
                    }
                    of_master = Some(won);
                    None
                }
                _ => None,
            };
            if let Some(kind) = kind
                && of_kind.is_none_or(|first| entry.row() < first.row())
            {
                of_kind = Some(entry);
                self.link.kind = kind;
            }
        }
        if let Some(entry) = of_kind {
            if self.link.kind == LinkKind::Bond && !self.file.text(TYPE).is_empty() {
                // of TYPE=Ethernet and BONDING_MASTER=yes one is wrong
                if let Some(Field::KindIfYes(_)) = field(entry) {
                    self.file.complain(entry, NOT_ETHERNET);
                }
            }
            if self.link.kind != LinkKind::Infiniband || field(entry) != Some(Field::Type) {
                self.later(entry);
            }
        }
        if let Some(entry) = of_master {
            self.link.master = IfName::new(self.file.octets(entry));
            if self.link.master.is_none() {
                self.port = None;
                return self.file.complain(entry, NO_NAME);
            }
            if self.port != Some(Scope::Vrf) {
                self.link.role = Role::Port;
            }
            self.later(entry);
        }
    }

    /// Finds out on which link a VLAN, partition, tunnel or the like lies, and the number of a VLAN or partition;
    /// `None` after a complaint for which the file is not used.
    #[inline(never)]
    pub(super) fn made_of(&mut self) -> Option<Option<u32>> {
        let physical = self.file.get(PHYSDEV);
        let name = self.file.text(DEVICE);
        let mut parent = self.file.text(PHYSDEV);
        let mut number = None;
        let entry = self.file.get(DEVICE).or(physical);
        match self.link.kind {
            LinkKind::Ethernet | LinkKind::Vlan => {
                let is_vlan = self.link.kind == LinkKind::Vlan;
                let before = name.iter().rposition(|octet| *octet == b'.');
                let (upper, digits) = match before {
                    Some(dot) => (
                        parts::slice(name, 0, dot),
                        parts::slice(name, dot.wrapping_add(1), MAX_DIGITS.wrapping_add(1)),
                    ),
                    None => (&b""[..], name.strip_prefix(b"vlan").unwrap_or_default()),
                };
                number = vlan_id(digits).filter(|_| digits.len() <= MAX_DIGITS);
                for row in [VID, VLAN_ID] {
                    if let Some(entry) = self.file.get(row).filter(|_| is_vlan) {
                        let said = vlan_id(self.file.octets(entry));
                        if said.is_none() {
                            self.file.complain(entry, BAD_ID);
                        }
                        number = said.or(number);
                    }
                }
                // eth0.5 without VLAN=yes is one if there is no such link
                if !is_vlan {
                    parent = b"";
                    number = number.filter(|_| before.is_some());
                }
                if parent.is_empty() && !(is_vlan && upper.starts_with(b"vlan")) {
                    parent = upper;
                }
                if is_vlan && number.is_none() {
                    self.refuse(entry, NO_ID);
                    return None;
                }
            }
            LinkKind::Infiniband if scalar::boolean(self.file.text(PKEY)) == Some(true) => {
                let key = pkey(self.file.text(PKEY_ID)).map(|key| key | FULL_MEMBER);
                let key = key.or(pkey(self.file.text(PKEY_ID_NM)));
                let Some(key) = key else {
                    let entry = self.file.get(PKEY_ID).or(self.file.get(PKEY));
                    self.refuse(entry, NO_PKEY);
                    return None;
                };
                number = Some(key.into());
                let mut name = LineBuf::<MAX_NAME>::new();
                name.put(parent);
                name.put(b".");
                let [high, low] = key.to_be_bytes();
                name.show(&Hex(&[high]));
                name.show(&Hex(&[low]));
                self.link.name = IfName::new(name.as_bytes());
                if let Some(entry) = self.file.get(DEVICE)
                    && self.file.octets(entry) != name.as_bytes()
                {
                    self.file.complain(entry, OTHER_NAME);
                }
            }
            _ => {}
        }
        let lies_on = IfName::new(parent);
        self.link.lower = lies_on.map(LinkMatch::Name);
        let must = self.link.kind == LinkKind::Vlan || number.is_some();
        if lies_on.is_none() && must {
            self.refuse(physical.or(entry), NO_PARENT);
            return None;
        }
        Some(number)
    }

    /// Complains about a value, or about the file where there is none.
    pub(super) fn refuse(&mut self, entry: Option<&Entry>, complaint: Complaint) {
        match entry {
            Some(entry) => self.file.complain(entry, complaint),
            None => self.file.cx.complain_of_file(complaint),
        }
    }

    /// Options that follow from several keys; `number` is what [`Reader::made_of`] found.
    pub(super) fn options_of_kind(&mut self, number: Option<u32>) {
        let entry = self.file.get(DEVICE).or(self.file.get(PHYSDEV));
        if let (Some(number), Some(entry)) = (number, entry) {
            let attr = match self.link.kind {
                LinkKind::Infiniband => Attr::PKEY,
                _ => Attr::VLAN_ID,
            };
            self.put(entry, attr, Value::Number(number));
            self.later(entry);
        }
        if let Some(entry) = self.file.get(VLAN_FLAGS) {
            self.vlan_flags(entry);
        }
        for (row, scope, name) in [
            (IPV6TUNNELIPV4, Scope::Tunnel, &b"remote"[..]),
            (TEAM_CONFIG, Scope::Team, b"config"),
        ] {
            if let Some(entry) = self.file.get(row)
                && let Some(attr) = Attr::find(scope, name)
            {
                let word = self.file.octets(entry);
                if let Err(what) = self.attr(entry, attr, word, 1) {
                    self.file.complain(entry, super::ifcfg::unset(what));
                }
            }
        }
        if self.link.kind == LinkKind::Team
            && let Some(entry) = self.file.get(TEAM_CONFIG).or(self.file.get(DEVICETYPE))
        {
            let mode = runner(self.file.text(TEAM_CONFIG));
            self.put(entry, Attr::BOND_MODE, Value::Number(mode));
            self.file.complain(entry, AS_BOND);
        }
    }

    /// The items of `VLAN_FLAGS`.
    fn vlan_flags(&mut self, entry: &Entry) {
        let items = self.file.octets(entry);
        for item in items.split(|octet| matches!(octet, b',' | b' ' | b'\t')) {
            let words = packed!("no_reorder_hdr,gvrp,mvrp,loose_binding,bridge_binding");
            let flag = words.position(item).and_then(|n| FLAGS.get(n));
            match flag {
                _ if item.is_empty() => {}
                Some(flag) => {
                    let is_on = Value::Number((*flag != REORDER_HDR).into());
                    self.put(entry, *flag, is_on);
                }
                None => self.file.complain_of(entry, item, NO_FLAG),
            }
        }
    }

    /// Sets an option to a value that is right.
    #[inline(never)]
    pub(super) fn put(&mut self, entry: &Entry, attr: Attr, value: Value) {
        let origin = self.file.origin(entry);
        if let Err(what) = self.file.cx.put_value(self.id, attr, value, origin) {
            self.file.complain(entry, Complaint::error(what, UNSET));
        }
    }

    /// Sets an option by a key of its own, whose unit has `factor` of the kernel's.
    ///
    /// # Errors
    /// What is wrong with the value, or that it is no option of such a link.
    #[inline(never)]
    pub(super) fn attr(
        &mut self,
        entry: &Entry,
        attr: Attr,
        mut word: &[u8],
        factor: u32,
    ) -> Result<(), Problem> {
        let (scope, kind) = attr.row();
        if !self.has(scope) {
            return match scalar::boolean(word) {
                Some(false) => Ok(()),
                _ => Err(Problem::NotAnOption),
            };
        }
        if attr == ADMIN_DOWN {
            word = match packed!("up,down").position(word) {
                Some(0) => b"0",
                Some(_) => b"1",
                None => return Err(Problem::NotAWord),
            };
        }
        let mut value = match (kind, word) {
            // what the packet inside has is 0
            (Kind::Number(_), b"inherit") => Value::Number(0),
            _ => self.file.cx.checked(kind, word)?,
        };
        if let Value::Number(number) = &mut value {
            *number = number.checked_mul(factor).ok_or(Problem::NotANumber)?;
        }
        self.put(entry, attr, value);
        self.later(entry);
        Ok(())
    }

    /// Whether options of this scope are for the link.
    fn has(&self, scope: Scope) -> bool {
        let of_kind = match self.link.kind {
            LinkKind::Ethernet | LinkKind::Dummy => Scope::Link,
            LinkKind::Infiniband => Scope::Ib,
            LinkKind::Vlan => Scope::Vlan,
            LinkKind::Bond => Scope::Bond,
            LinkKind::Team => Scope::Team,
            LinkKind::Bridge => Scope::Bridge,
            LinkKind::Macvlan | LinkKind::Macvtap | LinkKind::Ipvlan => Scope::Macvlan,
            LinkKind::Vrf => Scope::Vrf,
            LinkKind::Vxlan => Scope::Vxlan,
            LinkKind::Veth | LinkKind::Tun | LinkKind::Tap => Scope::Pair,
            LinkKind::Ipip
            | LinkKind::Gre
            | LinkKind::Gretap
            | LinkKind::Sit
            | LinkKind::Ip6tnl
            | LinkKind::Ip6gre => Scope::Tunnel,
        };
        matches!(scope, Scope::Link | Scope::Ethtool)
            || scope == of_kind
            || self.port == Some(scope)
    }

    /// `BONDING_OPTS`, `BRIDGING_OPTS`.
    pub(super) fn options(&mut self, entry: &Entry, mut rest: &[u8]) {
        let scope = match (self.link.kind, self.port) {
            (_, Some(port)) => port,
            (LinkKind::Bridge, None) => Scope::Bridge,
            (_, None) => Scope::Bond,
        };
        while let Some(option) = parts::next_word(&mut rest) {
            let origin = self.file.origin(entry);
            let put = self.file.cx.put_option(self.id, scope, option, origin);
            if let Err(what) = put {
                let complaint = Complaint::error(what, Effect::PartIgnored);
                self.file.complain_of(entry, option, complaint);
            }
        }
        self.later(entry);
    }
}

const NO_FLAG: Complaint = Complaint::error(Problem::NotAnOption, Effect::PartIgnored);
/// Digits of a VLAN id behind the name of a link.
const MAX_DIGITS: usize = 4;
/// Octets of a name with a partition key, as `IfName` would refuse it.
const MAX_NAME: usize = 32;
/// Of two partitions with one key, this bit says that the machine is a full member (InfiniBand 10.9.1.1).
const FULL_MEMBER: u16 = 0x8000;

fn vlan_id(text: &[u8]) -> Option<u32> {
    scalar::number(text).filter(|id| (1..4095).contains(id))
}

/// A partition key, hexadecimal after `0x`.
fn pkey(text: &[u8]) -> Option<u16> {
    let key = match text {
        [b'0', b'x' | b'X', digits @ ..] => scalar::hex(digits),
        _ => scalar::number(text),
    };
    u16::try_from(key?).ok()
}

/// The mode of the bond that does what the runner does that teamd's configuration names.
fn runner(config: &[u8]) -> u32 {
    let behind = |text: &'static [u8], config: &'_ [u8]| -> usize {
        let at = config.windows(text.len()).position(|part| part == text);
        at.map_or(config.len(), |at| at.wrapping_add(text.len()))
    };
    let of_runner = config
        .get(behind(b"\"runner\"", config)..)
        .unwrap_or_default();
    let name = of_runner
        .get(behind(b"\"name\"", of_runner)..)
        .unwrap_or_default();
    let name = parts::nth(name, b'"', 1).unwrap_or_default();
    let runners = packed!("roundrobin,activebackup,loadbalance,broadcast,lacp");
    runners.position(name).unwrap_or(0) as u32
}
