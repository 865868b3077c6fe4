//! One route as ip-route(8) takes it: `10.0.0.0/8 via 192.0.2.1 dev eth0 metric 5`.

use super::Key;
use super::key_table::{Names, key, pack_fields, pack_names, packed_len};
use crate::diag::Problem;
use crate::model::addr::{Cidr, Family};
use crate::model::link::IfName;
use crate::model::route::{Reach, Route, RouteKind};
use crate::text::parts;
use crate::text::scalar;
use core::net::IpAddr;

/// Reads the arguments of `ip route add`, but for the link; `None` if they are no route.
pub fn parse_route(words: &[u8], family: Family) -> Option<Route> {
    let mut line = RouteLine::new(words, family);
    line.read().ok()?;
    line.clear_host_bits();
    Some(line.route)
}

/// One line being read.
pub(super) struct RouteLine<'a> {
    line: &'a [u8],
    /// What is not read yet.
    rest: &'a [u8],
    /// The word read last; what made [`RouteLine::read`] fail.
    pub word: &'a [u8],
    /// The destination as written; empty until there is one.
    pub dst: &'a [u8],
    /// `dev`.
    pub dev: Option<IfName>,
    /// The route, complete once [`RouteLine::read`] succeeded; its destination is as written until
    /// [`RouteLine::clear_host_bits`].
    pub route: Route,
}

/// What a word of ip-route(8) means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is a destination.
    Default,
    /// The gateway is on the link.
    Onlink,
    /// The route is of this kind.
    Kind(RouteKind),
    /// It has an argument.
    With(Argument),
}

/// What the argument of a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A destination.
    To,
    /// An address, after `inet` or `inet6` of that family.
    Via,
    /// A link name.
    Dev,
    /// A number.
    Metric,
    /// An address.
    Src,
    /// A number or name.
    Table,
    /// A number or name.
    Protocol,
    /// A number or name.
    Scope,
    /// Two hexadecimal digits.
    Tos,
}

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static WORDS: [Word; KEYS.len()] = pack_fields(KEYS, Word::Default);

/// The words, those of every other line first: they are looked for one after another.
#[rustfmt::skip]
pub const KEYS: &[Key<Word>] = &[
    key("via", Word::With(Argument::Via), "gateway, after `inet` or `inet6` of that family"),
    key("dev", Word::With(Argument::Dev), "link"),
    key("metric", Word::With(Argument::Metric), "metric"),
    key("default", Word::Default, "0.0.0.0/0 or ::/0"),
    key("to", Word::With(Argument::To), "destination"),
    key("src", Word::With(Argument::Src), "preferred source address"),
    key("table", Word::With(Argument::Table), "number, main, local or default"),
    key("proto", Word::With(Argument::Protocol), "number or name of who made the route"),
    key("scope", Word::With(Argument::Scope), "number or name of the scope"),
    key("onlink", Word::Onlink, "the gateway is taken to be on the link"),
    key("any", Word::Default, "as `default`"),
    key("all", Word::Default, "as `default`"),
    key("oif", Word::With(Argument::Dev), "as `dev`"),
    key("priority", Word::With(Argument::Metric), "as `metric`"),
    key("preference", Word::With(Argument::Metric), "as `metric`"),
    key("protocol", Word::With(Argument::Protocol), "as `proto`"),
    key("tos", Word::With(Argument::Tos), "type of service, hexadecimal"),
    key("dsfield", Word::With(Argument::Tos), "as `tos`"),
    key("unicast", Word::Kind(RouteKind::Unicast), "forward packets"),
    key("local", Word::Kind(RouteKind::Local), "take packets"),
    key("broadcast", Word::Kind(RouteKind::Broadcast), "take packets as broadcasts"),
    key("multicast", Word::Kind(RouteKind::Multicast), "a multicast route"),
    key("blackhole", Word::Kind(RouteKind::Blackhole), "drop packets silently"),
    key("unreachable", Word::Kind(RouteKind::Unreachable), "answer \"host unreachable\""),
    key("prohibit", Word::Kind(RouteKind::Prohibit), "answer \"administratively prohibited\""),
    key("throw", Word::Kind(RouteKind::Throw), "go on with the next rule"),
];

/// Storage every system has; others are in rt_tables.
const TABLES: &[u8] = b"main=254 local=255 default=253";
/// `RTPROT_*` (linux/rtnetlink.h).
const PROTOCOLS: &[u8] = b"redirect=1 kernel=2 boot=3 static=4 ra=9 dhcp=16";
/// `RT_SCOPE_*` (linux/rtnetlink.h).
const SCOPES: &[u8] = b"global=0 universe=0 site=200 link=253 host=254 nowhere=255";

