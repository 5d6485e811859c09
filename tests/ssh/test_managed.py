"""Managed instances: machines of the inventory that are commanded over SSH, and guests whose agents do not answer."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import oos_command
import oos_instance
from oos.adapters.memory.instances import SimulatedInstances
from oos.adapters.ssh.guest import SshGuest
from oos.adapters.ssh.pool import SshPool
from oos.fleet.guest import Guest
from oos.fleet.instance import GuestAddress
from oos.inventory.model import ManagedInstance, SshAccess
from tests.modules.world import World
from tests.ssh_server import SshServer, needs_sshd

pytestmark = needs_sshd
PATIENCE = 60.0


@pytest.fixture
def world(server: SshServer) -> Iterator[World]:
    pool = SshPool()

    def reach(access: SshAccess) -> Guest:
        return SshGuest(pool, replace(access, config=str(server.config)))

    managed = (
        ManagedInstance("db-1", "lab", SshAccess("127.0.1.1"), {"role": "db"}),
        ManagedInstance("db-2", "lab", SshAccess("127.0.1.2"), {"role": "db", "tier": "two"}),
        ManagedInstance("gone", "lab", SshAccess("127.0.1.3", port=1)),
    )
    facts = {"managed": managed, "ssh": SshAccess("", config=str(server.config))}
    yield World((oos_instance.MODULE, oos_command.MODULE), reach=reach, region_facts=facts)
    pool.close()


def machines(world: World, **conditions: Any) -> dict[str, dict[str, Any]]:
    listed = world.call("DescribeManagedInstances", **conditions)["Instances"]
    return {each["InstanceName"]: each for each in listed}


def result(world: World, invoke_id: str) -> dict[str, dict[str, Any]]:
    """What became of a command, by instance, once it has ended everywhere."""
    end = time.monotonic() + PATIENCE
    while True:
        asked = world.call("DescribeInvocationResults", InvokeId=invoke_id, ContentEncoding="PlainText")
        found = {each["InstanceId"]: each for each in asked["Invocation"]["InvocationResults"]["InvocationResult"]}
        if all(each["InvokeRecordStatus"] not in ("Running", "Stopping") for each in found.values()):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.1)


def test_machines_are_listed_with_whether_they_can_be_reached(world: World) -> None:
    seen = machines(world)
    assert {name: each["Connected"] for name, each in seen.items()} == {"db-1": True, "db-2": True, "gone": False}
    assert seen["db-1"]["Hostname"] == os.uname().nodename
    assert list(machines(world, Connected="false")) == ["gone"]
    assert list(machines(world, Tag=[{"Key": "tier"}])) == ["db-2"]
    assert list(machines(world, InstanceName="db*", MaxResults=1)) == ["db-1"]
    assert list(machines(world, InstanceId=[seen["gone"]["InstanceId"]])) == ["gone"]


def test_a_command_runs_once_on_machines_and_tells_what_it_said(world: World) -> None:
    seen = machines(world)
    ids = [seen[name]["InstanceId"] for name in ("db-1", "db-2", "gone")]
    script = 'echo "$SSH_CONNECTION" | cut -d" " -f3; exit 3'
    request = {"Type": "RunShellScript", "CommandContent": script, "InstanceId": ids, "Timeout": 20}
    # Machines remember the ids of commands, which follow from tokens: each token is used in one test.
    token = uuid.uuid4().hex
    began = world.call("RunCommand", token, **request)
    assert world.call("RunCommand", token, **request) == began
    found = result(world, began["InvokeId"])
    # Both are this machine: one of the two finds that the other began it. On two machines each would.
    told = [found[id] for id in ids[:2]]
    assert {each["Output"] for each in told} <= {"127.0.1.1\n", "127.0.1.2\n"}
    assert {each["ExitCode"] for each in told} == {3}
    assert found[ids[2]]["ErrorCode"] == "ClientNotRunning"
    assert "over SSH" in found[ids[2]]["ErrorInfo"]


def test_a_machine_that_is_not_in_the_inventory_is_not_commanded(world: World) -> None:
    request = {"Type": "RunShellScript", "CommandContent": "true"}
    for ids in (["mi-none"], ["mi-none", machines(world)["db-1"]["InstanceId"]]):
        assert world.refusal("RunCommand", InstanceId=ids, **request).code == "InvalidInstanceId.NotFound"


def test_a_file_is_sent_to_a_machine(world: World) -> None:
    id = machines(world)["db-1"]["InstanceId"]
    world.call(
        "SendFile",
        uuid.uuid4().hex,
        Name="sent",
        TargetDir="/var/lib/x",
        Content="here",
        FileMode="0600",
        InstanceId=[id],
    )
    asked = {"Type": "RunShellScript", "CommandContent": "stat -c %a /var/lib/x/sent; cat /var/lib/x/sent"}
    invoke_id = world.call("RunCommand", uuid.uuid4().hex, InstanceId=[id], **asked)["InvokeId"]
    assert result(world, invoke_id)[id]["Output"] == "600\nhere"


def test_a_guest_whose_agent_does_not_answer_is_reached_over_ssh(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    id = world.run()
    world.home(id).state.without_agent.append(id)
    here = (GuestAddress("52:54:00:00:00:01", "127.0.1.7", 8),)
    monkeypatch.setattr(SimulatedInstances, "addresses", lambda self, instance_id: here)
    asked = {"Type": "RunShellScript", "CommandContent": 'echo "$SSH_CONNECTION" | cut -d" " -f3'}
    invoke_id = world.call("RunCommand", uuid.uuid4().hex, InstanceId=[id], **asked)["InvokeId"]
    assert result(world, invoke_id)[id]["Output"] == "127.0.1.7\n"
    (status,) = world.call("DescribeCloudAssistantStatus", InstanceId=[id])["InstanceCloudAssistantStatusSet"][
        "InstanceCloudAssistantStatus"
    ]
    assert status["CloudAssistantStatus"] == "true"


def test_an_agent_is_installed_only_where_none_answers_and_there_is_a_way_in(server: SshServer) -> None:
    world = World((oos_instance.MODULE, oos_command.MODULE))
    with_agent, mute, off = world.run(), world.run(), world.run()
    world.home(mute).state.without_agent.append(mute)
    world.call("StopInstance", InstanceId=off)
    world.call("InstallCloudAssistant", InstanceId=[with_agent])
    assert world.refusal("InstallCloudAssistant", InstanceId=[mute]).code == "OperationDenied.NotSupported"
    assert world.refusal("InstallCloudAssistant", InstanceId=[off]).code == "IncorrectInstanceStatus"
    assert world.refusal("InstallCloudAssistant", InstanceId=["i-none"]).code == "InvalidInstanceId.NotFound"
