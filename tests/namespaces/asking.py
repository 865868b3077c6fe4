"""What tests of the supervisor's socket share: who asks by it, and what is said to him."""
import json
import os
import socket

from watching import WatchMachine

RELOAD, UP, DOWN, RELEASE, STATE = range(5)
DONE = 125
ANOTHER = "a supervisor runs already: process "


def request(op, *names):
    """As src/wire/control.rs writes it."""
    return bytes([1, op]) + b"".join(name.ljust(16, b"\0") for name in names)


class Asked(WatchMachine):
    def control(self):
        return self.path("run/ifdawn/control")

    def connect(self, timeout=None):
        """A client of the supervisor; the path may be too long for an address."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(client.close)
        here = os.getcwd()
        os.chdir(self.path("run/ifdawn"))
        client.settimeout(timeout)
        try:
            client.connect("control")
        finally:
            os.chdir(here)
        client.settimeout(5)
        return client

    def ask(self, octets):
        """(lines, exit code) of one request; None: no code, it was let go."""
        client = self.connect()
        client.send(octets)
        return self.answers(client)

    @staticmethod
    def answers(client):
        lines = []
        while True:
            try:
                octets = client.recv(2048)
            except ConnectionResetError:
                octets = b""
            if len(octets) < 2:
                return lines, octets[0] if octets else None
            lines.append(octets.decode())

    def eth1(self, text="", onboot="yes"):
        self.cables("eth1")
        self.network_script("ifcfg-eth1", f"DEVICE=eth1\nONBOOT={onboot}\nIPADDR=198.51.100.5\nPREFIX=24\n{text}")

    def is_up(self, name):
        return "UP" in self.link(name)["flags"]

    def links_in_state(self):
        return sorted(link["name"] for link in json.loads(self.read("run/ifdawn/state.json"))["links"])
