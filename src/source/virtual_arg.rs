//! Words that describe links which lie on others: `vlan=`, `bond=`, `bridge=`, `team=` (dracut.cmdline(7)) and
//! `ib.pkey=` (nm-initrd-generator(8)).
//!
//! ```text
//! vlan=NAME:PARENT          the id is the number NAME ends with
//! bond=[NAME][:PORTS[:OPTIONS[:MTU]]]
//! team=[NAME][:PORTS[:RUNNER]]
//! bridge=[NAME][:PORTS]
//! ib.pkey=PARENT.PKEY
//! ```
//!
//! Words come in any order: a link may be named as a port or a parent before a word says what it is.

use super::arg::{Arg, Done, Refused, Reported};
use super::ifcfg_kind::partition_name;
use super::route_words::{HEX, number};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::attr::{Attr, Scope, Value};
use crate::model::config::{LinkId, Role};
use crate::model::link::{IfName, LinkKind};

use crate::text::{parts, scalar};

/// `vlan=`.
///
/// # Errors
/// The word was reported and has no effect.
pub fn vlan(arg: &mut Arg<'_, '_, '_>) -> Done {
    put_vlan(arg, arg.field(0), arg.field(1))?;
    arg.end(2);
    Ok(())
}

/// A VLAN: its id is the number that `name`, a part of the word, ends with.
///
/// # Errors
/// The word was reported and has no effect.
#[inline(never)]
pub fn put_vlan(arg: &mut Arg<'_, '_, '_>, name: &[u8], parent: &[u8]) -> Result<LinkId, Reported> {
    let end = name.iter().rposition(|octet| !octet.is_ascii_digit());
    let digits = end.map_or(name, |end| {
        parts::slice(name, end.wrapping_add(1), name.len())
    });
    let Some(id @ 1..=4_094) = scalar::number(digits) else {
        return arg.refuse_text(name, Problem::NotAVlanId);
    };
    upper(arg, name, parent, Attr::VLAN_ID, id)
}

/// `ib.pkey=`. The link is named as the kernel's own users name it: the key in four hexadecimal digits.
///
/// # Errors
/// The word was reported and has no effect.
pub fn pkey(arg: &mut Arg<'_, '_, '_>) -> Done {
    let (parent, key) = parts::split(arg.field(0), b'.');
    let key = key.unwrap_or_default();
    let Some(key @ 0..=0xffff) = number(key, HEX) else {
        return Err(Refused::of(0, Problem::NotAPkey));
    };
    let mut name = None;
    partition_name(parent, key, &mut name);
    let Some(name) = &name else {
        return Err(Refused::of(0, Problem::NotALinkName));
    };
    let name = name.as_bytes();
    upper(arg, name, parent, Attr::PKEY, key)?;
    arg.end(1);
    Ok(())
}

/// A link that lies on one other, and the number that tells it from others there.
#[inline(never)]
fn upper(
    arg: &mut Arg<'_, '_, '_>,
    name: &[u8],
    parent: &[u8],
    attr: Attr,
    number: u32,
) -> Result<LinkId, Reported> {
    if IfName::new(name).is_none() {
        return arg.refuse_text(name, Problem::NotALinkName);
    }
    if parent.is_empty() || parent == name {
        return arg.refuse_text(arg.value, Problem::NoParent);
    }
    let below = arg.link(parent, Role::Lower)?;
    let kind = match attr {
        Attr::VLAN_ID => LinkKind::Vlan,
        _ => LinkKind::Infiniband,
    };
    let id = made(arg, name, kind)?;
    if let Some(below) = arg.cx.config.link(below) {
        let lower = below.matches;
        if let Some(link) = arg.cx.config.link_mut(id) {
            link.lower = Some(lower);
        }
    }
    let origin = arg.origin(arg.value);
    let put = arg.cx.put_value(id, attr, Value::Number(number), origin);
    arg.check_room(put);
    Ok(id)
}

/// A link with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Master {
    /// `bond=`.
    Bond,
    /// `team=`.
    Team,
    /// `bridge=`.
    Bridge,
}

/// By [`Master`], what stands in the place of fields that are missing: the name, the ports, and the options, of which
/// those of a bridge cannot be said.
const DEFAULTS: &[u8] = b"bond0:eth0,eth1\nteam0:eth0,eth1\nbr0:eth0:stp=0,forward_delay=0";

