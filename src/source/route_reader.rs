//! The words of one line, each with its argument, into the fields and attributes of a route or a rule.

use super::route_line::RouteLine;
use super::route_words::{
    Form, NOT_V4, NOT_V6, OF_HOP, SHAPES, Value, alias, meaning, number, read_addr, read_net,
    row_of, time, word_of,
};
use crate::diag::{LineBuf, Problem};
use crate::limits::MAX_VALUE;
use crate::model::addr::{Cidr, Family, classful_len, is_same};
use crate::model::config::Config;
use crate::model::link::IfName;
use crate::model::route::{More, Reach, RouteKind};
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

/// One line being read, and what it says beyond the fields of a route.
#[repr(C)]
pub(super) struct Reader<'r, 'a, 'm> {
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
    /// The line, and what of it has been read.
    pub line: RouteLine<'a>,
    metrics: Vec<u8, MAX_METRICS>,
    text: LineBuf<MAX_VALUE>,
    attrs: Vec<u8, MAX_ATTRS>,
}

impl<'r, 'a, 'm> Reader<'r, 'a, 'm> {
    /// Nothing read yet.
    pub fn new(line: RouteLine<'a>, config: &'r mut Config<'m>) -> Reader<'r, 'a, 'm> {
        Reader {
            all: line.rest,
            line,
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
        }
    }

    /// Reads every word.
    #[inline(never)]
    pub fn read(&mut self) -> Result<(), Problem> {
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
            if (bits | u64::from(end)) >> shape.bits != 0 {
                return Err(problem);
            }
            let route = &mut line.entry.route;
            let mut is_kept = value == Value::From0;
            match (value, last) {
                (Value::Users, None) => return Err(problem),
                (Value::Table, _) if first == 0 => return Err(problem),
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
