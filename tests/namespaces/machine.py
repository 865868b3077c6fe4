"""A machine for each test: network, mount and uts namespaces of its own, and a root directory.

The process leaves the namespaces it was started in once and for good, so that not even a test that goes
wrong finds the machine's own links. In the test's mount namespace /etc is read-only and /run is empty: what
ifdawn writes beside its --root fails, or is found when the test ends.
"""
import ctypes
import json
import os
import re
import shutil
import subprocess
import tempfile
import textwrap
import time
import unittest

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("IFDAWN") or os.path.join(PROJECT, "target/dist/ifdawn"))

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x00020000, 0x04000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18

libc = ctypes.CDLL(None, use_errno=True)

# Requests that change something, as strace names them.
CHANGE = re.compile(r"nlmsg_type=(RTM_(?:NEW|SET|DEL)\w+)")

# Where this process waits between tests: (descriptor, kind) of each namespace; and where the roots are.
_waiting_room = []
_roots = None


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags):
    _check(libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0):
    def octets(text):
        return text.encode() if text else None

    _check(libc.mount(octets(source), octets(target), octets(kind), ctypes.c_ulong(flags), None), f"mount {target}")


def leave_for_good():
    """Leaves the machine's namespaces."""
    global _roots
    _roots = tempfile.mkdtemp(prefix="ifdawn-")
    unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS)
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
    for name, kind in (("mnt", CLONE_NEWNS), ("net", CLONE_NEWNET), ("uts", CLONE_NEWUTS)):
        _waiting_room.append((os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC), kind))


def clean_up():
    shutil.rmtree(_roots)


def back_to_the_waiting_room():
    for namespace, kind in _waiting_room:
        _check(libc.setns(namespace, kind), "setns")
    os.chdir("/")


class Run:
    """How a run of ifdawn ended."""

    def __init__(self, words, code, out, err, trace="", seconds=0.0):
        self.words, self.code, self.seconds = words, code, seconds
        self.out = out.decode(errors="backslashreplace")
        self.err = err.decode(errors="backslashreplace")
        self.trace = trace.splitlines()

    def changes(self):
        """The kinds of the changing netlink requests that were sent, in order."""
        sent = (line for line in self.trace if line.startswith(("sendto(", "sendmsg(")))
        return [kind for line in sent for kind in CHANGE.findall(line)]

    def __str__(self):
        return f"$ ifdawn {' '.join(self.words)}\n{self.out}{self.err}(exit code {self.code})"


