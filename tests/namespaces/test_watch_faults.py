"""What goes wrong around `watch`: the kernel loses its answers, the disk is full, /run is read-only, events never end."""
import contextlib
import os
import signal
import subprocess
import time

import wire
from machine import MS_RDONLY, mount
from watching import WatchMachine

PAGES = 8  # KiB by which the memory of a process may differ


class Netlink(WatchMachine):
    """Faults injected into the system calls by which it speaks with the kernel."""

    FAULTS = {
        "recvmsg": ("ENOBUFS", "EINTR", "EAGAIN", "EBUSY"),
        "sendto": ("ENOBUFS", "EINTR", "EBUSY", "EAGAIN"),
    }

    def setUp(self):
        super().setUp()
        self.static()
        self.network_script("route-eth0", "198.51.100.0/24 via 192.0.2.1\n")
        self.network_script("rule-eth0", "from 192.0.2.5 table 100 priority 1000\n")

    def test_where_signals_cannot_be_read_they_end_it(self):
        self.faulty("signalfd4:error=ENOSYS")
        (pid,) = self.processes()
        os.kill(pid, signal.SIGTERM)
        self.eventually("it ends", lambda: not self.processes(), 3)

    def is_whole(self):
        return (
            self.is_bound("192.0.2.5/24") and "via 192.0.2.1" in " ".join(self.routes("198.51.100.0/24"))
            and self.routes("default") != [] and "192.0.2.5" in self.ip("rule show")
        )  # fmt: skip

    def faulty(self, fault, within=15):
        """A run whose system calls go wrong so; it comes to rest with everything in place."""
        # In place of the call one is made that does nothing, and that it may make.
        inject = ["strace", "-qq", "-e", f"inject={fault}:syscall=getpid", "-o", "/dev/null"]
        process = self.start("watch", prefix=inject)
        self.eventually(lambda: f"with {fault}: {self.addresses('eth0')}", lambda: process.poll() is not None or self.is_whole(), within)
        if process.poll() is not None:
            self.fail(f"with {fault} it goes on\n{self.finish(process, code=None)}")
        return process

    def undo(self, process):
        self.kill_all()
        process.wait()
        self.ip("addr flush dev eth0 scope global")
        self.ip("rule del priority 1000")

    def test_one_call_fails(self):
        for call, errors in self.FAULTS.items():
            for error in errors:
                for number in (1, 2, 3, 5, 8):
                    with self.subTest(call=call, error=error, number=number):
                        self.undo(self.faulty(f"{call}:error={error}:when={number}"))

    def test_every_thirteenth_call_fails(self):
        for call, error in (("recvmsg", "ENOBUFS"), ("recvmsg", "EINTR"), ("sendto", "ENOBUFS")):
            with self.subTest(call=call, error=error):
                process = self.faulty(f"{call}:error={error}:when=4+13")
                # And it still hears what happens.
                for _ in range(3):
                    self.ip("route del default")
                    self.eventually("the route is back", self.is_whole, 15)
                self.undo(process)

    def test_events_are_lost(self):
        """What was told between cannot be known: everything is looked at."""
        process = self.faulty("recvmsg:error=ENOBUFS:when=1")
        self.settle()
        # More than the buffer of a socket holds, and something of ours among it.
        (main,) = [pid for pid in self.processes() if self.status(pid, "PPid") == str(process.pid)]
        os.kill(main, 19)
        lines = [f"route add 10.{n >> 8}.{n & 255}.0/24 via 192.0.2.9" for n in range(20_000)]
        self.ip_batch([*lines, "route del default", "addr del 192.0.2.5/24 dev eth0"])
        os.kill(main, 18)
        self.eventually("all is back", self.is_whole, 15)
        self.undo(process)


