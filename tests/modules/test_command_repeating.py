"""Commands that repeat: by the clock and at starts of their guests, each run once, until nothing more comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from oos.adapters.memory.faults import FaultKind, SimulatedCrash
from oos.service.errors import ApiError
from oos.service.repeating_commands import repeating_commands
from oos.values.secret import Secret
from oos.values.time import format_instant
from oos_command.content import launched
from oos_command.frequency import checked, read_frequency
from oos_command.repeating import HISTORY
from tests.modules.commands import MODULES, result, run, unfinished
from tests.modules.world import World
from tests.modules.yaml_table import load_table

NOW = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)
TABLE = load_table("frequency.yml")
COUNT = "echo x >> /count"


@pytest.fixture
def world() -> World:
    return World(MODULES)


@pytest.mark.parametrize("case", TABLE["due"], ids=lambda case: case["frequency"])
def test_a_frequency_says_when_a_command_is_due(case: dict[str, Any]) -> None:
    frequency = checked(read_frequency(case["frequency"]), 60, NOW)
    assert [format_instant(each) for each in islice(frequency.due(NOW), 2)] == case["due"]


@pytest.mark.parametrize("case", TABLE["refused"], ids=lambda case: case["frequency"])
def test_a_frequency_that_cannot_be_followed_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match=case["says"]) as refusal:
        checked(read_frequency(case["frequency"]), case.get("timeout", 60), NOW)
    assert refusal.value.code == "InvalidParameter.Frequency"


def look(world: World, invoke_id: str, seconds: float = 0) -> list[dict[str, Any]]:
    """Time passes, and somebody who serves looks at what is due."""
    world.clock.sleep(seconds)
    begun = world.call("ContinueInvocation", InvokeId=invoke_id)["Begun"]
    return list(begun)


def lines(world: World, id: str) -> int:
    return world.home(id).guest_read(id, "/count").count(b"x")


def whole(world: World, invoke_id: str) -> dict[str, Any]:
    (found,) = world.call("DescribeInvocations", InvokeId=invoke_id)["Invocations"]["Invocation"]
    return dict(found)


def words(world: World, invoke_id: str) -> tuple[str, str, int]:
    found = result(world, invoke_id)
    return found["InvokeRecordStatus"], found["InvocationStatus"], found["Repeats"]


# by the clock


def test_a_command_is_run_at_each_moment_of_its_frequency(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, Frequency="rate(5m)")
    assert look(world, invoke_id, 299) == []
    assert words(world, invoke_id) == ("Running", "Scheduled", 0)
    assert [each["Repeats"] for each in look(world, invoke_id, 2)] == [1]
    assert look(world, invoke_id) == []
    assert look(world, invoke_id, 200) == []
    assert [each["Repeats"] for each in look(world, invoke_id, 100)] == [2]
    assert lines(world, id) == 2
    assert words(world, invoke_id) == ("Running", "Scheduled", 2)
    found = whole(world, invoke_id)
    wanted = ("Period", True, "rate(5m)", "Running", "Scheduled")
    names = ("RepeatMode", "Timed", "Frequency", "InvokeStatus", "InvocationStatus")
    assert tuple(found[name] for name in names) == wanted


def test_what_nobody_began_in_time_is_not_made_up_for(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, Frequency="rate(5m)")
    assert look(world, invoke_id, 400) == []
    assert look(world, invoke_id, 3600 - 400 + 30) != []
    assert lines(world, id) == 1


def test_a_command_for_one_moment_is_over_after_it(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, RepeatMode="Period", Frequency="at(2026-01-01 00:10:00)")
    assert look(world, invoke_id, 600) != []
    assert words(world, invoke_id) == ("Finished", "Success", 1)
    assert list(repeating_commands(world.registry)) == []
    assert look(world, invoke_id, 600) == []


def test_a_moment_at_which_nobody_served_is_told_as_missed(world: World) -> None:
    invoke_id = run(world, world.run(), COUNT, Frequency="at(2026-01-01 00:10:00)")
    assert look(world, invoke_id, 700) == []
    assert (result(world, invoke_id)["ErrorCode"], words(world, invoke_id)) == (
        "ExecutionMissed",
        ("Failed", "Aborted", 0),
    )
    assert list(repeating_commands(world.registry)) == []


def test_the_runs_before_are_told_when_they_are_asked_for(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, "echo {{ACS::InvokeId}} >> /log; cat /log", Frequency="rate(1h)", EnableParameter=True)
    for _ in range(3):
        look(world, invoke_id, 3600)
    given = {"InvokeId": invoke_id, "ContentEncoding": "PlainText", "IncludeHistory": True}
    listed = world.call("DescribeInvocationResults", **given)["Invocation"]["InvocationResults"]["InvocationResult"]
    assert [(each["Repeats"], each["InvocationStatus"]) for each in listed] == [
        (3, "Scheduled"),
        (2, "Success"),
        (1, "Success"),
    ]
    assert listed[1]["Output"] == f"{invoke_id}\n" * 2
    assert world.refusal("DescribeInvocationResults", IncludeHistory=True).code == "MissingParameter"


def test_an_instance_that_is_off_does_not_fill_the_history(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, Frequency="rate(1h)")
    look(world, invoke_id, 3600)
    world.call("StopInstance", InstanceId=id)
    for _ in range(5):
        look(world, invoke_id, 3600)
    assert (result(world, invoke_id)["ErrorCode"], words(world, invoke_id)[2]) == ("InstanceNotRunning", 1)
    assert len(list(world.registry.items("invocation-history"))) == 2
    world.call("StartInstance", InstanceId=id)
    look(world, invoke_id, 3600)
    assert words(world, invoke_id) == ("Running", "Scheduled", 2)


def test_a_bounded_history_is_kept(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, "true", Frequency="rate(1h)")
    for _ in range(HISTORY + 5):
        look(world, invoke_id, 3600)
    assert len(list(world.registry.items("invocation-history"))) == HISTORY
    assert words(world, invoke_id)[2] == HISTORY + 5


def test_a_command_ends_with_its_instance(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, Frequency="rate(1h)")
    world.call("DeleteInstance", InstanceId=id, Force=True)
    look(world, invoke_id, 3600)
    assert result(world, invoke_id)["ErrorCode"] == "InstanceNotExists"
    assert list(repeating_commands(world.registry)) == []


def test_a_kept_command_repeats_with_its_launcher(world: World) -> None:
    id = world.run()
    given = {"Name": "n", "Type": "RunShellScript", "CommandContent": COUNT, "ContentEncoding": "PlainText"}
    command = world.call("CreateCommand", Launcher="sh -eu", **given)["CommandId"]
    (kept,) = world.call("DescribeCommands", CommandId=command)["Commands"]["Command"]
    assert kept["Launcher"] == "sh -eu"
    invoke_id = world.call("InvokeCommand", CommandId=command, InstanceId=[id], RepeatMode="EveryReboot")["InvokeId"]
    assert whole(world, invoke_id)["Launcher"] == "sh -eu"


def test_a_secret_of_a_command_that_repeats_stays_one(world: World) -> None:
    id = world.run()
    parameters = {"word": Secret("hunter-two")}
    invoke_id = run(world, id, "echo {{word}}", Frequency="rate(1h)", EnableParameter=True, Parameters=parameters)
    (kept,) = repeating_commands(world.registry)
    assert "hunter-two" not in repr(kept)
    look(world, invoke_id, 3600)
    assert world.home(id).state.files
    assert result(world, invoke_id)["Output"] == "***\n"


# at starts of guests


def test_a_command_is_run_at_the_next_start_only(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, RepeatMode="NextRebootOnly")
    assert look(world, invoke_id, 60) == []
    assert words(world, invoke_id) == ("Running", "Scheduled", 0)
    world.home(id).reboot(id, force=True)
    assert [each["Repeats"] for each in look(world, invoke_id)] == [1]
    assert words(world, invoke_id) == ("Finished", "Success", 1)
    world.home(id).reboot(id, force=True)
    assert look(world, invoke_id) == []
    assert lines(world, id) == 1


def test_a_command_is_run_at_every_start_once(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, RepeatMode="EveryReboot")
    for number in (1, 2, 3):
        world.home(id).reboot(id, force=True)
        assert [each["Repeats"] for each in look(world, invoke_id)] == [number]
        assert look(world, invoke_id, 3600) == []
    world.call("StopInstance", InstanceId=id)
    assert look(world, invoke_id) == []
    world.call("StartInstance", InstanceId=id)
    assert len(look(world, invoke_id)) == 1
    assert lines(world, id) == 4


def test_an_instance_that_is_off_runs_it_at_its_next_start(world: World) -> None:
    id = world.run()
    world.call("StopInstance", InstanceId=id)
    invoke_id = run(world, id, COUNT, RepeatMode="NextRebootOnly")
    assert look(world, invoke_id, 60) == []
    world.call("StartInstance", InstanceId=id)
    assert len(look(world, invoke_id)) == 1


def test_a_guest_whose_start_cannot_be_told_is_refused(world: World) -> None:
    id = world.run()
    world.break_next("guest_read", FaultKind.FAIL_BEFORE, times=9)
    world.break_next("guest_info", FaultKind.FAIL_BEFORE, times=9)
    refusal = world.refusal(
        "RunCommand", Type="RunShellScript", CommandContent="true", InstanceId=[id], RepeatMode="EveryReboot"
    )
    assert refusal.status >= 500
    assert list(repeating_commands(world.registry)) == []


# stopped


def test_a_command_that_is_stopped_does_not_repeat(world: World) -> None:
    first, second = world.run(), world.run()
    invoke_id = run(world, [first, second], COUNT, Frequency="rate(1h)")
    look(world, invoke_id, 3600)
    world.call("StopInvocation", InvokeId=invoke_id, InstanceId=[first])
    assert [each["InstanceId"] for each in look(world, invoke_id, 3600)] == [second]
    world.call("StopInvocation", InvokeId=invoke_id)
    assert look(world, invoke_id, 3600) == []
    found = whole(world, invoke_id)
    assert (found["InvokeStatus"], found["InvocationStatus"]) == ("Stopped", "Stopped")
    instances = {each["InstanceId"]: each for each in found["InvokeInstances"]["InvokeInstance"]}
    assert [(instances[id]["Repeats"], instances[id]["InvocationStatus"]) for id in (first, second)] == [
        (1, "Terminated"),
        (2, "Terminated"),
    ]
    assert list(repeating_commands(world.registry)) == []


def test_what_never_ran_is_cancelled(world: World) -> None:
    invoke_id = run(world, world.run(), COUNT, Frequency="rate(1h)")
    world.call("StopInvocation", InvokeId=invoke_id)
    assert words(world, invoke_id) == ("Stopped", "Cancelled", 0)
    assert result(world, invoke_id)["StopTime"] == "2026-01-01T00:00:00Z"


def test_what_runs_when_it_is_stopped_is_asked_to_end() -> None:
    world = World(MODULES, program=unfinished)
    id = world.run()
    invoke_id = run(world, id, "sleep 30", Frequency="rate(1h)")
    look(world, invoke_id, 3600)
    assert words(world, invoke_id) == ("Running", "Running", 1)
    world.call("StopInvocation", InvokeId=invoke_id)
    assert words(world, invoke_id) == ("Stopping", "Stopping", 1)


# once


def test_of_many_who_serve_one_begins_a_run(world: World) -> None:
    ids = [world.run() for _ in range(3)]
    invoke_id = run(world, ids, COUNT, Frequency="rate(1h)")
    world.clock.sleep(3600)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: look(world, invoke_id), range(24)))
    assert sum(len(each) for each in found) == 3
    assert [lines(world, id) for id in ids] == [1, 1, 1]


def test_a_run_whose_server_died_is_not_begun_again(world: World) -> None:
    id = world.run()
    invoke_id = run(world, id, COUNT, Frequency="rate(1h)")
    world.clock.sleep(3600)
    world.break_next("guest_execute", FaultKind.CRASH)
    with pytest.raises(SimulatedCrash):
        look(world, invoke_id)
    assert look(world, invoke_id) == []
    assert look(world, invoke_id, 3600) != []
    assert lines(world, id) == 2


def test_the_same_request_repeats_once(world: World) -> None:
    id = world.run()
    first, second = (run(world, id, COUNT, token="t", Frequency="rate(1h)") for _ in range(2))
    assert first == second
    assert len(look(world, first, 3600)) == 1
    assert run(world, id, COUNT, token="t", Frequency="rate(1h)") == first
    assert look(world, first) == []
    world.call("StopInvocation", InvokeId=first)
    assert run(world, id, COUNT, token="t", Frequency="rate(1h)") == first
    assert list(repeating_commands(world.registry)) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"RepeatMode": "Period"}, "MissingParameter"),
        ({"RepeatMode": "Sometimes"}, "InvalidParameter.RepeatMode"),
        ({"Frequency": "rate(1s)"}, "InvalidParameter.Frequency"),
        ({"Launcher": "sh {{ACS::ScriptFileName|Ext('.a')}} {{ACS::ScriptFileName}}"}, "InvalidParameter.Launcher"),
    ],
)
def test_what_makes_no_sense_is_refused(world: World, given: dict[str, str], code: str) -> None:
    wanted = {"Type": "RunShellScript", "CommandContent": "true", "InstanceId": [world.run()], **given}
    assert world.refusal("RunCommand", **wanted).code == code
    assert list(repeating_commands(world.registry)) == []


def test_invocations_are_found_by_how_they_repeat(world: World) -> None:
    id = world.run()
    once, period, start = (
        run(world, id, "true", **given) for given in ({}, {"Frequency": "rate(1h)"}, {"RepeatMode": "EveryReboot"})
    )
    for conditions, wanted in (
        ({"RepeatMode": "Once"}, {once}),
        ({"RepeatMode": "Period"}, {period}),
        ({"RepeatMode": "EveryReboot"}, {start}),
        ({"RepeatMode": "EveryReboot", "InstanceId": id}, {once, period, start}),
        ({"Timed": True}, {period}),
        ({"InvokeStatus": "Scheduled"}, {period, start}),
        ({"InvokeStatus": "Success"}, {once}),
        ({"InvokeStatus": "Running"}, {period, start}),
    ):
        found = world.call("DescribeInvocations", **conditions)["Invocations"]["Invocation"]
        assert {each["InvokeId"] for each in found} == wanted, conditions


# launchers


def test_a_launcher_runs_the_script(tmp_path: Any) -> None:
    import subprocess

    def ran(launcher: str, text: str) -> tuple[int, str]:
        done = subprocess.run(
            ["/bin/sh", "-s"], input=launched(text, launcher), capture_output=True, text=True, timeout=30
        )
        return done.returncode, done.stdout

    assert ran("sh -e", "echo one; false; echo two") == (1, "one\n")
    code, out = ran('sh {{ACS::ScriptFileName|Ext(".py")}} a b', "echo $0 $1 $2; exit 3")
    assert (code, out.split()[1:], out.split()[0][-10:]) == (3, ["a", "b"], "/script.py")
    assert ran("cat {{ acs::scriptfilename }}", "'\"$x`y`\\\n") == (0, "'\"$x`y`\\\n")
