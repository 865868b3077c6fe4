"""Routers, neighbours and DHCPv6 servers that lie, shout or do not know better: nothing of it reaches kernel, files
or log, and a good answer that comes after is taken.

What must not be believed is of 2001:db8:bad::/48, or carries the word `evil`.
"""
import os
import struct
import time

import wire6
from dhcp import read
from ipv6 import LEASED, SLAAC, Ipv6Machine
from wire6 import Scripted6, nd_option, prefix_option, rdnss_option

EVIL = "2001:db8:bad:"
LOUD = 40
EVIL_OPTIONS = (
    nd_option(1, wire6.ROUTER_MAC) + prefix_option(f"{EVIL}:/64") + rdnss_option(f"{EVIL}:53") + wire6.dnssl_option("evil.example")
)
EVIL_DNS = {wire6.DNS: wire6.addr(f"{EVIL}:53"), wire6.SEARCH: b"\4evil\7example\0"}
GOOD_DNS = rdnss_option("2001:db8:1::53")


class Hostile(Ipv6Machine):
    def assertClean(self, run=None):
        """No trace of what is bad is anywhere."""
        texts = {"ip addr": self.ip("-6 addr show"), "ip route": self.ip("-6 route show table all")}
        for directory in ("run/ifdawn", "etc", "proc"):
            for place, _, names in os.walk(self.path(directory)):
                texts |= {name: read(os.path.join(place, name)) for name in names}
        if run:
            texts["standard error"] = run.err
            self.assertLess(len(run.err.splitlines()), LOUD, f"lines of complaint\n{run.err[:3000]}")
            self.assertRegex(run.err, r"\A[\n\x20-\x7e]*\Z", "printable ASCII")
        for name, text in texts.items():
            self.assertNotIn(EVIL, text, f"what must not be believed, in {name}")
            self.assertNotIn("evil", text, f"what must not be believed, in {name}")

    def cpu(self):
        """Seconds of processor that all processes of ifdawn have used."""
        ticks = 0
        for pid in self.processes():
            fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def flood(self, server, frames, process, share=0.6):
        """100,000 a second for two seconds: what all processes together use, at most, of one processor."""
        before, begin = self.cpu(), time.monotonic()
        sent = server.flood(frames, rate=100_000, seconds=2)
        used, seconds = self.cpu() - before, time.monotonic() - begin
        self.assertGreater(sent, 20_000, "frames sent")
        self.assertIsNone(process.poll(), "it lives")
        self.assertLess(used, share * seconds, f"seconds of processor in {seconds:.1f} s, {sent} frames")


