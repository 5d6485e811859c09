"""Domains that were there before: adopted, and never rewritten beyond what is asked."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from oos.adapters.libvirt.connection import libvirt
from oos.fleet.errors import HypervisorFailed, InstanceAbsent
from oos.fleet.identity import adopted_disk_id
from oos.fleet.instance import Labels, StopMethod
from oos.fleet.storage import Consistency, DiskKind
from oos.values.identifiers import instance_id
from tests.fleet.real_world import RealWorld
from tests.fleet.world import fresh_token

pytestmark = pytest.mark.real

LEGACY = """\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>legacy-{uuid}</name>
  <uuid>{uuid}</uuid>
  <metadata><app:note xmlns:app='urn:app:1'>of <app:bold>somebody</app:bold> else</app:note></metadata>
  <memory unit='MiB'>96</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type><kernel>{kernel}</kernel><initrd>{initrd}</initrd>
    <cmdline>{command_line}</cmdline></os>
  <features><acpi/><apic/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features>
  <cpu mode='maximum' check='none'/>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='{format}' cache='writeback'/><source file='{disk}'/>
      <target dev='vda' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='pty'/>
  </devices>
  <qemu:commandline><qemu:arg value='-name'/><qemu:arg value='guest=legacy,debug-threads=on'/></qemu:commandline>
</domain>
"""


@dataclass
class Legacy:
    """A domain of somebody else."""

    id: str
    uuid: str
    disk: Path


@pytest.fixture(params=["odd name.qcow2", "raw.img", "elsewhere.qcow2"])
def legacy(lab_world: RealWorld, request: pytest.FixtureRequest) -> Iterator[Legacy]:
    world, name = lab_world, request.param
    folder = world.zone.directory if name.startswith("elsewhere") else world.zone.pool("disks")
    path = folder / name
    image = world.hypervisor.image(world.image_id)
    assert image.boot is not None
    format = "raw" if name.endswith(".img") else "qcow2"
    subprocess.run(
        ["qemu-img", "convert", "-O", format, world.zone.pool("images") / image.volume, path], check=True, timeout=60
    )
    world.libvirt._disk_pool.refresh()
    id = str(uuid.uuid4())
    xml = LEGACY.format(
        uuid=id,
        disk=path,
        format=format,
        kernel=world.zone.pool("images") / image.boot.kernel,
        initrd=world.zone.pool("images") / image.boot.initrd,
        command_line=image.boot.command_line,
    )
    world.libvirt._connection.call("legacy", "defining it", lambda conn: conn.defineXML(xml))
    yield Legacy(instance_id(id), id, path)
    with contextlib.suppress(InstanceAbsent):
        world.hypervisor.stop(instance_id(id), StopMethod.POWER_OFF)
    for snapshot in world.hypervisor.snapshots():
        if snapshot.instance_id == instance_id(id):
            world.hypervisor.delete_snapshot(snapshot.id)
    for disk in world.hypervisor.disks():
        if disk.instance_id == instance_id(id) and disk.pool:
            world.libvirt._disk_pool.delete(disk.volume)
    world.hypervisor.remove_instance(instance_id(id))
    path.unlink(missing_ok=True)


def definition(world: RealWorld, instance_id: str) -> str:
    """What libvirt keeps of a domain."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE
    return str(world.libvirt._ask(instance_id, "looking", lambda domain: domain.XMLDesc(flags)))


def without_note(xml: str) -> str:
    """The XML without what is ours in it, in one way of writing it."""
    root = ElementTree.fromstring(xml)
    metadata = root.find("metadata")
    assert metadata is not None
    for note in metadata.findall("{urn:oos:instance:1}instance"):
        metadata.remove(note)
    for element in root.iter():
        element.tail = None
        if element.text is not None and not element.text.strip():
            element.text = None
    return ElementTree.canonicalize(ElementTree.tostring(root))


def test_an_adopted_disk_has_an_id_that_stays(lab_world: RealWorld, legacy: Legacy) -> None:
    (disk,) = (each for each in lab_world.hypervisor.disks() if each.instance_id == legacy.id)
    assert disk.id == adopted_disk_id(legacy.uuid, str(legacy.disk))
    assert (disk.kind, disk.device, disk.size_bytes) == (DiskKind.SYSTEM, "vda", 128 << 20)
    assert lab_world.hypervisor.disk(disk.id) == disk
    assert disk.pool == ("" if legacy.disk.name.startswith("elsewhere") else "disks")


def test_labels_are_all_that_changes(lab_world: RealWorld, legacy: Legacy) -> None:
    before = definition(lab_world, legacy.id)
    lab_world.hypervisor.label(legacy.id, Labels(name="adopted", tags={"a": "b"}))
    assert without_note(definition(lab_world, legacy.id)) == without_note(before)


