//! What tests of readers need: small tables to read into, and a sink that remembers.

use super::Context;
use super::assignments::{Entry, Scratch};
use crate::diag::{Diagnostic, Effect, FileId, Severity, Sink};
use crate::model::addr::Family;
use crate::model::config::{
    AddrConfig, Config, Global, LinkConfig, LinkId, LinkMatch, NameRule, RouteConfig, Search,
    Server, Str,
};
use crate::model::index::Index;
use crate::model::link::{IfName, LinkKind};
use crate::model::route::{Reach, Route, RouteKind};
use heapless::Vec;
use std::format;
use std::string::{String, ToString};

/// The tables behind a [`Config`].
pub struct Tables {
    links: Vec<LinkConfig, 8>,
    addrs: Vec<AddrConfig, 16>,
    routes: Vec<RouteConfig, 32>,
    name_rules: Vec<NameRule, 8>,
    servers: Vec<Server, 8>,
    search: Vec<Search, 8>,
    files: Vec<Str, 8>,
    strings: Vec<u8, 256>,
}

impl Tables {
    /// Empty ones.
    pub fn empty() -> Tables {
        Tables {
            links: Vec::new(),
            addrs: Vec::new(),
            routes: Vec::new(),
            name_rules: Vec::new(),
            servers: Vec::new(),
            search: Vec::new(),
            files: Vec::new(),
            strings: Vec::new(),
        }
    }

    /// The configuration they hold.
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
            global: Global::NONE,
        }
    }
}

/// The memory behind a [`Scratch`].
pub struct ScratchTables {
    entries: Vec<Entry, 64>,
    values: Vec<u8, 2048>,
    value: Vec<u8, 256>,
    slots: [u32; 128],
}

impl ScratchTables {
    /// Empty ones.
    pub fn empty() -> ScratchTables {
        ScratchTables {
            entries: Vec::new(),
            values: Vec::new(),
            value: Vec::new(),
            slots: [0; 128],
        }
    }

    /// The scratch they hold.
    pub fn scratch(&mut self) -> Scratch<'_> {
        Scratch {
            entries: &mut self.entries,
            values: &mut self.values,
            value: &mut self.value,
            index: Index::new(&mut self.slots),
        }
    }
}

/// One complaint as a sink saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How bad.
    pub severity: Severity,
    /// Line, 0 for the file as a whole.
    pub line: u32,
    /// Column, 0 for the line as a whole.
    pub column: u32,
    /// The subject as printed.
    pub subject: String,
    /// The token, lossily.
    pub token: String,
    /// The problem's debug form.
    pub problem: String,
    /// What follows.
    pub effect: Effect,
}

/// Remembers every complaint.
#[derive(Default)]
pub struct Collector {
    /// In order.
    pub said: std::vec::Vec<Said>,
}

impl Collector {
    /// Each complaint as `error 3:8 IPADDR "x" NotIpv4 KeyUnset`; parts that are empty are left out.
    pub fn lines(&self) -> std::vec::Vec<String> {
        self.said.iter().map(Said::to_string).collect()
    }
}

impl core::fmt::Display for Said {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Said { line, column, .. } = self;
        write!(
            f,
            "{} {line}:{column} {} ",
            self.severity.word(),
            self.subject
        )?;
        if !self.token.is_empty() {
            write!(f, "{:?} ", self.token)?;
        }
        write!(f, "{} {:?}", self.problem, self.effect)
    }
}

impl Sink for Collector {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let (line, column) = diagnostic.at.map_or((0, 0), |at| {
            let token = diagnostic.token;
            if at.column > 0 && !token.is_empty() {
                assert!(at.column as usize <= at.text.len() + 1, "{diagnostic}");
            }
            (at.line, at.column)
        });
        self.said.push(Said {
            severity: diagnostic.severity,
            line,
            column,
            subject: diagnostic.subject.to_string(),
            token: String::from_utf8_lossy(diagnostic.token).into(),
            problem: format!("{:?}", diagnostic.problem),
            effect: diagnostic.effect,
        });
    }
}

/// A context over the two, for a file of this name.
pub fn context<'a, 'm>(
    config: &'a mut Config<'m>,
    sink: &'a mut Collector,
    name: &'a [u8],
) -> Context<'a, 'm> {
    Context {
        config,
        sink,
        file: FileId(0),
        name,
    }
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
        ("mac", link.mac.map(|mac| mac.to_string())),
        ("mtu", link.mtu.map(|mtu| mtu.to_string())),
        ("device", link.device_timeout.map(|s| s.to_string())),
    ] {
        line += &value.map_or(String::new(), |value| format!(" {word}={value}"));
    }
    for (family, ip) in [(Family::V4, &link.ipv4), (Family::V6, &link.ipv6)] {
        line += &format!(" | {}", ip.method.word());
        let mut addrs = config.addrs.iter();
        while let Some(entry) = addrs.find(|a| a.link == id && a.addr.family() == family) {
            line += &format!(" {}", entry.addr);
            if let Some(broadcast) = entry.broadcast {
                line += &format!(" brd {broadcast}");
            }
        }
        if let Some(gateway) = ip.gateway {
            line += &format!(" via {gateway}");
        }
        for (word, value) in [
            ("metric", ip.metric),
            ("table", ip.table),
            ("timeout", ip.dhcp_timeout),
        ] {
            line += &value.map_or(String::new(), |value| format!(" {word}={value}"));
        }
        for (word, said) in [
            ("required", ip.required),
            ("no-default", !ip.default_route),
            ("no-dns", !ip.peer_dns),
            ("no-routes", !ip.peer_routes),
        ] {
            if said {
                line += &format!(" {word}");
            }
        }
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
    add("via", route.via.map(|via| via.to_string()));
    add("dev", dev.map(|dev| dev.to_string()));
    add("src", route.src.map(|src| src.to_string()));
    add("metric", route.metric.map(|metric| metric.to_string()));
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
