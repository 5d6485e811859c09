"""Killing: one runbook in a world of its own, its process killed as a seed has it, resumed until it ends."""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oos.adapters.hypervisors import open_hypervisor
from oos.adapters.sql import SqlJournal
from oos.fleet.instance import StopMethod
from oos.journal.port import ExecutionFilter
from tests.cli.world import COMMAND, PATIENCE, Said, World
from tests.crash.mortal_program import BEFORE, HOW

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
PACE = {"snapshot": 0.05, "boot": 0.05, "shutdown": 0.05}
"""So that a kill finds something under way."""
TOKEN = "crash-1"
ONCE = ("make_instance", "create_snapshot", "delete_snapshot", "restore_disk", "stop")
"""Effects that may take place once each, whoever dies."""
NEVER = 1 << 30
CAUGHT: Mapping[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
MOST_KILLS = 2
"""Of one execution: after three without progress a person is asked."""


@dataclass(frozen=True, slots=True)
class Story:
    """A runbook, what it is given, and the fleet it finds."""

    runbook: str
    parameters: Callable[[World], Mapping[str, str]] = lambda world: {}
    prepare: Callable[[World], None] = lambda world: None


def _rotated(world: World) -> None:
    said = world.run("run", str(RUNBOOKS / "snapshot-rotation.yml"), "-p", "keep=1", "--yes", "--no-input")
    assert said.code == 0, said
    shutil.rmtree(world.state)


def _stopped(world: World) -> None:
    hypervisor = open_hypervisor(world.host())
    for instance in hypervisor.instances():
        hypervisor.stop(instance.id, StopMethod.POWER_OFF)


def _first(world: World) -> str:
    return open_hypervisor(world.host()).instances()[0].id


TOLD = (
    Story("snapshot-rotation.yml", lambda world: {"keep": "1"}, _rotated),
    Story("disk-rollback.yml", lambda world: {"instanceId": _first(world), "agentPatience": "0"}, _rotated),
    Story("office-hours-start.yml", prepare=_stopped),
    Story("office-hours-stop.yml"),
    Story("rolling-change.yml", lambda world: {"targets": '{"Type": "All"}', "command": "echo once >> /log"}),
)


@dataclass(slots=True)
class Outcome:
    """What there is in the end."""

    said: Said
    fleet: Mapping[str, Any]
    effects: Counter[str]
    writes: int
    """To the journal, by the process that came to the end."""
    seconds: float
    """That it took."""
    kills: list[str] = field(default_factory=list)
    """How its processes died."""


class Scene:
    """One story: its fleet is prepared once, and copied for each of its runs."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story = story
        self._folder = folder
        self._runs = 0
        prepared = World(self._made("prepared"))
        prepared.slow(**PACE)
        prepared.make_instances("web-1", "web-2", **{"office-hours": "true"})
        story.prepare(prepared)
        self._state = prepared.folder / "h1.json"
        self.undisturbed = self.run(())

    def run(self, kills: tuple[Kill, ...]) -> Outcome:
        """Carry the runbook out, in as many processes as it takes."""
        world = self._world()
        died = [how for kill in kills if (how := kill.carry_out(world, self._arguments(world)))]
        command = (*mortal(NEVER), *self._arguments(world))
        began = time.monotonic()
        done = subprocess.run(command, **{**_surroundings(world), **CAUGHT}, timeout=PATIENCE, check=False)
        seconds = time.monotonic() - began
        said = Said(done.returncode, done.stdout, done.stderr)
        writes = int((world.folder / "writes").read_text())
        return Outcome(said, fleet_of(world), effects_of(world), writes, seconds, died)

    def _arguments(self, world: World) -> tuple[str, ...]:
        """Of the first process and, once there is an execution to go on with, of the others."""
        found = execution_of(world)
        if found:
            return ("execution", "resume", found, "--no-input")
        given = [part for name, value in self.story.parameters(world).items() for part in ("-p", f"{name}={value}")]
        runbook = str(RUNBOOKS / self.story.runbook)
        return ("run", runbook, *given, "--yes", "--no-input", "--client-token", TOKEN)

    def _world(self) -> World:
        self._runs += 1
        world = World(self._made(f"run-{self._runs}"))
        world.slow(**PACE)
        shutil.copy(self._state, world.folder / "h1.json")
        return world

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True)
        return folder


def mortal(write: int, how: str = BEFORE) -> tuple[str, ...]:
    """The command line, in a process that dies at a write."""
    return (sys.executable, "-m", "tests.crash.mortal_program", str(write), how)


@dataclass(frozen=True, slots=True)
class Kill:
    """How a process dies: at a write of its journal, or after some seconds."""

    write: int = 0
    how: str = BEFORE
    seconds: float = 0.0

    def carry_out(self, world: World, arguments: tuple[str, ...]) -> str:
        """Start a process and have it die; how it did, or nothing if it was done before."""
        if self.write:
            command = (*mortal(self.write, self.how), *arguments)
            code = _ended(subprocess.Popen(command, **_surroundings(world)))
            return f"{self.how} write {self.write}" if code == -signal.SIGKILL else ""
        process = subprocess.Popen([*COMMAND, *arguments], **_surroundings(world))
        try:
            process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return f"after {self.seconds:.3f} s" if _ended(process) == -signal.SIGKILL else ""


def kills_of(seed: int, scene: Scene) -> tuple[Kill, ...]:
    """How the processes of one run die."""
    chance = random.Random(seed)

    def one() -> Kill:
        if chance.random() < 0.4:
            return Kill(seconds=chance.uniform(0.1, scene.undisturbed.seconds))
        return Kill(chance.randint(1, scene.undisturbed.writes), chance.choice(HOW))

    return tuple(one() for _ in range(chance.randint(1, MOST_KILLS)))


def execution_of(world: World) -> str:
    """The execution that was started, if one was."""
    if not (world.state / "oos.db").exists():
        return ""
    journal = SqlJournal(world.state / "oos.db")
    found = [each.execution_id for each in journal.summaries(ExecutionFilter())]
    journal.close()
    return found[0] if found else ""


def fleet_of(world: World) -> Mapping[str, Any]:
    """What an operator would compare: instances and disks as they are, snapshots by what they hold."""
    hypervisor = open_hypervisor(world.host())
    disks = [(each.id, each.kind, each.size_bytes, bool(each.source_snapshot_id)) for each in hypervisor.disks()]
    snapshots = [
        (each.disk_id, each.status, re.sub(r"\d", "0", each.name), sorted(each.tags), each.consistency)
        for each in hypervisor.snapshots()
    ]
    instances = [(each.id, each.power, each.disk_ids, sorted(each.labels.tags)) for each in hypervisor.instances()]
    return {"disks": sorted(disks), "snapshots": sorted(map(repr, snapshots)), "instances": sorted(instances)}


def effects_of(world: World) -> Counter[str]:
    """How many effects of each kind there were; each of those that may take place once did so once, by its token."""
    done = {key: count for key, count in world.effects().items() if key.startswith(ONCE)}
    assert set(done.values()) <= {1}, done
    return Counter(key.split(" ", 1)[0] for key in done)


def _surroundings(world: World) -> dict[str, Any]:
    return {
        "cwd": world.folder,
        "env": {**world.environment, "PYTHONPATH": ":".join(path for path in sys.path if path)},
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
