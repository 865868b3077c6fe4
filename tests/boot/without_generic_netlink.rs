//! Runs a program for which the kernel has no generic netlink: socket(2) says so (seccomp(2)). What
//! tests/namespaces/without_generic_netlink.py is, for a guest that has no Python.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// struct sock_filter: operation, how many are skipped if it is equal and if not, operand.
#[repr(C)]
struct Line(u16, u8, u8, u32);

/// struct sock_fprog
#[repr(C)]
struct Program {
    len: u16,
    lines: *const Line,
}

unsafe extern "C" {
    fn prctl(what: i32, ...) -> i32;
}

const PR_SET_SECCOMP: i32 = 22;
const PR_SET_NO_NEW_PRIVS: i32 = 38;
const SECCOMP_MODE_FILTER: usize = 2;

/// Load a word of struct seccomp_data, jump if it is equal, return.
const LOAD: u16 = 0x20;
const JUMP_IF: u16 = 0x15;
const RETURN: u16 = 0x06;

const SYS_SOCKET: u32 = 41;
const AF_NETLINK: u32 = 16;
const NETLINK_GENERIC: u32 = 16;
const REFUSE: u32 = 0x0005_0000 | EPROTONOSUPPORT;
const EPROTONOSUPPORT: u32 = 93;
const ALLOW: u32 = 0x7fff_0000;

static LINES: [Line; 8] = [
    Line(LOAD, 0, 0, 0),
    Line(JUMP_IF, 0, 5, SYS_SOCKET),
    Line(LOAD, 0, 0, 16),
    Line(JUMP_IF, 0, 3, AF_NETLINK),
    Line(LOAD, 0, 0, 32),
    Line(JUMP_IF, 0, 1, NETLINK_GENERIC),
    Line(RETURN, 0, 0, REFUSE),
    Line(RETURN, 0, 0, ALLOW),
];

fn main() {
    let program = Program {
        len: LINES.len() as u16,
        lines: LINES.as_ptr(),
    };
    // SAFETY: the arguments are those of prctl(2), and the program's lines are as many as it says.
    let refused = unsafe {
        prctl(PR_SET_NO_NEW_PRIVS, 1_usize, 0_usize, 0_usize, 0_usize) == 0
            && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(refused, "the kernel takes no filter");
    let mut words = env::args_os().skip(1);
    let name = words.next().expect("a program");
    panic!("{}", Command::new(name).args(words).exec());
}
