"""`watch` holds a lease: T1, T2, its end, and what comes between."""
import os
import signal
import subprocess
import time

import wire
from dhcp import DhcpMachine, read
from servers import Kea


class Watch(DhcpMachine):
    def test_a_lease_is_renewed_and_the_address_stays(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", lease=20, t1=2, t2=15)
        process = self.watch()
        server.clear()
        with self.monitor("address", "route") as lines:
            server.wait_for("three renewals", lambda _: len(server.messages()) >= 3, within=20)
            self.eventually("the address is valid for longer", lambda: self.valid() > 15)
        self.assertEqual([line for line in lines if "Deleted" in line], [], "nothing is missing meanwhile")
        for request in server.messages():
            self.assertEqual(request.kind, wire.REQUEST, f"{request}")
            self.assertEqual((request.src, request.dst), ("192.0.2.100", "192.0.2.1"), "it goes to the server")
            self.assertEqual((request.ciaddr, request.option_addr(50), request.option_addr(54)), ("192.0.2.100", None, None))
        self.stop_watch(process)
        self.assertBound()

    def test_kea_renews_a_lease(self):
        self.dhcp("eth0")
        Kea(self, "port0", lease=6, t1=1, t2=3)
        seen = wire.Wire(self, "port0")
        process = self.watch()
        seen.clear()
        # By its transaction: an ACK may still come for a first REQUEST that was sent again.
        seen.wait_for("a renewal", lambda _: {ack.xid for ack in seen.both() if ack.kind == wire.ACK} & {asked.xid for asked in seen.messages()})
        for request in seen.messages():
            self.assertEqual((request.kind, request.ciaddr), (wire.REQUEST, "192.0.2.100"), "it renews, and nothing else")
        self.assertBound()
        self.stop_watch(process)

    def test_renewing_rebinding_expiry_and_a_new_lease(self):
        self.dhcp("eth0", text="DNS1=198.51.100.53\n")
        server = wire.Scripted(self, "port0", lease=4, t1=1, t2=2, options={6: wire.addr("192.0.2.53")})
        process = self.watch("--cmdline", "rd.net.dhcp.dscp=CS4")
        server.clear()
        server.silent = {wire.REQUEST, wire.DISCOVER}
        begin = time.time()
        server.wait_for("the lease's end", lambda _: self.address() is None, within=6)
        self.assertGreater(time.time() - begin, 2, "seconds the address stayed")
        self.eventually("what the lease said is gone", lambda: self.default_routes() == [], 1)
        self.eventually("its name server too", lambda: "192.0.2.53" not in self.resolv_conf(), 1)
        requests = server.messages(wire.REQUEST)
        to_server = [request for request in requests if request.dst == "192.0.2.1"]
        to_all = [request for request in requests if request.dst == "255.255.255.255"]
        self.assertTrue(to_server and to_all, f"renewing asks one server, rebinding all: {requests}")
        self.assertLess(to_server[-1].at, to_all[0].at, "first one, then all")
        self.assertEqual({request.tos for request in requests}, {0x80}, "type of service of both")
        self.assertTrue(all(request.ciaddr == "192.0.2.100" and 54 not in request.options for request in requests))
        server.wait_for("a new beginning", lambda _: server.messages(wire.DISCOVER), 3)
        server.silent = set()
        self.eventually("the address is back", self.is_bound, within=2.5)
        self.stop_watch(process)

    def test_another_server_answers_to_all(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", lease=6, t1=1, t2=2)
        process = self.watch()
        server.silent = {wire.REQUEST, wire.DISCOVER}
        other = wire.Scripted(self, "port0", server="192.0.2.2", lease=3600)
        other.wait_for("an ACK of the other", lambda _: "ACK" in other.names() and self.valid() > 1000, within=6)
        self.assertEqual(self.lease()["DHCPSERVER"], "192.0.2.2", "lease-eth0")
        self.stop_watch(process)

    def test_a_nak_takes_the_address_and_another_comes(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", lease=4, t1=1, t2=3)
        process = self.watch()
        server.given.clear()
        server.pool = ["192.0.2.150"]
        self.eventually("the new address", lambda: self.is_bound("192.0.2.150/24"), within=5)
        self.eventually("the old one is gone", lambda: self.address() == "192.0.2.150/24", within=1)
        self.assertIn("NAK", server.names())
        self.stop_watch(process)
        self.assertBound("192.0.2.150/24")

    def test_times_that_contradict_are_replaced(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", lease=4, t1=9000, t2=8000)
        process = self.watch()
        server.clear()
        server.wait_for("a renewal before the lease's end", lambda _: server.messages(wire.REQUEST), within=3.5)
        self.stop_watch(process)

    def test_signals_end_it_and_the_network_stays(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                self.new_machine()
                self.dhcp("eth0")
                server = wire.Scripted(self, "port0")
                process = self.watch()
                run = self.stop_watch(process, number=number)
                self.assertLess(run.seconds, 5)
                self.assertBound()
                self.assertTrue(self.exists("run/ifdawn/lease-eth0"), "the lease is there for the next")
                self.assertNotIn("RELEASE", server.names(), "it is not given back")
                self.assertEqual(self.processes(), {}, "nobody is left")

    def test_a_link_that_flaps_is_asked_about_again(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0")
        process = self.watch()
        server.clear()
        self.on_switch("link set port0 down")
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"])
        time.sleep(0.2)
        self.on_switch("link set port0 up")
        server.wait_for("INIT-REBOOT", lambda _: "ACK" in server.names(), within=2.5)
        self.assertEqual(server.messages()[0].kind, wire.REQUEST, "the same address is asked for")
        self.assertBound()
        self.stop_watch(process)

    def test_another_network_behind_the_same_link(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0")
        process = self.watch()
        self.on_switch("link set port0 down")
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"])
        server.stop()
        time.sleep(0.2)
        self.on_switch("link set port0 up")
        wire.Scripted(self, "port0", server="198.51.100.1", pool=["198.51.100.100"])
        self.eventually("the other network's address", lambda: self.is_bound("198.51.100.100/24"), within=8)
        self.eventually("and no other", lambda: self.address() == "198.51.100.100/24", within=2)
        self.stop_watch(process)


class Idle(DhcpMachine):
    """What `watch` costs while nothing happens, and who is there."""

    def setUp(self):
        super().setUp()
        self.dhcp("eth0")
        self.server = wire.Scripted(self, "port0", lease=6, t1=3, t2=5)

    def pids(self):
        found = self.processes()
        self.assertTrue(found, "processes of ifdawn")
        return found

    def status(self, pid, key):
        lines = dict(line.split(":", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":" in line)
        return lines[key].strip()

    def jail(self):
        """The one process that may do nothing."""
        found = [pid for pid, name in self.pids().items() if "jail" in name and self.status(pid, "Seccomp") != "0"]
        self.assertEqual(len(found), 1, f"one jail: {found}")
        return found[0]

    def test_it_sleeps(self):
        self.server.lease, self.server.t1, self.server.t2 = 3600, None, None
        process = self.watch()
        time.sleep(1)
        attach = [word for pid in self.pids() for word in ("-p", str(pid))]
        log = self.path("idle")
        strace = subprocess.Popen(["strace", "-f", "-o", log, *attach], stderr=subprocess.DEVNULL)
        time.sleep(3)
        strace.send_signal(signal.SIGINT)
        try:
            strace.wait(timeout=5)
        except subprocess.TimeoutExpired:
            strace.kill()
            strace.wait()
        self.assertIn("(", read(log), "strace shows what each waits in")
        ended = [line for line in read(log).splitlines() if ") = " in line]
        self.assertEqual(ended[:5], [], f"{len(ended)} system calls ended in 3 seconds")
        self.stop_watch(process)

    def test_its_memory(self):
        process = self.watch()
        sizes = {}
        for pid, name in self.pids().items():
            (line,) = [line for line in read(f"/proc/{pid}/smaps_rollup").splitlines() if line.startswith("Pss:")]
            sizes[f"{name} {pid}"] = int(line.split()[1])
        self.assertLessEqual(sum(sizes.values()), 400, f"KiB, Pss of all processes: {sizes}")
        self.stop_watch(process)

    def test_the_jail_holds_one_descriptor(self):
        process = self.watch()
        jail = self.jail()
        self.assertNotEqual(jail, process.pid, "the jail is a child")
        self.assertEqual(self.status(jail, "PPid"), str(process.pid), "of the main process")
        directory = f"/proc/{jail}/fd"
        held = [os.readlink(f"{directory}/{number}") for number in os.listdir(directory)]
        self.assertEqual(len(held), 1, f"descriptors of the jail: {held}")
        self.assertTrue(held[0].startswith("socket:"), f"descriptors of the jail: {held}")
        self.stop_watch(process)

    def is_gone(self, pid):
        try:
            return self.status(pid, "State")[0] == "Z"
        except OSError:
            return True

    def test_a_jail_that_dies_is_replaced_and_the_lease_kept(self):
        process = self.watch()
        jail = self.jail()
        self.server.clear()
        os.kill(jail, signal.SIGKILL)
        self.server.wait_for("a renewal", lambda server: "ACK" in server.names(), 6)
        self.eventually("it was understood", lambda: self.valid() >= 4, 2)
        self.assertNotEqual(self.jail(), jail, "another jail")
        self.assertSays(self.stop_watch(process), "jail")
        self.assertBound()

    def test_a_jail_that_dies_before_there_is_a_lease(self):
        self.server.silent = {wire.DISCOVER}
        process = self.watch(bound=None)
        self.server.wait_for("a DISCOVER", lambda server: server.messages(wire.DISCOVER), 3)
        os.kill(self.jail(), signal.SIGKILL)
        self.server.silent = set()
        self.eventually("the address", self.is_bound, 4)
        self.assertSays(self.stop_watch(process), "jail")

    def test_a_jail_that_always_dies_is_not_replaced_for_ever(self):
        self.server.silent = {wire.DISCOVER}
        process = self.start("up", "--timeout", "6")
        killed = set()
        while process.poll() is None:
            for pid in self.processes():
                try:
                    if pid != process.pid and self.status(pid, "Seccomp") == "1":
                        os.kill(pid, signal.SIGKILL)
                        killed.add(pid)
                except OSError:
                    pass
            time.sleep(0.02)
        run = self.finish(process, code=1)
        self.assertSays(run, "jail")
        self.assertTrue(1 <= len(killed) <= 30, f"jails: {len(killed)}")
        self.assertLess(len(run.err.splitlines()), 50, f"{run}")

    def test_a_jail_that_hangs_is_replaced(self):
        process = self.watch()
        jail = self.jail()
        self.server.clear()
        os.kill(jail, signal.SIGSTOP)
        self.server.wait_for("a renewal", lambda server: server.names().count("ACK") >= 1, 8)
        self.eventually("another jail took over", lambda: self.is_gone(jail), 8)
        self.assertSays(self.stop_watch(process), "jail")
        self.assertBound()
