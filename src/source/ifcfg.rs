//! `ifcfg-NAME`: one link, its addresses, gateways, name servers and MAC rule.
//!
//! A file of shell assignments ([`super::assignments`]) with the keys of [`super::ifcfg_keys`]. A bad
//! value costs its key. A file that describes a kind of link which cannot be made is refused as a
//! whole, and so is one that does not say which link it means. Several files may describe one link:
//! addresses add up, of everything else the later file counts. What the kernel command line says of a
//! link beats every file.

use super::Context;
use super::alias;
use super::assignments::{self, Entry, File, NOT_YET, Scratch};
use super::ifcfg_ip::{IBFT, method_number};
use super::ifcfg_keys::{self, BONDING_OPTS, BOOTPROTO, Field, NAMES};
use super::other_arg::set_policy;
use super::route_file::{Form, parse_route, read_rule};
use crate::diag::{Complaint, Effect, LineBuf, Origin, Problem};
use crate::model::addr::Family;
use crate::model::attr::{Attr, Scope};
use crate::model::config::{
    GlobalFlag, GlobalNumber, IpNumber, IpText, LinkConfig, LinkFlag, LinkId, Role, RouteDev,
    SourceKind, Str,
};
use crate::model::link::IfName;
use crate::model::said::{Values, flags, rows};
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};
use core::net::IpAddr;

/// What `/etc/sysconfig/network` says for all links: see [`super::sysconfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Defaults {
    /// What each file is about at first.
    pub draft: Draft,
    /// `NETWORKING=no`: no link is brought up unless it is named.
    pub networking: Option<bool>,
    /// `GATEWAY`.
    pub gateway: Gateway,
    /// `IPV6_DEFAULTGW`, without its zone.
    pub gateway6: Gateway,
    /// The zone of `IPV6_DEFAULTGW`, else `IPV6_DEFAULTDEV`.
    pub gateway6_dev: Option<IfName>,
}

/// What a file says, as far as it is read. In this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Draft {
    /// Of its link.
    pub link: LinkConfig,
    /// What nobody but the reader needs to know: [`FileFlag`], [`FileNumber`], [`FileText`].
    pub said: Values,
}

impl Defaults {
    /// The gateway of a family.
    pub fn gateway(&self, family: Family) -> &Gateway {
        match family {
            Family::V4 => &self.gateway,
            Family::V6 => &self.gateway6,
        }
    }

    /// The same, to be set.
    pub fn gateway_mut(&mut self, family: Family) -> &mut Gateway {
        match family {
            Family::V4 => &mut self.gateway,
            Family::V6 => &mut self.gateway6,
        }
    }

    /// Nothing said. Not a constant, most of whose octets would be zeros in the file.
    pub fn none() -> Defaults {
        Defaults {
            networking: None,
            gateway: Gateway::none(),
            gateway6: Gateway::none(),
            gateway6_dev: None,
            draft: Draft {
                link: LinkConfig::new(SourceKind::Ifcfg, Origin::NONE),
                said: Values::NOTHING,
            },
        }
    }
}

/// A gateway for all links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its address.
    pub addr: Option<IpAddr>,
    /// Where it was given.
    pub origin: Origin,
}

impl Gateway {
    /// Nothing said.
    fn none() -> Gateway {
        Gateway {
            addr: None,
            origin: Origin::NONE,
        }
    }
}

/// Whether `name`, the name of a file in the directory, is that of an `ifcfg` file, and not a backup or
/// a package manager's leftover.
pub fn is_ifcfg_file_name(name: &[u8]) -> bool {
    const LEFT_OVER: Packed =
        packed!(".bak,.old,.orig,.rej,.rpmnew,.rpmorig,.rpmsave,.swp,.augnew,.augtmp");
    let Some(link @ [_, ..]) = parts::strip(name, b"ifcfg-") else {
        return false;
    };
    if is_left_over(link, LEFT_OVER) {
        return false;
    }
    // rpm's temporary files: `;` and eight hexadecimal digits
    !matches!(link.split_last_chunk::<9>(),
        Some((_, [b';', digits @ ..])) if scalar::hex(digits).is_some())
}

/// Whether a file of this name is an editor's backup, or ends with one of these.
pub fn is_left_over(name: &[u8], endings: Packed) -> bool {
    name.ends_with(b"~") || endings.position(ending(name)).is_some()
}

/// What stands from the last dot on; nothing where there is none.
#[inline(never)]
pub fn ending(name: &[u8]) -> &[u8] {
    let dot = name.iter().rposition(|octet| *octet == b'.');
    parts::slice(name, dot.unwrap_or(name.len()), name.len())
}

/// A file being read, and what is known of its link.
#[repr(C)]
pub struct Reader<'a, 'c, 'm> {
    /// The file.
    pub file: File<'a, 'c, 'm>,
    /// The key that was looked at last, which complaints are about; `None`: they are about the file.
    pub entry: Option<&'a Entry>,
    /// How many addresses there are before the first of the link, at least.
    pub before: usize,
    /// Which number the keys have that are looked at, as in [`File::get_numbered`].
    pub ordinal: u32,
    /// Id of a VLAN, key of a partition, or [`NO_NUMBER`].
    pub number: u32,
    /// Label of the addresses.
    pub label: Option<Str>,
    /// The link's number.
    pub id: LinkId,
    /// The options that it has as a port.
    pub port: Option<Scope>,
    /// Prefix length of IPv4 addresses without their own, or [`NO_LEN`].
    pub len: u8,
    /// What holds for all files, with the draft of this one.
    pub known: Defaults,
}

/// In place of a number that is none.
pub const NO_NUMBER: u32 = u32::MAX;
/// In place of a prefix length that is none.
pub const NO_LEN: u8 = u8::MAX;

