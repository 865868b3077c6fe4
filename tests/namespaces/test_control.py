"""What other runs ask of `watch` by its socket, and what becomes of those who ask for nothing sensible."""
import contextlib
import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import time

import machine
import wire
from dhcp import read
from watching import WatchMachine

RELOAD, UP, DOWN, RELEASE, STATE = range(5)
DONE = 125
ANOTHER = "a supervisor runs already: process "


def request(op, *names):
    """As src/wire/control.rs writes it."""
    return bytes([1, op]) + b"".join(name.ljust(16, b"\0") for name in names)


class Asked(WatchMachine):
    def control(self):
        return self.path("run/ifdawn/control")

    def connect(self, timeout=None):
        """A client of the supervisor; the path may be too long for an address."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(client.close)
        here = os.getcwd()
        os.chdir(self.path("run/ifdawn"))
        client.settimeout(timeout)
        try:
            client.connect("control")
        finally:
            os.chdir(here)
        client.settimeout(5)
        return client

    def ask(self, octets):
        """(lines, exit code) of one request; None: no code, it was let go."""
        client = self.connect()
        client.send(octets)
        return self.answers(client)

    @staticmethod
    def answers(client):
        lines = []
        while True:
            try:
                octets = client.recv(2048)
            except ConnectionResetError:
                octets = b""
            if len(octets) < 2:
                return lines, octets[0] if octets else None
            lines.append(octets.decode())

    def eth1(self, text="", onboot="yes"):
        self.cables("eth1")
        self.network_script("ifcfg-eth1", f"DEVICE=eth1\nONBOOT={onboot}\nIPADDR=198.51.100.5\nPREFIX=24\n{text}")

    def is_up(self, name):
        return "UP" in self.link(name)["flags"]

    def links_in_state(self):
        return sorted(link["name"] for link in json.loads(self.read("run/ifdawn/state.json"))["links"])


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
            self.eventually("it is down", lambda: not self.is_up("eth1"), 3)
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
        self.eventually("eth1 is taken back", lambda: self.addresses("eth1") == [], 3)
        self.ifdawn("reload", "eth0")
        self.stop_watch(process)

    def test_what_is_wrong_is_told_to_who_asks(self):
        self.static()
        process = self.supervise()
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR2=192.0.2.300\n")
        for _ in range(2):
            self.assertSays(self.ifdawn("reload"), '"192.0.2.300" is not an IPv4 address')
        self.stop_watch(process)


class Two(Asked):
    def test_the_second_one_says_so_and_ends(self):
        self.static()
        process = self.supervise()
        before = (self.everything(), os.stat(self.control()).st_ino)
        run = self.ifdawn("watch", code=DONE)
        self.assertEqual(run.err, f"ifdawn: {ANOTHER}{process.pid}; nothing was changed\n")
        self.assertEqual((self.everything(), os.stat(self.control()).st_ino), before)
        self.ifdawn("up", "eth0")
        self.stop_watch(process)
        self.assertFalse(self.exists("run/ifdawn/control"), "it is gone with its supervisor")

    def test_several_at_once(self):
        self.static()
        for _ in range(5):
            several = [self.start("watch") for _ in range(6)]
            self.eventually("all but one end", lambda: sum(one.poll() is None for one in several) == 1, 10)
            (left,) = [one for one in several if one.poll() is None]
            for one in several:
                if one is not left:
                    self.assertIn(f"{ANOTHER}{left.pid};", self.finish(one, code=DONE).err)
            self.ifdawn("up")
            self.stop_watch(left)

    def test_what_one_left_that_was_killed_is_replaced(self):
        self.static()
        for number in (signal.SIGKILL, signal.SIGTERM):
            process = self.supervise()
            process.send_signal(number)
            process.wait()
            self.assertEqual(self.exists("run/ifdawn/control"), number == signal.SIGKILL)
            self.ifdawn("up", "eth0")
            self.ifdawn("reload")
        self.write("run/ifdawn/control", "no socket")
        process = self.supervise()
        self.stop_watch(process)

    def test_another_root_is_another_supervisors(self):
        self.static()
        process = self.supervise()
        os.makedirs(self.path("other/run"))
        other = subprocess.Popen([machine.BINARY, "watch", "--root", self.path("other")], stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, other)
        self.eventually("it listens too", lambda: self.exists("other/run/ifdawn/control"), 3)
        other.terminate()
        other.wait()
        self.ifdawn("up", "eth0")
        self.stop_watch(process)

    def test_a_long_root(self):
        self.static()
        for root in ("/".join(["a" * 60] * 4), "/".join(["b" * 100] * 6)):
            os.makedirs(self.path(f"{root}/run"))
            os.makedirs(self.path(f"{root}/etc"))
            os.rename(self.path("etc/sysconfig"), self.path(f"{root}/etc/sysconfig"))
            kept, self.root = self.root, self.path(root)
            process = self.supervise()
            self.ifdawn("down", "eth0")
            self.ifdawn("up", "eth0")
            self.assertTrue(self.is_bound("192.0.2.5/24"))
            self.ifdawn("watch", code=DONE)
            self.ifdawn("down", "eth0")
            self.stop_watch(process)
            self.assertFalse(self.exists("run/ifdawn/control"))
            self.root = kept
            os.rename(self.path(f"{root}/etc/sysconfig"), self.path("etc/sysconfig"))

    def test_a_root_from_here(self):
        self.static()
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.path(".."))
        kept, self.root = self.root, os.path.basename(self.root)
        process = self.supervise()
        self.assertSays(self.ifdawn("up", "eth0"), "eth0: up")
        self.ifdawn("watch", code=DONE)
        self.assertEqual(self.stop_watch(process).err.count("eth0: up"), 2)
        self.root = kept

    def test_a_run_that_may_not_be_written_to(self):
        self.static()
        os.makedirs(self.path("run/ifdawn"))
        machine.mount(self.path("run"), self.path("run"), flags=machine.MS_BIND)
        machine.mount(None, self.path("run"), flags=machine.MS_BIND | machine.MS_REMOUNT | machine.MS_RDONLY)
        process = self.supervise()
        self.assertTrue(self.is_bound("192.0.2.5/24"))
        self.ip("addr del 192.0.2.5/24 dev eth0")
        self.eventually("it is kept", lambda: self.is_bound("192.0.2.5/24"), 3)
        self.assertSays(self.stop_watch(process), "/run/ifdawn/control: EROFS")


class Strange(Asked):
    """Clients that are none."""

    def setUp(self):
        super().setUp()
        self.static()
        self.process = self.supervise()

    def test_only_root_may_ask(self):
        mode = os.stat(self.control()).st_mode & 0o777
        self.assertEqual(mode, 0o600)
        os.chmod(self.control(), 0o666)
        for directory in (self.root, self.path("run"), self.path("run/ifdawn")):
            os.chmod(directory, 0o755)
        asked = request(DOWN, b"eth0")
        script = (
            "import socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\ns.settimeout(5)\n"
            f"s.connect({self.control()!r})\n"
            f"try: s.send({asked!r}); print([s.recv(2048), s.recv(2048)])\n"
            "except OSError as error: print(error)\n"
        )
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "python3", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertIn("/run/ifdawn/control: EPERM", done.stdout)
        self.settle()
        self.assertTrue(self.is_bound("192.0.2.5/24"), "nothing is done for them")
        run = self.stop_watch(self.process)
        self.assertSays(run, "/run/ifdawn/control: EPERM")

    def test_what_is_not_understood(self):
        names = (b"", b"\0" * 16, b"eth0/../eth1", b"e" * 16, b"%", b"..", b"eth 0", b"\xff" * 16, b"eth0\n")
        requests = [request(op, *several) for op in range(5) for name in names for several in ([name], [b"eth0", name])]
        requests += [b"\1", b"\2", b"\1\5", b"\1\xff", b"\0\1", request(DOWN, b"eth0")[:-1], request(DOWN, b"eth0") + b"\0"]
        requests += [bytes(60_000), request(DOWN, *[b"eth0"] * 1025), request(UP, *[b"eth0"] * 10_000), b"\xff" * 200_000]
        for octets in requests:
            lines, code = self.ask(octets)
            self.assertNotEqual(code, 0, f"{octets[:20]}: {lines}")
        self.settle()
        self.assertTrue(self.is_bound("192.0.2.5/24"))
        self.assertAsleep(0.3)
        self.ifdawn("up", "eth0")
        run = self.stop_watch(self.process)
        self.assertSays(run, "/run/ifdawn/control: EINVAL")
        self.assertSays(run, "/run/ifdawn/control: EMSGSIZE")

    def test_who_says_nothing_is_sent_away(self):
        silent = [self.connect() for _ in range(3)]
        started = time.monotonic()
        self.ifdawn("up", "eth0")
        self.assertLess(time.monotonic() - started, 10)
        for client in silent:
            self.assertEqual(self.answers(client)[1], 1)
        self.settle()
        self.assertAsleep(0.5)
        self.stop_watch(self.process)

    def test_without_a_descriptor_for_him_it_sleeps(self):
        """He waits meanwhile."""
        pid = self.process.pid
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), limits[1]))
        client = self.connect()
        client.send(request(STATE))
        (before,) = self.counts().values()
        time.sleep(2)
        (after,) = self.counts().values()
        self.assertLess(after[0] - before[0], 10, "times it was woken")
        self.assertLess(after[1] - before[1], 20, "ticks")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        self.assertEqual(self.answers(client), ([], 0))
        self.stop_watch(self.process)

    def test_one_that_hangs_is_not_waited_for(self):
        self.process.send_signal(signal.SIGSTOP)
        with contextlib.suppress(BlockingIOError):
            for _ in range(100):
                self.connect(timeout=0)
        started = time.monotonic()
        self.assertSays(self.ifdawn("show"), "/run/ifdawn/control: EAGAIN")
        for words in (["up"], ["down", "eth0"], ["reload"], ["watch"]):
            self.assertSays(self.ifdawn(*words, code=1), "/run/ifdawn/control: EAGAIN")
        self.assertLess(time.monotonic() - started, 10)
        self.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
        self.stop_watch(self.process)

    def test_who_goes_away_costs_nothing(self):
        for octets in (b"", request(UP, b"eth0"), request(UP), request(STATE), request(RELOAD)):
            for _ in range(20):
                client = self.connect()
                if octets:
                    client.send(octets)
                client.close()
        self.ifdawn("up", "eth0")
        self.settle()
        self.assertAsleep(0.3)
        self.assertLess(len(os.listdir(f"/proc/{self.process.pid}/fd")), 30)
        self.stop_watch(self.process)

    def test_who_does_not_listen_is_not_waited_for(self):
        # It fills with lines that nobody reads.
        self.cables("eth9")
        self.ifcfg("eth9", "BOOTPROTO=dhcp\nIPV4_DHCP_TIMEOUT=60\n")
        self.ifdawn("reload", "--timeout", "1", code=None)
        deaf = self.connect()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.send(request(UP, b"eth9"))
        for _ in range(600):
            self.ask(request(UP, b"eth7"))
        self.ifdawn("up", "eth0")
        self.settle(15)
        self.stop_watch(self.process, code=None)

    def test_many_requests_leave_nothing_open(self):
        for _ in range(40):
            self.ifdawn("down", "eth0")
            self.ifdawn("up", "eth0")
        self.assertLess(len(os.listdir(f"/proc/{self.process.pid}/fd")), 30)
        self.stop_watch(self.process)

    def test_the_state_is_written(self):
        os.remove(self.path("run/ifdawn/state.json"))
        self.assertEqual(self.ask(request(STATE)), ([], 0))
        self.assertEqual(self.links_in_state(), ["eth0"])
        self.stop_watch(self.process)

    def test_its_end_is_told(self):
        self.dhcp("eth1", text="IPV4_DHCP_TIMEOUT=60\n")
        waiting = self.start("up", "eth1")
        time.sleep(0.5)
        self.process.kill()
        run = self.finish(waiting, code=1)
        self.assertSays(run, "/run/ifdawn/control: ECONNRESET")
