//! What a supervisor may ask of the kernel from some moment on: a filter of system calls (seccomp(2)). Any other one
//! ends it.
//!
//! No program is executed, no memory mapped, no process traced, no namespace entered, and nobody but a copy of us
//! killed. The copies of us that are made later are below it, too.

use super::bpf::{self, must, must_not, step};
use super::process;
use ifdawn::diag::Errno;

/// Calls that are made whatever they are given. (Each of them is somewhere in this directory, or made for a Unix
/// socket by a file beside it: tests/confinement.rs compares.)
pub const CALLS: &[u16] = &[
    libc::SYS_accept4 as u16,
    libc::SYS_bind as u16,
    libc::SYS_clock_gettime as u16,
    libc::SYS_close as u16,
    libc::SYS_close_range as u16,
    libc::SYS_connect as u16,
    libc::SYS_dup3 as u16,
    libc::SYS_exit as u16,
    libc::SYS_exit_group as u16,
    libc::SYS_faccessat as u16,
    libc::SYS_flock as u16,
    libc::SYS_fsetxattr as u16,
    libc::SYS_getdents64 as u16,
    libc::SYS_geteuid as u16,
    libc::SYS_getpid as u16,
    libc::SYS_getsockopt as u16,
    libc::SYS_getxattr as u16,
    libc::SYS_inotify_add_watch as u16,
    libc::SYS_inotify_init1 as u16,
    libc::SYS_madvise as u16,
    libc::SYS_mkdirat as u16,
    libc::SYS_openat as u16,
    libc::SYS_ppoll as u16,
    libc::SYS_read as u16,
    libc::SYS_recvmsg as u16,
    libc::SYS_renameat2 as u16,
    libc::SYS_sendmsg as u16,
    libc::SYS_sendto as u16,
    libc::SYS_setsid as u16,
    libc::SYS_setsockopt as u16,
    libc::SYS_statx as u16,
    libc::SYS_timerfd_settime as u16,
    libc::SYS_unlinkat as u16,
    libc::SYS_wait4 as u16,
    libc::SYS_write as u16,
];

/// Calls that are made with one of these values only: the number, from bit [`PLACE`] on where in struct seccomp_data
/// (linux/seccomp.h) the argument is, in eights of octets, and the value of its lower half.
pub const ARGUMENTS: &[[u16; 2]] = &[
    with(libc::SYS_clone, 0, libc::SIGCHLD as u32),
    with(libc::SYS_fcntl, 1, libc::F_GETFD as u32),
    with(libc::SYS_ioctl, 1, libc::TIOCGWINSZ as u32),
    with(libc::SYS_ioctl, 1, libc::TIOCOUTQ as u32),
    with(libc::SYS_ioctl, 1, super::ethtool::SIOCETHTOOL as u32),
    with(libc::SYS_kill, 1, libc::SIGKILL as u32),
    with(libc::SYS_prctl, 0, libc::PR_SET_PDEATHSIG as u32),
    with(libc::SYS_prctl, 0, libc::PR_SET_DUMPABLE as u32),
    with(libc::SYS_prctl, 0, libc::PR_SET_NAME as u32),
    with(libc::SYS_prctl, 0, libc::PR_SET_SECCOMP as u32),
    with(libc::SYS_prctl, 0, libc::PR_SET_NO_NEW_PRIVS as u32),
    with(libc::SYS_socket, 0, libc::AF_UNIX as u32),
    with(libc::SYS_socket, 0, libc::AF_INET as u32),
    with(libc::SYS_socket, 0, libc::AF_INET6 as u32),
    with(libc::SYS_socket, 0, libc::AF_NETLINK as u32),
    with(libc::SYS_socket, 0, libc::AF_PACKET as u32),
    with(libc::SYS_socketpair, 0, libc::AF_UNIX as u32),
];

/// See [`ARGUMENTS`].
pub const PLACE: u32 = 12;

const fn with(call: libc::c_long, argument: u16, value: u32) -> [u16; 2] {
    assert!(call < 1 << PLACE && value < 1 << 16);
    [call as u16 | (2 + argument) << PLACE, value as u16]
}

/// Steps of a rule.
const STEPS: usize = 5;

/// The rules, and one before them and one behind.
const RULES: usize = 1 + CALLS.len() + ARGUMENTS.len() + 1;

/// Has every other call end us. (The filter is made anew each time: its tables have a tenth of its octets.)
///
/// # Errors
/// [`Errno::EINVAL`] where the kernel has no seccomp.
pub fn confine() -> Result<(), Errno> {
    // struct seccomp_data: the number, what architecture it is for, eight octets, the arguments.
    let number = step(bpf::WORD, 0);
    let allow = step(bpf::RETURN, libc::SECCOMP_RET_ALLOW);
    let kill = step(bpf::RETURN, libc::SECCOMP_RET_KILL_PROCESS);
    let mut all = [[kill; STEPS]; RULES];
    let [first, rules @ ..] = &mut all;
    let ours = must_not(bpf::EQUALS, bpf::ARCHITECTURE, 1);
    *first = [step(bpf::WORD, 4), ours, kill, number, number];
    // Of one that takes no matter what, the number is compared twice.
    let calls = CALLS.iter().map(|call| [*call; 2]);
    let calls = calls.chain(ARGUMENTS.iter().copied());
    for (rule, [call, value]) in rules.iter_mut().zip(calls) {
        let (place, call) = (u32::from(call >> PLACE), u32::from(call & !(!0 << PLACE)));
        *rule = [
            must(bpf::EQUALS, call, 4),
            step(bpf::WORD, 8 * place),
            must(bpf::EQUALS, value.into(), 1),
            allow,
            number,
        ];
    }
    process::filter_calls(all.as_flattened())
}
