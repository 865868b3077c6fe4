//! What kind of link an `ifcfg` file is for, what it is made of, and its options.

use super::assignments::Entry;
use super::ifcfg::{Reader, field};
use super::ifcfg_keys::{
    DEVICE, DEVICETYPE, Field, HWADDR, PHYSDEV, PKEY, PKEY_ID, PKEY_ID_NM, SLAVE, TEAM_CONFIG,
    TYPE, VID, VLAN_FLAGS, VLAN_ID,
};
use crate::diag::{Complaint, Effect, LineBuf, Problem};
use crate::model::attr::{Attr, Range, Scope, Value};
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
const LEFT_OUT: Effect = Effect::PartIgnored;
const NO_ID: Complaint = Complaint::error(Problem::NotAVlanId, Effect::FileIgnored);
const NO_PARENT: Complaint = Complaint::error(Problem::NoParent, Effect::FileIgnored);
const NO_PKEY: Complaint = Complaint::error(Problem::NotAPkey, Effect::FileIgnored);
const NO_NAME: Complaint = Complaint::error(Problem::NotALinkName, UNSET);
const OTHER_NAME: Complaint = Complaint::warning(Problem::NotPartition, UNSET);
const OTHER_MASTER: Complaint = Complaint::warning(Problem::NotAnOption, UNSET);
const NOT_ETHERNET: Complaint = Complaint::warning(Problem::NotAnOption, Effect::Guessed);
const AS_BOND: Complaint = Complaint::note(Problem::TeamAsBond, Effect::None);
const LATER: Complaint = Complaint::note(Problem::Later, Effect::None);

/// The flags of a VLAN, in the order of their words in `VLAN_FLAGS`; the first one is on unless it says no.
static FLAGS: [Attr; 5] = [
    Attr::of(Scope::Vlan, "reorder_hdr"),
    Attr::of(Scope::Vlan, "gvrp"),
    Attr::of(Scope::Vlan, "mvrp"),
    Attr::of(Scope::Vlan, "loose_binding"),
    Attr::of(Scope::Vlan, "bridge_binding"),
];
/// Digits of a VLAN id behind the name of a link.
const MAX_DIGITS: usize = 4;
/// Of two partitions with one key, this bit says that the machine is a full member (InfiniBand 10.9.1.1).
const FULL_MEMBER: u32 = 0x8000;

