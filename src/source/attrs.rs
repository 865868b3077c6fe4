//! Options of links, policy rules and names of tables into the configuration: values checked by the row of the
//! table of options ([`crate::model::attr`]).

use super::Context;
use crate::diag::{Complaint, Effect, LineBuf, Origin, Problem, Subject};
use crate::limits::MAX_LINE;
use crate::model::attr::{Attr, Kind, Scope, Value};
use crate::model::config::{LinkConfig, LinkId, LinkMatch, Role, SourceKind, Str};
use crate::model::link::IfName;
use crate::model::rule::TableName;
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};

impl Context<'_, '_> {
    /// Sets an option of a link, found by its name; the later of two counts.
    ///
    /// # Errors
    /// What is wrong with the name or the value, or the limit that is reached.
    pub fn put_attr(
        &mut self,
        link: LinkId,
        scope: Scope,
        name: &[u8],
        value: &[u8],
        origin: Origin,
    ) -> Result<(), Problem> {
        let attr = Attr::find(scope, name).ok_or(Problem::NotAnOption)?;
        self.put_text(link, attr, value, origin)
    }

    /// As [`Context::put_attr`], of an option that is known.
    ///
    /// # Errors
    /// What is wrong with the value, or the limit that is reached; and as [`Context::put_value`].
    #[inline(never)]
    pub fn put_text(
        &mut self,
        link: LinkId,
        attr: Attr,
        value: &[u8],
        origin: Origin,
    ) -> Result<(), Problem> {
        let mut kept = Value::Number(0);
        self.check(attr.row().1, value, &mut kept)?;
        self.put_value(link, attr, kept, origin)
    }

    /// As [`Context::put_attr`], of a `NAME=VALUE`: the name is what stands before the first `=`, the value what
    /// stands behind the last, as initscripts take them.
    ///
    /// # Errors
    /// As [`Context::put_attr`].
    #[inline(never)]
    pub fn put_option(
        &mut self,
        link: LinkId,
        scope: Scope,
        option: &[u8],
        origin: Origin,
    ) -> Result<(), Problem> {
        let mut rest = Some(option);
        let name = parts::take(&mut rest, b'=');
        let mut value = None;
        while let Some(part) = parts::next(&mut rest, b'=') {
            value = Some(part);
        }
        let value = value.ok_or(Problem::NoArgument)?;
        let attr = Attr::find(scope, name).ok_or(Problem::NotAnOption)?;
        self.put_text(link, attr, value, origin)
    }

    /// Sets an option of a link to a value that is known to be right.
    ///
    /// # Errors
    /// The limit that is reached. With [`Problem::Duplicate`] it is set, in place of the kernel's other name for it.
    pub fn put_value(
        &mut self,
        link: LinkId,
        attr: Attr,
        value: Value,
        origin: Origin,
    ) -> Result<(), Problem> {
        let before = self.config.set_attr(link, attr, value, origin);
        if before.ok_or(Problem::MaxAttrs)? != attr {
            return Err(Problem::Duplicate);
        }
        Ok(())
    }

    /// Gives a team, which is made as a bond, the mode that is like its runner (teamd.conf(5)).
    ///
    /// # Errors
    /// [`Problem::NotAWord`], or the limit that is reached.
    pub fn put_runner(
        &mut self,
        link: LinkId,
        runner: &[u8],
        origin: Origin,
    ) -> Result<(), Problem> {
        let mode = RUNNERS.position(runner).ok_or(Problem::NotAWord)?;
        self.put_value(link, Attr::BOND_MODE, Value::Number(mode as u32), origin)
    }

    /// Makes `into` a value in its canonical form.
    ///
    /// # Errors
    /// What is wrong with it, or the limit that is reached.
    fn check(&mut self, kind: Kind, text: &[u8], into: &mut Value) -> Result<(), Problem> {
        if kind >= Kind::Name {
            return self.check_text(kind, text, into);
        }
        let number = scalar::number(text);
        let (known, wrong) = if kind >= Kind::Mode {
            let word = kind.words().position(text);
            let word = word.map(|word| word as u32).or(number);
            let known = word.filter(|word| !kind.word(*word).0.is_empty());
            (known, Problem::NotAWord)
        } else if kind == Kind::Bool {
            (scalar::boolean(text).map(u32::from), Problem::NotABoolean)
        } else if kind == Kind::Octet && parts::is(text, b"inherit") {
            // what the packet inside has is 0
            (Some(0), Problem::NotANumber)
        } else {
            let number = number.filter(|number| kind.has(*number));
            (number, Problem::NotANumber)
        };
        *into = Value::Number(known.ok_or(wrong)?);
        Ok(())
    }

