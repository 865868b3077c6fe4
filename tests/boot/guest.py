"""A guest for tests: the machine of tests/namespaces, but a whole one, with a kernel that has every kind of link.

Tests share one boot. Each has a network namespace of its own with no link but lo, an empty /etc and /run, and no
host name; so ifdawn runs without --root.
"""
import os
import re
import textwrap
import time
from shlex import join, quote

import emulator
from machine import Machine

# Where that many guests were lost, later tests fail at once.
MOST_LOST = 3

# What a kernel says that has found a mistake of its own.
KERNEL_BUG = re.compile(r"cut here|BUG:|Oops|Call Trace|hung task|soft lockup")

# The path of the image that guests boot; the guest that runs, if one does; how many were lost.
_initramfs = None
_running = None
_lost = 0


def use(initramfs):
    global _initramfs
    _initramfs = initramfs


def running():
    """The guest, booted where there is none."""
    global _running, _lost
    if _running is None:
        if _lost == MOST_LOST:
            raise emulator.Lost(f"{MOST_LOST} guests were lost")
        try:
            _running = emulator.Emulator(_initramfs)
        except emulator.Lost:
            _lost += 1
            raise
    return _running


def shut_down():
    global _running
    if _running is not None:
        _running.end()
        _running = None


class Guest(Machine):
    """One test. What reads and writes the machine is as in tests/namespaces, as are the assertions."""

    root = "/"

    # Where the test and its cards are. FIRST: in the namespace that the kernel begins with, of a guest booted for this
    # test, with no module of a link loaded. Some modules make links of their own only there.
    NAMESPACE = "machine"
    FIRST = "1"

    def setUp(self):
        self.bugs, self.plugged, self.pulled, self.started, self.inside = [], [], [], 0, False
        if self.NAMESPACE == self.FIRST:
            shut_down()
        self.said = len(running().said())
        self.addCleanup(self.clean_up)
        self.new_machine()

    def tearDown(self):
        self.assertEqual(self.bugs, [], "the program reported a bug of its own")
        said = running().said()[self.said :]
        self.assertIsNone(KERNEL_BUG.search(said), f"the kernel says it has a bug\n{said}")

    def new_machine(self):
        self.clean_up()
        self.shell("""
            rm -rf /etc /run
            mkdir -p /etc/sysconfig/network-scripts /run
            echo '(none)' >/proc/sys/kernel/hostname
            ip -batch - <<'END'
            netns add machine
            netns add switch
            END
            """)
        if self.NAMESPACE != self.FIRST:
            running().enter("ip", "netns", "exec", self.NAMESPACE)
        self.inside = True
        # Tentative addresses would make `ip -j` depend on the time.
        self.sysctl("ipv6/conf/*/accept_dad", "0")

    def clean_up(self):
        """Ends what still runs; then the namespaces and their links go."""
        global _lost
        if _running is None or not self.inside:
            return
        if not running().alive():
            _lost += 1
            shut_down()
        elif self.NAMESPACE == self.FIRST:
            shut_down()
        else:
            running().leave()
            for number in self.pulled.copy():
                self.put_cable(number)
            self.shell(
                # All but this shell and the first process. There may be none.
                "kill -9 -1 2>/dev/null || :",
                *map(unplug, self.plugged),
                # What ip(8) made to hold the two would be in the way of `rm -rf /run`.
                """
                ip -batch - <<'END'
                netns del machine
                netns del switch
                END
                umount /run/netns
                """,
            )
        self.plugged, self.pulled, self.inside = [], [], False

    # Scripts

    def run_script(self, script, within=20):
        """Exit code, standard output and standard error of a shell script in the guest."""
        return running().run(script, within)

    def shell(self, *scripts, within=20):
        """Runs scripts that have to succeed in silence, as one: the standard output."""
        script = "\n".join(["set -e", *map(textwrap.dedent, scripts)])
        code, out, err = self.run_script(script, within)
        if code != 0 or err:
            self.fail(f"{script}\n{text(out)}{text(err)}(exit code {code})")
        return out.decode()

    def sysctl(self, name, value):
        self.shell(*(f"echo {value} >/proc/sys/net/{name.replace('*', conf)}" for conf in ("all", "default")))

    def ip(self, *words):
        return self.shell(f"ip {join(word for text in words for word in text.split())}")

    def ip_batch(self, lines, switch=False):
        lines = "\n".join(lines)
        self.shell(f"ip {'-n switch' if switch else ''} -batch - <<'END'\n{lines}\nEND", within=60)

    # Cards and cables

    def cards(self, *names, up=False, peers_up=True):
        """Plugs network cards: names, or (name, number); eth3 is card 3, with the MAC 52:54:00:00:00:03. Numbers are
        below emulator.CARDS. The other end of its cable is port3 of the namespace `switch`."""
        named = [name if isinstance(name, tuple) else (name, int(re.sub(r"\D", "", name))) for name in names]
        here = [(number, self.NAMESPACE, name) for name, number in named]
        there = [(number + emulator.CARDS, "switch", f"port{number}") for _, number in named]
        self.plug(*here, *there)
        if up:
            self.ip_batch([f"link set {name} up" for name, _ in named])
        if peers_up:
            self.ip_batch([f"link set port{number} up" for _, number in named], switch=True)

    def plug(self, *cards):
        """Gives its driver to each card, as (number, namespace, name)."""
        self.plugged += [number for number, _, _ in cards]
        # A new card is in the first namespace, and to be seen only there, by a name that may be one of those wanted.
        script = [plug(number) for number, _, _ in cards]
        script += [f"echo link set card{number} netns {namespace} name {name}" for number, namespace, name in cards]
        self.shell("\n".join(["nsenter -t 1 -m -n sh <<'END'", "{", *script, "} | ip -batch -", "END"]))

    def unplug(self, number):
        self.shell(unplug(number))
        self.plugged.remove(number)

    def pull_cable(self, number):
        """Takes the carrier of a card and of the port at the other end."""
        self.pulled.append(number)
        for end in (number, number + emulator.CARDS):
            running().ask_monitor("set_link", name=f"card{end}", up=False)

    def put_cable(self, number):
        self.pulled.remove(number)
        for end in (number, number + emulator.CARDS):
            running().ask_monitor("set_link", name=f"card{end}", up=True)

    def names(self):
        """The number of each card by the link's name."""
        cards = [link for link in self.ip_json("-d link show") if link.get("parentbus") == "virtio"]
        return {card["ifname"]: int(card.get("permaddr", card["address"])[-2:], 16) for card in cards}

    # Files

    def write(self, name, text):
        path = self.path(name)
        assert path.startswith(("/etc/", "/run/")), f"{path}: the next test would find it"
        text = os.fsdecode(text) if isinstance(text, bytes) else textwrap.dedent(text)
        directory = quote(os.path.dirname(path))
        self.shell(f"[ -d {directory} ] || mkdir -p {directory}", f"printf %s {quote(text)} >{quote(path)}")

    def read(self, name):
        return self.shell(f"cat {quote(self.path(name))}")

    def exists(self, name):
        path = quote(self.path(name))
        return self.run_script(f"[ -e {path} ] || [ -L {path} ]")[0] == 0

    # ifdawn

    def command(self, words):
        return ["ifdawn", *words]

    def ifdawn(self, *words, code=0, trace=None, within=20):
        """Runs ifdawn and expects an exit code, or one of several; None: whatever.

        `trace`: system calls strace shall record.
        """
        log = "/tmp/strace"
        command = [*(self.strace(trace, log) if trace else []), *self.command(words)]
        started = time.monotonic()
        result = self.run_script(join(command), within)
        run = self.ended(words, *result, code, None, started)
        if trace:
            run.trace = self.read(log).splitlines()
        return run

    def start(self, *words):
        """Starts ifdawn and goes on; `finish` waits for its end, `end` makes it."""
        self.started += 1
        files = f"/tmp/{self.started}"
        self.shell(f"""
            rm -f {files}.*
            (
                {join(self.command(words))} &
                echo $! >{files}.pid
                code=0
                wait $! || code=$?
                echo $code >{files}.code
            ) >{files}.out 2>{files}.err &
            """)
        return files, words, time.monotonic()

    def end(self, process, signal="TERM"):
        self.shell(f"kill -{signal} $(cat {process[0]}.pid)")

    def finish(self, process, code=0, within=20):
        files, words, started = process
        self.eventually(
            lambda: f"the end of ifdawn {' '.join(words)}\n{self.read(f'{files}.err')}",
            lambda: self.exists(f"{files}.code"),
            within,
        )
        ended, out, err = (self.read(f"{files}.{end}") for end in ("code", "out", "err"))
        return self.ended(words, int(ended), out.encode(), err.encode(), code, None, started)


def plug(number):
    """Shell commands that give card 3 to its driver, and print what ip(8) has to do to name its link card3."""
    return f"""\
set -- {device(number)}/virtio*
echo ${{1##*/}} >/sys/bus/virtio/drivers/virtio_net/bind
set -- $1/net/*
echo link set ${{1##*/}} name card{number}"""


def unplug(number):
    return f"set -- {device(number)}/virtio*; echo ${{1##*/}} >/sys/bus/virtio/drivers/virtio_net/unbind"


def device(number):
    return f"/sys/bus/pci/devices/0000:00:{emulator.slot(number)[2:]}.0"


def text(octets):
    return octets.decode(errors="backslashreplace")