/// By [`Master`], the kind of link, whose options it has, and how many fields the word may have.
static MASTERS: [(LinkKind, Scope, u8); 3] = [
    (LinkKind::Bond, Scope::Bond, 4),
    (LinkKind::Team, Scope::Bond, 3),
    (LinkKind::Bridge, Scope::Bridge, 2),
];

/// `bond=`, `team=`, `bridge=`. What is wrong with a port or an option costs that.
///
/// # Errors
/// The word was reported and has no effect.
#[inline(never)]
pub fn master(arg: &mut Arg<'_, '_, '_>, master: Master) -> Done {
    let Some((kind, scope, fields)) = MASTERS.get(master as usize) else {
        return Ok(());
    };
    let mut options = Some(parts::nth(DEFAULTS, b'\n', master as usize));
    let mut name = parts::take(&mut options, b':');
    let mut ports = parts::next(&mut options, b':');
    if !arg.field(0).is_empty() {
        name = arg.field(0);
    }
    if arg.len > 1 {
        ports = Some(arg.field(1));
    }
    if *fields > 2 {
        options = Some(arg.field(2));
    }
    let id = made(arg, name, *kind)?;
    while let Some(text) = parts::next(&mut ports, b',') {
        if text.is_empty() {
            continue;
        }
        let Ok(port) = arg.link(text, Role::Port) else {
            continue;
        };
        if port == id {
            arg.complain(text, ITSELF);
        } else if let Some(port) = arg.cx.config.link_mut(port) {
            let before = port.master;
            IfName::read(name, &mut port.master);
            if before.is_some() && before != port.master {
                arg.complain(text, OTHER_MASTER);
            }
        }
    }
    if master == Master::Team {
        arg.say(AS_BOND);
    }
    while let Some(option) = parts::next(&mut options, b',') {
        if option.is_empty() {
            continue;
        }
        let origin = arg.origin(option);
        let put = match master {
            Master::Team => arg.cx.put_runner(id, option, origin),
            Master::Bond | Master::Bridge => arg.cx.put_option(id, *scope, option, origin),
        };
        arg.check(option, put);
    }
    if master == Master::Bond {
        arg.mtu(3, id);
    }
    arg.cx.settle_bond(id);
    arg.end((*fields).into());
    Ok(())
}

/// A link that is made, known by its name.
#[inline(never)]
fn made(arg: &mut Arg<'_, '_, '_>, name: &[u8], kind: LinkKind) -> Result<LinkId, Reported> {
    if IfName::new(name).is_none() {
        return arg.refuse_text(arg.field(0), Problem::NotALinkName);
    }
    let id = arg.link(name, Role::Named)?;
    if let Some(link) = arg.cx.config.link_mut(id) {
        link.kind = kind;
    }
    Ok(id)
}

const ITSELF: Complaint = Complaint::error(Problem::Duplicate, Effect::PartIgnored);
const OTHER_MASTER: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);
const AS_BOND: Complaint = Complaint::note(Problem::TeamAsBond, Effect::None);

#[cfg(test)]
mod tests {
    use crate::source::cmdline;
    use crate::source::testing::{Storage, stacked};
    use std::string::String;
    use std::vec::Vec;

    /// The links with what they are made of, and the complaints but for those about teams.
    fn read(line: &str) -> (Vec<String>, Vec<String>) {
        let mut storage = Storage::default();
        let heard = storage.read("cmdline", line, |cx| {
            cmdline::read(cx);
            cmdline::finish(cx);
        });
        let mut told = heard.lines();
        told.retain(|line| !line.contains("TeamAsBond None"));
        (sorted(stacked(&storage.config())), told)
    }

    fn sorted(mut links: Vec<String>) -> Vec<String> {
        links.sort();
        links
    }

    /// One row: a command line, and the links it comes to without a complaint.
    fn check(rows: &[(&str, &[&str])]) {
        for (line, links) in rows {
            let (found, told) = read(line);
            let links = links.iter().map(|link| String::from(*link)).collect();
            assert_eq!(found, sorted(links), "{line}");
            assert!(told.is_empty(), "{line}: {told:?}");
        }
    }

    /// One row: a command line that comes to these links and this complaint.
    fn check_bad(rows: &[(&str, &[&str], &str)]) {
        for (line, links, complaint) in rows {
            assert_eq!(
                read(line),
                (
                    sorted(links.iter().map(|link| String::from(*link)).collect()),
                    Vec::from([String::from(*complaint)])
                ),
                "{line}"
            );
        }
    }

