//! Links: `ifinfomsg` and `IFLA_*` (linux/rtnetlink.h, linux/if_link.h).
//!
//! ```text
//!  0      1      2      4              8              12             16
//!  +------+------+------+--------------+--------------+--------------+
//!  |family|  0   | type | ifi_index    | ifi_flags    | ifi_change   |
//!  +------+------+------+--------------+--------------+--------------+
//! ```

use super::info::IFLA_INFO_DATA;
use super::{AF_INET6, AF_UNSPEC, RTM_NEWLINK, RTM_NEWLINKPROP};
use crate::model::index::{HASH_START, hash};
use crate::model::link::{IfName, Mac};
use crate::model::observed::{IFF_UP, KernelKind, Link};
use crate::packed::packed;
use crate::wire::netlink::{
    Full, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, Writer, attr_in, attrs, number_in, until_nul,
};

/// Current hardware address.
pub const IFLA_ADDRESS: u16 = 1;
/// Hardware address of everybody.
pub const IFLA_BROADCAST: u16 = 2;
/// Name.
pub const IFLA_IFNAME: u16 = 3;
/// MTU in octets.
pub const IFLA_MTU: u16 = 4;
/// The link it lies on; absent where it lies on none.
pub const IFLA_LINK: u16 = 5;
/// The link it belongs to.
pub const IFLA_MASTER: u16 = 10;
/// What each family has of it.
pub const IFLA_AF_SPEC: u16 = 26;
/// In that of IPv6: its settings, a number each.
const IFLA_INET6_CONF: u16 = 2;
/// What the addresses that it forms end with.
pub const IFLA_INET6_TOKEN: u16 = 7;
/// How it forms addresses.
pub const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
/// How many packets wait at most.
pub const IFLA_TXQLEN: u16 = 13;
/// Kind and its settings.
pub const IFLA_LINKINFO: u16 = 18;
/// What a dump shall contain: `RTEXT_FILTER_*`.
pub const IFLA_EXT_MASK: u16 = 29;
/// The network namespace of the link it lies on, where that is another one.
pub const IFLA_LINK_NETNSID: u16 = 37;
/// How often carrier was lost (Linux 4.16).
pub const IFLA_CARRIER_DOWN_COUNT: u16 = 48;
/// Properties.
pub const IFLA_PROP_LIST: u16 = 52;
/// Alternative name.
pub const IFLA_ALT_IFNAME: u16 = 53;
/// Permanent hardware address (Linux 5.6).
pub const IFLA_PERM_ADDRESS: u16 = 54;

/// In `IFLA_LINKINFO`: the kind, as text.
pub const IFLA_INFO_KIND: u16 = 1;

/// In the options of a VXLAN: the link it lies on.
const IFLA_VXLAN_LINK: u16 = 3;

/// No IPv6 statistics: a quarter less to read.
pub const RTEXT_FILTER_SKIP_STATS: u32 = 8;

