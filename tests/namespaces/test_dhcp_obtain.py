"""A lease of each server, and everything it says where it belongs."""
import subprocess

import wire
from dhcp import DhcpMachine
from servers import Dnsmasq, IscDhcpd, Kea, Relay, Udhcpd


class Servers(DhcpMachine):
    """What `up` leaves behind after the answers of real servers."""

    def obtain(self, server, *words):
        run = self.ifdawn("up", *words)
        self.assertBound()
        seconds = self.valid()
        self.assertIsNotNone(seconds, "the address does not stay for ever")
        self.assertTrue(3500 <= seconds <= 3600, f"valid_lft of the address: {seconds}\n{server.log()}")
        lease = self.lease()
        self.assertEqual(
            {key: lease.get(key) for key in ("IPV4ADDR", "IPV4NETMASK", "IPV4GATEWAY", "DHCPLEASETIME")},
            {"IPV4ADDR": "192.0.2.100", "IPV4NETMASK": "255.255.255.0", "IPV4GATEWAY": "192.0.2.1", "DHCPLEASETIME": "3600"},
            f"lease-eth0\n{run}",
        )
        state = self.state()
        self.assertEqual((state["state"], state["problems"]), ("up", []), "state.json")
        self.assertEqual([(found["address"], found["source"]) for found in state["addresses"]], [("192.0.2.100/24", "dhcp4")])
        self.assertIsNotNone(state["lease4"], "lease4 of state.json")
        events = [mark["event"] for mark in state["timeline"]]
        self.assertLess(events.index("discover"), events.index("ack"), f"timeline: {events}")
        self.assertEqual(self.ifdawn("plan", *words).out, "", "the plan of a bound link is empty")
        return run

    def test_dnsmasq(self):
        self.dhcp("eth0")
        self.obtain(Dnsmasq(self, "port0"))

    def test_kea(self):
        self.dhcp("eth0")
        self.obtain(Kea(self, "port0"))

    def test_isc_dhcpd(self):
        self.dhcp("eth0")
        self.obtain(IscDhcpd(self, "port0"))

    def test_udhcpd(self):
        self.dhcp("eth0")
        self.obtain(Udhcpd(self, "port0"))

    def test_the_command_line(self):
        for word in ("ip=dhcp", "ip=eth0:dhcp", "ip=single-dhcp", "ip=:::::eth0:dhcp", "rd.neednet=1"):
            with self.subTest(word=word):
                self.new_machine()
                self.cables("eth0")
                server = Dnsmasq(self, "port0")
                self.obtain(server, "--cmdline", word)

    def test_a_relay(self):
        self.dhcp("eth0")
        far = self.another_namespace()
        self.on_switch(f"link add up0 type veth peer name up1 netns {far}", "link set up0 up", "addr add 198.51.100.1/24 dev up0")
        subprocess.run(
            ["nsenter", f"--net={far}", "ip", "-batch", "-"], check=True, text=True,
            input="addr add 198.51.100.2/24 dev up1\nlink set up1 up\nroute add 192.0.2.0/24 via 198.51.100.1\n",
        )  # fmt: skip
        server = Dnsmasq(self, "up1", netns=far, subnet="192.0.2", options=["3,192.0.2.1"])
        Relay(self, "port0", upstream="up0", server="198.51.100.2")
        self.obtain(server)
        self.assertEqual(self.lease()["DHCPSERVER"], "198.51.100.2", "the server, not the relay")

    def test_rapid_commit_takes_two_packets(self):
        self.dhcp("eth0")
        server = Dnsmasq(self, "port0", rapid=True)
        seen = wire.Wire(self, "port0")
        self.obtain(server)
        self.assertEqual(seen.exchange(), ["DISCOVER", "ACK"], f"packets\n{server.log()}")

    def test_four_packets_without_it(self):
        self.dhcp("eth0")
        server = Dnsmasq(self, "port0")
        seen = wire.Wire(self, "port0")
        self.obtain(server)
        self.assertEqual(seen.exchange(), ["DISCOVER", "OFFER", "REQUEST", "ACK"], f"packets\n{server.log()}")

    def test_long_options_of_kea(self):
        self.dhcp("eth0")
        self.ip("link set eth0 up")
        domains = [f"d{n}.a-rather-long-name-of-a-domain.example" for n in range(8)]
        nets = [(f"10.{n}.0.0/16", "192.0.2.2") for n in range(60)]
        Kea(
            self, "port0", options={"domain-search": ",".join(domains)},
            classless=wire.routes(("0.0.0.0/0", "192.0.2.1"), *nets),
        )  # fmt: skip
        self.ifdawn("up")
        search = next(line for line in self.resolv_conf().splitlines() if line.startswith("search "))
        self.assertEqual(search.split()[1:], domains, "search domains")
        found = [route.split()[0] for route in self.routes() if "192.0.2.2" in route]
        self.assertCountEqual(found, [net for net, _ in nets], "routes of option 121")
        self.assertBound()


