"""A world for the command line: simulated hosts in files, a state directory, and the real program in a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oos.adapters.hypervisors import open_hypervisor
from oos.adapters.memory.state import load_state, save_state
from oos.fleet.instance import Instance, InstanceSpec, Labels
from oos.fleet.storage import SnapshotStatus
from oos.inventory.model import Host

PATIENCE = 60.0
"""Seconds after which a test gives up on a process."""
EXECUTION = re.compile(r"exec-[0-9a-f]{20}")
COMMAND = (sys.executable, "-m", "oos.cli")

INVENTORY = """\
regions:
  - id: sim
    zones:
      - id: sim-a
        hosts:
          - {{name: h1, uri: '{first}'}}
      - id: sim-b
        hosts:
          - {{name: h2, uri: '{second}'}}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """How a process ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its stdout as the one JSON document it must be."""
        return json.loads(self.out)

    @property
    def execution_id(self) -> str:
        """The id of the execution it told of first."""
        found = EXECUTION.search(self.err) or EXECUTION.search(self.out)
        assert found is not None, self
        return found[0]


class World:
    """Two simulated hosts and the command line to work on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.pace = ""
        self.write_inventory()
        self._processes: list[subprocess.Popen[str]] = []

    def write_inventory(self) -> None:
        """The inventory, at the pace that things take."""
        text = INVENTORY.format(first=self.uri("h1"), second=self.uri("h2"))
        (self.folder / "inventory.yml").write_text(text)

    def slow(self, **seconds: float) -> None:
        """Have things take their time."""
        self.pace = "?" + "&".join(f"{name}={value}" for name, value in seconds.items())
        self.write_inventory()

    def uri(self, host: str) -> str:
        return f"memory://{self.folder / f'{host}.json'}{self.pace}"

    def host(self, name: str = "h1") -> Host:
        return Host(name, self.uri(name), f"sim-{'a' if name == 'h1' else 'b'}", "sim")

    def make_instances(self, *names: str, host: str = "h1", **tags: str) -> list[Instance]:
        """Running instances with these names."""
        hypervisor = open_hypervisor(self.host(host))
        image = hypervisor.images()[0]
        made = []
        for name in names:
            spec = InstanceSpec(
                token=f"test-{name}",
                image_id=image.id,
                instance_type="ecs.t1.tiny",
                cpu=1,
                memory_mib=96,
                labels=Labels(name=name, tags=tags),
            )
            made.append(hypervisor.make_instance(spec))
            hypervisor.start(made[-1].id)
        return made

    def change_host(self, name: str, **changes: Any) -> None:
        """Change the state of a host behind everybody's back: `unreachable`, `full`, …"""
        path = self.folder / f"{name}.json"
        state = load_state(path)
        assert state is not None
        for field, value in changes.items():
            setattr(state, field, value)
        save_state(path, state)

    def effects(self, host: str = "h1") -> Mapping[str, int]:
        """How often each effect took place on a host."""
        state = load_state(self.folder / f"{host}.json")
        return state.effects if state is not None else {}

    def under_way(self, host: str = "h1") -> int:
        """How many snapshots a host is making."""
        state = load_state(self.folder / f"{host}.json")
        found = state.snapshots.values() if state is not None else ()
        return len([each for each in found if each.status is SnapshotStatus.PROGRESSING])

    def write(self, name: str, text: str) -> str:
        """A file of the person's, by the name they call it."""
        (self.folder / name).write_text(text)
        return name

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OOS_", "XDG_", "LIBVIRT"))}
        return {
            **kept,
            "HOME": str(self.folder),
            "OOS_STATE_DIR": str(self.state),
            "OOS_INVENTORY": str(self.folder / "inventory.yml"),
            "OOS_USER": "ada",
        }

    def run(self, *arguments: str, input: str | None = None, **environment: str) -> Said:
        """Run the command line to its end."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=input,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line, and leave it running."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def end(self, process: subprocess.Popen[str], said_before: str = "") -> Said:
        """Wait for a process that was started."""
        out, err = process.communicate(timeout=PATIENCE)
        return Said(process.returncode, out, said_before + err)

    def close(self) -> None:
        """No process outlives its test."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """What a process says on stderr, up to the line in which this occurs."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if wanted in line:
            return said
    raise AssertionError(f"{wanted!r} was never said: {said}")


def eventually(look: Callable[[], bool], what: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


SNAPSHOTS = """\
FormatVersion: OOS-2019-06-01
Description: {en: A snapshot of every disk}
Parameters:
  label: {Type: String, Default: daily, AllowedPattern: '[a-z]+', Description: {en: What the snapshots are called}}
  width: {Type: Number, Default: 2, MinValue: 1, MaxValue: 10}
  maxErrors: {Type: Number, Default: 0}
Tasks:
  - Name: disks
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeDisks, Parameters: {RegionId: '{{ ACS::RegionId }}'}}
    Outputs:
      ids: {Type: List, ValueSelector: 'Disks.Disk[].DiskId'}
  - Name: snapshot
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: CreateSnapshot
      Parameters: {DiskId: '{{ ACS::TaskLoopItem }}', SnapshotName: '{{ label }}'}
    Loop:
      Items: '{{ disks.ids }}'
      RateControl: {Mode: Concurrency, Concurrency: '{{ width }}', MaxErrors: '{{ maxErrors }}'}
      Outputs:
        ids: {AggregateType: 'Fn::ListJoin', AggregateField: id}
    Outputs:
      id: {Type: String, ValueSelector: SnapshotId}
Outputs:
  snapshots: {Type: List, Value: '{{ snapshot.ids }}'}
"""
"""A runbook with a loop over all disks."""
