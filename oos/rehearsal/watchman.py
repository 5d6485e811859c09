"""The watchman of a rehearsal: keeps changes in mind, and knows who can be connected to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from oos.adapters.memory.hypervisor import MemoryHypervisor
from oos.fleet.firewall import Direction, Flow, Protocol
from oos.service.watchman import ChangeState, WatchedChange

OUTSIDE = "192.0.2.1"
"""From where connections are tried: an address that no simulated network has."""


@dataclass
class SimulatedWatchman:
    """Nobody dies in a rehearsal, so nothing is taken back but by whoever changes it."""

    hosts: Iterable[MemoryHypervisor]
    outside: str = OUTSIDE
    changes: dict[str, ChangeState] = field(default_factory=dict)

    def arm(self, change: WatchedChange) -> None:
        self.changes.setdefault(change.id, ChangeState.ARMED)

    def applying(self, change_id: str) -> AbstractContextManager[None]:
        del change_id
        return nullcontext()

    def state(self, change_id: str) -> ChangeState | None:
        return self.changes.get(change_id)

    def settle(self, change_id: str, wanted: ChangeState) -> ChangeState:
        before = self.changes[change_id]
        if (before, wanted) in _STEPS:
            self.changes[change_id] = wanted
        return self.changes[change_id]

    def connects(self, address: str, port: int, seconds: float) -> bool:
        del seconds
        flow = Flow(Direction.INGRESS, Protocol.TCP, self.outside, port, 40000, local=address)
        return any(
            host.lets_through(each.id, flow)
            for host in self.hosts
            for each in host.instances()
            if any(known.address == address for known in host.addresses(each.id))
        )


_STEPS = {
    (ChangeState.ARMED, ChangeState.CONFIRMED),
    (ChangeState.ARMED, ChangeState.TAKING_BACK),
    (ChangeState.TAKING_BACK, ChangeState.TAKEN_BACK),
}
