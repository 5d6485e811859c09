"""Files sent into guests: there whole or not at all, told instance by instance."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from oos.adapters.memory.faults import FaultKind
from oos.service.call import invoke
from oos.values.secret import Secret
from tests.modules.commands import MODULES
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World(MODULES)


def files(world: World, id: str) -> dict[str, bytes]:
    return world.home(id).state.files[world.instance(id).disk_ids[0]]


def send(world: World, *ids: str, token: str = "", **changes: Any) -> str:
    request = {"Name": "app.conf", "TargetDir": "/etc/app", "Content": "port=1\n", "InstanceId": list(ids)}
    return str(world.call("SendFile", token, **{**request, **changes})["InvokeId"])


def results(world: World, **conditions: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.call("DescribeSendFileResults", **conditions)["Invocations"]["Invocation"]
    return found


def test_a_file_is_in_the_guest_and_told_of(world: World) -> None:
    id = world.run()
    invoke_id = send(world, id, Description="for the app", Tag=[{"Key": "app", "Value": "web"}])
    assert files(world, id)["/etc/app/app.conf"] == b"port=1\n"
    (shown,) = results(world, InvokeId=invoke_id, Tag=[{"Key": "app"}])
    assert (shown["Content"], shown["FileMode"], shown["InvocationStatus"]) == ("port=1\n", "0644", "Success")
    (one,) = shown["InvokeInstances"]["InvokeInstance"]
    assert (one["InstanceId"], one["InvocationStatus"], one["ErrorCode"]) == (id, "Success", "")


def test_bytes_are_sent_in_base64(world: World) -> None:
    id = world.run()
    content = base64.b64encode(b"\x00\xff").decode()
    invoke_id = send(world, id, Content=content, ContentType="Base64", TargetDir="/")
    assert files(world, id)["/app.conf"] == b"\x00\xff"
    assert results(world, InvokeId=invoke_id)[0]["Content"] == content


def test_another_file_of_that_name_stays_unless_it_may_go(world: World) -> None:
    id = world.run()
    files(world, id)["/etc/app/app.conf"] = b"mine"
    refusal = world.refusal("SendFile", Name="app.conf", TargetDir="/etc/app", Content="port=1\n", InstanceId=[id])
    assert refusal.code == "OperationDenied.FileAlreadyExists"
    assert files(world, id)["/etc/app/app.conf"] == b"mine"
    send(world, id, Overwrite=True)
    assert files(world, id)["/etc/app/app.conf"] == b"port=1\n"
    send(world, id)


def test_each_instance_has_its_own_result(world: World) -> None:
    good, mute, off = world.run(), world.run(), world.run()
    world.home(mute).state.without_agent.append(mute)
    world.call("StopInstance", InstanceId=off)
    invoke_id = send(world, good, mute, off, "i-none")
    (shown,) = results(world, InvokeId=invoke_id, InvocationStatus="PartialFailed")
    codes = {each["InstanceId"]: each["ErrorCode"] for each in shown["InvokeInstances"]["InvokeInstance"]}
    assert codes == {good: "", mute: "ClientNotRunning", off: "InstanceNotRunning", "i-none": "InstanceNotExists"}
    assert len(results(world, InstanceId=mute)[0]["InvokeInstances"]["InvokeInstance"]) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Name": "a/b"}, "InvalidParameter.Name"),
        ({"Name": ".."}, "InvalidParameter.Name"),
        ({"TargetDir": "etc"}, "InvalidParameter.TargetDir"),
        ({"FileMode": "rw-"}, "InvalidParameter.FileMode"),
        ({"FileOwner": "-x"}, "InvalidParameter.FileOwner"),
        ({"FileOwner": "nobody-here"}, "OperationDenied.UserOrGroupNotExists"),
        ({"Content": "no base64!", "ContentType": "Base64"}, "InvalidParameter.Content"),
        ({"Content": "x" * ((32 << 10) + 1)}, "InvalidContent.SizeExceeded"),
        ({"InstanceId": ["i-none"]}, "InvalidInstanceId.NotFound"),
    ],
)
def test_what_cannot_be_sent_is_refused(world: World, change: dict[str, Any], code: str) -> None:
    id = world.run()
    request = {"Name": "x", "TargetDir": "/etc", "Content": "x", "InstanceId": [id], **change}
    assert world.refusal("SendFile", **request).code == code
    assert files(world, id) == {}


def test_a_request_that_runs_again_sends_once_more_only_where_that_is_open(world: World) -> None:
    id = world.run()
    world.break_next("guest_process", FaultKind.LOST_REPLY)
    request = {"Name": "app.conf", "TargetDir": "/etc/app", "Content": "port=1\n", "InstanceId": [id]}
    assert world.refusal("SendFile", "again", **request).code == "ServiceUnavailable"
    assert results(world)[0]["InvocationStatus"] == "Pending"
    send(world, id, token="again")
    assert results(world)[0]["InvocationStatus"] == "Success"
    files(world, id).clear()
    send(world, id, token="again")
    assert files(world, id) == {}


def test_a_secret_file_is_shown_to_nobody(world: World) -> None:
    id = world.run()
    operation = world.catalog.operation("ECS", "SendFile")
    assert operation is not None
    request = {"Name": "key", "TargetDir": "/etc", "Content": Secret("canary-4711"), "InstanceId": [id]}
    invoke(operation, request, world.context("t"))
    assert files(world, id)["/etc/key"] == b"canary-4711"
    assert "canary" not in str(results(world))
    assert not any("canary" in str(document) for _, document in world.registry.items("file"))
