"""DHCPv4 and ARP on a port of the switch, octet by octet: what a client sent, and servers that answer as a
test says.

Sockets belong to the namespace they were opened in, so a thread of this process serves the switch while the
test goes on. RFC 2131 figure 1, RFC 1533/2132 options, RFC 826.
"""
import collections
import contextlib
import ctypes
import os
import select
import socket
import struct
import threading
import time

ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_8021Q = 0x0003, 0x0800, 0x0806, 0x8100
SO_TIMESTAMPNS = 35
PACKET_OUTGOING = 4
CLONE_NEWNET = 0x40000000
BROADCAST = b"\xff" * 6
COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
NAMES = dict(enumerate("BOOTP DISCOVER OFFER REQUEST DECLINE ACK NAK RELEASE INFORM".split()))
INFINITE = 0xFFFFFFFF
RETRY = 0.2  # seconds; a client's first retry comes after 250 ms

libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def namespace(path):
    """This thread in another network namespace."""
    with open("/proc/thread-self/ns/net") as here, open(path) as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {path}")
        try:
            yield
        finally:
            libc.setns(here.fileno(), CLONE_NEWNET)


def addr(text):
    return socket.inet_aton(text)


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


# Messages that came


class Message:
    """A DHCP or BOOTP message. `at`: seconds, by the kernel's clock; `sent`: from the switch's side."""

    def __init__(self, at, sent, ether, ip, udp, payload):
        self.at, self.sent, self.raw = at, sent, payload
        self.ether_dst, self.ether_src = ether[0:6], ether[6:12]
        self.src, self.dst = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        self.tos = ip[1]
        self.sport, self.dport = struct.unpack("!HH", udp[:4])
        self.op, self.htype, self.hlen, self.hops, self.xid, self.secs, self.flags = struct.unpack("!4BIHH", payload[:12])
        self.ciaddr, self.yiaddr, self.siaddr, self.giaddr = (
            socket.inet_ntoa(payload[n : n + 4]) for n in range(12, 28, 4)
        )
        self.chaddr = payload[28 : 28 + min(self.hlen, 16)]
        self.options = options(payload[240:]) if payload[236:240] == COOKIE else {}

    @property
    def kind(self):
        return self.options.get(53, b"\0")[0]

    @property
    def name(self):
        return NAMES.get(self.kind, "?")

    def option_addr(self, code):
        octets = self.options.get(code)
        return socket.inet_ntoa(octets) if octets and len(octets) == 4 else None

    def __repr__(self):
        asked = self.option_addr(50) or self.ciaddr
        return f"{self.name}({'server' if self.sent else 'client'} {self.src}>{self.dst} xid={self.xid:08x} asks={asked} at={self.at:.3f})"


def options(octets):
    """Code -> octets, those of several instances joined."""
    found, n = {}, 0
    while n < len(octets) and octets[n] != 255:
        if octets[n] == 0:
            n += 1
            continue
        if n + 1 >= len(octets):
            break
        found[octets[n]] = found.get(octets[n], b"") + octets[n + 2 : n + 2 + octets[n + 1]]
        n += 2 + octets[n + 1]
    return found


class Arp:
    """An ARP packet; `op` 1 asks, 2 answers."""

    def __init__(self, at, sent, octets):
        self.at, self.sent = at, sent
        (self.op,) = struct.unpack("!H", octets[6:8])
        self.sender_mac, self.target_mac = octets[8:14], octets[18:24]
        self.sender, self.target = socket.inet_ntoa(octets[14:18]), socket.inet_ntoa(octets[24:28])

    @property
    def is_probe(self):
        return self.op == 1 and self.sender == "0.0.0.0"

    @property
    def is_announcement(self):
        return self.sender == self.target and self.sender != "0.0.0.0"

    def __repr__(self):
        return f"ARP({self.op} {self.sender}>{self.target} at={self.at:.3f})"


