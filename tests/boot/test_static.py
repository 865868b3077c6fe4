"""Static configuration, without --root: every file and the host name are the machine's own."""
import json

from guest import Guest


class Static(Guest):
    def test_ifcfg_configures_a_dummy(self):
        self.ip("link add dummy0 type dummy")
        self.ifcfg("dummy0", """\
            IPADDR=192.0.2.5
            PREFIX=24
            GATEWAY=192.0.2.1
            IPV6INIT=yes
            IPV6ADDR=2001:db8::5/64
            DNS1=192.0.2.53
            MTU=1400
            """)
        self.write("etc/sysconfig/network", "HOSTNAME=guest.example.org\n")
        run = self.ifdawn("up")
        self.assertSays(run, "dummy0: up")
        self.assertEqual(self.link("dummy0")["mtu"], 1400, "MTU")
        self.assertCountEqual(self.addresses("dummy0"), ["192.0.2.5/24", "2001:db8::5/64"], "IPADDR, IPV6ADDR")
        self.assertEqual(self.routes(), ["default via 192.0.2.1 dev dummy0 proto 153"], "GATEWAY")
        self.assertIn("nameserver 192.0.2.53\n", self.read("etc/resolv.conf"), "DNS1")
        self.assertEqual(self.shell("hostname"), "guest.example.org\n", "HOSTNAME")
        state = json.loads(self.read("run/ifdawn/state.json"))
        self.assertIn("dummy0", json.dumps(state), "state.json")
        self.assertConverged()

    def test_down_takes_back_what_up_made(self):
        self.ip("link add dummy0 type dummy")
        self.ip("addr add 203.0.113.9/24 dev dummy0")
        self.ifcfg("dummy0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifdawn("up")
        self.assertCountEqual(self.addresses("dummy0"), ["192.0.2.5/24", "203.0.113.9/24"])
        self.ifdawn("down", "dummy0")
        self.assertEqual(self.addresses("dummy0"), ["203.0.113.9/24"], "only what it made itself")
