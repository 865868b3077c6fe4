//! Files, all under one root: read whole, written atomically, directories listed without a heap.
#![expect(
    unsafe_code,
    reason = "calls without a wrapper in nix, or with one that needs a heap"
)]

use super::errno;
use heapless::VecView;
use ifdawn::diag::Errno;
use ifdawn::output::json::show;
use nix::errno::Errno as Nix;
use nix::fcntl::{AT_FDCWD, OFlag, renameat};
use nix::libc;
use nix::sys::inotify::{AddWatchFlags, Inotify};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::{AccessFlags, access, mkdir, read, unlink, write};
use std::ffi::CStr;
use std::fmt::{self, Display, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// How the name of a file ends that is not written to its end.
pub const UNFINISHED: &[u8] = b".ifdawn-new";

/// Octets of a path, its root and the NUL at its end included.
const MAX_PATH: usize = 1_000;

/// A path: octets that are not NUL, and one that is.
pub struct Path(heapless::Vec<u8, MAX_PATH>);

impl Path {
    /// The parts, one after the other.
    pub fn of(parts: &[&[u8]]) -> Result<Path, Errno> {
        let mut path = heapless::Vec::new();
        for part in parts {
            path.extend_from_slice(part).map_err(|_| TOO_LONG)?;
        }
        if path.contains(&0) {
            return Err(errno(Nix::EINVAL));
        }
        path.push(0).map_err(|_| TOO_LONG)?;
        Ok(Path(path))
    }

    /// Without the NUL.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split_last().map_or(&[], |(_, octets)| octets)
    }

    /// As system calls take it.
    fn as_c_str(&self) -> &CStr {
        // SAFETY: `of` lets no octet be NUL but the last.
        unsafe { CStr::from_bytes_with_nul_unchecked(&self.0) }
    }

    /// Opens it; never inherited.
    fn open(&self, flags: OFlag, mode: u32) -> Result<OwnedFd, Errno> {
        nix::fcntl::open(
            self.as_c_str(),
            flags | OFlag::O_CLOEXEC,
            Mode::from_bits_truncate(mode),
        )
        .map_err(errno)
    }
}

/// The prefix of every file read or written. What belongs to the network namespace is never prefixed.
#[derive(Clone, Copy)]
pub struct Root<'a>(&'a [u8]);

