"""The operations that run commands in guests: what runs, and that it runs once."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.adapters.memory.host import Pace
from oos.fleet.instance import StopMethod
from oos.service.call import invoke
from oos.service.errors import ApiError
from oos.values.secret import Secret
from tests.modules.commands import MODULES, result, run
from tests.modules.world import World


@pytest.fixture
def world() -> World:
    return World(MODULES)


# what runs


def test_a_command_runs_and_its_result_is_kept(world: World) -> None:
    id = world.run()
    began = world.call("RunCommand", Type="RunShellScript", CommandContent="echo out; exit 0", **{"InstanceId.1": id})
    assert began["InvokeId"].startswith("t-")
    assert began["CommandId"].startswith("c-")
    found = result(world, began["InvokeId"])
    wanted = {
        "InstanceId": id,
        "CommandId": began["CommandId"],
        "InvokeRecordStatus": "Finished",
        "InvocationStatus": "Success",
        "ExitCode": 0,
        "Output": "out\n",
        "Dropped": 0,
        "ErrorCode": "",
        "ErrorInfo": "",
        "Repeats": 1,
        "StartTime": "2026-01-01T00:00:00Z",
    }
    assert {key: found[key] for key in wanted} == wanted
    # From here on the guest is not asked any more.
    world.home(id).stop(id, StopMethod.POWER_OFF)
    assert result(world, began["InvokeId"]) == found
    assert base64.b64decode(result(world, began["InvokeId"], ContentEncoding="Base64")["Output"]) == b"out\n"


def test_an_exit_code_is_told_as_one(world: World) -> None:
    invoke_id = run(world, world.run(), "echo no; exit 3")
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["InvocationStatus"]) == ("Finished", "Failed")
    assert (found["ExitCode"], found["ErrorCode"], found["Output"]) == (3, "ExitCodeNonzero", "no\n")


def test_a_command_that_takes_long_is_running_until_it_has_ended(world: World) -> None:
    invoke_id = run(world, world.run(), "sleep 30; echo out", Timeout=60)
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["FinishedTime"], found["Output"]) == ("Running", "", "")
    assert "ExitCode" not in found
    world.clock.sleep(31)
    found = result(world, invoke_id)
    assert (found["InvocationStatus"], found["FinishedTime"]) == ("Success", "2026-01-01T00:00:30Z")


def test_a_command_ends_when_its_time_is_over(world: World) -> None:
    invoke_id = run(world, world.run(), "sleep 100", Timeout=20)
    world.clock.sleep(21)
    found = result(world, invoke_id)
    assert (found["InvokeRecordStatus"], found["InvocationStatus"]) == ("Failed", "Timeout")
    assert (found["ErrorCode"], found["FinishedTime"]) == ("ExecutionTimeout", "2026-01-01T00:00:20Z")


def test_long_output_is_cut_and_counted(world: World) -> None:
    id = world.run()
    world.home(id).guest_write(id, "/long", b"x" * 30_000)
    found = result(world, run(world, id, "cat /long"))
    assert (len(found["Output"]), found["Dropped"]) == (24 << 10, 30_000 - (24 << 10))


def test_a_command_is_given_to_many_guests_at_once(world: World) -> None:
    ids = [world.run(InstanceName=f"n-{number}", Tag=[{"Key": "role", "Value": "web"}]) for number in range(5)]
    invoke_id = run(world, ids, "echo {{ACS::InstanceName}}", EnableParameter=True)
    listed = world.call("DescribeInvocationResults", InvokeId=invoke_id, ContentEncoding="PlainText")["Invocation"]
    found = {each["InstanceId"]: each["Output"] for each in listed["InvocationResults"]["InvocationResult"]}
    assert found == {id: f"n-{number}\n" for number, id in enumerate(ids)}
    given: dict[str, Any] = {"Type": "RunShellScript", "CommandContent": "true", "ResourceTag": [{"Key": "role"}]}
    tagged = world.call("RunCommand", **given)["InvokeId"]
    assert world.call("DescribeInvocationResults", InvokeId=tagged)["Invocation"]["TotalCount"] == 5


# once


def test_the_same_request_runs_its_command_once(world: World) -> None:
    id = world.run()
    first, second = (run(world, id, "echo x >> /count", token="t") for _ in range(2))
    assert first == second
    assert world.home(id).guest_read(id, "/count") == b"x\n"


def test_a_command_that_was_begun_when_the_caller_died_runs_once(world: World) -> None:
    id = world.run()
    world.break_next("guest_execute", FaultKind.CRASH)
    with pytest.raises(SimulatedCrash):
        run(world, id, "echo x >> /count", token="t")
    invoke_id = run(world, id, "echo x >> /count", token="t")
    assert result(world, invoke_id)["InvocationStatus"] == "Success"
    assert world.home(id).guest_read(id, "/count") == b"x\n"


def test_a_command_that_was_only_intended_when_the_caller_died_runs(world: World) -> None:
    id = world.run()
    with pytest.raises(SimulatedCrash):
        run(_dying_before_it_begins(world), id, "echo x >> /count", token="t")
    world.wrap = lambda hypervisor: hypervisor
    invoke_id = run(_connected_anew(world), id, "echo x >> /count", token="t")
    assert result(world, invoke_id)["InvocationStatus"] == "Success"
    assert world.home(id).guest_read(id, "/count") == b"x\n"


def test_a_command_is_never_begun_again_after_the_guest_was_restarted(world: World) -> None:
    id = world.run()
    with pytest.raises(SimulatedCrash):
        run(_dying_before_it_begins(world), id, "echo x >> /count", token="t")
    world.wrap = lambda hypervisor: hypervisor
    _connected_anew(world)
    world.home(id).reboot(id, force=True)
    found = result(world, run(world, id, "echo x >> /count", token="t"))
    assert (found["InvokeRecordStatus"], found["ErrorCode"]) == ("Failed", "ExecutionInterrupted")
    assert id in found["ErrorInfo"]
    assert "not run again" in found["ErrorInfo"]
    assert not [path for path in world.home(id).state.files[world.instance(id).disk_ids[0]] if path == "/count"]


@pytest.mark.parametrize("begin", ["start", "reboot"])
def test_a_guest_that_is_just_coming_up_is_waited_for(begin: str) -> None:
    world = World(MODULES, pace=Pace(boot=40.0))
    id = world.run()
    if begin == "reboot":
        world.clock.sleep(600)
        world.home(id).reboot(id, force=True)
    assert not world.instance(id).has_agent
    assert result(world, run(world, id, "echo up"))["Output"] == "up\n"


def test_a_call_that_was_interrupted_while_guests_restarted_is_made_again_and_waits_for_them() -> None:
    world = World(MODULES, pace=Pace(boot=40.0))
    id = world.run()
    world.clock.sleep(600)
    world.break_next("guest_read", FaultKind.CRASH)
    with pytest.raises(SimulatedCrash):
        run(world, id, "echo x >> /count", token="t")
    world.home(id).reboot(id, force=True)
    invoke_id = run(world, id, "echo x >> /count", token="t")
    assert result(world, invoke_id)["InvocationStatus"] == "Success"
    assert world.home(id).guest_read(id, "/count") == b"x\n"


def test_a_guest_that_does_not_come_up_and_one_that_ran_long_without_an_agent_are_refused() -> None:
    world = World(MODULES, pace=Pace(boot=1000.0))
    id = world.run()
    begun = world.clock.now()
    with pytest.raises(ApiError, match="ClientNotRunning"):
        run(world, id, "echo up")
    waited = world.clock.now() - begun
    assert timedelta(minutes=1) < waited < timedelta(minutes=3)
    with pytest.raises(ApiError, match="ClientNotRunning"):
        run(world, id, "echo up", token="other")
    assert world.clock.now() - begun - waited < timedelta(seconds=5)


def test_a_lost_answer_is_made_up_by_the_traces_in_the_guest(world: World) -> None:
    id = world.run()
    world.break_next("guest_execute", FaultKind.LOST_REPLY)
    found = result(world, run(world, id, "echo out"))
    assert (found["InvocationStatus"], found["Output"]) == ("Success", "out\n")


def test_a_command_that_never_arrived_is_given_up(world: World) -> None:
    id = world.run()
    world.break_next("guest_execute", FaultKind.FAIL_BEFORE)
    invoke_id = run(world, id, "echo out")
    assert result(world, invoke_id)["InvocationStatus"] == "Pending"
    world.clock.sleep(61)
    found = result(world, invoke_id)
    assert (found["InvocationStatus"], found["ErrorCode"], found["Repeats"]) == ("Aborted", "DeliveryTimeout", 0)


class _DyingBeforeItBegins:
    """A hypervisor whose caller dies right before a program is started."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def guest_execute(self, *args: Any, **kwargs: Any) -> int:
        raise SimulatedCrash("the process died before it began")


