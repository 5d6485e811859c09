"""Executions as a service: started, listed, told, changed and put away through the operations of OOS."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from oos.service.catalog import installed_modules
from tests.modules.executions import Runner, failed, runner, succeeded
from tests.modules.world import World

GREET = """
FormatVersion: OOS-2019-06-01
Description: {en: Greets.}
Parameters:
  name: {Type: String, Default: world}
  password: {Type: String, NoEcho: true, Default: ''}
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeRegions, Parameters: {RegionId: '{{ ACS::RegionId }}'}}
    Outputs: {regions: {Type: List, ValueSelector: 'Regions.Region[].RegionId'}}
Outputs:
  greeting: {Type: String, Value: 'hello {{ name }}'}
  regions: {Type: List, Value: '{{ look.regions }}'}
"""

ASK = """
FormatVersion: OOS-2019-06-01
Parameters:
  items: {Type: List, Default: [a, b]}
Tasks:
  - Name: ask
    Action: ACS::Approve
    Properties: {Approvers: []}
  - Name: each
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeRegions, Parameters: {RegionId: '{{ ACS::RegionId }}'}}
    Outputs: {region: {Type: String, ValueSelector: 'Regions.Region[0].RegionId'}}
    Loop: {Items: '{{ items }}', RateControl: {Mode: Batch, Batch: [1]}}
Outputs: {regions: {Type: List, Value: '{{ each.region }}'}}
"""

OUTER = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: inner
    Action: ACS::Template
    Properties: {TemplateName: ask}
"""

CALLING = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: start
    Action: ACS::ExecuteAPI
    Properties:
      Service: OOS
      API: StartExecution
      Parameters: {TemplateName: greet, Parameters: {name: you}}
    Outputs: {id: {Type: String, ValueSelector: Execution.ExecutionId}}
  - Name: untilDone
    Action: ACS::WaitFor
    Properties:
      Service: OOS
      API: ListExecutions
      Parameters: {ExecutionId: '{{ start.id }}'}
      PropertySelector: 'Executions[].Status'
      DesiredValues: [Success]
      StopRetryValues: [Failed, Cancelled]
    DelayType: Constant
    Delay: 1
Outputs:
  id: {Type: String, Value: '{{ start.id }}'}