class Options(DhcpMachine):
    """What one server says, option by option."""

    def obtain(self, options=None, text="", code=0, **rest):
        self.dhcp("eth0", text=text)
        self.server = wire.Scripted(self, "port0", options=options, **rest)
        return self.ifdawn("up", code=code)

    def test_lifetimes_of_the_address(self):
        self.obtain(lease=600)
        self.assertTrue(590 <= self.valid() <= 600, f"valid_lft: {self.valid()}")
        self.assertLessEqual(self.inet()[0]["preferred_life_time"], self.inet()[0]["valid_life_time"])

    def test_an_infinite_lease(self):
        self.obtain(lease=wire.INFINITE)
        self.assertIsNone(self.valid(), "valid_lft is forever")

    def test_names(self):
        self.write("proc/sys/kernel/hostname", "localhost\n")
        self.obtain({
            6: wire.addr("192.0.2.53") + wire.addr("192.0.2.54"),
            12: b"box",
            15: b"a.example",
            119: wire.names("b.example", "c.example"),
        })  # fmt: skip
        lines = self.resolv_conf().splitlines()
        self.assertEqual(lines[0], "# Generated by ifdawn")
        self.assertEqual(lines[-2:], ["nameserver 192.0.2.53", "nameserver 192.0.2.54"], "name servers in their order")
        (search,) = [line.split()[1:] for line in lines if line.startswith("search ")]
        self.assertEqual([name for name in search if name != "a.example"], ["b.example", "c.example"], "search domains")
        self.assertEqual(self.read("proc/sys/kernel/hostname").strip(), "box", "the host name")
        lease = self.lease()
        self.assertEqual((lease["HOSTNAME"], lease["DNSDOMAIN"]), ("box", "a.example"), f"lease-eth0: {lease}")

    def test_a_host_name_that_is_set_stays(self):
        self.write("proc/sys/kernel/hostname", "mine\n")
        self.obtain({12: b"box"})
        self.assertEqual(self.read("proc/sys/kernel/hostname").strip(), "mine", "the host name")

    def test_a_domain_alone_is_searched(self):
        self.obtain({6: wire.addr("192.0.2.53"), 15: b"a.example"})
        self.assertIn("search a.example", self.resolv_conf().splitlines())

    def test_peerdns_no(self):
        self.obtain({6: wire.addr("192.0.2.53"), 15: b"a.example"}, text="PEERDNS=no\nDNS1=198.51.100.53\n")
        text = self.resolv_conf()
        self.assertIn("nameserver 198.51.100.53", text)
        self.assertNotIn("192.0.2.53", text)

    def test_peerroutes_no(self):
        self.obtain({121: wire.routes(("10.0.0.0/8", "192.0.2.2"))}, text="PEERROUTES=no\n")
        self.assertEqual(self.routes(), [], "routes")

    def test_defroute_no(self):
        self.obtain({33: wire.addr("10.0.0.1") + wire.addr("192.0.2.2")}, text="DEFROUTE=no\n")
        self.assertEqual(self.default_routes(), [], "default routes")
        self.assertEqual(len(self.routes("10.0.0.1/32")), 1, "the route of option 33")

    def test_a_metric(self):
        self.obtain(text="IPV4_ROUTE_METRIC=77\n")
        self.assertEqual(self.default_routes(), [("192.0.2.1", "eth0", 77)], "default routes")

    def test_mtu(self):
        for said, mtu in ((1400, 1400), (20, 1500), (65535, 1500)):
            with self.subTest(said=said):
                self.new_machine()
                self.obtain({26: said.to_bytes(2, "big")})
                self.assertEqual(self.link("eth0")["mtu"], mtu, "MTU of the link")
                self.assertBound()

    def test_an_mtu_that_was_configured_stays(self):
        self.obtain({26: (1400).to_bytes(2, "big")}, text="MTU=1450\n")
        self.assertEqual(self.link("eth0")["mtu"], 1450, "MTU of the link")

    def test_classless_routes_supersede_the_router(self):
        self.obtain({
            3: wire.addr("192.0.2.3"),
            33: wire.addr("10.77.0.1") + wire.addr("192.0.2.2"),
            121: wire.routes(("0.0.0.0/0", "192.0.2.9"), ("10.0.0.0/8", "192.0.2.2"), ("10.9.0.0/16", "0.0.0.0")),
        })  # fmt: skip
        self.assertEqual([route[:2] for route in self.default_routes()], [("192.0.2.9", "eth0")], "default routes")
        routes = {route["dst"]: route.get("gateway") for route in self.ip_json("-4 route show") if route.get("protocol") != "kernel"}
        self.assertEqual(routes, {"default": "192.0.2.9", "10.0.0.0/8": "192.0.2.2", "10.9.0.0/16": None}, "routes")

    def test_a_router_off_the_subnet_is_on_the_link(self):
        self.obtain({1: wire.addr("255.255.255.255"), 3: wire.addr("198.51.100.1")})
        self.assertEqual(self.address(), "192.0.2.100/32")
        self.assertEqual([route[:2] for route in self.default_routes()], [("198.51.100.1", "eth0")], "default routes")

    def test_overloaded_fields(self):
        self.obtain(
            {52: b"\x03"}, file=wire.option(6, wire.addr("192.0.2.53")) + b"\xff",
            sname=wire.option(15, b"a.example") + b"\xff",
        )  # fmt: skip
        text = self.resolv_conf()
        self.assertIn("nameserver 192.0.2.53", text, "an option in `file`")
        self.assertIn("search a.example", text, "an option in `sname`")
        self.assertNotIn("filename", {key for key, value in self.lease().items() if value}, "`file` is no boot file")

    def test_what_boots_from_the_network_is_told(self):
        self.obtain(
            {
                17: b"nfs:192.0.2.7:/srv/root",
                42: wire.addr("192.0.2.123") + wire.addr("192.0.2.124"),
                66: b"boot.example",
                67: b"pxe/grub.0",
            },
            siaddr="192.0.2.7",
        )
        lease = self.lease()
        for key, value in {
            "ROOTPATH": "nfs:192.0.2.7:/srv/root",
            "ROOTSERVER": "192.0.2.7",
            "SERVERNAME": "boot.example",
            "filename": "pxe/grub.0",
        }.items():
            self.assertEqual(lease.get(key), value, f"{key} of lease-eth0: {lease}")
        for server in ("192.0.2.123", "192.0.2.124"):
            self.assertIn(server, lease["NTPSERVERS"], "time servers")

    def test_a_boot_file_in_its_field(self):
        self.obtain(file=b"old/style.0", sname=b"boot.example", siaddr="192.0.2.7")
        lease = self.lease()
        self.assertEqual((lease.get("filename"), lease.get("SERVERNAME")), ("old/style.0", "boot.example"), f"{lease}")

    def test_bootp(self):
        self.cables("eth0")
        self.ifcfg("eth0", "BOOTPROTO=bootp\n")
        server = wire.Scripted(self, "port0", bootp=True)
        self.ifdawn("up")
        self.assertBound()
        self.assertIsNone(self.valid(), "an address of BOOTP is for ever")
        self.assertEqual(server.messages(wire.REQUEST), [], "BOOTP has no REQUEST")

    def test_bootp_is_not_taken_for_dhcp(self):
        self.obtain(bootp=True, text="IPV4_DHCP_TIMEOUT=1\n", code=1)
        self.assertUnbound()


