"""What `watch` does when carrier goes and comes back: default routes, and links that flap."""
import time

import wire
from watching import WatchMachine

IPV6 = "IPV6INIT=yes\nIPV6_DAD=off\nIPV6ADDR=2001:db8:{0}::5/64\nIPV6_DEFAULTGW=2001:db8:{0}::1\n"
STATIC = "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\n" + IPV6.format(0)
OTHER = "IPADDR=198.51.100.7\nPREFIX=24\nGATEWAY=198.51.100.1\n" + IPV6.format(1)


class CarrierMachine(WatchMachine):
    def plug(self, link, carrier):
        """Plugs the cable of a link in, or pulls it."""
        self.on_switch(f"link set port{link[-1]} {'up' if carrier else 'down'}")
        self.eventually("carrier", lambda: ("LOWER_UP" in self.link(link)["flags"]) == carrier)

    def defaults(self, family=4):
        """(link, metric) of each default route that we made."""
        found = self.ip_json(f"-{family} route show default proto 153")
        return sorted((route["dev"], route.get("metric", 0)) for route in found)

    def assertDefaults(self, four, six=None, within=3.0):
        said = lambda: f"{self.defaults()} {self.defaults(6)}"  # noqa: E731
        self.eventually(said, lambda: self.defaults() == four and self.defaults(6) == (four if six is None else six), within)


class TwoLinks(CarrierMachine):
    """Each has a default route of both families."""

    BOTH = [("eth0", 0), ("eth1", 101)]
    BOTH6 = [("eth0", 1), ("eth1", 101)]

    def setUp(self):
        super().setUp()
        self.cables("eth0", "eth1")

    def configure(self, text="", machine=""):
        self.ifcfg("eth0", STATIC + text)
        self.ifcfg("eth1", OTHER)
        self.write("etc/sysconfig/network", machine)

    def keep(self, *words):
        process = self.supervise(*words, bound="198.51.100.7/24", name="eth1")
        self.assertDefaults(self.BOTH, self.BOTH6)
        return process

    def test_default_routes_give_way_and_come_back(self):
        self.configure()
        process = self.keep()
        before = self.everything()
        self.plug("eth0", False)
        self.assertDefaults([("eth1", 101)])
        self.settle()
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24", "2001:db8::5/64"], "addresses stay")
        self.assertNotIn("default", self.read("run/ifdawn/owned-eth0"))
        self.plug("eth0", True)
        self.assertDefaults(self.BOTH, self.BOTH6)
        self.settle()
        self.assertEqual(self.everything(), before, "as before")
        self.stop_watch(process)

    def test_the_last_one_stays(self):
        self.configure()
        process = self.keep()
        self.plug("eth0", False)
        self.assertDefaults([("eth1", 101)])
        self.plug("eth1", False)
        self.assertDefaults(self.BOTH, self.BOTH6)
        self.plug("eth1", True)
        self.assertDefaults([("eth1", 101)])
        self.stop_watch(process)

    def test_they_come_last_or_stay_where_that_is_asked_for(self):
        last, last6 = [("eth0", 20000), ("eth1", 101)], [("eth0", 20001), ("eth1", 101)]
        for text, machine, words, four, six in (
            ("", "", ("--cmdline", "ifdawn.carrier-loss=metric"), last, last6),
            ("", "CARRIER_LOSS=metric\n", (), last, last6),
            ("CARRIER_LOSS=keep\n", "CARRIER_LOSS=metric\n", (), self.BOTH, self.BOTH6),
            ("CARRIER_LOSS=metric\n", "", ("--cmdline", "ifdawn.carrier-loss=keep"), last, last6),
        ):
            with self.subTest(text=text, machine=machine, words=words):
                self.configure(text, machine)
                process = self.keep(*words)
                self.plug("eth0", False)
                self.settle()
                self.assertDefaults(sorted(four), sorted(six))
                self.plug("eth0", True)
                self.assertDefaults(self.BOTH, self.BOTH6)
                self.settle()
                self.stop_watch(process)

    def test_up_takes_no_notice(self):
        self.configure()
        self.plug("eth0", False) if "LOWER_UP" in self.link("eth0")["flags"] else self.on_switch("link set port0 down")
        self.ifdawn("up")
        self.assertDefaults(self.BOTH, self.BOTH6)

    def test_a_link_that_flaps_rests(self):
        self.configure()
        process = self.keep()
        for _ in range(5):
            self.plug("eth0", False)
            self.settle_links()
            self.plug("eth0", True)
            self.settle_links()
        began = time.monotonic()
        self.assertDefaults([("eth1", 101)], within=0.5)
        self.assertDefaults(self.BOTH, self.BOTH6, within=5)
        self.assertGreater(time.monotonic() - began, 0.4, "seconds until it is relied upon again")
        self.settle()
        run = self.stop_watch(process)
        self.assertSays(run, "eth0: carrier lost 5 times in 10 s; it waits")
        self.assertEqual(run.err.count("carrier lost"), 1)

    def test_nobodys_link_may_flap(self):
        self.cables("eth2")
        self.ip("link set eth2 up")
        self.configure()
        process = self.keep()
        for _ in range(6):
            self.plug("eth2", False)
            self.settle_links()
            self.plug("eth2", True)
            self.settle_links()
        self.settle()
        self.assertNotIn("carrier lost", self.stop_watch(process).err)

    def settle_links(self):
        """A moment in which it looks at what it was told."""
        time.sleep(0.03)


class Leased(CarrierMachine):
    def test_leased_default_routes_give_way_and_the_lease_is_asked_for_again(self):
        self.dhcp("eth0")
        self.cables("eth1")
        self.ifcfg("eth1", "IPADDR=198.51.100.7\nPREFIX=24\nGATEWAY=198.51.100.1\n")
        server = wire.Scripted(self, "port0")
        process = self.watch()
        self.assertDefaults([("eth0", 0), ("eth1", 101)], [])
        self.settle()
        server.clear()
        self.plug("eth0", False)
        self.assertDefaults([("eth1", 101)], [])
        self.assertTrue(self.is_bound(), "the address stays")
        self.plug("eth0", True)
        self.assertDefaults([("eth0", 0), ("eth1", 101)], [])
        server.wait_for("INIT-REBOOT", lambda _: "ACK" in server.names(), within=2.5)
        self.assertEqual(server.messages()[0].kind, wire.REQUEST, "the same address is asked for")
        self.stop_watch(process)

    def test_a_link_that_flaps_asks_once_carrier_lasts(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0")
        process = self.watch()
        self.settle()
        for _ in range(6):
            self.plug("eth0", False)
            time.sleep(0.03)
            self.plug("eth0", True)
            time.sleep(0.03)
        server.clear()
        began = time.monotonic()
        server.wait_for("a question", lambda _: server.messages(), within=6)
        self.assertGreater(time.monotonic() - began, 1, "seconds until it asks")
        self.assertEqual(self.default_routes(), [("192.0.2.1", "eth0", 0)], "there is no other one")
        self.assertBound()
        self.stop_watch(process)
