"""Does one thing to a hypervisor, and kills its own process just before the n-th call of libvirt.

python -m tests.fleet.killed_at URI (CALLS | NAME-OF-CALL) METHOD JSON-ARGUMENTS
python -m tests.fleet.killed_at URI CHANGES in_turn '[[METHOD, ARGUMENTS], …]'
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
from oos.fleet.storage import DiskSpec, SnapshotRequest, SystemDiskSpec
from oos.inventory.model import Host

T = TypeVar("T")
FINISHED = 0


READING = ("asking", "finding", "listing", "looking", "measuring", "reading")
"""How those calls are called that change nothing: to die before one is to die before the next that does."""


class MortalConnection(Connection):
    """A connection whose process dies before a certain call."""

    calls_left = 0
    counts_all = True

    def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        if not self.counts_all and what.startswith(READING) and "back" not in what:
            return super().call(target, what, function, seconds=seconds)
        if self.calls_left == 0:
            print(f"killed before: {what}", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls_left -= 1
        return super().call(target, what, function, seconds=seconds)


def mortal(calls: int, *, counts_all: bool = True) -> Callable[[str, str, Deadlines], Connection]:
    """Makes connections that carry so many calls, or so many that change something."""

    def connect(host: str, uri: str, deadlines: Deadlines) -> Connection:
        connection = MortalConnection(host, uri, deadlines)
        connection.calls_left = calls
        connection.counts_all = counts_all
        return connection

    return connect


class DoomedConnection(Connection):
    """A connection whose process dies before the first call of a certain name."""

    doom = ""

    def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        if what == self.doom:
            print(f"killed before: {what}", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().call(target, what, function, seconds=seconds)


def doomed(what: str) -> Callable[[str, str, Deadlines], Connection]:
    """Makes connections that end with the first call of this name."""

    def connect(host: str, uri: str, deadlines: Deadlines) -> Connection:
        connection = DoomedConnection(host, uri, deadlines)
        connection.doom = what
        return connection

    return connect


def main(uri: str, calls: str, method: str, arguments: str) -> None:
    counts_all = method != "in_turn"
    connect = mortal(int(calls), counts_all=counts_all) if calls.isdigit() else doomed(calls)
    hypervisor = LibvirtHypervisor(Host("lab-1", uri, "lab-a", "lab"), connect=connect)
    given: list[Any] = json.loads(arguments)
    for name, of in [(method, given)] if counts_all else given:
        do(hypervisor, name, of)
    hypervisor.close()
    print("finished", flush=True)


def do(hypervisor: LibvirtHypervisor, method: str, given: list[Any]) -> None:
    """Call a method of the port."""
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
        case "make_disk":
            hypervisor.make_disk(msgspec.convert(given[0], DiskSpec))
        case "attach_disk":
            hypervisor.attach_disk(*given)
        case "detach_disk":
            hypervisor.detach_disk(*given)
        case "replace_system_disk":
            hypervisor.replace_system_disk(given[0], msgspec.convert(given[1], SystemDiskSpec))
        case "delete_snapshot":
            hypervisor.delete_snapshot(given[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
