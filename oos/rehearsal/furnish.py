"""Furnishing: the simulated hosts of a rehearsal, as the case gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from oos.adapters.memory.state import Guest, HostState
from oos.fleet.identity import made_mac, made_uuid
from oos.fleet.instance import Instance, Labels, NetworkInterface, Power
from oos.fleet.storage import Consistency, Disk, DiskKind, Image, Snapshot, SnapshotStatus, Verification
from oos.inventory.load import DEFAULT_INSTANCE_TYPES
from oos.inventory.model import Host, Inventory, Region, Uplink, Zone
from oos.rehearsal.case import Given, GivenDisk, GivenInstance, GivenSnapshot
from oos.values.identifiers import client_token

GIB = 1 << 30
ELASTIC_ADDRESSES = ("203.0.113.0/24",)
"""What AllocateEipAddress gives out; addresses that nobody has (RFC 5737)."""
_LONG_AGO = timedelta(days=30)
"""How long before the beginning the first instance was made; each further one a minute earlier. The newest is listed
first, so that they are listed in the order in which they are given."""


def inventory_of(given: Given) -> Inventory:
    """The inventory of the simulated hosts."""
    hosts = [
        Host(each.name, f"memory:///{each.name}", each.zone, given.region, uplink=Uplink()) for each in given.hosts
    ]
    zones = tuple(
        Zone(zone, given.region, zone, tuple(host for host in hosts if host.zone == zone))
        for zone in dict.fromkeys(host.zone for host in hosts)
    )
    types = {each.id: each for each in DEFAULT_INSTANCE_TYPES}
    return Inventory((Region(given.region, given.region, zones, ELASTIC_ADDRESSES),), types, given.region)


def state_of(given: Given, host: Host) -> HostState:
    """What is on one host when the rehearsal begins."""
    here = [each for each in given.instances if each.host == host.name]
    made = {each.id: given.now - _LONG_AGO - timedelta(minutes=number) for number, each in enumerate(given.instances)}
    disks = {disk.id: (each, disk) for each in here for disk in each.disks}
    loose = [disk for disk in given.disks if disk.host == host.name]
    snapshots = [each for each in given.snapshots if each.disk in disks]
    images = [_image(name, host) for name in given.images]
    state = HostState(
        memory_mib=next(each.memory_mib for each in given.hosts if each.name == host.name),
        networks=list(given.networks),
        instances={each.id: _instance(given, each, host, made[each.id]) for each in here},
        disks={
            **{id: _disk(each, disk, host, made[each.id]) for id, (each, disk) in disks.items()},
            **{disk.id: _loose_disk(disk, host, given.now - _LONG_AGO) for disk in loose},
        },
        snapshots={each.id: _snapshot(each, *disks[each.disk], host, given.now) for each in snapshots},
        images={each.id: each for each in images},
        without_agent=[each.id for each in here if not each.agent],
    )
    for each in here:
        if each.power is not Power.STOPPED:
            state.guests[each.id] = Guest(ready_at=given.now, boot=client_token("boot", each.id)[:32])
    state.files = {
        **{id: _bytes(disk.files) for id, (_, disk) in disks.items()},
        **{disk.id: _bytes(disk.files) for disk in loose},
        **{each.id: _bytes(each.files) for each in snapshots},
        **{each.id: {} for each in images},
    }
    return state


def _bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: content.encode() for path, content in files.items()}


def _instance(given: Given, instance: GivenInstance, host: Host, created: datetime) -> Instance:
    kind = next((each for each in DEFAULT_INSTANCE_TYPES if each.id == instance.type), DEFAULT_INSTANCE_TYPES[0])
    return Instance(
        id=instance.id,
        uuid=made_uuid(instance.id),
        domain=instance.name,
        host=host.name,
        zone=host.zone,
        region=host.region,
        power=instance.power,
        cpu=kind.cpu,
        memory_mib=kind.memory_mib,
        labels=Labels(instance.name, instance.description, instance.tags, instance.protected),
        instance_type=instance.type,
        image_id=instance.image,
        host_name=instance.name,
        created=created,
        started=None if instance.power is Power.STOPPED else given.now - timedelta(days=1),
        interfaces=(NetworkInterface(made_mac(instance.id), given.networks[0]),),
        disk_ids=tuple(disk.id for disk in instance.disks),
        token=client_token("rehearsal", instance.id),
    )


def _disk(instance: GivenInstance, disk: GivenDisk, host: Host, created: datetime) -> Disk:
    number = instance.disks.index(disk)
    return replace(
        _loose_disk(disk, host, created - timedelta(seconds=number)),
        kind=DiskKind.DATA if number else DiskKind.SYSTEM,
        instance_id=instance.id,
        device=disk.device,
        delete_with_instance=True,
    )


def _loose_disk(disk: GivenDisk, host: Host, created: datetime) -> Disk:
    return Disk(
        id=disk.id,
        host=host.name,
        zone=host.zone,
        region=host.region,
        pool=host.pools.disks,
        volume=f"{disk.id}.qcow2",
        size_bytes=disk.size_gib * GIB,
        kind=DiskKind.DATA,
        name=disk.name,
        created=created,
    )


def _snapshot(snapshot: GivenSnapshot, instance: GivenInstance, disk: GivenDisk, host: Host, now: datetime) -> Snapshot:
    done = snapshot.status is SnapshotStatus.ACCOMPLISHED
    return Snapshot(
        id=snapshot.id,
        host=host.name,
        zone=host.zone,
        region=host.region,
        disk_id=disk.id,
        instance_id=instance.id,
        disk_kind=DiskKind.SYSTEM if disk.id == instance.disks[0].id else DiskKind.DATA,
        source_size_bytes=disk.size_gib * GIB,
        created=now - snapshot.age,
        status=snapshot.status,
        progress=100 if done else 0,
        name=snapshot.name,
        tags=snapshot.tags,
        consistency=Consistency.FROZEN,
        verification=Verification.CHECKED if done else Verification.NONE,
        stored_bytes=sum(map(len, snapshot.files.values())),
        token=client_token("rehearsal", snapshot.id),
    )


def _image(name: str, host: Host) -> Image:
    id = f"m-{name}"
    return Image(
        id=id,
        host=host.name,
        zone=host.zone,
        region=host.region,
        volume=f"{id}.qcow2",
        size_bytes=64 << 20,
        name=name,
        os_name="Simulated Linux",
    )
