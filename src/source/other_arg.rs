//! Words of anaconda and of initramfs-tools, of s390, and those for ethtool(8), DHCP and name servers.

use super::arg::{Arg, Done, Refused};
#[cfg(test)]
use super::key_table::key;
use crate::diag::{Complaint, Effect, Problem};
use crate::model::attr::{Attr, Kind, Scope};
use crate::model::config::{Global, GlobalNumber, Role, Wait};
use crate::text::{parts, scalar};

/// Sets a number of seconds; `infinity` is for ever. Two waits may be none at all.
///
/// # Errors
/// It is not one.
pub fn seconds(arg: &mut Arg<'_, '_, '_>, wait: Wait) -> Done {
    let seconds = match parts::is(arg.value, b"infinity") {
        true => Some(u32::MAX),
        false => scalar::number(arg.value),
    };
    let may_be_none = matches!(wait, Wait::Route | Wait::IpRequired);
    let Some(seconds) = seconds.filter(|seconds| may_be_none || *seconds > 0) else {
        return Err(Refused::of(Refused::WHOLE, Problem::NotANumber));
    };
    let global = &mut arg.cx.config.global;
    if let Wait::Route = wait {
        global.probe_gateway = seconds > 0;
    }
    global.timeouts.set(wait, seconds);
    Ok(())
}

/// Name servers between commas: `ADDRESS` or `dns://ADDRESS`, each with `#NAME` or without.
///
/// # Errors
/// Never.
pub fn servers(arg: &mut Arg<'_, '_, '_>) -> Done {
    let mut rest = Some(arg.value);
    while let Some(text) = parts::next(&mut rest, b',') {
        if text.is_empty() {
            arg.leave_out(text, Problem::NotAnAddress);
        }
        let uri = parts::nth(text, b'#', 0);
        arg.server(parts::without(uri, b"dns://"), None);
    }
    Ok(())
}

/// `rd.ethtool=LINK:[AUTONEG]:[SPEED]`: the last one of a link counts, whole.
///
/// # Errors
/// The word was reported and has no effect.
pub fn ethtool(arg: &mut Arg<'_, '_, '_>) -> Done {
    const AUTONEG: Attr = Attr::of(Scope::Ethtool, "autoneg");
    const SPEED: Attr = Attr::of(Scope::Ethtool, "speed");
    const DUPLEX: Attr = Attr::of(Scope::Ethtool, "duplex");
    if arg.field(0).is_empty() {
        return Err(Refused::of(0, Problem::NotALinkName));
    }
    let (id, speed) = (arg.link(arg.field(0), Role::Named)?, arg.field(2));
    arg.put(id, AUTONEG, arg.field(1));
    arg.put(id, SPEED, speed);
    // no speed is set without it
    let duplex: &[u8] = match scalar::number(speed) {
        Some(_) => b"full",
        None => b"",
    };
    arg.put(id, DUPLEX, duplex);
    arg.say(LATER);
    arg.end(3);
    Ok(())
}

/// `rd.znet=TYPE,SUBCHANNEL,SUBCHANNEL[,SUBCHANNEL][,OPTION=VALUE]...` and
/// `rd.znet_ifname=LINK:SUBCHANNEL,SUBCHANNEL[,SUBCHANNEL]`: said to be of no use here. `n` commas are before the
/// second subchannel, which must be there.
///
/// # Errors
/// The word was reported and has no effect.
pub fn znet(arg: &mut Arg<'_, '_, '_>, n: usize) -> Done {
    let subchannel = parts::nth(arg.value, b',', n);
    if subchannel.is_empty() {
        return Err(Refused::of(Refused::WHOLE, Problem::NoArgument));
    }
    arg.say(S390);
    Ok(())
}

/// `rd.net.dhcp.dscp=`: one of three classes (RFC 2474).
///
/// # Errors
/// The word was reported and has no effect.
pub fn dscp(arg: &mut Arg<'_, '_, '_>) -> Done {
    match arg.value {
        [b'C', b'S', class] if parts::has(b"046", *class) => {
            let tos = u32::from(*class & 7) << 5;
            GlobalNumber::DhcpTos.set(&mut arg.cx.config.global, Some(tos));
            Ok(())
        }
        _ => Err(Refused::of(Refused::WHOLE, Problem::NotAWord)),
    }
}

/// `ifdawn.dad=`, `ifdawn.carrier-loss=`: one of the words of its kind.
///
/// # Errors
/// The word was reported and has no effect.
pub fn policy(arg: &mut Arg<'_, '_, '_>, of: GlobalNumber) -> Done {
    let set = set_policy(of, &mut arg.cx.config.global, arg.value);
    set.map_err(|problem| Refused::of(Refused::WHOLE, problem))
}

/// Sets one of those by its word.
#[inline(never)]
pub fn set_policy(of: GlobalNumber, global: &mut Global, word: &[u8]) -> Result<(), Problem> {
    let kind = match of {
        GlobalNumber::CarrierLoss => Kind::CarrierLoss,
        GlobalNumber::Dad | GlobalNumber::DhcpTos => Kind::Dad,
    };
    let number = kind.words().position(word).ok_or(Problem::NotAWord)?;
    of.set(global, Some(number as u32));
    Ok(())
}

