//! The kernel command line: dracut.cmdline(7), and what NetworkManager's initrd generator, the kernel
//! and klibc add to it.
//!
//! One row per option below. Words that are in no row belong to somebody else.

use super::arg::{Arg, Done, Reported};
use super::{Context, Handling, Key, Place, boot_link, ip_arg, route_arg};
use crate::diag::{Effect, Problem, Severity};
use crate::model::config::{LinkMatch, NameRule, Server, SourceKind};
use crate::model::link::IfName;
use crate::text::cmdline::{Word, words};
use crate::text::scalar;

/// Reads one word.
pub type Handler = fn(&mut Arg<'_, '_, '_>) -> Done;

/// Every option. Keys match exactly, `BOOTIF` in any case.
pub static KEYS: &[Key<Handler>] = &[
    word("ip", ip_arg::read, "addresses and methods of a link"),
    word("ifname", ifname, "NAME:MAC: rename the link with this MAC"),
    word(
        "nameserver",
        nameserver,
        "a name server, before those of links",
    ),
    word(
        "rd.route",
        route_arg::read,
        "NET/LEN:GATEWAY[:LINK]: a static route",
    ),
    word(
        "rd.peerdns",
        peerdns,
        "whether name servers of DHCP and RA are used",
    ),
    word("bootdev", bootdev, "the link whose lease provides root"),
    word("BOOTIF", bootif, "MAC of the link the boot loader used"),
    word("rd.bootif", use_bootif, "whether BOOTIF= counts"),
    word(
        "rd.neednet",
        neednet,
        "whether the network is required even if no link is named",
    ),
    word("netroot", netroot, "root comes over the network"),
    word("root", root, "dhcp, dhcp6: root comes over the network"),
    word(
        "rd.net.timeout.dhcp",
        |arg| arg.seconds(1, |t| &mut t.dhcp),
        "seconds DHCP may take",
    ),
    word(
        "rd.net.dhcp.retry",
        |arg| arg.seconds(1, |t| &mut t.dhcp_retry),
        "factor of rd.net.timeout.dhcp",
    ),
    word(
        "rd.net.timeout.iflink",
        |arg| arg.seconds(1, |t| &mut t.device),
        "seconds a named link may take to appear",
    ),
    word(
        "rd.net.timeout.ifup",
        |arg| arg.seconds(1, |t| &mut t.carrier),
        "as rd.net.timeout.carrier",
    ),
    word(
        "rd.net.timeout.carrier",
        |arg| arg.seconds(1, |t| &mut t.carrier),
        "seconds until a link that is up has carrier",
    ),
    word(
        "rd.net.timeout.route",
        route_timeout,
        "seconds until the gateway must answer",
    ),
    word(
        "rd.net.timeout.ipv6dad",
        |arg| arg.seconds(1, |t| &mut t.dad),
        "seconds duplicate address detection may take",
    ),
    word(
        "rd.net.timeout.ipv6auto",
        |arg| arg.seconds(1, |t| &mut t.ipv6_auto),
        "seconds router discovery may take",
    ),
    word(
        "rd.net.timeout.ip-required",
        |arg| arg.seconds(0, |t| &mut t.ip_required),
        "seconds DHCPv4 may take once IPv6 is up, where one is enough",
    ),
    later("vlan", NO_VIRTUAL, "NAME:PARENT: a VLAN"),
    later("bond", NO_VIRTUAL, "NAME:PORTS:OPTIONS: a bond"),
    later("bridge", NO_VIRTUAL, "NAME:PORTS: a bridge"),
    later("team", NO_VIRTUAL, "NAME:PORTS: a bond"),
    later(
        "ib.pkey",
        NO_VIRTUAL,
        "PARENT.PKEY: an InfiniBand partition",
    ),
    later("rd.ethtool", NOT_YET, "LINK:AUTONEG:SPEED"),
    later("rd.znet", NO_S390, "s390 network devices"),
    later("rd.znet_ifname", NO_S390, "names of s390 network devices"),
    later(
        "rd.net.dhcp.client-id",
        NOT_YET,
        "LINK:ID: the client identifier of DHCP",
    ),
    later(
        "rd.net.dhcp.vendor-class",
        NOT_YET,
        "the vendor class of DHCP",
    ),
    later("rd.net.dhcp.dscp", NOT_YET, "the traffic class of DHCP"),
    later("rd.net.dns", NOT_YET, "a global name server"),
    later(
        "rd.net.dns-backend",
        NO_RESOLVER,
        "which program resolves names",
    ),
    later(
        "rd.net.dns-resolve-mode",
        NO_RESOLVER,
        "when global name servers are asked",
    ),
    later(
        "rd.iscsi.ibft",
        NO_FIRMWARE,
        "read the iSCSI firmware table",
    ),
    later(
        "rd.nvmf.nonbft",
        NO_FIRMWARE,
        "do not read the NVMe firmware table",
    ),
];

const NO_VIRTUAL: &str = "asks for a virtual link, which is not available yet";
const NO_FIRMWARE: &str = "is about firmware, which is not read yet";
const NO_S390: &str = "is about s390 channel devices, which are not set up here";
const NO_RESOLVER: &str = "is about a resolver, and only resolv.conf is written";
const NOT_YET: &str = "is not available yet";

const fn word(name: &'static str, handler: Handler, doc: &'static str) -> Key<Handler> {
    row(name, Handling::Read(handler), doc)
}

const fn later(name: &'static str, why: &'static str, doc: &'static str) -> Key<Handler> {
    row(name, Handling::Ignored(why), doc)
}

#[cfg_attr(
    not(test),
    expect(unused_variables, reason = "the reference is checked by tests")
)]
const fn row(name: &'static str, handling: Handling<Handler>, doc: &'static str) -> Key<Handler> {
    Key {
        name,
        numbered: false,
        handling,
        #[cfg(test)]
        doc,
    }
}

