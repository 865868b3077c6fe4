//! What every reader puts into the configuration. Where a table is full, the limit that was reached.

use super::Context;
use crate::diag::Problem;
use crate::limits::MAX_DUID;
use crate::model::addr::{Cidr, Family};
use crate::model::config::{
    AddrConfig, LinkConfig, LinkId, LinkMatch, NameRule, NameSource, RouteConfig, Server,
    SourceKind, Str, add,
};
use crate::model::desired::What;
use crate::model::link::Mac;
use crate::packed::{Packed, packed};
use crate::text::{parts, scalar};
use core::net::IpAddr;
use heapless::Vec;

impl Context<'_, '_> {
    /// Adds an address.
    #[inline(never)]
    pub fn add_addr(&mut self, addr: &AddrConfig) -> Result<(), Problem> {
        add(self.config.addrs, addr).ok_or(Problem::MaxAddrs)
    }

    /// Adds a route, or a policy routing rule.
    #[inline(never)]
    pub fn add_route(&mut self, what: What, route: &RouteConfig) -> Result<(), Problem> {
        let (table, full) = match what {
            What::Rule => (&mut self.config.rules, Problem::MaxRules),
            What::Addr | What::Route => (&mut self.config.routes, Problem::MaxRoutes),
        };
        add(table, route).ok_or(full)
    }

    /// Adds a name server.
    #[inline(never)]
    pub fn add_server(&mut self, addr: &IpAddr, link: Option<LinkId>) -> Result<(), Problem> {
        let server = Server { addr: *addr, link };
        add(self.config.servers, &server).ok_or(Problem::MaxServers)
    }

    /// Adds a MAC rule in place of those of its source with its name (of udev: with its MAC, and of the command
    /// line with either). Rules of udev and of `.link` files give no name where a stronger one speaks of it or of the
    /// MAC, and the first of `.link` files counts; the sources are read in the order of their strength.
    ///
    /// # Errors
    /// [`Problem::Duplicate`]: it took the place of one that says something else; or the limit that is reached.
    #[inline(never)]
    pub fn add_rule(&mut self, rule: &NameRule) -> Result<(), Problem> {
        let (mut is_known, mut put) = (false, Ok(()));
        let mut rule = *rule;
        for have in self.config.name_rules.iter_mut() {
            let same_name = (rule.name.as_ref()).is_some_and(|name| name.is(&have.name));
            let is_mac = have.mac == rule.mac;
            // `HWADDR` of several files may be one: then the names decide
            let same_mac = is_mac && rule.source != NameSource::Ifcfg && !rule.mac.is_unset();
            let is_udev = rule.source == NameSource::Udev;
            if rule.source == NameSource::Link || is_udev && have.source > NameSource::Udev {
                if have.name.is_some() && (same_name || same_mac) {
                    rule.name = None;
                }
            } else if have.source == rule.source && (same_mac || same_name && !is_udev) {
                is_known = true;
                if !(same_name && is_mac) {
                    put = Err(Problem::Duplicate);
                }
                *have = rule;
            }
        }
        let says = rule.name.is_some() || rule.altnames.is_some() || rule.txqlen.is_some();
        if !is_known && says {
            add(self.config.name_rules, &rule).ok_or(Problem::MaxNameRules)?;
        }
        put
    }

    /// Keeps a host name, which becomes the machine's unless a stronger source has one.
    #[inline(never)]
    pub fn set_hostname(
        &mut self,
        text: &[u8],
        source: SourceKind,
        into: &mut Option<Str>,
    ) -> Result<(), Problem> {
        self.keep_said(Said::Hostname, text, into)?;
        let global = &mut self.config.global;
        if global.hostname_source <= source {
            (global.hostname, global.hostname_source) = (*into, source);
        }
        Ok(())
    }

