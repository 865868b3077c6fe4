"""What it costs to stay, and how soon something is done about what happens.

idle: `ifdawn watch` with a lease, between its timers: memory of all its processes, how often they are woken, and
their system calls.

react: a link with a static address is moved into the namespace, as one that is plugged in: until the kernel tells of
its address. And somebody deletes the address: until it is there again. Time counts from the kernel's word of the one to
its word of the other, as this process hears them. The peers run without udev, which is told by a read-only /sys.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import dhcp
import place
from place import ip

LINK, ADDRESS, GATEWAY = "eth0", "192.0.2.5", "192.0.2.1"
RTMGRP_LINK, RTMGRP_IPV4_IFADDR = 0x1, 0x10
RTM_NEWLINK, RTM_NEWADDR, RTM_DELADDR, IFLA_IFNAME, IFA_LOCAL = 16, 20, 21, 3, 2
LONGEST = 10  # seconds until an address that is to come is there
NEVER = 2  # seconds after which an address that is not back will not be
SETTLED = 5  # seconds after which nothing of the start is left: announcements, retransmissions

IFCFG = f"DEVICE={LINK}\nONBOOT=yes\nBOOTPROTO=none\nIPADDR={ADDRESS}\nPREFIX=24\nGATEWAY={GATEWAY}\n"
NETWORK = f"[Match]\nName={LINK}\n[Network]\nAddress={ADDRESS}/24\nGateway={GATEWAY}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
CONNECTION = f"""[connection]
id={LINK}
uuid=7a1cbb0f-2f0f-4d71-9fd2-4ab0b3f0a111
type=ethernet
interface-name={LINK}
autoconnect=true
[ipv4]
method=manual
address1={ADDRESS}/24,{GATEWAY}
[ipv6]
method=disabled
"""
NETWORK_MANAGER = "[main]\nplugins=keyfile\ndns=none\nauth-polkit=false\nno-auto-default=*\n[keyfile]\npath={0}/connections\n"
BUS = """<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow own="*"/><allow user="*"/><allow receive_sender="*"/></policy>
</busconfig>"""
NO_UDEV = ["unshare", "--mount", "sh", "-c", 'mount --bind /sys /sys && mount -o remount,bind,ro /sys && exec "$@"', "-"]


# --- processes ---------------------------------------------------------------------------------------


def read(path):
    return pathlib.Path(path).read_text(errors="replace")


def family(pid):
    """A process and all that it started."""
    found, parents = {pid}, {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            parents[int(name)] = int(read(f"/proc/{name}/stat").rsplit(") ", 1)[1].split()[1])
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def kib(pids, key):
    return sum(int(re.search(rf"^{key}: *(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.MULTILINE)[1]) for pid in pids)


def woken(pids):
    """How often they were until now, every thread of them."""
    threads = [f"/proc/{pid}/task/{name}/status" for pid in pids for name in os.listdir(f"/proc/{pid}/task")]
    return sum(int(number) for status in threads for number in re.findall(r"ctxt_switches:\s*(\d+)", read(status)))


def system_calls(pids, seconds, log):
    """How many they end in so long."""
    attach = [word for pid in pids for word in ("-p", str(pid))]
    strace = subprocess.Popen(["strace", "-f", "-qq", "-o", log, *attach], stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    strace.send_signal(signal.SIGINT)
    strace.wait()
    return sum(") = " in line and "detached" not in line for line in read(log).splitlines())


@contextlib.contextmanager
def running(command, **environment):
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
        try:
            yield process
            if process.poll() is not None:
                log.seek(0)
                sys.exit(f"bench/run: {' '.join(command)}: exit code {process.returncode}\n{log.read()}")
        finally:
            process.terminate()
            process.wait()


# --- what the kernel tells ---------------------------------------------------------------------------


class News:
    """Of links and IPv4 addresses, with the time it is heard."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.socket.bind((0, RTMGRP_LINK | RTMGRP_IPV4_IFADDR))

    def forget(self):
        self.socket.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(65536)

    def wait_for(self, kind, what, seconds):
        """When the first message of this kind about a link of this name, or an address, was heard; None: it was not."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                datagram = self.socket.recv(65536)
            except TimeoutError:
                return None
            now = time.perf_counter_ns()
            at = 0
            while at + 16 <= len(datagram):
                length, found = struct.unpack_from("=IH", datagram, at)
                if found == kind and what in datagram[at : at + length]:
                    return now
                at += max(length + 3 & ~3, 16)
        return None


NAME = struct.pack("=HH", 4 + len(LINK) + 1, IFLA_IFNAME) + LINK.encode() + b"\0"
LOCAL = struct.pack("=HH", 8, IFA_LOCAL) + socket.inet_aton(ADDRESS)


# --- peers -------------------------------------------------------------------------------------------


class Supervisor:
    """`begin(directory)` writes its files and gives its command."""

    name = "ifdawn watch"
    bus = False

    def __init__(self, binary=None):
        self.binary, self.shown = binary, None

    def program(self):
        return self.binary

    def version(self):
        return f"{os.path.getsize(self.binary):,} octets"

    def begin(self, directory):
        files = directory / "etc/sysconfig/network-scripts"
        files.mkdir(parents=True)
        (files / f"ifcfg-{LINK}").write_text(IFCFG)
        return [self.binary, "watch", "--root", str(directory)]


class Networkd(Supervisor):
    name = "systemd-networkd"

    def program(self):
        return shutil.which("systemd-networkd", path=f"{os.environ['PATH']}:/lib/systemd:/usr/lib/systemd")

    def version(self):
        return place.version(self.program(), "--version")

    def begin(self, directory):
        for name in ("network", "netif"):
            os.makedirs(f"/run/systemd/{name}", exist_ok=True)
        pathlib.Path(f"/run/systemd/network/10-{LINK}.network").write_text(NETWORK)
        return [*NO_UDEV, self.program()]


class NetworkManager(Supervisor):
    name, bus = "NetworkManager", True

    def program(self):
        return shutil.which("NetworkManager") and shutil.which("dbus-daemon") and shutil.which("NetworkManager")

    def version(self):
        return place.version("NetworkManager", "--version")

    def begin(self, directory):
        (directory / "connections").mkdir()
        (directory / f"connections/{LINK}.nmconnection").write_text(CONNECTION)
        (directory / f"connections/{LINK}.nmconnection").chmod(0o600)
        (directory / "conf").write_text(NETWORK_MANAGER.format(directory))
        os.makedirs("/var/lib/NetworkManager", exist_ok=True)
        words = f"--debug --config={directory}/conf --config-dir=/none --system-config-dir=/none --intern-config={directory}/intern"
        return [*NO_UDEV, self.program(), *words.split(), f"--state-file={directory}/state"]


@contextlib.contextmanager
def started(peer):
    """It runs, with a /run of its own; and a bus, where it needs one."""
    dhcp.forget()
    with tempfile.TemporaryDirectory(dir=place.scratch()) as directory, contextlib.ExitStack() as stack:
        directory = pathlib.Path(directory)
        if peer.bus:
            os.makedirs("/run/dbus")
            (directory / "bus").write_text(BUS)
            stack.enter_context(running(["dbus-daemon", f"--config-file={directory}/bus", "--nofork", "--nopidfile"]))
            while not os.path.exists("/run/dbus/system_bus_socket"):
                time.sleep(0.01)
        peer.shown = peer.begin(directory)
        yield stack.enter_context(running(peer.shown))


# --- react -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def doing(*lines, netns=None):
    """What `ip -batch` does meanwhile: who listens is not to be late."""
    enter = ["nsenter", f"--net={netns}"] if netns else []
    with subprocess.Popen([*enter, "ip", "-batch", "-"], stdin=subprocess.PIPE, text=True) as process:
        process.stdin.write("\n".join(lines))
        process.stdin.close()
        yield
    if process.returncode:
        sys.exit(f"bench/run: ip: {lines}")


def plug(netns):
    """A cable to the other namespace, in which both ends are; its end here comes later."""
    ip(f"link add {LINK} type veth peer name port0", "link set port0 up", netns=netns)


def hotplug(peer, rounds, news, netns):
    times = []
    here = f"/proc/{os.getpid()}/ns/net"
    for _ in range(rounds):
        plug(netns)
        news.forget()
        with doing(f"link set {LINK} netns {here}", netns=netns):
            begin = news.wait_for(RTM_NEWLINK, NAME, LONGEST)
            end = news.wait_for(RTM_NEWADDR, LOCAL, LONGEST)
        if begin is None or end is None:
            sys.exit(f"bench/run: {peer.name} gave {LINK} no address in {LONGEST} s")
        times.append((end - begin) / 1e6)
        ip(f"link del {LINK}")
        time.sleep(0.02)
    return times


def deletion(peer, rounds, news, netns):
    """Empty where it is not restored."""
    times = []
    plug(netns)
    news.forget()
    ip(f"link set {LINK} netns /proc/{os.getpid()}/ns/net", netns=netns)
    news.wait_for(RTM_NEWADDR, LOCAL, LONGEST)
    time.sleep(0.2)
    for number in range(rounds):
        news.forget()
        with doing(f"addr del {ADDRESS}/24 dev {LINK}"):
            begin = news.wait_for(RTM_DELADDR, LOCAL, NEVER)
            end = news.wait_for(RTM_NEWADDR, LOCAL, NEVER)
        if begin is None or end is None:
            return []
        times.append((end - begin) / 1e6)
        # What somebody takes away five times in ten seconds is left alone until its link is up anew.
        if number % 4 == 3:
            ip(f"link set {LINK} down", f"link set {LINK} up")
            time.sleep(0.1)
        time.sleep(0.01)
    return times


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def react(binary, rounds):
    dhcp.unpack()
    rounds = max(20, rounds * 5)
    peers = [Supervisor(binary), Networkd(), NetworkManager()]
    rows = []
    with place.network() as netns:
        for peer in peers:
            if not peer.program():
                print(f"  {peer.name:<24}NOT TO BE HAD: recipe/peers fetches it")
                continue
            news = News()
            with started(peer) as process:
                time.sleep(1.5)
                del process
                # Those that wait for themselves are the same each time.
                number = rounds if peer is peers[0] else max(5, rounds // 5)
                plugged = hotplug(peer, number, news, netns)
                deleted = deletion(peer, number, news, netns)
                if LINK in (name for _, name in socket.if_nameindex()):
                    ip(f"link del {LINK}")
            rows.append((peer, plugged, deleted))
    print("\nFrom an event to the address, ms")
    print(f"  {'':<24}{'rounds':>8}{'plugged: median':>17}{'99 %':>9}{'deleted: median':>17}{'99 %':>9}")
    for peer, plugged, deleted in rows:
        line = f"  {peer.name:<24}{len(plugged):>8}{statistics.median(plugged):17.2f}{percentile(plugged, 0.99):9.2f}"
        if deleted:
            line += f"{statistics.median(deleted):17.2f}{percentile(deleted, 0.99):9.2f}"
        else:
            line += f"{f'not in {NEVER} s':>17}"
        print(line)
    for peer, _, _ in rows:
        print(f"  {peer.name}: {peer.version()}\n    {' '.join(peer.shown)}")
    _, plugged, deleted = rows[0]
    bounds = [
        ("from a deletion to the address again: median ms", statistics.median(deleted) if deleted else 1e9, 2.0),
        ("from a link plugged in to its address: median ms", statistics.median(plugged), 5.0),
    ]
    for peer, theirs, _ in rows[1:]:
        bounds.append((f"a link plugged in: ifdawn / {peer.name}", statistics.median(plugged) / statistics.median(theirs), 1.0))
    return bounds


# --- idle --------------------------------------------------------------------------------------------


def idle(binary, rounds):
    dhcp.unpack()
    seconds = 20 if rounds > 4 else 3
    rows = []
    with place.network() as netns, tempfile.TemporaryDirectory(dir=place.scratch()) as directory:
        link, directory = dhcp.Link(netns), pathlib.Path(directory)
        link.reset(up=True)
        command, ready = dhcp.dnsmasq(directory, rapid=False)
        if not shutil.which(command[0]):
            print(f"  {command[0]}: NOT TO BE HAD: recipe/peers fetches it")
            return []
        with dhcp.serving(command, ready, netns):
            for peer in (Leased(binary), LeasedNetworkd()):
                if not peer.program():
                    print(f"  {peer.name:<24}NOT TO BE HAD: recipe/peers fetches it")
                    continue
                link.reset(up=True)
                with started(peer) as process:
                    until = time.monotonic() + LONGEST
                    while "inet " not in subprocess.run(["ip", "addr", "show", "dev", LINK], capture_output=True, text=True).stdout:
                        if time.monotonic() > until:
                            sys.exit(f"bench/run: {peer.name} gave {LINK} no address in {LONGEST} s")
                        time.sleep(0.05)
                    time.sleep(SETTLED)
                    pids = family(process.pid)
                    before = woken(pids)
                    time.sleep(seconds)
                    wakeups = woken(pids) - before
                    calls = system_calls(pids, seconds, f"{directory}/strace")
                    per_minute = 60 / seconds
                    rows.append((peer, len(pids), kib(pids, "Rss"), kib(pids, "Pss"), wakeups * per_minute, calls * per_minute))
        ip(f"link del {LINK}")
    print(f"\nIdle, with a lease of an hour, {seconds} s")
    print(f"  {'':<24}{'processes':>11}{'Rss KiB':>9}{'Pss KiB':>9}{'wakeups/min':>13}{'syscalls/min':>14}")
    for peer, number, rss, pss, wakeups, calls in rows:
        print(f"  {peer.name:<24}{number:>11}{rss:>9,}{pss:>9,}{wakeups:>13.0f}{calls:>14.0f}")
    for peer, *_ in rows:
        print(f"  {peer.name}: {peer.version()}\n    {' '.join(peer.shown)}")
    _, _, _, pss, wakeups, calls = rows[0]
    return [("idle: KiB, Pss of all processes", pss, 400.0), ("idle: wakeups a minute", wakeups, 0.0), ("idle: system calls a minute", calls, 0.0)]


class Leased(Supervisor):
    def begin(self, directory):
        command = super().begin(directory)
        (directory / f"etc/sysconfig/network-scripts/ifcfg-{LINK}").write_text(f"DEVICE={LINK}\nONBOOT=yes\nBOOTPROTO=dhcp\n")
        return command


class LeasedNetworkd(Networkd):
    def begin(self, directory):
        command = super().begin(directory)
        text = f"[Match]\nName={LINK}\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        pathlib.Path(f"/run/systemd/network/10-{LINK}.network").write_text(text)
        return command