    /// A text in its canonical form: its items with commas between them.
    fn check_text(&mut self, kind: Kind, text: &[u8], into: &mut Value) -> Result<(), Problem> {
        let mut canonical = LineBuf::<MAX_CANONICAL>::new();
        let (mut kept, mut seen) = (text, 0);
        if let Some(row) = TEXTS.get((kind as usize).wrapping_sub(Kind::Name as usize)) {
            let separator = if parts::has(text, b';') { b';' } else { b',' };
            let (mut rest, mut most) = (Some(text), row.most);
            while let Some(item) = parts::next(&mut rest, separator) {
                most = most.checked_sub(1).ok_or(Problem::NotANumber)?;
                let from = scalar::number(parts::split(item, b':').0);
                let priority = 1_u64.checked_shl(from.unwrap_or(NO_PRIORITY)).unwrap_or(0);
                if kind == Kind::Map && seen & priority != 0 {
                    return Err(Problem::MappedTwice);
                }
                seen |= priority;
                if !canonical.as_bytes().is_empty() {
                    canonical.put(b",");
                }
                if !is_item(item, kind, row.families, &mut canonical) {
                    return Err(row.wrong);
                }
            }
            kept = canonical.as_bytes();
        }
        if kept.is_empty() {
            return Err(Problem::NoArgument);
        }
        *into = Value::Text(self.keep_same(kept)?);
        Ok(())
    }

    /// Keeps a text, equal ones once.
    ///
    /// # Errors
    /// The limit that is reached.
    #[inline(always)]
    pub fn keep_same(&mut self, text: &[u8]) -> Result<Str, Problem> {
        self.config.keep_same(text).ok_or(Problem::MaxStrings)
    }

    /// Adds the name of a table.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn add_table(&mut self, name: &[u8], number: u32) -> Result<(), Problem> {
        let name = self.keep_same(name)?;
        let pushed = self.config.tables.push(TableName { name, number });
        pushed.map_err(|_| Problem::MaxTables)
    }

    /// The link of this name, of any source; one that nothing speaks of yet is added with [`Role::Lower`], and
    /// without addresses.
    ///
    /// # Errors
    /// The limit that is reached.
    #[inline(never)]
    pub fn link_named(
        &mut self,
        name: &IfName,
        source: SourceKind,
        origin: Origin,
    ) -> Result<LinkId, Problem> {
        if let Some(id) = self.config.named(name) {
            return Ok(id);
        }
        let mut link = LinkConfig::matching(LinkMatch::Name(*name), source, origin);
        link.role = Role::Lower;
        self.config.add_link(&link).ok_or(Problem::MaxLinks)
    }

    /// Takes options from a bond that need others which it has not, or that its mode does not know, and says so.
    #[inline(never)]
    pub fn settle_bond(&mut self, bond: LinkId) {
        const UNMET: Complaint = Complaint::warning(Problem::NotWith, Effect::PartIgnored);
        for (attr, other, values) in &NEEDS {
            let value = self.config.number_of(bond, *other).unwrap_or(0).min(7);
            if values >> value & 1 == 0
                && let Some(origin) = self.config.drop_attr(bond, *attr)
            {
                let subject = Subject::Name(&attr.name());
                let mut token = LineBuf::<MAX_NAME>::new();
                token.unpack(other.name());
                if origin.file == self.at.id && origin.line == self.at.line.number {
                    self.report(origin.column.into(), subject, token.as_bytes(), UNMET, b"");
                } else {
                    UNMET.report_token(self.sink, self.config, origin, subject, token.as_bytes());
                }
            }
        }
    }
}

