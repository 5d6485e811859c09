"""Operations that list regions, zones, types and instances."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oos.fleet.errors import FleetError
from oos.fleet.instance import Instance
from oos.service.context import Context
from oos.service.deployment_sets import members
from oos.service.errors import NotFound
from oos.service.guest import addresses_of
from oos.service.paging import EVERYTHING, Paged, page_of
from oos.service.release_times import load_releases
from oos.service.shape import instant, newest_first
from oos_instance import decide, requests, responses
from oos_instance.networking import networking_of
from oos_instance.shapes import instance_shape, region_shape, type_shape, zone_shape

if TYPE_CHECKING:
    from oos.fleet.storage import Image
    from oos.inventory.model import Region


def describe_regions(context: Context, _request: requests.DescribeRegions) -> responses.Regions:
    """List the regions of the inventory."""
    return {"Regions": {"Region": [region_shape(each) for each in context.fleet.inventory.regions]}}


def describe_zones(context: Context, _request: requests.DescribeZones) -> responses.Zones:
    """List the zones of the region."""
    types = sorted(context.fleet.inventory.instance_types.values(), key=lambda each: each.id)
    return {"Zones": {"Zone": [zone_shape(each, types) for each in region_of(context).zones]}}


def region_of(context: Context) -> Region:
    """The region of the call. Raises NotFound."""
    region = context.fleet.inventory.region(context.region)
    if region is None:
        raise NotFound("InvalidRegionId.NotFound", f"The specified region {context.region} does not exist.")
    return region


def describe_instance_types(context: Context, request: requests.DescribeInstanceTypes) -> responses.InstanceTypes:
    """List the instance types of the inventory."""
    found = [
        each
        for each in sorted(context.fleet.inventory.instance_types.values(), key=lambda each: each.id)
        if (request.instance_types is None or each.id in request.instance_types)
        and request.instance_type_family in ("", each.family)
        and (not request.instance_type_families or each.family in request.instance_type_families)
        and request.cpu_architecture in ("", "X86")
        and (not request.cpu_architectures or "X86" in request.cpu_architectures)
        and request.instance_family_level in ("", "EnterpriseLevel")
        and not (request.minimum_gpu_amount or request.minimum_local_storage_amount)
        and (request.minimum_cpu_core_count or 0) <= each.cpu <= (request.maximum_cpu_core_count or each.cpu)
        and (request.minimum_memory_size or 0) * 1024 <= each.memory_mib
        and each.memory_mib <= (request.maximum_memory_size or each.memory_mib) * 1024
    ]
    asked = Paged(max_results=request.max_results or EVERYTHING, next_token=request.next_token)
    page = page_of(found, asked, lambda each: (each.id,), most=EVERYTHING)
    return {
        "InstanceTypes": {"InstanceType": [type_shape(each) for each in page.items]},
        "NextToken": page.fields["NextToken"],
    }


def describe_instances(context: Context, request: requests.DescribeInstances) -> responses.Instances:
    """List instances, adopted domains too, with the addresses that their guests tell."""
    found = decide.selected(context.fleet.instances(context.region), request)
    if request.private_ip_addresses is not None:
        asked = zip(found, addresses_of(context, found), strict=True)
        wanted = frozenset(request.private_ip_addresses)
        found = [each for each, addresses in asked if wanted & {address.address for address in addresses}]
    if request.vpc_id:
        networking = networking_of(context, found)
        found = [each for each in found if networking.vpc_of(each) == request.vpc_id]
    if request.eip_addresses is not None or request.public_ip_addresses is not None:
        networking = networking_of(context, found)
        found = [
            each for each in found if networking.has_one_of(each, request.eip_addresses, request.public_ip_addresses)
        ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    networking = networking_of(context, page.items)
    images, sets = images_of(context, page.items), members(context.registry)
    releases = load_releases(context.registry)
    shapes = [
        networking.networked(
            instance_shape(each, addresses, images.get(each.image_id), sets.get(each.id, ""), releases.get(each.id)),
            each,
        )
        for each, addresses in zip(page.items, addresses_of(context, page.items), strict=True)
    ]
    return {"Instances": {"Instance": shapes}, **page.fields}


def describe_instance_status(context: Context, request: requests.DescribeInstanceStatus) -> responses.InstanceStatuses:
    """List instances with their status alone."""
    found = [
        each
        for each in context.fleet.instances(context.region)
        if (request.instance_id is None or each.id in request.instance_id) and request.zone_id in ("", each.zone)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    return {
        "InstanceStatuses": {
            "InstanceStatus": [{"InstanceId": each.id, "Status": decide.status_of(each.power)} for each in page.items]
        },
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def images_of(context: Context, instances: Sequence[Instance]) -> dict[str, Image]:
    """The images that these instances were made from, as far as they are still there."""
    if not any(each.image_id for each in instances):
        return {}
    try:
        return {each.id: each for each in context.fleet.images(context.region)}
    except FleetError:
        return {}


def describe_instance_attribute(
    context: Context, request: requests.DescribeInstanceAttribute
) -> responses.InstanceAttribute:
    """Tell everything about one instance."""
    instance = context.fleet.of_instance(request.instance_id, context.region)[1]
    shape = instance_shape(instance, addresses_of(context, [instance])[0], None)
    shape = networking_of(context, [instance]).networked(shape, instance)
    attributes: responses.InstanceAttribute = {
        "InstanceId": shape["InstanceId"],
        "InstanceName": shape["InstanceName"],
        "Description": shape["Description"],
        "RegionId": shape["RegionId"],
        "ZoneId": shape["ZoneId"],
        "HostName": shape["HostName"],
        "Status": shape["Status"],
        "StoppedMode": shape["StoppedMode"],
        "Cpu": shape["Cpu"],
        "Memory": shape["Memory"],
        "InstanceType": shape["InstanceType"],
        "ImageId": shape["ImageId"],
        "CreationTime": shape["CreationTime"],
        "ExpiredTime": shape["ExpiredTime"],
        "SerialNumber": shape["SerialNumber"],
        "InstanceChargeType": shape["InstanceChargeType"],
        "InstanceNetworkType": shape["InstanceNetworkType"],
        "InternetMaxBandwidthIn": shape["InternetMaxBandwidthIn"],
        "InternetMaxBandwidthOut": shape["InternetMaxBandwidthOut"],
        "SecurityGroupIds": shape["SecurityGroupIds"],
        "VpcAttributes": shape["VpcAttributes"],
        "PublicIpAddress": shape["PublicIpAddress"],
        "InnerIpAddress": shape["InnerIpAddress"],
        "EipAddress": shape["EipAddress"],
        "OperationLocks": shape["OperationLocks"],
    }
    return attributes


def describe_instance_type_families(
    context: Context, _request: requests.DescribeInstanceTypeFamilies
) -> responses.InstanceTypeFamilies:
    """List the families of the instance types of the inventory."""
    families = sorted({each.family for each in context.fleet.inventory.instance_types.values()})
    return {
        "InstanceTypeFamilies": {
            "InstanceTypeFamily": [{"InstanceTypeFamilyId": each, "Generation": ""} for each in families]
        }
    }


_SYMBOLS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])|[\x00-\x08\x0b-\x1a\x1c-\x1f]")
"""Escape sequences of terminals, and control characters other than tab and newline."""


def get_instance_console_output(
    context: Context, request: requests.GetInstanceConsoleOutput
) -> responses.ConsoleOutput:
    """Show the last output of the serial console, in Base64; empty when the host does not keep it."""
    hypervisor, instance = context.fleet.of_instance(request.instance_id, context.region)
    output = hypervisor.console(instance.id)
    if request.remove_symbols:
        output = _SYMBOLS.sub(b"", output)
    return {
        "InstanceId": instance.id,
        "ConsoleOutput": base64.b64encode(output).decode(),
        "LastUpdateTime": instant(context.now()),
    }
