//! `plan --json`: what the sources ask for, as one object (CONTRACT section 3).

use super::json::{Json, Octets};
use super::owned;
use crate::diag::{Diagnostic, Sink};
use crate::model::addr::Family;
use crate::model::config::{
    Config, IpConfig, LinkConfig, LinkId, LinkMatch, NameRule, RouteDev, Str,
};
use crate::model::link::IfName;
use crate::model::route::{MAIN_TABLE, Reach, Route};
use crate::text::show::Show;

/// The whole object.
const PLAN: &str = concat!(
    r#"{"version":1,"hostname":%,"dns":[%],"search":[%],"interfaces":[%],"routes":[%],"#,
    r#""timeouts":{"dhcp_s":%,"carrier_s":%,"device_s":%,"ipv6_auto_s":%,"dad_s":%,"route_s":%},"diagnostics":[%]}"#,
    "\n"
);

/// One of `interfaces`, on a line of its own.
const INTERFACE: &str = concat!(
    "\n",
    r#"{"name":%,"match":%,"rename_to":%,"kind":%,"source":%,"onboot":%,"required":%,"mac":%,"mtu":%,"#,
    r#""master":null,"vlan":null,"bond":null,"bridge":null,"pkey":null,"ethtool":null,"ipv4":%,"ipv6":%,"#,
    r#""routes":[%],"rules":[],"dns":[%],"search":[%]}"#
);

/// `ipv4` and `ipv6`.
const IP: &str = concat!(
    r#"{"method":%,"required":%,"addresses":[%],"gateway":%,"default_route":%,"metric":%,"table":%,"#,
    r#""peer_dns":%,"peer_routes":%,"#,
    r#""dhcp":{"hostname":%,"client_id":null,"vendor_class":null,"timeout_s":%}}"#
);

/// One of `routes`.
const ROUTE: &str =
    r#"{"dst":%,"via":%,"dev":%,"metric":%,"table":%,"src":%,"type":%,"onlink":%,"options":{}}"#;

/// One of `diagnostics`, on a line of its own.
const DIAGNOSTIC: &str = concat!(
    "\n",
    r#"{"source":%,"line":%,"column":%,"severity":%,"subject":%,"message":%,"effect":%}"#
);

/// Writes everything up to the diagnostics: the writer takes those as a [`Sink`], and [`end`] ends it.
pub fn begin<'w>(out: &'w mut dyn FnMut(&[u8]), config: &Config<'_>) -> Json<'w> {
    let mut json = Json::new(out);
    json.object(PLAN);
    text(&mut json, config, config.global.hostname);
    names(&mut json, config, None);
    for (id, link) in config.links_with_ids() {
        interface(&mut json, config, id, link);
    }
    for rule in config.name_rules.iter() {
        if named(config, &rule.name).is_some() {
            continue;
        }
        let mut link = LinkConfig::new(LinkMatch::Mac(rule.mac), rule.source, rule.origin);
        (link.name, link.rename, link.onboot, link.required) =
            (Some(rule.name), true, false, false);
        interface(&mut json, config, LinkId(u16::MAX), &link);
    }
    json.end();
    routes(&mut json, config, None);
    let limits = &config.global.timeouts;
    let in_all = limits.dhcp_in_all();
    for seconds in [
        in_all,
        limits.carrier,
        limits.device,
        limits.ipv6_auto,
        limits.dad,
        limits.route,
    ] {
        json.raw(&seconds);
    }
    json
}

/// Adds a complaint to the diagnostics.
impl Sink for Json<'_> {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let (file, line, column) = match &diagnostic.at {
            Some(at) => (Some(Octets(at.file)), at.line, at.column),
            None => (None, 0, 0),
        };
        self.object(DIAGNOSTIC);
        self.text_or_null(file.as_ref());
        self.raw(&line);
        self.raw(&column);
        self.text(&diagnostic.complaint.severity.word());
        self.text(&diagnostic.subject);
        self.text(&diagnostic.message());
        self.text(&diagnostic.complaint.effect.text());
    }
}

/// Ends the object.
pub fn end(mut json: Json<'_>) {
    json.end();
    json.end();
}

/// The link that is configured under a name.
#[inline(never)]
fn named(config: &Config<'_>, name: &IfName) -> Option<LinkId> {
    let mut links = config.links_with_ids();
    let is_it = |link: &LinkConfig| link.name.as_ref() == Some(name);
    links.find(|(_, link)| is_it(link)).map(|(id, _)| id)
}

