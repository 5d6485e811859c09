"""Snapshot rotation of 100 simulated instances, beside the hypervisor's calls alone at the same concurrency.

Each round rotates every disk: a new snapshot, verified, and the one that the policy lets go of deleted. The peer makes
the same calls of the port from a pool of threads and writes nothing down. A snapshot takes one second, as one of a
small disk does in the lab. Bar: 1.2 × (issue 6). Then the same on real guests (rotation_on_guests), where any can run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from oos.adapters.memory.clock import SystemClock
from oos.adapters.memory.host import Pace
from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.adapters.memory.state import HostState, sample_image
from oos.app.app import App
from oos.app.settings import load_settings
from oos.engine.ports import StartRequest
from oos.execution.model import Execution
from oos.execution.status import SafetyCheck
from oos.fleet.fleet import Fleet
from oos.fleet.instance import InstanceSpec, Labels
from oos.fleet.storage import SnapshotRequest
from oos.inventory.model import Host
from oos.values.identifiers import resource_id
from tests.bench import rotation_on_guests

INSTANCES = 100
CONCURRENCY = 10
SNAPSHOT_SECONDS = 1.0
RUNBOOK = Path(__file__).parents[2] / "runbooks" / "snapshot-rotation.yml"
INVENTORY = """\
regions:
  - id: sim
    zones: [{id: sim-a, hosts: [{name: h-1, uri: 'memory:///unused'}]}]
"""
HOST = Host("h-1", "memory:///unused", "sim-a", "sim")


def prepared() -> MemoryHypervisor:
    """A host with running instances, each with one snapshot of the rotation that is two days old."""
    image = sample_image(HOST.name, HOST.zone, HOST.region)
    hypervisor = MemoryHypervisor(HOST, HostState(images={image.id: image}), clock=SystemClock(), pace=Pace())
    for number in range(INSTANCES):
        labels = Labels(name=f"web-{number}")
        made = hypervisor.make_instance(InstanceSpec(f"t-{number}", image.id, "ecs.t1.tiny", 1, 96, labels=labels))
        hypervisor.start(made.id)
        take(hypervisor, made.disk_ids[0], f"old-{number}", datetime.now(UTC) - timedelta(days=2))
    hypervisor._pace = Pace(snapshot=SNAPSHOT_SECONDS)
    return hypervisor


def take(hypervisor: MemoryHypervisor, disk_id: str, token: str, at: datetime) -> str:
    """A snapshot of the rotation `daily`."""
    id = resource_id("s", token)
    request = SnapshotRequest(id, disk_id, token, at, tags={"oos:rotation": "daily"})
    return hypervisor.create_snapshot(request, lambda percent: None).id


def alone(hypervisor: MemoryHypervisor) -> None:
    """The calls of the port that a rotation makes, and nothing else."""

    def rotate(disk_id: str) -> None:
        made = take(hypervisor, disk_id, f"new-{disk_id}", datetime.now(UTC))
        for each in hypervisor.snapshots():
            if each.disk_id == disk_id and each.id != made:
                hypervisor.delete_snapshot(each.id)

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(rotate, [each.id for each in hypervisor.disks()]))


def ours(hypervisor: MemoryHypervisor, folder: Path) -> tuple[Execution, float, float]:
    """The runbook, journaled in SQLite, as `oos run` carries it out; seconds to get ready for it, and of the run."""
    begun = time.perf_counter()
    inventory = folder / "inventory.yml"
    inventory.write_text(INVENTORY)
    app = App(load_settings({"inventory": str(inventory), "state_dir": str(folder / "state")}))
    app.__dict__["fleet"] = Fleet(app.inventory, lambda host: hypervisor)
    try:
        text = RUNBOOK.read_text(encoding="utf-8")
        parameters: dict[str, Any] = {
            "policy": {"keep": {"last": 1}},
            "rateControl": {"Mode": "Concurrency", "Concurrency": CONCURRENCY, "MaxErrors": 0},
        }
        request = StartRequest(
            template=app.template_cache.checked(text, str(RUNBOOK)),
            parameters=parameters,
            by="bench",
            region="sim",
            template_name=str(RUNBOOK),
            safety_check=SafetyCheck.SKIP,
        )
        engine = app.engine
        ready = time.perf_counter()
        execution = engine.wait(engine.start(request))
        assert execution is not None
        return execution, ready - begun, time.perf_counter() - ready
    finally:
        app.close()


def rotated(hypervisor: MemoryHypervisor) -> bool:
    """Whether each disk has one snapshot, and a new one."""
    found = hypervisor.snapshots()
    fresh = [each for each in found if each.created > datetime.now(UTC) - timedelta(hours=1)]
    return len(found) == len(fresh) == INSTANCES == len({each.disk_id for each in found})


def main() -> None:
    """Measure, simulated and real."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", choices=("simulated", "real"))
    options.add_argument("--rounds", type=int, default=5, help="on real guests")
    chosen = options.parse_args()
    if chosen.only != "real":
        simulated()
    if chosen.only != "simulated":
        rotation_on_guests.measure(chosen.rounds)


def simulated() -> None:
    """Measure both, and print the ratio."""
    peer = prepared()
    wall = time.perf_counter()
    alone(peer)
    wall_alone = time.perf_counter() - wall
    assert rotated(peer)
    with tempfile.TemporaryDirectory() as folder:
        fleet = prepared()
        cpu = time.process_time()
        execution, getting_ready, wall_ours = ours(fleet, Path(folder))
        cpu = time.process_time() - cpu
        assert execution.status == "Success", execution.fault
        assert rotated(fleet)
    print(f"hypervisor calls alone      {wall_alone:>8.2f} s")
    print(f"oos run snapshot-rotation   {wall_ours:>8.2f} s  {cpu / INSTANCES * 1000:>6.1f} ms CPU a disk")
    print(f"  before it, to get ready   {getting_ready:>8.2f} s")
    print(f"ratio                       {wall_ours / wall_alone:>8.2f} ×   bar: 1.2 ×")


if __name__ == "__main__":
    main()