/// Runners of teams, by the number of the bond's mode that is like each.
pub(super) const RUNNERS: Packed = packed!("roundrobin,activebackup,loadbalance,broadcast,lacp");

/// What there is to know of a text.
struct Row {
    /// What it is where it is none.
    wrong: Problem,
    /// How many items it has at most.
    most: u8,
    /// Of which families its addresses are, a bit each: IPv4, IPv6.
    families: u8,
}

/// By [`Kind`], from the first kind of texts on; of the last one nothing is asked.
static TEXTS: [Row; 8] = [
    row(Problem::NotALinkName, 1, 0),
    row(Problem::NotAMac, 1, 0),
    row(Problem::NotIpv6, 1, 0b10),
    row(Problem::NotAnAddress, 1, 0b11),
    row(Problem::NotIpv4, MAX_ITEMS, 0b01),
    row(Problem::NotIpv6, MAX_ITEMS, 0b10),
    row(Problem::NotANumber, 1, 0),
    row(Problem::NotANumber, MAX_ITEMS, 0),
];

const fn row(wrong: Problem, most: u8, families: u8) -> Row {
    Row {
        wrong,
        most,
        families,
    }
}

/// Items of a list: the kernel takes as many targets (`BOND_MAX_ARP_TARGETS`).
const MAX_ITEMS: u8 = 16;
/// Octets of a list of addresses.
const MAX_CANONICAL: usize = MAX_LINE;
/// Octets of an option's name.
const MAX_NAME: usize = 40;
/// No bit of 64: priorities above are not looked at for being mapped twice.
const NO_PRIORITY: u32 = 64;

/// Whether it is an item of such a text, which is written in its canonical form.
fn is_item(item: &[u8], kind: Kind, families: u8, to: &mut LineBuf<MAX_CANONICAL>) -> bool {
    if families != 0 {
        // sysfs takes `+` in front of an address that is to be added
        let addr = scalar::ip(parts::without(item, b"+"));
        to.show(&addr);
        return addr.is_some_and(|addr| families >> u8::from(addr.is_ipv6()) & 1 != 0);
    }
    if kind == Kind::Mac {
        let mac = scalar::mac(item);
        to.show(&mac);
        return mac.is_some();
    }
    to.put(item);
    if kind == Kind::Name {
        return IfName::new(item).is_some();
    }
    if kind == Kind::Signed {
        let number = scalar::number(parts::without(item, b"-"));
        return number.is_some_and(|number| number >> 31 == 0);
    }
    let (from, to) = parts::split(item, b':');
    is_priority(from) && to.is_some_and(is_priority)
}

/// Whether it is a priority of packets.
fn is_priority(text: &[u8]) -> bool {
    scalar::number(text).is_some_and(|number| Kind::Short.has(number))
}

const ARP_INTERVAL: Attr = Attr::of(Scope::Bond, "arp_interval");
const MIIMON: Attr = Attr::of(Scope::Bond, "miimon");
/// Values of an option that is needed, a bit for each; the last one stands for those above 6 too.
type Values = u8;
const ZERO: Values = 1;
const ABOVE: Values = !ZERO;
/// Modes in which one port is used at a time, or may be.
const ACTIVE: Values = 1 << 1 | 1 << 5 | 1 << 6;
/// Modes in which ARP says whether a port is of use.
const WITH_ARP: Values = 0xf;
/// 802.3ad.
const LACP: Values = 1 << 4;

/// A row: an option of a bond, another one, and what the value of that must be; one that is not set is 0.
const fn need(name: &str, other: Attr, values: Values) -> (Attr, Attr, Values) {
    (Attr::of(Scope::Bond, name), other, values)
}

