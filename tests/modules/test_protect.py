"""`Protect: Snapshot`: what fails goes back to where it was, what succeeds leaves no snapshot, killed or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oos.engine.errors import EngineStopped
from oos.service.catalog import installed_modules
from oos.template.check import check
from oos.template.outline import task_lines
from oos.template.parse import parse
from tests.engine.dying import DyingJournal, Killed
from tests.engine.world import finished
from tests.modules.executions import Runner
from tests.modules.world import World
from tests.rehearsal.trying import CATALOG, observed

TEMPLATE = """\
FormatVersion: OOS-2019-06-01
Description: change instances, each protected
Parameters:
  targets: {Type: List}
  command: {Type: String}
Tasks:
  - Name: change
    Action: ACS::ECS::RunCommand
    Protect: Snapshot
    Properties:
      instanceId: '{{ ACS::TaskLoopItem }}'
      commandType: RunShellScript
      commandContent: '{{ command }}'
    Outputs:
      said: {Type: String, ValueSelector: invocationOutput}
    Loop:
      Items: '{{ targets }}'
      RateControl: {Mode: Concurrency, Concurrency: 1, MaxErrors: 9}
      Outputs:
        said: {AggregateType: 'Fn::ListJoin', AggregateField: said}
Outputs:
  said: {Type: List, Value: '{{ change.said }}'}
"""
BODY = TEMPLATE.partition("\n")[2]
GIVEN = "given: {instances: {web-1: {files: {/data: fine, /ok: ok}}, web-2: {files: {/data: fine}}}}\n"


def files(seen: dict[str, Any], name: str) -> str:
    return str(seen["fleet"]["instances"][name]["disks"]["vda"]["files"]["/data"]).strip()


def test_only_what_failed_goes_back_and_only_its_snapshot_stays() -> None:
    seen = observed(
        BODY,
        GIVEN
        + """\
parameters: {targets: [i-web-1, i-web-2], command: 'echo spoilt > /data && test -f /ok && echo done'}
expect:
  status: Success
  tasks: [change: {items: [Success, {status: Failed, message: /.*exit code 1.*taken back to their snapshots.*/}]}]
  fleet: {instances: {web-2: {power: Running, agent: true}}, snapshots: [{disk: d-web-2-vda}]}
  outputs: {said: ["done\\n", null]}
""",
    )
    assert [files(seen, "web-1"), files(seen, "web-2")] == ["spoilt", "fine"]


def test_nothing_is_done_to_what_cannot_be_protected() -> None:
    seen = observed(
        BODY,
        GIVEN
        + """\
parameters: {targets: [i-web-1], command: 'echo spoilt > /data'}
faults: [{fault: disk full, host: h-1}]
expect: {status: Success, tasks: [change: {items: [{status: Failed, message: /.*no space.*/}]}]}
""",
    )
    assert files(seen, "web-1") == "fine"


def test_what_cannot_go_back_is_told_of() -> None:
    observed(
        BODY,
        GIVEN
        + """\