/// One field of `ip=` by itself, which belongs to `ip=` with nothing but an address.
///
/// # Errors
/// The word was reported and has no effect.
#[inline(never)]
pub fn piece(arg: &mut Arg<'_, '_, '_>, n: usize) -> Done {
    let origin = arg.origin(arg.value);
    let Some(kept) = arg.cx.config.keep_same(arg.value) else {
        return Err(Refused::of(Refused::WHOLE, Problem::MaxStrings));
    };
    let words = &mut arg.cx.config.global.boot_words;
    words.pieces_origin = origin;
    if let Some(piece) = words.pieces.fields.get_mut(n) {
        *piece = Some(kept);
    }
    Ok(())
}

const LATER: Complaint = Complaint::note(Problem::Later, Effect::None);
const S390: Complaint = Complaint::warning(Problem::S390Only, Effect::WordIgnored);

/// Options of others about the network, for the reference: no word is said of them.
#[cfg(test)]
pub const OTHERS: &[super::Key<&str>] = &[
    key(
        "net.ifnames",
        "udev's",
        "whether links get predictable names",
    ),
    key(
        "net.ifname-policy",
        "systemd's",
        "how links get their names",
    ),
    key("biosdevname", "biosdevname's", "names after slots"),
    key(
        "net.naming-scheme",
        "systemd's",
        "which rules predictable names follow",
    ),
    key("noipv6", "anaconda's", "no IPv6 in the installed system"),
    key("kssendmac", "anaconda's", "MACs are told to the server"),
    key("rd.nonet", "nobody's", "no network"),
    key("rd.retry", "dracut's", "seconds its queue may take"),
    key("rd.timeout", "dracut's", "seconds devices may take"),
    key("nfsroot", "the kernel's and dracut's", "root over NFS"),
    key("rd.iscsi.*", "iscsi's", "targets, and who asks for them"),
    key("rd.nvmf.*", "nvmf's", "subsystems, and who asks for them"),
    key("fcoe", "fcoe's", "LINK:DCB"),
    key("rd.fcoe", "fcoe's", "whether FCoE is used"),
    key("ipv6.disable", "the kernel's", "whether there is IPv6"),
    key("boot", "initramfs-tools'", "how root is mounted"),
];

#[cfg(test)]
mod tests {
    use crate::model::config::{GlobalFlag, GlobalNumber};
    use crate::source::cmdline;
    use crate::source::testing::{Heard, Storage, shown, stacked};
    use std::string::ToString;
    use std::vec::Vec;

    fn read(line: &str) -> (Storage, Heard) {
        let mut storage = Storage::default();
        let heard = storage.read("cmdline", line, |cx| {
            cmdline::read(cx);
            cmdline::finish(cx);
        });
        (storage, heard)
    }

