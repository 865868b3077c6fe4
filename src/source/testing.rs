//! What tests of readers share: a small [`Config`] and a [`Scratch`] on vectors of their own, a sink that
//! remembers, and links and routes as text.

use super::Context;
use super::assignments::{Entry, Scratch};
use super::route_file::{self, Form};
use crate::diag::{Diagnostic, Effect, Escaped, FileId, Problem, Severity, Sink};
use crate::model::addr::Family;
use crate::model::attr::{AttrConfig, Value};
use crate::model::config::{
    AddrConfig, Config, Global, IpFlag, IpNumber, IpText, Leases, LinkConfig, LinkFlag, LinkId,
    LinkMatch, LinkNumber, NameRule, RouteConfig, RouteDev, Search, Server, Str,
};
use crate::model::link::{IfName, LinkKind};
use crate::model::route::{Reach, Route, RouteKind};
use crate::model::rule::TableName;
use crate::packed::unpack;
use crate::text::show::Text;
use heapless::Vec;
use std::format;
use std::string::{String, ToString};

/// The tables behind a [`Config`], small enough to be filled by a test.
pub struct Storage {
    links: Vec<LinkConfig, 16>,
    addrs: Vec<AddrConfig, 16>,
    routes: Vec<RouteConfig, 32>,
    name_rules: Vec<NameRule, 8>,
    servers: Vec<Server, 8>,
    search: Vec<Search, 8>,
    files: Vec<Str, 8>,
    strings: Vec<u8, 512>,
    rules: Vec<RouteConfig, 4>,
    tables: Vec<TableName, 4>,
    attrs: Vec<AttrConfig, 32>,
    attr_heads: Vec<u32, 16>,
    same: [u32; 4],
    global: Global,
}

impl Default for Storage {
    /// Nothing said.
    fn default() -> Storage {
        Storage {
            links: Vec::new(),
            addrs: Vec::new(),
            routes: Vec::new(),
            name_rules: Vec::new(),
            servers: Vec::new(),
            search: Vec::new(),
            files: Vec::new(),
            strings: Vec::new(),
            rules: Vec::new(),
            tables: Vec::new(),
            attrs: Vec::new(),
            attr_heads: Vec::new(),
            same: [0; 4],
            global: Global::none(),
        }
    }
}

impl Storage {
    /// The configuration in them.
    pub fn config(&mut self) -> Config<'_> {
        Config {
            links: &mut self.links,
            addrs: &mut self.addrs,
            routes: &mut self.routes,
            name_rules: &mut self.name_rules,
            servers: &mut self.servers,
            search: &mut self.search,
            files: &mut self.files,
            strings: &mut self.strings,
            rules: &mut self.rules,
            tables: &mut self.tables,
            attrs: &mut self.attrs,
            attr_heads: &mut self.attr_heads,
            same: &mut self.same,
            global: self.global,
        }
    }

    /// What `read` makes of an empty configuration, and every complaint.
    pub fn read(
        &mut self,
        name: &str,
        text: impl AsRef<[u8]>,
        read: impl FnOnce(&mut Context<'_, '_>),
    ) -> Heard {
        let mut heard = Heard::default();
        let mut config = self.config();
        let file = config.add_file(name.as_bytes()).unwrap();
        let (name, text) = (name.as_bytes(), text.as_ref());
        let mut cx = Context::new(&mut config, &mut heard, file, name, text);
        read(&mut cx);
        self.global = config.global;
        heard
    }
}

/// Each link with all that was asked of it, as one line:
/// `eth0 4=static! 6=ignore 192.0.2.5/24 via 192.0.2.1`. `!` is required; `*` a link that is not.
pub fn shown(config: &Config<'_>) -> std::vec::Vec<String> {
    let links = config.links_with_ids();
    links.map(|(id, link)| show(config, id, link)).collect()
}