/// Reads one command line. Several may be read one after the other; [`finish`] comes after all of them.
pub fn read(text: &[u8], cx: &mut Context<'_, '_>) {
    for word in words(text) {
        let value = word.value.unwrap_or_default();
        if word.key.contains(&0) || value.contains(&0) {
            report_nul(cx, word);
        }
        let known = KEYS.iter().find(|row| {
            let name = row.name.as_bytes();
            name == word.key || name == b"BOOTIF" && name.eq_ignore_ascii_case(word.key)
        });
        if let Some(row) = known {
            let name = row.name;
            let value = word.value.unwrap_or_default();
            read_word(
                row,
                &mut Arg {
                    cx,
                    word,
                    name,
                    value,
                },
            );
        }
    }
}

/// A NUL is an octet like any other, but hardly meant.
fn report_nul(cx: &mut Context<'_, '_>, word: Word<'_>) {
    let place = Place {
        line: word.line,
        column: word.column,
        text: word.text,
    };
    let (subject, problem) = ("command line", Problem::Nul);
    cx.complain(
        Severity::Warning,
        place,
        &subject,
        word.key,
        problem,
        Effect::None,
    );
}

/// Draws the conclusions that need every word, and every other source too: the boot link, and DHCP
/// everywhere where the network is needed and nothing says how.
pub fn finish(cx: &mut Context<'_, '_>) {
    boot_link::settle(cx);
}

fn read_word(row: &Key<Handler>, arg: &mut Arg<'_, '_, '_>) {
    let whole = arg.value;
    match row.handling {
        Handling::Read(handler) => {
            let _: Result<(), Reported> = handler(arg);
        }
        Handling::Ignored(why) => {
            let problem = Problem::Ignored(why);
            arg.report(Severity::Warning, whole, problem, Effect::WordIgnored);
        }
    }
}

/// `NAME:MAC`.
fn ifname(arg: &mut Arg<'_, '_, '_>) -> Done {
    let mut fields = arg.fields();
    let name = fields.one();
    let octets = fields.rest();
    let rule = match (IfName::new(name), scalar::mac(octets)) {
        (None, _) => return Err(arg.refuse(name, Problem::NotALinkName)),
        (_, None) => return Err(arg.refuse(octets, Problem::NotAMac)),
        (Some(name), Some(mac)) => NameRule {
            mac,
            name,
            source: SourceKind::Cmdline,
            origin: arg.origin(arg.value),
        },
    };
    let (mut is_known, mut is_news) = (false, false);
    for have in arg.cx.config.name_rules.iter_mut() {
        let (same_name, same_mac) = (have.name == rule.name, have.mac == rule.mac);
        if have.source == SourceKind::Cmdline && (same_name || same_mac) {
            is_known = true;
            is_news |= !(same_name && same_mac);
            *have = rule;
        }
    }
    if is_news {
        let problem = Problem::Duplicate;
        arg.report(Severity::Warning, arg.value, problem, Effect::LaterWins);
    }
    if !is_known && arg.cx.config.name_rules.push(rule).is_err() {
        return Err(arg.full("MAX_NAME_RULES"));
    }
    Ok(())
}

