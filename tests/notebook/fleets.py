"""A simulated fleet on disk, so that kernels and command lines in processes of their own share it with the test."""

from __future__ import annotations

from pathlib import Path

from oos.notebook.connection import Connection, connect

INVENTORY = """\
regions:
  - id: lab
    zones:
      - id: lab-a
        hosts: [{name: h-1, uri: 'memory://${OOS_STATE_DIR}/h-1.json?boot=0&shutdown=0&snapshot=0'}]
      - id: lab-b
        hosts: [{name: h-2, uri: 'memory://${OOS_STATE_DIR}/h-2.json?boot=0&shutdown=0&snapshot=0'}]
instance_types:
  - {id: ecs.t1.tiny, cpu: 1, memory_mib: 96}
  - {id: ecs.g1.small, cpu: 2, memory_mib: 1024}
"""
INSTANCES = {
    "web-1": {"role": "web", "owner": "ann"},
    "web-2": {"role": "web", "owner": "ann"},
    "db-1": {"role": "db", "owner": "ben"},
    "batch-1": {"role": "batch"},
}


def settings(folder: Path) -> dict[str, str]:
    """The environment in which an `oos` process finds the fleet of this folder."""
    inventory = folder / "inventory.yml"
    if not inventory.exists():
        inventory.write_text(INVENTORY)
    return {"OOS_INVENTORY": str(inventory), "OOS_STATE_DIR": str(folder / "state"), "OOS_USER": "ann"}


def fleet(folder: Path, instances: dict[str, dict[str, str]] | None = None) -> Connection:
    """A connection to a fleet with these instances, running."""
    found = settings(folder)
    connection = connect(found["OOS_INVENTORY"], state_dir=found["OOS_STATE_DIR"], user="ann")
    for number, (name, tags) in enumerate((INSTANCES if instances is None else instances).items()):
        zone = "lab-a" if number % 2 == 0 else "lab-b"
        images = [row for row in connection.list("DescribeImages", "images") if True]
        connection.api(
            "ECS",
            "RunInstances",
            ImageId=images[0]["ImageId"],
            InstanceType="ecs.t1.tiny" if number else "ecs.g1.small",
            InstanceName=name,
            ZoneId=zone,
            Tag=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
    return connection
