//! What the sources said. Owned, small values; "any link" is a value here and resolved later.

use super::addr::{Cidr, Family};
use super::link::{IfName, LinkKind, Mac};
use super::route::Route;
use super::said::{Values, flags, rows};
use crate::diag::{FileId, Origin};
use crate::packed::{Packed, packed};
use crate::text::parts;
use core::net::{IpAddr, Ipv4Addr};
use core::num::{NonZeroU16, NonZeroU32};
use heapless::VecView;

pub use super::global::{BootWords, Global, GlobalFlag, GlobalText, Timeouts, Wait};

/// A text kept in [`Config::strings`]: where it stands, behind its length in two octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Str(NonZeroU32);

/// Number of a link in [`Config::links`]. One more is what is stored, so that an optional one is as small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkId(NonZeroU16);

impl LinkId {
    /// That of no link.
    pub const NONE: LinkId = LinkId(NonZeroU16::MAX);

    /// The link with `number` others before it.
    pub const fn new(number: u16) -> LinkId {
        LinkId(NonZeroU16::MIN.saturating_add(number))
    }

    /// How many others are before it.
    pub const fn number(self) -> u16 {
        self.0.get().wrapping_sub(1)
    }

    /// Its place in a table with a row for each link.
    pub fn place(self) -> usize {
        self.number().into()
    }
}

/// Which input a link comes from, weakest first: on the same link a later one beats an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// `ifcfg-*`.
    Ifcfg,
    /// The kernel command line.
    Cmdline,
}

impl SourceKind {
    /// The word used in JSON.
    pub fn word(self) -> Packed {
        packed!("ifcfg\ncmdline").line(self as usize)
    }
}

/// Which link of the kernel is meant.
#[derive(Clone, Copy, Debug, Eq)]
pub enum LinkMatch {
    /// The link with this name.
    Name(IfName),
    /// The link with this MAC, whatever its name.
    Mac(Mac),
    /// The link the boot loader used (`BOOTIF=`).
    Bootif(Mac),
    /// Every candidate link that nothing else speaks of.
    Any,
}

impl PartialEq for LinkMatch {
    // Once, not at each of the places where they are compared.
    #[inline(never)]
    fn eq(&self, other: &LinkMatch) -> bool {
        match (self, other) {
            (LinkMatch::Name(name), LinkMatch::Name(other)) => name == other,
            (LinkMatch::Mac(mac), LinkMatch::Mac(other))
            | (LinkMatch::Bootif(mac), LinkMatch::Bootif(other)) => mac == other,
            (LinkMatch::Any, LinkMatch::Any) => true,
            _ => false,
        }
    }
}

impl LinkMatch {
    /// The MAC it asks for.
    pub fn mac(&self) -> Option<&Mac> {
        match self {
            LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) => Some(mac),
            LinkMatch::Name(_) | LinkMatch::Any => None,
        }
    }
}

/// How addresses of one family come to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Left to the kernel's defaults.
    Ignore,
    /// No addresses of this family.
    Disabled,
    /// The addresses given.
    Static,
    /// DHCPv4, or DHCPv6 solicited at once.
    Dhcp,
    /// IPv4: DHCPv4, not required by itself. IPv6: router discovery, and DHCPv6 as it says.
    Auto,
    /// Link-local addresses only.
    LinkLocal,
}

impl Method {
    /// The word used in JSON.
    pub fn word(self) -> Packed {
        packed!("ignore\ndisabled\nstatic\ndhcp\nauto\nlink-local").line(self as usize)
    }
}

/// What one family of a link is asked to be. In [`LinkConfig`]'s order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IpConfig {
    /// How addresses come. Static addresses given beside another method are added as well.
    pub method: Method,
    /// Whether the link counts as up only with this family.
    pub required: bool,
    /// The default gateway.
    pub gateway: Option<IpAddr>,
    /// Where the gateway was given, else where the method was.
    pub origin: Origin,
    /// What was said in so many words: [`IpFlag`], [`IpNumber`], [`IpText`].
    pub said: Values,
}

impl IpConfig {
    /// The defaults, with `method`.
    pub const fn new(method: Method, origin: Origin) -> IpConfig {
        IpConfig {
            method,
            required: false,
            gateway: None,
            origin,
            said: Values::NOTHING,
        }
    }

    /// Whether addresses come from others on the link.
    pub fn asks(&self) -> bool {
        match self.method {
            Method::Dhcp | Method::Auto => true,
            Method::Ignore | Method::Disabled | Method::Static | Method::LinkLocal => false,
        }
    }
}

flags! {
    /// Yes or no, of one family.
    pub IpFlag of IpConfig;
    /// Whether the link may carry the default route (yes).
    DefaultRoute,
    /// Whether name servers of DHCP or RA are used (yes).
    PeerDns,
    /// Whether routes of DHCP or RA are used (yes).
    PeerRoutes,
}

