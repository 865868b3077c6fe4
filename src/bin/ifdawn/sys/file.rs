//! Files, all under one root: read whole, written atomically, directories listed without a heap.
#![expect(unsafe_code, reason = "system calls")]

use super::names::Names;
use super::{call, descriptor, opened, read, write};
use ifdawn::diag::Errno;
use ifdawn::output::json::show;
use ifdawn::text::parts;

use std::ffi::CStr;
use std::fmt::{self, Display, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How the name of a file ends that is not written to its end.
pub const UNFINISHED: &[u8] = b".ifdawn-new";

/// A path that does not fit.
pub const TOO_LONG: Errno = Errno(libc::ENAMETOOLONG);

/// EAGAIN and EWOULDBLOCK: nothing to read yet; somebody else has the lock.
pub const HELD: Errno = Errno(libc::EWOULDBLOCK);

/// Octets of a path, its root and the NUL at its end included.
const MAX_PATH: usize = 1_000;

/// A path with a NUL at its end. One that does not fit has another NUL, and calls refuse it.
pub struct Path(heapless::Vec<u8, MAX_PATH>);

/// Calls that take a directory, a path, two numbers and no pointer besides.
#[derive(Clone, Copy)]
enum At {
    Open = libc::SYS_openat as isize,
    Access = libc::SYS_faccessat as isize,
    MakeDirectory = libc::SYS_mkdirat as isize,
    Unlink = libc::SYS_unlinkat as isize,
}

/// `AT_FDCWD` as an argument of [`call`]. No path of ours is relative but those a person gives.
const HERE: usize = libc::AT_FDCWD as usize;

impl Path {
    /// Two parts, one after the other.
    #[inline(never)]
    pub fn join(first: &[u8], second: &[u8]) -> Path {
        let mut path = heapless::Vec::new();
        for part in [first, second, b"\0"] {
            if path.extend_from_slice(part).is_err() {
                path.clear();
                let _ = path.extend_from_slice(b"\0\0");
            }
        }
        Path(path)
    }

    /// Without the NUL at its end.
    #[inline(never)]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split_last().map_or(&[], |(_, octets)| octets)
    }

    /// As system calls take it.
    fn pointer(&self) -> Result<usize, Errno> {
        match parts::split(&self.0, 0).1 {
            Some([]) => Ok(self.0.as_ptr() as usize),
            Some(_) | None => Err(TOO_LONG),
        }
    }

    #[inline(never)]
    fn at(&self, what: At, a: libc::c_int, b: usize) -> Result<u32, Errno> {
        let path = self.pointer()?;
        // SAFETY: the path ends with a NUL, and there is no other pointer.
        unsafe { call(what as libc::c_long, HERE, path, a as usize, b, 0) }
    }

    /// Opens it; never inherited, never our terminal.
    fn open(&self, flags: libc::c_int, mode: usize) -> Result<OwnedFd, Errno> {
        let file = self.at(At::Open, flags | libc::O_CLOEXEC | libc::O_NOCTTY, mode);
        // SAFETY: openat(2) opens a descriptor.
        unsafe { opened(file) }
    }

    fn remove(&self) {
        let _ = self.at(At::Unlink, 0, 0);
    }

    /// Writes to a file as it is, such as one under /proc.
    fn write_in_place(&self, text: &dyn Display) -> Result<(), Errno> {
        let file = self.open(libc::O_WRONLY | libc::O_TRUNC | libc::O_CREAT, 0o644)?;
        write_all(&file, text)
    }
}

/// The prefix of every file read or written. What belongs to the network namespace is never prefixed.
#[derive(Clone, Copy)]
pub struct Root<'a>(&'a [u8]);

