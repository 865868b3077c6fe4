"""The emulated machine: QEMU without acceleration, its cables, and the line to the shell in it.

Nothing of it reaches a network of this machine: its only network backends are hubs, which join the cards to each other.
"""
import json
import os
import secrets
import select
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

import image

# Network cards that the machine has, and as many at the other ends of their cables.
CARDS = 5

# Seconds, also where other work takes most of the processors. A boot takes about 3.
BOOT_LIMIT, SHELL_LIMIT = 60, 20

MEMORY = "256M"


class Lost(AssertionError):
    """The machine ended, or does not answer; the text has the end of its console. It is not used any more."""


class Emulator:
    """A booted machine. Its first shell is in the first network namespace."""

    def __init__(self, initramfs):
        self.directory = tempfile.mkdtemp(prefix="ifdawn-qemu-")
        self.console = os.path.join(self.directory, "console")
        self.token = secrets.token_hex(8)
        self.line, line = socket.socketpair()
        self.monitor, monitor = socket.socketpair()
        descriptors = (line.fileno(), monitor.fileno())
        # It ends when the harness does, however that ends.
        command = ["setpriv", "--pdeathsig", "KILL", image.tool("qemu-system-x86_64")]
        command += arguments(initramfs, self.console, *descriptors)
        self.complaints = open(os.path.join(self.directory, "complaints"), "w+b")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.complaints, stderr=self.complaints,
            pass_fds=descriptors, env=image.environment(),
        )
        line.close()
        monitor.close()
        try:
            # Answered once the shell reads.
            self.run(":", BOOT_LIMIT)
        except Lost:
            self.end()
            raise
        self.replies = self.monitor.makefile("rb")
        self.ask_monitor("qmp_capabilities")

    def alive(self):
        return self.process.poll() is None

    def end(self):
        self.process.kill()
        self.process.wait()
        for each in (self.line, self.monitor, self.complaints):
            each.close()
        shutil.rmtree(self.directory)

    def run(self, script, within):
        """Runs a script in a subshell of the machine's shell: exit code, standard output, standard error.

        Waits until the script ends, and for nothing that it leaves behind, as long as that has other outputs.
        """
        self.send(
            f"(eval {shlex.quote(script)}) </dev/null 2>/tmp/err; echo {self.token} $?;"
            f" [ ! -s /tmp/err ] || cat /tmp/err; echo {self.token}"
        )
        out, rest, _ = self.hear(within, script).split(self.token.encode())
        code, _, err = rest.partition(b"\n")
        return int(code), out, err

    # A shell reads ahead: nothing may be sent to one before the other is known to have ended.

    def enter(self, *words):
        """Goes on in another shell that the first one starts, with these words before its own."""
        script = f"echo {self.token}; exec sh"
        self.send(f"{shlex.join([*words, 'sh', '-c', script])}; echo {self.token}")
        self.hear(SHELL_LIMIT, script)

    def leave(self):
        """Goes back to the first one."""
        self.send("exit")
        self.hear(SHELL_LIMIT, "exit")

    def hear(self, within, script):
        """Everything until the machine's shell says that it is done."""
        end = f"{self.token}\n".encode()
        heard, deadline = bytearray(), time.monotonic() + within
        while not heard.endswith(end):
            ready, _, _ = select.select([self.line], [], [], max(0, deadline - time.monotonic()))
            octets = self.line.recv(1 << 20) if ready else b""
            if not octets:
                why = "the machine ended" if ready else f"no answer within {within} s"
                self.lose(f"{why}\n{script}\n{heard.decode(errors='backslashreplace')}")
            heard += octets
        return bytes(heard)

    def send(self, command):
        try:
            self.line.sendall(os.fsencode(command) + b"\n")
        except OSError as error:
            self.lose(str(error))

    def lose(self, why):
        self.process.kill()
        self.process.wait()
        self.complaints.seek(0)
        complaints = self.complaints.read().decode(errors="backslashreplace")
        raise Lost(f"{why}\n{complaints}its console:\n{self.said()[-4000:]}")

    def said(self):
        """What the kernel wrote to the console: warnings, and what is worse."""
        with open(self.console, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def ask_monitor(self, command, **words):
        """Carries out a command of QEMU's machine protocol (QMP)."""
        self.monitor.sendall(json.dumps({"execute": command, "arguments": words}).encode())
        while True:
            reply = json.loads(self.replies.readline() or self.lose("the monitor ended"))
            if "error" in reply:
                raise ValueError(f"{command}: {reply['error']}")
            if "return" in reply:
                return


def arguments(initramfs, console, line, monitor):
    """QEMU's, with the descriptors of two sockets."""
    words = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    # This board boots in two thirds of the time of the default one.
    words += ["-accel", "tcg", "-machine", "q35", "-m", MEMORY]
    words += ["-L", f"{image.TREE}/usr/share/qemu", "-L", f"{image.TREE}/usr/share/seabios"]
    words += ["-kernel", image.kernel()[0], "-initrd", initramfs]
    # An emulated processor has nothing to hide, and flushes its tables at each measure against that.
    words += ["-append", "console=ttyS0 quiet loglevel=5 panic=-1 mitigations=off"]
    words += ["-serial", f"file:{console}"]
    words += ["-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control"]
    words += ["-chardev", f"socket,id=line,fd={line}"]
    words += ["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=line"]
    for number in range(2 * CARDS):
        words += ["-netdev", f"hubport,id=plug{number},hubid={number % CARDS}"]
        card = f"virtio-net-pci,id=card{number},netdev=plug{number}"
        words += ["-device", f"{card},mac={mac(number)},addr={slot(number)},romfile="]
    return words


def mac(number):
    """Of a card, as of the links of tests/namespaces, or of the card at the other end of its cable."""
    end, number = divmod(number, CARDS)
    return f"52:54:00:00:{end:02x}:{number:02x}"


def slot(number):
    """On the PCI bus."""
    return f"0x{0x10 + number:x}"