    #[test]
    fn name_servers_have_several_forms() {
        let line = "nameserver=192.0.2.1 dns=192.0.2.2,[2001:db8::1] rd.net.dns=dns://[2001:db8::2]#x \
            rd.net.dns=dns://192.0.2.3#dns.example rd.net.dns=2001:db8::53";
        let (mut storage, heard) = read(line);
        assert!(heard.0.is_empty(), "{:?}", heard.lines());
        let config = storage.config();
        let found: Vec<_> = config
            .servers
            .iter()
            .map(|server| server.addr.to_string())
            .collect();
        let want = [
            "192.0.2.1",
            "192.0.2.2",
            "2001:db8::1",
            "2001:db8::2",
            "192.0.2.3",
            "2001:db8::53",
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn the_last_word_about_a_links_negotiation_counts_whole() {
        const BAD: &str = "PartIgnored";
        for (value, want, told) in [
            ("eth0:on:", "autoneg=1", ""),
            ("eth0:off:1000", "autoneg=0 speed=1000 duplex=1", ""),
            ("eth0", "", ""),
            ("eth0::100", "speed=100 duplex=1", ""),
            ("eth0:maybe:100", "speed=100 duplex=1", BAD),
            ("eth0:on:fast", "autoneg=1", BAD),
            ("eth0:on:100 rd.ethtool=eth0::10", "speed=10 duplex=1", ""),
            ("eth0:on:100 rd.ethtool=eth0:off", "autoneg=0", ""),
            ("eth0:on:100:x", "autoneg=1 speed=100 duplex=1", BAD),
        ] {
            let (mut storage, heard) = read(&std::format!("rd.ethtool={value}"));
            let options = match want {
                "" => "eth0 ethernet auto/auto".to_string(),
                want => std::format!("eth0 ethernet {want} auto/auto"),
            };
            assert_eq!(stacked(&storage.config()), [options], "{value}");
            let mut lines = heard.lines();
            lines.retain(|line| !line.contains("Later None"));
            assert_eq!(
                lines.len(),
                usize::from(!told.is_empty()),
                "{value} {lines:?}"
            );
            assert!(lines.concat().ends_with(told));
        }
        let (mut storage, heard) = read("rd.ethtool=:on:100");
        assert!(storage.config().links.is_empty());
        assert_eq!(
            heard.lines(),
            ["error 1:12 rd.ethtool= NotALinkName WordIgnored"]
        );
    }

    #[test]
    fn devices_of_s390_are_of_no_use_here() {
        for (word, what) in [
            (
                "rd.znet=qeth,0.0.0800,0.0.0801,0.0.0802,layer2=0",
                "warning S390Only",
            ),
            ("rd.znet_ifname=enc1:0.0.0600,0.0.0601", "warning S390Only"),
            ("rd.znet=,", "error NoArgument"),
            ("rd.znet=foobar", "error NoArgument"),
            ("rd.znet=qeth,0.0.0800", "error NoArgument"),
            ("rd.znet=qeth,0.0.0800,,,layer2=0", "error NoArgument"),
            ("rd.znet_ifname=enc1:0.0.0600", "error NoArgument"),
        ] {
            let (mut storage, heard) = read(word);
            assert!(storage.config().links.is_empty());
            let (severity, problem) = what.split_once(' ').unwrap();
            let line = heard.lines().concat();
            assert!(line.starts_with(severity), "{line}");
            assert!(
                line.ends_with(&std::format!("{problem} WordIgnored")),
                "{line}"
            );
        }
    }

    #[test]
    fn three_classes_are_known() {
        for (value, tos) in [
            ("CS0", Some(0)),
            ("CS4", Some(0x80)),
            ("CS6", Some(0xc0)),
            ("cs4", None),
            ("CS1", None),
            ("", None),
        ] {
            let (mut storage, heard) = read(&std::format!("rd.net.dhcp.dscp={value}"));
            assert_eq!(GlobalNumber::DhcpTos.of(&storage.config().global), tos);
            assert_eq!(heard.0.len(), usize::from(tos.is_none()), "{value}");
        }
    }

    #[test]
    fn an_address_alone_takes_what_other_words_say() {
        let fixed = "any 4=static! 6=ignore 192.0.2.5/24";
        for (line, want, told) in [
            ("ip=192.0.2.5 netmask=255.255.255.0", fixed, ""),
            ("netmask=24 ip=192.0.2.5", fixed, ""),
            (
                "gateway=192.0.2.1 mtu=1400 ip=192.0.2.5 netmask=255.255.255.0",
                "any 4=static! 6=ignore 192.0.2.5/24 via 192.0.2.1 mtu 1400",
                "",
            ),
            (
                "ip=192.0.2.5 netmask=24 ksdevice=eth1",
                "eth1 4=static! 6=ignore 192.0.2.5/24",
                "",
            ),
            (
                "ksdevice=52:54:00:12:34:56 ip=192.0.2.5 netmask=24",
                "52:54:00:12:34:56 4=static! 6=ignore 192.0.2.5/24",
                "",
            ),
            (
                "ip=192.0.2.5",
                "",
                "error 1:4 ip= \"192.0.2.5\" MeantAddress WordIgnored",
            ),
            (
                "gateway=192.0.2.1",
                "",
                "note 1:9 ip= NeedsOther WordIgnored",
            ),
            (
                "ip=192.0.2.5 netmask=255.0.255.0",
                "",
                "error 1:0 ip= \"255.0.255.0\" BadPrefix WordIgnored",
            ),
            (
                "ip=192.0.2.5 netmask=24 mtu=9",
                fixed,
                "error 1:0 ip= \"9\" NotAnMtu PartIgnored",
            ),
        ] {
            let (mut storage, heard) = read(line);
            assert_eq!(shown(&storage.config()).concat(), want, "{line}");
            assert_eq!(heard.lines().concat(), told, "{line}");
        }
    }

    #[test]
    fn words_name_the_link_of_a_method_alone() {
        for (line, want) in [
            ("ip=dhcp DEVICE=eth0", "eth0 4=dhcp! 6=ignore"),
            ("ksdevice=eth0 ip=dhcp", "eth0 4=dhcp! 6=ignore"),
            ("DEVICE=eth0", "eth0 4=auto 6=auto"),
            ("ip=dhcp ksdevice=link", "any 4=dhcp! 6=ignore"),
            ("ip=dhcp ksdevice=bootif", "any 4=dhcp! 6=ignore"),
            ("ip=eth1:dhcp DEVICE=eth1", "eth1 4=dhcp! 6=ignore"),
            ("DEVICE", ""),
        ] {
            let (mut storage, heard) = read(line);
            assert_eq!(shown(&storage.config()).concat(), want, "{line}");
            assert!(heard.0.is_empty(), "{line} {:?}", heard.lines());
        }
        let (mut storage, _) = read("ip=dhcp ksdevice=ibft");
        assert!(GlobalFlag::Ibft.is_yes(&storage.config().global));
    }
}
