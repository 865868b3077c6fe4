//! Routes.

use super::addr::{Cidr, Family};
use super::config::Str;
use crate::packed::{Packed, packed};
use core::net::IpAddr;

/// `RT_TABLE_MAIN`.
pub const MAIN_TABLE: u32 = 254;

/// `RT_TABLE_LOCAL`.
pub const LOCAL_TABLE: u32 = 255;

/// `rtm_protocol` of every route we make.
pub const PROTOCOL: u8 = 153;

/// What a route does with a packet (`rtm_type`, linux/rtnetlink.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// Forward it.
    Unicast = 1,
    /// Take it.
    Local = 2,
    /// Take it as a broadcast.
    Broadcast = 3,
    /// A multicast route.
    Multicast = 5,
    /// Drop it silently.
    Blackhole = 6,
    /// Answer "host unreachable".
    Unreachable = 7,
    /// Answer "administratively prohibited".
    Prohibit = 8,
    /// Go on with the next rule.
    Throw = 9,
}

impl RouteKind {
    /// All kinds.
    pub const ALL: [RouteKind; 8] = [
        RouteKind::Unicast,
        RouteKind::Local,
        RouteKind::Broadcast,
        RouteKind::Multicast,
        RouteKind::Blackhole,
        RouteKind::Unreachable,
        RouteKind::Prohibit,
        RouteKind::Throw,
    ];

    /// The kind with this `RTN_*`.
    pub fn of(number: u8) -> Option<RouteKind> {
        Some(match number {
            1 => RouteKind::Unicast,
            2 => RouteKind::Local,
            3 => RouteKind::Broadcast,
            5 => RouteKind::Multicast,
            6 => RouteKind::Blackhole,
            7 => RouteKind::Unreachable,
            8 => RouteKind::Prohibit,
            9 => RouteKind::Throw,
            _ => return None,
        })
    }

    /// `RTN_*`.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The table of such routes where none is named.
    pub fn usual_table(self) -> u32 {
        match matches!(self, RouteKind::Local | RouteKind::Broadcast) {
            true => LOCAL_TABLE,
            false => MAIN_TABLE,
        }
    }

    /// The word of ip-route(8).
    pub fn word(self) -> Packed {
        // by number; there are no 0 and 4
        packed!("\nunicast\nlocal\nbroadcast\n\nmulticast\nblackhole\nunreachable\nprohibit\nthrow")
            .line(self as usize)
    }
}

/// Where packets go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The kernel looks for the gateway in the link's subnets.
    Checked,
    /// The gateway is taken to be on the link (`RTNH_F_ONLINK`).
    Onlink,
    /// To several next hops, or to a next hop object: [`Route::more`] has them.
    Hops,
    /// Of a rule: it is about what does not fit (`FIB_RULE_INVERT`, `not`).
    Inverted,
}

/// What ip-route(8) or ip-rule(8) takes beyond the fields of a [`Route`].
#[derive(Clone, Copy, Debug, Eq)]
pub struct More {
    /// `RTA_*` or `FRA_*` attributes as the kernel takes them, but that a next hop has the [`Str`] of its link's
    /// name in place of the link's number.
    pub attrs: Str,
    /// Of a route `WORD [lock] VALUE` for each option, next hops last; of a rule all of it, as written with one
    /// blank between words.
    pub text: Str,
}

/// Equal attributes are kept once ([`super::config::Config::keep_same`]); how they are written does not matter.
impl PartialEq for More {
    fn eq(&self, other: &More) -> bool {
        self.attrs == other.attrs
    }
}

/// One route, without its link; or a rule, of which [`Route::metric`] is the priority (0: the kernel chooses one) and [`Route::kind`] the
/// action: its numbers are the same (`FR_ACT_*`).
#[derive(Clone, Copy, Debug, Eq)]
pub struct Route {
    /// Destination, host bits cleared.
    pub dst: Cidr,
    /// Source, host bits cleared; everything but of IPv6 routes and of rules.
    pub from: Cidr,
    /// Gateway, of either family; `None`: on the link.
    pub via: Option<IpAddr>,
    /// Preferred source address.
    pub src: Option<IpAddr>,
    /// Routing table; [`MAIN_TABLE`] unless asked otherwise.
    pub table: u32,
    /// Metric; 0: the kernel's default (0 for IPv4, 1,024 for IPv6).
    pub metric: u32,
    /// `RT_SCOPE_*` where asked for; `None`: as ip(8) chooses.
    pub scope: Option<u8>,
    /// `rtm_protocol`; [`PROTOCOL`] unless asked otherwise.
    pub protocol: u8,
    /// Type of service.
    pub tos: u8,
    /// What it does.
    pub kind: RouteKind,
    /// Where packets go on.
    pub reach: Reach,
    /// What is asked beyond these.
    pub more: Option<More>,
}

impl PartialEq for Route {
    #[inline(never)]
    fn eq(&self, other: &Route) -> bool {
        self.is_in_place_of(other)
            && self.via == other.via
            && self.src == other.src
            && (self.metric, self.scope) == (other.metric, other.scope)
            && (self.protocol, self.kind) == (other.protocol, other.kind)
            && self.reach == other.reach
            && self.attrs() == other.attrs()
    }
}

impl Route {
    /// A plain route in the main table.
    pub fn new(dst: Cidr) -> Route {
        Route {
            dst: Cidr {
                addr: dst.network(),
                len: dst.len,
            },
            from: Cidr::default(dst.family()),
            via: None,
            src: None,
            table: MAIN_TABLE,
            metric: 0,
            scope: None,
            protocol: PROTOCOL,
            tos: 0,
            kind: RouteKind::Unicast,
            reach: Reach::Checked,
            more: None,
        }
    }

    /// The number of [`More::attrs`], 0 for none.
    fn attrs(&self) -> u32 {
        self.more.map_or(0, |more| more.attrs.number())
    }

    /// The family of the destination.
    pub fn family(&self) -> Family {
        self.dst.family()
    }

    /// Whether packets leave by a link, or are taken on one.
    pub fn has_link(&self) -> bool {
        !matches!(
            self.kind,
            RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit | RouteKind::Throw
        )
    }

    /// The link it uses where it is kept track of at `ifindex`; 0 for kinds that use none, and where next hops
    /// have links of their own.
    pub fn oif(&self, ifindex: u32) -> u32 {
        if self.has_link() && self.reach != Reach::Hops {
            ifindex
        } else {
            0
        }
    }

    /// The metric the kernel files the route under.
    #[inline(never)]
    pub fn effective_metric(&self) -> u32 {
        match (self.metric, self.family()) {
            (0, Family::V6) => 1_024,
            (metric, _) => metric,
        }
    }

    /// Whether both have the same place in the kernel's table but for their metric: family, table, destination,
    /// source and tos.
    #[inline(never)]
    pub fn is_in_place_of(&self, other: &Route) -> bool {
        self.table == other.table
            && self.tos == other.tos
            && self.dst == other.dst
            && self.from == other.from
    }
}
