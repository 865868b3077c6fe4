//! `/run/ifdawn/state.json` (CONTRACT section 4): one link a line, so that a run which looks at some
//! links carries the lines of the others over unread.

use crate::engine::{Engine, Event};
use crate::model::addr::{Cidr, is_link_local};
use crate::model::advert::{Item, What};
use crate::model::config::{LinkConfig, LinkId, LinkMatch};
use crate::model::desired::{self, DesiredLink, FOREVER};
use crate::model::lease::{AnyLease, Naming};
use crate::model::link::Mac;
use crate::output::json::{Json, Octets};
use crate::output::lease::each;
use crate::output::owned::{List, Words};
use crate::output::plan_json::add_names;
use crate::packed::{Packed, packed, word};
use crate::plan::resolve::LinkState;
use crate::proto::Lessee;
use crate::text::parts;
use crate::text::show::{Show, Text, displayed};
use core::net::IpAddr;

/// How each link's line begins.
const LINE_START: &[u8] = b"{\"name\":";

/// The line of a link without its comma, and what follows the quote before the name, which is empty where that is
/// null; `None` for what is no such line, or lacks its end, as what a full disk left.
pub fn link_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = line.strip_prefix(LINE_START)?;
    let name = name.strip_prefix(b"\"").unwrap_or_default();
    let line = match line {
        [line @ .., b','] => line,
        line => line,
    };
    matches!(line, [.., b']', b'}']).then_some((line, name))
}

/// The next line of a link whose name is wanted, as it stands behind its quote; see [`link_line`].
#[inline(never)]
pub fn next_link<'t>(
    rest: &mut Option<&'t [u8]>,
    is_wanted: &dyn Fn(&[u8]) -> bool,
) -> Option<&'t [u8]> {
    while let Some(line) = parts::next(rest, b'\n') {
        if let Some((line, name)) = link_line(line)
            && is_wanted(name)
        {
            return Some(line);
        }
    }
    None
}

/// Whether a text is of this form.
pub fn is_ours(text: &[u8]) -> bool {
    text.starts_with(b"{\"version\":1,")
}

/// The file's text.
pub struct State<'a, 'm>(pub &'a Engine<'m>);

/// The file. What only a link that is there has is null or empty for the others.
const FILE: Packed = packed!(concat!(
    r#"{"version":1,"outcome":%,"started_ms":%,"links":[<"#,
    "\n",
    r#"{"name":%,"ifindex":%,"mac":%,"kind":%,"state":%,"carrier":%,"#,
    r#""addresses":[<{"address":%,"source":%,"valid_s":%,"preferred_s":%}>],"#,
    r#""routes":[<%>],"dns":[<%>],"lease4":<{<%:%>}>|,"lease6":<{<%:%>}>|,"#,
    r#""ra":[<{"router":%,"says":%,"value":%,"valid_s":%}>],"#,
    r#""timeline":[<{"at_us":%,"event":%}>],"problems":[<%>]}>%"#,
    "\n]}\n"
));

/// A route file may hold 100,000: the state names the first ones.
const ROUTES_SHOWN: usize = 64;

impl Show for State<'_, '_> {
    fn show(&self, f: &mut Text<'_>) {
        let engine = self.0;
        let mut json = Json::new(f.0, FILE);
        json.string(engine.outcome().word());
        json.number(engine.started().0 / 1_000);
        let mut comma = 1;
        for (state, n) in engine.states.iter().zip(0..) {
            let id = LinkId::new(n);
            let mut is_found = false;
            for link in engine.desired.links.iter() {
                if link.config == Some(id) {
                    (is_found, comma) = (true, 0);
                    line(&mut json, engine, id, Some(link));
                }
            }
            if !is_found && (state.lacks_link() || *state == LinkState::Failed) {
                comma = 0;
                line(&mut json, engine, id, None);
            }
        }
        json.end();
        let carried = &*engine.resolv_conf.servers;
        json.raw(&Octets(carried.get(comma..).unwrap_or_default()));
        json.go_on();
    }
}

displayed!(State<'_, '_>);