impl<'a> Root<'a> {
    /// `/` needs no prefix.
    pub fn new(prefix: &'a str) -> Root<'a> {
        let mut prefix = prefix.as_bytes();
        while let Some(shorter) = prefix.strip_suffix(b"/") {
            prefix = shorter;
        }
        Root(prefix)
    }

    /// Paths as they are.
    pub const NONE: Root<'static> = Root(b"");

    /// `path` under the root.
    fn path(&self, path: &[u8]) -> Result<Path, Errno> {
        let own = [
            &b"/proc/sys/net/"[..],
            b"/proc/self/",
            b"/proc/thread-self/",
        ];
        let is_own = own.iter().any(|own| path.starts_with(own));
        Path::of(&[if is_own { b"" } else { self.0 }, path])
    }

    /// Whether there is such a file.
    pub fn exists(&self, path: &[u8]) -> bool {
        self.path(path)
            .is_ok_and(|path| access(path.as_c_str(), AccessFlags::F_OK).is_ok())
    }

    /// Reads a whole file. A FIFO or device is not waited for, a directory is [`Errno::EISDIR`].
    pub fn read_file<'b>(&self, path: &[u8], buffer: &'b mut [u8]) -> Result<Octets<'b>, Errno> {
        let file = self
            .path(path)?
            .open(OFlag::O_RDONLY | OFlag::O_NOCTTY | OFlag::O_NONBLOCK, 0)?;
        // Nobody may write into a FIFO, and nothing but a file is configuration.
        let mode = fstat(&file).map_err(errno)?.st_mode;
        match SFlag::from_bits_truncate(mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => read_file(&file, buffer),
            SFlag::S_IFDIR => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Reads what a person named, which may be a pipe.
    pub fn read_given<'b>(&self, path: &[u8], buffer: &'b mut [u8]) -> Result<Octets<'b>, Errno> {
        read_file(
            &self
                .path(path)?
                .open(OFlag::O_RDONLY | OFlag::O_NOCTTY, 0)?,
            buffer,
        )
    }

    /// What a symbolic link says.
    pub fn read_link<'b>(&self, path: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        let path = self.path(path)?;
        // SAFETY: the path ends with a NUL; `buffer` is as long as said.
        let len = unsafe {
            libc::readlink(
                path.as_c_str().as_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
            )
        };
        let len = usize::try_from(len).map_err(|_| errno(Nix::last()))?;
        buffer.get(..len).ok_or(TOO_LONG)
    }

    /// Passes the name of every entry of a directory to `each`, in the kernel's order, `.` and `..` too.
    pub fn list(&self, directory: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
        list(&self.path(directory)?, each)
    }

    /// Makes a directory; one that exists is no error.
    pub fn make_directory(&self, path: &[u8]) -> Result<(), Errno> {
        match mkdir(self.path(path)?.as_c_str(), Mode::from_bits_truncate(0o755)) {
            Ok(()) | Err(Nix::EEXIST) => Ok(()),
            Err(other) => Err(errno(other)),
        }
    }

    /// Removes a file; one that is not there is no error.
    pub fn remove(&self, path: &[u8]) {
        if let Ok(path) = self.path(path) {
            remove(&path);
        }
    }

    /// Opens a file that runs lock, making it where it is missing.
    pub fn open_lock(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        self.path(path)?.open(OFlag::O_CREAT | OFlag::O_RDWR, 0o600)
    }

    /// Replaces a file whole: a temporary file beside it, renamed over it, with the old one's SELinux label.
    /// A symbolic link and a bind mount are written through in place.
    pub fn replace(&self, path: &[u8], text: &dyn Display) -> Result<(), Errno> {
        replace(&self.path(path)?, text)
    }

    /// Writes to a file as it is, such as one under /proc.
    pub fn write_in_place(&self, path: &[u8], text: &dyn Display) -> Result<(), Errno> {
        write_in_place(&self.path(path)?, text)
    }

    /// Watches a directory.
    pub fn watch(
        &self,
        inotify: &Inotify,
        path: &[u8],
        events: AddWatchFlags,
    ) -> Result<(), Errno> {
        let path = self.path(path)?;
        let watched = inotify.add_watch(path.as_c_str(), events);
        watched.map(|_| ()).map_err(errno)
    }
}

/// A path that does not fit.
pub const TOO_LONG: Errno = Errno(libc::ENAMETOOLONG);

/// What was read of a file.
pub struct Octets<'b> {
    /// The octets.
    pub octets: &'b [u8],
    /// Whether the file has more than the buffer holds.
    pub is_cut: bool,
}

fn read_file<'b>(file: &OwnedFd, buffer: &'b mut [u8]) -> Result<Octets<'b>, Errno> {
    let mut len = 0;
    let mut beyond = [0];
    loop {
        let room = buffer.get_mut(len..).unwrap_or_default();
        let is_full = room.is_empty();
        match read(file, if is_full { &mut beyond } else { room }) {
            Err(Nix::EINTR) => {}
            Ok(0) | Err(Nix::EAGAIN) => {
                return Ok(Octets {
                    octets: buffer.get(..len).unwrap_or_default(),
                    is_cut: false,
                });
            }
            Ok(_) if is_full => {
                return Ok(Octets {
                    octets: buffer,
                    is_cut: true,
                });
            }
            Ok(more) => len = len.saturating_add(more),
            Err(other) => return Err(errno(other)),
        }
    }
}

