"""Ansible content in guests: real Ansible, on a simulated fleet."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import oos_ansible
import oos_instance
from oos.fleet.errors import AgentFailed
from oos.service.call import invoke
from oos.service.context import Context
from oos.service.errors import Cancelled
from oos.service.registry import MemoryRegistry
from oos.service.target_step import TargetStep
from oos.values.secret import Secret
from oos_ansible import decide
from oos_ansible.requests import ApplyPlaybook
from tests.modules.world import World

PLAYBOOK = """
- name: a play
  hosts: all
  gather_facts: false
  tasks:
    - {name: greet, raw: 'echo hello {{ whom }}', changed_when: false}
    - {name: mark, raw: 'echo marked > /mark'}
"""

OPERATION, _ = oos_ansible.OPERATIONS


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_ansible.MODULE))


def test_a_playbook_is_carried_out_in_each_guest(world: World) -> None:
    ids = [world.run(), world.run()]
    applied = world.call("OOS.ApplyPlaybook", InstanceIds=ids, Playbook=PLAYBOOK, ExtraVariables={"whom": "you"})
    assert applied["Changed"] is True
    assert [each["InstanceId"] for each in applied["Hosts"]] == ids
    for host in applied["Hosts"]:
        assert host["Status"] == "Success"
        assert [(task["Name"], task["Status"], task["Changed"]) for task in host["Tasks"]] == [
            ("greet", "Ok", False),
            ("mark", "Ok", True),
        ]
        assert host["Tasks"][0]["Message"] == "hello you"
    for id in ids:
        hypervisor, _ = world.fleet.of_instance(id, "lab")
        assert hypervisor.guest_read(id, "/mark") == b"marked\n"
    assert {"greet", "mark"} <= set(world.told)
    steps = [each for each in world.told if isinstance(each, TargetStep)]
    assert sorted((each.target, each.step, each.status, each.changed) for each in steps) == sorted(
        (id, step, "Ok", step == "mark") for id in ids for step in ("greet", "mark")
    )
    assert {each.message for each in steps if each.step == "greet"} == {"hello you"}


def test_a_task_that_fails_names_the_guest_the_task_and_why(world: World) -> None:
    good, bad = world.run(), world.run()
    hypervisor, _ = world.fleet.of_instance(bad, "lab")
    hypervisor.guest_write(bad, "/broken", b"")
    refused = world.refusal(
        "OOS.ApplyPlaybook",
        InstanceIds=[good, bad],
        ModuleName="raw",
        ModuleArguments={"_raw_params": "test -e /broken"},
    )
    assert refused.code == "PlaybookFailed"
    assert f"{good}: raw: non-zero return code" in refused.message
    assert bad not in refused.message


def test_what_changed_before_a_task_failed_is_told(world: World) -> None:
    tasks = "[{name: mark, raw: 'echo marked > /mark'}, {name: break, raw: 'false'}]"
    playbook = f"- {{hosts: all, gather_facts: false, tasks: {tasks}}}"
    refused = world.refusal("OOS.ApplyPlaybook", InstanceIds=[world.run()], Playbook=playbook)
    assert refused.message.endswith("(changed before: mark)")


def test_a_guest_without_an_agent_is_unreachable(world: World) -> None:
    id = world.run()
    world.home(id).state.without_agent.append(id)
    refused = world.refusal(
        "OOS.ApplyPlaybook", InstanceIds=[id], ModuleName="raw", ModuleArguments={"_raw_params": "true"}
    )
    assert refused.code == "PlaybookUnreachable"
    assert id in refused.message


def test_a_program_that_takes_its_time_is_waited_for(world: World) -> None:
    id = world.run()
    applied = world.call(
        "OOS.ApplyPlaybook", InstanceIds=[id], ModuleName="raw", ModuleArguments={"_raw_params": "sleep 40"}
    )
    assert applied["Hosts"][0]["Status"] == "Success"


def test_check_mode_changes_nothing(world: World) -> None:
    id = world.run()
    applied = world.call(
        "OOS.ApplyPlaybook", InstanceIds=[id], Playbook=PLAYBOOK, ExtraVariables={"whom": "you"}, CheckMode=True
    )
    assert [task["Status"] for task in applied["Hosts"][0]["Tasks"]] == ["Skipped", "Skipped"]
    assert applied["Changed"] is False


def test_secrets_are_used_and_not_told(world: World) -> None:
    id = world.run()
    secret = Secret("canary-4711")
    context = world.context("token-of-a-secret").knowing([secret])
    given = {"InstanceIds": [id], "Playbook": PLAYBOOK, "ExtraVariables": {"whom": secret}}
    response = invoke(OPERATION, given, context)
    assert response["Hosts"][0]["Tasks"][0]["Message"] == "hello ***"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "one of Playbook and ModuleName"),
        ({"Playbook": PLAYBOOK, "ModuleName": "raw"}, "one of Playbook and ModuleName"),
        ({"Playbook": PLAYBOOK, "ModuleArguments": {"a": 1}}, "belong to ModuleName"),
        ({"Playbook": "- hosts: [all"}, "1:14: "),
        ({"Playbook": "hosts: all"}, "a list of plays"),
        ({"Playbook": "- hosts: all\n  tasks: [{no.such.module: {}}]"}, "no.such.module"),
    ],
)
def test_what_is_no_playbook_is_refused(world: World, given: dict[str, object], says: str) -> None:
    refused = world.refusal("OOS.ApplyPlaybook", InstanceIds=[world.run()], **given)
    assert says in refused.message


def test_an_instance_that_is_off_is_refused_before_anything_is_done(world: World) -> None:
    on, off = world.run(), world.run()
    world.call("ECS.StopInstance", InstanceId=off, ForceStop=True)
    refused = world.refusal(
        "OOS.ApplyPlaybook", InstanceIds=[on, off], ModuleName="raw", ModuleArguments={"_raw_params": "true"}
    )
    assert refused.code == "IncorrectInstanceStatus"
    assert off in refused.message


def test_a_run_that_nobody_wants_any_more_leaves_no_process(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    id = world.run()
    context = world.context("token-of-the-unwanted", report=lambda task: context.cancelled.set())
    playbook = "- {hosts: all, gather_facts: false, tasks: [{pause: {seconds: 300}}]}"
    with pytest.raises(Cancelled):
        invoke(OPERATION, {"InstanceIds": [id], "Playbook": playbook}, context)
    assert [line for line in command_lines() if str(tmp_path).encode() in line] == []
    assert list(tmp_path.iterdir()) == []


def command_lines() -> Iterator[bytes]:
    """Of every process."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes()


def test_long_texts_are_cut_and_the_rest_is_counted() -> None:
    event = {"event": "runner_on_ok", "event_data": {"host": "i-1", "task": "t", "res": {"stdout": "x" * 5000}}}
    (host,) = decide.hosts_of(["i-1"], [event], lambda text: text)
    assert host["Tasks"][0]["Message"].endswith("… (1000 characters more)")


@pytest.mark.parametrize(("task", "acts"), [("raw: 'echo marked > /mark'", True), ("debug: {msg: hello}", False)])
def test_what_a_playbook_would_do_is_foretold_and_not_done(world: World, task: str, acts: bool) -> None:
    id = world.run()
    context = Context(fleet=world.fleet, registry=MemoryRegistry(), region="lab", token="foretell")
    playbook = f"- {{hosts: all, gather_facts: false, tasks: [{{name: mark, {task}}}]}}"
    assert OPERATION.foretell is not None
    foretold = OPERATION.foretell(context, ApplyPlaybook(instance_ids=(id,), playbook=playbook))
    assert foretold.acts is acts
    hypervisor, _ = world.fleet.of_instance(id, "lab")
    with pytest.raises(AgentFailed):
        hypervisor.guest_read(id, "/mark")
