"""Duplicate address detection: behind what is usable already, or the kernel's, or none; and what a duplicate costs."""
import re
import time

import wire6
from ipv6 import CONFLICT, LEASED, LINK_LOCAL, PREFIX, SLAAC, Ipv6Machine
from wire6 import Scripted6, nd_option, prefix_option, solicitation, solicited_node

STATIC = "2001:db8:1::5"
NEXT = "2001:db8:1::101"
IFCFG = f"IPV6_AUTOCONF=no\nIPV6ADDR={STATIC}/64\n"
KERNEL = ("--cmdline", "ifdawn.dad=kernel")


class DadMachine(Ipv6Machine):
    def network(self, text="", **rest):
        """eth0, and a router that says SLAAC; `rest`: what else it does."""
        self.six("eth0", text=text)
        self.server = Scripted6(self, "port0", **{"prefixes": [prefix_option(f"{PREFIX}/64")], **rest})
        return self.server

    def flags(self, lines):
        """The words that `ip monitor address` has of IPv6 addresses that came or changed."""
        return {word for line in lines if "inet6" in line and "Deleted" not in line for word in line.split()}

    def assertDuplicate(self, run, address, name="eth0"):
        lines = [line for line in run.err.splitlines() if address in line and name in line]
        self.assertTrue(any(re.search(CONFLICT, line) for line in lines), f"an error names {address} and {name}\n{run}")
        self.assertFalse(self.has6(address), f"{address} is not used")
        if self.exists("run/ifdawn/state.json"):
            self.assertRegex(self.said6("problems"), CONFLICT, "state.json")

    def assertWithdrawn(self, address):
        """By `up`, which may have ended before, and says it to the kernel's log then."""
        self.server.wait_for(f"a question about {address}", lambda server: server.probes(address), 3)
        self.eventually(f"{address} is withdrawn", lambda: not self.has6(address), 3)
        self.assertAlone()
        self.assertFalse(self.has6(address), f"{address} stays away")


