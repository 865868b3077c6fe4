//! What a configured link says of itself by DHCPv6, and what it asks for.

use crate::model::advert::MANAGED;
use crate::model::config::{Config, IpFlag, IpNumber, IpText, LinkConfig, LinkId, LinkText};
use crate::model::duid::{Duid, iaid};
use crate::model::observed::Link;
use crate::proto::dhcpv6::Settings;
use crate::wire::dhcpv6::Request;

/// The DUID of a link; `None` where nothing says one and the link has no address, and DHCPv6 cannot be spoken.
#[inline(never)]
pub(super) fn duid<'c>(config: &'c Config<'_>, id: LinkId, link: &'c Link) -> Option<Duid<'c>> {
    let said = config.link(id).and_then(|link| IpText::Duid.of(&link.ipv6));
    match said {
        Some(octets) => Duid::new(config.text(octets)),
        None => Duid::of_link(link.arphrd, &link.mac),
    }
}

/// What its client is to ask for; `flags` are those of routers. Where there are addresses to be had, there may be a
/// prefix.
pub(super) fn settings(config: &LinkConfig, link: &Link, flags: u8) -> Settings {
    let said = IpNumber::Iaid.of(&config.ipv6);
    let addrs = flags & MANAGED != 0;
    Settings {
        iaid: said.map_or(iaid(&link.mac), u32::to_be_bytes),
        addrs,
        prefixes: addrs && IpText::Prefix.of(&config.ipv6).is_some(),
    }
}

/// Fills in what is described; the client's own is filled in after it
/// ([`Client::fill`](crate::proto::dhcpv6::Client::fill)).
#[inline(never)]
pub(super) fn describe<'c>(config: &'c Config<'_>, id: LinkId, request: &mut Request<'c>) {
    let Some(link) = config.link(id) else {
        return;
    };
    if !IpFlag::SendHostname.is_no(&link.ipv6) {
        let name = IpText::Hostname.of(&link.ipv6).or(config.global.hostname);
        request.fqdn = config.text_or_none(&name);
    }
    request.prefixes = IpText::Prefix
        .of(&link.ipv6)
        .map(|prefix| config.text(prefix));
    request.vendor_class = config.text_or_none(&LinkText::VendorClass.of(link));
    request.user_class = config.text_or_none(&LinkText::UserClass.of(link));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::model::advert::OTHER;
    use crate::model::config::{IpConfig, Method, SourceKind};
    use crate::model::link::Mac;
    use crate::source::testing::Storage;
    use crate::testing;
    use crate::wire::dhcpv6::SOLICIT;
    use core::net::Ipv6Addr;
    use std::vec::Vec;

    const ID: LinkId = LinkId::new(0);
    const OTHERS: Duid<'_> = Duid {
        head: [0; 4],
        id: &[0],
    };
    const HINT: [u8; 25] = {
        let mut hint = [0; 25];
        hint[8] = 56;
        hint
    };

    /// What is made of a description of link 7, whose MAC is 02:00:00:00:00:09: its DUID, its settings, and what goes
    /// into a message.
    fn described(
        link: &Link,
        describe: impl FnOnce(&mut LinkConfig, &mut Config<'_>),
        check: impl FnOnce(Option<Duid<'_>>, Settings, &Request<'_>),
    ) {
        let mut storage = Storage::default();
        let mut config = storage.config();
        let mut described = LinkConfig::new(SourceKind::Ifcfg, Origin::NONE);
        described.ipv6 = IpConfig::new(Method::Dhcp, Origin::NONE);
        describe(&mut described, &mut config);
        config.add_link(&described).unwrap();
        let duid = duid(&config, ID, link);
        let mut request = Request::new(
            SOLICIT,
            Ipv6Addr::UNSPECIFIED,
            duid.as_ref().unwrap_or(&OTHERS),
        );
        super::describe(&config, ID, &mut request);
        check(duid, settings(&described, link, MANAGED), &request);
        let other = settings(&described, link, OTHER);
        assert!(!other.addrs && !other.prefixes);
    }

    fn link(mac: Mac) -> Link {
        let mut link = testing::link(7, "eth0", 0);
        (link.mac, link.arphrd) = (mac, 1);
        link
    }

    fn octets(duid: Option<Duid<'_>>) -> Option<Vec<u8>> {
        duid.map(|duid| [&duid.head, duid.id].concat())
    }

    #[test]
    fn a_link_is_its_mac() {
        let eth0 = link(testing::mac(9));
        described(
            &eth0,
            |_, config| config.global.hostname = config.keep(b"vm"),
            |duid, settings, request| {
                let mac = [0, 3, 0, 1, 2, 0, 0, 0, 0, 9];
                assert_eq!(octets(duid).unwrap(), mac);
                let expected = Settings {
                    iaid: [0, 0, 0, 9],
                    addrs: true,
                    prefixes: false,
                };
                assert_eq!(settings, expected);
                assert_eq!((request.fqdn, request.prefixes), (&b"vm"[..], None));
            },
        );
        described(
            &link(Mac::NONE),
            |_, _| {},
            |duid, _, _| {
                assert_eq!(octets(duid), None);
            },
        );
    }

    #[test]
    fn what_is_described_beats_it() {
        let describe = |link: &mut LinkConfig, config: &mut Config<'_>| {
            let ip = &mut link.ipv6;
            IpText::Duid.set(ip, config.keep(&[0, 4, 7, 8, 9]));
            IpNumber::Iaid.set(ip, Some(0x0102));
            IpText::Prefix.set(ip, config.keep(&HINT));
            IpText::Hostname.set(ip, config.keep(b"box.example"));
            LinkText::VendorClass.set(link, config.keep(b"vendor"));
            LinkText::UserClass.set(link, config.keep(b"user"));
            config.global.hostname = config.keep(b"vm");
        };
        for mac in [testing::mac(9), Mac::NONE] {
            described(&link(mac), describe, |duid, settings, request| {
                assert_eq!(octets(duid).unwrap(), [0, 4, 7, 8, 9]);
                let expected = Settings {
                    iaid: [0, 0, 1, 2],
                    addrs: true,
                    prefixes: true,
                };
                assert_eq!(settings, expected);
                assert_eq!(request.prefixes, Some(&HINT[..]));
                assert_eq!(request.fqdn, b"box.example");
                assert_eq!(request.vendor_class, b"vendor");
                assert_eq!(request.user_class, b"user");
            });
        }
        let nameless = |link: &mut LinkConfig, config: &mut Config<'_>| {
            describe(link, config);
            IpFlag::SendHostname.set(&mut link.ipv6, Some(false));
        };
        described(&link(testing::mac(9)), nameless, |_, _, request| {
            assert_eq!(request.fqdn, b"");
        });
    }
}
