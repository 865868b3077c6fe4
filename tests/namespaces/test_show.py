"""What `show` says of state.json."""
import json
import os

from dhcp import DhcpMachine
from servers import Dnsmasq

ETH0 = "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nDNS1=192.0.2.53\n"
STATE = "run/ifdawn/state.json"
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


class Show(DhcpMachine):
    def up(self):
        self.cables("eth0", "eth1")
        self.ifcfg("eth0", ETH0)
        self.ifcfg("eth1", "IPV6INIT=yes\nIPV6ADDR=2001:db8::5/64\nIPV6_AUTOCONF=no\n")
        self.ifdawn("up")

    def test_each_link_is_one_line_and_what_it_has_one_each_below(self):
        self.up()
        run = self.ifdawn("show")
        # Whether a link-local address is there yet is the kernel's affair.
        shown = "".join(line for line in run.out.splitlines(True) if "link-local" not in line)
        self.assertEqual(
            shown,
            "eth0 ifindex 10 52:54:00:00:00:00 ethernet up carrier true\n"
            "  address 192.0.2.5/24 static\n"
            "  routes default via 192.0.2.1 proto 153\n"
            "  dns 192.0.2.53\n"
            "eth1 ifindex 11 52:54:00:00:00:01 ethernet up carrier true\n"
            "  address 2001:db8::5/64 static\n",
        )
        self.assertEqual(run.err, "", "nothing on standard error")
        self.assertEqual(self.ifdawn("show", "eth0").out, run.out[: run.out.index("eth1")])
        self.assertEqual(self.ifdawn("show", "eth1", "eth0").out[:5], "eth1 ", "in the order that was asked for")
        self.assertIn("\n  at_us ", self.ifdawn("show", "-v", "eth0").out, "what took how long")

    def test_a_lease_and_what_failed(self):
        self.dhcp("eth0")
        self.ifcfg("eth1", ETH0)
        with_lease = Dnsmasq(self, "port0")
        self.ifdawn("up", "--timeout", "5", code=1)
        run = self.ifdawn("show")
        self.assertRegex(run.out, r"(?m)^eth0 ifindex 10 52:54:00:00:00:00 ethernet up carrier true$", with_lease.log())
        self.assertRegex(run.out, r"(?m)^  address 192\.0\.2\.100/24 dhcp4 valid_s 3[56]\d\d preferred_s 3[56]\d\d$", str(run))
        self.assertRegex(run.out, r"(?m)^  IPV4ADDR 192\.0\.2\.100$", "of the lease")
        self.assertRegex(run.out, r"(?m)^eth1 ethernet \S+ carrier false$", "of what is not there what is known")
        self.assertNotIn("null", run.out)

    def test_json_is_the_file(self):
        self.up()
        text = self.read(STATE)
        self.assertEqual(self.ifdawn("show", "--json").out, text)
        both = self.ifdawn("show", "--json", "eth1", "eth0")
        self.assertEqual([link["name"] for link in json.loads(both.out)["links"]], ["eth1", "eth0"])
        one = json.loads(self.ifdawn("show", "--json", "eth1").out)
        whole = json.loads(text)
        self.assertEqual(one, {**whole, "links": whole["links"][1:]}, "the same, of one link")

    def test_a_link_that_is_not_there_is_named(self):
        self.up()
        run = self.ifdawn("show", "eth9", "eth0", code=1)
        self.assertSays(run, "eth9: nothing of ours")
        self.assertSilent(run, "eth0")
        self.assertTrue(run.out.startswith("eth0 "), f"the other one is shown\n{run}")
        run = self.ifdawn("show", "--json", "eth9", code=1)
        self.assertEqual(json.loads(run.out)["links"], [])
        self.assertSays(self.ifdawn("show", "eth", code=1), "eth: nothing of ours")

    def test_no_state_and_that_of_somebody_else(self):
        for words in ([], ["--json"]):
            run = self.ifdawn("show", *words, code=1)
            self.assertSays(run, "state.json: ENOENT")
            self.assertEqual(run.out, "")
        for text in ("", "\n", "<html>\n", '{"version":2,"links":[\n{"name":"eth0"}\n', '{"version":1,"outcome":"up"', '{"version":1,"outcome":"up"\n'):
            self.write(STATE, text)
            for words in ([], ["--json"], ["eth0"]):
                run = self.ifdawn("show", *words, code=1)
                self.assertSays(run, "state.json: is not ours")
                self.assertEqual(run.out, "", f"{text!r}")
        os.remove(self.path(STATE))
        os.mkdir(self.path(STATE))
        self.assertSays(self.ifdawn("show", code=1), "state.json: EISDIR")

    def test_what_is_cut_or_hostile_harms_nobody(self):
        self.up()
        text = self.read(STATE)
        head = text[: text.index("\n")]
        for cut in (len(head), len(head) + 5, len(text) - 30, text.index('"routes"') + 3):
            self.write(STATE, text[:cut])
            self.assertEqual(json.loads(self.ifdawn("show", "--json").out)["version"], 1, "JSON without the link that is cut")
        self.write(STATE, head.encode() + b'\n{"name":"\x1b[2J\x9b\xff\\u001b","problems":["\x07"]}')
        run = self.ifdawn("show")
        self.assertEqual(run.out, "\\x1b[2J\\x9b\\xffu001b\n  problems \\x07\n", "nothing a terminal obeys")

    def test_nobody_may_ask_and_nothing_is_touched(self):
        self.up()
        os.remove(self.path("run/ifdawn/lock"))
        os.chmod(self.root, 0o755)
        before = os.stat(self.path(STATE))
        run = self.ifdawn("show", prefix=NOBODY)
        self.assertTrue(run.out.startswith("eth0 "), str(run))
        run = self.ifdawn("show", trace="flock,openat,mkdir,mkdirat,unlinkat,renameat2,bind")
        # The directories are opened for their paths only, to look for a supervisor in one of them.
        calls = [line for line in run.trace if "/dev/null" not in line and "O_PATH" not in line]
        self.assertEqual(len(calls), 1, calls)
        self.assertIn("state.json", calls[0])
        self.assertIn("O_RDONLY", calls[0])
        self.assertFalse(self.exists("run/ifdawn/lock"))
        self.assertEqual(os.stat(self.path(STATE)).st_mtime_ns, before.st_mtime_ns)
