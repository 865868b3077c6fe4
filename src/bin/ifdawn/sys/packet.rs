//! What arrives on any link and is for nobody's address yet: IPv4, ARP and IPv6, by packet(7).
//!
//! One socket of each for all links. It is created without a protocol and bound once, because each close and each
//! further bind of a packet socket waits for an RCU grace period (8 to 28 ms); so it is never closed, and
//! somebody else waits when we end: a copy of us.
#![expect(unsafe_code, reason = "system calls")]

use super::bpf::{self, Short, choose, must, must_not, step};
use super::call::{Received, receive_from, set_raw};
use super::udp;
use ifdawn::diag::Errno;
use ifdawn::wire::ipv4::Checksum;
use ifdawn::wire::ipv6;

use std::io::IoSlice;
use std::os::fd::BorrowedFd;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EtherType {
    /// IPv4.
    Ipv4,
    /// ARP.
    Arp,
    /// IPv6.
    Ipv6,
}

impl EtherType {
    /// All of them.
    pub const ALL: [EtherType; 3] = [EtherType::Ipv4, EtherType::Arp, EtherType::Ipv6];

    /// Its number in a frame: `ETH_P_IP`, `ETH_P_ARP`, `ETH_P_IPV6` (linux/if_ether.h).
    const fn number(self) -> u16 {
        match self {
            EtherType::Ipv4 => 0x0800,
            EtherType::Arp => 0x0806,
            EtherType::Ipv6 => 0x86dd,
        }
    }
}

/// A frame that was received, without its link layer.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The link it arrived on.
    pub ifindex: u32,
    /// Octets of it.
    pub len: u32,
    /// What is known of the sum of its transport.
    pub checksum: Checksum,
}

/// A packet socket of all links, which never waits: hears answers of DHCPv4 whose `xid` begins with `tag`, or ARP, or
/// neighbour discovery and DHCPv6.
#[inline(never)]
pub fn open(what: EtherType, tag: u16) -> Result<BorrowedFd<'static>, Errno> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let socket = super::socket(libc::AF_PACKET, kind)?;
    filter(socket, tag)?;
    super::set(socket, libc::SOL_PACKET, libc::PACKET_AUXDATA, 1, 0)?;
    let mut all = [0; 32];
    address(0, what, b"", &mut all);
    super::bind(socket, &all)?;
    if what == EtherType::Ipv6 {
        // Another client may be there already.
        let _ = udp::occupy();
    }
    Ok(socket)
}

/// Receives one; any number of errors may come before [`Errno::EAGAIN`]: a link went down
/// ([`Errno::ENETDOWN`]), a frame does not fit or is one of a VLAN ([`Errno::EMSGSIZE`]).
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Frame, Errno> {
    /// `TP_STATUS_CSUMNOTREADY` and `TP_STATUS_VLAN_VALID` (linux/if_packet.h).
    const CSUM_NOT_READY: u32 = 1 << 3;
    const VLAN_VALID: u32 = 1 << 4;
    // sockaddr_ll: family and protocol, ifindex. What follows is not asked for.
    // cmsghdr: length (two), level, type; auxdata: status, length, captured, network and link layer,
    // VLAN.
    let mut from = Received::default();
    let len = receive_from(socket, buffer, &mut from, 0)?;
    let [_, ifindex] = from.address;
    let [_, _, _, _, status, _, _, _, vlan, _] = from.control;
    // 12 bits are the VLAN's number; 0 says only how urgent the frame is.
    if status & VLAN_VALID != 0 && vlan & 0xfff != 0 {
        return Err(Errno::EMSGSIZE);
    }
    let checksum = match status & CSUM_NOT_READY {
        0 => Checksum::Complete,
        _ => Checksum::Partial,
    };
    Ok(Frame {
        ifindex,
        len,
        checksum,
    })
}

/// Sends one to a hardware address of the link's length.
pub fn send(
    socket: BorrowedFd<'_>,
    ifindex: u32,
    what: EtherType,
    to: &[u8],
    packet: &[u8],
) -> Result<(), Errno> {
    let mut address = [0; 32];
    self::address(ifindex, what, to, &mut address);
    super::send(socket, &address, &[IoSlice::new(packet)])
}