flags! {
    /// Yes or no that nobody but the reader of a file needs to know.
    pub FileFlag of Draft;
    /// `IPV4_FAILURE_FATAL`.
    Fatal4,
    /// `IPV6_FAILURE_FATAL`.
    Fatal6,
    /// `IPV6INIT`.
    Init6,
    /// `IPV6_DISABLED`.
    Disabled6,
    /// `IPV6_AUTOCONF`.
    Autoconf6,
    /// `IPV6FORWARDING`.
    Forwarding6,
    /// `DHCPV6C`.
    Dhcp6,
    /// `ARPCHECK`.
    ArpCheck,
}

rows! {
    /// Numbers that nobody but the reader of a file needs to know.
    pub FileNumber in numbers: Draft;
    /// `METRIC`.
    Metric,
    /// `ARPING_WAIT`.
    ArpingWait,
    /// `ACD_TIMEOUT`.
    AcdTimeout,
}

rows! {
    /// Texts that nobody but the reader of a file needs to know.
    pub FileText in texts: Draft;
    /// `DHCP_FQDN`.
    Fqdn,
}

/// Reads the file `ifcfg-NAME` (`name` is what follows `ifcfg-`). The link it describes, or `None` if
/// it was refused, adds nothing (`lo`), or the command line speaks of that link.
#[inline(never)]
pub fn read<'c>(
    name: &[u8],
    defaults: &Defaults,
    scratch: &mut Scratch<'c>,
    cx: &mut Context<'c, '_>,
) -> Option<LinkId> {
    let mut reader = Reader::new(defaults, scratch, cx);
    let done = match alias::base(name) {
        Some(base) => reader.alias(name, base),
        None => reader.link(),
    };
    *reader.file.cx.config.link_mut(reader.id)? = reader.known.draft.link;
    done.map(|()| reader.id)
}

pub(super) const FOREIGN: Complaint = Complaint::error(Problem::Foreign, Effect::FileIgnored);
const FIRMWARE: Complaint = Complaint::warning(Problem::FirmwareSays, Effect::FileIgnored);
const NO_METHOD: Complaint = Complaint::error(Problem::UnknownMethod, Effect::FileIgnored);
pub(super) const NO_BOOLEAN: Complaint =
    Complaint::error(Problem::NotABoolean, Effect::DefaultUsed);
pub(super) const NOT_ITS: Complaint = Complaint::note(Problem::NotAnOption, Effect::LineIgnored);
const NOT_HERE: Complaint = Complaint::warning(Problem::NotHere, Effect::LineIgnored);
const OF_S390: Complaint = Complaint::note(Problem::S390Only, Effect::LineIgnored);
/// What is done with the keys of a file that stand for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing: it only adds addresses.
    None,
    /// They are about its link.
    Link,
    /// They are defaults for all files: it is `/etc/sysconfig/network`.
    Defaults,
}

impl<'a, 'c, 'm> Reader<'a, 'c, 'm> {
    /// Scans a file.
    #[inline(never)]
    pub(super) fn new(
        defaults: &Defaults,
        scratch: &'a mut Scratch<'c>,
        cx: &'a mut Context<'c, 'm>,
    ) -> Self {
        Reader {
            before: cx.config.addrs.len(),
            file: assignments::scan(NAMES, scratch, cx),
            entry: None,
            ordinal: 0,
            id: LinkId::NONE,
            known: *defaults,
            port: None,
            label: None,
            len: NO_LEN,
            number: NO_NUMBER,
        }
    }
}

