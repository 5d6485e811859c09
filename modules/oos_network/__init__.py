"""Networks: VPCs, vSwitches, network interfaces, and the first card of an instance."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.narrowing import narrowed
from oos.service.operation import Effect, Module, Operation, Risk
from oos.service.tag_shapes import TagResourcesListed
from oos_network import operations, requests, responses, tagging, vpc_operations, vpc_requests, vpc_responses
from oos_network.vpc_responses import Nothing

_IPV6_VPC = ("EnableIpv6", "Ipv6CidrBlock", "Ipv6CidrMask", "Ipv6IpamPoolId", "Ipv6Isp")
_IPV6_SWITCH = ("Ipv6CidrBlock", "Ipv6CidrMask", "VpcIpv6CidrBlock")

VPCS = (
    Operation(
        "VPC",
        "CreateVpc",
        vpc_requests.CreateVpc,
        vpc_responses.VpcCreated,
        vpc_operations.create_vpc,
        effect=Effect.CHANGES,
        refuses=(*_IPV6_VPC, "EnableDnsHostname", "Ipv4CidrMask", "Ipv4IpamPoolId", "UserCidr"),
    ),
    Operation(
        "ECS",
        "CreateVpc",
        vpc_requests.EcsCreateVpc,
        vpc_responses.EcsVpcCreated,
        narrowed(vpc_operations.create_vpc, vpc_requests.CreateVpc, vpc_responses.EcsVpcCreated),
        effect=Effect.CHANGES,
        refuses=("UserCidr",),
    ),
    Operation(
        "VPC",
        "DescribeVpcs",
        vpc_requests.DescribeVpcs,
        vpc_responses.Vpcs,
        vpc_operations.describe_vpcs,
        list_field="Vpcs.Vpc",
    ),
    Operation(
        "ECS",
        "DescribeVpcs",
        vpc_requests.EcsDescribeVpcs,
        vpc_responses.EcsVpcs,
        narrowed(vpc_operations.describe_vpcs, vpc_requests.DescribeVpcs, vpc_responses.EcsVpcs),
        list_field="Vpcs.Vpc",
    ),
    Operation(
        "VPC",
        "DescribeVpcAttribute",
        vpc_requests.DescribeVpcAttribute,
        vpc_responses.VpcAttribute,
        vpc_operations.describe_vpc_attribute,
        ignores=("IsDefault",),
    ),
    Operation(
        "VPC",
        "ModifyVpcAttribute",
        vpc_requests.ModifyVpcAttribute,
        vpc_responses.Nothing,
        vpc_operations.modify_vpc_attribute,
        effect=Effect.CHANGES,
        refuses=("EnableDnsHostname", "EnableIPv6", "Ipv6CidrBlock", "Ipv6Isp"),
    ),
    Operation(
        "ECS",
        "ModifyVpcAttribute",
        vpc_requests.ModifyVpcAttribute,
        vpc_responses.Nothing,
        vpc_operations.modify_vpc_attribute,
        effect=Effect.CHANGES,
        refuses=("UserCidr",),
    ),
    *(
        Operation(
            service,
            "DeleteVpc",
            vpc_requests.DeleteVpc,
            vpc_responses.Nothing,
            vpc_operations.delete_vpc,
            effect=Effect.DESTROYS,
            risk=Risk.HIGH,
            ignores=("ForceDelete",) if service == "VPC" else (),
        )
        for service in ("VPC", "ECS")
    ),
)

V_SWITCHES = (
    Operation(
        "VPC",
        "CreateVSwitch",
        vpc_requests.CreateVSwitch,
        vpc_responses.VSwitchCreated,
        vpc_operations.create_v_switch,
        effect=Effect.CHANGES,
        refuses=(*_IPV6_SWITCH, "CidrMask"),
    ),
    Operation(
        "ECS",
        "CreateVSwitch",
        vpc_requests.EcsCreateVSwitch,
        vpc_responses.VSwitchCreated,
        narrowed(vpc_operations.create_v_switch, vpc_requests.CreateVSwitch, vpc_responses.VSwitchCreated),
        effect=Effect.CHANGES,
    ),
    Operation(
        "VPC",
        "DescribeVSwitches",
        vpc_requests.DescribeVSwitches,
        vpc_responses.VSwitches,
        vpc_operations.describe_v_switches,
        list_field="VSwitches.VSwitch",
    ),
    Operation(
        "ECS",
        "DescribeVSwitches",
        vpc_requests.EcsDescribeVSwitches,
        vpc_responses.EcsVSwitches,
        narrowed(vpc_operations.describe_v_switches, vpc_requests.DescribeVSwitches, vpc_responses.EcsVSwitches),
        list_field="VSwitches.VSwitch",
    ),
    Operation(
        "VPC",
        "DescribeVSwitchAttributes",
        vpc_requests.DescribeVSwitchAttributes,
        vpc_responses.VSwitchShape,
        vpc_operations.describe_v_switch_attributes,
    ),
    *(
        Operation(
            service,
            "ModifyVSwitchAttribute",
            vpc_requests.ModifyVSwitchAttribute,
            vpc_responses.Nothing,
            vpc_operations.modify_v_switch_attribute,
            effect=Effect.CHANGES,
            refuses=("EnableIPv6", *_IPV6_SWITCH) if service == "VPC" else (),
        )
        for service in ("VPC", "ECS")
    ),
    *(
        Operation(
            service,
            "DeleteVSwitch",
            vpc_requests.DeleteVSwitch,
            vpc_responses.Nothing,
            vpc_operations.delete_v_switch,
            effect=Effect.DESTROYS,
            risk=Risk.HIGH,
        )
        for service in ("VPC", "ECS")
    ),
)

_QUEUES = ("QueueNumber", "RxQueueSize", "TxQueueSize")
_TRAFFIC = ("ConnectionTrackingConfiguration*", "EnhancedNetwork*", "NetworkInterfaceTrafficConfig*", "SourceDestCheck")

INTERFACES = (
    Operation(
        "ECS",
        "DescribeNetworkInterfaces",
        requests.DescribeNetworkInterfaces,
        responses.Interfaces,
        operations.describe_network_interfaces,
        list_field="NetworkInterfaceSets.NetworkInterfaceSet",
    ),
    Operation(
        "ECS",
        "DescribeNetworkInterfaceAttribute",
        requests.DescribeNetworkInterfaceAttribute,
        responses.InterfaceShape,
        operations.describe_network_interface_attribute,
        ignores=("Attribute", "Tag*"),
    ),
    Operation(
        "ECS",
        "CreateNetworkInterface",
        requests.CreateNetworkInterface,
        responses.CreatedInterface,
        operations.create_network_interface,
        effect=Effect.CHANGES,
        ignores=("BusinessType", "Visible"),
        refuses=(
            *_QUEUES,
            *_TRAFFIC,
            "EnablePrimaryIPv6",
            "InstanceType",
            "Ipv4Prefix",
            "Ipv4PrefixCount",
            "Ipv6Address",
            "Ipv6AddressCount",
            "Ipv6Prefix",
            "Ipv6PrefixCount",
            "NetworkInterfaceTrafficMode",
            "QueuePairNumber",
        ),
    ),
    Operation(
        "ECS",
        "AssignPrivateIpAddresses",
        requests.AssignPrivateIpAddresses,
        responses.AssignedAddresses,
        operations.assign_private_ip_addresses,
        effect=Effect.CHANGES,
        refuses=("Ipv4Prefix", "Ipv4PrefixCount"),
    ),
    Operation(
        "ECS",
        "UnassignPrivateIpAddresses",
        requests.UnassignPrivateIpAddresses,
        responses.Nothing,
        operations.unassign_private_ip_addresses,
        effect=Effect.CHANGES,
        refuses=("Ipv4Prefix",),
    ),
    Operation(
        "ECS",
        "AttachNetworkInterface",
        requests.AttachNetworkInterface,
        responses.Nothing,
        operations.attach_network_interface,
        effect=Effect.CHANGES,
        ignores=("WaitForNetworkConfigurationReady",),
        refuses=("NetworkCardIndex", "TrunkNetworkInstanceId"),
    ),
    Operation(
        "ECS",
        "DetachNetworkInterface",
        requests.DetachNetworkInterface,
        responses.Nothing,
        operations.detach_network_interface,
        effect=Effect.CHANGES,
        risk=Risk.HIGH,
        refuses=("TrunkNetworkInstanceId",),
    ),
    Operation(
        "ECS",
        "DeleteNetworkInterface",
        requests.DeleteNetworkInterface,
        responses.Nothing,
        operations.delete_network_interface,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "ModifyNetworkInterfaceAttribute",
        requests.ModifyNetworkInterfaceAttribute,
        responses.Nothing,
        operations.modify_network_interface_attribute,
        effect=Effect.CHANGES,
        refuses=(*_QUEUES, *_TRAFFIC, "EnablePrimaryIPv6"),
    ),
    Operation(
        "ECS",
        "ModifyInstanceNetworkSpec",
        requests.ModifyInstanceNetworkSpec,
        responses.NetworkSpecModified,
        operations.modify_instance_network_spec,
        effect=Effect.CHANGES,
        ignores=("AutoPay", "ISP", "NetworkChargeType"),
        refuses=("EndTime", "StartTime"),
    ),
    Operation(
        "ECS",
        "ModifyInstanceVpcAttribute",
        requests.ModifyInstanceVpcAttribute,
        responses.Nothing,
        operations.modify_instance_vpc_attribute,
        effect=Effect.CHANGES,
    ),
)

TAGS = (
    Operation("VPC", "TagResources", tagging.TagResources, Nothing, tagging.tag_resources, effect=Effect.CHANGES),
    Operation("VPC", "UnTagResources", tagging.UnTagResources, Nothing, tagging.untag_resources, effect=Effect.CHANGES),
    Operation(
        "VPC",
        "ListTagResources",
        tagging.ListTagResources,
        TagResourcesListed,
        tagging.list_tag_resources,
        list_field="TagResources.TagResource",
    ),
)

MODULE = Module("network", (*VPCS, *V_SWITCHES, *INTERFACES, *TAGS), actions_beside(__file__))
