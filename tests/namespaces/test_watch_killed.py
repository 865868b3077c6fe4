"""`watch` is killed at any moment and started again: the same addresses, the same lease, nothing lost, nothing left."""
import os
import random
import re
import shutil
import signal
import subprocess
import time

import wire
from dhcp import read
from watching import Ping, WatchMachine

SEED = int(os.environ.get("IFDAWN_SEED", "7"))
FROM_NOTHING, AGAIN, RENEWING = 45, 40, 30  # points: the first two for a static link and for a lease
PEER = "192.0.2.250"  # who asks whether the link can be reached
CALL = re.compile(r"^(\w+)\(", re.MULTILINE)
PATIENCE = 4  # seconds until it makes a call


class Killed(WatchMachine):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    def kill_at(self, call):
        """Starts `watch`, which is killed where it makes this call: (name, how often it was made then). One that it
        does not make this time is as good as any other: it is killed where it rests."""
        name, times = call
        inject = ["strace", "-qq", "-e", f"inject={name}:signal=KILL:when={times}", "-o", "/dev/null"]
        process = subprocess.Popen([*inject, *self.command(["watch"])], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=PATIENCE)
            self.exact += 1
        except subprocess.TimeoutExpired:
            self.kill_all()
            process.wait()
        self.assertEqual(process.returncode, -signal.SIGKILL, f"killed at {call}")
        self.eventually(lambda: f"nobody is left: {self.processes()}", lambda: not self.processes(), 3)

    def calls(self, until, rests=True):
        """The system calls of the main process until there is nothing more to do: (name, how often until then)."""
        log = self.path("calls")
        process = self.start("watch", prefix=["strace", "-qq", "-o", log])
        try:
            until()
        finally:
            if process.poll() is not None:
                self.fail(f"it goes on\n{self.finish(process, code=None)}")
        self.settle() if rests else time.sleep(0.2)
        names = CALL.findall(read(log))
        (main,) = [pid for pid in self.processes() if self.status(pid, "PPid") == str(process.pid)]
        os.kill(main, signal.SIGTERM)
        self.finish(process, code=None)
        os.remove(log)
        # But for the execve that began it.
        return [(name, names[: n + 1].count(name)) for n, name in enumerate(names)][1:]

    def points(self, calls, number):
        """So many of them."""
        self.exact = 0
        self.assertGreater(len(calls), 20, "system calls")
        return [self.random.choice(calls) for _ in range(number)]

    def assertExact(self, number):
        self.assertGreater(self.exact, number * 2 // 3, f"of {number} killed where it was to be")

    def forget(self):
        """As it is after boot: a new link, and no file of ours."""
        if "eth0" in self.names():
            self.ip("link del eth0")
        self.cables("eth0")
        self.on_switch(f"addr add {PEER}/24 dev port0")
        shutil.rmtree(self.path("run"))
        os.mkdir(self.path("run"))
        for name in os.listdir(self.path("etc")):
            if name != "sysconfig":
                os.remove(self.path(f"etc/{name}"))

    def assertTidy(self, *files):
        """No file but those that stay, and all of those."""
        found = set(os.listdir(self.path("run/ifdawn")))
        self.assertEqual(found, {"lock", "state.json", "owned-eth0", *files}, "files in /run/ifdawn")
        self.assertCountEqual(os.listdir(self.path("etc")), ["resolv.conf", "sysconfig"], "files in /etc")

    def written(self):
        """Which state.json it is; each is a new file."""
        found = os.stat(self.path("run/ifdawn/state.json")) if self.exists("run/ifdawn/state.json") else None
        return found and (found.st_ino, found.st_mtime_ns)

    def owned(self):
        return self.read("run/ifdawn/owned-eth0")

    def start_and_end(self, address, lease):
        """Starts it, and ends it once everything is there (with None any address), and said to be so by this one."""
        before = self.written()
        process = self.start("watch")
        is_there = lambda: (self.is_bound(address) if address else self.addresses("eth0")) and self.routes("default") and self.exists("run/ifdawn/state.json")  # noqa: E731
        self.eventually(lambda: f"{address}: {self.addresses('eth0')}", lambda: process.poll() is not None or is_there(), 10)
        if lease:
            self.eventually("its lease", lambda: self.exists("run/ifdawn/lease-eth0"), 5)
        self.eventually("its state", lambda: self.written() != before and '"outcome":"up"' in self.read("run/ifdawn/state.json"), 5)
        run = self.stop_watch(process)
        self.assertSilent(run, "error")
        self.assertSilent(run, "warning")
        # Closing a socket takes a while, which nobody waits for.
        self.eventually(lambda: f"nobody is left: {self.processes()}", lambda: not self.processes(), 3)


class FromNothing(Killed):
    """While it brings a link up."""

    def test_a_static_link(self):
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nDNS1=192.0.2.53\n")
        self.forget()
        calls = self.calls(lambda: self.eventually("it is up", lambda: self.is_bound("192.0.2.5/24"), 5))
        for call in self.points(calls, FROM_NOTHING):
            with self.subTest(call=call, seed=SEED):
                self.forget()
                self.kill_at(call)
                self.start_and_end("192.0.2.5/24", lease=False)
                self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])
                self.assertTidy()
                for line in ("up\n", "addr 192.0.2.5/24\n", "route default via 192.0.2.1 "):
                    self.assertIn(line, self.owned(), "owned-eth0 says what is ours")
        self.assertExact(FROM_NOTHING)

    def test_a_lease(self):
        self.ifcfg("eth0", "BOOTPROTO=dhcp\n")
        server = []

        def forget():
            # Another server each time, as its port is another one.
            while server:
                server.pop().stop()
            self.forget()
            server.append(wire.Scripted(self, "port0", options={6: wire.addr("192.0.2.53")}))

        forget()
        calls = self.calls(lambda: self.eventually("it is up", self.is_bound, 5))
        for call in self.points(calls, FROM_NOTHING):
            with self.subTest(call=call, seed=SEED):
                forget()
                self.kill_at(call)
                had = self.addresses("eth0")
                # Who begins anew gets another address; which one, what the dead one asked for decides.
                server[0].given.clear()
                server[0].pool.reverse()
                self.start_and_end(had[0] if had else None, lease=True)
                if had:
                    self.assertEqual(self.addresses("eth0"), had, "the address it had")
                self.assertEqual(len(self.addresses("eth0")), 1, "one address")
                self.assertTidy("lease-eth0")
                self.assertIn(f"addr {self.addresses('eth0')[0]}\n", self.owned(), "owned-eth0 says what is ours")
        self.assertExact(FROM_NOTHING)


