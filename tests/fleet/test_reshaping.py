"""The contract of a hypervisor: what an instance is made into later, and the accounts of its guest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oos.fleet.errors import AgentFailed, AgentUnavailable, Incapable, InstanceAbsent, WrongState
from oos.fleet.instance import Instance, InstanceSize, Labels
from tests.fleet.world import World

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL0kYbHNmP6UVuZtyIY2FNEpUzcn1lOQlTLs6l5bdEx contract"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJyPdhHcfjGBA8rB2tmZPWq5kLI1yUnkpV3Eue8nUTQT other"
NOBODY = "i-00000000000000000000"


def test_a_stopped_instance_takes_another_size_and_stays_what_it_is(world: World) -> None:
    before = world.make(labels=Labels(name="grows", tags={"a": "b"}), host_name="grows")
    after = world.hypervisor.resize(before.id, InstanceSize(3, 160, "ecs.t1.big"))
    assert after == replace(before, cpu=3, memory_mib=160, instance_type="ecs.t1.big")
    assert world.hypervisor.instance(before.id) == after
    assert world.hypervisor.resize(before.id, InstanceSize(3, 160)) == after


def test_its_processors_may_be_laid_out_as_threads_of_cores(world: World) -> None:
    made = world.make()
    assert world.hypervisor.resize(made.id, InstanceSize(4, 96, "", 2)).cpu == 4
    assert world.hypervisor.resize(made.id, InstanceSize(1, 96)).cpu == 1


def test_a_running_instance_keeps_its_size(world: World, guest: Instance) -> None:
    with pytest.raises(WrongState, match=guest.id):
        world.hypervisor.resize(guest.id, InstanceSize(2, 128))
    assert world.hypervisor.instance(guest.id).cpu == guest.cpu


def test_what_is_noted_of_a_guest_stays_until_it_is_noted_anew(world: World) -> None:
    made = world.make(host_name="first")
    noted = world.hypervisor.remember(made.id, key_pair="ops")
    assert (noted.host_name, noted.key_pair) == ("first", "ops")
    noted = world.hypervisor.remember(made.id, host_name="second")
    assert noted == replace(made, host_name="second", key_pair="ops")
    assert world.hypervisor.label(made.id, Labels(name="x")).key_pair == "ops"
    assert world.hypervisor.remember(made.id, key_pair="").key_pair == ""


def test_nobody_is_not_changed(world: World) -> None:
    for change in (
        lambda: world.hypervisor.resize(NOBODY, InstanceSize(1, 96)),
        lambda: world.hypervisor.remember(NOBODY, key_pair="ops"),
        lambda: world.hypervisor.screenshot(NOBODY),
        lambda: world.hypervisor.set_display_password(NOBODY, "abc123"),
    ):
        with pytest.raises(InstanceAbsent, match=NOBODY):
            change()


def test_without_a_display_there_is_nothing_to_see_or_to_guard(world: World, guest: Instance) -> None:
    with pytest.raises(Incapable, match=guest.id):
        world.hypervisor.screenshot(guest.id)
    with pytest.raises(Incapable, match=guest.id):
        world.hypervisor.set_display_password(guest.id, "abc123")


def test_what_is_off_shows_nothing_and_its_guest_takes_nothing(world: World) -> None:
    made = world.make()
    with pytest.raises(WrongState, match=made.id):
        world.hypervisor.screenshot(made.id)
    for change in (
        lambda: world.hypervisor.set_guest_password(made.id, "root", "Correct-1-Horse"),
        lambda: world.hypervisor.set_guest_host_name(made.id, "web"),
        lambda: world.hypervisor.authorize_guest_key(made.id, "root", KEY),
        lambda: world.hypervisor.guest_keys(made.id, "root"),
    ):
        with pytest.raises(AgentUnavailable, match=made.id):
            change()


def test_keys_are_let_in_once_and_shut_out_one_by_one(world: World, guest: Instance) -> None:
    before = set(world.hypervisor.guest_keys(guest.id, "root"))
    for _ in range(2):
        world.hypervisor.authorize_guest_key(guest.id, "root", KEY)
    world.hypervisor.authorize_guest_key(guest.id, "root", OTHER)
    assert sorted(world.hypervisor.guest_keys(guest.id, "root")) == sorted({*before, KEY, OTHER})
    for _ in range(2):
        world.hypervisor.revoke_guest_key(guest.id, "root", KEY)
    assert set(world.hypervisor.guest_keys(guest.id, "root")) == {*before, OTHER}
    world.hypervisor.revoke_guest_key(guest.id, "root", OTHER)
    assert set(world.hypervisor.guest_keys(guest.id, "root")) == before


def test_a_key_is_known_by_itself_not_by_its_comment(world: World, guest: Instance) -> None:
    before = set(world.hypervisor.guest_keys(guest.id, "root"))
    world.hypervisor.authorize_guest_key(guest.id, "root", KEY)
    world.hypervisor.authorize_guest_key(guest.id, "root", KEY.replace("contract", "another comment"))
    assert set(world.hypervisor.guest_keys(guest.id, "root")) == {*before, KEY}
    world.hypervisor.revoke_guest_key(guest.id, "root", KEY.replace("contract", "a third"))
    assert set(world.hypervisor.guest_keys(guest.id, "root")) == before


def test_a_user_that_is_not_there_gets_nothing(world: World, guest: Instance) -> None:
    with pytest.raises(AgentFailed, match=guest.id):
        world.hypervisor.authorize_guest_key(guest.id, "nobody-here", KEY)
    with pytest.raises(AgentFailed) as refused:
        world.hypervisor.set_guest_password(guest.id, "nobody-here", "Correct-1-Horse")
    assert "Correct" not in str(refused.value)
