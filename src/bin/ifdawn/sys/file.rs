//! Files, all under one root: read whole, written atomically, directories listed without a heap.
#![expect(unsafe_code, reason = "system calls")]

use super::names::Names;
use super::{call, descriptor, opened, read};
use ifdawn::diag::{Errno, LineBuf};
use ifdawn::limits::MAX_LINE;
use ifdawn::packed::{Word, word};
use ifdawn::text::parts;

use super::out::Out;
use crate::form::Wanted;
use ifdawn::text::show::{Show, Text};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How the name of a file ends that is not written to its end. No name of a link has a colon: what a run that
/// was killed left is nobody's `owned-IF`.
const UNFINISHED: Word = word!(":ifdawn-new");

/// A path that does not fit, or that the kernel does not take.
pub const TOO_LONG: Errno = Errno::ENAMETOOLONG;

/// EAGAIN and EWOULDBLOCK: nothing to read yet; somebody else has the lock.
pub const HELD: Errno = Errno::EAGAIN;

/// Octets of a path, its root and the NUL at its end included.
const MAX_PATH: usize = MAX_LINE;

/// Symbolic links that are followed: as many as the kernel follows.
const MAX_LINKS: u32 = 40;

/// A path with a NUL at its end. In the place of one that does not fit is one that no file can have:
/// calls refuse it as too long.
pub struct Path(LineBuf<MAX_PATH>);

/// Calls that take a directory, a path, two numbers and no pointer besides.
#[derive(Clone, Copy)]
enum At {
    Open = libc::SYS_openat as isize,
    Access = libc::SYS_faccessat as isize,
    MakeDirectory = libc::SYS_mkdirat as isize,
    Unlink = libc::SYS_unlinkat as isize,
}

/// Every descriptor is ours alone, and none is our terminal.
const OPENED: libc::c_int = libc::O_CLOEXEC | libc::O_NOCTTY;

/// `AT_FDCWD` as an argument of [`call`]. No path of ours is relative but those a person gives.
const HERE: usize = libc::AT_FDCWD as usize;

/// The prefix of every file read or written.
#[derive(Clone, Copy)]
pub struct Root<'a>(&'a [u8]);

impl<'a> Root<'a> {
    /// No prefix: for what a person named, for devices, and for what belongs to the network namespace.
    pub const NONE: Root<'static> = Root(b"");