class Advertisements(Hostile):
    def each(self, cases):
        """A bad one before each good one: the good one alone has an effect."""
        for name, make in cases.items():
            with self.subTest(case=name):
                self.new_machine()
                self.auto("eth0")

                def spoil(packet, frames, make=make):
                    bad = make(server)
                    return (bad if isinstance(bad, list) else [bad]) + frames

                server = Scripted6(self, "port0", more=GOOD_DNS, spoil=spoil)
                run = self.ifdawn("up", within=10)
                self.assertUsable(f"{SLAAC}/64")
                self.assertEqual(self.nameservers(), ["2001:db8:1::53"])
                self.assertClean(run)

    def test_routers_that_are_none(self):
        self.each({
            "hop limit": lambda server: server.advertisement(EVIL_OPTIONS, to={"hops": 254}),
            "hop limit 0": lambda server: server.advertisement(EVIL_OPTIONS, to={"hops": 0}),
            "off-link source": lambda server: server.advertisement(EVIL_OPTIONS, to={"src": f"{EVIL}:1"}),
            "source of nobody": lambda server: server.advertisement(EVIL_OPTIONS, to={"src": "::"}),
            "source of a group": lambda server: server.advertisement(EVIL_OPTIONS, to={"src": "ff02::1"}),
            "code": lambda server: server.advertisement(EVIL_OPTIONS, code=1),
            "checksum": lambda server: server.advertisement(EVIL_OPTIONS, to={"sum": 0x1234}),
            "another MAC": lambda server: server.advertisement(EVIL_OPTIONS, to={"dst_mac": b"\x52\x54\0\0\0\x77"}),
        })  # fmt: skip

    def test_options_that_lie(self):
        self.each({
            "length 0": lambda server: server.advertisement(EVIL_OPTIONS + bytes(8)),
            "length 0 first": lambda server: server.advertisement(b"\x19\0" + bytes(6) + EVIL_OPTIONS),
            "past the end": lambda server: server.advertisement(EVIL_OPTIONS + b"\x19\x20" + bytes(6)),
            "no length": lambda server: server.advertisement(EVIL_OPTIONS + b"\x19"),
            "payload too long": lambda server: server.advertisement(EVIL_OPTIONS, to={"length": 1400}),
            "payload of nothing": lambda server: server.advertisement(EVIL_OPTIONS, to={"length": 0}),
        })  # fmt: skip

    def test_every_truncation(self):
        def cut(server):
            octets, frame = wire6.advertisement(0, 1800, EVIL_OPTIONS), server.advertisement(EVIL_OPTIONS)
            return [server.icmp(octets[:length]) for length in range(1, 16)] + [frame[:length] for length in range(14, 70, 3)]

        self.each({"truncated": cut})

    def test_options_of_which_none_can_be_used(self):
        odd = (
            nd_option(25, struct.pack("!HI", 0, 1800)),
            nd_option(25, struct.pack("!HI", 0, 1800) + wire6.addr(f"{EVIL}:53")[:8], length=2),
            rdnss_option("ff02::1"), rdnss_option("::"), rdnss_option("::1"),
            nd_option(31, struct.pack("!HI", 0, 1800) + b"\x07evilabc"),
            nd_option(31, struct.pack("!HI", 0, 1800) + b"\x04evil\xc0\x08"),
            nd_option(31, struct.pack("!HI", 0, 1800) + b"\x07evil;rm\0"),
            nd_option(31, struct.pack("!HI", 0, 1800) + b"\x06evil\n'\0"),
            wire6.portal_option("https://evil'\n\x1b[2J/"),
            nd_option(38, b"\0\7"),
            wire6.mtu_option(68), wire6.mtu_option(0xFFFFFFFF),
            nd_option(253, b"evil" * 60),
        )  # fmt: skip
        for octets in odd:
            with self.subTest(option=octets):
                self.new_machine()
                self.auto("eth0")
                Scripted6(self, "port0", more=octets + GOOD_DNS)
                run = self.ifdawn("up", within=10)
                self.assertUsable(f"{SLAAC}/64")
                self.assertEqual(self.nameservers(), ["2001:db8:1::53"])
                self.assertClean(run)
                self.assertNotIn(self.knob("mtu"), ("68", "4294967295"))

    def test_a_thousand_prefixes(self):
        self.auto("eth0")
        server = Scripted6(self, "port0", more=GOOD_DNS)
        process = self.watch6(SLAAC)
        for n in range(25):
            nets = [prefix_option(f"2001:db8:{2 + n:x}:{net:x}::/64") for net in range(40)]
            server.advertise(nd_option(1, wire6.ROUTER_MAC) + b"".join(nets))
        # The kernel takes sixteen (max_addresses).
        self.eventually("the kernel has what it takes", lambda: len(self.inet6()) >= 10, 5)
        time.sleep(0.5)
        run = self.stop_watch(process)
        self.assertTrue(self.has6(SLAAC))
        self.assertLess(len(run.err.splitlines()), LOUD, f"{run}")
        self.assertEqual(self.nameservers(), ["2001:db8:1::53"])
        self.assertEqual(self.state()["state"], "up")

    def test_a_thousand_name_servers(self):
        self.auto("eth0")
        server = Scripted6(self, "port0", more=GOOD_DNS)
        process = self.watch6(SLAAC)
        for n in range(20):
            server.advertise(rdnss_option(*(f"2001:db8:1::{n:x}:{host:x}" for host in range(50))))
        time.sleep(0.5)
        self.assertLess(len(self.nameservers()), 100)
        self.assertLess(len(self.stop_watch(process).err.splitlines()), LOUD)

    def test_a_flood_of_advertisements(self):
        self.auto("eth0")
        server = Scripted6(self, "port0", more=GOOD_DNS)
        process = self.watch6(SLAAC)
        frames = [
            server.advertisement(nd_option(1, wire6.ROUTER_MAC) + rdnss_option(f"2001:db8:1::{n:x}"), flags=64 * (n % 4))
            for n in range(64)
        ]
        self.flood(server, frames, process, share=0.8)
        self.assertTrue(self.has6(SLAAC))
        # Nobody leases what half of them say is leased here.
        run = self.stop_watch(process, code=(0, 1))
        self.assertLess(len(run.err.splitlines()), LOUD, f"{run}")

    def test_a_flood_of_routers(self):
        self.auto("eth0")
        server = Scripted6(self, "port0", more=GOOD_DNS)
        process = self.watch6(SLAAC)
        frames = [server.advertisement(rdnss_option("fe80::53"), to={"src": f"fe80::{n:x}"}) for n in range(2, 66)]
        self.flood(server, frames, process, share=0.8)
        self.assertTrue(self.has6(SLAAC))
        self.assertLess(len(self.stop_watch(process).err.splitlines()), LOUD)


