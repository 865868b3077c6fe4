"""Router discovery: what routers say ends where it belongs, and no more is waited for than is told."""
import wire
import wire6
from ipv6 import LEASED, LINK_LOCAL, MAC, PREFIX, SLAAC, Ipv6Machine
from servers6 import Dnsmasq6, Radvd
from wire6 import Scripted6, dnssl_option, prefix_option, rdnss_option

DNS = rdnss_option("2001:db8:1::53")
OTHER_PREFIX = "2001:db8:2::"
OTHER_MAC = b"\x52\x54\x00\x00\x02\x02"


def router(test, port="port0", **rest):
    return Scripted6(test, port, prefixes=[prefix_option(f"{PREFIX}/64")], **rest)


class Routers(Ipv6Machine):
    """SLAAC with real routers."""

    def obtain(self, *words):
        run = self.ifdawn("up", *words)
        self.assertUsable(f"{SLAAC}/64")
        self.assertTrue(self.has6(LINK_LOCAL), "link-local")
        self.assertIn(("fe80::1", "eth0"), self.default_routes6())
        self.assertEqual(self.sources(), {LINK_LOCAL: "link-local", SLAAC: "ra"}, "state.json")
        self.assertEqual((self.state()["state"], self.state()["problems"]), ("up", []), "state.json")
        # The kernel's address and what we read of the same advertisement come in either order.
        self.assertInOrder("up", "rs", "address")
        self.assertInOrder("rs", "ra")
        self.assertEqual(self.ifdawn("plan", *words).out, "", "the plan of a configured link is empty")
        return run

    def test_dnsmasq(self):
        self.auto("eth0")
        seen = wire6.Wire6(self, "port0")
        Dnsmasq6(self, "port0", mode="ra-only", options=["dns-server,[2001:db8:1::53]", "domain-search,a.example"])
        self.obtain()
        self.assertEqual((self.nameservers(), self.search()), (["2001:db8:1::53"], ["a.example"]))
        self.assertEqual(seen.messages6(), [], "nobody spoke of DHCPv6")

    def test_radvd(self):
        self.auto("eth0")
        Radvd(
            self, "port0",
            f"prefix {PREFIX}/64 {{ }}; route 2001:db8:77::/48 {{ }}; AdvLinkMTU 1400;"
            "RDNSS 2001:db8:1::53 fe80::1 { }; DNSSL a.example b.example { };",
        )  # fmt: skip
        self.obtain()
        self.assertEqual(self.nameservers(), ["2001:db8:1::53", "fe80::1%eth0"], "a link-local server has its link")
        self.assertEqual(self.search(), ["a.example", "b.example"])
        self.assertEqual(self.knob("mtu"), "1400", "MTU of IPv6")
        self.assertEqual(len(self.routes("2001:db8:77::/48", family=6)), 1, "a route of the router")

    def test_the_command_line(self):
        for word in ("ip=auto6", "ip=either6", "ip=eth0:auto6", "ip=:::::eth0:auto6", "ip=eth0:either6"):
            with self.subTest(word=word):
                self.new_machine()
                self.cables("eth0")
                router(self)
                self.obtain("--cmdline", word)

    def test_both_families_of_one_server(self):
        self.cables("eth0")
        self.ifcfg("eth0", "BOOTPROTO=dhcp\nIPV6INIT=yes\nIPV4_FAILURE_FATAL=yes\nIPV6_FAILURE_FATAL=yes\n")
        wire.Scripted(self, "port0", options={6: wire.addr("192.0.2.53")})
        Dnsmasq6(self, "port0", mode="ra-only", options=["dns-server,[2001:db8:1::53]"])
        self.ifdawn("up")
        self.assertBound()
        self.assertUsable(f"{SLAAC}/64")
        self.assertCountEqual(self.nameservers(), ["192.0.2.53", "2001:db8:1::53"])

    def test_two_links(self):
        self.auto("eth0", "eth1")
        for n in range(2):
            Scripted6(
                self, f"port{n}", prefixes=[prefix_option(f"2001:db8:{n}::/64")], more=rdnss_option("fe80::1")
            )
        self.ifdawn("up")
        self.assertCountEqual(self.default_routes6(), [("fe80::1", "eth0"), ("fe80::1", "eth1")])
        self.assertCountEqual(self.nameservers(), ["fe80::1%eth0", "fe80::1%eth1"])


