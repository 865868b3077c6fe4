"""What is there is left alone; what is missing comes back; what is not ours is never touched."""
import itertools
import json

from machine import Machine

ETH0 = "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nIPV6ADDR=2001:db8::5/64\nIPV6_DEFAULTGW=2001:db8::1\n"
ROUTES = "10.0.0.0/8 via 192.0.2.1\nblackhole 10.9.0.0/16\n10.2.0.0/16 via 192.0.2.1 table 100 metric 5\n"


def many_routes(count):
    return "".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32 via 192.0.2.1\n" for n in range(count))


class Convergence(Machine):
    def test_files_are_read_in_the_order_people_count_in(self):
        names = ["eth01", "eth1", "eth2", "eth10"]
        for order in itertools.permutations(names):
            self.new_machine()
            for n, name in enumerate(order):
                self.ifcfg(name, f"IPADDR=192.0.2.{names.index(name) + 1}\nPREFIX=24\n")
            links = json.loads(self.ifdawn("plan", "--json").out)["interfaces"]
            self.assertEqual([link["name"] for link in links], names, f"created in the order {order}")

    def test_a_second_up_sends_no_changing_request(self):
        self.cables("eth0", "eth1")
        self.ifcfg("eth0", ETH0 + "MTU=1400\nMACADDR=52:54:00:aa:bb:cc\nDNS1=192.0.2.53\n")
        self.network_script("route-eth0", ROUTES)
        self.network_script(
            "route6-eth0", "2001:db8:a::/48 via 2001:db8::1\nblackhole 2001:db8:b::/48\n2001:db8:c::/48 dev eth0 table 100\n"
        )
        self.ifcfg("eth1", "HWADDR=52:54:00:00:00:01\nIPADDR=198.51.100.5\nPREFIX=32\nGATEWAY=198.51.100.1\n")
        first = self.ifdawn("up", trace="sendto,sendmsg")
        self.assertIn("RTM_NEWROUTE", first.changes(), f"the first `up` does send requests, and they are counted\n{first}")
        self.assertConverged()

    def test_a_second_up_sends_no_changing_request_with_20000_routes(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.network_script("route-eth0", many_routes(20_000))
        self.ifdawn("up")
        self.assertEqual(len(self.routes("proto 153")), 20_001, "routes in the kernel")
        self.assertConverged()

    def test_what_was_removed_by_hand_comes_back_and_nothing_else_is_sent(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.network_script("route-eth0", ROUTES)
        self.ifdawn("up")
        before = self.everything()
        self.ip("addr del 2001:db8::5/64 dev eth0")
        self.ip("route del 10.0.0.0/8")
        self.ip("route del blackhole 10.9.0.0/16")
        run = self.ifdawn("up", trace="sendto,sendmsg")
        self.assertEqual(
            run.changes(), ["RTM_NEWADDR", "RTM_NEWROUTE", "RTM_NEWROUTE"], f"one request for each of what was missing\n{run}"
        )
        self.assertEqual(before, self.everything(), "`ip -j` is as before the removal")

    def test_a_link_taken_down_by_hand_gets_everything_back(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.network_script("route-eth0", ROUTES)
        self.ifdawn("up")
        before = self.everything()
        self.ip("link set eth0 down")
        self.assertNotEqual(before, self.everything(), "`ip -j` while the link is down")
        self.ifdawn("up")
        self.assertEqual(before, self.everything(), "`ip -j` is as before the link went down")

    def test_what_others_made_on_the_link_stays(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifdawn("up")
        self.ip("addr add 203.0.113.9/24 dev eth0")
        self.ip("addr add 2001:db8:9::9/64 dev eth0")
        self.ip("route add 10.77.0.0/16 via 192.0.2.9")
        run = self.ifdawn("up", trace="sendto,sendmsg")
        self.assertEqual(run.changes(), [], f"foreign addresses and routes are no reason for a request\n{run}")
        self.assertIn("203.0.113.9/24", self.addresses("eth0"), "the foreign IPv4 address")
        self.assertIn("2001:db8:9::9/64", self.addresses("eth0"), "the foreign IPv6 address")
        self.assertIn("10.77.0.0/16 via 192.0.2.9 dev eth0", self.routes(), "the foreign route")

    def test_what_left_the_files_leaves_the_kernel_and_what_others_made_stays(self):
        self.cables("eth0")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR1=198.51.100.6\nPREFIX1=24\nIPV6ADDR=2001:db8::5/64\n")
        self.network_script("route-eth0", "10.0.0.0/8 via 192.0.2.1\n10.1.0.0/16 via 192.0.2.1\n")
        self.ifdawn("up")
        self.ip("addr add 203.0.113.9/24 dev eth0")
        self.ip("route add 10.77.0.0/16 via 192.0.2.9")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.network_script("route-eth0", "10.1.0.0/16 via 192.0.2.1\n")
        run = self.ifdawn("up", trace="sendto,sendmsg")
        self.assertCountEqual(
            run.changes(), ["RTM_DELROUTE", "RTM_DELADDR", "RTM_DELADDR"], f"what left the files is deleted\n{run}"
        )
        self.assertCountEqual(self.addresses("eth0"), ["192.0.2.5/24", "203.0.113.9/24"], "addresses")
        self.assertCountEqual(
            self.routes(),
            ["10.1.0.0/16 via 192.0.2.1 dev eth0 proto 153", "10.77.0.0/16 via 192.0.2.9 dev eth0"],
            "routes",
        )
        self.assertConverged()

    def test_what_left_both_the_files_and_the_kernel_is_forgotten(self):
        self.cables("eth0")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR1=198.51.100.6\nPREFIX1=24\n")
        self.network_script("route-eth0", "10.0.0.0/8 via 192.0.2.1\n")
        self.ifdawn("up")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.network_script("route-eth0", "")
        self.ip("route del 10.0.0.0/8")
        self.ip("addr del 198.51.100.6/24 dev eth0")
        plan = self.ifdawn("plan")
        self.assertEqual(plan.out, "", f"nothing is deleted that is not there\n{plan}")
        self.ifdawn("up")
        self.assertConverged()
        # What somebody else makes in its place is theirs.
        self.ip("addr add 198.51.100.6/24 dev eth0")
        self.ifdawn("up")
        self.assertIn("198.51.100.6/24", self.addresses("eth0"), "the address that somebody else made")

    def test_a_changed_address_replaces_the_old_one(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifdawn("up")
        self.ifcfg("eth0", ETH0.replace("192.0.2.5", "192.0.2.6"))
        self.ifdawn("up")
        self.assertCountEqual(self.addresses("eth0"), ["192.0.2.6/24", "2001:db8::5/64"], "addresses")
        self.assertEqual(self.routes(), ["default via 192.0.2.1 dev eth0 proto 153"], "the default route survives")
        self.assertConverged()

    def test_what_the_kernel_had_before_is_adopted(self):
        self.cables("eth0", up=True)
        self.ip("addr add 192.0.2.5/24 brd + dev eth0")
        self.ip("route add default via 192.0.2.1")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR1=192.0.2.6\nPREFIX1=24\nGATEWAY=192.0.2.1\n")
        run = self.ifdawn("up", "eth0", trace="sendto,sendmsg")
        # lo, which comes up always: the link, and no address, since the kernel gives it both.
        self.assertEqual(
            [kind for kind in run.changes() if kind.startswith("RTM_DEL")], [], f"nothing is flushed or deleted\n{run}"
        )
        self.assertEqual(self.routes(), ["default via 192.0.2.1 dev eth0"], "the default route is as it was")
        owned = self.read("run/ifdawn/owned-eth0")
        self.assertNotIn("192.0.2.5", owned, "an adopted address is not ours")
        self.assertNotIn("default", owned, "an adopted route is not ours")
        self.assertIn("addr 192.0.2.6/24", owned, "an address we made is")
        self.ifdawn("down", "eth0")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "`down` leaves the adopted address")
        self.assertEqual(self.routes(), ["default via 192.0.2.1 dev eth0"], "`down` leaves the adopted route")
        self.assertIn("UP", self.link("eth0")["flags"], "`down` leaves a link up that was up before")

    def test_an_address_with_a_lifetime_becomes_permanent_and_is_not_ours(self):
        self.cables("eth0", up=True)
        self.ip("addr add 192.0.2.5/24 brd + dev eth0 valid_lft 1000 preferred_lft 500")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifdawn("up")
        addr = self.ip_json("-4 addr show dev eth0")[0]["addr_info"][0]
        self.assertEqual(addr["valid_life_time"], 2**32 - 1, "a static address has no lifetime")
        self.assertConverged()
        self.ifdawn("down", "eth0", code=(0, 1))
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "`down` leaves the adopted address")

    def test_an_ipv6_address_that_is_there_with_another_prefix_length(self):
        self.cables("eth0", up=True)
        self.ip("addr add 2001:db8::5/128 dev eth0")
        self.ifcfg("eth0", "IPV6ADDR=2001:db8::5/64\n")
        run = self.ifdawn("up", code=(0, 1))
        if run.code == 0:
            self.assertEqual(self.addresses("eth0"), ["2001:db8::5/64"], f"exit code 0 says that it is as configured\n{run}")
            self.assertConverged()
        else:
            self.assertSays(run, "ifcfg-eth0:4:10:", "2001:db8::5/64")

    def test_every_edit_leads_where_a_fresh_start_leads(self):
        """From each of these configurations to each other: the kernel's state is as if it were the first."""
        configurations = [
            ("IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\n", "10.0.0.0/8 via 192.0.2.1\n", ""),
            ("IPADDR=192.0.2.6\nPREFIX=24\nGATEWAY=192.0.2.2\n", "10.0.0.0/8 via 192.0.2.2\n", ""),
            ("IPADDR=192.0.2.6\nPREFIX=24\nIPADDR1=198.51.100.5\nPREFIX1=24\n", "10.0.0.0/8 via 192.0.2.2 metric 9\n", ""),
            ("IPADDR=192.0.2.5\nPREFIX=25\nGATEWAY=192.0.2.1\n", "10.0.0.0/8 dev eth0 src 192.0.2.5\nblackhole 10.0.0.0/9\n", ""),
            ("IPV6ADDR=2001:db8::5/64\nIPV6_DEFAULTGW=2001:db8::1\n", "", "2001:db8:a::/48 via 2001:db8::1\n"),
            ("IPV6ADDR=2001:db8::5/48\nIPV6_DEFAULTGW=2001:db8::2\n", "", "2001:db8:a::/48 via 2001:db8::2 metric 9\n"),
            ("IPV6ADDR=2001:db8::6/64\n", "", "blackhole 2001:db8:a::/48\n2001:db8:a::/48 dev eth0 table 100\n"),
        ]

        def up(configuration):
            ifcfg, route, route6 = configuration
            self.ifcfg("eth0", ifcfg)
            self.network_script("route-eth0", route)
            self.network_script("route6-eth0", route6)
            return self.ifdawn("up")

        def fresh(configuration):
            self.new_machine()
            self.cables("eth0")
            return up(configuration)

        wanted = []
        for configuration in configurations:
            fresh(configuration)
            wanted.append(self.everything())
        for before in configurations:
            for after, state in zip(configurations, wanted):
                with self.subTest(before=before, after=after):
                    fresh(before)
                    run = up(after)
                    self.assertEqual(self.everything(), state, f"`ip -j` is as after a fresh start\n{run}")
                    self.assertConverged()

    def test_a_route_of_ours_that_changed_is_replaced(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifdawn("up")
        self.ip("route replace default via 192.0.2.9")
        run = self.ifdawn("up")
        self.assertSays(run, "ifcfg-eth0:", "of others")
        self.assertEqual(self.routes(), ["default via 192.0.2.1 dev eth0 proto 153"], "the configured gateway")
        self.assertConverged()

    def test_plan_changes_nothing(self):
        self.cables(("eth0", 1), ("eth1", 0))
        self.ifcfg("eth0", "HWADDR=52:54:00:00:00:00\n" + ETH0 + "DNS1=192.0.2.53\nMTU=1400\n")
        before = self.everything()
        for words in (["plan"], ["plan", "--offline"], ["plan", "--json"], ["check"]):
            run = self.ifdawn(*words, trace="sendto,sendmsg")
            self.assertNotEqual(run.out, "", "something is printed")
            self.assertEqual(run.changes(), [], f"no changing request\n{run}")
            self.assertEqual(before, self.everything(), f"`ip -j` after {words}")
            self.assertEqual(
                [self.exists(name) for name in ("run/ifdawn", "etc/resolv.conf")], [False, False], f"no file after {words}"
            )