fn nameserver(arg: &mut Arg<'_, '_, '_>) -> Done {
    let value = arg.value;
    let addr = scalar::ip(value).ok_or_else(|| arg.refuse(value, Problem::NotAnAddress))?;
    arg.add_server(Server { addr, link: None });
    Ok(())
}

fn peerdns(arg: &mut Arg<'_, '_, '_>) -> Done {
    arg.cx.config.global.peer_dns = arg.boolean();
    Ok(())
}

fn bootdev(arg: &mut Arg<'_, '_, '_>) -> Done {
    let value = arg.value;
    let device = arg.device(value)?;
    if device.matches != LinkMatch::Any {
        arg.cx.config.global.boot_words.bootdev = Some((device.matches, arg.origin(value)));
    }
    Ok(())
}

/// `[TYPE-]MAC`: the hardware type of ARP (RFC 826), two digits, may stand before it.
fn bootif(arg: &mut Arg<'_, '_, '_>) -> Done {
    let value = arg.value;
    let without_type = value.get(3..).unwrap_or_default();
    let mac = scalar::mac(value).or(scalar::mac(without_type));
    let mac = mac.ok_or_else(|| arg.refuse(value, Problem::NotAMac))?;
    arg.cx.config.global.boot_words.bootif = Some((mac, arg.origin(value)));
    Ok(())
}

fn use_bootif(arg: &mut Arg<'_, '_, '_>) -> Done {
    arg.cx.config.global.boot_words.use_bootif = arg.boolean();
    Ok(())
}

fn neednet(arg: &mut Arg<'_, '_, '_>) -> Done {
    arg.cx.config.global.neednet = arg.boolean();
    Ok(())
}

fn netroot(arg: &mut Arg<'_, '_, '_>) -> Done {
    arg.cx.config.global.boot_words.netroot |= !arg.value.is_empty();
    Ok(())
}

fn root(arg: &mut Arg<'_, '_, '_>) -> Done {
    arg.cx.config.global.boot_words.netroot |= matches!(arg.value, b"dhcp" | b"dhcp6");
    Ok(())
}

