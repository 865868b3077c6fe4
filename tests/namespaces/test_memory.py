"""No memory is asked of the kernel once configuration is read."""
import subprocess

from machine import Machine

ASKS = ("brk(", "mmap(", "mremap(")


class Memory(Machine):
    def assertFixed(self, *words, code=0):
        run = self.ifdawn(*words, trace="open,openat,brk,mmap,mremap", code=code)
        opened = [n for n, line in enumerate(run.trace) if line.startswith("open") and f'"{self.root}' in line]
        self.assertTrue(opened, f"strace shows a file below the root\n{run}")
        late = [line for line in run.trace[opened[0] :] if line.startswith(ASKS)]
        self.assertEqual(late, [], f"no brk, mmap or mremap after {run.trace[opened[0]]}\n{run}")

    def test_strace_shows_such_calls(self):
        log = self.path("strace")
        subprocess.run([*self.strace("openat,brk,mmap,mremap", log), "ip", "link"], capture_output=True, check=True)
        with open(log) as file:
            self.assertTrue(any(line.startswith(ASKS) for line in file), "ip(8), which is no such program, is caught")

    def test_no_command_asks_for_memory(self):
        self.cables(("eth0", 1), ("eth1", 0))
        for number in range(2):
            self.ifcfg(
                f"eth{number}",
                f"HWADDR=52:54:00:00:00:0{number}\nIPADDR=192.0.2.{number}\nPREFIX=32\nDNS1=192.0.2.53\nIPADDR1=bad\n",
            )
        self.network_script("route-eth0", "".join(f"10.{n >> 8}.{n & 255}.0/24 dev eth0\n" for n in range(20_000)))
        cmdline = ["--cmdline", "nameserver=192.0.2.54 ip=dhcp rd.route=10.0.0.0/8:192.0.2.1"]
        for words in (["check"], ["plan"], ["plan", "--json"], ["plan", "--offline"]):
            self.assertFixed(*words, *cmdline, code=(0, 1))
        for words in (["up"], ["up"], ["down", "eth0"]):
            self.assertFixed(*words, code=0)
        self.assertFixed("up", "--timeout", "1", *cmdline, code=1)

    def test_waiting_asks_for_no_memory(self):
        self.ifcfg("eth7", "IPADDR=192.0.2.5\nPREFIX=24\n")
        self.assertFixed("up", "--timeout", "1", code=1)
