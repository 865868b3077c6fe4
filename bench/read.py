"""How long reading takes: a directory of 1,000 ifcfg files, and one file of each kind from 1 KB to 10 MB."""

import pathlib
import statistics
import subprocess
import tempfile
import time

FILES = 1_000
BOUND_MS = 30.0
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def ifcfg(number):
    """A file of a server: its own MAC, both families, 14 keys."""
    high, low = divmod(number, 256)
    return (
        f"# link {number}\nDEVICE=eth{number}\nTYPE=Ethernet\nONBOOT=yes\nBOOTPROTO=none\nNM_CONTROLLED=no\n"
        f"HWADDR=52:54:00:{high:02x}:{low:02x}:01\nIPADDR=10.{high}.{low}.5\nPREFIX=24\nGATEWAY=10.{high}.{low}.1\n"
        f"DNS1=192.0.2.53\nDOMAIN=example.org\nMTU=1500\nIPV6INIT=yes\nIPV6ADDR=2001:db8:{number:x}::5/64\n"
    )


def line_of(kind, number):
    a, b, c = number >> 16 & 255, number >> 8 & 255, number & 255
    return {
        "route-eth0": f"11.{a}.{b}.{c}/32 via 192.0.2.1 metric 5\n",
        "ifcfg-eth0, unknown keys": f"UNKNOWN_{number}=value\n",
        "ifcfg-eth0, addresses": f"IPADDR{number}=10.{a}.{b}.{c}\nPREFIX{number}=32\n",
        "ifcfg-eth0, one value": "0123456789",
        "command line, one link": "ip=eth0:dhcp ",
        "command line, many links": f"ip=eth{number}:dhcp ",
        "70-x.rules": f'ATTR{{address}}=="52:54:00:{a:02x}:{b:02x}:{c:02x}", NAME="n{number}"\n',
    }[kind]


HEADS = {"ifcfg-eth0, unknown keys": "DEVICE=eth0\n", "ifcfg-eth0, addresses": "DEVICE=eth0\n", "ifcfg-eth0, one value": "DOMAIN="}
KINDS = (
    "route-eth0", "ifcfg-eth0, unknown keys", "ifcfg-eth0, addresses", "ifcfg-eth0, one value", "command line, one link",
    "command line, many links", "70-x.rules",
)


def milliseconds(words, rounds):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append((time.perf_counter_ns() - begin) / 1e6)
    return min(times), statistics.median(times)


def directory(binary, rounds):
    with tempfile.TemporaryDirectory() as root:
        files = pathlib.Path(root) / "etc/sysconfig/network-scripts"
        files.mkdir(parents=True)
        for number in range(FILES):
            (files / f"ifcfg-eth{number}").write_text(ifcfg(number))
        print(f"\n{FILES:,} ifcfg files of 14 keys, {rounds} rounds")
        print(f"  {'':<32}{'least ms':>10}{'median ms':>12}")
        least = []
        for words in (["check"], ["plan", "--offline"], ["plan", "--offline", "--json"]):
            best, median = milliseconds([binary, *words, "--root", root], rounds)
            print(f"  {'ifdawn ' + ' '.join(words):<32}{best:>10.1f}{median:>12.1f}")
            least.append(best)
    return [("1,000 ifcfg files: ms of `check`, the least", least[0], BOUND_MS)]


def growth(binary, rounds):
    print("\nOne file: ms of `check FILE`, the least")
    print(f"  {'octets':<32}" + "".join(f"{size:>12,}" for size in SIZES))
    with tempfile.TemporaryDirectory() as place:
        for kind in KINDS:
            row = ""
            for size in SIZES:
                path = pathlib.Path(place) / kind.split(",")[0].replace(" ", "-")
                lines, length, number = [HEADS.get(kind, "")], 0, 0
                while length < size:
                    lines.append(line_of(kind, number))
                    length, number = length + len(lines[-1]), number + 1
                path.write_text("".join(lines))
                row += f"{milliseconds([binary, 'check', str(path)], rounds)[0]:>12.1f}"
                path.unlink()
            print(f"  {kind:<32}{row}")


def run(binary, rounds):
    """Returns the bounds."""
    bounds = directory(binary, max(5, rounds // 2))
    growth(binary, max(2, rounds // 10))
    return bounds