    #[test]
    fn a_vlan_has_the_id_its_name_ends_with() {
        let parent = "eth0 ethernet disabled/ignore";
        check(&[
            (
                "vlan=vlan0005:eth0",
                &["vlan0005 vlan on eth0 id=5 auto/auto", parent],
            ),
            (
                "vlan=eth0.4094:eth0",
                &["eth0.4094 vlan on eth0 id=4094 auto/auto", parent],
            ),
            ("vlan=5:eth0", &["5 vlan on eth0 id=5 auto/auto", parent]),
            (
                "vlan=v1:52-54-00-12-34-56",
                &[
                    "v1 vlan on 52:54:00:12:34:56 id=1 auto/auto",
                    "52:54:00:12:34:56 ethernet disabled/ignore",
                ],
            ),
            (
                "ip=eth0:dhcp ip=eth0.5:none vlan=eth0.5:eth0",
                &[
                    "eth0 ethernet dhcp/ignore",
                    "eth0.5 vlan on eth0 id=5 disabled/disabled",
                ],
            ),
            (
                "vlan=a7.8:a7 vlan=a7:eth0",
                &[
                    "a7.8 vlan on a7 id=8 auto/auto",
                    "a7 vlan on eth0 id=7 disabled/ignore",
                    parent,
                ],
            ),
        ]);
        check_bad(&[
            ("vlan=", &[], "error 1:6 vlan= NotAVlanId WordIgnored"),
            (
                "vlan=vlan:eth0",
                &[],
                "error 1:6 vlan= \"vlan\" NotAVlanId WordIgnored",
            ),
            (
                "vlan=v0:eth0",
                &[],
                "error 1:6 vlan= \"v0\" NotAVlanId WordIgnored",
            ),
            (
                "vlan=v4095:eth0",
                &[],
                "error 1:6 vlan= \"v4095\" NotAVlanId WordIgnored",
            ),
            (
                "vlan=v5",
                &[],
                "error 1:6 vlan= \"v5\" NoParent WordIgnored",
            ),
            (
                "vlan=v5:v5",
                &[],
                "error 1:6 vlan= \"v5:v5\" NoParent WordIgnored",
            ),
            (
                "vlan=a/5:eth0",
                &[],
                "error 1:6 vlan= \"a/5\" NotALinkName WordIgnored",
            ),
            (
                "vlan=v5:a/b",
                &[],
                "error 1:9 vlan= \"a/b\" NotALinkName WordIgnored",
            ),
            (
                "vlan=v5:eth0:reorder_hdr=on",
                &["v5 vlan on eth0 id=5 auto/auto", parent],
                "warning 1:14 vlan= \"reorder_hdr=on\" ExtraField PartIgnored",
            ),
        ]);
    }

    #[test]
    fn a_partition_has_its_key_in_its_name() {
        let parent = "ib0 infiniband disabled/ignore";
        check(&[
            (
                "ib.pkey=ib0.8004",
                &["ib0.8004 infiniband on ib0 pkey=32772 auto/auto", parent],
            ),
            (
                "ib.pkey=ib0.0x4",
                &["ib0.0004 infiniband on ib0 pkey=4 auto/auto", parent],
            ),
        ]);
        check_bad(&[
            ("ib.pkey=", &[], "error 1:9 ib.pkey= NotAPkey WordIgnored"),
            (
                "ib.pkey=ib0",
                &[],
                "error 1:9 ib.pkey= \"ib0\" NotAPkey WordIgnored",
            ),
            (
                "ib.pkey=ib0.10000",
                &[],
                "error 1:9 ib.pkey= \"ib0.10000\" NotAPkey WordIgnored",
            ),
            (
                "ib.pkey=mlx.4.8004",
                &[],
                "error 1:9 ib.pkey= \"mlx.4.8004\" NotAPkey WordIgnored",
            ),
        ]);
    }

