"""Policy routing rules, and what routes have beside gateway, table and metric, in the kernel."""
import re

from machine import Machine

ETH0 = "IPADDR=192.0.2.5\nPREFIX=24\nIPV6ADDR=2001:db8::5/64\n"
ETH1 = "IPADDR=198.51.100.5\nPREFIX=24\nIPV6ADDR=2001:db8:1::5/64\n"

RULES = """\
from 192.0.2.5 table 100
from 192.0.2.6/32 to 10.0.0.0/8 lookup 200 pref 100
not fwmark 0x10/0xff table 5 priority 200
fwmark 7 table 300
iif eth0 oif lo tos 0x10 table main
uidrange 0-0 ipproto tcp sport 22 dport 80-90 table 5
suppress_prefixlength 0 table main
sup_group 0 table 7
to 10.9.0.0/16 blackhole
priority 300 goto 400
priority 400 nop
tun_id 77 realms 3/4 table 9
unreachable from 10.10.0.0/16
l3mdev pref 1000
"""
# as ip(8) shows them, without those of the kernel
SHOWN = """\
from 10.10.0.0/16 unreachable
from all tun_id 77 lookup 9 realms 3/4
from all to 10.9.0.0/16 blackhole
from all lookup 7 suppress_ifgroup default
from all lookup main suppress_prefixlength 0
from all uidrange 0-0 ipproto tcp sport 22 dport 80-90 lookup 5
from all tos 0x10 iif eth0 oif lo lookup main
from all fwmark 0x7 lookup 300
100: from 192.0.2.6 to 10.0.0.0/8 lookup 200
200: not from all fwmark 0x10/0xff lookup 5
300: from all goto 400
400: from all nop
1000: from all lookup [l3mdev-table]
from 192.0.2.5 lookup 100
"""
RULES6 = "from 2001:db8::5 table 100\nfwmark 1 iif eth0 lookup 7 pref 50\n"
SHOWN6 = ["50: from all fwmark 0x1 iif eth0 lookup 7", "from 2001:db8::5 lookup 100"]

ROUTES = """\
10.0.0.0/8 via 192.0.2.1 mtu lock 1400 window 5000 rtt 20ms rttvar 3ms rto_min 1s
10.1.0.0/16 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via 198.51.100.1 dev eth1 weight 3
10.2.0.0/16 metric 7 nexthop via 192.0.2.1 nexthop via 198.51.100.1
10.3.0.0/16 via 192.0.2.1 table 100 realms 3/4
10.4.0.0/16 via 192.0.2.1 features ecn congctl reno hoplimit 9 quickack 1 initcwnd 20 initrwnd 21 advmss 1300
10.5.0.0/16 via 192.0.2.1 cwnd lock 9 ssthresh 7 reordering 3 fastopen_no_cookie 1
10.6.0.0/16 nexthop via 192.0.2.1 weight 5
local 10.7.0.1
throw 10.8.0.0/16 table 100
"""
ROUTES6 = """\
2001:db8:5::/48 via 2001:db8::1 mtu 1400 pref high
2001:db8:6::/48 nexthop via 2001:db8::1 dev eth0 weight 2 nexthop via 2001:db8:1::1 dev eth1
2001:db8:8::/48 via 2001:db8::1 expires 600
"""


