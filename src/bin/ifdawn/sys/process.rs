//! Copies of us: what they hold, and how they end.
#![expect(unsafe_code, reason = "system calls")]

use super::bpf::{self, Step};
use super::call;
use super::call::descriptor;
use ifdawn::diag::Errno;

use std::os::fd::{AsRawFd, BorrowedFd};

/// Descriptors a process may have by default.
const MAX_DESCRIPTORS: usize = 1_024;

/// A copy of us: 0 in it, its number here. The copy may not return to what called its caller.
#[inline(never)]
pub fn fork() -> Result<u32, Errno> {
    // SAFETY: no pointers. The copy has a copy of our memory, and we have one thread.
    unsafe { call(libc::SYS_clone, libc::SIGCHLD as usize, 0, 0, 0, 0) }
}

/// Closes a file that nobody uses any more.
pub fn close(file: BorrowedFd<'_>) {
    // SAFETY: no pointers.
    let _ = unsafe { libc::close(file.as_raw_fd()) };
}

/// Makes a file this descriptor too, in the place of another one.
pub fn become_descriptor(file: BorrowedFd<'_>, number: usize, flags: i32) -> Result<(), Errno> {
    let (from, flags) = (descriptor(file), flags as usize);
    // SAFETY: no pointers.
    unsafe { call(libc::SYS_dup3, from, number, flags, 0, 0) }.map(|_| ())
}

/// Leaves one file open, as this descriptor, and those below it. It has another number until then.
#[inline(never)]
pub fn keep_only(file: BorrowedFd<'_>, number: usize) -> Result<(), Errno> {
    become_descriptor(file, number, libc::O_CLOEXEC)?;
    let (first, last) = (number.wrapping_add(1), u32::MAX as usize);
    // SAFETY: no pointers.
    if unsafe { call(libc::SYS_close_range, first, last, 0, 0, 0) }.is_err() {
        for n in first..MAX_DESCRIPTORS {
            // SAFETY: no pointers.
            let _ = unsafe { call(libc::SYS_close, n, 0, 0, 0, 0) };
        }
    }
    Ok(())
}

unsafe extern "C" {
    /// Where memory that begins as zeros begins, and where it ends: the linker knows.
    static __bss_start: u8;
    static _end: u8;
}

/// Gives back the memory of some pages.
#[inline(never)]
pub(super) fn do_without(start: usize, len: usize) {
    let what = libc::MADV_DONTNEED as usize;
    // SAFETY: the callers': what lives in these pages is as good as zeros, or is not used any more.
    let _ = unsafe { call(libc::SYS_madvise, start, len, what, 0, 0) };
}

/// Forgets what a copy of us has in memory that began as zeros, which is zeros again: it costs a copy of its own
/// of each page that we write to from now on, and is no business of the copy's.
pub fn forget() {
    /// As large as pages are anywhere.
    const PAGE: usize = 65_536;
    let (start, end) = (&raw const __bss_start as usize, &raw const _end as usize);
    let start = start.wrapping_add(PAGE - 1) & !(PAGE - 1);
    let len = (end & !(PAGE - 1)).wrapping_sub(start);
    // Nothing that lives in these pages is used any more, but as zeros.
    do_without(start, len);
}

/// What prctl(2) does to us: an option, and what it takes.
///
/// # Safety
/// A pointer is to what the option reads.
#[inline(never)]
pub unsafe fn control(option: libc::c_int, a: usize, b: usize) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    unsafe { call(libc::SYS_prctl, option as usize, a, b, 0, 0) }.map(|_| ())
}

/// Has us killed when our parent ends, from now on.
pub fn die_with_parent() -> Result<(), Errno> {
    // SAFETY: no pointers.
    unsafe { control(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize, 0) }
}

/// What we do from now on gains no rights by a program's file, and leaves no picture of our memory behind.
pub fn gain_nothing() -> Result<(), Errno> {
    // SAFETY: no pointers.
    unsafe {
        control(libc::PR_SET_DUMPABLE, 0, 0)?;
        control(libc::PR_SET_NO_NEW_PRIVS, 1, 0)
    }
}

/// Puts us below a filter of system calls (seccomp(2)).
#[inline(never)]
pub fn filter_calls(steps: &[Step]) -> Result<(), Errno> {
    let filter = bpf::program(steps);
    let (mode, filter) = (libc::SECCOMP_MODE_FILTER as usize, filter.as_ptr() as usize);
    // SAFETY: the program is as long as said.
    unsafe { control(libc::PR_SET_SECCOMP, mode, filter) }
}