class WithTraffic(Killed):
    """While others talk to it: not one packet is lost."""

    def ping(self, address):
        ping = Ping(self, address)
        self.eventually("it can be reached", lambda: ping.answered() > 10, 3)
        ping.begin()
        return ping

    def assertNoGap(self, ping, atleast):
        lost = ping.lost()
        self.assertGreater(ping.answered(), atleast, "echoes")
        self.assertEqual(lost, [], f"of {len(ping.sent)} lost")

    def test_a_static_link_that_is_up(self):
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nDNS1=192.0.2.53\n")
        self.forget()
        self.ifdawn("up")
        owned = self.owned()
        calls = self.calls(lambda: None)
        ping = self.ping("192.0.2.5")
        before = self.everything()
        for call in self.points(calls, AGAIN):
            with self.subTest(call=call, seed=SEED):
                self.kill_at(call)
        self.start_and_end("192.0.2.5/24", lease=False)
        self.assertEqual(self.everything(), before, "as before")
        self.assertEqual(self.owned(), owned)
        self.assertTidy()
        self.assertNoGap(ping, 100)

    def leased(self, **times):
        self.ifcfg("eth0", "BOOTPROTO=dhcp\n")
        self.forget()
        server = wire.Scripted(self, "port0", options={6: wire.addr("192.0.2.53")}, **times)
        self.start_and_end("192.0.2.100/24", lease=True)
        # Who begins anew gets another address.
        server.given.clear()
        server.pool.reverse()
        return server

    def test_a_lease_that_is_asked_for_again(self):
        self.leased()
        calls = self.calls(lambda: None)
        ping = self.ping("192.0.2.100")
        for call in self.points(calls, AGAIN):
            with self.subTest(call=call, seed=SEED):
                self.kill_at(call)
                self.assertTrue(self.is_bound(), "it has its address")
        self.start_and_end("192.0.2.100/24", lease=True)
        self.assertTidy("lease-eth0")
        self.assertNoGap(ping, 100)

    def test_a_lease_that_is_renewed(self):
        server = self.leased(lease=60, t1=2, t2=50)
        # How many it takes until it has its lease again, and until it has renewed it once.
        server.clear()
        first = self.calls(lambda: server.wait_for("an answer", lambda _: server.names().count("ACK") == 1, 5), rests=False)
        server.clear()
        calls = self.calls(lambda: server.wait_for("a renewal", lambda _: server.names().count("ACK") == 2, 5), rests=False)
        ping = self.ping("192.0.2.100")
        for call in self.points(calls[len(first) - 5 :], RENEWING):
            with self.subTest(call=call, seed=SEED):
                self.kill_at(call)
                self.assertTrue(self.is_bound(), "it has its address")
        self.start_and_end("192.0.2.100/24", lease=True)
        self.assertEqual({found.kind for found in server.messages()}, {wire.REQUEST}, "it never begins anew")
        self.assertGreater(self.valid(), 55, "seconds it is valid")
        self.assertTidy("lease-eth0")
        self.assertNoGap(ping, 100)
