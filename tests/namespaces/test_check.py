"""What `check` shows: sorted, in colours on a terminal only, of files by their names and of directories."""
import os
import pty
import subprocess

from machine import BINARY, Machine

BAD = "FROB=1\nMTU=67\nIPADR=192.0.2.5\nIPADDR=192.0.2.300\n"  # behind three lines


class Check(Machine):
    def firsts(self, run):
        return [line for line in run.out.splitlines()[:-1] if not line.startswith("    ")]

    def check(self, *words, code=1):
        return self.ifdawn("check", *words, root=False, code=code)

    def test_sorted_by_file_line_and_column(self):
        for link in ("eth10", "eth2"):
            self.ifcfg(link, BAD)
        run = self.ifdawn("check", code=1)
        places = [line.split(": ")[1] for line in self.firsts(run)]
        lines = ["4:1", "5:5", "6:1", "7:8"]
        self.assertEqual(places, [f"ifcfg-{link}:{line}" for link in ("eth2", "eth10") for line in lines], run)

    def test_the_nearest_key(self):
        self.ifcfg("eth0", BAD)
        run = self.ifdawn("check", code=1)
        self.assertIn("note: ifcfg-eth0:6:1: IPADR: unknown key; IPADDR?; line ignored\n", run.out)
        self.assertIn("note: ifcfg-eth0:4:1: FROB: unknown key; line ignored\n", run.out)
        self.assertTrue(run.out.endswith("\n2 errors, 0 warnings, 2 notes\n"), run)

    def test_more_than_are_kept_at_once(self):
        count = 20_000
        self.write("words", "".join(f"ip=eth0:x{n}\n" for n in range(count)))
        run = self.check(self.path("words"))
        lines = [int(line.split(":")[2]) for line in self.firsts(run)]
        self.assertEqual(lines, list(range(1, count + 1)), "every one, in order")

    def test_a_directory(self):
        for name, text in (
            ("ifcfg-eth1", "DEVICE=eth1\nIPADDR=192.0.2.5\nPREFIX=24\nMTU=1\n"),
            ("route-eth1", "192.0.2.300 via 192.0.2.1\n"),
            ("ifcfg-eth2~", "MTU=1\n"),
            ("other", "ip=x\n"),
        ):
            self.write("files/" + name, text)
        run = self.check(self.path("files"))
        files = [line.split(":")[1].strip() for line in self.firsts(run)]
        self.assertEqual(files, ["ifcfg-eth1", "route-eth1"], run)
        missing = self.check(self.path("missing"))
        self.assertIn("missing: ENOENT; file ignored\n", missing.out)

    def test_kinds_by_name(self):
        for name, text, said in (
            ("ifcfg-eth1", "DEVICE=eth1\nBOOTPROTO=dhcp\nMTU=1\n", "MTU"),
            ("route-eth1", "nonsense via\n", "route"),
            ("route6-eth1", "192.0.2.0/24 via 2001:db8::1\n", "route"),
            ("network", "NETWORKING=perhaps\n", "NETWORKING"),
            ("70-x.rules", 'ATTR{address}=="1", NAME="a"\n', "rule"),
            ("10-x.link", "[Match]\nMACAddress=1\n[Link]\nName=a\n", "rule"),
            ("words", "ip=eth0:x\n", "ip="),
        ):
            self.write("one/" + name, text)
            run = self.check(self.path("one/" + name), code=(0, 1))
            self.assertIn(f": {said}: ", self.firsts(run)[-1], f"{name}\n{run}")

    def colored(self, **environment):
        """What a terminal gets."""
        ours, theirs = pty.openpty()
        env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        words = [BINARY, "check", "--root", self.root]
        process = subprocess.Popen(words, stdout=theirs, stderr=theirs, env={**env, **environment})
        os.close(theirs)
        out = b""
        try:
            while octets := os.read(ours, 4096):
                out += octets
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        self.assertEqual(process.wait(), 1, out)
        return out.replace(b"\r\n", b"\n").decode()

    def test_colours_on_a_terminal_only(self):
        self.ifcfg("eth0", BAD + "MTU=1\n")
        plain = self.ifdawn("check", code=1).out
        self.assertNotIn("\x1b", plain, "no terminal")
        colored = self.colored()
        for severity, color in (("error", 1), ("warning", 3), ("note", 6)):
            self.assertIn(f"\x1b[1;3{color}m{severity}\x1b[m: ifcfg-eth0", colored)
        bare = colored.replace("\x1b[m", "")
        for color in (1, 3, 6):
            bare = bare.replace(f"\x1b[1;3{color}m", "")
        self.assertEqual(bare, plain, "the same text")
        self.assertEqual(self.colored(NO_COLOR="1"), plain, "NO_COLOR")
        self.assertEqual(self.colored(NO_COLOR=""), colored, "an empty NO_COLOR says nothing")
