//! `/etc/sysconfig/network`: what holds for the machine, and defaults of all `ifcfg` files.
//!
//! initscripts read this file before each `ifcfg` file, so any key may stand here as a default. Those
//! that are used in the wild do; of the others a note is made.

use super::Context;
use super::Key;
use super::assignments::{self, NOT_YET, Scratch, Value};
use super::complaint::{Complaint, What};
use super::ifcfg::{Defaults, split_at_octet};
use super::key_table::{
    LATER, MEANINGLESS, Names, ignored, pack_fields, pack_names, packed_len, read as key,
};
use crate::diag::Effect;
use crate::model::config::SourceKind;
use crate::model::link::IfName;
use crate::text::scalar;

/// What is done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `NETWORKING`.
    Networking,
    /// `HOSTNAME`.
    Hostname,
    /// `GATEWAY`.
    Gateway,
    /// `GATEWAYDEV`.
    GatewayDev,
    /// `IPV6INIT`.
    Init6,
    /// `IPV6_AUTOCONF`.
    Autoconf6,
    /// `IPV6_DEFAULTGW`.
    Gateway6,
    /// `IPV6_DEFAULTDEV`.
    GatewayDev6,
    /// Nothing reads it, and nobody is told.
    Silent,
    /// Nothing reads it yet.
    Later,
}

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static FIELDS: [Field; KEYS.len()] =
    pack_fields(KEYS, [Field::Silent, Field::Silent, Field::Later]);

/// The keys.
#[rustfmt::skip]
pub const KEYS: &[Key<Field>] = &[
    key("NETWORKING", Field::Networking, "no: `up` brings up only links that are named"),
    key("HOSTNAME", Field::Hostname, "host name, unless the command line has one"),
    key("GATEWAY", Field::Gateway, "IPv4 gateway of links without their own whose subnet holds it"),
    key("GATEWAYDEV", Field::GatewayDev, "the link that carries the IPv4 default route"),
    key("IPV6INIT", Field::Init6, "default of IPV6INIT"),
    key("IPV6_AUTOCONF", Field::Autoconf6, "default of IPV6_AUTOCONF"),
    key("IPV6_DEFAULTGW", Field::Gateway6, "IPv6 gateway of links without their own whose subnet holds it"),
    key("IPV6_DEFAULTDEV", Field::GatewayDev6, "the link that carries the IPv6 default route"),
    ignored("NETWORKING_IPV6", MEANINGLESS, "loaded the IPv6 module"),
    ignored("NISDOMAIN", MEANINGLESS, "NIS"),
    ignored("NETWORKDELAY", MEANINGLESS, "waited"),
    ignored("NETWORKWAIT", MEANINGLESS, "waited"),
    ignored("WAIT_UNTIL_REACHABLE", MEANINGLESS, "waited"),
    ignored("VLAN", MEANINGLESS, "loaded the VLAN module"),
    ignored("NOZEROCONF", MEANINGLESS, "yes is what is done"),
    ignored("IFDOWN_ON_SHUTDOWN", MEANINGLESS, "links are left alone at shutdown"),
    ignored("FORWARD_IPV4", MEANINGLESS, "obsolete"),
    ignored("PEERNTP", MEANINGLESS, "NTP servers of DHCP"),
    ignored("IPV6_CONTROL_RADVD", MEANINGLESS, "radvd"),
    ignored("IPV6_RADVD_PIDFILE", MEANINGLESS, "radvd"),
    ignored("IPV6_RADVD_TRIGGER_ACTION", MEANINGLESS, "radvd"),
    ignored("NM_CONTROLLED", MEANINGLESS, "who else may configure links"),
    ignored("IPV6FORWARDING", LATER, "forwarding"),
    ignored("IPV6_ROUTER", LATER, "forwarding"),
    ignored("IPV6_AUTOTUNNEL", LATER, "sit0"),
    ignored("IPV6TO4INIT", LATER, "6to4"),
    ignored("RES_OPTIONS", LATER, "options of resolv.conf"),
];

