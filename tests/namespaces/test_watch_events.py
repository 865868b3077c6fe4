"""What `watch` does when somebody else changes something: it puts back what is ours, that alone, and sleeps again."""
import os
import subprocess
import threading

import wire
from machine import mac
from watching import PROBED, WatchMachine

ROUTES = "198.51.100.0/24 via 192.0.2.1\n203.0.113.0/24 via 192.0.2.1 table 100\n"
RULES = "from 192.0.2.5 table 100 priority 1000\n"


class Things(WatchMachine):
    """A static link with routes and a rule."""

    def setUp(self):
        super().setUp()
        self.static(text="GATEWAY=192.0.2.1\nIPADDR2=192.0.2.6\nPREFIX2=24\nIPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6ADDR=2001:db8::5/64\n")
        self.network_script("route-eth0", ROUTES)
        self.network_script("rule-eth0", RULES)
        self.process = self.supervise()

    def has_route(self, *words, via="192.0.2.1"):
        return any(f"via {via} " in line for line in self.routes(*words))

    def is_default(self):
        return self.has_route("default")

    def has6(self):
        return "2001:db8::5/64" in self.addresses("eth0")

    def test_an_address_is_deleted(self):
        # The routes through it go with it.
        self.assertRestores("the address", lambda: self.ip("addr del 192.0.2.6/24 dev eth0"), lambda: self.is_bound("192.0.2.6/24"), self.process, ["RTM_NEWADDR"])

    def test_the_first_address_is_deleted_and_all_that_hangs_on_it(self):
        everything = lambda: self.is_bound("192.0.2.5/24") and self.is_bound("192.0.2.6/24") and self.is_default()  # noqa: E731
        before = self.everything()
        self.ip("addr del 192.0.2.5/24 dev eth0")
        self.eventually("all is back", everything, 3)
        self.settle()
        after = self.everything()
        self.assertEqual(after["-4 rule"], before["-4 rule"])
        self.assertCountEqual(self.addresses("eth0"), ["192.0.2.5/24", "192.0.2.6/24", "2001:db8::5/64"])
        self.assertTrue(self.has_route("198.51.100.0/24") and self.has_route("203.0.113.0/24 table 100"))
        self.assertAsleep(0.3)

    def test_an_ipv6_address_is_deleted(self):
        self.assertRestores("the address", lambda: self.ip("addr del 2001:db8::5/64 dev eth0"), self.has6, self.process, ["RTM_NEWADDR"], looks=1, quiet=PROBED)

    def test_all_addresses_are_flushed(self):
        is_whole = lambda: len(self.addresses("eth0")) == 3 and self.is_default() and self.has_route("198.51.100.0/24")  # noqa: E731
        self.assertRestores("all", lambda: self.ip("addr flush dev eth0 scope global"), is_whole, self.process, looks=1, quiet=PROBED)

    def test_a_route_is_deleted(self):
        self.assertRestores("the route", lambda: self.ip("route del default"), self.is_default, self.process, ["RTM_NEWROUTE"])

    def test_a_route_of_another_table_is_deleted(self):
        is_there = lambda: self.has_route("203.0.113.0/24 table 100")  # noqa: E731
        self.assertRestores("the route", lambda: self.ip("route flush table 100"), is_there, self.process, ["RTM_NEWROUTE"])

    def test_a_route_is_replaced(self):
        self.assertRestores("the route", lambda: self.ip("route replace default via 192.0.2.77 proto 153"), self.is_default, self.process)

    def test_all_routes_are_flushed(self):
        is_whole = lambda: self.is_default() and self.has_route("198.51.100.0/24")  # noqa: E731
        self.assertRestores("the routes", lambda: self.ip("route flush proto 153"), is_whole, self.process, ["RTM_NEWROUTE"] * 2)

    def test_a_rule_is_deleted(self):
        is_there = lambda: "192.0.2.5" in self.ip("rule show")  # noqa: E731
        self.assertRestores("the rule", lambda: self.ip("rule del priority 1000"), is_there, self.process, ["RTM_NEWRULE"])

    def test_what_somebody_else_makes_is_left_alone(self):
        made = [
            "addr add 10.9.9.9/24 dev eth0", "route add 10.8.0.0/16 via 192.0.2.99", "rule add from 10.9.9.9 table 7 priority 77",
            "addr add 2001:db8:9::9/64 dev eth0 nodad", "route add 2001:db8:8::/48 via fe80::1 dev eth0",
            "link add other0 type veth peer name other1", "link set other0 up", "addr add 10.7.7.7/24 dev other0",
        ]  # fmt: skip
        calls = self.work(lambda: self.ip_batch(made), self.process.pid)
        changes = [kind for kind in self.sent(calls) if not kind.startswith("RTM_GET")]
        self.assertEqual(changes, [], "requests that change something")
        self.assertIn("10.9.9.9/24", self.addresses("eth0"))
        self.assertTrue(self.has_route("10.8.0.0/16", via="192.0.2.99"))
        self.assertIn("10.9.9.9", self.ip("rule show"))
        self.assertIn("2001:db8:8::/48", self.ip("-6 route show"))
        self.assertIn("10.7.7.7/24", self.addresses("other0"))
        # It goes again, and ours does not.
        self.ip_batch(["addr del 10.9.9.9/24 dev eth0", "route del 10.8.0.0/16", "link del other0"])
        self.settle()
        self.assertTrue(self.is_default() and self.is_bound("192.0.2.5/24"))
        self.assertAsleep(0.3)

    def test_neighbours_are_of_no_interest(self):
        before = self.counts()
        lines = [f"neigh replace 192.0.2.{n} lladdr 52:54:00:00:01:{n:02x} dev eth0" for n in range(50, 150)]
        lines += [f"neigh del 192.0.2.{n} dev eth0" for n in range(50, 150)]
        self.ip_batch(lines)
        self.assertEqual(self.counts(), before, "pid: (times it was woken, ticks)")

    def test_routes_of_somebody_elses_tables_cost_no_change(self):
        calls = self.work(lambda: self.ip_batch([f"route add 10.0.{n}.0/24 via 192.0.2.9 table 77" for n in range(20)]), self.process.pid)
        self.assertEqual([kind for kind in self.sent(calls) if not kind.startswith("RTM_GET")], [])

    def test_its_own_echoes_cause_no_work(self):
        """From the start on: what it hears of what it did itself asks for no look."""
        self.stop_watch(self.process)
        self.ip("addr flush dev eth0 scope global")
        self.ip("link set eth0 down")
        process = self.start("watch", trace="sendto,sendmsg,ppoll")
        self.eventually("all is there", lambda: self.is_bound("192.0.2.5/24") and self.is_default() and self.has_route("198.51.100.0/24"), 5)
        (main,) = [pid for pid in self.processes() if self.status(pid, "PPid") == str(process.pid)]
        self.settle()
        os.kill(main, 15)
        run = self.finish(process)
        sent = self.sent(run.trace)
        last = max(n for n, kind in enumerate(sent) if not kind.startswith("RTM_GET"))
        # Of a link that came up, and of its IPv6 addresses, the kernel does not tell that it was us.
        rounds = [kind for kind in sent[last + 1 :] if kind == "RTM_GETROUTE"]
        self.assertLessEqual(len(rounds), 2, f"looks after the last change, of {sent}")


