//! The words of one line, each with its argument, into the fields and attributes of a route or a rule.

use super::route_line::{Room, RouteLine};
use super::route_words::{
    Form, NOT_V4, NOT_V6, OF_HOP, SHAPES, Value, alias, meaning, number, read_addr, read_net,
    row_of, time, word_of,
};
use crate::diag::Problem;
use crate::limits::MAX_VALUE;
use crate::model::addr::{Cidr, Family, classful_len, is_same};
use crate::model::link::IfName;
use crate::model::route::{More, Reach, RouteKind};
use crate::model::rule::{FRA_FWMASK, FRA_L3MDEV};
use crate::text::{parts, scalar};
use crate::wire::netlink::{NLA_F_NESTED, append_attr, attr_in, end_attr};
use crate::wire::rtnetlink::route::{
    MAX_RTVIA, RTA_METRICS, RTA_MULTIPATH, RTAX_LOCK, RTAX_RTO_MIN, RTNH_F_ONLINK, gateway,
};
use core::net::IpAddr;
use heapless::VecView;

impl<'a> RouteLine<'a> {
    /// Reads every word.
    #[inline(never)]
    pub(super) fn read_words(&mut self, room: &mut Room<'a, '_, '_>) -> Result<(), Problem> {
        let form = self.form;
        // what its first words are
        let first: &[Value] = match form {
            Form::Table => &[Value::Place, Value::Nothing],
            Form::Static6 => &[Value::Dev, Value::To, Value::Via],
            Form::Route | Form::Rule | Form::Static => &[],
        };
        for value in first {
            self.value = *value;
            match self.argument(room) {
                Err(_) if *value == Value::Via => break,
                read => read?,
            }
            self.take(room)?;
        }
        if form == Form::Table {
            self.at = self.word;
            return Ok(());
        } else if form == Form::Static6 {
            self.entry.route.metric = 1;
        }
        loop {
            let before = self.rest.len();
            if !self.next() {
                break;
            }
            self.take_word(before, room)?;
        }
        if self.form == Form::Rule {
            self.say_since(room.all.len(), room);
        } else if !self.has_dst && self.entry.route.via.is_none() && self.hops == 0 {
            // a gateway without a destination is the default route, which is there from the start
            self.word = parts::slice(room.all, 0, 0);
            return Err(Problem::NoDestination);
        }
        self.finish(room)
    }

    /// Goes to the argument of the word before.
    #[inline(never)]
    fn argument(&mut self, room: &Room<'a, '_, '_>) -> Result<(), Problem> {
        if self.next() {
            return Ok(());
        }
        self.word = parts::slice(room.all, room.all.len(), 0);
        Err(Problem::NoArgument)
    }

