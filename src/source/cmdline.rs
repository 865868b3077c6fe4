//! The kernel command line: dracut.cmdline(7), and what NetworkManager's initrd generator, the kernel
//! and klibc add to it.
//!
//! One row per option below. Words that are in no row belong to somebody else.

use super::arg::{Arg, Done, Refused};
use super::key_table::{Names, key as word, pack_fields, pack_names, packed_len};
use super::other_arg;
use super::put::Said;
use super::virtual_arg::{self, Master};
use super::{Context, Key, boot_link, firmware, ip_arg, route_arg};
use crate::diag::{Complaint, Effect, Escaped, Problem, Subject};
use crate::model::config::{
    BootWord, GlobalFlag, GlobalNumber, GlobalText, LinkMatch, LinkText, NameRule, NameSource,
    Role, SourceKind, Wait,
};
use crate::model::link::IfName;
use crate::packed::packed;
use crate::text::cmdline::Words;
use crate::text::lines::{Line, first, lines};
use crate::text::{parts, scalar};

/// What is done with an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `ip=`.
    Ip,
    /// `ip6=`.
    Ip6,
    /// `ifname=`.
    Ifname,
    /// Name servers of no link.
    Servers,
    /// `hostname=`.
    Hostname,
    /// A field of `ip=` with an address alone, by its place; the MTU stands where a name server may.
    Piece(u8),
    /// `vlan=`.
    Vlan,
    /// A link with ports.
    Master(Master),
    /// `ib.pkey=`.
    Pkey,
    /// `rd.ethtool=`.
    Ethtool,
    /// What is about s390: how many commas are before the second subchannel.
    Znet(u8),
    /// `rd.net.dhcp.dscp=`.
    Dscp,
    /// `ifdawn.dad=`, `ifdawn.carrier-loss=`.
    Policy(GlobalNumber),
    /// `rd.route=`.
    Route,
    /// A link the machine boots from.
    Boot(BootWord),
    /// `netroot=`.
    Netroot,
    /// `root=`.
    Root,
    /// `rd.net.dhcp.client-id=`.
    ClientId,
    /// `rd.net.dhcp.vendor-class=`.
    VendorClass,
    /// Yes or no.
    Flag(GlobalFlag),
    /// It sets a wait.
    Wait(Wait),
    /// Nothing, and why.
    Unused(Problem),
}

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static WORDS: [Word; KEYS.len()] = pack_fields(KEYS, Word::Ip);

