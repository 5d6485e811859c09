"""The lab's guests: instances like any others, made by the operation that makes instances."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oos.lab import zone
from oos.lab.config import LabConfig
from oos.lab.errors import LabError
from oos.lab.guest import GuestImage, Report
from oos.lab.hosts import hosts_of
from oos.lab.process import run_unchecked

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.fleet.instance import Instance

BOOT_SECONDS = 180.0
"""A guest is up in 4 s on an idle host; ten times as long under load is nothing unusual with TCG."""
REGION = "lab"
ZONE = "lab-a"
INSTANCE_TYPE = "ecs.t1.tiny"

INVENTORY = """\
# The lab in this directory as an inventory: oos --inventory {directory}/inventory.yml fleet list
regions:
  - id: {region}
    local_name: the lab
    # They lead to guests from within the lab's namespaces: "{directory}"/run/enter curl http://203.0.113.1:8080/
    elastic_addresses: [203.0.113.0/28]
    zones:
      - id: {zone}
        local_name: zone a
        hosts:
"""
HOST = """\
          - name: {name}
            uri: {uri}
            pools: {{images: images, disks: disks, snapshots: snapshots}}
            # The hosts share the network of this machine: guests move over its loopback.
            migration: {{address: 'tcp://127.0.0.1'}}
"""
UPLINK = """\
            # Rules of the lab's own network namespace hold elastic addresses, and ways between vSwitches of a VPC.
            uplink: {{device: lo, run: ['{entrance}']}}
"""
"""Hosts that share a namespace would overwrite each other's rules: where there are several, none has it."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A lab guest as it was observed."""

    name: str
    state: str
    address: str = ""
    """Empty while its agent tells none."""
    id: str = ""
    domain: str = ""
    """libvirt's name of it."""


@contextmanager
def opened_app(config: LabConfig) -> Iterator[App]:
    """The app on the lab's fleet."""
    from oos.app.app import App
    from oos.app.settings import Settings

    inventory = config.directory / "inventory.yml"
    hosts = {"lab-1": config.uri, **{each.name: each.uri for each in hosts_of(config)}}
    if not inventory.exists() or any(f"name: {name}\n" not in inventory.read_text() for name in hosts):
        text = INVENTORY.format(directory=config.directory, region=REGION, zone=ZONE)
        text += "".join(HOST.format(name=name, uri=uri) for name, uri in hosts.items())
        inventory.write_text(text if len(hosts) > 1 else text + UPLINK.format(entrance=config.entrance))
    app = App(Settings(state_dir=config.directory / "state", inventory=inventory, lab_dir=config.directory))
    try:
        yield app
    finally:
        app.close()


# the image


def publish(config: LabConfig, image: GuestImage) -> str:
    """Put the image with its manifest into the pool of images; its id."""
    from oos.fleet.manifest import ImageManifest, encode_manifest, manifest_name
    from oos.fleet.storage import DirectBoot
    from oos.values.identifiers import resource_id
    from oos.values.time import format_instant

    id = resource_id("m", image.digest)
    pool = config.pool("images")
    if any(pool.glob(f"{id}.*.json")):
        return id
    built = datetime.fromtimestamp(image.disk.stat().st_mtime, UTC)
    names = {path: f"lab-{image.digest}-{path.name}" for path in (image.disk, image.kernel, image.initrd)}
    manifest = ImageManifest(
        id=id,
        volume=names[image.disk],
        created=format_instant(built),
        name="tiny",
        description="busybox, dropbear, guest agent and HTTP on 8080; made by oos lab up",
        family="lab",
        os_name="oos lab guest",
        boot=DirectBoot(names[image.kernel], names[image.initrd], image.command_line),
    )
    for source, name in names.items():
        with _placed(pool / name) as new:
            shutil.copyfile(source, new)
    # The manifest comes last: an image that has one is whole.
    with _placed(pool / manifest_name(id, int(built.timestamp()))) as new:
        new.write_bytes(encode_manifest(manifest))
    zone.virsh(config, "pool-refresh", "images")
    return id


@contextmanager
def _placed(target: Path) -> Iterator[Path]:
    """A file to fill, which then appears at its place whole."""
    with tempfile.TemporaryDirectory(dir=target.parent.parent, prefix=".new-") as scratch:
        new = Path(scratch) / target.name
        yield new
        new.chmod(0o644)
        new.rename(target)