/// A scope, by its number or name.
pub(super) fn scope(word: &[u8]) -> Option<u32> {
    number(word, SCOPES).filter(|scope| *scope <= u8::MAX.into())
}

impl<'a> RouteLine<'a> {
    /// Nothing read yet.
    pub fn new(line: &'a [u8], family: Family) -> RouteLine<'a> {
        RouteLine {
            line,
            rest: line,
            word: line.get(..0).unwrap_or_default(),
            dst: line.get(..0).unwrap_or_default(),
            dev: None,
            route: Route::new(Cidr::default(family)),
        }
    }

    /// `None` if there is no more, or a comment.
    fn next(&mut self) -> Option<&'a [u8]> {
        let word = parts::next_word(&mut self.rest)?;
        if word.starts_with(b"#") {
            return None;
        }
        self.word = word;
        Some(word)
    }

    /// The argument of the word before.
    #[inline(never)]
    fn argument_word(&mut self) -> Result<&'a [u8], Problem> {
        let word = self.next();
        if word.is_none() {
            self.word = parts::slice(self.line, self.line.len(), 0);
        }
        word.ok_or(Problem::NoArgument)
    }

    /// Reads every word.
    pub fn read(&mut self) -> Result<(), Problem> {
        while let Some(word) = self.next() {
            match word.first() {
                Some(b'0'..=b'9') => self.destination(word)?,
                Some(_) | None => self.keyword(word)?,
            }
        }
        // a gateway without a destination is the default route, which is there from the start
        if self.dst.is_empty() && self.route.via.is_none() {
            self.word = self.line.get(..0).unwrap_or_default();
            return Err(Problem::NoDestination);
        }
        Ok(())
    }

    fn keyword(&mut self, word: &'a [u8]) -> Result<(), Problem> {
        match meaning(word) {
            Some(Word::Onlink) => self.route.reach = Reach::Onlink,
            Some(Word::Kind(kind)) => self.route.kind = kind,
            Some(Word::With(argument)) => {
                let word = self.argument_word()?;
                return self.argument(argument, word);
            }
            Some(Word::Default) => return self.destination(word),
            None if word.iter().any(|at| matches!(at, b':' | b'.' | b'/')) => {
                return self.destination(word);
            }
            None => return Err(Problem::NotRead),
        }
        Ok(())
    }

    fn argument(&mut self, argument: Argument, word: &'a [u8]) -> Result<(), Problem> {
        let route = &mut self.route;
        match argument {
            Argument::To => return self.destination(word),
            Argument::Via => return self.via(word),
            Argument::Src => return read_addr(word, route.family(), &mut route.src),
            Argument::Dev => {
                self.dev = IfName::new(word);
                return self
                    .dev
                    .is_some()
                    .then_some(())
                    .ok_or(Problem::NotALinkName);
            }
            Argument::Metric
            | Argument::Table
            | Argument::Protocol
            | Argument::Scope
            | Argument::Tos => {}
        }
        let number = match argument {
            // ip(8) reads it in hexadecimal, with or without `0x`
            Argument::Tos => hex(word.strip_prefix(b"0x").unwrap_or(word)),
            Argument::Table => number(word, TABLES),
            Argument::Protocol => number(word, PROTOCOLS),
            Argument::Scope => number(word, SCOPES),
            Argument::To | Argument::Via | Argument::Dev | Argument::Metric | Argument::Src => {
                number(word, b"")
            }
        };
        let number = number.ok_or(Problem::NotANumber)?;
        let octet = u8::try_from(number);
        match (argument, octet) {
            (Argument::Metric, _) => route.metric = Some(number),
            (Argument::Table, _) if number > 0 => route.table = number,
            (Argument::Protocol, Ok(octet)) => route.protocol = octet,
            (Argument::Scope, Ok(octet)) => route.scope = Some(octet),
            (Argument::Tos, Ok(octet)) => route.tos = octet,
            _ => return Err(Problem::NotANumber),
        }
        Ok(())
    }

    /// `via [inet|inet6] ADDRESS`.
    fn via(&mut self, mut word: &'a [u8]) -> Result<(), Problem> {
        let mut family = self.route.family();
        if let Some(version) = word.strip_prefix(b"inet") {
            family = match version {
                b"" => Family::V4,
                b"6" => Family::V6,
                _ => family,
            };
            word = self.argument_word()?;
        }
        read_addr(word, family, &mut self.route.via)
    }

    #[inline(never)]
    fn destination(&mut self, word: &'a [u8]) -> Result<(), Problem> {
        if !self.dst.is_empty() {
            return Err(Problem::ExtraField);
        }
        self.dst = word;
        let is_word = word.first().is_some_and(u8::is_ascii_lowercase);
        if is_word && meaning(word) == Some(Word::Default) {
            return Ok(());
        }
        read_prefix(word, &mut self.route.dst)
    }

    /// Whether the destination had bits beyond its prefix length.
    pub fn clear_host_bits(&mut self) -> bool {
        let written = self.route.dst.addr;
        self.route.dst.addr = self.route.dst.network();
        self.route.dst.addr != written
    }
}

