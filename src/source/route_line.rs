//! One route as ip-route(8) takes it, `10.0.0.0/8 via 192.0.2.1 dev eth0 metric 5`, one rule as ip-rule(8) takes
//! it, and one line of `static-routes` (route(8)): one table of words for the three.

use super::Key;
use super::key_table::{Names, key, pack_fields, pack_names, packed_len, row};
use crate::diag::{LineBuf, Problem};
use crate::limits::MAX_VALUE;
use crate::model::addr::{Cidr, Family, classful_len};
use crate::model::config::{Config, Str};
use crate::model::link::IfName;
use crate::model::route::{More, Reach, Route, RouteKind};
use crate::model::rule::{FRA_FWMASK, FRA_L3MDEV, FRA_SUPPRESS_PREFIXLEN};
use crate::packed::{Packed, packed};
use crate::text::parts;
use crate::text::scalar;
use crate::wire::netlink::{NLA_F_NESTED, Writer, append_attr, attr_in};
use crate::wire::rtnetlink::route::{
    RTA_METRICS, RTA_MULTIPATH, RTA_NH_ID, RTAX_LOCK, RTAX_RTT, RTAX_RTTVAR, RTNEXTHOP,
    RTNH_F_ONLINK, put_gateway,
};
use core::net::IpAddr;
use heapless::{Vec, VecView};

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The arguments of `ip route add`.
    Route,
    /// The arguments of `ip rule add`.
    Rule,
    /// `any net TARGET gw ADDRESS` and so on: what `route add` takes behind `any`.
    Static,
    /// `LINK NET [GATEWAY]`, of IPv6.
    Static6,
    /// `NUMBER NAME` of a routing table.
    Table,
}

/// Room for what one line says beyond the fields of a [`Route`].
#[derive(Default)]
pub struct Room {
    text: LineBuf<MAX_VALUE>,
    attrs: Vec<u8, MAX_ATTRS>,
    metrics: Vec<u8, MAX_METRICS>,
    /// The next hops before the one at hand.
    hops: Vec<u8, MAX_ATTRS>,
}

/// Octets of all attributes: a next hop of 15 octets of text has 28.
const MAX_ATTRS: usize = 2 * MAX_VALUE;
/// Octets of all metrics: 16 numbers and a name.
const MAX_METRICS: usize = 256;
/// Octets of one next hop's attributes.
const MAX_HOP: usize = 32;

/// Reads what follows `ip route add` or `ip rule add`, but for the link; `None` if it is no such thing.
pub fn parse_route(
    words: &[u8],
    form: Form,
    family: Family,
    room: &mut Room,
    config: &mut Config<'_>,
) -> Option<Route> {
    let mut line = RouteLine::new(words, form, family, room);
    line.read(config).ok()?;
    line.clear_host_bits();
    Some(line.route)
}

/// One line being read.
pub(super) struct RouteLine<'a, 'b> {
    line: &'a [u8],
    /// What is not read yet.
    rest: &'a [u8],
    /// What it is.
    pub form: Form,
    /// The word read last; what made [`RouteLine::read`] fail.
    pub word: &'a [u8],
    /// The destination as written; empty until there is one.
    pub dst: &'a [u8],
    /// The destination or the source as written, whichever came last; the name of a table.
    pub at: &'a [u8],
    /// `dev`.
    pub dev: Option<IfName>,
    /// The route, complete once [`RouteLine::read`] succeeded; its destination is as written until
    /// [`RouteLine::clear_host_bits`].
    pub route: Route,
    room: &'b mut Room,
    /// `RTAX_LOCK`: metrics that are not to be changed.
    locks: u32,
    /// What follows the first `nexthop`, it included.
    hops_text: &'a [u8],
    /// `rtnh_hops` of the next hop at hand.
    weight: u8,
}

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is a destination, or a source: everything.
    Default,
    /// Nothing.
    Nothing,
    /// The gateway is on the link.
    Onlink,
    /// The rule is about what does not fit.
    Not,
    /// The table is that of a packet's VRF.
    L3mdev,
    /// A next hop begins.
    Nexthop,
    /// The route, or the action of the rule, is of this kind.
    Kind(RouteKind),
    /// It has an argument: a field of the route, or the attribute of this type.
    With(Value, u8),
}

/// What an argument is. The first ones may be words of [`LISTS`]; those up to [`Value::IpProto`] are octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Value {
    /// Who made it.
    Protocol,
    /// A scope.
    Scope,
    /// Preference of a router, of IPv6.
    Pref,
    /// `enabled` or `disabled`.
    Switch,
    /// What IP carries.
    IpProto,
    /// A table, also one of rt_tables.
    Table,
    /// `ecn`: one of `RTAX_*`.
    Features,
    /// A number, after `lock`: one of `RTAX_*`.
    Metric,
    /// The same, in milliseconds with a unit.
    Time,
    /// The same, a name.
    Congctl,
    /// Type of service: two hexadecimal digits.
    Tos,
    /// Metric of a route, priority of a rule.
    Place,
    /// The weight of a next hop.
    Weight,
    /// A number; 0 becomes no attribute, as the kernel has it.
    Number,
    /// A number, also 0.
    From0,
    /// A number, of IPv6.
    Number6,
    /// `[FROM/]TO`, of IPv4.
    Realms,
    /// The rule to go on with.
    Goto,
    /// `MARK[/MASK]`.
    Mark,
    /// `FIRST[-LAST]` of ports.
    Ports,
    /// `FIRST-LAST` of users.
    Users,
    /// A number of 64 bits in network order.
    Tunnel,
    /// A link name, in an attribute.
    Name,
    /// A link name.
    Dev,
    /// A destination.
    To,
    /// The same, without a mask of its class.
    Net,
    /// The netmask of the destination.
    Netmask,
    /// A source.
    From,
    /// An address, after `inet` or `inet6` of that family.
    Via,
    /// An address.
    Src,
    /// One of the kinds.
    Type,
}

