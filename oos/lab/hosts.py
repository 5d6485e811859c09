"""More hosts of a lab's zone: each a libvirtd of its own, with its own UUID, pools and sockets; one bridge joins all.

The first host is the zone itself (see zone.py). Files of the others stand below `hosts/` of the lab's directory.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from oos.lab.config import POOLS, LabConfig
from oos.lab.errors import LabError
from oos.lab.guest import Report
from oos.lab.process import end, is_stopped, run_unchecked, wait_until
from oos.lab.zone import CLEAN_ENVIRONMENT, START_SECONDS, Zone, answers_at, ensure_objects
from oos.lab.zone_files import LIBVIRTD_CONF, POOL, PROGRAMS, QEMU_CONF, copy_filters, write_programs

SCRIPT: Final = Path(__file__).parent / "host.sh"

NETWORK: Final = """\
<network>
  <name>default</name>
  <forward mode='bridge'/>
  <bridge name='virbr0'/>
</network>
"""
"""The bridge that the first host made: a guest keeps its address and its neighbours wherever it runs."""


@dataclass(frozen=True, slots=True)
class LabHost:
    """A host of a lab beside its first."""

    config: LabConfig
    number: int

    @property
    def name(self) -> str:
        """What it is called in the lab's inventory."""
        return f"lab-{self.number}"

    @property
    def directory(self) -> Path:
        """All that is its own, but for its sockets."""
        return self.config.directory / "hosts" / self.name

    @property
    def runtime(self) -> Path:
        """Where its sockets are."""
        return self.config.runtime / str(self.number)

    @property
    def uri(self) -> str:
        """Its libvirt URI, usable from outside the zone's namespaces."""
        return f"qemu:///system?socket={self.runtime / 'libvirt-sock'}"

    @property
    def host_uuid(self) -> uuid.UUID:
        """By this libvirt tells it from the others: it moves no guest to a host with its own UUID."""
        return uuid.uuid5(self.config.host_uuid, self.name)

    @property
    def pid_file(self) -> str:
        """Where its libvirtd notes its pid, as that sees it."""
        return f"/run/libvirt/{self.name}.pid"

    def pool(self, name: str) -> Path:
        """The directory of a storage pool."""
        return self.directory / "pools" / name


def hosts_of(config: LabConfig) -> tuple[LabHost, ...]:
    """The hosts beside the first: those wanted, and those that an earlier `up` made."""
    there = [int(path.name.rpartition("-")[2]) for path in (config.directory / "hosts").glob("lab-*")]
    return tuple(LabHost(config, number) for number in range(2, max([config.hosts, *there]) + 1))


def raise_hosts(config: LabConfig, zone: Zone, report: Report) -> tuple[LabHost, ...]:
    """Every host beside the first answers, with its network and its pools. Needs the lab's lock."""
    found = hosts_of(config)
    for host in found:
        _write_files(host)
        _start_libvirtd(host, zone, report)
        ensure_objects(zone, host.uri, host.uri, host.directory / "etc/oos")
    return found


def _write_files(host: LabHost) -> None:
    """Lay out its directories and its /etc/libvirt."""
    for name in ("lib/images", "etc/oos/bin", "log"):
        (host.directory / name).mkdir(parents=True, exist_ok=True)
    for pool in POOLS:
        host.pool(pool).mkdir(parents=True, exist_ok=True)
    host.runtime.mkdir(mode=0o755, exist_ok=True)
    files = {
        "qemu.conf": QEMU_CONF,
        "libvirtd.conf": LIBVIRTD_CONF.format(host_uuid=host.host_uuid, log=host.directory / "log/libvirtd.log"),
        "oos/net-default.xml": NETWORK,
        **{f"oos/pool-{name}.xml": POOL.format(name=name, path=escape(str(host.pool(name)))) for name in POOLS},
    }
    for path, text in files.items():
        (host.directory / "etc" / path).write_text(text)
    write_programs(host.directory / "etc/oos/bin")
    copy_filters(host.directory / "etc/nwfilter")


def _start_libvirtd(host: LabHost, zone: Zone, report: Report) -> None:
    living = zone.daemons(host.pid_file)
    if living and not any(map(is_stopped, living)) and wait_until(lambda: answers_at(host.uri), timeout=START_SECONDS):
        return
    for process in living:
        report(f"libvirtd of {host.name} does not answer: starting it anew")
        end(process)
    report(f"starting libvirtd of {host.name}")
    programs = {"PATH": f"{PROGRAMS}:{CLEAN_ENVIRONMENT['PATH']}"}
    environment = [f"{name}={value}" for name, value in {**CLEAN_ENVIRONMENT, **programs}.items()]
    words = ["/bin/sh", str(SCRIPT), str(host.directory), str(host.runtime), host.pid_file]
    argv = [*zone.enter(), "env", "-i", *environment, "unshare", "--mount", *words]
    said = run_unchecked(argv, timeout=START_SECONDS).stderr
    if not wait_until(lambda: answers_at(host.uri), timeout=START_SECONDS):
        raise LabError(host.uri, f"libvirtd does not answer; it says: {said.decode(errors='replace').strip()}")
