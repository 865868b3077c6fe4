//! What tests of readers share: a small [`Config`] on vectors of its own, and a sink that remembers.

use super::Context;
use crate::diag::{Diagnostic, Effect, Escaped, Severity, Sink};
use crate::model::config::{
    AddrConfig, Config, Global, Leases, LinkConfig, LinkId, LinkMatch, NameRule, RouteConfig,
    Search, Server, Str,
};
use heapless::Vec;
use std::format;
use std::string::{String, ToString};

/// The tables behind a [`Config`], small enough to be filled by a test.
pub struct Storage {
    links: Vec<LinkConfig, 16>,
    addrs: Vec<AddrConfig, 16>,
    routes: Vec<RouteConfig, 16>,
    name_rules: Vec<NameRule, 8>,
    servers: Vec<Server, 8>,
    search: Vec<Search, 8>,
    files: Vec<Str, 8>,
    strings: Vec<u8, 512>,
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
            global: Global::NONE,
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
            global: self.global,
        }
    }

    /// What `read` makes of an empty configuration, and every complaint.
    pub fn read(&mut self, name: &str, read: impl FnOnce(&mut Context<'_, '_>)) -> Heard {
        let mut heard = Heard::default();
        let mut config = self.config();
        let file = config.add_file(name.as_bytes()).unwrap();
        let mut cx = Context {
            config: &mut config,
            sink: &mut heard,
            file,
            name: name.as_bytes(),
        };
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
    if let Some(mtu) = link.mtu {
        add(format!(" mtu {mtu}"));
    }
    if let Some(mac) = link.mac {
        add(format!(" mac {mac}"));
    }
    if let Some(name) = link.ipv4.dhcp_hostname {
        add(format!(" host {}", Escaped(config.text(name))));
    }
    if link.leases == Leases::First {
        add(String::from(" first"));
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
    /// [`Diagnostic::problem`], as `Debug` prints it.
    pub problem: String,
    /// [`Diagnostic::effect`].
    pub effect: Effect,
}

/// A sink that keeps everything.
#[derive(Default)]
pub struct Heard(pub std::vec::Vec<Complaint>);

impl Heard {
    /// Each complaint as `severity line:column subject "token" problem effect`.
    pub fn lines(&self) -> std::vec::Vec<String> {
        let line = |c: &Complaint| {
            format!(
                "{} {}:{} {} {:?} {} {:?}",
                c.severity.word(),
                c.line,
                c.column,
                c.subject,
                c.token,
                c.problem,
                c.effect
            )
        };
        self.0.iter().map(line).collect()
    }
}

impl Sink for Heard {
    fn report(&mut self, diagnostic: &Diagnostic<'_>) {
        let (line, column, text) = diagnostic
            .at
            .map_or((0, 0, &b""[..]), |at| (at.line, at.column, at.text));
        self.0.push(Complaint {
            severity: diagnostic.severity,
            line,
            column,
            text: text.to_vec(),
            subject: diagnostic.subject.to_string(),
            token: String::from_utf8_lossy(diagnostic.token).into_owned(),
            problem: format!("{:?}", diagnostic.problem),
            effect: diagnostic.effect,
        });
    }
}
