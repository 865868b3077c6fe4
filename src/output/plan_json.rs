//! `plan --json`: what the sources ask for, as one object (CONTRACT section 3).

use super::json::{Json, Octets};
use super::owned::{self, List, Name, TakeName};
use crate::diag::{Diagnostic, Sink, Subject};
use crate::model::addr::{Cidr, Family};
use crate::model::attr::{Attr, Kind, Scope, Value};
use crate::model::config::{
    Config, IpFlag, IpNumber, IpText, LinkConfig, LinkId, LinkMatch, LinkNumber, NameRule,
    NameSource, RouteDev, SourceKind, Str, Wait,
};
use crate::model::desired::DesiredLink;
use crate::model::link::{LinkKind, until_nul};
use crate::model::route::{MAIN_TABLE, Reach, Route};
use crate::model::rule::{FRA_FWMARK, FRA_IIFNAME};
use crate::model::said::Values;
use crate::packed::{Packed, packed, word};
use crate::proto::Lessee;
use crate::text::parts;
use crate::text::show::{Hex, Show};
use crate::wire::netlink::attr_in;
use core::ops::Range;

/// The whole object.
macro_rules! template {
    ($route:literal) => {
        concat!(
            r#"{"version":1,"hostname":%,"dns":[<%>],"search":[<%>],"interfaces":[<"#,
            "\n",
            r#"{"name":%,"match":{"%":%},"rename_to":%,"kind":%,"source":%,"onboot":%,"required":%,"#,
            r#""mac":%,"mtu":%,"master":%,"#,
            r#""vlan":<{"id":%,"parent":%,"protocol":%,"flags":[<%>]}>|,"bond":<{"mode":%,"options":{<"%":%>}}>|,"#,
            r#""bridge":<{"stp":%,"options":{<"%":%>}}>|,"pkey":%,"ethtool":<{<"%":%>}>|,"options":<{<"%":%>}>|,"#,
            r#"<"ipv%":{"method":%,"required":%,"addresses":[<%>],"gateway":%,"default_route":%,"metric":%,"#,
            r#""table":%,"peer_dns":%,"peer_routes":%,"#,
            r#""dhcp":{"hostname":%,"client_id":%,"vendor_class":%,"timeout_s":%}}>,"#,
            r#""routes":[<"#, $route, r#">],"rules":[<"#,
            r#"{"family":%,"priority":%,"from":%,"to":%,"iif":%,"fwmark":%,"table":%,"text":%}"#,
            r#">],"dns":[<%>],"search":[<%>]}>],"#,
            r#""routes":[<"#, $route, r#">],"timeouts":{"dhcp_s":%,"carrier_s":%,"device_s":%,"#,
            r#""ipv6_auto_s":%,"dad_s":%,"route_s":%},"diagnostics":[<"#,
            "\n",
            r#"{"source":%,"line":%,"column":%,"severity":%,"subject":%,"message":%,"effect":%}>]}"#,
            "\n"
        )
    };
}

/// The template of the writer.
pub const PLAN: Packed = packed!(template!(
    r#"{"dst":%,"via":%,"dev":%,"metric":%,"table":%,"src":%,"type":%,"onlink":%,"options":{<"%":%>}}"#
));

/// Writes everything up to the diagnostics: the writer takes those as a [`Sink`], and [`end`] ends it.
#[inline(never)]
pub fn begin(json: &mut Json<'_>, config: &Config<'_>) {
    text(json, config, config.global.hostname);
    names(json, config, None);
    for (id, link) in config.links_with_ids() {
        json.item();
        interface(json, config, id, link);
    }
    for rule in config.name_rules.iter() {
        let Some(name) = &rule.name else {
            continue;
        };
        if rule.mac.is_unset() || config.named(name).is_some() {
            continue;
        }
        let source = match rule.source {
            NameSource::Cmdline => SourceKind::Cmdline,
            NameSource::Ifcfg | NameSource::Udev | NameSource::Link => SourceKind::Ifcfg,
        };
        let mut link = LinkConfig::matching(LinkMatch::Mac(rule.mac), source, rule.origin);
        (link.name, link.rename, link.onboot, link.required) = (rule.name, true, false, false);
        json.item();
        interface(json, config, LinkId::NONE, &link);
    }
    json.end();
    routes(json, config, None);
    let limits = &config.global.timeouts;
    json.number(limits.dhcp_in_all().into());
    for seconds in limits.0.get(SHOWN_WAITS).unwrap_or_default() {
        json.number((*seconds).into());
    }
}

