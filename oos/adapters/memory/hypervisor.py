"""The simulated hypervisor: all halves of the port in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oos.adapters.memory.accounts import SimulatedAccounts
from oos.adapters.memory.agents import SimulatedAgents
from oos.adapters.memory.disks import SimulatedDisks
from oos.adapters.memory.images import SimulatedImages
from oos.adapters.memory.instances import SimulatedInstances
from oos.adapters.memory.moving import SimulatedMoving
from oos.adapters.memory.reshaping import SimulatedReshaping

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor
    from oos.inventory.model import Host


class MemoryHypervisor(
    SimulatedMoving,
    SimulatedInstances,
    SimulatedDisks,
    SimulatedImages,
    SimulatedReshaping,
    SimulatedAccounts,
    SimulatedAgents,
):
    """A host whose whole state is a value; see SimulatedHost for what varies."""


if TYPE_CHECKING:

    def _is_a_hypervisor(host: Host) -> Hypervisor:
        """mypy holds the simulation against the port here."""
        return MemoryHypervisor(host)