impl<'a> Reader<'a, '_, '_> {
    /// Looks at a key: its value. Of one that is not set it is empty, and the key before is still looked at.
    #[inline(never)]
    pub(super) fn at(&mut self, row: u16) -> &'a [u8] {
        let entry = self.file.get_numbered(row, self.ordinal);
        if entry.is_none() {
            return b"";
        }
        self.entry = entry;
        self.word()
    }

    /// The value of the key that is looked at.
    #[inline(never)]
    pub(super) fn word(&self) -> &'a [u8] {
        self.entry.map_or(b"", |entry| self.file.octets(entry))
    }

    /// Where that was given.
    #[inline(never)]
    pub(super) fn origin(&self) -> Origin {
        match self.entry {
            Some(entry) => self.file.origin(entry),
            None => self.known.draft.link.origin,
        }
    }

    /// Complains about it.
    #[inline(never)]
    pub(super) fn complain(&mut self, complaint: Complaint) {
        match self.entry {
            Some(entry) => self.file.complain(entry, complaint),
            None => self.file.cx.complain_of_file(complaint),
        }
    }

    /// Complains about a part of it, which is left out.
    #[inline(never)]
    pub(super) fn leave_out(&mut self, part: &[u8], what: Problem) {
        if let Some(entry) = self.entry {
            self.file.complain_of(entry, part, Complaint::of_part(what));
        }
    }

    /// Complains, for the last time: the file is not used.
    #[inline(never)]
    pub(super) fn refuse<T>(&mut self, complaint: Complaint) -> Option<T> {
        self.complain(complaint);
        None
    }

    /// Whether a key says yes, or no.
    #[inline(never)]
    pub(super) fn says(&self, row: u16, what: bool) -> bool {
        scalar::boolean(self.file.text(row)) == Some(what)
    }

    /// Reads a file that describes a link; `None` if it is not used. Not in its caller: what is known of the file is
    /// nearer here.
    #[inline(never)]
    fn link(&mut self) -> Option<()> {
        self.kind()?;
        self.check()?;
        self.made_of()?;
        self.identify()?;
        self.options_of_kind();
        self.keys(Use::Link);
        if let Some(entry) = self.file.get(BONDING_OPTS) {
            self.file.go_to(entry);
        }
        self.file.cx.settle_bond(self.id);
        self.say_otherwise();
        let fqdn = FileText::Fqdn.of(&self.known.draft);
        let hostname = fqdn.or(IpText::Hostname.of(&self.known.draft.link.ipv4));
        IpText::Hostname.set(&mut self.known.draft.link.ipv4, hostname);
        let metric = IpNumber::Metric.of(&self.known.draft.link.ipv4);
        let metric = metric.or(FileNumber::Metric.of(&self.known.draft));
        IpNumber::Metric.set(&mut self.known.draft.link.ipv4, metric);
        if self.known.draft.link.role == Role::Port {
            self.drop_addresses();
        } else {
            self.addresses();
        }
        let onboot = !LinkFlag::Onboot.is_no(&self.known.draft.link);
        self.known.draft.link.onboot = onboot && self.known.networking != Some(false);
        self.known.draft.link.required = self.known.draft.link.onboot;
        Some(())
    }

    /// `None` if something keeps the file from being used at all, after saying so.
    fn check(&mut self) -> Option<()> {
        self.entry = self.first(Field::Foreign, packed!(",no,false,f,n,0,off"));
        if self.entry.is_some() {
            return self.refuse(FOREIGN);
        }
        let word = self.at(BOOTPROTO);
        let method = method_number(word);
        if method == Some(IBFT) {
            GlobalFlag::Ibft.set(&mut self.file.cx.config.global, Some(true));
            return self.refuse(FIRMWARE);
        }
        if !word.is_empty() && method.is_none() && self.first(Field::Addr, packed!("")).is_none() {
            return self.refuse(NO_METHOD);
        }
        Some(())
    }

    /// The first key of this kind whose value is not in the list `but`.
    #[inline(never)]
    pub(super) fn first(&self, kind: Field, but: Packed) -> Option<&'a Entry> {
        self.file.iter().find(|entry| {
            let is_it = field(entry) == Some(kind);
            is_it && but.position(self.file.octets(entry)).is_none()
        })
    }

    /// Complains of the keys that nothing reads, and reads those that stand for themselves.
    #[inline(never)]
    pub(super) fn keys(&mut self, done: Use) {
        for entry in self.file.iter() {
            self.entry = Some(entry);
            match field(entry) {
                Some(field) if done != Use::None => self.field(field, done),
                Some(_) => {}
                None => self.unknown(entry),
            }
        }
        self.entry = None;
    }

    /// Says of a key that it is in no table.
    fn unknown(&mut self, entry: &Entry) {
        if !ifcfg_keys::is_seldom(self.file.name(entry)) {
            self.file.unknown(entry);
        }
    }

    /// Reads the key that is looked at as one of this kind.
    fn field(&mut self, field: Field, done: Use) {
        let word = self.word();
        if word.is_empty() {
            return;
        }
        let is_said_no = scalar::boolean(word) == Some(false);
        let done = match (field, done) {
            (Field::Set(setting), _) => self.set(setting, word),
            (Field::Silent | Field::Shared, _) | (Field::Machine, Use::Defaults) => return,
            (Field::S390, _) => return self.complain(OF_S390),
            (Field::Machine | Field::Never, _) if is_said_no => return,
            (Field::Machine | Field::Never, _) => return self.complain(NOT_YET),
            (Field::Window, _) => {
                let mut words = LineBuf::<64>::new();
                words.put(b"default window ");
                words.put(word);
                let config = &mut *self.file.cx.config;
                let route = parse_route(words.as_bytes(), Form::Route, Family::V4, config);
                self.known.draft.link.more = route.and_then(|route| route.more);
                match self.known.draft.link.more {
                    Some(_) => Ok(()),
                    None => Err(Problem::NotANumber),
                }
            }
            (Field::Attr(Attr::CARRIER_LOSS), Use::Defaults) => self.carrier_loss(word),
            (_, Use::Defaults) => return self.complain(NOT_HERE),
            (Field::Attr(attr), _) => self.attr(attr, word),
            (Field::Hundredths(attr), _) => {
                let mut number = LineBuf::<64>::new();
                number.put(word);
                number.put(b"00");
                self.attr(attr, number.as_bytes())
            }
            (Field::Options(scope), _) => return self.options(scope, word),
            (Field::Ethtool, _) => return self.ethtool(word),
            (Field::Rule(family), _) => return self.rule(family),
            _ => return,
        };
        if let Err(what) = done {
            self.complain(unset(what));
        }
    }

    /// `CARRIER_LOSS` of all links; the kernel command line comes first.
    fn carrier_loss(&mut self, word: &[u8]) -> Result<(), Problem> {
        let of = GlobalNumber::CarrierLoss;
        let global = &mut self.file.cx.config.global;
        let said = of.of(global);
        let done = set_policy(of, global, word);
        of.set(global, said.or(of.of(global)));
        done
    }

    /// `ROUTING_RULE_n`.
    fn rule(&mut self, family: Family) {
        if let Some(entry) = self.entry {
            let link = RouteDev::Link(self.id);
            read_rule(&mut self.file, entry, family, &link);
        }
    }
}

/// What is said of a value that is not set.
#[inline(never)]
pub(super) fn unset(what: Problem) -> Complaint {
    if what == Problem::NotABoolean {
        return NO_BOOLEAN;
    }
    if what == Problem::NotAnOption {
        return NOT_ITS;
    }
    if what == Problem::Duplicate {
        return Complaint::of_part(what);
    }
    Complaint::error(what, Effect::KeyUnset)
}

