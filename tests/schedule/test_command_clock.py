"""`oos serve` carries on commands that repeat, once, whoever serves."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from oos.app.app import App
from oos.app.command_clock import CommandClock
from oos.app.settings import load_settings
from oos.service.call import invoke
from tests.cli.world import World, eventually
from tests.schedule.test_serve import serve, stop


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


EVERY_TEN_SECONDS = {"Frequency": "0/10 * * * * ?", "Timeout": 5}


def api(world: World, name: str, **given: Any) -> Any:
    """Call an operation; what other processes did to the hosts is seen."""
    app = App(load_settings({}, world.environment, world.folder))
    try:
        operation = app.catalog.operation("ECS", name)
        assert operation is not None
        return invoke(operation, given, app.context(secrets.token_hex(8)))
    finally:
        app.close()


def results(world: World, invoke_id: str, **given: Any) -> list[dict[str, Any]]:
    found = api(world, "DescribeInvocationResults", InvokeId=invoke_id, **given)
    return list(found["Invocation"]["InvocationResults"]["InvocationResult"])


def repeats(world: World, invoke_id: str) -> int:
    (newest,) = results(world, invoke_id)
    return int(newest["Repeats"])


def begin(world: World, instance_id: str, **given: Any) -> str:
    command = {"Type": "RunShellScript", "CommandContent": "echo x >> /count", "InstanceId": [instance_id], **given}
    return str(api(world, "RunCommand", **command)["InvokeId"])


def test_two_who_serve_begin_a_command_once_at_its_moment(world: World) -> None:
    (guest,) = world.make_instances("web-1")
    servers = [serve(world), serve(world)]
    timed = begin(world, guest.id, **EVERY_TEN_SECONDS)
    eventually(lambda: repeats(world, timed) >= 1, "a moment has come")
    api(world, "StopInvocation", InvokeId=timed)
    assert [stop(each) for each in servers] == [0, 0]
    found = results(world, timed, IncludeHistory=True)
    moments = [datetime.fromisoformat(each["StartTime"]).replace(microsecond=0) for each in found if each["StartTime"]]
    assert len({moment.replace(second=moment.second // 10 * 10) for moment in moments}) == len(moments)


class Hanging(Executor):
    """What is submitted hangs until it is let go."""

    def __init__(self) -> None:
        self.under_way: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.under_way.append(Future())
        return self.under_way[-1]


def test_a_command_that_is_at_work_is_not_looked_at_again(world: World) -> None:
    (guest,) = world.make_instances("web-1")
    begin(world, guest.id, Frequency="rate(1h)")
    app = App(load_settings({}, world.environment, world.folder))
    pool = Hanging()
    clock = CommandClock(app)
    clock.look(pool)
    clock.look(pool)
    assert len(pool.under_way) == 1
    pool.under_way[0].set_result(None)
    clock.look(pool)
    assert len(pool.under_way) == 2
    app.close()
