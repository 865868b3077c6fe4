"""Servers that lie, shout or do not know better: nothing of it reaches kernel, files or log, and a good
answer that comes after is taken.

What must not be believed offers 192.0.2.66, or carries the word `evil`.
"""
import os
import re
import time

import wire
from dhcp import DhcpMachine, read

EVIL = "192.0.2.66"
LOUD = 40


class Hostile(DhcpMachine):
    def assertClean(self, run=None):
        """No trace of the bad answers is anywhere."""
        texts = {"ip addr": self.ip("-4 addr show"), "ip route": self.ip("-4 route show table all")}
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

    def ignores(self, spoil, text=""):
        """A bad answer before each good one: the good one alone has an effect."""
        self.dhcp("eth0", text=text)
        server = wire.Scripted(self, "port0", spoil=spoil)
        run = self.ifdawn("up", within=5)
        self.assertBound()
        self.assertClean(run)
        return server

    def before(self, make, kinds=(wire.DISCOVER, wire.REQUEST)):
        """A `spoil` that puts `make(server, message, kind)`, one frame or several, before the good frames."""

        def spoil(message, frames):
            kind = wire.OFFER if message.kind == wire.DISCOVER else wire.ACK
            bad = make(Evil(message), kind) if message.kind in kinds else []
            return (bad if isinstance(bad, list) else [bad]) + frames

        return spoil

    def in_parts(self, make):
        """`make(evil, kind, part)`, many frames, in four parts: a socket's buffer holds about 270 small frames, and
        as many at once would be a test of the scheduler."""
        for part in range(4):
            with self.subTest(lengths=f"{part} of 4"):
                self.new_machine()
                self.ignores(self.before(lambda evil, kind, part=part: make(evil, kind, part)))

    def each(self, cases, kinds=(wire.DISCOVER, wire.REQUEST)):
        for name, make in cases.items():
            with self.subTest(case=name):
                self.new_machine()
                self.ignores(self.before(make, kinds))


class Evil:
    """Bad answers to one message."""

    OPTIONS = {
        1: wire.addr("255.255.255.0"),
        3: wire.addr("192.0.2.1"),
        15: b"evil.example",
        51: b"\0\0\x0e\x10",
        54: wire.addr("192.0.2.1"),
    }

    def __init__(self, message):
        self.message = message

    def payload(self, kind, yiaddr=EVIL, options=None, without=(), **header):
        said = {code: octets for code, octets in (self.OPTIONS | (options or {})).items() if code not in without}
        return wire.reply(self.message, kind, yiaddr, said.items(), **header)

    def frame(self, kind, yiaddr=EVIL, options=None, without=(), to=None, **header):
        return wire.frame(self.payload(kind, yiaddr, options, without, **header), **(to or {}))