/// In the order of the template, those after that of DHCP.
const SHOWN_WAITS: Range<usize> = Wait::Carrier as usize..Wait::IpRequired as usize;

/// Adds a complaint to the diagnostics.
impl Sink for Json<'_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let at = diagnostic.at;
        self.item();
        octets_or_null(self, at.file);
        self.number(at.line.number.into());
        self.number(at.column.into());
        self.packed(diagnostic.complaint.severity.word());
        self.text(&diagnostic.subject);
        self.text(&diagnostic.message());
        self.packed(diagnostic.complaint.effect.text());
    }
}

/// Ends the object.
pub fn end(json: &mut Json<'_>) {
    json.end();
    json.go_on();
}

fn text(json: &mut Json<'_>, config: &Config<'_>, text: Option<Str>) {
    octets_or_null(json, config.text_or_none(&text));
}

#[inline(never)]
fn octets_or_null(json: &mut Json<'_>, octets: &[u8]) {
    json.text_or_null(&Octets(octets));
}

fn interface(json: &mut Json<'_>, config: &Config<'_>, id: LinkId, link: &LinkConfig) {
    let rule = config.rule_for(&link.name);
    let is_renamed = link.rename | rule.is_some();
    json.text_or_null(&link.name);
    matches(json, &link.matches, rule);
    text_unless(json, !is_renamed, &link.name);
    json.packed(link.kind.word());
    json.packed(link.source.word());
    json.boolean(link.onboot);
    json.boolean(link.required);
    json.text_or_null(&link.mac);
    json.number_or_null(LinkNumber::Mtu.of(link));
    json.text_or_null(&link.master);
    made_of(json, config, id, link);
    ip(json, config, id, link, Family::V4);
    ip(json, config, id, link, Family::V6);
    json.end();
    routes(json, config, Some(id));
    for rule in config.rules.iter() {
        if rule.dev == RouteDev::Link(id) {
            json.item();
            policy(json, config, &rule.route);
        }
    }
    json.end();
    names(json, config, Some(id));
}

/// Where an option is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Object {
    Bond,
    Bridge,
    Ethtool,
    /// `flags` of a VLAN, if it is set.
    Flags,
    /// A key of its own.
    Own,
    /// `options`.
    Other,
}

impl Object {
    fn of(attr: Attr) -> Object {
        const OWN: [Attr; 5] = [
            Attr::VLAN_ID,
            Attr::VLAN_PROTOCOL,
            Attr::BOND_MODE,
            Attr::STP,
            Attr::PKEY,
        ];
        if OWN.contains(&attr) {
            return Object::Own;
        }
        match attr.row() {
            (Scope::Vlan, Kind::Bool) => Object::Flags,
            (Scope::Bond, _) => Object::Bond,
            (Scope::Bridge, _) => Object::Bridge,
            (Scope::Ethtool, _) => Object::Ethtool,
            _ => Object::Other,
        }
    }
}