class Links(WatchMachine):
    def test_a_link_that_comes_later_gets_its_name_and_its_configuration(self):
        self.static("eth0")
        self.ifcfg("lan0", f"HWADDR={mac(7)}\nIPADDR=198.51.100.7\nPREFIX=24\n")
        process = self.supervise()
        self.cables(("veth9", 7))
        self.eventually("its name", lambda: "lan0" in self.names(), 5)
        self.eventually("its address", lambda: self.is_bound("198.51.100.7/24", "lan0"), 5)
        self.settle()
        self.assertAsleep(0.3)
        self.stop_watch(process)

    def test_a_link_that_goes_and_comes_back(self):
        self.static("eth0")
        process = self.supervise()
        for _ in range(3):
            self.ip("link del eth0")
            self.settle()
            self.cables("eth0")
            self.eventually("it is configured", lambda: self.is_bound("192.0.2.5/24"), 5)
            self.eventually("its route", lambda: "via 192.0.2.1" in " ".join(self.routes("default")), 3)
        self.settle()
        self.assertAsleep(0.3)
        self.stop_watch(process)

    def test_another_link_with_the_same_name(self):
        """Another number, and another MAC: what was ours of the old one is nobody's."""
        self.static("eth0")
        process = self.supervise()
        self.ip_batch(["link del eth0"])
        self.ip_batch([f"link add eth0 index 77 address {mac(9)} type veth peer name port9 netns {self.switch}"])
        self.ip_batch(["link set port9 up"], switch=True)
        self.eventually("it is configured", lambda: self.is_bound("192.0.2.5/24"), 5)
        self.stop_watch(process)

    def test_a_link_is_renamed_by_somebody_else(self):
        """By a MAC rule it gets its name back."""
        self.cables("eth0")
        self.ifcfg("eth0", f"HWADDR={mac(0)}\nIPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\n")
        process = self.supervise()
        self.ip_batch(["link set eth0 down", "link set eth0 name theirs"])
        self.eventually("its name", lambda: list(self.names()) == ["eth0"], 5)
        self.eventually("its number", lambda: self.link("eth0")["ifindex"] == 10)
        self.settle()
        self.stop_watch(process)

    def test_a_link_renamed_to_the_name_of_a_configured_one(self):
        self.static("eth0")
        self.ifcfg("eth1", "IPADDR=198.51.100.7\nPREFIX=24\n")
        process = self.supervise()
        self.cables(("new0", 1))
        self.settle()
        self.assertEqual(self.addresses("new0"), [], "nobody asked for it")
        self.ip("link set new0 name eth1")
        self.eventually("it is configured", lambda: self.is_bound("198.51.100.7/24", "eth1"), 5)
        self.stop_watch(process)

    def test_carrier_goes_and_comes_back(self):
        self.static("eth0")
        process = self.supervise()
        before = self.everything()
        self.on_switch("link set port0 down")
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"])
        self.settle()
        self.assertTrue(self.is_bound("192.0.2.5/24"), "addresses stay")
        self.assertAsleep(0.3)
        self.on_switch("link set port0 up")
        self.eventually("carrier", lambda: "LOWER_UP" in self.link("eth0")["flags"])
        self.settle()
        self.assertEqual(self.everything(), before, "as before")
        self.assertAsleep(0.3)
        self.stop_watch(process)

    def test_the_master_is_changed_by_somebody_else(self):
        self.cables("eth0", "eth1")
        self.ifcfg("br0", "TYPE=Bridge\nIPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifcfg("eth0", "BRIDGE=br0\n")
        self.ifcfg("eth1", "BRIDGE=br0\n")
        process = self.supervise(name="br0")
        for act in ("link set eth1 nomaster", "link del br0"):
            with self.subTest(act):
                self.ip(act)
                self.eventually("the bridge", lambda: "br0" in self.ip("link show"), 5)
                for port in ("eth0", "eth1"):
                    self.eventually(f"{port} is a port", lambda: self.link(port).get("master") == "br0", 5)
                self.eventually("the address", lambda: self.is_bound("192.0.2.5/24", "br0"), 5)
        self.ip_batch(["link add theirs type bridge", "link set eth1 master theirs"])
        self.eventually("eth1 is ours again", lambda: self.link("eth1").get("master") == "br0", 5)
        self.settle()
        self.assertAsleep(0.3)
        self.stop_watch(process)

    def test_the_mtu_is_changed(self):
        self.static("eth0", text="MTU=1400\nGATEWAY=192.0.2.1\n")
        process = self.supervise()
        self.assertEqual(self.link("eth0")["mtu"], 1400)
        self.assertRestores("the MTU", lambda: self.ip("link set eth0 mtu 1300"), lambda: self.link("eth0")["mtu"] == 1400, process, ["RTM_SETLINK"], looks=1)
        self.stop_watch(process)

    def test_an_mtu_that_nobody_configured_is_somebody_elses(self):
        self.static("eth0")
        process = self.supervise()
        self.ip("link set eth0 mtu 1300")
        self.settle()
        self.assertEqual(self.link("eth0")["mtu"], 1300)
        self.stop_watch(process)

    def test_a_link_is_moved_to_another_namespace_and_back(self):
        self.static("eth0")
        process = self.supervise()
        away = self.another_namespace()
        self.ip_batch([f"link set eth0 netns {away}"])
        self.eventually("it is gone", lambda: "eth0" not in self.ip("link show"))
        self.settle()
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            done = subprocess.run(["nsenter", f"--net={away}", "ip", "link", "set", "eth0", "netns", f"/proc/{os.getpid()}/fd/{here}"], capture_output=True)
        finally:
            os.close(here)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.eventually("it is configured", lambda: self.is_bound("192.0.2.5/24"), 5)
        self.settle()
        self.assertAsleep(0.3)
        self.stop_watch(process)


class Flaps(WatchMachine):
    """A thousand of them end where it began, and cost no memory."""

    TIMES = 1000

    def assertSurvives(self, flap, process, bound):
        # Once for what is touched for the first time.
        flap(1)
        self.eventually("it is configured", lambda: self.is_bound(bound), 15)
        self.settle(15)
        before, sizes = self.but_times(), self.rss()
        flap(self.TIMES)
        self.eventually("it is configured", lambda: self.is_bound(bound), 20)
        self.eventually("its route", lambda: self.routes("default") != [], 20)
        self.settle(30)
        self.assertEqual(self.but_times(), before, "as before")
        for pid, size in self.rss().items():
            # What it gives back when it rests comes back with its next look.
            self.assertLessEqual(size - sizes.get(pid, 0), 48, f"KiB of process {pid}: {sizes}, then {self.rss()}")
        self.assertIsNone(process.poll(), "it goes on")

    def test_the_other_end_goes_down_and_up_and_the_link_is_static(self):
        self.static("eth0")
        process = self.supervise()
        self.assertSurvives(lambda times: self.on_switch(*["link set port0 down", "link set port0 up"] * times), process, "192.0.2.5/24")
        self.stop_watch(process)

    def test_the_other_end_goes_down_and_up_and_there_is_a_lease(self):
        self.dhcp("eth0")
        wire.Scripted(self, "port0")
        process = self.watch()
        self.settle()
        self.assertSurvives(lambda times: self.on_switch(*["link set port0 down", "link set port0 up"] * times), process, "192.0.2.100/24")
        # A link that flaps rests before it asks for its lease again.
        self.eventually("its lease is asked for again", lambda: '"outcome":"up"' in self.read("run/ifdawn/state.json"), 40)
        self.stop_watch(process)

    def test_the_address_comes_and_goes(self):
        """Somebody who deletes it again and again is not fought for ever: SEMANTICS, 5 times in 10 seconds."""
        self.static("eth0")
        process = self.supervise()
        stop = threading.Event()
        removed = 0
        self.addCleanup(stop.set)
        for _ in range(30):
            if not self.is_bound("192.0.2.5/24"):
                break
            self.ip("addr del 192.0.2.5/24 dev eth0")
            removed += 1
            stop.wait(0.1)
        self.settle()
        self.assertFalse(self.is_bound("192.0.2.5/24"), f"left alone after {removed} removals")
        self.assertTrue(4 <= removed <= 8, f"removals until it is left alone: {removed}")
        self.assertAsleep(0.5)
        # What it needs its address for fails without it.
        self.assertSays(self.stop_watch(process, code=(0, 1)), "192.0.2.5/24", "removed 5 times")
