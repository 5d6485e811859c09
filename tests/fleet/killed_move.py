"""Moves an instance from one host of a lab to the other, and kills its own process just before the n-th change.

python -m tests.fleet.killed_move FROM-URI TO-URI CHANGES INSTANCE
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import ClassVar, TypeVar

from oos.adapters.libvirt.connection import Connection, Handle
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.inventory.model import Host, Migration
from tests.fleet.killed_at import READING

T = TypeVar("T")


class MortalConnection(Connection):
    """A connection whose process dies before a certain change on either host."""

    changes_left: ClassVar[int] = 0

    def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        if not what.startswith(READING):
            if MortalConnection.changes_left == 0:
                print(f"killed before: {what}", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            MortalConnection.changes_left -= 1
        return super().call(target, what, function, seconds=seconds)


def main(source: str, target: str, changes: str, instance_id: str) -> None:
    MortalConnection.changes_left = int(changes)
    way = Migration(address="tcp://127.0.0.1")
    names = ("lab-1", "lab-2") if "/2/" in target else ("lab-2", "lab-1")
    one, other = (
        LibvirtHypervisor(Host(name, uri, "lab-a", "lab", migration=way), connect=MortalConnection)
        for name, uri in zip(names, (source, target), strict=True)
    )
    print(one.move_instance(instance_id, other, lambda percent: print(f"{percent} %", flush=True)).host, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
