//! What is said on links beside netlink: packet sockets, the jail behind them, and UDP to a server.
//!
//! Nothing is opened before something is to be sent. A flood of packets is heard a few at a time, with a pause
//! after each: the kernel drops the rest, which costs us nothing.

use crate::frame;
use crate::sys::jail::{Jail, MAX_FRAME, Trouble};
use crate::sys::packet::{self, EtherType};
use crate::sys::{clock, process, udp};
use ifdawn::diag::{Complaint, Effect, Errno, Problem};
use ifdawn::engine::{Instant, Packet};
use ifdawn::model::link::Mac;
use ifdawn::model::statement::Statement;
use ifdawn::text::parts;
use std::mem;
use std::net::Ipv4Addr;
use std::os::fd::BorrowedFd;

/// Memory of the sockets.
#[repr(C)]
pub struct Ether {
    /// Where packets are parsed.
    pub jail: Jail,
    /// The packet at hand.
    frame: [u8; MAX_FRAME],
}

impl Ether {
    /// Nothing heard.
    pub const fn new() -> Ether {
        Ether {
            jail: Jail::NONE,
            frame: [0; MAX_FRAME],
        }
    }
}

/// Packets that are heard in a row, and microseconds of the pause after them.
const ROW: u32 = 256;
const PAUSE: u32 = 50_000;

/// Seconds after a probe in which ARP is listened to: nobody waits longer for an answer.
const PROBING_SECONDS: u32 = 20;

/// How often it is looked whether a datagram has left, and microseconds between two looks.
const FLUSH_LOOKS: u32 = 200;
const FLUSH_MICROS: u32 = 2_000;

/// See the module.
pub struct Sockets<'a> {
    ether: &'a mut Ether,
    /// By [`EtherType`].
    packets: [Option<BorrowedFd<'static>>; EtherType::ALL.len()],
    /// The socket of the last datagram: while it is open, the answer finds somebody at its port.
    udp: Option<BorrowedFd<'static>>,
    /// The upper half of every `xid`.
    pub xid_tag: u16,
    /// Packets that were heard in a row, and until when they are not listened to, if so: else for ever.
    heard: u32,
    pause: Instant,
    /// Whether something was sent since they were last waited for.
    has_sent: bool,
    /// Until when ARP is listened to.
    probing: Instant,
    /// Whether packets are parsed by ourselves (`ifdawn.jail=off`).
    pub is_free: bool,
    /// What went wrong with the jail since it was last taken.
    pub trouble: Option<Trouble>,
}