const NO_BOOLEAN: Complaint = Complaint::error(What::NotABoolean, Effect::DefaultUsed);
const NO_HOSTNAME: Complaint = Complaint::error(What::NotAHostname, Effect::KeyUnset);
const NO_NAME: Complaint = Complaint::error(What::NotALinkName, Effect::KeyUnset);
const NOT_IPV4: Complaint = Complaint::error(What::NotIpv4, Effect::KeyUnset);
const NOT_IPV6: Complaint = Complaint::error(What::NotIpv6, Effect::KeyUnset);
const FULL: Complaint = Complaint::error(What::MaxStrings, Effect::KeyUnset);
const ONLY_NAMED: Complaint = Complaint::warning(What::OnlyNamed, Effect::None);

/// Reads the file: the host name and `GATEWAYDEV` go to the configuration, the rest to `defaults`.
pub fn read(
    text: &[u8],
    defaults: &mut Defaults,
    scratch: &mut Scratch<'_>,
    cx: &mut Context<'_, '_>,
) {
    let file = assignments::scan(text, NAMES, scratch, cx);
    for value in file.iter() {
        let Some(field) = value.row().and_then(|row| FIELDS.get(row)) else {
            value.unknown(NAMES, cx);
            continue;
        };
        if !value.octets().is_empty()
            && let Err(complaint) = set(*field, value, defaults, cx)
        {
            value.complain(complaint, cx);
        }
    }
    // a zone of IPV6_DEFAULTGW beats IPV6_DEFAULTDEV wherever it stands
    let zone = file.get(b"IPV6_DEFAULTGW");
    let zone = zone.and_then(|value| split_at_octet(value.octets(), b'%').1);
    if let Some(zone) = zone {
        defaults.gateway6_dev = IfName::new(zone);
    }
}

/// Takes one value, or says what is wrong with it.
#[inline(never)]
fn set(
    field: Field,
    value: Value<'_>,
    defaults: &mut Defaults,
    cx: &mut Context<'_, '_>,
) -> Result<(), Complaint> {
    let word = value.octets();
    let (flag, device) = match field {
        Field::Later if value.asks() => return Err(NOT_YET),
        Field::Silent | Field::Later => (None, None),
        Field::Networking => (Some(&mut defaults.networking), None),
        Field::Init6 => (Some(&mut defaults.init6), None),
        Field::Autoconf6 => (Some(&mut defaults.autoconf6), None),
        Field::GatewayDev => (None, Some(&mut cx.config.global.gateway_dev)),
        Field::GatewayDev6 => (None, Some(&mut defaults.gateway6_dev)),
        Field::Hostname => return hostname(word, cx),
        Field::Gateway => {
            let addr = scalar::ipv4(word).ok_or(NOT_IPV4)?;
            let origin = cx.origin(value.place());
            defaults.gateway = (!addr.is_unspecified()).then_some((addr, origin));
            (None, None)
        }
        Field::Gateway6 => {
            let addr = scalar::ipv6(split_at_octet(word, b'%').0).ok_or(NOT_IPV6)?;
            defaults.gateway6 = Some((addr, cx.origin(value.place())));
            (None, None)
        }
    };
    if let Some(device) = device {
        *device = Some(IfName::new(word).ok_or(NO_NAME)?);
    }
    if let Some(flag) = flag {
        *flag = Some(scalar::boolean(word).ok_or(NO_BOOLEAN)?);
    }
    match field == Field::Networking && defaults.networking == Some(false) {
        true => Err(ONLY_NAMED),
        false => Ok(()),
    }
}

