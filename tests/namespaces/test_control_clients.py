"""The supervisor's socket: one supervisor at a time, and clients that are none."""
import contextlib
import os
import resource
import signal
import socket
import subprocess
import time

import machine
from asking import ANOTHER, DONE, DOWN, RELOAD, STATE, UP, Asked, request
from dhcp import read


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

    def test_a_script_that_lives_on_listens_to_nobody(self):
        self.static()
        self.write("etc/ifdawn/hooks.d/long", "#!/bin/sh\nexec sleep 5\n")
        os.chmod(self.path("etc/ifdawn/hooks.d/long"), 0o755)
        for number in (signal.SIGKILL, signal.SIGTERM):
            process = self.start("watch")
            self.eventually("it is up", lambda: self.is_bound("192.0.2.5/24"), 5)
            self.eventually("the script runs", lambda: any(name == "sleep" for name in self.commands()), 5)
            process.send_signal(number)
            process.wait()
            self.assertSays(self.ifdawn("up", "eth0", within=10), "eth0: up")
            self.ifdawn("down", "eth0")

    def commands(self):
        """What runs in this network namespace."""
        found, here = [], os.readlink("/proc/self/ns/net")
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/net") == here:
                    found.append(read(f"/proc/{pid}/comm").strip())
            except OSError:
                pass
        return found

    def test_another_root_is_another_supervisors(self):
        self.static()
        process = self.supervise()
        os.makedirs(self.path("other/run"))
        other = subprocess.Popen([machine.BINARY, "watch", "--root", self.path("other")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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
