"""Hosts: how full they are, which take nothing new, and instances that leave them for others."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation
from oos_host import operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "DescribeHosts",
        requests.DescribeHosts,
        responses.Hosts,
        operations.describe_hosts,
        list_field="Hosts.Host",
    ),
    Operation(
        "OOS",
        "ModifyHostAttribute",
        requests.ModifyHostAttribute,
        responses.Nothing,
        operations.modify_host_attribute,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "DescribeInstanceMoves",
        requests.DescribeInstanceMoves,
        responses.Moves,
        operations.describe_instance_moves,
        list_field="Moves.Move",
    ),
    Operation(
        "ECS",
        "RedeployInstance",
        requests.RedeployInstance,
        responses.Redeployed,
        operations.redeploy_instance,
        effect=Effect.CHANGES,
    ),
)

MODULE = Module("host", OPERATIONS, actions_beside(__file__))