def _dying_before_it_begins(world: World) -> World:
    world.wrap = _DyingBeforeItBegins
    return _connected_anew(world)


def _connected_anew(world: World) -> World:
    world.fleet.close()
    return world


# secrets


def test_a_secret_command_is_run_and_never_kept(world: World) -> None:
    id = world.run()
    operation = world.catalog.operation("ECS", "RunCommand")
    assert operation is not None
    invoke_id = invoke(
        operation,
        {
            "Type": "RunShellScript",
            "InstanceId": [id],
            "CommandContent": Secret("echo hunter2; echo {{word}}"),
            "EnableParameter": True,
            "Parameters": {"word": Secret("opensesame")},
        },
        world.context("x", secrets=(Secret("hunter2"), Secret("elsewhere"))),
    )["InvokeId"]
    # Whoever looks first need not know the secrets; the registry keeps them as such, to be sealed.
    assert result(world, invoke_id)["Output"] == "***\n***\n"
    held = world.registry.get("invocation-secret", invoke_id)
    assert held is not None
    assert set(held["Secrets"]) == {Secret("hunter2"), Secret("opensesame")}
    (whole,) = world.call("DescribeInvocations", ContentEncoding="PlainText")["Invocations"]["Invocation"]
    assert (whole["CommandContent"], whole["Parameters"]) == ("***", '{"word":"***"}')
    kept = str([list(world.registry.items(kind)) for kind in ("invocation", "invocation-result", "command")])
    for word in ("hunter2", "opensesame", base64.b64encode(b"hunter2").decode()):
        assert word not in kept
    assert not [path for path in world.home(id).state.files[world.instance(id).disk_ids[0]] if "script" in path]


def test_a_kept_command_may_hold_no_secret(world: World) -> None:
    given: dict[str, Any] = {"Name": "n", "Type": "RunShellScript", "CommandContent": Secret("echo hunter2")}
    given["ContentEncoding"] = "PlainText"
    refusal = world.refusal("CreateCommand", **given)
    assert (refusal.code, "hunter2" in refusal.message) == ("OperationDenied.NotSupported", False)


@pytest.mark.parametrize(("seconds", "status"), [(0.1, "Finished"), (30, "Running")])
def test_a_short_command_has_ended_when_it_is_first_asked_about(world: World, seconds: float, status: str) -> None:
    id = world.run()
    begun = world.clock.now()
    invoke_id = run(world, id, f"sleep {seconds}")
    (told,) = world.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"]
    assert told["InvokeStatus"] == status
    assert (world.clock.now() - begun).total_seconds() < 0.5