fn text(json: &mut Json<'_>, config: &Config<'_>, text: Option<Str>) {
    json.text_or_null(text.map(|text| Octets(config.text(text))).as_ref());
}

fn interface(json: &mut Json<'_>, config: &Config<'_>, id: LinkId, link: &LinkConfig) {
    json.object(INTERFACE);
    let rule = config
        .name_rules
        .iter()
        .find(|rule| link.name.as_ref() == Some(&rule.name));
    let is_renamed = link.rename || rule.is_some();
    json.text_or_null(link.name.as_ref());
    matches(json, &link.matches, rule);
    json.text_or_null(link.name.as_ref().filter(|_| is_renamed));
    json.string(link.kind.word());
    json.string(link.source.word());
    json.boolean(link.onboot);
    json.boolean(link.required);
    json.text_or_null(link.mac.as_ref());
    json.number_or_null(link.mtu);
    ip(json, config, id, Family::V4, &link.ipv4);
    ip(json, config, id, Family::V6, &link.ipv6);
    routes(json, config, Some(id));
    names(json, config, Some(id));
}

/// By which the link is found: the MAC of a rule, where there is one, rather than its name.
fn matches(json: &mut Json<'_>, matches: &LinkMatch, rule: Option<&NameRule>) {
    let (template, value) = match (matches, rule) {
        (LinkMatch::Name(_), Some(rule)) => (r#"{"mac":%}"#, &rule.mac as &dyn Show),
        (LinkMatch::Name(name), None) => (r#"{"name":%}"#, name as &dyn Show),
        (LinkMatch::Mac(mac), _) => (r#"{"mac":%}"#, mac as &dyn Show),
        (LinkMatch::Bootif(mac), _) => (r#"{"bootif":%}"#, mac as &dyn Show),
        (LinkMatch::Any, _) => return json.object(r#"{"any":true}"#),
    };
    json.object(template);
    json.text(value);
}

fn ip(json: &mut Json<'_>, config: &Config<'_>, id: LinkId, family: Family, ip: &IpConfig) {
    json.object(IP);
    json.string(ip.method.word());
    json.boolean(ip.required);
    for addr in config
        .addrs
        .iter()
        .filter(|addr| addr.link == id && addr.addr.family() == family)
    {
        json.text(&addr.addr);
    }
    json.end();
    json.text_or_null(ip.gateway.as_ref());
    json.boolean(ip.default_route);
    json.number_or_null(ip.metric);
    json.number_or_null(ip.table);
    json.boolean(ip.peer_dns);
    json.boolean(ip.peer_routes);
    text(json, config, ip.dhcp_hostname);
    json.number_or_null(ip.dhcp_timeout);
}

/// Name servers and search domains of one link, or of none.
fn names(json: &mut Json<'_>, config: &Config<'_>, link: Option<LinkId>) {
    for list in ["dns", "search"] {
        add_names(json, config, link, list);
        json.end();
    }
}

/// Adds the values of `dns` or `search` lines of one link, or of none, to an array.
#[inline(never)]
pub(super) fn add_names(
    json: &mut Json<'_>,
    config: &Config<'_>,
    link: Option<LinkId>,
    list: &'static str,
) {
    owned::names(config, link, &mut |word, name| {
        if word == list {
            json.text(name);
        }
    });
}

/// Routes of one link, or of none.
fn routes(json: &mut Json<'_>, config: &Config<'_>, link: Option<LinkId>) {
    for given in config.routes.iter() {
        let (owner, dev) = match given.dev {
            RouteDev::Link(id) => (Some(id), None),
            RouteDev::Anywhere => (None, None),
            RouteDev::Name(name) => (named(config, &name), Some(name)),
        };
        if owner == link {
            route(json, &given.route, dev);
        }
    }
    json.end();
}

fn route(json: &mut Json<'_>, route: &Route, dev: Option<IfName>) {
    json.object(ROUTE);
    json.text(&route.dst);
    json.text_or_null(route.via.as_ref());
    json.text_or_null(dev.as_ref());
    json.number_or_null(route.metric);
    json.number_or_null(Some(route.table).filter(|table| *table != MAIN_TABLE));
    json.text_or_null(route.src.as_ref());
    json.string(route.kind.word());
    json.boolean(route.reach == Reach::Onlink);
}
