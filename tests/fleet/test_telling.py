"""The contract of a hypervisor: what a guest is told at the first start of its system disk, and told anew later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oos.fleet.errors import InstanceAbsent, WrongState
from oos.fleet.instance import Instance, StopMethod
from oos.fleet.seed import Told
from oos.fleet.storage import SystemDiskSpec
from oos.values.identifiers import resource_id
from oos.values.password_hash import sha512_crypt
from tests.fleet.world import World, fresh_token

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL0kYbHNmP6UVuZtyIY2FNEpUzcn1lOQlTLs6l5bdEx contract"
FIRST, SECOND = sha512_crypt("Correct-1-Horse", "first"), sha512_crypt("Battery-2-Staple", "second")
NOBODY = "i-00000000000000000000"


def shadow_of_root(world: World, instance: Instance) -> str:
    lines = world.hypervisor.guest_read(instance.id, "/etc/shadow").decode().splitlines()
    return next((line.split(":")[1] for line in lines if line.startswith("root:")), "")


def test_a_password_counts_from_the_first_start_and_another_from_that_of_the_next_disk(world: World) -> None:
    made = world.make(host_name="told", password_hash=FIRST)
    assert world.hypervisor.told_guest(made.id).password_hash == FIRST
    assert shadow_of_root(world, world.run(made.id)) == FIRST
    world.hypervisor.stop(made.id, StopMethod.POWER_OFF)
    told = world.hypervisor.tell_guest(made.id, Told("ops", KEY, SECOND))
    assert told == replace(world.hypervisor.instance(made.id), key_pair="ops")
    assert world.hypervisor.tell_guest(made.id, Told("ops", KEY, SECOND)) == told
    image = world.hypervisor.instance(made.id).image_id
    world.hypervisor.replace_system_disk(made.id, SystemDiskSpec(resource_id("d", fresh_token()), image))
    again = world.run(made.id)
    assert shadow_of_root(world, again) == SECOND
    assert KEY in world.hypervisor.guest_keys(made.id, "root")
    assert (again.key_pair, again.host_name) == ("ops", "told")


def test_who_was_told_nothing_can_be_told_something_before_the_first_start(world: World) -> None:
    made = world.make()
    assert world.hypervisor.told_guest(made.id).is_empty
    world.hypervisor.tell_guest(made.id, Told(user_data=b"#!/bin/sh\nexit 0\n"))
    after = world.hypervisor.tell_guest(made.id, Told(password_hash=FIRST))
    seed = world.hypervisor.told_guest(made.id)
    assert (seed.user_data, seed.password_hash, seed.public_key) == (b"#!/bin/sh\nexit 0\n", FIRST, "")
    assert after == made
    world.hypervisor.tell_guest(made.id, Told(password_hash="", user_data=b""))
    assert world.hypervisor.told_guest(made.id).is_empty


def test_a_guest_that_runs_is_told_nothing_new(world: World, guest: Instance) -> None:
    with pytest.raises(WrongState, match=guest.id):
        world.hypervisor.tell_guest(guest.id, Told(password_hash=FIRST))


def test_nobody_is_told_anything(world: World) -> None:
    with pytest.raises(InstanceAbsent, match=NOBODY):
        world.hypervisor.tell_guest(NOBODY, Told(password_hash=FIRST))
    with pytest.raises(InstanceAbsent, match=NOBODY):
        world.hypervisor.told_guest(NOBODY)