/// Writes the line of a link; `found` is `None` for one that did not appear.
#[inline(never)]
fn line(json: &mut Json<'_>, engine: &Engine<'_>, id: LinkId, found: Option<&DesiredLink>) {
    let Some((config, mut state)) = engine.link_at(id.place()) else {
        return;
    };
    let (ifindex, name, mac) = match found {
        Some(link) => (link.ifindex, Some(&link.name), &link.mac),
        None => (0, config.name.as_ref(), &config.mac),
    };
    let observed = engine.observed.by_index(ifindex);
    let desired = &engine.desired;
    json.item();
    json.text_or_null(&Octets(name.map_or(b"", |name| name.as_bytes())));
    json.number_or_null(observed.map(|link| link.ifindex));
    let current = observed.map_or(&Mac::NONE, |link| &link.mac);
    json.text_or_null(if mac.is_none() { current } else { mac });
    json.packed(config.kind.word());
    let waits = found.is_some_and(|link| link.asks && !link.leased);
    let has_carrier = observed.is_some_and(|link| link.has_carrier());
    // One description may fit several links.
    if state == LinkState::Up && waits && is_any(config) {
        state = match has_carrier {
            true => LinkState::WaitingLease,
            false => LinkState::WaitingCarrier,
        };
    }
    json.packed(WORDS.line(state as usize));
    json.boolean(has_carrier);
    let lessee = engine.lessee(ifindex);
    for addr in desired.things.iter() {
        if addr.what == desired::What::Addr && addr.is_wanted_on(ifindex) {
            let source = match addr.leased {
                true => (addr.route.family() as usize).wrapping_add(1),
                false => 0,
            };
            address(
                json,
                &addr.route.dst,
                source,
                &[addr.valid_secs, addr.preferred_secs],
            );
        }
    }
    for held in engine.formed_on(ifindex) {
        address(json, &held.addr, 4, &held.lives);
    }
    json.end();
    let routes = desired.things.iter().filter(|route| {
        route.what == desired::What::Route
            && route.ifindex == ifindex
            && route.standing < desired::Standing::Connected
    });
    for route in routes.take(ROUTES_SHOWN) {
        json.item();
        json.text(&Words(route, &engine.config));
    }
    json.end();
    let id = observed.map_or(LinkId::NONE, |_| id);
    add_names(json, &engine.config, Some(id), lessee, found, List::Dns);
    let lease4 = lessee.filter(|_| found.is_some_and(|link| link.leased));
    leased_words(json, lease4.map(|lessee| lessee.lease.any()));
    let lease6 = lessee.filter(|lessee| lessee.client6.is_answered());
    leased_words(json, lease6.map(|lessee| lessee.lease6.any()));
    routers(json, lessee);
    for mark in engine.marks.iter() {
        if mark.ifindex == ifindex {
            json.item();
            json.number(mark.at.0.saturating_sub(engine.started().0));
            json.packed(mark.event.word());
        }
    }
    json.end();
    for (of, text) in engine.problems.iter() {
        if *of == ifindex {
            json.item();
            json.text(&Octets(engine.config.text(*text)));
        }
    }
    json.end();
}

/// Writes what routers said.
fn routers(json: &mut Json<'_>, lessee: Option<&Lessee>) {
    if let Some(lessee) = lessee {
        for kept in lessee.ndisc.kept() {
            json.item();
            json.text(&IpAddr::V6(kept.router));
            json.packed(SAYS.item(kept.item().0[0].into()));
            json.text(&InWords(kept.item()));
            json.number(kept.item().valid().into());
        }
    }
    json.end();
}

/// Writes an address, by its place in [`SOURCES`] where it is from unless it is link-local, and the seconds that it
/// lives and is preferred.
#[inline(never)]
fn address(json: &mut Json<'_>, addr: &Cidr, source: usize, lives: &[u32]) {
    json.item();
    json.text(addr);
    json.packed(SOURCES.item(match is_link_local(&addr.addr) {
        true => 3,
        false => source,
    }));
    for secs in lives {
        json.number_or_null(Some(*secs).filter(|secs| *secs != FOREVER));
    }
}

