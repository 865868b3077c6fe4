"""What tests of DHCPv4 share: links that ask for a lease, and what became of them."""
import contextlib
import json
import os
import re
import signal
import subprocess
import time

from machine import CLONE_NEWNET, Machine, libc, unshare

LEASE_LINE = re.compile(r"([A-Za-z0-9_]+)='((?:[^']|'\\'')*)'")


class DhcpMachine(Machine):
    """A machine whose links are plugged in and configured for DHCP by `dhcp`."""

    def dhcp(self, *names, text="", **rest):
        """Plugs the links in, and writes an ifcfg file for each."""
        self.cables(*names, **rest)
        for name in names:
            self.ifcfg(name, "BOOTPROTO=dhcp\n" + text)

    def another_namespace(self):
        """The path of a new network namespace."""
        here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        unshare(CLONE_NEWNET)
        there = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        libc.setns(here, CLONE_NEWNET)
        os.close(here)
        self.addCleanup(os.close, there)
        return f"/proc/{os.getpid()}/fd/{there}"

    def on_switch(self, *lines):
        self.ip_batch(lines, switch=True)

    # What is there

    def address(self, name="eth0"):
        """The one IPv4 address of a link; None: there is none."""
        found = self.inet(name)
        self.assertLessEqual(len(found), 1, f"IPv4 addresses of {name}")
        return f"{found[0]['local']}/{found[0]['prefixlen']}" if found else None

    def inet(self, name="eth0"):
        """The IPv4 addresses of a link, as `ip -j` has them."""
        return [addr for link in self.ip_json(f"-4 addr show dev {name}") for addr in link.get("addr_info", [])]

    def valid(self, name="eth0"):
        """Seconds the address is valid; None: for ever."""
        (found,) = self.inet(name)
        seconds = found["valid_life_time"]
        return None if seconds == 0xFFFFFFFF else seconds

    def default_routes(self):
        """(gateway, link, metric) of each IPv4 default route."""
        return [(route.get("gateway"), route["dev"], route.get("metric", 0)) for route in self.ip_json("-4 route show default")]

    def lease(self, name="eth0"):
        """What lease-IF says: a dictionary. Every line of it is an assignment."""
        return self.lease_of(f"run/ifdawn/lease-{name}")

    def lease_of(self, file):
        found = {}
        for line in self.read(file).splitlines():
            match = LEASE_LINE.fullmatch(line)
            self.assertIsNotNone(match, f"a line of {file} is KEY='value': {line!r}")
            found[match[1]] = match[2].replace("'\\''", "'")
        return found

    def resolv_conf(self):
        """The resolver's file; empty where there is none."""
        return self.read("etc/resolv.conf") if self.exists("etc/resolv.conf") else ""

    def state(self, name="eth0"):
        """What state.json says about a link."""
        links = json.loads(self.read("run/ifdawn/state.json"))["links"]
        found = [link for link in links if link["name"] == name]
        self.assertEqual(len(found), 1, f"{name} in state.json: {links}")
        return found[0]

    def assertBound(self, address="192.0.2.100/24", name="eth0", via="192.0.2.1"):
        self.assertEqual(self.address(name), address, f"the address of {name}")
        if via:
            self.assertIn((via, name), [route[:2] for route in self.default_routes()], "default routes")

    def assertUnbound(self, name="eth0"):
        self.assertIsNone(self.address(name), f"{name} has no address")
        self.assertNotIn(name, [route[1] for route in self.default_routes()], "default routes")

    def is_bound(self, address="192.0.2.100/24", name="eth0"):
        """Whether the link has this address, and maybe others."""
        return address in [f"{found['local']}/{found['prefixlen']}" for found in self.inet(name)]

    # Resident

    def watch(self, *words, bound="192.0.2.100/24", name="eth0", within=5.0, trace=None):
        """Starts `watch`, and waits until the link has its address."""
        process = self.start("watch", *words, trace=trace)
        if bound:
            ended = lambda: process.poll() is not None  # noqa: E731
            self.eventually(f"{name} has {bound}", lambda: ended() or self.is_bound(bound, name), within)
            if ended():
                self.fail(f"it goes on\n{self.finish(process, code=None)}")
            self.eventually("lease file", lambda: self.exists(f"run/ifdawn/lease-{name}"), 1)
        return process

    def stop_watch(self, process, code=0, number=signal.SIGTERM):
        """Ends `watch` as a supervisor does; it says how it went."""
        process.send_signal(number)
        return self.finish(process, code=code, within=5)

    @contextlib.contextmanager
    def monitor(self, *objects):
        """What `ip monitor` says meanwhile: a list of lines, complete when the block ends."""
        path, lines = self.path("monitor"), []
        with open(path, "wb") as out:
            process = subprocess.Popen(["ip", "monitor", *objects], stdout=out, stderr=subprocess.STDOUT)
        try:
            # It hears everything once it hears of this; the address is lo's, where nobody minds.
            self.eventually("ip monitor listens", lambda: self.heard(path, process), 3)
            yield lines
            self.ip_batch(["addr add 127.7.7.8/32 dev lo", "addr del 127.7.7.8/32 dev lo"])
            self.eventually("ip monitor has caught up", lambda: "127.7.7.8" in read(path), 3)
        finally:
            process.terminate()
            process.wait()
        lines += [line for line in read(path).splitlines() if "127.7.7." not in line]

    def heard(self, path, process):
        self.assertIsNone(process.poll(), f"ip monitor runs\n{read(path)}")
        self.ip_batch(["addr add 127.7.7.7/32 dev lo", "addr del 127.7.7.7/32 dev lo"])
        time.sleep(0.01)
        return "127.7.7.7" in read(path)

    def processes(self):
        """Pids of ifdawn in this network namespace, and the name of each."""
        found, here = {}, os.readlink("/proc/self/ns/net")
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/ns/net") == here and read(f"/proc/{pid}/comm").startswith("ifdawn"):
                    found[int(pid)] = read(f"/proc/{pid}/comm").strip()
        return found


def read(path):
    with open(path, errors="replace") as file:
        return file.read()
