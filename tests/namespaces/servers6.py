"""Real routers and DHCPv6 servers on ports of the switch: fe80::1 and 2001:db8:1::1.

As those of `servers`. Where two of them share a port, one advertises and the other leases.
"""
import json
import os

from servers import Server, program
from wire import namespace

NET = "2001:db8:1::"


class Server6(Server):
    """Its port gets fe80::1 beside the address."""

    def __init__(self, test, port, *, address=f"{NET}1/64", **rest):
        test.ip_batch([f"addr replace fe80::1/64 dev {port}"], switch=True)
        super().__init__(test, port, address=address, **rest)

    @property
    def net(self):
        return self.address.rsplit(":", 1)[0] + ":"


class Dnsmasq6(Server6):
    """`mode`: "slaac", which is stateful and SLAAC, "ra-only", "ra-stateless", "ra-names", or None: stateful alone.
    `lease`: seconds, at least 120. `options`: as of --dhcp-option, without `option6:`. `more`: more words. `ra`: whether
    it advertises."""

    READY = r"DHCPv6, IP range|DHCPv6 stateless|router advertisement on|SLAAC on"

    def __init__(self, test, port, *, mode=None, lease=3600, host=0x100, options=(), more=(), ra=True, **rest):
        self.mode, self.lease, self.host, self.options, self.more, self.ra = mode, lease, host, options, more, ra
        super().__init__(test, port, **rest)

    def command(self):
        one = f"{self.net}{self.host:x}"
        kind = {None: f"{one},{one},64", "slaac": f"{one},{one},slaac,64"}.get(self.mode, f"{self.net},{self.mode},64")
        return [
            program(self.test, "dnsmasq"), "-k", "-C", "/dev/null", "-i", self.port, "-z", "-p0", "-u", "root",
            "-x", self.path("pid"), "-l", self.path("leases"), "--log-facility=-", "--log-dhcp", "--dhcp-authoritative",
            f"--dhcp-range={kind},{self.lease}",
            *(["--enable-ra"] if self.ra else []),
            *(f"--dhcp-option=option6:{option}" for option in self.options),
            *self.more,
        ]  # fmt: skip


class Radvd(Server6):
    """`text`: what its configuration says of the link."""

    READY = r"version .* started|sending RA"

    def __init__(self, test, port, text=f"prefix {NET}/64 {{ }};", **rest):
        self.text = text
        with namespace(test.switch), open("/proc/sys/net/ipv6/conf/all/forwarding", "w") as forwarding:
            forwarding.write("1")
        super().__init__(test, port, **rest)

    def command(self):
        conf = self.write(
            "conf",
            f"interface {self.port} {{ AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 10;\n{self.text}\n}};\n",
        )
        os.chmod(conf, 0o600)
        return [program(self.test, "radvd"), "-n", "-C", conf, "-p", self.path("pid"), "-m", "stderr", "-d", "2", "-u", "root"]

    def change(self, text):
        """As an administrator does."""
        self.stop()
        self.text = text
        self.start()


class Kea6(Server6):
    """`lease`, `preferred`, `t1`, `t2`: seconds. `options`: name -> data, as Kea writes them. `delegates`: a prefix of 56
    bits, of which it gives /64. `subnet`: more of the subnet."""

    READY = r"DHCP6_STARTED"

    def __init__(
        self, test, port, *, lease=3600, preferred=None, t1=None, t2=None, options=None, rapid=False, delegates=None, host=0x100,
        subnet=None, **rest,
    ):  # fmt: skip
        self.times, self.options, self.rapid, self.delegates = (lease, preferred or lease, t1, t2), options or {}, rapid, delegates
        self.host, self.subnet = host, subnet or {}
        super().__init__(test, port, **rest)

    def command(self):
        lease, preferred, t1, t2 = self.times
        one = f"{self.net}{self.host:x}"
        pools = [{"prefix": self.delegates, "prefix-len": 56, "delegated-len": 64}] if self.delegates else []
        subnet = {
            "subnet": f"{self.net}/64",
            "interface": self.port,
            "pools": [{"pool": f"{one} - {one}"}],
            "pd-pools": pools,
            "rapid-commit": self.rapid,
            "option-data": [{"name": name, "data": data} for name, data in self.options.items()],
            "valid-lifetime": lease,
            "preferred-lifetime": preferred,
            **({"renew-timer": t1} if t1 else {}),
            **({"rebind-timer": t2} if t2 else {}),
            **self.subnet,
        }
        configuration = {
            "Dhcp6": {
                "interfaces-config": {
                    "interfaces": [self.port],
                    "service-sockets-max-retries": 1000,
                    "service-sockets-retry-wait-time": 20,
                },
                "server-id": {"type": "EN", "enterprise-id": 32473, "identifier": "0102030405", "persist": False},
                "lease-database": {"type": "memfile", "persist": False},
                "subnet6": [subnet],
                "loggers": [
                    {"name": "kea-dhcp6", "severity": "DEBUG", "debuglevel": 55, "output_options": [{"output": "stdout"}]}
                ],
            }
        }
        return [program(self.test, "kea-dhcp6"), "-c", self.write("conf", json.dumps(configuration))]

    def environment(self):
        return {"KEA_PIDFILE_DIR": self.directory, "KEA_LOCKFILE_DIR": self.directory}
