"""Public addresses of instances: at their making and later, what they may carry, and where they go."""

from __future__ import annotations

from typing import Any

import pytest

import oos_eip
import oos_instance
import oos_network
import oos_security_group
from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.fleet.translation import Limit, Translations
from oos.service.errors import ApiError
from tests.modules.world import TYPE, World


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_network.MODULE, oos_eip.MODULE, oos_security_group.MODULE))


@pytest.fixture
def instance(world: World) -> str:
    return world.run()


@pytest.fixture
def host(world: World, instance: str) -> MemoryHypervisor:
    return world.home(instance)


def described(world: World, instance: str) -> dict[str, Any]:
    (found,) = world.call("DescribeInstances", InstanceIds=f'["{instance}"]')["Instances"]["Instance"]
    return dict(found)


def public_of(world: World, instance: str) -> list[str]:
    return list(described(world, instance)["PublicIpAddress"]["IpAddress"])


def limits(host: MemoryHypervisor) -> list[tuple[int, int]]:
    """What addresses may carry in kilobytes: from guests, and towards them where that is another limit."""
    return [(each.kilobytes, each.inbound) for each in host.translations().limits]


def test_instances_are_made_with_public_addresses_that_go_with_them(world: World) -> None:
    wanted = {"ImageId": world.image_id, "InstanceType": TYPE, "ZoneId": "lab-a", "Amount": 2}
    wanted |= {"InternetMaxBandwidthOut": 2}
    made = world.call("RunInstances", "once", **wanted)["InstanceIdSets"]["InstanceIdSet"]
    assert world.call("RunInstances", "once", **wanted)["InstanceIdSets"]["InstanceIdSet"] == made
    addresses = [address for each in made for address in public_of(world, each)]
    assert len(set(addresses)) == 2
    for each in made:
        seen, host, card = described(world, each), world.home(each), world.instance(each).interfaces[0]
        assert (seen["Status"], seen["InternetMaxBandwidthOut"], seen["InternetMaxBandwidthIn"]) == ("Running", 2, 10)
        (led,) = (one for one in host.translations().addresses if one.address in public_of(world, each))
        # The guest keeps the address that the translation leads to.
        assert host.network(card.network).reservations[card.mac] == led.target
        assert Limit(led.limit, 250, 1250) in host.translations().limits
    hosts = {each: world.home(each) for each in made}
    for each in made:
        world.call("DeleteInstance", InstanceId=each, Force=True)
    assert all(each.translations() == Translations() for each in hosts.values())
    assert not any(each.network("default").reservations for each in hosts.values())


@pytest.mark.parametrize("kind", [FaultKind.FAIL_BEFORE, FaultKind.FAIL_AFTER, FaultKind.LOST_REPLY, FaultKind.CRASH])
@pytest.mark.parametrize("method", ["translate", "reserve_address", "start"])
def test_a_broken_making_is_ended_by_asking_again(world: World, method: str, kind: FaultKind) -> None:
    group = world.call("CreateSecurityGroup")["SecurityGroupId"]
    wanted = {"ImageId": world.image_id, "InstanceType": TYPE, "ZoneId": "lab-a", "InternetMaxBandwidthOut": 20}
    wanted["SecurityGroupId"] = group
    world.break_next(method, kind)
    with pytest.raises((ApiError, SimulatedCrash)):
        world.call("RunInstances", "once", **wanted)
    (made,) = world.call("RunInstances", "once", **wanted)["InstanceIdSets"]["InstanceIdSet"]
    assert len(public_of(world, made)) == 1
    assert limits(world.home(made)) == [(2500, 0)]
    assert described(world, made)["Status"] == "Running"


def test_nothing_is_made_without_an_address_to_give(world: World) -> None:
    wanted = {"ImageId": world.image_id, "InstanceType": TYPE, "InternetMaxBandwidthOut": 1}
    assert world.refusal("RunInstances", **wanted, Amount=9).code == "QuotaExceeded.Eip"
    # The host of this zone has no uplink.
    assert world.refusal("RunInstances", **wanted, ZoneId="lab-b").code == "OperationDenied.NotSupported"
    assert world.call("DescribeInstances")["TotalCount"] == 0


def test_an_instance_gets_a_public_address_with_its_bandwidth(
    world: World, instance: str, host: MemoryHypervisor
) -> None:
    wanted = {"InstanceId": instance, "InternetMaxBandwidthOut": 4, "AllocatePublicIp": True}
    world.break_next("translate", FaultKind.FAIL_BEFORE)
    assert world.refusal("ModifyInstanceNetworkSpec", "once", **wanted).status == 500
    for _ in range(2):
        world.call("ModifyInstanceNetworkSpec", "once", **wanted)
    (address,) = public_of(world, instance)
    assert limits(host) == [(500, 1250)]
    # Bandwidth is that of the address from now on; the card carries what it may between guests.
    world.call("ModifyInstanceNetworkSpec", InstanceId=instance, InternetMaxBandwidthOut=8, InternetMaxBandwidthIn=3)
    assert limits(host) == [(1000, 375)]
    world.call("ModifyInstanceSpec", InstanceId=instance, InternetMaxBandwidthOut=3)
    assert limits(host) == [(375, 0)]
    assert not world.instance(instance).interfaces[0].bandwidth.outbound
    world.call("ModifyInstanceNetworkSpec", InstanceId=instance, AllocatePublicIp=True, InternetMaxBandwidthOut=5)
    assert public_of(world, instance) == [address]
    assert limits(host) == [(625, 375)]
    world.call("ModifyInstanceNetworkSpec", InstanceId=instance, InternetMaxBandwidthOut=0)
    assert public_of(world, instance) == []
    assert host.translations() == Translations()


def test_an_address_of_which_nothing_is_said_is_limited_as_the_instance_was(
    world: World, instance: str, host: MemoryHypervisor
) -> None:
    world.call("ModifyInstanceNetworkSpec", InstanceId=instance, InternetMaxBandwidthOut=6)
    world.call("AllocatePublicIpAddress", InstanceId=instance)
    assert [each.kilobytes for each in host.translations().limits] == [750]
    nothing = {"InstanceId": instance, "AllocatePublicIp": True, "InternetMaxBandwidthOut": 0}
    assert world.refusal("ModifyInstanceNetworkSpec", **nothing).code == "InvalidParameter.InternetMaxBandwidthOut"
