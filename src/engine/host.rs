//! The outside world, as the engine sees it.

use crate::diag::{Errno, Sink};
use crate::model::link::{IfName, Mac};
use crate::output::hook::Hook;
use crate::packed::Word;
use crate::text::show::Show;
use crate::wire::ethtool::Room;
use core::net::Ipv4Addr;

/// A point in time: microseconds of `CLOCK_BOOTTIME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    /// This long after.
    #[inline(never)]
    pub fn after_seconds(self, seconds: u32) -> Instant {
        match seconds {
            u32::MAX => Instant(u64::MAX),
            _ => Instant(
                self.0
                    .wrapping_add(u64::from(seconds).wrapping_mul(1_000_000)),
            ),
        }
    }

    /// Whole seconds from now on until `end`; for ever they are `u32::MAX`.
    pub fn seconds_until(self, end: Instant) -> u32 {
        match end {
            Instant(u64::MAX) => u32::MAX,
            end => (end.0.saturating_sub(self.0) / 1_000_000) as u32,
        }
    }
}

/// A file we write and read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFile<'l> {
    /// `/run/ifdawn/owned-IF`.
    Owned(&'l IfName),
    /// `/run/ifdawn/lease-IF`.
    Lease(&'l IfName),
    /// `/run/ifdawn/lease6-IF`.
    Lease6(&'l IfName),
    /// `/proc/sys/net/ipv6/conf/IF/` and this, which is under no other root, and written in place.
    Knob(&'l IfName, Word),
    /// `/etc/machine-id`, which is only read.
    MachineId,
    /// `/run/ifdawn/state.json`.
    State,
    /// `/etc/resolv.conf`, or as `--resolv-conf` says.
    ResolvConf,
    /// `/proc/sys/kernel/hostname`, written in place.
    Hostname,
}

/// The outside world. The engine makes a complaint as often as it looks; the host passes it on once (see
/// [`super::Said`]).
pub trait Host: Sink {
    /// The clock.
    fn now(&mut self) -> Instant;

    /// Sends whole netlink requests as one datagram.
    ///
    /// # Errors
    /// As send(2).
    fn send(&mut self, requests: &[u8]) -> Result<(), Errno>;

    /// Receives one datagram of answers into `buffer` and returns its length.
    ///
    /// # Errors
    /// As recv(2); [`Errno::EMSGSIZE`] for one that does not fit, [`Errno::ENOBUFS`] when answers were lost.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Receives one datagram of what the kernel tells of changes.
    ///
    /// # Errors
    /// [`Errno::EAGAIN`] for none; any other when some were lost.
    fn event(&mut self, _: &mut [u8]) -> Result<usize, Errno> {
        Err(Errno::EAGAIN)
    }

    /// Whether links may have changed since this was last asked in a way that no event tells: udev is done with one, or
    /// nobody tells.
    fn have_links_changed(&mut self) -> bool;

    /// Whether udev is done with the link, or none runs.
    fn is_settled(&mut self, ifindex: u32) -> Settled;

    /// The file's octets.
    ///
    /// # Errors
    /// As open(2) and read(2); [`Errno::ENOENT`] is the usual one.
    fn read(&mut self, file: OutputFile<'_>) -> Result<&[u8], Errno>;

    /// Replaces the file whole.
    ///
    /// # Errors
    /// As open(2), write(2) and rename(2).
    fn write(&mut self, file: OutputFile<'_>, text: &dyn Show) -> Result<(), Errno>;

    /// Removes the file; one that is not there is no error.
    fn remove(&mut self, file: OutputFile<'_>);

    /// Looks which `owned-IF` files there are.
    fn list_owned(&mut self);

    /// The name in the name of one of them, by its place in the list.
    fn owned(&self, n: usize) -> Option<IfName>;

    /// Sends a packet on a link to a hardware address. From the first [`Packet::Probe`] on ARP is listened to.
    ///
    /// # Errors
    /// As send(2).
    fn transmit(
        &mut self,
        ifindex: u32,
        what: Packet,
        to: &Mac,
        packet: &[u8],
    ) -> Result<(), Errno>;

    /// Sends a datagram from the DHCPv4 client's port of an address to the server's of another one: the payload of a
    /// packet, with its type of service.
    ///
    /// # Errors
    /// As bind(2) and send(2).
    fn unicast(
        &mut self,
        ifindex: u32,
        from: Ipv4Addr,
        to: Ipv4Addr,
        packet: &[u8],
    ) -> Result<(), Errno>;

    /// Waits until the last datagram has left: the address that it comes from goes next.
    fn flush(&mut self) {}

    /// Sends a request of the family `ethtool` of generic netlink (its number is filled in), and puts the answer into
    /// `room`. Where the kernel has no such family, does the same by ioctl(2).
    ///
    /// # Errors
    /// As the kernel answers; [`Errno::EOPNOTSUPP`] for what the device has not.
    fn ethtool(&mut self, link: &IfName, request: &mut [u8], room: &mut Room) -> Result<(), Errno>;

    /// Has hooks run: what happened, to what, and what they find in their environment, behind the end
    /// of a line. Where nobody runs any, nothing.
    fn hook(&mut self, _: Hook, _: &[u8], _: &dyn Show) {}

    /// Tells a person what happens.
    fn progress(&mut self, news: &dyn Show);

    /// An operation is about to be sent, or something else worth knowing happened (`-v`).
    fn trace(&mut self, what: &dyn Show);
}

/// What is sent to a hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// IPv4, with a DHCP message.
    Dhcp,
    /// ARP: does somebody have an address?
    Probe,
    /// ARP: we have it. No answer is listened to.
    Announcement,
    /// IPv6: a question to routers or neighbours, or a message of DHCPv6. From the first one on both are listened to.
    Ipv6,
}

/// Whether a link may be touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It may.
    Yes,
    /// udev is not done with it.
    NotYet,
}
