"""Stacks: a VLAN on a bond of four cards with a bridge on it, many VLANs, and dracut's own cases."""
import json
import os
import re
import unittest

import image
from machine import mac
from stacks import Stacks

# Read where it is, if it is there.
DRACUT_CASES = os.path.join(image.PROJECT, "../shared/vectors/dracut-cases.json")
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
        self.ifdawn("down", "br0", "bond0.5", "bond0", "eth0", "eth1", "eth2", "eth3")
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

        # bench/vlans.py reads what is printed.
        for words in ("ifdawn --version", "ip -Version", "uname -r"):
            print(f"$ {words}: {self.shell(words).strip()}")

        def seconds(command):
            out = self.shell(f"s=$(cut -d' ' -f1 /proc/uptime); {command}; echo $s $(cut -d' ' -f1 /proc/uptime)", within=60)
            begun, ended = out.split()[-2:]
            return float(ended) - float(begun)

        ours = seconds("ifdawn up 2>/dev/null")
        count = len(self.ip("-o link show type vlan").splitlines())
        self.assertEqual(count, MANY)
        self.shell("ip link del d0", "ip link add d0 type dummy", "ip link set d0 up", within=60)
        theirs = seconds("ip -batch /tmp/batch")
        print(f"$ ifdawn up 2>/dev/null: {ours:.2f} s, {MANY} files, each as:\n{self.read('/etc/sysconfig/network-scripts/ifcfg-v1')}")
        print(f"$ ip -batch /tmp/batch: {theirs:.2f} s, {2 * MANY} lines, the first: {self.shell('head -n 1 /tmp/batch')}")
        print(f"ratio {ours / theirs:.2f}")


@unittest.skipUnless(os.path.exists(DRACUT_CASES), "no dracut-cases.json")
class Dracut(Stacks):
    """The command lines of dracut's own tests, with the names that have addresses in the end."""

    def setUp(self):
        super().setUp()
        with open(DRACUT_CASES, encoding="utf-8") as file:
            cases = json.load(file)["cases"]
        self.cases = [case for case in cases if case["suite"] == "BONDBRIDGEVLAN"]

    def network(self, names):
        """Five cards; the cables of the first four lead to a switch with a DHCP server, and with the VLANs 1 to 4."""
        self.cards(*((name, number) for number, name in enumerate(names)))
        there = ["link add sw type bridge", *(f"link set port{number} master sw" for number in range(4))]
        there += ["link set sw up", "addr add 192.168.50.1/24 dev sw", "addr add 192.168.51.1/24 dev sw"]
        for vlan in range(1, 5):
            there += [f"link add link sw name sw.{vlan} up type vlan id {vlan}"]
            there += [f"addr add 192.168.{53 + vlan}.1/24 dev sw.{vlan}"]
        self.ip_batch(there, switch=True)
        self.shell("""
            cat >/run/udhcpd.conf <<'END'
            interface sw
            start 192.168.50.100
            end 192.168.50.150
            opt router 192.168.50.1
            opt subnet 255.255.255.0
            lease_file /run/leases
            pidfile /run/udhcpd.pid
            END
            >/run/leases
            ip netns exec switch udhcpd -f -a 100 /run/udhcpd.conf >/dev/null 2>&1 &
            """)

    def test_bonds_bridges_and_vlans(self):
        self.assertEqual(len(self.cases), 5)
        for case in self.cases:
            with self.subTest(f"{case['source']}: {case['name']}"):
                self.new_machine()
                words, ports = case["cmdline"], re.search(r"bond=\w+:(ens\d)", case["cmdline"])
                if ports:
                    # Of the one without names of its own.
                    words = re.sub(r"ifname=\S+ ", "", words)
                words = re.sub(r"52:54:00:12:34:0(\d)", lambda found: mac(int(found[1]) - 1), words)
                self.network([f"ens{number + 2}" if ports else f"card{number}" for number in range(1, 6)])
                run = self.ifdawn("up", "--cmdline", words, within=40)
                shown = self.ip_json("-4 addr show scope global")
                found = sorted(link["ifname"] for link in shown if link["addr_info"])
                expected = case["expected"]
                self.assertEqual(found, expected["global_ipv4_interfaces_sorted"], run)
                for check in expected.get("post_checks", ()):
                    if check.startswith("ping "):
                        self.shell(f"ping -c 1 -W 5 {check[5:]} >/dev/null")
                    else:
                        port, master = check.split(" master ")
                        self.assertEqual(self.master(port), master, check)
