"""DHCPv6: addresses, prefixes and options of real servers and of one that does as the test says."""
import json
import struct
import time

import wire6
from ipv6 import LEASED, LINK_LOCAL, MAC, PREFIX, SLAAC, Ipv6Machine
from servers6 import Dnsmasq6, Kea6, Radvd
from wire6 import IA_PD, MANAGED, OTHER, Scripted6

NEXT = "2001:db8:1::101"
DUID = b"\0\3\0\1" + MAC
ADVERTISES = f"prefix {PREFIX}/64 {{ AdvAutonomous off; }};"
DNS = {wire6.DNS: wire6.addr("2001:db8:1::53"), wire6.SEARCH: b"\1a\7example\0"}


class Leases(Ipv6Machine):
    def obtain(self, *words):
        """`up`; the leased address, and where it is told of."""
        run = self.ifdawn("up", *words)
        self.assertTrue(self.has6(LEASED), f"{self.inet6()}\n{run}")
        self.assertSettled()
        self.assertTrue(3000 < self.valid6(LEASED) <= 3600, "seconds the address is valid")
        self.assertEqual(self.sources().get(LEASED), "dhcp6", "state.json")
        self.assertEqual((self.state()["state"], self.state()["problems"]), ("up", []), "state.json")
        self.assertIn(LEASED, self.said6("lease6"), "state.json")
        self.assertIn(LEASED, self.lease6()["IPV6ADDR"], "lease6-eth0")
        self.assertInOrder("up", "solicit", "reply")
        self.assertEqual(self.ifdawn("plan", *words).out, "", "the plan of a bound link is empty")
        return run


