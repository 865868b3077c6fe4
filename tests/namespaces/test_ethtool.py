"""What ethtool(8) sets, on veths: features, how many queues are used, and what they have not."""
import os
import sys

from machine import Machine

WITHOUT_GENERIC_NETLINK = (sys.executable, os.path.join(os.path.dirname(__file__), "without_generic_netlink.py"))


class Ethtool(Machine):
    def setUp(self):
        super().setUp()
        # Two queues each way whatever the processors.
        self.ip("link add eth0 numrxqueues 2 numtxqueues 2 type veth peer name port0")
        self.ip("link set port0 up")

    def options(self, *commands):
        self.ifcfg("eth0", f'ETHTOOL_OPTS="{"; ".join(commands)}"\n')

    def test_features_and_queues_are_set_and_then_left_alone(self):
        self.options("-K eth0 tso off gro on", "-L eth0 rx 1")
        plan = self.ifdawn("plan").out.splitlines()
        self.assertEqual(plan[:1], ["ethtool -K eth0 tso off gro on"])
        run = self.ifdawn("up", "-v")
        self.assertSays(run, "ethtool -K eth0 tso off gro on")
        self.assertSilent(run, "not set")
        self.assertConverged()
        self.assertEqual(self.ifdawn("plan").out, "", "features are as they shall be")
        # back again
        self.options("-K eth0 tso on rxvlan off", "-L eth0 rx 2 tx 2")
        self.assertEqual(
            self.ifdawn("plan").out.splitlines()[:2], ["ethtool -K eth0 tso on rxvlan off", "ethtool -L eth0 rx 2 tx 2"]
        )
        self.ifdawn("up")
        self.assertConverged()

    def test_what_a_device_has_not_is_told_with_its_place_and_does_no_harm(self):
        self.options("-K eth0 lro on gso off bogus on", "-s eth0 wol g", "-G eth0 rx 5", "--set-priv-flags eth0 a on")
        run = self.ifdawn("up")
        for command in ("-K eth0 lro on gso off bogus on", "-s eth0 wol g", "-G eth0 rx 5", "--set-priv-flags eth0 a on"):
            self.assertSays(run, "ifcfg-eth0:4:14: ", f"ethtool {command}: EOPNOTSUPP; not set")
        self.assertIn("UP", self.link("eth0")["flags"])
        # of three features the one that can be set is
        self.options("-K eth0 gso off")
        self.assertEqual(self.ifdawn("plan").out, "")

    def test_speed_and_interrupts_of_a_tap(self):
        self.ip("tuntap add tap0 mode tap")
        commands = ["-s tap0 speed 100 duplex half", "-C tap0 rx-frames 7"]
        self.ifcfg("tap0", f'IPADDR=192.0.2.5\nPREFIX=24\nETHTOOL_OPTS="{"; ".join(commands)}"\n')
        plan = self.ifdawn("plan").out.splitlines()
        self.assertEqual(plan[:2], ["ethtool -s tap0 speed 100 duplex half", "ethtool -C tap0 rx-frames 7"])
        run = self.ifdawn("up", code=None)
        self.assertSilent(run, "not set")
        # By netlink, whichever way they were set.
        self.assertNotIn("ethtool", super().ifdawn("plan").out)
        self.assertNotIn("ethtool", self.ifdawn("plan").out)

    def test_a_link_is_asked_once(self):
        self.options("-K eth0 tso off")
        run = self.ifdawn("up", trace="socket")
        # To compare, to compare when it is set, and to set.
        self.assertEqual(sum("NETLINK_GENERIC" in line for line in run.trace), 3, run.trace)
        run = self.ifdawn("up", trace="socket")
        self.assertEqual(sum("NETLINK_GENERIC" in line for line in run.trace), 1, run.trace)
        self.options()
        run = self.ifdawn("up", trace="socket")
        self.assertEqual(sum("NETLINK_GENERIC" in line for line in run.trace), 0, run.trace)


class EthtoolByIoctl(Ethtool):
    """The same on a kernel without generic netlink, or as good as one."""

    def ifdawn(self, *words, trace=None, **options):
        return super().ifdawn(*words, trace=trace, prefix=WITHOUT_GENERIC_NETLINK, **options)

    def test_a_link_is_asked_once(self):
        self.options("-K eth0 tso off")
        # Names of features and features, to compare and when they are set; and to set them.
        for calls in (5, 2):
            run = self.ifdawn("up", trace="ioctl,socket")
            self.assertEqual(sum("SIOCETHTOOL" in line for line in run.trace), calls, run.trace)
            self.assertIn("EPROTONOSUPPORT", str(run.trace))