class Said(Ipv6Machine):
    """What a router says, option by option, and says anew."""

    def up(self, text="", code=0, words=(), **rest):
        self.auto("eth0", text=text)
        self.router = router(self, **rest)
        return self.ifdawn("up", *words, code=code)

    def watching(self, **rest):
        self.auto("eth0")
        self.router = router(self, **rest)
        return self.watch6(SLAAC)

    def test_what_machines_ask_for(self):
        self.up()
        first = self.router.nd(wire6.RS)[0]
        self.assertEqual((first.src, first.dst, first.hops), (LINK_LOCAL, "ff02::2", 255), "RFC 4861 section 4.1")
        self.assertEqual(first.ether_dst, b"\x33\x33\0\0\0\2")
        self.assertIn(first.option(1), (MAC, None), "source link-layer address")

    def test_the_first_question_is_lost(self):
        self.auto("eth0")
        asked = []

        def once(packet, frames):
            asked.append(packet)
            return frames if packet.at - asked[0].at > 0.5 else []

        server = router(self, spoil=once)
        run = self.ifdawn("up")
        self.assertUsable(f"{SLAAC}/64")
        self.assertLess(run.seconds, 4, f"seconds: it is asked again after one, not four\n{server.log}")

    def test_portal_and_translation_are_in_the_state(self):
        self.up(more=wire6.portal_option("https://portal.example/api") + wire6.pref64_option("64:ff9b::"))
        said = self.said6("ra")
        self.assertIn("https://portal.example/api", said)
        self.assertIn("64:ff9b::", said)

    def test_a_router_that_is_no_default_router(self):
        self.up(lifetime=0)
        self.assertUsable(f"{SLAAC}/64")
        self.assertEqual(self.default_routes6(), [], "default routes")

    def test_two_routers(self):
        self.auto("eth0")
        other = dict(link_local="fe80::2", mac=OTHER_MAC, prefixes=[prefix_option(f"{OTHER_PREFIX}/64")])
        first, second = router(self, more=DNS), Scripted6(self, "port0", more=rdnss_option("2001:db8:2::53"), **other)
        process = self.watch6(SLAAC)
        theirs = wire6.from_mac(OTHER_PREFIX, MAC)
        self.eventually("the other router's address", lambda: self.has6(theirs), 3)
        self.eventually("both routers", lambda: len(self.default_routes6()) == 2, 2)
        self.eventually("both name servers", lambda: len(self.nameservers()) == 2, 2)
        second.lifetime, second.prefixes = 0, [prefix_option(f"{OTHER_PREFIX}/64", valid=0, preferred=0)]
        second.more = rdnss_option("2001:db8:2::53", lifetime=0)
        second.advertise()
        self.eventually("one name server", lambda: self.nameservers() == ["2001:db8:1::53"], 3)
        self.assertEqual(self.default_routes6(), [("fe80::1", "eth0")])
        self.assertTrue(self.has6(SLAAC), "the first router's address")
        self.stop_watch(process)
        self.assertFalse(first.errors)

    def test_what_is_withdrawn_goes(self):
        process = self.watching(more=DNS + dnssl_option("a.example"))
        self.eventually("names", lambda: (self.nameservers(), self.search()) == (["2001:db8:1::53"], ["a.example"]), 3)
        self.router.prefixes = [prefix_option(f"{PREFIX}/64", valid=0, preferred=0)]
        self.router.more = rdnss_option("2001:db8:1::53", lifetime=0) + dnssl_option("a.example", lifetime=0)
        self.router.advertise(lifetime=0)
        self.eventually("no names", lambda: (self.nameservers(), self.search()) == ([], []), 3)
        self.eventually("no default route", lambda: self.default_routes6() == [], 3)
        # RFC 4862 s.5.5.3: nobody but the time takes an address within two hours.
        self.eventually("the address is not for what is new", lambda: all(a.get("deprecated") for a in self.inet6()), 3)
        self.stop_watch(process)

    def test_what_is_not_said_anew_goes_with_the_time(self):
        process = self.watching(more=rdnss_option("2001:db8:1::53", lifetime=2))
        self.eventually("the name server", self.nameservers, 3)
        self.eventually("it is over", lambda: not self.nameservers(), 5)
        self.stop_watch(process)

    def test_a_new_prefix_is_taken(self):
        process = self.watching()
        self.router.prefixes = [prefix_option(f"{OTHER_PREFIX}/64")]
        self.router.advertise()
        theirs = wire6.from_mac(OTHER_PREFIX, MAC)
        self.eventually("its address", lambda: self.has6(theirs), 3)
        self.eventually("state.json", lambda: self.sources().get(theirs) == "ra", 3)
        self.stop_watch(process)

    def test_managed_from_now_on(self):
        process = self.watching(pool=[LEASED])
        self.assertEqual(self.router.messages6(), [], "nobody spoke of DHCPv6")
        self.router.flags = wire6.MANAGED
        self.router.advertise()
        self.eventually("the leased address", lambda: self.has6(LEASED), 3)
        self.router.flags = 0
        self.router.advertise()
        self.stop_watch(process)
        self.assertTrue(self.has6(SLAAC), "SLAAC's address stays")

    def test_managed_and_not_by_turns(self):
        process = self.watching(pool=[LEASED])
        for n in range(50):
            self.router.advertise(flags=wire6.MANAGED if n % 2 else wire6.OTHER)
        self.router.flags = wire6.MANAGED
        self.router.advertise()
        self.eventually("the leased address", lambda: self.has6(LEASED), 5)
        self.assertLess(len(self.router.messages6()), 30, f"messages\n{self.router.exchange6()}")
        self.stop_watch(process)

    def test_peerdns_no(self):
        self.up(text="IPV6_PEERDNS=no\nDNS1=2001:db8::99\n", more=DNS + dnssl_option("a.example"))
        self.assertEqual((self.nameservers(), self.search()), (["2001:db8::99"], []))

    def test_peerroutes_no(self):
        self.up(text="IPV6_PEERROUTES=no\n", more=wire6.route_option("2001:db8:77::/48"))
        self.assertEqual(self.routes("2001:db8:77::/48", family=6), [], "a route of the router")
        self.assertUsable(f"{SLAAC}/64")

    def test_defroute_no(self):
        self.up(text="IPV6_DEFROUTE=no\n")
        self.assertEqual(self.default_routes6(), [])
        self.assertUsable(f"{SLAAC}/64")