class Packets(Hostile):
    def test_messages_of_somebody_else(self):
        self.each({
            "xid": lambda evil, kind: evil.frame(kind, xid=evil.message.xid ^ 1),
            "chaddr": lambda evil, kind: evil.frame(kind, chaddr=b"\x52\x54\0\0\0\x09"),
            "chaddr of no length": lambda evil, kind: evil.frame(kind, hlen=0),
            "chaddr of 255 octets": lambda evil, kind: evil.frame(kind, hlen=255),
            "a request": lambda evil, kind: evil.frame(kind, op=1),
            "magic": lambda evil, kind: evil.frame(kind, cookie=b"\x63\x82\x53\x64"),
            "kind of message": lambda evil, kind: [evil.frame(n) for n in (1, 3, 4, 7, 8, 9, 18, 255)],
            "port": lambda evil, kind: evil.frame(kind, to={"dport": 69}),
            "protocol": lambda evil, kind: evil.frame(kind, to={"proto": 6}),
            "another MAC": lambda evil, kind: evil.frame(kind, to={"dst_mac": b"\x52\x54\0\0\0\x77"}),
            "another VLAN": lambda evil, kind: evil.frame(kind, to={"vlan": 5}),
        })  # fmt: skip

    def test_a_priority_tag_is_no_other_vlan(self):
        self.dhcp("eth0")

        def tag(message, frames):
            return [octets[:12] + b"\x81\0\0\0" + octets[12:] for octets in frames]

        wire.Scripted(self, "port0", spoil=tag)
        self.ifdawn("up")
        self.assertBound()

    def test_lengths_that_lie(self):
        self.each({
            "UDP: too long": lambda evil, kind: evil.frame(kind, to={"udp_len": 1400}),
            "UDP: nothing": lambda evil, kind: evil.frame(kind, to={"udp_len": 0}),
            "UDP: a header": lambda evil, kind: evil.frame(kind, to={"udp_len": 8}),
            "UDP: less than a header": lambda evil, kind: evil.frame(kind, to={"udp_len": 7}),
            "IP: too long": lambda evil, kind: evil.frame(kind, to={"ip_len": 1500}),
            "IP: too short": lambda evil, kind: evil.frame(kind, to={"ip_len": 27}),
            "IP: nothing": lambda evil, kind: evil.frame(kind, to={"ip_len": 0}),
            "checksum": lambda evil, kind: evil.frame(kind, to={"udp_sum": 0x1234}),
            "first fragment": lambda evil, kind: evil.frame(kind, to={"fragment": 0x2000}),
            "later fragment": lambda evil, kind: evil.frame(kind, to={"fragment": 0x0010}),
            "no end mark": lambda evil, kind: evil.frame(kind, end=b"", pad=0, raw=b"\x0c"),
            "an option past the end": lambda evil, kind: evil.frame(kind, pad=0, end=b"", raw=b"\x0c\xffevil"),
        })  # fmt: skip

    def test_every_truncation(self):
        def cut(evil, kind, part):
            octets = evil.payload(kind, pad=0)
            return [wire.frame(octets[:length]) for length in range(part, 255, 4)]

        self.in_parts(cut)

    def test_every_frame_cut_off(self):
        def cut(evil, kind, part):
            octets = evil.frame(kind, pad=0)
            return [octets[:length] for length in range(14 + part, len(octets) - 20, 4)]

        self.in_parts(cut)

    def test_what_follows_the_ip_packet_is_padding(self):
        self.dhcp("eth0")

        def pad(message, frames):
            return [octets + b"\x0c\x04evil" * 4 for octets in frames]

        wire.Scripted(self, "port0", spoil=pad)
        run = self.ifdawn("up")
        self.assertBound()
        self.assertClean(run)

    def test_ip_options_are_stepped_over(self):
        self.dhcp("eth0")

        def option(message, frames):
            (payload,) = [octets[14 + 20 + 8 :] for octets in frames]
            return [wire.frame(payload, ip_options=b"\x01" * 8)]

        wire.Scripted(self, "port0", spoil=option)
        self.ifdawn("up")
        self.assertBound()


