"""What the guest's kernel has, on which the tests of each kind of link rest."""
import re

from guest import Guest

# What `ip link add` is given for each kind. `below` and `below2` are dummies.
LINKS = (
    "type bond mode 802.3ad miimon 100",
    "type bridge vlan_filtering 1 stp_state 1",
    "type dummy",
    "type geneve id 7 remote 192.0.2.2",
    "type gre local 192.0.2.1 remote 192.0.2.2",
    "type gretap local 192.0.2.1 remote 192.0.2.2",
    "type ifb",
    "type ip6gre local 2001:db8::1 remote 2001:db8::2",
    "type ip6gretap local 2001:db8::1 remote 2001:db8::2",
    "type ip6tnl local 2001:db8::1 remote 2001:db8::2",
    "type ipip local 192.0.2.1 remote 192.0.2.2",
    "link below2 type ipvlan mode l2",
    "link below type macvlan mode bridge",
    "type nlmon",
    "type sit local 192.0.2.1 remote 192.0.2.2",
    "type team",
    "type veth",
    "link below type vlan id 7 protocol 802.1ad",
    "type vrf table 7",
    "type vxlan id 7 dstport 4789 dev below",
)


class Kinds(Guest):
    def test_the_kernel_makes_every_kind_of_link(self):
        self.ip_batch(["link add below type dummy", "link add below2 type dummy"])
        batch = "\n".join(f"link add name new{number} {words}" for number, words in enumerate(LINKS))
        _, _, refused = self.run_script(f"ip -force -batch - <<'END'\n{batch}\nEND")
        links = self.ip_json("-d link show")
        made = {link["ifname"]: link["linkinfo"]["info_kind"] for link in links if "linkinfo" in link}
        for number, words in enumerate(LINKS):
            with self.subTest(words):
                kind = re.search(r"type (\S+)", words)[1]
                self.assertEqual(made.get(f"new{number}"), kind, f"standard error of ip(8):\n{refused.decode()}")


class FirstNamespace(Guest):
    NAMESPACE = Guest.FIRST

    def test_bonding_makes_bond0_when_it_is_loaded(self):
        # So the first bond of a machine cannot be made by that name, as it is there when the kernel looks.
        code, _, err = self.run_script("ip link add bond0 type bond mode active-backup")
        self.assertEqual((code, err), (2, b"RTNETLINK answers: File exists\n"))
        self.assertEqual(self.ip_json("-d link show dev bond0")[0]["linkinfo"]["info_data"]["mode"], "balance-rr")