    /// Keeps what DHCP servers are told.
    #[inline(never)]
    pub fn keep_said(
        &mut self,
        said: Said,
        text: &[u8],
        into: &mut Option<Str>,
    ) -> Result<(), Problem> {
        let mut id = Vec::<u8, MAX_OPTION>::new();
        let mut octets = text;
        let (mut is_valid, mut invalid) = (text.len() < MAX_OPTION, Problem::TooLong);
        match said {
            Said::Hostname => {
                (is_valid, invalid) = (scalar::is_hostname(text), Problem::NotAHostname);
            }
            Said::Domain => (is_valid, invalid) = (scalar::is_domain(text), Problem::NotADomain),
            Said::Class => {}
            Said::Prefix => {
                let mut prefix = Cidr::default(Family::V6);
                scalar::cidr(text, &mut prefix)?;
                let IpAddr::V6(addr) = prefix.network() else {
                    return Err(Problem::NotIpv6);
                };
                let _ = id.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, prefix.len]);
                let _ = id.extend_from_slice(&addr.octets());
                (octets, is_valid, invalid) = (&id, prefix.len > 0, Problem::BadPrefix);
            }
            Said::Id | Said::IdAt | Said::Duid => {
                let is_duid = said == Said::Duid;
                let ids = if is_duid { packed!("ll") } else { IDS };
                if let Some(n) = ids.position(text) {
                    if n != 0 {
                        return Err(Problem::NotYet);
                    }
                    *into = None;
                    return Ok(());
                }
                let (words, separator) = match (said, text) {
                    (Said::IdAt, [b'@', words @ ..]) => (words, b'-'),
                    (Said::IdAt, _) => (&[][..], b'-'),
                    (Said::Duid, _) => (&[][..], b':'),
                    _ => (text, b':'),
                };
                if read_hex(text, separator, &mut id).is_none() {
                    id.clear();
                    let _ = id.push(0);
                    let _ = id.extend_from_slice(words);
                }
                (octets, is_valid) = (&id, id.len() > 1);
                if words.is_empty() {
                    invalid = Problem::NotAClientId;
                }
                if is_duid {
                    is_valid = matches!(id.len(), 5..=MAX_DUID);
                    invalid = Problem::NotADuid;
                }
            }
        }
        if !is_valid {
            return Err(invalid);
        }
        *into = self.config.keep(octets);
        match into {
            Some(_) => Ok(()),
            None => Err(Problem::MaxStrings),
        }
    }
}

/// What DHCP servers are told by a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// Host name (option 12).
    Hostname,
    /// None is told: a search domain, which is kept as such texts are.
    Domain,
    /// Vendor or user class (options 60, 77).
    Class,
    /// Client identifier (RFC 2132 s.9.14): two octets or more in hexadecimal with `:` between them, the
    /// first of which is its type, or else a text, whose type is 0; `mac` is what is sent without one.
    Id,
    /// A DUID: five octets or more in hexadecimal with `:` between them; `ll` is what is sent without one.
    Duid,
    /// An IPv6 prefix with its length, as [`crate::model::lease6::leased`] has it.
    Prefix,
    /// As [`Said::Id`], with `-`, and with `@` in front of a text.
    IdAt,
}

/// Client identifiers that NetworkManager makes; the first one is ours.
const IDS: Packed = packed!("mac,perm-mac,duid,ipv6-duid,stable,none");

/// Octets of one option (RFC 2132 s.2). A text has one less: in front of it stands the type of an identifier, or
/// the length of a user class.
const MAX_OPTION: usize = 255;

/// Two octets or more, in one or two hexadecimal digits each.
fn read_hex(text: &[u8], separator: u8, into: &mut Vec<u8, MAX_OPTION>) -> Option<()> {
    let mut rest = Some(text);
    while let Some(part) = parts::next(&mut rest, separator) {
        let octet = scalar::hex_octet(part).filter(|_| part.len() <= 2)?;
        into.push(octet).ok()?;
    }
    (into.len() > 1).then_some(())
}

impl LinkConfig {
    /// Makes it the link with this MAC, else the one with its own name; whether there is either.
    #[inline(never)]
    pub fn identify(&mut self, mac: &Option<Mac>) -> bool {
        if let Some(mac) = mac {
            self.matches = LinkMatch::Mac(*mac);
        } else if let Some(name) = &self.name {
            self.matches = LinkMatch::Name(*name);
        } else {
            return false;
        }
        true
    }
}
