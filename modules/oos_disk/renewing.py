"""Operations that give disks other content: that of a snapshot, of an image, or none."""

from __future__ import annotations

from oos.fleet.errors import ImageAbsent, SnapshotAbsent
from oos.fleet.storage import DiskKind, SystemDiskSpec
from oos.service.context import Context
from oos.service.deletion import intend_deletion, intended_deletions
from oos.service.disk_settings import forget_disk, settings_of
from oos.service.errors import InvalidParameter, Refused, Unavailable
from oos.service.guest_login import told_login
from oos.service.shape import GIB
from oos.values.identifiers import resource_id
from oos_disk import decide, requests, responses


def reset_disk(context: Context, request: requests.ResetDisk) -> responses.Nothing:
    """Give a disk of a stopped instance the content of one of its snapshots."""
    hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    snapshot = context.fleet.of_snapshot(request.snapshot_id, context.region)[1]
    instance = hypervisor.instance(disk.instance_id) if disk.instance_id else None
    decide.require_resettable(disk, snapshot, instance)
    hypervisor.restore_disk(disk.id, snapshot.id, context.token)
    now = hypervisor.disk(disk.id)
    if now.source_snapshot_id != snapshot.id:
        was = now.source_snapshot_id or "no snapshot"
        raise Unavailable(f"The disk {disk.id} was reset to {snapshot.id}, yet it comes from {was}.")
    return {}


def re_init_disk(context: Context, request: requests.ReInitDisk) -> responses.Nothing:
    """Give a disk of a stopped instance what it began with: its image, its snapshot, or nothing."""
    hypervisor, disk = context.fleet.of_disk(request.disk_id, context.region)
    if not disk.instance_id:
        raise Refused("IncorrectDiskStatus", f"The disk {disk.id} is attached to nothing; attach it first.")
    instance = hypervisor.instance(disk.instance_id)
    decide.require_stopped(instance, disk)
    asked = bool(request.key_pair_name or (request.password is not None and request.password.reveal()))
    if asked and disk.kind is not DiskKind.SYSTEM:
        raise InvalidParameter("DiskId", f"The disk {disk.id} is no system disk: nobody logs in to it.")
    if asked or (disk.kind is DiskKind.SYSTEM and instance.token):
        login = told_login(context, request.key_pair_name, request.password, noted=instance.key_pair)
        hypervisor.tell_guest(instance.id, login)
    origin = settings_of(context.registry, disk.id).origin
    try:
        if disk.kind is DiskKind.SYSTEM:
            if not instance.image_id:
                raise decide.lost_origin(disk, "nobody knows the image that it was made from")
            hypervisor.renew_disk(disk.id, instance.image_id, context.token)
        elif origin:
            decide.require_usable(hypervisor.snapshot(origin))
            hypervisor.restore_disk(disk.id, origin, context.token)
        else:
            hypervisor.renew_disk(disk.id, "", context.token)
    except (ImageAbsent, SnapshotAbsent) as absent:
        raise decide.lost_origin(disk, f"{absent.id}, which it was made from, is gone") from absent
    if request.auto_start_instance:
        hypervisor.start(instance.id)
    return {}


def replace_system_disk(context: Context, request: requests.ReplaceSystemDisk) -> responses.MadeDisk:
    """Put a new disk from an image in the place of a stopped instance's system disk, which is deleted."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    context.fleet.of_image(request.image_id, context.region)
    try:
        image = hypervisor.image(request.image_id)
    except ImageAbsent as absent:
        raise decide.elsewhere(f"The image {request.image_id}", "another host", instance) from absent
    size = request.system_disk.size * GIB if request.system_disk.size else None
    decide.require_large_enough(image, size)
    login = told_login(
        context, request.key_pair_name, request.password, inherit=request.password_inherit, noted=instance.key_pair
    )
    spec = SystemDiskSpec(resource_id("d", context.token), image.id, size, context.now())
    if instance.disk_ids[:1] != (spec.id,):
        decide.require_replaceable(instance)
        intend_deletion(context, instance.disk_ids[0])
        asked = request.key_pair_name or request.password_inherit or login.password_hash
        if asked or instance.token:
            # Before the disk is there: it counts at its first start, and after a crash in between is told again.
            hypervisor.tell_guest(instance.id, login)
    disk = hypervisor.replace_system_disk(instance.id, spec)
    now = hypervisor.instance(instance.id)
    if now.disk_ids[:1] != (disk.id,) or now.image_id != image.id:
        raise Unavailable(f"The system disk of {instance.id} was replaced by {disk.id}, yet it starts from another.")
    for old in intended_deletions(context):
        forget_disk(context.registry, hypervisor, old)
    return {"DiskId": disk.id}