/// By [`Value`], words and their numbers: `RTPROT_*`, `RT_SCOPE_*` (linux/rtnetlink.h), `ICMPV6_ROUTER_PREF_*`
/// (linux/icmpv6.h), `IPPROTO_*` (linux/in.h), tables that every system has, `RTAX_FEATURE_*`.
const LISTS: Packed = packed!(
    "redirect=1 kernel=2 boot=3 static=4 ra=9 dhcp=16
global=0 universe=0 site=200 link=253 host=254 nowhere=255
medium=0 high=1 low=3
disabled=0 enabled=1
icmp=1 tcp=6 udp=17 dccp=33 ipv6-icmp=58 sctp=132
main=254 local=255 default=253
ecn=1"
);

static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static WORDS: [Word; KEYS.len()] = pack_fields(KEYS, Word::Nothing);

/// The words: first those of `static-routes` only, then those of routes, then those of routes and rules, then
/// those of rules only. Those of every other line come first: they are looked for one after another.
#[rustfmt::skip]
pub const KEYS: &[Key<Word>] = &[
    key("net", Word::With(Value::Net, 0), "static-routes: destination, without a mask of its class"),
    key("-net", Word::With(Value::Net, 0), "static-routes: as `net`"),
    key("host", Word::With(Value::To, 0), "static-routes: destination"),
    key("-host", Word::With(Value::To, 0), "static-routes: as `host`"),
    key("netmask", Word::With(Value::Netmask, 0), "static-routes: netmask of the destination"),
    key("gw", Word::With(Value::Via, 0), "static-routes: gateway"),
    key("mss", Word::With(Value::Metric, 8), "static-routes: as `advmss`"),
    key("irtt", Word::With(Value::Time, 4), "static-routes: as `rtt`"),
    key("reject", Word::Kind(RouteKind::Unreachable), "static-routes: as `unreachable`"),
    key("via", Word::With(Value::Via, 0), "gateway, after `inet` or `inet6` of that family"),
    key("dev", Word::With(Value::Dev, 0), "link"),
    key("metric", Word::With(Value::Place, 0), "metric"),
    key("src", Word::With(Value::Src, 0), "preferred source address"),
    key("scope", Word::With(Value::Scope, 0), "number or name of the scope"),
    key("onlink", Word::Onlink, "the gateway is taken to be on the link"),
    key("mtu", Word::With(Value::Metric, 2), "MTU, not above that of the path after `lock`"),
    key("nexthop", Word::Nexthop, "one of several: `via`, `dev`, `weight`, `onlink`"),
    key("weight", Word::With(Value::Weight, 0), "share of a next hop, 1-256"),
    key("oif", Word::With(Value::Dev, 0), "as `dev`"),
    key("window", Word::With(Value::Metric, 3), "largest TCP window in octets"),
    key("rtt", Word::With(Value::Time, 4), "first guess of the round trip time, in 1/8 ms, `ms` or `s`"),
    key("rttvar", Word::With(Value::Time, 5), "first guess of its variance, in 1/4 ms, `ms` or `s`"),
    key("rto_min", Word::With(Value::Time, 13), "least retransmission timeout, `ms` or `s`"),
    key("ssthresh", Word::With(Value::Metric, 6), "slow start threshold"),
    key("cwnd", Word::With(Value::Metric, 7), "bound of the congestion window"),
    key("advmss", Word::With(Value::Metric, 8), "segment size that is announced"),
    key("reordering", Word::With(Value::Metric, 9), "packets that may overtake one"),
    key("hoplimit", Word::With(Value::Metric, 10), "hop limit"),
    key("initcwnd", Word::With(Value::Metric, 11), "first congestion window"),
    key("features", Word::With(Value::Features, 12), "`ecn`, or a number"),
    key("initrwnd", Word::With(Value::Metric, 14), "first receive window"),
    key("quickack", Word::With(Value::Metric, 15), "whether segments are acknowledged at once"),
    key("congctl", Word::With(Value::Congctl, 16), "name of the congestion control"),
    key("fastopen_no_cookie", Word::With(Value::Metric, 17), "TCP Fast Open without a cookie"),
    key("expires", Word::With(Value::Number6, 23), "seconds until it goes, of IPv6"),
    key("nhid", Word::With(Value::Number, 30), "next hop object"),
    key("pref", Word::With(Value::Pref, 20), "preference of a router: `low`, `medium`, `high`, of IPv6"),
    key("ttl-propagate", Word::With(Value::Switch, 26), "`enabled` or `disabled`"),
    key("equalize", Word::Nothing, "nothing, as in ip(8)"),
    key("unicast", Word::Kind(RouteKind::Unicast), "forward packets"),
    key("local", Word::Kind(RouteKind::Local), "take packets"),
    key("broadcast", Word::Kind(RouteKind::Broadcast), "take packets as broadcasts"),
    key("multicast", Word::Kind(RouteKind::Multicast), "a multicast route"),
    key("throw", Word::Kind(RouteKind::Throw), "go on with the next rule"),
    key("default", Word::Default, "0.0.0.0/0 or ::/0"),
    key("to", Word::With(Value::To, 0), "destination"),
    key("table", Word::With(Value::Table, 0), "number, main, local, default or a name of rt_tables"),
    key("from", Word::With(Value::From, 0), "source"),
    key("proto", Word::With(Value::Protocol, 0), "number or name of who made it"),
    key("protocol", Word::With(Value::Protocol, 0), "as `proto`"),
    key("any", Word::Default, "as `default`"),
    key("all", Word::Default, "as `default`"),
    key("priority", Word::With(Value::Place, 0), "metric of a route, place of a rule"),
    key("preference", Word::With(Value::Place, 0), "as `priority`"),
    key("tos", Word::With(Value::Tos, 0), "type of service, hexadecimal"),
    key("dsfield", Word::With(Value::Tos, 0), "as `tos`"),
    key("type", Word::With(Value::Type, 0), "kind of a route, action of a rule"),
    key("realms", Word::With(Value::Realms, 11), "`[FROM/]TO`, numbers, of IPv4"),
    key("realm", Word::With(Value::Realms, 11), "as `realms`"),
    key("blackhole", Word::Kind(RouteKind::Blackhole), "drop packets silently"),
    key("unreachable", Word::Kind(RouteKind::Unreachable), "answer \"host unreachable\""),
    key("prohibit", Word::Kind(RouteKind::Prohibit), "answer \"administratively prohibited\""),
    key("lookup", Word::With(Value::Table, 0), "rule: as `table`"),
    key("pref", Word::With(Value::Place, 0), "rule: as `priority`"),
    key("order", Word::With(Value::Place, 0), "rule: as `priority`"),
    key("not", Word::Not, "rule: about what does not fit"),
    key("iif", Word::With(Value::Name, 3), "rule: link that packets came by"),
    key("dev", Word::With(Value::Name, 3), "rule: as `iif`"),
    key("oif", Word::With(Value::Name, 17), "rule: link that a socket is bound to"),
    key("fwmark", Word::With(Value::Mark, 10), "rule: `MARK[/MASK]`"),
    key("uidrange", Word::With(Value::Users, 20), "rule: `FIRST-LAST`"),
    key("ipproto", Word::With(Value::IpProto, 22), "rule: number, tcp, udp, icmp, sctp, dccp or ipv6-icmp"),
    key("sport", Word::With(Value::Ports, 23), "rule: `FIRST[-LAST]`"),
    key("dport", Word::With(Value::Ports, 24), "rule: `FIRST[-LAST]`"),
    key("tun_id", Word::With(Value::Tunnel, 12), "rule: number of a tunnel"),
    key("l3mdev", Word::L3mdev, "rule: the table is that of the packet's VRF"),
    key("suppress_prefixlength", Word::With(Value::From0, 14), "rule: leaves out routes of a length up to this"),
    key("sup_pl", Word::With(Value::From0, 14), "rule: as `suppress_prefixlength`"),
    key("suppress_ifgroup", Word::With(Value::From0, 13), "rule: leaves out routes of links in this group"),
    key("sup_group", Word::With(Value::From0, 13), "rule: as `suppress_ifgroup`"),
    key("goto", Word::With(Value::Goto, 4), "rule: go on with the rule of this priority"),
    key("nop", Word::Kind(RouteKind::Broadcast), "rule: go on with the next one"),
];

