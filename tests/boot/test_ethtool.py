"""What ethtool(8) sets on a network card that has it: speed, duplex and rings."""
from guest import Guest


class Ethtool(Guest):
    # What is run before ifdawn.
    PREFIX = ()

    def command(self, words):
        return [*self.PREFIX, *super().command(words)]

    def test_speed_rings_and_features_of_a_card(self):
        self.cards("eth0")
        self.ifcfg("eth0", 'IPADDR=192.0.2.5\nPREFIX=24\nETHTOOL_OPTS="speed 100 duplex full; -K eth0 gro off tso off"\n')
        self.assertIn("ethtool -s eth0 speed 100 duplex full\n", self.ifdawn("plan").out)
        run = self.ifdawn("up")
        self.assertSilent(run, "not set")
        shown = self.shell("ethtool eth0; ethtool -k eth0")
        for line in ("Speed: 100Mb/s", "Duplex: Full", "generic-receive-offload: off", "tcp-segmentation-offload: off"):
            self.assertIn(line, shown)
        self.assertConverged()
        self.assertEqual(self.ifdawn("plan").out, "")

    def test_what_the_card_has_not_is_told(self):
        self.cards("eth0")
        self.ifcfg("eth0", 'IPADDR=192.0.2.5\nPREFIX=24\nETHTOOL_OPTS="wol g; -G eth0 rx 100000"\n')
        run = self.ifdawn("up")
        for command in ("-s eth0 wol g", "-G eth0 rx 100000"):
            self.assertSays(run, "ifcfg-eth0:6:14: ", f"ethtool {command}: ", "; not set")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])


class EthtoolByIoctl(Ethtool):
    """The same on a kernel without generic netlink, or as good as one."""

    PREFIX = ("without_generic_netlink",)

    def test_what_was_set_by_ioctl_is_there_by_netlink(self):
        self.cards("eth0")
        self.ifcfg("eth0", 'IPADDR=192.0.2.5\nPREFIX=24\nETHTOOL_OPTS="speed 100 duplex half; -K eth0 gro off; -L eth0 combined 1"\n')
        self.ifdawn("up")
        self.assertIn("EPROTONOSUPPORT", str(self.ifdawn("plan", trace="socket").trace))
        self.PREFIX = ()
        self.assertEqual(self.ifdawn("plan").out, "")
