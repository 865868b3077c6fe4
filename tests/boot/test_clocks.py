"""`watch` while somebody sets the clock, and while the machine sleeps."""
from guest import Guest

LEASE = 12  # seconds
ADDRESS = "192.0.2.100/24"


class Clocks(Guest):
    def setUp(self):
        super().setUp()
        self.cards("eth0", up=True)
        self.ip_batch(["addr add 192.0.2.1/24 dev port0"], switch=True)
        self.write("etc/udhcpd.conf", f"""\
            start 192.0.2.100
            end 192.0.2.100
            interface port0
            min_lease 1
            lease_file /run/leases
            pidfile /run/udhcpd.pid
            option subnet 255.255.255.0
            option lease {LEASE}
            """)
        self.shell(": >/run/leases; ip netns exec switch udhcpd -f -a 1 /etc/udhcpd.conf </dev/null >/dev/null 2>&1 &")
        self.ifcfg("eth0", "BOOTPROTO=dhcp\n")
        self.process = self.start("watch")
        self.eventually("its address", self.is_bound, 20)

    def is_bound(self):
        return ADDRESS in self.addresses("eth0")

    def valid(self):
        (link,) = self.ip_json("-4 addr show dev eth0")
        return link["addr_info"][0]["valid_life_time"]

    def stop_server(self):
        self.shell("kill $(cat /run/udhcpd.pid)")

    def stop(self):
        self.end(self.process)
        self.finish(self.process, code=(0, 1))

    def test_somebody_sets_the_clock(self):
        for change in ("+ 400000000", "- 800000000", "+ 400000000"):
            with self.subTest(change):
                self.shell(f"date -s @$(($(date +%s) {change})) >/dev/null")
                self.assertTrue(self.is_bound(), "its address is still there")
                before = self.valid()
                self.assertTrue(0 < before <= LEASE, f"seconds it is valid: {before}")
                self.eventually("it is renewed when half of its time is over", lambda: self.valid() > LEASE // 2 + 3, LEASE)
        self.stop()

    def test_the_machine_sleeps_for_longer_than_the_lease(self):
        self.stop_server()
        self.shell(f"""
            echo 0 >/sys/class/rtc/rtc0/wakealarm
            echo +{LEASE + 4} >/sys/class/rtc/rtc0/wakealarm
            echo mem >/sys/power/state
            """, within=LEASE + 30)
        # The kernel counts neither its time nor what ppoll(2) waits while it sleeps.
        self.eventually("an address whose time is over is gone", lambda: not self.is_bound(), 3)
        self.stop()
