"""Real DHCP servers and a relay on ports of the switch.

They are those of target/peers (recipe/peers), else of the PATH. Each has its files in a directory of its own
below the test's root, is ready when its constructor returns, and ends with the test.
"""
import json
import os
import re
import shutil
import subprocess
import time

from machine import PROJECT

TREE = os.path.join(PROJECT, "target/peers/tree")
PLACES = ("usr/sbin", "sbin", "usr/bin", "bin")
LIBRARIES = ":".join(f"{TREE}/{place}/x86_64-linux-gnu" for place in ("usr/lib", "lib"))


def program(test, name):
    """Its path. Where there is none the test is skipped, which CI takes for a failure."""
    for place in PLACES:
        path = os.path.join(TREE, place, name)
        if os.access(path, os.X_OK):
            return path
    path = shutil.which(name)
    if path is None:
        why = f"no {name}; recipe/peers fetches it"
        test.fail(why) if os.environ.get("CI") == "true" else test.skipTest(why)
    return path


class Server:
    """A process on a port, which is given an address first. `netns`: where, if not on the switch."""

    READY = ""

    def __init__(self, test, port, *, address="192.0.2.1/24", netns=None):
        self.test, self.port = test, port
        self.netns = netns or test.switch
        self.address, self.process = address.split("/")[0], None
        self.directory = test.path(f"servers/{type(self).__name__}-{port}")
        os.makedirs(self.directory)
        if not netns:
            test.ip_batch([f"addr replace {address} dev {port}"], switch=True)
        test.addCleanup(self.stop)
        self.start()

    @property
    def net(self):
        return self.address.rsplit(".", 1)[0]

    def start(self):
        environment = {**os.environ, "LD_LIBRARY_PATH": LIBRARIES, **self.environment()}
        command = ["nsenter", f"--net={self.netns}", *self.command()]
        with open(self.path("log"), "ab") as log:
            self.skip = log.tell()
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self.directory
            )
        deadline = time.monotonic() + 10
        while not re.search(self.READY, self.log()[self.skip :]):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.test.fail(f"{' '.join(command)} does not serve\n{self.log()}")
            time.sleep(0.005)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def restart(self):
        """With an empty memory where it has one."""
        self.stop()
        for name in os.listdir(self.directory):
            if name.startswith("leases"):
                os.remove(self.path(name))
        self.start()

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def log(self):
        with open(self.path("log"), errors="replace") as file:
            return file.read()


class Dnsmasq(Server):
    """`lease`: seconds, at least 120. `options`: as of --dhcp-option. `more`: more words."""

    READY = r"DHCP, IP range"

    def __init__(self, test, port, *, lease=3600, first=100, last=100, options=(), more=(), rapid=False, subnet=None, **rest):
        self.lease, self.range, self.options, self.more, self.rapid = lease, (first, last), options, more, rapid
        self.subnet = subnet
        super().__init__(test, port, **rest)

    def command(self):
        net, (first, last) = self.subnet or self.net, self.range
        # -5: no ping of the address first, which takes 3 s.
        return [
            program(self.test, "dnsmasq"), "-k", "-C", "/dev/null", "-i", self.port, "-z", "-p0", "-u", "root", "-5",
            "-x", self.path("pid"), "-l", self.path("leases"), "--log-facility=-", "--log-dhcp", "--dhcp-authoritative",
            f"--dhcp-range={net}.{first},{net}.{last},255.255.255.0,{self.lease}",
            *(["--dhcp-rapid-commit"] if self.rapid else []),
            *(f"--dhcp-option={option}" for option in self.options),
            *self.more,
        ]  # fmt: skip


