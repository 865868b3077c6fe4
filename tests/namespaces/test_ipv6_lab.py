"""The routers and DHCPv6 servers of these tests do their work: the kernel and other clients get addresses of each, so
what fails elsewhere is ours."""
import os
import subprocess

import wire6
from ipv6 import LEASED, LINK_LOCAL, MAC, PREFIX, SLAAC, Ipv6Machine
from servers import LIBRARIES, program
from servers6 import Dnsmasq6, Kea6, Radvd

SCRIPT = "#!/bin/sh\nenv | sed 's/^/'$reason' /' >>{0}/dhclient\nexit 0\n"
SERVER = dict(pool=[LEASED], delegates="2001:db8:77::/56", dhcp={wire6.DNS: wire6.addr("2001:db8:1::53")})


class Lab(Ipv6Machine):
    def setUp(self):
        super().setUp()
        self.knob("accept_dad", 0, "default")
        self.cables("eth0")

    def slaac(self):
        self.ip("link set eth0 up")
        self.eventually("the kernel's own address", lambda: self.has6(SLAAC), 5)
        self.assertEqual(self.default_routes6()[:1], [("fe80::1", "eth0")])

    def test_the_kernel_and_dnsmasq(self):
        for mode in ("ra-only", "ra-stateless", "slaac"):
            with self.subTest(mode=mode):
                self.new_machine()
                self.knob("accept_dad", 0, "default")
                self.cables("eth0")
                Dnsmasq6(self, "port0", mode=mode)
                self.slaac()

    def test_the_kernel_and_radvd(self):
        router = Radvd(self, "port0")
        self.slaac()
        router.change("prefix 2001:db8:2::/64 { };")
        self.eventually("the other prefix", lambda: self.has6(wire6.from_mac("2001:db8:2::", MAC)), 5)

    def test_the_kernel_and_the_scripted_router(self):
        router = wire6.Scripted6(self, "port0", prefixes=[wire6.prefix_option(f"{PREFIX}/64")], more=wire6.mtu_option(1400))
        self.slaac()
        self.assertEqual(self.knob("mtu"), "1400", "the kernel understood it")
        self.assertEqual([item.name for item in router.nd(wire6.RS)][:1], ["RS"], f"{router.log}")
        router.advertise(lifetime=0)
        self.eventually("no default route", lambda: not self.default_routes6(), 3)

    def test_the_kernel_and_the_scripted_neighbour(self):
        self.knob("accept_dad", 1)
        router = wire6.Scripted6(self, "port0", owns=[LINK_LOCAL])
        self.ip("link set eth0 up")
        failed = lambda: any(addr.get("dadfailed") for addr in self.inet6("eth0", "link"))  # noqa: E731
        self.eventually("the kernel finds a duplicate", failed, 4)
        self.assertTrue(router.probes(LINK_LOCAL), f"{router.log}")

    def dhclient(self, *words):
        """What it was told: the environment of its script when it was bound."""
        self.ip("link set eth0 up")
        self.eventually("link-local", lambda: self.has6(LINK_LOCAL), 3)
        self.write("script", SCRIPT.format(self.root))
        os.chmod(self.path("script"), 0o755)
        self.write("empty", "")
        done = subprocess.run(
            [program(self, "dhclient"), "-6", "-1", "-v", *words, "-cf", self.path("empty"), "-lf", self.path("leases"),
             "-pf", self.path("pid"), "-sf", self.path("script"), "eth0"],
            env={**os.environ, "LD_LIBRARY_PATH": LIBRARIES}, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        self.addCleanup(self.end_dhclient)
        self.assertEqual(done.returncode, 0, f"dhclient is served\n{done.stdout}{done.stderr}")
        lines = [line.split(" ", 1)[1] for line in self.read("dhclient").splitlines() if line.startswith(("BOUND6", "RENEW6"))]
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def end_dhclient(self):
        if self.exists("pid"):
            os.kill(int(self.read("pid")), 15)

    def test_dhclient_and_dnsmasq(self):
        Dnsmasq6(self, "port0")
        self.assertEqual(self.dhclient()["new_ip6_address"], LEASED)

    def test_dhclient_and_kea(self):
        Kea6(self, "port0", options={"dns-servers": "2001:db8:1::53"})
        found = self.dhclient()
        self.assertEqual((found["new_ip6_address"], found["new_dhcp6_name_servers"]), (LEASED, "2001:db8:1::53"))

    def test_dhclient_and_kea_for_a_prefix(self):
        Kea6(self, "port0", delegates="2001:db8:77::")
        self.assertEqual(self.dhclient("-P")["new_ip6_prefix"], "2001:db8:77::/64")

    def test_dhclient_and_the_scripted_server(self):
        server = wire6.Scripted6(self, "port0", lifetime=None, **SERVER)
        found = self.dhclient()
        self.assertEqual((found["new_ip6_address"], found["new_dhcp6_name_servers"]), (LEASED, "2001:db8:1::53"))
        self.assertEqual(server.exchange6()[-4:], ["SOLICIT", "ADVERTISE", "REQUEST", "REPLY"], f"{server.log}")
        self.assertEqual(server.messages6(wire6.REQUEST)[0].addresses(), [LEASED])

    def test_dhclient_and_the_scripted_servers_options_alone(self):
        server = wire6.Scripted6(self, "port0", lifetime=None, stateless=True, dhcp=SERVER["dhcp"])
        self.assertEqual(self.dhclient("-S")["new_dhcp6_name_servers"], "2001:db8:1::53")
        self.assertEqual(server.exchange6()[-2:], ["INFORMATION-REQUEST", "REPLY"], f"{server.log}")
