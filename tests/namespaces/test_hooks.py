"""Scripts that `watch` runs when something happens: who runs them, which, when, and what they are told."""
import os
import re
import shutil
import signal
import time

import wire
import wire6
from dhcp import DhcpMachine, read
from ipv6 import LEASED, Ipv6Machine
from wire6 import Scripted6

OURS = "etc/ifdawn/hooks.d"
ETC = "etc/NetworkManager/dispatcher.d"
USR = "usr/lib/NetworkManager/dispatcher.d"

STATIC = "IPADDR=192.0.2.5\nPREFIX=24\nGATEWAY=192.0.2.1\nDNS1=192.0.2.53\nDOMAIN=example.com\n"

# Puts down what it was called as, its words, and its environment.
TELLS = r"""#!/bin/sh
env | sort >@log.env.$2
echo "$0 $1 $2" >>@log
"""


class Hooks(DhcpMachine):
    def hook(self, name, text=None, mode=0o755, uid=0):
        """Writes a script; by default one that says what it was called with."""
        text = TELLS if text is None else "#!/bin/sh\n" + text
        self.write(name, text.replace("@log", self.path("log")))
        os.chown(self.path(name), uid, uid)
        os.chmod(self.path(name), mode)

    def link_to(self, target, name):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        os.symlink(target, self.path(name))

    def said(self):
        """What scripts put down: the last part of a script's path, and its words."""
        lines = self.read("log").splitlines() if self.exists("log") else []
        return [line.replace(self.root, "") for line in lines]

    def called(self):
        return [line.rsplit("/", 1)[-1] for line in self.said()]

    def environment(self, action):
        lines = self.read(f"log.env.{action}").splitlines()
        found = dict(line.split("=", 1) for line in lines)
        # What a shell adds itself.
        for name in ("PWD", "SHLVL", "_", "OLDPWD"):
            found.pop(name, None)
        return found

    def static(self, text=STATIC):
        self.cables("eth0")
        self.ifcfg("eth0", text)

    def start_watch(self, *words):
        process = self.start("watch", *words)
        self.eventually("eth0 has its address", lambda: self.is_bound("192.0.2.5/24"), 5)
        return process

    def wait_for(self, *lines, within=5):
        self.eventually(lambda: f"{lines} among {self.called()}", lambda: all(line in self.called() for line in lines), within)