/// Every option. Keys match exactly, `BOOTIF` in any case.
pub const KEYS: &[Key<Word>] = &[
    word(
        "ip",
        Word::Ip,
        "addresses and methods of a link, which may be BOOTIF: that of BOOTIF=",
    ),
    word(
        "ifname",
        Word::Ifname,
        "NAME:MAC: rename the link with this MAC",
    ),
    word("IP", Word::Ip, "as ip=; initramfs-tools'"),
    word("nfsaddrs", Word::Ip, "as ip=; the kernel's"),
    word(
        "ip6",
        Word::Ip6,
        "METHOD or LINK: what ip= would say, of IPv6 only",
    ),
    word("ipv6", Word::Ip6, "as ip6=, or an address; anaconda's"),
    word(
        "netmask",
        Word::Piece(firmware::LEN as u8),
        "the netmask of ip= with an address alone; anaconda's",
    ),
    word(
        "gateway",
        Word::Piece(firmware::GATEWAY as u8),
        "the gateway of ip= with an address alone; anaconda's",
    ),
    word(
        "mtu",
        Word::Piece(firmware::DNS as u8),
        "the MTU of ip= with an address alone; anaconda's",
    ),
    word(
        "ksdevice",
        Word::Boot(BootWord::Device),
        "the link of ip= without one: LINK, MAC, link, bootif or ibft; anaconda's",
    ),
    word(
        "DEVICE",
        Word::Boot(BootWord::Device),
        "the link of ip= without one; initramfs-tools'",
    ),
    word("hostname", Word::Hostname, "the machine's name; anaconda's"),
    word(
        "nameserver",
        Word::Servers,
        "a name server, before those of links",
    ),
    word(
        "dns",
        Word::Servers,
        "as nameserver=, several between commas; anaconda's",
    ),
    word(
        "rd.net.dns",
        Word::Servers,
        "as nameserver=, or dns://ADDRESS",
    ),
    word(
        "rd.route",
        Word::Route,
        "NET/LEN:GATEWAY[:LINK]: a static route",
    ),
    word(
        "rd.peerdns",
        Word::Flag(GlobalFlag::PeerDns),
        "whether name servers of DHCP and RA are used",
    ),
    word(
        "bootdev",
        Word::Boot(BootWord::Bootdev),
        "the link whose lease provides root",
    ),
    word(
        "BOOTIF",
        Word::Boot(BootWord::Bootif),
        "MAC of the link the boot loader used",
    ),
    word(
        "hwaddr",
        Word::Boot(BootWord::Bootif),
        "as BOOTIF=; Ubuntu's",
    ),
    word(
        "rd.bootif",
        Word::Flag(GlobalFlag::Bootif),
        "whether BOOTIF= counts",
    ),
    word(
        "rd.neednet",
        Word::Flag(GlobalFlag::Neednet),
        "whether the network is required even if no link is named",
    ),
    word(
        "netroot",
        Word::Netroot,
        "root comes over the network; dhcp: the lease says where it is",
    ),
    word(
        "root",
        Word::Root,
        "dhcp, dhcp6: as netroot= where there is none",
    ),
    word(
        "rd.net.dhcp.client-id",
        Word::ClientId,
        "LINK:01-02-03 or LINK:@TEXT: the client identifier of DHCPv4",
    ),
    word(
        "rd.net.dhcp.vendor-class",
        Word::VendorClass,
        "the vendor class of DHCPv4, for every link of the command line",
    ),
    word(
        "ifdawn.jail",
        Word::Flag(GlobalFlag::Jail),
        "off: take DHCP even where the kernel has no seccomp to read it in",
    ),
    word(
        "ifdawn.dad",
        Word::Policy(GlobalNumber::Dad),
        "background, kernel, optimistic or off: who looks whether somebody has an IPv6 address",
    ),
    word(
        "ifdawn.carrier-loss",
        Word::Policy(GlobalNumber::CarrierLoss),
        "withdraw, metric or keep: what watch does to default routes of a link without carrier while another one has some",
    ),
    word(
        "rd.net.timeout.dhcp",
        Word::Wait(Wait::Dhcp),
        "seconds DHCP may take",
    ),
    word(
        "rd.net.dhcp.retry",
        Word::Wait(Wait::DhcpRetry),
        "factor of rd.net.timeout.dhcp",
    ),
    word(
        "rd.net.timeout.iflink",
        Word::Wait(Wait::Device),
        "seconds a named link may take to appear",
    ),
    word(
        "rd.net.timeout.ifup",
        Word::Wait(Wait::Carrier),
        "as rd.net.timeout.carrier",
    ),
    word(
        "rd.net.timeout.carrier",
        Word::Wait(Wait::Carrier),
        "seconds until a link that is up has carrier",
    ),
    word(
        "rd.net.timeout.route",
        Word::Wait(Wait::Route),
        "seconds until the gateway must answer",
    ),
    word(
        "rd.net.timeout.ipv6dad",
        Word::Wait(Wait::Dad),
        "seconds duplicate address detection may take",
    ),
    word(
        "rd.net.timeout.ipv6auto",
        Word::Wait(Wait::Ipv6Auto),
        "seconds router discovery may take",
    ),
    word(
        "rd.net.timeout.ip-required",
        Word::Wait(Wait::IpRequired),
        "seconds DHCPv4 may take once IPv6 is up, where one is enough",
    ),
    word(
        "vlan",
        Word::Vlan,
        "NAME:PARENT: a VLAN, whose id NAME ends with",
    ),
    word(
        "bond",
        Word::Master(Master::Bond),
        "NAME:PORTS:OPTIONS:MTU: a bond",
    ),
    word(
        "bridge",
        Word::Master(Master::Bridge),
        "NAME:PORTS: a bridge",
    ),
    word(
        "team",
        Word::Master(Master::Team),
        "NAME:PORTS:RUNNER: a bond of the mode that is like the runner",
    ),
    word(
        "ib.pkey",
        Word::Pkey,
        "PARENT.PKEY: an InfiniBand partition",
    ),
    word(
        "rd.ethtool",
        Word::Ethtool,
        "LINK:AUTONEG:SPEED: how a link negotiates",
    ),
    word(
        "rd.net.dhcp.dscp",
        Word::Dscp,
        "CS0, CS4 or CS6: the traffic class of DHCPv4",
    ),
    word(
        "rd.iscsi.ibft",
        Word::Flag(GlobalFlag::Ibft),
        "whether links are configured as iBFT and Open Firmware say",
    ),
    word(
        "rd.iscsi.firmware",
        Word::Flag(GlobalFlag::Ibft),
        "as rd.iscsi.ibft=",
    ),
    word(
        "iscsi_firmware",
        Word::Flag(GlobalFlag::Ibft),
        "as rd.iscsi.ibft=",
    ),
    word(
        "rd.nvmf.nonbft",
        Word::Flag(GlobalFlag::NoNbft),
        "whether the NVMe table of the firmware is left alone",
    ),
    word(
        "rd.znet",
        Word::Znet(2),
        "TYPE,SUBCHANNELS,OPTIONS: network devices of s390; read, and of no use here",
    ),
    word(
        "rd.znet_ifname",
        Word::Znet(1),
        "LINK:SUBCHANNELS: their names; read, and of no use here",
    ),
    word(
        "rd.net.dns-backend",
        Word::Unused(Problem::CmdlineResolver),
        "which program resolves names; only resolv.conf is written",
    ),
    word(
        "rd.net.dns-resolve-mode",
        Word::Unused(Problem::CmdlineResolver),
        "when global name servers are asked; only resolv.conf is written",
    ),
];