/// What a link of a special kind is made of, and every option of a link: objects that are there or null.
#[inline(never)]
fn made_of(json: &mut Json<'_>, config: &Config<'_>, id: LinkId, link: &LinkConfig) {
    let number = |attr| config.number_of(id, attr);
    if link.kind == LinkKind::Vlan {
        json.item();
        json.number_or_null(number(Attr::VLAN_ID));
        json.text_or_null(&link.lower);
        json.packed(Kind::Protocol.word(number(Attr::VLAN_PROTOCOL).unwrap_or(0)));
        options(json, config, id, Object::Flags);
    }
    json.end();
    if matches!(link.kind, LinkKind::Bond | LinkKind::Team) {
        json.item();
        json.packed(Kind::Mode.word(number(Attr::BOND_MODE).unwrap_or(0)));
        options(json, config, id, Object::Bond);
    }
    json.end();
    if link.kind == LinkKind::Bridge {
        json.item();
        json.boolean(number(Attr::STP).unwrap_or(0) > 0);
        options(json, config, id, Object::Bridge);
    }
    json.end();
    json.number_or_null(number(Attr::PKEY));
    for object in [Object::Ethtool, Object::Other] {
        let mut all = config.attrs_of(id);
        if all.any(|have| Object::of(have.attr) == object) {
            json.item();
            options(json, config, id, object);
        }
        json.end();
    }
}

/// The options of a link in one object, each with its value, or in the array of those that are set.
#[inline(never)]
fn options(json: &mut Json<'_>, config: &Config<'_>, link: LinkId, object: Object) {
    for have in config.attrs_of(link) {
        let name = have.attr.name();
        if Object::of(have.attr) != object {
            continue;
        }
        if object == Object::Flags {
            if have.value == Value::Number(1) {
                json.item();
                json.packed(name);
            }
            continue;
        }
        json.item();
        json.raw(&name);
        match have.value {
            Value::Number(number) => match have.attr.row().1.word(number) {
                Packed([]) => json.text(&number),
                word => json.packed(word),
            },
            Value::Text(kept) => json.text(&Octets(config.text(kept))),
        }
    }
    json.end();
}

/// One policy rule.
#[inline(never)]
fn policy(json: &mut Json<'_>, config: &Config<'_>, rule: &Route) {
    let attrs = config.text_or_none(&rule.more.map(|more| more.attrs));
    json.number(match rule.family() {
        Family::V4 => 4,
        Family::V6 => 6,
    });
    json.number_or_null(other_than(0, rule.metric));
    net(json, &rule.from);
    net(json, &rule.dst);
    octets_or_null(json, until_nul(attr_in(attrs, FRA_IIFNAME)));
    let mark = attr_in(attrs, FRA_FWMARK).first_chunk();
    json.text_or_null(&mark.map(|mark| u32::from_ne_bytes(*mark)));
    text_unless(json, rule.table == 0, &rule.table);
    let text = config.text_or_none(&rule.more.map(|more| more.text));
    json.text(&Octets(text));
}

/// A network, or null where it is every one.
#[inline(never)]
fn net(json: &mut Json<'_>, net: &Cidr) {
    text_unless(json, net.is_default(), net);
}

/// By which the link is found: the MAC of a rule, where there is one, rather than its name.
fn matches(json: &mut Json<'_>, matches: &LinkMatch, rule: Option<&NameRule>) {
    json.word(match matches {
        LinkMatch::Name(_) if rule.is_none() => word!("name"),
        LinkMatch::Name(_) | LinkMatch::Mac(_) => word!("mac"),
        LinkMatch::Bootif(_) => word!("bootif"),
        LinkMatch::Any => word!("any"),
    });
    match (matches, rule) {
        (LinkMatch::Any, _) => json.boolean(true),
        (LinkMatch::Name(_), Some(rule)) => json.text(&rule.mac),
        _ => json.text(matches),
    }
}

