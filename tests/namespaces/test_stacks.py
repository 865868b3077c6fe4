"""Links that lie on others: made in one run from whatever source, changed in place, and taken back by `down`.

The kinds here are those of every kernel that runs containers: bridge, veth, macvlan, vxlan. One that it has not stands
for a kind whose module is missing.
"""
import json
import os
import re
import time

from machine import Machine

BRIDGE = "DEVICE=br0\nTYPE=Bridge\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=192.0.2.5\nPREFIX=24\nDELAY=0\nSTP=no\n"
PORT = "DEVICE=%s\nTYPE=Ethernet\nONBOOT=yes\nBOOTPROTO=none\nBRIDGE=br0\n"
MACVLAN = (
    "DEVICE=mv0\nTYPE=macvlan\nONBOOT=yes\nBOOTPROTO=none\nPHYSDEV=br0\nMACVLAN_MODE=bridge\n"
    "IPADDR=198.51.100.5\nPREFIX=24\n"
)
VXLAN = (
    "DEVICE=vx0\nTYPE=vxlan\nONBOOT=yes\nBOOTPROTO=none\nVXLAN_ID=7\nVXLAN_REMOTE=203.0.113.9\nPHYSDEV=br0\n"
    "VXLAN_PORT=4789\nIPADDR=198.51.101.5\nPREFIX=24\n"
)
MAKES = re.compile(r"RTM_NEWLINK")