/// The link in the payload of an `RTM_NEWLINK` or `RTM_DELLINK`.
///
/// `None` without a name, and for the partial messages that bridges (`AF_BRIDGE`) and IPv6
/// (`AF_INET6`) send as events of the same type. [`Link::settled`] is not the kernel's to know: it is
/// `true` here. A MAC longer than [`Mac`] holds counts as none.
#[inline(never)]
pub fn decode(payload: &[u8]) -> Option<Link> {
    let (header, rest) = payload.split_first_chunk::<16>()?;
    let [family, _, t0, t1, i0, i1, i2, i3, f0, f1, f2, f3, ..] = *header;
    if family != AF_UNSPEC {
        return None;
    }
    let name = IfName::from_kernel(attr_in(rest, IFLA_IFNAME))?;
    let mut link = Link::new(u32::from_ne_bytes([i0, i1, i2, i3]), name);
    link.flags = u32::from_ne_bytes([f0, f1, f2, f3]);
    link.arphrd = u16::from_ne_bytes([t0, t1]);
    link.mtu = number_in(rest, IFLA_MTU, 0);
    read_mac(rest, IFLA_ADDRESS, &mut link.mac);
    link.carrier_losses = number_in(rest, IFLA_CARRIER_DOWN_COUNT, 0);
    read_mac(rest, IFLA_BROADCAST, &mut link.broadcast);
    read_mac(rest, IFLA_PERM_ADDRESS, &mut link.perm_mac);
    link.master = number_in(rest, IFLA_MASTER, 0);
    link.lower = number_in(rest, IFLA_LINK, 0);
    link.txqlen = number_in(rest, IFLA_TXQLEN, 0);
    let inet6 = attr_in(attr_in(rest, IFLA_AF_SPEC), AF_INET6.into());
    link.knobs
        .read(attr_in(inet6, IFLA_INET6_CONF).as_chunks().0);
    if let Some(token) = attr_in(inet6, IFLA_INET6_TOKEN).last_chunk() {
        link.token = u64::from_be_bytes(*token);
    }
    let info = attr_in(rest, IFLA_LINKINFO);
    let kind = until_nul(attr_in(info, IFLA_INFO_KIND));
    // Two kinds are hardware all the same: the port of a switch chip (which lies on the port that feeds the switch),
    // and that of an InfiniBand adapter (its partitions have the same kind and lie on the port).
    let place = packed!("vxlan,vxcan,veth,,dsa,ipoib").position(kind);
    link.kind = match place {
        Some(2) => KernelKind::Veth,
        Some(n @ 3..) if n < 5 || link.lower == 0 => KernelKind::Device,
        Some(_) | None => KernelKind::Virtual,
    };
    if let Some(0 | 1) = place {
        // the one says so among its options only, and goes with that link all the same; the other has another end
        link.lower = number_in(attr_in(info, IFLA_INFO_DATA), IFLA_VXLAN_LINK, 0);
    }
    if link.kind == KernelKind::Veth || !attr_in(rest, IFLA_LINK_NETNSID).is_empty() {
        // the other end, or a number of another namespace
        link.lower = 0;
    }
    Some(link)
}

/// The number of a link, and a digest of what of it is looked at, in the payload of an `RTM_NEWLINK` or `RTM_DELLINK`:
/// counters and times have no part in it. `None` as for [`decode`].
#[inline(never)]
pub fn digest(payload: &[u8]) -> Option<(u32, u32)> {
    const WANTED: &[u16] = &[
        IFLA_INET6_CONF,
        IFLA_INET6_TOKEN,
        IFLA_IFNAME,
        IFLA_MTU,
        IFLA_ADDRESS,
        IFLA_BROADCAST,
        IFLA_PERM_ADDRESS,
        IFLA_MASTER,
        IFLA_LINK,
        IFLA_TXQLEN,
        IFLA_LINKINFO,
        IFLA_PROP_LIST,
        IFLA_CARRIER_DOWN_COUNT,
    ];
    let (header, rest) = payload.split_first_chunk::<16>()?;
    // what changed stands last
    let [head @ .., _, _, _, _] = header;
    let [family, _, _, _, i0, i1, i2, i3, ..] = *header;
    if family != AF_UNSPEC {
        return None;
    }
    let inet6 = attr_in(attr_in(rest, IFLA_AF_SPEC), AF_INET6.into());
    let mut sum = hash(HASH_START, head);
    for (n, kind) in WANTED.iter().enumerate() {
        let attrs = if n < 2 { inet6 } else { rest };
        sum = hash(sum, attr_in(attrs, *kind));
    }
    Some((u32::from_ne_bytes([i0, i1, i2, i3]), sum))
}

/// Reads the hardware address in the first attribute of this type.
#[inline(never)]
fn read_mac(rest: &[u8], kind: u16, to: &mut Mac) {
    *to = Mac::from_kernel(attr_in(rest, kind));
}

/// Kind and options in the payload of an `RTM_NEWLINK` ([`super::info`]); empty for a device.
pub fn info(payload: &[u8]) -> &[u8] {
    attr_in(payload.get(16..).unwrap_or_default(), IFLA_LINKINFO)
}

/// The alternative names in the payload of an `RTM_NEWLINK` that are short enough to be a link's name.
pub fn altnames(payload: &[u8]) -> impl Iterator<Item = IfName> + '_ {
    let rest = payload.get(16..).unwrap_or_default();
    attrs(attr_in(rest, IFLA_PROP_LIST))
        .filter(|attr| attr.kind == IFLA_ALT_IFNAME)
        .filter_map(|attr| IfName::from_kernel(attr.payload))
}