/// By [`What`]: what it is.
const SAYS: Packed = packed!(",link,,,router,captive-portal,pref64,dns,search");

/// By [`MANAGED`](crate::model::advert::MANAGED) and `OTHER` together: of what there is more by DHCPv6.
const FLAGS: Packed = packed!(",other,managed,managed other");

/// Where an address is from.
const SOURCES: Packed = packed!("static,dhcp4,dhcp6,link-local,ra");

/// What a router said, but for what it is.
struct InWords<'a>(Item<'a>);

impl Show for InWords<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let item = self.0;
        let octets = item.octets();
        if item.is(What::Link) {
            FLAGS.item((item.flags() >> 6).into()).show(f);
        } else if !(item.is(What::Server) || item.is(What::Pref64)) {
            f.put(octets);
        } else if let Some((before, addr)) = octets.split_last_chunk::<16>() {
            IpAddr::from(*addr).show(f);
            // A prefix has its length before it, behind its times.
            if let [.., len] = before {
                f.count(word!("/"), (*len).into());
            }
        }
    }
}

/// Writes a lease, with the keys of its file.
fn leased_words(json: &mut Json<'_>, lease: Option<AnyLease<'_>>) {
    if let Some(lease) = lease {
        json.item();
        each(lease, Naming::Keys, &mut |key, value| {
            json.item();
            json.packed(key);
            json.text(value);
        });
        json.end();
    }
    json.end();
}

impl Event {
    /// Its word.
    pub fn word(self) -> Packed {
        WORDS.line(self as usize)
    }
}

fn is_any(config: &LinkConfig) -> bool {
    matches!(config.matches, LinkMatch::Any)
}

