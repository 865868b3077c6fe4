//! `/etc/sysconfig/network`: what holds for the machine, and defaults of all `ifcfg` files.
//!
//! initscripts read this file before each `ifcfg` file, so any key may stand here as a default. Those
//! that set one value, whatever else the file says, do.

use super::Context;
use super::Key;
use super::assignments::Scratch;
use super::ifcfg::{Defaults, NO_BOOLEAN, Reader, Use, unset};
use super::ifcfg_keys::{Field, GATEWAY, GATEWAYDEV, HOSTNAME, IPV6_DEFAULTGW, NETWORKING};
use super::key_table::{key, key as ignored};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::addr::Family;
use crate::model::config::SourceKind;
use crate::model::link::IfName;
use crate::text::{parts, scalar};

const MEANINGLESS: Field = Field::Silent;
const NEVER: Field = Field::Never;

/// The keys that are no defaults of `ifcfg` files, for the reference: they are rows of [`super::ifcfg_keys::KEYS`], or
/// of the keys that are seldom written.
#[rustfmt::skip]
pub const KEYS: &[Key<Field>] = &[
    key("NETWORKING", Field::Part, "no: `up` brings up only links that are named"),
    key("HOSTNAME", Field::Part, "host name, unless the command line has one"),
    key("GATEWAY", Field::Part, "IPv4 gateway of links without their own whose subnet holds it"),
    key("GATEWAYDEV", Field::Part, "the link that carries the IPv4 default route"),
    key("IPV6_DEFAULTGW", Field::Part, "IPv6 gateway of links without their own whose subnet holds it"),
    key("IPV6_DEFAULTDEV", Field::Part, "the link that carries the IPv6 default route"),
    ignored("NETWORKING_IPV6", MEANINGLESS, "loaded the IPv6 module"),
    ignored("NISDOMAIN", MEANINGLESS, "NIS"),
    ignored("NETWORKDELAY", MEANINGLESS, "waited"),
    ignored("NETWORKWAIT", MEANINGLESS, "waited"),
    ignored("WAIT_UNTIL_REACHABLE", MEANINGLESS, "waited"),
    ignored("VLAN", MEANINGLESS, "loaded the VLAN module"),
    ignored("IFDOWN_ON_SHUTDOWN", MEANINGLESS, "links are left alone at shutdown"),
    ignored("FORWARD_IPV4", MEANINGLESS, "obsolete"),
    ignored("PEERNTP", MEANINGLESS, "NTP servers of DHCP"),
    ignored("IPV6_RADVD_PIDFILE", MEANINGLESS, "radvd"),
    ignored("IPV6_RADVD_TRIGGER_ACTION", MEANINGLESS, "radvd"),
    ignored("IPV6_AUTOTUNNEL", NEVER, "sit0 is not made"),
    ignored("IPV6TO4INIT", NEVER, "6to4 was withdrawn (RFC 7526)"),
];

const NO_NAME: Complaint = Complaint::error(Problem::NotALinkName, Effect::KeyUnset);
const ONLY_NAMED: Complaint = Complaint::warning(Problem::OnlyNamed, Effect::None);

/// Reads the file: the host name and `GATEWAYDEV` go to the configuration, the rest to `defaults`.
#[inline(never)]
pub fn read<'c>(defaults: &mut Defaults, scratch: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    let mut reader = Reader::new(defaults, scratch, cx);
    reader.keys(Use::Defaults);
    let word = reader.at(NETWORKING);
    if !word.is_empty() {
        reader.known.networking = scalar::boolean(word);
        match reader.known.networking {
            Some(true) => {}
            Some(false) => reader.complain(ONLY_NAMED),
            None => reader.complain(NO_BOOLEAN),
        }
    }
    let word = reader.at(HOSTNAME);
    if !word.is_empty()
        && let Err(what) = (reader.file.cx).set_hostname(word, SourceKind::Ifcfg, &mut None)
    {
        reader.complain(unset(what));
    }
    let word = reader.at(GATEWAYDEV);
    if !IfName::read(word, &mut reader.file.cx.config.global.gateway_dev) {
        reader.no_device(word);
    }
    let word = reader.at(GATEWAY);
    if !parts::is_same_in_any_case(word, b"none") {
        reader.default_gateway(word, Family::V4);
    }
    let word = reader.at(IPV6_DEFAULTGW);
    reader.default_gateway(word, Family::V6);
    let word = reader.device6();
    if !IfName::read(word, &mut reader.known.gateway6_dev) {
        reader.no_device(word);
    }
    *defaults = reader.known;
}

