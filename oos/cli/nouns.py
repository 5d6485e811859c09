"""Nouns of the fleet as documents, in the names of the service."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from oos.values.time import format_instant

if TYPE_CHECKING:
    from oos.fleet.instance import Instance
    from oos.fleet.network import Network
    from oos.fleet.storage import Disk, Image, Snapshot


def instance_status(instance: Instance) -> str:
    """Status in the words of ECS, a paused one told apart."""
    return str(instance.power)


def instance_document(instance: Instance) -> dict[str, Any]:
    """An instance."""
    return _document(
        InstanceId=instance.id,
        InstanceName=instance.name,
        Status=instance_status(instance),
        InstanceType=instance.instance_type,
        Cpu=instance.cpu,
        Memory=instance.memory_mib,
        Host=instance.host,
        ZoneId=instance.zone,
        RegionId=instance.region,
        ImageId=instance.image_id,
        HostName=instance.host_name,
        KeyPairName=instance.key_pair,
        Domain=instance.domain,
        Uuid=instance.uuid,
        Description=instance.labels.description,
        ResourceGroupId=instance.labels.resource_group,
        DeletionProtection=instance.labels.deletion_protection,
        HasAgent=instance.has_agent,
        CreationTime=_instant(instance.created),
        StartTime=_instant(instance.started),
        DiskIds=list(instance.disk_ids),
        NetworkInterfaces=[
            {
                "NetworkInterfaceId": each.id,
                "MacAddress": each.mac,
                "Network": each.network,
                "SecurityGroupIds": list(each.security_group_ids),
            }
            for each in instance.interfaces
        ],
        Tags=dict(instance.labels.tags),
    )


def disk_document(disk: Disk) -> dict[str, Any]:
    """A disk."""
    return _document(
        DiskId=disk.id,
        DiskName=disk.name,
        Type=str(disk.kind),
        Size=disk.size_bytes,
        Device=disk.device,
        InstanceId=disk.instance_id,
        SourceSnapshotId=disk.source_snapshot_id,
        Format=disk.format,
        Pool=disk.pool,
        Volume=disk.volume,
        Host=disk.host,
        ZoneId=disk.zone,
        RegionId=disk.region,
        CreationTime=_instant(disk.created),
    )


def snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot."""
    return _document(
        SnapshotId=snapshot.id,
        SnapshotName=snapshot.name,
        Description=snapshot.description,
        Status=str(snapshot.status),
        StatusMessage=snapshot.fault,
        Progress=snapshot.progress,
        SourceDiskId=snapshot.disk_id,
        SourceDiskType=str(snapshot.disk_kind),
        SourceDiskSize=snapshot.source_size_bytes,
        InstanceId=snapshot.instance_id,
        ParentSnapshotId=snapshot.parent_id,
        Consistency=str(snapshot.consistency),
        Verification=str(snapshot.verification),
        StoredBytes=snapshot.stored_bytes,
        RetentionDays=snapshot.retention_days,
        Host=snapshot.host,
        ZoneId=snapshot.zone,
        RegionId=snapshot.region,
        CreationTime=_instant(snapshot.created),
        Tags=dict(snapshot.tags),
    )


def image_document(image: Image) -> dict[str, Any]:
    """An image."""
    return _document(
        ImageId=image.id,
        ImageName=image.name,
        Description=image.description,
        ImageFamily=image.family,
        Status=image.status,
        Size=image.size_bytes,
        OSName=image.os_name,
        OSType=image.os_type,
        Platform=image.platform,
        Architecture=image.architecture,
        Volume=image.volume,
        Host=image.host,
        ZoneId=image.zone,
        RegionId=image.region,
        CreationTime=_instant(image.created),
        Tags=dict(image.tags),
    )


def network_document(network: Network) -> dict[str, Any]:
    """A network: a vSwitch, by its own name."""
    return _document(
        VSwitchId=network.name,
        VSwitchName=network.labels.name,
        Description=network.labels.description,
        Status="Available" if network.is_active else "Inactive",
        CidrBlock=network.cidr,
        Gateway=network.gateway,
        VpcId=network.vpc_id,
        Reservations=dict(network.reservations),
        Host=network.host,
        ZoneId=network.zone,
        RegionId=network.region,
        CreationTime=_instant(network.created),
    )


def _instant(instant: datetime | None) -> str:
    return format_instant(instant) if instant is not None else ""


def _document(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", None, [], {})}
