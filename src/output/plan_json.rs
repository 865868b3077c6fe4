//! `plan --json`: what the sources ask for, as one object (CONTRACT section 3).

use super::json::{Json, Octets};
use super::owned::{self, List, Name, TakeName};
use crate::diag::{Diagnostic, Sink, Subject};
use crate::model::addr::Family;
use crate::model::config::{
    Config, IpFlag, IpNumber, IpText, LinkConfig, LinkId, LinkMatch, LinkNumber, NameRule,
    RouteDev, Str, Wait,
};
use crate::model::lease::Lease;
use crate::model::link::IfName;
use crate::model::route::{MAIN_TABLE, Reach, Route};
use crate::model::said::Values;
use crate::packed::{Packed, packed, word};
use crate::text::show::Hex;

/// The whole object.
macro_rules! template {
    ($route:literal) => {
        concat!(
            r#"{"version":1,"hostname":%,"dns":[<%>],"search":[<%>],"interfaces":[<"#,
            "\n",
            r#"{"name":%,"match":{"%":%},"rename_to":%,"kind":%,"source":%,"onboot":%,"required":%,"#,
            r#""mac":%,"mtu":%,"master":null,"vlan":null,"bond":null,"bridge":null,"pkey":null,"ethtool":null,"#,
            r#"<"ipv%":{"method":%,"required":%,"addresses":[<%>],"gateway":%,"default_route":%,"metric":%,"#,
            r#""table":%,"peer_dns":%,"peer_routes":%,"#,
            r#""dhcp":{"hostname":%,"client_id":%,"vendor_class":%,"timeout_s":%}}>,"#,
            r#""routes":[<"#, $route, r#">],"rules":[],"dns":[<%>],"search":[<%>]}>],"#,
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
    r#"{"dst":%,"via":%,"dev":%,"metric":%,"table":%,"src":%,"type":%,"onlink":%,"options":{}}"#
));

/// Writes everything up to the diagnostics: the writer takes those as a [`Sink`], and [`end`] ends it.
pub fn begin(json: &mut Json<'_>, config: &Config<'_>) {
    text(json, config, config.global.hostname);
    names(json, config, None);
    for (id, link) in config.links_with_ids() {
        json.item();
        interface(json, config, id, link);
    }
    for rule in config.name_rules.iter() {
        if named(config, &rule.name).is_some() {
            continue;
        }
        let mut link = LinkConfig::new(LinkMatch::Mac(rule.mac), rule.source, rule.origin);
        (link.name, link.rename, link.onboot, link.required) =
            (Some(rule.name), true, false, false);
        json.item();
        interface(json, config, LinkId::NONE, &link);
    }
    json.end();
    routes(json, config, None);
    let limits = &config.global.timeouts;
    json.number(limits.dhcp_in_all().into());
    for wait in [
        Wait::Carrier,
        Wait::Device,
        Wait::Ipv6Auto,
        Wait::Dad,
        Wait::Route,
    ] {
        json.number(limits.of(wait).into());
    }
}

/// Adds a complaint to the diagnostics.
impl Sink for Json<'_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let (file, line, column) = match &diagnostic.at {
            Some(at) => (at.file, at.line, at.column),
            None => (&b""[..], 0, 0),
        };
        self.item();
        self.text_or_null(&Octets(file));
        self.number(line.into());
        self.number(column.into());
        self.packed(diagnostic.complaint.severity.word());
        self.text(&diagnostic.subject);
        self.text(&diagnostic.message());
        self.packed(diagnostic.complaint.effect.text());
    }
}

/// Ends the object.
pub fn end(mut json: Json<'_>) {
    json.end();
    json.go_on();
}

/// The link that is configured under a name.
#[inline(never)]
fn named(config: &Config<'_>, name: &IfName) -> Option<LinkId> {
    let mut links = config.links_with_ids();
    links
        .find(|(_, link)| name.is(&link.name))
        .map(|(id, _)| id)
}