fn route_timeout(arg: &mut Arg<'_, '_, '_>) -> Done {
    arg.seconds(0, |timeouts| &mut timeouts.route)?;
    arg.cx.config.global.probe_gateway = arg.cx.config.global.timeouts.route > 0;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::Timeouts;
    use crate::source::testing::{Heard, Storage, shown};
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn read_into(storage: &mut Storage, line: &str) -> Heard {
        storage.read("cmdline", |cx| {
            read(line.as_bytes(), cx);
            finish(cx);
        })
    }

    fn complaints(line: &str) -> Vec<String> {
        read_into(&mut Storage::default(), line).lines()
    }

    #[test]
    fn every_row_has_a_line_for_the_reference() {
        for (n, row) in KEYS.iter().enumerate() {
            assert!(!row.doc.is_empty() && !row.numbered, "{}", row.name);
            assert!(KEYS[..n].iter().all(|other| other.name != row.name));
        }
    }

    #[test]
    fn words_of_others_are_nobodys_business() {
        let line = "BOOT_IMAGE=(hd0,msdos2)/vmlinuz root=UUID=ff252b4a ro rhgb quiet = =foo nomsi, \
            IP=dhcp ip.=dhcp nameservers=x rd.ip rd.nonet -- ip=bogus";
        assert!(complaints(line).is_empty());
    }

    #[test]
    fn options_of_later_features_are_said_once_each() {
        for row in KEYS {
            if let Handling::Ignored(why) = row.handling {
                let found = complaints(&format!("quiet {}=x:y", row.name));
                let column = 8 + row.name.len();
                let name = row.name;
                let expected =
                    format!("warning 1:{column} {name}= \"x:y\" Ignored({why:?}) WordIgnored");
                assert_eq!(found, [expected]);
            }
        }
        assert_eq!(
            complaints("bond"),
            [format!(
                "warning 1:1 bond= \"\" Ignored({NO_VIRTUAL:?}) WordIgnored"
            )]
        );
    }

    #[test]
    fn places_are_those_of_the_text() {
        let heard = read_into(&mut Storage::default(), "quiet\n  ip=\"eth0:bogus\" ro\n");
        let complaint = &heard.0[0];
        assert_eq!((complaint.line, complaint.column), (2, 12));
        assert_eq!(complaint.text, b"  ip=\"eth0:bogus\" ro");
    }

    #[test]
    fn several_texts_are_one_configuration() {
        let mut storage = Storage::default();
        storage.read("cmdline", |cx| {
            read(b"ip=eth0:dhcp -- ip=eth9:dhcp", cx);
            read(b"ip=eth0:auto6 ip=eth1:dhcp", cx);
            finish(cx);
        });
        assert_eq!(
            shown(&storage.config()),
            ["eth0 4=dhcp! 6=auto!", "eth1 4=dhcp! 6=ignore"]
        );
    }

    #[test]
    fn a_nul_is_said() {
        assert_eq!(
            complaints("ip=eth0:dh\0cp x\0y"),
            [
                "warning 1:1 command line \"ip\" Nul None",
                "error 1:9 ip= \"dh\\0cp\" UnknownMethod(\"; one is dhcp, on, auto6, dhcp6, link6 or none\") WordIgnored",
                "warning 1:15 command line \"x\\0y\" Nul None",
            ]
        );
    }

    fn rules(line: &str) -> (Vec<String>, Vec<String>) {
        let mut storage = Storage::default();
        let heard = read_into(&mut storage, line);
        let config = storage.config();
        assert!(config.links.is_empty());
        let show = |rule: &NameRule| format!("{}={}", rule.name, rule.mac);
        (config.name_rules.iter().map(show).collect(), heard.lines())
    }

    #[test]
    fn ifname_is_a_rule_and_the_last_one_counts() {
        let ib = "80:00:02:08:fe:80:00:00:00:00:00:00:f4:52:14:03:00:7b:cb:a1";
        for (line, expected) in [
            ("ifname=eth0:52:54:00:12:34:56", "eth0=52:54:00:12:34:56"),
            ("ifname=net0:52-54-00-12-34-AB", "net0=52:54:00:12:34:ab"),
            (&format!("ifname=ib0:{ib}"), &format!("ib0={ib}")),
        ] {
            assert_eq!(rules(line), (std::vec![expected.to_string()], Vec::new()));
        }
        let (found, heard) = rules("ifname=a:52:54:00:12:34:01 ifname=a:52:54:00:12:34:02");
        assert_eq!(found, ["a=52:54:00:12:34:02"]);
        assert_eq!(
            heard,
            ["warning 1:35 ifname= \"a:52:54:00:12:34:02\" Duplicate LaterWins"]
        );
        let (found, heard) = rules("ifname=a:52:54:00:12:34:01 ifname=b:52:54:00:12:34:01");
        assert_eq!(
            (found.concat().as_str(), heard.len()),
            ("b=52:54:00:12:34:01", 1)
        );
        let (found, heard) = rules("ifname=a:52:54:00:12:34:01 ifname=a:52:54:00:12:34:01");
        assert_eq!((found.len(), heard.len()), (1, 0));
    }

    #[test]
    fn bad_words_cost_themselves() {
        for (word, complaint) in [
            ("ifname=boot", "12 ifname= \"\" NotAMac WordIgnored"),
            ("ifname=a:b", "10 ifname= \"b\" NotAMac WordIgnored"),
            (
                "ifname=averyverylongname:52:54:00:12:34:56",
                "8 ifname= \"averyverylongname\" NotALinkName WordIgnored",
            ),
            (
                "nameserver=foo",
                "12 nameserver= \"foo\" NotAnAddress WordIgnored",
            ),
            (
                "nameserver=192.0.2.1:53",
                "12 nameserver= \"192.0.2.1:53\" NotAnAddress WordIgnored",
            ),
            ("nameserver", "1 nameserver= \"\" NotAnAddress WordIgnored"),
            ("bootdev=a/b", "9 bootdev= \"a/b\" NotALinkName WordIgnored"),
            ("BOOTIF=foo", "8 BOOTIF= \"foo\" NotAMac WordIgnored"),
            (
                "BOOTIF=\u{e9}1-52-54-00-12-34-56",
                "8 BOOTIF= \"\u{e9}1-52-54-00-12-34-56\" NotAMac WordIgnored",
            ),
            (
                "rd.peerdns=maybe",
                "12 rd.peerdns= \"maybe\" NotABoolean DefaultUsed",
            ),
            (
                "rd.net.timeout.dhcp=0",
                "21 rd.net.timeout.dhcp= \"0\" NotANumber WordIgnored",
            ),
            (
                "rd.net.timeout.dhcp=foobar",
                "21 rd.net.timeout.dhcp= \"foobar\" NotANumber WordIgnored",
            ),
            (
                "rd.net.timeout.carrier=-1",
                "24 rd.net.timeout.carrier= \"-1\" NotANumber WordIgnored",
            ),
            (
                "rd.net.timeout.carrier",
                "1 rd.net.timeout.carrier= \"\" NotANumber WordIgnored",
            ),
        ] {
            assert_eq!(complaints(word), [format!("error 1:{complaint}")], "{word}");
        }
    }

    #[test]
    fn global_name_servers_stand_before_those_of_links() {
        let mut storage = Storage::default();
        let line = "ip=eth0:dhcp:192.0.2.9:192.0.2.8 nameserver=192.0.2.1 \
            nameserver=[2001:db8::1] nameserver=2001:db8::2 ip=eth0:dhcp:192.0.2.7";
        assert!(read_into(&mut storage, line).0.is_empty());
        let config = storage.config();
        let found: Vec<_> = config
            .servers
            .iter()
            .map(|server| (server.addr.to_string(), server.link.is_some()))
            .collect();
        let expected = [
            ("192.0.2.1", false),
            ("2001:db8::1", false),
            ("2001:db8::2", false),
            ("192.0.2.9", true),
            ("192.0.2.8", true),
            ("192.0.2.7", true),
        ];
        assert_eq!(found, expected.map(|(addr, link)| (addr.to_string(), link)));
    }

    #[test]
    fn peerdns_is_for_every_link() {
        for (word, expected) in [
            ("=0", false),
            ("=off", false),
            ("", true),
            ("=", true),
            ("=1", true),
        ] {
            let mut storage = Storage::default();
            read_into(&mut storage, &format!("rd.peerdns{word} ip=eth0:dhcp"));
            let link = storage.config().links[0];
            assert_eq!(
                (link.ipv4.peer_dns, link.ipv6.peer_dns),
                (expected, expected)
            );
        }
    }

    #[test]
    fn every_wait_has_its_word() {
        let mut storage = Storage::default();
        let line = "rd.net.timeout.dhcp=infinity rd.net.dhcp.retry=3 rd.net.timeout.iflink=4 \
            rd.net.timeout.carrier=5 rd.net.timeout.route=6 rd.net.timeout.ipv6dad=7 \
            rd.net.timeout.ipv6auto=8 rd.net.timeout.ip-required=0";
        assert!(read_into(&mut storage, line).0.is_empty());
        let config = storage.config();
        assert_eq!(
            config.global.timeouts,
            Timeouts {
                dhcp: u32::MAX,
                dhcp_retry: 3,
                device: 4,
                carrier: 5,
                route: 6,
                dad: 7,
                ipv6_auto: 8,
                ip_required: 0,
            }
        );
        assert!(config.global.probe_gateway);
        let mut storage = Storage::default();
        read_into(&mut storage, "rd.net.timeout.ifup=9 rd.net.timeout.route=0");
        let config = storage.config();
        assert_eq!(config.global.timeouts.carrier, 9);
        assert!(!config.global.probe_gateway);
    }

    #[test]
    fn the_earlier_wait_stays_where_the_later_is_bad() {
        let mut storage = Storage::default();
        read_into(
            &mut storage,
            "rd.net.timeout.dhcp=42 rd.net.timeout.dhcp=foo",
        );
        assert_eq!(storage.config().global.timeouts.dhcp, 42);
    }

    #[test]
    fn full_tables_are_reported() {
        let many: String = (0..9)
            .map(|n| format!("ifname=n{n}:52:54:00:12:34:0{n} "))
            .collect();
        assert_eq!(
            rules(&many).1,
            ["error 1:232 ifname= \"n8:52:54:00:12:34:08\" Full(\"MAX_NAME_RULES\") PartIgnored"]
        );
        let many = "nameserver=192.0.2.1 ".repeat(9);
        assert_eq!(
            complaints(&many),
            ["error 1:180 nameserver= \"192.0.2.1\" Full(\"MAX_SERVERS\") PartIgnored"]
        );
    }

    #[test]
    fn every_truncation_is_read() {
        let line = "BOOTIF=01-52-54-00-12-34-56 \"ifname=a:52:54:00:12:34:56\" bootdev=[52:54:00:12:34:56] \
            rd.neednet=1 netroot=x root=dhcp6 rd.net.timeout.dhcp=42 nameserver=[2001:db8::1] bond";
        for end in 0..=line.len() {
            complaints(&line[..end]);
            complaints(&line[end..]);
        }
    }
}
