//! What kind of link an `ifcfg` file is for, what it is made of, and its options.

use super::attrs::RUNNERS;
use super::ifcfg::{FOREIGN, NO_NUMBER, Reader, unset};
use super::ifcfg_keys::{
    BONDING_MASTER, DELAY, DEVICE, DEVICETYPE, MASTER, PHYSDEV, PKEY, PKEY_ID, PKEY_ID_NM, SLAVE,
    TEAM_CONFIG, TYPE, VID, VLAN_FLAGS, VRF,
};
use super::ifcfg_link::is_same_name;
use super::route_words::number;
use crate::diag::{Complaint, Effect, LineBuf, Problem};
use crate::model::attr::{Attr, Form, Kind, Scope, Value};
use crate::model::config::{LinkMatch, Role};
use crate::model::link::{IfName, LinkKind};
use crate::packed::packed;
use crate::text::show::Hex;
use crate::text::{parts, scalar};
use core::slice;

/// The kind of link behind each of [`LinkKind::WORDS`].
static KINDS: [LinkKind; 25] = [
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
    LinkKind::Ip6gre,
    LinkKind::Tun,
    LinkKind::Tap,
    LinkKind::Ethernet,
    LinkKind::Ethernet,
    LinkKind::Ip6tnl,
    LinkKind::Ip6gre,
];

/// What a key of those from `DEVICETYPE` to `VRF` says.
enum By {
    /// The kind of link, and whether it must say yes; `TYPE` names it.
    Made(LinkKind, bool),
    /// The link it is a port of, with some of these options.
    Port(Scope),
}

static SAID_BY: [By; (SLAVE - DEVICETYPE) as usize] = [
    By::Made(LinkKind::Team, false),
    By::Made(LinkKind::Team, false),
    By::Made(LinkKind::Ethernet, false),
    By::Made(LinkKind::Bond, true),
    By::Made(LinkKind::Vlan, true),
    By::Made(LinkKind::Sit, false),
    By::Made(LinkKind::Bond, false),
    By::Made(LinkKind::Infiniband, true),
    By::Port(Scope::BridgePort),
    By::Port(Scope::BondPort),
    By::Port(Scope::Team),
    By::Port(Scope::Vrf),
];

