"""Moves that go wrong at every step: the instance ends on exactly one host, and never runs on two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from oos.adapters.memory.faults import Fault, FaultKind, SimulatedCrash
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.fleet.errors import FleetError, WrongState
from oos.fleet.instance import Instance, Power
from oos.fleet.moving import Copy, NextStep, next_step
from tests.fleet.test_moving import boot
from tests.fleet.two_hosts import TwoHosts, simulated_hosts

KINDS = [kind for kind in FaultKind if kind is not FaultKind.HANG]
METHODS = ("move_instance", "complete_move")


def copies(hosts: TwoHosts, instance_id: str) -> list[Instance]:
    return [
        each for world in (hosts.first, hosts.second) for each in world.hypervisor.instances() if each.id == instance_id
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("power", [Power.RUNNING, Power.STOPPED])
def test_a_move_that_dies_is_completed_by_the_same_request(kind: FaultKind, method: str, power: Power) -> None:
    hosts = simulated_hosts()
    made = hosts.first.make()
    if power is Power.RUNNING:
        hosts.first.run(made.id)
    was = hosts.first.hypervisor.instance(made.id)
    booted = boot(hosts.first, made.id) if power is Power.RUNNING else b""
    for world in (hosts.first, hosts.second):
        world.simulated.faults.add(Fault(method, kind))

    for _ in range(4):
        try:
            hosts.move(made.id)
        except (FleetError, SimulatedCrash):
            found = copies(hosts, made.id)
            assert len([each for each in found if each.power is Power.RUNNING]) <= 1
            for each in found:
                if each.moving_from and each.power is Power.STOPPED:
                    with pytest.raises(WrongState, match="interrupted"):
                        hosts.second.hypervisor.start(each.id)
            # Seen from outside it is there once, all the while.
            (seen,) = hosts.fleet.instances()
            assert hosts.fleet.of_instance(made.id)[1] == seen
            assert seen.id == was.id
            assert seen.power is was.power or (seen.power, kind) == (Power.PAUSED, FaultKind.CRASH)
            if seen.power is Power.PAUSED:
                with pytest.raises(WrongState, match="in the middle of a move"):
                    hosts.first.hypervisor.start(seen.id)
            assert len(hosts.fleet.disks()) == 1
            assert hosts.fleet.of_disk(made.disk_ids[0])[1].host == seen.host
        else:
            break

    (there,) = copies(hosts, made.id)
    assert there == replace(was, host="sim-2")
    assert hosts.traces(hosts.first) == set()
    assert hosts.second.simulated.effects[f"move_instance {made.id}"] == 1
    if booted:
        assert boot(hosts.second, made.id) == booted


class Slow(MemoryHypervisor):
    """A host that answers late: another one was asked long before."""

    asked_before: threading.Event
    meanwhile: Callable[[], object]

    def instance(self, instance_id: str) -> Instance:
        if not self.asked_before.is_set():
            assert self.asked_before.wait(10)
            self.meanwhile()
        return super().instance(instance_id)


class Quick(MemoryHypervisor):
    """A host that tells when it has answered."""

    answered: threading.Event

    def instance(self, instance_id: str) -> Instance:
        try:
            return super().instance(instance_id)
        finally:
            self.answered.set()


def test_an_instance_that_moves_while_it_is_looked_for_is_found() -> None:
    hosts = simulated_hosts()
    first = Slow(hosts.first.hypervisor.host, hosts.first.simulated.state)
    second = Quick(hosts.second.hypervisor.host)
    first.asked_before = second.answered = threading.Event()
    hosts = TwoHosts(replace(hosts.first, hypervisor=first), replace(hosts.second, hypervisor=second))
    first.asked_before.set()
    made = hosts.first.make()
    first.asked_before.clear()
    first.meanwhile = lambda: MemoryHypervisor.move_instance(first, made.id, second, lambda percent: None)
    assert hosts.fleet.of_instance(made.id)[1].host == "sim-2"


HERE, THERE = "one", "two"
RUNS, OFF, STANDS = Copy(Power.RUNNING), Copy(Power.STOPPED), Copy(Power.PAUSED, was_leaving=True)
CAME_RUNS = Copy(Power.RUNNING, HERE)
CAME_OFF = Copy(Power.STOPPED, HERE)
COMES = Copy(Power.PAUSED, HERE, was_leaving=True)


@pytest.mark.parametrize(
    ("here", "there", "is_same", "wanted"),
    [
        (RUNS, None, False, NextStep.SEND),
        (OFF, None, False, NextStep.COPY),
        (replace(RUNS, is_leaving=True), None, False, NextStep.JOIN),
        (replace(RUNS, is_leaving=True), COMES, False, NextStep.JOIN),
        (replace(STANDS, is_leaving=True), CAME_RUNS, False, NextStep.JOIN),
        (STANDS, None, False, NextStep.GO_ON_HERE),
        (STANDS, COMES, False, NextStep.CLEAR_TARGET),
        (STANDS, CAME_RUNS, False, NextStep.CLEAR_SOURCE),
        (RUNS, COMES, False, NextStep.CLEAR_TARGET),
        (RUNS, Copy(Power.STARTING, HERE), False, NextStep.CLEAR_TARGET),
        (RUNS, CAME_OFF, True, NextStep.CLEAR_TARGET),
        (OFF, COMES, False, NextStep.CLEAR_TARGET),
        (OFF, CAME_OFF, True, NextStep.CLEAR_SOURCE),
        (OFF, CAME_OFF, False, NextStep.CLEAR_TARGET),
        (OFF, CAME_RUNS, False, NextStep.CLEAR_SOURCE),
        (None, CAME_RUNS, False, NextStep.COMPLETE),
        (None, CAME_OFF, False, NextStep.COMPLETE),
        (None, RUNS, False, NextStep.NOTHING),
        (None, OFF, False, NextStep.NOTHING),
    ],
)
def test_what_is_on_the_two_hosts_says_what_is_next(
    here: Copy | None, there: Copy | None, is_same: bool, wanted: NextStep
) -> None:
    assert next_step("i-1", HERE, here, there, is_same=is_same) is wanted


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (RUNS, CAME_RUNS, "running on both hosts"),
        (RUNS, OFF, "on both hosts"),
        (OFF, RUNS, "on both hosts"),
        (Copy(Power.PAUSED), None, "it must run or be stopped"),
        (Copy(Power.STOPPING), None, "it must run or be stopped"),
        (CAME_OFF, None, "complete that move first"),
        (None, Copy(Power.RUNNING, "three"), "complete that move first"),
    ],
)
def test_what_is_in_doubt_is_left_to_a_person(here: Copy | None, there: Copy | None, words: str) -> None:
    with pytest.raises(WrongState, match=words):
        next_step("i-1", HERE, here, there, is_same=False)
