"""What `up`, `down` and `reload` ask of a supervisor, and do alone where none runs."""
import contextlib
import os
import signal
import time

import wire
from asking import ANOTHER, Asked
from dhcp import read


class Up(Asked):
    def test_a_link_that_is_not_for_boot_comes_up_and_is_kept(self):
        self.static()
        self.eth1("DNS1=198.51.100.53\n", onboot="no")
        process = self.supervise()
        self.assertEqual(self.addresses("eth1"), [])
        run = self.ifdawn("up", "eth1")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"], "when it ends")
        self.assertSays(run, "ifdawn: eth1: up, 198.51.100.5/24")
        self.assertIn("198.51.100.53", self.read("etc/resolv.conf"))
        self.settle()
        self.ip("addr del 198.51.100.5/24 dev eth1")
        self.eventually("it is kept", lambda: self.is_bound("198.51.100.5/24", "eth1"), 3)
        os.kill(process.pid, signal.SIGHUP)
        self.settle()
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"], "whatever is read again")
        self.assertAsleep(0.3)
        self.stop_watch(process)

    def test_the_file_is_read_anew(self):
        self.static()
        self.eth1()
        process = self.supervise("-q")
        self.network_script("ifcfg-eth1", "DEVICE=eth1\nIPADDR=198.51.100.6\nPREFIX=24\n")
        run = self.ifdawn("up", "eth1")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.6/24"], "at once")
        self.assertSays(run, "eth1: up, 198.51.100.6/24")
        self.assertEqual(self.stop_watch(process).err, "", "what is quiet is so")

    def test_it_says_each_time_how_the_link_is(self):
        self.static()
        process = self.supervise()
        for words in (["eth0"], ["eth0"], []):
            run = self.ifdawn("up", *words)
            self.assertSays(run, "ifdawn: eth0: up, 192.0.2.5/24")
            self.assertEqual(self.ifdawn("up", *words, "-q").err, "", "quiet")
        self.stop_watch(process)

    def test_nothing_is_touched_that_is_as_it_shall_be(self):
        self.static()
        self.eth1()
        process = self.supervise()
        self.settle()
        with self.monitor("link", "address", "route") as lines:
            self.ifdawn("up", "eth0")
            self.ifdawn("up")
            self.ifdawn("reload")
        self.assertEqual([line for line in lines if "eth" in line], [])
        self.stop_watch(process)

    def test_what_does_not_come_up_fails(self):
        self.static()
        self.eth1("DEVTIMEOUT=1\n")
        self.ip("link del eth1")
        process = self.start("watch")
        self.eventually("eth0 is up", lambda: self.is_bound("192.0.2.5/24"), 5)
        run = self.ifdawn("up", "eth1", code=1)
        self.assertSays(run, "eth1: the device did not come in time")
        self.assertSays(self.ifdawn("up", "eth7", code=1), "eth7: no source names this link")
        self.ifdawn("up", "eth0", "eth7", code=1)
        self.ifdawn("up", "eth0")
        self.stop_watch(process, code=1)

    def test_a_lease_is_waited_for_and_no_longer_than_is_said(self):
        self.static()
        self.dhcp("eth1", text="IPV4_DHCP_TIMEOUT=30\n")
        process = self.supervise()
        started = time.monotonic()
        self.assertSays(self.ifdawn("up", "eth1", "--timeout", "1", code=1), "/run/ifdawn/control: ETIMEDOUT")
        self.assertLess(time.monotonic() - started, 10)
        wire.Scripted(self, "port1", pool=["198.51.100.100"], server="198.51.100.1")
        self.assertSays(self.ifdawn("up", "eth1"), "eth1: up, 198.51.100.100/24")
        self.stop_watch(process)

    def test_others_are_served_while_one_waits(self):
        self.static()
        self.dhcp("eth1", text="IPV4_DHCP_TIMEOUT=30\n")
        process = self.supervise()
        waiting = [self.start("up", "eth1") for _ in range(20)]
        for process_ in waiting:
            self.assertIsNone(process_.poll())
        self.ifdawn("up", "eth0", within=5)
        self.ifdawn("down", "eth0", within=5)
        self.ifdawn("up", "eth0", within=5)
        waiting[0].kill()
        wire.Scripted(self, "port1", pool=["198.51.100.100"], server="198.51.100.1")
        for run in waiting[1:]:
            self.assertIn("eth1: up, 198.51.100.100/24", self.finish(run).err)
        self.assertTrue(self.is_bound("192.0.2.5/24"))
        self.settle()
        self.assertEqual(self.sockets_of(process), 1, "nobody is kept who was answered or went away")
        self.stop_watch(process)

    def sockets_of(self, process):
        """How many of its descriptors are sockets in the file system, or were made by one."""
        paths = [line.split() for line in read(f"/proc/{process.pid}/net/unix").splitlines()[1:]]
        own = {fields[6] for fields in paths if len(fields) > 7 and fields[7].endswith("control")}
        files = f"/proc/{process.pid}/fd"
        names = []
        for file in os.listdir(files):
            with contextlib.suppress(OSError):
                names.append(os.readlink(f"{files}/{file}"))
        return sum(name == f"socket:[{inode}]" for name in names for inode in own)

    def test_sources_of_its_own_are_refused(self):
        self.static()
        process = self.supervise()
        for words in (["--cmdline", ""], ["--cmdline-file", "/dev/null"], ["--sources", "ifcfg"], ["--ifcfg-dir", "/"], ["--resolv-conf", "/x"], ["--initramfs"]):
            for command in (["up"], ["up", "eth0"], ["down", "eth0"], ["reload"]):
                run = self.ifdawn(*command, *words, code=1)
                self.assertSays(run, f"{ANOTHER}{process.pid}; nothing was changed")
        self.assertTrue(self.is_bound("192.0.2.5/24"))
        self.stop_watch(process)

    def test_without_a_supervisor_they_act_alone(self):
        self.static()
        self.eth1(onboot="no")
        self.ifdawn("up", "eth1", "eth0")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"])
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        self.ifdawn("down", "eth1")
        self.assertEqual(self.addresses("eth1"), [])


