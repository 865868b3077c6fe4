"""`watch` reads its sources again when they change, when it is told to, and only what is whole."""
import os
import signal
import time

import wire
from dhcp import read
from watching import WatchMachine

DIRECTORY = "etc/sysconfig/network-scripts"
AGAIN = "sources are read again"


class Reload(WatchMachine):
    def file(self, name="ifcfg-eth0"):
        return self.path(f"{DIRECTORY}/{name}")

    def put(self, name, text):
        """Puts a file into its place as editors do."""
        self.write(f"{DIRECTORY}/.{name}.new", text)
        os.rename(self.file(f".{name}.new"), self.file(name))

    def becomes(self, link, *addrs, within=3.0):
        self.eventually(f"{link} has {addrs}", lambda: sorted(self.addresses(link)) == sorted(addrs), within)

    def test_a_new_file_is_a_new_link(self):
        self.static()
        self.cables("eth1")
        process = self.supervise()
        with self.monitor("address", "route", "link") as lines:
            self.put("ifcfg-eth1", "DEVICE=eth1\nONBOOT=yes\nIPADDR=198.51.100.5\nPREFIX=24\n")
            self.becomes("eth1", "198.51.100.5/24")
            self.settle()
        self.assertEqual([line for line in lines if "eth0" in line and "fe80" not in line], [], "of eth0 nothing changes")
        run = self.stop_watch(process)
        self.assertIn("eth1: up, 198.51.100.5/24", run.err)

    def test_only_the_difference_is_made(self):
        self.static(text="GATEWAY=192.0.2.1\nIPADDR2=192.0.2.6\nPREFIX2=24\n")
        process = self.supervise()
        with self.monitor("address", "route", "link") as lines:
            self.put("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nIPADDR3=192.0.2.7\nPREFIX3=24\n")
            self.becomes("eth0", "192.0.2.5/24", "192.0.2.7/24")
            self.settle()
        self.assertEqual([line for line in lines if "Deleted" in line and ("192.0.2.5/24" in line or "default" in line)], [], "what stays is not taken away")
        self.stop_watch(process)

    def test_a_file_that_goes_takes_its_link_with_it(self):
        self.static()
        self.static("eth1", "198.51.100.5", "")
        process = self.supervise()
        os.remove(self.file("ifcfg-eth1"))
        self.becomes("eth1")
        self.eventually("it is as it was before us", lambda: "UP" not in self.link("eth1")["flags"], 2)
        self.assertEqual(os.path.exists(self.path("run/ifdawn/owned-eth1")), False, "nothing of it is ours")
        self.assertTrue(self.is_bound("192.0.2.5/24"), "the other one stays")
        self.stop_watch(process)

    def test_onboot_says_nothing_of_now(self):
        self.static()
        process = self.supervise()
        self.put("ifcfg-eth0", "DEVICE=eth0\nONBOOT=no\nIPADDR=192.0.2.9\nPREFIX=24\n")
        self.becomes("eth0", "192.0.2.9/24")
        self.stop_watch(process)

    def test_what_is_half_written_is_not_read(self):
        self.static()
        process = self.supervise()
        with open(self.file(), "w") as file:
            file.write("DEVICE=eth0\nIPADDR=192.0.2")
            file.flush()
            time.sleep(0.5)
            os.kill(process.pid, signal.SIGHUP)
            # another file, which is whole, has to wait with it
            self.put("route-eth0", "10.0.0.0/8 via 192.0.2.2\n")
            time.sleep(0.5)
            self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "while it is open")
            self.assertEqual(self.routes("10.0.0.0/8"), [], "while it is open")
            file.write(".8\nPREFIX=24\n")
        self.becomes("eth0", "192.0.2.8/24")
        self.eventually("the route is there", lambda: self.routes("10.0.0.0/8"), 2)
        self.assertEqual(self.stop_watch(process).err.count(AGAIN), 1, "all of it at once")

    def test_a_new_file_that_is_open_is_not_read(self):
        self.static()
        self.cables("eth1")
        process = self.supervise()
        with open(self.file("ifcfg-eth1"), "x") as file:
            time.sleep(0.5)
            os.kill(process.pid, signal.SIGHUP)
            time.sleep(0.3)
            file.write("DEVICE=eth1\nONBOOT=yes\nIPADDR=198.51.100.5\nPREFIX=24\n")
        self.becomes("eth1", "198.51.100.5/24")
        self.assertEqual(self.stop_watch(process).err.count(AGAIN), 1)

    def test_links_to_files_count(self):
        self.static()
        self.cables("eth1", "eth2")
        process = self.supervise()
        for link, make in (("eth1", os.symlink), ("eth2", os.link)):
            self.write(f"etc/{link}", f"DEVICE={link}\nONBOOT=yes\nIPADDR=198.51.100.5\nPREFIX=24\n")
            make(self.path(f"etc/{link}"), self.file(f"ifcfg-{link}"))
            self.becomes(link, "198.51.100.5/24")
        self.stop_watch(process)

    def test_files_of_editors_are_none_of_ours(self):
        self.static()
        process = self.supervise()
        with open(self.file(".ifcfg-eth0.swp"), "w") as swap:
            swap.write("x")
            swap.flush()
            for name in ("ifcfg-eth0~", "ifcfg-eth0.bak", "4913", ".#ifcfg-eth0"):
                self.put(name, "DEVICE=eth0\nIPADDR=192.0.2.77\nPREFIX=24\n")
            time.sleep(0.5)
            self.put("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.8\nPREFIX=24\n")
            self.becomes("eth0", "192.0.2.8/24")
        self.assertEqual(self.stop_watch(process).err.count(AGAIN), 1)

    def test_each_other_source_counts(self):
        self.static(text="ETHTOOL_OPTS=\n")
        process = self.supervise()
        self.write("etc/sysconfig/network", "GATEWAY=192.0.2.9\n")
        self.eventually("the gateway of the network file", lambda: "192.0.2.9" in str(self.default_routes()), 3)
        self.write("etc/sysconfig/static-routes", "any net 10.1.0.0/16 gw 192.0.2.3\n")
        self.eventually("a static route", lambda: self.routes("10.1.0.0/16"), 3)
        self.put("route-eth0", "10.2.0.0/16 via 192.0.2.3\n")
        self.eventually("a route", lambda: self.routes("10.2.0.0/16"), 3)
        self.put("rule-eth0", "from 192.0.2.5 table 7 priority 77\n")
        self.eventually("a rule", lambda: "77:" in self.ip("rule"), 3)
        os.remove(self.file("rule-eth0"))
        self.eventually("no rule", lambda: "77:" not in self.ip("rule"), 3)
        self.stop_watch(process)

    def test_what_is_wrong_costs_itself_and_is_said_again(self):
        self.static()
        process = self.supervise()
        for _ in range(2):
            self.put("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.5\nPREFIX=24\nIPADDR2=192.0.2.300\n")
            time.sleep(0.5)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        self.assertEqual(self.stop_watch(process).err.count('IPADDR2: "192.0.2.300" is not an IPv4 address'), 2)

    def test_a_directory_that_goes_changes_nothing_and_may_come_back(self):
        self.static()
        process = self.supervise()
        os.rename(self.path(DIRECTORY), self.path("etc/sysconfig/away"))
        time.sleep(0.5)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        os.makedirs(self.path(DIRECTORY))
        self.put("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.8\nPREFIX=24\n")
        self.becomes("eth0", "192.0.2.8/24")
        self.put("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.9\nPREFIX=24\n")
        self.becomes("eth0", "192.0.2.9/24")
        self.assertIn("network-scripts: ENOENT; nothing was changed", self.stop_watch(process).err)

    def test_a_file_that_cannot_be_read_takes_no_link_with_it(self):
        self.static()
        process = self.supervise()
        os.rename(self.file(), self.file(".away"))
        os.mkdir(self.file())
        time.sleep(0.5)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        self.assertIn("UP", self.link("eth0")["flags"])
        os.rmdir(self.file())
        self.put("ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.8\nPREFIX=24\n")
        self.becomes("eth0", "192.0.2.8/24")
        os.remove(self.file())
        self.becomes("eth0")
        self.assertIn("ifcfg-eth0: EISDIR; file ignored", self.stop_watch(process, code=3).err)

    def test_sighup_reads_what_no_event_told(self):
        self.static()
        self.write("etc/behind", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.5\nPREFIX=24\n")
        os.remove(self.file())
        os.symlink(self.path("etc/behind"), self.file())
        process = self.supervise()
        self.write("etc/behind", "DEVICE=eth0\nONBOOT=yes\nIPADDR=192.0.2.8\nPREFIX=24\n")
        time.sleep(0.4)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        os.kill(process.pid, signal.SIGHUP)
        self.becomes("eth0", "192.0.2.8/24")
        self.stop_watch(process)

    def test_a_storm_of_changes_is_one(self):
        self.static()
        process = self.supervise()
        for n in range(100):
            self.put("route-eth0", f"10.{n}.0.0/16 via 192.0.2.3\n")
        self.eventually("the last one", lambda: self.routes("10.99.0.0/16"), 3)
        self.assertLessEqual(self.stop_watch(process).err.count(AGAIN), 3)

    def test_a_lease_goes_on(self):
        self.dhcp("eth1")
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", lease=600)
        process = self.watch()
        server.clear()
        # The numbers of the links change, and what is said of one.
        os.remove(self.file("ifcfg-eth1"))
        self.put("route-eth0", "10.0.0.0/8 via 192.0.2.2\n")
        self.eventually("the route is there", lambda: self.routes("10.0.0.0/8"), 3)
        time.sleep(0.3)
        self.assertEqual(server.messages(), [], "nothing is asked again")
        self.put("ifcfg-eth0", read(self.file()) + "DHCP_HOSTNAME=other\n")
        server.wait_for("a client that says something else asks again", lambda _: server.messages(wire.REQUEST), 3)
        self.assertEqual(server.messages(wire.REQUEST)[0].options[12], b"other")
        self.assertBound()
        self.stop_watch(process)

    def test_sigusr1_writes_the_state(self):
        self.static()
        process = self.supervise()
        os.remove(self.path("run/ifdawn/state.json"))
        os.kill(process.pid, signal.SIGUSR1)
        self.eventually("state.json", lambda: os.path.exists(self.path("run/ifdawn/state.json")), 2)
        self.assertAsleep(0.3)
        self.stop_watch(process)


class Release(WatchMachine):
    def test_what_it_leaves_is_given_back_where_that_is_asked_for(self):
        self.dhcp("eth0")
        self.static("eth1", "198.51.100.5", "")
        server = wire.Scripted(self, "port0", lease=600)
        process = self.watch("--release")
        self.stop_watch(process)
        server.wait_for("the lease is given back", lambda _: server.messages(wire.RELEASE), 3)
        self.assertEqual(self.addresses("eth0") + self.addresses("eth1"), [])
        self.assertEqual(sorted(os.listdir(self.path("run/ifdawn"))), ["lock", "state.json"])

    def test_without_it_the_network_stays(self):
        self.static()
        process = self.supervise()
        before = self.everything()
        self.stop_watch(process)
        self.assertEqual(self.everything(), before)
