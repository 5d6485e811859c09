"""What this host can do, what is missing, and how to get it.

`observe` looks, `examine` judges: a table of checks from what was seen to findings. The command line shows them.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oos.lab.acceleration import Acceleration, kvm_is_open, recall
from oos.lab.config import LabConfig
from oos.lab.errors import CommandFailed
from oos.lab.process import run_unchecked

MEMORY_MIB = 700
"""Two guests of 200 MiB each under TCG, libvirtd, and room for oos itself."""
DISK_MIB = 500
PYTHON = (3, 11)
LIBVIRT = (9, 0)
"""The oldest libvirt that the lab was run with."""


class State(StrEnum):
    """How a finding stands."""

    FINE = "fine"
    LIMITED = "limited"
    """It works, but not as well as it could."""
    MISSING = "missing"
    """The lab does not run without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known about one subject, and the command that mends it."""

    subject: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package the lab needs, and the program or file that shows it is there."""

    name: str
    shows: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen on a host. Texts about failures are empty where nothing failed."""

    root: bool
    python: tuple[int, int]
    python_libvirt: bool
    absent_packages: tuple[Package, ...]
    apt: bool
    architecture: str
    libvirt: tuple[int, ...]
    acceleration: Acceleration | None
    kvm_open: bool
    namespaces_fault: str
    network_fault: str
    memory_mib: int
    disk_mib: int
    directory: str
    directory_writable: bool


# judging: facts in, findings out


def examine(facts: Facts) -> tuple[Finding, ...]:
    """One finding for each check."""
    return tuple(check(facts) for check in CHECKS)


def is_able(findings: tuple[Finding, ...]) -> bool:
    """Whether the lab can run here."""
    return all(finding.state is not State.MISSING for finding in findings)


def _root(facts: Facts) -> Finding:
    if facts.root:
        return Finding("root", State.FINE, "running as root")
    return Finding("root", State.MISSING, "namespaces, bridges and libvirtd need root", "sudo oos lab up")


def _python(facts: Facts) -> Finding:
    found = ".".join(map(str, facts.python))
    if facts.python < PYTHON:
        return Finding("python", State.MISSING, f"{found}; 3.11 or later is needed", "apt-get install python3")
    if not facts.python_libvirt:
        return Finding("python", State.MISSING, f"{found}, without libvirt-python", "scripts/bootstrap")
    return Finding("python", State.FINE, f"{found} with libvirt-python")


def _architecture(facts: Facts) -> Finding:
    if facts.architecture == "x86_64":
        return Finding("architecture", State.FINE, facts.architecture)
    remedy = "use a fleet on other hosts: inventory/example.yml"
    return Finding("architecture", State.MISSING, f"{facts.architecture}; the lab's guests are x86_64", remedy)


def _packages(facts: Facts) -> Finding:
    if not facts.absent_packages:
        return Finding("packages", State.FINE, "all there")
    names = " ".join(package.name for package in facts.absent_packages)
    detail = ", ".join(f"{package.name} ({package.purpose})" for package in facts.absent_packages)
    return Finding("packages", State.MISSING, detail, f"apt-get install --no-install-recommends {names}")


def _apt(facts: Facts) -> Finding:
    if facts.apt:
        return Finding("apt", State.FINE, "the guest's kernel and agent can be fetched")
    return Finding("apt", State.MISSING, "the guest's kernel and agent come from Debian packages", "use Debian 12")


def _libvirt(facts: Facts) -> Finding:
    if not facts.libvirt:
        return Finding("libvirt", State.MISSING, "no libvirtd", "apt-get install libvirt-daemon-system")
    found = ".".join(map(str, facts.libvirt))
    if facts.libvirt < LIBVIRT:
        wanted = ".".join(map(str, LIBVIRT))
        return Finding("libvirt", State.LIMITED, f"{found}; never tried below {wanted}", "use Debian 12 or later")
    return Finding("libvirt", State.FINE, found)


def _acceleration(facts: Facts) -> Finding:
    if facts.acceleration is not None and facts.acceleration.kvm:
        return Finding("acceleration", State.FINE, f"KVM: {facts.acceleration.reason}")
    if facts.acceleration is not None:
        remedy = "nothing to do: guests start in some 3 s with TCG too"
        return Finding("acceleration", State.LIMITED, f"TCG: {facts.acceleration.reason}", remedy)
    if not facts.kvm_open:
        remedy = "switch on virtualization in the firmware, or nested virtualization on the host below: modprobe kvm"
        return Finding("acceleration", State.LIMITED, "TCG: there is no /dev/kvm that opens", remedy)
    return Finding("acceleration", State.FINE, "/dev/kvm opens; whether guests run with it, `oos lab up` finds out")


def _namespaces(facts: Facts) -> Finding:
    if not facts.namespaces_fault:
        return Finding("namespaces", State.FINE, "mount, network and process namespaces can be made")
    remedy = "in a container: run it privileged, or use a virtual machine; in a chroot: enter it by pivot_root instead"
    return Finding("namespaces", State.MISSING, facts.namespaces_fault, remedy)


def _network(facts: Facts) -> Finding:
    if not facts.network_fault:
        return Finding("network", State.FINE, "bridges, taps and address translation can be made")
    return Finding("network", State.MISSING, facts.network_fault, "modprobe -a bridge tun nf_nat")


def _memory(facts: Facts) -> Finding:
    if facts.memory_mib >= MEMORY_MIB:
        return Finding("memory", State.FINE, f"{facts.memory_mib} MiB available")
    return Finding("memory", State.MISSING, f"{facts.memory_mib} MiB available, {MEMORY_MIB} are needed", "free some")


def _disk(facts: Facts) -> Finding:
    if facts.disk_mib >= DISK_MIB:
        return Finding("disk", State.FINE, f"{facts.disk_mib} MiB free for {facts.directory}")
    detail = f"{facts.disk_mib} MiB free for {facts.directory}, {DISK_MIB} are needed"
    return Finding("disk", State.MISSING, detail, "OOS_LAB_DIR=/somewhere/larger oos lab up")


def _directory(facts: Facts) -> Finding:
    if facts.directory_writable:
        return Finding("directory", State.FINE, facts.directory)
    detail = f"{facts.directory} cannot be written"
    return Finding("directory", State.MISSING, detail, "OOS_LAB_DIR=/somewhere/else oos lab up")


CHECKS: tuple[Callable[[Facts], Finding], ...] = (
    _root,
    _architecture,
    _python,
    _apt,
    _packages,
    _libvirt,
    _acceleration,
    _namespaces,
    _network,
    _memory,
    _disk,
    _directory,
)


# looking


def observe(config: LabConfig) -> Facts:
    """Look at this host. Nothing is changed, nothing is left behind."""
    place = next(path for path in (config.directory, *config.directory.parents) if path.exists())
    return Facts(
        root=os.geteuid() == 0,
        python=sys.version_info[:2],
        python_libvirt=importlib.util.find_spec("libvirt") is not None,
        absent_packages=tuple(package for package in needed_packages() if not is_there(package)),
        apt=shutil.which("apt-get") is not None and shutil.which("dpkg") is not None,
        architecture=os.uname().machine,
        libvirt=_libvirt_version(),
        acceleration=recall(config.cache),
        kvm_open=kvm_is_open(),
        namespaces_fault=_fault_of(*_NAMESPACES, "true"),
        network_fault=_fault_of(*_NAMESPACES, "sh", "-c", _NETWORK_TRIAL),
        memory_mib=available_memory_mib(Path("/proc/meminfo").read_text()),
        disk_mib=shutil.disk_usage(place).free >> 20,
        directory=str(config.directory),
        directory_writable=os.access(place, os.W_OK),
    )


_NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc")
# In a network namespace of its own, which goes with the shell.
_NETWORK_TRIAL = """
ip link add trial type bridge || exit 1
ip tuntap add trial-tap mode tap || exit 1
iptables -t nat -A POSTROUTING -j MASQUERADE
"""


def needed_packages() -> tuple[Package, ...]:
    """The table beside this file."""
    return read_packages((Path(__file__).parent / "host_packages.txt").read_text())


def read_packages(table: str) -> tuple[Package, ...]:
    """Package, program, purpose of each line; those only needed while installing left out."""
    rows = (line.split(maxsplit=2) for line in table.splitlines() if line and not line.startswith("#"))
    return tuple(Package(name, shows, purpose) for name, shows, purpose in rows if shows != "-")


def is_there(package: Package) -> bool:
    """Whether the program, or the file, that shows a package is there."""
    if package.shows.startswith("/"):
        return Path(package.shows).exists()
    return shutil.which(package.shows, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def available_memory_mib(meminfo: str) -> int:
    """MiB that programs can still get, out of /proc/meminfo."""
    sizes: Mapping[str, int] = {
        found[1]: int(found[2]) for found in re.finditer(r"^(\w+):\s+(\d+) kB$", meminfo, re.MULTILINE)
    }
    return sizes.get("MemAvailable", 0) >> 10


def _libvirt_version() -> tuple[int, ...]:
    try:
        said = run_unchecked(["libvirtd", "--version"], timeout=10).stdout.decode(errors="replace")
    except CommandFailed:
        return ()
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


def _fault_of(*argv: str) -> str:
    """What a trial said when it failed; empty if it did not."""
    try:
        done = run_unchecked(list(argv), timeout=10)
    except CommandFailed as failed:
        return failed.cause
    if done.returncode == 0:
        return ""
    return done.stderr.decode(errors="replace").strip() or f"{argv[-1]}: exit {done.returncode}"
