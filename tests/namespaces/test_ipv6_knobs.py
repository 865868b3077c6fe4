"""Settings of IPv6 that the kernel has for each link: made as they are asked for, and not touched otherwise."""
import os
import subprocess

from machine import MS_BIND, MS_RDONLY, MS_REC, MS_REMOUNT, Machine, mount

LOCAL = "IPV6INIT=yes\nIPV6FORWARDING=yes\n"
"""Link-local addresses only: nobody is waited for."""
AUTO = "IPV6INIT=yes\n"
SHORT = ("--timeout", "1")
"""No router is there to wait for."""


class Knobs(Machine):
    def knob(self, link, name):
        with open(f"/proc/sys/net/ipv6/conf/{link}/{name}") as file:
            return file.read().strip()

    def set_knob(self, link, name, value):
        with open(f"/proc/sys/net/ipv6/conf/{link}/{name}", "w") as file:
            file.write(str(value))

    def assertKnobs(self, link, **wanted):
        found = {name: self.knob(link, name) for name in wanted}
        self.assertEqual(found, {name: str(value) for name, value in wanted.items()}, f"settings of {link}")

    def mode(self, link):
        """`addrgenmode` as ip(8) says it."""
        return self.ip_json(f"-d link show dev {link}")[0].get("inet6_addr_gen_mode")

    def local(self, link):
        found = [addr for here in self.ip_json(f"addr show dev {link}") for addr in here["addr_info"]]
        return [addr for addr in found if addr["local"].startswith("fe80:")]

    def test_the_link_local_address_is_ours_and_usable_at_once(self):
        self.sysctl("ipv6/conf/*/accept_dad", "1")
        self.cables("eth0")
        self.ifcfg("eth0", LOCAL)
        run = self.ifdawn("up", trace="sendto,sendmsg")
        self.assertEqual(self.mode("eth0"), "none")
        found = self.local("eth0")
        self.assertEqual([addr["local"] for addr in found], ["fe80::5054:ff:fe00:0"], run)
        self.assertNotIn("tentative", found[0], f"nobody waits for it\n{run}")
        self.assertKnobs("eth0", accept_ra=0, addr_gen_mode=1)
        self.assertIn("addrgenmode", self.read("run/ifdawn/owned-eth0").splitlines())
        self.assertConverged()

    def test_down_gives_it_back(self):
        self.cables("eth0")
        self.ifcfg("eth0", LOCAL)
        self.ip("link set lo up")
        before = self.everything()
        self.ifdawn("up")
        self.ifdawn("down", "eth0")
        self.assertKnobs("eth0", addr_gen_mode=0)
        self.assertEqual(self.mode("eth0"), "eui64")
        self.assertEqual(self.everything(), before, "`ip -j` before `up` and after `down`")
        self.assertFalse(self.exists("run/ifdawn/owned-eth0"))

    def test_a_link_that_is_up_keeps_the_address_that_the_kernel_formed(self):
        self.cables("eth0", up=True)
        self.ifcfg("eth0", LOCAL)
        self.everything()
        self.ifdawn("up")
        self.assertEqual(self.mode("eth0"), "eui64")
        self.assertEqual([addr["local"] for addr in self.local("eth0")], ["fe80::5054:ff:fe00:0"])
        self.assertConverged()
        self.assertNotIn("addrgenmode", self.read("run/ifdawn/owned-eth0"))

    def test_the_kernel_looks_for_duplicates_where_it_is_told(self):
        self.sysctl("ipv6/conf/*/accept_dad", "1")
        self.cables("eth0", "eth1")
        self.ifcfg("eth0", LOCAL + "IPV6_DAD=kernel\nIPV6_DAD_TRANSMITS=2\n")
        self.ifcfg("eth1", LOCAL + "IPV6_DAD=optimistic\n")
        self.ifdawn("up", *SHORT, code=None)
        for link in ("eth0", "eth1"):
            self.assertEqual(self.mode(link), "eui64")
            self.eventually(f"{link} has an address", lambda: self.local(link))
        self.assertKnobs("eth0", dad_transmits=2, optimistic_dad=0)
        self.assertKnobs("eth1", dad_transmits=1, optimistic_dad=1)

    def test_a_link_that_asks_routers(self):
        self.cables("eth0", "eth1", "eth2")
        for name in ("accept_ra", "autoconf"):
            # as hardened systems have it
            for link in ("eth0", "eth1"):
                self.set_knob(link, name, 0)
        self.set_knob("eth2", "forwarding", 1)
        self.ifcfg("eth0", AUTO + "IPV6_PRIVACY=rfc4941\nIPV6_MTU=1400\nIPV6_TOKEN=::5\nIPV6_FORCE_ACCEPT_RA=yes\n")
        self.ifcfg("eth1", AUTO + "IPV6_PEERROUTES=no\nIPV6_ROUTE_METRIC=300\nIPV6_PRIVACY=no\n")
        self.ifcfg("eth2", AUTO)
        self.ifdawn("up", *SHORT, code=None)
        self.assertKnobs(
            "eth0", accept_ra=2, autoconf=1, accept_ra_defrtr=1, accept_ra_rt_info_max_plen=128, ra_defrtr_metric=1,
            use_tempaddr=2, mtu=1400,
        )
        self.assertKnobs(
            "eth1", accept_ra=1, autoconf=1, accept_ra_defrtr=0, accept_ra_rt_info_max_plen=0, ra_defrtr_metric=300,
            use_tempaddr=0, mtu=1500,
        )
        self.assertKnobs("eth2", accept_ra=2, forwarding=1)
        self.assertIn("token ::5 dev eth0", self.ip("token list"))
        self.assertEqual(self.ifdawn("plan").out, "", "nothing is left to do")

    def test_what_is_not_asked_for_is_left_alone(self):
        self.cables("eth0", "eth1", "eth2")
        for link in ("eth0", "eth1"):
            self.set_knob(link, "accept_ra", 0)
            self.set_knob(link, "use_tempaddr", 1)
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifcfg("eth2", "IPADDR=192.0.2.6\nPREFIX=24\nIPV6_DISABLED=yes\n")
        self.ifdawn("up")
        for link in ("eth0", "eth1"):
            self.assertKnobs(link, accept_ra=0, use_tempaddr=1, disable_ipv6=0, addr_gen_mode=0)
        self.assertKnobs("eth2", disable_ipv6=1)
        self.assertConverged()

    def test_ipv6_comes_back_where_it_was_turned_off(self):
        self.cables("eth0")
        self.set_knob("eth0", "disable_ipv6", 1)
        self.ifcfg("eth0", LOCAL)
        self.ifdawn("up")
        self.assertKnobs("eth0", disable_ipv6=0)
        self.assertEqual(len(self.local("eth0")), 1)

    def test_addresses_made_of_a_secret(self):
        self.cables("eth0", "eth1")
        self.write("etc/machine-id", "0123456789abcdef0123456789ABCDEF\n")
        self.ifcfg("eth0", LOCAL + "IPV6_ADDR_GEN_MODE=stable-privacy\n")
        self.ifcfg("eth1", LOCAL + "IPV6_ADDR_GEN_MODE=random\n")
        self.ifdawn("up", *SHORT, code=None)
        self.assertKnobs("eth0", addr_gen_mode=2, stable_secret="0123:4567:89ab:cdef:0123:4567:89ab:cdef")
        self.assertKnobs("eth1", addr_gen_mode=3)
        for link in ("eth0", "eth1"):
            self.eventually(f"{link} has an address", lambda: self.local(link))
            addrs = [addr["local"] for addr in self.local(link)]
            self.assertEqual(len(addrs), 1, f"the kernel's alone: {addrs}")
            self.assertNotIn("ff:fe", addrs[0])
        self.assertEqual(self.ifdawn("plan").out, "", "nothing is left to do")

    def test_without_a_secret_they_are_random(self):
        self.cables("eth0")
        self.ifcfg("eth0", LOCAL + "IPV6_ADDR_GEN_MODE=stable-privacy\n")
        run = self.ifdawn("up", *SHORT, code=None)
        self.assertSays(run, "eth0", "not set")
        self.assertKnobs("eth0", addr_gen_mode=3)
        self.eventually("eth0 has an address", lambda: self.local("eth0"))
        self.assertEqual(len(self.local("eth0")), 1, run)
        self.assertConverged()

    def test_where_proc_is_read_only_that_is_a_note(self):
        self.cables("eth0")
        self.ifcfg("eth0", LOCAL + "IPV6_DAD_TRANSMITS=3\nIPV6_PRIVACY=yes\n")
        mount("/proc/sys", "/proc/sys", None, MS_BIND | MS_REC)
        mount("/proc/sys", "/proc/sys", None, MS_BIND | MS_REMOUNT | MS_RDONLY)
        run = self.ifdawn("up", "-v")
        said = [line for line in run.err.splitlines() if "eth0" in line and "EROFS" in line]
        self.assertEqual(len(said), 1, f"one note\n{run}")
        self.assertEqual(self.mode("eth0"), "none", "which netlink sets")
        self.assertEqual([addr["local"] for addr in self.local("eth0")], ["fe80::5054:ff:fe00:0"])

    def test_a_link_without_ipv6(self):
        self.cables("eth0")
        self.ip("link set eth0 mtu 1000")
        self.ifcfg("eth0", LOCAL + "IPADDR=192.0.2.5\nPREFIX=24\n")
        run = self.ifdawn("up", trace="sendto,sendmsg", code=None)
        self.assertFalse(any("IFLA_AF_SPEC" in line for line in run.trace if "RTM_SETLINK" in line), run)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"])

    def test_links_that_are_made(self):
        self.cables("eth0")
        self.ifcfg("br0", "TYPE=Bridge\n" + LOCAL)
        self.ifcfg("eth0", "BRIDGE=br0\n")
        self.ifdawn("up")
        self.assertEqual(self.mode("br0"), "none")
        self.assertKnobs("br0", accept_ra=0)
        self.assertEqual(len(self.local("br0")), 1)
        self.assertConverged()

    def test_the_printed_script_does_the_same(self):
        states = []
        for by_script in (True, False):
            if states:
                self.new_machine()
            self.cables("eth0", "eth1", "eth2")
            self.ifcfg("eth0", LOCAL + "IPV6_PRIVACY=yes\n")
            self.ifcfg("eth1", LOCAL + "IPV6_ADDR_GEN_MODE=eui64\nIPV6_DAD=kernel\nIPV6_DAD_TRANSMITS=0\n")
            self.ifcfg("eth2", "IPV6INIT=yes\nIPV6_AUTOCONF=no\nDHCPV6C=yes\nIPV6_TOKEN=::7\n")
            self.ip("link set eth1 addrgenmode none")
            plan = self.ifdawn("plan")
            self.assertRegex(plan.out, r"(?m)^ip token set dev eth2 ::7$")
            if by_script:
                shell = subprocess.run(["sh", "-e"], input=plan.out.encode(), capture_output=True, timeout=60)
                self.assertEqual((shell.returncode, shell.stderr), (0, b""), f"sh runs the printed script\n{plan}")
            else:
                self.ifdawn("up", *SHORT, code=None)
            state = {}
            for link in ("eth0", "eth1", "eth2"):
                conf = f"/proc/sys/net/ipv6/conf/{link}"
                for name in os.listdir(conf):
                    # the second is set for as long as we run
                    if name not in ("stable_secret", "accept_dad"):
                        state[link, name] = self.knob(link, name)
                state[link, "mode"] = self.mode(link)
                state[link, "local"] = [addr["local"] for addr in self.local(link)]
            state["token"] = self.ip("token list")
            states.append(state)
        self.assertEqual(*states)