const NOT_A_MAC: Complaint = Complaint::error(Problem::NotAMac, Effect::WordIgnored);
/// No other program has words that begin so.
const UNKNOWN: Complaint = Complaint::note(Problem::UnknownKey, Effect::WordIgnored);
const NUL: Complaint = Complaint::warning(Problem::Nul, Effect::None);
const AGAIN: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);

/// Reads one command line. Several may be read one after the other; [`finish`] comes after all of them.
#[inline(never)]
pub fn read(cx: &mut Context<'_, '_>) {
    let (mut words, mut left) = (Words(cx.text), lines(cx.text));
    cx.at.line = Line::NONE;
    let kept = cx.config.keep(first(cx.text));
    cx.config.global.cmdline = kept.map(|kept| (cx.at.id, kept));
    while let Some(word) = &words.next() {
        cx.go_to(word.key, &mut left);
        if parts::has(word.key, 0) || parts::has(word.value, 0) {
            // an octet like any other, but hardly meant
            cx.complain(Subject::CommandLine, word.key, NUL);
        }
        let name = match parts::is_same_in_any_case(word.key, b"BOOTIF") {
            true => b"BOOTIF",
            false => word.key,
        };
        if let Some(known) = WORDS.get(NAMES.find(name).row()) {
            let arg = &mut Arg::new(cx, SourceKind::Cmdline, name, word.value);
            read_word(*known, arg);
        } else if name.starts_with(b"rd.net.") {
            let column = cx.column(name);
            let subject = Subject::Word(&Escaped(name));
            cx.report(column, subject, b"", UNKNOWN, NAMES.nearest(name));
        }
    }
}

/// Draws the conclusions that need every word, and every other source too: the boot link, and DHCP
/// everywhere where the network is needed and nothing says how.
pub fn finish(cx: &mut Context<'_, '_>) {
    boot_link::settle(cx);
}

/// Reads a word, and says why where it has no effect.
#[inline(always)]
fn read_word(word: Word, arg: &mut Arg<'_, '_, '_>) {
    arg.split(0);
    let done = handle(word, arg);
    arg.settle(done);
}

