"""The contract of moving an instance to another host: it goes on there, and is gone here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oos.fleet.errors import InstanceAbsent, NetworkAbsent
from oos.fleet.instance import DataDiskSpec, InstanceEvent, Labels, Power, StopMethod
from oos.fleet.storage import DiskLabels
from tests.fleet.two_hosts import TwoHosts, simulated_hosts
from tests.fleet.world import World, fresh_token

BOOT_ID = "/proc/sys/kernel/random/boot_id"


@pytest.fixture(scope="module")
def two_simulated() -> TwoHosts:
    return simulated_hosts()


@pytest.fixture(params=["two_simulated", pytest.param("two_real", marks=pytest.mark.real)])
def hosts(request: pytest.FixtureRequest) -> Iterator[TwoHosts]:
    two: TwoHosts = request.getfixturevalue(request.param)
    yield two
    made = [*two.first.made, *two.second.made]
    two.first.clean_up(made)
    two.second.clean_up([*two.first.made, *two.second.made, *made])


def boot(world: World, instance_id: str) -> bytes:
    """What the guest's kernel calls this start of it."""
    return world.hypervisor.guest_read(instance_id, BOOT_ID).strip()


def test_a_running_guest_goes_on_with_all_that_is_its_own(hosts: TwoHosts) -> None:
    first, second = hosts.first, hosts.second
    before = (hosts.traces(first), hosts.traces(second))
    made = first.make(labels=Labels(name="mover", tags={"role": "web"}), data_disks=(DataDiskSpec(64 << 20, "data"),))
    second.made.append(made.id)
    disk_id, data_id = made.disk_ids
    first.hypervisor.label_disk(data_id, DiskLabels("data", "what it holds", False))
    first.run(made.id)
    first.hypervisor.set_autostart(made.id, True)
    first.write(made.id, "file", b"written before")
    snapshot = first.snapshot(disk_id)
    first.write(made.id, "file", b"written between")
    delta = first.snapshot(disk_id)
    first.write(made.id, "file", b"written after")
    was, booted = first.hypervisor.instance(made.id), boot(first, made.id)

    heard: list[InstanceEvent] = []
    watches = [each.hypervisor.watch(heard.append) for each in (first, second)]

    there = hosts.move(made.id)

    # Whoever listens hears of a move, not of a guest that stops and starts.
    second.until(lambda: any(each.kind == "Moved" for each in heard))
    for watch in watches:
        watch.close()
    kinds = {each.kind for each in heard if each.instance_id == made.id}
    assert kinds.isdisjoint({"Started", "Suspended", "Resumed", "Stopped", "Shutdown"})
    assert there == replace(was, host=second.hypervisor.host.name)
    assert boot(second, made.id) == booted
    assert second.read(made.id, "file") == b"written after"
    assert hosts.traces(first) == before[0]
    assert hosts.traces(second) == {*before[1], made.id, disk_id, data_id, snapshot.id, delta.id}
    assert second.hypervisor.disk(data_id).description == "what it holds"
    assert made.id in second.hypervisor.autostarted()

    # Its snapshots are continued, and restored.
    next_one = second.snapshot(disk_id)
    assert next_one.parent_id == delta.id
    second.hypervisor.stop(made.id, StopMethod.POWER_OFF)
    second.hypervisor.restore_disk(disk_id, delta.id, fresh_token())
    assert second.hypervisor.has_content(disk_id, delta.id)

    # Stopped, it goes back.
    back = hosts.move_back(made.id)
    assert (back.host, back.power) == (first.hypervisor.host.name, Power.STOPPED)
    assert hosts.traces(second) == before[1]
    assert {snapshot.id, delta.id, next_one.id} <= hosts.traces(first)
    first.run(made.id)
    assert first.read(made.id, "file") == b"written between"
    assert made.id in first.hypervisor.autostarted()


def test_a_host_that_lacks_the_network_gets_nothing(hosts: TwoHosts) -> None:
    made = hosts.first.make(network=_lonely_network(hosts.first))
    before = hosts.traces(hosts.second)
    with pytest.raises(NetworkAbsent):
        hosts.move(made.id)
    assert hosts.traces(hosts.second) == before
    assert hosts.first.hypervisor.instance(made.id).moving_from == ""


def test_what_is_nowhere_is_named(hosts: TwoHosts) -> None:
    with pytest.raises(InstanceAbsent):
        hosts.move("i-00000000000000000000")


def test_asked_again_nothing_happens(hosts: TwoHosts) -> None:
    made = hosts.first.make()
    hosts.second.made.append(made.id)
    there = hosts.move(made.id)
    assert hosts.move(made.id) == there


def test_a_host_tells_what_it_has(hosts: TwoHosts) -> None:
    capacity = hosts.first.hypervisor.capacity()
    assert capacity.cpus >= 1
    assert capacity.memory_mib > 96


def _lonely_network(world: World) -> str:
    from oos.fleet.network import NetworkSpec

    return world.hypervisor.make_network(NetworkSpec(fresh_token(), "10.99.7.0/24")).name