class Machine(unittest.TestCase):
    """One test, on a machine with no link but lo, which is down."""

    maxDiff = None
    longMessage = True

    def setUp(self):
        self.addCleanup(back_to_the_waiting_room)
        self.bugs = []
        self.new_machine()

    def tearDown(self):
        self.assertEqual(os.listdir("/run"), [], "a file was written outside the root")
        self.assertEqual(open_read("/etc/resolv.conf"), self.own_resolv_conf, "the machine's resolv.conf")
        self.assertEqual(os.uname().nodename, self.own_hostname, "the host name outside the root")
        self.assertEqual(self.bugs, [], "the program reported a bug of its own")

    def new_machine(self):
        """Namespaces as they are when a machine boots, an empty root, and a switch for the cables."""
        unshare(CLONE_NEWNET)
        switch = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.addCleanup(os.close, switch)
        self.switch = f"/proc/{os.getpid()}/fd/{switch}"
        unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS)
        for target, kind, flags in (("/etc", None, MS_BIND | MS_REC), ("/etc", None, MS_BIND | MS_REMOUNT | MS_RDONLY)):
            mount(target, target, kind, flags)
        mount("tmpfs", "/run", "tmpfs")
        mount("tmpfs", _roots, "tmpfs")
        self.root = _roots
        self.own_resolv_conf, self.own_hostname = open_read("/etc/resolv.conf"), os.uname().nodename
        for directory in ("etc/sysconfig/network-scripts", "run", "proc/sys/kernel"):
            os.makedirs(self.path(directory))
        # Tentative addresses would make `ip -j` depend on the time.
        self.sysctl("ipv6/conf/*/accept_dad", "0")

    def sysctl(self, name, value):
        """Sets one below net/ of this namespace; `*` for those of later links and of all."""
        for conf in ("all", "default"):
            with open(f"/proc/sys/net/{name.replace('*', conf)}", "w") as file:
                file.write(value)

    # Links

    def cables(self, *names, up=False, peers_up=True):
        """Plugs links into the switch: names, or (name, last octet of the MAC). eth3 has the MAC
        52:54:00:00:00:03 and the number 13; its other end has another number, as on a real network."""
        here, there = [], []
        for name in names:
            name, octet = name if isinstance(name, tuple) else (name, int(re.sub(r"\D", "", name) or 0))
            here.append(
                f"link add {name} index {10 + octet} address {mac(octet)} type veth"
                f" peer name port{octet} index {110 + octet} netns {self.switch}"
            )
            if up:
                here.append(f"link set {name} up")
            if peers_up:
                there.append(f"link set port{octet} up")
        self.ip_batch(here)
        self.ip_batch(there, switch=True)

    def ip(self, *words):
        """Runs ip(8); words may hold blanks."""
        words = [word for text in words for word in text.split()]
        done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, f"ip {' '.join(words)}: {done.stderr}")
        return done.stdout

    def ip_batch(self, lines, switch=False):
        command = ["nsenter", f"--net={self.switch}"] if switch else []
        text = "\n".join(lines) + "\n"
        done = subprocess.run([*command, "ip", "-batch", "-"], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"ip -batch: {done.stderr}\n{text[:2000]}")

    def ip_json(self, *words):
        return json.loads(self.ip("-j", *words) or "[]")

    def link(self, name):
        return self.ip_json(f"link show dev {name}")[0]

    def names(self):
        """The last octet of each veth's MAC, by the link's name."""
        return {link["ifname"]: int(link["address"][-2:], 16) for link in self.ip_json("link show type veth")}

    def addresses(self, name):
        """The addresses of a link as `local/prefixlen`, those the kernel made itself left out."""
        found = [addr for link in self.ip_json(f"addr show dev {name}") for addr in link["addr_info"]]
        return [f"{addr['local']}/{addr['prefixlen']}" for addr in found if not addr["local"].startswith("fe80:")]

    def routes(self, *words, family=4):
        """The routes as text, without what the kernel made itself; `words` as for `ip route show`."""
        lines = self.ip(f"-{family} route show", *words).splitlines()
        return [" ".join(line.split()) for line in lines if "proto kernel" not in line]

    def everything(self):
        """What the kernel says about links, addresses, routes and rules, once it has nothing to add: link-local
        addresses and the routes that come with them are made in its own time."""
        deadline = time.monotonic() + 3
        state, before = self.snapshot(), None
        while state is None or state != before:
            self.assertLess(time.monotonic(), deadline, "links, addresses and routes come to rest")
            time.sleep(0.05)
            state, before = self.snapshot(), state
        return state

    def snapshot(self):
        """What is there now; None where a link that is up has no link-local address yet, or an address
        that may still turn out to be somebody else's."""
        state = {"link": self.ip_json("link show"), "addr": self.ip_json("addr show")}
        for link in state["addr"]:
            addrs = link["addr_info"]
            is_up = "LOWER_UP" in link["flags"] and link["ifname"] != "lo"
            if is_up and not any(addr["scope"] == "link" for addr in addrs):
                return None
            if any(addr.get("tentative") for addr in addrs):
                return None
        for table in ("-4 route", "-6 route"):
            state[table] = self.ip_json(f"{table} show table all")
        for rules in ("-4 rule", "-6 rule"):
            state[rules] = self.ip_json(f"{rules} show")
        for link in state["link"] + state["addr"]:
            # The kernel tells the first late, and a link that was up once keeps the second.
            link.pop("operstate", None)
            link.pop("qdisc", None)
            link.get("addr_info", []).sort(key=str)
        return {
            what: sorted((json.dumps(item, sort_keys=True) for item in found)) for what, found in state.items()
        }

    # Files

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def write(self, name, text):
        """Writes a file below the root; its directory is made."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else textwrap.dedent(text).encode())

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode()

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def network_script(self, name, text):
        """Writes `ifcfg-eth0`, `route-eth0`, ..."""
        self.write(f"etc/sysconfig/network-scripts/{name}", text)

    def ifcfg(self, link, text=""):
        """Writes a file for a static link; `text` has further keys, or BOOTPROTO."""
        text = textwrap.dedent(text)
        bootproto = "" if "BOOTPROTO" in text else "BOOTPROTO=none\n"
        self.network_script(f"ifcfg-{link}", f"DEVICE={link}\nONBOOT=yes\n{bootproto}{text}")

    # ifdawn

    def command(self, words):
        return [BINARY, *words, "--root", self.root]

    def ifdawn(self, *words, code=0, trace=None, within=20, prefix=(), root=True):
        """Runs ifdawn and expects an exit code, or one of several; None: whatever.

        `trace`: system calls strace shall record.
        """
        command = self.command(words) if root else [BINARY, *words]
        log = self.path("strace")
        if trace:
            command = self.strace(trace, log) + command
        started = time.monotonic()
        try:
            done = subprocess.run([*prefix, *command], capture_output=True, timeout=within)
        except subprocess.TimeoutExpired:
            self.fail(f"ifdawn {' '.join(words)}: did not end within {within} s")
        return self.ended(words, done.returncode, done.stdout, done.stderr, code, log if trace else None, started)

    def start(self, *words, trace=None, inject=None, prefix=(), **rest):
        """Starts ifdawn and goes on; `finish` waits for its end. `inject`: as strace's option; `rest`: as Popen's."""
        log = self.path("strace")
        command = self.strace(trace, log) if trace else []
        if inject:
            command = ["strace", "-qq", "-e", f"inject={inject}", "-o", "/dev/null"]
        process = subprocess.Popen(
            [*prefix, *command, *self.command(words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **rest
        )
        self.addCleanup(self.end, process)
        process.about = (words, log if trace else None, time.monotonic())
        return process

    def finish(self, process, code=0, within=20):
        words, log, started = process.about
        try:
            out, err = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"ifdawn {' '.join(words)}: did not end within {within} s\n{err.decode()}")
        return self.ended(words, process.returncode, out, err, code, log, started)

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
            process.communicate()

    @staticmethod
    def strace(calls, log):
        return ["strace", "-qq", "-e", "signal=none", "-e", "abbrev=none", "-s", "65536", "-e", f"trace={calls}", "-o", log]

    def ended(self, words, code, out, err, wanted, log, started):
        trace = ""
        if log:
            with open(log, errors="backslashreplace") as file:
                trace = file.read()
            os.remove(log)
        run = Run(words, code, out, err, trace, time.monotonic() - started)
        self.bugs += [line for line in run.err.splitlines() if "bug:" in line]
        if code < 0 or code > 128:
            self.fail(f"killed by a signal\n{run}")
        if wanted is not None:
            codes = wanted if isinstance(wanted, tuple) else (wanted,)
            self.assertIn(code, codes, f"exit code\n{run}")
        return run

    # Assertions

    def assertSays(self, run, *parts):
        """One line of standard error has all the parts."""
        if not any(all(part in line for part in parts) for line in run.err.splitlines()):
            self.fail(f"no line on standard error says {parts}\n{run}")

    def assertSilent(self, run, part):
        self.assertNotIn(part, run.err, f"standard error should not say so\n{run}")

    def assertConverged(self, *words):
        """A further `plan` prints nothing, a further `up` sends no change."""
        plan = self.ifdawn("plan", *words)
        self.assertEqual(plan.out, "", f"the plan of a converged machine is empty\n{plan}")
        again = self.ifdawn("up", *words, trace="sendto,sendmsg")
        self.assertIn("RTM_GETLINK", "".join(again.trace), "strace records netlink requests")
        self.assertEqual(again.changes(), [], f"a converged machine is sent no changing request\n{again}")

    def eventually(self, what, check, within=2.0):
        """Waits until `check()` is true. `what` may be a function: what it says when the time is over."""
        deadline = time.monotonic() + within
        while not check():
            if time.monotonic() > deadline:
                self.fail(f"not within {within} s: {what() if callable(what) else what}")
            time.sleep(0.01)


def mac(octet):
    return f"52:54:00:00:00:{octet:02x}"


def open_read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