fn show(config: &Config<'_>, id: LinkId, link: &LinkConfig) -> String {
    let mut line = match link.matches {
        LinkMatch::Name(name) => format!("{name}"),
        LinkMatch::Mac(mac) => format!("{mac}"),
        LinkMatch::Bootif(mac) => format!("bootif:{mac}"),
        LinkMatch::Any => String::from("any"),
    };
    let mut add = |text: String| line.push_str(&text);
    if !link.required {
        add(String::from("*"));
    }
    for (digit, ip) in [(4, link.ipv4), (6, link.ipv6)] {
        let mark = if ip.required { "!" } else { "" };
        add(format!(" {digit}={}{mark}", ip.method.word()));
    }
    for addr in config.addrs.iter().filter(|addr| addr.link == id) {
        add(format!(" {}", addr.addr));
        if let Some(peer) = addr.peer {
            add(format!(" peer {peer}"));
        }
    }
    for via in [link.ipv4.gateway, link.ipv6.gateway].into_iter().flatten() {
        add(format!(" via {via}"));
    }
    for server in config
        .servers
        .iter()
        .filter(|server| server.link == Some(id))
    {
        add(format!(" dns {}", server.addr));
    }
    if let Some(mtu) = LinkNumber::Mtu.of(link) {
        add(format!(" mtu {mtu}"));
    }
    if !link.mac.is_none() {
        add(format!(" mac {}", link.mac));
    }
    if let Some(name) = IpText::Hostname.of(&link.ipv4) {
        add(format!(" host {}", Escaped(config.text(name))));
    }
    if link.leases == Leases::First {
        add(String::from(" first"));
    }
    add(told(config, link));
    line
}

/// Each link as one line: what it is, what it lies on or is a port of, its options, and both methods.
pub fn stacked(config: &Config<'_>) -> std::vec::Vec<String> {
    let on = |matches: &LinkMatch| crate::diag::Subject::Matches(matches).to_string();
    let show = |(id, link): (LinkId, &LinkConfig)| {
        let mut line = format!("{} {}", on(&link.matches), link.kind.word());
        line += &link
            .lower
            .map_or(String::new(), |lower| format!(" on {}", on(&lower)));
        line += &link
            .master
            .map_or(String::new(), |master| format!(" of {master}"));
        if let Some(mtu) = LinkNumber::Mtu.of(link) {
            line += &format!(" mtu {mtu}");
        }
        for have in config.attrs_of(id) {
            let value = match have.value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => Escaped(config.text(text)).to_string(),
            };
            line += &format!(" {}={value}", have.attr.name());
        }
        line + &format!(" {}/{}", link.ipv4.method.word(), link.ipv6.method.word())
    };
    config.links_with_ids().map(show).collect()
}

/// What is said of DHCPv4, each value after its word.
fn told(config: &Config<'_>, link: &LinkConfig) -> String {
    let said = &link.dhcp4;
    let mut line = String::new();
    for (word, is_so) in [
        (" bootp", said.bootp),
        (" nameless", LinkFlag::SendHostname.is_no(link)),
        (" release", LinkFlag::Release.is_yes(link)),
    ] {
        line += if is_so { word } else { "" };
    }
    let [id, vendor, user] = link.said.texts;
    if let Some(id) = id {
        line += &format!(" id {:02x?}", config.text(id));
    }
    for (word, text) in [("vendor", vendor), ("user", user)] {
        if let Some(text) = text {
            line += &format!(" {word} {}", Escaped(config.text(text)));
        }
    }
    if said.probe_ms > 0 {
        line += &format!(" probe={}", said.probe_ms);
    }
    line
}

/// What is said of DHCPv6, each value after its word.
fn told6(config: &Config<'_>, link: &LinkConfig) -> String {
    let ip = &link.ipv6;
    let mut line = String::new();
    if IpFlag::SendHostname.is_no(ip) {
        line += " nameless";
    }
    if let Some(iaid) = IpNumber::Iaid.of(ip) {
        line += &format!(" iaid={iaid}");
    }
    for (word, text) in [("duid", IpText::Duid), ("prefix", IpText::Prefix)] {
        if let Some(text) = text.of(ip) {
            line += &format!(" {word} {:02x?}", config.text(text));
        }
    }
    line
}