class Stacks(Machine):
    def details(self, name):
        return self.ip_json(f"-d link show dev {name}")[0]

    def data(self, name):
        return self.details(name)["linkinfo"]["info_data"]

    def all_names(self):
        return sorted(link["ifname"] for link in self.ip_json("link show"))

    def index(self, name):
        return self.link(name)["ifindex"]

    def owned(self, name):
        return self.read(f"run/ifdawn/owned-{name}").splitlines()

    def stack(self):
        """A bridge on two links, a macvlan and a VXLAN on the bridge."""
        self.cables("eth0", "eth1")
        self.network_script("ifcfg-br0", BRIDGE)
        self.network_script("ifcfg-mv0", MACVLAN)
        self.network_script("ifcfg-vx0", VXLAN)
        for name in ("eth0", "eth1"):
            self.network_script(f"ifcfg-{name}", PORT % name)

    def test_a_stack_comes_up_in_one_run(self):
        self.stack()
        run = self.ifdawn("up", trace="sendto,sendmsg")
        for name in ("eth0", "eth1"):
            self.assertEqual(self.link(name)["master"], "br0", f"the master of {name}")
        self.assertEqual(self.details("mv0")["link"], "br0", "what mv0 lies on")
        self.assertEqual(self.data("mv0")["mode"], "bridge")
        vxlan = self.data("vx0")
        self.assertEqual((vxlan["id"], vxlan["remote"], vxlan["port"]), (7, "203.0.113.9", 4789), vxlan)
        self.assertEqual(self.data("br0")["forward_delay"], 0)
        for name, addr in (("br0", "192.0.2.5/24"), ("mv0", "198.51.100.5/24"), ("vx0", "198.51.101.5/24")):
            self.assertEqual(self.addresses(name), [addr], name)
            self.assertIn("UP", self.link(name)["flags"], name)
        datagrams = [line for line in run.trace if MAKES.search(line)]
        self.assertEqual([len(MAKES.findall(line)) for line in datagrams], [1, 2], f"one datagram for each depth\n{run}")
        self.assertConverged()

    def test_the_command_line_makes_a_stack_too(self):
        self.cables("eth0", "eth1")
        words = ("--cmdline", "bridge=br0:eth0,eth1 ip=192.0.2.5::192.0.2.1:24::br0:none")
        self.ifdawn("up", *words)
        self.assertEqual([self.link(name)["master"] for name in ("eth0", "eth1")], ["br0", "br0"])
        self.assertEqual(self.data("br0")["forward_delay"], 0)
        self.assertEqual(self.addresses("br0"), ["192.0.2.5/24"])
        self.assertConverged(*words)

    def test_what_plan_prints_makes_the_same(self):
        self.stack()
        script = self.ifdawn("plan").out.splitlines()
        self.ifdawn("up")
        names = ("br0", "mv0", "vx0", "eth0", "eth1")
        of_its_own = re.compile(r"(_timer|root_id|bridge_id|designated|gc_timer|hold)")

        def shown():
            found = {}
            for name in names:
                details = self.details(name)
                for key in ("ifindex", "link_index", "address", "operstate", "qdisc"):
                    details.pop(key, None)
                for part in ("info_data", "info_slave_data"):
                    data = details.get("linkinfo", {}).get(part, {})
                    for key in [key for key in data if of_its_own.search(key)]:
                        del data[key]
                found[name] = (details, self.addresses(name))
            return found

        by_us = shown()
        self.new_machine()
        self.cables("eth0", "eth1")
        for line in script:
            self.ip(line.removeprefix("ip "))
        self.assertEqual(by_us, shown(), "`ip -d -j` after `up`, and after what `plan` printed\n" + "\n".join(script))

    def test_a_missing_module_costs_its_own_links_only(self):
        self.cables("eth0", "eth1")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifcfg("eth1", "MASTER=bond0\nSLAVE=yes\n")
        self.ifcfg("bond0", "TYPE=Bond\nBONDING_MASTER=yes\nBONDING_OPTS=\"mode=1\"\nIPADDR=192.0.4.5\nPREFIX=24\n")
        self.ifcfg("v5", "VLAN=yes\nPHYSDEV=bond0\nVLAN_ID=5\nIPADDR=192.0.5.5\nPREFIX=24\n")
        self.ifcfg("v6", "VLAN=yes\nPHYSDEV=v5\nVLAN_ID=5\nIPADDR=192.0.6.5\nPREFIX=24\n")
        self.ifcfg("br0", "TYPE=Bridge\nIPADDR=192.0.7.5\nPREFIX=24\n")
        run = self.ifdawn("up", code=1)
        wrong = [line for line in run.err.splitlines() if "module" in line or "not set" in line or "skipped" in line]
        self.assertEqual(len(wrong), 1, f"one complaint\n{run}")
        self.assertIn('bond0: "bonding" is a kernel module that this image lacks; link not made', wrong[0])
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        self.assertEqual(self.addresses("br0"), ["192.0.7.5/24"])
        owned = sorted(name for name in os.listdir(self.path("run/ifdawn")) if name.startswith("owned"))
        self.assertEqual(owned, ["owned-br0", "owned-eth0", "owned-eth1"], "what is not there is not owned")
        self.assertIn("UP", self.link("eth1")["flags"], "a port without its bond")
        self.assertNotIn("joined", self.read("run/ifdawn/owned-eth1"))

    def test_a_name_taken_by_another_kind_is_told_and_left_alone(self):
        self.cables("eth0")
        self.ip("link add br0 type veth peer name x0")
        self.ifcfg("br0", "TYPE=Bridge\nIPADDR=192.0.2.5\nPREFIX=24\n")
        run = self.ifdawn("up", code=1)
        self.assertSays(run, "br0", "is a link of another kind")
        self.assertEqual(self.addresses("br0"), [])
        self.assertEqual(self.details("br0")["linkinfo"]["info_kind"], "veth")

    def test_the_state_names_what_failed_before_it_was_there(self):
        self.cables("eth0")
        self.ip("link add br0 type veth peer name x0")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifcfg("eth9", "ONBOOT=no\n")
        self.ifcfg("br0", "TYPE=Bridge\n")
        self.ifcfg("mv0", "TYPE=macvlan\nPHYSDEV=br0\n")
        self.ifcfg("bond0", "TYPE=Bond\n")
        self.ifdawn("up", code=1)
        state = json.loads(self.read("run/ifdawn/state.json"))
        found = {link["name"]: link["state"] for link in state["links"]}
        self.assertEqual(len(found), len(state["links"]), "each link once")
        bond = {"bond0": "up"} if "bond0" in self.all_names() else {"bond0": "failed"}
        self.assertEqual(found, {"eth0": "up", "br0": "failed", "mv0": "failed", **bond})
        self.assertEqual(state["outcome"], "partial")

    # down

    def test_down_deletes_what_we_made_with_what_lies_on_it(self):
        self.stack()
        self.ip("link set lo up")
        before = self.everything()
        self.ifdawn("up")
        self.assertIn("made", self.owned("br0"))
        self.assertIn(f"joined {self.index('br0')}", self.owned("eth0"))
        run = self.ifdawn("down", "br0")
        self.assertSays(run, "mv0: gone")
        self.assertSays(run, "br0: gone")
        self.assertEqual(self.all_names(), ["eth0", "eth1", "lo"])
        self.ifdawn("down", "eth0", "eth1")
        left = [name for name in os.listdir(self.path("run/ifdawn")) if name.startswith("owned")]
        self.assertEqual(left, [])
        self.assertEqual(before, self.everything(), "`ip -j` before `up` and after `down`")
        self.ifdawn("up")
        self.assertConverged()

    def test_down_of_a_stack_takes_its_links_in_any_order(self):
        for order in (("br0", "mv0", "vx0"), ("vx0", "mv0", "br0"), ("mv0", "br0", "mv0", "vx0")):
            with self.subTest(order):
                self.new_machine()
                self.stack()
                self.ifdawn("up")
                run = self.ifdawn("down", *order)
                self.assertEqual(run.err.count(": gone"), 3, run)
                self.assertEqual(self.all_names(), ["eth0", "eth1", "lo"])
        self.assertSays(self.ifdawn("down", "br0", code=1), "br0: nothing of ours is on it")

    def test_down_of_a_port_releases_it(self):
        self.stack()
        self.ifdawn("up")
        self.ifdawn("down", "eth0")
        self.assertNotIn("master", self.link("eth0"))
        self.assertEqual(self.link("eth1")["master"], "br0")

    def test_down_leaves_what_others_made(self):
        self.ip("link add br0 type bridge")
        self.cables("eth0", "eth1")
        self.ip("link set eth0 master br0")
        self.network_script("ifcfg-br0", BRIDGE)
        self.network_script("ifcfg-eth0", PORT % "eth0")
        self.network_script("ifcfg-eth1", PORT % "eth1")
        self.ifdawn("up")
        self.assertConverged()
        self.ifdawn("down", "br0", "eth0", "eth1")
        self.assertIn("br0", self.all_names(), "the bridge is not ours")
        self.assertEqual(self.link("eth0")["master"], "br0", "eth0 was its port before")
        self.assertNotIn("master", self.link("eth1"))

    def test_down_refuses_to_delete_what_others_use(self):
        for use in ("link add link br0 name theirs type macvlan", "link set x0 master br0", "addr add 10.9.9.9/24 dev br0"):
            with self.subTest(use):
                self.new_machine()
                self.stack()
                self.ip("link add x0 type veth peer name x1")
                self.ifdawn("up")
                self.ip(use)
                run = self.ifdawn("down", "br0", code=1)
                self.assertSays(run, "br0", "is in use by others")
                self.assertSilent(run, "br0: down")
                self.assertIn("br0", self.all_names())
                self.assertIn("made", self.owned("br0"), "it is still ours")

    # Convergence

    def test_a_port_that_shall_be_none_any_more_leaves(self):
        self.stack()
        self.ifdawn("up")
        self.network_script("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=203.0.113.5\nPREFIX=24\n")
        self.assertIn("ip link set dev eth0 nomaster", self.ifdawn("plan").out)
        self.ifdawn("up")
        self.assertNotIn("master", self.link("eth0"))
        self.assertEqual(self.addresses("eth0"), ["203.0.113.5/24"])
        self.assertEqual(self.link("eth1")["master"], "br0", "eth1 still shall be one")
        self.assertConverged()
        # Somebody else's doing is left alone.
        self.ip("link set eth0 master br0")
        self.assertConverged()
        self.assertEqual(self.link("eth0")["master"], "br0")
        # The bridge is still ours.
        self.ip("link set eth0 nomaster")
        self.ifdawn("down", "br0")
        self.assertNotIn("br0", self.all_names())

    def test_a_port_does_not_join_what_is_gone(self):
        self.cables("eth0")
        self.network_script("ifcfg-br0", BRIDGE)
        self.network_script("ifcfg-eth0", PORT % "eth0")
        self.ifdawn("up")
        self.ip("link del br0")
        os.remove(self.path("etc/sysconfig/network-scripts/ifcfg-br0"))
        self.assertConverged()

    def test_options_are_changed_in_place(self):
        self.stack()
        self.ifdawn("up")
        before = {name: self.index(name) for name in ("br0", "mv0", "vx0")}
        self.network_script("ifcfg-br0", BRIDGE.replace("STP=no", "STP=yes").replace("DELAY=0", "DELAY=4"))
        self.network_script("ifcfg-mv0", MACVLAN.replace("=bridge", "=vepa"))
        self.network_script("ifcfg-vx0", VXLAN.replace("203.0.113.9", "203.0.113.10"))
        run = self.ifdawn("up", trace="sendto,sendmsg")
        self.assertNotIn("RTM_DELLINK", run.changes())
        self.assertEqual((self.data("br0")["stp_state"], self.data("br0")["forward_delay"]), (1, 400))
        self.assertEqual(self.data("mv0")["mode"], "vepa")
        self.assertEqual(self.data("vx0")["remote"], "203.0.113.10")
        self.assertEqual(before, {name: self.index(name) for name in before}, "the links are the same")
        self.assertConverged()

    def test_what_cannot_be_changed_is_made_anew(self):
        self.stack()
        self.ifdawn("up")
        self.network_script("ifcfg-vx0", VXLAN.replace("VXLAN_ID=7", "VXLAN_ID=8"))
        plan = self.ifdawn("plan").out.splitlines()
        self.assertEqual(plan[0], "ip link del dev vx0", plan)
        self.assertIn("ip addr add 198.51.101.5/24 brd 198.51.101.255 dev vx0", plan)
        self.ifdawn("up")
        self.assertEqual(self.data("vx0")["id"], 8)
        self.assertEqual(self.addresses("vx0"), ["198.51.101.5/24"])
        self.assertConverged()
        self.ifdawn("down", "vx0")
        self.assertNotIn("vx0", self.all_names(), "it is ours still")

    def test_what_others_use_is_not_made_anew(self):
        self.stack()
        self.ifdawn("up")
        self.ip("addr add 10.9.9.9/24 dev vx0")
        before = self.everything()
        self.network_script("ifcfg-vx0", VXLAN.replace("VXLAN_ID=7", "VXLAN_ID=8").replace("198.51.101.5", "198.51.101.6"))
        self.assertEqual(self.ifdawn("plan").out, "")
        run = self.ifdawn("up", code=1)
        self.assertSays(run, "ifcfg-vx0", "vx0", '"id" differs, and the link is in use by others; nothing was changed')
        self.assertEqual(before, self.everything())

    # Waiting

    def test_a_bridge_waits_for_its_first_port(self):
        self.stack()
        self.network_script("ifcfg-br0", BRIDGE + "DEVTIMEOUT=5\n")
        self.ip("link del eth0")
        self.ip("link del eth1")
        up = self.start("up")
        self.eventually("br0 is made", lambda: "br0" in self.all_names())
        self.cables("eth1")
        self.eventually("eth1 is its port", lambda: self.link("eth1").get("master") == "br0")
        self.end(up)

    def test_a_bridge_without_any_port_fails(self):
        self.network_script("ifcfg-br0", BRIDGE + "DEVTIMEOUT=1\n")
        self.network_script("ifcfg-eth0", PORT % "eth0" + "DEVTIMEOUT=1\n")
        run = self.ifdawn("up", code=1)
        self.assertSays(run, "br0", "its first port did not come in time")

    def test_a_port_that_never_comes_is_no_error_where_another_came(self):
        self.cables("eth1")
        self.network_script("ifcfg-br0", BRIDGE)
        for name in ("eth0", "eth1"):
            self.network_script(f"ifcfg-{name}", PORT % name + "DEVTIMEOUT=1\n")
        run = self.ifdawn("up")
        self.assertSays(run, "eth0", "the device did not come in time")

    def test_a_parent_may_come_late(self):
        self.network_script("ifcfg-mv0", MACVLAN.replace("br0", "eth0") + "DEVTIMEOUT=10\n")
        up = self.start("up")
        self.eventually("the program waits", lambda: self.exists("run/ifdawn/lock"))
        self.cables("eth0")
        self.finish(up)
        self.assertEqual(self.addresses("mv0"), ["198.51.100.5/24"])
        self.assertConverged()

    def test_a_parent_may_be_missing_or_come_late_whatever_lies_on_it(self):
        for kind in ("macvlan", "macvtap", "vxlan\nVXLAN_ID=7\nVXLAN_REMOTE=203.0.113.9"):
            with self.subTest(kind):
                self.new_machine()
                self.ifcfg("x0", f"TYPE={kind}\nPHYSDEV=eth0\nDEVTIMEOUT=1\nIPADDR=192.0.2.5\nPREFIX=24\n")
                self.ifcfg("br0", "TYPE=Bridge\nIPADDR=198.51.100.5\nPREFIX=24\n")
                run = self.ifdawn("up", code=1)
                self.assertSays(run, "x0: the link it lies on did not come in time; link skipped")
                self.assertEqual(self.addresses("br0"), ["198.51.100.5/24"], "the others are not concerned")
                self.ifcfg("x0", f"TYPE={kind}\nPHYSDEV=eth0\nIPADDR=192.0.2.5\nPREFIX=24\n")
                os.remove(self.path("run/ifdawn/lock"))
                up = self.start("up")
                self.eventually("the program waits", lambda: self.exists("run/ifdawn/lock"))
                self.cables("eth0")
                self.finish(up)
                self.assertEqual(self.addresses("x0"), ["192.0.2.5/24"])
                self.assertConverged()

    def test_what_says_not_on_what_it_lies_is_told_so(self):
        self.ifcfg("x0", "TYPE=macvlan\n")
        self.assertSays(self.ifdawn("up", code=3), 'DEVICE: "x0" its parent is missing; file ignored')

    def test_a_master_that_nobody_makes_is_told(self):
        self.cables("eth0")
        self.ifcfg("eth0", "BRIDGE=br1\n")
        self.assertSays(self.ifdawn("up"), "ifcfg-eth0: eth0: its master is missing")
        self.assertNotIn("master", self.link("eth0"))
        self.ifcfg("br1", "TYPE=Bridge\n")
        self.assertNotIn("missing", self.ifdawn("up").err)
        self.assertEqual(self.link("eth0")["master"], "br1")

    def test_a_second_master_is_told(self):
        self.cables("eth0")
        self.ifcfg("eth0", "BRIDGE=br0\nMASTER=bond0\nSLAVE=yes\n")
        self.ifcfg("br0", "TYPE=Bridge\n")
        self.assertSays(self.ifdawn("up"), 'ifcfg-eth0:', 'MASTER: "bond0" is not its only master; key unset')
        self.assertEqual(self.link("eth0")["master"], "br0")

    def test_watch_takes_a_late_port_without_disturbing_the_other(self):
        self.stack()
        self.network_script("ifcfg-eth9", PORT % "eth9")
        watch = self.start("watch")
        self.eventually("br0 is up", lambda: "br0" in self.all_names() and self.addresses("br0") == ["192.0.2.5/24"])
        self.eventually("eth0 is in", lambda: self.link("eth0").get("master") == "br0")
        before = self.ip("link show dev eth0"), self.addresses("br0"), self.index("br0")
        self.cables("eth9")
        self.eventually("eth9 is in", lambda: self.link("eth9").get("master") == "br0")
        self.eventually("eth9 is up", lambda: "UP" in self.link("eth9")["flags"])
        self.assertEqual(before, (self.ip("link show dev eth0"), self.addresses("br0"), self.index("br0")))
        self.end(watch)

    def test_an_option_out_of_range_costs_itself(self):
        for least, most in (("hello_time=100", "max_age=4000"), ("max_age=600", "hello_time=1000 multicast_router=2")):
            self.ifcfg("br0", f'TYPE=Bridge\nBRIDGING_OPTS="{least} {most} priority=7"\nIPADDR=192.0.2.5\nPREFIX=24\n')
            self.assertSilent(self.ifdawn("up"), "not set")
            self.ifdawn("down", "br0")
        self.ifcfg(
            "br0",
            'TYPE=Bridge\nBRIDGING_OPTS="hello_time=2 max_age=20 multicast_router=3 priority=7"\nIPADDR=192.0.2.5\nPREFIX=24\n',
        )
        run = self.ifdawn("up")
        for option in ("hello_time=2", "max_age=20", "multicast_router=3"):
            self.assertSays(run, f'"{option}" is not a number in range; left out')
        self.assertEqual((self.data("br0")["priority"], self.data("br0")["hello_time"]), (7, 200))
        self.assertEqual(self.addresses("br0"), ["192.0.2.5/24"])

    def test_a_refused_bridge_is_not_asked_for_again_and_again(self):
        self.ifcfg("br0", 'TYPE=Bridge\nBRIDGING_OPTS="vlan_filtering=1"\nIPADDR=192.0.2.5\nPREFIX=24\n')
        watch = self.start("watch", "-vv", "--log", "stderr")
        self.eventually("the state says so", lambda: self.exists("run/ifdawn/state.json"))
        watch.terminate()
        run = self.finish(watch, code=None)
        if "br0" in self.all_names():
            self.skipTest("this kernel has the option")
        self.assertEqual(run.err.count("ip link add"), 2, f"the command and the complaint\n{run}")

    def test_what_the_kernel_makes_of_an_option_is_not_fought(self):
        # it takes no more than a day, and says nothing
        self.ifcfg("br0", 'TYPE=Bridge\nBRIDGING_OPTS="multicast_query_interval=9000000"\nIPADDR=192.0.2.5\nPREFIX=24\n')
        watch = self.start("watch", "-vv", "--log", "stderr")
        self.eventually("br0 is up", lambda: "br0" in self.all_names() and self.addresses("br0") == ["192.0.2.5/24"])
        if self.data("br0")["mcast_query_intvl"] == 9000000:
            self.skipTest("this kernel takes any number")
        time.sleep(0.3)
        watch.terminate()
        run = self.finish(watch, code=None)
        self.assertIn(run.err.count("mcast_query_interval"), range(2, 6), f"the making, and a few tries more\n{run}")

    def test_what_others_change_is_set_again_each_time(self):
        self.network_script("ifcfg-br0", BRIDGE)
        watch = self.start("watch")
        self.eventually("br0 is up", lambda: "br0" in self.all_names() and self.addresses("br0") == ["192.0.2.5/24"])
        for _ in range(3):
            self.ip("link set dev br0 type bridge forward_delay 700")
            self.eventually("it is as it was", lambda: self.data("br0")["forward_delay"] == 0)
        self.end(watch)
