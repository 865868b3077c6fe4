"""A lease that is there already: `up` again, `down`, and what happens when nobody knows of it."""
import wire
from dhcp import DhcpMachine
from servers import Dnsmasq, Kea

SHORT = "IPV4_DHCP_TIMEOUT=2\n"


class Again(DhcpMachine):
    def bound(self, text="", **rest):
        self.dhcp("eth0", text=text)
        self.server = wire.Scripted(self, "port0", **rest)
        self.ifdawn("up")
        self.assertBound()
        self.server.clear()

    def test_up_again_asks_for_the_same_address_and_keeps_it_meanwhile(self):
        for kind in (Dnsmasq, Kea):
            with self.subTest(server=kind.__name__):
                self.new_machine()
                self.dhcp("eth0")
                kind(self, "port0")
                self.ifdawn("up")
                self.assertBound()
                seen = wire.Wire(self, "port0")
                with self.monitor("address", "route") as lines:
                    self.ifdawn("up")
                self.assertEqual(seen.exchange(), ["REQUEST", "ACK"], "INIT-REBOOT")
                (request,) = seen.messages()
                self.assertEqual(request.option_addr(50), "192.0.2.100", "the address asked for")
                self.assertEqual((request.option_addr(54), request.ciaddr), (None, "0.0.0.0"), "RFC 2131 section 4.3.2")
                self.assertEqual([line for line in lines if "Deleted" in line], [], "nothing is missing meanwhile")
                self.assertBound()

    def test_after_a_reboot_the_same_address_is_asked_for(self):
        self.bound()
        self.ip("link set eth0 down")
        self.ip("addr flush dev eth0")
        self.ifdawn("up")
        self.assertEqual(self.server.exchange(), ["REQUEST", "ACK"], "INIT-REBOOT")
        self.assertBound()

    def test_another_address_after_a_nak(self):
        self.bound()
        self.server.pool = ["192.0.2.150"]
        self.server.given.clear()
        self.ifdawn("up")
        self.assertEqual(self.server.exchange(), ["REQUEST", "NAK", "DISCOVER", "OFFER", "REQUEST", "ACK"], "packets")
        self.assertBound("192.0.2.150/24")
        self.assertEqual(self.lease()["IPV4ADDR"], "192.0.2.150", "lease-eth0")

    def test_no_answer_while_the_lease_is_valid_is_enough(self):
        self.bound(text=SHORT)
        self.server.silent = {wire.DISCOVER, wire.REQUEST}
        run = self.ifdawn("up", within=10)
        self.assertSays(run, "eth0", "lease")
        self.assertBound()
        self.assertEqual(self.server.messages()[0].kind, wire.REQUEST, "INIT-REBOOT was tried")

    def test_a_lease_that_is_over_is_forgotten(self):
        self.bound(lease=4, text=SHORT)
        self.eventually("the kernel took the address", lambda: self.address() is None, within=6)
        self.server.silent = {wire.DISCOVER, wire.REQUEST}
        self.ifdawn("up", code=1, within=10)
        self.assertUnbound()

    def test_a_lease_file_of_nonsense_is_no_lease(self):
        self.bound(text=SHORT)
        for text in ("", "\0" * 500, "IPV4ADDR='224.0.0.1'\n", "IPV4ADDR='192.0.2.77\n", "IPV4ADDR=$(reboot)\n" * 50, "A='" * 20_000):
            with self.subTest(text=text[:20]):
                self.write("run/ifdawn/lease-eth0", text)
                self.server.clear()
                self.ifdawn("up")
                self.assertBound()
                self.assertIn("DISCOVER", self.server.names(), "it begins anew")

    def test_down_takes_everything_back(self):
        self.cables("eth0")
        self.ifcfg("eth0", "BOOTPROTO=dhcp\n")
        server = wire.Scripted(self, "port0", options={6: wire.addr("192.0.2.53"), 26: b"\x05\x78"})
        self.ip("link set lo up")
        before = self.everything()
        self.ifdawn("up")
        self.assertBound()
        self.assertIn("192.0.2.53", self.read("etc/resolv.conf"))
        server.clear()
        self.ifdawn("down", "eth0")
        self.assertUnbound()
        after = self.everything()
        for what in ("addr", "-4 route"):
            strip = [[text.replace('"mtu": 1400', '"mtu": 1500') for text in state[what]] for state in (before, after)]
            self.assertEqual(*strip, f"`ip -j {what}` before `up` and after `down`")
        self.assertNotIn("192.0.2.53", self.resolv_conf())
        self.assertFalse(self.exists("run/ifdawn/owned-eth0"), "owned-eth0 is removed")
        self.assertEqual(server.messages(), [], "nobody is told")

    def assertReleased(self):
        self.assertUnbound()
        self.server.wait_for("a RELEASE", lambda server: server.messages(wire.RELEASE), 2)
        (release,) = self.server.messages()
        self.assertEqual((release.ciaddr, release.option_addr(54)), ("192.0.2.100", "192.0.2.1"), "RFC 2131 table 5")
        self.assertFalse(self.exists("run/ifdawn/lease-eth0"), "lease-eth0 is removed")

    def test_down_with_release(self):
        self.bound()
        self.ifdawn("down", "eth0", "--release")
        self.assertReleased()

    def test_down_with_dhcprelease(self):
        self.bound(text="DHCPRELEASE=yes\n")
        self.ifdawn("down", "eth0")
        self.assertReleased()

    def test_a_real_server_takes_it_back(self):
        self.dhcp("eth0")
        server = Dnsmasq(self, "port0")
        self.ifdawn("up")
        self.assertBound()
        self.ifdawn("down", "eth0", "--release")
        self.eventually("dnsmasq logs it", lambda: "DHCPRELEASE" in server.log())
        self.ifdawn("up")
        self.assertBound()


class Conflicts(DhcpMachine):
    """RFC 5227, where it is asked for."""

    PROBE = "ARPCHECK=yes\nACD_TIMEOUT=300\n"

    def test_a_free_address_is_probed_and_announced(self):
        self.dhcp("eth0", text=self.PROBE)
        server = wire.Scripted(self, "port0")
        self.ifdawn("up")
        self.assertBound()
        server.wait_for("an announcement", lambda _: any(arp.is_announcement for arp in server.arps()), 3)
        probes = [arp for arp in server.arps() if arp.is_probe and arp.target == "192.0.2.100"]
        self.assertTrue(probes, f"probes\n{server.log}")

    def test_nothing_is_probed_unasked(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0")
        self.ifdawn("up")
        server.wait_for("an announcement", lambda _: any(arp.is_announcement for arp in server.arps()), 3)
        self.assertEqual([arp for arp in server.arps() if arp.is_probe], [], "probes")

    def test_an_address_somebody_has_is_declined_and_another_taken(self):
        self.dhcp("eth0", text=self.PROBE + "IPV4_DHCP_TIMEOUT=30\n")
        server = wire.Scripted(self, "port0")
        server.owns.add("192.0.2.100")
        run = self.ifdawn("up", within=40)
        self.assertSays(run, "192.0.2.100")
        self.assertBound("192.0.2.101/24")
        (decline,) = server.messages(wire.DECLINE)
        self.assertEqual((decline.option_addr(50), decline.option_addr(54), decline.ciaddr), ("192.0.2.100", "192.0.2.1", "0.0.0.0"))
        self.assertNotIn("192.0.2.100", [arp.sender for arp in server.arps()], "it was never used")
