"""What tests of the supervisor share: what each of its processes did, and what it costs."""
import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

from dhcp import DhcpMachine, read
from wire import checksum, namespace

LIFE_TIME = re.compile(r'"(valid|preferred)_life_time": \d+')
KIND = re.compile(r"nlmsg_type=(RTM_\w+)")
SETTLED = 0.4  # seconds after which whatever an event led to is over
PROBED = 1.2  # the same where neighbours were asked whether they have an IPv6 address
ECHO, ECHO_REPLY = 8, 0


class WatchMachine(DhcpMachine):
    """A machine whose links a supervisor keeps as they are configured."""

    def static(self, link="eth0", address="192.0.2.5", text="GATEWAY=192.0.2.1\n", **rest):
        """Plugs the link in and writes a file for it."""
        self.cables(link, **rest)
        self.ifcfg(link, f"IPADDR={address}\nPREFIX=24\n{text}")

    def supervise(self, *words, bound="192.0.2.5/24", name="eth0", within=5.0, prefix=()):
        """Starts `watch`, and waits until the link has its address and there is no more to do."""
        process = self.start("watch", *words, prefix=prefix)
        self.eventually(f"{name} has {bound}", lambda: process.poll() is not None or self.is_bound(bound, name), within)
        if process.poll() is not None:
            self.fail(f"it goes on\n{self.finish(process, code=None)}")
        # What the kernel does in its own time would wake it as what a test does is to.
        self.eventually("the kernel has nothing to add", lambda: self.snapshot() is not None, 5)
        self.eventually("links are up", lambda: self.are_up(), 5)
        self.settle()
        return process

    def start(self, *words, prefix=(), **rest):
        if not prefix:
            return super().start(*words, **rest)
        process = subprocess.Popen([*prefix, *self.command(words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        process.about = (words, None, time.monotonic())
        return process

    def end(self, process):
        """Ends it and what it started; whom strace leaves behind goes on."""
        if process.poll() is None:
            self.kill_all()
            process.kill()
            process.wait()
        for pipe in (process.stdout, process.stderr):
            pipe.close()

    def kill_all(self):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def are_up(self):
        """Whether the kernel has told of every link with carrier that it is up, which it may do a second later."""
        links = [link for link in self.ip_json("link show") if "LOWER_UP" in link["flags"]]
        return all(link["operstate"] in ("UP", "UNKNOWN") for link in links)

    # What it did

    def counts(self):
        """(how often it was woken, how long it ran in ticks) of each of its processes."""
        found = {}
        for pid in self.processes():
            status = dict(line.split(":", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":" in line)
            fields = read(f"/proc/{pid}/stat").rsplit(") ", 1)[1].split()
            switches = int(status["voluntary_ctxt_switches"]) + int(status["nonvoluntary_ctxt_switches"])
            found[pid] = (switches, int(fields[11]) + int(fields[12]))
        return found

    def settle(self, within=5.0, quiet=SETTLED):
        """Waits until no process of it is woken any more for so many seconds."""
        deadline = time.monotonic() + within
        before, after = None, self.counts()
        while before != after:
            self.assertLess(time.monotonic(), deadline, "it comes to rest")
            time.sleep(quiet)
            before, after = after, self.counts()

    def assertAsleep(self, seconds=1.0):
        """Nothing wakes any process of it."""
        before = self.counts()
        self.assertTrue(before, "processes of ifdawn")
        time.sleep(seconds)
        self.assertEqual(self.counts(), before, f"pid: (times it was woken, ticks) now and {seconds} s before")

    def work(self, act, main):
        """The system calls of the main process because of `act`, as strace has them."""
        log = self.path("work")
        words = ["strace", "-qq", "-e", "signal=none", "-e", "abbrev=none", "-s", "65536", "-o", log, "-p", str(main)]
        strace = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            # What it waits in is recorded once strace is there.
            self.eventually("strace listens", lambda: self.is_traced(main), 3)
            act()
            self.settle()
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait()
        text = read(log)
        os.remove(log)
        return [line for line in text.splitlines() if not line.startswith("strace:")]

    def is_traced(self, pid):
        return "TracerPid:\t0\n" not in read(f"/proc/{pid}/status")

    @staticmethod
    def sent(calls):
        """The kinds of netlink requests, in order."""
        lines = [line for line in calls if line.startswith(("sendto(", "sendmsg("))]
        return [kind for line in lines for kind in KIND.findall(line)]

    def assertRestores(self, what, act, is_there, process, changes=None, looks=0, within=3.0, quiet=SETTLED):
        """After `act`, `is_there()` becomes true, and nothing else than was before; then it sleeps. `changes`: the
        kinds of all requests that change something. `looks`: how many follow at most: of IPv6 addresses and of links
        the kernel does not tell whose change it was."""
        before = self.everything()
        calls = self.work(lambda: (act(), self.eventually(what, is_there, within)), process.pid)
        self.assertEqual(self.everything(), before, f"{what}: as before")
        sent = self.sent(calls)
        done = [kind for kind in sent if not kind.startswith("RTM_GET")]
        if changes is not None:
            self.assertEqual(done, changes, f"{what}: changes that were sent")
        # What it hears of its own doing is no news.
        last = max((n for n, kind in enumerate(sent) if not kind.startswith("RTM_GET")), default=len(sent))
        after = sent[last + 1 :].count("RTM_GETADDR")
        self.assertLessEqual(after, looks, f"{what}: looks after the last change, of {sent}")
        self.settle(quiet=quiet)
        self.assertAsleep(0.3)

    def but_times(self):
        """Everything there is but how long addresses are valid."""
        return {what: [LIFE_TIME.sub("", text) for text in found] for what, found in self.everything().items()}

    def rss(self):
        """KiB of all its processes."""
        return {pid: int(self.status(pid, "VmRSS").split()[0]) for pid in self.processes()}

    @staticmethod
    def status(pid, key):
        lines = dict(line.split(":", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":" in line)
        return lines[key].strip()


class Ping:
    """Asks a host for an echo every few milliseconds, from the switch; `lost` says when it got none."""

    def __init__(self, test, to, every=0.005):
        self.every, self.to, self.sent, self.heard = every, to, {}, set()
        with namespace(test.switch):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.settimeout(0.2)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.send, self.hear)]
        test.addCleanup(self.stop)
        for thread in self.threads:
            thread.start()

    def send(self):
        number = 0
        while not self.stopping.is_set():
            number += 1
            octets = struct.pack("!BBHHH", ECHO, 0, 0, number >> 16, number & 0xFFFF)
            octets = octets[:2] + struct.pack("!H", checksum(octets)) + octets[4:]
            self.sent[number] = time.monotonic()
            try:
                self.socket.sendto(octets, (self.to, 0))
            except OSError:
                pass  # it counts as lost
            self.stopping.wait(self.every)

    def hear(self):
        while not self.stopping.is_set():
            try:
                octets = self.socket.recv(256)
            except OSError:
                continue
            kind, _, _, high, low = struct.unpack("!BBHHH", octets[20:28])
            if kind == ECHO_REPLY:
                self.heard.add(high << 16 | low)

    def stop(self):
        if not self.stopping.is_set():
            self.stopping.set()
            for thread in self.threads:
                thread.join()
                # Python is done with it a moment before the kernel is, which lets a process with threads leave no mounts.
                while os.path.exists(f"/proc/self/task/{thread.native_id}"):
                    time.sleep(0.001)
            self.socket.close()

    def begin(self):
        """What was sent until now does not count."""
        self.sent = {}

    def answered(self):
        """How many were."""
        return len(self.heard)

    def lost(self):
        """Ends, and returns those without an answer."""
        time.sleep(0.1)
        self.stop()
        # The last ones may be on their way.
        end = max(self.sent.values(), default=0) - 0.1
        return [number for number, at in self.sent.items() if at < end and number not in self.heard]
