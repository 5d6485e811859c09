"""Does one thing to a hypervisor, and kills its own process just before the n-th call of libvirt.

python -m tests.fleet.killed_at URI CALLS METHOD JSON-ARGUMENTS
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from oos.adapters.libvirt.connection import Connection, Deadlines, Handle
from oos.adapters.libvirt.hypervisor import LibvirtHypervisor
from oos.fleet.image import ImageRequest
from oos.fleet.instance import InstanceSpec
from oos.fleet.storage import SnapshotRequest
from oos.inventory.model import Host

T = TypeVar("T")
FINISHED = 0


class MortalConnection(Connection):
    """A connection whose process dies before a certain call."""

    calls_left = 0

    def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        if self.calls_left == 0:
            print(f"killed before: {what}", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls_left -= 1
        return super().call(target, what, function, seconds=seconds)


def mortal(calls: int) -> Callable[[str, str, Deadlines], Connection]:
    """Makes connections that carry so many calls."""

    def connect(host: str, uri: str, deadlines: Deadlines) -> Connection:
        connection = MortalConnection(host, uri, deadlines)
        connection.calls_left = calls
        return connection

    return connect


def main(uri: str, calls: str, method: str, arguments: str) -> None:
    hypervisor = LibvirtHypervisor(Host("lab-1", uri, "lab-a", "lab"), connect=mortal(int(calls)))
    given: list[Any] = json.loads(arguments)
    match method:
        case "make_instance":
            hypervisor.make_instance(msgspec.convert(given[0], InstanceSpec))
        case "remove_instance":
            hypervisor.remove_instance(given[0])
        case "create_snapshot":
            hypervisor.create_snapshot(msgspec.convert(given[0], SnapshotRequest), lambda percent: None)
        case "create_image":
            hypervisor.create_image(msgspec.convert(given[0], ImageRequest), lambda percent: None)
        case "restore_disk":
            hypervisor.restore_disk(*given)
        case "delete_snapshot":
            hypervisor.delete_snapshot(given[0])
    hypervisor.close()
    print("finished", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
