"""Guests: what several operations ask of one through its agent."""

from __future__ import annotations

from oos.fleet.errors import AgentFailed
from oos.fleet.hypervisor import Hypervisor
from oos.service.guest_command import BOOT_ID


def boot_of(hypervisor: Hypervisor, instance_id: str) -> str:
    """A text that is different after each start of the guest; empty where the guest cannot tell one from another.

    Raises AgentUnavailable.
    """
    try:
        return hypervisor.guest_read(instance_id, BOOT_ID, limit=64).decode(errors="replace").strip()
    except AgentFailed:
        moment = hypervisor.guest_info(instance_id).boot_time
        return "" if moment is None else moment.isoformat()
