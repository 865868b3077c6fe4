//! What words that say nothing of addresses come to once every source has been read: `bootdev=`, `BOOTIF=`,
//! `netroot=`, `rd.neednet`, and those of DHCP.

use super::Context;
use super::arg::{find_link, set_kind};
use crate::diag::{Complaint, Effect, Origin, Problem, Subject};
use crate::model::config::{
    AddrConfig, BootWord, Config, GlobalFlag, GlobalText, IpConfig, IpFlag, LinkConfig, LinkId,
    LinkMatch, LinkText, Method, Role, SourceKind,
};

/// Finds or makes the boot link, sets [`Global::bootdev`], and asks for DHCPv4 everywhere where the
/// network is needed and nothing says how.
///
/// [`Global::bootdev`]: crate::model::config::Global::bootdev
#[inline(never)]
pub fn settle(cx: &mut Context<'_, '_>) {
    join_pieces(cx);
    let first = first_of_several(cx.config);
    let device = boot_link(cx, BootWord::Device);
    let mut chosen = boot_link(cx, BootWord::Bootdev);
    if !GlobalFlag::Bootif.is_no(&cx.config.global) {
        chosen = chosen.or(boot_link(cx, BootWord::Bootif));
    }
    chosen = chosen.or(device).or(first);
    let netroot = cx.config.global.boot_words.netroot;
    let needs_link = netroot || GlobalFlag::Neednet.is_yes(&cx.config.global);
    if needs_link && !cx.config.links.iter().any(|link| link.onboot) {
        let mut any = new_link(Origin::NONE);
        any.ipv4.method = Method::Dhcp;
        any.ipv4.required = true;
        add_link(cx, &any);
    }
    let global = &mut cx.config.global;
    global.bootdev = chosen;
    global.neednet = needs_link;
    global.probe_gateway |= netroot;
    for n in 0..cx.config.links.len() {
        let id = LinkId::new(n as u16);
        let config = &mut *cx.config;
        let Some(link) = config.links.get_mut(n) else {
            continue;
        };
        let global = &config.global;
        if GlobalFlag::PeerDns.is_no(global) {
            IpFlag::PeerDns.set(&mut link.ipv4, Some(false));
            IpFlag::PeerDns.set(&mut link.ipv6, Some(false));
        }
        if matches!(link.matches, LinkMatch::Bootif(_)) {
            link.required = chosen == Some(id);
        }
        if link.source != SourceKind::Cmdline {
            continue;
        }
        LinkText::VendorClass.set(link, GlobalText::VendorClass.of(global));
        if link.master.is_some() {
            let origin = link.ipv4.origin;
            if drop_addresses(id, link, config.addrs) {
                DROPPED.report(cx.sink, cx.config, origin, Subject::Ip);
            }
        } else if link.role == Role::Named {
            link.ipv4.method = Method::Auto;
            link.ipv6.method = Method::Auto;
        }
    }
}

/// The first link that `ip=` names, if it describes several. Ports are none of them.
fn first_of_several(config: &Config<'_>) -> Option<LinkId> {
    let (mut first, mut count) = (None, 0_u32);
    for (id, link) in config.links_with_ids() {
        if link.source == SourceKind::Cmdline
            && link.role == Role::Addressed
            && link.master.is_none()
        {
            count = count.wrapping_add(1);
            if first.is_none() && !matches!(link.matches, LinkMatch::Any) {
                first = Some(id);
            }
        }
    }
    first.filter(|_| count > 1)
}

const DROPPED: Complaint = Complaint::warning(Problem::PortAddr, Effect::PartIgnored);

/// A port has no addresses of its own, whatever `ip=` says; whether that says something.
fn drop_addresses(id: LinkId, link: &mut LinkConfig, addrs: &mut [AddrConfig]) -> bool {
    // `none` asks for nothing that a port has not
    let asks = link.role == Role::Addressed
        && [link.ipv4.method, link.ipv6.method] != [Method::Disabled; 2];
    link.role = Role::Port;
    disable(&mut link.ipv4);
    disable(&mut link.ipv6);
    for addr in addrs {
        if addr.link == id {
            addr.link = LinkId::NONE;
        }
    }
    asks
}

fn disable(ip: &mut IpConfig) {
    (ip.method, ip.required, ip.gateway) = (Method::Disabled, false, None);
}

