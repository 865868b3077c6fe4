//! One route as ip-route(8) takes it, `10.0.0.0/8 via 192.0.2.1 dev eth0 metric 5`, one rule as ip-rule(8) takes
//! it, and one line of `static-routes` (route(8)): one table of words for the three.

use super::route_words::{
    Form, NOT_V4, NOT_V6, OF_HOP, SHAPES, Value, alias, meaning, number, read_addr, read_net,
    row_of, time, word_of,
};
use crate::diag::{LineBuf, Origin, Problem};
use crate::limits::MAX_VALUE;
use crate::model::addr::{Cidr, Family, classful_len, is_same};
use crate::model::config::{Config, RouteConfig, RouteDev};
use crate::model::link::IfName;
use crate::model::route::{More, Reach, Route, RouteKind};
use crate::model::rule::{FRA_FWMASK, FRA_L3MDEV};
use crate::text::{parts, scalar};
use crate::wire::netlink::{NLA_F_NESTED, append_attr, attr_in, copy, end_attr};
use crate::wire::rtnetlink::route::{
    MAX_RTVIA, RTA_METRICS, RTA_MULTIPATH, RTAX_LOCK, RTAX_RTO_MIN, RTNH_F_ONLINK, gateway,
};
use core::net::IpAddr;
use heapless::{Vec, VecView};

/// Octets of all attributes: a next hop of 15 octets of text has 28.
const MAX_ATTRS: usize = 2 * MAX_VALUE;
/// Octets of all metrics: 16 numbers and a name.
const MAX_METRICS: usize = 256;

/// Reads what follows `ip route add` or `ip rule add`, but for the link; `None` if it is no such thing.
#[inline(never)]
pub fn parse_route(
    words: &[u8],
    form: Form,
    family: Family,
    config: &mut Config<'_>,
) -> Option<Route> {
    let mut line = RouteLine::new(words, form, family);
    line.read(config).ok()?;
    Some(line.entry.route)
}

/// One line, and what it says. What is used most comes first, here and in [`Reader`]: it is nearer.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct RouteLine<'a> {
    /// The word read last; what made [`RouteLine::read`] fail.
    pub word: &'a [u8],
    /// What is not read yet.
    pub rest: &'a [u8],
    /// What it is.
    pub form: Form,
    /// Whether it has a destination.
    pub has_dst: bool,
    /// Whether the destination or the source had bits beyond its prefix length.
    pub had_host_bits: bool,
    /// The route, complete once [`RouteLine::read`] succeeded; its link and place are for who adds it.
    pub entry: RouteConfig,
    /// The destination or the source as written, whichever came last; the name of a table, whose number is the
    /// metric.
    pub at: &'a [u8],
    /// `dev`.
    pub dev: Option<IfName>,
}

impl<'a> RouteLine<'a> {
    /// Nothing read yet.
    #[inline(never)]
    pub fn new(line: &'a [u8], form: Form, family: Family) -> RouteLine<'a> {
        RouteLine {
            entry: RouteConfig {
                dev: RouteDev::Anywhere,
                route: Route::new(Cidr::default(family)),
                origin: Origin::NONE,
            },
            rest: line,
            word: line,
            at: line,
            dev: None,
            form,
            has_dst: false,
            had_host_bits: false,
        }
    }

    /// Goes to the next word; not where there is no more, or a comment.
    #[inline(never)]
    pub fn next(&mut self) -> bool {
        match parts::next_word(&mut self.rest) {
            None | Some([b'#', ..]) => false,
            Some(word) => {
                self.word = word;
                true
            }
        }
    }

    /// Reads every word.
    #[inline(never)]
    pub fn read(&mut self, config: &mut Config<'_>) -> Result<(), Problem> {
        let mut reader = Reader {
            all: self.rest,
            line: *self,
            config,
            value: Value::Nothing,
            to: 0,
            weight: 0,
            locks: 0,
            hops: 0,
            hops_at: usize::MAX,
            metrics: Vec::new(),
            text: LineBuf::new(),
            attrs: Vec::new(),
        };
        let read = reader.read();
        *self = reader.line;
        match read {
            Err(Problem::NotRead) if self.form == Form::Rule => Err(Problem::NotARule),
            _ => read,
        }
    }
}

/// One line being read, and what it says beyond the fields of a [`Route`].
#[repr(C)]
struct Reader<'r, 'a, 'm> {
    config: &'r mut Config<'m>,
    all: &'a [u8],
    /// What the word at hand means: see [`super::route_words::Word`].
    value: Value,
    to: u8,
    /// `rtnh_hops` of the next hop at hand.
    weight: u8,
    /// `RTAX_LOCK`: metrics that are not to be changed.
    locks: u32,
    /// Octets from the first `nexthop` on; 0 until there is one.
    hops: usize,
    /// Where the next hops before the one at hand begin among the attributes.
    hops_at: usize,
    line: RouteLine<'a>,
    metrics: Vec<u8, MAX_METRICS>,
    text: LineBuf<MAX_VALUE>,
    attrs: Vec<u8, MAX_ATTRS>,
}

