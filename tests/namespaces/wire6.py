"""Neighbour discovery and DHCPv6 on a port of the switch, octet by octet: what a host sent, and a router, a
neighbour and a server that answer as a test says.

RFC 4861 section 4, RFC 8106, RFC 4191, RFC 8910, RFC 8781, RFC 8415.
"""
import socket
import struct

import wire
from wire import RETRY, Wire, checksum, names

ETH_P_IPV6 = 0x86DD
ICMPV6, UDP = 58, 17
RS, RA, NS, NA, REDIRECT = range(133, 138)
(
    SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE, RECONFIGURE, INFORMATION, RELAY_FORW,
    RELAY_REPL,
) = range(1, 14)  # fmt: skip
NAMES = dict(
    enumerate(
        "? SOLICIT ADVERTISE REQUEST CONFIRM RENEW REBIND REPLY RELEASE DECLINE RECONFIGURE INFORMATION-REQUEST"
        " RELAY-FORW RELAY-REPL".split()
    )
) | {RS: "RS", RA: "RA", NS: "NS", NA: "NA", REDIRECT: "REDIRECT"}  # fmt: skip
CLIENT_ID, SERVER_ID, IA_NA, IAADDR, ORO, PREFERENCE, ELAPSED, RELAY_MSG = 1, 2, 3, 5, 6, 7, 8, 9
STATUS, RAPID, DNS, SEARCH, IA_PD, IAPREFIX, FQDN = 13, 14, 23, 24, 25, 26, 39
OK, UNSPEC_FAIL, NO_ADDRS, NO_BINDING, NOT_ON_LINK, USE_MULTICAST, NO_PREFIX = range(7)
MANAGED, OTHER = 0x80, 0x40
ON_LINK, AUTONOMOUS = 0x80, 0x40
ALL_NODES, ALL_ROUTERS, ALL_SERVERS = "ff02::1", "ff02::2", "ff02::1:2"
INFINITE = 0xFFFFFFFF
ROUTER_MAC = b"\x52\x54\x00\x00\x02\x01"
SERVER_DUID = b"\0\3\0\1" + ROUTER_MAC


def addr(text):
    return socket.inet_pton(socket.AF_INET6, text)


def text(octets):
    return socket.inet_ntop(socket.AF_INET6, octets)


def from_mac(prefix, octets):
    """The address that the MAC has in a /64: `2001:db8:1::` and six octets."""
    return text(addr(prefix)[:8] + bytes((octets[0] ^ 2,)) + octets[1:3] + b"\xff\xfe" + octets[3:6])


def solicited_node(address):
    return text(addr("ff02::1:ff00:0")[:13] + addr(address)[13:])


def mac_of_group(address):
    return b"\x33\x33" + addr(address)[12:]


# Packets that came


class Packet:
    """An IPv6 packet. `at`: seconds, by the kernel's clock; `sent`: from the switch's side."""

    kind = 0

    def __init__(self, at, sent, octets):
        self.at, self.sent = at, sent
        self.ether_dst, self.ether_src = octets[0:6], octets[6:12]
        self.hops, self.src, self.dst = octets[21], text(octets[22:38]), text(octets[38:54])

    @property
    def name(self):
        return NAMES.get(self.kind, "?")

    def option(self, code):
        """The first of this code; None: there is none."""
        return next((octets for found, octets in self.options if found == code), None)

    def codes(self):
        return [code for code, _ in self.options]


class Nd(Packet):
    """A message of neighbour discovery. `options`: pairs of type and what follows the length."""

    def __init__(self, at, sent, octets, payload):
        super().__init__(at, sent, octets)
        self.kind, self.payload = payload[0], payload
        self.target = text(payload[8:24]) if self.kind in (NS, NA) and len(payload) >= 24 else None
        self.options, n = [], {RS: 8, RA: 16, NS: 24, NA: 24, REDIRECT: 40}[self.kind]
        while n + 1 < len(payload) and payload[n + 1]:
            self.options.append((payload[n], payload[n + 2 : n + 8 * payload[n + 1]]))
            n += 8 * payload[n + 1]

    @property
    def is_probe(self):
        return self.kind == NS and self.src == "::"

    def __repr__(self):
        return f"{self.name}({'switch' if self.sent else 'client'} {self.src}>{self.dst} {self.target or ''} at={self.at:.3f})"


