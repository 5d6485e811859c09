"""Choices: the values that a parameter may have here and now, as a form would offer them (spec 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from oos.service.call import invoke_all_pages
from oos.service.context import Context
from oos.service.errors import ApiError
from oos.template.model import Parameter
from oos.template.selector import compile_selector
from oos.values.json import Value


@dataclass(frozen=True, slots=True)
class Offer:
    """Which operation lists the values of a kind of parameter, and where they are in its response."""

    service: str
    operation: str
    selector: str


OFFERS: Final[Mapping[str, Offer]] = {
    "regionid": Offer("ECS", "DescribeRegions", "Regions.Region[].RegionId"),
    "aliyun::ecs::regionid": Offer("ECS", "DescribeRegions", "Regions.Region[].RegionId"),
    "aliyun::ecs::zoneid": Offer("ECS", "DescribeZones", "Zones.Zone[].ZoneId"),
    "aliyun::ecs::instance::zoneid": Offer("ECS", "DescribeZones", "Zones.Zone[].ZoneId"),
    "aliyun::ecs::instance::instanceid": Offer("ECS", "DescribeInstances", "Instances.Instance[].InstanceId"),
    "aliyun::ecs::instance::instancetype": Offer(
        "ECS", "DescribeInstanceTypes", "InstanceTypes.InstanceType[].InstanceTypeId"
    ),
    "aliyun::ecs::image::imageid": Offer("ECS", "DescribeImages", "Images.Image[].ImageId"),
    "aliyun::ecs::instance::imageid": Offer("ECS", "DescribeImages", "Images.Image[].ImageId"),
    "aliyun::ecs::disk::diskid": Offer("ECS", "DescribeDisks", "Disks.Disk[].DiskId"),
    "aliyun::ecs::snapshot::snapshotid": Offer("ECS", "DescribeSnapshots", "Snapshots.Snapshot[].SnapshotId"),
    "aliyun::ecs::securitygroup::securitygroupid": Offer(
        "ECS", "DescribeSecurityGroups", "SecurityGroups.SecurityGroup[].SecurityGroupId"
    ),
    "aliyun::ecs::keypair::keypairname": Offer("ECS", "DescribeKeyPairs", "KeyPairs.KeyPair[].KeyPairName"),
    "aliyun::vpc::vswitch::vswitchid": Offer("VPC", "DescribeVSwitches", "VSwitches.VSwitch[].VSwitchId"),
    "aliyun::ecs::command::commandid": Offer("ECS", "DescribeCommands", "Commands.Command[].CommandId"),
    "templatename": Offer("OOS", "ListTemplates", "Templates[].TemplateName"),
}
"""By association property."""


def constraint_of(context: Context, parameter: Parameter, chosen: Mapping[str, Value]) -> dict[str, Any]:
    """What a parameter may be: by its template, or by what there is in the region that was chosen for it."""
    constraint: dict[str, Any] = {"Type": parameter.type, "AssociationProperty": parameter.association_property or ""}
    if parameter.allowed_values is not None:
        constraint["AllowedValues"] = list(parameter.allowed_values)
        return constraint
    offer = OFFERS.get((parameter.association_property or "").casefold())
    if offer is None:
        return constraint
    operation = context.orchestration.catalog.operation(offer.service, offer.operation)
    if operation is None:
        return constraint
    region = _region(parameter, chosen) or context.region
    try:
        response = invoke_all_pages(operation, {"RegionId": region}, context)
    except ApiError as error:
        constraint["Behavior"], constraint["BehaviorReason"] = "QueryError", error.message
        return constraint
    constraint["AllowedValues"] = compile_selector(offer.selector).all(response)
    return constraint


def _region(parameter: Parameter, chosen: Mapping[str, Value]) -> str:
    """The region in which its values are looked for: its metadata names a region, or the parameter with one."""
    metadata = parameter.association_property_metadata
    named = str(metadata.get("RegionId", "")) if isinstance(metadata, dict) else ""
    name = named.removeprefix("${").removesuffix("}")
    return str(chosen.get(name) or "")
