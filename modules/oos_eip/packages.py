"""Operations on bandwidth packages: limits that several elastic addresses share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from oos.service.address_translation import carry_out
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.elastic_addresses import BANDWIDTH_PACKAGES, ELASTIC_ADDRESSES, BandwidthPackage, ElasticAddress
from oos.service.errors import NotFound, Refused
from oos.service.filtering import has_tags, is_wanted, matches_name
from oos.service.paging import page_of
from oos.service.shape import instant, newest_first
from oos.service.tags import forget_tags, set_tags, tags_from
from oos.values.identifiers import resource_id
from oos_eip import decide, package_requests, responses
from oos_eip.operations import tags_of_all


def require(packages: Iterable[BandwidthPackage], id: str) -> BandwidthPackage:
    """The package with this id. Raises NotFound."""
    for each in packages:
        if each.id == id:
            return each
    raise NotFound("InvalidBandwidthPackageId.NotFound", f"The specified bandwidth package {id} does not exist.")


def _package(context: Context, id: str) -> BandwidthPackage:
    return require(BANDWIDTH_PACKAGES.of_region(context.registry, context.region), id)


def _members(context: Context, id: str) -> list[ElasticAddress]:
    return [each for each in ELASTIC_ADDRESSES.of_region(context.registry, context.region) if each.package_id == id]


def _hosts(addresses: Iterable[ElasticAddress]) -> list[str]:
    return [each.holder.host for each in addresses if each.holder is not None]


def create_common_bandwidth_package(
    context: Context, request: package_requests.CreateCommonBandwidthPackage
) -> responses.PackageCreated:
    """Make a bandwidth package: a limit that elastic addresses share, on each host that holds some of them."""
    tags = tags_from(request.tag)
    id = resource_id("cbwp", context.token)
    known = [each for each in BANDWIDTH_PACKAGES.of_region(context.registry, context.region) if each.id == id]
    if not known:
        package = BandwidthPackage(
            id=id,
            region=context.region,
            bandwidth=request.bandwidth,
            created=context.now(),
            token=context.token,
            name=request.name,
            description=request.description,
            charge_type=request.internet_charge_type,
            isp=request.isp,
            ratio=request.ratio,
            resource_group=request.resource_group_id,
        )
        set_tags(context.registry, id, tags)
        BANDWIDTH_PACKAGES.keep(context.registry, package)
    return {"BandwidthPackageId": id, "ResourceGroupId": request.resource_group_id}


def describe_common_bandwidth_packages(
    context: Context, request: package_requests.DescribeCommonBandwidthPackages
) -> responses.Packages:
    """List bandwidth packages."""
    tags, addresses = tags_of_all(context), ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    found = [
        each
        for each in BANDWIDTH_PACKAGES.of_region(context.registry, context.region)
        if (request.bandwidth_package_id is None or each.id in request.bandwidth_package_id)
        and matches_name(each.name, request.name)
        and is_wanted(each.resource_group, request.resource_group_id)
        and has_tags(tags.get(each.id, {}), request.tag)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [_shape(each, addresses, decide.plain_tags(tags.get(each.id, {}))) for each in page.items]
    return {
        "CommonBandwidthPackages": {"CommonBandwidthPackage": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _shape(
    package: BandwidthPackage, addresses: Sequence[ElasticAddress], tags: responses.PlainTags
) -> responses.PackageShape:
    inside: list[responses.PackageAddress] = [
        {"AllocationId": each.id, "IpAddress": each.address, "BandwidthPackageIpRelationStatus": "BINDED"}
        for each in addresses
        if each.package_id == package.id
    ]
    return {
        "BandwidthPackageId": package.id,
        "Name": package.name,
        "Description": package.description,
        "RegionId": package.region,
        "Bandwidth": str(package.bandwidth),
        "Status": "Available",
        "BusinessStatus": "Normal",
        "CreationTime": instant(package.created),
        "InstanceChargeType": "PostPaid",
        "InternetChargeType": package.charge_type,
        "ISP": package.isp,
        "Ratio": package.ratio,
        "ResourceGroupId": package.resource_group,
        "DeletionProtection": package.is_protected,
        "PublicIpAddresses": {"PublicIpAddresse": inside},
        "Tags": tags,
    }


def delete_common_bandwidth_package(
    context: Context, request: package_requests.DeleteCommonBandwidthPackage
) -> responses.Nothing:
    """Delete a bandwidth package."""
    id = request.bandwidth_package_id
    packages = BANDWIDTH_PACKAGES.of_region(context.registry, context.region)
    if all(each.id != id for each in packages) and was_deletion_intended(context, id):
        return {}
    package = require(packages, id)
    decide.require_unprotected(f"The bandwidth package {id}", is_protected=package.is_protected)
    hosts = _hosts(_members(context, id))
    if was_deletion_intended(context, id):
        # It runs again: those that left the package before may not have been told to their hosts.
        hosts = _hosts(ELASTIC_ADDRESSES.of_region(context.registry, context.region))
    inside = _members(context, id)
    if inside and not request.force:
        message = f"The address {inside[0].address} is in the bandwidth package {id}; remove it first."
        raise Refused("OperationDenied.BandwidthPackageInUse", message)
    intend_deletion(context, id)
    for each in inside:
        ELASTIC_ADDRESSES.keep(context.registry, replace(each, package_id=""))
    carry_out(context, hosts)
    BANDWIDTH_PACKAGES.forget(context.registry, package)
    forget_tags(context.registry, id)
    return {}


def modify_common_bandwidth_package_attribute(
    context: Context, request: package_requests.ModifyCommonBandwidthPackageAttribute
) -> responses.Nothing:
    """Give a bandwidth package another name or description."""
    package = _package(context, request.bandwidth_package_id)
    name = package.name if request.name is None else request.name
    description = package.description if request.description is None else request.description
    BANDWIDTH_PACKAGES.keep(context.registry, replace(package, name=name, description=description))
    return {}


def modify_common_bandwidth_package_spec(
    context: Context, request: package_requests.ModifyCommonBandwidthPackageSpec
) -> responses.Nothing:
    """Change what the addresses of a bandwidth package may carry together."""
    package = _package(context, request.bandwidth_package_id)
    BANDWIDTH_PACKAGES.keep(context.registry, replace(package, bandwidth=request.bandwidth))
    carry_out(context, _hosts(_members(context, package.id)))
    return {}


def add_common_bandwidth_package_ip(
    context: Context, request: package_requests.AddCommonBandwidthPackageIp
) -> responses.Nothing:
    """Add an elastic address to a bandwidth package."""
    _add(context, request.bandwidth_package_id, (request.ip_instance_id,))
    return {}


def add_common_bandwidth_package_ips(
    context: Context, request: package_requests.AddCommonBandwidthPackageIps
) -> responses.Nothing:
    """Add elastic addresses to a bandwidth package; none if one of them cannot be."""
    _add(context, request.bandwidth_package_id, request.ip_instance_ids)
    return {}


def _add(context: Context, id: str, ids: Sequence[str]) -> None:
    package = _package(context, id)
    addresses = ELASTIC_ADDRESSES.of_region(context.registry, context.region)
    added = [decide.require(addresses, each) for each in ids]
    for each in added:
        if each.package_id not in ("", package.id):
            message = f"The address {each.address} is in the bandwidth package {each.package_id} already."
            raise Refused("OperationDenied.EipInBandwidthPackage", message)
    for each in added:
        ELASTIC_ADDRESSES.keep(context.registry, replace(each, package_id=package.id))
    carry_out(context, _hosts(added))


def remove_common_bandwidth_package_ip(
    context: Context, request: package_requests.RemoveCommonBandwidthPackageIp
) -> responses.Nothing:
    """Take an elastic address out of a bandwidth package; it has its own limit again."""
    package = _package(context, request.bandwidth_package_id)
    address = decide.require(ELASTIC_ADDRESSES.of_region(context.registry, context.region), request.ip_instance_id)
    intent = f"remove/{package.id}/{address.id}"
    if address.package_id != package.id:
        if was_deletion_intended(context, intent):
            carry_out(context, _hosts([address]))
            return {}
        message = f"The address {address.address} is not in the bandwidth package {package.id}."
        raise Refused("OperationDenied.EipNotInBandwidthPackage", message)
    intend_deletion(context, intent)
    ELASTIC_ADDRESSES.keep(context.registry, replace(address, package_id=""))
    carry_out(context, _hosts([address]))
    return {}
