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
use crate::model::rule::{FRA_FWMARK, FRA_FWMASK, FRA_L3MDEV, FRA_SUPPRESS_PREFIXLEN};
use crate::text::parts;
use crate::text::scalar;
use crate::wire::netlink::{NLA_F_NESTED, Writer, attr_in};
use crate::wire::rtnetlink::route::{
    RTA_METRICS, RTA_MULTIPATH, RTA_NH_ID, RTAX_ADVMSS, RTAX_HOPLIMIT, RTAX_LOCK, RTAX_MTU,
    RTAX_RTO_MIN, RTAX_RTT, RTAX_RTTVAR, RTNH_F_ONLINK, RTNEXTHOP, put_gateway,
};
use core::net::IpAddr;

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
}

/// Room for what one line says beyond the fields of a [`Route`].
pub struct Room {
    text: LineBuf<MAX_VALUE>,
    attrs: [u8; MAX_ATTRS],
    metrics: [u8; MAX_METRICS],
    hops: [u8; MAX_ATTRS],
}

/// Octets of all attributes: a next hop of 15 octets of text has 28.
const MAX_ATTRS: usize = 2 * MAX_VALUE;
/// Octets of all metrics: 16 numbers and a name.
const MAX_METRICS: usize = 256;
/// Octets of one next hop's attributes.
const MAX_HOP: usize = 32;

impl Room {
    /// Empty.
    pub const fn new() -> Room {
        Room {
            text: LineBuf::new(),
            attrs: [0; MAX_ATTRS],
            metrics: [0; MAX_METRICS],
            hops: [0; MAX_ATTRS],
        }
    }
}

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
    /// `dev`.
    pub dev: Option<IfName>,
    /// The route, complete once [`RouteLine::read`] succeeded; its destination is as written until
    /// [`RouteLine::clear_host_bits`].
    pub route: Route,
    text: &'b mut LineBuf<MAX_VALUE>,
    attrs: Writer<'b>,
    metrics: Writer<'b>,
    /// `RTAX_LOCK`: metrics that are not to be changed.
    locks: u32,
    /// The next hops before the one at hand.
    hops: Writer<'b>,
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
    /// It has an argument.
    With(Argument),
    /// Its argument becomes this attribute.
    Attr(Value, u8),
}

/// What the argument of a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A destination.
    To,
    /// A source.
    From,
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
    /// One of the kinds.
    Type,
    /// The weight of a next hop.
    Weight,
    /// A destination, without a mask of its class.
    Net,
    /// The netmask of the destination.
    Netmask,
}

/// What an argument must be that becomes an attribute: first metrics, last what one family has. A number 0
/// becomes none, but for [`Value::From0`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Value {
    /// A number, after `lock`: one of `RTAX_*`.
    Metric,
    /// The same, in milliseconds without a unit.
    Time,
    /// `ecn`, or a number: one of `RTAX_*`.
    Features,
    /// A name: one of `RTAX_*`.
    Congctl,
    /// A number, also 0.
    From0,
    /// A number.
    Number,
    /// An octet: `enabled`, `disabled`.
    Switch,
    /// An octet: a number or name of what IP carries.
    IpProto,
    /// The rule to go on with.
    Goto,
    /// A link name.
    Name,
    /// `MARK[/MASK]`.
    Mark,
    /// `FIRST[-LAST]` of ports.
    Ports,
    /// `FIRST-LAST` of users.
    Users,
    /// A number of 64 bits in network order.
    Tunnel,
    /// A number, of IPv6.
    Number6,
    /// An octet: `low`, `medium`, `high`, of IPv6.
    Pref,
    /// `[FROM/]TO`, of IPv4.
    Realms,
}

static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static WORDS: [Word; KEYS.len()] = pack_fields(KEYS, Word::Nothing);