fn list(path: &Path, each: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let directory = path.open(OFlag::O_RDONLY | OFlag::O_DIRECTORY, 0)?;
    let mut buffer = [0_u64; 1024];
    loop {
        let octets = size_of_val(&buffer);
        // SAFETY: the buffer is as long as said, and aligned for the records.
        let len = unsafe {
            libc::syscall(
                libc::SYS_getdents64,
                directory.as_raw_fd(),
                buffer.as_mut_ptr(),
                octets,
            )
        };
        let len = usize::try_from(len).map_err(|_| errno(Nix::last()))?;
        if len == 0 {
            return Ok(());
        }
        // SAFETY: the kernel filled `len` octets of the buffer, which lives on.
        let mut records = unsafe { std::slice::from_raw_parts(buffer.as_ptr().cast::<u8>(), len) };
        // linux_dirent64: u64 inode, i64 offset, u16 record length, u8 type, name with NUL.
        while let Some((&[l0, l1], [_, name @ ..])) =
            records.get(16..).and_then(|rest| rest.split_first_chunk())
        {
            let length = usize::from(u16::from_ne_bytes([l0, l1]));
            let name = name.get(..length.saturating_sub(19)).unwrap_or_default();
            each(name.split(|octet| *octet == 0).next().unwrap_or_default());
            records = records.get(length..).unwrap_or_default();
        }
    }
}

fn remove(path: &Path) {
    let _ = unlink(path.as_c_str());
}

/// EWOULDBLOCK: somebody else has the lock.
pub const HELD: Errno = Errno(libc::EWOULDBLOCK);

/// Locks a file for as long as it is open, or says [`HELD`].
pub fn lock(file: &OwnedFd) -> Result<(), Errno> {
    // SAFETY: no pointers.
    match unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } {
        0 => Ok(()),
        _ => Err(errno(Nix::last())),
    }
}

fn replace(path: &Path, text: &dyn Display) -> Result<(), Errno> {
    let old = mode(path);
    if old.is_some_and(|mode| mode & libc::S_IFMT == libc::S_IFLNK) {
        return write_in_place(path, text);
    }
    let temporary = Path::of(&[path.as_bytes(), UNFINISHED])?;
    remove(&temporary);
    let written = write_temporary(path, &temporary, old, text);
    let Err(error) = written else { return Ok(()) };
    remove(&temporary);
    // A bind mount; or only the file itself may be written.
    let in_place = [Nix::EBUSY, Nix::EROFS, Nix::EACCES, Nix::EXDEV].map(errno);
    if old.is_some() && in_place.contains(&error) {
        write_in_place(path, text)
    } else {
        Err(error)
    }
}

fn write_in_place(path: &Path, text: &dyn Display) -> Result<(), Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_TRUNC | OFlag::O_CREAT;
    write_all(&path.open(flags, 0o644)?, text)
}

fn write_temporary(
    path: &Path,
    temporary: &Path,
    old: Option<u32>,
    text: &dyn Display,
) -> Result<(), Errno> {
    let mode = old.map_or(0o644, |old| old & 0o777);
    let file = temporary.open(OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL, mode)?;
    write_all(&file, text)?;
    if old.is_some() {
        keep_label(path, &file);
    }
    renameat(AT_FDCWD, temporary.as_c_str(), AT_FDCWD, path.as_c_str()).map_err(errno)
}

/// Type and permissions of a file, of a symbolic link itself, where there is one.
fn mode(path: &Path) -> Option<u32> {
    // struct statx (linux/stat.h): u32 mask, blksize; u64 attributes; u32 nlink, uid, gid; u16 mode.
    const STATX_TYPE_MODE: libc::c_uint = 3;
    let (cwd, flags) = (libc::AT_FDCWD, libc::AT_SYMLINK_NOFOLLOW);
    let mut found = [0_u16; 128];
    let (path, into) = (path.as_c_str().as_ptr(), found.as_mut_ptr());
    // SAFETY: the path ends with a NUL; `found` is as long and as aligned as the kernel writes octets to it.
    let result = unsafe { libc::syscall(libc::SYS_statx, cwd, path, flags, STATX_TYPE_MODE, into) };
    found
        .get(14)
        .filter(|_| result == 0)
        .map(|mode| u32::from(*mode))
}