/// Makes one word of an address that stands alone in `ip=` and of what other words say of it; none where no
/// word says its netmask.
fn join_pieces(cx: &mut Context<'_, '_>) {
    const ALONE: Complaint = Complaint::error(Problem::MeantAddress, Effect::WordIgnored);
    const UNUSED: Complaint = Complaint::note(Problem::NeedsOther, Effect::WordIgnored);
    let words = &cx.config.global.boot_words;
    let origin = words.pieces_origin;
    if origin == Origin::NONE {
        return;
    }
    let [client, _, _, netmask, ..] = words.pieces.fields;
    let complaint = match (client, netmask) {
        (None, _) => UNUSED,
        (Some(_), None) => ALONE,
        (Some(_), Some(_)) => {
            let pieces = words.pieces;
            cx.at.line.number = origin.line;
            return pieces.join(SourceKind::Cmdline, cx);
        }
    };
    let subject = Subject::Ip;
    let token = cx.config.text_or_none(&client);
    complaint.report_token(cx.sink, cx.config, origin, subject, token);
}

/// The link a word about the boot link means. One that nothing else names is described by `ip=` without
/// a link, or as `ip=on`. Static addresses can be on one link only, so they go to this one.
#[inline(never)]
fn boot_link(cx: &mut Context<'_, '_>, word: BootWord) -> Option<LinkId> {
    let config = &mut *cx.config;
    let (matches, origin) = config.global.boot_words.link(word)?;
    let mut named = None;
    for (id, link) in config.links_with_ids() {
        let is_better = named.is_none() || link.source == SourceKind::Cmdline;
        if is_better && is_same(config, matches, link) {
            named = Some(id);
        }
    }
    if named.is_some() {
        return named;
    }
    let id = match find_link(config, SourceKind::Cmdline, &LinkMatch::Any) {
        Some(any) => {
            let is_fixed = config.addrs.iter().any(|addr| addr.link == any);
            let is_meant = match word {
                BootWord::Device => true,
                BootWord::Bootdev => false,
                BootWord::Bootif => config.global.boot_words.is_bootif,
            };
            let link = config.link_mut(any)?;
            if is_fixed || is_meant {
                any
            } else {
                let copy = *link;
                link.required = false;
                add_link(cx, &copy)?
            }
        }
        None => {
            let mut link = new_link(*origin);
            link.ipv4.method = Method::Auto;
            link.ipv6.method = Method::Auto;
            add_link(cx, &link)?
        }
    };
    let config = &mut *cx.config;
    let matches = config.global.boot_words.link(word)?.0;
    let link = config.link_mut(id)?;
    link.matches = matches;
    if let LinkMatch::Name(name) = &link.matches {
        link.name = Some(*name);
    }
    set_kind(link);
    Some(id)
}

/// Whether `link` is the one a word about the boot link means: by name, by MAC, or by MAC rule.
fn is_same(config: &Config<'_>, word: &LinkMatch, link: &LinkConfig) -> bool {
    let Some(mac) = word.mac() else {
        return matches!(word, LinkMatch::Name(name) if name.is(&link.name));
    };
    let mut rules = config.name_rules.iter();
    link.matches.mac() == Some(mac) || rules.any(|rule| rule.mac == *mac && rule.gives(&link.name))
}

/// Any link, with nothing asked of it but to be up.
fn new_link(origin: Origin) -> LinkConfig {
    LinkConfig::new(SourceKind::Cmdline, origin)
}

/// Adds a link, or says that there is no room.
#[inline(always)]
fn add_link(cx: &mut Context<'_, '_>, link: &LinkConfig) -> Option<LinkId> {
    let added = cx.config.add_link(link);
    if added.is_none() {
        FULL.report(cx.sink, cx.config, link.origin, Subject::Bootdev);
    }
    added
}

const FULL: Complaint = Complaint::error(Problem::MaxLinks, Effect::WordIgnored);

#[cfg(test)]
mod tests {
    use crate::diag::Origin;
    use crate::model::config::{IpConfig, IpFlag, LinkConfig, LinkMatch, Method, SourceKind};
    use crate::model::link::IfName;
    use crate::source::cmdline;
    use crate::source::testing::{Storage, shown};

    use std::vec::Vec;

    const MAC: &str = "52:54:00:12:34:56";

