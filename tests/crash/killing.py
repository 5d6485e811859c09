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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oos.adapters.hypervisors import open_hypervisor
from oos.adapters.memory.guest import SCRIPTS
from oos.adapters.memory.state import load_state
from oos.adapters.sql import SqlJournal
from oos.journal.port import ExecutionFilter
from oos.rehearsal.read import ENDING, read_cases
from tests.cli.world import PATIENCE, Said, World
from tests.crash.mortal_program import BEFORE, HOW, NEVER
from tests.crash.stories import RUNBOOKS, Story, in_all_guests

PACE = {"snapshot": 0.05, "boot": 0.05, "shutdown": 0.05}
"""So that a kill finds something under way."""
TOKEN = "crash-1"
ONCE = (
    *("make_instance", "remove_instance", "stop", "reboot", "make_image", "delete_image"),
    *("make_disk", "delete_disk", "replace_system_disk", "restore_disk", "create_snapshot", "delete_snapshot"),
)
"""Effects that may take place once each, whoever dies."""
HIDDEN = "/var/lib/oos"
"""Where commands leave, in a guest, what is named after their tokens."""
MOST_KILLS = 2
"""Of one execution: after three without progress a person is asked."""


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
        prepared = self._world("prepared")
        prepared.slow(**PACE)
        prepared.make_instances("web-1", "web-2", **{"office-hours": "true", "env": "test"})
        in_all_guests(prepared, SCRIPTS, scripts_of(story.runbook))
        story.prepare(prepared)
        self._prepared = prepared
        self.undisturbed = self.run(())

    def run(self, kills: tuple[Kill, ...]) -> Outcome:
        """Carry the runbook out, in as many processes as it takes."""
        self._runs += 1
        world = self._world(f"run-{self._runs}")
        world.slow(**PACE)
        for state in self._prepared.folder.glob("h?.json"):
            shutil.copy(state, world.folder)
        if self._prepared.state.exists():
            shutil.copytree(self._prepared.state, world.state)
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
            return ("execution", "resume", found, *self.story.options, "--no-input")
        given = [part for name, value in self.story.parameters(world).items() for part in ("-p", f"{name}={value}")]
        runbook = str(RUNBOOKS / self.story.runbook)
        return ("run", runbook, *given, *self.story.options, "--yes", "--no-input", "--client-token", TOKEN)

    def _world(self, name: str) -> World:
        folder = self._folder / name
        folder.mkdir(parents=True)
        return QuickWorld(folder, self._zygote, beside=self.story.beside)


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
        # Without buffers: a line that was read ahead would be one that select does not see.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

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
        self._process.stdin.write(f"{json.dumps(asked)}\n".encode())
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


class QuickWorld(World):
    """A world whose processes come from a zygote, and find the runbooks by name."""

    def __init__(self, folder: Path, zygote: Zygote, *, beside: bool) -> None:
        self._beside = beside
        super().__init__(folder)
        self._zygote = zygote

    def write_inventory(self) -> None:
        """The inventory; with both hosts in one zone where they stand beside each other."""
        super().write_inventory()
        if self._beside:
            path = self.folder / "inventory.yml"
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("      - id: sim-b\n        hosts:\n", ""), encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "OOS_RUNBOOKS": str(RUNBOOKS)}

    def run(self, *arguments: str, input: str | None = None, **environment: str) -> Said:
        """Run the command line to its end."""
        assert input is None
        assert not environment
        return self._zygote.run(self, arguments, NO_KILL)


def kills_of(seed: int, scene: Scene) -> tuple[Kill, ...]:
    """How the processes of one run die."""
    chance = random.Random(seed)

    def one() -> Kill:
        if chance.random() < 0.4:
            return Kill(seconds=chance.uniform(0.1, scene.undisturbed.seconds))
        return Kill(chance.randint(1, scene.undisturbed.writes), chance.choice(HOW))

    return tuple(one() for _ in range(chance.randint(1, MOST_KILLS)))


def wrongs(wanted: Outcome, came: Outcome) -> list[str]:
    """What is not as it would have been undisturbed."""
    told = []
    if came.said.code != wanted.said.code:
        told.append(f"exit code {came.said.code}, undisturbed {wanted.said.code}")
    told += [
        f"{name} {came.fleet[name]}, undisturbed {value}"
        for name, value in wanted.fleet.items()
        if came.fleet[name] != value
    ]
    if came.effects != wanted.effects:
        told.append(f"effects {dict(came.effects)}, undisturbed {dict(wanted.effects)}")
    return told


def every_kill(scene: Scene) -> Iterator[Kill]:
    """A death at each write, in each way."""
    for write in range(1, scene.undisturbed.writes + 1):
        for how in HOW:
            yield Kill(write, how)


def scripts_of(runbook: str) -> bytes:
    """What the rehearsals of a runbook have its scripts do in guests, those of the first before others."""
    path = RUNBOOKS / runbook.replace(".yml", ENDING)
    cases = read_cases(path.read_text(encoding="utf-8"), str(path)).cases
    known = [
        {"has": each.text, "code": each.exit_code, "out": each.out, "err": each.err}
        for case in cases
        for each in case.given.commands
    ]
    return json.dumps(known).encode()


def execution_of(world: World) -> str:
    """The execution that was started, if one was."""
    if not (world.state / "oos.db").exists():
        return ""
    journal = SqlJournal(world.state / "oos.db")
    found = [each.execution_id for each in journal.summaries(ExecutionFilter()) if each.client_token == TOKEN]
    journal.close()
    return found[0] if found else ""


def fleet_of(world: World) -> Mapping[str, Any]:
    """What an operator would compare: instances and disks as they are, snapshots by what they hold."""
    found: dict[str, list[Any]] = {}
    for host in _hosts_of(world):
        for name, values in _of_host(world, host).items():
            found[name] = [*found.get(name, []), *((host, value) for value in values)]
    return found


def _hosts_of(world: World) -> list[str]:
    return sorted(path.stem for path in world.folder.glob("h?.json"))


def _of_host(world: World, host: str) -> Mapping[str, list[Any]]:
    hypervisor = open_hypervisor(world.host(host))
    disks = [(each.kind, each.size_bytes, bool(each.source_snapshot_id)) for each in hypervisor.disks()]
    snapshots = [
        (each.status, re.sub(r"\d", "0", each.name), sorted(each.tags), each.consistency)
        for each in hypervisor.snapshots()
    ]
    instances = [
        (
            each.power,
            each.cpu,
            each.image_id,
            len(each.disk_ids),
            sorted(each.labels.tags),
            each.labels.name,
            [card.security_group_ids for card in each.interfaces],
        )
        for each in hypervisor.instances()
    ]
    images = [(each.family, each.status) for each in hypervisor.images()]
    state = load_state(world.folder / f"{host}.json")
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
        "rules": sorted(map(repr, state.group_filters.values())),
    }


def effects_of(world: World) -> Counter[str]:
    """How many effects of each kind there were; each of those that may take place once did so once, by its token."""
    effects = Counter({key: n for host in _hosts_of(world) for key, n in world.effects(host).items()})
    done = {key: count for key, count in effects.items() if key.split(" ", 1)[0] in ONCE}
    assert set(done.values()) <= {1}, done
    return Counter(key.split(" ", 1)[0] for key in done)
