//! Where octets from the wire are parsed: a copy of us that can do nothing else.
//!
//! It is under seccomp(2) (it may read, write and end; even reading the clock kills it) and holds one
//! descriptor, a `SOCK_SEQPACKET` of unix(7). A frame goes in with what is known of it, the record of a
//! [`Statement`] comes out, known by its size, which whoever asked validates again. (It is asked and waited for, so
//! it need not know when the frame arrived.) A jail that dies or hangs is replaced, but not for ever.
//!
//! ```text
//!  in:  +------+----------+------- - -      out:  +------- - -
//!       | type | checksum | frame                 | record
//!       +------+----------+------- - -            +------- - -
//! ```
#![expect(unsafe_code, reason = "system calls")]

use super::bpf::{self, Step, must, must_not, step};
use super::call::{call, read, receive, send, set, write};
use super::packet::EtherType;
use super::process;
use crate::frame;
use ifdawn::diag::Errno;
use ifdawn::model::advert::Advert;
use ifdawn::model::lease::{Lease, Verdict};
use ifdawn::model::lease6::Lease6;
use ifdawn::model::statement::{Form, Statement};
use ifdawn::wire::ipv4::Checksum;
use ifdawn::wire::netlink::copy_to;

use std::ffi::CStr;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;

/// Octets of a frame; of a longer one the jail sees no more. (A jumbo frame is not longer.)
pub const MAX_FRAME: usize = 9_216;

/// Microseconds within which a frame is parsed.
const ANSWER_MICROS: usize = 250_000;

/// How often it is started in all.
const MAX_STARTS: u32 = 4;

const NAME: &CStr = c"ifdawn-jail";

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be started, died, or answered what is no record; another one takes its place.
    Crashed,
    /// It died before it was asked: the next one can be asked the same.
    Gone,
    /// It did not answer in time; another one takes its place.
    Hung,
    /// The kernel has no seccomp. There will be no other one.
    NoSeccomp,
    /// It was started often enough.
    GivenUp,
}

/// The jail, and the memory it works in. What is large stands last: small offsets make short instructions.
#[repr(C)]
pub struct Jail {
    /// Its process, 0 while there is none, and our end of the socket.
    pid: u32,
    socket: BorrowedFd<'static>,
    /// How often it was started, of the times that it may be.
    pub starts: u32,
    /// Frames that were given to it and not yet answered: the number of the first, that of the next one to be given,
    /// and by their numbers what they are of.
    first: u32,
    next: u32,
    of: [u32; ROOM],
    /// The jail's: what it is given, and what that says. Ours: its answer.
    record: [u8; HEAD + MAX_FRAME],
    said: Statement,
}

/// Octets before the frame.
const HEAD: usize = 2;

/// Frames that it has at once: while it reads one, we see to the last one and to the next one. As many fit into a
/// socket, and as many answers.
const ROOM: usize = 8;

impl Jail {
    /// Not started.
    pub const NONE: Jail = Jail {
        pid: 0,
        // SAFETY: one that is not used. (Zeros take no room in the program.)
        socket: unsafe { BorrowedFd::borrow_raw(0) },
        starts: 0,
        first: 0,
        next: 0,
        of: [0; ROOM],
        record: [0; HEAD + MAX_FRAME],
        said: Statement::NONE,
    };

    /// Starts it where it is not yet running: it then starts while we wait for its first frame. One that is gone is
    /// said to be, and started the next time.
    #[inline(never)]
    pub fn start(&mut self) -> Result<(), Trouble> {
        if self.pid != 0 {
            if !process::is_gone(self.pid) {
                return Ok(());
            }
            return Err(self.end(Trouble::Gone));
        }
        if self.starts >= MAX_STARTS {
            return Err(Trouble::GivenUp);
        }
        self.starts = self.starts.wrapping_add(1);
        let [Some(ours), Some(theirs)] = pair() else {
            return Err(Trouble::Crashed);
        };
        let forked = process::fork();
        if forked == Ok(0) {
            self.serve(theirs);
        }
        process::close(theirs);
        let Ok(pid) = forked else {
            process::close(ours);
            return Err(Trouble::Crashed);
        };
        (self.pid, self.socket) = (pid, ours);
        for option in libc::SO_RCVTIMEO..libc::SO_SNDTIMEO + 1 {
            let _ = set(ours, libc::SOL_SOCKET, option, 0, ANSWER_MICROS);
        }
        Ok(())
    }

    /// Whether it takes a frame more before it is heard.
    pub fn has_room(&self) -> bool {
        self.waiting() < ROOM
    }

    /// How many frames are not answered.
    fn waiting(&self) -> usize {
        self.next.wrapping_sub(self.first) as usize
    }

    /// Gives it a frame, where there is room; `of` comes back with the answer. An error is for this frame and for those
    /// it was given before; whether there is a next one it says.
    #[inline(never)]
    pub fn ask(
        &mut self,
        of: u32,
        what: EtherType,
        checksum: Checksum,
        frame: &[u8],
    ) -> Result<(), Trouble> {
        // Whether it still runs shows when it is sent something.
        if self.pid == 0 {
            self.start()?;
        }
        let head = [what as u8, checksum as u8];
        let parts = [IoSlice::new(&head), IoSlice::new(frame)];
        match (send(self.socket, b"", &parts), self.waiting()) {
            (Err(Errno::EPIPE), 0) => return Err(self.end(Trouble::Gone)),
            // It ended: what it answered before is heard first.
            (Ok(()), _) | (Err(Errno::EPIPE | Errno::ECONNRESET), 1..) => {}
            (Err(errno), _) => return Err(self.end(of_errno(errno))),
        }
        if let Some(place) = self.of.get_mut(self.next as usize % ROOM) {
            *place = of;
        }
        self.next = self.next.wrapping_add(1);
        Ok(())
    }

