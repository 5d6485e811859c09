"""The contract of a hypervisor: instances and their power."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from oos.fleet.errors import AgentUnavailable, ImageAbsent, InstanceAbsent, NetworkAbsent, WrongState
from oos.fleet.identity import made_disk_id
from oos.fleet.instance import DataDiskSpec, Instance, InstanceEvent, Labels, Power, StopMethod
from oos.values.identifiers import resource_id
from tests.fleet.world import PATIENCE, World, fresh_token

NOBODY = "i-00000000000000000000"


def test_a_made_instance_is_stopped_and_is_what_was_asked_for(world: World) -> None:
    labels = Labels(
        name="Web 1",
        description='line one\nline "two" & <three>',
        tags={"env": "prod", "empty": "", "größe": "5 > 4 & 'so on'\t"},
        deletion_protection=True,
        resource_group="rg-1",
    )
    spec = world.spec(labels=labels, host_name="web-1", memory_mib=112, cpu=2)
    instance = world.hypervisor.make_instance(spec)
    world.made.append(instance.id)
    host = world.hypervisor.host
    assert instance.power is Power.STOPPED
    assert (instance.host, instance.zone, instance.region) == (host.name, host.zone, host.region)
    assert instance.labels == labels
    assert instance.name == "Web 1"
    assert (instance.cpu, instance.memory_mib, instance.instance_type) == (2, 112, "ecs.t1.tiny")
    assert (instance.image_id, instance.host_name) == (world.image_id, "web-1")
    assert (instance.token, instance.created) == (spec.token, spec.created)
    assert [card.network for card in instance.interfaces] == [host.network]
    assert instance.disk_ids == (made_disk_id(spec.token, 0),)
    assert not instance.has_agent


def test_what_was_not_applied_is_not_claimed(world: World) -> None:
    instance = world.make(key_pair="ops")
    assert instance.key_pair in ("", "ops")


def test_the_guest_has_the_name_it_was_given(world: World) -> None:
    instance = world.run(world.make(host_name="web-9").id)
    assert world.hypervisor.guest_info(instance.id).host_name == "web-9"


def test_the_id_of_an_instance_follows_from_its_token(world: World) -> None:
    spec = world.spec()
    instance = world.hypervisor.make_instance(spec)
    world.made.append(instance.id)
    assert instance.id == resource_id("i", spec.token)


def test_making_twice_with_one_token_makes_one(world: World) -> None:
    spec = world.spec()
    first = world.hypervisor.make_instance(spec)
    world.made.append(first.id)
    second = world.hypervisor.make_instance(replace(spec, labels=Labels(name="other")))
    assert second == first
    assert [each.id for each in world.hypervisor.instances()].count(first.id) == 1


def test_two_instances_may_have_one_name(world: World) -> None:
    first, second = world.make(), world.make()
    assert first.name == second.name
    assert first.domain != second.domain


def test_what_was_made_is_listed_and_found(world: World) -> None:
    instance = world.make()
    assert instance in world.hypervisor.instances()
    assert world.hypervisor.instance(instance.id) == instance


def test_an_absent_instance_is_named(world: World) -> None:
    for ask in (
        lambda: world.hypervisor.instance(NOBODY),
        lambda: world.hypervisor.start(NOBODY),
        lambda: world.hypervisor.stop(NOBODY, StopMethod.POWER_OFF),
        lambda: world.hypervisor.reboot(NOBODY, force=True),
        lambda: world.hypervisor.label(NOBODY, Labels()),
        lambda: world.hypervisor.console(NOBODY),
        lambda: world.hypervisor.addresses(NOBODY),
        lambda: world.hypervisor.guest_info(NOBODY),
    ):
        with pytest.raises(InstanceAbsent, match=NOBODY):
            ask()


def test_an_absent_image_is_named(world: World) -> None:
    with pytest.raises(ImageAbsent, match="m-00000000000000000000"):
        world.hypervisor.make_instance(world.spec(image_id="m-00000000000000000000"))


def test_an_absent_network_is_named_and_nothing_is_left_behind(world: World) -> None:
    before = world.hypervisor.disks()
    with pytest.raises(NetworkAbsent, match="nowhere"):
        world.hypervisor.make_instance(world.spec(network="nowhere"))
    assert world.hypervisor.disks() == before


def test_data_disks_are_made_with_it(world: World) -> None:
    instance = world.make(data_disks=(DataDiskSpec(8 << 20, "logs"), DataDiskSpec(16 << 20)))
    disks = {disk.id: disk for disk in world.hypervisor.disks()}
    mine = [disks[id] for id in instance.disk_ids]
    assert [disk.kind for disk in mine] == ["system", "data", "data"]
    assert [disk.size_bytes for disk in mine[1:]] == [8 << 20, 16 << 20]
    assert [disk.name for disk in mine[1:]] == ["logs", ""]
    assert len({disk.device for disk in mine}) == 3


def test_a_system_disk_may_be_larger_than_the_image(world: World) -> None:
    size = world.hypervisor.image(world.image_id).size_bytes + (32 << 20)
    instance = world.make(system_disk_bytes=size)
    assert world.hypervisor.disk(instance.disk_ids[0]).size_bytes == size


def test_removing_takes_its_disks_along(world: World) -> None:
    instance = world.make(data_disks=(DataDiskSpec(8 << 20),))
    world.hypervisor.remove_instance(instance.id)
    with pytest.raises(InstanceAbsent):
        world.hypervisor.instance(instance.id)
    assert not set(instance.disk_ids) & {disk.id for disk in world.hypervisor.disks()}


def test_removing_what_is_absent_is_done(world: World) -> None:
    world.hypervisor.remove_instance(NOBODY)


def test_what_runs_is_not_removed(world: World) -> None:
    instance = world.make()
    world.hypervisor.start(instance.id)
    with pytest.raises(WrongState, match=instance.id):
        world.hypervisor.remove_instance(instance.id)


def test_starting_and_cutting_the_power_are_harmless_twice(world: World) -> None:
    instance = world.make()
    world.hypervisor.start(instance.id)
    world.hypervisor.start(instance.id)
    started = world.hypervisor.instance(instance.id)
    assert started.power is Power.RUNNING
    assert started.started is not None
    world.hypervisor.stop(instance.id, StopMethod.POWER_OFF)
    assert world.hypervisor.instance(instance.id).power is Power.STOPPED
    world.hypervisor.stop(instance.id, StopMethod.POWER_OFF)
    assert world.hypervisor.instance(instance.id).started is None


@pytest.mark.parametrize("method", [StopMethod.AGENT, StopMethod.ACPI])
def test_a_guest_that_is_asked_stops(world: World, running: Instance, method: StopMethod) -> None:
    world.hypervisor.stop(running.id, method)
    world.wait_for(running.id, Power.STOPPED)
    world.hypervisor.stop(running.id, method)


def test_stopping_by_agent_needs_an_agent(world: World) -> None:
    instance = world.make()
    world.hypervisor.stop(instance.id, StopMethod.AGENT)
    assert world.hypervisor.instance(instance.id).power is Power.STOPPED


def test_a_stopped_instance_is_not_restarted(world: World) -> None:
    instance = world.make()
    for force in (False, True):
        with pytest.raises(WrongState, match=instance.id):
            world.hypervisor.reboot(instance.id, force=force)


def test_a_restarted_guest_begins_anew(world: World, running: Instance) -> None:
    pid = world.hypervisor.guest_execute(running.id, ["/bin/sleep", "1000"])
    assert not world.hypervisor.guest_process(running.id, pid).exited
    before = len(world.hypervisor.console(running.id))
    world.hypervisor.reboot(running.id, force=True)
    deadline = time.monotonic() + PATIENCE
    while len(world.hypervisor.console(running.id)) == before:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert world.run(running.id).power is Power.RUNNING


def test_labels_are_written_whole_and_nothing_else_changes(world: World, running: Instance) -> None:
    labels = Labels(name="new", tags={"a": "1"}, deletion_protection=True)
    labelled = world.hypervisor.label(running.id, labels)
    assert labelled == replace(running, labels=labels)
    assert world.hypervisor.label(running.id, Labels(name="newer")).labels == Labels(name="newer")
    world.hypervisor.stop(running.id, StopMethod.POWER_OFF)
    assert world.hypervisor.instance(running.id).labels == Labels(name="newer")
    assert world.hypervisor.label(running.id, labels).labels == labels
    world.hypervisor.start(running.id)
    assert world.hypervisor.instance(running.id).labels == labels


def test_a_running_guest_has_addresses(world: World, guest: Instance) -> None:
    deadline = time.monotonic() + PATIENCE
    while not (found := [each for each in world.hypervisor.addresses(guest.id) if "." in each.address]):
        assert time.monotonic() < deadline, "no address"
        time.sleep(0.5)
    assert [each.mac for each in found] == [card.mac for card in guest.interfaces]
    assert not any(each.address.startswith("127.") for each in world.hypervisor.addresses(guest.id))


def test_a_stopped_guest_has_no_address(world: World) -> None:
    assert world.hypervisor.addresses(world.make().id) == ()


def test_the_console_shows_what_the_guest_said(world: World, guest: Instance) -> None:
    assert b" is up" in world.hypervisor.console(guest.id)


def test_events_reach_a_listener_until_it_is_closed(world: World) -> None:
    events: list[InstanceEvent] = []
    instance = world.make()
    watch = world.hypervisor.watch(events.append)
    world.hypervisor.start(instance.id)
    world.hypervisor.stop(instance.id, StopMethod.POWER_OFF)
    deadline = time.monotonic() + PATIENCE
    while [each.kind for each in events if each.instance_id == instance.id][-1:] != ["Stopped"]:
        assert time.monotonic() < deadline, events
        time.sleep(0.02)
    assert "Started" in [each.kind for each in events]
    watch.close()
    watch.close()
    count = len(events)
    world.hypervisor.start(instance.id)
    time.sleep(0.3)
    assert len(events) == count


def test_a_guest_without_an_agent_is_said_to_have_none(world: World) -> None:
    instance = world.make()
    with pytest.raises(AgentUnavailable, match=instance.id):
        world.hypervisor.guest_info(instance.id)


def test_a_token_makes_an_instance_again_after_it_was_removed(world: World) -> None:
    spec = world.spec(token=fresh_token())
    first = world.hypervisor.make_instance(spec)
    world.hypervisor.remove_instance(first.id)
    second = world.hypervisor.make_instance(spec)
    world.made.append(second.id)
    assert second == first