class Kea(Server):
    """`lease`, `t1`, `t2`: seconds. `options`: name -> data, as Kea writes them. `classless`: octets of option
    121, which Kea 2.2 has no name for."""

    READY = r"DHCP4_STARTED"

    def __init__(self, test, port, *, lease=3600, t1=None, t2=None, first=100, last=100, options=None, classless=b"", **rest):
        self.times, self.range, self.options, self.classless = (lease, t1, t2), (first, last), options or {}, classless
        super().__init__(test, port, **rest)

    def command(self):
        lease, t1, t2 = self.times
        data = [{"name": name, "data": value} for name, value in {"routers": self.address, **self.options}.items()]
        definitions = []
        if self.classless:
            definitions.append({"name": "classless", "code": 121, "space": "dhcp4", "type": "binary"})
            data.append({"name": "classless", "code": 121, "csv-format": False, "data": self.classless.hex(), "always-send": True})
        subnet = {
            "subnet": f"{self.net}.0/24",
            "pools": [{"pool": "{0}.{2} - {0}.{3}".format(self.net, None, *self.range)}],
            "option-data": data,
            "valid-lifetime": lease,
            **({"renew-timer": t1} if t1 else {}),
            **({"rebind-timer": t2} if t2 else {}),
        }
        configuration = {
            "Dhcp4": {
                "interfaces-config": {
                    "interfaces": [self.port],
                    "dhcp-socket-type": "raw",
                    # It takes no port without carrier.
                    "service-sockets-max-retries": 1000,
                    "service-sockets-retry-wait-time": 20,
                },
                "lease-database": {"type": "memfile", "persist": False},
                "authoritative": True,
                "option-def": definitions,
                "subnet4": [subnet],
                "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}],
            }
        }
        return [program(self.test, "kea-dhcp4"), "-c", self.write("conf", json.dumps(configuration))]

    def environment(self):
        return {"KEA_PIDFILE_DIR": self.directory, "KEA_LOCKFILE_DIR": self.directory}


class OnePool(Server):
    """`lease`: seconds. `options`: lines of its configuration file."""

    def __init__(self, test, port, *, lease=3600, first=100, last=100, options="", **rest):
        self.lease, self.range, self.options = lease, (first, last), options
        super().__init__(test, port, **rest)


class IscDhcpd(OnePool):
    """`options` are those of dhcpd.conf(5)."""

    READY = r"Server starting service"

    def command(self):
        first, last = self.range
        conf = self.write(
            "conf",
            f"authoritative; ping-check false; default-lease-time {self.lease}; max-lease-time {self.lease};\n"
            f"min-lease-time {self.lease}; {self.options}\n"
            f"subnet {self.net}.0 netmask 255.255.255.0 {{\n"
            f"range {self.net}.{first} {self.net}.{last}; option routers {self.address}; }}\n",
        )
        return [program(self.test, "dhcpd"), "-4", "-f", "-d", "--no-pid", "-cf", conf, "-lf", self.write("leases", ""), self.port]


class Udhcpd(OnePool):
    """`options` are those of udhcpd.conf."""

    READY = r"started"

    def command(self):
        first, last = self.range
        conf = self.write(
            "conf",
            f"start {self.net}.{first}\nend {self.net}.{last}\ninterface {self.port}\nmin_lease 1\n"
            f"lease_file {self.write('leases', '')}\npidfile {self.path('pid')}\n"
            f"option subnet 255.255.255.0\noption router {self.address}\noption lease {self.lease}\n{self.options}\n",
        )
        # -a: milliseconds it waits for somebody who has the address.
        return [program(self.test, "busybox"), "udhcpd", "-f", "-a", "1", conf]


class Relay(Server):
    """A relay agent between a port and `upstream`, another link of the switch, behind which is `server`."""

    READY = r"Sending on +Socket/fallback"

    def __init__(self, test, port, *, upstream, server, **rest):
        self.upstream, self.server = upstream, server
        super().__init__(test, port, **rest)

    def command(self):
        words = ["-4", "-d", "--no-pid", "-id", self.port, "-iu", self.upstream, self.server]
        return [program(self.test, "dhcrelay"), *words]


def relayed(test):
    """A dnsmasq in a network behind the switch, and a relay agent on port0 that leads to it."""
    far = test.another_namespace()
    test.on_switch(f"link add up0 type veth peer name up1 netns {far}", "link set up0 up", "addr add 198.51.100.1/24 dev up0")
    subprocess.run(
        ["nsenter", f"--net={far}", "ip", "-batch", "-"], check=True, text=True,
        input="addr add 198.51.100.2/24 dev up1\nlink set up1 up\nroute add 192.0.2.0/24 via 198.51.100.1\n",
    )  # fmt: skip
    server = Dnsmasq(test, "up1", netns=far, subnet="192.0.2", options=["3,192.0.2.1"])
    Relay(test, "port0", upstream="up0", server="198.51.100.2")
    return server
