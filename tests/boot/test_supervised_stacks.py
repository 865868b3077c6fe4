"""`watch` over bonds and VLANs, which somebody else takes apart."""
from stacks import Stacks

ADDRESS = "192.0.2.5/24"


class Supervised(Stacks):
    def setUp(self):
        super().setUp()
        self.ifcfg("bond0", 'TYPE=Bond\nBONDING_OPTS="mode=1 miimon=50"\n')
        for name in ("pa", "pb"):
            self.port(name, "MASTER=bond0", "SLAVE=yes")
        self.ifcfg("bond0.5", "VLAN=yes\nIPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\n")
        self.process = self.start("watch")
        self.whole("at first")

    def is_whole(self):
        names = {link["ifname"] for link in self.ip_json("link show")}
        return (
            {"bond0", "bond0.5"} <= names
            and all(self.master(name) == "bond0" for name in ("pa", "pb"))
            and self.addresses("bond0.5") == [ADDRESS]
            and self.routes("default") != []
        )

    def whole(self, what, within=10):
        self.eventually(f"{what}: the bond has its ports, and the VLAN its address and its route", self.is_whole, within)

    def stop(self):
        self.end(self.process)
        self.finish(self.process, code=(0, 1))

    def test_what_somebody_takes_apart_is_made_again(self):
        for command in (
            "link del bond0.5",
            "link set pa nomaster",
            "addr flush dev bond0.5 scope global",
            "link del bond0",
        ):
            with self.subTest(command):
                self.ip(command)
                self.whole(command)
        self.stop()

    def test_a_link_taken_down_is_left_alone_with_what_lies_on_it(self):
        self.ip("link set bond0 down")
        self.eventually("that is said", lambda: '"state":"held"' in self.read("run/ifdawn/state.json"), 5)
        self.assertNotIn("UP", self.link("bond0")["flags"])
        self.ip("link set bond0 up")
        self.whole("up again")
        self.stop()

    def test_a_file_that_goes_takes_its_link_with_it(self):
        self.shell("rm /etc/sysconfig/network-scripts/ifcfg-bond0.5")
        self.eventually("the VLAN is gone", lambda: "bond0.5" not in str(self.ip_json("link show")), 5)
        self.assertEqual([self.master(name) for name in ("pa", "pb")], ["bond0", "bond0"], "its parent stays")
        self.stop()
