"""A day of leases in a minute: each lives for seconds, on both families; the server goes, comes back and refuses."""
import time

import wire
import wire6
from ipv6 import LEASED, Ipv6Machine
from wire6 import MANAGED, Scripted6

RENEWALS = 15
LEASE, T1, T2 = 8, 2, 6  # seconds; a T1 below 2 is not believed


class Day(Ipv6Machine):
    def setUp(self):
        super().setUp()
        self.cables("eth0")
        self.ifcfg("eth0", "BOOTPROTO=dhcp\nIPV6INIT=yes\nIPV6_AUTOCONF=no\nDHCPV6C=yes\n")
        self.v4 = wire.Scripted(self, "port0", lease=LEASE, t1=T1, t2=T2, pool=["192.0.2.100", "192.0.2.101"])
        self.v6 = Scripted6(self, "port0", flags=MANAGED, pool=[LEASED], t1=T1, t2=T2, preferred=LEASE, valid=LEASE, lifetime=9000, prefixes=[])
        self.process = self.start("watch")
        self.eventually("both addresses", self.are_there, 10)

    def are_there(self):
        return self.is_bound() and self.has6(LEASED)

    def renewals(self):
        return len(self.v4.messages(wire.REQUEST)), len(self.v6.messages6(wire6.RENEW))

    def test_a_day(self):
        self.v4.clear()
        self.v6.clear()
        with self.monitor("address", "route") as lines:
            self.eventually(lambda: f"renewals: {self.renewals()}", lambda: min(self.renewals()) >= RENEWALS, RENEWALS * T1 * 2)
            # Nobody answers until the lease is nearly over, then the server is back.
            for server, kinds in ((self.v4, {wire.REQUEST, wire.DISCOVER}), (self.v6, {wire6.RENEW, wire6.REBIND, wire6.SOLICIT})):
                server.silent = kinds
            time.sleep(LEASE - T1 - 1)
            self.assertTrue(self.are_there(), "addresses that are still valid stay")
            for server in (self.v4, self.v6):
                server.silent = set()
            self.eventually("both are valid for longer", lambda: self.valid() > T1 + 2 and self.valid6(LEASED) > T1 + 2, LEASE + 4)
        self.assertEqual([line for line in lines if "Deleted" in line], [], "nothing was missing")
        self.assertEqual({found.kind for found in self.v4.messages()}, {wire.REQUEST}, "it never begins anew")
        # The server is gone for good: at its end the address goes, of either family.
        for server, kinds in ((self.v4, {wire.REQUEST, wire.DISCOVER}), (self.v6, {wire6.RENEW, wire6.REBIND, wire6.SOLICIT, wire6.CONFIRM})):
            server.silent = kinds
        gone = lambda: self.address() is None and not self.has6(LEASED)  # noqa: E731
        self.eventually("both are gone", gone, LEASE + 4)
        for server in (self.v4, self.v6):
            server.silent = set()
        self.eventually("both are back", self.are_there, 15)
        # A refusal.
        self.v4.given.clear()
        self.v4.pool = ["192.0.2.150"]
        self.eventually("the new address", lambda: self.is_bound("192.0.2.150/24"), LEASE)
        self.eventually("and no other", lambda: self.address() == "192.0.2.150/24", 2)
        self.stop_watch(self.process)
