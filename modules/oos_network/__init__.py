"""Networks: the cards of instances. Networks themselves wait until the port can list them."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Module, Operation
from oos_network import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "DescribeNetworkInterfaces",
        requests.DescribeNetworkInterfaces,
        responses.Interfaces,
        operations.describe_network_interfaces,
        list_field="NetworkInterfaceSets.NetworkInterfaceSet",
        refuses=("Ipv6Address", "ServiceManaged"),
    ),
)

MODULE = Module("network", OPERATIONS, actions_beside(__file__))
