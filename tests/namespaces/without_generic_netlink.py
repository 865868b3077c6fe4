"""Runs a program for which the kernel has no generic netlink: socket(2) says so (seccomp(2))."""
import ctypes
import errno
import os
import socket
import struct
import sys

NETLINK_GENERIC = 16

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000

# linux/bpf_common.h: load a word of struct seccomp_data, jump if it is equal, return.
LOAD, JUMP_IF, RETURN = 0x20, 0x15, 0x06
NUMBER, FIRST_ARGUMENT, THIRD_ARGUMENT = 0, 16, 32

SYS_SOCKET = {"x86_64": 41, "aarch64": 198, "riscv64": 198}[os.uname().machine]


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def refuse():
    """Refuses sockets of generic netlink to this process, and to what it becomes."""
    # Operation, how many are skipped if it is equal and if not, operand.
    lines = [
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF, 0, 5, SYS_SOCKET),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF, 0, 3, socket.AF_NETLINK),
        (LOAD, 0, 0, THIRD_ARGUMENT),
        (JUMP_IF, 0, 1, NETLINK_GENERIC),
        (RETURN, 0, 0, SECCOMP_RET_ERRNO | errno.EPROTONOSUPPORT),
        (RETURN, 0, 0, SECCOMP_RET_ALLOW),
    ]
    program = Program(len(lines), b"".join(struct.pack("HBBI", *line) for line in lines))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))):
        if libc.prctl(*words) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    refuse()
    os.execvp(sys.argv[1], sys.argv[1:])
