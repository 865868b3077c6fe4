"""The guest's first file system: ifdawn, the kernel's modules, tools of this machine, and init.

Whatever is dynamic takes its libraries along; the kernel and its modules are those that recipe/peers unpacked.
"""
import glob
import os
import re
import shutil
import subprocess

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(PROJECT, "tests/boot")
TREE = os.path.join(PROJECT, "target/peers/tree")
LIBRARIES = ":".join(f"{TREE}/{place}/x86_64-linux-gnu" for place in ("usr/lib", "lib"))

TOOLS = ("busybox", "ip", "bridge", "ethtool", "strace")

# What the harness and strace need, and what is loaded when the kernel is asked for a link of its kind. Their
# dependencies come along.
MODULES = """
    virtio_pci virtio_console virtio_net netlink_diag
    8021q bonding bridge dummy geneve ifb ip6_gre ip6_tunnel ip_gre ipip ipvlan macvlan nlmon sit veth vrf vxlan
    team team_mode_activebackup team_mode_broadcast team_mode_loadbalance team_mode_random team_mode_roundrobin
""".split()


class Missing(Exception):
    """Something is not on this machine."""


def tool(name):
    """Where a program is: unpacked by recipe/peers, or on the PATH."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    unpacked = ":".join(f"{TREE}/{place}" for place in ("usr/sbin", "sbin", "usr/bin", "bin"))
    found = shutil.which(name, path=f"{unpacked}:{path}")
    if found is None:
        raise Missing(f"no {name}; recipe/setup test gets it")
    return found


def environment():
    """For programs of `tool`, which may need what was unpacked with them: libraries, and QEMU its accelerators."""
    modules = f"{TREE}/usr/lib/x86_64-linux-gnu/qemu"
    return {**os.environ, "LD_LIBRARY_PATH": LIBRARIES, "QEMU_MODULE_DIR": modules}


def kernel():
    """The kernel's file and its version."""
    found = sorted(glob.glob(f"{TREE}/boot/vmlinuz-*"))
    if not found:
        raise Missing("no kernel in target/peers; recipe/setup test gets it")
    return found[-1], found[-1].split("vmlinuz-")[1]


def make(directory, ifdawn):
    """Makes the image in this directory; returns its path."""
    root, path = f"{directory}/root", f"{directory}/initramfs"
    for name in TOOLS:
        program = tool(name)
        copy(program, f"{root}/{'bin' if name == 'busybox' else 'sbin'}/{name}")
        for library, place in libraries(program):
            copy(library, root + place)
    copy(ifdawn, f"{root}/sbin/ifdawn")
    copy(f"{HERE}/init", f"{root}/init")
    compile(f"{HERE}/without_generic_netlink.rs", f"{root}/bin/without_generic_netlink")
    version = kernel()[1]
    for module in with_dependencies(MODULES, f"{TREE}/lib/modules/{version}"):
        copy(module, f"{root}/lib/modules/{version}/{os.path.basename(module)}")
    run_busybox("depmod", "-b", root, version)
    found = (os.path.join(at, name) for at, directories, files in os.walk(root) for name in directories + files)
    names = "\n".join(os.path.relpath(each, root) for each in found)
    with open(path, "wb") as image:
        run_busybox("cpio", "--quiet", "-o", "-H", "newc", cwd=root, input=names.encode(), stdout=image)
    return path


def run_busybox(*words, **options):
    subprocess.run([tool("busybox"), *words], env=environment(), check=True, **options)


def compile(source, target):
    """Makes a program that needs no libraries."""
    words = ["rustc", "--edition", "2024", "-O", "--target", "x86_64-unknown-linux-musl", "-o", target, source]
    try:
        subprocess.run(words, check=True)
    except FileNotFoundError:
        raise Missing("no rustc; recipe/setup gets it") from None


def copy(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy(source, target)


def libraries(program):
    """(file, where it belongs in the guest) of each library, and of what loads them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, env=environment()).stdout
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", listed, re.M):
        yield path, f"/lib/{name}"
    for loader in re.findall(r"^\s*(/\S+) \(", listed, re.M):
        yield loader, loader


def with_dependencies(names, directory):
    """The files of modules and of those that they need."""
    files = glob.glob(f"{directory}/kernel/**/*.ko", recursive=True)
    by_name = {os.path.basename(file)[:-3].replace("-", "_"): file for file in files}
    found, queue = {}, list(names)
    while queue:
        name = queue.pop()
        if name in found:
            continue
        if name not in by_name:
            raise Missing(f"no module {name} in {directory}")
        found[name] = by_name[name]
        with open(found[name], "rb") as file:
            needed = re.search(rb"\0depends=([^\0]*)\0", file.read())[1].decode()
        queue += [each.replace("-", "_") for each in needed.split(",") if each]
    return found.values()