/// The words: first those of `static-routes` only, then those of routes, then those of routes and rules, then
/// those of rules only. Those of every other line come first: they are looked for one after another.
#[rustfmt::skip]
pub const KEYS: &[Key<Word>] = &[
    key("net", Word::With(Argument::Net), "static-routes: destination, without a mask of its class"),
    key("-net", Word::With(Argument::Net), "static-routes: as `net`"),
    key("host", Word::With(Argument::To), "static-routes: destination"),
    key("-host", Word::With(Argument::To), "static-routes: as `host`"),
    key("netmask", Word::With(Argument::Netmask), "static-routes: netmask of the destination"),
    key("gw", Word::With(Argument::Via), "static-routes: gateway"),
    key("mss", Word::Attr(Value::Metric, 8), "static-routes: as `advmss`"),
    key("irtt", Word::Attr(Value::Metric, 4), "static-routes: as `rtt`"),
    key("reject", Word::Kind(RouteKind::Unreachable), "static-routes: as `unreachable`"),
    key("via", Word::With(Argument::Via), "gateway, after `inet` or `inet6` of that family"),
    key("dev", Word::With(Argument::Dev), "link"),
    key("metric", Word::With(Argument::Metric), "metric"),
    key("src", Word::With(Argument::Src), "preferred source address"),
    key("scope", Word::With(Argument::Scope), "number or name of the scope"),
    key("onlink", Word::Onlink, "the gateway is taken to be on the link"),
    key("mtu", Word::Attr(Value::Metric, 2), "MTU, not above that of the path after `lock`"),
    key("nexthop", Word::Nexthop, "one of several: `via`, `dev`, `weight`, `onlink`"),
    key("weight", Word::With(Argument::Weight), "share of a next hop, 1-256"),
    key("oif", Word::With(Argument::Dev), "as `dev`"),
    key("window", Word::Attr(Value::Metric, 3), "largest TCP window in octets"),
    key("rtt", Word::Attr(Value::Time, 4), "first guess of the round trip time, in 1/8 ms, `ms` or `s`"),
    key("rttvar", Word::Attr(Value::Time, 5), "first guess of its variance, in 1/4 ms, `ms` or `s`"),
    key("rto_min", Word::Attr(Value::Time, 13), "least retransmission timeout, `ms` or `s`"),
    key("ssthresh", Word::Attr(Value::Metric, 6), "slow start threshold"),
    key("cwnd", Word::Attr(Value::Metric, 7), "bound of the congestion window"),
    key("advmss", Word::Attr(Value::Metric, 8), "segment size that is announced"),
    key("reordering", Word::Attr(Value::Metric, 9), "packets that may overtake one"),
    key("hoplimit", Word::Attr(Value::Metric, 10), "hop limit"),
    key("initcwnd", Word::Attr(Value::Metric, 11), "first congestion window"),
    key("features", Word::Attr(Value::Features, 12), "`ecn`, or a number"),
    key("initrwnd", Word::Attr(Value::Metric, 14), "first receive window"),
    key("quickack", Word::Attr(Value::Metric, 15), "whether segments are acknowledged at once"),
    key("congctl", Word::Attr(Value::Congctl, 16), "name of the congestion control"),
    key("fastopen_no_cookie", Word::Attr(Value::Metric, 17), "TCP Fast Open without a cookie"),
    key("expires", Word::Attr(Value::Number6, 23), "seconds until it goes, of IPv6"),
    key("nhid", Word::Attr(Value::Number, 30), "next hop object"),
    key("pref", Word::Attr(Value::Pref, 20), "preference of a router: `low`, `medium`, `high`, of IPv6"),
    key("ttl-propagate", Word::Attr(Value::Switch, 26), "`enabled` or `disabled`"),
    key("equalize", Word::Nothing, "nothing, as in ip(8)"),
    key("unicast", Word::Kind(RouteKind::Unicast), "forward packets"),
    key("local", Word::Kind(RouteKind::Local), "take packets"),
    key("broadcast", Word::Kind(RouteKind::Broadcast), "take packets as broadcasts"),
    key("multicast", Word::Kind(RouteKind::Multicast), "a multicast route"),
    key("throw", Word::Kind(RouteKind::Throw), "go on with the next rule"),
    key("default", Word::Default, "0.0.0.0/0 or ::/0"),
    key("to", Word::With(Argument::To), "destination"),
    key("table", Word::With(Argument::Table), "number, main, local, default or a name of rt_tables"),
    key("from", Word::With(Argument::From), "source"),
    key("proto", Word::With(Argument::Protocol), "number or name of who made it"),
    key("protocol", Word::With(Argument::Protocol), "as `proto`"),
    key("any", Word::Default, "as `default`"),
    key("all", Word::Default, "as `default`"),
    key("priority", Word::With(Argument::Metric), "metric of a route, place of a rule"),
    key("preference", Word::With(Argument::Metric), "as `priority`"),
    key("tos", Word::With(Argument::Tos), "type of service, hexadecimal"),
    key("dsfield", Word::With(Argument::Tos), "as `tos`"),
    key("type", Word::With(Argument::Type), "kind of a route, action of a rule"),
    key("realms", Word::Attr(Value::Realms, 11), "`[FROM/]TO`, numbers, of IPv4"),
    key("realm", Word::Attr(Value::Realms, 11), "as `realms`"),
    key("blackhole", Word::Kind(RouteKind::Blackhole), "drop packets silently"),
    key("unreachable", Word::Kind(RouteKind::Unreachable), "answer \"host unreachable\""),
    key("prohibit", Word::Kind(RouteKind::Prohibit), "answer \"administratively prohibited\""),
    key("-4", Word::Nothing, "nothing: the file says so"),
    key("-6", Word::Nothing, "nothing: the file says so"),
    key("lookup", Word::With(Argument::Table), "rule: as `table`"),
    key("pref", Word::With(Argument::Metric), "rule: as `priority`"),
    key("order", Word::With(Argument::Metric), "rule: as `priority`"),
    key("not", Word::Not, "rule: about what does not fit"),
    key("iif", Word::Attr(Value::Name, 3), "rule: link that packets came by"),
    key("dev", Word::Attr(Value::Name, 3), "rule: as `iif`"),
    key("oif", Word::Attr(Value::Name, 17), "rule: link that a socket is bound to"),
    key("fwmark", Word::Attr(Value::Mark, 10), "rule: `MARK[/MASK]`"),
    key("uidrange", Word::Attr(Value::Users, 20), "rule: `FIRST-LAST`"),
    key("ipproto", Word::Attr(Value::IpProto, 22), "rule: number, tcp, udp, icmp, sctp, dccp or ipv6-icmp"),
    key("sport", Word::Attr(Value::Ports, 23), "rule: `FIRST[-LAST]`"),
    key("dport", Word::Attr(Value::Ports, 24), "rule: `FIRST[-LAST]`"),
    key("tun_id", Word::Attr(Value::Tunnel, 12), "rule: number of a tunnel"),
    key("l3mdev", Word::L3mdev, "rule: the table is that of the packet's VRF"),
    key("suppress_prefixlength", Word::Attr(Value::From0, 14), "rule: leaves out routes of a length up to this"),
    key("sup_pl", Word::Attr(Value::From0, 14), "rule: as `suppress_prefixlength`"),
    key("suppress_ifgroup", Word::Attr(Value::From0, 13), "rule: leaves out routes of links in this group"),
    key("sup_group", Word::Attr(Value::From0, 13), "rule: as `suppress_ifgroup`"),
    key("goto", Word::Attr(Value::Goto, 4), "rule: go on with the rule of this priority"),
    key("nop", Word::Kind(RouteKind::Broadcast), "rule: go on with the next one"),
];

