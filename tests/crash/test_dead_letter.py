"""A call that kills its process: after three of them a person is asked, and nothing dies any more until he answers."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.cli.world import Said, World

LETHAL = '''
import os, signal
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict
from oos.service.operation import Effect, Module, Operation


@dataclass(frozen=True)
class KillRequest:
    path: str = ""


class KillResponse(TypedDict):
    Killed: bool


def kill(context, request):
    """Kill this process, unless it was told not to."""
    with Path(request.path).open("a") as file:
        file.write("called\\n")
    if not Path(request.path).with_suffix(".mercy").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return {"Killed": False}


MODULE = Module("lethal", (Operation("LETHAL", "Kill", KillRequest, KillResponse, kill, Effect.CHANGES),))
'''

RUNBOOK = """
FormatVersion: OOS-2019-06-01
Parameters: {path: {Type: String}}
Tasks:
  - Name: kill
    Action: ACS::ExecuteAPI
    Properties: {Service: LETHAL, API: Kill, Parameters: {Path: '{{ path }}'}}
"""


class LethalWorld(World):
    """A world with a module of the site's own, installed as any is: it has an entry point."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        site = folder / "site"
        (site / "lethal-1.0.dist-info").mkdir(parents=True)
        (site / "lethal_module.py").write_text(LETHAL)
        (site / "lethal-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: lethal\nVersion: 1.0\n")
        (site / "lethal-1.0.dist-info" / "entry_points.txt").write_text(
            "[oos.modules]\nlethal = lethal_module:MODULE\n"
        )
        self.calls = folder / "calls.txt"
        self.write("kill.yml", RUNBOOK)

    @property
    def environment(self) -> dict[str, str]:
        paths = [str(self.folder / "site"), *(path for path in sys.path if path)]
        return {**super().environment, "PYTHONPATH": os.pathsep.join(paths)}

    @property
    def count(self) -> int:
        """How often the operation was called."""
        return len(self.calls.read_text().splitlines())

    def shown(self, id_: str) -> Any:
        """The execution, as the list has it."""
        (found,) = self.run("execution", "list", "-o", "json").document
        assert found["ExecutionId"] == id_
        return found

    def killed(self) -> str:
        """An execution of which three processes have died, taken over by a fourth."""
        first = self.run("run", "kill.yml", "-p", f"path={self.calls}", "--no-input")
        assert first.code == -signal.SIGKILL, first
        for _ in range(2):
            assert self.resume(first.execution_id).code == -signal.SIGKILL
        held = self.resume(first.execution_id)
        assert held.code not in (0, -signal.SIGKILL), held
        return first.execution_id

    def resume(self, id_: str) -> Said:
        """Take it up, for a while."""
        return self.run("execution", "resume", id_, "--no-input", "--deadline", "3s")


def test_a_call_that_kills_three_processes_becomes_a_dead_letter(tmp_path: Path) -> None:
    world = LethalWorld(tmp_path)
    id_ = world.killed()
    assert world.count == 3
    assert world.shown(id_)["Status"] == "Waiting"
    shown = world.run("execution", "show", id_).out
    assert "3 times in a row" in shown
    assert world.resume(id_).code != -signal.SIGKILL, "it is held for whoever takes it up next, too"
    assert world.count == 3


def test_a_person_may_have_a_dead_letter_tried_once_more(tmp_path: Path) -> None:
    world = LethalWorld(tmp_path)
    id_ = world.killed()
    world.calls.with_suffix(".mercy").touch()
    assert world.run("execution", "retry", id_).code == 0
    ended = world.resume(id_)
    assert ended.code == 0, ended
    assert world.count == 4
