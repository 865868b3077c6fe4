"""Links are renamed by MAC rule, whatever names are taken, and each at most once."""
import random
import re

from machine import Machine, mac

RENAME = re.compile(r"^(?:ifdawn: )?ip link set dev (\S+) name (\S+)$", re.M)


class Names(Machine):
    def rules(self, *numbers):
        """ifcfg files that give eth<n> to the link with the MAC that ends in n."""
        for number in numbers:
            self.ifcfg(f"eth{number}", f"HWADDR={mac(number)}\nIPADDR=192.0.2.{number + 1}\nPREFIX=32\n")

    def assertOwnNames(self, numbers):
        """eth<n> is the link with the MAC that ends in n, and has its address."""
        names = self.names()
        self.assertEqual(names, {f"eth{number}": number for number in numbers}, "name: last octet of the MAC")
        for number in numbers:
            self.assertEqual(self.addresses(f"eth{number}"), [f"192.0.2.{number + 1}/32"], f"address of eth{number}")

    def permutation(self, places, renames, up=False):
        """`places[n]` is the MAC that eth<n> has; after `up` each has its own, by that many renames."""
        self.cables(*((f"eth{name}", octet) for name, octet in enumerate(places)), up=up)
        self.rules(*places)
        plan = self.ifdawn("plan")
        self.assertEqual(len(RENAME.findall(plan.out)), renames, f"a rename for each link that moves, one more a cycle\n{plan}")
        run = self.ifdawn("up", trace="sendto,sendmsg")
        sent = sum(line.count("nla_type=IFLA_IFNAME}") for line in run.trace if line.startswith("send"))
        self.assertEqual(sent, renames, f"and no further one is sent\n{run}")
        self.assertOwnNames(range(len(places)))
        self.assertConverged()

    def test_two_links_change_places(self):
        self.permutation([1, 0], 3)

    def test_two_links_that_are_up_change_places(self):
        self.permutation([1, 0], 3, up=True)

    def test_links_that_are_up_keep_what_others_made_on_them(self):
        self.cables(("eth0", 1), ("eth1", 0), up=True)
        self.ip("addr add 203.0.113.9/24 dev eth0")
        self.ip("addr add 2001:db8:9::9/64 dev eth0")
        self.ip("route add 10.77.0.0/16 via 203.0.113.1")
        self.rules(0, 1)
        self.ifdawn("up")
        self.assertEqual(self.names(), {"eth0": 0, "eth1": 1}, "name: last octet of the MAC")
        self.assertIn("203.0.113.9/24", self.addresses("eth1"), "the foreign IPv4 address went with its link")
        self.assertIn("2001:db8:9::9/64", self.addresses("eth1"), "the foreign IPv6 address went with its link")
        self.assertIn("10.77.0.0/16 via 203.0.113.1 dev eth1", self.routes(), "the foreign route went with its link")

    def test_a_cycle_of_three(self):
        self.permutation([1, 2, 0], 4)

    def test_two_cycles_and_a_fixed_point(self):
        self.permutation([1, 0, 2, 4, 3], 6)

    def test_random_permutations_of_six(self):
        seed = random.randrange(1 << 32)
        order = random.Random(seed)
        for _ in range(4):
            places = order.sample(range(6), 6)
            with self.subTest(seed=seed, places=places):
                self.new_machine()
                self.permutation(places, sum(n != place for n, place in enumerate(places)) + cycles(places))

    def test_a_chain_moves_from_its_free_end(self):
        self.cables(("eth0", 1), ("eth1", 2), ("eth2", 3))
        self.rules(1, 2, 3)
        plan = self.ifdawn("plan")
        self.assertEqual(
            RENAME.findall(plan.out), [("eth2", "eth3"), ("eth1", "eth2"), ("eth0", "eth1")], f"no temporary name\n{plan}"
        )
        self.ifdawn("up")
        self.assertOwnNames([1, 2, 3])
        self.assertConverged()

    def test_a_link_file_gives_other_names_and_the_length_of_the_queue(self):
        self.cables("eth5", "eth6")
        self.write(
            "etc/systemd/network/10-lan.link",
            f"[Match]\nMACAddress={self.link('eth5')['address']}\n[Link]\nName=lan0\nAlternativeName=uplink up.link\n"
            "AlternativeName=wan\nTransmitQueueLength=77\n",
        )
        self.ifcfg("lan0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifcfg("eth6", "")
        self.ip("link property add dev eth5 altname theirs")
        self.ifdawn("up")
        link = self.ip_json("link show dev lan0")[0]
        self.assertEqual(sorted(link["altnames"]), ["theirs", "up.link", "uplink", "wan"])
        self.assertEqual(link["txqlen"], 77)
        self.assertNotIn("altnames", self.ip_json("link show dev eth6")[0])
        self.assertConverged()
        # One that somebody took away, and one that another link has.
        self.ip("link property del dev lan0 altname wan")
        plan = self.ifdawn("plan").out
        self.assertEqual(plan, "ip link property add dev lan0 altname wan\n")
        self.ip("link property add dev eth6 altname wan")
        run = self.ifdawn("up", code=1)
        self.assertSays(run, "ip link property add dev lan0 altname wan: EEXIST; not set")
        self.assertEqual(self.addresses("lan0"), ["192.0.2.5/24"])

    def test_a_link_no_rule_speaks_of_is_moved_aside_with_a_warning(self):
        self.cables(("eth0", 9), ("eth1", 0))
        self.rules(0)
        run = self.ifdawn("up")
        self.assertSays(run, "ifcfg-eth0:", '"eth0"', "moved aside")
        names = self.names()
        self.assertEqual(names["eth0"], 0, f"eth0 is the link of the rule: {names}")
        self.assertEqual(sorted(names.values()), [0, 9], f"the other link is still there: {names}")
        self.assertConverged()

    def test_an_alternative_name_in_the_way_is_dropped(self):
        self.cables(("eth5", 0), ("eth6", 6))
        self.ip("link property add dev eth6 altname eth0")
        self.rules(0)
        self.ifdawn("up")
        self.assertEqual(self.names(), {"eth0": 0, "eth6": 6}, "name: last octet of the MAC")
        self.assertConverged()

    def test_an_alternative_name_of_the_link_itself_becomes_its_name(self):
        self.cables(("eth5", 0))
        self.ip("link property add dev eth5 altname eth0")
        self.rules(0)
        self.ifdawn("up")
        self.assertOwnNames([0])
        self.assertConverged()

    def test_ifname_beats_hwaddr(self):
        self.cables(("eth5", 0))
        self.rules(0)
        words = ["--cmdline", f"ifname=lan0:{mac(0)}"]
        self.ifdawn("up", *words, "--timeout", "1", code=(0, 1))
        self.assertEqual(self.names(), {"lan0": 0}, "the name that ifname= gives")

    def test_ifname_renames_and_ip_finds_the_new_name(self):
        self.cables(("eth5", 0), ("eth6", 1))
        words = ["--cmdline", f"ifname=lan0:{mac(0)} ifname=lan1:{mac(1)} ip=192.0.2.5:::24::lan1:none"]
        self.ifdawn("up", *words)
        self.assertEqual(self.names(), {"lan0": 0, "lan1": 1}, "the names that ifname= gives")
        self.assertEqual(self.addresses("lan1"), ["192.0.2.5/24"], "ip= means the new name")
        self.assertConverged(*words)

    def test_ip_with_the_old_name_means_the_link_that_has_it_after_the_renames(self):
        self.cables(("eth0", 1), ("eth1", 0))
        words = ["--cmdline", f"ifname=eth0:{mac(0)} ifname=eth1:{mac(1)} ip=192.0.2.5:::24::eth0:none"]
        self.ifdawn("up", *words)
        self.assertEqual(self.names(), {"eth0": 0, "eth1": 1}, "the names that ifname= gives")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "ip= means the new eth0")
        self.assertConverged(*words)

    def test_lo_keeps_its_name(self):
        self.cables("eth0")
        run = self.ifdawn("up", "--cmdline", f"ifname=lo:{mac(0)}", "--timeout", "1", code=(0, 1, 3))
        self.assertEqual(self.link("lo")["ifindex"], 1, f"lo is lo\n{run}")
        self.assertEqual(self.names(), {"eth0": 0}, "the link keeps its name")
        self.assertSays(run, "cmdline:1:")

    def test_a_name_of_16_octets_is_refused_and_the_rest_applied(self):
        self.cables(("eth5", 0), ("eth6", 1))
        run = self.ifdawn(
            "up", "--cmdline", f"ifname=sixteenoctets016:{mac(0)} ifname=fifteenoctets15:{mac(1)} ip=192.0.2.5:::24::eth5:none"
        )
        self.assertSays(run, "cmdline:1:", "sixteenoctets016", "ignored")
        self.assertEqual(self.names(), {"eth5": 0, "fifteenoctets15": 1}, "names")
        self.assertEqual(self.addresses("eth5"), ["192.0.2.5/24"], "the link keeps its name and gets its address")

    def test_a_rule_whose_mac_is_absent_costs_only_itself(self):
        self.cables(("eth0", 1), ("eth1", 0))
        self.rules(0, 1, 7)
        self.ifdawn("up", "--timeout", "1", code=1)
        self.assertOwnNames([0, 1])

    def test_hwaddr_of_another_link_than_device_skips_the_link(self):
        # No link has the MAC of the file; eth0 is another card, which must not get its address.
        self.cables(("eth0", 5))
        self.rules(0)
        run = self.ifdawn("up", "--timeout", "1", code=1)
        self.assertEqual(self.addresses("eth0"), [], f"the wrong card gets no address\n{run}")
        self.assertSays(run, "ifcfg-eth0:", "MAC")

    def test_a_link_with_macaddr_set_by_an_earlier_run_is_known_by_it(self):
        self.cables("eth0")
        self.ifcfg("eth0", f"HWADDR={mac(0)}\nMACADDR=52:54:00:aa:bb:cc\nIPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifdawn("up")
        self.assertEqual(self.link("eth0")["address"], "52:54:00:aa:bb:cc", "MACADDR")
        self.assertConverged()

    def test_virtual_links_that_share_the_mac_are_not_renamed(self):
        self.cables(("eth5", 0))
        self.ip(f"link add link eth5 name top0 address {mac(0)} type macvlan")
        self.rules(0)
        self.ifdawn("up")
        self.assertEqual(self.names(), {"eth0": 0}, "the card is renamed")
        self.assertEqual(self.link("top0")["address"], mac(0), "the macvlan on it is not")

    def test_a_rename_that_nothing_asked_for_does_not_happen(self):
        self.cables("eth0", "eth1")
        self.rules(0, 1)
        run = self.ifdawn("up", "-v")
        self.assertSays(run, "ip link set dev eth0 up")
        self.assertEqual(RENAME.findall(run.err), [], f"every name is right already\n{run}")


def cycles(places):
    """How many cycles of more than one the permutation has."""
    seen, count = set(), 0
    for start in range(len(places)):
        if start not in seen and places[start] != start:
            count += 1
        while start not in seen:
            seen.add(start)
            start = places[start]
    return count