    #[test]
    fn ports_have_a_master_and_no_addresses() {
        let ports = [
            "eth0 ethernet of bond0 disabled/disabled",
            "eth1 ethernet of bond0 disabled/disabled",
        ];
        let bare = ["bond0 bond auto/auto", ports[0], ports[1]];
        check(&[
            ("bond", &bare),
            ("bond=", &bare),
            ("bond=bond0", &bare),
            ("bond=:eth0,eth1", &bare),
            ("bond=bond0:eth0,,eth1,", &bare),
            ("bond=b:", &["b bond auto/auto"]),
            (
                "bridge",
                &[
                    "br0 bridge stp=0 forward_delay=0 auto/auto",
                    "eth0 ethernet of br0 disabled/disabled",
                ],
            ),
            (
                "team=t:eth0:activebackup",
                &[
                    "t team mode=1 auto/auto",
                    "eth0 ethernet of t disabled/disabled",
                ],
            ),
            (
                "bridge=br0:bond0 bond=bond0:eth0 ip=br0:dhcp",
                &[
                    "br0 bridge stp=0 forward_delay=0 dhcp/ignore",
                    "bond0 bond of br0 disabled/disabled",
                    "eth0 ethernet of bond0 disabled/disabled",
                ],
            ),
            (
                "bond=b:52-54-00-12-34-56 ip=b:none",
                &[
                    "b bond disabled/disabled",
                    "52:54:00:12:34:56 ethernet of b disabled/disabled",
                ],
            ),
        ]);
        check_bad(&[
            (
                "bond=b:eth0,a/b",
                &["b bond auto/auto", "eth0 ethernet of b disabled/disabled"],
                "error 1:13 bond= \"a/b\" NotALinkName PartIgnored",
            ),
            (
                "bond=b:eth0,b",
                &["b bond auto/auto", "eth0 ethernet of b disabled/disabled"],
                "error 1:13 bond= \"b\" Duplicate PartIgnored",
            ),
            (
                "bond=a/b:eth0",
                &[],
                "error 1:6 bond= \"a/b\" NotALinkName WordIgnored",
            ),
            (
                "bridge=b:eth0:x",
                &[
                    "b bridge stp=0 forward_delay=0 auto/auto",
                    "eth0 ethernet of b disabled/disabled",
                ],
                "warning 1:15 bridge= \"x\" ExtraField PartIgnored",
            ),
            (
                "team=t:eth0:random",
                &["t team auto/auto", "eth0 ethernet of t disabled/disabled"],
                "error 1:13 team= \"random\" NotAWord PartIgnored",
            ),
        ]);
        let (links, told) = read("ip=192.0.2.5:::24::eth0:none bond=bond0:eth0");
        assert_eq!(links, ["bond0 bond auto/auto", ports[0]]);
        assert_eq!(told, ["warning 1:4 ip= PortAddr PartIgnored"]);
    }

    #[test]
    fn a_bad_option_of_a_bond_costs_itself() {
        let port = "eth0 ethernet of b disabled/disabled";
        check(&[
            (
                "bond=b:eth0:mode=802.3ad,,lacp_rate=fast:9000",
                &["b bond mtu 9000 mode=4 lacp_rate=1 auto/auto", port],
            ),
            (
                "bond=b:eth0:arp_interval=100,arp_ip_target=192.0.2.1;192.0.2.2",
                &[
                    "b bond arp_interval=100 arp_ip_target=192.0.2.1,192.0.2.2 auto/auto",
                    port,
                ],
            ),
            (
                "bond=b:eth0:ns_ip6_target=[2001:db8::1];[2001:db8::2],arp_interval=100",
                &[
                    "b bond ns_ip6_target=2001:db8::1,2001:db8::2 arp_interval=100 auto/auto",
                    port,
                ],
            ),
            (
                "bond=b:eth0:mode=1,mode=2",
                &["b bond mode=2 auto/auto", port],
            ),
        ]);
        check_bad(&[
            (
                "bond=b:eth0:mode=1,x=1",
                &["b bond mode=1 auto/auto", port],
                "error 1:20 bond= \"x=1\" NotAnOption PartIgnored",
            ),
            (
                "bond=b:eth0:mode=bogus",
                &["b bond auto/auto", port],
                "error 1:13 bond= \"mode=bogus\" NotAWord PartIgnored",
            ),
            (
                "bond=b:eth0:mode=1:x",
                &["b bond mode=1 auto/auto", port],
                "error 1:20 bond= \"x\" NotAnMtu PartIgnored",
            ),
            (
                "bond=b:eth0:mode=1,lacp_rate=1",
                &["b bond mode=1 auto/auto", port],
                "warning 1:20 lacp_rate \"mode\" NotWith PartIgnored",
            ),
        ]);
    }

    #[test]
    fn every_truncation_is_read() {
        let line = "vlan=eth0.5:eth0:x ib.pkey=ib0.8004 bond=b:eth0,a/b:mode=1,x:9:x team=t::lacp:x bridge=b::x";
        for end in 0..=line.len() {
            read(&line[..end]);
            read(&line[end..]);
        }
    }
}
