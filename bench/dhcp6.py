"""How fast `ifdawn up` gets an IPv6 address that can be used, against other clients on the same link to the same router
and server.

Time is from just before the exec of the client until the kernel tells of a global address on the link that is not
tentative ("configured"), and until the process that was started ends ("exit", where it does). A client finds no state
of an earlier run, and the knobs of the link as the kernel makes them, unless its row says "no DAD": there the kernel was
told before not to look for duplicates, which is the best that the others can be given.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import struct
import tempfile

import dhcp
import place
from dhcp import LINK, Client, script
from place import ip

RTMGRP_IPV6_IFADDR, RTM_NEWADDR, IFA_F_TENTATIVE = 0x100, 20, 0x40
NEW_ADDRESS = {4: RTM_NEWADDR, 16: socket.AF_INET6, 19: 0}  # of global scope
FEW = dhcp.FEW  # rounds for a client that waits for the kernel's detection of duplicates: seconds, each time
CONF = pathlib.Path("/proc/sys/net/ipv6/conf")
NETWORKD = "/lib/systemd/systemd-networkd"
MS_BIND, MS_REMOUNT, MS_RDONLY = 4096, 32, 1
TARGET = 15.0  # ms from exec to an address that can be used

# The leased address as the script of two lines has it, which the kernel does not look for duplicates of.
DHCLIENT_SCRIPT = """#!/bin/sh
case $reason in
BOUND6) ip addr add $new_ip6_address/$new_ip6_prefixlen dev $interface nodad ;;
esac
"""
WITH_LINK = f"""#!/bin/sh
ip link set {LINK} up
while ! ip -6 addr show dev {LINK} scope link | grep -v tentative | grep -q inet6; do sleep 0.01; done
exec "$@"
"""
NETWORKD_FILE = f"""[Match]
Name={LINK}
[Network]
IPv6AcceptRA=yes
LinkLocalAddressing=ipv6
%s
[DHCPv6]
RapidCommit=yes
"""


# --- servers -----------------------------------------------------------------------------------------


def dnsmasq(directory, kind):
    return (
        "dnsmasq -k -C /dev/null -i port0 -z -p0 -u root --dhcp-authoritative --log-facility=- --enable-ra "
        f"-x {directory}/pid -l {directory}/leases --dhcp-rapid-commit "
        f"--dhcp-option=option6:dns-server,[2001:db8:1::53] --dhcp-range={kind}"
    ).split(), "DHCPv6" if "only" not in kind else "router advertisement"


def radvd(directory, text):
    conf = directory / "radvd.conf"
    conf.write_text(f"interface port0 {{ AdvSendAdvert on; {text} }};\n")
    conf.chmod(0o600)
    return f"radvd -n -C {conf} -p {directory}/radvd.pid -m stderr -d 1 -u root".split(), "started"


def kea(directory):
    subnet = {
        "subnet": "2001:db8:1::/64", "interface": "port0", "pools": [{"pool": "2001:db8:1::1000 - 2001:db8:1::ffff"}],
        "rapid-commit": True,
    }  # fmt: skip
    conf = directory / "kea.conf"
    loggers = [
        {"name": name, "severity": severity, "output_options": [{"output": "stdout"}]}
        for name, severity in (("kea-dhcp6", "INFO"), ("kea-dhcp6.leases", "WARN"), ("kea-dhcp6.packets", "WARN"))
    ]
    conf.write_text(json.dumps({"Dhcp6": {
        "interfaces-config": {"interfaces": ["port0"], "service-sockets-max-retries": 1000, "service-sockets-retry-wait-time": 20},
        "server-id": {"type": "LL", "persist": False}, "lease-database": {"type": "memfile", "persist": False},
        "option-data": [{"name": "dns-servers", "data": "2001:db8:1::53"}], "subnet6": [subnet], "loggers": loggers,
    }}))  # fmt: skip
    return ["kea-dhcp6", "-c", str(conf)], "DHCP6_STARTED"


# Title -> what serves there.
NET = "prefix 2001:db8:1::/64 { %s };"
SERVED = {
    "SLAAC, dnsmasq": lambda at: [dnsmasq(at, "2001:db8:1::,ra-only,64,1h")],
    "SLAAC, radvd": lambda at: [radvd(at, NET % "")],
    "stateless, dnsmasq": lambda at: [dnsmasq(at, "2001:db8:1::,ra-stateless,64,1h")],
    "stateless, radvd and Kea": lambda at: [radvd(at, "AdvOtherConfigFlag on; " + NET % ""), kea(at)],
    "stateful, dnsmasq": lambda at: [dnsmasq(at, "2001:db8:1::1000,2001:db8:1::ffff,64,1h")],
    "stateful, radvd and Kea": lambda at: [radvd(at, "AdvManagedFlag on; " + NET % "AdvAutonomous off;"), kea(at)],
}


# --- clients -----------------------------------------------------------------------------------------


class Client6(Client):
    """`knobs`: of the link, set beforehand. `is_slow`: it waits for seconds by itself. `only`: part of the titles it is
    for."""

    goal, group, wanted, later = "global address", RTMGRP_IPV6_IFADDR, NEW_ADDRESS, dhcp.LONGEST

    def __init__(self, name, command, version=None, *, knobs=(), is_slow=True, only="", resident=False):
        super().__init__(name, command, version)
        self.knobs, self.is_slow, self.only, self.resident = dict(knobs), is_slow, only, resident

    @staticmethod
    def count(datagram):
        """How many global addresses the kernel tells of that can be used."""
        found, at = 0, 0
        while at + 24 <= len(datagram):
            length, kind = struct.unpack_from("=IH", datagram, at)
            family, _, flags, scope = struct.unpack_from("=4B", datagram, at + 16)
            found += (kind, family, scope) == (RTM_NEWADDR, socket.AF_INET6, 0) and not flags & IFA_F_TENTATIVE
            at += max(length + 3 & ~3, 16)
        return found


def ifdawn(binary, *words):
    def command(directory):
        files = directory / "etc/sysconfig/network-scripts"
        files.mkdir(parents=True)
        (files / f"ifcfg-{LINK}").write_text(f"DEVICE={LINK}\nBOOTPROTO=none\nONBOOT=yes\nIPV6INIT=yes\n")
        return [binary, "up", "--root", str(directory), *words]

    return command


def dhclient(text=None):
    def command(directory):
        hook = script(directory, "hook", text) if text else "/sbin/dhclient-script"
        files = f"-cf /dev/null -lf {directory}/leases -pf {directory}/pid"
        return [script(directory, "with-link", WITH_LINK), *f"dhclient -1 -6 {files} -sf {hook} {LINK}".split()]

    return command


def networkd(more=""):
    def command(directory):
        os.makedirs("/etc/systemd/network", exist_ok=True)
        pathlib.Path("/etc/systemd/network/10.network").write_text(NETWORKD_FILE % more)
        return [NETWORKD]

    return command


def networkd_version():
    return place.version("systemctl", "--version") if shutil.which("systemctl") else "systemd-networkd"


def why_no_networkd():
    """Why it cannot be run; None: it can. sysfs is read-only for it, else it waits for udev."""
    if not os.access(NETWORKD, os.X_OK):
        return "no systemd-networkd; recipe/peers fetches it"
    try:
        place.mount("sysfs", "/sys", "sysfs", MS_RDONLY)
    except OSError as error:
        return f"sysfs cannot be mounted: {error}"
    users = pathlib.Path("/etc/passwd")
    if "systemd-network:" not in users.read_text():
        users.write_text(users.read_text() + "systemd-network:x:0:0::/:/bin/false\n")
    return None


def clients(binary):
    """Those that can be had, and what is to be said of those that cannot."""
    at_once = {"accept_dad": 0}
    # With -1 it does not end where a router says nothing of DHCPv6.
    dhcpcd = f"dhcpcd -B -6 -f /dev/null -c /bin/true --nodelay -o rapid_commit {LINK}".split()
    dhcpcd_version = lambda: place.version("dhcpcd", "--version")  # noqa: E731
    dhclient_version = lambda: place.version("dhclient", "--version")  # noqa: E731
    found = [
        Client6("ifdawn", ifdawn(binary), is_slow=False),
        Client6("ifdawn, dad=kernel", ifdawn(binary, "--cmdline", "ifdawn.dad=kernel")),
        Client6("dhcpcd", lambda _: dhcpcd, dhcpcd_version, resident=True),
        Client6("dhcpcd, no DAD", lambda _: dhcpcd, dhcpcd_version, knobs=at_once, resident=True),
        Client6("dhclient, its script", dhclient(), dhclient_version, only="stateful"),
        Client6("dhclient, two lines, no DAD", dhclient(DHCLIENT_SCRIPT), dhclient_version, knobs=at_once, only="stateful"),
        Client6("systemd-networkd", networkd(), networkd_version, resident=True),
        Client6(
            "systemd-networkd, no DAD", networkd("IPv6DuplicateAddressDetection=0"), networkd_version, knobs=at_once,
            resident=True,
        ),
        Client6("ip link set up, the kernel", lambda _: f"ip link set {LINK} up".split(), only="SLAAC"),
    ]  # fmt: skip
    reasons = {
        "dhcpcd": None if shutil.which("dhcpcd") else "recipe/peers fetches it",
        "dhclient": None if shutil.which("dhclient") else "recipe/peers fetches it",
        "systemd-networkd": why_no_networkd(),
    }
    missing = {name: why for name, why in reasons.items() if why}
    return [client for client in found if client.name.split(",")[0] not in missing], missing


# --- measurements ------------------------------------------------------------------------------------


class Link:
    """A veth pair to another namespace, where routers and servers are: fe80::1 and 2001:db8:1::1."""

    def __init__(self, netns):
        with in_namespace(netns):
            for knob, value in (("default/accept_dad", 0), ("default/addr_gen_mode", 1), ("all/forwarding", 1)):
                (CONF / knob).write_text(str(value))
        ip(f"link add {LINK} index 10 address 52:54:00:00:00:00 type veth peer name port0 index 110 netns {netns}")
        ip("addr add fe80::1/64 dev port0", "addr add 2001:db8:1::1/64 dev port0", "link set port0 up", netns=netns)
        self.knobs = {}
        for path in (CONF / LINK).iterdir():
            with contextlib.suppress(OSError):
                self.knobs[path.name] = path.read_text()

    def reset(self, knobs):
        """As a client finds it: down, with the kernel's knobs but for these."""
        ip(f"link set {LINK} down", f"link set {LINK} mtu 1500")
        for name, text in (self.knobs | {name: str(value) for name, value in knobs.items()}).items():
            path = CONF / LINK / name
            with contextlib.suppress(OSError):
                if path.read_text() != text:
                    path.write_text(text)
        # To write addr_gen_mode makes an address, even while the link is down.
        ip(f"addr flush dev {LINK}")


