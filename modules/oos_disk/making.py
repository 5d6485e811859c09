"""Operations that make disks, attach and detach them, let them grow, and delete them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oos.fleet.errors import DiskAbsent
from oos.fleet.storage import DiskLabels, DiskSpec
from oos.service.context import Context
from oos.service.deletion import intend_deletion, intended_deletions, was_deletion_intended
from oos.service.disk_settings import change_settings, forget_disk
from oos.service.errors import InvalidParameter, MissingParameter, NotFound, Refused, Unavailable
from oos.service.host_loads import open_hosts
from oos.service.shape import GIB
from oos.service.tags import set_tags, tags_from
from oos.values.identifiers import resource_id
from oos_disk import decide, requests, responses

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor


def create_disk(context: Context, request: requests.CreateDisk) -> responses.MadeDisk:
    """Make a disk, empty or from a snapshot; with an instance named, it is attached to that."""
    tags = tags_from(request.tag)
    id = resource_id("d", context.token)
    hypervisor, size = _place_and_size(context, request, id)
    spec = DiskSpec(
        id=id,
        size_bytes=size,
        snapshot_id=request.snapshot_id,
        labels=DiskLabels(request.disk_name, request.description),
        created=context.now(),
    )
    set_tags(context.registry, id, tags)
    if request.snapshot_id:
        change_settings(context.registry, id, origin=request.snapshot_id)
    disk = hypervisor.make_disk(spec)
    if request.instance_id:
        disk = hypervisor.attach_disk(disk.id, request.instance_id)
    if disk.size_bytes < size:
        raise Unavailable(f"The disk {disk.id} was made, yet it has {disk.size_bytes} bytes, not {size}.")
    return {"DiskId": disk.id}


def _place_and_size(context: Context, request: requests.CreateDisk, id: str) -> tuple[Hypervisor, int]:
    """On which host the disk is made, and how large it is."""
    wanted = (request.size or 0) * GIB
    if request.snapshot_id:
        hypervisor, snapshot = context.fleet.of_snapshot(request.snapshot_id, context.region)
        decide.require_usable(snapshot)
        if request.size and wanted < snapshot.source_size_bytes:
            message = f"The size {request.size} GiB is less than that of the snapshot {snapshot.id}."
            raise InvalidParameter("Size", message, code="InvalidDiskSize.TooSmall")
        _require_there(context, request, hypervisor)
        return hypervisor, max(wanted, snapshot.source_size_bytes)
    if not request.size:
        raise MissingParameter("Size")
    if request.instance_id:
        hypervisor = context.fleet.of_instance(request.instance_id, context.region)[0]
        _require_there(context, request, hypervisor)
        return hypervisor, wanted
    if not request.zone_id:
        raise MissingParameter("ZoneId")
    try:
        # Where it was made already, whatever room there is meanwhile.
        return context.fleet.of_disk(id, context.region)[0], wanted
    except DiskAbsent:
        return _roomiest(context, request.zone_id), wanted


def _require_there(context: Context, request: requests.CreateDisk, hypervisor: Hypervisor) -> None:
    """Raise unless the host lies in the zone and has the instance that are named."""
    host = hypervisor.host
    if request.zone_id and request.zone_id != host.zone:
        message = f"What is named lies in the zone {host.zone}, not in {request.zone_id}."
        raise InvalidParameter("ZoneId", message, code="ResourcesNotInSameZone")
    if request.instance_id:
        home, instance = context.fleet.of_instance(request.instance_id, context.region)
        if home.host != host:
            raise decide.elsewhere(f"The snapshot {request.snapshot_id}", host.name, instance)


def _roomiest(context: Context, zone: str) -> Hypervisor:
    """The host of a zone with the fewest disks that are attached to nothing."""
    hosts = open_hosts(context, zone)
    if not hosts:
        raise NotFound("InvalidZoneId.NotFound", f"The specified zone {zone} does not exist.")
    if len(hosts) > 1:
        loose = [each.host for each in context.fleet.disks(context.region) if not each.instance_id]
        hosts = tuple(sorted(hosts, key=lambda each: (loose.count(each.name), each.name)))
    return context.fleet.hypervisor(hosts[0])


def attach_disk(context: Context, request: requests.AttachDisk) -> responses.Nothing:
    """Attach a disk to a running or stopped instance; the guest finds it by its serial, the digits of its id."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    at, disk = context.fleet.of_disk(request.disk_id, context.region)
    decide.require_attachable(disk, instance)
    if at.host != hypervisor.host:
        # It is empty: another one of its id is made there, and this one goes.
        intend_deletion(context, f"{at.host.name}/{disk.id}")
        disk = hypervisor.make_disk(DiskSpec(disk.id, disk.size_bytes, labels=disk.labels, created=disk.created))
    _delete_where_it_was(context)
    if disk.delete_with_instance != request.delete_with_instance:
        labels = replace(disk.labels, delete_with_instance=request.delete_with_instance)
        hypervisor.label_disk(disk.id, labels)
    now = hypervisor.attach_disk(disk.id, instance.id)
    if now.instance_id != instance.id:
        raise Unavailable(f"The disk {disk.id} was attached to {instance.id}, yet it is {decide.status_of(now)}.")
    return {}


