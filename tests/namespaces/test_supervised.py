"""What `watch` tells who supervises it, and that it can be the first process of all."""
import configparser
import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import wire
from dhcp import DhcpMachine, read
from machine import PROJECT

ETH0 = "IPADDR=192.0.2.5\nPREFIX=24\n"


class Manager:
    """A service manager's socket, and what was told there: (seconds, text)."""

    def __init__(self, test, address=None):
        self.test = test
        # Outside /run, which is to be empty in the end.
        self.address = address or test.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        test.addCleanup(self.socket.close)
        self.socket.bind(self.address.replace("@", "\0"))
        self.log = []

    def environment(self, **more):
        return {**os.environ, "NOTIFY_SOCKET": self.address, **more}

    def told(self):
        """Every text so far."""
        while select.select([self.socket], [], [], 0)[0]:
            self.log.append((time.monotonic(), self.socket.recv(4096).decode()))
        return [text for _, text in self.log]

    def count(self, what):
        return sum(what in text.split("\n") for text in self.told())


class Told(DhcpMachine):
    def static(self, *words, **rest):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        return self.start("watch", *words, **rest)

    def has_address(self):
        return self.addresses("eth0") == ["192.0.2.5/24"]

    def test_ready_and_stopping(self):
        for address in (None, f"@ifdawn-{os.getpid()}"):
            with self.subTest(address=address):
                self.new_machine()
                manager = Manager(self, address)
                process = self.static(env=manager.environment())
                self.eventually("READY", lambda: manager.count("READY=1"), 5)
                self.assertTrue(self.has_address(), "and it is")
                self.assertTrue(self.exists("run/ifdawn/state.json"), "and its state is told")
                self.assertEqual(manager.told(), ["READY=1\nSTATUS=up"])
                # Changes are no reason to say so again.
                self.ip("addr del 192.0.2.5/24 dev eth0")
                self.eventually("the address", self.has_address, 5)
                self.stop_watch(process)
                self.assertEqual(manager.told(), ["READY=1\nSTATUS=up", "STOPPING=1"])
                manager.socket.close()

    def test_not_before_everything_is_up(self):
        self.dhcp("eth0", "eth1")
        manager = Manager(self)
        there, back = os.pipe()
        self.addCleanup(os.close, there)
        process = self.start("watch", "--notify-fd", str(back), env=manager.environment(), pass_fds=[back])
        os.close(back)
        wire.Scripted(self, "port0")
        self.eventually("one link", self.is_bound, 5)
        time.sleep(1)
        self.assertEqual(manager.told(), [])
        self.assertFalse(select.select([there], [], [], 0)[0], "nothing is written either")
        wire.Scripted(self, "port1", server="198.51.100.1", pool=["198.51.100.100"])
        self.eventually("READY", lambda: manager.count("READY=1"), 20)
        self.assertTrue(self.is_bound("198.51.100.100/24", "eth1"), "and the other link is up")
        self.assertEqual(os.read(there, 10), b"\n")
        self.assertEqual(os.read(there, 10), b"", "it is closed")
        self.stop_watch(process)

    def test_when_what_does_not_come_is_not_waited_for_any_more(self):
        for words, text in ((["--timeout", "1"], "BOOTPROTO=dhcp\n"), ([], "BOOTPROTO=dhcp\nIPV4_DHCP_TIMEOUT=1\n")):
            with self.subTest(words=words, text=text):
                self.new_machine()
                self.cables("eth0")
                self.ifcfg("eth0", text)
                manager = Manager(self)
                process = self.start("watch", *words, env=manager.environment())
                begin = time.monotonic()
                self.eventually("READY", lambda: manager.count("READY=1"), 10)
                self.assertGreater(time.monotonic() - begin, 0.8)
                self.assertEqual(manager.told(), ["READY=1\nSTATUS=down"])
                # It goes on.
                wire.Scripted(self, "port0")
                self.eventually("the address", self.is_bound, 20)
                self.stop_watch(process)
                self.assertEqual(manager.count("READY=1"), 1)
                manager.socket.close()

    def test_reloading(self):
        manager = Manager(self)
        process = self.static(env=manager.environment())
        self.eventually("READY", lambda: manager.count("READY=1"), 5)
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        process.send_signal(signal.SIGHUP)
        self.eventually("READY again", lambda: manager.count("READY=1") == 2, 5)
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        _, reloading, _ = manager.told()
        said = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", reloading)
        self.assertIsNotNone(said, reloading)
        self.assertTrue(before <= int(said[1]) <= after, f"{before} {said[1]} {after}")
        self.stop_watch(process)

    def test_signs_of_life(self):
        """In the environment they are for a process; a shell that executes us has our number."""
        ours = ["sh", "-c", 'WATCHDOG_PID=$$ exec "$@"', "sh"]
        for prefix, more, are_wanted in (
            ([], {}, True),
            (ours, {}, True),
            ([], {"WATCHDOG_PID": "1"}, False),
            ([], {"WATCHDOG_PID": "x"}, False),
            ([], {"WATCHDOG_USEC": "0"}, False),
            ([], {"WATCHDOG_USEC": ""}, False),
            # More than 32 bits: the first comes at once, the next not soon.
            ([], {"WATCHDOG_USEC": "9" * 12}, None),
        ):
            with self.subTest(prefix=prefix, more=more):
                self.new_machine()
                manager = Manager(self)
                environment = manager.environment(**{"WATCHDOG_USEC": "400000", **more})
                process = self.static(prefix=prefix, env=environment)
                self.eventually("READY", lambda: manager.count("READY=1"), 5)
                time.sleep(1.1)
                manager.told()
                count = manager.count("WATCHDOG=1")
                if are_wanted:
                    self.assertTrue(3 <= count <= 8, f"one each 0.2 s: {manager.log}")
                else:
                    self.assertEqual(count, 0 if are_wanted is False else 1, f"{manager.log}")
                # One that hangs gives none.
                if are_wanted and not prefix:
                    process.send_signal(signal.SIGSTOP)
                    time.sleep(0.1)
                    count = manager.count("WATCHDOG=1")
                    time.sleep(0.7)
                    self.assertEqual(manager.count("WATCHDOG=1"), count)
                    process.send_signal(signal.SIGCONT)
                self.stop_watch(process)
                manager.socket.close()

    def test_a_manager_that_is_busy_is_told_again(self):
        """Nobody waits for it meanwhile."""
        manager = Manager(self)
        # As many as it takes.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as others:
            others.connect(manager.address)
            others.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    others.send(b"X=1")
        process = self.static(env=manager.environment())
        self.eventually("the address", self.has_address, 5)
        self.ip("addr del 192.0.2.5/24 dev eth0")
        self.eventually("the address again", self.has_address, 5)
        # It is tried again more than once.
        time.sleep(2.5)
        self.assertEqual(manager.count("READY=1"), 0, "there was no room")
        self.eventually("READY", lambda: manager.count("READY=1"), 5)
        self.stop_watch(process)
        self.assertEqual(manager.count("READY=1"), 1)

    def test_a_manager_that_is_not_there(self):
        for address in ("", "/nowhere", "relative", "@", "@nobody", "/" + 120 * "x", "vsock:2:9999", self.path("")):
            with self.subTest(address):
                self.new_machine()
                process = self.static(env={**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "100000"})
                self.eventually("the address", self.has_address, 5)
                self.stop_watch(process)

    def test_the_descriptor_must_be_open(self):
        for word in ("77", "x", "", "-1", "4294967296"):
            run = self.ifdawn("watch", "--notify-fd", word, code=2)
            self.assertSays(run, "--notify-fd", "not an open descriptor", word)
        self.assertSays(self.ifdawn("up", "--notify-fd", "1", code=2), "not an option of this command")

    def test_standard_error_stays_open(self):
        """What is opened later would be sent our complaints."""
        process = self.static("--notify-fd", "2", "-v")
        self.eventually("the address", self.has_address, 5)
        self.ifdawn("reload")
        self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/2")[:5], "pipe:")
        run = self.stop_watch(process)
        self.assertIn("\n\n", run.err)
        self.assertSays(run, "sources are read again")

    def test_up_tells_nobody(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        manager = Manager(self)
        self.ifdawn("up", prefix=["env", f"NOTIFY_SOCKET={manager.address}"])
        self.assertEqual(manager.told(), [])

    def test_it_sleeps_where_nobody_wants_signs_of_life(self):
        manager = Manager(self)
        process = self.static(env=manager.environment(), trace="ppoll,write")
        self.eventually("READY", lambda: manager.count("READY=1"), 5)
        self.eventually("it is traced", lambda: self.exists("strace"))
        before = len(self.read("strace"))
        time.sleep(2)
        self.assertEqual(self.read("strace")[before:].count(" = "), 0, self.read("strace")[before:])
        (pid,) = [pid for pid, name in self.processes().items() if name == "ifdawn"]
        os.kill(pid, signal.SIGTERM)
        self.finish(process, within=5)


class First(DhcpMachine):
    """The first process of a PID namespace."""

    def first(self, script='exec "$@"'):
        """Starts `watch` as the first process, by a script; and its number outside."""
        self.dhcp("eth0")
        self.server = wire.Scripted(self, "port0", lease=6, t1=3, t2=5)
        process = self.start("watch", prefix=["unshare", "--mount-proc", "--pid", "--fork", "sh", "-c", script, "sh"])
        self.eventually("the address", lambda: process.poll() is not None or self.is_bound(), 5)
        (pid,) = [pid for pid, name in self.processes().items() if name == "ifdawn"]
        self.assertEqual(read(f"/proc/{pid}/status").split("NSpid:")[1].split()[1], "1")
        return process, pid

    def zombies(self, parent):
        """Children that nobody reaped."""
        found = []
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                status = read(f"/proc/{pid}/status")
                if f"PPid:\t{parent}\n" in status and "State:\tZ" in status:
                    found.append(int(pid))
        return found

    def test_signals_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                self.new_machine()
                process, pid = self.first()
                os.kill(pid, number)
                self.finish(process, within=5)
                self.assertBound()

    def test_orphans_are_reaped(self):
        # The subshell's parent, and later its children's, is the first process.
        process, pid = self.first('(for n in 1 2 3 4 5; do (sleep 0.3$n; exit $n) & done) & exec "$@"')
        self.eventually("they began", lambda: self.children(pid) >= 2, 2)
        self.eventually("none but the jail is left", lambda: self.children(pid) == 1, 5)
        self.assertEqual(self.zombies(pid), [])
        os.kill(pid, signal.SIGTERM)
        self.finish(process, within=5)

    def children(self, parent):
        return len(read(f"/proc/{parent}/task/{parent}/children").split())

    def test_a_jail_that_dies_is_reaped_and_replaced(self):
        process, pid = self.first()
        (jail,) = [pid for pid, name in self.processes().items() if "jail" in name]
        self.server.clear()
        os.kill(jail, signal.SIGKILL)
        self.eventually("it is reaped", lambda: not os.path.exists(f"/proc/{jail}"), 2)
        self.server.wait_for("a renewal", lambda server: "ACK" in server.names(), 6)
        self.eventually("it was understood", lambda: self.valid() >= 4, 2)
        self.assertEqual(self.zombies(pid), [])
        os.kill(pid, signal.SIGTERM)
        self.assertSays(self.finish(process, within=5), "jail")
        self.assertBound()


class Services(unittest.TestCase):
    """The files for those who supervise."""

    S6 = os.path.join(PROJECT, "service/s6/ifdawn")

    def test_s6_starts_it_with_the_descriptor_that_it_listens_to(self):
        with tempfile.TemporaryDirectory(prefix="ifdawn-") as directory:
            program = os.path.join(directory, "ifdawn")
            with open(program, "w") as file:
                file.write('#!/bin/sh\necho "$@"\n')
            os.chmod(program, 0o755)
            environment = {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}
            run = subprocess.run([f"{self.S6}/run"], env=environment, capture_output=True, text=True, check=True)
        self.assertEqual(run.stdout.split(), ["watch", "--notify-fd", read(f"{self.S6}/notification-fd").strip()])

    def test_s6_does_not_start_it_again_where_another_one_runs(self):
        for code, wanted in (("125", 125), ("0", 0), ("1", 0), ("3", 0), ("256", 0)):
            run = subprocess.run([f"{self.S6}/finish", code, "15"], check=False)
            self.assertEqual(run.returncode, wanted, f"after {code}")

    def test_the_unit_has_every_directive_where_it_belongs(self):
        unit = configparser.ConfigParser(strict=True, interpolation=None)
        unit.optionxform = str
        unit.read(os.path.join(PROJECT, "service/systemd/ifdawn.service"))
        self.assertEqual(unit.sections(), ["Unit", "Service", "Install"])
        service = unit["Service"]
        self.assertEqual((service["Type"], service["NotifyAccess"]), ("notify", "main"))
        self.assertEqual(service["ExecStart"].split(), ["/usr/sbin/ifdawn", "watch"])
        self.assertEqual(service["RestartPreventExitStatus"], "125")
        self.assertIn("network-online.target", unit["Unit"]["Before"].split())