/// The first rows of words of routes, of routes and rules, of rules.
const ROUTE: usize = row(KEYS, "via") as usize;
const COMMON: usize = row(KEYS, "default") as usize;
const RULE: usize = row(KEYS, "lookup") as usize;

/// A scope, by its number or name.
pub(super) fn scope(word: &[u8]) -> Option<u32> {
    number(word, Value::Scope).filter(|scope| *scope <= u8::MAX.into())
}

/// Octets of the packed names before a row.
const fn octets_before(row: usize) -> usize {
    packed_len(KEYS.split_at(row).0)
}

impl<'a, 'b> RouteLine<'a, 'b> {
    /// Nothing read yet.
    pub fn new(
        line: &'a [u8],
        form: Form,
        family: Family,
        room: &'b mut Room,
    ) -> RouteLine<'a, 'b> {
        let empty = line.get(..0).unwrap_or_default();
        room.text.clear();
        room.attrs.clear();
        room.metrics.clear();
        room.hops.clear();
        RouteLine {
            line,
            rest: line,
            form,
            word: empty,
            dst: empty,
            at: empty,
            dev: None,
            route: Route::new(Cidr::default(family)),
            room,
            locks: 0,
            hops_text: empty,
            weight: 0,
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
    pub fn read(&mut self, config: &mut Config<'_>) -> Result<(), Problem> {
        if self.form == Form::Table {
            let word = self.argument_word()?;
            self.route.table = number(word, Value::Number).ok_or(Problem::NotANumber)?;
            self.at = self.argument_word()?;
            return Ok(());
        }
        if self.form == Form::Static6 {
            self.argument(Value::Dev, 0, config)?;
            self.argument(Value::To, 0, config)?;
            self.route.metric = Some(1);
            if !parts::trim_start(self.rest).is_empty() {
                self.argument(Value::Via, 0, config)?;
            }
        }
        while let Some(word) = self.next() {
            match word.first() {
                Some(b'0'..=b'9') if self.form != Form::Rule => self.destination(word)?,
                Some(_) | None => self.keyword(word, config)?,
            }
        }
        if self.form == Form::Rule {
            self.say_since(self.line);
            // as the kernel shows it where nothing is asked
            let attrs = &mut self.room.attrs;
            if attr_in(attrs, FRA_SUPPRESS_PREFIXLEN).is_empty() {
                append_attr(attrs, FRA_SUPPRESS_PREFIXLEN, &[0xff; 4]);
            }
        } else if self.dst.is_empty() && self.route.via.is_none() && self.hops_text.is_empty() {
            // a gateway without a destination is the default route, which is there from the start
            self.word = self.line.get(..0).unwrap_or_default();
            return Err(Problem::NoDestination);
        }
        self.finish(config)
    }

    fn keyword(&mut self, word: &'a [u8], config: &mut Config<'_>) -> Result<(), Problem> {
        let after = self.rest;
        let in_hop = !self.hops_text.is_empty();
        let route = &mut self.route;
        match meaning(self.form, word) {
            Some(Word::Nexthop) if in_hop => return self.end_hop(config),
            Some(Word::Nexthop) if route.via.is_none() => {
                let at = super::offset(word, self.line);
                self.hops_text = parts::slice(self.line, at, self.line.len());
            }
            Some(Word::Onlink) => route.reach = Reach::Onlink,
            Some(Word::With(value, kind)) if !in_hop || OF_HOP.contains(&value) => {
                self.argument(value, kind.into(), config)?;
                if kind != 0 && self.form != Form::Rule {
                    // in words of ip(8)
                    self.say(match word {
                        b"mss" => b"advmss",
                        b"irtt" => b"rtt",
                        _ => word,
                    });
                    self.say_since(after);
                }
            }
            Some(Word::Default) if !in_hop => return self.destination(word),
            None if !in_hop
                && self.form != Form::Rule
                && word.iter().any(|at| matches!(at, b':' | b'.' | b'/')) =>
            {
                return self.destination(word);
            }
            Some(Word::Nothing) => {}
            Some(Word::Kind(kind)) if !in_hop => self.kind(kind),
            Some(Word::Not) => route.reach = Reach::Inverted,
            Some(Word::L3mdev) => {
                route.table = 0;
                append_attr(&mut self.room.attrs, FRA_L3MDEV, &[1]);
            }
            _ => return Err(self.not_read()),
        }
        Ok(())
    }

    /// The kind of a route comes before its table; rules of such kinds have none.
    fn kind(&mut self, kind: RouteKind) {
        self.route.kind = kind;
        self.route.table = match self.form {
            Form::Rule => 0,
            Form::Route | Form::Static | Form::Static6 | Form::Table => kind.usual_table(),
        };
    }

    /// That the word is none of those that are read.
    fn not_read(&self) -> Problem {
        match self.form {
            Form::Rule => Problem::NotARule,
            Form::Route | Form::Static | Form::Static6 | Form::Table => Problem::NotRead,
        }
    }

    /// Adds the words from `from` on that were read to the text.
    #[inline(never)]
    fn say_since(&mut self, from: &'a [u8]) {
        let mut read = parts::slice(from, 0, from.len().wrapping_sub(self.rest.len()));
        while let Some(word) = parts::next_word(&mut read)
            && !word.starts_with(b"#")
        {
            self.say(word);
        }
    }

    /// Adds a word to the text.
    #[inline(never)]
    fn say(&mut self, word: &[u8]) {
        let text = &mut self.room.text;
        if !text.as_bytes().is_empty() {
            text.put(b" ");
        }
        text.put(word);
    }

    /// Puts the next hop at hand behind the others.
    #[inline(never)]
    fn end_hop(&mut self, config: &mut Config<'_>) -> Result<(), Problem> {
        let name = match self.dev.take() {
            Some(name) => keep(name.as_bytes(), config)?.number(),
            None => 0,
        };
        let mut room = [0; MAX_HOP];
        let mut gateway = Writer::new(&mut room);
        if let Some(via) = self.route.via.take() {
            put_gateway(&mut gateway, self.route.family(), &via);
        }
        let gateway = gateway.pending();
        let len = gateway.len() as u8;
        let flags = match self.route.reach {
            Reach::Onlink => RTNH_F_ONLINK as u8,
            Reach::Checked | Reach::Hops | Reach::Inverted => 0,
        };
        let [l0, l1] = u16::from(len.wrapping_add(RTNEXTHOP as u8)).to_ne_bytes();
        let [i0, i1, i2, i3] = name.to_ne_bytes();
        let hops = &mut self.room.hops;
        let _ = hops.extend_from_slice(&[l0, l1, flags, self.weight, i0, i1, i2, i3]);
        let _ = hops.extend_from_slice(gateway);
        (self.route.reach, self.weight) = (Reach::Checked, 0);
        Ok(())
    }

    /// Keeps what was said beyond the fields of the route. One next hop alone is an ordinary route.
    fn finish(&mut self, config: &mut Config<'_>) -> Result<(), Problem> {
        if !self.room.hops.is_empty() {
            self.end_hop(config)?;
            self.route.reach = Reach::Hops;
            self.say_since(self.hops_text);
        }
        let room = &mut *self.room;
        if self.locks != 0 {
            append_attr(&mut room.metrics, RTAX_LOCK, &self.locks.to_ne_bytes());
        }
        for (kind, part) in [
            (RTA_MULTIPATH, &*room.hops),
            (RTA_METRICS | NLA_F_NESTED, &room.metrics),
        ] {
            if !part.is_empty() {
                append_attr(&mut room.attrs, kind, part);
            }
        }
        let text = room.text.as_bytes();
        if text.len() >= MAX_VALUE {
            return Err(Problem::MaxValue);
        }
        if !text.is_empty() {
            self.route.more = Some(More {
                attrs: keep(&room.attrs, config)?,
                text: keep(text, config)?,
            });
        }
        Ok(())
    }

    /// Reads the argument of a word.
    #[inline(never)]
    fn argument(&mut self, value: Value, kind: u16, config: &Config<'_>) -> Result<(), Problem> {
        let is_metric = (Value::Features..=Value::Congctl).contains(&value);
        let mut word = self.argument_word()?;
        if is_metric && parts::is(word, b"lock") {
            self.locks |= 1 << kind;
            word = self.argument_word()?;
        }
        let route = &mut self.route;
        let family = route.family();
        let is_of_other = match value {
            Value::Pref | Value::Number6 => family == Family::V4,
            Value::From => family == Family::V4 && self.form != Form::Rule,
            Value::Realms => family == Family::V6,
            Value::Weight => self.hops_text.is_empty(),
            _ => false,
        };
        if is_of_other {
            return Err(self.not_read());
        }
        let to: &mut VecView<u8> = match is_metric {
            true => &mut self.room.metrics,
            false => &mut self.room.attrs,
        };
        if kind != 0 && !attr_in(to, kind).is_empty() {
            return Err(Problem::Duplicate);
        }
        match value {
            Value::To | Value::Net => {
                self.destination(word)?;
                let dst = &mut self.route.dst;
                if let (Value::Net, IpAddr::V4(addr), 32) = (value, dst.addr, dst.len) {
                    dst.len = classful_len(addr);
                }
                return Ok(());
            }
            Value::Netmask => {
                let len = scalar::prefix_len(word, family);
                route.dst.len = len.ok_or(Problem::BadPrefix)?;
                return Ok(());
            }
            Value::From => {
                self.at = word;
                let mut from = Cidr::default(family);
                read_net(word, self.form, &mut from)?;
                route.from = Some(from).filter(|from| !from.is_default());
                return Ok(());
            }
            Value::Via => return self.via(word),
            Value::Src => return read_addr(word, family, &mut route.src),
            Value::Dev | Value::Name | Value::Congctl => {
                let name = IfName::new(word).ok_or(Problem::NotALinkName)?;
                if value == Value::Dev {
                    self.dev = Some(name);
                } else {
                    append_attr(
                        to,
                        kind,
                        parts::slice(name.padded(), 0, word.len().wrapping_add(1)),
                    );
                }
                return Ok(());
            }
            Value::Type => {
                let Some(Word::Kind(kind)) = meaning(self.form, word) else {
                    return Err(Problem::NotAWord);
                };
                self.kind(kind);
                return Ok(());
            }
            _ => {}
        }
        let separator = match value {
            Value::Mark | Value::Realms => b'/',
            Value::Ports | Value::Users => b'-',
            _ => 0,
        };
        let (first, last) = parts::split(word, separator);
        let first = match value {
            Value::Time => time(word, kind),
            // ip(8) reads it in hexadecimal, with or without `0x`
            Value::Tos => hex(word.strip_prefix(b"0x").unwrap_or(word)),
            Value::Table => Some(
                number(word, value)
                    .or_else(|| config.table(word))
                    .ok_or(Problem::NotATable)?,
            ),
            _ => number(first, value),
        };
        let number_of_last = last.map_or(first, |last| number(last, value));
        let most = match value {
            _ if value <= Value::IpProto => 255,
            Value::Ports => 65_535,
            Value::Weight => 256,
            _ => u32::MAX,
        };
        let (Some(number), Some(end)) = (first, number_of_last) else {
            return Err(Problem::NotANumber);
        };
        let is_short = matches!(value, Value::Table | Value::Weight) && number == 0;
        if is_short || number > most || end > most || value == Value::Users && last.is_none() {
            return Err(Problem::NotANumber);
        }
        let octet = number as u8;
        let (mut payload, mut len) = (u64::from(number), 4);
        match value {
            Value::Place => route.metric = Some(number),
            Value::Table => route.table = number,
            Value::Protocol => route.protocol = octet,
            Value::Scope => route.scope = Some(octet),
            Value::Tos => route.tos = octet,
            Value::Weight => self.weight = octet.wrapping_sub(1),
            Value::Pref | Value::Switch | Value::IpProto => len = 1,
            Value::Users => (payload, len) = (payload | u64::from(end) << 32, 8),
            Value::Ports => payload |= u64::from(end) << 16,
            Value::Realms if last.is_some() => payload = payload << 16 | u64::from(end),
            Value::Tunnel => (payload, len) = (payload.swap_bytes(), 8),
            Value::Goto => (route.kind, route.table) = (RouteKind::Local, 0),
            // as the kernel does
            Value::Mark if last.is_some() || number != 0 => {
                let mask = if last.is_some() { end } else { u32::MAX };
                append_attr(to, FRA_FWMASK, &mask.to_ne_bytes());
            }
            _ => {}
        }
        match kind {
            // `RTAX_RTO_MIN` is always locked, as by ip(8)
            13 if is_metric => self.locks |= 1 << 13,
            RTA_NH_ID if value == Value::Number => route.reach = Reach::Hops,
            _ => {}
        }
        let takes_0 = matches!(value, Value::From0 | Value::Ports | Value::Users);
        if kind != 0 && (payload != 0 || takes_0) {
            append_attr(to, kind, parts::slice(&payload.to_ne_bytes(), 0, len));
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
        if !self.dst.is_empty() || !self.hops_text.is_empty() {
            return Err(Problem::ExtraField);
        }
        (self.dst, self.at) = (word, word);
        read_net(word, self.form, &mut self.route.dst)
    }

    /// Whether the destination or the source had bits beyond its prefix length.
    pub fn clear_host_bits(&mut self) -> bool {
        let written = (self.route.dst, self.route.from);
        self.route.dst.addr = self.route.dst.network();
        if let Some(from) = &mut self.route.from {
            from.addr = from.network();
        }
        (self.route.dst, self.route.from) != written
    }
}

/// What a next hop may have.
const OF_HOP: &[Value] = &[Value::Via, Value::Dev, Value::Weight];

/// What a word means in a line of this form.
#[inline(never)]
fn meaning(form: Form, word: &[u8]) -> Option<Word> {
    const ROUTE_AT: usize = octets_before(ROUTE);
    const COMMON_AT: usize = octets_before(COMMON);
    const RULE_AT: usize = octets_before(RULE);
    let (row, from, to) = match form {
        Form::Route => (ROUTE, ROUTE_AT, RULE_AT),
        Form::Rule => (COMMON, COMMON_AT, PACKED.len()),
        Form::Static | Form::Static6 | Form::Table => (0, 0, RULE_AT),
    };
    let found = Names(PACKED.get(from..to)?).find(word).row();
    WORDS.get(found.wrapping_add(row)).copied()
}

/// Keeps a text, equal ones once.
fn keep(text: &[u8], config: &mut Config<'_>) -> Result<Str, Problem> {
    config.keep_same(text).ok_or(Problem::MaxStrings)
}

/// Milliseconds, with a unit in the kernel's (linux/rtnetlink.h: `rtt` in eighths, `rttvar` in quarters).
fn time(word: &[u8], kind: u16) -> Option<u32> {
    let digits = word
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let (digits, unit) = word.split_at_checked(digits)?;
    let scale: u32 = match kind {
        RTAX_RTT => 8,
        RTAX_RTTVAR => 4,
        _ => 1,
    };
    let unit = match parts::position(b",ms,msec,msecs,s,sec,secs", unit)? {
        0 => 1,
        1..=3 => scale,
        _ => scale.wrapping_mul(1_000),
    };
    scalar::number(digits)?.checked_mul(unit)
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

/// A prefix, or a word for everything.
fn read_net(word: &[u8], form: Form, into: &mut Cidr) -> Result<(), Problem> {
    let is_word = word.first().is_some_and(u8::is_ascii_lowercase);
    if is_word && meaning(form, word) == Some(Word::Default) {
        return Ok(());
    }
    read_prefix(word, into)
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

/// A number, hexadecimal after `0x`, or that of a word in the list of `value`.
#[inline(never)]
fn number(word: &[u8], value: Value) -> Option<u32> {
    if let Some(digits) = word.strip_prefix(b"0x") {
        return scalar::hex(digits);
    }
    let mut names = LineBuf::<MAX_NAMES>::new();
    names.show(&LISTS.line(value as usize));
    let mut rest = Some(names.as_bytes());
    while let Some(name) = parts::next(&mut rest, b' ') {
        let (name, number) = parts::split(name, b'=');
        if name == word {
            return scalar::number(number?);
        }
    }
    scalar::number(word)
}

/// Octets of a line of [`LISTS`].
const MAX_NAMES: usize = 64;

#[cfg(test)]
mod tests {
    use super::super::testing::{Storage, describe_route};
    use super::*;
    use crate::diag::Problem;
    use crate::model::rule::TableName;
    use crate::wire::netlink::attrs;
    use std::format;
    use std::string::String;

    /// What a line says, and behind `+` what it says beyond the fields of a route; else the problem, and where.
    fn parsed_as(
        form: Form,
        line: &str,
        family: Family,
    ) -> Result<String, (Problem, usize, usize)> {
        let (mut storage, mut room) = (Storage::default(), Room::default());
        let mut config = storage.config();
        let mine = config.keep(b"mine").unwrap();
        let table = TableName {
            name: mine,
            number: 100,
        };
        config.tables.push(table).unwrap();
        let mut words = RouteLine::new(line.as_bytes(), form, family, &mut room);
        match words.read(&mut config) {
            Ok(()) => {
                words.clear_host_bits();
                let mut text = describe_route(&words.route, words.dev);
                if let Some(more) = words.route.more {
                    text += &format!(" + {}", config.text(more.text).escape_ascii());
                }
                Ok(text)
            }
            Err(what) => {
                let at = words.word.as_ptr() as usize - line.as_ptr() as usize;
                Err((what, at, words.word.len()))
            }
        }
    }

    fn parsed(line: &str, family: Family) -> Result<String, (Problem, usize, usize)> {
        parsed_as(Form::Route, line, family)
    }

    /// The attributes of a line as numbers and octets, a next hop's link by its name.
    fn attrs_of(form: Form, line: &str, family: Family) -> std::vec::Vec<String> {
        let (mut storage, mut room) = (Storage::default(), Room::default());
        let mut config = storage.config();
        let words = line.as_bytes();
        let route = parse_route(words, form, family, &mut room, &mut config).expect(line);
        let octets = route.more.map_or(&b""[..], |more| config.text(more.attrs));
        let mut all = std::vec::Vec::new();
        let mut list = attrs(octets);
        for attr in &mut list {
            all.push(match attr.kind {
                RTA_METRICS => {
                    let metrics = attrs(attr.payload);
                    let shown = metrics.map(|at| format!("{}={:?}", at.kind, at.payload));
                    format!("metrics {}", shown.collect::<std::vec::Vec<_>>().join(" "))
                }
                RTA_MULTIPATH if form == Form::Route => {
                    let mut hops = attr.payload.to_vec();
                    let mut shown = String::from("hops");
                    while let Some(&[len, 0, flags, weight, i0, i1, i2, i3]) = hops.first_chunk() {
                        let name = Str::numbered(u32::from_ne_bytes([i0, i1, i2, i3]));
                        let name = config.text_or_none(&name).escape_ascii();
                        let via = &hops[8..len.into()];
                        shown += &format!(" [{flags} {weight} {name} {via:?}]");
                        hops.drain(..usize::from(len));
                    }
                    shown
                }
                kind => format!("{kind}={:?}", attr.payload),
            });
        }
        assert!(list.rest().is_empty(), "{line}");
        all
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
            ("10.0.0.0/8 table yours", (NotATable, 17, 5)),
            ("10.0.0.0/8 proto 256", (NotANumber, 17, 3)),
            ("10.0.0.0/8 scope galaxy", (NotANumber, 17, 6)),
            ("10.0.0.0/8 tos 100", (NotANumber, 15, 3)),
            ("anycast 10.0.0.0/8", (other, 0, 7)),
            ("10.0.0.0/8 encap mpls 5", (other, 11, 5)),
            ("10.0.0.0/8 fwmark 5", (other, 11, 6)),
            ("10.0.0.0/8 gw 192.0.2.1", (other, 11, 2)),
            ("10.0.0.0/8 weight 5", (other, 18, 1)),
            ("10.0.0.0/8 from 10.0.0.0/8", (other, 16, 10)),
            ("10.0.0.0/8 pref high", (other, 16, 4)),
            ("10.0.0.0/8 expires 5", (other, 19, 1)),
            ("10.0.0.0/8 mtu", (NoArgument, 14, 0)),
            ("10.0.0.0/8 mtu lock", (NoArgument, 19, 0)),
            ("10.0.0.0/8 mtu x", (NotANumber, 15, 1)),
            ("10.0.0.0/8 mtu 5 mtu 6", (Duplicate, 21, 1)),
            ("10.0.0.0/8 rtt 5m", (NotANumber, 15, 2)),
            ("10.0.0.0/8 rtt 9999999s", (NotANumber, 15, 8)),
            ("10.0.0.0/8 congctl a/b", (NotALinkName, 19, 3)),
            ("10.0.0.0/8 realms 1/x", (NotANumber, 18, 3)),
            ("10.0.0.0/8 type of", (NotAWord, 16, 2)),
            ("10.0.0.0/8 nexthop weight 0", (NotANumber, 26, 1)),
            ("10.0.0.0/8 nexthop weight 257", (NotANumber, 26, 3)),
            ("10.0.0.0/8 nexthop via x nexthop", (NotIpv4, 23, 1)),
            ("10.0.0.0/8 nexthop via 192.0.2.1 metric 5", (other, 33, 6)),
            ("10.0.0.0/8 nexthop via 192.0.2.1 mtu 5", (other, 33, 3)),
            (
                "10.0.0.0/8 via 192.0.2.1 nexthop via 192.0.2.2",
                (other, 25, 7),
            ),
            ("nexthop via 192.0.2.1 10.0.0.0/8", (ExtraField, 22, 10)),
            ("10.0.0.0/8 192.0.2.0/24", (ExtraField, 11, 12)),
            ("dev eth0", (NoDestination, 0, 0)),
            ("", (NoDestination, 0, 0)),
        ] {
            assert_eq!(parsed(line, Family::V4), Err(want), "{line}");
        }
        assert_eq!(parsed("10.0.0.0/8", Family::V6), Err((NotIpv6, 0, 10)));
        assert_eq!(parsed("fd00::/129", Family::V6), Err((BadPrefix, 0, 10)));
    }

    #[test]
    fn what_a_route_has_beside_its_fields_becomes_attributes() {
        let v4 = |line| attrs_of(Form::Route, line, Family::V4);
        for (line, want) in [
            ("10/8", &[][..]),
            ("10/8 mtu 1400", &["metrics 2=[120, 5, 0, 0]"]),
            (
                "10/8 mtu lock 1400 window 0 hoplimit lock 9",
                &["metrics 2=[120, 5, 0, 0] 10=[9, 0, 0, 0] 1=[4, 4, 0, 0]"],
            ),
            (
                "10/8 rtt 5 rttvar 2ms rto_min 1s",
                &["metrics 4=[5, 0, 0, 0] 5=[8, 0, 0, 0] 13=[232, 3, 0, 0] 1=[0, 32, 0, 0]"],
            ),
            ("10/8 rtt 2s", &["metrics 4=[128, 62, 0, 0]"]),
            (
                "10/8 features ecn congctl cubic quickack 1",
                &["metrics 12=[1, 0, 0, 0] 16=[99, 117, 98, 105, 99, 0] 15=[1, 0, 0, 0]"],
            ),
            ("10/8 realms 3/4", &["11=[4, 0, 3, 0]"]),
            ("10/8 realm 7", &["11=[7, 0, 0, 0]"]),
            ("10/8 nhid 5", &["30=[5, 0, 0, 0]"]),
            ("10/8 ttl-propagate enabled", &["26=[1]"]),
            (
                "10/8 nexthop via 192.0.2.1 dev eth0 weight 3 nexthop via inet6 fe80::1 onlink",
                &["hops [0 2 eth0 [8, 0, 5, 0, 192, 0, 2, 1]] [4 0  \
                   [22, 0, 18, 0, 10, 0, 254, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]]"],
            ),
            (
                "10/8 mtu 9 nexthop dev a nexthop dev a weight 256",
                &["hops [0 0 a []] [0 255 a []]", "metrics 2=[9, 0, 0, 0]"],
            ),
        ] {
            assert_eq!(v4(line), want, "{line}");
        }
        let v6 = |line| attrs_of(Form::Route, line, Family::V6);
        assert_eq!(v6("::/0 pref low expires 5"), ["20=[3]", "23=[5, 0, 0, 0]"]);
        assert_eq!(v6("::/0 pref medium"), [""; 0]);
        let hops = v6("::/0 nexthop via fe80::1 dev a nexthop via fe80::2 dev b");
        assert_eq!(hops.len(), 1);
    }

    #[test]
    fn what_is_said_is_kept_with_one_blank_between_words() {
        for (line, want) in [
            (
                "10/8 mtu  lock\t1400 via 192.0.2.1 window 5 # 7",
                "10.0.0.0/8 via 192.0.2.1 + mtu lock 1400 window 5",
            ),
            (
                "10/8 nexthop  via 192.0.2.1 nexthop dev eth1 # x",
                "10.0.0.0/8 + nexthop via 192.0.2.1 nexthop dev eth1",
            ),
            // one alone is an ordinary route
            (
                "10/8 nexthop via 192.0.2.1 dev eth1 weight 5 onlink",
                "10.0.0.0/8 via 192.0.2.1 dev eth1 onlink",
            ),
            (
                "nexthop via 192.0.2.1 nexthop via 192.0.2.2",
                "0.0.0.0/0 + nexthop via 192.0.2.1 nexthop via 192.0.2.2",
            ),
            (
                "type blackhole 10/8 table mine equalize",
                "blackhole 10.0.0.0/8 table 100",
            ),
            ("10/8 table 0x64", "10.0.0.0/8 table 100"),
        ] {
            assert_eq!(parsed(line, Family::V4), Ok(want.into()), "{line}");
        }
        let line = "2001:db8::/32 from 2001:db8:1::7/48 pref high";
        let want = "2001:db8::/32 from 2001:db8:1::/48 + pref high";
        assert_eq!(parsed(line, Family::V6), Ok(want.into()));
        assert_eq!(
            parsed("2001:db8::/32 realms 5", Family::V6),
            Err((Problem::NotRead, 21, 1))
        );
        let long = format!("10/8 {}", "nexthop dev eth0 ".repeat(300));
        assert_eq!(parsed(&long, Family::V4).unwrap_err().0, Problem::MaxValue);
    }

    #[test]
    fn rules_are_those_of_ip_rule() {
        let rule = |line| parsed_as(Form::Rule, line, Family::V4);
        for (line, want) in [
            (
                "from 192.0.2.5 table mine",
                "0.0.0.0/0 from 192.0.2.5/32 table 100",
            ),
            (
                "from all to 10/8 lookup 5 pref 9",
                "10.0.0.0/8 metric 9 table 5",
            ),
            ("to default order 9", "0.0.0.0/0 metric 9"),
            (
                "from 10.1.2.3/16 tos 10 priority 0",
                "0.0.0.0/0 from 10.1.0.0/16 metric 0 tos 16",
            ),
            (
                "fwmark 5 preference 7 proto static",
                "0.0.0.0/0 metric 7 proto 4",
            ),
            ("l3mdev", "0.0.0.0/0 table 0"),
            ("blackhole", "blackhole 0.0.0.0/0 table 0"),
            ("type prohibit", "prohibit 0.0.0.0/0 table 0"),
            ("priority 5 goto 9", "local 0.0.0.0/0 metric 5 table 0"),
            ("nop", "broadcast 0.0.0.0/0 table 0"),
        ] {
            assert_eq!(rule(line), Ok(format!("{want} + {line}")), "{line}");
        }
        use Problem::*;
        for (line, want) in [
            ("from", (NoArgument, 4, 0)),
            ("from 10.0.0.300", (NotIpv4, 5, 10)),
            ("from 2001:db8::1", (NotIpv4, 5, 11)),
            ("10.0.0.0/8", (NotARule, 0, 10)),
            ("from 10/8 via 192.0.2.1", (NotARule, 10, 3)),
            ("map-to 192.0.2.1", (NotARule, 0, 6)),
            ("table yours", (NotATable, 6, 5)),
            ("fwmark 5/x", (NotANumber, 7, 3)),
            ("uidrange 5", (NotANumber, 9, 1)),
            ("sport 5-65536", (NotANumber, 6, 7)),
            ("ipproto 256", (NotANumber, 8, 3)),
            ("ipproto carrier-pigeon", (NotANumber, 8, 14)),
            ("iif a/b", (NotALinkName, 4, 3)),
            ("iif a iif b", (Duplicate, 10, 1)),
            ("type local", (NotAWord, 5, 5)),
            ("to 10/8 to 11/8", (ExtraField, 11, 4)),
        ] {
            assert_eq!(rule(line), Err(want), "{line}");
        }
    }

    #[test]
    fn what_a_rule_asks_becomes_attributes() {
        for (line, want) in [
            ("from all", &[][..]),
            (
                "fwmark 0x10",
                &["16=[255, 255, 255, 255]", "10=[16, 0, 0, 0]"],
            ),
            ("fwmark 1/0xff", &["16=[255, 0, 0, 0]", "10=[1, 0, 0, 0]"]),
            ("fwmark 0/15", &["16=[15, 0, 0, 0]"]),
            ("fwmark 0", &[]),
            (
                "iif eth0 oif lo",
                &["3=[101, 116, 104, 48, 0]", "17=[108, 111, 0]"],
            ),
            ("dev eth0", &["3=[101, 116, 104, 48, 0]"]),
            ("l3mdev", &["19=[1]"]),
            ("uidrange 0-7", &["20=[0, 0, 0, 0, 7, 0, 0, 0]"]),
            ("ipproto tcp sport 22", &["22=[6]", "23=[22, 0, 22, 0]"]),
            ("dport 1-2", &["24=[1, 0, 2, 0]"]),
            ("tun_id 258", &["12=[0, 0, 0, 0, 0, 0, 1, 2]"]),
            ("suppress_ifgroup 0", &["13=[0, 0, 0, 0]"]),
            ("goto 9", &["4=[9, 0, 0, 0]"]),
            ("realms 1/2", &["11=[2, 0, 1, 0]"]),
        ] {
            let mut want: std::vec::Vec<&str> = want.to_vec();
            want.push("14=[255, 255, 255, 255]");
            assert_eq!(attrs_of(Form::Rule, line, Family::V4), want, "{line}");
        }
        let suppress = attrs_of(Form::Rule, "sup_pl 0", Family::V6);
        assert_eq!(suppress, ["14=[0, 0, 0, 0]"]);
    }

    #[test]
    fn lines_of_static_routes_are_those_of_route() {
        for (line, want) in [
            (
                "net 10.0.0.0 netmask 255.255.0.0 gw 192.0.2.1",
                "10.0.0.0/16 via 192.0.2.1",
            ),
            (
                "-net 10.0.0.0 gw 192.0.2.1 metric 5",
                "10.0.0.0/8 via 192.0.2.1 metric 5",
            ),
            ("host 192.0.2.7 dev eth1", "192.0.2.7/32 dev eth1"),
            ("net 10.0.0.0/9 gw 192.0.2.1", "10.0.0.0/9 via 192.0.2.1"),
            ("net default gw 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("default gw 192.0.2.1", "0.0.0.0/0 via 192.0.2.1"),
            ("-host 192.0.2.7 reject", "unreachable 192.0.2.7/32"),
            (
                "net 172.16.0.0 gw 192.0.2.1 mss 1300 window 5 irtt 300",
                "172.16.0.0/16 via 192.0.2.1 + advmss 1300 window 5 rtt 300",
            ),
        ] {
            assert_eq!(
                parsed_as(Form::Static, line, Family::V4),
                Ok(want.into()),
                "{line}"
            );
        }
        for (line, want) in [
            ("eth0 2001:db8::/32", "2001:db8::/32 dev eth0 metric 1"),
            (
                "eth0 2001:db8::/32 fe80::1 # x",
                "2001:db8::/32 via fe80::1 dev eth0 metric 1",
            ),
        ] {
            assert_eq!(
                parsed_as(Form::Static6, line, Family::V6),
                Ok(want.into()),
                "{line}"
            );
        }
        for (line, want) in [
            ("eth0", (Problem::NoArgument, 4, 0)),
            ("eth0 x", (Problem::NotIpv6, 5, 1)),
            ("eth0 ::/0 x", (Problem::NotIpv6, 10, 1)),
        ] {
            assert_eq!(
                parsed_as(Form::Static6, line, Family::V6),
                Err(want),
                "{line}"
            );
        }
    }
}