    /// A prefix. What it ends with does not matter: several slashes are one.
    pub fn new(prefix: &'a [u8]) -> Root<'a> {
        Root(prefix)
    }

    /// A path under the root.
    #[inline(never)]
    pub fn path(&self, path: &[u8]) -> Path {
        Path::join(self.0, word!(""), path)
    }

    /// A path under the root that begins with a word.
    #[inline(never)]
    pub fn join(&self, word: Word, rest: &[u8]) -> Path {
        Path::join(self.0, word, rest)
    }

    #[inline(never)]
    fn at(&self, path: Word, what: At, a: libc::c_int, b: u16) -> Result<u32, Errno> {
        self.join(path, b"").at(what, a, b)
    }

    /// Opens a file; never inherited, never our terminal.
    pub fn open(&self, path: Word, flags: libc::c_int, mode: u16) -> Result<OwnedFd, Errno> {
        let file = self.at(path, At::Open, flags | OPENED, mode);
        // SAFETY: openat(2) opens a descriptor.
        unsafe { opened(file) }
    }

    /// Whether there is such a file.
    #[inline(never)]
    pub fn exists(&self, path: Word) -> bool {
        self.join(path, b"").exists()
    }

    /// The number of what is at the end of a path and its symbolic links; 0 if there is nothing.
    #[inline(never)]
    pub fn inode(&self, path: Word) -> u64 {
        self.join(path, b"").status().inode
    }

    /// Adds the names in a directory that are wanted, in the kernel's order.
    #[inline(never)]
    pub fn list(&self, path: &[u8], wanted: Wanted, names: &mut Names) -> Result<(), Errno> {
        let directory = (self.path(path)).open(libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
        let mut buffer = [0_u8; 3072];
        loop {
            let file = descriptor(directory.as_fd());
            let (into, len) = (buffer.as_mut_ptr() as usize, buffer.len());
            // SAFETY: the buffer is as long as said.
            let len = unsafe { call(libc::SYS_getdents64, file, into, len, 0, 0) }?;
            let mut records = buffer.get(..len as usize).unwrap_or_default();
            if records.is_empty() {
                return Ok(());
            }
            // linux_dirent64: u64 inode, i64 offset, u16 record length, u8 type, name with NUL.
            while let Some((&[l0, l1], [_, name @ ..])) =
                records.get(16..).and_then(|rest| rest.split_first_chunk())
            {
                let name = parts::nth(name, 0, 0);
                names.push(wanted, name);
                let length = usize::from(u16::from_ne_bytes([l0, l1]));
                records = records.get(length..).unwrap_or_default();
            }
        }
    }

    /// Makes a directory; one that exists is no error.
    #[inline(never)]
    pub fn make_directory(&self, path: Word) -> Result<(), Errno> {
        match self.at(path, At::MakeDirectory, 0o755, 0) {
            Ok(_) | Err(Errno::EEXIST) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

impl Path {
    /// A word between two other parts, each of which may be empty.
    #[inline(never)]
    pub fn join(first: &[u8], word: Word, last: &[u8]) -> Path {
        let mut path = Path(LineBuf::new());
        let line = &mut path.0;
        line.put(first);
        line.unpack(word.text());
        line.put(last);
        // It may have been cut.
        if line.as_bytes().len() == MAX_PATH {
            line.clear();
            for _ in 1..MAX_PATH {
                line.put(b"x");
            }
        }
        line.put(b"\0");
        path
    }

    /// Without the NUL at its end.
    #[inline(never)]
    pub fn as_bytes(&self) -> &[u8] {
        self.0
            .as_bytes()
            .split_last()
            .map_or(&[], |(_, octets)| octets)
    }

    /// With it.
    pub fn whole(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether there is such a file.
    #[inline(never)]
    pub fn exists(&self) -> bool {
        self.at(At::Access, libc::F_OK, 0).is_ok()
    }

    /// Where it leads by the symbolic links at its end; there may be nothing.
    pub fn follow(&mut self) {
        let mut target = [0_u8; MAX_PATH];
        for _ in 0..MAX_LINKS {
            let (into, len) = (target.as_mut_ptr() as usize, target.len());
            // SAFETY: the path ends with a NUL, the buffer is as long as said.
            let len = unsafe { call(libc::SYS_readlinkat, HERE, self.pointer(), into, len, 0) };
            let Ok(len) = len else { break };
            let target = parts::slice(&target, 0, len as usize);
            let from = match target {
                [b'/', ..] => b"",
                _ => self.before_name(),
            };
            *self = Path::join(from, word!(""), target);
        }
    }

    /// The directory it is in.
    pub fn directory(&self) -> Path {
        Path::join(self.before_name(), word!("."), b"")
    }

    /// All up to its last slash.
    pub fn before_name(&self) -> &[u8] {
        let path = self.as_bytes();
        let name = path.rsplit(|octet| *octet == b'/').next();
        parts::slice(
            path,
            0,
            path.len().saturating_sub(name.map_or(0, <[u8]>::len)),
        )
    }

    /// Whether there is something that this user may not write to as its owner.
    #[inline(never)]
    pub fn is_of_others(&self, user: u32) -> bool {
        let status = self.status();
        status.kind() != 0 && (status.user != user || status.mode & 0o200 == 0)
    }

    /// Whether there is something that is no regular file.
    pub fn is_special(&self) -> bool {
        !matches!(self.status().kind(), 0 | libc::S_IFREG)
    }

    /// What is at the end of it and its symbolic links.
    pub fn status(&self) -> Status {
        status(HERE, self.pointer(), 0)
    }

    /// As system calls take it.
    pub fn pointer(&self) -> usize {
        self.0.as_bytes().as_ptr() as usize
    }

    #[inline(never)]
    fn at(&self, what: At, a: libc::c_int, b: u16) -> Result<u32, Errno> {
        // SAFETY: the path ends with a NUL, and there is no other pointer.
        unsafe {
            call(
                what as libc::c_long,
                HERE,
                self.pointer(),
                a as usize,
                b.into(),
                0,
            )
        }
    }

    /// Opens it; never inherited, never our terminal.
    #[inline(never)]
    pub fn open(&self, flags: libc::c_int, mode: u16) -> Result<OwnedFd, Errno> {
        let file = self.at(At::Open, flags | OPENED, mode);
        // SAFETY: openat(2) opens a descriptor.
        unsafe { opened(file) }
    }

    /// Reads a file until it ends or the buffer is full. A FIFO or device is not waited for, unless a person named
    /// it; a directory is [`Errno::EISDIR`].
    #[inline(never)]
    pub fn read(&self, buffer: &mut [u8], is_given: bool) -> Result<u32, Errno> {
        let flags = if is_given { 0 } else { libc::O_NONBLOCK };
        let file = self.open(libc::O_RDONLY | flags, 0)?;
        // Nobody may write into a FIFO, and nothing but a file is configuration.
        let empty = c"".as_ptr() as usize;
        match status(descriptor(file.as_fd()), empty, libc::AT_EMPTY_PATH).kind() {
            libc::S_IFDIR => Err(Errno::EISDIR),
            kind if is_given || kind == libc::S_IFREG => read_all(&file, buffer),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Removes a file; one that is not there is no error.
    pub fn remove(&self) {
        let _ = self.at(At::Unlink, 0, 0);
    }

    /// Writes to a file as it is, such as one under /proc.
    #[inline(never)]
    pub fn write_in_place(&self, text: &dyn Show) -> Result<(), Errno> {
        let file = self.open(libc::O_WRONLY | libc::O_TRUNC | libc::O_CREAT, 0o644)?;
        write_all(&file, text)
    }

    /// Replaces a file whole: a temporary file beside it, renamed over it, with the old one's SELinux label.
    /// A symbolic link and a bind mount are written through in place.
    #[inline(never)]
    pub fn replace(&self, text: &dyn Show) -> Result<(), Errno> {
        let old = status(HERE, self.pointer(), libc::AT_SYMLINK_NOFOLLOW);
        let temporary = Path::join(self.as_bytes(), UNFINISHED, b"");
        let mut written = Err(Errno::EXDEV);
        if old.kind() != libc::S_IFLNK {
            // What a run that was killed left.
            temporary.remove();
            written = self.write_temporary(&temporary, old, text);
        }
        let Err(error) = written else { return Ok(()) };
        temporary.remove();
        // A symbolic link or a bind mount; or only the file itself may be written.
        let in_place = matches!(
            error,
            Errno::EBUSY | Errno::EROFS | Errno::EACCES | Errno::EXDEV
        );
        match in_place && old.kind() != 0 {
            true => self.write_in_place(text),
            false => Err(error),
        }
    }

    fn write_temporary(&self, temporary: &Path, old: Status, text: &dyn Show) -> Result<(), Errno> {
        let mode = match old.kind() {
            0 => 0o644,
            _ => old.mode & 0o777,
        };
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
        let file = temporary.open(flags, mode)?;
        write_all(&file, text)?;
        let (from, to) = (temporary.pointer(), self.pointer());
        if old.kind() != 0 {
            keep_label(to, &file);
        }
        // SAFETY: both paths end with a NUL.
        unsafe { call(libc::SYS_renameat2, HERE, from, HERE, to, 0) }.map(|_| ())
    }
}

/// Reads a file until it ends or the buffer is full, or nothing is there yet.
///
/// A part at a time: of a file under /proc/sys the kernel makes room for all that is asked for, or has none (ENOMEM).
fn read_all(file: &OwnedFd, buffer: &mut [u8]) -> Result<u32, Errno> {
    const PART: usize = 1024 * 1024;
    let mut len = 0_u32;
    loop {
        let room = buffer.get_mut(len as usize..).unwrap_or_default();
        let end = room.len().min(PART);
        let room = room.get_mut(..end).unwrap_or_default();
        match read(file.as_fd(), room) {
            Ok(0) | Err(HELD) => return Ok(len),
            Ok(more) => len = len.wrapping_add(more),
            Err(other) => return Err(other),
        }
    }
}

/// Whether a person sits before it.
pub fn is_terminal(file: BorrowedFd<'_>) -> bool {
    let mut size = 0_u64;
    let (what, into) = (libc::TIOCGWINSZ as usize, &raw mut size as usize);
    // SAFETY: the kernel writes a struct winsize (asm-generic/termios.h): four short numbers.
    unsafe { call(libc::SYS_ioctl, descriptor(file), what, into, 0, 0) }.is_ok()
}

/// What becomes of a lock.
#[derive(Clone, Copy)]
pub enum Lock {
    /// It is taken, for as long as the file is open.
    Held = (libc::LOCK_EX | libc::LOCK_NB) as isize,
    /// It is given up.
    Free = libc::LOCK_UN as isize,
}

/// Takes the lock of a file, or says [`HELD`]; or gives it up.
pub fn lock(file: BorrowedFd<'_>, how: Lock) -> Result<(), Errno> {
    // SAFETY: no pointers.
    let locked = unsafe { call(libc::SYS_flock, descriptor(file), how as usize, 0, 0, 0) };
    locked.map(|_| ())
}

/// What is asked of a file.
#[derive(Clone, Copy)]
pub struct Status {
    /// Type and permissions; 0: there is none.
    pub mode: u16,
    /// Who owns it.
    pub user: u32,
    /// Octets of it.
    pub size: u64,
    inode: u64,
}

impl Status {
    /// What it is.
    pub fn kind(self) -> u32 {
        u32::from(self.mode) & libc::S_IFMT
    }
}

/// Of a file at a pointer to a path; zeros if there is none.
#[inline(never)]
fn status(directory: usize, path: usize, flags: libc::c_int) -> Status {
    /// Type, mode, user, inode and size.
    const MASK: usize = 0x30b;
    /// struct statx (linux/stat.h).
    #[repr(C)]
    struct Statx {
        /// Mask, blksize, attributes (two), nlink.
        before: [u32; 5],
        user: u32,
        group: u32,
        mode: u16,
        inode: u64,
        size: u64,
        after: [u64; 26],
    }
    let mut found = Statx {
        before: [0; 5],
        user: 0,
        group: 0,
        mode: 0,
        inode: 0,
        size: 0,
        after: [0; 26],
    };
    let into = &raw mut found as usize;
    // SAFETY: the path ends with a NUL; `found` is as long as the kernel writes.
    let _ = unsafe { call(libc::SYS_statx, directory, path, flags as usize, MASK, into) };
    Status {
        user: found.user,
        mode: found.mode,
        size: found.size,
        inode: found.inode,
    }
}

/// Gives the new file the `security.selinux` of the one at the path, where there is one.
fn keep_label(path: usize, file: &OwnedFd) {
    const NAME: &CStr = c"security.selinux";
    let mut label = [0_u8; 256];
    let (name, value) = (NAME.as_ptr() as usize, label.as_mut_ptr() as usize);
    // SAFETY: both names end with a NUL, the label's length is said.
    let len = unsafe { call(libc::SYS_getxattr, path, name, value, label.len(), 0) };
    if let Ok(len) = len {
        let file = descriptor(file.as_fd());
        // SAFETY: as above; the kernel wrote `len` octets of the label.
        let _ = unsafe { call(libc::SYS_fsetxattr, file, name, value, len as usize, 0) };
    }
}

fn write_all(file: &OwnedFd, text: &dyn Show) -> Result<(), Errno> {
    let mut out = Out::new(file.as_fd());
    text.show(&mut Text(&mut out));
    out.flush();
    out.result
}

/// Standard output, without the buffer that the standard library would allocate for it.
pub fn stdout() -> BorrowedFd<'static> {
    // SAFETY: descriptors 0 to 2 are open from the start.
    unsafe { BorrowedFd::borrow_raw(1) }
}

/// Standard error.
pub fn stderr() -> BorrowedFd<'static> {
    // SAFETY: as above.
    unsafe { BorrowedFd::borrow_raw(2) }
}
