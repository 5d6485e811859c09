"""The worlds in which the contract of a hypervisor is tested: the simulation, and real guests under libvirt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.fleet.instance import Instance
from oos.lab.config import LabConfig
from oos.lab.lab import up
from tests.fleet.two_hosts import TwoHosts, real_hosts
from tests.fleet.world import World, simulated_world
from tests.lab_fixture import CACHE, VARIABLE


@pytest.fixture(scope="session")
def simulation() -> World:
    return simulated_world()


@pytest.fixture(scope="session")
def lab_world(lab: LabConfig) -> Iterator[World]:
    # Imported here: without libvirt the simulation is still tested.
    from tests.fleet.real_world import real_world

    with real_world(lab) as world:
        yield world
        world.clean_up(world.lasting)


@pytest.fixture(scope="session")
def two_real(able_host: None) -> Iterator[TwoHosts]:
    """Two hosts of a lab without guests; it ends with the session."""
    config = LabConfig(Path(os.environ[VARIABLE]) / "two-hosts", CACHE, guests=(), hosts=2)
    up(config, lambda line: None)
    with real_hosts(config) as hosts:
        yield hosts


@pytest.fixture(params=["simulation", pytest.param("lab_world", marks=pytest.mark.real)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Each world in turn; what a test makes there ends with it."""
    world: World = request.getfixturevalue(request.param)
    yield world
    world.clean_up(world.made)
    for instance_id in world.lasting:
        world.forget_snapshots(instance_id)


@pytest.fixture
def guest(world: World) -> Instance:
    """An instance whose agent answers, shared by the tests that leave it as they found it."""
    return world.guest()


@pytest.fixture
def running(world: World) -> Instance:
    """An instance of the test's own, whose agent answers."""
    return world.run(world.make().id)