class Down(Asked):
    def test_it_leaves_nothing_and_stays_down(self):
        self.static(text="DNS1=192.0.2.53\n")
        self.eth1("DNS1=198.51.100.53\n")
        process = self.supervise()
        self.eventually("eth1 is up", lambda: self.is_bound("198.51.100.5/24", "eth1"), 3)
        run = self.ifdawn("down", "eth1")
        self.assertEqual(self.addresses("eth1"), [])
        self.assertSays(run, "ifdawn: eth1: down")
        self.assertFalse(self.is_up("eth1"))
        self.assertFalse(self.exists("run/ifdawn/owned-eth1"))
        self.assertNotIn("198.51.100.53", self.read("etc/resolv.conf"))
        self.assertIn("192.0.2.53", self.read("etc/resolv.conf"))
        self.assertEqual(self.links_in_state(), ["eth0"])
        for _ in range(3):
            self.on_switch("link set port1 down", "link set port1 up")
        self.ip("link set eth1 up")
        self.settle()
        self.assertEqual(self.addresses("eth1"), [], "whatever becomes of its carrier")
        self.ifdawn("reload")
        os.kill(process.pid, signal.SIGHUP)
        self.network_script("ifcfg-eth1", "DEVICE=eth1\nONBOOT=yes\nIPADDR=198.51.100.6\nPREFIX=24\n")
        time.sleep(0.4)
        self.settle()
        self.assertEqual(self.addresses("eth1"), [], "whatever is read again")
        self.assertAsleep(0.3)
        self.assertSays(self.ifdawn("up", "eth1"), "eth1: up, 198.51.100.6/24")
        self.assertEqual(self.links_in_state(), ["eth0", "eth1"])
        self.stop_watch(process)

    def test_up_of_everything_takes_it_back(self):
        self.static()
        self.eth1()
        self.cables("eth2")
        self.network_script("ifcfg-eth2", "DEVICE=eth2\nONBOOT=no\nIPADDR=203.0.113.5\nPREFIX=24\n")
        process = self.supervise()
        self.ifdawn("up", "eth2")
        self.ifdawn("down", "eth1")
        self.ip("link set eth0 down")
        self.settle()
        self.assertFalse(self.is_up("eth0"), "an administrator's will")
        self.ifdawn("up")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"])
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        self.ip("addr del 203.0.113.5/24 dev eth2")
        self.eventually("what was asked for by name is kept", lambda: self.is_bound("203.0.113.5/24", "eth2"), 3)
        self.stop_watch(process)

    def test_again_and_again(self):
        self.static()
        self.eth1()
        process = self.supervise()
        for _ in range(7):
            self.assertSays(self.ifdawn("down", "eth1"), "eth1: down")
            self.assertEqual((self.addresses("eth1"), self.is_up("eth1")), ([], False))
            self.assertSays(self.ifdawn("up", "eth1"), "eth1: up, 198.51.100.5/24")
            self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"])
        self.stop_watch(process)

    def test_a_file_that_goes_and_comes_again_and_again(self):
        self.static()
        self.eth1()
        process = self.supervise()
        text = self.read("etc/sysconfig/network-scripts/ifcfg-eth1")
        for _ in range(3):
            os.remove(self.path("etc/sysconfig/network-scripts/ifcfg-eth1"))
            self.ifdawn("reload")
            self.assertFalse(self.is_up("eth1"), "when it ends")
            self.assertFalse(self.exists("run/ifdawn/owned-eth1"))
            self.settle()
            self.assertEqual(self.links_in_state(), ["eth0"])
            self.network_script("ifcfg-eth1", text)
            self.ifdawn("reload")
            self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"])
        self.assertSilent(self.stop_watch(process), "taken down")

    def test_what_is_not_ours_is_an_error(self):
        self.static()
        self.cables("eth1")
        process = self.supervise()
        self.assertSays(self.ifdawn("down", "eth1", code=1), "eth1: ")
        self.ifdawn("down", "eth0", "eth7", code=1)
        self.assertEqual(self.addresses("eth0"), [])
        self.ifdawn("down", "eth0", code=1)
        self.stop_watch(process)

    def test_what_lies_on_it_goes_with_it(self):
        self.static()
        self.cables("eth1")
        self.network_script("ifcfg-br0", "DEVICE=br0\nTYPE=Bridge\nONBOOT=yes\nIPADDR=203.0.113.5\nPREFIX=24\n")
        self.network_script("ifcfg-eth1", "DEVICE=eth1\nBRIDGE=br0\nONBOOT=yes\n")
        self.network_script("ifcfg-mv0", "DEVICE=mv0\nTYPE=macvlan\nPHYSDEV=br0\nONBOOT=yes\nIPADDR=198.51.100.5\nPREFIX=24\n")
        process = self.supervise()
        self.eventually("all is up", lambda: "mv0" in self.all_names() and self.is_bound("198.51.100.5/24", "mv0"), 5)
        for _ in range(2):
            # In this order the second one went with the first.
            self.ifdawn("down", "br0", "mv0")
            self.settle()
            self.assertEqual(self.all_names() & {"br0", "mv0"}, set(), "they were made by us")
            self.assertTrue(self.is_bound("192.0.2.5/24"))
            self.assertNotIn("UP", self.link("eth1")["flags"] if not self.exists("run/ifdawn/owned-eth1") else [])
            self.ifdawn("up", "mv0", "br0", "eth1")
            self.assertEqual(self.addresses("br0"), ["203.0.113.5/24"])
            self.assertEqual(self.addresses("mv0"), ["198.51.100.5/24"])
            self.assertEqual(self.link("eth1")["master"], "br0")
        self.stop_watch(process)

    def all_names(self):
        return {link["ifname"] for link in self.ip_json("link")}

    def test_leases_of_others_live_on(self):
        self.dhcp("eth0", "eth1", text="DHCPRELEASE=yes\n")
        server = wire.Scripted(self, "port0", options={6: wire.addr("192.0.2.53")})
        other = wire.Scripted(self, "port1", server="198.51.100.1", pool=["198.51.100.100"])
        process = self.watch()
        self.eventually("eth1 has a lease", lambda: self.is_bound("198.51.100.100/24", "eth1"), 5)
        self.settle()
        server.clear()
        with self.monitor("address") as lines:
            before = os.stat(self.path("etc/resolv.conf")).st_ino
            for _ in range(2):
                self.ifdawn("down", "eth1")
                other.wait_for("it is given back", lambda _: other.messages(wire.RELEASE), 3)
                other.clear()
                self.assertFalse(self.exists("run/ifdawn/lease-eth1"))
                self.assertIn("192.0.2.53", self.resolv_conf())
                self.ifdawn("up", "eth1")
                self.assertEqual([asked.kind for asked in other.messages()][:1], [wire.DISCOVER], "it begins anew")
                self.assertTrue(self.is_bound("198.51.100.100/24", "eth1"))
            self.ifdawn("down", "eth1", "--release")
            self.settle()
            self.assertEqual(os.stat(self.path("etc/resolv.conf")).st_ino, before, "resolv.conf stays as it is")
        self.assertEqual([line for line in lines if "eth0" in line], [])
        self.assertEqual(server.messages(), [], "nothing is asked for the other link")
        self.assertTrue(self.is_bound())
        self.assertEqual(self.lease()["IPV4ADDR"], "192.0.2.100")
        self.stop_watch(process)

    def test_waits_begin_anew(self):
        self.static()
        self.dhcp("eth1", text="IPV4_DHCP_TIMEOUT=3\n")
        process = self.supervise()
        self.assertSays(self.ifdawn("up", "eth1", code=1), "eth1: ")
        started = time.monotonic()
        self.assertSays(self.ifdawn("up", "eth1", code=1), "eth1: ")
        self.assertGreater(time.monotonic() - started, 2, "seconds")
        self.stop_watch(process, code=1)

    def test_release_gives_it_back(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0")
        process = self.watch()
        self.ifdawn("down", "eth0", "--release")
        server.wait_for("a RELEASE", lambda _: server.messages(wire.RELEASE), 3)
        self.assertUnbound()
        self.ifdawn("up", "eth0")
        server.clear()
        self.ifdawn("down", "eth0")
        self.settle()
        self.assertEqual(server.messages(wire.RELEASE), [], "only where that is asked for")
        self.stop_watch(process)


class Reload(Asked):
    def test_alone_it_takes_back_what_is_not_configured_any_more(self):
        self.static()
        self.eth1()
        self.ifdawn("up")
        os.remove(self.path("etc/sysconfig/network-scripts/ifcfg-eth1"))
        self.ifcfg("eth0", "IPADDR=192.0.2.6\nPREFIX=24\n")
        self.ifdawn("up")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"], "up leaves it")
        run = self.ifdawn("reload")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.6/24"])
        self.assertEqual(self.addresses("eth1"), [])
        self.assertSays(run, "eth1: down")
        self.assertFalse(self.exists("run/ifdawn/owned-eth1"))
        self.assertEqual(self.links_in_state(), ["eth0"])
        self.assertConverged()

    def test_the_supervisor_reads_at_once(self):
        self.static()
        self.eth1()
        process = self.supervise()
        os.remove(self.path("etc/sysconfig/network-scripts/ifcfg-eth1"))
        self.ifcfg("eth0", "IPADDR=192.0.2.6\nPREFIX=24\n")
        run = self.ifdawn("reload")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.6/24"])
        self.assertSays(run, "sources are read again")
        self.assertSays(run, "eth1: down")
        self.assertEqual(self.addresses("eth1"), [], "when it ends")
        self.ifdawn("reload", "eth0")
        self.stop_watch(process)

    def test_what_went_while_no_supervisor_ran_is_taken_back(self):
        self.static()
        self.eth1()
        process = self.supervise()
        process.kill()
        process.wait()
        os.remove(self.path("etc/sysconfig/network-scripts/ifcfg-eth1"))
        process = self.supervise()
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"], "nobody asked for it")
        self.assertSays(self.ifdawn("reload"), "eth1: down")
        self.assertEqual(self.addresses("eth1"), [], "when it ends")
        self.assertFalse(self.exists("run/ifdawn/owned-eth1"))
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        self.assertNotIn("eth1: down", self.ifdawn("reload").err, "once")
        self.stop_watch(process)

    def test_a_file_that_cannot_be_read_takes_no_link_with_it(self):
        self.static()
        self.eth1()
        process = self.supervise()
        path = self.path("etc/sysconfig/network-scripts/ifcfg-eth1")
        os.rename(path, self.path("etc/away"))
        os.mkdir(path)
        for _ in range(2):
            self.assertSays(self.ifdawn("reload"), "ifcfg-eth1: EISDIR; file ignored")
            self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"])
        self.stop_watch(process)
        self.ifdawn("reload")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"], "nor alone")

    def test_what_is_wrong_is_told_to_who_asks(self):
        self.static()
        process = self.supervise()
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR2=192.0.2.300\n")
        for _ in range(2):
            self.assertSays(self.ifdawn("reload"), '"192.0.2.300" is not an IPv4 address')
        self.stop_watch(process)
