"""How fast `ifdawn up` gets a lease, against other DHCP clients on the same link to the same server.

Time is from just before the exec of the client until the kernel tells of an IPv4 default route ("configured"),
and until the process that was started ends ("exit"). A client finds no state of an earlier run. The two ends
of each link have different numbers: where they are equal the kernel is late to say that there is a carrier.
"""

import contextlib
import functools
import gzip
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import place
from place import ip

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent / "target/peers/tree"
LINK = "eth0"
RTMGRP_IPV4_ROUTE, RTM_NEWROUTE, RT_TABLE_MAIN = 0x40, 24, 254
PR_SET_CHILD_SUBREAPER = 36

# Only new IPv4 default routes wake this process, of the five that come with each address: it must not take the
# processors away from what it measures. Octets of a message, and what they are.
DEFAULT_ROUTE = {4: RTM_NEWROUTE, 16: socket.AF_INET, 17: 0, 20: RT_TABLE_MAIN}
LONGEST = 30  # seconds a client may take

# Where several links are compared with one, the server has the last of the processors, as it has its own in a
# network, and this process is there too: what ten links cost them is not what they cost the client.
PROCESSORS = sorted(os.sched_getaffinity(0))
SERVERS, CLIENTS = PROCESSORS[-1:], PROCESSORS[:-1] or PROCESSORS

# Rounds for a client that waits for seconds by itself: it is the same each time.
FEW = 3

UDHCPC_SCRIPT = """#!/bin/sh
case $1 in
deconfig) ip link set $interface up ;;
bound) ip addr add $ip/$mask dev $interface && ip route add default via $router dev $interface ;;
esac
"""
DHCLIENT_SCRIPT = """#!/bin/sh
case $reason in
PREINIT) ip link set $interface up ;;
BOUND) ip addr add $new_ip_address/16 dev $interface && ip route add default via $new_routers dev $interface ;;
esac
"""


# --- the files the clients see -----------------------------------------------------------------------


@functools.cache
def unpack():
    """Once: puts the programs of target/peers where their packages have them, and hides the machine's own /etc,
    /run and /var/lib from what the clients write."""
    place.leave_files()
    for name in ("lib", "sbin", "bin"):
        lower = [str(path) for path in (TREE / name, TREE / "usr" / name) if path.is_dir()]
        if lower:
            place.mount("overlay", f"/usr/{name}", "overlay", words=f"lowerdir={':'.join([*lower, f'/usr/{name}'])}")
    with tempfile.TemporaryDirectory(dir=place.scratch()) as directory:
        shutil.copytree("/etc", f"{directory}/etc", symlinks=True, ignore_dangling_symlinks=True)
        place.mount("tmpfs", "/etc", "tmpfs")
        shutil.copytree(f"{directory}/etc", "/etc", symlinks=True, dirs_exist_ok=True)
    if (TREE / "etc").is_dir():
        shutil.copytree(TREE / "etc", "/etc", symlinks=True, dirs_exist_ok=True)
    forget()


def forget():
    """No client remembers anything."""
    for directory in ("/run", "/var/lib"):
        place.libc.umount2(directory.encode(), 2)  # MNT_DETACH; nothing is mounted the first time
        place.mount("tmpfs", directory, "tmpfs")
    for directory in ("/run/dhcpcd", "/var/lib/dhcpcd", "/var/lib/dhcp"):
        os.makedirs(directory)