rows! {
    /// Numbers of one family.
    pub IpNumber in numbers: u32, IpConfig;
    /// Metric of the default route and of routes without their own.
    Metric,
    /// Table of the default route and of routes without their own.
    Table,
    /// Seconds until DHCP has failed ([`Wait::Dhcp`]).
    DhcpTimeout,
}

rows! {
    /// Texts of one family.
    pub IpText in texts: Str, IpConfig;
    /// Host name to send.
    Hostname,
}

/// What is done with the answers of DHCPv4 servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dhcp4Config {
    /// Whether answers of BOOTP servers are taken too (`BOOTPROTO=bootp`, `ip=bootp`).
    pub bootp: bool,
    /// Milliseconds that are taken to find out whether somebody else has the address (RFC 5227); `None`: it is
    /// not asked.
    pub probe_ms: Option<u32>,
}

impl Dhcp4Config {
    /// Nothing said.
    pub const NONE: Dhcp4Config = Dhcp4Config {
        bootp: false,
        probe_ms: None,
    };
}

/// Which leases are kept where one description fits several links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// One on every link that gets one.
    All,
    /// The first one; the others are released (`ip=single-dhcp`).
    First,
}

/// One link as a source describes it. What is read most often stands first, where it is reached by the
/// shorter instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LinkConfig {
    /// The input it comes from.
    pub source: SourceKind,
    /// What kind of link it is.
    pub kind: LinkKind,
    /// Which leases are kept.
    pub leases: Leases,
    /// Whether it is to be renamed to `name` (a MAC rule).
    pub rename: bool,
    /// Whether `up` without arguments brings it up.
    pub onboot: bool,
    /// Whether `up` fails without it.
    pub required: bool,
    /// The word, or the file (line 0).
    pub origin: Origin,
    /// The name the link has or shall have; `None` where only a MAC or "any" is known.
    pub name: Option<IfName>,
    /// Which link.
    pub matches: LinkMatch,
    /// IPv4.
    pub ipv4: IpConfig,
    /// IPv6.
    pub ipv6: IpConfig,
    /// DHCPv4.
    pub dhcp4: Dhcp4Config,
    /// MAC to give it.
    pub mac: Option<Mac>,
    /// What was said in so many words: [`LinkFlag`], [`LinkNumber`], [`LinkText`].
    pub said: Values,
}

impl LinkConfig {
    /// A link with nothing asked of it but to be up.
    #[inline(never)]
    pub const fn new(matches: LinkMatch, source: SourceKind, origin: Origin) -> LinkConfig {
        LinkConfig {
            matches,
            name: match matches {
                LinkMatch::Name(name) => Some(name),
                LinkMatch::Mac(_) | LinkMatch::Bootif(_) | LinkMatch::Any => None,
            },
            rename: false,
            kind: LinkKind::Ethernet,
            source,
            origin,
            onboot: true,
            required: true,
            mac: None,
            said: Values::NOTHING,
            leases: Leases::All,
            ipv4: IpConfig::new(Method::Disabled, origin),
            ipv6: IpConfig::new(Method::Ignore, origin),
            dhcp4: Dhcp4Config::NONE,
        }
    }

    /// What it is asked in one family.
    pub fn ip_mut(&mut self, family: Family) -> &mut IpConfig {
        match family {
            Family::V4 => &mut self.ipv4,
            Family::V6 => &mut self.ipv6,
        }
    }
}

flags! {
    /// Yes or no, of a link.
    pub LinkFlag of LinkConfig;
    /// Whether `up` without arguments brings it up (yes), unless nothing is to be brought up.
    Onboot,
    /// Whether our host name is sent by DHCPv4 (yes).
    SendHostname,
    /// Whether `down` gives the lease of DHCPv4 back (no).
    Release,
}

rows! {
    /// Numbers of a link.
    pub LinkNumber in numbers: u32, LinkConfig;
    /// MTU to give it, in octets.
    Mtu,
    /// Seconds to wait for the device ([`Wait::Device`]).
    DeviceTimeout,
}

rows! {
    /// What DHCPv4 servers are told of a link.
    pub LinkText in texts: Str, LinkConfig;
    /// Client identifier (option 61), its type included; 1 and the MAC without one.
    ClientId,
    /// Vendor class (option 60).
    VendorClass,
    /// User class (option 77, RFC 3004).
    UserClass,
}

/// One static address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrConfig {
    /// Its link.
    pub link: LinkId,
    /// Address and prefix length.
    pub addr: Cidr,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Broadcast address where it is not the usual one.
    pub broadcast: Option<Ipv4Addr>,
    /// Where it was given.
    pub origin: Origin,
}

/// Which link a route uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteDev {
    /// A configured link.
    Link(LinkId),
    /// The link of this name, configured or not (`dev` of a route line, third field of `rd.route=`).
    Name(IfName),
    /// The boot device, else every link whose subnet holds the gateway (`rd.route=` without a link).
    Anywhere,
}

