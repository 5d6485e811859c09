"""The lab as one thing: up, down, status, and ways in."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from subprocess import CompletedProcess

from oos.lab import guests as guest_fleet
from oos.lab import zone
from oos.lab.acceleration import acceleration
from oos.lab.config import ELASTIC, LabConfig
from oos.lab.errors import CommandFailed
from oos.lab.guest import Keys, Report, build
from oos.lab.guests import Guest
from oos.lab.hosts import raise_hosts
from oos.lab.locking import locked
from oos.lab.process import run_unchecked

COMMAND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class LabStatus:
    """What there is of a lab."""

    uri: str
    zone: bool
    """Whether its namespaces live."""
    libvirtd: bool
    """Whether its libvirtd answers."""
    guests: tuple[Guest, ...] = ()


def up(config: LabConfig, report: Report) -> LabStatus:
    """Raise the lab, or mend it: what lives stays, what is missing is made. Returns when every guest can be used."""
    zone.refuse_foreign(config)
    with locked(config.directory / "lab.lock") as lock:
        image = build(config.cache, report)
        found = acceleration(config.cache, image)
        report(f"acceleration: {'KVM' if found.kvm else 'TCG'} ({found.reason})")
        raised = zone.raise_zone(config, lock, kvm=found.kvm, report=report)
        raise_hosts(config, raised, report)
        _write_ssh_files(config, image.keys)
        image_id = guest_fleet.publish(config, image)
        with guest_fleet.opened_app(config) as app:
            guest_fleet.start_guests(config, app, image_id, report)
            return LabStatus(config.uri, True, True, guest_fleet.wait_for_guests(config, app, report))


def down(config: LabConfig, report: Report) -> None:
    """End the lab and delete all of it, its cache excepted. A lab that is not there is down already."""
    if not zone.is_anything_left(config):
        return
    with locked(config.directory / "lab.lock"):
        zone.end_zone(config, report)
        zone.remove(config)


def status(config: LabConfig) -> LabStatus:
    """Look at the lab without touching it."""
    if zone.find(config) is None:
        return LabStatus(config.uri, False, False)
    if not zone.answers(config):
        return LabStatus(config.uri, True, False)
    with guest_fleet.opened_app(config) as app:
        return LabStatus(config.uri, True, True, guest_fleet.guests(config, app))


def run_in_zone(
    config: LabConfig, argv: Sequence[str], *, input: bytes | None = None, timeout: float = COMMAND_SECONDS
) -> CompletedProcess[bytes]:
    """Run a program inside the lab's namespaces: there the guests' addresses can be reached."""
    return run_unchecked([*zone.require(config).enter(), *argv], input=input, timeout=timeout)


def ssh(config: LabConfig, address: str, command: str, *, timeout: float = COMMAND_SECONDS) -> str:
    """What a shell command said in a guest. Raises `CommandFailed` if it failed there, or SSH did."""
    argv = ["ssh", "-F", str(config.directory / "ssh/config"), f"root@{address}", command]
    done = run_unchecked(argv, timeout=timeout)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise CommandFailed(f"ssh root@{address} {shlex.quote(command)}", f"exit {done.returncode}: {said}")
    return done.stdout.decode(errors="replace")


SSH_CONFIG = """\
# Reaches the lab's guests from outside its namespaces: ssh -F {here}/config root@ADDRESS
Host {pattern}
  User root
  IdentityFile {key}
  IdentitiesOnly yes
  BatchMode yes
  UserKnownHostsFile {here}/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  HostKeyAlias oos-lab-guest
  LogLevel ERROR
  ProxyCommand nsenter --target={pid} --mount --net --pid -- busybox nc %h %p
"""


def _write_ssh_files(config: LabConfig, keys: Keys) -> None:
    """An ssh_config(5) by which any SSH client gets to the guests, and the host key by which it knows them."""
    home = config.directory / "ssh"
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "known_hosts").write_text(f"oos-lab-guest {keys.host_public}\n")
    pattern = " ".join(f"{str(each.network_address).rpartition('.')[0]}.*" for each in (config.subnet, ELASTIC))
    pid = zone.require(config).init.pid
    (home / "config").write_text(SSH_CONFIG.format(here=home, pattern=pattern, key=keys.private, pid=pid))
