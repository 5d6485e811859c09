"""The lab's guests: defined, started, and waited for."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from oos.lab import zone
from oos.lab.acceleration import Acceleration
from oos.lab.config import LabConfig
from oos.lab.errors import CommandFailed, LabError
from oos.lab.guest import GuestImage, Report
from oos.lab.process import run, run_unchecked

BOOT_SECONDS = 120.0
"""A guest is up in 3 s on an idle host; ten times as long under load is nothing unusual with TCG."""

DOMAIN = """\
<domain type='{kind}'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>{command_line} oos.hostname={name}</cmdline>
  </os>
  <features><acpi/><apic/>{features}</features>
  <cpu mode='maximum' check='none'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <source network='default'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <serial type='file'><source path='/var/log/libvirt/{name}.console'/><target port='0'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='virtio'/>
    <controller type='usb' model='none'/>
  </devices>
</domain>
"""


@dataclass(frozen=True, slots=True)
class Guest:
    """A lab guest as it was observed."""

    name: str
    state: str
    address: str = ""


def publish(config: LabConfig, image: GuestImage) -> None:
    """Put the image into the pool of images, whole or not at all."""
    for source, name in ((image.disk, "disk.qcow2"), (image.kernel, "vmlinuz"), (image.initrd, "initrd")):
        place(source, config.pool("images") / f"lab-{image.digest}-{name}")


def place(source: Path, target: Path) -> None:
    """Copy a file to where it is read by others: it appears there whole."""
    if target.exists():
        return
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as new:
        pass
    shutil.copyfile(source, new.name)
    Path(new.name).chmod(0o644)
    Path(new.name).rename(target)


def start_guests(config: LabConfig, image: GuestImage, found: Acceleration, report: Report) -> None:
    """Every guest of the lab is defined and runs; what runs already is left alone."""
    for attempt in range(5):
        defined = zone.virsh(config, "list", "--all", "--name").split()
        running = zone.virsh(config, "list", "--name").split()
        missing = [name for name in config.guests if name not in running]
        if not missing:
            return
        try:
            for name in missing:
                if name not in defined:
                    _define(config, name, image, found)
                report(f"starting {name}")
                zone.virsh(config, "start", name)
        except CommandFailed:
            # A client of an `up` that was killed may still be doing the same: look again.
            if attempt == 4:
                raise
            time.sleep(0.5)


def _define(config: LabConfig, name: str, image: GuestImage, found: Acceleration) -> None:
    images = config.pool("images") / f"lab-{image.digest}"
    disk = config.pool("disks") / f"{name}.qcow2"
    disk.unlink(missing_ok=True)
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", f"{images}-disk.qcow2", "-F", "qcow2", disk])
    # Without a limit each guest's translation cache takes 1 GiB of address space and up to 190 MB more of memory.
    features = "" if found.kvm else "<tcg><tb-cache unit='MiB'>32</tb-cache></tcg>"
    xml = DOMAIN.format(
        kind="kvm" if found.kvm else "qemu",
        name=name,
        memory=image.memory_mib,
        kernel=escape(f"{images}-vmlinuz"),
        initrd=escape(f"{images}-initrd"),
        command_line=escape(image.command_line),
        features=features,
        disk=escape(str(disk)),
    )
    with tempfile.NamedTemporaryFile("w", suffix=".xml", dir=config.directory) as file:
        file.write(xml)
        file.flush()
        zone.virsh(config, "define", file.name)


def guests(config: LabConfig) -> tuple[Guest, ...]:
    """All guests there are, with the address their agent tells, if it answers."""
    names = zone.virsh(config, "list", "--all", "--name").split()
    states = {name: zone.virsh(config, "domstate", name).strip() for name in names}
    return tuple(
        Guest(name, state, address(config, name) if state == "running" else "") for name, state in states.items()
    )


def address(config: LabConfig, name: str) -> str:
    """The guest's IPv4 address as its agent tells it; empty while it does not."""
    # Not the lease table: right after a restart it still holds leases of the guest's life before.
    argv = ["virsh", "-q", "-c", config.uri, "domifaddr", name, "--source", "agent"]
    for line in run_unchecked(argv, timeout=30).stdout.decode().splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == "eth0" and words[2] == "ipv4":
            return words[3].partition("/")[0]
    return ""


def wait_for_guests(config: LabConfig, report: Report, *, timeout: float = BOOT_SECONDS) -> tuple[Guest, ...]:
    """Wait until every guest's agent tells an address and its SSH server greets there."""
    deadline = time.monotonic() + timeout
    up: dict[str, Guest] = {}
    while True:
        for name in config.guests:
            if name not in up and (found := address(config, name)) and _greets(config, found):
                up[name] = Guest(name, "running", found)
                report(f"{name} is up at {found}")
        if len(up) == len(config.guests):
            return tuple(up[name] for name in config.guests)
        if time.monotonic() >= deadline:
            missing = ", ".join(name for name in config.guests if name not in up)
            where = config.directory / "log"
            raise LabError(missing, f"not up after {timeout:g} s", f"read the console logs in {where}")
        time.sleep(0.1)


def _greets(config: LabConfig, address: str) -> bool:
    inside = zone.require(config).enter()
    argv = [*inside, "busybox", "nc", "-w", "2", address, "22"]
    return run_unchecked(argv, timeout=10, input=b"").stdout.startswith(b"SSH-")