/// Gives the new file the old one's `security.selinux`, where there is one.
fn keep_label(path: &Path, file: &OwnedFd) {
    const NAME: &CStr = c"security.selinux";
    let mut label = [0_u8; 256];
    let path = path.as_c_str().as_ptr();
    // SAFETY: both names end with a NUL, the label's length is said.
    let len =
        unsafe { libc::getxattr(path, NAME.as_ptr(), label.as_mut_ptr().cast(), label.len()) };
    let Ok(len) = usize::try_from(len) else {
        return;
    };
    // SAFETY: as above; the kernel wrote `len` octets of the label.
    unsafe {
        libc::fsetxattr(
            file.as_raw_fd(),
            NAME.as_ptr(),
            label.as_ptr().cast(),
            len,
            0,
        )
    };
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

    /// Writes what is pending.
    pub fn flush(&mut self) {
        let mut rest = self.pending.as_slice();
        while self.result.is_ok() && !rest.is_empty() {
            match write(self.file, rest) {
                Ok(len) => rest = rest.get(len..).unwrap_or_default(),
                Err(Nix::EINTR) => {}
                Err(error) => self.result = Err(errno(error)),
            }
        }
        self.pending.clear();
    }
}

impl Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let room = self.pending.capacity().saturating_sub(self.pending.len());
            let (now, later) = rest.split_at(room.min(rest.len()));
            let _ = self.pending.extend_from_slice(now);
            rest = later;
            if !rest.is_empty() {
                self.flush();
            }
        }
        self.result.map_err(|_| fmt::Error)
    }
}

/// The names of a directory's files, sorted as people count: eth2 before eth10.
pub struct Names<'a> {
    octets: &'a mut VecView<u8>,
    spans: &'a mut VecView<(u32, u32)>,
}

impl<'a> Names<'a> {
    /// Empty.
    pub fn new(octets: &'a mut VecView<u8>, spans: &'a mut VecView<(u32, u32)>) -> Self {
        octets.clear();
        spans.clear();
        Names { octets, spans }
    }

    /// The names that are there already.
    pub fn again(octets: &'a mut VecView<u8>, spans: &'a mut VecView<(u32, u32)>) -> Self {
        Names { octets, spans }
    }

    /// Adds one; an error when there is no room.
    pub fn push(&mut self, name: &[u8]) -> Result<(), ()> {
        let start = u32::try_from(self.octets.len()).map_err(|_| ())?;
        let end = start.saturating_add(u32::try_from(name.len()).map_err(|_| ())?);
        self.octets.extend_from_slice(name).map_err(|_| ())?;
        self.spans.push((start, end)).map_err(|_| ())
    }

    /// Sorts them.
    pub fn sort(&mut self) {
        // Comb sort: neighbours at a distance that shrinks to one.
        let len = self.spans.len();
        let mut gap = len;
        let mut is_sorted = false;
        while !is_sorted {
            gap = (gap.saturating_mul(3) / 4).max(1);
            is_sorted = gap == 1;
            for n in gap..len {
                if counted(self.name(n)) < counted(self.name(n.saturating_sub(gap))) {
                    self.spans.swap(n, n.saturating_sub(gap));
                    is_sorted = false;
                }
            }
        }
    }

    /// One of them.
    pub fn name(&self, n: usize) -> &[u8] {
        let span = self
            .spans
            .get(n)
            .map(|span| span.0 as usize..span.1 as usize);
        span.and_then(|span| self.octets.get(span))
            .unwrap_or_default()
    }
}

/// A name as initscripts sort it: the text before the first digit, the number, the rest.
fn counted(name: &[u8]) -> (&[u8], u32, &[u8]) {
    let digit = name
        .iter()
        .position(u8::is_ascii_digit)
        .unwrap_or(name.len());
    let (text, rest) = name.split_at(digit);
    let end = rest
        .iter()
        .position(|octet| !octet.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    (
        text,
        ifdawn::text::scalar::number(digits).unwrap_or(0),
        rest,
    )
}
