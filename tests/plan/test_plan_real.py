"""What is planned for real guests is what happens to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from oos.adapters.memory.clock import SimulatedClock
from oos.adapters.memory.guest import tiny_shell
from oos.app.app import App
from oos.engine.ports import StartRequest
from oos.execution.status import SafetyCheck, Status
from oos.lab.config import LabConfig
from oos.lab.guests import REGION, opened_app
from oos.lab.lab import up
from oos.plan.assumed import Assumed
from oos.plan.difference import Things, differences
from oos.plan.live import live_of
from oos.plan.make import make_plan
from oos.plan.model import Change
from oos.plan.things import fleet_things
from oos.plan.twin import twins_of

pytestmark = pytest.mark.real

TEMPLATE = """\
FormatVersion: OOS-2019-06-01
Parameters: {instanceId: {Type: String}}
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeDisks, Parameters: {InstanceId: '{{ instanceId }}'}}
    Outputs: {disk: {Type: String, ValueSelector: 'Disks.Disk[0].DiskId'}}
  - Name: keep
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: CreateSnapshot, Parameters: {DiskId: '{{ look.disk }}', SnapshotName: planned}}
    Outputs: {id: {Type: String, ValueSelector: SnapshotId}}
  - Name: kept
    Action: ACS::WaitFor
    Properties:
      Service: ECS
      API: DescribeSnapshots
      Parameters: {SnapshotIds: ['{{ keep.id }}']}
      DesiredValues: [accomplished]
      PropertySelector: 'Snapshots.Snapshot[].Status'
  - Name: stop
    Action: ACS::ECS::StopInstance
    Properties: {instanceId: '{{ instanceId }}'}
Outputs: {snapshot: {Type: String, Value: '{{ keep.id }}'}}
"""


def things(app: App) -> Things:
    """The fleet as it is now."""
    hosts = twins_of(app.fleet, SimulatedClock(datetime.now(UTC)), tiny_shell)
    return fleet_things(hosts.values(), app.registry)


def test_what_is_planned_for_a_real_guest_is_what_happens_to_it(lab: LabConfig) -> None:
    up(lab, lambda _: None)
    with opened_app(lab) as app:
        hypervisor, instance = app.fleet.of_instance(
            next(each.id for each in app.fleet.instances(REGION) if each.name == lab.guests[0]), REGION
        )
        request = StartRequest(
            template=app.template_cache.checked(TEMPLATE, "planned.yml"),
            parameters={"instanceId": instance.id},
            by="test",
            region=REGION,
            safety_check=SafetyCheck.SKIP,
        )
        before = things(app)
        plan = make_plan(live_of(app), request, Assumed(), datetime.now(UTC))
        assert things(app) == before
        made = [each.name for each in plan.differences if each.change is Change.CREATE]
        assert (plan.status, made, plan.assumptions) == (Status.SUCCESS, ["planned"], ())
        execution = app.engine.wait(app.engine.start(request))
        try:
            assert execution is not None
            assert execution.status is Status.SUCCESS, execution.fault
            assert differences(before, things(app)) == plan.differences
        finally:
            hypervisor.start(instance.id)
            for each in hypervisor.snapshots():
                if each.name == "planned":
                    hypervisor.delete_snapshot(each.id)