#[inline(never)]
fn handle(word: Word, arg: &mut Arg<'_, '_, '_>) -> Done {
    let said = arg.value;
    match word {
        Word::Ip => return ip_arg::read(arg),
        Word::Ip6 => return ip_arg::read_v6(arg),
        Word::Ifname => return ifname(arg),
        Word::Servers => return other_arg::servers(arg),
        Word::Hostname => {
            ip_arg::hostname(arg, said);
        }
        Word::Piece(piece) => return other_arg::piece(arg, piece.into()),
        Word::Vlan => return virtual_arg::vlan(arg),
        Word::Master(master) => return virtual_arg::master(arg, master),
        Word::Pkey => return virtual_arg::pkey(arg),
        Word::Ethtool => return other_arg::ethtool(arg),
        Word::Znet(n) => return other_arg::znet(arg, n.into()),
        Word::Dscp => return other_arg::dscp(arg),
        Word::Policy(of) => return other_arg::policy(arg, of),
        Word::Route => return route_arg::read(arg),
        Word::Boot(word) => return boot(arg, word),
        Word::Wait(wait) => return other_arg::seconds(arg, wait),
        Word::ClientId => return tell(arg, Said::IdAt),
        Word::Flag(flag) => {
            let is_on = arg.boolean();
            flag.set(&mut arg.cx.config.global, Some(is_on));
        }
        Word::Netroot | Word::VendorClass if said.is_empty() => {}
        Word::VendorClass => return tell(arg, Said::Class),
        Word::Netroot | Word::Root => {
            let global = &mut arg.cx.config.global;
            let is_dhcp = parts::is(said, b"dhcp");
            let is_root = matches!(word, Word::Root);
            if is_root && !is_dhcp && !parts::is(said, b"dhcp6") {
                return Ok(());
            }
            if !is_root || !global.boot_words.netroot {
                global.dhcp_root = is_dhcp;
            }
            global.boot_words.netroot = true;
        }
        Word::Unused(why) => arg.say(Complaint::warning(why, Effect::WordIgnored)),
    }
    Ok(())
}

/// `NAME:MAC`.
#[inline(never)]
fn ifname(arg: &mut Arg<'_, '_, '_>) -> Done {
    let octets = arg.rest(1);
    let Some(name) = &IfName::new(arg.field(0)) else {
        return Err(Refused::of(0, Problem::NotALinkName));
    };
    if arg.field(0).starts_with(b"nbft") {
        // who has named its links has read the table
        GlobalFlag::NoNbft.set(&mut arg.cx.config.global, Some(true));
    }
    let Some(mac) = &scalar::mac(octets) else {
        arg.complain(octets, NOT_A_MAC);
        return Ok(());
    };
    let put = arg.cx.add_rule(&NameRule::new(
        mac,
        name,
        NameSource::Cmdline,
        arg.origin(arg.value),
    ));
    match put {
        Err(Problem::Duplicate) => arg.say(AGAIN),
        put => arg.check_room(put),
    }
    Ok(())
}

/// A link, or for [`BootWord::Bootif`] `[TYPE-]MAC`: the hardware type of ARP (RFC 826), two digits, may stand before
/// it.
#[inline(never)]
fn boot(arg: &mut Arg<'_, '_, '_>, word: BootWord) -> Done {
    let value = arg.value;
    let mut link = arg.new_link();
    match word {
        BootWord::Bootif => {
            // a type of hardware in front, as the boot loader writes it, makes the length even
            let start = if value.len() & 1 == 0 { 3 } else { 0 };
            match &scalar::mac(parts::slice(value, start, value.len())) {
                Some(mac) => link.matches = LinkMatch::Bootif(*mac),
                None => return Err(Refused::of(Refused::WHOLE, Problem::NotAMac)),
            }
        }
        BootWord::Device if let Some(n) = packed!("link,bootif,ibft").position(value) => {
            // the first two are what is done anyway
            if n == 2 {
                GlobalFlag::Ibft.set(&mut arg.cx.config.global, Some(true));
            }
        }
        BootWord::Device | BootWord::Bootdev => arg.device(value, &mut link)?,
    }
    if !matches!(link.matches, LinkMatch::Any)
        && let Some(said) = (arg.cx.config.global.boot_words.links).get_mut(word as usize)
    {
        *said = Some((link.matches, link.origin));
    }
    Ok(())
}

