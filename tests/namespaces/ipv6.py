"""What tests of IPv6 share: a machine whose kernel does with IPv6 what kernels do, and what became of its links."""
import contextlib
import json
import os
import signal

from dhcp import DhcpMachine
from machine import MS_BIND, MS_RDONLY, MS_REMOUNT, mount
from wire import namespace
from wire6 import from_mac

PREFIX = "2001:db8:1::"
MAC = b"\x52\x54\0\0\0\0"
SLAAC = from_mac(PREFIX, MAC)  # of eth0
LINK_LOCAL = from_mac("fe80::", MAC)
LEASED = "2001:db8:1::100"
CONFLICT = r"(?i)duplicate|somebody else|taken|another|in use"
NONE = 1  # of addr_gen_mode


class Ipv6Machine(DhcpMachine):
    """Its links do duplicate address detection, other than those of other tests; the switch's do not, and have no
    address but those that a test gives them."""

    def new_machine(self):
        self.end_all()
        super().new_machine()
        self.knob("accept_dad", 1, "default")
        with namespace(self.switch):
            self.knob("accept_dad", 0, "default")
            self.knob("addr_gen_mode", NONE, "default")

    def setUp(self):
        self.started = []
        super().setUp()
        self.addCleanup(self.end_all)

    def tearDown(self):
        # Where one goes on that the test was to end, the test has failed before.
        if all(process.poll() is not None for process in self.started):
            self.assertAlone()
        super().tearDown()

    def start(self, *words, **rest):
        process = super().start(*words, **rest)
        self.started.append(process)
        return process

    def assertAlone(self):
        """Who finds out about duplicates behind `up` is done in a few seconds."""
        self.eventually(lambda: f"nobody is left: {self.processes()}", lambda: not self.processes(), 5)

    def end_all(self):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @staticmethod
    def knob(name, value=None, link="eth0"):
        """What /proc/sys/net/ipv6/conf says of a link; or says it anew."""
        path = f"/proc/sys/net/ipv6/conf/{link}/{name}"
        if value is not None:
            with open(path, "w") as file:
                file.write(str(value))
        with open(path) as file:
            return file.read().strip()

    def read_only_sysctls(self):
        mount("/proc/sys", "/proc/sys", flags=MS_BIND)
        mount("/proc/sys", "/proc/sys", flags=MS_BIND | MS_REMOUNT | MS_RDONLY)
        with self.assertRaises(OSError, msg="/proc/sys is read-only"):
            self.knob("accept_dad", 1, "default")

    def auto(self, *names, text="", **rest):
        """Plugs the links in, for router discovery and nothing else."""
        self.six(*names, text=text, **rest)

    def stateful(self, *names, text="", **rest):
        """For DHCPv6 whatever routers say."""
        self.six(*names, text="IPV6_AUTOCONF=no\nDHCPV6C=yes\n" + text, **rest)

    def six(self, *names, text="", **rest):
        self.cables(*names, **rest)
        for name in names:
            self.ifcfg(name, "IPV6INIT=yes\n" + text)

    # What is there

    def inet6(self, name="eth0", scope="global"):
        """The IPv6 addresses of a link, as `ip -j` has them."""
        found = [addr for link in self.ip_json(f"-6 addr show dev {name}") for addr in link.get("addr_info", [])]
        return [addr for addr in found if scope in (None, addr["scope"])]

    def globals(self, name="eth0"):
        return sorted(f"{addr['local']}/{addr['prefixlen']}" for addr in self.inet6(name))

    def assertUsable(self, *addresses, name="eth0"):
        """These are the global addresses of the link, and each can be used."""
        self.assertEqual(self.globals(name), sorted(addresses), f"global addresses of {name}")
        self.assertSettled(name)

    def assertSettled(self, name="eth0"):
        for addr in self.inet6(name, None):
            self.assertFalse(addr.get("tentative") or addr.get("dadfailed"), f"an address that cannot be used: {addr}")

    def has6(self, address, name="eth0"):
        """Whether the address is there and can be used."""
        found = [addr for addr in self.inet6(name, None) if not addr.get("tentative") and not addr.get("dadfailed")]
        return address in (addr["local"] for addr in found)

    def valid6(self, address, name="eth0"):
        (found,) = [addr for addr in self.inet6(name) if addr["local"] == address]
        return found["valid_life_time"]

    def default_routes6(self):
        """(gateway, link) of each IPv6 default route, those of several gateways in one too."""
        found = []
        for route in self.ip_json("-6 route show default"):
            found += [(hop.get("gateway"), hop.get("dev", route.get("dev"))) for hop in route.get("nexthops", [route])]
        return found

    def lease6(self, name="eth0"):
        return self.lease_of(f"run/ifdawn/lease6-{name}")

    def sources(self, name="eth0"):
        """Address -> source, as state.json has them; without the prefix's length."""
        return {found["address"].split("/")[0]: found["source"] for found in self.state(name)["addresses"]}

    def events(self, name="eth0"):
        return [mark["event"] for mark in self.state(name)["timeline"]]

    def assertInOrder(self, *events, name="eth0"):
        """Each of these begins before the next, in the timeline."""
        found = self.events(name)
        self.assertLessEqual(set(events), set(found), f"timeline: {found}")
        places = [found.index(event) for event in events]
        self.assertEqual(places, sorted(places), f"timeline: {found}")

    def nameservers(self):
        return [line.split()[1] for line in self.resolv_conf().splitlines() if line.startswith("nameserver ")]

    def search(self):
        return [name for line in self.resolv_conf().splitlines() if line.startswith("search ") for name in line.split()[1:]]

    # Resident

    def watch6(self, address, *words, name="eth0", within=5.0):
        """Starts `watch`, and waits until the link has its address."""
        process = self.start("watch", *words)
        ended = lambda: process.poll() is not None  # noqa: E731
        self.eventually(f"{name} has {address}", lambda: ended() or self.has6(address, name), within)
        if ended():
            self.fail(f"it goes on\n{self.finish(process, code=None)}")
        return process

    def rest(self):
        """What a link is like, for one that is to be as it was: addresses and routes of IPv6, and knobs."""
        knobs = ("accept_dad", "addr_gen_mode", "accept_ra", "autoconf", "optimistic_dad", "dad_transmits", "disable_ipv6")
        directory = "/proc/sys/net/ipv6/conf/eth0"
        return {name: self.knob(name) for name in knobs if os.path.exists(f"{directory}/{name}")}

    def said6(self, key, name="eth0"):
        """What state.json has under a key of the link, as text."""
        return json.dumps(self.state(name).get(key))