fn ip(json: &mut Json<'_>, config: &Config<'_>, id: LinkId, link: &LinkConfig, family: Family) {
    let (word, ip, said) = match family {
        Family::V4 => (word!("4"), &link.ipv4, &link.said),
        Family::V6 => (word!("6"), &link.ipv6, &Values::NOTHING),
    };
    json.item();
    json.word(word);
    json.packed(ip.method.word());
    json.boolean(ip.required);
    for addr in config
        .addrs
        .iter()
        .filter(|addr| addr.link == id && addr.addr.family() == family)
    {
        json.item();
        json.text(&addr.addr);
    }
    json.end();
    json.text_or_null(&ip.gateway);
    json.boolean(!IpFlag::DefaultRoute.is_no(ip));
    json.number_or_null(IpNumber::Metric.of(ip));
    json.number_or_null(IpNumber::Table.of(ip));
    json.boolean(!IpFlag::PeerDns.is_no(ip));
    json.boolean(!IpFlag::PeerRoutes.is_no(ip));
    text(json, config, IpText::Hostname.of(ip));
    let [client_id, vendor_class, _] = &said.texts;
    let client_id = match family {
        Family::V4 => client_id,
        Family::V6 => &IpText::Duid.of(ip),
    };
    json.text_or_null(&Hex(config.text_or_none(client_id)));
    text(json, config, *vendor_class);
    json.number_or_null(IpNumber::DhcpTimeout.of(ip));
}

/// Name servers and search domains of one link, or of none.
fn names(json: &mut Json<'_>, config: &Config<'_>, link: Option<LinkId>) {
    add_names(json, config, link, None, None, List::Dns);
    add_names(json, config, link, None, None, List::Search);
}

/// An array of one list of [`owned::names`].
#[inline(never)]
pub(super) fn add_names(
    json: &mut Json<'_>,
    config: &Config<'_>,
    link: Option<LinkId>,
    lessee: Option<&Lessee>,
    desired: Option<&DesiredLink>,
    list: List,
) {
    owned::names(config, link, lessee, desired, &mut Items { json, list });
    json.end();
}

/// The names of one list as items.
struct Items<'a, 'w> {
    json: &'a mut Json<'w>,
    list: List,
}

impl TakeName for Items<'_, '_> {
    fn name(&mut self, list: List, name: &Name<'_>) {
        if list == self.list {
            self.json.item();
            self.json.text(name);
        }
    }
}

/// Routes of one link, or of none.
fn routes(json: &mut Json<'_>, config: &Config<'_>, link: Option<LinkId>) {
    for given in config.routes.iter() {
        let (owner, dev) = match &given.dev {
            RouteDev::Link(id) => (Some(*id), Subject::None),
            RouteDev::Anywhere => (None, Subject::None),
            RouteDev::Name(name) => (config.named(name), Subject::Link(name)),
        };
        if LinkId::is_same(owner, link) {
            json.item();
            route(json, config, &given.route, &dev);
        }
    }
    json.end();
}

/// A string, or null where nothing is shown or it is the usual one.
#[inline(never)]
fn text_unless(json: &mut Json<'_>, is_usual: bool, value: &dyn Show) {
    match is_usual {
        true => json.word(word!("null")),
        false => json.text_or_null(value),
    }
}

/// A number that is not the usual one.
fn other_than(usual: u32, number: u32) -> Option<u32> {
    Some(number).filter(|number| *number != usual)
}