# --- servers -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(command, ready, netns, processors=PROCESSORS, **environment):
    """A server on some of the processors, once it said the word."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            ["nsenter", f"--net={netns}", *command], stdout=log, stderr=log, env={**os.environ, **environment}
        )
        os.sched_setaffinity(process.pid, processors)
        try:
            deadline = time.monotonic() + 10
            while True:
                log.seek(0)
                text = log.read()
                if ready in text:
                    break
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"bench/run: {' '.join(command)}\n{text}")
                time.sleep(0.01)
            yield
        finally:
            process.terminate()
            process.wait()


def dnsmasq(directory, rapid):
    # --no-ping: else it waits 3 s for somebody who has the address.
    return (
        "dnsmasq -k -C /dev/null -i port0 -z -p0 -u root --no-ping --dhcp-authoritative --log-facility=- "
        f"-x {directory}/pid -l {directory}/leases "
        "--dhcp-range=10.99.1.0,10.99.9.255,255.255.0.0,1h"
    ).split() + ["--dhcp-rapid-commit"] * rapid, "DHCP, IP range"


def kea(directory, count=1):
    subnets = [
        {
            "subnet": f"10.{99 + n}.0.0/16",
            "interface": f"port{n}",
            "pools": [{"pool": f"10.{99 + n}.1.0 - 10.{99 + n}.9.255"}],
            "option-data": [{"name": "routers", "data": f"10.{99 + n}.0.1"}],
        }
        for n in range(count)
    ]
    interfaces = {"interfaces": [f"port{n}" for n in range(count)], "dhcp-socket-type": "raw"}
    # It says that it has started, and nothing of each lease.
    loggers = [
        {"name": name, "severity": severity, "output_options": [{"output": "stdout"}]}
        for name, severity in (("kea-dhcp4", "INFO"), ("kea-dhcp4.leases", "WARN"), ("kea-dhcp4.packets", "WARN"))
    ]
    conf = directory / "kea.conf"
    conf.write_text(json.dumps({"Dhcp4": {
        "interfaces-config": interfaces, "lease-database": {"type": "memfile", "persist": False}, "authoritative": True,
        "valid-lifetime": 3600, "subnet4": subnets, "loggers": loggers,
    }}))  # fmt: skip
    return ["kea-dhcp4", "-c", str(conf)], "DHCP4_STARTED"


# --- clients -----------------------------------------------------------------------------------------


class Client:
    """One client. `command(directory)` gives its command; a directory of its own is empty each time."""

    apart = False  # from the server, on processors of its own
    resident = False  # it does not end by itself
    later = 1  # seconds until what it does is told, once it ended

    # What it is run for: the kernel tells of it in this group, by messages with these octets, of which a function
    # says how many there are in a datagram.
    goal, group, wanted = "default route", RTMGRP_IPV4_ROUTE, DEFAULT_ROUTE

    @staticmethod
    def count(datagram):
        return default_routes(datagram)

    def __init__(self, name, command, version=None, links=(LINK,), slow_when_down=False):
        self.name, self.command, self.version, self.links = name, command, version, links
        self.slow_when_down = slow_when_down
        self.shown = None
        self.clear()

    def clear(self):
        self.configured, self.exit = [], []

    def run(self, directory):
        """Runs it and keeps the times; ends the bench if it fails."""
        command = self.command(directory)
        self.shown = command
        complaints = directory / "complaints"
        silent = [
            (os.POSIX_SPAWN_OPEN, 1, str(complaints), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        path = shutil.which(command[0])
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as news:
            place.attach_filter(news, self.wanted)
            news.bind((0, self.group))
            poll = select.poll()
            poll.register(news, select.POLLIN)
            if self.apart:
                os.sched_setaffinity(0, CLIENTS)
            begin = time.perf_counter_ns()
            pid = os.posix_spawn(path, command, os.environ, file_actions=silent)
            if self.apart:
                os.sched_setaffinity(0, SERVERS)
            child = os.pidfd_open(pid)
            poll.register(child, select.POLLIN)
            configured, ended, waiting = None, None, len(self.links)
            while configured is None or ended is None:
                ready = poll.poll(LONGEST * 1000)
                now = time.perf_counter_ns() - begin
                if not ready:
                    break
                for descriptor, _ in ready:
                    if descriptor == child:
                        ended = now
                        poll.unregister(child)
                    else:
                        waiting -= self.count(news.recv(65536))
                        if waiting <= 0 and configured is None:
                            configured = now
                            if self.resident:
                                os.kill(pid, signal.SIGKILL)
                if ended and configured is None and not poll.poll(self.later * 1000):
                    break
            os.close(child)
            if ended is None:
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            end_children()
        if configured is None or (status and not self.resident):
            code = os.waitstatus_to_exitcode(status)
            sys.exit(f"bench/run: {' '.join(command)}: exit code {code}, no {self.goal}\n{complaints.read_text()}")
        self.configured.append(configured / 1e6)
        self.exit.append(ended / 1e6)


def default_routes(datagram):
    """How many new IPv4 default routes the kernel tells of."""
    found, at = 0, 0
    while at + 28 <= len(datagram):
        length, kind = struct.unpack_from("=IH", datagram, at)
        family, dst_len, _, _, table = struct.unpack_from("=5B", datagram, at + 16)
        found += (kind, family, dst_len, table) == (RTM_NEWROUTE, socket.AF_INET, 0, RT_TABLE_MAIN)
        at += max(length + 3 & ~3, 16)
    return found


def end_children():
    """Ends what a client left behind: this process is told who they are, as their next parent."""
    while pids := pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        own = [int(pid) for pid in pids if int(pid) not in keep]
        if not own:
            return
        for pid in own:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


keep = set()


def script(directory, name, text):
    path = directory / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def ifdawn(binary, links=(LINK,), name="ifdawn"):
    def command(directory):
        files = directory / "etc/sysconfig/network-scripts"
        files.mkdir(parents=True)
        for link in links:
            (files / f"ifcfg-{link}").write_text(f"DEVICE={link}\nBOOTPROTO=dhcp\nONBOOT=yes\n")
        return [binary, "up", "--root", str(directory)]

    return Client(name, command, links=links)


def udhcpc(text=None):
    def command(directory):
        hook = script(directory, "script", text) if text else "/etc/udhcpc/default.script"
        return f"busybox udhcpc -i {LINK} -n -q -f -s {hook}".split()

    return command


def dhclient(text=None):
    def command(directory):
        hook = script(directory, "script", text) if text else "/sbin/dhclient-script"
        files = f"-cf /dev/null -lf {directory}/leases -pf {directory}/pid"
        return f"dhclient -1 -4 {files} -sf {hook} {LINK}".split()

    return command


def clients(binary):
    """Those that can be had, and the names of those that cannot."""
    dhcpcd = f"dhcpcd -1 -4 -f /dev/null -c /bin/true --noarp --nodelay -o rapid_commit {LINK}".split()
    ipconfig = f"/usr/lib/klibc/bin/ipconfig -t {LONGEST} -c dhcp -d {LINK}".split()
    found = [
        ifdawn(binary),
        Client("udhcpc, script of two lines", udhcpc(UDHCPC_SCRIPT), busybox_version),
        Client("udhcpc, Debian's script", udhcpc(), busybox_version),
        Client("dhclient, script of two lines", dhclient(DHCLIENT_SCRIPT), lambda: place.version("dhclient", "--version")),
        Client("dhclient, its script", dhclient(), lambda: place.version("dhclient", "--version")),
        Client("dhcpcd", lambda _: dhcpcd, lambda: place.version("dhcpcd", "--version")),
        # It sleeps for 10 s when it finds the link down.
        Client("klibc ipconfig", lambda _: ipconfig, klibc_version, slow_when_down=True),
    ]
    with tempfile.TemporaryDirectory() as directory:
        programs = {client.name: client.command(pathlib.Path(directory))[0] for client in found[1:]}
    missing = [name for name, program in programs.items() if not shutil.which(program)]
    return [client for client in found if client.name not in missing], missing


def busybox_version():
    return place.version("busybox")


def klibc_version():
    with contextlib.suppress(OSError), gzip.open(TREE / "usr/share/doc/klibc-utils/changelog.Debian.gz", "rt") as file:
        return file.readline().split(";")[0].strip()
    return "klibc, no version"


# --- measurements ------------------------------------------------------------------------------------


class Link:
    """Veth pairs to another namespace, where the servers are."""

    def __init__(self, netns, count=1):
        self.count = count
        for n in range(count):
            ip(
                f"link add eth{n} index {10 + n} address 52:54:00:00:00:{n:02x} type veth"
                f" peer name port{n} index {110 + n} netns {netns}",
                f"link set eth{n} up",
            )
            ip(f"addr add 10.{99 + n}.0.1/16 dev port{n}", f"link set port{n} up", netns=netns)

    def reset(self, up):
        """As a client finds it."""
        for n in range(self.count):
            ip(f"link set eth{n} down", f"addr flush dev eth{n}", f"link set eth{n} mtu 1500")
            if up:
                ip(f"link set eth{n} up")


def measure(clients, rounds, link, up):
    """Runs the clients in turn; the one that begins changes from round to round. The first round counts
    for nothing."""
    for client in clients:
        client.clear()
    for number in range(rounds + 1):
        turn = number % len(clients)
        for client in clients[turn:] + clients[:turn]:
            if client.slow_when_down and not up and len(client.exit) >= FEW:
                continue
            link.reset(up)
            forget()
            with tempfile.TemporaryDirectory(dir=place.scratch()) as directory:
                client.run(pathlib.Path(directory))
        if number == 0:
            for client in clients:
                if not client.slow_when_down or up:
                    client.clear()


def medians(client):
    return statistics.median(client.configured), statistics.median(client.exit)


def table(title, clients, rounds):
    print(f"\n{title}, {rounds} rounds")
    print(f"  {'':<32}{'configured ms':>14}{'25 %':>9}{'75 %':>9}{'exit ms':>10}{'ifdawn / it':>13}")
    first = statistics.median(clients[0].configured)
    for client in clients:
        low, _, high = statistics.quantiles(client.configured, n=4)
        configured, ended = medians(client)
        share = "" if client is clients[0] else f"{first / configured:13.2f}"
        few = f"  ({len(client.exit)} rounds)" if len(client.exit) < rounds else ""
        print(f"  {client.name:<32}{configured:14.2f}{low:9.2f}{high:9.2f}{ended:10.2f}{share}{few}")


def markdown(columns):
    """`columns`: title -> {client: (configured, exit)}."""
    print("\nThe same in Markdown: ms until there is a default route, and until exit\n")
    print("| client | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name in next(iter(columns.values())):
        cells = ["{:.1f}, {:.1f}".format(*column[name]) for column in columns.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


def bounds_of(title, clients):
    """That ifdawn is the fastest, and ends soon after."""
    ours, fastest = clients[0], min(clients[1:], key=lambda client: statistics.median(client.configured), default=None)
    later = statistics.median(after - before for before, after in zip(ours.configured, ours.exit))
    found = [(f"{title}: ms from configured to exit", later, 5.0)]
    if fastest:
        ratio = statistics.median(ours.configured) / statistics.median(fastest.configured)
        found.append((f"{title}: ifdawn / {fastest.name.split(',')[0]}", ratio, 1.0))
    return found


def run(binary, rounds):
    """Everything; returns the bounds."""
    unpack()
    place.libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    found, missing = clients(binary)
    print("\nDHCPv4 clients")
    for client in found[1:]:
        print(f"  {client.name:<32}{client.version()}")
    for name in missing:
        print(f"  {name:<32}NOT TO BE HAD: recipe/peers fetches it")
    for server, words in (("dnsmasq", ["--version"]), ("kea-dhcp4", ["-v"])):
        print(f"  {server:<32}{place.version(server, *words) if shutil.which(server) else 'NOT TO BE HAD'}")
    return compare(found, rounds) + parallel(binary, rounds)


def compare(clients, rounds):
    columns, bounds = {}, []
    with place.network() as netns, tempfile.TemporaryDirectory(dir=place.scratch()) as directory:
        link, directory = Link(netns), pathlib.Path(directory)
        servers = {
            "dnsmasq": lambda: dnsmasq(directory, rapid=False),
            "dnsmasq, rapid commit": lambda: dnsmasq(directory, rapid=True),
            "Kea": lambda: kea(directory),
        }
        for name, server in servers.items():
            link.reset(up=True)
            command, ready = server()
            if not shutil.which(command[0]):
                continue
            environment = {"KEA_PIDFILE_DIR": str(directory), "KEA_LOCKFILE_DIR": str(directory)}
            with serving(command, ready, netns, **environment), kept():
                for up in (False, True):
                    title = f"{name}, link {'up' if up else 'down'}"
                    measure(clients, rounds, link, up)
                    table(f"DHCPv4 from {title} at start", clients, rounds)
                    columns[title] = {client.name: medians(client) for client in clients}
                    bounds += bounds_of(title, clients)
            print("  " + " ".join(command))
        ip(f"link del {LINK}")
    print("\nThe clients' commands")
    for client in clients:
        print(f"  {client.name}:\n    {' '.join(client.shown)}")
    markdown(columns)
    return bounds


@contextlib.contextmanager
def kept():
    """The children there are now are not a client's."""
    keep.update(int(pid) for pid in pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    try:
        yield
    finally:
        keep.clear()


def parallel(binary, rounds, count=10, client=ifdawn):
    """Ten links against one."""
    names = [f"eth{n}" for n in range(count)]
    one, ten = client(binary, names[:1], "one link"), client(binary, names, f"{count} links")
    one.apart = ten.apart = True
    with place.network() as netns, tempfile.TemporaryDirectory(dir=place.scratch()) as directory:
        link = Link(netns, count)
        link.reset(up=True)
        command, ready = kea(pathlib.Path(directory), count)
        if not shutil.which(command[0]):
            return []
        environment = {"KEA_PIDFILE_DIR": directory, "KEA_LOCKFILE_DIR": directory}
        with serving(command, ready, netns, SERVERS, **environment), kept():
            measure([one, ten], rounds, link, up=False)
        os.sched_setaffinity(0, PROCESSORS)
        where = "on a processor of its own" if SERVERS != CLIENTS else "on the client's processor"
        title = f"{count} links at once, each with its own lease from Kea {where}, links down at start"
        table(title, [one, ten], rounds)
    configured, ended = (ours / theirs for ours, theirs in zip(medians(ten), medians(one)))
    return [(f"{count} links / one: configured", configured, 2.0), (f"{count} links / one: exit", ended, 2.0)]