def parse(at, sent, octets):
    """A Message, an Arp, or None."""
    kind = octets[12:14]
    if kind == struct.pack("!H", ETH_P_ARP) and len(octets) >= 42:
        return Arp(at, sent, octets[14:42])
    if kind != struct.pack("!H", ETH_P_IP) or len(octets) < 14 + 20 + 8:
        return None
    ip = octets[14:]
    head = 4 * (ip[0] & 15)
    udp = ip[head:]
    if ip[9] != socket.IPPROTO_UDP or len(udp) < 8 + 236:
        return None
    if not {67, 68} & set(struct.unpack("!HH", udp[:4])):
        return None
    (length,) = struct.unpack("!H", udp[4:6])
    if length < 8 + 236:
        return None
    return Message(at, sent, octets, ip, udp, udp[8:length])


# Messages that go


def option(code, octets):
    """An option of any length, in instances of at most 255 octets (RFC 3396)."""
    parts = [octets[n : n + 255] for n in range(0, len(octets), 255)] or [b""]
    return b"".join(bytes((code, len(part))) + part for part in parts)


def names(*domains):
    """Domains as octets of option 119, without compression."""
    labels = ([*domain.split("."), ""] for domain in domains)
    return b"".join(bytes((len(label),)) + label.encode() for domain in labels for label in domain)