/// One complaint, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// [`Diagnostic::severity`].
    pub severity: Severity,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
    /// The line at hand.
    pub text: std::vec::Vec<u8>,
    /// [`Diagnostic::subject`], displayed.
    pub subject: String,
    /// [`Diagnostic::token`].
    pub token: String,
    /// [`Problem`] as `Debug` prints it, with what its words hold.
    pub problem: String,
    /// [`Diagnostic::effect`].
    pub effect: Effect,
}

/// A sink that keeps everything.
#[derive(Default)]
pub struct Heard(pub std::vec::Vec<Complaint>);

impl Heard {
    /// Each complaint as `severity line:column subject "token" problem effect`, without an empty token.
    pub fn lines(&self) -> std::vec::Vec<String> {
        let line = |c: &Complaint| {
            let token = match c.token.is_empty() {
                true => String::new(),
                false => format!("{:?} ", c.token),
            };
            format!(
                "{} {}:{} {} {token}{} {:?}",
                c.severity.word(),
                c.line,
                c.column,
                c.subject,
                c.problem,
                c.effect
            )
        };
        self.0.iter().map(line).collect()
    }
}

impl Sink for Heard {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let at = diagnostic.at;
        let (line, column, text) = (at.line.number, at.column, at.line.octets);
        if column > 0 && !diagnostic.token.is_empty() && !text.is_empty() {
            assert!(column as usize <= text.len() + 1, "{diagnostic}");
        }
        let mut problem = format!("{:?}", diagnostic.complaint.problem);
        if diagnostic.complaint.problem == Problem::NoMask {
            problem += &format!("({})", diagnostic.complaint.number);
        } else if diagnostic.complaint.problem == Problem::UnknownKey {
            problem += &format!("({:?})", unpacked(diagnostic.detail));
        }
        self.0.push(Complaint {
            severity: diagnostic.complaint.severity,
            line,
            column,
            text: text.to_vec(),
            subject: diagnostic.subject.to_string(),
            token: String::from_utf8_lossy(diagnostic.token).into_owned(),
            problem,
            effect: diagnostic.complaint.effect,
        });
    }
}

/// The memory behind a [`Scratch`].
pub struct ScratchTables {
    entries: Vec<Entry, 64>,
    values: Vec<u8, 10_000>,
    slots: [u32; 128],
}

impl ScratchTables {
    /// Empty ones.
    pub fn empty() -> ScratchTables {
        ScratchTables {
            entries: Vec::new(),
            values: Vec::new(),
            slots: [0; 128],
        }
    }

    /// The scratch they hold.
    pub fn scratch(&mut self) -> Scratch<'_> {
        Scratch::new(&mut self.entries, &mut self.values, &mut self.slots)
    }
}

/// Reads a file of routes, rules or tables.
pub fn read_lines(form: Form, dev: RouteDev, cx: &mut Context<'_, '_>) {
    // as long as any text
    let tables = std::boxed::Box::leak(std::boxed::Box::new(ScratchTables::empty()));
    route_file::read(form, Family::V4, dev, &mut tables.scratch(), cx);
}

/// A context over the two, for a file of this name.
pub fn context<'a, 'm>(
    config: &'a mut Config<'m>,
    sink: &'a mut Heard,
    name: &'a [u8],
    text: &'a [u8],
) -> Context<'a, 'm> {
    Context::new(config, sink, FileId(0), name, text)
}

/// Each link as one line: how it is matched, its values, and both families with their addresses.
pub fn describe(config: &Config<'_>) -> std::vec::Vec<String> {
    let links = config.links_with_ids();
    links
        .map(|(id, link)| describe_link(config, id, link))
        .collect()
}