#[inline(never)]
fn meaning(word: &[u8]) -> Option<Word> {
    WORDS.get(NAMES.find(word).row()).copied()
}

/// Reads an address of `family`; all zeros is none.
#[inline(never)]
pub(super) fn read_addr(
    word: &[u8],
    family: Family,
    into: &mut Option<IpAddr>,
) -> Result<(), Problem> {
    let addr = match word.first() {
        Some(b'[') => None,
        _ => scalar::ip(word),
    };
    if addr.as_ref().map(Family::of) != Some(family) {
        return Err(match family {
            Family::V4 => Problem::NotIpv4,
            Family::V6 => Problem::NotIpv6,
        });
    }
    *into = addr;
    scalar::forget_zeros(into);
    Ok(())
}

/// Reads an address, or an address with a length, of the family that `into` has; `10/8` is
/// `10.0.0.0/8`.
fn read_prefix(word: &[u8], into: &mut Cidr) -> Result<(), Problem> {
    let family = into.family();
    if family == Family::V6 {
        let read = scalar::prefix(word, into);
        if read == Err(Problem::NotAnAddress) || into.family() == Family::V4 {
            return Err(Problem::NotIpv6);
        }
        return read;
    }
    let mut rest = Some(word);
    let mut missing = 0;
    let start = parts::next(&mut rest, b'/').unwrap_or_default();
    let addr = scalar::ipv4_start(start, &mut missing).ok_or(Problem::NotIpv4)?;
    into.addr = IpAddr::V4(addr);
    into.len = match rest {
        Some(len) => scalar::prefix_len(len, family).ok_or(Problem::BadPrefix)?,
        None if missing > 0 => return Err(Problem::NotIpv4),
        None => 32,
    };
    Ok(())
}

/// One or two hexadecimal digits.
fn hex(word: &[u8]) -> Option<u32> {
    let octet = scalar::hex_octet(word).filter(|_| word.len() <= 2);
    octet.map(u32::from)
}

/// A number, or that of a name in the list `names`.
#[inline(never)]
fn number(word: &[u8], names: &'static [u8]) -> Option<u32> {
    let mut rest = Some(names);
    while let Some(name) = parts::next(&mut rest, b' ') {
        let mut meant = Some(name);
        if parts::next(&mut meant, b'=') == Some(word) {
            return scalar::number(meant?);
        }
    }
    scalar::number(word)
}

#[cfg(test)]
mod tests {
    use super::super::testing::describe_route;
    use super::*;
    use crate::diag::Problem;
    use std::string::String;

    fn parsed(line: &str, family: Family) -> Result<String, (Problem, usize, usize)> {
        let mut words = RouteLine::new(line.as_bytes(), family);
        match words.read() {
            Ok(()) => {
                words.clear_host_bits();
                Ok(describe_route(&words.route, words.dev))
            }
            Err(what) => {
                let at = words.word.as_ptr() as usize - line.as_ptr() as usize;
                Err((what, at, words.word.len()))
            }
        }
    }

