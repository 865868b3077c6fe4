"""Stacks: a VLAN on a bond of four cards with a bridge on it, many VLANs, and dracut's own cases."""
import json
import os
import re
import unittest

from guest import Guest, running
from stacks import Stacks

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/vectors")
MANY = 1000


class Stack(Stacks):
    def ports(self):
        return {name: self.master(name) for name in ("eth0", "eth1", "eth2", "eth3", "bond0.5")}

    def assertStack(self):
        self.assertEqual(
            self.ports(), {"eth0": "bond0", "eth1": "bond0", "eth2": "bond0", "eth3": "bond0", "bond0.5": "br0"}
        )
        self.assertEqual(self.details("bond0.5")["link"], "bond0")
        self.assertEqual(self.data("br0")["forward_delay"], 0)
        self.assertEqual(self.addresses("br0"), ["192.0.2.5/24"])
        self.assertIn("LOWER_UP", self.link("br0")["flags"], "the bridge forwards")

    def test_vlan_on_a_bond_of_four_cards_under_a_bridge_by_files(self):
        self.cards("eth0", "eth1", "eth2", "eth3")
        # The link that lies on all others is read first.
        self.ifcfg("br0", "TYPE=Bridge\nSTP=no\nDELAY=0\nIPADDR=192.0.2.5\nPREFIX=24\n")
        self.network_script("ifcfg-a", "DEVICE=bond0.5\nVLAN=yes\nBRIDGE=br0\nONBOOT=yes\n")
        self.ifcfg("bond0", 'TYPE=Bond\nBONDING_OPTS="mode=active-backup miimon=100"\n')
        for number in range(4):
            self.network_script(f"ifcfg-eth{number}", f"DEVICE=eth{number}\nMASTER=bond0\nSLAVE=yes\nONBOOT=yes\n")
        self.ifdawn("up")
        self.assertStack()
        self.assertConverged()
        self.ifdawn("down", "br0", "bond0", "bond0.5", "eth0", "eth1", "eth2", "eth3")
        left = {link["ifname"] for link in self.ip_json("link show")}
        self.assertFalse(left & {"br0", "bond0", "bond0.5"}, "what was made is gone")

    def test_the_same_by_the_command_line(self):
        self.cards("eth0", "eth1", "eth2", "eth3")
        words = (
            "--cmdline",
            "bridge=br0:bond0.5 vlan=bond0.5:bond0 bond=bond0:eth0,eth1,eth2,eth3:mode=active-backup,miimon=100"
            " ip=192.0.2.5:::24::br0:none",
        )
        self.ifdawn("up", *words)
        self.assertStack()
        self.assertConverged(*words)


class ManyVlans(Stacks):
    def test_a_thousand_vlans_on_one_parent(self):
        self.ip("link add d0 type dummy")
        self.ip("link set d0 up")
        # As a script of its own: the line from here to the guest is slow.
        self.shell(f"""
            cd /etc/sysconfig/network-scripts
            n=1
            while [ $n -le {MANY} ]; do
                printf 'DEVICE=v%d\\nVLAN=yes\\nPHYSDEV=d0\\nVLAN_ID=%d\\nONBOOT=yes\\nBOOTPROTO=none\\n' $n $n >ifcfg-v$n
                echo "link add link d0 name v$n type vlan id $n"
                n=$((n + 1))
            done >/tmp/batch
            n=1
            while [ $n -le {MANY} ]; do
                echo "link set v$n up"
                n=$((n + 1))
            done >>/tmp/batch
            """, within=60)
        def seconds(command):
            out = self.shell(f"s=$(cut -d' ' -f1 /proc/uptime); {command}; echo $s $(cut -d' ' -f1 /proc/uptime)", within=60)
            begun, ended = out.split()[-2:]
            return float(ended) - float(begun)

        ours = seconds("ifdawn up --no-wait 2>/dev/null || ifdawn up 2>/dev/null")
        count = len(self.ip("-o link show type vlan").splitlines())
        self.assertEqual(count, MANY)
        self.shell("ip link del d0", "ip link add d0 type dummy", "ip link set d0 up", within=60)
        theirs = seconds("ip -batch /tmp/batch")
        print(f"{MANY} VLANs: {ours:.2f} s, ip -batch {theirs:.2f} s: ratio {ours / theirs:.2f}")