class Said(DhcpMachine):
    """What servers are told of us."""

    def discover(self, text="", words=()):
        self.dhcp("eth0", text=text)
        server = wire.Scripted(self, "port0")
        self.ifdawn("up", *words)
        self.assertBound()
        self.messages = server.messages(wire.DISCOVER, wire.REQUEST)
        return self.messages[0].options

    def test_the_mac_is_the_client_identifier(self):
        found = self.discover()
        self.assertEqual(found[61], b"\x01\x52\x54\x00\x00\x00\x00", "client identifier")
        self.assertEqual({1, 3, 6, 121} - set(found[55]), set(), "options that are not asked for")
        for message in self.messages:
            self.assertEqual(message.chaddr, b"\x52\x54\x00\x00\x00\x00", "chaddr")
            self.assertEqual((message.src, message.dst, message.sport, message.dport), ("0.0.0.0", "255.255.255.255", 68, 67))
            self.assertGreaterEqual(len(message.raw), 300, "at least what BOOTP relays forward")
        self.assertEqual(self.messages[-1].option_addr(54), "192.0.2.1", "the server that was chosen")
        self.assertEqual(self.messages[-1].option_addr(50), "192.0.2.100", "the address that was offered")

    def test_a_client_identifier(self):
        self.assertEqual(self.discover("DHCP_CLIENT_ID=01:02:03:04:aa\n")[61], b"\x01\x02\x03\x04\xaa")

    def test_a_client_identifier_of_the_command_line(self):
        self.cables("eth0")
        server = wire.Scripted(self, "port0")
        words = "ip=eth0:dhcp rd.net.dhcp.client-id=eth0:01-02-03 rd.net.dhcp.vendor-class=acme"
        self.ifdawn("up", "--cmdline", words)
        found = server.messages(wire.DISCOVER)[0].options
        self.assertEqual((found[61], found[60]), (b"\x01\x02\x03", b"acme"), "client identifier and vendor class")

    def test_a_vendor_class(self):
        self.assertEqual(self.discover("DHCP_VENDOR_CLASS_IDENTIFIER=acme\n")[60], b"acme")

    def test_a_host_name(self):
        self.assertEqual(self.discover("DHCP_HOSTNAME=box\n")[12], b"box")

    def test_no_host_name(self):
        self.write("proc/sys/kernel/hostname", "mine\n")
        self.assertNotIn(12, self.discover("DHCP_SEND_HOSTNAME=no\nDHCP_HOSTNAME=box\n"))