parameters: {targets: [i-web-2], command: 'test -f /ok'}
faults: [{fault: error, call: ECS.ResetDisk, of: d-web-2-vda, message: the lock is held}]
expect: {status: Success, tasks: [change: {items: [{message: /.*could not be taken back.*/}]}]}
""",
    )


def test_a_task_without_a_loop_protects_all_it_names() -> None:
    seen = observed(
        """\
        Parameters: {ids: {Type: List}}
        Tasks:
          - Name: change
            Action: ACS::ExecuteAPI
            Protect: Snapshot
            Properties:
              Service: ECS
              API: StopInstances
              Parameters: {InstanceId: '{{ ids }}'}
            Outputs: {told: {Type: List, ValueSelector: 'InstanceResponses.InstanceResponse[].CurrentStatus'}}
        Outputs:
          told: {Type: List, Value: '{{ change.told }}'}
          raw: {Type: Json, Value: '{{ change.InstanceResponses }}'}
        """,
        GIVEN + "parameters: {ids: [i-web-1, i-web-2]}\nexpect: {status: Success}\n",
    )
    assert len(seen["outputs"]["told"]) == 2
    assert len(seen["outputs"]["raw"]["InstanceResponse"]) == 2
    calls = [name for each in seen["changes"] for name in each]
    assert calls.count("ECS.CreateSnapshot") == calls.count("ECS.DeleteSnapshot") == 2


def test_ids_that_stand_elsewhere_are_named_and_a_whole_template_can_say_it() -> None:
    body = """\
        Protect: Snapshot
        Tasks:
          - Name: look
            Action: ACS::ExecuteAPI
            Properties: {Service: ECS, API: DescribeInstances, Parameters: {InstanceIds: [i-web-1]}}
          - Name: rename
            Action: ACS::ExecuteAPI
            Properties: {Service: ECS, API: ModifyInstanceAttribute, Parameters: {InstanceId: i-web-1, Description: a}}
          - Name: again
            Action: ACS::ExecuteAPI
            Protect: None
            Properties: {Service: ECS, API: ModifyInstanceAttribute, Parameters: {InstanceId: i-web-1, Description: b}}
          - Name: tag
            Action: ACS::ExecuteAPI
            Protect: {Snapshot: [i-web-2]}
            Properties:
              Service: TAG
              API: TagResources
              Parameters: {ResourceARN: ['arn:acs:ecs:*:*:instance/i-web-2'], Tags: '{"a": "b"}'}
        """
    seen = observed(body, GIVEN + "expect: {status: Success}\n")
    made = [each["ECS.CreateSnapshot"]["DiskId"] for each in seen["changes"] if "ECS.CreateSnapshot" in each]
    assert made == ["d-web-1-vda", "d-web-2-vda"]


def test_a_task_inside_a_loop_of_tasks_is_protected_too() -> None:
    seen = observed(
        """\
        Parameters: {targets: {Type: List}}
        Tasks:
          - Name: each
            Action: ACS::Loop
            Properties:
              LoopItems: '{{ targets }}'
              LoopRateControl: {Mode: Concurrency, Concurrency: 1, MaxErrors: 5}
              LoopTasks:
                - Name: change
                  Action: ACS::ECS::RunCommand
                  Protect: Snapshot
                  Properties:
                    instanceId: '{{ ACS::TaskLoopItem }}'
                    commandType: RunShellScript
                    commandContent: echo spoilt > /data && test -f /ok && echo done
                  Outputs: {said: {Type: String, ValueSelector: invocationOutput}}
            Outputs: {said: {Type: String, ValueSelector: '{{ change.said }}'}}
        Outputs: {said: {Type: List, Value: '{{ each.said }}'}}
        """,
        GIVEN
        + """\
parameters: {targets: [i-web-1, i-web-2]}
expect: {status: Success, outputs: {said: ["done\\n", null]}, fleet: {snapshots: [{disk: d-web-2-vda}]}}
""",
    )
    assert [files(seen, "web-1"), files(seen, "web-2")] == ["spoilt", "fine"]


def test_a_protected_task_is_shown_as_it_was_written() -> None:
    lines = "\n".join(task_lines(check(parse(TEMPLATE, "t.yml"), CATALOG).template))
    assert "ACS::ECS::RunCommand" in lines
    assert "where it fails they go back" in lines


# killed


def prepared() -> tuple[World, dict[str, Any]]:
    """Two running instances, of which the second cannot be changed."""
    world = World(installed_modules())
    good, bad = world.run(), world.run()
    for id, names in ((good, ("data", "ok")), (bad, ("data",))):
        for name in names:
            world.home(id).guest_write(id, f"/{name}", b"fine")
    parameters = {"targets": [good, bad], "command": "echo spoilt > /data && test -f /ok"}
    return world, parameters


def run_killed(write: int) -> tuple[World, DyingJournal, dict[str, Any], Any]:
    """Drive to the end in two processes, the first of which dies before this write."""
    world, parameters = prepared()
    journal = DyingJournal()
    journal.dies_at, journal.dies_before = write, True
    first = Runner(world, journal)
    try:
        execution = finished(first.engine, first.engine.start(first.request(TEMPLATE, "t.yml", **parameters)))
    except (Killed, EngineStopped):
        execution = None
    first.engine.close()
    journal.dies_at = None
    if execution is None:
        second = Runner(world, journal)
        roots = [each for each in journal.execution_ids() if "." not in each]
        request = second.request(TEMPLATE, "t.yml", **parameters)
        started = second.engine.resume(roots[0], "tester") if roots else second.engine.start(request)
        execution = finished(second.engine, started)
        second.engine.close()
    return world, journal, parameters, execution


def contents(world: World, ids: list[str]) -> Iterator[bytes]:
    for id in ids:
        home = world.home(id)
        yield home.state.files[world.instance(id).disk_ids[0]]["/data"]


NEVER = 10_000


def test_killed_at_any_write_what_failed_is_back_and_what_succeeded_is_not() -> None:
    _, journal, _, undisturbed = run_killed(NEVER)
    assert undisturbed.status == "Success"
    for write in range(1, journal.writes + 1, 3):
        world, _, parameters, execution = run_killed(write)
        assert execution.status == "Success", f"{write}: {execution.fault}"
        assert [each.strip() for each in contents(world, parameters["targets"])] == [b"spoilt", b"fine"], write
        bad = world.instance(parameters["targets"][1])
        assert [each.disk_id for each in world.fleet.snapshots()] == list(bad.disk_ids), write