def routes(*pairs):
    """Octets of option 121: pairs of `10.0.0.0/8` and a gateway."""
    octets = b""
    for dst, via in pairs:
        net, length = dst.split("/")
        octets += bytes((int(length),)) + addr(net)[: (int(length) + 7) // 8] + addr(via)
    return octets


def reply(
    message, kind, yiaddr="0.0.0.0", options=(), *, xid=None, chaddr=None, cookie=COOKIE, op=2, hlen=6, htype=1,
    siaddr="0.0.0.0", giaddr="0.0.0.0", ciaddr="0.0.0.0", sname=b"", file=b"", end=b"\xff", pad=300, raw=b"",
):  # fmt: skip
    """The octets of an answer. `options`: pairs of code and octets; `raw`: more octets before the end mark."""
    xid = message.xid if xid is None else xid
    chaddr = message.chaddr if chaddr is None else chaddr
    head = struct.pack("!4BIHH", op, htype, hlen, 0, xid, 0, message.flags)
    head += addr(ciaddr) + addr(yiaddr) + addr(siaddr) + addr(giaddr)
    head += chaddr.ljust(16, b"\0") + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + cookie
    kind_option = option(53, bytes((kind,))) if kind else b""
    body = head + kind_option + b"".join(option(code, octets) for code, octets in options) + raw + end
    return body.ljust(pad, b"\0")


def frame(
    payload, *, src_mac=b"\x52\x54\x00\x00\x01\x00", dst_mac=BROADCAST, src="192.0.2.1", dst="255.255.255.255",
    sport=67, dport=68, vlan=None, fragment=0, proto=socket.IPPROTO_UDP, ip_options=b"", udp_len=None, ip_len=None,
    udp_sum=None, trailer=b"",
):  # fmt: skip
    """An Ethernet frame around a payload; every field can be made to lie. `fragment`: the octets' 16 bits."""
    udp_len = 8 + len(payload) if udp_len is None else udp_len
    udp = struct.pack("!4H", sport, dport, udp_len, 0) + payload
    pseudo = addr(src) + addr(dst) + struct.pack("!BBH", 0, proto, len(udp))
    if udp_sum is None:
        udp_sum = checksum(pseudo + udp) or 0xFFFF
    udp = udp[:6] + struct.pack("!H", udp_sum) + udp[8:]
    head = 20 + len(ip_options)
    ip_len = head + len(udp) if ip_len is None else ip_len
    ip = struct.pack("!BBHHHBBH", 0x40 | head // 4, 0, ip_len, 1, fragment, 64, proto, 0) + addr(src) + addr(dst) + ip_options
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    tag = b"" if vlan is None else struct.pack("!HH", ETH_P_8021Q, vlan)
    return dst_mac + src_mac + tag + struct.pack("!H", ETH_P_IP) + ip + udp + trailer


def arp_frame(op, sender_mac, sender, target_mac, target):
    body = struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, op) + sender_mac + addr(sender) + target_mac + addr(target)
    return (target_mac if op == 2 else BROADCAST) + sender_mac + struct.pack("!H", ETH_P_ARP) + body


# The port


class Wire:
    """Listens on a port of the machine's switch, and records; `receive` is called with what came in.

    `owns`: addresses whose ARP requests are answered here. `log`: every Message and Arp, in order.
    """

    def __init__(self, test, port, owns=()):
        self.port, self.owns = port, set(owns)
        self.log = collections.deque()
        self.cleared = 0.0
        self.errors = []
        self.due = []
        with namespace(test.switch):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            self.socket.bind((port, ETH_P_ALL))
        self.mac = self.socket.getsockname()[4]
        self.wake, self.stopping = os.pipe()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.test = test
        test.addCleanup(self.stop)
        self.thread.start()

    def stop(self):
        if self.stopping is not None:
            os.close(self.stopping)
            self.stopping = None
            self.thread.join()
            os.close(self.wake)
            self.socket.close()
            if self.errors:
                raise self.errors[0]

    def run(self):
        while True:
            now = time.monotonic()
            wait = max(0, min(at for at, _ in self.due) - now) if self.due else None
            ready, _, _ = select.select([self.socket, self.wake], [], [], wait)
            if self.wake in ready:
                return
            try:
                now = time.monotonic()
                for item in [item for item in self.due if item[0] <= now]:
                    self.due.remove(item)
                    self.send(item[1])
                if self.socket in ready:
                    self.take()
            except Exception as error:  # said by stop(), in the test's thread
                self.errors.append(error)

    def take(self):
        try:
            octets, control, _, address = self.socket.recvmsg(65536, 64)
        except OSError:  # the link went down
            return
        at = time.time()
        for level, kind, data in control:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                seconds, nanoseconds = struct.unpack("qq", data)
                at = seconds + nanoseconds / 1e9
        sent = address[2] == PACKET_OUTGOING
        found = self.parse(at, sent, octets)
        if found is None:
            return
        self.note(found)
        if sent:
            return
        if isinstance(found, Arp):
            if found.op == 1 and found.target in self.owns:
                self.send(arp_frame(2, self.mac, found.target, found.sender_mac, found.sender))
        else:
            self.receive(found)

    @staticmethod
    def parse(at, sent, octets):
        return parse(at, sent, octets)

    def receive(self, message):
        pass

    def send(self, octets):
        try:
            self.socket.send(octets)
        except OSError:  # the link is down
            return
        # A socket does not see what it sent itself.
        found = self.parse(time.time(), True, octets)
        if found is not None:
            self.note(found)

    def note(self, found):
        # What went by before `clear` may be read after it.
        if found.at >= self.cleared:
            self.log.append(found)

    def send_later(self, seconds, octets):
        """From `receive` only."""
        self.due.append((time.monotonic() + seconds, octets))

    def flood(self, frames, rate, seconds):
        """Sends the frames again and again, so many a second in all; returns how many were sent."""
        batch = 64
        octets = [ctypes.create_string_buffer(frames[n % len(frames)], len(frames[n % len(frames)])) for n in range(batch)]
        vectors = (Iovec * batch)(*(Iovec(ctypes.addressof(buffer), len(buffer)) for buffer in octets))
        headers = (Mmsghdr * batch)()
        for n in range(batch):
            headers[n].header.iov = ctypes.pointer(vectors[n])
            headers[n].header.iovlen = 1
        begin, sent = time.monotonic(), 0
        while (now := time.monotonic() - begin) < seconds:
            if sent > now * rate:
                time.sleep(0.0005)
                continue
            sent += max(0, libc.sendmmsg(self.socket.fileno(), headers, batch, 0))
        return sent

    # What was seen

    def both(self):
        """DHCP messages of both sides, in order."""
        return [item for item in list(self.log) if isinstance(item, Message)]

    def messages(self, *kinds):
        """Messages of the client, of these kinds or all, in order."""
        return [message for message in self.both() if not message.sent and (not kinds or message.kind in kinds)]

    def names(self):
        """Their kinds, by name."""
        return [message.name for message in self.both()]

    def exchange(self):
        """As `names`, without what was sent again, and answered again, because the first answer took long."""
        first, found = {}, []
        for item in self.both():
            began = first.setdefault((item.kind, item.xid), item.at)
            if item.at == began or (not item.sent and item.at - began < RETRY):
                found.append(item.name)
        return found

    def acked(self):
        """When the last ACK was sent."""
        return [message.at for message in self.both() if message.kind == ACK][-1]

    def arps(self):
        """ARP packets of the client."""
        return [item for item in list(self.log) if isinstance(item, Arp) and not item.sent]

    def clear(self):
        """Forgets what went by until now."""
        self.cleared = time.time()
        self.log.clear()

    def wait_for(self, what, check, within=5.0):
        """Waits until `check(wire)` is true."""
        self.test.eventually(lambda: f"{what} on {self.port}: {list(self.log)}", lambda: check(self), within)


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_uint32),
        ("iov", ctypes.POINTER(Iovec)),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class Mmsghdr(ctypes.Structure):
    _fields_ = [("header", Msghdr), ("len", ctypes.c_uint)]