impl Reader<'_, '_, '_> {
    #[inline(never)]
    fn read(&mut self) -> Result<(), Problem> {
        let form = self.line.form;
        // what its first words are
        let first: &[Value] = match form {
            Form::Table => &[Value::Place, Value::Nothing],
            Form::Static6 => &[Value::Dev, Value::To, Value::Via],
            Form::Route | Form::Rule | Form::Static => &[],
        };
        for value in first {
            self.value = *value;
            match self.argument() {
                Err(_) if *value == Value::Via => break,
                read => read?,
            }
            self.take()?;
        }
        if form == Form::Table {
            self.line.at = self.line.word;
            return Ok(());
        } else if form == Form::Static6 {
            self.line.entry.route.metric = 1;
        }
        loop {
            let before = self.line.rest.len();
            if !self.line.next() {
                break;
            }
            self.word(before)?;
        }
        let line = &mut self.line;
        if line.form == Form::Rule {
            self.say_since(self.all.len());
        } else if !line.has_dst && line.entry.route.via.is_none() && self.hops == 0 {
            // a gateway without a destination is the default route, which is there from the start
            line.word = parts::slice(self.all, 0, 0);
            return Err(Problem::NoDestination);
        }
        self.finish()
    }

    /// Goes to the argument of the word before.
    #[inline(never)]
    fn argument(&mut self) -> Result<(), Problem> {
        if self.line.next() {
            return Ok(());
        }
        self.line.word = parts::slice(self.all, self.all.len(), 0);
        Err(Problem::NoArgument)
    }

    /// Reads a word and its argument; `before` octets begin with it.
    fn word(&mut self, before: usize) -> Result<(), Problem> {
        let line = &mut self.line;
        let row = row_of(line.form, line.word);
        let Some(what) = word_of(row) else {
            // a digit, a point, a colon or a slash
            let is_dst = line.word.iter().any(|at| matches!(at, b'.'..=b':'));
            return match is_dst && line.form != Form::Rule {
                true => self.destination(),
                false => Err(Problem::NotRead),
            };
        };
        (self.value, self.to) = (what.value, what.to);
        if self.hops != 0 && !self.value.is_in(OF_HOP) {
            return Err(Problem::NotRead);
        }
        let mut from = before;
        if let Some(alias) = alias(row) {
            // in words of ip(8)
            self.say(alias);
            from = self.line.rest.len();
        }
        if self.value >= Value::To {
            self.argument()?;
        } else if self.value == Value::Nexthop && self.hops == 0 {
            if self.line.entry.route.via.is_some() {
                return Err(Problem::NotRead);
            }
            self.hops = before;
            self.hops_at = self.attrs.len();
            return Ok(());
        }
        self.take()?;
        if self.value >= Value::Hop && self.line.form != Form::Rule {
            self.say_since(from);
        }
        Ok(())
    }

    /// Adds those of the last `from` octets that were read to the text.
    #[inline(never)]
    fn say_since(&mut self, from: usize) {
        let at = self.all.len().wrapping_sub(from);
        let len = from.wrapping_sub(self.line.rest.len());
        let mut read = parts::slice(self.all, at, len);
        while let Some(word) = parts::next_word(&mut read)
            && !word.starts_with(b"#")
        {
            self.say(word);
        }
    }

    /// Adds a word to the text.
    #[inline(never)]
    fn say(&mut self, word: &[u8]) {
        if !self.text.as_bytes().is_empty() {
            self.text.put(b" ");
        }
        self.text.put(word);
    }

    /// Puts the next hop at hand behind the others.
    #[inline(never)]
    fn end_hop(&mut self) -> Result<(), Problem> {
        let route = &mut self.line.entry.route;
        let mut name = 0;
        if let Some(dev) = &self.line.dev {
            let kept = self.config.keep_same(dev.as_bytes());
            name = kept.ok_or(Problem::MaxStrings)?.number();
        }
        self.line.dev = None;
        let flags = match route.reach {
            Reach::Onlink => RTNH_F_ONLINK as u8,
            Reach::Checked | Reach::Hops | Reach::Inverted => 0,
        };
        if self.attrs.len() == self.hops_at {
            append_attr(&mut self.attrs, RTA_MULTIPATH, &[]);
        }
        let at = self.attrs.len();
        // a next hop begins as an attribute does, with flags and weight in place of the type
        let head = u16::from_ne_bytes([flags, self.weight]);
        append_attr(&mut self.attrs, head, &name.to_ne_bytes());
        if let Some(via) = &route.via {
            let mut room = [0; MAX_RTVIA];
            let (kind, octets) = gateway(route.family(), via, &mut room);
            append_attr(&mut self.attrs, kind, octets);
        }
        end_attr(&mut self.attrs, at);
        (route.via, route.reach, self.weight) = (None, Reach::Checked, 0);
        Ok(())
    }

    /// Keeps what was said beyond the fields of the route. One next hop alone is an ordinary route.
    fn finish(&mut self) -> Result<(), Problem> {
        if self.attrs.len() > self.hops_at {
            self.end_hop()?;
            end_attr(&mut self.attrs, self.hops_at);
            self.line.entry.route.reach = Reach::Hops;
            self.say_since(self.hops);
        }
        if self.locks != 0 {
            append_attr(&mut self.metrics, RTAX_LOCK, &self.locks.to_ne_bytes());
        }
        if !self.metrics.is_empty() {
            append_attr(&mut self.attrs, RTA_METRICS | NLA_F_NESTED, &self.metrics);
        }
        let text = self.text.as_bytes();
        if text.len() >= MAX_VALUE {
            return Err(Problem::MaxValue);
        }
        let line = &mut self.line;
        let route = &mut line.entry.route;
        if !text.is_empty() {
            let attrs = self.config.keep_same(&self.attrs);
            let text = self.config.keep_same(text);
            route.more = Some(More {
                attrs: attrs.ok_or(Problem::MaxStrings)?,
                text: text.ok_or(Problem::MaxStrings)?,
            });
        }
        line.had_host_bits = clear_host_bits(&mut route.dst);
        line.had_host_bits |= clear_host_bits(&mut route.from);
        Ok(())
    }

    /// Reads an argument that becomes a field or an attribute; of a word without one the word itself.
    #[inline(never)]
    fn take(&mut self) -> Result<(), Problem> {
        let line = &mut self.line;
        let mut family = line.entry.route.family();
        let others = match family {
            Family::V4 => NOT_V4,
            Family::V6 => NOT_V6,
        };
        if self.value.is_in(others) {
            return Err(Problem::NotRead);
        }
        if self.value == Value::Type {
            let kind = meaning(line.form, line.word).filter(|word| word.value == Value::Kind);
            let kind = kind.ok_or(Problem::NotAWord)?;
            (self.value, self.to) = (kind.value, kind.to);
        }
        let route = &mut line.entry.route;
        match (self.value, family) {
            (Value::Nothing, _) => {}
            (Value::Reach, _) => {
                route.reach = match line.form == Form::Rule {
                    true => Reach::Inverted,
                    false => Reach::Onlink,
                }
            }
            (Value::L3mdev, _) => {
                route.table = 0;
                append_attr(&mut self.attrs, FRA_L3MDEV, &[1]);
            }
            (Value::Nexthop, _) => return self.end_hop(),
            // the kind of a route comes before its table; rules of such kinds have none
            (Value::Kind, _) => {
                route.kind = RouteKind::of(self.to).unwrap_or(route.kind);
                route.table = match line.form == Form::Rule {
                    true => 0,
                    false => route.kind.usual_table(),
                };
            }
            (Value::Default | Value::To, _) => return self.destination(),
            (Value::Net, _) => {
                self.destination()?;
                let dst = &mut self.line.entry.route.dst;
                if let (IpAddr::V4(addr), 32) = (dst.addr, dst.len) {
                    dst.len = classful_len(addr);
                }
            }
            (Value::Netmask, _) => {
                let len = scalar::prefix_len(line.word, family);
                route.dst.len = len.ok_or(Problem::BadPrefix)?;
            }
            (Value::From, Family::V4) if line.form != Form::Rule => return Err(Problem::NotRead),
            (Value::From, _) => {
                line.at = line.word;
                return read_net(line.word, line.form, &mut route.from);
            }
            (Value::Via, _) => {
                if let Some(version) = parts::strip(line.word, b"inet") {
                    family = match version {
                        b"" => Family::V4,
                        b"6" => Family::V6,
                        _ => family,
                    };
                    self.argument()?;
                }
                let line = &mut self.line;
                return read_addr(line.word, family, &mut line.entry.route.via);
            }
            (Value::Src, _) => return read_addr(line.word, family, &mut route.src),
            (Value::Dev, _) => {
                if !IfName::read(line.word, &mut line.dev) {
                    return Err(Problem::NotALinkName);
                }
            }
            _ => return self.number(),
        }
        Ok(())
    }

    /// Reads an argument that is a number, or two, or becomes an attribute.
    fn number(&mut self) -> Result<(), Problem> {
        let value = self.value;
        let is_metric = value >= Value::Time && value <= Value::Congctl;
        if is_metric && parts::is(self.line.word, b"lock") {
            self.locks |= 1 << self.to;
            self.argument()?;
        }
        let attrs: &mut VecView<u8> = match is_metric {
            true => &mut self.metrics,
            false => &mut self.attrs,
        };
        let kind = u16::from(self.to);
        if value >= Value::Hop && !attr_in(attrs, kind).is_empty() {
            return Err(Problem::Duplicate);
        }
        let line = &mut self.line;
        let word = line.word;
        let mut payload = [0; 16];
        let len;
        if value == Value::Congctl || value == Value::Name {
            if IfName::new(word).is_none() {
                return Err(Problem::NotALinkName);
            }
            copy(&mut payload, word);
            len = word.len().wrapping_add(1);
        } else {
            let n = (value as usize).wrapping_sub(Value::Protocol as usize);
            let Some(shape) = SHAPES.get(n) else {
                return Ok(());
            };
            let mut last = Some(word);
            let first = parts::take(&mut last, shape.separator);
            let mut problem = Problem::NotANumber;
            let mut read = match value == Value::Time {
                true => time(word, self.to),
                false => number(first, shape.list),
            };
            if value == Value::Table && read.is_none() {
                problem = Problem::NotATable;
                read = self.config.table(word);
            }
            let first = read.ok_or(problem)?;
            let mut end = first;
            if let Some(last) = last {
                end = number(last, 0).ok_or(problem)?;
            }
            let mut bits = u64::from(first);
            let least = value == Value::Table || value == Value::Weight;
            if (bits | u64::from(end)) >> shape.bits != 0 || first < least.into() {
                return Err(problem);
            }
            let route = &mut line.entry.route;
            let mut is_kept = value == Value::From0;
            match (value, last) {
                (Value::Users, None) => return Err(problem),
                (Value::Protocol, _) => route.protocol = first as u8,
                (Value::Scope, _) => route.scope = Some(first as u8),
                (Value::Tos, _) => route.tos = first as u8,
                (Value::Table, _) => route.table = first,
                (Value::Place, _) => route.metric = first,
                (Value::Weight, _) if self.hops == 0 => return Err(Problem::NotRead),
                (Value::Weight, _) => {
                    self.weight = u8::try_from(first.wrapping_sub(1)).map_err(|_| problem)?;
                }
                (Value::Mark, _) => {
                    // as the kernel does
                    if first != 0 && last.is_none() {
                        end = u32::MAX;
                    }
                    if end != 0 {
                        append_attr(attrs, FRA_FWMASK, &end.to_ne_bytes());
                    }
                }
                (Value::Realms, Some(_)) => bits = bits << 16 | u64::from(end),
                (Value::Ports | Value::Users, _) => {
                    bits |= u64::from(end) << shape.len.wrapping_mul(4);
                    is_kept = true;
                }
                (Value::Tunnel, _) => bits = bits.swap_bytes(),
                (Value::Goto, _) => (route.kind, route.table) = (RouteKind::Local, 0),
                (Value::Hop, _) => route.reach = Reach::Hops,
                // as by ip(8)
                (Value::Time, _) if self.to == RTAX_RTO_MIN => self.locks |= 1 << RTAX_RTO_MIN,
                _ => {}
            }
            if kind == 0 || bits == 0 && !is_kept {
                return Ok(());
            }
            copy(&mut payload, &bits.to_ne_bytes());
            len = shape.len.into();
        }
        append_attr(attrs, kind, parts::slice(&payload, 0, len));
        Ok(())
    }

    /// Reads the destination.
    #[inline(never)]
    fn destination(&mut self) -> Result<(), Problem> {
        let line = &mut self.line;
        if line.has_dst || self.hops != 0 {
            return Err(Problem::ExtraField);
        }
        line.has_dst = true;
        line.at = line.word;
        read_net(line.word, line.form, &mut line.entry.route.dst)
    }
}

/// Whether a prefix had bits beyond its length.
#[inline(never)]
fn clear_host_bits(net: &mut Cidr) -> bool {
    let written = net.addr;
    net.addr = net.network();
    !is_same(&net.addr, &written)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Storage, describe_route};
    use super::*;
    use crate::diag::Problem;
    use crate::model::config::Str;
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
        let mut storage = Storage::default();
        let mut config = storage.config();
        let mine = config.keep(b"mine").unwrap();
        let table = TableName {
            name: mine,
            number: 100,
        };
        config.tables.push(table).unwrap();
        let mut words = RouteLine::new(line.as_bytes(), form, family);
        match words.read(&mut config) {
            Ok(()) => {
                let mut text = describe_route(&words.entry.route, words.dev);
                if let Some(more) = words.entry.route.more {
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
        let mut storage = Storage::default();
        let mut config = storage.config();
        let words = line.as_bytes();
        let route = parse_route(words, form, family, &mut config).expect(line);
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
                "0.0.0.0/0 from 10.1.0.0/16 tos 16",
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