"""


@pytest.fixture
def oos() -> Iterator[Runner]:
    with runner(World(installed_modules())) as made:
        yield made


def start(world: World, **parameters: Any) -> str:
    return str(world.call("OOS.StartExecution", **parameters)["Execution"]["ExecutionId"])


def listed(world: World, **conditions: Any) -> list[dict[str, Any]]:
    return list(world.call("OOS.ListExecutions", **conditions)["Executions"])


def ids(world: World, **conditions: Any) -> list[str]:
    return [each["ExecutionId"] for each in listed(world, **conditions)]


def until(world: World, id: str, *statuses: str) -> dict[str, Any]:
    """The execution once it has one of these statuses."""
    for _ in range(400):
        (found,) = listed(world, ExecutionId=id)
        if found["Status"] in statuses:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{id} is {found['Status']}: {found['StatusMessage']}")


# started and listed


def test_an_execution_is_started_once_and_found_with_its_outputs(oos: Runner) -> None:
    world = oos.world
    given: dict[str, Any] = {
        "TemplateContent": GREET,
        "Parameters": json.dumps({"name": "you", "password": "opensesame"}),
        "Tags": '{"team": "ops"}',
        "Description": "says hello",
        "ClientToken": "once",
    }
    id = start(world, **given)
    assert start(world, **given) == id
    ended = until(world, id, "Success")
    assert json.loads(ended["Outputs"])["greeting"] == "hello you"
    assert ended["Parameters"] == {"name": "you", "password": "***"}
    assert (ended["Description"], ended["Tags"], ended["ExecutedBy"]) == ("says hello", {"team": "ops"}, "root")
    assert ended["Counters"] == {"Total": 1, "Failed": 0, "Success": 1}
    (task,) = world.call("OOS.ListTaskExecutions", ExecutionId=id)["TaskExecutions"]
    assert (task["TaskName"], task["TaskAction"], task["Status"]) == ("look", "ACS::ExecuteAPI", "Success")
    assert json.loads(task["Properties"])["Service"] == "ECS"
    assert json.loads(task["Outputs"]) == {"regions": ["lab", "empty"]}
    lines = [each["Message"] for each in world.call("OOS.ListExecutionLogs", ExecutionId=id)["ExecutionLogs"]]
    assert lines[0] == "The execution started by root."
    assert lines[1:3] == ["The task look started.", "The task look completed."]
    assert world.call("OOS.GetExecutionTemplate", ExecutionId=id)["Content"] == GREET
    assert "opensesame" not in str([ended, task, lines])


def test_what_cannot_start_is_refused_with_every_fault(oos: Runner) -> None:
    world = oos.world
    assert world.refusal("OOS.StartExecution").code == "MissingParameter"
    both = world.refusal("OOS.StartExecution", TemplateName="x", TemplateContent=GREET)
    assert both.code == "InvalidParameter.TemplateContent"
    assert world.refusal("OOS.StartExecution", TemplateName="none").code == "EntityNotExists.Template"
    wrong = GREET.replace("ACS::ExecuteAPI", "ACS::ExecuteAPY").replace("{{ name }}", "{{ nama }}")
    fault = world.refusal("OOS.StartExecution", TemplateContent=wrong)
    assert fault.code in ("InvalidAction", "InvalidReference")
    assert "ACS::ExecuteAPY" in fault.message
    assert "nama" in fault.message
    unknown = world.refusal("OOS.StartExecution", TemplateContent=GREET, Parameters={"nama": "x"})
    assert (unknown.code, "name" in unknown.message) == ("InvalidParameter", True)
    skip = world.refusal("OOS.StartExecution", TemplateContent=GREET, SafetyCheck="Skip", Mode="Debug")
    assert skip.code == "InvalidParameter.SafetyCheck"
    assert ids(world) == []


def test_executions_are_listed_by_page_in_the_wanted_order(oos: Runner) -> None:
    world = oos.world
    started = [start(world, TemplateContent=GREET, Description=f"number {number}") for number in range(5)]
    for id in started:
        until(world, id, "Success")
    assert ids(world) == started[::-1]
    assert ids(world, SortOrder="Ascending") == started
    found, token = [], ""
    while True:
        page = world.call("OOS.ListExecutions", MaxResults=2, NextToken=token)
        found += [each["ExecutionId"] for each in page["Executions"]]
        token = page["NextToken"]
        if not token:
            break
    assert found == started[::-1]
    assert ids(world, Description="number 3") == [started[3]]
    assert ids(world, Status="Failed") == ids(world, Status="Queued") == []
    assert ids(world, TemplateName="CONTENT", Category="Other") == started[::-1]
    assert ids(world, Categories=["TimerTrigger"]) == []
    assert ids(world, StartDateBefore="2020-01-01T00:00:00Z") == []
    assert len(ids(world, StartDateAfter="2020-01-01T00:00:00Z", ExecutedBy="root", Mode="Automatic")) == 5
    assert world.refusal("OOS.ListExecutions", StartDateAfter="soon").code == "InvalidParameter.StartDateAfter"
    both = world.refusal("OOS.ListExecutions", Depth="RootDepth", IncludeChildExecution=True)
    assert both.code == "InvalidParameter.Depth"


# told


def test_a_person_approves_and_the_loop_goes_on(oos: Runner) -> None:
    world = oos.world
    id = start(world, TemplateContent=ASK)
    waiting = until(world, id, "Waiting")
    assert waiting["WaitingStatus"] == "Approval"
    assert [each["TaskName"] for each in waiting["CurrentTasks"]] == ["ask"]
    refused = world.refusal("OOS.NotifyExecution", ExecutionId=id, NotifyType="RetryTask")
    assert (refused.code, refused.status) == ("OperationDenied.ExecutionStatus", 403)
    world.call("OOS.NotifyExecution", ExecutionId=id, NotifyType="Approve", NotifyNote="go")
    until(world, id, "Success")
    tasks = world.call("OOS.ListTaskExecutions", ExecutionId=id, SortOrder="Ascending", IncludeChildTaskExecution=True)
    rows = [(each["TaskName"], each["LoopItem"], each["Status"]) for each in tasks["TaskExecutions"]]
    assert sorted(rows) == [("ask", "", "Success"), ("each", "", "Success")] + [
        ("each", item, "Success") for item in ("a", "b")
    ]
    looped = next(each for each in tasks["TaskExecutions"] if each["Loop"])
    assert looped["Loop"]["Items"] == ["a", "b"]
    items = world.call("OOS.ListTaskExecutions", ParentTaskExecutionId=looped["TaskExecutionId"])["TaskExecutions"]
    told = [(each["LoopItem"], each["LoopBatchNumber"], json.loads(each["Outputs"])) for each in items]
    assert sorted(told) == [("a", 1, {"region": "lab"}), ("b", 2, {"region": "lab"})]
    assert "LoopBatchNumber" not in looped
    resources = world.call("OOS.ListResourceExecutionStatus", ExecutionId=id)["ResourceExecutionStatus"]
    assert [(each["ResourceId"], each["Status"]) for each in resources] == [("a", "Success"), ("b", "Success")]


def test_whoever_tells_the_outer_execution_reaches_the_child_that_waits(oos: Runner) -> None:
    world = oos.world
    world.call("OOS.CreateTemplate", TemplateName="ask", Content=ASK)
    id = start(world, TemplateContent=OUTER)
    for _ in range(400):
        if ids(world, ParentExecutionId=id, Status="Waiting"):
            break
        time.sleep(0.01)
    (child,) = listed(world, ParentExecutionId=id)
    assert (child["ParentExecutionId"], child["TemplateName"]) == (id, "ask")
    (task,) = world.call("OOS.ListTaskExecutions", ExecutionId=id)["TaskExecutions"]
    assert task["ChildExecutionId"] == child["ExecutionId"]
    assert sorted(ids(world, IncludeChildExecution=True)) == sorted([id, child["ExecutionId"]])
    assert ids(world, Depth="FirstChildDepth") == [child["ExecutionId"]]
    world.call("OOS.NotifyExecution", ExecutionId=id, NotifyType="Approve")
    until(world, id, "Success")


def test_a_cancelled_execution_ends_and_cancelling_again_changes_nothing(oos: Runner) -> None:
    world = oos.world
    id = start(world, TemplateContent=ASK)
    until(world, id, "Waiting")
    world.call("OOS.CancelExecution", ExecutionId=id)
    until(world, id, "Cancelled")
    world.call("OOS.CancelExecution", ExecutionId=id)
    done = start(world, TemplateContent=GREET)
    until(world, done, "Success")
    assert world.refusal("OOS.CancelExecution", ExecutionId=done).code == "OperationDenied.ExecutionStatus"
    assert world.refusal("OOS.CancelExecution", ExecutionId="exec-none").code == "EntityNotExists.Execution"


def test_parameters_change_for_what_starts_later(oos: Runner) -> None:
    world = oos.world
    id = start(world, TemplateContent=ASK)
    until(world, id, "Waiting")
    changes: dict[str, Any] = {"Parameters": {"items": ["c"]}, "Description": "fewer", "Tags": '{"a": "b"}'}
    world.call("OOS.UpdateExecution", ExecutionId=id, **changes)
    for _ in range(400):
        if listed(world, ExecutionId=id)[0]["Description"] == "fewer":
            break
        time.sleep(0.01)
    world.call("OOS.NotifyExecution", ExecutionId=id, NotifyType="Approve")
    ended = until(world, id, "Success")
    assert (ended["Tags"], ended["Counters"]["Total"]) == ({"a": "b"}, 2)
    assert world.refusal("OOS.UpdateExecution", ExecutionId=id, Description="x").status == 403


# put away


def test_deleted_executions_are_listed_no_more_and_stay_on_record(oos: Runner) -> None:
    world = oos.world
    done, waits = start(world, TemplateContent=GREET), start(world, TemplateContent=ASK)
    until(world, done, "Success")
    until(world, waits, "Waiting")
    both = json.dumps([done, waits])
    refused = world.refusal("OOS.DeleteExecutions", ExecutionIds=both)
    assert waits in refused.message
    assert len(ids(world)) == 2
    world.call("OOS.DeleteExecutions", ExecutionIds=both, Force=True)
    world.call("OOS.DeleteExecutions", ExecutionIds=both, Force=True)
    assert ids(world) == ids(world, ExecutionId=done) == []
    assert world.refusal("OOS.ListExecutionLogs", ExecutionId=done).code == "EntityNotExists.Execution"
    assert set(oos.journal.execution_ids()) == {done, waits}


# from templates


def test_a_template_starts_another_execution_once_and_waits_for_it(oos: Runner) -> None:
    world = oos.world
    world.call("OOS.CreateTemplate", TemplateName="greet", Content=GREET)
    outputs = succeeded(oos.run(CALLING))
    (found,) = listed(world, ExecutionId=outputs["id"])
    assert (found["TemplateName"], found["TemplateVersion"], found["Parameters"]["name"]) == ("greet", "v1", "you")


def test_a_rehearsal_starts_nothing(oos: Runner) -> None:
    world = oos.world
    world.orchestrator = None
    assert world.refusal("OOS.StartExecution", TemplateContent=GREET).code == "OperationDenied.NotSupported"
    message = failed(oos.run(CALLING))
    assert "rehearsal" in message


TIMER = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: timer
    Action: ACS::TimerTrigger
    Properties: {Type: rate, Expression: 1 hour, EndDate: '2099-12-31T00:00:00Z'}
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeRegions}
"""


def test_an_armed_trigger_fires_by_hand(oos: Runner) -> None:
    world = oos.world
    id = start(world, TemplateContent=TIMER)
    armed = until(world, id, "Waiting")
    assert (armed["Category"], armed["WaitingStatus"]) == ("TimerTrigger", "Trigger")
    assert armed["NextScheduleTime"]
    world.call("OOS.TriggerExecution", ExecutionId=id, Type="Timer", Content='{"why": "now"}')
    for _ in range(400):
        if listed(world, ExecutionId=id)[0]["LastTriggerStatus"] == "Success":
            break
        time.sleep(0.01)
    assert ids(world, Categories=["TimerTrigger"], Status="Waiting") == [id]
    assert len(ids(world, ParentExecutionId=id)) == 1
