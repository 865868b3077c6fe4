"""Bonds and teams made by ifdawn: every mode, with its options and ports."""
from guest import Guest
from stacks import Stacks

# Mode and options in ifcfg's words, and what the kernel shows of them.
MODES = (
    ("balance-rr", "miimon=100 packets_per_slave=3 resend_igmp=2", {"miimon": 100, "packets_per_slave": 3}),
    (
        "active-backup",
        "arp_interval=200 arp_ip_target=192.0.2.1,192.0.2.2 arp_validate=all arp_all_targets=all primary=p1a"
        " primary_reselect=better fail_over_mac=active num_grat_arp=3",
        {"arp_interval": 200, "arp_ip_target": ["192.0.2.1", "192.0.2.2"], "arp_validate": "all", "primary": "p1a"},
    ),
    ("balance-xor", "miimon=50 xmit_hash_policy=layer3+4 updelay=120 downdelay=100", {"updelay": 100, "downdelay": 100}),
    ("broadcast", "miimon=100 min_links=1", {"mode": "broadcast"}),
    (
        "802.3ad",
        "miimon=100 lacp_rate=fast ad_select=bandwidth ad_actor_sys_prio=100 ad_user_port_key=5 min_links=1"
        " ad_actor_system=02:00:00:00:00:99",
        {"ad_lacp_rate": "fast", "ad_select": "bandwidth", "min_links": 1, "ad_user_port_key": 5},
    ),
    ("balance-tlb", "miimon=100 tlb_dynamic_lb=0 lp_interval=5", {"tlb_dynamic_lb": 0, "lp_interval": 5}),
    ("balance-alb", "miimon=100 all_slaves_active=1", {"all_slaves_active": 1}),
)


