"""What tests of links that ifdawn makes share: the kernel's word about them, after `up` and after what `plan` prints."""
import re

from guest import Guest

# What depends on time, chance or the order of numbers.
OF_ITS_OWN = re.compile(
    r"_timer|_id$|designated|hold|perm_hwaddr|mii_status|link_failure_count|active_slave|active_port|^state$|ad_info"
    r"|ad_aggregator|ad_actor_oper|ad_partner_oper|address$|ifindex|link_index|operstate|qdisc|promiscuity|_age$|permaddr"
)
FLAGS_OF_TIME = {"LOWER_UP", "NO-CARRIER", "RUNNING"}


class Stacks(Guest):
    def dummies(self, *names):
        for name in names:
            self.ifcfg(name, "TYPE=dummy\n")

    def port(self, name, *lines):
        self.network_script(f"ifcfg-{name}", "\n".join((f"DEVICE={name}", "TYPE=dummy", "ONBOOT=yes", *lines, "")))

    def details(self, name):
        return self.ip_json(f"-d link show dev {name}")[0]

    def data(self, name, part="info_data"):
        return self.details(name)["linkinfo"][part]

    def master(self, name):
        return self.link(name).get("master")

    def shown(self):
        """Links, but those that a module makes in every namespace, and their addresses."""
        found = {}
        for link in self.ip_json("-d addr show"):
            if link["ifname"] in ("lo", "tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0"):
                continue
            link["flags"] = sorted(set(link["flags"]) - FLAGS_OF_TIME)
            link["addr_info"] = sorted(
                f"{addr['local']}/{addr['prefixlen']}" for addr in link["addr_info"] if addr["scope"] != "link"
            )
            info = link.get("linkinfo", {})
            for part in (link, info.get("info_data", {}), info.get("info_slave_data", {})):
                for key in [key for key in part if OF_ITS_OWN.search(key)]:
                    del part[key]
            found[link["ifname"]] = link
        return found

    def assertMadeAsPrinted(self, *words, links=()):
        """`up` makes what the script that `plan` prints makes; a second run makes nothing. The links are there after.

        `links`: lines for ip(8) that make what the configuration finds.
        """
        files = self.files()
        self.ip_batch(links)
        script = self.ifdawn("plan", *words).out
        run = self.ifdawn("up", *words)
        by_us = self.shown()
        self.assertConverged(*words)
        self.new_machine()
        self.ip_batch(links)
        self.shell(script)
        by_script = self.shown()
        self.assertEqual(by_script.keys(), by_us.keys(), f"{script}{run}")
        for name, link in by_script.items():
            self.assertEqual(by_us[name], link, f"{name}\n{script}")
        self.new_machine()
        self.shell(files)
        self.ip_batch(links)
        self.ifdawn("up", *words)

    def files(self):
        """A script that writes the files of the configuration once more."""
        return self.shell(r"""
            cd /etc/sysconfig/network-scripts
            for file in *; do
                [ ! -f "$file" ] || {
                    echo "cat >/etc/sysconfig/network-scripts/$file <<'END OF FILE'"
                    cat "$file"
                    echo 'END OF FILE'
                }
            done
            """)