class Scripted(Wire):
    """A server whose every octet is the test's.

    `pool`: addresses given one after the other, one to each client, another after a DECLINE. `lease`, `t1`,
    `t2`: seconds; None: not said. `options`: code -> octets, beside mask, server and lease. `silent`: kinds
    that get no answer. `delay`: seconds before each answer. `spoil(message, frames)` may change the frames
    an answer is made of.
    """

    def __init__(
        self, test, port, *, server="192.0.2.1", pool=("192.0.2.100", "192.0.2.101", "192.0.2.102"), lease=3600,
        t1=None, t2=None, options=None, silent=(), delay=0, spoil=None, rapid=False, bootp=False, router=True, **header,
    ):  # fmt: skip
        self.server, self.pool, self.lease, self.t1, self.t2 = server, list(pool), lease, t1, t2
        self.options = {1: addr("255.255.255.0"), **({3: addr(server)} if router else {}), **(options or {})}
        self.silent, self.delay, self.spoil, self.rapid, self.bootp = set(silent), delay, spoil, rapid, bootp
        self.header, self.given, self.refused = header, {}, []
        super().__init__(test, port, owns=[server])

    def receive(self, message):
        if message.op == 1 and message.kind not in self.silent:
            frames = self.answer(message)
            if self.spoil and frames:
                frames = self.spoil(message, frames)
            for octets in frames:
                self.send_later(self.delay, octets) if self.delay else self.send(octets)

    def answer(self, message):
        """The frames of the answer of a server without fault."""
        if message.kind == DISCOVER or (self.bootp and message.kind == 0):
            is_short = self.rapid and 80 in message.options
            kind = 0 if self.bootp else ACK if is_short else OFFER
            return [self.frame(message, kind, more=[(80, b"")] if is_short else [])]
        if message.kind == REQUEST and message.option_addr(54) in (None, self.server):
            asked = message.option_addr(50) or message.ciaddr
            if asked not in self.pool:
                return [self.frame(message, NAK)]
            self.given[message.chaddr] = asked
            return [self.frame(message, ACK)]
        if message.kind == DECLINE:
            self.refused.append(message.option_addr(50))
            self.given.pop(message.chaddr, None)
        if message.kind == RELEASE:
            self.given.pop(message.chaddr, None)
        return []

    def address(self, message):
        """The address for this client."""
        taken = set(self.given.values()) | set(self.refused)
        if message.chaddr not in self.given:
            self.given[message.chaddr] = next(address for address in self.pool if address not in taken)
        return self.given[message.chaddr]

    def frame(self, message, kind, yiaddr=None, more=(), options=None, to=None, **header):
        """A frame with a whole answer. `options` stand in place of the server's own."""
        own = {54: addr(self.server)}
        if kind == NAK:
            said, yiaddr = own, "0.0.0.0"
        else:
            times = {51: self.lease, 58: self.t1, 59: self.t2}
            own |= {code: struct.pack("!I", seconds) for code, seconds in times.items() if seconds is not None}
            said, yiaddr = own | self.options, yiaddr or self.address(message)
        if kind == 0:
            said = self.options
        payload = reply(
            message, kind, yiaddr, [*(said if options is None else options).items(), *more], **(self.header | header)
        )
        unicast = message.ciaddr != "0.0.0.0" and kind != NAK
        place = {"dst": message.ciaddr, "dst_mac": message.ether_src} if unicast else {}
        return frame(payload, src_mac=self.mac, src=self.server, **(place | (to or {})))