    /// One row: a command line, the links it comes to, and the number of the boot link.
    fn check(rows: &[(&str, &[&str], Option<u16>)]) {
        for (line, links, bootdev) in rows {
            let mut storage = Storage::default();
            let heard = storage.read("cmdline", line, |cx| {
                cmdline::read(cx);
                cmdline::finish(cx);
            });
            let config = storage.config();
            assert_eq!(shown(&config), *links, "{line}");
            assert!(heard.0.is_empty(), "{line}: {:?}", heard.lines());
            assert_eq!(
                config.global.bootdev.map(|id| id.number()),
                *bootdev,
                "{line}"
            );
        }
    }

    #[test]
    fn the_first_of_several_is_the_boot_link() {
        let (eth0, eth1) = ("eth0 4=dhcp! 6=ignore", "eth1 4=dhcp! 6=ignore");
        let any = "any 4=dhcp! 6=ignore";
        check(&[
            ("ip=eth0:dhcp", &[eth0], None),
            ("ip=eth0:dhcp ip=eth1:dhcp", &[eth0, eth1], Some(0)),
            ("ip=dhcp ip=eth1:dhcp", &[any, eth1], Some(1)),
            (
                "ip=eth0:dhcp ip=eth1:dhcp bootdev=eth1",
                &[eth0, eth1],
                Some(1),
            ),
            (
                "bootdev=eth0 ip=eth0:dhcp ip=eth1:dhcp bootdev=eth1",
                &[eth0, eth1],
                Some(1),
            ),
        ]);
    }

    #[test]
    fn a_boot_link_nothing_else_names_is_configured() {
        check(&[
            ("bootdev=eth0", &["eth0 4=auto 6=auto"], Some(0)),
            (
                "bootdev=52-54-00-12-34-56",
                &["52:54:00:12:34:56 4=auto 6=auto"],
                Some(0),
            ),
            (
                "bootdev=eth0 bootdev=eth1",
                &["eth1 4=auto 6=auto"],
                Some(0),
            ),
            (
                "ip=dhcp bootdev=eth0",
                &["any* 4=dhcp! 6=ignore", "eth0 4=dhcp! 6=ignore"],
                Some(1),
            ),
            (
                "bootdev=eth0 ip=192.0.2.5::192.0.2.1:24:::",
                &["eth0 4=static! 6=ignore 192.0.2.5/24 via 192.0.2.1"],
                Some(0),
            ),
            ("bootdev", &[], None),
        ]);
    }

    #[test]
    fn bootif_is_the_boot_link_unless_bootdev_names_another() {
        let bootif = "bootif:52:54:00:12:34:56 4=auto 6=auto";
        check(&[
            ("BOOTIF=01-52-54-00-12-34-56", &[bootif], Some(0)),
            ("BOOTIF=00-52-54-00-12-34-56", &[bootif], Some(0)),
            ("BOOTIF=20-52-54-00-12-34-56", &[bootif], Some(0)),
            ("BOOTIF=52:54:00:12:34:56", &[bootif], Some(0)),
            ("bootif=52-54-00-12-34-56", &[bootif], Some(0)),
            (
                "BOOTIF=01-52-54-00-12-34-57 BootIf=01:52:54:00:12:34:56",
                &[bootif],
                Some(0),
            ),
            (
                "BOOTIF=01-52-54-00-12-34-56 rd.bootif=1",
                &[bootif],
                Some(0),
            ),
            ("rd.bootif=0 BOOTIF=01-52-54-00-12-34-56", &[], None),
            (
                "ip=eth0:dhcp BOOTIF=01-52-54-00-12-34-56",
                &["eth0 4=dhcp! 6=ignore", bootif],
                Some(1),
            ),
            (
                "ip=eth0:dhcp BOOTIF=01-52-54-00-12-34-56 bootdev=eth0",
                &[
                    "eth0 4=dhcp! 6=ignore",
                    "bootif:52:54:00:12:34:56* 4=auto 6=auto",
                ],
                Some(0),
            ),
            (
                "ip=single-dhcp BOOTIF=01-52-54-00-12-34-56",
                &[
                    "any* 4=dhcp! 6=ignore first",
                    "bootif:52:54:00:12:34:56 4=dhcp! 6=ignore first",
                ],
                Some(1),
            ),
            (
                "ip=192.0.2.5:::24::: BOOTIF=01-52-54-00-12-34-56",
                &["bootif:52:54:00:12:34:56 4=static! 6=ignore 192.0.2.5/24"],
                Some(0),
            ),
            ("BOOTIF=01-52-54-00-12-34-56 rd.neednet", &[bootif], Some(0)),
        ]);
    }