class Message(Packet):
    """A DHCPv6 message. `options`: pairs of code and octets."""

    def __init__(self, at, sent, octets, udp):
        super().__init__(at, sent, octets)
        self.sport, self.dport = struct.unpack("!HH", udp[:4])
        self.raw = udp[8:]
        self.kind, self.xid = self.raw[0], int.from_bytes(self.raw[1:4], "big")
        self.options = options(self.raw[4:])

    def ias(self, code=IA_NA):
        """(IAID, T1, T2, options) of each."""
        found = [octets for other, octets in self.options if other == code and len(octets) >= 12]
        return [(*struct.unpack("!III", octets[:12]), options(octets[12:])) for octets in found]

    def addresses(self):
        """Those of every IA_NA, as text."""
        return [text(octets[:16]) for *_, inner in self.ias() for code, octets in inner if code == IAADDR]

    def prefixes(self):
        """Those of every IA_PD, as text."""
        found = [octets for *_, inner in self.ias(IA_PD) for code, octets in inner if code == IAPREFIX]
        return [f"{text(octets[9:25])}/{octets[8]}" for octets in found]

    def asked(self):
        """The codes of the option request option."""
        octets = self.option(ORO) or b""
        return list(struct.unpack(f"!{len(octets) // 2}H", octets))

    def __repr__(self):
        side = "server" if self.sent else "client"
        return f"{self.name}({side} {self.src}>{self.dst} xid={self.xid:06x} {self.addresses()} at={self.at:.3f})"


def options(octets):
    """Pairs of code and octets, as far as they are whole."""
    found, n = [], 0
    while n + 4 <= len(octets):
        code, length = struct.unpack_from("!HH", octets, n)
        if n + 4 + length > len(octets):
            break
        found.append((code, octets[n + 4 : n + 4 + length]))
        n += 4 + length
    return found


def parse(at, sent, octets):
    """An Nd, a Message, or what `wire.parse` finds."""
    if octets[12:14] != struct.pack("!H", ETH_P_IPV6) or len(octets) < 54 + 4:
        return wire.parse(at, sent, octets)
    protocol, payload = octets[20], octets[54:]
    shortest = {RS: 8, RA: 16, NS: 24, NA: 24, REDIRECT: 40}.get(payload[0])
    if protocol == ICMPV6 and shortest and len(payload) >= shortest:
        return Nd(at, sent, octets, payload)
    if protocol == UDP and len(payload) >= 12 and {546, 547} & set(struct.unpack("!HH", payload[:4])):
        return Message(at, sent, octets, payload)
    return None


# Packets that go


def frame(
    payload, *, protocol, src, dst, src_mac=ROUTER_MAC, dst_mac=None, hops=255, sum=None, length=None, sport=547, dport=546,
    udp_len=None, trailer=b"",
):  # fmt: skip
    """An Ethernet frame around an ICMPv6 or DHCPv6 message; every field can be made to lie."""
    if protocol == UDP:
        udp_len = 8 + len(payload) if udp_len is None else udp_len
        payload = struct.pack("!4H", sport, dport, udp_len, 0) + payload
    at = 6 if protocol == UDP else 2
    pseudo = addr(src) + addr(dst) + struct.pack("!II", len(payload), protocol)
    if sum is None:
        sum = checksum(pseudo + payload) or 0xFFFF
    payload = payload[:at] + struct.pack("!H", sum) + payload[at + 2 :]
    length = len(payload) if length is None else length
    if dst_mac is None:
        dst_mac = mac_of_group(dst) if dst.startswith("ff") else b"\xff" * 6
    ip = struct.pack("!IHBB", 6 << 28, length, protocol, hops) + addr(src) + addr(dst)
    return dst_mac + src_mac + struct.pack("!H", ETH_P_IPV6) + ip + payload + trailer


