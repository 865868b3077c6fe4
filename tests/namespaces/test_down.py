"""`down` takes back exactly what `up` made; owned-IF, written beforehand, says what that is."""
import json
import os
import re
import subprocess

from machine import Machine

ETH0 = (
    "IPADDR=192.0.2.5\nPREFIX=24\nIPADDR1=192.0.2.6\nPREFIX1=24\nGATEWAY=192.0.2.1\n"
    "IPV6ADDR=2001:db8::5/64\nIPV6_DEFAULTGW=2001:db8::1\nDNS1=192.0.2.53\nDOMAIN=a.example\n"
)
ROUTES = "10.0.0.0/8 via 192.0.2.1\nblackhole 10.9.0.0/16\n10.2.0.0/16 via 192.0.2.1 table 100 metric 5\n"
MAKES = re.compile(r"RTM_NEW(ADDR|ROUTE|LINK)|RTM_SETLINK")


class Down(Machine):
    def configure(self):
        self.ifcfg("eth0", ETH0)
        self.network_script("route-eth0", ROUTES)

    def test_owned_file_is_there_before_the_first_request(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("plan")
        run = self.ifdawn("up", trace="sendto,sendmsg,openat,rename,renameat,renameat2")
        written = [n for n, line in enumerate(run.trace) if line.startswith("rename") and "owned-eth0" in line]
        made = [n for n, line in enumerate(run.trace) if line.startswith("send") and MAKES.search(line)]
        self.assertTrue(written and made, f"strace shows both\n{run}")
        self.assertLess(written[0], made[0], "owned-eth0 is in place before anything is made on eth0")
        owned = self.read("run/ifdawn/owned-eth0").splitlines()
        for line in ("link 10", "up", "addr 192.0.2.5/24", "addr 192.0.2.6/24", "addr 2001:db8::5/64"):
            self.assertIn(line, owned, "owned-eth0")

    def test_down_undoes_up(self):
        self.cables("eth0", "eth1")
        self.configure()
        self.ifcfg("eth1", "IPADDR=198.51.100.5\nPREFIX=24\nDNS1=198.51.100.53\n")
        self.ifdawn("up", "eth1")
        before, files = self.everything(), sorted(self.files())
        resolv_conf = self.read("etc/resolv.conf")
        self.ifdawn("up", "eth0")
        self.assertIn("nameserver 192.0.2.53", self.read("etc/resolv.conf"), "eth0's name server")
        self.ifdawn("down", "eth0")
        self.assertEqual(before, self.everything(), "`ip -j` before `up eth0` and after `down eth0`")
        self.assertEqual(sorted(self.files()), files, "files before `up eth0` and after `down eth0`")
        self.assertEqual(self.read("etc/resolv.conf"), resolv_conf, "resolv.conf is eth1's alone again")
        state = json.loads(self.read("run/ifdawn/state.json"))
        self.assertEqual([link["name"] for link in state["links"]], ["eth1"], "links of state.json")

    def test_up_down_up_is_up(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("up")
        up = self.everything()
        self.ifdawn("down", "eth0")
        self.assertEqual(self.routes("table all proto 153"), [], "no route of ours is left")
        self.assertEqual(self.addresses("eth0"), [], "no address is left")
        self.ifdawn("up")
        self.assertEqual(up, self.everything(), "`ip -j` after the first and the second `up`")
        self.assertConverged()

    def test_what_others_made_stays_on_a_link_that_was_up_before(self):
        self.cables("eth0", up=True)
        self.configure()
        self.ifdawn("up")
        self.assertNotEqual(self.routes("table all proto 153"), [], "routes of ours after `up`")
        self.ip("addr add 203.0.113.9/24 dev eth0")
        self.ip("route add 10.77.0.0/16 via 203.0.113.1")
        self.ifdawn("down", "eth0")
        self.assertEqual(self.addresses("eth0"), ["203.0.113.9/24"], "the foreign address alone")
        self.assertEqual(self.routes(), ["10.77.0.0/16 via 203.0.113.1 dev eth0"], "the foreign route alone")
        self.assertEqual(self.routes("table all proto 153"), [], "no route of ours is left")

    def test_what_others_made_stays_on_a_link_that_we_took_up(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("up")
        self.ip("addr add 203.0.113.9/24 dev eth0")
        self.ip("addr add 2001:db8:9::9/64 dev eth0")
        self.ip("route add 10.77.0.0/16 via 203.0.113.1")
        self.ifdawn("down", "eth0")
        self.assertCountEqual(self.addresses("eth0"), ["203.0.113.9/24", "2001:db8:9::9/64"], "the foreign addresses")
        self.assertEqual(self.routes(), ["10.77.0.0/16 via 203.0.113.1 dev eth0"], "the foreign route")

    def test_what_was_deleted_is_not_ours_though_another_request_failed(self):
        self.cables("eth0")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.ifdawn("up")
        self.ifcfg("eth0", "IPADDR=198.51.100.5\nPREFIX=24\n")
        self.network_script("route-eth0", "10.0.0.0/8 via 203.0.113.1\n")
        self.ifdawn("up", code=1)
        self.assertNotIn("192.0.2.5", self.read("run/ifdawn/owned-eth0"), "it is deleted")
        self.ip("addr add 192.0.2.5/24 dev eth0")
        self.ifdawn("up", code=1)
        self.assertIn("192.0.2.5/24", self.addresses("eth0"), "somebody else's address stays")

    def test_down_removes_its_file_and_does_not_write_it_before(self):
        self.cables("eth0")
        self.ifcfg("eth0", "IPADDR=192.0.2.5\nPREFIX=24\nDNS1=192.0.2.53\n")
        self.ifdawn("up")
        run = self.ifdawn("down", "eth0", trace="rename,renameat2,unlinkat")
        owned = [line for line in run.trace if "owned-eth0" in line]
        self.assertEqual({line.split("(")[0] for line in owned}, {"unlinkat"}, "what was done with owned-eth0")

    def test_down_of_what_is_not_ours_changes_nothing_and_exits_1(self):
        self.cables("eth0", up=True)
        self.ip("addr add 203.0.113.9/24 dev eth0")
        before = self.everything()
        for name in ("eth0", "eth7"):
            run = self.ifdawn("down", name, code=1)
            self.assertSays(run, f"{name}: nothing of ours")
        self.assertEqual(before, self.everything(), "`ip -j` before and after")

    def test_down_of_several_links_does_all_and_tells_of_each(self):
        self.cables("eth0", "eth1")
        self.configure()
        self.ifcfg("eth1", "IPADDR=198.51.100.5\nPREFIX=24\n")
        self.ifdawn("up")
        run = self.ifdawn("down", "eth1", "eth7", "eth0", code=1)
        self.assertSays(run, "eth7: nothing of ours")
        self.assertEqual([self.addresses("eth0"), self.addresses("eth1")], [[], []], "the others are down all the same")

    def test_down_twice(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("up")
        self.ifdawn("down", "eth0")
        self.ifdawn("down", "eth0", code=1)

    def test_down_needs_no_ifcfg_file(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("up")
        self.assertNotEqual(self.addresses("eth0"), [], "addresses after `up`")
        self.ifcfg("eth0", "nonsense\n")
        self.network_script("route-eth0", "")
        self.ifdawn("down", "eth0")
        self.assertEqual(self.addresses("eth0"), [], "owned-eth0 alone decides")

    def test_another_link_that_has_the_name_now_is_left_alone(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("up")
        self.assertIn("link 10\n", self.read("run/ifdawn/owned-eth0"), "the link's number is remembered")
        self.ip("link del eth0")
        self.ip_batch([f"link add eth0 index 77 type veth peer name port77 index 177 netns {self.switch}"])
        self.ip("link set eth0 up")
        self.ip("addr add 192.0.2.5/24 dev eth0")
        self.ifdawn("down", "eth0", code=(0, 1))
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "what somebody else made on the new link")

    def test_a_link_that_was_renamed_is_taken_down_by_its_old_name(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("up")
        self.ip("link set eth0 name other0")
        self.ifdawn("down", "eth0")
        self.assertEqual(self.addresses("other0"), [], "what was made goes, whatever the link is called")
        self.assertFalse(self.exists("run/ifdawn/owned-eth0"), "owned-eth0 is removed")

    def test_a_link_that_is_gone_can_be_taken_down(self):
        self.cables("eth0")
        self.configure()
        self.ifdawn("up")
        self.assertTrue(self.exists("run/ifdawn/owned-eth0"), "owned-eth0 after `up`")
        self.ip("link del eth0")
        self.ifdawn("down", "eth0", code=(0, 1))
        self.assertFalse(self.exists("run/ifdawn/owned-eth0"), "owned-eth0 is removed")

    def test_what_a_killed_run_made_is_still_ours(self):
        """`up` is killed at its first, second, ... request; `down`, or `up` and `down`, leave nothing behind."""
        killed = 0
        for kill_at in range(1, 12):
            with self.subTest(kill_at=kill_at):
                self.new_machine()
                self.cables("eth0")
                self.configure()
                before = [self.link("eth0")["flags"], [], []]
                log = self.path("strace")
                inject = ["strace", "-qq", "-o", log, "-e", f"inject=sendto,sendmsg:signal=KILL:when={kill_at}"]
                killed += self.run_killed(inject)
                if self.exists("run/ifdawn/owned-eth0"):
                    self.ifdawn("down", "eth0")
                self.assertEqual(self.leftovers(), before, "after a killed `up`, and `down`")

                self.run_killed(inject)
                self.ifdawn("up")
                self.ifdawn("down", "eth0")
                self.assertEqual(self.leftovers(), before, "after a killed `up`, `up` and `down`")
        self.assertGreater(killed, 3, "runs that were killed, since `up` sends that many requests")

    def run_killed(self, inject):
        """Whether the run was killed."""
        done = subprocess.run([*inject, *self.command(["up"])], capture_output=True, timeout=20)
        return done.returncode != 0

    def leftovers(self):
        return [self.link("eth0")["flags"], self.addresses("eth0"), self.routes("table all proto 153")]

    def files(self):
        for directory, _, names in os.walk(self.root):
            yield from (os.path.join(directory, name) for name in names)