    /// What the first frame that is not answered says, in `said`, which is to be believed only once it is sound, and
    /// what the frame is of; `None` where all are answered. An error is for all that are not.
    #[inline(never)]
    pub fn answer(&mut self, said: &mut Statement) -> Result<Option<u32>, Trouble> {
        if self.waiting() == 0 {
            return Ok(None);
        }
        let mut got = receive(self.socket, &mut self.record);
        // It ended with frames unread, which is told once, before what it answered.
        if got == Err(Errno::ECONNRESET) {
            got = receive(self.socket, &mut self.record);
        }
        said.form = match got {
            Ok(LEASE) => Form::Lease,
            Ok(LEASE6) => Form::Lease6,
            Ok(ADVERT) => Form::Advert,
            Ok(_) => return Err(self.end(Trouble::Crashed)),
            Err(errno) => return Err(self.end(of_errno(errno))),
        };
        copy_to(said.octets_mut(), 0, &self.record);
        let [verdict, ..] = self.record;
        if verdict == Verdict::Unread as u8 {
            self.starts = MAX_STARTS;
            return Err(self.end(Trouble::NoSeccomp));
        }
        let of = self.of.get(self.first as usize % ROOM).copied();
        self.first = self.first.wrapping_add(1);
        Ok(of)
    }

    /// Whether this is its process.
    pub fn is(&self, pid: u32) -> bool {
        self.pid == pid
    }

    /// It is another one's: what is asked starts a new one.
    pub fn forget(&mut self) {
        if self.pid != 0 {
            process::close(self.socket);
        }
        self.pid = 0;
        self.first = self.next;
    }

    /// Ends it, and says why.
    fn end(&mut self, why: Trouble) -> Trouble {
        self.stop();
        why
    }

    /// Ends it.
    #[inline(never)]
    pub fn stop(&mut self) {
        if self.pid != 0 {
            process::kill(self.pid);
            self.pid = 0;
            self.first = self.next;
            process::close(self.socket);
        }
    }

    /// The jail itself.
    fn serve(&mut self, socket: BorrowedFd<'_>) -> ! {
        if process::keep_only(socket, 0).is_err() {
            process::end();
        }
        process::forget();
        // SAFETY: this is the one descriptor that is left.
        let socket = unsafe { BorrowedFd::borrow_raw(0) };
        // Without these it is no less confined.
        let _ = process::die_with_parent();
        // SAFETY: the name ends with a NUL.
        let _ = unsafe { process::control(libc::PR_SET_NAME, NAME.as_ptr() as usize, 0) };
        let _ = process::gain_nothing();
        let confined = confine();
        // From here on any other call is the last.
        while let Ok(len @ 1..) = read(socket, &mut self.record) {
            // One that is not confined answers that nothing was read.
            if confined.is_ok()
                && let Some(&[what, sum, ref frame @ ..]) = self.record.get(..len as usize)
            {
                let what = match what {
                    IPV4 => EtherType::Ipv4,
                    ARP => EtherType::Arp,
                    _ => EtherType::Ipv6,
                };
                let checksum = match sum {
                    COMPLETE => Checksum::Complete,
                    _ => Checksum::Partial,
                };
                frame::read(what, checksum, frame, &mut self.said);
            }
            if write(socket, self.said.octets_mut()).is_err() {
                break;
            }
        }
        process::end()
    }
}

/// How the type is sent, and the state of a sum.
const IPV4: u8 = EtherType::Ipv4 as u8;
const ARP: u8 = EtherType::Arp as u8;
const COMPLETE: u8 = Checksum::Complete as u8;

/// What became of a jail that does not take a frame or give an answer.
fn of_errno(errno: Errno) -> Trouble {
    match errno {
        Errno::EAGAIN => Trouble::Hung,
        _ => Trouble::Crashed,
    }
}

/// Octets of an answer, by which it is known.
const LEASE: u32 = Lease::OCTETS as u32;
const LEASE6: u32 = Lease6::OCTETS as u32;
const ADVERT: u32 = Advert::OCTETS as u32;

/// Strict mode is not for a process that has a filter, as in most containers: there one more does the same.
fn confine() -> Result<(), Errno> {
    const SECCOMP: libc::c_int = libc::PR_SET_SECCOMP;
    // SAFETY: no pointers.
    let strict = unsafe { process::control(SECCOMP, libc::SECCOMP_MODE_STRICT as usize, 0) };
    strict.or_else(|_| process::filter_calls(&FILTER))
}

/// struct seccomp_data (linux/seccomp.h) begins with the call's number and what architecture it is for.
static FILTER: [Step; 8] = [
    step(bpf::WORD, 4),
    must(bpf::EQUALS, bpf::ARCHITECTURE, 5),
    step(bpf::WORD, 0),
    must_not(bpf::EQUALS, libc::SYS_read as u32, 2),
    must_not(bpf::EQUALS, libc::SYS_write as u32, 1),
    must(bpf::EQUALS, libc::SYS_exit as u32, 1),
    step(bpf::RETURN, libc::SECCOMP_RET_ALLOW),
    step(bpf::RETURN, libc::SECCOMP_RET_KILL_PROCESS),
];

/// Two ends of a socket that keeps what is sent apart; none where there cannot be one.
pub fn pair() -> [Option<BorrowedFd<'static>>; 2] {
    let (family, kind) = (libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC);
    let mut pair = [None; 2];
    let into = pair.as_mut_ptr() as usize;
    // SAFETY: the kernel writes two descriptors, which is what such an option is; nobody else closes them.
    let _ = unsafe {
        call(
            libc::SYS_socketpair,
            family as usize,
            kind as usize,
            0,
            into,
            0,
        )
    };
    pair
}
