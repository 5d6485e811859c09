"""Elastic addresses: allocated, associated, limited together, single ports led on; carried out on the hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from oos.service.actions import actions_beside
from oos.service.context import Context
from oos.service.narrowing import narrowed
from oos.service.operation import Effect, Module, Operation, Risk
from oos_eip import (
    forward_requests,
    forwarding,
    operations,
    package_requests,
    packages,
    protection,
    requests,
    responses,
)

_PAID = ("ActivityId", "AutoPay", "InstanceChargeType", "Netmode", "Period", "PricingCycle", "Zone")


def _change(
    service: str,
    name: str,
    request: type,
    handle: Callable[[Context, Any], Mapping[str, Any]],
    response: type = responses.Nothing,
    *,
    ignores: tuple[str, ...] = (),
    refuses: tuple[str, ...] = (),
) -> Operation:
    """An operation that changes something; its name tells whether it destroys, and whether a person is asked."""
    destroys = name.startswith("Delete")
    return Operation(
        service,
        name,
        request,
        response,
        handle,
        effect=Effect.DESTROYS if destroys else Effect.CHANGES,
        risk=Risk.HIGH if name.startswith(("DeleteC", "DeleteN", "DeleteF", "Release", "Remove")) else Risk.NORMAL,
        ignores=ignores,
        refuses=refuses,
    )


ADDRESSES = (
    _change(
        "VPC",
        "AllocateEipAddress",
        requests.AllocateEipAddress,
        operations.allocate_eip_address,
        responses.EipAllocated,
        ignores=_PAID,
        refuses=("InstanceId", "PublicIpAddressPoolId", "SecurityProtectionTypes"),
    ),
    _change(
        "ECS",
        "AllocateEipAddress",
        requests.EcsAllocateEipAddress,
        narrowed(operations.allocate_eip_address, requests.AllocateEipAddress, responses.EcsEipAllocated),
        responses.EcsEipAllocated,
        ignores=("ActivityId",),
    ),
    Operation(
        "VPC",
        "DescribeEipAddresses",
        requests.DescribeEipAddresses,
        responses.Eips,
        operations.describe_eip_addresses,
        list_field="EipAddresses.EipAddress",
        ignores=("IncludeReservationData",),
    ),
    Operation(
        "ECS",
        "DescribeEipAddresses",
        requests.EcsDescribeEipAddresses,
        responses.EcsEips,
        narrowed(operations.describe_eip_addresses, requests.DescribeEipAddresses, responses.EcsEips),
        list_field="EipAddresses.EipAddress",
    ),
    _change(
        "VPC",
        "AssociateEipAddress",
        requests.AssociateEipAddress,
        operations.associate_eip_address,
    ),
    _change(
        "ECS",
        "AssociateEipAddress",
        requests.EcsAssociateEipAddress,
        narrowed(operations.associate_eip_address, requests.AssociateEipAddress, responses.Nothing),
    ),
    _change(
        "VPC",
        "UnassociateEipAddress",
        requests.UnassociateEipAddress,
        operations.unassociate_eip_address,
        ignores=("PrivateIpAddress",),
    ),
    _change(
        "ECS",
        "UnassociateEipAddress",
        requests.EcsUnassociateEipAddress,
        narrowed(operations.unassociate_eip_address, requests.UnassociateEipAddress, responses.Nothing),
    ),
    *(
        _change(service, "ReleaseEipAddress", requests.ReleaseEipAddress, operations.release_eip_address)
        for service in ("VPC", "ECS")
    ),
    _change(
        "VPC",
        "ModifyEipAddressAttribute",
        requests.ModifyEipAddressAttribute,
        operations.modify_eip_address_attribute,
    ),
    _change(
        "ECS",
        "ModifyEipAddressAttribute",
        requests.EcsModifyEipAddressAttribute,
        narrowed(operations.modify_eip_address_attribute, requests.ModifyEipAddressAttribute, responses.Nothing),
    ),
    _change(
        "ECS",
        "AllocatePublicIpAddress",
        requests.AllocatePublicIpAddress,
        operations.allocate_public_ip_address,
        responses.PublicAddress,
        ignores=("VlanId",),
    ),
    _change(
        "ECS", "ConvertNatPublicIpToEip", requests.ConvertNatPublicIpToEip, operations.convert_nat_public_ip_to_eip
    ),
    _change("VPC", "DeletionProtection", requests.DeletionProtection, protection.deletion_protection),
)

PACKAGES = (
    _change(
        "VPC",
        "CreateCommonBandwidthPackage",
        package_requests.CreateCommonBandwidthPackage,
        packages.create_common_bandwidth_package,
        responses.PackageCreated,
        ignores=("Zone",),
        refuses=("SecurityProtectionTypes",),
    ),
    Operation(
        "VPC",
        "DescribeCommonBandwidthPackages",
        package_requests.DescribeCommonBandwidthPackages,
        responses.Packages,
        packages.describe_common_bandwidth_packages,
        list_field="CommonBandwidthPackages.CommonBandwidthPackage",
        ignores=("IncludeReservationData",),
        refuses=("SecurityProtectionEnabled",),
    ),
    _change(
        "VPC",
        "DeleteCommonBandwidthPackage",
        package_requests.DeleteCommonBandwidthPackage,
        packages.delete_common_bandwidth_package,
    ),
    _change(
        "VPC",
        "ModifyCommonBandwidthPackageAttribute",
        package_requests.ModifyCommonBandwidthPackageAttribute,
        packages.modify_common_bandwidth_package_attribute,
    ),
    _change(
        "VPC",
        "ModifyCommonBandwidthPackageSpec",
        package_requests.ModifyCommonBandwidthPackageSpec,
        packages.modify_common_bandwidth_package_spec,
    ),
    _change(
        "VPC",
        "AddCommonBandwidthPackageIp",
        package_requests.AddCommonBandwidthPackageIp,
        packages.add_common_bandwidth_package_ip,
    ),
    _change(
        "VPC",
        "AddCommonBandwidthPackageIps",
        package_requests.AddCommonBandwidthPackageIps,
        packages.add_common_bandwidth_package_ips,
    ),
    _change(
        "VPC",
        "RemoveCommonBandwidthPackageIp",
        package_requests.RemoveCommonBandwidthPackageIp,
        packages.remove_common_bandwidth_package_ip,
    ),
)

FORWARDING = (
    _change(
        "VPC",
        "CreateNatGateway",
        forward_requests.CreateNatGateway,
        forwarding.create_nat_gateway,
        responses.GatewayCreated,
        ignores=(
            "AutoPay",
            "AvailabilityMode",
            "Duration",
            "EipBindMode",
            "InstanceChargeType",
            "InternetChargeType",
            "NatType",
            "PricingCycle",
            "Spec",
            "VSwitchId",
        ),
        refuses=(
            "AccessMode*",
            "IcmpReplyEnabled",
            "Ipv4Prefix",
            "NatIp",
            "PrivateLinkEnabled",
            "SecurityProtectionEnabled",
        ),
    ),
    Operation(
        "VPC",
        "DescribeNatGateways",
        forward_requests.DescribeNatGateways,
        responses.Gateways,
        forwarding.describe_nat_gateways,
        list_field="NatGateways.NatGateway",
        ignores=("AvailabilityMode", "InstanceChargeType", "NatType", "NetworkType", "Spec"),
        refuses=("ZoneId",),
    ),
    Operation(
        "ECS",
        "DescribeNatGateways",
        forward_requests.EcsDescribeNatGateways,
        responses.EcsGateways,
        narrowed(forwarding.describe_nat_gateways, forward_requests.DescribeNatGateways, responses.EcsGateways),
        list_field="NatGateways.NatGateway",
    ),
    _change(
        "ECS",
        "CreateNatGateway",
        forward_requests.EcsCreateNatGateway,
        narrowed(forwarding.create_nat_gateway, forward_requests.CreateNatGateway, responses.GatewayCreated),
        responses.GatewayCreated,
        refuses=("BandwidthPackage*",),
    ),
    _change("VPC", "DeleteNatGateway", forward_requests.DeleteNatGateway, forwarding.delete_nat_gateway),
    _change(
        "ECS",
        "DeleteNatGateway",
        forward_requests.EcsDeleteNatGateway,
        narrowed(forwarding.delete_nat_gateway, forward_requests.DeleteNatGateway, responses.Nothing),
    ),
    _change(
        "VPC",
        "CreateForwardEntry",
        forward_requests.CreateForwardEntry,
        forwarding.create_forward_entry,
        responses.ForwardEntryCreated,
        ignores=("PortBreak",),
    ),
    _change(
        "ECS",
        "CreateForwardEntry",
        forward_requests.EcsCreateForwardEntry,
        narrowed(forwarding.create_forward_entry, forward_requests.CreateForwardEntry, responses.ForwardEntryCreated),
        responses.ForwardEntryCreated,
    ),
    Operation(
        "VPC",
        "DescribeForwardTableEntries",
        forward_requests.DescribeForwardTableEntries,
        responses.ForwardEntries,
        forwarding.describe_forward_table_entries,
        list_field="ForwardTableEntries.ForwardTableEntry",
    ),
    Operation(
        "ECS",
        "DescribeForwardTableEntries",
        forward_requests.EcsDescribeForwardTableEntries,
        responses.EcsForwardEntries,
        narrowed(
            forwarding.describe_forward_table_entries,
            forward_requests.DescribeForwardTableEntries,
            responses.EcsForwardEntries,
        ),
        list_field="ForwardTableEntries.ForwardTableEntry",
    ),
    _change(
        "VPC",
        "ModifyForwardEntry",
        forward_requests.ModifyForwardEntry,
        forwarding.modify_forward_entry,
        ignores=("PortBreak",),
    ),
    _change(
        "ECS",
        "ModifyForwardEntry",
        forward_requests.EcsModifyForwardEntry,
        narrowed(forwarding.modify_forward_entry, forward_requests.ModifyForwardEntry, responses.Nothing),
    ),
    *(
        _change(service, "DeleteForwardEntry", forward_requests.DeleteForwardEntry, forwarding.delete_forward_entry)
        for service in ("VPC", "ECS")
    ),
)

MODULE = Module("eip", (*ADDRESSES, *PACKAGES, *FORWARDING), actions_beside(__file__))