class Servers(Hostile):
    def each(self, cases, kinds=(wire6.SOLICIT, wire6.REQUEST)):
        for name, make in cases.items():
            with self.subTest(case=name):
                self.new_machine()
                self.stateful("eth0")

                def spoil(found, frames, make=make):
                    kind = wire6.ADVERTISE if found.kind == wire6.SOLICIT else wire6.REPLY
                    bad = make(server, found, kind) if found.kind in kinds else []
                    return (bad if isinstance(bad, list) else [bad]) + frames

                server = Scripted6(self, "port0", lifetime=None, pool=[LEASED], spoil=spoil)
                run = self.ifdawn("up", within=10)
                self.assertTrue(self.has6(LEASED), f"{self.inet6()}\n{run}")
                self.assertClean(run)

    @staticmethod
    def evil(server, found, kind, **lies):
        """A whole answer that gives what must not be believed."""
        dns = b"".join(wire6.option(code, octets) for code, octets in EVIL_DNS.items())
        body = b"".join(wire6.ia_na(iaid, f"{EVIL}:66") for iaid, *_ in found.ias()) + dns
        return server.reply(found, kind, **({"body": body} | lies))

    def test_messages_of_somebody_else(self):
        evil = self.evil
        self.each({
            "xid": lambda server, found, kind: evil(server, found, kind, xid=found.xid ^ 1),
            "client": lambda server, found, kind: evil(server, found, kind, client=b"\0\3\0\1\2\0\0\0\0\x66"),
            "no client": lambda server, found, kind: evil(server, found, kind, without=[wire6.CLIENT_ID]),
            "no server": lambda server, found, kind: evil(server, found, kind, without=[wire6.SERVER_ID]),
            "kind": lambda server, found, kind: [evil(server, found, n) for n in (1, 3, 5, 11, 14, 255)],
            "port": lambda server, found, kind: evil(server, found, kind, to={"dport": 547}),
            "another MAC": lambda server, found, kind: evil(server, found, kind, to={"dst_mac": b"\x52\x54\0\0\0\x77"}),
            "checksum": lambda server, found, kind: evil(server, found, kind, to={"sum": 0x1234}),
        })  # fmt: skip

    def test_relay_messages(self):
        def relayed(server, found, kind):
            inner = server.payload(found, kind, body=b"".join(wire6.ia_na(i, f"{EVIL}:66") for i, *_ in found.ias()))
            head = bytes((13, 0)) + wire6.addr(f"{EVIL}:1") + wire6.addr("fe80::66") + wire6.option(wire6.RELAY_MSG, inner)
            return [server.udp(found, head), server.udp(found, b"\x0c" + head[1:])]

        self.each({"relay": relayed})

    def test_a_reply_of_another_server(self):
        other = b"\0\3\0\1\2\0\0\0\0\x66"
        self.each({"DUID": lambda server, found, kind: self.evil(server, found, kind, duid=other)}, kinds=[wire6.REQUEST])

    def test_a_duid_that_is_too_long(self):
        self.each({"DUID": lambda server, found, kind: self.evil(server, found, kind, duid=b"\0\2" + bytes(300))})

    def test_another_ia(self):
        def other(server, found, kind):
            return self.evil(server, found, kind, body=wire6.ia_na(found.ias()[0][0] ^ 1, f"{EVIL}:66"))

        # A REPLY that gives nothing is an answer, and the last one to this REQUEST.
        self.each({"IAID": other}, kinds=[wire6.SOLICIT])

    def test_addresses_no_machine_has(self):
        for address in ("::", "::1", "ff02::66", "fe80::66", "::ffff:192.0.2.66"):
            def body(server, found, kind, address=address):
                return server.reply(found, kind, body=wire6.ia_na(found.ias()[0][0], address))

            self.each({address: body}, kinds=[wire6.SOLICIT])

    def test_times_that_contradict(self):
        self.stateful("eth0", text="IPV6_DHCP_TIMEOUT=2\n")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED], preferred=2000, valid=1000)
        self.ifdawn("up", code=1, within=10)
        self.assertEqual(self.globals(), [], "RFC 8415 section 18.2.10.1")
        self.assertLess(len(server.messages6()), 12)

    def test_lengths_that_lie(self):
        evil = self.evil
        self.each({
            "UDP too long": lambda server, found, kind: evil(server, found, kind, to={"udp_len": 1400}),
            "UDP of nothing": lambda server, found, kind: evil(server, found, kind, to={"udp_len": 0}),
            "UDP too short": lambda server, found, kind: evil(server, found, kind, to={"udp_len": 15}),
            "payload too short": lambda server, found, kind: evil(server, found, kind, to={"length": 12}),
            "an option past the end": lambda server, found, kind: evil(server, found, kind, more=b"\0\x17\xff\xff"),
        })  # fmt: skip

    def test_an_ia_in_an_ia(self):
        def inner(server, found, kind):
            (iaid,) = [iaid for iaid, *_ in found.ias()]
            return self.evil(server, found, kind, body=wire6.ia_na(iaid, more=wire6.ia_na(iaid, f"{EVIL}:66")))

        self.each({"IA": inner}, kinds=[wire6.SOLICIT])

    def test_every_truncation(self):
        def cut(part):
            def make(server, found, kind):
                octets = server.payload(found, kind, body=wire6.ia_na(found.ias()[0][0], f"{EVIL}:66"))
                # Behind the identifiers it is a whole answer that gives nothing.
                whole = 4 + 4 + len(found.option(wire6.CLIENT_ID)) + 4 + len(server.duid)
                return [server.udp(found, octets[:length]) for length in range(part, len(octets), 4) if length != whole]

            return make

        self.each({f"{part} of 4": cut(part) for part in range(4)})

    def test_names_that_mean_something_to_others(self):
        for name in (b"\x0bevil;reboot\0", b"\4evil", b"\4evil\xc0\0", b"\x06evil\n#\0", b"\x3fevil\0"):
            with self.subTest(name=name):
                self.new_machine()
                self.stateful("eth0")
                dhcp = {wire6.SEARCH: name, wire6.DNS: wire6.addr("2001:db8:1::53")}
                Scripted6(self, "port0", lifetime=None, pool=[LEASED], dhcp=dhcp)
                run = self.ifdawn("up")
                self.assertTrue(self.has6(LEASED))
                self.assertEqual(self.nameservers(), ["2001:db8:1::53"])
                self.assertClean(run)

    def test_a_flood_of_offers(self):
        self.stateful("eth0")
        server = Scripted6(self, "port0", lifetime=None, pool=[LEASED], silent=[wire6.SOLICIT, wire6.REQUEST])
        process = self.start("watch")
        server.wait_for("a SOLICIT", lambda _: server.messages6(wire6.SOLICIT))
        found = server.messages6(wire6.SOLICIT)[0]
        self.flood(server, [self.evil(server, found, wire6.ADVERTISE, xid=n) for n in range(64)], process)
        server.silent = set()
        self.eventually("bound after all", lambda: self.has6(LEASED), within=6)
        self.assertClean(self.stop_watch(process))

    def test_the_port_is_not_said_to_be_closed(self):
        """Servers would be told so by the kernel's ICMPv6."""
        self.stateful("eth0")
        closed = []

        class Listens(Scripted6):
            @staticmethod
            def parse(at, sent, octets):
                if octets[12:14] == b"\x86\xdd" and octets[20] == 58 and octets[54:56] == b"\1\4":
                    closed.append(octets)
                return wire6.parse(at, sent, octets)

        Listens(self, "port0", lifetime=None, pool=[LEASED])
        self.ifdawn("up")
        self.assertTrue(self.has6(LEASED))
        self.assertEqual(closed, [])