class Which(Hooks):
    """Which scripts are run, and in which order."""

    def test_without_a_directory_there_is_no_spawner(self):
        self.static()
        process = self.start_watch()
        self.assertNotIn("ifdawn-hooks", self.processes().values())
        self.stop_watch(process)

    def test_order_and_masks(self):
        self.static()
        self.hook(f"{USR}/30-usr")
        self.hook(f"{USR}/10-usr")
        self.hook(f"{ETC}/20-etc")
        self.hook(f"{OURS}/15-ours")
        self.hook(f"{OURS}/Z")
        self.hook(f"{USR}/a")
        # Masked by one of its name, by a link to nothing, by an empty file.
        self.hook(f"{USR}/40-both")
        self.hook(f"{ETC}/40-both")
        self.hook(f"{OURS}/40-both")
        self.hook(f"{USR}/50-null")
        self.link_to("/dev/null", f"{ETC}/50-null")
        self.hook(f"{ETC}/51-empty")
        self.write(f"{OURS}/51-empty", "")
        self.hook(f"{USR}/99-last")
        run_of = self.start_watch()
        self.wait_for("a eth0 up")
        ups = [line for line in self.said() if line.endswith(" eth0 up")]
        wanted = ["/USR/10-usr", "/OURS/15-ours", "/ETC/20-etc", "/USR/30-usr", "/OURS/40-both", "/USR/99-last", "/OURS/Z", "/USR/a"]
        wanted = [line.replace("USR", USR).replace("OURS", OURS).replace("ETC", ETC) + " eth0 up" for line in wanted]
        self.assertEqual(ups, wanted, "merged, in the order of their octets")
        run = self.stop_watch(run_of)
        self.assertSilent(run, "hooks.d")
        self.assertSilent(run, "dispatcher.d")

    def test_names_that_are_left_out(self):
        self.static()
        names = (".hidden", "a~", "a.rpmsave", "a.rpmorig", "a.rpmnew", "a.swp", "a.dpkg-old")
        for name in names:
            self.hook(f"{OURS}/{name}")
        for name in ("a.bak", "dpkg-old", "swp", "a.b.sh"):
            self.hook(f"{OURS}/{name}")
        self.hook(f"{OURS}/zz")
        process = self.start_watch()
        self.wait_for("zz eth0 up")
        ups = [line.split()[0] for line in self.called() if line.endswith(" eth0 up")]
        self.assertEqual(ups, ["a.b.sh", "a.bak", "dpkg-old", "swp", "zz"])
        self.stop_watch(process)

    def test_each_condition_of_a_file(self):
        self.static()
        self.hook(f"{OURS}/1-owner", uid=1)
        self.hook(f"{OURS}/2-group", mode=0o775)
        self.hook(f"{OURS}/3-others", mode=0o757)
        self.hook(f"{OURS}/4-setuid", mode=0o4755)
        self.hook(f"{OURS}/5-not-executable", mode=0o644)
        self.hook(f"{OURS}/6-of-others-only", mode=0o655)
        self.hook("elsewhere", mode=0o775)
        self.link_to(self.path("elsewhere"), f"{OURS}/7-link")
        self.hook("fine", mode=0o700)
        self.link_to(self.path("fine"), f"{OURS}/8-fine-link")
        os.makedirs(self.path(f"{OURS}/a-directory"))
        os.mkfifo(self.path(f"{OURS}/a-fifo"))
        self.hook(f"{OURS}/zz", mode=0o500)
        process = self.start_watch()
        self.wait_for("zz eth0 up")
        self.assertEqual([line.split()[0] for line in self.called() if line.endswith(" up")], ["8-fine-link", "zz"])
        run = self.stop_watch(process)
        for name in ("1-owner", "2-group", "3-others", "4-setuid", "5-not-executable", "6-of-others-only", "7-link"):
            self.assertSays(run, f"{OURS}/{name}", '"up eth0"', "not run")
        for name in ("8-fine", "a-directory", "a-fifo"):
            self.assertSilent(run, name)

    def test_one_that_is_added_later(self):
        self.static()
        os.makedirs(self.path(OURS))
        process = self.start_watch()
        self.eventually("a spawner", lambda: "ifdawn-hooks" in self.processes().values(), 3)
        self.hook(f"{OURS}/later")
        os.makedirs(self.path(ETC))
        self.hook(f"{ETC}/later-too")
        self.ip("link del eth0")
        self.wait_for("later eth0 down", "later-too eth0 down")
        self.stop_watch(process, code=None)

    def test_one_that_cannot_be_started(self):
        self.static()
        self.write(f"{OURS}/1-no-program", "#!/nonexistent\n")
        os.chmod(self.path(f"{OURS}/1-no-program"), 0o755)
        self.hook(f"{OURS}/2-exits", "exit 7\n")
        self.hook(f"{OURS}/3-is-killed", "kill -9 $$\n")
        self.hook(f"{OURS}/4-fine")
        process = self.start_watch()
        self.wait_for("4-fine eth0 up")
        run = self.stop_watch(process)
        self.assertSays(run, "1-no-program", '"up eth0"', "not run")
        self.assertSays(run, "2-exits", '"up eth0"', "exit code 7")
        self.assertSays(run, "3-is-killed", '"up eth0"', "signal 9")
        self.assertSilent(run, "4-fine")


