"""State configurations: written down, applied at once and by their schedules, changed, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oos.app.app import App
from oos.app.settings import load_settings
from oos.app.state_clock import StateClock
from oos.execution.status import Status
from oos.service.call import invoke
from oos.service.catalog import installed_modules
from oos.service.state_configurations import STATE_CONFIGURATIONS, last_due
from tests.cli.world import World as Commands
from tests.cli.world import eventually
from tests.modules.executions import runner
from tests.modules.test_templates import STATE
from tests.modules.world import World

KEEP = """
FormatVersion: OOS-2019-06-01
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
  word: {Type: String, Default: nothing}
Tasks:
  - Name: select
    Action: ACS::SelectTargets
    Properties: {ResourceType: 'ALIYUN::ECS::Instance', Filters: ['{{ targets }}']}
    Outputs: {ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}}
  - Name: run
    Action: ACS::ECS::RunCommand
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}', commandType: RunShellScript, commandContent: 'echo {{ word }}'}
    Loop: {Items: '{{ select.ids }}'}
Outputs:
  word: {Type: String, Value: '{{ word }}'}
"""
GIVEN: dict[str, Any] = {
    "TemplateName": "keep",
    "ScheduleType": "rate",
    "ScheduleExpression": "1 hour",
    "Targets": json.dumps({"Type": "All", "RegionId": "lab"}),
}


@pytest.fixture
def world() -> Iterator[World]:
    made = World(installed_modules())
    with runner(made):
        made.call("OOS.CreateTemplate", TemplateName="keep", Content=KEEP)
        yield made


def create(world: World, token: str = "", **given: Any) -> dict[str, Any]:
    return dict(world.call("OOS.CreateStateConfiguration", token, **{**GIVEN, **given})["StateConfiguration"])


def listed(world: World, **given: Any) -> list[dict[str, Any]]:
    return list(world.call("OOS.ListStateConfigurations", **given)["StateConfigurations"])


def test_a_configuration_is_written_down_once_listed_changed_and_deleted(world: World) -> None:
    made = create(world, "t", Parameters={"word": "hello"}, Tags={"team": "ops"}, Description="d")
    id = made["StateConfigurationId"]
    assert create(world, "t")["StateConfigurationId"] == id
    wanted = {"ConfigureMode": "ApplyAndAutoCorrect", "ScheduleExpression": "1 hour", "Parameters": {"word": "hello"}}
    assert {name: made[name] for name in wanted} == wanted
    assert (made["TemplateId"] != "", made["Targets"]) == (True, '{"Type":"All","RegionId":"lab"}')
    for conditions, count in (
        ({"TemplateName": "keep"}, 1),
        ({"TemplateName": "other"}, 0),
        ({"Tags": {"team": "ops"}}, 1),
        ({"Tags": {"team": "web"}}, 0),
        ({"StateConfigurationIds": json.dumps([id])}, 1),
        ({"StateConfigurationIds": "[]"}, 0),
        ({"RegionId": "empty"}, 0),
    ):
        assert len(listed(world, **conditions)) == count, conditions
    changes = {"StateConfigurationId": id, "ConfigureMode": "ApplyOnly", "ScheduleExpression": "2 hours"}
    (changed,) = world.call("OOS.UpdateStateConfiguration", **changes)["StateConfiguration"]
    assert (changed["ConfigureMode"], changed["ScheduleExpression"]) == ("ApplyOnce", "2 hours")
    assert (changed["Parameters"], changed["Description"]) == ('{"word":"hello"}', "d")
    for token in ("d", "d"):
        world.call("OOS.DeleteStateConfigurations", token, StateConfigurationIds=[id])
    assert listed(world) == []
    refusal = world.refusal("OOS.DeleteStateConfigurations", StateConfigurationIds=[id])
    assert refusal.code == "EntityNotExists.StateConfiguration"


def test_one_that_is_not_there_keeps_the_others_from_being_deleted(world: World) -> None:
    id = create(world, "t")["StateConfigurationId"]
    for given in ({"StateConfigurationIds": [id, "sc-none"]}, {"StateConfigurationIds": [id], "RegionId": "empty"}):
        refusal = world.refusal("OOS.DeleteStateConfigurations", **given)
        assert refusal.code == "EntityNotExists.StateConfiguration"
    assert [each["StateConfigurationId"] for each in listed(world)] == [id]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"TemplateName": "none"}, "EntityNotExists.Template"),
        ({"TemplateName": "state"}, "OperationDenied.NotSupported"),
        ({"TemplateName": "ACS::ECS::StopInstance"}, "InvalidParameter.TemplateName"),
        ({"ConfigureMode": "ApplyAndMonitor"}, "OperationDenied.NotSupported"),
        ({"ConfigureMode": "Sometimes"}, "InvalidParameter.ConfigureMode"),
        ({"ScheduleType": "cron"}, "InvalidParameter.ScheduleType"),
        ({"ScheduleExpression": "29 minutes"}, "InvalidParameter.ScheduleExpression"),
        ({"ScheduleExpression": "often"}, "InvalidParameter.ScheduleExpression"),
        ({"Targets": "{"}, "InvalidParameter.Targets"),
        ({"Parameters": {"other": 1}}, "InvalidParameter.Parameters"),
    ],
)
def test_what_cannot_be_applied_is_refused(world: World, given: dict[str, Any], code: str) -> None:
    world.call("OOS.CreateTemplate", TemplateName="state", Content=STATE)
    assert world.refusal("OOS.CreateStateConfiguration", **{**GIVEN, **given}).code == code
    assert listed(world) == []


def test_it_is_due_at_once_and_by_its_schedule_unless_it_is_for_once(world: World) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    always, once = (
        STATE_CONFIGURATIONS.load(world.registry, create(world, ConfigureMode=mode)["StateConfigurationId"])
        for mode in ("ApplyAndAutoCorrect", "ApplyOnce")
    )
    assert always is not None
    assert once is not None
    for minutes, hours in ((0, 0), (59, 0), (60, 1), (500, 8)):
        now = start + timedelta(minutes=minutes)
        assert last_due(always, now) == start + timedelta(hours=hours)
        assert last_due(once, now) == start
    world.clock.sleep(90)
    changes = {"StateConfigurationId": once.id, "Parameters": {"word": "other"}}
    world.call("OOS.UpdateStateConfiguration", **changes)
    changed = STATE_CONFIGURATIONS.load(world.registry, once.id)
    assert changed is not None
    assert last_due(changed, start + timedelta(hours=9)) == start + timedelta(seconds=90)


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    made = Commands(tmp_path)
    yield made
    made.close()


def test_whoever_serves_applies_it_once_for_each_moment(commands: Commands) -> None:
    commands.make_instances("web-1")
    app = App(load_settings({}, commands.environment, commands.folder))
    app.lasts = True
    app.new_engine(None)

    def call(name: str, **given: Any) -> dict[str, Any]:
        operation = app.catalog.operation("OOS", name)
        assert operation is not None
        return invoke(operation, given, app.context(name))

    call("CreateTemplate", TemplateName="keep", Content=KEEP)
    targets = {"Type": "All", "RegionId": app.region}
    call("CreateStateConfiguration", **{**GIVEN, "Targets": targets, "Parameters": {"word": "hello"}})
    instant = datetime.now(UTC)
    one, other = (StateClock(app, lambda: instant) for _ in range(2))
    (first,) = one.look()
    assert one.look() == []
    assert other.look() == [first]
    eventually(lambda: app.journal.summary(first).status is Status.SUCCESS, "it was applied")
    assert dict(app.orchestrator.execution(first).outputs) == {"word": "hello"}
    (second,) = StateClock(app, lambda: instant + timedelta(hours=1)).look()
    assert second != first
    eventually(lambda: app.journal.summary(second).status is Status.SUCCESS, "it was applied again")
    app.close()
