"""A thousand VLANs on one link, against `ip -batch`, in the guest of tests/boot: few machines that build have VLANs.

Measured by the guest's clock. Every round is a guest of its own, and no time of its boot counts.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys

BOOT = pathlib.Path(__file__).resolve().parent.parent / "tests/boot/run"
SKIPPED = 77


def run(binary, rounds):
    ratios = []
    for _ in range(max(3, rounds // 8)):
        command = [str(BOOT), "-k", "test_a_thousand_vlans"]
        done = subprocess.run(command, env={**os.environ, "IFDAWN": binary}, capture_output=True, text=True)
        if done.returncode == SKIPPED:
            print(f"\n1,000 VLANs: {done.stdout.strip()}")
            return []
        found = re.search(r"^ratio (\d+\.\d+)$", done.stdout, re.MULTILINE)
        if done.returncode or not found:
            sys.exit(f"bench/run: {' '.join(command)}\n{done.stdout}{done.stderr}")
        ratios.append(float(found[1]))
    print(f"\n1,000 VLANs on one link, in a guest without acceleration, {len(ratios)} rounds; the last one:")
    print("".join(f"  {line}\n" for line in done.stdout.splitlines() if line), end="")
    return [("1,000 VLANs: ifdawn / ip -batch", statistics.median(ratios), 2.0)]
