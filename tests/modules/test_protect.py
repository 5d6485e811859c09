"""`Protect: Snapshot`: what fails goes back to where it was, what succeeds leaves no snapshot, killed or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oos.template.check import check
from oos.template.outline import task_lines
from oos.template.parse import parse
from tests.crash.rehearsed import faults_at, plays
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


def test_killed_at_any_write_what_failed_is_back_and_what_succeeded_is_not(tmp_path: Path) -> None:
    parameters = "{targets: [i-web-1, i-web-2], command: 'echo spoilt > /data && test -f /ok'}"
    (tmp_path / "run.yml").write_text(TEMPLATE)
    (tmp_path / "run.rehearsal.yml").write_text(f"{GIVEN}cases: [{{name: it, parameters: {parameters}}}]\n")
    (play,) = plays([tmp_path / "run.rehearsal.yml"])
    undisturbed = dict(play.undisturbed.observed)
    assert [files(undisturbed, name) for name in ("web-1", "web-2")] == ["spoilt", "fine"]
    wrong = [f"{place}: {told}" for place, told in faults_at(play, range(1, play.undisturbed.writes + 1, 3)) if told]
    assert not wrong, "\n".join(wrong)