@contextlib.contextmanager
def in_namespace(netns):
    with open("/proc/self/ns/net") as here, open(netns) as there:
        place.libc.setns(there.fileno(), place.CLONE_NEWNET)
        try:
            yield
        finally:
            place.libc.setns(here.fileno(), place.CLONE_NEWNET)


def measure(clients, rounds, link):
    """Runs the clients in turn; the one that begins changes from round to round. The first round counts for nothing, but
    of those that are slow, of which there are few."""
    for client in clients:
        client.clear()
    for number in range(rounds + 1):
        turn = number % len(clients)
        for client in clients[turn:] + clients[:turn]:
            if client.is_slow and len(client.configured) >= min(FEW, rounds):
                continue
            link.reset(client.knobs)
            dhcp.forget()
            with tempfile.TemporaryDirectory(dir=place.scratch()) as directory:
                client.run(pathlib.Path(directory))
        if number == 0:
            for client in clients:
                if not client.is_slow:
                    client.clear()


def table(title, clients):
    ours = clients[0]
    print(f"\n{title}, link down at start, {len(ours.configured)} rounds")
    print(f"  {'':<32}{'configured ms':>14}{'least':>10}{'most':>10}{'exit ms':>10}{'ifdawn / it':>13}")
    for client in clients:
        ended = "" if client.resident else f"{statistics.median(client.exit):.2f}"
        share = "" if client is ours else f"{ratio(ours, client):13.4f}"
        few = f"  ({len(client.configured)} rounds)" if len(client.configured) < len(ours.configured) else ""
        print(
            f"  {client.name:<32}{statistics.median(client.configured):14.2f}{min(client.configured):10.2f}"
            f"{max(client.configured):10.2f}{ended:>10}{share:>13}{few}"
        )