/// Sets the host name, unless the command line did.
fn hostname(word: &[u8], cx: &mut Context<'_, '_>) -> Result<(), Complaint> {
    if !scalar::is_hostname(word) {
        return Err(NO_HOSTNAME);
    }
    let global = &cx.config.global;
    if global.hostname.is_none() || global.hostname_source != SourceKind::Cmdline {
        cx.config.global.hostname = Some(cx.config.keep(word).ok_or(FULL)?);
        cx.config.global.hostname_source = SourceKind::Ifcfg;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg_testing::{Collector, ScratchTables, Tables, context};
    use super::*;
    use crate::model::config::Config;
    use std::string::String;
    use std::vec::Vec;

    fn read_into(config: &mut Config<'_>, text: &str) -> (Defaults, Vec<String>) {
        let (mut sink, mut scratch) = (Collector::default(), ScratchTables::empty());
        let mut cx = context(config, &mut sink, b"network");
        let mut defaults = Defaults::NONE;
        read(
            text.as_bytes(),
            &mut defaults,
            &mut scratch.scratch(),
            &mut cx,
        );
        (defaults, sink.lines())
    }

    fn name(name: &str) -> Option<IfName> {
        IfName::new(name.as_bytes())
    }

    #[test]
    fn what_holds_for_the_machine_is_read() {
        let mut tables = Tables::empty();
        let mut config = tables.config();
        let (defaults, said) = read_into(
            &mut config,
            "NETWORKING=yes\nNETWORKING_IPV6=no\nHOSTNAME=host.example\nGATEWAY=192.0.2.254\n\
             GATEWAYDEV=eth1\nIPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6_DEFAULTDEV=eth2\n\
             IPV6_DEFAULTGW=fe80::1%eth0\nNOZEROCONF=yes\nVLAN=yes\n",
        );
        assert_eq!(said, [""; 0]);
        assert_eq!(defaults.networking, Some(true));
        assert_eq!(
            (defaults.init6, defaults.autoconf6),
            (Some(true), Some(false))
        );
        let (gateway, origin) = defaults.gateway.unwrap();
        assert_eq!(
            gateway,
            "192.0.2.254".parse::<core::net::Ipv4Addr>().unwrap()
        );
        assert_eq!((origin.line, origin.column), (4, 9));
        let (gateway6, origin) = defaults.gateway6.unwrap();
        assert_eq!(gateway6, "fe80::1".parse::<core::net::Ipv6Addr>().unwrap());
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
        let mut tables = Tables::empty();
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
                "warning 1:12 NETWORKING \"no\" Says(\"means that only links which are named are brought up\") None",
            ),
            (
                "NETWORKING=x",
                "error 1:12 NETWORKING \"x\" NotABoolean DefaultUsed",
            ),
            (
                "HOSTNAME=a_b",
                "error 1:10 HOSTNAME \"a_b\" NotAHostname KeyUnset",
            ),
            (
                "GATEWAY=none",
                "error 1:9 GATEWAY \"none\" NotIpv4 KeyUnset",
            ),
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
                "IPV6FORWARDING=yes",
                "warning 1:16 IPV6FORWARDING \"yes\" NotAvailable(\"is not supported yet\") LineIgnored",
            ),
            (
                "IPADDR=192.0.2.1",
                "note 1:1 IPADDR UnknownKey(\"\") LineIgnored",
            ),
            (
                "HOSTNAM=x",
                "note 1:1 HOSTNAM UnknownKey(\"HOSTNAME\") LineIgnored",
            ),
        ] {
            let (defaults, said) = read_into(&mut Tables::empty().config(), text);
            assert_eq!(said, [want], "{text}");
            assert!(
                defaults == Defaults::NONE || text == "NETWORKING=no",
                "{text}"
            );
        }
        let (defaults, said) = read_into(
            &mut Tables::empty().config(),
            "GATEWAY=0.0.0.0\nHOSTNAME=\n",
        );
        assert_eq!((defaults, said.len()), (Defaults::NONE, 0));
    }

    #[test]
    fn every_row_is_found_and_documented() {
        for (n, key) in KEYS.iter().enumerate() {
            let row = NAMES.find(key.name.as_bytes()).unwrap().row;
            assert_eq!(usize::from(row), n);
            assert!(!key.doc.is_empty());
        }
    }
}