class Keys(Ipv6Machine):
    """What is configured, and what not."""

    def with_router(self, text, *words, **rest):
        self.cables("eth0")
        self.ifcfg("eth0", text)
        self.router = router(self, **rest)
        return self.ifdawn("up", *words)

    def test_ipv6init_no(self):
        self.with_router("IPADDR=192.0.2.5\nPREFIX=24\nIPV6INIT=no\n", flags=wire6.MANAGED, pool=[LEASED])
        self.assertEqual(self.events().count("rs"), 0, "nobody is asked")
        self.assertEqual(self.router.messages6(), [])

    def test_without_ipv6init_the_kernel_does_as_it_always_did(self):
        self.with_router("IPADDR=192.0.2.5\nPREFIX=24\n")
        self.assertEqual((self.knob("accept_ra"), self.knob("addr_gen_mode"), self.knob("accept_dad")), ("1", "0", "1"))
        self.assertEqual(self.events().count("rs"), 0, "we ask nobody")

    def test_a_static_address_needs_no_router(self):
        self.cables("eth0")
        self.ifcfg("eth0", "IPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6ADDR=2001:db8:1::5/64\nIPV6_DEFAULTGW=2001:db8:1::1\n")
        run = self.ifdawn("up")
        self.assertUsable("2001:db8:1::5/64")
        self.assertLess(run.seconds, 3, "nobody is waited for")
        self.assertEqual(self.default_routes6(), [("2001:db8:1::1", "eth0")])

    def test_autoconf_no(self):
        self.with_router("IPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6ADDR=2001:db8:1::5/64\n")
        self.router.advertise()
        self.assertUsable("2001:db8:1::5/64")
        self.assertEqual(self.default_routes6(), [], "the router is not asked")

    def test_a_static_address_beside(self):
        self.with_router("IPV6INIT=yes\nIPV6ADDR=2001:db8:1::5/64\n")
        self.eventually("SLAAC's address too", lambda: self.has6(SLAAC), 3)
        self.assertUsable("2001:db8:1::5/64", f"{SLAAC}/64")

    def test_link_local_only(self):
        self.cables("eth0")
        seen = router(self)
        run = self.ifdawn("up", "--cmdline", "ip=eth0:link6")
        self.assertTrue(self.has6(LINK_LOCAL), f"link-local\n{run}")
        seen.advertise()
        self.assertEqual(self.globals(), [])
        self.assertLess(run.seconds, 3)

    def test_down_takes_it_back(self):
        self.with_router("IPV6INIT=yes\n", more=DNS)
        self.assertUsable(f"{SLAAC}/64")
        self.ifdawn("down", "eth0")
        self.assertEqual(self.globals(), [])
        self.assertEqual(self.default_routes6(), [])
        self.assertEqual(self.nameservers(), [])


