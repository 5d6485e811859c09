"""Killing: one runbook in a world of its own, its process killed as a seed has it, resumed until it ends."""

from __future__ import annotations

import json
import os
import random
import re
import select
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
from oos.adapters.memory.state import load_state
from oos.adapters.sql import SqlJournal
from oos.fleet.instance import StopMethod
from oos.journal.port import ExecutionFilter
from tests.cli.world import PATIENCE, Said, World
from tests.crash.mortal_program import BEFORE, HOW, NEVER

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
PACE = {"snapshot": 0.05, "boot": 0.05, "shutdown": 0.05}
"""So that a kill finds something under way."""
TOKEN = "crash-1"
ONCE = ("make_instance", "create_snapshot", "delete_snapshot", "restore_disk", "stop")
"""Effects that may take place once each, whoever dies."""
HIDDEN = "/var/lib/oos"
"""Where commands leave, in a guest, what is named after their tokens."""
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


def _with(**parameters: str) -> Callable[[World], Mapping[str, str]]:
    return lambda world: parameters


def _for_one(**parameters: str) -> Callable[[World], Mapping[str, str]]:
    return lambda world: {"instanceId": open_hypervisor(world.host()).instances()[0].id, **parameters}


def _for_one_from_an_image(world: World) -> Mapping[str, str]:
    return _for_one(imageId=open_hypervisor(world.host()).images()[0].id)(world)


ALL = '{"Type": "All"}'
LOG = "echo once >> /log"
"""What shows afterwards how often it was carried out."""

STORIES = (
    Story("snapshot-rotation.yml", _with(keep="1"), _rotated),
    Story("disk-rollback.yml", _for_one(agentPatience="0"), _rotated),
    Story("office-hours-stop.yml"),
    Story("rolling-change.yml", _with(targets=ALL, command=LOG)),
    Story("agent-health.yml"),
    Story("office-hours-start.yml", prepare=_stopped),
    Story("clean-disks.yml"),
    Story("deploy-file.yml", _with(targets=ALL, path="/etc/motd", content="hello")),
    Story("expand-full-disk.yml"),
    Story("golden-image-build.yml", _for_one(imageFamily="gold")),
    Story("patch-in-waves.yml", _with(targets=ALL, patchCommand=LOG)),
    Story("power.yml", _with(targets=ALL, action="Restart")),
    Story("protected-change.yml", _with(targets=ALL, command=LOG)),
    Story("replace-system-disk.yml", _for_one_from_an_image),
    Story("resize-in-waves.yml", _with(targets=ALL, instanceType="ecs.t1.small")),
    Story("restore-test.yml", _for_one(), _rotated),
    Story("retire-instance.yml", _for_one(keepUntil="2099-01-01")),
    Story("run-command.yml", _with(targets=ALL, command=LOG)),
)
"""Of the runbooks that change the fleet. Some fail in the simulation, and put back what they did: the same, then."""


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

    def __init__(self, story: Story, folder: Path, zygote: Zygote) -> None:
        self.story = story
        self._zygote = zygote
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
        self._runs += 1
        world = World(self._made(f"run-{self._runs}"))
        world.slow(**PACE)
        shutil.copy(self._state, world.folder / "h1.json")
        died = []
        for kill in kills:
            if self._zygote.run(world, self._arguments(world), kill).code == -signal.SIGKILL:
                died.append(str(kill))
        arguments = self._arguments(world)
        began = time.monotonic()
        said = self._zygote.run(world, arguments, NO_KILL)
        seconds = time.monotonic() - began
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

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True)
        return folder


@dataclass(frozen=True, slots=True)
class Kill:
    """How a process dies: at a write of its journal, or after some seconds."""

    write: int = NEVER
    how: str = BEFORE
    seconds: float = PATIENCE

    def __str__(self) -> str:
        return f"{self.how} write {self.write}" if self.write != NEVER else f"after {self.seconds:.3f} s"


NO_KILL = Kill()


class Zygote:
    """Where processes of the command line come from, quickly."""

    def __init__(self) -> None:
        command = (sys.executable, "-m", "tests.crash.zygote")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def run(self, world: World, arguments: tuple[str, ...], kill: Kill) -> Said:
        """Run the command line, and have it die if it lives so long."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {
            "folder": str(world.folder),
            "environment": world.environment,
            "arguments": arguments,
            "write": kill.write,
            "how": kill.how,
        }
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        pid = int(self._process.stdout.readline())
        if not select.select([self._process.stdout], [], [], kill.seconds)[0]:
            # Until its parent has waited for it, and said so, nobody else has its number.
            os.kill(pid, signal.SIGKILL)
        code = int(self._process.stdout.readline())
        return Said(code, (world.folder / "out").read_text(), (world.folder / "err").read_text())

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


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
    disks = [(each.kind, each.size_bytes, bool(each.source_snapshot_id)) for each in hypervisor.disks()]
    snapshots = [
        (each.status, re.sub(r"\d", "0", each.name), sorted(each.tags), each.consistency)
        for each in hypervisor.snapshots()
    ]
    instances = [
        (each.power, each.cpu, len(each.disk_ids), sorted(each.labels.tags), each.labels.name)
        for each in hypervisor.instances()
    ]
    images = [(each.family, each.status) for each in hypervisor.images()]
    state = load_state(world.folder / "h1.json")
    assert state is not None
    files = [
        (path, content)
        for disk in hypervisor.disks()
        for path, content in state.files[disk.id].items()
        if not path.startswith(HIDDEN)
    ]
    return {
        "disks": sorted(disks),
        "snapshots": sorted(map(repr, snapshots)),
        "instances": sorted(map(repr, instances)),
        "images": sorted(map(repr, images)),
        "files": sorted(files),
    }


def effects_of(world: World) -> Counter[str]:
    """How many effects of each kind there were; each of those that may take place once did so once, by its token."""
    done = {key: count for key, count in world.effects().items() if key.startswith(ONCE)}
    assert set(done.values()) <= {1}, done
    return Counter(key.split(" ", 1)[0] for key in done)
