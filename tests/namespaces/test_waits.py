"""Waiting for devices and for udev: by events, and no longer than it takes."""
import fcntl
import re
import time

from machine import Machine

POLL = re.compile(r"^p?poll\(\[\{fd=\d+, events=POLLIN.*?\], \d+, (?:\{tv_sec=(\d+), tv_nsec=(\d+)\}|(-?\d+))")
ETH0 = "IPADDR=192.0.2.5\nPREFIX=24\n"
ETH1 = "IPADDR=198.51.100.5\nPREFIX=24\n"


class Waits(Machine):
    def has(self, name, address):
        """Whether the link is there and has the address."""
        found = {link["ifname"]: link["addr_info"] for link in self.ip_json("addr show")}
        return any(f"{addr['local']}/{addr['prefixlen']}" == address for addr in found.get(name, []))

    def assertSlept(self, run):
        """The run waited by events: no poll of less than 200 ms."""
        polls = [POLL.match(line) for line in run.trace if line.startswith(("poll(", "ppoll("))]
        waits = [int(found[3]) if found[3] else int(found[1]) * 1000 + int(found[2]) // 10**6 for found in polls if found]
        self.assertTrue(waits, f"strace shows a poll\n{run}\n" + "\n".join(run.trace))
        self.assertGreaterEqual(min(waits), 200, f"milliseconds of each poll: {waits}")
        self.assertLess(len(waits), 20, f"milliseconds of each poll: {waits}")
        sleeps = [line for line in run.trace if "nanosleep" in line]
        self.assertEqual(sleeps, [], "no sleeping")

    def test_a_device_that_appears_late_is_configured_at_once(self):
        self.ifcfg("eth0", ETH0)
        run = self.start("up", trace="poll,ppoll,nanosleep,clock_nanosleep")
        time.sleep(1)
        self.cables("eth0")
        appeared = time.monotonic()
        self.eventually("eth0 has its address", lambda: self.has("eth0", "192.0.2.5/24"), within=1.5)
        ended = self.finish(run, within=2)
        self.assertLess(time.monotonic() - appeared, 2, "seconds from the device's appearance to the end")
        self.assertSlept(ended)

    def test_a_device_that_appears_late_under_another_name_is_renamed_and_configured(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifcfg("eth1", "HWADDR=52:54:00:00:00:01\n" + ETH1)
        run = self.start("up")
        self.eventually("eth0 is up while eth1 is waited for", lambda: self.has("eth0", "192.0.2.5/24"), within=1.5)
        self.cables(("usb0", 1))
        self.eventually("eth1 has its name and address", lambda: self.has("eth1", "198.51.100.5/24"), within=1.5)
        self.finish(run, within=2)

    def test_a_device_that_is_renamed_by_hand_to_the_name_waited_for_is_configured(self):
        self.cables(("usb0", 0))
        self.ifcfg("eth0", ETH0)
        run = self.start("up")
        time.sleep(0.3)
        self.ip("link set usb0 name eth0")
        self.eventually("eth0 has its address", lambda: self.has("eth0", "192.0.2.5/24"), within=1.5)
        self.finish(run, within=2)

    def while_the_plan_is_sent(self, happens):
        """What happens after the kernel got the plan that brings eth0 up, and before its answers are read."""
        self.ifcfg("eth0", ETH0)
        self.ifcfg("eth1", ETH1)
        run = self.start("up", inject="sendto:delay_exit=700ms:when=3")
        self.eventually("eth0 comes up", lambda: "UP" in self.link("eth0")["flags"], within=5)
        happens()
        self.eventually("eth1 has its address", lambda: self.has("eth1", "198.51.100.5/24"), within=3)
        self.finish(run, within=2)

    def test_a_device_that_appears_while_a_plan_is_sent_is_configured_at_once(self):
        self.cables("eth0")
        self.while_the_plan_is_sent(lambda: self.cables("eth1"))

    def test_a_device_that_gets_its_name_while_a_plan_is_sent_is_configured_at_once(self):
        self.cables("eth0", ("usb0", 1))
        self.while_the_plan_is_sent(lambda: self.ip("link set usb0 name eth1"))

    def test_a_device_that_udev_ends_with_while_a_plan_is_sent_is_configured_at_once(self):
        self.write("run/udev/control", "")
        self.write("run/udev/data/n10", "I:1\n")
        self.cables("eth0", "eth1")
        self.while_the_plan_is_sent(lambda: self.write("run/udev/data/n11", "I:1\n"))

    def test_a_device_that_never_appears_delays_no_other_and_fails_in_time(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifcfg("eth7", ETH1)
        run = self.start("up", "--timeout", "2", trace="poll,ppoll,nanosleep,clock_nanosleep")
        self.eventually("eth0 is up at once", lambda: self.has("eth0", "192.0.2.5/24"), within=1.5)
        ended = self.finish(run, code=1, within=5)
        self.assertSays(ended, "ifcfg-eth7:", "device")
        self.assertGreater(ended.seconds, 1.9, f"--timeout 2 is waited for\n{ended}")
        self.assertLess(ended.seconds, 3.5, f"and no longer\n{ended}")
        self.assertSlept(ended)

    def test_a_device_has_its_own_time(self):
        self.ifcfg("eth7", ETH1 + "DEVTIMEOUT=1\n")
        run = self.ifdawn("up", code=1, within=5)
        self.assertGreater(run.seconds, 0.9, f"DEVTIMEOUT=1 is waited for\n{run}")
        self.assertLess(run.seconds, 2.5, f"and no longer\n{run}")

    def test_other_links_coming_and_going_do_not_make_it_busy(self):
        self.ifcfg("eth7", ETH1)
        run = self.start("up", "--timeout", "1", trace="poll,ppoll")
        for _ in range(3):
            self.cables("eth0")
            self.ip("link del eth0")
        ended = self.finish(run, code=1, within=5)
        self.assertGreater(ended.seconds, 0.9, f"--timeout 1 is waited for\n{ended}")

    def test_nothing_is_waited_for_when_a_device_is_not_required(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.network_script("ifcfg-eth7", "DEVICE=eth7\nONBOOT=no\nBOOTPROTO=none\n" + ETH1)
        run = self.ifdawn("up", within=5)
        self.assertLess(run.seconds, 1.5, f"`up` is done at once\n{run}")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "eth0 is up")

    def test_one_run_later_while_one_waits(self):
        """`up eth0` while `up` waits for a device: the lock is held, so it waits its turn, and then is up."""
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifcfg("eth7", ETH1)
        first = self.start("up", "--timeout", "1")
        time.sleep(0.2)
        second = self.start("up", "eth0")
        self.finish(first, code=1)
        self.finish(second, code=0)


    def test_each_thing_is_said_once_however_many_there_are(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.ifcfg("eth7", ETH1)
        # More complaints than are remembered, and a new look at each event.
        self.network_script("route-eth0", "".join(f"10.{n >> 8}.{n & 255}.0/24 via 203.0.113.1\n" for n in range(600)))
        run = self.start("up", "--timeout", "2")
        for _ in range(5):
            time.sleep(0.2)
            self.ip("link add other type veth peer name rehto")
            self.ip("link del other")
        text = self.finish(run, code=1).err
        for line in ("eth0: up", "eth7: waiting for the device"):
            self.assertLessEqual(text.count(line), 1, f"{line} is said once")
        self.assertEqual(text.count("eth7: waiting for the device"), 1, "what is waited for")

    def test_the_time_for_everything_includes_the_wait_for_another_run(self):
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        self.write("run/ifdawn/lock", "")
        with open(self.path("run/ifdawn/lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run = self.ifdawn("up", "--timeout", "1", code=1)
        self.assertSays(run, "another run holds it")


class Udev(Machine):
    def setUp(self):
        super().setUp()
        self.write("run/udev/control", "")

    def assertWaits(self, name):
        time.sleep(0.3)
        self.assertNotIn("UP", self.link(name)["flags"], f"{name} is left alone until udev is done with it")
        self.assertEqual(self.addresses(name), [], f"{name} is left alone until udev is done with it")

    def finish_by_udev(self, run, name, file):
        self.write(file, "I:1\n")
        self.eventually(f"{name} has its address", lambda: self.addresses(name) == ["192.0.2.5/24"], within=1.5)
        self.finish(run, within=2)

    def test_a_link_is_left_alone_until_udev_is_done_with_it(self):
        self.write("run/udev/data/n1", "I:1\n")
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        run = self.start("up")
        self.assertWaits("eth0")
        self.finish_by_udev(run, "eth0", "run/udev/data/n10")

    def test_udev_makes_its_directory_with_the_first_link(self):
        # systemd-udevd makes /run/udev/data when it has something to write there.
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        run = self.start("up")
        self.assertWaits("eth0")
        self.finish_by_udev(run, "eth0", "run/udev/data/n10")

    def test_udev_renames_and_the_new_name_counts(self):
        self.write("run/udev/data/n1", "I:1\n")
        self.cables("eth0")
        self.ifcfg("lan0", ETH0)
        run = self.start("up")
        time.sleep(0.2)
        self.ip("link set eth0 name lan0")
        self.assertWaits("lan0")
        self.finish_by_udev(run, "lan0", "run/udev/data/n10")

    def test_a_link_udev_is_done_with_is_not_waited_for(self):
        self.write("run/udev/data/n10", "I:1\n")
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        run = self.ifdawn("up")
        self.assertLess(run.seconds, 1.5, f"`up` is done at once\n{run}")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "the link is up")

    def test_a_link_with_a_mac_rule_of_ours_is_not_waited_for(self):
        self.cables(("eth5", 0))
        self.ifcfg("eth0", "HWADDR=52:54:00:00:00:00\n" + ETH0)
        run = self.ifdawn("up")
        self.assertLess(run.seconds, 1.5, f"`up` is done at once\n{run}")
        self.assertEqual(self.names(), {"eth0": 0}, "the link has its name")

    def test_udev_that_never_ends_is_overruled_with_a_warning(self):
        self.write("run/udev/data/n1", "I:1\n")
        self.cables("eth0")
        self.ifcfg("eth0", ETH0)
        # A missing link makes it wait on after that.
        self.ifcfg("eth7", ETH1)
        run = self.ifdawn("up", "--timeout", "12", code=1, trace="ppoll", within=15)
        self.assertSays(run, "udev")
        self.assertLess(sum("ppoll(" in line for line in run.trace), 20, f"it waits, and does not spin\n{run.err}")
        self.assertEqual(run.err.count("eth0: up"), 1, f"it is said once\n{run.err}")
        self.assertEqual(self.addresses("eth0"), ["192.0.2.5/24"], "the link is up in the end")