class Leases(Hostile):
    """Answers whose form is right."""

    def test_addresses_no_machine_has(self):
        self.each({
            yiaddr: lambda evil, kind, yiaddr=yiaddr: evil.frame(kind, yiaddr, {15: b"evil.example"})
            for yiaddr in ("0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "240.0.0.1", "0.0.0.9")
        })  # fmt: skip

    def test_what_a_lease_must_say(self):
        self.each({
            "no server": lambda evil, kind: evil.frame(kind, without=[54]),
            "a server that is none": lambda evil, kind: evil.frame(kind, options={54: wire.addr("224.0.0.1")}),
            "no time": lambda evil, kind: evil.frame(kind, options={51: b"\0\0\0\0"}),
            "a time of three octets": lambda evil, kind: evil.frame(kind, options={51: b"\0\x0e\x10"}),
        })  # fmt: skip

    def test_the_address_of_the_router_is_not_ours(self):
        self.each({"router": lambda evil, kind: evil.frame(kind, "192.0.2.9", {3: wire.addr("192.0.2.9")})})

    def test_an_ack_of_another_server(self):
        self.each(
            {
                "other server": lambda evil, kind: evil.frame(kind, options={54: wire.addr("192.0.2.9")}),
                "its NAK": lambda evil, kind: evil.frame(wire.NAK, "0.0.0.0", {54: wire.addr("192.0.2.9")}),
                "a NAK of nobody": lambda evil, kind: evil.frame(wire.NAK, "0.0.0.0", without=[54]),
                "a NAK for somebody else": lambda evil, kind: evil.frame(wire.NAK, "0.0.0.0", xid=evil.message.xid ^ 1),
            },
            kinds=[wire.REQUEST],
        )

    def test_a_nak_to_a_discover_is_nothing(self):
        self.each({"NAK": lambda evil, kind: evil.frame(wire.NAK, "0.0.0.0")}, kinds=[wire.DISCOVER])

    def good_but(self, options, **rest):
        """A lease of which these options are no good: it is taken without them, or not at all."""
        self.dhcp("eth0", text="IPV4_DHCP_TIMEOUT=1\n")
        self.server = wire.Scripted(self, "port0", options=options, **rest)
        run = self.ifdawn("up", code=(0, 1), within=10)
        self.assertClean(run)
        self.assertLessEqual(set(self.inet() and [self.address()] or []), {"192.0.2.100/24"})
        return run

    def test_masks_with_holes(self):
        for mask in ("255.0.255.0", "0.255.255.0", "255.255.255.1"):
            with self.subTest(mask=mask):
                self.new_machine()
                self.good_but({1: wire.addr(mask)})

    def test_gateways_that_are_none(self):
        for gateway in ("0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "192.0.2.100"):
            with self.subTest(gateway=gateway):
                self.new_machine()
                self.good_but({3: wire.addr(gateway)})
                self.assertEqual(self.default_routes(), [], "default routes")

    def test_names_that_mean_something_to_others(self):
        bad = (
            b"$(touch evil)", b"evil;reboot", b"`evil`", b"evil\nnameserver 192.0.2.66", b"evil'\"", b"-evil", b"evil\x1b[2J",
            b"evil\\", b"evil|sh", b"evil>x", b"\xffevil", b"evil" * 60,
        )  # fmt: skip
        for name in bad:
            with self.subTest(name=name):
                self.new_machine()
                self.write("proc/sys/kernel/hostname", "localhost\n")
                self.good_but({12: name, 15: name, 6: wire.addr("192.0.2.53")})
                self.assertBound()
                self.assertIn("nameserver 192.0.2.53", self.resolv_conf())
                self.assertEqual(self.read("proc/sys/kernel/hostname"), "localhost\n", "the host name")
                for line in self.resolv_conf().splitlines():
                    self.assertRegex(line, r"^(# Generated by ifdawn|search [a-z.]+|nameserver [0-9.]+)$", "resolv.conf")

    def test_texts_that_mean_something_to_others(self):
        for text in (b"evil'; reboot '", b"evil\nROOTPATH='x", b"$(evil)", b"evil\x07", b"evil\\"):
            with self.subTest(text=text):
                self.new_machine()
                self.good_but({17: text, 66: text, 67: text})
                self.assertBound()
                self.lease()

    def test_search_domains_that_never_end(self):
        pointer = b"\x04evil\xc0"
        for octets in (pointer + b"\0", b"\xc0\0", b"\xc0\xff", b"\x3fevil", b"\x04evil", b"\x40evil\0", b"\xc0\x02\xc0\0" * 30):
            with self.subTest(octets=octets):
                self.new_machine()
                self.good_but({119: octets})
                self.assertBound()

    def test_routes_that_are_none(self):
        bad = (
            b"\x21\x0a\0\0\0\xc0\0\2\1", b"\xff", b"\x08\x0a\xc0\0\2", b"\x08\x0a\xe0\0\0\1", b"\x08\x0a\xff\xff\xff\xff",
            b"\x08\x0a\x7f\0\0\1",
        )  # fmt: skip
        for octets in bad:
            with self.subTest(octets=octets):
                self.new_machine()
                self.good_but({121: octets})
                for route in self.routes():
                    self.assertNotRegex(route, r"^10\.", "routes")

    def test_a_thousand_routes(self):
        self.cables("eth0")
        self.ip("link set eth0 mtu 9000")
        self.on_switch("link set port0 mtu 9000")
        self.ifcfg("eth0", "BOOTPROTO=dhcp\n")
        nets = [(f"10.{n >> 8}.{n & 255}.0/24", "192.0.2.1") for n in range(1000)]

        def long(message, frames):
            kind = wire.ACK if message.kind == wire.REQUEST else wire.OFFER
            return [server.frame(message, kind, more=[(121, wire.routes(*nets))]), *frames]

        server = wire.Scripted(self, "port0", spoil=long)
        self.ifdawn("up")
        self.assertBound(via=None)
        self.assertLessEqual(len(self.routes()), 257, "routes")
        self.assertEqual(self.ifdawn("plan").out, "", "it is at rest")

    def test_every_octet_changed(self):
        """Answers with one octet changed, one of each place; the last answer of each kind is good."""

        def mutate(evil, kind):
            good = evil.payload(kind, options={15: b"a.example"})
            octets = range(0, 300, 3)
            changed = [good[:n] + bytes((good[n] ^ 0xFF,)) + good[n + 1 :] for n in octets]
            return [wire.frame(payload) for payload in changed]

        self.dhcp("eth0")
        wire.Scripted(self, "port0", spoil=self.before(mutate))
        run = self.ifdawn("up", code=(0, 1))
        self.assertLess(len(run.err.splitlines()), LOUD, f"{run}")
        found = self.address()
        # An answer whose third octet of the address is changed is as good as any.
        self.assertTrue(found is None or re.fullmatch(r"192\.0\.(2|253)\.(100|66)/\d+", found), f"address: {found}")


class Floods(Hostile):
    def cpu(self):
        """Seconds of processor that all processes of ifdawn have used."""
        ticks = 0
        for pid in self.processes():
            fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def flood(self, server, frames, process, share):
        """100,000 a second for two seconds: what all processes together use, at most, of one processor."""
        before, begin = self.cpu(), time.monotonic()
        sent = server.flood(frames, rate=100_000, seconds=2)
        used, seconds = self.cpu() - before, time.monotonic() - begin
        self.assertGreater(sent, 50_000, "frames sent")
        self.assertIsNone(process.poll(), "it lives")
        self.assertLess(used, share * seconds, f"seconds of processor in {seconds:.1f} s, {sent} frames")

    def test_offers_nobody_asked_for(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", silent=[wire.DISCOVER, wire.REQUEST])
        process = self.watch(bound=None)
        server.wait_for("a DISCOVER", lambda _: server.messages(wire.DISCOVER))
        evil = Evil(server.messages()[0])
        frames = [evil.frame(wire.OFFER, xid=n) for n in range(64)]
        self.flood(server, frames, process, share=0.6)
        server.silent = set()
        self.eventually("bound after all", self.is_bound, within=4)
        run = self.stop_watch(process)
        self.assertClean(run)

    def test_offers_that_are_bad(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", silent=[wire.DISCOVER, wire.REQUEST])
        process = self.watch(bound=None)
        server.wait_for("a DISCOVER", lambda _: server.messages(wire.DISCOVER))
        evil = Evil(server.messages()[0])
        frames = [evil.frame(wire.OFFER, "127.0.0.1"), evil.frame(wire.OFFER, options={51: b"\0"}), evil.frame(wire.OFFER, without=[54])]
        self.flood(server, frames, process, share=0.6)
        server.silent = set()
        self.eventually("bound after all", self.is_bound, within=4)
        run = self.stop_watch(process)
        self.assertClean(run)

    def test_naks_for_a_lease_that_is_held(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0")
        process = self.watch()
        evil = Evil(server.messages(wire.REQUEST)[-1])
        with self.monitor("address") as lines:
            self.flood(server, [evil.frame(wire.NAK, "0.0.0.0"), evil.frame(wire.NAK, "0.0.0.0", without=[54])], process, share=0.6)
        self.assertEqual([line for line in lines if "Deleted" in line], [], "the address stays")
        self.assertClean(self.stop_watch(process))

    def test_a_server_that_always_says_no(self):
        self.dhcp("eth0", text="IPV4_DHCP_TIMEOUT=3\n")

        def no(message, frames):
            return [server.frame(message, wire.NAK)] if message.kind == wire.REQUEST else frames

        server = wire.Scripted(self, "port0", spoil=no)
        run = self.ifdawn("up", code=1, within=10)
        self.assertLess(len(server.messages()), 60, "packets in 3 s")
        self.assertLess(len(run.err.splitlines()), LOUD, f"{run}")
        self.assertUnbound()


class Rights(DhcpMachine):
    def test_without_the_right_to_packets(self):
        self.dhcp("eth0", text="IPV4_DHCP_TIMEOUT=2\n")
        without = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-all"]
        run = self.ifdawn("up", code=1, prefix=without, within=10)
        self.assertRegex(run.err, "EPERM|CAP_NET_RAW", f"{run}")
        self.assertUnbound()

    def test_without_any_right(self):
        self.dhcp("eth0", text="IPV4_DHCP_TIMEOUT=2\n")
        os.chmod(self.root, 0o777)
        run = self.ifdawn("up", code=1, prefix=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"], within=10)
        self.assertTrue(run.err, "it says why")
        self.assertUnbound()
