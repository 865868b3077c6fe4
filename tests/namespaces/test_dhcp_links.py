"""Time, carrier, and several links: all at once, and no order of arrival decides anything."""
import time

import wire
from dhcp import DhcpMachine
from servers import Dnsmasq

# What a machine under load may take longer than on its own.
SLACK = 0.75


class Time(DhcpMachine):
    def test_a_silent_server_fails_in_its_time(self):
        self.cables("eth0")
        run = self.ifdawn("up", "--cmdline", "ip=eth0:dhcp rd.net.timeout.dhcp=2", code=1, within=10)
        self.assertTrue(1.8 < run.seconds < 2 + 2 * SLACK, f"seconds: {run.seconds}\n{run}")
        self.assertSays(run, "eth0", "DHCP")
        state = self.state()
        self.assertEqual(state["state"], "failed", "state.json")
        self.assertTrue(state["problems"], "state.json says why")
        self.assertUnbound()

    def test_retries_multiply_the_time(self):
        self.cables("eth0")
        words = "ip=eth0:dhcp rd.net.timeout.dhcp=1 rd.net.dhcp.retry=2"
        run = self.ifdawn("up", "--cmdline", words, code=1, within=10)
        self.assertTrue(1.8 < run.seconds < 2 + 2 * SLACK, f"seconds: {run.seconds}\n{run}")

    def test_the_pace_of_a_client_nobody_answers(self):
        self.dhcp("eth0", text="IPV4_DHCP_TIMEOUT=4\n")
        server = wire.Scripted(self, "port0", silent=[wire.DISCOVER])
        self.ifdawn("up", code=1, within=10)
        times = [message.at for message in server.messages(wire.DISCOVER)]
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        self.assertGreaterEqual(len(gaps), 4, f"seconds between DISCOVERs: {gaps}")
        self.assertTrue(0.15 < gaps[0] < 0.4, f"seconds between DISCOVERs: {gaps}")
        self.assertTrue(0.3 < gaps[1] < 0.75, f"seconds between DISCOVERs: {gaps}")
        self.assertTrue(all(0.8 < gap < 1.4 for gap in gaps[2:]), f"seconds between DISCOVERs: {gaps}")
        seconds = [message.secs for message in server.messages(wire.DISCOVER)]
        self.assertEqual(seconds, sorted(seconds), "`secs`")

    def test_a_server_that_appears_late(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", silent=[wire.DISCOVER])
        run = self.start("up")
        server.wait_for("DISCOVERs", lambda _: len(server.messages()) > 1)
        time.sleep(5)
        server.silent = set()
        self.eventually("bound", self.is_bound, within=1.5 + SLACK)
        self.finish(run, within=2)

    def test_a_real_server_that_appears_late(self):
        self.dhcp("eth0")
        run = self.start("up")
        time.sleep(1.5)
        Dnsmasq(self, "port0")
        self.eventually("bound", self.is_bound, within=1.5 + SLACK)
        self.finish(run, within=2)

    def test_a_link_that_gets_its_carrier_late(self):
        self.dhcp("eth0", peers_up=False)
        run = self.start("up")
        server = wire.Scripted(self, "port0")
        time.sleep(1)
        self.on_switch("link set port0 up")
        self.eventually("bound", self.is_bound, within=SLACK + 0.5)
        self.finish(run, within=2)
        self.assertEqual(server.exchange(), ["DISCOVER", "OFFER", "REQUEST", "ACK"], "nothing is lost")

    def test_a_link_that_never_has_a_carrier(self):
        self.cables("eth0", peers_up=False)
        run = self.ifdawn("up", "--cmdline", "ip=eth0:dhcp rd.net.timeout.carrier=1", code=1, within=6)
        self.assertTrue(0.9 < run.seconds < 1 + 2 * SLACK, f"seconds: {run.seconds}\n{run}")
        self.assertSays(run, "eth0", "carrier")

    def test_a_link_that_flaps_meanwhile(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", silent=[wire.REQUEST])
        run = self.start("up")
        server.wait_for("a REQUEST", lambda _: server.messages(wire.REQUEST))
        self.on_switch("link set port0 down")
        time.sleep(0.3)
        server.silent = set()
        server.clear()
        self.on_switch("link set port0 up")
        self.eventually("bound", self.is_bound, within=1.5 + SLACK)
        self.assertEqual(server.names()[:1], ["DISCOVER"], "it begins anew")
        self.finish(run, within=2)

    def test_two_servers(self):
        self.dhcp("eth0")
        first = wire.Scripted(self, "port0")
        second = wire.Scripted(self, "port0", server="192.0.2.2", pool=["192.0.2.200"], delay=0.5)
        self.ifdawn("up")
        self.assertBound()
        (request,) = first.messages(wire.REQUEST)
        self.assertEqual(request.option_addr(54), "192.0.2.1", "the first offer is taken")
        self.assertEqual(second.names().count("ACK"), 1, f"one lease: {second.log}")


class Links(DhcpMachine):
    """eth0 ... each with a network of its own: 192.0.NUMBER.0/24."""

    def server(self, number, **rest):
        server, pool = f"192.0.{number}.1", [f"192.0.{number}.100"]
        return wire.Scripted(self, f"port{number}", server=server, pool=pool, **rest)

    def bound(self):
        return [link["ifname"] for link in self.ip_json("link show type veth") if self.inet(link["ifname"])]

    def test_five_links_of_which_three_are_dead(self):
        self.cables(*(f"eth{n}" for n in range(5)))
        self.on_switch("link set port2 down")
        self.server(3), self.server(4)
        run = self.ifdawn("up", "--cmdline", "ip=dhcp")
        self.assertLess(run.seconds, 1 + SLACK, f"the first success is enough\n{run}")
        found = self.bound()
        self.assertTrue(found and set(found) <= {"eth3", "eth4"}, f"links with an address: {found}")

    def test_five_links_that_are_all_required(self):
        self.dhcp(*(f"eth{n}" for n in range(5)), text="IPV4_DHCP_TIMEOUT=2\n")
        self.on_switch("link set port2 down")
        self.server(3), self.server(4)
        run = self.start("up", "--cmdline", "rd.net.timeout.carrier=1")
        self.eventually("the live ones are not delayed", lambda: self.bound() == ["eth3", "eth4"], within=1 + SLACK)
        ended = self.finish(run, code=1, within=10)
        self.assertLess(ended.seconds, 2 + 2 * SLACK, f"the dead ones are waited for together\n{ended}")
        for name in ("eth0", "eth1", "eth2"):
            self.assertSays(ended, name)
        states = [self.state(f"eth{n}")["state"] for n in range(5)]
        self.assertEqual(states[3:], ["up", "up"], f"states: {states}")
        self.assertNotIn("up", states[:3], f"states: {states}")

    def test_metrics_do_not_depend_on_who_answers_first(self):
        found = []
        for slow in (0, 1, None):
            self.new_machine()
            self.dhcp("eth0", "eth1")
            for number in (0, 1):
                self.server(number, delay=0.15 if number == slow else 0)
            self.ifdawn("up")
            found.append(sorted(self.default_routes()))
        self.assertEqual(found[0], found[1], "default routes, eth0 or eth1 last")
        self.assertEqual(found[0], found[2], "default routes, eth0 or nobody last")
        metrics = {link: metric for _, link, metric in found[0]}
        self.assertEqual(sorted(metrics), ["eth0", "eth1"], "both have a default route")
        self.assertLess(metrics["eth0"], metrics["eth1"], "the order of the configuration")

    def test_bootdev_has_the_best_route(self):
        self.cables("eth0", "eth1")
        self.server(0), self.server(1, delay=0.1)
        self.ifdawn("up", "--cmdline", "ip=eth0:dhcp ip=eth1:dhcp bootdev=eth1")
        metrics = {link: metric for _, link, metric in self.default_routes()}
        self.assertLess(metrics["eth1"], metrics["eth0"], f"metrics: {metrics}")

    def test_single_dhcp_keeps_one(self):
        for delays in ((0, 0.3), (0.3, 0), (0.02, 0.02)):
            with self.subTest(delays=delays):
                self.new_machine()
                self.cables("eth0", "eth1")
                servers = [self.server(number, delay=delay) for number, delay in enumerate(delays)]
                self.ifdawn("up", "--cmdline", "ip=single-dhcp")
                time.sleep(0.4)
                found = self.bound()
                self.assertEqual(len(found), 1, f"links with an address: {found}")
                if delays[0] != delays[1]:
                    self.assertEqual(found, ["eth0" if delays[0] < delays[1] else "eth1"], "the first one")
                winner, loser = servers if found == ["eth0"] else servers[::-1]
                if "ACK" in loser.names() and loser.acked() < winner.acked():
                    self.assertIn("RELEASE", loser.names(), f"a lease that is not kept is released: {loser.log}")
                self.assertEqual(len(self.default_routes()), 1, "one default route")

    def test_single_dhcp_gives_back_what_an_earlier_run_got(self):
        self.dhcp("eth0", "eth1")
        self.server(0), self.server(1)
        self.ifdawn("up")
        self.assertEqual(self.bound(), ["eth0", "eth1"], "links with an address")
        self.ifdawn("up", "--sources", "cmdline", "--cmdline", "ip=single-dhcp")
        self.assertEqual(len(self.bound()), 1, "links with an address")

    def test_root_comes_from_the_lease_that_says_so(self):
        for words in ("ip=dhcp netroot=dhcp", "root=dhcp"):
            with self.subTest(words=words):
                self.new_machine()
                self.cables("eth0", "eth1")
                self.server(0)
                self.server(1, delay=0.3, options={17: b"nfs:192.0.1.1:/srv/root"})
                self.ifdawn("up", "--cmdline", words)
                self.assertIn("eth1", self.bound(), "the one with a root path is waited for")
                self.assertEqual(self.lease("eth1")["ROOTPATH"], "nfs:192.0.1.1:/srv/root", "lease-eth1")

    def test_no_lease_with_a_root_path_is_a_failure(self):
        self.cables("eth0")
        self.server(0)
        words = "ip=dhcp netroot=dhcp rd.net.timeout.dhcp=2"
        run = self.ifdawn("up", "--cmdline", words, code=1, within=10)
        self.assertSays(run, "root")

    def test_only_the_link_that_is_named(self):
        self.dhcp("eth0", "eth1")
        first, second = self.server(0), self.server(1)
        self.ifdawn("up", "eth1")
        self.assertEqual(self.bound(), ["eth1"], "links with an address")
        self.assertEqual((first.names(), set(second.names())), ([], {"DISCOVER", "OFFER", "REQUEST", "ACK"}), "packets")

    def test_thirty_links_at_once(self):
        names = [f"eth{n}" for n in range(30)]
        self.dhcp(*names)
        for n in range(30):
            self.server(n)
        run = self.ifdawn("up")
        self.assertEqual(len(self.bound()), 30, "links with an address")
        self.assertLess(run.seconds, 3, f"together\n{run}")
        self.assertEqual(len({metric for _, _, metric in self.default_routes()}), 30, "each default route has its metric")