fn text(json: &mut Json<'_>, config: &Config<'_>, text: Option<Str>) {
    json.text_or_null(&Octets(config.text_or_none(&text)));
}

fn interface(json: &mut Json<'_>, config: &Config<'_>, id: LinkId, link: &LinkConfig) {
    let rule = config
        .name_rules
        .iter()
        .find(|rule| rule.name.is(&link.name));
    let is_renamed = link.rename | rule.is_some();
    json.text_or_null(&link.name);
    matches(json, &link.matches, rule);
    json.text_or_null(if is_renamed { &link.name } else { &"" });
    json.packed(link.kind.word());
    json.packed(link.source.word());
    json.boolean(link.onboot);
    json.boolean(link.required);
    json.text_or_null(&link.mac);
    json.number_or_null(LinkNumber::Mtu.of(link));
    ip(json, config, id, link, Family::V4);
    ip(json, config, id, link, Family::V6);
    json.end();
    routes(json, config, Some(id));
    names(json, config, Some(id));
}

/// By which the link is found: the MAC of a rule, where there is one, rather than its name.
fn matches(json: &mut Json<'_>, matches: &LinkMatch, rule: Option<&NameRule>) {
    let (key, value) = match (matches, rule) {
        (LinkMatch::Name(name), None) => (word!("name"), Subject::Link(name)),
        (LinkMatch::Any, _) => {
            json.word(word!("any"));
            return json.boolean(true);
        }
        (LinkMatch::Name(_), Some(rule)) => (word!("mac"), Subject::Mac(&rule.mac)),
        (LinkMatch::Mac(mac), _) => (word!("mac"), Subject::Mac(mac)),
        (LinkMatch::Bootif(mac), _) => (word!("bootif"), Subject::Mac(mac)),
    };
    json.word(key);
    json.text(&value);
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
    json.text_or_null(&Hex(config.text_or_none(client_id)));
    text(json, config, *vendor_class);
    json.number_or_null(IpNumber::DhcpTimeout.of(ip));
}

/// Name servers and search domains of one link, or of none.
fn names(json: &mut Json<'_>, config: &Config<'_>, link: Option<LinkId>) {
    add_names(json, config, link, None, List::Dns);
    add_names(json, config, link, None, List::Search);
}

/// An array of the names of one list of one link, or of none, and of those that are leased to it.
#[inline(never)]
pub(super) fn add_names(
    json: &mut Json<'_>,
    config: &Config<'_>,
    link: Option<LinkId>,
    lease: Option<&Lease>,
    list: List,
) {
    let items = &mut Items { json, list };
    owned::names(config, link, items);
    if let (Some(link), Some(lease)) = (link.and_then(|id| config.link(id)), lease) {
        owned::leased_names(link, lease, items);
    }
    json.end();
}

/// The names of one list as items.
struct Items<'a, 'w> {
    json: &'a mut Json<'w>,
    list: List,
}

impl TakeName for Items<'_, '_> {
    fn name(&mut self, name: Name<'_>) {
        if name.list() == self.list {
            self.json.item();
            self.json.text(&name);
        }
    }
}

/// Routes of one link, or of none.
fn routes(json: &mut Json<'_>, config: &Config<'_>, link: Option<LinkId>) {
    for given in config.routes.iter() {
        let (owner, dev) = match &given.dev {
            RouteDev::Link(id) => (Some(*id), Subject::None),
            RouteDev::Anywhere => (None, Subject::None),
            RouteDev::Name(name) => (named(config, name), Subject::Link(name)),
        };
        if owner == link {
            json.item();
            route(json, &given.route, &dev);
        }
    }
    json.end();
}

fn route(json: &mut Json<'_>, route: &Route, dev: &Subject<'_>) {
    json.text(&route.dst);
    json.text_or_null(&route.via);
    json.text_or_null(dev);
    json.number_or_null(route.metric);
    json.number_or_null(Some(route.table).filter(|table| *table != MAIN_TABLE));
    json.text_or_null(&route.src);
    json.packed(route.kind.word());
    json.boolean(route.reach == Reach::Onlink);
}