const NOT_YET: Complaint = Complaint::warning(Problem::NotYet, Effect::KeyUnset);
const UNSET: Effect = Effect::KeyUnset;
const NO_KIND: Complaint = Complaint::error(Problem::Virtual, Effect::FileIgnored);
const NO_ID: Complaint = Complaint::error(Problem::NotAVlanId, Effect::FileIgnored);
const NO_PARENT: Complaint = Complaint::error(Problem::NoParent, Effect::FileIgnored);
const NO_PKEY: Complaint = Complaint::error(Problem::NotAPkey, Effect::FileIgnored);
const NO_NAME: Complaint = Complaint::error(Problem::NotALinkName, UNSET);
const OTHER_NAME: Complaint = Complaint::warning(Problem::NotPartition, UNSET);
const OTHER_MASTER: Complaint = Complaint::warning(Problem::OtherMaster, UNSET);
const NOT_ETHERNET: Complaint = Complaint::warning(Problem::NotAnOption, Effect::Guessed);
const AS_BOND: Complaint = Complaint::note(Problem::TeamAsBond, Effect::None);

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
    /// Finds out what kind of link it is, and whose port: of several keys the first of the table counts. `None`
    /// after a complaint for which the file is not used.
    #[inline(never)]
    pub(super) fn kind(&mut self) -> Option<()> {
        // `ipppN` are links of ISDN
        let name = parts::without(self.at(DEVICE), b"i");
        if parts::strip(name, b"ppp").is_some() {
            return self.refuse(FOREIGN);
        }
        for (row, by) in (DEVICETYPE..SLAVE).zip(&SAID_BY) {
            let word = self.at(row);
            if word.is_empty() {
                continue;
            }
            let (kind, must_say_yes) = match by {
                By::Made(kind, must_say_yes) => (*kind, *must_say_yes),
                By::Port(scope) => {
                    self.port_of(row, word, *scope);
                    continue;
                }
            };
            if must_say_yes && scalar::boolean(word) != Some(true) {
                continue;
            }
            let mut kind = kind;
            if row == DEVICETYPE {
                match packed!("team,ovs").position(word) {
                    Some(0) => {}
                    Some(_) => return self.refuse(FOREIGN),
                    None => continue,
                }
            }
            if row == TYPE {
                let Some(of) = LinkKind::WORDS.position(word).and_then(|n| KINDS.get(n)) else {
                    return self.refuse(NO_KIND);
                };
                kind = *of;
            }
            if self.known.draft.link.kind == LinkKind::Ethernet {
                self.known.draft.link.kind = kind;
                // of TYPE=Ethernet and BONDING_MASTER=yes one is wrong
                if row == BONDING_MASTER && self.file.get(TYPE).is_some() {
                    self.complain(NOT_ETHERNET);
                }
            }
        }
        Some(())
    }

    /// Makes it a port of the link of this name.
    fn port_of(&mut self, row: u16, name: &[u8], scope: Scope) {
        if row == MASTER && self.says(SLAVE, false) {
            return;
        }
        if self.port.is_some() {
            return self.complain(OTHER_MASTER);
        }
        if !IfName::read(name, &mut self.known.draft.link.master) {
            return self.complain(NO_NAME);
        }
        self.port = Some(scope);
        if row != VRF {
            self.known.draft.link.role = Role::Port;
        }
    }

    /// Finds out on which link a VLAN, partition, tunnel or the like lies, and the number of a VLAN or partition;
    /// `None` after a complaint for which the file is not used.
    pub(super) fn made_of(&mut self) -> Option<()> {
        self.entry = None;
        let name = self.at(DEVICE);
        let mut parent = self.file.text(PHYSDEV);
        let kind = self.known.draft.link.kind;
        let mut must = kind == LinkKind::Vlan || kind.scope() == Scope::Macvlan;
        if kind == LinkKind::Infiniband && self.says(PKEY, true) {
            must = true;
            self.number = pkey(self.file.text(PKEY_ID)) | FULL_MEMBER;
            if self.number == NO_NUMBER {
                self.number = pkey(self.file.text(PKEY_ID_NM));
            }
            if self.number == NO_NUMBER {
                return self.refuse(NO_PKEY);
            }
            partition_name(parent, self.number, &mut self.known.draft.link.name);
            if !name.is_empty() && !is_same_name(&IfName::new(name), &self.known.draft.link.name) {
                self.complain(OTHER_NAME);
            }
        }
        if let LinkKind::Ethernet | LinkKind::Vlan = kind {
            // what stands before the last dot is its parent, behind it stands its number
            let mut before = name;
            while let Some((last, rest)) = before.split_last() {
                before = rest;
                if *last == b'.' {
                    break;
                }
            }
            let digits = match before {
                [] => parts::strip(name, b"vlan"),
                _ => name.get(before.len().wrapping_add(1)..),
            };
            let digits = digits.filter(|digits| digits.len() <= MAX_DIGITS);
            self.number = digits.map_or(NO_NUMBER, vlan_id);
            if must {
                for row in VID..VLAN_FLAGS {
                    let word = self.at(row);
                    if !word.is_empty() {
                        self.number = vlan_id(word);
                    }
                }
                if self.number == NO_NUMBER {
                    return self.refuse(NO_ID);
                }
                if before.starts_with(b"vlan") {
                    before = b"";
                }
                if parent.is_empty() {
                    parent = before;
                }
            } else {
                // without VLAN=yes it is one if there is no such link
                if before.is_empty() {
                    self.number = NO_NUMBER;
                }
                if self.number == NO_NUMBER {
                    before = b"";
                }
                parent = before;
            }
        }
        self.known.draft.link.lower = IfName::new(parent).map(LinkMatch::Name);
        must |= !parent.is_empty();
        if self.known.draft.link.lower.is_none() && must {
            return self.refuse(NO_PARENT);
        }
        Some(())
    }

    /// Options that follow from several keys; said of the key that names the link.
    pub(super) fn options_of_kind(&mut self) {
        if self.number != NO_NUMBER {
            let attr = if self.known.draft.link.kind == LinkKind::Infiniband {
                Attr::PKEY
            } else {
                Attr::VLAN_ID
            };
            self.put(attr, self.number);
        }
        if self.known.draft.link.kind == LinkKind::Team {
            let mut mode = 0;
            let mut texts = Some(self.file.text(TEAM_CONFIG));
            // no other text of teamd's configuration is the name of a runner
            while let Some(text) = parts::next(&mut texts, b'"') {
                if let Some(n) = RUNNERS.position(text) {
                    mode = n as u32;
                    break;
                }
            }
            self.put(Attr::BOND_MODE, mode);
            self.complain(AS_BOND);
        }
        let mut rest = self.at(VLAN_FLAGS);
        while let Some(word) = parts::next_word(&mut rest) {
            let mut items = Some(word);
            while let Some(item) = parts::next(&mut items, b',') {
                let words = packed!("no_reorder_hdr,gvrp,mvrp,loose_binding,bridge_binding");
                let flag = words.position(item);
                match flag.and_then(|n| FLAGS.get(n)) {
                    Some(attr) => self.put(*attr, (flag != Some(0)).into()),
                    None => self.leave_out(item, Problem::NotAnOption),
                }
            }
        }
    }

    /// Says what is otherwise than the file says: a link that is waited for and never made, a name that makes a VLAN, a
    /// delay of spanning tree that the kernel does not take (linux/net/bridge/br_private.h, in hundredths of a second).
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are as they say")]
    pub(super) fn say_otherwise(&mut self) {
        const NOT_MADE: Complaint = Complaint::warning(Problem::Virtual, Effect::None);
        const IF_NONE: Complaint = Complaint::note(Problem::VlanIfNone, Effect::None);
        const CLAMPED: Complaint = Complaint::warning(Problem::DelayClamped, Effect::None);
        let config = &*self.file.cx.config;
        let delay = config.number_of(self.id, Attr::FORWARD_DELAY);
        if config.number_of(self.id, Attr::STP) == Some(1)
            && !matches!(delay, None | Some(200..=3_000))
        {
            self.at(DELAY);
            self.complain(CLAMPED);
        }
        let link = &self.known.draft.link;
        let what = match link.kind {
            LinkKind::Tun | LinkKind::Tap => NOT_MADE,
            LinkKind::Ethernet if link.lower.is_some() => IF_NONE,
            _ => return,
        };
        self.at(DEVICE);
        self.complain(what);
    }

    /// Sets an option to a number that is right.
    #[inline(never)]
    fn put(&mut self, attr: Attr, number: u32) {
        let value = Value::Number(number);
        let put = self.file.cx.put_value(self.id, attr, value, self.origin());
        if let Err(what) = put {
            self.complain(unset(what));
        }
    }

    /// Sets an option by a key of its own, to `word`.
    ///
    /// # Errors
    /// What is wrong with it, or that it is no option of such a link.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are as they are")]
    pub(super) fn attr(&mut self, attr: Attr, word: &[u8]) -> Result<(), Problem> {
        let (scope, _) = attr.row();
        let kind = self.known.draft.link.kind;
        let has = matches!(scope, Scope::Link | Scope::Ethtool)
            || kind.scope() == scope
            || kind == LinkKind::Team && scope == Scope::Team
            || self.port == Some(scope);
        let is_left_out = match kind {
            // of the modes of a macvlan it has the first three
            LinkKind::Ipvlan if scope == Scope::Macvlan => {
                let modes = packed!("private,vepa,bridge,0,1,2");
                modes.position(word).is_none()
            }
            LinkKind::Gre | LinkKind::Gretap | LinkKind::Ip6gre => false,
            _ => attr == Attr::KEY,
        };
        if !has || is_left_out {
            return match scalar::boolean(self.word()) {
                Some(false) => Ok(()),
                _ => Err(Problem::NotAnOption),
            };
        }
        let origin = self.origin();
        self.file.cx.put_text(self.id, attr, word, origin)?;
        if matches!(scope, Scope::Bridge | Scope::BridgePort) && attr.place().form == Form::None {
            self.complain(NOT_YET);
        }
        Ok(())
    }

    /// `BONDING_OPTS`, `BRIDGING_OPTS`.
    pub(super) fn options(&mut self, mut scope: Scope, mut rest: &[u8]) {
        if scope == Scope::Bridge && self.port == Some(Scope::BridgePort) {
            scope = Scope::BridgePort;
        }
        let origin = self.origin();
        while let Some(option) = parts::next_word(&mut rest) {
            if let Err(what) = self.file.cx.put_option(self.id, scope, option, origin) {
                self.leave_out(option, what);
            }
        }
    }
}