class Servers(Leases):
    def test_dnsmasq_whose_advertisement_says_managed(self):
        self.auto("eth0")
        Dnsmasq6(self, "port0", options=["dns-server,[2001:db8:1::53]", "domain-search,a.example"])
        self.obtain()
        self.assertEqual(self.globals(), [f"{LEASED}/{self.inet6()[0]['prefixlen']}"], "no other address")
        self.assertEqual((self.nameservers(), self.search()), (["2001:db8:1::53"], ["a.example"]))
        self.assertIn(("fe80::1", "eth0"), self.default_routes6())
        self.assertInOrder("ra", "solicit", "reply")

    def test_dnsmasq_whose_prefix_is_for_slaac_too(self):
        self.auto("eth0")
        Dnsmasq6(self, "port0", mode="slaac")
        self.obtain()
        self.assertTrue(self.has6(SLAAC))
        self.assertEqual(self.sources(), {LINK_LOCAL: "link-local", SLAAC: "ra", LEASED: "dhcp6"})

    def test_dnsmasq_without_a_router(self):
        self.stateful("eth0")
        Dnsmasq6(self, "port0", ra=False)
        self.obtain()
        self.assertEqual(self.default_routes6(), [], "nobody advertises")

    def test_kea_and_radvd(self):
        self.auto("eth0")
        Radvd(self, "port0", f"AdvManagedFlag on; {ADVERTISES}")
        Kea6(self, "port0", options={"dns-servers": "2001:db8:1::53", "domain-search": "a.example,b.example"})
        self.obtain()
        self.assertEqual((self.nameservers(), self.search()), (["2001:db8:1::53"], ["a.example", "b.example"]))

    def test_rapid_commit_of_kea(self):
        self.stateful("eth0")
        seen = wire6.Wire6(self, "port0")
        Kea6(self, "port0", rapid=True)
        self.obtain()
        self.assertEqual(seen.exchange6(), ["SOLICIT", "REPLY"])

    def test_four_packets_without_it(self):
        self.stateful("eth0")
        seen = wire6.Wire6(self, "port0")
        Kea6(self, "port0")
        self.obtain()
        self.assertEqual(seen.exchange6(), ["SOLICIT", "ADVERTISE", "REQUEST", "REPLY"])

    def test_the_command_line(self):
        for word in ("ip=dhcp6", "ip=eth0:dhcp6", "ip=:::::eth0:dhcp6"):
            with self.subTest(word=word):
                self.new_machine()
                self.cables("eth0")
                Kea6(self, "port0")
                self.obtain("--cmdline", word)

    def test_both_families(self):
        self.cables("eth0")
        Dnsmasq6(self, "port0", more=["--dhcp-range=192.0.2.100,192.0.2.100,255.255.255.0,3600", "-5"])
        self.on_switch("addr add 192.0.2.1/24 dev port0")
        self.obtain("--cmdline", "ip=dhcp,dhcp6")
        self.assertBound()

    def test_options_alone(self):
        self.auto("eth0")
        seen = wire6.Wire6(self, "port0")
        Radvd(self, "port0", f"AdvOtherConfigFlag on; prefix {PREFIX}/64 {{ }};")
        Kea6(self, "port0", options={"dns-servers": "2001:db8:1::53", "domain-search": "a.example"})
        self.ifdawn("up")
        self.assertUsable(f"{SLAAC}/64")
        self.assertEqual((self.nameservers(), self.search()), (["2001:db8:1::53"], ["a.example"]))
        self.assertEqual(seen.exchange6(), ["INFORMATION-REQUEST", "REPLY"])

    def test_options_alone_of_dnsmasq(self):
        self.auto("eth0")
        Dnsmasq6(self, "port0", mode="ra-stateless", options=["dns-server,[2001:db8:1::53]"])
        self.ifdawn("up")
        self.assertUsable(f"{SLAAC}/64")
        self.assertEqual(self.nameservers(), ["2001:db8:1::53"], "said by both, written once")

    def test_a_prefix(self):
        self.stateful("eth0", text="DHCPV6_PD_HINT=::/64\n")
        Kea6(self, "port0", delegates="2001:db8:77::")
        self.obtain()
        self.assertIn("2001:db8:77::/64", self.said6("lease6"), "state.json")
        self.assertIn("2001:db8:77::/64", self.lease6()["IPV6PREFIX"], "lease6-eth0")
        self.assertEqual([a for a in self.globals() if "db8:77" in a], [], "it is for others")

    def test_a_host_name(self):
        self.stateful("eth0", text="DHCPV6_HOSTNAME=box.example\n")
        server = Kea6(self, "port0")
        self.obtain()
        self.assertIn("box.example", server.log(), "the name that the server was told")

    def test_renewed_by_kea(self):
        self.stateful("eth0")
        seen = wire6.Wire6(self, "port0")
        Kea6(self, "port0", lease=6, t1=1, t2=4)
        process = self.watch6(LEASED)
        seen.clear()
        with self.monitor("address") as lines:
            seen.wait_for("two renewals", lambda _: seen.exchange6().count("REPLY") >= 2, 6)
        self.assertEqual(seen.exchange6()[:2], ["RENEW", "REPLY"])
        self.assertEqual([line for line in lines if "Deleted" in line], [], "the address stays")
        self.assertTrue(self.has6(LEASED))
        self.stop_watch(process)