/// `LINK:01-02-03` and `LINK:@TEXT`, or a class. What a link is that no other word names is said when all
/// are read.
fn tell(arg: &mut Arg<'_, '_, '_>, said: Said) -> Done {
    let (n, mut kept) = (usize::from(said == Said::IdAt), None);
    if let Err(what) = arg.cx.keep_said(said, arg.rest(n), &mut kept) {
        return Err(Refused::of(n, what));
    }
    if n == 0 {
        GlobalText::VendorClass.set(&mut arg.cx.config.global, kept);
        return Ok(());
    }
    let link = arg.link(arg.field(0), Role::Named)?;
    if let Some(link) = arg.cx.config.link_mut(link) {
        LinkText::ClientId.set(link, kept);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::{IpFlag, Timeouts};
    use crate::source::testing::{Heard, Storage, shown};
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn read_into(storage: &mut Storage, line: &str) -> Heard {
        storage.read("cmdline", line, |cx| {
            read(cx);
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
        for row in other_arg::OTHERS {
            let name = row.name.trim_end_matches('*');
            assert!(!row.doc.is_empty() && KEYS.iter().all(|known| known.name != name));
            assert!(complaints(&format!("{name}=x {name}")).is_empty(), "{name}");
        }
    }

    #[test]
    fn words_of_others_are_nobodys_business() {
        let line = "BOOT_IMAGE=(hd0,msdos2)/vmlinuz root=UUID=ff252b4a ro rhgb quiet = =foo nomsi, \
            IP=dhcp ip.=dhcp nameservers=x rd.ip rd.nonet -- ip=bogus";
        assert!(complaints(line).is_empty());
    }

    #[test]
    fn unknown_words_of_ours_are_said_with_the_nearest() {
        let line = "quiet rd.net.timeout.dchp=3 rd.net.foo rd.net rd.neetnet=1";
        assert_eq!(
            complaints(line),
            [
                "note 1:7 rd.net.timeout.dchp= UnknownKey(\"rd.net.timeout.dhcp\") WordIgnored",
                "note 1:29 rd.net.foo= UnknownKey(\"\") WordIgnored",
            ]
        );
    }

    #[test]
    fn options_of_no_use_here_are_said_once_each() {
        for row in KEYS {
            if let Word::Unused(why) = row.field {
                let found = complaints(&format!("quiet {}=x:y", row.name));
                let column = 8 + row.name.len();
                let name = row.name;
                let expected = format!("warning 1:{column} {name}= \"x:y\" {why:?} WordIgnored");
                assert_eq!(found, [expected]);
            }
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let heard = read_into(&mut Storage::default(), "quiet\n  ip=\"eth0:bogus\" ro\n");
        let complaint = &heard.0[0];
        assert_eq!((complaint.line, complaint.column), (2, 12));
        assert_eq!(complaint.text, b"  ip=\"eth0:bogus\" ro");
    }

    #[test]
    fn a_word_stands_on_the_line_it_begins_on() {
        let heard = read_into(
            &mut Storage::default(),
            "\n\"x y\nip=\" ip=a:b\r\n ip=\"c:d\nx\" ip=e:f ip=g:h",
        );
        let places: Vec<_> = (heard.0.iter())
            .map(|complaint| (complaint.line, complaint.column))
            .collect();
        assert_eq!(places, [(3, 11), (4, 8), (5, 9), (5, 16)]);
    }

    #[test]
    fn several_texts_are_one_configuration() {
        let mut storage = Storage::default();
        storage.read("cmdline", "ip=eth0:dhcp -- ip=eth9:dhcp", read);
        storage.read("cmdline", "ip=eth0:auto6 ip=eth1:dhcp", |cx| {
            read(cx);
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
                "error 1:9 ip= \"dh\\0cp\" MeantMethod WordIgnored",
                "warning 1:15 command line \"x\\0y\" Nul None",
            ]
        );
    }

    fn rules(line: &str) -> (Vec<String>, Vec<String>) {
        let mut storage = Storage::default();
        let heard = read_into(&mut storage, line);
        let config = storage.config();
        assert!(config.links.is_empty());
        let show = |rule: &NameRule| format!("{}={}", rule.name.unwrap(), rule.mac);
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
            ("ifname=boot", "12 ifname= NotAMac WordIgnored"),
            ("ifname=a:b", "10 ifname= \"b\" NotAMac WordIgnored"),
            (
                "ifname=averyverylongname:52:54:00:12:34:56",
                "8 ifname= \"averyverylongname\" NotALinkName WordIgnored",
            ),
            (
                "nameserver=foo",
                "12 nameserver= \"foo\" NotAnAddress PartIgnored",
            ),
            (
                "nameserver=192.0.2.1:53",
                "12 nameserver= \"192.0.2.1:53\" NotAnAddress PartIgnored",
            ),
            ("dns=192.0.2.1,x", "15 dns= \"x\" NotAnAddress PartIgnored"),
            (
                "rd.net.dns=dns+tls://192.0.2.1",
                "12 rd.net.dns= \"dns+tls://192.0.2.1\" NotAnAddress PartIgnored",
            ),
            ("nameserver", "1 nameserver= NotAnAddress PartIgnored"),
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
                "1 rd.net.timeout.carrier= NotANumber WordIgnored",
            ),
        ] {
            assert_eq!(complaints(word), [format!("error 1:{complaint}")], "{word}");
        }
    }

    #[test]
    fn name_servers_of_links_and_of_none_keep_their_order() {
        let mut storage = Storage::default();
        let line = "ip=eth0:dhcp:192.0.2.9:192.0.2.8 nameserver=192.0.2.1 \
            nameserver=[2001:db8::1] nameserver=2001:db8::2 ip=eth0:dhcp:192.0.2.7";
        assert!(read_into(&mut storage, line).0.is_empty());
        let config = storage.config();
        for (link, expected) in [
            (None, ["192.0.2.1", "2001:db8::1", "2001:db8::2"]),
            (
                Some(crate::model::config::LinkId::new(0)),
                ["192.0.2.9", "192.0.2.8", "192.0.2.7"],
            ),
        ] {
            let of_it = config.servers.iter().filter(|server| server.link == link);
            let found: Vec<_> = of_it.map(|server| server.addr.to_string()).collect();
            assert_eq!(found, expected);
        }
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
                [link.ipv4, link.ipv6].map(|ip| !IpFlag::PeerDns.is_no(&ip)),
                [expected, expected]
            );
        }
    }

    fn told(line: &str) -> Vec<String> {
        let mut storage = Storage::default();
        assert!(read_into(&mut storage, line).0.is_empty(), "{line}");
        shown(&storage.config())
    }

    #[test]
    fn client_ids_are_of_links_and_classes_of_all() {
        for (line, links) in [
            (
                "ip=eth0:dhcp rd.net.dhcp.client-id=eth0:01-02-ff",
                &["eth0 4=dhcp! 6=ignore id [01, 02, ff]"][..],
            ),
            (
                "rd.net.dhcp.client-id=eth0:@a:b ip=eth0:dhcp",
                &["eth0 4=dhcp! 6=ignore id [00, 61, 3a, 62]"],
            ),
            (
                "rd.net.dhcp.client-id=eth0:@a rd.net.dhcp.client-id=eth0:1-2",
                &["eth0 4=auto 6=auto id [01, 02]"],
            ),
            (
                "ip=dhcp rd.net.dhcp.client-id=52-54-00-12-34-56:@mac",
                &[
                    "any 4=dhcp! 6=ignore",
                    "52:54:00:12:34:56 4=auto 6=auto id [00, 6d, 61, 63]",
                ],
            ),
            (
                "ip=dhcp rd.net.dhcp.client-id=:@a",
                &["any 4=dhcp! 6=ignore id [00, 61]"],
            ),
            (
                "ip=eth0:none rd.net.dhcp.client-id=eth0:@a",
                &["eth0 4=disabled 6=disabled id [00, 61]"],
            ),
            (
                "rd.net.dhcp.vendor-class=a ip=dhcp ip=eth1:dhcp \"rd.net.dhcp.vendor-class=b c\" \
                    rd.net.dhcp.vendor-class=",
                &[
                    "any 4=dhcp! 6=ignore vendor b c",
                    "eth1 4=dhcp! 6=ignore vendor b c",
                ],
            ),
        ] {
            assert_eq!(told(line), links, "{line}");
        }
    }

    #[test]
    fn bad_client_ids_and_classes_cost_their_word() {
        for (value, token) in [
            ("", ""),
            (":", ""),
            ("eth0", ""),
            ("eth0:", ""),
            ("eth0:@", "@"),
            ("eth0:01", "01"),
            ("eth0:invalid", "invalid"),
            ("eth0:01:aa:bb", "01"),
            ("eth0:01-", "01-"),
            ("eth0:001-02", "001-02"),
        ] {
            let said = complaints(&format!("rd.net.dhcp.client-id={value}"));
            let quoted = match token {
                "" => String::new(),
                token => format!("{token:?} "),
            };
            let end = format!("rd.net.dhcp.client-id= {quoted}NotAClientId WordIgnored");
            assert!(said.len() == 1 && said[0].ends_with(&end), "{said:?}");
        }
        let long = "x".repeat(255);
        for (line, end) in [
            (
                format!("rd.net.dhcp.vendor-class={long}"),
                "TooLong WordIgnored",
            ),
            (
                format!("rd.net.dhcp.client-id=eth0:@{long}"),
                "TooLong WordIgnored",
            ),
            (
                String::from("rd.net.dhcp.client-id=a/b:@x"),
                "NotALinkName WordIgnored",
            ),
        ] {
            let said = complaints(&line);
            assert!(said.len() == 1 && said[0].ends_with(end), "{said:?}");
        }
    }

    #[test]
    fn root_is_in_the_lease_unless_it_is_named() {
        for (line, netroot, dhcp_root) in [
            ("netroot=dhcp", true, true),
            ("root=dhcp", true, true),
            ("netroot=dhcp6", true, false),
            ("root=dhcp6", true, false),
            ("root=dhcp netroot=iscsi:192.0.2.1::::iqn.x", true, false),
            ("netroot=iscsi:192.0.2.1::::iqn.x root=dhcp", true, false),
            ("netroot=dhcp root=dhcp6", true, true),
            ("root=/dev/nfs ip=dhcp", false, false),
            ("netroot= root=DHCP", false, false),
        ] {
            let mut storage = Storage::default();
            assert!(read_into(&mut storage, line).0.is_empty());
            let global = storage.config().global;
            let found = (global.boot_words.netroot, global.dhcp_root);
            assert_eq!(found, (netroot, dhcp_root), "{line}");
        }
    }

    #[test]
    fn the_jail_is_left_only_where_a_word_says_so() {
        for (line, is_off, said) in [
            ("quiet", false, 0),
            ("ifdawn.jail=off", true, 0),
            ("ifdawn.jail=0", true, 0),
            ("ifdawn.jail=on", false, 0),
            ("ifdawn.jail", false, 0),
            ("ifdawn.jail=off ifdawn.jail=yes", false, 0),
            ("ifdawn.jail=maybe", false, 1),
        ] {
            let mut storage = Storage::default();
            assert_eq!(read_into(&mut storage, line).0.len(), said, "{line}");
            assert_eq!(
                GlobalFlag::Jail.is_no(&storage.config().global),
                is_off,
                "{line}"
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
            Timeouts([u32::MAX, 3, 5, 4, 8, 7, 6, 0])
        );
        assert!(config.global.probe_gateway);
        let mut storage = Storage::default();
        read_into(&mut storage, "rd.net.timeout.ifup=9 rd.net.timeout.route=0");
        let config = storage.config();
        assert_eq!(config.global.timeouts.of(Wait::Carrier), 9);
        assert!(!config.global.probe_gateway);
    }

    #[test]
    fn the_earlier_wait_stays_where_the_later_is_bad() {
        let mut storage = Storage::default();
        read_into(
            &mut storage,
            "rd.net.timeout.dhcp=42 rd.net.timeout.dhcp=foo",
        );
        assert_eq!(storage.config().global.timeouts.of(Wait::Dhcp), 42);
    }

    #[test]
    fn full_tables_are_reported() {
        let many: String = (0..9)
            .map(|n| format!("ifname=n{n}:52:54:00:12:34:0{n} "))
            .collect();
        assert_eq!(
            rules(&many).1,
            ["error 1:232 ifname= \"n8:52:54:00:12:34:08\" MaxNameRules PartIgnored"]
        );
        let many = "nameserver=192.0.2.1 ".repeat(9);
        assert_eq!(
            complaints(&many),
            ["error 1:180 nameserver= \"192.0.2.1\" MaxServers PartIgnored"]
        );
    }

    #[test]
    fn every_truncation_is_read() {
        let line = "BOOTIF=01-52-54-00-12-34-56 \"ifname=a:52:54:00:12:34:56\" bootdev=[52:54:00:12:34:56] \
            rd.neednet=1 netroot=x root=dhcp6 rd.net.timeout.dhcp=42 nameserver=[2001:db8::1] bond \
            rd.net.dhcp.client-id=eth0:01-02 rd.net.dhcp.vendor-class=x ifdawn.jail=off";
        for end in 0..=line.len() {
            complaints(&line[..end]);
            complaints(&line[end..]);
        }
    }
}