class Silence(Ipv6Machine):
    """Nobody advertises: no more is waited for than is told."""

    def both(self, text=""):
        self.cables("eth0")
        self.ifcfg("eth0", f"BOOTPROTO=dhcp\nIPV6INIT=yes\n{text}")
        return wire.Scripted(self, "port0")

    def test_a_router_is_required(self):
        self.cables("eth0")
        seen = wire6.Wire6(self, "port0")
        run = self.ifdawn("up", "--cmdline", "ip=eth0:auto6 rd.net.timeout.ipv6auto=3", code=1)
        self.assertSays(run, "eth0")
        self.assertTrue(2 < run.seconds < 8, f"seconds\n{run}")
        own = {round(item.at, 1) for item in seen.nd(wire6.RS)}
        self.assertGreaterEqual(len(own), 2, f"questions\n{seen.log}")
        self.assertTrue(self.has6(LINK_LOCAL), "link-local stays")

    def test_ipv4_is_enough_where_ipv6_is_not_required(self):
        self.both()
        run = self.ifdawn("up")
        self.assertBound()
        self.assertLess(run.seconds, 4, f"seconds\n{run}")

    def test_ipv6_is_absent_after_a_few_questions(self):
        for words in ("ip=dhcp,dhcp6", "ip=eth0:dhcp,auto6"):
            with self.subTest(words=words):
                self.new_machine()
                self.cables("eth0")
                wire.Scripted(self, "port0")
                run = self.ifdawn("up", "--cmdline", words, within=25)
                self.assertBound()
                self.assertTrue(2.5 < run.seconds < 14, f"seconds\n{run}")
                self.assertRegex(run.err, r"IPv6 address|router advertisement|DHCPv6", f"a warning\n{run}")
                self.assertSays(run, "did not come")

    def test_ipv6_alone_where_either_is_enough(self):
        self.cables("eth0")
        router(self)
        run = self.ifdawn("up", "--cmdline", "ip=eth0:on rd.net.timeout.ip-required=2", within=25)
        self.assertUsable(f"{SLAAC}/64")
        self.assertUnboundOf4()
        self.assertLess(run.seconds, 10, f"seconds\n{run}")

    def assertUnboundOf4(self):
        self.assertIsNone(self.address(), "IPv4")

    def test_ipv4_alone_where_either_is_enough(self):
        self.cables("eth0")
        wire.Scripted(self, "port0")
        run = self.ifdawn("up", "--cmdline", "ip=eth0:on", within=25)
        self.assertBound()
        self.assertLess(run.seconds, 12, f"seconds\n{run}")

    def test_neither_where_either_is_enough(self):
        self.cables("eth0")
        run = self.ifdawn(
            "up", "--cmdline", "ip=eth0:on rd.net.timeout.ipv6auto=2 rd.net.timeout.dhcp=3", code=1, within=25
        )
        self.assertSays(run, "eth0")

    def test_a_router_that_comes_later_is_heard(self):
        self.auto("eth0")
        process = self.start("watch")
        self.eventually("link-local", lambda: self.has6(LINK_LOCAL), 3)
        server = router(self, solicited=False)
        server.advertise()
        self.eventually("its address", lambda: self.has6(SLAAC), 3)
        self.stop_watch(process)