/// The number of a VLAN, or [`NO_NUMBER`].
#[inline(never)]
fn vlan_id(text: &[u8]) -> u32 {
    let id = scalar::number(text).filter(|id| Kind::Vlan.has(*id));
    id.unwrap_or(NO_NUMBER)
}

/// A partition key, hexadecimal after `0x`, or [`NO_NUMBER`].
#[inline(never)]
fn pkey(text: &[u8]) -> u32 {
    let key = number(text, 0).filter(|key| Kind::Short.has(*key));
    key.unwrap_or(NO_NUMBER)
}

/// The name of a partition, which is that of its parent with the key behind it; whether it is one.
#[inline(never)]
pub(super) fn partition_name(parent: &[u8], key: u32, into: &mut Option<IfName>) -> bool {
    let mut name = LineBuf::<64>::new();
    name.put(parent);
    name.put(b".");
    for octet in &(key as u16).to_be_bytes() {
        name.show(&Hex(slice::from_ref(octet)));
    }
    IfName::read(name.as_bytes(), into)
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg::{self, Defaults};
    use super::super::testing::{Heard, ScratchTables, Storage, context, made_of};
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
        said.retain(|line| !line.contains(" TeamAsBond "));
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
        let (have, said) = read("DEVICE=x0\nTYPE=Tap\nOWNER=1000");
        assert_eq!(have, "x0 tap owner=1000");
        assert_eq!(said, ["warning 1:8 DEVICE \"x0\" Virtual None"]);
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
    fn what_lies_on_a_link_says_on_which() {
        for text in [
            "TYPE=macvlan",
            "TYPE=macvtap",
            "TYPE=ipvlan",
            "TYPE=macvlan\nPHYSDEV=a/b",
            "TYPE=vxlan\nVXLAN_ID=9\nPHYSDEV=a/b",
            "TYPE=sit\nPHYSDEV=0123456789abcdef",
        ] {
            assert_eq!(
                read(&format!("DEVICE=x0\n{text}")).1,
                ["error 1:8 DEVICE \"x0\" NoParent FileIgnored"],
                "{text}"
            );
        }
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
        let (have, said) = read("DEVICE=eth0.5");
        assert_eq!(have, "eth0.5 ethernet on eth0 id=5");
        assert_eq!(said, ["note 1:8 DEVICE \"eth0.5\" VlanIfNone None"]);
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
                "BRIDGE=br0\nBRIDGING_OPTS='priority=32 path_cost=5'",
                "x0 ethernet of br0 priority=32 path_cost=5",
            ),
            (
                "MASTER=bond0\nBOND_PORT_QUEUE_ID=2\nBOND_PORT_PRIO=3",
                "x0 ethernet of bond0 queue_id=2 prio=3",
            ),
        ] {
            assert_eq!(made(&format!("DEVICE=x0\n{text}")), want);
        }
        let (have, said) = read("DEVICE=x0\nBRIDGE=br0\nBRIDGE_PORT_VLANS=7");
        assert_eq!(have, "x0 ethernet of br0 vlans=7");
        assert_eq!(
            said,
            ["warning 3:19 BRIDGE_PORT_VLANS \"7\" NotYet KeyUnset"]
        );
        let (have, said) = read("MASTER=bond0\nDEVICE=x0\nBRIDGE=br0\nIPADDR=192.0.2.1");
        assert_eq!(have, "x0 ethernet of br0");
        assert_eq!(
            said,
            [
                "warning 1:8 MASTER \"bond0\" OtherMaster KeyUnset",
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
                "warning 2:14 arp_ip_target \"arp_interval\" NotWith PartIgnored",
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
    fn what_a_kind_has_not_is_told() {
        for (text, what) in [
            ("TYPE=ipvlan\nPHYSDEV=e0\nMACVLAN_MODE=vepa", None),
            (
                "TYPE=ipvlan\nPHYSDEV=e0\nMACVLAN_MODE=passthru",
                Some("MACVLAN_MODE \"passthru\""),
            ),
            (
                "TYPE=ipvlan\nPHYSDEV=e0\nMACVLAN_MODE=4",
                Some("MACVLAN_MODE \"4\""),
            ),
            ("TYPE=ipvlan\nPHYSDEV=e0\nIPV4_REQUIRED_TIMEOUT=5", None),
            ("TYPE=macvlan\nPHYSDEV=e0\nMACVLAN_MODE=passthru", None),
            ("TYPE=GRE\nPEER_OUTER_IPADDR=192.0.2.2\nKEY=7", None),
            (
                "TYPE=IPIP\nPEER_OUTER_IPADDR=192.0.2.2\nKEY=7",
                Some("KEY \"7\""),
            ),
        ] {
            let said = read(&format!("DEVICE=x0\n{text}")).1;
            assert_eq!(said.len(), usize::from(what.is_some()), "{said:?}");
            let is_told = |what| said.iter().any(|line| line.contains(what));
            assert!(what.is_none_or(is_told), "{said:?}");
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
}
