"""What `oos serve` does for real guests: heals one that stopped, runs commands at their moment and at each start."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oos.fleet.hypervisor import Hypervisor
from oos.fleet.instance import Instance, Power, StopMethod
from oos.lab.config import LabConfig
from oos.service.guest_command import BOOT_ID
from tests.cli.world import World, eventually, read_until
from tests.fleet.world import World as Fleet
from tests.schedule.test_command_clock import EVERY_TEN_SECONDS, api, begin, results

pytestmark = pytest.mark.real

HEAL = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: stopped
    Action: ACS::EventTrigger
    Properties:
      Product: ECS
      Name: ['Instance:StateChange']
      Content: {state: [Stopped], resourceId: [INSTANCE]}
    Outputs:
      id: {Type: String, ValueSelector: resourceId}
  - Name: start
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StartInstance, Parameters: {InstanceId: '{{ stopped.id }}'}}
Outputs:
  healed: {Type: String, Value: '{{ stopped.id }}'}
"""
AGAIN_SECONDS = 20.0
"""So long after the guest was stopped in vain it is stopped again: nobody says when libvirt is being listened to."""


class LabWorld(World):
    """The command line, on the fleet of a lab."""

    def __init__(self, folder: Path, lab: LabConfig) -> None:
        super().__init__(folder)
        self._inventory = lab.directory / "inventory.yml"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "OOS_INVENTORY": str(self._inventory)}

    def documents(self, *arguments: str) -> Any:
        return self.run(*arguments, "-o", "json").document


@pytest.fixture
def fleet(lab: LabConfig) -> Iterator[Fleet]:
    from tests.fleet.real_world import real_world

    with real_world(lab) as made:
        yield made
        made.clean_up(made.made)


@pytest.fixture
def world(tmp_path: Path, lab: LabConfig) -> Iterator[LabWorld]:
    made = LabWorld(tmp_path, lab)
    yield made
    made.close()


def stopped_until(healed: Any, hypervisor: Hypervisor, guest: Instance) -> None:
    """Pull the plug until somebody has heard of it."""

    def look() -> bool:
        nonlocal again
        if time.monotonic() >= again:
            hypervisor.start(guest.id)
            hypervisor.stop(guest.id, StopMethod.POWER_OFF)
            again = time.monotonic() + AGAIN_SECONDS
        return bool(healed())

    again = 0.0
    eventually(look, "the runbook starts the guest again")


def test_a_guest_that_stops_is_started_again_by_the_runbook_that_waits_for_it(world: LabWorld, fleet: Fleet) -> None:
    guest = fleet.make()
    fleet.hypervisor.start(guest.id)
    serving = world.start("serve")
    read_until(serving, "serving as")
    started = world.run("api", "OOS", "StartExecution", f"TemplateContent={HEAL.replace('INSTANCE', guest.id)}")
    assert started.code == 0, started
    trigger = started.document["Execution"]["ExecutionId"]

    def children() -> list[Any]:
        said = world.run("api", "OOS", "ListExecutions", f"ParentExecutionId={trigger}")
        return [each for each in json.loads(said.out)["Executions"] if each["Status"] == "Success"]

    eventually(lambda: world.documents("execution", "show", trigger)["Status"] == "Waiting", "it is armed")
    stopped_until(children, fleet.hypervisor, guest)
    fleet.wait_for(guest.id, Power.RUNNING)
    assert json.loads(children()[0]["Outputs"])["healed"] == guest.id
    serving.terminate()
    assert serving.wait(60) == 0


def test_commands_run_at_their_moment_and_at_each_start_of_a_real_guest(world: LabWorld, fleet: Fleet) -> None:
    guest = fleet.run(fleet.make().id)
    serving = world.start("serve")
    read_until(serving, "serving as")

    def newest(invoke_id: str) -> dict[str, Any]:
        (result,) = results(world, invoke_id, ContentEncoding="PlainText")
        return result

    starts = begin(world, guest.id, CommandContent=f"cat {BOOT_ID}", RepeatMode="EveryReboot")
    before = boot_id(fleet, guest)
    api(world, "RebootInstance", InstanceId=guest.id, ForceStop=True)
    timed = begin(world, guest.id, CommandContent="echo $((6 * 7))", Launcher="sh -eu", **EVERY_TEN_SECONDS)
    eventually(lambda: newest(starts)["Output"] != "", "it ran at the start")
    assert boot_id(fleet, guest) not in ("", before)
    told = newest(starts)
    assert (told["Output"], told["Repeats"], told["InvocationStatus"]) == (boot_id(fleet, guest), 1, "Scheduled")
    eventually(lambda: newest(timed)["Output"] == "42\n", "its moment has come")
    for each in (starts, timed):
        api(world, "StopInvocation", InvokeId=each)
    assert newest(starts)["InvocationStatus"] == "Terminated"
    serving.terminate()
    assert serving.wait(60) == 0


def boot_id(fleet: Fleet, guest: Instance) -> str:
    return fleet.hypervisor.guest_read(guest.id, BOOT_ID, limit=64).decode()
