"""Shapes: instances and what they are made of, as ECS describes them. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from oos.fleet.instance import GuestAddress, Instance, NetworkInterface
from oos.fleet.storage import Image
from oos.inventory.model import InstanceType, Region, Zone
from oos.service.filtering import tag_shapes
from oos.service.release_times import Release
from oos.service.shape import minute
from oos_instance.decide import NEVER, family_of, status_of
from oos_instance.responses import InstanceShape, InterfaceShape, RegionShape, TypeShape, ZoneShape


def instance_shape(
    instance: Instance,
    addresses: Sequence[GuestAddress],
    image: Image | None,
    deployment_set: str = "",
    release: Release | None = None,
) -> InstanceShape:
    """One instance of DescribeInstances."""
    stopped = status_of(instance.power) == "Stopped"
    groups = dict.fromkeys(group for card in instance.interfaces for group in card.security_group_ids)
    return {
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "Description": instance.labels.description,
        "RegionId": instance.region,
        "ZoneId": instance.zone,
        "HostName": instance.host_name,
        "Status": status_of(instance.power),
        "StoppedMode": "KeepCharging" if stopped else "Not-applicable",
        "Cpu": instance.cpu,
        "Memory": instance.memory_mib,
        "InstanceType": instance.instance_type,
        "InstanceTypeFamily": family_of(instance.instance_type),
        "ImageId": instance.image_id,
        "OSName": image.os_name if image else "",
        "OSNameEn": image.os_name if image else "",
        "OSType": image.os_type if image else "linux",
        "CreationTime": minute(instance.created),
        "StartTime": minute(instance.started),
        "ExpiredTime": NEVER,
        "AutoReleaseTime": minute(release.at if release else None),
        "KeyPairName": instance.key_pair,
        "SerialNumber": instance.uuid,
        "ResourceGroupId": instance.labels.resource_group,
        "DeploymentSetId": deployment_set,
        "DedicatedHostAttribute": {"DedicatedHostId": instance.host, "DedicatedHostName": instance.host},
        "DeletionProtection": instance.labels.deletion_protection,
        "InstanceChargeType": "PostPaid",
        "InstanceNetworkType": "vpc",
        "InternetMaxBandwidthIn": 0,
        "InternetMaxBandwidthOut": 0,
        "IoOptimized": True,
        "DeviceAvailable": True,
        "SpotStrategy": "NoSpot",
        "NetworkInterfaces": {
            "NetworkInterface": [
                interface_shape(card, addresses, primary=number == 0) for number, card in enumerate(instance.interfaces)
            ]
        },
        "SecurityGroupIds": {"SecurityGroupId": list(groups)},
        "VpcAttributes": {
            "VpcId": "",
            "VSwitchId": instance.interfaces[0].network if instance.interfaces else "",
            "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": _of(instance.interfaces[0], addresses, 4) if instance.interfaces else []},
        },
        "PublicIpAddress": {"IpAddress": []},
        "InnerIpAddress": {"IpAddress": []},
        "EipAddress": {"AllocationId": "", "IpAddress": "", "InternetChargeType": ""},
        "OperationLocks": {"LockReason": []},
        "Tags": tag_shapes(instance.labels.tags),
    }


def interface_shape(card: NetworkInterface, addresses: Sequence[GuestAddress], *, primary: bool) -> InterfaceShape:
    """One network card of an instance."""
    private = _of(card, addresses, 4)
    return {
        "NetworkInterfaceId": card.id,
        "MacAddress": card.mac,
        "PrimaryIpAddress": private[0] if private else "",
        "Type": "Primary" if primary else "Secondary",
        "PrivateIpSets": {
            "PrivateIpSet": [{"PrivateIpAddress": each, "Primary": each == private[0]} for each in private]
        },
        "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": each} for each in _of(card, addresses, 6)]},
    }


def _of(card: NetworkInterface, addresses: Sequence[GuestAddress], version: int) -> list[str]:
    return [
        each.address
        for each in addresses
        if each.mac.casefold() == card.mac.casefold() and _is_shown(each.address, version)
    ]


def _is_shown(address: str, version: int) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.version == version and not parsed.is_link_local


def region_shape(region: Region) -> RegionShape:
    """One region of DescribeRegions."""
    return {"RegionId": region.id, "LocalName": region.local_name, "RegionEndpoint": "", "Status": "available"}


def zone_shape(zone: Zone, types: Sequence[InstanceType]) -> ZoneShape:
    """One zone of DescribeZones."""
    return {
        "ZoneId": zone.id,
        "LocalName": zone.local_name,
        "ZoneType": "AvailabilityZone",
        "AvailableInstanceTypes": {"InstanceTypes": [each.id for each in types]},
        "AvailableResourceCreation": {"ResourceTypes": ["Instance"]},
        "AvailableDiskCategories": {"DiskCategories": ["cloud"]},
    }


def type_shape(type: InstanceType) -> TypeShape:
    """One type of DescribeInstanceTypes."""
    return {
        "InstanceTypeId": type.id,
        "InstanceTypeFamily": type.family,
        "CpuCoreCount": type.cpu,
        "CpuArchitecture": "X86",
        "MemorySize": type.memory_mib / 1024,
        "GPUAmount": 0,
    }