impl Reader<'_, '_, '_> {
    /// Complains of what is no name of a link, if there is something.
    #[inline(never)]
    fn no_device(&mut self, word: &[u8]) {
        if !word.is_empty() {
            self.complain(NO_NAME);
        }
    }

    /// Reads a gateway for all links, if there is one.
    #[inline(never)]
    fn default_gateway(&mut self, word: &[u8], family: Family) {
        if let Some(entry) = self.entry
            && !word.is_empty()
        {
            let into = self.known.gateway_mut(family);
            match self.file.gateway(entry, family, &mut into.addr) {
                Ok(()) => into.origin = self.file.origin(entry),
                Err(what) => self.complain(unset(what)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Heard, ScratchTables, Storage, context};
    use super::*;
    use crate::model::config::{Config, GlobalText, IpNumber, LinkFlag, LinkNumber};
    use crate::model::said::Flag;
    use crate::source::ifcfg::{FileFlag, Gateway};
    use crate::source::ifcfg_keys::is_seldom;
    use std::string::String;
    use std::vec::Vec;

    fn read_into(config: &mut Config<'_>, text: &str) -> (Defaults, Vec<String>) {
        let (mut sink, mut scratch) = (Heard::default(), ScratchTables::empty());
        let mut cx = context(config, &mut sink, b"network", text.as_bytes());
        let mut defaults = Defaults::none();
        read(&mut defaults, &mut scratch.scratch(), &mut cx);
        (defaults, sink.lines())
    }

    fn name(name: &str) -> Option<IfName> {
        IfName::new(name.as_bytes())
    }

    #[test]
    fn what_holds_for_the_machine_is_read() {
        let mut tables = Storage::default();
        let mut config = tables.config();
        let (defaults, said) = read_into(
            &mut config,
            "NETWORKING=yes\nNETWORKING_IPV6=no\nHOSTNAME=host.example\nGATEWAY=192.0.2.254\n\
             GATEWAYDEV=eth1\nIPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6_DEFAULTDEV=eth2\n\
             IPV6_DEFAULTGW=fe80::1%eth0\nNOZEROCONF=yes\nVLAN=yes\n",
        );
        assert_eq!(said, [""; 0]);
        assert_eq!(defaults.networking, Some(true));
        let flag = |flag: FileFlag| defaults.draft.said.flags[flag as usize];
        assert_eq!(flag(FileFlag::Init6), Some(Flag::Yes));
        assert_eq!(flag(FileFlag::Autoconf6), Some(Flag::No));
        assert!(LinkFlag::Nozeroconf.is_yes(&defaults.draft.link));
        let Gateway { addr, origin } = defaults.gateway;
        assert_eq!(
            addr.unwrap(),
            "192.0.2.254".parse::<core::net::IpAddr>().unwrap()
        );
        assert_eq!((origin.line, origin.column), (4, 9));
        let Gateway { addr, origin } = defaults.gateway6;
        assert_eq!(
            addr.unwrap(),
            "fe80::1".parse::<core::net::IpAddr>().unwrap()
        );
        assert_eq!((origin.line, origin.column), (9, 16));
        assert_eq!(
            defaults.gateway6_dev,
            name("eth0"),
            "the zone beats IPV6_DEFAULTDEV"
        );
        assert_eq!(config.global.gateway_dev, name("eth1"));
        let hostname = config.global.hostname.unwrap();
        assert_eq!(config.text(hostname), b"host.example");
        assert_eq!(config.global.hostname_source, SourceKind::Ifcfg);
    }

    #[test]
    fn the_command_lines_host_name_stays() {
        let mut tables = Storage::default();
        let mut config = tables.config();
        config.global.hostname = config.keep(b"first");
        config.global.hostname_source = SourceKind::Cmdline;
        read_into(&mut config, "HOSTNAME=second\n");
        let hostname = config.global.hostname.unwrap();
        assert_eq!(config.text(hostname), b"first");
    }

    #[test]
    fn bad_values_cost_their_key() {
        for (text, want) in [
            (
                "NETWORKING=no",
                "warning 1:12 NETWORKING \"no\" OnlyNamed None",
            ),
            (
                "NETWORKING=x",
                "error 1:12 NETWORKING \"x\" NotABoolean DefaultUsed",
            ),
            (
                "HOSTNAME=a_b",
                "error 1:10 HOSTNAME \"a_b\" NotAHostname KeyUnset",
            ),
            ("GATEWAY=x", "error 1:9 GATEWAY \"x\" NotIpv4 KeyUnset"),
            (
                "GATEWAYDEV=a/b",
                "error 1:12 GATEWAYDEV \"a/b\" NotALinkName KeyUnset",
            ),
            (
                "IPV6_DEFAULTGW=x",
                "error 1:16 IPV6_DEFAULTGW \"x\" NotIpv6 KeyUnset",
            ),
            (
                "IPV6_DEFAULTDEV=a:b",
                "error 1:17 IPV6_DEFAULTDEV \"a:b\" NotALinkName KeyUnset",
            ),
            (
                "IPV6TO4INIT=yes",
                "warning 1:13 IPV6TO4INIT \"yes\" NotYet LineIgnored",
            ),
            (
                "IPADDR=192.0.2.1",
                "warning 1:8 IPADDR \"192.0.2.1\" NotHere LineIgnored",
            ),
            ("MTU=x", "error 1:5 MTU \"x\" NotAnMtu KeyUnset"),
            (
                "PEERDNS=x",
                "error 1:9 PEERDNS \"x\" NotABoolean DefaultUsed",
            ),
            (
                "HOSTNAM=x",
                "note 1:1 HOSTNAM UnknownKey(\"HOSTNAME\") LineIgnored",
            ),
        ] {
            let (defaults, said) = read_into(&mut Storage::default().config(), text);
            assert_eq!(said, [want], "{text}");
            assert!(
                defaults == Defaults::none() || text == "NETWORKING=no",
                "{text}"
            );
        }
        let (defaults, said) = read_into(
            &mut Storage::default().config(),
            "GATEWAY=none\nHOSTNAME=\nSTP=\nUSERCTL=no\n",
        );
        assert_eq!((defaults.gateway.addr, said.len()), (None, 0));
    }

    #[test]
    fn keys_of_ifcfg_files_are_defaults_of_all() {
        let mut tables = Storage::default();
        let mut config = tables.config();
        let text = "MTU=1400\nMETRIC=7\nIPV6_ROUTE_METRIC=9\nNOZEROCONF=no\nRES_OPTIONS='rotate timeout:1'\n\
                    IPV6FORWARDING=yes\nPEERDNS=no\nONBOOT=no\n";
        let (defaults, said) = read_into(&mut config, text);
        assert_eq!(said, [""; 0]);
        assert_eq!(LinkNumber::Mtu.of(&defaults.draft.link), Some(1400));
        assert_eq!(IpNumber::Metric.of(&defaults.draft.link.ipv6), Some(9));
        assert!(LinkFlag::Nozeroconf.is_no(&defaults.draft.link));
        let options = GlobalText::ResolvOptions.of(&config.global).unwrap();
        assert_eq!(config.text(options), b"rotate timeout:1");
    }

    #[test]
    fn every_row_is_found_and_documented() {
        for key in KEYS {
            let row = crate::source::ifcfg_keys::NAMES
                .find(key.name.as_bytes())
                .row();
            let field = crate::source::ifcfg_keys::field(row);
            let is_known = field.is_some() || is_seldom(key.name.as_bytes());
            assert!(is_known && !key.doc.is_empty(), "{}", key.name);
        }
    }
}