class Storm(WatchMachine):
    def test_ten_thousand_events_a_second(self):
        """Of somebody else's routes: ours stay, and it has most of the processor left to others."""
        self.static()
        process = self.supervise()
        before, memory = self.counts()[process.pid][1], self.rss()
        count = 2_500
        add = [f"route add 10.{n >> 8}.{n & 255}.0/24 via 192.0.2.9 table 77" for n in range(count)]
        delete = [line.replace("route add", "route del") for line in add]
        begin, events = time.monotonic(), 0
        while time.monotonic() - begin < 3:
            self.ip_batch(add)
            self.ip_batch(delete)
            events += 2 * count
        seconds = time.monotonic() - begin
        self.settle(10)
        ticks = self.counts()[process.pid][1] - before
        share = ticks / os.sysconf("SC_CLK_TCK") / seconds
        print(f"\n{events} events in {seconds:.1f} s: {events / seconds:,.0f} a second, {100 * share:.0f} % of a processor")
        self.assertGreater(events / seconds, 2_000, "events a second")
        self.assertLess(share * 10_000 / (events / seconds), 0.25, "share of a processor that ten thousand a second take")
        self.assertTrue(self.is_bound("192.0.2.5/24"))
        self.assertEqual(self.routes("default"), ["default via 192.0.2.1 dev eth0 proto 153"])
        for pid, size in self.rss().items():
            self.assertLessEqual(size - memory[pid], PAGES, f"KiB of process {pid}")
        self.assertAsleep(0.5)
        self.stop_watch(process)

    def test_ours_are_deleted_among_others(self):
        self.static()
        process = self.supervise()
        lines = [f"route add 10.{n >> 8}.{n & 255}.0/24 via 192.0.2.9 table 77" for n in range(2_000)]
        self.ip_batch([*lines, "route del default", *(line.replace("route add", "route del") for line in lines)])
        self.eventually("the route is back", lambda: self.routes("default") != [], 3)
        self.stop_watch(process)


class Disk(WatchMachine):
    """Where nothing can be written the network comes up all the same, and stays."""

    def fill(self):
        """Leaves no room below /run of the root."""
        file = os.open(self.path("run/filler"), os.O_CREAT | os.O_WRONLY)
        with contextlib.suppress(OSError):
            while True:
                os.write(file, b"\0" * 4096)
        os.close(file)

    def resize(self, size):
        # -n: mount(8) would write below /run.
        subprocess.run(["mount", "-n", "-o", f"remount,size={size}", self.path("run")], check=True)

    def full(self):
        mount("tmpfs", self.path("run"), "tmpfs")
        self.resize("16k")
        self.fill()

    def read_only(self):
        mount("tmpfs", self.path("run"), "tmpfs", MS_RDONLY)

    def assertUp(self):
        self.assertTrue(self.is_bound("192.0.2.5/24"))
        self.assertEqual(self.routes("default"), ["default via 192.0.2.1 dev eth0 proto 153"])

    def restores(self):
        self.ip("route del default")
        self.eventually("the route is back", lambda: self.routes("default") != [], 3)
        self.ip("addr del 192.0.2.5/24 dev eth0")
        self.eventually("all is back", lambda: self.is_bound("192.0.2.5/24") and self.routes("default") != [], 3)

    def test_a_full_disk(self):
        self.static()
        self.full()
        process = self.supervise()
        self.assertUp()
        self.restores()
        # There is room again.
        os.remove(self.path("run/filler"))
        self.resize("1m")
        self.restores()
        self.eventually("state.json", lambda: self.exists("run/ifdawn/state.json") and '"outcome":"up"' in self.read("run/ifdawn/state.json"), 3)
        self.eventually("owned-eth0", lambda: self.exists("run/ifdawn/owned-eth0"), 3)
        self.assertNotIn(":ifdawn-new", " ".join(os.listdir(self.path("run/ifdawn"))))
        run = self.stop_watch(process)
        self.assertSays(run, "ENOSPC")
        for file in ("state.json", "owned-eth0"):
            said = [line for line in run.err.splitlines() if file in line]
            self.assertEqual(len(said), 1, f"what is said of {file}\n{run}")

    def test_a_read_only_run(self):
        self.static()
        self.read_only()
        process = self.supervise()
        self.assertUp()
        self.restores()
        self.restores()
        self.assertAsleep(0.5)
        run = self.stop_watch(process)
        self.assertSays(run, "EROFS")
        lines = run.err.splitlines()
        self.assertEqual(len(lines), len(set(lines)), f"each is said once\n{run}")
        self.assertLess(len(lines), 10, f"{run}")
        self.assertUp()

    def test_it_becomes_read_only(self):
        self.static()
        process = self.supervise()
        mount("tmpfs", self.path("run/ifdawn"), "tmpfs", MS_RDONLY)
        self.restores()
        self.ip_batch(["route del default"])
        self.eventually("the route is back", lambda: self.routes("default") != [], 3)
        self.settle()
        self.assertAsleep(0.5)
        self.stop_watch(process)

    def test_a_lease_and_a_full_disk(self):
        self.dhcp("eth0")
        self.full()
        server = wire.Scripted(self, "port0", lease=20, t1=2, t2=15)
        process = self.start("watch")
        self.eventually("its address", self.is_bound, 5)
        server.clear()
        server.wait_for("a renewal", lambda _: server.messages(wire.REQUEST), 5)
        self.eventually("it is valid for longer", lambda: self.valid() > 15, 3)
        run = self.stop_watch(process)
        self.assertSays(run, "lease", "ENOSPC")
        self.assertBound()
