"""Executions that operations start: they go on when whoever started them has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oos.adapters.locks import ExecutionLocks
from oos.adapters.presence import Presence
from tests.cli.world import EXECUTION, World, eventually, read_until

SLOW = """
FormatVersion: OOS-2019-06-01
Tasks:
  - {Name: rest, Action: 'ACS::Sleep', Properties: {Duration: PT1S}}
  - {Name: ask, Action: 'ACS::Approve'}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for pid in carriers(made):
        os.kill(pid, signal.SIGKILL)
    made.close()


def carriers(world: World) -> list[int]:
    """Processes that carry executions of this world."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
            environment = path.with_name("environ").read_bytes()
        except OSError:
            continue
        if b"oos.app.carry" in command and f"OOS_STATE_DIR={world.state}\0".encode() in environment:
            found.append(int(path.parent.name))
    return found


def started(world: World, *arguments: str) -> str:
    said = world.run("api", "OOS", "StartExecution", f"TemplateContent={SLOW}", *arguments)
    assert said.code == 0, said
    return str(said.document["Execution"]["ExecutionId"])


def statuses(world: World) -> dict[str, str]:
    listed = world.run("execution", "list", "-o", "json").document
    return {each["ExecutionId"]: each["Status"] for each in listed}


def holder(world: World, id_: str) -> str:
    return ExecutionLocks(world.state / "locks").holder(id_) or ""


def test_what_an_operation_starts_goes_on_when_its_caller_has_ended(world: World) -> None:
    id_ = started(world)
    assert statuses(world)[id_] in ("Running", "Waiting"), "it is driven when the call returns"
    (pid,) = carriers(world)
    assert holder(world, id_).endswith(f":{pid}")
    eventually(lambda: world.run("execution", "approve", id_).code == 0, "it waits for a person")
    eventually(lambda: statuses(world)[id_] == "Success", "it goes on by itself")
    eventually(lambda: not carriers(world), "its process ends with it")


def test_the_same_token_starts_it_once(world: World) -> None:
    assert started(world, "ClientToken=once") == started(world, "ClientToken=once")
    assert len(carriers(world)) == 1


def test_who_serves_drives_what_an_operation_starts(world: World) -> None:
    serving = world.start("serve")
    read_until(serving, "serving as")
    presence = Presence(world.state / "locks" / "serving")
    eventually(presence.anybody, "it says that it is there")
    id_ = started(world)
    assert holder(world, id_).endswith(f":{serving.pid}")
    assert not carriers(world)
    serving.terminate()
    assert serving.wait(60) == 0
    assert not presence.anybody()


def test_a_caller_that_dies_before_it_has_handed_over_does_so_when_it_goes_on(world: World) -> None:
    mortal = (sys.executable, "-m", "tests.crash.mortal_program")
    environment: dict[str, Any] = {"cwd": world.folder, "env": {**world.environment, "PYTHONPATH": ":".join(sys.path)}}
    inner: list[str] = []
    write = 0
    while not inner:
        write += 1
        command = [*mortal, str(write), "after", "api", "OOS", "StartExecution", f"TemplateContent={SLOW}"]
        died = subprocess.run(command, **environment, capture_output=True, text=True, check=False)
        assert died.returncode == -signal.SIGKILL, died
        listed = world.run("execution", "list", "-o", "json").document
        inner = [each["ExecutionId"] for each in listed if each["TemplateName"] != "OOS.StartExecution"]
    assert not holder(world, inner[0])
    caller = EXECUTION.findall(died.stderr)
    assert world.run("execution", "resume", caller[0]).code == 0
    eventually(lambda: bool(holder(world, inner[0])), "somebody drives it")
    assert len(carriers(world)) == 1