/// What the driver refuses otherwise (Documentation/networking/bonding.rst), in an order in which what is left
/// out makes others unmet.
static NEEDS: [(Attr, Attr, Values); 20] = [
    need("arp_interval", Attr::BOND_MODE, WITH_ARP),
    need("arp_validate", Attr::BOND_MODE, WITH_ARP),
    need("arp_ip_target", ARP_INTERVAL, ABOVE),
    need("ns_ip6_target", ARP_INTERVAL, ABOVE),
    need("miimon", ARP_INTERVAL, ZERO),
    need("arp_validate", MIIMON, ZERO),
    need("updelay", MIIMON, ABOVE),
    need("downdelay", MIIMON, ABOVE),
    need("peer_notif_delay", MIIMON, ABOVE),
    need("primary", Attr::BOND_MODE, ACTIVE),
    need("active_slave", Attr::BOND_MODE, ACTIVE),
    need("lacp_rate", Attr::BOND_MODE, LACP),
    need("lacp_active", Attr::BOND_MODE, LACP),
    need("ad_select", Attr::BOND_MODE, LACP),
    need("ad_user_port_key", Attr::BOND_MODE, LACP),
    need("ad_actor_sys_prio", Attr::BOND_MODE, LACP),
    need("ad_actor_system", Attr::BOND_MODE, LACP),
    need("coupled_control", Attr::BOND_MODE, LACP),
    need("packets_per_slave", Attr::BOND_MODE, 1),
    need("tlb_dynamic_lb", Attr::BOND_MODE, 1 << 5 | 1 << 6),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Escaped;
    use crate::model::addr::{Cidr, Family};
    use crate::model::config::{RouteConfig, RouteDev};
    use crate::model::desired::What;
    use crate::model::route::Route;
    use crate::source::testing::Storage;
    use std::format;
    use std::string::{String, ToString};

    const BOND: LinkId = LinkId::new(0);

    /// The options of the first link after these were put, and what was wrong with each that was not.
    fn put(scope: Scope, options: &[&str]) -> (std::vec::Vec<String>, std::vec::Vec<String>) {
        let mut storage = Storage::default();
        let mut wrong = std::vec::Vec::new();
        let heard = storage.read("ifcfg-x", "", |cx| {
            let name = IfName::new(b"x").unwrap();
            cx.link_named(&name, SourceKind::Ifcfg, Origin::NONE)
                .unwrap();
            for option in options {
                let put = cx.put_option(BOND, scope, option.as_bytes(), Origin::NONE);
                wrong.extend(put.err().map(|what| format!("{option} {what:?}")));
            }
            cx.settle_bond(BOND);
        });
        wrong.extend(heard.lines());
        let config = storage.config();
        let shown = config.attrs_of(BOND).map(|have| match have.value {
            Value::Number(number) => format!("{}={number}", have.attr.name()),
            Value::Text(text) => {
                format!("{}={}", have.attr.name(), Escaped(config.text(text)))
            }
        });
        (shown.collect(), wrong)
    }

    #[test]
    fn values_are_kept_in_their_canonical_form() {
        for (scope, option, want) in [
            (Scope::Bond, "mode=802.3AD", "mode=4"),
            (Scope::Bond, "mode=1", "mode=1"),
            (Scope::Bond, "use_carrier=yes", "use_carrier=1"),
            (Scope::Bond, "miimon=x=100", "miimon=100"),
            (Scope::Vlan, "protocol=802.1ad", "protocol=1"),
            (Scope::Vlan, "egress=0:1;02:3", "egress=0:1,02:3"),
            (
                Scope::Vlan,
                "egress=0:1,64:3,128:5",
                "egress=0:1,64:3,128:5",
            ),
            (
                Scope::Bridge,
                "group_address=01-80-C2-00-00-00",
                "group_address=01:80:c2:00:00:00",
            ),
            (Scope::Tunnel, "remote=2001:DB8::0:1", "remote=2001:db8::1"),
            (Scope::Tunnel, "local=192.0.2.1", "local=192.0.2.1"),
            (Scope::Link, "token=::5", "token=::5"),
            (Scope::Ethtool, "wol=g", "wol=g"),
            (Scope::Pair, "peer=v1", "peer=v1"),
        ] {
            assert_eq!(
                put(scope, &[option]),
                ([want.to_string()].to_vec(), [].to_vec())
            );
        }
    }

    #[test]
    fn bad_options_cost_themselves() {
        for (scope, option, what) in [
            (Scope::Bond, "mode=7", "NotAWord"),
            (Scope::Bond, "mode=fast", "NotAWord"),
            (Scope::Bond, "mode=", "NotAWord"),
            (Scope::Bond, "stp=1", "NotAnOption"),
            (Scope::Bond, "miimon", "NoArgument"),
            (Scope::Bond, "miimon=-1", "NotANumber"),
            (Scope::Bond, "use_carrier=2", "NotABoolean"),
            (Scope::Bond, "primary=a/b", "NotALinkName"),
            (Scope::Bond, "ad_actor_system=5", "NotAMac"),
            (Scope::Bond, "arp_ip_target=::1", "NotIpv4"),
            (Scope::Bond, "arp_ip_target=192.0.2.1,", "NotIpv4"),
            (Scope::Bond, "ns_ip6_target=192.0.2.1", "NotIpv6"),
            (Scope::Link, "token=192.0.2.1", "NotIpv6"),
            (Scope::Tunnel, "local=x", "NotAnAddress"),
            (Scope::Vlan, "id=0", "NotANumber"),
            (Scope::Vlan, "id=4095", "NotANumber"),
            (Scope::Vlan, "ingress=1", "NotANumber"),
            (Scope::Vlan, "ingress=1:65536", "NotANumber"),
            (Scope::Vlan, "egress=0:1,1:2,0:3", "MappedTwice"),
            (Scope::Vlan, "ingress=7:1;07:65535", "MappedTwice"),
            (Scope::Vlan, "egress=63:1,63:2", "MappedTwice"),
            (Scope::Bond, "miimon=2147483648", "NotANumber"),
            (Scope::Bond, "min_links=4294967295", "NotANumber"),
            (Scope::Bridge, "hello_time=2", "NotANumber"),
            (Scope::Bridge, "max_age=4001", "NotANumber"),
            (Scope::Bridge, "multicast_router=3", "NotANumber"),
            (Scope::Bridge, "default_pvid=4095", "NotANumber"),
            (Scope::BridgePort, "priority=64", "NotANumber"),
            (Scope::Team, "config=", "NoArgument"),
        ] {
            assert_eq!(put(scope, &[option]).1, [format!("{option} {what}")]);
        }
        let (many, more) = ("1.1.1.1,".repeat(15), "1.1.1.1;".repeat(16));
        let list = [
            &format!("arp_ip_target={many}1.1.1.1")[..],
            "arp_interval=9",
        ];
        assert_eq!(put(Scope::Bond, &list).0.len(), 2);
        let list = [
            &format!("arp_ip_target={more}1.1.1.1")[..],
            "arp_interval=9",
        ];
        assert_eq!(put(Scope::Bond, &list).0, ["arp_interval=9"]);
    }

    #[test]
    fn the_later_of_two_counts_in_the_place_of_the_earlier() {
        let all = [
            "mode=1",
            "miimon=5",
            "updelay=7",
            "miimon=100",
            "mode=balance-xor",
        ];
        let want = ["mode=2", "miimon=100", "updelay=7"]
            .map(String::from)
            .to_vec();
        assert_eq!(put(Scope::Bond, &all), (want, [].to_vec()));
    }

    #[test]
    fn of_options_that_are_one_to_the_kernel_the_later_counts() {
        for (scope, options, left) in [
            (
                Scope::Bond,
                ["num_grat_arp=1", "miimon=5", "num_unsol_na=2"],
                ["num_unsol_na=2", "miimon=5"],
            ),
            (
                Scope::Bond,
                ["num_unsol_na=2", "miimon=5", "num_grat_arp=1"],
                ["num_grat_arp=1", "miimon=5"],
            ),
            (
                Scope::Vxlan,
                ["remote=192.0.2.1", "id=5", "group=239.1.1.1"],
                ["group=239.1.1.1", "id=5"],
            ),
        ] {
            let (have, wrong) = put(scope, &options);
            assert_eq!(have, left);
            assert_eq!(wrong, [format!("{} Duplicate", options[2])]);
        }
    }

    #[test]
    fn options_of_a_bond_that_need_others_are_left_out() {
        for (options, left, told) in [
            (
                &["arp_ip_target=192.0.2.1", "min_links=1"][..],
                &["min_links=1"][..],
                &[("arp_ip_target", "arp_interval")][..],
            ),
            (
                &["updelay=1", "downdelay=1"],
                &[],
                &[("updelay", "miimon"), ("downdelay", "miimon")],
            ),
            (
                &["peer_notif_delay=1"],
                &[],
                &[("peer_notif_delay", "miimon")],
            ),
            (
                &["peer_notif_delay=1", "miimon=1"],
                &["peer_notif_delay=1", "miimon=1"],
                &[],
            ),
            (
                &["mode=1", "arp_validate=all", "miimon=1"],
                &["mode=1", "miimon=1"],
                &[("arp_validate", "miimon")],
            ),
            (
                &["mode=1", "arp_validate=all", "arp_interval=1"],
                &["mode=1", "arp_validate=3", "arp_interval=1"],
                &[],
            ),
            (&["primary=a", "mode=1"], &["primary=a", "mode=1"], &[]),
            (&["primary=a"], &[], &[("primary", "mode")]),
            (
                &["lacp_rate=fast", "mode=4"],
                &["lacp_rate=1", "mode=4"],
                &[],
            ),
            (
                &["mode=4", "arp_interval=9", "miimon=9"],
                &["mode=4", "miimon=9"],
                &[("arp_interval", "mode")],
            ),
            (
                &["arp_interval=9", "miimon=9"],
                &["arp_interval=9"],
                &[("miimon", "arp_interval")],
            ),
        ] {
            let (have, heard) = put(Scope::Bond, options);
            assert_eq!(have, left);
            let want: std::vec::Vec<_> = told
                .iter()
                .map(|(name, other)| format!("warning 0:0 {name} \"{other}\" NotWith PartIgnored"))
                .collect();
            assert_eq!(heard, want);
        }
    }

    #[test]
    fn full_tables_are_named() {
        let mut storage = Storage::default();
        storage.read("ifcfg-x", "", |cx| {
            for n in 0..8_u8 {
                let name = IfName::new(&[b'a' + n]).unwrap();
                let link = cx
                    .link_named(&name, SourceKind::Ifcfg, Origin::NONE)
                    .unwrap();
                assert_eq!(
                    cx.link_named(&name, SourceKind::Cmdline, Origin::NONE),
                    Ok(link)
                );
                for option in ["mode=1", "miimon=2", "updelay=3", "min_links=4"] {
                    cx.put_option(link, Scope::Bond, option.as_bytes(), Origin::NONE)
                        .unwrap();
                }
            }
            let full = cx.put_option(BOND, Scope::Bond, b"use_carrier=1", Origin::NONE);
            assert_eq!(full, Err(Problem::MaxAttrs));
            assert_eq!(
                cx.put_option(BOND, Scope::Bond, b"miimon=7", Origin::NONE),
                Ok(())
            );
            assert_eq!(cx.config.number_of(LinkId::new(7), MIIMON), Some(2));
            let rule = RouteConfig {
                dev: RouteDev::Link(BOND),
                route: Route::new(Cidr::default(Family::V4)),
                origin: Origin::NONE,
            };
            for n in 0..4 {
                assert_eq!(cx.add_route(What::Rule, &rule), Ok(()));
                assert_eq!(cx.add_table(&[b'a' + n], n.into()), Ok(()));
            }
            assert_eq!(cx.add_route(What::Rule, &rule), Err(Problem::MaxRules));
            assert_eq!(cx.add_table(b"e", 5), Err(Problem::MaxTables));
        });
    }

    #[test]
    fn equal_texts_are_kept_once() {
        let mut storage = Storage::default();
        storage.read("x", "", |cx| {
            let texts = [
                "a", "bb", "", "ccc", "d", "e", "f", "a b", "mtu 1400", "mtu 1500",
            ];
            let kept = texts.map(|text| cx.keep_same(text.as_bytes()).unwrap());
            let before = cx.config.strings.len();
            assert_eq!(
                texts.map(|text| cx.keep_same(text.as_bytes()).unwrap()),
                kept
            );
            assert_eq!(cx.config.strings.len(), before);
            for (text, kept) in texts.iter().zip(kept) {
                assert_eq!(cx.config.text(kept), text.as_bytes());
            }
            assert_eq!(cx.keep_same(&[b'x'; 600]), Err(Problem::MaxStrings));
        });
    }
}