fn route(json: &mut Json<'_>, config: &Config<'_>, route: &Route, dev: &Subject<'_>) {
    json.text(&route.dst);
    json.text_or_null(&route.via);
    json.text_or_null(dev);
    json.number_or_null(other_than(0, route.metric));
    json.number_or_null(other_than(MAIN_TABLE, route.table));
    json.text_or_null(&route.src);
    json.packed(route.kind.word());
    json.boolean(route.reach == Reach::Onlink);
    if !route.from.is_default() {
        json.item();
        json.word(word!("from"));
        json.text(&route.from);
    }
    let mut rest = config.text_or_none(&route.more.map(|more| more.text));
    while let Some(name) = parts::next_word(&mut rest) {
        json.item();
        json.raw(&Octets(name));
        let value = parts::trim_start(rest);
        if !parts::is(name, b"nexthop") {
            if parts::next_word(&mut rest).is_some_and(|word| word == b"lock") {
                parts::next_word(&mut rest);
            }
        } else {
            rest = b"";
        }
        let len = value.len().wrapping_sub(rest.len());
        json.text(&Octets(parts::slice(value, 0, len)));
    }
    json.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::model::desired::What;
    use crate::model::link::{IfName, Mac};
    use crate::source::route_file::{Form, parse_route};
    use crate::source::testing::{Storage, read_lines};
    use std::string::String;
    use std::vec::Vec;

    /// What is written of a configuration with one link, that is changed so.
    fn shown(change: impl FnOnce(&mut crate::source::Context<'_, '_>, LinkId)) -> String {
        let mut storage = Storage::default();
        storage.read("x", "", |cx| {
            let name = IfName::new(b"x").unwrap();
            let link = cx
                .link_named(&name, SourceKind::Ifcfg, Origin::NONE)
                .unwrap();
            change(cx, link);
        });
        let mut out = heapless::Vec::<u8, 4_096>::new();
        let mut view = &mut *out.as_mut_view();
        let mut json = Json::new(&mut view, PLAN);
        begin(&mut json, &storage.config());
        end(&mut json);
        String::from_utf8(Vec::from(&out[..])).unwrap()
    }

    fn put(cx: &mut crate::source::Context<'_, '_>, link: LinkId, options: &[(Scope, &str)]) {
        for (scope, option) in options {
            cx.put_option(link, *scope, option.as_bytes(), Origin::NONE)
                .unwrap();
        }
    }

    #[test]
    fn a_link_has_the_object_of_its_kind() {
        const NONE: &str =
            r#""vlan":null,"bond":null,"bridge":null,"pkey":null,"ethtool":null,"options":null"#;
        let name = |text: &str| IfName::new(text.as_bytes());
        type Given<'a> = (LinkKind, &'a [(Scope, &'a str)], &'a [(&'a str, &'a str)]);
        let all: [Given<'_>; 8] = [
            (LinkKind::Ethernet, &[], &[]),
            (
                LinkKind::Vlan,
                &[
                    (Scope::Vlan, "id=5"),
                    (Scope::Vlan, "gvrp=1"),
                    (Scope::Vlan, "mvrp=0"),
                    (Scope::Vlan, "egress=1:2"),
                ],
                &[
                    (
                        r#""vlan":null"#,
                        r#""vlan":{"id":5,"parent":"eth0","protocol":"802.1Q","flags":["gvrp"]}"#,
                    ),
                    (r#""options":null"#, r#""options":{"egress":"1:2"}"#),
                ],
            ),
            (
                LinkKind::Bond,
                &[
                    (Scope::Bond, "mode=1"),
                    (Scope::Bond, "miimon=100"),
                    (Scope::Bond, "arp_validate=all"),
                ],
                &[(
                    r#""bond":null"#,
                    r#""bond":{"mode":"active-backup","options":{"miimon":"100","arp_validate":"all"}}"#,
                )],
            ),
            (
                LinkKind::Team,
                &[],
                &[(
                    r#""bond":null"#,
                    r#""bond":{"mode":"balance-rr","options":{}}"#,
                )],
            ),
            (
                LinkKind::Bridge,
                &[(Scope::Bridge, "stp=yes"), (Scope::Bridge, "priority=7")],
                &[(
                    r#""bridge":null"#,
                    r#""bridge":{"stp":true,"options":{"priority":"7"}}"#,
                )],
            ),
            (
                LinkKind::Infiniband,
                &[(Scope::Ib, "pkey=32772"), (Scope::Ib, "connected=1")],
                &[
                    (r#""pkey":null"#, r#""pkey":32772"#),
                    (r#""options":null"#, r#""options":{"connected":"1"}"#),
                ],
            ),
            (
                LinkKind::Ethernet,
                &[
                    (Scope::Ethtool, "duplex=full"),
                    (Scope::Link, "arp=no"),
                    (Scope::BridgePort, "priority=9"),
                ],
                &[
                    (r#""ethtool":null"#, r#""ethtool":{"duplex":"full"}"#),
                    (
                        r#""options":null"#,
                        r#""options":{"arp":"0","priority":"9"}"#,
                    ),
                ],
            ),
            (LinkKind::Dummy, &[], &[]),
        ];
        for (kind, options, instead) in all {
            let json = shown(|cx, link| {
                put(cx, link, options);
                let config = cx.config.link_mut(link).unwrap();
                config.kind = kind;
                config.master = name("br0");
                config.lower = name("eth0").map(LinkMatch::Name);
            });
            let mut want = String::from(NONE);
            for (null, value) in instead {
                want = want.replace(null, value);
            }
            let want = std::format!(
                r#""kind":"{}","source":"ifcfg","onboot":true,"required":true,"mac":null,"mtu":null,"master":"br0",{want},"ipv4":"#,
                kind.word()
            );
            assert!(json.contains(&want), "{want}\n{json}");
        }
    }

    #[test]
    fn rules_are_shown_by_their_attributes() {
        let json = shown(|cx, link| {
            let text =
                b"from 10.1/16  iif eth0 fwmark 0x7 lookup 5 pref 100 # why\nto 10.2/16 blackhole";
            cx.text = text;
            read_lines(Form::Rule, RouteDev::Link(link), cx);
        });
        let want = r#""rules":[{"family":4,"priority":100,"from":"10.1.0.0/16","to":null,"iif":"eth0","fwmark":"7","table":"5","text":"from 10.1/16 iif eth0 fwmark 0x7 lookup 5 pref 100"},{"family":4,"priority":null,"from":null,"to":"10.2.0.0/16","iif":null,"fwmark":null,"table":null,"text":"to 10.2/16 blackhole"}]"#;
        assert!(json.contains(want), "{json}");
    }

    #[test]
    fn what_a_route_has_beside_its_fields_is_in_pairs() {
        let json = shown(|cx, link| {
            let text = b"10/8 mtu lock 1400 hoplimit 3 nexthop via 10.0.0.1 weight 2 nexthop dev x";
            cx.text = text;
            read_lines(Form::Route, RouteDev::Link(link), cx);
        });
        let want = r#""options":{"mtu":"lock 1400","hoplimit":"3","nexthop":"via 10.0.0.1 weight 2 nexthop dev x"}"#;
        assert!(json.contains(want), "{json}");
    }

    #[test]
    fn the_source_of_a_route_is_one_of_its_options() {
        let json = shown(|cx, link| {
            let words = b"2001:db8::/32 from 2001:db8:1::/48 expires 60";
            let route = parse_route(words, Form::Route, Family::V6, cx.config).unwrap();
            let (dev, origin) = (RouteDev::Link(link), Origin::NONE);
            let added = crate::model::config::RouteConfig { dev, route, origin };
            cx.add_route(What::Route, &added).unwrap();
        });
        let want = r#""options":{"from":"2001:db8:1::/48","expires":"60"}"#;
        assert!(json.contains(want), "{json}");
    }

    #[test]
    fn rules_for_names_without_a_mac_are_no_links() {
        let json = shown(|cx, _| {
            let name = IfName::new(b"lan").unwrap();
            let rule = NameRule::new(&Mac::NONE, &name, NameSource::Link, Origin::NONE);
            cx.add_rule(&rule).unwrap();
            let mac = Mac::new(&[2, 0, 0, 0, 0, 1]).unwrap();
            let wan = IfName::new(b"wan").unwrap();
            cx.add_rule(&NameRule::new(&mac, &wan, NameSource::Udev, Origin::NONE))
                .unwrap();
        });
        assert!(
            !json.contains("\"lan\"") && json.contains(r#""rename_to":"wan""#),
            "{json}"
        );
    }
}