/// `IFF_UP`, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Up.
    Up,
    /// Down.
    Down,
}

/// Begins a request that changes attributes of a link, and whether it is up (`RTM_SETLINK`), or takes properties
/// from it (`RTM_DELLINKPROP`); they follow. The kernel applies MAC, MTU, name and flags in this order and keeps what it applied
/// before one of them failed; before Linux 6.2 it refuses the name (`EBUSY`) if the link is up, even if the
/// same request brings it down.
///
/// No `NLM_F_EXCL`: in a DEL request that bit is `NLM_F_BULK`, which Linux 5.19 and later refuse here.
#[inline(always)]
pub fn begin(w: &mut Writer<'_>, kind: u16, seq: u32, ifindex: u32, admin: Option<Admin>) {
    let (ifi_flags, ifi_change) = match admin {
        None => (0, 0),
        Some(Admin::Up) => (IFF_UP, IFF_UP),
        Some(Admin::Down) => (0, IFF_UP),
    };
    w.begin(kind, 0, seq);
    put_header(w, ifindex, ifi_flags, ifi_change);
}

/// Appends the `ifinfomsg`.
#[inline(never)]
fn put_header(w: &mut Writer<'_>, ifindex: u32, flags: u32, mask: u32) {
    let head = [
        [0; 4],
        ifindex.to_ne_bytes(),
        flags.to_ne_bytes(),
        mask.to_ne_bytes(),
    ];
    w.header(head.as_flattened());
}

/// What a new link has beside its kind. Its MTU is set later, when those of the links below it are.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// Its name.
    pub name: &'a IfName,
    /// The link it lies on; 0 for none.
    pub lower: u32,
    /// Its MAC; the kernel chooses one where there is none.
    pub mac: &'a Mac,
}

/// A request about one link, with one attribute.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `RTM_*`. With `RTM_NEWLINK` a link is made, or options of one change: `RTM_SETLINK` with them would be answered
    /// as if it had changed them, and do nothing. `RTM_DELLINK` takes the links that lie on it along.
    /// `RTM_NEWLINKPROP` adds alternative names up to the first that is there (`EEXIST`).
    pub kind: u16,
    /// The link; one that is made gets this number, which no other may have.
    pub ifindex: u32,
    /// Flags (`IFF_*`), and which of them are meant.
    pub flags: [u32; 2],
    /// Of a link that is made.
    pub made: Option<Made<'a>>,
    /// Type of the attribute.
    pub attr: u16,
}

impl Request<'_> {
    /// Appends it; without the attribute where that is empty.
    ///
    /// # Errors
    /// [`Full`] when it does not fit; then nothing of it was written.
    #[inline(never)]
    pub fn put(&self, w: &mut Writer<'_>, seq: u32, payload: &[u8]) -> Result<(), Full> {
        const NEW: u16 = NLM_F_CREATE | NLM_F_EXCL;
        let flags = match self.kind {
            RTM_NEWLINK if self.made.is_some() => NEW,
            RTM_NEWLINKPROP => NEW | NLM_F_APPEND,
            _ => 0,
        };
        w.begin(self.kind, flags, seq);
        let [flags, mask] = self.flags;
        put_header(w, self.ifindex, flags, mask);
        if let Some(made) = &self.made {
            w.attr(IFLA_IFNAME, made.name.padded());
            w.attr(IFLA_ADDRESS, made.mac.as_bytes());
            if made.lower != 0 {
                w.attr_u32(IFLA_LINK, made.lower);
            }
        }
        w.attr(self.attr, payload);
        w.finish()
    }
}

/// The payload of an `IFLA_PROP_LIST` with one alternative name.
pub fn altname_list(name: &IfName) -> [u8; 20] {
    let mut list = [0; 20];
    let [l0, l1, k0, k1, text @ ..] = &mut list;
    [*l0, *l1] = 20_u16.to_ne_bytes();
    [*k0, *k1] = IFLA_ALT_IFNAME.to_ne_bytes();
    *text = *name.padded();
    list
}
