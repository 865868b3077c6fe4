//! What the sources said. Owned, small values; "any link" is a value here and resolved later.

use super::addr::Cidr;
use super::attr::AttrConfig;
use super::index::{HASH_START, hash};
use super::link::{IfName, Mac};
use super::route::Route;
use super::rule::TableName;
use crate::diag::{FileId, Origin};
use crate::packed::{Packed, packed};
use crate::text::parts;
use core::net::{IpAddr, Ipv4Addr};
use core::num::{NonZeroU16, NonZeroU32};
use core::slice;
use heapless::VecView;

pub use super::global::{
    BootWord, BootWords, CarrierLoss, Dad, Global, GlobalFlag, GlobalNumber, GlobalText, Pieces,
    Timeouts, Wait,
};
pub use super::link_config::{
    Dhcp4Config, IpConfig, IpFlag, IpNumber, IpText, Leases, LinkConfig, LinkFlag, LinkNumber,
    LinkText, Method, Role,
};

/// A text kept in [`Config::strings`]: where it stands, behind its length in two octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Str(NonZeroU32);

impl Str {
    /// As a number, other than 0.
    pub fn number(self) -> u32 {
        self.0.get()
    }

    /// The one with this number.
    pub fn numbered(number: u32) -> Option<Str> {
        NonZeroU32::new(number).map(Str)
    }
}

/// Number of a link in [`Config::links`]. One more is what is stored, so that an optional one is as small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkId(NonZeroU16);

impl LinkId {
    /// That of no link.
    pub const NONE: LinkId = LinkId(NonZeroU16::MAX);

    /// The link with `number` others before it.
    #[inline(never)]
    pub const fn new(number: u16) -> LinkId {
        LinkId(NonZeroU16::MIN.saturating_add(number))
    }

    /// Whether both are of one link, or of none: compared as one number, not first as something and nothing.
    pub fn is_same(one: Option<LinkId>, other: Option<LinkId>) -> bool {
        one.map_or(u16::MAX, LinkId::number) == other.map_or(u16::MAX, LinkId::number)
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
    /// A table of the firmware.
    Firmware,
    /// `ifcfg-*`.
    Ifcfg,
    /// The kernel command line.
    Cmdline,
}

impl SourceKind {
    /// The word used in JSON.
    pub fn word(self) -> Packed {
        packed!("firmware\nifcfg\ncmdline").line(self as usize)
    }
}

/// Which link of the kernel is meant.
#[derive(Clone, Copy, Debug, Eq)]
pub enum LinkMatch {
    /// Every candidate link that nothing else speaks of.
    Any,
    /// The link with this name.
    Name(IfName),
    /// The link with this MAC, whatever its name.
    Mac(Mac),
    /// The link the boot loader used (`BOOTIF=`).
    Bootif(Mac),
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

/// One static address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrConfig {
    /// Its link; [`LinkId::NONE`] where it was taken away again.
    pub link: LinkId,
    /// Address and prefix length.
    pub addr: Cidr,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Broadcast address where it is not the usual one; unspecified where it is.
    pub broadcast: Ipv4Addr,
    /// Its label (`IFA_LABEL`), the name of the link included.
    pub label: Option<Str>,
    /// `RT_SCOPE_*` where asked for.
    pub scope: Option<u8>,
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

/// One static route, or one policy routing rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteConfig {
    /// Its link.
    pub dev: RouteDev,
    /// The route.
    pub route: Route,
    /// Where it was given.
    pub origin: Origin,
}

/// Where a MAC rule comes from, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameSource {
    /// A `.link` file.
    Link,
    /// A rule of udev.
    Udev,
    /// `HWADDR` and `DEVICE`.
    Ifcfg,
    /// `ifname=`.
    Cmdline,
}

/// One MAC rule: the link that fits shall have this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRule {
    /// The MAC, of 6 or 20 octets; [`Mac::NONE`]: it is not asked for.
    pub mac: Mac,
    /// The name, if the link is to get one.
    pub name: Option<IfName>,
    /// Other names to give it, with blanks between them.
    pub altnames: Option<Str>,
    /// How many packets wait at most.
    pub txqlen: Option<u32>,
    /// Which of several counts.
    pub source: NameSource,
    /// Where it was given.
    pub origin: Origin,
}

impl NameRule {
    /// Whether it gives this name to a link by its MAC.
    #[inline(never)]
    pub fn gives(&self, name: &Option<IfName>) -> bool {
        let own = self.name.as_ref();
        !self.mac.is_unset() && own.is_some_and(|own| own.is(name))
    }

    /// The link with this MAC shall have this name.
    #[inline(never)]
    pub const fn new(mac: &Mac, name: &IfName, source: NameSource, origin: Origin) -> NameRule {
        NameRule {
            mac: *mac,
            name: Some(*name),
            altnames: None,
            txqlen: None,
            source,
            origin,
        }
    }
}

/// One name server; those of one link, and those of none, in order of preference.
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

