//! What kind of link an `ifcfg` file is for, what it is made of, and its options.

use super::assignments::Entry;
use super::ifcfg::{Reader, field};
use super::ifcfg_keys::{
    BONDING_MASTER, DEVICE, DEVICETYPE, Field, HWADDR, PHYSDEV, PKEY, PKEY_ID, PKEY_ID_NM, SLAVE,
    TEAM_CONFIG, TYPE, VID, VLAN_FLAGS,
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
                Some(Field::DeviceType) if parts::is_same_in_any_case(word, b"team") => {
                    kind = LinkKind::Team
                }
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
                if row == BONDING_MASTER
                    && kind == LinkKind::Bond
                    && !self.file.text(TYPE).is_empty()
                {
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
                for row in VID..VLAN_FLAGS {
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
            let attr = if self.link.kind == LinkKind::Infiniband {
                Attr::PKEY
            } else {
                Attr::VLAN_ID
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
    scalar::number(text).filter(|id| Kind::Vlan.has(*id))
}

/// A partition key, hexadecimal after `0x`.
#[inline(never)]
fn pkey(text: &[u8]) -> Option<u32> {
    let key = match text.strip_prefix(b"0x") {
        Some(digits) => scalar::hex(digits),
        None => scalar::number(text),
    };
    key.filter(|key| Kind::Short.has(*key))
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

#[cfg(test)]
mod tests {
    use super::super::ifcfg::{self, Defaults};
    use super::super::testing::{Heard, ScratchTables, Storage, context, made_of};
    use super::*;
    use crate::model::config::LinkId;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// What the link of a file is made of, "" for none, and the complaints but for what is not done yet.
    fn read(text: &str) -> (String, Vec<String>) {
        let (mut tables, mut scratch) = (Storage::default(), ScratchTables::empty());
        let (mut config, mut sink) = (tables.config(), Heard::default());
        let mut cx = context(&mut config, &mut sink, b"ifcfg-x", text.as_bytes());
        let id = ifcfg::read(b"x", &Defaults::none(), &mut scratch.scratch(), &mut cx);
        let made = id.map_or(String::new(), |id| {
            let name = config.link(id).unwrap().name;
            let name = name.map_or(String::from("-"), |name| name.to_string());
            format!("{name} {}", made_of(&config, id))
        });
        let mut said = sink.lines();
        said.retain(|line| !line.contains(" Later ") && !line.contains(" TeamAsBond "));
        (made, said)
    }

    /// As [`read`], where nothing is wrong.
    fn made(text: &str) -> String {
        let (made, said) = read(text);
        assert_eq!(said, [""; 0], "{text}");
        made
    }

    #[test]
    fn each_kind_has_its_key() {
        for (text, want) in [
            ("TYPE=Ethernet", "x0 ethernet"),
            ("TYPE=CTC", "x0 ethernet"),
            ("TYPE=InfiniBand", "x0 infiniband"),
            ("TYPE=Bond", "x0 bond"),
            ("TYPE=bridge", "x0 bridge"),
            ("TYPE=Team", "x0 team mode=balance-rr"),
            ("TYPE=Dummy", "x0 dummy"),
            ("TYPE=Veth\nPEER=v1", "x0 veth peer=v1"),
            ("TYPE=Tap\nOWNER=1000", "x0 tap owner=1000"),
            ("TYPE=tun", "x0 tun"),
            ("TYPE=GRE6", "x0 ip6gre"),
            ("TYPE=IPIP6", "x0 ip6tnl"),
            (
                "TYPE=macvlan\nPHYSDEV=eth0\nMACVLAN_MODE=bridge",
                "x0 macvlan on eth0 mode=bridge",
            ),
            ("TYPE=ipvlan\nPHYSDEV=eth0", "x0 ipvlan on eth0"),
            (
                "TYPE=vxlan\nVXLAN_ID=9\nVXLAN_REMOTE=2001:DB8::1\nVXLAN_PORT=4789",
                "x0 vxlan id=9 remote=2001:db8::1 port=4789",
            ),
            ("TYPE=vrf\nVRF_TABLE=10", "x0 vrf table=10"),
            ("DEVICETYPE=Team", "x0 team mode=balance-rr"),
            ("DEVICETYPE=foo", "x0 ethernet"),
            ("BONDING_MASTER=yes", "x0 bond"),
            ("BONDING_MASTER=no", "x0 ethernet"),
            ("BONDING_OPTS=mode=1", "x0 bond mode=active-backup"),
            (
                "TYPE=Ethernet\nBONDING_OPTS=mode=1",
                "x0 bond mode=active-backup",
            ),
            (
                "TYPE=Ethernet\nVLAN=yes\nVID=5\nPHYSDEV=eth0",
                "x0 vlan on eth0 id=5",
            ),
            ("VLAN=no", "x0 ethernet"),
            ("IPV6TUNNELIPV4=192.0.2.1", "x0 sit remote=192.0.2.1"),
        ] {
            assert_eq!(made(&format!("DEVICE=x0\n{text}")), want);
        }
        let (have, said) = read("DEVICE=x0\nTYPE=Ethernet\nBONDING_MASTER=yes");
        assert_eq!(have, "x0 bond");
        assert_eq!(
            said,
            ["warning 3:16 BONDING_MASTER \"yes\" NotAnOption Guessed"]
        );
        assert_eq!(
            made("DEVICE=x0\nTYPE=Ethernet\nBONDING_OPTS=miimon=5"),
            "x0 bond miimon=5"
        );
        let (_, said) = read("HWADDR=52:54:00:12:34:56\nTYPE=Bond");
        assert_eq!(said.len(), 2, "{said:?}");
    }

    #[test]
    fn the_id_of_a_vlan_is_in_its_name_or_in_a_key() {
        for (text, want) in [
            ("DEVICE=eth0.5", "eth0.5 vlan on eth0 id=5"),
            ("DEVICE=eth0.5.6", "eth0.5.6 vlan on eth0.5 id=6"),
            ("DEVICE=eth0.0005", "eth0.0005 vlan on eth0 id=5"),
            ("DEVICE=eth0.4094", "eth0.4094 vlan on eth0 id=4094"),
            ("DEVICE=vlan5\nPHYSDEV=eth0", "vlan5 vlan on eth0 id=5"),
            (
                "DEVICE=vlan0005\nPHYSDEV=eth0",
                "vlan0005 vlan on eth0 id=5",
            ),
            ("DEVICE=eth0.5\nPHYSDEV=eth1", "eth0.5 vlan on eth1 id=5"),
            ("DEVICE=lan\nPHYSDEV=eth1\nVID=7", "lan vlan on eth1 id=7"),
            ("DEVICE=eth0.5\nVLAN_ID=7", "eth0.5 vlan on eth0 id=7"),
        ] {
            assert_eq!(made(&format!("VLAN=yes\n{text}")), want);
        }
        for (text, what) in [
            (
                "DEVICE=eth0",
                "error 2:8 DEVICE \"eth0\" NotAVlanId FileIgnored",
            ),
            (
                "DEVICE=eth0.0",
                "error 2:8 DEVICE \"eth0.0\" NotAVlanId FileIgnored",
            ),
            (
                "DEVICE=eth0.4095",
                "error 2:8 DEVICE \"eth0.4095\" NotAVlanId FileIgnored",
            ),
            (
                "DEVICE=eth0.00005",
                "error 2:8 DEVICE \"eth0.00005\" NotAVlanId FileIgnored",
            ),
            (
                "DEVICE=eth0.x",
                "error 2:8 DEVICE \"eth0.x\" NotAVlanId FileIgnored",
            ),
            (
                "DEVICE=vlan5",
                "error 2:8 DEVICE \"vlan5\" NoParent FileIgnored",
            ),
            (
                "DEVICE=vlan0.5",
                "error 2:8 DEVICE \"vlan0.5\" NoParent FileIgnored",
            ),
            (
                "DEVICE=eth0.5\nVID=x",
                "error 3:5 VID \"x\" NotAVlanId FileIgnored",
            ),
            ("PHYSDEV=eth0", "error 0:0 file NotAVlanId FileIgnored"),
        ] {
            assert_eq!(
                read(&format!("VLAN=yes\n{text}")),
                (String::new(), [what.to_string()].to_vec())
            );
        }
    }

    #[test]
    fn a_dotted_name_may_be_that_of_a_vlan() {
        assert_eq!(made("DEVICE=eth0.5"), "eth0.5 ethernet on eth0 id=5");
        assert_eq!(made("DEVICE=eth0.x"), "eth0.x ethernet");
        assert_eq!(made("DEVICE=vlan5\nPHYSDEV=eth0"), "vlan5 ethernet");
    }

    #[test]
    fn flags_of_a_vlan_are_beaten_by_their_keys() {
        let vlan = |more: &str| made(&format!("VLAN=yes\nDEVICE=eth0.5\n{more}"));
        let is = "eth0.5 vlan on eth0 id=5";
        assert_eq!(
            vlan("VLAN_FLAGS='GVRP,NO_REORDER_HDR  LOOSE_BINDING'"),
            format!("{is} gvrp=1 reorder_hdr=0 loose_binding=1")
        );
        assert_eq!(
            vlan("REORDER_HDR=yes\nGVRP=no\nVLAN_FLAGS=GVRP,NO_REORDER_HDR,BRIDGE_BINDING,MVRP"),
            format!("{is} gvrp=0 reorder_hdr=1 bridge_binding=1 mvrp=1")
        );
        assert_eq!(
            vlan("VLAN_PROTOCOL=802.1AD\nVLAN_EGRESS_PRIORITY_MAP=0:1,2:3"),
            format!("{is} protocol=802.1ad egress=0:1,2:3")
        );
        let (_, said) = read("VLAN=yes\nDEVICE=eth0.5\nVLAN_FLAGS=GVRP,X");
        assert_eq!(
            said,
            ["error 3:12 VLAN_FLAGS \"X\" NotAnOption PartIgnored"]
        );
    }

    #[test]
    fn the_first_master_of_the_table_counts() {
        for (text, want) in [
            ("MASTER=bond0", "x0 ethernet of bond0"),
            ("MASTER=bond0\nSLAVE=no", "x0 ethernet"),
            ("TEAM_MASTER=team0", "x0 ethernet of team0"),
            ("VRF=red", "x0 ethernet of red"),
            (
                "BRIDGE=br0\nBRIDGING_OPTS='priority=32 path_cost=5'\nBRIDGE_PORT_VLANS=7",
                "x0 ethernet of br0 priority=32 path_cost=5 vlans=7",
            ),
            (
                "MASTER=bond0\nBOND_PORT_QUEUE_ID=2\nBOND_PORT_PRIO=3",
                "x0 ethernet of bond0 queue_id=2 prio=3",
            ),
        ] {
            assert_eq!(made(&format!("DEVICE=x0\n{text}")), want);
        }
        let (have, said) = read("MASTER=bond0\nDEVICE=x0\nBRIDGE=br0\nIPADDR=192.0.2.1");
        assert_eq!(have, "x0 ethernet of br0");
        assert_eq!(
            said,
            [
                "warning 1:8 MASTER \"bond0\" NotAnOption KeyUnset",
                "warning 4:8 IPADDR \"192.0.2.1\" PortAddr KeyUnset",
            ]
        );
        let (have, said) = read("DEVICE=x0\nMASTER=a/b\nBOOTPROTO=dhcp");
        assert_eq!((have.as_str(), said.len()), ("x0 ethernet", 1));
        let (_, said) = read("DEVICE=x0\nMASTER=bond0\nBOOTPROTO=dhcp");
        assert_eq!(said, ["warning 3:11 BOOTPROTO \"dhcp\" PortAddr KeyUnset"]);
        let (_, said) = read("DEVICE=x0\nVRF=red\nIPADDR=192.0.2.1\nPREFIX=24");
        assert_eq!(said, [""; 0]);
    }

    #[test]
    fn options_are_separated_by_blanks() {
        let (have, said) = read(
            "DEVICE=bond0\nBONDING_OPTS='mode=4\tmiimon=1 miimon=100 bogus=1 arp_ip_target=+192.0.2.1 lacp_rate=x'",
        );
        assert_eq!(have, "bond0 bond mode=802.3ad miimon=100");
        assert_eq!(
            said,
            [
                "error 2:14 BONDING_OPTS \"bogus=1\" NotAnOption PartIgnored",
                "error 2:14 BONDING_OPTS \"lacp_rate=x\" NotAWord PartIgnored",
                "warning 2:14 arp_ip_target NeedsOther PartIgnored",
            ]
        );
        let targets = "BONDING_OPTS='mode=1 arp_interval=9 arp_ip_target=+192.0.2.1,+192.0.2.2'";
        assert_eq!(
            made(&format!("DEVICE=bond0\n{targets}")),
            "bond0 bond mode=active-backup arp_interval=9 arp_ip_target=192.0.2.1,192.0.2.2"
        );
    }

    #[test]
    fn delays_of_a_bridge_are_seconds() {
        assert_eq!(
            made(
                "DEVICE=br0\nTYPE=Bridge\nSTP=on\nDELAY=15\nAGEING=300\nPRIO=8\nBRIDGING_OPTS='hello_time=200 default_pvid=1'"
            ),
            "br0 bridge stp=1 forward_delay=1500 ageing_time=30000 priority=8 hello_time=200 default_pvid=1"
        );
        let (have, said) = read("DEVICE=br0\nTYPE=Bridge\nSTP=maybe\nDELAY=99999999");
        assert_eq!(have, "br0 bridge");
        assert_eq!(
            said,
            [
                "error 3:5 STP \"maybe\" NotABoolean DefaultUsed",
                "error 4:7 DELAY \"99999999\" NotANumber KeyUnset",
            ]
        );
    }

    #[test]
    fn a_team_has_the_mode_of_its_runner() {
        for (runner, mode) in [
            ("roundrobin", "balance-rr"),
            ("activebackup", "active-backup"),
            ("loadbalance", "balance-xor"),
            ("broadcast", "broadcast"),
            ("lacp", "802.3ad"),
            ("random", "balance-rr"),
        ] {
            let config = format!("{{\"runner\": {{\"name\": \"{runner}\"}}}}");
            let have = made(&format!("DEVICE=team0\nTEAM_CONFIG='{config}'"));
            let config = config.replace('"', "\\\"");
            assert_eq!(have, format!("team0 team mode={mode} config={config}"));
        }
    }

    #[test]
    fn a_partition_is_named_after_its_parent() {
        for (text, want) in [
            (
                "DEVICE=ib0.8004\nPKEY_ID=4",
                "ib0.8004 infiniband on ib0 pkey=32772",
            ),
            (
                "DEVICE=ib0.8004\nPKEY_ID=0x8004",
                "ib0.8004 infiniband on ib0 pkey=32772",
            ),
            (
                "DEVICE=ib0.0004\nPKEY_ID_NM=0x4",
                "ib0.0004 infiniband on ib0 pkey=4",
            ),
            (
                "PKEY_ID=1\nCONNECTED_MODE=yes",
                "ib0.8001 infiniband on ib0 pkey=32769 connected=1",
            ),
        ] {
            assert_eq!(
                made(&format!("TYPE=InfiniBand\nPKEY=yes\nPHYSDEV=ib0\n{text}")),
                want
            );
        }
        let (have, said) = read("DEVICE=foo\nPKEY=yes\nPHYSDEV=ib0\nPKEY_ID=4");
        assert_eq!(have, "ib0.8004 infiniband on ib0 pkey=32772");
        assert_eq!(said, ["warning 1:8 DEVICE \"foo\" NotPartition KeyUnset"]);
        for (text, what) in [
            ("PHYSDEV=ib0", "NotAPkey"),
            ("PHYSDEV=ib0\nPKEY_ID=zz", "NotAPkey"),
            ("PHYSDEV=ib0\nPKEY_ID=0x10000", "NotAPkey"),
            ("PKEY_ID=1", "NoParent"),
        ] {
            let (have, said) = read(&format!("DEVICE=ib0.1\nPKEY=yes\n{text}"));
            assert_eq!(have, "");
            let want = format!("error 1:8 DEVICE \"ib0.1\" {what} FileIgnored");
            assert_eq!(said.last(), Some(&want));
        }
    }

    #[test]
    fn a_tunnel_has_its_ends() {
        let (mut tables, mut scratch) = (Storage::default(), ScratchTables::empty());
        let (mut config, mut sink) = (tables.config(), Heard::default());
        let text = b"DEVICE=gre1\nTYPE=GRE\nMY_OUTER_IPADDR=192.0.2.1\nPEER_OUTER_IPADDR=192.0.2.2\nTTL=inherit\n\
            KEY=7\nMY_INNER_IPADDR=10.0.0.1\nPEER_INNER_IPADDR=10.0.0.2/30\n";
        let mut cx = context(&mut config, &mut sink, b"ifcfg-x", text);
        ifcfg::read(b"x", &Defaults::none(), &mut scratch.scratch(), &mut cx);
        assert_eq!(
            made_of(&config, LinkId::new(0)),
            "gre local=192.0.2.1 remote=192.0.2.2 ttl=0 key=7"
        );
        let addr = config.addrs.first().unwrap();
        assert_eq!(addr.addr.to_string(), "10.0.0.1/30");
        assert_eq!(addr.peer.unwrap().to_string(), "10.0.0.2");
        let (_, said) = read("DEVICE=gre1\nTYPE=GRE\nMY_INNER_IPADDR=x\nTTL=256");
        assert_eq!(
            said,
            [
                "error 4:5 TTL \"256\" NotANumber KeyUnset",
                "error 3:17 MY_INNER_IPADDR \"x\" NotAnAddress AddrSkipped",
            ]
        );
    }

    #[test]
    fn names_of_kinds_have_their_scopes() {
        assert_eq!(SCOPES.get(LinkKind::Tap as usize), Some(&Scope::Pair));
        assert_eq!(SCOPES.get(LinkKind::Vrf as usize), Some(&Scope::Vrf));
        assert_eq!(SCOPES.get(LinkKind::Ip6gre as usize), Some(&Scope::Tunnel));
        assert_eq!(SCOPES.get(LinkKind::Bridge as usize), Some(&Scope::Bridge));
    }
}