impl Reader<'_, '_, '_> {
    /// Whether a key says yes, or no.
    #[inline(never)]
    pub(super) fn says(&self, row: u16, what: bool) -> bool {
        scalar::boolean(self.file.text(row)) == Some(what)
    }

    /// Finds out what kind of link it is, and whose port: of several keys the first of the table counts.
    #[inline(never)]
    pub(super) fn kind(&mut self) {
        for row in DEVICETYPE..SLAVE {
            let Some(entry) = self.file.get(row) else {
                continue;
            };
            let word = self.file.octets(entry);
            let mut kind = LinkKind::Ethernet;
            match field(entry) {
                Some(Field::KindIfYes(of)) if self.says(row, true) => kind = of,
                Some(Field::KindIfSet(of)) => kind = of,
                Some(Field::Options(_)) => kind = LinkKind::Bond,
                Some(Field::Type) => kind = kind_of(word).unwrap_or(kind),
                Some(Field::DeviceType) if parts::is_same(word, b"team") => kind = LinkKind::Team,
                Some(Field::Master(scope)) => {
                    let complaint = match &IfName::new(word) {
                        _ if scope == Scope::BondPort && self.says(SLAVE, false) => continue,
                        _ if self.port.is_some() => OTHER_MASTER,
                        None => NO_NAME,
                        Some(name) => {
                            self.link.master = Some(*name);
                            self.port = Some(scope);
                            if scope != Scope::Vrf {
                                self.link.role = Role::Port;
                            }
                            continue;
                        }
                    };
                    self.file.complain(entry, complaint);
                }
                _ => {}
            }
            if self.link.kind == LinkKind::Ethernet {
                self.link.kind = kind;
                // of TYPE=Ethernet and BONDING_MASTER=yes one is wrong
                let is_odd = kind == LinkKind::Bond && row > TYPE;
                if is_odd && !self.file.text(TYPE).is_empty() {
                    self.file.complain(entry, NOT_ETHERNET);
                }
            }
        }
    }

    /// Finds out on which link a VLAN, partition, tunnel or the like lies, and the number of a VLAN or partition;
    /// `None` after a complaint for which the file is not used.
    #[inline(never)]
    pub(super) fn made_of(&mut self) -> Option<()> {
        let mut entry = self.file.get(DEVICE);
        let name = self.file.text(DEVICE);
        let mut parent = self.file.text(PHYSDEV);
        let mut must = false;
        if self.link.kind == LinkKind::Infiniband && self.says(PKEY, true) {
            let mut key = pkey(self.file.text(PKEY_ID)).map(|key| key | FULL_MEMBER);
            key = key.or(pkey(self.file.text(PKEY_ID_NM)));
            let Some(key) = key else {
                return self.refuse(entry, NO_PKEY);
            };
            must = true;
            self.number = Some(key);
            self.link.name = partition_name(parent, key);
            if let Some(entry) = entry
                && !IfName::new(name).is_some_and(|name| name.is(&self.link.name))
            {
                self.file.complain(entry, OTHER_NAME);
            }
        }
        if let LinkKind::Ethernet | LinkKind::Vlan = self.link.kind {
            must = self.link.kind == LinkKind::Vlan;
            let dot = name.iter().rposition(|octet| *octet == b'.');
            let (mut before, digits) = name.split_at_checked(dot.unwrap_or(0)).unwrap_or_default();
            let digits = digits.strip_prefix(if dot.is_some() { &b"."[..] } else { b"vlan" });
            self.number = digits
                .filter(|digits| digits.len() <= MAX_DIGITS)
                .and_then(vlan_id);
            if must {
                for row in [VID, VLAN_ID] {
                    if let Some(said) = self.file.get(row) {
                        entry = Some(said);
                        self.number = vlan_id(self.file.octets(said));
                    }
                }
                if self.number.is_none() {
                    return self.refuse(entry, NO_ID);
                }
                if before.starts_with(b"vlan") {
                    before = b"";
                }
                if parent.is_empty() {
                    parent = before;
                }
            } else {
                // without VLAN=yes it is one if there is no such link
                self.number = self.number.filter(|_| dot.is_some());
                parent = self.number.map_or(b"", |_| before);
            }
        }
        let lower = &IfName::new(parent);
        self.link.lower = lower.map(LinkMatch::Name);
        if lower.is_none() && must {
            return self.refuse(entry, NO_PARENT);
        }
        Some(())
    }

    /// Complains about a value, or about the file where there is none.
    #[inline(never)]
    pub(super) fn refuse(&mut self, entry: Option<&Entry>, complaint: Complaint) -> Option<()> {
        match entry {
            Some(entry) => self.file.complain(entry, complaint),
            None => self.file.cx.complain_of_file(complaint),
        }
        None
    }

    /// Options that follow from several keys.
    #[inline(never)]
    pub(super) fn options_of_kind(&mut self) {
        let mut entry = self.file.get(DEVICE);
        if entry.is_none() {
            entry = self.file.get(PHYSDEV);
        }
        let Some(entry) = entry else {
            return;
        };
        if let Some(number) = self.number {
            let attr = match self.link.kind {
                LinkKind::Infiniband => Attr::PKEY,
                _ => Attr::VLAN_ID,
            };
            self.put(entry, attr, Value::Number(number));
        }
        if self.link.kind == LinkKind::Team {
            let mode = runner(self.file.text(TEAM_CONFIG));
            self.put(entry, Attr::BOND_MODE, Value::Number(mode));
            self.file.complain(entry, AS_BOND);
        }
        let Some(entry) = self.file.get(VLAN_FLAGS) else {
            return;
        };
        let mut rest = self.file.octets(entry);
        while let Some(word) = parts::next_word(&mut rest) {
            let mut items = Some(word);
            while let Some(item) = parts::next(&mut items, b',') {
                let words = packed!("no_reorder_hdr,gvrp,mvrp,loose_binding,bridge_binding");
                let flag = words.position(item);
                match flag.and_then(|n| FLAGS.get(n)) {
                    Some(attr) => {
                        let is_on = Value::Number((flag != Some(0)).into());
                        self.put(entry, *attr, is_on);
                    }
                    None => self.error(entry, item, Problem::NotAnOption, LEFT_OUT),
                }
            }
        }
    }

    /// Says of a link that something of it is read and not done.
    pub(super) fn say_later(&mut self) {
        let mut is_later = self.link.kind != LinkKind::Ethernet || self.link.master.is_some();
        if self.link.kind == LinkKind::Infiniband {
            is_later = false;
        }
        is_later |= self.file.cx.config.attrs_of(self.id).next().is_some();
        let entry = self.file.get(DEVICE).or(self.file.get(HWADDR));
        if is_later {
            let _ = self.refuse(entry, LATER);
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
    pub(super) fn attr(&mut self, entry: &Entry, attr: Attr, factor: u32) -> Result<(), Problem> {
        let (scope, kind) = attr.row();
        let word = self.file.octets(entry);
        let of_kind = SCOPES.get(self.link.kind as usize);
        let has = matches!(scope, Scope::Link | Scope::Ethtool)
            || of_kind == Some(&scope)
            || self.port == Some(scope);
        if !has {
            return match scalar::boolean(word) {
                Some(false) => Ok(()),
                _ => Err(Problem::NotAnOption),
            };
        }
        let mut value = self.file.cx.checked(kind, word)?;
        if let Value::Number(number) = &mut value {
            *number = number.checked_mul(factor).ok_or(Problem::NotANumber)?;
        }
        self.put(entry, attr, value);
        Ok(())
    }

    /// `BONDING_OPTS`, `BRIDGING_OPTS`.
    #[inline(never)]
    pub(super) fn options(&mut self, entry: &Entry, scope: Scope) {
        let mut rest = self.file.octets(entry);
        let scope = match self.port {
            Some(Scope::BridgePort) if scope == Scope::Bridge => Scope::BridgePort,
            _ => scope,
        };
        let origin = self.file.origin(entry);
        while let Some(option) = parts::next_word(&mut rest) {
            if let Err(what) = self.file.cx.put_option(self.id, scope, option, origin) {
                self.error(entry, option, what, LEFT_OUT);
            }
        }
    }
}

/// By [`LinkKind`], of which options such a link has its own.
static SCOPES: [Scope; 21] = [
    Scope::Link,
    Scope::Ib,
    Scope::Vlan,
    Scope::Bond,
    Scope::Team,
    Scope::Bridge,
    Scope::Link,
    Scope::Macvlan,
    Scope::Macvlan,
    Scope::Macvlan,
    Scope::Vrf,
    Scope::Vxlan,
    Scope::Pair,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Tunnel,
    Scope::Pair,
    Scope::Pair,
];

fn vlan_id(text: &[u8]) -> Option<u32> {
    scalar::number(text).filter(|id| Range::Vlan.has(*id))
}

/// A partition key, hexadecimal after `0x`.
#[inline(never)]
fn pkey(text: &[u8]) -> Option<u32> {
    let key = match text.strip_prefix(b"0x") {
        Some(digits) => scalar::hex(digits),
        None => scalar::number(text),
    };
    key.filter(|key| Range::Short.has(*key))
}

/// The name of a partition, which is that of its parent with the key behind it.
#[inline(never)]
pub(super) fn partition_name(parent: &[u8], key: u32) -> Option<IfName> {
    let mut name = LineBuf::<32>::new();
    name.put(parent);
    name.put(b".");
    for octet in (key as u16).to_be_bytes() {
        name.show(&Hex(&[octet]));
    }
    IfName::new(name.as_bytes())
}

/// The mode of the bond that does what the runner does that teamd's configuration names: no other text in it is
/// the name of a runner.
fn runner(config: &[u8]) -> u32 {
    let runners = packed!("roundrobin,activebackup,loadbalance,broadcast,lacp");
    let mut texts = config.split(|octet| *octet == b'"');
    texts.find_map(|text| runners.position(text)).unwrap_or(0) as u32
}