impl<'a> Sockets<'a> {
    /// None open.
    pub fn new(ether: &'a mut Ether, xid_tag: u16) -> Sockets<'a> {
        Sockets {
            ether,
            packets: [None; _],
            udp: None,
            xid_tag,
            heard: 0,
            pause: Instant(u64::MAX),
            has_sent: false,
            probing: Instant(0),
            is_free: false,
            trouble: None,
        }
    }

    /// The jail may be started anew as often as at first.
    pub fn trust_jail(&mut self) {
        self.ether.jail.starts = 0;
    }

    /// Sends a packet.
    pub fn transmit(
        &mut self,
        ifindex: u32,
        what: Packet,
        to: &Mac,
        packet: &[u8],
    ) -> Result<(), Errno> {
        let (hears, kind) = WAYS.get(what as usize).ok_or(Errno::EINVAL)?;
        if what == Packet::Probe {
            self.probing = clock::in_seconds(PROBING_SECONDS);
        }
        let slot = self.packets.get_mut(*hears as usize).ok_or(Errno::EINVAL)?;
        let socket = match *slot {
            Some(socket) => socket,
            None => *slot.insert(packet::open(*hears, self.xid_tag)?),
        };
        packet::send(socket, ifindex, *kind, to.as_bytes(), packet)?;
        self.has_sent = true;
        Ok(())
    }

    /// Sends a datagram: the payload of a packet, with its type of service.
    pub fn unicast(
        &mut self,
        ifindex: u32,
        from: Ipv4Addr,
        to: Ipv4Addr,
        packet: &[u8],
    ) -> Result<(), Errno> {
        let last = self.udp.replace(udp::send(ifindex, from, to, packet)?);
        last.map(process::close);
        Ok(())
    }

    /// Waits until the last datagram has left: where the server is must be found out first.
    pub fn flush(&self) {
        for _ in 0..FLUSH_LOOKS {
            let pending = self.udp.map_or(0, udp::pending);
            if pending == 0 {
                return;
            }
            clock::sleep(FLUSH_MICROS);
        }
    }

    /// Puts the sockets to be waited for, and says until when at most.
    pub fn awaited(&mut self, files: &mut [Option<BorrowedFd<'_>>]) -> Instant {
        self.heard = 0;
        // It starts while the answers are on their way.
        if mem::take(&mut self.has_sent) && !self.is_free {
            self.trouble = self.ether.jail.start().err();
        }
        if clock::now() >= self.pause {
            self.pause = Instant(u64::MAX);
        }
        for (file, what) in files.iter_mut().zip(&EtherType::ALL) {
            *file = self.listening(*what);
        }
        self.pause
    }

    /// What the next packet says, in `said`, and the link it came by; `None` where there is none, or a pause.
    #[inline(never)]
    pub fn hear(&mut self, said: &mut Statement) -> Option<u32> {
        // Anybody may say much by IPv6: it comes last.
        for &what in &EtherType::ALL {
            while let Some(socket) = self.listening(what) {
                while self.heard < ROW && self.ether.jail.has_room() {
                    self.heard += 1;
                    let frame = match packet::receive(socket, &mut self.ether.frame) {
                        Ok(frame) => frame,
                        Err(Errno::EAGAIN) => break,
                        // A link went down, or a packet is none we read.
                        Err(_) => continue,
                    };
                    let octets = parts::slice(&self.ether.frame, 0, frame.len as usize);
                    if self.is_free {
                        frame::read(what, frame.checksum, octets, said);
                        return Some(frame.ifindex);
                    }
                    let jail = &mut self.ether.jail;
                    while let Err(why) = jail.ask(frame.ifindex, what, frame.checksum, octets) {
                        self.trouble = Some(why);
                        if why != Trouble::Gone {
                            break;
                        }
                    }
                }
                match self.ether.jail.answer(said) {
                    Ok(None) => break,
                    Ok(of) => return of,
                    Err(why) => self.trouble = Some(why),
                }
            }
        }
        if self.heard >= ROW {
            self.pause = clock::in_micros(PAUSE);
        }
        None
    }

    /// The socket that hears this, while it is listened to.
    #[inline(never)]
    fn listening(&self, what: EtherType) -> Option<BorrowedFd<'static>> {
        let socket = self.packets.get(what as usize).copied().flatten();
        let is_heard = |_: &_| {
            self.pause == Instant(u64::MAX)
                && (what != EtherType::Arp || clock::now() < self.probing)
        };
        socket.filter(is_heard)
    }

    /// This process was reaped: where it was the jail, nobody may kill it any more.
    pub fn reaped(&mut self, pid: u32) {
        if self.ether.jail.is(pid) {
            self.ether.jail.forget();
            self.trouble = Some(Trouble::Gone);
        }
    }

    /// Has a copy of us forget the jail, which is the other one's.
    pub fn forget_jail(&mut self) {
        self.ether.jail.forget();
    }

    /// Whether there is what takes long to be closed.
    pub fn are_open(&self) -> bool {
        self.packets.iter().any(Option::is_some)
    }
}

/// For each [`Packet`], on which socket its answers are heard, and as what it is sent. Nobody's answer to an announcement
/// is waited for.
static WAYS: [(EtherType, EtherType); 4] = [
    (EtherType::Ipv4, EtherType::Ipv4),
    (EtherType::Arp, EtherType::Arp),
    (EtherType::Ipv4, EtherType::Arp),
    (EtherType::Ipv6, EtherType::Ipv6),
];

/// Why a packet was not read, in words. One that died before it was asked is only replaced.
pub fn in_words(trouble: Trouble) -> Complaint {
    let problem = PROBLEMS.get(trouble as usize).copied();
    let problem = problem.unwrap_or(Problem::JailCrashed);
    if trouble == Trouble::Gone {
        Complaint::warning(problem, Effect::None)
    } else {
        Complaint::error(problem, Effect::AnswerDropped)
    }
}

/// By [`Trouble`].
static PROBLEMS: [Problem; 5] = [
    Problem::JailCrashed,
    Problem::JailCrashed,
    Problem::JailHung,
    Problem::NoSeccomp,
    Problem::JailGivenUp,
];
