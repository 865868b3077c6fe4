"""Links that lie on others: made in one run from whatever source, changed in place, and taken back by `down`.

The kinds here are those of every kernel that runs containers: bridge, veth, macvlan, vxlan.
"""
import json

from machine import Machine

BRIDGE = "DEVICE=br0\nTYPE=Bridge\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=192.0.2.5\nPREFIX=24\nDELAY=0\nSTP=no\n"
PORT = "DEVICE=%s\nTYPE=Ethernet\nONBOOT=yes\nBOOTPROTO=none\nBRIDGE=br0\n"
MACVLAN = "DEVICE=mv0\nTYPE=macvlan\nONBOOT=yes\nBOOTPROTO=none\nPHYSDEV=br0\nMACVLAN_MODE=bridge\nIPADDR=198.51.100.5\nPREFIX=24\n"
VXLAN = "DEVICE=vx0\nTYPE=vxlan\nONBOOT=yes\nBOOTPROTO=none\nVXLAN_ID=7\nVXLAN_REMOTE=203.0.113.9\nPHYSDEV=br0\nIPADDR=198.51.101.5\nPREFIX=24\n"


class Stacks(Machine):
    def details(self, name):
        return self.ip_json(f"-d link show dev {name}")[0]

    def stack(self):
        """A bridge on two links, a macvlan on the bridge."""
        self.network_script("ifcfg-br0", BRIDGE)
        self.network_script("ifcfg-mv0", MACVLAN)
        for name in ("eth0", "eth1"):
            self.network_script(f"ifcfg-{name}", PORT % name)

    def test_a_stack_comes_up_in_one_run(self):
        self.cables("eth0", "eth1")
        self.stack()
        print(self.ifdawn("plan"))
        print(self.ifdawn("up"))
        print(self.ip("addr"))
        self.assertConverged()