/// Ends a copy of us, by the only call that seccomp lets it end by.
pub fn end() -> ! {
    loop {
        // SAFETY: no pointers.
        let _ = unsafe { call(libc::SYS_exit, 0, 0, 0, 0, 0) };
    }
}

/// Whether a copy of us has ended by itself. One that is not known any more has, and was reaped with the orphans.
pub fn is_gone(pid: u32) -> bool {
    let flags = libc::WNOHANG as usize;
    // SAFETY: neither its status nor what it used is asked for.
    let ended = unsafe { call(libc::SYS_wait4, pid as usize, 0, flags, 0, 0) };
    ended != Ok(0)
}

/// A process that has ended and of which nobody is told any more, if there is one.
pub fn reap() -> Option<u32> {
    let (any, flags) = (usize::MAX, libc::WNOHANG as usize);
    // SAFETY: as above.
    let ended = unsafe { call(libc::SYS_wait4, any, 0, flags, 0, 0) };
    ended.ok().filter(|pid| *pid != 0)
}

/// How one of our children ended (wait(2)), if it has; of any of them, and waiting until the last one ends, where none is
/// named.
pub fn ended(child: Option<u32>) -> Option<u32> {
    let mut status = 0_u32;
    let (which, flags) = match child {
        Some(pid) => (pid as usize, libc::WNOHANG as usize),
        None => (usize::MAX, 0),
    };
    let into = &raw mut status as usize;
    // SAFETY: the kernel writes an int; what the child used is not asked for.
    let ended = unsafe { call(libc::SYS_wait4, which, into, flags, 0, 0) };
    matches!(ended, Ok(1..)).then_some(status)
}

/// Leads a process group of its own.
pub fn lead_group() {
    // SAFETY: no pointers.
    let _ = unsafe { call(libc::SYS_setpgid, 0, 0, 0, 0, 0) };
}

/// What cannot be read from a file or written to it at once is an error.
pub fn do_not_wait(file: BorrowedFd<'_>) {
    let (how, flags) = (libc::F_SETFL as usize, libc::O_NONBLOCK as usize);
    // SAFETY: no pointers.
    let _ = unsafe { call(libc::SYS_fcntl, descriptor(file), how, flags, 0, 0) };
}

/// Kills a group of processes.
pub fn kill_group(group: u32) {
    let group = (group as usize).wrapping_neg();
    // SAFETY: no pointers.
    let _ = unsafe { call(libc::SYS_kill, group, libc::SIGKILL as usize, 0, 0, 0) };
}

/// Kills a copy of us, and waits until it is gone.
pub fn kill(pid: u32) {
    let pid = pid as usize;
    // SAFETY: no pointers.
    let _ = unsafe { call(libc::SYS_kill, pid, libc::SIGKILL as usize, 0, 0, 0) };
    // SAFETY: neither its status nor what it used is asked for.
    let _ = unsafe { call(libc::SYS_wait4, pid, 0, 0, 0, 0) };
}

/// Our number.
pub fn id() -> u32 {
    // SAFETY: no pointers.
    unsafe { call(libc::SYS_getpid, 0, 0, 0, 0, 0) }.unwrap_or(0)
}

/// Closes what we did not open: our own descriptors are closed for who is executed.
pub fn close_inherited() {
    for n in 0..MAX_DESCRIPTORS {
        // SAFETY: no pointers; nobody uses what is closed.
        unsafe {
            if call(libc::SYS_fcntl, n, libc::F_GETFD as usize, 0, 0, 0) == Ok(0) {
                let _ = call(libc::SYS_close, n, 0, 0, 0, 0);
            }
        }
    }
}

/// Has those that we start not have a descriptor that who started us left open for us.
///
/// # Errors
/// Where it is not open.
pub fn keep_for_us(number: u32) -> Result<u32, Errno> {
    let (file, cloexec) = (number as usize, libc::FD_CLOEXEC as usize);
    // SAFETY: no pointers.
    unsafe { call(libc::SYS_fcntl, file, libc::F_SETFD as usize, cloexec, 0, 0) }
}

/// Such a descriptor, which is open.
pub fn file(number: u32) -> BorrowedFd<'static> {
    // SAFETY: nobody else closes it.
    unsafe { BorrowedFd::borrow_raw(number as i32) }
}

/// Leaves the session of who called us: its terminal is not ours any more.
pub fn leave_session() {
    // SAFETY: no pointers.
    let _ = unsafe { call(libc::SYS_setsid, 0, 0, 0, 0, 0) };
}
