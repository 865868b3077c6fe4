"""`watch` and the clock: it knows one only, which nobody sets and which goes on while the machine sleeps."""
import os
import re
import signal
import subprocess

import wire
from dhcp import read
from watching import WatchMachine

DAYS = 10 * 86_400


class Clock(WatchMachine):
    def setUp(self):
        super().setUp()
        self.dhcp("eth0")
        self.server = wire.Scripted(self, "port0", lease=20, t1=2, t2=15)

    def test_no_other_clock_is_read(self):
        """So it does not matter whereto somebody sets that of the day."""
        log = self.path("clock")
        calls = "clock_gettime,clock_getres,clock_nanosleep,gettimeofday,time,timerfd_create,timerfd_settime,timer_create,nanosleep,adjtimex"
        process = self.start("watch", prefix=["strace", "-f", "-qq", "-e", f"trace={calls}", "-o", log])
        self.eventually("its address", self.is_bound, 5)
        self.server.clear()
        self.server.wait_for("a renewal", lambda server: "ACK" in server.names(), 6)
        self.kill_all()
        process.wait()
        lines = [line for line in read(log).splitlines() if "+++" not in line and "resumed>" not in line]
        self.assertGreater(len(lines), 10, "calls")
        clocks = {name for line in lines for name in re.findall(r"CLOCK_\w+", line)}
        self.assertEqual(clocks, {"CLOCK_BOOTTIME"})
        told = {re.search(r"(\w+)\(", line)[1] for line in lines}
        self.assertEqual(told, {"clock_gettime", "timerfd_create", "timerfd_settime"})
        for line in lines:
            if "timerfd_settime" in line:
                self.assertIn("TFD_TIMER_ABSTIME", line, "a time, and not how long until then")

    def test_no_clock_is_read_behind_straces_back(self):
        """That of the vDSO is no system call: it is not even mapped by name in the program."""
        process = self.watch()
        (main,) = [pid for pid, name in self.processes().items() if pid == process.pid]
        with open(f"/proc/{main}/exe", "rb") as program:
            self.assertNotIn(b"__vdso_clock_gettime", program.read())
        self.stop_watch(process)

    def test_another_boot_time(self):
        """In a time namespace that is ten days older: all waits are as long, and what was written down before counts
        from another time, so it is asked for again."""
        self.stop_watch(self.watch())
        process = self.start("watch", prefix=["unshare", "--time", "--boottime", str(DAYS), "--monotonic", str(DAYS)])
        self.server.clear()
        self.server.wait_for("its lease is asked for", lambda server: "ACK" in server.names(), 6)
        self.server.wait_for("a renewal", lambda server: server.names().count("ACK") > 1, 6)
        self.assertBound()
        for pid in self.processes():
            os.kill(pid, signal.SIGTERM)
        self.finish(process)

    def test_the_timer_is_set_for_what_comes_next(self):
        """It fires when the time has come by this clock, however long the machine slept meanwhile: ppoll(2) alone would
        wait on for what was left."""
        process = self.watch()
        self.settle(quiet=0.3)
        uptime = float(read("/proc/uptime").split()[0])
        (timer,) = [text for text in self.timers(process.pid)]
        fields = dict(line.split(":", 1) for line in timer.splitlines() if ":" in line)
        self.assertEqual(int(fields["clockid"]), 7, "CLOCK_BOOTTIME")
        seconds, nanoseconds = re.search(r"it_value: \((\d+), (\d+)\)", timer).groups()
        left = int(seconds) + int(nanoseconds) / 1e9
        self.assertTrue(0 < left <= 2.5, f"seconds until T1: {left} at {uptime}")
        self.stop_watch(process)

    @staticmethod
    def timers(pid):
        for number in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{number}") == "anon_inode:[timerfd]":
                yield read(f"/proc/{pid}/fdinfo/{number}")