def nd_option(kind, octets, length=None):
    """`length`: in units of eight octets, where it lies."""
    octets += b"\0" * (-(2 + len(octets)) % 8)
    return bytes((kind, (2 + len(octets)) // 8 if length is None else length)) + octets


def prefix_option(prefix, valid=86400, preferred=14400, flags=ON_LINK | AUTONOMOUS):
    net, length = prefix.split("/")
    return nd_option(3, struct.pack("!BBIII", int(length), flags, valid, preferred, 0) + addr(net))


def mtu_option(mtu):
    return nd_option(5, struct.pack("!HI", 0, mtu))


def route_option(prefix, lifetime=1800, preference=0):
    net, length = prefix.split("/")
    octets = addr(net)[: 8 * (-(-int(length) // 64))]
    return nd_option(24, struct.pack("!BBI", int(length), preference << 3, lifetime) + octets)


def rdnss_option(*servers, lifetime=1800):
    return nd_option(25, struct.pack("!HI", 0, lifetime) + b"".join(map(addr, servers)))


def dnssl_option(*domains, lifetime=1800):
    return nd_option(31, struct.pack("!HI", 0, lifetime) + names(*domains))


def portal_option(url):
    return nd_option(37, url.encode())


def pref64_option(prefix, lifetime=1800):
    """Of a /96."""
    return nd_option(38, struct.pack("!H", lifetime & ~7) + addr(prefix)[:12])


def advertisement(flags=0, lifetime=1800, options=b"", *, hop_limit=64, reachable=0, retrans=0, code=0):
    return struct.pack("!BBHBBHII", RA, code, 0, hop_limit, flags, lifetime, reachable, retrans) + options


def solicitation(target, options=b""):
    return struct.pack("!BBHI", NS, 0, 0, 0) + addr(target) + options


def answer(target, mac=ROUTER_MAC, flags=0x20):
    """`flags`: 0x80 router, 0x40 solicited, 0x20 override."""
    return struct.pack("!BBHI", NA, 0, 0, flags << 24) + addr(target) + nd_option(2, mac)


def option(code, octets):
    return struct.pack("!HH", code, len(octets)) + octets


def status(code, words=b""):
    return option(STATUS, struct.pack("!H", code) + words)


def ia_na(iaid, *addresses, t1=0, t2=0, preferred=3600, valid=3600, more=b""):
    inner = b"".join(option(IAADDR, addr(address) + struct.pack("!II", preferred, valid)) for address in addresses)
    return option(IA_NA, struct.pack("!III", iaid, t1, t2) + inner + more)


def ia_pd(iaid, *prefixes, t1=0, t2=0, preferred=3600, valid=3600, more=b""):
    inner = b""
    for prefix in prefixes:
        net, length = prefix.split("/")
        inner += option(IAPREFIX, struct.pack("!IIB", preferred, valid, int(length)) + addr(net))
    return option(IA_PD, struct.pack("!III", iaid, t1, t2) + inner + more)


def message(kind, xid, *parts):
    return bytes((kind,)) + xid.to_bytes(3, "big") + b"".join(parts)


# The port


class Wire6(Wire):
    """Listens, and records: `log` has every Nd, Message, and what IPv4 says."""

    parse = staticmethod(parse)

    def nd(self, *kinds):
        """Neighbour discovery of the client, of these kinds or all, in order."""
        return [item for item in list(self.log) if isinstance(item, Nd) and not item.sent and (not kinds or item.kind in kinds)]

    def probes(self, target=None):
        """Solicitations for an address, or any, by a client that does not use it yet."""
        return [item for item in self.nd(NS) if item.is_probe and target in (None, item.target)]

    def both6(self):
        """DHCPv6 of both sides, in order."""
        return [item for item in list(self.log) if isinstance(item, Message)]

    def messages6(self, *kinds):
        """DHCPv6 of the client, of these kinds or all, in order."""
        return [item for item in self.both6() if not item.sent and (not kinds or item.kind in kinds)]

    def exchange6(self):
        """The names of DHCPv6 messages, without what was sent again, and answered again, because the first answer
        took long."""
        first, found = {}, []
        for item in self.both6():
            began = first.setdefault((item.kind, item.xid), item.at)
            if item.at == began or (not item.sent and item.at - began < RETRY):
                found.append(item.name)
        return found

    def words(self):
        """The names of everything of IPv6, in order."""
        return [item.name for item in list(self.log) if isinstance(item, Packet)]


class Scripted6(Wire6):
    """A router, a neighbour and a DHCPv6 server whose every octet is the test's.

    `owns`: addresses it says it has. `claims`: whether it has every address that somebody probes.
    Router, unless `lifetime` is None: `flags`, `lifetime`, `prefixes` (each an option), `more` options.
    `hops`, `link_local`: of its packets. `solicited`: whether it answers RS.
    Server, where there is a `pool` or `stateless`: addresses given one after the other. `delegates`: a prefix.
    `dhcp`: code -> octets said beside. `silent`: kinds that get no answer. `spoil(packet, frames)` may change
    the frames an answer, of the router or of the server, is made of.
    """

    def __init__(
        self, test, port, *, owns=(), claims=False, lifetime=1800, flags=0, prefixes=(prefix_option("2001:db8:1::/64"),), more=b"",
        hops=255, link_local="fe80::1", mac=ROUTER_MAC, solicited=True, pool=(), stateless=False, delegates=None, dhcp=None,
        t1=0, t2=0, preferred=3600, valid=3600, duid=SERVER_DUID, rapid=False, silent=(), spoil=None, delay=0,
    ):  # fmt: skip
        self.claims, self.lifetime, self.flags, self.prefixes, self.more = claims, lifetime, flags, list(prefixes), more
        self.hops, self.link_local, self.router_mac, self.solicited = hops, link_local, mac, solicited
        self.pool, self.stateless, self.delegates, self.dhcp = list(pool), stateless, delegates, dict(dhcp or {})
        self.t1, self.t2, self.preferred, self.valid, self.duid = t1, t2, preferred, valid, duid
        self.rapid, self.silent, self.spoil, self.delay = rapid, set(silent), spoil, delay
        self.given, self.refused, self.released = {}, [], []
        super().__init__(test, port, owns=[link_local, *owns])

    def receive(self, found):
        frames = []
        if isinstance(found, Nd):
            if found.kind == RS and self.lifetime is not None and self.solicited:
                frames = [self.advertisement()]
            elif found.kind == NS and (found.target in self.owns or (self.claims and found.is_probe)):
                answer = self.neighbour(found)
                self.send(answer)
                if found.is_probe:
                    # A port whose other end has just come up may lose the first.
                    self.send_later(0.1, answer)
                return
        elif isinstance(found, Message) and found.dport == 547 and found.kind not in self.silent:
            frames = self.answer(found)
        if self.spoil and frames:
            frames = self.spoil(found, frames)
        for octets in frames:
            self.send_later(self.delay, octets) if self.delay else self.send(octets)

    # Router and neighbour

    def icmp(self, payload, **lies):
        place = {"src": self.link_local, "dst": ALL_NODES, "src_mac": self.router_mac, "hops": self.hops}
        return frame(payload, protocol=ICMPV6, **(place | lies))

    def advertisement(self, options=None, lifetime=None, flags=None, to=None, **lies):
        """A frame with what it advertises. `to`: what `frame` is to be told else."""
        own = nd_option(1, self.router_mac) + b"".join(self.prefixes) + self.more
        payload = advertisement(
            self.flags if flags is None else flags, self.lifetime if lifetime is None else lifetime,
            own if options is None else options, **lies,
        )  # fmt: skip
        return self.icmp(payload, **(to or {}))

    def advertise(self, *arguments, **named):
        """Sends one that nobody asked for; from the test's thread."""
        self.send(self.advertisement(*arguments, **named))

    def neighbour(self, found):
        """The frame that says we have what somebody asks for."""
        if found.is_probe:
            return self.icmp(answer(found.target, self.router_mac), src=found.target)
        return self.icmp(
            answer(found.target, self.router_mac, 0x60), src=found.target, dst=found.src, dst_mac=found.ether_src
        )

    def probe(self, target, nonce=b"\1\2\3\4\5\6"):
        """Asks, as somebody who begins to use the address."""
        self.send(self.icmp(solicitation(target, nd_option(14, nonce)), src="::", dst=solicited_node(target)))

    # Server

    def udp(self, found, payload, **lies):
        place = {"src": self.link_local, "dst": found.src, "dst_mac": found.ether_src, "src_mac": self.router_mac, "hops": 64}
        return frame(payload, protocol=UDP, **(place | lies))

    def answer(self, found):
        """The frames of the answer of a server without fault."""
        if not self.pool and not self.stateless:
            return []
        kind, client = found.kind, found.option(CLIENT_ID)
        if kind in (REQUEST, RENEW, RELEASE, DECLINE) and found.option(SERVER_ID) != self.duid:
            return []
        if kind == SOLICIT and self.pool:
            if self.rapid and RAPID in found.codes():
                return [self.reply(found, REPLY, more=option(RAPID, b""))]
            return [self.reply(found, ADVERTISE)]
        if kind == REQUEST or (kind in (RENEW, REBIND) and self.pool):
            return [self.reply(found, REPLY)]
        if kind == CONFIRM:
            good = set(found.addresses()) <= set(self.pool)
            return [self.reply(found, REPLY, body=status(OK if good else NOT_ON_LINK))]
        if kind in (RELEASE, DECLINE):
            (self.released if kind == RELEASE else self.refused).extend(found.addresses())
            self.given.pop(client, None)
            return [self.reply(found, REPLY, body=status(OK))]
        if kind == INFORMATION:
            return [self.reply(found, REPLY, body=b"")]
        return []

    def address(self, client):
        """The address for this client."""
        taken = set(self.given.values()) | set(self.refused)
        if self.given.get(client) not in self.pool:
            self.given[client] = next(address for address in self.pool if address not in taken)
        return self.given[client]

    def body(self, found):
        """The IAs."""
        times = {"t1": self.t1, "t2": self.t2, "preferred": self.preferred, "valid": self.valid}
        body = b""
        for iaid, *_ in found.ias():
            body += ia_na(iaid, self.address(found.option(CLIENT_ID)), **times)
        for iaid, *_ in found.ias(IA_PD):
            body += ia_pd(iaid, self.delegates, **times) if self.delegates else ia_pd(iaid, more=status(NO_PREFIX))
        return body

    def payload(self, found, kind, body=None, more=b"", xid=None, client=None, duid=None, without=()):
        """The octets of a whole answer."""
        client = found.option(CLIENT_ID) if client is None else client
        parts = {
            CLIENT_ID: option(CLIENT_ID, client),
            SERVER_ID: option(SERVER_ID, self.duid if duid is None else duid),
            IA_NA: self.body(found) if body is None else body,
        }
        said = b"".join(option(code, octets) for code, octets in self.dhcp.items())
        parts = [octets for code, octets in parts.items() if code not in without]
        return message(kind, found.xid if xid is None else xid, *parts, said, more)

    def reply(self, found, kind, *arguments, to=None, **named):
        return self.udp(found, self.payload(found, kind, *arguments, **named), **(to or {}))
