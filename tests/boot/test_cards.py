"""Network cards with a driver and a cable, under a kernel that renames only links that are down."""
from guest import Guest
from machine import mac


class Cards(Guest):
    def rules(self, *numbers):
        """ifcfg files that give eth<n> to card n."""
        for number in numbers:
            self.ifcfg(f"eth{number}", f"HWADDR={mac(number)}\nIPADDR=192.0.2.{number + 1}\nPREFIX=32\n")

    def assertOwnNames(self, *numbers):
        self.assertEqual(self.names(), {f"eth{number}": number for number in numbers}, "card by its name")
        for number in numbers:
            self.assertEqual(self.addresses(f"eth{number}"), [f"192.0.2.{number + 1}/32"], f"address of eth{number}")

    def test_four_cards_are_renamed_in_a_cycle(self):
        self.cards(("eth0", 3), ("eth1", 0), ("eth2", 1), ("eth3", 2))
        self.rules(0, 1, 2, 3)
        self.ifdawn("up")
        self.assertOwnNames(0, 1, 2, 3)
        self.assertConverged()

    def test_two_cards_that_are_up_change_places(self):
        self.cards(("eth0", 1), ("eth1", 0), up=True)
        self.rules(0, 1)
        self.ifdawn("up")
        self.assertOwnNames(0, 1)
        self.assertConverged()

    def test_the_permanent_address_names_a_card_whose_address_was_changed(self):
        self.cards(("eth5", 0))
        self.ip("link set eth5 address 52:54:00:aa:bb:cc")
        self.rules(0)
        self.ifdawn("up")
        self.assertOwnNames(0)
        self.assertConverged()

    def test_a_card_that_is_plugged_later_gets_its_name_and_its_address(self):
        self.cards("eth0")
        self.rules(0, 1)
        watch = self.start("watch")
        self.eventually("eth0 has its address", lambda: self.addresses("eth0") == ["192.0.2.1/32"], 20)
        self.cards(("late", 1))
        self.eventually("eth1 is there", lambda: "eth1" in self.names(), 20)
        self.eventually("eth1 has its address", lambda: self.addresses("eth1"), 20)
        self.assertOwnNames(0, 1)
        self.end(watch)
        self.finish(watch)

    def test_a_cable_joins_two_cards_until_it_is_pulled(self):
        self.cards("eth0", up=True)
        self.assertIn("driver: virtio_net", self.shell("ethtool -i eth0"))
        self.ip("addr add 192.0.2.1/24 dev eth0")
        self.ip_batch(["addr add 192.0.2.2/24 dev port0"], switch=True)
        self.shell("ping -c 1 -W 5 192.0.2.2")
        self.pull_cable(0)
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"], 10)
        self.put_cable(0)
        self.eventually("carrier", lambda: "LOWER_UP" in self.link("eth0")["flags"], 10)
        self.shell("ping -c 1 -W 5 192.0.2.2")
