"""`oos plan` shows what would be done, and does none of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.cli.world import SNAPSHOTS, World

STOP = """\
FormatVersion: OOS-2019-06-01
Parameters: {note: {Type: String, NoEcho: true, Default: hush-hush-canary}}
Tasks:
  - Name: choose
    Action: ACS::SelectTargets
    Properties: {ResourceType: 'ALIYUN::ECS::Instance', Filters: [{Type: All}]}
    Outputs: {ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}}
  - Name: ask
    Action: ACS::Approve
    Properties:
      NotifyType: WebHook
      WebHook: {URI: 'http://192.0.2.1/', Content: {}}
      Approvers: [bob, eve]
      MinRequiredApprovals: 2
  - Name: tell
    Action: ACS::ECS::RunCommand
    Properties:
      instanceId: '{{ ACS::TaskLoopItem }}'
      commandType: RunShellScript
      commandContent: 'wall {{ note }}; uptime'
    Outputs: {said: {Type: String, ValueSelector: invocationOutput}}
    Loop: {Items: '{{ choose.ids }}', Outputs: {said: {AggregateType: 'Fn::ListJoin', AggregateField: said}}}
  - Name: stop
    Action: ACS::ECS::StopInstance
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
    Loop: {Items: '{{ choose.ids }}'}
Outputs: {said: {Type: List, Value: '{{ tell.said }}'}}
"""
READS = """\
FormatVersion: OOS-2019-06-01
Tasks: [{Name: see, Action: 'ACS::ExecuteAPI', Properties: {Service: ECS, API: DescribeDisks}}]
"""


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything that could have been changed: the hosts."""
    return {path.name: path.read_bytes() for path in folder.glob("h*.json")}


def test_a_plan_tells_what_would_be_different_and_changes_nothing(world: World) -> None:
    world.make_instances("web-1", "web-2")
    before = files_of(world.folder)
    said = world.run("plan", world.write("stop.yml", STOP))
    assert said.code == 0, said
    assert re.search(r"Update +instance +web-1 +power Running → Stopped", said.out), said
    assert "stop/stopInstance" in said.out
    assert "ECS.StopInstance" in said.out
    assert "ask: Approval by bob, eve, 2 of them" in said.out, said
    assert "Assumed" in said.out
    assert re.search(r"tell.*: \*\*\*", said.out)
    assert "0 to create, 2 to update, 0 to delete; " in said.err
    assert files_of(world.folder) == before
    assert world.run("execution", "list", "-o", "json").document == []


def test_no_secret_is_told(world: World) -> None:
    world.make_instances("web-1")
    for form in ("table", "json"):
        said = world.run("plan", world.write("stop.yml", STOP), "-v", "-o", form)
        assert "canary" not in said.out + said.err


def test_what_is_assumed_can_be_told(world: World) -> None:
    world.make_instances("web-1")
    answers = world.write("answers.yml", "commands: [{has: uptime, out: 'up 3 days'}]\n")
    planned = world.run("plan", world.write("stop.yml", STOP), "--assume", answers, "-o", "json").document
    assert planned["Outputs"] == {"said": ["up 3 days"]}
    assert planned["Assumptions"] == [
        {"Task": "", "About": "POST http://192.0.2.1/", "Answer": "answers 200 with nothing in it; it is not sent"}
    ]
    wrong = world.run("plan", "stop.yml", "--assume", world.write("wrong.yml", "comands: []\n"))
    assert wrong.code == 2
    assert "did you mean commands" in wrong.err
    (world.folder / "rubbish.yml").write_bytes(b"\xa0\xff" * 100)
    for name, said in (("rubbish.yml", "not UTF-8"), ("gone.yml", "cannot be read: No such file or directory")):
        refused = world.run("plan", "stop.yml", "--assume", name)
        assert refused.code == 2
        assert said in refused.err


def test_the_exit_code_tells_whether_anything_would_be_done(world: World) -> None:
    world.make_instances("web-1")
    template = world.write("snapshots.yml", SNAPSHOTS)
    assert world.run("plan", template).code == 0
    assert world.run("plan", template, "--detailed-exitcode").code == 2
    world.write("none.yml", STOP.replace("{Type: All}", "{Type: All, Parameters: {Status: Stopped}}"))
    nothing = world.run("plan", "none.yml", "--detailed-exitcode")
    assert nothing.code == 2, "a message would be sent"
    assert world.run("plan", world.write("reads.yml", READS), "--detailed-exitcode").code == 0


def calls(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [each for each in document["Calls"] if each["Call"] == name]


def test_what_would_fail_fails_in_the_plan(world: World) -> None:
    (instance,) = world.make_instances("web-1")
    text = (
        "FormatVersion: OOS-2019-06-01\nTasks: [{Name: gone, Action: 'ACS::ExecuteAPI', Properties: "
        f"{{Service: ECS, API: DeleteInstance, Parameters: {{InstanceId: {instance.id}}}}}}}]"
    )
    said = world.run("plan", world.write("delete.yml", text), "-o", "json")
    assert said.code == 1
    assert said.document["Code"] == "IncorrectInstanceStatus"
    (call,) = calls(said.document, "ECS.DeleteInstance")
    assert call["Fault"].startswith("IncorrectInstanceStatus")
    assert not call["Acts"]


def test_a_host_that_does_not_answer_is_told(world: World) -> None:
    world.make_instances("web-1")
    world.make_instances("web-2", host="h2")
    world.change_host("h2", unreachable=True)
    said = world.run("plan", world.write("stop.yml", STOP))
    assert said.code == 4, said
    assert "h2 does not answer" in said.err


def test_a_template_that_could_not_be_started_is_not_planned(world: World) -> None:
    said = world.run("plan", world.write("bad.yml", SNAPSHOTS), "-p", "width=11")
    assert said.code == 2
    assert "width" in said.err


ALARM = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: busy
    Action: ACS::EventTrigger
    Properties: {Product: ECS, Name: ['Instance:StateChange'], Level: [INFO]}
    Outputs: {id: {Type: String, ValueSelector: .content.resourceId}}
  - {Name: stop, Action: 'ACS::ECS::StopInstance', Properties: {instanceId: '{{ busy.id }}'}}
"""


def test_what_a_trigger_would_do_is_planned_with_an_event(world: World) -> None:
    (instance,) = world.make_instances("web-1")
    template = world.write("alarm.yml", ALARM)
    assert "nothing would be done; it would go on waiting" in world.run("plan", template).err
    event = f"events: [{{message: {{content: {{resourceId: {instance.id}}}}}}}]\n"
    planned = world.run("plan", template, "--assume", world.write("event.yml", event), "-o", "json").document
    assert [(each["Change"], each["Name"]) for each in planned["Differences"]] == [("Update", "web-1")], planned


PLAYBOOK = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: mark
    Action: OOS::Ansible::ApplyPlaybook
    Properties:
      instanceId: INSTANCE
      playbook: |
        - hosts: all
          gather_facts: false
          tasks: [{name: mark, raw: 'echo marked > /mark'}]
"""


def test_ansible_is_asked_what_it_would_do(world: World) -> None:
    (instance,) = world.make_instances("web-1")
    before = world.effects()
    planned = world.run("plan", world.write("mark.yml", PLAYBOOK.replace("INSTANCE", instance.id)), "-o", "json")
    assert planned.code == 0, planned
    (call,) = calls(planned.document, "OOS.ApplyPlaybook")
    assert (call["Acts"], call["On"]) == (True, ["web-1"])
    assert planned.document["Assumptions"] == []
    assert world.effects() == before
