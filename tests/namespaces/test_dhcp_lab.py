"""The servers of these tests serve: another client gets a lease of each, so what fails elsewhere is ours."""
import os
import socket
import subprocess

import wire
from dhcp import DhcpMachine
from servers import LIBRARIES, Dnsmasq, IscDhcpd, Kea, Udhcpd, program, relayed

SCRIPT = "#!/bin/sh\n[ $1 = bound ] && env >>{0}/udhcpc\nexit 0\n"


class Lab(DhcpMachine):
    def setUp(self):
        super().setUp()
        self.cables("eth0", up=True)

    def udhcpc(self, *words):
        """What busybox's client was told: the environment of its script."""
        self.write("script", SCRIPT.format(self.root))
        os.chmod(self.path("script"), 0o755)
        client = [program(self, "busybox"), "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "5", "-T", "1"]
        done = subprocess.run(
            [*client, "-s", self.path("script"), *words],
            env={**os.environ, "LD_LIBRARY_PATH": LIBRARIES}, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, f"udhcpc gets a lease\n{done.stdout}{done.stderr}")
        return dict(line.split("=", 1) for line in self.read("udhcpc").splitlines() if "=" in line)

    def check(self, server):
        found = self.udhcpc()
        self.assertEqual((found["router"], found["subnet"], found["lease"]), ("192.0.2.1", "255.255.255.0", "3600"), server.log())
        return found

    def test_dnsmasq(self):
        self.check(Dnsmasq(self, "port0"))

    def test_kea(self):
        self.check(Kea(self, "port0"))

    def test_isc_dhcpd(self):
        self.check(IscDhcpd(self, "port0"))

    def test_udhcpd(self):
        self.check(Udhcpd(self, "port0"))

    def test_a_relay(self):
        server = relayed(self)
        self.assertEqual(self.check(server)["serverid"], "198.51.100.2")

    def test_the_scripted_server(self):
        server = wire.Scripted(self, "port0", options={12: b"box"})
        found = self.udhcpc()
        self.assertEqual((found["ip"], found["router"], found["hostname"]), ("192.0.2.100", "192.0.2.1", "box"), server.log)
        self.assertEqual(server.exchange(), ["DISCOVER", "OFFER", "REQUEST", "ACK"], "both sides are recorded")
        self.assertEqual([message.sent for message in server.log if isinstance(message, wire.Message)], [False, True] * 2)

    def test_a_flood_is_as_fast_as_it_says(self):
        server = wire.Scripted(self, "port0", silent=[wire.DISCOVER])
        sink = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(wire.ETH_P_IP))
        self.addCleanup(sink.close)
        octets = wire.frame(b"\0" * 300)
        # A tenth of what the tests of floods send at most: a busy machine can do that.
        sent = server.flood([octets], rate=10_000, seconds=0.5)
        self.assertGreater(sent, 4_000, "frames sent")
        self.assertLess(sent, 6_000, "frames sent")
        self.assertLess(server.flood([octets], rate=100_000, seconds=0.5), 60_000, "frames sent")
