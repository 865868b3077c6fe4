"""What `watch` leaves alone: a link that its administrator takes down, and what he takes away again and again."""
import json

import wire
from machine import mac
from watching import WatchMachine


class TakenDown(WatchMachine):
    """A link that somebody else takes down stays down until he, or `ifdawn up`, takes it up."""

    def state(self, link="eth0"):
        links = json.loads(self.read("run/ifdawn/state.json"))["links"]
        return {found["name"]: found["state"] for found in links}.get(link)

    def is_up(self, link="eth0"):
        return "UP" in self.link(link)["flags"]

    def take_down(self, link="eth0"):
        self.ip(f"link set {link} down")
        self.eventually("it is seen", lambda: self.state(link) == "held")
        self.settle()
        self.assertFalse(self.is_up(link), "it stays down")
        self.assertAsleep(0.3)

    def test_it_stays_down_and_comes_back_with_all_it_had(self):
        self.static(text="GATEWAY=192.0.2.1\nIPV6INIT=yes\nIPV6ADDR=2001:db8::5/64\nIPV6_DEFAULTGW=2001:db8::1\n")
        self.network_script("route-eth0", "198.51.100.0/24 via 192.0.2.1\n")
        process = self.supervise()
        before = self.everything()
        self.take_down()
        self.assertEqual(self.routes(), [], "the kernel took the routes")
        self.ip("link set eth0 up")
        self.eventually("its routes", lambda: len(self.routes()) == 2)
        self.settle()
        self.assertEqual(self.everything(), before, "as before")
        self.assertEqual(self.state(), "up")
        run = self.stop_watch(process)
        self.assertSays(run, "eth0: taken down by somebody else; left alone until")
        self.assertEqual(run.err.count("taken down"), 1)

    def test_a_run_beside_it_takes_it_up(self):
        self.static()
        process = self.supervise()
        before = self.everything()
        self.take_down()
        self.ifdawn("up", "eth0")
        self.settle()
        self.assertEqual(self.everything(), before, "as before")
        self.stop_watch(process)

    def test_what_its_lease_said_is_forgotten_until_then(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", options={6: wire.addr("192.0.2.53")})
        process = self.watch()
        self.settle()
        self.assertIn("192.0.2.53", self.resolv_conf())
        server.clear()
        self.take_down()
        self.assertNotIn("192.0.2.53", self.resolv_conf())
        self.assertEqual(server.messages(), [], "nobody is asked for anything")
        self.ip("link set eth0 up")
        server.wait_for("the same lease", lambda _: "ACK" in server.names(), within=5)
        self.assertEqual(server.messages()[0].kind, wire.REQUEST, "the same address is asked for")
        self.eventually("its route", lambda: self.default_routes() != [])
        self.eventually("its server", lambda: "192.0.2.53" in self.resolv_conf())
        self.settle()
        self.stop_watch(process)

    def test_what_lies_on_it_is_left_alone_with_it(self):
        self.cables("eth0")
        self.ifcfg("eth0")
        self.ifcfg("mv0", "TYPE=macvlan\nPHYSDEV=eth0\nMACVLAN_MODE=bridge\nIPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\n")
        process = self.start("watch")
        self.eventually("it is made", lambda: "mv0@" in self.ip("link show"))
        self.eventually("its route", lambda: self.routes("default") != [])
        self.settle()
        before = self.everything()
        self.take_down()
        self.assertEqual(self.state("mv0"), "held")
        self.ip("addr del 192.0.2.5/24 dev mv0")
        self.settle()
        self.assertEqual(self.addresses("mv0"), [])
        self.ip("link set eth0 up")
        self.eventually("its route", lambda: self.routes("default") != [])
        self.settle()
        self.assertEqual(self.everything(), before, "as before")
        run = self.stop_watch(process)
        self.assertEqual(run.err.count("taken down"), 1, "of the link below")

    def test_other_links_go_on(self):
        self.static("eth0")
        self.cables("eth1")
        self.ifcfg("eth1", "IPADDR=198.51.100.7\nPREFIX=24\n")
        process = self.supervise(name="eth1", bound="198.51.100.7/24")
        self.take_down()
        self.ip("addr del 198.51.100.7/24 dev eth1")
        self.eventually("its address", lambda: self.is_bound("198.51.100.7/24", "eth1"))
        self.settle()
        self.assertFalse(self.is_up("eth0"))
        self.stop_watch(process)

    def test_a_link_that_is_plugged_in_anew_is_another_one(self):
        self.static()
        process = self.supervise()
        self.take_down()
        self.ip("link del eth0")
        self.ip_batch([f"link add eth0 index 77 address {mac(9)} type veth peer name port9 netns {self.switch}"])
        self.ip_batch(["link set port9 up"], switch=True)
        self.eventually("it is configured", lambda: self.is_bound("192.0.2.5/24"), 5)
        self.stop_watch(process)

    def test_down_and_up_at_once_costs_nothing(self):
        """A thousand times, whatever of it is seen."""
        self.static(text="GATEWAY=192.0.2.1\nIPV6INIT=yes\nIPV6ADDR=2001:db8::5/64\nIPV6_DEFAULTGW=2001:db8::1\n")
        process = self.supervise()
        before = self.everything()
        self.ip_batch(["link set eth0 down", "link set eth0 up"] * 1000)
        self.eventually("its routes", lambda: self.routes("default") != [] and self.routes("default", family=6) != [], 10)
        self.settle(30)
        self.assertEqual(self.everything(), before, "as before")
        self.assertSilent(self.stop_watch(process), "removed 5 times")


class TakenAway(WatchMachine):
    """The same thing five times in ten seconds."""

    def setUp(self):
        super().setUp()
        self.static()
        self.network_script("route-eth0", "198.51.100.0/24 via 192.0.2.1\n")
        self.network_script("rule-eth0", "from 192.0.2.5 table 100 priority 1000\n")
        self.process = self.supervise()

    def take_away(self, command, is_there, times=5):
        for n in range(times):
            self.ip(command)
            if n < 4:
                self.eventually(f"it is back after {command}, {n}", is_there)
        self.settle()
        self.assertFalse(is_there(), "it is left alone")
        self.assertAsleep(0.3)

    def has_route(self):
        return self.routes("198.51.100.0/24") != []

    def has_rule(self):
        return "1000:" in self.ip("rule")

    def test_a_route(self):
        self.take_away("route del 198.51.100.0/24", self.has_route)
        self.assertTrue(self.routes("default"), "what nobody takes away stays")
        self.ip("route del default")
        self.eventually("each counts by itself", lambda: self.routes("default") != [])
        self.assertFalse(self.has_route())
        run = self.stop_watch(self.process)
        self.assertSays(run, "route-eth0:1:1: 198.51.100.0/24: removed 5 times in 10 s; left alone until")
        self.assertEqual(run.err.count("removed 5"), 1)

    def test_a_rule(self):
        self.take_away("rule del priority 1000", self.has_rule)
        self.assertSays(self.stop_watch(self.process), "rule-eth0:1:6: ", "removed 5 times")

    def test_it_is_back_once_the_link_was_down(self):
        self.take_away("route del 198.51.100.0/24", self.has_route)
        self.ip("link set eth0 down")
        self.settle()
        self.ip("link set eth0 up")
        self.eventually("it is back", self.has_route)
        self.stop_watch(self.process)

    def test_it_is_back_once_carrier_was_gone(self):
        self.take_away("route del 198.51.100.0/24", self.has_route)
        self.on_switch("link set port0 down")
        self.settle()
        self.on_switch("link set port0 up")
        self.eventually("it is back", self.has_route)
        self.stop_watch(self.process)

    def test_somebody_elses_route_in_its_place(self):
        def is_ours():
            return any("via 192.0.2.1" in line for line in self.routes("198.51.100.0/24"))

        self.take_away("route replace 198.51.100.0/24 via 192.0.2.9 proto static", is_ours)
        self.assertEqual(len(self.routes("198.51.100.0/24")), 1)
        self.assertSays(self.stop_watch(self.process), "198.51.100.0/24", "removed 5 times")


class MadeLink(WatchMachine):
    def test_a_link_that_was_made(self):
        self.ifcfg("br0", "TYPE=Bridge\nIPADDR=192.0.2.5\nPREFIX=24\n")

        def is_there():
            return "br0:" in self.ip("link show") and self.is_bound("192.0.2.5/24", "br0")

        process = self.start("watch")
        self.eventually("it is made", is_there)
        self.settle()
        for _ in range(4):
            self.ip("link del br0")
            self.eventually("it is made again", is_there)
        self.ip("link del br0")
        self.settle()
        self.assertFalse(is_there(), "it is left alone")
        self.assertAsleep(0.3)
        self.assertSays(self.stop_watch(process, code=None), "br0: removed 5 times")