class Background(DadMachine):
    """The default: addresses are usable at once."""

    def test_nothing_is_ever_tentative(self):
        for text, addresses in (("", [SLAAC]), (IFCFG, [STATIC])):
            with self.subTest(text=text):
                self.new_machine()
                self.network(text)
                with self.monitor("address") as lines:
                    self.ifdawn("up")
                    self.assertUsable(*(f"{address}/64" for address in addresses))
                    self.assertTrue(self.has6(LINK_LOCAL), "link-local")
                self.assertEqual({"tentative", "optimistic", "dadfailed"} & self.flags(lines), set(), f"{lines}")

    def test_nor_what_is_leased(self):
        self.stateful("eth0")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED])
        with self.monitor("address") as lines:
            self.ifdawn("up")
            self.assertTrue(self.has6(LEASED))
        self.assertEqual({"tentative", "optimistic", "dadfailed"} & self.flags(lines), set(), f"{lines}")
        server.wait_for("it is asked for", lambda _: server.probes(LEASED), 2)

    def test_each_address_is_asked_for_once(self):
        server = self.network(f"IPV6ADDR={STATIC}/64\n")
        process = self.watch6(SLAAC)
        for address in (LINK_LOCAL, STATIC, SLAAC):
            server.wait_for(f"a question about {address}", lambda _, address=address: server.probes(address), 3)
        self.stop_watch(process)
        for address in (LINK_LOCAL, STATIC, SLAAC):
            (probe,) = server.probes(address)
            self.assertEqual((probe.src, probe.dst, probe.hops), ("::", solicited_node(address), 255), "RFC 4862 section 5.4.2")
            self.assertEqual(len(probe.option(14)), 6, "RFC 7527")

    def test_up_asks_too_and_who_finds_out_holds_up_nobody(self):
        server = self.network()
        run = self.ifdawn("up")
        self.ifdawn("up", within=2)
        self.ifdawn("down", "eth0", within=2)
        self.assertLess(run.seconds, 1)
        for address in (LINK_LOCAL, SLAAC):
            server.wait_for(f"a question about {address}", lambda _, address=address: server.probes(address), 2)

    def test_a_static_duplicate(self):
        self.network(IFCFG, owns=[STATIC])
        self.ifdawn("up", code=(0, 1))
        self.assertWithdrawn(STATIC)
        self.assertTrue(self.has6(LINK_LOCAL), "what is not a duplicate stays")

    def test_a_static_duplicate_of_watch(self):
        self.network(IFCFG, owns=[STATIC])
        process = self.start("watch")
        self.assertWithdrawnWhile(process, STATIC)

    def assertWithdrawnWhile(self, process, address):
        self.server.wait_for(f"a question about {address}", lambda server: server.probes(address), 3)
        self.eventually(f"{address} is withdrawn", lambda: not self.has6(address), 3)
        self.eventually("state.json", lambda: re.search(CONFLICT, self.said6("problems")), 3)
        self.eventually("and what is gone is not in it", lambda: address not in self.sources(), 3)
        self.assertDuplicate(self.stop_watch(process, code=(0, 1)), address)

    def test_a_duplicate_of_slaac(self):
        self.network(owns=[SLAAC])
        self.ifdawn("up", "--timeout", "5", code=(0, 1), within=15)
        self.assertWithdrawn(SLAAC)

    def test_a_duplicate_of_slaac_stays_away(self):
        server = self.network(owns=[SLAAC])
        process = self.start("watch")
        server.wait_for("a question", lambda _: server.probes(SLAAC), 3)
        self.eventually("it is withdrawn", lambda: not self.has6(SLAAC), 3)
        for _ in range(3):
            server.advertise()
            time.sleep(0.2)  # the kernel makes it anew
            self.eventually("again", lambda: not self.has6(SLAAC), 3)
        self.assertDuplicate(self.stop_watch(process, code=(0, 1)), SLAAC)

    def test_a_link_local_duplicate(self):
        self.network(owns=[LINK_LOCAL])
        self.ifdawn("up", "--timeout", "5", code=(0, 1), within=15)
        self.assertWithdrawn(LINK_LOCAL)

    def test_a_link_local_duplicate_of_watch(self):
        self.network(owns=[LINK_LOCAL])
        process = self.start("watch")
        self.assertWithdrawnWhile(process, LINK_LOCAL)

    def test_a_leased_duplicate_is_declined(self):
        self.stateful("eth0")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED, NEXT], owns=[LEASED])
        process = self.watch6(NEXT, within=8)
        self.assertFalse(self.has6(LEASED))
        self.assertEqual(server.refused, [LEASED])
        decline = server.messages6(wire6.DECLINE)[0]
        self.assertEqual((decline.addresses(), decline.option(wire6.SERVER_ID)), ([LEASED], server.duid))
        run = self.stop_watch(process, code=(0, 1))
        self.assertTrue(any(LEASED in line and "eth0" in line for line in run.err.splitlines()), f"{run}")

    def test_a_leased_duplicate_beside_a_prefix_is_declined(self):
        self.stateful("eth0", text="DHCPV6_PD_HINT=::/64\n")
        server = Scripted6(
            self, "port0", lifetime=None, pool=[LEASED, NEXT], owns=[LEASED], delegates="2001:db8:77::/64"
        )  # fmt: skip
        process = self.watch6(NEXT, within=8)
        self.assertFalse(self.has6(LEASED))
        self.assertEqual((server.refused, server.messages6(wire6.CONFIRM)), ([LEASED], []))
        self.stop_watch(process, code=(0, 1))

    def test_a_leased_duplicate_is_not_asked_for_again(self):
        self.test_a_leased_duplicate_of_up()
        self.server.clear()
        self.ifdawn("up", "--timeout", "8", code=(0, 1), within=15)
        self.assertEqual(self.server.messages6(wire6.CONFIRM), [])
        self.assertTrue(self.has6(NEXT))

    def test_a_leased_duplicate_of_up(self):
        self.stateful("eth0")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED, NEXT], owns=[LEASED])
        self.server = server
        self.ifdawn("up", "--timeout", "8", code=(0, 1), within=15)
        self.assertWithdrawn(LEASED)
        self.assertEqual(server.refused, [LEASED])

    def test_somebody_else_begins_to_use_it(self):
        """Who asks with another nonce has the same address in mind."""
        server = self.network(IFCFG, owns=[STATIC])
        server.neighbour = lambda found: server.icmp(
            solicitation(found.target, nd_option(14, b"\1\2\3\4\5\6")), src="::", dst=solicited_node(found.target)
        )
        process = self.start("watch")
        self.assertWithdrawnWhile(process, STATIC)

    def test_a_link_that_returns_what_is_sent(self):
        server = self.network(IFCFG, owns=[STATIC])
        server.neighbour = lambda found: server.icmp(found.payload, src="::", dst=found.dst, src_mac=found.ether_src)
        self.ifdawn("up")
        server.wait_for("a question", lambda _: server.probes(STATIC), 3)
        self.assertUsable(f"{STATIC}/64")
        self.assertEqual(self.state()["problems"], [])

    def test_what_is_no_conflict(self):
        server = self.network(IFCFG, owns=[STATIC])
        lies = [
            lambda found: server.icmp(wire6.answer(STATIC), src=STATIC, hops=254),
            lambda found: server.icmp(wire6.answer("2001:db8:1::6"), src=STATIC),
            lambda found: server.icmp(wire6.answer(STATIC)[:20], src=STATIC),
            # Who asks for it to send something there has another one.
            lambda found: server.icmp(solicitation(STATIC), src="fe80::1", dst=solicited_node(STATIC)),
        ]
        for lie in lies:
            server.neighbour = lie
            with self.subTest(lie=lies.index(lie)):
                server.clear()
                process = self.watch6(STATIC)
                server.wait_for("a question", lambda _: server.probes(STATIC), 3)
                run = self.stop_watch(process)
                self.assertTrue(self.has6(STATIC), f"{run}")
                self.assertNotRegex(run.err, CONFLICT)
                self.ifdawn("down", "eth0")

    def test_a_second_run_asks_nobody(self):
        server = self.network()
        self.ifdawn("up")
        self.assertUsable(f"{SLAAC}/64")
        self.assertAlone()
        server.clear()
        with self.monitor("address", "route", "link") as lines:
            self.ifdawn("up")
        self.assertAlone()
        self.assertEqual(server.probes(), [], "questions about addresses")
        self.assertEqual([line for line in lines if "Deleted" in line], [], "nothing is missing meanwhile")
        self.assertConverged()

    def test_down_leaves_the_link_as_it_was(self):
        self.network()
        before = self.rest()
        self.ifdawn("up")
        self.assertUsable(f"{SLAAC}/64")
        self.ifdawn("down", "eth0")
        for name in ("accept_dad", "addr_gen_mode", "disable_ipv6"):
            self.assertEqual(self.rest()[name], before[name], name)
        self.assertEqual((self.globals(), self.default_routes6()), ([], []))
        self.ip("link set eth0 down")
        self.ip("link set eth0 up")
        self.eventually("the kernel makes its own address again", lambda: self.inet6("eth0", "link"), 3)

    def test_a_duplicate_does_not_come_back_unchecked(self):
        """The kernel forms the address again that was taken back, but looks then."""
        self.network(owns=[SLAAC])
        self.ifdawn("up", code=(0, 1))
        self.assertWithdrawn(SLAAC)
        time.sleep(1)
        self.server.clear()
        self.server.advertise()
        self.server.wait_for("the kernel's question", lambda server: server.probes(SLAAC), 3)
        time.sleep(0.3)
        usable = [addr["local"] for addr in self.inet6() if not addr.get("dadfailed")]
        self.assertNotIn(SLAAC, usable)

    def test_a_second_link_that_is_nobodys(self):
        """It keeps the kernel's ways."""
        self.network()
        self.cables("eth1", up=True)
        self.ifdawn("up")
        self.assertEqual((self.knob("accept_dad", link="eth1"), self.knob("addr_gen_mode", link="eth1")), ("1", "0"))
        self.assertEqual(self.knob("accept_dad", link="default"), "1")