fn describe_link(config: &Config<'_>, id: LinkId, link: &LinkConfig) -> String {
    let mut line = match link.matches {
        LinkMatch::Name(name) => format!("{name}"),
        LinkMatch::Mac(mac) => format!("{mac}"),
        LinkMatch::Bootif(mac) => format!("bootif {mac}"),
        LinkMatch::Any => String::from("any"),
    };
    if link.rename {
        line += &format!(" -> {}", link.name.unwrap());
    }
    if link.kind != LinkKind::Ethernet {
        line += &format!(" {}", link.kind.word());
    }
    if !link.onboot || !link.required {
        line += &format!(" onboot={} required={}", link.onboot, link.required);
    }
    for (word, value) in [
        ("mac", (!link.mac.is_none()).then(|| link.mac.to_string())),
        ("mtu", LinkNumber::Mtu.of(link).map(|mtu| mtu.to_string())),
        (
            "device",
            LinkNumber::DeviceTimeout.of(link).map(|s| s.to_string()),
        ),
    ] {
        line += &value.map_or(String::new(), |value| format!(" {word}={value}"));
    }
    for (family, ip) in [(Family::V4, &link.ipv4), (Family::V6, &link.ipv6)] {
        line += &format!(" | {}", ip.method.word());
        let mut addrs = config.addrs.iter();
        while let Some(entry) = addrs.find(|a| a.link == id && a.addr.family() == family) {
            line += &format!(" {}", entry.addr);
            if !entry.broadcast.is_unspecified() {
                line += &format!(" brd {}", entry.broadcast);
            }
        }
        if let Some(gateway) = ip.gateway {
            line += &format!(" via {gateway}");
        }
        for (word, value) in [
            ("metric", IpNumber::Metric.of(ip)),
            ("table", IpNumber::Table.of(ip)),
            ("timeout", IpNumber::DhcpTimeout.of(ip)),
        ] {
            line += &value.map_or(String::new(), |value| format!(" {word}={value}"));
        }
        for (word, said) in [
            ("required", ip.required),
            ("no-default", IpFlag::DefaultRoute.is_no(ip)),
            ("no-dns", IpFlag::PeerDns.is_no(ip)),
            ("no-routes", IpFlag::PeerRoutes.is_no(ip)),
        ] {
            if said {
                line += &format!(" {word}");
            }
        }
        line += &match family {
            Family::V4 => told(config, link),
            Family::V6 => told6(config, link),
        };
    }
    line
}

/// What a link is made of and its options, as one line.
pub fn made_of(config: &Config<'_>, id: LinkId) -> String {
    let link = config.link(id).unwrap();
    let mut line = link.kind.word().to_string();
    if let Some(LinkMatch::Name(lower)) = link.lower {
        line += &format!(" on {lower}");
    }
    if let Some(master) = link.master {
        line += &format!(" of {master}");
    }
    for have in config.attrs_of(id) {
        line += &match (have.value, have.attr.row().1) {
            (Value::Number(number), kind) if !kind.words().0.is_empty() => {
                format!(" {}={}", have.attr.name(), kind.word(number))
            }
            (Value::Number(number), _) => format!(" {}={number}", have.attr.name()),
            (Value::Text(text), _) => {
                format!(" {}={}", have.attr.name(), Escaped(config.text(text)))
            }
        };
    }
    line
}

/// A route as one line, what is not said left out.
pub fn describe_route(route: &Route, dev: Option<IfName>) -> String {
    let mut line = route.dst.to_string();
    if route.kind != RouteKind::Unicast {
        line = format!("{} {line}", route.kind.word());
    }
    let mut add = |word: &str, value: Option<String>| {
        line += &value.map_or(String::new(), |value| format!(" {word} {value}"));
    };
    let from = Some(route.from).filter(|from| !from.is_default());
    add("from", from.map(|from| from.to_string()));
    add("via", route.via.map(|via| via.to_string()));
    add("dev", dev.map(|dev| dev.to_string()));
    add("src", route.src.map(|src| src.to_string()));
    add(
        "metric",
        (route.metric != 0).then(|| route.metric.to_string()),
    );
    add(
        "table",
        (route.table != 254).then(|| route.table.to_string()),
    );
    add(
        "proto",
        (route.protocol != 153).then(|| route.protocol.to_string()),
    );
    add("scope", route.scope.map(|scope| scope.to_string()));
    add("tos", (route.tos != 0).then(|| route.tos.to_string()));
    if route.reach == Reach::Onlink {
        line += " onlink";
    }
    line
}

/// The text that `units` stand for.
pub fn unpacked(units: &[u8]) -> String {
    let mut octets = Vec::<u8, 64>::new();
    unpack(units, &mut Text(&mut octets.as_mut_view()));
    String::from_utf8_lossy(&octets).into_owned()
}