    #[test]
    fn lines_are_those_of_ip_route() {
        for (line, want) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.1", "10.0.0.1/32"),
            ("10/8 via 192.0.2.1", "10.0.0.0/8 via 192.0.2.1"),
            ("172.16/12", "172.16.0.0/12"),
            ("192.168.1/24 # comment", "192.168.1.0/24"),
            ("0/0 via 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
            (
                "to default via 192.0.2.1 dev eth0",
                "0.0.0.0/0 via 192.0.2.1 dev eth0",
            ),
            ("default via 0.0.0.0 dev eth0", "0.0.0.0/0 dev eth0"),
            ("via 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("via 192.0.2.1 10.0.0.0/8", "10.0.0.0/8 via 192.0.2.1"),
            ("10.0.0.0/8 via inet6 fe80::1", "10.0.0.0/8 via fe80::1"),
            ("10.0.0.0/8 via inet 192.0.2.1", "10.0.0.0/8 via 192.0.2.1"),
            ("10.0.0.0/8 metric 5", "10.0.0.0/8 metric 5"),
            ("10.0.0.0/8 preference 5", "10.0.0.0/8 metric 5"),
            (
                "10.0.0.0/8 priority 5 src 192.0.2.9",
                "10.0.0.0/8 src 192.0.2.9 metric 5",
            ),
            ("10.0.0.0/8 table 100", "10.0.0.0/8 table 100"),
            ("10.0.0.0/8 table main", "10.0.0.0/8"),
            ("10.0.0.0/8 table local", "10.0.0.0/8 table 255"),
            ("10.0.0.0/8 table default", "10.0.0.0/8 table 253"),
            ("10.0.0.0/8 proto static", "10.0.0.0/8 proto 4"),
            ("10.0.0.0/8 protocol 99", "10.0.0.0/8 proto 99"),
            ("10.0.0.0/8 scope link", "10.0.0.0/8 scope 253"),
            ("10.0.0.0/8 scope 200", "10.0.0.0/8 scope 200"),
            ("10.0.0.0/8 tos 0x10", "10.0.0.0/8 tos 16"),
            ("10.0.0.0/8 dsfield 10", "10.0.0.0/8 tos 16"),
            (
                "10.0.0.0/8 via 192.0.2.1 onlink",
                "10.0.0.0/8 via 192.0.2.1 onlink",
            ),
            ("unicast 10.0.0.0/8", "10.0.0.0/8"),
            ("blackhole 10.0.0.0/8", "blackhole 10.0.0.0/8"),
            ("unreachable default", "unreachable 0.0.0.0/0"),
            ("prohibit 10.0.0.1", "prohibit 10.0.0.1/32"),
            ("throw 10.0.0.0/8", "throw 10.0.0.0/8"),
            (
                " \t10.0.0.0/8\t via \t192.0.2.1 ",
                "10.0.0.0/8 via 192.0.2.1",
            ),
        ] {
            assert_eq!(parsed(line, Family::V4), Ok(want.into()), "{line}");
        }
        for (line, want) in [
            (
                "2001:db8::/32 via fe80::1 dev eth0",
                "2001:db8::/32 via fe80::1 dev eth0",
            ),
            ("default via fe80::1", "::/0 via fe80::1"),
            ("fd00::/8", "fd00::/8"),
            ("::/0 metric 1", "::/0 metric 1"),
            ("2001:db8::1", "2001:db8::1/128"),
        ] {
            assert_eq!(parsed(line, Family::V6), Ok(want.into()), "{line}");
        }
    }

    #[test]
    fn bad_lines_name_the_word() {
        use Problem::*;
        let other = NotRead;
        for (line, want) in [
            ("10.0.0.300/8", (NotIpv4, 0, 12)),
            ("10.0.0.0/33", (BadPrefix, 0, 11)),
            ("10.0.0.0/255.0.255.0", (BadPrefix, 0, 20)),
            ("010/8", (NotIpv4, 0, 5)),
            ("10", (NotIpv4, 0, 2)),
            ("1.2.3.4.5/8", (NotIpv4, 0, 11)),
            ("2001:db8::/32", (NotIpv4, 0, 13)),
            ("10.0.0.0/8 via fe80::1", (NotIpv4, 15, 7)),
            ("10.0.0.0/8 via", (NoArgument, 14, 0)),
            ("10.0.0.0/8 dev # eth0", (NoArgument, 21, 0)),
            ("10.0.0.0/8 dev a/b", (NotALinkName, 15, 3)),
            ("10.0.0.0/8 metric x", (NotANumber, 18, 1)),
            ("10.0.0.0/8 table 0", (NotANumber, 17, 1)),
            ("10.0.0.0/8 table mine", (NotANumber, 17, 4)),
            ("10.0.0.0/8 proto 256", (NotANumber, 17, 3)),
            ("10.0.0.0/8 scope galaxy", (NotANumber, 17, 6)),
            ("10.0.0.0/8 tos 100", (NotANumber, 15, 3)),
            ("10.0.0.0/8 nexthop via 192.0.2.1", (other, 11, 7)),
            ("10.0.0.0/8 mtu lock 1400", (other, 11, 3)),
            ("anycast 10.0.0.0/8", (other, 0, 7)),
            ("10.0.0.0/8 192.0.2.0/24", (ExtraField, 11, 12)),
            ("dev eth0", (NoDestination, 0, 0)),
            ("", (NoDestination, 0, 0)),
        ] {
            assert_eq!(parsed(line, Family::V4), Err(want), "{line}");
        }
        assert_eq!(parsed("10.0.0.0/8", Family::V6), Err((NotIpv6, 0, 10)));
        assert_eq!(parsed("fd00::/129", Family::V6), Err((BadPrefix, 0, 10)));
    }
}