class Told(Hooks):
    """What scripts are told."""

    def test_a_static_link(self):
        self.static(STATIC + "IPADDR1=198.51.100.7\nPREFIX1=25\nIPV6ADDR=2001:db8::5/64\n")
        self.network_script("route-eth0", "10.0.0.0/8 via 192.0.2.9 metric 7\n172.16.0.0/12\nblackhole 10.9.0.0/16\n")
        self.hook(f"{OURS}/a")
        self.hook(f"{OURS}/pre-up.d/b")
        process = self.start_watch()
        self.wait_for("a eth0 up")
        self.assertEqual(self.called()[:2], ["b eth0 pre-up", "a eth0 up"], "pre-up scripts end before others begin")
        found = self.environment("up")
        for name in [name for name in found if name.startswith("IP6_") and "ADDRESS" in name]:
            if "fe80" in found[name]:
                del found[name]
        wanted = {
            "NM_DISPATCHER_ACTION": "up",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "CONNECTION_ID": "ifcfg-eth0",
            "DEVICE_IFACE": "eth0",
            "DEVICE_IP_IFACE": "eth0",
            "IP4_ADDRESS_0": "192.0.2.5/24 192.0.2.1",
            "IP4_ADDRESS_1": "198.51.100.7/25 192.0.2.1",
            "IP4_NUM_ADDRESSES": "2",
            "IP4_GATEWAY": "192.0.2.1",
            "IP4_ROUTE_0": "10.0.0.0/8 192.0.2.9 7",
            "IP4_ROUTE_1": "172.16.0.0/12 0.0.0.0 0",
            # Those of the subnets too.
            "IP4_ROUTE_2": "192.0.2.0/24 0.0.0.0 0",
            "IP4_ROUTE_3": "198.51.100.0/25 0.0.0.0 0",
            "IP4_NUM_ROUTES": "4",
            "IP4_NAMESERVERS": "192.0.2.53",
            "IP4_DOMAINS": "example.com",
            "IP6_ADDRESS_0": "2001:db8::5/64 ::",
            "IP6_DOMAINS": "example.com",
            "IP6_ROUTE_0": "2001:db8::/64 :: 256",
            "IP6_NUM_ROUTES": "1",
        }
        self.assertIn(found.pop("IP6_NUM_ADDRESSES"), ("1", "2"), "with or without the link-local one")
        self.assertEqual(found, wanted)
        self.assertEqual(self.environment("pre-up")["IP4_GATEWAY"], "192.0.2.1")
        self.stop_watch(process)

    def test_down_has_no_addresses(self):
        self.static()
        self.hook(f"{OURS}/a")
        process = self.start_watch()
        self.wait_for("a eth0 up")
        self.ip("link del eth0")
        self.wait_for("a eth0 down")
        wanted = {
            "NM_DISPATCHER_ACTION": "down",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "CONNECTION_ID": "ifcfg-eth0",
            "DEVICE_IFACE": "eth0",
            "DEVICE_IP_IFACE": "eth0",
        }
        self.assertEqual(self.environment("down"), wanted)
        self.cables("eth0")
        self.eventually("it is up again", lambda: self.called().count("a eth0 up") == 2, 5)
        self.assertEqual(self.called().count("a eth0 down"), 1)
        self.stop_watch(process)

    def test_what_is_taken_back(self):
        self.static()
        self.hook(f"{OURS}/a")
        self.hook(f"{OURS}/pre-down.d/b")
        process = self.start_watch()
        self.wait_for("a eth0 up")
        self.ifdawn("down", "eth0")
        self.wait_for("b eth0 pre-down", "a eth0 down")
        self.assertEqual(self.environment("pre-down")["IP4_ADDRESS_0"], "192.0.2.5/24 192.0.2.1", "it is still there")
        self.assertNotIn("IP4_ADDRESS_0", self.environment("down"))
        self.ifdawn("up", "eth0")
        self.eventually("it is up again", lambda: self.called().count("a eth0 up") == 2, 5)
        os.remove(self.path("etc/sysconfig/network-scripts/ifcfg-eth0"))
        self.eventually("it is down again", lambda: self.called().count("a eth0 down") == 2, 5)
        self.ifcfg("eth0", STATIC)
        self.eventually("it is up again", lambda: self.called().count("a eth0 up") == 3, 5)
        self.ip("link set eth0 down")
        self.eventually("taken down by others", lambda: self.called().count("a eth0 down") == 3, 5)
        self.ip("link set eth0 up")
        self.eventually("it is up again", lambda: self.called().count("a eth0 up") == 4, 5)
        self.assertEqual(self.called().count("b eth0 pre-down"), 2)
        self.stop_watch(process)

    def test_what_is_taken_back_at_the_end(self):
        self.static()
        self.hook(f"{OURS}/a")
        self.hook(f"{OURS}/pre-down.d/b")
        process = self.start_watch("--release")
        self.wait_for("a eth0 up")
        self.stop_watch(process, code=None)
        self.wait_for("b eth0 pre-down", "a eth0 down")

    def test_loss_of_carrier_is_no_end(self):
        self.static()
        self.hook(f"{OURS}/a")
        process = self.start_watch()
        self.wait_for("a eth0 up")
        self.on_switch("link set port0 down")
        self.eventually("no carrier", lambda: "LOWER_UP" not in self.link("eth0")["flags"])
        time.sleep(0.2)
        self.on_switch("link set port0 up")
        time.sleep(0.2)
        self.assertEqual([line for line in self.called() if "eth0" in line], ["a eth0 up"])
        self.stop_watch(process)

    def test_an_event_is_told_once(self):
        self.static()
        self.hook(f"{OURS}/a")
        process = self.start_watch()
        self.wait_for("a eth0 up", "a  dns-change")
        before = self.called()
        self.ip("addr del 192.0.2.5/24 dev eth0")
        self.eventually("the address is back", lambda: self.is_bound("192.0.2.5/24"), 5)
        for n in range(5):
            self.ip(f"addr add 203.0.113.{n + 1}/24 dev eth0")
            self.ip("link set eth0 mtu", str(1400 + n))
        time.sleep(0.2)
        self.assertEqual(self.called(), before)
        self.stop_watch(process)

    def test_dns_and_host_name(self):
        self.static()
        self.write("etc/sysconfig/network", "HOSTNAME=box.example\n")
        self.write("proc/sys/kernel/hostname", "localhost\n")
        self.hook(f"{OURS}/a")
        process = self.start_watch()
        self.wait_for("a none hostname", "a  dns-change")
        wanted = {"NM_DISPATCHER_ACTION": "hostname", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.assertEqual(self.environment("hostname"), wanted)
        self.assertEqual(self.called().count("a  dns-change"), 1)
        self.stop_watch(process)

    def test_a_lease(self):
        self.dhcp("eth0")
        options = {6: wire.addr("192.0.2.53") + wire.addr("192.0.2.54"), 15: b"example.com", 12: b"box"}
        server = wire.Scripted(self, "port0", lease=6, t1=1, t2=3, options=options)
        self.hook(f"{OURS}/a")
        process = self.watch()
        self.wait_for("a eth0 up")
        found = self.environment("up")
        wanted = {
            "DHCP4_IP_ADDRESS": "192.0.2.100",
            "DHCP4_SUBNET_MASK": "255.255.255.0",
            "DHCP4_ROUTERS": "192.0.2.1",
            "DHCP4_DOMAIN_NAME_SERVERS": "192.0.2.53 192.0.2.54",
            "DHCP4_DOMAIN_NAME": "example.com",
            "DHCP4_HOST_NAME": "box",
            "DHCP4_DHCP_SERVER_IDENTIFIER": "192.0.2.1",
            "DHCP4_DHCP_LEASE_TIME": "6",
            "DHCP4_DHCP_RENEWAL_TIME": "1",
            "DHCP4_DHCP_REBINDING_TIME": "3",
        }
        self.assertEqual({name: value for name, value in found.items() if name.startswith("DHCP")}, wanted)
        self.assertEqual(found["IP4_ADDRESS_0"], "192.0.2.100/24 192.0.2.1")
        self.assertEqual(found["IP4_NAMESERVERS"], "192.0.2.53 192.0.2.54")
        self.assertEqual(found["IP4_DOMAINS"], "example.com")
        server.clear()
        server.wait_for("two renewals", lambda _: server.names().count("ACK") >= 2, within=8)
        self.assertNotIn("a eth0 dhcp4-change", self.called(), "nothing changed")
        server.options[15] = b"example.net"
        self.wait_for("a eth0 dhcp4-change")
        self.assertEqual(self.environment("dhcp4-change")["DHCP4_DOMAIN_NAME"], "example.net")
        server.clear()
        server.wait_for("another renewal", lambda _: server.names().count("ACK") >= 2, within=8)
        self.assertEqual(self.called().count("a eth0 dhcp4-change"), 1, "once")
        self.assertEqual(self.called().count("a eth0 up"), 1, "once")
        self.stop_watch(process)

    def test_a_lease_that_ends(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", lease=4, t1=1, t2=2)
        self.hook(f"{OURS}/a")
        process = self.watch()
        self.wait_for("a eth0 up")
        server.silent = {wire.REQUEST, wire.DISCOVER}
        self.wait_for("a eth0 down", within=8)
        server.silent = set()
        self.eventually("it is up again", lambda: self.called().count("a eth0 up") == 2, 8)
        self.assertEqual(self.called().count("a eth0 down"), 1)
        self.stop_watch(process)

    def test_nothing_is_inherited(self):
        self.static()
        self.hook(
            f"{OURS}/a",
            "[ $2 = up ] || exit 0\nls -l /proc/self/fd >@log.fds\n"
            "grep -E 'Sig(Blk|Ign)|CapEff|NoNewPrivs|Seccomp:|Umask' /proc/self/status >@log.status\n"
            "{ pwd; readlink /proc/$$/fd/0; ps -o pgid= -p $$; echo $$; } >@log.about\n"
            "echo \"$0 $1 $2\" >>@log\n",
        )
        os.environ["SECRET"] = "in the environment"
        self.addCleanup(os.environ.pop, "SECRET")
        process = self.start_watch()
        self.wait_for("a eth0 up")
        files = re.findall(r" (\d+) -> ", self.read("log.fds"))
        # ls(1) opens one itself.
        self.assertEqual(sorted(files)[:3], ["0", "1", "2"])
        self.assertLessEqual(len(files), 4, f"{self.read('log.fds')}")
        status = dict(line.split(":\t") for line in self.read("log.status").splitlines())
        self.assertEqual((status["SigBlk"], status["SigIgn"]), ("0" * 16, "0" * 16))
        own = dict(line.split(":\t") for line in read("/proc/self/status").splitlines() if line.startswith("CapEff"))
        self.assertEqual(status["CapEff"], own["CapEff"], "all that we may do")
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"], status["Umask"]), ("0", "0", "0022"))
        directory, stdin, group, pid = self.read("log.about").split()
        self.assertEqual((directory, stdin), ("/", "/dev/null"))
        self.assertEqual(group, pid, "a process group of its own")
        self.stop_watch(process)

    def test_one_that_mounts(self):
        self.static()
        os.makedirs(self.path("mnt"))
        self.hook(f"{OURS}/a", f"[ $2 = up ] || exit 0\nmount -t tmpfs hook {self.path('mnt')} && echo \"$0 $1 $2\" >>@log\n")
        process = self.start_watch()
        self.wait_for("a eth0 up")
        self.assertIn(f" {self.path('mnt')} ", read("/proc/self/mounts"))
        # mount(8) keeps a table of its own.
        shutil.rmtree("/run/mount", ignore_errors=True)
        self.stop_watch(process)


class Told6(Hooks, Ipv6Machine):
    """The same of IPv6."""

    def test_a_lease_of_dhcpv6(self):
        self.stateful("eth0")
        options = {wire6.DNS: wire6.addr("2001:db8:1::53"), wire6.SEARCH: b"\1a\7example\0"}
        Scripted6(self, "port0", flags=wire6.MANAGED, pool=[LEASED], dhcp=options)
        self.hook(f"{OURS}/a")
        process = self.start("watch")
        self.wait_for("a eth0 up", within=10)
        found = self.environment("up")
        self.assertEqual(found["DHCP6_IP6_ADDRESS"], LEASED)
        self.assertEqual(found["DHCP6_DHCP6_NAME_SERVERS"], "2001:db8:1::53")
        self.assertEqual(found["DHCP6_DHCP6_DOMAIN_SEARCH"], "a.example")
        self.assertIn("DHCP6_DHCP6_SERVER_ID", found)
        self.assertEqual(found["IP6_NAMESERVERS"], "2001:db8:1::53")
        self.assertEqual(found["IP6_DOMAINS"], "a.example")
        self.assertEqual(found["IP4_NUM_ADDRESSES"], "0")
        addresses = [value for name, value in found.items() if name.startswith("IP6_ADDRESS_")]
        self.assertIn(f"{LEASED}/128 ::", addresses)
        self.assertEqual(found["IP6_NUM_ADDRESSES"], str(len(addresses)))
        self.stop_watch(process)


class Turns(Hooks):
    """When scripts are run, for how long, and what goes on meanwhile."""

    def test_one_at_a_time_and_leases_are_renewed_meanwhile(self):
        self.dhcp("eth0")
        server = wire.Scripted(self, "port0", lease=6, t1=1, t2=3)
        self.hook(f"{OURS}/1-slow", "echo \"$0 $1 $2\" >>@log\nwhile ! test -e @log.go; do sleep 0.05; done\necho \"slow end $2\" >>@log\n")
        self.hook(f"{OURS}/2-next")
        process = self.watch()
        self.wait_for("1-slow eth0 up")
        server.clear()
        server.wait_for("two renewals", lambda _: server.names().count("ACK") >= 2, within=8)
        self.ip("link del eth0")
        time.sleep(0.2)
        self.assertEqual([line for line in self.called() if "up" in line or "down" in line], ["1-slow eth0 up"])
        self.write("log.go", "")
        self.wait_for("2-next eth0 down")
        wanted = ["1-slow eth0 up", "slow end up", "2-next eth0 up", "1-slow eth0 down", "slow end down", "2-next eth0 down"]
        self.assertEqual([line for line in self.called() if line.split()[-1] in ("up", "down")], wanted)
        self.stop_watch(process, code=None)

    def test_no_wait(self):
        self.static()
        wait = "echo \"$0 $1 $2\" >>@log\nwhile ! test -e @log.go; do sleep 0.05; done\n"
        for name in ("a", "b"):
            self.hook(f"{ETC}/no-wait.d/{name}", wait)
        self.link_to(self.path(f"{ETC}/no-wait.d/a"), f"{ETC}/a")
        self.link_to("no-wait.d/b", f"{ETC}/b")
        self.hook(f"{ETC}/c", wait)
        self.hook(f"{ETC}/d")
        process = self.start_watch()
        self.wait_for("a eth0 up", "b eth0 up", "c eth0 up")
        self.assertNotIn("d eth0 up", self.called())
        # At once also for an event whose turn is not yet.
        self.ip("link del eth0")
        self.wait_for("a eth0 down", "b eth0 down")
        self.assertNotIn("c eth0 down", self.called())
        self.write("log.go", "")
        self.wait_for("d eth0 down")
        self.stop_watch(process, code=None)

    def test_the_time_limit_ends_the_whole_group(self):
        self.static()
        self.hook(f"{OURS}/a", "sleep 1000 & echo $! >@log.pid\necho \"$0 $1 $2\" >>@log\nsleep 1000\n")
        self.hook(f"{OURS}/b")
        process = self.start_watch("--hook-timeout", "1")
        self.wait_for("b eth0 up")
        pid = int(self.read("log.pid"))
        self.eventually("the grandchild is gone", lambda: not self.is_alive(pid), 2)
        self.assertSays(self.stop_watch(process), f"{OURS}/a", '"up eth0"', "1 s", "killed")

    def test_one_that_leads_no_group_yet_when_its_time_is_over(self):
        self.static()
        self.hook(f"{OURS}/a", "echo $$ >@log.pid\nsleep 1000\n")
        self.hook(f"{OURS}/b")
        process = self.start_watch("--hook-timeout", "0")
        self.eventually("it is killed", lambda: "ifdawn-hooks" in self.processes().values() and not self.runs_scripts(), 4)
        self.assertSays(self.stop_watch(process), f"{OURS}/a", '"up eth0"', "0 s", "killed")

    def runs_scripts(self):
        return len([name for name in self.processes().values() if name == "ifdawn-hooks"]) > 1

    def is_alive(self, pid):
        try:
            return ") Z " not in read(f"/proc/{pid}/stat")
        except OSError:
            return False

    def spawner(self):
        (found,) = [pid for pid, name in self.processes().items() if name == "ifdawn-hooks"]
        return found

    def test_the_spawner_ends_with_a_supervisor_that_is_killed(self):
        self.static()
        self.hook(f"{OURS}/1-slow", "while ! test -e @log.go; do sleep 0.05; done\n")
        self.hook(f"{OURS}/2-next")
        process = self.start("watch")
        self.eventually("resolv.conf", lambda: self.exists("etc/resolv.conf"), 5)
        self.eventually("the spawner and its copies", lambda: list(self.processes().values()).count("ifdawn-hooks") > 1, 5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.write("log.go", "")
        process.communicate(timeout=10)
        self.wait_for("2-next eth0 up", "2-next  dns-change")
        self.eventually("nobody is left", lambda: self.processes() == {}, 5)

    def test_a_spawner_that_is_gone_is_said_once(self):
        self.static()
        self.hook(f"{OURS}/a")
        process = self.start_watch()
        self.wait_for("a eth0 up", "a  dns-change")
        self.eventually("only the spawner", lambda: list(self.processes().values()).count("ifdawn-hooks") == 1, 5)
        os.kill(self.spawner(), signal.SIGKILL)
        self.ip("link del eth0")
        time.sleep(0.2)
        self.cables("eth0")
        self.eventually("eth0 has its address", lambda: self.is_bound("192.0.2.5/24"), 5)
        run = self.stop_watch(process)
        self.assertSays(run, "hooks", '"down eth0"', "not run")

    def test_its_memory_while_idle(self):
        self.dhcp("eth0")
        wire.Scripted(self, "port0")
        self.hook(f"{OURS}/a")
        process = self.watch()
        self.wait_for("a eth0 up")
        self.eventually("only the spawner", lambda: list(self.processes().values()).count("ifdawn-hooks") == 1, 2)
        sizes = {}
        for pid, name in self.processes().items():
            lines = dict(line.split(":", 1) for line in read(f"/proc/{pid}/smaps_rollup").splitlines()[1:])
            sizes[name] = {key: int(lines[key].split()[0]) for key in ("Pss", "Private_Dirty")}
        # What it shares with the others it does not cost.
        self.assertLessEqual(sizes["ifdawn-hooks"]["Private_Dirty"], 24, f"KiB that are the spawner's alone: {sizes}")
        self.stop_watch(process)
