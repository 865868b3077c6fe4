"""Where measurements are made: private namespaces, links, and files that cost no disk."""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x00020000, 0x04000000, 0x40000000
MS_REC, MS_PRIVATE = 16384, 1 << 18
SO_ATTACH_FILTER, BPF_LDB, BPF_JEQ, BPF_RET = 26, 0x30, 0x15, 0x06

libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_namespace():
    """Runs this program again in a namespace of its own; returns only when that is where it is."""
    mark, here = "IFDAWN_BENCH_OUTSIDE", os.readlink("/proc/self/ns/net")
    outside = os.environ.pop(mark, None)
    if outside is None:
        as_root = [] if os.getuid() == 0 else ["--map-root-user"]
        command = ["unshare", *as_root, "--net", "--", sys.executable, *sys.argv]
        os.execvpe(command[0], command, {**os.environ, mark: here})
    if outside == here:
        sys.exit("bench/run: this is the machine's own network namespace; nothing done")
    ip("link set lo up")


def leave_files():
    """A mount and a uts namespace of this process's own: what is mounted from now on nobody else sees."""
    _check(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS), "unshare")
    mount(None, "/", flags=MS_REC | MS_PRIVATE)


def mount(source, target, kind=None, flags=0, words=None):
    source, target, kind, words = (text and str(text).encode() for text in (source, target, kind, words))
    _check(libc.mount(source, target, kind, ctypes.c_ulong(flags), words), f"mount {target}")


@contextlib.contextmanager
def network():
    """The path of another network namespace."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    _check(libc.unshare(CLONE_NEWNET), "unshare")
    there = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    _check(libc.setns(here, CLONE_NEWNET), "setns")
    os.close(here)
    try:
        yield f"/proc/{os.getpid()}/fd/{there}"
    finally:
        os.close(there)


def ip(*lines, netns=None):
    enter = ["nsenter", f"--net={netns}"] if netns else []
    subprocess.run([*enter, "ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


def attach_filter(listener, octets):
    """Lets only datagrams in that have these octets: offset -> value."""
    length = 2 * len(octets) + 2
    program = []
    for number, (offset, value) in enumerate(octets.items()):
        program += [(BPF_LDB, 0, 0, offset), (BPF_JEQ, 0, length - 2 * number - 3, value)]
    program += [(BPF_RET, 0, 0, 0xFFFF), (BPF_RET, 0, 0, 0)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    head = struct.pack("@HP", length, ctypes.addressof(code))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, head)


def scratch():
    """Where files cost no disk, as in an initramfs."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def version(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).splitlines()[0]