class Bonds(Stacks):
    def test_every_mode(self):
        for number, (mode, options, _) in enumerate(MODES):
            self.ifcfg(f"bond{number}", f'TYPE=Bond\nBONDING_OPTS="mode={mode} {options}"\n')
            for end in "ab":
                self.port(f"p{number}{end}", f"MASTER=bond{number}", "SLAVE=yes")
        self.assertMadeAsPrinted()
        for number, (mode, _, wanted) in enumerate(MODES):
            data = self.data(f"bond{number}")
            self.assertEqual(data["mode"], mode)
            for key, value in wanted.items():
                self.assertEqual(data.get(key), value, f"{mode}: {key}\n{data}")
            for end in "ab":
                self.assertEqual(self.master(f"p{number}{end}"), f"bond{number}")

    def test_options_are_changed_in_place_or_the_bond_is_made_anew(self):
        self.ifcfg("bond0", 'TYPE=Bond\nBONDING_OPTS="mode=1 miimon=100"\nIPADDR=192.0.2.5\nPREFIX=24\n')
        for name in ("pa", "pb"):
            self.port(name, "MASTER=bond0", "SLAVE=yes")
        self.ifdawn("up")
        before = self.link("bond0")["ifindex"]
        text = 'TYPE=Bond\nBONDING_OPTS="mode=%s miimon=50 primary=pb"\nIPADDR=192.0.2.5\nPREFIX=24\n'
        self.ifcfg("bond0", text % 1)
        self.ifdawn("up")
        data = self.data("bond0")
        self.assertEqual((data["miimon"], data["primary"]), (50, "pb"))
        self.assertEqual(self.link("bond0")["ifindex"], before, "the same bond")
        self.assertConverged()
        # The mode of a bond with ports.
        self.ifcfg("bond0", 'TYPE=Bond\nBONDING_OPTS="mode=balance-xor miimon=50"\nIPADDR=192.0.2.5\nPREFIX=24\n')
        self.ifdawn("up")
        self.assertEqual(self.data("bond0")["mode"], "balance-xor")
        self.assertEqual([self.master(name) for name in ("pa", "pb")], ["bond0", "bond0"])
        self.assertEqual(self.addresses("bond0"), ["192.0.2.5/24"])
        self.assertConverged()

    def test_a_team_is_made_as_a_bond(self):
        self.network_script(
            "ifcfg-team0",
            "DEVICE=team0\nDEVICETYPE=Team\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=192.0.2.5\nPREFIX=24\n"
            "TEAM_CONFIG='{\"runner\": {\"name\": \"activebackup\"}}'\n",
        )
        for name in ("pa", "pb"):
            self.port(name, "DEVICETYPE=TeamPort", "TEAM_MASTER=team0")
        self.assertMadeAsPrinted()
        self.assertEqual(self.data("team0")["mode"], "active-backup")
        self.assertEqual(self.master("pa"), "team0")

    def test_two_bonds_negotiate(self):
        self.cards("eth0", "eth1")
        for number in (0, 1):
            # What a virtual card does not know of itself, and LACP needs.
            self.shell(f"ethtool -s eth{number} speed 1000 duplex full")
            self.shell(f"ip netns exec switch ethtool -s port{number} speed 1000 duplex full")
        self.ip_batch(
            [
                "link add bond9 type bond mode 802.3ad miimon 100 lacp_rate fast",
                "link set port0 down master bond9",
                "link set port1 down master bond9",
                "link set bond9 up",
            ],
            switch=True,
        )
        words = "bond=bond0:eth0,eth1:mode=802.3ad,miimon=100,lacp_rate=fast ip=192.0.2.5:::24::bond0:none"
        self.ifdawn("up", "--cmdline", words)
        self.assertNotEqual(self.data("bond0")["ad_info"]["partner_mac"], "00:00:00:00:00:00", "the partner is known")
        self.assertEqual(self.data("bond0")["ad_info"]["num_ports"], 2)

    def test_a_bond_whose_partner_never_speaks_is_told_and_used(self):
        self.cards("eth0")
        self.shell("ethtool -s eth0 speed 1000 duplex full")
        words = "bond=bond0:eth0:mode=802.3ad,miimon=100,lacp_rate=fast ip=192.0.2.5:::24::bond0:none"
        run = self.ifdawn("up", "--cmdline", f"{words} rd.net.timeout.carrier=2")
        self.assertSays(run, "bond0: waiting for an LACP partner")
        self.assertSays(run, "bond0: an LACP partner did not come in time")
        self.assertGreater(run.seconds, 1.5, "it waited")
        self.assertEqual(self.data("bond0")["ad_info"]["partner_mac"], "00:00:00:00:00:00")
        self.assertEqual(self.addresses("bond0"), ["192.0.2.5/24"])
        self.assertEqual(self.master("eth0"), "bond0")
        # Other modes wait for nobody.
        self.new_machine()
        self.cards("eth0")
        run = self.ifdawn("up", "--cmdline", words.replace("802.3ad", "active-backup").replace(",lacp_rate=fast", ""))
        self.assertNotIn("LACP", run.err)

    def test_what_the_driver_would_refuse_is_left_out(self):
        # Each of these fails with EINVAL or EPERM when the driver gets it.
        cases = (
            ("mode=1 peer_notif_delay=100", "peer_notif_delay", "miimon"),
            ("mode=1 miimon=100 arp_validate=all", "arp_validate", "miimon"),
            ("mode=1 updelay=100", "updelay", "miimon"),
            ("mode=0 primary=p4", "primary", "mode"),
            ("mode=1 lacp_rate=fast", "lacp_rate", "mode"),
            ("mode=4 tlb_dynamic_lb=0 miimon=100", "tlb_dynamic_lb", "mode"),
            ("mode=1 miimon=100 arp_interval=100 arp_ip_target=192.0.2.1", "miimon", "arp_interval"),
        )
        for number, (options, _, _) in enumerate(cases, 1):
            self.ifcfg(f"bond{number}", f'TYPE=Bond\nBONDING_OPTS="{options}"\n')
            self.port(f"p{number}", f"MASTER=bond{number}", "SLAVE=yes")
        run = self.ifdawn("up")
        for number, (_, left_out, other) in enumerate(cases, 1):
            told = f'{left_out}: "{other}" is not set to what it needs; left out'
            self.assertSays(run, f"ifcfg-bond{number}:", told)
        self.assertConverged()

    def test_of_two_names_for_one_option_the_later_counts(self):
        self.ifcfg("bond0", 'TYPE=Bond\nBONDING_OPTS="mode=1 num_grat_arp=2 miimon=100 num_unsol_na=3"\n')
        self.port("pa", "MASTER=bond0", "SLAVE=yes")
        self.assertSays(self.ifdawn("up"), '"num_unsol_na=3" is there twice; the later one counts')
        self.assertEqual(self.data("bond0")["num_peer_notif"], 3)
        self.assertConverged()

    def test_a_preferred_port_that_is_none_is_not_asked_for_again_and_again(self):
        self.dummies("pb")
        self.ifcfg("bond0", 'TYPE=Bond\nBONDING_OPTS="mode=1 miimon=100 primary=pb"\n')
        self.port("pa", "MASTER=bond0", "SLAVE=yes")
        self.ifdawn("up")
        self.assertConverged()

    def test_a_port_that_is_plugged_later_joins(self):
        self.cards("eth0")
        words = ("--cmdline", "bond=bond0:eth0,eth1:mode=active-backup,miimon=100 ip=192.0.2.5:::24::bond0:none")
        watch = self.start("watch", *words)
        self.eventually("the bond has its address", lambda: self.exists("/sys/class/net/bond0") and self.addresses("bond0"), 20)
        before = self.link("bond0")["ifindex"]
        self.cards("eth1")
        self.eventually("eth1 joins", lambda: self.master("eth1") == "bond0", 20)
        self.assertEqual((self.master("eth0"), self.link("bond0")["ifindex"]), ("bond0", before))
        self.end(watch)
        self.finish(watch)


class FirstBond(Stacks):
    NAMESPACE = Guest.FIRST

    def test_the_bond0_that_the_module_makes_is_taken(self):
        self.ifcfg("bond0", 'TYPE=Bond\nBONDING_OPTS="mode=active-backup miimon=100"\nIPADDR=192.0.2.5\nPREFIX=24\n')
        self.port("pa", "MASTER=bond0", "SLAVE=yes")
        self.ifdawn("up")
        self.assertEqual((self.data("bond0")["mode"], self.master("pa")), ("active-backup", "bond0"))
        self.assertConverged()
        self.ifdawn("down", "bond0")
        self.assertFalse(self.exists("/sys/class/net/bond0"), "it is ours as if we had made it")
