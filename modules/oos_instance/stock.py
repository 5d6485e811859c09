"""Operations that tell what could be made where, and what an account has: from the inventory and the fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from oos.service.context import Context
from oos.service.errors import InvalidParameter, NotFound, Unsupported
from oos.service.paging import page_of
from oos_instance import requests, responses
from oos_instance.describe import region_of

if TYPE_CHECKING:
    from oos.inventory.model import InstanceType, Zone

_DISKS: Final = ("cloud",)
"""Categories of disks: a hypervisor has one kind."""


def describe_available_resource(
    context: Context, request: requests.DescribeAvailableResource
) -> responses.AvailableZones:
    """Tell which instance types, disks and networks the zones have; a zone whose hosts are all away has no stock."""
    zones = [each for each in region_of(context).zones if request.zone_id in ("", each.id)]
    if request.zone_id and not zones:
        raise NotFound("InvalidZoneId.NotFound", f"The specified zone {request.zone_id} does not exist.")
    values = _values(context, request)
    return {"AvailableZones": {"AvailableZone": [_zone(each, request.destination_resource, values) for each in zones]}}


def _zone(zone: Zone, kind: str, values: Sequence[responses.SupportedResource]) -> responses.AvailableZone:
    there = any(not host.maintenance for host in zone.hosts)
    status, category = ("Available", "WithStock") if there else ("SoldOut", "WithoutStock")
    supported: list[responses.SupportedResource] = [
        {**each, "Status": status, "StatusCategory": category} for each in values
    ]
    return {
        "RegionId": zone.region,
        "ZoneId": zone.id,
        "Status": status,
        "StatusCategory": category,
        "AvailableResources": {
            "AvailableResource": [{"Type": kind, "SupportedResources": {"SupportedResource": supported}}]
            if supported and kind != "Zone"
            else []
        },
    }


def _values(context: Context, request: requests.DescribeAvailableResource) -> list[responses.SupportedResource]:
    """What there is of the wanted kind, whatever the zone."""
    if request.instance_charge_type not in ("", "PostPaid") or request.network_category not in ("", "vpc"):
        return []
    match request.destination_resource:
        case "InstanceType":
            return [_value(each.id) for each in _types(context, request)]
        case "IoOptimized":
            return [_value("optimized")]
        case "Network":
            return [_value("vpc")]
        case "SystemDisk" | "DataDisk":
            return [{**_value(each), "Min": 1, "Max": 32768, "Unit": "GiB"} for each in _DISKS]
        case _:
            return []


def _value(value: str) -> responses.SupportedResource:
    return {"Value": value, "Status": "Available", "StatusCategory": "WithStock"}


def _types(context: Context, request: requests.DescribeAvailableResource) -> list[InstanceType]:
    return [
        each
        for each in sorted(context.fleet.inventory.instance_types.values(), key=lambda each: each.id)
        if request.instance_type in ("", each.id)
        and request.cores in (None, each.cpu)
        and (request.memory is None or round(request.memory * 1024) == each.memory_mib)
    ]


# the account


def describe_account_attributes(
    context: Context, request: requests.DescribeAccountAttributes
) -> responses.AccountAttributes:
    """Tell what the account may use and uses. There are no quotas, so those that are asked for have no value."""
    known: Mapping[str, Callable[[], list[str]]] = {
        "instance-network-type": lambda: ["vpc"],
        "supported-postpaid-instance-types": lambda: sorted(context.fleet.inventory.instance_types),
        "used-postpaid-instance-vcpu-count": lambda: [
            str(sum(each.cpu for each in context.fleet.instances(context.region)))
        ],
        "used-spot-instance-vcpu-count": lambda: ["0"],
    }
    wanted = request.attribute_name or tuple(known)
    return {
        "AccountAttributeItems": {
            "AccountAttributeItem": [
                {
                    "AttributeName": name,
                    "AttributeValues": {"ValueItem": [{"Value": each} for each in known.get(name, list)()]},
                }
                for name in wanted
            ]
        }
    }


# roles


def attach_instance_ram_role(context: Context, request: requests.AttachInstanceRamRole) -> responses.AttachedRoles:
    """Refused: a role gives a guest credentials of the cloud, and there is nobody here to issue them."""
    _require_there(context, request.instance_ids)
    raise Unsupported(f"The role {request.ram_role_name} cannot be attached: a hypervisor issues no credentials.")


def detach_instance_ram_role(context: Context, request: requests.DetachInstanceRamRole) -> responses.DetachedRoles:
    """Take roles from instances. None ever has one, so each is told to be without."""
    _require_there(context, request.instance_ids)
    return {
        "RamRoleName": request.ram_role_name,
        "TotalCount": len(request.instance_ids),
        "FailCount": len(request.instance_ids),
        "DetachInstanceRamRoleResults": {
            "DetachInstanceRamRoleResult": [
                {
                    "InstanceId": each,
                    "Success": False,
                    "Code": "InvalidRamRole.NotAttached",
                    "Message": f"The instance {each} has no role.",
                    "InstanceRamRoleSets": {"InstanceRamRoleSet": []},
                }
                for each in request.instance_ids
            ]
        },
    }


def describe_instance_ram_role(context: Context, request: requests.DescribeInstanceRamRole) -> responses.Roles:
    """List instances with their roles: none has one."""
    if not request.instance_ids and not request.ram_role_name:
        raise InvalidParameter("InstanceIds", "InstanceIds or RamRoleName must be given.")
    _require_there(context, request.instance_ids or ())
    shown = () if request.ram_role_name else request.instance_ids or ()
    page = page_of(shown, request, lambda each: (each,))
    return {
        "RegionId": context.region,
        "TotalCount": page.fields["TotalCount"],
        "InstanceRamRoleSets": {"InstanceRamRoleSet": [{"InstanceId": each, "RamRoleName": ""} for each in page.items]},
    }


def _require_there(context: Context, ids: Sequence[str]) -> None:
    there = {each.id for each in context.fleet.instances(context.region)}
    for id in ids:
        if id not in there:
            raise NotFound("InvalidInstanceId.NotFound", f"The specified instance {id} does not exist.")