def ratio(ours, theirs):
    return statistics.median(ours.configured) / statistics.median(theirs.configured)


def bounds_of(title, clients):
    """That ifdawn is faster than each, and as fast as it is to be."""
    found = [(f"{title}: ms until an address can be used", statistics.median(clients[0].configured), TARGET)]
    others = [client for client in clients[1:] if not client.name.startswith("ifdawn")]
    return found + [(f"{title}: ifdawn / {client.name}", ratio(clients[0], client), 1.0) for client in others]


def run(binary, rounds):
    """Everything; returns the bounds."""
    dhcp.unpack()
    place.libc.prctl(dhcp.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    found, missing = clients(binary)
    print("\nIPv6 clients")
    for client in found:
        if client.version:
            print(f"  {client.name:<32}{client.version()}")
    for name, why in missing.items():
        print(f"  {name:<32}NOT TO BE HAD: {why}")
    for server, words in (("dnsmasq", ["--version"]), ("radvd", ["--version"]), ("kea-dhcp6", ["-v"])):
        print(f"  {server:<32}{place.version(server, *words) if shutil.which(server) else 'NOT TO BE HAD'}")
    bounds, columns = [], {}
    with place.network() as netns, tempfile.TemporaryDirectory(dir=place.scratch()) as directory:
        link, directory = Link(netns), pathlib.Path(directory)
        for title, served in SERVED.items():
            link.reset({})
            servers = served(directory)
            if not all(shutil.which(command[0]) for command, _ in servers):
                continue
            here = [client for client in found if title.startswith(client.only)]
            with contextlib.ExitStack() as running:
                # A router that sees no carrier does not begin.
                ip(f"link set {LINK} up")
                for command, ready in servers:
                    words = {"KEA_PIDFILE_DIR": str(directory), "KEA_LOCKFILE_DIR": str(directory)}
                    running.enter_context(dhcp.serving(command, ready, netns, **words))
                running.enter_context(dhcp.kept())
                measure(here, rounds, link)
            table(title, here)
            for command, _ in servers:
                print("  " + " ".join(command))
            bounds += bounds_of(title, here)
            columns[title] = {client.name: statistics.median(client.configured) for client in here}
        ip(f"link del {LINK}")
    print("\nThe clients' commands")
    for client in found:
        if client.shown:
            print(f"  {client.name}:\n    {' '.join(client.shown)}")
    print(f"\n{NETWORKD} reads:\n{NETWORKD_FILE % '(no DAD: IPv6DuplicateAddressDetection=0)'}")
    markdown(columns)
    return bounds


def markdown(columns):
    """`columns`: title -> {client: ms}."""
    print("The same in Markdown: ms until a global address can be used\n")
    print("| client | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        cells = [f"{column[name]:.1f}" if name in column else "-" for column in columns.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")