    #[test]
    fn bootif_may_be_a_link_that_is_named_otherwise() {
        check(&[
            (
                "ip=52-54-00-12-34-56:dhcp BOOTIF=01-52-54-00-12-34-56",
                &["52:54:00:12:34:56 4=dhcp! 6=ignore"],
                Some(0),
            ),
            (
                "ip=lan:dhcp ip=wan:dhcp ifname=wan:52:54:00:12:34:56 BOOTIF=01-52-54-00-12-34-56",
                &["lan 4=dhcp! 6=ignore", "wan 4=dhcp! 6=ignore"],
                Some(1),
            ),
        ]);
    }

    #[test]
    fn the_link_of_ip_may_be_that_of_bootif() {
        check(&[
            ("ip=:::::BOOTIF:dhcp", &["any 4=dhcp! 6=ignore"], None),
            (
                "BOOTIF=01-52-54-00-12-34-56 ip=:::::BOOTIF:dhcp",
                &["bootif:52:54:00:12:34:56 4=dhcp! 6=ignore"],
                Some(0),
            ),
            (
                "ip=BOOTIF:dhcp ip=eth1:none BOOTIF=01-52-54-00-12-34-56",
                &[
                    "bootif:52:54:00:12:34:56 4=dhcp! 6=ignore",
                    "eth1 4=disabled 6=disabled",
                ],
                Some(0),
            ),
        ]);
    }

    #[test]
    fn a_needed_network_nothing_describes_is_dhcp_everywhere() {
        let any = "any 4=dhcp! 6=ignore";
        for (line, links, neednet, probes) in [
            ("rd.neednet", &[any][..], true, false),
            ("rd.neednet=1", &[any], true, false),
            ("rd.neednet=1 rd.neednet=0", &[], false, false),
            ("root=dhcp", &[any], true, true),
            ("root=dhcp6", &[any], true, true),
            (
                "netroot=iscsi:192.0.2.1::::iqn rd.neednet=0",
                &[any],
                true,
                true,
            ),
            (
                "netroot=dhcp ip=eth0:none",
                &["eth0 4=disabled 6=disabled"],
                true,
                true,
            ),
            ("netroot= root=UUID=dhcp root=/dev/sda1", &[], false, false),
            ("nameserver=192.0.2.1", &[], false, false),
        ] {
            let mut storage = Storage::default();
            storage.read("cmdline", line, |cx| {
                cmdline::read(cx);
                cmdline::finish(cx);
            });
            let config = storage.config();
            assert_eq!(shown(&config), links, "{line}");
            assert_eq!(config.global.neednet, neednet, "{line}");
            assert_eq!(config.global.probe_gateway, probes, "{line}");
        }
    }

    #[test]
    fn links_of_files_count_as_well() {
        let mut storage = Storage::default();
        let name = IfName::new(b"eth0").unwrap();
        let link = LinkConfig::matching(LinkMatch::Name(name), SourceKind::Ifcfg, Origin::NONE);
        let line = "rd.neednet bootdev=eth0 rd.peerdns=0";
        storage.read("cmdline", line, |cx| {
            cx.config.add_link(&link).unwrap();
            cmdline::read(cx);
            cmdline::finish(cx);
        });
        let config = storage.config();
        assert_eq!(shown(&config), ["eth0 4=disabled 6=ignore"]);
        assert_eq!(config.global.bootdev.map(|id| id.number()), Some(0));
        let mut no_dns = IpConfig::new(Method::Disabled, Origin::NONE);
        IpFlag::PeerDns.set(&mut no_dns, Some(false));
        assert_eq!(config.links[0].ipv4, no_dns);
    }

    #[test]
    fn a_full_table_is_reported() {
        let mut storage = Storage::default();
        let all: Vec<_> = (0..16).map(|n| std::format!("ip=eth{n}:dhcp")).collect();
        storage.read("cmdline", all.join(" "), cmdline::read);
        let line = std::format!("quiet BOOTIF={MAC}");
        let heard = storage.read("cmdline", line, |cx| {
            cmdline::read(cx);
            cmdline::finish(cx);
        });
        assert_eq!(heard.lines(), ["error 1:14 bootdev= MaxLinks WordIgnored"]);
        assert_eq!(
            storage.config().global.bootdev.map(|id| id.number()),
            Some(0)
        );
    }
}