def test_an_adopted_disk_is_snapshot_and_restored(lab_world: RealWorld, legacy: Legacy) -> None:
    world, hypervisor = lab_world, lab_world.hypervisor
    (disk_id,) = hypervisor.instance(legacy.id).disk_ids
    world.run(legacy.id)
    before = definition(world, legacy.id)
    world.write(legacy.id, "file", b"old")
    first = world.snapshot(disk_id)
    world.write(legacy.id, "file", b"newer")
    second = world.snapshot(disk_id)
    assert first.consistency is Consistency.FROZEN
    # A raw file has no room for the bitmap that an increment needs.
    assert second.parent_id == ("" if legacy.disk.suffix == ".img" else first.id)
    hypervisor.stop(legacy.id, StopMethod.POWER_OFF)
    restored = hypervisor.restore_disk(disk_id, first.id, fresh_token())
    assert (restored.id, restored.format, restored.pool) == (disk_id, "qcow2", "disks")
    assert legacy.disk.exists() == legacy.disk.name.startswith("elsewhere")
    world.run(legacy.id)
    assert world.read(legacy.id, "file") == b"old"
    after = definition(world, legacy.id)
    path = str(world.zone.pool("disks") / restored.volume)
    expected = before.replace(str(legacy.disk), path).replace("type='raw' cache", "type='qcow2' cache")
    assert without_note(after) == without_note(expected)
    third = world.snapshot(disk_id)
    assert third.parent_id == ""
    assert world.snapshot(disk_id).parent_id == third.id


def test_a_stopped_disk_outside_the_pools_is_refused_with_a_reason(lab_world: RealWorld, legacy: Legacy) -> None:
    (disk_id,) = lab_world.hypervisor.instance(legacy.id).disk_ids
    if legacy.disk.name.startswith("elsewhere"):
        with pytest.raises(HypervisorFailed, match="no storage pool"):
            lab_world.snapshot(disk_id)
    else:
        assert lab_world.snapshot(disk_id).consistency is Consistency.STOPPED


def test_removing_an_adopted_instance_keeps_its_disks(lab_world: RealWorld, legacy: Legacy) -> None:
    lab_world.hypervisor.remove_instance(legacy.id)
    assert legacy.disk.exists()
    loose = [disk for disk in lab_world.hypervisor.disks() if disk.volume == legacy.disk.name]
    assert [disk.instance_id for disk in loose] == ([] if legacy.disk.name.startswith("elsewhere") else [""])


def test_a_volume_that_nobody_uses_is_a_disk(lab_world: RealWorld) -> None:
    hypervisor = lab_world.libvirt
    before = hypervisor.disks()
    hypervisor._disk_pool.create("d-0123456789abcdef0123.qcow2", 1 << 20)
    hypervisor._disk_pool.create("spare.img", 1 << 20, format="raw")
    loose = [disk for disk in hypervisor.disks() if disk not in before]
    assert sorted((disk.volume, disk.instance_id, disk.size_bytes) for disk in loose) == [
        ("d-0123456789abcdef0123.qcow2", "", 1 << 20),
        ("spare.img", "", 1 << 20),
    ]
    assert "d-0123456789abcdef0123" in {disk.id for disk in loose}
    for disk in loose:
        assert hypervisor.disk(disk.id) == disk
        snapshot = lab_world.snapshot(disk.id)
        assert (snapshot.consistency, snapshot.instance_id) == (Consistency.STOPPED, "")
        hypervisor.delete_snapshot(snapshot.id)
        hypervisor._disk_pool.delete(disk.volume)
    assert hypervisor.disks() == before


@pytest.mark.parametrize("legacy", ["raw.img"], indirect=True)
def test_a_volume_of_somebody_else_comes_and_goes_as_a_disk_whose_id_stays(
    lab_world: RealWorld, legacy: Legacy
) -> None:
    world, name = lab_world, "foreign data.img"
    world.libvirt._disk_pool.create(name, 8 << 20, format="raw")
    before = without_note(definition(world, legacy.id))
    (loose,) = [each for each in world.hypervisor.disks() if each.volume == name]
    disk = world.hypervisor.attach_disk(loose.id, legacy.id)
    assert (disk.id, disk.device, disk.format, disk.volume) == (loose.id, "vdb", "raw", name)
    assert world.hypervisor.instance(legacy.id).disk_ids[1:] == (loose.id,)
    assert world.hypervisor.resize_disk(disk.id, 16 << 20).size_bytes == 16 << 20
    free = world.hypervisor.detach_disk(disk.id, legacy.id)
    assert (free.id, free.volume, free.instance_id) == (loose.id, name, "")
    assert without_note(definition(world, legacy.id)) == before
    world.hypervisor.delete_disk(free.id)
    assert name not in world.libvirt._disk_pool.names()
