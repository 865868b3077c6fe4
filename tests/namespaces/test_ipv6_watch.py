"""What `watch` does with IPv6 while links come and go, and what it costs while nothing happens."""
import os
import signal
import subprocess
import time

import wire6
from dhcp import read
from ipv6 import LEASED, LINK_LOCAL, MAC, PREFIX, SLAAC, Ipv6Machine
from wire6 import MANAGED, Scripted6, prefix_option, rdnss_option

OTHER = "2001:db8:2::"


class Flaps(Ipv6Machine):
    def setUp(self):
        super().setUp()
        self.auto("eth0")
        self.router = Scripted6(self, "port0", prefixes=[prefix_option(f"{PREFIX}/64")], more=rdnss_option("2001:db8:1::53"))
        self.process = self.watch6(SLAAC)

    def flap(self):
        self.on_switch("link set port0 down")
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"])
        time.sleep(0.2)
        self.router.clear()
        self.on_switch("link set port0 up")

    def test_routers_are_asked_again_when_the_link_comes_back(self):
        self.flap()
        self.router.wait_for("a question", lambda router: router.nd(wire6.RS), 3)
        self.eventually("its address", lambda: self.has6(SLAAC), 3)
        self.eventually("its name server", lambda: self.nameservers() == ["2001:db8:1::53"], 3)
        self.stop_watch(self.process)

    def test_another_network_behind_the_link(self):
        self.router.prefixes, self.router.more = [prefix_option(f"{OTHER}/64")], rdnss_option("2001:db8:2::53")
        self.flap()
        theirs = wire6.from_mac(OTHER, MAC)
        self.eventually("its address", lambda: self.has6(theirs), 4)
        self.eventually("its name server", lambda: "2001:db8:2::53" in self.nameservers(), 3)
        self.stop_watch(self.process)

    def test_somebody_takes_the_link_down_and_up(self):
        self.router.clear()
        self.ip("link set eth0 down")
        time.sleep(0.3)
        self.ip("link set eth0 up")
        self.eventually("link-local", lambda: self.has6(LINK_LOCAL), 4)
        self.eventually("its address", lambda: self.has6(SLAAC), 6)
        self.stop_watch(self.process)

    def test_somebody_deletes_the_link_local_address(self):
        self.ip(f"addr del {LINK_LOCAL}/64 dev eth0")
        self.eventually("it is back", lambda: self.has6(LINK_LOCAL), 4)
        self.stop_watch(self.process)


class Idle(Ipv6Machine):
    def setUp(self):
        super().setUp()
        self.auto("eth0")
        self.server = Scripted6(
            self, "port0", flags=MANAGED, pool=[LEASED], prefixes=[prefix_option(f"{PREFIX}/64")], lifetime=9000,
            more=rdnss_option("2001:db8:1::53", lifetime=9000),
        )  # fmt: skip
        self.process = self.watch6(LEASED)
        self.eventually("both addresses", lambda: self.has6(SLAAC), 3)
        # Duplicates have shown by then.
        time.sleep(1.5)

    def test_it_sleeps(self):
        pids = self.processes()
        attach = [word for pid in pids for word in ("-p", str(pid))]
        log = self.path("idle")
        strace = subprocess.Popen(["strace", "-f", "-o", log, *attach], stderr=subprocess.DEVNULL)
        time.sleep(3)
        strace.send_signal(signal.SIGINT)
        try:
            strace.wait(timeout=5)
        except subprocess.TimeoutExpired:
            strace.kill()
            strace.wait()
        self.assertIn("(", read(log), "strace shows what each waits in")
        ended = [line for line in read(log).splitlines() if ") = " in line]
        self.assertEqual(ended[:5], [], f"{len(ended)} system calls ended in 3 seconds")
        self.stop_watch(self.process)

    def test_its_memory(self):
        sizes = {}
        for pid, name in self.processes().items():
            (line,) = [line for line in read(f"/proc/{pid}/smaps_rollup").splitlines() if line.startswith("Pss:")]
            sizes[f"{name} {pid}"] = int(line.split()[1])
        self.assertLessEqual(sum(sizes.values()), 400, f"KiB, Pss of all processes: {sizes}")
        self.stop_watch(self.process)

    def test_a_jail_that_dies_is_replaced(self):
        (jail,) = [pid for pid, name in self.processes().items() if "jail" in name]
        os.kill(jail, signal.SIGKILL)
        self.server.more = rdnss_option("2001:db8:1::54")

        def is_read():
            # What it had in its hands is lost with it.
            self.server.advertise()
            time.sleep(0.2)
            return "2001:db8:1::54" in self.nameservers()

        self.eventually("what a router says is read", is_read, 5)
        self.assertSays(self.stop_watch(self.process), "jail")
        self.assertTrue(self.has6(SLAAC) and self.has6(LEASED))