class Rules(Machine):
    def prepare(self):
        self.cables("eth0", "eth1")
        self.ifcfg("eth0", ETH0)
        self.ifcfg("eth1", ETH1)

    def rules(self, family=4, protocol=153):
        """The rules of a protocol, those with a low priority with it: the others' was chosen by the kernel."""
        shown = []
        for line in self.ip(f"-{family} rule show").splitlines():
            priority, rule = line.split(":", 1)
            rule, _, of = rule.strip().partition(" proto ")
            if of.strip() == str(protocol):
                given = priority in ("50", "100", "200", "300", "400", "1000")
                shown.append(f"{priority}: {rule}" if given else rule)
        return shown

    def configure(self):
        self.prepare()
        self.network_script("rule-eth0", RULES)
        self.network_script("rule6-eth0", RULES6)

    def test_every_selector(self):
        self.configure()
        self.ifdawn("up")
        self.assertCountEqual(self.rules(), SHOWN.splitlines(), "rule-eth0")
        self.assertEqual(self.rules(6), SHOWN6, "rule6-eth0")
        first = self.ip_json("rule show")
        self.assertConverged()
        self.assertEqual(self.ip_json("rule show"), first, "the second run changes nothing")

    def test_the_last_line_without_a_priority_comes_first(self):
        self.prepare()
        self.network_script("rule-eth0", "from 10.0.0.1 table 1\nfrom 10.0.0.2 table 2\nfrom 10.0.0.3 table 3\n")
        self.ifdawn("up")
        self.assertEqual([rule[:13] for rule in self.rules()], ["from 10.0.0.3", "from 10.0.0.2", "from 10.0.0.1"])

    def test_down_removes_ours_only(self):
        self.configure()
        self.ip("rule add from 192.0.2.5 table 100 priority 77")
        self.ip("rule add from 10.10.10.10 table 100 priority 78")
        before = [self.ip_json(f"-{family} rule show") for family in (4, 6)]
        self.ifdawn("up")
        self.assertNotIn("from 192.0.2.5 lookup 100", self.rules(), "somebody else's serves as well")
        self.ifdawn("down", "eth0")
        self.assertEqual(before, [self.ip_json(f"-{family} rule show") for family in (4, 6)], "`ip -j rule`")
        self.assertFalse(self.exists("run/ifdawn/owned-eth0"), "nothing is ours")

    def test_down_removes_those_of_a_link_that_is_gone(self):
        self.configure()
        self.ifdawn("up")
        self.ip("link del eth0")
        self.assertIn("from 192.0.2.5 lookup 100", self.rules(), "rules outlive their link")
        self.ifdawn("down", "eth0")
        self.assertEqual(self.rules(4) + self.rules(6), [])
        self.assertFalse(self.exists("run/ifdawn/owned-eth0"))

    def test_ours_goes_where_somebody_else_has_the_same(self):
        self.prepare()
        self.network_script("rule-eth0", "from 192.0.2.5 table 100\n")
        self.ifdawn("up")
        self.ip("rule add from 192.0.2.5 table 100 priority 77")
        self.ifdawn("down", "eth0")
        self.assertIn("77:", self.ip("rule show"), "somebody else's stays")
        self.assertEqual(self.rules(), [], "ours goes")

    def test_a_changed_file_is_followed(self):
        self.prepare()
        self.network_script("rule-eth0", "from 192.0.2.5 table 100\nfwmark 1 table 5 pref 100\n")
        self.ifdawn("up")
        self.network_script("rule-eth0", "fwmark 1/7 table 5 pref 100\nfrom 192.0.2.5 lookup 100 # the same\n")
        run = self.ifdawn("up", trace="sendto,sendmsg")
        self.assertCountEqual(
            self.rules(), ["100: from all fwmark 0x1/0x7 lookup 5", "from 192.0.2.5 lookup 100"], "what the file says"
        )
        self.assertEqual(len(re.findall("RTM_NEWRULE", str(run.trace))), 1, "one rule is new")
        self.assertConverged()

    def test_a_line_the_kernel_refuses_costs_itself(self):
        self.prepare()
        self.network_script("rule-eth0", "priority 500 goto 400\nfrom 192.0.2.5 table 100\n")
        run = self.ifdawn("up", code=1)
        self.assertSays(run, "rule-eth0:1:1", "ip rule add priority 500 goto 400", "EINVAL")
        self.assertEqual(self.rules(), ["from 192.0.2.5 lookup 100"])

    def configure_routes(self):
        self.prepare()
        self.network_script("route-eth0", ROUTES)
        self.network_script("route6-eth0", ROUTES6)

    def test_routes_with_everything(self):
        self.configure_routes()
        self.ifdawn("up")
        text = " ".join(self.ip("route show table all proto 153").split())
        for part in (
            "10.0.0.0/8 via 192.0.2.1 dev eth0 mtu lock 1400 window 5000 rtt 20ms rttvar 3ms rto_min lock 1s",
            "10.1.0.0/16 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via 198.51.100.1 dev eth1 weight 3",
            "10.2.0.0/16 metric 7 nexthop via 192.0.2.1 dev eth0 weight 1 nexthop via 198.51.100.1 dev eth1 weight 1",
            "10.3.0.0/16 via 192.0.2.1 dev eth0 table 100 realms 3/4",
            "advmss 1300 hoplimit 9 initcwnd 20 features ecn initrwnd 21 quickack 1 congctl reno",
            "ssthresh 7 cwnd lock 9 reordering 3 fastopen_no_cookie 1",
            "10.6.0.0/16 via 192.0.2.1 dev eth0",
            "local 10.7.0.1 dev eth0",
        ):
            self.assertIn(part, text, "route-eth0")
        text = " ".join(self.ip("-6 route show proto 153").split())
        for part in (
            "2001:db8:5::/48 via 2001:db8::1 dev eth0 metric 1024 mtu 1400 pref high",
            "nexthop via 2001:db8::1 dev eth0 weight 2 nexthop via 2001:db8:1::1 dev eth1 weight 1",
            "2001:db8:8::/48 via 2001:db8::1 dev eth0 metric 1024 expires",
        ):
            self.assertIn(part, text, "route6-eth0")
        self.assertConverged()
        self.ifdawn("down", "eth0")
        self.assertEqual(self.routes("table all proto 153") + self.routes("table all proto 153", family=6), [])

    def test_a_changed_metric_is_followed(self):
        self.prepare()
        for words in ("mtu 1400", "mtu lock 1400", "mtu 1300 window 5000", ""):
            self.network_script("route-eth0", f"10.0.0.0/8 via 192.0.2.1 {words}\n")
            self.ifdawn("up")
            (route,) = [route for route in self.routes() if route.startswith("10.0.0.0/8")]
            self.assertEqual(route, f"10.0.0.0/8 via 192.0.2.1 dev eth0 proto 153 {words}".strip())
            self.assertConverged()
        self.network_script("route-eth0", "10.0.0.0/8 nexthop via 192.0.2.1 nexthop via 198.51.100.1\n")
        self.ifdawn("up")
        self.network_script("route-eth0", "10.0.0.0/8 nexthop via 192.0.2.1 nexthop via 198.51.100.1 weight 2\n")
        self.ifdawn("up")
        self.assertIn("eth1 weight 2", self.ip("route show 10.0.0.0/8"))
        self.assertConverged()

    def test_a_next_hop_without_its_link_waits(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.network_script("route-eth0", "10.0.0.0/8 nexthop via 192.0.2.1 dev eth0 nexthop via 198.51.100.1 dev eth1\n")
        run = self.ifdawn("up")
        self.assertSays(run, "route-eth0:1:1", "goes to a link that nothing configures")
        self.assertEqual(self.routes(), [])