/// What is done with a key.
pub(super) fn field(entry: &Entry) -> Option<Field> {
    ifcfg_keys::field(entry.row())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Heard, ScratchTables, Storage, context, describe};
    use super::*;
    use crate::model::config::{Config, IpFlag, IpText, LinkMatch, LinkNumber, NameSource};
    use crate::model::link::Mac;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    /// Reads files into one configuration: its links, and all complaints.
    fn read_into(
        config: &mut Config<'_>,
        files: &[&str],
        defaults: &Defaults,
    ) -> (Vec<String>, Vec<String>) {
        let (mut sink, mut scratch) = (Heard::default(), ScratchTables::empty());
        for text in files {
            let mut cx = context(config, &mut sink, b"ifcfg-x", text.as_bytes());
            read(b"x", defaults, &mut scratch.scratch(), &mut cx);
        }
        (describe(config), sink.lines())
    }

    fn links(files: &[&str]) -> (Vec<String>, Vec<String>) {
        read_into(&mut Storage::default().config(), files, &Defaults::none())
    }

    /// The one link of a file that nothing is wrong with.
    fn link(text: &str) -> String {
        let (mut links, said) = links(&[text]);
        assert_eq!(said, [""; 0], "{text}");
        assert_eq!(links.len(), 1, "{text}");
        links.remove(0)
    }

    /// The one link of a file of eth0, without its name, and what was said.
    fn eth0(text: &str) -> (String, Vec<String>) {
        let (links, said) = links(&[&format!("DEVICE=eth0\n{text}")]);
        let link = links.first().expect(text);
        (link.replacen("eth0 | ", "", 1), said)
    }

    #[test]
    fn names_of_backups_are_not_taken() {
        for name in [
            "ifcfg-eth0",
            "ifcfg-a.b",
            "ifcfg-eth0:1",
            "ifcfg-;0123456",
            "ifcfg-x;01234567a",
        ] {
            assert!(is_ifcfg_file_name(name.as_bytes()), "{name}");
        }
        for name in [
            "ifcfg-",
            "ifcfg",
            "ifup-eth",
            "route-eth0",
            "ifcfg-a~",
            "ifcfg-a.bak",
            "ifcfg-a.BAK",
            "ifcfg-a.old",
            "ifcfg-a.orig",
            "ifcfg-a.rej",
            "ifcfg-a.rpmnew",
            "ifcfg-a.rpmorig",
            "ifcfg-a.rpmsave",
            "ifcfg-a.swp",
            "ifcfg-a.augnew",
            "ifcfg-a.augtmp",
            "ifcfg-a;0123aBcD",
        ] {
            assert!(!is_ifcfg_file_name(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_link_is_meant_by_name_by_mac_or_renamed() {
        for (text, want) in [
            ("DEVICE=eth0", "eth0 | disabled | ignore"),
            (
                "HWADDR=52-54-00-12-34-AB",
                "52:54:00:12:34:ab | disabled | ignore",
            ),
            (
                "DEVICE=lan0\nHWADDR=' 52:54:00:12:34:ab '",
                "52:54:00:12:34:ab -> lan0 | disabled | ignore",
            ),
            (
                "DEVICE=ib0\nTYPE=InfiniBand",
                "ib0 infiniband | disabled | ignore",
            ),
            ("DEVICE=eth0\nTYPE='ETHERNET '", "eth0 | disabled | ignore"),
        ] {
            assert_eq!(link(text), want, "{text}");
        }
        let mut tables = Storage::default();
        let mut config = tables.config();
        let text = "DEVICE=lan0\nHWADDR=52:54:00:12:34:ab";
        read_into(&mut config, &[text], &Defaults::none());
        let rule = config.name_rules.first().unwrap();
        assert_eq!(
            rule.mac,
            Mac::new(&[0x52, 0x54, 0, 0x12, 0x34, 0xab]).unwrap()
        );
        assert_eq!(
            (rule.name, rule.source),
            (IfName::new(b"lan0"), NameSource::Ifcfg)
        );
        assert_eq!((rule.origin.line, rule.origin.column), (1, 8));
    }

    #[test]
    fn a_file_that_names_no_link_is_refused() {
        let missing = "error 0:0 file NoLink FileIgnored";
        for (text, want) in [
            ("TYPE=Ethernet\nBOOTPROTO=dhcp", &[missing][..]),
            ("", &[missing]),
            (
                "DEVICE=eth0:1",
                &["error 1:8 DEVICE \"eth0:1\" NotALinkName KeyUnset", missing],
            ),
            (
                "HWADDR=52:54",
                &["error 1:8 HWADDR \"52:54\" NotAMac KeyUnset", missing],
            ),
        ] {
            let (links, said) = links(&[text]);
            assert_eq!(links, [""; 0]);
            assert_eq!(said, want);
        }
        let (links, said) = links(&["DEVICE=a/b\nHWADDR=52:54:00:12:34:ab"]);
        assert_eq!(links, ["52:54:00:12:34:ab | disabled | ignore"]);
        assert_eq!(said, ["error 1:8 DEVICE \"a/b\" NotALinkName KeyUnset"]);
    }

    #[test]
    fn loopback_is_taken_only_if_it_says_something() {
        let plain = "DEVICE=lo\nIPADDR=127.0.0.1\nNETMASK=255.0.0.0\nIPV6ADDR=::1/128\n";
        assert_eq!(links(&[plain]).0, [""; 0]);
        let more = format!("{plain}IPADDR1=192.0.2.1\nPREFIX1=32\n");
        assert_eq!(
            link(&more),
            "lo | static 127.0.0.1/8 192.0.2.1/32 | ignore ::1/128"
        );
    }

    #[test]
    fn files_of_other_kinds_are_refused() {
        let foreign = format!("{:?}", FOREIGN.problem);
        let no_kind = format!("{:?}", Problem::Virtual);
        for (line, want) in [
            ("TYPE=IPoAC", &no_kind),
            ("TYPE=Wireless", &no_kind),
            ("TYPE=OVSBridge", &no_kind),
            ("DEVICETYPE=ovs", &foreign),
            ("OVS_BRIDGE=br0", &foreign),
            ("ESSID=x", &foreign),
            ("KEY_MGMT=IEEE8021X", &foreign),
            ("IEEE_8021X_IDENTITY=x", &foreign),
            ("DCB=yes", &foreign),
        ] {
            // the rest of such a file is not complained about
            let text = format!("DEVICE=x0\n{line}\nIPADDR=bad\nFOO=1\n");
            let (links, said) = links(&[&text]);
            assert_eq!(links, [""; 0], "{line}");
            assert_eq!(said.len(), 1, "{line}: {said:?}");
            assert!(said[0].starts_with("error 2:"), "{said:?}");
            assert!(
                said[0].ends_with(&format!("{want} FileIgnored")),
                "{said:?}"
            );
        }
        let ppp = links(&["DEVICE=ppp0\n"]);
        assert!(ppp.0.is_empty() && ppp.1[0].contains(&*foreign));
        for line in [
            "VLAN=no",
            "MASTER=bond0\nSLAVE=no",
            "BRIDGE=",
            "PKEY=no",
            "DEVICETYPE=foo",
            "DCB=no",
        ] {
            assert_eq!(
                link(&format!("DEVICE=x0\n{line}")),
                "x0 | disabled | ignore",
                "{line}"
            );
        }
    }

    #[test]
    fn values_of_the_link_are_set() {
        for (line, want) in [
            (
                "ONBOOT=no",
                "eth0 onboot=false required=false | disabled | ignore",
            ),
            (
                "ONBOOT=Off",
                "eth0 onboot=false required=false | disabled | ignore",
            ),
            ("ONBOOT=on", "eth0 | disabled | ignore"),
            ("MTU=9000", "eth0 mtu=9000 | disabled | ignore"),
            ("MTU=0", "eth0 | disabled | ignore"),
            (
                "MACADDR=52-54-00-00-00-01",
                "eth0 mac=52:54:00:00:00:01 | disabled | ignore",
            ),
            ("MACADDR=permanent", "eth0 | disabled | ignore"),
            ("DEVTIMEOUT=2.5", "eth0 device=2 | disabled | ignore"),
            ("METRIC=7", "eth0 | disabled metric=7 | ignore"),
            (
                "IPV4_ROUTE_METRIC=0\nMETRIC=7",
                "eth0 | disabled metric=0 | ignore",
            ),
            ("IPV4_ROUTE_METRIC=-1", "eth0 | disabled | ignore"),
            ("IPV6_ROUTE_METRIC=9", "eth0 | disabled | ignore metric=9"),
            ("IPV4_ROUTE_TABLE=0", "eth0 | disabled | ignore"),
            (
                "IPV4_ROUTE_TABLE=100\nIPV6_ROUTE_TABLE=200",
                "eth0 | disabled table=100 | ignore table=200",
            ),
            (
                "IPV4_DHCP_TIMEOUT=30",
                "eth0 | disabled timeout=30 | ignore",
            ),
            ("DHCP_SEND_HOSTNAME=no", "eth0 | disabled nameless | ignore"),
            ("DHCPRELEASE=yes", "eth0 | disabled release | ignore"),
            (
                "DHCP_VENDOR_CLASS_IDENTIFIER='acme; x'\nDHCP_USER_CLASS=lab",
                "eth0 | disabled vendor acme; x user lab | ignore",
            ),
            (
                "PEERDNS=no\nPEERROUTES=no\nDEFROUTE=no",
                "eth0 | disabled no-default no-dns no-routes | ignore",
            ),
            (
                "IPV6_PEERDNS=no\nIPV6_PEERROUTES=no\nIPV6_DEFROUTE=no",
                "eth0 | disabled | ignore no-default no-dns no-routes",
            ),
        ] {
            assert_eq!(link(&format!("DEVICE=eth0\n{line}")), want, "{line}");
        }
    }

    #[test]
    fn more_values_of_the_link_are_set() {
        let mut tables = Storage::default();
        let mut config = tables.config();
        let text = "DEVICE=eth0\nIPADDR=192.0.2.1\nPREFIX=24\nSRCADDR=192.0.2.7\nSCOPE='scope link'\n\
            WINDOW=16384\nLINKDELAY=30\nNOROUTESET=yes\nNOZEROCONF=no\nDHCP_FQDN=a.example\n\
            DHCP_HOSTNAME=b.example\nIPV6INIT=yes\nRES_OPTIONS=rotate\nIPV6_DOMAIN=six.example\n";
        let (_, said) = read_into(&mut config, &[text], &Defaults::none());
        assert_eq!(said, [""; 0]);
        let link = config.links.first().unwrap();
        assert_eq!(
            link.src,
            "192.0.2.7".parse::<core::net::Ipv4Addr>().unwrap()
        );
        for (number, want) in [(LinkNumber::AddrScope, 253), (LinkNumber::LinkDelay, 30)] {
            assert_eq!(number.of(link), Some(want));
        }
        let more = link.more.unwrap();
        assert_eq!(config.text(more.text), b"window 16384");
        assert!(LinkFlag::NoRoutes.is_yes(link) && LinkFlag::Nozeroconf.is_no(link));
        assert_eq!(config.addrs.first().unwrap().scope, Some(253));
        // DHCPv6 servers are told the same name, since there is a dot in it
        for ip in [&link.ipv4, &link.ipv6] {
            let name = config.text_or_none(&IpText::Hostname.of(ip));
            assert_eq!(name, b"a.example");
        }
        assert_eq!(config.search.len(), 1);
        let ignored = "DEVICE=eth1\nBOOTPROTO=dhcp\nDHCLIENT_IGNORE_GATEWAY=yes\nDHCP_HOSTNAME=a\nIPV6INIT=yes\n";
        read_into(&mut config, &[ignored], &Defaults::none());
        let link = config.links.get(1).unwrap();
        assert!(IpFlag::DefaultRoute.is_no(&link.ipv4));
        assert_eq!(link.more, None);
        assert_eq!(IpText::Hostname.of(&link.ipv6), None);
    }

    #[test]
    fn bad_values_cost_their_key() {
        for (line, want) in [
            ("SRCADDR=x", "error 2:9 SRCADDR \"x\" NotIpv4 KeyUnset"),
            ("SCOPE=here", "error 2:7 SCOPE \"here\" NotANumber KeyUnset"),
            ("SCOPE=256", "error 2:7 SCOPE \"256\" NotANumber KeyUnset"),
            ("WINDOW=x", "error 2:8 WINDOW \"x\" NotANumber KeyUnset"),
            (
                "LINKDELAY=1s",
                "error 2:11 LINKDELAY \"1s\" NotANumber KeyUnset",
            ),
            (
                "DHCP_FQDN=a_b",
                "error 2:11 DHCP_FQDN \"a_b\" NotAHostname KeyUnset",
            ),
            (
                "ONBOOT=maybe",
                "error 2:8 ONBOOT \"maybe\" NotABoolean DefaultUsed",
            ),
            (
                "IPV6INIT=2",
                "error 2:10 IPV6INIT \"2\" NotABoolean DefaultUsed",
            ),
            ("MTU=67", "error 2:5 MTU \"67\" NotAnMtu KeyUnset"),
            ("MTU=65536", "error 2:5 MTU \"65536\" NotAnMtu KeyUnset"),
            (" MTU='x'", "error 2:6 MTU \"x\" NotAnMtu KeyUnset"),
            ("METRIC=x", "error 2:8 METRIC \"x\" NotANumber KeyUnset"),
            (
                "DEVTIMEOUT=x",
                "error 2:12 DEVTIMEOUT \"x\" NotANumber KeyUnset",
            ),
            ("MACADDR=x", "error 2:9 MACADDR \"x\" NotAMac KeyUnset"),
            (
                "MACADDR=random",
                "error 2:9 MACADDR \"random\" NotYet KeyUnset",
            ),
            (
                "DHCP_HOSTNAME=a_b",
                "error 2:15 DHCP_HOSTNAME \"a_b\" NotAHostname KeyUnset",
            ),
            (
                "DHCP_CLIENT_ID=duid",
                "error 2:16 DHCP_CLIENT_ID \"duid\" NotYet KeyUnset",
            ),
            (
                "DHCP_SEND_HOSTNAME=x",
                "error 2:20 DHCP_SEND_HOSTNAME \"x\" NotABoolean DefaultUsed",
            ),
            (
                "DHCPRELEASE=x",
                "error 2:13 DHCPRELEASE \"x\" NotABoolean DefaultUsed",
            ),
            (
                "ARPCHECK=x",
                "error 2:10 ARPCHECK \"x\" NotABoolean DefaultUsed",
            ),
            (
                "ARPING_WAIT=x",
                "error 2:13 ARPING_WAIT \"x\" NotANumber KeyUnset",
            ),
            (
                "ACD_TIMEOUT=3s",
                "error 2:13 ACD_TIMEOUT \"3s\" NotANumber KeyUnset",
            ),
        ] {
            let (link, said) = eth0(line);
            assert_eq!(link, "disabled | ignore", "{line}");
            assert_eq!(said, [want]);
        }
    }

    #[test]
    fn a_client_identifier_is_hexadecimal_or_text() {
        for (value, want) in [
            ("01:52:54", "[01, 52, 54]"),
            ("ff:0:A", "[ff, 00, 0a]"),
            ("myid", "[00, 6d, 79, 69, 64]"),
            ("x", "[00, 78]"),
            ("'a b'", "[00, 61, 20, 62]"),
            // neither has two octets in hexadecimal
            ("01", "[00, 30, 31]"),
            ("01:", "[00, 30, 31, 3a]"),
            ("1:100", "[00, 31, 3a, 31, 30, 30]"),
            ("1-2", "[00, 31, 2d, 32]"),
        ] {
            let text = format!("DEVICE=eth0\nDHCP_CLIENT_ID={value}");
            assert_eq!(link(&text), format!("eth0 | disabled id {want} | ignore"));
        }
        for value in ["mac", "MAC", ""] {
            let text = format!("DEVICE=eth0\nDHCP_CLIENT_ID={value}");
            assert_eq!(link(&text), "eth0 | disabled | ignore");
        }
    }

    #[test]
    fn what_dhcpv6_is_told_of_a_link_is_octets() {
        for (text, want) in [
            ("DHCPV6_DUID=00:04:0a:b:c", " duid [00, 04, 0a, 0b, 0c]"),
            ("DHCPV6_DUID=0:1:f:0:1", " duid [00, 01, 0f, 00, 01]"),
            ("DHCPV6_DUID=ll", ""),
            ("DHCPV6_DUID=", ""),
            ("DHCPV6_IAID=7", " iaid=7"),
            ("DHCPV6_IAID=0", " iaid=0"),
            ("DHCPV6_IAID=4294967294", " iaid=4294967294"),
            ("DHCPV6_IAID=0xfffffffe", " iaid=4294967294"),
            ("DHCPV6_IAID=mac", ""),
            (
                "DHCPV6_PD_HINT=2001:db8:0:1::7/63",
                " prefix [00, 00, 00, 00, 00, 00, 00, 00, 3f, 20, 01, 0d, b8, 00, 00, 00, 00, 00, 00, 00, 00, \
                00, 00, 00, 00]",
            ),
            (
                "DHCPV6_PD_HINT=::/56",
                " prefix [00, 00, 00, 00, 00, 00, 00, 00, 38, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, 00, \
                00, 00, 00, 00]",
            ),
            ("DHCPV6_SEND_HOSTNAME=no", " nameless"),
            ("DHCPV6_SEND_HOSTNAME=yes", ""),
        ] {
            let text = format!("DEVICE=eth0\n{text}");
            assert_eq!(link(&text), format!("eth0 | disabled | ignore{want}"));
        }
        for (text, want) in [
            ("DHCPV6_DUID=stable-uuid", "NotADuid"),
            ("DHCPV6_DUID=llt", "NotADuid"),
            ("DHCPV6_DUID=00:04:01:02", "NotADuid"),
            ("DHCPV6_DUID=00:04:01:02:100", "NotADuid"),
            ("DHCPV6_IAID=ifname", "NotANumber"),
            ("DHCPV6_IAID=0xffffffff", "NotANumber"),
            ("DHCPV6_IAID=0x100000000", "NotANumber"),
            ("DHCPV6_PD_HINT=::", "BadPrefix"),
            ("DHCPV6_PD_HINT=::/0", "BadPrefix"),
            ("DHCPV6_PD_HINT=::/129", "BadPrefix"),
            ("DHCPV6_PD_HINT=56", "NotAnAddress"),
            ("DHCPV6_PD_HINT=192.0.2.0/24", "NotIpv6"),
        ] {
            let (key, value) = text.split_once('=').unwrap();
            let at = key.len() + 2;
            assert_eq!(
                eth0(text).1,
                [format!("error 2:{at} {key} {value:?} {want} KeyUnset")]
            );
        }
        assert_eq!(
            eth0("DHCPV6_SEND_HOSTNAME=x").1,
            ["error 2:22 DHCPV6_SEND_HOSTNAME \"x\" NotABoolean DefaultUsed"]
        );
        let duid = |octets: usize| format!("DHCPV6_DUID={}01", "01:".repeat(octets - 1));
        assert_eq!(eth0(&duid(130)).1, [""; 0]);
        assert!(eth0(&duid(131)).1[0].ends_with(" NotADuid KeyUnset"));
    }

    #[test]
    fn what_servers_are_told_fits_an_option() {
        for key in [
            "DHCP_CLIENT_ID",
            "DHCP_VENDOR_CLASS_IDENTIFIER",
            "DHCP_USER_CLASS",
        ] {
            let said = |len| eth0(&format!("{key}={}", "x".repeat(len))).1;
            assert_eq!(said(254), [""; 0]);
            assert!(said(255)[0].ends_with(" TooLong KeyUnset"), "{key}");
        }
        let octets = |n| format!("DHCP_CLIENT_ID={}", "01:".repeat(n) + "01");
        assert_eq!(eth0(&octets(254)).1, [""; 0]);
        assert!(eth0(&octets(255)).1[0].ends_with(" TooLong KeyUnset"));
    }

    #[test]
    fn an_address_is_asked_for_where_a_key_says_so() {
        for (text, want) in [
            ("ARPCHECK=yes", " probe=3000"),
            ("ARPCHECK=no", ""),
            ("ARPING_WAIT=2", " probe=2000"),
            ("ARPING_WAIT=0", ""),
            ("ARPING_WAIT=-1", ""),
            ("ARPING_WAIT=4294967294", " probe=4294967295"),
            ("ARPCHECK=yes\nARPING_WAIT=2", " probe=2000"),
            ("ARPCHECK=no\nARPING_WAIT=2", ""),
            ("ACD_TIMEOUT=200", " probe=200"),
            ("ACD_TIMEOUT=0\nARPCHECK=yes\nARPING_WAIT=2", ""),
            ("ACD_TIMEOUT=-1\nARPING_WAIT=2", " probe=2000"),
            ("ACD_TIMEOUT=200\nARPCHECK=no", " probe=200"),
            ("", ""),
        ] {
            let link = link(&format!("DEVICE=eth0\nBOOTPROTO=dhcp\n{text}"));
            assert_eq!(link, format!("eth0 | dhcp required{want} | ignore"));
        }
        // nobody does it for static addresses yet, which is said once
        let fixed = "IPADDR=192.0.2.5\nPREFIX=24\n";
        let asked = "ARPING_WAIT=2\nARPCHECK=yes\nACD_TIMEOUT=200";
        for (text, want) in [
            (asked, "warning 6:13 ACD_TIMEOUT \"200\" NoStaticProbe None"),
            (
                "ARPCHECK=yes",
                "warning 4:10 ARPCHECK \"yes\" NoStaticProbe None",
            ),
            (
                "ARPCHECK1=yes",
                "warning 4:11 ARPCHECK1 \"yes\" NotYet LineIgnored",
            ),
        ] {
            assert_eq!(eth0(&format!("{fixed}{text}")).1, [want]);
        }
        for text in ["ARPCHECK=no", "ARPCHECK=no\nARPING_WAIT=2", "ACD_TIMEOUT=0"] {
            assert_eq!(eth0(&format!("{fixed}{text}")).1, [""; 0]);
        }
    }

    fn links_of(one: &str, other: &str) -> (Vec<String>, Vec<String>) {
        let file = |id: &str| format!("DEVICE=eth0\nDHCP_CLIENT_ID={id}");
        links(&[&file(one), &file(other)])
    }

    #[test]
    fn the_later_file_decides_what_servers_are_told() {
        let (links, _) = links(&[
            "DEVICE=eth0\nBOOTPROTO=bootp\nDHCP_CLIENT_ID=a\nARPCHECK=yes\nDHCPRELEASE=yes",
            "DEVICE=eth0\nBOOTPROTO=dhcp\nDHCP_CLIENT_ID=b\nARPCHECK=no",
        ]);
        assert_eq!(links, ["eth0 | dhcp required release id [00, 62] | ignore"]);
        let (links, _) = links_of("a", "mac");
        assert_eq!(links, ["eth0 | disabled | ignore"]);
    }

    #[test]
    fn keys_without_a_handler_are_told_apart() {
        for (line, want) in [
            (
                "NM_CONTROLLED=no\nUUID=x\nUSERCTL=no\nNAME='System eth0'",
                None,
            ),
            ("STP=no\nVLAN_ID=5\nNM_USER_X=1", None),
            (
                "STP=yes",
                Some("note 2:5 STP \"yes\" NotAnOption LineIgnored"),
            ),
            (
                "LINKDELAY=0\nETHTOOL_OPTS=\nARPCHECK=no\nNOZEROCONF=yes",
                None,
            ),
            (
                "QDISC=fq",
                Some("warning 2:7 QDISC \"fq\" NotYet LineIgnored"),
            ),
            (
                "NETTYPE=qeth",
                Some("note 2:9 NETTYPE \"qeth\" S390Only LineIgnored"),
            ),
            ("IPV6TO4INIT=no\nHWADDR_BLACKLIST=", None),
            (
                " GATWAY=x",
                Some("note 2:2 GATWAY UnknownKey(\"GATEWAY\") LineIgnored"),
            ),
            (
                "ipaddr1=x",
                Some("note 2:1 ipaddr1 UnknownKey(\"IPADDR\") LineIgnored"),
            ),
            (
                "IPADDR01=192.0.2.1",
                Some("note 2:1 IPADDR01 UnknownKey(\"IPADDR\") LineIgnored"),
            ),
            (
                "FROBNICATE=x",
                Some("note 2:1 FROBNICATE UnknownKey(\"\") LineIgnored"),
            ),
        ] {
            let (link, said) = eth0(line);
            assert_eq!(link, "disabled | ignore", "{line}");
            assert_eq!(said.first().map(String::as_str), want);
            assert!(said.len() < 2);
        }
    }

    #[test]
    fn two_files_of_one_link_are_merged() {
        let first =
            "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=192.0.2.1\nPREFIX=24\nMTU=1400\nIPV6INIT=yes\n";
        let second =
            "IPADDR=198.51.100.1\nPREFIX=24\nMTU=1500\nGATEWAY=198.51.100.254\nDEVICE=eth0\n";
        let (links, said) = links(&[first, second]);
        assert_eq!(
            links,
            ["eth0 mtu=1500 | static 192.0.2.1/24 198.51.100.1/24 via 198.51.100.254 | auto"]
        );
        assert_eq!(said, ["warning 5:8 DEVICE \"eth0\" Duplicate LaterWins"]);

        let dhcp = "DEVICE=eth0\nHWADDR=52:54:00:00:00:01\nBOOTPROTO=dhcp\n";
        let (links, _) = super::tests::links(&[dhcp, second]);
        let want = "52:54:00:00:00:01 -> eth0 mtu=1500 | dhcp 198.51.100.1/24 via 198.51.100.254 required | ignore";
        assert_eq!(links, [want]);
    }

    #[test]
    fn two_names_for_one_mac_are_two_links() {
        let (links, said) = links(&[
            "DEVICE=a\nHWADDR=52:54:00:00:00:01\n",
            "DEVICE=b\nHWADDR=52:54:00:00:00:01\n",
        ]);
        assert_eq!((links.len(), said.len()), (2, 0));
    }

    #[test]
    fn the_command_line_beats_files() {
        let mac = Mac::new(&[0x52, 0x54, 0, 0, 0, 1]).unwrap();
        let eth0 = IfName::new(b"eth0").unwrap();
        for (matches, text, dropped) in [
            (LinkMatch::Name(eth0), "DEVICE=eth0\nIPADDR=192.0.2.1\n", 1),
            (
                LinkMatch::Name(eth0),
                "DEVICE=eth0\nHWADDR=52:54:00:00:00:02\n",
                1,
            ),
            (
                LinkMatch::Mac(mac),
                "DEVICE=lan\nHWADDR=52:54:00:00:00:01\n",
                1,
            ),
            (
                LinkMatch::Bootif(mac),
                "DEVICE=lan\nHWADDR=52:54:00:00:00:01\n",
                1,
            ),
            (LinkMatch::Any, "DEVICE=eth0\n", 0),
            (LinkMatch::Name(eth0), "DEVICE=eth1\n", 0),
        ] {
            let mut tables = Storage::default();
            let mut config = tables.config();
            let link = LinkConfig::matching(matches, SourceKind::Cmdline, Origin::NONE);
            config.add_link(&link).unwrap();
            let (links, said) = read_into(&mut config, &[text], &Defaults::none());
            assert_eq!((links.len(), said.len()), (2 - dropped, dropped), "{text}");
            if dropped > 0 {
                let want = "OnCmdline FileIgnored";
                assert!(said[0].starts_with("note 1:8 DEVICE "), "{}", said[0]);
                assert!(said[0].ends_with(want), "{}", said[0]);
                assert!(config.addrs.is_empty());
                // the MAC rule stands: the command line may mean the name it gives
                assert_eq!(
                    config.name_rules.len(),
                    usize::from(text.contains("HWADDR"))
                );
            }
        }
    }

    #[test]
    fn networking_no_leaves_links_to_be_named() {
        let defaults = Defaults {
            networking: Some(false),
            ..Defaults::none()
        };
        let (links, _) = read_into(
            &mut Storage::default().config(),
            &["DEVICE=eth0\n"],
            &defaults,
        );
        assert_eq!(
            links,
            ["eth0 onboot=false required=false | disabled | ignore"]
        );
    }

    #[test]
    fn full_tables_are_reported() {
        let files: Vec<String> = (0..17)
            .map(|n| format!("HWADDR=52:54:00:00:00:{n:02}\nDEVICE=eth{n}\n"))
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let (links, said) = links(&files);
        assert_eq!((links.len(), said.len()), (16, 10));
        assert_eq!(
            said[8..],
            [
                "error 2:8 DEVICE \"eth16\" MaxNameRules NotRenamed",
                "error 2:8 DEVICE \"eth16\" MaxLinks FileIgnored",
            ]
        );
    }

    #[test]
    fn no_truncation_panics() {
        let text = "DEVICE=\"eth0\"\nHWADDR=52:54:00:12:34:56\nBOOTPROTO=none\nIPADDR0=192.0.2.1\n\
            PREFIX0=24\nGATEWAY=$GW\nDNS1=192.0.2.53\nDOMAIN='a.example b.example'\nIPV6INIT=yes\n\
            IPV6ADDR=2001:db8::1/64\nIPV6_DEFAULTGW=fe80::1%eth0\nMTU=1500\n";
        for end in 0..=text.len() {
            links(&[&text[..end], &text[end / 2..end]]);
        }
    }
}