/// The words of CONTRACT section 4: by their numbers those of each [`LinkState`] and
/// [`Event`].
const WORDS: Packed = packed!(
    "ignored\nfound\nup\nfailed\nwaiting-device\nwaiting-udev\nwaiting-parent\nwaiting-port\ndad\nwaiting-carrier\ndhcp4\ndhcp4\nwaiting-lacp\nra\ndhcp6\nseen\nrenamed\ndone\ncarrier\ndiscover\noffer\nrequest\nack\nprobe\nannounce\ndecline\nrelease\nethtool\nra\nrs\nprobe6\naddress\nsolicit\nadvertise\nrequest6\nreply\nheld"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::engine::Instant;
    use crate::machine::Machine;
    use crate::model::addr::Cidr;
    use crate::model::config::{Server, SourceKind};
    use crate::model::desired::Thing;
    use crate::model::link::IfName;
    use crate::model::observed::{ARPHRD_ETHER, IFF_LOWER_UP, IFF_UP, KernelKind, Link};
    use crate::model::route::Route;
    use std::string::{String, ToString};

    #[test]
    fn other_links_are_carried_over() {
        let old = b"{\"version\":1,\"links\":[\n{\"name\":\"eth0\",\"x\":[1]},\n{\"name\":\"eth1\",\"x\":[2]},\n{\"name\":null,\"x\":[]},\n{\"name\":\"e\",\"x\":[{}";
        let text = state_of(&[b"eth0"], &[], old);
        assert!(is_json(&text), "{text}");
        assert!(
            text.ends_with("]},\n{\"name\":\"eth1\",\"x\":[2]}\n]}\n"),
            "{text}"
        );
        assert_eq!(text.matches("{\"name\":").count(), 2, "{text}");
    }

    const TEXT: usize = 65_536;
    type Tables = Machine<4, 4, 4, 256, 260, 600, 512, TEXT>;

    /// The octets after one JSON value (RFC 8259); `None` if there is none at the front.
    fn after_value(text: &str) -> Option<&str> {
        let text = text.trim_start();
        let mut characters = text.chars();
        match characters.next()? {
            open @ ('{' | '[') => after_members(characters.as_str(), open),
            '"' => after_string(characters.as_str()),
            '0'..='9' => Some(text.trim_start_matches(|c: char| c.is_ascii_digit())),
            _ => ["true", "false", "null"]
                .iter()
                .find_map(|word| text.strip_prefix(word)),
        }
    }

    fn after_members(mut text: &str, open: char) -> Option<&str> {
        let close = if open == '{' { '}' } else { ']' };
        if let Some(rest) = text.trim_start().strip_prefix(close) {
            return Some(rest);
        }
        loop {
            if open == '{' {
                let key = text.trim_start().strip_prefix('"')?;
                text = after_string(key)?.trim_start().strip_prefix(':')?;
            }
            text = after_value(text)?.trim_start();
            match text.strip_prefix(',') {
                Some(rest) => text = rest,
                None => return text.strip_prefix(close),
            }
        }
    }

    fn after_string(text: &str) -> Option<&str> {
        let mut characters = text.chars();
        loop {
            match characters.next()? {
                '"' => return Some(characters.as_str()),
                '\0'..='\x1f' => return None,
                '\\' => match characters.next()? {
                    'u' => {
                        let digits = characters.as_str().get(..4)?;
                        u16::from_str_radix(digits, 16).ok()?;
                        characters = characters.as_str().get(4..)?.chars();
                    }
                    '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => {}
                    _ => return None,
                },
                _ => {}
            }
        }
    }

    fn is_json(text: &str) -> bool {
        after_value(text).is_some_and(|rest| rest.trim().is_empty())
    }

    #[test]
    fn the_judge_of_json_is_one() {
        for good in [
            "{}",
            "[1,\"a\\u000a\\\"\",{\"k\":null}]\n",
            " { \"a\" : [ ] , \"b\" : true } ",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "{",
            "{]",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,}",
            "\"\n\"",
            "\"\\x\"",
            "1 2",
            "[1 2]",
            "{a:1}",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }

    fn want(engine: &mut Engine<'_>, name: &[u8], ifindex: u32, routes: u8) {
        let name = IfName::from_kernel(name).unwrap();
        let (mac, origin) = (Mac::new(&[2; 6]).unwrap(), Origin::NONE);
        let config = LinkConfig::matching(LinkMatch::Name(name), SourceKind::Ifcfg, origin);
        let config = engine.config.add_link(&config);
        let link = DesiredLink {
            config,
            ..DesiredLink::new(ifindex, name, origin)
        };
        engine.desired.links.push(link).unwrap();
        let (flags, arphrd, kind) = (IFF_UP | IFF_LOWER_UP, ARPHRD_ETHER, KernelKind::Device);
        let link = Link {
            flags,
            arphrd,
            mac,
            perm_mac: mac,
            kind,
            ..Link::new(ifindex, name)
        };
        engine.observed.links.push(link).unwrap();
        let addr = Cidr::new([192, 0, 2, 5].into(), 24).unwrap();
        let addr = Thing::addr(ifindex, &addr, &None, origin);
        engine.desired.things.push(addr).unwrap();
        for number in 0..routes {
            let route = Route::new(Cidr::new([10, 0, number, 0].into(), 24).unwrap());
            let route = Thing::route(ifindex, &route, origin);
            engine.desired.things.push(route).unwrap();
        }
        engine
            .config
            .servers
            .push(Server {
                addr: [192, 0, 2, 53].into(),
                link: config,
            })
            .unwrap();
        engine.now = Instant(5_000);
        engine.mark(ifindex, Event::Done);
        let problem = engine
            .config
            .keep(b"a \"quoted\" \\ \x1b[2J \xff problem\n")
            .unwrap();
        engine.problems.push((ifindex, problem)).unwrap();
    }

    /// `links` up, `missing` not there; lines of other links after them.
    fn state_of(links: &[&[u8]], missing: &[&[u8]], carried: &[u8]) -> String {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        engine.start(Instant(1_000));
        for (name, ifindex) in links.iter().zip(2..) {
            want(&mut engine, name, ifindex, 100);
            engine.states.push(LinkState::Up).unwrap();
        }
        for name in missing {
            let name = LinkMatch::Name(IfName::from_kernel(name).unwrap());
            engine
                .config
                .add_link(&LinkConfig::matching(name, SourceKind::Ifcfg, Origin::NONE))
                .unwrap();
            engine.states.push(LinkState::WaitingDevice).unwrap();
        }
        assert!(engine.carry(carried));
        State(&engine).to_string()
    }

    const OTHER: &[u8] =
        b"{\"version\":1,\n{\"name\":\"eth9\",\"x\":[]},\n{\"name\":\"eth8\",\"x\":[]}";

    #[test]
    fn the_text_is_json_with_and_without_links_of_every_sort() {
        let odd = &b"a\"\\\xff\x1b"[..];
        for links in [&[][..], &[&b"eth0"[..]], &[b"eth0", b"eth1"], &[odd]] {
            for missing in [&[][..], &[&b"eth5"[..]], &[b"eth5", odd]] {
                for carried in [&b""[..], OTHER] {
                    let text = state_of(links, missing, carried);
                    assert!(is_json(&text), "{text}");
                    let count = links.len() + missing.len() + usize::from(!carried.is_empty()) * 2;
                    assert_eq!(text.matches("{\"name\":").count(), count, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_link_is_one_line_with_every_key() {
        let text = state_of(&[b"eth0"], &[], b"");
        let line = text.lines().nth(1).unwrap();
        let head = "{\"name\":\"eth0\",\"ifindex\":2,\"mac\":\"02:02:02:02:02:02\",\"kind\":\"ethernet\",\
                    \"state\":\"up\",\"carrier\":true,\"addresses\":[{\"address\":\"192.0.2.5/24\",\
                    \"source\":\"static\",\"valid_s\":null,\"preferred_s\":null}],\"routes\":[\"10.0.0.0/24 proto 153\",";
        let tail = "\"dns\":[\"192.0.2.53\"],\"lease4\":null,\"lease6\":null,\"ra\":[],\
                    \"timeline\":[{\"at_us\":4000,\"event\":\"done\"}],\
                    \"problems\":[\"a \\\"quoted\\\" \\\\ \\u001b[2J \u{ff} problem\\u000a\"]}";
        assert!(line.starts_with(head) && line.ends_with(tail), "{line}");
        assert_eq!(line.matches(" proto 153").count(), 64);
    }

    #[test]
    fn a_link_is_known_again_whatever_it_is_called() {
        for name in [&b"eth1"[..], b"a\"\\b", b"caf\xe9", b"\x1b[2J"] {
            for (links, missing) in [(&[name][..], &[][..]), (&[], &[name])] {
                let old = state_of(&[name, b"eth10"], &[], b"");
                let text = state_of(links, missing, old.as_bytes());
                assert!(is_json(&text), "{text}");
                assert_eq!(text.matches("{\"name\":").count(), 2, "{name:?}");
                assert_eq!(text.matches("{\"name\":\"eth10\"").count(), 1, "{name:?}");
            }
        }
    }

    /// What is written is carried over by the next run, once, whatever the links are called.
    #[test]
    fn what_was_written_is_carried_over() {
        let first = state_of(&[b"eth0", b"eth1"], &[b"eth5"], OTHER);
        let second = state_of(&[b"eth1"], &[], first.as_bytes());
        assert!(is_json(&second), "{second}");
        for name in ["eth0", "eth1", "eth5", "eth8", "eth9"] {
            let entry = std::format!("{{\"name\":\"{name}\"");
            assert_eq!(second.matches(&entry).count(), 1, "{name}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_carried_over_in_part() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        assert!(engine.carry(b"") && !engine.carry(b"<html>"));
        let long = std::format!("{{\"name\":\"eth7\",\"x\":[\"{}\"]}},\n", "x".repeat(TEXT));
        let text = String::from_utf8(OTHER.to_vec()).unwrap();
        assert!(!engine.carry(text.replacen("\n", &std::format!("\n{long}"), 1).as_bytes()));
        assert!(!engine.carry((text + ",\n" + &long).as_bytes()));
        let text = State(&engine).to_string();
        assert!(is_json(&text), "{text}");
        assert_eq!(text.matches("{\"name\":").count(), 2);
    }
}
