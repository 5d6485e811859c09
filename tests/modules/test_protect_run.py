"""`Protect: Snapshot` at the top of a template: one pair of snapshots around the whole run, killed or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oos.template.check import examine
from tests.crash.rehearsed import faults_at, plays
from tests.rehearsal.trying import CATALOG, HEAD, observed

BODY = """\
Protect: Snapshot
Parameters: {ids: {Type: List}, command: {Type: String}, verdict: {Type: String, Default: fine}}
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeInstances, Parameters: {InstanceIds: '{{ ids }}'}}
    Outputs: {found: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}}
  - Name: one
    Action: ACS::ECS::RunCommand
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}', commandType: RunShellScript, commandContent: echo one > /one}
    Loop: {Items: '{{ look.found }}', RateControl: {Mode: Concurrency, Concurrency: 1, MaxErrors: 9}}
  - Name: two
    Action: ACS::ECS::RunCommand
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}', commandType: RunShellScript, commandContent: '{{ command }}'}
    Loop: {Items: '{{ look.found }}', RateControl: {Mode: Concurrency, Concurrency: 1, MaxErrors: 9}}
  - Name: verify
    Action: ACS::CheckFor
    Properties: {Service: ECS, API: DescribeRegions, PropertySelector: '"{{ verdict }}"', DesiredValues: [fine]}
"""
GIVEN = "given: {instances: {web-1: {files: {/data: fine, /ok: ok}}, web-2: {files: {/data: fine}}}}\n"
WELL = "{ids: [i-web-1, i-web-2], command: 'echo two > /data'}"
IN_PART = "{ids: [i-web-1, i-web-2], command: 'echo two > /data && test -f /ok'}"
BADLY = "{ids: [i-web-1, i-web-2], command: 'echo two > /data', verdict: bad}"


def seen(parameters: str, expect: str = "{status: Success}", body: str = BODY, more: str = "") -> dict[str, Any]:
    return observed(body, f"{GIVEN}parameters: {parameters}\n{more}expect: {expect}\n")


def calls(seen: dict[str, Any]) -> list[str]:
    return [name for each in seen["changes"] for name in each]


def files(seen: dict[str, Any], name: str) -> dict[str, str]:
    kept: dict[str, str] = seen["fleet"]["instances"][name]["disks"]["vda"]["files"]
    return {path: text.strip() for path, text in kept.items() if path != "/ok"}


def test_there_is_one_pair_around_the_run() -> None:
    run = seen(WELL, "{status: Success, fleet: {snapshots: []}}")
    made = calls(run)
    assert made.count("ECS.CreateSnapshot") == made.count("ECS.DeleteSnapshot") == 2
    assert made.index("ECS.RunCommand") > max(at for at, name in enumerate(made) if name == "ECS.CreateSnapshot")
    assert files(run, "web-1") == {"/data": "two", "/one": "one"}


def test_what_fails_goes_back_to_where_the_run_began_and_others_keep_what_was_done() -> None:
    run = seen(IN_PART, "{status: Success, tasks: [..., two: {items: [Success, {message: /.*taken back.*/}]}, ...]}")
    assert files(run, "web-1") == {"/data": "two", "/one": "one"}
    assert files(run, "web-2") == {"/data": "fine"}
    assert run["fleet"]["instances"]["web-2"]["power"] == "Running"


def test_a_check_that_fails_after_the_changes_takes_all_of_them_back() -> None:
    run = seen(BADLY, "{status: Failed, message: /.*taken back to their snapshots.*/, fleet: {snapshots: [{}, {}]}}")
    assert files(run, "web-1") == files(run, "web-2") == {"/data": "fine"}
    assert calls(run).count("ECS.ResetDisk") == 2


ASKED = "mode: FailurePause\n"


def test_in_failure_pause_a_person_is_asked_before_all_is_taken_back() -> None:
    expect = "{status: Waiting, tasks: [..., verify: {waiting: FailurePause}]}"
    run = seen(BADLY, expect, more=ASKED)
    assert files(run, "web-1") == files(run, "web-2") == {"/data": "two", "/one": "one"}


@pytest.mark.parametrize("answer", ["reject", "cancel"])
def test_in_failure_pause_all_is_taken_back_when_the_failure_is_rejected_and_kept_when_the_run_is_cancelled(
    answer: str,
) -> None:
    more = f"{ASKED}people: [{{{answer}: '*', by: ada}}]\n"
    ends = {
        "reject": "{status: Failed, message: /.*taken back.*/, fleet: {snapshots: [{}, {}]}}",
        "cancel": "{status: Cancelled, fleet: {snapshots: [{}, {}]}}",
    }
    run = seen(BADLY, ends[answer], more=more)
    wanted = {"/data": "fine"} if answer == "reject" else {"/data": "two", "/one": "one"}
    assert files(run, "web-1") == files(run, "web-2") == wanted


def test_in_failure_pause_a_failure_that_is_skipped_keeps_what_was_done() -> None:
    run = seen(BADLY, "{status: Success, fleet: {snapshots: []}}", more=f"{ASKED}people: [{{skip: verify, by: ada}}]\n")
    assert files(run, "web-1") == {"/data": "two", "/one": "one"}


@pytest.mark.parametrize(("answer", "data"), [("reject", "fine"), ("skip", "two")])
def test_in_failure_pause_a_target_that_failed_waits_for_one_answer(answer: str, data: str) -> None:
    assert files(seen(IN_PART, "{status: Running}", more=ASKED), "web-2")["/data"] == "two"
    expect = {
        "reject": "{status: Success, tasks: [..., two: {items: [Success, {message: /.*taken back.*/}]}, ...]}",
        "skip": "{status: Success, fleet: {snapshots: []}}",
    }
    run = seen(IN_PART, expect[answer], more=f"{ASKED}people: [{{{answer}: '*', by: ada}}]\n")
    assert files(run, "web-1") == {"/data": "two", "/one": "one"}
    assert files(run, "web-2")["/data"] == data


@pytest.mark.parametrize(
    ("answer", "resets", "ends"),
    [
        ("", 0, "Running"),
        ("{reject: act, by: ada}", 1, "Waiting"),
        ("{reject: act, by: ada}, {reject: call, by: ada}", 1, "Cancelled"),
        ("{skip: act, by: ada}", 0, "Success"),
        ("{retry: act, by: ada}", 0, "Running"),
    ],
)
def test_in_failure_pause_a_call_that_failed_waits_before_its_target_goes_back(
    answer: str, resets: int, ends: str
) -> None:
    body = """\