class Kernels(DadMachine):
    """`ifdawn.dad=kernel`, and where /proc/sys is read-only."""

    def test_it_is_waited_for_by_events(self):
        server = self.network()
        run = self.ifdawn("up", *KERNEL, trace="poll,ppoll,nanosleep,clock_nanosleep", within=25)
        self.assertUsable(f"{SLAAC}/64")
        self.assertGreater(run.seconds, 2, "one for each address, one after the other")
        self.assertEqual([line for line in run.trace if "nanosleep" in line], [], "no sleeping")
        self.assertLess(len(run.trace), 60, "polls")
        for address in (LINK_LOCAL, SLAAC):
            self.assertEqual(len(server.probes(address)), 1, f"the kernel's question alone\n{server.log}")
        self.assertEqual(self.knob("accept_dad"), "1")

    def test_a_static_address(self):
        self.network(IFCFG)
        run = self.ifdawn("up", *KERNEL, within=25)
        (addr,) = [addr for addr in self.inet6() if addr["local"] == STATIC]
        self.assertFalse(addr.get("tentative") or addr.get("dadfailed"), f"an address that cannot be used: {addr}")
        self.assertLess(run.seconds, 6, "the kernel's second or two, and no more")

    def test_a_static_duplicate(self):
        self.network(IFCFG, owns=[STATIC])
        self.assertDuplicate(self.ifdawn("up", *KERNEL, code=1, within=25), STATIC)

    def test_a_duplicate_of_slaac(self):
        self.network(owns=[SLAAC])
        self.assertDuplicate(self.ifdawn("up", *KERNEL, "--timeout", "8", code=1, within=25), SLAAC)

    def test_a_leased_duplicate_is_declined(self):
        self.stateful("eth0")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED, NEXT], owns=[LEASED])
        self.ifdawn("up", *KERNEL, code=(0, 1), within=25)
        self.assertFalse(self.has6(LEASED))
        self.assertEqual(server.refused, [LEASED])
        self.assertTrue(self.has6(NEXT))

    def test_after_a_run_that_did_without_it(self):
        self.network()
        self.ifdawn("up")
        self.assertEqual(self.knob("accept_dad"), "0")
        self.ifdawn("up", *KERNEL, within=25)
        self.assertEqual(self.knob("accept_dad"), "1")
        self.assertTrue(self.has6(LINK_LOCAL), "the kernel would form none: the link is up")
        self.assertUsable(f"{SLAAC}/64")

    def test_an_optimistic_leased_duplicate_is_declined(self):
        self.stateful("eth0")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED, NEXT], owns=[LEASED])
        words = ("--cmdline", "ifdawn.dad=optimistic")
        process = self.start("watch", *words)
        self.eventually("the other address", lambda: self.has6(NEXT), 10)
        self.assertFalse(self.has6(LEASED))
        self.assertEqual(server.refused, [LEASED])
        self.stop_watch(process, code=(0, 1))

    def test_optimistic(self):
        self.network()
        self.ifdawn("up", "--cmdline", "ifdawn.dad=optimistic", within=25)
        self.assertEqual(self.knob("optimistic_dad"), "1")
        self.assertIn(SLAAC, [addr["local"] for addr in self.inet6()])

    def test_off(self):
        server = self.network(owns=[SLAAC])
        with self.monitor("address") as lines:
            self.ifdawn("up", "--cmdline", "ifdawn.dad=off")
            self.assertUsable(f"{SLAAC}/64")
        self.assertNotIn("tentative", self.flags(lines))
        self.assertEqual(server.probes(), [], "nobody is asked")

    def test_a_key_for_one_link(self):
        server = self.network("IPV6_DAD=off\n" + IFCFG)
        self.ifdawn("up")
        self.assertUsable(f"{STATIC}/64")
        self.assertEqual(server.probes(), [])

    def test_read_only_sysctls(self):
        self.network()
        self.read_only_sysctls()
        run = self.ifdawn("up", within=25)
        self.assertUsable(f"{SLAAC}/64")
        self.assertLess(run.seconds, 10)

    def test_read_only_sysctls_and_a_duplicate(self):
        self.network(owns=[SLAAC])
        self.read_only_sysctls()
        self.assertDuplicate(self.ifdawn("up", "--timeout", "8", code=1, within=25), SLAAC)

    def test_read_only_sysctls_and_a_static_address(self):
        self.network(IFCFG)
        self.read_only_sysctls()
        run = self.ifdawn("up", within=25)
        self.assertTrue(self.has6(STATIC))
        self.assertLess(run.seconds, 6)