def _delete_where_it_was(context: Context) -> None:
    """End what was begun, maybe by a call that died: the empty disk on the host where it was first."""
    intended = set(intended_deletions(context))
    for host in context.fleet.hosts(context.region) if intended else ():
        for place in intended:
            name, _, id = place.partition("/")
            if name == host.name:
                context.fleet.hypervisor(host).delete_disk(id)


def detach_disk(context: Context, request: requests.DetachDisk) -> responses.Nothing:
    """Take a data disk from its instance, when the guest has let go of it; one attached to nothing is left alone."""
    hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    home, instance = context.fleet.of_instance(request.instance_id, context.region)
    decide.require_detachable(disk, instance)
    now = hypervisor.detach_disk(disk.id, instance.id) if home.host == hypervisor.host else disk
    if now.instance_id:
        raise Unavailable(f"The disk {disk.id} was detached from {instance.id}, yet {now.instance_id} has it.")
    if request.delete_with_instance is not None:
        hypervisor.label_disk(now.id, replace(now.labels, delete_with_instance=request.delete_with_instance))
    return {}


def resize_disk(context: Context, request: requests.ResizeDisk) -> responses.Nothing:
    """Let a disk grow, under a running guest too; its partitions and file systems are left to the guest."""
    hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    wanted = request.new_size * GIB
    decide.require_growing(disk, wanted)
    now = hypervisor.resize_disk(disk.id, wanted)
    if now.size_bytes != wanted:
        raise Unavailable(f"The disk {disk.id} was resized to {wanted} bytes, yet it has {now.size_bytes}.")
    return {}


def delete_disk(context: Context, request: requests.DeleteDisk) -> responses.Nothing:
    """Delete a disk that is attached to nothing; its snapshots stay, unless it is set otherwise."""
    try:
        hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    except DiskAbsent:
        if not was_deletion_intended(context, request.disk_id):
            raise
        for host in context.fleet.hosts(context.region):
            # What was to go with it, where the first call died before that.
            forget_disk(context.registry, context.fleet.hypervisor(host), request.disk_id)
        return {}
    if disk.instance_id:
        message = f"The disk {disk.id} is attached to {disk.instance_id}; detach it first."
        raise Refused("IncorrectDiskStatus", message)
    intend_deletion(context, disk.id)
    hypervisor.delete_disk(disk.id)
    try:
        now = hypervisor.disk(disk.id)
    except DiskAbsent:
        forget_disk(context.registry, hypervisor, disk.id)
        return {}
    raise Unavailable(f"The disk {disk.id} was deleted, yet it is {decide.status_of(now)}.")


def modify_disk_attribute(context: Context, request: requests.ModifyDiskAttribute) -> responses.Nothing:
    """Change what is written on disks: name, description, whether they and their automatic snapshots go with others."""
    ids = (*((request.disk_id,) if request.disk_id else ()), *request.disk_ids)
    if not ids:
        raise MissingParameter("DiskId")
    found = [context.fleet.of_disk(id, context.region) for id in ids]
    for hypervisor, disk in found:
        labels = decide.labels_after(disk.labels, request)
        if labels != disk.labels and hypervisor.label_disk(disk.id, labels).labels != labels:
            raise Unavailable(f"The disk {disk.id} was changed, yet it is as it was.")
        settings = {
            name: value
            for name, value in (
                ("enable_auto_snapshot", request.enable_auto_snapshot),
                ("delete_auto_snapshot", request.delete_auto_snapshot),
            )
            if value is not None
        }
        if settings:
            change_settings(context.registry, disk.id, **settings)
    return {}


def modify_disk_spec(context: Context, request: requests.ModifyDiskSpec) -> responses.Nothing:
    """Change the category of a disk; only to the one there is."""
    context.fleet.of_disk(request.disk_id, context.region)
    decide.require_known_category(request.disk_category)
    return {}


def modify_disk_charge_type(context: Context, request: requests.ModifyDiskChargeType) -> responses.Order:
    """Have disks paid for by use, as they are; in advance is refused."""
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    for id in request.disk_ids:
        disk = context.fleet.of_disk(id, context.region)[1]
        decide.require_of(disk, instance)
    decide.require_postpaid(request.disk_charge_type)
    return {"OrderId": ""}