Protect: Snapshot
Tasks:
  - Name: call
    Action: ACS::ExecuteAPI
    Properties:
      {Service: ECS, API: RunCommand, Parameters: {InstanceIds: [i-web-1], Type: RunShellScript, CommandContent: x}}
"""
    given = "given: {instances: {web-1: {agent: false, files: {/data: fine}}}}\n"
    run = observed(body, f"{given}{ASKED}people: [{answer}]\nexpect: {{status: {ends}}}\n")
    assert calls(run).count("ECS.ResetDisk") == resets


def test_nothing_is_changed_where_the_snapshots_cannot_be_made() -> None:
    more = "faults: [{fault: disk full, host: h-1}]\n"
    run = seen(WELL, "{status: Failed, tasks: [look, protectRun: Failed]}", more=more)
    assert "ECS.RunCommand" not in calls(run)


def test_an_end_before_the_last_task_prunes_too_and_one_before_the_first_change_makes_none() -> None:
    choice = """\
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: {default}
      Choices: [{{When: {{'Fn::Equals': ['{{{{ verdict }}}}', early]}}, NextTask: ACS::END}}]
"""
    begin, end = BODY.index("  - Name: one"), BODY.index("  - Name: two")
    early = BODY[:begin] + choice.format(default="one") + BODY[begin:]
    assert calls(seen(WELL.replace("}", ", verdict: early}"), body=early)) == []
    between = BODY[:end] + choice.format(default="two") + BODY[end:]
    run = seen(WELL.replace("}", ", verdict: early}"), "{status: Success, fleet: {snapshots: []}}", body=between)
    assert files(run, "web-1") == {"/data": "fine", "/one": "one"}


def test_a_jump_over_the_first_change_does_not_jump_over_its_protection() -> None:
    choice = """\
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: one
      Choices: [{When: {'Fn::Equals': ['{{ verdict }}', fine]}, NextTask: two}]
"""
    begin = BODY.index("  - Name: one")
    run = seen(IN_PART, body=BODY[:begin] + choice + BODY[begin:])
    assert files(run, "web-1") == {"/data": "two"}
    assert files(run, "web-2") == {"/data": "fine"}


def test_instances_that_are_named_are_protected_and_no_others_are_changed() -> None:
    body = BODY.replace("Protect: Snapshot\n", "Protect: {Snapshot: [i-web-1]}\n")
    expect = "{status: Success, tasks: [..., two: {items: [Success, {message: /.*i-web-2.*/}]}, ...]}"
    run = seen(WELL, expect, body=body)
    assert files(run, "web-1") == {"/data": "two", "/one": "one"}
    assert files(run, "web-2") == {"/data": "fine"}


def test_instances_that_are_known_too_late_are_a_fault_of_the_template() -> None:
    head, two, tail = BODY.partition("  - Name: two")
    look = BODY[BODY.index("  - Name: look") : BODY.index("  - Name: one")].replace("look", "again")
    body = head + look + two + tail.replace("look.found", "again.found")
    examined = examine(HEAD + body, "late.yml", CATALOG)
    (fault,) = [each for each in examined.diagnostics if each.code == "OOS407"]
    assert "again" in fault.message


def test_a_task_with_the_name_of_a_protecting_one_is_a_fault() -> None:
    examined = examine(HEAD + BODY.replace("Name: verify", "Name: PruneRun"), "name.yml", CATALOG)
    assert [each.code for each in examined.diagnostics if each.code == "OOS407"] == ["OOS407"]


@pytest.mark.parametrize("parameters", [WELL, IN_PART, BADLY], ids=["well", "in part", "badly"])
def test_killed_at_any_write_it_ends_the_same(tmp_path: Path, parameters: str) -> None:
    (tmp_path / "run.yml").write_text(HEAD + BODY)
    (tmp_path / "run.rehearsal.yml").write_text(f"{GIVEN}cases: [{{name: it, parameters: {parameters}}}]\n")
    (play,) = plays([tmp_path / "run.rehearsal.yml"])
    wrong = [f"{place}: {told}" for place, told in faults_at(play, range(1, play.undisturbed.writes + 1, 4)) if told]
    assert not wrong, "\n".join(wrong)