/// One static route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteConfig {
    /// Its link.
    pub dev: RouteDev,
    /// The route.
    pub route: Route,
    /// Where it was given.
    pub origin: Origin,
}

/// One MAC rule: the link with this MAC shall have this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRule {
    /// The MAC, of 6 or 20 octets.
    pub mac: Mac,
    /// The name.
    pub name: IfName,
    /// `ifname=` beats ifcfg.
    pub source: SourceKind,
    /// Where it was given.
    pub origin: Origin,
}

/// One name server, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its address.
    pub addr: IpAddr,
    /// The link that must be up for it to count; `None`: global (`nameserver=`).
    pub link: Option<LinkId>,
}

/// One search domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// The domain.
    pub domain: Str,
    /// As in [`Server::link`].
    pub link: Option<LinkId>,
}

/// Everything the sources said, in order of appearance. In [`LinkConfig`]'s order.
#[repr(C)]
pub struct Config<'m> {
    /// Links.
    pub links: &'m mut VecView<LinkConfig>,
    /// Static addresses.
    pub addrs: &'m mut VecView<AddrConfig>,
    /// Static routes; default routes of `GATEWAY` and `ip=` are in [`IpConfig::gateway`].
    pub routes: &'m mut VecView<RouteConfig>,
    /// Name servers.
    pub servers: &'m mut VecView<Server>,
    /// What is said once.
    pub global: Global,
    /// MAC rules; those of the command line come first, as it is read first.
    pub name_rules: &'m mut VecView<NameRule>,
    /// Search domains.
    pub search: &'m mut VecView<Search>,
    /// Names of the files that were read, by [`FileId`].
    pub files: &'m mut VecView<Str>,
    /// The octets behind every [`Str`].
    pub strings: &'m mut VecView<u8>,
}

impl Config<'_> {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.links.clear();
        self.addrs.clear();
        self.routes.clear();
        self.name_rules.clear();
        self.servers.clear();
        self.search.clear();
        self.files.clear();
        self.strings.clear();
        self.global = Global::none();
    }

    /// Keeps a text; `None` when [`crate::limits::MAX_STRINGS`] is reached.
    #[inline(never)]
    pub fn keep(&mut self, text: &[u8]) -> Option<Str> {
        let len = u16::try_from(text.len()).ok()?;
        self.strings.extend_from_slice(&len.to_le_bytes()).ok()?;
        let kept = NonZeroU32::new(u32::try_from(self.strings.len()).ok()?)?;
        self.strings.extend_from_slice(text).ok()?;
        Some(Str(kept))
    }

    /// The octets of a kept text.
    #[inline(never)]
    pub fn text(&self, kept: Str) -> &[u8] {
        match self.strings.split_at_checked(kept.0.get() as usize) {
            Some(([.., low, high], text)) => {
                parts::slice(text, 0, u16::from_le_bytes([*low, *high]).into())
            }
            Some(_) | None => b"",
        }
    }

    /// The octets of a text that may have been kept; none for one that was not.
    #[inline(never)]
    pub fn text_or_none(&self, kept: &Option<Str>) -> &[u8] {
        kept.map_or(&[], |kept| self.text(kept))
    }

    /// Registers a file; `None` when [`crate::limits::MAX_FILES`] or the strings are full.
    pub fn add_file(&mut self, name: &[u8]) -> Option<FileId> {
        let id = FileId(u16::try_from(self.files.len()).ok()?);
        if self.files.is_full() {
            return None;
        }
        let name = self.keep(name)?;
        self.files.push(name).ok()?;
        Some(id)
    }

    /// The name of a file, for messages.
    pub fn file_name(&self, id: FileId) -> &[u8] {
        self.files
            .get(usize::from(id.0))
            .map_or(&[], |name| self.text(*name))
    }

    /// A configured link.
    pub fn link(&self, id: LinkId) -> Option<&LinkConfig> {
        self.links.get(id.place())
    }

    /// A configured link, to be changed.
    #[inline(never)]
    pub fn link_mut(&mut self, id: LinkId) -> Option<&mut LinkConfig> {
        self.links.get_mut(id.place())
    }

    /// The links with their numbers.
    #[inline(never)]
    pub fn links_with_ids(&self) -> impl Iterator<Item = (LinkId, &LinkConfig)> {
        self.links
            .iter()
            .zip(0u16..)
            .map(|(link, n)| (LinkId::new(n), link))
    }

    /// Adds a link; `None` when [`crate::limits::MAX_LINKS`] is reached.
    pub fn add_link(&mut self, link: LinkConfig) -> Option<LinkId> {
        let id = LinkId::new(u16::try_from(self.links.len()).ok()?);
        self.links.push(link).ok()?;
        Some(id)
    }
}