/// Everything the sources said, in order of appearance. What is used most stands first: small offsets make short
/// instructions.
#[repr(C)]
pub struct Config<'m> {
    /// The octets behind every [`Str`].
    pub strings: &'m mut VecView<u8>,
    /// Links.
    pub links: &'m mut VecView<LinkConfig>,
    /// Static addresses.
    pub addrs: &'m mut VecView<AddrConfig>,
    /// Static routes; default routes of `GATEWAY` and `ip=` are in [`IpConfig::gateway`].
    pub routes: &'m mut VecView<RouteConfig>,
    /// Name servers.
    pub servers: &'m mut VecView<Server>,
    /// Options of links, those of one link in a chain.
    pub attrs: &'m mut VecView<AttrConfig>,
    /// MAC rules, strongest first: their sources are read so.
    pub name_rules: &'m mut VecView<NameRule>,
    /// What is said once.
    pub global: Global,
    /// Search domains.
    pub search: &'m mut VecView<Search>,
    /// Policy routing rules.
    pub rules: &'m mut VecView<RouteConfig>,
    /// Names of routing tables; the first of a name counts.
    pub tables: &'m mut VecView<TableName>,
    /// For each link the number of its first option plus one; 0: it has none.
    pub attr_heads: &'m mut VecView<u32>,
    /// By hash, the last text of [`Config::keep_same`]; 0: there is none.
    pub same: &'m mut [u32],
    /// Names of the files that were read, by [`FileId`].
    pub files: &'m mut VecView<Str>,
}

/// Adds a row to a table; `None` where that is full. [`VecView::push`] would give the row back then, which is more to
/// copy and to look at.
pub fn add<T: Copy>(table: &mut VecView<T>, row: &T) -> Option<()> {
    table.extend_from_slice(slice::from_ref(row)).ok()
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
        self.rules.clear();
        self.tables.clear();
        self.attrs.clear();
        self.attr_heads.clear();
        self.same.fill(0);
        self.global = Global::none();
    }

    /// Keeps a text; `None` when [`crate::limits::MAX_STRINGS`] is reached.
    #[inline(never)]
    pub fn keep(&mut self, text: &[u8]) -> Option<Str> {
        let len = u16::try_from(text.len()).ok()?;
        self.strings.extend_from_slice(&len.to_le_bytes()).ok()?;
        let kept = NonZeroU32::new(self.strings.len() as u32)?;
        self.strings.extend_from_slice(text).ok()?;
        Some(Str(kept))
    }

    /// As [`Config::keep`], and equal texts are kept once: two are equal where what is returned is.
    #[inline(never)]
    pub fn keep_same(&mut self, text: &[u8]) -> Option<Str> {
        let slot = hash(HASH_START, text) as usize & self.same.len().checked_sub(1)?;
        let last = *self.same.get(slot)?;
        let mut have = last;
        while let Some(kept) = NonZeroU32::new(have) {
            if self.text(Str(kept)) == text {
                return Some(Str(kept));
            }
            // before its length stands the one before it under the same hash
            let before = (have as usize).wrapping_sub(6);
            have = u32::from_le_bytes(*self.strings.get(before..)?.first_chunk()?);
        }
        self.strings.extend_from_slice(&last.to_le_bytes()).ok()?;
        let kept = self.keep(text)?;
        *self.same.get_mut(slot)? = kept.0.get();
        Some(kept)
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

    /// The routing table with this name (`rt_tables`).
    #[inline(never)]
    pub fn table(&self, name: &[u8]) -> Option<u32> {
        let mut tables = self.tables.iter();
        let found = tables.find(|table| self.text(table.name) == name)?;
        Some(found.number)
    }

    /// The octets of a text that may have been kept; none for one that was not.
    #[inline(never)]
    pub fn text_or_none(&self, kept: &Option<Str>) -> &[u8] {
        kept.map_or(&[], |kept| self.text(kept))
    }

    /// Registers a file; `None` when [`crate::limits::MAX_FILES`] or the strings are full.
    pub fn add_file(&mut self, name: &[u8]) -> Option<FileId> {
        let id = FileId(self.files.len() as u16);
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

    /// The link that is configured under a name.
    #[inline(never)]
    pub fn named(&self, name: &IfName) -> Option<LinkId> {
        let mut links = self.links_with_ids();
        links
            .find(|(_, link)| name.is(&link.name))
            .map(|(id, _)| id)
    }

    /// One of the other names that a rule gives.
    #[inline(never)]
    pub fn altname(&self, rule: &NameRule, n: u8) -> Option<IfName> {
        let mut names = self.text(rule.altnames?);
        for _ in 0..n {
            parts::next_word(&mut names);
        }
        IfName::new(parts::next_word(&mut names)?)
    }

    /// The MAC rule that gives a name; that of the command line before that of a file.
    #[inline(never)]
    pub fn rule_for(&self, name: &Option<IfName>) -> Option<&NameRule> {
        self.name_rules.iter().find(|rule| rule.gives(name))
    }

    /// A configured link.
    #[inline(never)]
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
    #[inline(never)]
    pub fn add_link(&mut self, link: &LinkConfig) -> Option<LinkId> {
        let id = LinkId::new(self.links.len() as u16);
        add(self.links, link)?;
        self.attr_heads.push(0).ok()?;
        Some(id)
    }
}