/// Has a socket hear nothing but what [`open`] says.
pub fn filter(socket: BorrowedFd<'_>, tag: u16) -> Result<(), Errno> {
    let mut heard = [step(0, 0); HEARD.len()];
    for (step, short) in heard.iter_mut().zip(&HEARD) {
        *step = bpf::long(short);
    }
    let [.., tagged, _, _] = &mut heard;
    tagged.value = u32::from(tag);
    let [len, steps] = bpf::program(&heard);
    // SAFETY: the program is as long as said.
    unsafe { set_raw(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, len, steps) }
}

/// Fills struct sockaddr_ll (linux/if_packet.h), long enough for InfiniBand.
#[inline(never)]
fn address(ifindex: u32, what: EtherType, to: &[u8], address: &mut [u8; 32]) {
    let [f0, f1] = (libc::AF_PACKET as u16).to_ne_bytes();
    let [p0, p1] = what.number().to_be_bytes();
    let [i0, i1, i2, i3] = ifindex.to_ne_bytes();
    let (head, rest) = address.split_at_mut(HEAD);
    head.copy_from_slice(&[f0, f1, p0, p1, i0, i1, i2, i3, 0, 0, 0, to.len() as u8]);
    // Of one that is too long the kernel says so.
    rest.iter_mut().zip(to).for_each(|(to, from)| *to = *from);
}

/// Octets of an address before that of the hardware.
const HEAD: usize = 12;

/// `SKF_AD_OFF + SKF_AD_PKTTYPE`: the packet type, and the last one that is for us (this host, broadcast,
/// multicast). Those of VLANs without a link here are for another host, like those to other addresses.
const PACKET_TYPE: u32 = 0xffff_f004;
const PACKET_MULTICAST: u32 = 2;

/// What is heard, of each protocol; of which a packet is its first octet tells: a version, or the first half of the
/// type of hardware.
///
/// * What routers and neighbours say on the link itself, and servers to clients of DHCPv6. Neither may have another
///   header before it (see [`ifdawn::wire::ipv6`]).
/// * ARP for IPv4.
/// * Answers to what we sent by IPv4. Not even the magic cookie is asked for, since BOOTP (RFC 951) knows none; who
///   guesses blindly fails by the tag.
static HEARD: [Short; 30] = bpf::short([
    step(bpf::OCTET, PACKET_TYPE),
    must_not(bpf::EXCEEDS, PACKET_MULTICAST, 27),
    step(bpf::OCTET, 0),
    must(bpf::EXCEEDS, 0x5f, 10), // IPv6
    step(bpf::OCTET, 6),
    must_not(bpf::EQUALS, ipv6::UDP as u32, 6),
    must(bpf::EQUALS, ipv6::ICMPV6 as u32, 22),
    step(bpf::OCTET, 7),
    must(bpf::EQUALS, ipv6::HOP_LIMIT as u32, 20), // no router was on the way
    step(bpf::OCTET, 40),
    must(bpf::EXCEEDS, 133, 18), // of a router, who has it, somebody has it
    choose(bpf::EXCEEDS, 136, 17, 16),
    step(bpf::SHORT, 42),
    choose(bpf::EQUALS, 546, 14, 15), // dhcpv6-client
    must_not(bpf::EXCEEDS, 0x3f, 2),
    step(bpf::SHORT, 2),
    choose(bpf::EQUALS, EtherType::Ipv4.number() as u32, 11, 12),
    step(bpf::OCTET, 9),
    must(bpf::EQUALS, 17, 10), // UDP
    step(bpf::SHORT, 6),
    must_not(bpf::HAS_BITS, 0x3fff, 8), // more fragments, or not the first
    step(bpf::IP_HEADER, 0),
    step(bpf::SHORT_BEHIND, 2),
    must(bpf::EQUALS, 68, 5), // bootpc
    step(bpf::OCTET_BEHIND, 8),
    must(bpf::EQUALS, 2, 3), // BOOTREPLY
    step(bpf::SHORT_BEHIND, 12),
    must(bpf::EQUALS, 0, 1), // xid: the tag
    step(bpf::RETURN, u32::MAX),
    step(bpf::RETURN, 0),
]);
