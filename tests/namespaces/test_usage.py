"""Arguments, exit codes and privileges."""
import json
import os

from machine import BINARY, Machine

ETH0 = "IPADDR=192.0.2.5\nPREFIX=24\n"


class Usage(Machine):
    def usage_error(self, *words):
        run = self.ifdawn(*words, root=False, code=2)
        self.assertEqual(run.out, "", f"standard output of a usage error\n{run}")
        self.assertSays(run, "ifdawn: ")
        return run

    def test_exit_codes(self):
        self.cables("eth0")
        self.ifdawn("up", code=3)
        self.assertSays(self.ifdawn("up", code=3), "no source names any link")
        self.ifcfg("eth0", ETH0)
        self.ifdawn("up", code=0)
        self.ifdawn("up", code=0)
        self.ifdawn("up", "eth0", code=0)
        self.assertSays(self.ifdawn("up", "eth7", code=1), "eth7")
        self.ifcfg("eth7", ETH0)
        self.ifdawn("up", "--timeout", "0", code=1)
        self.ifdawn("check", code=0)
        self.ifcfg("eth7", "IPADDR=192.0.2.300\n")
        self.ifdawn("check", code=1)

    def test_a_bad_line_alone_does_not_make_up_fail(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0 + "IPADDR1=192.0.2.300\n")
        self.ifdawn("up", code=(0, 1))
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "the good address")

    def test_help_on_standard_output(self):
        for words in (["-h"], ["--help"], ["help"]):
            run = self.ifdawn(*words, root=False)
            for command in ("up", "down", "plan", "check", "show"):
                self.assertIn(f"ifdawn {command}", run.out, f"every command is listed\n{run}")
            self.assertIn("--cmdline-file", run.out, f"every option is listed\n{run}")
        for command in ("up", "down", "plan", "check", "show"):
            for words in ([command, "-h"], [command, "--help"], ["-h", command], [command, "eth0", "-h"]):
                run = self.ifdawn(*words, root=False)
                self.assertTrue(run.out.startswith(f"ifdawn {command}"), f"the command's own help\n{run}")
                self.assertEqual(run.err, "", f"nothing on standard error\n{run}")

    def test_help_beats_errors_and_speaks_of_the_command(self):
        for words in (["up", "--frobnicate", "-h"], ["help", "up"], ["up", "-vh"], ["up", "eth/0", "--help"]):
            run = self.ifdawn(*words, root=False)
            self.assertTrue(run.out.startswith("ifdawn up"), f"the command's own help\n{run}")
            self.assertNotIn("--offline", run.out, f"no option of another command\n{run}")
        self.assertIn("--offline", self.ifdawn("plan", "-h", root=False).out, "its own options")

    def test_the_word_help_behind_a_command_is_an_operand(self):
        self.assertSays(self.ifdawn("up", "help", code=3), "help: no source names this link")
        run = self.ifdawn("check", "--", "--help", root=False, code=1)
        self.assertIn("--help: ENOENT", run.out, f"a file of that name is looked for\n{run}")

    def test_version(self):
        self.assertRegex(self.ifdawn("--version", root=False).out, r"^ifdawn \d+\.\d+\.\d+\n$", "--version")

    def test_usage_errors_exit_2_and_touch_nothing(self):
        for words in (
            [],
            ["frobnicate"],
            ["--frobnicate"],
            ["up", "--frobnicate"],
            ["up", "-x"],
            ["up", "-vx"],
            ["down"],
            ["up", "--timeout"],
            ["up", "--timeout", "soon"],
            ["up", "--timeout", "-1"],
            ["up", "--timeout", "4294967296"],
            ["up", "--timeout", ""],
            ["plan", "--json=1"],
            ["plan", "-"],
            [""],
            ["    "],
            ["up", "--sources", "cmdline,nvram"],
            ["up", "--log", "paper"],
            ["up", "sixteenoctets016"],
            ["up", "eth/0"],
            ["up", ""],
        ):
            self.usage_error(*words)
        self.assertNotIn("UP", self.link("lo")["flags"], "lo is still down")

    def test_options_in_every_form_and_place(self):
        cmdline = "ip=192.0.2.5:::24::eth0:none"
        wanted = None
        self.cables("eth0")
        for words in (
            ["plan", "--cmdline", cmdline],
            ["--cmdline", cmdline, "plan"],
            [f"--cmdline={cmdline}", "plan"],
            ["plan", f"--cmdline={cmdline}", "eth0"],
            ["plan", "eth0", "--cmdline", cmdline],
            ["plan", "-q", f"--cmdline={cmdline}"],
            ["plan", f"--cmdline={cmdline}", "--sources=cmdline"],
        ):
            run = self.ifdawn(*words)
            self.assertIn("192.0.2.5/24", run.out, f"the plan\n{run}")
            wanted = wanted or run.out
            self.assertEqual(run.out, wanted, f"the same plan for every spelling\n{run}")
        self.write("words", cmdline + "\n")
        run = self.ifdawn("plan", f"--cmdline-file={self.path('words')}", code=None)
        rooted = self.ifdawn("plan", "--cmdline-file=/words", code=None)
        self.assertIn(wanted, (run.out, rooted.out), f"--cmdline-file, below the root or not\n{run}\n{rooted}")

    def test_an_options_value_may_look_like_an_option(self):
        for value in ("-h", "--help", "help", "--"):
            for words in ([f"--cmdline={value}"], ["--cmdline", value]):
                run = self.ifdawn("plan", *words)
                self.assertIn("ip link set dev lo up", run.out, f"the plan, and no help\n{run}")

    def test_of_an_option_given_twice_the_last_counts(self):
        self.cables("eth0")
        first, last = "ip=192.0.2.6:::24::eth0:none", "ip=192.0.2.5:::24::eth0:none"
        run = self.ifdawn("plan", "--cmdline", first, f"--cmdline={last}")
        self.assertIn("192.0.2.5/24", run.out, f"the last one\n{run}")
        self.assertNotIn("192.0.2.6", run.out, f"not the first one\n{run}")

    def test_clustered_switches(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifdawn("up", "-vq", code=0)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "-vq is -v and -q")

    def test_quiet_and_verbose(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.assertEqual(self.ifdawn("up", "-q").err, "", "-q: nothing when all is well")
        self.ifdawn("down", "eth0")
        run = self.ifdawn("up", "-v")
        self.assertSays(run, "ip addr add 192.0.2.5/24")

    def test_what_syslog_does_not_take_goes_to_standard_error(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        run = self.ifdawn("up", "--log", "syslog")
        self.assertSays(run, "ifdawn: eth0: up, 192.0.2.5/24")
        self.assertNotIn("<", run.err, f"without syslog's priorities\n{run}")

    def test_a_syslogd_that_reads_nothing_stops_nothing(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0 + "".join(f"IPADDR{n}=192.0.2.{100 + n}\n" for n in range(1, 60)))
        listen = (
            "import os, socket, subprocess, sys\n"
            "subprocess.check_call(['mount', '-n', '-t', 'tmpfs', 'devices', '/dev'])\n"
            "unread = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
            "unread.bind('/dev/log')\n"
            "os.set_inheritable(unread.fileno(), True)\n"
            "os.execv(sys.argv[1], sys.argv[1:])\n"
        )
        run = self.ifdawn("up", "-v", "--log", "syslog", prefix=["unshare", "-m", "python3", "-c", listen])
        self.assertSays(run, "ip addr add")
        self.assertEqual(len(self.addresses("eth0")), 60, "every address is there")

    def test_files_have_their_modes_whatever_the_umask(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0 + "DNS1=192.0.2.53\n")
        self.ifdawn("up", prefix=["sh", "-c", 'umask 077; exec "$@"', "sh"])
        for name in ("etc/resolv.conf", "run/ifdawn/state.json"):
            mode = os.stat(self.path(name)).st_mode & 0o777
            self.assertEqual(oct(mode), "0o644", f"{name} is for everybody to read")

    def test_an_option_of_another_command_is_refused(self):
        for words in (["up", "--offline"], ["--json", "down", "eth0"], ["check", "--offline"]):
            run = self.usage_error(*words)
            self.assertSays(run, "not an option of this command: --")

    def test_a_pipe_is_read_or_refused(self):
        os.mkfifo(self.path("pipe"))
        write = ["sh", "-c", f'echo ip=eth0:foobar >{self.path("pipe")} & exec "$@"', "sh"]
        run = self.ifdawn("plan", "--cmdline-file", self.path("pipe"), prefix=write)
        self.assertSays(run, "pipe:1:9:")
        # Two passes are made, and what a pipe says is there once.
        run = self.ifdawn("plan", "--json", "--cmdline-file", self.path("pipe"))
        self.assertIn("EINVAL", [said["message"] for said in json.loads(run.out)["diagnostics"]], f"the complaint\n{run}")

    def test_output_that_nobody_can_have_is_an_error(self):
        for words in (["plan"], ["plan", "--json"], ["check"], ["--help"], ["--version"]):
            full = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
            run = self.ifdawn(*words, code=1, prefix=full)
            self.assertSays(run, "standard output: ENOSPC")

    def test_a_directory_that_was_named_has_to_be_there(self):
        run = self.ifdawn("check", "--ifcfg-dir", "/nowhere", code=1)
        self.assertIn("error: /nowhere: ENOENT", run.out, f"the complaint\n{run}")

    def test_closed_standard_streams_do_no_harm(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
        self.ifdawn("up", prefix=shell)
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "the link is up")
        self.assertIn("addr 192.0.2.5/24", self.read("run/ifdawn/owned-eth0"), "files are what they shall be")

    def test_missing_privilege_is_one_line(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        without = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-all"]
        for prefix in (without, ["unshare", "--user"]):
            for words in (["up"], ["down", "eth0"]):
                run = self.ifdawn(*words, prefix=prefix, code=1)
                self.assertSays(run, "CAP_NET_ADMIN", "nothing was changed")
                said = [line for line in run.err.splitlines() if "bug:" not in line]
                self.assertEqual(len(said), 1, f"one line\n{run}")
            self.assertIn("192.0.2.5/24", self.ifdawn("plan", prefix=prefix).out, "`plan` needs no privilege")
            self.ifdawn("check", prefix=prefix)
        self.assertNotIn("UP", self.link("eth0")["flags"], "nothing was changed")

    def test_a_namespace_that_is_not_ours_is_one_line(self):
        # All capabilities, but in a user namespace that does not own the network namespace.
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        run = self.ifdawn("up", prefix=["unshare", "--user", "--map-root-user"], code=1)
        said = [line for line in run.err.splitlines() if "bug:" not in line]
        self.assertEqual(len(said), 1, f"one line\n{run}")
        self.assertSays(run, "CAP_NET_ADMIN")
        self.assertEqual(self.addresses("eth0"), [], "nothing was changed")

    def test_a_root_that_does_not_exist(self):
        run = self.ifdawn("up", "--root=/nowhere", root=False, code=(1, 3))
        self.assertSays(run, "ifdawn: ")

    def test_every_link_named_must_be_configured(self):
        self.cables("eth0", "eth1")
        self.ifcfg("eth0", ETH0)
        run = self.ifdawn("up", "eth0", "eth1", code=1)
        self.assertSays(run, "eth1", "no source names this link")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "the other one is up")


class Methods(Machine):
    def test_a_link_without_a_lease_has_its_static_parts(self):
        self.cables("eth0", "eth1")
        self.ifcfg("eth0", "BOOTPROTO=dhcp\nIPADDR1=192.0.2.5\nPREFIX1=24\nIPV6ADDR=2001:db8::5/64\nMTU=1400\n")
        self.ifcfg("eth1", "IPADDR=198.51.100.5\nPREFIX=24\n")
        run = self.ifdawn("up", "--timeout", "1")
        self.assertSays(run, "ifcfg-eth0:", "DHCPv4", "not come in time")
        self.assertCountEqual(self.addresses("eth0"), ["192.0.2.5/24", "2001:db8::5/64"], "static addresses of eth0")
        self.assertEqual(self.link("eth0")["mtu"], 1400, "MTU of eth0")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"], "eth1, which is static")

    def test_ip_dhcp_without_an_answer(self):
        self.cables("eth0", "eth1")
        words = ["--cmdline", "ip=eth0:dhcp:1400 ip=198.51.100.5:::24::eth1:none rd.net.timeout.dhcp=1"]
        run = self.ifdawn("up", *words, code=1)
        self.assertSays(run, "cmdline:1:", "DHCPv4", "not come in time")
        self.assertEqual(self.link("eth0")["mtu"], 1400, "MTU of eth0")
        self.assertIn("UP", self.link("eth0")["flags"], "eth0 is up")
        self.assertEqual(self.addresses("eth1"), ["198.51.100.5/24"], "eth1, which is static")

    def test_bare_ip_dhcp_without_an_answer(self):
        self.cables("eth0")
        run = self.ifdawn("up", "--cmdline", "ip=dhcp", "--timeout", "1", code=1)
        self.assertSays(run, "cmdline:1:", "DHCPv4", "not come in time")

