"""A world with a VPC, a vSwitch and an instance in it: what tests of networks share."""

from __future__ import annotations

from typing import Any

import pytest

import oos_instance
import oos_network
import oos_security_group
import oos_tag
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_network.MODULE, oos_security_group.MODULE, oos_tag.MODULE))


@pytest.fixture
def vpc(world: World) -> str:
    return str(world.call("VPC.CreateVpc", CidrBlock="192.168.0.0/16", VpcName="main")["VpcId"])


@pytest.fixture
def v_switch(world: World, vpc: str) -> str:
    made = world.call("VPC.CreateVSwitch", VpcId=vpc, ZoneId="lab-a", CidrBlock="192.168.7.0/24", VSwitchName="web")
    return str(made["VSwitchId"])


def home_of(world: World, network: str) -> str:
    """The host that a vSwitch is on."""
    return next(name for name, host in world.hosts.items() if network in host.state.networks)


@pytest.fixture
def instance(world: World, v_switch: str) -> str:
    """A running instance beside the vSwitch."""
    made = world.run(VSwitchId=v_switch)
    assert world.instance(made).host == home_of(world, v_switch)
    return made


def v_switches(world: World, **conditions: Any) -> list[dict[str, Any]]:
    return list(world.call("VPC.DescribeVSwitches", **conditions)["VSwitches"]["VSwitch"])


def cards(world: World, **conditions: Any) -> list[dict[str, Any]]:
    answer = world.call("DescribeNetworkInterfaces", **conditions)
    return list(answer["NetworkInterfaceSets"]["NetworkInterfaceSet"])