/// The first rows of words of routes, of routes and rules, of rules.
const ROUTE: usize = row(KEYS, "via") as usize;
const COMMON: usize = row(KEYS, "default") as usize;
const RULE: usize = row(KEYS, "lookup") as usize;

/// Octets of the packed names before a row.
const fn octets_before(row: usize) -> usize {
    packed_len(KEYS.split_at(row).0)
}

/// Storage every system has; others are in rt_tables.
const TABLES: &[u8] = b"main=254 local=255 default=253";
/// `RTPROT_*` (linux/rtnetlink.h).
const PROTOCOLS: &[u8] = b"redirect=1 kernel=2 boot=3 static=4 ra=9 dhcp=16";
/// `RT_SCOPE_*` (linux/rtnetlink.h).
const SCOPES: &[u8] = b"global=0 universe=0 site=200 link=253 host=254 nowhere=255";
/// `ICMPV6_ROUTER_PREF_*` (linux/icmpv6.h).
const PREFS: &[u8] = b"low=3 medium=0 high=1";
/// `IPPROTO_*` (linux/in.h).
const IP_PROTOS: &[u8] = b"tcp=6 udp=17 icmp=1 sctp=132 dccp=33 ipv6-icmp=58";

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
        RouteLine {
            line,
            rest: line,
            form,
            word: empty,
            dst: empty,
            dev: None,
            route: Route::new(Cidr::default(family)),
            text: &mut room.text,
            attrs: Writer::new(&mut room.attrs),
            metrics: Writer::new(&mut room.metrics),
            locks: 0,
            hops: Writer::new(&mut room.hops),
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
        if self.form == Form::Static6 {
            let dev = self.argument_word()?;
            self.argument(Argument::Dev, dev, config)?;
            let net = self.argument_word()?;
            self.destination(net)?;
            self.route.metric = Some(1);
            if let Some(gateway) = self.next() {
                self.via(gateway)?;
            }
        }
        while let Some(word) = self.next() {
            match word.first() {
                Some(b'0'..=b'9') if self.form != Form::Rule => self.destination(word)?,
                Some(_) | None => self.keyword(word, config)?,
            }
        }
        if self.form == Form::Rule {
            self.say(self.line);
            // as the kernel shows it where nothing is asked
            if attr_in(self.attrs.pending(), FRA_SUPPRESS_PREFIXLEN).is_empty() {
                self.attrs.attr_u32(FRA_SUPPRESS_PREFIXLEN, u32::MAX);
            }
        } else if self.dst.is_empty()
            && self.route.via.is_none()
            && self.hops_text.is_empty()
        {
            // a gateway without a destination is the default route, which is there from the start
            self.word = self.line.get(..0).unwrap_or_default();
            return Err(Problem::NoDestination);
        }
        self.finish(config)
    }

    fn keyword(&mut self, word: &'a [u8], config: &mut Config<'_>) -> Result<(), Problem> {
        let from = parts::slice(self.line, super::offset(word, self.line), self.line.len());
        let in_hop = !self.hops_text.is_empty();
        let route = &mut self.route;
        match meaning(self.form, word) {
            Some(Word::Nexthop) if in_hop => return self.end_hop(config),
            Some(Word::Nexthop) if route.via.is_none() => self.hops_text = from,
            Some(Word::Onlink) => route.reach = Reach::Onlink,
            Some(Word::With(argument)) if !in_hop || argument.is_of_hop() => {
                let word = self.argument_word()?;
                return self.argument(argument, word, config);
            }
            Some(Word::Default) if !in_hop => return self.destination(word),
            None if !in_hop
                && self.form != Form::Rule
                && word.iter().any(|at| matches!(at, b':' | b'.' | b'/')) =>
            {
                return self.destination(word);
            }
            Some(Word::Nothing) => {}
            Some(Word::Kind(kind)) if !in_hop => route.kind = kind,
            Some(Word::Not) => route.reach = Reach::Inverted,
            Some(Word::L3mdev) => {
                route.table = 0;
                self.attrs.attr(FRA_L3MDEV, &[1]);
            }
            Some(Word::Attr(value, kind)) if !in_hop => {
                self.attr(value, kind.into())?;
                if self.form != Form::Rule {
                    self.say(from);
                }
            }
            _ => return Err(self.not_read()),
        }
        Ok(())
    }

    /// That the word is none of those that are read.
    fn not_read(&self) -> Problem {
        match self.form {
            Form::Rule => Problem::NotARule,
            Form::Route | Form::Static | Form::Static6 => Problem::NotRead,
        }
    }

    /// Adds the words from `from` on that were read to the text.
    #[inline(never)]
    fn say(&mut self, from: &'a [u8]) {
        let mut read = parts::slice(from, 0, from.len().wrapping_sub(self.rest.len()));
        while let Some(word) = parts::next_word(&mut read)
            && !word.starts_with(b"#")
        {
            if !self.text.as_bytes().is_empty() {
                self.text.put(b" ");
            }
            self.text.put(word);
        }
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
        self.hops
            .header(&[l0, l1, flags, self.weight, i0, i1, i2, i3]);
        self.hops.header(gateway);
        (self.route.reach, self.weight) = (Reach::Checked, 0);
        Ok(())
    }

    /// Keeps what was said beyond the fields of the route. One next hop alone is an ordinary route.
    fn finish(&mut self, config: &mut Config<'_>) -> Result<(), Problem> {
        if !self.hops.pending().is_empty() {
            self.end_hop(config)?;
            self.route.reach = Reach::Hops;
            self.attrs.attr(RTA_MULTIPATH, self.hops.pending());
            self.say(self.hops_text);
        }
        if self.locks != 0 {
            self.metrics.attr_u32(RTAX_LOCK.into(), self.locks);
        }
        let metrics = self.metrics.pending();
        if !metrics.is_empty() {
            self.attrs.attr(RTA_METRICS | NLA_F_NESTED, metrics);
        }
        let text = self.text.as_bytes();
        if text.len() >= MAX_VALUE {
            return Err(Problem::MaxValue);
        }
        if !text.is_empty() {
            self.route.more = Some(More {
                attrs: keep(self.attrs.pending(), config)?,
                text: keep(text, config)?,
            });
        }
        Ok(())
    }

    fn argument(
        &mut self,
        argument: Argument,
        word: &'a [u8],
        config: &Config<'_>,
    ) -> Result<(), Problem> {
        let route = &mut self.route;
        match argument {
            Argument::To => return self.destination(word),
            Argument::Net => {
                self.destination(word)?;
                if let IpAddr::V4(addr) = self.route.dst.addr
                    && self.route.dst.len == 32
                {
                    self.route.dst.len = classful_len(addr);
                }
                return Ok(());
            }
            Argument::Netmask => {
                let len = scalar::prefix_len(word, route.family());
                route.dst.len = len.ok_or(Problem::BadPrefix)?;
                return Ok(());
            }
            Argument::From => return self.source(word),
            Argument::Via => return self.via(word),
            Argument::Src => return read_addr(word, route.family(), &mut route.src),
            Argument::Dev => {
                self.dev = Some(IfName::new(word).ok_or(Problem::NotALinkName)?);
                return Ok(());
            }
            Argument::Type => {
                let Some(Word::Kind(kind)) = meaning(self.form, word) else {
                    return Err(Problem::NotAWord);
                };
                route.kind = kind;
                return Ok(());
            }
            Argument::Metric
            | Argument::Table
            | Argument::Protocol
            | Argument::Scope
            | Argument::Tos
            | Argument::Weight => {}
        }
        let number = match argument {
            // ip(8) reads it in hexadecimal, with or without `0x`
            Argument::Tos => hex(word.strip_prefix(b"0x").unwrap_or(word)),
            Argument::Table => {
                let number = number(word, TABLES).or_else(|| config.table(word));
                Some(number.ok_or(Problem::NotATable)?)
            }
            Argument::Protocol => number(word, PROTOCOLS),
            Argument::Scope => number(word, SCOPES),
            _ => number(word, b""),
        };
        let number = number.ok_or(Problem::NotANumber)?;
        let octet = u8::try_from(number);
        match (argument, octet) {
            (Argument::Metric, _) => route.metric = Some(number),
            (Argument::Table, _) if number > 0 => route.table = number,
            (Argument::Protocol, Ok(octet)) => route.protocol = octet,
            (Argument::Scope, Ok(octet)) => route.scope = Some(octet),
            (Argument::Tos, Ok(octet)) => route.tos = octet,
            (Argument::Weight, _) if (1..=256).contains(&number) => {
                self.weight = number.wrapping_sub(1) as u8;
            }
            _ => return Err(Problem::NotANumber),
        }
        Ok(())
    }

    /// An attribute from the argument of a word.
    #[inline(never)]
    fn attr(&mut self, value: Value, kind: u16) -> Result<(), Problem> {
        let is_metric = value <= Value::Congctl;
        let mut word = self.argument_word()?;
        if is_metric && word == b"lock" {
            self.locks |= 1 << kind;
            word = self.argument_word()?;
        }
        let is_of_other = match value {
            Value::Number6 | Value::Pref => Family::V4,
            _ => Family::V6,
        };
        if value >= Value::Number6 && self.route.family() == is_of_other {
            return Err(self.not_read());
        }
        let to = match is_metric {
            true => &mut self.metrics,
            false => &mut self.attrs,
        };
        if !attr_in(to.pending(), kind).is_empty() {
            return Err(Problem::Duplicate);
        }
        let separator = match value {
            Value::Mark | Value::Realms => b'/',
            Value::Ports | Value::Users => b'-',
            _ => 0,
        };
        let (first, last) = parts::split(word, separator);
        let (first, last) = match value {
            Value::Congctl | Value::Name => {
                let name = IfName::new(word).ok_or(Problem::NotALinkName)?;
                let len = name.as_bytes().len().saturating_add(1);
                to.attr(kind, parts::slice(name.padded(), 0, len));
                return Ok(());
            }
            Value::Time => (time(word, kind), None),
            _ => {
                let names = match value {
                    Value::Features => b"ecn=1",
                    Value::Pref => PREFS,
                    Value::Switch => b"disabled=0 enabled=1",
                    Value::IpProto => IP_PROTOS,
                    _ => b"",
                };
                (number(first, names), last.map(|last| number(last, names)))
            }
        };
        let number = first.ok_or(Problem::NotANumber)?;
        let last = match last {
            Some(last) => Some(last.ok_or(Problem::NotANumber)?),
            None => None,
        };
        let octet = u8::try_from(number);
        let short = |number| u16::try_from(number).map_err(|_| Problem::NotANumber);
        match value {
            Value::Pref | Value::Switch | Value::IpProto => {
                let octet = octet.map_err(|_| Problem::NotANumber)?;
                if octet != 0 {
                    to.attr(kind, &[octet]);
                }
            }
            Value::Ports => {
                let ports = [short(number)?, short(last.unwrap_or(number))?];
                to.attr(kind, ports.map(u16::to_ne_bytes).as_flattened());
            }
            Value::Users => {
                let users = [number, last.ok_or(Problem::NotANumber)?];
                to.attr(kind, users.map(u32::to_ne_bytes).as_flattened());
            }
            Value::Tunnel => to.attr(kind, &u64::from(number).to_be_bytes()),
            Value::Mark => {
                put_number(to, FRA_FWMARK, number);
                // as the kernel does
                let all = if number == 0 { 0 } else { u32::MAX };
                put_number(to, FRA_FWMASK, last.unwrap_or(all));
            }
            Value::Realms => {
                let from = match last {
                    Some(_) => u32::from(short(number)?) << 16,
                    None => 0,
                };
                put_number(to, kind, from | last.unwrap_or(number));
            }
            Value::From0 => to.attr_u32(kind, number),
            _ => {
                // as the kernel does
                let most = match (is_metric, kind) {
                    (true, RTAX_MTU) => 65_520,
                    (true, RTAX_ADVMSS) => 65_495,
                    (true, RTAX_HOPLIMIT) => 255,
                    _ => u32::MAX,
                };
                put_number(to, kind, number.min(most));
            }
        }
        match (value, kind) {
            (Value::Time, RTAX_RTO_MIN) => self.locks |= 1 << RTAX_RTO_MIN,
            (Value::Goto, _) => self.route.kind = RouteKind::Local,
            (Value::Number, RTA_NH_ID) => self.route.reach = Reach::Hops,
            _ => {}
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
        self.dst = word;
        read_net(word, self.form, &mut self.route.dst)
    }

    /// `from PREFIX`.
    fn source(&mut self, word: &'a [u8]) -> Result<(), Problem> {
        let family = self.route.family();
        if self.form == Form::Route && family == Family::V4 {
            return Err(self.not_read());
        }
        let mut from = Cidr::default(family);
        read_net(word, self.form, &mut from)?;
        self.route.from = Some(from).filter(|from| !from.is_default());
        Ok(())
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

impl Argument {
    /// Whether it may be that of a next hop.
    fn is_of_hop(self) -> bool {
        matches!(self, Argument::Via | Argument::Dev | Argument::Weight)
    }
}

/// What a word means in a line of this form.
#[inline(never)]
fn meaning(form: Form, word: &[u8]) -> Option<Word> {
    const ROUTE_AT: usize = octets_before(ROUTE);
    const COMMON_AT: usize = octets_before(COMMON);
    const RULE_AT: usize = octets_before(RULE);
    let (row, from, to) = match form {
        Form::Route => (ROUTE, ROUTE_AT, RULE_AT),
        Form::Rule => (COMMON, COMMON_AT, PACKED.len()),
        Form::Static | Form::Static6 => (0, 0, RULE_AT),
    };
    let found = Names(PACKED.get(from..to)?).find(word).row();
    WORDS.get(found.wrapping_add(row)).copied()
}

/// Keeps a text, equal ones once.
fn keep(text: &[u8], config: &mut Config<'_>) -> Result<Str, Problem> {
    config.keep_same(text).ok_or(Problem::MaxStrings)
}

/// Appends a number other than 0.
fn put_number(to: &mut Writer<'_>, kind: u16, number: u32) {
    if number != 0 {
        to.attr_u32(kind, number);
    }
}

/// Milliseconds, with a unit in the kernel's (linux/rtnetlink.h: `rtt` in eighths, `rttvar` in quarters).
fn time(word: &[u8], kind: u16) -> Option<u32> {
    let digits = word.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, unit) = word.split_at_checked(digits)?;
    let scale = match kind {
        RTAX_RTT => 8,
        RTAX_RTTVAR => 4,
        _ => 1,
    };
    let unit = match unit {
        b"" => 1,
        b"ms" | b"msec" | b"msecs" => scale,
        b"s" | b"sec" | b"secs" => scale * 1_000,
        _ => return None,
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

/// A number, hexadecimal after `0x`, or that of a name in the list `names`.
#[inline(never)]
pub(super) fn number(word: &[u8], names: &'static [u8]) -> Option<u32> {
    let mut rest = Some(names);
    while let Some(name) = parts::next(&mut rest, b' ') {
        let mut meant = Some(name);
        if parts::next(&mut meant, b'=') == Some(word) {
            return scalar::number(meant?);
        }
    }
    match word.strip_prefix(b"0x") {
        Some(digits) => scalar::hex(digits),
        None => scalar::number(word),
    }
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