impl<'a> Root<'a> {
    /// `/` needs no prefix.
    pub fn new(mut prefix: &'a [u8]) -> Root<'a> {
        while let Some(shorter) = prefix.strip_suffix(b"/") {
            prefix = shorter;
        }
        Root(prefix)
    }

    /// `path` under the root.
    #[inline(never)]
    fn path(&self, path: &[u8]) -> Path {
        const OWN: [&[u8]; 3] = [b"/proc/sys/net/", b"/proc/self/", b"/proc/thread-self/"];
        let is_own = OWN.iter().any(|own| path.starts_with(own));
        Path::join(if is_own { b"" } else { self.0 }, path)
    }

    /// Whether there is such a file.
    #[inline(never)]
    pub fn exists(&self, path: &[u8]) -> bool {
        self.path(path).at(At::Access, libc::F_OK, 0).is_ok()
    }

    /// Reads a file until it ends or the buffer is full. A FIFO or device is not waited for, a directory is
    /// [`Errno::EISDIR`].
    pub fn read_file(&self, path: &[u8], buffer: &mut [u8]) -> Result<usize, Errno> {
        let file = self.path(path).open(libc::O_RDONLY | libc::O_NONBLOCK, 0)?;
        // Nobody may write into a FIFO, and nothing but a file is configuration.
        let status = status(
            descriptor(file.as_fd()),
            c"".as_ptr() as usize,
            libc::AT_EMPTY_PATH,
        )?;
        match status.kind() {
            libc::S_IFREG => read_all(&file, buffer),
            libc::S_IFDIR => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    /// The number of what is at the end of a path and its symbolic links.
    pub fn inode(&self, path: &[u8]) -> Result<u64, Errno> {
        let path = self.path(path);
        status(HERE, path.pointer()?, 0).map(|status| status.inode)
    }

    /// Lists the names in a directory that are wanted, in the kernel's order.
    pub fn list(
        &self,
        directory: &[u8],
        is_wanted: fn(&[u8]) -> bool,
        names: &mut Names,
    ) -> Result<(), Errno> {
        names.clear();
        let directory = self
            .path(directory)
            .open(libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
        let mut buffer = [0_u8; 8192];
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
                let name = parts::split(name, 0).0;
                if is_wanted(name) {
                    names.push(name);
                }
                let length = usize::from(u16::from_ne_bytes([l0, l1]));
                records = records.get(length..).unwrap_or_default();
            }
        }
    }

    /// Makes a directory; one that exists is no error.
    #[inline(never)]
    pub fn make_directory(&self, path: &[u8]) -> Result<(), Errno> {
        match self.path(path).at(At::MakeDirectory, 0o755, 0) {
            Ok(_) | Err(Errno::EEXIST) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Removes a file; one that is not there is no error.
    pub fn remove(&self, path: &[u8]) {
        self.path(path).remove();
    }

    /// Opens a file that runs lock, making it where it is missing.
    pub fn open_lock(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        self.path(path).open(libc::O_CREAT | libc::O_RDWR, 0o600)
    }

    /// Replaces a file whole: a temporary file beside it, renamed over it, with the old one's SELinux label.
    /// A symbolic link and a bind mount are written through in place.
    pub fn replace(&self, path: &[u8], text: &dyn Display) -> Result<(), Errno> {
        replace(&self.path(path), text)
    }

    /// Writes to a file as it is, such as one under /proc.
    pub fn write_in_place(&self, path: &[u8], text: &dyn Display) -> Result<(), Errno> {
        self.path(path).write_in_place(text)
    }

    /// Has inotify watch a directory.
    pub fn watch(&self, inotify: &OwnedFd, path: &[u8], events: u32) -> Result<u32, Errno> {
        let path = self.path(path);
        let (path, file) = (path.pointer()?, descriptor(inotify.as_fd()));
        // SAFETY: the path ends with a NUL.
        unsafe {
            call(
                libc::SYS_inotify_add_watch,
                file,
                path,
                events as usize,
                0,
                0,
            )
        }
    }
}

/// Reads what a person named, which may be a pipe, until it ends or the buffer is full.
pub fn read_given(path: &[u8], buffer: &mut [u8]) -> Result<usize, Errno> {
    read_all(&open_device(path, libc::O_RDONLY)?, buffer)
}

fn read_all(file: &OwnedFd, buffer: &mut [u8]) -> Result<usize, Errno> {
    let mut len = 0_usize;
    loop {
        let room = buffer.get_mut(len..).unwrap_or_default();
        match read(file.as_fd(), room) {
            Err(Errno::EINTR) => {}
            Ok(0) | Err(HELD) => return Ok(len),
            Ok(more) => len = len.saturating_add(more),
            Err(other) => return Err(other),
        }
    }
}

/// Opens a file that is under no root.
pub fn open_device(path: &[u8], flags: libc::c_int) -> Result<OwnedFd, Errno> {
    Path::join(path, b"").open(flags, 0)
}

/// Whether a person sits before it.
pub fn is_terminal(file: BorrowedFd<'_>) -> bool {
    let mut settings = [0_u8; 64];
    let (what, into) = (libc::TCGETS as usize, settings.as_mut_ptr() as usize);
    // SAFETY: the kernel writes a struct termios (asm-generic/termbits.h), which is shorter.
    unsafe { call(libc::SYS_ioctl, descriptor(file), what, into, 0, 0) }.is_ok()
}

/// Locks a file for as long as it is open, or says [`HELD`].
pub fn lock(file: &OwnedFd) -> Result<(), Errno> {
    let how = libc::LOCK_EX | libc::LOCK_NB;
    // SAFETY: no pointers.
    let locked = unsafe {
        call(
            libc::SYS_flock,
            descriptor(file.as_fd()),
            how as usize,
            0,
            0,
            0,
        )
    };
    locked.map(|_| ())
}

fn replace(path: &Path, text: &dyn Display) -> Result<(), Errno> {
    let old = status(HERE, path.pointer()?, libc::AT_SYMLINK_NOFOLLOW).ok();
    if old.is_some_and(|old| old.kind() == libc::S_IFLNK) {
        return path.write_in_place(text);
    }
    let temporary = Path::join(path.as_bytes(), UNFINISHED);
    temporary.remove();
    let written = write_temporary(path, &temporary, old, text);
    let Err(error) = written else { return Ok(()) };
    temporary.remove();
    // A bind mount; or only the file itself may be written.
    let in_place = [libc::EBUSY, libc::EROFS, libc::EACCES, libc::EXDEV];
    if old.is_some() && in_place.contains(&error.0) {
        path.write_in_place(text)
    } else {
        Err(error)
    }
}

fn write_temporary(
    path: &Path,
    temporary: &Path,
    old: Option<Status>,
    text: &dyn Display,
) -> Result<(), Errno> {
    let mode = old.map_or(0o644, |old| old.mode & 0o777);
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
    let file = temporary.open(flags, usize::from(mode))?;
    write_all(&file, text)?;
    let (from, to) = (temporary.pointer()?, path.pointer()?);
    if old.is_some() {
        keep_label(to, &file);
    }
    // SAFETY: both paths end with a NUL.
    unsafe { call(libc::SYS_renameat2, HERE, from, HERE, to, 0) }.map(|_| ())
}

/// What is asked of a file.
#[derive(Clone, Copy)]
struct Status {
    mode: u16,
    inode: u64,
}

impl Status {
    fn kind(self) -> u32 {
        u32::from(self.mode) & libc::S_IFMT
    }
}

/// Of a file at a pointer to a path.
#[inline(never)]
fn status(directory: usize, path: usize, flags: libc::c_int) -> Result<Status, Errno> {
    /// Type, mode and inode.
    const MASK: usize = 0x103;
    /// struct statx (linux/stat.h).
    #[repr(C)]
    struct Statx {
        /// Mask, blksize, attributes (two), nlink, uid, gid.
        before: [u32; 7],
        mode: u16,
        inode: u64,
        after: [u64; 27],
    }
    let mut found = Statx {
        before: [0; 7],
        mode: 0,
        inode: 0,
        after: [0; 27],
    };
    let into = &raw mut found as usize;
    // SAFETY: the path ends with a NUL; `found` is as long as the kernel writes.
    unsafe { call(libc::SYS_statx, directory, path, flags as usize, MASK, into) }?;
    Ok(Status {
        mode: found.mode,
        inode: found.inode,
    })
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

fn write_all(file: &OwnedFd, text: &dyn Display) -> Result<(), Errno> {
    let mut out = Out::new(file.as_fd());
    let _ = show(&mut out, text);
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

/// Text on its way to a file descriptor, a few pages at a time. The first error ends it.
pub struct Out<'f> {
    file: BorrowedFd<'f>,
    pending: heapless::Vec<u8, 8192>,
    result: Result<(), Errno>,
}

impl<'f> Out<'f> {
    /// Nothing written yet.
    pub fn new(file: BorrowedFd<'f>) -> Self {
        Out {
            file,
            pending: heapless::Vec::new(),
            result: Ok(()),
        }
    }

    /// Adds octets.
    pub fn put(&mut self, mut rest: &[u8]) {
        while !rest.is_empty() {
            let room = self.pending.capacity().saturating_sub(self.pending.len());
            let (now, later) = rest.split_at(room.min(rest.len()));
            let _ = self.pending.extend_from_slice(now);
            rest = later;
            if !rest.is_empty() {
                self.flush();
            }
        }
    }

    /// Writes what is pending.
    pub fn flush(&mut self) {
        let mut rest = self.pending.as_slice();
        while self.result.is_ok() && !rest.is_empty() {
            match write(self.file, rest) {
                Ok(len) => rest = rest.get(len..).unwrap_or_default(),
                Err(Errno::EINTR) => {}
                Err(error) => self.result = Err(error),
            }
        }
        self.pending.clear();
    }
}

impl Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        self.result.map_err(|_| fmt::Error)
    }
}