    /// Reads a word and its argument; `before` octets begin with it.
    fn take_word(&mut self, before: usize, room: &mut Room<'a, '_, '_>) -> Result<(), Problem> {
        let row = row_of(self.form, self.word);
        let Some(what) = word_of(row) else {
            // a digit, a point, a colon or a slash
            let is_dst = self.word.iter().any(|at| matches!(at, b'.'..=b':'));
            return match is_dst && self.form != Form::Rule {
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
            say(alias, room);
            from = self.rest.len();
        }
        if self.value >= Value::To {
            self.argument(room)?;
        } else if self.value == Value::Nexthop && self.hops == 0 {
            if self.entry.route.via.is_some() {
                return Err(Problem::NotRead);
            }
            self.hops = before;
            self.hops_at = room.attrs.len();
            return Ok(());
        }
        self.take(room)?;
        if self.value >= Value::Hop && self.form != Form::Rule {
            self.say_since(from, room);
        }
        Ok(())
    }

    /// Adds those of the last `from` octets that were read to the text.
    #[inline(never)]
    fn say_since(&mut self, from: usize, room: &mut Room<'a, '_, '_>) {
        let at = room.all.len().wrapping_sub(from);
        let len = from.wrapping_sub(self.rest.len());
        let mut read = parts::slice(room.all, at, len);
        while let Some(word) = parts::next_word(&mut read)
            && !word.starts_with(b"#")
        {
            say(word, room);
        }
    }

    /// Puts the next hop at hand behind the others.
    #[inline(never)]
    fn end_hop(&mut self, room: &mut Room<'a, '_, '_>) -> Result<(), Problem> {
        let route = &mut self.entry.route;
        let mut name = 0;
        if let Some(dev) = &self.dev {
            let kept = room.config.keep_same(dev.as_bytes());
            name = kept.ok_or(Problem::MaxStrings)?.number();
        }
        self.dev = None;
        let flags = match route.reach {
            Reach::Onlink => RTNH_F_ONLINK as u8,
            Reach::Checked | Reach::Hops | Reach::Inverted => 0,
        };
        if room.attrs.len() == self.hops_at {
            append_attr(&mut room.attrs, RTA_MULTIPATH, &[]);
        }
        let at = room.attrs.len();
        // a next hop begins as an attribute does, with flags and weight in place of the type
        let head = u16::from_ne_bytes([flags, self.weight]);
        append_attr(&mut room.attrs, head, &name.to_ne_bytes());
        if let Some(via) = &route.via {
            let mut octets = [0; MAX_RTVIA];
            let (kind, octets) = gateway(route.family(), via, &mut octets);
            append_attr(&mut room.attrs, kind, octets);
        }
        end_attr(&mut room.attrs, at);
        (route.via, route.reach, self.weight) = (None, Reach::Checked, 0);
        Ok(())
    }

    /// Keeps what was said beyond the fields of the route. One next hop alone is an ordinary route.
    fn finish(&mut self, room: &mut Room<'a, '_, '_>) -> Result<(), Problem> {
        if room.attrs.len() > self.hops_at {
            self.end_hop(room)?;
            end_attr(&mut room.attrs, self.hops_at);
            self.entry.route.reach = Reach::Hops;
            self.say_since(self.hops, room);
        }
        if self.locks != 0 {
            append_attr(&mut room.metrics, RTAX_LOCK, &self.locks.to_ne_bytes());
        }
        if !room.metrics.is_empty() {
            append_attr(&mut room.attrs, RTA_METRICS | NLA_F_NESTED, &room.metrics);
        }
        let text = room.text.as_bytes();
        if text.len() >= MAX_VALUE {
            return Err(Problem::MaxValue);
        }
        let route = &mut self.entry.route;
        if !text.is_empty() {
            let attrs = room.config.keep_same(&room.attrs);
            let text = room.config.keep_same(text);
            route.more = Some(More {
                attrs: attrs.ok_or(Problem::MaxStrings)?,
                text: text.ok_or(Problem::MaxStrings)?,
            });
        }
        self.had_host_bits = clear_host_bits(&mut route.dst);
        self.had_host_bits |= clear_host_bits(&mut route.from);
        Ok(())
    }

    /// Reads an argument that becomes a field or an attribute; of a word without one the word itself.
    #[inline(never)]
    fn take(&mut self, room: &mut Room<'a, '_, '_>) -> Result<(), Problem> {
        let mut family = self.entry.route.family();
        let others = match family {
            Family::V4 => NOT_V4,
            Family::V6 => NOT_V6,
        };
        if self.value.is_in(others) {
            return Err(Problem::NotRead);
        }
        if self.value == Value::Type {
            let kind = meaning(self.form, self.word).filter(|word| word.value == Value::Kind);
            let kind = kind.ok_or(Problem::NotAWord)?;
            (self.value, self.to) = (kind.value, kind.to);
        }
        let route = &mut self.entry.route;
        match (self.value, family) {
            (Value::Nothing, _) => {}
            (Value::Reach, _) => {
                route.reach = match self.form == Form::Rule {
                    true => Reach::Inverted,
                    false => Reach::Onlink,
                }
            }
            (Value::L3mdev, _) => {
                route.table = 0;
                append_attr(&mut room.attrs, FRA_L3MDEV, &[1]);
            }
            (Value::Nexthop, _) => return self.end_hop(room),
            // the kind of a route comes before its table; rules of such kinds have none
            (Value::Kind, _) => {
                route.kind = RouteKind::of(self.to).unwrap_or(route.kind);
                route.table = match self.form == Form::Rule {
                    true => 0,
                    false => route.kind.usual_table(),
                };
            }
            (Value::Default | Value::To, _) => return self.destination(),
            (Value::Net, _) => {
                self.destination()?;
                let dst = &mut self.entry.route.dst;
                if let (IpAddr::V4(addr), 32) = (dst.addr, dst.len) {
                    dst.len = classful_len(addr);
                }
            }
            (Value::Netmask, _) => {
                let len = scalar::prefix_len(self.word, family);
                route.dst.len = len.ok_or(Problem::BadPrefix)?;
            }
            (Value::From, Family::V4) if self.form != Form::Rule => return Err(Problem::NotRead),
            (Value::From, _) => {
                self.at = self.word;
                return read_net(self.word, self.form, &mut route.from);
            }
            (Value::Via, _) => {
                if let Some(version) = parts::strip(self.word, b"inet") {
                    family = match version {
                        b"" => Family::V4,
                        b"6" => Family::V6,
                        _ => family,
                    };
                    self.argument(room)?;
                }
                return read_addr(self.word, family, &mut self.entry.route.via);
            }
            (Value::Src, _) => return read_addr(self.word, family, &mut route.src),
            (Value::Dev, _) => {
                if !IfName::read(self.word, &mut self.dev) {
                    return Err(Problem::NotALinkName);
                }
            }
            _ => return self.number(room),
        }
        Ok(())
    }

    /// Reads an argument that is a number, or two, or becomes an attribute.
    #[inline(never)]
    fn number(&mut self, room: &mut Room<'a, '_, '_>) -> Result<(), Problem> {
        let value = self.value;
        let is_metric = value >= Value::Time && value <= Value::Congctl;
        if is_metric && parts::is(self.word, b"lock") {
            self.locks |= 1 << self.to;
            self.argument(room)?;
        }
        let attrs: &mut VecView<u8> = match is_metric {
            true => &mut room.metrics,
            false => &mut room.attrs,
        };
        let kind = u16::from(self.to);
        if value >= Value::Hop && !attr_in(attrs, kind).is_empty() {
            return Err(Problem::Duplicate);
        }
        let word = self.word;
        if value == Value::Congctl || value == Value::Name {
            let mut name = None;
            IfName::read(word, &mut name);
            let name = name.as_ref().ok_or(Problem::NotALinkName)?;
            let len = word.len().wrapping_add(1);
            append_attr(attrs, kind, parts::slice(name.padded(), 0, len));
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
                read = room.config.table(word);
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
            let route = &mut self.entry.route;
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
            let len = shape.len.into();
            append_attr(attrs, kind, parts::slice(&bits.to_ne_bytes(), 0, len));
        }
        Ok(())
    }

    /// Reads the destination.
    #[inline(never)]
    fn destination(&mut self) -> Result<(), Problem> {
        if self.has_dst || self.hops != 0 {
            return Err(Problem::ExtraField);
        }
        self.has_dst = true;
        self.at = self.word;
        read_net(self.word, self.form, &mut self.entry.route.dst)
    }
}

/// Whether a prefix had bits beyond its length.
#[inline(never)]
fn clear_host_bits(net: &mut Cidr) -> bool {
    let network = net.network();
    let had = !is_same(&net.addr, &network);
    net.addr = network;
    had
}

/// Adds a word to the text.
#[inline(never)]
fn say(word: &[u8], room: &mut Room<'_, '_, '_>) {
    if !room.text.as_bytes().is_empty() {
        room.text.put(b" ");
    }
    room.text.put(word);
}
