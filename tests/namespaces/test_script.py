"""The printed plan, run by a shell, does what `up` does."""
import subprocess

import test_rules
from machine import Machine


class Script(Machine):
    def compare(self, prepare, *words):
        """Runs the script that `plan` prints on one machine, `up` on another, and compares what `ip -j` says."""
        prepare()
        plan = self.ifdawn("plan", *words)
        self.assertIn("ip ", plan.out, f"the plan has commands\n{plan}")
        shell = subprocess.run(["sh", "-e"], input=plan.out.encode(), capture_output=True, timeout=60)
        self.assertEqual((shell.returncode, shell.stderr), (0, b""), f"sh runs the printed script\n{plan}")
        by_script = self.everything()

        self.new_machine()
        prepare()
        run = self.ifdawn("up", *words)
        by_netlink = self.everything()
        for what, found in by_netlink.items():
            self.assertEqual(by_script[what], found, f"`ip -j {what}` after the script, and after `up`\n{plan}\n{run}")
        self.assertConverged(*words)

    def test_addresses_of_both_families_mtu_and_mac(self):
        def prepare():
            self.cables("eth0", "eth1")
            self.ifcfg("eth0", """\
                IPADDR=192.0.2.5
                PREFIX=24
                IPADDR1=192.0.2.6
                PREFIX1=24
                IPADDR2=198.51.100.5
                PREFIX2=25
                GATEWAY=192.0.2.1
                IPV6ADDR=2001:db8::5/64
                IPV6ADDR_SECONDARIES="2001:db8::6/64 2001:db8:1::6/48"
                IPV6_DEFAULTGW=2001:db8::1
                MTU=1400
                MACADDR=52:54:00:aa:bb:cc
                """)
            self.ifcfg("eth1", "IPADDR=203.0.113.5\nPREFIX=24\nGATEWAY=203.0.113.1\nMTU=9000\n")

        self.compare(prepare)

    def test_rules_and_routes_with_everything(self):
        def prepare():
            self.cables("eth0", "eth1")
            self.ifcfg("eth0", test_rules.ETH0)
            self.ifcfg("eth1", test_rules.ETH1)
            self.network_script("rule-eth0", test_rules.RULES)
            self.network_script("rule6-eth0", test_rules.RULES6)
            self.network_script("route-eth0", test_rules.ROUTES)
            # what ends would end at another time
            self.network_script("route6-eth0", test_rules.ROUTES6.replace("expires 600", ""))

        self.compare(prepare)

    def test_every_kind_of_route(self):
        def prepare():
            self.cables("eth0", "eth1")
            self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR1=192.0.2.6\nPREFIX1=24\nIPV6ADDR=2001:db8::5/64\n")
            self.ifcfg("eth1", "IPADDR=203.0.113.5\nPREFIX=24\nMTU=1300\n")
            self.network_script("route-eth0", """\
                # the whole of ip-route(8) that the kernel takes for a single next hop
                10.0.0.0/8 via 192.0.2.1
                10.1.0.0/16 via 192.0.2.1 metric 50
                10.1.0.0/16 via 192.0.2.2 metric 60
                10.2.0.0/16 via 192.0.2.1 table 100
                10.3.0.0/16 dev eth0 src 192.0.2.6
                10.4.0.0/16 via 198.51.100.1 dev eth0 onlink
                10.5.0.0/16 dev eth0 scope link
                10.6.0.0/16 dev eth0
                10.11.0.0/16 via 192.0.2.1 tos 0x10
                10.12.0.0/16 via 192.0.2.1 table 1000
                10.13.0.0/16 via 192.0.2.1 proto static
                blackhole 10.7.0.0/16
                unreachable 10.8.0.0/16 metric 7
                prohibit 10.9.0.0/16
                throw 10.10.0.0/16 table 100
                192.0.2.77 dev eth0
                default via 192.0.2.1 metric 200
                """)
            self.network_script("route6-eth0", """\
                2001:db8:a::/48 via 2001:db8::1
                2001:db8:b::/48 via 2001:db8::1 metric 50
                2001:db8:c::/48 via fe80::1 dev eth0
                2001:db8:d::/48 dev eth0
                2001:db8:e::/48 via 2001:db8::1 table 100
                blackhole 2001:db8:10::/48
                unreachable 2001:db8:11::/48 metric 7
                default via 2001:db8::1
                """)
            self.network_script("route-eth1", "ADDRESS0=10.20.0.0\nNETMASK0=255.255.0.0\nGATEWAY0=203.0.113.1\n")

        self.compare(prepare)

    def test_point_to_point_peers(self):
        def prepare():
            self.cables("eth0", "eth1")

        self.compare(
            prepare,
            "--cmdline",
            "ip=192.0.2.5:198.51.100.1:198.51.100.1:32::eth0:none ip=203.0.113.5::198.51.100.9:32::eth1:none",
        )

    def test_names_that_change_places(self):
        def prepare():
            self.cables(("eth0", 1), ("eth1", 2), ("eth2", 0), ("spare", 9))
            for number in range(3):
                self.ifcfg(f"eth{number}", f"HWADDR=52:54:00:00:00:0{number}\nIPADDR=192.0.2.{number}\nPREFIX=32\n")

        self.compare(prepare)

    def test_a_machine_that_is_half_way_there(self):
        def prepare():
            self.cables("eth0")
            self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\n")
            self.network_script("route-eth0", "10.0.0.0/8 via 192.0.2.1\n10.1.0.0/16 via 192.0.2.1\n")
            self.ifdawn("up")
            self.ip("route del default")
            self.ip("route del 10.1.0.0/16")
            self.network_script("route-eth0", "10.0.0.0/8 via 192.0.2.2\n10.2.0.0/16 via 192.0.2.1\n")
            self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR1=192.0.2.7\nPREFIX1=24\nGATEWAY=192.0.2.1\n")

        self.compare(prepare)

    def test_names_that_mean_something_to_a_shell(self):
        def prepare():
            self.cables("eth0", "eth1", "eth2")
            for number, name in enumerate(("$(false)", "it's;x&", 'a"b\\c')):
                self.ip_batch([f"link set eth{number} name {name}"])
                quoted = name.replace("'", "'\\''")
                self.network_script(
                    f"ifcfg-odd{number}", f"DEVICE='{quoted}'\nBOOTPROTO=none\nONBOOT=yes\nIPADDR=192.0.2.{number}\nPREFIX=32\n"
                )

        self.compare(prepare)

    def test_an_address_replaced_by_another_of_its_subnet(self):
        # The kernel deletes the secondary addresses of a subnet with its primary one (promote_secondaries=0).
        def prepare():
            self.cables("eth0")
            self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\n")
            self.ifdawn("up")
            self.ifcfg("eth0", "IPADDR=192.0.2.6\nPREFIX=24\nGATEWAY=192.0.2.1\n")

        self.compare(prepare)