class Exchange(Leases):
    """With a server that records."""

    def bound(self, text="", words=(), up=True, **rest):
        self.stateful("eth0", text=text)
        self.server = Scripted6(self, "port0", **{"lifetime": None, "pool": [LEASED, NEXT], **rest})
        return self.ifdawn("up", *words) if up else None

    def test_what_servers_are_told(self):
        self.bound()
        solicit, request = self.server.messages6(wire6.SOLICIT, wire6.REQUEST)
        for found in (solicit, request):
            self.assertEqual((found.src, found.dst, found.sport, found.dport), (LINK_LOCAL, "ff02::1:2", 546, 547))
            self.assertEqual(found.ether_dst, b"\x33\x33\0\1\0\2")
            self.assertEqual(found.option(wire6.CLIENT_ID), DUID, "DUID-LL of the link's MAC")
            self.assertLess(struct.unpack("!H", found.option(wire6.ELAPSED))[0], 100, "hundredths of a second")
            self.assertLessEqual({23, 24}, set(found.asked()), "options that are asked for")
        self.assertIn(82, solicit.asked(), "RFC 8415 section 21.24")
        self.assertIn(wire6.RAPID, solicit.codes())
        self.assertIsNone(solicit.option(wire6.SERVER_ID))
        self.assertEqual(request.option(wire6.SERVER_ID), self.server.duid)
        self.assertEqual(request.addresses(), [LEASED])
        self.assertEqual(solicit.ias()[0][0], request.ias()[0][0], "IAID")
        self.assertNotEqual(solicit.xid, request.xid)
        self.assertEqual(solicit.ias(IA_PD), [], "no prefix is wanted")

    def test_the_iaid_is_the_same_again(self):
        found = set()
        for _ in range(2):
            self.new_machine()
            self.bound()
            found.add(self.server.messages6(wire6.SOLICIT)[0].ias()[0][0])
        self.assertEqual(len(found), 1, f"IAIDs: {found}")

    def test_identifiers_that_are_configured(self):
        for text, found in (
            ("ll", DUID),
            ("00:03:00:01:02:00:00:00:00:07", b"\0\3\0\1\2\0\0\0\0\7"),
            ("00:01:00:01:2f:00:00:01:52:54:00:00:00:07", b"\0\1\0\1\x2f\0\0\1\x52\x54\0\0\0\7"),
            ("00:02:00:00:7e:d9:01:02", b"\0\2\0\0\x7e\xd9\1\2"),
            ("00:04:" + ":".join(["5a"] * 16), b"\0\4" + b"\x5a" * 16),
        ):
            with self.subTest(text=text):
                self.new_machine()
                self.bound(f"DHCPV6_DUID={text}\n")
                self.assertEqual(self.server.messages6(wire6.SOLICIT)[0].option(wire6.CLIENT_ID), found)
        self.new_machine()
        self.bound("DHCPV6_IAID=7\n")
        self.assertEqual(self.server.messages6(wire6.SOLICIT)[0].ias()[0][0], 7)

    def test_a_host_name_and_none(self):
        self.bound("DHCPV6_HOSTNAME=box.example\n")
        octets = self.server.messages6(wire6.REQUEST)[0].option(wire6.FQDN)
        self.assertEqual(octets[1:], b"\3box\7example\0")
        self.new_machine()
        self.bound("DHCPV6_HOSTNAME=box.example\nDHCPV6_SEND_HOSTNAME=no\n")
        self.assertIsNone(self.server.messages6(wire6.REQUEST)[0].option(wire6.FQDN))

    def test_the_host_name_that_the_server_says(self):
        for before, after in (("localhost", "box.example"), ("mine", "mine")):
            with self.subTest(before):
                self.new_machine()
                self.write("proc/sys/kernel/hostname", f"{before}\n")
                self.bound(dhcp={wire6.FQDN: b"\0\3box\7example\0"})
                self.assertEqual(self.read("proc/sys/kernel/hostname").strip(), after)

    def test_the_shortest_time_of_several_counts(self):
        self.bound("DHCPV6_PD_HINT=::/64\n", up=False)

        def body(found):
            # That of a server that says nothing of the prefix, but when to ask for it again.
            ias = [wire6.ia_na(iaid, LEASED, t1=1, t2=3, preferred=4, valid=5) for iaid, *_ in found.ias()]
            more = wire6.status(wire6.NO_PREFIX)
            return b"".join(ias + [wire6.ia_pd(iaid, t1=1800, t2=2800, more=more) for iaid, *_ in found.ias(IA_PD)])

        self.server.body = body
        process = self.watch6(LEASED)
        self.server.wait_for("RENEW", lambda server: "RENEW" in server.exchange6(), 4)
        self.stop_watch(process)

    def test_what_fails_at_renewal_is_kept(self):
        times = {"t1": 1, "t2": 20, "preferred": 30, "valid": 30}
        self.bound("DHCPV6_PD_HINT=::/64\n", up=False, delegates="2001:db8:77::/64", **times)
        process = self.watch6(LEASED)

        def body(found):
            more = wire6.status(wire6.UNSPEC_FAIL)
            ias = [wire6.ia_na(iaid, more=more) for iaid, *_ in found.ias()]
            return b"".join(ias + [wire6.ia_pd(iaid, "2001:db8:77::/64", **times) for iaid, *_ in found.ias(IA_PD)])

        self.server.body = body
        self.server.wait_for("RENEW", lambda server: "RENEW" in server.exchange6(), 4)
        time.sleep(0.3)
        self.assertTrue(self.has6(LEASED), "it is leased for half a minute")
        self.stop_watch(process)

    def test_an_address_the_server_has_forgotten_is_asked_for(self):
        self.bound("DHCPV6_PD_HINT=::/64\n", up=False, t1=1, t2=20, preferred=30, valid=30)
        process = self.watch6(LEASED)
        body = self.server.body

        def forgotten(found):
            if found.kind != wire6.RENEW:
                return body(found)
            ias = [wire6.ia_na(iaid, more=wire6.status(wire6.NO_BINDING)) for iaid, *_ in found.ias()]
            more = wire6.status(wire6.NO_PREFIX)
            return b"".join(ias + [wire6.ia_pd(iaid, more=more) for iaid, *_ in found.ias(IA_PD)])

        self.server.body = forgotten
        self.server.clear()
        self.server.wait_for("REQUEST", lambda server: "REQUEST" in server.exchange6(), 4)
        self.assertEqual(self.server.exchange6()[:3], ["RENEW", "REPLY", "REQUEST"], "RFC 8415 section 18.2.10.1")
        self.stop_watch(process)

    def test_servers_of_a_lease_go_with_it(self):
        self.bound(up=False, t1=2, t2=3, preferred=4, valid=4, dhcp=DNS)
        process = self.watch6(LEASED)
        self.eventually("its name server", lambda: self.nameservers() == ["2001:db8:1::53"], 2)
        self.server.silent = set(range(1, 14))
        self.eventually("no address", lambda: not self.has6(LEASED), 8)
        self.eventually("no name server", lambda: not self.nameservers(), 2)
        self.stop_watch(process, code=(0, 1))

    def test_a_lease_whose_server_is_silent_is_kept(self):
        self.bound("IPV6_DHCP_TIMEOUT=2\n")
        self.server.silent = set(range(1, 14))
        run = self.ifdawn("up", within=10)
        self.assertSays(run, "eth0")
        self.assertTrue(self.has6(LEASED))

    def test_a_lease_is_confirmed_whatever_routers_say(self):
        self.auto("eth0")
        self.server = Scripted6(self, "port0", flags=MANAGED, pool=[LEASED])
        self.ifdawn("up")
        self.assertTrue(self.has6(LEASED))
        self.server.flags, self.server.pool = 0, [NEXT]
        self.server.clear()
        self.ifdawn("up")
        self.assertIn("CONFIRM", self.server.exchange6())
        self.assertFalse(self.has6(LEASED), "it is not of this link")

    def test_a_hint_of_a_prefix(self):
        self.bound("DHCPV6_PD_HINT=2001:db8:77::/60\n", delegates="2001:db8:77:10::/60")
        solicit = self.server.messages6(wire6.SOLICIT)[0]
        self.assertEqual(solicit.prefixes(), ["2001:db8:77::/60"])
        self.assertIn("2001:db8:77:10::/60", self.said6("lease6"))

    def test_a_server_without_a_prefix_is_better_than_none(self):
        self.bound("DHCPV6_PD_HINT=::/60\n", up=False)
        self.obtain()

    def test_the_server_that_wants_to_be_chosen(self):
        """Neither gives all that is wanted, so that the first one is not taken at once. They take their time: a port whose
        other end has just come up may lose what is sent, and the second time any offer is taken."""
        self.bound("DHCPV6_PD_HINT=::/60\n", up=False, dhcp={wire6.PREFERENCE: b"\1"}, delay=0.05)
        other = dict(delay=0.05, duid=b"\0\3\0\1\2\0\0\0\0\x99", link_local="fe80::2", dhcp={wire6.PREFERENCE: b"\xff"})
        Scripted6(self, "port0", lifetime=None, pool=[NEXT], **other)
        self.ifdawn("up")
        self.assertTrue(self.has6(NEXT), f"{self.inet6()}")
        self.assertFalse(self.has6(LEASED))

    def test_rapid_commit(self):
        self.bound(rapid=True)
        self.assertTrue(self.has6(LEASED))
        self.assertEqual(self.server.exchange6(), ["SOLICIT", "REPLY"])

    def test_what_is_lost_is_sent_again(self):
        lost = []

        def once(found, frames):
            lost.append(found.kind)
            return frames if lost.count(found.kind) > 1 else []

        self.bound(spoil=once)
        self.assertTrue(self.has6(LEASED))
        first, second = self.server.messages6(wire6.SOLICIT)[:2]
        self.assertEqual(first.xid, second.xid)
        self.assertGreater(second.option(wire6.ELAPSED), first.option(wire6.ELAPSED))

    def test_options_alone_for_who_is_managed_otherwise(self):
        self.auto("eth0")
        server = Scripted6(self, "port0", flags=OTHER, stateless=True, dhcp=DNS)
        self.ifdawn("up")
        self.assertUsable(f"{SLAAC}/64")
        self.assertEqual((self.nameservers(), self.search()), (["2001:db8:1::53"], ["a.example"]))
        found = server.messages6(wire6.INFORMATION)[0]
        self.assertEqual((found.ias(), found.option(wire6.SERVER_ID)), ([], None), "RFC 8415 section 18.2.6")
        self.assertIn(32, found.asked(), "information refresh time")

    def test_a_server_that_says_nothing_does_not_keep_slaac_waiting(self):
        self.auto("eth0")
        Scripted6(self, "port0", flags=MANAGED)
        run = self.ifdawn("up", within=15)
        self.assertUsable(f"{SLAAC}/64")
        self.assertLess(run.seconds, 8, f"seconds\n{run}")

    def test_nothing_to_give(self):
        self.stateful("eth0", text="IPV6_DHCP_TIMEOUT=3\n")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED])
        server.body = lambda found: wire6.ia_na(found.ias()[0][0], more=wire6.status(wire6.NO_ADDRS))
        run = self.ifdawn("up", code=1, within=10)
        self.assertSays(run, "eth0")
        self.assertEqual(self.globals(), [])
        self.assertLess(len(server.messages6()), 12, f"{server.exchange6()}")

    def test_silence(self):
        self.stateful("eth0", text="IPV6_DHCP_TIMEOUT=2\n")
        seen = wire6.Wire6(self, "port0")
        run = self.ifdawn("up", code=1, within=10)
        self.assertSays(run, "eth0")
        self.assertGreaterEqual(len(seen.messages6(wire6.SOLICIT)), 2)

    def test_times(self):
        self.bound(preferred=1000, valid=2000)
        (found,) = [addr for addr in self.inet6() if addr["local"] == LEASED]
        self.assertTrue(900 < found["preferred_life_time"] <= 1000 and 1900 < found["valid_life_time"] <= 2000, f"{found}")

    def test_no_time_at_all(self):
        self.bound(preferred=wire6.INFINITE, valid=wire6.INFINITE)
        self.assertEqual(self.valid6(LEASED), 0xFFFFFFFF)

    # Later

    def test_renew_and_rebind(self):
        self.bound(up=False, t1=1, t2=3, preferred=6, valid=8)
        process = self.watch6(LEASED)
        self.server.silent = {wire6.RENEW}
        self.server.clear()
        self.server.wait_for("REBIND", lambda server: "REPLY" in server.exchange6(), 7)
        self.assertEqual(list(dict.fromkeys(self.server.exchange6())), ["RENEW", "REBIND", "REPLY"])
        renew, rebind = self.server.messages6(wire6.RENEW)[0], self.server.messages6(wire6.REBIND)[0]
        self.assertEqual((renew.addresses(), renew.option(wire6.SERVER_ID)), ([LEASED], self.server.duid))
        self.assertEqual((rebind.addresses(), rebind.option(wire6.SERVER_ID)), ([LEASED], None))
        self.eventually("the address goes on", lambda: self.valid6(LEASED) >= 6, 2)
        self.stop_watch(process)

    def test_a_lease_that_is_over(self):
        self.bound(up=False, t1=2, t2=3, preferred=5, valid=5)
        process = self.watch6(LEASED)
        self.server.silent = set(range(1, 14))
        self.eventually("no address", lambda: not self.has6(LEASED), 8)
        self.server.silent = set()
        self.eventually("a new one", lambda: self.has6(LEASED), 8)
        self.stop_watch(process)

    def test_another_address_at_renewal(self):
        self.bound(up=False, t1=1, t2=3, preferred=5, valid=5)
        process = self.watch6(LEASED)
        self.server.pool = [NEXT]
        self.eventually("the other address", lambda: self.has6(NEXT), 6)
        self.eventually("and not the first one", lambda: not self.has6(LEASED), 6)
        self.stop_watch(process)

    def test_confirmed_when_the_link_comes_back(self):
        self.bound(up=False)
        process = self.watch6(LEASED)
        self.server.clear()
        self.on_switch("link set port0 down")
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"])
        time.sleep(0.2)
        self.on_switch("link set port0 up")
        self.server.wait_for("CONFIRM", lambda server: "REPLY" in server.exchange6(), 4)
        self.assertEqual(self.server.exchange6(), ["CONFIRM", "REPLY"])
        self.assertEqual(self.server.messages6(wire6.CONFIRM)[0].addresses(), [LEASED])
        self.assertTrue(self.has6(LEASED))
        self.stop_watch(process)

    def test_another_network_behind_the_link(self):
        self.bound(up=False)
        process = self.watch6(LEASED)
        self.on_switch("link set port0 down")
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"])
        self.server.pool, self.server.given = ["2001:db8:2::100"], {}
        time.sleep(0.2)
        self.on_switch("link set port0 up")
        self.eventually("its address", lambda: self.has6("2001:db8:2::100"), 6)
        self.eventually("and not the first one", lambda: not self.has6(LEASED), 2)
        self.stop_watch(process)

    def test_up_again_confirms(self):
        self.bound()
        self.server.clear()
        with self.monitor("address") as lines:
            self.ifdawn("up")
        self.assertEqual(self.server.exchange6(), ["CONFIRM", "REPLY"])
        self.assertEqual(self.server.messages6()[0].addresses(), [LEASED])
        self.assertEqual([line for line in lines if "Deleted" in line], [], "nothing is missing meanwhile")
        self.assertTrue(self.has6(LEASED))

    def test_after_a_reboot_it_confirms_too(self):
        self.bound()
        self.server.clear()
        self.ip("link set eth0 down")
        self.ip("addr flush dev eth0")
        self.ifdawn("up")
        # A port whose other end has just come up may lose the first.
        self.assertEqual(set(self.server.exchange6()), {"CONFIRM", "REPLY"})
        self.assertTrue(self.has6(LEASED))

    def test_a_lease_file_of_nonsense_is_no_lease(self):
        self.bound()
        for text in ("", "\0" * 500, "IPV6ADDR='ff02::1/128'\n", "IPV6ADDR='2001:db8:1::77\n", "A='" * 20_000):
            with self.subTest(text=text[:20]):
                self.write("run/ifdawn/lease6-eth0", text)
                self.server.clear()
                self.ifdawn("up")
                self.assertTrue(self.has6(LEASED))
                self.assertIn("SOLICIT", self.server.exchange6(), "it begins anew")

    def test_released(self):
        for text, words in (("", ["--release"]), ("DHCPRELEASE=yes\n", [])):
            with self.subTest(text=text):
                self.new_machine()
                self.bound(text)
                self.ifdawn("down", "eth0", *words)
                self.server.wait_for("RELEASE", lambda server: server.messages6(wire6.RELEASE), 2)
                found = self.server.messages6(wire6.RELEASE)[0]
                self.assertEqual((found.addresses(), found.option(wire6.SERVER_ID)), ([LEASED], self.server.duid))
                self.assertEqual(self.globals(), [])
                self.assertFalse(self.exists("run/ifdawn/lease6-eth0"), "lease6-eth0 is removed")

    def test_down_tells_nobody(self):
        self.bound()
        self.server.clear()
        self.ifdawn("down", "eth0")
        self.assertEqual((self.globals(), self.server.messages6()), ([], []))

    def test_a_reconfiguration_is_not_done(self):
        self.bound(up=False)
        process = self.watch6(LEASED)
        found = self.server.messages6(wire6.REQUEST)[0]
        self.server.clear()
        forced = wire6.option(19, bytes((wire6.RENEW,)))
        self.server.send(self.server.reply(found, wire6.RECONFIGURE, body=b"", more=forced, xid=0))
        time.sleep(0.5)
        self.assertEqual(self.server.messages6(), [], "nobody is asked")
        self.stop_watch(process)
        self.assertEqual(json.loads(self.read("run/ifdawn/state.json"))["outcome"], "up")