# the guests


def start_guests(config: LabConfig, app: App, image_id: str, report: Report) -> None:
    """Every guest of the lab is there and runs; what is there already is not made anew, even of another image."""
    from oos.fleet.instance import Power
    from oos.values.identifiers import client_token

    there = {each.name: each for each in app.fleet.instances(REGION)}
    for name in config.guests:
        found = there.get(name)
        if found is None:
            report(f"making {name}")
            request = {
                "ImageId": image_id,
                "InstanceType": INSTANCE_TYPE,
                "InstanceName": name,
                "HostName": name,
                "ZoneId": ZONE,
                "Tag": [{"Key": "role", "Value": name.rpartition("-")[0] or name}],
            }
            _invoke(app, "RunInstances", request, client_token("lab", str(config.host_uuid), name))
        elif found.power is not Power.RUNNING:
            _start(app, found, report)


def _start(app: App, instance: Instance, report: Report) -> None:
    from oos.values.identifiers import client_token

    report(f"starting {instance.name}")
    _invoke(app, "StartInstance", {"InstanceId": instance.id}, client_token("lab-start", instance.id))


def _invoke(app: App, name: str, parameters: dict[str, Any], token: str) -> None:
    """Call one operation of ECS. The lab keeps no record: it is gone before anybody would read it."""
    from oos.service.call import invoke
    from oos.service.context import Context
    from oos.service.registry import MemoryRegistry

    operation = app.catalog.operation("ECS", name)
    assert operation is not None, f"no module offers ECS.{name}"
    invoke(operation, parameters, Context(fleet=app.fleet, registry=MemoryRegistry(), region=REGION, token=token))


def guests(config: LabConfig, app: App) -> tuple[Guest, ...]:
    """All instances of the lab, with the address that their agents tell."""
    return tuple(_observed(config, app, each) for each in app.fleet.instances(REGION))


def _observed(config: LabConfig, app: App, instance: Instance) -> Guest:
    from oos.fleet.instance import Power

    address = _address(config, app, instance) if instance.power is Power.RUNNING else ""
    return Guest(instance.name, str(instance.power), address, instance.id, instance.domain)


def _address(config: LabConfig, app: App, instance: Instance) -> str:
    """The guest's address in the lab's network, from its agent; empty while it does not tell.

    Not from the table of leases: right after a restart that still holds the leases of the guest's life before.
    """
    from oos.fleet.errors import AgentFailed, AgentUnavailable

    hypervisor, _ = app.fleet.of_instance(instance.id, REGION)
    try:
        hypervisor.guest_info(instance.id)
        told = [each.address for each in hypervisor.addresses(instance.id)]
    except (AgentUnavailable, AgentFailed):
        return ""
    return next((each for each in told if ":" not in each and IPv4Address(each) in config.subnet), "")


def wait_for_guests(config: LabConfig, app: App, report: Report, *, timeout: float = BOOT_SECONDS) -> tuple[Guest, ...]:
    """Wait until every guest's agent tells an address, and its SSH server greets there.

    A guest that died just before it was looked at may still have counted as running; so whatever turns out to be off is
    started, once.
    """
    from oos.fleet.instance import Power

    deadline = time.monotonic() + timeout
    up: dict[str, Guest] = {}
    started: set[str] = set()
    while len(up) < len(config.guests):
        for instance in app.fleet.instances(REGION):
            if instance.name in config.guests and instance.name not in up:
                if instance.power is Power.STOPPED and instance.name not in started:
                    started.add(instance.name)
                    _start(app, instance, report)
                guest = _observed(config, app, instance)
                if guest.address and _greets(config, guest.address):
                    up[guest.name] = guest
                    report(f"{guest.name} is up at {guest.address}")
        if time.monotonic() >= deadline:
            missing = ", ".join(name for name in config.guests if name not in up)
            raise LabError(missing, f"not up after {timeout:g} s", "oos lab status, then oos lab down and up")
        time.sleep(0.1)
    return tuple(up[name] for name in config.guests)


def _greets(config: LabConfig, address: str) -> bool:
    inside = zone.require(config).enter()
    argv = [*inside, "busybox", "nc", "-w", "2", address, "22"]
    return run_unchecked(argv, timeout=10, input=b"").stdout.startswith(b"SSH-")
