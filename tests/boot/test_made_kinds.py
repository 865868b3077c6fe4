"""Each kind of link that only some kernels have, made by ifdawn."""
from guest import Guest
from stacks import Stacks


class Kinds(Stacks):
    def test_vlans(self):
        self.dummies("d0")
        self.ifcfg("d0.5", "VLAN=yes\nIPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifcfg("svc", "TYPE=Vlan\nPHYSDEV=d0\nVLAN_ID=7\nVLAN_PROTOCOL=802.1ad\n")
        self.ifcfg("in7", "TYPE=Vlan\nPHYSDEV=svc\nVLAN_ID=9\nMTU=1400\n")
        self.ifcfg("v8", """\
            VLAN=yes
            PHYSDEV=d0
            VLAN_ID=8
            VLAN_FLAGS=GVRP,LOOSE_BINDING
            REORDER_HDR=no
            MVRP=yes
            VLAN_INGRESS_PRIORITY_MAP=1:2,3:4
            VLAN_EGRESS_PRIORITY_MAP=0:3,5:6
            """)
        self.assertMadeAsPrinted()
        self.assertEqual(self.data("d0.5")["id"], 5)
        self.assertEqual((self.data("svc")["protocol"], self.data("svc")["id"]), ("802.1ad", 7))
        self.assertEqual(self.details("in7")["link"], "svc")
        v8 = self.data("v8")
        self.assertEqual(sorted(v8["flags"]), ["GVRP", "LOOSE_BINDING", "MVRP"])
        self.assertEqual(v8["ingress_qos"], [{"from": 1, "to": 2}, {"from": 3, "to": 4}])
        self.assertEqual(v8["egress_qos"], [{"from": 0, "to": 3}, {"from": 5, "to": 6}])

    def test_dummy_ipvlan_and_vrf(self):
        self.ifcfg("d0", "TYPE=dummy\nMACADDR=02:00:00:00:00:05\nMTU=1400\n")
        self.dummies("d1")
        self.ifcfg("ipv0", "TYPE=ipvlan\nPHYSDEV=d0\nIPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifcfg("red", "TYPE=vrf\nVRF_TABLE=1010\nIPADDR=192.0.3.5\nPREFIX=32\n")
        self.ifcfg("d2", "TYPE=dummy\nVRF=red\nIPADDR=192.0.4.5\nPREFIX=24\n")
        self.assertMadeAsPrinted()
        self.assertEqual(self.details("d0")["address"], "02:00:00:00:00:05")
        self.assertEqual((self.details("ipv0")["link"], self.data("ipv0")["mode"]), ("d0", "l3"))
        self.assertEqual(self.data("red")["table"], 1010)
        self.assertEqual((self.master("d2"), self.addresses("d2")), ("red", ["192.0.4.5/24"]))
        self.assertIn("192.0.4.0/24 dev d2", self.ip("route show table 1010"))

    def test_tunnels_over_ipv4(self):
        ends = "MY_OUTER_IPADDR=192.0.2.1\nPEER_OUTER_IPADDR=192.0.2.%d\n"
        self.ifcfg("ipip1", "TYPE=IPIP\n" + ends % 2 + "TTL=64\nMY_INNER_IPADDR=198.51.100.1/30\n")
        self.ifcfg("gre1", "TYPE=GRE\n" + ends % 3 + "KEY=1234\n")
        self.ifcfg("sit1", "TYPE=SIT\nIPV6TUNNELIPV4=192.0.2.4\nIPV6TUNNELIPV4LOCAL=192.0.2.1\n")
        self.ifcfg("tap1", "TYPE=gretap\n" + ends % 5 + "KEY=9\nTTL=32\nMTU=1400\nMACADDR=02:00:00:00:00:09\n")
        self.assertMadeAsPrinted()
        self.assertEqual((self.details("tap1")["address"], self.data("tap1")["okey"]), ("02:00:00:00:00:09", "0.0.0.9"))
        for name, kind, remote in (("ipip1", "ipip", 2), ("gre1", "gre", 3), ("sit1", "sit", 4), ("tap1", "gretap", 5)):
            self.assertEqual(self.details(name)["linkinfo"]["info_kind"], kind)
            data = self.data(name)
            self.assertEqual((data["local"], data["remote"]), ("192.0.2.1", f"192.0.2.{remote}"), name)
        self.assertEqual(self.data("gre1")["ikey"], "0.0.4.210")
        self.assertEqual(self.data("ipip1")["ttl"], 64)
        # What is changed goes into the same link.
        before = self.link("gre1")["ifindex"]
        self.ifcfg("gre1", "TYPE=GRE\n" + ends % 3 + "KEY=77\nTTL=9\n")
        self.ifdawn("up")
        self.assertEqual((self.data("gre1")["okey"], self.data("gre1")["ttl"]), ("0.0.0.77", 9))
        self.assertEqual(self.link("gre1")["ifindex"], before, "the same link")
        self.assertConverged()

    def test_tunnels_over_ipv6(self):
        ends = "MY_OUTER_IPADDR=2001:db8::1\nPEER_OUTER_IPADDR=2001:db8::%d\n"
        self.ifcfg("tnl1", "TYPE=IPIP6\n" + ends % 2)
        self.ifcfg("gre61", "TYPE=GRE6\n" + ends % 3 + "KEY=5\nTTL=32\n")
        self.assertMadeAsPrinted()
        self.assertEqual(self.details("tnl1")["linkinfo"]["info_kind"], "ip6tnl")
        self.assertEqual(self.details("gre61")["linkinfo"]["info_kind"], "ip6gre")
        self.assertEqual(self.data("tnl1")["remote"], "2001:db8::2")

    def test_a_parent_may_be_missing_or_come_late_whatever_lies_on_it(self):
        kinds = (
            "Vlan\nVLAN=yes\nVLAN_ID=5",
            "macvlan",
            "vxlan\nVXLAN_ID=5\nVXLAN_REMOTE=192.0.2.9",
            "GRE\nPEER_OUTER_IPADDR=192.0.2.9",
            "SIT\nPEER_OUTER_IPADDR=192.0.2.9",
            "IPIP6\nPEER_OUTER_IPADDR=2001:db8::9",
        )
        # A parent has macvlans, or ipvlans.
        parents = ["d0"] * len(kinds) + ["d1"]
        names = [f"x{number}" for number in range(len(parents))]
        for seconds in (1, 30):
            for name, kind, parent in zip(names, (*kinds, "ipvlan"), parents):
                self.ifcfg(name, f"TYPE={kind}\nPHYSDEV={parent}\nDEVTIMEOUT={seconds}\n")
            if seconds == 1:
                run = self.ifdawn("up", code=1)
                for name in names:
                    self.assertSays(run, f"{name}: the link it lies on did not come in time; link skipped")
        up = self.start("up")
        self.shell("sleep 0.5")
        self.ip_batch(["link add d0 type dummy", "link add d1 type dummy", "link set d0 up", "link set d1 up"])
        self.finish(up)
        found = {link["ifname"]: link.get("link") for link in self.ip_json("link show")}
        found["x2"] = self.data("x2")["link"]
        self.assertEqual([found.get(name) for name in names], parents)
        self.assertConverged()

    def test_vlans_of_a_bridge_are_told_to_be_none_of_ours(self):
        self.ifcfg("br0", 'TYPE=Bridge\nBRIDGING_OPTS="vlan_filtering=1"\nBRIDGE_VLANS="10 pvid untagged"\n')
        self.port("d0", "BRIDGE=br0", "BRIDGE_PORT_VLANS=20-30")
        run = self.ifdawn("up")
        self.assertSays(run, "BRIDGE_VLANS", "is not supported; key unset")
        self.assertSays(run, "BRIDGE_PORT_VLANS", "is not supported; key unset")
        # Each port is in the VLAN of packets without a tag, which the bridge has by itself.
        self.assertEqual((self.data("br0")["vlan_filtering"], self.data("br0")["vlan_default_pvid"]), (1, 1))
        self.assertEqual(self.master("d0"), "br0")
        self.assertConverged()

    def test_a_bridge_that_keeps_vlans_apart(self):
        self.ifcfg("br0", """\
            TYPE=Bridge
            STP=yes
            DELAY=4
            AGEING=200
            PRIO=4096
            BRIDGING_OPTS="vlan_filtering=1 default_pvid=77 multicast_snooping=0 hello_time=100 group_fwd_mask=8"
            IPADDR=192.0.2.5
            PREFIX=24
            """)
        self.port("d0", "BRIDGE=br0", 'BRIDGING_OPTS="priority=20 path_cost=50 hairpin_mode=1 isolated=1"')
        self.port("d1", "BRIDGE=br0")
        self.assertMadeAsPrinted()
        data = self.data("br0")
        for key, value in (("vlan_filtering", 1), ("vlan_default_pvid", 77), ("mcast_snooping", 0), ("priority", 4096)):
            self.assertEqual(data[key], value, key)
        port = self.data("d0", "info_slave_data")
        self.assertEqual((port["priority"], port["cost"], port["hairpin"], port["isolated"]), (20, 50, True, True))
        self.ifcfg("br0", 'TYPE=Bridge\nSTP=no\nDELAY=0\nBRIDGING_OPTS="vlan_filtering=0"\nIPADDR=192.0.2.5\nPREFIX=24\n')
        self.ifdawn("up")
        self.assertEqual((self.data("br0")["vlan_filtering"], self.data("br0")["stp_state"]), (0, 0))
        self.assertConverged()


class MissingModule(Stacks):
    NAMESPACE = Guest.FIRST

    def test_a_missing_module_is_named_and_costs_its_links_only(self):
        # What keeps the kernel from finding a module is the name of the program that loads it.
        self.shell("modprobe dummy", "ip link add d0 type dummy", "echo /bin/false >/proc/sys/kernel/modprobe")
        self.ifcfg("red", "TYPE=vrf\nVRF_TABLE=1010\nIPADDR=192.0.3.5\nPREFIX=32\n")
        self.ifcfg("d0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        run = self.ifdawn("up", code=1)
        self.assertSays(run, 'red: "vrf" is a kernel module that this image lacks; link not made')
        self.assertEqual(self.addresses("d0"), ["192.0.2.5/24"])
