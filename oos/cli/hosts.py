"""Hosts: those of a region, and what each answers to one question, whether or not it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.fleet.hypervisor import Hypervisor
    from oos.inventory.model import Host

Answer = TypeVar("Answer")


def hosts_of(app: App, region: str) -> list[Host]:
    """The hosts of a region, those in maintenance among them."""
    return [host for each in app.inventory.regions if each.id == region for zone in each.zones for host in zone.hosts]


def answer_of(app: App, host: Host, question: Callable[[Hypervisor], Answer]) -> Answer | str:
    """What a host answers; else, as text, how it stands: `Maintenance`, `Unreachable` or `Failed`, and why."""
    from oos.fleet.errors import FleetError, HostUnreachable

    if host.maintenance:
        return "Maintenance"
    try:
        return question(app.fleet.hypervisor(host))
    except HostUnreachable as error:
        return f"Unreachable {error.cause}"
    except FleetError as error:
        return f"Failed {error}"
